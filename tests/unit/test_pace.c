/*
 * When an account may be called.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/engine/pace.h"

static bool
note(struct pace *p, enum verdict verdict, int64_t now_ms)
{
	const struct outcome outcome = outcome_of(verdict, "as told");

	return pace_note(p, &outcome, now_ms, UINT32_MAX);
}

static void
test_pace__begins_closed_and_without_a_wait(void **state)
{
	const struct pace p = { .last = VERDICT_DONE };

	(void)state;
	assert_int_equal(pace_wait_ms(&p, 0), 0);
	assert_false(pace_is_open(&p));
}

static void
test_pace__waits_grow_to_thirty_seconds_and_no_further(void **state)
{
	struct pace p = { .last = VERDICT_DONE };
	int64_t before = 0;

	(void)state;
	for (int i = 0; i < 40; i++) {
		int64_t wait;

		(void)note(&p, VERDICT_RETRY, 1000);
		wait = pace_wait_ms(&p, 1000);
		assert_true(wait >= before);
		assert_in_range(wait, 1, PACE_CAP_MS);
		before = wait;
	}
	assert_int_equal(before, PACE_CAP_MS);
}

static void
test_pace__one_success_ends_it(void **state)
{
	struct pace p = { .last = VERDICT_DONE };

	(void)state;
	for (int i = 0; i < 9; i++)
		(void)note(&p, VERDICT_RETRY, 1000);
	assert_true(pace_is_open(&p));
	assert_true(note(&p, VERDICT_DONE, 2000));
	assert_false(pace_is_open(&p));
	assert_int_equal(pace_wait_ms(&p, 2000), 0);
	(void)note(&p, VERDICT_RETRY, 3000);
	assert_in_range(pace_wait_ms(&p, 3000), 1, 2 * PACE_BASE_MS);
}

static void
test_pace__a_refusal_is_an_answer_and_delays_nothing(void **state)
{
	struct pace p = { .last = VERDICT_DONE };

	(void)state;
	(void)note(&p, VERDICT_REFUSED, 1000);
	assert_int_equal(pace_wait_ms(&p, 1000), 0);
	assert_false(pace_is_open(&p));
}

static void
test_pace__a_rate_limit_is_waited_out_whatever_comes(void **state)
{
	struct pace p = { .last = VERDICT_DONE };
	const struct outcome slow = outcome_slow(7000, "429");

	(void)state;
	(void)pace_note(&p, &slow, 1000, 0);
	pace_hint(&p, 1500);
	assert_int_equal(pace_wait_ms(&p, 1500), 6500);
	assert_false(pace_is_open(&p)); /* no failure: it is there */
	/* a list that was under way when another call was told to wait */
	(void)note(&p, VERDICT_DONE, 2000);
	assert_int_equal(pace_wait_ms(&p, 2000), 6000);
	(void)note(&p, VERDICT_RETRY, 3000);
	pace_hint(&p, 6000);
	assert_int_equal(pace_wait_ms(&p, 6000), 2000);
	(void)note(&p, VERDICT_SLOW, 9000);
	assert_int_equal(pace_wait_ms(&p, 9000), PACE_SLOW_MS);
}

static void
test_pace__a_hint_ends_a_back_off_but_hammers_nobody(void **state)
{
	struct pace p = { .last = VERDICT_DONE };

	(void)state;
	for (int i = 0; i < 20; i++)
		(void)note(&p, VERDICT_RETRY, 1000);
	pace_hint(&p, 1100);
	assert_int_equal(pace_wait_ms(&p, 1100), PACE_HINT_GAP_MS - 100);
	pace_hint(&p, 5000);
	assert_int_equal(pace_wait_ms(&p, 5000), 0);
}

static void
test_pace__a_hint_never_makes_a_wait_longer(void **state)
{
	struct pace p = { .last = VERDICT_DONE };
	int64_t wait;

	(void)state;
	(void)note(&p, VERDICT_RETRY, 1000);
	wait = pace_wait_ms(&p, 1000);
	pace_hint(&p, 1000);
	assert_true(pace_wait_ms(&p, 1000) <= wait);
}

static void
test_pace__lost_credentials_are_tried_now_and_then(void **state)
{
	struct pace p = { .last = VERDICT_DONE };

	(void)state;
	assert_true(note(&p, VERDICT_LOCKED, 1000));
	assert_true(pace_is_open(&p));
	pace_hint(&p, 2000);
	assert_int_equal(pace_wait_ms(&p, 2000), PACE_LOCKED_MS - 1000);
	assert_false(note(&p, VERDICT_LOCKED, 61000)); /* said once */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pace__begins_closed_and_without_a_wait),
		cmocka_unit_test(
			test_pace__waits_grow_to_thirty_seconds_and_no_further),
		cmocka_unit_test(test_pace__one_success_ends_it),
		cmocka_unit_test(
			test_pace__a_refusal_is_an_answer_and_delays_nothing),
		cmocka_unit_test(
			test_pace__a_rate_limit_is_waited_out_whatever_comes),
		cmocka_unit_test(
			test_pace__a_hint_ends_a_back_off_but_hammers_nobody),
		cmocka_unit_test(test_pace__a_hint_never_makes_a_wait_longer),
		cmocka_unit_test(
			test_pace__lost_credentials_are_tried_now_and_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
