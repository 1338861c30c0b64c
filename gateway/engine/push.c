/*
 * Bring a channel to its targets, at the vendor's pace.
 *
 * A look reads the channel's count, then its sales up to now, and only then
 * computes the target from the books. A count that rose without a reason known
 * may be goods that came back, so those are asked for first; one that fell may
 * lie on a sale that is still open, and is none of ours to put back. What differs is written as an absolute
 * count stamped with the moment up to which sales are inside it, so that a
 * sale rung up meanwhile survives where the vendor orders by time.
 *
 * Source   design.md section 4, Writing to a channel.
 */
#include "gateway/engine/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/drivers/store_timeline.h"
#include "gateway/engine/refused.h"
#include "gateway/model/item.h"
#include "gateway/model/metrics.h"

enum {
	SECOND_LOOK_MS = 10000, /* an unexplained fall is looked at again */
	JUDGE_MS = 2000,        /* then all of a sync's zeros are judged */
	UNKNOWN_WAIT_MS = 60000,
	JUDGED_WAIT_MS =
		10000,        /* the authority's sync has yet to judge a zero */
	READ_AGAIN_MS = 2000, /* after a write; a call comes earlier */
	ZERO_WINDOW_MS = 600000, /* of the alarm on hook-caused zeros */
};

/* So long after a loss of Redis what is bound is bound again. */
#define MENDED_MS (INT64_C(7) * 24 * 3600 * 1000)

/* One item in the look. */
struct look {
	const struct mark *mark;
	struct stock_view view;
	struct count count;  /* as read, and what open sales took off it */
	struct decimal open; /* that: it is not there */
	struct decimal target;
	struct decimal reserve; /* kept back here */
	bool wants_write;
	bool is_drift;
	bool is_moved; /* bound to another thing since the count was read */
};

struct looks {
	struct look *v; /* owned */
	size_t n;
};

static void
looks_fini(struct looks *l)
{
	for (size_t i = 0; i < l->n; i++)
		stock_view_fini(&l->v[i].view);
	free(l->v);
}

static int
clear(struct worker *w, const struct look *look)
{
	return store_marks_clear(w->store, w->account, &look->mark, 1);
}

static int
postpone(struct worker *w, const struct look *look, int64_t wait_ms)
{
	return store_marks_postpone(w->store, w->account, look->mark,
	                            clock_wall_ms() + wait_ms);
}

/* Read the books for every look, all at one moment. */
static int
load_views(struct worker *w, struct looks *l)
{
	const char **skus = calloc(l->n + 1, sizeof(*skus));
	struct stock_view *views = calloc(l->n + 1, sizeof(*views));
	int r = 0;

	if (!skus || !views)
		r = err_raise(ERR_NOMEM, "why=%s", "push");
	for (size_t i = 0; !r && i < l->n; i++)
		skus[i] = l->v[i].mark->member + 2; /* "i:SKU" */
	if (!r)
		r = store_stock_view(w->store, views, w->account, skus, l->n);
	for (size_t i = 0; !r && i < l->n; i++) {
		/* The external id that was read must outlive the reload. */
		char *external = l->v[i].view.external;

		l->v[i].view.external = NULL;
		stock_view_fini(&l->v[i].view);
		l->v[i].view = views[i];
		if (external) {
			l->v[i].is_moved =
				!views[i].external ||
				strcmp(views[i].external, external) != 0;
			free(l->v[i].view.external);
			l->v[i].view.external = external;
		}
	}
	free(skus);
	free(views);
	return r;
}

/* Take those looks whose item is resolved here and may be asked for; forget or
   put off the rest. */
static int
begin(struct worker *w, struct looks *l, const struct marks *marks)
{
	size_t n = 0;
	int r;

	l->v = calloc(marks->n, sizeof(*l->v));
	if (!l->v)
		return err_raise(ERR_NOMEM, "why=%s", "push");
	for (size_t i = 0; i < marks->n; i++)
		l->v[l->n++].mark = marks->v[i];
	r = load_views(w, l);
	for (size_t i = 0; !r && i < l->n; i++) {
		struct look look = l->v[i];

		if (!look.view.external) {
			r = clear(w, &look);
		} else if (refused_left_ms(&look.view, look.mark)) {
			r = refused_postpone(
				w, look.mark,
				refused_left_ms(&look.view, look.mark));
		} else {
			l->v[i] = l->v[n];
			l->v[n++] = look;
		}
	}
	for (size_t i = n; i < l->n; i++)
		stock_view_fini(&l->v[i].view);
	l->n = n;
	return r;
}

static bool
read_counts(struct worker *w, struct looks *l, struct outcome *outcome)
{
	struct count *counts = calloc(l->n, sizeof(*counts));
	bool is_read;

	if (!counts) {
		*outcome = outcome_of(VERDICT_RETRY, "out of memory");
		return false;
	}
	for (size_t i = 0; i < l->n; i++)
		counts[i].external = l->v[i].view.external;
	is_read = refused_read(w, "read counts", counts, l->n, outcome);
	for (size_t i = 0; i < l->n; i++)
		l->v[i].count = counts[i];
	free(counts);
	return is_read;
}

/* ---- for a person who asks about the item ---- */

/* Nothing was written here; why. */
static void
note_left(struct worker *w, const struct look *look, const char *why)
{
	store_timeline_add(w->store, look->view.sku, clock_wall_ms(),
	                   TIMELINE_LEFT, w->account, "not written: %s", why);
}

/* The target, and what it was made of. */
static void
note_target(struct worker *w, const struct look *look, enum timeline_kind kind,
            const char *what)
{
	const struct stock_view *v = &look->view;
	char showed[DECIMAL_TEXT_SIZE] = "nothing";
	char open[DECIMAL_TEXT_SIZE + 24] = "";
	char target[DECIMAL_TEXT_SIZE];
	char balance[DECIMAL_TEXT_SIZE];
	char pending[DECIMAL_TEXT_SIZE];
	char reserve[DECIMAL_TEXT_SIZE];

	if (look->count.is_known)
		(void)decimal_format(showed,
		                     decimal_sub(look->count.qty, look->open));
	if (!decimal_is_zero(look->open))
		(void)snprintf(open, sizeof(open), " and %s on open sales",
		               decimal_format(target, look->open));
	store_timeline_add(w->store, v->sku, clock_wall_ms(), kind, w->account,
	                   "showed %s%s, target %s (balance %s, pending %s, "
	                   "reserve %s)%s",
	                   showed, open, decimal_format(target, look->target),
	                   decimal_format(balance, v->balance),
	                   decimal_format(pending, v->pending),
	                   decimal_format(reserve, look->reserve), what);
}

/* What it showed last, less what was sold since, as known. */
static struct decimal
expected(const struct look *look)
{
	return decimal_sub(look->view.published,
	                   decimal_sub(look->view.sold, look->view.sold_then));
}

/* Below 0 there may be a sale not yet announced; above 0 goods came back, or
   from elsewhere. */
static int
compare_with_sales(const struct look *look)
{
	return decimal_cmp(look->count.qty, expected(look));
}

static bool
has_fallen(const struct look *look)
{
	return look->count.is_known && look->view.has_published &&
	       !look->is_moved && compare_with_sales(look) < 0;
}

/* Open sales account for no more than what is missing: where goods leave the
   count with the closing only, they have taken nothing. */
static void
take_open(struct look *look, struct decimal open)
{
	struct decimal fall = decimal_sub(expected(look), look->count.qty);

	if (decimal_is_negative(open))
		return;
	look->open = decimal_cmp(open, fall) < 0 ? open : fall;
	look->count.qty = decimal_add(look->count.qty, look->open);
}

/*
 * What an open sale holds is neither sold nor missing. It is counted as there,
 * and no write puts it back: the target is shown less what is open.
 */
static int
learn_open(struct worker *w, struct looks *l, bool *was_read)
{
	struct count *counts = calloc(l->n + 1, sizeof(*counts));
	size_t n = 0;

	if (!counts)
		return err_raise(ERR_NOMEM, "why=%s", "push");
	for (size_t i = 0; i < l->n; i++)
		if (has_fallen(&l->v[i]))
			counts[n++].external = l->v[i].view.external;
	if (n)
		*was_read = open_sales_read(w, counts, n);
	n = 0;
	for (size_t i = 0; *was_read && i < l->n; i++)
		if (has_fallen(&l->v[i]))
			take_open(&l->v[i], counts[n++].qty);
	free(counts);
	return 0;
}

/* The count that is to be there while that much is open. */
static struct decimal
shown(const struct look *look)
{
	struct decimal qty = decimal_sub(look->target, look->open);

	return decimal_is_negative(qty) ? DECIMAL_ZERO : qty;
}

/* True when a fall without a sale must be looked at once more, later. */
static int
suspect(struct worker *w, const struct look *look, bool *must_wait)
{
	int64_t now = clock_wall_ms();
	int64_t since = look->view.suspect_ms;
	int64_t age = now - since;
	struct decimal fall = decimal_sub(expected(look), look->count.qty);
	int r = 0;

	*must_wait = true;
	/* It fell further: that may be another sale. From a time to come: the
	   clock was set back. Either way it begins anew. */
	if (!since || age < 0 ||
	    decimal_cmp(fall, look->view.suspect_fall) > 0) {
		r = store_stock_suspect(w->store, w->account, look->view.sku,
		                        now, fall);
		log_info("count.fell", "account=%s sku=%s why=%s", w->account,
		         look->view.sku,
		         log_quote("no sale known; looking again"));
		note_target(w, look, TIMELINE_LEFT,
		            "; not written: it fell without a known sale and "
		            "is looked at once more");
		age = 0;
	}
	if (age >= SECOND_LOOK_MS) {
		*must_wait = false;
		return 0;
	}
	return r ? r : postpone(w, look, SECOND_LOOK_MS - age);
}

static int
leave_refused(struct worker *w, const struct look *look, const char *why)
{
	log_warn("count.refused", "account=%s sku=%s why=%s", w->account,
	         look->view.sku, log_quote(why));
	note_left(w, look, why);
	return refused_rest(w, &look->view, look->mark);
}

/* What the count differs from is known; may it be written now? */
static int
decide_difference(struct worker *w, struct look *look)
{
	int order = decimal_cmp(look->count.qty, look->view.published);
	bool must_wait = false;
	int r = 0;

	if (!look->view.has_published || order == 0) {
		look->wants_write = true; /* first binding, or as we left it */
		return 0;
	}
	/* Sales explain the fall, or returns the rise. */
	if (order < 0 ? compare_with_sales(look) >= 0
	              : compare_with_sales(look) <= 0) {
		look->wants_write = true;
		return 0;
	}
	if (order < 0)
		r = suspect(w, look, &must_wait);
	look->wants_write = !r && !must_wait;
	look->is_drift = look->wants_write;
	return r;
}

/*
 * Would a sync empty something of which we do not know what it showed? After a
 * loss of Redis that is everything, and bindings made again are no first ones.
 */
static int
is_guarded(struct worker *w, const struct look *look, bool *out)
{
	int64_t lost = 0;
	int r = 0;

	*out = false;
	if (look->view.has_published || !decimal_is_zero(look->target) ||
	    decimal_is_zero(look->count.qty) ||
	    decimal_is_negative(look->count.qty))
		return 0;
	*out = mark_is_unasked(look->mark);
	if (look->mark->cause == MARK_BINDING)
		r = store_cursor_get(w->store, &lost, w->account, "lost");
	if (lost)
		*out = clock_wall_ms() - lost < MENDED_MS;
	return r;
}

/* What it shows is known from now on, so the zero guard can judge it with the
   others of the same sync. */
static int
leave_to_guard(struct worker *w, const struct look *look)
{
	const char *judge = MARK_JUDGE;
	int r = store_stock_changed(w->store, w->account, w->account,
	                            look->view.sku);

	note_left(w, look, "a sync would set it to zero: judged with others");
	if (!r)
		r = store_marks_add(w->store, w->account, &judge, 1, MARK_SYNC,
		                    clock_wall_ms() + JUDGE_MS);
	if (!r)
		r = store_stock_published(w->store, w->account,
		                          &(struct stock_published){
						  look->view.sku,
						  look->count.qty,
						  look->view.sold, look->mark },
		                          1);
	return r;
}

static int
decide(struct worker *w, struct look *look)
{
	const struct engine *e = w->engine;
	const char *authority = engine_authority(e, look->view.authority);
	bool guarded = false;
	int r;

	if (look->is_moved)
		return 0; /* the new binding has its own mark */
	r = oversold_look(w, &look->view);
	if (r)
		return r;
	if (!look->view.balance_from ||
	    strcmp(look->view.balance_from, authority) != 0) {
		note_left(w, look, "its balance is not known yet");
		return clear(w, look); /* its first balance will mark it */
	}
	look->reserve = engine_reserve(e, w->conf, look->view.reserve,
	                               look->view.has_reserve);
	look->target = item_target(look->view.balance, look->view.pending,
	                           look->reserve, w->ops->count_places);
	if (look->count.outcome.verdict == VERDICT_REFUSED)
		return leave_refused(w, look, look->count.outcome.why);
	if (!look->count.is_known && !look->view.has_published) {
		/* A thing that was never counted there has no row: the first
		   count is the authority's, whatever the channel shows. */
		look->wants_write = true;
		return 0;
	}
	if (!look->count.is_known) {
		log_warn("count.unknown", "account=%s sku=%s why=%s",
		         w->account, look->view.sku,
		         log_quote("the answer does not name it"));
		note_left(w, look, "the answer does not name it");
		return postpone(w, look, UNKNOWN_WAIT_MS);
	}
	if (look->view.is_held && mark_is_unasked(look->mark) &&
	    decimal_is_zero(look->target)) {
		note_left(w, look, "its zero is held for a person");
		return clear(w, look); /* a person decides */
	}
	if (look->view.is_collected && mark_is_unasked(look->mark) &&
	    decimal_is_zero(look->target) &&
	    !decimal_is_zero(look->count.qty)) {
		note_left(w, look, "the sync that found zero is not over");
		return postpone(w, look, JUDGED_WAIT_MS);
	}
	r = is_guarded(w, look, &guarded);
	if (r || guarded)
		return r ? r : leave_to_guard(w, look);
	if (decimal_cmp(look->count.qty, look->target) != 0)
		return decide_difference(w, look);
	metrics_add(METRIC_counts_equal, 1);
	if (!mark_is_unasked(look->mark)) /* those find most so */
		note_target(w, look, TIMELINE_EQUAL, "");
	return store_stock_published(
		w->store, w->account,
		&(struct stock_published){ look->view.sku, look->target,
	                                   look->view.sold, look->mark },
		1);
}

/* ---- writing ---- */

static void
note_zero(struct worker *w, const struct look *look)
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
note_journey(struct worker *w, const struct look *look)
{
	const struct mark *m = look->mark;
	int64_t now = clock_wall_ms();

	if (look->is_drift) {
		char was[DECIMAL_TEXT_SIZE];

		metrics_add(METRIC_drift_found, 1);
		log_warn("drift.corrected", "account=%s sku=%s found=%s",
		         w->account, look->view.sku,
		         decimal_format(was, look->count.qty));
	}
	if (m->origin_ms && m->fetched_ms) {
		char qty[DECIMAL_TEXT_SIZE];

		log_info("journey.done",
		         "account=%s sku=%s count=%s to_fetch_ms=%lld "
		         "to_write_ms=%lld total_ms=%lld",
		         w->account, look->view.sku,
		         decimal_format(qty, look->target),
		         (long long)(m->fetched_ms - m->origin_ms),
		         (long long)(now - m->fetched_ms),
		         (long long)(now - m->origin_ms));
		worker_note_lag(w, now - m->origin_ms);
	}
}

/*
 * Every write leaves a mark that reads the count again: a sale rung up while
 * the write was under way shows only there. A vendor's call that comes because
 * of the write makes the same look due at once.
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
note_written(struct worker *w, struct look *const *looks,
             const struct count *counts, size_t n)
{
	struct stock_published *rows = calloc(n, sizeof(*rows));
	size_t n_rows = 0;
	int r = 0;

	if (!rows)
		return err_raise(ERR_NOMEM, "why=%s", "push");
	for (size_t i = 0; !r && i < n; i++) {
		if (counts[i].outcome.verdict != VERDICT_DONE) {
			r = leave_refused(w, looks[i], counts[i].outcome.why);
			continue;
		}
		note_target(w, looks[i],
		            looks[i]->is_drift ? TIMELINE_DRIFT
		                               : TIMELINE_WRITTEN,
		            looks[i]->is_drift
		                    ? "; corrected: it had moved without a sale"
		                    : "; written");
		note_zero(w, looks[i]);
		note_journey(w, looks[i]);
		rows[n_rows++] = (struct stock_published){
			looks[i]->view.sku,
			looks[i]->target,
			looks[i]->view.sold,
			looks[i]->mark,
		};
	}
	metrics_add(METRIC_counts_written, (int64_t)n_rows);
	if (!r)
		r = store_stock_published(w->store, w->account, rows, n_rows);
	if (!r)
		r = look_again(w, rows, n_rows);
	if (!r && n_rows) {
		log_info("push.done", "account=%s items=%zu", w->account,
		         n_rows);
		r = worker_note_write(w);
	}
	free(rows);
	return r;
}

/* What is to be written. */
struct writing {
	struct worker *w;
	struct look **looks; /* owned array */
	size_t n;
	int64_t as_of_ms;
};

static int
write_some(void *ctx, size_t at, size_t n, bool *is_refused)
{
	const struct writing *all = ctx;
	struct worker *w = all->w;
	struct look *const *looks = all->looks + at;
	struct count *counts = calloc(n + 1, sizeof(*counts));
	struct outcome outcome;
	int r = 0;

	if (!counts)
		return err_raise(ERR_NOMEM, "why=%s", "push");
	for (size_t i = 0; i < n; i++)
		counts[i] = (struct count){
			.external = looks[i]->view.external,
			.qty = shown(looks[i]),
			.is_known = true,
			.outcome = outcome_done(),
		};
	outcome = w->ops->write_counts(w->state, counts, n, all->as_of_ms);
	if (worker_judge(w, "write counts", &outcome)) {
		r = note_written(w, looks, counts, n);
	} else if (outcome.verdict == VERDICT_REFUSED && n > 1) {
		*is_refused = true;
	} else if (outcome.verdict == VERDICT_REFUSED) {
		counts[0].outcome = outcome;
		r = note_written(w, looks, counts, 1);
	} else {
		for (size_t i = 0; i < n; i++)
			note_left(w, looks[i], outcome.why);
	}
	free(counts);
	return r; /* else the marks stay and pace decides when */
}

/* A half after another one: unless that met with trouble. */
static int
write_half(void *ctx, size_t at, size_t n, bool *is_refused)
{
	const struct writing *all = ctx;

	if (at > 0 && pace_wait_ms(&all->w->pace, clock_mono_ms()) > 0)
		return 0;
	return write_some(ctx, at, n, is_refused);
}

static int
write_wanted(struct worker *w, struct looks *l, int64_t as_of_ms)
{
	struct writing all = { w, calloc(l->n + 1, sizeof(*all.looks)), 0,
		               as_of_ms };
	int r = 0;

	if (!all.looks)
		return err_raise(ERR_NOMEM, "why=%s", "push");
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].wants_write)
			all.looks[all.n++] = &l->v[i];
	if (all.n)
		r = refused_halve(write_half, &all, 0, all.n);
	free(all.looks);
	return r;
}

/* When the oldest call came that these looks answer; 0: none did. */
static int64_t
first_origin(const struct marks *marks)
{
	int64_t first = 0;

	for (size_t i = 0; i < marks->n; i++) {
		int64_t ms = marks->v[i]->origin_ms;

		if (ms && (!first || ms < first))
			first = ms;
	}
	return first;
}

static bool
has_risen(const struct looks *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct look *look = &l->v[i];

		if (look->count.is_known && look->view.has_published &&
		    !look->is_moved && compare_with_sales(look) > 0)
			return true;
	}
	return false;
}

/*
 * The sales up to as_of_ms, and what is open or came back if a count says so;
 * then the books for every look.
 */
static int
learn_sales(struct worker *w, struct looks *l, int64_t as_of_ms,
            int64_t origin_ms, bool *was_listed)
{
	int r = sales_list(w, as_of_ms, false, origin_ms, was_listed);

	if (!r && *was_listed)
		r = load_views(w, l);
	if (!r && *was_listed && w->ops->read_open)
		r = learn_open(w, l, was_listed);
	if (r || !*was_listed || !w->ops->list_returns || !has_risen(l))
		return r;
	r = returns_list(w, as_of_ms, false, origin_ms, was_listed);
	return r || !*was_listed ? r : load_views(w, l);
}

/*
 * Look, learn, write. Halves go through all of it: what a write goes by, some
 * systems remember from the read right before it.
 */
static int
push_some(struct worker *w, const struct marks *marks, bool *is_refused)
{
	struct looks l = { .n = 0 };
	struct outcome outcome = outcome_done();
	bool was_listed = false;
	bool was_well = !pace_is_open(&w->pace);
	int64_t as_of_ms = 0;
	int r;

	r = begin(w, &l, marks);
	if (r || !l.n)
		goto out;
	if (!read_counts(w, &l, &outcome)) {
		*is_refused = outcome.verdict == VERDICT_REFUSED && l.n > 1;
		if (was_well && !*is_refused)
			worker_note_trouble(w, marks, "count not read",
			                    outcome.why);
		if (outcome.verdict == VERDICT_REFUSED && l.n == 1)
			r = refused_rest(w, &l.v[0].view, l.v[0].mark);
		goto out;
	}
	as_of_ms = clock_wall_ms();
	r = learn_sales(w, &l, as_of_ms, first_origin(marks), &was_listed);
	if (!r && !was_listed && was_well)
		worker_note_trouble(w, marks, "not written",
		                    "the sales could not be listed");
	if (r || !was_listed)
		goto out; /* sales unknown: nothing may be written */
	for (size_t i = 0; !r && i < l.n; i++)
		r = decide(w, &l.v[i]);
	if (!r)
		r = write_wanted(w, &l, as_of_ms);
out:
	looks_fini(&l);
	return r;
}

struct pushing {
	struct worker *w;
	const struct marks *marks;
};

static int
push_half(void *ctx, size_t at, size_t n, bool *is_refused)
{
	const struct pushing *p = ctx;
	const struct marks some = { p->marks->v + at, n };

	if (n < p->marks->n && !worker_may_call(p->w))
		return 0; /* the marks stay */
	return push_some(p->w, &some, is_refused);
}

int
push_items(struct worker *w, const struct marks *marks)
{
	struct pushing p = { w, marks };

	/* Nothing to bring to a target: the system takes no counts. */
	if (!w->ops->write_counts)
		return store_marks_clear(w->store, w->account, marks->v,
		                         marks->n);
	return refused_halve(push_half, &p, 0, marks->n);
}
