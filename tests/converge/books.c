/* Tillbridge's own books: is anything left undone? */
#include "tests/converge/check.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "gateway/base/clock.h"

enum { NONE = ITEMS_MAX };

redisContext *
books_connect(struct world *w)
{
	char *path = text_format("%s/state/redis.sock", w->dir);
	redisContext *c = redisConnectUnix(path);

	free(path);
	if (!c || c->err)
		give_up(w, "cannot reach the private Redis");
	(void)redisSetTimeout(c, (struct timeval){ .tv_sec = 10 });
	return c;
}

static redisReply *
ask(struct world *w, redisContext *c, const char *command)
{
	redisReply *reply = redisCommand(c, command);

	if (!reply || reply->type == REDIS_REPLY_ERROR)
		give_up(w, command);
	return reply;
}

void
books_backdate(struct world *w, int64_t ms)
{
	redisContext *c = books_connect(w);

	for (size_t i = 0; i < w->n_selling; i++) {
		char command[200];

		(void)snprintf(command, sizeof(command),
		               "HSET tillbridge:cursor:%s start %lld",
		               w->tills[i].name,
		               (long long)(clock_wall_ms() - ms));
		freeReplyObject(ask(w, c, command));
	}
	redisFree(c);
}

static void
expect_count(struct world *w, redisContext *c, const char *command,
             const char *what)
{
	redisReply *reply = ask(w, c, command);

	if (reply->integer != 0)
		violate(w, NONE, SIZE_MAX, "at rest there are %lld %s",
		        reply->integer, what);
	freeReplyObject(reply);
}

/* "…TILL/ID", and behind it nothing, or what makes it one of several; or the id
   alone, as a mark has it. */
bool
order_is_of(const struct world *w, size_t order, const char *text)
{
	const struct order *o = &w->orders[order];
	const char *name = w->tills[o->till].name;
	const char *slash = strrchr(text, '/');
	const char *id = slash ? slash + 1 : strrchr(text, ':');
	size_t n = strlen(o->id);

	if (slash && ((size_t)(slash - text) < strlen(name) ||
	              strncmp(slash - strlen(name), name, strlen(name)) != 0))
		return false;
	id = !id ? text : *id == ':' ? id + 1 : id;
	return strncmp(id, o->id, n) == 0 &&
	       (!id[n] || id[n] == '@' || id[n] == '+');
}

/* Which item, or which sale, a key or member speaks of. */
static size_t
item_in(const struct world *w, const char *text)
{
	for (size_t i = 0; i < w->n_items; i++)
		if (strstr(text, w->items[i].sku))
			return i;
	return NONE;
}

static size_t
order_in(const struct world *w, const char *text)
{
	for (size_t i = 0; i < w->n_orders; i++)
		if (order_is_of(w, i, text))
			return i;
	return SIZE_MAX;
}

static void
expect_no_keys(struct world *w, redisContext *c, const char *command)
{
	redisReply *reply = ask(w, c, command);

	for (size_t i = 0; i < reply->elements; i++) {
		const char *key = reply->element[i]->str;

		violate(w, item_in(w, key), order_in(w, key),
		        "at rest there is still %s", key);
	}
	freeReplyObject(reply);
}

/* But for the one of count_marks. */
static void
expect_no_marks(struct world *w, redisContext *c, const char *account)
{
	redisReply *reply =
		redisCommand(c, "HKEYS tillbridge:mark:%s", account);

	for (size_t i = 0; reply && i < reply->elements; i++) {
		const char *member = reply->element[i]->str;

		if (strcmp(member, "y:lookup") != 0)
			violate(w, item_in(w, member), order_in(w, member),
			        "at rest %s is marked at %s", member, account);
	}
	freeReplyObject(reply);
}

/* What a person drops: goods that came back, which Galaxy does not take, and
   what was booked before a loss of Redis. */
static bool
is_ended(const struct world *w, const char *key, const char *state)
{
	size_t i = order_in(w, key);

	if (strcmp(state, "dropped") || i == SIZE_MAX)
		return !strcmp(state, "settled");
	return w->orders[i].was_booked ||
	       (w->holds_returns && w->orders[i].is_return);
}

static void
expect_settled(struct world *w, redisContext *c)
{
	redisReply *keys = ask(w, c, "KEYS tillbridge:entry:*");

	for (size_t i = 0; i < keys->elements; i++) {
		const char *key = keys->element[i]->str;
		redisReply *reply = redisCommand(c, "HGET %s state", key);
		const char *state = reply && reply->str ? reply->str : "lost";

		if (!is_ended(w, key, state))
			violate(w, NONE, order_in(w, key), "%s is %s", key,
			        state);
		freeReplyObject(reply);
	}
	freeReplyObject(keys);
}

void
books_check(struct world *w)
{
	redisContext *c = books_connect(w);
	redisReply *reply;

	expect_count(w, c, "XLEN tillbridge:events", "events in the queue");
	expect_count(w, c, "ZCARD tillbridge:dead", "dead letters");
	reply = ask(w, c, "XPENDING tillbridge:events drain");
	if (reply->elements && reply->element[0]->integer != 0)
		violate(w, NONE, SIZE_MAX,
		        "events are claimed and not settled");
	freeReplyObject(reply);
	expect_no_keys(w, c, "KEYS tillbridge:pend:*");
	for (size_t i = 0; i <= w->n_tills; i++)
		expect_no_marks(w, c, i ? w->tills[i - 1].name : "erp");
	for (size_t i = 0; i < w->n_tills; i++) {
		char held[100];

		(void)snprintf(held, sizeof(held), "HLEN tillbridge:held:%s",
		               w->tills[i].name);
		expect_count(w, c, held, "held zeros");
	}
	expect_no_keys(w, c, "KEYS tillbridge:queue:*");
	expect_no_keys(w, c, "KEYS tillbridge:entries:*");
	expect_no_keys(w, c, "KEYS tillbridge:unresolved:*");
	expect_settled(w, c);
	redisFree(c);
}
