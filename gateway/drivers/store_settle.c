/*
 * settle: "observed". The authority does not show whether a balance contains a
 * confirmed entry, so drops are added up: the oldest confirmed entries whose
 * quantities fit into what the balance has fallen since are taken as inside.
 * What is left of a drop is carried to the next read; what nobody saw fall
 * within settle_wait is settled all the same.
 *
 * Source   design.md section 4, Reads and posts at the authority.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_internal.h"

enum { CHOICE_MAX = 256 }; /* confirmed entries of one item at once */

struct confirmed {
	const char *id; /* borrowed from the reply */
	struct decimal qty;
	int64_t tick;
};

static int
by_tick(const void *a, const void *b)
{
	const struct confirmed *x = a;
	const struct confirmed *y = b;

	return (x->tick > y->tick) - (x->tick < y->tick);
}

/* "C QTY TICK" of an entry confirmed before the read. */
static bool
parse_confirmed(struct confirmed *out, const char *id, const char *value,
                int64_t before)
{
	char qty[DECIMAL_TEXT_SIZE];
	long long tick;

	if (sscanf(value, "C %47s %lld", qty, &tick) != 2 || tick >= before)
		return false;
	*out = (struct confirmed){ .id = id, .tick = tick };
	return !decimal_parse(&out->qty, qty);
}

static size_t
collect(struct confirmed *out, const redisReply *pend, int64_t before)
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < reply_n(pend) && n < CHOICE_MAX; i += 2)
		if (parse_confirmed(&out[n], reply_text(reply_at(pend, i)),
		                    reply_text(reply_at(pend, i + 1)), before))
			n++;
	qsort(out, n, sizeof(*out), by_tick);
	return n;
}

/* When was this entry confirmed? 0 when unknown. */
static int64_t
confirmed_ms(struct store *store, const char *id)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int64_t ms;

	args_adds(&a, "HGET");
	args_add_key(&a, store, "entry:", id);
	args_adds(&a, "confirmed_ms");
	if (store_call(store, &reply, &a))
		return 0;
	ms = reply_int(reply);
	freeReplyObject(reply);
	return ms;
}

/* The drop to distribute: what was carried plus what the balance fell now. */
static int
read_drop(struct store *store, struct decimal *out,
          const struct stock_read *read, const struct stock_balance *b)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	struct decimal old;
	int r;

	*out = DECIMAL_ZERO;
	args_adds(&a, "HMGET");
	args_add_key(&a, store, "stock:", b->sku);
	args_adds(&a, "balance");
	args_adds(&a, "drop");
	args_adds(&a, "from");
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	if (!strcmp(reply_text(reply_at(reply, 2)), read->authority)) {
		(void)decimal_parse(out, reply_text(reply_at(reply, 1)));
		if (!decimal_parse(&old, reply_text(reply_at(reply, 0))) &&
		    decimal_cmp(old, b->qty) > 0)
			*out = decimal_add(*out, decimal_sub(old, b->qty));
	}
	freeReplyObject(reply);
	return 0;
}

/* Append to a balance's arguments: the ids that settle, and the drop left. */
int
stock_choose_observed(struct store *store, struct args *to,
                      const struct stock_read *read,
                      const struct stock_balance *b)
{
	struct args a = { 0 };
	struct confirmed list[CHOICE_MAX];
	struct buf ids = BUF_INIT;
	redisReply *reply = NULL;
	struct decimal drop;
	char text[DECIMAL_TEXT_SIZE];
	size_t n;
	int r = read_drop(store, &drop, read, b);

	if (r)
		return r;
	args_adds(&a, "HGETALL");
	args_add_key(&a, store, "pend:", b->sku);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	n = collect(list, reply, read->tick);
	buf_addc(&ids, '\n');
	for (size_t i = 0; i < n; i++) {
		bool fits = decimal_cmp(list[i].qty, drop) <= 0;
		int64_t at = fits ? 0 : confirmed_ms(store, list[i].id);

		if (!fits &&
		    (!at || clock_wall_ms() - at < read->settle_wait_ms))
			break; /* oldest first: nothing younger overtakes */
		if (fits)
			drop = decimal_sub(drop, list[i].qty);
		buf_addf(&ids, "%s\n", list[i].id);
	}
	/* With nothing left to explain, a fall was the shop's own. */
	if (!n)
		drop = DECIMAL_ZERO;
	args_adds(to, buf_text(&ids));
	args_adds(to, decimal_format(text, drop));
	r = buf_check(&ids);
	buf_fini(&ids);
	freeReplyObject(reply);
	return r;
}
