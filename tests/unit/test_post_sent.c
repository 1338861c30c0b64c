/*
 * What a shop sent, on its way to the authority: orders with lines, customers
 * without any.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/drivers/store_ledger.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"

#include <stdlib.h>
#include <string.h>

#define ORDER    "api:orders/S1"
#define CUSTOMER "api:customers/W1"

static struct engine_world *world;
static struct fake_adapter *erp;
static struct fake_adapter *agora;

static int
begin(void **state)
{
	if (engine_world_empty(state))
		return -1;
	world = *state;
	erp = world->erp.state;
	agora = world->agora.state;
	engine_world_item(world, "A1", "10");
	return 0;
}

static void
add(enum entry_kind kind, const char *id, const char *account, const char *qty)
{
	struct entry e = {
		.kind = kind,
		.details = text_dup("{}"),
		.id = text_dup(id),
		.docid = text_dup("TB-S1"),
		.account = text_dup(account),
		.sale = text_dup(strchr(id, '/') + 1),
		.authority = text_dup("erp"),
	};
	struct entry_line *line;

	if (qty) {
		line = entry_add_line(&e);
		assert_non_null(line);
		line->uid = text_dup("1");
		line->sku = text_dup("A1");
		line->external = text_dup("as it was");
		assert_int_equal(decimal_parse(&line->qty, qty), 0);
	}
	assert_int_equal(store_ledger_add(world->base.store, &e, "6f1c"), 0);
	entry_fini(&e);
}

static void
add_order(void)
{
	add(ENTRY_ORDER, ORDER, "api:orders", "2");
}

static void
add_customer(void)
{
	add(ENTRY_CUSTOMER, CUSTOMER, "api:customers", NULL);
}

/* Let the look-up that is due by now have its turn. */
static void
rest_later(void)
{
	fake_clock_advance(120000);
	engine_world_rest(world);
}

static void
test_post_sent__an_order_is_posted_under_the_ids_bound_now(void **state)
{
	(void)state;
	add_order();
	engine_world_rest(world);
	assert_non_null(
		strstr(fake_adapter_log(erp), "post(" ORDER ":E-A1=2)"));
	assert_string_equal(engine_world_entry(world, ORDER), "settled");
	assert_true(fake_adapter_shows(agora, "A-A1", "8"));
	assert_int_equal(erp->n_docs, 1);
}

static void
test_post_sent__a_till_shows_less_before_the_order_is_posted(void **state)
{
	(void)state;
	add_order();
	engine_world_turn(&world->agora);
	assert_true(fake_adapter_shows(agora, "A-A1", "8"));
	assert_int_equal(erp->n_docs, 0);
}

static void
test_post_sent__a_customer_is_over_once_it_is_confirmed(void **state)
{
	(void)state;
	add_customer();
	engine_world_rest(world);
	assert_non_null(strstr(fake_adapter_log(erp), "post(" CUSTOMER ":)"));
	assert_string_equal(engine_world_entry(world, CUSTOMER), "settled");
	assert_int_equal(erp->n_docs, 1);
}

static void
test_post_sent__a_lost_answer_is_looked_up_and_not_posted_again(void **state)
{
	(void)state;
	add_order();
	add_customer();
	fake_adapter_next(erp, "post",
	                  outcome_of(VERDICT_UNCERTAIN, "answer lost"), true);
	fake_adapter_next(erp, "post",
	                  outcome_of(VERDICT_UNCERTAIN, "answer lost"), true);
	engine_world_rest(world);
	for (int i = 0; i < 3; i++)
		rest_later();
	assert_string_equal(engine_world_entry(world, ORDER), "settled");
	assert_string_equal(engine_world_entry(world, CUSTOMER), "settled");
	assert_int_equal(erp->n_docs, 2);
}

static void
test_post_sent__what_a_look_up_does_not_find_is_posted(void **state)
{
	(void)state;
	add_customer();
	fake_adapter_next(erp, "post",
	                  outcome_of(VERDICT_UNCERTAIN, "answer lost"), false);
	engine_world_rest(world);
	assert_string_equal(engine_world_entry(world, CUSTOMER), "uncertain");
	assert_int_equal(erp->n_docs, 0);
	for (int i = 0; i < 3; i++)
		rest_later();
	assert_string_equal(engine_world_entry(world, CUSTOMER), "settled");
	assert_int_equal(erp->n_docs, 1);
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_post_sent__an_order_is_posted_under_the_ids_bound_now),
		EACH(test_post_sent__a_till_shows_less_before_the_order_is_posted),
		EACH(test_post_sent__a_customer_is_over_once_it_is_confirmed),
		EACH(test_post_sent__a_lost_answer_is_looked_up_and_not_posted_again),
		EACH(test_post_sent__what_a_look_up_does_not_find_is_posted),
	};
	int failed = cmocka_run_group_tests(tests, engine_world_setup,
	                                    engine_world_teardown);

	fake_clock_stop();
	return failed;
}
