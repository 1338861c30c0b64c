#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/err.h"
#include "gateway/model/outcome.h"

#include <string.h>

static void
test_outcome__done_has_nothing_to_explain(void **state)
{
	struct outcome outcome = outcome_done();

	(void)state;
	assert_int_equal(outcome.verdict, VERDICT_DONE);
	assert_int_equal(outcome.wait_ms, 0);
	assert_string_equal(outcome.why, "");
}

static void
test_outcome__keeps_its_reason(void **state)
{
	struct outcome outcome = outcome_of(VERDICT_REFUSED, "http %d", 422);

	(void)state;
	assert_int_equal(outcome.verdict, VERDICT_REFUSED);
	assert_string_equal(outcome.why, "http 422");
}

static void
test_outcome__cuts_a_reason_that_is_too_long(void **state)
{
	char text[1000];
	struct outcome outcome;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	outcome = outcome_of(VERDICT_RETRY, "%s", text);
	assert_int_equal(strlen(outcome.why), OUTCOME_WHY_SIZE - 1);
}

/* Logs and answers are of whole characters. */
static void
test_outcome__half_a_character_is_none(void **state)
{
	struct outcome outcome = outcome_of(VERDICT_REFUSED, "id %.4s of it",
	                                    "a\316\261\316\261");

	(void)state;
	assert_string_equal(outcome.why, "id a\316\261? of it");
}

static void
test_outcome__slow_carries_the_wait(void **state)
{
	struct outcome outcome = outcome_slow(60000, "100% busy");

	(void)state;
	assert_int_equal(outcome.verdict, VERDICT_SLOW);
	assert_int_equal(outcome.wait_ms, 60000);
	assert_string_equal(outcome.why, "100% busy");
}

static void
test_outcome__a_negative_wait_is_unknown(void **state)
{
	(void)state;
	assert_int_equal(outcome_slow(-5, "x").wait_ms, 0);
}

/* A condition is about what came, a fault about us. */
static void
test_outcome__of_what_was_taken_tells_whose_trouble_it_is(void **state)
{
	(void)state;
	assert_int_equal(outcome_taken(0, "/sales").verdict, VERDICT_DONE);
	assert_int_equal(outcome_taken(1, "/sales").verdict, VERDICT_RETRY);
	assert_string_equal(outcome_taken(1, "/sales").why,
	                    "the answer of /sales is not as documented");
	assert_string_equal(outcome_taken(ERR_NOMEM, "/sales").why,
	                    outcome_fault(ERR_NOMEM).why);
}

static void
test_outcome__every_verdict_has_its_own_name(void **state)
{
	(void)state;
	for (int i = VERDICT_DONE; i <= VERDICT_ABSENT; i++) {
		assert_string_not_equal(verdict_name((enum verdict)i),
		                        "unknown");
		for (int k = VERDICT_DONE; k < i; k++)
			assert_string_not_equal(verdict_name((enum verdict)i),
			                        verdict_name((enum verdict)k));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcome__done_has_nothing_to_explain),
		cmocka_unit_test(test_outcome__keeps_its_reason),
		cmocka_unit_test(test_outcome__cuts_a_reason_that_is_too_long),
		cmocka_unit_test(test_outcome__half_a_character_is_none),
		cmocka_unit_test(test_outcome__slow_carries_the_wait),
		cmocka_unit_test(test_outcome__a_negative_wait_is_unknown),
		cmocka_unit_test(
			test_outcome__of_what_was_taken_tells_whose_trouble_it_is),
		cmocka_unit_test(test_outcome__every_verdict_has_its_own_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
