/*
 * tillbridge status: the first line says whether it is so, or was left so.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/cli/cli.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_lease.h"
#include "tests/support/cli_world.h"
#include "tests/support/store_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

static struct store_world *world;
static char out[CLI_WORLD_TEXT]; /* stdout of the last command */

static int
begin(void **state)
{
	world = *state;
	store_world_flush(world);
	cli_world_configure(world, world->redis.url, "erp", false);
	return 0;
}

static int
run(void)
{
	char conf[CLI_WORLD_PATH];
	const struct cli cli = { .conf_path = conf, .parts = &cli_world_parts };
	int status = 0;
	pid_t pid;

	cli_world_path(world, conf, "gateway.json");
	(void)fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		cli_world_redirect(world, STDOUT_FILENO, "out");
		exit((int)cli_status(&cli));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	cli_world_read(world, out, "out");
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The schedule is somebody's: the owner's name, or this folder's own. */
static void
lease(const char *owner)
{
	char text[CLI_WORLD_TEXT];
	int64_t token;

	if (!owner) {
		cli_world_read(world, text, "state/owner");
		text[strcspn(text, "\n")] = '\0';
		owner = text;
	}
	assert_int_equal(store_lease_hold(world->store, &token, "scheduler",
	                                  owner, 15000),
	                 0);
}

static void
assert_silent(const char *since)
{
	static const char head[] = "NO DAEMON IS RUNNING HERE";
	char start[CLI_WORLD_PATH + 40];
	char conf[CLI_WORLD_PATH];
	char *end;

	assert_int_equal(run(), EXIT_CODE_FAILED);
	assert_memory_equal(out, head, sizeof(head) - 1);
	end = strchr(out, '\n');
	assert_non_null(end);
	*end = '\0';
	cli_world_path(world, conf, "gateway.json");
	(void)snprintf(start, sizeof(start), "tillbridge run -c %s", conf);
	assert_non_null(strstr(out, start));
	if (!strstr(out, since))
		fail_msg("\"%s\" is not in: %s", since, out);
	assert_non_null(strstr(end + 1, "\nagora "));
}

static void
test_cli_status__says_first_that_no_daemon_runs(void **state)
{
	char at[CLI_TIME_SIZE];
	int64_t left_ms = clock_wall_ms() - 3600000;

	(void)state;
	assert_silent("no system was asked yet");
	store_health_set_int(world->store, "agora", "last_success_ms",
	                     left_ms - 60000);
	store_health_set_int(world->store, "erp", "last_error_ms", left_ms);
	/* What is to come says nothing of what was. */
	store_health_set_int(world->store, "erp", "next_full_ms",
	                     left_ms + 7200000);
	assert_silent(cli_time(at, left_ms));
}

/* What a system said moves no cursor and begins no line of its own. */
static void
test_cli_status__a_reason_with_control_characters_is_one_line(void **state)
{
	const struct health_fact facts[] = {
		{ "state", "refused" },
		{ "why", CLI_WORLD_HOSTILE },
	};

	(void)state;
	assert_int_equal(store_health_set(world->store, "agora", facts, 2), 0);
	(void)run();
	cli_world_assert_tame(out);
	assert_non_null(strstr(out, CLI_WORLD_TAMED));
}

static void
test_cli_status__the_lease_of_a_killed_daemon_is_no_daemon(void **state)
{
	(void)state;
	assert_int_equal(run(), EXIT_CODE_FAILED); /* makes the folder's name */
	lease(NULL);
	assert_silent("no system was asked yet");
}

static void
test_cli_status__a_daemon_on_another_machine_works_too(void **state)
{
	(void)state;
	lease("feedfeedfeedfeed");
	assert_int_equal(run(), EXIT_CODE_DONE);
	assert_null(strstr(out, "NO DAEMON"));
}

static void
test_cli_status__the_lock_alone_may_be_another_command(void **state)
{
	char path[CLI_WORLD_PATH];
	int fd;

	(void)state;
	assert_int_equal(run(), EXIT_CODE_FAILED);
	cli_world_path(world, path, "state/lock");
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_silent("no system was asked yet");
	lease(NULL);
	assert_int_equal(run(), EXIT_CODE_DONE);
	assert_null(strstr(out, "NO DAEMON"));
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			test_cli_status__says_first_that_no_daemon_runs, begin),
		cmocka_unit_test_setup(
			test_cli_status__a_reason_with_control_characters_is_one_line,
			begin),
		cmocka_unit_test_setup(
			test_cli_status__the_lease_of_a_killed_daemon_is_no_daemon,
			begin),
		cmocka_unit_test_setup(
			test_cli_status__a_daemon_on_another_machine_works_too,
			begin),
		cmocka_unit_test_setup(
			test_cli_status__the_lock_alone_may_be_another_command,
			begin),
	};

	return cmocka_run_group_tests(tests, store_world_setup,
	                              store_world_teardown);
}
