#ifndef ENGINE_VISIT_H
#define ENGINE_VISIT_H

#include <stdbool.h>

#include "gateway/engine/station.h"
#include "gateway/ports/adapter.h"

/*
 * An operator's command calls an account's system by itself, beside the
 * daemon's worker: an HTTP client, the mirror, the vault and the adapter, as
 * the worker has them. Its calls pass the account's limits and are counted in
 * the month's budget, as urgent ones: a person waits.
 *
 * It reads, and sets up what is no stock. Counts and sales are the worker's,
 * which alone has the lease.
 */
struct visit;

struct visit_options {
	const struct conf *conf; /* borrowed, as all of it */
	const struct conf_section *account;
	const struct adapter_ops *ops; /* of its type */
	struct station *station;
	const char *user_agent;
};

/*
 * Returns 0 or a fault. The secrets of the account's own must be there: see
 * conf_places.
 */
int visit_open(struct visit **out, const struct visit_options *options);
void visit_close(struct visit *v); /* accepts NULL */

/* The adapter's, for the functions of its table. Borrowed. */
void *visit_state(const struct visit *v);

/*
 * Behind each call of the adapter: is it worth another try at once? A daemon
 * that renews the account's key at this moment is done in no time; that is
 * waited for here, a few seconds in all. Else the outcome stands, and in its
 * `why` is our own reason where it was we who did not let a call go.
 */
bool visit_again(struct visit *v, struct outcome *outcome);

#endif
