#ifndef PORTS_VAULT_H
#define PORTS_VAULT_H

#include <stdint.h>

#include "gateway/base/buf.h"

/*
 * What an account must not forget and nobody may see: texts by name, each with
 * a version that grows by one with each put. drivers/store_vault keeps them in
 * Redis and in state_dir; tests use tests/support/fake_vault. A name is 1 to
 * 64 of a-z, 0-9, _ and -; it is no secret.
 *
 * Only one process at a time gets a new text from where it comes from: the lock.
 * The version is its fence: who held the lock for too long finds that another
 * one has put what comes next.
 */
struct vault;

enum {
	VAULT_ABSENT = 1, /* nothing was ever put under this name */
	VAULT_MOVED = 2,  /* another text has this version, or a later one */
	VAULT_TAKEN = 3,  /* another process holds the lock */
	VAULT_OFTEN = 4,  /* locked too often within a minute */
};

enum {
	VAULT_TEXT_MAX = 64 * 1024,
	VAULT_LOCKS_MAX = 5, /* a minute, of all processes: a refresh each */
};

/*
 * Read the newest there is.
 *
 * out  replaced; whoever reads it wipes it
 *
 * Returns  0, VAULT_ABSENT, ERR_STORE, ERR_OS, ERR_NOMEM. After a fault it is
 *          not known whether there is one.
 */
int vault_get(struct vault *v, struct buf *out, int64_t *version,
              const char *name);

/*
 * Put a text as the one with this version: one more than was read, 1 when there
 * was none. On 0 it is on disk, twice. May be repeated with the same text.
 *
 * Returns  0, VAULT_MOVED, ERR_STORE, ERR_OS, ERR_NOMEM. After a fault it is
 *          perhaps there: repeat it, and do not use it before.
 */
int vault_put(struct vault *v, const char *name, int64_t version,
              const char *text);

/*
 * Take the lock, for ttl_ms at most. One for each name; not twice.
 *
 * wait_ms  of TAKEN and OFTEN: when it makes sense to come again
 *
 * Returns  0, VAULT_TAKEN, VAULT_OFTEN, ERR_STORE. unlock: harmless without it.
 */
int vault_lock(struct vault *v, const char *name, int64_t ttl_ms,
               int64_t *wait_ms);
void vault_unlock(struct vault *v, const char *name);

/* Who keeps it; each does what the function of its name promises. */
struct vault_ops {
	int (*get)(void *self, struct buf *out, int64_t *version,
	           const char *name);
	int (*put)(void *self, const char *name, int64_t version,
	           const char *text);
	int (*lock)(void *self, const char *name, int64_t ttl_ms,
	            int64_t *wait_ms);
	void (*unlock)(void *self, const char *name);
};

struct vault {
	const struct vault_ops *ops; /* static */
	void *self;                  /* the keeper's; borrowed */
};

#endif
