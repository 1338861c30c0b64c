/*
 * Stored blocks and checksums; see zip.h.
 *
 * Source  deflate (RFC 1951, 3.2.4), gzip (RFC 1952).
 */
#include "tests/sim/zip.h"

enum { STORED_MAX = 65535 };

static uint32_t
crc_of_byte(uint32_t n)
{
	int i;

	for (i = 0; i < 8; i++)
		n = n & 1 ? n >> 1 ^ 0xedb88320u : n >> 1;
	return n;
}

uint32_t
zip_crc32(uint32_t crc, const void *p, size_t n)
{
	const unsigned char *byte = p;
	size_t i;

	crc = ~crc;
	for (i = 0; i < n; i++)
		crc = crc >> 8 ^ crc_of_byte((crc ^ byte[i]) & 0xff);
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

void
zip_gzip_head(struct buf *out)
{
	buf_add(out, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
}

void
zip_gzip_end(struct buf *out, uint32_t crc, size_t n_in_all)
{
	put_le32(out, crc);
	put_le32(out, (uint32_t)n_in_all);
}
