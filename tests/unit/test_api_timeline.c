/*
 * /api/items/{sku}/timeline: why an item shows what it shows.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/json.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_timeline.h"
#include "tests/support/api_world.h"

#include <string.h>

static struct http_reply reply;
static struct json *doc;

static int
forget(void **state)
{
	(void)state;
	json_free(doc);
	doc = NULL;
	api_world_forget(&reply);
	return 0;
}

static const struct json_node *
ask(struct api_world *world, const char *sku, int status)
{
	(void)forget(NULL);
	assert_int_equal(api_world_ask(world, &reply, "GET",
	                               "/api/items/{}/timeline", sku, ""),
	                 0);
	assert_int_equal(reply.status, status);
	assert_int_equal(json_parse(&doc, reply.body.p, reply.body.n), 0);
	return json_root(doc);
}

static void
test_api_timeline__an_unknown_item_is_404(void **state)
{
	const struct json_node *error =
		json_find(ask(*state, "A1", 404), "error");

	assert_string_equal(json_text_or(error, "code", ""), "unknown_item");
}

static void
test_api_timeline__shows_the_entries_and_their_lines(void **state)
{
	struct api_world *world = *state;
	const struct json_node *root;
	const struct json_node *entry;
	const struct json_node *lines;

	api_world_item(world, "A1", "Apple");
	api_world_entry(world, "O1", "A1", "uncertain");
	store_timeline_add(world->store, "A1", clock_wall_ms(), TIMELINE_SALE,
	                   "agora", "O1: 2 sold");
	store_timeline_flush(world->store);
	root = ask(world, "A1", 200);
	assert_string_equal(json_text_or(root, "name", ""), "Apple");
	assert_string_equal(json_text_or(root, "authority", ""), "erp");
	entry = json_at(json_find(root, "entries"), 0);
	assert_string_equal(json_text_or(entry, "id", ""), "agora/O1");
	assert_string_equal(json_text_or(entry, "docid", ""), "TB-1");
	assert_string_equal(json_text_or(entry, "says", ""),
	                    "entry agora/O1, uncertain: decide with tillbridge "
	                    "dead");
	lines = json_find(root, "timeline");
	assert_int_equal(json_length(lines), 1);
	assert_string_equal(json_text_or(json_at(lines, 0), "text", ""),
	                    "O1: 2 sold");
}

static void
test_api_timeline__says_for_each_channel_why(void **state)
{
	struct api_world *world = *state;
	const struct json_node *channels;

	api_world_item(world, "A1", "Apple");
	assert_int_equal(store_registry_unresolved(world->store, "agora", "A1",
	                                           "nothing is called that"),
	                 0);
	channels = json_find(ask(world, "A1", 200), "channels");
	assert_int_equal(json_length(channels), 1);
	assert_string_equal(
		json_text_or(json_at(channels, 0), "conclusion", ""),
		"agora is not bound yet: \"sq-A1\" is unresolved: "
		"nothing is called that");
}

static void
test_api_timeline__no_secret_leaves(void **state)
{
	struct api_world *world = *state;
	const struct health_fact fact = { "why", api_world_secret };

	api_world_item(world, "A1", api_world_secret);
	assert_int_equal(store_health_set(world->store, "agora", &fact, 1), 0);
	assert_int_equal(store_registry_unresolved(world->store, "agora", "A1",
	                                           api_world_secret),
	                 0);
	store_timeline_add(world->store, "A1", 1, TIMELINE_LEFT, "agora", "%s",
	                   api_world_secret);
	store_timeline_flush(world->store);
	(void)ask(world, "A1", 200);
	assert_null(strstr(buf_text(&reply.body), api_world_secret));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_api_timeline__an_unknown_item_is_404,
			api_world_empty, forget),
		cmocka_unit_test_setup_teardown(
			test_api_timeline__shows_the_entries_and_their_lines,
			api_world_empty, forget),
		cmocka_unit_test_setup_teardown(
			test_api_timeline__says_for_each_channel_why,
			api_world_empty, forget),
		cmocka_unit_test_setup_teardown(
			test_api_timeline__no_secret_leaves, api_world_empty,
			forget),
	};

	return cmocka_run_group_tests(tests, api_world_setup,
	                              api_world_teardown);
}
