#ifndef DRIVERS_STORE_MARKS_H
#define DRIVERS_STORE_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/drivers/store.h"

/*
 * Marks: "look at X for account Y", the unit of convergent work. Marking twice
 * is marking once; each marking gives the mark a new generation, and finishing
 * a look clears it only if the generation is still the one that was taken
 * before the look's first request.
 *
 * A member says what to look at: `i:SKU` an item, `s:ID` a sale by the vendor's
 * id, `f:ID` a picture somebody waits for, `y:…` the whole account.
 */
#define MARK_CATCH_UP "y:catchup"
#define MARK_FULL     "y:full"
#define MARK_SALES    "y:sales" /* list the sales of the vendor's whole window */
#define MARK_LOOK_UP  "y:lookup" /* ask for the uncertain entries */
#define MARK_POSTS    "y:posts"  /* a person wants entries posted again */
#define MARK_JUDGE    "y:judge" /* let the zero guard judge what is collected */

/* Read and compare as the first two would, and report; write nothing. */
#define MARK_DRY_CATCH_UP "y:dry"
#define MARK_DRY_FULL     "y:dryfull"

/* Why somebody must look. `y` never replaces another one, `a` only `y`. */
enum mark_cause {
	MARK_HOOK = 'h',     /* a call named it */
	MARK_SALE = 's',     /* a sale or a confirmed entry moved it */
	MARK_BINDING = 'b',  /* it was bound or changed */
	MARK_SYNC = 'y',     /* a catch-up or full sync found a difference */
	MARK_AGAIN = 'a',    /* we wrote it: what was sold meanwhile? */
	MARK_OPERATOR = 'o', /* a person asked */
};

struct mark {
	char *member; /* owned */
	int64_t generation;
	enum mark_cause cause;
	int64_t origin_ms;  /* when the call came that caused it; 0: none */
	int64_t fetched_ms; /* when the authority's answer was in; 0: not yet */
};

/* Has nobody outside said that anything moved? A zero that is found then is the
   zero guard's, and no journey of a call ends with it. */
bool mark_is_unasked(const struct mark *mark);

struct mark_batch {
	struct mark *marks; /* owned */
	size_t n;
	int64_t tick;        /* the counter, taken with the batch */
	int64_t next_due_ms; /* wall clock of the next mark not yet due; 0 */
};

/*
 * Due marks of an account, oldest first, at most max; they stay where they
 * are. Also takes the tick that fences whatever is read because of them.
 * Returns 0 (n may be 0), ERR_STORE, ERR_NOMEM.
 */
int store_marks_take(struct store *store, struct mark_batch *out,
                     const char *account, size_t max);
void mark_batch_fini(struct mark_batch *batch);

/* The same without marks of the whole account, but for MARK_LOOK_UP and
   MARK_POSTS: what cannot wait for the end of the sync under way. */
int store_marks_take_urgent(struct store *store, struct mark_batch *out,
                            const char *account, size_t max);

/*
 * A mark as it is now, due or not. Returns 0 (free the member), MARKS_ABSENT,
 * ERR_STORE, ERR_NOMEM.
 */
int store_marks_find(struct store *store, struct mark *out, const char *account,
                     const char *member);

/*
 * Mark, all with one cause; wakes the account's worker.
 *
 * due_ms  wall clock, at most two minutes ahead; 0: at once
 */
int store_marks_add(struct store *store, const char *account,
                    const char *const *members, size_t n, enum mark_cause cause,
                    int64_t due_ms);

/* The same for one member, at once. */
int store_marks_add_one(struct store *store, const char *account,
                        const char *member, enum mark_cause cause);

/* Mark unless it is marked already: a look under way is enough. */
int store_marks_add_once(struct store *store, const char *account,
                         const char *member, enum mark_cause cause);

/* Clear marks whose generation is unchanged. */
int store_marks_clear(struct store *store, const char *account,
                      const struct mark *const *marks, size_t n);

/* Look again not before due_ms (wall clock), if nobody marked it since. */
int store_marks_postpone(struct store *store, const char *account,
                         const struct mark *mark, int64_t due_ms);
int store_marks_postpone_all(struct store *store, const char *account,
                             const struct mark *const *marks, size_t n,
                             int64_t due_ms);

/* Marks waiting for an account. */
int store_marks_count(struct store *store, int64_t *out, const char *account);

/*
 * Sleep until the account is marked or wait_ms is over, whichever is first.
 * Returns 0 when the time is over, MARKS_WOKEN, ERR_STORE.
 */
enum { MARKS_WOKEN = 1, MARKS_ABSENT = 2 };
int store_marks_wait(struct store *store, const char *account, int64_t wait_ms);

/* Was the account marked since? As wait, without waiting. */
int store_marks_poll(struct store *store, const char *account);

/* Wake a worker, e.g. to stop it. */
int store_marks_wake(struct store *store, const char *account);

#endif
