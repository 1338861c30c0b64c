/*
 * Compare every item of an account, one by one: at an item's authority the
 * balance just read with the one we go by, at a channel the count with the
 * target. Writes neither; what a reconcile that fixes finds is marked, and the
 * usual look (refresh.c, push.c) corrects it with all its care.
 *
 * Nothing is called drift after one look. Work may be under way, or a call
 * about to arrive: what differs is put aside and compared once more when its
 * marks are done, and not before a sale that is slow to appear has had its
 * time. What is still on its way then is told as such.
 *
 * Memory does not grow with the number of items: they come in pages, what is
 * put aside is compared when there is enough of it, and of the rows for people
 * the first ones are kept.
 */
#include "gateway/engine/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_reconcile.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/engine/refused.h"
#include "gateway/model/item.h"

enum {
	PAGE = 200,             /* items whose bindings are asked for at once */
	ASIDE_MAX = 1000,       /* items put aside before they are seen to */
	SECOND_LOOK_MS = 10000, /* design.md section 4, as push_decide.c */
	STILL_MS = 30000,       /* work under way is waited for no longer */
	PATIENCE_MS = 60000,    /* with a system in trouble, in one step */
	LOOK_EVERY_MS = 100,
	TELL_EVERY_MS = 500,
	GIVEN_UP = 1, /* of the walk: the system is in trouble; another time */
};

/* An item that is to be compared. */
struct thing {
	char *sku;      /* owned */
	char *external; /* owned */
	bool is_marked; /* by us, so that it is corrected */
};

/* … and how that went. */
struct look {
	const struct thing *thing; /* borrowed */
	struct stock_view view;    /* younger than the count */
	struct count count;
	bool has_should;
	struct decimal should;
	bool is_moving;
	bool is_open; /* what is missing may be on sales still open there */
};

struct things {
	struct thing *v; /* owned */
	size_t n;
	size_t max;
};

struct reconcile {
	struct worker *w;
	bool is_fix;
	bool is_second; /* what was put aside is compared */
	bool must_wait; /* something put aside wants the second look's time */
	struct reconcile_report report;
	struct reconcile_report last; /* the one before */
	size_t n_drift_rows;
	char *page[PAGE]; /* owned; SKUs */
	size_t n_page;
	struct things batch; /* of the vendor's size */
	struct things aside;
	int64_t n_seen; /* items of the registry */
	int64_t n_bound;
	int64_t total;
	int64_t told_mono_ms;
	int64_t breathed_mono_ms;
};

/* ---- things ---- */

static int
things_init(struct things *t, size_t max)
{
	t->v = calloc(max, sizeof(*t->v));
	t->max = max;
	return t->v ? 0 : err_raise(ERR_NOMEM, "why=%s", "reconcile");
}

static void
things_clear(struct things *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->v[i].sku);
		free(t->v[i].external);
	}
	t->n = 0;
}

static void
things_fini(struct things *t)
{
	things_clear(t);
	free(t->v);
}

static int
things_add(struct things *t, const char *sku, const char *external,
           bool is_marked)
{
	struct thing *to = &t->v[t->n++];

	*to = (struct thing){ text_dup(sku), text_dup(external), is_marked };
	return to->sku && to->external
	               ? 0
	               : err_raise(ERR_NOMEM, "why=%s", "reconcile");
}

/* ---- what a person sees ---- */

static void
tell(struct reconcile *rc)
{
	const struct worker *w = rc->w;
	int64_t now = clock_mono_ms();
	char rows[24];
	char total[24];
	const struct health_fact facts[] = {
		{ "sync_entity", "items" },
		{ "sync_rows", rows },
		{ "sync_total", total },
	};

	if (now - rc->told_mono_ms < TELL_EVERY_MS)
		return;
	rc->told_mono_ms = now;
	(void)snprintf(rows, sizeof(rows), "%lld", (long long)rc->n_seen);
	(void)snprintf(total, sizeof(total), "%lld", (long long)rc->total);
	(void)store_health_set(w->store, w->account, facts, 3);
}

/* ---- reading, at the vendor's pace ---- */

/* Until the system may be called. Returns 0, GIVEN_UP or a fault. */
static int
wait_for_pace(struct reconcile *rc, int64_t until_mono_ms)
{
	for (;;) {
		int64_t wait_ms;
		int r = worker_breathe(rc->w, &rc->breathed_mono_ms);

		if (r)
			return r;
		wait_ms = worker_pace_ms(rc->w);
		if (!wait_ms)
			return 0;
		if (rc->w->pace.last == VERDICT_LOCKED ||
		    clock_mono_ms() >= until_mono_ms)
			return GIVEN_UP;
		clock_sleep_ms(wait_ms < LOOK_EVERY_MS ? wait_ms
		                                       : LOOK_EVERY_MS);
	}
}

struct reading {
	struct reconcile *rc;
	const char **skus;    /* owned array of borrowed ones */
	struct count *counts; /* owned */
};

/* This read may come before the first look at a new binding, and what fell
   before that was made is no sale here either. */
static int
find_bound(const struct reading *reading, size_t at, size_t n)
{
	struct worker *w = reading->rc->w;
	struct stock_view *views = calloc(n, sizeof(*views));
	int r = views ? 0 : err_raise(ERR_NOMEM, "why=%s", "reconcile");

	if (!r)
		r = store_stock_view(w->store, views, w->account,
		                     reading->skus + at, n);
	for (size_t i = 0; !r && i < n; i++) {
		struct count *count = &reading->counts[at + i];
		const char *external = views[i].external;
		bool is_bound = external && !strcmp(external, count->external);

		count->bound_ms = is_bound ? worker_bound_ms(&views[i]) : 0;
		stock_view_fini(&views[i]);
	}
	free(views);
	return r;
}

/* What is refused alone stays unknown. Returns 0, GIVEN_UP or a fault. */
static int
read_some(void *ctx, size_t at, size_t n, bool *is_refused)
{
	const struct reading *reading = ctx;
	struct worker *w = reading->rc->w;
	int64_t until = clock_mono_ms() + PATIENCE_MS;
	struct outcome outcome;
	int r;

	do {
		r = wait_for_pace(reading->rc, until);
		if (!r)
			r = find_bound(reading, at, n);
		if (r)
			return r;
		if (refused_read(w, "compare counts", reading->counts + at, n,
		                 &outcome))
			return 0;
	} while (outcome.verdict != VERDICT_REFUSED);
	*is_refused = true;
	return 0;
}

static int
read_looks(struct reconcile *rc, struct look *looks, size_t n)
{
	struct reading reading = { rc, calloc(n, sizeof(*reading.skus)),
		                   calloc(n, sizeof(*reading.counts)) };
	int r = reading.skus && reading.counts
	                ? 0
	                : err_raise(ERR_NOMEM, "why=%s", "reconcile");

	for (size_t i = 0; !r && i < n; i++) {
		reading.skus[i] = looks[i].thing->sku;
		reading.counts[i].external = looks[i].thing->external;
	}
	if (!r)
		r = refused_halve(read_some, &reading, 0, n);
	for (size_t i = 0; !r && i < n; i++)
		looks[i].count = reading.counts[i];
	free(reading.skus);
	free(reading.counts);
	return r;
}

/* ---- what it should be ---- */

static void
find_should(const struct reconcile *rc, struct look *l)
{
	const struct engine *e = rc->w->engine;
	const struct stock_view *v = &l->view;
	const char *authority = engine_authority(e, v->authority);

	l->has_should = v->balance_from && !strcmp(v->balance_from, authority);
	if (!l->has_should)
		return;
	l->should = v->balance;
	if (strcmp(authority, rc->w->account) != 0)
		l->should =
			item_target(v->balance, v->pending,
		                    engine_reserve(e, rc->w->conf, v->reserve,
		                                   v->has_reserve),
		                    rc->w->ops->count_places);
}

/* The books and the work under way, in this order: a mark that is gone by now
   was gone when the item was viewed, since only this thread clears it. */
static int
load(struct reconcile *rc, struct look *looks, size_t n)
{
	struct worker *w = rc->w;
	const char **skus = calloc(n, sizeof(*skus));
	struct stock_view *views = calloc(n, sizeof(*views));
	bool *moving = calloc(n, sizeof(*moving));
	int r = 0;

	if (!skus || !views || !moving)
		r = err_raise(ERR_NOMEM, "why=%s", "reconcile");
	for (size_t i = 0; !r && i < n; i++)
		skus[i] = looks[i].thing->sku;
	if (!r)
		r = store_stock_view(w->store, views, w->account, skus, n);
	for (size_t i = 0; !r && i < n; i++) {
		stock_view_fini(&looks[i].view);
		looks[i].view = views[i];
		find_should(rc, &looks[i]);
	}
	if (!r)
		r = store_reconcile_moving(w->store, moving, w->account, skus,
		                           n);
	for (size_t i = 0; !r && i < n; i++)
		looks[i].is_moving = moving[i] || looks[i].view.is_collected;
	free(skus);
	free(views);
	free(moving);
	return r;
}

static bool
is_authority(const struct reconcile *rc, const struct look *l)
{
	return !strcmp(engine_authority(rc->w->engine, l->view.authority),
	               rc->w->account);
}

/*
 * Bound to something else, or to nothing, since its count was read; or kept
 * elsewhere while this system takes no counts: it shows its own, whatever the
 * authority says.
 */
static bool
is_none_of_ours(const struct reconcile *rc, const struct look *l)
{
	return !l->view.external ||
	       strcmp(l->view.external, l->thing->external) != 0 ||
	       (!rc->w->ops->write_counts && !is_authority(rc, l));
}

/* At its authority a balance that we do not have can be had: that is drift. */
static bool
is_unknown(const struct reconcile *rc, const struct look *l)
{
	return !l->count.is_known || (!l->has_should && !is_authority(rc, l));
}

static bool
differs(const struct reconcile *rc, const struct look *l)
{
	return !is_none_of_ours(rc, l) && !is_unknown(rc, l) &&
	       (!l->has_should || decimal_cmp(l->count.qty, l->should) != 0);
}

/* ---- what is told ---- */

/* When a run first found that drift. */
static int64_t
drifts_since(const struct reconcile *rc, const char *sku)
{
	for (size_t i = 0; i < rc->last.n; i++) {
		const struct reconcile_row *row = &rc->last.rows[i];

		if ((row->why == RECONCILE_DRIFT ||
		     row->why == RECONCILE_HELD) &&
		    !strcmp(row->sku, sku))
			return row->since_ms;
	}
	return rc->report.tally.started_ms;
}

/* One kind never takes the other's room. */
static int
list(struct reconcile *rc, const struct look *l, enum reconcile_why why)
{
	struct reconcile_report *to = &rc->report;
	bool is_drift = why == RECONCILE_DRIFT || why == RECONCILE_HELD;
	size_t n_same = is_drift ? rc->n_drift_rows : to->n - rc->n_drift_rows;
	struct reconcile_row *row;

	if (n_same == RECONCILE_ROWS_MAX)
		return 0;
	row = &to->rows[to->n];
	*row = (struct reconcile_row){
		.sku = text_dup(l->thing->sku),
		.why = why,
		.has_shown = l->count.is_known,
		.shown = l->count.qty,
		.has_should = l->has_should,
		.should = l->should,
	};
	if (!row->sku)
		return err_raise(ERR_NOMEM, "why=%s", "reconcile");
	if (is_drift)
		row->since_ms = drifts_since(rc, row->sku);
	to->n++;
	rc->n_drift_rows += is_drift;
	return 0;
}

/* It differs after all that was waited for. */
static int
judge_drift(struct reconcile *rc, const struct look *l)
{
	struct reconcile_tally *t = &rc->report.tally;

	t->compared++;
	if (l->is_open || (l->is_moving && !l->thing->is_marked)) {
		t->moving++;
		return list(rc, l, RECONCILE_MOVING);
	}
	t->drifted++;
	t->held += l->view.is_held;
	return list(rc, l, l->view.is_held ? RECONCILE_HELD : RECONCILE_DRIFT);
}

static int
judge(struct reconcile *rc, const struct look *l)
{
	struct reconcile_tally *t = &rc->report.tally;

	if (is_none_of_ours(rc, l))
		return 0; /* a new binding has a mark of its own */
	if (is_unknown(rc, l) && !l->thing->is_marked) {
		t->unknown++;
		return list(rc, l, RECONCILE_UNKNOWN);
	}
	if (is_unknown(rc, l) || differs(rc, l))
		return judge_drift(rc, l);
	t->compared++;
	if (!l->thing->is_marked) {
		t->equal++;
		return 0;
	}
	t->corrected++;
	return list(rc, l, RECONCILE_CORRECTED);
}

/* ---- one comparison ---- */

/* A zero that is held waits for its own command, not for this one. */
static int
put_aside(struct reconcile *rc, const struct look *l)
{
	const struct worker *w = rc->w;
	bool is_marked = rc->is_fix && !l->is_moving && !l->view.is_held;
	char *member;
	int r;

	rc->must_wait |= !is_marked && !l->is_moving;
	r = things_add(&rc->aside, l->thing->sku, l->thing->external,
	               is_marked);
	if (r || !is_marked)
		return r;
	member = text_format("i:%s", l->thing->sku);
	r = member ? store_marks_add_one(w->store, w->account, member,
	                                 MARK_OPERATOR)
	           : err_raise(ERR_NOMEM, "why=%s", "reconcile");
	free(member);
	return r;
}

/*
 * What differs at a channel may be a sale or a return that nobody has told yet:
 * those up to now are listed, and the books read again. Where that is not possible,
 * nothing can be said of such an item.
 */
static int
list_sales(struct reconcile *rc, struct look *looks, size_t n)
{
	bool was_listed = true;
	bool any = false;
	int r;

	for (size_t i = 0; i < n; i++)
		any |= differs(rc, &looks[i]) && !is_authority(rc, &looks[i]);
	if (!any || !rc->w->ops->list_sales)
		return 0;
	r = wait_for_pace(rc, clock_mono_ms() + PATIENCE_MS);
	if (!r)
		r = sales_list(rc->w, clock_wall_ms(), false, 0, &was_listed);
	if (!r && was_listed)
		r = returns_list(rc->w, clock_wall_ms(), false, 0, &was_listed);
	if (!r)
		r = load(rc, looks, n);
	for (size_t i = 0; !r && !was_listed && i < n; i++)
		looks[i].is_moving = true;
	return r;
}

/* Less than it should be, at a channel. */
static bool
is_short(const struct reconcile *rc, const struct look *l)
{
	return differs(rc, l) && !is_authority(rc, l) &&
	       decimal_cmp(l->count.qty, l->should) < 0;
}

/* What lies on sales still open there is on its way; where that cannot be
   asked, so is what is missing. */
static int
ask_for_open(struct reconcile *rc, struct look *looks, size_t n)
{
	struct count *counts = calloc(n, sizeof(*counts));
	size_t n_short = 0;
	bool was_read = true;
	int r;

	if (!counts)
		return err_raise(ERR_NOMEM, "why=%s", "reconcile");
	for (size_t i = 0; i < n; i++)
		if (is_short(rc, &looks[i]))
			counts[n_short++].external = looks[i].thing->external;
	r = n_short ? wait_for_pace(rc, clock_mono_ms() + PATIENCE_MS) : 0;
	if (!r && n_short)
		was_read =
			open_sales_read(rc->w, counts, n_short) == VERDICT_DONE;
	n_short = 0;
	for (size_t i = 0; !r && i < n; i++) {
		struct look *l = &looks[i];

		if (!is_short(rc, l))
			continue;
		l->is_open = !was_read ||
		             decimal_cmp(decimal_add(l->count.qty,
		                                     counts[n_short].qty),
		                         l->should) >= 0;
		n_short++;
	}
	free(counts);
	return r;
}

static int
compare_looks(struct reconcile *rc, struct look *looks, size_t n)
{
	int r = read_looks(rc, looks, n);

	if (!r)
		r = load(rc, looks, n);
	if (!r)
		r = list_sales(rc, looks, n);
	if (!r && rc->is_second && rc->w->ops->read_open)
		r = ask_for_open(rc, looks, n);
	for (size_t i = 0; !r && i < n; i++)
		r = !rc->is_second && differs(rc, &looks[i])
		            ? put_aside(rc, &looks[i])
		            : judge(rc, &looks[i]);
	return r;
}

static int
compare(struct reconcile *rc, const struct thing *things, size_t n)
{
	struct look *looks = calloc(n, sizeof(*looks));
	int r;

	if (!looks)
		return err_raise(ERR_NOMEM, "why=%s", "reconcile");
	for (size_t i = 0; i < n; i++)
		looks[i].thing = &things[i];
	r = compare_looks(rc, looks, n);
	for (size_t i = 0; i < n; i++)
		stock_view_fini(&looks[i].view);
	free(looks);
	return r;
}

/* ---- what was put aside ---- */

static int
is_any_moving(const struct reconcile *rc, bool *out)
{
	const struct worker *w = rc->w;
	const struct things *t = &rc->aside;
	const char *skus[ASIDE_MAX];
	bool moving[ASIDE_MAX];
	int r;

	for (size_t i = 0; i < t->n; i++)
		skus[i] = t->v[i].sku;
	r = store_reconcile_moving(w->store, moving, w->account, skus, t->n);
	*out = false;
	for (size_t i = 0; !r && i < t->n; i++)
		*out |= moving[i];
	return r;
}

/* Until the marks on what was put aside are done, within reason. */
static int
wait_until_still(struct reconcile *rc)
{
	int64_t begun = clock_mono_ms();
	int64_t least_ms = rc->must_wait ? SECOND_LOOK_MS : 0;
	bool is_moving = true;
	int r = 0;

	for (;;) {
		int64_t waited_ms = clock_mono_ms() - begun;

		r = worker_breathe(rc->w, &rc->breathed_mono_ms);
		if (!r)
			r = is_any_moving(rc, &is_moving);
		tell(rc);
		if (r || waited_ms >= STILL_MS ||
		    (!is_moving && waited_ms >= least_ms))
			return r;
		clock_sleep_ms(LOOK_EVERY_MS);
	}
}

static int
see_to_aside(struct reconcile *rc)
{
	int r = 0;

	if (rc->aside.n)
		r = wait_until_still(rc);
	rc->is_second = true;
	for (size_t at = 0; !r && at < rc->aside.n; at += rc->batch.max) {
		size_t n = rc->aside.n - at;

		r = compare(rc, rc->aside.v + at,
		            n < rc->batch.max ? n : rc->batch.max);
	}
	rc->is_second = false;
	rc->must_wait = false;
	things_clear(&rc->aside);
	return r;
}

/* ---- all of them ---- */

static int
compare_batch(struct reconcile *rc)
{
	int r = 0;

	if (rc->aside.n + rc->batch.n > rc->aside.max)
		r = see_to_aside(rc);
	if (!r && rc->batch.n)
		r = compare(rc, rc->batch.v, rc->batch.n);
	things_clear(&rc->batch);
	return r;
}

/* Those of the page that are bound here join the batch. */
static int
take_page(struct reconcile *rc)
{
	struct worker *w = rc->w;
	struct stock_view views[PAGE];
	size_t n = rc->n_page;
	int r = store_stock_view(w->store, views, w->account,
	                         (const char *const *)rc->page, n);

	for (size_t i = 0; !r && i < n; i++) {
		if (!views[i].external)
			continue;
		rc->n_bound++;
		r = things_add(&rc->batch, views[i].sku, views[i].external,
		               false);
		if (!r && rc->batch.n == rc->batch.max)
			r = compare_batch(rc);
	}
	for (size_t i = 0; i < n; i++) {
		stock_view_fini(&views[i]);
		free(rc->page[i]);
	}
	rc->n_page = 0;
	tell(rc);
	return r ? r : worker_breathe(w, &rc->breathed_mono_ms);
}

static int
take_item(void *ctx, const char *sku)
{
	struct reconcile *rc = ctx;

	rc->page[rc->n_page] = text_dup(sku);
	if (!rc->page[rc->n_page])
		return err_raise(ERR_NOMEM, "why=%s", "reconcile");
	rc->n_page++;
	rc->n_seen++;
	return rc->n_page == PAGE ? take_page(rc) : 0;
}

static int
walk(struct reconcile *rc)
{
	struct worker *w = rc->w;
	struct reconcile_tally *t = &rc->report.tally;
	int64_t n_bound = 0;
	int r = store_registry_count(w->store, &rc->total);

	if (!r)
		r = store_registry_each(w->store, take_item, rc);
	if (!r)
		r = take_page(rc);
	if (!r)
		r = compare_batch(rc);
	if (!r)
		r = see_to_aside(rc);
	if (!r)
		r = store_registry_count_account(w->store, w->account, &n_bound,
		                                 &t->unresolved);
	t->unbound = rc->n_seen - rc->n_bound - t->unresolved;
	if (t->unbound < 0)
		t->unbound = 0; /* the registry was changed meanwhile */
	return r;
}

static int
finish(struct reconcile *rc, const struct mark *mark)
{
	struct worker *w = rc->w;
	struct reconcile_tally *t = &rc->report.tally;
	int r;

	t->took_ms = clock_wall_ms() - t->started_ms;
	r = store_reconcile_put(w->store, w->account, &rc->report);
	if (!r)
		r = store_marks_clear(w->store, w->account, &mark, 1);
	log_at(t->drifted ? LOG_WARN : LOG_INFO, "reconcile.done",
	       "account=%s compared=%lld drifted=%lld corrected=%lld "
	       "moving=%lld unknown=%lld took_ms=%lld",
	       w->account, (long long)t->compared, (long long)t->drifted,
	       (long long)t->corrected, (long long)t->moving,
	       (long long)t->unknown, (long long)t->took_ms);
	return r;
}

static int
begin(struct reconcile *rc)
{
	struct worker *w = rc->w;
	size_t max = w->ops->batch_max(w->conf);
	int r = store_reconcile_get(w->store, &rc->last, w->account);

	if (r == RECONCILE_ABSENT)
		r = 0;
	rc->report.rows = calloc(2 * (size_t)RECONCILE_ROWS_MAX,
	                         sizeof(*rc->report.rows));
	if (!r && !rc->report.rows)
		r = err_raise(ERR_NOMEM, "why=%s", "reconcile");
	if (!r)
		r = things_init(&rc->batch, max < ASIDE_MAX ? max : ASIDE_MAX);
	return r ? r : things_init(&rc->aside, ASIDE_MAX);
}

int
reconcile_account(struct worker *w, const struct mark *mark)
{
	struct reconcile *rc;
	int r;

	if (!w->ops->read_counts)
		return store_marks_clear(w->store, w->account, &mark, 1);
	rc = calloc(1, sizeof(*rc));
	if (!rc)
		return err_raise(ERR_NOMEM, "why=%s", "reconcile");
	rc->w = w;
	rc->is_fix = !strcmp(mark->member, MARK_RECONCILE_FIX);
	rc->report.tally.is_fix = rc->is_fix;
	rc->report.tally.started_ms = clock_wall_ms();
	worker_note_run(w, "reconcile", rc->report.tally.started_ms);
	r = begin(rc);
	if (!r)
		r = walk(rc);
	if (!r)
		r = finish(rc, mark);
	for (size_t i = 0; i < rc->n_page; i++)
		free(rc->page[i]);
	things_fini(&rc->batch);
	things_fini(&rc->aside);
	reconcile_report_fini(&rc->report);
	reconcile_report_fini(&rc->last);
	free(rc);
	worker_note_run(w, "", 0);
	return r == GIVEN_UP ? 0 : r; /* the mark stays */
}
