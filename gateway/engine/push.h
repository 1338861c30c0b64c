#ifndef ENGINE_PUSH_H
#define ENGINE_PUSH_H

#include "gateway/engine/worker.h"

#include "gateway/base/decimal.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/drivers/store_timeline.h"
#include "gateway/model/item.h"

/*
 * The parts of a channel's look, for each other only: push.c begins it and
 * learns, push_open.c learns what is still open at a till, push_decide.c
 * decides, push_write.c writes, push_written.c notes what came of that, and
 * push_look.c is one item in all of them. The one door for others is push_items
 * (worker.h).
 */

/* One item in the look. */
struct push_look {
	const struct mark *mark; /* borrowed */
	struct stock_view view;
	struct count count;  /* as read, and what open sales took off it */
	struct decimal open; /* that: it is not there */
	struct decimal target;
	struct decimal reserve; /* kept back here */
	bool wants_write;
	bool is_drift;
	bool is_open_unread; /* it fell, and what is open could not be read */
	bool is_moved; /* bound to another thing since the count was read */
};

/* ---- push_look.c ---- */

/* Nothing is to be done about it any more, unless it was marked anew. */
int push_look_clear(struct worker *w, const struct push_look *look);

/* Look again then, unless it is marked before. */
int push_look_postpone(struct worker *w, const struct push_look *look,
                       int64_t wait_ms);

/* The system refuses this item: it is left alone, ever longer. */
int push_look_refused(struct worker *w, const struct push_look *look,
                      const char *why);

/* What it showed last, less what was sold since, as known. */
struct decimal push_look_expected(const struct push_look *look);

/* < 0: there may be a sale not yet announced; > 0: goods came back, or from
   elsewhere. */
int push_look_compare(const struct push_look *look);

/* For a person who asks about the item: nothing was written, and why. */
void push_look_note_left(struct worker *w, const struct push_look *look,
                         const char *why);

/* … the target, what it was made of, and what was done. */
void push_look_note_target(struct worker *w, const struct push_look *look,
                           enum timeline_kind kind, const char *what);

/* The count that is to be there while that much is open. */
struct decimal push_look_shown(const struct push_look *look);

/* ---- push_open.c ---- */

/*
 * Ask for the open sales of what has fallen, where the system can tell (its
 * read_open is there).
 *
 * may_go_on  receives false where the system may not be called at all now
 */
int push_learn_open(struct worker *w, struct push_look *looks, size_t n,
                    bool *may_go_on);

/* ---- push_decide.c ---- */

/*
 * Compute the target and decide: sets wants_write and is_drift, or leaves the
 * item and says why. Wants the count read and the books of a later moment.
 * Returns 0 or a fault.
 */
int push_decide(struct worker *w, struct push_look *look);

/* ---- push_write.c ---- */

/*
 * Write those that want it; halves where the system refuses all of them.
 *
 * as_of_ms  wall clock; sales up to then are inside the targets
 *
 * Returns  0 or a fault. What was not taken keeps its mark.
 */
int push_write(struct worker *w, struct push_look *looks, size_t n,
               int64_t as_of_ms);

/* ---- push_written.c ---- */

/* The system answered for each of them, in counts[i].outcome. 0 or a fault. */
int push_written(struct worker *w, struct push_look *const *looks,
                 const struct count *counts, size_t n);

#endif
