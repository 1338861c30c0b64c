#ifndef ENGINE_SCHEDULER_H
#define ENGINE_SCHEDULER_H

#include "gateway/engine/worker.h"

/*
 * Catch-ups and full syncs by the clock, under a lease, so that one process of
 * several does it; and the gauges that somebody must read now and then. It
 * only marks: the accounts' workers do the work, and a run that is still going
 * when the next is due is the same mark.
 */
struct scheduler;

int scheduler_start(struct scheduler **out, const struct engine *engine);

/* Ends by itself once the engine's is_stopping is set; accepts NULL. */
void scheduler_join(struct scheduler *scheduler);

#endif
