/*
 * Items of which more was sold than there was: how that begins, and how it ends.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_oversold.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/drivers/store_timeline.h"
#include "tests/support/fake_clock.h"
#include "tests/support/stderr_capture.h"
#include "tests/support/store_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_MS 1800000000000

static struct store_world *world;
static struct store *store;

static int
begin(void **state)
{
	world = *state;
	store = world->store;
	store_world_flush(world);
	fake_clock_start(NOW_MS, 1000);
	store_world_bind(world, "A1", "erp", "E1");
	store_world_bind(world, "A1", "agora", "Q1");
	return 0;
}

/* ---- short words ---- */

static struct decimal
dec(const char *text)
{
	struct decimal d = DECIMAL_ZERO;

	assert_int_equal(decimal_parse(&d, text), 0);
	return d;
}

static void
balance(const char *account, const char *sku, const char *qty)
{
	struct stock_read read = { .authority = account, .cause = MARK_HOOK };
	const struct stock_balance b = { sku, dec(qty), NULL };

	assert_int_equal(store_tick(store, &read.tick), 0);
	assert_int_equal(store_stock_balances(store, &read, &b, 1, NULL), 0);
}

static void
sell_as(const char *sku, const char *sale, const char *qty, const char *state)
{
	struct entry e = {
		.id = text_format("agora/%s", sale),
		.docid = text_dup("TB-1"),
		.account = text_dup("agora"),
		.sale = text_dup(sale),
		.authority = text_dup("erp"),
	};
	const struct ledger_new new = { &e, state, "", true };
	const struct ledger_change change = { .account = "agora",
		                              .sale = sale,
		                              .entries = &new,
		                              .n_entries = 1 };
	struct entry_line *line = entry_add_line(&e);

	assert_non_null(line);
	line->uid = text_dup("1");
	line->sku = text_dup(sku);
	line->external = text_dup("E1");
	line->qty = dec(qty);
	assert_int_equal(store_ledger_apply(store, &change), 0);
	entry_fini(&e);
}

static void
sell(const char *sale, const char *qty)
{
	sell_as("A1", sale, qty, "ready");
}

static void
review(const char *sku)
{
	assert_int_equal(store_oversold_review(store, "agora", "erp", &sku, 1),
	                 0);
}

/* What is listed: "A1 2, B1 1". Static. */
static const char *
listed(void)
{
	static char text[512];
	struct oversold_row *rows = NULL;
	char qty[DECIMAL_TEXT_SIZE];
	size_t n = 0;

	text[0] = '\0';
	assert_int_equal(store_oversold_list(store, &rows, &n, 3), 0);
	for (size_t i = 0; i < n; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
		               "%s%s %s", i ? ", " : "", rows[i].sku,
		               decimal_format(qty, rows[i].missing));
	oversold_rows_free(rows, n);
	return text;
}

static bool
view_says(void)
{
	struct stock_view v;
	const char *sku = "A1";
	bool is_oversold;

	assert_int_equal(store_stock_view(store, &v, "agora", &sku, 1), 0);
	is_oversold = v.is_oversold;
	stock_view_fini(&v);
	return is_oversold;
}

static void
unbind(const char *account)
{
	struct binding b = { .account = text_dup(account),
		             .typed = text_dup("") };
	struct item item = { .sku = text_dup("A1"),
		             .bindings = &b,
		             .n_bindings = 1 };

	assert_int_equal(store_registry_put(store, &item, NULL), 0);
	free(item.sku);
	free(b.account);
	free(b.typed);
}

/* ---- beginning ---- */

static void
test_store_oversold__a_sale_beyond_what_is_left_is_remembered(void **state)
{
	(void)state;
	balance("erp", "A1", "1.5");
	sell("S1", "2.75");
	assert_false(view_says());
	review("A1");
	assert_string_equal(listed(), "A1 1.25");
	assert_true(view_says());
}

static void
test_store_oversold__the_last_one_may_be_sold(void **state)
{
	(void)state;
	balance("erp", "A1", "2");
	sell("S1", "2");
	review("A1");
	assert_string_equal(listed(), "");
}

static void
test_store_oversold__it_is_told_once_and_what_is_missing_follows(void **state)
{
	struct oversold_row *rows = NULL;
	size_t n = 0;
	const char *text;

	(void)state;
	stderr_capture_begin();
	balance("erp", "A1", "1");
	sell("S1", "2");
	review("A1");
	fake_clock_advance(5000);
	sell("S2", "3");
	review("A1");
	text = stderr_capture_end();
	assert_non_null(strstr(text, "error stock.oversold account=agora "
	                             "sku=A1 missing=1"));
	assert_null(
		strstr(strstr(text, "stock.oversold") + 1, "stock.oversold"));
	assert_int_equal(store_oversold_list(store, &rows, &n, 3), 0);
	assert_int_equal(n, 1);
	assert_int_equal(rows[0].since_ms, NOW_MS);
	assert_int_equal(decimal_cmp(rows[0].missing, dec("4")), 0);
	oversold_rows_free(rows, n);
}

/* Each look at it comes here: that must not cost a write to the disk. */
static void
test_store_oversold__to_find_it_as_before_writes_nothing(void **state)
{
	(void)state;
	balance("erp", "A1", "1");
	sell("S1", "2");
	review("A1");
	assert_string_equal(store_world_say(world, "CONFIG RESETSTAT"), "OK");
	review("A1");
	assert_null(strstr(store_world_say(world, "INFO commandstats"),
	                   "cmdstat_hset"));
	sell("S2", "1");
	review("A1");
	assert_string_equal(listed(), "A1 2");
}

static void
test_store_oversold__an_unknown_balance_says_nothing(void **state)
{
	(void)state;
	sell("S1", "2");
	review("A1");
	assert_string_equal(listed(), "");
	balance("till", "A1", "1"); /* read where it does not belong */
	review("A1");
	assert_string_equal(listed(), "");
}

static void
test_store_oversold__an_uncertain_entry_may_be_inside_the_balance(void **state)
{
	(void)state;
	balance("erp", "A1", "1");
	sell_as("A1", "S1", "2", "uncertain");
	review("A1");
	assert_string_equal(listed(), "");
	assert_int_equal(store_ledger_decide(store, "agora/S1", DEAD_RETRY), 0);
	review("A1");
	assert_string_equal(listed(), "A1 1");
}

/* ---- ending ---- */

static void
test_store_oversold__a_balance_that_covers_it_ends_it(void **state)
{
	const char *text;

	(void)state;
	balance("erp", "A1", "1");
	sell("S1", "3");
	review("A1");
	assert_string_equal(listed(), "A1 2");
	balance("erp", "A1", "2");
	review("A1");
	assert_string_equal(listed(), "A1 1");
	balance("erp", "A1", "3");
	stderr_capture_begin();
	review("A1");
	text = stderr_capture_end();
	assert_non_null(
		strstr(text, "info stock.covered account=agora sku=A1"));
	assert_string_equal(listed(), "");
	assert_false(view_says());
}

static void
test_store_oversold__a_booked_sale_leaves_it_as_long_as_the_balance_lacks(
	void **state)
{
	(void)state;
	balance("erp", "A1", "1");
	sell("S1", "3");
	review("A1");
	(void)store_world_say(world, "DEL test:pend:A1");
	balance("erp", "A1", "-2");
	review("A1");
	assert_string_equal(listed(), "A1 2");
}

/* A booking whose answer was lost covers nothing. */
static void
test_store_oversold__a_lost_answer_takes_back_nothing(void **state)
{
	(void)state;
	balance("erp", "A1", "1");
	sell("S1", "3");
	review("A1");
	(void)store_world_say(world,
	                      "HSET test:entry:agora/S1 state uncertain");
	review("A1");
	assert_string_equal(listed(), "A1 2");
	balance("erp", "A1", "4"); /* enough, booked or not */
	review("A1");
	assert_string_equal(listed(), "");
}

static void
test_store_oversold__the_sweep_ends_what_nobody_looks_at(void **state)
{
	(void)state;
	balance("erp", "A1", "1");
	sell("S1", "3");
	review("A1");
	balance("erp", "A1", "5");
	assert_string_equal(listed(), "A1 2");
	assert_int_equal(store_oversold_sweep(store, "erp"), 0);
	assert_string_equal(listed(), "");
}

static void
test_store_oversold__unbound_at_its_last_channel_it_is_forgotten(void **state)
{
	int64_t n = -1;

	(void)state;
	store_world_bind(world, "A1", "kiosk", "K1");
	balance("erp", "A1", "1");
	sell("S1", "3");
	review("A1");
	unbind("agora");
	assert_int_equal(store_oversold_sweep(store, "erp"), 0);
	assert_string_equal(listed(), "A1 2");
	unbind("kiosk");
	assert_int_equal(store_oversold_sweep(store, "erp"), 0);
	assert_int_equal(store_oversold_count(store, &n), 0);
	assert_int_equal(n, 0);
	assert_string_equal(
		store_world_say(world, "HLEN test:oversold:missing"), "0");
}

/* Sold by a shop's order alone: there never was a till to unbind. */
static void
test_store_oversold__an_item_without_a_channel_stays_until_covered(void **state)
{
	(void)state;
	unbind("agora");
	balance("erp", "A1", "1");
	sell("S1", "3");
	review("A1");
	assert_int_equal(store_oversold_sweep(store, "erp"), 0);
	assert_string_equal(listed(), "A1 2");
	unbind("erp");
	assert_int_equal(store_oversold_sweep(store, "erp"), 0);
	assert_string_equal(listed(), "");
}

static void
test_store_oversold__a_deleted_item_is_forgotten(void **state)
{
	(void)state;
	balance("erp", "A1", "1");
	sell("S1", "3");
	review("A1");
	(void)store_world_say(world, "DEL test:item:A1");
	assert_int_equal(store_oversold_sweep(store, "erp"), 0);
	assert_string_equal(listed(), "");
}

/* ---- many ---- */

static void
test_store_oversold__the_list_is_bounded_and_the_count_is_not(void **state)
{
	const char *skus[250];
	char names[250][8];
	int64_t n = 0;

	(void)state;
	for (size_t i = 0; i < 250; i++) {
		char sale[16];
		char there[16];

		(void)snprintf(names[i], sizeof(names[i]), "B%zu", i);
		(void)snprintf(there, sizeof(there), "T%zu", i);
		(void)snprintf(sale, sizeof(sale), "S%zu", i);
		skus[i] = names[i];
		store_world_bind(world, names[i], "erp", there);
		balance("erp", names[i], "0");
		sell_as(names[i], sale, "1", "ready");
	}
	assert_int_equal(
		store_oversold_review(store, "agora", "erp", skus, 250), 0);
	assert_int_equal(store_oversold_count(store, &n), 0);
	assert_int_equal(n, 250);
	assert_string_equal(listed(), "B0 1, B1 1, B10 1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			test_store_oversold__a_sale_beyond_what_is_left_is_remembered,
			begin),
		cmocka_unit_test_setup(
			test_store_oversold__the_last_one_may_be_sold, begin),
		cmocka_unit_test_setup(
			test_store_oversold__it_is_told_once_and_what_is_missing_follows,
			begin),
		cmocka_unit_test_setup(
			test_store_oversold__to_find_it_as_before_writes_nothing,
			begin),
		cmocka_unit_test_setup(
			test_store_oversold__an_unknown_balance_says_nothing,
			begin),
		cmocka_unit_test_setup(
			test_store_oversold__an_uncertain_entry_may_be_inside_the_balance,
			begin),
		cmocka_unit_test_setup(
			test_store_oversold__a_balance_that_covers_it_ends_it,
			begin),
		cmocka_unit_test_setup(
			test_store_oversold__a_booked_sale_leaves_it_as_long_as_the_balance_lacks,
			begin),
		cmocka_unit_test_setup(
			test_store_oversold__a_lost_answer_takes_back_nothing,
			begin),
		cmocka_unit_test_setup(
			test_store_oversold__the_sweep_ends_what_nobody_looks_at,
			begin),
		cmocka_unit_test_setup(
			test_store_oversold__unbound_at_its_last_channel_it_is_forgotten,
			begin),
		cmocka_unit_test_setup(
			test_store_oversold__an_item_without_a_channel_stays_until_covered,
			begin),
		cmocka_unit_test_setup(
			test_store_oversold__a_deleted_item_is_forgotten,
			begin),
		cmocka_unit_test_setup(
			test_store_oversold__the_list_is_bounded_and_the_count_is_not,
			begin),
	};

	return cmocka_run_group_tests(tests, store_world_setup,
	                              store_world_teardown);
}
