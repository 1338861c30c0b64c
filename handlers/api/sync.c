/*
 * POST /api/sync: a catch-up or a full sync now.
 *
 *   {"accounts":["erp"],"full":true}   both may be missing: a catch-up of all
 *
 * It only asks: 202 means that the accounts are marked, and /api/status shows
 * what their workers make of it.
 */
#include "handlers/api/api.h"

#include "gateway/base/err.h"
#include "gateway/drivers/store_switch.h"
#include "gateway/drivers/store_sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELD_SIZE = 64, WRONG = 100 };

struct wish {
	const char **names; /* owned; the texts are the document's */
	size_t n_names;
	bool is_full;
};

/* ---- reading it ---- */

static bool
find_stranger(void *ctx, const char *key, const struct json_node *value)
{
	const char **stranger = ctx;

	(void)value;
	if (strcmp(key, "accounts") != 0 && strcmp(key, "full") != 0)
		*stranger = key;
	return *stranger == NULL;
}

static int
refuse(struct http_reply *reply, const char *message, const char *field)
{
	api_fail(reply, 400, "invalid", message, field);
	return WRONG;
}

static int
read_names(struct wish *out, const struct json_node *list,
           struct http_reply *reply)
{
	size_t n = json_length(list);
	char field[FIELD_SIZE];

	if (!list)
		return 0;
	if (!n)
		return refuse(reply, "a list of accounts' names", "accounts");
	out->names = calloc(n, sizeof(*out->names));
	if (!out->names)
		return err_raise(ERR_NOMEM, "why=%s", "names");
	for (size_t i = 0; i < n; i++) {
		out->names[i] = json_text(json_at(list, i));
		if (out->names[i])
			continue;
		(void)snprintf(field, sizeof(field), "accounts[%zu]", i);
		return refuse(reply, "an account's name", field);
	}
	out->n_names = n;
	return 0;
}

/* 0, WRONG with the reply filled, a fault. */
static int
read_wish(struct wish *out, const struct json_node *root,
          struct http_reply *reply)
{
	const char *stranger = NULL;

	if (json_type(root) != JSON_OBJECT)
		return refuse(reply, "an object", NULL);
	json_each(root, find_stranger, &stranger);
	if (stranger)
		return refuse(reply, "there is no such member", stranger);
	if (json_get_bool(&out->is_full, root, "full") == JSON_WRONG_TYPE)
		return refuse(reply, "true or false", "full");
	return read_names(out, json_find(root, "accounts"), reply);
}

/* ---- doing it ---- */

static int
refuse_account(struct http_reply *reply, int r, size_t bad)
{
	char field[FIELD_SIZE];

	(void)snprintf(field, sizeof(field), "accounts[%zu]", bad);
	if (r == SYNC_PAUSED)
		api_fail(reply, 422, "paused",
		         "this account is paused in the configuration", field);
	else if (r == SYNC_INCAPABLE)
		api_fail(reply, 422, "unfit",
		         "this account has nothing that could be synced",
		         field);
	else
		api_fail(reply, 422, "unknown_account",
		         "no account has this name", field);
	return WRONG;
}

/* What a person has paused is not asked, and said so where it was named. */
static int
leave_paused(const struct api_env *env, const struct wish *wish,
             const struct conf_section **accounts, size_t *n,
             struct http_reply *reply)
{
	const char *first = NULL;
	struct buf message = BUF_INIT;
	int r = store_switch_filter(env->store, &first, accounts, n);

	if (r || !first || !wish->n_names)
		return r;
	buf_addf(&message, "%s is paused: POST /api/accounts/%s/resume goes on",
	         first, first);
	api_fail(reply, 422, "paused", buf_text(&message), "accounts");
	buf_fini(&message);
	return WRONG;
}

static int
answer(struct http_reply *reply, const struct conf_section *const *accounts,
       size_t n, bool is_full)
{
	struct json_out j = { .to = &reply->body };

	json_out_object(&j, NULL);
	json_out_array(&j, "accounts");
	for (size_t i = 0; i < n; i++)
		json_out_text(&j, NULL, conf_account_name(accounts[i]));
	json_out_end_array(&j);
	json_out_text(&j, "kind", is_full ? "full" : "catch-up");
	json_out_end_object(&j);
	return api_reply_json(reply, 202);
}

static int
ask(const struct api_env *env, const struct wish *wish,
    struct http_reply *reply)
{
	const struct conf_section **accounts =
		calloc(env->conf->n_accounts + 1, sizeof(*accounts));
	const char *mark = store_sync_mark(wish->is_full, false);
	size_t n = 0;
	size_t bad = 0;
	int r = accounts ? 0 : err_raise(ERR_NOMEM, "why=%s", "accounts");

	if (!r) {
		r = store_sync_choose(accounts, &n, env->conf, env->adapters,
		                      wish->names, wish->n_names, &bad);
		if (r)
			r = refuse_account(reply, r, bad);
	}
	if (!r)
		r = leave_paused(env, wish, accounts, &n, reply);
	for (size_t i = 0; !r && i < n; i++)
		r = store_sync_ask(env->store, conf_account_name(accounts[i]),
		                   mark);
	if (!r)
		r = answer(reply, accounts, n, wish->is_full);
	free(accounts);
	return r;
}

int
api_serve_sync(const struct api_env *env, const struct http_call *call,
               const char *const *params, struct http_reply *reply)
{
	struct wish wish = { 0 };
	struct json *doc = NULL;
	int r = 0;

	(void)params;
	if (call->n_body) {
		r = json_parse(&doc, call->body, call->n_body);
		if (r == JSON_MALFORMED) {
			api_fail(reply, 400, "malformed", "This is not JSON.",
			         NULL);
			r = WRONG;
		}
		if (!r)
			r = read_wish(&wish, json_root(doc), reply);
	}
	if (!r)
		r = ask(env, &wish, reply);
	free(wish.names);
	json_free(doc);
	return r == WRONG ? err_pass(buf_check(&reply->body)) : err_pass(r);
}
