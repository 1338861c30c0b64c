#ifndef DRIVERS_STORE_QUEUE_H
#define DRIVERS_STORE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/drivers/store.h"
#include "gateway/model/event.h"

/*
 * Events, and which command moves them. A stream with one consumer group; the
 * pending list is the only record of "being worked on" (platform.md R18).
 */
enum {
	QUEUE_FULL = 1,      /* backlog or dead letters at their limit: 503 */
	QUEUE_DUPLICATE = 2, /* this event id was queued before: 202 as well */
	QUEUE_EMPTY = 3,     /* nothing to claim */
	QUEUE_ID_SIZE = 48,
};

/*
 * Queue an event: limit check, de-duplication by account + topic + id (only
 * when id is not empty and dedupe_ms > 0) and XADD in one script.
 *
 * id_out  receives the stream id (of the first one for a duplicate)
 *
 * Returns 0, QUEUE_FULL, QUEUE_DUPLICATE, ERR_STORE (perhaps queued).
 */
int store_queue_push(struct store *store, char id_out[QUEUE_ID_SIZE],
                     const struct event *event, int64_t dedupe_ms);

/* Which events to claim. */
enum queue_source {
	QUEUE_OWN, /* this consumer's pending list: at start, after errors */
	QUEUE_NEW, /* never handed out; blocks up to block_ms */
	QUEUE_ABANDONED, /* pending at others for longer than idle_ms */
};

struct queue_batch {
	struct event *events; /* owned */
	size_t n;
};

/*
 * Claim up to max events for this consumer.
 *
 * after    of QUEUE_OWN: stream id to continue after; "" from the start
 * wait_ms  block_ms of QUEUE_NEW, idle_ms of QUEUE_ABANDONED
 *
 * Returns 0 (n >= 1), QUEUE_EMPTY, ERR_STORE. The group is created when it is
 * missing (R9).
 */
int store_queue_claim(struct store *store, struct queue_batch *out,
                      enum queue_source source, const char *consumer,
                      const char *after, int64_t wait_ms, size_t max);
void queue_batch_fini(struct queue_batch *batch);

struct queue_mark {
	const char *account; /* whose worker must look */
	const char *member;  /* see store_marks.h */
};

/* One event that was understood, and the marks it makes. All borrowed. */
struct queue_settlement {
	const struct event *event;
	const struct queue_mark *marks;
	size_t n_marks;
};

/*
 * Make the marks of all these events and acknowledge them, in one transaction:
 * one fsync for a batch. Returns 0, ERR_STORE.
 */
int store_queue_settle(struct store *store, const struct queue_settlement *list,
                       size_t n);

/* Move an event to the dead letters with its reason. Returns 0, ERR_STORE. */
int store_queue_bury(struct store *store, const struct event *event,
                     const char *why);

struct queue_depth {
	int64_t n;
	int64_t bytes;
	int64_t oldest_ms; /* wall clock of the oldest; 0: empty */
	int64_t n_dead;
};
int store_queue_depth(struct store *store, struct queue_depth *out);

#endif
