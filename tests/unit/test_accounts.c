/*
 * Another default authority, and accounts that are no longer configured.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_accounts.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/engine/accounts.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"

#include <stdio.h>
#include <string.h>

static struct engine_world *world;
static struct store *store;
static struct fake_adapter *erp;
static struct fake_adapter *agora;
static struct fake_adapter *kiosk;

static void
start(void)
{
	assert_int_equal(accounts_begin(store, world->conf), 0);
}

static int
begin(void **state)
{
	world = *state;
	(void)engine_world_empty(state);
	store = world->base.store;
	erp = world->erp.state;
	agora = world->agora.state;
	kiosk = world->kiosk.state;
	start();
	return 0;
}

/* ---- short words ---- */

static void
sell(const char *sale, const char *external, const char *qty)
{
	bool was_listed = false;

	(void)fake_adapter_sell(agora, sale, external, qty);
	assert_int_equal(sales_list(&world->agora, clock_wall_ms(), false, 0,
	                            &was_listed),
	                 0);
}

/* Restart with another default authority. */
static void
make_default(const char *authority)
{
	char stock[64];

	(void)snprintf(stock, sizeof(stock), "\"authority\": \"%s\"",
	               authority);
	engine_world_configure(world, stock, "", "");
	start();
}

/* Restart with a file in which erp is no longer. */
static void
start_without_erp(void)
{
	struct conf *conf = world->conf;
	struct conf without = *conf;
	struct conf_section *accounts[] = { conf->accounts[1],
		                            conf->accounts[2] };

	without.accounts = accounts;
	without.n_accounts = 2;
	assert_int_equal(accounts_begin(store, &without), 0);
}

/* As the last start found them. */
static void
only(const char *a, const char *b)
{
	const char *const names[] = { a, b };

	assert_int_equal(store_accounts_set(store, names, 2), 0);
}

static void
assert_item(const char *sku, const char *authority, const char *next)
{
	char found[128];

	(void)snprintf(found, sizeof(found), "%s",
	               store_world_say(&world->base,
	                               "HGET test:item:%s authority", sku));
	assert_string_equal(found, authority);
	assert_string_equal(
		store_world_say(&world->base, "HGET test:item:%s next", sku),
		next);
}

static void
assert_entry(const char *id, const char *state)
{
	assert_string_equal(engine_world_entry(world, id), state);
}

static bool
has_mark(const char *account, const char *member)
{
	return !strcmp(store_world_say(&world->base, "HEXISTS test:mark:%s %s",
	                               account, member),
	               "1");
}

static char listed[2048];

static int
collect(void *ctx, const struct dead_letter *l)
{
	size_t n = strlen(listed);

	(void)ctx;
	(void)snprintf(listed + n, sizeof(listed) - n, "%s %s: %s; ", l->kind,
	               l->id, l->why);
	return 0;
}

static void
assert_list(const char *expected)
{
	listed[0] = '\0';
	assert_int_equal(store_dead_each(store, collect, NULL), 0);
	assert_string_equal(listed, expected);
}

static int
decide(const char *id, enum dead_action action)
{
	return store_dead_decide(store, id, action);
}

static void
set_authority(const char *sku, const char *authority)
{
	struct item item = { .sku = text_dup(sku),
		             .authority = text_dup(authority) };

	assert_int_equal(store_registry_put(store, &item, NULL), 0);
	item_fini(&item);
}

/* ---- another default ---- */

static void
test_accounts__a_first_start_only_remembers_the_default(void **state)
{
	(void)state;
	assert_string_equal(
		store_world_say(&world->base, "GET test:value:authority"),
		"erp");
	assert_false(has_mark("erp", "y:full"));
	start();
	assert_false(has_mark("erp", "y:full"));
}

static void
test_accounts__an_item_with_entries_keeps_the_old_authority(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	engine_world_item(world, "A2", "5");
	sell("S1", "A-A1", "2");
	make_default("kiosk");
	assert_item("A1", "erp", "");
	assert_item("A2", "(nil)", "(nil)");
	assert_true(has_mark("kiosk", "y:full"));
	/* Booked where it was to be booked, and read there. */
	fake_adapter_set(kiosk, "K-A1", "9");
	fake_adapter_set(kiosk, "K-A2", "8");
	engine_world_rest(world);
	assert_int_equal(erp->n_docs, 1);
	assert_entry("agora/S1", "settled");
	assert_item("A1", "(nil)", "(nil)");
	assert_true(fake_adapter_shows(agora, "A-A2", "8"));
}

static void
test_accounts__until_the_new_balance_is_read_nothing_is_written(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	make_default("kiosk");
	fake_adapter_set(kiosk, "K-A1", "9");
	fake_adapter_next(kiosk, "sync", outcome_of(VERDICT_RETRY, "no"),
	                  false);
	engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
	engine_world_turn(&world->kiosk);
	engine_world_turn(&world->agora);
	assert_true(fake_adapter_shows(agora, "A-A1", "5"));
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "9"));
}

static void
test_accounts__an_own_authority_is_not_touched(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	set_authority("A1", "erp");
	sell("S1", "A-A1", "2");
	make_default("kiosk");
	assert_item("A1", "erp", "(nil)");
	engine_world_rest(world);
	assert_item("A1", "erp", "(nil)");
}

/* A person gave the item another authority while it followed the default. */
static void
test_accounts__an_authority_that_waits_is_not_forgotten(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	sell("S1", "A-A1", "2");
	set_authority("A1", "agora");
	assert_item("A1", "(nil)", "agora");
	make_default("kiosk");
	assert_item("A1", "erp", "agora");
	engine_world_rest(world);
	assert_item("A1", "agora", "(nil)");
}

static void
test_accounts__a_change_undone_before_its_end_leaves_no_trace(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	sell("S1", "A-A1", "2");
	make_default("kiosk");
	make_default("erp");
	engine_world_rest(world);
	assert_item("A1", "(nil)", "(nil)");
	assert_true(fake_adapter_shows(kiosk, "K-A1", "3"));
}

/* Killed after the items were seen to and before the default was noted. */
static void
test_accounts__a_change_cut_off_is_done_again(void **state)
{
	int64_t n = 0;

	(void)state;
	engine_world_item(world, "A1", "5");
	engine_world_item(world, "A2", "5");
	sell("S1", "A-A1", "2");
	assert_int_equal(store_accounts_keep_authority(store, "erp", &n), 0);
	assert_int_equal(n, 1);
	/* Nobody worked meanwhile; what another daemon took came later. */
	sell("S2", "A-A2", "1");
	make_default("kiosk");
	assert_item("A1", "erp", "");
	assert_item("A2", "erp", "");
	engine_world_rest(world);
	assert_int_equal(erp->n_docs, 2);
	assert_item("A1", "(nil)", "(nil)");
	assert_item("A2", "(nil)", "(nil)");
}

static void
test_accounts__more_items_than_a_page_are_seen_to(void **state)
{
	int64_t n = 0;

	(void)state;
	for (int i = 0; i < 1100; i++) {
		(void)store_world_say(&world->base, "ZADD test:items 0 P%d", i);
		(void)store_world_say(&world->base, "HSET test:pend:P%d e C",
		                      i);
	}
	assert_int_equal(store_accounts_keep_authority(store, "erp", &n), 0);
	assert_int_equal(n, 1100);
	assert_int_equal(store_accounts_keep_authority(store, "erp", &n), 0);
	assert_int_equal(n, 0);
}

/* ---- an authority that is gone ---- */

static void
test_accounts__who_worked_before_there_was_a_list_is_known(void **state)
{
	bool is_gone = false;

	(void)state;
	(void)store_world_say(&world->base,
	                      "HSET test:leases worker:tills 1 scheduler 2");
	start();
	assert_int_equal(store_accounts_is_gone(store, "tills", &is_gone), 0);
	assert_true(is_gone);
	assert_int_equal(store_accounts_is_gone(store, "erp", &is_gone), 0);
	assert_false(is_gone);
	assert_int_equal(store_accounts_is_gone(store, "scheduler", &is_gone),
	                 0);
	assert_false(is_gone);
}

static void
test_accounts__what_waits_for_a_gone_authority_is_shown(void **state)
{
	int64_t n = 0;

	(void)state;
	engine_world_item(world, "A1", "5");
	sell("S1", "A-A1", "2");
	assert_list("");
	only("agora", "kiosk");
	assert_list("stranded entry/agora/S1: its authority erp is no longer "
	            "configured; ");
	assert_int_equal(store_accounts_count_stranded(store, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(decide("entry/agora/S1", DEAD_CONFIRM), LEDGER_UNFIT);
	/* It comes back, and goes on as if nothing had been. */
	start();
	assert_list("");
	engine_world_rest(world);
	assert_entry("agora/S1", "settled");
	assert_int_equal(erp->n_docs, 1);
}

static void
test_accounts__a_stranded_entry_is_dropped_by_a_person(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	sell("S1", "A-A1", "2");
	assert_int_equal(decide("entry/agora/S1", DEAD_DROP), LEDGER_UNFIT);
	only("agora", "kiosk");
	assert_int_equal(decide("entry/agora/S1", DEAD_DROP), 0);
	assert_list("");
	assert_entry("agora/S1", "dropped");
	assert_string_equal(
		store_world_say(&world->base, "EXISTS test:pend:A1"), "0");
}

static void
test_accounts__one_never_sent_goes_to_the_new_authority(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	sell("S1", "A-A1", "2");
	make_default("kiosk");
	only("agora", "kiosk");
	assert_int_equal(decide("entry/agora/S1", DEAD_RETRY), 0);
	assert_list("");
	assert_item("A1", "(nil)", "(nil)");
	assert_string_equal(store_world_say(&world->base,
	                                    "HGET test:entry:agora/S1 "
	                                    "authority"),
	                    "kiosk");
	assert_string_equal(
		store_world_say(&world->base, "ZRANGE test:queue:kiosk 0 -1"),
		"agora/S1");
	assert_string_equal(
		store_world_say(&world->base, "EXISTS test:queue:erp"), "0");
	assert_string_equal(
		store_world_say(&world->base, "HGET test:pend:A1 agora/S1"),
		"W 2 0");
}

static void
test_accounts__one_that_was_sent_stays(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	sell("S1", "A-A1", "2");
	fake_adapter_next(erp, "post", outcome_of(VERDICT_RETRY, "no"), false);
	engine_world_turn(&world->erp);
	assert_entry("agora/S1", "ready");
	make_default("kiosk");
	only("agora", "kiosk");
	assert_int_equal(decide("entry/agora/S1", DEAD_RETRY), LEDGER_KEPT);
	assert_item("A1", "erp", "");
	assert_int_equal(decide("entry/agora/S1", DEAD_DROP), 0);
	assert_item("A1", "(nil)", "(nil)");
	assert_true(has_mark("kiosk", "i:A1"));
}

/* The item itself names the one that is gone: there is no other to go to. */
static void
test_accounts__without_another_authority_it_stays(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	set_authority("A1", "erp");
	sell("S1", "A-A1", "2");
	only("agora", "kiosk");
	assert_int_equal(decide("entry/agora/S1", DEAD_RETRY), LEDGER_KEPT);
	set_authority("A1", "kiosk");
	assert_item("A1", "erp", "kiosk");
	assert_int_equal(decide("entry/agora/S1", DEAD_RETRY), 0);
	assert_item("A1", "kiosk", "(nil)");
}

/* Cut off between post and answer, then taken out of the configuration. */
static void
test_accounts__one_left_in_posting_is_a_persons(void **state)
{
	struct entry entry = { 0 };
	unsigned attempts = 0;
	int64_t origin_ms = 0;
	int64_t due_ms = 0;

	(void)state;
	engine_world_item(world, "A1", "5");
	sell("S1", "A-A1", "2");
	make_default("kiosk");
	assert_int_equal(store_ledger_begin(store, &entry, &attempts,
	                                    &origin_ms, &due_ms, "erp",
	                                    world->erp.lease, world->erp.token),
	                 0);
	entry_fini(&entry);
	start_without_erp();
	assert_list("uncertain entry/agora/S1: tillbridge or its Redis ended "
	            "between sending the document and noting the answer; its "
	            "authority erp is no longer configured; ");
	/* It is there: no balance will be read there, so that is its end. */
	assert_int_equal(decide("entry/agora/S1", DEAD_CONFIRM), 0);
	assert_entry("agora/S1", "settled");
	assert_item("A1", "(nil)", "(nil)");
}

/* Confirmed, and gone before its balance was read. */
static void
test_accounts__what_was_confirmed_there_does_not_wait_for_ever(void **state)
{
	struct outcome done = outcome_done();
	struct entry entry = { 0 };
	unsigned attempts = 0;
	int64_t origin_ms = 0;
	int64_t due_ms = 0;

	(void)state;
	engine_world_item(world, "A1", "5");
	sell("S1", "A-A1", "2");
	make_default("kiosk");
	assert_int_equal(store_ledger_begin(store, &entry, &attempts,
	                                    &origin_ms, &due_ms, "erp",
	                                    world->erp.lease, world->erp.token),
	                 0);
	assert_int_equal(store_ledger_end(store, entry.id, attempts, &done, 0),
	                 0);
	entry_fini(&entry);
	assert_entry("agora/S1", "confirmed");
	start_without_erp();
	assert_entry("agora/S1", "settled");
	assert_item("A1", "(nil)", "(nil)");
}

/* ---- an item that its authority no longer knows ---- */

static void
unbind(const char *sku, const char *account)
{
	struct item item = { .sku = text_dup(sku) };
	struct binding *b = item_add_binding(&item);

	assert_non_null(b);
	b->account = text_dup(account);
	b->typed = text_dup("");
	assert_int_equal(store_registry_put(store, &item, NULL), 0);
	item_fini(&item);
}

/* Sold and booked at erp, whose balance nobody has read since. */
static void
confirm_one(void)
{
	engine_world_item(world, "A1", "5");
	sell("S1", "A-A1", "2");
	fake_adapter_next(erp, "read_counts", outcome_of(VERDICT_RETRY, "no"),
	                  false);
	engine_world_turn(&world->erp);
	assert_entry("agora/S1", "confirmed");
}

static void
test_accounts__what_was_confirmed_for_an_item_unbound_since_is_over(
	void **state)
{
	(void)state;
	confirm_one();
	set_authority("A1", "kiosk");
	assert_item("A1", "(nil)", "kiosk");
	unbind("A1", "erp");
	assert_entry("agora/S1", "settled");
	assert_item("A1", "kiosk", "(nil)");
	fake_adapter_set(kiosk, "K-A1", "9");
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "9"));
}

/* Bound to another thing there: what was sold was the first one. */
static void
test_accounts__what_was_confirmed_for_the_thing_before_is_over(void **state)
{
	struct item item = { .sku = text_dup("A1") };
	struct binding *b = item_add_binding(&item);

	(void)state;
	confirm_one();
	assert_non_null(b);
	b->account = text_dup("erp");
	b->typed = text_dup("E-A9");
	fake_adapter_set(erp, "E-A9", "7");
	assert_int_equal(store_registry_put(store, &item, NULL), 0);
	item_fini(&item);
	assert_entry("agora/S1", "settled");
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(kiosk, "K-A1", "7"));
}

/* Unbound while it was being posted. */
static void
unbind_a1(struct fake_adapter *f, const char *call)
{
	if (strcmp(call, "post") != 0)
		return;
	f->after = NULL;
	unbind("A1", "erp");
}

static void
test_accounts__what_is_confirmed_for_an_unbound_item_is_over(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	sell("S1", "A-A1", "2");
	set_authority("A1", "kiosk");
	erp->after = unbind_a1;
	engine_world_turn(&world->erp);
	engine_world_rest(world);
	assert_null(erp->after);
	assert_int_equal(erp->n_docs, 1);
	assert_entry("agora/S1", "settled");
	assert_item("A1", "kiosk", "(nil)");
}

/* At another account: the authority still has to say what it has. */
static void
test_accounts__an_item_unbound_elsewhere_waits_for_its_authority(void **state)
{
	(void)state;
	confirm_one();
	unbind("A1", "agora");
	assert_entry("agora/S1", "confirmed");
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_entry("agora/S1", "settled");
	assert_true(fake_adapter_shows(kiosk, "K-A1", "3"));
}

#define EACH(f) cmocka_unit_test_setup(f, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_accounts__a_first_start_only_remembers_the_default),
		EACH(test_accounts__an_item_with_entries_keeps_the_old_authority),
		EACH(test_accounts__until_the_new_balance_is_read_nothing_is_written),
		EACH(test_accounts__an_own_authority_is_not_touched),
		EACH(test_accounts__an_authority_that_waits_is_not_forgotten),
		EACH(test_accounts__a_change_undone_before_its_end_leaves_no_trace),
		EACH(test_accounts__a_change_cut_off_is_done_again),
		EACH(test_accounts__more_items_than_a_page_are_seen_to),
		EACH(test_accounts__who_worked_before_there_was_a_list_is_known),
		EACH(test_accounts__what_waits_for_a_gone_authority_is_shown),
		EACH(test_accounts__a_stranded_entry_is_dropped_by_a_person),
		EACH(test_accounts__one_never_sent_goes_to_the_new_authority),
		EACH(test_accounts__one_that_was_sent_stays),
		EACH(test_accounts__without_another_authority_it_stays),
		EACH(test_accounts__one_left_in_posting_is_a_persons),
		EACH(test_accounts__what_was_confirmed_there_does_not_wait_for_ever),
		EACH(test_accounts__what_was_confirmed_for_an_item_unbound_since_is_over),
		EACH(test_accounts__what_was_confirmed_for_the_thing_before_is_over),
		EACH(test_accounts__what_is_confirmed_for_an_unbound_item_is_over),
		EACH(test_accounts__an_item_unbound_elsewhere_waits_for_its_authority),
	};

	return cmocka_run_group_tests(tests, engine_world_setup,
	                              engine_world_teardown);
}
