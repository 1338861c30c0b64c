/*
 * Somebody else's text as words for a person.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/log.h"
#include "gateway/base/words.h"

#include <string.h>

static void
test_words__are_cut_at_a_whole_character(void **state)
{
	char out[6];

	(void)state;
	assert_string_equal(words_copy(out, sizeof(out), "short"), "short");
	assert_string_equal(words_copy(out, sizeof(out), "longer"), "longe");
	assert_string_equal(words_copy(out, sizeof(out), "αβγ"), "αβ");
	assert_string_equal(words_copy(out, sizeof(out), "aβγ"), "aβγ");
	assert_string_equal(words_copy(out, 1, "αβγ"), "");
	assert_string_equal(words_copy(out, sizeof(out), ""), "");
}

static void
test_words__stay_on_one_line(void **state)
{
	char out[20];

	(void)state;
	assert_string_equal(words_copy(out, sizeof(out), "a\r\nb\tc\x7f"),
	                    "a  b c ");
}

/* Cut first, its half would be said. */
static void
test_words__hold_no_half_of_a_secret(void **state)
{
	char out[12];

	(void)state;
	log_forbid("words-secret-4711");
	assert_string_equal(
		words_copy(out, sizeof(out), "no words-secret-4711 here"),
		"no *** here");
}

static void
assert_distance(const char *a, const char *b, size_t expected)
{
	assert_int_equal(words_distance(a, strlen(a), b, strlen(b)), expected);
	assert_int_equal(words_distance(b, strlen(b), a, strlen(a)), expected);
}

static void
test_words__are_as_far_apart_as_edits_between_them(void **state)
{
	char longer[WORDS_NEAR_MAX * 2];

	(void)state;
	assert_distance("agora", "agora", 0);
	assert_distance("agora", "agroa", 2);
	assert_distance("agora", "agor", 1);
	assert_distance("", "erp", 3);
	/* What is behind the first of them does not count. */
	memset(longer, 'x', sizeof(longer));
	assert_int_equal(
		words_distance(longer, sizeof(longer), longer, WORDS_NEAR_MAX),
		0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words__are_cut_at_a_whole_character),
		cmocka_unit_test(test_words__stay_on_one_line),
		cmocka_unit_test(test_words__hold_no_half_of_a_secret),
		cmocka_unit_test(
			test_words__are_as_far_apart_as_edits_between_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
