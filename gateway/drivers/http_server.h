#ifndef DRIVERS_HTTP_SERVER_H
#define DRIVERS_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/ports/http.h"

/*
 * civetweb, and nothing else includes it.
 *
 * Turns sockets into struct http_call and struct http_reply into bytes. Before
 * anybody sees a call its framing has been checked (platform.md C19, C20), and
 * before `serve` sees it the body is complete (C17). A request that takes
 * longer than request_timeout_ms in total is cut, whoever drips (C8, C9).
 * Routing and authentication are the owner's.
 */
struct http_server;
struct tls;

struct http_server_options {
	const char *name;          /* log field, "public"; static */
	const char *const *listen; /* "0.0.0.0:8443", "[::1]:0"; borrowed for
	                              the call. Port 0: any free one */
	size_t n_listen;
	struct tls *tls;        /* borrowed, outlives the server; NULL: plain
	                               HTTP, on loopback addresses only */
	unsigned workers;       /* connections served at a time; >= 1 */
	int64_t body_max_bytes; /* longer bodies: 413 */
	int64_t request_timeout_ms; /* whole request, TLS handshake included */
	void *ctx;                  /* borrowed; given to the functions below */

	/*
	 * May this call go on? Called before the body is read (body is ""):
	 * a refusal costs no memory and ends the connection if a body follows.
	 * Returns 0 to go on, HTTP_SERVER_REFUSED with the reply filled.
	 * NULL: every call goes on.
	 */
	int (*admit)(void *ctx, const struct http_call *call,
	             struct http_reply *reply);

	/*
	 * Answer a complete call. The reply is zeroed; a status must be set. On
	 * a worker thread, many at a time; blocking holds this worker only.
	 */
	void (*serve)(void *ctx, const struct http_call *call,
	              struct http_reply *reply);

	/* The server itself refused an admitted call: 413, or 400 for a body
	   that was cut off. For counters. NULL: nobody asks. */
	void (*refused)(void *ctx, int status);
};

enum {
	HTTP_SERVER_CANNOT_LISTEN =
		1,               /* condition of start; reason is logged */
	HTTP_SERVER_REFUSED = 1, /* condition of admit */
};

/* A status that closes the connection without any answer (simulators: the
   answer is lost after the work was done). */
enum { HTTP_SERVER_NO_ANSWER = -1 };

/*
 * Listen and serve. Returns only when every address listens.
 *
 * Returns  0; HTTP_SERVER_CANNOT_LISTEN (malformed or taken address, plain HTTP
 *          asked for outside loopback), with one error line that names the
 *          address and the reason; a fault.
 * Owns     *out is the caller's: http_server_stop().
 */
int http_server_start(struct http_server **out,
                      const struct http_server_options *options);

/* The port really listened on, for listen[i] (tests ask for port 0). */
int http_server_port(const struct http_server *server, size_t i);

/*
 * Refuse new requests (503, Retry-After, Connection: close) and wait for those
 * in hand, at most limit_ms. May run twice. Returns how many are still in hand.
 */
int http_server_close(struct http_server *server, int64_t limit_ms);

/* Stop, ending whatever is left, and free. NULL is fine. */
void http_server_stop(struct http_server *server);

/* How busy it is; all as of now but the totals. */
struct http_server_stats {
	int64_t workers;
	int64_t in_hand;       /* requests between begin and reply */
	int64_t connections;   /* open ones, idle included */
	int64_t queue_length;  /* accepted connections that wait for a worker */
	int64_t queue_highest; /* the most that ever waited */
	int64_t queue_size;    /* when full the kernel's backlog fills */
	int64_t requests;      /* total */
	int64_t cut;           /* total: over request_timeout_ms */
};
void http_server_read_stats(struct http_server *server,
                            struct http_server_stats *out);

#endif
