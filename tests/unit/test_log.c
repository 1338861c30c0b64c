#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/log.h"
#include "tests/support/fake_clock.h"
#include "tests/support/stderr_capture.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
test_log__writes_one_line_of_time_level_event_and_fields(void **state)
{
	const char *text;

	(void)state;
	fake_clock_start(1795166047412, 0);
	stderr_capture_begin();
	log_info("push.done", "account=%s items=%d", "agora", 12);
	text = stderr_capture_end();
	fake_clock_stop();
	assert_string_equal(text, "2026-11-20T09:14:07.412Z info push.done "
	                          "account=agora items=12\n");
}

static void
test_log__without_fields_leaves_no_blank(void **state)
{
	const char *text;

	(void)state;
	fake_clock_start(0, 0);
	stderr_capture_begin();
	log_warn("a.b", "%s", "");
	text = stderr_capture_end();
	fake_clock_stop();
	assert_string_equal(text, "1970-01-01T00:00:00.000Z warn a.b\n");
}

static void
test_log__levels_below_the_lowest_are_silent(void **state)
{
	const char *text;

	(void)state;
	assert_true(log_is_on(LOG_INFO));
	assert_false(log_is_on(LOG_DEBUG));
	stderr_capture_begin();
	log_debug("a.debug", "n=%d", 1);
	log_set_level(LOG_ERROR);
	log_warn("a.warn", "n=%d", 2);
	log_error("a.error", "n=%d", 3);
	log_set_level(LOG_DEBUG);
	log_debug("a.shown", "n=%d", 4);
	log_set_level(LOG_INFO);
	text = stderr_capture_end();
	assert_null(strstr(text, "a.debug"));
	assert_null(strstr(text, "a.warn"));
	assert_non_null(strstr(text, " error a.error n=3\n"));
	assert_non_null(strstr(text, " debug a.shown n=4\n"));
}

static void
test_log__a_field_cannot_begin_a_line_of_its_own(void **state)
{
	const char *text;

	(void)state;
	stderr_capture_begin();
	log_info("a.b", "x=%s", "1\n2\r3\t4\x1b[31m\x7f!");
	text = stderr_capture_end();
	assert_non_null(strstr(text, "x=1 2 3 4 [31m !\n"));
	assert_ptr_equal(strchr(text, '\n'), strrchr(text, '\n'));
}

static void
test_log__keeps_errno(void **state)
{
	(void)state;
	stderr_capture_begin();
	assert_int_equal(close(STDERR_FILENO), 0); /* so that writing fails */
	errno = EAGAIN;
	log_info("a.b", "n=%d", 1);
	assert_int_equal(errno, EAGAIN);
	(void)stderr_capture_end();
}

static void
test_log__long_lines_are_whole_up_to_a_pipe_then_cut(void **state)
{
	static char field[8000];
	const char *text;

	(void)state;
	memset(field, 'x', sizeof(field) - 1);
	field[2000] = '\0';
	stderr_capture_begin();
	log_info("a.b", "f=%s end=1", field);
	text = stderr_capture_end();
	assert_non_null(strstr(text, field));
	assert_non_null(strstr(text, "x end=1\n"));
	field[2000] = 'x';
	stderr_capture_begin();
	log_info("a.b", "f=%s end=1", field);
	text = stderr_capture_end();
	assert_int_equal(strlen(text), 4096);
	assert_int_equal(text[4095], '\n');
}

static void
test_log__quote_escapes_and_cuts(void **state)
{
	char longer[1000];
	const char *quoted;

	(void)state;
	assert_string_equal(log_quote(NULL), "\"\"");
	assert_string_equal(log_quote("a \"b\" \\ c"),
	                    "\"a \\\"b\\\" \\\\ c\"");
	assert_string_equal(log_quote("1\n2\r\t\x01\x7f"),
	                    "\"1\\n2\\r\\t\\x01\\x7f\"");
	assert_string_equal(log_quote("caf\xc3\xa9"), "\"caf\xc3\xa9\"");
	memset(longer, 'y', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	quoted = log_quote(longer);
	assert_int_equal(strlen(quoted), 300);
	assert_string_equal(quoted + 295, "y...\"");
}

static void
test_log__quote_cuts_no_character_in_two(void **state)
{
	char text[1201];
	const char *quoted;
	size_t shift;
	size_t i;

	(void)state;
	for (shift = 0; shift < 3; shift++) {
		memset(text, 'a', shift);
		for (i = shift; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xe2\x82\xac", 3);
		text[i] = '\0';
		quoted = log_quote(text);
		assert_true(strlen(quoted) <= 300);
		assert_string_equal(quoted + strlen(quoted) - 7,
		                    "\xe2\x82\xac...\"");
	}
}

static void
test_log__quotes_stay_valid_for_eight_calls(void **state)
{
	const char *first = log_quote("first");
	int i;

	(void)state;
	for (i = 0; i < 7; i++)
		(void)log_quote("next");
	assert_string_equal(first, "\"first\"");
}

static void
test_log__redacts_what_is_forbidden(void **state)
{
	char text[] = "key=hunter22 and hunter2hunter22x tail-secret-tail";

	(void)state;
	log_forbid("hunter2");
	log_forbid("hunter22");
	log_forbid("tail-secret");
	log_forbid("secret-tail");
	log_redact(text);
	assert_string_equal(text, "key=*** and ******x ***");
}

static void
test_log__forbidden_strings_leave_no_trace_in_a_line(void **state)
{
	static char filler[5000];
	const char *text;

	(void)state;
	log_forbid("pass\"word\n1");
	memset(filler, '-', sizeof(filler) - 1);
	stderr_capture_begin();
	log_info("a.b", "x=%s why=%s", "pass\"word\n1",
	         log_quote("got pass\"word\n1 here"));
	/* Around the size of the small line, and around the cut. */
	filler[980] = '\0';
	log_info("a.b", "%spass\"word\n1", filler);
	filler[980] = '-';
	filler[4050] = '\0';
	log_info("a.b", "%spass\"word\n1", filler);
	text = stderr_capture_end();
	assert_null(strstr(text, "pass"));
	assert_null(strstr(text, "word"));
	assert_non_null(strstr(text, "x=*** why=\"got *** here\"\n"));
}

static void
test_log__a_quote_never_ends_within_a_secret(void **state)
{
	char text[400];
	size_t n;

	(void)state;
	log_forbid("Zebra-Crossing");
	for (n = 270; n < 310; n++) {
		memset(text, '.', n);
		strcpy(text + n, "Zebra-Crossing");
		assert_null(strstr(log_quote(text), "Z"));
	}
}

static void
test_log__forgives_what_was_forbidden_as_often(void **state)
{
	char once[] = "a dead-token";
	char never[] = "a dead-token";

	(void)state;
	log_forbid("dead-token");
	log_forbid("dead-token");
	log_forgive("dead-token");
	log_redact(once);
	assert_string_equal(once, "a ***");
	log_forgive("dead-token");
	log_forgive("dead-token");
	log_forgive(NULL);
	log_redact(never);
	assert_string_equal(never, "a dead-token");
}

static void
test_log__short_words_cannot_be_forbidden(void **state)
{
	char text[] = "apple";

	(void)state;
	log_forbid("apple");
	log_forbid("");
	log_forbid(NULL);
	log_redact(text);
	assert_string_equal(text, "apple");
}

static void *
write_lines(void *arg)
{
	int i;

	for (i = 0; i < 200; i++) {
		log_info("t.line", "who=%s why=%s", (const char *)arg,
		         log_quote("abcdefghijklmnopqrstuvwxyz"));
		if (i % 50 == 0)
			log_forbid(i % 100 ? "thread-secret-1"
			                   : "thread-secret-2");
	}
	return NULL;
}

static void
test_log__lines_of_threads_do_not_mix(void **state)
{
	static char names[4][2] = { "a", "b", "c", "d" };
	static const char start[] =
		"2026-11-20T09:14:07.412Z info t.line who=a ";
	static const char end[] = "why=\"abcdefghijklmnopqrstuvwxyz\"";
	pthread_t threads[4];
	const char *text;
	const char *line;
	int n = 0;
	int i;

	(void)state;
	stderr_capture_begin();
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines,
		                                names[i]),
		                 0);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	text = stderr_capture_end();
	for (line = text; *line; line = strchr(line, '\n') + 1, n++) {
		assert_int_equal(strcspn(line, "\n"),
		                 strlen(start) + strlen(end));
		assert_memory_equal(line + strlen(start), end, strlen(end));
	}
	assert_int_equal(n, 800);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_log__writes_one_line_of_time_level_event_and_fields),
		cmocka_unit_test(test_log__without_fields_leaves_no_blank),
		cmocka_unit_test(test_log__levels_below_the_lowest_are_silent),
		cmocka_unit_test(
			test_log__a_field_cannot_begin_a_line_of_its_own),
		cmocka_unit_test(test_log__keeps_errno),
		cmocka_unit_test(
			test_log__long_lines_are_whole_up_to_a_pipe_then_cut),
		cmocka_unit_test(test_log__quote_escapes_and_cuts),
		cmocka_unit_test(test_log__quote_cuts_no_character_in_two),
		cmocka_unit_test(test_log__quotes_stay_valid_for_eight_calls),
		cmocka_unit_test(test_log__redacts_what_is_forbidden),
		cmocka_unit_test(
			test_log__forbidden_strings_leave_no_trace_in_a_line),
		cmocka_unit_test(test_log__a_quote_never_ends_within_a_secret),
		cmocka_unit_test(
			test_log__forgives_what_was_forbidden_as_often),
		cmocka_unit_test(test_log__short_words_cannot_be_forbidden),
		cmocka_unit_test(test_log__lines_of_threads_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
