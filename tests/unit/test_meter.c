/*
 * The gate of an account's calls: with a real Redis, and with workers whose
 * systems are called through it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/engine/meter.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_health.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct engine_world *world;

/* ---- a vendor that counts ---- */

enum { ARRIVED_MAX = 4096 };

struct vendor {
	struct http_client *client;
	int64_t n; /* calls that arrived */
	int64_t at_ms[ARRIVED_MAX];
	int64_t n_inner; /* by idle */
	int status;
	int64_t retry_after_ms;
};

static struct vendor vendor;

static int
answer(void *ctx, const struct http_request *request, struct http_answer *out)
{
	struct vendor *v = ctx;

	(void)request;
	assert_true(v->n < ARRIVED_MAX);
	v->at_ms[v->n++] = clock_mono_ms();
	out->status = v->status;
	out->was_sent = true;
	out->retry_after_ms = v->retry_after_ms;
	return 0;
}

static struct http_answer
call_with(int (*idle)(void *))
{
	const struct http_request q = { .method = "GET",
		                        .url = "https://127.0.0.1:1/",
		                        .idle = idle };
	struct http_answer a;

	assert_int_equal(http_client_send(vendor.client, &q, &a), 0);
	http_answer_fini(&a);
	return a;
}

static int
call(void)
{
	return call_with(NULL).status;
}

static struct meter *
open_meter(struct limits limits)
{
	const struct meter_options options = { .limits = limits,
		                               .account = "agora",
		                               .store = &world->base.options,
		                               .zone = "Europe/Athens" };
	struct meter *m = NULL;

	assert_int_equal(meter_new(&m, &options), 0);
	http_client_set_gate(vendor.client, meter_gate(m));
	return m;
}

/* ---- systems that are called through it ---- */

static struct adapter_ops limited;

/* A short wait passes by itself. */
static int
pass_time(void *ctx)
{
	(void)ctx;
	fake_clock_advance(HTTP_GATE_WAIT_MS);
	return 0;
}

static struct outcome
pass(void)
{
	struct http_answer a = call_with(pass_time);

	return a.status == 429 ? outcome_slow(a.retry_after_ms, "http 429")
	                       : outcome_done();
}

static struct outcome
limited_read(void *state, struct count *counts, size_t n)
{
	struct outcome outcome = pass();

	return outcome.verdict == VERDICT_DONE
	               ? fake_till_ops.read_counts(state, counts, n)
	               : outcome;
}

static struct outcome
limited_write(void *state, struct count *counts, size_t n, int64_t as_of_ms)
{
	struct outcome outcome = pass();

	return outcome.verdict == VERDICT_DONE
	               ? fake_till_ops.write_counts(state, counts, n, as_of_ms)
	               : outcome;
}

static struct outcome
limited_sync(void *state, const struct sync_job *job,
             const struct sync_sink *sink)
{
	struct outcome outcome = pass();

	return outcome.verdict == VERDICT_DONE
	               ? fake_till_ops.sync(state, job, sink)
	               : outcome;
}

enum { PAGES = 10 };

static int n_pages;

static struct outcome
paged_sync(void *state, const struct sync_job *job,
           const struct sync_sink *sink)
{
	(void)state;
	(void)job;
	for (n_pages = 0; n_pages < PAGES; n_pages++) {
		struct outcome outcome = pass();

		if (outcome.verdict != VERDICT_DONE)
			return outcome;
		if (sink->breathe(sink->ctx))
			return outcome_fault(ERR_STORE);
	}
	return outcome_done();
}

static void
limit(struct limits limits)
{
	world->agora.ops = &limited;
	world->agora.meter = open_meter(limits);
}

static int
begin(void **state)
{
	(void)engine_world_empty(state);
	world = *state;
	vendor = (struct vendor){ .status = 200, .retry_after_ms = -1 };
	assert_int_equal(http_client_new_fake(&vendor.client, answer, &vendor),
	                 0);
	limited = fake_till_ops;
	limited.read_counts = limited_read;
	limited.write_counts = limited_write;
	limited.sync = limited_sync;
	engine_world_item(world, "S1", "5");
	engine_world_item(world, "S2", "5");
	return 0;
}

static int
end(void **state)
{
	(void)state;
	meter_free(world->agora.meter);
	world->agora.meter = NULL;
	http_client_free(vendor.client);
	return 0;
}

static const char *
health(const char *name)
{
	static char text[300];
	struct health h;

	assert_int_equal(store_health_get(world->base.store, &h, "agora"), 0);
	(void)snprintf(text, sizeof(text), "%s", health_text(&h, name));
	health_fini(&h);
	return text;
}

/* ---- the gate alone ---- */

static void
test_meter__is_none_where_nothing_is_limited(void **state)
{
	(void)state;
	assert_null(open_meter((struct limits){ .monthly_calls = 0 }));
	assert_null(meter_gate(NULL));
	assert_int_equal(meter_work(NULL), LIMIT_URGENT);
}

static void
test_meter__a_months_calls_survive_a_restart(void **state)
{
	struct meter *m = open_meter((struct limits){ .monthly_calls = 5 });

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(call(), 200);
	meter_free(m);
	m = open_meter((struct limits){ .monthly_calls = 5 });
	assert_int_equal(call(), 200);
	assert_int_equal(call(), 200);
	assert_int_equal(call(), 429);
	assert_int_equal(vendor.n, 5);
	assert_string_equal(store_world_say(&world->base, "HGET "
	                                                  "test:budget:agora:"
	                                                  "2027-01 used"),
	                    "5");
	meter_free(m);
}

static void
test_meter__two_processes_never_spend_more_than_there_is(void **state)
{
	struct meter *a = open_meter((struct limits){ .monthly_calls = 6 });
	struct meter *b = open_meter((struct limits){ .monthly_calls = 6 });

	(void)state;
	for (int i = 0; i < 20; i++) {
		http_client_set_gate(vendor.client, meter_gate(i % 2 ? a : b));
		(void)call();
	}
	assert_int_equal(vendor.n, 6);
	meter_free(a);
	meter_free(b);
}

static void
test_meter__a_new_month_begins_with_all_calls(void **state)
{
	struct meter *m = open_meter((struct limits){ .monthly_calls = 2 });
	struct meter_reading reading;

	(void)state;
	assert_int_equal(call(), 200);
	assert_int_equal(call(), 200);
	assert_int_equal(call(), 429);
	meter_read(m, &reading);
	assert_int_equal(reading.used, 2);
	fake_clock_advance(reading.until_ms - clock_wall_ms() -
	                   HTTP_GATE_WAIT_MS - 1);
	assert_int_equal(call(), 429);
	fake_clock_advance(HTTP_GATE_WAIT_MS + 1);
	assert_int_equal(call(), 200);
	meter_read(m, &reading);
	assert_int_equal(reading.used, 1);
	/* Somebody sets the clock back: the old month is still used up. */
	fake_clock_set_wall(ENGINE_WORLD_NOW_MS);
	assert_int_equal(call(), 429);
	assert_int_equal(vendor.n, 3);
	meter_free(m);
}

/* Calls that fail were calls. */
static void
test_meter__counts_calls_however_they_end(void **state)
{
	struct meter *m = open_meter((struct limits){ .monthly_calls = 3 });

	(void)state;
	vendor.status = 500;
	assert_int_equal(call(), 500);
	vendor.status = 0;
	assert_int_equal(call(), 0);
	vendor.status = 401;
	assert_int_equal(call(), 401);
	assert_int_equal(call(), 429);
	assert_int_equal(vendor.n, 3);
	meter_free(m);
}

static int
call_inside(void *ctx)
{
	(void)ctx;
	vendor.n_inner++;
	(void)call();
	return 0;
}

static void
test_meter__counts_a_call_inside_a_call(void **state)
{
	struct meter *m = open_meter((struct limits){
		.buckets = { { "b", .size = 5, .drip = 1, .per_ms = 60000 } },
		.monthly_calls = 100 });
	struct meter_reading reading;

	(void)state;
	assert_int_equal(call_with(call_inside).status, 200);
	assert_int_equal(call_with(call_inside).status, 200);
	meter_read(m, &reading);
	assert_int_equal(reading.left, 1);
	assert_int_equal(reading.size, 5);
	assert_int_equal(reading.used, 4);
	assert_int_equal(call_with(call_inside).status, 200);
	assert_int_equal(call(), 429);
	assert_int_equal(vendor.n_inner, 3);
	assert_int_equal(vendor.n, 5); /* the sixth was never sent */
	meter_free(m);
}

static void
test_meter__the_vendors_level_counts_what_it_cannot_know_of(void **state)
{
	struct meter *m = open_meter((struct limits){
		.buckets = { { "b", .size = 90, .drip = 1, .per_ms = 60000,
	                       .level_header = "X-Level" } } });
	const struct http_gate *gate = meter_gate(m);
	const struct http_request q = { .method = "GET" };
	struct http_answer a = { .retry_after_ms = -1 };
	struct meter_reading reading;
	int64_t wait = 0;
	char why[160];

	(void)state;
	assert_int_equal(gate->enter(gate->ctx, &q, &wait, why, sizeof(why)),
	                 0);
	assert_int_equal(gate->enter(gate->ctx, &q, &wait, why, sizeof(why)),
	                 0);
	gate->header(gate->ctx, "x-level", "10/90"); /* of the inner one */
	meter_read(m, &reading);
	assert_int_equal(reading.left, 79); /* the outer may be on its way */
	gate->leave(gate->ctx, &a);
	gate->header(gate->ctx, "x-level", "9/90"); /* said before the inner */
	meter_read(m, &reading);
	assert_int_equal(reading.left, 80);
	gate->leave(gate->ctx, &a);
	meter_free(m);
}

/* By our count there is more: somebody else uses it. */
static void
test_meter__a_429_without_a_wait_means_the_month(void **state)
{
	struct meter *m = open_meter((struct limits){ .monthly_calls = 100 });
	struct meter_refusal refusal;
	struct http_answer a;

	(void)state;
	vendor.status = 429;
	a = call_with(NULL);
	assert_int_equal(a.retry_after_ms, 600000);
	assert_true(meter_take_refusal(m, &refusal));
	assert_true(refusal.is_spent);
	vendor.retry_after_ms = 5000;
	a = call_with(NULL);
	assert_int_equal(a.retry_after_ms, 5000);
	assert_false(meter_take_refusal(m, &refusal));
	meter_free(m);
}

static void
test_meter__without_redis_no_call_of_a_budget_goes(void **state)
{
	const struct store_options nowhere = {
		.url = "unix:///nonexistent/redis.sock",
		.prefix = "test",
		.timeout_ms = 100,
	};
	const struct meter_options options = {
		.limits = { .monthly_calls = 9 },
		.account = "agora",
		.store = &nowhere,
	};
	const struct http_request q = { .method = "GET", .url = "https://x/" };
	struct http_answer a;
	struct meter *m = NULL;

	(void)state;
	assert_int_equal(meter_new(&m, &options), 0);
	http_client_set_gate(vendor.client, meter_gate(m));
	assert_true(http_client_send(vendor.client, &q, &a) < 0);
	http_answer_fini(&a);
	assert_int_equal(vendor.n, 0);
	meter_free(m);
}

/* ---- with workers ---- */

static void
test_meter__urgent_work_goes_where_polls_have_to_wait(void **state)
{
	(void)state;
	limit((struct limits){ .monthly_calls = 1000 });
	engine_world_mark(world, &world->agora, MARK_CATCH_UP, MARK_SYNC);
	engine_world_rest(world);
	assert_int_equal(vendor.n, 1);
	/* The next one is not paid for yet: it waits, and is not lost. */
	engine_world_mark(world, &world->agora, MARK_FULL, MARK_SYNC);
	engine_world_mark(world, &world->agora, "i:S1", MARK_SYNC);
	engine_world_rest(world);
	assert_int_equal(vendor.n, 1);
	assert_string_equal(
		store_world_say(&world->base, "ZCARD test:marks:agora"), "2");
	/* Hooks are not kept waiting by that. */
	fake_adapter_set(world->agora.state, "A-S2", "3");
	engine_world_mark(world, &world->agora, "i:S2", MARK_HOOK);
	engine_world_rest(world);
	assert_true(vendor.n >= 2);
	assert_string_equal(health("state"), "ok");
	/* In time the polls come, in the order they were asked for. */
	for (int i = 0; i < 400; i++) {
		fake_clock_advance(110000);
		engine_world_rest(world);
	}
	assert_string_equal(
		store_world_say(&world->base, "ZCARD test:marks:agora"), "0");
}

/* A sale that our write ran over shows there only. */
static void
test_meter__the_look_after_a_write_is_no_poll(void **state)
{
	struct fake_adapter *agora = world->agora.state;

	(void)state;
	limit((struct limits){ .monthly_calls = 1000 });
	engine_world_mark(world, &world->agora, MARK_CATCH_UP, MARK_SYNC);
	engine_world_rest(world); /* the next poll is not paid for */
	fake_adapter_set(world->erp.state, "E-S2", "9");
	engine_world_mark(world, &world->erp, "i:S2", MARK_HOOK);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-S2", "9"));
	(void)fake_adapter_log(agora);
	fake_clock_advance(2000);
	engine_world_rest(world);
	assert_non_null(strstr(fake_adapter_log(agora), "read_counts"));
	assert_string_equal(
		store_world_say(&world->base, "ZCARD test:marks:agora"), "0");
}

static int n_looks;

/* There is always another look to come. Three of them empty the bucket; then
   there is less trade, and more comes back than they take. */
static void
ask_again(struct fake_adapter *f, const char *call)
{
	(void)f;
	if (strcmp(call, "read_counts") != 0)
		return;
	n_looks++;
	fake_clock_advance(n_looks <= 3 ? 300 : 60000);
	if (n_pages < PAGES)
		engine_world_mark(world, &world->agora, "i:S1", MARK_HOOK);
}

/* Urgent work leaves no call to polls for longer than the gate waits: a sync by
   the clock comes to its end all the same, the first time. */
static void
test_meter__a_sync_waits_for_its_share_while_urgent_work_goes_on(void **state)
{
	struct fake_adapter *agora = world->agora.state;

	(void)state;
	limit((struct limits){ .buckets = { { "b", .size = 8, .drip = 1,
	                                      .per_ms = 20000 } } });
	limited.sync = paged_sync;
	agora->after = ask_again;
	n_looks = 0;
	n_pages = 0;
	engine_world_mark(world, &world->agora, MARK_FULL, MARK_SYNC);
	engine_world_mark(world, &world->agora, "i:S1", MARK_HOOK);
	engine_world_turn(&world->agora);
	agora->after = NULL;
	assert_int_equal(n_pages, PAGES);
	assert_true(n_looks > 2);
	engine_world_rest(world);
	assert_string_equal(store_world_marks(&world->base, "agora"), "");
	assert_int_equal(pace_state(&world->agora.pace), VERDICT_DONE);
}

static void
test_meter__a_person_who_asks_is_no_poll(void **state)
{
	(void)state;
	limit((struct limits){ .monthly_calls = 1000 });
	for (int i = 1; i <= 3; i++) {
		engine_world_mark(world, &world->agora, MARK_CATCH_UP,
		                  MARK_OPERATOR);
		engine_world_rest(world);
		assert_int_equal(vendor.n, i);
	}
}

static void
test_meter__the_last_call_of_a_month_is_an_alarm_until_calls_go_again(
	void **state)
{
	(void)state;
	limit((struct limits){ .monthly_calls = 1 });
	for (int i = 0; i < 2; i++) {
		engine_world_mark(world, &world->agora, "i:S1", MARK_HOOK);
		engine_world_rest(world);
		fake_clock_advance(3000);
	}
	assert_int_equal(vendor.n, 1);
	assert_non_null(strstr(health("alarm"), "all 1 calls of 2027-01"));
	assert_non_null(strstr(health("why"), "our own limit: "));
	assert_string_equal(health("state"), "waiting");
	assert_string_equal(health("budget_used"), "1");
	fake_clock_advance(INT64_C(32) * 86400000);
	engine_world_rest(world);
	assert_true(vendor.n > 1);
	assert_string_equal(health("alarm"), "");
	assert_string_equal(
		store_world_say(&world->base, "ZCARD test:marks:agora"), "0");
}

/* Whatever happens, in no window does more arrive than its limit, nor in the
   month than its budget; and what was refused is done in the end. */
static void
test_meter__no_call_goes_beyond_a_limit_whatever_comes(void **state)
{
	const struct limits limits = {
		.buckets = { { "a minute", .size = 4, .drip = 6,
		               .per_ms = 60000, .is_window = true } },
		.monthly_calls = 900,
	};
	static const enum mark_cause causes[] = { MARK_HOOK, MARK_SYNC,
		                                  MARK_SALE, MARK_SYNC };
	static const char *const members[] = { "i:S1", "i:S2", MARK_CATCH_UP,
		                               MARK_SALES };
	int64_t seen = 0;
	int64_t first = 0;

	(void)state;
	srand(4711);
	limit(limits);
	for (int step = 0; step < 900; step++) {
		engine_world_mark(world, &world->agora, members[rand() % 4],
		                  causes[rand() % 4]);
		engine_world_turn(&world->agora);
		for (; seen < vendor.n; seen++) {
			while (vendor.at_ms[first] <=
			       vendor.at_ms[seen] - 60000)
				first++;
			assert_true(seen - first < 10);
		}
		fake_clock_advance(rand() % 20000);
		if (rand() % 100 == 0) { /* the process ends and begins */
			fake_clock_advance(60000);
			meter_free(world->agora.meter);
			world->agora.meter = open_meter(limits);
		}
	}
	assert_true(vendor.n > 200);
	assert_true(vendor.n <= 900);
	for (int i = 0; i < 4000; i++) {
		fake_clock_advance(110000);
		engine_world_turn(&world->agora);
	}
	assert_true(store_world_marks(&world->base, "agora")[0] == '\0');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_meter__is_none_where_nothing_is_limited, begin,
			end),
		cmocka_unit_test_setup_teardown(
			test_meter__a_months_calls_survive_a_restart, begin,
			end),
		cmocka_unit_test_setup_teardown(
			test_meter__two_processes_never_spend_more_than_there_is,
			begin, end),
		cmocka_unit_test_setup_teardown(
			test_meter__a_new_month_begins_with_all_calls, begin,
			end),
		cmocka_unit_test_setup_teardown(
			test_meter__counts_calls_however_they_end, begin, end),
		cmocka_unit_test_setup_teardown(
			test_meter__counts_a_call_inside_a_call, begin, end),
		cmocka_unit_test_setup_teardown(
			test_meter__the_vendors_level_counts_what_it_cannot_know_of,
			begin, end),
		cmocka_unit_test_setup_teardown(
			test_meter__a_429_without_a_wait_means_the_month, begin,
			end),
		cmocka_unit_test_setup_teardown(
			test_meter__without_redis_no_call_of_a_budget_goes,
			begin, end),
		cmocka_unit_test_setup_teardown(
			test_meter__urgent_work_goes_where_polls_have_to_wait,
			begin, end),
		cmocka_unit_test_setup_teardown(
			test_meter__the_look_after_a_write_is_no_poll, begin,
			end),
		cmocka_unit_test_setup_teardown(
			test_meter__a_sync_waits_for_its_share_while_urgent_work_goes_on,
			begin, end),
		cmocka_unit_test_setup_teardown(
			test_meter__a_person_who_asks_is_no_poll, begin, end),
		cmocka_unit_test_setup_teardown(
			test_meter__the_last_call_of_a_month_is_an_alarm_until_calls_go_again,
			begin, end),
		cmocka_unit_test_setup_teardown(
			test_meter__no_call_goes_beyond_a_limit_whatever_comes,
			begin, end),
	};

	return cmocka_run_group_tests(tests, engine_world_setup,
	                              engine_world_teardown);
}
