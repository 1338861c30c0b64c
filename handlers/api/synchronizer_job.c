/*
 * GET /api/itemstask/{id}: how a job is doing.
 *
 * "Job status : Succeeded", in the words of the program before; a failed one
 * has its reason behind it. With ?format=json all that is known.
 *
 *   waiting  Enqueued    nobody has begun
 *   working  Processing  sent, or to be looked up: not known to be there yet
 *   done     Succeeded   it is there
 *   failed   Failed      why says what about; a person may still decide
 */
#include "handlers/api/api.h"
#include "handlers/api/synchronizer.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_jobs.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/drivers/store_switch.h"

#include <stdlib.h>
#include <string.h>

#define GONE "its account is no longer configured"

enum {
	FORMAT_SIZE = 16,
	SHOP_LOOK_MS = 10000, /* how long a registration waits for that */
};

struct job_view {
	const char *id;   /* borrowed */
	const char *kind; /* static */
	const char *state;
	const char *why; /* borrowed; "" */
};

static bool
is_open(const struct job_view *job)
{
	return strcmp(job->state, "waiting") == 0 ||
	       strcmp(job->state, "working") == 0;
}

static const char *
hangfire_name(const char *state)
{
	static const char *const names[][2] = {
		{ "waiting", "Enqueued" },
		{ "working", "Processing" },
		{ "done", "Succeeded" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i][0], state) == 0)
			return names[i][1];
	return "Failed";
}

static bool
wants_json(const struct http_call *call)
{
	char format[FORMAT_SIZE];

	return http_param(format, sizeof(format), call->query,
	                  strlen(call->query), "format") == 0 &&
	       strcmp(format, "json") == 0;
}

static int
say_line(struct http_reply *reply, const struct job_view *job)
{
	struct buf text = BUF_INIT;
	int r;

	buf_addf(&text, "Job status : %s", hangfire_name(job->state));
	if (strcmp(job->state, "failed") == 0 && *job->why)
		buf_addf(&text, ". %s", job->why);
	r = buf_check(&text);
	if (!r)
		r = synchronizer_say(reply, 200, buf_text(&text));
	buf_fini(&text);
	return r;
}

static void
begin_json(struct json_out *j, const struct job_view *job)
{
	json_out_object(j, NULL);
	json_out_text(j, "id", job->id);
	json_out_text(j, "kind", job->kind);
	json_out_text(j, "state", job->state);
	json_out_text(j, "status", hangfire_name(job->state));
	api_out_text(j, "why", job->why);
}

/* Nobody can begin at an account that rests: true, and so it is said. */
static int
is_resting(const struct api_env *env, bool *out, const char *account)
{
	const struct conf_section *conf = conf_find_account(env->conf, account);
	int64_t off_ms = 0;
	int r = store_switch_get(env->store, &off_ms, account);

	*out = off_ms || (conf && conf_bool(conf, "paused"));
	return r;
}

/* Why nobody begins at an account: a person stopped it or took it away, or it is
   in trouble. */
static int
add_obstacle(const struct api_env *env, struct buf *out, const char *whose,
             const char *account)
{
	struct health health = { 0 };
	bool rests = false;
	int r = is_resting(env, &rests, account);

	if (!conf_find_account(env->conf, account))
		buf_addf(out, "%s is no longer configured", whose);
	else if (rests)
		buf_addf(out, "%s is paused", whose);
	else if (!r)
		r = store_health_get(env->store, &health, account);
	if (!rests && !r && !strcmp(health_text(&health, "breaker"), "open"))
		buf_addf(out, "%s is in trouble: %s", whose,
		         health_text(&health, "why"));
	health_fini(&health);
	return r ? r : buf_check(out);
}

static int
say_absent(struct http_reply *reply)
{
	api_fail(reply, 404, "absent",
	         "No such job was given, or it is long over.", NULL);
	return err_pass(buf_check(&reply->body));
}

/* ---- a sale ---- */

static const char *
state_of_entry(const char *state)
{
	static const char *const words[][2] = {
		{ "ready", "waiting" },   { "held", "waiting" },
		{ "posting", "working" }, { "uncertain", "working" },
		{ "confirmed", "done" },  { "settled", "done" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i][0], state) == 0)
			return words[i][1];
	return "failed"; /* refused, dropped */
}

static int
say_sale(struct http_reply *reply, const struct job_view *job,
         const char *entry, const struct ledger_state *state)
{
	struct json_out j = { .to = &reply->body };

	begin_json(&j, job);
	json_out_text(&j, "entry", entry);
	json_out_text(&j, "entry_state", state->state);
	json_out_text(&j, "account", state->authority);
	json_out_text(&j, "docid", state->docid);
	json_out_int(&j, "attempts", state->attempts);
	api_out_time(&j, "made_at", state->made_ms);
	api_out_time(&j, "confirmed_at", state->confirmed_ms);
	json_out_end_object(&j);
	return api_reply_json(reply, 200);
}

static int
serve_sale(const struct api_env *env, const struct http_call *call,
           const char *id, struct http_reply *reply)
{
	struct ledger_state state = { 0 };
	char *entry = text_format("api:sales/%s", id);
	int r = entry ? store_ledger_state(env->store, &state, entry)
	              : err_raise(ERR_NOMEM, "why=%s", "answer");
	struct buf obstacle = BUF_INIT;
	struct job_view job = { id, "sale", state_of_entry(state.state), "" };

	if (!r && strcmp(state.state, "ready") == 0)
		r = add_obstacle(env, &obstacle, "its account",
		                 state.authority);
	if (state.why)
		job.why = state.why;
	if (obstacle.n)
		job.why = buf_text(&obstacle);
	/* Nobody posts it, nobody looks it up. */
	if (!r && is_open(&job) &&
	    !conf_find_account(env->conf, state.authority)) {
		job.state = "failed";
		job.why = GONE;
	}
	if (r == LEDGER_ABSENT)
		r = say_absent(reply);
	else if (!r && wants_json(call))
		r = say_sale(reply, &job, entry, &state);
	else if (!r)
		r = say_line(reply, &job);
	ledger_state_fini(&state);
	buf_fini(&obstacle);
	free(entry);
	return err_pass(r);
}

/* ---- a registration ---- */

static int
say_item(struct http_reply *reply, const struct job_view *job,
         const struct job *found)
{
	struct json_out j = { .to = &reply->body };

	begin_json(&j, job);
	json_out_text(&j, "account", found->account);
	api_out_text(&j, "item_ecommerce_id", found->shop_id);
	api_out_text(&j, "item_pos_id", found->pos_id);
	api_out_text(&j, "item_name", found->name);
	api_out_time(&j, "made_at", found->made_ms);
	api_out_time(&j, "done_at", found->done_ms);
	json_out_end_object(&j);
	return api_reply_json(reply, 200);
}

/*
 * It is bound at both, and the shop has no such thing: its worker has looked.
 * Until it has, the job is not at its end, unless that takes long: of an item
 * without a balance, say, nothing is written anywhere.
 */
static int
check_shop(const struct api_env *env, struct job_view *job,
           const struct job *found)
{
	struct stock_view view = { 0 };
	struct item item = { 0 };
	const char *sku;
	bool is_unseen;
	bool rests = false;
	int r = synchronizer_item(env, &item, found->shop_id);

	if (r == REGISTRY_ABSENT)
		return 0; /* unbound since */
	sku = item.sku;
	if (!r)
		r = store_stock_view(env->store, &view, found->shop, &sku, 1);
	is_unseen = !r && !view.is_absent && !view.has_published &&
	            clock_wall_ms() - found->done_ms < SHOP_LOOK_MS;
	if (is_unseen)
		r = is_resting(env, &rests, found->shop);
	if (!r && view.is_absent) {
		job->state = "failed";
		job->why = *found->why ? found->why
		                       : "bound, but the shop has nothing with "
		                         "this id: its count is written "
		                         "nowhere until it has";
	} else if (!r && is_unseen && !rests) {
		job->state = "working";
		job->why = "bound; the shop is looked at";
	}
	stock_view_fini(&view);
	item_fini(&item);
	return r;
}

static int
serve_item(const struct api_env *env, const struct http_call *call,
           const char *id, struct http_reply *reply)
{
	struct job found = { 0 };
	int r = store_job_get(env->store, &found, id);
	struct job_view job = { id, "item", found.state, found.why };
	struct buf obstacle = BUF_INIT;

	if (!r && !found.done_ms &&
	    !conf_find_account(env->conf, found.account)) {
		job.state = "failed";
		job.why = GONE;
	} else if (!r && !found.done_ms) {
		r = add_obstacle(env, &obstacle, "its account", found.account);
		if (!r && !obstacle.n && *found.shop)
			r = add_obstacle(env, &obstacle, "the shop's account",
			                 found.shop);
	} else if (!r && strcmp(found.state, "done") == 0) {
		job.why = ""; /* what the shop lacked then it may have by now */
		if (*found.shop && conf_find_account(env->conf, found.shop))
			r = check_shop(env, &job, &found);
	}
	if (obstacle.n)
		job.why = buf_text(&obstacle);
	if (r == JOB_ABSENT)
		r = say_absent(reply);
	else if (!r && wants_json(call))
		r = say_item(reply, &job, &found);
	else if (!r)
		r = say_line(reply, &job);
	job_fini(&found);
	buf_fini(&obstacle);
	return err_pass(r);
}

int
api_serve_job(const struct api_env *env, const struct http_call *call,
              const char *const *params, struct http_reply *reply)
{
	if (params[0][0] == 's')
		return serve_sale(env, call, params[0], reply);
	if (params[0][0] == 'i')
		return serve_item(env, call, params[0], reply);
	return say_absent(reply);
}
