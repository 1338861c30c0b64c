/*
 * Lightspeed R: stock, absolute writes through Item, and counts.
 *
 * Every change leaves a row in the log and a new time stamp on the ItemShop of
 * the shop and of shop 0; the Item's own time stamp stays.
 */
#include "tests/sim/lightspeed_r.h"

#include <stdlib.h>
#include <string.h>

/* ---- changes ---- */

static void
log_move(struct lightspeed_r *r, const struct lsr_move *m, int64_t at_us)
{
	void *grown = r->logs;

	sim_grow(&grown, &r->cap_logs, r->n_logs, sizeof(*r->logs));
	r->logs = grown;
	r->logs[r->n_logs] = (struct lsr_log){
		.id = (int64_t)r->n_logs + 1,
		.change = m->change,
		.item = m->thing->id,
		.shop = m->row + 1,
		.sale = m->sale,
		.count = m->count,
		.created_us = m->at_us > 0 ? m->at_us : at_us,
		.reason = m->reason,
		.is_negative = m->change < 0 && m->thing->shops[m->row].qoh < 0,
	};
	r->n_logs++;
}

void
lsr_move(struct lightspeed_r *r, const struct lsr_move *m)
{
	struct lsr_shop_row *s = &m->thing->shops[m->row];
	int64_t now_us = sim_now_us(r->sim);

	if (m->thing->is_untracked)
		return;
	if (s->id == 0)
		s->id = lsr_next_id(r);
	s->qoh += m->change;
	s->stamp_us = now_us;
	m->thing->sum.qoh += m->change;
	m->thing->sum.stamp_us = now_us;
	log_move(r, m, now_us);
}

/* A call says how many there are. */
static void
set_qoh(struct lightspeed_r *r, struct lsr_thing *t, int row, int64_t qoh,
        const char *reason, int64_t count)
{
	struct till_tally *tally = &t->tally;
	struct lsr_move m = { .thing = t,
		              .row = row,
		              .change = qoh - t->shops[row].qoh,
		              .reason = reason,
		              .count = count };

	lsr_move(r, &m);
	r->n_writes++;
	if (row == 0) {
		tally->written =
			decimal_add(tally->written, decimal_of(m.change));
		tally->n_writes++;
	}
}

/* ---- PUT Item ---- */

struct wanted {
	int row;
	int64_t qoh;
};

/* The shop that an ItemShop object names; false after a refusal. */
static bool
read_shop(struct lsr_call *c, const struct lsr_thing *t,
          const struct json_node *o, struct wanted *w)
{
	int64_t shop = 0;
	int64_t id = 0;
	int i;

	if (!lsr_check(c, o,
	               "itemShopID shopID qoh reorderPoint "
	               "reorderLevel") ||
	    !lsr_take(c, o, &shop, "shopID") ||
	    !lsr_take(c, o, &id, "itemShopID") ||
	    !lsr_need(c, o, &w->qoh, "qoh"))
		return false;
	w->row = -1;
	for (i = 0; i < LSR_N_SHOPS; i++) {
		if ((id != 0 && t->shops[i].id == id) ||
		    (id == 0 && shop == i + 1))
			w->row = i;
	}
	if (w->row < 0 || (shop != 0 && shop != w->row + 1))
		return lsr_refuse(c, 422, "No such ItemShop");
	if (w->qoh < 0 && !c->r->is.takes_negative_qoh)
		return lsr_refuse(c, 422, "qoh must not be negative");
	return true;
}

static void
change_item(struct lsr_call *c, int64_t id)
{
	struct lsr_thing *t = lsr_thing(c->r, id);
	struct wanted wanted[LSR_N_SHOPS];
	size_t n = lsr_length(c->body, "ItemShops", "ItemShop");
	size_t i;

	if (t == NULL) {
		lsr_refuse(c, 404, "No such item");
		return;
	}
	if (!lsr_need_scope(c, "employee:inventory") ||
	    !lsr_check(c, c->body, "ItemShops archived"))
		return;
	if (n > LSR_N_SHOPS) {
		lsr_refuse(c, 400, "Redundant ItemShops");
		return;
	}
	for (i = 0; i < n; i++) {
		if (!read_shop(c, t,
		               lsr_at(c->body, "ItemShops", "ItemShop", i),
		               &wanted[i]))
			return;
		if (i > 0 && wanted[0].row == wanted[i].row) {
			lsr_refuse(c, 400, "Redundant ItemShops");
			return;
		}
	}
	if (till_bool(&t->is_archived, c->body, "archived") == 0)
		t->stamp_us = sim_now_us(c->r->sim);
	for (i = 0; i < n; i++)
		set_qoh(c->r, t, wanted[i].row, wanted[i].qoh,
		        "ManualQuantityAdjustment", 0);
	lsr_out_record(c, "Item", t->id, "[\"ItemShops\"]");
}

/* PUT ItemShop changes when to reorder; a qoh in it is passed over. */
static void
change_item_shop(struct lsr_call *c, int64_t id)
{
	struct lightspeed_r *r = c->r;
	struct lsr_shop_row *s = NULL;
	size_t i;
	int j;

	for (i = 0; i < r->n_things; i++) {
		for (j = 0; j < LSR_N_SHOPS; j++) {
			if (r->things[i]->shops[j].id == id)
				s = &r->things[i]->shops[j];
		}
	}
	if (s == NULL) {
		lsr_refuse(c, 404, "No such ItemShop");
		return;
	}
	if (!lsr_need_scope(c, "employee:inventory") ||
	    !lsr_take(c, c->body, &s->reorder_point, "reorderPoint") ||
	    !lsr_take(c, c->body, &s->reorder_level, "reorderLevel"))
		return;
	lsr_out_record(c, "ItemShop", id, "");
}

/* ---- counts ---- */

static void
answer_count(struct lsr_call *c, const char *name, const char *key, int64_t id)
{
	json_out_object(&c->out, NULL);
	json_out_object(&c->out, "@attributes");
	json_out_text(&c->out, "count", "1");
	json_out_end_object(&c->out);
	json_out_object(&c->out, name);
	lsr_out_int(&c->out, key, id);
	json_out_end_object(&c->out);
	json_out_end_object(&c->out);
}

static struct lsr_count *
need_count(struct lsr_call *c)
{
	int64_t id = 0;
	size_t i;

	if (!lsr_need(c, c->body, &id, "inventoryCountID"))
		return NULL;
	for (i = 0; i < c->r->n_counts; i++) {
		if (c->r->counts[i].id == id)
			return &c->r->counts[i];
	}
	lsr_refuse(c, 422, "No such inventory count");
	return NULL;
}

static void
create_count(struct lsr_call *c)
{
	struct lsr_count *count;
	int64_t shop = 0;

	if (!lsr_need_scope(c, "employee:inventory_counts") ||
	    !lsr_check(c, c->body, "name shopID") ||
	    !lsr_need(c, c->body, &shop, "shopID"))
		return;
	if (json_text_or(c->body, "name", "")[0] == '\0' || shop < 1 ||
	    shop > LSR_N_SHOPS || c->r->n_counts == LSR_COUNTS_MAX) {
		lsr_refuse(c, 422, "name and shopID are required");
		return;
	}
	count = &c->r->counts[c->r->n_counts++];
	count->id = lsr_next_id(c->r);
	count->shop = shop;
	answer_count(c, "InventoryCount", "inventoryCountID", count->id);
}

static void
add_counted(struct lsr_call *c)
{
	struct lsr_count *count;
	struct lsr_thing *t;
	int64_t item = 0;
	int64_t qty = 0;
	int64_t employee = 0;

	if (!lsr_need_scope(c, "employee:inventory_counts") ||
	    !lsr_check(c, c->body, "inventoryCountID itemID qty employeeID") ||
	    !lsr_need(c, c->body, &item, "itemID") ||
	    !lsr_need(c, c->body, &qty, "qty") ||
	    !lsr_need(c, c->body, &employee, "employeeID"))
		return;
	count = need_count(c);
	t = lsr_thing(c->r, item);
	if (count == NULL)
		return;
	if (t == NULL || qty < 0 || employee != LSR_EMPLOYEE ||
	    count->n_items == LSR_LINES_MAX) {
		lsr_refuse(c, 422, "itemID, qty or employeeID is wrong");
		return;
	}
	count->items[count->n_items].thing = t;
	count->items[count->n_items++].qty = qty;
	answer_count(c, "InventoryCountItem", "inventoryCountItemID",
	             lsr_next_id(c->r));
}

static void
apply_count(struct lightspeed_r *r, struct lsr_count *count, size_t i)
{
	struct lsr_thing *t = count->items[i].thing;
	int row = (int)count->shop - 1;
	int64_t qty = count->items[i].qty;

	count->items[i].is_done = true;
	set_qoh(r, t, row, qty,
	        qty >= t->shops[row].qoh ? "AddInventoryForCount"
	                                 : "RemoveForInventoryCount",
	        count->id);
}

/* What was counted becomes so; it cannot be undone. */
static void
reconcile(struct lsr_call *c)
{
	struct lsr_count *count;
	int64_t item = 0;
	size_t i;

	if (!lsr_need_scope(c, "employee:inventory_counts_reconcile") ||
	    !lsr_check(c, c->body, "inventoryCountID itemID") ||
	    !lsr_take(c, c->body, &item, "itemID"))
		return;
	count = need_count(c);
	for (i = 0; count != NULL && i < count->n_items; i++) {
		if (!count->items[i].is_done &&
		    (item == 0 || count->items[i].thing->id == item))
			apply_count(c->r, count, i);
	}
	if (count != NULL)
		answer_count(c, "InventoryCountReconcile",
		             "inventoryCountReconcileID", lsr_next_id(c->r));
}

bool
lsr_serve_stock(struct lsr_call *c)
{
	const char *method = c->http->method;
	int64_t id;

	if (c->path.n == 2 && strcmp(method, "PUT") == 0) {
		id = strtoll(c->path.part[1], NULL, 10);
		if (strcmp(c->path.part[0], "Item") == 0)
			change_item(c, id);
		else if (strcmp(c->path.part[0], "ItemShop") == 0)
			change_item_shop(c, id);
		else
			return false;
		return true;
	}
	if (strcmp(method, "POST") != 0)
		return false;
	if (till_path_is(&c->path, "InventoryCount"))
		create_count(c);
	else if (till_path_is(&c->path, "InventoryCountItem"))
		add_counted(c);
	else if (till_path_is(&c->path, "InventoryCountReconcile"))
		reconcile(c);
	else
		return false;
	return true;
}
