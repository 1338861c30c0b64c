#ifndef DRIVERS_HTTP_STREAM_H
#define DRIVERS_HTTP_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/buf.h"

/*
 * A reply's body as it is made: however small the pieces that are written, they
 * leave in ones of HTTP_PIECE_BYTES, as chunks or bare. No civetweb here.
 */
enum { HTTP_PIECE_BYTES = 32768 }; /* on the wire: two full TLS records */

/* Filled by the caller up to ctx, zeroed behind. */
struct http_stream {
	struct buf *wire; /* borrowed; the headers may stand in it already */
	bool is_chunked;

	/* Send what stands in wire and empty it. Returns 0, or anything else:
	   the client is gone. Called with ctx. */
	int (*send)(void *ctx);
	void *ctx;

	size_t start; /* of the piece under way, in wire */
	int r;        /* what send returned; sticks */
};

void http_stream_begin(struct http_stream *s);

/* As http_reply.produce wants it; to is the stream. */
int http_stream_write(void *to, const void *p, size_t n);

/* Send the rest, and with chunks the end. Returns what send returned. */
int http_stream_end(struct http_stream *s);

#endif
