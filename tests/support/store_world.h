#ifndef TESTS_SUPPORT_STORE_WORLD_H
#define TESTS_SUPPORT_STORE_WORLD_H

#include "gateway/drivers/store.h"
#include "tests/support/redis_server.h"

/*
 * What a test of the store needs: a real Redis, a store on it, and a way to
 * look at the keys and to do what a stranger may do to them. Trouble in setting
 * up ends the program. One thread.
 */
struct store_world {
	struct redis_server redis;
	struct store_options options; /* a test may change the limits */
	struct store *store;          /* owned */
};

/* Setup and teardown of a cmocka group; *state is the world. */
int store_world_setup(void **state);
int store_world_teardown(void **state);

/* Setup of a cmocka test: every key is gone, the limits are back. */
int store_world_empty(void **state);

/* For a world inside another one. */
void store_world_init(struct store_world *world, const char *const *more);
void store_world_fini(struct store_world *world);
void store_world_flush(struct store_world *world);

/*
 * Send one inline command past the store, in which words are parted by blanks:
 * `HGET test:mark:agora i:A1`. Returns the reply as text, elements parted by
 * blanks, nil as "(nil)"; static until the next call.
 */
const char *store_world_say(struct store_world *world, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Bind an item at an account and resolve it: its only ref is its id. */
void store_world_bind(struct store_world *world, const char *sku,
                      const char *account, const char *external);

/* Take all due marks of an account; mark_batch_fini is the caller's. The world
   ends when that does not work. */
struct mark_batch store_world_take(struct store_world *world,
                                   const char *account);

/* Members of the account's due marks in order, parted by blanks; static. */
const char *store_world_marks(struct store_world *world, const char *account);

/* Forget all marks of an account. */
void store_world_unmark(struct store_world *world, const char *account);

#endif
