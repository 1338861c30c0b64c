/* The way of a call into any till; see till_door.h. */
#include "tests/sim/till_door.h"

#include "tests/sim/calls.h"
#include "tests/sim/fault.h"

void
till_door_serve(const struct till_door *door, const struct http_call *http,
                struct server_reply *reply)
{
	struct sim *sim = door->sim;
	struct fault fault = { .mode = FAULT_NONE };
	struct calls *count;

	pthread_mutex_lock(&sim->lock);
	count = calls_count(sim, door->system, http->method, http->path);
	if (fault_take(&fault, sim, door->system, http->method, http->path))
		count->n_faults++;
	if (fault.mode == FAULT_STATUS) {
		door->refuse(door->call, fault.status);
	} else if (!fault_is_early(&fault)) {
		door->answer(door->call);
		count->n_refused += reply->status >= 300;
	}
	fault_apply(&fault, reply);
	pthread_mutex_unlock(&sim->lock);
}
