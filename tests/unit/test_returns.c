/*
 * What comes back at a till: found when a count rose, counted once, and held
 * for a person or posted.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/model/metrics.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"

#include <string.h>

enum { MINUTE_MS = 60000, HOUR_MS = 60 * MINUTE_MS };

#define DAY_MS (INT64_C(24) * HOUR_MS)

static struct engine_world *world;
static struct fake_adapter *erp;
static struct fake_adapter *agora;
static struct fake_adapter *kiosk;
static int64_t n_drift; /* at the beginning of the test */

static int
begin(void **state)
{
	world = *state;
	(void)engine_world_empty(state);
	erp = world->erp.state;
	agora = world->agora.state;
	kiosk = world->kiosk.state;
	n_drift = metrics_get(METRIC_drift_found);
	return 0;
}

/* An item that all show, and the first listings behind us. */
static void
have(const char *sku, const char *qty)
{
	bool was_listed = false;

	engine_world_item(world, sku, qty);
	assert_int_equal(sales_list(&world->agora, clock_wall_ms(), true, 0,
	                            &was_listed),
	                 0);
	assert_true(was_listed);
	fake_clock_advance(1000);
	(void)fake_adapter_log(agora);
}

static void
call(const char *member)
{
	engine_world_mark(world, &world->agora, member, MARK_HOOK);
	engine_world_rest(world);
}

static void
assert_entry(const char *id, const char *state)
{
	assert_string_equal(engine_world_entry(world, id), state);
}

static void
assert_all_show(const char *qty)
{
	assert_true(fake_adapter_shows(erp, "E-A1", qty));
	assert_true(fake_adapter_shows(agora, "A-A1", qty));
	assert_true(fake_adapter_shows(kiosk, "K-A1", qty));
}

static void
assert_drift(int64_t n)
{
	assert_int_equal(metrics_get(METRIC_drift_found) - n_drift, n);
}

static void
decide(const char *id, enum dead_action action, int expected)
{
	assert_int_equal(store_ledger_decide(world->base.store, id, action),
	                 expected);
}

/* ---- held ---- */

static void
test_returns__are_held_and_their_goods_leave_the_count_again(void **state)
{
	(void)state;
	have("A1", "5");
	(void)fake_adapter_return(agora, "R1", "A-A1", "2");
	engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
	engine_world_turn(&world->agora);
	assert_string_equal(fake_adapter_log(agora),
	                    "read_counts(A-A1) list_sales list_returns "
	                    "write_counts(A-A1=5)");
	engine_world_rest(world);
	assert_entry("agora/R1", "held");
	assert_all_show("5");
	assert_drift(0);
	assert_int_equal(erp->n_docs, 0);
}

/* Many a shop's books are below zero, and nobody sold anything. */
static void
test_returns__oversell_nothing(void **state)
{
	(void)state;
	have("A1", "-3");
	(void)fake_adapter_return(agora, "R1", "A-A1", "2");
	call("i:A1");
	assert_entry("agora/R1", "held");
	assert_string_equal(
		store_world_say(&world->base, "ZCARD test:oversold"), "0");
}

static void
test_returns__that_are_retried_are_posted_and_all_show_them(void **state)
{
	(void)state;
	have("A1", "5");
	(void)fake_adapter_return(agora, "R1", "A-A1", "2");
	call("i:A1");
	decide("agora/R1", DEAD_CONFIRM, LEDGER_UNFIT);
	decide("agora/R1", DEAD_RETRY, 0);
	engine_world_rest(world);
	assert_entry("agora/R1", "settled");
	assert_all_show("7");
	assert_drift(0);
}

static void
test_returns__that_are_dropped_stay_without_effect(void **state)
{
	(void)state;
	have("A1", "5");
	(void)fake_adapter_return(agora, "R1", "A-A1", "2");
	call("i:A1");
	decide("agora/R1", DEAD_DROP, 0);
	engine_world_rest(world);
	fake_clock_advance(2LL * HOUR_MS);
	call("i:A1");
	assert_entry("agora/R1", "dropped");
	assert_all_show("5");
	assert_drift(0);
}

/* Nobody calls: the whole window finds it, and the count is looked at. */
static void
test_returns__that_nobody_announced_are_found_by_the_window(void **state)
{
	bool was_listed = false;

	(void)state;
	have("A1", "5");
	(void)fake_adapter_return(agora, "R1", "A-A1", "2");
	fake_clock_advance(HOUR_MS);
	assert_int_equal(sales_list(&world->agora, clock_wall_ms(), false, 0,
	                            &was_listed),
	                 0);
	assert_string_equal(fake_adapter_log(agora), "list_sales list_returns");
	engine_world_rest(world);
	assert_entry("agora/R1", "held");
	assert_all_show("5");
	assert_drift(0);
}

/* ---- posted ---- */

static void
test_returns__that_the_authority_takes_raise_every_target(void **state)
{
	(void)state;
	erp->takes_returns = true;
	have("A1", "5");
	(void)fake_adapter_return(agora, "R1", "A-A1", "2");
	call("i:A1");
	assert_entry("agora/R1", "settled");
	assert_int_equal(erp->n_docs, 1);
	assert_all_show("7");
	assert_drift(0);
}

static void
test_returns__and_a_sale_at_once_come_out_even(void **state)
{
	(void)state;
	erp->takes_returns = true;
	have("A1", "5");
	(void)fake_adapter_return(agora, "R1", "A-A1", "1");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "3");
	call("i:A1");
	assert_entry("agora/R1", "settled");
	assert_entry("agora/S1", "settled");
	assert_all_show("3");
	assert_drift(0);
}

static void
test_returns__count_once_however_often_they_are_seen(void **state)
{
	(void)state;
	erp->takes_returns = true;
	have("A1", "5");
	(void)fake_adapter_return(agora, "R1", "A-A1", "2");
	for (int i = 0; i < 3; i++) {
		call("i:A1");
		call("s:R1");
		fake_clock_advance(HOUR_MS);
		call("y:sales");
	}
	assert_int_equal(erp->n_docs, 1);
	assert_all_show("7");
}

static void
test_returns__of_an_unbound_thing_are_counted_when_it_is_bound(void **state)
{
	(void)state;
	erp->takes_returns = true;
	have("A1", "5");
	fake_adapter_set(agora, "A-A2", "1");
	(void)fake_adapter_return(agora, "R1", "A-A2", "1");
	call("y:sales");
	assert_entry("agora/R1", "(nil)");
	engine_world_bind(world, "A2", "4");
	engine_world_rest(world);
	assert_entry("agora/R1", "settled");
	assert_true(fake_adapter_shows(erp, "E-A2", "5"));
	assert_true(fake_adapter_shows(agora, "A-A2", "5"));
	assert_drift(0);
}

/* ---- what is none ---- */

static void
test_returns__are_not_asked_for_while_counts_fall_or_stand(void **state)
{
	(void)state;
	have("A1", "5");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "2");
	call("i:A1");
	fake_adapter_set(erp, "E-A1", "9");
	engine_world_mark(world, &world->erp, "i:A1", MARK_HOOK);
	engine_world_rest(world);
	assert_all_show("9");
	assert_null(strstr(fake_adapter_log(agora), "list_returns"));
}

static void
test_returns__a_rise_that_none_explains_is_drift(void **state)
{
	(void)state;
	have("A1", "5");
	(void)fake_adapter_return(agora, "R1", "A-A1", "2");
	fake_adapter_set(agora, "A-A1", "8");
	call("i:A1");
	assert_entry("agora/R1", "held");
	assert_drift(1);
	fake_adapter_set(agora, "A-A1", "6");
	call("i:A1");
	assert_drift(2);
	assert_all_show("5");
	assert_int_equal(erp->n_docs, 0);
}

static void
test_returns__before_the_first_binding_are_history(void **state)
{
	struct fake_sale *old;

	(void)state;
	have("A1", "5");
	old = fake_adapter_return(agora, "R1", "A-A1", "2");
	old->closed_ms = ENGINE_WORLD_NOW_MS - 1;
	call("y:sales");
	call("s:R1");
	assert_entry("agora/R1", "(nil)");
}

/* ---- cursors ---- */

static int64_t
cursor(void)
{
	int64_t ms = -1;

	assert_int_equal(
		store_cursor_get(world->base.store, &ms, "agora", "returns"),
		0);
	return ms;
}

static void
test_returns__that_cannot_be_listed_hold_back_the_write(void **state)
{
	int64_t before;

	(void)state;
	have("A1", "5");
	before = cursor();
	(void)fake_adapter_return(agora, "R1", "A-A1", "2");
	fake_adapter_next(agora, "list_returns",
	                  outcome_of(VERDICT_RETRY, "no"), false);
	call("i:A1");
	assert_true(fake_adapter_shows(agora, "A-A1", "7"));
	assert_int_equal(cursor(), before);
	fake_clock_advance(MINUTE_MS);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "5"));
	assert_true(cursor() > before);
}

/* The sales of a look are listed before its returns: their cursor says nothing
   about a return of a long outage. */
static void
test_returns__of_a_long_outage_are_counted_however_old(void **state)
{
	(void)state;
	have("A1", "5");
	(void)fake_adapter_return(agora, "R1", "A-A1", "2");
	fake_clock_advance(60 * DAY_MS);
	call("i:A1");
	assert_entry("agora/R1", "held");
}

/* ---- what the balance may contain already ---- */

/* Listed, not posted yet. */
static void
bring_back_one(void)
{
	bool was_listed = false;

	erp->takes_returns = true;
	erp->has_no_look_up = true;
	have("A1", "10");
	(void)fake_adapter_return(agora, "R1", "A-A1", "1");
	assert_int_equal(sales_list(&world->agora, clock_wall_ms(), true, 0,
	                            &was_listed),
	                 0);
	assert_entry("agora/R1", "ready");
}

static void
assert_pending(const char *qty)
{
	struct stock_view view = engine_world_view(world, &world->kiosk, "A1");

	assert_true(engine_world_is(view.pending, qty));
	stock_view_fini(&view);
}

/* The post answers this and was done all the same; then a new balance. */
static void
post_answers(enum verdict verdict)
{
	fake_adapter_next(erp, "post", outcome_of(verdict, "half"), true);
	engine_world_turn(&world->erp);
	assert_true(fake_adapter_shows(erp, "E-A1", "11"));
}

/* Ten and one that came back are eleven, whether or not we know that the
   authority has it: nobody may show twelve. */
static void
test_returns__that_are_uncertain_oversell_nothing(void **state)
{
	(void)state;
	bring_back_one();
	assert_pending("-1"); /* never sent: it is certain */
	post_answers(VERDICT_UNCERTAIN);
	assert_entry("agora/R1", "uncertain");
	assert_pending("0");
	engine_world_rest(world);
	assert_true(fake_adapter_shows(kiosk, "K-A1", "10"));
	fake_clock_advance(MINUTE_MS);
	engine_world_mark(world, &world->erp, "i:A1", MARK_HOOK);
	engine_world_rest(world);
	assert_all_show("11");
}

static void
test_returns__that_a_person_confirms_are_not_counted_once_more(void **state)
{
	(void)state;
	bring_back_one();
	post_answers(VERDICT_UNCERTAIN);
	fake_clock_advance(MINUTE_MS);
	engine_world_mark(world, &world->erp, "i:A1", MARK_HOOK);
	engine_world_rest(world);
	decide("agora/R1", DEAD_CONFIRM, 0);
	assert_pending("0");
	engine_world_turn(&world->kiosk);
	assert_true(fake_adapter_shows(kiosk, "K-A1", "11"));
	engine_world_rest(world);
	assert_entry("agora/R1", "settled");
	assert_all_show("11");
}

/* Two calls make a return there: the first was done, the second is due. */
static void
test_returns__that_are_half_posted_oversell_nothing(void **state)
{
	(void)state;
	bring_back_one();
	post_answers(VERDICT_RETRY);
	assert_entry("agora/R1", "ready");
	assert_pending("0");
	engine_world_mark(world, &world->erp, "i:A1", MARK_HOOK);
	fake_adapter_next(erp, "post", outcome_of(VERDICT_RETRY, "half"),
	                  false);
	fake_clock_advance(MINUTE_MS);
	engine_world_rest(world);
	assert_entry("agora/R1", "ready");
	assert_all_show("11");
}

/* What was shown of it before is taken back at once. */
static void
test_returns__that_become_uncertain_are_no_longer_for_sale(void **state)
{
	(void)state;
	bring_back_one();
	engine_world_turn(&world->kiosk);
	assert_true(fake_adapter_shows(kiosk, "K-A1", "11"));
	fake_adapter_next(erp, "post", outcome_of(VERDICT_UNCERTAIN, "lost"),
	                  false);
	engine_world_turn(&world->erp);
	engine_world_turn(&world->kiosk);
	assert_true(fake_adapter_shows(kiosk, "K-A1", "10"));
}

static void
test_returns__that_are_posted_stay_for_sale_all_the_while(void **state)
{
	(void)state;
	bring_back_one();
	engine_world_turn(&world->kiosk);
	assert_true(fake_adapter_shows(kiosk, "K-A1", "11"));
	engine_world_turn(&world->erp);
	engine_world_turn(&world->kiosk);
	assert_true(fake_adapter_shows(kiosk, "K-A1", "11"));
	engine_world_rest(world);
	assert_entry("agora/R1", "settled");
	assert_all_show("11");
	assert_drift(0);
}

/* ---- where they are recorded ---- */

/* "Changing an authority takes effect when the item's entries at the old one
   are settled or dropped": a held return is one. */
static void
test_returns__that_are_held_keep_the_items_authority(void **state)
{
	static char sku[] = "A1", there[] = "kiosk";
	const struct item item = { .sku = sku, .authority = there };

	(void)state;
	have("A1", "10");
	(void)fake_adapter_return(agora, "R1", "A-A1", "1");
	call("i:A1");
	assert_entry("agora/R1", "held");
	assert_int_equal(store_registry_put(world->base.store, &item, NULL), 0);
	engine_world_rest(world);
	fake_adapter_set(kiosk, "K-A1", "7"); /* a channel still, so drift */
	engine_world_mark(world, &world->kiosk, "i:A1", MARK_HOOK);
	engine_world_rest(world);
	fake_clock_advance(MINUTE_MS);
	engine_world_rest(world);
	assert_all_show("10");
	decide("agora/R1", DEAD_RETRY, 0);
	engine_world_turn(&world->kiosk);
	engine_world_rest(world);
	assert_entry("agora/R1", "settled");
	assert_all_show("11");
	assert_string_equal(
		store_world_say(&world->base, "HGET test:item:A1 authority"),
		"kiosk");
}

static void
test_returns__that_are_dropped_let_the_authority_change(void **state)
{
	static char sku[] = "A1", there[] = "kiosk";
	const struct item item = { .sku = sku, .authority = there };

	(void)state;
	have("A1", "10");
	(void)fake_adapter_return(agora, "R1", "A-A1", "1");
	call("i:A1");
	assert_int_equal(store_registry_put(world->base.store, &item, NULL), 0);
	decide("agora/R1", DEAD_DROP, 0);
	assert_string_equal(
		store_world_say(&world->base, "HGET test:item:A1 authority"),
		"kiosk");
}

/* ---- at the authority itself ---- */

static void
test_returns__and_sales_at_the_authority_itself_are_news_of_its_balance(
	void **state)
{
	struct item item = { .sku = text_dup("A1"),
		             .authority = text_dup("agora") };

	(void)state;
	have("A1", "5");
	assert_int_equal(store_registry_put(world->base.store, &item, NULL), 0);
	item_fini(&item);
	engine_world_rest(world);
	/* The calls about the counts are lost: only the sale's own comes. */
	(void)fake_adapter_sell(agora, "S1", "A-A1", "2");
	call("s:S1");
	assert_entry("agora/S1", "(nil)");
	assert_true(fake_adapter_shows(kiosk, "K-A1", "3"));
	(void)fake_adapter_return(agora, "R1", "A-A1", "1");
	call("y:sales");
	assert_entry("agora/R1", "(nil)");
	assert_true(fake_adapter_shows(kiosk, "K-A1", "4"));
	assert_int_equal(erp->n_docs, 0);
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_returns__are_held_and_their_goods_leave_the_count_again),
		cmocka_unit_test_setup(test_returns__oversell_nothing, begin),
		EACH(test_returns__that_are_retried_are_posted_and_all_show_them),
		EACH(test_returns__that_are_dropped_stay_without_effect),
		EACH(test_returns__that_nobody_announced_are_found_by_the_window),
		EACH(test_returns__that_the_authority_takes_raise_every_target),
		EACH(test_returns__and_a_sale_at_once_come_out_even),
		EACH(test_returns__count_once_however_often_they_are_seen),
		EACH(test_returns__of_an_unbound_thing_are_counted_when_it_is_bound),
		EACH(test_returns__are_not_asked_for_while_counts_fall_or_stand),
		EACH(test_returns__a_rise_that_none_explains_is_drift),
		EACH(test_returns__before_the_first_binding_are_history),
		EACH(test_returns__that_cannot_be_listed_hold_back_the_write),
		EACH(test_returns__of_a_long_outage_are_counted_however_old),
		EACH(test_returns__that_are_uncertain_oversell_nothing),
		EACH(test_returns__that_a_person_confirms_are_not_counted_once_more),
		EACH(test_returns__that_are_half_posted_oversell_nothing),
		EACH(test_returns__that_become_uncertain_are_no_longer_for_sale),
		EACH(test_returns__that_are_posted_stay_for_sale_all_the_while),
		EACH(test_returns__that_are_held_keep_the_items_authority),
		EACH(test_returns__that_are_dropped_let_the_authority_change),
		EACH(test_returns__and_sales_at_the_authority_itself_are_news_of_its_balance),
	};

	return cmocka_run_group_tests(tests, engine_world_setup,
	                              engine_world_teardown);
}
