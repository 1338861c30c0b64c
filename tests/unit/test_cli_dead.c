/*
 * tillbridge dead: what a person reads before and after a decision.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/json.h"
#include "gateway/cli/cli.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_stock.h"
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

static int
begin(void **state)
{
	world = *state;
	store_world_flush(world);
	cli_world_configure(world, world->redis.url, "erp", false);
	fake_adapter_of("erp")->has_no_look_up = true;
	return 0;
}

static int
run_as(struct cli cli)
{
	char conf[CLI_WORLD_PATH];
	int status = 0;
	pid_t pid;

	cli_world_path(world, conf, "gateway.json");
	cli.conf_path = conf;
	cli.parts = &cli_world_parts;
	(void)fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		cli_world_redirect(world, STDOUT_FILENO, "out");
		cli_world_redirect(world, STDERR_FILENO, "err");
		status = (int)cli_dead(&cli);
		exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	cli_world_read(world, out, "out");
	cli_world_read(world, err, "err");
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
run(char *word, char *id)
{
	char *words[] = { word, id };

	return run_as((struct cli){ .argc = id ? 2 : 1, .argv = words });
}

/* "dead WORD ID" fails, and says this. */
static void
refuses(const char *word, const char *id, const char *says)
{
	char *words[] = { text_dup(word), text_dup(id) };

	assert_int_equal(run(words[0], words[1]), EXIT_CODE_FAILED);
	if (!strstr(err, says))
		fail_msg("\"%s\" is not in: %s", says, err);
	assert_null(strstr(err, "confirm is for"));
	free(words[0]);
	free(words[1]);
}

static void
says(const char *text)
{
	if (!strstr(out, text))
		fail_msg("\"%s\" is not in: %s", text, out);
}

static void
make_entry(const char *sale, const char *state)
{
	struct entry e = {
		.id = text_format("agora/%s", sale),
		.docid = text_dup("TB-1"),
		.account = text_dup("agora"),
		.sale = text_dup(sale),
		.authority = text_dup("erp"),
		.occurred_ms = INT64_C(1790000000123),
	};
	const struct ledger_new new = { &e, state, "no answer", true };
	const struct ledger_change change = { .account = "agora",
		                              .sale = sale,
		                              .entries = &new,
		                              .n_entries = 1 };
	struct entry_line *line = entry_add_line(&e);

	assert_non_null(line);
	line->uid = text_dup("1");
	line->sku = text_dup("Tea-1");
	line->external = text_dup("E-1");
	line->qty = decimal_of(2);
	assert_int_equal(store_ledger_apply(world->store, &change), 0);
	entry_fini(&e);
}

static void
let_it_be_asked(void)
{
	static const char member[] = MARK_LOOK_UP;
	const char *const members[] = { member };

	fake_adapter_of("erp")->has_no_look_up = false;
	assert_int_equal(store_marks_add(world->store, "erp", members, 1,
	                                 MARK_SALE, clock_wall_ms() + 60000),
	                 0);
}

/* ---- the tests ---- */

static void
test_cli_dead__lists_what_is_looked_up_as_nothing_to_decide(void **state)
{
	char list[] = "list";

	(void)state;
	make_entry("S1", "uncertain");
	assert_int_equal(run(list, NULL), EXIT_CODE_DONE);
	assert_null(strstr(out, "automatically"));
	let_it_be_asked();
	assert_int_equal(run(list, NULL), EXIT_CODE_DONE);
	says("it is looked up at erp automatically, about now");
	says("nothing to decide");
}

static void
test_cli_dead__confirming_what_is_looked_up_warns(void **state)
{
	char confirm[] = "confirm";
	char id[] = "entry/agora/S1";

	(void)state;
	make_entry("S1", "uncertain");
	let_it_be_asked();
	assert_int_equal(run(confirm, id), EXIT_CODE_DONE);
	assert_non_null(strstr(err, "warning: entry/agora/S1: it is looked up "
	                            "at erp automatically, about now"));
	assert_non_null(strstr(err, "the document is there and complete"));
	says("confirmed");
}

static void
test_cli_dead__confirming_where_nobody_can_ask_does_not_warn(void **state)
{
	char confirm[] = "confirm";
	char id[] = "entry/agora/S1";

	(void)state;
	make_entry("S1", "uncertain");
	assert_int_equal(run(confirm, id), EXIT_CODE_DONE);
	assert_string_equal(err, "");
}

static void
test_cli_dead__a_second_decision_names_the_state(void **state)
{
	static const char *const skus[] = { "Tea-1" };
	char retry[] = "retry";
	char drop[] = "drop";
	char first[] = "entry/agora/S1";
	char second[] = "entry/agora/S2";

	(void)state;
	make_entry("S1", "uncertain");
	make_entry("S2", "uncertain");
	make_entry("S3", "held");
	assert_int_equal(store_stock_hold(world->store, "kiosk", skus, 1), 0);
	assert_int_equal(run(drop, first), EXIT_CODE_DONE);
	assert_int_equal(run(retry, second), EXIT_CODE_DONE);
	refuses("drop", first, "entry/agora/S1: it was dropped");
	refuses("confirm", first, "entry/agora/S1: it was dropped");
	refuses("retry", second, "entry/agora/S2: it waits to be posted");
	refuses("confirm", "entry/agora/S3", "it is held: retry posts it");
	refuses("confirm", "hold/kiosk", "retry releases them");
}

static void
test_cli_dead__retry_of_all_counts_and_names_what_it_leaves(void **state)
{
	char retry[] = "retry";
	char *words[] = { retry };

	(void)state;
	make_entry("S1", "uncertain");
	make_entry("S2", "held");
	assert_int_equal(run_as((struct cli){ .argc = 1,
	                                      .argv = words,
	                                      .is_all = true,
	                                      .is_dry = true }),
	                 EXIT_CODE_DONE);
	says("would retry entry/agora/S2: ");
	says("1 would be retried\n");
	says("1 uncertain, would be left");
	says("\n  entry/agora/S1: 2 x Tea-1 -> erp\n");
	assert_int_equal(run_as((struct cli){
				 .argc = 1, .argv = words, .is_all = true }),
	                 EXIT_CODE_DONE);
	says("1 retried\n1 uncertain, left as it is");
	assert_int_equal(run_as((struct cli){
				 .argc = 1, .argv = words, .is_all = true }),
	                 EXIT_CODE_DONE);
	says("0 retried\n");
}

/* A till made the sale's id up, and a system its reason. */
static void
test_cli_dead__what_systems_said_moves_no_cursor(void **state)
{
	char retry[] = "retry";
	char list[] = "list";
	char show[] = "show";
	char id[] = "entry/agora/S1" CLI_WORLD_HOSTILE;
	char *words[] = { retry };

	(void)state;
	make_entry("S1" CLI_WORLD_HOSTILE, "uncertain");
	assert_int_equal(run(list, NULL), EXIT_CODE_DONE);
	cli_world_assert_tame(out);
	says("entry/agora/S1" CLI_WORLD_TAMED);
	assert_int_equal(run(show, id), EXIT_CODE_DONE);
	cli_world_assert_tame(out);
	says("entry/agora/S1" CLI_WORLD_TAMED);
	assert_int_equal(run_as((struct cli){
				 .argc = 1, .argv = words, .is_all = true }),
	                 EXIT_CODE_DONE);
	cli_world_assert_tame(out);
	says("\n  entry/agora/S1" CLI_WORLD_TAMED);
}

static void
test_cli_dead__show_is_for_reading(void **state)
{
	char at[CLI_TIME_SIZE];
	char happened[CLI_TIME_SIZE + 20];
	char show[] = "show";
	char id[] = "entry/agora/S1";
	char *words[] = { show, id };
	struct json *doc = NULL;

	(void)state;
	make_entry("S1", "uncertain");
	assert_int_equal(run(show, id), EXIT_CODE_DONE);
	(void)snprintf(happened, sizeof(happened), "happened     %s\n",
	               cli_time(at, INT64_C(1790000000123)));
	says("entry/agora/S1\nstate        uncertain\nwhy          no "
	     "answer\n");
	says(happened);
	says("goes to      erp\n");
	says("\n  sku    quantity  price  its id there\n"
	     "  Tea-1         2      -  E-1\n\n");
	says("to do        it is uncertain: confirm it if the document is "
	     "there "
	     "and complete");
	assert_null(strstr(out, "1790000000123"));
	assert_null(strchr(out, '{'));
	assert_int_equal(run_as((struct cli){
				 .argc = 2, .argv = words, .is_json = true }),
	                 EXIT_CODE_DONE);
	assert_int_equal(json_parse(&doc, out, strlen(out)), 0);
	assert_string_equal(json_text_or(json_root(doc), "state", ""),
	                    "uncertain");
	json_free(doc);
}

static void
test_cli_dead__shows_held_zeros_as_a_table(void **state)
{
	static const char *const skus[] = { "Tea-1" };
	const struct stock_published row = { .sku = "Tea-1",
		                             .qty = decimal_of(7) };
	char show[] = "show";
	char id[] = "hold/kiosk";

	(void)state;
	assert_int_equal(store_stock_published(world->store, "kiosk", &row, 1),
	                 0);
	assert_int_equal(store_stock_hold(world->store, "kiosk", skus, 1), 0);
	assert_int_equal(run(show, id), EXIT_CODE_DONE);
	says("\n  Tea-1      7  20");
	says("to do        retry sets them to zero");
}

static bool
is_so(const struct json_node *node, const char *key)
{
	bool is = false;

	assert_int_equal(json_get_bool(&is, node, key), 0);
	return is;
}

/* "dead WORD ID…" with --json ended so; *doc is what it said. */
static void
decides_json(struct json **doc, struct cli cli, int status)
{
	cli.is_json = true;
	assert_int_equal(run_as(cli), status);
	assert_int_equal(json_parse(doc, out, strlen(out)), 0);
	assert_int_equal(is_so(json_root(*doc), "ok"),
	                 status == EXIT_CODE_DONE);
}

static const struct json_node *
letter(const struct json *doc, size_t i)
{
	return json_at(json_find(json_root(doc), "letters"), i);
}

static void
test_cli_dead__a_program_reads_what_came_of_each_decision(void **state)
{
	char confirm[] = "confirm";
	char drop[] = "drop";
	char first[] = "entry/agora/S1";
	char held[] = "hold/kiosk";
	char *both[] = { confirm, first, held };
	char *one[] = { drop, held };
	static const char *const skus[] = { "Tea-1" };
	struct json *doc = NULL;
	int64_t zeros = 0;

	(void)state;
	make_entry("S1", "uncertain");
	assert_int_equal(store_stock_hold(world->store, "kiosk", skus, 1), 0);
	decides_json(&doc, (struct cli){ .argc = 3, .argv = both },
	             EXIT_CODE_FAILED);
	assert_string_equal(json_text_or(json_root(doc), "decision", ""),
	                    "confirm");
	assert_string_equal(json_text_or(letter(doc, 0), "id", ""), first);
	assert_true(is_so(letter(doc, 0), "done"));
	assert_string_equal(json_text_or(letter(doc, 1), "id", ""), held);
	assert_false(is_so(letter(doc, 1), "done"));
	assert_string_equal(json_text_or(letter(doc, 1), "why", ""),
	                    "held zeros have nothing to confirm: retry "
	                    "releases them, drop forgets them");
	json_free(doc);
	decides_json(&doc, (struct cli){ .argc = 2, .argv = one },
	             EXIT_CODE_DONE);
	assert_int_equal(json_get_int(&zeros, letter(doc, 0), "zeros"), 0);
	assert_int_equal(zeros, 1);
	json_free(doc);
}

static void
test_cli_dead__a_program_reads_what_a_retry_of_all_leaves(void **state)
{
	char retry[] = "retry";
	char *words[] = { retry };
	struct cli cli = { .argc = 1, .argv = words, .is_all = true };

	(void)state;
	make_entry("S1", "uncertain");
	make_entry("S2", "held");
	for (int i = 0; i < 2; i++) {
		struct json *doc = NULL;

		cli.is_dry = i == 0;
		decides_json(&doc, cli, EXIT_CODE_DONE);
		assert_true(is_so(json_root(doc), "dry_run") == cli.is_dry);
		assert_string_equal(json_text_or(letter(doc, 0), "id", ""),
		                    "entry/agora/S2");
		assert_true(is_so(letter(doc, 0), "done") != cli.is_dry);
		assert_null(letter(doc, 1));
		assert_string_equal(
			json_text_or(
				json_at(json_find(json_root(doc), "left"), 0),
				"id", ""),
			"entry/agora/S1");
		json_free(doc);
	}
}

static void
test_cli_dead__with_quiet_only_what_went_wrong_is_said(void **state)
{
	char retry[] = "retry";
	char drop[] = "drop";
	char id[] = "entry/agora/S1";
	char *all[] = { retry };
	char *one[] = { drop, id };

	(void)state;
	make_entry("S1", "uncertain");
	make_entry("S2", "held");
	assert_int_equal(run_as((struct cli){ .argc = 1,
	                                      .argv = all,
	                                      .is_all = true,
	                                      .is_quiet = true }),
	                 EXIT_CODE_DONE);
	assert_string_equal(out, "");
	assert_int_equal(run_as((struct cli){
				 .argc = 2, .argv = one, .is_quiet = true }),
	                 EXIT_CODE_DONE);
	assert_string_equal(out, "");
	assert_int_equal(run_as((struct cli){
				 .argc = 2, .argv = one, .is_quiet = true }),
	                 EXIT_CODE_FAILED);
	assert_string_equal(out, "");
	assert_non_null(strstr(err, "it was dropped"));
}

/* More than are told at once. */
static void
test_cli_dead__retry_of_all_means_all(void **state)
{
	static const char *const skus[] = { "Tea-1" };
	char retry[] = "retry";
	char list[] = "list";
	char *words[] = { retry };
	const struct cli all = {
		.argc = 1, .argv = words, .is_all = true, .is_quiet = true
	};

	(void)state;
	make_entry("S1", "uncertain");
	for (int i = 0; i < 1050; i++) {
		char account[16];

		(void)snprintf(account, sizeof(account), "till-%d", i);
		assert_int_equal(
			store_stock_hold(world->store, account, skus, 1), 0);
	}
	assert_int_equal(run(list, NULL), EXIT_CODE_DONE);
	assert_non_null(strstr(err, "the oldest 1000 are listed"));
	assert_int_equal(run_as(all), EXIT_CODE_DONE);
	assert_int_equal(run(list, NULL), EXIT_CODE_DONE);
	says("entry/agora/S1");
	assert_null(strstr(out, "hold/"));
	assert_string_equal(err, "");
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_cli_dead__lists_what_is_looked_up_as_nothing_to_decide),
		EACH(test_cli_dead__confirming_what_is_looked_up_warns),
		EACH(test_cli_dead__confirming_where_nobody_can_ask_does_not_warn),
		EACH(test_cli_dead__a_second_decision_names_the_state),
		EACH(test_cli_dead__retry_of_all_counts_and_names_what_it_leaves),
		EACH(test_cli_dead__what_systems_said_moves_no_cursor),
		EACH(test_cli_dead__show_is_for_reading),
		EACH(test_cli_dead__shows_held_zeros_as_a_table),
		EACH(test_cli_dead__a_program_reads_what_came_of_each_decision),
		EACH(test_cli_dead__a_program_reads_what_a_retry_of_all_leaves),
		EACH(test_cli_dead__retry_of_all_means_all),
		EACH(test_cli_dead__with_quiet_only_what_went_wrong_is_said),
	};

	return cmocka_run_group_tests(tests, store_world_setup,
	                              store_world_teardown);
}
