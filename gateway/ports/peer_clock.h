#ifndef PORTS_PEER_CLOCK_H
#define PORTS_PEER_CLOCK_H

#include <stdint.h>

#include "gateway/ports/http.h"

/*
 * The clock of a system that answers us, as the Date headers of its answers
 * tell it: its times, and those we send it, are by that clock. All zero: nothing
 * was told yet, and then it is taken for ours.
 *
 * Threads  the one of its account.
 */
struct peer_clock {
	int64_t skew_ms; /* that clock less ours; 0: within two seconds */
	int64_t told_ms; /* the same, as the last answers told it */
};

/* An answer without a Date changes nothing. */
void peer_clock_learn(struct peer_clock *clock,
                      const struct http_answer *answer);

/* What that clock shows, in ms since 1970-01-01T00:00:00Z. */
int64_t peer_clock_now_ms(const struct peer_clock *clock);

#endif
