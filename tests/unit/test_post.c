/*
 * Entries on their way to an authority: under which ids, and what becomes of
 * those that it cannot take.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/drivers/store_accounts.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_registry.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"

#include <stdlib.h>
#include <string.h>

/* Members of struct item are owned elsewhere; here they are not. */
static char SKU[] = "A1", KIOSK[] = "kiosk", ERP[] = "erp", NOTHING[] = "";

static struct engine_world *world;
static struct fake_adapter *erp;
static struct fake_adapter *agora;
static struct fake_adapter *kiosk;

static int
begin(void **state)
{
	world = *state;
	(void)engine_world_empty(state);
	erp = world->erp.state;
	agora = world->agora.state;
	kiosk = world->kiosk.state;
	return 0;
}

/* One of ten sold at agora, and listed. */
static void
sell_one(void)
{
	bool was_listed = false;

	(void)fake_adapter_sell(agora, "S1", "A-A1", "1");
	assert_int_equal(sales_list(&world->agora, clock_wall_ms(), true, 0,
	                            &was_listed),
	                 0);
	assert_true(was_listed);
	(void)fake_adapter_log(erp);
	(void)fake_adapter_log(kiosk);
}

static void
put(const struct item *item)
{
	assert_int_equal(store_registry_put(world->base.store, item, NULL), 0);
}

static void
unbind(char *account)
{
	struct binding b = { .account = account, .typed = NOTHING };

	put(&(struct item){ .sku = SKU, .bindings = &b, .n_bindings = 1 });
}

static void
assert_entry(const char *id, const char *state)
{
	assert_string_equal(engine_world_entry(world, id), state);
}

static void
assert_why(const char *id, const char *what)
{
	struct ledger_state found;

	assert_int_equal(store_ledger_state(world->base.store, &found, id), 0);
	assert_non_null(found.why);
	assert_non_null(strstr(found.why, what));
	ledger_state_fini(&found);
}

static void
test_post__an_item_unbound_meanwhile_is_not_posted_under_its_old_id(
	void **state)
{
	(void)state;
	engine_world_item(world, "A1", "10");
	sell_one();
	assert_entry("agora/S1", "ready");
	unbind(ERP);
	engine_world_turn(&world->erp);
	assert_null(strstr(fake_adapter_log(erp), "post"));
	assert_entry("agora/S1", "refused");
	assert_why("agora/S1", "A1 is not bound at erp");
}

static void
test_post__an_entry_of_a_gone_account_is_not_posted_under_its_ids(void **state)
{
	const char *const names[] = { "agora", "kiosk" };

	(void)state;
	engine_world_item(world, "A1", "10");
	sell_one();
	assert_int_equal(store_accounts_set(world->base.store, names, 2), 0);
	put(&(struct item){ .sku = SKU, .authority = KIOSK });
	unbind(KIOSK);
	assert_int_equal(store_dead_decide(world->base.store, "entry/agora/S1",
	                                   DEAD_RETRY),
	                 0);
	world->kiosk.ops = &fake_erp_ops; /* a system that records sales */
	engine_world_turn(&world->kiosk);
	assert_null(strstr(fake_adapter_log(kiosk), "post"));
	assert_entry("agora/S1", "refused");
	assert_why("agora/S1", "A1 is not bound at kiosk");
}

static int
count_letter(void *ctx, const struct dead_letter *letter)
{
	assert_string_equal(letter->kind, "refused");
	++*(int *)ctx;
	return 0;
}

/* Such an authority is refused where it is chosen, but its account may have had
   another type then. */
static void
test_post__what_an_authority_cannot_record_is_a_dead_letter(void **state)
{
	int n = 0;

	(void)state;
	engine_world_item(world, "A1", "10");
	put(&(struct item){ .sku = SKU, .authority = KIOSK });
	engine_world_rest(world);
	sell_one();
	engine_world_rest(world);
	assert_entry("agora/S1@kiosk", "refused");
	assert_why("agora/S1@kiosk", "kiosk cannot record sales");
	assert_int_equal(store_dead_each(world->base.store, count_letter, &n),
	                 0);
	assert_int_equal(n, 1);
}

/* So long every post fails, and nothing is called but to post. Returns how many
   posts there were. */
static int
fail_to_post(int64_t for_ms)
{
	int64_t end_ms = clock_mono_ms() + for_ms;
	int n = 0;

	(void)fake_adapter_log(erp);
	while (clock_mono_ms() < end_ms) {
		const char *log;

		erp->n_steps = 0;
		fake_adapter_next(erp, "post",
		                  outcome_of(VERDICT_RETRY, "http 500"), false);
		engine_world_live(&world->erp, end_ms);
		log = fake_adapter_log(erp);
		assert_true(!*log || strstr(log, "post("));
		n += *log != '\0';
	}
	erp->n_steps = 0;
	return n;
}

/* Else each wait would end early, with a probe for nothing. */
static void
test_post__what_fails_is_not_its_own_hint(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "10");
	sell_one();
	assert_in_range(fail_to_post(600000), 15, 60); /* each 15 to 30 s */
	assert_entry("agora/S1", "ready");
}

static void
test_post__what_fails_does_not_use_up_the_month(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "10");
	world->erp.pace.dear_ms = 260000;
	sell_one();
	assert_in_range(fail_to_post(3600000), 5, 40);
	assert_entry("agora/S1", "ready");
	fake_clock_advance(PACE_DEAR_CAP_MS);
	engine_world_rest(world);
	assert_entry("agora/S1", "settled");
}

/* begin takes what is due later for an entry of a clock that was set back. */
static void
test_post__however_long_the_pace_waits_an_entry_is_due_within_two_minutes(
	void **state)
{
	int64_t ahead_ms;

	(void)state;
	engine_world_item(world, "A1", "10");
	world->erp.pace.dear_ms = PACE_DEAR_CAP_MS;
	sell_one();
	(void)fail_to_post(7200000);
	fake_clock_advance(PACE_DEAR_CAP_MS);
	(void)store_marks_poll(world->base.store, "erp");
	fake_adapter_next(erp, "post", outcome_of(VERDICT_RETRY, "http 500"),
	                  false);
	engine_world_turn(&world->erp);
	assert_non_null(strstr(fake_adapter_log(erp), "post("));
	ahead_ms = atoll(store_world_say(&world->base,
	                                 "ZSCORE test:queue:erp agora/S1")) -
	           clock_wall_ms();
	assert_in_range(ahead_ms, 60000, 119000);
	assert_true(pace_kind_wait_ms(&world->erp.pace, PACE_POST,
	                              clock_mono_ms()) > 120000);
	/* Who posted it is not woken by that: a wake is a hint. */
	assert_int_equal(store_marks_poll(world->base.store, "erp"), 0);
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_post__an_item_unbound_meanwhile_is_not_posted_under_its_old_id),
		EACH(test_post__an_entry_of_a_gone_account_is_not_posted_under_its_ids),
		EACH(test_post__what_an_authority_cannot_record_is_a_dead_letter),
		EACH(test_post__what_fails_is_not_its_own_hint),
		EACH(test_post__what_fails_does_not_use_up_the_month),
		EACH(test_post__however_long_the_pace_waits_an_entry_is_due_within_two_minutes),
	};

	return cmocka_run_group_tests(tests, engine_world_setup,
	                              engine_world_teardown);
}
