/*
 * Dead letters, uncertain and held entries, held zeros: what a person decides.
 *
 *   GET  /api/dead                what waits, oldest first within each kind
 *   GET  /api/dead/{}             one of them, whole
 *   POST /api/dead/{}/retry       do it again (a held zero: write it)
 *   POST /api/dead/{}/confirm     an uncertain entry is there after all
 *   POST /api/dead/{}/drop        never do it
 *
 * An id holds slashes ("event/12-0", "entry/agora/ABC", "hold/agora") and is
 * one segment of the path: clients write them as %2F.
 */
#include "handlers/api/api.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_asked.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/model/explain.h"

#include <string.h>

struct dead_list {
	const struct api_env *env;
	struct json_out json;
};

static int
say_letter(void *ctx, const struct dead_letter *letter)
{
	struct dead_list *l = ctx;
	struct json_out *j = &l->json;
	const struct asked_by by = { l->env->conf, l->env->adapters };
	struct asked asked;
	int r = store_asked_letter(l->env->store, &asked, &by, letter);

	if (r)
		return r;
	json_out_object(j, NULL);
	json_out_text(j, "id", letter->id);
	json_out_text(j, "kind", letter->kind);
	api_out_text(j, "account", letter->account);
	api_out_time(j, "at", letter->at_ms);
	api_out_text(j, "why", letter->why);
	api_out_text(j, "summary", letter->summary);
	json_out_bool(j, "looked_up_automatically", asked.is_asked);
	api_out_time(j, "next_look_up",
	             asked.in_ms < 0 ? 0 : clock_wall_ms() + asked.in_ms);
	json_out_end_object(j);
	return 0;
}

int
api_serve_dead_list(const struct api_env *env, const struct http_call *call,
                    const char *const *params, struct http_reply *reply)
{
	struct dead_list l = { env, { .to = &reply->body } };
	int r;

	(void)call;
	(void)params;
	json_out_object(&l.json, NULL);
	json_out_array(&l.json, "dead");
	r = store_dead_each(env->store, say_letter, &l);
	json_out_end_array(&l.json);
	json_out_end_object(&l.json);
	return err_pass(r ? r : api_reply_json(reply, 200));
}

static int
fail_absent(struct http_reply *reply)
{
	api_fail(reply, 404, "absent",
	         "nothing waits under this id; slashes in it are written %2F",
	         NULL);
	return err_pass(buf_check(&reply->body));
}

static bool
say_member(void *ctx, const char *key, const struct json_node *value)
{
	struct json_out *j = ctx;
	struct buf text = BUF_INIT;

	if (json_type(value) == JSON_TEXT) {
		api_out_text(j, key, json_text(value));
		return true;
	}
	json_print(&text, value);
	json_out_raw(j, key, buf_text(&text));
	j->to->is_broken |= text.is_broken;
	buf_fini(&text);
	return true;
}

/* As the store shows it, its texts without secrets. */
static int
say_shown(struct http_reply *reply, const struct buf *shown)
{
	struct json_out j = { .to = &reply->body };
	struct json *doc = NULL;
	int r = json_parse(&doc, shown->p, shown->n);

	if (r)
		return err_pass(r);
	json_out_object(&j, NULL);
	json_each(json_root(doc), say_member, &j);
	json_out_end_object(&j);
	json_free(doc);
	return api_reply_json(reply, 200);
}

int
api_serve_dead_show(const struct api_env *env, const struct http_call *call,
                    const char *const *params, struct http_reply *reply)
{
	struct buf shown = BUF_INIT;
	int r = store_dead_show(env->store, &shown, params[0]);

	(void)call;
	if (r == LEDGER_ABSENT)
		r = fail_absent(reply);
	else if (!r)
		r = say_shown(reply, &shown);
	buf_fini(&shown);
	return err_pass(r);
}

/* Its state, and what is possible. */
static int
fail_unfit(const struct api_env *env, const char *id, struct http_reply *reply)
{
	const char *says = "it has nothing to confirm: retry or drop it";
	struct ledger_state at = { .state = "" };

	if (!strncmp(id, "entry/", 6) &&
	    !store_ledger_state(env->store, &at, id + 6))
		says = explain_choices(
			at.state, !conf_find_account(env->conf, at.authority));
	api_fail(reply, 409, "unfit", says, NULL);
	ledger_state_fini(&at);
	return err_pass(buf_check(&reply->body));
}

static int
decide(const struct api_env *env, const char *id, enum dead_action action,
       const char *name, struct http_reply *reply)
{
	struct json_out j = { .to = &reply->body };
	int r = store_dead_decide(env->store, id, action);

	if (r == LEDGER_ABSENT)
		return fail_absent(reply);
	if (r == LEDGER_UNFIT)
		return fail_unfit(env, id, reply);
	if (r == LEDGER_KEPT) {
		api_fail(reply, 409, "stranded",
		         "it stays ready until its authority is configured "
		         "again, and cannot go to another one: else drop it",
		         NULL);
		return err_pass(buf_check(&reply->body));
	}
	if (r)
		return err_pass(r);
	json_out_object(&j, NULL);
	json_out_text(&j, "id", id);
	json_out_text(&j, "decision", name);
	json_out_end_object(&j);
	return err_pass(api_reply_json(reply, 200));
}

int
api_serve_dead_retry(const struct api_env *env, const struct http_call *call,
                     const char *const *params, struct http_reply *reply)
{
	(void)call;
	return decide(env, params[0], DEAD_RETRY, "retry", reply);
}

int
api_serve_dead_confirm(const struct api_env *env, const struct http_call *call,
                       const char *const *params, struct http_reply *reply)
{
	(void)call;
	return decide(env, params[0], DEAD_CONFIRM, "confirm", reply);
}

int
api_serve_dead_drop(const struct api_env *env, const struct http_call *call,
                    const char *const *params, struct http_reply *reply)
{
	(void)call;
	return decide(env, params[0], DEAD_DROP, "drop", reply);
}
