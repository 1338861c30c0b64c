/*
 * Counts that a sync reports, in batches.
 *
 * At the authority they are balances, fenced by a tick taken right before they
 * were asked for; at a channel they are compared with what was published and
 * with the target, and what differs is collected for the guard. A dry run only
 * compares.
 */
#include "gateway/engine/sync.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/drivers/store_timeline.h"
#include "gateway/model/item.h"
#include "gateway/model/metrics.h"

/* An item of the batch: is this account right about it? */
static bool
is_authority(const struct sync *s, const struct stock_view *view)
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
 * changed in the file, which leaves no mark. A system that takes no counts
 * shows its own of what is kept elsewhere: no look could change that.
 */
static bool
wants_look(const struct sync *s, const struct stock_view *view,
           struct decimal qty)
{
	struct decimal target;

	if (!s->w->ops->write_counts)
		return false;
	return !view->has_published || decimal_cmp(view->published, qty) ||
	       (find_target(s, view, &target) && decimal_cmp(target, qty));
}

/* For a person who asks about the item; nothing where all is as it was. */
static void
note_found(struct sync *s, const char *sku, const char *what,
           struct decimal qty, const struct decimal *was)
{
	char now[DECIMAL_TEXT_SIZE];
	char before[DECIMAL_TEXT_SIZE] = "unknown";

	if (was && !decimal_cmp(qty, *was))
		return;
	if (was)
		(void)decimal_format(before, *was);
	store_timeline_add(s->w->store, sku, clock_wall_ms(), TIMELINE_FOUND,
	                   s->w->account, "a sync found %s %s, was %s", what,
	                   decimal_format(now, qty), before);
}

static int
compare(struct sync *s, const struct stock_view *view, struct decimal qty)
{
	if (!wants_look(s, view, qty))
		return 0;
	note_found(s, view->sku, "the count", qty,
	           view->has_published ? &view->published : NULL);
	return store_stock_changed(s->w->store, s->w->account, s->w->account,
	                           view->sku);
}

/* Of a dry run: is that another balance, or would it make a look? */
static bool
differs(const struct sync *s, const struct stock_view *view, struct decimal qty)
{
	if (!is_authority(s, view))
		return wants_look(s, view, qty);
	return !view->balance_from ||
	       strcmp(view->balance_from, s->w->account) != 0 ||
	       decimal_cmp(view->balance, qty) != 0;
}

static int
compare_known(struct sync *s, const char *const *skus,
              const struct decimal *qty, size_t n)
{
	struct stock_view views[SYNC_BATCH];
	int r = store_stock_view(s->w->store, views, s->w->account, skus, n);

	for (size_t i = 0; !r && i < n; i++) {
		s->n_differ += differs(s, &views[i], qty[i]);
		stock_view_fini(&views[i]);
	}
	return r;
}

static int
take_known(struct sync *s, const char *const *skus, const struct decimal *qty,
           size_t n)
{
	struct stock_view views[SYNC_BATCH];
	struct stock_balance balances[SYNC_BATCH];
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
		bool is_ours = views[i].balance_from &&
		               !strcmp(views[i].balance_from, s->w->account);

		if (is_authority(s, &views[i]))
			note_found(s, skus[i], "the balance", qty[i],
			           is_ours ? &views[i].balance : NULL);
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

int
sync_flush(struct sync *s)
{
	char *skus[SYNC_BATCH];
	const char *known[SYNC_BATCH];
	struct decimal qty[SYNC_BATCH];
	size_t n_known = 0;
	int r = store_registry_skus(s->w->store, s->w->account,
	                            (const char *const *)s->externals, s->n,
	                            skus);

	for (size_t i = 0; !r && i < s->n; i++) {
		if (!skus[i])
			continue;
		known[n_known] = skus[i];
		qty[n_known++] = s->qty[i];
	}
	if (!r && n_known && s->job.is_dry)
		r = compare_known(s, known, qty, n_known);
	else if (!r && n_known)
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

int
sync_begin_counts(void *ctx)
{
	struct sync *s = ctx;
	int r = s->n ? sync_flush(s) : 0; /* they were read before */

	/* The items are in the mirror by now: bind before counting. */
	if (!r && !s->job.is_dry)
		r = resolve_bindings(s->w);
	if (!r && !s->job.is_dry)
		r = store_tick(s->w->store, &s->tick);
	s->has_counts = r == 0;
	if (r)
		s->fault = r;
	return r;
}

int
sync_count(void *ctx, const char *external, struct decimal qty)
{
	struct sync *s = ctx;
	int r = 0;

	assert(s->has_counts);
	s->externals[s->n] = text_dup(external);
	if (!s->externals[s->n])
		r = ERR_NOMEM;
	s->qty[s->n++] = qty;
	s->n_counts++;
	if (!r && s->n == SYNC_BATCH)
		r = sync_flush(s);
	if (r)
		s->fault = r;
	return r;
}
