/*
 * Runs by the clock: a thread that marks what is due. The clock stands, so what
 * it does is decided by where it stands.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_lease.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_reconcile.h"
#include "gateway/drivers/store_switch.h"
#include "gateway/engine/scheduler.h"
#include "gateway/model/schedule.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS, TRIES = 500 };

static struct engine_world *world;

static int
begin(void **state)
{
	int r = engine_world_empty(state);

	world = *state;
	fake_clock_start(ENGINE_WORLD_NOW_MS, DAY_MS);
	return r;
}

/* When the account's last full sync began. */
static void
had_full(const char *account, int64_t at_ms)
{
	assert_int_equal(
		store_cursor_set(world->base.store, account, "full", at_ms), 0);
}

/* The generation of a mark; 0: there is none. */
static int64_t
generation(const char *account, const char *member)
{
	struct mark mark = { 0 };
	int r = store_marks_find(world->base.store, &mark, account, member);

	assert_true(r == 0 || r == MARKS_ABSENT);
	free(mark.member);
	return r ? 0 : mark.generation;
}

/* A fact of agora's health. */
static int64_t
planned(const char *fact)
{
	struct health h;
	int64_t at;

	assert_int_equal(store_health_get(world->base.store, &h, "agora"), 0);
	at = health_int(&h, fact);
	health_fini(&h);
	return at;
}

/* Let it run until it has seen to every account once: kiosk, the last one, has
   always missed something here. */
static void
run(void)
{
	struct scheduler *s = NULL;
	int tries = 0;

	had_full("kiosk", ENGINE_WORLD_NOW_MS - 9 * DAY_MS);
	store_world_unmark(&world->base, "kiosk");
	atomic_store(&world->is_stopping, false);
	assert_int_equal(scheduler_start(&s, &world->engine), 0);
	while (!generation("kiosk", MARK_FULL) && tries++ < TRIES)
		clock_sleep_ms(10);
	atomic_store(&world->is_stopping, true);
	scheduler_join(s);
	assert_true(generation("kiosk", MARK_FULL) > 0);
}

/* It is 08:00; a full sync was due at 04:00. */
static void
test_scheduler__what_was_missed_is_made_up_for_once(void **state)
{
	int64_t first;

	(void)state;
	had_full("agora", ENGINE_WORLD_NOW_MS - 3 * DAY_MS);
	run();
	first = generation("agora", MARK_FULL);
	assert_true(first > 0);
	assert_int_equal(planned("next_full_ms"),
	                 ENGINE_WORLD_NOW_MS + 20 * HOUR_MS);
	/* It waits or runs still, so another start asks for no second one. */
	run();
	assert_int_equal(generation("agora", MARK_FULL), first);
}

static void
test_scheduler__what_was_not_missed_waits_for_its_time(void **state)
{
	(void)state;
	had_full("agora", ENGINE_WORLD_NOW_MS - 3 * HOUR_MS);
	run();
	assert_int_equal(generation("agora", MARK_FULL), 0);
	assert_int_equal(planned("next_full_ms"),
	                 ENGINE_WORLD_NOW_MS + 20 * HOUR_MS);
	/* Nobody knows of any comparison: none was missed. */
	assert_int_equal(generation("agora", MARK_RECONCILE), 0);
	assert_int_equal(planned("next_reconcile_ms"),
	                 ENGINE_WORLD_NOW_MS + 20 * HOUR_MS + HOUR_MS / 2);
}

static void
test_scheduler__a_missed_comparison_is_made_up_for(void **state)
{
	const struct reconcile_report report = {
		.tally = { .started_ms = ENGINE_WORLD_NOW_MS - DAY_MS },
	};

	(void)state;
	assert_int_equal(
		store_reconcile_put(world->base.store, "agora", &report), 0);
	run();
	assert_true(generation("agora", MARK_RECONCILE) > 0);
}

static void
test_scheduler__an_account_has_its_own_schedule_and_lag(void **state)
{
	struct cron cron;
	int64_t lag;

	(void)state;
	engine_world_configure(world, "",
	                       "\"schedule\": { \"full\": \"0 9 * * *\" }", "");
	assert_int_equal(cron_parse(&cron, "0 9 * * *", NULL), 0);
	assert_int_equal(
		store_value_set(world->base.store, "installation", "5e1f"), 0);
	lag = schedule_lag_ms(&cron, "5e1f", "agora");
	assert_true(lag > 0);
	run();
	assert_int_equal(planned("next_full_ms"),
	                 ENGINE_WORLD_NOW_MS + HOUR_MS + lag);
	assert_int_equal(planned("next_catch_up_ms"),
	                 ENGINE_WORLD_NOW_MS + lag);
}

/* The other daemon had the schedule, did the night's run at 04:00 of all but
   kiosk, and ends. */
static void
test_scheduler__what_another_daemon_did_is_not_done_again(void **state)
{
	struct scheduler *s = NULL;
	int64_t token = 0;
	int64_t night = ENGINE_WORLD_NOW_MS + 20 * HOUR_MS;

	(void)state;
	had_full("agora", ENGINE_WORLD_NOW_MS - 3 * HOUR_MS);
	had_full("kiosk", ENGINE_WORLD_NOW_MS - 3 * HOUR_MS);
	assert_int_equal(store_lease_hold(world->base.store, &token,
	                                  "scheduler", "other", 600000),
	                 0);
	atomic_store(&world->is_stopping, false);
	assert_int_equal(scheduler_start(&s, &world->engine), 0);
	for (int i = 0; i < TRIES && planned("next_full_ms") != night; i++)
		clock_sleep_ms(10);
	assert_int_equal(planned("next_full_ms"), night);
	fake_clock_advance(24 * HOUR_MS);
	had_full("agora", night);
	store_world_unmark(&world->base, "agora");
	store_world_unmark(&world->base, "kiosk");
	assert_int_equal(
		store_lease_release(world->base.store, "scheduler", "other"),
		0);
	for (int i = 0; i < TRIES && !generation("kiosk", MARK_FULL); i++) {
		fake_clock_advance(50);
		clock_sleep_ms(10);
	}
	atomic_store(&world->is_stopping, true);
	scheduler_join(s);
	assert_true(generation("kiosk", MARK_FULL) > 0); /* missed */
	assert_int_equal(generation("agora", MARK_FULL), 0);
	assert_int_equal(planned("next_full_ms"), night + DAY_MS);
}

/* A machine that comes up with a wrong date, and learns the right one. */
static void
test_scheduler__a_clock_set_back_puts_nothing_off(void **state)
{
	struct scheduler *s = NULL;
	int64_t right = ENGINE_WORLD_NOW_MS - 300 * (int64_t)DAY_MS;
	int64_t next = right + 20 * HOUR_MS;

	(void)state;
	had_full("agora", ENGINE_WORLD_NOW_MS - 3 * HOUR_MS);
	atomic_store(&world->is_stopping, false);
	assert_int_equal(scheduler_start(&s, &world->engine), 0);
	for (int i = 0; i < TRIES && !planned("next_reconcile_ms"); i++)
		clock_sleep_ms(10);
	fake_clock_set_wall(right);
	for (int i = 0;
	     i < TRIES && planned("next_reconcile_ms") != next + HOUR_MS / 2;
	     i++)
		clock_sleep_ms(10);
	atomic_store(&world->is_stopping, true);
	scheduler_join(s);
	assert_int_equal(planned("next_full_ms"), next);
	assert_int_equal(planned("next_reconcile_ms"), next + HOUR_MS / 2);
	assert_int_equal(generation("agora", MARK_FULL), 0);
}

static bool
is_agora(const struct conf_section *conf)
{
	return !strcmp(conf_account_name(conf), "agora");
}

/* Once an hour, also when nothing runs by the clock: a listing of what only a
   look finds would tell nothing. */
static void
test_scheduler__sales_that_only_counts_tell_are_looked_for(void **state)
{
	struct adapter_ops till = fake_till_ops;
	const struct adapter_ops *const own[] = { &fake_erp_ops, &till, NULL };
	struct scheduler *s = NULL;

	(void)state;
	till.lists_sales = is_agora;
	world->engine.adapters = own;
	assert_int_equal(store_switch_off(world->base.store, SWITCH_SCHEDULE),
	                 0);
	atomic_store(&world->is_stopping, false);
	assert_int_equal(scheduler_start(&s, &world->engine), 0);
	for (int i = 0; i < TRIES && !generation("kiosk", MARK_SALES); i++) {
		fake_clock_advance(HOUR_MS / 4);
		clock_sleep_ms(10);
	}
	atomic_store(&world->is_stopping, true);
	scheduler_join(s);
	assert_true(generation("kiosk", MARK_SALES) > 0);
	assert_int_equal(generation("kiosk", MARK_CATCH_UP), 0);
	assert_true(generation("agora", MARK_CATCH_UP) > 0);
	assert_int_equal(generation("agora", MARK_SALES), 0);
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_scheduler__what_was_missed_is_made_up_for_once),
		EACH(test_scheduler__what_was_not_missed_waits_for_its_time),
		EACH(test_scheduler__a_missed_comparison_is_made_up_for),
		EACH(test_scheduler__an_account_has_its_own_schedule_and_lag),
		EACH(test_scheduler__a_clock_set_back_puts_nothing_off),
		EACH(test_scheduler__what_another_daemon_did_is_not_done_again),
		EACH(test_scheduler__sales_that_only_counts_tell_are_looked_for),
	};

	(void)setenv("TZ", "UTC0", 1);
	tzset();
	return cmocka_run_group_tests(tests, engine_world_setup,
	                              engine_world_teardown);
}
