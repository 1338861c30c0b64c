#ifndef DRIVERS_STORE_SWITCH_H
#define DRIVERS_STORE_SWITCH_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/drivers/store.h"
#include "gateway/model/conf.h"

/*
 * What a person has switched off while the daemon runs: it stays so over
 * restarts, until it is switched on again. Beside `paused` of the
 * configuration, which nothing here can undo.
 *
 * SWITCH_SCHEDULE  catch-ups, full syncs and comparisons by the clock
 * an account       its worker: nothing is sent there, everything is kept
 */
#define SWITCH_SCHEDULE ""

/* Switching off again keeps the first moment. Returns 0, ERR_STORE. */
int store_switch_off(struct store *store, const char *what);
int store_switch_on(struct store *store, const char *what);

/* As it was before a loss of Redis: off since then, unless it is off. */
int store_switch_restore(struct store *store, const char *what,
                         int64_t since_ms);

/* Since when it is off, wall clock; 0: it is on. Returns 0, ERR_STORE. */
int store_switch_get(struct store *store, int64_t *since_ms, const char *what);

/*
 * Leave out the accounts that are switched off.
 *
 * first_out  the first of them, borrowed; NULL: all are on
 *
 * Returns 0, ERR_STORE.
 */
int store_switch_filter(struct store *store, const char **first_out,
                        const struct conf_section **accounts, size_t *n);

#endif
