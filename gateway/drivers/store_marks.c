/*
 * Marks: a sorted set by due time and a hash with each mark's generation,
 * cause and times. Only scripts touch the two, so they cannot drift apart
 * (platform.md R18).
 *
 * A due time is a wall-clock one, because it survives a restart. None is ever
 * set further ahead than DUE_AHEAD_MAX_MS, so that a clock that was set back
 * cannot make a mark wait longer than that.
 */
#include "gateway/drivers/store_marks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_internal.h"

enum {
	DUE_AHEAD_MAX_MS = 120000,
	WHOLE_MAX = 16, /* kinds of marks of the whole account, and more */
};

/* ARGV: account, cause, origin, due, '1' to leave what is marked, members… */
static const char mark_script[] = LUA_MARK LUA_HEARD
	"for i = 6, #ARGV do\n"
	"  if ARGV[5] ~= '1' or\n"
	"     redis.call('HEXISTS', P..'mark:'..ARGV[1], ARGV[i]) == 0 then\n"
	"    mark(ARGV[1], ARGV[i], ARGV[2], ARGV[3], 0, ARGV[4])\n"
	"    if ARGV[2] == 'h' then heard(ARGV[1], ARGV[i]) end\n"
	"  end\n"
	"end\n"
	"return 1\n";

/* ARGV: account, now, max, ahead, how many marks of the whole account there may
   be among them, which are left out (but for the two about entries); 0: they are not.
   -> tick, next due, member, value, … */
static const char take_script[] =
	"local P = KEYS[1]\n"
	"local a, now, max, ahead = ARGV[1], tonumber(ARGV[2]),\n"
	"      tonumber(ARGV[3]), tonumber(ARGV[4])\n"
	"local z, but, due = P..'marks:'..a, tonumber(ARGV[5]), {}\n"
	"local function take(from, to)\n"
	"  for _, m in ipairs(redis.call('ZRANGEBYSCORE', z, from, to,\n"
	"                                'LIMIT', 0, max + but)) do\n"
	"    if #due < max and (but == 0 or m:sub(1, 2) ~= 'y:' or\n"
	"       m == '" MARK_LOOK_UP "' or m == '" MARK_POSTS "') then\n"
	"      due[#due + 1] = m end\n"
	"  end\n"
	"end\n"
	"take('-inf', now)\n"
	"take('('..(now + ahead), '+inf')\n"
	"local next = redis.call('ZRANGEBYSCORE', z, '('..now, '+inf',\n"
	"                        'WITHSCORES', 'LIMIT', 0, 1)\n"
	"local out = {'0', next[2] or '0'}\n"
	"for _, m in ipairs(due) do\n"
	"  out[#out + 1] = m\n"
	"  out[#out + 1] = redis.call('HGET', P..'mark:'..a, m) or\n"
	"                  '0 h 0 0'\n"
	"end\n"
	"if #due > 0 then\n"
	"  out[1] = tostring(redis.call('INCR', P..'tick')) end\n"
	"return out\n";

/* ARGV: account, then member, generation pairs. */
static const char clear_script[] = LUA_MARK
	"local n = 0\n"
	"for i = 2, #ARGV, 2 do\n"
	"  if unmark(ARGV[1], ARGV[i], ARGV[i + 1]) then n = n + 1 end\n"
	"end\n"
	"return n\n";

/* ARGV: account, due, then member, generation pairs. */
static const char postpone_script[] =
	"local P = KEYS[1]\n"
	"for i = 3, #ARGV, 2 do\n"
	"  local v = redis.call('HGET', P..'mark:'..ARGV[1], ARGV[i])\n"
	"  if v and v:match('^(%d+) ') == ARGV[i + 1] then\n"
	"    redis.call('ZADD', P..'marks:'..ARGV[1], 'XX', ARGV[2],\n"
	"               ARGV[i])\n"
	"  end\n"
	"end\n"
	"return 1\n";

static bool
is_unasked(enum mark_cause cause)
{
	return cause == MARK_SYNC || cause == MARK_AGAIN;
}

bool
mark_is_unasked(const struct mark *mark)
{
	return is_unasked(mark->cause);
}

static int
add(struct store *store, const char *account, const char *const *members,
    size_t n, enum mark_cause cause, int64_t due_ms, bool once)
{
	struct args a = { 0 };
	char text[2] = { (char)cause, '\0' };

	if (!n)
		return 0;
	args_adds(&a, account);
	args_adds(&a, text);
	args_addi(&a, is_unasked(cause) ? 0 : clock_wall_ms());
	args_addi(&a, due_ms);
	args_adds(&a, once ? "1" : "0");
	for (size_t i = 0; i < n; i++)
		args_adds(&a, members[i]);
	return store_eval_int(store, NULL, SCRIPT_MARK, mark_script, &a);
}

int
store_marks_add(struct store *store, const char *account,
                const char *const *members, size_t n, enum mark_cause cause,
                int64_t due_ms)
{
	return add(store, account, members, n, cause, due_ms, false);
}

int
store_marks_add_once(struct store *store, const char *account,
                     const char *member, enum mark_cause cause)
{
	return add(store, account, &member, 1, cause, 0, true);
}

int
store_marks_add_one(struct store *store, const char *account,
                    const char *member, enum mark_cause cause)
{
	return store_marks_add(store, account, &member, 1, cause, 0);
}

/* "generation cause origin fetched" */
static void
decode_mark(struct mark *out, const char *member, const char *value)
{
	long long generation = 0;
	long long origin = 0;
	long long fetched = 0;
	char cause = MARK_HOOK;

	(void)sscanf(value, "%lld %c %lld %lld", &generation, &cause, &origin,
	             &fetched);
	*out = (struct mark){
		.member = text_dup(member),
		.generation = generation,
		.cause = (enum mark_cause)cause,
		.origin_ms = origin,
		.fetched_ms = fetched,
	};
}

static int
decode_batch(struct mark_batch *out, const redisReply *reply)
{
	size_t n = reply_n(reply) >= 2 ? (reply_n(reply) - 2) / 2 : 0;

	out->tick = reply_int(reply_at(reply, 0));
	out->next_due_ms = reply_int(reply_at(reply, 1));
	out->marks = calloc(n ? n : 1, sizeof(*out->marks));
	if (!out->marks)
		return err_raise(ERR_NOMEM, "why=%s", "marks");
	for (size_t i = 0; i < n; i++) {
		decode_mark(&out->marks[i],
		            reply_text(reply_at(reply, 2 + 2 * i)),
		            reply_text(reply_at(reply, 3 + 2 * i)));
		out->n++;
		if (!out->marks[i].member) {
			mark_batch_fini(out);
			return err_raise(ERR_NOMEM, "why=%s", "mark");
		}
	}
	return 0;
}

static int
take(struct store *store, struct mark_batch *out, const char *account,
     size_t max, int64_t n_left_out)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	*out = (struct mark_batch){ 0 };
	args_adds(&a, account);
	args_addi(&a, clock_wall_ms());
	args_addi(&a, (int64_t)max);
	args_addi(&a, DUE_AHEAD_MAX_MS);
	args_addi(&a, n_left_out);
	r = store_eval(store, &reply, SCRIPT_MARKS_TAKE, take_script, &a);
	if (r)
		return r;
	r = decode_batch(out, reply);
	freeReplyObject(reply);
	return r;
}

int
store_marks_take(struct store *store, struct mark_batch *out,
                 const char *account, size_t max)
{
	return take(store, out, account, max, 0);
}

int
store_marks_take_urgent(struct store *store, struct mark_batch *out,
                        const char *account, size_t max)
{
	return take(store, out, account, max, WHOLE_MAX);
}

int
store_marks_find(struct store *store, struct mark *out, const char *account,
                 const char *member)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, "HGET");
	args_add_key(&a, store, "mark:", account);
	args_adds(&a, member);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	if (reply_is_nil(reply))
		r = MARKS_ABSENT;
	else
		decode_mark(out, member, reply_text(reply));
	freeReplyObject(reply);
	if (!r && !out->member)
		r = err_raise(ERR_NOMEM, "why=%s", "mark");
	return r;
}

void
mark_batch_fini(struct mark_batch *batch)
{
	for (size_t i = 0; i < batch->n; i++)
		free(batch->marks[i].member);
	free(batch->marks);
	*batch = (struct mark_batch){ 0 };
}

int
store_marks_clear(struct store *store, const char *account,
                  const struct mark *const *marks, size_t n)
{
	struct args a = { 0 };

	if (!n)
		return 0;
	args_adds(&a, account);
	for (size_t i = 0; i < n; i++) {
		args_adds(&a, marks[i]->member);
		args_addi(&a, marks[i]->generation);
	}
	return store_eval_int(store, NULL, SCRIPT_MARKS_CLEAR, clear_script,
	                      &a);
}

int
store_marks_postpone(struct store *store, const char *account,
                     const struct mark *mark, int64_t due_ms)
{
	return store_marks_postpone_all(store, account, &mark, 1, due_ms);
}

int
store_marks_postpone_all(struct store *store, const char *account,
                         const struct mark *const *marks, size_t n,
                         int64_t due_ms)
{
	struct args a = { 0 };

	if (!n)
		return 0;
	args_adds(&a, account);
	args_addi(&a, due_ms);
	for (size_t i = 0; i < n; i++) {
		args_adds(&a, marks[i]->member);
		args_addi(&a, marks[i]->generation);
	}
	return store_eval_int(store, NULL, SCRIPT_MARKS_POSTPONE,
	                      postpone_script, &a);
}

int
store_marks_count(struct store *store, int64_t *out, const char *account)
{
	struct args a = { 0 };

	args_adds(&a, "ZCARD");
	args_add_key(&a, store, "marks:", account);
	return store_call_int(store, out, &a);
}

int
store_marks_wait(struct store *store, const char *account, int64_t wait_ms)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	char seconds[32];
	int r;

	/* 0 would mean "for ever" to Redis. */
	wait_ms = wait_ms < 1 ? 1 : wait_ms;
	(void)snprintf(seconds, sizeof(seconds), "%lld.%03d",
	               (long long)(wait_ms / 1000), (int)(wait_ms % 1000));
	args_adds(&a, "BLPOP");
	args_add_key(&a, store, "wake:", account);
	args_adds(&a, seconds);
	r = store_call_blocking(store, &reply, &a, wait_ms);
	if (r)
		return r;
	r = reply_is_nil(reply) ? 0 : MARKS_WOKEN;
	freeReplyObject(reply);
	return r;
}

int
store_marks_poll(struct store *store, const char *account)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, "LPOP");
	args_add_key(&a, store, "wake:", account);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	r = reply_is_nil(reply) ? 0 : MARKS_WOKEN;
	freeReplyObject(reply);
	return r;
}

int
store_marks_wake(struct store *store, const char *account)
{
	struct args a = { 0 };

	args_adds(&a, "LPUSH");
	args_add_key(&a, store, "wake:", account);
	args_adds(&a, "1");
	return store_call_int(store, NULL, &a);
}
