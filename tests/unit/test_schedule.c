/*
 * When an account's run is due: its cron, and a lag.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/model/schedule.h"

#include <stdlib.h>
#include <time.h>

enum { MINUTE_MS = 60000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

#define MIDNIGHT_MS (INT64_C(1800000000000) / DAY_MS * DAY_MS)

static struct cron
cron_of(const char *text)
{
	struct cron cron;

	assert_int_equal(cron_parse(&cron, text, NULL), 0);
	return cron;
}

static void
test_schedule__an_account_lags_by_the_same_every_time(void **state)
{
	struct cron cron = cron_of("0 4 * * *");
	int64_t lag = schedule_lag_ms(&cron, "installation", "agora");
	int64_t first = schedule_next_ms(&cron, lag, MIDNIGHT_MS);

	(void)state;
	assert_in_range(lag, 1, SCHEDULE_LAG_MAX_MS - 1);
	assert_int_equal(schedule_lag_ms(&cron, "installation", "agora"), lag);
	assert_int_equal(first, MIDNIGHT_MS + 4 * HOUR_MS + lag);
	assert_int_equal(schedule_next_ms(&cron, lag, first - 1), first);
	assert_int_equal(schedule_next_ms(&cron, lag, first), first + DAY_MS);
}

static void
test_schedule__installations_and_accounts_are_spread(void **state)
{
	struct cron cron = cron_of("*/5 * * * *");
	char id[2] = "a";
	unsigned thirds = 0;

	(void)state;
	for (; *id <= 'z'; ++*id)
		thirds |= 1u << schedule_lag_ms(&cron, id, "agora") * 3 /
		                        SCHEDULE_LAG_MAX_MS;
	assert_int_equal(thirds, 7);
	assert_true(schedule_lag_ms(&cron, "a", "agora") !=
	            schedule_lag_ms(&cron, "a", "kiosk"));
}

static void
test_schedule__every_minute_has_no_lag(void **state)
{
	struct cron minutely = cron_of("* * * * *");
	struct cron nightly = cron_of("0 4 * * *");

	(void)state;
	assert_int_equal(schedule_lag_ms(&minutely, "a", "agora"), 0);
	assert_int_equal(schedule_lag_ms(&nightly, "", "agora"), 0);
}

static void
test_schedule__missed_runs_are_one_run_now(void **state)
{
	struct cron cron = cron_of("0 4 * * *");
	int64_t at_four = MIDNIGHT_MS + 4 * HOUR_MS;
	int64_t noon = MIDNIGHT_MS + 12 * HOUR_MS;

	(void)state;
	assert_int_equal(
		schedule_first_ms(&cron, 0, at_four - 9 * DAY_MS, noon), noon);
	/* None was missed: it ran, or it is not known to have ever run. */
	assert_int_equal(schedule_first_ms(&cron, 0, at_four + 300, noon),
	                 at_four + DAY_MS);
	assert_int_equal(schedule_first_ms(&cron, 0, 0, noon),
	                 at_four + DAY_MS);
	/* The clock was set back: what is to come decides. */
	assert_int_equal(schedule_first_ms(&cron, 0, noon + DAY_MS, noon),
	                 at_four + DAY_MS);
}

static void
test_schedule__what_never_comes_is_0(void **state)
{
	struct cron cron = cron_of("0 0 31 2 *");

	(void)state;
	assert_int_equal(schedule_next_ms(&cron, 7, MIDNIGHT_MS), 0);
	assert_int_equal(schedule_first_ms(&cron, 7, 1, MIDNIGHT_MS), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_schedule__an_account_lags_by_the_same_every_time),
		cmocka_unit_test(
			test_schedule__installations_and_accounts_are_spread),
		cmocka_unit_test(test_schedule__every_minute_has_no_lag),
		cmocka_unit_test(test_schedule__missed_runs_are_one_run_now),
		cmocka_unit_test(test_schedule__what_never_comes_is_0),
	};

	(void)setenv("TZ", "UTC0", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
