/*
 * A reply's body as it is made.
 *
 * A chunk's length stands before its bytes and is known after them: room for
 * it is kept. Leading zeros in it are as good as none (RFC 9112 7.1).
 */
#include "gateway/drivers/http_stream.h"

#include <stdio.h>
#include <string.h>

enum {
	DIGITS = 6, /* of a chunk's length */
	HEAD_BYTES = DIGITS + 2,
	FULL_BYTES = HTTP_PIECE_BYTES - 2, /* CR LF follows */
};

void
http_stream_begin(struct http_stream *s)
{
	s->start = s->wire->n;
	if (s->is_chunked)
		buf_adds(s->wire, "000000\r\n");
}

static void
end_piece(struct http_stream *s)
{
	struct buf *wire = s->wire;
	char digits[HEAD_BYTES];
	size_t n;

	if (!s->is_chunked || buf_check(wire))
		return;
	n = wire->n - s->start - HEAD_BYTES;
	if (n == 0) { /* it would be the last one */
		wire->n = s->start;
		wire->p[wire->n] = '\0';
		return;
	}
	(void)snprintf(digits, sizeof(digits), "%06x", (unsigned)n);
	memcpy(wire->p + s->start, digits, DIGITS);
	buf_adds(wire, "\r\n");
}

int
http_stream_write(void *to, const void *p, size_t n)
{
	struct http_stream *s = to;
	const char *from = p;
	size_t some;

	while (n > 0 && !s->r) {
		some = FULL_BYTES - s->wire->n;
		if (some > n)
			some = n;
		buf_add(s->wire, from, some);
		from += some;
		n -= some;
		if (!buf_check(s->wire) && s->wire->n < FULL_BYTES)
			continue;
		end_piece(s);
		s->r = s->send(s->ctx);
		http_stream_begin(s);
	}
	return s->r;
}

int
http_stream_end(struct http_stream *s)
{
	if (s->r)
		return s->r;
	end_piece(s);
	if (s->is_chunked)
		buf_adds(s->wire, "0\r\n\r\n");
	s->r = s->send(s->ctx);
	return s->r;
}
