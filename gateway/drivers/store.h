#ifndef DRIVERS_STORE_H
#define DRIVERS_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/buf.h"

/*
 * Redis: connection, scripts, reconnecting. hiredis stays in this file family.
 *
 * One struct store is one connection and belongs to one thread (platform.md
 * H10). Every command that fails on the wire is "perhaps done" (H3): the
 * connection is dropped, the call returns ERR_STORE, and the next call opens
 * and prepares a new one. What each key holds: STORE.md.
 */
struct store;

struct store_options {
	const char *url; /* borrowed; unix:///path or redis://host:port/db */
	const char *password; /* borrowed; NULL: none */
	const char *prefix;   /* borrowed; redis.namespace */
	int64_t timeout_ms;   /* of connecting and of a command */
	int64_t backlog_max;  /* events queued before pushes are refused */
	int64_t backlog_max_bytes;
	int64_t dead_max; /* dead letters before pushes are refused */
};

/*
 * Prepare a store; connects at the first command. options is borrowed and must
 * outlive the store. Returns 0, ERR_NOMEM.
 */
int store_new(struct store **out, const struct store_options *options);
void store_free(struct store *store);

/*
 * The calling thread's own store, made at the first call and closed when the
 * thread ends. Borrowed. NULL when out of memory. All callers of a process use
 * the same options.
 */
struct store *store_of_thread(const struct store_options *options);

/* Is Redis there and fit for use? Returns 0 or ERR_STORE; why for a person. */
int store_ping(struct store *store, struct buf *why);

/* How many times this connection was opened: a change means that replies may
   have been lost, so the own pending list must be read again (R10). */
unsigned store_generation(const struct store *store);

/*
 * The next number of the counter that orders everything (design.md 4): taken
 * before a request is sent, and again with a confirmation. Never a clock.
 */
int store_tick(struct store *store, int64_t *out);

/* What a 2xx really means on this server. */
struct store_durability {
	bool is_known;    /* false: CONFIG is not permitted */
	bool is_on_disk;  /* appendonly yes and appendfsync always */
	bool is_evicting; /* maxmemory-policy is not noeviction */
	bool is_failing;  /* aof_last_write_status is not ok */
	char version[32];
	char appendonly[8];
	char appendfsync[16];
	char policy[32];
};

/*
 * Read the server's version and durability; STORE_TOO_OLD below 7.0.10.
 * Returns 0, STORE_TOO_OLD, ERR_STORE.
 */
enum { STORE_TOO_OLD = 1 };
int store_read_durability(struct store *store, struct store_durability *out);

/* One sentence for a person; "" when a 2xx means "on disk". */
void store_durability_warning(char out[240], const struct store_durability *d);

/* Small values of the daemon itself (installation id, saved warnings). get: 0,
   STORE_ABSENT, ERR_STORE. */
enum { STORE_ABSENT = 1 };
int store_value_get(struct store *store, struct buf *out, const char *name);
int store_value_set(struct store *store, const char *name, const char *value);

#endif
