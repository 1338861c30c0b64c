#ifndef ENGINE_ROUTER_H
#define ENGINE_ROUTER_H

#include <stdint.h>

#include "gateway/drivers/store.h"
#include "gateway/model/conf.h"
#include "gateway/ports/handler.h"
#include "gateway/ports/http.h"

/*
 * Request to route to reply: what the private listener answers. No sockets, so
 * a function call tests it. Its functions fit the options of http_server, with
 * the router as ctx.
 *
 * Who may. With tokens: `Authorization: Bearer`, each token with its rights.
 * Without: callers on loopback may read and write, but not through a browser
 * that a stranger's page has sent here: the Host must be a loopback name or
 * the address listened on (DNS rebinding), and an Origin on a writing call
 * must be ours (cross-site posts).
 */
struct router_options {
	const struct conf *conf;        /* borrowed */
	const struct api_route *routes; /* borrowed; ends with method NULL */
	const struct adapter_ops *const
		*adapters;   /* borrowed; ends with NULL */
	const char *version; /* borrowed */
	int64_t started_ms;  /* wall clock */

	/* The calling thread's own store, borrowed; NULL: none to be had. */
	struct store *(*store)(void *ctx);

	/* Is that store fit for use? As store_ping(). */
	int (*ping)(struct store *store, struct buf *why);
	void *store_ctx; /* borrowed */
};

struct router {
	uint32_t magic;
	struct router_options options;
};

/* Make ready; everything borrowed must outlive it. Nothing to release. */
void router_init(struct router *router, const struct router_options *options);

/* http_server_options.admit and .serve; ctx is the router. */
int router_admit(void *ctx, const struct http_call *call,
                 struct http_reply *reply);
void router_serve(void *ctx, const struct http_call *call,
                  struct http_reply *reply);

/*
 * router_options.store for the daemon: ctx is the struct store_options whose
 * store_of_thread() is used.
 */
struct store *router_store_of_thread(void *ctx);

#endif
