/*
 * What happens: trade at the tills and in Galaxy, hooks that tell of it or do
 * not, calls that fail, programs that end.
 *
 * Besides single actions there are three small plays, each of them a race that
 * single actions would meet once in a thousand times: a change during a slow
 * read, a change during a slow list of a sync, and a look at a till between
 * the post of a sale and the balance that contains it.
 */
#include "tests/converge/world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"

enum {
	FLIPS = 4,
	SOLD = 4,
	PLAIN = 14, /* world.c asks the simulator for so many */
	NEW_MAX = 12,
	VERSIONS_MAX = 5,
	LATE_MAX_S = 60 * 3600,
	LATE_MIN_S = 3600,
	POLL_MS = 120, /* between two looks at the tills */
};

#define START_AGO_MS (INT64_C(66) * 3600 * 1000)

/* ---- what there is ---- */

static struct item *
add_item(struct world *w, const char *sku)
{
	struct item *item = &w->items[w->n_items];
	const char *dash = strrchr(sku, '-');
	const char *const sizes[] = { "-S", "-M", "-L" };

	*item = (struct item){ .writes_then = { -1, -1 } };
	(void)snprintf(item->sku, sizeof(item->sku), "%s", sku);
	(void)snprintf(item->code, sizeof(item->code), "%s", sku);
	for (int i = 0; i < 3 && dash; i++)
		if (!strcmp(dash, sizes[i]))
			(void)snprintf(item->code, sizeof(item->code),
			               "%.*s:00%d", (int)(dash - sku), sku,
			               i + 1);
	w->n_items++;
	return item;
}

static void
read_items(struct world *w)
{
	for (size_t till = 0; till < w->n_tills; till++) {
		struct json *doc = control_state(w, till);
		const struct json_node *counts =
			json_path(json_root(doc), "square.counts");

		for (size_t i = 0; i < json_length(counts); i++) {
			const struct json_node *c = json_at(counts, i);
			struct item *item =
				till ? &w->items[i]
				     : add_item(w, json_text_or(c, "sku", ""));

			(void)snprintf(item->variation[till], NAME_SIZE, "%s",
			               json_text_or(c, "variation", ""));
		}
		json_free(doc);
	}
}

static void
take_row(struct item *item, const struct json_node *row)
{
	(void)snprintf(item->itemid, sizeof(item->itemid), "%s",
	               json_text_or(row, "itemid", ""));
	(void)json_get_decimal_lax(&item->opening, row, "opening");
}

/* Galaxy's ids. A variant has its item's, and its own in the registry. */
static void
read_ids(struct world *w)
{
	struct json *doc = control_state(w, 0);
	const struct json_node *rows =
		json_path(json_root(doc), "galaxy.items");

	for (size_t i = 0; i < w->n_items; i++) {
		struct item *item = &w->items[i];
		const char *colon = strchr(item->code, ':');

		for (size_t j = 0; j < json_length(rows); j++)
			if (!strcmp(item->code,
			            json_text_or(json_at(rows, j), "code", "")))
				take_row(item, json_at(rows, j));
		if (!item->itemid[0])
			give_up(w, "an item without an id");
		if (colon)
			(void)snprintf(item->cell, sizeof(item->cell),
			               "%s:41000000-0000-4000-8000-000000000%s",
			               item->itemid, colon + 1);
		else
			(void)snprintf(item->cell, sizeof(item->cell), "%s",
			               item->code);
	}
	json_free(doc);
}

/* The simulator's shop weighs the fifth and ninth of each dozen. */
static void
sort_items(struct world *w)
{
	for (size_t i = 0; i < w->n_items; i++) {
		struct item *item = &w->items[i];

		item->has_fractions = i < PLAIN && (i % 12 == 4 || i % 12 == 8);
		item->kind = i < SOLD           ? ITEM_SOLD
		             : i < SOLD + FLIPS ? ITEM_FLIP
		                                : ITEM_FREE;
		item->is_bound = true;
	}
}

/* ---- bindings ---- */

static void
put_row(struct buf *csv, const struct world *w, const struct item *item)
{
	buf_addf(csv, "%s,%s", item->sku, item->cell);
	for (size_t i = 0; i < w->n_tills; i++)
		buf_addf(csv, ",%s", item->is_bound ? item->variation[i] : "");
	buf_addf(csv, ",%d\n", item->reserve);
}

/* Import the items that are not as wanted. One that fails is tried again. */
void
act_import_wanted(struct world *w)
{
	struct buf csv = BUF_INIT;
	bool is_any = false;
	bool is_done;

	buf_adds(&csv, "sku,erp");
	for (size_t i = 0; i < w->n_tills; i++)
		buf_addf(&csv, ",%s", till_names[i]);
	buf_adds(&csv, ",reserve\n");
	for (size_t i = 0; i < w->n_items; i++) {
		if (w->items[i].is_imported)
			continue;
		put_row(&csv, w, &w->items[i]);
		is_any = true;
	}
	is_done = is_any && import_csv(w, buf_text(&csv));
	for (size_t i = 0; i < w->n_items && is_any; i++) {
		struct item *item = &w->items[i];

		if (item->is_imported)
			continue;
		say(w, "items import %s: %s, reserve %d%s", item->sku,
		    item->is_bound ? "bound" : "unbound", item->reserve,
		    is_done ? "" : " (failed)");
		if (!is_done)
			continue;
		item->is_imported = true;
		item->unbound_mono_ms = item->is_bound ? 0 : clock_mono_ms();
		item->writes_then[0] = item->writes_then[1] = -1;
	}
	buf_fini(&csv);
}

void
act_bind_all(struct world *w)
{
	for (size_t i = 0; i < w->n_items; i++) {
		struct item *item = &w->items[i];

		if (item->is_bound || item->stays_unbound)
			continue;
		item->is_bound = true;
		item->is_imported = false;
	}
	act_import_wanted(w);
}

static size_t
pick_item(struct world *w, enum item_kind least)
{
	size_t i;

	do
		i = below(w, (unsigned)w->n_items);
	while (w->items[i].kind < least);
	return i;
}

static void
change_binding(struct world *w)
{
	struct item *item = &w->items[pick_item(w, ITEM_FLIP)];

	if (item->kind == ITEM_FREE || item->stays_unbound || percent(w, 30)) {
		if (item->stays_unbound)
			return;
		item->reserve = (int)below(w, 4);
	} else {
		item->is_bound = !item->is_bound;
		item->stays_unbound = !item->is_bound && percent(w, 15);
	}
	item->is_imported = false;
	if (is_ready(w))
		act_import_wanted(w);
}

/* A new item in Galaxy and at the tills; somebody binds it some time. */
static void
make_item(struct world *w)
{
	char sku[NAME_SIZE];
	struct item *item;
	struct json *doc;

	if (w->n_items >= ITEMS_MAX || w->n_items >= PLAIN + 3 + NEW_MAX)
		return;
	(void)snprintf(sku, sizeof(sku), "51-%04zu", w->n_items);
	for (size_t i = 0; i < w->n_tills; i++) {
		doc = control(w, i, "galaxy/item",
		              "{\"code\":\"%s\",\"balance\":\"%u\","
		              "\"price\":\"%u.%02u\",\"square\":true}",
		              sku, below(w, 30), 1 + below(w, 9),
		              below(w, 100));
		if (i == 0) {
			item = &w->items[w->n_items];
			*item = (struct item){ .writes_then = { -1, -1 },
				               .kind = ITEM_FREE,
				               .is_bound = true };
			(void)snprintf(item->sku, NAME_SIZE, "%s", sku);
			(void)snprintf(item->code, NAME_SIZE, "%s", sku);
			(void)snprintf(item->cell, NAME_SIZE, "%s", sku);
			(void)snprintf(
				item->itemid, NAME_SIZE, "%s",
				json_text_or(json_root(doc), "itemid", ""));
		}
		(void)snprintf(w->items[w->n_items].variation[i], NAME_SIZE,
		               "%s",
		               json_text_or(json_root(doc), "variation", ""));
		json_free(doc);
	}
	item = &w->items[w->n_items++];
	news_changed(w, &item->galaxy);
	say(w, "new item %s", sku);
	/* Who binds a new item has Galaxy's news fetched, or it stays unknown
	   until somebody does. */
	if (is_ready(w))
		act_import_wanted(w);
	act_sync(w, false);
}

/* ---- hooks ---- */

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

static struct decimal
some_quantity(struct world *w, const struct item *item)
{
	if (item->has_fractions)
		return decimal_of_scaled(1 + below(w, 12), 2);
	return decimal_of(1 + below(w, 3));
}

static void
choose_lines(struct world *w, struct order *order, bool is_late)
{
	size_t n = percent(w, 60) ? 1 : 1 + below(w, LINES_MAX);

	order->n_lines = n;
	for (size_t i = 0; i < n; i++) {
		size_t item = pick_item(w, is_late ? ITEM_FLIP : ITEM_SOLD);

		order->lines[i].item = item;
		order->lines[i].qty = some_quantity(w, &w->items[item]);
	}
}

static void
read_uids(struct order *order, const struct json *doc)
{
	const struct json_node *uids = json_find(json_root(doc), "uids");

	(void)snprintf(order->id, sizeof(order->id), "%s",
	               json_text_or(json_root(doc), "order", ""));
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
	say(w, "sale at %s:%s, order %s%s", till_names[order->till],
	    buf_text(&text), order->id, ago_s ? ", late" : "");
	buf_fini(&text);
}

/* Ring it up. Returns its place. */
static size_t
ring_up(struct world *w, const struct order *pattern, int64_t ago_s)
{
	struct order *order = &w->orders[w->n_orders];
	struct buf body = BUF_INIT;
	struct json_out o = { .to = &body };
	struct json *doc;
	char qty[DECIMAL_TEXT_SIZE];

	if (w->n_orders == w->cap_orders)
		give_up(w, "too many orders");
	*order = *pattern;
	order->n_versions = 1;
	json_out_object(&o, NULL);
	json_out_bool(&o, "announce", false);
	json_out_int(&o, "closed_ago_s", ago_s);
	json_out_array(&o, "lines");
	for (size_t i = 0; i < order->n_lines; i++) {
		const struct order_line *line = &order->lines[i];

		json_out_object(&o, NULL);
		json_out_text(&o, "variation",
		              w->items[line->item].variation[order->till]);
		json_out_text(&o, "quantity", decimal_format(qty, line->qty));
		json_out_end_object(&o);
	}
	json_out_end_array(&o);
	json_out_end_object(&o);
	doc = control(w, order->till, "square/sell", "%s", buf_text(&body));
	read_uids(order, doc);
	json_free(doc);
	buf_fini(&body);
	news_changed(w, &order->news);
	for (size_t i = 0; i < order->n_lines; i++)
		news_changed(w,
		             &w->items[order->lines[i].item].till[order->till]);
	say_sale(w, order, ago_s);
	return w->n_orders++;
}

static void
sell(struct world *w)
{
	struct order pattern = { .till = below(w, (unsigned)w->n_tills) };
	bool is_late = percent(w, 12);
	int64_t ago_s = is_late ? LATE_MIN_S + below(w, LATE_MAX_S) : 0;
	size_t at;

	choose_lines(w, &pattern, is_late);
	at = ring_up(w, &pattern, ago_s);
	for (size_t i = 0; i < pattern.n_lines; i++)
		announce_count(w, pattern.lines[i].item, pattern.till, false);
	announce_order(w, at, HOOK_PAYMENT, false);
}

/* A later version of an order: one line is more, or less, or nothing. */
static void
amend(struct world *w)
{
	struct order *order;
	struct order_line *line;
	char qty[DECIMAL_TEXT_SIZE];
	char path[NAME_SIZE + 20];
	size_t at;

	if (!w->n_orders)
		return;
	at = below(w, (unsigned)w->n_orders);
	order = &w->orders[at];
	line = &order->lines[below(w, (unsigned)order->n_lines)];
	if (w->items[line->item].kind == ITEM_SOLD ||
	    order->n_versions >= VERSIONS_MAX)
		return;
	line->qty = some_quantity(w, &w->items[line->item]);
	(void)snprintf(path, sizeof(path), "square/order/%s", order->id);
	order_control(w, order->till, path,
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

static void
receive(struct world *w, size_t i, int delta)
{
	order_control(w, 0, "galaxy/balance",
	              "{\"code\":\"%s\",\"delta\":\"%d\"}", w->items[i].code,
	              delta);
	news_changed(w, &w->items[i].galaxy);
	say(w, "Galaxy: %s %+d", w->items[i].sku, delta);
}

/* A receipt, a correction, a sale in the shop, now and then the last one. */
static void
change_stock(struct world *w)
{
	size_t i = pick_item(w, ITEM_FLIP);

	receive(w, i, percent(w, 10) ? -15 : (int)below(w, 10) - 4);
	announce_galaxy(w, i, false);
}

/* Somebody counts at the till, wrongly: drift. */
static void
count_at_till(struct world *w)
{
	size_t i = pick_item(w, ITEM_FREE);
	size_t till = below(w, (unsigned)w->n_tills);
	unsigned n = below(w, 20);

	order_control(w, till, "square/count",
	              "{\"variation\":\"%s\",\"quantity\":\"%u\","
	              "\"announce\":false}",
	              w->items[i].variation[till], n);
	news_changed(w, &w->items[i].till[till]);
	say(w, "%s: somebody counts %u of %s", till_names[till], n,
	    w->items[i].sku);
	announce_count(w, i, till, false);
}

static void
send_stray_hook(struct world *w)
{
	size_t i = below(w, (unsigned)w->n_items);

	if (percent(w, 50))
		announce_galaxy(w, i, false);
	else
		announce_count(w, i, below(w, (unsigned)w->n_tills), false);
}

/* ---- trouble ---- */

struct fault {
	const char *system;
	const char *path;
	const char *mode;
	unsigned next_max;
};

/* Not among them: what condemns an entry or proves a lie. */
static const struct fault faults[] = {
	{ "galaxy", "itembalances", "status:500", 3 },
	{ "galaxy", "itembalances", "status:503", 2 },
	{ "galaxy", "itembalances", "html:502", 2 },
	{ "galaxy", "itembalances", "garbage", 2 },
	{ "galaxy", "itembalances", "hang", 1 },
	{ "galaxy", "itembalances", "refuse", 2 },
	{ "galaxy", "itembalances", "reset", 2 },
	{ "galaxy", "itembalances", "truncate", 2 },
	{ "galaxy", "itembalances", "late:500", 2 },
	{ "galaxy", "itembalances", "inside", 1 },
	{ "galaxy", "itembalances", "cut", 2 },
	{ "galaxy", "itembalances", "end:1", 2 },
	{ "galaxy", "postentry", "refuse", 2 },
	{ "galaxy", "postentry", "reset", 2 },
	{ "galaxy", "postentry", "lose_answer", 2 },
	{ "galaxy", "postentry", "lose_answer", 1 },
	{ "galaxy", "postentry", "truncate", 1 },
	{ "galaxy", "postentry", "late:600", 2 },
	{ "galaxy", "postentry", "late:3000", 1 },
	{ "galaxy", "postentry", "hang", 1 },
	{ "galaxy", "postentry", "html:502", 1 },
	{ "galaxy", "postentry", "status:429", 1 },
	{ "galaxy", "auth", "status:503", 1 },
	{ "galaxy", "", "status:503", 3 },
	{ "square", "counts/batch-retrieve", "status:500", 3 },
	{ "square", "counts/batch-retrieve", "garbage", 1 },
	{ "square", "counts/batch-retrieve", "late:500", 2 },
	{ "square", "counts/batch-retrieve", "hang", 1 },
	{ "square", "counts/batch-retrieve", "status:429", 1 },
	{ "square", "changes/batch-create", "lose_answer", 2 },
	{ "square", "changes/batch-create", "reset", 1 },
	{ "square", "changes/batch-create", "status:500", 2 },
	{ "square", "changes/batch-create", "partial:1", 1 },
	{ "square", "changes/batch-create", "late:500", 2 },
	{ "square", "changes/batch-create", "truncate", 1 },
	{ "square", "orders/search", "status:500", 2 },
	{ "square", "orders/search", "truncate", 1 },
	{ "square", "orders/search", "late:500", 1 },
	{ "square", "orders/search", "refuse", 2 },
	{ "square", "orders/batch-retrieve", "status:503", 2 },
	{ "square", "orders/batch-retrieve", "lose_answer", 1 },
	{ "square", "", "refuse", 3 },
};

static void
set_fault(struct world *w, const struct fault *f, unsigned next)
{
	bool is_square = !strcmp(f->system, "square");
	size_t sim = is_square ? below(w, (unsigned)w->n_tills) : 0;
	bool is_slow = strstr(f->mode, "429") || strstr(f->mode, "partial");

	order_control(w, sim, "faults",
	              "{\"system\":\"%s\",\"path\":\"%s\",\"mode\":\"%s\","
	              "\"next\":%u%s}",
	              f->system, f->path, f->mode, next,
	              is_slow ? ",\"retry_after\":1" : "");
	say(w, "fault: %s %s %s, next %u", f->system, f->path, f->mode, next);
	w->n_faults++;
}

static void
make_trouble(struct world *w)
{
	const struct fault *f =
		&faults[below(w, sizeof(faults) / sizeof(*faults))];

	set_fault(w, f, 1 + below(w, f->next_max));
}

static void
clear_faults(struct world *w)
{
	for (size_t i = 0; i < w->n_tills; i++)
		order_control(w, i, "faults/clear", "{}");
	say(w, "faults cleared");
}

static void
expire_session(struct world *w)
{
	order_control(w, 0, "session/expire", "{\"status\":%d}",
	              percent(w, 50) ? 401 : 403);
	say(w, "sessions expire");
	w->n_faults++;
}

static void
nap(struct world *w, int64_t ms)
{
	int64_t until = clock_mono_ms() + ms;

	while (clock_mono_ms() < until) {
		check_ceiling(w);
		clock_sleep_ms(30);
	}
}

static void
take_down(struct world *w)
{
	const struct fault down = { percent(w, 70) ? "galaxy" : "square", "",
		                    percent(w, 70) ? "refuse" : "hang", 1 };

	set_fault(w, &down, 100000);
	for (unsigned n = 3 + below(w, 8); n > 0; n--) {
		if (percent(w, 60))
			sell(w);
		else
			change_stock(w);
		nap(w, 20 + below(w, 150));
	}
	clear_faults(w);
}

void
act_sync(struct world *w, bool is_full)
{
	int status = api_call(w, "POST", "/api/sync",
	                      is_full ? "{\"full\":true}" : "{}", NULL);

	say(w, "%s sync asked for: %d", is_full ? "full" : "catch-up", status);
	w->n_syncs++;
}

/* ---- the end of a process ---- */

/* What happens while it is away, and in the moment that it goes. */
static void
trade_blindly(struct world *w, unsigned n)
{
	for (; n > 0; n--) {
		if (percent(w, 60))
			sell(w);
		else
			change_stock(w);
		clock_sleep_ms(below(w, 30));
	}
}

static void
end_something(struct world *w)
{
	unsigned what = below(w, 10);

	w->n_kills++;
	trade_blindly(w, 1 + below(w, 3));
	if (what >= 4) {
		say(w, "kill -9 of Redis: %s",
		    redis_kill(w) ? "done" : "there was none");
		trade_blindly(w, 1 + below(w, 4));
	}
	if (what < 6) {
		bool is_term = what == 0;

		say(w, "%s of the daemon", is_term ? "SIGTERM" : "kill -9");
		daemon_end(w, is_term ? SIGTERM : SIGKILL);
		trade_blindly(w, below(w, 6));
		daemon_start(w);
		say(w, "the daemon is started");
	}
	nap(w, below(w, 500));
}

/* ---- small plays ---- */

static const struct fault slow_read = { "galaxy", "itembalances", "late:700",
	                                1 };
static const struct fault lost_answer = { "galaxy", "postentry", "lose_answer",
	                                  1 };
static const struct fault no_read = { "galaxy", "itembalances", "status:500",
	                              2 };
static const struct fault slow_list = { "galaxy", "itembalances", "late:1400",
	                                1 };

static int64_t
faults_left(struct world *w)
{
	struct json *doc = control_state(w, 0);
	int64_t n = 0;

	(void)json_get_int(&n, json_root(doc), "faults_left");
	json_free(doc);
	return n;
}

/* Until a call has met the fault that was set when `before` were left. */
static void
await_fault(struct world *w, int64_t before)
{
	int64_t until = clock_mono_ms() + 2000;

	while (faults_left(w) > before && clock_mono_ms() < until)
		clock_sleep_ms(10);
	clock_sleep_ms(20);
}

/* All that was not told of the item at the tills is told now: at rest it must
   be right. */
static void
tell_all(struct world *w, size_t item)
{
	for (size_t till = 0; till < w->n_tills; till++)
		hooks_add(w, &(struct hook){ .kind = HOOK_COUNT,
		                             .item = item,
		                             .till = till,
		                             .tries = 5 });
}

/* The second change comes while the first one's read is under way. */
static void
play_slow_read(struct world *w)
{
	size_t i = pick_item(w, ITEM_FREE);
	int64_t before;

	say(w, "play: a change during a slow read");
	tell_all(w, i);
	before = faults_left(w);
	set_fault(w, &slow_read, 1);
	receive(w, i, 2);
	hooks_add(w,
	          &(struct hook){ .kind = HOOK_GALAXY, .item = i, .tries = 5 });
	await_fault(w, before);
	receive(w, i, -1);
	hooks_add(w,
	          &(struct hook){ .kind = HOOK_GALAXY, .item = i, .tries = 5 });
	nap(w, 700);
}

/* The change comes while a list with the old balance is on its way. */
static void
play_slow_list(struct world *w)
{
	size_t i = pick_item(w, ITEM_FREE);
	int64_t before;

	say(w, "play: a change during a slow list");
	tell_all(w, i);
	receive(w, i, 1); /* so that a catch-up lists it */
	before = faults_left(w);
	set_fault(w, &slow_list, 1);
	act_sync(w, false);
	await_fault(w, before);
	receive(w, i, 3);
	hooks_add(w,
	          &(struct hook){ .kind = HOOK_GALAXY, .item = i, .tries = 5 });
	nap(w, 1600);
}

/* A sale is booked while a list without it is on its way, and its own balance
   cannot be read at once. */
static void
play_post_in_list(struct world *w)
{
	struct order pattern = { .n_lines = 1,
		                 .till = below(w, (unsigned)w->n_tills) };
	int64_t before = faults_left(w);
	size_t at;

	say(w, "play: a sale is booked during a slow list");
	pattern.lines[0].item = below(w, SOLD);
	pattern.lines[0].qty = decimal_of(1);
	set_fault(w, &slow_list, 1);
	act_sync(w, true);
	await_fault(w, before);
	set_fault(w, &no_read, 2);
	at = ring_up(w, &pattern, 0);
	hooks_add(w, &(struct hook){ .kind = HOOK_PAYMENT,
	                             .order = at,
	                             .till = pattern.till,
	                             .tries = 5 });
	nap(w, 1500);
}

/* Looks at the till while only Galaxy knows that the sale is booked. */
static void
play_slow_settling(struct world *w)
{
	struct order pattern = { .n_lines = 1,
		                 .till = below(w, (unsigned)w->n_tills) };
	size_t i = below(w, SOLD);
	size_t at;

	say(w, "play: looks between a post and its balance");
	pattern.lines[0].item = i;
	pattern.lines[0].qty = decimal_of(1);
	set_fault(w, &slow_read, 2);
	at = ring_up(w, &pattern, 0);
	hooks_add(w, &(struct hook){ .kind = HOOK_PAYMENT,
	                             .order = at,
	                             .till = pattern.till,
	                             .tries = 5 });
	for (int n = 1; n <= 4; n++)
		hooks_add(w, &(struct hook){ .kind = HOOK_COUNT,
		                             .item = i,
		                             .till = pattern.till,
		                             .delay_ms = 120 * n,
		                             .tries = 5 });
	nap(w, 900);
}

/* Galaxy books it and cannot say so. */
static void
play_lost_answer(struct world *w)
{
	struct order pattern = { .till = below(w, (unsigned)w->n_tills) };
	size_t at;

	say(w, "play: an answer is lost");
	choose_lines(w, &pattern, false);
	set_fault(w, &lost_answer, 1);
	at = ring_up(w, &pattern, 0);
	hooks_add(w, &(struct hook){ .kind = HOOK_PAYMENT,
	                             .order = at,
	                             .till = pattern.till,
	                             .tries = 5 });
	nap(w, 300);
}

/* Redis goes; what is told in that moment is told again, or not at all. */
static void
play_lost_redis(struct world *w)
{
	struct order pattern = { .till = below(w, (unsigned)w->n_tills) };
	size_t at;

	say(w, "play: a late sale is told of while Redis is away");
	choose_lines(w, &pattern, true);
	at = ring_up(w, &pattern, LATE_MIN_S + below(w, LATE_MAX_S));
	(void)redis_kill(w);
	w->n_kills++;
	say(w, "kill -9 of Redis");
	for (unsigned i = 0; i < 2; i++)
		hooks_add(w, &(struct hook){ .kind = HOOK_PAYMENT,
		                             .order = at,
		                             .till = pattern.till,
		                             .delay_ms = 15 * i,
		                             .tries = 5 });
	nap(w, 300);
}

/* ---- a round ---- */

static void
act_sync_some(struct world *w)
{
	act_sync(w, percent(w, 30));
}

/* May come at any time; the weights say how often. */
static const struct {
	void (*act)(struct world *w);
	unsigned weight;
} actions[] = {
	{ sell, 44 },           { change_stock, 22 },  { amend, 5 },
	{ make_trouble, 12 },   { expire_session, 1 }, { change_binding, 4 },
	{ send_stray_hook, 5 },
};

/* Not in the last part of a round: each of these repairs what it does not
   break, by the catch-up or the long wait that follows. */
static const struct {
	void (*act)(struct world *w);
	unsigned per_mille;
	bool is_kill;
} upsets[] = {
	{ end_something, 22, true }, { act_sync_some, 12, false },
	{ take_down, 6, false },     { count_at_till, 3, false },
	{ make_item, 12, false },
};

static void
act_once(struct world *w)
{
	unsigned sum = 0;
	unsigned at;

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		sum += actions[i].weight;
	at = below(w, sum);
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		if (at < actions[i].weight) {
			actions[i].act(w);
			return;
		}
		at -= actions[i].weight;
	}
}

static void
upset(struct world *w)
{
	for (size_t i = 0; i < sizeof(upsets) / sizeof(*upsets); i++)
		if (below(w, 1000) < upsets[i].per_mille &&
		    (w->may_kill || !upsets[i].is_kill))
			upsets[i].act(w);
}

/*
 * The plays of a round's end. Those whose trouble is repaired by a catch-up
 * come behind those that cause one, and nothing comes behind the last.
 */
static void
play(struct world *w)
{
	unsigned n;

	if (w->may_kill && percent(w, 75)) {
		play_lost_redis(w);
		nap(w, 1200);
	}
	if (percent(w, 85))
		play_post_in_list(w);
	if (percent(w, 70))
		play_lost_answer(w);
	if (percent(w, 60))
		play_slow_settling(w);
	act_once(w);
	if (percent(w, 60))
		play_slow_list(w);
	for (n = 2 + below(w, 2); n > 0; n--)
		play_slow_read(w);
}

void
act_round(struct world *w, int n)
{
	int64_t polled = 0;

	for (int i = 0; i < n && !is_violated(w); i++) {
		act_once(w);
		if (i < n * 2 / 3)
			upset(w);
		if (clock_mono_ms() - polled >= POLL_MS) {
			check_ceiling(w);
			polled = clock_mono_ms();
		}
		(void)daemon_lives(w);
		clock_sleep_ms(below(w, 40));
	}
	clear_faults(w);
	if (!is_violated(w) && !wait_ready(w, w->rest_ms))
		violate(w, ITEMS_MAX, SIZE_MAX, "the daemon is not ready");
	/* The plays need calls that come when they are due. */
	act_import_wanted(w);
	nap(w, 1500);
	if (!is_violated(w))
		play(w);
	clear_faults(w);
	if (!wait_ready(w, w->rest_ms))
		violate(w, ITEMS_MAX, SIZE_MAX, "the daemon is not ready");
	act_import_wanted(w);
	/* A call ends what is left of a back-off. */
	for (size_t i = 0; i < w->n_tills; i++)
		hooks_add(w, &(struct hook){ .kind = HOOK_COUNT,
		                             .item = 0,
		                             .till = i,
		                             .tries = 5 });
	hooks_add(w, &(struct hook){ .kind = HOOK_GALAXY, .tries = 5 });
}

void
act_open(struct world *w)
{
	read_items(w);
	read_ids(w);
	sort_items(w);
	act_import_wanted(w);
	if (check_rest(w))
		check_backdate(w, START_AGO_MS);
}
