/*
 * Turn what a sync found into marks, but hold mass zeroing for a person.
 *
 * A sync that would newly zero more than stock.zero_guard_percent of a
 * channel's items, and at least stock.zero_guard_min of them, holds those zero
 * writes and only those. Looks caused by hooks and sales do not come this way.
 *
 * Source   design.md section 3, promise 4.
 */
#include "gateway/engine/worker.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/drivers/store_timeline.h"
#include "gateway/model/item.h"
#include "gateway/model/metrics.h"

enum { CHUNK = 200 };

struct names {
	char **v; /* owned, and each */
	size_t n, cap;
};

/* Items of one channel, until the next channel's begin. */
struct guard {
	struct worker *w;
	char channel[64];
	struct names all;    /* to look at */
	struct names zeroed; /* of these, newly zero */
};

static int
names_add(struct names *names, const char *text)
{
	if (names->n == names->cap) {
		size_t cap = names->cap ? names->cap * 2 : 64;
		char **v = realloc(names->v, cap * sizeof(*v));

		if (!v)
			return err_raise(ERR_NOMEM, "why=%s", "guard");
		names->v = v;
		names->cap = cap;
	}
	names->v[names->n] = text_dup(text);
	return names->v[names->n++] ? 0 : ERR_NOMEM;
}

static void
names_reset(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
	*names = (struct names){ 0 };
}

static bool
is_newly_zero(const struct guard *g, const struct stock_view *view,
              const struct conf_section *channel, const struct adapter_ops *ops)
{
	struct decimal reserve = engine_reserve(
		g->w->engine, channel, view->reserve, view->has_reserve);

	if (!view->balance_from || !view->has_published ||
	    decimal_is_zero(view->published) || view->is_held)
		return false;
	return decimal_is_zero(item_target(view->balance, view->pending,
	                                   reserve, ops->count_places));
}

/* Sort out a chunk: what would be newly zero goes to `zeroed` as well. */
static int
sort_chunk(struct guard *g, size_t at, size_t n, struct names *rest)
{
	const struct engine *e = g->w->engine;
	const struct conf_section *channel =
		conf_find_account(e->conf, g->channel);
	const struct adapter_ops *ops =
		channel ? engine_adapter(e, conf_account_type(channel)) : NULL;
	struct stock_view views[CHUNK];
	const char *skus[CHUNK];
	int r;

	if (!ops)
		return 0; /* the channel is no longer configured */
	for (size_t i = 0; i < n; i++)
		skus[i] = g->all.v[at + i];
	r = store_stock_view(g->w->store, views, g->channel, skus, n);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		bool is_zero = is_newly_zero(g, &views[i], channel, ops);
		const char *from = views[i].balance_from;

		/* The authority's own sync, still under way, judges it. */
		bool is_others = is_zero && views[i].is_collected &&
		                 strcmp(from, g->w->account) != 0;

		if (!r && !is_others)
			r = names_add(is_zero ? &g->zeroed : rest, skus[i]);
		stock_view_fini(&views[i]);
	}
	return r;
}

static int
mark_items(struct guard *g, const struct names *names)
{
	const char *members[CHUNK];
	char *owned[CHUNK];
	int r = 0;

	for (size_t at = 0; !r && at < names->n; at += CHUNK) {
		size_t n = names->n - at < CHUNK ? names->n - at : CHUNK;

		for (size_t i = 0; i < n; i++) {
			owned[i] = text_format("i:%s", names->v[at + i]);
			members[i] = owned[i];
			if (!owned[i])
				r = ERR_NOMEM;
		}
		if (!r)
			r = store_marks_add(g->w->store, g->channel, members, n,
			                    MARK_SYNC, 0);
		for (size_t i = 0; i < n; i++)
			free(owned[i]);
	}
	return r;
}

static int
must_hold(struct guard *g, bool *out)
{
	const struct conf_section *top = g->w->engine->conf->top;
	int64_t n_bound = 0;
	int64_t n_unresolved = 0;
	int64_t n = (int64_t)g->zeroed.n;
	int r = store_registry_count_account(g->w->store, g->channel, &n_bound,
	                                     &n_unresolved);

	*out = n >= conf_int(top, "stock.zero_guard_min") &&
	       n * 100 > conf_int(top, "stock.zero_guard_percent") * n_bound;
	return r;
}

static int
hold(struct guard *g)
{
	const char *const *skus = (const char *const *)g->zeroed.v;
	int r = store_stock_hold(g->w->store, g->channel, skus, g->zeroed.n);

	for (size_t i = 0; i < g->zeroed.n; i++)
		store_timeline_add(g->w->store, skus[i], clock_wall_ms(),
		                   TIMELINE_LEFT, g->channel,
		                   "not written: a sync would set %zu items to "
		                   "zero, held for a person",
		                   g->zeroed.n);
	metrics_add(METRIC_zero_held, (int64_t)g->zeroed.n);
	log_error("zero.held", "account=%s items=%zu why=%s", g->channel,
	          g->zeroed.n,
	          log_quote("a sync would set them all to zero: see "
	                    "tillbridge dead list"));
	return r;
}

static int
finish_channel(struct guard *g)
{
	struct names rest = { 0 };
	bool is_held = false;
	int r = 0;

	for (size_t at = 0; !r && at < g->all.n; at += CHUNK)
		r = sort_chunk(g, at,
		               g->all.n - at < CHUNK ? g->all.n - at : CHUNK,
		               &rest);
	if (!r)
		r = must_hold(g, &is_held);
	if (!r)
		r = mark_items(g, &rest);
	if (!r)
		r = is_held ? hold(g) : mark_items(g, &g->zeroed);
	names_reset(&rest);
	names_reset(&g->all);
	names_reset(&g->zeroed);
	return r;
}

static int
collect(void *ctx, const char *channel, const char *sku)
{
	struct guard *g = ctx;
	int r = 0;

	if (strcmp(g->channel, channel) != 0) {
		r = finish_channel(g);
		(void)strncpy(g->channel, channel, sizeof(g->channel) - 1);
	}
	return r ? r : names_add(&g->all, sku);
}

int
guard_release(struct worker *w)
{
	struct guard g = { .w = w };
	int r = store_stock_each_changed(w->store, w->account, collect, &g);

	if (!r)
		r = finish_channel(&g);
	names_reset(&g.all);
	names_reset(&g.zeroed);
	return r ? r : store_stock_forget_changed(w->store, w->account);
}
