#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include "tests/sim/server.h"
#include "tests/sim/sim.h"

/*
 * Trouble on demand: the next N calls of a system whose "METHOD path" holds a
 * piece of text go wrong in a named way.
 */
enum fault_mode {
	FAULT_NONE,
	FAULT_STATUS,   /* answer this status in the vendor's shape; no work */
	FAULT_HTML,     /* a proxy's page, with a status; no work */
	FAULT_EMPTY,    /* 200 without a body; no work */
	FAULT_GARBAGE,  /* 200 with half a JSON text; no work */
	FAULT_HANG,     /* no answer; no work */
	FAULT_REFUSE,   /* close without a byte; no work */
	FAULT_RESET,    /* do the work, then reset the connection */
	FAULT_TRUNCATE, /* do the work, send half the answer */
	FAULT_LOSE,     /* do the work, close without one byte */
	FAULT_LATE,     /* do the work, answer later */
	FAULT_PARTIAL, /* Square: apply the first changes of a batch, then 429 */
};

struct fault {
	struct fault *next;
	enum sim_system system;
	char *path;   /* owned; piece of "METHOD path", "" for all */
	int64_t skip; /* matching calls left alone first */
	int64_t left; /* calls still to go wrong */
	enum fault_mode mode;
	int status;            /* of STATUS and HTML */
	int64_t ms;            /* of LATE and HANG */
	int64_t n_applied;     /* of PARTIAL */
	int64_t retry_after_s; /* 0: no header */
};

/*
 * Read a fault as the control interface takes it and remember it.
 * Returns NULL, or what is wrong with it. Under the lock.
 */
const char *fault_add(struct sim *sim, const struct json_node *order);

/*
 * The fault that this call meets, used up by one; false: none. Under the lock.
 */
bool fault_take(struct fault *out, struct sim *sim, enum sim_system system,
                const char *method, const char *path);

/* True for a fault that keeps the call from its work. */
bool fault_is_early(const struct fault *fault);

/*
 * Shape the reply: replace it (early faults, all but STATUS, which the system
 * words itself) or give it its bad end.
 */
void fault_apply(const struct fault *fault, struct server_reply *reply);

void fault_clear(struct sim *sim);

#endif
