#ifndef PORTS_HTTP_H
#define PORTS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/buf.h"

/*
 * Request and reply as plain values, both ways.
 *
 * Coming in: struct http_call -> struct http_reply (drivers/http_server).
 * Going out: struct http_request -> struct http_answer (drivers/http_client;
 * tests put a fake behind the same functions).
 */

/* ---- coming in ---- */

struct http_header {
	const char *name; /* borrowed */
	const char *value;
};

struct http_call {
	const char *method; /* borrowed; "POST" */
	const char *path;   /* as sent, undecoded (platform.md C13) */
	const char *query;  /* without `?`; "" when there is none */
	const struct http_header *headers;
	size_t n_headers;
	const char *body; /* NUL behind it; "" before it was read */
	size_t n_body;
	const char *peer;          /* address as text, without port */
	const char *client_sha256; /* of a verified client certificate: 64
	                              lower-case hex digits; NULL: none */
	bool is_loopback;          /* the peer is this machine */
};

enum { HTTP_HEADER_TWICE = 1 }; /* condition: occurs more than once (C21) */

/*
 * A header's value, name compared without case; *out NULL when absent.
 * Returns 0 or HTTP_HEADER_TWICE.
 */
int http_call_header(const char **out, const struct http_call *call,
                     const char *name);

/*
 * A parameter of a query string or form body, decoded (%XX and +).
 *
 * Returns 0, HTTP_PARAM_ABSENT, HTTP_PARAM_TWICE, HTTP_PARAM_MALFORMED (bad
 * escape, NUL inside, longer than size). Bounded work; touches no heap.
 */
enum { HTTP_PARAM_ABSENT = 1, HTTP_PARAM_TWICE = 2, HTTP_PARAM_MALFORMED = 3 };
int http_param(char *out, size_t size, const char *encoded, size_t n,
               const char *name);

struct http_reply {
	int status;
	const char *content_type; /* static; NULL: no body type */
	const char *allow;        /* static; for 405 */
	int retry_after_s;        /* 0: no header */
	struct buf body;          /* the server releases it */
	struct buf extra;         /* more header lines, each "Name: value\r\n",
	                             never with a piece of the request in them
	                             (C26); the server releases it */
	bool must_close;          /* end the connection behind this reply */

	/*
	 * A body of any length, made while it is sent: when set, the body above
	 * is ignored and produce is called once, on the thread of the call; it
	 * hands every piece to write and passes on what that returns (non-zero:
	 * the client is gone). A non-zero result breaks the connection off, so
	 * that half an answer is never taken for a whole one. ctx is released
	 * by free_ctx (may be NULL) in every case.
	 */
	int (*produce)(void *ctx,
	               int (*write)(void *to, const void *p, size_t n),
	               void *to);
	void *ctx;
	void (*free_ctx)(void *ctx);
};

/* ---- going out ---- */

struct http_client; /* one thread's own handle to one system */

enum { HTTP_HEADERS_MAX = 12 };

struct http_request {
	const char *method; /* "GET", "POST", … */
	const char *url;    /* absolute */
	struct http_header headers[HTTP_HEADERS_MAX];
	size_t n_headers;
	const char *body; /* NULL: none */
	size_t n_body;
	int64_t timeout_ms;   /* whole call; 0: the client's */
	size_t answer_max;    /* bytes; 0: 16 MiB. Unlimited streams
	                                   say SIZE_MAX */
	unsigned cost;        /* in its buckets (model/limits.h); 0: 1 */
	bool is_unrepeatable; /* must not be sent again by the library:
	                                   a connection of its own (L9) */
	/* When set, a 2xx body goes here as it comes and not into answer.body;
	   a non-zero return ends the call (answer.stream_result). */
	int (*stream)(void *ctx, const char *p, size_t n);
	void *stream_ctx;

	/* When set, called on this thread again and again while the call lasts,
	   at least every 20 ms: other work has its turn, and may send other
	   requests with this same client. Non-zero ends the call, as with
	   stream. */
	int (*idle)(void *ctx);
	void *idle_ctx;
};

/* Room for the cookies of one system; browsers bear as much in one. */
enum { HTTP_SESSION_SIZE = 4096 };

struct http_answer {
	int status;             /* 0: no answer; see why */
	struct buf body;        /* owned by the caller of http_client_send */
	char content_type[80];  /* "" when absent */
	int64_t retry_after_ms; /* -1: absent; at most an hour */
	int64_t date_ms;        /* the Date header; 0: absent */
	bool has_link;          /* a Link header (RFC 8288) came … */
	bool has_next;          /* … and names a next page */
	char session[HTTP_SESSION_SIZE]; /* what Set-Cookie said, as
	                           http_client_watch_cookie asked; "" */
	bool was_sent;     /* bytes of the request may have arrived: without
	                           an answer its effect is uncertain */
	int stream_result; /* what stream or idle returned last */
	char why[160];     /* trouble in words, without URL or secret */
};

/*
 * Send and wait. Never follows redirects, never retries, verifies TLS.
 *
 * Returns  0 with answer filled, also when no answer came (status 0); a fault
 *          only when memory or the library failed.
 * Threads  the client's own.
 */
int http_client_send(struct http_client *client,
                     const struct http_request *request,
                     struct http_answer *answer);

/*
 * Collect cookies into answer.session: the value of the one with this name, or
 * with HTTP_EVERY_COOKIE a jar of all. name is static.
 */
#define HTTP_EVERY_COOKIE ""
void http_client_watch_cookie(struct http_client *client, const char *name);

/*
 * A jar: "name=value; name2=value2", which is also the value of a Cookie
 * header. Its values are as good as passwords.
 *
 * put   these cookies, a jar themselves, into the jar; a newer one replaces
 *       the older of its name. One that finds no room is left out.
 * hide  replace the values in text by `***`, in place; values shorter than 6
 *       bytes are left (they would hide ordinary words).
 */
void http_jar_put(char jar[HTTP_SESSION_SIZE], const char *cookies);
void http_jar_hide(char *text, const char *jar);

void http_answer_fini(struct http_answer *answer);

#endif
