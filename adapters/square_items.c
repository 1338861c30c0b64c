/*
 * Square, items: what is stocked at this location, for a person who looks for
 * something to bind.
 *
 * Does    POST catalog/search, page after page. By SKU or barcode for variations
 *         (set_query, for exact_query may match a part), with the items that
 *         they belong to; else for all items, in which their variations are.
 * Name    That of the item and that of its variation. Square looks for names in
 *         either of the two only, passes over short words, and may or may not
 *         match parts of them: so all of them are read, and compared here.
 * Not     What is deleted, archived, not at this location, or counted only by
 *         its parts (not stockable).
 */
#include "adapters/square.h"

#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/base/keyset.h"

#include <stdlib.h>
#include <string.h>

#define SEARCH_PATH "/v2/catalog/search"

/* An item comes with as many as 250 variations: far below an answer's limit. */
enum { ITEMS_PAGE = 200 };

/* One search. */
struct items {
	const struct square *square;
	enum listing_by by;
	const char *text;
	const struct listing_sink *sink;
	struct keyset seen; /* a catalogue may change from page to page */
};

static void
build_search(struct json_out *o, const struct square_listing *l)
{
	const struct items *items = l->ctx;
	bool is_exact =
		items->by == LISTING_SKU || items->by == LISTING_BARCODE;

	square_out_one(o, "object_types", is_exact ? "ITEM_VARIATION" : "ITEM");
	json_out_bool(o, "include_related_objects", is_exact);
	json_out_bool(o, "include_deleted_objects", false);
	json_out_int(o, "limit", ITEMS_PAGE);
	if (!is_exact)
		return;
	json_out_object(o, "query");
	json_out_object(o, "set_query");
	json_out_text(o, "attribute_name",
	              items->by == LISTING_SKU ? "sku" : "upc");
	square_out_one(o, "attribute_values", items->text);
	json_out_end_object(o);
	json_out_end_object(o);
}

static bool
is_in(const struct json_node *array, const char *text)
{
	for (size_t i = 0; i < json_length(array); i++) {
		const char *one = json_text(json_at(array, i));

		if (one && strcmp(one, text) == 0)
			return true;
	}
	return false;
}

/* Is this item, or this variation, for sale at the location? */
static bool
is_here(const struct json_node *object, const char *location)
{
	bool is_deleted = false;
	bool is_everywhere = true;

	(void)json_get_bool(&is_deleted, object, "is_deleted");
	(void)json_get_bool(&is_everywhere, object, "present_at_all_locations");
	if (is_deleted)
		return false;
	return is_everywhere
	               ? !is_in(json_find(object, "absent_at_location_ids"),
	                        location)
	               : is_in(json_find(object, "present_at_location_ids"),
	                       location);
}

/* item NULL: it did not come along. */
static bool
is_stocked(const struct items *items, const struct json_node *item,
           const struct json_node *variation)
{
	const char *location = items->square->location;
	bool is_archived = false;
	bool is_stockable = true;

	(void)json_get_bool(&is_archived, json_find(item, "item_data"),
	                    "is_archived");
	(void)json_get_bool(&is_stockable,
	                    json_find(variation, "item_variation_data"),
	                    "stockable");
	return !is_archived && is_stockable && is_here(variation, location) &&
	       (!item || is_here(item, location));
}

/* Report it once. */
static int
report(struct items *items, const struct listing *listing)
{
	size_t n = strlen(listing->external);
	int r;

	if (n == 0 || keyset_has(&items->seen, listing->external, n))
		return 0;
	r = keyset_add(&items->seen, listing->external, n);
	return r ? err_pass(r)
	         : items->sink->listing(items->sink->ctx, listing);
}

static int
take_variation(struct items *items, const struct json_node *item,
               const struct json_node *variation)
{
	const struct json_node *facts =
		json_find(variation, "item_variation_data");
	const char *of_item =
		json_text_or(json_find(item, "item_data"), "name", "");
	const char *own = json_text_or(facts, "name", "");
	char *name = text_format("%s%s%s", of_item,
	                         *of_item && *own ? ", " : "", own);
	const struct listing listing = {
		.external = json_text_or(variation, "id", ""),
		.sku = json_text_or(facts, "sku", ""),
		.barcode = json_text_or(facts, "upc", ""),
		.name = name,
	};
	int r = 0;

	if (!name)
		r = err_raise(ERR_NOMEM, "square");
	else if (is_stocked(items, item, variation) &&
	         listing_fits(&listing, items->by, items->text))
		r = report(items, &listing);
	free(name);
	return r;
}

/* The item of a variation, among what came along with it. */
static const struct json_node *
find_item(const struct json_node *root, const struct json_node *variation)
{
	const struct json_node *related = json_find(root, "related_objects");
	const char *id = json_text_or(
		json_find(variation, "item_variation_data"), "item_id", "");

	for (size_t i = 0; i < json_length(related); i++)
		if (strcmp(json_text_or(json_at(related, i), "id", ""), id) ==
		    0)
			return json_at(related, i);
	return NULL;
}

static int
take_item(struct items *items, const struct json_node *item)
{
	const struct json_node *rows = json_path(item, "item_data.variations");
	int r = 0;

	for (size_t i = 0; !r && i < json_length(rows); i++)
		r = take_variation(items, item, json_at(rows, i));
	return r;
}

static int
take_objects(void *ctx, const struct json_node *root)
{
	const struct json_node *rows;
	int r = square_find_rows(&rows, root, "objects");

	for (size_t i = 0; !r && i < json_length(rows); i++) {
		const struct json_node *row = json_at(rows, i);
		const char *type = json_text_or(row, "type", "");

		if (strcmp(type, "ITEM") == 0)
			r = take_item(ctx, row);
		else if (strcmp(type, "ITEM_VARIATION") == 0)
			r = take_variation(ctx, find_item(root, row), row);
	}
	return r;
}

struct outcome
square_list_items(void *state, enum listing_by by, const char *text,
                  const struct listing_sink *sink)
{
	struct square *s = square_of(state);
	struct items items = {
		.square = s, .by = by, .text = text, .sink = sink
	};
	struct square_listing listing = { .path = SEARCH_PATH,
		                          .build = build_search,
		                          .take = take_objects,
		                          .ctx = &items,
		                          .square = s };
	struct outcome outcome = square_list(s, &listing);

	keyset_fini(&items.seen);
	return outcome;
}
