/*
 * How often a system may be called: arithmetic alone, over whole numbers.
 *
 * Invariant: of calls that were let go by limit_wait_ms and taken, no stretch
 * of per_ms, wherever it begins, holds more than size + drip, and what drips is
 * never rounded up.
 */
#include "gateway/model/limits.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gateway/base/clock.h"
#include "gateway/base/zone.h"

enum {
	WHOLE_MAX = 1000000000, /* calls; a header that says more is none */
	DAY_MS = 86400000,
};

/* Products of a long rest need more than 64 bits. */
__extension__ typedef __int128 wide;

/* ---- a bucket ---- */

void
limit_init(struct limit_state *s, const struct limit_bucket *of, int64_t now_ms)
{
	*s = (struct limit_state){
		.of = of,
		.size = of->size * LIMIT_MICRO,
		.drip = of->drip * LIMIT_MICRO,
		.per_ms = of->per_ms,
		.left = of->size * LIMIT_MICRO,
		.at_ms = now_ms,
	};
}

/* What has come back since. */
static void
drip(struct limit_state *s, int64_t now_ms)
{
	wide came = s->carry;

	if (now_ms > s->at_ms)
		came += (wide)(now_ms - s->at_ms) * s->drip;
	s->at_ms = now_ms;
	if (came / s->per_ms >= s->size - s->left) {
		s->left = s->size;
		s->carry = 0;
		return;
	}
	s->left += (int64_t)(came / s->per_ms);
	s->carry = (int64_t)(came % s->per_ms);
}

int64_t
limit_wait_ms(struct limit_state *s, unsigned cost, int keep_percent,
              int64_t now_ms)
{
	wide lacks;
	int64_t wanted = (int64_t)cost * LIMIT_MICRO;
	int64_t kept = s->size / 100 * keep_percent;

	drip(s, now_ms);
	if (wanted + kept > s->size)
		kept = s->size > wanted ? s->size - wanted : 0;
	if (wanted > s->size)
		wanted = s->size;
	lacks = wanted + kept - s->left;
	if (lacks <= 0)
		return 0;
	lacks = lacks * s->per_ms - s->carry;
	return (int64_t)((lacks + s->drip - 1) / s->drip);
}

void
limit_take(struct limit_state *s, unsigned cost, int64_t now_ms)
{
	drip(s, now_ms);
	s->left -= (int64_t)cost * LIMIT_MICRO;
}

int64_t
limit_left(struct limit_state *s, int64_t now_ms)
{
	drip(s, now_ms);
	return s->left > 0 ? s->left / LIMIT_MICRO : 0;
}

/* ---- what headers say ---- */

/* A plain decimal number as millionths, rounded up. *p moves behind it. */
static bool
read_micro(int64_t *out, const char **p)
{
	const char *s = *p + strspn(*p, " \t");
	int64_t whole = 0;
	int64_t part = 0;
	int64_t unit = LIMIT_MICRO / 10;
	bool is_more = false;

	if (*s < '0' || *s > '9')
		return false;
	for (; *s >= '0' && *s <= '9'; s++) {
		whole = whole * 10 + (*s - '0');
		if (whole > WHOLE_MAX)
			return false;
	}
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10) {
			part += unit * (*s - '0');
			is_more |= unit == 0 && *s != '0';
		}
	*out = whole * LIMIT_MICRO + part + is_more;
	*p = s + strspn(s, " \t");
	return true;
}

/* The whole text is one number above 0. */
static bool
read_alone(int64_t *out, const char *text)
{
	return read_micro(out, &text) && !*text && *out > 0;
}

/* "used/size" */
static bool
read_level(int64_t *used, int64_t *size, const char *text)
{
	if (!read_micro(used, &text) || *text++ != '/')
		return false;
	return read_micro(size, &text) && !*text && *size >= LIMIT_MICRO;
}

static void
set_size(struct limit_state *s, int64_t told)
{
	int64_t calls = s->size + s->drip;

	if (told < LIMIT_MICRO)
		return;
	if (!s->of->is_window) {
		s->left += told - s->size;
		s->size = told;
		return;
	}
	/* Of less than two calls there is nothing to share. */
	if (told == calls || told < 2 * LIMIT_MICRO)
		return;
	s->size = (int64_t)((wide)s->size * told / calls);
	if (s->size < LIMIT_MICRO)
		s->size = LIMIT_MICRO;
	s->drip = told - s->size;
	if (s->left > s->size)
		s->left = s->size;
}

/* What is left by the vendor's word. In a window others may have called as
   well; that ours lets fewer at once is our own affair. */
static void
set_left(struct limit_state *s, int64_t told)
{
	if (!s->of->is_window || told < s->left) {
		s->left = told < s->size ? told : s->size;
		s->carry = 0;
	}
}

static void
take_level(struct limit_state *s, const char *value, int64_t unseen)
{
	int64_t used = 0;
	int64_t size = 0;

	if (!read_level(&used, &size, value))
		return;
	set_size(s, size);
	set_left(s, size - used - unseen);
}

static bool
is_header(const char *name, const char *expected)
{
	return expected && strcasecmp(name, expected) == 0;
}

void
limit_header(struct limit_state *s, const char *name, const char *value,
             int64_t unseen, int64_t now_ms)
{
	int64_t n = 0;

	drip(s, now_ms);
	if (is_header(name, s->of->level_header)) {
		take_level(s, value, unseen);
	} else if (is_header(name, s->of->left_header)) {
		if (read_micro(&n, &value) && !*value)
			set_left(s, n - unseen);
	} else if (is_header(name, s->of->limit_header)) {
		if (read_alone(&n, value))
			set_size(s, n);
	} else if (is_header(name, s->of->drip_header)) {
		if (!read_alone(&n, value))
			return;
		s->drip = n;
		s->per_ms = 1000;
		s->carry = 0;
	}
}

/* ---- a month ---- */

/* The first moment of a month (1..13). Where the clocks jump over midnight, it
   is the one they jump to; they change at most once around it. */
static int64_t
first_moment_ms(const struct zone *zone, int year, int month)
{
	char text[CLOCK_TEXT_SIZE];
	int64_t local_ms = 0;
	int64_t a;
	int64_t b;
	int64_t early;

	(void)snprintf(text, sizeof(text), "%04d-%02d-01T00:00:00Z",
	               year + month / 13, month > 12 ? 1 : month);
	(void)clock_parse(&local_ms, text, 1);
	a = local_ms - zone_offset_s(zone, local_ms - DAY_MS) * INT64_C(1000);
	b = local_ms - zone_offset_s(zone, local_ms + DAY_MS) * INT64_C(1000);
	early = a < b ? a : b;
	if (early + zone_offset_s(zone, early) * INT64_C(1000) >= local_ms)
		return early;
	return a < b ? b : a;
}

void
limit_month(struct limit_month *out, const struct zone *zone, int64_t now_ms)
{
	char text[ZONE_TEXT_SIZE];
	int year = 1970;
	int month = 1;

	zone_format(text, zone, now_ms);
	(void)sscanf(text, "%4d-%2d", &year, &month);
	(void)snprintf(out->name, sizeof(out->name), "%.7s", text);
	out->start_ms = first_moment_ms(zone, year, month);
	out->end_ms = first_moment_ms(zone, year, month + 1);
}

/* ---- a budget ---- */

int64_t
limit_budget_left(const struct limit_budget *b)
{
	return b->used < b->calls ? b->calls - b->used : 0;
}

/* By how much the clock was set back since the last call. */
static int64_t
set_back_ms(const struct limit_budget *b, int64_t now_ms)
{
	return now_ms < b->seen_ms ? b->seen_ms - now_ms : 0;
}

static int64_t
free_ms(const struct limit_budget *b, int64_t now_ms)
{
	return b->free_ms - set_back_ms(b, now_ms);
}

int64_t
limit_budget_step_ms(const struct limit_budget *b, const struct limit_month *m,
                     int64_t now_ms)
{
	int64_t polls = limit_budget_left(b) * (100 - b->urgent_percent) / 100;
	int64_t rest = m->end_ms - now_ms;

	return (polls > 0 ? rest / polls : rest) + 1;
}

int64_t
limit_budget_poll_ms(const struct limit_budget *b, const struct limit_month *m,
                     int64_t now_ms)
{
	int64_t wait = free_ms(b, now_ms) - now_ms;

	if (limit_budget_wait_ms(b, m, LIMIT_POLL, now_ms))
		return m->end_ms - now_ms;
	return wait > 0 ? wait : 0;
}

int64_t
limit_budget_wait_ms(const struct limit_budget *b, const struct limit_month *m,
                     enum limit_work work, int64_t now_ms)
{
	int64_t from = free_ms(b, now_ms);

	if (from < now_ms)
		from = now_ms;
	if (!limit_budget_left(b))
		return m->end_ms - now_ms;
	if (work == LIMIT_POLL &&
	    from + limit_budget_step_ms(b, m, now_ms) > m->end_ms)
		return m->end_ms - now_ms;
	return 0;
}

void
limit_budget_take(struct limit_budget *b, const struct limit_month *m,
                  enum limit_work work, int64_t now_ms)
{
	b->free_ms = free_ms(b, now_ms);
	b->seen_ms = now_ms;
	if (work == LIMIT_POLL) {
		if (b->free_ms < now_ms)
			b->free_ms = now_ms;
		b->free_ms += limit_budget_step_ms(b, m, now_ms);
		b->polls++;
	}
	b->used++;
}
