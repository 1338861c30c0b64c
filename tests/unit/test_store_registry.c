/*
 * Items and bindings: which item here is which there.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_stock.h"
#include "tests/support/fake_clock.h"
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
	return 0;
}

/* Put an item with one binding; returns how many bindings changed. */
static size_t
put(const char *sku, const char *account, const char *typed)
{
	struct item item = { .sku = text_dup(sku) };
	struct binding *b = item_add_binding(&item);
	size_t n = 99;

	assert_non_null(b);
	b->account = text_dup(account);
	b->typed = text_dup(typed);
	assert_int_equal(store_registry_put(store, &item, &n), 0);
	item_fini(&item);
	return n;
}

static int
resolve(const char *sku, const char *external, const char *ref)
{
	char *refs[1] = { text_dup(ref) };
	struct item item = { 0 };
	int r;

	assert_int_equal(store_registry_get(store, &item, sku), 0);
	r = store_registry_resolved(
		store, "agora",
		&(struct registry_resolution){
			sku, item_find_binding(&item, "agora")->typed, external,
			refs, 1 });
	item_fini(&item);
	free(refs[0]);
	return r;
}

static char *
sku_of(const char *external)
{
	char *out = NULL;

	assert_int_equal(
		store_registry_skus(store, "agora", &external, 1, &out), 0);
	return out;
}

static void
assert_sku_of(const char *external, const char *sku)
{
	char *found = sku_of(external);

	assert_string_equal(found ? found : "none", sku);
	free(found);
}

static int
collect(void *ctx, const char *sku)
{
	(void)strcat(ctx, sku);
	(void)strcat(ctx, " ");
	return 0;
}

static void
assert_ref(const char *ref, const char *skus)
{
	char text[256] = "";

	assert_int_equal(
		store_registry_each_ref(store, "agora", ref, collect, text), 0);
	assert_string_equal(text, skus);
}

static void
assert_counts(int64_t n_bound, int64_t n_unresolved)
{
	int64_t bound = -1;
	int64_t unresolved = -1;

	assert_int_equal(store_registry_count_account(store, "agora", &bound,
	                                              &unresolved),
	                 0);
	assert_int_equal(bound, n_bound);
	assert_int_equal(unresolved, n_unresolved);
}

/* ---- the tests ---- */

static void
test_store_registry__gives_back_what_was_put(void **state)
{
	struct item item = { .sku = text_dup("A 1"),
		             .name = text_dup("Ελιές"),
		             .authority = text_dup("kiosk"),
		             .reserve = decimal_of(2),
		             .has_reserve = true };
	struct item out;

	(void)state;
	assert_int_equal(store_registry_put(store, &item, NULL), 0);
	item_fini(&item);
	assert_int_equal(put("A 1", "agora", "sq-1"), 1);
	assert_int_equal(store_registry_get(store, &out, "A 1"), 0);
	assert_string_equal(out.name, "Ελιές");
	assert_string_equal(out.authority, "kiosk");
	assert_true(out.has_reserve);
	assert_int_equal(decimal_cmp(out.reserve, decimal_of(2)), 0);
	assert_int_equal(out.n_bindings, 1);
	assert_string_equal(out.bindings[0].typed, "sq-1");
	assert_null(out.bindings[0].external);
	assert_int_equal(out.bindings[0].bound_ms, NOW_MS);
	item_fini(&out);
	assert_int_equal(store_registry_get(store, &out, "none"),
	                 REGISTRY_ABSENT);
}

static void
test_store_registry__a_new_binding_is_a_mark_and_then_a_look(void **state)
{
	(void)state;
	assert_int_equal(put("A1", "agora", "sq-1"), 1);
	assert_string_equal(store_world_marks(world, "agora"), MARK_RESOLVE);
	assert_counts(0, 1);
	store_world_unmark(world, "agora");
	assert_int_equal(resolve("A1", "Q1", "q1-ref"), 0);
	assert_string_equal(store_world_marks(world, "agora"), "i:A1");
	assert_counts(1, 0);
	assert_sku_of("Q1", "A1");
	assert_ref("q1-ref", "A1 ");
}

static void
test_store_registry__the_same_again_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(put("A1", "agora", "sq-1"), 1);
	assert_int_equal(resolve("A1", "Q1", "r"), 0);
	store_world_unmark(world, "agora");
	assert_int_equal(put("A1", "agora", "sq-1"), 0);
	assert_string_equal(store_world_marks(world, "agora"), "");
	assert_sku_of("Q1", "A1");
}

static void
test_store_registry__another_binding_forgets_the_old_one(void **state)
{
	const struct stock_published row = { "A1", decimal_of(3), DECIMAL_ZERO,
		                             NULL };
	const char *sku = "A1";
	struct stock_view view;

	(void)state;
	assert_int_equal(put("A1", "agora", "sq-1"), 1);
	assert_int_equal(resolve("A1", "Q1", "r1"), 0);
	assert_int_equal(store_stock_published(store, "agora", &row, 1), 0);
	assert_int_equal(put("A1", "agora", "sq-2"), 1);
	assert_sku_of("Q1", "none");
	assert_ref("r1", "");
	assert_counts(0, 1);
	assert_int_equal(store_stock_view(store, &view, "agora", &sku, 1), 0);
	assert_false(view.has_published); /* its first count is exempt again */
	stock_view_fini(&view);
}

static void
test_store_registry__an_empty_binding_unbinds(void **state)
{
	(void)state;
	assert_int_equal(put("A1", "agora", "sq-1"), 1);
	assert_int_equal(resolve("A1", "Q1", "r1"), 0);
	assert_int_equal(put("A1", "agora", ""), 1);
	assert_counts(0, 0);
	assert_sku_of("Q1", "none");
	assert_string_equal(store_world_marks(world, "agora"), MARK_RESOLVE);
}

static void
test_store_registry__one_external_id_is_one_item(void **state)
{
	(void)state;
	assert_int_equal(put("A1", "agora", "sq-1"), 1);
	assert_int_equal(put("A2", "agora", "SQ-1"), 1);
	assert_int_equal(resolve("A1", "Q1", "r"), 0);
	assert_int_equal(resolve("A2", "Q1", "r"), REGISTRY_TAKEN);
	assert_int_equal(
		store_registry_unresolved(store, "agora", "A2", "taken"), 0);
	assert_counts(1, 1);
	assert_int_equal(put("A1", "agora", ""), 1);
	assert_int_equal(resolve("A2", "Q1", "r"), 0);
	assert_sku_of("Q1", "A2");
}

static void
test_store_registry__a_ref_may_mean_several_items_and_no_prefix(void **state)
{
	(void)state;
	assert_int_equal(put("A1", "agora", "sq-1"), 1);
	assert_int_equal(put("A2", "agora", "sq-2"), 1);
	assert_int_equal(resolve("A1", "Q1", "parent"), 0);
	assert_int_equal(resolve("A2", "Q2", "parent"), 0);
	assert_ref("parent", "A1 A2 ");
	assert_ref("paren", "");
	assert_ref("parent\n", "");
	assert_ref("", "");
}

/* Many in one go are as one by one. */
static void
test_store_registry__many_are_written_and_read_in_their_order(void **state)
{
	enum { MANY = 150 };
	static struct item items[MANY];
	static const char *skus[MANY];
	static char names[MANY][16];
	struct binding binding = { .account = text_dup("agora"),
		                   .typed = text_dup("typed") };

	(void)state;
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "A%d", i);
		skus[i] = names[i];
		items[i] = (struct item){ .sku = names[i],
			                  .bindings = &binding,
			                  .n_bindings = 1 };
	}
	assert_int_equal(store_registry_put_many(store, items, MANY - 1, NULL),
	                 0);
	assert_int_equal(store_registry_get_many(store, items, skus, MANY), 0);
	for (int i = 0; i < MANY - 1; i++) {
		assert_string_equal(items[i].sku, names[i]);
		assert_int_equal(items[i].n_bindings, 1);
		assert_string_equal(items[i].bindings[0].typed, "typed");
		item_fini(&items[i]);
	}
	assert_null(items[MANY - 1].sku);
	assert_counts(0, MANY - 1);
	free(binding.account);
	free(binding.typed);
}

/* A batch may name an item again, and hold old ones beside new ones. */
static void
test_store_registry__a_batch_writes_what_differs(void **state)
{
	char accounts[][8] = { "agora", "agora", "erp", "agora" };
	char typed[][8] = { "typed", "typed", "other", "" };
	char skus[][4] = { "A1", "A2", "A1", "A3" };
	struct binding bindings[4] = { 0 };
	struct item items[4] = { 0 };
	struct item got;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		bindings[i].account = accounts[i];
		bindings[i].typed = typed[i];
		items[i].sku = skus[i];
		items[i].bindings = &bindings[i];
		items[i].n_bindings = 1;
	}
	assert_int_equal(put("A2", "agora", "typed"), 1);
	assert_int_equal(resolve("A2", "Q2", "q2-ref"), 0);
	assert_int_equal(put("A3", "agora", "typed"), 1);
	assert_int_equal(resolve("A3", "Q3", "q3-ref"), 0);
	assert_int_equal(store_registry_put_many(store, items, 4, &n), 0);
	assert_int_equal(n, 3); /* A1 at both, and A3 unbound */
	assert_int_equal(store_registry_get(store, &got, "A1"), 0);
	assert_int_equal(got.n_bindings, 2);
	item_fini(&got);
	assert_sku_of("Q2", "A2");
	assert_sku_of("Q3", "none");
	assert_counts(1, 1);
	assert_string_equal(store_world_marks(world, "erp"), MARK_RESOLVE);
}

static int
count_unresolved(void *ctx, const char *sku, const char *typed, const char *why)
{
	assert_non_null(sku);
	assert_string_equal(typed, "typed");
	assert_true(*why);
	++*(int *)ctx;
	return 0;
}

static int
count_sku(void *ctx, const char *sku)
{
	(void)sku;
	++*(int *)ctx;
	return 0;
}

/* In order, and whole: what is taken out of it is ours. */
static int
check_item(void *ctx, struct item *item)
{
	char *last = ctx;

	assert_true(strcmp(last, item->sku) < 0);
	(void)snprintf(last, 16, "%s", item->sku);
	assert_int_equal(item->n_bindings, 1);
	assert_string_equal(item->bindings[0].account, "agora");
	assert_string_equal(item->bindings[0].typed, "typed");
	free(item->sku);
	item->sku = NULL;
	return strcmp(last, "A950") == 0 ? 77 : 0;
}

static void
test_store_registry__more_than_a_page_of_items_are_all_visited(void **state)
{
	char last[16] = "";
	int64_t n_items = 0;
	int n = 0;
	int n_unresolved = 0;

	(void)state;
	for (int i = 0; i < 1100; i++) {
		char sku[16];

		(void)snprintf(sku, sizeof(sku), "A%d", i);
		assert_int_equal(put(sku, "agora", "typed"), 1);
	}
	assert_int_equal(store_registry_count(store, &n_items), 0);
	assert_int_equal(n_items, 1100);
	assert_int_equal(store_registry_each(store, count_sku, &n), 0);
	assert_int_equal(n, 1100);
	assert_int_equal(store_registry_each_item(store, check_item, last), 77);
	assert_int_equal(store_registry_each_unresolved(store, "agora",
	                                                count_unresolved,
	                                                &n_unresolved),
	                 0);
	assert_int_equal(n_unresolved, 1100);
}

static int
list_sku(void *ctx, const char *sku)
{
	struct buf *text = ctx;

	buf_addf(text, "%s ", sku);
	return 0;
}

static void
assert_prefixed(const char *prefix, size_t max, const char *expected)
{
	struct buf text = BUF_INIT;

	assert_int_equal(store_registry_each_prefixed(store, prefix, max,
	                                              list_sku, &text),
	                 0);
	assert_string_equal(buf_text(&text), expected);
	buf_fini(&text);
}

/* What is left out lies between them: the first ones alone would have more in
   common than all have. */
static void
test_store_registry__of_many_that_begin_so_the_first_and_the_last_are_told(
	void **state)
{
	static const char *const skus[] = { "20",        "21-1", "21-2",
		                            "21-\u20ac", "211",  "22" };

	(void)state;
	for (size_t i = 0; i < sizeof(skus) / sizeof(*skus); i++)
		assert_int_equal(put(skus[i], "agora", skus[i]), 1);
	assert_prefixed("21", 4, "21-1 21-2 21-\u20ac 211 ");
	assert_prefixed("21", 5, "21-1 21-2 21-\u20ac 211 ");
	assert_prefixed("21", 3, "21-1 21-2 211 ");
	assert_prefixed("21-", 100, "21-1 21-2 21-\u20ac ");
	assert_prefixed("22", 2, "22 ");
	assert_prefixed("", 2, "20 22 ");
	assert_prefixed("23", 2, "");
}

/* An item with very many variants. */
static void
test_store_registry__more_than_a_page_of_items_behind_a_ref_are_all_found(
	void **state)
{
	int n = 0;

	(void)state;
	for (int i = 0; i < 1100; i++) {
		char sku[16];
		char external[16];

		(void)snprintf(sku, sizeof(sku), "A%d", i);
		(void)snprintf(external, sizeof(external), "Q%d", i);
		assert_int_equal(put(sku, "agora", sku), 1);
		assert_int_equal(resolve(sku, external, "parent"), 0);
	}
	assert_int_equal(store_registry_each_ref(store, "agora", "parent",
	                                         count_sku, &n),
	                 0);
	assert_int_equal(n, 1100);
}

static void
test_store_registry__the_first_binding_begins_the_accounts_history(void **state)
{
	int64_t start = 0;

	(void)state;
	assert_int_equal(put("A1", "agora", "sq-1"), 1);
	fake_clock_advance(5000);
	assert_int_equal(put("A2", "agora", "sq-2"), 1);
	assert_int_equal(store_cursor_get(store, &start, "agora", "bound"), 0);
	assert_int_equal(start, NOW_MS);
}

static void
test_store_registry__a_reserve_that_changed_marks_every_account(void **state)
{
	struct item item = { .sku = text_dup("A1"),
		             .reserve = decimal_of(2),
		             .has_reserve = true };

	(void)state;
	store_world_bind(world, "A1", "agora", "Q1");
	store_world_bind(world, "A1", "kiosk", "K1");
	for (int i = 0; i < 2; i++) {
		store_world_unmark(world, "agora");
		store_world_unmark(world, "kiosk");
		assert_int_equal(store_registry_put(store, &item, NULL), 0);
		assert_string_equal(store_world_marks(world, "agora"),
		                    i ? "" : "i:A1");
		assert_string_equal(store_world_marks(world, "kiosk"),
		                    i ? "" : "i:A1");
	}
	item_fini(&item);
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

static void
test_store_registry__an_answer_to_an_older_binding_changes_nothing(void **state)
{
	struct item item = { 0 };

	(void)state;
	(void)put("A1", "agora", "old");
	(void)put("A1", "agora", "new");
	assert_int_equal(store_registry_resolved(store, "agora",
	                                         &(struct registry_resolution){
							 .sku = "A1",
							 .typed = "old",
							 .external = "Q-OLD" }),
	                 0);
	assert_int_equal(store_registry_get(store, &item, "A1"), 0);
	assert_null(item_find_binding(&item, "agora")->external);
	item_fini(&item);
}

static void
test_store_registry__a_reserve_can_be_taken_away_again(void **state)
{
	struct item item = { .sku = text_dup("A1"),
		             .has_reserve = true,
		             .reserve = decimal_of(3) };

	(void)state;
	assert_int_equal(store_registry_put(store, &item, NULL), 0);
	item.drops_reserve = true;
	assert_int_equal(store_registry_put(store, &item, NULL), 0);
	item_fini(&item);
	assert_int_equal(store_registry_get(store, &item, "A1"), 0);
	assert_false(item.has_reserve);
	item_fini(&item);
}

static void
test_store_registry__says_who_is_right_about_each(void **state)
{
	static const char *const skus[] = { "A1", "NO-SUCH", "A2", "A1" };
	struct item item = { .sku = text_dup("A2"),
		             .authority = text_dup("agora") };
	char *found[4];

	(void)state;
	(void)put("A1", "agora", "V1");
	assert_int_equal(store_registry_put(store, &item, NULL), 0);
	item_fini(&item);
	assert_int_equal(store_registry_authorities(store, skus, 4, found), 0);
	assert_string_equal(found[0], "");
	assert_null(found[1]);
	assert_string_equal(found[2], "agora");
	assert_string_equal(found[3], "");
	for (size_t i = 0; i < 4; i++)
		free(found[i]);
	assert_int_equal(store_registry_authorities(store, NULL, 0, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_store_registry__gives_back_what_was_put),
		EACH(test_store_registry__a_new_binding_is_a_mark_and_then_a_look),
		EACH(test_store_registry__the_same_again_changes_nothing),
		EACH(test_store_registry__another_binding_forgets_the_old_one),
		EACH(test_store_registry__an_answer_to_an_older_binding_changes_nothing),
		EACH(test_store_registry__an_empty_binding_unbinds),
		EACH(test_store_registry__one_external_id_is_one_item),
		EACH(test_store_registry__a_ref_may_mean_several_items_and_no_prefix),
		EACH(test_store_registry__many_are_written_and_read_in_their_order),
		EACH(test_store_registry__a_batch_writes_what_differs),
		EACH(test_store_registry__more_than_a_page_of_items_are_all_visited),
		EACH(test_store_registry__of_many_that_begin_so_the_first_and_the_last_are_told),
		EACH(test_store_registry__more_than_a_page_of_items_behind_a_ref_are_all_found),
		EACH(test_store_registry__the_first_binding_begins_the_accounts_history),
		EACH(test_store_registry__a_reserve_that_changed_marks_every_account),
		EACH(test_store_registry__a_reserve_can_be_taken_away_again),
		EACH(test_store_registry__says_who_is_right_about_each),
	};
	int failed = cmocka_run_group_tests(tests, store_world_setup,
	                                    store_world_teardown);

	fake_clock_stop();
	return failed;
}
