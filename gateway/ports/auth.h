#ifndef PORTS_AUTH_H
#define PORTS_AUTH_H

#include <stdbool.h>

#include "gateway/model/outcome.h"
#include "gateway/ports/http.h"

/*
 * Calls under a key that wears out: the session of a log-in, an access token.
 *
 * Every adapter whose key ends by itself sends through here, so that what to do
 * when a system forgets us stands once: renew the key, repeat the call once,
 * give up. The key itself is the adapter's.
 */
struct auth_ops {
	/* Is there a key at all? Before the first call, and after a loss. */
	bool (*has_key)(const void *ctx);

	/* Get a new key; the old one counts for nothing from here on. */
	struct outcome (*renew)(void *ctx);

	/* Put the key on the request, which may be changed freely. Headers may
	   point into ctx: it does not change until the answer is there. */
	void (*sign)(void *ctx, struct http_request *request);

	/*
	 * Does the answer say that the key is worn? For a request that is
	 * unrepeatable only where it certainly did nothing.
	 */
	bool (*is_worn)(const void *ctx, const struct http_request *request,
	                const struct http_answer *answer);
};

struct auth {
	const struct auth_ops *ops; /* static */
	void *ctx;                  /* borrowed */
	struct http_client *http;   /* borrowed */
	unsigned renewals; /* calls made inside a call may have renewed, too */
};

/*
 * Send with a valid key, as far as that is to be had.
 *
 * Returns  DONE: answer is filled, whatever it says; also when the key was
 *          refused twice, for the caller to judge. Else what renew said, or our
 *          own fault as RETRY; answer is then empty. Release it in any case.
 */
struct outcome auth_send(struct auth *auth, const struct http_request *request,
                         struct http_answer *answer);

#endif
