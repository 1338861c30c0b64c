/*
 * From when on a channel's sales are ours, up to when they were listed, and what
 * a loss of Redis leaves in doubt.
 *
 * All of it is by the channel's clock. A cursor stands for sales that are in the
 * ledger (promise 6); the ledger remembers a sale for a while, and what closed
 * before that and was listed is history as well.
 *
 * Source   design.md section 4: First binding, Late sales, Loss of Redis.
 */
#include "gateway/engine/sales.h"

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/engine/saved.h"

enum {
	OVERLAP_MS = 120000,   /* re-read by every listing */
	IMPORT_GAP_MS = 15000, /* no binding for so long: it is over */
	IMPORT_MAX_MS = 60000, /* what is not resolved by then never is */
};

/* The ledger remembers a sale for at least so long. */
#define REMEMBERED_MS (INT64_C(35) * 24 * 3600 * 1000)

/* ---- from when on ---- */

/* A cursor that is the beginning of something: set it where it is not yet, and
   never in the future, lest all that closes until then were history. */
static int
begin_at(struct worker *w, const char *name, int64_t wanted, int64_t *out)
{
	int64_t now = worker_their_ms(w, clock_wall_ms());

	*out = wanted < now ? wanted : now;
	return store_cursor_set(w->store, w->account, name, *out);
}

/*
 * From when on its sales are ours, by its clock; 0: nothing is bound here yet.
 * Who bound the first item asked nobody there, so their clock is known only
 * now. After a loss of Redis it is what was saved, once something is bound.
 */
static int
find_start(struct worker *w, int64_t *start)
{
	int64_t bound = 0;
	int64_t saved = 0;
	int r = store_cursor_get(w->store, &bound, w->account, "bound");

	if (!r && bound)
		r = store_cursor_get(w->store, &saved, w->account, SAVED_SALES);
	if (r || !bound)
		return r;
	return begin_at(w, "start",
	                saved ? saved + 1 : worker_their_ms(w, bound), start);
}

int
sales_start(struct worker *w, int64_t *start)
{
	int r = store_cursor_get(w->store, start, w->account, "start");

	if (r || !*start)
		return r ? r : find_start(w, start);
	if (*start <= worker_their_ms(w, clock_wall_ms()))
		return 0;
	return begin_at(w, "start", *start, start);
}

int
sales_returns_start(struct worker *w, int64_t start, int64_t *out)
{
	int64_t saved = 0;
	int r = store_cursor_get(w->store, &saved, w->account, SAVED_RETURNS);

	*out = saved && saved < start ? saved : start;
	return r;
}

/* ---- up to when ---- */

int
sales_since(struct worker *w, const struct sales_span *span, int64_t *out)
{
	bool whole = span->whole;
	int64_t cursor = 0;
	int r = store_cursor_get(w->store, &cursor, w->account, span->cursor);

	/* A cursor ahead of now: the clock was set back since. */
	whole = whole || cursor > span->until_ms;
	if (whole)
		*out = span->until_ms - w->ops->sales_window_ms;
	if (!whole || (cursor && cursor - OVERLAP_MS < *out))
		*out = cursor - OVERLAP_MS;
	if (*out < span->start_ms)
		*out = span->start_ms;
	if (*out > span->until_ms)
		*out = span->until_ms;
	return r;
}

int
sales_is_forgotten(struct worker *w, const char *list, const struct sale *sale,
                   bool *out)
{
	struct ledger_sale known = { 0 };
	int64_t cursor = 0;
	int r;

	*out = false;
	if (clock_wall_ms() - sale->closed_ms < REMEMBERED_MS)
		return 0;
	r = store_cursor_get(w->store, &cursor, w->account, list);
	if (r || sale->closed_ms > cursor)
		return r;
	r = store_ledger_sale(w->store, &known, w->account, sale->id);
	if (r)
		return r;
	*out = known.revision == 0;
	ledger_sale_fini(&known);
	if (*out)
		log_info("sale.forgotten", "account=%s sale=%s why=%s",
		         w->account, sale->id,
		         log_quote("closed and listed too long ago"));
	return 0;
}

/* ---- after a loss ---- */

static bool
is_bound_whole(const struct sale *sale)
{
	for (size_t i = 0; i < sale->n_lines; i++)
		if (sale->lines[i].external && !sale->lines[i].sku)
			return false;
	return true;
}

int
sales_must_wait(struct worker *w, const struct sale *sale, bool *out)
{
	int64_t binding = 0;
	int64_t n_bound = 0;
	int64_t n_unresolved = 0;
	int64_t age;
	int r;

	*out = false;
	if (is_bound_whole(sale))
		return 0;
	r = saved_is_doubtful(w, sale->closed_ms, out);
	if (r || !*out)
		return r;
	r = store_cursor_get(w->store, &binding, w->account, "binding");
	if (!r)
		r = store_registry_count_account(w->store, w->account, &n_bound,
		                                 &n_unresolved);
	age = clock_wall_ms() - binding;
	*out = age >= 0 && age < (n_unresolved ? IMPORT_MAX_MS : IMPORT_GAP_MS);
	return r;
}
