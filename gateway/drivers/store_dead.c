/*
 * What a person decides on, from four places behind one list: dead events
 * (dead, dead:ID), entries that are uncertain, refused or held, ready ones whose
 * authority is no longer configured, and zero writes held by the guard.
 */
#include "gateway/drivers/store_ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/drivers/store_accounts.h"
#include "gateway/drivers/store_internal.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/drivers/store_timeline.h"

enum { LIST_MAX = 1000 };

/* ARGV: dead id, "1" to queue it again, now. */
static const char dead_event_script[] =
	"local P = KEYS[1]\n"
	"local k = P..'dead:'..ARGV[1]\n"
	"local v = redis.call('HMGET', k, 'account', 'topic', 'id', 'query',\n"
	"                     'received', 'body')\n"
	"if not v[1] then return 3 end\n"
	"if ARGV[2] == '1' then\n"
	"  redis.call('XADD', P..'events', '*', 'v', '1', 'account', v[1],\n"
	"    'topic', v[2], 'id', v[3], 'query', v[4], 'received', v[5],\n"
	"    'body', v[6])\n"
	"  redis.call('INCRBY', P..'events:bytes', #v[6])\n"
	"end\n"
	"redis.call('ZREM', P..'dead', ARGV[1])\n"
	"redis.call('DEL', k)\n"
	"return 0\n";

void
dead_letter_fini(struct dead_letter *letter)
{
	free(letter->id);
	free(letter->kind);
	free(letter->account);
	free(letter->authority);
	free(letter->why);
	free(letter->summary);
	*letter = (struct dead_letter){ 0 };
}

/* Members of a sorted set with their scores, oldest first. */
static int
range(struct store *store, redisReply **out, const char *key)
{
	struct args a = { 0 };

	args_adds(&a, "ZRANGE");
	args_add_key(&a, store, key, NULL);
	args_adds(&a, "0");
	args_addi(&a, LIST_MAX - 1);
	args_adds(&a, "WITHSCORES");
	return store_call(store, out, &a);
}

static int
fields(struct store *store, redisReply **out, const char *key, const char *id,
       const char *const *names, size_t n)
{
	struct args a = { 0 };

	args_adds(&a, "HMGET");
	args_add_key(&a, store, key, id);
	for (size_t i = 0; i < n; i++)
		args_adds(&a, names[i]);
	return store_call(store, out, &a);
}

static int
fill_event(struct store *store, struct dead_letter *out, const char *id)
{
	static const char *const names[] = { "account", "why", "topic" };
	redisReply *reply = NULL;
	int r = fields(store, &reply, "dead:", id, names, 3);

	if (r)
		return r;
	out->id = text_dup(id);
	out->account = text_dup(reply_text(reply_at(reply, 0)));
	out->why = text_dup(reply_text(reply_at(reply, 1)));
	out->summary = text_format("event %s", reply_text(reply_at(reply, 2)));
	freeReplyObject(reply);
	return 0;
}

/* "order" or "customer" for what a shop sent; NULL: made from a sale. */
static const char *
noun_of(const char *account)
{
	if (!strcmp(account, "api:orders"))
		return "order";
	return strcmp(account, "api:customers") ? NULL : "customer";
}

/* "2 x SKU1, 1 x SKU2 -> erp" from the stored "SKU\tQTY" lines; in front of it
   what a shop calls it: "order SHOP-10001: ". Never who bought it. */
static char *
summarize(const char *noun, const char *number, const char *lines,
          const char *authority)
{
	struct buf b = BUF_INIT;
	const char *between = "";

	if (noun)
		buf_addf(&b, "%s %s%s", noun, number, *lines ? ": " : "");
	for (; *lines; between = ", ") {
		size_t n = strcspn(lines, "\n");
		size_t tab = strcspn(lines, "\t");

		buf_adds(&b, between);
		buf_addf(&b, "%.*s x %.*s", (int)(n - tab - 1), lines + tab + 1,
		         (int)tab, lines);
		lines += n + (lines[n] == '\n');
	}
	buf_addf(&b, " -> %s", authority);
	return buf_steal(&b);
}

/* Why an entry waits; its authority may be gone besides. */
static int
say_why(struct store *store, struct dead_letter *out, const char *why,
        const char *authority)
{
	bool is_gone = false;
	int r = store_accounts_is_gone(store, authority, &is_gone);

	out->why = is_gone ? text_format("%s%sits authority %s is no longer "
	                                 "configured",
	                                 why, *why ? "; " : "", authority)
	                   : text_dup(why);
	return r;
}

static int
fill_entry(struct store *store, struct dead_letter *out, const char *id)
{
	static const char *const names[] = { "account", "why", "lines",
		                             "authority", "sale" };
	redisReply *reply = NULL;
	const char *account;
	int r = fields(store, &reply, "entry:", id, names, 5);

	if (r)
		return r;
	account = reply_text(reply_at(reply, 0));
	out->id = text_format("entry/%s", id);
	out->account = text_dup(account);
	out->authority = text_dup(reply_text(reply_at(reply, 3)));
	r = say_why(store, out, reply_text(reply_at(reply, 1)),
	            reply_text(reply_at(reply, 3)));
	out->summary = summarize(
		noun_of(account), reply_text(reply_at(reply, 4)),
		reply_text(reply_at(reply, 2)), reply_text(reply_at(reply, 3)));
	freeReplyObject(reply);
	return r;
}

/* Ready, so its due time says nothing: since when it was made. */
static int
fill_stranded(struct store *store, struct dead_letter *out, const char *id)
{
	static const char *const names[] = { "made_ms" };
	redisReply *reply = NULL;
	int r = fields(store, &reply, "entry:", id, names, 1);

	if (r)
		return r;
	out->at_ms = reply_int(reply_at(reply, 0));
	freeReplyObject(reply);
	return fill_entry(store, out, id);
}

static int
fill_hold(struct store *store, struct dead_letter *out, const char *channel)
{
	int64_t n = 0;
	int r = store_stock_count_held(store, &n, channel);

	if (r)
		return r;
	if (!n)
		return LEDGER_EMPTY;
	out->id = text_format("hold/%s", channel);
	out->account = text_dup(channel);
	out->why = text_dup("a sync would have set this many items to zero at "
	                    "once: retry releases the writes, drop forgets "
	                    "them");
	out->summary =
		text_format("%lld items to 0 at %s", (long long)n, channel);
	return 0;
}

struct source {
	const char *key; /* of the sorted set */
	const char *kind;
	int (*fill)(struct store *store, struct dead_letter *out,
	            const char *id);
};

static const struct source sources[] = {
	{ "dead", "event", fill_event },
	{ "entries:uncertain", "uncertain", fill_entry },
	{ "entries:refused", "refused", fill_entry },
	{ "entries:held", "held", fill_entry },
	{ "holds", "zero", fill_hold },
};

static int
visit_one(struct store *store, const struct source *from, const char *id,
          int64_t at_ms,
          int (*visit)(void *ctx, const struct dead_letter *letter), void *ctx)
{
	struct dead_letter letter = { .at_ms = at_ms };
	int r = from->fill(store, &letter, id);

	letter.kind = text_dup(from->kind);
	if (!letter.authority)
		letter.authority = text_dup("");
	if (!r && letter.id && letter.kind && letter.account &&
	    letter.authority && letter.why && letter.summary)
		r = visit(ctx, &letter);
	dead_letter_fini(&letter);
	return r == LEDGER_EMPTY ? 0 : r;
}

/* Who asks. */
struct visitor {
	struct store *store;
	int (*visit)(void *ctx, const struct dead_letter *letter);
	void *ctx;
};

static int
visit_all(const struct visitor *v, const struct source *from)
{
	redisReply *list = NULL;
	int r = range(v->store, &list, from->key);

	for (size_t i = 0; !r && i + 1 < reply_n(list); i += 2)
		r = visit_one(v->store, from, reply_text(reply_at(list, i)),
		              reply_int(reply_at(list, i + 1)), v->visit,
		              v->ctx);
	if (list)
		freeReplyObject(list);
	return r;
}

/* What is ready to be posted at an account that is gone. */
static int
visit_stranded(void *ctx, const char *account)
{
	char *key = text_format("queue:%s", account);
	const struct source from = { key, "stranded", fill_stranded };
	int r = key ? visit_all(ctx, &from)
	            : err_raise(ERR_NOMEM, "why=%s", "stranded");

	free(key);
	return r;
}

int
store_dead_each(struct store *store,
                int (*visit)(void *ctx, const struct dead_letter *letter),
                void *ctx)
{
	struct visitor v = { store, visit, ctx };
	int r = 0;

	for (size_t s = 0; !r && s < sizeof(sources) / sizeof(*sources); s++)
		r = visit_all(&v, &sources[s]);
	return r ? r : store_accounts_each_gone(store, visit_stranded, &v);
}

static bool
show_member(void *ctx, const char *key, const struct json_node *value)
{
	struct json_out *o = ctx;
	struct buf text = BUF_INIT;

	if (!strcmp(key, "details"))
		return true;
	json_print(&text, value);
	json_out_raw(o, key, buf_text(&text));
	o->to->is_broken |= text.is_broken;
	buf_fini(&text);
	return true;
}

/* An entry's document, without its details: they hold names and addresses. */
static int
show_doc(struct json_out *o, const char *text, size_t n)
{
	struct json *doc = NULL;
	int r = json_parse(&doc, text, n);

	if (r)
		return r > 0 ? err_raise(ERR_BUG, "why=%s", "stored entry") : r;
	json_out_object(o, "doc");
	json_each(json_root(doc), show_member, o);
	json_out_end_object(o);
	json_free(doc);
	return 0;
}

/* What the channel shows of each item now: "QTY SOLD". */
static int
read_shown(struct store *store, redisReply **out, const char *channel,
           const redisReply *held)
{
	struct args a = { 0 };

	args_adds(&a, "HMGET");
	args_add_key(&a, store, "pub:", channel);
	for (size_t i = 0; i + 1 < reply_n(held); i += 2)
		args_adds(&a, reply_text(reply_at(held, i)));
	return store_call(store, out, &a);
}

/* The items whose zero is held: since when, and what they show meanwhile. */
static int
show_held(struct store *store, struct json_out *o, const char *channel,
          const redisReply *held)
{
	redisReply *shown = NULL;
	int r = read_shown(store, &shown, channel, held);

	if (r)
		return r;
	json_out_text(o, "account", channel);
	json_out_array(o, "items");
	for (size_t i = 0; i + 1 < reply_n(held); i += 2) {
		const char *pub = reply_text(reply_at(shown, i / 2));
		char since[CLOCK_TEXT_SIZE];
		struct decimal qty;

		clock_format(since, reply_int(reply_at(held, i + 1)));
		json_out_object(o, NULL);
		json_out_text(o, "sku", reply_text(reply_at(held, i)));
		json_out_text(o, "since", since);
		if (!decimal_nparse(&qty, pub, strcspn(pub, " ")))
			json_out_decimal(o, "shows", qty);
		else
			json_out_null(o, "shows");
		json_out_end_object(o);
	}
	json_out_end_array(o);
	freeReplyObject(shown);
	return 0;
}

/* All fields of a hash but the body, which may hold anything. */
int
store_dead_show(struct store *store, struct buf *out, const char *id)
{
	struct args a = { 0 };
	struct json_out o = { .to = out };
	redisReply *reply = NULL;
	bool is_entry = !strncmp(id, "entry/", 6);
	bool is_hold = !strncmp(id, "hold/", 5);
	int r;

	args_adds(&a, "HGETALL");
	if (is_hold)
		args_add_key(&a, store, "held:", id + 5);
	else if (is_entry)
		args_add_key(&a, store, "entry:", id + 6);
	else
		args_add_key(&a, store, "dead:", id);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	if (!reply_n(reply)) {
		freeReplyObject(reply);
		return LEDGER_ABSENT;
	}
	json_out_object(&o, NULL);
	json_out_text(&o, "dead_letter", id);
	if (is_hold)
		r = show_held(store, &o, id + 5, reply);
	for (size_t i = 0; !is_hold && !r && i + 1 < reply_n(reply); i += 2) {
		const char *field = reply_text(reply_at(reply, i));
		const redisReply *value = reply_at(reply, i + 1);

		if (!strcmp(field, "doc"))
			r = show_doc(&o, value->str, value->len);
		else if (strcmp(field, "body") != 0)
			json_out_text(&o, field, reply_text(value));
	}
	json_out_end_object(&o);
	freeReplyObject(reply);
	return r ? r : buf_check(out);
}

static int
decide_event(struct store *store, const char *id, enum dead_action action)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	if (action == DEAD_CONFIRM)
		return LEDGER_UNFIT;
	args_adds(&a, id);
	args_adds(&a, action == DEAD_RETRY ? "1" : "0");
	r = store_eval(store, &reply, SCRIPT_DEAD_RETRY, dead_event_script, &a);
	if (r)
		return r;
	r = (int)reply_int(reply);
	freeReplyObject(reply);
	return r;
}

static int
decide_hold(struct store *store, const char *channel, enum dead_action action)
{
	int64_t n = 0;
	int r;

	if (action == DEAD_CONFIRM)
		return LEDGER_UNFIT;
	r = store_stock_unhold(store, channel, action == DEAD_RETRY, &n);
	return !r && !n ? LEDGER_ABSENT : r;
}

/* Ready, for an authority that is gone. */
static int
decide_stranded(struct store *store, const char *id, enum dead_action action)
{
	int r;

	switch (action) {
	case DEAD_CONFIRM: return LEDGER_UNFIT;
	case DEAD_DROP: return store_ledger_drop_ready(store, id);
	case DEAD_RETRY: break;
	}
	r = store_accounts_readdress(store, id);
	if (!r)
		store_timeline_decided(store, id, action);
	return r == ACCOUNTS_KEPT ? LEDGER_KEPT : r;
}

/* Now, and not when the wait is over that its failure brought. */
static int
ask_for_posts(struct store *store, const char *id)
{
	static const char *const names[] = { "authority" };
	redisReply *reply = NULL;
	int r = fields(store, &reply, "entry:", id, names, 1);

	if (!r)
		r = store_marks_add_one(store, reply_text(reply_at(reply, 0)),
		                        MARK_POSTS, MARK_OPERATOR);
	freeReplyObject(reply);
	return r;
}

/* What ends at an authority that is gone may be all that an item waited for. */
static int
decide_entry(struct store *store, const char *id, enum dead_action action)
{
	static const char *const names[] = { "authority", "state" };
	redisReply *reply = NULL;
	bool is_gone = false;
	bool is_ready;
	int r = fields(store, &reply, "entry:", id, names, 2);

	if (r)
		return r;
	is_ready = !strcmp(reply_text(reply_at(reply, 1)), "ready");
	r = store_accounts_is_gone(store, reply_text(reply_at(reply, 0)),
	                           &is_gone);
	freeReplyObject(reply);
	if (!r && is_gone && is_ready)
		r = decide_stranded(store, id, action);
	else if (!r)
		r = store_ledger_decide(store, id, action);
	if (!r && !is_gone && action == DEAD_RETRY)
		r = ask_for_posts(store, id);
	return r || !is_gone ? r : store_accounts_release(store, id, NULL);
}

int
store_dead_decide(struct store *store, const char *id, enum dead_action action)
{
	if (!strncmp(id, "event/", 6))
		return decide_event(store, id, action);
	if (!strncmp(id, "entry/", 6))
		return decide_entry(store, id + 6, action);
	if (!strncmp(id, "hold/", 5))
		return decide_hold(store, id + 5, action);
	return LEDGER_ABSENT;
}
