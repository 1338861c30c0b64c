/*
 * When a schedule is next due: arithmetic only.
 *
 * A schedule is a set of local times; the C library only says which local time
 * a moment has. Going back, a local time is taken for UTC and corrected by the
 * offsets in force a day before and a day after: with no change between them
 * they agree; with one, the local time exists twice, once, or not at all.
 * Moments found for ascending local times ascend too, so the first one after
 * the given moment is the answer.
 */
#include "gateway/base/cron.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

enum {
	DAY_S = 86400,
	SEARCH_DAYS = 5 * 366,
	NAME_LENGTH = 3,
	EVERY_HOUR = 0xffffff,
	REPEATED_MINUTES = 180, /* no zone has ever gone back by more */
};

/* Parsing ---------------------------------------------------------------- */

struct field {
	int min;
	int max;
	const char *const *names; /* of min and the following; NULL: none */
	int n_names;
	const char *why;
};

static const char *const month_names[] = {
	"jan", "feb", "mar", "apr", "may", "jun",
	"jul", "aug", "sep", "oct", "nov", "dec",
};

static const char *const weekday_names[] = {
	"sun", "mon", "tue", "wed", "thu", "fri", "sat",
};

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, N_FIELDS };

static const struct field fields[N_FIELDS] = {
	{ 0, 59, NULL, 0, "the minute (first field) must be 0-59" },
	{ 0, 23, NULL, 0, "the hour (second field) must be 0-23" },
	{ 1, 31, NULL, 0, "the day of the month (third field) must be 1-31" },
	{ 1, 12, month_names, 12,
	  "the month (fourth field) must be 1-12 or jan-dec" },
	{ 0, 7, weekday_names, 7,
	  "the day of the week (fifth field) must be 0-7 or sun-sat" },
};

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
has_name(const char *text, const char *name)
{
	int i;

	for (i = 0; i < NAME_LENGTH; i++)
		if (lower(text[i]) != name[i])
			return false;
	return true;
}

/* A number or a name; false when there is none within the field's bounds. */
static bool
take_value(const char **at, const struct field *f, int *value)
{
	int n = 0;
	int i;

	for (i = 0; i < f->n_names; i++) {
		if (has_name(*at, f->names[i])) {
			*at += NAME_LENGTH;
			*value = f->min + i;
			return true;
		}
	}
	if (**at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; (*at)++)
		if (n <= f->max)
			n = n * 10 + (**at - '0');
	*value = n;
	return n >= f->min && n <= f->max;
}

/* What follows the slash, if there is one; only ranges have steps. */
static bool
take_step(const char **at, bool is_range, int *step)
{
	int n = 0;

	*step = 1;
	if (**at != '/')
		return true;
	(*at)++;
	if (!is_range || **at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; (*at)++)
		if (n < 100)
			n = n * 10 + (**at - '0');
	*step = n;
	return n > 0;
}

/* One member of a list: `*`, a value or a range, and perhaps a step. */
static bool
take_member(const char **at, const struct field *f, uint64_t *bits)
{
	bool is_range = true;
	int low = f->min;
	int high = f->max;
	int step;

	if (**at == '*') {
		(*at)++;
	} else {
		if (!take_value(at, f, &low))
			return false;
		high = low;
		is_range = **at == '-';
		if (is_range) {
			(*at)++;
			if (!take_value(at, f, &high))
				return false;
		}
	}
	if (f == &fields[WEEKDAY] && is_range && high == 0 && low > 0)
		high = 7; /* fri-sun */
	if (low > high || !take_step(at, is_range, &step))
		return false;
	for (; low <= high; low += step)
		*bits |= UINT64_C(1) << low;
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* One field and the blanks behind it. */
static bool
take_field(const char **at, const struct field *f, uint64_t *bits)
{
	*bits = 0;
	for (;;) {
		if (!take_member(at, f, bits))
			return false;
		if (**at != ',')
			break;
		(*at)++;
	}
	if (**at != '\0' && !is_blank(**at))
		return false;
	while (is_blank(**at))
		(*at)++;
	return true;
}

static int
refuse(const char **why, const char *sentence)
{
	if (why)
		*why = sentence;
	return CRON_MALFORMED;
}

int
cron_parse(struct cron *out, const char *text, const char **why)
{
	uint64_t bits[N_FIELDS];
	bool has_star[N_FIELDS];
	int i;

	while (is_blank(*text))
		text++;
	for (i = 0; i < N_FIELDS; i++) {
		if (*text == '\0')
			return refuse(why,
			              "a schedule has five fields: minute, "
			              "hour, day, month, day of week");
		has_star[i] = *text == '*';
		if (!take_field(&text, &fields[i], &bits[i]))
			return refuse(why, fields[i].why);
	}
	if (*text != '\0')
		return refuse(why, "a schedule ends after five fields");
	out->minutes = bits[MINUTE];
	out->hours = (uint32_t)bits[HOUR];
	out->days = (uint32_t)bits[DAY];
	out->months = (uint16_t)bits[MONTH];
	out->weekdays = (uint8_t)((bits[WEEKDAY] | bits[WEEKDAY] >> 7) & 0x7f);
	out->any_day = has_star[DAY];
	out->any_weekday = has_star[WEEKDAY];
	return 0;
}

/* Local time ------------------------------------------------------------- */

/* Days since 1970-01-01; month 0..11. Valid from 1601 on. */
static int64_t
days_of(int64_t year, int month, int day)
{
	static const int before[] = { 0,   31,  59,  90,  120, 151,
		                      181, 212, 243, 273, 304, 334 };
	int64_t y = year - (month < 2); /* leap days up to here */

	return (year - 1970) * 365 + (y / 4 - y / 100 + y / 400) -
	       (1969 / 4 - 1969 / 100 + 1969 / 400) + before[month] + day - 1;
}

/* A moment's local time, counted as if it were UTC. */
static int64_t
local_of(int64_t moment_s)
{
	time_t t = (time_t)moment_s;
	struct tm tm;

	if (!localtime_r(&t, &tm))
		return moment_s; /* the year is out of int's range */
	return days_of((int64_t)tm.tm_year + 1900, tm.tm_mon, tm.tm_mday) *
	               DAY_S +
	       tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
}

static int64_t
offset_at(int64_t moment_s)
{
	return local_of(moment_s) - moment_s;
}

/* First whole minute in (from, to] whose offset is no longer the old one. */
static int64_t
end_of_gap(int64_t from, int64_t to, int64_t old_offset)
{
	int64_t middle;

	while (to - from > 1) {
		middle = from + (to - from) / 2;
		if (offset_at(middle) == old_offset)
			from = middle;
		else
			to = middle;
	}
	return (to + 59) / 60 * 60;
}

/* The moment of a local time: its first, or the end of the gap it fell in. */
static int64_t
moment_of(int64_t local_s)
{
	int64_t before = offset_at(local_s - DAY_S);
	int64_t after = offset_at(local_s + DAY_S);
	int64_t early = local_s - (before > after ? before : after);
	int64_t late = local_s - (before > after ? after : before);

	if (local_of(early) == local_s)
		return early;
	if (local_of(late) == local_s)
		return late;
	return end_of_gap(early, late, before);
}

/* Searching -------------------------------------------------------------- */

static bool
is_due_day(const struct cron *c, int64_t day)
{
	time_t t = (time_t)(day * DAY_S);
	struct tm tm;
	bool is_day;
	bool is_weekday;

	if (!gmtime_r(&t, &tm) || !(c->months >> (tm.tm_mon + 1) & 1))
		return false;
	is_day = c->days >> tm.tm_mday & 1;
	is_weekday = c->weekdays >> tm.tm_wday & 1;
	if (c->any_day || c->any_weekday)
		return is_day && is_weekday;
	return is_day || is_weekday;
}

static bool
is_due_minute(const struct cron *c, int minute_of_day)
{
	return (c->hours >> (minute_of_day / 60) & 1) &&
	       (c->minutes >> (minute_of_day % 60) & 1);
}

static int
next_by_local_time(int64_t *out_s, const struct cron *c, int64_t after_s)
{
	int64_t after_local = local_of(after_s);
	int64_t first = after_local / DAY_S - (after_local % DAY_S < 0);
	int64_t day;
	int64_t local;
	int64_t moment;
	int minute;

	for (day = first; day <= first + SEARCH_DAYS; day++) {
		if (!is_due_day(c, day))
			continue;
		for (minute = 0; minute < DAY_S / 60; minute++) {
			local = day * DAY_S + minute * 60;
			if (local <= after_local || !is_due_minute(c, minute))
				continue;
			moment = moment_of(local);
			if (moment > after_s) {
				*out_s = moment;
				return 0;
			}
		}
	}
	return CRON_NEVER;
}

/*
 * What runs in every hour runs in the one that comes twice twice: it follows
 * the minutes that pass, not the hours that a clock shows.
 */
static int64_t
next_by_minutes(const struct cron *c, int64_t after_s, int64_t before_s)
{
	int64_t moment = (after_s / 60 - (after_s % 60 < 0)) * 60;

	for (int i = 0; i < REPEATED_MINUTES; i++) {
		int64_t local;
		int64_t day;

		moment += 60;
		if (moment >= before_s)
			break;
		local = local_of(moment);
		day = local / DAY_S - (local % DAY_S < 0);
		if (is_due_day(c, day) &&
		    is_due_minute(c, (int)((local - day * DAY_S) / 60)))
			return moment;
	}
	return before_s;
}

int
cron_next(int64_t *out_wall_ms, const struct cron *c, int64_t after_wall_ms)
{
	int64_t after_s = after_wall_ms / 1000 - (after_wall_ms % 1000 < 0);
	int64_t moment = 0;
	int r = next_by_local_time(&moment, c, after_s);

	if (r)
		return r;
	if (c->hours == EVERY_HOUR)
		moment = next_by_minutes(c, after_s, moment);
	*out_wall_ms = moment * 1000;
	return 0;
}
