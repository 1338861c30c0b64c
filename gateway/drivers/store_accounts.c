/*
 * Accounts that come and go:
 *
 *   accounts         hash    name -> 1 configured, 0 gone, as of the last start
 *   value:authority  string  the default authority, as of the last start
 */
#include "gateway/drivers/store_accounts.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/err.h"
#include "gateway/drivers/store_internal.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/model/sale.h"

enum { PAGE = 500 };

/* ARGV: accounts. Who held a worker's lease was an account: installations from
   before this hash had no other list. */
static const char set_script[] =
	"local P, call = KEYS[1], redis.call\n"
	"local k = P..'accounts'\n"
	"for _, l in ipairs(call('HKEYS', P..'leases')) do\n"
	"  local a = l:match('^worker:(.+)$')\n"
	"  if a then call('HSETNX', k, a, '0') end\n"
	"end\n"
	"for _, a in ipairs(call('HKEYS', k)) do call('HSET', k, a, '0') end\n"
	"for i = 1, #ARGV do call('HSET', k, ARGV[i], '1') end\n"
	"return 1\n";

/* ARGV: authority, skus… -> how many keep it. One whose own authority waits
   (next) goes there later, the others back to the default ('' in next). */
static const char keep_script[] =
	"local P, call, n = KEYS[1], redis.call, 0\n"
	"for i = 2, #ARGV do\n"
	"  local k = P..'item:'..ARGV[i]\n"
	"  if call('EXISTS', P..'pend:'..ARGV[i]) == 1 and\n"
	"     call('HSETNX', k, 'authority', ARGV[1]) == 1 then\n"
	"    call('HSETNX', k, 'next', '')\n"
	"    n = n + 1\n"
	"  end\n"
	"end\n"
	"return n\n";

/* ARGV: entry or '', skus…. What is confirmed where the item is not bound any
   more, or at an account that is gone, is settled. */
static const char release_script[] = LUA_MARK LUA_SETTLE
	"local function release(sku)\n"
	"  local k, p = P..'item:'..sku, P..'pend:'..sku\n"
	"  local v = call('HMGET', k, 'next', 'authority')\n"
	"  local next, old = v[1], v[2]\n"
	"  local gone = next and old and\n"
	"    call('HGET', P..'accounts', old) == '0'\n"
	"  local all, rest = call('HGETALL', p), 0\n"
	"  for i = 1, #all, 2 do\n"
	"    local at = call('HGET', P..'entry:'..all[i], 'authority')\n"
	"    local there = at and call('HEXISTS', k, 't:'..at) == 1 and\n"
	"      not (gone and at == old)\n"
	"    if at and not there and all[i + 1]:sub(1, 1) == 'C' then\n"
	"      settle(sku, all[i])\n"
	"    elseif at == old then rest = rest + 1 end\n"
	"  end\n"
	"  if not gone then return adopt(sku) end\n"
	"  if rest > 0 then return end\n"
	"  call('HDEL', k, 'next', 'authority')\n"
	"  if next ~= '' then call('HSET', k, 'authority', next) end\n"
	"  mark_channels(sku, '', 'b', 0, 0, 0)\n"
	"end\n"
	"local lines = ARGV[1] ~= '' and\n"
	"  call('HGET', P..'entry:'..ARGV[1], 'lines') or ''\n"
	"for sku in lines:gmatch('([^\\n]+)\\t[^\\n]+') do release(sku) end\n"
	"for i = 2, #ARGV do release(ARGV[i]) end\n"
	"return 1\n";

/* ARGV: entry, where it lies, where it goes, its document with that. -> 1 when
   it stays: it was sent once, is on its way, or not all of its items agree. */
static const char readdress_script[] = LUA_MARK
	"local id, old, to, doc = unpack(ARGV)\n"
	"local k = P..'entry:'..id\n"
	"local e = call('HMGET', k, 'state', 'authority', 'attempts',\n"
	"               'lines')\n"
	"if e[1] ~= 'ready' or e[2] ~= old or e[3] ~= '0' or\n"
	"   call('HGET', P..'accounts', old) ~= '0' or\n"
	"   call('HGET', P..'accounts', to) ~= '1' then return 1 end\n"
	"for sku in e[4]:gmatch('([^\\n]+)\\t[^\\n]+') do\n"
	"  local v = call('HMGET', P..'item:'..sku, 'next', 'authority')\n"
	"  local at = v[1] or v[2] or ''\n"
	"  if at == '' then at = call('GET', P..'value:authority') end\n"
	"  if at ~= to then return 1 end\n"
	"end\n"
	"call('HSET', k, 'authority', to, 'doc', doc)\n"
	"call('ZREM', P..'queue:'..old, id)\n"
	"call('ZADD', P..'queue:'..to, 0, id)\n"
	"wake(to)\n"
	"return 0\n";

/* ---- which there are ---- */

int
store_accounts_set(struct store *store, const char *const *names, size_t n)
{
	struct args a = { 0 };

	for (size_t i = 0; i < n; i++)
		args_adds(&a, names[i]);
	return store_eval_int(store, NULL, SCRIPT_ACCOUNTS, set_script, &a);
}

/* Visit those in a state, "1" or "0"; NULL: all. */
static int
each(struct store *store, const char *state,
     int (*visit)(void *ctx, const char *account), void *ctx)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, "HGETALL");
	args_add_key(&a, store, "accounts", NULL);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	for (size_t i = 0; !r && i + 1 < reply_n(reply); i += 2)
		if (!state ||
		    !strcmp(reply_text(reply_at(reply, i + 1)), state))
			r = visit(ctx, reply_text(reply_at(reply, i)));
	freeReplyObject(reply);
	return r;
}

int
store_accounts_each(struct store *store,
                    int (*visit)(void *ctx, const char *account), void *ctx)
{
	return each(store, NULL, visit, ctx);
}

int
store_accounts_each_gone(struct store *store,
                         int (*visit)(void *ctx, const char *account),
                         void *ctx)
{
	return each(store, "0", visit, ctx);
}

int
store_accounts_is_gone(struct store *store, const char *account, bool *out)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, "HGET");
	args_add_key(&a, store, "accounts", NULL);
	args_adds(&a, account);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	*out = !strcmp(reply_text(reply), "0");
	freeReplyObject(reply);
	return 0;
}

struct stranded {
	struct store *store;
	int64_t n;
};

static int
count_one(void *ctx, const char *account)
{
	struct stranded *s = ctx;
	int64_t n = 0;
	int r = store_count(s->store, &n, "ZCARD", "queue:", account);

	s->n += n;
	return r;
}

int
store_accounts_count_stranded(struct store *store, int64_t *out)
{
	struct stranded s = { .store = store };
	int r = store_accounts_each_gone(store, count_one, &s);

	*out = s.n;
	return r;
}

/* ---- another default ---- */

struct keep {
	struct store *store;
	const char *old;
	struct args page;
	int64_t n;
};

static int
keep_page(struct keep *k)
{
	int64_t n = 0;
	int r = 0;

	if (k->page.n > 1)
		r = store_eval_int(k->store, &n, SCRIPT_KEEP, keep_script,
		                   &k->page);
	k->n += n;
	return r;
}

static int
keep_one(void *ctx, const char *sku)
{
	struct keep *k = ctx;
	int r = 0;

	if (!k->page.n)
		args_adds(&k->page, k->old);
	args_adds(&k->page, sku);
	if (k->page.n > PAGE)
		r = keep_page(k);
	return r;
}

int
store_accounts_keep_authority(struct store *store, const char *old,
                              int64_t *n_kept)
{
	struct keep k = { .store = store, .old = old };
	int r = store_registry_each(store, keep_one, &k);

	if (!r)
		r = keep_page(&k);
	args_fini(&k.page);
	*n_kept = k.n;
	return r;
}

/* ---- what is at its end ---- */

int
store_accounts_release(struct store *store, const char *entry, const char *sku)
{
	struct args a = { 0 };

	args_adds(&a, entry);
	if (sku)
		args_adds(&a, sku);
	return store_eval_int(store, NULL, SCRIPT_RELEASE, release_script, &a);
}

int
store_accounts_release_all(struct store *store)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, "ZRANGE");
	args_add_key(&a, store, "entries:", "confirmed");
	args_adds(&a, "0");
	args_adds(&a, "-1"); /* ids only, and releasing takes some away */
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	for (size_t i = 0; !r && i < reply_n(reply); i++)
		r = store_accounts_release(
			store, reply_text(reply_at(reply, i)), NULL);
	freeReplyObject(reply);
	return r;
}

/* ---- elsewhere ---- */

/* Where an item's entries go from now on; owned. */
static int
find_authority(struct store *store, char **out, const char *sku)
{
	struct args a = { 0 };
	struct buf value = BUF_INIT;
	redisReply *reply = NULL;
	const char *to;
	int r;

	args_adds(&a, "HMGET");
	args_add_key(&a, store, "item:", sku);
	args_adds(&a, "next");
	args_adds(&a, "authority");
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	to = reply_text(reply_at(reply, reply_is_nil(reply_at(reply, 0))));
	if (!*to)
		r = store_value_get(store, &value, "authority");
	if (!r)
		*out = text_dup(*to ? to : buf_text(&value));
	freeReplyObject(reply);
	buf_fini(&value);
	if (r == STORE_ABSENT)
		return ACCOUNTS_KEPT;
	return r || *out ? r : err_raise(ERR_NOMEM, "why=%s", "authority");
}

static int
readdress(struct store *store, struct entry *entry)
{
	char *old = entry->authority;
	struct args a = { 0 };
	struct buf doc = BUF_INIT;
	int64_t kept = 0;
	int r;

	entry->authority = NULL;
	r = find_authority(store, &entry->authority,
	                   entry->n_lines ? entry->lines[0].sku : "");
	if (!r) {
		entry_encode(&doc, entry);
		args_adds(&a, entry->id);
		args_adds(&a, old);
		args_adds(&a, entry->authority);
		args_add(&a, buf_text(&doc), doc.n);
		a.is_broken |= buf_check(&doc) != 0;
		r = store_eval_int(store, &kept, SCRIPT_READDRESS,
		                   readdress_script, &a);
	}
	free(old);
	buf_fini(&doc);
	return !r && kept ? ACCOUNTS_KEPT : r;
}

int
store_accounts_readdress(struct store *store, const char *entry)
{
	struct args a = { 0 };
	struct entry e = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, "HGET");
	args_add_key(&a, store, "entry:", entry);
	args_adds(&a, "doc");
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	r = reply_is_nil(reply) ? ACCOUNTS_KEPT
	                        : entry_decode(&e, reply->str, reply->len);
	if (r > 0 && !reply_is_nil(reply))
		r = err_raise(ERR_BUG, "why=%s", "stored entry");
	/* How a return is taken is for each authority to say. */
	if (!r)
		r = entry_is_return(&e) ? ACCOUNTS_KEPT : readdress(store, &e);
	entry_fini(&e);
	freeReplyObject(reply);
	return r ? r : store_accounts_release(store, entry, NULL);
}
