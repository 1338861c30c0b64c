/*
 * Lightspeed R: the till itself, and what the control interface may do and see.
 */
#include "tests/sim/lightspeed_r.h"

#include "gateway/base/clock.h"
#include "tests/sim/calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_LIFE_MS = 60000 };

struct order {
	struct lightspeed_r *r;
	const struct json_node *body;
	struct json_out *out;
};

static struct lsr_thing *
thing_of(const struct order *o, const struct json_node *where)
{
	const char *text = json_text_or(where, "item", NULL);

	if (text == NULL)
		text = json_text_or(where, "sku", "");
	return lsr_find(o->r, text);
}

/* ---- sales ---- */

static const char *
read_lines(const struct order *o, struct lsr_sale *s, int sign)
{
	const struct json_node *lines = json_find(o->body, "lines");
	struct lsr_thing *t;
	int64_t quantity;
	size_t i;

	if (json_length(lines) == 0 || json_length(lines) > LSR_LINES_MAX)
		return "lines: from 1 to 64";
	for (i = 0; i < json_length(lines); i++) {
		t = thing_of(o, json_at(lines, i));
		quantity = 1;
		if (t == NULL)
			return "lines: unknown item or sku";
		if (till_int(&quantity, json_at(lines, i), "quantity") ==
		    JSON_WRONG_TYPE)
			return "lines: quantity is a whole number";
		lsr_line_add(o->r, s, t, sign * quantity);
	}
	return NULL;
}

static const char *
ring_up(const struct order *o, int sign)
{
	struct lightspeed_r *r = o->r;
	struct lsr_sale *s = lsr_sale_new(r);
	int64_t now_us = sim_now_us(r->sim);
	int64_t ago_s = 0;
	int64_t visible_ms = 0;
	const char *wrong = read_lines(o, s, sign);

	if (wrong != NULL) {
		s->is_voided = true;
		return wrong;
	}
	till_int(&ago_s, o->body, "closed_ago_s");
	till_int(&visible_ms, o->body, "visible_after_ms");
	s->created_us = now_us - (ago_s + 20) * 1000000;
	s->visible_us = now_us + visible_ms * 1000;
	lsr_payment_add(r, s, LSR_CARD, lsr_sale_total(r, s));
	lsr_sale_complete(r, s, now_us - ago_s * 1000000);
	lsr_out_int(o->out, "sale", s->id);
	return NULL;
}

static const char *
sell(const struct order *o)
{
	return ring_up(o, 1);
}

static const char *
take_back(const struct order *o)
{
	return ring_up(o, -1);
}

static const char *
cancel(const struct order *o)
{
	struct lsr_sale *s;
	int64_t id = 0;

	till_int(&id, o->body, "sale");
	s = lsr_sale(o->r, id);
	if (s == NULL || s->is_voided)
		return "sale: unknown";
	lsr_sale_void(o->r, s);
	return NULL;
}

/* ---- stock ---- */

static void
change(const struct order *o, struct lsr_thing *t, int row, int64_t by,
       const char *reason)
{
	const struct lsr_move m = {
		.thing = t, .row = row, .change = by, .reason = reason
	};

	lsr_move(o->r, &m);
	if (row == 0 && !t->is_untracked)
		t->tally.moved = decimal_add(t->tally.moved, decimal_of(by));
}

/* The row of the shop that is named, the first one otherwise; -1: wrong. */
static int
row_of(const struct order *o, const char *key)
{
	int64_t shop = 1;

	till_int(&shop, o->body, key);
	return shop >= 1 && shop <= LSR_N_SHOPS ? (int)shop - 1 : -1;
}

static const char *
change_stock(const struct order *o, bool is_count)
{
	struct lsr_thing *t = thing_of(o, o->body);
	int row = row_of(o, "shop");
	int64_t quantity = 0;

	if (t == NULL || row < 0)
		return "item, sku or shop: unknown";
	if (till_int(&quantity, o->body, "quantity") != 0)
		return "quantity: a whole number";
	if (is_count)
		quantity -= t->shops[row].qoh;
	change(o, t, row, quantity,
	       is_count ? "manualAdjustQOH" : "AddInventoryForOrder");
	return NULL;
}

static const char *
count(const struct order *o)
{
	return change_stock(o, true);
}

static const char *
receive(const struct order *o)
{
	return change_stock(o, false);
}

static const char *
move(const struct order *o)
{
	struct lsr_thing *t = thing_of(o, o->body);
	int from = row_of(o, "from");
	int to = row_of(o, "to");
	int64_t quantity = 0;

	if (t == NULL || from < 0 || to < 0 ||
	    till_int(&quantity, o->body, "quantity") != 0)
		return "item or sku, from, to, quantity";
	change(o, t, from, -quantity, "RemoveForTransfer");
	change(o, t, to, quantity, "AddInventoryForTransfer");
	return NULL;
}

static const char *
change_goods(const struct order *o)
{
	struct lsr_thing *t = thing_of(o, o->body);
	bool is_tracked;

	if (t == NULL)
		return "item or sku: unknown";
	is_tracked = !t->is_untracked;
	till_bool(&is_tracked, o->body, "tracked");
	till_bool(&t->is_archived, o->body, "archived");
	t->is_untracked = !is_tracked;
	t->stamp_us = sim_now_us(o->r->sim);
	return NULL;
}

/* ---- tokens ---- */

/* expire: access, refresh or all; code: one that can be exchanged. */
static const char *
change_tokens(const struct order *o)
{
	struct lightspeed_r *r = o->r;
	const char *what = json_text_or(o->body, "expire", "");
	bool is_all = strcmp(what, "all") == 0;
	bool wants_code = false;
	size_t i;

	for (i = 0; i < r->n_tokens; i++) {
		if (is_all || strcmp(what, "access") == 0)
			r->tokens[i].access_until_ms = INT64_MIN;
		if (is_all || strcmp(what, "refresh") == 0)
			r->tokens[i].refresh_until_ms = INT64_MIN;
	}
	till_bool(&wants_code, o->body, "code");
	if (wants_code) {
		sim_token(r->sim, r->code, sizeof(r->code) - 1);
		r->code_until_ms = clock_mono_ms() + CODE_LIFE_MS;
		json_out_text(o->out, "code", r->code);
	}
	return NULL;
}

static const char *
change_switches(const struct order *o)
{
	struct lsr_switches *is = &o->r->is;
	const char *scopes = json_text_or(o->body, "scopes", NULL);
	int64_t level = o->r->level_milli / 1000;

	till_bool(&is->includes_tax, o->body, "includes_tax");
	till_bool(&is->takes_negative_qoh, o->body, "negative_qoh");
	till_int(&is->bucket_size, o->body, "bucket_size");
	till_int(&is->drip_milli, o->body, "drip_milli");
	till_int(&is->burst_max, o->body, "burst_max");
	till_int(&is->expires_s, o->body, "expires_s");
	till_int(&is->refreshes_max, o->body, "refreshes_max");
	till_int(&is->page_rows, o->body, "page_rows");
	if (till_int(&level, o->body, "level") == 0)
		o->r->level_milli = level * 1000;
	if (scopes != NULL && strlen(scopes) < sizeof(is->scopes) - 2)
		snprintf(is->scopes, sizeof(is->scopes), "%s", scopes);
	if (is->page_rows < 1 || is->drip_milli < 1)
		return "page_rows, drip_milli: at least 1";
	return NULL;
}

const char *
lsr_control(struct lightspeed_r *r, const char *what,
            const struct json_node *body, struct json_out *out)
{
	static const struct {
		const char *name;
		const char *(*act)(const struct order *o);
	} orders[] = {
		{ "sell", sell },
		{ "return", take_back },
		{ "void", cancel },
		{ "count", count },
		{ "receive", receive },
		{ "move", move },
		{ "item", change_goods },
		{ "tokens", change_tokens },
		{ "switches", change_switches },
	};
	const struct order o = { r, body, out };
	size_t i;

	for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (strcmp(orders[i].name, what) == 0)
			return orders[i].act(&o);
	}
	return "no such call";
}

/* ---- state ---- */

static void
print_thing(const struct lsr_thing *t, struct json_out *out)
{
	json_out_object(out, NULL);
	lsr_out_int(out, "item", t->id);
	json_out_text(out, "sku", t->goods.sku);
	json_out_int(out, "count", t->shops[0].qoh);
	json_out_int(out, "elsewhere", t->shops[1].qoh);
	till_tally_print(&t->tally, out);
	json_out_end_object(out);
}

static void
show_sale(const struct lightspeed_r *r, const struct lsr_sale *s,
          struct json_out *out)
{
	size_t i;

	json_out_object(out, NULL);
	lsr_out_int(out, "id", s->id);
	json_out_text(out, "state",
	              s->is_voided      ? "voided"
	              : s->is_completed ? "completed"
	                                : "open");
	json_out_text(out, "reference", s->reference);
	json_out_text(out, "source", s->source);
	json_out_bool(out, "ours", s->is_api);
	json_out_decimal(out, "total", lsr_sale_total(r, s));
	json_out_decimal(out, "paid", lsr_sale_paid(s));
	json_out_array(out, "lines");
	for (i = 0; i < s->n_lines; i++) {
		json_out_object(out, NULL);
		lsr_out_int(out, "line", s->lines[i].id);
		json_out_text(out, "sku", s->lines[i].thing->goods.sku);
		json_out_int(out, "quantity", s->lines[i].quantity);
		json_out_decimal(out, "price", s->lines[i].price);
		json_out_end_object(out);
	}
	json_out_end_array(out);
	json_out_end_object(out);
}

void
lsr_print_state(struct lightspeed_r *r, struct json_out *out)
{
	size_t i;

	json_out_array(out, "counts");
	for (i = 0; i < r->n_things; i++)
		print_thing(r->things[i], out);
	json_out_end_array(out);
	json_out_array(out, "sales");
	for (i = 0; i < r->n_sales; i++)
		show_sale(r, r->sales[i], out);
	json_out_end_array(out);
	json_out_int(out, "posts", r->n_posts);
	json_out_int(out, "writes", r->n_writes);
	json_out_int(out, "logs", (int64_t)r->n_logs);
	json_out_int(out, "refreshes", r->n_refreshes);
	json_out_int(out, "refused_refreshes", r->n_refused_refreshes);
	json_out_int(out, "bucket_refusals", r->n_bucket);
	json_out_int(out, "burst_refusals", r->n_burst);
	calls_print(r->sim, SIM_LIGHTSPEED_R, out, "calls");
}
