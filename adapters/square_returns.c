/*
 * Square, returns: goods that a till put back for sale.
 *
 * Does    POST inventory/changes/batch-retrieve for ADJUSTMENTs of this
 *         location, 1000 a page; GET inventory/adjustments/{id} for one. Each
 *         return is a sale of one line with a negative quantity, named
 *         "return." and the adjustment's id: no order has a point in its id.
 * What    Goods that a customer brought back to IN_STOCK: from UNLINKED_RETURN
 *         and RETURNED_BY_CUSTOMER, and from SOLD when a refund stands behind
 *         it. SOLD to IN_STOCK without one takes a sale back, and its order
 *         says so.
 * Not     NONE to IN_STOCK: a delivery, which somebody books where the stock is
 *         kept, is drift here. Refunds: money moves no goods. Prices: an
 *         adjustment back to stock carries none.
 * Limits  The window is by when Square came to know of it, so that an offline
 *         return is found, although its time is old.
 */
#include "adapters/square.h"

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/decimal.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"

#include <string.h>

#define CHANGES_PATH    "/v2/inventory/changes/batch-retrieve"
#define ADJUSTMENT_PATH "/v2/inventory/adjustments/"
#define PREFIX          "return."

enum {
	CHANGES_PAGE = 1000,
	UNTIL_MS = 1, /* updated_before is strict, and finer than ours */
};

bool
square_is_return(const char *id)
{
	return strncmp(id, PREFIX, strlen(PREFIX)) == 0;
}

/* Did these goods come back from a customer? */
static bool
came_back(const struct json_node *adjustment)
{
	const char *from = json_text_or(adjustment, "from_state", "");
	const char *to = json_text_or(adjustment, "to_state", "");

	if (strcmp(to, "IN_STOCK") != 0)
		return false;
	return strcmp(from, "UNLINKED_RETURN") == 0 ||
	       strcmp(from, "RETURNED_BY_CUSTOMER") == 0 ||
	       (strcmp(from, "SOLD") == 0 &&
	        *json_text_or(adjustment, "refund_id", ""));
}

/* Returns 0, SQUARE_MALFORMED, ERR_NOMEM. */
static int
read_line(struct sale *sale, const struct json_node *adjustment, const char *id)
{
	struct sale_line *line = sale_add_line(sale);
	const char *external =
		json_text_or(adjustment, "catalog_object_id", "");

	if (!line)
		return err_raise(ERR_NOMEM, "return");
	if (!*external ||
	    json_get_decimal_lax(&line->qty, adjustment, "quantity") ||
	    !square_is_quantity(line->qty) || decimal_is_negative(line->qty))
		return SQUARE_MALFORMED;
	line->qty = decimal_neg(line->qty);
	line->uid = text_dup(id);
	line->external = text_dup(external);
	return line->uid && line->external ? 0 : err_raise(ERR_NOMEM, "return");
}

/* The caller releases the sale in any case. */
static int
read_return(struct sale *sale, const struct json_node *adjustment)
{
	const char *id = json_text_or(adjustment, "id", "");
	const char *reference = json_text_or(adjustment, "reference_id", "");

	if (!*id || clock_parse(&sale->closed_ms,
	                        json_text_or(adjustment, "occurred_at", ""), 0))
		return SQUARE_MALFORMED;
	sale->id = text_format("%s%s", PREFIX, id);
	sale->reference = *reference ? text_dup(reference) : NULL;
	sale->is_final = true;
	if (!sale->id || (*reference && !sale->reference))
		return err_raise(ERR_NOMEM, "return");
	return read_line(sale, adjustment, id);
}

struct returns {
	const struct square *square;
	const struct sale_sink *sink;
};

static int
take_adjustment(const struct returns *returns,
                const struct json_node *adjustment)
{
	struct sale sale = { 0 };
	int r;

	if (strcmp(json_text_or(adjustment, "location_id", ""),
	           returns->square->location) != 0 ||
	    !came_back(adjustment))
		return 0;
	r = read_return(&sale, adjustment);
	if (!r)
		r = returns->sink->sale(returns->sink->ctx, &sale);
	sale_fini(&sale);
	return r;
}

/* A return that cannot be read ends the listing, as a sale does. */
static int
take_changes(void *ctx, const struct json_node *root)
{
	const struct json_node *rows;
	int r = square_find_rows(&rows, root, "changes");

	for (size_t i = 0; !r && i < json_length(rows); i++)
		r = take_adjustment(ctx,
		                    json_find(json_at(rows, i), "adjustment"));
	return r;
}

static void
build_changes(struct json_out *o, const struct square_listing *l)
{
	square_out_one(o, "location_ids", l->square->location);
	square_out_one(o, "types", "ADJUSTMENT");
	square_out_time(o, "updated_after", l->from_ms);
	square_out_time(o, "updated_before", l->until_ms);
	json_out_int(o, "limit", CHANGES_PAGE);
}

struct outcome
square_list_returns(void *state, int64_t since_ms, int64_t until_ms,
                    const struct sale_sink *sink)
{
	struct square *s = square_of(state);
	struct returns returns = { .square = s, .sink = sink };
	struct square_listing listing = { .path = CHANGES_PATH,
		                          .build = build_changes,
		                          .take = take_changes,
		                          .ctx = &returns,
		                          .square = s,
		                          .from_ms = since_ms,
		                          .until_ms = until_ms + UNTIL_MS };

	return square_list(s, &listing);
}

/* One that is not there, or not a return, is left out. */
struct outcome
square_read_return(struct square *s, const char *id,
                   const struct sale_sink *sink)
{
	struct returns returns = { .square = s, .sink = sink };
	struct buf path = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;

	buf_adds(&path, ADJUSTMENT_PATH);
	buf_add_url(&path, id + strlen(PREFIX));
	outcome = square_call(s, buf_text(&path), NULL, &doc);
	if (outcome.verdict == VERDICT_DONE)
		outcome = outcome_taken(
			take_adjustment(&returns, json_find(json_root(doc),
		                                            "adjustment")),
			ADJUSTMENT_PATH);
	else if (square_has_error(doc, "NOT_FOUND"))
		outcome = outcome_done();
	json_free(doc);
	buf_fini(&path);
	return outcome;
}
