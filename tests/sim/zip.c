/*
 * Stored blocks and checksums; see zip.h.
 *
 * Source  deflate (RFC 1951, 3.2.4), gzip (RFC 1952).
 */
#include "tests/sim/zip.h"

#include "tests/sim/sim.h"

#include <stdlib.h>

enum { STORED_MAX = 65535 };

uint32_t
zip_crc32(uint32_t crc, const void *p, size_t n)
{
	/* of the sixteen half bytes */
	static const uint32_t table[] = { 0x00000000, 0x1db71064, 0x3b6e20c8,
		                          0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		                          0x4db26158, 0x5005713c, 0xedb88320,
		                          0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		                          0x9b64c2b0, 0x86d3d2d4, 0xa00ae278,
		                          0xbdbdf21c };
	const unsigned char *byte = p;
	size_t i;

	crc = ~crc;
	for (i = 0; i < n; i++) {
		crc ^= byte[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

static void
put_le16(struct buf *out, unsigned n)
{
	buf_addc(out, (char)n);
	buf_addc(out, (char)(n >> 8));
}

static void
put_le32(struct buf *out, uint32_t n)
{
	put_le16(out, n & 0xffff);
	put_le16(out, n >> 16);
}

void
zip_store(struct buf *out, const void *p, size_t n, bool is_last)
{
	const char *at = p;
	size_t part;

	do {
		part = n < STORED_MAX ? n : STORED_MAX;
		n -= part;
		buf_addc(out, is_last && n == 0);
		put_le16(out, (unsigned)part);
		put_le16(out, ~(unsigned)part & 0xffff);
		buf_add(out, at, part);
		at += part;
	} while (n > 0);
}

/* ---- gzip ---- */

/* A stream that is stored in a gzip file on its way. */
struct zipped {
	struct server_stream inner; /* owned; NULL: first is all of it */
	struct buf first;           /* what comes before it */
	bool has_begun;
	uint32_t crc;
	size_t n;
};

static void
free_zipped(void *ctx)
{
	struct zipped *z = ctx;

	if (z->inner.release != NULL)
		z->inner.release(z->inner.ctx);
	buf_fini(&z->first);
	free(z);
}

static void
produce_zipped(void *ctx, struct server_piece *piece)
{
	struct zipped *z = ctx;
	struct server_piece plain = { .wanted = piece->wanted };

	if (!z->has_begun)
		buf_add(&piece->bytes, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
	if (!z->has_begun && z->first.n > 0) {
		plain.bytes = z->first;
		z->first = (struct buf)BUF_INIT;
		plain.is_last = z->inner.produce == NULL;
	} else if (z->inner.produce != NULL) {
		z->inner.produce(z->inner.ctx, &plain);
	} else {
		plain.is_last = true;
	}
	z->has_begun = true;
	z->crc = zip_crc32(z->crc, buf_text(&plain.bytes), plain.bytes.n);
	z->n += plain.bytes.n;
	zip_store(&piece->bytes, buf_text(&plain.bytes), plain.bytes.n,
	          plain.is_last);
	if (plain.is_last) {
		put_le32(&piece->bytes, z->crc);
		put_le32(&piece->bytes, (uint32_t)z->n);
	}
	piece->is_last = plain.is_last;
	piece->is_reset = plain.is_reset;
	piece->pause_ms = plain.pause_ms;
	buf_fini(&plain.bytes);
}

void
zip_reply(struct server_reply *reply)
{
	struct zipped *z = sim_alloc(sizeof(*z));

	z->inner = reply->stream;
	z->first = reply->body;
	reply->body = (struct buf)BUF_INIT;
	reply->stream =
		(struct server_stream){ produce_zipped, free_zipped, z };
	buf_adds(&reply->headers, "Content-Encoding: gzip\r\n");
}
