#include "gateway/ports/peer_clock.h"

#include "gateway/base/clock.h"

enum {
	EQUAL_MS = 2000, /* a Date within this tells us nothing */
	CUT_MS = 1500,   /* nor do two that differ by less */
};

void
peer_clock_learn(struct peer_clock *clock, const struct http_answer *answer)
{
	int64_t skew_ms;

	if (answer->date_ms == 0)
		return;
	skew_ms = answer->date_ms - clock_wall_ms();
	/* Whole seconds, cut: of several answers the largest is the truest,
	   until one of the clocks was set. */
	if (skew_ms < clock->told_ms && skew_ms > clock->told_ms - CUT_MS)
		skew_ms = clock->told_ms;
	clock->told_ms = skew_ms;
	clock->skew_ms =
		skew_ms > EQUAL_MS || skew_ms < -EQUAL_MS ? skew_ms : 0;
}

int64_t
peer_clock_now_ms(const struct peer_clock *clock)
{
	return clock_wall_ms() + clock->skew_ms;
}
