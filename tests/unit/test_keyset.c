/*
 * Which keys were seen, of very many.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/keyset.h"

#include <stdio.h>
#include <string.h>

static void
test_keyset__an_empty_set_has_nothing(void **state)
{
	struct keyset set = { 0 };

	(void)state;
	assert_false(keyset_has(&set, "", 0));
	assert_false(keyset_has(&set, "a", 1));
	keyset_fini(&set);
	keyset_fini(&set);
}

static void
test_keyset__has_what_was_added_and_counts_it_once(void **state)
{
	struct keyset set = { 0 };

	(void)state;
	assert_int_equal(keyset_add(&set, "ab", 2), 0);
	assert_int_equal(keyset_add(&set, "ab", 2), 0);
	assert_int_equal(keyset_add(&set, "", 0), 0);
	assert_true(keyset_has(&set, "ab", 2));
	assert_true(keyset_has(&set, "", 0));
	assert_false(keyset_has(&set, "a", 1));
	assert_false(keyset_has(&set, "ba", 2));
	assert_int_equal(set.n, 2);
	keyset_fini(&set);
}

static void
test_keyset__a_hundred_thousand_keys_cost_at_most_16_bytes_each(void **state)
{
	struct keyset set = { 0 };
	char key[48];
	int n;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		n = snprintf(key, sizeof(key), "%08x-1111-4222-8333-%012d", i,
		             i);
		assert_int_equal(keyset_add(&set, key, (size_t)n), 0);
		if (i >= 512)
			assert_in_range(set.cap * sizeof(*set.slots), 1,
			                ((size_t)i + 1) * 16);
	}
	assert_int_equal(set.n, 100000);
	for (int i = 0; i < 200000; i++) {
		n = snprintf(key, sizeof(key), "%08x-1111-4222-8333-%012d", i,
		             i);
		assert_int_equal(keyset_has(&set, key, (size_t)n), i < 100000);
	}
	keyset_fini(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keyset__an_empty_set_has_nothing),
		cmocka_unit_test(
			test_keyset__has_what_was_added_and_counts_it_once),
		cmocka_unit_test(
			test_keyset__a_hundred_thousand_keys_cost_at_most_16_bytes_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
