/*
 * Fetch the authority's balances for marked items, in batches.
 *
 * Invariant: the tick that fences a balance was taken before the first request
 * was sent, together with the marks it answers. What the answer lacks stays
 * unknown and is never zero (promise 4).
 */
#include "gateway/engine/worker.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_accounts.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/drivers/store_timeline.h"
#include "gateway/engine/refused.h"
#include "gateway/model/metrics.h"

enum { UNKNOWN_WAIT_MS = 60000 };

/* One batch, parallel arrays. */
struct batch {
	struct stock_view *views;  /* owned */
	struct count *counts;      /* owned */
	const struct mark **marks; /* owned array of borrowed marks */
	size_t n;
	int64_t began_ms; /* wall clock; when they were asked for */
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

/* Not resolved here: that makes a new mark. If it is not bound here any more,
   nobody will read a balance that settles what was confirmed last. */
static int
leave_unbound(struct worker *w, const struct mark *mark)
{
	int r = store_accounts_release(w->store, NULL, mark->member + 2);

	return r ? r : store_marks_clear(w->store, w->account, &mark, 1);
}

/* Load the items' ids; what is not resolved is left out. */
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
			r = leave_unbound(w, marks->v[i]);
			continue;
		}
		if (refused_left_ms(&b->views[i], marks->v[i])) {
			r = refused_postpone(
				w, marks->v[i],
				refused_left_ms(&b->views[i], marks->v[i]));
			continue;
		}
		struct stock_view view = b->views[i];

		b->views[i] = b->views[b->n]; /* those asked for in front */
		b->views[b->n] = view;
		b->counts[b->n].external = view.external;
		b->counts[b->n].bound_ms = worker_bound_ms(&view);
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
	store_timeline_add(w->store, mark->member + 2, clock_wall_ms(),
	                   TIMELINE_LEFT, w->account,
	                   "balance unknown: the answer does not name it");
	if (mark->cause == MARK_SALE)
		return store_marks_postpone(w->store, w->account, mark,
		                            clock_wall_ms() + UNKNOWN_WAIT_MS);
	return store_marks_clear(w->store, w->account, &mark, 1);
}

/* Which reads counted for nothing? Asked only when there are some: of those the
   books still say what they said before. */
static int
find_discarded(struct worker *w, const struct batch *b, int64_t fetched_ms,
               bool *is_discarded)
{
	struct stock_view *views = calloc(b->n, sizeof(*views));
	const char **skus = calloc(b->n, sizeof(*skus));
	int r = views && skus ? 0 : ERR_NOMEM;

	for (size_t i = 0; !r && i < b->n; i++)
		skus[i] = b->marks[i]->member + 2;
	if (!r)
		r = store_stock_view(w->store, views, w->account, skus, b->n);
	for (size_t i = 0; !r && i < b->n; i++) {
		is_discarded[i] = views[i].balance_at_ms < fetched_ms;
		stock_view_fini(&views[i]);
	}
	free(skus);
	free(views);
	return r;
}

/* For a person who asks about the item. */
static void
note_reads(struct worker *w, const struct batch *b, int64_t fetched_ms,
           size_t n_discarded)
{
	bool *is_discarded = calloc(b->n, sizeof(*is_discarded));

	if (!is_discarded ||
	    (n_discarded && find_discarded(w, b, fetched_ms, is_discarded))) {
		free(is_discarded);
		return;
	}
	for (size_t i = 0; i < b->n; i++) {
		const struct stock_view *was = &b->views[i];
		bool is_same = was->balance_from &&
		               !strcmp(was->balance_from, w->account) &&
		               !decimal_cmp(was->balance, b->counts[i].qty);
		char qty[DECIMAL_TEXT_SIZE];
		char old[DECIMAL_TEXT_SIZE] = "unknown";

		if (!b->counts[i].is_known || (is_same && !is_discarded[i] &&
		                               mark_is_unasked(b->marks[i])))
			continue;
		if (was->balance_from)
			(void)decimal_format(old, was->balance);
		store_timeline_add(
			w->store, b->marks[i]->member + 2, fetched_ms,
			TIMELINE_READ, w->account,
			"balance %s, was %s (asked %lld ms before)%s",
			decimal_format(qty, b->counts[i].qty), old,
			(long long)(fetched_ms - b->began_ms),
			is_discarded[i] ? "; not used: an entry was posted "
					  "meanwhile or it is read anew"
					: "");
	}
	free(is_discarded);
}

/*
 * A till that keeps stock itself goes below zero only by selling what it does
 * not have. An ERP may show anything.
 */
static int
tell_oversold(struct worker *w, const struct batch *b)
{
	const char **skus = calloc(b->n, sizeof(*skus));
	size_t n = 0;
	int r = 0;

	if (!skus)
		return err_raise(ERR_NOMEM, "why=%s", "balances");
	for (size_t i = 0; w->ops->list_sales && i < b->n; i++)
		if (b->counts[i].is_known &&
		    decimal_is_negative(b->counts[i].qty))
			skus[n++] = b->marks[i]->member + 2;
	if (n)
		r = oversold_check(w, skus, n);
	free(skus);
	return r;
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
	if (!r)
		r = tell_oversold(w, b);
	metrics_add(METRIC_balances_read, (int64_t)n);
	if (!r)
		note_reads(w, b, read.fetched_ms, n_discarded);
	log_info("refresh.done", "account=%s items=%zu discarded=%zu",
	         w->account, n, n_discarded);
	free(known);
	return r;
}

/* What it refuses alone is known to no one here: for a person. */
static int
leave_refused(struct worker *w, const struct batch *b, const char *why)
{
	log_warn("balance.unknown", "account=%s sku=%s why=%s", w->account,
	         b->views[0].sku, log_quote(why));
	return refused_rest(w, &b->views[0], b->marks[0]);
}

static int
refresh_some(struct worker *w, const struct marks *marks, int64_t tick,
             bool *is_refused)
{
	struct batch b = { .n = 0 };
	struct outcome outcome;
	bool was_well = !pace_is_open(&w->pace);
	int r = batch_load(w, &b, marks);

	if (!r && b.n) {
		b.began_ms = clock_wall_ms();
		if (refused_read(w, "read balances", b.counts, b.n, &outcome))
			r = settle(w, &b, tick);
		else if (outcome.verdict == VERDICT_REFUSED && b.n == 1)
			r = leave_refused(w, &b, outcome.why);
		else
			*is_refused = outcome.verdict == VERDICT_REFUSED;
		if (!r && was_well && outcome.verdict != VERDICT_DONE &&
		    !*is_refused)
			worker_note_trouble(w, marks, "balance not read",
			                    outcome.why);
	}
	batch_fini(&b, marks->n);
	return r;
}

struct refreshing {
	struct worker *w;
	const struct marks *marks;
	int64_t tick;
};

static int
refresh_half(void *ctx, size_t at, size_t n, bool *is_refused)
{
	const struct refreshing *all = ctx;
	const struct marks some = { all->marks->v + at, n };

	if (n < all->marks->n && !worker_may_call(all->w))
		return 0; /* the marks stay */
	return refresh_some(all->w, &some, all->tick, is_refused);
}

int
refresh_items(struct worker *w, const struct marks *marks, int64_t tick)
{
	struct refreshing all = { w, marks, tick };

	return refused_halve(refresh_half, &all, 0, marks->n);
}
