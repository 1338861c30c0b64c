/*
 * What enters the ledger: entries made from a sale or sent by a shop, and a held
 * return that goes again, each with all that changes with it in one script.
 *
 *   key:KEY            string  "digest id" of what came with a key, 40 days
 */
#include "gateway/drivers/store_ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_internal.h"

/* 40 days; design.md asks for 35. */
#define SALE_KEEP_S  "3456000"
#define SALE_KEEP_MS "3456000000"

/*
 * new_entry(account, sale, origin, now, at): write the entry that stands at
 * ARGV[at]: id, authority, doc, state, why, what is pending ("1" all, "+" what
 * is sold, "0" nothing: it only keeps the item's authority), counted list of
 * sku, qty. -> the place behind it.
 */
#define LUA_NEW \
	LUA_MARK_ONE LUA_MARK_CHANNELS \
		"local function new_entry(account, sale, origin, now, at)\n" \
		"  local id, auth, doc, state, why, pending, n =\n" \
		"        unpack(ARGV, at, at + 6)\n" \
		"  local lines = ''\n" \
		"  at = at + 7\n" \
		"  for _ = 1, n do\n" \
		"    local sku, qty = ARGV[at], ARGV[at + 1]\n" \
		"    at = at + 2\n" \
		"    lines = lines..sku..'\\t'..qty..'\\n'\n" \
		"    if pending == '1' or\n" \
		"       pending == '+' and qty:sub(1, 1) ~= '-' then\n" \
		"      call('HSET', P..'pend:'..sku, id, 'W '..qty..' " \
		"0')\n" \
		"      mark_channels(sku, auth, 's', origin, now, 0)\n" \
		"    else\n" \
		"      call('HSET', P..'pend:'..sku, id, 'H '..qty..' " \
		"0')\n" \
		"    end\n" \
		"  end\n" \
		"  call('HSET', P..'entry:'..id, 'doc', doc, 'state', " \
		"state,\n" \
		"    'authority', auth, 'account', account, 'sale', sale,\n" \
		"    'lines', lines, 'open', n, 'attempts', 0, 'why', why,\n" \
		"    'origin', origin, 'made_ms', now)\n" \
		"  if state == 'ready' then\n" \
		"    call('ZADD', P..'queue:'..auth, 0, id)\n" \
		"    wake(auth)\n" \
		"  else call('ZADD', P..'entries:'..state, now, id) " \
		"end\n" \
		"  if state == 'uncertain' then\n" \
		"    mark(auth, 'y:lookup', 's', origin, 0, 0) end\n" \
		"  return at\n" \
		"end\n"

/*
 * ARGV: account, sale, revision, now, closed, origin, version, usual authority,
 * four counted lists:
 * lines (uid, sku, what is entered), waiting (uid, external; '': no more), sold
 * (sku, qty), entries as new_entry() reads them.
 */
static const char apply_script[] = LUA_NEW
	"local account, sale, rev, now, closed, origin, version, usual =\n"
	"      unpack(ARGV, 1, 8)\n"
	"local k = P..'sale:'..account..':'..sale\n"
	"if (call('HGET', k, 'rev') or '0') ~= rev then return 1 end\n"
	"local at = 9\n"
	"local function take(n)\n"
	"  local t = {unpack(ARGV, at, at + n - 1)}\n"
	"  at = at + n\n"
	"  return unpack(t)\n"
	"end\n"
	"local W, T = P..'waiting:'..account, P..'waited:'..account\n"
	"local function leave(uid)\n"
	"  local x = call('HGET', k, 'w:'..uid)\n"
	"  if not x then return end\n"
	"  call('HDEL', k, 'w:'..uid)\n"
	"  call('ZREM', W, x..'\\n'..sale)\n"
	"  call('ZREM', T, x..'\\n'..sale)\n"
	"end\n"
	"call('HSET', k, 'rev', rev + 1, 'closed', closed,\n"
	"           'version', version, 'usual', usual)\n"
	"for _ = 1, take(1) do\n"
	"  local uid, sku, entered = take(3)\n"
	"  call('HSET', k, 'l:'..uid, sku..'\\t'..entered)\n"
	"  leave(uid)\n"
	"end\n"
	"for _ = 1, take(1) do\n"
	"  local uid, x = take(2)\n"
	"  leave(uid)\n"
	"  if x ~= '' then call('HSET', k, 'w:'..uid, x) end\n"
	"end\n"
	/* Of all that waits: two lines may wait for one thing. */
	"local all = call('HGETALL', k)\n"
	"for i = 1, #all, 2 do\n"
	"  if all[i]:sub(1, 2) == 'w:' then\n"
	"    call('ZADD', W, 0, all[i + 1]..'\\n'..sale)\n"
	"    call('ZADD', T, now, all[i + 1]..'\\n'..sale)\n"
	"  end\n"
	"end\n"
	/* What nobody ever binds must not pile up. */
	"for _, m in ipairs(call('ZRANGEBYSCORE', T, '-inf',\n"
	"    now - " SALE_KEEP_MS ", 'LIMIT', 0, 100)) do\n"
	"  call('ZREM', W, m)\n"
	"  call('ZREM', T, m)\n"
	"end\n"
	"for _ = 1, take(1) do\n"
	"  local sku, qty = take(2)\n"
	"  call('HSET', P..'sold:'..account, sku, qty)\n"
	"end\n"
	"for _ = 1, take(1) do\n"
	"  call('HINCRBY', k, 'n:'..ARGV[at + 1], 1)\n"
	"  if ARGV[at + 5] == '0' then\n"
	"    call('HSET', k, 'h:'..ARGV[at], rev + 1) end\n"
	"  at = new_entry(account, sale, origin, now, at)\n"
	"end\n"
	"call('EXPIRE', k, " SALE_KEEP_S ")\n"
	"return 0\n";

/*
 * ARGV: account, sale, revision, now, entry, why, two counted lists: lines (uid,
 * sku, what is entered), sold (sku, qty).
 */
static const char withdraw_script[] = LUA_MARK_ONE LUA_MARK_CHANNELS
	"local account, sale, rev, now, id, why = unpack(ARGV, 1, 6)\n"
	"local k, e = P..'sale:'..account..':'..sale, P..'entry:'..id\n"
	"if (call('HGET', k, 'rev') or '0') ~= rev or\n"
	"   call('HGET', e, 'state') ~= 'held' then return 1 end\n"
	"call('HSET', k, 'rev', rev + 1)\n"
	"call('HDEL', k, 'h:'..id)\n"
	"local at = 8\n"
	"for _ = 1, ARGV[7] do\n"
	"  call('HSET', k, 'l:'..ARGV[at], ARGV[at + 1]..'\\t'..ARGV[at + 2])\n"
	"  at = at + 3\n"
	"end\n"
	"for i = at + 1, at + 2 * ARGV[at], 2 do\n"
	"  call('HSET', P..'sold:'..account, ARGV[i], ARGV[i + 1])\n"
	"end\n"
	"call('INCR', P..'tick')\n"
	"call('HSET', e, 'state', 'dropped', 'why', why)\n"
	"call('EXPIRE', e, " SALE_KEEP_S ")\n"
	"call('ZREM', P..'entries:held', id)\n"
	"for sku in call('HGET', e, 'lines'):gmatch('([^\\n]+)\\t') do\n"
	"  call('HDEL', P..'pend:'..sku, id)\n"
	"  mark_channels(sku, '', 's', 0, now, 0)\n"
	"  adopt(sku)\n"
	"end\n"
	"return 0\n";

/*
 * ARGV: account, sale, now, digest, key or '', then an entry as new_entry()
 * reads it, with an empty doc when nothing shall be added. What is remembered
 * stays so for as long again: an entry outlives every key that led to it.
 */
static const char add_script[] = LUA_NEW
	"local account, sale, now, digest, key, id, auth, doc, state =\n"
	"      unpack(ARGV, 1, 9)\n"
	"local k, kk = P..'entry:'..id, P..'key:'..key\n"
	"local mine = digest..' '..id\n"
	"local used = key ~= '' and call('GET', kk)\n"
	"if used and used ~= mine then return 8 end\n"
	"local old = call('HGET', k, 'digest')\n"
	"if old and old ~= digest then return 7 end\n"
	"if not old and doc == '' then return 0 end\n"
	"if key ~= '' then\n"
	"  call('SET', kk, mine, 'EX', " SALE_KEEP_S ") end\n"
	"if old then\n"
	"  if call('TTL', k) >= 0 then\n"
	"    call('EXPIRE', k, " SALE_KEEP_S ") end\n"
	"  return 6\n"
	"end\n"
	"new_entry(account, sale, now, now, 6)\n"
	"call('HSET', k, 'digest', digest)\n"
	"return 0\n";

/* ---- applying a look at a sale ---- */

static void
add_decimal(struct args *a, struct decimal d)
{
	char text[DECIMAL_TEXT_SIZE];

	args_adds(a, decimal_format(text, d));
}

static void
add_entered(struct args *a, const struct ledger_line *line)
{
	char entered[2 * DECIMAL_TEXT_SIZE];
	char qty[DECIMAL_TEXT_SIZE];
	char gross[DECIMAL_TEXT_SIZE] = "";

	if (line->has_gross)
		(void)decimal_format(gross, line->gross);
	(void)snprintf(entered, sizeof(entered), "%s%s%s",
	               decimal_format(qty, line->entered),
	               line->has_gross ? "\t" : "", gross);
	args_adds(a, entered);
}

/* Lines of one entry by sku: an item sold on two lines is pending once. */
static void
add_entry_lines(struct args *a, const struct entry *entry)
{
	size_t n = 0;
	size_t at = a->n;

	args_adds(a, "");
	for (size_t i = 0; i < entry->n_lines; i++) {
		const char *sku = entry->lines[i].sku;
		struct decimal sum = DECIMAL_ZERO;
		bool is_first = true;

		for (size_t j = 0; j < entry->n_lines; j++) {
			if (strcmp(entry->lines[j].sku, sku) != 0)
				continue;
			is_first &= j >= i;
			sum = decimal_add(sum, entry->lines[j].qty);
		}
		if (!is_first)
			continue;
		args_adds(a, sku);
		add_decimal(a, sum);
		n++;
	}
	args_set_int(a, at, (int64_t)n);
}

static void
add_entry(struct args *a, const struct ledger_new *new, const char *pending)
{
	struct buf doc = BUF_INIT;

	entry_encode(&doc, new->entry);
	args_adds(a, new->entry->id);
	args_adds(a, new->entry->authority);
	args_add(a, buf_text(&doc), doc.n);
	args_adds(a, new->state);
	args_adds(a, new->why);
	args_adds(a, pending);
	add_entry_lines(a, new->entry);
	if (buf_check(&doc))
		a->is_broken = true;
	buf_fini(&doc);
}

static void
add_totals(struct args *a, const struct ledger_change *change)
{
	args_addi(a, (int64_t)change->n_lines);
	for (size_t i = 0; i < change->n_lines; i++) {
		args_adds(a, change->lines[i].uid);
		args_adds(a, change->lines[i].sku);
		add_entered(a, &change->lines[i]);
	}
}

static void
add_sold(struct args *a, const struct ledger_change *change)
{
	args_addi(a, (int64_t)change->n_sold);
	for (size_t i = 0; i < change->n_sold; i++) {
		args_adds(a, change->sold[i].sku);
		add_decimal(a, change->sold[i].entered);
	}
}

int
store_ledger_apply(struct store *store, const struct ledger_change *change)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, change->account);
	args_adds(&a, change->sale);
	args_addi(&a, change->revision);
	args_addi(&a, clock_wall_ms());
	args_addi(&a, change->closed_ms);
	args_addi(&a, change->origin_ms);
	args_addi(&a, change->version);
	args_adds(&a, change->usual);
	add_totals(&a, change);
	args_addi(&a, (int64_t)change->n_waiting);
	for (size_t i = 0; i < change->n_waiting; i++) {
		args_adds(&a, change->waiting[i].uid);
		args_adds(&a, change->waiting[i].external);
	}
	add_sold(&a, change);
	args_addi(&a, (int64_t)change->n_entries);
	for (size_t i = 0; i < change->n_entries; i++)
		add_entry(&a, &change->entries[i],
		          change->entries[i].is_pending ? "1" : "0");
	r = store_eval(store, &reply, SCRIPT_SALE, apply_script, &a);
	if (r)
		return r;
	r = (int)reply_int(reply); /* 0 or LEDGER_STALE */
	freeReplyObject(reply);
	return r;
}

/* ---- taking a held return back ---- */

int
store_ledger_withdraw(struct store *store, const struct ledger_change *change,
                      const char *id)
{
	struct args a = { 0 };
	int64_t answer = 0;
	int r;

	args_adds(&a, change->account);
	args_adds(&a, change->sale);
	args_addi(&a, change->revision);
	args_addi(&a, clock_wall_ms());
	args_adds(&a, id);
	args_adds(&a, "taken back by a later version of its sale");
	add_totals(&a, change);
	add_sold(&a, change);
	r = store_eval_int(store, &answer, SCRIPT_WITHDRAW, withdraw_script,
	                   &a);
	return r ? r : (int)answer; /* 0 or LEDGER_STALE */
}

/* ---- what a shop sends ---- */

int
store_ledger_add(struct store *store, const struct entry *entry,
                 const char *digest)
{
	const struct ledger_new new = { entry, "ready", "", true };

	return store_ledger_add_new(store, &new, digest, NULL);
}

int
store_ledger_add_new(struct store *store, const struct ledger_new *new,
                     const char *digest, const char *key)
{
	struct args a = { 0 };
	int64_t answer = 0;
	int r;

	args_adds(&a, new->entry->account);
	args_adds(&a, new->entry->sale);
	args_addi(&a, clock_wall_ms());
	args_adds(&a, digest);
	args_adds(&a, key);
	add_entry(&a, new, new->is_pending ? "1" : "+");
	r = store_eval_int(store, &answer, SCRIPT_ENTRY_ADD, add_script, &a);
	return r ? r : (int)answer;
}

int
store_ledger_known(struct store *store, const char *id, const char *digest,
                   const char *key)
{
	struct args a = { 0 };
	int64_t answer = 0;
	int r;

	args_adds(&a, "");
	args_adds(&a, "");
	args_addi(&a, clock_wall_ms());
	args_adds(&a, digest);
	args_adds(&a, key);
	args_adds(&a, id);
	args_adds(&a, "");
	args_adds(&a, ""); /* no document: add nothing */
	args_adds(&a, "");
	r = store_eval_int(store, &answer, SCRIPT_ENTRY_ADD, add_script, &a);
	return r ? r : (int)answer;
}
