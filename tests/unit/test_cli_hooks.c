/*
 * tillbridge hooks: a system is told to call us, and its key is kept.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/cli/cli.h"
#include "gateway/cli/keep.h"
#include "tests/support/cli_world.h"
#include "tests/support/store_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEY "the-k3y-that-the-vendor-made"

static struct store_world *world;
static char out[CLI_WORLD_TEXT]; /* stdout of the last command */
static char err[CLI_WORLD_TEXT]; /* its stderr */

/* ---- a system that can be told, and two that cannot ---- */

/* What it answers; the command's process has a copy. */
static struct outcome answer;
static const char *steps;
static const char *made_key;

static int
open_(void **state, const struct adapter_env *env)
{
	(void)env;
	*state = NULL;
	return 0;
}

static void
close_(void *state)
{
	(void)state;
}

/* It is seen in the folder that it was really told. */
static struct outcome
register_hooks(void *state, const struct hook_job *job)
{
	(void)state;
	buf_adds(job->what, steps);
	if (!job->is_dry) {
		cli_world_write(world, "told", job->url);
		buf_adds(job->secret, made_key);
	}
	return answer;
}

static const struct conf_row no_rows[] = { { .key = NULL } };
static const struct conf_row own_rows[] = {
	{ .key = "token", .kind = CONF_SECRET, .meaning = "A token." },
	{ .key = NULL },
};
static const struct conf_row hook_rows[] = {
	{ .key = "hook.key", .kind = CONF_SECRETS, .meaning = "A key." },
	{ .key = "hook.url", .kind = CONF_TEXT, .meaning = "An address." },
	{ .key = NULL },
};
static const struct adapter_ops willing = {
	.name = "willing",
	.options = own_rows,
	.open = open_,
	.close = close_,
	.register_hooks = register_hooks,
};
static const struct adapter_ops unwilling = {
	.name = "unwilling",
	.options = no_rows,
	.open = open_,
	.close = close_,
};
static const struct adapter_ops mute = {
	.name = "mute",
	.options = no_rows,
	.open = open_,
	.close = close_,
};
static const struct adapter_ops *const adapters[] = { &willing, &unwilling,
	                                              &mute, NULL };
static const struct handler_ops *const handlers[] = { NULL };

#define URL "https://127.0.0.1:1"

static const struct conf_type types[] = {
	{ "willing", own_rows, hook_rows, URL, 0 },
	{ "unwilling", no_rows, hook_rows, URL, 0 },
	{ "mute", no_rows, NULL, URL, 0 },
};

static const struct lifecycle_parts parts = {
	.adapters = adapters,
	.handlers = handlers,
	.types = types,
	.n_types = 3,
	.version = "1.2.3",
};

/* public: members of it; agora: of the account that can be told. */
static void
configure(const char *public, const char *agora)
{
	char text[2000];

	(void)snprintf(text, sizeof(text),
	               "{ \"public\": { %s \"certificate\": \"server.pem\" },"
	               "  \"redis\": { \"url\": \"%s\" },"
	               "  \"stock\": { \"authority\": \"agora\" },"
	               "  \"accounts\": ["
	               "    { \"name\": \"agora\", \"type\": \"willing\" %s },"
	               "    { \"name\": \"kiosk\", \"type\": \"unwilling\" },"
	               "    { \"name\": \"cellar\", \"type\": \"mute\" } ] }",
	               public, world->redis.url, agora);
	cli_world_write(world, "server.pem", "");
	cli_world_write(world, "gateway.json", text);
}

#define PUBLIC  "\"url\": \"https://hooks.example.com/\","
#define BY_FILE ", \"hook\": { \"key\": \"file:agora.key\" }"

static void
remove_file(const char *name)
{
	char path[CLI_WORLD_PATH];

	cli_world_path(world, path, name);
	(void)unlink(path);
}

static int
begin(void **state)
{
	world = *state;
	store_world_flush(world);
	answer = outcome_done();
	steps = "subscribe to all of it\n";
	made_key = KEY;
	remove_file("told");
	remove_file("agora.key");
	remove_file("other.key");
	configure(PUBLIC, BY_FILE);
	return 0;
}

/* ---- running the command in a process of its own ---- */

static int
run(struct cli cli, char *name)
{
	char conf[CLI_WORLD_PATH];
	char word[] = "register";
	char *words[] = { word, name };
	int status = 0;
	pid_t pid;

	cli_world_path(world, conf, "gateway.json");
	cli.conf_path = conf;
	cli.parts = &parts;
	cli.argc = 2;
	cli.argv = words;
	(void)fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(STDIN_FILENO);
		(void)open("/dev/null", O_RDONLY);
		cli_world_redirect(world, STDOUT_FILENO, "out");
		cli_world_redirect(world, STDERR_FILENO, "err");
		status = (int)cli_hooks(&cli);
		exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	cli_world_read(world, out, "out");
	cli_world_read(world, err, "err");
	assert_null(strstr(out, KEY));
	assert_null(strstr(err, KEY));
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
register_at(const char *account)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "%s", account);
	return run((struct cli){ .is_yes = true }, name);
}

static void
assert_says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in: %s", part, text);
}

static bool
is_told(void)
{
	char path[CLI_WORLD_PATH];

	cli_world_path(world, path, "told");
	return access(path, F_OK) == 0;
}

static void
assert_file(const char *name, const char *expected)
{
	char text[CLI_WORLD_TEXT];

	cli_world_read(world, text, name);
	assert_string_equal(text, expected);
}

/* ---- the tests ---- */

static void
test_cli_hooks__tells_the_system_and_keeps_its_key(void **state)
{
	char path[CLI_WORLD_PATH];
	struct stat st;

	(void)state;
	assert_int_equal(register_at("agora"), EXIT_CODE_DONE);
	assert_says(out, "agora shall call https://hooks.example.com/hooks/"
	                 "agora\n  subscribe to all of it\n");
	assert_says(out, "SIGHUP");
	assert_file("told", "https://hooks.example.com/hooks/agora");
	assert_file("agora.key", KEY "\n");
	cli_world_path(world, path, "agora.key");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	steps = "";
	assert_int_equal(register_at("agora"), EXIT_CODE_DONE);
	assert_says(out, "nothing to do");
	assert_file("agora.key", KEY "\n");
}

static void
test_cli_hooks__does_nothing_that_nobody_agreed_to(void **state)
{
	char name[] = "agora";

	(void)state;
	assert_int_equal(run((struct cli){ .is_dry = true }, name),
	                 EXIT_CODE_DONE);
	assert_says(out, "subscribe to all of it");
	assert_int_equal(run((struct cli){ .is_yes = false }, name),
	                 EXIT_CODE_USAGE);
	assert_says(err, "--yes");
	assert_int_equal(run((struct cli){ .is_json = true }, name),
	                 EXIT_CODE_USAGE);
	assert_false(is_told());
}

static void
test_cli_hooks__says_where_a_key_without_a_file_may_go(void **state)
{
	char name[] = "agora";
	char path[CLI_WORLD_PATH];

	(void)state;
	configure(PUBLIC, ", \"hook\": { \"key\": \"env:NOT_SET_HERE\" }");
	assert_int_equal(register_at("agora"), EXIT_CODE_FAILED);
	assert_true(is_told());
	assert_says(err, "--secret-file");
	cli_world_path(world, path, "other.key");
	assert_int_equal(
		run((struct cli){ .is_yes = true, .secret_file = path }, name),
		EXIT_CODE_DONE);
	assert_file("other.key", KEY "\n");
	/* Wherever it has it from. */
	configure(PUBLIC, ", \"hook\": { \"key\": \"" KEY "\" }");
	assert_int_equal(register_at("agora"), EXIT_CODE_DONE);
	assert_says(out, "hook.key has its key already");
}

static void
test_cli_hooks__leaves_another_key_where_it_is(void **state)
{
	(void)state;
	cli_world_write(world, "agora.key", "somebody's\n");
	assert_int_equal(register_at("agora"), EXIT_CODE_FAILED);
	assert_says(err, "holds another key");
	assert_file("agora.key", "somebody's\n");
	cli_world_write(world, "agora.key", "\n");
	assert_int_equal(register_at("agora"), EXIT_CODE_DONE);
	assert_file("agora.key", KEY "\n");
}

static void
test_cli_hooks__says_what_stands_against_it(void **state)
{
	(void)state;
	assert_int_equal(register_at("agor"), EXIT_CODE_USAGE);
	assert_says(err, "no account agor; there are: agora, kiosk, cellar");
	assert_int_equal(register_at("cellar"), EXIT_CODE_FAILED);
	assert_says(err, "cellar has no callbacks");
	assert_int_equal(register_at("kiosk"), EXIT_CODE_FAILED);
	assert_says(err, "by hand, for https://hooks.example.com/hooks/kiosk");
	answer = outcome_of(VERDICT_LOCKED, "a personal token is needed");
	assert_int_equal(register_at("agora"), EXIT_CODE_FAILED);
	assert_says(err, "locked: a personal token is needed");
	assert_false(is_told()); /* the dry run failed already */
	configure(PUBLIC, BY_FILE ", \"token\": \"env:NOT_SET_HERE\"");
	assert_int_equal(register_at("agora"), EXIT_CODE_CONFIGURATION);
	assert_says(err, "agora.token: env:NOT_SET_HERE has no secret");
	configure("", BY_FILE);
	assert_int_equal(register_at("agora"), EXIT_CODE_CONFIGURATION);
	assert_says(err, "public.url is not set");
}

static void
test_cli_hooks__an_address_of_its_own_goes_first(void **state)
{
	(void)state;
	configure("", ", \"hook\": { \"key\": \"file:agora.key\","
	              " \"url\": \"https://other.example.com/x\" }");
	assert_int_equal(register_at("agora"), EXIT_CODE_DONE);
	assert_file("told", "https://other.example.com/x");
}

static void
test_cli_hooks__tells_programs(void **state)
{
	char name[] = "agora";

	(void)state;
	assert_int_equal(
		run((struct cli){ .is_yes = true, .is_json = true }, name),
		EXIT_CODE_DONE);
	assert_says(out, "{\"account\":\"agora\",\"url\":\"https://"
	                 "hooks.example.com/hooks/agora\",\"done\":true,"
	                 "\"steps\":[\"subscribe to all of it\"],\"key\":");
	answer = outcome_of(VERDICT_RETRY, "no answer");
	assert_int_equal(
		run((struct cli){ .is_yes = true, .is_json = true }, name),
		EXIT_CODE_FAILED);
	assert_says(out, "\"done\":false");
	assert_says(out, "\"error\":\"no answer\"");
}

/* ---- the file of a secret ---- */

static enum keep_end
keep(const char *name, const char *text, char why[120])
{
	char path[CLI_WORLD_PATH];
	struct buf secret = BUF_INIT;
	struct buf reason = BUF_INIT;
	enum keep_end end;

	cli_world_path(world, path, name);
	buf_adds(&secret, text);
	end = keep_file(path, &secret, &reason);
	(void)snprintf(why, 120, "%s", buf_text(&reason));
	buf_fini(&secret);
	buf_fini(&reason);
	return end;
}

static void
test_keep__writes_what_is_missing_and_replaces_nothing(void **state)
{
	char link[CLI_WORLD_PATH];
	char why[120];

	(void)state;
	assert_int_equal(keep("other.key", "one", why), KEEP_WRITTEN);
	assert_file("other.key", "one\n");
	assert_int_equal(keep("other.key", "one", why), KEEP_SAME);
	assert_int_equal(keep("other.key", "two", why), KEEP_OTHER);
	assert_file("other.key", "one\n");
	cli_world_write(world, "other.key", "");
	assert_int_equal(keep("other.key", "two", why), KEEP_WRITTEN);
	assert_file("other.key", "two\n");
	assert_int_equal(keep("nowhere/key", "one", why), KEEP_FAILED);
	assert_says(why, "No such file");
	cli_world_path(world, link, "agora.key");
	assert_int_equal(symlink("other.key", link), 0);
	assert_int_equal(keep("agora.key", "two", why), KEEP_FAILED);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
		TEST(test_cli_hooks__tells_the_system_and_keeps_its_key),
		TEST(test_cli_hooks__does_nothing_that_nobody_agreed_to),
		TEST(test_cli_hooks__says_where_a_key_without_a_file_may_go),
		TEST(test_cli_hooks__leaves_another_key_where_it_is),
		TEST(test_cli_hooks__says_what_stands_against_it),
		TEST(test_cli_hooks__an_address_of_its_own_goes_first),
		TEST(test_cli_hooks__tells_programs),
		TEST(test_keep__writes_what_is_missing_and_replaces_nothing),
	};

	return cmocka_run_group_tests(tests, store_world_setup,
	                              store_world_teardown);
}
