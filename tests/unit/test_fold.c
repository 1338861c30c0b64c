/*
 * Text without the difference between capitals and small letters.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/fold.h"

#include <string.h>

static void
assert_folded(const char *text, const char *expected)
{
	struct buf b = BUF_INIT;

	fold_add(&b, text);
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
}

static void
test_fold__ascii(void **state)
{
	(void)state;
	assert_folded("", "");
	assert_folded("AZaz@[`{ 09", "azaz@[`{ 09");
}

static void
test_fold__greek_with_accents_and_the_final_sigma(void **state)
{
	(void)state;
	assert_folded("ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΪΫ",
	              "αβγδεζηθικλμνξοπρστυφχψωϊϋ");
	assert_folded("ΆΈΉΊΌΎΏ", "άέήίόύώ");
	assert_folded("Νίκος", "νίκοσ");
	assert_folded("ΝΊΚΟΣ", "νίκοσ");
	assert_folded("ΐΰ;·", "ΐΰ;·");
}

static void
test_fold__latin_with_accents(void **state)
{
	(void)state;
	assert_folded("ÀÉÏÑÖØÜÞ×÷ßÿ", "àéïñöøüþ×÷ßÿ");
	assert_folded("ĀąĐĮĴķĸĹłŇňŉ", "āąđįĵķĸĺłňňŉ");
	assert_folded("ŊŒŠŶŸŹźŽžſ", "ŋœšŷÿźźžžſ");
}

/* Pairs of Unicode's own list: a capital and its small letter are neighbours,
   so a slip by one would show at an end of a block. */
static void
test_fold__small_letters_stay(void **state)
{
	(void)state;
	assert_folded("āăąćĉċčďđēĕėęěĝğġģĥħĩīĭįıĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůű"
	              "ųŵŷźżž",
	              "āăąćĉċčďđēĕėęěĝğġģĥħĩīĭįıĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůű"
	              "ųŵŷźżž");
	assert_folded(
		"ĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŹŻŽ",
		"āăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷźż"
		"ž");
	assert_folded("İ", "İ");
}

static void
test_fold__what_is_no_utf8_and_other_scripts_pass(void **state)
{
	(void)state;
	assert_folded("\xce", "\xce");
	assert_folded("\xce"
	              "A\xff\xc3",
	              "\xce"
	              "a\xff\xc3");
	assert_folded("Я €🍷", "Я €🍷");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fold__ascii),
		cmocka_unit_test(
			test_fold__greek_with_accents_and_the_final_sigma),
		cmocka_unit_test(test_fold__latin_with_accents),
		cmocka_unit_test(test_fold__small_letters_stay),
		cmocka_unit_test(
			test_fold__what_is_no_utf8_and_other_scripts_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
