/*
 * What .NET programs keep their configuration in.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/cli/dotnet.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/buf.h"

static void
assert_plain(const char *text, const char *expected)
{
	char *copy = text_dup(text);

	dotnet_plain_json(copy);
	assert_string_equal(copy, expected);
	free(copy);
}

static void
test_dotnet__comments_and_spare_commas_are_blanks(void **state)
{
	(void)state;
	assert_plain("{ // a\n\"b\": 1 }", "{     \n\"b\": 1 }");
	assert_plain("{/* a\r\n, */\"b\": 1}", "{    \r\n    \"b\": 1}");
	assert_plain("[1, 2,\n]", "[1, 2 \n]");
	assert_plain("{\"a\":[1,],}", "{\"a\":[1 ] }");
	assert_plain("{\"a\":1, // the last\n}", "{\"a\":1             \n}");
}

static void
test_dotnet__what_stands_in_texts_stays(void **state)
{
	static const char *const same[] = {
		"{\"url\": \"http://x/*y*/,]\"}",
		"{\"a\": \"\\\"// ,}\", \"b\": 1}",
		"[1,,2]",
		"{\"a\": 1 / 2}",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		assert_plain(same[i], same[i]);
}

static void
test_dotnet__what_never_ends_is_read_to_its_end(void **state)
{
	(void)state;
	assert_plain("{ /* a", "{     ");
	assert_plain("{ // a", "{     ");
	assert_plain("{ \"a\\", "{ \"a\\");
	assert_plain("{ \"a\\\"", "{ \"a\\\"");
	assert_plain("/", "/");
}

static void
assert_value(const char *connection, const char *expected)
{
	static const char *const words[] = { "Password", "Pwd", NULL };
	char *value = dotnet_connection_value(connection, words);

	assert_string_equal(value ? value : "none", expected);
	free(value);
}

static void
test_dotnet__a_connection_string_is_read_by_its_words(void **state)
{
	(void)state;
	assert_value("Server=h;Password=p;Database=d", "p");
	assert_value(" server = h ; PWD = p q ;", "p q");
	assert_value("Pwd='a;b''c';Server=h", "a;b'c");
	assert_value("Pwd=\"a'b\"\"c\" ;Server=h", "a'b\"c");
	assert_value("Pwd=a=b", "a=b");
	assert_value("Pwd=a\"b", "a\"b");
	assert_value("Pwd='never ends", "never ends");
	assert_value("NotPwd=x", "none");
	assert_value("Server='Pwd=x'", "none");
	assert_value("Pwd", "none");
	assert_value("Pwd=", "none");
	assert_value("Pwd=;Password=p", "p");
	assert_value(";;;", "none");
	assert_value("=x;Pwd=p", "p");
	assert_value("", "none");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_dotnet__comments_and_spare_commas_are_blanks),
		cmocka_unit_test(test_dotnet__what_stands_in_texts_stays),
		cmocka_unit_test(
			test_dotnet__what_never_ends_is_read_to_its_end),
		cmocka_unit_test(
			test_dotnet__a_connection_string_is_read_by_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
