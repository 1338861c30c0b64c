#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/buf.h"
#include "gateway/model/item.h"

static struct decimal
of(const char *text)
{
	struct decimal d;

	assert_int_equal(decimal_parse(&d, text), 0);
	return d;
}

static void
assert_target(const char *balance, const char *pending, const char *reserve,
              int places, const char *expected)
{
	char text[DECIMAL_TEXT_SIZE];

	decimal_format(text, item_target(of(balance), of(pending), of(reserve),
	                                 places));
	assert_string_equal(text, expected);
}

static void
test_item__target_is_balance_less_pending_less_reserve(void **state)
{
	(void)state;
	assert_target("10", "3", "2", 0, "5");
	assert_target("10", "0", "0", 0, "10");
}

static void
test_item__a_pending_return_adds_to_the_target(void **state)
{
	(void)state;
	assert_target("10", "-1", "0", 0, "11");
}

static void
test_item__target_is_never_below_zero(void **state)
{
	(void)state;
	assert_target("1", "3", "0", 0, "0");
	assert_target("-2.5", "0", "0", 5, "0");
}

static void
test_item__target_is_rounded_down_to_what_a_channel_holds(void **state)
{
	(void)state;
	assert_target("2.999", "0", "0", 0, "2");
	assert_target("2.999", "0", "0", 2, "2.99");
	assert_target("0.123456789", "0", "0", 5, "0.12345");
	assert_target("1", "0.000000001", "0", 0, "0");
}

static void
test_item__finds_the_binding_of_an_account(void **state)
{
	struct item item = { 0 };
	struct binding *binding;

	(void)state;
	assert_null(item_find_binding(&item, "erp"));
	binding = item_add_binding(&item);
	assert_non_null(binding);
	binding->account = text_dup("erp");
	binding->external = text_dup("1-2");
	binding = item_add_binding(&item);
	assert_non_null(binding);
	assert_null(binding->external);
	binding->account = text_dup("till");
	assert_string_equal(item_find_binding(&item, "erp")->external, "1-2");
	assert_null(item_find_binding(&item, "till")->external);
	assert_null(item_find_binding(&item, "Till"));
	item_fini(&item);
	item_fini(&item);
	assert_int_equal(item.n_bindings, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_item__target_is_balance_less_pending_less_reserve),
		cmocka_unit_test(
			test_item__a_pending_return_adds_to_the_target),
		cmocka_unit_test(test_item__target_is_never_below_zero),
		cmocka_unit_test(
			test_item__target_is_rounded_down_to_what_a_channel_holds),
		cmocka_unit_test(test_item__finds_the_binding_of_an_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
