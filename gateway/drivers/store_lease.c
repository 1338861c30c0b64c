/*
 * Leases:
 *
 *   lease:NAME  string  "token owner", expires by itself
 *   leases      hash    name -> the same of the last holder, for ever: a lease
 *                       that ran out and that nobody else took goes on under
 *                       its old token, so a call longer than the lease ends
 *                       nothing
 */
#include "gateway/drivers/store_lease.h"

#include <string.h>

#include "gateway/base/err.h"
#include "gateway/drivers/store_internal.h"

/* ARGV: name, owner, ttl in ms (0: release). -> token, 0 when taken. */
static const char lease_script[] =
	"local P = KEYS[1]\n"
	"local k = P..'lease:'..ARGV[1]\n"
	"local v = redis.call('GET', k)\n"
	"local token, owner\n"
	"if v then token, owner = v:match('^(%d+) (.*)$')\n"
	"else\n"
	"  local last = redis.call('HGET', P..'leases', ARGV[1]) or ''\n"
	"  local t, o = last:match('^(%d+) (.*)$')\n"
	"  if o == ARGV[2] then token = t end\n"
	"end\n"
	"if owner and owner ~= ARGV[2] then return 0 end\n"
	"if ARGV[3] == '0' then redis.call('DEL', k) return 0 end\n"
	"token = token or tostring(redis.call('INCR', P..'tick'))\n"
	"local held = token..' '..ARGV[2]\n"
	"if redis.call('HGET', P..'leases', ARGV[1]) ~= held then\n"
	"  redis.call('HSET', P..'leases', ARGV[1], held) end\n"
	"redis.call('SET', k, held, 'PX', ARGV[3])\n"
	"return tonumber(token)\n";

static int
run(struct store *store, int64_t *token, const char *name, const char *owner,
    int64_t ttl_ms)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, name);
	args_adds(&a, owner);
	args_addi(&a, ttl_ms);
	r = store_eval(store, &reply, SCRIPT_LEASE, lease_script, &a);
	if (r)
		return r;
	*token = reply_int(reply);
	freeReplyObject(reply);
	return *token ? 0 : LEASE_TAKEN;
}

int
store_lease_hold(struct store *store, int64_t *token, const char *name,
                 const char *owner, int64_t ttl_ms)
{
	return run(store, token, name, owner, ttl_ms);
}

int
store_lease_owner(struct store *store, char **out, const char *name)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	const char *blank;
	char *owner = NULL;
	int r;

	args_adds(&a, "GET");
	args_add_key(&a, store, "lease:", name);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	blank = strchr(reply_text(reply), ' ');
	if (blank)
		owner = text_dup(blank + 1);
	if (blank && !owner)
		r = err_raise(ERR_NOMEM, "why=%s", "lease");
	freeReplyObject(reply);
	if (!r)
		*out = owner;
	return r;
}

int
store_lease_release(struct store *store, const char *name, const char *owner)
{
	int64_t token;
	int r = run(store, &token, name, owner, 0);

	return r < 0 ? r : 0;
}
