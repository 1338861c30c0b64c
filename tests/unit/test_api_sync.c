/*
 * POST /api/sync on a real Redis.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/json.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_switch.h"
#include "gateway/drivers/store_sync.h"
#include "gateway/ports/adapter.h"
#include "handlers/api/api.h"
#include "handlers/handlers.h"
#include "tests/support/api_world.h"

#include <string.h>

static struct http_reply reply;

static int
forget(void **state)
{
	(void)state;
	buf_fini(&reply.body);
	return 0;
}

static void
ask(struct api_world *world, const char *body)
{
	const struct http_call call = { .method = "POST",
		                        .path = "/api/sync",
		                        .query = "",
		                        .body = body,
		                        .n_body = strlen(body) };
	const char *const params[] = { NULL };

	buf_fini(&reply.body);
	reply = (struct http_reply){ 0 };
	assert_int_equal(api_serve_sync(&world->env, &call, params, &reply), 0);
}

static bool
is_asked(struct api_world *world, const char *account, const char *mark)
{
	bool asked = false;

	assert_int_equal(
		store_sync_is_asked(world->store, &asked, account, mark), 0);
	return asked;
}

static void
assert_nobody_asked(struct api_world *world)
{
	int64_t n = -1;

	assert_int_equal(store_marks_count(world->store, &n, "erp"), 0);
	assert_int_equal(n, 0);
	assert_int_equal(store_marks_count(world->store, &n, "agora"), 0);
	assert_int_equal(n, 0);
}

/* ---- the tests ---- */

static void
test_api_sync__without_a_body_all_catch_up(void **state)
{
	ask(*state, "");
	assert_int_equal(reply.status, 202);
	assert_string_equal(buf_text(&reply.body),
	                    "{\"accounts\":[\"erp\",\"agora\"],"
	                    "\"kind\":\"catch-up\"}");
	assert_true(is_asked(*state, "erp", MARK_CATCH_UP));
	assert_true(is_asked(*state, "agora", MARK_CATCH_UP));
	assert_false(is_asked(*state, "erp", MARK_FULL));
}

static void
test_api_sync__asks_those_named_and_each_once(void **state)
{
	ask(*state, "{\"accounts\":[\"agora\",\"agora\"],\"full\":true}");
	assert_int_equal(reply.status, 202);
	assert_string_equal(buf_text(&reply.body),
	                    "{\"accounts\":[\"agora\"],\"kind\":\"full\"}");
	assert_true(is_asked(*state, "agora", MARK_FULL));
	assert_false(is_asked(*state, "erp", MARK_FULL));
}

static void
test_api_sync__null_is_the_same_as_not_given(void **state)
{
	ask(*state, "{\"accounts\":null,\"full\":null}");
	assert_int_equal(reply.status, 202);
	assert_true(is_asked(*state, "erp", MARK_CATCH_UP));
}

static void
test_api_sync__asks_nobody_when_one_thing_is_wrong(void **state)
{
	static const struct {
		const char *body;
		int status;
		const char *field; /* NULL: none */
	} rows[] = {
		{ "{\"accounts\":[\"erp\",\"kiosk\"]}", 422, "accounts[1]" },
		{ "{\"accounts\":[\"erp\",5]}", 400, "accounts[1]" },
		{ "{\"accounts\":\"erp\"}", 400, "accounts" },
		{ "{\"accounts\":{}}", 400, "accounts" },
		{ "{\"accounts\":[]}", 400, "accounts" },
		{ "{\"full\":1}", 400, "full" },
		{ "{\"full\":\"true\"}", 400, "full" },
		{ "{\"dry\":true}", 400, "dry" },
		{ "[]", 400, NULL },
		{ "null", 400, NULL },
		{ "{\"full\":", 400, NULL },
		{ "{}{}", 400, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct json *doc = NULL;
		const struct json_node *error;

		ask(*state, rows[i].body);
		assert_int_equal(reply.status, rows[i].status);
		assert_int_equal(json_parse(&doc, reply.body.p, reply.body.n),
		                 0);
		error = json_find(json_root(doc), "error");
		assert_non_null(error);
		assert_string_equal(json_text_or(error, "field", "none"),
		                    rows[i].field ? rows[i].field : "none");
		json_free(doc);
		assert_nobody_asked(*state);
	}
}

/* By a person: named it is an answer, else it is left out. */
static void
test_api_sync__leaves_the_paused_alone(void **state)
{
	struct api_world *world = *state;

	assert_int_equal(store_switch_off(world->store, "agora"), 0);
	ask(world, "{\"accounts\":[\"erp\",\"agora\"]}");
	assert_int_equal(reply.status, 422);
	assert_non_null(strstr(buf_text(&reply.body), "agora is paused: "));
	assert_nobody_asked(world);
	ask(world, "");
	assert_int_equal(reply.status, 202);
	assert_false(is_asked(world, "agora", MARK_CATCH_UP));
	assert_true(is_asked(world, "erp", MARK_CATCH_UP));
}

static void
test_api_sync__leaves_out_what_has_nothing_to_sync(void **state)
{
	static const struct adapter_ops galaxy = { .name = "galaxy" };
	static const struct adapter_ops *const adapters[] = { &galaxy, NULL };
	struct api_world *world = *state;

	world->env.adapters = adapters;
	ask(world, "{\"accounts\":[\"erp\"]}");
	assert_int_equal(reply.status, 422);
	assert_nobody_asked(world);
}

static void
test_api_sync__needs_a_token_that_may_write(void **state)
{
	const struct api_route *route = api_routes;

	(void)state;
	while (route->method && strcmp(route->path, "/api/sync") != 0)
		route++;
	assert_string_equal(route->method, "POST");
	assert_true(route->is_writing);
	assert_true(route->needs_store);
	assert_false(route->is_open);
}

#define EACH(test) \
	cmocka_unit_test_setup_teardown(test, api_world_empty, forget)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_api_sync__without_a_body_all_catch_up),
		EACH(test_api_sync__asks_those_named_and_each_once),
		EACH(test_api_sync__null_is_the_same_as_not_given),
		EACH(test_api_sync__asks_nobody_when_one_thing_is_wrong),
		EACH(test_api_sync__leaves_out_what_has_nothing_to_sync),
		EACH(test_api_sync__leaves_the_paused_alone),
		EACH(test_api_sync__needs_a_token_that_may_write),
	};

	return cmocka_run_group_tests(tests, api_world_setup,
	                              api_world_teardown);
}
