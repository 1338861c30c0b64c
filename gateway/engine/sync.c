/*
 * A catch-up or a full sync of one account: the safety net under the hooks.
 *
 * The adapter brings its mirror up to date and reports every count it saw. At
 * the authority those are balances, fenced by a tick taken before the first
 * request; at a channel they are compared with what was published. What
 * differs is collected and becomes marks only at the end, through the guard.
 */
#include "gateway/engine/worker.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/model/item.h"
#include "gateway/model/metrics.h"

enum { BATCH = 400, PROGRESS_EVERY_MS = 500 };

struct sync {
	struct worker *w;
	int64_t tick;
	bool is_resolved;       /* bindings were tried after the items came */
	char *externals[BATCH]; /* owned */
	struct decimal qty[BATCH];
	size_t n;
	int64_t n_counts;
	int64_t told_mono_ms; /* last progress written */
	int fault;            /* ours, not the vendor's */
};

/* An item of the batch: is this account right about it? */
static int
is_authority(struct sync *s, const struct stock_view *view)
{
	const char *authority = engine_authority(s->w->engine, view->authority);

	return !strcmp(authority, s->w->account);
}

/* What the channel should show; false while that is not known. */
static bool
find_target(const struct sync *s, const struct stock_view *view,
            struct decimal *out)
{
	const struct engine *e = s->w->engine;

	if (!view->balance_from ||
	    strcmp(view->balance_from, engine_authority(e, view->authority)))
		return false;
	*out = item_target(
		view->balance, view->pending,
		engine_reserve(e, s->w->conf, view->reserve, view->has_reserve),
		s->w->ops->count_places);
	return true;
}

/*
 * A channel's count that is not what we left there wants a look, and so does
 * one that is not what it should be: a reserve or an authority may have been
 * changed in the file, which leaves no mark.
 */
static int
compare(struct sync *s, const struct stock_view *view, struct decimal qty)
{
	struct decimal target;

	if (view->has_published && !decimal_cmp(view->published, qty) &&
	    !(find_target(s, view, &target) && decimal_cmp(target, qty)))
		return 0;
	return store_stock_changed(s->w->store, s->w->account, s->w->account,
	                           view->sku);
}

static int
take_known(struct sync *s, const char *const *skus, const struct decimal *qty,
           size_t n)
{
	struct stock_view views[BATCH];
	struct stock_balance balances[BATCH];
	struct stock_read read = {
		.authority = s->w->account,
		.tick = s->tick,
		.fetched_ms = clock_wall_ms(),
		.cause = MARK_SYNC,
	};
	size_t n_balances = 0;
	int r = store_stock_view(s->w->store, views, s->w->account, skus, n);

	if (r)
		return r;
	stock_rule(s->w, &read);
	for (size_t i = 0; !r && i < n; i++) {
		if (is_authority(s, &views[i]))
			balances[n_balances++] = (struct stock_balance){
				.sku = skus[i],
				.qty = qty[i],
			};
		else
			r = compare(s, &views[i], qty[i]);
	}
	if (!r && n_balances)
		r = store_stock_balances(s->w->store, &read, balances,
		                         n_balances, NULL);
	metrics_add(METRIC_balances_read, (int64_t)n_balances);
	for (size_t i = 0; i < n; i++)
		stock_view_fini(&views[i]);
	return r;
}

static int
flush(struct sync *s)
{
	char *skus[BATCH];
	const char *known[BATCH];
	struct decimal qty[BATCH];
	size_t n_known = 0;
	int r;

	if (!s->is_resolved) {
		/* The items are in the mirror by now: bind before counting. */
		r = resolve_bindings(s->w, NULL);
		if (r)
			return r;
		s->is_resolved = true;
	}
	r = store_registry_skus(s->w->store, s->w->account,
	                        (const char *const *)s->externals, s->n, skus);
	for (size_t i = 0; !r && i < s->n; i++) {
		if (!skus[i])
			continue;
		known[n_known] = skus[i];
		qty[n_known++] = s->qty[i];
	}
	if (!r && n_known)
		r = take_known(s, known, qty, n_known);
	for (size_t i = 0; i < s->n; i++) {
		free(s->externals[i]);
		free(skus[i]);
	}
	s->n = 0;
	if (!r && !worker_keep(s->w))
		r = ERR_STORE; /* stopping: the mark stays for the next start */
	return r;
}

static int
count(void *ctx, const char *external, struct decimal qty)
{
	struct sync *s = ctx;
	int r = 0;

	s->externals[s->n] = text_dup(external);
	if (!s->externals[s->n])
		r = ERR_NOMEM;
	s->qty[s->n++] = qty;
	s->n_counts++;
	if (!r && s->n == BATCH)
		r = flush(s);
	if (r)
		s->fault = r;
	return r;
}

static void
progress(void *ctx, const char *entity, int64_t rows, int64_t total)
{
	struct sync *s = ctx;
	int64_t now = clock_mono_ms();
	const struct health_fact fact = { "sync_entity", entity };

	if (now - s->told_mono_ms < PROGRESS_EVERY_MS)
		return;
	s->told_mono_ms = now;
	(void)worker_keep(s->w);
	(void)store_health_set(s->w->store, s->w->account, &fact, 1);
	(void)store_health_set_int(s->w->store, s->w->account, "sync_rows",
	                           rows);
	(void)store_health_set_int(s->w->store, s->w->account, "sync_total",
	                           total);
}

static void
note_kind(struct worker *w, const char *kind)
{
	const struct health_fact facts[] = {
		{ "sync_kind", kind },
		{ "sync_entity", "" },
		{ "sync_rows", "0" },
		{ "sync_total", "0" },
	};

	(void)store_health_set(w->store, w->account, facts, 4);
}

/* Everything was compared: what alarmed before is seen to. */
static int
note_full(struct worker *w, int64_t started_ms)
{
	const struct health_fact fact = { "alarm", "" };
	int r = store_cursor_set(w->store, w->account, "full", started_ms);

	return r ? r : store_health_set(w->store, w->account, &fact, 1);
}

static int
finish(struct worker *w, struct sync *s, const struct mark *mark, bool is_full,
       int64_t started_ms)
{
	bool was_listed = false;
	int r = flush(s);

	if (!r)
		r = resolve_bindings(w, NULL);
	if (!r)
		r = guard_release(w);
	if (!r)
		r = sales_list(w, clock_wall_ms(), is_full, 0, &was_listed);
	if (!r && !was_listed)
		return 0; /* the mark stays: sales are part of it */
	if (!r && is_full)
		r = note_full(w, started_ms);
	if (!r)
		r = store_marks_clear(w->store, w->account, &mark, 1);
	if (!r)
		r = store_health_set_int(w->store, w->account,
		                         is_full ? "last_full_ms"
		                                 : "last_catch_up_ms",
		                         started_ms);
	log_info("sync.done", "account=%s kind=%s counts=%lld took_ms=%lld",
	         w->account, is_full ? "full" : "catch-up",
	         (long long)s->n_counts,
	         (long long)(clock_wall_ms() - started_ms));
	return r;
}

int
sync_account(struct worker *w, const struct mark *mark, bool is_full)
{
	struct sync *s = calloc(1, sizeof(*s));
	const struct sync_sink sink = { .ctx = s,
		                        .count = count,
		                        .progress = progress };
	struct sync_job job = { .is_full = is_full,
		                .started_ms = clock_wall_ms() };
	struct outcome outcome = outcome_done();
	int r;

	if (!s)
		return err_raise(ERR_NOMEM, "why=%s", "sync");
	s->w = w;
	note_kind(w, is_full ? "full" : "catch-up");
	r = store_tick(w->store, &s->tick);
	if (!r && w->ops->sync)
		outcome = w->ops->sync(w->state, &job, &sink);
	if (!r)
		r = s->fault;
	if (!r && worker_judge(w, is_full ? "full sync" : "catch-up", &outcome))
		r = finish(w, s, mark, is_full, job.started_ms);
	else if (!r && outcome.verdict == VERDICT_REFUSED)
		r = store_marks_postpone(w->store, w->account, mark,
		                         clock_wall_ms() + 60000);
	for (size_t i = 0; i < s->n; i++)
		free(s->externals[i]);
	free(s);
	note_kind(w, "");
	return r;
}
