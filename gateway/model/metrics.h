#ifndef MODEL_METRICS_H
#define MODEL_METRICS_H

#include <stdint.h>

#include "gateway/base/buf.h"

/*
 * Every counter and gauge: name, unit, meaning, in metrics.def; and the pulse
 * of every loop, so that a loop that no longer turns is seen by somebody else
 * (platform.md N1). All atomics; any thread.
 */
#define METRIC(id, name, type, meaning) METRIC_##id,
enum metric {
#include "gateway/model/metrics.def"
	METRIC_COUNT,
};
#undef METRIC

void metrics_add(enum metric m, int64_t n);
void metrics_set(enum metric m, int64_t value);
int64_t metrics_get(enum metric m);

/* Prometheus text exposition format. */
void metrics_print(struct buf *out);

/*
 * The pulse. A loop registers once and beats each turn; whoever answers
 * /ready asks for the loops that are late.
 *
 * name   copied; e.g. "drain", "worker:agora"
 * max_ms longest time between beats that is healthy
 *
 * Returns  a handle >= 0, or -1 when all 256 places are taken.
 */
int pulse_register(const char *name, int64_t max_ms);
void pulse_beat(int pulse);
void pulse_retire(int pulse); /* the loop ended on purpose */

/* Append the name of each late loop, separated by ", ". Returns how many. */
int pulse_late(struct buf *names);

/* The process drains: /ready says 503. Any thread, any time. */
void pulse_set_draining(int yes);
int pulse_is_draining(void);

#endif
