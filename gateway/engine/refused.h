#ifndef ENGINE_REFUSED_H
#define ENGINE_REFUSED_H

#include "gateway/engine/worker.h"

/*
 * What a system refuses. A batch that is refused whole is halved until the
 * refusal is one item's own: a single bad binding must not stop the others.
 * That item is for a person to mend, and asked for ever less often, for each
 * attempt costs calls.
 */

/* Do n of them from the at-th on. *is_refused: all of it was, as a whole. */
typedef int refused_attempt(void *ctx, size_t at, size_t n, bool *is_refused);

/* Returns 0, or what an attempt returned first that was not. */
int refused_halve(refused_attempt *attempt, void *ctx, size_t at, size_t n);

/* Read counts and judge the call. True: they are read. */
bool refused_read(struct worker *w, const char *doing, struct count *counts,
                  size_t n, struct outcome *outcome);

/*
 * How long an item that was refused is still left alone; 0: it is not.
 * Whatever happens to it makes another mark, which is looked at at once; but
 * what the system does not have is not there for being sold elsewhere, so of
 * that only a person's mark is; when the system itself speaks of it, a minute
 * after the last look (store_marks_add, store_queue_settle).
 */
int64_t refused_left_ms(const struct stock_view *view, const struct mark *mark);

/* Leave it alone: for longer than the last time; because the system has no such
   thing; for the rest of that. */
int refused_rest(struct worker *w, const struct stock_view *view,
                 const struct mark *mark);
int refused_absent(struct worker *w, const struct stock_view *view,
                   const struct mark *mark);
int refused_postpone(struct worker *w, const struct mark *mark,
                     int64_t wait_ms);

#endif
