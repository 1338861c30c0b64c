/*
 * POST /api/synchronizer/sale: what the shop sold, on its way to who keeps it.
 *
 *   {"item_ecommerce_id":17,"delta":2,"balance":2400}
 *   {"lines":[{…},{…}],"currency":"EUR"}
 *
 * delta is the quantity sold (negative: returned), balance what was paid for it
 * in cents (0: a gift). It becomes one entry, exactly once: with an
 * Idempotency-Key however often it is sent, without one each call is a sale of
 * its own. The answer's location is the job; what it says is what the ledger
 * says of the entry.
 */
#include "handlers/api/api.h"
#include "handlers/api/entries.h"
#include "handlers/api/synchronizer.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/model/fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 1000, CURRENCY = 3 };

static const int64_t most_sold = 1000000;
static const int64_t most_cents = INT64_C(100000000000);

/* ---- answers ---- */

static int
say(struct entries_call *c)
{
	struct json_out j = { .to = &c->reply->body };

	json_out_object(&j, NULL);
	json_out_text(&j, "status", "pending");
	json_out_text(&j, "location", c->entry.sale);
	json_out_null(&j, "error_message");
	json_out_end_object(&j);
	buf_addf(&c->reply->extra, "Location: /api/itemstask/%s\r\n",
	         c->entry.sale);
	return api_reply_json(c->reply, 202);
}

/* Its error_message, which is all that an old caller reads, and our own error
   beside it. Where nobody knows whether it was taken, the job can be asked
   for. */
static void
fail(struct entries_call *c, int status, const char *code, const char *message,
     const char *field)
{
	struct json_out j = { .to = &c->reply->body };
	bool is_open = status == 503 && c->entry.sale;
	struct buf all = BUF_INIT;

	buf_addf(&all, "%s%s%s", field ? field : "", field ? ": " : "",
	         message);
	json_out_object(&j, NULL);
	json_out_text(&j, "status", is_open ? "unknown" : "failed");
	api_out_text(&j, "location", is_open ? c->entry.sale : NULL);
	api_out_text(&j, "error_message", buf_text(&all));
	buf_fini(&all);
	json_out_object(&j, "error");
	json_out_text(&j, "code", code);
	api_out_text(&j, "message", message);
	api_out_text(&j, "field", field);
	json_out_end_object(&j);
	json_out_end_object(&j);
	c->reply->status = status;
	c->reply->content_type = "application/json";
}

static const struct entries_kind sale_kind = {
	.account = "api:sales",
	.noun = "sale",
	.field = "Idempotency-Key",
	.kind = ENTRY_SALE,
	.say = say,
	.fail = fail,
};

static int
refuse(struct entries_call *c, const char *field, const char *why)
{
	return entries_refuse(c, 400, "invalid", field, "%s", why);
}

/* ---- reading ---- */

struct sold {
	char *id; /* owned; the shop's */
	struct decimal delta;
	struct decimal paid;
};

/* A member's path, for who sent it: "lines[2].delta". */
static const char *
path_of(char out[64], const char *prefix, const char *member)
{
	(void)snprintf(out, 64, "%s%s", prefix, member);
	return out;
}

static bool
is_beyond(struct decimal d, int64_t most)
{
	return decimal_cmp(d, decimal_of(most)) > 0 ||
	       decimal_cmp(d, decimal_of(-most)) < 0;
}

static const char *
judge_numbers(const struct sold *sold, const char **member)
{
	int64_t whole;

	*member = "delta";
	if (decimal_is_zero(sold->delta))
		return "the quantity sold, not 0; negative: returned";
	if (is_beyond(sold->delta, most_sold))
		return "more than a million";
	*member = "balance";
	if (decimal_to_scaled(&whole, sold->paid, 0) ||
	    is_beyond(sold->paid, most_cents))
		return "what was paid for all of it, in whole cents";
	if (!decimal_is_zero(sold->paid) &&
	    decimal_is_negative(sold->paid) != decimal_is_negative(sold->delta))
		return "and delta differ in sign";
	return NULL;
}

static int
read_sold(struct entries_call *c, struct sold *out, const char *prefix,
          const struct json_node *from)
{
	const char *member = "delta";
	const char *why = NULL;
	char path[64];

	out->id = synchronizer_read_id(json_find(from, "item_ecommerce_id"));
	if (!out->id) {
		member = "item_ecommerce_id";
		why = "the item's id in the shop, a number or a text";
	} else if (json_get_decimal_lax(&out->delta, from, "delta")) {
		why = "the quantity sold, a number";
	} else if (json_get_decimal_lax(&out->paid, from, "balance")) {
		member = "balance";
		why = "what was paid for all of it, in cents; 0 for a gift";
	} else {
		why = judge_numbers(out, &member);
	}
	return why ? refuse(c, path_of(path, prefix, member), why) : 0;
}

/* ---- whose it is ---- */

static const struct adapter_ops *
adapter_of(const struct api_env *env, const struct conf_section *account)
{
	const struct adapter_ops *const *ops = env->adapters;

	while (ops && *ops && account &&
	       strcmp((*ops)->name, conf_account_type(account)) != 0)
		ops++;
	return account && ops && *ops && (*ops)->post_entry ? *ops : NULL;
}

/* The first line decides for all. */
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
		c->ops = adapter_of(c->env, c->account);
		if (!c->ops)
			return entries_refuse(
				c, 400, "invalid", field,
				"Item \"%s\" is kept by account %s, which "
				"records no sales.",
				item->sku, name);
	}
	if (strcmp(name, conf_account_name(c->account)) != 0)
		return entries_refuse(
			c, 400, "invalid", field,
			"Item \"%s\" is kept by account %s, those before it "
			"by %s: send one sale for each account.",
			item->sku, name, conf_account_name(c->account));
	if (!item_find_binding(item, name))
		return entries_refuse(
			c, 400, "invalid", field,
			"Item \"%s\" is kept by account %s and is "
			"not bound there: register it there "
			"first.",
			item->sku, name);
	return 0;
}

static int
add_line(struct entries_call *c, const struct item *item,
         const struct sold *sold)
{
	const struct binding *b =
		item_find_binding(item, conf_account_name(c->account));
	struct entry_line *line = entry_add_line(&c->entry);
	int64_t cents = 0;

	if (!line)
		return err_raise(ERR_NOMEM, "why=%s", "entry");
	(void)decimal_to_scaled(&cents, sold->paid, 0);
	line->uid = text_format("%zu", c->entry.n_lines);
	line->sku = text_dup(item->sku);
	line->external = text_dup(b->external ? b->external : "");
	line->qty = sold->delta;
	line->gross = decimal_of_scaled(cents, 2);
	line->has_gross = true;
	if (line->uid && line->sku && line->external)
		return 0;
	return err_raise(ERR_NOMEM, "why=%s", "entry");
}

/* Sold, and of this item. */
static int
take_item(struct entries_call *c, const char *field, const struct sold *sold)
{
	struct item item = { 0 };
	int r = synchronizer_item(c->env, &item, sold->id);

	if (r == REGISTRY_ABSENT)
		return entries_refuse(c, 400, "invalid", field,
		                      "No item \"%s\" is registered: POST "
		                      "/api/items does that.",
		                      sold->id);
	if (!r)
		r = entries_check_item(c, field, &item);
	if (!r)
		r = choose_account(c, field, &item);
	if (!r)
		r = add_line(c, &item, sold);
	item_fini(&item);
	return r;
}

static int
take_line(struct entries_call *c, const char *prefix,
          const struct json_node *from)
{
	struct sold sold = { 0 };
	char path[64];
	int r = read_sold(c, &sold, prefix, from);

	if (!r)
		r = take_item(c, path_of(path, prefix, "item_ecommerce_id"),
		              &sold);
	free(sold.id);
	return r;
}

static int
take_lines(struct entries_call *c, const struct json_node *root)
{
	const struct json_node *lines = json_find(root, "lines");
	size_t n = json_length(lines);
	char prefix[40];
	int r = 0;

	if (!lines)
		return take_line(c, "", root);
	if (!n || n > LINES_MAX)
		return refuse(c, "lines", "a list of 1 to 1000 lines");
	for (size_t i = 0; !r && i < n; i++) {
		(void)snprintf(prefix, sizeof(prefix), "lines[%zu].", i);
		r = take_line(c, prefix, json_at(lines, i));
	}
	return r;
}

/* ---- the route ---- */

static int
read_currency(struct entries_call *c, const char **out)
{
	int r = json_get_text(out, json_root(c->doc), "currency");

	if (r == JSON_WRONG_TYPE ||
	    (!r && (strlen(*out) != CURRENCY ||
	            strspn(*out, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != CURRENCY)))
		return refuse(c, "currency", "as ISO 4217 writes it: EUR");
	return 0;
}

int
api_serve_sale(const struct api_env *env, const struct http_call *call,
               const char *const *params, struct http_reply *reply)
{
	struct entries_call c = {
		.kind = &sale_kind, .env = env, .call = call, .reply = reply
	};
	char id[SYNCHRONIZER_ID_SIZE];
	const char *currency = NULL;
	int r;

	(void)params;
	r = entries_begin(&c);
	if (!r && json_type(json_root(c.doc)) != JSON_OBJECT)
		r = refuse(&c, NULL, "an object");
	if (!r)
		r = read_currency(&c, &currency);
	if (!r)
		r = synchronizer_id(id, 's', entries_key(&c));
	c.is_unique = !c.key.n;
	if (!r)
		r = entries_identify(&c, id, currency);
	if (!r)
		r = take_lines(&c, json_root(c.doc));
	c.entry.occurred_ms = clock_wall_ms();
	if (!r)
		r = entries_take(&c);
	return entries_end(&c, r);
}
