/*
 * Items to be registered: hash job:ID, and a mark at the account.
 */
#include "gateway/drivers/store_jobs.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_internal.h"

#define JOB_KEEP_S "3456000" /* 40 days */

/* ARGV: id, digest, now, account, fields and values. -> 0, 2 known, 3 conflict */
static const char add_script[] =
	LUA_MARK_ONE "local id, digest, now, account = unpack(ARGV, 1, 4)\n"
		     "local k = P..'job:'..id\n"
		     "local old = call('HGET', k, 'digest')\n"
		     "if old then return old == digest and 2 or 3 end\n"
		     "call('HSET', k, 'digest', digest, 'made_ms', now, "
		     "'account', account,\n"
		     "     'state', 'waiting', 'why', '', unpack(ARGV, 5))\n"
		     "mark(account, 'j:'..id, 'o', now, 0, 0)\n"
		     "return 0\n";

/* ARGV: id, state, why, now */
static const char note_script[] =
	"local k = KEYS[1]..'job:'..ARGV[1]\n"
	"local old = redis.call('HGET', k, 'state')\n"
	"if not old or old == 'done' or old == 'failed' then return 0 end\n"
	"redis.call('HSET', k, 'state', ARGV[2], 'why', ARGV[3])\n"
	"if ARGV[2] == 'done' or ARGV[2] == 'failed' then\n"
	"  redis.call('HSET', k, 'done_ms', ARGV[4])\n"
	"  redis.call('EXPIRE', k, " JOB_KEEP_S ")\n"
	"end\n"
	"return 0\n";

int
store_job_add(struct store *store, const char *id, const struct job *job,
              const char *digest)
{
	const char *const fields[][2] = {
		{ "shop", job->shop },       { "shop_id", job->shop_id },
		{ "pos_id", job->pos_id },   { "name", job->name },
		{ "reserve", job->reserve }, { "account_id", job->account_id },
	};
	struct args a = { 0 };
	int64_t answer = 0;
	int r;

	args_adds(&a, id);
	args_adds(&a, digest);
	args_addi(&a, clock_wall_ms());
	args_adds(&a, job->account);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		args_adds(&a, fields[i][0]);
		args_adds(&a, fields[i][1]);
	}
	r = store_eval_int(store, &answer, SCRIPT_JOB_ADD, add_script, &a);
	return r ? r : (int)answer;
}

static int
decode(struct job *out, const redisReply *reply)
{
	char **const texts[] = { &out->account,    &out->shop,  &out->shop_id,
		                 &out->pos_id,     &out->name,  &out->reserve,
		                 &out->account_id, &out->state, &out->why };
	const size_t n = sizeof(texts) / sizeof(*texts);

	for (size_t i = 0; i < n; i++) {
		*texts[i] = text_dup(reply_text(reply_at(reply, i)));
		if (!*texts[i])
			return err_raise(ERR_NOMEM, "why=%s", "job");
	}
	out->made_ms = reply_int(reply_at(reply, n));
	out->done_ms = reply_int(reply_at(reply, n + 1));
	return 0;
}

int
store_job_get(struct store *store, struct job *out, const char *id)
{
	static const char *const fields[] = { "account",    "shop",   "shop_id",
		                              "pos_id",     "name",   "reserve",
		                              "account_id", "state",  "why",
		                              "made_ms",    "done_ms" };
	redisReply *reply = NULL;
	struct args a = { 0 };
	int r;

	*out = (struct job){ 0 };
	args_adds(&a, "HMGET");
	args_add_key(&a, store, "job:", id);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		args_adds(&a, fields[i]);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	r = reply_is_nil(reply_at(reply, 0)) ? JOB_ABSENT : decode(out, reply);
	freeReplyObject(reply);
	if (r)
		job_fini(out);
	return r;
}

void
job_fini(struct job *job)
{
	free(job->account);
	free(job->shop);
	free(job->shop_id);
	free(job->pos_id);
	free(job->name);
	free(job->reserve);
	free(job->account_id);
	free(job->state);
	free(job->why);
	*job = (struct job){ 0 };
}

int
store_job_note(struct store *store, const char *id, const char *state,
               const char *why)
{
	struct args a = { 0 };

	args_adds(&a, id);
	args_adds(&a, state);
	args_adds(&a, why);
	args_addi(&a, clock_wall_ms());
	return store_eval_int(store, NULL, SCRIPT_JOB_NOTE, note_script, &a);
}
