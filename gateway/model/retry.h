#ifndef MODEL_RETRY_H
#define MODEL_RETRY_H

#include <stdint.h>

/* When to try again: arithmetic only. */
enum { RETRY_NEVER = -1 };

struct retry_policy {
	int64_t base_ms;       /* upper bound of the first wait */
	int64_t cap_ms;        /* no wait is longer */
	unsigned max_attempts; /* 0: without end */
};

/*
 * Wait before the next attempt.
 *
 * attempt  attempts already made, the failed one included; >= 1
 * jitter   any uniform 32-bit number; the caller brings the randomness
 *
 * Returns  milliseconds in [base_ms / 2, cap_ms], or RETRY_NEVER after
 *          max_attempts.
 * Threads  any.
 * Source   exponential backoff with jitter; ARCHITECTURE.md, Decisions.
 */
int64_t retry_wait_ms(const struct retry_policy *policy, unsigned attempt,
                      uint32_t jitter);

#endif
