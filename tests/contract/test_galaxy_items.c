/*
 * Galaxy, finding items: out of the mirror, without a call.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "tests/support/fake_mirror.h"
#include "tests/support/galaxy_world.h"

#include <stdio.h>
#include <string.h>

#define TEA   "10000000-0000-4000-8000-000000000001"
#define SHOE  "10000000-0000-4000-8000-000000000003"
#define ROW   "11000000-0000-4000-8000-000000000003"
#define SMALL "41000000-0000-4000-8000-000000000001"
#define LARGE "41000000-0000-4000-8000-000000000002"

/* ---- a mirror that was filled by a sync ---- */

struct rig {
	struct galaxy_world w;
	struct buf found;
	struct outcome outcome;
};

static void
serve(struct rig *rig, const char *list, const char *body)
{
	galaxy_world_serve_list(&rig->w, list, 200, body);
}

static int
note_listing(void *ctx, const struct listing *l)
{
	buf_addf(ctx, "%s|%s|%s|%s\n", l->external, l->sku, l->barcode,
	         l->name);
	return 0;
}

static void
find(struct rig *rig, enum listing_by by, const char *text)
{
	const struct listing_sink sink = { &rig->found, note_listing };

	buf_reset(&rig->found);
	fake_http_reset(rig->w.http);
	rig->outcome = galaxy_adapter.list_items(rig->w.state, by, text, &sink);
	assert_int_equal(fake_http_count(rig->w.http), 0);
}

/* Exactly these lines, in any order. */
static void
assert_found(const struct rig *rig, const char *const *lines, size_t n)
{
	size_t n_bytes = 0;

	assert_int_equal(rig->outcome.verdict, VERDICT_DONE);
	for (size_t i = 0; i < n; i++) {
		if (!strstr(buf_text(&rig->found), lines[i]))
			fail_msg("no \"%s\" in: %s", lines[i],
			         buf_text(&rig->found));
		n_bytes += strlen(lines[i]) + 1;
	}
	assert_int_equal(rig->found.n, n_bytes);
}

static void
sync_all(struct rig *rig)
{
	galaxy_world_serve(&rig->w);
	galaxy_world_say_ready(&rig->w);
	assert_int_equal(
		galaxy_world_sync(&rig->w, true, 1763712000000).verdict,
		VERDICT_DONE);
}

static int
begin(void **state)
{
	static struct rig rig;

	rig = (struct rig){ .found = BUF_INIT };
	galaxy_world_open(&rig.w, "");
	*state = &rig;
	return 0;
}

static int
end(void **state)
{
	struct rig *rig = *state;

	galaxy_world_close(&rig->w);
	buf_fini(&rig->found);
	return 0;
}

#define ITEM(id, more) \
	"{\"ItemID\":\"" id "\",\"IsActive\":1,\"IsService\":0," more "}"

/* ---- the tests ---- */

static void
test_galaxy_items__says_so_while_nothing_is_known(void **state)
{
	struct rig *rig = *state;

	find(rig, LISTING_ALL, "");
	assert_int_equal(rig->outcome.verdict, VERDICT_RETRY);
	assert_non_null(strstr(rig->outcome.why, "first sync"));
}

static void
test_galaxy_items__a_plain_one_has_its_code_and_barcodes(void **state)
{
	static const char *const lines[] = {
		TEA "|21-0001|4711 5200000000011 ALT-1|Green tea",
		TEA "*6|tea-box|5200000000066 tea-box|Green tea; 6 of them",
	};
	struct rig *rig = *state;

	serve(rig, "items",
	      "[" ITEM(TEA, "\"Code\":\"21-0001\",\"AlterCode\":\"ALT-1\","
	                    "\"Description\":\"Green tea\"") "]");
	serve(rig, "itemaltercodes",
	      "[{\"ID\":\"a1\",\"ItemID\":\"" TEA
	      "\",\"Quantity\":1,\"Code\":\"5200000000011\"},"
	      "{\"ID\":\"a2\",\"ItemID\":\"" TEA
	      "\",\"Quantity\":1,\"Code\":\"4711\"},"
	      "{\"ID\":\"a3\",\"ItemID\":\"" TEA
	      "\",\"Quantity\":6,\"Code\":\"5200000000066\"},"
	      "{\"ID\":\"a4\",\"ItemID\":\"" TEA
	      "\",\"Quantity\":6,\"Code\":\"tea-box\"},"
	      "{\"ID\":\"a5\",\"ItemID\":\"" TEA
	      "\",\"Quantity\":0.5,\"Code\":\"half\"}]");
	serve(rig, "itembalances", "[]");
	sync_all(rig);
	find(rig, LISTING_ALL, "");
	assert_found(rig, lines, 2);
}

/* By alter codes, by balances, or both; the item itself is none of them. */
static void
test_galaxy_items__one_with_variants_is_as_many_things(void **state)
{
	static const char *const lines[] = {
		SHOE ":" SMALL "|SHOE-39|5200000000391 SHOE-39|Shoe, 39",
		SHOE ":" LARGE "|||Shoe, 41",
	};
	struct rig *rig = *state;

	serve(rig, "items",
	      "[" ITEM(SHOE, "\"Code\":\"SHOE\",\"Description\":\"Shoe\","
	                     "\"Dimension1ID\":"
	                     "\"40000000-0000-4000-8000-000000000001\"") "]");
	serve(rig, "itemaltercodes",
	      "[{\"ID\":\"a1\",\"ItemID\":\"" SHOE "\",\"DimVal1ID\":\"" SMALL
	      "\",\"Quantity\":1,\"Code\":\"5200000000391\"},"
	      "{\"ID\":\"a2\",\"ItemID\":\"" SHOE "\",\"DimVal1ID\":\"" SMALL
	      "\",\"Quantity\":1,\"Code\":\"SHOE-39\"},"
	      "{\"ID\":\"a3\",\"ItemID\":\"" SHOE
	      "\",\"Quantity\":1,\"Code\":\"all-sizes\"}]");
	serve(rig, "itembalances",
	      "[{\"ID\":\"" SHOE "\",\"DimVal1ID\":\"" SMALL
	      "\",\"Balance\":1},{\"ID\":\"" SHOE "\",\"DimVal1ID\":\"" LARGE
	      "\",\"Balance\":4}]");
	sync_all(rig);
	find(rig, LISTING_ALL, "");
	assert_found(rig, lines, 2);
}

/* Balances that go by the item's other GUID. */
static void
test_galaxy_items__knows_variants_by_either_guid(void **state)
{
	static const char *const lines[] = { SHOE ":" LARGE "|||Shoe, 41" };
	struct rig *rig = *state;

	serve(rig, "items",
	      "[" ITEM(SHOE, "\"ID\":\"" ROW "\",\"Code\":\"SHOE\","
	                     "\"Description\":\"Shoe\"") "]");
	serve(rig, "itemaltercodes", "[]");
	serve(rig, "itembalances",
	      "[{\"ID\":\"" ROW "\",\"DimVal1ID\":\"" LARGE
	      "\",\"Balance\":4}]");
	sync_all(rig);
	find(rig, LISTING_ALL, "");
	assert_found(rig, lines, 1);
}

static void
test_galaxy_items__leaves_out_what_is_not_sold(void **state)
{
	struct rig *rig = *state;

	serve(rig, "items",
	      "[{\"ItemID\":\"" TEA "\",\"IsActive\":0,\"Code\":\"1\"},"
	      "{\"ItemID\":\"" SHOE "\",\"IsActive\":1,\"IsService\":1,"
	      "\"Code\":\"2\"}]");
	serve(rig, "itembalances", "[]");
	sync_all(rig);
	find(rig, LISTING_ALL, "");
	assert_found(rig, NULL, 0);
}

/* One id may begin as another does. */
static void
test_galaxy_items__keeps_ids_apart_that_begin_alike(void **state)
{
	static const char *const lines[] = { "7|A|111|", "70|B|222|" };
	struct rig *rig = *state;

	serve(rig, "items",
	      "[" ITEM("7", "\"Code\":\"A\"") "," ITEM("70",
	                                               "\"Code\":\"B\"") "]");
	serve(rig, "itemaltercodes",
	      "[{\"ID\":\"a1\",\"ItemID\":\"7\",\"Quantity\":1,"
	      "\"Code\":\"111\"},{\"ID\":\"a2\",\"ItemID\":\"70\","
	      "\"Quantity\":1,\"Code\":\"222\"}]");
	serve(rig, "itembalances", "[]");
	sync_all(rig);
	find(rig, LISTING_ALL, "");
	assert_found(rig, lines, 2);
}

static void
test_galaxy_items__finds_by_sku_barcode_and_name(void **state)
{
	static const char *const lines[] = { "7|A-b|111|Μέλι" };
	static const struct {
		enum listing_by by;
		const char *text;
		size_t n;
	} rows[] = {
		{ LISTING_SKU, "a-B", 1 },     { LISTING_SKU, "a", 0 },
		{ LISTING_BARCODE, "111", 1 }, { LISTING_BARCODE, "11", 0 },
		{ LISTING_NAME, "ΜΈΛ", 1 },    { LISTING_NAME, "oil", 0 },
	};
	struct rig *rig = *state;

	serve(rig, "items",
	      "[" ITEM("7", "\"Code\":\"A-b\","
	                    "\"Description\":\"Μέλι\"") "]");
	serve(rig, "itemaltercodes",
	      "[{\"ID\":\"a1\",\"ItemID\":\"7\",\"Quantity\":1,"
	      "\"Code\":\"111\"}]");
	serve(rig, "itembalances", "[]");
	sync_all(rig);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		find(rig, rows[i].by, rows[i].text);
		assert_found(rig, lines, rows[i].n);
	}
}

static void
test_galaxy_items__a_store_that_goes_away_is_a_fault(void **state)
{
	struct rig *rig = *state;

	galaxy_world_fill(&rig->w);
	for (int n = 1; n <= 6; n++) {
		fake_mirror_break(rig->w.mirror, n);
		find(rig, LISTING_ALL, "");
		assert_int_not_equal(rig->outcome.verdict, VERDICT_DONE);
	}
	fake_mirror_break(rig->w.mirror, 0);
	find(rig, LISTING_ALL, "");
	assert_int_equal(rig->outcome.verdict, VERDICT_DONE);
	assert_true(rig->found.n > 0);
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(test_galaxy_items__##name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(says_so_while_nothing_is_known),
		TEST(a_plain_one_has_its_code_and_barcodes),
		TEST(one_with_variants_is_as_many_things),
		TEST(knows_variants_by_either_guid),
		TEST(leaves_out_what_is_not_sold),
		TEST(keeps_ids_apart_that_begin_alike),
		TEST(finds_by_sku_barcode_and_name),
		TEST(a_store_that_goes_away_is_a_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
