/* When an account may be called. */
#include "gateway/engine/pace.h"

#include "gateway/model/retry.h"

static int64_t
wait_after(const struct pace *p, const struct outcome *outcome, uint32_t jitter)
{
	static const struct retry_policy policy = {
		.base_ms = PACE_BASE_MS,
		.cap_ms = PACE_CAP_MS,
	};

	switch (outcome->verdict) {
	case VERDICT_DONE: return 0;
	case VERDICT_REFUSED: return 0; /* it answered: it is there */
	case VERDICT_ABSENT: return 0;
	case VERDICT_SLOW:
		return outcome->wait_ms > 0 ? outcome->wait_ms : PACE_SLOW_MS;
	case VERDICT_LOCKED: return PACE_LOCKED_MS;
	case VERDICT_RETRY:
	case VERDICT_UNCERTAIN: break;
	}
	return retry_wait_ms(&policy, p->failures, jitter);
}

static bool
is_failure(enum verdict verdict)
{
	return verdict == VERDICT_RETRY || verdict == VERDICT_UNCERTAIN;
}

bool
pace_note(struct pace *p, const struct outcome *outcome, int64_t now_ms,
          uint32_t jitter)
{
	bool is_change = p->last != outcome->verdict;

	if (is_failure(outcome->verdict)) {
		p->failures++;
		p->failed_at_ms = now_ms;
	} else if (outcome->verdict != VERDICT_SLOW) {
		p->failures = 0;
	}
	p->last = outcome->verdict;
	p->until_ms = now_ms + wait_after(p, outcome, jitter);
	if (outcome->verdict == VERDICT_SLOW)
		p->limited_until_ms = p->until_ms;
	return is_change;
}

int64_t
pace_wait_ms(const struct pace *p, int64_t now_ms)
{
	int64_t until_ms = p->until_ms > p->limited_until_ms
	                           ? p->until_ms
	                           : p->limited_until_ms;

	return until_ms > now_ms ? until_ms - now_ms : 0;
}

void
pace_hold_polls(struct pace *p, int64_t wait_ms, int64_t now_ms)
{
	p->poll_until_ms = now_ms + wait_ms;
}

int64_t
pace_poll_wait_ms(const struct pace *p, int64_t now_ms)
{
	int64_t wait = pace_wait_ms(p, now_ms);

	return p->poll_until_ms - now_ms > wait ? p->poll_until_ms - now_ms
	                                        : wait;
}

void
pace_hint(struct pace *p, int64_t now_ms)
{
	int64_t allowed = p->failed_at_ms + PACE_HINT_GAP_MS;

	if (!is_failure(p->last) || p->until_ms <= now_ms)
		return;
	if (allowed < now_ms)
		allowed = now_ms;
	if (allowed < p->until_ms)
		p->until_ms = allowed; /* a short wait is not made longer */
}

bool
pace_is_open(const struct pace *p)
{
	return p->failures > 0 || p->last == VERDICT_LOCKED;
}
