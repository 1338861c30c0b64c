/*
 * Galaxy, against what every adapter must do and against its own document.
 * Fixtures: tests/fixtures/galaxy. "9" in a name is a section of galaxy.md.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "gateway/base/err.h"
#include "gateway/drivers/http_client.h"
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
#define ROW3  "11000000-0000-4000-8000-000000000003"
#define DIM1  "41000000-0000-4000-8000-000000000001"
#define DIM2  "41000000-0000-4000-8000-000000000002"

#define SYNC GALAXY_WORLD_URL "/services/sync/"

static const int64_t noon_ms = 1700000000000; /* 2023-11-14T22:13:20Z */

static void
assert_url(const struct galaxy_world *w, size_t i, const char *expected)
{
	assert_string_equal(fake_http_at(w->http, i)->url, expected);
}

static void
assert_verdict(struct outcome outcome, enum verdict verdict, const char *words)
{
	if (outcome.verdict != verdict || !strstr(outcome.why, words))
		fail_msg("%s: \"%s\", not %s: \"%s\"",
		         verdict_name(outcome.verdict), outcome.why,
		         verdict_name(verdict), words);
	assert_null(strstr(outcome.why, GALAXY_WORLD_PASSWORD));
	assert_null(strstr(outcome.why, GALAXY_WORLD_SESSION));
}

static struct outcome
read_one(struct galaxy_world *w, const char *external, struct count *count)
{
	*count = (struct count){ .external = external };
	return galaxy_adapter.read_counts(w->state, count, 1);
}

static void
assert_known(const struct count *count, const char *qty)
{
	char text[DECIMAL_TEXT_SIZE];

	assert_true(count->is_known);
	assert_string_equal(decimal_format(text, count->qty), qty);
}

static struct outcome
find_docid(struct galaxy_world *w, const char *docid)
{
	char text[64];
	const struct entry entry = { .docid = text };

	(void)snprintf(text, sizeof(text), "%s", docid);
	return galaxy_adapter.find_entry(w->state, &entry);
}

/* ---- the rows every adapter shares, on reading ---- */

struct row {
	int status;
	const char *body; /* "@name" is a fixture */
	enum verdict verdict;
	const char *words;
};

static void
push(struct galaxy_world *w, const struct row *row)
{
	if (row->body && row->body[0] == '@')
		galaxy_world_say(w, row->status, row->body + 1);
	else
		fake_http_push(w->http,
		               &(struct fake_answer){ .status = row->status,
		                                      .body = row->body,
		                                      .why = "timed out",
		                                      .was_sent = true });
}

#define STATUS(code_, message_) \
	"{\"ResponseStatus\":{\"ErrorCode\":\"" code_ \
	"\",\"Message\":\"" message_ "\"}}"
#define FIVE "{\"ID\":\"" ITEM1 "\",\"Balance\":5}"

static const struct row bad_reads[] = {
	{ 0, NULL, VERDICT_RETRY, "timed out" },
	{ 500, NULL, VERDICT_RETRY, "500" },
	{ 500, "@error_crash.json", VERDICT_RETRY, "Timeout expired" },
	{ 502, "@error_page.html", VERDICT_RETRY, "web page" },
	{ 503, NULL, VERDICT_RETRY, "503" },
	{ 408, NULL, VERDICT_RETRY, "408" },
	{ 302, NULL, VERDICT_RETRY, "302" },
	{ 400, "@error_validation.json", VERDICT_REFUSED, "unknown id" },
	{ 404, "@error_page.html", VERDICT_REFUSED, "404" },
	{ 409, NULL, VERDICT_REFUSED, "409" },
	{ 429, NULL, VERDICT_SLOW, "slow" },
	{ 200, "", VERDICT_RETRY, "empty" },
	{ 200, "@error_page.html", VERDICT_RETRY, "web page" },
	{ 200, "@error_business.json", VERDICT_REFUSED, "ενεργός" },
	{ 200, "{}", VERDICT_RETRY, "broken" },
	{ 200, "null", VERDICT_RETRY, "broken" },
	{ 200, "[", VERDICT_RETRY, "broken" },
	{ 200, "[{\"ID\":\"" ITEM1 "\",\"Balance\":0}", VERDICT_RETRY,
	  "broken" },
	{ 200, "[{\"ID\":\"" ITEM1 "\",\"Balance\":0}]]", VERDICT_RETRY,
	  "broken" },
	{ 200, "[1]", VERDICT_REFUSED, "nothing but a row that is no object" },
	{ 200, "[{\"Balance\":0}]", VERDICT_REFUSED, "without ID" },
	/* the server fails while it writes the list */
	{ 200, "[" STATUS("SqlException", "Timeout expired") "]", VERDICT_RETRY,
	  "broke a list off after 0 rows: Timeout" },
	{ 200, "[" FIVE "," STATUS("SqlException", "") "]", VERDICT_RETRY,
	  "broke a list off after 1 rows: SqlException" },
	{ 200, "[" FIVE STATUS("SqlException", "Timeout expired"),
	  VERDICT_RETRY, "a broken list from Galaxy, after 0 rows" },
	{ 200, "[" FIVE ",{\"ID\":\"1" STATUS("SqlException", ""),
	  VERDICT_RETRY, "a broken list from Galaxy, after 1 rows" },
	{ 200, STATUS("SqlException", "Timeout expired"), VERDICT_REFUSED,
	  "Timeout expired" },
	{ 200, "{\"ResponseStatus\":{}}", VERDICT_RETRY, "something broken" },
	{ 200, "  ", VERDICT_RETRY, "something broken" },
	{ 200, " \n[", VERDICT_RETRY, "broken list" },
	{ 200, "7", VERDICT_RETRY, "something broken" },
	{ 204, "", VERDICT_RETRY, "empty" },
	{ 200, "\xff\xfe", VERDICT_RETRY, "broken" },
	{ 200, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
	  VERDICT_RETRY, "broken" },
};

static void
test_galaxy__a_bad_answer_is_never_a_count(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_reads) / sizeof(bad_reads[0]); i++) {
		struct galaxy_world w;
		struct count count;

		galaxy_world_open(&w, "\"absent_balance\":\"zero\"");
		galaxy_world_fill(&w);
		push(&w, &bad_reads[i]);
		assert_verdict(read_one(&w, ITEM1, &count),
		               bad_reads[i].verdict, bad_reads[i].words);
		assert_false(count.is_known);
		galaxy_world_close(&w);
	}
}

static void
test_galaxy__a_wait_that_the_server_names_is_handed_on(void **state)
{
	struct galaxy_world w;
	struct count count;
	struct outcome outcome;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	fake_http_push(w.http, &(struct fake_answer){ .status = 429,
	                                              .retry_after_ms = 7000 });
	outcome = read_one(&w, ITEM1, &count);
	assert_int_equal(outcome.verdict, VERDICT_SLOW);
	assert_int_equal(outcome.wait_ms, 7000);
	galaxy_world_close(&w);
}

static void
test_galaxy__a_store_that_is_away_is_no_answer_of_galaxy(void **state)
{
	(void)state;
	for (int n = 1; n < 60; n++) {
		struct galaxy_world w;
		struct outcome outcome;

		galaxy_world_open(&w, "");
		galaxy_world_say_ready(&w);
		galaxy_world_serve(&w);
		fake_mirror_break(w.mirror, n);
		outcome = galaxy_world_sync(&w, true, noon_ms);
		if (outcome.verdict != VERDICT_DONE)
			assert_verdict(outcome, VERDICT_RETRY, "our store");
		fake_mirror_break(w.mirror, 0);
		if (outcome.verdict != VERDICT_DONE)
			assert_true(fake_mirror_note_is(
				w.mirror, "itembalances.since", NULL));
		galaxy_world_close(&w);
	}
}

/* ---- session ---- */

static void
test_galaxy__logs_in_lazily_and_only_once(void **state)
{
	struct galaxy_world w;
	const struct fake_request *login;
	struct buf what = BUF_INIT;

	(void)state;
	galaxy_world_open(&w, "");
	assert_int_equal(fake_http_count(w.http), 0);
	galaxy_world_say_ready(&w);
	galaxy_world_say(&w, 200, "webscenarios.json");
	assert_verdict(galaxy_adapter.probe(w.state, &what), VERDICT_DONE, "");
	assert_verdict(galaxy_adapter.probe(w.state, &what), VERDICT_DONE, "");
	assert_int_equal(fake_http_count(w.http), 3);
	login = fake_http_at(w.http, 0);
	assert_string_equal(login->method, "POST");
	assert_string_equal(login->url, GALAXY_WORLD_URL "/auth");
	assert_string_equal(login->body, "{\"username\":\"sync\",\"password\":"
	                                 "\"" GALAXY_WORLD_PASSWORD "\"}");
	assert_null(strstr(login->headers, "Cookie"));
	assert_true(fake_http_has_header(fake_http_at(w.http, 1), "Cookie",
	                                 "ss-id=" GALAXY_WORLD_SESSION));
	assert_true(fake_http_has_header(fake_http_at(w.http, 1), "Accept",
	                                 "application/json"));
	buf_fini(&what);
	galaxy_world_close(&w);
}

static void
test_galaxy__takes_the_session_out_of_the_body_too(void **state)
{
	struct galaxy_world w;
	struct buf what = BUF_INIT;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_say(&w, 200, "auth.json");
	galaxy_world_say(&w, 200, "webscenarios.json");
	assert_verdict(galaxy_adapter.probe(w.state, &what), VERDICT_DONE, "");
	assert_true(fake_http_has_header(fake_http_at(w.http, 1), "Cookie",
	                                 "ss-id=S3ss10nFromTheBody"));
	buf_fini(&what);
	galaxy_world_close(&w);
}

static void
test_galaxy__a_lost_session_is_renewed_once_and_the_call_repeated(void **state)
{
	static const int statuses[] = { 401, 403 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct galaxy_world w;
		struct count count;

		galaxy_world_open(&w, "");
		galaxy_world_fill(&w);
		galaxy_world_say(&w, statuses[i], "error_auth.json");
		galaxy_world_say_login(&w);
		galaxy_world_say(&w, 200, "itembalances.json");
		assert_verdict(read_one(&w, ITEM1, &count), VERDICT_DONE, "");
		assert_known(&count, "41");
		assert_int_equal(fake_http_count(w.http), 3);
		assert_string_equal(fake_http_at(w.http, 0)->url,
		                    fake_http_at(w.http, 2)->url);
		galaxy_world_close(&w);
	}
}

/* Some servers say it with a 200, or with a 500. */
static void
test_galaxy__a_lost_session_is_told_by_its_words_too(void **state)
{
	static const struct row rows[] = {
		{ 200, STATUS("Unauthorized", "Invalid session"), VERDICT_DONE,
		  "" },
		{ 200, STATUS("AuthenticationException", ""), VERDICT_DONE,
		  "" },
		{ 500, STATUS("SessionExpired", ""), VERDICT_DONE, "" },
		{ 400, STATUS("NOTAUTHENTICATED", ""), VERDICT_DONE, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct galaxy_world w;
		struct count count;

		galaxy_world_open(&w, "");
		galaxy_world_fill(&w);
		push(&w, &rows[i]);
		galaxy_world_say_login(&w);
		galaxy_world_say(&w, 200, "itembalances.json");
		assert_verdict(read_one(&w, ITEM1, &count), VERDICT_DONE, "");
		assert_known(&count, "41");
		assert_int_equal(fake_http_count(w.http), 3);
		/* once, and no more */
		push(&w, &rows[i]);
		galaxy_world_say_login(&w);
		push(&w, &rows[i]);
		assert_verdict(read_one(&w, ITEM1, &count), VERDICT_LOCKED,
		               "Galaxy (HTTP ");
		assert_false(count.is_known);
		assert_int_equal(fake_http_count(w.http), 6);
		galaxy_world_close(&w);
	}
}

static void
test_galaxy__a_session_that_ends_within_a_list_is_not_used_again(void **state)
{
	struct galaxy_world w;
	struct count count;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	fake_http_say(w.http, 200,
	              "[" FIVE "," STATUS("Unauthorized", "no session") "]");
	assert_verdict(read_one(&w, ITEM1, &count), VERDICT_RETRY,
	               "broke a list off after 1 rows: no session");
	assert_false(count.is_known);
	galaxy_world_say_login(&w);
	galaxy_world_say(&w, 200, "itembalances.json");
	assert_verdict(read_one(&w, ITEM1, &count), VERDICT_DONE, "");
	assert_known(&count, "41");
	assert_url(&w, 1, GALAXY_WORLD_URL "/auth");
	/* cut without a word, and the next call says 401 */
	fake_http_say(w.http, 200, "[" FIVE ",");
	assert_verdict(read_one(&w, ITEM1, &count), VERDICT_RETRY, "broken");
	galaxy_world_say(&w, 401, "error_auth.json");
	galaxy_world_say_login(&w);
	galaxy_world_say(&w, 200, "itembalances.json");
	assert_verdict(read_one(&w, ITEM1, &count), VERDICT_DONE, "");
	galaxy_world_close(&w);
}

static void
test_galaxy__a_second_refusal_locks_the_account(void **state)
{
	struct galaxy_world w;
	struct count count;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	galaxy_world_say(&w, 403, "error_auth.json");
	galaxy_world_say_login(&w);
	galaxy_world_say(&w, 403, "error_auth.json");
	assert_verdict(read_one(&w, ITEM1, &count), VERDICT_LOCKED, "403");
	assert_int_equal(fake_http_count(w.http), 3);
	galaxy_world_close(&w);
}

static void
test_galaxy__a_log_in_that_fails_says_why_and_never_the_password(void **state)
{
	static const struct row rows[] = {
		{ 401, "@error_auth.json", VERDICT_LOCKED,
		  "Galaxy refused user \"sync\" (HTTP 401): Invalid UserName" },
		{ 403, "", VERDICT_LOCKED, "user \"sync\"" },
		{ 400, "@error_validation.json", VERDICT_LOCKED, "unknown id" },
		{ 200, "@error_auth.json", VERDICT_LOCKED, "Invalid UserName" },
		{ 401,
		  "{\"ResponseStatus\":{\"ErrorCode\":\"x\",\"Message\":\"no "
		  "such password: " GALAXY_WORLD_PASSWORD "\"}}",
		  VERDICT_LOCKED, "no such password: ***" },
		/* cut in the middle of it, its half would be said */
		{ 401,
		  "{\"ResponseStatus\":{\"ErrorCode\":\"x\",\"Message\":"
		  "\"ten_______ten_______ten_______ten_______ten_______ten"
		  "_______ten_______ten_______ten_______ten_______"
		  "1234567 " GALAXY_WORLD_PASSWORD "\"}}",
		  VERDICT_LOCKED, "1234567 ***" },
		{ 404, "@error_page.html", VERDICT_RETRY, "404" },
		{ 500, "@error_crash.json", VERDICT_RETRY, "Timeout" },
		{ 503, "", VERDICT_RETRY, "503" },
		{ 429, "", VERDICT_SLOW, "slow" },
		{ 0, NULL, VERDICT_RETRY, "timed out" },
		{ 200, "", VERDICT_RETRY, "no session" },
		{ 200, "{\"SessionId\":\"a; b=c\"}", VERDICT_RETRY,
		  "no session" },
		{ 200, "{\"SessionId\":\"a\\r\\nX: y\"}", VERDICT_RETRY,
		  "no session" },
		{ 200, "@error_page.html", VERDICT_RETRY, "no session" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct galaxy_world w;
		struct buf what = BUF_INIT;

		galaxy_world_open(&w, "");
		push(&w, &rows[i]);
		assert_verdict(galaxy_adapter.probe(w.state, &what),
		               rows[i].verdict, rows[i].words);
		assert_int_equal(fake_http_count(w.http), 1);
		buf_fini(&what);
		galaxy_world_close(&w);
	}
}

/* ---- web scenario ---- */

static struct outcome
probe(struct galaxy_world *w, struct buf *what, const char *scenarios)
{
	galaxy_world_say_login(w);
	galaxy_world_say(w, 200, scenarios);
	return galaxy_adapter.probe(w->state, what);
}

#define ENTRY_TERMS \
	"\"entry\":{\"company\":\"001\",\"companysite\":\"101\",\"trader\":" \
	"\"30-0000\",\"currency\":\"EUR\",\"payment_plan\":\"Κάρτα\"}"

static void
test_galaxy__the_default_scenario_is_used_and_never_named(void **state)
{
	struct galaxy_world w;
	struct count count;
	struct buf what = BUF_INIT;

	(void)state;
	galaxy_world_open(&w, ENTRY_TERMS);
	galaxy_world_fill(&w);
	galaxy_world_say(&w, 200, "webscenarios.json");
	assert_verdict(galaxy_adapter.probe(w.state, &what), VERDICT_DONE, "");
	assert_string_equal(buf_text(&what),
	                    "company \"Παντοπωλείο Α.Ε.\", web scenario "
	                    "\"Default B2C\"");
	galaxy_world_say(&w, 200, "itembalances.json");
	assert_verdict(read_one(&w, ITEM1, &count), VERDICT_DONE, "");
	assert_url(&w, 1, SYNC "itembalances?ids=[" ITEM1 "]");
	assert_true(
		fake_mirror_note_is(w.mirror, "scenario.id",
	                            "b0000000-0000-4000-8000-000000000001"));
	buf_fini(&what);
	galaxy_world_close(&w);
}

/* What is written once is not written at every start. */
static void
test_galaxy__the_scenario_is_noted_when_it_is_another_one(void **state)
{
	struct galaxy_world w;
	struct buf what = BUF_INIT;
	size_t writes;

	(void)state;
	galaxy_world_open(&w, "\"web_scenario\":\"Χονδρική\"");
	assert_verdict(probe(&w, &what, "webscenarios_no_default.json"),
	               VERDICT_DONE, "");
	assert_true(
		fake_mirror_note_is(w.mirror, "scenario.id",
	                            "b0000000-0000-4000-8000-000000000002"));
	writes = fake_mirror_writes(w.mirror);
	galaxy_world_say(&w, 200, "webscenarios_no_default.json");
	assert_verdict(galaxy_adapter.probe(w.state, &what), VERDICT_DONE, "");
	assert_int_equal(fake_mirror_writes(w.mirror), writes);
	buf_fini(&what);
	galaxy_world_close(&w);
}

static void
test_galaxy__a_probe_says_that_sales_could_not_be_booked(void **state)
{
	struct galaxy_world w;
	struct buf what = BUF_INIT;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	galaxy_world_say(&w, 200, "webscenarios.json");
	assert_verdict(galaxy_adapter.probe(w.state, &what), VERDICT_REFUSED,
	               "sales cannot be booked: entry.company");
	buf_fini(&what);
	galaxy_world_close(&w);
}

static void
test_galaxy__a_configured_scenario_is_found_by_code_and_sent_by_id(void **state)
{
	struct galaxy_world w;
	struct count count;

	(void)state;
	galaxy_world_open(&w, "\"web_scenario\":\"b2b\"");
	galaxy_world_say_login(&w);
	galaxy_world_say(&w, 200, "webscenarios_no_default.json");
	fake_http_say(w.http, 200, "[]");
	assert_verdict(read_one(&w, ITEM1, &count), VERDICT_DONE, "");
	assert_true(
		fake_mirror_note_is(w.mirror, "scenario.id",
	                            "b0000000-0000-4000-8000-000000000002"));
	assert_url(&w, 1, SYNC "webscenarios");
	assert_url(&w, 2,
	           SYNC "itembalances?WebScenID="
	                "b0000000-0000-4000-8000-000000000002&ids=[" ITEM1 "]");
	galaxy_world_close(&w);
}

static void
test_galaxy__a_missing_scenario_is_told_with_the_choices(void **state)
{
	struct galaxy_world w;
	struct buf what = BUF_INIT;

	(void)state;
	galaxy_world_open(&w, "");
	assert_verdict(probe(&w, &what, "webscenarios_no_default.json"),
	               VERDICT_LOCKED,
	               "set web_scenario to one of: \"B2C\", \"B2B\"");
	galaxy_world_close(&w);
	galaxy_world_open(&w, "\"web_scenario\":\"Retail\"");
	assert_verdict(probe(&w, &what, "webscenarios.json"), VERDICT_LOCKED,
	               "no web scenario \"Retail\" (web_scenario); it has: "
	               "\"B2B\", \"Default B2C\"");
	buf_fini(&what);
	galaxy_world_close(&w);
}

/* ---- syncs: see test_galaxy_sync.c ---- */

/* It could be any row that the list seems to lack. */
static void
test_galaxy__a_row_of_no_use_stops_no_list_and_removes_nothing(void **state)
{
	static const char *const bad[] = { "{\"Code\":\"nobody\"}", "7", "null",
		                           "{\"ItemID\":[]}",
		                           "{\"ItemID\":\"a b\"}" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct galaxy_world w;
		struct buf found = BUF_INIT;
		char *items = text_format(
			"[{\"ItemID\":\"" ITEM1
			"\",\"Code\":\"first\",\"RevisionNumber\":200},%s,"
			"{\"ItemID\":\"" ITEM2 "\",\"Code\":\"second\","
			"\"RevisionNumber\":201}]",
			bad[i]);

		galaxy_world_open(&w, "");
		galaxy_world_fill(&w);
		galaxy_world_serve_list(&w, "items", 200, items);
		assert_verdict(galaxy_world_sync(&w, true, noon_ms + 1),
		               VERDICT_DONE, "");
		assert_int_equal(fake_mirror_count(w.mirror, "items"), 3);
		assert_int_equal(
			mirror_find_name(w.mirror, &found, "items", "second"),
			0);
		assert_string_equal(buf_text(&found), ITEM2);
		assert_int_equal(
			mirror_find_name(w.mirror, &found, "items", "shoe"), 0);
		buf_fini(&found);
		free(items);
		galaxy_world_close(&w);
	}
}

/* ---- counts ---- */

static void
test_galaxy__counts_are_asked_for_in_chunks_of_the_configured_size(void **state)
{
	struct galaxy_world w;
	struct count counts[] = { { .external = SHOE ":" DIM1 },
		                  { .external = ITEM1 },
		                  { .external = ITEM2 },
		                  { .external = SHOE ":" DIM2 } };

	(void)state;
	galaxy_world_open(&w, "\"ids_per_request\":2");
	assert_int_equal(galaxy_adapter.batch_max(w.conf), 2);
	galaxy_world_fill(&w);
	galaxy_world_say(&w, 200, "itembalances.json");
	galaxy_world_say(&w, 200, "itembalances.json");
	assert_verdict(galaxy_adapter.read_counts(w.state, counts, 4),
	               VERDICT_DONE, "");
	assert_int_equal(fake_http_count(w.http), 2);
	assert_url(&w, 0, SYNC "itembalances?ids=[" ITEM1 "," ITEM2 "]");
	assert_url(&w, 1, SYNC "itembalances?ids=[" SHOE "]");
	assert_known(&counts[0], "1");
	assert_known(&counts[1], "41");
	assert_known(&counts[2], "-2.5");
	assert_known(&counts[3], "4");
	galaxy_world_close(&w);
}

static void
test_galaxy__a_failing_chunk_leaves_nothing_known(void **state)
{
	struct galaxy_world w;
	struct count counts[] = { { .external = ITEM1 },
		                  { .external = ITEM2 } };

	(void)state;
	galaxy_world_open(&w, "\"ids_per_request\":1");
	galaxy_world_fill(&w);
	galaxy_world_say(&w, 200, "itembalances.json");
	galaxy_world_say(&w, 502, "error_page.html");
	assert_verdict(galaxy_adapter.read_counts(w.state, counts, 2),
	               VERDICT_RETRY, "502");
	assert_false(counts[0].is_known);
	assert_false(counts[1].is_known);
	galaxy_world_close(&w);
}

struct balance_row {
	const char *external;
	const char *absent; /* absent_balance */
	const char *body;
	const char *qty; /* NULL: unknown */
};

#define BALANCE(id_, dim_, qty_) \
	"{\"ID\":\"" id_ "\",\"DimVal1ID\":" dim_ ",\"Balance\":" qty_ "}"

static const struct balance_row balance_rows[] = {
	/* absence proves nothing */
	{ ITEM1, "unknown", "[]", NULL },
	{ ITEM1, "zero", "[]", NULL },
	{ ITEM1, "unknown", "[" BALANCE(ITEM2, "null", "1") "]", NULL },
	{ ITEM1, "zero", "[" BALANCE(ITEM2, "null", "1") "]", "0" },
	/* figures that are none */
	{ ITEM1, "zero", "[" BALANCE(ITEM1, "null", "null") "]", NULL },
	{ ITEM1, "zero", "[" BALANCE(ITEM1, "null", "\"many\"") "]", NULL },
	{ ITEM1, "zero", "[" BALANCE(ITEM1, "null", "{}") "]", NULL },
	{ ITEM1, "unknown", "[" BALANCE(ITEM1, "null", "\"7.50\"") "]", "7.5" },
	{ ITEM1, "unknown", "[" BALANCE(ITEM1, "null", "0") "]", "0" },
	{ ITEM1, "unknown", "[" BALANCE(ITEM1, "null", "-3") "]", "-3" },
	/* the null GUID and "" are no dimension */
	{ ITEM1, "unknown",
	  "[" BALANCE(ITEM1, "\"00000000-0000-0000-0000-000000000000\"",
	              "5") "]",
	  "5" },
	{ ITEM1, "unknown", "[" BALANCE(ITEM1, "\"\"", "5") "]", "5" },
	/* variants are never added up, and never stand for the whole */
	{ SHOE, "zero",
	  "[" BALANCE(SHOE, "\"" DIM1 "\"",
	              "1") "," BALANCE(SHOE, "\"" DIM2 "\"", "4") "]",
	  NULL },
	{ SHOE, "zero",
	  "[" BALANCE(SHOE, "\"" DIM1 "\"", "1") "," BALANCE(SHOE, "null",
	                                                     "4") "]",
	  NULL },
	{ SHOE ":" DIM1, "zero", "[" BALANCE(SHOE, "\"" DIM2 "\"", "4") "]",
	  "0" },
	{ SHOE ":" DIM1, "unknown", "[" BALANCE(SHOE, "\"" DIM2 "\"", "4") "]",
	  NULL },
	{ SHOE ":" DIM1, "zero", "[" BALANCE(SHOE, "null", "4") "]", NULL },
	/* a row of no use hides nothing, and may be the one that is missing */
	{ ITEM1, "unknown", "[1," BALANCE(ITEM1, "null", "5") "]", "5" },
	{ ITEM1, "zero", "[" BALANCE(ITEM2, "null", "1") ",1]", NULL },
	{ ITEM1, "zero", "[{\"Balance\":1}," BALANCE(ITEM2, "null", "1") "]",
	  NULL },
	{ ITEM1, "zero",
	  "[" BALANCE(ITEM1, "{}", "1") "," BALANCE(ITEM2, "null", "1") "]",
	  NULL },
	/* packs: whole ones, and never one more than there are */
	{ ITEM1 "*6", "unknown", "[" BALANCE(ITEM1, "null", "41") "]", "6" },
	{ ITEM1 "*6", "unknown", "[" BALANCE(ITEM1, "null", "5.999") "]", "0" },
	{ ITEM1 "*6", "unknown", "[" BALANCE(ITEM1, "null", "6") "]", "1" },
	{ ITEM1 "*6", "unknown", "[" BALANCE(ITEM1, "null", "-1") "]", "-1" },
	{ ITEM1 "*6", "unknown", "[" BALANCE(ITEM1, "null", "-6") "]", "-1" },
	{ ITEM1 "*6", "unknown", "[" BALANCE(ITEM1, "null", "-7") "]", "-2" },
	{ ITEM1 "*6", "zero", "[" BALANCE(ITEM2, "null", "1") "]", "0" },
	{ ITEM1 "*6", "unknown", "[]", NULL },
	{ SHOE ":" DIM1 "*2", "unknown",
	  "[" BALANCE(SHOE, "\"" DIM1 "\"", "5") "]", "2" },
	{ SHOE "*2", "zero", "[" BALANCE(SHOE, "\"" DIM1 "\"", "5") "]", NULL },
	/* two rows for one thing contradict each other */
	{ ITEM1, "zero",
	  "[" BALANCE(ITEM1, "null", "5") "," BALANCE(ITEM1, "null", "6") "]",
	  NULL },
};

static void
test_galaxy__only_positive_evidence_is_a_count(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(balance_rows) / sizeof(balance_rows[0]);
	     i++) {
		const struct balance_row *row = &balance_rows[i];
		struct galaxy_world w;
		struct count count;
		char option[60];

		(void)snprintf(option, sizeof(option),
		               "\"absent_balance\":\"%s\"", row->absent);
		galaxy_world_open(&w, option);
		galaxy_world_fill(&w);
		fake_http_say(w.http, 200, row->body);
		assert_verdict(read_one(&w, row->external, &count),
		               VERDICT_DONE, "");
		if (row->qty)
			assert_known(&count, row->qty);
		else if (count.is_known)
			fail_msg("row %zu is known", i);
		galaxy_world_close(&w);
	}
}

static void
test_galaxy__an_item_is_asked_for_once_whatever_hangs_on_it(void **state)
{
	struct galaxy_world w;
	struct count counts[] = { { .external = ITEM1 "*12" },
		                  { .external = SHOE ":" DIM2 "*2" },
		                  { .external = ITEM1 },
		                  { .external = SHOE ":" DIM2 },
		                  { .external = ITEM1 "*6" } };

	(void)state;
	galaxy_world_open(&w, "\"ids_per_request\":2");
	galaxy_world_fill(&w);
	galaxy_world_say(&w, 200, "itembalances.json");
	assert_verdict(galaxy_adapter.read_counts(w.state, counts, 5),
	               VERDICT_DONE, "");
	assert_int_equal(fake_http_count(w.http), 1);
	assert_url(&w, 0, SYNC "itembalances?ids=[" ITEM1 "," SHOE "]");
	assert_known(&counts[0], "3");
	assert_known(&counts[1], "2");
	assert_known(&counts[2], "41");
	assert_known(&counts[3], "4");
	assert_known(&counts[4], "6");
	galaxy_world_close(&w);
}

static void
test_galaxy__what_was_read_live_is_in_the_mirror(void **state)
{
	static const char row[] =
		"{\"ID\":\"" ITEM1 "\",\"DimVal1ID\":null,\"Balance\":7}";
	struct galaxy_world w;
	struct count count;
	struct buf found = BUF_INIT;
	size_t writes;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	fake_http_say(w.http, 200, "[" BALANCE(ITEM1, "null", "7") "]");
	assert_verdict(read_one(&w, ITEM1, &count), VERDICT_DONE, "");
	assert_int_equal(mirror_get(w.mirror, &found, "itembalances", ITEM1),
	                 0);
	assert_string_equal(buf_text(&found), row);
	assert_int_equal(
		mirror_find_name(w.mirror, &found, "itembalances", ITEM1), 0);
	writes = fake_mirror_writes(w.mirror);
	/* the same once more changes nothing; a variant has a key of its own */
	fake_http_say(w.http, 200, "[" BALANCE(ITEM1, "null", "7") "]");
	assert_verdict(read_one(&w, ITEM1, &count), VERDICT_DONE, "");
	assert_int_equal(fake_mirror_writes(w.mirror), writes);
	fake_http_say(w.http, 200, "[" BALANCE(SHOE, "\"" DIM1 "\"", "3") "]");
	assert_verdict(read_one(&w, SHOE ":" DIM1, &count), VERDICT_DONE, "");
	assert_int_equal(
		mirror_get(w.mirror, &found, "itembalances", SHOE ":" DIM1), 0);
	buf_fini(&found);
	galaxy_world_close(&w);
}

static int
ignore_count(void *ctx, const char *external, struct decimal qty)
{
	(void)ctx;
	(void)external;
	(void)qty;
	return 0;
}

/* A look that takes its turn while the list of balances is on its way. */
struct passing {
	struct galaxy_world *w;
	void *state;        /* the adapter's, of this client */
	struct count count; /* what the look showed */
	bool is_within;     /* that list */
	unsigned n_looks;
};

static int
look_within(void *ctx)
{
	struct passing *p = ctx;
	struct outcome outcome;

	if (!p->is_within)
		return 0;
	p->n_looks++;
	p->count = (struct count){ .external = ITEM1 };
	outcome = galaxy_adapter.read_counts(p->state, &p->count, 1);
	return outcome.verdict == VERDICT_DONE ? 0 : -1;
}

/* The list shows what was there when it was asked for. */
static int
send_passing(void *ctx, const struct http_request *request,
             struct http_answer *answer)
{
	struct passing *p = ctx;

	if (request->idle && strstr(request->url, "itembalances")) {
		p->is_within = true;
		if (request->idle(request->idle_ctx))
			return ERR_BUG;
		p->is_within = false;
		galaxy_world_serve_list(p->w, "itembalances", 200,
		                        "[" BALANCE(ITEM1, "null", "50") "]");
	}
	return http_client_send(p->w->client, request, answer);
}

static void
test_galaxy__a_look_within_a_list_wins_over_its_rows(void **state)
{
	struct galaxy_world w;
	struct passing p = { .w = &w };
	struct adapter_env env;
	struct http_client *client = NULL;
	struct buf before = BUF_INIT;
	struct buf after = BUF_INIT;
	const struct sync_job job = { .is_full = true,
		                      .started_ms = noon_ms + 1 };
	const struct sync_sink sink = { .ctx = &p,
		                        .count = ignore_count,
		                        .breathe = look_within };

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	assert_int_equal(mirror_get(w.mirror, &before, "itembalances", ITEM1),
	                 0);
	assert_int_equal(http_client_new_fake(&client, send_passing, &p), 0);
	env = (struct adapter_env){ w.conf, client, w.mirror, NULL };
	assert_int_equal(galaxy_adapter.open(&p.state, &env), 0);
	galaxy_world_say_ready(&w);
	galaxy_world_serve(&w);
	assert_verdict(galaxy_adapter.sync(p.state, &job, &sink), VERDICT_DONE,
	               "");
	assert_int_equal(p.n_looks, 1);
	assert_known(&p.count, "41");
	/* what it read was in the mirror already, and is there still */
	assert_int_equal(mirror_get(w.mirror, &after, "itembalances", ITEM1),
	                 0);
	assert_string_equal(buf_text(&after), buf_text(&before));
	galaxy_adapter.close(p.state);
	http_client_free(client);
	buf_fini(&before);
	buf_fini(&after);
	galaxy_world_close(&w);
}

static void
test_galaxy__while_the_guid_is_unknown_an_empty_answer_tries_the_other(
	void **state)
{
	struct galaxy_world w;
	struct count count;

	(void)state;
	galaxy_world_open(&w, "\"absent_balance\":\"zero\"");
	galaxy_world_say_ready(&w);
	galaxy_world_serve_list(&w, "itembalances", 200, "[]");
	assert_verdict(galaxy_world_sync(&w, true, noon_ms), VERDICT_DONE, "");
	assert_true(fake_mirror_note_is(w.mirror, "balance_id", NULL));
	fake_http_reset(w.http);
	fake_http_say(w.http, 200, "[]");
	fake_http_say(w.http, 200, "[]");
	assert_verdict(read_one(&w, ITEM1, &count), VERDICT_DONE, "");
	assert_false(count.is_known);
	fake_http_say(w.http, 200, "[]");
	fake_http_say(w.http, 200, "[" BALANCE(ROW1, "null", "9") "]");
	assert_verdict(read_one(&w, ITEM1, &count), VERDICT_DONE, "");
	assert_known(&count, "9");
	assert_url(&w, 2, SYNC "itembalances?ids=[" ITEM1 "]");
	assert_url(&w, 3, SYNC "itembalances?ids=[" ROW1 "]");
	assert_true(fake_mirror_note_is(w.mirror, "balance_id", "ID"));
	galaxy_world_close(&w);
}

/* ---- bindings ---- */

static void
hear_ref(void *ctx, const char *ref)
{
	struct buf *refs = ctx;

	buf_addf(refs, "%s%s", refs->n ? " " : "", ref);
}

static void
test_galaxy__a_binding_is_a_code_an_alter_code_or_a_guid(void **state)
{
	static const struct {
		const char *written;
		int r;
		const char *external;
		const char *refs;
	} rows[] = {
		{ "21-0001", 0, ITEM1, ITEM1 " " ROW1 },
		{ "5200000000011", 0, ITEM1, ITEM1 " " ROW1 },
		{ "alt-2", 0, ITEM2, ITEM2 " " ROW2 },
		{ "10000000-0000-4000-8000-00000000000"
		  "2",
		  0, ITEM2, ITEM2 " " ROW2 },
		{ ROW3, 0, SHOE, SHOE " " ROW3 },
		{ "shoe", 0, SHOE, SHOE " " ROW3 },
		{ "S:3", 0, SHOE, SHOE " " ROW3 },
		{ "0044000001", 0, SHOE ":" DIM1, SHOE " " ROW3 },
		{ "SHOE:" DIM2, 0, SHOE ":" DIM2, SHOE " " ROW3 },
		{ "S:3:" DIM2, 0, SHOE ":" DIM2, SHOE " " ROW3 },
		{ "SHOE:-:41000000-0000-4000-8000-00000000000A", 0,
		  SHOE ":-:41000000-0000-4000-8000-00000000000a",
		  SHOE " " ROW3 },
		{ "SHOE:" DIM1 ":-", 0, SHOE ":" DIM1, SHOE " " ROW3 },
		{ "21-0002", ADAPTER_AMBIGUOUS, "", "" },
		{ "NOPE", ADAPTER_UNRESOLVED, "", "" },
		{ "SHOE:a b", ADAPTER_UNRESOLVED, "", "" },
		{ "SHOE:", ADAPTER_UNRESOLVED, "", "" },
		{ "SHOE:a:b:c:d:e", ADAPTER_UNRESOLVED, "", "" },
		{ "0044000001:" DIM2, ADAPTER_UNRESOLVED, "", "" },
	};
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_fill(&w);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf external = BUF_INIT;
		struct buf refs = BUF_INIT;
		int r = galaxy_adapter.resolve(
			w.state, &external, rows[i].written, hear_ref, &refs);

		if (r != rows[i].r)
			fail_msg("%s: %d", rows[i].written, r);
		assert_string_equal(buf_text(&external), rows[i].external);
		assert_string_equal(buf_text(&refs), rows[i].refs);
		buf_fini(&external);
		buf_fini(&refs);
	}
	assert_int_equal(fake_http_count(w.http), 0);
	galaxy_world_close(&w);
}

#define ALTER(id_, code_, item_, dim_, quantity_) \
	"{\"ID\":\"" id_ "\",\"Code\":\"" code_ "\",\"ItemID\":\"" item_ \
	"\",\"DimVal1ID\":" dim_ ",\"Quantity\":" quantity_ "}"

static const char packs[] = "[" ALTER(
	"p01",
	"six", ITEM1, "null", "6") "," ALTER("p02", "six-too", ITEM1, "null",
                                             "6.0") "," ALTER("p03", "dozen",
                                                              ITEM1, "null",
                                                              "\"12\"") "," ALTER("p04", "one", ITEM1, "null", "1") "," ALTER("p05", "plain", ITEM1, "null", "null") "," ALTER("p06", "pair", SHOE, "\"" DIM1 "\"", "2") "," ALTER("p07", "most", ITEM2, "null", "1000000") "," ALTER("p08", "more", ITEM2, "null", "1000001") "," ALTER("p09",
                                                                                                                                                                                                                                                                                                                                         "half",
                                                                                                                                                                                                                                                                                                                                         ITEM2, "null", "0.5") "," ALTER("p10",
                                                                                                                                                                                                                                                                                                                                                                         "some",
                                                                                                                                                                                                                                                                                                                                                                         ITEM2,
                                                                                                                                                                                                                                                                                                                                                                         "null", "\"some\"") "," ALTER("p11",
                                                                                                                                                                                                                                                                                                                                                                                                       "none",
                                                                                                                                                                                                                                                                                                                                                                                                       ITEM2,
                                                                                                                                                                                                                                                                                                                                                                                                       "null", "0") "," ALTER("p12",
                                                                                                                                                                                                                                                                                                                                                                                                                              "less",
                                                                                                                                                                                                                                                                                                                                                                                                                              ITEM2, "null", "-6") "," ALTER("p13",
                                                                                                                                                                                                                                                                                                                                                                                                                                                             "21-0001",
                                                                                                                                                                                                                                                                                                                                                                                                                                                             ITEM1,
                                                                                                                                                                                                                                                                                                                                                                                                                                                             "null",
                                                                                                                                                                                                                                                                                                                                                                                                                                                             "6") "]";

static void
test_galaxy__an_alter_code_with_a_quantity_is_a_pack(void **state)
{
	static const struct {
		const char *written;
		int r;
		const char *external; /* or what is said of it */
		const char *refs;
	} rows[] = {
		{ "SIX", 0, ITEM1 "*6", ITEM1 " " ROW1 },
		{ "six-too", 0, ITEM1 "*6", ITEM1 " " ROW1 },
		{ "dozen", 0, ITEM1 "*12", ITEM1 " " ROW1 },
		{ "one", 0, ITEM1, ITEM1 " " ROW1 },
		{ "plain", 0, ITEM1, ITEM1 " " ROW1 },
		{ "pair", 0, SHOE ":" DIM1 "*2", SHOE " " ROW3 },
		{ "most", 0, ITEM2 "*1000000", ITEM2 " " ROW2 },
		{ "more", ADAPTER_UNRESOLVED, "Quantity is no whole", "" },
		{ "half", ADAPTER_UNRESOLVED, "Quantity is no whole", "" },
		{ "some", ADAPTER_UNRESOLVED, "Quantity is no whole", "" },
		{ "none", ADAPTER_UNRESOLVED, "Quantity is no whole", "" },
		{ "less", ADAPTER_UNRESOLVED, "Quantity is no whole", "" },
		/* one text, two things: the item and six of it */
		{ "21-0001", ADAPTER_AMBIGUOUS, "", "" },
		/* a pack is its barcode, not something that a person writes */
		{ "SHOE*6", ADAPTER_UNRESOLVED, "", "" },
		{ ITEM1 "*6", ADAPTER_UNRESOLVED, "", "" },
		{ "six:" DIM1, ADAPTER_UNRESOLVED, "", "" },
	};
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_serve_list(&w, "itemaltercodes", 200, packs);
	galaxy_world_fill(&w);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf external = BUF_INIT;
		struct buf refs = BUF_INIT;
		int r = galaxy_adapter.resolve(
			w.state, &external, rows[i].written, hear_ref, &refs);

		if (r != rows[i].r)
			fail_msg("%s: %d", rows[i].written, r);
		if (r == 0)
			assert_string_equal(buf_text(&external),
			                    rows[i].external);
		else
			assert_non_null(
				strstr(buf_text(&external), rows[i].external));
		assert_string_equal(buf_text(&refs), rows[i].refs);
		buf_fini(&external);
		buf_fini(&refs);
	}
	galaxy_world_close(&w);
}

static void
test_galaxy__a_sync_reports_every_pack_of_what_it_reads(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "");
	galaxy_world_serve_list(&w, "itemaltercodes", 200, packs);
	galaxy_world_say_ready(&w);
	galaxy_world_serve(&w);
	assert_verdict(galaxy_world_sync(&w, true, noon_ms), VERDICT_DONE, "");
	assert_string_equal(w.counts, ITEM1
	                    "=41 " ITEM1 "*6=6 " ITEM1 "*12=3 " ITEM2
	                    "=-2.5 " ITEM2 "*1000000=-1 " SHOE ":" DIM1
	                    "=1 " SHOE ":" DIM1 "*2=0 " SHOE ":" DIM2 "=4");
	/* a barcode that is gone makes no pack any more */
	galaxy_world_serve_list(
		&w, "itemaltercodes", 200,
		"[" ALTER("p03", "dozen", ITEM1, "null", "12") "]");
	assert_verdict(galaxy_world_sync(&w, true, noon_ms + 1), VERDICT_DONE,
	               "");
	assert_string_equal(w.counts,
	                    ITEM1 "=41 " ITEM1 "*12=3 " ITEM2 "=-2.5 " SHOE
	                          ":" DIM1 "=1 " SHOE ":" DIM2 "=4");
	galaxy_world_close(&w);
}

static void
test_galaxy__the_sku_may_be_another_field(void **state)
{
	struct galaxy_world w;
	struct buf external = BUF_INIT;
	struct buf refs = BUF_INIT;

	(void)state;
	galaxy_world_open(&w, "\"sku_field\":\"StringField1\"");
	galaxy_world_fill(&w);
	assert_int_equal(galaxy_adapter.resolve(w.state, &external, "s-2",
	                                        hear_ref, &refs),
	                 0);
	assert_string_equal(buf_text(&external), ITEM2);
	assert_int_equal(galaxy_adapter.resolve(w.state, &external, "SHOE",
	                                        hear_ref, &refs),
	                 ADAPTER_UNRESOLVED);
	buf_fini(&external);
	buf_fini(&refs);
	galaxy_world_close(&w);
}

/* ---- entries: what an answer means ---- */

static void
make_entry(struct entry *entry)
{
	struct entry_line *line;

	*entry = (struct entry){ 0 };
	entry->id = text_dup("agora/O1");
	entry->docid = text_dup("agora-O1");
	entry->account = text_dup("agora");
	entry->sale = text_dup("O1");
	entry->authority = text_dup("erp");
	entry->currency = text_dup("EUR");
	entry->occurred_ms = noon_ms;
	line = entry_add_line(entry);
	assert_non_null(line);
	line->uid = text_dup("l1");
	line->sku = text_dup("21-0002");
	line->external = text_dup(ITEM2);
	line->qty = decimal_of(1);
}

static struct outcome
post(struct galaxy_world *w)
{
	struct entry entry;
	struct outcome outcome;

	make_entry(&entry);
	outcome = galaxy_adapter.post_entry(w->state, &entry);
	entry_fini(&entry);
	return outcome;
}

static void
test_galaxy__a_return_is_not_posted_where_nobody_allowed_it(void **state)
{
	static const struct row answer = { 200, "", VERDICT_DONE, "" };
	struct galaxy_world w;
	struct entry_problem problem;
	struct entry entry;

	(void)state;
	galaxy_world_open(&w, ENTRY_TERMS);
	galaxy_world_fill(&w);
	push(&w, &answer);
	make_entry(&entry);
	entry.lines[0].qty = decimal_of(-1);
	assert_verdict(galaxy_adapter.post_entry(w.state, &entry),
	               VERDICT_REFUSED, "entry.returns is hold");
	assert_int_equal(fake_http_count(w.http), 0);
	/* the caller holds it; it could be posted once that is allowed */
	assert_verdict(galaxy_adapter.check_entry(w.state, &entry, &problem),
	               VERDICT_DONE, "");
	entry_fini(&entry);
	galaxy_world_close(&w);
}

static const struct row posted[] = {
	{ 200, "", VERDICT_DONE, "" },
	{ 200, "{}", VERDICT_DONE, "" },
	{ 200, "{\"ResponseStatus\":{}}", VERDICT_DONE, "" },
	{ 200, "\"7f\"", VERDICT_DONE, "" },
	{ 201, "", VERDICT_DONE, "" },
	{ 204, "", VERDICT_DONE, "" },
	{ 200, "@error_business.json", VERDICT_REFUSED, "ενεργός" },
	{ 200, "@error_page.html", VERDICT_UNCERTAIN, "web page" },
	{ 400, "@error_validation.json", VERDICT_REFUSED, "unknown id" },
	{ 404, "@error_page.html", VERDICT_REFUSED, "404" },
	{ 405, "", VERDICT_REFUSED, "405" },
	{ 409, "@error_validation.json", VERDICT_REFUSED, "unknown id" },
	{ 500, "@error_business.json", VERDICT_REFUSED, "ενεργός" },
	{ 500, "@error_validation.json", VERDICT_REFUSED, "unknown id" },
	{ 500, "@error_crash.json", VERDICT_UNCERTAIN, "Timeout" },
	{ 500,
	  "{\"ResponseStatus\":{\"ErrorCode\":"
	  "\"UnauthorizedAccessException\",\"Message\":\"log.txt\"}}",
	  VERDICT_UNCERTAIN, "log.txt" },
	{ 500, "", VERDICT_UNCERTAIN, "500" },
	{ 502, "@error_page.html", VERDICT_UNCERTAIN, "web page" },
	{ 503, "", VERDICT_UNCERTAIN, "503" },
	{ 408, "", VERDICT_UNCERTAIN, "408" },
	{ 302, "", VERDICT_UNCERTAIN, "302" },
	{ 429, "", VERDICT_SLOW, "slow" },
	{ 0, NULL, VERDICT_UNCERTAIN, "timed out" },
};

static void
test_galaxy__a_post_is_done_refused_or_uncertain_but_never_repeated(
	void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(posted) / sizeof(posted[0]); i++) {
		struct galaxy_world w;

		galaxy_world_open(&w, ENTRY_TERMS);
		galaxy_world_fill(&w);
		push(&w, &posted[i]);
		assert_verdict(post(&w), posted[i].verdict, posted[i].words);
		assert_int_equal(fake_http_count(w.http), 1);
		assert_true(fake_http_at(w.http, 0)->is_unrepeatable);
		assert_string_equal(fake_http_at(w.http, 0)->method, "POST");
		assert_url(&w, 0, SYNC "actions/postentry");
		galaxy_world_close(&w);
	}
}

static void
test_galaxy__a_post_that_never_left_may_be_tried_again(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, ENTRY_TERMS);
	galaxy_world_fill(&w);
	fake_http_push(w.http, &(struct fake_answer){ .why = "refused" });
	assert_verdict(post(&w), VERDICT_RETRY, "refused");
	galaxy_world_close(&w);
}

static void
test_galaxy__an_entry_waits_for_the_first_sync(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, ENTRY_TERMS);
	galaxy_world_say_ready(&w);
	assert_verdict(post(&w), VERDICT_RETRY, "first sync");
	galaxy_world_close(&w);
	/* nor does trouble with the web scenarios condemn it */
	galaxy_world_open(&w, ENTRY_TERMS);
	galaxy_world_say_login(&w);
	galaxy_world_say(&w, 404, "error_page.html");
	assert_verdict(post(&w), VERDICT_RETRY, "404");
	galaxy_world_close(&w);
}

static void
test_galaxy__a_post_after_a_lost_session_goes_out_once_more(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, ENTRY_TERMS);
	galaxy_world_fill(&w);
	galaxy_world_say(&w, 401, "error_auth.json");
	galaxy_world_say_login(&w);
	fake_http_say(w.http, 200, "");
	assert_verdict(post(&w), VERDICT_DONE, "");
	assert_string_equal(fake_http_at(w.http, 0)->body,
	                    fake_http_at(w.http, 2)->body);
	fake_http_reset(w.http);
	/* A log-in that fails proves that nothing was recorded. */
	galaxy_world_say(&w, 401, "error_auth.json");
	fake_http_push(w.http, &(struct fake_answer){ .was_sent = true,
	                                              .why = "reset" });
	assert_verdict(post(&w), VERDICT_RETRY, "reset");
	fake_http_reset(w.http);
	galaxy_world_say_login(&w);
	galaxy_world_say(&w, 401, "error_auth.json");
	galaxy_world_say_login(&w);
	galaxy_world_say(&w, 403, "error_auth.json");
	assert_verdict(post(&w), VERDICT_LOCKED, "refuses us entries");
	galaxy_world_close(&w);
}

/* No memory for the answer proves nothing about the document. */
static void
test_galaxy__a_fault_of_ours_after_sending_is_uncertain(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, ENTRY_TERMS);
	galaxy_world_fill(&w);
	fake_http_push(w.http, &(struct fake_answer){ .was_sent = true,
	                                              .fault = ERR_NOMEM });
	assert_verdict(post(&w), VERDICT_UNCERTAIN, "memory");
	fake_http_push(w.http, &(struct fake_answer){ .fault = ERR_NOMEM });
	assert_verdict(post(&w), VERDICT_RETRY, "memory");
	galaxy_world_close(&w);
}

/* ---- entries: is it there? ---- */

static void
test_galaxy__a_look_up_tells_there_from_absent(void **state)
{
	static const struct row rows[] = {
		{ 200, "{\"Items\":[{\"DOC_ID\":\"agora-O1\",\"TOTAL\":1}]}",
		  VERDICT_DONE, "" },
		{ 200, "{\"Items\":[]}", VERDICT_ABSENT, "agora-O1" },
		{ 200, "{\"Items\":[{\"DOC_ID\":\"other\"}]}", VERDICT_REFUSED,
		  "filter" },
		{ 200, "{\"Items\":[{\"ID\":\"x\"}]}", VERDICT_REFUSED,
		  "filter" },
		{ 200, "{}", VERDICT_RETRY, "Items" },
		{ 200, "[]", VERDICT_RETRY, "Items" },
		{ 200, "", VERDICT_RETRY, "broken" },
		{ 200, "{\"Items\":[", VERDICT_RETRY, "broken" },
		{ 200, "@error_page.html", VERDICT_RETRY, "web page" },
		{ 200, "@error_business.json", VERDICT_REFUSED, "ενεργός" },
		{ 500, "@error_crash.json", VERDICT_RETRY, "Timeout" },
		{ 404, "", VERDICT_REFUSED, "404" },
		{ 429, "", VERDICT_SLOW, "slow" },
		{ 0, NULL, VERDICT_RETRY, "timed out" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct galaxy_world w;

		galaxy_world_open(&w, "\"lookup\":{\"view\":\"CommercialEntry/"
		                      "By Docid\",\"field\":\"DOC_ID\"}");
		galaxy_world_say_login(&w);
		push(&w, &rows[i]);
		assert_verdict(find_docid(&w, "agora-O1"), rows[i].verdict,
		               rows[i].words);
		assert_url(&w, 1,
		           GALAXY_WORLD_URL
		           "/api/glx/views/CommercialEntry/custom/By%20Docid"
		           "?filters=[{DOC_ID:[\"agora-O1\",Equal]}]");
		galaxy_world_close(&w);
	}
}

static void
test_galaxy__an_advanced_view_is_asked_by_its_guid(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "\"lookup\":{\"advanced_view\":\"" ROW1
	                      "\",\"field\":\"DOC_ID\"}");
	galaxy_world_say_login(&w);
	fake_http_say(w.http, 200, "{\"Items\":[]}");
	assert_verdict(find_docid(&w, "d"), VERDICT_ABSENT, "");
	assert_url(&w, 1,
	           GALAXY_WORLD_URL "/api/glx/advancedcustomviews/" ROW1
	                            "?filters=[{DOC_ID:[\"d\",Equal]}]");
	galaxy_world_close(&w);
}

static void
test_galaxy__without_a_configured_look_up_nothing_is_asked(void **state)
{
	static const char *const options[] = {
		"",
		"\"lookup\":{\"view\":\"Entity/View\"}",
		"\"lookup\":{\"field\":\"DOC_ID\"}",
		"\"lookup\":{\"view\":\"EntityOnly\",\"field\":\"DOC_ID\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct galaxy_world w;

		galaxy_world_open(&w, options[i]);
		assert_verdict(find_docid(&w, "d"), VERDICT_REFUSED,
		               "no look-up configured");
		assert_int_equal(fake_http_count(w.http), 0);
		galaxy_world_close(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_galaxy__a_bad_answer_is_never_a_count),
		cmocka_unit_test(
			test_galaxy__a_wait_that_the_server_names_is_handed_on),
		cmocka_unit_test(
			test_galaxy__a_store_that_is_away_is_no_answer_of_galaxy),
		cmocka_unit_test(test_galaxy__logs_in_lazily_and_only_once),
		cmocka_unit_test(
			test_galaxy__takes_the_session_out_of_the_body_too),
		cmocka_unit_test(
			test_galaxy__a_lost_session_is_renewed_once_and_the_call_repeated),
		cmocka_unit_test(
			test_galaxy__a_lost_session_is_told_by_its_words_too),
		cmocka_unit_test(
			test_galaxy__a_session_that_ends_within_a_list_is_not_used_again),
		cmocka_unit_test(
			test_galaxy__a_second_refusal_locks_the_account),
		cmocka_unit_test(
			test_galaxy__a_log_in_that_fails_says_why_and_never_the_password),
		cmocka_unit_test(
			test_galaxy__the_default_scenario_is_used_and_never_named),
		cmocka_unit_test(
			test_galaxy__the_scenario_is_noted_when_it_is_another_one),
		cmocka_unit_test(
			test_galaxy__a_probe_says_that_sales_could_not_be_booked),
		cmocka_unit_test(
			test_galaxy__a_configured_scenario_is_found_by_code_and_sent_by_id),
		cmocka_unit_test(
			test_galaxy__a_missing_scenario_is_told_with_the_choices),
		cmocka_unit_test(
			test_galaxy__a_row_of_no_use_stops_no_list_and_removes_nothing),
		cmocka_unit_test(
			test_galaxy__counts_are_asked_for_in_chunks_of_the_configured_size),
		cmocka_unit_test(
			test_galaxy__a_failing_chunk_leaves_nothing_known),
		cmocka_unit_test(
			test_galaxy__only_positive_evidence_is_a_count),
		cmocka_unit_test(
			test_galaxy__an_item_is_asked_for_once_whatever_hangs_on_it),
		cmocka_unit_test(
			test_galaxy__what_was_read_live_is_in_the_mirror),
		cmocka_unit_test(
			test_galaxy__a_look_within_a_list_wins_over_its_rows),
		cmocka_unit_test(
			test_galaxy__while_the_guid_is_unknown_an_empty_answer_tries_the_other),
		cmocka_unit_test(
			test_galaxy__a_binding_is_a_code_an_alter_code_or_a_guid),
		cmocka_unit_test(
			test_galaxy__an_alter_code_with_a_quantity_is_a_pack),
		cmocka_unit_test(
			test_galaxy__a_sync_reports_every_pack_of_what_it_reads),
		cmocka_unit_test(test_galaxy__the_sku_may_be_another_field),
		cmocka_unit_test(
			test_galaxy__a_post_is_done_refused_or_uncertain_but_never_repeated),
		cmocka_unit_test(
			test_galaxy__a_return_is_not_posted_where_nobody_allowed_it),
		cmocka_unit_test(
			test_galaxy__a_post_that_never_left_may_be_tried_again),
		cmocka_unit_test(
			test_galaxy__an_entry_waits_for_the_first_sync),
		cmocka_unit_test(
			test_galaxy__a_post_after_a_lost_session_goes_out_once_more),
		cmocka_unit_test(
			test_galaxy__a_fault_of_ours_after_sending_is_uncertain),
		cmocka_unit_test(
			test_galaxy__a_look_up_tells_there_from_absent),
		cmocka_unit_test(
			test_galaxy__an_advanced_view_is_asked_by_its_guid),
		cmocka_unit_test(
			test_galaxy__without_a_configured_look_up_nothing_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
