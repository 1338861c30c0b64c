/*
 * tillbridge sync: the command runs in a process of its own, the test plays
 * the workers.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/json.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/sync.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_lease.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_sync.h"
#include "tests/support/cli_world.h"
#include "tests/support/store_world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HASTE = 40, WAIT_MS = 10000 };

static struct store_world *world;
static char out[4096]; /* stdout of the last command */
static char err[4096]; /* its stderr */

static void
configure(const char *redis)
{
	cli_world_configure(world, redis, "erp", true);
}

static int
begin(void **state)
{
	world = *state;
	store_world_flush(world);
	configure(world->redis.url);
	return 0;
}

/* ---- the command, in a process of its own ---- */

/* Half a minute of its patience is less than a second of ours. */
static int64_t
hasty_mono_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return ((int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000) * HASTE;
}

static pid_t
start_cli(struct cli cli, char *account)
{
	char conf[128];
	char *words[] = { account, NULL };
	pid_t pid;

	cli.conf_path = conf;
	cli.parts = &cli_world_parts;
	cli.argc = account ? 1 : 0;
	cli.argv = words;
	cli_world_path(world, conf, "gateway.json");
	(void)fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		cli_world_redirect(world, STDOUT_FILENO, "out");
		cli_world_redirect(world, STDERR_FILENO, "err");
		clock_replace(NULL, hasty_mono_ms);
		exit((int)cli_sync(&cli));
	}
	return pid;
}

static pid_t
start_as(bool is_full, bool is_dry, char *account)
{
	return start_cli((struct cli){ .is_full = is_full, .is_dry = is_dry },
	                 account);
}

static pid_t
start(bool is_full, char *account)
{
	return start_as(is_full, false, account);
}

static int
end(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	cli_world_read(world, out, "out");
	cli_world_read(world, err, "err");
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
assert_says(const char *text, const char *says)
{
	if (!strstr(text, says))
		fail_msg("\"%s\" is not in: %s", says, text);
}

/* ---- the workers ---- */

static void
serve(const char *lease)
{
	int64_t token;

	assert_int_equal(
		store_lease_hold(world->store, &token, lease, "test", 60000),
		0);
}

static bool
is_asked(const char *account, const char *mark)
{
	bool asked = false;

	assert_int_equal(
		store_sync_is_asked(world->store, &asked, account, mark), 0);
	return asked;
}

static void
wait_asked(const char *account, const char *mark)
{
	int64_t until = clock_mono_ms() + WAIT_MS;

	while (!is_asked(account, mark)) {
		assert_true(clock_mono_ms() < until);
		clock_sleep_ms(5);
	}
}

static void
set_fact(const char *account, const char *name, const char *value)
{
	const struct health_fact fact = { name, value };

	assert_int_equal(store_health_set(world->store, account, &fact, 1), 0);
}

/* All facts of a moment at once, as it looks to the command. */
static void
show_progress(const char *account, const char *entity, const char *rows)
{
	const struct health_fact facts[] = {
		{ "state", "ok" },
		{ "sync_kind", "full" },
		{ "sync_entity", entity },
		{ "sync_rows", rows },
	};

	assert_int_equal(store_health_set(world->store, account, facts, 4), 0);
	clock_sleep_ms(500); /* more than two looks */
}

static void
finish(const char *account)
{
	store_world_unmark(world, account);
}

/* ---- the tests ---- */

static void
test_cli_sync__ends_well_when_the_workers_are_done(void **state)
{
	pid_t pid;

	(void)state;
	serve("worker:erp");
	serve("worker:agora");
	pid = start(false, NULL);
	wait_asked("erp", MARK_CATCH_UP);
	wait_asked("agora", MARK_CATCH_UP);
	finish("erp");
	finish("agora");
	assert_int_equal(end(pid), EXIT_CODE_DONE);
	assert_says(out, "erp: catch-up done in ");
	assert_says(out, "agora: catch-up done in ");
	assert_string_equal(err, "");
}

static void
test_cli_sync__leaves_a_paused_account_alone(void **state)
{
	char kiosk[] = "kiosk";
	pid_t pid;

	(void)state;
	serve("worker:erp");
	serve("worker:agora");
	pid = start(false, NULL);
	wait_asked("agora", MARK_CATCH_UP);
	assert_false(is_asked("kiosk", MARK_CATCH_UP));
	finish("erp");
	finish("agora");
	assert_int_equal(end(pid), EXIT_CODE_DONE);
	assert_int_equal(end(start(false, kiosk)), EXIT_CODE_FAILED);
	assert_says(err, "kiosk is paused");
	assert_false(is_asked("kiosk", MARK_CATCH_UP));
}

static void
test_cli_sync__tells_list_by_list_what_is_read(void **state)
{
	char erp[] = "erp";
	pid_t pid;

	(void)state;
	serve("worker:erp");
	pid = start(true, erp);
	wait_asked("erp", MARK_FULL);
	show_progress("erp", "customers", "1");
	show_progress("erp", "items", "120");
	show_progress("erp", "items", "500");
	finish("erp");
	assert_int_equal(end(pid), EXIT_CODE_DONE);
	assert_says(out, "erp: customers, 1 row\n"
	                 "erp: items, 500 rows\n"
	                 "erp: full sync done in ");
	assert_null(strstr(out, "120"));
	assert_null(strchr(out, '\033'));
	assert_false(is_asked("agora", MARK_FULL));
}

static void
test_cli_sync__a_dry_run_prints_what_it_found(void **state)
{
	char erp[] = "erp";
	pid_t pid;

	(void)state;
	serve("worker:erp");
	pid = start_as(true, true, erp);
	wait_asked("erp", MARK_DRY_FULL);
	assert_false(is_asked("erp", MARK_FULL));
	set_fact("erp", "sync_report",
	         "{\"verdict\":\"done\",\"why\":\"\",\"lists\":["
	         "{\"name\":\"items\",\"rows\":120,\"written\":7,"
	         "\"gone\":2}],\"counts\":43,\"differ\":1}");
	finish("erp");
	assert_int_equal(end(pid), EXIT_CODE_DONE);
	assert_string_equal(out,
	                    "erp: dry run of a full sync; nothing was written\n"
	                    "  list   rows  new or changed  gone\n"
	                    "  items   120               7     2\n"
	                    "  43 counts read, 1 differs\n");
}

static void
test_cli_sync__tells_programs(void **state)
{
	char erp[] = "erp";
	struct json *doc = NULL;
	const struct json_node *one;
	pid_t pid;

	(void)state;
	serve("worker:erp");
	pid = start_cli((struct cli){ .is_json = true, .is_dry = true }, erp);
	wait_asked("erp", MARK_DRY_CATCH_UP);
	set_fact("erp", "sync_report",
	         "{\"verdict\":\"done\",\"why\":\"\",\"lists\":[],"
	         "\"counts\":43,\"differ\":1}");
	finish("erp");
	assert_int_equal(end(pid), EXIT_CODE_DONE);
	assert_int_equal(json_parse(&doc, out, strlen(out)), 0);
	one = json_at(json_find(json_root(doc), "accounts"), 0);
	assert_string_equal(json_text_or(one, "account", ""), "erp");
	assert_non_null(strstr(out, "\"done\":true"));
	assert_non_null(strstr(out, "\"differ\":1"));
	json_free(doc);
}

static void
test_cli_sync__a_dry_run_that_broke_off_has_failed(void **state)
{
	char erp[] = "erp";
	pid_t pid;

	(void)state;
	serve("worker:erp");
	pid = start_as(false, true, erp);
	wait_asked("erp", MARK_DRY_CATCH_UP);
	set_fact("erp", "sync_report",
	         "{\"verdict\":\"retry\",\"why\":\"http 502\"}");
	finish("erp");
	assert_int_equal(end(pid), EXIT_CODE_FAILED);
	assert_says(err, "erp: the dry run broke off: http 502");
}

static void
test_cli_sync__names_the_accounts_there_are(void **state)
{
	char shop[] = "shop";

	(void)state;
	assert_int_equal(end(start(false, shop)), EXIT_CODE_USAGE);
	assert_says(err, "no account shop; there are: erp, agora, kiosk");
}

static void
test_cli_sync__knows_its_words_before_it_needs_redis(void **state)
{
	char shop[] = "shop";

	(void)state;
	configure("redis://127.0.0.1:1/0");
	assert_int_equal(end(start(false, shop)), EXIT_CODE_USAGE);
	assert_int_equal(end(start(false, NULL)), EXIT_CODE_UNREACHABLE);
	assert_says(err, "cannot reach Redis");
}

static void
test_cli_sync__without_a_daemon_the_wish_is_kept(void **state)
{
	char erp[] = "erp";

	(void)state;
	assert_int_equal(end(start(true, erp)), EXIT_CODE_FAILED);
	assert_says(err, "erp: no daemon is running");
	assert_says(err, "start it with tillbridge run -c ");
	assert_true(is_asked("erp", MARK_FULL));
}

static void
test_cli_sync__gives_up_on_one_that_is_down_and_not_on_the_others(void **state)
{
	pid_t pid;

	(void)state;
	serve("worker:erp");
	serve("worker:agora");
	set_fact("erp", "state", "waiting");
	set_fact("erp", "why", "http 503");
	pid = start(false, NULL);
	wait_asked("agora", MARK_CATCH_UP);
	finish("agora");
	assert_int_equal(end(pid), EXIT_CODE_FAILED);
	assert_says(err, "erp: does not answer as it should: http 503. ");
	assert_says(out, "agora: catch-up done");
	assert_true(is_asked("erp", MARK_CATCH_UP));
}

static void
test_cli_sync__rows_that_come_in_are_no_trouble(void **state)
{
	char erp[] = "erp";
	pid_t pid;

	(void)state;
	serve("worker:erp");
	set_fact("erp", "state", "waiting");
	pid = start(true, erp);
	wait_asked("erp", MARK_FULL);
	show_progress("erp", "items", "1");
	set_fact("erp", "state", "waiting"); /* some other call of its */
	for (int i = 2; i < 20; i++) {
		char rows[16];

		(void)snprintf(rows, sizeof(rows), "%d", i);
		set_fact("erp", "sync_rows", rows);
		clock_sleep_ms(100); /* two seconds are 80 to the command */
	}
	finish("erp");
	assert_int_equal(end(pid), EXIT_CODE_DONE);
}

static void
test_cli_sync__says_what_to_do_about_a_locked_account(void **state)
{
	char erp[] = "erp";

	(void)state;
	serve("worker:erp");
	set_fact("erp", "state", "locked");
	assert_int_equal(end(start(false, erp)), EXIT_CODE_FAILED);
	assert_says(err, "erp: refuses our credentials. Correct the password");
}

static void
test_cli_sync__an_answer_that_refuses_is_trouble_too(void **state)
{
	char erp[] = "erp";
	pid_t pid;

	(void)state;
	serve("worker:erp");
	set_fact("erp", "state", "ok");
	pid = start(false, erp);
	wait_asked("erp", MARK_CATCH_UP);
	set_fact("erp", "why", "no web scenario");
	assert_int_equal(store_health_set_int(world->store, "erp",
	                                      "last_error_ms",
	                                      clock_wall_ms() + 1000),
	                 0);
	assert_int_equal(end(pid), EXIT_CODE_FAILED);
	assert_says(err, "erp: refuses the sync: no web scenario. ");
}

static void
test_cli_sync__an_old_error_is_history(void **state)
{
	char erp[] = "erp";
	pid_t pid;

	(void)state;
	serve("worker:erp");
	set_fact("erp", "state", "ok");
	assert_int_equal(store_health_set_int(world->store, "erp",
	                                      "last_error_ms",
	                                      clock_wall_ms() - 60000),
	                 0);
	pid = start(false, erp);
	wait_asked("erp", MARK_CATCH_UP);
	clock_sleep_ms(1200); /* more than its patience */
	finish("erp");
	assert_int_equal(end(pid), EXIT_CODE_DONE);
}

static void
test_cli_sync__an_interrupt_ends_the_watching_only(void **state)
{
	char erp[] = "erp";
	pid_t pid;

	(void)state;
	serve("worker:erp");
	pid = start(true, erp);
	wait_asked("erp", MARK_FULL);
	clock_sleep_ms(300); /* it watches by now */
	assert_int_equal(kill(pid, SIGINT), 0);
	assert_int_equal(end(pid), EXIT_CODE_FAILED);
	assert_says(err, "no longer watching; the sync goes on");
	assert_true(is_asked("erp", MARK_FULL));
}

/* ---- a line on a terminal ---- */

static void
draw(struct buf *line, const struct show *show, const char *rows,
     const char *total, const char *rate)
{
	char names[][16] = { "sync_kind", "sync_entity", "sync_rows",
		             "sync_total", "sync_rate" };
	char values[][16] = { "full", "items", "", "", "" };
	char *name[5];
	char *value[5];
	struct watch w = { .name = "erp", .health = { name, value, 5 } };

	(void)snprintf(values[2], sizeof(values[2]), "%s", rows);
	(void)snprintf(values[3], sizeof(values[3]), "%s", total);
	(void)snprintf(values[4], sizeof(values[4]), "%s", rate);
	for (size_t i = 0; i < 5; i++) {
		name[i] = names[i];
		value[i] = values[i];
	}
	buf_reset(line);
	show_line(line, &w, show, 5);
}

static void
test_cli_sync__a_line_shows_how_far_it_is(void **state)
{
	const struct show show = { .is_terminal = true, .columns = 120 };
	struct buf line = BUF_INIT;

	(void)state;
	draw(&line, &show, "25000", "100000", "3000");
	assert_string_equal(buf_text(&line),
	                    "erp    items            25000 of 100000 rows  "
	                    "[======>                 ]  25%  3000/s  25 s "
	                    "left");
	draw(&line, &show, "0", "100", "0");
	assert_string_equal(buf_text(&line),
	                    "erp    items            0 of 100 rows  "
	                    "[>                       ]   0%");
	draw(&line, &show, "150", "100", "10"); /* more than last time */
	assert_string_equal(buf_text(&line),
	                    "erp    items            150 of 100 rows  "
	                    "[========================] 100%  10/s");
	draw(&line, &show, "1", "0", "0");
	assert_string_equal(buf_text(&line), "erp    items            1 row");
	buf_fini(&line);
}

/* What a system says while it is watched neither clears nor wraps the line. */
static void
test_cli_sync__a_line_is_only_text(void **state)
{
	const struct show show = { .is_terminal = true, .columns = 120 };
	struct buf line = BUF_INIT;
	char state_name[] = "state";
	char why_name[] = "why";
	char waiting[] = "waiting";
	char why[] = CLI_WORLD_HOSTILE;
	char *names[] = { state_name, why_name };
	char *values[] = { waiting, why };
	const struct watch w = { .name = "erp",
		                 .trouble_mono_ms = 1,
		                 .health = { names, values, 2 } };

	(void)state;
	show_line(&line, &w, &show, 3);
	cli_world_assert_tame(buf_text(&line));
	assert_says(buf_text(&line), CLI_WORLD_TAMED);
	buf_fini(&line);
}

static void
test_cli_sync__a_line_never_wraps(void **state)
{
	struct buf line = BUF_INIT;
	char state_name[] = "state";
	char why_name[] = "why";
	char waiting[] = "waiting";
	char why[] = "η ζυγαριά δεν απαντά, και μάλιστα εδώ και ώρα πολλή";
	char *names[] = { state_name, why_name };
	char *values[] = { waiting, why };
	const struct watch w = { .name = "erp",
		                 .trouble_mono_ms = 1,
		                 .health = { names, values, 2 } };

	(void)state;
	for (int columns = 1; columns < 90; columns++) {
		const struct show show = { .columns = columns };
		int used = 0;

		buf_reset(&line);
		show_line(&line, &w, &show, 3);
		for (size_t i = 0; i < line.n; i++)
			used += ((unsigned char)line.p[i] & 0xc0) != 0x80;
		assert_true(used < columns);
		/* No character is cut in half. */
		assert_true(!line.n ||
		            ((unsigned char)line.p[line.n - 1] & 0xc0) != 0xc0);
	}
	buf_fini(&line);
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_cli_sync__ends_well_when_the_workers_are_done),
		EACH(test_cli_sync__leaves_a_paused_account_alone),
		EACH(test_cli_sync__tells_list_by_list_what_is_read),
		EACH(test_cli_sync__a_dry_run_prints_what_it_found),
		EACH(test_cli_sync__tells_programs),
		EACH(test_cli_sync__a_dry_run_that_broke_off_has_failed),
		EACH(test_cli_sync__names_the_accounts_there_are),
		EACH(test_cli_sync__knows_its_words_before_it_needs_redis),
		EACH(test_cli_sync__without_a_daemon_the_wish_is_kept),
		EACH(test_cli_sync__gives_up_on_one_that_is_down_and_not_on_the_others),
		EACH(test_cli_sync__rows_that_come_in_are_no_trouble),
		EACH(test_cli_sync__says_what_to_do_about_a_locked_account),
		EACH(test_cli_sync__an_answer_that_refuses_is_trouble_too),
		EACH(test_cli_sync__an_old_error_is_history),
		EACH(test_cli_sync__an_interrupt_ends_the_watching_only),
		EACH(test_cli_sync__a_line_shows_how_far_it_is),
		EACH(test_cli_sync__a_line_is_only_text),
		EACH(test_cli_sync__a_line_never_wraps),
	};

	return cmocka_run_group_tests(tests, store_world_setup,
	                              store_world_teardown);
}
