/*
 * A month's calls, counted. A count is never taken back: a call whose fate is
 * unknown may have been counted by the vendor.
 */
#include "gateway/drivers/store_budget.h"

#include "gateway/base/buf.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_internal.h"

#include <stdlib.h>

/* Behind the month's end too, for a person who looks back at it. */
#define KEPT_MS (INT64_C(70) * 86400 * 1000)

/* ARGV: account and month, calls, '1' for a poll, free, seen, kept -> counted?,
   used, polls. */
static const char take_script[] =
	"local k = KEYS[1]..'budget:'..ARGV[1]\n"
	"local used = tonumber(redis.call('HGET', k, 'used') or '0')\n"
	"local polls = tonumber(redis.call('HGET', k, 'polls') or '0')\n"
	"if used >= tonumber(ARGV[2]) then return {0, used, polls} end\n"
	"used = redis.call('HINCRBY', k, 'used', 1)\n"
	"polls = redis.call('HINCRBY', k, 'polls', ARGV[3])\n"
	"redis.call('HSET', k, 'free', ARGV[4], 'seen', ARGV[5])\n"
	"redis.call('PEXPIRE', k, ARGV[6])\n"
	"return {1, used, polls}\n";

static char *
name_of(const char *account, const struct limit_month *month)
{
	return text_format("%s:%s", account, month->name);
}

int
store_budget_read(struct store *store, struct limit_budget *budget,
                  const char *account, const struct limit_month *month)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	char *name = name_of(account, month);
	int r;

	if (!name)
		return err_raise(ERR_NOMEM, "why=%s", "budget");
	args_adds(&a, "HMGET");
	args_add_key(&a, store, "budget:", name);
	args_adds(&a, "used");
	args_adds(&a, "polls");
	args_adds(&a, "free");
	args_adds(&a, "seen");
	free(name);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	budget->used = reply_int(reply_at(reply, 0));
	budget->polls = reply_int(reply_at(reply, 1));
	budget->free_ms = reply_int(reply_at(reply, 2));
	budget->seen_ms = reply_int(reply_at(reply, 3));
	freeReplyObject(reply);
	return 0;
}

int
store_budget_take(struct store *store, struct limit_budget *budget,
                  const char *account, const struct limit_month *month,
                  enum limit_work work)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	char *name = name_of(account, month);
	int r;

	if (!name)
		return err_raise(ERR_NOMEM, "why=%s", "budget");
	args_adds(&a, name);
	args_addi(&a, budget->calls);
	args_addi(&a, work == LIMIT_POLL);
	args_addi(&a, budget->free_ms);
	args_addi(&a, budget->seen_ms);
	args_addi(&a, KEPT_MS);
	free(name);
	r = store_eval(store, &reply, SCRIPT_BUDGET, take_script, &a);
	if (r)
		return r;
	r = reply_int(reply_at(reply, 0)) ? 0 : BUDGET_SPENT;
	budget->used = reply_int(reply_at(reply, 1));
	budget->polls = reply_int(reply_at(reply, 2));
	freeReplyObject(reply);
	return r;
}
