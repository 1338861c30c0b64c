/*
 * Lightspeed X, products found by SKU, barcode and name.
 *
 * By SKU the vendor looks for itself; for the rest there is no query that keeps
 * to what is asked, so all products are read and the port compares.
 */
#include "adapters/lightspeed_x.h"

#include "gateway/base/err.h"

#include <string.h>

enum { PAGE_SIZE = 1000 };

struct finding {
	enum listing_by by;
	const char *text;
	const struct listing_sink *sink;
};

/* Of every kind; blanks between. Own codes are no barcodes. */
static void
add_barcodes(struct buf *out, const struct json_node *row)
{
	const struct json_node *codes = json_find(row, "product_codes");

	for (size_t i = 0; i < json_length(codes); i++) {
		const struct json_node *code = json_at(codes, i);
		const char *text = json_text_or(code, "code", "");

		if (*text &&
		    strcmp(json_text_or(code, "type", ""), "CUSTOM") != 0)
			buf_addf(out, "%s%s", out->n ? " " : "", text);
	}
}

/* What is made up of others has no stock of its own: its parts have. */
static bool
is_stocked(const struct json_node *row)
{
	bool is_active = true;
	bool is_tracked = true;
	bool is_composite = false;

	(void)json_get_bool(&is_composite, row, "is_composite");
	(void)json_get_bool(&is_active, row, "active");
	(void)json_get_bool(&is_active, row, "is_active");
	(void)json_get_bool(&is_tracked, row, "has_inventory");
	return is_active && is_tracked && !is_composite &&
	       !json_find(row, "deleted_at");
}

static int
take_product(void *ctx, const struct json_node *row)
{
	const struct finding *f = ctx;
	const char *variant = json_text_or(row, "variant_name", "");
	struct buf barcodes = BUF_INIT;
	struct listing listing = {
		.external = json_text_or(row, "id", ""),
		.sku = json_text_or(row, "sku", ""),
		/* It has the product's name in it. */
		.name = *variant ? variant : json_text_or(row, "name", ""),
	};
	int r = 0;

	if (!*listing.external)
		return LIGHTSPEED_X_MALFORMED;
	add_barcodes(&barcodes, row);
	listing.barcode = buf_text(&barcodes);
	if (is_stocked(row) && listing_fits(&listing, f->by, f->text))
		r = f->sink->listing(f->sink->ctx, &listing);
	buf_fini(&barcodes);
	return r;
}

static int
take_found(struct finding *f, const struct json_node *root)
{
	const struct json_node *rows = json_find(root, "data");
	int r = json_type(rows) == JSON_ARRAY ? 0 : LIGHTSPEED_X_MALFORMED;

	for (size_t i = 0; !r && i < json_length(rows); i++)
		r = take_product(f, json_at(rows, i));
	return r;
}

static struct outcome
find_by_sku(struct lightspeed_x *x, struct finding *f)
{
	struct buf path = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;

	buf_adds(&path, "/api/2.0/products?sku=");
	buf_add_url(&path, f->text);
	outcome = lightspeed_x_must_be(
		lightspeed_x_get(x, &doc,
	                         buf_check(&path) ? NULL : buf_steal(&path)),
		"products");
	if (outcome.verdict == VERDICT_DONE)
		outcome = outcome_taken(take_found(f, json_root(doc)),
		                        "products");
	json_free(doc);
	buf_fini(&path);
	return outcome;
}

struct outcome
lightspeed_x_list_items(void *state, enum listing_by by, const char *text,
                        const struct listing_sink *sink)
{
	struct lightspeed_x *x = lightspeed_x_of(state);
	struct finding finding = { by, text, sink };
	struct lightspeed_x_list list = { .name = "products",
		                          .query = "",
		                          .page_size = PAGE_SIZE,
		                          .take = take_product,
		                          .ctx = &finding };

	return by == LISTING_SKU ? find_by_sku(x, &finding)
	                         : lightspeed_x_list(x, &list);
}
