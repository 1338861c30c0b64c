#ifndef DRIVERS_STORE_LEASE_H
#define DRIVERS_STORE_LEASE_H

#include <stdint.h>

#include "gateway/drivers/store.h"

/*
 * Which process does what only one may do. A lease belongs to an owner (a
 * stable name per state_dir, so that a restarted process takes its own lease
 * over at once) and carries a token that grows whenever the owner changes: what
 * must not happen twice is fenced by it.
 */
enum { LEASE_TAKEN = 1 }; /* another process holds it */

/*
 * Take or prolong a lease.
 *
 * Returns 0 with the token, LEASE_TAKEN, ERR_STORE (nothing is known: do not
 * act).
 */
int store_lease_hold(struct store *store, int64_t *token, const char *name,
                     const char *owner, int64_t ttl_ms);

/* Whose it is now: owned by the caller; NULL: nobody's. Returns 0, ERR_STORE or
   a fault. */
int store_lease_owner(struct store *store, char **out, const char *name);

/* Give it back if it is ours. */
int store_lease_release(struct store *store, const char *name,
                        const char *owner);

#endif
