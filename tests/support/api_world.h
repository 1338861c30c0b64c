#ifndef TESTS_SUPPORT_API_WORLD_H
#define TESTS_SUPPORT_API_WORLD_H

#include "gateway/drivers/store.h"
#include "gateway/ports/handler.h"
#include "tests/support/redis_server.h"

/*
 * What a test of handlers/api needs: a real Redis, a store on it, a
 * configuration with the accounts "erp" (galaxy) and "agora" (square), and a
 * way to ask. Trouble in setting up ends the program.
 */
struct api_world {
	struct redis_server redis;
	struct store_options options;
	struct store *store; /* owned; a test may take it away from env */
	struct conf *conf;   /* owned */
	struct api_env env;
	const struct http_header *headers; /* borrowed; of the calls */
	size_t n_headers;
};

/* Setup and teardown of a cmocka group; *state is the world. */
int api_world_setup(void **state);
int api_world_teardown(void **state);

/* Setup of a cmocka test: empty the store, connect env to it again. */
int api_world_empty(void **state);

/*
 * Another configuration with this text for its accounts, to be put into env.
 * Owned by the caller (conf_free).
 */
struct conf *api_world_conf(struct api_world *world, const char *accounts);

/* The secret that the configuration holds: it must never be seen. */
extern const char api_world_secret[];

/*
 * Ask a route of api_routes by method and exact pattern. param is the decoded
 * `{}` segment; query without `?`. A streamed body is made into reply->body.
 * api_world_forget() is the caller's. Returns what serve returned, or what made
 * the body.
 */
int api_world_ask(struct api_world *world, struct http_reply *reply,
                  const char *method, const char *pattern, const char *param,
                  const char *query);

/* Release a reply. May run twice. */
void api_world_forget(struct http_reply *reply);

/* Make an item bound at both accounts; agora's id is the sku in lower case
   with "sq-" in front, found by whom it must concern. */
void api_world_item(struct api_world *world, const char *sku, const char *name);

/* Make an entry of one line in a state ("ready", "held" or "uncertain"). */
void api_world_entry(struct api_world *world, const char *sale, const char *sku,
                     const char *state);

/* Bury one event of agora. Its id is added to the list of dead letters. */
void api_world_dead_event(struct api_world *world, const char *why);

#endif
