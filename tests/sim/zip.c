/*
 * Stored blocks and checksums; see zip.h.
 *
 * Source  deflate (RFC 1951, 3.2.4), gzip (RFC 1952).
 */
#include "tests/sim/zip.h"

#include "tests/sim/sim.h"

#include <pthread.h>
#include <stdlib.h>

enum { STORED_MAX = 65535 };

static pthread_once_t crc_once = PTHREAD_ONCE_INIT;
static uint32_t crc_table[256]; /* CRC-32 of one byte; written once */

static void
fill_table(void)
{
	uint32_t i;
	uint32_t crc;
	int bit;

	for (i = 0; i < 256; i++) {
		crc = i;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
		crc_table[i] = crc;
	}
}

uint32_t
zip_crc32(uint32_t crc, const void *p, size_t n)
{
	const unsigned char *byte = p;
	size_t i;

	pthread_once(&crc_once, fill_table);
	crc = ~crc;
	for (i = 0; i < n; i++)
		crc = crc >> 8 ^ crc_table[(crc ^ byte[i]) & 255];
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
