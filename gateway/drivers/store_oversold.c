/*
 * Items of which more was sold than there was:
 *
 *   oversold          zset  sku, by the time since when
 *   oversold:missing  hash  sku -> "QTY B"; B is c when it had a channel, else -
 *
 * Sums are made here, for Lua knows only doubles. So the script that writes is
 * told on which picture of the books that was decided, and does nothing when
 * they are different by then: a sale or a balance in between is never undone.
 */
#include "gateway/drivers/store_oversold.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_internal.h"
#include "gateway/drivers/store_timeline.h"
#include "gateway/model/metrics.h"

enum {
	BATCH = 100,
	TRIES = 5, /* of an item whose books move all the time */
};

/* books(sku): its picture; "1" when its authority has it, a channel letter,
   the authority, from, balance; and what is pending, behind "?" if nobody
   knows whether it is inside the balance. */
#define LUA_BOOKS \
	"local P, D, call = KEYS[1], ARGV[1], redis.call\n" LUA_COUNTS \
	"local function books(s)\n" \
	"  local k = P..'item:'..s\n" \
	"  local auth = call('HGET', k, 'authority') or D\n" \
	"  local here, channel = '', '-'\n" \
	"  for _, f in ipairs(call('HKEYS', k)) do\n" \
	"    local a = f:match('^x:(.+)$')\n" \
	"    if a == auth then here = '1' elseif a then channel = 'c' end\n" \
	"  end\n" \
	"  local st = call('HMGET', P..'stock:'..s, 'from', 'balance')\n" \
	"  local v = {here, channel, auth, st[1] or '', st[2] or ''}\n" \
	"  local pend, q = call('HGETALL', P..'pend:'..s), {}\n" \
	"  for i = 1, #pend, 2 do\n" \
	"    local state = call('HGET', P..'entry:'..pend[i], 'state')\n" \
	"    q[#q + 1] = (state == 'uncertain' and '?' or '')..\n" \
	"      counts(pend[i], pend[i + 1])\n" \
	"  end\n" \
	"  table.sort(q)\n" \
	"  for _, n in ipairs(q) do v[#v + 1] = n end\n" \
	"  return table.concat(v, ' '), v\n" \
	"end\n"

/* ARGV: authority, skus… -> for each: picture, since or '', "QTY B" or '', then
   what books() says. */
static const char read_script[] = LUA_BOOKS
	"local out = {}\n"
	"for i = 2, #ARGV do\n"
	"  local s = ARGV[i]\n"
	"  local picture, v = books(s)\n"
	"  table.insert(v, 1, picture)\n"
	"  table.insert(v, 2, call('ZSCORE', P..'oversold', s) or '')\n"
	"  table.insert(v, 3, call('HGET', P..'oversold:missing', s) or '')\n"
	"  out[#out + 1] = v\n"
	"end\n"
	"return out\n";

/* ARGV: authority, now, sku, picture, "QTY B" or '' -> 0 nothing new, 1 begun,
   2 ended, 3 the books are different by now. */
static const char note_script[] =
	LUA_BOOKS "local now, s, picture, value = unpack(ARGV, 2, 5)\n"
		  "if books(s) ~= picture then return 3 end\n"
		  "if value == '' then\n"
		  "  call('HDEL', P..'oversold:missing', s)\n"
		  "  return call('ZREM', P..'oversold', s) * 2\n"
		  "end\n"
		  "call('HSET', P..'oversold:missing', s, value)\n"
		  "return call('ZADD', P..'oversold', 'NX', now, s)\n";

enum note { NOTE_SAME, NOTE_BEGUN, NOTE_ENDED, NOTE_STALE };

enum { FIXED = 8 }; /* elements before what is pending */

/* What the books of one item say. */
struct finding {
	const char *sku;     /* borrowed */
	const char *picture; /* borrowed, as is what follows */
	const char *authority;
	const char *listed; /* "QTY B"; "" */
	bool is_listed;
	bool is_known;    /* its balance */
	bool is_bound;    /* at its authority, and at a channel if it was */
	bool has_channel; /* now, or when it was listed */
	struct decimal missing;
	struct decimal uncertain; /* that much more, or not */
};

struct review {
	struct store *store;
	const char *account;   /* NULL: that of the item's authority */
	const char *authority; /* the default */
};

static void
decode(struct finding *out, const char *sku, const redisReply *r)
{
	const char *listed = reply_text(reply_at(r, 2));
	bool is_channel = !strcmp(reply_text(reply_at(r, 4)), "c");
	struct decimal balance = DECIMAL_ZERO;
	struct decimal d;

	*out = (struct finding){
		.sku = sku,
		.picture = reply_text(reply_at(r, 0)),
		.listed = listed,
		.is_listed = *reply_text(reply_at(r, 1)) != '\0',
		.authority = reply_text(reply_at(r, 5)),
	};
	out->has_channel = is_channel || strstr(listed, " c");
	out->is_bound =
		*reply_text(reply_at(r, 3)) && is_channel == out->has_channel;
	out->is_known = !strcmp(reply_text(reply_at(r, 6)), out->authority) &&
	                !decimal_parse(&balance, reply_text(reply_at(r, 7)));
	out->missing = decimal_neg(balance);
	out->uncertain = DECIMAL_ZERO;
	for (size_t i = FIXED; i < reply_n(r); i++) {
		const char *text = reply_text(reply_at(r, i));
		bool is_uncertain = *text == '?';
		struct decimal *sum =
			is_uncertain ? &out->uncertain : &out->missing;

		if (!decimal_parse(&d, text + is_uncertain))
			*sum = decimal_add(*sum, d);
	}
}

static bool
is_oversold(const struct finding *f)
{
	return f->is_bound && decimal_cmp(f->missing, DECIMAL_ZERO) > 0;
}

/* What was told is not taken back because an answer was lost: once the entry is
   found, nobody would tell it again of an authority that shows below zero. */
static bool
stays_listed(const struct finding *f)
{
	return f->is_bound && f->is_listed &&
	       decimal_cmp(decimal_add(f->missing, f->uncertain),
	                   DECIMAL_ZERO) > 0;
}

/* ---- telling ---- */

static void
tell_begun(const struct review *v, const struct finding *f)
{
	char missing[DECIMAL_TEXT_SIZE];

	(void)decimal_format(missing, f->missing);
	metrics_add(METRIC_oversold, 1);
	log_error("stock.oversold", "account=%s sku=%s missing=%s",
	          v->account ? v->account : f->authority, f->sku, missing);
	store_timeline_add(v->store, f->sku, clock_wall_ms(), TIMELINE_SALE,
	                   v->account ? v->account : f->authority,
	                   "oversold: %s more sold than there was", missing);
}

static void
tell_ended(const struct review *v, const struct finding *f)
{
	const char *why = f->is_bound ? "the balance covers what was sold"
	                              : "it is not bound any more";

	log_info("stock.covered", "account=%s sku=%s why=%s",
	         v->account ? v->account : f->authority, f->sku,
	         log_quote(why));
	store_timeline_add(v->store, f->sku, clock_wall_ms(), TIMELINE_READ,
	                   v->account ? v->account : f->authority,
	                   "no longer oversold: %s", why);
}

/* ---- reviewing ---- */

static int
note(const struct review *v, const struct finding *f, enum note *out)
{
	struct args a = { 0 };
	char text[DECIMAL_TEXT_SIZE + 2];
	int64_t n = 0;
	int r;

	text[0] = '\0';
	if (!is_oversold(f) && stays_listed(f))
		return 0;
	if (is_oversold(f))
		(void)strcat(decimal_format(text, f->missing),
		             f->has_channel ? " c" : " -");
	if (*text && f->is_listed && !strcmp(text, f->listed))
		return 0; /* as it stands there: a write would cost a sync */
	args_adds(&a, v->authority);
	args_addi(&a, clock_wall_ms());
	args_adds(&a, f->sku);
	args_adds(&a, f->picture);
	args_adds(&a, text);
	r = store_eval_int(v->store, &n, SCRIPT_OVERSOLD_NOTE, note_script, &a);
	*out = (enum note)n;
	return r;
}

/* Write what one finding comes to; is_stale: read it again. */
static int
judge(const struct review *v, const struct finding *f, bool *is_stale)
{
	enum note what = NOTE_SAME;
	int r = 0;

	*is_stale = false;
	if (f->is_bound ? f->is_known && (f->is_listed || is_oversold(f))
	                : f->is_listed)
		r = note(v, f, &what);
	if (!r && what == NOTE_BEGUN)
		tell_begun(v, f);
	if (!r && what == NOTE_ENDED)
		tell_ended(v, f);
	*is_stale = what == NOTE_STALE;
	return r;
}

/* Look at some; those whose books moved meanwhile come to the front. */
static int
look(const struct review *v, const char **skus, size_t *n)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	size_t left = 0;
	int r;

	args_adds(&a, v->authority);
	for (size_t i = 0; i < *n; i++)
		args_adds(&a, skus[i]);
	r = store_eval(v->store, &reply, SCRIPT_OVERSOLD, read_script, &a);
	if (r)
		return r;
	for (size_t i = 0; !r && i < *n; i++) {
		struct finding f;
		bool is_stale;

		decode(&f, skus[i], reply_at(reply, i));
		r = judge(v, &f, &is_stale);
		if (is_stale)
			skus[left++] = skus[i];
	}
	freeReplyObject(reply);
	*n = left;
	return r;
}

static int
review(const struct review *v, const char *const *skus, size_t n)
{
	const char *some[BATCH];
	int r = 0;

	for (size_t at = 0; !r && at < n; at += BATCH) {
		size_t n_some = n - at < BATCH ? n - at : BATCH;

		memcpy(some, skus + at, n_some * sizeof(*some));
		for (int i = 0; !r && n_some && i < TRIES; i++)
			r = look(v, some, &n_some);
	}
	return r;
}

int
store_oversold_review(struct store *store, const char *account,
                      const char *authority, const char *const *skus, size_t n)
{
	return review(&(struct review){ store, account, authority }, skus, n);
}

int
store_oversold_count(struct store *store, int64_t *out)
{
	return store_count(store, out, "ZCARD", "oversold", NULL);
}

/* ---- listing ---- */

static int
read_missing(struct store *store, struct oversold_row *rows, size_t n)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, "HMGET");
	args_add_key(&a, store, "oversold:missing", NULL);
	for (size_t i = 0; i < n; i++)
		args_adds(&a, rows[i].sku);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		const char *text = reply_text(reply_at(reply, i));

		(void)decimal_nparse(&rows[i].missing, text,
		                     strcspn(text, " "));
	}
	freeReplyObject(reply);
	return 0;
}

int
store_oversold_list(struct store *store, struct oversold_row **out, size_t *n,
                    size_t max)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	struct oversold_row *rows;
	size_t found;
	int r;

	args_adds(&a, "ZRANGE");
	args_add_key(&a, store, "oversold", NULL);
	args_adds(&a, "0");
	args_addi(&a, (int64_t)max - 1);
	args_adds(&a, "WITHSCORES");
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	found = reply_n(reply) / 2;
	rows = calloc(found + 1, sizeof(*rows));
	if (!rows)
		r = err_raise(ERR_NOMEM, "why=%s", "oversold");
	for (size_t i = 0; !r && i < found; i++) {
		rows[i].sku = text_dup(reply_text(reply_at(reply, 2 * i)));
		rows[i].since_ms = reply_int(reply_at(reply, 2 * i + 1));
		if (!rows[i].sku)
			r = err_raise(ERR_NOMEM, "why=%s", "oversold");
	}
	freeReplyObject(reply);
	if (!r && found)
		r = read_missing(store, rows, found);
	if (r) {
		oversold_rows_free(rows, rows ? found : 0);
		return r;
	}
	*out = rows;
	*n = found;
	return 0;
}

void
oversold_rows_free(struct oversold_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(rows[i].sku);
	free(rows);
}

/* ---- those that nobody looks at ---- */

int
store_oversold_sweep(struct store *store, const char *authority)
{
	const struct review v = { store, NULL, authority };
	struct args a = { 0 };
	redisReply *reply = NULL;
	const char **skus;
	size_t n;
	int r;

	args_adds(&a, "ZRANGE");
	args_add_key(&a, store, "oversold", NULL);
	args_adds(&a, "0");
	args_adds(&a, "-1");
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	n = reply_n(reply);
	skus = calloc(n + 1, sizeof(*skus));
	if (!skus)
		r = err_raise(ERR_NOMEM, "why=%s", "oversold");
	for (size_t i = 0; !r && i < n; i++)
		skus[i] = reply_text(reply_at(reply, i));
	if (!r)
		r = review(&v, skus, n);
	free(skus);
	freeReplyObject(reply);
	return r;
}
