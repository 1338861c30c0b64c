#ifndef TESTS_SUPPORT_ENGINE_WORLD_H
#define TESTS_SUPPORT_ENGINE_WORLD_H

#include "gateway/engine/worker.h"
#include "tests/support/fake_adapter.h"
#include "tests/support/store_world.h"

/*
 * The engine without threads, network and time: a real Redis, the accounts
 * "erp" (authority), "agora" and "kiosk" (channels) with a fake system each,
 * a fake clock, and a worker for each account that moves when told. Trouble in
 * setting up ends the program.
 */
struct engine_world {
	struct store_world base; /* first: its functions take the world too */
	struct conf *conf;       /* owned */
	struct engine engine;
	atomic_bool is_stopping;
	struct worker erp;
	struct worker agora;
	struct worker kiosk;
};

#define ENGINE_WORLD_NOW_MS 1800000000000 /* where the fake clock starts */

/* Setup and teardown of a cmocka group; *state is the world. */
int engine_world_setup(void **state);
int engine_world_teardown(void **state);

/* Setup of a cmocka test: no keys, new systems and workers, the clock back. */
int engine_world_empty(void **state);

/* Read another configuration: members of "stock", members of account agora, of
   account kiosk; "" each for none. The workers are new. */
void engine_world_configure(struct engine_world *world, const char *stock,
                            const char *agora, const char *kiosk);

/*
 * An item SKU bound as E-SKU, A-SKU and K-SKU, all of them showing qty, all of
 * that known and every mark gone: the world is at rest.
 */
void engine_world_item(struct engine_world *world, const char *sku,
                       const char *qty);

/* The same items without anything known: marks are as binding made them. */
void engine_world_bind(struct engine_world *world, const char *sku,
                       const char *qty);

/* Marks. cause as in enum mark_cause. */
void engine_world_mark(struct engine_world *world, struct worker *w,
                       const char *member, enum mark_cause cause);

/* One turn of a worker; asserts that it was no fault. */
void engine_world_turn(struct worker *w);

/* As the loop of worker.c does it, without sleeping: the clock goes on by the
   wait, but no further than until_mono_ms, unless a mark ends it. */
void engine_world_live(struct worker *w, int64_t until_mono_ms);

/* Turns of all workers until none has anything to do now. The clock stands. */
void engine_world_rest(struct engine_world *world);

/* The worker's process ends and another one begins: nothing it knew is left,
   what it posted is recovered. */
void engine_world_restart(struct engine_world *world, struct worker *w);

/* How an item looks for a worker's account; stock_view_fini it. */
struct stock_view engine_world_view(struct engine_world *world,
                                    struct worker *w, const char *sku);

/* Is that what it shows as published, as balance, as pending? */
bool engine_world_is(struct decimal d, const char *text);

/* State of an entry: "ready", …; static until the next call. */
const char *engine_world_entry(struct engine_world *world, const char *id);

#endif
