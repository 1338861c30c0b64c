/*
 * POST /api/accounts/{name}/pause, …/resume: leave a system alone for a while.
 *
 * The switch lies in the store, so it holds over restarts and for every daemon
 * there. Nothing is lost meanwhile: calls from that system are taken, and what is
 * meant for it waits. `paused` in the configuration is another matter, which only
 * the configuration ends.
 */
#include "handlers/api/api.h"

#include "gateway/base/err.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_switch.h"
#include "gateway/model/conf.h"

enum { REFUSED = 1 };

/* The account that is named, if it can be switched at all; else the answer. */
static int
find(const struct conf_section **out, const struct api_env *env,
     const char *name, struct http_reply *reply)
{
	*out = conf_find_account(env->conf, name);
	if (!*out) {
		api_fail(reply, 404, "not_found", "no account has this name",
		         NULL);
		return REFUSED;
	}
	if (conf_account_is_source(*out)) {
		api_fail(reply, 422, "unfit",
		         "this account only calls us: nothing is sent there",
		         NULL);
		return REFUSED;
	}
	return 0;
}

static int
answer(const struct api_env *env, const char *name, struct http_reply *reply)
{
	struct json_out j = { .to = &reply->body };
	int64_t since_ms = 0;
	int r = store_switch_get(env->store, &since_ms, name);

	if (r)
		return r;
	json_out_object(&j, NULL);
	json_out_text(&j, "account", name);
	json_out_bool(&j, "paused", since_ms != 0);
	api_out_time(&j, "since", since_ms);
	json_out_end_object(&j);
	return api_reply_json(reply, 200);
}

int
api_serve_pause(const struct api_env *env, const struct http_call *call,
                const char *const *params, struct http_reply *reply)
{
	const struct conf_section *account;
	int r = find(&account, env, params[0], reply);

	(void)call;
	if (r == REFUSED)
		return err_pass(buf_check(&reply->body));
	r = store_switch_off(env->store, params[0]);
	if (!r)
		r = store_marks_wake(env->store, params[0]);
	if (!r)
		r = answer(env, params[0], reply);
	return err_pass(r);
}

int
api_serve_resume(const struct api_env *env, const struct http_call *call,
                 const char *const *params, struct http_reply *reply)
{
	const struct conf_section *account;
	int r = find(&account, env, params[0], reply);

	(void)call;
	if (!r && conf_bool(account, "paused")) {
		api_fail(reply, 422, "paused",
		         "this account is paused in the configuration", NULL);
		r = REFUSED;
	}
	if (r == REFUSED)
		return err_pass(buf_check(&reply->body));
	r = store_switch_on(env->store, params[0]);
	if (!r)
		r = answer(env, params[0], reply);
	return err_pass(r);
}
