/*
 * Lightspeed X: the till itself, and what the control interface may do and see.
 */
#include "tests/sim/lightspeed_x.h"

#include "tests/sim/calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- how it is done here ---- */

static void *
find(void *till, const char *text)
{
	return lsx_find(till, text);
}

static struct decimal
count(const void *thing, int row)
{
	const struct lsx_thing *t = thing;

	return t->levels[row].count;
}

static int
row_of(void *till, int64_t outlet)
{
	(void)till;
	return outlet >= 1 && outlet <= LSX_N_OUTLETS ? (int)outlet - 1 : -1;
}

static void
move(void *till, const struct till_move *m)
{
	struct lsx_thing *t = m->thing;

	lsx_move(till, t, m->row, m->by);
	if (m->row == 0 && !t->is_untracked)
		t->tally.moved = decimal_add(t->tally.moved, m->by);
}

static void *
begin(void *till)
{
	return lsx_sale_new(till, NULL);
}

static void
add(void *till, void *sale, void *thing, struct decimal quantity)
{
	lsx_line_add(till, sale, thing, quantity);
}

static void
discard(void *sale)
{
	struct lsx_sale *s = sale;

	s->state = LSX_VOIDED;
}

static void
close_(const struct till_order *o, void *sale, const struct till_closing *c)
{
	struct lightspeed_x *x = o->till;
	struct lsx_sale *s = sale;

	s->date_us -= c->ago_us;
	s->visible_us = s->created_us + c->hidden_us;
	sim_uuid(x->sim, s->payments[0].id);
	s->payments[0].amount = lsx_sale_total(s);
	s->n_payments = 1;
	lsx_sale_close(x, s);
	lsx_sale_touch(x, s);
	if (c->is_announced)
		lsx_announce_sale(x, s);
	json_out_text(o->out, "sale", s->id);
}

static void *
sale_of(const struct till_order *o)
{
	return lsx_sale(o->till, json_text_or(o->body, "sale", ""));
}

static bool
cancel(void *till, void *sale)
{
	struct lsx_sale *s = sale;

	if (s->state == LSX_VOIDED)
		return false;
	lsx_sale_void(till, s);
	lsx_sale_touch(till, s);
	lsx_announce_sale(till, s);
	return true;
}

static void
announce(void *till, void *thing, void *sale)
{
	if (sale != NULL)
		lsx_announce_sale(till, sale);
	else
		lsx_announce_stock(till, thing, 0);
}

/* ---- orders of its own ---- */

static const char *
change_product(const struct till_order *o)
{
	struct lightspeed_x *x = o->till;
	struct lsx_thing *t = till_thing(o);
	bool is_tracked;
	bool is_deleted;

	if (t == NULL)
		return "product or sku: unknown";
	is_tracked = !t->is_untracked;
	is_deleted = t->deleted_us != 0;
	till_bool(&is_tracked, o->body, "tracked");
	till_bool(&is_deleted, o->body, "deleted");
	t->is_untracked = !is_tracked;
	t->deleted_us = is_deleted ? sim_now_us(x->sim) : 0;
	t->version = lsx_next_version(x);
	return NULL;
}

static const char *
change_tokens(const struct till_order *o)
{
	struct lightspeed_x *x = o->till;
	const char *what = json_text_or(o->body, "expire", "");
	size_t i;

	if (strcmp(what, "access") != 0 && strcmp(what, "all") != 0)
		return "expire: access or all";
	for (i = 0; i < LSX_N_TOKENS; i++) {
		x->tokens[i].until_ms = INT64_MIN;
		if (what[1] == 'l')
			x->tokens[i].is_dead = true;
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
change_switches(const struct till_order *o)
{
	struct lsx_switches *is = &((struct lightspeed_x *)o->till)->is;
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

static const struct till_verb verbs[] = {
	{ "product", change_product },
	{ "tokens", change_tokens },
	{ "switches", change_switches },
};

const struct till_hands lsx_hands = {
	.thing = "product",
	.place = "outlet",
	.find = find,
	.count = count,
	.row = row_of,
	.move = move,
	.begin = begin,
	.add = add,
	.discard = discard,
	.close = close_,
	.sale = sale_of,
	.cancel = cancel,
	.announce = announce,
	.verbs = verbs,
	.n_verbs = sizeof(verbs) / sizeof(verbs[0]),
};

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
