/* What a system refuses: halved, then left alone. */
#include "gateway/engine/refused.h"

#include "gateway/base/clock.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_stock.h"

enum {
	WAIT_MS = STOCK_FIRST_WAIT_MS, /* doubled each time, up to: */
	WAIT_MAX_MS = 3600000,
	POSTPONE_MAX_MS = 110000, /* no mark is due later */
	IN_A_ROW = 3, /* items refused, and none read: it is not the items */
};

int
refused_halve(refused_attempt *attempt, void *ctx, size_t at, size_t n)
{
	bool is_refused = false;
	int r = attempt(ctx, at, n, &is_refused);

	if (r || !is_refused || n < 2)
		return r;
	r = refused_halve(attempt, ctx, at, n / 2);
	return r ? r : refused_halve(attempt, ctx, at + n / 2, n - n / 2);
}

bool
refused_read(struct worker *w, const char *doing, struct count *counts,
             size_t n, struct outcome *outcome)
{
	*outcome = w->ops->read_counts(w->state, counts, n);
	if (outcome->verdict == VERDICT_DONE) {
		w->has_read = true;
		w->is_refusing = false;
		w->n_refused = 0;
	}
	return worker_judge(w, doing, outcome);
}

/* Does a person say so? */
static bool
is_by_hand(const struct mark *mark)
{
	return mark->cause == MARK_BINDING || mark->cause == MARK_OPERATOR;
}

/* Later than any wait: the clock was set back. */
int64_t
refused_left_ms(const struct stock_view *view, const struct mark *mark)
{
	int64_t left = view->refused_until_ms - clock_wall_ms();

	if (view->refused_generation != mark->generation &&
	    !(view->is_absent && !is_by_hand(mark)))
		return 0;
	return left > WAIT_MAX_MS || left < 0 ? 0 : left;
}

int
refused_postpone(struct worker *w, const struct mark *mark, int64_t wait_ms)
{
	int64_t most = wait_ms < POSTPONE_MAX_MS ? wait_ms : POSTPONE_MAX_MS;

	return store_marks_postpone(w->store, w->account, mark,
	                            clock_wall_ms() + most);
}

/*
 * Is it all that is asked for? A few bad items that come again together are
 * none of that, as long as anything was read since the start.
 */
static int
note_refusal(struct worker *w, bool is_again)
{
	const struct health_fact fact = { "state", "refused" };
	int64_t bound = 0;
	int64_t unresolved = 0;
	int r;

	if ((is_again && w->has_read) || w->is_refusing)
		return 0;
	w->n_refused++;
	r = store_registry_count_account(w->store, w->account, &bound,
	                                 &unresolved);
	w->is_refusing =
		!r && (w->n_refused >= IN_A_ROW || w->n_refused >= bound);
	if (w->is_refusing)
		(void)store_health_set(w->store, w->account, &fact, 1);
	return r;
}

static int
rest(struct worker *w, const struct stock_view *view, const struct mark *mark,
     bool is_absent)
{
	bool is_again = view->refused_generation == mark->generation ||
	                (is_absent && view->is_absent);
	int64_t wait = is_again ? 2 * view->refused_wait_ms : WAIT_MS;
	int r;

	if (wait > WAIT_MAX_MS)
		wait = WAIT_MAX_MS;
	r = store_stock_refused(w->store, w->account, view->sku,
	                        is_absent ? -mark->generation
	                                  : mark->generation,
	                        wait, clock_wall_ms() + wait);
	if (!r)
		r = refused_postpone(w, mark, wait);
	return r ? r : note_refusal(w, is_again);
}

int
refused_rest(struct worker *w, const struct stock_view *view,
             const struct mark *mark)
{
	return rest(w, view, mark, false);
}

int
refused_absent(struct worker *w, const struct stock_view *view,
               const struct mark *mark)
{
	return rest(w, view, mark, true);
}
