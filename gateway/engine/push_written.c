/*
 * What came of a write: the channel shows the targets that were taken.
 *
 * Invariant: what is taken for published is read once more soon after, because
 * a sale rung up while the write was under way shows only there.
 */
#include "gateway/engine/push.h"

#include <stdlib.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/model/metrics.h"

enum {
	READ_AGAIN_MS = 2000,    /* a vendor's call comes earlier */
	ZERO_WINDOW_MS = 600000, /* of the alarm on hook-caused zeros */
};

static void
note_zero(struct worker *w, const struct push_look *look)
{
	const struct conf_section *top = w->engine->conf->top;
	int64_t now = clock_mono_ms();

	if (!decimal_is_zero(look->target) || !look->view.has_published ||
	    decimal_is_zero(look->view.published))
		return;
	if (now - w->zero_since_mono_ms > ZERO_WINDOW_MS) {
		w->zero_since_mono_ms = now;
		w->n_zeroed = 0;
	}
	if (++w->n_zeroed == conf_int(top, "stock.zero_guard_min"))
		worker_alarm(w, "many items went to zero within ten minutes: "
		                "check the authority's balances");
}

static void
note_drift(struct worker *w, const struct push_look *look)
{
	char was[DECIMAL_TEXT_SIZE];

	metrics_add(METRIC_drift_found, 1);
	log_warn("drift.corrected", "account=%s sku=%s found=%s", w->account,
	         look->view.sku, decimal_format(was, look->count.qty));
}

/* From the door to the channel, where a call began it. */
static void
note_journey(struct worker *w, const struct push_look *look)
{
	const struct mark *m = look->mark;
	int64_t now = clock_wall_ms();
	char qty[DECIMAL_TEXT_SIZE];

	if (!m->origin_ms || !m->fetched_ms)
		return;
	log_info("journey.done",
	         "account=%s sku=%s count=%s to_fetch_ms=%lld "
	         "to_write_ms=%lld total_ms=%lld",
	         w->account, look->view.sku, decimal_format(qty, look->target),
	         (long long)(m->fetched_ms - m->origin_ms),
	         (long long)(now - m->fetched_ms),
	         (long long)(now - m->origin_ms));
	worker_note_lag(w, now - m->origin_ms);
}

static void
note_taken(struct worker *w, const struct push_look *look)
{
	if (look->is_drift)
		push_look_note_target(
			w, look, TIMELINE_DRIFT,
			"; corrected: it had moved without a sale");
	else
		push_look_note_target(w, look, TIMELINE_WRITTEN, "; written");
	note_zero(w, look);
	if (look->is_drift)
		note_drift(w, look);
	note_journey(w, look);
}

/*
 * Every write leaves a mark that reads the count again: a sale rung up while
 * the write was under way shows only there. It is no poll, which might wait
 * long. A vendor's call that comes because of the write makes the same look due
 * at once.
 */
static int
look_again(struct worker *w, const struct stock_published *rows, size_t n)
{
	const char **members = calloc(n + 1, sizeof(*members));
	int r;

	if (!members)
		return err_raise(ERR_NOMEM, "why=%s", "push");
	for (size_t i = 0; i < n; i++)
		members[i] = rows[i].mark->member;
	r = store_marks_add(w->store, w->account, members, n, MARK_AGAIN,
	                    clock_wall_ms() + READ_AGAIN_MS);
	free(members);
	return r;
}

static int
publish(struct worker *w, const struct stock_published *rows, size_t n)
{
	int r = store_stock_published(w->store, w->account, rows, n);

	if (!r)
		r = look_again(w, rows, n);
	if (r || !n)
		return r;
	log_info("push.done", "account=%s items=%zu", w->account, n);
	return worker_note_write(w);
}

int
push_written(struct worker *w, struct push_look *const *looks,
             const struct count *counts, size_t n)
{
	struct stock_published *rows = calloc(n, sizeof(*rows));
	size_t n_rows = 0;
	int r = 0;

	if (!rows)
		return err_raise(ERR_NOMEM, "why=%s", "push");
	for (size_t i = 0; !r && i < n; i++) {
		if (counts[i].outcome.verdict != VERDICT_DONE) {
			r = push_look_refused(w, looks[i],
			                      counts[i].outcome.why);
			continue;
		}
		note_taken(w, looks[i]);
		rows[n_rows++] = (struct stock_published){
			looks[i]->view.sku,
			looks[i]->target,
			looks[i]->view.sold,
			looks[i]->mark,
		};
	}
	metrics_add(METRIC_counts_written, (int64_t)n_rows);
	if (!r)
		r = publish(w, rows, n_rows);
	free(rows);
	return r;
}
