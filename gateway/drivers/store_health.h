#ifndef DRIVERS_STORE_HEALTH_H
#define DRIVERS_STORE_HEALTH_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/drivers/store.h"

/*
 * How each account is doing, as its worker last said: small facts by name, for
 * the status page, the API and the command line. Written when something
 * changes, so that any process can show it.
 *
 *   state            "ok", "waiting", "locked", "paused", "starting"
 *   why              last trouble in words
 *   found            what the probe found there
 *   breaker          "closed", "open"
 *   wait_until_ms    no attempt before; wall clock
 *   last_success_ms  last call that worked; last_error_ms: that did not
 *   last_write_ms    last count written, last_sale_ms: last sale seen
 *   lag_ms           from a call's arrival to the last write it caused
 *   sync_kind        "full", "catch-up" or "reconcile" while one runs, else ""
 *   sync_entity, sync_rows, sync_total   its progress
 *   last_catch_up_ms, last_full_ms       when one ended well
 *   next_catch_up_ms, next_full_ms, next_reconcile_ms   when one is due
 *   limit            its tightest limit by name, limit_left of limit_size calls
 *                    as of the last one, limit_full_ms when all are free again
 *   budget_calls     a month's calls, 0: no budget; budget_used and of these
 *                    budget_polls, budget_until_ms the month's end,
 *                    budget_next_poll_ms when a poll may begin, budget_step_ms
 *                    the wait behind each of its calls
 *   alarm            a sentence that wants a person; "" when none
 */
struct health_fact {
	const char *name;  /* borrowed */
	const char *value; /* borrowed */
};

int store_health_set(struct store *store, const char *account,
                     const struct health_fact *facts, size_t n);
int store_health_set_int(struct store *store, const char *account,
                         const char *name, int64_t value);

/* All facts of an account, in no order. */
struct health {
	char **names;  /* owned */
	char **values; /* owned */
	size_t n;
};

int store_health_get(struct store *store, struct health *out,
                     const char *account);
void health_fini(struct health *h);

/* A fact, or "" / 0. Borrowed. */
const char *health_text(const struct health *h, const char *name);
int64_t health_int(const struct health *h, const char *name);

#endif
