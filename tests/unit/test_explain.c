/*
 * Why an item shows what it shows: each reason its sentence.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/drivers/store_explain.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_timeline.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"

#include <stdlib.h>
#include <string.h>

static struct engine_world *world;
static struct store *store;
static struct fake_adapter *erp;
static struct fake_adapter *agora;
static struct explain e;

static int
begin(void **state)
{
	world = *state;
	store = world->base.store;
	store_timeline_flush(store); /* what the test before left waiting */
	(void)engine_world_empty(state);
	erp = world->erp.state;
	agora = world->agora.state;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	explain_fini(&e);
	return 0;
}

/* Collect anew. */
static void
explain(void)
{
	explain_fini(&e);
	assert_int_equal(store_explain(store, &e, world->conf,
	                               world->engine.adapters, "A1"),
	                 0);
}

static const struct explain_channel *
channel(const char *account)
{
	for (size_t i = 0; i < e.n_channels; i++)
		if (!strcmp(e.channels[i].account, account))
			return &e.channels[i];
	fail_msg("no channel %s", account);
	return NULL;
}

static void
assert_says(const char *account, const char *expected)
{
	struct buf text = BUF_INIT;

	explain();
	explain_conclude(&text, &e, channel(account));
	assert_string_equal(buf_text(&text), expected);
	buf_fini(&text);
}

static void
look(struct worker *w, enum mark_cause cause)
{
	engine_world_mark(world, w, "i:A1", cause);
	engine_world_rest(world);
}

static void
clear_mark(const char *account)
{
	(void)store_world_say(&world->base, "ZREM test:marks:%s i:A1", account);
	(void)store_world_say(&world->base, "HDEL test:mark:%s i:A1", account);
}

static void
test_explain__an_item_at_rest_shows_its_balance(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	assert_says("agora", "agora shows 5: 5 in erp");
	assert_true(e.has_balance);
	assert_string_equal(e.authority, "erp");
	assert_true(e.is_default);
	assert_int_equal(e.n_entries, 0);
	assert_int_equal(e.n_channels, 2);
}

static void
test_explain__an_authority_that_is_gone_is_named(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)store_world_say(&world->base,
	                      "HSET test:item:A1 authority oldtill");
	explain();
	assert_true(e.is_gone);
	assert_says("agora", "agora shows 5 and is left alone: the balance in "
	                     "oldtill is not known, which is no longer "
	                     "configured: give the item another authority");
}

/* "" in the books: back to the default. */
static void
test_explain__the_default_that_waits_is_named(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)store_world_say(&world->base,
	                      "HSET test:item:A1 authority kiosk");
	explain();
	assert_string_equal(e.next, "");
	(void)store_world_say(&world->base, "HSET test:item:A1 next \"\"");
	explain();
	assert_string_equal(e.next, "erp");
}

static void
test_explain__an_entry_that_settles_by_drops_says_so(void **state)
{
	struct buf text = BUF_INIT;
	bool was_listed = false;

	(void)state;
	engine_world_item(world, "A1", "5");
	erp->settle_wait_ms = 86400000;
	(void)fake_adapter_sell(world->agora.state, "S1", "A-A1", "2");
	assert_int_equal(sales_list(&world->agora, clock_wall_ms(), false, 0,
	                            &was_listed),
	                 0);
	(void)store_world_say(&world->base,
	                      "HSET test:entry:agora/S1 state confirmed");
	explain();
	assert_int_equal(e.n_entries, 1);
	explain_entry_say(&text, &e.entries[0]);
	assert_string_equal(buf_text(&text),
	                    "entry agora/S1, posted: it ends when the balance "
	                    "has fallen by it, or 24 h later");
	buf_fini(&text);
}

static void
test_explain__an_unknown_item_is_a_condition(void **state)
{
	struct buf near = BUF_INIT;

	(void)state;
	store_world_bind(&world->base, "tea-green-100", "erp", "E-1");
	store_world_bind(&world->base, "Tea-Green-200", "erp", "E-2");
	store_world_bind(&world->base, "coffee", "erp", "E-3");
	assert_int_equal(store_explain(store, &e, world->conf,
	                               world->engine.adapters, "TEA-GREEN-200"),
	                 EXPLAIN_ABSENT);
	assert_int_equal(store_explain_near(store, &near, "TEA-GREEN-200"), 0);
	assert_string_equal(buf_text(&near), "Tea-Green-200");
	buf_reset(&near);
	assert_int_equal(store_explain_near(store, &near, "tea-green"), 0);
	assert_non_null(strstr(buf_text(&near), "tea-green-100"));
	assert_non_null(strstr(buf_text(&near), "Tea-Green-200"));
	assert_null(strstr(buf_text(&near), "coffee"));
	buf_reset(&near);
	assert_int_equal(store_explain_near(store, &near, "zzz"), 0);
	assert_string_equal(buf_text(&near), "");
	buf_fini(&near);
}

static void
test_explain__reserves_say_where_they_come_from(void **state)
{
	struct item item = { .sku = text_dup("A1"), .has_reserve = true };

	(void)state;
	engine_world_configure(world, "\"reserve\": \"1\"",
	                       "\"reserve\": \"2\"", "");
	agora = world->agora.state;
	engine_world_item(world, "A1", "5");
	assert_says("agora", "agora shows 3: 5 in erp, 2 kept back");
	assert_int_equal(channel("agora")->reserve_from, RESERVE_ACCOUNT);
	assert_says("kiosk", "kiosk shows 4: 5 in erp, 1 kept back");
	assert_int_equal(channel("kiosk")->reserve_from, RESERVE_GLOBAL);
	item.reserve = decimal_of(3);
	assert_int_equal(store_registry_put(store, &item, NULL), 0);
	engine_world_rest(world);
	assert_says("agora", "agora shows 2: 5 in erp, 3 kept back");
	assert_int_equal(channel("agora")->reserve_from, RESERVE_ITEM);
	item_fini(&item);
}

/* A sale of two at agora whose entry ends like this. */
static void
sell(struct outcome outcome)
{
	engine_world_item(world, "A1", "5");
	fake_clock_advance(1000);
	erp->has_no_look_up = true;
	fake_adapter_next(erp, "post", outcome, false);
	fake_adapter_sell(agora, "O1", "A-A1", "2");
	look(&world->agora, MARK_HOOK);
}

static void
test_explain__an_uncertain_entry_waits_for_a_person(void **state)
{
	(void)state;
	sell(outcome_of(VERDICT_UNCERTAIN, "no answer"));
	assert_says("agora",
	            "agora shows 3: 5 in erp, 2 on its way to erp (entry "
	            "agora/O1, uncertain: decide with tillbridge dead)");
	assert_int_equal(e.n_entries, 1);
	assert_string_equal(e.entries[0].why, "no answer");
	assert_int_equal(strncmp(e.entries[0].docid, "TB-", 3), 0);
	assert_true(e.entries[0].made_ms > 0);
}

static void
test_explain__a_refused_entry_says_what_can_be_done(void **state)
{
	(void)state;
	sell(outcome_of(VERDICT_REFUSED, "bad"));
	assert_says("kiosk",
	            "kiosk shows 3: 5 in erp, 2 on its way to erp (entry "
	            "agora/O1, refused: retry or drop it with tillbridge "
	            "dead)");
}

static void
test_explain__an_entry_that_is_tried_again_says_so(void **state)
{
	(void)state;
	sell(outcome_of(VERDICT_RETRY, "away"));
	assert_says("agora",
	            "agora shows 3: 5 in erp, 2 on its way to erp (entry "
	            "agora/O1, not posted yet (attempts: 1))");
}

static void
test_explain__a_negative_balance_is_no_overselling(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	fake_adapter_set(erp, "E-A1", "-2");
	look(&world->erp, MARK_HOOK);
	assert_says("agora", "agora shows 0: -2 in erp");
}

static void
test_explain__a_held_zero(void **state)
{
	const char *sku = "A1";

	(void)state;
	engine_world_item(world, "A1", "5");
	(void)store_world_say(&world->base, "HSET test:stock:A1 balance 0");
	assert_int_equal(store_stock_hold(store, "agora", &sku, 1), 0);
	assert_says("agora",
	            "agora shows 5 and should show 0 (0 in erp): its zero is "
	            "held for a person, because a sync would set too many "
	            "items to zero (tillbridge dead retry hold/agora releases "
	            "them)");
}

static void
test_explain__a_zero_that_a_person_dropped(void **state)
{
	const char *sku = "A1";
	int64_t n = 0;

	(void)state;
	engine_world_item(world, "A1", "5");
	(void)store_world_say(&world->base, "HSET test:stock:A1 balance 0");
	clear_mark("agora");
	assert_int_equal(store_stock_hold(store, "agora", &sku, 1), 0);
	assert_int_equal(store_stock_unhold(store, "agora", false, &n), 0);
	assert_says("agora",
	            "agora shows 5 and should show 0 (0 in erp): not written: "
	            "a person dropped its zero, 0 s ago; no look is due, the "
	            "next sync compares it");
}

static void
test_explain__a_till_that_is_down(void **state)
{
	const struct health_fact facts[] = { { "state", "waiting" },
		                             { "breaker", "open" },
		                             { "why", "connection refused" } };

	(void)state;
	engine_world_item(world, "A1", "5");
	(void)store_world_say(&world->base, "HSET test:stock:A1 balance 4");
	engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
	assert_int_equal(store_health_set(store, "agora", facts, 3), 0);
	assert_says("agora",
	            "agora shows 5 and should show 4 (4 in erp): agora is not "
	            "answering, tried again by itself (connection refused)");
	assert_true(channel("agora")->mark.is_due);
	assert_int_equal(channel("agora")->mark.cause, MARK_HOOK);
}

static void
test_explain__a_locked_account(void **state)
{
	const struct health_fact facts[] = { { "state", "locked" },
		                             { "breaker", "closed" },
		                             { "why", "http 401" } };

	(void)state;
	engine_world_item(world, "A1", "5");
	assert_int_equal(store_health_set(store, "agora", facts, 3), 0);
	assert_says("agora", "agora shows 5: 5 in erp; agora is locked: its "
	                     "credentials are refused (http 401)");
}

static void
test_explain__a_suspect_count(void **state)
{
	const struct stock_suspicion s = { clock_wall_ms(), clock_mono_ms(),
		                           decimal_of(1) };

	(void)state;
	engine_world_item(world, "A1", "5");
	(void)store_world_say(&world->base, "HSET test:stock:A1 balance 4");
	assert_int_equal(store_stock_suspect(store, "agora", "A1", &s), 0);
	assert_says("agora",
	            "agora shows 5 and should show 4 (4 in erp): its count "
	            "fell without a known sale, and is looked at once more "
	            "before it is corrected");
}

static void
test_explain__a_look_that_is_due_and_one_that_is_not(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)store_world_say(&world->base, "HSET test:stock:A1 balance 4");
	clear_mark("agora");
	assert_says("agora", "agora shows 5 and should show 4 (4 in erp): no "
	                     "look is due, the next sync compares it");
	engine_world_mark(world, &world->agora, "i:A1", MARK_SALE);
	assert_says("agora", "agora shows 5 and should show 4 (4 in erp): a "
	                     "look is due, a sale or an entry moved it");
}

/* The zero guard looks at all that a sync found before any of it is written. */
static void
test_explain__what_a_sync_found_waits_for_its_end(void **state)
{
	const struct stock_balance b = {
		.sku = "A1",
		.qty = decimal_of(4),
	};
	struct stock_read read = {
		.authority = "erp",
		.fetched_ms = clock_wall_ms(),
		.cause = MARK_SYNC,
	};
	size_t n = 0;

	(void)state;
	engine_world_item(world, "A1", "5");
	assert_int_equal(store_tick(store, &read.tick), 0);
	assert_int_equal(store_stock_balances(store, &read, &b, 1, &n), 0);
	assert_says("agora", "agora shows 5 and should show 4 (4 in erp): a "
	                     "sync has just found it, and it is written when "
	                     "that ends");
}

static void
test_explain__a_balance_that_is_not_known(void **state)
{
	const struct health_fact facts[] = { { "state", "waiting" },
		                             { "breaker", "open" },
		                             { "why", "timed out" } };

	(void)state;
	engine_world_bind(world, "A1", "5");
	assert_says("agora",
	            "agora was not written yet and is left alone: the balance "
	            "in erp is not known yet: it is about to be read");
	assert_int_equal(store_health_set(store, "erp", facts, 3), 0);
	assert_says("agora",
	            "agora was not written yet and is left alone: the balance "
	            "in erp is not known, erp is not answering, tried again by "
	            "itself (timed out)");
}

static void
test_explain__an_unresolved_binding(void **state)
{
	struct item item = { .sku = text_dup("A1") };
	struct binding *b = item_add_binding(&item);

	(void)state;
	b->account = text_dup("agora");
	b->typed = text_dup("GTIN 12");
	assert_int_equal(store_registry_put(store, &item, NULL), 0);
	assert_int_equal(store_registry_unresolved(store, "agora", "A1",
	                                           "nothing has this GTIN"),
	                 0);
	assert_says("agora", "agora is not bound yet: \"GTIN 12\" is "
	                     "unresolved: nothing has this GTIN");
	assert_false(e.is_bound);
	item_fini(&item);
}

static void
test_explain__a_paused_account(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)store_world_say(&world->base, "HSET test:stock:A1 balance 4");
	engine_world_configure(world, "", "\"paused\": true", "");
	assert_says("agora", "agora shows 5 and should show 4 (4 in erp): "
	                     "agora is paused");
}

static void
test_explain__accounts_that_a_person_paused(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)store_world_say(&world->base, "HSET test:stock:A1 balance 4");
	(void)store_world_say(&world->base, "HSET test:off account:agora 1");
	assert_says("agora", "agora shows 5 and should show 4 (4 in erp): "
	                     "agora is paused");
	(void)store_world_say(&world->base, "HDEL test:stock:A1 balance");
	(void)store_world_say(&world->base,
	                      "HSET test:health:erp state paused");
	assert_says("agora", "agora shows 5 and is left alone: the balance in "
	                     "erp is not known, erp is paused");
}

/* The fake authority takes no returns: they are held, and count nothing. */
static void
test_explain__a_held_return_is_told(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	fake_clock_advance(1000);
	fake_adapter_sell(agora, "O1", "A-A1", "-2");
	look(&world->agora, MARK_HOOK);
	assert_says("agora",
	            "agora shows 5: 5 in erp; 2 returned and not counted until "
	            "a person decides (tillbridge dead show entry/agora/O1)");
	assert_int_equal(e.n_entries, 1);
	assert_false(e.entries[0].is_pending);
	assert_true(decimal_is_zero(e.pending));
}

static void
test_explain__a_lost_answer_is_asked_for(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	fake_clock_advance(1000);
	fake_adapter_next(erp, "post", outcome_of(VERDICT_UNCERTAIN, "lost"),
	                  false);
	fake_adapter_sell(agora, "O1", "A-A1", "2");
	look(&world->agora, MARK_HOOK);
	explain();
	assert_int_equal(e.n_entries, 1);
	assert_string_equal(e.entries[0].state, "uncertain");
	assert_true(e.entries[0].is_asked);
	assert_in_range(e.entries[0].asked_in_ms, 1, 30000);
	erp->has_no_look_up = true;
	explain();
	assert_false(e.entries[0].is_asked);
}

static void
test_explain__what_is_oversold_says_since_when(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "1");
	fake_clock_advance(1000);
	fake_adapter_next(erp, "post", outcome_of(VERDICT_RETRY, "away"),
	                  false);
	fake_adapter_sell(agora, "O1", "A-A1", "3");
	look(&world->agora, MARK_HOOK);
	explain();
	assert_int_equal(e.oversold_ms, ENGINE_WORLD_NOW_MS + 1000);
	assert_int_equal(decimal_cmp(e.missing, decimal_of(2)), 0);
	assert_says("agora",
	            "agora shows 0: 1 in erp, 3 on its way to erp (entry "
	            "agora/O1, not posted yet (attempts: 1)); more was sold "
	            "than there is, by 2");
	fake_clock_advance(60000);
	fake_adapter_set(erp, "E-A1", "9");
	look(&world->erp, MARK_HOOK);
	explain();
	assert_int_equal(e.oversold_ms, 0);
}

static void
test_explain__since_when_a_balance_is_not_known(void **state)
{
	(void)state;
	engine_world_bind(world, "A1", "5");
	fake_clock_advance(5000);
	explain();
	assert_int_equal(e.unknown_ms, ENGINE_WORLD_NOW_MS);
	engine_world_item(world, "A1", "5");
	explain();
	assert_int_equal(e.unknown_ms, 0);
}

static void
test_explain__the_timeline_says_since_when(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	fake_clock_advance(3000);
	fake_adapter_set(erp, "E-A1", "7");
	look(&world->erp, MARK_HOOK);
	store_timeline_flush(store);
	fake_clock_advance(3000);
	explain();
	assert_int_equal(channel("agora")->published_ms,
	                 ENGINE_WORLD_NOW_MS + 3000);
	assert_true(e.n_lines >= 2);
	assert_int_equal(e.now_ms - e.balance_ms, 3000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_explain__an_authority_that_is_gone_is_named, begin,
			end),
		cmocka_unit_test_setup_teardown(
			test_explain__the_default_that_waits_is_named, begin,
			end),
		cmocka_unit_test_setup_teardown(
			test_explain__an_entry_that_settles_by_drops_says_so,
			begin, end),
		cmocka_unit_test_setup_teardown(
			test_explain__a_held_return_is_told, begin, end),
		cmocka_unit_test_setup_teardown(
			test_explain__what_is_oversold_says_since_when, begin,
			end),
		cmocka_unit_test_setup_teardown(
			test_explain__a_lost_answer_is_asked_for, begin, end),
		cmocka_unit_test_setup_teardown(
			test_explain__since_when_a_balance_is_not_known, begin,
			end),
		cmocka_unit_test_setup_teardown(
			test_explain__an_item_at_rest_shows_its_balance, begin,
			end),
		cmocka_unit_test_setup_teardown(
			test_explain__an_unknown_item_is_a_condition, begin,
			end),
		cmocka_unit_test_setup_teardown(
			test_explain__reserves_say_where_they_come_from, begin,
			end),
		cmocka_unit_test_setup_teardown(
			test_explain__an_uncertain_entry_waits_for_a_person,
			begin, end),
		cmocka_unit_test_setup_teardown(
			test_explain__a_refused_entry_says_what_can_be_done,
			begin, end),
		cmocka_unit_test_setup_teardown(
			test_explain__an_entry_that_is_tried_again_says_so,
			begin, end),
		cmocka_unit_test_setup_teardown(
			test_explain__a_negative_balance_is_no_overselling,
			begin, end),
		cmocka_unit_test_setup_teardown(test_explain__a_held_zero,
		                                begin, end),
		cmocka_unit_test_setup_teardown(
			test_explain__a_zero_that_a_person_dropped, begin, end),
		cmocka_unit_test_setup_teardown(
			test_explain__a_till_that_is_down, begin, end),
		cmocka_unit_test_setup_teardown(test_explain__a_locked_account,
		                                begin, end),
		cmocka_unit_test_setup_teardown(test_explain__a_suspect_count,
		                                begin, end),
		cmocka_unit_test_setup_teardown(
			test_explain__a_look_that_is_due_and_one_that_is_not,
			begin, end),
		cmocka_unit_test_setup_teardown(
			test_explain__what_a_sync_found_waits_for_its_end,
			begin, end),
		cmocka_unit_test_setup_teardown(
			test_explain__a_balance_that_is_not_known, begin, end),
		cmocka_unit_test_setup_teardown(
			test_explain__an_unresolved_binding, begin, end),
		cmocka_unit_test_setup_teardown(
			test_explain__accounts_that_a_person_paused, begin,
			end),
		cmocka_unit_test_setup_teardown(test_explain__a_paused_account,
		                                begin, end),
		cmocka_unit_test_setup_teardown(
			test_explain__the_timeline_says_since_when, begin, end),
	};

	return cmocka_run_group_tests(tests, engine_world_setup,
	                              engine_world_teardown);
}
