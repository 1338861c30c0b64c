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
	FAULT_INSIDE,  /* 200, and an error for a body; no work */
	/* Inside a body, after so many rows or bytes of it went well: */
	FAULT_CUT,     /* reset the connection */
	FAULT_END,     /* an orderly end, with the array left open */
	FAULT_STALL,   /* wait, then go on */
	FAULT_TRICKLE, /* from the first on: row by row, a pause behind each */
	FAULT_APPEND,  /* an error text behind the last row, and the end */
	FAULT_ELEMENT, /* an error as the last row of a well-formed array */
	FAULT_DROP,    /* one row without a member */
	FAULT_WRONG,   /* one row with an array where a member's value was */
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
	int64_t rows;          /* that go well first; without bytes */
	int64_t bytes;         /* that go well first; -1: rows count */
	char member[40];       /* of DROP and WRONG */
	char code[40];         /* ErrorCode of INSIDE, APPEND, ELEMENT */
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

/* True for one inside a body: a list is wanted in pieces then. */
bool fault_is_inside(const struct fault *fault);

/* True when the error that it shows is the end of the session. */
bool fault_ends_session(const struct fault *fault);

/*
 * Shape the reply: replace it (early faults, all but STATUS, which the system
 * words itself) or give it its bad end.
 */
void fault_apply(const struct fault *fault, struct server_reply *reply);

void fault_clear(struct sim *sim);

#endif
