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

/* Two bytes are one control character as well, and some turn a line around. */
static void
test_words__hold_nothing_that_a_terminal_obeys(void **state)
{
	char out[60];

	(void)state;
	assert_string_equal(words_copy(out, sizeof(out),
	                               "a\xc2\x9b"
	                               "2Jb\xc2\x85"),
	                    "a  2Jb  ");
	assert_string_equal(words_copy(out, sizeof(out),
	                               "a\xe2\x80\xae"
	                               "b\xe2\x81\xa9\xe2\x80\xa8"),
	                    "a   b      ");
	/* What only looks like one stays: é, ğ (c4 9f), an em dash, a coin. */
	assert_string_equal(
		words_copy(out, sizeof(out),
	                   "\xc3\xa9\xc4\x9f\xe2\x80\x94\xf0\x9f\xaa\x99"),
		"\xc3\xa9\xc4\x9f\xe2\x80\x94\xf0\x9f\xaa\x99");
}

/* A terminal that is set to one byte would obey it. */
static void
test_words__hold_no_byte_that_is_no_character(void **state)
{
	char out[20];

	(void)state;
	assert_string_equal(words_copy(out, sizeof(out),
	                               "caf\xe9 \x9b"
	                               "2J"),
	                    "caf? ?2J");
	assert_string_equal(words_copy(out, sizeof(out), "\xc0\x9b\xe2\x80"),
	                    "????");
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
		cmocka_unit_test(
			test_words__hold_nothing_that_a_terminal_obeys),
		cmocka_unit_test(test_words__hold_no_byte_that_is_no_character),
		cmocka_unit_test(test_words__hold_no_half_of_a_secret),
		cmocka_unit_test(
			test_words__are_as_far_apart_as_edits_between_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
