/*
 * Galaxy, its lists on their way into the mirror: what is asked for when, and
 * what an answer leaves behind. Fixtures: tests/fixtures/galaxy.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "adapters/galaxy.h"
#include "gateway/base/err.h"
#include "tests/support/fake_mirror.h"
#include "tests/support/galaxy_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEM1 "10000000-0000-4000-8000-000000000001"
#define ITEM2 "10000000-0000-4000-8000-000000000002"
#define SHOE  "10000000-0000-4000-8000-000000000003"
#define ROW1  "11000000-0000-4000-8000-000000000001"
#define ROW2  "11000000-0000-4000-8000-000000000002"
#define DIM1  "41000000-0000-4000-8000-000000000001"
#define DIM2  "41000000-0000-4000-8000-000000000002"

#define SYNC GALAXY_WORLD_URL "/services/sync/"

#define ALL_COUNTS \
	ITEM1 "=41 " ITEM2 "=-2.5 " SHOE ":" DIM1 "=1 " SHOE ":" DIM2 "=4"

static const int64_t noon_ms = 1700000000000; /* 2023-11-14T22:13:20Z */
static const int64_t minute_ms = 60000;
static const int64_t hour_ms = 3600000;
static const int64_t day_ms = 24 * 3600 * 1000;

static void
assert_verdict(struct outcome outcome, enum verdict verdict, const char *words)
{
	if (outcome.verdict != verdict || !strstr(outcome.why, words))
		fail_msg("%s: \"%s\", not %s: \"%s\"",
		         verdict_name(outcome.verdict), outcome.why,
		         verdict_name(verdict), words);
}

static void
sync_well(struct galaxy_world *w, bool is_full, int64_t at_ms)
{
	fake_http_reset(w->http);
	assert_verdict(galaxy_world_sync(w, is_full, at_ms), VERDICT_DONE, "");
}

/* How often a list was asked for; its last URL in *url. */
static size_t
n_asked(const struct galaxy_world *w, const char *list, const char **url)
{
	char begin[100];
	size_t length = (size_t)snprintf(begin, sizeof(begin), SYNC "%s", list);
	size_t n = 0;

	for (size_t i = 0; i < fake_http_count(w->http); i++) {
		const char *asked = fake_http_at(w->http, i)->url;

		if (strncmp(asked, begin, length) != 0 ||
		    (asked[length] && asked[length] != '?'))
			continue;
		n++;
		*url = asked;
	}
	return n;
}

static void
assert_asked(const struct galaxy_world *w, const char *list, const char *url)
{
	const char *last = "";

	assert_int_equal(n_asked(w, list, &last), 1);
	assert_string_equal(last, url);
}

static void
assert_not_asked(const struct galaxy_world *w, const char *list)
{
	const char *last = "";

	if (n_asked(w, list, &last) > 0)
		fail_msg("asked for %s", last);
}

static void
assert_note(const struct galaxy_world *w, const char *name, const char *value)
{
	if (!fake_mirror_note_is(w->mirror, name, value))
		fail_msg("note %s is not %s", name, value ? value : "absent");
}

static size_t
n_lists(void)
{
	size_t n = 0;

	while (galaxy_entities[n].name)
		n++;
	return n;
}

/* ---- full syncs ---- */

static void
test_galaxy_sync__a_full_sync_reads_every_list_once_and_in_order(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_say_ready(&w);
	galaxy_world_serve(&w);
	assert_verdict(galaxy_world_sync(&w, true, noon_ms), VERDICT_DONE, "");
	assert_int_equal(fake_http_count(w.http), 2 + n_lists());
	for (size_t i = 0; i < n_lists(); i++) {
		char url[120];

		(void)snprintf(
			url, sizeof(url), SYNC "%s%s", galaxy_entities[i].name,
			galaxy_entities[i].cursor == GALAXY_CURSOR_REVISION
				? "?RevisionNumber=0"
				: "");
		assert_string_equal(fake_http_at(w.http, 2 + i)->url, url);
	}
	assert_int_equal(fake_mirror_count(w.mirror, "items"), 3);
	assert_int_equal(fake_mirror_count(w.mirror, "customers"), 2);
	assert_int_equal(fake_mirror_count(w.mirror, "itembalances"), 4);
	assert_string_equal(w.counts, ALL_COUNTS);
	assert_note(&w, "items.revision", "111");
	assert_note(&w, "items.read", "1700000000000");
	assert_note(&w, "itembalances.since", "1700000000000");
	assert_note(&w, "balance_id", "ItemID");
	assert_note(&w, "sync.full", "0");
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__rows_are_kept_as_they_came(void **state)
{
	static const char row[] =
		"{ \"ID\":\"AB\", \"Code\" : \"\\u0391\",\"x\":1.50,\"y\":1e2}";
	struct galaxy_world w;
	struct buf kept = BUF_INIT;
	char list[200];

	(void)state;
	(void)snprintf(list, sizeof(list), " [%s ]", row);
	galaxy_world_open(&w, "");
	galaxy_world_serve_list(&w, "agencies", 200, list);
	galaxy_world_fill(&w);
	assert_int_equal(mirror_get(w.mirror, &kept, "agencies", "ab"), 0);
	assert_string_equal(buf_text(&kept), row);
	buf_fini(&kept);
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__a_repeated_full_sync_writes_no_row(void **state)
{
	struct galaxy_world w;
	size_t writes;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	writes = fake_mirror_writes(w.mirror);
	galaxy_world_serve(&w);
	sync_well(&w, true, noon_ms + hour_ms);
	assert_int_equal(fake_mirror_writes(w.mirror), writes);
	assert_string_equal(w.counts, ALL_COUNTS);
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__a_full_sync_removes_what_is_gone(void **state)
{
	struct galaxy_world w;
	struct buf key = BUF_INIT;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	galaxy_world_serve_list(&w, "items", 200,
	                        "[{\"ItemID\":\"" ITEM2 "\",\"ID\":\"" ROW2
	                        "\",\"Code\":\"21-0002\","
	                        "\"RevisionNumber\":7}]");
	galaxy_world_serve_list(&w, "companies", 200, "[]");
	sync_well(&w, true, noon_ms + hour_ms);
	assert_int_equal(fake_mirror_count(w.mirror, "items"), 1);
	assert_int_equal(mirror_find_name(w.mirror, &key, "items", "21-0001"),
	                 MIRROR_ABSENT);
	/* an empty list is more often a wrong scenario than an empty shop */
	assert_int_equal(fake_mirror_count(w.mirror, "companies"), 2);
	/* numbers that went back: the database was restored */
	assert_note(&w, "items.revision", "7");
	buf_fini(&key);
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__learns_when_balances_carry_the_other_guid(void **state)
{
	struct galaxy_world w;
	struct count count = { .external = ITEM2 };
	char *rows = galaxy_fixture("itembalances_by_row.json");

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_serve_list(&w, "itembalances", 200, rows);
	galaxy_world_fill(&w);
	assert_string_equal(w.counts, ALL_COUNTS);
	assert_note(&w, "balance_id", "ID");
	fake_http_say(w.http, 200, rows);
	assert_verdict(galaxy_adapter.read_counts(w.state, &count, 1),
	               VERDICT_DONE, "");
	assert_string_equal(fake_http_at(w.http, 0)->url,
	                    SYNC "itembalances?ids=[" ROW2 "]");
	assert_true(count.is_known);
	free(rows);
	galaxy_world_close(&w);
}

/* ---- catch-ups ---- */

static void
test_galaxy_sync__a_catch_up_costs_one_call_for_each_entity(void **state)
{
	struct galaxy_world w;
	size_t writes;

	(void)state;
	galaxy_world_open(&w, "\"timezone\":\"Europe/Athens\"");
	galaxy_world_fill(&w);
	writes = fake_mirror_writes(w.mirror);
	galaxy_world_serve_list(&w, "itembalances", 200, "[]");
	sync_well(&w, false, noon_ms + minute_ms);
	assert_asked(&w, "items", SYNC "items?RevisionNumber=61");
	/* a day before 2023-11-14T22:13:20Z, in the server's time */
	assert_asked(&w, "itembalances",
	             SYNC "itembalances?FromDateTime=2023-11-14T00:13:20");
	assert_asked(&w, "customers", SYNC "customers?RevisionNumber=0");
	assert_not_asked(&w, "countries");
	/* companies, sites, customers and theirs, categories, attributes,
	   dimensions, items, alter codes, balances, images; and which scenario
	   is the default one by now */
	assert_asked(&w, "webscenarios", SYNC "webscenarios");
	assert_int_equal(fake_http_count(w.http), 12);
	assert_int_equal(fake_mirror_writes(w.mirror), writes);
	assert_note(&w, "items.revision", "111");
	assert_note(&w, "itembalances.since", "1700000000000");
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__the_cursor_of_balances_moves_hourly(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	galaxy_world_serve(&w);
	sync_well(&w, false, noon_ms + hour_ms);
	assert_note(&w, "itembalances.since", "1700003600000");
	/* a clock that was set back */
	sync_well(&w, false, noon_ms);
	assert_note(&w, "itembalances.since", "1700000000000");
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__lookups_are_read_at_start_and_daily(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	galaxy_world_serve(&w);
	sync_well(&w, false, noon_ms + day_ms - minute_ms);
	assert_not_asked(&w, "countries");
	sync_well(&w, false, noon_ms + day_ms);
	assert_asked(&w, "countries", SYNC "countries");
	sync_well(&w, false, noon_ms + day_ms + minute_ms);
	assert_not_asked(&w, "countries");
	galaxy_world_restart(&w);
	galaxy_world_say_ready(&w);
	assert_verdict(
		galaxy_world_sync(&w, false, noon_ms + day_ms + 2 * minute_ms),
		VERDICT_DONE, "");
	assert_asked(&w, "countries", SYNC "countries");
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__an_unnumbered_list_is_compared_whole(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	galaxy_world_serve_list(
		&w, "itemdimensions", 200,
		"[{\"ID\":\"d1\",\"Code\":\"S\",\"RevisionNumber\":0}]");
	sync_well(&w, false, noon_ms + minute_ms);
	assert_asked(&w, "itemdimensions",
	             SYNC "itemdimensions?RevisionNumber=0");
	assert_int_equal(fake_mirror_count(w.mirror, "itemdimensions"), 1);
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__a_long_unnumbered_list_is_read_daily(void **state)
{
	struct galaxy_world w;
	struct buf list = BUF_INIT;

	(void)state;
	buf_addc(&list, '[');
	for (int i = 0; i < 5001; i++)
		buf_addf(&list,
		         "%s{\"ID\":\"a%d\",\"ItemID\":\"" ITEM1
		         "\",\"Code\":\"c%d\",\"RevisionNumber\":0}",
		         i ? "," : "", i, i);
	buf_addc(&list, ']');
	galaxy_world_open(&w, "");
	galaxy_world_serve_list(&w, "itemaltercodes", 200, buf_text(&list));
	galaxy_world_fill(&w);
	galaxy_world_serve(&w);
	sync_well(&w, false, noon_ms + minute_ms);
	assert_not_asked(&w, "itemaltercodes");
	sync_well(&w, false, noon_ms + day_ms);
	assert_asked(&w, "itemaltercodes",
	             SYNC "itemaltercodes?RevisionNumber=0");
	buf_fini(&list);
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__a_row_that_became_visible_late_is_found_below_the_cursor(
	void **state)
{
	struct galaxy_world w;
	struct buf found = BUF_INIT;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	galaxy_world_serve_list(&w, "items", 200,
	                        "[{\"ItemID\":\"" ITEM1 "\",\"ID\":\"" ROW1
	                        "\",\"Code\":\"NEW\",\"RevisionNumber\":90}]");
	sync_well(&w, false, noon_ms + 1);
	assert_int_equal(mirror_find_name(w.mirror, &found, "items", "new"), 0);
	assert_string_equal(buf_text(&found), ITEM1);
	assert_int_equal(mirror_find_name(w.mirror, &found, "items", "21-0001"),
	                 MIRROR_ABSENT);
	assert_note(&w, "items.revision", "111");
	assert_int_equal(fake_mirror_count(w.mirror, "items"), 3);
	buf_fini(&found);
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__after_ten_days_all_balances_are_read(void **state)
{
	static const struct {
		int64_t days;
		const char *url;
	} rows[] = {
		{ 8, SYNC "itembalances?FromDateTime=2023-11-13T22:13:20" },
		{ 9, SYNC "itembalances" },
		{ 30, SYNC "itembalances" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct galaxy_world w;

		galaxy_world_open(&w, "\"timezone\":\"UTC\"");
		galaxy_world_fill(&w);
		galaxy_world_serve(&w);
		sync_well(&w, false, noon_ms + rows[i].days * day_ms);
		assert_asked(&w, "itembalances", rows[i].url);
		galaxy_world_close(&w);
	}
}

/* ---- trouble ---- */

static void
test_galaxy_sync__a_list_that_broke_off_moves_no_cursor_and_removes_nothing(
	void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	galaxy_world_serve_list(&w, "items", 200,
	                        "[{\"ItemID\":\"" ITEM2 "\",\"ID\":\"" ROW2
	                        "\",\"Code\":\"n\",\"RevisionNumber\":200},{");
	assert_verdict(galaxy_world_sync(&w, true, noon_ms + 5000),
	               VERDICT_RETRY, "items: a broken list");
	assert_note(&w, "items.revision", "111");
	assert_note(&w, "items.read", "1700000000000");
	assert_note(&w, "itembalances.since", "1700000000000");
	assert_int_equal(fake_mirror_count(w.mirror, "items"), 3);
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__goes_on_with_the_list_where_it_was_cut_off(void **state)
{
	struct galaxy_world w;
	const char *last = "";

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_serve_list(
		&w, "customers", 200,
		"[{\"ID\":\"c1\",\"Code\":\"c\",\"RevisionNumber\":500}]");
	galaxy_world_fill(&w);
	galaxy_world_serve_list(&w, "items", 502, "");
	assert_verdict(galaxy_world_sync(&w, true, noon_ms + hour_ms),
	               VERDICT_RETRY, "items: ");
	assert_int_equal(n_asked(&w, "companies", &last), 1);
	/* and that by another process */
	galaxy_world_restart(&w);
	galaxy_world_say_ready(&w);
	w.n_served = 0;
	assert_verdict(galaxy_world_sync(&w, true, noon_ms + hour_ms + 5000),
	               VERDICT_DONE, "");
	/* what was read before the cut: only what changed since */
	assert_asked(&w, "customers", SYNC "customers?RevisionNumber=450");
	assert_asked(&w, "items", SYNC "items?RevisionNumber=0");
	assert_asked(&w, "itembalances", SYNC "itembalances");
	assert_note(&w, "sync.full", "0");
	/* the next one reads everything again */
	sync_well(&w, true, noon_ms + 2 * hour_ms);
	assert_asked(&w, "companies", SYNC "companies?RevisionNumber=0");
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__one_that_was_cut_off_long_ago_begins_anew(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	galaxy_world_serve_list(&w, "items", 502, "");
	assert_verdict(galaxy_world_sync(&w, true, noon_ms + hour_ms),
	               VERDICT_RETRY, "items: ");
	w.n_served = 0;
	sync_well(&w, true, noon_ms + 7 * hour_ms);
	assert_asked(&w, "companies", SYNC "companies?RevisionNumber=0");
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__a_guessed_path_that_is_not_there_is_no_trouble(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "\"paths\":{\"itemcategories\":"
	                      "\"/services/sync/cats\"}");
	galaxy_world_serve_list(&w, "cats", 404, "");
	galaxy_world_serve_list(&w, "banks", 404, "");
	galaxy_world_fill(&w);
	assert_string_equal(w.counts, ALL_COUNTS);
	assert_note(&w, "itemcategories.read", "1700000000000");
	/* the path of items is printed: a 404 there is trouble */
	galaxy_world_serve_list(&w, "items", 404, "");
	assert_verdict(galaxy_world_sync(&w, true, noon_ms), VERDICT_REFUSED,
	               "items: Galaxy answered HTTP 404");
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__an_id_that_names_two_items_ends_the_sync_loudly(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_say_ready(&w);
	galaxy_world_serve_list(&w, "items", 200,
	                        "[{\"ItemID\":\"" ITEM1 "\",\"ID\":\"" ROW1
	                        "\"},{\"ItemID\":\"" ITEM2 "\",\"ID\":\"" ITEM1
	                        "\"}]");
	assert_verdict(galaxy_world_sync(&w, true, noon_ms), VERDICT_REFUSED,
	               "names two items");
	assert_string_equal(w.counts, "");
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__another_scenario_s_rows_are_read_anew(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	assert_int_equal(mirror_note_set(w.mirror, "sync.scenario", "other"),
	                 0);
	galaxy_world_serve_list(&w, "items", 200,
	                        "[{\"ItemID\":\"" ITEM2 "\",\"ID\":\"" ROW2
	                        "\",\"Code\":\"x\",\"RevisionNumber\":3}]");
	sync_well(&w, false, noon_ms + minute_ms);
	assert_asked(&w, "items", SYNC "items?RevisionNumber=0");
	assert_asked(&w, "countries", SYNC "countries");
	assert_int_equal(fake_mirror_count(w.mirror, "items"), 1);
	assert_note(&w, "items.revision", "3");
	/* and only once */
	sync_well(&w, false, noon_ms + 2 * minute_ms);
	assert_not_asked(&w, "countries");
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__another_default_scenario_is_noticed(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	galaxy_world_serve_list(
		&w, "webscenarios", 200,
		"[{\"ID\":\"s9\",\"Code\":\"New\",\"IsDefault\":1}]");
	galaxy_world_serve_list(&w, "agencies", 200, "[]");
	sync_well(&w, false, noon_ms + minute_ms);
	assert_asked(&w, "items", SYNC "items?RevisionNumber=0");
	/* rows of another scenario are not kept because nothing came */
	assert_int_equal(fake_mirror_count(w.mirror, "agencies"), 0);
	assert_note(&w, "scenario.id", "s9");
	assert_note(&w, "sync.scenario", "s9");
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__a_list_that_came_empty_is_told_and_kept(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	galaxy_world_serve_list(&w, "items", 200, "[]");
	sync_well(&w, true, noon_ms + hour_ms);
	assert_string_equal(w.skipped,
	                    "items 3 the list came empty, so what the mirror "
	                    "has of it stays\n");
	assert_int_equal(fake_mirror_count(w.mirror, "items"), 3);
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__a_reference_to_nothing_is_told_and_stops_nothing(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_serve_list(&w, "vatsmaster", 200,
	                        "[{\"ID\":\"V1\",\"NormalPcd\":24}]");
	galaxy_world_serve_list(
		&w, "items", 200,
		"[{\"ItemID\":\"i1\",\"Code\":\"A\",\"VATsMasterID\":\"v1\"},"
		"{\"ItemID\":\"i2\",\"Code\":\"B\",\"VATsMasterID\":\"V2\"},"
		"{\"ItemID\":\"i3\",\"Code\":\"C\",\"VATsMasterID\":null,"
		"\"Dimension2ID\":\"D9\"}]");
	galaxy_world_serve_list(&w, "itemaltercodes", 200,
	                        "[{\"ID\":\"a1\",\"ItemID\":\"I1\"}]");
	galaxy_world_fill(&w);
	assert_string_equal(w.dangling,
	                    "items 2 B: VATsMasterID is v2, which is not "
	                    "among the vatsmaster\n");
	assert_int_equal(fake_mirror_count(w.mirror, "items"), 3);
	/* said with full syncs, not every five minutes */
	galaxy_world_serve(&w);
	sync_well(&w, false, noon_ms + minute_ms);
	assert_string_equal(w.dangling, "");
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__a_dry_one_tells_and_writes_nothing(void **state)
{
	struct galaxy_world w;
	size_t writes;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	writes = fake_mirror_writes(w.mirror);
	galaxy_world_serve_list(&w, "items", 200,
	                        "[{\"ItemID\":\"" ITEM2 "\",\"ID\":\"" ROW2
	                        "\",\"Code\":\"x\",\"RevisionNumber\":3}]");
	assert_verdict(galaxy_world_sync_dry(&w, noon_ms + hour_ms),
	               VERDICT_DONE, "");
	assert_non_null(strstr(w.listed, "items seen 1 written 1 gone 2"));
	assert_non_null(strstr(w.listed, "itembalances seen 4 written 0 "
	                                 "gone 0"));
	assert_int_equal(fake_mirror_writes(w.mirror), writes);
	assert_int_equal(fake_mirror_count(w.mirror, "items"), 3);
	assert_note(&w, "items.read", "1700000000000");
	assert_note(&w, "sync.full", "0");
	galaxy_world_close(&w);
}

/* What a list that broke off has written is in the mirror all the same. */
static void
test_galaxy_sync__packs_of_a_list_that_broke_off_are_known(void **state)
{
#define PACK \
	"{\"ID\":\"p6\",\"Code\":\"six\",\"ItemID\":\"" ITEM1 \
	"\",\"Quantity\":6}"
#define SINGLE(id_) \
	"{\"ID\":\"" id_ "\",\"Code\":\"" id_ "\",\"ItemID\":\"" ITEM2 \
	"\",\"Quantity\":1}"
#define CODES \
	"[" PACK "," SINGLE("a") "," SINGLE("b") "," SINGLE("c") "," SINGLE("d")
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_serve_list(
		&w, "itemaltercodes", 200,
		"[" SINGLE("p6") "," SINGLE("a") "," SINGLE("b") "," SINGLE(
			"c") "," SINGLE("d") "]");
	galaxy_world_fill(&w);
	galaxy_world_serve_list(&w, "itemaltercodes", 200, CODES ",");
	assert_verdict(galaxy_world_sync(&w, false, noon_ms + minute_ms),
	               VERDICT_RETRY, "itemaltercodes: a broken list");
	galaxy_world_serve_list(&w, "itemaltercodes", 200, CODES "]");
	sync_well(&w, false, noon_ms + 2 * minute_ms);
	assert_non_null(strstr(w.counts, ITEM1 "*6=6"));
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__a_number_beyond_all_revisions_is_none(void **state)
{
	static const char *const numbers[] = { "9223372036854775807",
		                               "9007199254740993", "-5" };

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct galaxy_world w;
		int64_t top = 0;
		char list[400];

		(void)snprintf(list, sizeof(list),
		               "[{\"ID\":\"a\",\"Code\":\"a\","
		               "\"RevisionNumber\":%s},{\"ID\":\"b\","
		               "\"Code\":\"b\",\"RevisionNumber\":70}]",
		               numbers[i]);
		galaxy_world_open(&w, "");
		galaxy_world_serve_list(&w, "companies", 200, list);
		galaxy_world_fill(&w);
		assert_note(&w, "companies.revision", "70");
		assert_int_equal(fake_mirror_count(w.mirror, "companies"), 2);
		assert_int_equal(
			mirror_top_revision(w.mirror, &top, "companies"), 0);
		assert_int_equal(top, 70);
		galaxy_world_close(&w);
	}
}

/* A cursor in the future would ask for what has not happened yet. */
static void
test_galaxy_sync__after_a_clock_set_back_all_balances_are_read(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	galaxy_world_serve(&w);
	sync_well(&w, false, noon_ms + 5 * day_ms);
	sync_well(&w, false, noon_ms + hour_ms);
	assert_asked(&w, "itembalances", SYNC "itembalances");
	assert_note(&w, "itembalances.since", "1700003600000");
	galaxy_world_close(&w);
}

static const char other_scenario[] =
	"[{\"ID\":\"5ce00000-0000-4000-8000-00000000000f\",\"Code\":\"NEW\","
	"\"IsDefault\":1}]";

/* Rows of two scenarios never pass for those of one. */
static void
test_galaxy_sync__a_first_full_sync_is_of_one_scenario(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_say_ready(&w);
	galaxy_world_serve_list(
		&w, "customers", 200,
		"[{\"ID\":\"c1\",\"Code\":\"c\",\"RevisionNumber\":500}]");
	galaxy_world_serve_list(&w, "items", 502, "");
	assert_verdict(galaxy_world_sync(&w, true, noon_ms), VERDICT_RETRY,
	               "items: ");
	galaxy_world_restart(&w);
	galaxy_world_say_login(&w);
	w.n_served = 0;
	galaxy_world_serve_list(&w, "webscenarios", 200, other_scenario);
	assert_verdict(galaxy_world_sync(&w, true, noon_ms + minute_ms),
	               VERDICT_DONE, "");
	assert_asked(&w, "customers", SYNC "customers?RevisionNumber=0");
	galaxy_world_close(&w);
}

static void
test_galaxy_sync__back_in_the_scenario_before_all_is_read_anew(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_serve_list(
		&w, "customers", 200,
		"[{\"ID\":\"c1\",\"Code\":\"c\",\"RevisionNumber\":500}]");
	galaxy_world_fill(&w);
	galaxy_world_restart(&w);
	galaxy_world_say_login(&w);
	galaxy_world_serve_list(&w, "webscenarios", 200, other_scenario);
	galaxy_world_serve_list(&w, "items", 502, "");
	assert_verdict(galaxy_world_sync(&w, false, noon_ms + minute_ms),
	               VERDICT_RETRY, "items: ");
	galaxy_world_restart(&w);
	galaxy_world_say_ready(&w);
	w.n_served = 0;
	assert_verdict(galaxy_world_sync(&w, false, noon_ms + 2 * minute_ms),
	               VERDICT_DONE, "");
	assert_asked(&w, "customers", SYNC "customers?RevisionNumber=0");
	galaxy_world_close(&w);
}

/* ---- whoever lost the lease ---- */

struct loser {
	struct galaxy_world *w;
	bool is_read; /* the last row of the first list came */
};

static void
note_progress(void *ctx, const char *entity, int64_t rows, int64_t total)
{
	struct loser *loser = ctx;

	(void)entity;
	(void)total;
	loser->is_read |= rows > 0;
}

static int
lose(void *ctx)
{
	return ((struct loser *)ctx)->is_read ? ERR_STORE : 0;
}

static void
test_galaxy_sync__whoever_lost_the_lease_ends_no_list(void **state)
{
	struct galaxy_world w;
	struct loser loser = { .w = &w };
	const struct sync_job job = { .is_full = true, .started_ms = noon_ms };
	const struct sync_sink sink = { .ctx = &loser,
		                        .progress = note_progress,
		                        .breathe = lose };

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_say_ready(&w);
	galaxy_world_serve(&w);
	assert_verdict(galaxy_adapter.sync(w.state, &job, &sink), VERDICT_RETRY,
	               "webscenarios: our store");
	assert_int_equal(fake_mirror_count(w.mirror, "webscenarios"), 0);
	assert_note(&w, "webscenarios.read", NULL);
	galaxy_world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_galaxy_sync__another_default_scenario_is_noticed),
		cmocka_unit_test(
			test_galaxy_sync__a_list_that_came_empty_is_told_and_kept),
		cmocka_unit_test(
			test_galaxy_sync__a_reference_to_nothing_is_told_and_stops_nothing),
		cmocka_unit_test(
			test_galaxy_sync__a_full_sync_reads_every_list_once_and_in_order),
		cmocka_unit_test(test_galaxy_sync__rows_are_kept_as_they_came),
		cmocka_unit_test(
			test_galaxy_sync__a_repeated_full_sync_writes_no_row),
		cmocka_unit_test(
			test_galaxy_sync__a_full_sync_removes_what_is_gone),
		cmocka_unit_test(
			test_galaxy_sync__learns_when_balances_carry_the_other_guid),
		cmocka_unit_test(
			test_galaxy_sync__a_catch_up_costs_one_call_for_each_entity),
		cmocka_unit_test(
			test_galaxy_sync__the_cursor_of_balances_moves_hourly),
		cmocka_unit_test(
			test_galaxy_sync__lookups_are_read_at_start_and_daily),
		cmocka_unit_test(
			test_galaxy_sync__an_unnumbered_list_is_compared_whole),
		cmocka_unit_test(
			test_galaxy_sync__a_long_unnumbered_list_is_read_daily),
		cmocka_unit_test(
			test_galaxy_sync__a_row_that_became_visible_late_is_found_below_the_cursor),
		cmocka_unit_test(
			test_galaxy_sync__after_ten_days_all_balances_are_read),
		cmocka_unit_test(
			test_galaxy_sync__a_list_that_broke_off_moves_no_cursor_and_removes_nothing),
		cmocka_unit_test(
			test_galaxy_sync__goes_on_with_the_list_where_it_was_cut_off),
		cmocka_unit_test(
			test_galaxy_sync__one_that_was_cut_off_long_ago_begins_anew),
		cmocka_unit_test(
			test_galaxy_sync__a_guessed_path_that_is_not_there_is_no_trouble),
		cmocka_unit_test(
			test_galaxy_sync__an_id_that_names_two_items_ends_the_sync_loudly),
		cmocka_unit_test(
			test_galaxy_sync__another_scenario_s_rows_are_read_anew),
		cmocka_unit_test(
			test_galaxy_sync__a_dry_one_tells_and_writes_nothing),
		cmocka_unit_test(
			test_galaxy_sync__packs_of_a_list_that_broke_off_are_known),
		cmocka_unit_test(
			test_galaxy_sync__a_number_beyond_all_revisions_is_none),
		cmocka_unit_test(
			test_galaxy_sync__after_a_clock_set_back_all_balances_are_read),
		cmocka_unit_test(
			test_galaxy_sync__a_first_full_sync_is_of_one_scenario),
		cmocka_unit_test(
			test_galaxy_sync__back_in_the_scenario_before_all_is_read_anew),
		cmocka_unit_test(
			test_galaxy_sync__whoever_lost_the_lease_ends_no_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
