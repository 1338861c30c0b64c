/*
 * Square, sales: orders, found by closing time or read by id.
 *
 * Does    POST orders/search for COMPLETED ones, 500 a page; POST
 *         orders/batch-retrieve for up to 100 ids.
 * Not     Payments and refunds. Goods that come back count when the inventory
 *         shows them: square_returns.c.
 * Limits  Tills send offline sales up to 72 hours late, with their old time.
 */
#include "adapters/square.h"

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/decimal.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SEARCH_PATH "/v2/orders/search"
#define ORDERS_PATH "/v2/orders/batch-retrieve"

enum { SALES_PAGE = 500 };

/* No line costs or holds more; sums of decimals stay far inside their range. */
static const int64_t AMOUNT_MAX = INT64_C(1000000000000000);
static const int64_t QUANTITY_MAX = INT64_C(1000000000000);

int
square_minor_digits(const char *currency)
{
	static const char none[] = " BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF"
				   " UGX UYI VND VUV XAF XOF XPF ";
	static const char three[] = " BHD IQD JOD KWD LYD OMR TND ";
	char word[6];

	(void)snprintf(word, sizeof(word), " %.3s ", currency);
	if (strstr(none, word))
		return 0;
	if (strstr(three, word))
		return 3;
	if (strcmp(currency, "CLF") == 0)
		return 4;
	return strcmp(currency, "BTC") == 0 ? 8 : 2;
}

/* The line's total, when it is there. Returns 0, SQUARE_MALFORMED. */
static int
read_gross(struct sale_line *line, const struct json_node *row)
{
	const struct json_node *money = json_find(row, "total_money");
	const char *currency = json_text_or(money, "currency", "");
	int64_t amount;

	if (!money)
		return 0;
	if (strlen(currency) != 3 || json_get_int(&amount, money, "amount") ||
	    amount > AMOUNT_MAX || amount < -AMOUNT_MAX)
		return SQUARE_MALFORMED;
	line->gross = decimal_of_scaled(amount, square_minor_digits(currency));
	line->has_gross = true;
	return 0;
}

/* "Tea, 100 g"; NULL when out of memory. */
static char *
line_name(const struct json_node *row)
{
	const char *name = json_text_or(row, "name", "");
	const char *variation = json_text_or(row, "variation_name", "");

	return text_format("%s%s%s", name, *name && *variation ? ", " : "",
	                   variation);
}

bool
square_is_quantity(struct decimal quantity)
{
	return decimal_cmp(quantity, decimal_of(QUANTITY_MAX)) <= 0 &&
	       decimal_cmp(quantity, decimal_of(-QUANTITY_MAX)) >= 0;
}

static bool
has_line(const struct sale *sale, const char *uid)
{
	for (size_t i = 0; i < sale->n_lines; i++)
		if (sale->lines[i].uid && !strcmp(sale->lines[i].uid, uid))
			return true;
	return false;
}

/* Returns 0, SQUARE_MALFORMED, ERR_NOMEM. */
static int
read_line(struct sale *sale, const struct json_node *row)
{
	struct sale_line *line = sale_add_line(sale);
	const char *uid = json_text_or(row, "uid", "");
	const char *external = json_text_or(row, "catalog_object_id", "");

	if (!line)
		return err_raise(ERR_NOMEM, "sale line");
	/* Without its own id a line could not be told from others later on. */
	if (!*uid || has_line(sale, uid) ||
	    json_get_decimal_lax(&line->qty, row, "quantity") ||
	    !square_is_quantity(line->qty))
		return SQUARE_MALFORMED;
	line->uid = text_dup(uid);
	line->external = *external ? text_dup(external) : NULL;
	line->name = line_name(row);
	if (!line->uid || !line->name || (*external && !line->external))
		return err_raise(ERR_NOMEM, "sale line");
	return read_gross(line, row);
}

/* Returns 0, SQUARE_MALFORMED. */
static int
read_order_facts(struct sale *sale, const struct json_node *order)
{
	const char *closed = json_text_or(order, "closed_at", "");

	sale->is_final =
		strcmp(json_text_or(order, "state", ""), "COMPLETED") == 0;
	if (json_get_int(&sale->version, order, "version") == JSON_WRONG_TYPE)
		return SQUARE_MALFORMED;
	if (*closed || sale->is_final)
		return clock_parse(&sale->closed_ms, closed, 0)
		               ? SQUARE_MALFORMED
		               : 0;
	return 0;
}

/*
 * An order as a sale. Its returns are not in it: they count when Square shows
 * the goods restocked. Returns 0, SQUARE_MALFORMED, ERR_NOMEM; the caller
 * releases the sale in any case.
 */
static int
read_order(struct sale *sale, const struct json_node *order)
{
	const char *id = json_text_or(order, "id", "");
	const char *reference = json_text_or(order, "reference_id", "");
	const char *currency =
		json_text_or(json_find(order, "total_money"), "currency", "");
	const struct json_node *rows;
	int r = square_find_rows(&rows, order, "line_items");

	if (!*id || r)
		return SQUARE_MALFORMED;
	sale->id = text_dup(id);
	sale->reference = *reference ? text_dup(reference) : NULL;
	sale->currency = *currency ? text_dup(currency) : NULL;
	if (!sale->id || (*reference && !sale->reference) ||
	    (*currency && !sale->currency))
		return err_raise(ERR_NOMEM, "sale");
	r = read_order_facts(sale, order);
	for (size_t i = 0; !r && i < json_length(rows); i++)
		r = read_line(sale, json_at(rows, i));
	return r;
}

struct sales {
	const struct square *square;
	const struct sale_sink *sink;
};

/*
 * A sale that cannot be read ends the listing: the cursor stays, and a person
 * sees why. To skip it would lose it.
 */
static int
take_orders(void *ctx, const struct json_node *root)
{
	const struct sales *sales = ctx;
	const struct json_node *rows;
	const struct json_node *order;
	int r = square_find_rows(&rows, root, "orders");

	for (size_t i = 0; !r && i < json_length(rows); i++) {
		struct sale sale = { 0 };

		order = json_at(rows, i);
		if (strcmp(json_text_or(order, "location_id", ""),
		           sales->square->location) != 0)
			continue;
		r = read_order(&sale, order);
		if (!r)
			r = sales->sink->sale(sales->sink->ctx, &sale);
		sale_fini(&sale);
	}
	return r;
}

static void
build_search(struct json_out *o, const struct square_listing *l)
{
	square_out_one(o, "location_ids", l->square->location);
	json_out_object(o, "query");
	json_out_object(o, "filter");
	json_out_object(o, "date_time_filter");
	json_out_object(o, "closed_at");
	square_out_time(o, "start_at", l->from_ms);
	square_out_time(o, "end_at", l->until_ms);
	json_out_end_object(o);
	json_out_end_object(o);
	json_out_object(o, "state_filter");
	square_out_one(o, "states", "COMPLETED");
	json_out_end_object(o);
	json_out_end_object(o);
	json_out_object(o, "sort");
	json_out_text(o, "sort_field", "CLOSED_AT");
	json_out_text(o, "sort_order", "ASC");
	json_out_end_object(o);
	json_out_end_object(o);
	json_out_int(o, "limit", SALES_PAGE);
	json_out_bool(o, "return_entries", false);
}

struct outcome
square_list_sales(void *state, int64_t since_ms, int64_t until_ms,
                  const struct sale_sink *sink)
{
	struct square *s = square_of(state);
	struct sales sales = { .square = s, .sink = sink };
	struct square_listing listing = { .path = SEARCH_PATH,
		                          .build = build_search,
		                          .take = take_orders,
		                          .ctx = &sales,
		                          .square = s,
		                          .from_ms = since_ms,
		                          .until_ms = until_ms };

	return square_list(s, &listing);
}

static void
build_orders(struct buf *out, const struct square *s, const char *const *ids,
             size_t n)
{
	struct json_out o = { .to = out };

	json_out_object(&o, NULL);
	json_out_text(&o, "location_id", s->location);
	json_out_array(&o, "order_ids");
	for (size_t i = 0; i < n; i++)
		json_out_text(&o, NULL, ids[i]);
	json_out_end_array(&o);
	json_out_end_object(&o);
}

static struct outcome
read_orders(struct square *s, const char *const *ids, size_t n,
            const struct sale_sink *sink)
{
	struct sales sales = { .square = s, .sink = sink };
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;

	build_orders(&body, s, ids, n);
	outcome = square_call(s, ORDERS_PATH, &body, &doc);
	if (outcome.verdict == VERDICT_DONE)
		outcome = outcome_taken(take_orders(&sales, json_root(doc)),
		                        ORDERS_PATH);
	json_free(doc);
	buf_fini(&body);
	return outcome;
}

/* Orders with one call; returns, which are few, with one each. */
struct outcome
square_read_sales(void *state, const char *const *ids, size_t n,
                  const struct sale_sink *sink)
{
	struct square *s = square_of(state);
	struct outcome outcome = outcome_done();
	const char *orders[SQUARE_BATCH_MAX];
	size_t n_orders = 0;

	assert(n <= SQUARE_BATCH_MAX);
	for (size_t i = 0; i < n; i++)
		if (!square_is_return(ids[i]))
			orders[n_orders++] = ids[i];
	if (n_orders)
		outcome = read_orders(s, orders, n_orders, sink);
	for (size_t i = 0; i < n && outcome.verdict == VERDICT_DONE; i++)
		if (square_is_return(ids[i]))
			outcome = square_read_return(s, ids[i], sink);
	return outcome;
}
