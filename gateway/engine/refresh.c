/*
 * Fetch the authority's balances for marked items, in batches.
 *
 * Invariant: the tick that fences a balance was taken before the first request
 * was sent, together with the marks it answers. What the answer lacks stays
 * unknown and is never zero (promise 4).
 */
#include "gateway/engine/worker.h"

#include <stdlib.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/model/metrics.h"

enum { UNKNOWN_WAIT_MS = 60000 };

/* One batch, parallel arrays. */
struct batch {
	struct stock_view *views;  /* owned */
	struct count *counts;      /* owned */
	const struct mark **marks; /* owned array of borrowed marks */
	size_t n;
};

static void
batch_fini(struct batch *b, size_t n_views)
{
	for (size_t i = 0; b->views && i < n_views; i++)
		stock_view_fini(&b->views[i]);
	free(b->views);
	free(b->counts);
	free(b->marks);
}

/* Load the items' ids; what is not resolved is left out and its mark cleared:
   resolving it makes a new one. */
static int
batch_load(struct worker *w, struct batch *b, const struct marks *marks)
{
	const char **skus = calloc(marks->n, sizeof(*skus));
	int r = 0;

	b->views = calloc(marks->n, sizeof(*b->views));
	b->counts = calloc(marks->n, sizeof(*b->counts));
	b->marks = calloc(marks->n, sizeof(*b->marks));
	if (!skus || !b->views || !b->counts || !b->marks)
		r = err_raise(ERR_NOMEM, "why=%s", "refresh");
	for (size_t i = 0; !r && i < marks->n; i++)
		skus[i] = marks->v[i]->member + 2; /* "i:SKU" */
	if (!r)
		r = store_stock_view(w->store, b->views, w->account, skus,
		                     marks->n);
	for (size_t i = 0; !r && i < marks->n; i++) {
		if (!b->views[i].external) {
			r = store_marks_clear(w->store, w->account,
			                      &marks->v[i], 1);
			continue;
		}
		b->counts[b->n].external = b->views[i].external;
		b->marks[b->n++] = marks->v[i];
	}
	free(skus);
	return r;
}

void
stock_rule(const struct worker *w, struct stock_read *read)
{
	bool by_drops =
		w->ops->settles_by_drops &&
		w->ops->settles_by_drops(w->conf, &read->settle_wait_ms);

	read->settle = by_drops ? STOCK_OBSERVED : STOCK_POSTED;
}

/*
 * The answer does not name it: nothing is known. A look after an entry comes
 * again, because only a read settles the entry; any other waits for the next
 * call or sync, lest things that have no balance there are asked for for ever.
 */
static int
leave_unknown(struct worker *w, const struct mark *mark)
{
	log_warn("balance.unknown", "account=%s sku=%s why=%s", w->account,
	         mark->member + 2, log_quote("the answer does not name it"));
	if (mark->cause == MARK_SALE)
		return store_marks_postpone(w->store, w->account, mark,
		                            clock_wall_ms() + UNKNOWN_WAIT_MS);
	return store_marks_clear(w->store, w->account, &mark, 1);
}

/* Put what was learned into the books. */
static int
settle(struct worker *w, const struct batch *b, int64_t tick)
{
	struct stock_balance *known = calloc(b->n, sizeof(*known));
	struct stock_read read = {
		.authority = w->account,
		.tick = tick,
		.fetched_ms = clock_wall_ms(),
		.cause = MARK_HOOK,
	};
	size_t n = 0;
	size_t n_discarded = 0;
	int r = 0;

	if (!known)
		return err_raise(ERR_NOMEM, "why=%s", "balances");
	stock_rule(w, &read);
	for (size_t i = 0; !r && i < b->n; i++) {
		if (b->counts[i].is_known) {
			known[n++] = (struct stock_balance){
				.sku = b->marks[i]->member + 2,
				.qty = b->counts[i].qty,
				.mark = b->marks[i],
			};
			continue;
		}
		r = leave_unknown(w, b->marks[i]);
	}
	if (!r && n)
		r = store_stock_balances(w->store, &read, known, n,
		                         &n_discarded);
	metrics_add(METRIC_balances_read, (int64_t)n);
	log_info("refresh.done", "account=%s items=%zu discarded=%zu",
	         w->account, n, n_discarded);
	free(known);
	return r;
}

static int
give_up(struct worker *w, const struct marks *marks,
        const struct outcome *outcome)
{
	/* Refused as a whole: wait for a person or another day, but do not ask
	   again at once. The longest a mark may wait is two minutes. */
	int64_t due = clock_wall_ms() + 60000;
	int r = 0;

	if (outcome->verdict != VERDICT_REFUSED)
		return 0;
	for (size_t i = 0; !r && i < marks->n; i++)
		r = store_marks_postpone(w->store, w->account, marks->v[i],
		                         due);
	return r;
}

int
refresh_items(struct worker *w, const struct marks *marks, int64_t tick)
{
	struct batch b = { .n = 0 };
	struct outcome outcome;
	int r = batch_load(w, &b, marks);

	if (!r && b.n) {
		outcome = w->ops->read_counts(w->state, b.counts, b.n);
		if (worker_judge(w, "read balances", &outcome))
			r = settle(w, &b, tick);
		else
			r = give_up(w, marks, &outcome);
	}
	batch_fini(&b, marks->n);
	return r;
}
