/*
 * Hiboutik, finding items.
 *
 * Does    GET /products/, a call for 250 of them; one search and a call a
 *         product where a barcode is asked for, one search for a supplier's
 *         reference or a name.
 * Each    size of a product is a thing of its own; all sizes share the
 *         reference, which is as near to a SKU as Hiboutik comes.
 * Not     Products that are archived, or whose stock is not kept.
 * Source  as hiboutik.h.
 */
#include "adapters/hiboutik.h"

#include "gateway/base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_SIZE = 64, CODES_MAX = 32 };

struct find {
	struct hiboutik *h;
	enum listing_by by;
	const char *text;
	const struct listing_sink *sink;
	struct hiboutik_thing things[CODES_MAX]; /* that have the barcode */
	size_t n_things;
};

/* A code may be a number, too. "" where there is none. */
static void
read_code(char out[CODE_SIZE], const struct json_node *o, const char *key)
{
	const struct json_node *node = json_find(o, key);
	const char *text = json_text(node);

	if (!text)
		text = json_number_text(node);
	(void)snprintf(out, CODE_SIZE, "%s", text ? text : "");
}

static int
tell(struct find *find, const struct hiboutik_thing *thing,
     const char *reference, const char *barcode, const char *name)
{
	char external[HIBOUTIK_THING_SIZE];
	const struct listing listing = {
		.external = hiboutik_format_thing(external, thing),
		.sku = reference,
		.barcode = barcode,
		.name = name,
	};

	if (!listing_fits(&listing, find->by, find->text))
		return 0;
	return find->sink->listing(find->sink->ctx, &listing);
}

static int
tell_size(struct find *find, const struct json_node *row,
          const struct json_node *size, const char *reference, int64_t product)
{
	struct hiboutik_thing thing = { .product = product };
	char barcode[CODE_SIZE];
	char *name;
	int r;

	if (hiboutik_get_int(&thing.size, size, "size_id") || thing.size < 1)
		return HIBOUTIK_MALFORMED;
	read_code(barcode, size, "barcode");
	name = text_format("%s, %s", json_text_or(row, "product_model", ""),
	                   json_text_or(size, "size_name", "?"));
	r = name ? tell(find, &thing, reference, barcode, name)
	         : err_raise(ERR_NOMEM, "hiboutik");
	free(name);
	return r;
}

static int
take_product(void *ctx, const struct json_node *row)
{
	struct find *find = ctx;
	const struct json_node *sizes = json_find(row, "product_size_details");
	struct hiboutik_thing thing = { .size = 0 };
	char reference[CODE_SIZE];
	char barcode[CODE_SIZE];
	int r = 0;

	if (hiboutik_get_int(&thing.product, row, "product_id"))
		return HIBOUTIK_MALFORMED;
	if (hiboutik_int_or(row, "product_arch", 0) != 0 ||
	    hiboutik_int_or(row, "product_stock_management", 1) == 0)
		return 0;
	read_code(reference, row, "product_supplier_reference");
	read_code(barcode, row, "product_barcode");
	if (json_length(sizes) == 0 &&
	    hiboutik_int_or(row, "product_size_type", 0) == 0)
		return tell(find, &thing, reference, barcode,
		            json_text_or(row, "product_model", ""));
	for (size_t i = 0; !r && i < json_length(sizes); i++)
		r = tell_size(find, row, json_at(sizes, i), reference,
		              thing.product);
	return r;
}

/* ---- by barcode ---- */

static int
take_code(void *ctx, const struct json_node *row)
{
	struct find *find = ctx;
	struct hiboutik_thing thing;
	int r = hiboutik_get_thing(&thing, row);

	for (size_t i = 0; !r && i < find->n_things; i++)
		if (find->things[i].product == thing.product)
			return 0; /* its sizes come with it */
	if (!r && find->n_things < CODES_MAX)
		find->things[find->n_things++] = thing;
	return r;
}

/* Pages of a path behind which nothing may be. */
static struct outcome
list(struct find *find, struct buf *path,
     int (*take)(void *ctx, const struct json_node *row))
{
	struct hiboutik_listing listing = { .path = buf_text(path),
		                            .take = take,
		                            .ctx = find };
	struct outcome outcome = buf_check(path)
	                                 ? outcome_fault(ERR_NOMEM)
	                                 : hiboutik_list(find->h, &listing);

	return outcome.verdict == VERDICT_ABSENT ? outcome_done() : outcome;
}

static struct outcome
list_found(struct find *find)
{
	struct outcome outcome = outcome_done();

	for (size_t i = 0;
	     outcome.verdict == VERDICT_DONE && i < find->n_things; i++) {
		struct buf path = BUF_INIT;

		buf_addf(&path, "products/%lld",
		         (long long)find->things[i].product);
		outcome = list(find, &path, take_product);
		buf_fini(&path);
	}
	return outcome;
}

struct outcome
hiboutik_list_items(void *state, enum listing_by by, const char *text,
                    const struct listing_sink *sink)
{
	struct find find = {
		.h = hiboutik_of(state), .by = by, .text = text, .sink = sink
	};
	struct buf path = BUF_INIT;
	struct outcome outcome;

	switch (by) {
	case LISTING_ALL: buf_adds(&path, "products/"); break;
	case LISTING_SKU:
		buf_adds(&path, "products/search/supplier_reference/");
		break;
	case LISTING_BARCODE:
		buf_adds(&path, "products/search/barcode/");
		break;
	case LISTING_NAME: buf_adds(&path, "products/search/name/"); break;
	}
	if (by != LISTING_ALL)
		buf_add_url(&path, text);
	if (by == LISTING_SKU || by == LISTING_BARCODE)
		buf_addc(&path, '/');
	outcome = list(&find, &path,
	               by == LISTING_BARCODE ? take_code : take_product);
	if (outcome.verdict == VERDICT_DONE)
		outcome = list_found(&find);
	buf_fini(&path);
	return outcome;
}
