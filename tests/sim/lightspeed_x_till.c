/*
 * Lightspeed X: the till itself, and what the control interface may do and see.
 */
#include "tests/sim/lightspeed_x.h"

#include "gateway/base/clock.h"
#include "tests/sim/calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct order {
	struct lightspeed_x *x;
	const struct json_node *body;
	struct json_out *out;
};

static struct lsx_thing *
thing_of(const struct order *o, const struct json_node *where)
{
	const char *text = json_text_or(where, "product", NULL);

	if (text == NULL)
		text = json_text_or(where, "sku", "");
	return lsx_find(o->x, text);
}

/* ---- sales ---- */

static const char *
read_lines(const struct order *o, struct lsx_sale *s, bool is_return)
{
	const struct json_node *lines = json_find(o->body, "lines");
	struct decimal quantity;
	struct lsx_thing *t;
	size_t i;

	if (json_length(lines) == 0 || json_length(lines) > LSX_LINES_MAX)
		return "lines: from 1 to 64";
	for (i = 0; i < json_length(lines); i++) {
		t = thing_of(o, json_at(lines, i));
		quantity = decimal_of(1);
		if (t == NULL)
			return "lines: unknown product or sku";
		if (json_find(json_at(lines, i), "quantity") != NULL &&
		    !sim_decimal(&quantity, json_at(lines, i), "quantity"))
			return "lines: quantity is a decimal";
		lsx_line_add(o->x, s, t,
		             is_return ? decimal_neg(quantity) : quantity);
	}
	return NULL;
}

static const char *
ring_up(const struct order *o, bool is_return)
{
	struct lightspeed_x *x = o->x;
	struct lsx_sale *s = lsx_sale_new(x, NULL);
	int64_t ago_s = 0;
	int64_t visible_ms = 0;
	bool is_announced = true;
	const char *wrong = read_lines(o, s, is_return);

	if (wrong != NULL) {
		s->state = LSX_VOIDED;
		return wrong;
	}
	till_int(&ago_s, o->body, "closed_ago_s");
	till_int(&visible_ms, o->body, "visible_after_ms");
	till_bool(&is_announced, o->body, "announce");
	s->date_us -= ago_s * 1000000;
	s->visible_us = s->created_us + visible_ms * 1000;
	sim_uuid(x->sim, s->payments[0].id);
	s->payments[0].amount = lsx_sale_total(s);
	s->n_payments = 1;
	lsx_sale_close(x, s);
	lsx_sale_touch(x, s);
	if (is_announced)
		lsx_announce_sale(x, s);
	json_out_text(o->out, "sale", s->id);
	return NULL;
}

static const char *
sell(const struct order *o)
{
	return ring_up(o, false);
}

static const char *
take_back(const struct order *o)
{
	return ring_up(o, true);
}

static const char *
cancel(const struct order *o)
{
	struct lsx_sale *s = lsx_sale(o->x, json_text_or(o->body, "sale", ""));

	if (s == NULL || s->state == LSX_VOIDED)
		return "sale: unknown";
	lsx_sale_void(o->x, s);
	lsx_sale_touch(o->x, s);
	lsx_announce_sale(o->x, s);
	return NULL;
}

/* ---- stock ---- */

static int
outlet_of(const struct order *o, const char *key)
{
	int64_t n = 1;

	till_int(&n, o->body, key);
	return n >= 1 && n <= LSX_N_OUTLETS ? (int)n - 1 : -1;
}

static void
change(const struct order *o, struct lsx_thing *t, int outlet,
       struct decimal by)
{
	lsx_move(o->x, t, outlet, by);
	if (outlet == 0 && !t->is_untracked)
		t->tally.moved = decimal_add(t->tally.moved, by);
}

static const char *
change_stock(const struct order *o, bool is_count)
{
	struct lsx_thing *t = thing_of(o, o->body);
	int outlet = outlet_of(o, "outlet");
	struct decimal quantity;

	if (t == NULL || outlet < 0)
		return "product, sku or outlet: unknown";
	if (!sim_decimal(&quantity, o->body, "quantity"))
		return "quantity: a decimal";
	if (is_count)
		quantity = decimal_sub(quantity, t->levels[outlet].count);
	change(o, t, outlet, quantity);
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
	struct lsx_thing *t = thing_of(o, o->body);
	int from = outlet_of(o, "from");
	int to = outlet_of(o, "to");
	struct decimal quantity;

	if (t == NULL || from < 0 || to < 0 ||
	    !sim_decimal(&quantity, o->body, "quantity"))
		return "product or sku, from, to, quantity";
	change(o, t, from, decimal_neg(quantity));
	change(o, t, to, quantity);
	return NULL;
}

/* The hook of a level or a sale without a change. */
static const char *
send_hook(const struct order *o)
{
	const struct lsx_thing *t = thing_of(o, o->body);
	const struct lsx_sale *s =
		lsx_sale(o->x, json_text_or(o->body, "sale", ""));
	int64_t times = 1;

	if (t == NULL && s == NULL)
		return "sale, product or sku: unknown";
	till_int(&times, o->body, "times");
	for (; times > 0; times--) {
		if (s != NULL)
			lsx_announce_sale(o->x, s);
		else
			lsx_announce_stock(o->x, t, 0);
	}
	return NULL;
}

static const char *
change_product(const struct order *o)
{
	struct lsx_thing *t = thing_of(o, o->body);
	bool is_tracked;
	bool is_deleted;

	if (t == NULL)
		return "product or sku: unknown";
	is_tracked = !t->is_untracked;
	is_deleted = t->deleted_us != 0;
	till_bool(&is_tracked, o->body, "tracked");
	till_bool(&is_deleted, o->body, "deleted");
	t->is_untracked = !is_tracked;
	t->deleted_us = is_deleted ? sim_now_us(o->x->sim) : 0;
	t->version = lsx_next_version(o->x);
	return NULL;
}

/* ---- tokens and switches ---- */

static const char *
change_tokens(const struct order *o)
{
	const char *what = json_text_or(o->body, "expire", "");
	size_t i;

	if (strcmp(what, "access") != 0 && strcmp(what, "all") != 0)
		return "expire: access or all";
	for (i = 0; i < LSX_N_TOKENS; i++) {
		o->x->tokens[i].until_ms = INT64_MIN;
		if (what[1] == 'l')
			o->x->tokens[i].is_dead = true;
	}
	return NULL;
}

static const char *
change_signing(struct lsx_switches *is, const char *name)
{
	static const char *const names[] = { "hex", "base64", "payload" };
	int i;

	for (i = 0; i < 3; i++) {
		if (strcmp(names[i], name) == 0) {
			is->signing = (enum lsx_signing)i;
			return NULL;
		}
	}
	return "signing: hex, base64, payload";
}

static const char *
change_switches(const struct order *o)
{
	struct lsx_switches *is = &o->x->is;
	const char *signing = json_text_or(o->body, "signing", NULL);
	const char *scopes = json_text_or(o->body, "scopes", NULL);
	int64_t registers;

	till_bool(&is->hook_has_fields, o->body, "hook_fields");
	till_bool(&is->answers_whole, o->body, "answer_whole");
	till_bool(&is->repeats_update, o->body, "repeats_update");
	till_bool(&is->is_register_open, o->body, "register_open");
	till_int(&is->burst, o->body, "burst");
	if (till_int(&registers, o->body, "registers") == 0)
		is->calls_max = 300 * registers + 50;
	till_int(&is->calls_max, o->body, "calls_max");
	till_int(&is->window_ms, o->body, "window_ms");
	till_int(&is->tokens_max, o->body, "tokens_max");
	till_int(&is->expires_s, o->body, "expires_s");
	till_int(&is->page_rows, o->body, "page_rows");
	if (scopes != NULL && strlen(scopes) < sizeof(is->scopes))
		snprintf(is->scopes, sizeof(is->scopes), "%s", scopes);
	return signing != NULL ? change_signing(is, signing) : NULL;
}

const char *
lsx_control(struct lightspeed_x *x, const char *what,
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
		{ "hook", send_hook },
		{ "product", change_product },
		{ "tokens", change_tokens },
		{ "switches", change_switches },
	};
	const struct order o = { x, body, out };
	size_t i;

	for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (strcmp(orders[i].name, what) == 0)
			return orders[i].act(&o);
	}
	return "no such call";
}

/* ---- state ---- */

static void
show_sale(const struct lsx_sale *s, struct json_out *out)
{
	size_t i;

	json_out_object(out, NULL);
	json_out_text(out, "id", s->id);
	json_out_text(out, "state", lsx_state_name(s->state));
	json_out_text(out, "source", s->source);
	json_out_text(out, "reference", s->source_id);
	json_out_text(out, "return_for", s->return_for);
	json_out_bool(out, "ours", s->is_api);
	json_out_decimal(out, "total", lsx_sale_total(s));
	json_out_decimal(out, "paid", lsx_sale_paid(s));
	json_out_array(out, "lines");
	for (i = 0; i < s->n_lines; i++) {
		json_out_object(out, NULL);
		json_out_text(out, "sku", s->lines[i].thing->goods.sku);
		json_out_decimal(out, "quantity", s->lines[i].quantity);
		json_out_decimal(out, "price", s->lines[i].price);
		json_out_end_object(out);
	}
	json_out_end_array(out);
	json_out_end_object(out);
}

static void
show_ids(struct json_out *out)
{
	static const struct {
		const char *name;
		enum lsx_kind kind;
	} kinds[] = {
		{ "outlet", LSX_OUTLET }, { "register", LSX_REGISTER },
		{ "user", LSX_USER },     { "payment_type", LSX_PAYMENT_TYPE },
		{ "tax", LSX_TAX },
	};
	char id[LSX_ID_SIZE];
	size_t i;

	json_out_object(out, "ids");
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		lsx_id(id, kinds[i].kind, 1);
		json_out_text(out, kinds[i].name, id);
	}
	json_out_end_object(out);
}

void
lsx_print_state(struct lightspeed_x *x, struct json_out *out)
{
	const struct lsx_thing *t;
	size_t i;

	show_ids(out);
	json_out_array(out, "counts");
	for (i = 0; i < x->n_things; i++) {
		t = x->things[i];
		json_out_object(out, NULL);
		json_out_text(out, "product", t->id);
		json_out_text(out, "sku", t->goods.sku);
		json_out_decimal(out, "count", t->levels[0].count);
		json_out_decimal(out, "elsewhere", t->levels[1].count);
		till_tally_print(&t->tally, out);
		json_out_end_object(out);
	}
	json_out_end_array(out);
	json_out_array(out, "sales");
	for (i = 0; i < x->n_sales; i++)
		show_sale(x->sales[i], out);
	json_out_end_array(out);
	json_out_int(out, "version", x->version);
	json_out_int(out, "posts", x->n_posts);
	json_out_int(out, "writes", x->n_writes);
	json_out_int(out, "adjustments", (int64_t)x->n_adjustments);
	json_out_int(out, "webhooks", (int64_t)x->n_hooks);
	json_out_int(out, "refreshes", x->n_refreshes);
	json_out_int(out, "refused_refreshes", x->n_refused_refreshes);
	json_out_int(out, "limited", x->n_limited);
	json_out_int(out, "fallbacks", x->n_fallbacks);
	calls_print(x->sim, SIM_LIGHTSPEED_X, out, "calls");
}
