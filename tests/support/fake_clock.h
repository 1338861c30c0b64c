#ifndef SUPPORT_FAKE_CLOCK_H
#define SUPPORT_FAKE_CLOCK_H

#include <stdint.h>

/* Clocks that move only when told. Threads: one. */
void fake_clock_start(int64_t wall_ms, int64_t mono_ms);

/* Both clocks go on by the same time. */
void fake_clock_advance(int64_t ms);

/* Somebody sets the wall clock; the monotonic one does not notice. */
void fake_clock_set_wall(int64_t wall_ms);

/* Back to the real clocks. */
void fake_clock_stop(void);

#endif
