#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/log.h"
#include "gateway/base/secret.h"
#include "tests/support/stderr_capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/test_secret.XXXXXX";
static char path[64];

static void
write_file(const void *p, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static int
make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/key", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static void
assert_loads(const char *reference, const char *base, const char *expected)
{
	struct secret *s = NULL;

	assert_int_equal(secret_load(&s, reference, base), 0);
	assert_string_equal(secret_text(s), expected);
	assert_int_equal(secret_length(s), strlen(expected));
	secret_free(s);
}

static void
assert_condition(const char *reference, int condition)
{
	struct secret *s = NULL;

	assert_int_equal(secret_load(&s, reference, dir), condition);
	assert_null(s);
}

static void
test_secret__comes_from_the_environment(void **state)
{
	(void)state;
	setenv("TEST_SECRET", "from-env-1", 1);
	assert_loads("env:TEST_SECRET", NULL, "from-env-1");
	setenv("TEST_SECRET", "from-env-2\n", 1);
	assert_loads("env:TEST_SECRET", NULL, "from-env-2");
	setenv("TEST_SECRET", "", 1);
	assert_condition("env:TEST_SECRET", SECRET_EMPTY);
	unsetenv("TEST_SECRET");
	assert_condition("env:TEST_SECRET", SECRET_MISSING);
	assert_condition("env:", SECRET_MISSING);
}

static void
test_secret__comes_from_a_file_beside_the_configuration(void **state)
{
	char reference[80];

	(void)state;
	write_file("from-file", 9);
	assert_loads("file:key", dir, "from-file");
	snprintf(reference, sizeof(reference), "file:%s", path);
	assert_loads(reference, NULL, "from-file");
	assert_loads(reference, "/nowhere", "from-file");
	assert_condition("file:other", SECRET_MISSING);
	assert_condition("file:.", SECRET_MISSING);
	assert_condition("file:", SECRET_MISSING);
}

static void
test_secret__loses_one_line_end_and_nothing_else(void **state)
{
	(void)state;
	write_file("key-one\n", 8);
	assert_loads("file:key", dir, "key-one");
	write_file("key-two\r\n", 9);
	assert_loads("file:key", dir, "key-two");
	write_file(" key three \n\n", 13);
	assert_loads("file:key", dir, " key three \n");
	write_file("\n", 1);
	assert_condition("file:key", SECRET_EMPTY);
	write_file("", 0);
	assert_condition("file:key", SECRET_EMPTY);
}

static void
test_secret__refuses_a_file_that_is_no_key(void **state)
{
	static char big[65537];

	(void)state;
	memset(big, 'k', sizeof(big));
	write_file(big, sizeof(big));
	assert_condition("file:key", SECRET_MISSING);
	write_file(big, sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_loads("file:key", dir, big);
}

static void
test_secret__may_stand_in_the_reference(void **state)
{
	(void)state;
	assert_loads("whsec_literal", NULL, "whsec_literal");
	assert_condition("", SECRET_EMPTY);
	assert_true(secret_is_literal("whsec_literal"));
	assert_true(secret_is_literal("environment"));
	assert_false(secret_is_literal("env:X"));
	assert_false(secret_is_literal("file:x"));
}

static void
test_secret__compares(void **state)
{
	struct secret *s = NULL;

	(void)state;
	assert_int_equal(secret_load(&s, "compare-me", NULL), 0);
	assert_true(secret_equals(s, "compare-me", 10));
	assert_false(secret_equals(s, "compare-mE", 10));
	assert_false(secret_equals(s, "compare-me", 9));
	assert_false(secret_equals(s, "compare-me!", 11));
	assert_false(secret_equals(s, NULL, 0));
	secret_free(s);
	secret_free(NULL);
}

static void
test_secret__is_forbidden_in_the_log_once_loaded(void **state)
{
	struct secret *s = NULL;
	const char *text;

	(void)state;
	assert_int_equal(secret_load(&s, "never-show-this", NULL), 0);
	stderr_capture_begin();
	log_info("a.b", "x=%s why=%s", secret_text(s),
	         log_quote("bad key never-show-this"));
	text = stderr_capture_end();
	assert_null(strstr(text, "never-show"));
	assert_non_null(strstr(text, "x=*** why=\"bad key ***\""));
	secret_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secret__comes_from_the_environment),
		cmocka_unit_test(
			test_secret__comes_from_a_file_beside_the_configuration),
		cmocka_unit_test(
			test_secret__loses_one_line_end_and_nothing_else),
		cmocka_unit_test(test_secret__refuses_a_file_that_is_no_key),
		cmocka_unit_test(test_secret__may_stand_in_the_reference),
		cmocka_unit_test(test_secret__compares),
		cmocka_unit_test(
			test_secret__is_forbidden_in_the_log_once_loaded),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
