/*
 * Lightspeed X, where to begin: the version above which all sales are that
 * changed since a moment.
 *
 * Known    Mostly a milestone says it: lightspeed_x_versions.c.
 * Searched Where nothing was read before, or what was is lost, the list of sales
 *          is halved: it goes up by version, and mostly by time as well. Some
 *          thirty calls, once.
 * Mostly   But a till that was away may send its sales with its own time, and a
 *          row may have none. So what halving finds is only where to look: from
 *          there it goes down until OLDER_MIN sales in a row are older, and
 *          these are listed, too: they may have been sent in meanwhile.
 * Not      More sales with an older time in a row than that are not seen
 *          through: no document says whose clock `updated_at` is.
 */
#include "adapters/lightspeed_x.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"

#include <stdlib.h>

enum {
	CHANGED_MS = 600 * 1000, /* between updated_at and its version */
	NEAR_ENOUGH = 200,       /* versions: halving finds no nearer */
	OLDER_MIN = 500,         /* sales in a row */
	STRETCH_MAX = 2000,      /* sales looked through at once */
	PAGE_SIZE = 500,
	STEPS_MAX = 70,
	WIDER = 4, /* the next stretch, where this one has few */
};

/* A sale without a time may be of any. */
static bool
is_older(const struct json_node *row, int64_t at_ms)
{
	int64_t changed_ms;

	return clock_parse(&changed_ms, json_text_or(row, "updated_at", ""),
	                   1) == 0 &&
	       changed_ms < at_ms - CHANGED_MS;
}

/* ---- about where ---- */

/* The first sale behind a version. */
struct probe {
	int64_t version; /* 0: there is none */
	bool is_older;
};

static int
take_probe(struct probe *p, const struct json_node *root, int64_t at_ms)
{
	const struct json_node *rows = json_find(root, "data");
	const struct json_node *row = json_at(rows, 0);

	*p = (struct probe){ 0 };
	if (json_type(rows) != JSON_ARRAY ||
	    (row && json_get_int(&p->version, row, "version")))
		return LIGHTSPEED_X_MALFORMED;
	p->is_older = row && is_older(row, at_ms);
	return 0;
}

static struct outcome
read_first_after(struct lightspeed_x *x, struct probe *p, int64_t after,
                 int64_t at_ms)
{
	struct json *doc = NULL;
	struct outcome outcome = lightspeed_x_must_be(
		lightspeed_x_get(
			x, &doc,
			text_format("/api/2.0/sales?after=%lld&page_size=1",
	                            (long long)after)),
		"sales");

	if (outcome.verdict == VERDICT_DONE)
		outcome = outcome_taken(take_probe(p, json_root(doc), at_ms),
		                        "sales");
	json_free(doc);
	return outcome;
}

static struct outcome
halve(struct lightspeed_x *x, int64_t *low, int64_t high, int64_t at_ms)
{
	struct outcome outcome = outcome_done();
	struct probe p;

	for (int i = 0; i < STEPS_MAX && high - *low > NEAR_ENOUGH; i++) {
		int64_t middle = *low + (high - *low) / 2;

		outcome = read_first_after(x, &p, middle, at_ms);
		if (outcome.verdict != VERDICT_DONE)
			break;
		if (!p.is_older)
			high = middle;
		else
			*low = p.version > middle ? p.version : middle;
	}
	return outcome;
}

/* ---- down from there ---- */

struct stretch {
	int64_t at_ms;
	size_t n;       /* sales in it, as far as looked through */
	size_t n_older; /* of those, below the first that is not */
};

static int
take_walked(void *ctx, const struct json_node *row)
{
	struct stretch *s = ctx;

	if (s->n_older == s->n && is_older(row, s->at_ms))
		s->n_older++;
	return ++s->n > STRETCH_MAX ? LIGHTSPEED_X_ENOUGH : 0;
}

/* The sales of versions above `from`, up to `to`. */
static struct outcome
look_through(struct lightspeed_x *x, struct stretch *s, int64_t from,
             int64_t to)
{
	char *query = text_format("&before=%lld", (long long)to + 1);
	struct lightspeed_x_list list = { .name = "sales",
		                          .query = query,
		                          .after = from,
		                          .page_size = PAGE_SIZE,
		                          .take = take_walked,
		                          .ctx = s };
	struct outcome outcome =
		query ? lightspeed_x_list(x, &list) : outcome_fault(ERR_NOMEM);

	free(query);
	return outcome;
}

/* Where the end of it is not in sight, it is the beginning of the list. */
static struct outcome
walk_down(struct lightspeed_x *x, int64_t *low, int64_t at_ms)
{
	struct outcome outcome = outcome_done();
	int64_t span = NEAR_ENOUGH;
	size_t n_older = 0;

	for (int i = 0; *low > 0 && n_older < OLDER_MIN; i++) {
		struct stretch s = { .at_ms = at_ms };
		int64_t from = *low > span ? *low - span : 0;

		if (i == STEPS_MAX)
			from = 0;
		else
			outcome = look_through(x, &s, from, *low);
		if (outcome.verdict != VERDICT_DONE)
			break;
		if (s.n > STRETCH_MAX && span > NEAR_ENOUGH) {
			span = span / (2 * WIDER) + 1;
			continue;
		}
		n_older = s.n_older + (s.n_older == s.n ? n_older : 0);
		*low = from;
		span *= s.n < OLDER_MIN ? WIDER : 1;
	}
	return outcome;
}

struct outcome
lightspeed_x_begin(struct lightspeed_x *x, int64_t *out, int64_t at_ms)
{
	int r = lightspeed_x_version_at(x, out, at_ms);
	struct outcome outcome;
	int64_t newest = 0;

	if (r)
		return outcome_fault(r);
	if (*out >= 0)
		return outcome_done();
	*out = 0;
	outcome = lightspeed_x_newest(x, &newest);
	if (outcome.verdict == VERDICT_DONE)
		outcome = halve(x, out, newest, at_ms);
	if (outcome.verdict == VERDICT_DONE)
		outcome = walk_down(x, out, at_ms);
	if (outcome.verdict == VERDICT_DONE)
		lightspeed_x_learn(x, *out, at_ms);
	return outcome;
}
