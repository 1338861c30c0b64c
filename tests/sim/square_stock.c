/*
 * Square: counts as the sum of their history, and the till.
 *
 * Changes apply in the order of occurred_at, whenever they arrive: a physical
 * count stamped before a later adjustment ends as that count plus the
 * adjustment. So a count is always computed from the whole history.
 */
#include "tests/sim/square.h"

#include "tests/sim/hooks.h"

#include <stdlib.h>
#include <string.h>

/* ---- states ---- */

static const struct {
	const char *name;
	bool is_counted;
	bool is_read_only;
} state_table[SQUARE_N_STATES] = {
	[SQUARE_CUSTOM] = { "CUSTOM", true, true },
	[SQUARE_IN_STOCK] = { "IN_STOCK", true, false },
	[SQUARE_SOLD] = { "SOLD", false, false },
	[SQUARE_RETURNED_BY_CUSTOMER] = { "RETURNED_BY_CUSTOMER", true, true },
	[SQUARE_RESERVED_FOR_SALE] = { "RESERVED_FOR_SALE", true, true },
	[SQUARE_SOLD_ONLINE] = { "SOLD_ONLINE", true, true },
	[SQUARE_ORDERED_FROM_VENDOR] = { "ORDERED_FROM_VENDOR", true, true },
	[SQUARE_RECEIVED_FROM_VENDOR] = { "RECEIVED_FROM_VENDOR", true, true },
	[SQUARE_IN_TRANSIT_TO] = { "IN_TRANSIT_TO", true, false },
	[SQUARE_NONE] = { "NONE", false, false },
	[SQUARE_WASTE] = { "WASTE", true, false },
	[SQUARE_UNLINKED_RETURN] = { "UNLINKED_RETURN", false, false },
	[SQUARE_COMPOSED] = { "COMPOSED", true, false },
	[SQUARE_DECOMPOSED] = { "DECOMPOSED", true, false },
	[SQUARE_SUPPORTED_BY_NEWER_VERSION] = { "SUPPORTED_BY_NEWER_VERSION",
	                                        false, true },
	[SQUARE_IN_TRANSIT] = { "IN_TRANSIT", true, true },
};

bool
square_state_parse(enum square_state *out, const char *name)
{
	int i;

	for (i = 0; i < SQUARE_N_STATES; i++) {
		if (strcmp(state_table[i].name, name) == 0) {
			*out = (enum square_state)i;
			return true;
		}
	}
	return false;
}

const char *
square_state_name(enum square_state state)
{
	return state_table[state].name;
}

bool
square_state_is_counted(enum square_state state)
{
	return state_table[state].is_counted;
}

bool
square_state_is_read_only(enum square_state state)
{
	return state_table[state].is_read_only;
}

/* ---- the history ---- */

/* Of one location: a count there is the sum of what happened there. */
static void
count_again(struct square_variation *v, size_t at)
{
	struct decimal *counts = v->shelves[at].counts;
	const struct square_change *c;
	size_t i;

	memset(counts, 0, sizeof(v->shelves[at].counts));
	for (i = 0; i < v->n_changes; i++) {
		c = &v->changes[i];
		if (c->at != at)
			continue;
		if (c->is_count) {
			counts[c->to] = c->quantity;
			continue;
		}
		if (state_table[c->from].is_counted)
			counts[c->from] =
				decimal_sub(counts[c->from], c->quantity);
		if (state_table[c->to].is_counted)
			counts[c->to] = decimal_add(counts[c->to], c->quantity);
	}
}

static void
touch(struct square *square, struct square_variation *v,
      const struct square_change *c)
{
	int64_t *calculated_us = v->shelves[c->at].calculated_us;
	bool is_first = c->is_count && calculated_us[c->to] == 0;

	if (state_table[c->to].is_counted)
		calculated_us[c->to] =
			is_first ? c->created_us : sim_now_us(square->sim);
	if (!c->is_count && state_table[c->from].is_counted)
		calculated_us[c->from] = sim_now_us(square->sim);
}

struct square_change *
square_change_add(struct square *square, struct square_variation *v,
                  const struct square_change *change)
{
	void *changes = v->changes;
	size_t at = v->n_changes;

	sim_grow(&changes, &v->cap_changes, v->n_changes, sizeof(*change));
	v->changes = changes;
	while (at > 0 && v->changes[at - 1].occurred_us > change->occurred_us)
		at--;
	memmove(&v->changes[at + 1], &v->changes[at],
	        (v->n_changes - at) * sizeof(*change));
	v->changes[at] = *change;
	sim_token(square->sim, v->changes[at].id, 24);
	v->n_changes++;
	count_again(v, change->at);
	touch(square, v, &v->changes[at]);
	return &v->changes[at];
}

/* ---- events ---- */

void
square_announce(struct square *square, size_t at, const char *type,
                const char *data_type, const char *id, const char *object,
                int64_t delay_ms)
{
	struct buf body = BUF_INIT;
	struct json_out out = { .to = &body };
	char event_id[37];

	sim_uuid(square->sim, event_id);
	json_out_object(&out, NULL);
	json_out_text(&out, "merchant_id", SQUARE_MERCHANT);
	json_out_text(&out, "location_id", square_location(square, at));
	json_out_text(&out, "type", type);
	json_out_text(&out, "event_id", event_id);
	square_time_out(&out, "created_at", sim_now_us(square->sim));
	json_out_object(&out, "data");
	json_out_text(&out, "type", data_type);
	json_out_text(&out, "id", id);
	json_out_raw(&out, "object", object);
	json_out_end_object(&out);
	json_out_end_object(&out);
	square_hooks_send(square, type, buf_text(&body), delay_ms);
	buf_fini(&body);
}

void
square_announce_count(struct square *square, const struct square_variation *v,
                      size_t at)
{
	struct buf object = BUF_INIT;
	struct json_out out = { .to = &object };
	char id[37];

	json_out_object(&out, NULL);
	json_out_array(&out, "inventory_counts");
	square_count_out(square, v, at, SQUARE_IN_STOCK, &out);
	json_out_end_array(&out);
	json_out_end_object(&out);
	sim_uuid(square->sim, id);
	square_announce(square, at, "inventory.count.updated",
	                "inventory_counts", id, buf_text(&object), 0);
	buf_fini(&object);
}

int64_t
square_line_cents(const struct square_line *line)
{
	int64_t price = line->is_priced ? line->price : line->variation->price;
	struct decimal total;
	int64_t cents = 0;

	total = decimal_mul(decimal_of_scaled(price, 2), line->quantity, 2,
	                    DECIMAL_HALF_UP);
	return decimal_to_scaled(&cents, total, 2) == 0 ? cents : 0;
}

static void
announce_payment(struct square *square, const struct square_order *order,
                 const char *type, int64_t delay_ms)
{
	struct buf object = BUF_INIT;
	struct json_out out = { .to = &object };
	int64_t cents = 0;
	size_t i;

	for (i = 0; i < order->n_lines; i++)
		cents += square_line_cents(&order->lines[i]);
	json_out_object(&out, NULL);
	json_out_object(&out, "payment");
	json_out_text(&out, "id", order->payment_id);
	square_time_out(&out, "created_at", order->created_us);
	square_time_out(&out, "updated_at", order->updated_us);
	square_money_out(&out, "amount_money", cents);
	square_money_out(&out, "total_money", cents);
	json_out_text(&out, "status", "COMPLETED");
	json_out_text(&out, "source_type", "CASH");
	json_out_text(&out, "location_id", square_location(square, order->at));
	json_out_text(&out, "order_id", order->id);
	json_out_end_object(&out);
	json_out_end_object(&out);
	square_announce(square, order->at, type, "payment", order->payment_id,
	                buf_text(&object), delay_ms);
	buf_fini(&object);
}

static void
announce_order(struct square *square, const struct square_order *order)
{
	struct buf object = BUF_INIT;
	struct json_out out = { .to = &object };

	json_out_object(&out, NULL);
	json_out_object(&out, "order_updated");
	json_out_text(&out, "order_id", order->id);
	json_out_int(&out, "version", order->version);
	json_out_text(&out, "location_id", square_location(square, order->at));
	json_out_text(&out, "state", "COMPLETED");
	square_time_out(&out, "created_at", order->created_us);
	square_time_out(&out, "updated_at", order->updated_us);
	json_out_end_object(&out);
	json_out_end_object(&out);
	square_announce(square, order->at, "order.updated", "order_updated",
	                order->id, buf_text(&object), 0);
	buf_fini(&object);
}

/* ---- the till ---- */

static const struct square_change *
add_till_change(struct square *square, struct square_variation *v,
                const struct square_change *pattern, const char *order_id)
{
	struct square_change change = *pattern;

	change.created_us = sim_now_us(square->sim);
	if (change.occurred_us == 0)
		change.occurred_us = change.created_us;
	memcpy(change.order_id, order_id, strlen(order_id) + 1);
	return square_change_add(square, v, &change);
}

static struct square_order *
make_order(struct square *square, const struct square_sale *sale)
{
	struct square_order *order = sim_alloc(sizeof(*order));
	void *orders = square->orders;
	int64_t now_us = sim_now_us(square->sim);
	size_t i;

	sim_token(square->sim, order->id, 27);
	sim_token(square->sim, order->payment_id, 27);
	order->version = 4; /* opened, filled, paid, closed */
	order->closed_us = now_us - sale->closed_ago_s * 1000000;
	order->created_us = order->closed_us - 20 * 1000000;
	order->updated_us = now_us;
	order->visible_us = now_us + sale->visible_after_ms * 1000;
	order->at = sale->at;
	order->n_lines = sale->n_lines;
	for (i = 0; i < sale->n_lines; i++) {
		order->lines[i] = sale->lines[i];
		sim_token(square->sim, order->lines[i].uid, 22);
	}
	sim_grow(&orders, &square->cap_orders, square->n_orders, sizeof(order));
	square->orders = orders;
	square->orders[square->n_orders++] = order;
	return order;
}

struct square_order *
square_sell(struct square *square, const struct square_sale *sale)
{
	struct square_order *order = make_order(square, sale);
	struct square_change change = { .at = sale->at,
		                        .from = SQUARE_IN_STOCK,
		                        .to = SQUARE_SOLD };
	size_t i;

	for (i = 0; i < order->n_lines; i++) {
		change.quantity = order->lines[i].quantity;
		change.occurred_us = order->closed_us;
		add_till_change(square, order->lines[i].variation, &change,
		                order->id);
		if (sale->is_announced)
			square_announce_count(square, order->lines[i].variation,
			                      order->at);
	}
	if (sale->is_announced)
		announce_payment(square, order, "payment.updated",
		                 sale->visible_after_ms);
	return order;
}

const char *
square_move(struct square *square, const struct square_move *move)
{
	struct square_change change = { .at = move->at,
		                        .from = move->from,
		                        .to = move->to,
		                        .quantity = move->quantity };
	const struct square_change *made;

	if (move->ago_s > 0)
		change.occurred_us =
			sim_now_us(square->sim) - move->ago_s * 1000000;
	if (move->has_refund)
		sim_token(square->sim, change.refund_id, 27);
	made = add_till_change(square, move->variation, &change,
	                       move->order_id);
	if (move->is_announced)
		square_announce_count(square, move->variation, move->at);
	return made->id;
}

void
square_count(struct square *square, struct square_variation *v, size_t at,
             struct decimal quantity, bool is_announced)
{
	const struct square_change change = { .at = at,
		                              .is_count = true,
		                              .to = SQUARE_IN_STOCK,
		                              .quantity = quantity };

	add_till_change(square, v, &change, "");
	if (is_announced)
		square_announce_count(square, v, at);
}

/* The stock follows: more is sold, or less than it had seemed. That is no
   return: the order's new version says it already. */
static void
amend_stock(struct square *square, const struct square_line *line,
            struct decimal more, const struct square_order *order)
{
	struct square_change change = { .at = order->at,
		                        .from = SQUARE_IN_STOCK,
		                        .to = SQUARE_SOLD,
		                        .quantity = more };

	if (decimal_is_negative(more)) {
		change.from = SQUARE_SOLD;
		change.to = SQUARE_IN_STOCK;
		change.quantity = decimal_neg(more);
	}
	add_till_change(square, line->variation, &change, order->id);
	square_announce_count(square, line->variation, order->at);
}

static bool
amend_line(struct square *square, struct square_order *order,
           struct square_line *line, struct decimal quantity)
{
	struct decimal more = decimal_sub(quantity, line->quantity);

	line->quantity = quantity;
	order->version++;
	order->updated_us = sim_now_us(square->sim);
	amend_stock(square, line, more, order);
	announce_order(square, order);
	announce_payment(square, order, "payment.updated", 0);
	return true;
}

bool
square_amend(struct square *square, const char *order_id, const char *uid,
             struct decimal quantity)
{
	struct square_order *order;
	size_t i;
	size_t j;

	for (i = 0; i < square->n_orders; i++) {
		order = square->orders[i];
		if (strcmp(order->id, order_id) != 0)
			continue;
		for (j = 0; j < order->n_lines; j++) {
			if (uid == NULL ||
			    strcmp(order->lines[j].uid, uid) == 0)
				return amend_line(square, order,
				                  &order->lines[j], quantity);
		}
	}
	return false;
}

/* ---- as JSON ---- */

void
square_count_out(const struct square *square, const struct square_variation *v,
                 size_t at, enum square_state state, struct json_out *out)
{
	char quantity[DECIMAL_TEXT_SIZE];

	json_out_object(out, NULL);
	json_out_text(out, "catalog_object_id", v->id);
	json_out_text(out, "catalog_object_type", "ITEM_VARIATION");
	json_out_text(out, "state", state_table[state].name);
	json_out_text(out, "location_id", square_location(square, at));
	json_out_text(out, "quantity",
	              decimal_format(quantity, v->shelves[at].counts[state]));
	square_time_out(out, "calculated_at",
	                v->shelves[at].calculated_us[state]);
	json_out_end_object(out);
}

static void
out_source(const struct square_change *c, struct json_out *out)
{
	json_out_object(out, "source");
	json_out_text(out, "product",
	              c->is_api ? "EXTERNAL_API" : "SQUARE_POS");
	if (c->is_api)
		json_out_text(out, "application_id", "sq0idp-simulated");
	json_out_text(out, "name", c->is_api ? "Tillbridge" : "Point of Sale");
	json_out_end_object(out);
}

void
square_adjustment_out(const struct square *square,
                      const struct square_variation *v,
                      const struct square_change *c, struct json_out *out)
{
	char quantity[DECIMAL_TEXT_SIZE];

	json_out_object(out, c->is_count ? "physical_count" : "adjustment");
	json_out_text(out, "id", c->id);
	if (c->reference_id != NULL)
		json_out_text(out, "reference_id", c->reference_id);
	json_out_text(out, "catalog_object_id", v->id);
	json_out_text(out, "catalog_object_type", "ITEM_VARIATION");
	if (c->is_count) {
		json_out_text(out, "state", state_table[c->to].name);
	} else {
		json_out_text(out, "from_state", state_table[c->from].name);
		json_out_text(out, "to_state", state_table[c->to].name);
	}
	json_out_text(out, "location_id", square_location(square, c->at));
	json_out_text(out, "quantity", decimal_format(quantity, c->quantity));
	if (c->order_id[0] != '\0')
		json_out_text(out, "transaction_id", c->order_id);
	if (c->refund_id[0] != '\0')
		json_out_text(out, "refund_id", c->refund_id);
	out_source(c, out);
	square_time_out(out, "occurred_at", c->occurred_us);
	square_time_out(out, "created_at", c->created_us);
	json_out_end_object(out);
}

void
square_change_out(const struct square *square, const struct square_variation *v,
                  const struct square_change *c, struct json_out *out)
{
	json_out_object(out, NULL);
	json_out_text(out, "type",
	              c->is_count ? "PHYSICAL_COUNT" : "ADJUSTMENT");
	square_adjustment_out(square, v, c, out);
	json_out_end_object(out);
}
