/*
 * Entries whose answer was lost: pending until somebody knows, in nobody's way.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_registry.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"

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

/* A sale of 2 of 5 whose post is uncertain; happens: the document is there. */
static void
lose_answer(bool happens)
{
	bool was_listed = false;

	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "2");
	assert_int_equal(sales_list(&world->agora, clock_wall_ms(), false, 0,
	                            &was_listed),
	                 0);
	fake_adapter_next(erp, "post", outcome_of(VERDICT_UNCERTAIN, "lost"),
	                  happens);
	engine_world_turn(&world->erp);
	assert_string_equal(engine_world_entry(world, "agora/S1"), "uncertain");
	fake_clock_advance(1000); /* the pace of trouble */
	engine_world_rest(world);
	(void)fake_adapter_log(erp);
}

static void
assert_entry(const char *state)
{
	assert_string_equal(engine_world_entry(world, "agora/S1"), state);
}

static void
assert_pending(const char *qty)
{
	struct stock_view view = engine_world_view(world, &world->agora, "A1");

	assert_true(engine_world_is(view.pending, qty));
	stock_view_fini(&view);
}

static bool
has_look_up_mark(void)
{
	return strcmp(store_world_say(&world->base,
	                              "HEXISTS test:mark:erp y:lookup"),
	              "1") == 0;
}

static void
wait_out_the_call(struct fake_adapter *f, int i)
{
	(void)f;
	if (i == 0)
		fake_clock_advance(31000);
	if (i == 2)
		assert_string_equal(engine_world_entry(world, "agora/S1"),
		                    "settled");
}

static void
test_uncertain__is_looked_up_within_a_sync(void **state)
{
	(void)state;
	lose_answer(true);
	erp->n_breaths = 3;
	erp->before_breath = wait_out_the_call;
	engine_world_mark(world, &world->erp, "y:full", MARK_SYNC);
	engine_world_turn(&world->erp);
	assert_non_null(strstr(fake_adapter_log(erp), "full find"));
	engine_world_rest(world);
	assert_entry("settled");
	assert_int_equal(erp->n_docs, 1);
}

/* Killed between noting that it is uncertain and marking it. */
static void
test_uncertain__is_looked_up_when_its_mark_was_lost(void **state)
{
	(void)state;
	lose_answer(true);
	(void)store_world_say(&world->base, "DEL test:mark:erp");
	(void)store_world_say(&world->base, "DEL test:marks:erp");
	engine_world_restart(world, &world->erp);
	engine_world_rest(world);
	assert_entry("settled");
	assert_int_equal(erp->n_docs, 1);
}

static void
test_uncertain__nobody_is_asked_where_nothing_can_be_looked_up(void **state)
{
	(void)state;
	erp->has_no_look_up = true;
	lose_answer(true);
	assert_false(has_look_up_mark());
	engine_world_restart(world, &world->erp);
	assert_false(has_look_up_mark());
	/* What a shop's order left is taken off without a call. */
	engine_world_mark(world, &world->erp, "y:lookup", MARK_SALE);
	engine_world_turn(&world->erp);
	assert_false(has_look_up_mark());
	assert_string_equal(fake_adapter_log(erp), "");
	assert_entry("uncertain");
}

/* Half a document, cancelled there: only a person can mend it. */
static void
test_uncertain__what_a_look_up_cannot_end_says_why(void **state)
{
	struct ledger_state found;

	(void)state;
	lose_answer(true);
	fake_adapter_next(erp, "find",
	                  outcome_of(VERDICT_REFUSED, "cancelled there"),
	                  false);
	fake_clock_advance(31000);
	engine_world_turn(&world->erp);
	assert_entry("uncertain");
	assert_int_equal(
		store_ledger_state(world->base.store, &found, "agora/S1"), 0);
	assert_string_equal(found.why, "looked up: cancelled there");
	ledger_state_fini(&found);
	assert_false(has_look_up_mark());
	assert_pending("2");
}

/* The channel sells out early, never late. */
static void
test_uncertain__the_channel_shows_it_without_it_until_it_ends(void **state)
{
	(void)state;
	erp->has_no_look_up = true;
	lose_answer(true);
	/* The document is there: read, it is taken off twice over. */
	engine_world_mark(world, &world->erp, "i:A1", MARK_HOOK);
	engine_world_rest(world);
	assert_pending("2");
	assert_true(fake_adapter_shows(world->kiosk.state, "K-A1", "1"));
	assert_int_equal(store_dead_decide(world->base.store, "entry/agora/S1",
	                                   DEAD_CONFIRM),
	                 0);
	assert_true(fake_adapter_shows(world->kiosk.state, "K-A1", "1"));
	engine_world_rest(world);
	assert_entry("settled");
	assert_true(fake_adapter_shows(world->kiosk.state, "K-A1", "3"));
}

static void
test_uncertain__retried_by_a_person_it_is_posted_once_more(void **state)
{
	(void)state;
	erp->has_no_look_up = true;
	lose_answer(false);
	assert_int_equal(store_dead_decide(world->base.store, "entry/agora/S1",
	                                   DEAD_RETRY),
	                 0);
	assert_pending("2");
	engine_world_rest(world);
	assert_entry("settled");
	assert_int_equal(erp->n_docs, 1);
	assert_true(fake_adapter_shows(world->kiosk.state, "K-A1", "3"));
}

static void
test_uncertain__dropped_it_is_never_posted_and_no_longer_pending(void **state)
{
	(void)state;
	lose_answer(false);
	assert_int_equal(store_dead_decide(world->base.store, "entry/agora/S1",
	                                   DEAD_DROP),
	                 0);
	fake_clock_advance(31000); /* the look-up comes, and finds nothing */
	engine_world_rest(world);
	assert_entry("dropped");
	assert_pending("0");
	assert_int_equal(erp->n_docs, 0);
	assert_true(fake_adapter_shows(world->kiosk.state, "K-A1", "5"));
}

/* The look-up has asked, a person has decided: the person's word stands. */
static void
drop_it(struct fake_adapter *f, const char *call)
{
	(void)f;
	if (!strcmp(call, "find"))
		assert_int_equal(store_dead_decide(world->base.store,
		                                   "entry/agora/S1", DEAD_DROP),
		                 0);
}

static void
test_uncertain__a_person_is_quicker_than_the_look_up(void **state)
{
	(void)state;
	lose_answer(false);
	erp->after = drop_it;
	fake_clock_advance(31000);
	engine_world_rest(world);
	assert_entry("dropped");
	assert_int_equal(erp->n_docs, 0);
}

static void
drop_the_others(struct fake_adapter *f, const char *call)
{
	if (strcmp(call, "find") != 0)
		return;
	f->after = NULL;
	(void)store_ledger_decide(world->base.store, "agora/S1", DEAD_DROP);
	(void)store_ledger_decide(world->base.store, "agora/S2", DEAD_DROP);
}

/* To look up may mean to act there: Square's pays orders that are open. */
static void
test_uncertain__what_is_dropped_meanwhile_is_not_looked_up(void **state)
{
	bool was_listed = false;
	const char *log;

	(void)state;
	lose_answer(false);
	(void)fake_adapter_sell(agora, "S2", "A-A1", "1");
	assert_int_equal(sales_list(&world->agora, clock_wall_ms(), false, 0,
	                            &was_listed),
	                 0);
	fake_adapter_next(erp, "post", outcome_of(VERDICT_UNCERTAIN, "lost"),
	                  false);
	engine_world_turn(&world->erp);
	assert_string_equal(engine_world_entry(world, "agora/S2"), "uncertain");
	(void)fake_adapter_log(erp);
	erp->after = drop_the_others;
	fake_clock_advance(40000);
	engine_world_rest(world);
	log = strstr(fake_adapter_log(erp), "find");
	assert_non_null(log);
	assert_null(strstr(log + 4, "find"));
}

/* ---- what its items are bound to ---- */

static void
bind_at_erp(const char *typed)
{
	struct item item = { .sku = text_dup("A1") };
	struct binding *b = item_add_binding(&item);

	assert_non_null(b);
	b->account = text_dup("erp");
	b->typed = text_dup(typed);
	assert_int_equal(store_registry_put(world->base.store, &item, NULL), 0);
	item_fini(&item);
}

/* The sale was seen before its item was bound at the authority. */
static void
test_uncertain__is_looked_up_by_a_binding_made_after_the_sale(void **state)
{
	bool was_listed = false;

	(void)state;
	store_world_bind(&world->base, "A1", "agora", "A-A1");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "2");
	assert_int_equal(sales_list(&world->agora, clock_wall_ms(), false, 0,
	                            &was_listed),
	                 0);
	store_world_bind(&world->base, "A1", "erp", "E-A1");
	fake_adapter_set(erp, "E-A1", "5");
	fake_adapter_next(erp, "post", outcome_of(VERDICT_UNCERTAIN, "lost"),
	                  true);
	engine_world_turn(&world->erp);
	assert_entry("uncertain");
	(void)fake_adapter_log(erp);
	fake_clock_advance(40000);
	engine_world_rest(world);
	assert_non_null(strstr(fake_adapter_log(erp), "find(E-A1)"));
	assert_entry("settled");
}

/* The adapter must see that a document there is of the thing before. */
static void
test_uncertain__is_looked_up_by_the_binding_of_now(void **state)
{
	(void)state;
	lose_answer(true);
	bind_at_erp("E-A9");
	fake_adapter_set(erp, "E-A9", "5");
	engine_world_rest(world);
	fake_clock_advance(40000);
	engine_world_rest(world);
	assert_non_null(strstr(fake_adapter_log(erp), "find(E-A9)"));
}

static void
test_uncertain__of_an_unbound_item_is_looked_up_by_what_it_was(void **state)
{
	(void)state;
	lose_answer(true);
	bind_at_erp("");
	fake_clock_advance(40000);
	engine_world_rest(world);
	assert_non_null(strstr(fake_adapter_log(erp), "find(E-A1)"));
	assert_entry("settled"); /* no balance of it will be read */
}

/* A sale of one of an item of its own; the answer to its post is lost. */
static void
lose_one_of(int i)
{
	char sku[8];
	char sale[8];
	char item[8];
	bool was_listed = false;

	(void)snprintf(sku, sizeof(sku), "A%d", i);
	(void)snprintf(sale, sizeof(sale), "S%d", i);
	(void)snprintf(item, sizeof(item), "A-A%d", i);
	engine_world_item(world, sku, "5");
	(void)fake_adapter_sell(agora, sale, item, "1");
	assert_int_equal(sales_list(&world->agora, clock_wall_ms(), false, 0,
	                            &was_listed),
	                 0);
	fake_adapter_next(erp, "post", outcome_of(VERDICT_UNCERTAIN, "lost"),
	                  true);
	for (int t = 0; t < 4; t++) {
		engine_world_turn(&world->erp);
		fake_clock_advance(2000);
	}
}

/* Rounds of look-ups, of which each one's first call fails. Returns the items
   that were asked for, a digit each; static until the next call. */
static const char *
fail_rounds(int n)
{
	static char asked[16];

	asked[0] = '\0';
	for (int i = 0; i < n; i++) {
		const char *at;

		fake_clock_advance(120000);
		erp->n_steps = 0;
		fake_adapter_next(erp, "find",
		                  outcome_of(VERDICT_RETRY, "http 500"), false);
		(void)fake_adapter_log(erp);
		engine_world_turn(&world->erp);
		at = fake_adapter_log(erp);
		for (; (at = strstr(at, "find(E-A")) != NULL; at++)
			(void)strncat(asked, at + strlen("find(E-A"), 1);
	}
	erp->n_steps = 0;
	return asked;
}

static void
test_uncertain__one_whose_look_up_fails_keeps_no_other_from_its_own(
	void **state)
{
	(void)state;
	for (int i = 1; i <= 3; i++)
		lose_one_of(i);
	assert_string_equal(engine_world_entry(world, "agora/S3"), "uncertain");
	assert_string_equal(fail_rounds(5), "12312");
	/* The round goes on where it was, to all of them. */
	fake_clock_advance(120000);
	(void)fake_adapter_log(erp);
	engine_world_rest(world);
	assert_string_equal(engine_world_entry(world, "agora/S1"), "settled");
	assert_string_equal(engine_world_entry(world, "agora/S2"), "settled");
	assert_string_equal(engine_world_entry(world, "agora/S3"), "settled");
	assert_int_equal(erp->n_docs, 3);
}

#define EACH(f) cmocka_unit_test_setup(f, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_uncertain__is_looked_up_within_a_sync),
		EACH(test_uncertain__is_looked_up_when_its_mark_was_lost),
		EACH(test_uncertain__nobody_is_asked_where_nothing_can_be_looked_up),
		EACH(test_uncertain__what_a_look_up_cannot_end_says_why),
		EACH(test_uncertain__the_channel_shows_it_without_it_until_it_ends),
		EACH(test_uncertain__retried_by_a_person_it_is_posted_once_more),
		EACH(test_uncertain__dropped_it_is_never_posted_and_no_longer_pending),
		EACH(test_uncertain__a_person_is_quicker_than_the_look_up),
		EACH(test_uncertain__what_is_dropped_meanwhile_is_not_looked_up),
		EACH(test_uncertain__is_looked_up_by_a_binding_made_after_the_sale),
		EACH(test_uncertain__is_looked_up_by_the_binding_of_now),
		EACH(test_uncertain__of_an_unbound_item_is_looked_up_by_what_it_was),
		EACH(test_uncertain__one_whose_look_up_fails_keeps_no_other_from_its_own),
	};

	return cmocka_run_group_tests(tests, engine_world_setup,
	                              engine_world_teardown);
}
