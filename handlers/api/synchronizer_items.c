/*
 * Items in the synchronizer's way.
 *
 *   POST /api/items
 *     {"item_name":"…","item_ecommerce_id":17,"account_id":"…"}
 *     {"item_pos_id":"…","item_ecommerce_id":17,"account_id":"…"}
 *     "limit_quantity":2 keeps so many back
 *   GET /api/items/{account_id}   rows of what is bound there
 *
 * A registration is a job of the account's worker (engine/enrol.c): only it can
 * ask there.
 */
#include "handlers/api/api.h"
#include "handlers/api/entries.h"
#include "handlers/api/synchronizer.h"

#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_jobs.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_stock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 500, LIMIT_MAX = 1000000, ROWS_MAX = 100 };

/* ---- registering ---- */

/* The text it answered always began so. */
static void
fail(struct entries_call *c, int status, const char *code, const char *message,
     const char *field)
{
	struct buf text = BUF_INIT;

	(void)code;
	buf_addf(&text, "invalid request: %s%s%s", field ? field : "",
	         field ? ": " : "", message);
	(void)synchronizer_say(c->reply, status, buf_text(&text));
	buf_fini(&text);
}

static const struct entries_kind item_kind = { .account = "api:items",
	                                       .noun = "item",
	                                       .fail = fail };

static int
refuse(struct entries_call *c, const char *field, const char *why)
{
	return entries_refuse(c, 400, "invalid", field, "%s", why);
}

/* A text of the POS; *out is "" when it is not given. Owned. */
static int
read_text(struct entries_call *c, char **out, const char *key)
{
	const struct json_node *value = json_find(json_root(c->doc), key);
	const char *text = value ? json_text(value) : "";

	if (value && !text)
		text = json_number_text(value);
	if (!text || strlen(text) > NAME_MAX_BYTES || strpbrk(text, "\t\n\r"))
		return refuse(c, key, "a text of one line");
	*out = text_dup(text);
	return *out ? 0 : err_raise(ERR_NOMEM, "why=%s", "job");
}

static int
read_limit(struct entries_call *c, char **out)
{
	struct decimal limit = DECIMAL_ZERO;
	char text[DECIMAL_TEXT_SIZE] = "";
	int r = json_get_decimal_lax(&limit, json_root(c->doc),
	                             "limit_quantity");

	if (r == JSON_WRONG_TYPE || decimal_is_negative(limit) ||
	    decimal_cmp(limit, decimal_of(LIMIT_MAX)) > 0)
		return refuse(c, "limit_quantity", "a number, not below 0");
	if (!r)
		(void)decimal_format(text, limit);
	*out = text_dup(text);
	return *out ? 0 : err_raise(ERR_NOMEM, "why=%s", "job");
}

static int
read_account(struct entries_call *c, struct job *job)
{
	const struct conf_section *shop = synchronizer_shop(c->env->conf);
	const struct conf_section *account;
	char *said = NULL;
	size_t n = 0;
	int r = read_text(c, &said, "account_id");

	if (r)
		return r;
	account = synchronizer_account(c->env->conf, said, &n);
	job->account_id = said;
	if (!account || conf_account_is_source(account))
		return refuse(c, "account_id",
		              n > 1 ? "several accounts have this id: give "
		                      "the name of one"
		                    : "no account has this name or id");
	if (account == shop)
		return refuse(c, "account_id",
		              "the shop itself: its id is item_ecommerce_id, "
		              "give the account that it is sold at");
	job->account = text_dup(conf_account_name(account));
	job->shop = text_dup(shop ? conf_account_name(shop) : "");
	return job->account && job->shop
	               ? 0
	               : err_raise(ERR_NOMEM, "why=%s", "job");
}

static int
read_job(struct entries_call *c, struct job *job)
{
	const struct json_node *root = json_root(c->doc);
	bool is_mobile = false;
	int r;

	if (json_type(root) != JSON_OBJECT)
		return refuse(c, NULL, "an object");
	job->shop_id =
		synchronizer_read_id(json_find(root, "item_ecommerce_id"));
	if (!job->shop_id)
		return refuse(c, "item_ecommerce_id",
		              "the item's id in the shop, a number or a text");
	if (json_get_bool(&is_mobile, root, "is_mobile_client") ==
	            JSON_WRONG_TYPE ||
	    is_mobile)
		return refuse(c, "is_mobile_client", "there are none here");
	r = read_account(c, job);
	if (!r)
		r = read_text(c, &job->pos_id, "item_pos_id");
	if (!r)
		r = read_text(c, &job->name, "item_name");
	if (!r)
		r = read_limit(c, &job->reserve);
	if (r)
		return r;
	if (strlen(job->pos_id) > ITEM_EXTERNAL_MAX)
		return refuse(c, "item_pos_id", "too long");
	if (!*job->pos_id && !*job->name)
		return refuse(c, "item_name", "it or item_pos_id is missing");
	return 0;
}

static int
add_job(struct entries_call *c, const char *id, const struct job *job)
{
	struct buf text = BUF_INIT;
	char digest[65];
	int r;

	entries_body(&text, json_root(c->doc));
	r = buf_check(&text);
	if (!r)
		r = crypto_sha256_hex(
			digest, &(struct crypto_part){ text.p, text.n }, 1);
	buf_fini(&text);
	if (!r)
		r = store_job_add(c->env->store, id, job, digest);
	if (r == JOB_CONFLICT)
		return entries_refuse(c, 409, "conflict", "Idempotency-Key",
		                      "%s", "it came with another body before");
	return r == JOB_KNOWN ? 0 : r;
}

int
api_serve_register(const struct api_env *env, const struct http_call *call,
                   const char *const *params, struct http_reply *reply)
{
	struct entries_call c = {
		.kind = &item_kind, .env = env, .call = call, .reply = reply
	};
	struct job job = { 0 };
	char id[SYNCHRONIZER_ID_SIZE];
	char text[80];
	int r = entries_begin(&c);

	(void)params;
	if (!r)
		r = read_job(&c, &job);
	if (!r)
		r = synchronizer_id(id, 'i', entries_key(&c));
	if (!r)
		r = add_job(&c, id, &job);
	if (!r) {
		(void)snprintf(text, sizeof(text),
		               "pending added. Location : itemstask/%s", id);
		buf_addf(&reply->extra, "Location: /api/itemstask/%s\r\n", id);
		r = synchronizer_say(reply, 202, text);
	}
	job_fini(&job);
	return entries_end(&c, r);
}

/* ---- rows ---- */

struct rows {
	const struct api_env *env;
	const struct conf_section *account;
	struct json_out out;
	struct buf account_id;
	struct item items[ROWS_MAX];
	size_t n;
	int64_t n_said;
};

/* What it shows, as last seen; null where nobody knows. */
static void
say_quantity(struct json_out *j, const struct rows *rows,
             const struct item *item, const struct stock_view *view)
{
	const char *authority = item->authority;
	bool is_right;

	if (!authority)
		authority = conf_text(rows->env->conf->top, "stock.authority");
	is_right = strcmp(authority, conf_account_name(rows->account)) == 0;
	if (is_right && view->balance_from)
		json_out_decimal(j, "quantity", view->balance);
	else if (!is_right && view->has_published)
		json_out_decimal(j, "quantity", view->published);
	else
		json_out_null(j, "quantity");
}

static void
say_row(struct rows *rows, const struct item *item,
        const struct stock_view *view)
{
	const char *name = conf_account_name(rows->account);
	const struct binding *b = item_find_binding(item, name);
	struct json_out *j = &rows->out;
	struct buf shop_id = BUF_INIT;

	synchronizer_shop_id(&shop_id, rows->env, item);
	json_out_object(j, NULL);
	json_out_int(j, "id", ++rows->n_said);
	api_out_text(j, "posID", b->external ? b->external : b->typed);
	api_out_text(j, "ecommerceID", buf_text(&shop_id));
	buf_fini(&shop_id);
	say_quantity(j, rows, item, view);
	if (item->has_reserve)
		json_out_decimal(j, "limitQuantitySale", item->reserve);
	else
		json_out_int(j, "limitQuantitySale", 0);
	api_out_text(j, "name", item->name);
	json_out_object(j, "pos");
	api_out_text(j, "accountID", buf_text(&rows->account_id));
	json_out_text(j, "name", name);
	json_out_text(j, "type", conf_account_type(rows->account));
	json_out_end_object(j);
	json_out_end_object(j);
}

static int
flush(struct rows *rows)
{
	struct stock_view *views = calloc(ROWS_MAX, sizeof(*views));
	const char *skus[ROWS_MAX];
	int r = views ? 0 : err_raise(ERR_NOMEM, "why=%s", "rows");

	for (size_t i = 0; i < rows->n; i++)
		skus[i] = rows->items[i].sku;
	if (!r && rows->n)
		r = store_stock_view(rows->env->store, views,
		                     conf_account_name(rows->account), skus,
		                     rows->n);
	for (size_t i = 0; i < rows->n; i++) {
		if (!r) {
			say_row(rows, &rows->items[i], &views[i]);
			stock_view_fini(&views[i]);
		}
		item_fini(&rows->items[i]);
	}
	rows->n = 0;
	free(views);
	return r;
}

static int
take_item(void *ctx, struct item *item)
{
	struct rows *rows = ctx;

	if (!item_find_binding(item, conf_account_name(rows->account)))
		return 0;
	rows->items[rows->n++] = *item;
	*item = (struct item){ 0 };
	return rows->n == ROWS_MAX ? flush(rows) : 0;
}

int
synchronizer_rows(const struct api_env *env, const struct conf_section *account,
                  struct http_reply *reply)
{
	struct rows *rows = calloc(1, sizeof(*rows));
	int r;

	if (!rows)
		return err_raise(ERR_NOMEM, "why=%s", "rows");
	rows->env = env;
	rows->account = account;
	rows->out.to = &reply->body;
	synchronizer_account_id(&rows->account_id, account);
	json_out_array(&rows->out, NULL);
	r = store_registry_each_item(env->store, take_item, rows);
	if (!r)
		r = flush(rows);
	for (size_t i = 0; i < rows->n; i++)
		item_fini(&rows->items[i]);
	json_out_end_array(&rows->out);
	if (!r)
		r = api_reply_json(reply, 200);
	else
		buf_reset(&reply->body);
	buf_fini(&rows->account_id);
	free(rows);
	return err_pass(r);
}
