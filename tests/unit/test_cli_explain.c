/*
 * tillbridge explain: the answer on a terminal and for programs.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/json.h"
#include "gateway/cli/cli.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/drivers/store_timeline.h"
#include "tests/support/cli_world.h"
#include "tests/support/store_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct store_world *world;
static char out[4096]; /* stdout of the last command */
static char err[4096]; /* its stderr */

static int
begin(void **state)
{
	world = *state;
	store_world_flush(world);
	cli_world_configure(world, world->redis.url, "erp", false);
	return 0;
}

/* ---- running the command in a process of its own ---- */

static int
run(bool is_json, char *sku)
{
	char conf[128];
	char *words[] = { sku };
	const struct cli cli = { .conf_path = conf,
		                 .parts = &cli_world_parts,
		                 .argc = sku ? 1 : 0,
		                 .argv = words,
		                 .is_json = is_json };
	int status = 0;
	pid_t pid;

	cli_world_path(world, conf, "gateway.json");
	(void)fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		cli_world_redirect(world, STDOUT_FILENO, "out");
		cli_world_redirect(world, STDERR_FILENO, "err");
		status = (int)cli_explain(&cli);
		exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	cli_world_read(world, out, "out");
	cli_world_read(world, err, "err");
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Bound everywhere, five in erp, shown at agora. */
static void
make_item(void)
{
	const struct stock_read read = { .authority = "erp",
		                         .tick = 1000000,
		                         .fetched_ms = clock_wall_ms(),
		                         .cause = MARK_HOOK };
	const struct stock_balance balance = { .sku = "Tea-1",
		                               .qty = decimal_of(5) };
	const struct stock_published row = { .sku = "Tea-1",
		                             .qty = decimal_of(5) };

	store_world_bind(world, "Tea-1", "erp", "E-1");
	store_world_bind(world, "Tea-1", "agora", "A-1");
	assert_int_equal(
		store_stock_balances(world->store, &read, &balance, 1, NULL),
		0);
	assert_int_equal(store_stock_published(world->store, "agora", &row, 1),
	                 0);
	store_timeline_add(world->store, "Tea-1", clock_wall_ms(),
	                   TIMELINE_WRITTEN, "agora", "showed 4, target 5");
	store_timeline_flush(world->store);
}

static void
test_cli_explain__prints_the_reason_and_what_happened(void **state)
{
	char sku[] = "Tea-1";

	(void)state;
	make_item();
	assert_int_equal(run(false, sku), EXIT_CODE_DONE);
	assert_non_null(strstr(out, "Tea-1\n"));
	assert_non_null(strstr(out, "authority    erp (the default)\n"));
	assert_non_null(strstr(out, "balance      5, read "));
	assert_non_null(strstr(out, "pending      0\n"));
	assert_non_null(strstr(out, "\nagora shows 5: 5 in erp.\n"));
	assert_non_null(strstr(out, "bound to   A-1 = A-1\n"));
	assert_non_null(strstr(out, "published  5, written 20"));
	assert_non_null(strstr(out, "agora  written  showed 4, target 5\n"));
	assert_string_equal(err, "");
}

static void
test_cli_explain__prints_the_same_as_json(void **state)
{
	char sku[] = "Tea-1";
	struct json *doc = NULL;
	const struct json_node *channels;
	const struct json_node *lines;
	struct decimal balance;

	(void)state;
	make_item();
	assert_int_equal(run(true, sku), EXIT_CODE_DONE);
	assert_int_equal(json_parse(&doc, out, strlen(out)), 0);
	assert_int_equal(json_get_decimal(&balance, json_root(doc), "balance"),
	                 0);
	assert_int_equal(decimal_cmp(balance, decimal_of(5)), 0);
	channels = json_find(json_root(doc), "channels");
	assert_int_equal(json_length(channels), 1);
	assert_string_equal(
		json_text_or(json_at(channels, 0), "conclusion", ""),
		"agora shows 5: 5 in erp");
	lines = json_find(json_root(doc), "timeline");
	assert_int_equal(json_length(lines), 1);
	assert_string_equal(json_text_or(json_at(lines, 0), "kind", ""),
	                    "written");
	json_free(doc);
}

static void
test_cli_explain__names_what_is_near_an_unknown_sku(void **state)
{
	char sku[] = "TEA-1";
	char far[] = "zzz";

	(void)state;
	make_item();
	assert_int_equal(run(false, sku), EXIT_CODE_FAILED);
	assert_non_null(strstr(err, "TEA-1: there is no such item; near it: "
	                            "Tea-1\n"));
	assert_string_equal(out, "");
	assert_int_equal(run(false, far), EXIT_CODE_FAILED);
	assert_non_null(strstr(err, "tillbridge items list"));
}

/* Names, reasons and what happened: all is somebody else's text. */
static void
test_cli_explain__what_systems_said_moves_no_cursor(void **state)
{
	const struct health_fact facts[] = { { "state", "refused" },
		                             { "why", CLI_WORLD_HOSTILE } };
	char sku[] = "Tea-1";

	(void)state;
	make_item();
	store_world_bind(world, sku, "kiosk", "k" CLI_WORLD_HOSTILE);
	assert_int_equal(store_health_set(world->store, "agora", facts, 2), 0);
	store_timeline_add(world->store, sku, clock_wall_ms(), TIMELINE_LEFT,
	                   "agora", CLI_WORLD_HOSTILE);
	store_timeline_flush(world->store);
	assert_int_equal(run(false, sku), EXIT_CODE_DONE);
	cli_world_assert_tame(out);
	assert_non_null(strstr(out, "left     " CLI_WORLD_TAMED "\n"));
	assert_non_null(strstr(out, "bound to   k" CLI_WORLD_TAMED));
	assert_int_equal(run(true, sku), EXIT_CODE_DONE);
	cli_world_assert_tame(out);
	assert_non_null(strstr(out, "\\u009b31m"));
}

static void
test_cli_explain__wants_one_sku(void **state)
{
	(void)state;
	assert_int_equal(run(false, NULL), EXIT_CODE_USAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			test_cli_explain__prints_the_reason_and_what_happened,
			begin),
		cmocka_unit_test_setup(
			test_cli_explain__prints_the_same_as_json, begin),
		cmocka_unit_test_setup(
			test_cli_explain__names_what_is_near_an_unknown_sku,
			begin),
		cmocka_unit_test_setup(
			test_cli_explain__what_systems_said_moves_no_cursor,
			begin),
		cmocka_unit_test_setup(test_cli_explain__wants_one_sku, begin),
	};

	return cmocka_run_group_tests(tests, store_world_setup,
	                              store_world_teardown);
}
