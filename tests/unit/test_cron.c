#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/cron.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Rules as text, so that no time zone database is needed. */
#define VIENNA   "CET-1CEST,M3.5.0,M10.5.0/3"
#define ATHENS   "EET-2EEST,M3.5.0/3,M10.5.0/4"
#define NEW_YORK "EST5EDT,M3.2.0,M11.1.0"
/* The gap begins at midnight, as it did in several countries. */
#define MIDNIGHT "XST4XDT,M9.1.6/24,M4.1.6/24"

static void
use_zone(const char *tz)
{
	assert_int_equal(setenv("TZ", tz, 1), 0);
	tzset();
}

static int64_t
at(const char *text)
{
	int64_t ms = 0;

	assert_int_equal(clock_parse(&ms, text, 0), 0);
	return ms;
}

static void
assert_next(const char *schedule, const char *after, const char *expected)
{
	char text[CLOCK_TEXT_SIZE];
	struct cron c;
	int64_t next = 0;

	assert_int_equal(cron_parse(&c, schedule, NULL), 0);
	assert_int_equal(cron_next(&next, &c, at(after)), 0);
	clock_format(text, next);
	strcpy(strchr(text, '.'), "Z");
	assert_string_equal(text, expected);
}

static void
assert_refused(const char *schedule, const char *word)
{
	struct cron c = { .hours = 42 };
	const char *why = NULL;

	assert_int_equal(cron_parse(&c, schedule, &why), CRON_MALFORMED);
	assert_int_equal(cron_parse(&c, schedule, NULL), CRON_MALFORMED);
	assert_non_null(why);
	assert_non_null(strstr(why, word));
	assert_int_equal(c.hours, 42);
}

static void
test_cron__reads_lists_ranges_steps_and_names(void **state)
{
	struct cron c;

	(void)state;
	assert_int_equal(
		cron_parse(&c, " */15  1-5,22\t1,15 jan,Mar-MAY fri-7 ", NULL),
		0);
	assert_true(c.minutes ==
	            (1 | 1 << 15 | UINT64_C(1) << 30 | UINT64_C(1) << 45));
	assert_int_equal(c.hours, 0x3e | 1 << 22);
	assert_int_equal(c.days, 1 << 1 | 1 << 15);
	assert_int_equal(c.months, 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5);
	assert_int_equal(c.weekdays, 1 << 5 | 1 << 6 | 1 << 0);
	assert_false(c.any_day);
	assert_false(c.any_weekday);
	assert_int_equal(cron_parse(&c, "10-30/10 * * * fri-sun", NULL), 0);
	assert_true(c.minutes == (1 << 10 | 1 << 20 | 1 << 30));
	assert_int_equal(c.hours, 0xffffff);
	assert_int_equal(c.months, 0x1ffe);
	assert_true(c.days == 0xfffffffe);
	assert_int_equal(c.weekdays, 1 << 5 | 1 << 6 | 1 << 0);
	assert_true(c.any_day);
	assert_int_equal(cron_parse(&c, "59 23 31 12 *", NULL), 0);
	assert_int_equal(c.weekdays, 0x7f);
	assert_true(c.any_weekday);
}

static void
test_cron__names_the_field_that_is_wrong(void **state)
{
	(void)state;
	assert_refused("60 * * * *", "minute");
	assert_refused("-1 * * * *", "minute");
	assert_refused("*/0 * * * *", "minute");
	assert_refused("5/10 * * * *", "minute");
	assert_refused("1, * * * *", "minute");
	assert_refused("1,,2 * * * *", "minute");
	assert_refused("1- * * * *", "minute");
	assert_refused("1x * * * *", "minute");
	assert_refused("** * * * *", "minute");
	assert_refused("* 24 * * *", "hour");
	assert_refused("* 5-3 * * *", "hour");
	assert_refused("* * 0 * *", "day of the month");
	assert_refused("* * 32 * *", "day of the month");
	assert_refused("* * * 13 *", "month");
	assert_refused("* * * janu *", "month");
	assert_refused("* * * * 8", "week");
	assert_refused("* * * * mon-", "week");
	assert_refused("* * * * 99999999999999999999", "week");
}

static void
test_cron__wants_exactly_five_fields(void **state)
{
	(void)state;
	assert_refused("", "five");
	assert_refused("  ", "five");
	assert_refused("* * * *", "five");
	assert_refused("* * * * * *", "five");
	assert_refused("@daily", "minute");
}

static void
test_cron__next_is_strictly_after(void **state)
{
	(void)state;
	use_zone("UTC0");
	assert_next("* * * * *", "2026-11-20T09:14:00Z",
	            "2026-11-20T09:15:00Z");
	assert_next("* * * * *", "2026-11-20T09:14:59.999Z",
	            "2026-11-20T09:15:00Z");
	assert_next("15 9 * * *", "2026-11-20T09:14:59.999Z",
	            "2026-11-20T09:15:00Z");
	assert_next("15 9 * * *", "2026-11-20T09:15:00Z",
	            "2026-11-21T09:15:00Z");
	assert_next("0 0 * * *", "1969-12-30T12:00:00.500Z",
	            "1969-12-31T00:00:00Z");
}

static void
test_cron__carries_over_months_and_years(void **state)
{
	(void)state;
	use_zone("UTC0");
	assert_next("30 2 1 * *", "2026-12-01T02:30:00Z",
	            "2027-01-01T02:30:00Z");
	assert_next("0 0 31 * *", "2026-01-31T00:00:00Z",
	            "2026-03-31T00:00:00Z");
	assert_next("0 0 29 2 *", "2025-03-01T00:00:00Z",
	            "2028-02-29T00:00:00Z");
	assert_next("0 12 * * mon", "2026-11-20T00:00:00Z",
	            "2026-11-23T12:00:00Z");
	assert_next("0 12 * * 7", "2026-11-20T00:00:00Z",
	            "2026-11-22T12:00:00Z");
}

static void
test_cron__either_day_field_matches_when_both_are_restricted(void **state)
{
	(void)state;
	use_zone("UTC0");
	assert_next("0 0 13 * fri", "2026-11-20T00:00:00Z",
	            "2026-11-27T00:00:00Z");
	assert_next("0 0 13 * fri", "2026-12-11T00:00:00Z",
	            "2026-12-13T00:00:00Z");
	assert_next("0 0 13 * *", "2026-11-20T00:00:00Z",
	            "2026-12-13T00:00:00Z");
}

static void
test_cron__what_never_comes_is_never(void **state)
{
	struct cron c;
	int64_t next = 42;

	(void)state;
	use_zone("UTC0");
	assert_int_equal(cron_parse(&c, "0 0 31 2 *", NULL), 0);
	assert_int_equal(cron_next(&next, &c, at("2026-11-20T00:00:00Z")),
	                 CRON_NEVER);
	assert_true(next == 42);
}

static void
test_cron__follows_local_time(void **state)
{
	(void)state;
	use_zone(VIENNA);
	assert_next("0 3 * * *", "2026-01-10T02:00:00Z",
	            "2026-01-11T02:00:00Z");
	assert_next("0 3 * * *", "2026-07-10T00:59:00Z",
	            "2026-07-10T01:00:00Z");
	assert_next("0 0 1 * *", "2026-06-30T21:59:00Z",
	            "2026-06-30T22:00:00Z");
	use_zone(NEW_YORK);
	assert_next("0 3 * * *", "2026-01-10T08:00:00Z",
	            "2026-01-11T08:00:00Z");
	use_zone("<+0545>-5:45");
	assert_next("0 0 * * *", "2026-01-10T00:00:00Z",
	            "2026-01-10T18:15:00Z");
}

/* 2026-03-29 in Vienna: 02:00 becomes 03:00 at 01:00Z. */
static void
test_cron__a_skipped_time_runs_right_after_the_gap(void **state)
{
	(void)state;
	use_zone(VIENNA);
	assert_next("30 2 * * *", "2026-03-28T12:00:00Z",
	            "2026-03-29T01:00:00Z");
	assert_next("30 2 * * *", "2026-03-29T01:00:00Z",
	            "2026-03-30T00:30:00Z");
	assert_next("*/20 * * * *", "2026-03-29T00:40:00Z",
	            "2026-03-29T01:00:00Z");
	assert_next("*/20 * * * *", "2026-03-29T01:00:00Z",
	            "2026-03-29T01:20:00Z");
	assert_next("59 1 * * *", "2026-03-28T12:00:00Z",
	            "2026-03-29T00:59:00Z");
	assert_next("0 3 * * *", "2026-03-28T12:00:00Z",
	            "2026-03-29T01:00:00Z");
	use_zone(NEW_YORK);
	assert_next("30 2 * * *", "2026-03-08T05:00:00Z",
	            "2026-03-08T07:00:00Z");
}

/* 2026-10-25 in Vienna: 03:00 becomes 02:00 at 01:00Z. */
static void
test_cron__a_time_that_comes_twice_runs_at_its_first(void **state)
{
	(void)state;
	use_zone(VIENNA);
	assert_next("30 2 * * *", "2026-10-24T12:00:00Z",
	            "2026-10-25T00:30:00Z");
	assert_next("30 2 * * *", "2026-10-25T00:30:00Z",
	            "2026-10-26T01:30:00Z");
	assert_next("30 2 * * *", "2026-10-25T01:10:00Z",
	            "2026-10-26T01:30:00Z");
	assert_next("0 3 * * *", "2026-10-25T00:59:00Z",
	            "2026-10-25T02:00:00Z");
	use_zone(NEW_YORK);
	assert_next("30 1 * * *", "2026-11-01T04:00:00Z",
	            "2026-11-01T05:30:00Z");
	assert_next("30 1 * * *", "2026-11-01T05:30:00Z",
	            "2026-11-02T06:30:00Z");
}

/* 2026-10-25 in Athens: 04:00 becomes 03:00 at 01:00Z. */
static void
test_cron__every_hour_means_the_repeated_one_too(void **state)
{
	(void)state;
	use_zone(ATHENS);
	assert_next("*/5 * * * *", "2026-10-25T00:55:00Z",
	            "2026-10-25T01:00:00Z");
	assert_next("*/5 * * * *", "2026-10-25T01:00:00Z",
	            "2026-10-25T01:05:00Z");
	assert_next("*/5 * * * *", "2026-10-25T01:55:30Z",
	            "2026-10-25T02:00:00Z");
	assert_next("7 * * * *", "2026-10-25T00:07:00Z",
	            "2026-10-25T01:07:00Z");
	assert_next("*/5 * * * *", "2026-03-29T00:55:00Z",
	            "2026-03-29T01:00:00Z");
	assert_next("*/5 * 26 * *", "2026-10-25T01:00:00Z",
	            "2026-10-25T22:00:00Z");
}

/* At 03:30 of the one night there are two, of the other there is none. */
static void
test_cron__a_nightly_run_is_one_on_both_nights_of_athens(void **state)
{
	(void)state;
	use_zone(ATHENS);
	assert_next("30 3 * * *", "2026-03-28T02:00:00Z",
	            "2026-03-29T01:00:00Z");
	assert_next("30 3 * * *", "2026-03-29T01:00:00Z",
	            "2026-03-30T00:30:00Z");
	assert_next("30 3 * * *", "2026-10-24T02:00:00Z",
	            "2026-10-25T00:30:00Z");
	assert_next("30 3 * * *", "2026-10-25T00:30:00Z",
	            "2026-10-26T01:30:00Z");
	assert_next("0 4 * * *", "2026-03-28T12:00:00Z",
	            "2026-03-29T01:00:00Z");
	assert_next("0 4 * * *", "2026-03-29T01:00:00Z",
	            "2026-03-30T01:00:00Z");
	assert_next("0 4 * * *", "2026-10-24T12:00:00Z",
	            "2026-10-25T02:00:00Z");
	assert_next("0 4 * * *", "2026-10-25T02:00:00Z",
	            "2026-10-26T02:00:00Z");
}

/* 2026-09-06 there: 00:00 becomes 01:00, so the day begins with a gap. */
static void
test_cron__a_gap_at_midnight_belongs_to_the_new_day(void **state)
{
	(void)state;
	use_zone(MIDNIGHT);
	assert_next("15 0 * * *", "2026-09-05T12:00:00Z",
	            "2026-09-06T04:00:00Z");
	assert_next("15 0 * * *", "2026-09-06T04:00:00Z",
	            "2026-09-07T03:15:00Z");
}

/* A daily schedule runs once on each of 366 local days, changes included. */
static void
test_cron__a_daily_schedule_runs_every_day_once(void **state)
{
	static const char *const zones[] = { VIENNA, NEW_YORK, MIDNIGHT,
		                             ATHENS };
	struct cron c;
	struct tm tm;
	time_t t;
	int64_t now;
	size_t zone;
	int day;
	int last_day;

	(void)state;
	assert_int_equal(cron_parse(&c, "30 2 * * *", NULL), 0);
	for (zone = 0; zone < 4; zone++) {
		use_zone(zones[zone]);
		now = at("2025-12-31T23:00:00Z");
		assert_int_equal(cron_next(&now, &c, now), 0);
		t = (time_t)(now / 1000);
		assert_non_null(localtime_r(&t, &tm));
		last_day = tm.tm_yday;
		for (day = 0; day < 364 - last_day; day++) {
			assert_int_equal(cron_next(&now, &c, now), 0);
			t = (time_t)(now / 1000);
			assert_non_null(localtime_r(&t, &tm));
			assert_int_equal(tm.tm_yday, last_day + day + 1);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cron__reads_lists_ranges_steps_and_names),
		cmocka_unit_test(test_cron__names_the_field_that_is_wrong),
		cmocka_unit_test(test_cron__wants_exactly_five_fields),
		cmocka_unit_test(test_cron__next_is_strictly_after),
		cmocka_unit_test(test_cron__carries_over_months_and_years),
		cmocka_unit_test(
			test_cron__either_day_field_matches_when_both_are_restricted),
		cmocka_unit_test(test_cron__what_never_comes_is_never),
		cmocka_unit_test(test_cron__follows_local_time),
		cmocka_unit_test(
			test_cron__a_skipped_time_runs_right_after_the_gap),
		cmocka_unit_test(
			test_cron__a_time_that_comes_twice_runs_at_its_first),
		cmocka_unit_test(
			test_cron__every_hour_means_the_repeated_one_too),
		cmocka_unit_test(
			test_cron__a_nightly_run_is_one_on_both_nights_of_athens),
		cmocka_unit_test(
			test_cron__a_gap_at_midnight_belongs_to_the_new_day),
		cmocka_unit_test(
			test_cron__a_daily_schedule_runs_every_day_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
