#ifndef ENGINE_DRAIN_H
#define ENGINE_DRAIN_H

#include "gateway/engine/worker.h"
#include "gateway/ports/handler.h"

/*
 * Turns events into marks, atomically with their acknowledgement. One thread
 * per process; several processes share the stream through its consumer group.
 */
struct drain;

int drain_start(struct drain **out, const struct engine *engine,
                const struct handler_ops *const *handlers);

/* Ends by itself once the engine's is_stopping is set; join waits, accepts
   NULL. What was not drained stays queued. */
void drain_join(struct drain *drain);

/*
 * Work off events: find where each says to look and settle them all with those
 * marks, or bury the hopeless with a reason. On a fault all stay pending.
 * Returns 0, ERR_STORE, ERR_NOMEM.
 */
int drain_events(const struct engine *engine,
                 const struct handler_ops *const *handlers, struct store *store,
                 const struct event *events, size_t n);

#endif
