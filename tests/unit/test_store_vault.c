/*
 * The vault on a real Redis: twice on disk, the newer counts, one lock.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_vault.h"
#include "tests/support/store_world.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME "abc123"

static struct store_world *world;
static struct store_vault *keeper;
static struct vault *vault;
static char state_dir[96];
static char path[160];

/* An empty folder, an empty Redis. */
static int
begin(void **state)
{
	static int n;

	world = *state;
	store_world_flush(world);
	(void)snprintf(state_dir, sizeof(state_dir), "%s/s%d", world->redis.dir,
	               n++);
	(void)snprintf(path, sizeof(path), "%s/vault/" NAME, state_dir);
	assert_int_equal(mkdir(state_dir, 0700), 0);
	assert_int_equal(store_vault_new(&keeper, world->store, state_dir), 0);
	vault = store_vault_port(keeper);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	store_vault_free(keeper);
	return 0;
}

static int
put(int64_t version, const char *text)
{
	return vault_put(vault, NAME, version, text);
}

static void
assert_holds(int64_t version, const char *text)
{
	struct buf out = BUF_INIT;
	int64_t found = 0;

	assert_int_equal(vault_get(vault, &out, &found, NAME), 0);
	assert_int_equal(found, version);
	assert_string_equal(buf_text(&out), text);
	buf_fini(&out);
}

static void
assert_file(const char *expected)
{
	char text[200] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	(void)fclose(f);
	assert_string_equal(text, expected);
}

static void
write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	(void)fputs(text, f);
	(void)fclose(f);
}

static void
test_store_vault__what_was_never_put_is_absent(void **state)
{
	struct buf out = BUF_INIT;
	int64_t version = 0;

	(void)state;
	assert_int_equal(vault_get(vault, &out, &version, NAME), VAULT_ABSENT);
	buf_fini(&out);
}

static void
test_store_vault__what_was_put_lies_in_redis_and_in_a_private_file(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(put(1, "one\ntwo"), 0);
	assert_holds(1, "one\ntwo");
	assert_string_equal(
		store_world_say(world, "HGET test:vault:" NAME " n"), "1");
	assert_file("1\none\ntwo");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	*strrchr(path, '/') = '\0';
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void
test_store_vault__a_version_is_put_once(void **state)
{
	(void)state;
	assert_int_equal(put(1, "first"), 0);
	assert_int_equal(put(1, "first"), 0); /* its answer was lost */
	assert_int_equal(put(1, "other"), VAULT_MOVED);
	assert_int_equal(put(2, "next"), 0);
	assert_int_equal(put(1, "first"), VAULT_MOVED);
	assert_holds(2, "next");
	assert_file("2\nnext");
}

static void
test_store_vault__survives_the_loss_of_redis(void **state)
{
	(void)state;
	assert_int_equal(put(1, "first"), 0);
	assert_int_equal(put(2, "kept"), 0);
	(void)store_world_say(world, "FLUSHALL");
	assert_holds(2, "kept");
	assert_string_equal(
		store_world_say(world, "HGET test:vault:" NAME " n"), "2");
}

static void
test_store_vault__the_newer_one_counts(void **state)
{
	(void)state;
	assert_int_equal(put(1, "first"), 0);
	write_file("7\nsaved");
	assert_holds(7, "saved");
	/* Another installation on the same Redis has put the next one. */
	(void)store_world_say(world,
	                      "HSET test:vault:" NAME " n 8 text theirs");
	assert_holds(8, "theirs");
	assert_file("8\ntheirs");
	/* And one of the same version: that of Redis is everybody's. */
	write_file("8\nours");
	assert_holds(8, "theirs");
	assert_file("8\ntheirs");
}

static void
test_store_vault__a_file_that_is_none_is_no_text(void **state)
{
	static const char *const bad[] = {
		"", "x", "5", "-1\nt", "0\nt", "1 t"
	};

	(void)state;
	assert_int_equal(put(1, "first"), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		write_file(bad[i]);
		assert_holds(1, "first");
		assert_file("1\nfirst");
	}
}

static void
test_store_vault__without_redis_nothing_is_known(void **state)
{
	struct buf out = BUF_INIT;
	int64_t version = 0;

	(void)state;
	assert_int_equal(put(1, "first"), 0);
	redis_server_kill(&world->redis);
	assert_int_equal(vault_get(vault, &out, &version, NAME), ERR_STORE);
	/* What came now is not lost, though it is not to be used yet. */
	assert_int_equal(put(2, "next"), ERR_STORE);
	assert_file("2\nnext");
	redis_server_again(&world->redis, NULL);
	assert_holds(2, "next");
	assert_int_equal(put(2, "next"), 0);
	buf_fini(&out);
}

/* In a process of its own, which waits for the folder's lock when it has
   written to Redis. */
static pid_t
put_in_child(const char *text)
{
	pid_t pid = fork();
	struct store *store = NULL;
	struct store_vault *v = NULL;

	if (pid)
		return pid;
	if (store_new(&store, &world->options) ||
	    store_vault_new(&v, store, state_dir))
		_exit(1);
	(void)vault_put(store_vault_port(v), NAME, 2, text);
	_exit(0);
}

static void
test_store_vault__killed_between_the_two_writes_it_is_there(void **state)
{
	char lock[200];
	int fd;
	pid_t pid;
	int64_t until = clock_mono_ms() + 20000;

	(void)state;
	assert_int_equal(put(1, "first"), 0);
	(void)snprintf(lock, sizeof(lock), "%s/vault/.lock", state_dir);
	fd = open(lock, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	pid = put_in_child("second");
	assert_true(pid > 0);
	while (strcmp(store_world_say(world, "HGET test:vault:" NAME " n"),
	              "2") &&
	       clock_mono_ms() < until)
		clock_sleep_ms(5);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_file("1\nfirst");
	assert_int_equal(close(fd), 0);
	assert_holds(2, "second");
	assert_file("2\nsecond");
}

static void
test_store_vault__half_a_file_is_never_seen(void **state)
{
	char fresh[200];
	FILE *f;

	(void)state;
	assert_int_equal(put(1, "first"), 0);
	/* What a kill within the write leaves. */
	(void)snprintf(fresh, sizeof(fresh), "%s/vault/.new", state_dir);
	f = fopen(fresh, "w");
	assert_non_null(f);
	(void)fputs("2\nsec", f);
	(void)fclose(f);
	(void)store_world_say(world, "FLUSHALL");
	assert_holds(1, "first");
	assert_int_equal(put(2, "second"), 0);
	assert_file("2\nsecond");
}

static void
test_store_vault__a_full_disk_does_not_hide_what_redis_has(void **state)
{
	char folder[160];

	(void)state;
	(void)snprintf(folder, sizeof(folder), "%s/vault", state_dir);
	(void)store_world_say(world, "HSET test:vault:" NAME " n 3 text there");
	assert_int_equal(symlink("/dev/full/nowhere", folder), 0);
	assert_int_equal(put(4, "next"), ERR_OS);
	assert_int_equal(unlink(folder), 0);
	assert_holds(4, "next");
}

static void
test_store_vault__one_at_a_time_has_the_lock(void **state)
{
	struct store_vault *other = NULL;
	int64_t wait_ms = 0;

	(void)state;
	assert_int_equal(store_vault_new(&other, world->store, state_dir), 0);
	assert_int_equal(vault_lock(vault, NAME, 60000, &wait_ms), 0);
	assert_int_equal(
		vault_lock(store_vault_port(other), NAME, 60000, &wait_ms),
		VAULT_TAKEN);
	assert_true(wait_ms > 0);
	vault_unlock(store_vault_port(other), NAME); /* not its own */
	assert_int_equal(
		vault_lock(store_vault_port(other), NAME, 60000, &wait_ms),
		VAULT_TAKEN);
	assert_int_equal(
		vault_lock(store_vault_port(other), "other", 60000, &wait_ms),
		0);
	vault_unlock(vault, NAME);
	assert_int_equal(
		vault_lock(store_vault_port(other), NAME, 60000, &wait_ms), 0);
	store_vault_free(other);
}

static void
test_store_vault__the_lock_of_a_dead_process_ends(void **state)
{
	struct store_vault *other = NULL;
	int64_t until = clock_mono_ms() + 20000;
	int64_t wait_ms = 0;
	int r;

	(void)state;
	assert_int_equal(store_vault_new(&other, world->store, state_dir), 0);
	assert_int_equal(vault_lock(vault, NAME, 30, &wait_ms), 0);
	do {
		r = vault_lock(store_vault_port(other), NAME, 60000, &wait_ms);
		clock_sleep_ms(5);
	} while (r == VAULT_TAKEN && clock_mono_ms() < until);
	assert_int_equal(r, 0);
	store_vault_free(other);
}

static void
test_store_vault__is_not_locked_more_than_a_few_times_a_minute(void **state)
{
	int64_t wait_ms = 0;

	(void)state;
	for (int i = 0; i < VAULT_LOCKS_MAX; i++) {
		assert_int_equal(vault_lock(vault, NAME, 60000, &wait_ms), 0);
		vault_unlock(vault, NAME);
	}
	assert_int_equal(vault_lock(vault, NAME, 60000, &wait_ms), VAULT_OFTEN);
	assert_in_range(wait_ms, 1, 70000);
	/* The first time is a minute ago: one more, and not all of them anew. */
	(void)store_world_say(world, "PEXPIRE test:vault:locks:" NAME ":1 1");
	clock_sleep_ms(5);
	assert_int_equal(vault_lock(vault, NAME, 60000, &wait_ms), 0);
	vault_unlock(vault, NAME);
	assert_int_equal(vault_lock(vault, NAME, 60000, &wait_ms), VAULT_OFTEN);
}

/* The limit is of one authorisation: there may be any number of these. */
static void
test_store_vault__many_accounts_are_locked_in_one_minute(void **state)
{
	char name[32];
	int64_t wait_ms = 0;

	(void)state;
	for (int i = 0; i < 20 * VAULT_LOCKS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "account-%d", i);
		assert_int_equal(vault_lock(vault, name, 60000, &wait_ms), 0);
	}
	for (int i = 0; i < 20 * VAULT_LOCKS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "account-%d", i);
		vault_unlock(vault, name);
		assert_int_equal(vault_lock(vault, name, 60000, &wait_ms), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(test_store_vault__what_was_never_put_is_absent),
		TEST(test_store_vault__what_was_put_lies_in_redis_and_in_a_private_file),
		TEST(test_store_vault__a_version_is_put_once),
		TEST(test_store_vault__survives_the_loss_of_redis),
		TEST(test_store_vault__the_newer_one_counts),
		TEST(test_store_vault__a_file_that_is_none_is_no_text),
		TEST(test_store_vault__without_redis_nothing_is_known),
		TEST(test_store_vault__killed_between_the_two_writes_it_is_there),
		TEST(test_store_vault__half_a_file_is_never_seen),
		TEST(test_store_vault__a_full_disk_does_not_hide_what_redis_has),
		TEST(test_store_vault__one_at_a_time_has_the_lock),
		TEST(test_store_vault__the_lock_of_a_dead_process_ends),
		TEST(test_store_vault__is_not_locked_more_than_a_few_times_a_minute),
		TEST(test_store_vault__many_accounts_are_locked_in_one_minute),
	};

	return cmocka_run_group_tests(tests, store_world_setup,
	                              store_world_teardown);
}
