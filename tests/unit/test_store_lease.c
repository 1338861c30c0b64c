/*
 * Leases: one holder at a time, and a token that only grows.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_lease.h"
#include "tests/support/store_world.h"

static struct store_world *world;
static struct store *store;

static int
begin(void **state)
{
	world = *state;
	store = world->store;
	store_world_flush(world);
	return 0;
}

static int
hold(const char *owner, int64_t ttl_ms, int64_t *token)
{
	return store_lease_hold(store, token, "scheduler", owner, ttl_ms);
}

static void
test_store_lease__has_one_holder(void **state)
{
	int64_t one = 0;
	int64_t two = 0;

	(void)state;
	assert_int_equal(hold("one", 60000, &one), 0);
	assert_true(one > 0);
	assert_int_equal(hold("two", 60000, &two), LEASE_TAKEN);
	assert_int_equal(
		store_lease_hold(store, &two, "worker:erp", "two", 60000), 0);
}

static void
test_store_lease__its_holder_keeps_the_token_while_it_lives(void **state)
{
	int64_t first = 0;
	int64_t again = 0;

	(void)state;
	assert_int_equal(hold("one", 60000, &first), 0);
	assert_int_equal(hold("one", 60000, &again), 0);
	assert_int_equal(again, first);
}

static void
test_store_lease__an_expired_one_goes_to_another_with_a_higher_token(
	void **state)
{
	int64_t first = 0;
	int64_t second = 0;

	(void)state;
	assert_int_equal(hold("one", 30, &first), 0);
	clock_sleep_ms(60);
	assert_int_equal(hold("two", 60000, &second), 0);
	assert_true(second > first);
	assert_int_equal(hold("one", 60000, &first), LEASE_TAKEN);
}

static void
test_store_lease__one_that_ran_out_and_nobody_took_goes_on(void **state)
{
	int64_t first = 0;
	int64_t second = 0;

	(void)state;
	assert_int_equal(hold("one", 30, &first), 0);
	clock_sleep_ms(60);
	assert_int_equal(hold("one", 60000, &second), 0);
	assert_int_equal(second, first);
}

static void
test_store_lease__one_that_another_had_comes_back_with_a_new_token(void **state)
{
	int64_t first = 0;
	int64_t second = 0;
	int64_t third = 0;

	(void)state;
	assert_int_equal(hold("one", 30, &first), 0);
	clock_sleep_ms(60);
	assert_int_equal(hold("two", 30, &second), 0);
	clock_sleep_ms(60);
	assert_int_equal(hold("one", 60000, &third), 0);
	assert_true(third > second);
}

static void
test_store_lease__only_its_holder_gives_it_back(void **state)
{
	int64_t token = 0;

	(void)state;
	assert_int_equal(hold("one", 60000, &token), 0);
	assert_int_equal(store_lease_release(store, "scheduler", "two"), 0);
	assert_int_equal(hold("two", 60000, &token), LEASE_TAKEN);
	assert_int_equal(store_lease_release(store, "scheduler", "one"), 0);
	assert_int_equal(hold("two", 60000, &token), 0);
}

static void
test_store_lease__without_redis_nothing_is_known(void **state)
{
	int64_t token = 0;

	(void)state;
	assert_int_equal(hold("one", 60000, &token), 0);
	(void)store_world_say(world, "CLIENT KILL TYPE normal SKIPME yes");
	assert_int_equal(hold("one", 60000, &token), ERR_STORE);
	assert_int_equal(hold("one", 60000, &token), 0);
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_store_lease__has_one_holder),
		EACH(test_store_lease__its_holder_keeps_the_token_while_it_lives),
		EACH(test_store_lease__an_expired_one_goes_to_another_with_a_higher_token),
		EACH(test_store_lease__one_that_ran_out_and_nobody_took_goes_on),
		EACH(test_store_lease__one_that_another_had_comes_back_with_a_new_token),
		EACH(test_store_lease__only_its_holder_gives_it_back),
		EACH(test_store_lease__without_redis_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, store_world_setup,
	                              store_world_teardown);
}
