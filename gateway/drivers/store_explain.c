/*
 * What the store knows of one item, for a person. Reads only.
 */
#include "gateway/drivers/store_explain.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/fold.h"
#include "gateway/drivers/store_asked.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_internal.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_switch.h"
#include "gateway/drivers/store_timeline.h"
#include "gateway/model/item.h"

enum { NEAR_MAX = 5, NEAR_MIN = 3 };

/*
 * ARGV: sku, accounts… -> next, from, balance, at, oversold since and "QTY B",
 * entries; for each account pub, unresolved, suspect, held, mark, due. Entries
 * are those that are pending, and returns that count nothing: held, or perhaps
 * inside the balance already.
 */
static const char explain_script[] =
	"local P, s, call = KEYS[1], ARGV[1], redis.call\n" LUA_COUNTS
	"local out = call('HMGET', P..'stock:'..s, 'from', 'balance', 'at')\n"
	"for i = 1, 3 do out[i] = out[i] or '' end\n"
	"table.insert(out, 1, call('HGET', P..'item:'..s, 'next') or '')\n"
	"out[5] = call('ZSCORE', P..'oversold', s) or ''\n"
	"out[6] = call('HGET', P..'oversold:missing', s) or ''\n"
	"local entries, pend = {}, call('HGETALL', P..'pend:'..s)\n"
	"local function add(id, qty, counts)\n"
	"  local e = call('HMGET', P..'entry:'..id, 'state', 'authority',\n"
	"    'why', 'attempts', 'made_ms', 'doc')\n"
	"  for j = 1, 6 do e[j] = e[j] or '' end\n"
	"  e[6] = e[6]:match('\"docid\":\"([^\"]*)\"') or ''\n"
	"  e[7], e[8], e[9] = id, qty or '0', counts\n"
	"  entries[#entries + 1] = e\n"
	"end\n"
	"for i = 1, #pend, 2 do\n"
	"  add(pend[i], pend[i + 1]:match('^%a (%S+) '),\n"
	"      counts(pend[i], pend[i + 1]) and '1' or '')\n"
	"end\n"
	"for _, id in ipairs(call('ZREVRANGE', P..'entries:held', 0, 999)) do\n"
	"  local lines = '\\n'..(call('HGET', P..'entry:'..id, 'lines') or "
	"'')\n"
	"  local _, at = lines:find('\\n'..s..'\\t', 1, true)\n"
	"  local qty = at and lines:match('^[^\\n]+', at + 1)\n"
	"  if qty and call('HEXISTS', P..'pend:'..s, id) == 0 then\n"
	"    add(id, qty, '') end\n"
	"end\n"
	"out[7] = entries\n"
	"for i = 2, #ARGV do\n"
	"  local a = ARGV[i]\n"
	"  out[#out + 1] = {call('HGET', P..'pub:'..a, s) or '',\n"
	"    call('HGET', P..'unresolved:'..a, s) or '',\n"
	"    call('HGET', P..'suspect:'..a, s) or '0',\n"
	"    call('HGET', P..'held:'..a, s) or '0',\n"
	"    call('HGET', P..'mark:'..a, 'i:'..s) or '',\n"
	"    call('ZSCORE', P..'marks:'..a, 'i:'..s) or '0',\n"
	"    (call('ZSCORE', P..'changed:'..out[2], a..'\\n'..s) or\n"
	"     call('ZSCORE', P..'changed:'..a, a..'\\n'..s)) and '1' or ''}\n"
	"end\n"
	"return out\n";

enum { FIXED = 7 }; /* elements before the accounts' */

/* What is being collected, and what it is collected from. */
struct gather {
	struct explain *out;
	struct store *store;
	const struct conf *conf;
	const struct adapter_ops *const *adapters;
	const struct item *item;
};

static char *
copy(const redisReply *r)
{
	return text_dup(reply_text(r));
}

static const struct adapter_ops *
find_adapter(const struct gather *g, const struct conf_section *account)
{
	for (size_t i = 0; account && g->adapters[i]; i++)
		if (!strcmp(g->adapters[i]->name, conf_account_type(account)))
			return g->adapters[i];
	return NULL;
}

static int
read_health(struct gather *g, struct explain_health *out, const char *account)
{
	struct health h;
	int r = store_health_get(g->store, &h, account);

	if (r)
		return r;
	*out = (struct explain_health){
		.state = text_dup(health_text(&h, "state")),
		.breaker = text_dup(health_text(&h, "breaker")),
		.why = text_dup(health_text(&h, "why")),
		.alarm = text_dup(health_text(&h, "alarm")),
		.wait_until_ms = health_int(&h, "wait_until_ms"),
		.last_error_ms = health_int(&h, "last_error_ms"),
	};
	health_fini(&h);
	return out->state && out->breaker && out->why && out->alarm ? 0
	                                                            : ERR_NOMEM;
}

/* "GENERATION CAUSE ORIGIN FETCHED", and when it is due. */
static struct explain_mark
read_mark(const redisReply *mark, const redisReply *due)
{
	const char *blank = strchr(reply_text(mark), ' ');

	if (!blank)
		return (struct explain_mark){ 0 };
	return (struct explain_mark){ true, blank[1], reply_int(due) };
}

static int
add_entry(struct explain *out, const redisReply *r)
{
	struct explain_entry *e = &out->entries[out->n_entries++];

	*e = (struct explain_entry){
		.state = copy(reply_at(r, 0)),
		.authority = copy(reply_at(r, 1)),
		.why = copy(reply_at(r, 2)),
		.attempts = reply_int(reply_at(r, 3)),
		.made_ms = reply_int(reply_at(r, 4)),
		.docid = copy(reply_at(r, 5)),
		.id = copy(reply_at(r, 6)),
	};
	(void)decimal_parse(&e->qty, reply_text(reply_at(r, 7)));
	e->is_pending = *reply_text(reply_at(r, 8)) != '\0';
	if (e->is_pending)
		out->pending = decimal_add(out->pending, e->qty);
	return e->state && e->authority && e->why && e->docid && e->id
	               ? 0
	               : ERR_NOMEM;
}

static int
add_entries(struct explain *out, const redisReply *list)
{
	int r = 0;

	out->entries = calloc(reply_n(list) + 1, sizeof(*out->entries));
	if (!out->entries)
		return err_raise(ERR_NOMEM, "why=%s", "explain");
	for (size_t i = 0; !r && i < reply_n(list); i++)
		r = add_entry(out, reply_at(list, i));
	return r;
}

/* Kept back here, and who says so. */
static void
choose_reserve(const struct gather *g, struct explain_channel *c,
               const struct conf_section *account)
{
	c->reserve_from = RESERVE_GLOBAL;
	c->reserve = conf_decimal(g->conf->top, "stock.reserve");
	if (account && conf_has(account, "reserve")) {
		c->reserve_from = RESERVE_ACCOUNT;
		c->reserve = conf_decimal(account, "reserve");
	}
	if (g->item->has_reserve) {
		c->reserve_from = RESERVE_ITEM;
		c->reserve = g->item->reserve;
	}
}

/* Since when it shows what it shows: our last write, as far as the timeline
   goes back; 0: longer, or it was right by itself. */
static int64_t
find_published(const struct explain *e, const char *account)
{
	for (size_t i = e->n_lines; i; i--) {
		const struct timeline_line *l = &e->lines[i - 1];

		if (!strcmp(l->account, account) &&
		    (l->kind == TIMELINE_WRITTEN || l->kind == TIMELINE_DRIFT))
			return l->last_ms;
	}
	return 0;
}

static void
set_counts(struct gather *g, struct explain_channel *c,
           const struct adapter_ops *ops, const char *pub)
{
	const char *blank = strchr(pub, ' ');

	c->takes_counts = ops && ops->write_counts;
	c->has_target = ops && g->out->has_balance;
	if (c->has_target)
		c->target = item_target(g->out->balance, g->out->pending,
		                        c->reserve, ops->count_places);
	c->has_published = blank && !decimal_nparse(&c->published, pub,
	                                            (size_t)(blank - pub));
	if (c->has_published)
		c->published_ms = find_published(g->out, c->account);
}

static int
add_channel(struct gather *g, const struct binding *b, const redisReply *r)
{
	const struct conf_section *account =
		conf_find_account(g->conf, b->account);
	struct explain_channel *c = &g->out->channels[g->out->n_channels++];
	int64_t off_ms = 0;

	*c = (struct explain_channel){
		.account = text_dup(b->account),
		.typed = text_dup(b->typed ? b->typed : ""),
		.external = text_dup(b->external ? b->external : ""),
		.unresolved = copy(reply_at(r, 1)),
		.is_configured = account != NULL,
		.is_paused = account && conf_bool(account, "paused"),
		.suspect_ms = reply_int(reply_at(r, 2)),
		.held_ms = reply_int(reply_at(r, 3)),
		.mark = read_mark(reply_at(r, 4), reply_at(r, 5)),
		.is_in_sync = *reply_text(reply_at(r, 6)) != '\0',
	};
	if (!c->account || !c->typed || !c->external || !c->unresolved)
		return ERR_NOMEM;
	choose_reserve(g, c, account);
	set_counts(g, c, find_adapter(g, account), reply_text(reply_at(r, 0)));
	if (store_switch_get(g->store, &off_ms, b->account))
		return ERR_STORE;
	c->is_paused |= off_ms != 0;
	return read_health(g, &c->health, b->account);
}

/* What is known where the item is bound: its authority, and the channels. */
static int
add_places(struct gather *g, const redisReply *reply)
{
	struct explain *out = g->out;
	int r = 0;

	out->channels = calloc(g->item->n_bindings + 1, sizeof(*out->channels));
	if (!out->channels)
		return err_raise(ERR_NOMEM, "why=%s", "explain");
	for (size_t i = 0; !r && i < g->item->n_bindings; i++) {
		const struct binding *b = &g->item->bindings[i];
		const redisReply *at = reply_at(reply, FIXED + i);

		if (strcmp(b->account, out->authority) != 0) {
			r = add_channel(g, b, at);
			continue;
		}
		out->is_bound = true;
		if (!out->has_balance && !out->unknown_ms)
			out->unknown_ms = b->bound_ms;
		out->typed = text_dup(b->typed ? b->typed : "");
		out->unresolved =
			b->external ? text_dup("") : copy(reply_at(at, 1));
		out->mark = read_mark(reply_at(at, 4), reply_at(at, 5));
		r = out->typed && out->unresolved ? 0 : ERR_NOMEM;
	}
	return r ? r : read_health(g, &out->health, out->authority);
}

/* How an entry ends where it goes. */
static int
describe_ends(struct gather *g)
{
	const struct asked_by by = { g->conf, g->adapters };
	int r = 0;

	for (size_t i = 0; !r && i < g->out->n_entries; i++) {
		struct explain_entry *e = &g->out->entries[i];
		const struct conf_section *at =
			conf_find_account(g->conf, e->authority);
		const struct adapter_ops *ops = find_adapter(g, at);
		struct asked asked = { 0 };
		int64_t wait_ms = 0;

		e->is_gone = !at;
		if (ops && ops->settles_by_drops &&
		    ops->settles_by_drops(at, &wait_ms) &&
		    !decimal_is_negative(e->qty))
			e->settle_wait_ms = wait_ms;
		r = store_asked(g->store, &asked, &by, e->id, e->state,
		                e->authority, e->why);
		e->is_asked = asked.is_asked;
		e->asked_in_ms = asked.in_ms;
	}
	return r;
}

static int
decode(struct gather *g, const redisReply *reply)
{
	struct explain *out = g->out;
	const char *own = g->item->authority;
	const char *next = g->item->next;
	const char *missing;

	out->is_default = !own || !*own;
	out->sku = text_dup(g->item->sku);
	out->name = text_dup(g->item->name ? g->item->name : "");
	out->authority = text_dup(
		out->is_default ? conf_text(g->conf->top, "stock.authority")
				: own);
	out->is_gone = !conf_find_account(g->conf, out->authority);
	/* "" in the books: back to the default. */
	out->next =
		text_dup(!next   ? ""
	                 : *next ? next
	                         : conf_text(g->conf->top, "stock.authority"));
	if (!out->sku || !out->name || !out->authority || !out->next)
		return ERR_NOMEM;
	out->has_balance =
		!strcmp(reply_text(reply_at(reply, 1)), out->authority) &&
		!decimal_parse(&out->balance, reply_text(reply_at(reply, 2)));
	out->balance_ms = reply_int(reply_at(reply, 3));
	if (!out->has_balance) { /* since then it is not known, or longer */
		out->unknown_ms = out->balance_ms;
		out->balance_ms = 0;
	}
	missing = reply_text(reply_at(reply, 5));
	if (!decimal_nparse(&out->missing, missing, strcspn(missing, " ")))
		out->oversold_ms = reply_int(reply_at(reply, 4));
	return add_entries(out, reply_at(reply, 6));
}

static int
ask(struct gather *g, redisReply **reply)
{
	struct args a = { 0 };

	args_adds(&a, g->item->sku);
	for (size_t i = 0; i < g->item->n_bindings; i++)
		args_adds(&a, g->item->bindings[i].account);
	return store_eval(g->store, reply, SCRIPT_EXPLAIN, explain_script, &a);
}

int
store_explain(struct store *store, struct explain *out, const struct conf *conf,
              const struct adapter_ops *const *adapters, const char *sku)
{
	struct item item = { 0 };
	struct gather g = { out, store, conf, adapters, &item };
	redisReply *reply = NULL;
	int r = store_registry_get(store, &item, sku);

	*out = (struct explain){ .now_ms = clock_wall_ms() };
	if (r)
		return r == REGISTRY_ABSENT ? EXPLAIN_ABSENT : r;
	r = store_timeline_read(store, &out->lines, &out->n_lines, sku);
	if (!r)
		r = ask(&g, &reply);
	if (!r)
		r = decode(&g, reply);
	if (!r)
		r = describe_ends(&g);
	if (!r)
		r = add_places(&g, reply);
	if (reply)
		freeReplyObject(reply);
	item_fini(&item);
	if (r)
		explain_fini(out);
	return r;
}

/* ---- what else may have been meant ---- */

struct near {
	struct buf folded;    /* what was asked for */
	char *best[NEAR_MAX]; /* owned */
	size_t score[NEAR_MAX];
	size_t n;
};

/* Bytes in common at the beginning; beyond all when equal. */
static size_t
score_of(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return a[n] == b[n] ? SIZE_MAX : n;
}

static int
weigh(void *ctx, const char *sku)
{
	struct near *near = ctx;
	struct buf folded = BUF_INIT;
	size_t score;
	size_t at;

	fold_add(&folded, sku);
	score = score_of(buf_text(&near->folded), buf_text(&folded));
	buf_fini(&folded);
	if (score < NEAR_MIN ||
	    (near->n == NEAR_MAX && near->score[NEAR_MAX - 1] >= score))
		return 0;
	if (near->n == NEAR_MAX)
		free(near->best[--near->n]);
	for (at = near->n++; at && near->score[at - 1] < score; at--) {
		near->best[at] = near->best[at - 1];
		near->score[at] = near->score[at - 1];
	}
	near->score[at] = score;
	near->best[at] = text_dup(sku);
	return near->best[at] ? 0 : err_raise(ERR_NOMEM, "why=%s", "near");
}

int
store_explain_near(struct store *store, struct buf *out, const char *sku)
{
	struct near near = { .n = 0 };
	int r;

	fold_add(&near.folded, sku);
	r = store_registry_each(store, weigh, &near);
	for (size_t i = 0; i < near.n; i++) {
		/* Those that are much further off would only confuse. */
		if (!r && near.score[i] >= near.score[0] / 2)
			buf_addf(out, "%s%s", i ? ", " : "", near.best[i]);
		free(near.best[i]);
	}
	buf_fini(&near.folded);
	return r;
}
