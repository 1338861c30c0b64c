/*
 * Write a channel's counts.
 *
 * They are absolute and stamped with the moment up to which sales are inside
 * them, so that a sale rung up meanwhile survives where the vendor orders by
 * time. What is not taken keeps its mark, and pace decides when it comes again.
 */
#include "gateway/engine/push.h"

#include <stdlib.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/engine/refused.h"

/* What is to be written. */
struct writing {
	struct worker *w;
	struct push_look **looks; /* owned array */
	size_t n;
	int64_t as_of_ms;
};

/* The system's word on all of them at once. */
static int
note_answer(struct worker *w, struct push_look *const *looks,
            struct count *counts, size_t n, const struct outcome *outcome)
{
	if (outcome->verdict == VERDICT_REFUSED) {
		counts[0].outcome = *outcome;
		return push_written(w, looks, counts, 1);
	}
	for (size_t i = 0; i < n; i++)
		push_look_note_left(w, looks[i], outcome->why);
	return 0; /* the marks stay */
}

static int
write_some(void *ctx, size_t at, size_t n, bool *is_refused)
{
	const struct writing *all = ctx;
	struct worker *w = all->w;
	struct push_look *const *looks = all->looks + at;
	struct count *counts = calloc(n + 1, sizeof(*counts));
	struct outcome outcome;
	int r = 0;

	if (!counts)
		return err_raise(ERR_NOMEM, "why=%s", "push");
	for (size_t i = 0; i < n; i++)
		counts[i] = (struct count){
			.external = looks[i]->view.external,
			.qty = push_look_shown(looks[i]),
			.is_known = true,
			.outcome = outcome_done(),
		};
	outcome = w->ops->write_counts(w->state, counts, n, all->as_of_ms);
	if (worker_judge(w, "write counts", &outcome))
		r = push_written(w, looks, counts, n);
	else if (outcome.verdict == VERDICT_REFUSED && n > 1)
		*is_refused = true;
	else
		r = note_answer(w, looks, counts, n, &outcome);
	free(counts);
	return r;
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

int
push_write(struct worker *w, struct push_look *looks, size_t n,
           int64_t as_of_ms)
{
	struct writing all = { w, calloc(n + 1, sizeof(*all.looks)), 0,
		               as_of_ms };
	int r = 0;

	if (!all.looks)
		return err_raise(ERR_NOMEM, "why=%s", "push");
	for (size_t i = 0; i < n; i++)
		if (looks[i].wants_write)
			all.looks[all.n++] = &looks[i];
	if (all.n)
		r = refused_halve(write_half, &all, 0, all.n);
	free(all.looks);
	return r;
}
