/*
 * Orders of a shop, on their way to who keeps their items.
 *
 *   POST /api/orders            model/order.h says what it may hold
 *   GET  /api/orders/{number}   how it is doing
 *
 * An order is one document at one authority: all of its items are kept by one
 * account. What repeats and keys mean: entries.h.
 */
#include "handlers/api/api.h"
#include "handlers/api/entries.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CANDIDATES_MAX = 5 };

static const struct entries_kind order_kind = {
	.account = "api:orders",
	.noun = "order",
	.field = "number",
	.kind = ENTRY_ORDER,
};

/* ---- a sku that nobody knows ---- */

struct search {
	const char *sku;
	struct buf found; /* "\"A1\", \"a1\"" */
	size_t n;
};

static int
note_alike(void *ctx, const char *sku)
{
	struct search *s = ctx;

	if (strcasecmp(sku, s->sku) != 0)
		return 0;
	buf_addf(&s->found, "%s\"%s\"", s->n ? ", " : "", sku);
	return ++s->n == CANDIDATES_MAX;
}

static int
refuse_unknown(struct entries_call *c, const char *field, const char *sku)
{
	struct search s = { .sku = sku };
	int r = store_registry_each(c->env->store, note_alike, &s);

	if (r < 0)
		goto out;
	r = buf_check(&s.found);
	if (r)
		goto out;
	if (s.n)
		r = entries_refuse(c, 422, "invalid", field,
		                   "There is no item \"%s\". Is it %s?", sku,
		                   buf_text(&s.found));
	else
		r = entries_refuse(c, 422, "invalid", field,
		                   "There is no item \"%s\". Bind it with "
		                   "`tillbridge items import FILE.csv`, then "
		                   "send the order again.",
		                   sku);
out:
	buf_fini(&s.found);
	return r;
}

/* ---- lines ---- */

/* Which account an item's order goes to; the first line decides for all. */
static int
choose_account(struct entries_call *c, const char *field,
               const struct item *item)
{
	const struct conf *conf = c->env->conf;
	const char *name = item->authority
	                           ? item->authority
	                           : conf_text(conf->top, "stock.authority");

	if (!c->account) {
		c->account = conf_find_account(conf, name);
		c->ops =
			c->account ? entries_adapter(c->env, c->account) : NULL;
	}
	if (!c->ops)
		return entries_refuse(c, 422, "invalid", field,
		                      "Item \"%s\" is kept by account %s, "
		                      "which takes no orders. Enter the order "
		                      "there: its stock follows by itself. Or "
		                      "have the item kept by an account that "
		                      "takes orders (the column `authority` of "
		                      "`tillbridge items import FILE.csv`).",
		                      item->sku, name);
	if (strcmp(name, conf_account_name(c->account)) != 0)
		return entries_refuse(
			c, 422, "invalid", field,
			"Item \"%s\" is kept by account %s, those "
			"before it by %s: one order goes to one "
			"account.",
			item->sku, name, conf_account_name(c->account));
	return 0;
}

/* An unresolved binding is told last: during a first sync none is resolved. */
static int
add_line(struct entries_call *c, const char *field, const struct item *item,
         const struct order_line *from)
{
	const char *account = conf_account_name(c->account);
	const struct binding *b = item_find_binding(item, account);
	struct entry_line *line = entry_add_line(&c->entry);

	if (!b)
		return entries_refuse(
			c, 422, "invalid", field,
			"Item \"%s\" is not bound at %s. Bind it "
			"with `tillbridge items import FILE.csv`, "
			"then send the order again.",
			item->sku, account);
	if (!line)
		return err_raise(ERR_NOMEM, "why=%s", "entry");
	line->uid = text_format("%zu", c->entry.n_lines);
	line->sku = text_dup(item->sku);
	line->external = text_dup(b->external ? b->external : "");
	line->qty = from->qty;
	line->gross = from->gross;
	line->has_gross = from->has_gross;
	if (!b->external && !c->is_unresolved) {
		c->is_unresolved = true;
		(void)snprintf(c->unresolved.field, sizeof(c->unresolved.field),
		               "%s", field);
		(void)snprintf(c->unresolved.why, sizeof(c->unresolved.why),
		               "Item \"%s\" is bound at %s to something that "
		               "was not found there (yet): see "
		               "`tillbridge items list`.",
		               item->sku, account);
	}
	if (line->uid && line->sku && line->external)
		return 0;
	return err_raise(ERR_NOMEM, "why=%s", "entry");
}

static int
take_line(struct entries_call *c, const struct order *order, size_t i)
{
	struct item item = { 0 };
	char field[40];
	int r;

	(void)snprintf(field, sizeof(field), "lines[%zu].sku", i);
	r = store_registry_get(c->env->store, &item, order->lines[i].sku);
	if (r == REGISTRY_ABSENT)
		return refuse_unknown(c, field, order->lines[i].sku);
	if (!r)
		r = entries_check_item(c, field, &item);
	if (!r)
		r = choose_account(c, field, &item);
	if (!r)
		r = add_line(c, field, &item, &order->lines[i]);
	item_fini(&item);
	return r;
}

/* A local date is the authority's to understand; it is not compared here. */
static void
set_date(struct entries_call *c, const struct order *order)
{
	struct order_date date;

	c->entry.occurred_ms = clock_wall_ms();
	if (!order->date || !order_date_read(&date, order->date) ||
	    date.is_local)
		return;
	c->entry.occurred_ms = date.utc_ms;
	c->is_dated = true;
}

/* ---- routes ---- */

int
api_serve_order(const struct api_env *env, const struct http_call *call,
                const char *const *params, struct http_reply *reply)
{
	struct entries_call c = {
		.kind = &order_kind, .env = env, .call = call, .reply = reply
	};
	struct order_problem problem = { 0 };
	struct order order = { 0 };
	int r = entries_begin(&c);

	(void)params;
	if (r)
		goto out;
	r = order_read(&order, &problem, json_root(c.doc));
	if (r == ORDER_INVALID)
		r = entries_invalid(&c, &problem);
	if (!r)
		r = entries_identify(&c, order.number, order.currency);
	for (size_t i = 0; !r && i < order.n_lines; i++)
		r = take_line(&c, &order, i);
	if (r)
		goto out;
	set_date(&c, &order);
	r = entries_take(&c);
out:
	order_fini(&order);
	return entries_end(&c, r);
}

int
api_serve_order_state(const struct api_env *env, const struct http_call *call,
                      const char *const *params, struct http_reply *reply)
{
	(void)call;
	return entries_serve_state(env, &order_kind, params[0], reply);
}
