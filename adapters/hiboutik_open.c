/*
 * Hiboutik, open sales: what is rung up and not closed yet.
 *
 * Does     GET /open_sales/{store}; GET /sales/{id} of those that it shows
 *          without lines.
 * Why      When stock moves, with a line or at the closing, is not documented.
 *          Where it moves with a line, an open ticket's goods are missing in the
 *          count, and no closed sale says why.
 * Unsure   The vendor's index names this list, and nothing describes its rows:
 *          they are taken for those of the list of closed sales, and a line
 *          that is no product is none of ours. An account that answers 404 or
 *          403 tells none, which is said once, and asked again hourly.
 * Not      Sales of ours: hiboutik_write.c finishes them.
 */
#include "adapters/hiboutik.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	READS_MAX = 25, /* sales read by their ids at most; calls are scarce */
	ASK_AGAIN_MS = 3600000,
};

static const int64_t QUANTITY_MAX = INT64_C(1000000000);

struct open_sales {
	struct hiboutik *h;
	struct count *counts;
	size_t n;
	struct hiboutik_thing things[HIBOUTIK_BATCH_MAX];
	size_t n_reads;
	struct outcome trouble; /* of a call within the listing */
};

/* The count that a line is of. NULL: none that is asked for; what is no product
   is bound to nothing. */
static struct count *
count_of(struct open_sales *o, const struct json_node *row)
{
	struct hiboutik_thing thing;

	if (hiboutik_get_thing(&thing, row))
		return NULL;
	for (size_t i = 0; i < o->n; i++)
		if (hiboutik_is_same(&o->things[i], &thing))
			return &o->counts[i];
	return NULL;
}

/* Returns 0, HIBOUTIK_MALFORMED. */
static int
take_line(struct open_sales *o, const struct json_node *row)
{
	struct count *count = count_of(o, row);
	struct decimal qty;

	if (!count)
		return 0;
	if (json_get_decimal_lax(&qty, row, "quantity") ||
	    decimal_cmp(qty, decimal_of(QUANTITY_MAX)) > 0 ||
	    decimal_cmp(qty, decimal_of(-QUANTITY_MAX)) < 0)
		return HIBOUTIK_MALFORMED;
	count->qty = decimal_add(count->qty, qty);
	return 0;
}

static int
take_lines(struct open_sales *o, const struct json_node *rows)
{
	int r = 0;

	for (size_t i = 0; !r && i < json_length(rows); i++)
		r = take_line(o, json_at(rows, i));
	return r;
}

/* Listed without lines: by a call of its own. One that was closed or given up
   meanwhile is the next look's. */
static int
take_unlisted(struct open_sales *o, int64_t id)
{
	struct json *doc = NULL;
	const struct json_node *sale;
	int64_t closed_ms = 0;
	int r = 0;

	if (id <= 0)
		return HIBOUTIK_MALFORMED;
	if (o->n_reads++ >= READS_MAX)
		return 0;
	o->trouble = hiboutik_get_sale(o->h, id, &doc);
	if (o->trouble.verdict == VERDICT_DONE) {
		sale = hiboutik_first(json_root(doc));
		r = hiboutik_get_time(&closed_ms, o->h, sale, "completed_at");
		if (!r && !closed_ms)
			r = take_lines(o, json_find(sale, "line_items"));
	} else if (o->trouble.verdict == VERDICT_ABSENT)
		o->trouble = outcome_done();
	else
		r = HIBOUTIK_MALFORMED; /* ends the listing; trouble says why */
	json_free(doc);
	return r;
}

static int
take_sale(void *ctx, const struct json_node *node)
{
	struct open_sales *o = ctx;
	const struct json_node *rows = json_find(node, "line_items");
	int64_t store = o->h->store;

	if (hiboutik_int_or(node, "store_id", store) != store ||
	    sale_is_docid(hiboutik_ref(node)))
		return 0;
	return json_length(rows) > 0
	               ? take_lines(o, rows)
	               : take_unlisted(o, hiboutik_int_or(node, "sale_id", 0));
}

static struct outcome
list_open(struct open_sales *o)
{
	char *path = text_format("open_sales/%lld", (long long)o->h->store);
	struct hiboutik_listing listing = { .path = path,
		                            .take = take_sale,
		                            .ctx = o };
	struct outcome outcome =
		path ? hiboutik_list(o->h, &listing) : outcome_fault(ERR_NOMEM);

	free(path);
	return o->trouble.verdict == VERDICT_DONE ? outcome : o->trouble;
}

/* It lists none, or not to us: then none are known. Said when that is new. */
static struct outcome
tell_none(struct hiboutik *h)
{
	bool is_new = !h->no_open_mono_ms;
	struct outcome outcome = outcome_done();

	h->no_open_mono_ms = clock_mono_ms();
	if (is_new)
		(void)snprintf(
			outcome.why, sizeof(outcome.why),
			"this account lists no open sales (http %d): one "
			"that takes goods off a count before it is closed "
			"is taken for drift after 10 s",
			h->status);
	return outcome;
}

struct outcome
hiboutik_read_open(void *state, struct count *counts, size_t n)
{
	struct hiboutik *h = hiboutik_of(state);
	struct open_sales o = {
		.h = h, .counts = counts, .n = n, .trouble = outcome_done()
	};
	struct outcome outcome;

	assert(n <= HIBOUTIK_BATCH_MAX);
	for (size_t i = 0; i < n; i++)
		if (!hiboutik_read_thing(&o.things[i], counts[i].external))
			return outcome_of(VERDICT_REFUSED,
			                  "a binding is no product and size");
	if (h->no_open_mono_ms &&
	    clock_mono_ms() - h->no_open_mono_ms < ASK_AGAIN_MS)
		return outcome_done();
	outcome = list_open(&o);
	if (outcome.verdict == VERDICT_ABSENT ||
	    (outcome.verdict == VERDICT_LOCKED && h->status == 403)) {
		for (size_t i = 0; i < n; i++)
			counts[i].qty = DECIMAL_ZERO;
		return tell_none(h);
	}
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	h->no_open_mono_ms = 0;
	if (o.n_reads > READS_MAX)
		(void)snprintf(outcome.why, sizeof(outcome.why),
		               "%zu sales are open, and %d of them were read: "
		               "what is on the others is taken for drift",
		               o.n_reads, READS_MAX);
	return outcome;
}
