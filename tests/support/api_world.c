/*
 * A world for tests of handlers/api, filled through the store's own functions.
 */
#include "tests/support/api_world.h"

#include "adapters/adapters.h"
#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_queue.h"
#include "gateway/drivers/store_registry.h"
#include "handlers/handlers.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "hush-hush-4711"

const char api_world_secret[] = SECRET;

static const struct conf_row rows[] = {
	{ .key = "token", .kind = CONF_SECRET, .meaning = "A secret." },
	{ .key = NULL },
};

/* As far as the real adapter is asked for what it can find. */
static const struct conf_row galaxy_rows[] = {
	{ .key = "token", .kind = CONF_SECRET, .meaning = "A secret." },
	{ .key = "settle",
	  .kind = CONF_TEXT,
	  .fallback = "\"posted\"",
	  .meaning = "How." },
	{ .key = "settle_wait",
	  .kind = CONF_INT,
	  .min = 1,
	  .max = 720,
	  .unit = "h",
	  .fallback = "24",
	  .meaning = "How long." },
	{ .key = "lookup.view", .kind = CONF_TEXT, .meaning = "A view." },
	{ .key = "lookup.advanced_view",
	  .kind = CONF_TEXT,
	  .meaning = "Another." },
	{ .key = "lookup.field", .kind = CONF_TEXT, .meaning = "A field." },
	{ .key = NULL },
};

static const struct conf_row tipsi_rows[] = {
	{ .key = "store", .kind = CONF_TEXT, .meaning = "A store." },
	{ .key = NULL },
};

static const struct conf_type types[] = {
	{ .name = "galaxy", .rows = galaxy_rows, .url_flags = CONF_PLAIN_HTTP },
	{ .name = "square", .rows = rows },
	{ .name = "webhook", .rows = rows, .url_flags = CONF_SOURCE },
	{ .name = "sql", .rows = rows, .url_flags = CONF_NO_URL },
	{ .name = "tipsi", .rows = tipsi_rows },
};

static const char default_accounts[] =
	"    { \"name\": \"erp\", \"type\": \"galaxy\","
	"      \"url\": \"http://127.0.0.1:3000/galaxy\","
	"      \"token\": \"" SECRET "\" },"
	"    { \"name\": \"agora\", \"type\": \"square\","
	"      \"url\": \"https://127.0.0.1:4000\","
	"      \"token\": \"" SECRET "\" }";

static void
give_up(const char *what)
{
	(void)fprintf(stderr, "api_world: %s\n", what);
	exit(1);
}

/* Write a file beside the server's; path receives where it lies. */
static void
write_file(char path[128], const struct redis_server *redis, const char *name,
           const char *text)
{
	FILE *file;

	(void)snprintf(path, 128, "%s/%s", redis->dir, name);
	file = fopen(path, "w");
	if (!file || fputs(text, file) < 0 || fclose(file) != 0)
		give_up("cannot write the configuration");
}

struct conf *
api_world_conf(struct api_world *world, const char *accounts)
{
	struct conf *conf = NULL;
	struct buf mistakes = BUF_INIT;
	struct buf text = BUF_INIT;
	char path[128];

	buf_addf(&text,
	         "{ \"public\": { \"certificate\": \"server.pem\" },"
	         "  \"accounts\": [ %s ] }",
	         accounts);
	write_file(path, &world->redis, "gateway.json", buf_text(&text));
	if (conf_load(&conf, path, types, sizeof(types) / sizeof(*types),
	              &mistakes))
		give_up(buf_text(&mistakes));
	buf_fini(&mistakes);
	buf_fini(&text);
	return conf;
}

int
api_world_setup(void **state)
{
	struct api_world *world = calloc(1, sizeof(*world));
	char path[128];

	if (!world)
		give_up("no memory");
	(void)signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	redis_server_start(&world->redis, NULL);
	/* Nobody looks into the certificate here; it must only be there. */
	write_file(path, &world->redis, "server.pem", "");
	world->conf = api_world_conf(world, default_accounts);
	world->options = (struct store_options){
		.url = world->redis.url,
		.prefix = "test",
		.timeout_ms = 2000,
		.backlog_max = 1000,
		.backlog_max_bytes = 1 << 20,
		.dead_max = 100,
	};
	if (store_new(&world->store, &world->options))
		give_up("no store");
	*state = world;
	return 0;
}

int
api_world_teardown(void **state)
{
	struct api_world *world = *state;

	store_free(world->store);
	conf_free(world->conf);
	redis_server_stop(&world->redis);
	free(world);
	return 0;
}

/* A server without data is an empty one; its scripts are gone as well. */
int
api_world_empty(void **state)
{
	struct api_world *world = *state;

	redis_server_kill(&world->redis);
	redis_server_again(&world->redis, NULL);
	(void)store_ping(world->store, NULL); /* the old connection ends here */
	world->env = (struct api_env){
		.store = world->store,
		.conf = world->conf,
		.adapters = adapters,
		.version = "1.2.3",
		.started_ms = clock_wall_ms() - 5000,
	};
	world->headers = NULL;
	world->n_headers = 0;
	return 0;
}

static int
add_piece(void *to, const void *p, size_t n)
{
	buf_add(to, p, n);
	return 0;
}

/* As the server does, but into memory. */
static int
make_body(struct http_reply *reply)
{
	int r = reply->produce(reply->ctx, add_piece, &reply->body);

	if (reply->free_ctx)
		reply->free_ctx(reply->ctx);
	reply->produce = NULL;
	reply->free_ctx = NULL;
	return r;
}

void
api_world_forget(struct http_reply *reply)
{
	buf_fini(&reply->body);
	buf_fini(&reply->extra);
}

int
api_world_ask(struct api_world *world, struct http_reply *reply,
              const char *method, const char *pattern, const char *param,
              const char *query)
{
	const struct http_call call = { .method = method,
		                        .path = pattern,
		                        .query = query ? query : "",
		                        .headers = world->headers,
		                        .n_headers = world->n_headers,
		                        .body = "" };
	const char *const params[] = { param, NULL };
	const struct api_route *route;
	int r;

	*reply = (struct http_reply){ .status = 200 };
	for (route = api_routes; route->method; route++)
		if (strcmp(route->method, method) == 0 &&
		    strcmp(route->path, pattern) == 0)
			break;
	if (!route->method)
		give_up(pattern);
	r = route->serve(&world->env, &call, params, reply);
	return !r && reply->produce ? make_body(reply) : r;
}

static void
bind_item(struct item *item, const char *account, const char *typed)
{
	struct binding *b = item_add_binding(item);

	if (!b)
		give_up("no memory");
	b->account = text_dup(account);
	b->typed = text_dup(typed);
}

void
api_world_item(struct api_world *world, const char *sku, const char *name)
{
	struct item item = { .sku = text_dup(sku), .name = text_dup(name) };
	char *typed = text_format("sq-%s", sku);

	bind_item(&item, "erp", sku);
	bind_item(&item, "agora", typed);
	if (store_registry_put(world->store, &item, NULL))
		give_up("cannot store an item");
	free(typed);
	item_fini(&item);
}

static void
fill_entry(struct entry *entry, const char *sale, const char *sku)
{
	struct entry_line *line = entry_add_line(entry);

	if (!line)
		give_up("no memory");
	entry->id = text_format("agora/%s", sale);
	entry->docid = text_dup("TB-1");
	entry->account = text_dup("agora");
	entry->sale = text_dup(sale);
	entry->authority = text_dup("erp");
	line->uid = text_dup("1");
	line->sku = text_dup(sku);
	line->external = text_dup(sku);
	line->qty = decimal_of(2);
}

void
api_world_entry(struct api_world *world, const char *sale, const char *sku,
                const char *state)
{
	struct entry entry = { 0 };
	const struct ledger_new new = { .entry = &entry,
		                        .state = state,
		                        .why = "the answer was lost",
		                        .is_pending = true };
	const struct ledger_change change = { .account = "agora",
		                              .sale = sale,
		                              .entries = &new,
		                              .n_entries = 1 };

	fill_entry(&entry, sale, sku);
	if (store_ledger_apply(world->store, &change))
		give_up("cannot store an entry");
	entry_fini(&entry);
}

void
api_world_dead_event(struct api_world *world, const char *why)
{
	char account[] = "agora";
	char topic[] = "payment.updated";
	char none[] = "";
	char body[] = "{}";
	const struct event event = { .account = account,
		                     .topic = topic,
		                     .id = none,
		                     .query = none,
		                     .body = body,
		                     .n_body = 2,
		                     .received_ms = clock_wall_ms() };
	struct queue_batch batch;
	char id[QUEUE_ID_SIZE];

	if (store_queue_push(world->store, id, &event, 0))
		give_up("cannot queue");
	/* The first claim makes the group and says that it did. */
	if (store_queue_claim(world->store, &batch, QUEUE_NEW, "t", "", 10,
	                      1) &&
	    store_queue_claim(world->store, &batch, QUEUE_NEW, "t", "", 10, 1))
		give_up("cannot claim");
	if (store_queue_bury(world->store, &batch.events[0], why))
		give_up("cannot bury");
	queue_batch_fini(&batch);
}
