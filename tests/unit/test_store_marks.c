/*
 * Marks: twice is once, and a look clears only what it answered.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_queue.h"
#include "tests/support/fake_clock.h"
#include "tests/support/store_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_MS 1800000000000

static struct store_world *world;
static struct store *store;

static int
begin(void **state)
{
	world = *state;
	store = world->store;
	store_world_flush(world);
	fake_clock_start(NOW_MS, 1000);
	return 0;
}

static void
mark(const char *member, enum mark_cause cause, int64_t due_ms)
{
	assert_int_equal(
		store_marks_add(store, "agora", &member, 1, cause, due_ms), 0);
}

/* The only due mark; the caller finishes the batch. */
static struct mark_batch
take_one(void)
{
	struct mark_batch batch = store_world_take(world, "agora");

	assert_int_equal(batch.n, 1);
	return batch;
}

static void
clear(const struct mark_batch *batch)
{
	const struct mark *m = &batch->marks[0];

	assert_int_equal(store_marks_clear(store, "agora", &m, 1), 0);
}

static void
assert_count(int64_t expected)
{
	int64_t n = -1;

	assert_int_equal(store_marks_count(store, &n, "agora"), 0);
	assert_int_equal(n, expected);
}

static void
test_store_marks__marking_twice_is_marking_once(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		mark("i:A1", MARK_HOOK, 0);
	assert_count(1);
	assert_string_equal(store_world_marks(world, "agora"), "i:A1");
}

static void
test_store_marks__a_mark_made_during_a_look_survives_it(void **state)
{
	struct mark_batch batch;

	(void)state;
	mark("i:A1", MARK_HOOK, 0);
	batch = take_one();
	mark("i:A1", MARK_HOOK, 0);
	clear(&batch);
	assert_count(1);
	mark_batch_fini(&batch);
	batch = take_one();
	clear(&batch);
	assert_count(0);
	mark_batch_fini(&batch);
}

static void
test_store_marks__taking_moves_nothing(void **state)
{
	(void)state;
	mark("i:A1", MARK_HOOK, 0);
	for (int i = 0; i < 3; i++)
		assert_string_equal(store_world_marks(world, "agora"), "i:A1");
}

static void
test_store_marks__the_tick_of_a_batch_is_later_than_its_marks(void **state)
{
	struct mark_batch batch;

	(void)state;
	mark("i:A1", MARK_HOOK, 0);
	mark("i:A2", MARK_HOOK, 0);
	batch = store_world_take(world, "agora");
	assert_int_equal(batch.n, 2);
	for (size_t i = 0; i < batch.n; i++)
		assert_true(batch.tick > batch.marks[i].generation);
	mark_batch_fini(&batch);
}

static void
test_store_marks__oldest_due_come_first_and_no_more_than_asked(void **state)
{
	struct mark_batch batch;

	(void)state;
	mark("i:C", MARK_HOOK, NOW_MS - 1);
	mark("i:B", MARK_HOOK, NOW_MS - 2);
	mark("i:A", MARK_HOOK, NOW_MS - 3);
	assert_int_equal(store_marks_take(store, &batch, "agora", 2), 0);
	assert_int_equal(batch.n, 2);
	assert_string_equal(batch.marks[0].member, "i:A");
	assert_string_equal(batch.marks[1].member, "i:B");
	mark_batch_fini(&batch);
}

static void
test_store_marks__urgent_ones_are_not_crowded_out_by_the_accounts_own(
	void **state)
{
	struct mark_batch batch;

	(void)state;
	mark("y:full", MARK_SYNC, 0);
	mark("y:catchup", MARK_HOOK, 0);
	mark("y:sales", MARK_SYNC, 0);
	mark("s:S1", MARK_HOOK, NOW_MS - 3);
	mark("i:A1", MARK_HOOK, NOW_MS - 2);
	mark("f:P1", MARK_OPERATOR, NOW_MS - 1);
	assert_int_equal(store_marks_take_urgent(store, &batch, "agora", 2), 0);
	assert_int_equal(batch.n, 2);
	assert_string_equal(batch.marks[0].member, "s:S1");
	assert_string_equal(batch.marks[1].member, "i:A1");
	assert_true(batch.tick > batch.marks[1].generation);
	mark_batch_fini(&batch);
	assert_int_equal(store_marks_take_urgent(store, &batch, "agora", 20),
	                 0);
	assert_int_equal(batch.n, 3);
	assert_string_equal(batch.marks[2].member, "f:P1");
	mark_batch_fini(&batch);
}

static void
test_store_marks__the_look_up_of_uncertain_entries_is_urgent(void **state)
{
	struct mark_batch batch;

	(void)state;
	mark("y:full", MARK_SYNC, 0);
	mark(MARK_LOOK_UP, MARK_SALE, 0);
	assert_int_equal(store_marks_take_urgent(store, &batch, "agora", 2), 0);
	assert_int_equal(batch.n, 1);
	assert_string_equal(batch.marks[0].member, MARK_LOOK_UP);
	mark_batch_fini(&batch);
}

/* A sync's own mark is due all the while it runs; each write is an fsync. */
static void
test_store_marks__looking_for_urgent_ones_in_vain_writes_nothing(void **state)
{
	struct mark_batch batch;
	char tick[32];

	(void)state;
	mark("y:full", MARK_SYNC, 0);
	(void)snprintf(tick, sizeof(tick), "%s",
	               store_world_say(world, "GET test:tick"));
	assert_int_equal(store_marks_take_urgent(store, &batch, "agora", 20),
	                 0);
	assert_int_equal(batch.n, 0);
	mark_batch_fini(&batch);
	assert_string_equal(store_world_say(world, "GET test:tick"), tick);
}

static void
test_store_marks__marking_once_leaves_a_look_under_way(void **state)
{
	struct mark_batch batch;

	(void)state;
	assert_int_equal(
		store_marks_add_once(store, "agora", "y:full", MARK_SYNC), 0);
	batch = take_one();
	assert_int_equal(
		store_marks_add_once(store, "agora", "y:full", MARK_SYNC), 0);
	clear(&batch);
	assert_count(0);
	mark_batch_fini(&batch);
}

static void
test_store_marks__one_is_found_by_its_name(void **state)
{
	struct mark m = { 0 };

	(void)state;
	assert_int_equal(store_marks_find(store, &m, "agora", "y:full"),
	                 MARKS_ABSENT);
	mark("y:full", MARK_OPERATOR, NOW_MS + 1000);
	assert_int_equal(store_marks_find(store, &m, "agora", "y:full"), 0);
	assert_string_equal(m.member, "y:full");
	assert_int_equal(m.cause, MARK_OPERATOR);
	assert_int_equal(m.origin_ms, NOW_MS);
	assert_true(m.generation > 0);
	free(m.member);
}

static void
test_store_marks__a_poll_sees_a_mark_once(void **state)
{
	(void)state;
	assert_int_equal(store_marks_poll(store, "agora"), 0);
	mark("i:A1", MARK_HOOK, 0);
	mark("i:A2", MARK_HOOK, 0);
	assert_int_equal(store_marks_poll(store, "agora"), MARKS_WOKEN);
	assert_int_equal(store_marks_poll(store, "agora"), 0);
}

static void
test_store_marks__postponed_marks_come_when_due(void **state)
{
	struct mark_batch batch;

	(void)state;
	mark("i:A1", MARK_HOOK, 0);
	batch = take_one();
	assert_int_equal(store_marks_postpone(store, "agora", &batch.marks[0],
	                                      NOW_MS + 5000),
	                 0);
	mark_batch_fini(&batch);
	batch = store_world_take(world, "agora");
	assert_int_equal(batch.n, 0);
	assert_int_equal(batch.tick, 0);
	assert_int_equal(batch.next_due_ms, NOW_MS + 5000);
	mark_batch_fini(&batch);
	fake_clock_advance(5000);
	assert_string_equal(store_world_marks(world, "agora"), "i:A1");
}

static void
test_store_marks__postponing_does_not_delay_what_was_marked_since(void **state)
{
	struct mark_batch batch;

	(void)state;
	mark("i:A1", MARK_HOOK, 0);
	batch = take_one();
	mark("i:A1", MARK_HOOK, 0);
	assert_int_equal(store_marks_postpone(store, "agora", &batch.marks[0],
	                                      NOW_MS + 5000),
	                 0);
	mark_batch_fini(&batch);
	assert_string_equal(store_world_marks(world, "agora"), "i:A1");
}

static void
test_store_marks__a_hook_ends_a_postponement_and_never_makes_one(void **state)
{
	(void)state;
	mark("i:A1", MARK_HOOK, NOW_MS + 5000);
	assert_string_equal(store_world_marks(world, "agora"), "");
	mark("i:A1", MARK_HOOK, NOW_MS + 9000);
	mark("i:A1", MARK_HOOK, 0);
	assert_string_equal(store_world_marks(world, "agora"), "i:A1");
	mark("i:A1", MARK_HOOK, NOW_MS + 9000);
	assert_string_equal(store_world_marks(world, "agora"), "i:A1");
}

static void
test_store_marks__a_clock_set_back_makes_no_mark_wait_for_days(void **state)
{
	(void)state;
	mark("i:A1", MARK_HOOK, NOW_MS + 60000);
	fake_clock_set_wall(NOW_MS - 86400000);
	assert_string_equal(store_world_marks(world, "agora"), "i:A1");
}

static void
test_store_marks__a_sync_never_weakens_the_cause(void **state)
{
	static const enum mark_cause causes[] = { MARK_HOOK, MARK_SALE,
		                                  MARK_BINDING, MARK_OPERATOR };
	struct mark_batch batch;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		mark("i:A1", MARK_SYNC, 0);
		mark("i:A1", causes[i], 0);
		mark("i:A1", MARK_SYNC, 0);
		batch = take_one();
		assert_int_equal(batch.marks[0].cause, causes[i]);
		clear(&batch);
		mark_batch_fini(&batch);
	}
}

static void
test_store_marks__to_look_again_is_more_than_a_sync_and_less_than_a_call(
	void **state)
{
	static const enum mark_cause causes[] = { MARK_SYNC, MARK_AGAIN,
		                                  MARK_SYNC, MARK_HOOK,
		                                  MARK_AGAIN };
	static const enum mark_cause then[] = { MARK_SYNC, MARK_AGAIN,
		                                MARK_AGAIN, MARK_HOOK,
		                                MARK_HOOK };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct mark_batch batch;

		mark("i:A1", causes[i], 0);
		batch = take_one();
		assert_int_equal(batch.marks[0].cause, then[i]);
		assert_int_equal(batch.marks[0].origin_ms != 0, i > 2);
		mark_batch_fini(&batch);
	}
}

static void
test_store_marks__the_earliest_origin_is_kept(void **state)
{
	struct mark_batch batch;

	(void)state;
	mark("i:A1", MARK_SYNC, 0); /* has none */
	mark("i:A1", MARK_HOOK, 0);
	fake_clock_advance(5000);
	mark("i:A1", MARK_HOOK, 0);
	mark("i:A1", MARK_SYNC, 0);
	batch = take_one();
	assert_int_equal(batch.marks[0].origin_ms, NOW_MS);
	mark_batch_fini(&batch);
}

static void
test_store_marks__a_mark_wakes_whoever_waits_once(void **state)
{
	(void)state;
	assert_int_equal(store_marks_wait(store, "agora", 1), 0);
	mark("i:A1", MARK_HOOK, 0);
	mark("i:A2", MARK_HOOK, 0);
	assert_int_equal(store_marks_wait(store, "agora", 1000), MARKS_WOKEN);
	assert_int_equal(store_marks_wait(store, "agora", 1), 0);
	assert_int_equal(store_marks_wake(store, "agora"), 0);
	assert_int_equal(store_marks_wait(store, "agora", 1000), MARKS_WOKEN);
}

static void
test_store_marks__accounts_do_not_see_each_other(void **state)
{
	(void)state;
	mark("i:A1", MARK_HOOK, 0);
	assert_string_equal(store_world_marks(world, "kiosk"), "");
	assert_int_equal(store_marks_wait(store, "kiosk", 1), 0);
}

static void
test_store_marks__many_at_once_are_one_step(void **state)
{
	char text[300][16];
	const char *members[300];

	(void)state;
	for (int i = 0; i < 300; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "i:%d", i);
		members[i] = text[i];
	}
	assert_int_equal(
		store_marks_add(store, "agora", members, 300, MARK_SYNC, 0), 0);
	assert_count(300);
	assert_int_equal(
		store_marks_add(store, "agora", members, 0, MARK_SYNC, 0), 0);
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_store_marks__marking_twice_is_marking_once),
		EACH(test_store_marks__a_mark_made_during_a_look_survives_it),
		EACH(test_store_marks__taking_moves_nothing),
		EACH(test_store_marks__the_tick_of_a_batch_is_later_than_its_marks),
		EACH(test_store_marks__oldest_due_come_first_and_no_more_than_asked),
		EACH(test_store_marks__urgent_ones_are_not_crowded_out_by_the_accounts_own),
		EACH(test_store_marks__the_look_up_of_uncertain_entries_is_urgent),
		EACH(test_store_marks__looking_for_urgent_ones_in_vain_writes_nothing),
		EACH(test_store_marks__marking_once_leaves_a_look_under_way),
		EACH(test_store_marks__one_is_found_by_its_name),
		EACH(test_store_marks__a_poll_sees_a_mark_once),
		EACH(test_store_marks__postponed_marks_come_when_due),
		EACH(test_store_marks__postponing_does_not_delay_what_was_marked_since),
		EACH(test_store_marks__a_hook_ends_a_postponement_and_never_makes_one),
		EACH(test_store_marks__a_clock_set_back_makes_no_mark_wait_for_days),
		EACH(test_store_marks__a_sync_never_weakens_the_cause),
		EACH(test_store_marks__to_look_again_is_more_than_a_sync_and_less_than_a_call),
		EACH(test_store_marks__the_earliest_origin_is_kept),
		EACH(test_store_marks__a_mark_wakes_whoever_waits_once),
		EACH(test_store_marks__accounts_do_not_see_each_other),
		EACH(test_store_marks__many_at_once_are_one_step),
	};
	int failed = cmocka_run_group_tests(tests, store_world_setup,
	                                    store_world_teardown);

	fake_clock_stop();
	return failed;
}
