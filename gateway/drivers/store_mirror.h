#ifndef DRIVERS_STORE_MIRROR_H
#define DRIVERS_STORE_MIRROR_H

#include "gateway/drivers/store.h"
#include "gateway/ports/mirror.h"

/*
 * An account's tables in Redis, behind ports/mirror.h. Rows are buffered and
 * written in batches, one script each (platform.md R31); a row that is already
 * there is not written again.
 */
struct store_mirror;

/*
 * store and account are borrowed and outlive the mirror. Its `struct mirror`
 * is valid until store_mirror_free. Returns 0, ERR_NOMEM.
 */
int store_mirror_new(struct store_mirror **out, struct store *store,
                     const char *account);
struct mirror *store_mirror_port(struct store_mirror *m);
void store_mirror_free(struct store_mirror *m);

#endif
