#ifndef DRIVERS_HTTP_WIRE_H
#define DRIVERS_HTTP_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/buf.h"
#include "gateway/ports/http.h"

/*
 * What HTTP/1.1 on the wire asks of the server, as functions of plain values:
 * how a call's body is framed, how a reply is written, which addresses can be
 * listened on. No civetweb here.
 */
struct http_framing {
	int64_t length; /* declared; -1: none */
	bool is_chunked;
	bool wants_continue; /* waits for `100 Continue` (platform.md C23) */
	bool keeps_open;     /* wants another request on this connection */
	bool is_http_1_1;    /* understands chunks */
};

enum { HTTP_FRAMING_BROKEN = 1 };

/*
 * Read how a call's body is framed. Refused are both framing headers, either
 * of them twice, a length that is not all digits, another coding, and any
 * number of hosts but one (platform.md C19): behind a proxy each of these is
 * a way to smuggle a request.
 *
 * Returns 0, HTTP_FRAMING_BROKEN.
 */
int http_framing_read(struct http_framing *out, const struct http_call *call,
                      bool is_http_1_1);

/* How the end of a reply's body is known. */
enum http_end {
	HTTP_END_LENGTH, /* Content-Length, of reply->body */
	HTTP_END_CHUNK,  /* the empty chunk */
	HTTP_END_CLOSE,  /* the end of the connection: for HTTP/1.0 */
};

/*
 * Append status line and headers, the empty line included. A Cache-Control of
 * reply->extra takes the place of ours, which is no-store.
 */
void http_reply_format_head(struct buf *out, const struct http_reply *reply,
                            enum http_end end, bool closes);

/* Append the whole reply, ready to be written once (C25). */
void http_reply_format(struct buf *out, const struct http_reply *reply,
                       bool closes);

/* Is this text a loopback address? */
bool http_is_loopback(const char *address);

enum { HTTP_LISTEN_SIZE = 64, HTTP_LISTEN_IMPOSSIBLE = 1 };

/*
 * Check that an address can be listened on, by trying.
 *
 * out            the same in numbers: "127.0.0.1:80", "[::1]:0"
 * address        "127.0.0.1:8443", "[::]:8443", "localhost:0"
 * loopback_only  refuse every other address
 * why            receives the reason
 *
 * Returns 0, HTTP_LISTEN_IMPOSSIBLE.
 */
int http_listen_check(char out[HTTP_LISTEN_SIZE], const char *address,
                      bool loopback_only, struct buf *why);

/*
 * Knock at a listening socket of ours, to wake whoever polls it.
 *
 * address  as http_listen_check() wrote it; its port is replaced
 */
void http_listen_wake(const char *address, int port);

#endif
