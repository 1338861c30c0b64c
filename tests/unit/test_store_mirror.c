/*
 * An account's tables in Redis.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/err.h"
#include "gateway/drivers/store_mirror.h"
#include "tests/support/store_world.h"

#include <stdio.h>
#include <string.h>

static struct store_world *world;
static struct store_mirror *keeper;
static struct mirror *m;

static int
begin(void **state)
{
	world = *state;
	store_world_flush(world);
	if (store_mirror_new(&keeper, world->store, "erp"))
		return -1;
	m = store_mirror_port(keeper);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	store_mirror_free(keeper);
	return 0;
}

static void
put(const char *key, const char *json, const char *name)
{
	assert_int_equal(mirror_put(m, "items", key, json, &name, 1), 0);
}

static void
flush(void)
{
	assert_int_equal(mirror_flush(m, NULL, NULL), 0);
}

static void
assert_row(const char *key, const char *json)
{
	struct buf out = BUF_INIT;

	assert_int_equal(mirror_get(m, &out, "items", key),
	                 json ? 0 : MIRROR_ABSENT);
	assert_string_equal(buf_text(&out), json ? json : "");
	buf_fini(&out);
}

static void
assert_name(const char *name, int expected, const char *key)
{
	struct buf out = BUF_INIT;

	assert_int_equal(mirror_find_name(m, &out, "items", name), expected);
	if (!expected)
		assert_string_equal(buf_text(&out), key);
	buf_fini(&out);
}

static void
assert_note(const char *name, const char *value)
{
	struct buf out = BUF_INIT;

	assert_int_equal(mirror_note_get(m, &out, name),
	                 value ? 0 : MIRROR_ABSENT);
	assert_string_equal(buf_text(&out), value ? value : "");
	buf_fini(&out);
}

static int
count_row(void *ctx, const char *key, const char *json, size_t n)
{
	assert_non_null(key);
	assert_int_equal(strlen(json), n);
	++*(int *)ctx;
	return 0;
}

static void
test_store_mirror__rows_are_there_after_a_flush_with_their_names(void **state)
{
	(void)state;
	put("K1", "{\"a\":1}", "Code-1");
	assert_row("K1", NULL);
	flush();
	assert_row("K1", "{\"a\":1}");
	assert_name("code-1", 0, "K1");
	assert_name("CODE-1", 0, "K1");
	assert_name("code", MIRROR_ABSENT, NULL);
}

static void
test_store_mirror__a_name_it_had_before_is_gone(void **state)
{
	(void)state;
	put("K1", "{}", "old");
	flush();
	put("K1", "{}", "new");
	flush();
	assert_name("old", MIRROR_ABSENT, NULL);
	assert_name("new", 0, "K1");
}

static void
test_store_mirror__a_name_of_two_rows_is_ambiguous(void **state)
{
	(void)state;
	put("K1", "{}", "same");
	put("K2", "{}", "same");
	flush();
	assert_name("same", MIRROR_AMBIGUOUS, NULL);
}

static void
test_store_mirror__a_cursor_moves_together_with_its_rows(void **state)
{
	(void)state;
	put("K1", "{}", "one");
	assert_note("cursor", NULL);
	/* The rows cannot be written: nor may the cursor be. */
	(void)store_world_say(world, "SET test:names:erp:items x");
	assert_int_equal(mirror_flush(m, "cursor", "7"), ERR_STORE);
	assert_note("cursor", NULL);
	(void)store_world_say(world, "DEL test:names:erp:items");
	put("K1", "{}", "two");
	assert_int_equal(mirror_flush(m, "cursor", "7"), 0);
	assert_note("cursor", "7");
	assert_row("K1", "{}");
}

static void
test_store_mirror__thousands_of_rows_are_written_in_batches(void **state)
{
	int visited = 0;

	(void)state;
	for (int i = 0; i < 2500; i++) {
		char key[16];

		(void)snprintf(key, sizeof(key), "K%d", i);
		put(key, "{}", key);
	}
	flush();
	assert_int_equal(mirror_each(m, "items", count_row, &visited), 0);
	assert_int_equal(visited, 2500);
}

static void
test_store_mirror__a_full_pull_removes_what_it_did_not_see(void **state)
{
	(void)state;
	put("K1", "{}", "one");
	put("K2", "{}", "two");
	flush();
	assert_int_equal(mirror_full_begin(m, "items"), 0);
	put("K2", "{}", "two");
	assert_row("K1", "{}");
	assert_int_equal(mirror_full_end(m, "items"), 0);
	assert_row("K1", NULL);
	assert_name("one", MIRROR_ABSENT, NULL);
	assert_row("K2", "{}");
}

static void
test_store_mirror__a_pull_that_broke_off_removes_nothing(void **state)
{
	(void)state;
	put("K1", "{}", "one");
	put("K2", "{}", "two");
	flush();
	assert_int_equal(mirror_full_begin(m, "items"), 0);
	put("K1", "{}", "one"); /* … and the list ended with an error */
	assert_int_equal(mirror_full_begin(m, "items"), 0);
	put("K2", "{}", "two");
	assert_int_equal(mirror_full_end(m, "items"), 0);
	assert_row("K1", NULL); /* of the second pull only */
	assert_row("K2", "{}");
}

static void
test_store_mirror__notes_are_per_account(void **state)
{
	struct store_mirror *other = NULL;
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(mirror_note_set(m, "a", "1"), 0);
	assert_int_equal(store_mirror_new(&other, world->store, "agora"), 0);
	assert_int_equal(mirror_note_get(store_mirror_port(other), &out, "a"),
	                 MIRROR_ABSENT);
	store_mirror_free(other);
	buf_fini(&out);
	assert_note("a", "1");
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_store_mirror__rows_are_there_after_a_flush_with_their_names),
		EACH(test_store_mirror__a_name_it_had_before_is_gone),
		EACH(test_store_mirror__a_name_of_two_rows_is_ambiguous),
		EACH(test_store_mirror__a_cursor_moves_together_with_its_rows),
		EACH(test_store_mirror__thousands_of_rows_are_written_in_batches),
		EACH(test_store_mirror__a_full_pull_removes_what_it_did_not_see),
		EACH(test_store_mirror__a_pull_that_broke_off_removes_nothing),
		EACH(test_store_mirror__notes_are_per_account),
	};

	return cmocka_run_group_tests(tests, store_world_setup,
	                              store_world_teardown);
}
