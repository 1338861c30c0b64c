/*
 * A channel's sales as its adapter tells them: listed from a cursor, or read by
 * their ids. Which of them count is decided here; what they become, in sales.c.
 *
 * Source   design.md section 4: First binding, Late sales, Returns.
 */
#include "gateway/engine/sales.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/engine/saved.h"

/* What is listed, and the name of its cursor. */
#define SALES   "sales"
#define RETURNS "returns"

enum {
	WHOLE_EVERY_MS = 3600000, /* the vendor's whole window, at least */
	READ_MAX = 100,           /* ids per read_sales */
	IMPORT_WAIT_MS = 2000,
};

/* What a listing works with. */
struct sales_listing {
	struct worker *w;
	const char *cursor;        /* of this list */
	int64_t start_ms;          /* earlier sales are history */
	int64_t returns_start_ms;  /* and earlier returns */
	const struct marks *named; /* of sales_read; NULL */
	int64_t origin_ms;         /* of those not named; 0 */
	int fault;                 /* ours, not the vendor's */
	bool has_waiting;          /* a sale was seen that may not count yet */
};

static bool
is_ours(const struct sale *sale)
{
	return sale->reference && sale_is_docid(sale->reference);
}

static int
bind_lines(struct worker *w, struct sale *sale)
{
	const char **externals = calloc(sale->n_lines + 1, sizeof(*externals));
	char **skus = calloc(sale->n_lines + 1, sizeof(*skus));
	int r = 0;

	if (!externals || !skus)
		r = err_raise(ERR_NOMEM, "why=%s", "sale");
	for (size_t i = 0; !r && i < sale->n_lines; i++)
		externals[i] =
			sale->lines[i].external ? sale->lines[i].external : "";
	if (!r)
		r = store_registry_skus(w->store, w->account, externals,
		                        sale->n_lines, skus);
	for (size_t i = 0; !r && i < sale->n_lines; i++) {
		free(sale->lines[i].sku);
		sale->lines[i].sku = skus[i];
	}
	free(externals);
	free(skus);
	return r;
}

static int64_t
origin_of(const struct sales_listing *l, const char *sale)
{
	for (size_t i = 0; l->named && i < l->named->n; i++)
		if (!strcmp(l->named->v[i]->member + 2, sale))
			return l->named->v[i]->origin_ms;
	return l->origin_ms;
}

static bool
is_return(const struct sale *sale)
{
	for (size_t i = 0; i < sale->n_lines; i++)
		if (!decimal_is_negative(sale->lines[i].qty))
			return false;
	return sale->n_lines > 0;
}

static int
take_sale(void *ctx, struct sale *sale)
{
	struct sales_listing *l = ctx;
	bool is_old = false;
	bool waits = false;
	int r;

	/* A long list must not cost the lease. */
	(void)worker_keep(l->w);

	/* Echo: what we recorded there ourselves is known by our reference. */
	if (!sale->is_final || is_ours(sale))
		return 0;
	if (!l->start_ms ||
	    sale->closed_ms <
	            (is_return(sale) ? l->returns_start_ms : l->start_ms))
		return 0;
	r = sales_is_forgotten(l->w, l->cursor, sale, &is_old);
	if (!r && is_old)
		return 0;
	if (!r)
		r = bind_lines(l->w, sale);
	if (!r)
		r = sales_must_wait(l->w, sale, &waits);
	l->has_waiting |= waits;
	if (!r && !waits)
		r = sales_record(l->w, sale, origin_of(l, sale->id));
	l->fault = r;
	return r;
}

static struct outcome
wait_for_import(void)
{
	return outcome_slow(IMPORT_WAIT_MS, "the registry is being imported "
	                                    "after a loss of Redis");
}

/* One of the vendor's two lists, and how it is asked for. */
struct list {
	const char *cursor;
	const char *doing;
	struct outcome (*ask)(void *state, int64_t since_ms, int64_t until_ms,
	                      const struct sale_sink *sink);
	int64_t until_ms;
	int64_t origin_ms;
	bool whole;
};

static int
ask(struct worker *w, const struct list *list, int64_t start_ms,
    bool *was_listed)
{
	struct sales_listing l = { .w = w,
		                   .cursor = list->cursor,
		                   .start_ms = start_ms,
		                   .returns_start_ms = start_ms,
		                   .origin_ms = list->origin_ms };
	const struct sale_sink sink = { .ctx = &l, .sale = take_sale };
	const struct sales_span span = { list->cursor, start_ms, list->until_ms,
		                         list->whole };
	struct outcome outcome;
	int64_t from = 0;
	int r = sales_since(w, &span, &from);

	if (r)
		return r;
	outcome = list->ask(w->state, from, list->until_ms, &sink);
	if (outcome.verdict == VERDICT_DONE && l.has_waiting)
		outcome = wait_for_import();
	/* Without the sales nothing can be written here, so the marks stay:
	   ask again, but not without a pause. */
	if (outcome.verdict == VERDICT_REFUSED)
		outcome.verdict = VERDICT_RETRY;
	*was_listed = !l.fault && worker_judge(w, list->doing, &outcome);
	if (!*was_listed)
		return l.fault;
	/* After all of its sales are in the ledger (promise 6). */
	return store_cursor_set(w->store, w->account, list->cursor,
	                        list->until_ms);
}

int
returns_list(struct worker *w, int64_t until_ms, bool whole, int64_t origin_ms,
             bool *was_listed)
{
	const struct list returns = {
		.cursor = RETURNS,
		.doing = "list returns",
		.ask = w->ops->list_returns,
		.until_ms = worker_their_ms(w, until_ms),
		.origin_ms = origin_ms,
		.whole = whole,
	};
	int64_t start = 0;
	int r;

	*was_listed = true;
	if (!returns.ask)
		return 0;
	r = sales_start(w, &start);
	if (!r && start)
		r = sales_returns_start(w, start, &start);
	return r || !start ? r : ask(w, &returns, start, was_listed);
}

int
sales_list(struct worker *w, int64_t until_ms, bool whole, int64_t origin_ms,
           bool *was_listed)
{
	int64_t now = clock_mono_ms();
	struct list sales = {
		.cursor = SALES,
		.doing = "list sales",
		.ask = w->ops->list_sales,
		.until_ms = worker_their_ms(w, until_ms),
		.origin_ms = origin_ms,
		.whole = whole || !w->sales_full_mono_ms ||
		         now - w->sales_full_mono_ms >= WHOLE_EVERY_MS,
	};
	int64_t start = 0;
	int r;

	*was_listed = true;
	if (!adapter_lists_sales(w->ops, w->conf))
		return 0;
	r = sales_start(w, &start);
	if (r || !start)
		return r; /* nothing is bound here yet */
	r = ask(w, &sales, start, was_listed);
	if (!r && *was_listed)
		r = saved_cursor_advance(w, sales.until_ms);
	if (r || !*was_listed || !sales.whole)
		return r;
	r = returns_list(w, until_ms, true, origin_ms, was_listed);
	if (r || !*was_listed)
		return r;
	w->sales_full_mono_ms = now;
	return saved_end_doubt(w);
}

enum verdict
open_sales_read(struct worker *w, struct count *counts, size_t n)
{
	struct outcome outcome;
	enum verdict verdict;

	for (size_t i = 0; i < n; i++)
		counts[i].qty = DECIMAL_ZERO;
	outcome = w->ops->read_open(w->state, counts, n);
	verdict = outcome.verdict;
	/* It is one call beside those that work, and who asked has a pause of
	   its own: no back-off, which would hold up the rest. */
	if (verdict == VERDICT_RETRY || verdict == VERDICT_UNCERTAIN)
		outcome.verdict = VERDICT_REFUSED;
	(void)worker_judge(w, "read open sales", &outcome);
	return verdict;
}

static int
read_some(struct worker *w, const struct marks *marks)
{
	struct sales_listing l = { .w = w, .cursor = SALES, .named = marks };
	const struct sale_sink sink = { .ctx = &l, .sale = take_sale };
	const char *ids[READ_MAX];
	struct outcome outcome;
	int r = sales_start(w, &l.start_ms);

	if (!r)
		r = sales_returns_start(w, l.start_ms, &l.returns_start_ms);
	if (r)
		return r;
	for (size_t i = 0; i < marks->n; i++)
		ids[i] = marks->v[i]->member + 2; /* "s:ID" */
	outcome = w->ops->read_sales(w->state, ids, marks->n, &sink);
	if (l.fault)
		return l.fault;
	if (outcome.verdict == VERDICT_DONE && l.has_waiting)
		outcome = wait_for_import();
	if (worker_judge(w, "read sales", &outcome) ||
	    outcome.verdict == VERDICT_REFUSED)
		r = store_marks_clear(w->store, w->account, marks->v, marks->n);
	return r;
}

int
sales_read(struct worker *w, const struct marks *marks)
{
	int r = 0;

	if (!w->ops->read_sales)
		return store_marks_clear(w->store, w->account, marks->v,
		                         marks->n);
	for (size_t at = 0; !r && at < marks->n && worker_may_call(w);
	     at += READ_MAX) {
		struct marks some = { marks->v + at, marks->n - at };

		if (some.n > READ_MAX)
			some.n = READ_MAX;
		r = read_some(w, &some);
	}
	return r;
}
