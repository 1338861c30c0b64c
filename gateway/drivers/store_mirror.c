/*
 * The mirror in Redis:
 *
 *   mirror:ACCOUNT:ENTITY  hash  key -> row as JSON
 *   alias:ACCOUNT:ENTITY   hash  key -> its names, one a line; also without any
 *   names:ACCOUNT:ENTITY   zset  "name\nkey", all scores 0, names folded
 *   revs:ACCOUNT:ENTITY    zset  key -> revision, of rows that are numbered
 *   notes:ACCOUNT          hash  small facts, cursors among them
 *
 * One script writes a batch of rows and the note that covers them, so a cursor
 * never runs ahead of its rows (promise 6). Here is what reads them; lists are
 * written by store_list.c.
 */
#include "gateway/drivers/store_mirror.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/err.h"
#include "gateway/drivers/store_internal.h"
#include "gateway/drivers/store_list.h"

enum { PAGE_ROWS = 200, SCAN_COUNT = 500 };

struct store_mirror {
	struct mirror port;
	struct store *store;     /* borrowed */
	char *account;           /* owned */
	struct store_list *list; /* owned; under way; NULL: none */
};

/* HGET hash field into out. */
static int
hash_get(struct store_mirror *m, struct buf *out, const char *kind,
         const char *entity, const char *field)
{
	struct args a = { 0 };
	struct buf key = BUF_INIT;
	redisReply *reply = NULL;
	int r;

	buf_addf(&key, "%s:%s%s%s", kind, m->account, entity ? ":" : "",
	         entity ? entity : "");
	args_adds(&a, "HGET");
	args_add_key(&a, m->store, buf_text(&key), NULL);
	args_adds(&a, field);
	buf_fini(&key);
	r = store_call(m->store, &reply, &a);
	if (r)
		return r;
	r = reply_is_nil(reply) ? MIRROR_ABSENT : 0;
	buf_reset(out);
	if (!r)
		buf_add(out, reply->str, reply->len);
	freeReplyObject(reply);
	return r ? r : buf_check(out);
}

static int
get(void *self, struct buf *out, const char *entity, const char *key)
{
	return hash_get(self, out, "mirror", entity, key);
}

static int
note_get(void *self, struct buf *out, const char *name)
{
	return hash_get(self, out, "notes", NULL, name);
}

static int
note_set(void *self, const char *name, const char *value)
{
	struct store_mirror *m = self;
	struct args a = { 0 };

	args_adds(&a, "HSET");
	args_add_key(&a, m->store, "notes:", m->account);
	args_adds(&a, name);
	args_adds(&a, value);
	return store_call_int(m->store, NULL, &a);
}

/*
 * Members of names: with this name, after the one given ("" is before all), at
 * most n.
 */
static int
page_of_name(struct store_mirror *m, redisReply **out, const char *entity,
             const char *name, const struct buf *after, int64_t n)
{
	struct args a = { 0 };
	struct buf b = BUF_INIT;

	buf_addf(&b, "names:%s:%s", m->account, entity);
	args_adds(&a, "ZRANGEBYLEX");
	args_add_key(&a, m->store, buf_text(&b), NULL);
	buf_reset(&b);
	buf_addc(&b, after->n ? '(' : '[');
	if (after->n)
		buf_add(&b, after->p, after->n);
	else
		store_list_add_name(&b, name);
	if (!after->n)
		buf_addc(&b, '\n');
	args_add(&a, b.p, b.n);
	buf_reset(&b);
	buf_addc(&b, '[');
	store_list_add_name(&b, name);
	buf_adds(&b, "\n\xff");
	args_add(&a, b.p, b.n);
	a.is_broken |= b.is_broken;
	args_adds(&a, "LIMIT");
	args_adds(&a, "0");
	args_addi(&a, n);
	buf_fini(&b);
	return store_call(m->store, out, &a);
}

/* The key in a member "name\nkey". */
static const char *
key_of(const redisReply *member)
{
	return strchr(reply_text(member), '\n') + 1;
}

static int
find_name(void *self, struct buf *key_out, const char *entity, const char *name)
{
	struct store_mirror *m = self;
	struct buf none = BUF_INIT;
	redisReply *reply = NULL;
	int r = page_of_name(m, &reply, entity, name, &none, 2);

	if (r)
		return r;
	buf_reset(key_out);
	if (reply_n(reply) == 1)
		buf_adds(key_out, key_of(reply_at(reply, 0)));
	r = reply_n(reply) == 0   ? MIRROR_ABSENT
	    : reply_n(reply) == 1 ? buf_check(key_out)
	                          : MIRROR_AMBIGUOUS;
	freeReplyObject(reply);
	return r;
}

/* The rows of a page of members, visited as far as they are still there. */
static int
visit_members(struct store_mirror *m, const char *entity,
              const redisReply *members,
              int (*visit)(void *ctx, const char *key, const char *json,
                           size_t n),
              void *ctx)
{
	struct args a = { 0 };
	struct buf hash = BUF_INIT;
	redisReply *reply = NULL;
	int r;

	buf_addf(&hash, "mirror:%s:%s", m->account, entity);
	args_adds(&a, "HMGET");
	args_add_key(&a, m->store, buf_text(&hash), NULL);
	buf_fini(&hash);
	for (size_t i = 0; i < reply_n(members); i++)
		args_adds(&a, key_of(reply_at(members, i)));
	r = store_call(m->store, &reply, &a);
	for (size_t i = 0; !r && i < reply_n(reply); i++)
		if (!reply_is_nil(reply->element[i]))
			r = visit(ctx, key_of(reply_at(members, i)),
			          reply->element[i]->str,
			          reply->element[i]->len);
	freeReplyObject(reply);
	return r;
}

static int
each_named(void *self, const char *entity, const char *name,
           int (*visit)(void *ctx, const char *key, const char *json, size_t n),
           void *ctx)
{
	struct store_mirror *m = self;
	struct buf after = BUF_INIT;
	size_t n = PAGE_ROWS;
	int r = 0;

	while (!r && n == PAGE_ROWS) {
		redisReply *page = NULL;

		r = page_of_name(m, &page, entity, name, &after, PAGE_ROWS);
		n = reply_n(page);
		if (!r && n) {
			buf_reset(&after);
			buf_adds(&after, reply_text(reply_at(page, n - 1)));
			r = buf_check(&after);
		}
		if (!r && n)
			r = visit_members(m, entity, page, visit, ctx);
		freeReplyObject(page);
	}
	buf_fini(&after);
	return r;
}

/* One page of HSCAN; cursor is replaced. */
static int
scan(struct store_mirror *m, redisReply **out, const char *kind,
     const char *entity, const char *cursor)
{
	struct args a = { 0 };
	struct buf key = BUF_INIT;
	int r;

	buf_addf(&key, "%s:%s:%s", kind, m->account, entity);
	args_adds(&a, "HSCAN");
	args_add_key(&a, m->store, buf_text(&key), NULL);
	args_adds(&a, cursor);
	args_adds(&a, "COUNT");
	args_addi(&a, SCAN_COUNT);
	buf_fini(&key);
	r = store_call(m->store, out, &a);
	return r;
}

static int
each(void *self, const char *entity,
     int (*visit)(void *ctx, const char *key, const char *json, size_t n),
     void *ctx)
{
	struct store_mirror *m = self;
	char cursor[32] = "0";
	int r = 0;

	do {
		redisReply *reply = NULL;
		const redisReply *page;

		r = scan(m, &reply, "mirror", entity, cursor);
		if (r)
			return r;
		page = reply_at(reply, 1);
		for (size_t i = 0; !r && i + 1 < reply_n(page); i += 2)
			r = visit(ctx, page->element[i]->str,
			          page->element[i + 1]->str,
			          page->element[i + 1]->len);
		(void)strncpy(cursor, reply_text(reply_at(reply, 0)),
		              sizeof(cursor) - 1);
		freeReplyObject(reply);
	} while (!r && strcmp(cursor, "0") != 0);
	return r;
}

static int
count(void *self, int64_t *out, const char *entity)
{
	struct store_mirror *m = self;
	struct buf key = BUF_INIT;
	int r;

	buf_addf(&key, "mirror:%s:%s", m->account, entity);
	r = store_count(m->store, out, "HLEN", buf_text(&key), NULL);
	buf_fini(&key);
	return r;
}

/* ---- by revision ---- */

/*
 * ARGV: account, entity, revision and key of the row before (key "\xff":
 * every row of that revision), last revision, how many. Rows with one revision
 * are in the order of their keys' bytes, which Lua's < is not. Returns key,
 * revision, row, key, …
 */
static const char since_script[] =
	"local P, call = KEYS[1], redis.call\n"
	"local id = ARGV[1]..':'..ARGV[2]\n"
	"local rows, revs = P..'mirror:'..id, P..'revs:'..id\n"
	"local function is_after(a, b)\n"
	"  for i = 1, math.min(#a, #b) do\n"
	"    local x, y = a:byte(i), b:byte(i)\n"
	"    if x ~= y then return x > y end\n"
	"  end\n"
	"  return #a > #b\n"
	"end\n"
	"local from = call('ZCOUNT', revs, '-inf', '('..ARGV[3])\n"
	"local to = from + call('ZCOUNT', revs, ARGV[3], ARGV[3])\n"
	"while from < to do\n"
	"  local mid = math.floor((from + to) / 2)\n"
	"  if is_after(call('ZRANGE', revs, mid, mid)[1], ARGV[4]) then to = "
	"mid\n"
	"  else from = mid + 1 end\n"
	"end\n"
	"local page = call('ZRANGE', revs, from, from + ARGV[6] - 1,\n"
	"                  'WITHSCORES')\n"
	"local out = {}\n"
	"for i = 1, #page, 2 do\n"
	"  if tonumber(page[i + 1]) > tonumber(ARGV[5]) then break end\n"
	"  table.insert(out, page[i])\n"
	"  table.insert(out, page[i + 1])\n"
	"  table.insert(out, call('HGET', rows, page[i]))\n"
	"end\n"
	"return out\n";

/* Where a walk by revision stands. */
struct place {
	int64_t revision;
	struct buf key;
};

/* Move to the last row of a page. */
static int
advance(struct place *at, const redisReply *page)
{
	size_t n = reply_n(page);

	at->revision = reply_int(reply_at(page, n - 2));
	buf_reset(&at->key);
	buf_adds(&at->key, reply_text(reply_at(page, n - 3)));
	return buf_check(&at->key);
}

static int
page_since(struct store_mirror *m, redisReply **out, const char *entity,
           const struct place *at, int64_t up_to)
{
	struct args a = { 0 };

	args_adds(&a, m->account);
	args_adds(&a, entity);
	args_addi(&a, at->revision);
	args_adds(&a, buf_text(&at->key));
	args_addi(&a, up_to);
	args_addi(&a, PAGE_ROWS);
	return store_eval(m->store, out, SCRIPT_SINCE, since_script, &a);
}

static int
each_since(void *self, const char *entity, int64_t after, int64_t up_to,
           int (*visit)(void *ctx, const char *key, const char *json, size_t n),
           void *ctx)
{
	struct store_mirror *m = self;
	struct place at = { .revision = after };
	size_t n = 1;
	int r;

	buf_adds(&at.key, "\xff");
	r = buf_check(&at.key);
	while (!r && n) {
		redisReply *page = NULL;

		r = page_since(m, &page, entity, &at, up_to);
		n = reply_n(page);
		if (!r && n)
			r = advance(&at, page);
		for (size_t i = 0; !r && i + 2 < n; i += 3)
			if (!reply_is_nil(page->element[i + 2]))
				r = visit(ctx, page->element[i]->str,
				          page->element[i + 2]->str,
				          page->element[i + 2]->len);
		freeReplyObject(page);
	}
	buf_fini(&at.key);
	return r;
}

static int
top_revision(void *self, int64_t *out, const char *entity)
{
	struct store_mirror *m = self;
	struct args a = { 0 };
	struct buf key = BUF_INIT;
	redisReply *reply = NULL;
	int r;

	buf_addf(&key, "revs:%s:%s", m->account, entity);
	args_adds(&a, "ZREVRANGE");
	args_add_key(&a, m->store, buf_text(&key), NULL);
	args_adds(&a, "0");
	args_adds(&a, "0");
	args_adds(&a, "WITHSCORES");
	buf_fini(&key);
	r = store_call(m->store, &reply, &a);
	if (r)
		return r;
	*out = reply_int(reply_at(reply, 1));
	freeReplyObject(reply);
	return 0;
}

/* ---- lists ---- */

static void
list_abandon(void *self)
{
	struct store_mirror *m = self;

	store_list_free(m->list);
	m->list = NULL;
}

static int
list_begin(void *self, const char *entity, unsigned kind)
{
	struct store_mirror *m = self;

	list_abandon(m);
	return store_list_new(&m->list, store_options_of(m->store), m->account,
	                      entity, kind);
}

static int
list_put(void *self, const struct mirror_row *row)
{
	struct store_mirror *m = self;

	assert(m->list);
	return store_list_put(m->list, row);
}

static void
list_spare(void *self)
{
	struct store_mirror *m = self;

	assert(m->list);
	store_list_spare(m->list);
}

static int
list_end(void *self, struct mirror_tally *out, const char *note_name,
         const char *note)
{
	struct store_mirror *m = self;
	int r;

	assert(m->list);
	r = store_list_end(m->list, out, note_name, note);
	list_abandon(m);
	return r;
}

static int
put_now(void *self, const char *entity, const struct mirror_row *row)
{
	struct store_mirror *m = self;
	int r = m->list ? store_list_yield(m->list, entity, row->key) : 0;

	return r ? r : store_list_write_row(m->store, m->account, entity, row);
}

static const struct mirror_ops ops = {
	.get = get,
	.find_name = find_name,
	.each = each,
	.note_get = note_get,
	.note_set = note_set,
	.list_begin = list_begin,
	.list_put = list_put,
	.list_spare = list_spare,
	.list_end = list_end,
	.list_abandon = list_abandon,
	.put_now = put_now,
	.count = count,
	.each_named = each_named,
	.each_since = each_since,
	.top_revision = top_revision,
};

int
store_mirror_new(struct store_mirror **out, struct store *store,
                 const char *account)
{
	struct store_mirror *m = calloc(1, sizeof(*m));

	if (m)
		m->account = text_dup(account);
	if (!m || !m->account) {
		free(m);
		return err_raise(ERR_NOMEM, "why=%s", "mirror");
	}
	m->store = store;
	m->port = (struct mirror){ .ops = &ops, .self = m };
	*out = m;
	return 0;
}

struct mirror *
store_mirror_port(struct store_mirror *m)
{
	return &m->port;
}

void
store_mirror_free(struct store_mirror *m)
{
	if (!m)
		return;
	list_abandon(m);
	free(m->account);
	free(m);
}
