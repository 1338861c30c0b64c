/*
 * Clocks that move only when told.
 */
#include "tests/support/fake_clock.h"

#include "gateway/base/clock.h"

static int64_t wall_now_ms;
static int64_t mono_now_ms;

static int64_t
read_wall(void)
{
	return wall_now_ms;
}

static int64_t
read_mono(void)
{
	return mono_now_ms;
}

void
fake_clock_start(int64_t wall_ms, int64_t mono_ms)
{
	wall_now_ms = wall_ms;
	mono_now_ms = mono_ms;
	clock_replace(read_wall, read_mono);
}

void
fake_clock_advance(int64_t ms)
{
	wall_now_ms += ms;
	mono_now_ms += ms;
}

void
fake_clock_set_wall(int64_t wall_ms)
{
	wall_now_ms = wall_ms;
}

void
fake_clock_stop(void)
{
	clock_replace(0, 0);
}
