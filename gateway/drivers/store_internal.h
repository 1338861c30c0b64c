#ifndef DRIVERS_STORE_INTERNAL_H
#define DRIVERS_STORE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hiredis/hiredis.h>

#include "gateway/drivers/store.h"
#include "gateway/drivers/store_stock.h"

/*
 * What the store_*.c files share: building commands, running scripts, reading
 * replies. Nobody outside this family includes it.
 */

/* Every script there is; its text stands beside the function that runs it. */
enum store_script {
	SCRIPT_PUSH,
	SCRIPT_SETTLE,
	SCRIPT_BURY,
	SCRIPT_MARK,
	SCRIPT_MARKS_TAKE,
	SCRIPT_MARKS_CLEAR,
	SCRIPT_MARKS_POSTPONE,
	SCRIPT_BIND,
	SCRIPT_AUTHORITIES,
	SCRIPT_RESOLVED,
	SCRIPT_BALANCES,
	SCRIPT_STOCK,
	SCRIPT_PUBLISHED,
	SCRIPT_HOLD,
	SCRIPT_UNHOLD,
	SCRIPT_SALE,
	SCRIPT_WITHDRAW,
	SCRIPT_ENTRY_ADD,
	SCRIPT_ENTRY_BEGIN,
	SCRIPT_ENTRY_MOVE,
	SCRIPT_DEAD_RETRY,
	SCRIPT_LEASE,
	SCRIPT_LIST,
	SCRIPT_LIST_SWEEP,
	SCRIPT_SINCE,
	SCRIPT_FILE,
	SCRIPT_SYNC_LISTS,
	SCRIPT_MOVING,
	SCRIPT_TIMELINE,
	SCRIPT_EXPLAIN,
	SCRIPT_ACCOUNTS,
	SCRIPT_KEEP,
	SCRIPT_RELEASE,
	SCRIPT_READDRESS,
	SCRIPT_OVERSOLD,
	SCRIPT_OVERSOLD_NOTE,
	SCRIPT_VAULT_PUT,
	SCRIPT_VAULT_LOCK,
	SCRIPT_BUDGET,
	SCRIPT_ITEMS,
	SCRIPT_GET,
	SCRIPT_JOB_ADD,
	SCRIPT_JOB_NOTE,
	SCRIPT_COUNT,
};

/* What the store was made with. Borrowed. */
const struct store_options *store_options_of(const struct store *s);

/* Lines of timelines that wait to be written (store_timeline.c); they belong to
   the connection, so no thread shares them. NULL: none yet. */
struct store_timeline;
struct store_timeline **store_timeline_of(struct store *s);
void store_timeline_free(struct store_timeline *t);

/* A command under construction. Zeroed memory is empty; errors stick. */
struct args {
	union {
		char **v;
		const char **view; /* the same, as hiredis wants to see it */
	};
	size_t *len;
	size_t n, cap;
	bool is_broken;
};

void args_add(struct args *a, const void *p, size_t n);
void args_adds(struct args *a, const char *text); /* NULL adds "" */
void args_addi(struct args *a, int64_t n);

/* Replace one that stands there already, e.g. a count known only later. */
void args_set_int(struct args *a, size_t at, int64_t n);

/* The key `prefix:part[part2]`; part2 may be NULL. */
void args_add_key(struct args *a, const struct store *s, const char *part,
                  const char *part2);
void args_fini(struct args *a);

/*
 * Run a command and release its arguments, whatever happens.
 *
 * Returns  0 with a reply that is no error (freeReplyObject it), or ERR_STORE:
 *          on wire trouble the connection is gone; an error reply is logged.
 */
int store_call(struct store *s, redisReply **out, struct args *take);

/*
 * Run a script: KEYS[1] is the prefix with its colon, args are its ARGV.
 * NOSCRIPT reloads and repeats once (R7). Returns as store_call.
 *
 * text  the script's source; always the same text for one `which`
 */
int store_eval(struct store *s, redisReply **out, enum store_script which,
               const char *text, struct args *take);

/* The same where only the number in the reply matters; out NULL: not even
   that. */
int store_call_int(struct store *s, int64_t *out, struct args *take);
int store_eval_int(struct store *s, int64_t *out, enum store_script which,
                   const char *text, struct args *take);

/*
 * The same in two halves, so that the caller works while Redis does: send does
 * not wait, collect takes the oldest reply not yet taken (the number in it, as
 * store_eval_int). Both ERR_STORE as above; after one, what was sent is perhaps
 * done, and the store is not to be used again in this way. Meanwhile it runs no
 * other command, and only a script that its first send has loaded: a NOSCRIPT
 * comes too late to repeat anything.
 */
int store_eval_send(struct store *s, enum store_script which, const char *text,
                    struct args *take);
int store_eval_collect(struct store *s, int64_t *out);

/* COMMAND key: ZCARD, HLEN, XLEN, GET of a number; 0 when it is not there. */
int store_count(struct store *s, int64_t *out, const char *command,
                const char *key, const char *key2);

/* Like store_call for a command that may block; wait_ms is added to the
   connection's time-out. A nil reply is fine. */
int store_call_blocking(struct store *s, redisReply **out, struct args *take,
                        int64_t wait_ms);

/* Is this an error reply with that prefix? (Only where store_call_raw.) */
bool reply_is_error(const redisReply *r, const char *prefix);

/* As store_call, but error replies come back in *out too. */
int store_call_raw(struct store *s, redisReply **out, struct args *take);

/* Typed reading: what is not there or of another type reads as empty. */
const char *reply_text(const redisReply *r); /* "" */
int64_t reply_int(const redisReply *r);      /* text or integer; 0 */
size_t reply_n(const redisReply *r);         /* elements; 0 */
const redisReply *reply_at(const redisReply *r, size_t i); /* NULL */
bool reply_is_nil(const redisReply *r);

/* settle "observed": append the ids that settle with this balance, and the drop
   that is left (store_settle.c). */
int stock_choose_observed(struct store *store, struct args *to,
                          const struct stock_read *read,
                          const struct stock_balance *b);

/* Lua shared by scripts, put in front of a script's own text: P, call, mark(account,
   member, cause, origin, fetched, due), and adopt(sku): a new authority that
   waited for the item's entries takes effect when there are none. In pieces,
   for a script must not be longer than 4095 characters. */
#define LUA_MARK LUA_MARK_ONE LUA_UNMARK LUA_MARK_CHANNELS

#define LUA_MARK_ONE \
	"local P, call = KEYS[1], redis.call\n" \
	"local function wake(a)\n" \
	"  if call('LLEN', P..'wake:'..a) == 0 then\n" \
	"    call('LPUSH', P..'wake:'..a, '1') end\n" \
	"end\n" \
	"local function mark(a, m, cause, origin, fetched, due)\n" \
	"  local k, z = P..'mark:'..a, P..'marks:'..a\n" \
	"  local g = call('INCR', P..'tick')\n" \
	"  origin = tonumber(origin) or 0\n" \
	"  fetched = tonumber(fetched) or 0\n" \
	"  local old = call('HGET', k, m)\n" \
	"  if old then\n" \
	"    local c, o, f = old:match('^%d+ (%a) (%d+) (%d+)$')\n" \
	"    if c and c ~= 'y' and cause:find('[ay]') then cause = c end\n" \
	"    o = tonumber(o) or 0\n" \
	"    if o > 0 and (origin == 0 or o < origin) then\n" \
	"      origin, fetched = o, tonumber(f) or fetched\n" \
	"    end\n" \
	"  end\n" \
	"  call('HSET', k, m, string.format('%.0f %s %.0f %.0f',\n" \
	"             g, cause, origin, fetched))\n" \
	"  if old then call('ZADD', z, 'LT', due, m)\n" \
	"  else call('ZADD', z, due, m) end\n" \
	"  wake(a)\n" \
	"end\n"

/* Wants LUA_MARK. heard(account, member): the account itself speaks of an item.
   If it lacked that one, it is asked for soon, as after its first answer so. */
#define LUA_HEARD \
	"local function heard(a, m)\n" \
	"  local k, s = P..'refused:'..a, m:match('^i:(.+)$')\n" \
	"  local g, w, till = ((s and call('HGET', k, s)) or ''):match(\n" \
	"                         '^(%-%d+) (%d+) (%d+)$')\n" \
	"  local first = " LUA_FIRST_WAIT "\n" \
	"  if g and tonumber(w) > first then\n" \
	"    call('HSET', k, s, string.format('%s %.0f %.0f', g, first,\n" \
	"                                     till - w + first)) end\n" \
	"end\n"
#define LUA_FIRST_WAIT LUA_NUMBER(STOCK_FIRST_WAIT_MS)
#define LUA_NUMBER(n)  LUA_NUMBER_(n)
#define LUA_NUMBER_(n) #n

#define LUA_UNMARK \
	"local function unmark(a, m, g)\n" \
	"  local v = call('HGET', P..'mark:'..a, m)\n" \
	"  if not v or v:match('^(%d+) ') ~= g then return false end\n" \
	"  call('HDEL', P..'mark:'..a, m)\n" \
	"  call('ZREM', P..'marks:'..a, m)\n" \
	"  return true\n" \
	"end\n"

#define LUA_MARK_CHANNELS \
	"local function mark_channels(sku, but, cause, origin, fetched, " \
	"due)\n" \
	"  for _, f in ipairs(call('HKEYS', P..'item:'..sku)) do\n" \
	"    local a = f:match('^x:(.+)$')\n" \
	"    if a and a ~= but then\n" \
	"      mark(a, 'i:'..sku, cause, origin, fetched, due) end\n" \
	"  end\n" \
	"end\n" \
	"local function adopt(sku)\n" \
	"  local k = P..'item:'..sku\n" \
	"  local v = call('HGET', k, 'next')\n" \
	"  if v and call('EXISTS', P..'pend:'..sku) == 0 then\n" \
	"    call('HDEL', k, 'next', 'authority')\n" \
	"    if v ~= '' then call('HSET', k, 'authority', v) end\n" \
	"    mark_channels(sku, '', 'b', 0, 0, 0)\n" \
	"  end\n" \
	"end\n"

/* settle(sku, id), with LUA_MARK: this entry is inside the item's balance, or
   nobody will read one. */
#define LUA_SETTLE \
	"local function settle(sku, id)\n" \
	"  local k = P..'entry:'..id\n" \
	"  call('HDEL', P..'pend:'..sku, id)\n" \
	"  if call('HINCRBY', k, 'open', -1) <= 0 then\n" \
	"    call('HSET', k, 'state', 'settled')\n" \
	"    call('ZREM', P..'entries:confirmed', id)\n" \
	"    call('EXPIRE', k, 3456000)\n" \
	"  end\n" \
	"end\n"

/*
 * counts(id, v), wants P: what a field of pend:SKU adds to what is pending, as
 * text; nil: nothing. What came back counts only while it is certain that the
 * balance lacks it: counted twice, it would be sold twice.
 */
#define LUA_COUNTS \
	"local function counts(id, v)\n" \
	"  local st, q = v:match('^(%a) (%S+) ')\n" \
	"  if not q or st == 'H' then return nil end\n" \
	"  if q:sub(1, 1) ~= '-' then return q end\n" \
	"  local e = redis.call('HMGET', P..'entry:'..id, 'state', " \
	"'unsure')\n" \
	"  return e[1] ~= 'uncertain' and not e[2] and q or nil\n" \
	"end\n"

#endif
