/* What the control interface may do at any till; see till_orders.h. */
#include "tests/sim/till_orders.h"

#include "tests/sim/sim.h"
#include "tests/sim/till.h"

#include <string.h>

enum { LINES_MAX = 64, US_PER_MS = 1000, US_PER_S = 1000000 };

static void *
thing_at(const struct till_order *o, const struct json_node *where)
{
	const char *text = json_text_or(where, o->hands->thing, NULL);

	if (text == NULL)
		text = json_text_or(where, "sku", "");
	return o->hands->find(o->till, text);
}

void *
till_thing(const struct till_order *o)
{
	return thing_at(o, o->body);
}

/* As the till counts: whole, or not. Absent, out stays as it is. */
static int
read_quantity(const struct till_order *o, struct decimal *out,
              const struct json_node *where)
{
	int64_t n;
	int r;

	if (json_find(where, "quantity") == NULL)
		return JSON_ABSENT;
	if (!o->hands->is_whole)
		return sim_decimal(out, where, "quantity") ? 0
		                                           : JSON_WRONG_TYPE;
	r = till_int(&n, where, "quantity");
	if (r == 0)
		*out = decimal_of(n);
	return r;
}

/* ---- sales ---- */

static const char *
read_lines(const struct till_order *o, void *sale, bool is_return)
{
	const struct json_node *lines = json_find(o->body, "lines");
	struct decimal quantity;
	void *thing;
	size_t i;

	if (json_length(lines) == 0 || json_length(lines) > LINES_MAX)
		return "lines: from 1 to 64";
	for (i = 0; i < json_length(lines); i++) {
		thing = thing_at(o, json_at(lines, i));
		quantity = decimal_of(1);
		if (thing == NULL)
			return "lines: nothing of that name";
		if (read_quantity(o, &quantity, json_at(lines, i)) ==
		    JSON_WRONG_TYPE)
			return "lines: quantity is no number of this till";
		o->hands->add(o->till, sale, thing,
		              is_return ? decimal_neg(quantity) : quantity);
	}
	return NULL;
}

static const char *
ring_up(const struct till_order *o, bool is_return)
{
	struct till_closing closing = { .is_announced = true };
	void *sale = o->hands->begin(o->till);
	const char *wrong = read_lines(o, sale, is_return);
	int64_t ago_s = 0;
	int64_t hidden_ms = 0;

	if (wrong != NULL) {
		o->hands->discard(sale);
		return wrong;
	}
	till_int(&ago_s, o->body, "closed_ago_s");
	till_int(&hidden_ms, o->body, "visible_after_ms");
	till_bool(&closing.is_announced, o->body, "announce");
	closing.ago_us = ago_s * US_PER_S;
	closing.hidden_us = hidden_ms * US_PER_MS;
	o->hands->close(o, sale, &closing);
	return NULL;
}

bool
till_sell(const struct till_hands *hands, void *till, const char *sku,
          struct decimal quantity)
{
	const struct till_closing closing = { .is_announced = true };
	struct buf text = BUF_INIT; /* the answer that nobody reads */
	struct json_out out = { .to = &text };
	const struct till_order o = { hands, till, NULL, &out };
	void *thing = hands->find(till, sku);
	void *sale;

	if (thing == NULL || decimal_cmp(hands->count(thing, 0), quantity) < 0)
		return false;
	sale = hands->begin(till);
	hands->add(till, sale, thing, quantity);
	json_out_object(&out, NULL);
	hands->close(&o, sale, &closing);
	json_out_end_object(&out);
	buf_fini(&text);
	return true;
}

static const char *
sell(const struct till_order *o)
{
	return ring_up(o, false);
}

static const char *
take_back(const struct till_order *o)
{
	return ring_up(o, true);
}

static const char *
cancel(const struct till_order *o)
{
	void *sale = o->hands->sale(o);

	return sale != NULL && o->hands->cancel(o->till, sale)
	               ? NULL
	               : "sale: unknown";
}

/* ---- stock ---- */

/* The place that the body names, the first one otherwise. */
static int
row_of(const struct till_order *o, const char *key)
{
	int64_t place = 0;

	switch (till_int(&place, o->body, key)) {
	case 0: return o->hands->row(o->till, place);
	case JSON_ABSENT: return 0;
	default: return -1;
	}
}

static const char *
change_stock(const struct till_order *o, enum till_reason reason)
{
	struct till_move move = { .thing = till_thing(o),
		                  .row = row_of(o, o->hands->place),
		                  .reason = reason };

	if (move.thing == NULL || move.row < 0)
		return "nothing, or no place, of that name";
	if (read_quantity(o, &move.by, o->body) != 0)
		return "quantity: is needed, and as the till counts";
	if (reason == TILL_COUNTED)
		move.by = decimal_sub(move.by,
		                      o->hands->count(move.thing, move.row));
	o->hands->move(o->till, &move);
	return NULL;
}

static const char *
count(const struct till_order *o)
{
	return change_stock(o, TILL_COUNTED);
}

static const char *
receive(const struct till_order *o)
{
	return change_stock(o, TILL_RECEIVED);
}

static const char *
move(const struct till_order *o)
{
	struct till_move there = { .thing = till_thing(o),
		                   .row = row_of(o, "to"),
		                   .reason = TILL_BROUGHT };
	struct till_move here = { .thing = there.thing,
		                  .row = row_of(o, "from"),
		                  .reason = TILL_SENT };

	if (there.thing == NULL || there.row < 0 || here.row < 0 ||
	    read_quantity(o, &there.by, o->body) != 0)
		return "what, from, to, quantity: one is missing or wrong";
	here.by = decimal_neg(there.by);
	o->hands->move(o->till, &here);
	o->hands->move(o->till, &there);
	return NULL;
}

/* The hook of a thing, or of a sale once more, without a change. */
static const char *
send_hook(const struct till_order *o)
{
	void *thing = till_thing(o);
	void *sale = o->hands->sale(o);
	int64_t times = 1;

	if (o->hands->announce == NULL)
		return "hook: this till has none";
	if (thing == NULL && sale == NULL)
		return "nothing, and no sale, of that name";
	till_int(&times, o->body, "times");
	for (; times > 0; times--)
		o->hands->announce(o->till, sale == NULL ? thing : NULL, sale);
	return NULL;
}

/* ---- orders ---- */

static const struct till_verb *
find_verb(const struct till_verb *verbs, size_t n, const char *what)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(verbs[i].name, what) == 0)
			return &verbs[i];
	}
	return NULL;
}

const char *
till_obey(const struct till_hands *hands, void *till, const char *what,
          const struct json_node *body, struct json_out *out)
{
	static const struct till_verb common[] = {
		{ "sell", sell },       { "return", take_back },
		{ "void", cancel },     { "count", count },
		{ "receive", receive }, { "move", move },
		{ "hook", send_hook },
	};
	const struct till_order o = { hands, till, body, out };
	const struct till_verb *verb =
		find_verb(hands->verbs, hands->n_verbs, what);

	if (verb == NULL)
		verb = find_verb(common, sizeof(common) / sizeof(common[0]),
		                 what);
	return verb != NULL ? verb->act(&o) : "no such call";
}
