/*
 * Pictures, as a cache that never grows beyond its limit.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/drivers/store_files.h"
#include "tests/support/store_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct store_world *world;
static struct buf bytes;
static char type[64];

static int
begin(void **state)
{
	world = *state;
	store_world_flush(world);
	buf_reset(&bytes);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	clock_replace(NULL, NULL);
	buf_fini(&bytes);
	return 0;
}

static void
put(const char *id, const char *text)
{
	assert_int_equal(store_file_put(world->store, "erp", id, "image/png",
	                                text, text ? strlen(text) : 0),
	                 0);
}

static int
get(const char *id)
{
	return store_file_get(world->store, &bytes, type, "erp", id);
}

static void
assert_sum(const char *sum)
{
	assert_string_equal(store_world_say(world, "GET test:files:bytes"),
	                    sum);
}

static void
test_store_files__keep_bytes_and_type(void **state)
{
	static const char picture[] = "\x89PNG\r\n\x1a\n\0\xff\0 and more";

	(void)state;
	assert_int_equal(get("p1"), FILE_ABSENT);
	assert_int_equal(store_file_put(world->store, "erp", "p1", "image/png",
	                                picture, sizeof(picture)),
	                 0);
	assert_int_equal(get("p1"), 0);
	assert_int_equal(bytes.n, sizeof(picture));
	assert_memory_equal(bytes.p, picture, sizeof(picture));
	assert_string_equal(type, "image/png");
}

static void
test_store_files__are_an_accounts_own(void **state)
{
	(void)state;
	put("p1", "of erp");
	assert_int_equal(
		store_file_get(world->store, &bytes, type, "other", "p1"),
		FILE_ABSENT);
}

static void
test_store_files__remember_for_a_while_that_there_is_none(void **state)
{
	long ttl;

	(void)state;
	put("p1", NULL);
	assert_int_equal(get("p1"), FILE_NONE);
	ttl = atol(store_world_say(world, "PTTL test:file:erp:p1"));
	assert_in_range(ttl, 590000, 600000);
	put("p1", "it came");
	assert_int_equal(get("p1"), 0);
	put("p1", NULL);
	assert_int_equal(get("p1"), FILE_NONE);
	assert_sum("0");
}

static void
test_store_files__have_none_that_is_too_large(void **state)
{
	char *large = calloc(1, FILE_MAX_BYTES + 1);

	(void)state;
	assert_non_null(large);
	assert_int_equal(store_file_put(world->store, "erp", "p1", "image/png",
	                                large, FILE_MAX_BYTES + 1),
	                 0);
	assert_int_equal(get("p1"), FILE_NONE);
	free(large);
}

static void
test_store_files__are_forgotten_after_a_week(void **state)
{
	(void)state;
	put("p1", "picture");
	assert_in_range(atol(store_world_say(world, "PTTL test:file:erp:p1")) /
	                        1000,
	                7 * 86400 - 10, 7 * 86400);
}

static void
test_store_files__count_a_replaced_one_once(void **state)
{
	(void)state;
	put("p1", "12345");
	put("p2", "123");
	assert_sum("8");
	put("p1", "1");
	assert_sum("4");
	assert_string_equal(store_world_say(world, "ZCARD test:files"), "2");
	assert_int_equal(get("p1"), 0);
	assert_string_equal(buf_text(&bytes), "1");
}

static int64_t
eight_days_ago(void)
{
	return 1700000000000;
}

static int64_t
today(void)
{
	return 1700000000000 + (int64_t)8 * 86400 * 1000;
}

static void
test_store_files__sweep_what_expired(void **state)
{
	(void)state;
	clock_replace(eight_days_ago, NULL);
	put("p1", "12345");
	(void)store_world_say(world, "DEL test:file:erp:p1");
	clock_replace(today, NULL);
	put("p2", "123");
	assert_sum("3");
	assert_string_equal(store_world_say(world, "ZCARD test:files"), "1");
	assert_string_equal(store_world_say(world, "HLEN test:files:sizes"),
	                    "1");
}

static int64_t wall_ms = 1700000000000;

static int64_t
ticking(void)
{
	return wall_ms++;
}

/* The oldest by time, not by name: q… before p…. */
static void
test_store_files__let_the_oldest_go_when_full(void **state)
{
	enum { FIT = FILES_MAX_BYTES / FILE_MAX_BYTES };
	char *large = calloc(1, FILE_MAX_BYTES);
	char id[16];
	int i;

	(void)state;
	assert_non_null(large);
	clock_replace(ticking, NULL);
	for (i = 0; i < FIT + 1; i++) {
		(void)snprintf(id, sizeof(id), "%c%d", i < 2 ? 'q' : 'p', i);
		assert_int_equal(store_file_put(world->store, "erp", id,
		                                "image/png", large,
		                                FILE_MAX_BYTES),
		                 0);
	}
	free(large);
	assert_int_equal(get("q0"), FILE_ABSENT);
	assert_int_equal(get("q1"), 0);
	assert_int_equal(get(id), 0);
	assert_int_equal(bytes.n, FILE_MAX_BYTES);
	assert_int_equal(atol(store_world_say(world, "GET test:files:bytes")),
	                 FILES_MAX_BYTES);
	put("small", "1");
	assert_int_equal(get("q1"), FILE_ABSENT);
	assert_int_equal(get("p2"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(test_store_files__keep_bytes_and_type),
		TEST(test_store_files__are_an_accounts_own),
		TEST(test_store_files__remember_for_a_while_that_there_is_none),
		TEST(test_store_files__have_none_that_is_too_large),
		TEST(test_store_files__are_forgotten_after_a_week),
		TEST(test_store_files__count_a_replaced_one_once),
		TEST(test_store_files__sweep_what_expired),
		TEST(test_store_files__let_the_oldest_go_when_full),
	};

	return cmocka_run_group_tests(tests, store_world_setup,
	                              store_world_teardown);
}
