/*
 * POST /api/accounts/{name}/pause and /resume on a real Redis.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/json.h"
#include "gateway/drivers/store_switch.h"
#include "handlers/handlers.h"
#include "tests/support/api_world.h"

#include <string.h>

static struct api_world *world;
static struct http_reply reply;
static struct conf *other; /* NULL: the world's own */

static int
begin(void **state)
{
	(void)api_world_empty(state);
	world = *state;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	api_world_forget(&reply);
	conf_free(other);
	other = NULL;
	return 0;
}

static void
configure(const char *accounts)
{
	other = api_world_conf(world, accounts);
	world->env.conf = other;
}

static void
ask(const char *verb, const char *account, int status)
{
	char pattern[64] = "/api/accounts/{}/";

	api_world_forget(&reply);
	(void)strcat(pattern, verb);
	assert_int_equal(
		api_world_ask(world, &reply, "POST", pattern, account, ""), 0);
	assert_int_equal(reply.status, status);
}

static void
says(const char *text)
{
	if (!strstr(buf_text(&reply.body), text))
		fail_msg("%s is not in %s", text, buf_text(&reply.body));
}

static int64_t
off_since(const char *what)
{
	int64_t since_ms = 0;

	assert_int_equal(store_switch_get(world->store, &since_ms, what), 0);
	return since_ms;
}

static void
test_api_pause__switches_off_and_on_again(void **state)
{
	(void)state;
	ask("pause", "agora", 200);
	says("{\"account\":\"agora\",\"paused\":true,\"since\":\"2");
	assert_true(off_since("agora") > 0);
	assert_int_equal(off_since("erp"), 0);
	assert_int_equal(off_since(SWITCH_SCHEDULE), 0);
	ask("resume", "agora", 200);
	says("{\"account\":\"agora\",\"paused\":false,\"since\":null}");
	assert_int_equal(off_since("agora"), 0);
}

static void
test_api_pause__may_be_repeated_and_keeps_the_first_moment(void **state)
{
	int64_t first;

	(void)state;
	assert_int_equal(store_switch_off(world->store, "agora"), 0);
	first = off_since("agora");
	ask("pause", "agora", 200);
	assert_int_equal(off_since("agora"), first);
	ask("resume", "agora", 200);
	ask("resume", "agora", 200);
	says("\"paused\":false");
}

static void
test_api_pause__knows_its_accounts(void **state)
{
	(void)state;
	ask("pause", "nobody", 404);
	ask("resume", "nobody", 404);
	assert_int_equal(off_since("nobody"), 0);
}

static void
test_api_pause__what_only_calls_us_cannot_be_paused(void **state)
{
	(void)state;
	configure("{ \"name\": \"erp\", \"type\": \"galaxy\","
	          "  \"url\": \"http://127.0.0.1:1\" },"
	          "{ \"name\": \"agora\", \"type\": \"square\","
	          "  \"url\": \"https://127.0.0.1:1\" },"
	          "{ \"name\": \"bell\", \"type\": \"webhook\" }");
	ask("pause", "bell", 422);
	says("only calls us");
	assert_int_equal(off_since("bell"), 0);
}

static void
test_api_pause__the_configurations_pause_is_its_own(void **state)
{
	(void)state;
	configure("{ \"name\": \"erp\", \"type\": \"galaxy\","
	          "  \"url\": \"http://127.0.0.1:1\" },"
	          "{ \"name\": \"agora\", \"type\": \"square\","
	          "  \"url\": \"https://127.0.0.1:1\","
	          "  \"paused\": true }");
	ask("resume", "agora", 422);
	says("paused in the configuration");
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(test_api_pause__##name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(switches_off_and_on_again),
		TEST(may_be_repeated_and_keeps_the_first_moment),
		TEST(knows_its_accounts),
		TEST(what_only_calls_us_cannot_be_paused),
		TEST(the_configurations_pause_is_its_own),
	};

	return cmocka_run_group_tests(tests, api_world_setup,
	                              api_world_teardown);
}
