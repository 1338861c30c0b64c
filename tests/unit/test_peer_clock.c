#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/ports/peer_clock.h"
#include "tests/support/fake_clock.h"

#define NOW_MS INT64_C(1795300000250)

struct rig {
	struct peer_clock clock;
};

static int
set_up(void **state)
{
	static struct rig rig;

	rig = (struct rig){ .clock = { 0 } };
	fake_clock_start(NOW_MS, 0);
	*state = &rig;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	fake_clock_stop();
	return 0;
}

/* An answer of a system whose clock is so far from ours: whole seconds. */
static void
hear(struct rig *rig, int64_t skew_ms)
{
	int64_t theirs_ms = NOW_MS + skew_ms;
	const struct http_answer answer = {
		.date_ms = theirs_ms - theirs_ms % 1000,
	};

	peer_clock_learn(&rig->clock, &answer);
}

static void
test_peer_clock__is_ours_until_told(void **state)
{
	struct rig *rig = *state;
	const struct http_answer none = { .date_ms = 0 };

	assert_int_equal(peer_clock_now_ms(&rig->clock), NOW_MS);
	hear(rig, 60000);
	peer_clock_learn(&rig->clock, &none);
	assert_int_equal(rig->clock.skew_ms, 60000 - 250);
}

/* The header has no more than seconds: a clock behind ours looks up to one
   further behind. */
static void
test_peer_clock__takes_a_second_for_none(void **state)
{
	struct rig *rig = *state;

	for (int64_t skew_ms = -1000; skew_ms < 2000; skew_ms += 50) {
		rig->clock = (struct peer_clock){ 0 };
		hear(rig, skew_ms);
		assert_int_equal(rig->clock.skew_ms, 0);
	}
	hear(rig, -3000);
	assert_true(rig->clock.skew_ms < -2000);
	hear(rig, 3000);
	assert_true(rig->clock.skew_ms > 2000);
}

/* What a header says is at most a second less than the truth. */
static void
test_peer_clock__of_several_answers_the_largest_is_the_truest(void **state)
{
	struct rig *rig = *state;
	int64_t truest_ms = 0;

	for (int i = 0; i < 40; i++) {
		fake_clock_set_wall(NOW_MS + (int64_t)i * 130);
		hear(rig, 60000 + (int64_t)i * 130);
		if (rig->clock.skew_ms > truest_ms)
			truest_ms = rig->clock.skew_ms;
		assert_int_equal(rig->clock.skew_ms, truest_ms);
		assert_true(rig->clock.skew_ms <= 60000);
	}
	assert_true(truest_ms > 60000 - 130);
	assert_int_equal(peer_clock_now_ms(&rig->clock),
	                 NOW_MS + 39 * INT64_C(130) + truest_ms);
}

static void
test_peer_clock__follows_one_that_is_set(void **state)
{
	struct rig *rig = *state;

	hear(rig, 3600250);
	assert_int_equal(rig->clock.skew_ms, 3599750);
	hear(rig, 0);
	assert_int_equal(rig->clock.skew_ms, 0);
	hear(rig, -3600000);
	assert_int_equal(rig->clock.skew_ms, -3600250);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_peer_clock__is_ours_until_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_peer_clock__takes_a_second_for_none, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_peer_clock__of_several_answers_the_largest_is_the_truest,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_peer_clock__follows_one_that_is_set, set_up,
			tear_down),
	};

	return cmocka_run_group_tests_name("peer_clock", tests, NULL, NULL);
}
