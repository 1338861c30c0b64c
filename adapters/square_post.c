/*
 * Square, entries: a till as authority. Record a sale or a return that happened
 * elsewhere, and find one again.
 *
 * Does     A sale: POST /v2/orders, then POST /v2/payments of what the order
 *          comes to (EXTERNAL: the money is not here), or POST
 *          /v2/orders/{id}/pay when that is nothing. A return: inventory
 *          adjustments UNLINKED_RETURN to IN_STOCK.
 *          Order, payment and adjustments carry the docid as reference_id, and
 *          keys that are made of it alone: the same entry has the same keys at
 *          every attempt, so Square does nothing twice. The bodies are the same
 *          too, but for a binding changed since and the time of a return that
 *          grew older than Square takes; it refuses the key then, and we read
 *          what is there.
 *          A return's lines go one by one, in their order: a call is done or
 *          not done, and as many changes as are there are the first lines.
 *          An order that was made and not paid moves no stock: the look-up
 *          finds it by its reference and pays it under the same key; what is
 *          paid with nothing is paid in its version, under a key of that.
 * Assumed  Paying an order lowers the stock of its tracked variations, and a
 *          count read afterwards contains it. An order without fulfillments is
 *          COMPLETED once it is paid. No page of the vendor's says so in these
 *          words.
 * Not      Orders of a shop, customers, taxes: prices are what was paid, tax
 *          included.
 */
#include "adapters/square.h"

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/decimal.h"
#include "gateway/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORDERS_PATH   "/v2/orders"
#define SEARCH_PATH   "/v2/orders/search"
#define PAYMENTS_PATH "/v2/payments"
#define CREATE_PATH   "/v2/inventory/changes/batch-create"
#define CHANGES_PATH  "/v2/inventory/changes/batch-retrieve"

/* What our orders are from; a look-up asks for these alone. */
#define SOURCE_NAME "Tillbridge"

enum {
	QUANTITY_PLACES = 5,
	QUANTITY_CHARS = 12,
	ORDER_ID_SIZE = 193,
	KEY_SIZE = 72, /* a docid of 40, a word and a number */
	PAGE = 500,
	SLACK_MS = 60 * 60 * 1000, /* clocks that made the entry's time */
	BEHIND_MS = 2000,          /* a time of now is not in the future */
	AGE_MAX_MS = (24 * 60 - 5) * 60 * 1000, /* 24 h, and room to travel */
	STEP_MS = 12 * 60 * 60 * 1000, /* how long a stamp of ours holds */
};

/* Whole units that an order comes to; what is reckoned with them stays far
   inside a decimal's range, for the smallest and the largest quantity. */
#define PAID_MAX INT64_C(1000000000000)

/* ---- what cannot be recorded, and why ---- */

/* Square's refusal, with what a person can do about it. */
static struct outcome
refused(const struct outcome *outcome, const struct json *doc)
{
	const char *cure = "put it right, then retry the entry, or drop it";

	if (square_has_error(doc, "NOT_FOUND"))
		cure = "bind the item to what Square has, then retry the entry";
	return outcome_of(VERDICT_REFUSED, "%.150s; %s", outcome->why, cure);
}

static struct outcome
check_line(const struct entry_line *line)
{
	char text[DECIMAL_TEXT_SIZE];
	struct decimal size = decimal_max(line->qty, decimal_neg(line->qty));

	decimal_format(text, size);
	if (!line->external || !*line->external)
		return outcome_of(VERDICT_REFUSED,
		                  "%.60s is not bound here: bind it, then "
		                  "retry this entry",
		                  line->sku);
	if (decimal_cmp(decimal_round(size, QUANTITY_PLACES, DECIMAL_CUT),
	                size) != 0 ||
	    strlen(text) > QUANTITY_CHARS)
		return outcome_of(
			VERDICT_REFUSED,
			"Square cannot hold a quantity of %s (%.60s): "
			"book it there by hand, then drop this entry",
			text, line->sku);
	return outcome_done();
}

/* Only what sales.c makes of sales: lines of one sign. */
static struct outcome
check_entry(const struct entry *entry)
{
	bool is_return = entry_is_return(entry);
	struct outcome outcome = outcome_done();

	if (entry->kind != ENTRY_SALE)
		return outcome_of(
			VERDICT_REFUSED,
			"Square takes no orders or customers of a "
			"shop: enter it there by hand, then drop this "
			"entry");
	if (entry->n_lines == 0)
		return outcome_of(VERDICT_REFUSED,
		                  "the entry has no lines: drop it");
	for (size_t i = 0; i < entry->n_lines; i++) {
		if (is_return != decimal_is_negative(entry->lines[i].qty) ||
		    decimal_is_zero(entry->lines[i].qty))
			return outcome_of(
				VERDICT_REFUSED,
				"sold and returned things in one entry: book "
				"it at Square by hand, then drop this entry");
		outcome = check_line(&entry->lines[i]);
		if (outcome.verdict != VERDICT_DONE)
			return outcome;
	}
	return outcome;
}

/* ---- money ---- */

/* An order's prices in the currency's smaller unit. */
struct prices {
	char currency[4];
	int digits;
	int64_t discount; /* takes off what rounding up put on */
};

static struct decimal
paid_for(const struct entry_line *line)
{
	return decimal_max(line->gross, DECIMAL_ZERO);
}

/*
 * The smallest price of one whose multiple is not below what was paid; what
 * the line is above it then is taken off again. Of a line within PAID_MAX.
 */
static struct decimal
unit_price(const struct entry_line *line, int digits)
{
	struct decimal paid = paid_for(line);
	struct decimal unit = decimal_mul_div(paid, decimal_of(1), line->qty,
	                                      digits, DECIMAL_CUT);

	if (decimal_cmp(
		    decimal_mul(unit, line->qty, DECIMAL_PLACES, DECIMAL_CUT),
		    paid) < 0)
		unit = decimal_add(unit, decimal_of_scaled(1, digits));
	return unit;
}

static bool
has_price(const struct entry *entry)
{
	for (size_t i = 0; i < entry->n_lines; i++)
		if (entry->lines[i].has_gross)
			return true;
	return false;
}

static bool
knows_currency(const struct square *s)
{
	return strlen(s->currency) == 3;
}

/* Whatever becomes of the question, it says nothing of the entry. */
static struct outcome
ask_currency(struct square *s)
{
	struct buf what = BUF_INIT;
	struct outcome outcome = square_probe(s, &what);

	buf_fini(&what);
	if (outcome.verdict == VERDICT_REFUSED)
		outcome.verdict = VERDICT_RETRY;
	if (outcome.verdict == VERDICT_DONE && !knows_currency(s))
		outcome = outcome_of(VERDICT_RETRY,
		                     "Square does not say the currency of "
		                     "location %.32s",
		                     s->location);
	return outcome;
}

/* The entry's currency, or the location's, which is asked for once. */
static struct outcome
find_currency(struct square *s, const struct entry *entry, struct prices *p)
{
	const char *wanted = entry->currency ? entry->currency : s->currency;
	struct outcome outcome = outcome_done();

	if (!entry->currency && !knows_currency(s))
		outcome = ask_currency(s);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	if (strlen(wanted) != 3 ||
	    (knows_currency(s) && strcmp(wanted, s->currency) != 0))
		return outcome_of(
			VERDICT_REFUSED,
			"the sale is in \"%.10s\", this location takes "
			"%s: book it there by hand, then drop this "
			"entry",
			wanted, s->currency);
	memcpy(p->currency, wanted, sizeof(p->currency));
	p->digits = square_minor_digits(wanted);
	return outcome_done();
}

/*
 * Take a line's price into what was paid and what the order asks for. False: it
 * is too big for us or for Square, which counts money in 64 bits.
 */
static bool
add_price(struct decimal *paid, struct decimal *asked,
          const struct entry_line *line, int digits)
{
	const struct decimal max = decimal_of(PAID_MAX);
	struct decimal unit;
	int64_t amount;

	if (decimal_cmp(paid_for(line), max) > 0)
		return false;
	unit = unit_price(line, digits);
	*paid = decimal_add(*paid, paid_for(line));
	*asked = decimal_add(
		*asked, decimal_mul(unit, line->qty, digits, DECIMAL_HALF_UP));
	return decimal_cmp(*paid, max) <= 0 &&
	       decimal_cmp(*asked, decimal_add(max, max)) <= 0 &&
	       decimal_to_scaled(&amount, unit, digits) == 0;
}

/* Without a price in the entry the catalogue's holds, and no currency counts. */
static struct outcome
find_prices(struct square *s, const struct entry *entry, struct prices *p)
{
	struct decimal paid = DECIMAL_ZERO;
	struct decimal asked = DECIMAL_ZERO;
	struct outcome outcome;
	bool fits = true;

	*p = (struct prices){ .digits = 2 };
	if (!has_price(entry))
		return outcome_done();
	outcome = find_currency(s, entry, p);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	for (size_t i = 0; fits && i < entry->n_lines; i++)
		if (entry->lines[i].has_gross)
			fits = add_price(&paid, &asked, &entry->lines[i],
			                 p->digits);
	paid = decimal_round(paid, p->digits, DECIMAL_HALF_UP);
	if (!fits || decimal_to_scaled(&p->discount, decimal_sub(asked, paid),
	                               p->digits))
		return outcome_of(VERDICT_REFUSED,
		                  "its prices are too big for Square: book it "
		                  "there by hand, then drop this entry");
	return outcome_done();
}

static void
out_money(struct json_out *o, const char *key, int64_t amount,
          const char *currency)
{
	json_out_object(o, key);
	json_out_int(o, "amount", amount);
	json_out_text(o, "currency", currency);
	json_out_end_object(o);
}

/* ---- orders ---- */

/* What an answer says of an order. */
struct order {
	char id[ORDER_ID_SIZE]; /* "": there is none */
	char state[16];
	char currency[4];
	int64_t version;
	int64_t due;        /* in the currency's smaller unit */
	bool has_its_lines; /* found: those of the entry, as bound now */
};

static void
build_line(struct json_out *o, const struct entry_line *line,
           const struct prices *p)
{
	char quantity[DECIMAL_TEXT_SIZE];
	int64_t unit;

	json_out_object(o, NULL);
	json_out_text(o, "catalog_object_id", line->external);
	json_out_text(o, "quantity", decimal_format(quantity, line->qty));
	if (line->has_gross &&
	    decimal_to_scaled(&unit, unit_price(line, p->digits), p->digits) ==
	            0)
		out_money(o, "base_price_money", unit, p->currency);
	json_out_end_object(o);
}

static void
build_order(struct buf *out, const struct square *s, const struct entry *entry,
            const struct prices *p)
{
	struct json_out o = { .to = out };

	json_out_object(&o, NULL);
	json_out_text(&o, "idempotency_key", entry->docid);
	json_out_object(&o, "order");
	json_out_text(&o, "location_id", s->location);
	json_out_text(&o, "reference_id", entry->docid);
	json_out_object(&o, "source");
	json_out_text(&o, "name", SOURCE_NAME);
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
		out_money(&o, "amount_money", p->discount, p->currency);
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

/* Returns 0, SQUARE_MALFORMED. */
static int
read_order(struct order *out, const struct json_node *node)
{
	const struct json_node *due = json_find(node, "net_amount_due_money");

	*out = (struct order){ .version = 0 };
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

/* ---- paying ---- */

/* A key of its own, of at most 45 characters as payments take them. */
static const char *
payment_key(char out[KEY_SIZE], const struct entry *entry)
{
	(void)snprintf(out, KEY_SIZE, "%.40s-pay", entry->docid);
	return out;
}

/* What is said of one version of an order is not said of the next. */
static const char *
pay_key(char out[KEY_SIZE], const struct entry *entry,
        const struct order *order)
{
	(void)snprintf(out, KEY_SIZE, "%.40s-pay-%lld", entry->docid,
	               (long long)order->version);
	return out;
}

static void
build_payment(struct buf *out, const struct square *s,
              const struct entry *entry, const struct order *order)
{
	struct json_out o = { .to = out };
	char key[KEY_SIZE];

	json_out_object(&o, NULL);
	json_out_text(&o, "source_id", "EXTERNAL");
	json_out_text(&o, "idempotency_key", payment_key(key, entry));
	out_money(&o, "amount_money", order->due, order->currency);
	json_out_text(&o, "order_id", order->id);
	json_out_text(&o, "location_id", s->location);
	json_out_text(&o, "reference_id", entry->docid);
	json_out_bool(&o, "autocomplete", true);
	json_out_object(&o, "external_details");
	json_out_text(&o, "type", "OTHER");
	json_out_text(&o, "source", SOURCE_NAME);
	json_out_text(&o, "source_id", entry->docid);
	json_out_end_object(&o);
	json_out_end_object(&o);
}

static void
build_pay(struct buf *out, const struct entry *entry, const struct order *order)
{
	struct json_out o = { .to = out };
	char key[KEY_SIZE];

	json_out_object(&o, NULL);
	json_out_text(&o, "idempotency_key", pay_key(key, entry, order));
	json_out_int(&o, "order_version", order->version);
	json_out_array(&o, "payment_ids");
	json_out_end_array(&o);
	json_out_end_object(&o);
}

/* Does the answer say that the order is paid now? */
static bool
is_paid(const struct json_node *root)
{
	const char *payment =
		json_text_or(json_find(root, "payment"), "status", "");
	const char *order = json_text_or(json_find(root, "order"), "state", "");

	return strcmp(payment, "COMPLETED") == 0 ||
	       strcmp(order, "COMPLETED") == 0;
}

/* Neither paid nor to be paid: its key gives nothing but this order. */
static struct outcome
ended(const struct order *order, const char *state)
{
	return outcome_of(VERDICT_REFUSED,
	                  "its order %.32s is %.15s at Square: if the "
	                  "sale is to count, book it there by hand; then "
	                  "drop this entry",
	                  order->id, state);
}

/* The order as it is now; why: what was said to its payment. */
static struct outcome
judge_unpaid(const struct order *order, const char *state,
             const struct outcome *why, bool is_changed)
{
	if (!*state)
		return outcome_of(VERDICT_UNCERTAIN,
		                  "order %.32s is not as documented",
		                  order->id);
	if (strcmp(state, "OPEN") != 0)
		return ended(order, state);
	if (is_changed)
		return outcome_of(VERDICT_UNCERTAIN,
		                  "order %.32s was changed at Square: it is "
		                  "paid as it is now when it is looked up",
		                  order->id);
	return outcome_of(VERDICT_REFUSED,
	                  "order %.32s is made but not paid: %.60s; finish it "
	                  "at Square, then retry this entry, or cancel it "
	                  "there, then drop this entry",
	                  order->id, why->why);
}

/*
 * Square says no to the payment. Somebody may have paid the order meanwhile, we
 * among them, under a key that is forgotten by now; or changed it.
 */
static struct outcome
look_at_order(struct square *s, const struct order *order,
              const struct outcome *why, bool is_changed)
{
	struct json *doc = NULL;
	struct outcome outcome;
	char *path = text_format(ORDERS_PATH "/%s", order->id);

	if (!path)
		return outcome_of(VERDICT_UNCERTAIN, "out of memory");
	outcome = square_call(s, path, NULL, &doc);
	if (outcome.verdict != VERDICT_DONE)
		outcome.verdict = VERDICT_UNCERTAIN;
	else if (!is_paid(json_root(doc)))
		outcome = judge_unpaid(
			order,
			json_text_or(json_find(json_root(doc), "order"),
		                     "state", ""),
			why, is_changed);
	json_free(doc);
	free(path);
	return outcome;
}

static struct outcome
pay(struct square *s, const struct entry *entry, const struct order *order)
{
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;
	char *path = order->due > 0
	                     ? text_dup(PAYMENTS_PATH)
	                     : text_format(ORDERS_PATH "/%s/pay", order->id);

	if (order->due > 0)
		build_payment(&body, s, entry, order);
	else
		build_pay(&body, entry, order);
	outcome = path ? square_post(s, path, &body, &doc)
	               : outcome_of(VERDICT_RETRY, "out of memory");
	if (outcome.verdict == VERDICT_DONE && !is_paid(json_root(doc)))
		outcome = outcome_of(VERDICT_UNCERTAIN,
		                     "the payment of order %.32s is not "
		                     "completed",
		                     order->id);
	if (outcome.verdict == VERDICT_REFUSED)
		outcome = look_at_order(
			s, order, &outcome,
			square_has_error(doc, "VERSION_MISMATCH"));
	json_free(doc);
	buf_fini(&body);
	free(path);
	return outcome;
}

/* From an order that is there to a sale that is recorded. */
static struct outcome
finish(struct square *s, const struct entry *entry, const struct order *order)
{
	if (strcmp(order->state, "COMPLETED") == 0)
		return outcome_done();
	if (strcmp(order->state, "OPEN") != 0)
		return ended(order, order->state);
	return pay(s, entry, order);
}

/* ---- finding a sale ---- */

/* Square may have it from then on; 0: from ever. */
static int64_t
earliest_ms(const struct square *s, const struct entry *entry)
{
	int64_t from_ms = entry->occurred_ms - SLACK_MS;

	if (s->skew_ms < 0)
		from_ms += s->skew_ms;
	return from_ms > 0 ? from_ms : 0;
}

struct finding {
	const struct square *square;
	const struct entry *entry;
	struct order order; /* the best there is */
	bool has_strange;   /* one there is cannot be read */
	size_t n_changes;   /* of a return: those that are there */
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
	square_out_one(o, "source_names", SOURCE_NAME);
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
rank(const struct order *order)
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
	struct order order;
	int r = square_find_rows(&rows, root, "orders");

	for (size_t i = 0; !r && i < json_length(rows); i++) {
		row = json_at(rows, i);
		if (strcmp(json_text_or(row, "reference_id", ""),
		           f->entry->docid) != 0 ||
		    strcmp(json_text_or(row, "location_id", ""),
		           f->square->location) != 0)
			continue;
		if (read_order(&order, row)) {
			f->has_strange = true;
			continue;
		}
		order.has_its_lines = has_lines_of(row, f->entry);
		if (rank(&order) > rank(&f->order))
			f->order = order;
	}
	return r;
}

/*
 * DONE with the order, or with none (its id is ""). REFUSED: one with the
 * entry's reference cannot be read, whoever made it; that is no trouble of the
 * account's, and the next look would see the same.
 */
static struct outcome
find_order(struct square *s, const struct entry *entry, struct order *order)
{
	struct finding f = { .square = s, .entry = entry };
	struct square_listing listing = { .path = SEARCH_PATH,
		                          .build = build_search,
		                          .take = take_found,
		                          .ctx = &f,
		                          .square = s,
		                          .from_ms = earliest_ms(s, entry) };
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

/* ---- posting a sale ---- */

/*
 * The key has made another order: this entry's, before its lines were bound
 * anew. A new key might make a second one.
 */
static struct outcome
read_back(struct square *s, const struct entry *entry, struct order *order)
{
	struct outcome outcome = find_order(s, entry, order);

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
		outcome =
			outcome_of(VERDICT_REFUSED,
		                   "its order %.32s (%.15s) was made when its "
		                   "items were bound otherwise: put it right "
		                   "at Square by hand, then drop this entry",
		                   order->id, order->state);
	return outcome;
}

static struct outcome
make_order(struct square *s, const struct entry *entry, struct order *order)
{
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	struct prices prices;
	struct outcome outcome = find_prices(s, entry, &prices);

	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	build_order(&body, s, entry, &prices);
	outcome = square_post(s, ORDERS_PATH, &body, &doc);
	if (outcome.verdict == VERDICT_DONE &&
	    read_order(order, json_find(json_root(doc), "order")))
		outcome = outcome_of(VERDICT_UNCERTAIN,
		                     "the answer of " ORDERS_PATH
		                     " is not as documented");
	else if (square_has_error(doc, "IDEMPOTENCY_KEY_REUSED"))
		outcome = read_back(s, entry, order);
	else if (outcome.verdict == VERDICT_REFUSED)
		outcome = refused(&outcome, doc);
	json_free(doc);
	buf_fini(&body);
	return outcome;
}

/* The order is there: what keeps us from paying it leaves the sale half made. */
static struct outcome
post_sale(struct square *s, const struct entry *entry)
{
	struct order order = { .version = 0 };
	struct outcome outcome = make_order(s, entry, &order);

	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	outcome = finish(s, entry, &order);
	if (outcome.verdict == VERDICT_DONE ||
	    outcome.verdict == VERDICT_REFUSED)
		return outcome;
	return outcome_of(VERDICT_UNCERTAIN,
	                  "order %.32s is made, its payment is open: %.150s",
	                  order.id, outcome.why);
}

/* ---- returns ---- */

/*
 * When the goods came back, as long as Square takes that. Else as many steps
 * later (or earlier) as it takes: that too is the same at every attempt, until
 * the next step. Before the counts that were taken since, as it was.
 */
static int64_t
occurred_ms(const struct square *s, const struct entry *entry)
{
	int64_t now_ms = clock_wall_ms() + s->skew_ms;
	int64_t late_ms =
		now_ms - s->margin_ms - BEHIND_MS - entry->occurred_ms;
	int64_t steps = late_ms / STEP_MS;

	if (entry->occurred_ms <= now_ms &&
	    now_ms - entry->occurred_ms <= AGE_MAX_MS)
		return entry->occurred_ms;
	if (steps * STEP_MS > late_ms)
		steps--;
	return entry->occurred_ms + steps * STEP_MS;
}

static void
build_adjustment(struct json_out *o, const struct square *s,
                 const struct entry *entry, const struct entry_line *line)
{
	char quantity[DECIMAL_TEXT_SIZE];

	json_out_object(o, NULL);
	json_out_text(o, "type", "ADJUSTMENT");
	json_out_object(o, "adjustment");
	json_out_text(o, "reference_id", entry->docid);
	json_out_text(o, "catalog_object_id", line->external);
	json_out_text(o, "from_state", "UNLINKED_RETURN");
	json_out_text(o, "to_state", "IN_STOCK");
	json_out_text(o, "location_id", s->location);
	json_out_text(o, "quantity",
	              decimal_format(quantity, decimal_neg(line->qty)));
	square_out_time(o, "occurred_at", occurred_ms(s, entry));
	json_out_end_object(o);
	json_out_end_object(o);
}

/* One line under its own key. */
static void
build_return(struct buf *out, const struct square *s, const struct entry *entry,
             size_t at)
{
	struct json_out o = { .to = out };
	char key[KEY_SIZE];

	(void)snprintf(key, sizeof(key), "%.40s-%zu", entry->docid, at);
	json_out_object(&o, NULL);
	json_out_text(&o, "idempotency_key", key);
	json_out_array(&o, "changes");
	build_adjustment(&o, s, entry, &entry->lines[at]);
	json_out_end_array(&o);
	json_out_end_object(&o);
}

static void
build_changes(struct json_out *o, const struct square_listing *l)
{
	square_out_one(o, "location_ids", l->square->location);
	square_out_one(o, "types", "ADJUSTMENT");
	if (l->from_ms)
		square_out_time(o, "updated_after", l->from_ms);
	json_out_int(o, "limit", PAGE);
}

static int
take_changes(void *ctx, const struct json_node *root)
{
	struct finding *f = ctx;
	const struct json_node *rows;
	int r = square_find_rows(&rows, root, "changes");

	for (size_t i = 0; !r && i < json_length(rows); i++) {
		const struct json_node *a =
			json_find(json_at(rows, i), "adjustment");

		if (strcmp(json_text_or(a, "reference_id", ""),
		           f->entry->docid) == 0 &&
		    strcmp(json_text_or(a, "location_id", ""),
		           f->square->location) == 0)
			f->n_changes++;
	}
	return r;
}

/* How many of the return's lines are there? */
static struct outcome
find_changes(struct square *s, const struct entry *entry, size_t *n)
{
	struct finding f = { .square = s, .entry = entry };
	struct square_listing listing = { .path = CHANGES_PATH,
		                          .build = build_changes,
		                          .take = take_changes,
		                          .ctx = &f,
		                          .square = s,
		                          .from_ms = earliest_ms(s, entry) };
	struct outcome outcome = square_list(s, &listing);

	*n = f.n_changes;
	return outcome;
}

/* The key has done this before, with another time or binding: go on behind. */
static struct outcome
count_back(struct square *s, const struct entry *entry, size_t *at)
{
	size_t n;
	struct outcome outcome = find_changes(s, entry, &n);

	if (outcome.verdict != VERDICT_DONE)
		outcome.verdict = VERDICT_UNCERTAIN;
	else if (n <= *at)
		outcome = outcome_of(VERDICT_REFUSED,
		                     "Square knows the key of %.40s, but does "
		                     "not show it: look for %.40s in its "
		                     "inventory history, book by hand what is "
		                     "missing, then drop this entry",
		                     entry->lines[*at].sku, entry->docid);
	else
		*at = n;
	return outcome;
}

/*
 * Post one line; at: which one, and the next one after DONE. Also after 429 the
 * same key and body again are harmless; so SLOW may stay what it is, although
 * Square may have done it.
 */
static struct outcome
post_return_line(struct square *s, const struct entry *entry, size_t *at)
{
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;

	build_return(&body, s, entry, *at);
	outcome = square_post(s, CREATE_PATH, &body, &doc);
	if (square_has_error(doc, "IDEMPOTENCY_KEY_REUSED"))
		outcome = count_back(s, entry, at);
	else if (outcome.verdict == VERDICT_REFUSED)
		outcome = refused(&outcome, doc);
	else if (outcome.verdict == VERDICT_DONE)
		++*at;
	json_free(doc);
	buf_fini(&body);
	return outcome;
}

/* Some lines are there: then only a no of Square's itself is a no. */
static struct outcome
half_returned(const struct entry *entry, size_t n, const struct outcome *why)
{
	return outcome_of(why->verdict == VERDICT_REFUSED ? VERDICT_REFUSED
	                                                  : VERDICT_UNCERTAIN,
	                  "%zu of its %zu lines are there; the next: %.190s", n,
	                  entry->n_lines, why->why);
}

/*
 * A time that is not the entry's own may differ from the last attempt's, and an
 * old one's key may be forgotten: look before.
 */
static struct outcome
post_return(struct square *s, const struct entry *entry)
{
	struct outcome outcome = outcome_done();
	size_t at = 0;

	if (occurred_ms(s, entry) != entry->occurred_ms)
		outcome = find_changes(s, entry, &at);
	while (outcome.verdict == VERDICT_DONE && at < entry->n_lines)
		outcome = post_return_line(s, entry, &at);
	return outcome.verdict == VERDICT_DONE || at == 0
	               ? outcome
	               : half_returned(entry, at, &outcome);
}

/* ---- functions of the table ---- */

struct outcome
square_post_entry(void *state, const struct entry *entry)
{
	struct square *s = square_of(state);
	struct outcome outcome = check_entry(entry);

	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	return entry_is_return(entry) ? post_return(s, entry)
	                              : post_sale(s, entry);
}

/*
 * What is half there is not there: posted again it is completed, with the items
 * as they are bound then, and nothing of it is done twice.
 */
static struct outcome
find_return(struct square *s, const struct entry *entry)
{
	size_t n;
	struct outcome outcome = find_changes(s, entry, &n);

	if (outcome.verdict != VERDICT_DONE || n >= entry->n_lines)
		return outcome;
	return outcome_of(VERDICT_ABSENT,
	                  "Square has %zu of the %zu lines of return %.40s", n,
	                  entry->n_lines, entry->docid);
}

struct outcome
square_find_entry(void *state, const struct entry *entry)
{
	struct square *s = square_of(state);
	struct order order;
	struct outcome outcome;

	if (entry->kind != ENTRY_SALE)
		return outcome_of(VERDICT_REFUSED,
		                  "Square takes no orders or customers");
	if (entry_is_return(entry))
		return find_return(s, entry);
	outcome = find_order(s, entry, &order);
	if (outcome.verdict == VERDICT_DONE && !order.id[0])
		return outcome_of(VERDICT_ABSENT, "Square has no order %.40s",
		                  entry->docid);
	return outcome.verdict == VERDICT_DONE ? finish(s, entry, &order)
	                                       : outcome;
}
