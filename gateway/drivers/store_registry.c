/*
 * Items and bindings:
 *
 *   items               zset  every sku, all scores 0 (ordered, pageable)
 *   item:SKU            hash  name, authority, reserve; per account: t:A as
 *                             typed, w:A when bound, x:A canonical id, r:A the
 *                             refs, one a line
 *   ext:ACCOUNT         hash  canonical id -> sku: one id is bound once
 *   refs:ACCOUNT        zset  "ref\nsku"
 *   unresolved:ACCOUNT  hash  sku -> why
 */
#include "gateway/drivers/store_registry.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_accounts.h"
#include "gateway/drivers/store_internal.h"

enum { PAGE = 500 };

/*
 * ARGV: now, then for each item its sku, has name, name, has authority,
 * authority, has reserve, reserve, number of pairs, and these: account, typed.
 * -> how many bindings changed, then the skus whose authority was given while
 * entries of theirs were pending. Nothing is forgotten of an item that is new,
 * and an account is marked once for all: so that many are written quickly.
 */
static const char bind_script[] = LUA_MARK_ONE LUA_MARK_CHANNELS LUA_SETTLE
	"local function unbind(sku, k, a)\n"
	"  local x = call('HGET', k, 'x:'..a)\n"
	"  for r in (call('HGET', k, 'r:'..a) or ''):gmatch('[^\\n]+')\n"
	"  do call('ZREM', P..'refs:'..a, r..'\\n'..sku) end\n"
	"  if x then call('HDEL', P..'ext:'..a, x) end\n"
	"  call('HDEL', k, 'x:'..a, 't:'..a, 'w:'..a, 'r:'..a)\n"
	"  for f in ('unresolved pub suspect held refused'):gmatch('%a+')\n"
	"  do call('HDEL', P..f..':'..a, sku) end\n"
	"  call('HDEL', P..'mark:'..a, 'i:'..sku)\n"
	"  call('ZREM', P..'marks:'..a, 'i:'..sku)\n"
	"  if call('HGET', P..'stock:'..sku, 'from') == a then\n"
	"    call('DEL', P..'stock:'..sku)\n"
	"    call('HSET', P..'stock:'..sku, 'tick',\n"
	"      call('INCR', P..'tick'))\n"
	"  end\n"
	/* No balance of it will be read there, so what is confirmed is over. */
	"  local all = call('HGETALL', P..'pend:'..sku)\n"
	"  for i = 1, #all, 2 do\n"
	"    if all[i + 1]:sub(1, 1) == 'C' and\n"
	"       call('HGET', P..'entry:'..all[i], 'authority') == a then\n"
	"      settle(sku, all[i]) end\n"
	"  end\n"
	"  adopt(sku)\n"
	"end\n"
	"local now, n, bound, waits, at = ARGV[1], 0, {}, {}, 2\n"
	"while ARGV[at] do\n"
	"  local sku, last = ARGV[at], at + 7 + 2 * ARGV[at + 7]\n"
	"  local k, moved = P..'item:'..sku, false\n"
	"  local is_new = call('ZADD', P..'items', 0, sku) == 1\n"
	"  local f = {'name', 'authority', 'reserve'}\n"
	"  for i = at + 8, last, 2 do f[#f + 1] = 't:'..ARGV[i] end\n"
	"  local old = is_new and {} or call('HMGET', k, unpack(f))\n"
	"  for i = 1, 3 do\n"
	"    if ARGV[at + 2 * i - 1] == '1' then\n"
	"      local v = ARGV[at + 2 * i]\n"
	"      local pends = i == 2 and\n"
	"        call('EXISTS', P..'pend:'..sku) == 1\n"
	"      if i == 2 and not is_new then call('HDEL', k, 'next') end\n"
	"      if pends then waits[#waits + 1] = sku end\n"
	"      if v ~= (old[i] or '') then\n"
	"        if pends then call('HSET', k, 'next', v)\n"
	"        elseif v == '' then call('HDEL', k, f[i])\n"
	"        else call('HSET', k, f[i], v) end\n"
	"        moved = moved or i > 1 and not pends\n"
	"      end\n"
	"    end\n"
	"  end\n"
	"  for i = 4, #f do\n"
	"    local a, typed = ARGV[at + 2 * i], ARGV[at + 2 * i + 1]\n"
	"    if (old[i] or '') ~= typed then\n"
	"      if not is_new then unbind(sku, k, a) end\n"
	"      n = n + 1\n"
	"      if typed ~= '' then\n"
	"        call('HSET', k, 't:'..a, typed, 'w:'..a, now)\n"
	"        call('HSET', P..'unresolved:'..a, sku,\n"
	"          'waits to be looked up')\n"
	"        bound[a] = true\n"
	"      end\n"
	"    end\n"
	"  end\n"
	"  if moved then mark_channels(sku, '', 'b', now, 0, 0) end\n"
	"  at = last + 1\n"
	"end\n"
	"for a in pairs(bound) do\n"
	"  call('HSETNX', P..'cursor:'..a, 'bound', now)\n"
	"  call('HSET', P..'cursor:'..a, 'binding', now)\n"
	"  mark(a, '" MARK_RESOLVE "', 'b', 0, 0, 0)\n"
	"end\n"
	"return {n, unpack(waits)}\n";

/* ARGV: account, sku, what was asked for, external, refs… -> 1, or 0 when
   taken. A binding typed anew meanwhile is not answered by this. */
static const char resolved_script[] = LUA_MARK
	"local a, sku, typed, x = ARGV[1], ARGV[2], ARGV[3], ARGV[4]\n"
	"local k = P..'item:'..sku\n"
	"if redis.call('HGET', k, 't:'..a) ~= typed then return 1 end\n"
	"local other = redis.call('HGET', P..'ext:'..a, x)\n"
	"if other and other ~= sku then return 0 end\n"
	"local refs = {}\n"
	"for i = 5, #ARGV do\n"
	"  refs[#refs + 1] = ARGV[i]\n"
	"  redis.call('ZADD', P..'refs:'..a, 0, ARGV[i]..'\\n'..sku)\n"
	"end\n"
	"redis.call('HSET', P..'ext:'..a, x, sku)\n"
	"redis.call('HSET', k, 'x:'..a, x, 'r:'..a, table.concat(refs, "
	"'\\n'))\n"
	"redis.call('HDEL', P..'unresolved:'..a, sku)\n"
	"mark(a, 'i:'..sku, 'b', 0, 0, 0)\n"
	"local w = P..'waiting:'..a\n"
	"for _, m in ipairs(redis.call('ZRANGEBYLEX', w, '['..x..'\\n',\n"
	"                              '['..x..'\\n\\255')) do\n"
	"  mark(a, 's:'..m:match('\\n(.*)$'), 'b', 0, 0, 0)\n"
	"end\n"
	"return 1\n";

static void
add_item(struct args *a, const struct item *item)
{
	char reserve[DECIMAL_TEXT_SIZE];

	args_adds(a, item->sku);
	args_adds(a, item->name ? "1" : "0");
	args_adds(a, item->name);
	args_adds(a, item->authority ? "1" : "0");
	args_adds(a, item->authority);
	args_adds(a, item->has_reserve || item->drops_reserve ? "1" : "0");
	args_adds(a, item->drops_reserve
	                     ? ""
	                     : decimal_format(reserve, item->reserve));
	args_addi(a, (int64_t)item->n_bindings);
	for (size_t i = 0; i < item->n_bindings; i++) {
		args_adds(a, item->bindings[i].account);
		args_adds(a, item->bindings[i].typed);
	}
}

int
store_registry_put_many(struct store *store, const struct item *items, size_t n,
                        size_t *n_changed)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_addi(&a, clock_wall_ms());
	for (size_t i = 0; i < n; i++)
		add_item(&a, &items[i]);
	r = store_eval(store, &reply, SCRIPT_BIND, bind_script, &a);
	if (r)
		return r;
	if (n_changed)
		*n_changed = (size_t)reply_int(reply_at(reply, 0));
	for (size_t i = 1; !r && i < reply_n(reply); i++)
		r = store_accounts_release(store, NULL,
		                           reply_text(reply_at(reply, i)));
	freeReplyObject(reply);
	return r;
}

int
store_registry_put(struct store *store, const struct item *item,
                   size_t *n_changed)
{
	return store_registry_put_many(store, item, 1, n_changed);
}

/* One field of item:SKU into the item. Bindings come as t:, x:, w: fields. */
static int
take_field(struct item *item, const char *field, const char *value)
{
	struct binding *b = NULL;

	if (!strcmp(field, "name"))
		item->name = text_dup(value);
	else if (!strcmp(field, "authority"))
		item->authority = text_dup(value);
	else if (!strcmp(field, "next"))
		item->next = text_dup(value);
	else if (!strcmp(field, "reserve"))
		item->has_reserve = !decimal_parse(&item->reserve, value);
	if (field[0] == '\0' || field[1] != ':')
		return 0;
	for (size_t i = 0; i < item->n_bindings && !b; i++)
		if (!strcmp(item->bindings[i].account, field + 2))
			b = &item->bindings[i];
	if (!b) {
		b = item_add_binding(item);
		if (!b)
			return ERR_NOMEM;
		b->account = text_dup(field + 2);
		if (!b->account)
			return ERR_NOMEM;
	}
	if (field[0] == 't')
		b->typed = text_dup(value);
	else if (field[0] == 'x')
		b->external = text_dup(value);
	else if (field[0] == 'w')
		b->bound_ms = strtoll(value, NULL, 10);
	return (field[0] == 't' && !b->typed) ||
	                       (field[0] == 'x' && !b->external)
	               ? ERR_NOMEM
	               : 0;
}

int
store_registry_get(struct store *store, struct item *out, const char *sku)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	*out = (struct item){ 0 };
	args_adds(&a, "ZSCORE");
	args_add_key(&a, store, "items", NULL);
	args_adds(&a, sku);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	r = reply_is_nil(reply) ? REGISTRY_ABSENT : 0;
	freeReplyObject(reply);
	if (r)
		return r;
	args_adds(&a, "HGETALL");
	args_add_key(&a, store, "item:", sku);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	out->sku = text_dup(sku);
	for (size_t i = 0; !r && i + 1 < reply_n(reply); i += 2)
		r = take_field(out, reply_text(reply_at(reply, i)),
		               reply_text(reply_at(reply, i + 1)));
	freeReplyObject(reply);
	if (!r && !out->sku)
		r = ERR_NOMEM;
	if (r)
		item_fini(out);
	return r;
}

/* ARGV: the sku before, '' at first; how many -> sku, its hash, sku, … */
static const char items_script[] =
	"local from = ARGV[1] == '' and '-' or '('..ARGV[1]\n"
	"local out = {}\n"
	"for _, sku in ipairs(redis.call('ZRANGEBYLEX', KEYS[1]..'items', "
	"from,\n"
	"    '+', 'LIMIT', 0, ARGV[2])) do\n"
	"  out[#out + 1] = sku\n"
	"  out[#out + 1] = redis.call('HGETALL', KEYS[1]..'item:'..sku)\n"
	"end\n"
	"return out\n";

/* One item of a page. Returns what visit does, or a fault. */
static int
visit_row(const char *sku, const redisReply *row,
          int (*visit)(void *ctx, struct item *item), void *ctx)
{
	struct item item = { .sku = text_dup(sku) };
	int r = item.sku ? 0 : err_raise(ERR_NOMEM, "why=%s", "item");

	for (size_t i = 0; !r && i + 1 < reply_n(row); i += 2)
		r = take_field(&item, reply_text(reply_at(row, i)),
		               reply_text(reply_at(row, i + 1)));
	if (!r)
		r = visit(ctx, &item);
	item_fini(&item);
	return r;
}

/* ARGV: skus -> the hash of each; nil: there is no such item. */
static const char get_script[] =
	"local out = {}\n"
	"for i, sku in ipairs(ARGV) do\n"
	"  out[i] = redis.call('ZSCORE', KEYS[1]..'items', sku) and\n"
	"    redis.call('HGETALL', KEYS[1]..'item:'..sku)\n"
	"end\n"
	"return out\n";

static int
take_whole(void *ctx, struct item *item)
{
	struct item *out = ctx;

	*out = *item;
	*item = (struct item){ .sku = NULL };
	return 0;
}

int
store_registry_get_many(struct store *store, struct item *out,
                        const char *const *skus, size_t n)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	for (size_t i = 0; i < n; i++) {
		out[i] = (struct item){ .sku = NULL };
		args_adds(&a, skus[i]);
	}
	r = store_eval(store, &reply, SCRIPT_GET, get_script, &a);
	if (r)
		return r;
	for (size_t i = 0; !r && i < n && i < reply_n(reply); i++)
		if (!reply_is_nil(reply_at(reply, i)))
			r = visit_row(skus[i], reply_at(reply, i), take_whole,
			              &out[i]);
	freeReplyObject(reply);
	for (size_t i = 0; r && i < n; i++)
		item_fini(&out[i]);
	return r;
}

int
store_registry_each_item(struct store *store,
                         int (*visit)(void *ctx, struct item *item), void *ctx)
{
	struct buf from = BUF_INIT;
	size_t n = 2 * PAGE;
	int r = 0;

	while (!r && n == 2 * PAGE) {
		struct args a = { 0 };
		redisReply *reply = NULL;

		args_adds(&a, buf_text(&from));
		args_addi(&a, PAGE);
		r = store_eval(store, &reply, SCRIPT_ITEMS, items_script, &a);
		if (r)
			break;
		n = reply_n(reply);
		for (size_t i = 0; !r && i + 1 < n; i += 2) {
			const char *sku = reply_text(reply_at(reply, i));

			buf_reset(&from);
			buf_adds(&from, sku);
			r = visit_row(sku, reply_at(reply, i + 1), visit, ctx);
		}
		freeReplyObject(reply);
	}
	buf_fini(&from);
	return r;
}

int
store_registry_resolved(struct store *store, const char *account,
                        const struct registry_resolution *found)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, account);
	args_adds(&a, found->sku);
	args_adds(&a, found->typed);
	args_adds(&a, found->external);
	for (size_t i = 0; i < found->n_refs; i++)
		args_adds(&a, found->refs[i]);
	r = store_eval(store, &reply, SCRIPT_RESOLVED, resolved_script, &a);
	if (r)
		return r;
	r = reply_int(reply) ? 0 : REGISTRY_TAKEN;
	freeReplyObject(reply);
	return r;
}

int
store_registry_unresolved(struct store *store, const char *account,
                          const char *sku, const char *why)
{
	struct args a = { 0 };

	args_adds(&a, "HSET");
	args_add_key(&a, store, "unresolved:", account);
	args_adds(&a, sku);
	args_adds(&a, why);
	return store_call_int(store, NULL, &a);
}

/* HGET item:SKU t:ACCOUNT; *out owned, NULL when gone. */
static int
get_typed(struct store *store, char **out, const char *account, const char *sku)
{
	struct args a = { 0 };
	struct buf field = BUF_INIT;
	redisReply *reply = NULL;
	int r;

	*out = NULL;
	buf_addf(&field, "t:%s", account);
	args_adds(&a, "HGET");
	args_add_key(&a, store, "item:", sku);
	args_adds(&a, buf_text(&field));
	buf_fini(&field);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	if (!reply_is_nil(reply)) {
		*out = text_dup(reply_text(reply));
		r = *out ? 0 : err_raise(ERR_NOMEM, "why=%s", "binding");
	}
	freeReplyObject(reply);
	return r;
}

int
store_registry_each_unresolved(struct store *store, const char *account,
                               int (*visit)(void *ctx, const char *sku,
                                            const char *typed, const char *why),
                               void *ctx)
{
	char cursor[32] = "0";
	int r = 0;

	do {
		struct args a = { 0 };
		redisReply *reply = NULL;
		const redisReply *page;

		args_adds(&a, "HSCAN");
		args_add_key(&a, store, "unresolved:", account);
		args_adds(&a, cursor);
		args_adds(&a, "COUNT");
		args_addi(&a, PAGE);
		r = store_call(store, &reply, &a);
		if (r)
			return r;
		page = reply_at(reply, 1);
		for (size_t i = 0; !r && i + 1 < reply_n(page); i += 2) {
			const char *sku = reply_text(reply_at(page, i));
			char *typed = NULL;

			r = get_typed(store, &typed, account, sku);
			if (!r && typed)
				r = visit(ctx, sku, typed,
				          reply_text(reply_at(page, i + 1)));
			free(typed);
		}
		(void)strncpy(cursor, reply_text(reply_at(reply, 0)),
		              sizeof(cursor) - 1);
		freeReplyObject(reply);
	} while (!r && strcmp(cursor, "0") != 0);
	return r;
}

/* A page of members of an all-zero sorted set, in [from, to]. */
static int
lex_page(struct store *store, redisReply **out, const char *key,
         const char *key2, const struct buf *from, const struct buf *to)
{
	struct args a = { 0 };

	args_adds(&a, "ZRANGEBYLEX");
	args_add_key(&a, store, key, key2);
	args_add(&a, from->p, from->n);
	args_add(&a, to->p, to->n);
	args_adds(&a, "LIMIT");
	args_adds(&a, "0");
	args_addi(&a, PAGE);
	return store_call(store, out, &a);
}

int
store_registry_each(struct store *store,
                    int (*visit)(void *ctx, const char *sku), void *ctx)
{
	struct buf from = BUF_INIT;
	struct buf to = BUF_INIT;
	size_t n = PAGE;
	int r = 0;

	buf_adds(&from, "-");
	buf_adds(&to, "+");
	while (!r && n == PAGE) {
		redisReply *reply = NULL;

		r = lex_page(store, &reply, "items", NULL, &from, &to);
		if (r)
			break;
		n = reply_n(reply);
		for (size_t i = 0; !r && i < n; i++) {
			const char *sku = reply_text(reply_at(reply, i));

			buf_reset(&from);
			buf_addf(&from, "(%s", sku);
			r = visit(ctx, sku);
		}
		freeReplyObject(reply);
	}
	buf_fini(&from);
	buf_fini(&to);
	return r;
}

/* At most n of the members that begin so, from either end. */
static int
ask_prefixed(struct store *store, redisReply **out, const char *prefix,
             bool is_from_end, size_t n)
{
	struct buf from = BUF_INIT;
	struct buf to = BUF_INIT;
	struct args a = { 0 };
	int r;

	buf_addf(&from, "[%s", prefix);
	buf_addf(&to, "[%s\xff", prefix);
	args_adds(&a, is_from_end ? "ZREVRANGEBYLEX" : "ZRANGEBYLEX");
	args_add_key(&a, store, "items", NULL);
	args_adds(&a, buf_text(is_from_end ? &to : &from));
	args_adds(&a, buf_text(is_from_end ? &from : &to));
	args_adds(&a, "LIMIT");
	args_adds(&a, "0");
	args_addi(&a, (int64_t)n);
	r = store_call(store, out, &a);
	buf_fini(&from);
	buf_fini(&to);
	return r;
}

int
store_registry_each_prefixed(struct store *store, const char *prefix,
                             size_t max,
                             int (*visit)(void *ctx, const char *sku),
                             void *ctx)
{
	redisReply *first = NULL;
	redisReply *last = NULL;
	size_t n = 0;
	int r = ask_prefixed(store, &first, prefix, false, max);

	if (!r)
		n = reply_n(first);
	if (n == max)
		r = ask_prefixed(store, &last, prefix, true, 1);
	for (size_t i = 0; !r && i < n; i++)
		r = visit(ctx, reply_text(reply_n(last) && i + 1 == max
		                                  ? reply_at(last, 0)
		                                  : reply_at(first, i)));
	freeReplyObject(first);
	freeReplyObject(last);
	return r;
}

int
store_registry_each_ref(struct store *store, const char *account,
                        const char *ref,
                        int (*visit)(void *ctx, const char *sku), void *ctx)
{
	struct buf from = BUF_INIT;
	struct buf to = BUF_INIT;
	size_t n = PAGE;
	int r = 0;

	buf_addf(&from, "[%s\n", ref);
	buf_addf(&to, "[%s\n\xff", ref);
	while (!r && n == PAGE) {
		redisReply *reply = NULL;

		r = lex_page(store, &reply, "refs:", account, &from, &to);
		if (r)
			break;
		n = reply_n(reply);
		for (size_t i = 0; !r && i < n; i++) {
			const char *member = reply_text(reply_at(reply, i));

			buf_reset(&from);
			buf_addf(&from, "(%s", member);
			r = visit(ctx, strchr(member, '\n') + 1);
		}
		freeReplyObject(reply);
	}
	buf_fini(&from);
	buf_fini(&to);
	return r;
}

int
store_registry_skus(struct store *store, const char *account,
                    const char *const *externals, size_t n, char **out)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	for (size_t i = 0; i < n; i++)
		out[i] = NULL;
	if (!n)
		return 0;
	args_adds(&a, "HMGET");
	args_add_key(&a, store, "ext:", account);
	for (size_t i = 0; i < n; i++)
		args_adds(&a, externals[i]);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	for (size_t i = 0; !r && i < n && i < reply_n(reply); i++) {
		if (reply_is_nil(reply_at(reply, i)))
			continue;
		out[i] = text_dup(reply_text(reply_at(reply, i)));
		/* It must not look like "not bound". */
		r = out[i] ? 0 : err_raise(ERR_NOMEM, "why=%s", "skus");
	}
	freeReplyObject(reply);
	for (size_t i = 0; r && i < n; i++) {
		free(out[i]);
		out[i] = NULL;
	}
	return r;
}

/* ARGV: skus. -> of each its authority, '' the default; nil: no such item. */
static const char authorities_script[] =
	"local P, out = KEYS[1], {}\n"
	"for i, sku in ipairs(ARGV) do\n"
	"  out[i] = redis.call('ZSCORE', P..'items', sku) and\n"
	"    (redis.call('HGET', P..'item:'..sku, 'authority') or '')\n"
	"end\n"
	"return out\n";

int
store_registry_authorities(struct store *store, const char *const *skus,
                           size_t n, char **out)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	for (size_t i = 0; i < n; i++)
		out[i] = NULL;
	if (!n)
		return 0;
	for (size_t i = 0; i < n; i++)
		args_adds(&a, skus[i]);
	r = store_eval(store, &reply, SCRIPT_AUTHORITIES, authorities_script,
	               &a);
	if (r)
		return r;
	for (size_t i = 0; !r && i < n && i < reply_n(reply); i++) {
		if (reply_is_nil(reply_at(reply, i)))
			continue;
		out[i] = text_dup(reply_text(reply_at(reply, i)));
		/* It must not look like "no such item". */
		r = out[i] ? 0 : err_raise(ERR_NOMEM, "why=%s", "skus");
	}
	freeReplyObject(reply);
	for (size_t i = 0; r && i < n; i++) {
		free(out[i]);
		out[i] = NULL;
	}
	return r;
}

int
store_registry_count(struct store *store, int64_t *n_items)
{
	return store_count(store, n_items, "ZCARD", "items", NULL);
}

int
store_registry_count_account(struct store *store, const char *account,
                             int64_t *n_bound, int64_t *n_unresolved)
{
	int r = store_count(store, n_bound, "HLEN", "ext:", account);

	return r ? r
	         : store_count(store, n_unresolved, "HLEN",
	                       "unresolved:", account);
}
