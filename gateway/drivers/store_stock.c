/*
 * What the stock rule works with:
 *
 *   stock:SKU        hash  balance, tick, at, from, drop
 *   pend:SKU         hash  entry id -> "STATE QTY TICK"; STATE is W (waiting,
 *                          uncertain, refused), P (being posted), C (confirmed
 *                          at TICK), H (held, counts nothing)
 *   pub:ACCOUNT      hash  sku -> "QTY SOLD", what the channel showed last
 *   sold:ACCOUNT     hash  sku -> all units sold there, as known
 *   suspect:ACCOUNT  hash  sku -> "SINCE QTY MONO" of a fall that is unexplained
 *   held:ACCOUNT     hash  sku -> since when its zero is held for a person
 *   refused:ACCOUNT  hash  sku -> "GENERATION WAIT UNTIL" of a look that the
 *                          channel refused
 *   holds            zset  channels with held zeros, by time
 *   changed:ACCOUNT  zset  "channel\nsku" collected by a sync of ACCOUNT
 *
 * Quantities are canonical decimal text (decimal_format); scripts compare them
 * as text and never calculate with them: Lua knows only doubles.
 */
#include "gateway/drivers/store_stock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_internal.h"
#include "gateway/drivers/store_timeline.h"

enum { PAGE = 500, VIEW_FIXED = 15 };

/*
 * ARGV: authority, tick, now, fetched, cause, then for each balance: sku, qty,
 * generation of its mark or '', origin, cause, ids that settle ('*': all that
 * were confirmed before the read), drop carried over. -> reads discarded.
 */
static const char balances_script[] = LUA_MARK LUA_SETTLE
	"local auth, tick, now, fetched, cause = unpack(ARGV, 1, 5)\n"
	"tick = tonumber(tick)\n"
	"local function judge(sku, spec)\n"
	"  local all, ids = call('HGETALL', P..'pend:'..sku), {}\n"
	"  for j = 1, #all, 2 do\n"
	"    local st, at = all[j + 1]:match('^(%a) %S+ (%d+)$')\n"
	"    if st == 'P' or st == 'C' and tonumber(at) > tick then\n"
	"      return end\n"
	"    if st == 'C' and (spec == '*' or\n"
	"       spec:find('\\n'..all[j]..'\\n', 1, true)) then\n"
	"      ids[#ids + 1] = all[j] end\n"
	"  end\n"
	"  return ids\n"
	"end\n"
	"local function announce(sku, mcause, origin)\n"
	"  if cause ~= 'y' then\n"
	"    mark_channels(sku, auth, mcause, origin, fetched, 0)\n"
	"    return\n"
	"  end\n"
	"  for _, f in ipairs(call('HKEYS', P..'item:'..sku)) do\n"
	"    local a = f:match('^x:(.+)$')\n"
	"    if a and a ~= auth then\n"
	"      call('ZADD', P..'changed:'..auth, 0, a..'\\n'..sku) end\n"
	"  end\n"
	"end\n"
	/* A call names an item whose zero is held: nothing moved since the sync
	   that held it, but a look caused by a call is never held. */
	"local function unhold(sku, mcause, origin)\n"
	"  for _, f in ipairs(call('HKEYS', P..'item:'..sku)) do\n"
	"    local a = f:match('^x:(.+)$')\n"
	"    if a and call('HEXISTS', P..'held:'..a, sku) == 1 then\n"
	"      mark(a, 'i:'..sku, mcause, origin, fetched, 0) end\n"
	"  end\n"
	"end\n"
	"local lost = 0\n"
	"for i = 6, #ARGV, 7 do\n"
	"  local sku, qty, gen, origin, mcause, spec, drop =\n"
	"        unpack(ARGV, i, i + 6)\n"
	"  local k = P..'stock:'..sku\n"
	"  local old = call('HMGET', k, 'balance', 'tick', 'from')\n"
	"  local ids = judge(sku, spec)\n"
	"  if not ids then\n"
	"    lost = lost + 1\n"
	"    if gen == '' then mark(auth, 'i:'..sku, 's', origin, 0, 0) end\n"
	"  else\n"
	"    local same = old[3] == auth\n"
	"    if tonumber(old[2] or '0') < tick then\n"
	"      call('HSET', k, 'balance', qty, 'tick', ARGV[2],\n"
	"                 'at', now, 'from', auth, 'drop', drop)\n"
	"      for _, id in ipairs(ids) do settle(sku, id) end\n"
	"      if not same or old[1] ~= qty or #ids > 0 then\n"
	"        announce(sku, mcause, origin)\n"
	"      elseif mcause ~= 'y' then unhold(sku, mcause, origin) end\n"
	"      if #ids > 0 then adopt(sku) end\n"
	/* Two rows of one list that differ: two warehouses, or nonsense. A row
	   from before the last read: which of the two moments was later there? */
	"    elseif same and old[1] ~= qty then\n"
	"      lost = lost + 1\n"
	"      if old[2] == ARGV[2] then call('HDEL', k, 'from')\n"
	"      else mark(auth, 'i:'..sku, 'y', 0, 0, 0) end\n"
	"    end\n"
	"    if gen ~= '' then unmark(auth, 'i:'..sku, gen) end\n"
	"  end\n"
	"end\n"
	"return lost\n";

/* ARGV: account, skus… -> an array for each. */
static const char view_script[] =
	"local P = KEYS[1]\n" LUA_COUNTS "local a = ARGV[1]\n"
	"local out = {}\n"
	"for i = 2, #ARGV do\n"
	"  local s = ARGV[i]\n"
	"  local item = redis.call('HMGET', P..'item:'..s, 'authority',\n"
	"                          'reserve', 'x:'..a, 'w:'..a)\n"
	"  local st = redis.call('HMGET', P..'stock:'..s, 'from',\n"
	"                        'balance', 'at')\n"
	"  local v = {item[1] or '', item[2] or '', item[3] or '',\n"
	"    st[1] or '', st[2] or '', st[3] or '',\n"
	"    redis.call('HGET', P..'pub:'..a, s) or '',\n"
	"    redis.call('HGET', P..'sold:'..a, s) or '0',\n"
	"    redis.call('HGET', P..'suspect:'..a, s) or '0',\n"
	"    redis.call('HGET', P..'held:'..a, s) or '0',\n"
	"    st[1] and redis.call('ZSCORE', P..'changed:'..st[1],\n"
	"                         a..'\\n'..s) or '',\n"
	"    redis.call('ZSCORE', P..'oversold', s) or '',\n"
	"    redis.call('HGET', P..'refused:'..a, s) or '',\n"
	"    item[4] or '0',\n"
	"    redis.call('HGET', P..'cursor:'..a, 'lost') or '0'}\n"
	"  local pend = redis.call('HGETALL', P..'pend:'..s)\n"
	"  for j = 1, #pend, 2 do\n"
	"    v[#v + 1] = counts(pend[j], pend[j + 1])\n"
	"  end\n"
	"  out[#out + 1] = v\n"
	"end\n"
	"return out\n";

/* ARGV: account, then sku, qty, sold, generation or ''. */
static const char published_script[] =
	LUA_MARK "local a = ARGV[1]\n"
		 "for i = 2, #ARGV, 4 do\n"
		 "  local sku = ARGV[i]\n"
		 "  redis.call('HSET', P..'pub:'..a, sku,\n"
		 "             ARGV[i + 1]..' '..ARGV[i + 2])\n"
		 "  redis.call('HDEL', P..'suspect:'..a, sku)\n"
		 "  redis.call('HDEL', P..'held:'..a, sku)\n"
		 "  redis.call('HDEL', P..'refused:'..a, sku)\n"
		 "  if ARGV[i + 3] ~= '' then\n"
		 "    unmark(a, 'i:'..sku, ARGV[i + 3]) end\n"
		 "end\n"
		 "return 1\n";

/* ARGV: channel, now, skus…: take them off the marks, remember them. */
static const char hold_script[] =
	"local P = KEYS[1]\n"
	"for i = 3, #ARGV do\n"
	"  redis.call('HSET', P..'held:'..ARGV[1], ARGV[i], ARGV[2])\n"
	"end\n"
	"redis.call('ZADD', P..'holds', ARGV[2], ARGV[1])\n"
	"return 1\n";

static void
add_balance(struct args *a, const struct stock_read *read,
            const struct stock_balance *b)
{
	char qty[DECIMAL_TEXT_SIZE];
	char cause[2] = { (char)read->cause, '\0' };

	if (b->mark)
		cause[0] = (char)b->mark->cause;
	args_adds(a, b->sku);
	args_adds(a, decimal_format(qty, b->qty));
	if (b->mark)
		args_addi(a, b->mark->generation);
	else
		args_adds(a, "");
	args_addi(a, b->mark ? b->mark->origin_ms : 0);
	args_adds(a, cause);
}

int
store_stock_balances(struct store *store, const struct stock_read *read,
                     const struct stock_balance *balances, size_t n,
                     size_t *n_discarded)
{
	struct args a = { 0 };
	char cause[2] = { (char)read->cause, '\0' };
	int64_t discarded = 0;
	int r = 0;

	args_adds(&a, read->authority);
	args_addi(&a, read->tick);
	args_addi(&a, clock_wall_ms());
	args_addi(&a, read->fetched_ms);
	args_adds(&a, cause);
	for (size_t i = 0; !r && i < n; i++) {
		add_balance(&a, read, &balances[i]);
		if (read->settle == STOCK_POSTED) {
			args_adds(&a, "*");
			args_adds(&a, "0");
		} else {
			r = stock_choose_observed(store, &a, read,
			                          &balances[i]);
		}
	}
	if (r) {
		args_fini(&a);
		return r;
	}
	r = store_eval_int(store, &discarded, SCRIPT_BALANCES, balances_script,
	                   &a);
	if (n_discarded)
		*n_discarded = (size_t)discarded;
	return r;
}

/* ---- views ---- */

/* A copy; NULL for none. Out of memory must not look like "not bound". */
static char *
text_or_null(const redisReply *r, bool *is_broken)
{
	char *copy = *reply_text(r) ? text_dup(reply_text(r)) : NULL;

	*is_broken |= *reply_text(r) && !copy;
	return copy;
}

/* "A B" as two decimals. */
static bool
parse_pair(struct decimal *a, struct decimal *b, const char *text)
{
	const char *blank = strchr(text, ' ');

	return blank && !decimal_nparse(a, text, (size_t)(blank - text)) &&
	       !decimal_parse(b, blank + 1);
}

/* "GENERATION WAIT UNTIL", -GENERATION for what is not there; else it is not
   refused. */
static void
decode_refused(struct stock_view *out, const char *text)
{
	char *end;

	out->refused_generation = strtoll(text, &end, 10);
	out->is_absent = out->refused_generation < 0;
	if (out->is_absent)
		out->refused_generation = -out->refused_generation;
	out->refused_wait_ms = strtoll(end, &end, 10);
	out->refused_until_ms = strtoll(end, &end, 10);
}

/* Its end is missing as versions before wrote it. */
static void
decode_suspicion(struct stock_suspicion *out, const redisReply *r)
{
	const char *fall = strchr(reply_text(r), ' ');
	const char *mono = fall ? strchr(fall + 1, ' ') : NULL;

	*out = (struct stock_suspicion){ .since_ms = reply_int(r) };
	if (mono)
		out->since_mono_ms = strtoll(mono, NULL, 10);
	if (fall)
		(void)decimal_nparse(&out->fall, fall + 1,
		                     mono ? (size_t)(mono - fall - 1)
		                          : strlen(fall + 1));
}

static int
decode_view(struct stock_view *out, const char *sku, const redisReply *r)
{
	struct decimal d;
	bool is_broken = false;

	*out = (struct stock_view){
		.sku = text_dup(sku),
		.authority = text_or_null(reply_at(r, 0), &is_broken),
		.external = text_or_null(reply_at(r, 2), &is_broken),
		.balance_from = text_or_null(reply_at(r, 3), &is_broken),
		.balance_at_ms = reply_int(reply_at(r, 5)),
		.is_held = reply_int(reply_at(r, 9)) != 0,
		.is_collected = *reply_text(reply_at(r, 10)) != '\0',
		.is_oversold = *reply_text(reply_at(r, 11)) != '\0',
		.bound_ms = reply_int(reply_at(r, 13)),
		.lost_ms = reply_int(reply_at(r, 14)),
	};
	decode_refused(out, reply_text(reply_at(r, 12)));
	decode_suspicion(&out->suspicion, reply_at(r, 8));
	out->has_reserve =
		!decimal_parse(&out->reserve, reply_text(reply_at(r, 1)));
	if (out->balance_from &&
	    decimal_parse(&out->balance, reply_text(reply_at(r, 4)))) {
		free(out->balance_from); /* unreadable is unknown */
		out->balance_from = NULL;
	}
	out->has_published = parse_pair(&out->published, &out->sold_then,
	                                reply_text(reply_at(r, 6)));
	if (!decimal_parse(&d, reply_text(reply_at(r, 7))))
		out->sold = d;
	for (size_t i = VIEW_FIXED; i < reply_n(r); i++)
		if (!decimal_parse(&d, reply_text(reply_at(r, i))))
			out->pending = decimal_add(out->pending, d);
	return out->sku && !is_broken ? 0
	                              : err_raise(ERR_NOMEM, "why=%s", "view");
}

int
store_stock_view(struct store *store, struct stock_view *out,
                 const char *account, const char *const *skus, size_t n)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	memset(out, 0, n * sizeof(*out));
	if (!n)
		return 0;
	args_adds(&a, account);
	for (size_t i = 0; i < n; i++)
		args_adds(&a, skus[i]);
	r = store_eval(store, &reply, SCRIPT_STOCK, view_script, &a);
	if (r)
		return r;
	for (size_t i = 0; !r && i < n; i++)
		r = decode_view(&out[i], skus[i], reply_at(reply, i));
	freeReplyObject(reply);
	for (size_t i = 0; r && i < n; i++)
		stock_view_fini(&out[i]);
	return r;
}

void
stock_view_fini(struct stock_view *view)
{
	free(view->sku);
	free(view->authority);
	free(view->external);
	free(view->balance_from);
	*view = (struct stock_view){ 0 };
}

int
store_stock_published(struct store *store, const char *account,
                      const struct stock_published *rows, size_t n)
{
	struct args a = { 0 };
	char text[DECIMAL_TEXT_SIZE];

	if (!n)
		return 0;
	args_adds(&a, account);
	for (size_t i = 0; i < n; i++) {
		args_adds(&a, rows[i].sku);
		args_adds(&a, decimal_format(text, rows[i].qty));
		args_adds(&a, decimal_format(text, rows[i].sold));
		if (rows[i].mark)
			args_addi(&a, rows[i].mark->generation);
		else
			args_adds(&a, "");
	}
	return store_eval_int(store, NULL, SCRIPT_PUBLISHED, published_script,
	                      &a);
}

int
store_stock_suspect(struct store *store, const char *account, const char *sku,
                    const struct stock_suspicion *s)
{
	char qty[DECIMAL_TEXT_SIZE];
	char value[DECIMAL_TEXT_SIZE + 48];
	struct args a = { 0 };

	(void)snprintf(value, sizeof(value), "%lld %s %lld",
	               (long long)s->since_ms, decimal_format(qty, s->fall),
	               (long long)s->since_mono_ms);
	args_adds(&a, "HSET");
	args_add_key(&a, store, "suspect:", account);
	args_adds(&a, sku);
	args_adds(&a, value);
	return store_call_int(store, NULL, &a);
}

int
store_stock_refused(struct store *store, const char *account, const char *sku,
                    int64_t generation, int64_t wait_ms, int64_t until_ms)
{
	char value[80];
	struct args a = { 0 };

	(void)snprintf(value, sizeof(value), "%lld %lld %lld",
	               (long long)generation, (long long)wait_ms,
	               (long long)until_ms);
	args_adds(&a, "HSET");
	args_add_key(&a, store, "refused:", account);
	args_adds(&a, sku);
	args_adds(&a, value);
	return store_call_int(store, NULL, &a);
}

/* ---- the guard ---- */

int
store_stock_changed(struct store *store, const char *sync_account,
                    const char *channel, const char *sku)
{
	struct args a = { 0 };
	char *member = text_format("%s\n%s", channel, sku);

	args_adds(&a, "ZADD");
	args_add_key(&a, store, "changed:", sync_account);
	args_adds(&a, "0");
	args_adds(&a, member);
	a.is_broken |= !member;
	free(member);
	return store_call_int(store, NULL, &a);
}

/* One page of members above `from`. */
static int
changed_page(struct store *store, redisReply **out, const char *sync_account,
             const char *from)
{
	struct args a = { 0 };

	args_adds(&a, "ZRANGEBYLEX");
	args_add_key(&a, store, "changed:", sync_account);
	args_adds(&a, from);
	args_adds(&a, "+");
	args_adds(&a, "LIMIT");
	args_adds(&a, "0");
	args_addi(&a, PAGE);
	return store_call(store, out, &a);
}

int
store_stock_each_changed(struct store *store, const char *sync_account,
                         int (*visit)(void *ctx, const char *channel,
                                      const char *sku),
                         void *ctx)
{
	struct buf from = BUF_INIT;
	size_t n = PAGE;
	int r = 0;

	buf_adds(&from, "-");
	while (!r && n == PAGE) {
		redisReply *reply = NULL;

		r = changed_page(store, &reply, sync_account, buf_text(&from));
		if (r)
			break;
		n = reply_n(reply);
		for (size_t i = 0; !r && i < n; i++) {
			redisReply *member = reply->element[i];
			char *line = strchr(member->str, '\n');

			buf_reset(&from);
			buf_addf(&from, "(%s", member->str);
			*line = '\0';
			r = visit(ctx, member->str, line + 1);
		}
		freeReplyObject(reply);
	}
	buf_fini(&from);
	return r;
}

int
store_stock_forget_changed(struct store *store, const char *sync_account)
{
	struct args a = { 0 };

	args_adds(&a, "DEL");
	args_add_key(&a, store, "changed:", sync_account);
	return store_call_int(store, NULL, &a);
}

int
store_stock_hold(struct store *store, const char *channel,
                 const char *const *skus, size_t n)
{
	struct args a = { 0 };

	if (!n)
		return 0;
	args_adds(&a, channel);
	args_addi(&a, clock_wall_ms());
	for (size_t i = 0; i < n; i++)
		args_adds(&a, skus[i]);
	return store_eval_int(store, NULL, SCRIPT_HOLD, hold_script, &a);
}

int
store_stock_count_held(struct store *store, int64_t *out, const char *channel)
{
	struct args a = { 0 };

	args_adds(&a, "HLEN");
	args_add_key(&a, store, "held:", channel);
	return store_call_int(store, out, &a);
}

/* ARGV: channel, "1" to release. -> what was held. */
static const char unhold_script[] =
	LUA_MARK "local k = P..'held:'..ARGV[1]\n"
		 "local skus = redis.call('HKEYS', k)\n"
		 "if ARGV[2] == '1' then\n"
		 "  for _, s in ipairs(skus) do\n"
		 "    mark(ARGV[1], 'i:'..s, 'o', 0, 0, 0) end\n"
		 "end\n"
		 "redis.call('DEL', k)\n"
		 "redis.call('ZREM', P..'holds', ARGV[1])\n"
		 "return skus\n";

int
store_stock_unhold(struct store *store, const char *channel, bool release,
                   int64_t *n)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, channel);
	args_adds(&a, release ? "1" : "0");
	r = store_eval(store, &reply, SCRIPT_UNHOLD, unhold_script, &a);
	*n = (int64_t)reply_n(reply);
	for (int64_t i = 0; !r && !release && i < *n; i++)
		store_timeline_add(store,
		                   reply_text(reply_at(reply, (size_t)i)),
		                   clock_wall_ms(), TIMELINE_LEFT, channel,
		                   "not written: a person dropped its zero");
	store_timeline_flush(store);
	freeReplyObject(reply);
	return r;
}
