/*
 * Galaxy: the bytes of images.
 *
 * Each is a real PNG, small, of one colour that comes from its id. PNG wants
 * compressed data; stored blocks are allowed there, so no library is needed.
 *
 * Source  PNG (ISO/IEC 15948), zlib (RFC 1950), deflate (RFC 1951, 3.2.4).
 */
#include "tests/sim/galaxy.h"

#include "gateway/base/crypto.h"
#include "tests/sim/zip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 24 }; /* pixels */

static void
put_be32(struct buf *out, uint32_t n)
{
	buf_addc(out, (char)(n >> 24));
	buf_addc(out, (char)(n >> 16));
	buf_addc(out, (char)(n >> 8));
	buf_addc(out, (char)n);
}

static void
put_png_chunk(struct buf *out, const char *type, const struct buf *bytes)
{
	size_t at = out->n + 4;

	put_be32(out, (uint32_t)bytes->n);
	buf_add(out, type, 4);
	buf_add(out, buf_text(bytes), bytes->n);
	put_be32(out, zip_crc32(0, out->p + at, out->n - at));
}

/* 24 lines of a filter byte (none) and 24 pixels. */
static void
put_pixels(struct buf *out, unsigned colour)
{
	int x;
	int y;

	for (y = 0; y < SIDE; y++) {
		buf_addc(out, 0);
		for (x = 0; x < SIDE; x++) {
			buf_addc(out, (char)(colour >> 16));
			buf_addc(out, (char)(colour >> 8));
			buf_addc(out, (char)(colour + (unsigned)(x * y)));
		}
	}
}

/* Adler-32 of RFC 1950. */
static uint32_t
adler32_of(const struct buf *b)
{
	uint32_t low = 1;
	uint32_t high = 0;
	size_t i;

	for (i = 0; i < b->n; i++) {
		low = (low + (unsigned char)b->p[i]) % 65521;
		high = (high + low) % 65521;
	}
	return high << 16 | low;
}

static void
make_png(struct buf *png, unsigned colour)
{
	struct buf part = BUF_INIT;
	struct buf pixels = BUF_INIT;

	buf_add(png, "\x89PNG\r\n\x1a\n", 8);
	put_be32(&part, SIDE);
	put_be32(&part, SIDE);
	buf_add(&part, "\x08\x02\0\0\0", 5); /* 8 bits, RGB, plain */
	put_png_chunk(png, "IHDR", &part);
	buf_reset(&part);
	put_pixels(&pixels, colour);
	buf_add(&part, "\x78\x01", 2);
	zip_store(&part, pixels.p, pixels.n, true);
	put_be32(&part, adler32_of(&pixels));
	put_png_chunk(png, "IDAT", &part);
	buf_reset(&part);
	put_png_chunk(png, "IEND", &part);
	buf_fini(&part);
	buf_fini(&pixels);
}

/* The image's item and number there; false: no such image. */
static bool
find_image(struct galaxy *galaxy, const char *id, struct galaxy_query *q,
           unsigned *number)
{
	struct galaxy_generated made;
	const struct galaxy_item *item;
	unsigned n;

	if (galaxy_query_names(&galaxy->gone, id))
		return false;
	if (galaxy_parse_scrambled(&n, q->seed, id, GALAXY_IMAGE) &&
	    n / 16 < galaxy->n_generated) {
		galaxy_make_item(&made, q->seed, n / 16, 0);
		item = galaxy->changed[n / 16];
		if (item == NULL)
			item = &made.item;
	} else if (galaxy_parse_guid(&n, id, GALAXY_IMAGE) &&
	           n / 16 < galaxy->n_items &&
	           !galaxy->items[n / 16]->is_generated) {
		item = galaxy->items[n / 16];
	} else {
		return false;
	}
	*number = n;
	return !item->is_gone && n % 16 < (unsigned)item->n_images;
}

void
galaxy_send_image(struct galaxy *galaxy, const char *id,
                  struct server_reply *reply)
{
	struct galaxy_query q = { .seed = galaxy->seed };
	struct json_out out = { .to = &reply->body };
	struct buf png = BUF_INIT;
	unsigned n;
	char *base64;

	if (!find_image(galaxy, id, &q, &n)) {
		galaxy_refuse(reply, 404, "NotFound", NULL,
		              "The requested entity was not found");
		return;
	}
	make_png(&png, n * 2654435761u >> 8);
	base64 = sim_alloc((png.n + 2) / 3 * 4 + 1);
	crypto_base64_encode(base64, png.p, png.n);
	reply->status = 200;
	reply->content_type = "application/json; charset=utf-8";
	json_out_object(&out, NULL);
	galaxy_out_guid(galaxy->is.upper_guids, &out, "ID", id);
	json_out_text(&out, "TypeCode", "001");
	json_out_text(&out, "Image", base64);
	json_out_end_object(&out);
	free(base64);
	buf_fini(&png);
}
