/*
 * Writing to a channel: the whole table of design.md section 4.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_registry.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"
#include "tests/support/stderr_capture.h"

#include <stdio.h>
#include <string.h>

static struct engine_world *world;
static struct fake_adapter *erp;
static struct fake_adapter *agora;

static int
begin(void **state)
{
	world = *state;
	(void)engine_world_empty(state);
	erp = world->erp.state;
	agora = world->agora.state;
	return 0;
}

/* The authority's count moves and a hook says so. */
static void
receive(const char *sku, const char *qty)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "E-%s", sku);
	fake_adapter_set(erp, text, qty);
	(void)snprintf(text, sizeof(text), "i:%s", sku);
	engine_world_mark(world, &world->erp, text, MARK_HOOK);
	engine_world_turn(&world->erp);
}

/* Somebody at the till changes its count; a call says so. */
static void
count_moves(const char *qty)
{
	fake_adapter_set(agora, "A-A1", qty);
	engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
}

static void
assert_published(const char *qty)
{
	struct stock_view view = engine_world_view(world, &world->agora, "A1");

	assert_true(view.has_published);
	assert_true(engine_world_is(view.published, qty));
	stock_view_fini(&view);
}

static void
assert_log(const char *expected)
{
	assert_string_equal(fake_adapter_log(agora), expected);
}

static void
assert_not_written(void)
{
	assert_null(strstr(fake_adapter_log(agora), "write_counts"));
}

static void
assert_marked(const char *members)
{
	assert_string_equal(store_world_marks(&world->base, "agora"), members);
}

/* ---- what is written when ---- */

static void
test_push__a_count_that_is_right_is_recorded_and_not_written(void **state)
{
	(void)state;
	engine_world_bind(world, "A1", "5");
	engine_world_rest(world);
	assert_not_written();
	assert_published("5");
	assert_marked("");
}

static void
test_push__the_first_count_of_a_binding_is_written_whatever_it_was(void **state)
{
	(void)state;
	engine_world_bind(world, "A1", "5");
	fake_adapter_set(agora, "A-A1", "3");
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "5"));
	assert_published("5");
}

/* What fell before is nobody's sale; but after a loss of Redis all is bound
   anew, and what fell meanwhile was sold. */
static void
test_push__a_look_says_since_when_an_item_is_bound(void **state)
{
	const int64_t now = clock_wall_ms();
	const int64_t week = INT64_C(7) * 24 * 3600 * 1000;

	(void)state;
	engine_world_bind(world, "A1", "5");
	engine_world_rest(world);
	assert_in_range(agora->bound_ms, now, now + 60000);
	assert_int_equal(store_cursor_set(world->base.store, "agora", "lost",
	                                  now - week + 60000),
	                 0);
	count_moves("4");
	engine_world_turn(&world->agora);
	assert_int_equal(agora->bound_ms, COUNT_BOUND_LONG_AGO);
	assert_int_equal(store_cursor_set(world->base.store, "agora", "lost",
	                                  now - week),
	                 0);
	count_moves("3");
	engine_world_turn(&world->agora);
	assert_in_range(agora->bound_ms, now, now + 60000);
}

static void
test_push__a_new_binding_that_was_never_counted_there_is_written(void **state)
{
	(void)state;
	engine_world_bind(world, "A1", "5");
	fake_adapter_count(agora, "A-A1")->is_known = false;
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "5"));
}

static void
test_push__reads_the_count_then_the_sales_then_writes(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	receive("A1", "7");
	engine_world_turn(&world->agora);
	assert_log("read_counts(A-A1) list_sales write_counts(A-A1=7)");
	assert_published("7");
}

static void
test_push__every_write_leaves_a_mark_that_reads_the_count_again(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	receive("A1", "7");
	engine_world_rest(world);
	fake_adapter_set(agora, "A-A1", "9"); /* and no call says so */
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "7"));
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_marked("");
}

static void
test_push__a_fall_with_a_known_sale_is_written_at_once(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	receive("A1", "9");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "2");
	engine_world_turn(&world->agora);
	assert_log("read_counts(A-A1) list_sales write_counts(A-A1=7)");
}

static void
test_push__a_sale_at_one_channel_lowers_the_others(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "2");
	engine_world_mark(world, &world->agora, "s:S1", MARK_HOOK);
	engine_world_turn(&world->agora);
	engine_world_turn(&world->kiosk);
	assert_true(fake_adapter_shows(world->kiosk.state, "K-A1", "3"));
	engine_world_rest(world);
	assert_not_written();
	assert_true(fake_adapter_shows(erp, "E-A1", "3"));
	assert_published("3");
}

static void
test_push__a_fall_without_a_sale_waits_ten_seconds_and_is_drift(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	count_moves("4");
	engine_world_rest(world);
	assert_not_written();
	fake_clock_advance(9999);
	engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
	engine_world_rest(world);
	assert_not_written();
	fake_clock_advance(1);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "5"));
	assert_published("5");
}

static void
test_push__a_fall_whose_sale_is_announced_meanwhile_is_no_drift(void **state)
{
	struct fake_sale *sale;

	(void)state;
	engine_world_item(world, "A1", "5");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "1");
	sale->is_unseen = true;
	engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
	engine_world_rest(world);
	sale->is_unseen = false;
	fake_clock_advance(10000);
	engine_world_rest(world);
	assert_not_written();
	assert_true(fake_adapter_shows(erp, "E-A1", "4"));
	assert_published("4");
}

static void
test_push__a_fall_larger_than_the_known_sale_is_unexplained(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "9");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "1");
	count_moves("5");
	engine_world_rest(world);
	assert_not_written();
	fake_clock_advance(10000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "8"));
}

/* The first fall's ten seconds are not the second one's. */
static void
test_push__a_fall_that_goes_on_gets_ten_seconds_anew(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "9");
	fake_adapter_set(agora, "A-A1", "8");
	engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
	engine_world_turn(&world->agora);
	fake_clock_advance(9000);
	fake_adapter_set(agora, "A-A1", "6"); /* not announced yet */
	fake_clock_advance(2000);
	engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
	engine_world_turn(&world->agora);
	assert_true(fake_adapter_shows(agora, "A-A1", "6"));
	fake_clock_advance(11000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "9"));
}

static void
test_push__a_clock_set_back_makes_the_second_look_late_not_lost(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	count_moves("4");
	engine_world_rest(world);
	fake_clock_set_wall(ENGINE_WORLD_NOW_MS - 86400000);
	engine_world_rest(world);
	assert_not_written();
	fake_clock_advance(10000); /* it stays set back */
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "5"));
}

/* No sale is listed sooner for it. */
static void
test_push__a_clock_set_ahead_makes_no_second_look_sooner(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	count_moves("4");
	engine_world_turn(&world->agora);
	fake_clock_advance(1000);
	fake_clock_set_wall(ENGINE_WORLD_NOW_MS + 3600000);
	engine_world_turn(&world->agora);
	assert_not_written();
	fake_clock_advance(8000);
	engine_world_turn(&world->agora);
	assert_not_written();
	fake_clock_advance(1500);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "5"));
}

/* ---- sales that are still open ---- */

/* How often since the last time. */
static size_t
times_called(const char *call)
{
	const char *at = fake_adapter_log(agora);
	size_t n = 0;

	while ((at = strstr(at, call))) {
		at++;
		n++;
	}
	return n;
}

/* Goods that leave the count as they are rung up. */
static struct fake_sale *
ring_up(const char *id, const char *qty)
{
	struct fake_sale *sale = fake_adapter_sell(agora, id, "A-A1", qty);

	sale->is_open = true;
	agora->tells_open = true;
	return sale;
}

static void
test_push__what_is_on_an_open_sale_is_no_drift(void **state)
{
	struct fake_sale *sale;

	(void)state;
	engine_world_item(world, "A1", "5");
	sale = ring_up("S1", "2");
	engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
	engine_world_turn(&world->agora);
	assert_log("read_counts(A-A1) list_sales read_open(A-A1)");
	assert_marked("");
	receive("A1", "9");
	engine_world_turn(&world->agora);
	assert_log("read_counts(A-A1) list_sales read_open(A-A1) "
	           "write_counts(A-A1=7)");
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "7"));
	/* It is closed: what was off the count already is pending now. */
	sale->is_open = false;
	sale->closed_ms = clock_wall_ms();
	(void)fake_adapter_log(agora);
	engine_world_mark(world, &world->agora, "s:S1", MARK_HOOK);
	engine_world_rest(world);
	assert_not_written();
	assert_true(fake_adapter_shows(agora, "A-A1", "7"));
	assert_true(fake_adapter_shows(erp, "E-A1", "7"));
}

static void
test_push__an_open_sale_given_up_brings_its_units_back(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)ring_up("S1", "2");
	receive("A1", "6");
	engine_world_turn(&world->agora);
	assert_true(fake_adapter_shows(agora, "A-A1", "4"));
	agora->n_sales = 0;
	fake_adapter_set(agora, "A-A1", "6");
	(void)fake_adapter_log(agora);
	engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
	engine_world_rest(world);
	assert_not_written();
	assert_true(fake_adapter_shows(agora, "A-A1", "6"));
}

/* They explain as much as they hold, and never more than is missing. */
static void
test_push__a_fall_beyond_what_is_open_is_drift(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "9");
	(void)ring_up("S1", "2");
	count_moves("4");
	engine_world_rest(world);
	assert_not_written();
	fake_clock_advance(10000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "7"));
}

/* Where goods leave the count with the closing only. */
static void
test_push__an_open_sale_that_took_nothing_off_adds_nothing(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "9");
	(void)ring_up("S1", "2");
	fake_adapter_set(agora, "A-A1", "9");
	receive("A1", "12");
	engine_world_turn(&world->agora);
	assert_log("read_counts(A-A1) list_sales write_counts(A-A1=12)");
}

static void
test_push__a_target_below_what_is_open_is_written_as_nothing(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)ring_up("S1", "3");
	receive("A1", "1");
	engine_world_turn(&world->agora);
	assert_log("read_counts(A-A1) list_sales read_open(A-A1) "
	           "write_counts(A-A1=0)");
}

static void
test_push__open_sales_that_cannot_be_read_suppress_the_write(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)ring_up("S1", "2");
	fake_adapter_next(agora, "read_open", outcome_of(VERDICT_RETRY, "no"),
	                  false);
	receive("A1", "9");
	engine_world_turn(&world->agora);
	assert_not_written();
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "7"));
}

/* The look after next finds it so, too: nothing fell that is not known. */
static void
test_push__open_sales_that_cannot_be_read_hide_no_fall_to_the_target(
	void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)ring_up("S1", "2");
	fake_adapter_next(agora, "read_open", outcome_of(VERDICT_RETRY, "no"),
	                  false);
	receive("A1", "3"); /* as the count says, and 2 of those are open */
	engine_world_turn(&world->agora);
	assert_not_written();
	fake_clock_advance(30000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "1"));
}

/* Each look at open sales is answered so, until the count of A1 is qty. How
   long did that take? -1: an hour was not enough. */
static int64_t
fail_open_until(enum verdict verdict, const char *qty)
{
	int64_t began_ms = clock_wall_ms();

	while (clock_wall_ms() < began_ms + 3600000) {
		if (!agora->n_steps)
			fake_adapter_next(agora, "read_open",
			                  outcome_of(verdict, "no"), false);
		engine_world_turn(&world->agora);
		if (fake_adapter_shows(agora, "A-A1", qty))
			return clock_wall_ms() - began_ms;
		fake_clock_advance(1000);
	}
	return -1;
}

static void
test_push__open_sales_never_read_hold_a_fall_for_five_minutes(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	agora->tells_open = true;
	count_moves("3");
	(void)fake_adapter_log(agora);
	assert_in_range(fail_open_until(VERDICT_RETRY, "5"), 300000, 331000);
	assert_in_range(times_called("read_open"), 9, 12);
}

/* A system that will not tell has none, as far as we can know. */
static void
test_push__open_sales_that_are_refused_make_a_fall_drift(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	agora->tells_open = true;
	count_moves("3");
	assert_in_range(fail_open_until(VERDICT_REFUSED, "5"), 10000, 12000);
}

static void
test_push__open_sales_that_cannot_be_read_stop_only_what_fell(void **state)
{
	static const enum verdict verdicts[] = { VERDICT_RETRY,
		                                 VERDICT_REFUSED };

	(void)state;
	engine_world_item(world, "A1", "5");
	engine_world_item(world, "A2", "5");
	agora->tells_open = true;
	for (size_t i = 0; i < 2; i++) {
		fake_adapter_next(agora, "read_open",
		                  outcome_of(verdicts[i], "no"), false);
		count_moves("3");
		receive("A2", i ? "7" : "2");
		engine_world_turn(&world->agora);
		assert_true(fake_adapter_shows(agora, "A-A1", "3"));
		assert_true(fake_adapter_shows(agora, "A-A2", i ? "7" : "2"));
	}
}

/* Who may not be called at all is not written to either. */
static void
test_push__a_rate_limit_met_at_open_sales_stops_the_batch(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	engine_world_item(world, "A2", "5");
	agora->tells_open = true;
	fake_adapter_next(agora, "read_open", outcome_slow(5000, "busy"),
	                  false);
	count_moves("3");
	receive("A2", "2");
	engine_world_turn(&world->agora);
	assert_not_written();
}

static void
test_push__a_rise_is_drift_and_corrected(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	count_moves("6");
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "5"));
}

/* ---- what suppresses a write ---- */

static void
test_push__an_unknown_count_suppresses_the_write(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	fake_adapter_count(agora, "A-A1")->is_known = false;
	receive("A1", "7");
	engine_world_rest(world);
	assert_not_written();
	fake_adapter_count(agora, "A-A1")->is_known = true;
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "7"));
}

static void
test_push__a_failed_read_suppresses_the_write_and_keeps_the_mark(void **state)
{
	static const enum verdict verdicts[] = { VERDICT_RETRY, VERDICT_SLOW,
		                                 VERDICT_LOCKED,
		                                 VERDICT_REFUSED };

	(void)state;
	engine_world_item(world, "A1", "5");
	receive("A1", "7");
	for (size_t i = 0; i < 4; i++) {
		fake_adapter_next(agora, "read_counts",
		                  outcome_of(verdicts[i], "no"), false);
		engine_world_turn(&world->agora);
		assert_log("read_counts(A-A1)");
		fake_clock_advance(60000);
		assert_marked("i:A1");
	}
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "7"));
}

static void
test_push__a_failed_listing_of_sales_suppresses_the_write(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	receive("A1", "7");
	fake_adapter_next(agora, "list_sales", outcome_of(VERDICT_RETRY, "no"),
	                  true); /* some were told before it broke off */
	engine_world_turn(&world->agora);
	assert_not_written();
	assert_marked("i:A1");
}

static void
test_push__a_refused_listing_of_sales_is_not_repeated_without_a_pause(
	void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	receive("A1", "7");
	for (int i = 0; i < 9; i++)
		fake_adapter_next(agora, "list_sales",
		                  outcome_of(VERDICT_REFUSED, "no"), false);
	engine_world_rest(world); /* asserts that it comes to rest */
	assert_int_equal(agora->n_steps, 8);
	assert_marked("i:A1");
	agora->n_steps = 0;
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "7"));
}

static void
test_push__without_a_balance_nothing_is_written(void **state)
{
	(void)state;
	store_world_bind(&world->base, "A1", "agora", "A-A1");
	fake_adapter_set(agora, "A-A1", "3");
	engine_world_rest(world);
	assert_not_written();
	assert_marked("");
}

static void
test_push__a_balance_of_another_authority_is_none(void **state)
{
	struct item item = { .sku = text_dup("A1"),
		             .authority = text_dup("kiosk") };

	(void)state;
	engine_world_item(world, "A1", "5");
	fake_adapter_set(world->kiosk.state, "K-A1", "8");
	assert_int_equal(store_registry_put(world->base.store, &item, NULL), 0);
	engine_world_turn(&world->agora);
	assert_not_written();
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "8"));
	item_fini(&item);
}

static void
test_push__a_channel_that_takes_no_counts_is_left_alone(void **state)
{
	struct item item = { .sku = text_dup("A1"),
		             .authority = text_dup("kiosk") };

	(void)state;
	engine_world_item(world, "A1", "5");
	assert_int_equal(store_registry_put(world->base.store, &item, NULL), 0);
	fake_adapter_set(erp, "E-A1", "9");
	engine_world_mark(world, &world->erp, "i:A1", MARK_HOOK);
	engine_world_rest(world); /* asserts that it comes to rest */
	assert_string_equal(store_world_marks(&world->base, "erp"), "");
	item_fini(&item);
}

/* ---- the target ---- */

static void
test_push__reserve_of_the_item_goes_before_the_accounts_and_the_global(
	void **state)
{
	struct item item = { .sku = text_dup("A1"),
		             .reserve = decimal_of(4),
		             .has_reserve = true };

	(void)state;
	engine_world_configure(world, "\"reserve\": \"1\"",
	                       "\"reserve\": \"2\"", "");
	engine_world_item(world, "A1", "10");
	assert_true(fake_adapter_shows(agora, "A-A1", "8"));
	assert_true(fake_adapter_shows(world->kiosk.state, "K-A1", "9"));
	assert_int_equal(store_registry_put(world->base.store, &item, NULL), 0);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "6"));
	assert_true(fake_adapter_shows(world->kiosk.state, "K-A1", "6"));
	item_fini(&item);
}

static void
test_push__a_target_is_never_below_zero(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "2");
	receive("A1", "-3");
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "0"));
}

static void
test_push__fractions_are_cut_to_what_the_channel_holds(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "2");
	receive("A1", "3.999");
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "3"));
	assert_published("3");
}

/* ---- sales while it works ---- */

static void
sell_after_listing(struct fake_adapter *f, const char *call)
{
	if (strcmp(call, "list_sales") != 0)
		return;
	f->after = NULL;
	fake_clock_advance(5);
	(void)fake_adapter_sell(f, "S9", "A-A1", "1");
}

static void
test_push__a_sale_between_read_and_write_is_not_undone(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	receive("A1", "7");
	agora->after = sell_after_listing;
	engine_world_turn(&world->agora);
	assert_true(fake_adapter_shows(agora, "A-A1", "6"));
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "6"));
	assert_true(fake_adapter_shows(erp, "E-A1", "6"));
}

static void
test_push__a_sale_that_a_write_wiped_out_is_counted_all_the_same(void **state)
{
	(void)state;
	agora->ignores_time = true;
	engine_world_item(world, "A1", "5");
	receive("A1", "7");
	agora->after = sell_after_listing;
	engine_world_turn(&world->agora);
	assert_true(fake_adapter_shows(agora, "A-A1", "7"));
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "6"));
	assert_true(fake_adapter_shows(erp, "E-A1", "6"));
}

static void
mark_while_reading(struct fake_adapter *f, const char *call)
{
	if (strcmp(call, "read_counts") != 0)
		return;
	f->after = NULL;
	engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
}

static void
test_push__a_call_during_the_look_causes_another_look(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
	agora->after = mark_while_reading;
	engine_world_turn(&world->agora);
	assert_marked("i:A1");
	engine_world_turn(&world->agora);
	assert_marked("");
}

static void
bind_anew_while_reading(struct fake_adapter *f, const char *call)
{
	if (strcmp(call, "read_counts") != 0)
		return;
	f->after = NULL;
	store_world_bind(&world->base, "A1", "agora", "A-A9");
}

static void
test_push__a_binding_made_anew_during_the_look_is_not_written_through(
	void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	fake_adapter_set(agora, "A-A9", "1");
	receive("A1", "4");
	(void)fake_adapter_log(agora);
	agora->after = bind_anew_while_reading;
	engine_world_turn(&world->agora);
	assert_true(fake_adapter_shows(agora, "A-A1", "5"));
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "5"));
	assert_true(fake_adapter_shows(agora, "A-A9", "4"));
}

static void
test_push__our_own_write_coming_back_causes_no_write(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	receive("A1", "7");
	engine_world_rest(world);
	(void)fake_adapter_log(agora);
	for (int i = 0; i < 3; i++) {
		engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
		engine_world_rest(world);
	}
	assert_not_written();
}

/* ---- writes that fail ---- */

static void
test_push__one_bad_item_does_not_stop_the_others(void **state)
{
	static const char *const skus[] = { "A1", "A2", "A3", "A4", "A5" };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		engine_world_item(world, skus[i], "5");
	fake_adapter_count(agora, "A-A4")->is_poison = true;
	for (size_t i = 0; i < 5; i++)
		receive(skus[i], "7");
	engine_world_turn(&world->agora);
	for (size_t i = 0; i < 5; i++) {
		char external[16];

		(void)snprintf(external, sizeof(external), "A-%s", skus[i]);
		assert_true(fake_adapter_shows(agora, external,
		                               i == 3 ? "5" : "7"));
	}
	assert_marked("");
	fake_adapter_count(agora, "A-A4")->is_poison = false;
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A4", "7"));
}

/* How often it was looked at while the clock went on. */
static int
count_looks(int minutes)
{
	int n = 0;

	(void)fake_adapter_log(agora);
	for (int i = 0; i < minutes; i++) {
		const char *log;

		fake_clock_advance(60000);
		engine_world_rest(world);
		for (log = fake_adapter_log(agora);
		     (log = strstr(log, "read_counts")); log++)
			n++;
	}
	return n;
}

static const char *
state_of(const char *account)
{
	static char state[16];
	struct health h;

	assert_int_equal(store_health_get(world->base.store, &h, account), 0);
	(void)snprintf(state, sizeof(state), "%s", health_text(&h, "state"));
	health_fini(&h);
	return state;
}

/* Of five one is refused, and with it each read that asks for it too. */
static void
test_push__one_that_cannot_be_read_does_not_stop_the_others(void **state)
{
	static const char *const skus[] = { "A1", "A2", "A3", "A4", "A5" };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		engine_world_item(world, skus[i], "5");
	fake_adapter_count(agora, "A-A4")->is_unreadable = true;
	for (size_t i = 0; i < 5; i++)
		receive(skus[i], "7");
	engine_world_rest(world);
	for (size_t i = 0; i < 5; i++) {
		char external[16];

		(void)snprintf(external, sizeof(external), "A-%s", skus[i]);
		assert_true(fake_adapter_shows(agora, external,
		                               i == 3 ? "5" : "7"));
	}
	assert_string_equal(state_of("agora"), "ok");
	assert_in_range(count_looks(120), 5, 14); /* ever less often */
	fake_adapter_count(agora, "A-A4")->is_unreadable = false;
	(void)count_looks(61);
	assert_true(fake_adapter_shows(agora, "A-A4", "7"));
}

static void
test_push__a_balance_that_cannot_be_read_does_not_stop_the_others(void **state)
{
	static const char *const skus[] = { "A1", "A2", "A3", "A4", "A5" };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		engine_world_item(world, skus[i], "5");
	fake_adapter_count(erp, "E-A1")->is_unreadable = true;
	for (size_t i = 0; i < 5; i++) {
		char text[16];

		(void)snprintf(text, sizeof(text), "E-%s", skus[i]);
		fake_adapter_set(erp, text, "7");
		(void)snprintf(text, sizeof(text), "i:%s", skus[i]);
		engine_world_mark(world, &world->erp, text, MARK_HOOK);
	}
	engine_world_rest(world);
	for (size_t i = 0; i < 5; i++) {
		char external[16];

		(void)snprintf(external, sizeof(external), "A-%s", skus[i]);
		assert_true(fake_adapter_shows(agora, external, i ? "7" : "5"));
	}
	assert_string_equal(state_of("erp"), "ok");
	fake_adapter_count(erp, "E-A1")->is_unreadable = false;
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "7"));
}

static void
test_push__an_account_that_refuses_all_is_not_well(void **state)
{
	static const char *const skus[] = { "A1", "A2" };

	(void)state;
	engine_world_item(world, "A1", "5");
	engine_world_item(world, "A2", "5");
	for (size_t i = 0; i < 2; i++) {
		char external[8];

		(void)snprintf(external, sizeof(external), "A-%s", skus[i]);
		fake_adapter_count(agora, external)->is_unreadable = true;
		receive(skus[i], "7");
	}
	engine_world_rest(world);
	assert_string_equal(state_of("agora"), "refused");
	fake_adapter_count(agora, "A-A1")->is_unreadable = false;
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_string_equal(state_of("agora"), "ok");
}

static void
test_push__an_item_refused_alone_is_tried_again_later(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	engine_world_item(world, "A2", "5");
	fake_adapter_count(agora, "A-A1")->is_refused = true;
	receive("A1", "7");
	receive("A2", "7");
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A2", "7"));
	assert_published("5");
	fake_adapter_count(agora, "A-A1")->is_refused = false;
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "7"));
}

static void
test_push__an_item_refused_again_and_again_is_looked_at_ever_less(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	fake_adapter_count(agora, "A-A1")->is_refused = true;
	receive("A1", "7");
	engine_world_rest(world);
	assert_int_equal(count_looks(1), 1);
	assert_in_range(count_looks(120), 5, 7);
	assert_in_range(count_looks(24 * 60), 22, 24);
	assert_marked("");
	assert_string_equal(
		store_world_say(&world->base, "ZCARD test:marks:agora"), "1");
	/* Something is new about it: at once, and from the beginning. */
	engine_world_mark(world, &world->agora, "i:A1", MARK_SYNC);
	(void)fake_adapter_log(agora);
	engine_world_rest(world);
	assert_non_null(strstr(fake_adapter_log(agora), "read_counts"));
	assert_int_equal(count_looks(1), 1);
	/* It is mended there: within an hour, and forgotten. */
	(void)count_looks(120);
	fake_adapter_count(agora, "A-A1")->is_refused = false;
	(void)count_looks(61);
	assert_true(fake_adapter_shows(agora, "A-A1", "7"));
	assert_string_equal(
		store_world_say(&world->base, "EXISTS test:refused:agora"),
		"0");
}

static void
test_push__a_refused_item_is_looked_at_when_the_clock_was_set_back(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	fake_adapter_count(agora, "A-A1")->is_refused = true;
	receive("A1", "7");
	engine_world_rest(world);
	(void)count_looks(120);
	fake_adapter_count(agora, "A-A1")->is_refused = false;
	fake_clock_set_wall(ENGINE_WORLD_NOW_MS - 86400000);
	(void)count_looks(1);
	assert_true(fake_adapter_shows(agora, "A-A1", "7"));
}

static void
test_push__a_refused_item_that_is_bound_anew_is_looked_at_at_once(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	fake_adapter_count(agora, "A-A1")->is_refused = true;
	receive("A1", "7");
	engine_world_rest(world);
	(void)count_looks(120);
	fake_adapter_set(agora, "A-A9", "3");
	store_world_bind(&world->base, "A1", "agora", "A-A9");
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A9", "7"));
}

/* A wrong binding, which a write might turn into a new thing over there. */
static void
test_push__what_the_channel_does_not_have_is_never_written(void **state)
{
	struct fake_count *c;

	(void)state;
	engine_world_bind(world, "A1", "5");
	engine_world_bind(world, "A2", "6");
	c = fake_adapter_count(agora, "A-A1");
	c->is_absent = true;
	c->is_known = false;
	engine_world_rest(world);
	assert_null(strstr(fake_adapter_log(agora), "A-A1="));
	assert_true(fake_adapter_shows(agora, "A-A2", "6"));
	c->is_absent = false; /* somebody mended it: that is seen by itself */
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "5"));
}

/* How often the count of A1 was asked for at the till since the last time. */
static size_t
times_read(void)
{
	return times_called("read_counts(A-A1)");
}

/* Its stock moves all day long elsewhere: each look would cost calls, and none
   can find what is not there. */
static void
test_push__what_the_channel_does_not_have_is_asked_for_hourly(void **state)
{
	struct fake_count *c;
	char qty[24];

	(void)state;
	engine_world_bind(world, "A1", "5");
	c = fake_adapter_count(agora, "A-A1");
	c->is_absent = true;
	c->is_known = false;
	engine_world_rest(world);
	(void)fake_adapter_log(agora);
	for (int i = 1; i <= 120; i++) {
		fake_clock_advance(60000);
		(void)snprintf(qty, sizeof(qty), "%d", 5 + i);
		receive("A1", qty);
		engine_world_turn(&world->agora);
	}
	assert_in_range(times_read(), 4, 8);
	/* The other tills know all the same. */
	engine_world_rest(world);
	assert_true(fake_adapter_shows(world->kiosk.state, "K-A1", "125"));
	/* Somebody made it, and asks for a look. */
	c->is_absent = false;
	c->is_known = true;
	engine_world_mark(world, &world->agora, "i:A1", MARK_OPERATOR);
	engine_world_turn(&world->agora);
	assert_true(fake_adapter_shows(agora, "A-A1", "125"));
	/* From then on it is like any other. */
	receive("A1", "7");
	engine_world_turn(&world->agora);
	assert_true(fake_adapter_shows(agora, "A-A1", "7"));
}

/* The till itself says that it has the thing now: that is heard within a minute,
   and costs no more than a look a minute while it speaks of it in vain. */
static void
test_push__what_is_there_again_by_the_channels_word_is_asked_for(void **state)
{
	struct fake_count *c;

	(void)state;
	engine_world_bind(world, "A1", "5");
	c = fake_adapter_count(agora, "A-A1");
	c->is_absent = true;
	c->is_known = false;
	engine_world_rest(world);
	for (int i = 0; i < 120; i++) {
		fake_clock_advance(60000);
		engine_world_turn(&world->agora);
	}
	(void)fake_adapter_log(agora);
	for (int i = 0; i < 60; i++) {
		fake_clock_advance(10000);
		engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
		engine_world_turn(&world->agora);
	}
	assert_in_range(times_read(), 9, 10);
	for (int i = 0; i < 120; i++) {
		fake_clock_advance(60000);
		engine_world_turn(&world->agora);
	}
	assert_in_range(times_read(), 3, 8);
	c->is_absent = false;
	c->is_known = true;
	engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
	for (int i = 0; i < 6; i++) {
		engine_world_turn(&world->agora);
		fake_clock_advance(10000);
	}
	engine_world_turn(&world->agora);
	assert_true(fake_adapter_shows(agora, "A-A1", "5"));
}

/* Nothing is to be learned from sales of what is not there. */
static void
test_push__what_the_channel_does_not_have_costs_no_list_of_sales(void **state)
{
	struct fake_count *c;

	(void)state;
	engine_world_bind(world, "A1", "5");
	c = fake_adapter_count(agora, "A-A1");
	c->is_absent = true;
	c->is_known = false;
	engine_world_turn(&world->erp);
	(void)fake_adapter_log(agora);
	engine_world_turn(&world->agora);
	assert_log("read_counts(A-A1)");
}

/* Done, and odd all the same: a person is told. */
static void
test_push__a_remark_on_what_was_done_is_told(void **state)
{
	const char *said;

	(void)state;
	engine_world_item(world, "A1", "5");
	receive("A1", "7");
	fake_adapter_next(agora, "write_counts",
	                  outcome_of(VERDICT_DONE, "made one anew"), true);
	stderr_capture_begin();
	engine_world_turn(&world->agora);
	said = stderr_capture_end();
	assert_published("7");
	assert_non_null(strstr(said, "warn account.remark account=agora "
	                             "doing=\"write counts\" "
	                             "why=\"made one anew\""));
}

static void
test_push__a_write_that_is_slow_or_fails_keeps_its_marks(void **state)
{
	static const enum verdict verdicts[] = { VERDICT_RETRY, VERDICT_SLOW,
		                                 VERDICT_LOCKED,
		                                 VERDICT_UNCERTAIN };

	(void)state;
	engine_world_item(world, "A1", "5");
	receive("A1", "7");
	for (size_t i = 0; i < 4; i++) {
		fake_adapter_next(agora, "write_counts",
		                  outcome_of(verdicts[i], "no"), false);
		engine_world_turn(&world->agora);
		assert_published("5");
		assert_marked("i:A1");
		fake_clock_advance(60000);
	}
	engine_world_rest(world);
	assert_published("7");
}

static void
test_push__a_write_whose_answer_was_lost_is_found_by_the_next_look(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	receive("A1", "7");
	fake_adapter_next(agora, "write_counts",
	                  outcome_of(VERDICT_RETRY, "lost"), true);
	engine_world_turn(&world->agora);
	fake_clock_advance(30000);
	(void)fake_adapter_log(agora);
	engine_world_rest(world);
	assert_not_written();
	assert_published("7");
}

static void
test_push__a_rate_limit_stops_the_halving_of_a_refused_batch(void **state)
{
	static const char *const skus[] = { "A1", "A2", "A3", "A4" };

	(void)state;
	for (size_t i = 0; i < 4; i++)
		engine_world_item(world, skus[i], "5");
	for (size_t i = 0; i < 4; i++)
		receive(skus[i], "7");
	fake_adapter_next(agora, "write_counts",
	                  outcome_of(VERDICT_REFUSED, "one of them"), false);
	fake_adapter_next(agora, "write_counts", outcome_slow(5000, "429"),
	                  false);
	engine_world_turn(&world->agora);
	assert_log("read_counts(A-A1,A-A2,A-A3,A-A4) list_sales "
	           "write_counts(A-A1=7,A-A2=7,A-A3=7,A-A4=7) "
	           "write_counts(A-A1=7,A-A2=7)");
	assert_marked("i:A1 i:A2 i:A3 i:A4");
}

static void
test_push__batches_are_no_larger_than_the_vendor_takes(void **state)
{
	static const char *const skus[] = { "A1", "A2", "A3" };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		engine_world_item(world, skus[i], "5");
	agora->batch_max = 2;
	for (size_t i = 0; i < 3; i++)
		receive(skus[i], "7");
	engine_world_turn(&world->agora);
	assert_log("read_counts(A-A1,A-A2) list_sales "
	           "write_counts(A-A1=7,A-A2=7) "
	           "read_counts(A-A3) list_sales write_counts(A-A3=7)");
}

static void
test_push__one_slow_channel_does_not_delay_another(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	fake_adapter_next(agora, "read_counts", outcome_slow(60000, "429"),
	                  false);
	receive("A1", "7");
	engine_world_turn(&world->agora);
	engine_world_turn(&world->kiosk);
	assert_true(fake_adapter_shows(world->kiosk.state, "K-A1", "7"));
	assert_true(fake_adapter_shows(agora, "A-A1", "5"));
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_push__a_count_that_is_right_is_recorded_and_not_written),
		EACH(test_push__the_first_count_of_a_binding_is_written_whatever_it_was),
		EACH(test_push__a_look_says_since_when_an_item_is_bound),
		EACH(test_push__a_new_binding_that_was_never_counted_there_is_written),
		EACH(test_push__reads_the_count_then_the_sales_then_writes),
		EACH(test_push__every_write_leaves_a_mark_that_reads_the_count_again),
		EACH(test_push__a_fall_with_a_known_sale_is_written_at_once),
		EACH(test_push__a_sale_at_one_channel_lowers_the_others),
		EACH(test_push__a_fall_without_a_sale_waits_ten_seconds_and_is_drift),
		EACH(test_push__a_fall_whose_sale_is_announced_meanwhile_is_no_drift),
		EACH(test_push__a_fall_larger_than_the_known_sale_is_unexplained),
		EACH(test_push__a_fall_that_goes_on_gets_ten_seconds_anew),
		EACH(test_push__a_clock_set_back_makes_the_second_look_late_not_lost),
		EACH(test_push__a_clock_set_ahead_makes_no_second_look_sooner),
		EACH(test_push__what_is_on_an_open_sale_is_no_drift),
		EACH(test_push__an_open_sale_given_up_brings_its_units_back),
		EACH(test_push__a_fall_beyond_what_is_open_is_drift),
		EACH(test_push__an_open_sale_that_took_nothing_off_adds_nothing),
		EACH(test_push__a_target_below_what_is_open_is_written_as_nothing),
		EACH(test_push__open_sales_that_cannot_be_read_suppress_the_write),
		EACH(test_push__open_sales_that_cannot_be_read_hide_no_fall_to_the_target),
		EACH(test_push__open_sales_never_read_hold_a_fall_for_five_minutes),
		EACH(test_push__open_sales_that_are_refused_make_a_fall_drift),
		EACH(test_push__open_sales_that_cannot_be_read_stop_only_what_fell),
		EACH(test_push__a_rate_limit_met_at_open_sales_stops_the_batch),
		EACH(test_push__a_rise_is_drift_and_corrected),
		EACH(test_push__an_unknown_count_suppresses_the_write),
		EACH(test_push__a_failed_read_suppresses_the_write_and_keeps_the_mark),
		EACH(test_push__a_failed_listing_of_sales_suppresses_the_write),
		EACH(test_push__a_refused_listing_of_sales_is_not_repeated_without_a_pause),
		EACH(test_push__without_a_balance_nothing_is_written),
		EACH(test_push__a_balance_of_another_authority_is_none),
		EACH(test_push__a_channel_that_takes_no_counts_is_left_alone),
		EACH(test_push__reserve_of_the_item_goes_before_the_accounts_and_the_global),
		EACH(test_push__a_target_is_never_below_zero),
		EACH(test_push__fractions_are_cut_to_what_the_channel_holds),
		EACH(test_push__a_sale_between_read_and_write_is_not_undone),
		EACH(test_push__a_sale_that_a_write_wiped_out_is_counted_all_the_same),
		EACH(test_push__a_call_during_the_look_causes_another_look),
		EACH(test_push__a_binding_made_anew_during_the_look_is_not_written_through),
		EACH(test_push__our_own_write_coming_back_causes_no_write),
		EACH(test_push__one_bad_item_does_not_stop_the_others),
		EACH(test_push__one_that_cannot_be_read_does_not_stop_the_others),
		EACH(test_push__a_balance_that_cannot_be_read_does_not_stop_the_others),
		EACH(test_push__an_account_that_refuses_all_is_not_well),
		EACH(test_push__an_item_refused_alone_is_tried_again_later),
		EACH(test_push__an_item_refused_again_and_again_is_looked_at_ever_less),
		EACH(test_push__a_refused_item_is_looked_at_when_the_clock_was_set_back),
		EACH(test_push__a_refused_item_that_is_bound_anew_is_looked_at_at_once),
		EACH(test_push__what_the_channel_does_not_have_is_never_written),
		EACH(test_push__what_the_channel_does_not_have_is_asked_for_hourly),
		EACH(test_push__what_the_channel_does_not_have_costs_no_list_of_sales),
		EACH(test_push__what_is_there_again_by_the_channels_word_is_asked_for),
		EACH(test_push__a_remark_on_what_was_done_is_told),
		EACH(test_push__a_write_that_is_slow_or_fails_keeps_its_marks),
		EACH(test_push__a_write_whose_answer_was_lost_is_found_by_the_next_look),
		EACH(test_push__a_rate_limit_stops_the_halving_of_a_refused_batch),
		EACH(test_push__batches_are_no_larger_than_the_vendor_takes),
		EACH(test_push__one_slow_channel_does_not_delay_another),
	};

	return cmocka_run_group_tests(tests, engine_world_setup,
	                              engine_world_teardown);
}
