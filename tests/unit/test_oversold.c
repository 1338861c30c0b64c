/*
 * When a sale, a look and the clock find more sold than there was.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/drivers/store_oversold.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/model/metrics.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"

#include <string.h>

static struct engine_world *world;
static struct store *store;
static struct fake_adapter *erp;
static struct fake_adapter *agora;

static int
begin(void **state)
{
	world = *state;
	store = world->base.store;
	(void)engine_world_empty(state);
	erp = world->erp.state;
	agora = world->agora.state;
	engine_world_item(world, "A1", "5");
	fake_clock_advance(1000);
	return 0;
}

static void
look(struct worker *w, enum mark_cause cause)
{
	engine_world_mark(world, w, "i:A1", cause);
	engine_world_rest(world);
}

/* Sold at agora; its entry is refused, so it stays pending. */
static void
sell(const char *qty)
{
	fake_adapter_next(erp, "post", outcome_of(VERDICT_REFUSED, "bad"),
	                  false);
	fake_adapter_sell(agora, "O1", "A-A1", qty);
	look(&world->agora, MARK_HOOK);
}

/* The units that lack of A1; "" when it is not listed. Static. */
static const char *
missing(void)
{
	static char text[DECIMAL_TEXT_SIZE];
	struct oversold_row *rows = NULL;
	size_t n = 0;

	assert_int_equal(store_oversold_list(store, &rows, &n, 5), 0);
	text[0] = '\0';
	if (n)
		(void)decimal_format(text, rows[0].missing);
	oversold_rows_free(rows, n);
	return text;
}

static void
test_oversold__a_sale_beyond_the_stock_is_told(void **state)
{
	int64_t before = metrics_get(METRIC_oversold);

	(void)state;
	sell("7");
	assert_string_equal(missing(), "2");
	assert_int_equal(metrics_get(METRIC_oversold), before + 1);
	assert_true(fake_adapter_shows(agora, "A-A1", "0"));
}

static void
test_oversold__a_sale_within_the_stock_is_not(void **state)
{
	(void)state;
	sell("5");
	assert_string_equal(missing(), "");
}

static void
test_oversold__a_balance_below_zero_without_a_sale_is_not(void **state)
{
	(void)state;
	fake_adapter_set(erp, "E-A1", "-3");
	look(&world->erp, MARK_HOOK);
	assert_string_equal(missing(), "");
}

/* A till that keeps the stock shows below zero only what it has sold. */
static void
test_oversold__by_the_till_that_keeps_the_stock_is_told(void **state)
{
	struct item item = { .sku = text_dup("A1"),
		             .authority = text_dup("agora") };

	(void)state;
	assert_int_equal(store_registry_put(store, &item, NULL), 0);
	engine_world_rest(world);
	fake_adapter_sell(agora, "O1", "A-A1", "6");
	look(&world->agora, MARK_HOOK);
	assert_string_equal(missing(), "1");
	fake_adapter_set(agora, "A-A1", "2");
	look(&world->agora, MARK_HOOK);
	assert_string_equal(missing(), "");
	item_fini(&item);
}

/* The till sold three of five, while Galaxy sold four: at the sale there was
   enough of it, as far as anybody knew. */
static void
test_oversold__both_sold_the_last_at_the_same_time(void **state)
{
	(void)state;
	sell("3");
	assert_string_equal(missing(), "");
	fake_adapter_set(erp, "E-A1", "1");
	look(&world->erp, MARK_HOOK);
	assert_string_equal(missing(), "2");
}

static void
test_oversold__it_ends_with_the_look_after_a_receipt(void **state)
{
	(void)state;
	sell("7");
	fake_adapter_set(erp, "E-A1", "20");
	look(&world->erp, MARK_HOOK);
	assert_string_equal(missing(), "");
}

#define EACH(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_oversold__a_sale_beyond_the_stock_is_told),
		EACH(test_oversold__a_sale_within_the_stock_is_not),
		EACH(test_oversold__a_balance_below_zero_without_a_sale_is_not),
		EACH(test_oversold__by_the_till_that_keeps_the_stock_is_told),
		EACH(test_oversold__both_sold_the_last_at_the_same_time),
		EACH(test_oversold__it_ends_with_the_look_after_a_receipt),
	};

	return cmocka_run_group_tests(tests, engine_world_setup,
	                              engine_world_teardown);
}
