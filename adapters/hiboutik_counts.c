/*
 * Hiboutik, counts: read and sync.
 *
 * Calls are scarce, so the cheaper of two ways is taken: all of the warehouse,
 * a call a page, or a call for each product. A count is a row of our warehouse
 * and of this product and size; where there is none, nothing is known. An item
 * that even a call of its own does not show is refused with the reason.
 */
#include "adapters/hiboutik.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* Items that are looked for. */
struct look {
	struct hiboutik *h;
	struct count *counts;
	size_t n;
	struct hiboutik_thing things[HIBOUTIK_BATCH_MAX];
};

static void
forget(struct count *counts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		counts[i].is_known = false;
		counts[i].qty = DECIMAL_ZERO;
		counts[i].outcome = outcome_done();
	}
}

/* ---- rows ---- */

struct row {
	struct hiboutik_thing thing;
	int64_t warehouse;
	int64_t count;
	bool is_known; /* else a count that is none */
};

/* Returns 0, HIBOUTIK_MALFORMED. */
static int
read_row(struct row *out, const struct json_node *node)
{
	struct decimal count;

	if (hiboutik_get_thing(&out->thing, node) ||
	    hiboutik_get_int(&out->warehouse, node, "warehouse_id"))
		return HIBOUTIK_MALFORMED;
	out->is_known =
		json_get_decimal_lax(&count, node, "stock_available") == 0 &&
		decimal_to_scaled(&out->count,
	                          decimal_round(count, 0, DECIMAL_FLOOR),
	                          0) == 0;
	return 0;
}

static void
remember(struct hiboutik *h, const struct row *row)
{
	for (size_t i = 0; i < h->n_seen; i++)
		if (hiboutik_is_same(&h->seen[i].thing, &row->thing)) {
			h->seen[i].count = row->count;
			return;
		}
	if (h->n_seen < HIBOUTIK_BATCH_MAX)
		h->seen[h->n_seen++] = (struct hiboutik_seen){
			.thing = row->thing,
			.count = row->count,
			.sold = DECIMAL_ZERO,
		};
}

static int
look_at(void *ctx, const struct json_node *node)
{
	struct look *look = ctx;
	struct row row;
	int r = read_row(&row, node);

	if (r || row.warehouse != look->h->warehouse || !row.is_known)
		return r;
	for (size_t i = 0; i < look->n; i++) {
		if (!hiboutik_is_same(&look->things[i], &row.thing))
			continue;
		look->counts[i].is_known = true;
		look->counts[i].qty = decimal_of(row.count);
		remember(look->h, &row);
	}
	return 0;
}

/* ---- read ---- */

static struct outcome
list_warehouse(struct hiboutik *h, struct hiboutik_listing *l)
{
	char what[64];
	char *path = text_format("stock_available/warehouse_id/%lld",
	                         (long long)h->warehouse);
	struct outcome outcome;

	l->path = path;
	outcome = path ? hiboutik_list(h, l) : outcome_fault(ERR_NOMEM);
	free(path);
	l->path = NULL;
	if (outcome.verdict == VERDICT_DONE)
		h->n_pages = l->n_pages;
	(void)snprintf(what, sizeof(what), "warehouse %lld",
	               (long long)h->warehouse);
	return hiboutik_must_be(outcome, what);
}

static bool
is_first_of_product(const struct look *look, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (look->things[k].product == look->things[i].product &&
		    !look->counts[k].is_known)
			return false;
	return !look->counts[i].is_known;
}

static size_t
count_products(const struct look *look)
{
	size_t n = 0;

	for (size_t i = 0; i < look->n; i++)
		n += is_first_of_product(look, i);
	return n;
}

/* Why there is no count of it; the listing was no trouble. */
static void
refuse_unseen(struct look *look, int64_t product, const char *why)
{
	for (size_t i = 0; i < look->n; i++)
		if (look->things[i].product == product &&
		    !look->counts[i].is_known)
			look->counts[i].outcome = outcome_of(
				VERDICT_REFUSED,
				"Hiboutik shows no count of %.40s in "
				"warehouse %lld (%.60s): correct the binding, "
				"or book a first arrival of it there",
				look->counts[i].external,
				(long long)look->h->warehouse, why);
}

/* All sizes of one product. */
static struct outcome
read_product(struct look *look, int64_t product)
{
	char *path = text_format("stock_available/product_id/%lld",
	                         (long long)product);
	struct hiboutik_listing listing = { .path = path,
		                            .take = look_at,
		                            .ctx = look };
	struct outcome outcome = path ? hiboutik_list(look->h, &listing)
	                              : outcome_fault(ERR_NOMEM);

	free(path);
	if (outcome.verdict == VERDICT_ABSENT)
		refuse_unseen(look, product, "no such product");
	else if (outcome.verdict == VERDICT_DONE)
		refuse_unseen(look, product, "no such row");
	else
		return outcome;
	return outcome_done();
}

static bool
look_init(struct look *look, struct hiboutik *h, struct count *counts, size_t n)
{
	*look = (struct look){ .h = h, .counts = counts, .n = n };
	for (size_t i = 0; i < n; i++)
		if (!hiboutik_read_thing(&look->things[i], counts[i].external))
			return false; /* resolve made it: never */
	return true;
}

struct outcome
hiboutik_read_counts(void *state, struct count *counts, size_t n)
{
	struct hiboutik *h = hiboutik_of(state);
	struct look look;
	struct hiboutik_listing listing = { .take = look_at, .ctx = &look };
	struct outcome outcome = hiboutik_settle(h);
	int64_t began_ms = clock_wall_ms();

	assert(n <= HIBOUTIK_BATCH_MAX);
	forget(counts, n);
	h->n_seen = 0;
	if (!look_init(&look, h, counts, n))
		return outcome_of(VERDICT_REFUSED,
		                  "a binding is no product and size");
	if (outcome.verdict == VERDICT_DONE &&
	    count_products(&look) > h->n_pages)
		outcome = list_warehouse(h, &listing);
	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < n; i++)
		if (counts[i].outcome.verdict == VERDICT_DONE &&
		    !counts[i].is_known)
			outcome = read_product(&look, look.things[i].product);
	/* Their clock is known better by now. */
	h->seen_ms = began_ms + h->clock.skew_ms - HIBOUTIK_CLOCK_MS;
	if (outcome.verdict != VERDICT_DONE) {
		forget(counts, n);
		h->n_seen = 0;
	}
	return hiboutik_remark(h, outcome);
}

/* ---- sync ---- */

struct telling {
	const struct hiboutik *h;
	const struct sync_sink *sink;
};

static int
tell(void *ctx, const struct json_node *node)
{
	const struct telling *t = ctx;
	char name[HIBOUTIK_THING_SIZE];
	struct row row;
	int r = read_row(&row, node);

	if (r || row.warehouse != t->h->warehouse || !row.is_known)
		return r;
	return t->sink->count(t->sink->ctx,
	                      hiboutik_format_thing(name, &row.thing),
	                      decimal_of(row.count));
}

struct outcome
hiboutik_sync(void *state, const struct sync_job *job,
              const struct sync_sink *sink)
{
	struct hiboutik *h = hiboutik_of(state);
	struct telling telling = { h, sink };
	struct hiboutik_listing listing = {
		.take = tell, .ctx = &telling, .sink = sink, .name = "counts"
	};
	struct outcome outcome = hiboutik_settle(h);
	int r;

	(void)job; /* dry or not, full or not: nothing is kept here */
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	r = sink->begin_counts(sink->ctx);
	return r ? outcome_fault(r)
	         : hiboutik_remark(h, list_warehouse(h, &listing));
}
