#ifndef SIM_CALLS_H
#define SIM_CALLS_H

#include "tests/sim/sim.h"

/* How often which path was called, and how it was answered. Under the lock. */
struct calls {
	struct calls *next;
	char *name;        /* owned; "GET /v2/orders/{id}" */
	int64_t n;         /* all of them */
	int64_t n_refused; /* answered 4xx or 5xx by our own rules */
	int64_t n_faults;  /* met by a fault on demand */
};

/* One call more; ids at the end of a path count together. */
struct calls *calls_count(struct sim *sim, enum sim_system system,
                          const char *method, const char *path);

/* As members of an object: name -> {calls, refused, faults}. */
void calls_print(struct sim *sim, enum sim_system system, struct json_out *out,
                 const char *key);

void calls_clear(struct sim *sim);

#endif
