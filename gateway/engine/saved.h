#ifndef ENGINE_SAVED_H
#define ENGINE_SAVED_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/drivers/store.h"
#include "gateway/model/conf.h"

/*
 * What must survive the loss of Redis: the installation's id, what a person has
 * switched off (store_switch.h) and, per account, how far its sales are
 * confirmed at their authorities. One small JSON file in state_dir, replaced
 * atomically and fsynced.
 *
 * Source   design.md section 4, Loss of Redis.
 */
struct worker;

/*
 * Compare the file with Redis at start. A Redis that lacks the id this file
 * has, has lost its data: sales between the saved cursor and now are marked as
 * possibly posted (cursor "lost"), what was switched off is so again, and a
 * warning says so.
 *
 * Returns 0, ERR_STORE, ERR_OS.
 */
int saved_check(struct store *store, const struct conf *conf,
                const char *state_dir);

/* Cursors: what the file said when Redis lost its data. */
#define SAVED_SALES   "saved"
#define SAVED_RETURNS "saved_returns"

/*
 * The account's first call was answered, so its clock is known: what closes
 * there from now on cannot have been posted before the loss.
 */
int saved_end_doubt(struct worker *w);

/*
 * Since when it is switched off, wall clock; 0: it is on. As store_switch_get,
 * and the file learns of it; but a Redis that has lost its data meanwhile
 * switches nothing on. Threads: any.
 */
int saved_switch_get(struct store *store, int64_t *since_ms,
                     const char *state_dir, const char *what);

/* Might a sale that closed there then have been posted before a loss? A fault
   is no answer. */
int saved_is_doubtful(struct worker *w, int64_t closed_ms, bool *out);

/*
 * A channel's sales are in the ledger up to until_ms, by its clock. Saved when no entry is
 * on its way, at most every ten seconds. Threads: any worker.
 */
int saved_cursor_advance(struct worker *w, int64_t until_ms);

#endif
