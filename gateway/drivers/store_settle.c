/*
 * settle: "observed". The authority does not show whether a balance contains a
 * confirmed entry, so drops are added up: the oldest confirmed entries whose
 * quantities fit into what the balance has fallen since are taken as inside.
 * What is left of a drop is carried to the next read; what nobody saw fall
 * within settle_wait is settled all the same, and takes along what fell.
 *
 * A return is taken as inside at once, by the first read after its
 * confirmation, and explains no drop: kept pending beside a balance that has
 * risen already it would let a channel sell what is not there, while a balance
 * that rises later only makes the channel show it later.
 *
 * Source   design.md section 4, Reads and posts at the authority.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_internal.h"

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

	for (size_t i = 0; i + 1 < reply_n(pend); i += 2)
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

/* Has an entry waited for its drop for too long? */
static bool
is_overdue(struct store *store, const char *id, int64_t settle_wait_ms)
{
	int64_t at = confirmed_ms(store, id);

	return at && clock_wall_ms() - at >= settle_wait_ms;
}

/* Write the ids that settle, and take what they explain off the drop. */
static void
choose(struct store *store, struct buf *ids, struct decimal *drop,
       const struct confirmed *list, size_t n, int64_t settle_wait_ms)
{
	bool is_blocked = false; /* oldest first: nothing younger overtakes */

	for (size_t i = 0; i < n; i++) {
		bool is_return = decimal_is_negative(list[i].qty);
		bool fits = decimal_cmp(list[i].qty, *drop) <= 0;

		if (!is_return && !is_blocked && !fits)
			is_blocked =
				!is_overdue(store, list[i].id, settle_wait_ms);
		if (!is_return && is_blocked)
			continue;
		if (!is_return)
			*drop = fits ? decimal_sub(*drop, list[i].qty)
			             : DECIMAL_ZERO;
		buf_addf(ids, "%s\n", list[i].id);
	}
	/* With nothing left to explain, a fall was the shop's own. */
	if (!is_blocked)
		*drop = DECIMAL_ZERO;
}

/* Append to a balance's arguments: the ids that settle, and the drop left. */
int
stock_choose_observed(struct store *store, struct args *to,
                      const struct stock_read *read,
                      const struct stock_balance *b)
{
	struct args a = { 0 };
	struct confirmed *list = NULL;
	struct buf ids = BUF_INIT;
	redisReply *reply = NULL;
	struct decimal drop;
	char text[DECIMAL_TEXT_SIZE];
	int r = read_drop(store, &drop, read, b);

	if (r)
		return r;
	args_adds(&a, "HGETALL");
	args_add_key(&a, store, "pend:", b->sku);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	list = calloc(reply_n(reply) / 2 + 1, sizeof(*list));
	if (!list) {
		freeReplyObject(reply);
		return err_raise(ERR_NOMEM, "why=%s", "settle");
	}
	buf_addc(&ids, '\n');
	choose(store, &ids, &drop, list, collect(list, reply, read->tick),
	       read->settle_wait_ms);
	args_adds(to, buf_text(&ids));
	args_adds(to, decimal_format(text, drop));
	r = buf_check(&ids);
	buf_fini(&ids);
	free(list);
	freeReplyObject(reply);
	return r;
}
