/*
 * Which thing at an account is which item here.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/model/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"

static int
begin(void **state)
{
	struct match *m = NULL;

	assert_int_equal(match_new(&m), 0);
	*state = m;
	return 0;
}

static int
end(void **state)
{
	match_free(*state);
	return 0;
}

/* An item, perhaps bound: account NULL is not. */
static void
add(struct match *m, const char *sku, const char *name, const char *account,
    const char *external)
{
	struct item item = { .sku = text_dup(sku), .name = text_dup(name) };
	struct binding *b = account ? item_add_binding(&item) : NULL;

	if (b) {
		b->account = text_dup(account);
		b->typed = text_dup(external);
	}
	assert_int_equal(match_add_item(m, &item), 0);
	assert_null(item.sku);
}

static void
thing(struct match *m, const char *external, const char *sku,
      const char *barcode, const char *name)
{
	assert_int_equal(match_add_thing(m, external, sku, barcode, name), 0);
}

/* The erp shows what these items' barcodes are. */
static void
look_at_erp(struct match *m, const char *const (*codes)[2], size_t n)
{
	assert_int_equal(match_begin(m, "erp"), 0);
	for (size_t i = 0; i < n; i++)
		thing(m, codes[i][0], "", codes[i][1], "");
	assert_int_equal(match_run(m), 0);
}

/* "external end sku" of the n-th thing. */
static void
assert_end(struct match *m, size_t n, enum match_end expected, const char *sku)
{
	const struct match_thing *t = match_thing(m, n);

	if (t->end != expected)
		fail_msg("%s ended as %d (%s)", t->external, (int)t->end,
		         t->why ? t->why : "");
	if (t->item == MATCH_NO_ITEM)
		assert_string_equal(sku, "");
	else
		assert_string_equal(match_item(m, t->item)->sku, sku);
}

static void
assert_why(struct match *m, size_t n, const char *part)
{
	const struct match_thing *t = match_thing(m, n);

	assert_int_equal(t->end, MATCH_AMBIGUOUS);
	if (!strstr(t->why, part))
		fail_msg("\"%s\" is not in: %s", part, t->why);
}

static void
test_match__goes_by_sku_whatever_its_case(void **state)
{
	struct match *m = *state;

	add(m, "Tea-1", "Green tea", NULL, NULL);
	add(m, "Tea-2", "Black tea", NULL, NULL);
	assert_int_equal(match_begin(m, "agora"), 0);
	thing(m, "v1", "TEA-1 ", "", "");
	thing(m, "v2", "Tea-22", "", "");
	assert_int_equal(match_run(m), 0);
	assert_end(m, 0, MATCH_BY_SKU, "Tea-1");
	assert_end(m, 1, MATCH_UNKNOWN, "");
	assert_int_equal(match_count_absent(m), 1);
}

static void
test_match__goes_by_the_barcode_of_what_is_bound_elsewhere(void **state)
{
	static const char *const codes[][2] = { { "G1", "520001" },
		                                { "G2", "520002 520003" } };
	struct match *m = *state;

	add(m, "A1", "Olives", "erp", "G1");
	add(m, "A2", "Oil", "erp", "G2");
	look_at_erp(m, codes, 2);
	assert_end(m, 0, MATCH_BOUND, "A1");
	assert_int_equal(match_begin(m, "agora"), 0);
	thing(m, "v1", "", "520001", "");
	thing(m, "v2", "something-of-its-own", "520003", "");
	thing(m, "v3", "", "520004", "");
	assert_int_equal(match_run(m), 0);
	assert_end(m, 0, MATCH_BY_BARCODE, "A1");
	assert_end(m, 1, MATCH_BY_BARCODE, "A2");
	assert_end(m, 2, MATCH_UNKNOWN, "");
	assert_int_equal(match_count(m, MATCH_BY_BARCODE), 2);
	assert_int_equal(match_count_absent(m), 0);
}

/* A match of this very run counts as a binding. */
static void
test_match__learns_barcodes_from_what_matched_before(void **state)
{
	struct match *m = *state;

	add(m, "A1", "Olives", NULL, NULL);
	assert_int_equal(match_begin(m, "erp"), 0);
	thing(m, "G1", "A1", "520001", "");
	assert_int_equal(match_run(m), 0);
	assert_end(m, 0, MATCH_BY_SKU, "A1");
	assert_int_equal(match_begin(m, "agora"), 0);
	thing(m, "v1", "", "520001", "");
	assert_int_equal(match_run(m), 0);
	assert_end(m, 0, MATCH_BY_BARCODE, "A1");
}

static void
test_match__leaves_two_things_that_fit_one_item(void **state)
{
	static const char *const codes[][2] = { { "G1", "520001" } };
	struct match *m = *state;

	add(m, "A1", "", "erp", "G1");
	add(m, "A2", "", NULL, NULL);
	look_at_erp(m, codes, 1);
	assert_int_equal(match_begin(m, "agora"), 0);
	thing(m, "v1", "", "520001", "");
	thing(m, "v2", "", "520001", "");
	thing(m, "v3", "A2", "", "");
	thing(m, "v4", "A2", "", "");
	assert_int_equal(match_run(m), 0);
	assert_why(m, 0, "barcode fits A1");
	assert_why(m, 1, "another thing");
	assert_why(m, 2, "SKU fits A2");
	assert_why(m, 3, "SKU fits A2");
	assert_int_equal(match_count(m, MATCH_AMBIGUOUS), 4);
}

static void
test_match__leaves_a_thing_that_fits_two_items(void **state)
{
	static const char *const codes[][2] = { { "G1", "520001" },
		                                { "G2", "520001" },
		                                { "G3", "520003" },
		                                { "G4", "520004" } };
	struct match *m = *state;

	add(m, "A1", "", "erp", "G1");
	add(m, "A2", "", "erp", "G2");
	add(m, "A3", "", "erp", "G3");
	add(m, "A4", "", "erp", "G4");
	add(m, "b", "", NULL, NULL);
	add(m, "B", "", NULL, NULL);
	look_at_erp(m, codes, 4);
	assert_int_equal(match_begin(m, "agora"), 0);
	thing(m, "v1", "A1", "520001", ""); /* the SKU does not decide it */
	thing(m, "v2", "", "520003 520004", "");
	thing(m, "v3", "b", "", "");
	assert_int_equal(match_run(m), 0);
	assert_why(m, 0, "A1, A2");
	assert_why(m, 1, "A3, A4");
	assert_why(m, 2, "SKU fits b, B");
}

/* Its barcode does not decide; its SKU still says what it may be. */
static void
test_match__a_thing_with_a_doubtful_barcode_still_claims_its_sku(void **state)
{
	static const char *const codes[][2] = { { "G1", "520001" },
		                                { "G2", "520001" } };
	struct match *m = *state;

	add(m, "A1", "", "erp", "G1");
	add(m, "A2", "", "erp", "G2");
	add(m, "A3", "", NULL, NULL);
	look_at_erp(m, codes, 2);
	assert_int_equal(match_begin(m, "agora"), 0);
	thing(m, "v1", "A3", "520001", "");
	thing(m, "v2", "A3", "", "");
	assert_int_equal(match_run(m), 0);
	assert_why(m, 0, "A1, A2");
	assert_why(m, 1, "SKU fits A3, and so does another thing");
}

/* … and the other way round: by barcode two fit it, by SKU a third. */
static void
test_match__an_item_that_barcodes_claim_is_not_matched_by_sku(void **state)
{
	static const char *const codes[][2] = { { "G1", "520001" } };
	struct match *m = *state;

	add(m, "A1", "", "erp", "G1");
	look_at_erp(m, codes, 1);
	assert_int_equal(match_begin(m, "agora"), 0);
	thing(m, "v1", "", "520001", "");
	thing(m, "v2", "", "520001", "");
	thing(m, "v3", "A1", "", "");
	assert_int_equal(match_run(m), 0);
	assert_why(m, 2, "SKU fits A1");
	assert_int_equal(match_count(m, MATCH_AMBIGUOUS), 3);
}

/* What changes while it is listed comes once more. */
static void
test_match__a_thing_listed_twice_is_one(void **state)
{
	struct match *m = *state;

	add(m, "A1", "", NULL, NULL);
	add(m, "A2", "", NULL, NULL);
	assert_int_equal(match_begin(m, "agora"), 0);
	thing(m, "v1", "A1", "", "before");
	thing(m, "v2", "A2", "", "");
	thing(m, "v1", "a1", "", "after");
	assert_int_equal(match_run(m), 0);
	assert_int_equal(match_n_things(m), 2);
	assert_int_equal(match_count(m, MATCH_BY_SKU), 2);
	for (size_t i = 0; i < 2; i++)
		if (!strcmp(match_thing(m, i)->external, "v1"))
			assert_string_equal(match_thing(m, i)->name, "after");
}

/* Who takes away the other's only candidate must be seen as well. */
static void
test_match__leaves_what_an_ambiguous_thing_may_be(void **state)
{
	static const char *const codes[][2] = { { "G1", "520001" },
		                                { "G2", "520002" } };
	struct match *m = *state;

	add(m, "A1", "", "erp", "G1");
	add(m, "A2", "", "erp", "G2");
	look_at_erp(m, codes, 2);
	assert_int_equal(match_begin(m, "agora"), 0);
	thing(m, "v1", "", "520001 520002", "");
	thing(m, "v2", "", "520001", "");
	assert_int_equal(match_run(m), 0);
	assert_why(m, 0, "A1, A2");
	assert_why(m, 1, "barcode fits A1");
}

static void
test_match__leaves_what_barcode_and_sku_say_differently(void **state)
{
	static const char *const codes[][2] = { { "G1", "520001" } };
	struct match *m = *state;

	add(m, "A1", "", "erp", "G1");
	add(m, "A2", "", NULL, NULL);
	look_at_erp(m, codes, 1);
	assert_int_equal(match_begin(m, "agora"), 0);
	thing(m, "v1", "A2", "520001", "");
	assert_int_equal(match_run(m), 0);
	assert_why(m, 0, "its barcode fits A1, its SKU A2");
}

static void
test_match__a_barcode_goes_before_a_sku(void **state)
{
	static const char *const codes[][2] = { { "G1", "520001" } };
	struct match *m = *state;

	add(m, "A1", "", "erp", "G1");
	look_at_erp(m, codes, 1);
	assert_int_equal(match_begin(m, "agora"), 0);
	thing(m, "v1", "A1", "", "");
	thing(m, "v2", "of-the-till", "520001", "");
	assert_int_equal(match_run(m), 0);
	assert_end(m, 1, MATCH_BY_BARCODE, "A1");
	assert_why(m, 0, "A1, whose barcode is that of v2");
}

static void
test_match__binds_no_item_twice(void **state)
{
	struct match *m = *state;

	add(m, "A1", "", "agora", "v1");
	assert_int_equal(match_begin(m, "agora"), 0);
	thing(m, "v1", "other", "", "");
	thing(m, "v2", "A1", "", "");
	assert_int_equal(match_run(m), 0);
	assert_end(m, 0, MATCH_BOUND, "A1");
	assert_why(m, 1, "A1, which is bound to v1");
	assert_int_equal(match_count_absent(m), 0);
}

/* As somebody wrote it, or as its id turned out to be. */
static void
test_match__knows_a_binding_by_both_its_names(void **state)
{
	struct match *m = *state;

	add(m, "A1", "", "agora", "7");
	match_item(m, 0)->bindings[0].external = text_dup("7/0");
	assert_int_equal(match_begin(m, "agora"), 0);
	thing(m, "7/0", "", "", "");
	assert_int_equal(match_run(m), 0);
	assert_end(m, 0, MATCH_BOUND, "A1");
	assert_int_equal(match_begin(m, "agora"), 0);
	thing(m, "7", "", "", "");
	assert_int_equal(match_run(m), 0);
	assert_end(m, 0, MATCH_BOUND, "A1");
}

static void
test_match__a_name_is_a_suggestion(void **state)
{
	struct match *m = *state;

	add(m, "A1", "Ελιές Καλαμών", NULL, NULL);
	add(m, "A2", "Honey", NULL, NULL);
	add(m, "A3", "Honey", NULL, NULL);
	add(m, "A4", "Salt", "agora", "v9");
	assert_int_equal(match_begin(m, "agora"), 0);
	thing(m, "v1", "", "", "ΕΛΙΈΣ ΚΑΛΑΜΏΝ");
	thing(m, "v2", "", "", "Honey");
	thing(m, "v3", "", "", "Salt");
	assert_int_equal(match_run(m), 0);
	assert_end(m, 0, MATCH_UNKNOWN, "A1");
	assert_end(m, 1, MATCH_UNKNOWN, ""); /* two have it */
	assert_end(m, 2, MATCH_UNKNOWN, ""); /* it is bound here */
	assert_int_equal(match_count_absent(m), 3);
}

static void
test_match__of_nothing_is_nothing(void **state)
{
	struct match *m = *state;

	assert_int_equal(match_begin(m, "agora"), 0);
	assert_int_equal(match_run(m), 0);
	assert_int_equal(match_n_things(m), 0);
	thing(m, "v1", "", " ", "");
	assert_int_equal(match_run(m), 0);
	assert_end(m, 0, MATCH_UNKNOWN, "");
}

/* Each against each would be 10^10 comparisons: hours. */
static void
test_match__of_many_takes_seconds(void **state)
{
	enum { MANY = 100000 };
	struct match *m = *state;
	int64_t begun_ms = clock_mono_ms();
	char sku[32];
	char code[32];
	char name[32];

	for (int i = 0; i < MANY; i++) {
		(void)snprintf(sku, sizeof(sku), "SKU-%d", i);
		(void)snprintf(name, sizeof(name), "G%d", i);
		add(m, sku, name, i % 2 ? "erp" : NULL, name);
	}
	assert_int_equal(match_begin(m, "erp"), 0);
	for (int i = 1; i < MANY; i += 2) {
		(void)snprintf(name, sizeof(name), "G%d", i);
		(void)snprintf(code, sizeof(code), "%d", 520000000 + i);
		thing(m, name, "", code, "");
	}
	assert_int_equal(match_run(m), 0);
	assert_int_equal(match_begin(m, "agora"), 0);
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(sku, sizeof(sku), "sku-%d", i);
		(void)snprintf(code, sizeof(code), "%d", 520000000 + i);
		(void)snprintf(name, sizeof(name), "v%d", i);
		thing(m, name, i % 2 ? "" : sku, code, "");
	}
	assert_int_equal(match_run(m), 0);
	assert_int_equal(match_count(m, MATCH_BY_BARCODE), MANY / 2);
	assert_int_equal(match_count(m, MATCH_BY_SKU), MANY / 2);
	assert_true(clock_mono_ms() - begun_ms < 60000);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(test_match__goes_by_sku_whatever_its_case),
		TEST(test_match__goes_by_the_barcode_of_what_is_bound_elsewhere),
		TEST(test_match__learns_barcodes_from_what_matched_before),
		TEST(test_match__leaves_two_things_that_fit_one_item),
		TEST(test_match__leaves_a_thing_that_fits_two_items),
		TEST(test_match__a_thing_with_a_doubtful_barcode_still_claims_its_sku),
		TEST(test_match__an_item_that_barcodes_claim_is_not_matched_by_sku),
		TEST(test_match__a_thing_listed_twice_is_one),
		TEST(test_match__leaves_what_an_ambiguous_thing_may_be),
		TEST(test_match__leaves_what_barcode_and_sku_say_differently),
		TEST(test_match__a_barcode_goes_before_a_sku),
		TEST(test_match__binds_no_item_twice),
		TEST(test_match__knows_a_binding_by_both_its_names),
		TEST(test_match__a_name_is_a_suggestion),
		TEST(test_match__of_nothing_is_nothing),
		TEST(test_match__of_many_takes_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
