#ifndef SIM_TILLS_H
#define SIM_TILLS_H

#include "tests/sim/hiboutik.h"
#include "tests/sim/hooks.h"
#include "tests/sim/lightspeed_r.h"
#include "tests/sim/lightspeed_x.h"
#include "tests/sim/server.h"

/*
 * Hiboutik, Lightspeed R and X together: made and served as far as the command
 * line gives their secrets, and known to the control interface.
 *
 * All functions but tills_start and tills_fini want the lock of struct sim.
 */

/* What the command line says; NULL: it did not. All borrowed for ever. */
struct tills_options {
	const char *hiboutik; /* HOST:PORT, as the other two below */
	const char *hiboutik_email;
	const char *hiboutik_key; /* without it there is no Hiboutik */
	const char *hiboutik_hook_url;
	const char *hiboutik_hook_target;
	const char *hiboutik_hook_secret; /* of the signing header */
	const char *hiboutik_account;     /* in the registry, as the others */
	const char *lightspeed_r;
	const char *lightspeed_r_client;
	const char *lightspeed_r_secret; /* without both there is none */
	const char *lightspeed_r_refresh;
	const char *lightspeed_r_account;
	const char *lightspeed_x;
	const char *lightspeed_x_token; /* without it or refresh: none */
	const char *lightspeed_x_client;
	const char *lightspeed_x_secret;
	const char *lightspeed_x_refresh;
	const char *lightspeed_x_hook_url;
	const char *lightspeed_x_hook_target;
	const char *lightspeed_x_account;
};

struct tills {
	struct sim *sim;
	struct tills_options options;
	struct hiboutik hiboutik;
	struct lightspeed_r lightspeed_r;
	struct lightspeed_x lightspeed_x;
};

/* Make those that have their secrets; galaxy is there already. */
void tills_init(struct tills *tills, struct sim *sim,
                const struct tills_options *options);
void tills_fini(struct tills *tills);

/* Serve them; servers has a place for each system. 0, or ERR_OS. */
int tills_start(struct tills *tills, struct server **servers);

/* How hooks of a system are to be started; a NULL secret: not at all. */
struct hooks_options tills_hooks(const struct tills *tills,
                                 enum sim_system system, const char *ca_file);

/* Put columns behind those of the registry. */
void tills_registry(struct tills *tills, struct buf *csv);

/* A new item of Galaxy's is there as well, where the body asks for it. */
void tills_add(struct tills *tills, const struct json_node *body,
               struct galaxy_item *item, struct json_out *out);

/* How many are played. */
unsigned tills_count(const struct tills *tills);

/* A customer takes one piece at the n-th of them, if it has it. */
void tills_sell(struct tills *tills, unsigned n, struct galaxy_item *item,
                struct galaxy_balance *balance);

/* /control/hiboutik/WHAT …: NULL, or what is wrong. */
const char *tills_control(struct tills *tills, enum sim_system system,
                          const char *what, const struct json_node *body,
                          struct json_out *out);

/* A member for each that is played. */
void tills_print_state(struct tills *tills, struct json_out *out);

#endif
