#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

#include "tests/sim/server.h"
#include "tests/sim/sim.h"

/*
 * The control interface: HTTP and JSON on a port of its own, by which a test
 * or a demonstration makes things happen and sees what came of them. The
 * calls are listed in CONTROL.md beside this file.
 */
struct control {
	struct sim *sim;
	const char *erp;  /* account names for the registry */
	const char *till;
};

/* ctx is the struct control. Threads: any. */
void control_serve(void *ctx, const struct http_call *call,
                   struct server_reply *reply);

#endif
