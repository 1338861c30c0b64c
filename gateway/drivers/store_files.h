#ifndef DRIVERS_STORE_FILES_H
#define DRIVERS_STORE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/buf.h"
#include "gateway/drivers/store.h"

/*
 * Pictures fetched on demand: a bounded cache in Redis. Who wants one marks
 * MARK_FILE + id at its account and waits here; the account's worker reads it,
 * inside the same limits as everything else, and puts it here.
 */
#define MARK_FILE "f:" /* and the id: member of a mark */

enum {
	FILE_ABSENT = 1, /* not in the cache */
	FILE_NONE = 2, /* the system has none with this id; known for 10 min */
	FILE_MAX_BYTES = 8 * 1024 * 1024,
	FILES_MAX_BYTES = 64 * 1024 * 1024, /* of all accounts; oldest go */
};

/*
 * Keep a picture, in place of the one with this id. The oldest ones go until
 * it fits; it is forgotten after seven days.
 *
 * type   e.g. "image/png"
 * bytes  NULL, or more than FILE_MAX_BYTES: there is none that can be had
 *
 * Returns 0, ERR_STORE.
 */
int store_file_put(struct store *store, const char *account, const char *id,
                   const char *type, const void *bytes, size_t n);

/* Returns 0 with bytes (replaced) and type, FILE_ABSENT, FILE_NONE, ERR_STORE. */
int store_file_get(struct store *store, struct buf *bytes, char type[64],
                   const char *account, const char *id);

#endif
