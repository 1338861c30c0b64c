#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "gateway/base/clock.h"
#include "gateway/base/zone.h"

#include <stdlib.h>
#include <time.h>

static int64_t
moment(const char *text)
{
	int64_t ms = 0;

	assert_int_equal(clock_parse(&ms, text, 0), 0);
	return ms;
}

static void
assert_local(const char *name, const char *utc, const char *expected)
{
	struct zone *zone = NULL;
	char text[ZONE_TEXT_SIZE];

	assert_int_equal(zone_load(&zone, name), 0);
	zone_format(text, zone, moment(utc));
	zone_free(zone);
	assert_string_equal(text, expected);
}

static void
test_zone__athens_is_two_hours_ahead_in_winter_and_three_in_summer(void **state)
{
	(void)state;
	assert_local("Europe/Athens", "2026-01-15T10:00:00Z",
	             "2026-01-15T12:00:00");
	assert_local("Europe/Athens", "2026-07-15T10:00:00Z",
	             "2026-07-15T13:00:00");
}

static void
test_zone__changes_at_the_second_of_the_transition(void **state)
{
	(void)state;
	assert_local("Europe/Athens", "2026-03-29T00:59:59Z",
	             "2026-03-29T02:59:59");
	assert_local("Europe/Athens", "2026-03-29T01:00:00Z",
	             "2026-03-29T04:00:00");
	assert_local("Europe/Athens", "2026-10-25T00:59:59Z",
	             "2026-10-25T03:59:59");
	assert_local("Europe/Athens", "2026-10-25T01:00:00Z",
	             "2026-10-25T03:00:00");
}

static void
test_zone__the_closing_rule_holds_beyond_the_table(void **state)
{
	(void)state;
	/* Tables end in 2037; 2060-03-28 is the last Sunday of that March. */
	assert_local("Europe/Athens", "2060-03-28T00:59:59Z",
	             "2060-03-28T02:59:59");
	assert_local("Europe/Athens", "2060-03-28T01:00:00Z",
	             "2060-03-28T04:00:00");
	assert_local("Europe/Athens", "2060-12-01T12:00:00Z",
	             "2060-12-01T14:00:00");
	assert_local("Australia/Sydney", "2060-01-15T00:00:00Z",
	             "2060-01-15T11:00:00");
	assert_local("Australia/Sydney", "2060-07-15T00:00:00Z",
	             "2060-07-15T10:00:00");
	assert_local("Asia/Tokyo", "2060-07-15T00:00:00Z",
	             "2060-07-15T09:00:00");
}

static void
test_zone__knows_half_hours_and_leap_days(void **state)
{
	(void)state;
	assert_local("Asia/Kolkata", "2024-02-28T20:00:00Z",
	             "2024-02-29T01:30:00");
	assert_local("America/New_York", "2024-03-01T04:59:59Z",
	             "2024-02-29T23:59:59");
}

static void
test_zone__agrees_with_the_system_at_every_hour(void **state)
{
	static const char *const names[] = { "Europe/Athens",
		                             "America/New_York",
		                             "Australia/Lord_Howe" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct zone *zone = NULL;

		assert_int_equal(zone_load(&zone, names[i]), 0);
		setenv("TZ", names[i], 1);
		tzset();
		for (int64_t ms = moment("2025-01-01T00:00:00Z");
		     ms < moment("2028-01-01T00:00:00Z"); ms += 3600 * 1000)
			assert_int_equal(zone_offset_s(zone, ms),
			                 zone_offset_s(NULL, ms));
		zone_free(zone);
	}
	unsetenv("TZ");
	tzset();
}

static void
test_zone__an_unknown_name_or_a_path_is_refused(void **state)
{
	static const char *const names[] = {
		"",
		"Europe/Atlantis",
		"../../../etc/passwd",
		"/etc/localtime",
		"Europe",
		"tzdata.zi",
		"Europe/Athens\n",
	};
	struct zone *zone = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(zone_load(&zone, names[i]), ZONE_UNKNOWN);
	assert_null(zone);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_zone__athens_is_two_hours_ahead_in_winter_and_three_in_summer),
		cmocka_unit_test(
			test_zone__changes_at_the_second_of_the_transition),
		cmocka_unit_test(
			test_zone__the_closing_rule_holds_beyond_the_table),
		cmocka_unit_test(test_zone__knows_half_hours_and_leap_days),
		cmocka_unit_test(
			test_zone__agrees_with_the_system_at_every_hour),
		cmocka_unit_test(
			test_zone__an_unknown_name_or_a_path_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
