/*
 * Comma-separated values, as people's spreadsheets write them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/csv.h"

#include <stdio.h>
#include <string.h>

/* All rows as text: fields between [], rows on lines; what went wrong last. */
static const char *
read_n(const char *text, size_t n)
{
	static char out[2048];
	struct csv csv;
	size_t at = 0;
	int r;

	out[0] = '\0';
	csv_init(&csv, text, n);
	while ((r = csv_next(&csv)) == 0) {
		at += (size_t)snprintf(out + at, sizeof(out) - at,
		                       "%zu:", csv.line);
		for (size_t i = 0; i < csv.n_fields; i++)
			at += (size_t)snprintf(out + at, sizeof(out) - at,
			                       "[%s]", csv_field(&csv, i));
		at += (size_t)snprintf(out + at, sizeof(out) - at, "\n");
	}
	if (r == CSV_MALFORMED)
		(void)snprintf(out + at, sizeof(out) - at, "%zu: %s", csv.line,
		               csv.why);
	else
		assert_int_equal(r, CSV_END);
	csv_fini(&csv);
	return out;
}

static void
assert_rows(const char *text, const char *expected)
{
	assert_string_equal(read_n(text, strlen(text)), expected);
}

static void
test_csv__rows_end_with_lf_crlf_or_nothing(void **state)
{
	(void)state;
	assert_rows("a,b\nc,d", "1:[a][b]\n2:[c][d]\n");
	assert_rows("a,b\r\nc,d\r\n", "1:[a][b]\n2:[c][d]\n");
	assert_rows("", "");
	assert_rows("a", "1:[a]\n");
}

static void
test_csv__blank_rows_are_skipped_and_counted(void **state)
{
	(void)state;
	assert_rows("a\n\n \t\r\nb\n", "1:[a]\n4:[b]\n");
	assert_rows("a,b\n,\n", "1:[a][b]\n2:[][]\n");
}

static void
test_csv__blanks_around_a_field_are_cut_inside_quotes_kept(void **state)
{
	(void)state;
	assert_rows(" a ,\tb\t", "1:[a][b]\n");
	assert_rows("\" a \" , b", "1:[ a ][b]\n");
}

static void
test_csv__quotes_hold_separators_lines_and_doubled_quotes(void **state)
{
	(void)state;
	assert_rows("\"a,b\",\"c\"\"d\",\"e\nf\"\ng,h,i",
	            "1:[a,b][c\"d][e\nf]\n3:[g][h][i]\n");
	assert_rows("\"\"", "");
	assert_rows("\"\",x", "1:[][x]\n");
}

static void
test_csv__a_quote_inside_an_unquoted_field_is_a_character(void **state)
{
	(void)state;
	assert_rows("3\" pipe,b", "1:[3\" pipe][b]\n");
}

static void
test_csv__broken_quoting_is_malformed_with_its_line(void **state)
{
	(void)state;
	assert_rows("a\n\"b", "1:[a]\n2: a quote is never closed");
	assert_rows("a\n\"b\"c,d", "1:[a]\n2: text behind a closing quote");
}

static void
test_csv__semicolons_separate_when_the_header_has_no_comma(void **state)
{
	(void)state;
	assert_rows("a;b\n1,5;2", "1:[a][b]\n2:[1,5][2]\n");
	assert_rows("a,b;c\nd;e", "1:[a][b;c]\n2:[d;e]\n");
	assert_rows("a\nb;c", "1:[a]\n2:[b;c]\n");
}

static void
test_csv__a_byte_order_mark_is_skipped(void **state)
{
	(void)state;
	assert_rows("\xef\xbb\xbfsku,a", "1:[sku][a]\n");
	assert_string_equal(read_n("\xef\xbb", 2),
	                    "1: not UTF-8: save the file as UTF-8");
}

static void
test_csv__a_nul_byte_is_malformed_wherever_it_stands(void **state)
{
	(void)state;
	assert_string_equal(read_n("a\0b,c", 5), "1: a NUL byte");
	assert_string_equal(read_n("\"a\0b\",c", 7), "1: a NUL byte");
}

static void
test_csv__too_many_fields_are_malformed(void **state)
{
	char text[2 * CSV_FIELDS_MAX + 2];

	(void)state;
	memset(text, ',', sizeof(text));
	text[CSV_FIELDS_MAX - 1] = '\0';
	assert_null(strstr(read_n(text, CSV_FIELDS_MAX - 1), "more than"));
	text[CSV_FIELDS_MAX - 1] = ',';
	assert_string_equal(read_n(text, CSV_FIELDS_MAX),
	                    "1: more than 64 fields");
}

static void
test_csv__a_field_beyond_the_last_is_empty(void **state)
{
	struct csv csv;

	(void)state;
	csv_init(&csv, "a", 1);
	assert_int_equal(csv_next(&csv), 0);
	assert_string_equal(csv_field(&csv, 1), "");
	assert_string_equal(csv_field(&csv, 9999), "");
	csv_fini(&csv);
}

static void
test_csv__what_is_written_reads_back(void **state)
{
	static const char *const fields[] = {
		"plain",      "",         "a,b",   "a;b", "say \"no\"",
		"two\nlines", " blanks ", "tab\t", "\r",  "\ttab"
	};
	struct csv csv;
	struct buf text = BUF_INIT;

	(void)state;
	buf_adds(&text, "x");
	for (size_t i = 0; i < 10; i++) {
		buf_addc(&text, ',');
		csv_add(&text, fields[i]);
	}
	csv_init(&csv, text.p, text.n);
	assert_int_equal(csv_next(&csv), 0);
	assert_int_equal(csv.n_fields, 11);
	for (size_t i = 0; i < 10; i++)
		assert_string_equal(csv_field(&csv, i + 1), fields[i]);
	csv_fini(&csv);
	buf_fini(&text);
}

static void
test_csv__refuses_what_is_not_utf_8(void **state)
{
	static const char *const bad[] = {
		"sku\n\xcc\xe5\xeb\xe9\n", "a\n\xc0\x80\n", "a\n\xed\xa0\x80\n",
		"a\n\xf4\x90\x80\x80\n",   "a\n\xe2\x82\n", "a\n\x80\n",
	};
	struct csv csv;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		csv_init(&csv, bad[i], strlen(bad[i]));
		assert_int_equal(csv_next(&csv), 0);
		assert_int_equal(csv_next(&csv), CSV_MALFORMED);
		assert_int_equal(csv.line, 2);
		csv_fini(&csv);
	}
	csv_init(&csv, "a\n\xce\x9c\xf0\x9f\x8d\xaf\n", 9);
	assert_int_equal(csv_next(&csv), 0);
	assert_int_equal(csv_next(&csv), 0);
	csv_fini(&csv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv__refuses_what_is_not_utf_8),
		cmocka_unit_test(test_csv__rows_end_with_lf_crlf_or_nothing),
		cmocka_unit_test(test_csv__blank_rows_are_skipped_and_counted),
		cmocka_unit_test(
			test_csv__blanks_around_a_field_are_cut_inside_quotes_kept),
		cmocka_unit_test(
			test_csv__quotes_hold_separators_lines_and_doubled_quotes),
		cmocka_unit_test(
			test_csv__a_quote_inside_an_unquoted_field_is_a_character),
		cmocka_unit_test(
			test_csv__broken_quoting_is_malformed_with_its_line),
		cmocka_unit_test(
			test_csv__semicolons_separate_when_the_header_has_no_comma),
		cmocka_unit_test(test_csv__a_byte_order_mark_is_skipped),
		cmocka_unit_test(
			test_csv__a_nul_byte_is_malformed_wherever_it_stands),
		cmocka_unit_test(test_csv__too_many_fields_are_malformed),
		cmocka_unit_test(test_csv__a_field_beyond_the_last_is_empty),
		cmocka_unit_test(test_csv__what_is_written_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
