/*
 * A sync that would empty a channel, and what else a sync finds.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/drivers/store_ledger.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"

#include <stdio.h>
#include <string.h>

static struct engine_world *world;
static struct fake_adapter *erp;
static struct fake_adapter *agora;

static int
begin(void **state)
{
	world = *state;
	(void)engine_world_empty(state);
	erp = world->erp.state;
	agora = world->agora.state;
	return 0;
}

static const char *
name(char letter, int i)
{
	static char text[16];

	(void)snprintf(text, sizeof(text), "%c-A%02d", letter, i);
	return text;
}

/* n items that show 5 everywhere. */
static void
make_items(int n)
{
	for (int i = 0; i < n; i++)
		engine_world_bind(world, name('x', i) + 2, "5");
	engine_world_rest(world);
	fake_clock_advance(60000);
	engine_world_rest(world);
	(void)fake_adapter_log(erp);
	(void)fake_adapter_log(agora);
}

static void
empty_items(int n)
{
	for (int i = 0; i < n; i++)
		fake_adapter_set(erp, name('E', i), "0");
}

static void
sync_erp(const char *kind)
{
	engine_world_mark(world, &world->erp, kind, MARK_SYNC);
	engine_world_rest(world);
}

static int64_t
count_held(const char *channel)
{
	int64_t n = -1;

	assert_int_equal(store_stock_count_held(world->base.store, &n, channel),
	                 0);
	return n;
}

/* How many of the first n items agora shows as empty. */
static int
count_zeros(int n)
{
	int zeros = 0;

	for (int i = 0; i < n; i++)
		zeros += fake_adapter_shows(agora, name('A', i), "0");
	return zeros;
}

static void
decide(enum dead_action action)
{
	assert_int_equal(
		store_dead_decide(world->base.store, "hold/agora", action), 0);
	engine_world_rest(world);
}

/* ---- the limits ---- */

static void
test_guard__a_fifth_of_a_channel_may_become_zero(void **state)
{
	(void)state;
	make_items(50);
	empty_items(10); /* 20 % exactly */
	sync_erp(MARK_FULL);
	assert_int_equal(count_zeros(50), 10);
	assert_int_equal(count_held("agora"), 0);
}

static void
test_guard__more_than_a_fifth_is_held(void **state)
{
	(void)state;
	make_items(50);
	empty_items(11); /* 22 % */
	sync_erp(MARK_FULL);
	assert_int_equal(count_zeros(50), 0);
	assert_int_equal(count_held("agora"), 11);
	assert_int_equal(count_held("kiosk"), 11);
}

static void
test_guard__fewer_than_ten_are_never_held(void **state)
{
	(void)state;
	make_items(9);
	empty_items(9); /* 100 % */
	sync_erp(MARK_CATCH_UP);
	assert_int_equal(count_zeros(9), 9);
	assert_int_equal(count_held("agora"), 0);
}

static void
test_guard__ten_of_ten_are_held(void **state)
{
	(void)state;
	make_items(10);
	empty_items(10);
	sync_erp(MARK_CATCH_UP);
	assert_int_equal(count_zeros(10), 0);
	assert_int_equal(count_held("agora"), 10);
}

static void
test_guard__the_limits_are_those_of_the_configuration(void **state)
{
	(void)state;
	engine_world_configure(world,
	                       "\"zero_guard_percent\": 50, "
	                       "\"zero_guard_min\": 3",
	                       "", "");
	make_items(6);
	empty_items(3);
	sync_erp(MARK_FULL);
	assert_int_equal(count_held("agora"), 0);
	for (int i = 0; i < 6; i++)
		fake_adapter_set(erp, name('E', i), "5");
	sync_erp(MARK_FULL);
	assert_int_equal(count_zeros(6), 0);
	empty_items(4);
	sync_erp(MARK_FULL);
	assert_int_equal(count_held("agora"), 4);
}

/* ---- what is held and what is not ---- */

static void
test_guard__only_the_zero_writes_are_held(void **state)
{
	(void)state;
	make_items(20);
	empty_items(12);
	fake_adapter_set(erp, name('E', 15), "3");
	sync_erp(MARK_FULL);
	assert_int_equal(count_zeros(20), 0);
	assert_true(fake_adapter_shows(agora, name('A', 15), "3"));
}

static void
test_guard__a_look_caused_by_a_hook_is_never_held(void **state)
{
	(void)state;
	make_items(12);
	empty_items(12);
	for (int i = 0; i < 12; i++) {
		char member[16];

		(void)snprintf(member, sizeof(member), "i:A%02d", i);
		engine_world_mark(world, &world->erp, member, MARK_HOOK);
	}
	engine_world_rest(world);
	assert_int_equal(count_zeros(12), 12);
	assert_int_equal(count_held("agora"), 0);
}

static void
test_guard__many_zeros_by_hooks_raise_an_alarm(void **state)
{
	(void)state;
	make_items(12);
	empty_items(9);
	for (int i = 0; i < 12; i++) {
		char member[16];

		(void)snprintf(member, sizeof(member), "i:A%02d", i);
		engine_world_mark(world, &world->erp, member, MARK_HOOK);
	}
	engine_world_rest(world);
	assert_string_equal(store_world_say(&world->base,
	                                    "HEXISTS "
	                                    "test:health:agora alarm"),
	                    "0");
	empty_items(10);
	engine_world_mark(world, &world->erp, "i:A09", MARK_HOOK);
	engine_world_rest(world);
	assert_string_equal(store_world_say(&world->base,
	                                    "HEXISTS "
	                                    "test:health:agora alarm"),
	                    "1");
}

static void
test_guard__a_held_item_that_a_hook_names_is_written(void **state)
{
	(void)state;
	make_items(10);
	empty_items(10);
	sync_erp(MARK_FULL);
	engine_world_mark(world, &world->agora, "i:A00", MARK_HOOK);
	engine_world_rest(world);
	assert_int_equal(count_zeros(10), 1);
	assert_int_equal(count_held("agora"), 9);
}

static void
test_guard__a_held_item_that_is_no_longer_zero_is_written(void **state)
{
	(void)state;
	make_items(10);
	empty_items(10);
	sync_erp(MARK_FULL);
	fake_adapter_set(erp, name('E', 0), "7");
	sync_erp(MARK_FULL);
	assert_true(fake_adapter_shows(agora, name('A', 0), "7"));
	assert_int_equal(count_held("agora"), 9);
}

static void
test_guard__what_is_held_stays_held_at_the_next_sync(void **state)
{
	(void)state;
	make_items(10);
	empty_items(10);
	for (int i = 0; i < 3; i++) {
		sync_erp(MARK_FULL);
		engine_world_mark(world, &world->agora, MARK_FULL, MARK_SYNC);
		engine_world_rest(world);
	}
	assert_int_equal(count_zeros(10), 0);
	assert_int_equal(count_held("agora"), 10);
}

/* ---- what was published is not known ---- */

/* Redis lost what the channels show. */
static void
forget_published(void)
{
	(void)store_world_say(&world->base, "DEL test:pub:agora");
	(void)store_world_say(&world->base, "DEL test:pub:kiosk");
}

/* Until the zeros of a sync were judged. */
static void
let_judge(void)
{
	fake_clock_advance(2000);
	engine_world_rest(world);
}

static void
test_guard__holds_by_what_a_channel_shows_where_nothing_was_published(
	void **state)
{
	(void)state;
	make_items(50);
	forget_published();
	empty_items(11);
	sync_erp(MARK_FULL);
	let_judge();
	assert_int_equal(count_zeros(50), 0);
	assert_int_equal(count_held("agora"), 11);
	decide(DEAD_RETRY);
	assert_int_equal(count_zeros(50), 11);
}

static void
test_guard__writes_few_zeros_where_nothing_was_published(void **state)
{
	(void)state;
	make_items(50);
	forget_published();
	empty_items(10);
	fake_adapter_set(agora, name('A', 0), "0"); /* it shows none */
	sync_erp(MARK_FULL);
	assert_int_equal(count_zeros(50), 1);
	let_judge();
	assert_int_equal(count_zeros(50), 10);
	assert_int_equal(count_held("agora"), 0);
	assert_string_equal(store_world_marks(&world->base, "agora"), "");
}

/* Its end judges all, not a part. */
static void
test_guard__a_channels_sync_judges_what_was_collected_before(void **state)
{
	(void)state;
	make_items(50);
	forget_published();
	empty_items(11);
	sync_erp(MARK_FULL);
	fake_adapter_next(agora, "sync", outcome_of(VERDICT_REFUSED, "no"),
	                  false);
	engine_world_mark(world, &world->agora, MARK_FULL, MARK_SYNC);
	let_judge();
	assert_int_equal(count_zeros(50), 0);
	assert_int_equal(count_held("agora"), 0);
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_int_equal(count_zeros(50), 0);
	assert_int_equal(count_held("agora"), 11);
}

/* n items are bound, and the authority has none of them. */
static void
bind_empty(int n)
{
	for (int i = 0; i < n; i++)
		engine_world_bind(world, name('x', i) + 2, "5");
	empty_items(n);
	engine_world_rest(world);
	let_judge();
}

static void
test_guard__bindings_made_again_after_a_loss_are_no_first_ones(void **state)
{
	(void)state;
	assert_int_equal(store_cursor_set(world->base.store, "agora", "lost",
	                                  clock_wall_ms()),
	                 0);
	bind_empty(12);
	assert_int_equal(count_zeros(12), 0);
	assert_int_equal(count_held("agora"), 12);
	assert_true(fake_adapter_shows(world->kiosk.state, "K-A00", "0"));
}

/* The authority wins, and the import has said so. */
static void
test_guard__a_first_binding_is_not_held(void **state)
{
	(void)state;
	assert_int_equal(store_cursor_set(world->base.store, "agora", "lost",
	                                  clock_wall_ms()),
	                 0);
	fake_clock_advance(8LL * 24 * 3600 * 1000);
	bind_empty(12);
	assert_int_equal(count_zeros(12), 12);
	assert_int_equal(count_held("agora"), 0);
}

/* ---- what a person decides ---- */

static void
test_guard__released_zeros_are_written(void **state)
{
	(void)state;
	make_items(10);
	empty_items(10);
	sync_erp(MARK_FULL);
	decide(DEAD_RETRY);
	assert_int_equal(count_zeros(10), 10);
	assert_int_equal(count_held("agora"), 0);
	assert_int_equal(count_held("kiosk"), 10);
}

static void
test_guard__dropped_zeros_are_forgotten_until_they_move(void **state)
{
	(void)state;
	make_items(10);
	empty_items(10);
	sync_erp(MARK_FULL);
	decide(DEAD_DROP);
	assert_int_equal(count_held("agora"), 0);
	assert_int_equal(count_zeros(10), 0);
	fake_adapter_set(erp, name('E', 3), "-1");
	engine_world_mark(world, &world->erp, "i:A03", MARK_HOOK);
	engine_world_rest(world);
	assert_int_equal(count_zeros(10), 1);
}

static void
test_guard__a_crash_between_reading_and_releasing_loses_nothing(void **state)
{
	(void)state;
	make_items(10);
	fake_adapter_set(erp, name('E', 1), "3");
	/* The sync takes its balances in, then its process ends. */
	fake_adapter_next(erp, "sync", outcome_of(VERDICT_RETRY, "cut"), true);
	engine_world_mark(world, &world->erp, MARK_FULL, MARK_SYNC);
	engine_world_turn(&world->erp);
	engine_world_restart(world, &world->erp);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, name('A', 1), "3"));
}

/* ---- what a sync finds ---- */

/* The first page of a sync of erp: n items are empty, nothing is judged. */
static void
read_first_page(int n)
{
	struct stock_read read = { .authority = "erp", .cause = MARK_SYNC };

	assert_int_equal(store_tick(world->base.store, &read.tick), 0);
	for (int i = 0; i < n; i++) {
		const struct stock_balance b = { .sku = name('E', i) + 2 };

		assert_int_equal(store_stock_balances(world->base.store, &read,
		                                      &b, 1, NULL),
		                 0);
	}
}

/* Full syncs of all accounts begin at the same minute. */
static void
test_guard__a_channels_sync_does_not_run_ahead_of_the_authoritys(void **state)
{
	(void)state;
	make_items(50);
	read_first_page(9);
	engine_world_mark(world, &world->agora, MARK_FULL, MARK_SYNC);
	engine_world_turn(&world->agora);
	engine_world_turn(&world->agora);
	engine_world_mark(world, &world->agora, "i:A00", MARK_SYNC);
	engine_world_turn(&world->agora);
	assert_int_equal(count_zeros(50), 0);
	empty_items(20);
	sync_erp(MARK_FULL);
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_int_equal(count_zeros(50), 0);
	assert_int_equal(count_held("agora"), 20);
}

static void
test_guard__a_full_sync_finds_a_channel_that_drifted(void **state)
{
	(void)state;
	make_items(2);
	fake_adapter_set(agora, name('A', 1), "9");
	engine_world_mark(world, &world->agora, MARK_FULL, MARK_SYNC);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, name('A', 1), "5"));
}

static void
test_guard__a_full_sync_brings_channels_to_a_reserve_changed_in_the_file(
	void **state)
{
	(void)state;
	make_items(2);
	engine_world_configure(world, "", "\"reserve\": \"2\"", "");
	engine_world_mark(world, &world->agora, MARK_FULL, MARK_SYNC);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, name('A', 0), "3"));
	assert_true(fake_adapter_shows(agora, name('A', 1), "3"));
}

static void
test_guard__a_sync_that_broke_off_keeps_its_mark(void **state)
{
	int64_t full_ms = 0;

	(void)state;
	make_items(1);
	fake_clock_advance(1000);
	fake_adapter_next(erp, "sync", outcome_of(VERDICT_RETRY, "cut"), false);
	engine_world_mark(world, &world->erp, MARK_FULL, MARK_SYNC);
	engine_world_turn(&world->erp);
	assert_string_equal(store_world_marks(&world->base, "erp"), MARK_FULL);
	assert_int_equal(
		store_cursor_get(world->base.store, &full_ms, "erp", "full"),
		0);
	assert_int_equal(full_ms, 0);
	fake_clock_advance(30000);
	engine_world_turn(&world->erp);
	assert_int_equal(
		store_cursor_get(world->base.store, &full_ms, "erp", "full"),
		0);
	assert_int_equal(full_ms, clock_wall_ms());
}

static void
test_guard__a_full_sync_is_not_done_without_the_sales(void **state)
{
	(void)state;
	make_items(1);
	fake_adapter_next(agora, "list_sales", outcome_of(VERDICT_RETRY, "no"),
	                  false);
	engine_world_mark(world, &world->agora, MARK_FULL, MARK_SYNC);
	engine_world_turn(&world->agora);
	assert_string_equal(store_world_marks(&world->base, "agora"),
	                    MARK_FULL);
	fake_clock_advance(30000);
	engine_world_rest(world);
	assert_string_equal(store_world_marks(&world->base, "agora"), "");
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_guard__a_fifth_of_a_channel_may_become_zero),
		EACH(test_guard__more_than_a_fifth_is_held),
		EACH(test_guard__fewer_than_ten_are_never_held),
		EACH(test_guard__ten_of_ten_are_held),
		EACH(test_guard__the_limits_are_those_of_the_configuration),
		EACH(test_guard__only_the_zero_writes_are_held),
		EACH(test_guard__a_look_caused_by_a_hook_is_never_held),
		EACH(test_guard__many_zeros_by_hooks_raise_an_alarm),
		EACH(test_guard__a_held_item_that_a_hook_names_is_written),
		EACH(test_guard__a_held_item_that_is_no_longer_zero_is_written),
		EACH(test_guard__what_is_held_stays_held_at_the_next_sync),
		EACH(test_guard__holds_by_what_a_channel_shows_where_nothing_was_published),
		EACH(test_guard__writes_few_zeros_where_nothing_was_published),
		EACH(test_guard__a_channels_sync_judges_what_was_collected_before),
		EACH(test_guard__bindings_made_again_after_a_loss_are_no_first_ones),
		EACH(test_guard__a_first_binding_is_not_held),
		EACH(test_guard__released_zeros_are_written),
		EACH(test_guard__dropped_zeros_are_forgotten_until_they_move),
		EACH(test_guard__a_crash_between_reading_and_releasing_loses_nothing),
		EACH(test_guard__a_channels_sync_does_not_run_ahead_of_the_authoritys),
		EACH(test_guard__a_full_sync_finds_a_channel_that_drifted),
		EACH(test_guard__a_full_sync_brings_channels_to_a_reserve_changed_in_the_file),
		EACH(test_guard__a_sync_that_broke_off_keeps_its_mark),
		EACH(test_guard__a_full_sync_is_not_done_without_the_sales),
	};

	return cmocka_run_group_tests(tests, engine_world_setup,
	                              engine_world_teardown);
}
