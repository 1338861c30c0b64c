/*
 * tillbridge items match: every way in which a thing of a till can end, all in
 * one table, and what --apply binds of it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/json.h"
#include "gateway/cli/cli.h"
#include "gateway/drivers/store_registry.h"
#include "tests/support/cli_world.h"
#include "tests/support/fake_adapter.h"
#include "tests/support/store_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct store_world *world;
static char out[CLI_WORLD_TEXT]; /* stdout of the last command */
static char err[CLI_WORLD_TEXT]; /* its stderr */

/* ---- two systems that can be asked what they have ---- */

static const struct {
	const char *account;
	struct listing thing;
} things[] = {
	{ "erp", { "E1", "A1", "111", "Tea" } },
	{ "erp", { "E2", "A2", "222", "Coffee" } },
	{ "agora", { "V1", "own-1", "111", "Green tea" } },
	{ "agora", { "V2", "own-2", "222", "Coffee" } },
	{ "agora", { "V3", "a3", "", "Salt" } },
	{ "agora", { "V4", "", "", "HONEY" } },
	{ "agora", { "V5", "A5", "", "Soap" } },
	{ "agora", { "V6", "A6", "", "Oil" } },
	{ "agora", { "V7", "A6", "", "Oil, 1 l" } },
	{ "agora", { "V8", "none", "999", "Cup" } },
	{ "agora", { "V9", "A2", "", "Coffee, old" } },
	{ "agora", { "V10", "", "222", "Coffee, 1 kg" } },
};

static struct outcome
list_items(void *state, enum listing_by by, const char *text,
           const struct listing_sink *sink)
{
	const struct fake_adapter *f = state;

	(void)by;
	(void)text;
	for (size_t i = 0; i < sizeof(things) / sizeof(*things); i++)
		if (!strcmp(things[i].account, f->account) &&
		    sink->listing(sink->ctx, &things[i].thing))
			return outcome_of(VERDICT_RETRY, "the sink ended it");
	return outcome_of(VERDICT_DONE, "listed");
}

static struct adapter_ops erp_ops;
static struct adapter_ops till_ops;
static const struct adapter_ops *const adapters[] = { &erp_ops, &till_ops,
	                                              NULL };
static struct lifecycle_parts parts;

static void
put(const char *sku, const char *name, const char *erp, const char *agora)
{
	struct item item = { .sku = text_dup(sku), .name = text_dup(name) };

	store_world_bind(world, sku, "erp", erp);
	if (*agora)
		store_world_bind(world, sku, "agora", agora);
	assert_int_equal(store_registry_put(world->store, &item, NULL), 0);
	item_fini(&item);
}

static int
begin(void **state)
{
	world = *state;
	store_world_flush(world);
	cli_world_configure(world, world->redis.url, "erp", true);
	erp_ops = fake_erp_ops;
	erp_ops.list_items = list_items;
	till_ops = fake_till_ops;
	till_ops.list_items = list_items;
	parts = cli_world_parts;
	parts.adapters = adapters;
	put("A1", "Tea", "E1", "");
	put("A2", "Coffee", "E2", "V2");
	put("A3", "Salt", "E3", "");
	put("A4", "Honey", "E4", "");
	put("A5", "Soap", "E5", "");
	put("a5", "Soap, too", "E6", "");
	put("A6", "Oil", "E7", "");
	return 0;
}

/* "items match": the erp comes first, for its barcodes say more. */
static void
match(struct cli options)
{
	char conf[CLI_WORLD_PATH];
	char word[] = "match";
	char *words[] = { word };
	int status = 0;
	pid_t pid;

	cli_world_path(world, conf, "gateway.json");
	options.conf_path = conf;
	options.parts = &parts;
	options.argc = 1;
	options.argv = words;
	(void)fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		cli_world_redirect(world, STDOUT_FILENO, "out");
		cli_world_redirect(world, STDERR_FILENO, "err");
		status = (int)cli_items(&options);
		exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	cli_world_read(world, out, "out");
	cli_world_read(world, err, "err");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_CODE_DONE);
}

static void
says(const char *text)
{
	if (!strstr(out, text))
		fail_msg("\"%s\" is not in: %s", text, out);
}

/* "A1=V1 A2=V2 …": how the items are bound at the till. */
static int
add_bound(void *ctx, struct item *item)
{
	const struct binding *b = item_find_binding(item, "agora");

	if (b)
		buf_addf(ctx, "%s=%s ", item->sku, b->typed);
	return 0;
}

static void
assert_bound(const char *expected)
{
	struct buf text = BUF_INIT;

	assert_int_equal(
		store_registry_each_item(world->store, add_bound, &text), 0);
	assert_string_equal(buf_text(&text), expected);
	buf_fini(&text);
}

/* ---- the tests ---- */

static void
test_cli_match__one_table_has_every_end(void **state)
{
	(void)state;
	match((struct cli){ .is_dry = false });
	says("erp: 2 bound, 0 matched, 0 ambiguous, 0 unknown; 0 of our "
	     "items are neither bound nor matched\n");
	says("agora: 1 bound, 2 matched, 5 ambiguous, 2 unknown; 4 of our "
	     "items are neither bound nor matched\n"
	     "             id there  sku   name          why\n"
	     "  matched    V1        A1    Green tea     barcode 111\n"
	     "  matched    V3        A3    Salt          its SKU\n"
	     "  ambiguous  V5        A5    Soap          its SKU fits A5, a5\n"
	     "  ambiguous  V6        A6    Oil           its SKU fits A6, and "
	     "so does another thing\n"
	     "  ambiguous  V7        A6    Oil, 1 l      its SKU fits A6, and "
	     "so does another thing\n"
	     "  ambiguous  V9        A2    Coffee, old   its SKU fits A2, "
	     "which is bound to V2\n"
	     "  ambiguous  V10             Coffee, 1 kg  its barcode fits A2, "
	     "which is bound to V2\n"
	     "  unknown    V4              HONEY         perhaps A4, which has "
	     "that name\n"
	     "  unknown    V8        none  Cup\n"
	     "  bound      V2        A2    Coffee        already\n"
	     "kiosk: 0 bound, 0 matched, 0 ambiguous, 0 unknown; 7 of our "
	     "items are neither bound nor matched\n"
	     "nothing was written: --apply binds what matched\n");
	assert_string_equal(err, "");
	assert_bound("A2=V2 ");
}

static void
test_cli_match__only_what_is_clear_is_bound(void **state)
{
	(void)state;
	match((struct cli){ .is_apply = true });
	says("\n2 bindings were written\n");
	assert_bound("A1=V1 A2=V2 A3=V3 ");
	match((struct cli){ .is_apply = true });
	says("agora: 3 bound, 0 matched, 5 ambiguous, 2 unknown; 4 of our "
	     "items");
	says("  bound      V1        A1    Green tea     already\n");
	says("\n0 bindings were written\n");
	assert_bound("A1=V1 A2=V2 A3=V3 ");
}

/* "V1 A1, V3 A3, ": each thing of a list, and this of it. */
static void
assert_list(const struct json_node *account, const char *list, const char *key,
            const char *expected)
{
	const struct json_node *all = json_find(account, list);
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < json_length(all); i++)
		buf_addf(&text, "%s %s, ",
		         json_text_or(json_at(all, i), "external", "?"),
		         json_text_or(json_at(all, i), key, "-"));
	assert_string_equal(buf_text(&text), expected);
	buf_fini(&text);
}

static void
test_cli_match__programs_are_told_the_same(void **state)
{
	const struct json_node *agora;
	struct json *doc = NULL;
	int64_t n = -1;

	(void)state;
	match((struct cli){ .is_json = true, .is_apply = true });
	assert_int_equal(json_parse(&doc, out, strlen(out)), 0);
	agora = json_at(json_find(json_root(doc), "accounts"), 1);
	assert_string_equal(json_text_or(agora, "account", ""), "agora");
	assert_list(agora, "matched", "item", "V1 A1, V3 A3, ");
	assert_list(agora, "matched", "by", "V1 barcode, V3 sku, ");
	assert_list(agora, "ambiguous", "sku",
	            "V5 A5, V6 A6, V7 A6, V9 A2, V10 , ");
	assert_list(agora, "unknown", "perhaps", "V4 A4, V8 -, ");
	assert_list(agora, "already_bound", "item", "V2 A2, ");
	assert_int_equal(json_get_int(&n, json_root(doc), "written"), 0);
	assert_int_equal(n, 2);
	json_free(doc);
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_cli_match__one_table_has_every_end),
		EACH(test_cli_match__only_what_is_clear_is_bound),
		EACH(test_cli_match__programs_are_told_the_same),
	};

	return cmocka_run_group_tests(tests, store_world_setup,
	                              store_world_teardown);
}
