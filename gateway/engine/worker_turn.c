/*
 * One turn of an account's worker: it posts entries, then takes due marks and
 * does them kind by kind, what is urgent first.
 */
#include "gateway/engine/worker.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_files.h"
#include "gateway/drivers/store_jobs.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_reconcile.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_timeline.h"

enum {
	IDLE_MS = 5000,         /* longest sleep: nothing is due */
	TURN_MAX = 200,         /* marks taken at once */
	BREATHE_EVERY_MS = 250, /* unless the account was marked since */
	POSTPONE_MS = 110000,   /* no mark is due later */
};

/* ---- polls ---- */

/* Only the clock asks for it. Where nothing is limited it makes no difference. */
static bool
is_poll(const struct worker *w, const struct mark *mark)
{
	return w->meter && mark->cause == MARK_SYNC &&
	       strcmp(mark->member, MARK_LOOK_UP) != 0 &&
	       strcmp(mark->member, MARK_RESOLVE) != 0;
}

/* Marks of the work in hand whose member begins with `kind`. */
static size_t
pick(struct marks *out, const struct worker *w, const struct mark_batch *batch,
     const char *kind)
{
	bool polls = meter_work(w->meter) == LIMIT_POLL;

	out->n = 0;
	for (size_t i = 0; i < batch->n; i++)
		if (!strncmp(batch->marks[i].member, kind, strlen(kind)) &&
		    is_poll(w, &batch->marks[i]) == polls)
			out->v[out->n++] = &batch->marks[i];
	return out->n;
}

int64_t
worker_pace_ms(const struct worker *w)
{
	int64_t now = clock_mono_ms();

	return meter_work(w->meter) == LIMIT_POLL
	               ? pace_poll_wait_ms(&w->pace, now)
	               : pace_wait_ms(&w->pace, now);
}

bool
worker_may_call(struct worker *w)
{
	return worker_pace_ms(w) == 0 && worker_keep(w);
}

/* They come again then, and are owed until then. */
static int
put_off(struct worker *w, enum pace_kind kind, const struct marks *some,
        int64_t wait_ms)
{
	if (wait_ms > POSTPONE_MS)
		wait_ms = POSTPONE_MS;
	w->owed_mono_ms[kind] = clock_mono_ms() + wait_ms + IDLE_MS;
	return store_marks_postpone_all(w->store, w->account, some->v, some->n,
	                                clock_wall_ms() + wait_ms);
}

/* They come again when polls may go on. */
static int
postpone_polls(struct worker *w, enum pace_kind kind, const struct marks *polls,
               int64_t wait_ms)
{
	if (!strncmp(polls->v[0]->member, "i:", 2))
		worker_note_trouble(w, polls, "not looked at yet",
		                    "our own limit holds polls back");
	return put_off(w, kind, polls, wait_ms);
}

/* May polls begin? If not, they are postponed; all else may. */
static bool
may_poll(struct worker *w, enum pace_kind kind, const struct marks *some,
         int *r)
{
	int64_t wait_ms = 0;
	int64_t held_ms;

	if (*r || !some->n)
		return false;
	if (meter_work(w->meter) == LIMIT_URGENT)
		return true;
	*r = meter_poll_wait(w->meter, &wait_ms);
	held_ms = pace_poll_wait_ms(&w->pace, clock_mono_ms());
	if (held_ms > wait_ms)
		wait_ms = held_ms;
	if (*r || !wait_ms)
		return !*r;
	*r = postpone_polls(w, kind, some, wait_ms);
	return false;
}

/* ---- kinds of work ---- */

/* Marks of the whole account that stay until their work is done. */
static const struct {
	const char *member;
	enum pace_kind kind;
} owed_marks[] = {
	{ MARK_LOOK_UP, PACE_LOOK_UP },
	{ MARK_SALES, PACE_LISTING },
	{ MARK_CATCH_UP, PACE_SYNC },
	{ MARK_FULL, PACE_SYNC },
	{ MARK_RECONCILE, PACE_RECONCILE },
	{ MARK_RECONCILE_FIX, PACE_RECONCILE },
};

static enum pace_kind
kind_of(const struct mark *mark)
{
	for (size_t i = 0; i < sizeof(owed_marks) / sizeof(*owed_marks); i++)
		if (!strcmp(mark->member, owed_marks[i].member))
			return owed_marks[i].kind;
	return PACE_NONE;
}

/* Is it this kind's turn? See do_work. */
static bool
is_its_turn(const struct worker *w, enum pace_kind kind)
{
	return w->turn.kinds & (1U << kind);
}

static void
note_seen(struct worker *w, enum pace_kind kind)
{
	w->turn.seen |= 1U << kind;
}

/* Somebody who called, sold or asked since it failed has it tried at once. */
static void
take_hints(struct worker *w, enum pace_kind kind, const struct marks *some)
{
	int64_t now = clock_mono_ms();

	for (size_t i = 0; i < some->n; i++) {
		const struct mark *mark = some->v[i];

		if (mark->cause == MARK_OPERATOR)
			pace_ask(&w->pace, kind, mark->generation, now);
		else if (!mark_is_unasked(mark))
			pace_hint_kind(&w->pace, kind, mark->generation, now);
	}
}

/* A person's work waits neither for the account nor behind another kind. */
static void
take_asks(struct worker *w, const struct mark_batch *batch)
{
	for (size_t i = 0; i < batch->n; i++) {
		const struct mark *mark = &batch->marks[i];
		enum pace_kind kind = strcmp(mark->member, MARK_POSTS)
		                              ? kind_of(mark)
		                              : PACE_POST;

		if (mark->cause == MARK_OPERATOR)
			pace_ask(&w->pace, kind, mark->generation,
			         clock_mono_ms());
	}
}

/* More marks wait than one turn takes: those of a kind in trouble make room
   for what is behind them. What is done already is not touched. */
static int
make_room(struct worker *w, enum pace_kind kind, const struct marks *some)
{
	int64_t wait_ms = pace_kind_wait_ms(&w->pace, kind, clock_mono_ms());

	if (!some->n || !w->turn.is_full || !w->pace.kinds[kind].failures ||
	    !wait_ms)
		return 0;
	return put_off(w, kind, some, wait_ms);
}

/*
 * May this work begin? If its kind is to wait, its marks stay due, for a hint
 * must find them so; but where there are more than one turn takes, they make
 * room for those behind them.
 */
static bool
may_begin(struct worker *w, enum pace_kind kind, const struct marks *some,
          int *r)
{
	int64_t now = clock_mono_ms();
	int64_t wait_ms;

	if (*r || !some->n)
		return false;
	note_seen(w, kind);
	take_hints(w, kind, some);
	wait_ms = pace_kind_wait_ms(&w->pace, kind, now);
	if (!wait_ms) {
		w->turn.has_begun = true;
		return true;
	}
	if (!w->turn.held_ms || wait_ms < w->turn.held_ms)
		w->turn.held_ms = wait_ms;
	*r = make_room(w, kind, some);
	return false;
}

/* Is there a mark for it that is not due? */
static int
find_owed(struct worker *w, enum pace_kind kind, bool *is_owed)
{
	int r = MARKS_ABSENT;

	for (size_t i = 0;
	     r == MARKS_ABSENT && i < sizeof(owed_marks) / sizeof(*owed_marks);
	     i++) {
		struct mark found = { 0 };

		if (owed_marks[i].kind != kind)
			continue;
		r = store_marks_find(w->store, &found, w->account,
		                     owed_marks[i].member);
		free(found.member);
	}
	*is_owed = !r;
	return r == MARKS_ABSENT ? 0 : r;
}

/* What failed and is gone from the list is nobody's trouble any more. */
static int
forget_others(struct worker *w)
{
	int64_t now = clock_mono_ms();
	int r = 0;

	for (enum pace_kind kind = PACE_POST + 1;
	     !r && !w->turn.is_full && kind < PACE_KINDS; kind++) {
		bool is_owed = w->owed_mono_ms[kind] > now;

		if (!w->pace.kinds[kind].failures ||
		    w->turn.seen & (1U << kind))
			continue;
		if (!is_owed)
			r = find_owed(w, kind, &is_owed);
		if (!r && !is_owed)
			worker_forget_work(w, kind);
	}
	return r;
}

/* ---- marks ---- */

/* Split item marks by whether this account is right about the item. */
static int
split_items(struct worker *w, const struct marks *items, struct marks *mine,
            struct marks *others)
{
	struct stock_view views[TURN_MAX];
	const char *skus[TURN_MAX];
	int r;

	for (size_t i = 0; i < items->n; i++)
		skus[i] = items->v[i]->member + 2; /* "i:SKU" */
	r = store_stock_view(w->store, views, w->account, skus, items->n);
	for (size_t i = 0; !r && i < items->n; i++) {
		const char *authority =
			engine_authority(w->engine, views[i].authority);
		struct marks *to =
			strcmp(authority, w->account) ? others : mine;

		to->v[to->n++] = items->v[i];
		stock_view_fini(&views[i]);
	}
	return r;
}

/*
 * One item may fail for good and all that is asked for with it. What failed
 * together again and again is in doubt: it comes after all others, the first
 * alone and more with each success, so that what fails is soon alone.
 */
static bool *
doubt_of(struct worker *w, const struct mark *mark)
{
	unsigned hash = 5381;

	for (const char *c = mark->member; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	return &w->doubted[hash % WORKER_DOUBTS];
}

static void
set_doubt(struct worker *w, const struct marks *some, bool is_doubted)
{
	for (size_t i = 0; i < some->n; i++)
		*doubt_of(w, some->v[i]) = is_doubted;
}

/* Each in their order; both are the caller's to free. */
static int
split_doubted(struct worker *w, const struct marks *all, struct marks *sure,
              struct marks *doubted)
{
	sure->v = calloc(all->n, sizeof(*sure->v));
	doubted->v = calloc(all->n, sizeof(*doubted->v));
	if (!sure->v || !doubted->v)
		return err_raise(ERR_NOMEM, "why=%s", "turn");
	for (size_t i = 0; i < all->n; i++) {
		struct marks *to = *doubt_of(w, all->v[i]) ? doubted : sure;

		to->v[to->n++] = all->v[i];
	}
	return 0;
}

/* One piece of work. Did its system fail? */
static int
do_piece(struct worker *w, enum pace_kind kind, const struct marks *some,
         int64_t tick, bool *has_failed)
{
	const struct pace_trouble *t = &w->pace.kinds[kind];
	unsigned failures = t->failures;
	struct pace_piece around = worker_begin_work(w, kind);
	int r = kind == PACE_BALANCES ? refresh_items(w, some, tick)
	                              : push_items(w, some);

	worker_end_work(w, around);
	*has_failed = t->failures && t->failures != failures &&
	              t->verdict != VERDICT_LOCKED;
	if (!t->failures)
		set_doubt(w, some, false);
	return r;
}

static bool
may_go_on(struct worker *w, enum pace_kind kind)
{
	return !pace_kind_wait_ms(&w->pace, kind, clock_mono_ms()) &&
	       worker_may_call(w);
}

/* In batches of the vendor's size. */
static int
do_sure(struct worker *w, enum pace_kind kind, const struct marks *sure,
        int64_t tick)
{
	size_t max = w->ops->batch_max(w->conf);
	bool has_failed = false;
	size_t at = 0;
	int r = 0;

	while (!r && !has_failed && at < sure->n && may_go_on(w, kind)) {
		struct marks some = { sure->v + at, sure->n - at };

		if (some.n > max)
			some.n = max;
		r = do_piece(w, kind, &some, tick, &has_failed);
		if (has_failed && ++w->n_cut[kind] >= PACE_OUTAGE)
			set_doubt(w, &some, true);
		at += some.n;
	}
	if (sure->n && at >= sure->n && !has_failed)
		w->n_cut[kind] = 0;
	return r ? r : make_room(w, kind, sure);
}

/* What fails alone leaves its place to the others; and if those went well, it
   is the item's own fault, which their success must not make urgent. */
static int
step_back(struct worker *w, enum pace_kind kind, const struct marks *one,
          bool is_last)
{
	int64_t wait_ms = pace_kind_wait_ms(&w->pace, kind, clock_mono_ms());
	bool is_its_own = w->pace.kinds[kind].failures == 1;

	if (is_its_own)
		wait_ms = w->pace.dear_ms ? POSTPONE_MS : PACE_CAP_MS;
	return is_last && !is_its_own ? 0 : put_off(w, kind, one, wait_ms);
}

static int
do_doubted(struct worker *w, enum pace_kind kind, const struct marks *doubted,
           int64_t tick)
{
	size_t max = w->ops->batch_max(w->conf);
	struct marks rest;
	bool has_failed = false;
	size_t step = 1;
	size_t at = 0;
	int r = 0;

	while (!r && !has_failed && at < doubted->n && may_go_on(w, kind)) {
		struct marks some = { doubted->v + at, doubted->n - at };

		if (some.n > step)
			some.n = step;
		r = do_piece(w, kind, &some, tick, &has_failed);
		if (!r && has_failed && some.n == 1)
			r = step_back(w, kind, &some, doubted->n == 1);
		if (!has_failed || some.n == 1)
			at += some.n;
		step = step * 4 < max ? step * 4 : max;
	}
	rest = (struct marks){ doubted->v + at, doubted->n - at };
	return r ? r : make_room(w, kind, &rest);
}

static int
in_batches(struct worker *w, enum pace_kind kind, const struct marks *all,
           int64_t tick)
{
	struct marks sure = { NULL, 0 };
	struct marks doubted = { NULL, 0 };
	int r = 0;

	if (!is_its_turn(w, kind) || !may_begin(w, kind, all, &r))
		return r;
	r = split_doubted(w, all, &sure, &doubted);
	if (!r)
		r = do_sure(w, kind, &sure, tick);
	if (!r)
		r = do_doubted(w, kind, &doubted, tick);
	free(sure.v);
	free(doubted.v);
	return r;
}

static int
do_items(struct worker *w, const struct marks *items, int64_t tick)
{
	struct marks mine = { calloc(items->n, sizeof(*mine.v)), 0 };
	struct marks others = { calloc(items->n, sizeof(*others.v)), 0 };
	int r = mine.v && others.v ? 0 : ERR_NOMEM;

	if (!r)
		r = split_items(w, items, &mine, &others);
	if (!r)
		r = in_batches(w, PACE_BALANCES, &mine, tick);
	if (!r)
		r = in_batches(w, PACE_COUNTS, &others, tick);
	free(mine.v);
	free(others.v);
	return r;
}

static int
do_resolve(struct worker *w, const struct mark *mark)
{
	int r = resolve_bindings(w);

	return r ? r : store_marks_clear(w->store, w->account, &mark, 1);
}

static int
do_sales(struct worker *w, const struct mark *mark)
{
	bool was_listed = false;
	int r = sales_list(w, clock_wall_ms(), true, 0, &was_listed);

	if (!r && was_listed)
		r = store_marks_clear(w->store, w->account, &mark, 1);
	return r;
}

/* A sync that is to come judges all of it at its end. */
static int
do_judge(struct worker *w, const struct mark *mark)
{
	static const char *const syncs[] = { MARK_FULL, MARK_CATCH_UP };
	int r = MARKS_ABSENT;

	for (size_t i = 0; r == MARKS_ABSENT && i < 2; i++) {
		struct mark found = { 0 };

		r = store_marks_find(w->store, &found, w->account, syncs[i]);
		free(found.member);
	}
	if (r == MARKS_ABSENT)
		r = guard_release(w);
	return r ? r : store_marks_clear(w->store, w->account, &mark, 1);
}

/* The marks that mean the whole account. */
static int
do_account(struct worker *w, const struct mark *mark)
{
	const char *m = mark->member;

	if (!strcmp(m, MARK_RESOLVE))
		return do_resolve(w, mark);
	if (!worker_may_call(w))
		return 0;
	if (!strcmp(m, MARK_LOOK_UP))
		return post_look_up(w, mark);
	if (!strcmp(m, MARK_SALES))
		return do_sales(w, mark);
	if (!strcmp(m, MARK_JUDGE))
		return do_judge(w, mark);
	if (!strcmp(m, MARK_CATCH_UP) || !strcmp(m, MARK_FULL) ||
	    !strcmp(m, MARK_DRY_CATCH_UP) || !strcmp(m, MARK_DRY_FULL))
		return sync_account(w, mark);
	if (!strcmp(m, MARK_RECONCILE) || !strcmp(m, MARK_RECONCILE_FIX))
		return reconcile_account(w, mark);
	/* The next turn begins with posts, whose wait is over. */
	return store_marks_clear(w->store, w->account, &mark, 1);
}

static int
by_generation(const void *a, const void *b)
{
	int64_t x = (*(const struct mark *const *)a)->generation;
	int64_t y = (*(const struct mark *const *)b)->generation;

	return (x > y) - (x < y);
}

static int
do_sales_named(struct worker *w, const struct marks *sales)
{
	struct pace_piece around;
	int r = 0;

	if (!is_its_turn(w, PACE_SALES) ||
	    !may_poll(w, PACE_SALES, sales, &r) ||
	    !may_begin(w, PACE_SALES, sales, &r) || !worker_may_call(w))
		return r;
	around = worker_begin_work(w, PACE_SALES);
	r = sales_read(w, sales);
	worker_end_work(w, around);
	return r ? r : make_room(w, PACE_SALES, sales);
}

/* Whose they are is not known before they may be looked at. */
static int
do_items_due(struct worker *w, const struct marks *items, int64_t tick)
{
	int r = 0;

	if (!is_its_turn(w, PACE_BALANCES) && !is_its_turn(w, PACE_COUNTS))
		return 0;
	if (may_poll(w, PACE_COUNTS, items, &r) && worker_may_call(w))
		return do_items(w, items, tick);
	if (items->n) {
		note_seen(w, PACE_BALANCES);
		note_seen(w, PACE_COUNTS);
		if (w->owed_mono_ms[PACE_BALANCES] <
		    w->owed_mono_ms[PACE_COUNTS])
			w->owed_mono_ms[PACE_BALANCES] =
				w->owed_mono_ms[PACE_COUNTS];
	}
	return r;
}

/* Pictures that nobody waits for any more are dropped whatever the pace. */
static int
do_pictures(struct worker *w, const struct marks *files)
{
	struct pace_piece around;
	int r = 0;

	if (!is_its_turn(w, PACE_PICTURES) ||
	    !may_poll(w, PACE_PICTURES, files, &r))
		return r;
	(void)may_begin(w, PACE_PICTURES, files, &r);
	around = worker_begin_work(w, PACE_PICTURES);
	r = r ? r : files_fetch(w, files);
	worker_end_work(w, around);
	return r ? r : make_room(w, PACE_PICTURES, files);
}

static int
do_jobs(struct worker *w, const struct marks *jobs)
{
	struct pace_piece around;
	int r = 0;

	if (!is_its_turn(w, PACE_JOBS) || !may_poll(w, PACE_JOBS, jobs, &r) ||
	    !may_begin(w, PACE_JOBS, jobs, &r))
		return r;
	around = worker_begin_work(w, PACE_JOBS);
	r = enrol_items(w, jobs);
	worker_end_work(w, around);
	return r ? r : make_room(w, PACE_JOBS, jobs);
}

static int
do_one_account(struct worker *w, const struct marks *one)
{
	enum pace_kind kind = kind_of(one->v[0]);
	struct pace_piece around;
	int r = 0;

	if (!is_its_turn(w, kind) || !may_poll(w, kind, one, &r))
		return r;
	if (!may_begin(w, kind, one, &r) && kind != PACE_NONE)
		return r;
	around = worker_begin_work(w, kind);
	r = do_account(w, one->v[0]);
	worker_end_work(w, around);
	return r;
}

/* One kind of work after the other; some has room for all of it. */
static int
do_kinds(struct worker *w, const struct mark_batch *batch, struct marks *some)
{
	int r;

	(void)pick(some, w, batch, "s:");
	r = do_sales_named(w, some);
	(void)pick(some, w, batch, "i:");
	if (!r)
		r = do_items_due(w, some, batch->tick);
	(void)pick(some, w, batch, MARK_FILE);
	if (!r)
		r = do_pictures(w, some);
	(void)pick(some, w, batch, MARK_JOB);
	if (!r)
		r = do_jobs(w, some);
	/* Polls in the order in which they were asked for: one that is soon
	   asked for again never keeps the others waiting for good. */
	if (pick(some, w, batch, "y:") > 1 &&
	    meter_work(w->meter) == LIMIT_POLL)
		qsort(some->v, some->n, sizeof(*some->v), by_generation);
	for (size_t i = 0; !r && i < some->n; i++) {
		const struct marks one = { some->v + i, 1 };

		r = do_one_account(w, &one);
	}
	return r;
}

/* Of the kinds in this set, the one whose failure is longest ago. */
static enum pace_kind
next_troubled(const struct worker *w, unsigned kinds)
{
	enum pace_kind next = PACE_NONE;

	for (enum pace_kind kind = PACE_NONE + 1; kind < PACE_KINDS; kind++)
		if (kinds & (1U << kind) &&
		    (next == PACE_NONE ||
		     w->pace.kinds[kind].failed_at_ms <
		             w->pace.kinds[next].failed_at_ms))
			next = kind;
	return next;
}

/*
 * What goes well first, then what failed, the longest ago first: a failure
 * brings the whole account a wait, and what came first each time would keep
 * the rest from ever beginning.
 */
static int
do_work(struct worker *w, const struct mark_batch *batch, struct marks *some)
{
	unsigned troubled = 0;
	int r;

	for (enum pace_kind kind = PACE_NONE + 1; kind < PACE_KINDS; kind++)
		if (w->pace.kinds[kind].failures)
			troubled |= 1U << kind;
	w->turn.kinds = ~troubled;
	r = do_kinds(w, batch, some);
	while (!r && troubled) {
		w->turn.kinds = 1U << next_troubled(w, troubled);
		troubled &= ~w->turn.kinds;
		r = do_kinds(w, batch, some);
	}
	return r;
}

/* What is urgent first. */
static int
do_batch(struct worker *w, const struct mark_batch *batch)
{
	struct marks some = { calloc(batch->n + 1, sizeof(*some.v)), 0 };
	int r = some.v ? 0 : err_raise(ERR_NOMEM, "why=%s", "turn");

	w->turn.is_full = batch->n >= TURN_MAX;
	w->pace.tick = batch->tick;
	take_asks(w, batch);
	if (!r)
		r = do_work(w, batch, &some);
	if (!r && w->meter) {
		(void)meter_set_work(w->meter, LIMIT_POLL);
		r = do_work(w, batch, &some);
		(void)meter_set_work(w->meter, LIMIT_URGENT);
	}
	free(some.v);
	return r;
}

/*
 * Posts come before reads, which then see what they did. After trouble with
 * posts the marks have one turn before them: else the wait that each attempt
 * brings would keep the account from all else, and from the very sync that the
 * posts may be waiting for.
 */
static bool
is_marks_turn(struct worker *w)
{
	bool yes = w->had_post_trouble &&
	           pace_wait_ms(&w->pace, clock_mono_ms()) == 0;

	if (yes)
		w->had_post_trouble = false;
	return yes;
}

static int
post_in_turn(struct worker *w, int64_t *next_due_ms)
{
	bool could_call = pace_wait_ms(&w->pace, clock_mono_ms()) == 0;
	int r = post_entries(w, next_due_ms);

	if (could_call)
		w->had_post_trouble =
			pace_wait_ms(&w->pace, clock_mono_ms()) > 0;
	return r;
}

/* How long nothing is to be done; 0: there may be more. */
static int64_t
rest_ms(const struct worker *w, const struct mark_batch *batch,
        int64_t next_post_ms)
{
	int64_t now = clock_wall_ms();
	int64_t mono = clock_mono_ms();
	int64_t pace = pace_wait_ms(&w->pace, mono);
	int64_t post = pace_kind_wait_ms(&w->pace, PACE_POST, mono);
	int64_t wait_ms = IDLE_MS;

	if (batch->n)
		wait_ms = w->turn.has_begun ? 0 : w->turn.held_ms;
	if (batch->next_due_ms > now && batch->next_due_ms - now < wait_ms)
		wait_ms = batch->next_due_ms - now;
	if (next_post_ms && next_post_ms - now < wait_ms)
		wait_ms = next_post_ms - now;
	if (post && post < wait_ms)
		wait_ms = post;
	if (wait_ms < pace)
		wait_ms = pace;
	return wait_ms < IDLE_MS ? wait_ms : IDLE_MS;
}

int
worker_turn(struct worker *w, int64_t *wait_ms)
{
	struct mark_batch batch = { .n = 0 };
	int64_t next_post_ms = 0;
	bool marks_first = is_marks_turn(w);
	int r = marks_first ? 0 : post_in_turn(w, &next_post_ms);

	w->turn = (struct turn){ .seen = 0 };
	if (!r)
		r = store_marks_take(w->store, &batch, w->account, TURN_MAX);
	if (!r && batch.n)
		r = do_batch(w, &batch);
	if (!r)
		r = forget_others(w);
	if (!r && marks_first)
		r = post_in_turn(w, &next_post_ms);
	*wait_ms = rest_ms(w, &batch, next_post_ms);
	mark_batch_fini(&batch);
	return r;
}

/* As a turn of its own, whatever the work around it. */
static int
take_turn_within(struct worker *w)
{
	struct mark_batch batch = { .n = 0 };
	int64_t next_post_ms = 0;
	bool marks_first = is_marks_turn(w);
	int r = marks_first ? 0 : post_in_turn(w, &next_post_ms);

	if (!r)
		r = store_marks_take_urgent(w->store, &batch, w->account,
		                            TURN_MAX);
	if (!r && batch.n)
		r = do_batch(w, &batch);
	if (!r && marks_first)
		r = post_in_turn(w, &next_post_ms);
	if (!r && !batch.n)
		(void)store_timeline_settle(w->store);
	mark_batch_fini(&batch);
	return r;
}

int
worker_interlude(struct worker *w)
{
	enum limit_work work = meter_set_work(w->meter, LIMIT_URGENT);
	struct pace_piece around = worker_begin_work(w, PACE_NONE);
	struct turn turn = w->turn;
	int64_t tick = w->pace.tick;
	int r;

	assert(!w->is_interlude);
	w->is_interlude = true;
	r = take_turn_within(w);
	w->is_interlude = false;
	w->pace.tick = tick;
	w->turn = turn;
	worker_end_work(w, around);
	(void)meter_set_work(w->meter, work);
	return r;
}

int
worker_breathe(struct worker *w, int64_t *breathed_mono_ms)
{
	int r;

	if (!worker_keep(w))
		return ERR_STORE; /* stopping, paused, or not ours */
	r = store_marks_poll(w->store, w->account);
	if (r == MARKS_WOKEN)
		pace_hint(&w->pace, clock_mono_ms());
	else if (r || clock_mono_ms() - *breathed_mono_ms < BREATHE_EVERY_MS)
		return r;
	r = worker_interlude(w);
	*breathed_mono_ms = clock_mono_ms();
	return r;
}
