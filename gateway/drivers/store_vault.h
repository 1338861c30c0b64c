#ifndef DRIVERS_STORE_VAULT_H
#define DRIVERS_STORE_VAULT_H

#include "gateway/drivers/store.h"
#include "gateway/ports/vault.h"

/*
 * Keeper of vaults: each text lies in Redis, for all processes, and in
 * state_dir/vault, for the loss of Redis. The newer one counts, Redis' where
 * both have the same version; reading brings the other one up to it.
 *
 * Belongs to the thread of its store. Another process, or another thread with a
 * keeper of its own, is another holder of locks.
 */
struct store_vault;

/*
 * store      borrowed, outlives the vault
 * state_dir  borrowed only for the call; the folder in it is made when needed
 *
 * Returns  0, ERR_NOMEM, ERR_LIB.
 */
int store_vault_new(struct store_vault **out, struct store *store,
                    const char *state_dir);
struct vault *store_vault_port(struct store_vault *v); /* borrowed */
void store_vault_free(struct store_vault *v);          /* NULL is fine */

#endif
