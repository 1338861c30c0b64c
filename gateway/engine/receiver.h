#ifndef ENGINE_RECEIVER_H
#define ENGINE_RECEIVER_H

#include <pthread.h>
#include <stdint.h>

#include "gateway/drivers/store_queue.h"
#include "gateway/model/conf.h"
#include "gateway/ports/handler.h"
#include "gateway/ports/http.h"

/*
 * Request to handler to store to reply: what the public listener answers. No
 * sockets, so a function call tests it. Its functions fit the options of
 * http_server, with the receiver as ctx.
 *
 *   202 {"event":"<id>"}   queued, on disk as far as the store says; also when
 *                          it was known
 *   400 401 404 405 413 415 with an empty body: nothing was queued
 *   503 and Retry-After    our own trouble: perhaps queued, send it again
 */
struct receiver_options {
	const struct conf *conf; /* borrowed */
	const struct handler_ops *const
		*handlers; /* borrowed; ends with NULL */

	/*
	 * Queue an event, as store_queue_push() does with the calling thread's
	 * own store.
	 */
	int (*push)(void *ctx, char id_out[QUEUE_ID_SIZE],
	            const struct event *event, int64_t dedupe_ms);
	void *push_ctx; /* borrowed */
};

struct receiver {
	uint32_t magic;
	struct receiver_options options;
	char *public_url; /* owned; no trailing slash; NULL: none */
	int64_t body_max_bytes;
	pthread_mutex_t lock;    /* guards what follows */
	int64_t forged_second;   /* monotonic: of the lines counted below */
	int forged_lines;        /* written in that second */
	int64_t forged_unlogged; /* not written since the last line */
};

/*
 * Make ready. Everything borrowed must outlive it.
 * Returns 0, ERR_NOMEM.
 */
int receiver_init(struct receiver *receiver,
                  const struct receiver_options *options);
void receiver_fini(struct receiver *receiver);

/* http_server_options.admit, .serve, .refused; ctx is the receiver. */
int receiver_admit(void *ctx, const struct http_call *call,
                   struct http_reply *reply);
void receiver_serve(void *ctx, const struct http_call *call,
                    struct http_reply *reply);
void receiver_refused(void *ctx, int status);

/*
 * receiver_options.push for the daemon: ctx is the struct store_options whose
 * store_of_thread() is used.
 */
int receiver_push_store(void *ctx, char id_out[QUEUE_ID_SIZE],
                        const struct event *event, int64_t dedupe_ms);

#endif
