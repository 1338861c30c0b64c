#ifndef ENGINE_METER_H
#define ENGINE_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/drivers/http_client.h"
#include "gateway/drivers/store.h"
#include "gateway/model/limits.h"

/*
 * What one account may still call: the gate of its HTTP client, so that no call
 * goes around it. Buckets live in memory, since one process holds an account's
 * lease; a month's budget is counted in Redis, over a connection of its own,
 * because a call may be made while the worker's is in the midst of something.
 *
 * The worker says what kind of work it is doing. Polls leave a share of each
 * bucket to urgent work, and begin only when the last one is paid for.
 */
struct meter;

struct meter_options {
	struct limits limits;              /* copied */
	const char *account;               /* borrowed */
	const struct store_options *store; /* borrowed */
	const char *zone; /* of months; NULL: the process's; checked before */
};

/* *out stays NULL when nothing is limited. Returns 0, ERR_NOMEM, ERR_BUG. */
int meter_new(struct meter **out, const struct meter_options *options);
void meter_free(struct meter *m); /* accepts NULL */

/* For http_client_set_gate; NULL for NULL. Lives as long as the meter. */
const struct http_gate *meter_gate(const struct meter *m);

/* What the calls from here on are for. Returns what they were for before. */
enum limit_work meter_set_work(struct meter *m, enum limit_work work);
enum limit_work meter_work(const struct meter *m); /* NULL: urgent */

/*
 * May a poll begin? Receives milliseconds, 0: now. NULL: always. Returns 0,
 * ERR_STORE, ERR_NOMEM.
 */
int meter_poll_wait(struct meter *m, int64_t *wait_ms);

/*
 * How long a bucket has no room for one more call of the work in hand; 0: it
 * has. 0 too for NULL, and while a call is under way.
 */
int64_t meter_room_wait_ms(struct meter *m);

/* Another process may have called since: read the month again. NULL: nothing. */
void meter_forget(struct meter *m);

/* A call that was not made: the last one asked for, if none was made since. */
struct meter_refusal {
	char why[160];   /* "our own limit: …"; "": none */
	int64_t wait_ms; /* as of then */
	enum limit_work work;
	bool is_spent; /* by the month's last call, or by the vendor's word */
};

/* Take it: it is forgotten. False: there is none. */
bool meter_take_refusal(struct meter *m, struct meter_refusal *out);

/* For people, as of now. Unused members are 0. */
struct meter_reading {
	char limit[80];       /* "5 minutes"; "": no bucket */
	int64_t left;         /* calls at once, of the tightest bucket */
	int64_t size;         /* the same after a rest */
	int64_t full_ms;      /* wall clock: when it is */
	int64_t calls;        /* of the month; 0: no budget */
	int64_t used, polls;  /* of them */
	int64_t until_ms;     /* end of the month */
	int64_t next_poll_ms; /* wall clock; not after now: at once */
	int64_t step_ms;      /* what one call of a poll costs it now */
};

/* Costs no call to Redis. */
void meter_read(struct meter *m, struct meter_reading *out);

#endif
