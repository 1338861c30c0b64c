#ifndef DRIVERS_STORE_ACCOUNTS_H
#define DRIVERS_STORE_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/drivers/store.h"

/*
 * Which accounts there are and were, and what becomes of items and entries when
 * one of them is no longer configured or another one becomes the default
 * authority.
 *
 * An account is gone when the last daemon that started did not have it in its
 * configuration. Nobody posts what waits for it then, and nobody reads a balance
 * there.
 */

/* Remember at a start: these are configured, others that ever were are gone. */
int store_accounts_set(struct store *store, const char *const *names, size_t n);

/* Visit all that ever were. Non-zero from visit ends it. */
int store_accounts_each(struct store *store,
                        int (*visit)(void *ctx, const char *account),
                        void *ctx);

/* Visit those that are gone. Non-zero from visit ends it. */
int store_accounts_each_gone(struct store *store,
                             int (*visit)(void *ctx, const char *account),
                             void *ctx);

int store_accounts_is_gone(struct store *store, const char *account, bool *out);

/* Entries ready to be posted at accounts that are gone. */
int store_accounts_count_stranded(struct store *store, int64_t *out);

/*
 * Another authority is to be the default: each item that follows the default and
 * has entries on their way keeps the old one until they are at their end.
 * Repeatable.
 *
 * n_kept  how many items keep it now that did not before
 */
int store_accounts_keep_authority(struct store *store, const char *old,
                                  int64_t *n_kept);

/*
 * Where an item waits for its entries at an authority that is gone, or is not
 * bound any more at the one that has them, those confirmed there are at their
 * end: no balance will be read there. With no other entry at it, the authority
 * that waits takes effect. Repeatable.
 *
 * entry  whose items; NULL: sku alone
 */
int store_accounts_release(struct store *store, const char *entry,
                           const char *sku);

/* The same for the items of all confirmed entries. */
int store_accounts_release_all(struct store *store);

/*
 * Move a stranded entry to its items' present authority. Only one that was
 * never sent, that is no return, and whose items all have the same one.
 *
 * Returns 0, ACCOUNTS_KEPT (it stays where it is), ERR_STORE.
 */
enum { ACCOUNTS_KEPT = 1 };
int store_accounts_readdress(struct store *store, const char *entry);

#endif
