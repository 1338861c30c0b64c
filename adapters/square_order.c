/*
 * Square, an order for a sale that happened elsewhere: made once, and paid by
 * square_payment.c.
 */
#include "adapters/square_post.h"

#include "gateway/base/buf.h"
#include "gateway/base/decimal.h"
#include "gateway/base/json.h"

#include <string.h>

#define ORDERS_PATH "/v2/orders"

/* ---- what it says ---- */

static void
build_line(struct json_out *o, const struct entry_line *line,
           const struct square_prices *p)
{
	char quantity[DECIMAL_TEXT_SIZE];
	int64_t unit;

	json_out_object(o, NULL);
	json_out_text(o, "catalog_object_id", line->external);
	json_out_text(o, "quantity", decimal_format(quantity, line->qty));
	if (line->has_gross &&
	    decimal_to_scaled(&unit, square_unit_price(line, p->digits),
	                      p->digits) == 0)
		square_out_money(o, "base_price_money", unit, p->currency);
	json_out_end_object(o);
}

static void
build_order(struct buf *out, const struct square *s, const struct entry *entry,
            const struct square_prices *p)
{
	struct json_out o = { .to = out };

	json_out_object(&o, NULL);
	json_out_text(&o, "idempotency_key", entry->docid);
	json_out_object(&o, "order");
	json_out_text(&o, "location_id", s->location);
	json_out_text(&o, "reference_id", entry->docid);
	json_out_object(&o, "source");
	json_out_text(&o, "name", SQUARE_SOURCE);
	json_out_end_object(&o);
	json_out_array(&o, "line_items");
	for (size_t i = 0; i < entry->n_lines; i++)
		build_line(&o, &entry->lines[i], p);
	json_out_end_array(&o);
	if (p->discount > 0) {
		json_out_array(&o, "discounts");
		json_out_object(&o, NULL);
		json_out_text(&o, "uid", "rounding");
		json_out_text(&o, "name", "Rounding");
		json_out_text(&o, "type", "FIXED_AMOUNT");
		json_out_text(&o, "scope", "ORDER");
		square_out_money(&o, "amount_money", p->discount, p->currency);
		json_out_end_object(&o);
		json_out_end_array(&o);
	}
	json_out_end_object(&o);
	json_out_end_object(&o);
}

/* Copy a text that must be there and fit. Returns 0, SQUARE_MALFORMED. */
static int
take_text(char *out, size_t size, const struct json_node *o, const char *key)
{
	const char *text = json_text_or(o, key, "");

	if (!*text || strlen(text) >= size)
		return SQUARE_MALFORMED;
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

int
square_order_read(struct square_order *out, const struct json_node *node)
{
	const struct json_node *due = json_find(node, "net_amount_due_money");

	*out = (struct square_order){ .version = 0 };
	if (!due)
		due = json_find(node, "total_money");
	if (take_text(out->id, sizeof(out->id), node, "id") ||
	    out->id[strcspn(out->id, "/?#% ")] != '\0' ||
	    take_text(out->state, sizeof(out->state), node, "state") ||
	    json_get_int(&out->version, node, "version") == JSON_WRONG_TYPE)
		return SQUARE_MALFORMED;
	if (strcmp(out->state, "OPEN") != 0)
		return 0;
	return take_text(out->currency, sizeof(out->currency), due,
	                 "currency") ||
	                       json_get_int(&out->due, due, "amount") ||
	                       out->due < 0
	               ? SQUARE_MALFORMED
	               : 0;
}

/* ---- making it ---- */

struct outcome
square_bound_otherwise(const struct square_order *order)
{
	return outcome_of(VERDICT_REFUSED,
	                  "its order %.32s (%.15s) was made when its items "
	                  "were bound otherwise: put it right at Square by "
	                  "hand, then drop this entry",
	                  order->id, order->state);
}

/*
 * The key has made another order: this entry's, before its lines were bound
 * anew. A new key might make a second one.
 */
static struct outcome
read_back(struct square *s, const struct entry *entry,
          struct square_order *order)
{
	struct outcome outcome = square_order_find(s, entry, order);

	if (outcome.verdict != VERDICT_DONE)
		outcome.verdict = VERDICT_UNCERTAIN;
	else if (!order->id[0])
		outcome = outcome_of(VERDICT_REFUSED,
		                     "Square has made an order with another "
		                     "content for this entry and does not show "
		                     "it: look for %.40s there; retry, or drop "
		                     "it if it is there",
		                     entry->docid);
	else if (!order->has_its_lines)
		outcome = square_bound_otherwise(order);
	return outcome;
}

static struct outcome
make_order(struct square *s, const struct entry *entry,
           struct square_order *order)
{
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	struct square_prices prices;
	struct outcome outcome = square_prices_find(s, entry, &prices);

	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	build_order(&body, s, entry, &prices);
	outcome = square_post(s, ORDERS_PATH, &body, &doc);
	if (outcome.verdict == VERDICT_DONE &&
	    square_order_read(order, json_find(json_root(doc), "order")))
		outcome = outcome_of(VERDICT_UNCERTAIN,
		                     "the answer of " ORDERS_PATH
		                     " is not as documented");
	else if (square_has_error(doc, "IDEMPOTENCY_KEY_REUSED"))
		outcome = read_back(s, entry, order);
	else if (outcome.verdict == VERDICT_REFUSED)
		outcome = square_refused(&outcome, doc);
	json_free(doc);
	buf_fini(&body);
	return outcome;
}

/* The order is there: what keeps us from paying it leaves the sale half made. */
struct outcome
square_post_sale(struct square *s, const struct entry *entry)
{
	struct square_order order = { .version = 0 };
	struct outcome outcome = make_order(s, entry, &order);

	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	outcome = square_order_finish(s, entry, &order);
	if (outcome.verdict == VERDICT_DONE ||
	    outcome.verdict == VERDICT_REFUSED)
		return outcome;
	return outcome_of(VERDICT_UNCERTAIN,
	                  "order %.32s is made, its payment is open: %.150s",
	                  order.id, outcome.why);
}
