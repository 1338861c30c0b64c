/*
 * The engine without threads, network and time.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "tests/support/engine_world.h"

#include "gateway/base/clock.h"
#include "gateway/drivers/store_lease.h"
#include "tests/support/fake_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TURNS_MAX = 200, MONO_START_MS = 5000000 };

static const struct conf_row no_rows[] = { { .key = NULL } };

static const struct conf_type types[] = {
	{ .name = "fake_erp",
	  .rows = no_rows,
	  .default_url = "https://127.0.0.1:1" },
	{ .name = "fake_till",
	  .rows = no_rows,
	  .default_url = "https://127.0.0.1:1" },
};

static const struct adapter_ops *const adapters[] = { &fake_erp_ops,
	                                              &fake_till_ops, NULL };

static void
give_up(const char *what)
{
	(void)fprintf(stderr, "engine_world: %s\n", what);
	exit(1);
}

/* ---- workers ---- */

static void
close_worker(struct worker *w)
{
	store_mirror_free(w->mirror);
	free(w->unfound_id);
	*w = (struct worker){ 0 };
}

static void
open_worker(struct engine_world *world, struct worker *w, const char *account)
{
	struct adapter_env env = { 0 };

	*w = (struct worker){
		.engine = &world->engine,
		.conf = conf_find_account(world->conf, account),
		.store = world->base.store,
		.pulse = -1,
	};
	w->account = conf_account_name(w->conf);
	w->ops = engine_adapter(&world->engine, conf_account_type(w->conf));
	env.conf = w->conf;
	(void)snprintf(w->lease, sizeof(w->lease), "worker:%s", account);
	if (store_mirror_new(&w->mirror, w->store, w->account) ||
	    w->ops->open(&w->state, &env) ||
	    store_lease_hold(w->store, &w->token, w->lease, "test", 600000))
		give_up("no worker");
	w->held_mono_ms = clock_mono_ms();
}

static void
close_all(struct engine_world *world)
{
	close_worker(&world->erp);
	close_worker(&world->agora);
	close_worker(&world->kiosk);
	conf_free(world->conf);
	world->conf = NULL;
}

/* ---- configuration ---- */

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

void
engine_world_configure(struct engine_world *world, const char *stock,
                       const char *agora, const char *kiosk)
{
	struct buf mistakes = BUF_INIT;
	char path[128];
	char *text = text_format(
		"{ \"public\": { \"certificate\": \"server.pem\" },"
		"  \"stock\": { %s },"
		"  \"accounts\": ["
		"    { \"name\": \"erp\", \"type\": \"fake_erp\" },"
		"    { \"name\": \"agora\", \"type\": \"fake_till\"%s%s },"
		"    { \"name\": \"kiosk\", \"type\": \"fake_till\"%s%s } ] }",
		stock, *agora ? "," : "", agora, *kiosk ? "," : "", kiosk);

	close_all(world);
	write_file(path, &world->base.redis, "gateway.json", text);
	if (conf_load(&world->conf, path, types, 2, &mistakes))
		give_up(buf_text(&mistakes));
	buf_fini(&mistakes);
	free(text);
	world->engine = (struct engine){
		.conf = world->conf,
		.store = &world->base.options,
		.adapters = adapters,
		.owner = "test",
		.state_dir = world->base.redis.dir,
		.version = "1.2.3",
		.is_stopping = &world->is_stopping,
	};
	open_worker(world, &world->erp, "erp");
	open_worker(world, &world->agora, "agora");
	open_worker(world, &world->kiosk, "kiosk");
}

/* ---- the world ---- */

int
engine_world_setup(void **state)
{
	struct engine_world *world = calloc(1, sizeof(*world));
	char path[128];

	if (!world)
		give_up("no memory");
	store_world_init(&world->base, NULL);
	/* Nobody looks into the certificate here; it must only be there. */
	write_file(path, &world->base.redis, "server.pem", "");
	*state = world;
	return 0;
}

int
engine_world_teardown(void **state)
{
	struct engine_world *world = *state;

	close_all(world);
	fake_adapter_reset();
	fake_clock_stop();
	store_world_fini(&world->base);
	free(world);
	return 0;
}

int
engine_world_empty(void **state)
{
	struct engine_world *world = *state;

	store_world_flush(&world->base);
	fake_adapter_reset();
	fake_clock_start(ENGINE_WORLD_NOW_MS, MONO_START_MS);
	atomic_store(&world->is_stopping, false);
	engine_world_configure(world, "", "", "");
	return 0;
}

/* ---- items ---- */

static void
bind_at(struct engine_world *world, struct worker *w, char letter,
        const char *sku, const char *qty)
{
	char external[64];

	(void)snprintf(external, sizeof(external), "%c-%s", letter, sku);
	store_world_bind(&world->base, sku, w->account, external);
	fake_adapter_set(w->state, external, qty);
}

void
engine_world_bind(struct engine_world *world, const char *sku, const char *qty)
{
	bind_at(world, &world->erp, 'E', sku, qty);
	bind_at(world, &world->agora, 'A', sku, qty);
	bind_at(world, &world->kiosk, 'K', sku, qty);
}

void
engine_world_item(struct engine_world *world, const char *sku, const char *qty)
{
	engine_world_bind(world, sku, qty);
	engine_world_rest(world);
	(void)fake_adapter_log(world->erp.state);
	(void)fake_adapter_log(world->agora.state);
	(void)fake_adapter_log(world->kiosk.state);
}

void
engine_world_mark(struct engine_world *world, struct worker *w,
                  const char *member, enum mark_cause cause)
{
	if (store_marks_add_one(world->base.store, w->account, member, cause))
		give_up("cannot mark");
}

/* ---- turning ---- */

void
engine_world_turn(struct worker *w)
{
	int64_t wait_ms = 0;

	assert_int_equal(worker_turn(w, &wait_ms), 0);
}

void
engine_world_live(struct worker *w, int64_t until_mono_ms)
{
	int64_t left_ms = until_mono_ms - clock_mono_ms();
	int64_t wait_ms = 0;

	assert_int_equal(worker_turn(w, &wait_ms), 0);
	if (!wait_ms)
		return;
	if (store_marks_poll(w->store, w->account) == MARKS_WOKEN)
		pace_hint(&w->pace, clock_mono_ms());
	else
		fake_clock_advance(wait_ms < left_ms ? wait_ms : left_ms);
}

void
engine_world_rest(struct engine_world *world)
{
	struct worker *const all[] = { &world->erp, &world->agora,
		                       &world->kiosk };
	bool is_busy = true;

	for (int i = 0; is_busy; i++) {
		assert_true(i < TURNS_MAX); /* it chases its own tail */
		is_busy = false;
		for (size_t w = 0; w < 3; w++) {
			int64_t wait_ms = 0;

			assert_int_equal(worker_turn(all[w], &wait_ms), 0);
			is_busy |= wait_ms == 0;
		}
	}
}

void
engine_world_restart(struct engine_world *world, struct worker *w)
{
	char account[32];

	(void)snprintf(account, sizeof(account), "%s", w->account);
	close_worker(w);
	open_worker(world, w, account);
	assert_int_equal(post_recover(w), 0);
}

/* ---- looking ---- */

struct stock_view
engine_world_view(struct engine_world *world, struct worker *w, const char *sku)
{
	struct stock_view view;

	assert_int_equal(
		store_stock_view(world->base.store, &view, w->account, &sku, 1),
		0);
	return view;
}

bool
engine_world_is(struct decimal d, const char *text)
{
	struct decimal expected;

	assert_int_equal(decimal_parse(&expected, text), 0);
	return !decimal_cmp(d, expected);
}

const char *
engine_world_entry(struct engine_world *world, const char *id)
{
	return store_world_say(&world->base, "HGET test:entry:%s state", id);
}
