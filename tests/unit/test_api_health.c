/*
 * /live and /ready.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/drivers/store_health.h"
#include "gateway/model/metrics.h"
#include "handlers/handlers.h"
#include "tests/support/api_world.h"

#include <string.h>

static struct http_reply reply;

static int
forget(void **state)
{
	(void)state;
	buf_fini(&reply.body);
	pulse_set_draining(0);
	return 0;
}

static const char *
ask(struct api_world *world, const char *path)
{
	assert_int_equal(api_world_ask(world, &reply, "GET", path, NULL, NULL),
	                 0);
	return buf_text(&reply.body);
}

static void
test_api_live__says_so_whatever_else_is_wrong(void **state)
{
	struct api_world *world = *state;

	world->env.store = NULL;
	pulse_set_draining(1);
	assert_string_equal(ask(world, "/live"), "{\"live\":true}");
	assert_int_equal(reply.status, 200);
}

static void
test_api_ready__is_200_while_redis_answers_and_loops_turn(void **state)
{
	int pulse = pulse_register("drain", 60000);

	assert_string_equal(ask(*state, "/ready"), "{\"ready\":true}");
	assert_int_equal(reply.status, 200);
	pulse_retire(pulse);
}

static void
test_api_ready__does_not_mind_a_vendors_trouble(void **state)
{
	const struct health_fact facts[] = { { "state", "locked" },
		                             { "breaker", "open" },
		                             { "alarm", "look!" } };
	struct api_world *world = *state;

	assert_int_equal(store_health_set(world->store, "agora", facts, 3), 0);
	(void)ask(world, "/ready");
	assert_int_equal(reply.status, 200);
}

static void
test_api_ready__names_the_draining(void **state)
{
	pulse_set_draining(1);
	assert_string_equal(ask(*state, "/ready"),
	                    "{\"ready\":false,\"reasons\":[\"draining\"]}");
	assert_int_equal(reply.status, 503);
}

static void
test_api_ready__names_a_redis_that_is_away(void **state)
{
	struct api_world *world = *state;

	redis_server_kill(&world->redis);
	assert_non_null(strstr(ask(world, "/ready"), "[\"no Redis: "));
	assert_int_equal(reply.status, 503);
}

static void
test_api_ready__names_a_missing_connection(void **state)
{
	struct api_world *world = *state;

	world->env.store = NULL;
	assert_string_equal(
		ask(world, "/ready"),
		"{\"ready\":false,\"reasons\":[\"no Redis: not connected\"]}");
	assert_int_equal(reply.status, 503);
}

static void
test_api_ready__names_every_loop_that_is_late(void **state)
{
	int on_time = pulse_register("scheduler", 60000);
	int late[2] = { pulse_register("drain", 0),
		        pulse_register("worker:agora", 0) };

	clock_sleep_ms(5);
	assert_string_equal(ask(*state, "/ready"),
	                    "{\"ready\":false,\"reasons\":"
	                    "[\"late: drain, worker:agora\"]}");
	assert_int_equal(reply.status, 503);
	pulse_retire(on_time);
	pulse_retire(late[0]);
	pulse_retire(late[1]);
}

static void
test_api_ready__gives_all_reasons_at_once(void **state)
{
	struct api_world *world = *state;
	int late = pulse_register("drain", 0);

	clock_sleep_ms(5);
	world->env.store = NULL;
	pulse_set_draining(1);
	assert_string_equal(ask(world, "/ready"),
	                    "{\"ready\":false,\"reasons\":[\"draining\","
	                    "\"no Redis: not connected\",\"late: drain\"]}");
	pulse_retire(late);
}

static void
test_api_routes__only_live_and_ready_need_no_token(void **state)
{
	const struct api_route *route;

	(void)state;
	for (route = api_routes; route->method; route++)
		assert_int_equal(route->is_open,
		                 strcmp(route->path, "/live") == 0 ||
		                         strcmp(route->path, "/ready") == 0);
}

static void
test_api_routes__whatever_is_posted_needs_a_token_that_may_write(void **state)
{
	const struct api_route *route;

	(void)state;
	for (route = api_routes; route->method; route++)
		assert_int_equal(route->is_writing,
		                 strcmp(route->method, "POST") == 0);
}

#define EACH(test) \
	cmocka_unit_test_setup_teardown(test, api_world_empty, forget)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_api_live__says_so_whatever_else_is_wrong),
		EACH(test_api_ready__is_200_while_redis_answers_and_loops_turn),
		EACH(test_api_ready__does_not_mind_a_vendors_trouble),
		EACH(test_api_ready__names_the_draining),
		EACH(test_api_ready__names_a_redis_that_is_away),
		EACH(test_api_ready__names_a_missing_connection),
		EACH(test_api_ready__names_every_loop_that_is_late),
		EACH(test_api_ready__gives_all_reasons_at_once),
		EACH(test_api_routes__only_live_and_ready_need_no_token),
		EACH(test_api_routes__whatever_is_posted_needs_a_token_that_may_write),
	};

	return cmocka_run_group_tests(tests, api_world_setup,
	                              api_world_teardown);
}
