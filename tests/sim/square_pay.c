/*
 * Square: orders made by calls, and what is paid for them.
 *
 * An order is OPEN until its whole total is paid; a total of nothing is paid by
 * the call that pays without payments. What pays it moves its goods from
 * IN_STOCK to SOLD. Each call remembers its answer under its idempotency key:
 * the same body gets the same answer, another body is refused. What was
 * refused uses up no key.
 *
 * Not      Taxes, service charges, fulfillments, several payments for one
 *          order and payments held back: refused as not played here.
 * Assumed  That paying an order lowers the stock: no page of the vendor's says
 *          it in these words.
 */
#include "tests/sim/square.h"

#include <stdlib.h>
#include <string.h>

enum {
	ORDER_KEY_MAX = 192,
	PAYMENT_KEY_MAX = 45,
	ORDER_REFERENCE_MAX = 40,
	LINE_QUANTITY_MAX = 12,
	LINE_QUANTITY_PLACES = 5,
	SOURCE_MAX = 255,
	UID_MAX = 60,
};

/* A call in hand; the first refusal counts. */
struct paying {
	struct square *square;
	const struct json_node *request;
	struct server_reply *reply;
	bool is_refused;
};

static void
refuse(struct paying *p, int status, const char *code, const char *field,
       const char *detail)
{
	if (p->is_refused)
		return;
	p->is_refused = true;
	square_refuse(p->reply, status, code, field, detail);
}

static void
check_members(struct paying *p, const struct json_node *o, const char *names)
{
	if (!p->is_refused && !square_check_members(o, names, p->reply))
		p->is_refused = true;
}

/* A text member of at most max characters; "" when it is absent. */
static const char *
take_words(struct paying *p, const struct json_node *o, const char *key,
           size_t max)
{
	const char *text = "";

	if (json_get_text(&text, o, key) == JSON_WRONG_TYPE)
		refuse(p, 400, "EXPECTED_STRING", key, NULL);
	else if (strlen(text) > max)
		refuse(p, 400, "VALUE_TOO_LONG", key, NULL);
	return text;
}

static const char *
need_words(struct paying *p, const struct json_node *o, const char *key,
           size_t max)
{
	const char *text = take_words(p, o, key, max);

	if (text[0] == '\0')
		refuse(p, 400, "MISSING_REQUIRED_PARAMETER", key,
		       "Field must be set");
	return text;
}

static int64_t
need_money(struct paying *p, const struct json_node *o, const char *key)
{
	const struct json_node *money = json_find(o, key);
	int64_t amount = 0;

	check_members(p, money, "amount currency");
	if (money == NULL)
		refuse(p, 400, "MISSING_REQUIRED_PARAMETER", key, NULL);
	else if (json_get_int(&amount, money, "amount") != 0)
		refuse(p, 400, "EXPECTED_INTEGER", key, NULL);
	else if (amount < 0)
		refuse(p, 400, "VALUE_TOO_LOW", key, NULL);
	else if (strcmp(need_words(p, money, "currency", 3), "EUR") != 0)
		refuse(p, 400, "CURRENCY_MISMATCH", key,
		       "The location takes EUR");
	return amount;
}

static size_t
need_location(struct paying *p, const struct json_node *o)
{
	size_t at = 0;

	if (!square_location_find(p->square, &at,
	                          need_words(p, o, "location_id", 50)))
		refuse(p, 404, "NOT_FOUND", "location_id",
		       "Location not found");
	return at;
}

/* ---- keys: each call has its own ---- */

/*
 * True: there is nothing to do, the key has answered. Otherwise *slot is what
 * to remember it by, once the call is good.
 */
static bool
is_answered(struct paying *p, char **slot, const char *call, size_t max)
{
	const char *id = need_words(p, p->request, "idempotency_key", max);
	struct buf printed = BUF_INIT;
	const struct square_key *k = NULL;
	size_t i;

	if (p->is_refused)
		return true;
	*slot = text_format("%s %s", call, id);
	if (*slot == NULL)
		abort();
	json_print(&printed, p->request);
	for (i = 0; i < p->square->n_keys && k == NULL; i++) {
		if (strcmp(p->square->keys[i].key, *slot) == 0)
			k = &p->square->keys[i];
	}
	if (k != NULL && strcmp(k->request, buf_text(&printed)) != 0)
		refuse(p, 400, "IDEMPOTENCY_KEY_REUSED", "idempotency_key",
		       "The key was used with another body");
	else if (k != NULL)
		buf_adds(&p->reply->body, k->reply);
	buf_fini(&printed);
	return k != NULL;
}

static void
remember(struct paying *p, char *slot)
{
	struct square *square = p->square;
	void *keys = square->keys;
	struct buf printed = BUF_INIT;

	sim_grow(&keys, &square->cap_keys, square->n_keys,
	         sizeof(*square->keys));
	square->keys = keys;
	json_print(&printed, p->request);
	square->keys[square->n_keys++] = (struct square_key){
		.key = sim_dup(slot),
		.request = sim_dup(buf_text(&printed)),
		.reply = sim_dup(buf_text(&p->reply->body)),
	};
	buf_fini(&printed);
}

/* ---- events ---- */

static void
announce_made_order(struct square *square, const struct square_order *o,
                    bool is_new)
{
	const char *type = is_new ? "order_created" : "order_updated";
	struct buf object = BUF_INIT;
	struct json_out out = { .to = &object };

	json_out_object(&out, NULL);
	json_out_object(&out, type);
	json_out_text(&out, "order_id", o->id);
	json_out_int(&out, "version", o->version);
	json_out_text(&out, "location_id", square_location(square, o->at));
	json_out_text(&out, "state", square_order_state_name(o->state));
	square_time_out(&out, "created_at", o->created_us);
	if (!is_new)
		square_time_out(&out, "updated_at", o->updated_us);
	json_out_end_object(&out);
	json_out_end_object(&out);
	square_announce(square, o->at,
	                is_new ? "order.created" : "order.updated", type, o->id,
	                buf_text(&object), 0);
	buf_fini(&object);
}

static void
out_payment(const struct square *square, const struct square_order *o,
            const struct json_node *request, struct json_out *out)
{
	const struct json_node *external =
		json_find(request, "external_details");
	struct buf details = BUF_INIT;
	int64_t cents = square_order_cents(o);

	json_out_object(out, "payment");
	json_out_text(out, "id", o->payment_id);
	square_time_out(out, "created_at", o->closed_us);
	square_time_out(out, "updated_at", o->closed_us);
	square_money_out(out, "amount_money", cents);
	square_money_out(out, "total_money", cents);
	json_out_text(out, "status", "COMPLETED");
	json_out_text(out, "source_type", external ? "EXTERNAL" : "CASH");
	if (external != NULL) {
		json_print(&details, external);
		json_out_raw(out, "external_details", buf_text(&details));
	}
	json_out_text(out, "location_id", square_location(square, o->at));
	json_out_text(out, "order_id", o->id);
	if (json_text_or(request, "reference_id", NULL) != NULL)
		json_out_text(out, "reference_id",
		              json_text_or(request, "reference_id", ""));
	json_out_end_object(out);
	buf_fini(&details);
}

static void
announce_paid(struct square *square, const struct square_order *o,
              const struct json_node *request, const char *type)
{
	struct buf object = BUF_INIT;
	struct json_out out = { .to = &object };

	json_out_object(&out, NULL);
	out_payment(square, o, request, &out);
	json_out_end_object(&out);
	square_announce(square, o->at, type, "payment", o->payment_id,
	                buf_text(&object), 0);
	buf_fini(&object);
}

/* ---- POST /v2/orders ---- */

static void
read_line(struct paying *p, struct square_line *line,
          const struct json_node *row)
{
	const char *id;
	const char *quantity;

	check_members(p, row,
	              "uid name quantity quantity_unit note catalog_object_id "
	              "catalog_version variation_name item_type metadata "
	              "base_price_money");
	id = need_words(p, row, "catalog_object_id", 192);
	quantity = need_words(p, row, "quantity", LINE_QUANTITY_MAX);
	line->variation = square_find(p->square, id);
	if (line->variation == NULL || strcmp(line->variation->id, id) != 0)
		refuse(p, 404, "NOT_FOUND", "catalog_object_id",
		       "Item variation not found");
	if (decimal_parse(&line->quantity, quantity) != 0 ||
	    strchr(quantity, 'e') != NULL ||
	    decimal_is_negative(line->quantity) ||
	    decimal_is_zero(line->quantity) ||
	    decimal_cmp(decimal_round(line->quantity, LINE_QUANTITY_PLACES,
	                              DECIMAL_CUT),
	                line->quantity) != 0)
		refuse(p, 400, "INVALID_VALUE", "quantity", NULL);
	line->is_priced = json_find(row, "base_price_money") != NULL;
	if (line->is_priced)
		line->price = need_money(p, row, "base_price_money");
	sim_token(p->square->sim, line->uid, 22);
}

static void
read_lines(struct paying *p, struct square_order *o,
           const struct json_node *rows)
{
	size_t n = json_length(rows);

	if (n > SQUARE_LINES_MAX)
		refuse(p, 400, "ARRAY_LENGTH_TOO_LONG", "order.line_items",
		       NULL);
	for (; o->n_lines < n && !p->is_refused; o->n_lines++)
		read_line(p, &o->lines[o->n_lines], json_at(rows, o->n_lines));
}

/* One of a fixed amount, for the whole order. */
static void
read_discount(struct paying *p, struct square_order *o,
              const struct json_node *rows)
{
	const struct json_node *row = json_at(rows, 0);

	if (row == NULL)
		return;
	check_members(p, row, "uid name type amount_money scope");
	if (json_length(rows) > 1 ||
	    strcmp(json_text_or(row, "type", ""), "FIXED_AMOUNT") != 0 ||
	    strcmp(json_text_or(row, "scope", ""), "ORDER") != 0)
		refuse(p, 400, "BAD_REQUEST", "order.discounts",
		       "Not played by this simulator");
	o->discount_uid = sim_dup(need_words(p, row, "uid", UID_MAX));
	o->discount_name = sim_dup(take_words(p, row, "name", SOURCE_MAX));
	o->discount = need_money(p, row, "amount_money");
	if (square_order_cents(o) < 0)
		refuse(p, 400, "BAD_REQUEST", "order.discounts",
		       "More than the order comes to");
}

static void
read_order(struct paying *p, struct square_order *o)
{
	const struct json_node *order = json_find(p->request, "order");
	const struct json_node *source = json_find(order, "source");
	const char *text;

	check_members(p, p->request, "idempotency_key order");
	check_members(p, order,
	              "location_id reference_id source customer_id line_items "
	              "discounts metadata ticket_name state");
	check_members(p, source, "name");
	o->at = need_location(p, order);
	text = take_words(p, order, "state", UID_MAX);
	if (text[0] != '\0' && strcmp(text, "OPEN") != 0)
		refuse(p, 400, "BAD_REQUEST", "order.state",
		       "Not played by this simulator");
	text = take_words(p, order, "reference_id", ORDER_REFERENCE_MAX);
	o->reference_id = text[0] != '\0' ? sim_dup(text) : NULL;
	text = take_words(p, source, "name", SOURCE_MAX);
	o->source = text[0] != '\0' ? sim_dup(text) : NULL;
	if (!p->is_refused)
		read_lines(p, o, json_find(order, "line_items"));
	if (!p->is_refused)
		read_discount(p, o, json_find(order, "discounts"));
}

static void
answer_order(const struct paying *p, const struct square_order *o)
{
	struct json_out out = { .to = &p->reply->body };

	json_out_object(&out, NULL);
	square_order_out(p->square, o, &out, "order");
	json_out_end_object(&out);
}

static void
add_order(struct square *square, struct square_order *o)
{
	void *orders = square->orders;

	sim_token(square->sim, o->id, 27);
	o->state = SQUARE_OPEN;
	o->is_api = true;
	o->version = 1;
	o->created_us = sim_now_us(square->sim);
	o->updated_us = o->created_us;
	o->visible_us = o->created_us;
	sim_grow(&orders, &square->cap_orders, square->n_orders, sizeof(o));
	square->orders = orders;
	square->orders[square->n_orders++] = o;
}

/* The order that this key made: for the count of its answers. */
static void
count_answer(struct paying *p)
{
	struct json *doc = NULL;
	const char *id;
	size_t i;

	if (p->is_refused ||
	    json_parse(&doc, buf_text(&p->reply->body), p->reply->body.n) != 0)
		return;
	id = json_text_or(json_find(json_root(doc), "order"), "id", "");
	for (i = 0; i < p->square->n_orders; i++) {
		if (strcmp(p->square->orders[i]->id, id) == 0)
			p->square->orders[i]->n_answers++;
	}
	json_free(doc);
}

static void
create_order(struct paying *p)
{
	struct square_order *o;
	char *slot = NULL;

	if (!is_answered(p, &slot, "orders", ORDER_KEY_MAX)) {
		o = sim_alloc(sizeof(*o));
		read_order(p, o);
		if (p->is_refused) {
			square_order_free(o);
		} else {
			add_order(p->square, o);
			answer_order(p, o);
			remember(p, slot);
			announce_made_order(p->square, o, true);
		}
	}
	count_answer(p);
	free(slot);
}

/* ---- paying ---- */

static struct square_order *
find_order(struct paying *p, const char *id)
{
	size_t i;

	for (i = 0; i < p->square->n_orders; i++) {
		if (strcmp(p->square->orders[i]->id, id) == 0)
			return p->square->orders[i];
	}
	refuse(p, 404, "NOT_FOUND", "order_id", "Order not found");
	return NULL;
}

/* Paid in full: the goods are sold, and everybody hears of it. */
static void
complete(struct square *square, struct square_order *o)
{
	struct square_change change = { .at = o->at,
		                        .from = SQUARE_IN_STOCK,
		                        .to = SQUARE_SOLD,
		                        .is_api = true };
	size_t i;

	o->state = SQUARE_COMPLETED;
	o->version++;
	o->closed_us = sim_now_us(square->sim);
	o->updated_us = o->closed_us;
	memcpy(change.order_id, o->id, sizeof(o->id));
	for (i = 0; i < o->n_lines; i++) {
		change.quantity = o->lines[i].quantity;
		change.created_us = sim_now_us(square->sim);
		change.occurred_us = change.created_us;
		square_change_add(square, o->lines[i].variation, &change);
		square_announce_count(square, o->lines[i].variation, o->at);
	}
	announce_made_order(square, o, false);
}

static void
check_external(struct paying *p)
{
	static const char types[] =
		" CHECK BANK_TRANSFER OTHER_GIFT_CARD CRYPTO SQUARE_CASH "
		"SOCIAL EXTERNAL EMONEY CARD STORED_BALANCE FOOD_VOUCHER "
		"OTHER ";
	const struct json_node *external =
		json_find(p->request, "external_details");
	const char *type;
	char *word;

	if (strcmp(need_words(p, p->request, "source_id", 192), "EXTERNAL") !=
	    0) {
		refuse(p, 400, "BAD_REQUEST", "source_id",
		       "Not played by this simulator");
		return;
	}
	check_members(p, external, "type source source_id source_fee_money");
	type = need_words(p, external, "type", 50);
	need_words(p, external, "source", SOURCE_MAX);
	take_words(p, external, "source_id", SOURCE_MAX);
	word = text_format(" %s ", type);
	if (word == NULL || strstr(types, word) == NULL)
		refuse(p, 400, "INVALID_ENUM_VALUE", "external_details.type",
		       NULL);
	free(word);
}

/* The order to be paid, when the request fits it. */
static struct square_order *
read_payment(struct paying *p)
{
	struct square_order *o;
	bool is_at_once = true;
	int64_t amount;
	size_t at;

	check_members(p, p->request,
	              "source_id idempotency_key amount_money autocomplete "
	              "order_id location_id reference_id note "
	              "external_details");
	check_external(p);
	amount = need_money(p, p->request, "amount_money");
	take_words(p, p->request, "reference_id", ORDER_REFERENCE_MAX);
	at = need_location(p, p->request);
	if (json_get_bool(&is_at_once, p->request, "autocomplete") ==
	            JSON_WRONG_TYPE ||
	    !is_at_once)
		refuse(p, 400, "BAD_REQUEST", "autocomplete",
		       "Not played by this simulator");
	o = find_order(p, need_words(p, p->request, "order_id", 192));
	if (p->is_refused || o == NULL)
		return NULL;
	if (o->at != at)
		refuse(p, 400, "BAD_REQUEST", "location_id",
		       "The order is of another location");
	else if (o->state != SQUARE_OPEN)
		refuse(p, 400, "BAD_REQUEST", "order_id",
		       "The order is already paid or was canceled");
	else if (amount != square_order_cents(o))
		refuse(p, 400, "PAYMENT_AMOUNT_MISMATCH", "amount_money",
		       "The payment total does not match the order total");
	else if (amount == 0)
		refuse(p, 400, "VALUE_TOO_LOW", "amount_money",
		       "Nothing to pay");
	return p->is_refused ? NULL : o;
}

static void
create_payment(struct paying *p)
{
	struct json_out out = { .to = &p->reply->body };
	struct square_order *o;
	char *slot = NULL;

	if (!is_answered(p, &slot, "payments", PAYMENT_KEY_MAX)) {
		o = read_payment(p);
		if (o != NULL) {
			sim_token(p->square->sim, o->payment_id, 27);
			o->n_payments++;
			complete(p->square, o);
			json_out_object(&out, NULL);
			out_payment(p->square, o, p->request, &out);
			json_out_end_object(&out);
			remember(p, slot);
			announce_paid(p->square, o, p->request,
			              "payment.created");
			announce_paid(p->square, o, p->request,
			              "payment.updated");
		}
	}
	free(slot);
}

/* POST /v2/orders/{id}/pay, as far as nothing is to be paid. */
static void
pay_order(struct paying *p, const char *id)
{
	struct square_order *o;
	char *slot = NULL;
	int64_t version = 0;

	if (is_answered(p, &slot, "pay", ORDER_KEY_MAX)) {
		free(slot);
		return;
	}
	check_members(p, p->request,
	              "idempotency_key order_version payment_ids");
	o = find_order(p, id);
	if (o != NULL &&
	    json_get_int(&version, p->request, "order_version") == 0 &&
	    version != o->version)
		refuse(p, 409, "CONFLICT", "order_version",
		       "The order has another version");
	if (json_length(json_find(p->request, "payment_ids")) > 0)
		refuse(p, 400, "BAD_REQUEST", "payment_ids",
		       "Not played by this simulator");
	if (o != NULL && o->state != SQUARE_OPEN)
		refuse(p, 400, "BAD_REQUEST", "order_id",
		       "The order is already paid or was canceled");
	if (o != NULL && square_order_cents(o) != 0)
		refuse(p, 400, "PAYMENT_AMOUNT_MISMATCH", "payment_ids",
		       "The payment total does not match the order total");
	if (!p->is_refused) {
		o->n_payments++;
		complete(p->square, o);
		answer_order(p, o);
		remember(p, slot);
	}
	free(slot);
}

/* ---- choosing ---- */

/* The order's id in "/v2/orders/ID/pay"; the caller frees it. NULL: no such. */
static char *
paid_order(const char *path)
{
	const char *rest;
	const char *slash;

	if (!sim_after(&rest, path, "/v2/orders/"))
		return NULL;
	slash = strchr(rest, '/');
	if (slash == NULL || strcmp(slash, "/pay") != 0)
		return NULL;
	return text_ndup(rest, (size_t)(slash - rest));
}

bool
square_serve_payments(struct square *square, const struct http_call *call,
                      struct server_reply *reply)
{
	struct paying p = { .square = square, .reply = reply };
	char *paid = paid_order(call->path);
	bool is_payment = strcmp(call->path, "/v2/payments") == 0;
	struct json *doc;

	if (paid == NULL && !is_payment &&
	    strcmp(call->path, "/v2/orders") != 0)
		return false;
	doc = square_body(call, reply);
	if (doc != NULL) {
		p.request = json_root(doc);
		if (is_payment)
			create_payment(&p);
		else if (paid != NULL)
			pay_order(&p, paid);
		else
			create_order(&p);
	}
	json_free(doc);
	free(paid);
	return true;
}
