/*
 * Bring a channel to its targets, at the vendor's pace.
 *
 * A look reads the channel's counts, then its sales up to now, and only then
 * the books, by which each item is decided on (push_decide.c) and written
 * (push_write.c). A count that rose without a reason known may be goods that
 * came back, so those are asked for first; one that fell may lie on a sale that
 * is still open, and is none of ours to put back (push_open.c).
 *
 * Invariant: nothing is written where the sales could not be listed.
 *
 * Source   design.md section 4, Writing to a channel.
 */
#include "gateway/engine/push.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/engine/refused.h"

struct looks {
	struct push_look *v; /* owned */
	size_t n;
};

static void
looks_fini(struct looks *l)
{
	for (size_t i = 0; i < l->n; i++)
		stock_view_fini(&l->v[i].view);
	free(l->v);
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
		struct push_look look = l->v[i];

		if (!look.view.external) {
			r = push_look_clear(w, &look);
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
	for (size_t i = 0; i < l->n; i++) {
		counts[i].external = l->v[i].view.external;
		counts[i].bound_ms = worker_bound_ms(&l->v[i].view);
	}
	is_read = refused_read(w, "read counts", counts, l->n, outcome);
	for (size_t i = 0; i < l->n; i++)
		l->v[i].count = counts[i];
	free(counts);
	return is_read;
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

/* Is there anything that a sale could tell us of? */
static bool
has_any(const struct looks *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].count.outcome.verdict != VERDICT_REFUSED)
			return true;
	return false;
}

static bool
has_risen(const struct looks *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct push_look *look = &l->v[i];

		if (look->count.is_known && look->view.has_published &&
		    !look->is_moved && push_look_compare(look) > 0)
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
		r = push_learn_open(w, l->v, l->n, was_listed);
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
	if (has_any(&l))
		r = learn_sales(w, &l, as_of_ms, first_origin(marks),
		                &was_listed);
	else
		was_listed = true; /* nothing will be written */
	if (!r && !was_listed && was_well)
		worker_note_trouble(w, marks, "not written",
		                    "the sales could not be listed");
	if (r || !was_listed)
		goto out; /* sales unknown: nothing may be written */
	for (size_t i = 0; !r && i < l.n; i++)
		r = push_decide(w, &l.v[i]);
	if (!r)
		r = push_write(w, l.v, l.n, as_of_ms);
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
