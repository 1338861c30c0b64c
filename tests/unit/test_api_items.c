/*
 * /api/items: the registry, page by page.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/json.h"
#include "gateway/drivers/store_registry.h"
#include "tests/support/api_world.h"

#include <stdio.h>
#include <string.h>

static struct http_reply reply;
static struct json *doc;

static int
forget(void **state)
{
	(void)state;
	json_free(doc);
	doc = NULL;
	buf_fini(&reply.body);
	return 0;
}

static const struct json_node *
ask(struct api_world *world, const char *account, const char *query, int status)
{
	(void)forget(NULL);
	assert_int_equal(api_world_ask(world, &reply, "GET",
	                               account ? "/api/items/{}" : "/api/items",
	                               account, query),
	                 0);
	assert_int_equal(reply.status, status);
	assert_int_equal(json_parse(&doc, reply.body.p, reply.body.n), 0);
	return json_root(doc);
}

static const char *
text_at(const struct json_node *list, size_t i, const char *key)
{
	return json_text_or(json_at(list, i), key, "(none)");
}

static void
test_api_items__shows_an_item_with_its_bindings(void **state)
{
	struct api_world *world = *state;
	const struct json_node *items;
	const struct json_node *bindings;

	api_world_item(world, "A1", "Apple");
	assert_int_equal(store_registry_resolved(world->store, "erp",
	                                         &(struct registry_resolution){
							 .sku = "A1",
							 .typed = "A1",
							 .external = "G-1" }),
	                 0);
	items = json_find(ask(world, NULL, "", 200), "items");
	assert_int_equal(json_length(items), 1);
	assert_string_equal(text_at(items, 0, "sku"), "A1");
	assert_string_equal(text_at(items, 0, "name"), "Apple");
	bindings = json_find(json_at(items, 0), "bindings");
	assert_int_equal(json_length(bindings), 2);
	for (size_t i = 0; i < 2; i++) {
		bool is_erp = !strcmp(text_at(bindings, i, "account"), "erp");

		assert_string_equal(text_at(bindings, i, "typed"),
		                    is_erp ? "A1" : "sq-A1");
		assert_string_equal(text_at(bindings, i, "external"),
		                    is_erp ? "G-1" : "(none)");
	}
}

static void
test_api_items__says_why_a_binding_is_unresolved(void **state)
{
	struct api_world *world = *state;
	const struct json_node *bindings;

	api_world_item(world, "A1", "Apple");
	api_world_item(world, "A2", "Pear");
	assert_int_equal(store_registry_unresolved(world->store, "agora", "A2",
	                                           "no such variation"),
	                 0);
	assert_int_equal(store_registry_resolved(world->store, "agora",
	                                         &(struct registry_resolution){
							 .sku = "A1",
							 .typed = "sq-A1",
							 .external = "X1" }),
	                 0);
	bindings = json_find(ask(world, "agora", "", 200), "bindings");
	assert_int_equal(json_length(bindings), 2);
	assert_string_equal(text_at(bindings, 0, "external"), "X1");
	assert_string_equal(text_at(bindings, 0, "unresolved"), "(none)");
	assert_string_equal(text_at(bindings, 1, "typed"), "sq-A2");
	assert_string_equal(text_at(bindings, 1, "unresolved"),
	                    "no such variation");
}

static void
test_api_items__leaves_out_what_the_account_does_not_have(void **state)
{
	struct api_world *world = *state;
	struct item item = { .sku = text_dup("A0") };

	assert_int_equal(store_registry_put(world->store, &item, NULL), 0);
	item_fini(&item);
	api_world_item(world, "A1", "Apple");
	assert_int_equal(json_length(json_find(ask(world, "agora", "", 200),
	                                       "bindings")),
	                 1);
	assert_int_equal(
		json_length(json_find(ask(world, NULL, "", 200), "items")), 2);
}

/* Follow `next` from page to page; every sku comes once and in order. */
static void
walk(struct api_world *world, const char *account, int n_expected)
{
	char query[64] = "limit=3";
	char last[32] = "";
	int n = 0;

	for (;;) {
		const struct json_node *root = ask(world, account, query, 200);
		const struct json_node *list =
			json_find(root, account ? "bindings" : "items");
		const char *next = json_text_or(root, "next", NULL);

		assert_in_range(json_length(list), 1, 3);
		for (size_t i = 0; i < json_length(list); i++, n++) {
			assert_true(strcmp(last, text_at(list, i, "sku")) < 0);
			(void)snprintf(last, sizeof(last), "%s",
			               text_at(list, i, "sku"));
		}
		if (!next)
			break;
		(void)snprintf(query, sizeof(query), "limit=3&after=%s", next);
	}
	assert_int_equal(n, n_expected);
}

static void
test_api_items__pages_hold_every_item_once(void **state)
{
	char sku[16];

	for (int i = 0; i < 9; i++) {
		(void)snprintf(sku, sizeof(sku), "A%d", i);
		api_world_item(*state, sku, "");
	}
	walk(*state, NULL, 9);
	walk(*state, "erp", 9);
}

static void
test_api_items__a_page_about_one_account_looks_at_so_many_items(void **state)
{
	enum { FAR = 2100 };
	struct api_world *world = *state;
	const struct json_node *root;
	char text[16];

	for (int i = 0; i < FAR; i++) {
		struct item item = { 0 };

		(void)snprintf(text, sizeof(text), "A%04d", i);
		item.sku = text_dup(text);
		assert_int_equal(store_registry_put(world->store, &item, NULL),
		                 0);
		item_fini(&item);
	}
	api_world_item(world, "B1", "Last");
	root = ask(world, "agora", "", 200);
	assert_int_equal(json_length(json_find(root, "bindings")), 0);
	(void)snprintf(text, sizeof(text), "after=%s",
	               json_text_or(root, "next", ""));
	assert_string_equal(text, "after=A1999");
	root = ask(world, "agora", text, 200);
	assert_int_equal(json_length(json_find(root, "bindings")), 1);
	assert_null(json_find(root, "next"));
}

static void
test_api_items__refuses_a_limit_that_is_none(void **state)
{
	static const char *const queries[] = {
		"limit=0",   "limit=1001",
		"limit=x",   "limit=",
		"limit=-1",  "limit=1&limit=2",
		"limit=+1",  "limit=99999999999999",
		"after=%zz", "limit=1e2"
	};

	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++)
		(void)ask(*state, NULL, queries[i], 400);
}

static void
test_api_items__an_unknown_account_is_404(void **state)
{
	(void)ask(*state, "nobody", "", 404);
}

#define EACH(test) \
	cmocka_unit_test_setup_teardown(test, api_world_empty, forget)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_api_items__shows_an_item_with_its_bindings),
		EACH(test_api_items__says_why_a_binding_is_unresolved),
		EACH(test_api_items__leaves_out_what_the_account_does_not_have),
		EACH(test_api_items__pages_hold_every_item_once),
		EACH(test_api_items__a_page_about_one_account_looks_at_so_many_items),
		EACH(test_api_items__refuses_a_limit_that_is_none),
		EACH(test_api_items__an_unknown_account_is_404),
	};

	return cmocka_run_group_tests(tests, api_world_setup,
	                              api_world_teardown);
}
