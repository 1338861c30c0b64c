#ifndef PORTS_HANDLER_H
#define PORTS_HANDLER_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/model/conf.h"
#include "gateway/model/event.h"
#include "gateway/ports/http.h"

/*
 * What an inbound source must implement. The receiver calls verify first,
 * always, over the raw bytes; nothing is parsed before. Only the receiver
 * turns conditions into HTTP statuses.
 */
enum {
	HANDLER_FORGED = 1,    /* 401: not proved to be the sender */
	HANDLER_STALE = 2,     /* 401: proved, but too old or from the future */
	HANDLER_MALFORMED = 3, /* 400: proved, but not understandable */
	HANDLER_MEDIA_TYPE = 4, /* 415: a body type this source never sends */
};

/* What an event says about where to look; filled by `hints`. */
struct hints {
	void *ctx;

	/* The vendor's id of a stocked thing. Copied. */
	void (*ref)(void *ctx, const char *ref);

	/* The vendor's id of a sale. Copied. */
	void (*sale)(void *ctx, const char *sale);

	/* Everything that changed lately. */
	void (*catch_up)(void *ctx);

	/* A catch-up if none of the refs is known here. */
	void (*catch_up_if_unknown)(void *ctx);

	/* The account lost its permission (revoked): pause and say why. */
	void (*locked)(void *ctx, const char *why);

	/* An item's SKU, of a sender that knows ours: a look at it where its
	   stock is kept. One we do not have is no harm. Copied. */
	void (*sku)(void *ctx, const char *sku);
};

struct handler_env {
	const struct conf_section *account;
	const char *
		public_url; /* conf public.url without a trailing slash; NULL */
};

struct handler_ops {
	/* Account type it belongs to. Static. */
	const char *name;

	/* Options, keys "hook.…"; ends with key NULL. */
	const struct conf_row *options;

	/* "POST" or "GET, POST": the Allow header. Static. */
	const char *methods;

	/* How long an event id is remembered, ms; 0: there are no ids (R6). */
	int64_t dedupe_ms;

	/*
	 * Cross-checks of the options, at load: append one line per mistake,
	 * each beginning with the key (`hook.signature_key: …`). NULL: none.
	 */
	void (*check)(const struct handler_env *env, struct buf *mistakes);

	/*
	 * Is the call genuine? Constant time, all live secrets tried.
	 * Returns 0, HANDLER_FORGED, HANDLER_STALE, HANDLER_MEDIA_TYPE, a fault.
	 */
	int (*verify)(const struct handler_env *env,
	              const struct http_call *call);

	/*
	 * Fill topic, id and query (without any secret) of the event from a
	 * verified call. account, body and time are the receiver's.
	 * Returns 0, HANDLER_MALFORMED, a fault.
	 */
	int (*identify)(const struct handler_env *env,
	                const struct http_call *call, struct event *event);

	/*
	 * Say where to look. Runs in the drain, perhaps long after. Must accept
	 * whatever identify accepted. Returns 0 or a fault.
	 */
	int (*hints)(const struct handler_env *env, const struct event *event,
	             const struct hints *hints);
};

/* ---- the API surface of the private listener ---- */

struct store;

struct adapter_ops;

struct api_env {
	struct store *store; /* the calling thread's own; NULL: Redis away */
	const struct conf *conf;
	const struct adapter_ops *const *adapters; /* ends with NULL */
	const char *version;
	int64_t started_ms; /* wall clock */
};

struct api_route {
	const char *method;
	const char *path; /* exact; a segment `{}` matches one non-empty one */
	bool is_open;     /* needs no token */
	bool is_writing;  /* needs a token that may write */
	bool needs_store; /* answered 503 without Redis */

	/*
	 * Answer. params: the decoded `{}` segments in order. A fault becomes
	 * 500, ERR_STORE 503.
	 */
	int (*serve)(const struct api_env *env, const struct http_call *call,
	             const char *const *params, struct http_reply *reply);
};

/* Fill a reply with {"error":{"code","message","field"}}; field may be NULL. */
void api_fail(struct http_reply *reply, int status, const char *code,
              const char *message, const char *field);

#endif
