/*
 * What is decided about one item of a channel's look: is its count written?
 *
 * A count that is as we left it, or that the known sales and returns explain,
 * is brought to its target. A fall without a known sale may be a sale that is
 * not listed yet, so it is looked at once more before it is called drift; later
 * if what lies on open sales cannot be read. A zero that nobody outside asked for is the zero guard's.
 *
 * Source   design.md section 4, Writing to a channel.
 */
#include "gateway/engine/push.h"

#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/model/metrics.h"

enum {
	SECOND_LOOK_MS = 10000,  /* an unexplained fall is looked at again */
	OPEN_AGAIN_MS = 30000,   /* … where open sales could not be read, */
	OPEN_UNREAD_MS = 300000, /* and it is not held for longer */
	JUDGE_MS = 2000,         /* then all of a sync's zeros are judged */
	UNKNOWN_WAIT_MS = 60000,
	JUDGED_WAIT_MS = 10000, /* a sync has yet to judge a zero */
};

/* ---- a count that differs ---- */

/* It fell, and nobody knows why: from now on, and by how much. */
static int
begin_suspicion(struct worker *w, const struct push_look *look,
                struct decimal fall)
{
	const struct stock_suspicion s = { clock_wall_ms(), clock_mono_ms(),
		                           fall };
	int r = store_stock_suspect(w->store, w->account, look->view.sku, &s);

	log_info("count.fell", "account=%s sku=%s why=%s", w->account,
	         look->view.sku,
	         log_quote(look->is_open_unread
	                           ? "no sale known, and the open ones cannot "
	                             "be read; looking again"
	                           : "no sale known; looking again"));
	push_look_note_target(
		w, look, TIMELINE_LEFT,
		look->is_open_unread
			? "; not written: it fell without a known sale, and "
			  "the open sales cannot be read; it is looked at "
			  "again for five minutes"
			: "; not written: it fell without a known sale and is "
			  "looked at once more");
	return r;
}

/* How long is it left alone before the next look? 0: long enough. */
static int64_t
suspicion_left_ms(const struct push_look *look, int64_t age)
{
	int64_t left =
		(look->is_open_unread ? OPEN_UNREAD_MS : SECOND_LOOK_MS) - age;

	if (left <= 0)
		return 0;
	return look->is_open_unread && left > OPEN_AGAIN_MS ? OPEN_AGAIN_MS
	                                                    : left;
}

/*
 * How old is it, by both clocks? Who sets the wall clock ahead makes no sale be
 * listed sooner. The other one may be another machine's, or of before its last
 * start: then it says nothing, or at worst makes the wait as long again.
 */
static int64_t
suspicion_age_ms(const struct stock_suspicion *s)
{
	int64_t wall = clock_wall_ms() - s->since_ms;
	int64_t mono = clock_mono_ms() - s->since_mono_ms;

	return s->since_mono_ms && mono >= 0 && mono < wall ? mono : wall;
}

/* True when a fall without a sale must be looked at once more, later. */
static int
suspect(struct worker *w, const struct push_look *look, bool *must_wait)
{
	const struct stock_suspicion *s = &look->view.suspicion;
	int64_t age = suspicion_age_ms(s);
	int64_t left;
	struct decimal fall =
		decimal_sub(push_look_expected(look), look->count.qty);
	int r = 0;

	*must_wait = true;
	/* It fell further: that may be another sale. From a time to come: the
	   clock was set back. Either way it begins anew. */
	if (!s->since_ms || age < 0 || decimal_cmp(fall, s->fall) > 0) {
		r = begin_suspicion(w, look, fall);
		age = 0;
	}
	left = suspicion_left_ms(look, age);
	if (!left) {
		*must_wait = false;
		return 0;
	}
	return r ? r : push_look_postpone(w, look, left);
}

/* What the count differs from is known; may it be written now? */
static int
decide_difference(struct worker *w, struct push_look *look)
{
	int order = decimal_cmp(look->count.qty, look->view.published);
	bool must_wait = false;
	int r = 0;

	if (!look->view.has_published || order == 0) {
		look->wants_write = true; /* first binding, or as we left it */
		return 0;
	}
	/* Sales explain the fall, or returns the rise. */
	if (order < 0 ? push_look_compare(look) >= 0
	              : push_look_compare(look) <= 0) {
		look->wants_write = true;
		return 0;
	}
	if (order < 0)
		r = suspect(w, look, &must_wait);
	look->wants_write = !r && !must_wait;
	look->is_drift = look->wants_write;
	return r;
}

/* ---- a zero ---- */

/*
 * Would a sync empty something of which we do not know what it showed? After a
 * loss of Redis that is everything, and bindings made again are no first ones.
 */
static int
is_guarded(struct worker *w, const struct push_look *look, bool *out)
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
leave_to_guard(struct worker *w, const struct push_look *look)
{
	const char *judge = MARK_JUDGE;
	int r = store_stock_changed(w->store, w->account, w->account,
	                            look->view.sku);

	push_look_note_left(w, look,
	                    "a sync would set it to zero: judged with others");
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

/* Leave a zero that a person or the zero guard decides on. */
static int
leave_zero(struct worker *w, const struct push_look *look, bool *is_left)
{
	bool is_unasked =
		decimal_is_zero(look->target) && mark_is_unasked(look->mark);
	int r;

	*is_left = true;
	if (is_unasked && look->view.is_held) {
		push_look_note_left(w, look, "its zero is held for a person");
		return push_look_clear(w, look); /* a person decides */
	}
	if (is_unasked && look->view.is_collected &&
	    !decimal_is_zero(look->count.qty)) {
		push_look_note_left(w, look,
		                    "the sync that found zero is not over");
		return push_look_postpone(w, look, JUDGED_WAIT_MS);
	}
	r = is_guarded(w, look, is_left);
	return !r && *is_left ? leave_to_guard(w, look) : r;
}

/* ---- all of it ---- */

static int
decide_unknown(struct worker *w, struct push_look *look)
{
	if (!look->view.has_published) {
		/* A thing that was never counted there has no row: the first
		   count is the authority's, whatever the channel shows. */
		look->wants_write = true;
		return 0;
	}
	log_warn("count.unknown", "account=%s sku=%s why=%s", w->account,
	         look->view.sku, log_quote("the answer does not name it"));
	push_look_note_left(w, look, "the answer does not name it");
	return push_look_postpone(w, look, UNKNOWN_WAIT_MS);
}

static int
decide_known(struct worker *w, struct push_look *look)
{
	bool is_left = false;
	int r = leave_zero(w, look, &is_left);

	if (!r && !is_left && look->is_open_unread)
		r = suspect(w, look, &is_left); /* even one that is right */
	if (r || is_left)
		return r;
	if (decimal_cmp(look->count.qty, look->target) != 0)
		return decide_difference(w, look);
	metrics_add(METRIC_counts_equal, 1);
	if (!mark_is_unasked(look->mark)) /* those find most so */
		push_look_note_target(w, look, TIMELINE_EQUAL, "");
	return store_stock_published(
		w->store, w->account,
		&(struct stock_published){ look->view.sku, look->target,
	                                   look->view.sold, look->mark },
		1);
}

int
push_decide(struct worker *w, struct push_look *look)
{
	const struct engine *e = w->engine;
	const char *authority = engine_authority(e, look->view.authority);
	int r;

	if (look->is_moved)
		return 0; /* the new binding has its own mark */
	r = oversold_look(w, &look->view);
	if (r)
		return r;
	if (!look->view.balance_from ||
	    strcmp(look->view.balance_from, authority) != 0) {
		push_look_note_left(w, look, "its balance is not known yet");
		return push_look_clear(w, look); /* its first one marks it */
	}
	look->reserve = engine_reserve(e, w->conf, look->view.reserve,
	                               look->view.has_reserve);
	look->target = item_target(look->view.balance, look->view.pending,
	                           look->reserve, w->ops->count_places);
	if (look->count.outcome.verdict == VERDICT_REFUSED)
		return push_look_refused(w, look, look->count.outcome.why);
	return look->count.is_known ? decide_known(w, look)
	                            : decide_unknown(w, look);
}
