#ifndef DRIVERS_HTTP_CLIENT_H
#define DRIVERS_HTTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/ports/http.h"

/*
 * libcurl, and nothing else includes it: the outgoing half of ports/http.h.
 *
 * A client is one thread's own handle, kept for its life: its handle is its
 * pool of connections (platform.md L1). http_client_send and
 * http_client_watch_cookie are declared in ports/http.h, so that an adapter
 * needs nothing from this header.
 *
 * While a call lasts, idle (ports/http.h) has its turn: at least every 20 ms,
 * also while a name is looked up, a connection made or an answer waited for,
 * and between two pieces of an answer that pours in. It may send one call at a
 * time with the same client, which has connections of its own; that one's idle
 * may send none.
 *
 * The time that idle takes is not held against the peer: the time-outs of the
 * call are put off by it. Nothing is read meanwhile. What arrives waits in the
 * sockets' buffers, a peer with more to say has to wait, and one that bears no
 * slow reader may break off: that call ends like any other that was cut.
 */
struct http_client_options {
	int64_t timeout_ms;         /* whole call; 0: 30 s */
	int64_t connect_timeout_ms; /* name, TCP and TLS; 0: 10 s */
	bool may_http;              /* http:// is allowed; else https:// only */
	const char *ca_file;        /* copied; PEM; NULL: the system's */
	const char *user_agent;     /* copied; NULL: tillbridge */
	int (*idle)(void *ctx);     /* of requests that have none; NULL */
	void *idle_ctx;             /* borrowed */
};

/*
 * What every call of a client passes: the limits of its system. A call that may
 * not go for a while waits here, with idle having its turn; one that may not for
 * longer than HTTP_GATE_WAIT_MS, or still not after HTTP_GATE_PATIENCE_MS, is
 * answered by the client as the vendor would: 429, was_sent false,
 * retry_after_ms, and why. Without a gate a call costs nothing more.
 */
enum { HTTP_GATE_WAIT_MS = 3000, HTTP_GATE_PATIENCE_MS = 60000 };

struct http_gate {
	void *ctx;

	/*
	 * May this call go? *wait_ms 0: yes, it is counted, and leave follows.
	 * Else so long it may not; why says so to a person. Returns 0, or a
	 * fault, which http_client_send returns.
	 */
	int (*enter)(void *ctx, const struct http_request *request,
	             int64_t *wait_ms, char *why, size_t size);

	/* A header of the answer to the last one that entered and did not leave. */
	void (*header)(void *ctx, const char *name, const char *value);

	/* It is over. May fill in retry_after_ms. */
	void (*leave)(void *ctx, struct http_answer *answer);
};

/* gate is borrowed; NULL: none, as at first. */
void http_client_set_gate(struct http_client *client,
                          const struct http_gate *gate);

/*
 * Prepare the library for the whole process, and release it. Once each, in
 * main, while there is no other thread (platform.md L8).
 *
 * Returns 0 or ERR_LIB.
 */
int http_client_setup(void);
void http_client_teardown(void);

/*
 * Make a client.
 *
 * Returns  0, ERR_NOMEM, ERR_LIB.
 * Threads  it belongs to one at a time; only http_client_abort is for others.
 */
int http_client_new(struct http_client **out,
                    const struct http_client_options *options);

/*
 * A client whose calls go to a function instead of the network, for tests. An
 * answer's body is handed to request->stream, where that is set, by
 * http_client_send itself, which calls request->idle once before. ctx is
 * borrowed.
 */
int http_client_new_fake(struct http_client **out,
                         int (*send)(void *ctx,
                                     const struct http_request *request,
                                     struct http_answer *answer),
                         void *ctx);

/*
 * End the call in hand within a second, and every later one at once: they
 * answer with status 0 and a reason. For good. Threads: any.
 */
void http_client_abort(struct http_client *client);

/*
 * Release. Accepts NULL. May wait for a stuck name look-up (platform.md L7),
 * so not on the shutdown path before its deadline.
 */
void http_client_free(struct http_client *client);

#endif
