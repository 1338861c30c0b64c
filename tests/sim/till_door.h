#ifndef SIM_TILL_DOOR_H
#define SIM_TILL_DOOR_H

#include "tests/sim/server.h"
#include "tests/sim/sim.h"

/*
 * The way of a call into any till: it is counted, meets its fault on demand,
 * and else is answered, all under the lock of struct sim, which is taken here.
 */
struct till_door {
	struct sim *sim;
	enum sim_system system;
	void *call; /* the till's own, handed to both */
	void (*answer)(void *call);
	void (*refuse)(void *call, int status); /* in the vendor's shape */
};

void till_door_serve(const struct till_door *door, const struct http_call *http,
                     struct server_reply *reply);

#endif
