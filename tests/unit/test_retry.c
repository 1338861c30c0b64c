#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/model/retry.h"

static const struct retry_policy policy = {
	.base_ms = 1000,
	.cap_ms = 30000,
};

static void
test_retry__gives_up_after_the_last_attempt(void **state)
{
	const struct retry_policy five = { .max_attempts = 5 };

	(void)state;
	assert_int_equal(retry_wait_ms(&five, 4, 0), 0);
	assert_int_equal(retry_wait_ms(&five, 5, 0), RETRY_NEVER);
	assert_int_equal(retry_wait_ms(&five, 6, 0), RETRY_NEVER);
}

static void
test_retry__without_a_limit_goes_on_for_ever(void **state)
{
	(void)state;
	assert_true(retry_wait_ms(&policy, UINT32_MAX, 0) > 0);
}

static void
test_retry__waits_at_least_half_and_at_most_all(void **state)
{
	(void)state;
	assert_int_equal(retry_wait_ms(&policy, 1, 0), 500);
	assert_int_equal(retry_wait_ms(&policy, 1, UINT32_MAX), 1000);
	assert_int_equal(retry_wait_ms(&policy, 1, UINT32_MAX / 2), 750);
}

static void
test_retry__doubles_with_each_attempt(void **state)
{
	(void)state;
	assert_int_equal(retry_wait_ms(&policy, 2, UINT32_MAX), 2000);
	assert_int_equal(retry_wait_ms(&policy, 3, UINT32_MAX), 4000);
	assert_int_equal(retry_wait_ms(&policy, 5, UINT32_MAX), 16000);
}

static void
test_retry__never_waits_longer_than_the_cap(void **state)
{
	(void)state;
	assert_int_equal(retry_wait_ms(&policy, 6, UINT32_MAX), 30000);
	assert_int_equal(retry_wait_ms(&policy, 7, UINT32_MAX), 30000);
	assert_int_equal(retry_wait_ms(&policy, 1000000, UINT32_MAX), 30000);
}

static void
test_retry__does_not_overflow_with_huge_waits(void **state)
{
	const struct retry_policy huge = {
		.base_ms = INT64_MAX / 2 + 1,
		.cap_ms = INT64_MAX - 1,
	};
	int64_t wait = retry_wait_ms(&huge, 40, UINT32_MAX);

	(void)state;
	assert_true(wait > INT64_MAX / 2 && wait <= INT64_MAX - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retry__gives_up_after_the_last_attempt),
		cmocka_unit_test(test_retry__without_a_limit_goes_on_for_ever),
		cmocka_unit_test(
			test_retry__waits_at_least_half_and_at_most_all),
		cmocka_unit_test(test_retry__doubles_with_each_attempt),
		cmocka_unit_test(test_retry__never_waits_longer_than_the_cap),
		cmocka_unit_test(test_retry__does_not_overflow_with_huge_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
