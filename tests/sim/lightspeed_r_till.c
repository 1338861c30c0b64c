/*
 * Lightspeed R: the till itself, and what the control interface may do and see.
 */
#include "tests/sim/lightspeed_r.h"

#include "gateway/base/clock.h"
#include "tests/sim/calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_LIFE_MS = 60000, RINGING_UP_US = 20000000 };

/* ---- how it is done here ---- */

static void *
find(void *till, const char *text)
{
	return lsr_find(till, text);
}

static struct decimal
count(const void *thing, int row)
{
	const struct lsr_thing *t = thing;

	return decimal_of(t->shops[row].qoh);
}

static int
row_of(void *till, int64_t shop)
{
	(void)till;
	return shop >= 1 && shop <= LSR_N_SHOPS ? (int)shop - 1 : -1;
}

/* As InventoryLog has it. */
static const char *
reason_of(enum till_reason reason)
{
	switch (reason) {
	case TILL_COUNTED: return "manualAdjustQOH";
	case TILL_RECEIVED: return "AddInventoryForOrder";
	case TILL_SENT: return "RemoveForTransfer";
	case TILL_BROUGHT: break;
	}
	return "AddInventoryForTransfer";
}

static void
move(void *till, const struct till_move *m)
{
	struct lsr_move by = { .thing = m->thing,
		               .row = m->row,
		               .reason = reason_of(m->reason) };

	if (decimal_to_scaled(&by.change, m->by, 0) != 0)
		abort();
	lsr_move(till, &by);
	if (m->row == 0 && !by.thing->is_untracked)
		by.thing->tally.moved =
			decimal_add(by.thing->tally.moved, m->by);
}

static void *
begin(void *till)
{
	return lsr_sale_new(till);
}

static void
add(void *till, void *sale, void *thing, struct decimal quantity)
{
	int64_t n;

	if (decimal_to_scaled(&n, quantity, 0) != 0)
		abort();
	lsr_line_add(till, sale, thing, n);
}

static void
discard(void *sale)
{
	struct lsr_sale *s = sale;

	s->is_voided = true;
}

static void
close_(const struct till_order *o, void *sale, const struct till_closing *c)
{
	struct lightspeed_r *r = o->till;
	struct lsr_sale *s = sale;
	int64_t now_us = sim_now_us(r->sim);

	s->created_us = now_us - c->ago_us - RINGING_UP_US;
	s->visible_us = now_us + c->hidden_us;
	lsr_payment_add(r, s, LSR_CARD, lsr_sale_total(r, s));
	lsr_sale_complete(r, s, now_us - c->ago_us);
	lsr_out_int(o->out, "sale", s->id);
}

static void *
sale_of(const struct till_order *o)
{
	int64_t id = 0;

	till_int(&id, o->body, "sale");
	return lsr_sale(o->till, id);
}

static bool
cancel(void *till, void *sale)
{
	struct lsr_sale *s = sale;

	if (s->is_voided)
		return false;
	lsr_sale_void(till, s);
	return true;
}

/* ---- orders of its own ---- */

static const char *
change_goods(const struct till_order *o)
{
	const struct lightspeed_r *r = o->till;
	struct lsr_thing *t = till_thing(o);
	bool is_tracked;

	if (t == NULL)
		return "item or sku: unknown";
	is_tracked = !t->is_untracked;
	till_bool(&is_tracked, o->body, "tracked");
	till_bool(&t->is_archived, o->body, "archived");
	t->is_untracked = !is_tracked;
	t->stamp_us = sim_now_us(r->sim);
	return NULL;
}

/* expire: access, refresh or all; code: one that can be exchanged. */
static const char *
change_tokens(const struct till_order *o)
{
	struct lightspeed_r *r = o->till;
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
change_switches(const struct till_order *o)
{
	struct lightspeed_r *r = o->till;
	struct lsr_switches *is = &r->is;
	const char *scopes = json_text_or(o->body, "scopes", NULL);
	int64_t level = r->level_milli / 1000;

	till_bool(&is->includes_tax, o->body, "includes_tax");
	till_bool(&is->takes_negative_qoh, o->body, "negative_qoh");
	till_int(&is->bucket_size, o->body, "bucket_size");
	till_int(&is->drip_milli, o->body, "drip_milli");
	till_int(&is->burst_max, o->body, "burst_max");
	till_int(&is->expires_s, o->body, "expires_s");
	till_int(&is->refreshes_max, o->body, "refreshes_max");
	till_int(&is->page_rows, o->body, "page_rows");
	if (till_int(&level, o->body, "level") == 0)
		r->level_milli = level * 1000;
	if (scopes != NULL && strlen(scopes) < sizeof(is->scopes) - 2)
		snprintf(is->scopes, sizeof(is->scopes), "%s", scopes);
	if (is->page_rows < 1 || is->drip_milli < 1)
		return "page_rows, drip_milli: at least 1";
	return NULL;
}

static const struct till_verb verbs[] = {
	{ "item", change_goods },
	{ "tokens", change_tokens },
	{ "switches", change_switches },
};

const struct till_hands lsr_hands = {
	.thing = "item",
	.place = "shop",
	.is_whole = true,
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
	.verbs = verbs,
	.n_verbs = sizeof(verbs) / sizeof(verbs[0]),
};

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
