#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/buf.h"
#include "gateway/model/metrics.h"
#include "tests/support/fake_clock.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 1000, PLACES = 256 };

static int
start_clock(void **state)
{
	(void)state;
	fake_clock_start(1763715247412, 1000);
	return 0;
}

static int
stop_clock(void **state)
{
	(void)state;
	fake_clock_stop();
	return 0;
}

static void *
count(void *ctx)
{
	(void)ctx;
	for (int i = 0; i < ROUNDS; i++)
		metrics_add(METRIC_events_drained, 1);
	return NULL;
}

static void
test_metrics__many_threads_lose_no_count(void **state)
{
	int64_t before = metrics_get(METRIC_events_drained);
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, NULL),
		                 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(metrics_get(METRIC_events_drained),
	                 before + THREADS * ROUNDS);
}

static void
test_metrics__a_gauge_shows_the_last_value(void **state)
{
	(void)state;
	metrics_set(METRIC_queue_depth, 7);
	metrics_set(METRIC_queue_depth, 3);
	assert_int_equal(metrics_get(METRIC_queue_depth), 3);
}

static void
test_metrics__prints_help_type_and_value_of_each(void **state)
{
	struct buf text = BUF_INIT;
	size_t n_lines = 0;

	(void)state;
	metrics_set(METRIC_queue_bytes, -42);
	metrics_print(&text);
	assert_non_null(strstr(buf_text(&text),
	                       "# HELP tillbridge_queue_bytes "
	                       "Bytes of queued bodies.\n"
	                       "# TYPE tillbridge_queue_bytes gauge\n"
	                       "tillbridge_queue_bytes -42\n"));
	assert_non_null(strstr(buf_text(&text),
	                       "# TYPE tillbridge_hooks_forged_total counter\n"
	                       "tillbridge_hooks_forged_total 0\n"));
	for (const char *c = buf_text(&text); *c; c++)
		n_lines += *c == '\n';
	assert_int_equal(n_lines, 3 * METRIC_COUNT);
	buf_fini(&text);
}

static void
assert_late(const char *names, int n)
{
	struct buf text = BUF_INIT;

	assert_int_equal(pulse_late(&text), n);
	assert_string_equal(buf_text(&text), names);
	buf_fini(&text);
}

static void
test_metrics__a_loop_is_late_when_it_stops_beating(void **state)
{
	int drain = pulse_register("drain", 1000);
	int worker = pulse_register("worker:agora", 5000);

	(void)state;
	assert_late("", 0);
	fake_clock_advance(1000);
	assert_late("", 0);
	fake_clock_advance(1);
	assert_late("drain", 1);
	fake_clock_advance(4000);
	assert_late("drain, worker:agora", 2);
	pulse_beat(drain);
	assert_late("worker:agora", 1);
	pulse_retire(worker);
	assert_late("", 0);
	pulse_retire(drain);
}

static void
test_metrics__a_place_is_used_again_and_begins_healthy(void **state)
{
	int first = pulse_register("first", 10);

	(void)state;
	pulse_retire(first);
	fake_clock_advance(1000);
	assert_int_equal(pulse_register("second", 10), first);
	assert_late("", 0);
	fake_clock_advance(11);
	assert_late("second", 1);
	pulse_retire(first);
}

static void
test_metrics__without_a_place_a_loop_runs_unwatched(void **state)
{
	char name[16];

	(void)state;
	for (int i = 0; i < PLACES; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		assert_int_equal(pulse_register(name, 1), i);
	}
	assert_int_equal(pulse_register("one more", 1), -1);
	pulse_beat(-1);
	pulse_retire(-1);
	for (int i = 0; i < PLACES; i++)
		pulse_retire(i);
	assert_late("", 0);
}

static void
test_metrics__draining_is_seen_until_it_is_taken_back(void **state)
{
	(void)state;
	assert_false(pulse_is_draining());
	pulse_set_draining(1);
	assert_true(pulse_is_draining());
	pulse_set_draining(0);
	assert_false(pulse_is_draining());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metrics__many_threads_lose_no_count),
		cmocka_unit_test(test_metrics__a_gauge_shows_the_last_value),
		cmocka_unit_test(
			test_metrics__prints_help_type_and_value_of_each),
		cmocka_unit_test(
			test_metrics__a_loop_is_late_when_it_stops_beating),
		cmocka_unit_test(
			test_metrics__a_place_is_used_again_and_begins_healthy),
		cmocka_unit_test(
			test_metrics__without_a_place_a_loop_runs_unwatched),
		cmocka_unit_test(
			test_metrics__draining_is_seen_until_it_is_taken_back),
	};

	return cmocka_run_group_tests(tests, start_clock, stop_clock);
}
