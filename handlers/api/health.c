/*
 * GET /live and GET /ready, for those who restart us or send us calls.
 *
 * Ready means: Redis answers and every loop turns. A vendor's trouble is the
 * vendor's own (promise 7): it never makes us unready.
 */
#include "handlers/api/api.h"

#include "gateway/base/err.h"
#include "gateway/drivers/store.h"
#include "gateway/model/metrics.h"

int
api_serve_live(const struct api_env *env, const struct http_call *call,
               const char *const *params, struct http_reply *reply)
{
	(void)env;
	(void)call;
	(void)params;
	buf_adds(&reply->body, "{\"live\":true}");
	return api_reply_json(reply, 200);
}

struct readiness {
	bool is_draining;
	bool is_store_away;
	struct buf why; /* of the store */
	int n_late;
	struct buf late; /* names, ", " between them */
};

static void
look(struct readiness *out, const struct api_env *env)
{
	out->is_draining = pulse_is_draining() != 0;
	out->n_late = pulse_late(&out->late);
	out->is_store_away = !env->store || store_ping(env->store, &out->why);
}

/* Redis before the loops: a loop may well be late because Redis is away. */
static void
say_reasons(struct json_out *j, const struct readiness *ready)
{
	struct buf text = BUF_INIT;

	json_out_array(j, "reasons");
	if (ready->is_draining)
		json_out_text(j, NULL, "draining");
	if (ready->is_store_away) {
		buf_addf(&text, "no Redis: %s",
		         ready->why.n ? buf_text(&ready->why)
		                      : "not connected");
		api_out_text(j, NULL, buf_text(&text));
		buf_reset(&text);
	}
	if (ready->n_late) {
		buf_addf(&text, "late: %s", buf_text(&ready->late));
		api_out_text(j, NULL, buf_text(&text));
	}
	json_out_end_array(j);
	buf_fini(&text);
}

int
api_serve_ready(const struct api_env *env, const struct http_call *call,
                const char *const *params, struct http_reply *reply)
{
	struct readiness ready = { .n_late = 0 };
	struct json_out j = { .to = &reply->body };
	bool is_ready;
	int r;

	(void)call;
	(void)params;
	look(&ready, env);
	is_ready = !ready.is_draining && !ready.is_store_away && !ready.n_late;
	json_out_object(&j, NULL);
	json_out_bool(&j, "ready", is_ready);
	if (!is_ready)
		say_reasons(&j, &ready);
	json_out_end_object(&j);
	r = api_reply_json(reply, is_ready ? 200 : 503);
	buf_fini(&ready.why);
	buf_fini(&ready.late);
	return err_pass(r);
}
