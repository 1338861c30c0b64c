/* Trade at the tills and in Galaxy, and the hooks that tell of it or do not. */
#include "tests/converge/act.h"
#include "tests/converge/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VERSIONS_MAX = 5 };

/* Mostly it arrives; else it is lost, doubled, late, or forged besides. */
static void
announce(struct world *w, struct hook hook, bool must_arrive)
{
	hook.delay_ms = percent(w, 30) ? below(w, 1200) : below(w, 30);
	hook.copies = percent(w, 15) ? 2 : 1;
	hook.tries = must_arrive || percent(w, 70) ? 5 : 1;
	hook.form = below(w, 3);
	if (percent(w, 5)) {
		struct hook forged = hook;

		forged.is_forged = true;
		hooks_add(w, &forged);
	}
	if (must_arrive || percent(w, 80))
		hooks_add(w, &hook);
}

static void
announce_galaxy(struct world *w, size_t item, bool must_arrive)
{
	announce(w, (struct hook){ .kind = HOOK_GALAXY, .item = item },
	         must_arrive);
}

static void
announce_count(struct world *w, size_t item, size_t till, bool must_arrive)
{
	announce(
		w,
		(struct hook){ .kind = HOOK_COUNT, .item = item, .till = till },
		must_arrive);
}

static void
announce_order(struct world *w, size_t order, enum hook_kind kind,
               bool must_arrive)
{
	announce(w,
	         (struct hook){ .kind = kind,
	                        .order = order,
	                        .till = w->orders[order].till },
	         must_arrive);
}

/* ---- trade ---- */

struct decimal
trade_quantity(struct world *w, const struct item *item)
{
	if (item->has_fractions)
		return decimal_of_scaled(1 + below(w, 12), 2);
	return decimal_of(1 + below(w, 3));
}

void
trade_choose_lines(struct world *w, struct order *order, bool is_late)
{
	size_t n = percent(w, 60) ? 1 : 1 + below(w, LINES_MAX);

	order->n_lines = n;
	for (size_t i = 0; i < n; i++) {
		size_t item;

		/* At the till that keeps it, a sale from before its first count
		   is inside that count. */
		do
			item = items_pick(w, is_late ? ITEM_FLIP : ITEM_SOLD);
		while (!till_has(w, order->till, item) ||
		       (is_late && order->till == 0 &&
		        w->items[item].is_kept_at_till));
		order->lines[i].item = item;
		order->lines[i].qty = trade_quantity(w, &w->items[item]);
	}
}

static void
read_uids(struct order *order, const struct json *doc)
{
	const struct json_node *uids = json_find(json_root(doc), "uids");

	/* Square calls it an order, and some say a number. */
	json_copy_text(order->id, sizeof(order->id), json_root(doc), "order");
	if (!order->id[0])
		json_copy_text(order->id, sizeof(order->id), json_root(doc),
		               "sale");
	for (size_t i = 0; i < order->n_lines; i++)
		(void)snprintf(order->lines[i].uid, NAME_SIZE, "%s",
		               json_text(json_at(uids, i)));
}

static void
say_sale(struct world *w, const struct order *order, int64_t ago_s)
{
	struct buf text = BUF_INIT;
	char qty[DECIMAL_TEXT_SIZE];

	for (size_t i = 0; i < order->n_lines; i++)
		buf_addf(&text, " %s x %s", w->items[order->lines[i].item].sku,
		         decimal_format(qty, order->lines[i].qty));
	say(w, "sale at %s:%s, order %s%s", w->tills[order->till].name,
	    buf_text(&text), order->id, ago_s ? ", late" : "");
	buf_fini(&text);
}

/* The simulator does that with these lines, and its answer. */
static struct json *
order_lines(struct world *w, const struct order *order, const char *verb,
            int64_t ago_s)
{
	const struct till *till = &w->tills[order->till];
	struct buf body = BUF_INIT;
	struct json_out o = { .to = &body };
	struct json *doc;
	char path[NAME_SIZE];
	char qty[DECIMAL_TEXT_SIZE];

	json_out_object(&o, NULL);
	json_out_bool(&o, "announce", false);
	json_out_int(&o, "closed_ago_s", ago_s);
	json_out_array(&o, "lines");
	for (size_t i = 0; i < order->n_lines; i++) {
		const struct order_line *line = &order->lines[i];
		struct decimal n =
			decimal_max(line->qty, decimal_neg(line->qty));

		json_out_object(&o, NULL);
		json_out_text(&o, till->type->id,
		              w->items[line->item].variation[order->till]);
		json_out_text(&o, "quantity", decimal_format(qty, n));
		json_out_end_object(&o);
	}
	json_out_end_array(&o);
	json_out_end_object(&o);
	(void)snprintf(path, sizeof(path), "%s/%s", till->type->word, verb);
	doc = control(w, till->sim, path, "%s", buf_text(&body));
	buf_fini(&body);
	return doc;
}

/* Ring it up. Returns its place. */
size_t
trade_ring_up(struct world *w, const struct order *pattern, int64_t ago_s)
{
	struct order *order = &w->orders[w->n_orders];
	struct json *doc;

	if (w->n_orders == w->cap_orders)
		give_up(w, "too many orders");
	*order = *pattern;
	order->n_versions = 1;
	if (ago_s > w->tills[order->till].type->late_s)
		ago_s = w->tills[order->till].type->late_s;
	doc = order_lines(w, order, "sell", ago_s);
	read_uids(order, doc);
	json_free(doc);
	news_changed(w, &order->news);
	for (size_t i = 0; i < order->n_lines; i++)
		news_changed(w,
		             &w->items[order->lines[i].item].till[order->till]);
	say_sale(w, order, ago_s);
	return w->n_orders++;
}

void
trade_sell(struct world *w)
{
	struct order pattern = { .till = till_pick(w) };
	bool is_late = percent(w, 12) && !w->n_losses;
	int64_t ago_s = is_late ? LATE_MIN_S + below(w, LATE_MAX_S) : 0;
	size_t at;

	trade_choose_lines(w, &pattern, is_late);
	at = trade_ring_up(w, &pattern, ago_s);
	for (size_t i = 0; i < pattern.n_lines; i++)
		announce_count(w, pattern.lines[i].item, pattern.till, false);
	announce_order(w, at, HOOK_PAYMENT, false);
}

/* One that is told of in any case. */
void
trade_sell_told(struct world *w)
{
	struct order pattern = { .till = till_pick_telling(w) };
	size_t at;

	trade_choose_lines(w, &pattern, false);
	at = trade_ring_up(w, &pattern, 0);
	announce_order(w, at, HOOK_PAYMENT, true);
}

/* A later version of an order: one line is more, or less, or nothing. */
void
trade_amend(struct world *w)
{
	struct order *order;
	struct order_line *line;
	char qty[DECIMAL_TEXT_SIZE];
	char path[NAME_SIZE + 20];
	size_t at;

	if (w->n_orders == w->n_kept)
		return;
	at = w->n_kept + below(w, (unsigned)(w->n_orders - w->n_kept));
	order = &w->orders[at];
	line = &order->lines[below(w, (unsigned)order->n_lines)];
	if (w->items[line->item].kind == ITEM_SOLD || order->is_return ||
	    w->items[line->item].is_kept_at_till ||
	    !w->tills[order->till].type->may_amend ||
	    order->n_versions >= VERSIONS_MAX)
		return;
	/* Less of it is a return, and one that is held is no document. */
	line->qty = decimal_add(trade_quantity(w, &w->items[line->item]),
	                        w->holds_returns ? line->qty : DECIMAL_ZERO);
	(void)snprintf(path, sizeof(path), "square/order/%s", order->id);
	order_control(w, w->tills[order->till].sim, path,
	              "{\"uid\":\"%s\",\"quantity\":\"%s\"}", line->uid,
	              decimal_format(qty, line->qty));
	order->n_versions++;
	news_changed(w, &order->news);
	news_changed(w, &w->items[line->item].till[order->till]);
	say(w, "order %s: version %u, %s x %s", order->id, order->n_versions,
	    w->items[line->item].sku, qty);
	announce_count(w, line->item, order->till, false);
	announce_order(w, at, HOOK_ORDER, false);
}

void
trade_receive(struct world *w, size_t i, int delta)
{
	order_control(w, 0, "galaxy/balance",
	              "{\"code\":\"%s\",\"delta\":\"%d\"}", w->items[i].code,
	              delta);
	news_changed(w, &w->items[i].galaxy);
	say(w, "Galaxy: %s %+d", w->items[i].sku, delta);
}

/* Goods are delivered at the till that keeps them, or go bad there. */
static void
move_at_till(struct world *w, size_t i, int delta)
{
	struct item *item = &w->items[i];

	if (!delta)
		return;
	order_control(w, 0, "square/move",
	              "{\"variation\":\"%s\",\"from\":\"%s\",\"to\":\"%s\","
	              "\"quantity\":\"%d\",\"announce\":false}",
	              item->variation[0], delta > 0 ? "NONE" : "IN_STOCK",
	              delta > 0 ? "IN_STOCK" : "WASTE", abs(delta));
	item->moved = decimal_add(item->moved, decimal_of(delta));
	news_changed(w, &item->till[0]);
	say(w, "%s: %s %+d", w->tills[0].name, item->sku, delta);
	announce_count(w, i, 0, false);
}

/* A receipt, a correction, a sale in the shop, now and then the last one. */
void
trade_change_stock(struct world *w)
{
	size_t i = items_pick(w, ITEM_FLIP);
	int delta = percent(w, 10) ? -15 : (int)below(w, 10) - 4;

	if (w->items[i].is_kept_at_till) {
		move_at_till(w, i, delta);
		return;
	}
	trade_receive(w, i, delta);
	announce_galaxy(w, i, false);
}

/* A movement at Square, and elsewhere a sale of less than nothing. */
static void
take_back(struct world *w, struct order *order)
{
	const struct till *till = &w->tills[order->till];
	char text[DECIMAL_TEXT_SIZE];
	struct json *doc;

	if (till->type->lists_returns) {
		doc = order_lines(w, order, "return", 0);
		json_copy_text(order->id, sizeof(order->id), json_root(doc),
		               "sale");
	} else {
		doc = control(
			w, till->sim, "square/move",
			"{\"variation\":\"%s\",\"from\":\"UNLINKED_RETURN\","
			"\"to\":\"IN_STOCK\",\"quantity\":\"%s\","
			"\"announce\":false}",
			w->items[order->lines[0].item].variation[order->till],
			decimal_format(text, decimal_neg(order->lines[0].qty)));
		(void)snprintf(order->id, sizeof(order->id), "return.%s",
		               json_text_or(json_root(doc), "adjustment", ""));
	}
	json_free(doc);
}

/*
 * A customer brings something back and it is put on the shelf again, without
 * its receipt. An entry like a sale, of one line.
 */
void
trade_return(struct world *w)
{
	size_t i = items_pick(w, ITEM_FREE);
	size_t till = till_pick(w);
	struct order *order = &w->orders[w->n_orders];
	struct decimal qty;
	char text[DECIMAL_TEXT_SIZE];

	if (!w->items[i].is_imported || w->items[i].is_kept_at_till ||
	    !till_has(w, till, i) || w->n_orders == w->cap_orders)
		return;
	qty = trade_quantity(w, &w->items[i]);
	*order = (struct order){ .till = till,
		                 .n_lines = 1,
		                 .n_versions = 1,
		                 .is_return = true,
		                 .is_dropped = percent(w, 40) };
	order->lines[0].item = i;
	order->lines[0].qty = decimal_neg(qty);
	take_back(w, order);
	w->n_orders++;
	news_changed(w, &order->news);
	news_changed(w, &w->items[i].till[till]);
	say(w, "%s: %s x %s comes back, %s", w->tills[till].name,
	    w->items[i].sku, decimal_format(text, qty), order->id);
	announce_count(w, i, till, false);
	if (w->tills[till].type->lists_returns)
		announce_order(w, w->n_orders - 1, HOOK_PAYMENT, false);
}

/* Somebody counts at the till, wrongly: drift. */
void
trade_count_at_till(struct world *w)
{
	size_t i = items_pick(w, ITEM_FREE);
	size_t till = below(w, (unsigned)w->n_tills);
	const struct till *t = &w->tills[till];
	unsigned n = below(w, 20);
	char path[NAME_SIZE];

	if ((w->items[i].is_kept_at_till && till == 0) || !till_has(w, till, i))
		return; /* there it would be the truth */
	(void)snprintf(path, sizeof(path), "%s/count", t->type->word);
	order_control(w, t->sim, path,
	              "{\"%s\":\"%s\",\"quantity\":\"%u\","
	              "\"in_stock\":%u,\"announce\":false}",
	              t->type->id, w->items[i].variation[till], n, n);
	news_changed(w, &w->items[i].till[till]);
	say(w, "%s: somebody counts %u of %s", t->name, n, w->items[i].sku);
	announce_count(w, i, till, false);
}

void
trade_stray_hook(struct world *w)
{
	size_t i = below(w, (unsigned)w->n_items);

	if (percent(w, 50))
		announce_galaxy(w, i, false);
	else
		announce_count(w, i, below(w, (unsigned)w->n_tills), false);
}
