/*
 * GET /api/items/{sku}/timeline: why an item shows what it shows, and what
 * happened to it. The same facts and sentences as `tillbridge explain`.
 */
#include "handlers/api/api.h"

#include "gateway/base/err.h"
#include "gateway/drivers/store_explain.h"

int
api_serve_timeline(const struct api_env *env, const struct http_call *call,
                   const char *const *params, struct http_reply *reply)
{
	struct json_out o = { .to = &reply->body };
	struct explain e;
	int r;

	(void)call;
	r = store_explain(env->store, &e, env->conf, env->adapters, params[0]);
	if (r == EXPLAIN_ABSENT) {
		api_fail(reply, 404, "unknown_item", "no item has this sku",
		         "sku");
		return err_pass(buf_check(&reply->body));
	}
	if (r)
		return err_pass(r);
	explain_json(&o, &e, api_out_text);
	explain_fini(&e);
	return err_pass(api_reply_json(reply, 200));
}
