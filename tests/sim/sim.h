#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/buf.h"
#include "gateway/base/decimal.h"
#include "gateway/base/json.h"
#include "gateway/ports/http.h"

/*
 * What all parts of the simulator share: the one lock, chance, time, and small
 * helpers. Running out of memory ends the simulator at once.
 */
struct fault;
struct calls;
struct galaxy;
struct square;
struct hooks;
struct hiboutik;
struct lightspeed_r;
struct lightspeed_x;
struct tills;
struct tipsi;

enum sim_system {
	SIM_GALAXY,
	SIM_SQUARE,
	SIM_HIBOUTIK,
	SIM_LIGHTSPEED_R,
	SIM_LIGHTSPEED_X,
	SIM_TIPSI,
	SIM_N_SYSTEMS,
};

struct sim {
	pthread_mutex_t lock; /* guards everything in here */
	uint64_t chance;      /* state of sim_random */
	int64_t last_us;      /* newest moment handed out by sim_now_us */
	struct fault *faults; /* owned list */
	struct calls *calls[SIM_N_SYSTEMS]; /* owned lists */
	struct hooks *hooks[SIM_N_SYSTEMS]; /* borrowed; NULL: no hooks */
	bool is_paused;                     /* no traffic for now */
	struct galaxy *galaxy;              /* borrowed */
	struct square *square;              /* borrowed */
	struct hiboutik *hiboutik;          /* borrowed; NULL: not played */
	struct lightspeed_r *lightspeed_r;  /* likewise */
	struct lightspeed_x *lightspeed_x;  /* likewise */
	struct tills *tills;                /* those three together */
	struct tipsi *tipsi;                /* borrowed; NULL: not played */
};

void sim_init(struct sim *sim, uint64_t seed);
void sim_fini(struct sim *sim);

/* "galaxy", "square", "lightspeed_r" …; false for anything else. */
bool sim_system_parse(enum sim_system *out, const char *name);
const char *sim_system_name(enum sim_system system);

/* ---- memory: zeroed, never NULL ---- */

void *sim_alloc(size_t n);
char *sim_dup(const char *text);

/* Make room for one more of size bytes behind n; *p may be NULL. */
void sim_grow(void **p, size_t *cap, size_t n, size_t size);

/* ---- chance: the same numbers for the same seed; under the lock ---- */

uint64_t sim_random(struct sim *sim);
unsigned sim_below(struct sim *sim, unsigned n);

/* n characters of A-Z2-7 and NUL. */
void sim_token(struct sim *sim, char *out, size_t n);

/* A random GUID in lower case, 36 characters and NUL. */
void sim_uuid(struct sim *sim, char out[37]);

/* ---- time ---- */

enum { SIM_TIME_SIZE = 40 };

/* Wall clock in microseconds, never the same twice. Under the lock. */
int64_t sim_now_us(struct sim *sim);

/* RFC 3339, UTC, six fractional digits. Returns out. */
char *sim_time_format(char out[SIM_TIME_SIZE], int64_t us);

/* RFC 3339 with a zone, read to the microsecond. False: no such thing. */
bool sim_time_parse(int64_t *out_us, const char *text);

/* ---- requests ---- */

/* A query parameter, its name compared without case. False: absent. */
bool sim_param(struct buf *out, const char *query, const char *name);

/* Append text without its %XX and +. */
void sim_decode(struct buf *out, const char *p, size_t n);

/* The first header of this name, or "". */
const char *sim_header(const struct http_call *call, const char *name);

/* Text of n bytes that begins with prefix; what follows goes to rest. */
bool sim_after(const char **rest, const char *text, const char *prefix);

/* A quantity or balance from a text or a number. False: neither. */
bool sim_decimal(struct decimal *out, const struct json_node *o,
                 const char *key);

#endif
