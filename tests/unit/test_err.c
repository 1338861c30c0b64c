#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "tests/support/stderr_capture.h"

#include <errno.h>
#include <string.h>

static void
test_err__raise_logs_once_and_returns_the_code(void **state)
{
	const char *text;
	int r;

	(void)state;
	stderr_capture_begin();
	r = err_raise(ERR_LIB, "no \"%s\"", "luck");
	text = stderr_capture_end();
	assert_int_equal(r, ERR_LIB);
	assert_non_null(strstr(text, " error fault.raised code=lib at="));
	assert_non_null(strstr(text, "test_err.c:"));
	assert_non_null(strstr(text, " func=test_err__raise_logs_once"));
	assert_non_null(strstr(text, " why=\"no \\\"luck\\\"\"\n"));
	assert_ptr_equal(strchr(text, '\n'), strrchr(text, '\n'));
}

static void
test_err__raise_of_os_says_what_errno_says_and_keeps_it(void **state)
{
	const char *text;

	(void)state;
	stderr_capture_begin();
	errno = ENOENT;
	assert_int_equal(err_raise(ERR_OS, "open %s", "state"), ERR_OS);
	assert_int_equal(errno, ENOENT);
	text = stderr_capture_end();
	assert_non_null(strstr(text, "code=os errno=2 "));
	assert_non_null(strstr(text, "why=\"open state: No such file"));
}

static void
test_err__a_store_that_is_away_is_a_warning(void **state)
{
	const char *text;

	(void)state;
	stderr_capture_begin();
	assert_int_equal(err_raise(ERR_STORE, "refused"), ERR_STORE);
	text = stderr_capture_end();
	assert_non_null(strstr(text, " warn fault.raised code=store "));
}

static void
test_err__pass_keeps_success_and_faults(void **state)
{
	const char *text;

	(void)state;
	stderr_capture_begin();
	assert_int_equal(err_pass(0), 0);
	assert_int_equal(err_pass(ERR_NOMEM), ERR_NOMEM);
	assert_int_equal(err_pass(ERR_STORE), ERR_STORE);
	text = stderr_capture_end();
	assert_string_equal(text, "");
}

static void
test_err__pass_traces_at_debug_level(void **state)
{
	const char *text;

	(void)state;
	log_set_level(LOG_DEBUG);
	stderr_capture_begin();
	assert_int_equal(err_pass(ERR_NOMEM), ERR_NOMEM);
	text = stderr_capture_end();
	log_set_level(LOG_INFO);
	assert_non_null(strstr(text, " debug fault.passed code=nomem at="));
}

static void
test_err__a_condition_that_leaks_is_a_bug(void **state)
{
	const char *text;

	(void)state;
	stderr_capture_begin();
	assert_int_equal(err_pass(3), ERR_BUG);
	text = stderr_capture_end();
	assert_non_null(strstr(text, " error fault.raised code=bug "));
	assert_non_null(strstr(text, "condition 3"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_err__raise_logs_once_and_returns_the_code),
		cmocka_unit_test(
			test_err__raise_of_os_says_what_errno_says_and_keeps_it),
		cmocka_unit_test(test_err__a_store_that_is_away_is_a_warning),
		cmocka_unit_test(test_err__pass_keeps_success_and_faults),
		cmocka_unit_test(test_err__pass_traces_at_debug_level),
		cmocka_unit_test(test_err__a_condition_that_leaks_is_a_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
