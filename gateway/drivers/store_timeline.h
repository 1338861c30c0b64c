#ifndef DRIVERS_STORE_TIMELINE_H
#define DRIVERS_STORE_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/drivers/store.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/model/timeline.h"

/*
 * Timelines in Redis, best effort: a line that is lost is no event that is
 * lost, and no work waits for one. Lines are collected in memory, with the
 * connection, and written together when their thread has nothing better to do
 * (store_timeline_settle). An item keeps TIMELINE_LINES_MAX of them, until a
 * week after the last.
 */

/* Note a line. Writes nothing, except where very many wait: a sync's. */
void store_timeline_add(struct store *store, const char *sku, int64_t at_ms,
                        enum timeline_kind kind, const char *account,
                        const char *format, ...)
	__attribute__((format(printf, 6, 7)));

/*
 * Write what waits, in one script, if it waits for a quarter of a second.
 * Called between two pieces of work.
 *
 * Returns how many milliseconds later to come again; 0: nothing waits.
 */
int64_t store_timeline_settle(struct store *store);

/* Write what waits, now. */
void store_timeline_flush(struct store *store);

/* A person decided on an entry: note it at each of its items, and write it. */
void store_timeline_decided(struct store *store, const char *entry,
                            enum dead_action action);

/*
 * An item's lines, oldest first. *out is the caller's (free).
 * Returns 0, ERR_STORE, ERR_NOMEM.
 */
int store_timeline_read(struct store *store, struct timeline_line **out,
                        size_t *n, const char *sku);

#endif
