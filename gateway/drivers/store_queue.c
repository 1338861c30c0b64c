/*
 * Events, and which command moves them.
 *
 * Every script reads its limits first, adds second and removes last, so that
 * it happens whole or not at all even when Redis is full (platform.md R5).
 * Nothing is ever trimmed (R2): a full queue refuses.
 */
#include "gateway/drivers/store_queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_internal.h"

#define GROUP "drain"

static const char push_script[] =
	"local P = KEYS[1]\n"
	"local account, topic, id, query, body, received, dedupe_ms,\n"
	"      max, max_bytes, max_dead = unpack(ARGV)\n"
	"local k\n"
	"if id ~= '' and tonumber(dedupe_ms) > 0 then\n"
	"  k = P..'seen:'..account..':'..topic..':'..id\n"
	"  local first = redis.call('GET', k)\n"
	"  if first then return {2, first} end\n"
	"end\n"
	"if redis.call('XLEN', P..'events') >= tonumber(max) or\n"
	"   tonumber(redis.call('GET', P..'events:bytes') or '0') + #body >\n"
	"     tonumber(max_bytes) or\n"
	"   redis.call('ZCARD', P..'dead') >= tonumber(max_dead) then\n"
	"  return {1, ''}\n"
	"end\n"
	"local e = redis.call('XADD', P..'events', '*', 'v', '1',\n"
	"  'account', account, 'topic', topic, 'id', id, 'query', query,\n"
	"  'received', received, 'body', body)\n"
	"if k then redis.call('SET', k, e, 'PX', dedupe_ms) end\n"
	"redis.call('INCRBY', P..'events:bytes', #body)\n"
	"return {0, e}\n";

/*
 * ARGV: for each event its stream id, when it was received, its bytes, and a
 * counted list of account, member. All marks first, all removals last (R5).
 */
static const char settle_script[] = LUA_MARK LUA_HEARD
	"local i = 1\n"
	"local done = {}\n"
	"while i <= #ARGV do\n"
	"  local id, received, bytes, n = unpack(ARGV, i, i + 3)\n"
	"  i = i + 4\n"
	"  for _ = 1, n do\n"
	"    mark(ARGV[i], ARGV[i + 1], 'h', received, 0, 0)\n"
	"    heard(ARGV[i], ARGV[i + 1])\n"
	"    i = i + 2\n"
	"  end\n"
	"  done[#done + 1] = {id, bytes}\n"
	"end\n"
	"for _, e in ipairs(done) do\n"
	"  redis.call('XACK', P..'events', '" GROUP "', e[1])\n"
	"  if redis.call('XDEL', P..'events', e[1]) == 1 then\n"
	"    redis.call('DECRBY', P..'events:bytes', e[2])\n"
	"  end\n"
	"end\n"
	"return 1\n";

/* ARGV: stream id, body bytes, now, why, then field, value pairs. */
static const char bury_script[] =
	"local P = KEYS[1]\n"
	"local d = 'event/'..ARGV[1]\n"
	"for i = 5, #ARGV, 2 do\n"
	"  redis.call('HSET', P..'dead:'..d, ARGV[i], ARGV[i + 1])\n"
	"end\n"
	"redis.call('HSET', P..'dead:'..d, 'why', ARGV[4], 'at', ARGV[3])\n"
	"redis.call('ZADD', P..'dead', ARGV[3], d)\n"
	"redis.call('XACK', P..'events', '" GROUP "', ARGV[1])\n"
	"if redis.call('XDEL', P..'events', ARGV[1]) == 1 then\n"
	"  redis.call('DECRBY', P..'events:bytes', ARGV[2])\n"
	"end\n"
	"return 1\n";

int
store_queue_push(struct store *store, char id_out[QUEUE_ID_SIZE],
                 const struct event *event, int64_t dedupe_ms)
{
	const struct store_options *o = store_options_of(store);
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, event->account);
	args_adds(&a, event->topic);
	args_adds(&a, event->id);
	args_adds(&a, event->query);
	args_add(&a, event->body, event->n_body);
	args_addi(&a, event->received_ms);
	args_addi(&a, dedupe_ms);
	args_addi(&a, o->backlog_max);
	args_addi(&a, o->backlog_max_bytes);
	args_addi(&a, o->dead_max);
	r = store_eval(store, &reply, SCRIPT_PUSH, push_script, &a);
	if (r)
		return r;
	r = (int)reply_int(reply_at(reply, 0)); /* 0, FULL 1, DUPLICATE 2 */
	(void)snprintf(id_out, QUEUE_ID_SIZE, "%s",
	               reply_text(reply_at(reply, 1)));
	freeReplyObject(reply);
	return r;
}

/* ---- claiming ---- */

static const redisReply *
find_field(const redisReply *fields, const char *name)
{
	for (size_t i = 0; i + 1 < reply_n(fields); i += 2)
		if (!strcmp(reply_text(reply_at(fields, i)), name))
			return reply_at(fields, i + 1);
	return NULL;
}

static char *
field_dup(const redisReply *fields, const char *name)
{
	return text_dup(reply_text(find_field(fields, name)));
}

/* Bodies may hold anything, NUL included; one more NUL behind them. */
static char *
body_dup(const redisReply *body)
{
	size_t n = body ? body->len : 0;
	char *copy = malloc(n + 1);

	if (!copy)
		return NULL;
	if (n)
		memcpy(copy, body->str, n);
	copy[n] = '\0';
	return copy;
}

static int
decode_event(struct event *out, const redisReply *item)
{
	const redisReply *fields = reply_at(item, 1);
	const redisReply *body = find_field(fields, "body");

	*out = (struct event){
		.account = field_dup(fields, "account"),
		.topic = field_dup(fields, "topic"),
		.id = field_dup(fields, "id"),
		.query = field_dup(fields, "query"),
		.received_ms = reply_int(find_field(fields, "received")),
		.entry_id = text_dup(reply_text(reply_at(item, 0))),
		.n_body = body ? body->len : 0,
		.deliveries = 1,
	};
	out->body = body_dup(body);
	if (out->account && out->topic && out->id && out->query &&
	    out->entry_id && out->body)
		return 0;
	event_fini(out);
	return err_raise(ERR_NOMEM, "why=%s", "event");
}

/* list: entries [id, [field, value, …]] as XREADGROUP and XAUTOCLAIM give. */
static int
decode_events(struct queue_batch *out, const redisReply *list)
{
	size_t n = reply_n(list);

	*out = (struct queue_batch){ 0 };
	if (!n)
		return QUEUE_EMPTY;
	out->events = calloc(n, sizeof(*out->events));
	if (!out->events)
		return err_raise(ERR_NOMEM, "why=%s", "batch");
	for (size_t i = 0; i < n; i++) {
		/* A deleted entry that is still pending reads as nil (R2). */
		if (reply_is_nil(reply_at(reply_at(list, i), 1)))
			continue;
		if (decode_event(&out->events[out->n], reply_at(list, i))) {
			queue_batch_fini(out);
			return ERR_NOMEM;
		}
		out->n++;
	}
	return 0;
}

static int
make_group(struct store *store)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, "XGROUP");
	args_adds(&a, "CREATE");
	args_add_key(&a, store, "events", NULL);
	args_adds(&a, GROUP);
	args_adds(&a, "0"); /* from the start, never `$` (R9) */
	args_adds(&a, "MKSTREAM");
	r = store_call_raw(store, &reply, &a);
	if (r)
		return r;
	freeReplyObject(reply); /* BUSYGROUP: somebody was quicker */
	return 0;
}

/* XREADGROUP GROUP drain consumer COUNT max [BLOCK ms] STREAMS events from */
static int
read_group(struct store *store, redisReply **out, const char *consumer,
           const char *from, int64_t block_ms, size_t max)
{
	struct args a = { 0 };
	bool is_new = !strcmp(from, ">");

	args_adds(&a, "XREADGROUP");
	args_adds(&a, "GROUP");
	args_adds(&a, GROUP);
	args_adds(&a, consumer);
	args_adds(&a, "COUNT");
	args_addi(&a, (int64_t)max);
	if (is_new) {
		args_adds(&a, "BLOCK");
		args_addi(&a, block_ms);
	}
	args_adds(&a, "STREAMS");
	args_add_key(&a, store, "events", NULL);
	args_adds(&a, from);
	return store_call_blocking(store, out, &a, is_new ? block_ms : 0);
}

static int
auto_claim(struct store *store, redisReply **out, const char *consumer,
           int64_t idle_ms, size_t max)
{
	struct args a = { 0 };

	args_adds(&a, "XAUTOCLAIM");
	args_add_key(&a, store, "events", NULL);
	args_adds(&a, GROUP);
	args_adds(&a, consumer);
	args_addi(&a, idle_ms);
	args_adds(&a, "0-0");
	args_adds(&a, "COUNT");
	args_addi(&a, (int64_t)max);
	return store_call(store, out, &a);
}

/* How often each claimed event was handed out: the poison guard (R14). */
static void
read_deliveries(struct store *store, struct queue_batch *batch,
                const char *consumer)
{
	for (size_t i = 0; i < batch->n; i++) {
		struct args a = { 0 };
		redisReply *reply = NULL;

		args_adds(&a, "XPENDING");
		args_add_key(&a, store, "events", NULL);
		args_adds(&a, GROUP);
		args_adds(&a, batch->events[i].entry_id);
		args_adds(&a, batch->events[i].entry_id);
		args_adds(&a, "1");
		args_adds(&a, consumer);
		if (store_call(store, &reply, &a))
			return;
		batch->events[i].deliveries =
			reply_int(reply_at(reply_at(reply, 0), 3));
		freeReplyObject(reply);
	}
}

/*
 * Entries that are pending but were deleted by somebody else read as nil (R2).
 * Nobody can work them off, so they end here, loudly. n receives how many.
 */
static int
forget_deleted(struct store *store, const redisReply *list, size_t *n)
{
	struct args a = { 0 };

	*n = 0;
	args_adds(&a, "XACK");
	args_add_key(&a, store, "events", NULL);
	args_adds(&a, GROUP);
	for (size_t i = 0; i < reply_n(list); i++) {
		if (!reply_is_nil(reply_at(reply_at(list, i), 1)))
			continue;
		args_adds(&a, reply_text(reply_at(reply_at(list, i), 0)));
		++*n;
	}
	if (!*n) {
		args_fini(&a);
		return 0;
	}
	log_error("event.vanished", "events=%zu why=%s", *n,
	          log_quote("somebody deleted them from Redis"));
	return store_call_int(store, NULL, &a);
}

int
store_queue_claim(struct store *store, struct queue_batch *out,
                  enum queue_source source, const char *consumer,
                  const char *after, int64_t wait_ms, size_t max)
{
	redisReply *reply = NULL;
	const redisReply *list;
	size_t n_deleted = 0;
	int r;

	*out = (struct queue_batch){ 0 };
	/* At start and after every lost connection: it may be missing (R9). */
	if (source == QUEUE_OWN && (!after || !*after))
		(void)make_group(store);
	if (source == QUEUE_ABANDONED)
		r = auto_claim(store, &reply, consumer, wait_ms, max);
	else if (source == QUEUE_OWN)
		r = read_group(store, &reply, consumer,
		               after && *after ? after : "0", 0, max);
	else
		r = read_group(store, &reply, consumer, ">", wait_ms, max);
	if (r) {
		/* The group may be gone: a restart without data, a FLUSHALL.
		   Making it again is harmless when that was not the reason. */
		(void)make_group(store);
		return r;
	}
	list = source == QUEUE_ABANDONED ? reply_at(reply, 1)
	                                 : reply_at(reply_at(reply, 0), 1);
	r = forget_deleted(store, list, &n_deleted);
	if (!r)
		r = decode_events(out, list);
	freeReplyObject(reply);
	if (!r && !out->n) {
		queue_batch_fini(out); /* all were deleted: ask for others */
		return store_queue_claim(store, out, source, consumer, after,
		                         wait_ms, max);
	}
	if (!r && source != QUEUE_NEW)
		read_deliveries(store, out, consumer);
	return r;
}

void
queue_batch_fini(struct queue_batch *batch)
{
	for (size_t i = 0; i < batch->n; i++)
		event_fini(&batch->events[i]);
	free(batch->events);
	*batch = (struct queue_batch){ 0 };
}

/* ---- settling ---- */

int
store_queue_settle(struct store *store, const struct queue_settlement *list,
                   size_t n)
{
	struct args a = { 0 };

	if (!n)
		return 0;
	for (size_t i = 0; i < n; i++) {
		args_adds(&a, list[i].event->entry_id);
		args_addi(&a, list[i].event->received_ms);
		args_addi(&a, (int64_t)list[i].event->n_body);
		args_addi(&a, (int64_t)list[i].n_marks);
		for (size_t m = 0; m < list[i].n_marks; m++) {
			args_adds(&a, list[i].marks[m].account);
			args_adds(&a, list[i].marks[m].member);
		}
	}
	return store_eval_int(store, NULL, SCRIPT_SETTLE, settle_script, &a);
}

int
store_queue_bury(struct store *store, const struct event *event,
                 const char *why)
{
	struct args a = { 0 };

	args_adds(&a, event->entry_id);
	args_addi(&a, (int64_t)event->n_body);
	args_addi(&a, clock_wall_ms());
	args_adds(&a, why);
	args_adds(&a, "kind");
	args_adds(&a, "event");
	args_adds(&a, "account");
	args_adds(&a, event->account);
	args_adds(&a, "topic");
	args_adds(&a, event->topic);
	args_adds(&a, "id");
	args_adds(&a, event->id);
	args_adds(&a, "query");
	args_adds(&a, event->query);
	args_adds(&a, "received");
	args_addi(&a, event->received_ms);
	args_adds(&a, "body");
	args_add(&a, event->body, event->n_body);
	return store_eval_int(store, NULL, SCRIPT_BURY, bury_script, &a);
}

static int
read_oldest(struct store *store, int64_t *out)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, "XRANGE");
	args_add_key(&a, store, "events", NULL);
	args_adds(&a, "-");
	args_adds(&a, "+");
	args_adds(&a, "COUNT");
	args_adds(&a, "1");
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	*out = reply_int(reply_at(reply_at(reply, 0), 0)); /* up to the dash */
	freeReplyObject(reply);
	return 0;
}

int
store_queue_depth(struct store *store, struct queue_depth *out)
{
	int r;

	*out = (struct queue_depth){ 0 };
	r = store_count(store, &out->n, "XLEN", "events", NULL);
	if (!r)
		r = store_count(store, &out->bytes, "GET", "events:bytes",
		                NULL);
	if (!r)
		r = store_count(store, &out->n_dead, "ZCARD", "dead", NULL);
	if (!r && out->n)
		r = read_oldest(store, &out->oldest_ms);
	return r;
}
