/*
 * When to try again: arithmetic only.
 *
 * Half of each wait is fixed and half is random: callers that failed together
 * spread out, and none comes back at once.
 */
#include "gateway/model/retry.h"

#include <assert.h>

/* base doubled for each attempt after the first, up to cap. */
static int64_t
ceiling_ms(const struct retry_policy *policy, unsigned attempt)
{
	int64_t ms = policy->base_ms;

	for (; attempt > 1 && ms > 0 && ms < policy->cap_ms; attempt--)
		ms = ms > policy->cap_ms / 2 ? policy->cap_ms : ms * 2;
	return ms < policy->cap_ms ? ms : policy->cap_ms;
}

/* The part of range that jitter is of 2^32; in halves, as it would overflow. */
static int64_t
share(int64_t range, uint32_t jitter)
{
	int64_t high = range >> 32;
	int64_t low = range & UINT32_MAX;

	return high * jitter +
	       (int64_t)(((uint64_t)low * (uint64_t)jitter) >> 32);
}

int64_t
retry_wait_ms(const struct retry_policy *policy, unsigned attempt,
              uint32_t jitter)
{
	int64_t most;
	int64_t least;

	assert(attempt >= 1);
	assert(policy->base_ms >= 0 && policy->cap_ms >= policy->base_ms);
	if (policy->max_attempts && attempt >= policy->max_attempts)
		return RETRY_NEVER;
	most = ceiling_ms(policy, attempt);
	least = most / 2;
	return least + share(most - least + 1, jitter);
}
