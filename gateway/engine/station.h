#ifndef ENGINE_STATION_H
#define ENGINE_STATION_H

#include <stdbool.h>

#include "gateway/base/buf.h"
#include "gateway/drivers/store.h"
#include "gateway/model/conf.h"

/*
 * Where the data lives: the state directory with its lock, and Redis, be it
 * configured or private. Shared by the daemon and the operator's commands.
 */
struct station;

enum { STATION_UNREACHABLE = 1 }; /* why receives a sentence for a person */

/*
 * Open for the daemon: takes the lock, starts the private server when none is
 * configured, refuses one that is too old.
 * Returns 0, STATION_UNREACHABLE (another daemon holds the lock included), a
 * fault. conf is borrowed and outlives the station.
 */
int station_open_locked(struct station **out, const struct conf *conf,
                        struct buf *why);

/*
 * Open for an operator's command: through the running daemon's private server,
 * a server of our own when no daemon runs, or the configured one.
 * Returns 0, STATION_UNREACHABLE, a fault.
 */
int station_open(struct station **out, const struct conf *conf,
                 struct buf *why);
void station_close(struct station *station); /* NULL is fine */

/* Of a command's: no daemon runs on this state directory, for the lock was
   free. */
bool station_is_alone(const struct station *station);

/* Borrowed; the first belongs to the calling thread's use only. */
struct store *station_store(struct station *station);
const struct store_options *station_options(const struct station *station);

/* Restart a private server that died. The thread that opened it. */
bool station_supervise(struct station *station);

/* A name for this state directory that survives restarts: consumer name in the
   queue, owner of leases. Borrowed. */
const char *station_owner(const struct station *station);
const char *station_dir(const struct station *station);

#endif
