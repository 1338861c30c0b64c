/*
 * When an account may be called.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/engine/pace.h"

static void
note(struct pace *p, enum verdict verdict, int64_t now_ms)
{
	const struct outcome outcome = outcome_of(verdict, "as told");

	pace_note(p, &outcome, now_ms, UINT32_MAX);
}

/* A piece of work that is one call. */
static void
work(struct pace *p, enum pace_kind kind, enum verdict verdict, int64_t now_ms)
{
	struct pace_piece around = pace_begin(p, kind);

	note(p, verdict, now_ms);
	pace_end(p, around);
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

		note(&p, VERDICT_RETRY, 1000);
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
		note(&p, VERDICT_RETRY, 1000);
	assert_true(pace_is_open(&p));
	note(&p, VERDICT_DONE, 2000);
	assert_false(pace_is_open(&p));
	assert_int_equal(pace_wait_ms(&p, 2000), 0);
	note(&p, VERDICT_RETRY, 3000);
	assert_in_range(pace_wait_ms(&p, 3000), 1, 2 * PACE_BASE_MS);
}

static void
test_pace__a_refusal_is_an_answer_and_delays_nothing(void **state)
{
	struct pace p = { .last = VERDICT_DONE };

	(void)state;
	note(&p, VERDICT_REFUSED, 1000);
	assert_int_equal(pace_wait_ms(&p, 1000), 0);
	assert_false(pace_is_open(&p));
}

static void
test_pace__a_rate_limit_is_waited_out_whatever_comes(void **state)
{
	struct pace p = { .last = VERDICT_DONE };
	const struct outcome slow = outcome_slow(7000, "429");

	(void)state;
	pace_note(&p, &slow, 1000, 0);
	pace_hint(&p, 1500);
	assert_int_equal(pace_wait_ms(&p, 1500), 6500);
	assert_false(pace_is_open(&p)); /* no failure: it is there */
	/* a list that was under way when another call was told to wait */
	note(&p, VERDICT_DONE, 2000);
	assert_int_equal(pace_wait_ms(&p, 2000), 6000);
	note(&p, VERDICT_RETRY, 3000);
	pace_hint(&p, 6000);
	assert_int_equal(pace_wait_ms(&p, 6000), 2000);
	note(&p, VERDICT_SLOW, 9000);
	assert_int_equal(pace_wait_ms(&p, 9000), PACE_SLOW_MS);
}

static void
test_pace__a_hint_ends_a_back_off_but_hammers_nobody(void **state)
{
	struct pace p = { .last = VERDICT_DONE };

	(void)state;
	for (int i = 0; i < 20; i++)
		note(&p, VERDICT_RETRY, 1000);
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
	note(&p, VERDICT_RETRY, 1000);
	wait = pace_wait_ms(&p, 1000);
	pace_hint(&p, 1000);
	assert_true(pace_wait_ms(&p, 1000) <= wait);
}

static void
test_pace__lost_credentials_are_tried_now_and_then(void **state)
{
	struct pace p = { .last = VERDICT_DONE };

	(void)state;
	note(&p, VERDICT_LOCKED, 1000);
	assert_true(pace_is_open(&p));
	pace_hint(&p, 2000);
	assert_int_equal(pace_wait_ms(&p, 2000), PACE_LOCKED_MS - 1000);
	note(&p, VERDICT_LOCKED, 61000);
	assert_int_equal(pace_wait_ms(&p, 61000), PACE_LOCKED_MS);
}

/* ---- kinds of work ---- */

/* Fails again and again as soon as it may, something else works in between.
   Returns the last wait. */
static int64_t
fail_beside(struct pace *p, int n, int64_t *now_ms)
{
	int64_t before = 0;

	for (int i = 0; i < n; i++) {
		int64_t wait;

		work(p, PACE_COUNTS, VERDICT_RETRY, *now_ms);
		wait = pace_kind_wait_ms(p, PACE_COUNTS, *now_ms);
		assert_true(wait >= before);
		before = wait;
		*now_ms += wait;
		work(p, PACE_SALES, VERDICT_DONE, *now_ms);
		assert_int_equal(pace_state(p), VERDICT_RETRY);
	}
	return before;
}

static void
test_pace__what_works_beside_a_failure_does_not_end_it(void **state)
{
	struct pace p = { .last = VERDICT_DONE };
	int64_t now = 1000;

	(void)state;
	assert_int_equal(fail_beside(&p, 20, &now), PACE_CAP_MS);
	work(&p, PACE_COUNTS, VERDICT_DONE, now);
	assert_int_equal(pace_state(&p), VERDICT_DONE);
	work(&p, PACE_COUNTS, VERDICT_RETRY, now);
	assert_in_range(pace_kind_wait_ms(&p, PACE_COUNTS, now), 1,
	                2 * PACE_BASE_MS);
}

static void
test_pace__what_works_is_not_held_up_by_what_fails(void **state)
{
	struct pace p = { .last = VERDICT_DONE };
	int64_t now = 1000;

	(void)state;
	(void)fail_beside(&p, 20, &now);
	work(&p, PACE_COUNTS, VERDICT_RETRY, now);
	assert_in_range(pace_kind_wait_ms(&p, PACE_SALES, now), 1,
	                2 * PACE_BASE_MS);
	assert_int_equal(pace_wait_ms(&p, now + 2 * PACE_BASE_MS), 0);
	assert_int_equal(pace_next_ms(&p, now), PACE_CAP_MS);
}

/* The first half of a look works, the second does not: the look does not. */
static void
test_pace__a_piece_of_work_ends_as_its_last_call_did(void **state)
{
	struct pace p = { .last = VERDICT_DONE };
	int64_t before = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct pace_piece around = pace_begin(&p, PACE_COUNTS);

		note(&p, VERDICT_DONE, 1000);
		note(&p, VERDICT_RETRY, 1000);
		pace_end(&p, around);
		assert_true(pace_kind_wait_ms(&p, PACE_COUNTS, 1000) >= before);
		before = pace_kind_wait_ms(&p, PACE_COUNTS, 1000);
	}
	assert_int_equal(before, PACE_CAP_MS);
}

static void
test_pace__work_within_work_is_its_own(void **state)
{
	struct pace p = { .last = VERDICT_DONE };
	struct pace_piece around;

	(void)state;
	work(&p, PACE_COUNTS, VERDICT_RETRY, 1000);
	around = pace_begin(&p, PACE_SYNC);
	note(&p, VERDICT_RETRY, 2000);
	work(&p, PACE_COUNTS, VERDICT_DONE, 2000);
	pace_end(&p, around);
	assert_int_equal(p.kinds[PACE_COUNTS].failures, 0);
	assert_int_equal(p.kinds[PACE_SYNC].failures, 1);
}

static void
test_pace__after_an_outage_every_kind_is_tried_at_once(void **state)
{
	struct pace p = { .last = VERDICT_DONE };

	(void)state;
	for (int i = 0; i < 10; i++) {
		work(&p, PACE_SYNC, VERDICT_RETRY, 1000);
		work(&p, PACE_COUNTS, VERDICT_RETRY, 1000);
	}
	work(&p, PACE_SYNC, VERDICT_DONE, 2000);
	assert_int_equal(pace_kind_wait_ms(&p, PACE_COUNTS, 2000), 0);
	/* It was not that: it goes on where it was. */
	work(&p, PACE_COUNTS, VERDICT_RETRY, 2000);
	assert_int_equal(pace_kind_wait_ms(&p, PACE_COUNTS, 2000), PACE_CAP_MS);
}

static void
test_pace__what_is_not_owed_any_more_troubles_nobody(void **state)
{
	struct pace p = { .last = VERDICT_DONE };

	(void)state;
	work(&p, PACE_SYNC, VERDICT_RETRY, 1000);
	work(&p, PACE_COUNTS, VERDICT_DONE, 2000);
	assert_int_equal(pace_state(&p), VERDICT_RETRY);
	pace_forget(&p, PACE_SYNC);
	assert_int_equal(pace_state(&p), VERDICT_DONE);
	/* A probe is never owed. */
	note(&p, VERDICT_RETRY, 3000);
	work(&p, PACE_COUNTS, VERDICT_DONE, 4000);
	assert_int_equal(pace_state(&p), VERDICT_DONE);
}

static void
test_pace__who_asks_anew_ends_the_wait_of_that_kind(void **state)
{
	struct pace p = { .last = VERDICT_DONE, .tick = 7 };
	int64_t now = 1000;

	(void)state;
	(void)fail_beside(&p, 20, &now);
	work(&p, PACE_COUNTS, VERDICT_RETRY, now);
	pace_hint_kind(&p, PACE_COUNTS, 7, now + 5000); /* that failed */
	pace_hint_kind(&p, PACE_SALES, 8, now + 5000);
	assert_int_equal(pace_kind_wait_ms(&p, PACE_COUNTS, now + 5000),
	                 PACE_CAP_MS - 5000);
	pace_hint_kind(&p, PACE_COUNTS, 8, now + 400);
	assert_int_equal(pace_kind_wait_ms(&p, PACE_COUNTS, now + 400),
	                 PACE_HINT_GAP_MS - 400);
}

static void
test_pace__where_a_month_is_counted_what_fails_is_tried_seldom(void **state)
{
	struct pace p = { .last = VERDICT_DONE, .dear_ms = 260000 };
	int64_t now = 1000;

	(void)state;
	assert_int_equal(fail_beside(&p, 20, &now), 520000);
	p.dear_ms = INT64_C(10) * 86400000; /* nearly all are used */
	assert_int_equal(fail_beside(&p, 5, &now), PACE_DEAR_CAP_MS);
	p.dear_ms = 1;
	work(&p, PACE_COUNTS, VERDICT_RETRY, now);
	assert_int_equal(pace_kind_wait_ms(&p, PACE_COUNTS, now), PACE_CAP_MS);
}

/* Else each sale elsewhere costs a call of a system that is away. */
static void
test_pace__where_a_month_is_counted_hints_come_no_faster_than_it_goes(
	void **state)
{
	struct pace p = { .last = VERDICT_DONE, .dear_ms = 260000, .tick = 7 };
	int64_t now = 1000;
	int64_t account_wait;

	(void)state;
	(void)fail_beside(&p, 20, &now);
	work(&p, PACE_COUNTS, VERDICT_RETRY, now);
	work(&p, PACE_POST, VERDICT_RETRY, now);
	account_wait = pace_wait_ms(&p, now);
	pace_hint(&p, now);
	pace_hint_kind(&p, PACE_COUNTS, 8, now);
	assert_int_equal(pace_wait_ms(&p, now), account_wait);
	assert_int_equal(pace_kind_wait_ms(&p, PACE_COUNTS, now), 260000);
	pace_hint_kind(&p, PACE_COUNTS, 8, now + 260000);
	assert_int_equal(pace_kind_wait_ms(&p, PACE_COUNTS, now + 260000), 0);
}

static void
test_pace__who_asks_himself_is_served_at_once_where_a_month_is_counted(
	void **state)
{
	struct pace p = { .last = VERDICT_DONE, .dear_ms = 260000, .tick = 7 };
	int64_t now = 1000;

	(void)state;
	(void)fail_beside(&p, 20, &now);
	work(&p, PACE_COUNTS, VERDICT_RETRY, now);
	pace_ask(&p, PACE_COUNTS, 7, now + 5000); /* that failed */
	pace_ask(&p, PACE_SALES, 8, now + 5000);
	assert_int_equal(pace_kind_wait_ms(&p, PACE_COUNTS, now), 520000);
	pace_ask(&p, PACE_COUNTS, 8, now);
	assert_int_equal(pace_kind_wait_ms(&p, PACE_COUNTS, now),
	                 PACE_HINT_GAP_MS);
	pace_ask(&p, PACE_COUNTS, 8, now + 5000);
	assert_int_equal(pace_kind_wait_ms(&p, PACE_COUNTS, now + 5000), 0);
	p.tick = 9;
	work(&p, PACE_COUNTS, VERDICT_RETRY, now + 5000);
	pace_ask(&p, PACE_COUNTS, 8, now + 9000);
	assert_in_range(pace_kind_wait_ms(&p, PACE_COUNTS, now + 9000), 260000,
	                520000);
}

/* What it is for may not be known yet. */
static void
test_pace__who_asks_himself_ends_the_wait_of_the_account(void **state)
{
	struct pace p = { .last = VERDICT_DONE, .dear_ms = 260000, .tick = 7 };

	(void)state;
	for (int i = 0; i < 20; i++)
		note(&p, VERDICT_RETRY, 1000);
	pace_ask(&p, PACE_NONE, 7, 2000); /* that failed */
	assert_int_equal(pace_wait_ms(&p, 2000), PACE_CAP_MS - 1000);
	pace_ask(&p, PACE_NONE, 8, 1200);
	assert_int_equal(pace_wait_ms(&p, 1200), PACE_HINT_GAP_MS - 200);
	pace_ask(&p, PACE_NONE, 8, 1900);
	assert_int_equal(pace_wait_ms(&p, 1900), PACE_HINT_GAP_MS - 900);
}

/* Credentials and the vendor's word stay what they are. */
static void
test_pace__who_asks_himself_ends_no_other_wait(void **state)
{
	struct pace p = { .last = VERDICT_DONE, .tick = 7 };

	(void)state;
	work(&p, PACE_COUNTS, VERDICT_LOCKED, 1000);
	pace_ask(&p, PACE_COUNTS, 8, 3000);
	assert_int_equal(pace_kind_wait_ms(&p, PACE_COUNTS, 3000),
	                 PACE_LOCKED_MS - 2000);
	work(&p, PACE_SALES, VERDICT_SLOW, 100000);
	pace_ask(&p, PACE_SALES, 8, 100000);
	assert_int_equal(pace_kind_wait_ms(&p, PACE_SALES, 100000),
	                 PACE_SLOW_MS);
}

static void
test_pace__a_kind_whose_credentials_are_refused_stays_locked(void **state)
{
	struct pace p = { .last = VERDICT_DONE };

	(void)state;
	work(&p, PACE_COUNTS, VERDICT_LOCKED, 1000);
	work(&p, PACE_SALES, VERDICT_DONE, 61000);
	assert_int_equal(pace_state(&p), VERDICT_LOCKED);
	work(&p, PACE_COUNTS, VERDICT_DONE, 61000);
	assert_int_equal(pace_state(&p), VERDICT_DONE);
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
		cmocka_unit_test(
			test_pace__what_works_beside_a_failure_does_not_end_it),
		cmocka_unit_test(
			test_pace__what_works_is_not_held_up_by_what_fails),
		cmocka_unit_test(
			test_pace__a_piece_of_work_ends_as_its_last_call_did),
		cmocka_unit_test(test_pace__work_within_work_is_its_own),
		cmocka_unit_test(
			test_pace__after_an_outage_every_kind_is_tried_at_once),
		cmocka_unit_test(
			test_pace__what_is_not_owed_any_more_troubles_nobody),
		cmocka_unit_test(
			test_pace__who_asks_anew_ends_the_wait_of_that_kind),
		cmocka_unit_test(
			test_pace__where_a_month_is_counted_what_fails_is_tried_seldom),
		cmocka_unit_test(
			test_pace__where_a_month_is_counted_hints_come_no_faster_than_it_goes),
		cmocka_unit_test(
			test_pace__who_asks_himself_is_served_at_once_where_a_month_is_counted),
		cmocka_unit_test(
			test_pace__who_asks_himself_ends_the_wait_of_the_account),
		cmocka_unit_test(
			test_pace__who_asks_himself_ends_no_other_wait),
		cmocka_unit_test(
			test_pace__a_kind_whose_credentials_are_refused_stays_locked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
