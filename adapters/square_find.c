/*
 * Square, look-ups: is a sale recorded there? Its order is found by the
 * reference it was given, among the orders that are from us.
 */
#include "adapters/square_post.h"

#include "gateway/base/decimal.h"
#include "gateway/base/json.h"

#include <string.h>

#define SEARCH_PATH "/v2/orders/search"

enum {
	PAGE = 500,
	SLACK_MS = 60 * 60 * 1000, /* clocks that made the entry's time */
};

int64_t
square_earliest_ms(const struct square *s, const struct entry *entry)
{
	int64_t from_ms = entry->occurred_ms - SLACK_MS;

	if (s->clock.skew_ms < 0)
		from_ms += s->clock.skew_ms;
	return from_ms > 0 ? from_ms : 0;
}

struct finding {
	const struct square *square;
	const struct entry *entry;
	struct square_order order; /* the best there is */
	bool has_strange;          /* one there is cannot be read */
};

static void
build_search(struct json_out *o, const struct square_listing *l)
{
	square_out_one(o, "location_ids", l->square->location);
	json_out_object(o, "query");
	json_out_object(o, "filter");
	if (l->from_ms) {
		json_out_object(o, "date_time_filter");
		json_out_object(o, "created_at");
		square_out_time(o, "start_at", l->from_ms);
		json_out_end_object(o);
		json_out_end_object(o);
	}
	json_out_object(o, "source_filter");
	square_out_one(o, "source_names", SQUARE_SOURCE);
	json_out_end_object(o);
	json_out_end_object(o);
	json_out_object(o, "sort");
	json_out_text(o, "sort_field", "CREATED_AT");
	json_out_text(o, "sort_order", "ASC");
	json_out_end_object(o);
	json_out_end_object(o);
	json_out_int(o, "limit", PAGE);
	json_out_bool(o, "return_entries", false);
}

/* A paid one is the sale; an open one can become it. */
static int
rank(const struct square_order *order)
{
	if (!order->id[0])
		return 0;
	if (strcmp(order->state, "COMPLETED") == 0)
		return 3;
	return strcmp(order->state, "OPEN") == 0 ? 2 : 1;
}

/* Of this item in all; less than nothing: that cannot be told. */
static struct decimal
ordered(const struct json_node *rows, const char *external)
{
	struct decimal sum = DECIMAL_ZERO;
	struct decimal qty;

	for (size_t i = 0; i < json_length(rows); i++) {
		const struct json_node *row = json_at(rows, i);

		if (strcmp(json_text_or(row, "catalog_object_id", ""),
		           external) != 0)
			continue;
		if (decimal_parse(&qty, json_text_or(row, "quantity", "")) ||
		    !square_is_quantity(qty))
			return decimal_of(-1);
		sum = decimal_add(sum, qty);
	}
	return sum;
}

static bool
has_lines_of(const struct json_node *order, const struct entry *entry)
{
	const struct json_node *rows = json_find(order, "line_items");

	if (json_length(rows) != entry->n_lines)
		return false;
	for (size_t i = 0; i < entry->n_lines; i++) {
		const char *external = entry->lines[i].external;
		struct decimal sum = DECIMAL_ZERO;

		if (!external)
			return false;
		for (size_t j = 0; j < entry->n_lines; j++)
			if (entry->lines[j].external &&
			    strcmp(entry->lines[j].external, external) == 0)
				sum = decimal_add(sum, entry->lines[j].qty);
		if (decimal_cmp(ordered(rows, external), sum) != 0)
			return false;
	}
	return true;
}

static int
take_found(void *ctx, const struct json_node *root)
{
	struct finding *f = ctx;
	const struct json_node *rows;
	const struct json_node *row;
	struct square_order order;
	int r = square_find_rows(&rows, root, "orders");

	for (size_t i = 0; !r && i < json_length(rows); i++) {
		row = json_at(rows, i);
		if (strcmp(json_text_or(row, "reference_id", ""),
		           f->entry->docid) != 0 ||
		    strcmp(json_text_or(row, "location_id", ""),
		           f->square->location) != 0)
			continue;
		if (square_order_read(&order, row)) {
			f->has_strange = true;
			continue;
		}
		order.has_its_lines = has_lines_of(row, f->entry);
		if (rank(&order) > rank(&f->order))
			f->order = order;
	}
	return r;
}

struct outcome
square_order_find(struct square *s, const struct entry *entry,
                  struct square_order *order)
{
	struct finding f = { .square = s, .entry = entry };
	struct square_listing listing = { .path = SEARCH_PATH,
		                          .build = build_search,
		                          .take = take_found,
		                          .ctx = &f,
		                          .square = s,
		                          .from_ms = square_earliest_ms(
						  s, entry) };
	struct outcome outcome = square_list(s, &listing);

	*order = f.order;
	if (outcome.verdict == VERDICT_DONE && !order->id[0] && f.has_strange)
		outcome = outcome_of(VERDICT_REFUSED,
		                     "Square shows an order %.40s that is not "
		                     "as documented: see there whether it is "
		                     "this sale",
		                     entry->docid);
	return outcome;
}
