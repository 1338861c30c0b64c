/* The items: what there is, new ones, and what they are bound to. */
#include "tests/converge/act.h"
#include "tests/converge/check.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/clock.h"

enum {
	FLIPS = 4,
	PLAIN = 14, /* world.c asks the simulator for so many */
	NEW_MAX = 12,
};

static void
item_init(struct item *item)
{
	*item = (struct item){ .is_bound = true };
	for (size_t till = 0; till < TILLS_MAX; till++)
		item->writes_then[till] = -1;
}

static struct item *
add_item(struct world *w, const char *sku)
{
	struct item *item = &w->items[w->n_items];
	const char *dash = strrchr(sku, '-');
	const char *const sizes[] = { "-S", "-M", "-L" };

	item_init(item);
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

/* What the first till has, and what they are called at the others. */
static void
read_items(struct world *w)
{
	for (size_t till = 0; till < w->n_tills; till++) {
		struct json *doc = till_state(w, till);
		const struct json_node *counts = till_counts(w, till, doc);

		for (size_t i = 0; i < json_length(counts) && !till; i++) {
			const struct json_node *c = json_at(counts, i);

			(void)json_get_decimal_lax(
				&add_item(w, json_text_or(c, "sku", ""))
					 ->opening,
				c, "count");
		}
		for (size_t i = 0; i < w->n_items; i++)
			(void)snprintf(
				w->items[i].variation[till], NAME_SIZE, "%s",
				json_text_or(json_row(counts, "sku",
			                              w->items[i].sku),
			                     w->tills[till].type->id, ""));
		json_free(doc);
	}
}

static void
take_row(struct item *item, const struct json_node *row)
{
	(void)snprintf(item->itemid, sizeof(item->itemid), "%s",
	               json_text_or(row, "itemid", ""));
	if (!item->is_kept_at_till)
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
		item->kind = i < ITEMS_SOLD           ? ITEM_SOLD
		             : i < ITEMS_SOLD + FLIPS ? ITEM_FLIP
		                                      : ITEM_FREE;
		item->is_bound = true;
	}
	/* Some of each kind that does not come and go. */
	for (size_t n = 0, i = 1;
	     n < w->n_kept_at_till && i<w->n_items; i += w->n_kept_at_till> 4
	             ? 1
	             : 8) {
		if (w->items[i].kind == ITEM_FLIP)
			continue;
		w->items[i].is_kept_at_till = true;
		n++;
	}
}

void
items_open(struct world *w)
{
	read_items(w);
	sort_items(w);
	read_ids(w);
}

/* ---- bindings ---- */

static void
put_row(struct buf *csv, const struct world *w, const struct item *item)
{
	buf_addf(csv, "%s,%s", item->sku, item->cell);
	for (size_t i = 0; i < w->n_tills; i++)
		buf_addf(csv, ",%s", item->is_bound ? item->variation[i] : "");
	buf_addf(csv, ",%s,%d\n", item->is_kept_at_till ? w->tills[0].name : "",
	         item->reserve);
}

/* Import the items that are not as wanted. One that fails is tried again. */
void
items_import_wanted(struct world *w)
{
	struct buf csv = BUF_INIT;
	bool is_any = false;
	bool is_done;

	buf_adds(&csv, "sku,erp");
	for (size_t i = 0; i < w->n_tills; i++)
		buf_addf(&csv, ",%s", w->tills[i].name);
	buf_adds(&csv, ",authority,reserve\n");
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
		for (size_t till = 0; till < w->n_tills; till++)
			item->writes_then[till] = -1;
	}
	buf_fini(&csv);
}

void
items_bind_all(struct world *w)
{
	for (size_t i = 0; i < w->n_items; i++) {
		struct item *item = &w->items[i];

		if (item->is_bound || item->stays_unbound)
			continue;
		item->is_bound = true;
		item->is_imported = false;
	}
	items_import_wanted(w);
}

size_t
items_pick(struct world *w, enum item_kind least)
{
	size_t i;

	do
		i = below(w, (unsigned)w->n_items);
	while (w->items[i].kind < least);
	return i;
}

size_t
items_pick_flip(struct world *w)
{
	size_t from = below(w, (unsigned)w->n_items);

	for (size_t n = 0; n < w->n_items; n++) {
		size_t i = (from + n) % w->n_items;
		const struct item *item = &w->items[i];

		if (item->kind == ITEM_FLIP && item->is_bound &&
		    item->is_imported && !item->is_kept_at_till &&
		    !item->has_fractions)
			return i;
	}
	return ITEMS_MAX;
}

size_t
items_pick_sold_at_galaxy(struct world *w)
{
	size_t i;

	do
		i = below(w, ITEMS_SOLD);
	while (w->items[i].is_kept_at_till);
	return i;
}

size_t
items_pick_at_galaxy(struct world *w)
{
	size_t i;

	do
		i = items_pick(w, ITEM_FLIP);
	while (w->items[i].is_kept_at_till ||
	       (w->items[i].kind == ITEM_FLIP && !w->n_kept_at_till));
	return i;
}

void
items_change_binding(struct world *w)
{
	struct item *item = &w->items[items_pick(w, ITEM_FLIP)];

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
		items_import_wanted(w);
}

/* One simulator's part of a new item: its ids at Galaxy and at the tills. */
static void
make_at(struct world *w, size_t sim, struct item *item)
{
	struct json *doc = control(w, sim, "galaxy/item",
	                           "{\"code\":\"%s\",\"balance\":\"%u\","
	                           "\"price\":\"%u.%02u\",\"square\":true,"
	                           "\"hiboutik\":true,\"lightspeed_x\":true,"
	                           "\"lightspeed_r\":true}",
	                           item->sku, below(w, 30), 1 + below(w, 9),
	                           below(w, 100));
	const struct json_node *root = json_root(doc);

	if (sim == 0)
		(void)snprintf(item->itemid, NAME_SIZE, "%s",
		               json_text_or(root, "itemid", ""));
	for (size_t till = 0; till < w->n_tills; till++) {
		const struct till *t = &w->tills[till];

		if (t->sim == sim)
			(void)snprintf(item->variation[till], NAME_SIZE, "%s",
			               json_text_or(root,
			                            t->kind == TILL_SQUARE
			                                    ? "variation"
			                                    : t->type->word,
			                            ""));
	}
	json_free(doc);
}

/* A new item in Galaxy and at the tills; somebody binds it some time. */
void
items_make(struct world *w)
{
	struct item *item = &w->items[w->n_items];
	char sku[NAME_SIZE] = "";

	if (w->n_items >= ITEMS_MAX || w->n_items >= PLAIN + 3 + NEW_MAX)
		return;
	item_init(item);
	item->kind = ITEM_FREE;
	(void)snprintf(sku, sizeof(sku), "51-%04zu", w->n_items);
	memcpy(item->sku, sku, sizeof(sku));
	memcpy(item->code, sku, sizeof(sku));
	memcpy(item->cell, sku, sizeof(sku));
	for (size_t sim = 0; sim < w->n_sims; sim++)
		make_at(w, sim, item);
	w->n_items++;
	news_changed(w, &item->galaxy);
	say(w, "new item %s", item->sku);
	/* Who binds a new item has Galaxy's news fetched, or it stays unknown
	   until somebody does. */
	if (is_ready(w))
		items_import_wanted(w);
	trouble_sync(w, false);
}
