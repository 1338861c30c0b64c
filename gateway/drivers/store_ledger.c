/*
 * Entries and their states; store_ledger_new.c makes them, store_sale.c tells what
 * is remembered of a sale:
 *
 *   entry:ID           hash  doc, state, authority, account, sale, lines
 *                            ("SKU QTY" a line), open, attempts, why, origin,
 *                            made_ms, confirmed_ms; digest of what was asked
 *                            for, when a shop sent it; unsure: it may be there
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
#define SALE_KEEP_S "3456000"

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
 * A post that failed wakes nobody: who posted it knows, and a wake is a hint.
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
		"    if old ~= 'posting' then wake(auth) end\n" \
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

/* ---- how one is doing ---- */

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
