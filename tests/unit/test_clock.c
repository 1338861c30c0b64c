#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "tests/support/fake_clock.h"

#include <string.h>
#include <time.h>

static void
assert_formats(int64_t ms, const char *expected)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(text, ms);
	assert_string_equal(text, expected);
}

static void
assert_parses(const char *text, int64_t expected)
{
	int64_t ms = -1;

	assert_int_equal(clock_parse(&ms, text, 0), 0);
	assert_true(ms == expected);
}

static void
test_clock__formats_utc_with_milliseconds(void **state)
{
	(void)state;
	assert_formats(0, "1970-01-01T00:00:00.000Z");
	assert_formats(1795166047412, "2026-11-20T09:14:07.412Z");
	assert_formats(-1, "1969-12-31T23:59:59.999Z");
	assert_formats(951782400000, "2000-02-29T00:00:00.000Z");
	assert_formats(4107542399999, "2100-02-28T23:59:59.999Z");
	assert_formats(4107542400000, "2100-03-01T00:00:00.000Z");
}

static void
test_clock__formats_no_year_beyond_four_digits(void **state)
{
	(void)state;
	assert_formats(INT64_MAX, "9999-12-31T23:59:59.999Z");
	assert_formats(INT64_MIN, "0000-01-01T00:00:00.000Z");
}

static void
test_clock__parses_fractions_zones_and_letter_case(void **state)
{
	(void)state;
	assert_parses("2021-02-25T15:02:10Z", 1614265330000);
	assert_parses("2021-02-25t15:02:10z", 1614265330000);
	assert_parses("2021-02-25 15:02:10Z", 1614265330000);
	assert_parses("2021-02-25T15:02:10.1Z", 1614265330100);
	assert_parses("2021-02-25T15:02:10.123456789Z", 1614265330123);
	assert_parses("2021-02-25T15:02:10.9999999999999999Z", 1614265330999);
	assert_parses("2021-02-25T16:02:10+01:00", 1614265330000);
	assert_parses("2021-02-25T09:32:10.5-05:30", 1614265330500);
	assert_parses("2020-02-29T00:00:00-00:00", 1582934400000);
	assert_parses("1969-12-31T23:59:59.999Z", -1);
}

static void
test_clock__a_leap_second_is_the_next_minutes_first(void **state)
{
	(void)state;
	assert_parses("2016-12-31T23:59:60Z", 1483228800000);
}

static void
test_clock__without_a_zone_it_takes_being_told(void **state)
{
	int64_t ms = 7;

	(void)state;
	assert_int_equal(clock_parse(&ms, "2021-02-25T15:02:10.5", 0),
	                 CLOCK_MALFORMED);
	assert_true(ms == 7);
	assert_int_equal(clock_parse(&ms, "2021-02-25T15:02:10.5", 1), 0);
	assert_true(ms == 1614265330500);
	assert_int_equal(clock_parse(&ms, "2021-02-25T16:02:10+01:00", 1), 0);
	assert_true(ms == 1614265330000);
}

static void
test_clock__refuses_what_is_no_time(void **state)
{
	static const char *const texts[] = {
		"",
		"now",
		"2021",
		"2021-02-25",
		"2021-02-25T",
		"2021-2-25T1:2:3Z",
		"2021-02-25T15:02Z",
		"2021-02-25T15:02:10.Z",
		"2021-02-25T15:02:10Zx",
		"2021-02-25T15:02:10 Z",
		" 2021-02-25T15:02:10Z",
		"2021-02-25T24:00:00Z",
		"2021-02-25T15:60:10Z",
		"2021-02-25T15:02:61Z",
		"2021-13-25T15:02:10Z",
		"2021-00-25T15:02:10Z",
		"2021-02-00T15:02:10Z",
		"2021-02-30T15:02:10Z",
		"2021-02-29T15:02:10Z",
		"2100-02-29T15:02:10Z",
		"2021-04-31T15:02:10Z",
		"2021-02-25T15:02:10+1:00",
		"2021-02-25T15:02:10+0100",
		"2021-02-25T15:02:10+24:00",
		"2021-02-25T15:02:10+01:60",
		"2021-02-25T15:02:10,5Z",
		"-021-02-25T15:02:10Z",
		"2021-02-25T15:02:-1Z",
		"2021/02/25T15:02:10Z",
	};
	int64_t ms = 7;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(clock_parse(&ms, texts[i], 1),
		                 CLOCK_MALFORMED);
	assert_true(ms == 7);
}

/* Every day of four centuries, against the C library's calendar. */
static void
test_clock__agrees_with_the_calendar_and_comes_back(void **state)
{
	char text[CLOCK_TEXT_SIZE];
	char expected[CLOCK_TEXT_SIZE];
	struct tm tm;
	int64_t day;
	int64_t ms;
	time_t t;

	(void)state;
	for (day = -36525; day < 110000; day++) {
		t = (time_t)(day * 86400 + 43210);
		assert_non_null(gmtime_r(&t, &tm));
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000Z",
		         &tm);
		clock_format(text, (int64_t)t * 1000);
		assert_string_equal(text, expected);
		assert_int_equal(clock_parse(&ms, text, 0), 0);
		assert_true(ms == (int64_t)t * 1000);
	}
}

static void
test_clock__sleeps_about_as_long_as_told(void **state)
{
	int64_t begun_mono_ms = clock_mono_ms();
	int64_t took_ms;

	(void)state;
	clock_sleep_ms(20);
	took_ms = clock_mono_ms() - begun_mono_ms;
	assert_true(took_ms >= 19);
	clock_sleep_ms(0);
	clock_sleep_ms(-5);
	assert_true(clock_wall_ms() > 1700000000000);
}

static void
test_clock__can_be_replaced_and_put_back(void **state)
{
	(void)state;
	fake_clock_start(1000, 50);
	fake_clock_advance(7);
	assert_true(clock_wall_ms() == 1007);
	assert_true(clock_mono_ms() == 57);
	fake_clock_set_wall(3);
	assert_true(clock_wall_ms() == 3);
	assert_true(clock_mono_ms() == 57);
	fake_clock_stop();
	assert_true(clock_wall_ms() > 1700000000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock__formats_utc_with_milliseconds),
		cmocka_unit_test(
			test_clock__formats_no_year_beyond_four_digits),
		cmocka_unit_test(
			test_clock__parses_fractions_zones_and_letter_case),
		cmocka_unit_test(
			test_clock__a_leap_second_is_the_next_minutes_first),
		cmocka_unit_test(
			test_clock__without_a_zone_it_takes_being_told),
		cmocka_unit_test(test_clock__refuses_what_is_no_time),
		cmocka_unit_test(
			test_clock__agrees_with_the_calendar_and_comes_back),
		cmocka_unit_test(test_clock__sleeps_about_as_long_as_told),
		cmocka_unit_test(test_clock__can_be_replaced_and_put_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
