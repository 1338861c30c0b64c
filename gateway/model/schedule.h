#ifndef MODEL_SCHEDULE_H
#define MODEL_SCHEDULE_H

#include <stdint.h>

#include "gateway/base/cron.h"

/*
 * When an account's run is due: its cron, and a lag. "0 4 * * *" is written in
 * thousands of configurations; without it all of them would call one vendor in
 * the same second.
 */
enum { SCHEDULE_LAG_MAX_MS = 30000 };

/*
 * The lag of an account of an installation, the same at every run. 0 for a
 * schedule of every minute, and for an installation without an id.
 */
int64_t schedule_lag_ms(const struct cron *cron, const char *installation,
                        const char *account);

/* The first run after a moment, wall clock; 0: never. */
int64_t schedule_next_ms(const struct cron *cron, int64_t lag_ms,
                         int64_t after_ms);

/*
 * The first run of a process that starts now: one that was missed since last_ms
 * (when a run of this kind last began; 0: not known) is due at once, and however
 * many were missed, that is one.
 */
int64_t schedule_first_ms(const struct cron *cron, int64_t lag_ms,
                          int64_t last_ms, int64_t now_ms);

#endif
