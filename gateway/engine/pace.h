#ifndef ENGINE_PACE_H
#define ENGINE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/model/outcome.h"

/*
 * When an account may be called: back-off, rate limits and the breaker, once
 * for all adapters. Arithmetic on a monotonic clock the caller brings.
 *
 * Passing trouble opens the breaker: no call until the wait is over, then one,
 * whose success closes it. Waits grow to 30 s at most, and a hook ends them
 * (design.md section 4, Patience). A rate limit is waited out whatever comes,
 * call that had begun before and ends well included.
 *
 * A limit that we keep ourselves (meter.h) may hold polls back alone: they have
 * a wait of their own, which urgent work does not see.
 */
enum {
	PACE_BASE_MS = 500,
	PACE_CAP_MS = 30000,
	PACE_LOCKED_MS = 60000,  /* credentials: try now and then */
	PACE_SLOW_MS = 2000,     /* a rate limit without a wait of its own */
	PACE_HINT_GAP_MS = 1000, /* hooks do not hammer a dead system */
};

struct pace {
	enum verdict last;        /* of the last call; DONE at start */
	unsigned failures;        /* in a row */
	int64_t until_ms;         /* no call before; monotonic */
	int64_t limited_until_ms; /* nor before this, by the vendor's word */
	int64_t poll_until_ms;    /* nor polls before this */
	int64_t failed_at_ms;     /* monotonic */
};

/* Note what came of a call. Returns true when the verdict's kind changed. */
bool pace_note(struct pace *p, const struct outcome *outcome, int64_t now_ms,
               uint32_t jitter);

/* Milliseconds until a call is allowed; 0: now. */
int64_t pace_wait_ms(const struct pace *p, int64_t now_ms);

/* Polls are held back; and for how long they are. */
void pace_hold_polls(struct pace *p, int64_t wait_ms, int64_t now_ms);
int64_t pace_poll_wait_ms(const struct pace *p, int64_t now_ms);

/* Somebody heard from that system or asks for it: end a back-off. */
void pace_hint(struct pace *p, int64_t now_ms);

bool pace_is_open(const struct pace *p); /* the breaker */

#endif
