#ifndef DRIVERS_REDIS_CHILD_H
#define DRIVERS_REDIS_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/buf.h"

/*
 * The private redis-server: where no redis.url is configured, the process that
 * holds the state directory runs its own. Always a direct child; Unix socket,
 * append-only file with fsync always, data in the state directory.
 *
 * All functions belong to one thread (the main one): it is the parent.
 */
struct redis_child;

enum {
	REDIS_CHILD_MISSING = 1, /* there is no redis-server program */
	REDIS_CHILD_FAILED = 2,  /* it did not come up; why says more */
};

/*
 * Shut down cleanly whatever server an earlier crash left on this directory,
 * then start one and wait until it answers.
 *
 * state_dir  must exist and be locked by us
 * why        a sentence for a person
 *
 * Returns 0, REDIS_CHILD_MISSING, REDIS_CHILD_FAILED, a fault.
 */
int redis_child_start(struct redis_child **out, const char *state_dir,
                      struct buf *why);

/*
 * Did it end? Then start it again on the same data, at most once a second.
 * Call it often. Returns true while the process is there.
 */
bool redis_child_supervise(struct redis_child *child);

/* SIGTERM, wait for it, free. NULL is fine. */
void redis_child_stop(struct redis_child *child);

/* unix:///…/redis.sock of a state directory; owned text, NULL: no memory. */
char *redis_child_url(const char *state_dir);

#endif
