/*
 * How often a system may be called: arithmetic.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/model/limits.h"

#include "gateway/base/clock.h"
#include "gateway/base/zone.h"

#include <stdlib.h>

/* The vendors' own numbers: reference/lightspeed-r.md g, lightspeed-x.md g. */
static const struct limit_bucket leaky = {
	.name = "bucket",
	.size = 90,
	.drip = 1,
	.per_ms = 1000,
	.level_header = "X-LS-API-Bucket-Level",
	.drip_header = "X-LS-API-Drip-Rate",
};
static const struct limit_bucket window = {
	.name = "5 minutes",
	.size = 100,
	.drip = 250, /* 300 x 1 register + 50 in all */
	.per_ms = 300000,
	.is_window = true,
	.left_header = "X-RateLimit-Remaining",
	.limit_header = "X-RateLimit-Limit",
};

/* ---- buckets ---- */

static void
test_limits__a_full_bucket_lets_its_size_go_at_once(void **state)
{
	struct limit_state s;

	(void)state;
	limit_init(&s, &leaky, 1000);
	for (int i = 0; i < 90; i++) {
		assert_int_equal(limit_wait_ms(&s, 1, 0, 1000), 0);
		limit_take(&s, 1, 1000);
	}
	assert_int_equal(limit_wait_ms(&s, 1, 0, 1000), 1000);
	assert_int_equal(limit_wait_ms(&s, 1, 0, 1999), 1);
	assert_int_equal(limit_wait_ms(&s, 1, 0, 2000), 0);
	assert_int_equal(limit_wait_ms(&s, 10, 0, 2000), 9000);
	assert_int_equal(limit_left(&s, 2000), 1);
	assert_int_equal(limit_left(&s, 100000000), 90);
}

static void
test_limits__what_drips_is_never_rounded_up(void **state)
{
	struct limit_state s;
	int64_t now = 0;

	(void)state;
	limit_init(&s, &window, 0);
	limit_take(&s, 100, 0);
	/* 250 in 300 s: one in 1200 ms, asked for in steps that do not fit. */
	for (int i = 1; i <= 7; i++)
		assert_true(limit_wait_ms(&s, 1, 0, now += 171) > 0);
	assert_int_equal(limit_wait_ms(&s, 1, 0, 1199), 1);
	assert_int_equal(limit_wait_ms(&s, 1, 0, 1200), 0);
}

static void
test_limits__polls_leave_a_share_to_urgent_work(void **state)
{
	struct limit_state s;

	(void)state;
	limit_init(&s, &leaky, 0);
	limit_take(&s, 45, 0);
	assert_true(limit_wait_ms(&s, 1, 50, 0) > 0);
	assert_int_equal(limit_wait_ms(&s, 1, 0, 0), 0);
	assert_int_equal(limit_wait_ms(&s, 1, 50, 1000), 0);
}

static void
test_limits__a_call_dearer_than_the_bucket_goes_with_it_full(void **state)
{
	const struct limit_bucket tiny = { "tiny", .size = 1, .drip = 1,
		                           .per_ms = 100 };
	struct limit_state s;

	(void)state;
	limit_init(&s, &tiny, 0);
	assert_int_equal(limit_wait_ms(&s, 10, 50, 0), 0);
	limit_take(&s, 10, 0);
	assert_int_equal(limit_wait_ms(&s, 1, 50, 0), 1000);
}

static void
test_limits__a_clock_that_goes_back_gives_nothing(void **state)
{
	struct limit_state s;

	(void)state;
	limit_init(&s, &leaky, 100000);
	limit_take(&s, 90, 100000);
	assert_int_equal(limit_wait_ms(&s, 1, 0, 50000), 1000);
	assert_int_equal(limit_wait_ms(&s, 1, 0, 50999), 1);
	assert_int_equal(limit_wait_ms(&s, 1, 0, 51000), 0);
}

enum { TRAFFIC = 4000 };

/* Whatever comes, and however it is asked, no window holds more. */
static void
test_limits__no_window_ever_holds_more_than_its_calls(void **state)
{
	static int64_t at[TRAFFIC];
	size_t n = 0;
	size_t first = 0;
	int64_t now = 7;
	struct limit_state s;

	(void)state;
	srand(20261120);
	limit_init(&s, &window, now);
	while (n < TRAFFIC) {
		int64_t wait = limit_wait_ms(&s, 1, rand() % 2 ? 50 : 0, now);

		if (!wait) {
			limit_take(&s, 1, now);
			at[n++] = now;
			while (at[first] <= now - window.per_ms)
				first++;
			assert_true(n - first <= 350);
		}
		/* Bursts, rests, and waits that are waited out exactly. */
		now += rand() % 900 == 0 ? rand() % 400000
		       : rand() % 3      ? wait
		                         : rand() % 60;
	}
}

/* ---- what headers say ---- */

static void
test_limits__a_level_is_the_vendors_word_in_fractions_too(void **state)
{
	static const struct {
		const char *value;
		int64_t unseen;
		int64_t left; /* whole calls */
		int64_t wait_ms;
	} rows[] = {
		{ "1/90", 0, 89, 0 },
		{ "88.5/90", 0, 1, 0 },
		{ "89.5/90", 0, 0, 500 },
		{ "89.0000001/90", 0, 0, 1 }, /* finer than we keep: up */
		{ "90.4/90", 0, 0, 1400 },
		{ " 12 / 180 ", 0, 168, 0 },
		{ "80/90", 10 * LIMIT_MICRO, 0, 1000 },
		{ "", 0, 50, 0 },
		{ "1", 0, 50, 0 },
		{ "-1/90", 0, 50, 0 },
		{ "1/0", 0, 50, 0 },
		{ "1/90x", 0, 50, 0 },
		{ "1e9/90", 0, 50, 0 },
		{ "99999999999999999999/90", 0, 50, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct limit_state s;

		limit_init(&s, &leaky, 0);
		limit_take(&s, 40, 0);
		limit_header(&s, "x-ls-api-bucket-level", rows[i].value,
		             rows[i].unseen, 0);
		assert_int_equal(limit_left(&s, 0), rows[i].left);
		assert_int_equal(limit_wait_ms(&s, 1, 0, 0), rows[i].wait_ms);
	}
}

static void
test_limits__a_drip_rate_is_taken_over(void **state)
{
	struct limit_state s;

	(void)state;
	limit_init(&s, &leaky, 0);
	limit_header(&s, "X-LS-API-Drip-Rate", "1.5", 0, 0);
	limit_take(&s, 90, 0);
	assert_int_equal(limit_wait_ms(&s, 3, 0, 0), 2000);
	limit_header(&s, "X-LS-API-Drip-Rate", "0", 0, 0);
	limit_header(&s, "X-LS-API-Request-Cost", "10", 0, 0);
	assert_int_equal(limit_wait_ms(&s, 3, 0, 0), 2000);
}

static void
test_limits__what_is_left_of_a_window_only_ever_lessens_ours(void **state)
{
	struct limit_state s;

	(void)state;
	limit_init(&s, &window, 0);
	limit_header(&s, "X-RateLimit-Remaining", "349", 0, 0);
	assert_int_equal(limit_left(&s, 0), 100);
	limit_header(&s, "X-RateLimit-Remaining", "12", 2 * LIMIT_MICRO, 0);
	assert_int_equal(limit_left(&s, 0), 10);
	limit_header(&s, "X-RateLimit-Remaining", "0", 0, 0);
	assert_int_equal(limit_wait_ms(&s, 1, 0, 0), 1200);
}

/* Another register: 650 a window, shared as before. */
static void
test_limits__a_windows_own_size_is_taken_over(void **state)
{
	struct limit_state s;
	int64_t size;

	(void)state;
	limit_init(&s, &window, 0);
	limit_header(&s, "x-ratelimit-limit", "650", 0, 0);
	assert_int_equal(s.size + s.drip, 650 * (int64_t)LIMIT_MICRO);
	size = s.size / LIMIT_MICRO;
	assert_int_equal(size, 185);
	assert_int_equal(limit_left(&s, 600000), size);
	limit_header(&s, "x-ratelimit-limit", "35", 0, 600000);
	assert_int_equal(s.size + s.drip, 35 * (int64_t)LIMIT_MICRO);
	assert_true(limit_left(&s, 600000) <= 10);
	limit_header(&s, "x-ratelimit-limit", "0", 0, 600000);
	assert_int_equal(s.size + s.drip, 35 * (int64_t)LIMIT_MICRO);
}

/* ---- months ---- */

static int64_t
ms_of(const char *text)
{
	int64_t ms = 0;

	assert_int_equal(clock_parse(&ms, text, 0), 0);
	return ms;
}

static void
test_limits__a_month_begins_at_local_midnight(void **state)
{
	static const struct {
		const char *zone;
		const char *now;
		const char *name;
		const char *start;
		const char *end;
	} rows[] = {
		{ "Europe/Athens", "2026-11-20T09:14:07Z", "2026-11",
		  "2026-10-31T22:00:00Z", "2026-11-30T22:00:00Z" },
		/* Summer time begins and ends within. */
		{ "Europe/Athens", "2026-03-01T00:00:00Z", "2026-03",
		  "2026-02-28T22:00:00Z", "2026-03-31T21:00:00Z" },
		{ "Europe/Athens", "2026-10-31T21:59:59.999Z", "2026-10",
		  "2026-09-30T21:00:00Z", "2026-10-31T22:00:00Z" },
		{ "Europe/Athens", "2026-10-31T22:00:00Z", "2026-11",
		  "2026-10-31T22:00:00Z", "2026-11-30T22:00:00Z" },
		{ "Europe/Athens", "2026-12-31T21:59:00Z", "2026-12",
		  "2026-11-30T22:00:00Z", "2026-12-31T22:00:00Z" },
		{ "Europe/Athens", "2026-12-31T22:00:00Z", "2027-01",
		  "2026-12-31T22:00:00Z", "2027-01-31T22:00:00Z" },
		{ "America/New_York", "2028-02-29T23:00:00Z", "2028-02",
		  "2028-02-01T05:00:00Z", "2028-03-01T05:00:00Z" },
		{ "Pacific/Kiritimati", "2026-06-30T10:00:00Z", "2026-07",
		  "2026-06-30T10:00:00Z", "2026-07-31T10:00:00Z" },
		/* The clocks jump over the very midnight. */
		{ "America/Asuncion", "2023-10-15T00:00:00Z", "2023-10",
		  "2023-10-01T04:00:00Z", "2023-11-01T03:00:00Z" },
		{ "UTC", "2026-11-20T09:14:07Z", "2026-11",
		  "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct zone *zone = NULL;
		struct limit_month m;

		assert_int_equal(zone_load(&zone, rows[i].zone), 0);
		limit_month(&m, zone, ms_of(rows[i].now));
		assert_string_equal(m.name, rows[i].name);
		assert_int_equal(m.start_ms, ms_of(rows[i].start));
		assert_int_equal(m.end_ms, ms_of(rows[i].end));
		zone_free(zone);
	}
}

/* Each moment belongs to one month, and they follow one another. */
static void
test_limits__months_leave_no_gap(void **state)
{
	struct zone *zone = NULL;
	struct limit_month m;
	int64_t at = ms_of("2020-01-01T00:00:00Z");

	(void)state;
	assert_int_equal(zone_load(&zone, "Europe/Athens"), 0);
	limit_month(&m, zone, at);
	for (int i = 0; i < 240; i++) {
		struct limit_month next;

		limit_month(&next, zone, m.end_ms);
		assert_int_equal(next.start_ms, m.end_ms);
		assert_in_range(next.end_ms - next.start_ms,
		                INT64_C(86400000) * 28 - 3600000,
		                INT64_C(86400000) * 31 + 3600000);
		limit_month(&next, zone, m.end_ms - 1);
		assert_string_equal(next.name, m.name);
		m = next;
		limit_month(&m, zone, m.end_ms);
	}
	zone_free(zone);
}

/* ---- budgets ---- */

#define DAY_MS INT64_C(86400000)

static const struct limit_month june = { "2026-06", 0, 30 * DAY_MS };

static struct limit_budget
budget_of(int64_t calls)
{
	return (struct limit_budget){ .calls = calls, .urgent_percent = 50 };
}

static void
test_limits__urgent_work_may_use_all_that_is_left(void **state)
{
	struct limit_budget b = budget_of(1000);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(
			limit_budget_wait_ms(&b, &june, LIMIT_URGENT, i), 0);
		limit_budget_take(&b, &june, LIMIT_URGENT, i);
	}
	assert_int_equal(limit_budget_left(&b), 0);
	assert_int_equal(limit_budget_wait_ms(&b, &june, LIMIT_URGENT, DAY_MS),
	                 29 * DAY_MS);
	assert_int_equal(limit_budget_poll_ms(&b, &june, DAY_MS), 29 * DAY_MS);
}

/* 10,000 in a month, half of them for polls: one poll call in 8 min 38 s. */
static void
test_limits__polls_are_spread_over_the_month(void **state)
{
	struct limit_budget b = budget_of(10000);
	int64_t now = 0;
	int64_t longest = 0;
	int64_t n = 0;

	(void)state;
	assert_int_equal(limit_budget_poll_ms(&b, &june, 0), 0);
	limit_budget_take(&b, &june, LIMIT_POLL, 0);
	assert_int_equal(limit_budget_poll_ms(&b, &june, 0), 518401);
	for (; now < june.end_ms; n++) {
		int64_t wait = limit_budget_poll_ms(&b, &june, now);

		if (wait > longest)
			longest = wait;
		now += wait;
		if (now < june.end_ms)
			limit_budget_take(&b, &june, LIMIT_POLL, now);
	}
	assert_true(n > 8000 && n <= 10001); /* what is left is shared anew */
	assert_true(longest < 4 * 3600000);  /* up to the last day */
}

/* What urgent work used is missing to the polls: they become rarer. */
static void
test_limits__poll_intervals_stretch_by_what_is_left(void **state)
{
	struct limit_budget b = budget_of(10000);

	(void)state;
	b.used = 9000;
	assert_int_equal(limit_budget_step_ms(&b, &june, 0),
	                 30 * DAY_MS / 500 + 1);
	assert_int_equal(limit_budget_step_ms(&b, &june, 15 * DAY_MS),
	                 15 * DAY_MS / 500 + 1);
	b.used = 9999;
	assert_int_equal(limit_budget_wait_ms(&b, &june, LIMIT_POLL, DAY_MS),
	                 29 * DAY_MS);
	assert_int_equal(limit_budget_wait_ms(&b, &june, LIMIT_URGENT, DAY_MS),
	                 0);
}

/* A poll of 40 calls is made whole, and paid for by a pause of 40 steps. */
static void
test_limits__a_poll_that_runs_is_not_broken_off_but_paid_for(void **state)
{
	struct limit_budget b = budget_of(10000);

	(void)state;
	for (int i = 0; i < 40; i++) {
		assert_int_equal(limit_budget_wait_ms(&b, &june, LIMIT_POLL, i),
		                 0);
		limit_budget_take(&b, &june, LIMIT_POLL, i);
	}
	assert_in_range(limit_budget_poll_ms(&b, &june, 40), 40 * 518400,
	                41 * 518400);
	assert_int_equal(limit_budget_wait_ms(&b, &june, LIMIT_URGENT, 40), 0);
}

/* However long it is, it leaves more than half of the rest. */
static void
test_limits__an_endless_poll_ends_before_it_takes_all(void **state)
{
	struct limit_budget b = budget_of(10000);
	int64_t n = 0;

	(void)state;
	while (!limit_budget_wait_ms(&b, &june, LIMIT_POLL, n)) {
		limit_budget_take(&b, &june, LIMIT_POLL, n);
		assert_true(++n < 5000);
	}
	assert_true(n > 3000);
	assert_int_equal(b.polls, n);
	assert_true(b.free_ms <= june.end_ms);
}

static void
test_limits__a_clock_set_back_takes_the_debt_with_it(void **state)
{
	struct limit_budget b = budget_of(10000);
	int64_t wait;

	(void)state;
	limit_budget_take(&b, &june, LIMIT_POLL, 20 * DAY_MS);
	wait = limit_budget_poll_ms(&b, &june, 20 * DAY_MS);
	assert_int_equal(limit_budget_poll_ms(&b, &june, DAY_MS), wait);
	limit_budget_take(&b, &june, LIMIT_URGENT, DAY_MS);
	assert_int_equal(limit_budget_poll_ms(&b, &june, DAY_MS), wait);
	assert_int_equal(limit_budget_poll_ms(&b, &june, DAY_MS + wait), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_limits__a_full_bucket_lets_its_size_go_at_once),
		cmocka_unit_test(test_limits__what_drips_is_never_rounded_up),
		cmocka_unit_test(
			test_limits__polls_leave_a_share_to_urgent_work),
		cmocka_unit_test(
			test_limits__a_call_dearer_than_the_bucket_goes_with_it_full),
		cmocka_unit_test(
			test_limits__a_clock_that_goes_back_gives_nothing),
		cmocka_unit_test(
			test_limits__no_window_ever_holds_more_than_its_calls),
		cmocka_unit_test(
			test_limits__a_level_is_the_vendors_word_in_fractions_too),
		cmocka_unit_test(test_limits__a_drip_rate_is_taken_over),
		cmocka_unit_test(
			test_limits__what_is_left_of_a_window_only_ever_lessens_ours),
		cmocka_unit_test(test_limits__a_windows_own_size_is_taken_over),
		cmocka_unit_test(test_limits__a_month_begins_at_local_midnight),
		cmocka_unit_test(test_limits__months_leave_no_gap),
		cmocka_unit_test(
			test_limits__urgent_work_may_use_all_that_is_left),
		cmocka_unit_test(test_limits__polls_are_spread_over_the_month),
		cmocka_unit_test(
			test_limits__poll_intervals_stretch_by_what_is_left),
		cmocka_unit_test(
			test_limits__a_poll_that_runs_is_not_broken_off_but_paid_for),
		cmocka_unit_test(
			test_limits__an_endless_poll_ends_before_it_takes_all),
		cmocka_unit_test(
			test_limits__a_clock_set_back_takes_the_debt_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
