/*
 * Items that a shop asks to have registered: found by name or id, bound, and
 * refused with the reason where that could only be guessed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/drivers/store_jobs.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_registry.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID "i0123"

static struct engine_world *world;
static struct fake_adapter *agora;

/* What agora lists, until the name is NULL. */
static const struct listing *shelf;

static const struct listing things[] = {
	{ .external = "A-1", .sku = "", .barcode = "", .name = "Feta" },
	{ .external = "A-2", .sku = "", .barcode = "", .name = "Feta, aged" },
	{ .external = "A-3", .sku = "", .barcode = "", .name = "Jam, Regular" },
	{ .external = "A-4", .sku = "", .barcode = "", .name = "Tea" },
	{ .external = "A-5", .sku = "", .barcode = "", .name = "Tea" },
	{ .external = "A-6", .sku = "", .barcode = "", .name = "Oil, 1 l" },
	{ .external = "A-7", .sku = "", .barcode = "", .name = "Oil, 5 l" },
	{ .name = NULL },
};

static struct outcome
list_items(void *state, enum listing_by by, const char *text,
           const struct listing_sink *sink)
{
	(void)state;
	assert_int_equal(by, LISTING_NAME);
	for (const struct listing *l = shelf; l->name; l++)
		if (strstr(l->name, text) && sink->listing(sink->ctx, l))
			return outcome_of(VERDICT_RETRY, "ended");
	return outcome_done();
}

/* What a shop's database was asked to make room for: "ID POS ACCOUNT NAME LIMIT",
   and what it says to that. */
static char added[100];
static struct outcome said_of_it;

static struct outcome
add_item(void *state, const struct new_item *item)
{
	(void)state;
	(void)snprintf(added, sizeof(added), "%s %s %s %s %s", item->external,
	               item->pos_id, item->account_id, item->name, item->limit);
	return said_of_it;
}

static struct adapter_ops till;
static struct adapter_ops base;
static const struct adapter_ops *const own_adapters[] = { &base, &till, NULL };

static int
begin(void **state)
{
	world = *state;
	(void)engine_world_empty(state);
	till = fake_till_ops;
	till.list_items = list_items;
	world->agora.ops = &till;
	base = fake_erp_ops;
	world->erp.ops = &base;
	added[0] = '\0';
	said_of_it = outcome_done();
	world->engine.adapters = own_adapters;
	agora = world->agora.state;
	shelf = things;
	for (const struct listing *l = things; l->name; l++)
		fake_adapter_set(agora, l->external, "5");
	return 0;
}

/* By id or by name; the other is "". shop "": there is no database of it. */
static void
ask(const char *shop, const char *shop_id, const char *pos_id, const char *name)
{
	char account[] = "agora";
	char location[] = "L1";
	char none[] = "";
	const struct job job = { .account = account,
		                 .shop = (char *)(uintptr_t)shop,
		                 .shop_id = (char *)(uintptr_t)shop_id,
		                 .pos_id = (char *)(uintptr_t)pos_id,
		                 .name = (char *)(uintptr_t)name,
		                 .reserve = none,
		                 .account_id = location };

	assert_int_equal(store_job_add(world->base.store, ID, &job, "digest"),
	                 0);
}

/* Its state and reason after a turn of this worker. */
static void
ends_at(struct worker *w, const char *state, const char *why)
{
	struct job job;

	engine_world_turn(w);
	assert_int_equal(store_job_get(world->base.store, &job, ID), 0);
	if (strcmp(job.state, state) != 0)
		print_error("%s: %s\n", job.state, job.why);
	assert_string_equal(job.state, state);
	if (!strstr(job.why, why))
		fail_msg("\"%s\" is not in: %s", why, job.why);
	job_fini(&job);
}

static void
ends(const char *state, const char *why)
{
	ends_at(&world->agora, state, why);
}

/* "SKU=EXTERNAL" of what is bound at an account; "" for none. */
static const char *
typed_at(const char *sku, const char *account)
{
	static char text[80];
	struct item item = { 0 };
	const struct binding *b;

	text[0] = '\0';
	if (store_registry_get(world->base.store, &item, sku) == 0) {
		b = item_find_binding(&item, account);
		(void)strcpy(text, b && b->typed ? b->typed : "");
	}
	item_fini(&item);
	return text;
}

static void
binds(const char *name, const char *external)
{
	ask("", "17", "", name);
	ends("done", "");
	assert_string_equal(typed_at("17", "agora"), external);
	assert_null(strstr(store_world_marks(&world->base, "agora"), "j:"));
}

static void
fails(const char *shop_id, const char *pos_id, const char *name,
      const char *why)
{
	ask("", shop_id, pos_id, name);
	ends("failed", why);
	assert_null(strstr(store_world_marks(&world->base, "agora"), "j:"));
}

/* ---- by name ---- */

static void
test_enrol__a_name_is_found_exactly(void **state)
{
	(void)state;
	binds("Feta", "A-1");
}

static void
test_enrol__the_only_variant_has_the_things_name(void **state)
{
	(void)state;
	binds("Jam", "A-3");
}

static void
test_enrol__two_of_a_name_are_not_guessed(void **state)
{
	(void)state;
	fails("17", "", "Tea", "give item_pos_id, one of \"Tea\" (A-4), ");
	assert_string_equal(typed_at("17", "agora"), "");
}

static void
test_enrol__several_variants_are_not_guessed(void **state)
{
	(void)state;
	fails("17", "", "Oil", "\"Oil, 1 l\" (A-6), \"Oil, 5 l\" (A-7)");
}

static void
test_enrol__a_name_that_is_only_like_it_is_suggested(void **state)
{
	(void)state;
	fails("17", "", "Fet", "Is it \"Feta\" (A-1)");
	assert_string_equal(typed_at("17", "agora"), "");
}

static void
test_enrol__a_name_that_nothing_has(void **state)
{
	(void)state;
	fails("17", "", "Bread", "nothing has this name at agora");
}

static void
test_enrol__who_cannot_list_wants_an_id(void **state)
{
	(void)state;
	till.list_items = NULL;
	fails("17", "", "Feta", "give item_pos_id");
}

/* ---- by id ---- */

static void
test_enrol__an_id_is_looked_for_there(void **state)
{
	(void)state;
	ask("", "17", "A-4", "Feta"); /* the id wins */
	ends("done", "");
	assert_string_equal(typed_at("17", "agora"), "A-4");
}

static void
test_enrol__an_id_of_nothing_binds_nothing(void **state)
{
	(void)state;
	fails("17", "A-99", "", "nothing with this id is counted at agora");
	assert_string_equal(typed_at("17", "agora"), "");
	fake_adapter_count(agora, "A-98")->is_absent = true;
	fake_adapter_count(agora, "A-98")->is_known = false;
	(void)store_world_say(&world->base, "DEL test:job:" ID);
	fails("17", "A-98", "", "no such thing at agora: no such item");
}

static void
test_enrol__an_id_that_is_another_items_is_refused(void **state)
{
	(void)state;
	ask("", "17", "A-1", "");
	ends("done", "");
	engine_world_rest(world);
	(void)store_world_say(&world->base, "DEL test:job:" ID);
	fails("18", "A-1", "", "bound to the item 17 at agora already");
}

static void
test_enrol__trouble_is_waited_out(void **state)
{
	(void)state;
	fake_adapter_next(agora, "read_counts",
	                  outcome_of(VERDICT_RETRY, "away"), false);
	ask("", "17", "A-1", "");
	ends("waiting", "away");
	fake_clock_advance(PACE_CAP_MS);
	ends("done", "");
	assert_string_equal(typed_at("17", "agora"), "A-1");
}

/* What a crash left working is done again. */
static void
test_enrol__a_job_that_was_cut_off_is_done_again(void **state)
{
	(void)state;
	ask("", "17", "A-1", "");
	assert_int_equal(store_job_note(world->base.store, ID, "working", ""),
	                 0);
	engine_world_restart(world, &world->agora);
	world->agora.ops = &till;
	ends("done", "");
	assert_string_equal(typed_at("17", "agora"), "A-1");
}

/* ---- what is bound ---- */

static void
test_enrol__a_new_item_is_kept_where_it_is_registered(void **state)
{
	struct item item;

	(void)state;
	binds("Feta", "A-1");
	assert_int_equal(store_registry_get(world->base.store, &item, "17"), 0);
	assert_string_equal(item.authority, "agora");
	assert_string_equal(item.name, "Feta");
	item_fini(&item);
}

static void
test_enrol__an_item_that_is_kept_elsewhere_stays_there(void **state)
{
	struct item item;

	(void)state;
	store_world_bind(&world->base, "17", "erp", "E-17");
	binds("Feta", "A-1");
	assert_int_equal(store_registry_get(world->base.store, &item, "17"), 0);
	assert_null(item.authority);
	assert_int_equal(item.n_bindings, 2);
	item_fini(&item);
}

static void
test_enrol__the_shops_id_is_bound_at_its_database(void **state)
{
	(void)state;
	ask("kiosk", "17", "A-1", "");
	ends("done", "");
	assert_string_equal(typed_at("17", "kiosk"), "17");
}

static void
test_enrol__the_item_that_the_shop_knows_by_that_id_is_taken(void **state)
{
	(void)state;
	store_world_bind(&world->base, "FETA", "kiosk", "17");
	ask("kiosk", "17", "A-1", "");
	ends("done", "");
	assert_string_equal(typed_at("FETA", "agora"), "A-1");
	assert_string_equal(typed_at("17", "agora"), "");
}

static void
test_enrol__a_sku_that_looks_like_the_shops_id_is_left_alone(void **state)
{
	(void)state;
	store_world_bind(&world->base, "17", "kiosk", "99");
	ask("kiosk", "17", "A-1", "");
	ends("failed", "the item with the SKU 17 is 99 in the shop");
	assert_string_equal(typed_at("17", "agora"), "");
	assert_string_equal(typed_at("17", "kiosk"), "99");
}

static void
add_canonical(const struct conf_section *conf, struct buf *external,
              const char *written)
{
	(void)conf;
	buf_addf(external, "%s%s", written, strchr(written, '/') ? "" : "/0");
}

/* A shop with a column of variants: 12 is what a person writes for 12/0. */
static void
test_enrol__an_id_alone_is_the_shops_thing_without_a_variant(void **state)
{
	char ref[] = "12/0";
	char *refs = ref;
	struct item item = { .sku = text_dup("JAM") };
	struct binding *b = item_add_binding(&item);

	(void)state;
	till.canonical = add_canonical;
	b->account = text_dup("kiosk");
	b->typed = text_dup("12");
	assert_int_equal(store_registry_put(world->base.store, &item, NULL), 0);
	item_fini(&item);
	assert_int_equal(store_registry_resolved(
				 world->base.store, "kiosk",
				 &(struct registry_resolution){
					 "JAM", "12", "12/0", &refs, 1 }),
	                 0);
	ask("kiosk", "12", "A-1", "");
	ends("done", "");
	assert_string_equal(typed_at("12", "agora"), ""); /* no second item */
	assert_string_equal(typed_at("JAM", "agora"), "A-1");
}

/* account_id names the shop itself: two ids, one account. */
static void
test_enrol__two_ids_at_one_account_are_refused(void **state)
{
	(void)state;
	ask("agora", "17", "A-1", "");
	ends("failed", "agora is the shop itself");
	assert_string_equal(typed_at("17", "agora"), "");
}

/* A shop's database that leaves its rows to us: its own worker's turn. */
static void
test_enrol__the_shop_gets_a_row_before_the_job_is_done(void **state)
{
	(void)state;
	base.add_item = add_item;
	ask("erp", "17", "", "Feta");
	ends("working", "");
	assert_string_equal(typed_at("17", "agora"), "A-1");
	assert_string_equal(typed_at("17", "erp"), "17");
	assert_null(strstr(store_world_marks(&world->base, "agora"), "j:"));
	said_of_it = outcome_of(VERDICT_RETRY, "it is away");
	ends_at(&world->erp, "waiting", "it is away");
	said_of_it = outcome_done();
	fake_clock_advance(60000);
	ends_at(&world->erp, "done", "");
	assert_string_equal(added, "17 A-1 L1 Feta ");
	assert_null(strstr(store_world_marks(&world->base, "erp"), "j:"));
}

static void
test_enrol__a_row_that_the_shop_refuses_is_told(void **state)
{
	(void)state;
	base.add_item = add_item;
	said_of_it = outcome_of(VERDICT_REFUSED, "grant INSERT");
	ask("erp", "17", "A-1", "");
	ends("working", "");
	ends_at(&world->erp, "done", "grant INSERT");
	assert_string_equal(typed_at("17", "agora"), "A-1");
}

static void
test_enrol__a_shop_that_adds_its_own_is_left_alone(void **state)
{
	(void)state;
	base.add_item = add_item;
	said_of_it = outcome_of(VERDICT_ABSENT, "it adds its own");
	ask("erp", "17", "A-1", "");
	ends("working", "");
	ends_at(&world->erp, "done", "");
}

/* By another job, or a person, before it was the shop's turn. */
static void
test_enrol__what_is_bound_otherwise_by_now_gets_no_row(void **state)
{
	(void)state;
	base.add_item = add_item;
	ask("erp", "17", "A-1", "");
	ends("working", "");
	store_world_bind(&world->base, "17", "erp", "18");
	ends_at(&world->erp, "done", "");
	assert_string_equal(added, "");
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_enrol__a_name_is_found_exactly),
		EACH(test_enrol__the_only_variant_has_the_things_name),
		EACH(test_enrol__two_of_a_name_are_not_guessed),
		EACH(test_enrol__several_variants_are_not_guessed),
		EACH(test_enrol__a_name_that_is_only_like_it_is_suggested),
		EACH(test_enrol__a_name_that_nothing_has),
		EACH(test_enrol__who_cannot_list_wants_an_id),
		EACH(test_enrol__an_id_is_looked_for_there),
		EACH(test_enrol__an_id_of_nothing_binds_nothing),
		EACH(test_enrol__an_id_that_is_another_items_is_refused),
		EACH(test_enrol__trouble_is_waited_out),
		EACH(test_enrol__a_job_that_was_cut_off_is_done_again),
		EACH(test_enrol__a_new_item_is_kept_where_it_is_registered),
		EACH(test_enrol__an_item_that_is_kept_elsewhere_stays_there),
		EACH(test_enrol__the_shops_id_is_bound_at_its_database),
		EACH(test_enrol__the_item_that_the_shop_knows_by_that_id_is_taken),
		EACH(test_enrol__a_sku_that_looks_like_the_shops_id_is_left_alone),
		EACH(test_enrol__an_id_alone_is_the_shops_thing_without_a_variant),
		EACH(test_enrol__two_ids_at_one_account_are_refused),
		EACH(test_enrol__the_shop_gets_a_row_before_the_job_is_done),
		EACH(test_enrol__a_row_that_the_shop_refuses_is_told),
		EACH(test_enrol__a_shop_that_adds_its_own_is_left_alone),
		EACH(test_enrol__what_is_bound_otherwise_by_now_gets_no_row),
	};

	return cmocka_run_group_tests(tests, engine_world_setup,
	                              engine_world_teardown);
}
