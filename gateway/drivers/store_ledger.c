/*
 * Sales and entries:
 *
 *   sale:ACCOUNT:ID    hash  rev, closed, version, usual, n:AUTHORITY (entries made); per line: l:UID
 *                            "SKU\tQTY\tGROSS" entered so far (GROSS missing:
 *                            not known), w:UID its external id while not
 *                            bound; h:ENTRY, a return that began as held, the
 *                            rev that made it. Kept 40 days.
 *   waiting:ACCOUNT    zset  "external\nsale", all scores 0: lines that wait for
 *                            a binding, as long as their sale is remembered
 *   waited:ACCOUNT     zset  the same, by time
 *   entry:ID           hash  doc, state, authority, account, sale, lines
 *                            ("SKU QTY" a line), open, attempts, why, origin,
 *                            made_ms, confirmed_ms; digest of what was asked
 *                            for, when a shop sent it; unsure: it may be there
 *   key:KEY            string  "digest id" of what came with a key, 40 days
 *   queue:AUTHORITY    zset  entries ready to post, by due time
 *   entries:STATE      zset  posting, uncertain, refused, held, confirmed
 *   cursor:ACCOUNT     hash  sales, bound, start, lost, …
 *
 * An entry changes state only through move() below, which moves its pending
 * quantities, its place in the sets and the marks that follow in one script.
 */
#include "gateway/drivers/store_ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_internal.h"
#include "gateway/drivers/store_timeline.h"

/* 40 days; design.md asks for 35. */
#define SALE_KEEP_S  "3456000"
#define SALE_KEEP_MS "3456000000"

enum { DUE_AHEAD_MAX_MS = 120000 };

/* Items behind one ref that are looked at when one of them was sold. */
#define ALIKE_MAX "100"

/*
 * alike(a, sku), defined by who confirms: what shares a ref with this item
 * at its authority may share its stock (a single and its packs), so it is
 * looked at as well.
 * move(id, state, now, why, due): give an entry a new state; one without lines
 * is settled as soon as it is confirmed. pend(k, id, st, at): set its pending
 * quantities; st nil removes them. An entry is unsure from when its document
 * may be there though nobody knows; what came back by it then no longer counts.
 */
#define LUA_ENTRY \
	LUA_MARK_ONE LUA_MARK_CHANNELS \
		"local function each_sku(k, f)\n" \
		"  for sku, q in call('HGET', k, 'lines'):gmatch(\n" \
		"    '([^\\n]+)\\t([^\\n]+)') do f(sku, q) end\n" \
		"end\n" \
		"local function pend(k, id, st, at)\n" \
		"  each_sku(k, function (sku, q)\n" \
		"    if st then call('HSET', P..'pend:'..sku, id,\n" \
		"      st..' '..q..' '..at)\n" \
		"    else call('HDEL', P..'pend:'..sku, id) end end)\n" \
		"end\n" \
		"local alike\n" \
		"local function move(id, state, now, why, due)\n" \
		"  local k = P..'entry:'..id\n" \
		"  local old, auth, origin = unpack(call('HMGET', k,\n" \
		"    'state', 'authority', 'origin'))\n" \
		"  local tick = call('INCR', P..'tick')\n" \
		"  if state == 'confirmed' then\n" \
		"    call('HSET', k, 'confirmed_ms', now)\n" \
		"    if call('HGET', k, 'open') == '0' then\n" \
		"      state = 'settled' end\n" \
		"  end\n" \
		"  local is_over = state == 'dropped' or state == 'settled'\n" \
		"  call('HSET', k, 'state', state, 'why', why)\n" \
		"  if (state == 'uncertain' or old == 'uncertain' or\n" \
		"      old == 'posting' and state ~= 'confirmed') and\n" \
		"     call('HSETNX', k, 'unsure', 1) == 1 then\n" \
		"    each_sku(k, function (sku, q)\n" \
		"      if q:sub(1, 1) == '-' then\n" \
		"        mark_channels(sku, auth, 's', origin, now, 0) end " \
		"end)\n" \
		"  end\n" \
		"  if state == 'ready' then\n" \
		"    call('ZADD', P..'queue:'..auth, due, id)\n" \
		"    wake(auth)\n" \
		"  elseif not is_over then\n" \
		"    call('ZADD', P..'entries:'..state, now, id) end\n" \
		"  if state == 'confirmed' then\n" \
		"    pend(k, id, 'C', tick)\n" \
		"    each_sku(k, function (sku)\n" \
		"      mark(auth, 'i:'..sku, 's', origin, 0, 0)\n" \
		"      alike(auth, sku) end)\n" \
		"  elseif is_over then pend(k, id)\n" \
		"  elseif state == 'posting' then pend(k, id, 'P', tick)\n" \
		"  else pend(k, id, 'W', 0) end\n" \
		"  if state == 'dropped' or old == 'held' then\n" \
		"    each_sku(k, function (sku)\n" \
		"      mark_channels(sku, auth, 's', origin, now, 0) end)\n" \
		"  end\n" \
		"  if old == 'ready' then\n" \
		"    if state ~= 'ready' then\n" \
		"      call('ZREM', P..'queue:'..auth, id) end\n" \
		"  elseif old ~= state then\n" \
		"    call('ZREM', P..'entries:'..old, id) end\n" \
		"  if is_over then\n" \
		"    each_sku(k, adopt)\n" \
		"    call('EXPIRE', k, " SALE_KEEP_S ") end\n" \
		"end\n"

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

/* ARGV: authority, now, lease, token, ahead. */
static const char begin_script[] = LUA_ENTRY
	"local auth, now, ahead =\n"
	"  ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[5])\n"
	"local held = call('GET', P..'lease:'..ARGV[3]) or ''\n"
	"if held:match('^(%d+) ') ~= ARGV[4] then return {-1} end\n"
	"local q = P..'queue:'..auth\n"
	"local due = call('ZRANGEBYSCORE', q, '-inf', now, 'LIMIT', 0, 1)\n"
	"if #due == 0 then due = call('ZRANGEBYSCORE', q,\n"
	"  '('..(now + ahead), '+inf', 'LIMIT', 0, 1) end\n"
	"if #due == 0 then\n"
	"  local next = call('ZRANGE', q, 0, 0, 'WITHSCORES')\n"
	"  return {0, next[2] or '0'}\n"
	"end\n"
	"local id = due[1]\n"
	"local k = P..'entry:'..id\n"
	"move(id, 'posting', ARGV[2], '', 0)\n"
	"call('HINCRBY', k, 'attempts', 1)\n"
	"local v = call('HMGET', k, 'doc', 'attempts', 'origin')\n"
	"return {1, v[1], v[2], v[3]}\n";

/* ARGV: id, new state, now, why, due, states it may come from (" a b "), the
   attempt it must be at; 0: any. */
static const char move_script[] = LUA_ENTRY
	"alike = function (a, sku)\n"
	"  local refs = call('HGET', P..'item:'..sku, 'r:'..a) or ''\n"
	"  for ref in refs:gmatch('[^\\n]+') do\n"
	"    local from = '['..ref..'\\n'\n"
	"    for _, m in ipairs(call('ZRANGEBYLEX', P..'refs:'..a, from,\n"
	"      from..'\\255', 'LIMIT', 0, " ALIKE_MAX ")) do\n"
	"      local other = m:sub(#ref + 2)\n"
	"      if other ~= sku then\n"
	"        mark(a, 'i:'..other, 's', 0, 0, 0) end\n"
	"    end\n"
	"  end\n"
	"end\n"
	"local state, attempts = unpack(call('HMGET',\n"
	"  P..'entry:'..ARGV[1], 'state', 'attempts'))\n"
	"if not state then return 3 end\n"
	"if ARGV[7] ~= '0' and ARGV[7] ~= attempts then return 5 end\n"
	"if not ARGV[6]:find(' '..state..' ', 1, true) then return 4 end\n"
	"move(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])\n"
	"return 0\n";

/* ---- what is remembered of a sale ---- */

/* "QTY\tGROSS", or "QTY" where it is not known what was booked for that. */
static void
read_entered(struct ledger_line *line, const char *text)
{
	size_t n = strcspn(text, "\t");

	(void)decimal_nparse(&line->entered, text, n);
	line->has_gross = text[n] && !decimal_parse(&line->gross, text + n + 1);
}

/* A line more, of which its uid is known; NULL without memory. */
static struct ledger_line *
grow_lines(struct ledger_sale *out, const char *uid)
{
	struct ledger_line *line =
		realloc(out->lines, (out->n_lines + 1) * sizeof(*line));

	if (!line)
		return NULL;
	out->lines = line;
	line += out->n_lines++;
	*line = (struct ledger_line){ .uid = text_dup(uid) };
	return line->uid ? line : NULL;
}

static int
add_line(struct ledger_sale *out, const char *uid, const char *value)
{
	struct ledger_line *line = grow_lines(out, uid);
	size_t n = strcspn(value, "\t");

	if (!line)
		return err_raise(ERR_NOMEM, "why=%s", "sale");
	line->sku = text_ndup(value, n);
	read_entered(line, value + n + (value[n] == '\t'));
	return line->sku ? 0 : ERR_NOMEM;
}

static int
add_waiting(struct ledger_sale *out, const char *uid, const char *external)
{
	struct ledger_line *line = grow_lines(out, uid);

	if (!line)
		return err_raise(ERR_NOMEM, "why=%s", "sale");
	line->has_gross = true; /* nothing was booked, so that is known */
	line->external = text_dup(external);
	return line->external ? 0 : ERR_NOMEM;
}

/* The last one made goes first. */
static int
add_held(struct ledger_sale *out, const char *id, int64_t revision)
{
	struct ledger_held *grown =
		realloc(out->held, (out->n_held + 1) * sizeof(*grown));
	char *copy = text_dup(id);
	size_t at = out->n_held;

	if (grown)
		out->held = grown;
	if (!grown || !copy) {
		free(copy);
		return err_raise(ERR_NOMEM, "why=%s", "sale");
	}
	for (; at > 0 && grown[at - 1].revision < revision; at--)
		grown[at] = grown[at - 1];
	grown[at] = (struct ledger_held){ copy, revision };
	out->n_held++;
	return 0;
}

static int
add_count(struct ledger_sale *out, const char *authority, int64_t n)
{
	struct ledger_entries *grown = realloc(
		out->entries, (out->n_authorities + 1) * sizeof(*grown));

	if (!grown)
		return err_raise(ERR_NOMEM, "why=%s", "sale");
	out->entries = grown;
	grown += out->n_authorities++;
	*grown = (struct ledger_entries){ text_dup(authority), n };
	return grown->authority ? 0 : ERR_NOMEM;
}

int64_t
ledger_sale_entries(const struct ledger_sale *sale, const char *authority)
{
	for (size_t i = 0; i < sale->n_authorities; i++)
		if (!strcmp(sale->entries[i].authority, authority))
			return sale->n_before + sale->entries[i].n;
	return sale->n_before;
}

int
store_ledger_sale(struct store *store, struct ledger_sale *out,
                  const char *account, const char *sale)
{
	struct args a = { 0 };
	struct buf key = BUF_INIT;
	redisReply *reply = NULL;
	int r;

	*out = (struct ledger_sale){ 0 };
	buf_addf(&key, "sale:%s:%s", account, sale);
	args_adds(&a, "HGETALL");
	args_add_key(&a, store, buf_text(&key), NULL);
	buf_fini(&key);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	for (size_t i = 0; !r && i + 1 < reply_n(reply); i += 2) {
		const char *field = reply_text(reply_at(reply, i));
		const redisReply *value = reply_at(reply, i + 1);

		if (!strcmp(field, "rev"))
			out->revision = reply_int(value);
		else if (!strcmp(field, "version"))
			out->version = reply_int(value);
		else if (!strcmp(field, "usual"))
			out->usual = text_dup(reply_text(value));
		else if (!strcmp(field, "n"))
			out->n_before = reply_int(value);
		else if (!strncmp(field, "n:", 2))
			r = add_count(out, field + 2, reply_int(value));
		else if (!strncmp(field, "l:", 2))
			r = add_line(out, field + 2, reply_text(value));
		else if (!strncmp(field, "w:", 2))
			r = add_waiting(out, field + 2, reply_text(value));
		else if (!strncmp(field, "h:", 2))
			r = add_held(out, field + 2, reply_int(value));
	}
	freeReplyObject(reply);
	if (r)
		ledger_sale_fini(out);
	return r;
}

void
ledger_sale_fini(struct ledger_sale *sale)
{
	for (size_t i = 0; i < sale->n_lines; i++) {
		free(sale->lines[i].uid);
		free(sale->lines[i].sku);
		free(sale->lines[i].external);
	}
	for (size_t i = 0; i < sale->n_held; i++)
		free(sale->held[i].id);
	free(sale->held);
	for (size_t i = 0; i < sale->n_authorities; i++)
		free(sale->entries[i].authority);
	free(sale->lines);
	free(sale->entries);
	free(sale->usual);
	*sale = (struct ledger_sale){ 0 };
}

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
store_ledger_held(struct store *store, struct entry *out, const char *id)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	const redisReply *doc;
	int r;

	args_adds(&a, "HMGET");
	args_add_key(&a, store, "entry:", id);
	args_adds(&a, "state");
	args_adds(&a, "doc");
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	doc = reply_at(reply, 1);
	if (reply_is_nil(doc))
		r = LEDGER_ABSENT;
	else if (strcmp(reply_text(reply_at(reply, 0)), "held") != 0)
		r = LEDGER_UNFIT;
	else if ((r = entry_decode(out, doc->str, doc->len)) > 0)
		r = err_raise(ERR_BUG, "why=%s", "stored entry");
	freeReplyObject(reply);
	return r;
}

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

int
store_ledger_sold(struct store *store, struct decimal *out, const char *account,
                  const char *const *skus, size_t n)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	if (!n)
		return 0;
	args_adds(&a, "HMGET");
	args_add_key(&a, store, "sold:", account);
	for (size_t i = 0; i < n; i++)
		args_adds(&a, skus[i]);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		out[i] = DECIMAL_ZERO;
		(void)decimal_parse(&out[i], reply_text(reply_at(reply, i)));
	}
	freeReplyObject(reply);
	return 0;
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

static int
fill_state(struct ledger_state *out, const redisReply *fields)
{
	const char *why = reply_text(reply_at(fields, 2));
	const redisReply *doc = reply_at(fields, 1);
	struct entry entry = { 0 };
	int r = entry_decode(&entry, doc->str, doc->len);

	if (r)
		return r > 0 ? err_raise(ERR_BUG, "why=%s", "stored entry") : r;
	*out = (struct ledger_state){
		.docid = entry.docid,
		.authority = entry.authority,
		.why = *why ? text_dup(why) : NULL,
		.attempts = reply_int(reply_at(fields, 3)),
		.made_ms = reply_int(reply_at(fields, 4)),
		.confirmed_ms = reply_int(reply_at(fields, 5)),
	};
	(void)snprintf(out->state, sizeof(out->state), "%s",
	               reply_text(reply_at(fields, 0)));
	entry.docid = NULL;
	entry.authority = NULL;
	entry_fini(&entry);
	return 0;
}

int
store_ledger_state(struct store *store, struct ledger_state *out,
                   const char *id)
{
	static const char *const names[] = { "state",   "doc",
		                             "why",     "attempts",
		                             "made_ms", "confirmed_ms" };
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, "HMGET");
	args_add_key(&a, store, "entry:", id);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		args_adds(&a, names[i]);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	r = reply_is_nil(reply_at(reply, 1)) ? LEDGER_ABSENT
	                                     : fill_state(out, reply);
	freeReplyObject(reply);
	return r;
}

void
ledger_state_fini(struct ledger_state *state)
{
	free(state->docid);
	free(state->authority);
	free(state->why);
	*state = (struct ledger_state){ 0 };
}

/* ---- posting ---- */

int
store_ledger_begin(struct store *store, struct entry *out, unsigned *attempts,
                   int64_t *origin_ms, int64_t *next_due_ms,
                   const char *authority, const char *lease, int64_t token)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	const redisReply *doc;
	int64_t state;
	int r;

	args_adds(&a, authority);
	args_addi(&a, clock_wall_ms());
	args_adds(&a, lease);
	args_addi(&a, token);
	args_addi(&a, DUE_AHEAD_MAX_MS);
	r = store_eval(store, &reply, SCRIPT_ENTRY_BEGIN, begin_script, &a);
	if (r)
		return r;
	state = reply_int(reply_at(reply, 0));
	if (state < 0) {
		r = LEDGER_FENCED;
	} else if (!state) {
		*next_due_ms = reply_int(reply_at(reply, 1));
		r = LEDGER_EMPTY;
	} else {
		doc = reply_at(reply, 1);
		r = entry_decode(out, doc->str, doc->len);
		*attempts = (unsigned)reply_int(reply_at(reply, 2));
		*origin_ms = reply_int(reply_at(reply, 3));
		if (r > 0)
			r = err_raise(ERR_BUG, "why=%s", "stored entry");
	}
	freeReplyObject(reply);
	return r;
}

/* Where an entry goes, and from where it may. */
struct move {
	const char *state;
	const char *why;
	int64_t due_ms;
	const char *from; /* " a b " */
	unsigned attempt; /* 0: any */
};

/* Returns 0, LEDGER_ABSENT, LEDGER_UNFIT, LEDGER_FENCED, ERR_STORE. */
static int
move_entry(struct store *store, const char *id, const struct move *move)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, id);
	args_adds(&a, move->state);
	args_addi(&a, clock_wall_ms());
	args_adds(&a, move->why);
	args_addi(&a, move->due_ms);
	args_adds(&a, move->from);
	args_addi(&a, move->attempt);
	r = store_eval(store, &reply, SCRIPT_ENTRY_MOVE, move_script, &a);
	if (r)
		return r;
	r = (int)reply_int(reply);
	freeReplyObject(reply);
	return r;
}

static const char *
state_after(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_DONE: return "confirmed";
	case VERDICT_RETRY: return "ready";
	case VERDICT_SLOW: return "ready";
	case VERDICT_LOCKED: return "ready";
	case VERDICT_ABSENT: return "ready";
	case VERDICT_REFUSED: return "refused";
	case VERDICT_UNCERTAIN: return "uncertain";
	}
	return "uncertain";
}

int
store_ledger_end(struct store *store, const char *id, unsigned attempt,
                 const struct outcome *outcome, int64_t due_ms)
{
	/* It is there: true also when a look-up that was too early made the
	   entry ready again. */
	bool is_there = outcome->verdict == VERDICT_DONE;
	const struct move move = {
		.state = state_after(outcome->verdict),
		.why = outcome->why,
		.due_ms = due_ms,
		.from = is_there ? " posting uncertain ready "
		                 : " posting uncertain ",
		.attempt = attempt,
	};
	int r = move_entry(store, id, &move);

	/* A person was quicker (confirm, drop): theirs stands. */
	return r == LEDGER_UNFIT || r == LEDGER_ABSENT ? 0 : r;
}

/* doc of entry:ID when it belongs to the authority and still is in that state:
   a visit before may have taken long, and a person decided meanwhile. */
static int
visit_entry(struct store *store, const char *id, const char *authority,
            const char *state,
            int (*visit)(void *ctx, const struct entry *entry,
                         unsigned attempts),
            void *ctx)
{
	struct args a = { 0 };
	struct entry entry = { 0 };
	redisReply *reply = NULL;
	const redisReply *doc;
	int r;

	args_adds(&a, "HMGET");
	args_add_key(&a, store, "entry:", id);
	args_adds(&a, "authority");
	args_adds(&a, "doc");
	args_adds(&a, "attempts");
	args_adds(&a, "state");
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	doc = reply_at(reply, 1);
	if (!reply_is_nil(doc) &&
	    !strcmp(reply_text(reply_at(reply, 3)), state) &&
	    !strcmp(reply_text(reply_at(reply, 0)), authority)) {
		r = entry_decode(&entry, doc->str, doc->len);
		if (r > 0)
			r = err_raise(ERR_BUG, "why=%s", "stored entry");
		if (!r)
			r = visit(ctx, &entry,
			          (unsigned)reply_int(reply_at(reply, 2)));
	}
	entry_fini(&entry);
	freeReplyObject(reply);
	return r;
}

int
store_ledger_each(struct store *store, const char *authority, const char *state,
                  int (*visit)(void *ctx, const struct entry *entry,
                               unsigned attempts),
                  void *ctx)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, "ZRANGE");
	args_add_key(&a, store, "entries:", state);
	args_adds(&a, "0");
	args_adds(&a, "-1"); /* ids only, and visiting takes some away */
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	for (size_t i = 0; !r && i < reply_n(reply); i++)
		r = visit_entry(store, reply_text(reply_at(reply, i)),
		                authority, state, visit, ctx);
	freeReplyObject(reply);
	return r;
}

int
store_ledger_count(struct store *store, int64_t *out, const char *state)
{
	return store_count(store, out, "ZCARD", "entries:", state);
}

int
store_ledger_count_ready(struct store *store, int64_t *out,
                         const char *authority)
{
	return store_count(store, out, "ZCARD", "queue:", authority);
}

int
store_ledger_count_waiting(struct store *store, int64_t *out,
                           const char *account)
{
	return store_count(store, out, "ZCARD", "waiting:", account);
}

/* ---- decisions of a person ---- */

int
store_ledger_decide(struct store *store, const char *id,
                    enum dead_action action)
{
	static const struct move moves[] = {
		[DEAD_RETRY] = { .state = "ready",
		                 .why = "",
		                 .from = " uncertain refused held " },
		[DEAD_CONFIRM] = { .state = "confirmed",
		                   .why = "",
		                   .from = " uncertain " },
		[DEAD_DROP] = { .state = "dropped",
		                .why = "dropped by a person",
		                .from = " uncertain refused held " },
	};
	int r = move_entry(store, id, &moves[action]);

	if (!r)
		store_timeline_decided(store, id, action);
	return r;
}

int
store_ledger_drop_ready(struct store *store, const char *id)
{
	const struct move move = { .state = "dropped",
		                   .why = "dropped by a person",
		                   .from = " ready " };
	int r = move_entry(store, id, &move);

	if (!r)
		store_timeline_decided(store, id, DEAD_DROP);
	return r;
}

/* ---- cursors ---- */

int
store_cursor_get(struct store *store, int64_t *out, const char *account,
                 const char *name)
{
	struct args a = { 0 };

	args_adds(&a, "HGET");
	args_add_key(&a, store, "cursor:", account);
	args_adds(&a, name);
	return store_call_int(store, out, &a);
}

int
store_cursor_set(struct store *store, const char *account, const char *name,
                 int64_t value)
{
	struct args a = { 0 };

	args_adds(&a, "HSET");
	args_add_key(&a, store, "cursor:", account);
	args_adds(&a, name);
	args_addi(&a, value);
	return store_call_int(store, NULL, &a);
}
