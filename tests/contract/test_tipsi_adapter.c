/*
 * Tipsi's own rules; what it shares with every adapter is in test_adapters.c.
 * Answers are as the project's reference on Tipsi shows them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "adapters/adapters.h"
#include "tests/support/fake_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSWORD "very-secret-password-4711"
#define API      "https://wine.test/api/rest/v001"
#define STORE    API "/store/17%2Fa"
#define FIELDS   "?inventory_fields=external_id,in_stock"

/* ---- the rig ---- */

struct rig {
	struct fake_http *http;
	struct conf_section *conf;
	void *tipsi;
	char counts[400]; /* what a sync told: "10003=5 …" */
	char progress[400];
	unsigned n_begun;
	unsigned n_breaths;
	int fault; /* what the sink returns */
};

static void
open_with(struct rig *rig, const char *more)
{
	const struct conf_type type = { .name = "tipsi",
		                        .rows = tipsi_adapter.options };
	struct buf mistakes = BUF_INIT;
	struct adapter_env env;
	char json[400];

	(void)snprintf(json, sizeof(json),
	               "{\"name\":\"cellar\",\"type\":\"tipsi\","
	               "\"url\":\"https://wine.test/\",\"username\":\"sync\","
	               "\"password\":\"" PASSWORD "\",\"store\":\"17/a\"%s}",
	               more);
	assert_int_equal(
		conf_section_parse(&rig->conf, &type, json, NULL, &mistakes),
		0);
	buf_fini(&mistakes);
	rig->http = fake_http_new();
	env = (struct adapter_env){ rig->conf, fake_http_client(rig->http),
		                    NULL, NULL };
	assert_int_equal(tipsi_adapter.open(&rig->tipsi, &env), 0);
}

static int
rig_open(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	open_with(rig, "");
	*state = rig;
	return 0;
}

static void
close_parts(struct rig *rig)
{
	tipsi_adapter.close(rig->tipsi);
	fake_http_free(rig->http);
	conf_section_free(rig->conf);
}

static int
rig_close(void **state)
{
	struct rig *rig = *state;

	close_parts(rig);
	free(rig);
	return 0;
}

static void
say(struct rig *rig, int status, const char *body)
{
	fake_http_say(rig->http, status, body);
}

static void
say_login(struct rig *rig, const char *cookies)
{
	fake_http_push(rig->http, &(struct fake_answer){ .status = 200,
	                                                 .body = "{}",
	                                                 .session = cookies });
}

/* Logged in, and nothing remembered of it. */
static void
log_in(struct rig *rig)
{
	struct buf what = BUF_INIT;

	say_login(rig, "lb=1; zx81=s3ss10n");
	say(rig, 200, "{\"count\":0,\"results\":[]}");
	assert_int_equal(tipsi_adapter.probe(rig->tipsi, &what).verdict,
	                 VERDICT_DONE);
	buf_fini(&what);
	fake_http_reset(rig->http);
}

static void
assert_url(const struct rig *rig, size_t i, const char *url)
{
	assert_string_equal(fake_http_at(rig->http, i)->url, url);
}

static void
assert_cookies(const struct rig *rig, size_t i, const char *cookies)
{
	assert_true(fake_http_has_header(fake_http_at(rig->http, i), "Cookie",
	                                 cookies));
}

static void
assert_outcome(struct outcome outcome, enum verdict verdict, const char *words)
{
	if (outcome.verdict != verdict || !strstr(outcome.why, words))
		fail_msg("%s: %s", verdict_name(outcome.verdict), outcome.why);
}

static struct outcome
read_one(struct rig *rig, struct count *count, const char *external)
{
	*count = (struct count){ .external = external };
	return tipsi_adapter.read_counts(rig->tipsi, count, 1);
}

static void
assert_known(const struct count *count, const char *qty)
{
	char text[DECIMAL_TEXT_SIZE];

	assert_true(count->is_known);
	assert_string_equal(decimal_format(text, count->qty), qty);
}

/* ---- the session ---- */

static void
test_tipsi__logs_in_when_first_asked_and_sends_every_cookie(void **state)
{
	struct rig *rig = *state;
	struct count count;
	const struct fake_request *login;

	say_login(rig, "csrf=a; zx81=b");
	say(rig, 200, "{\"id\":1,\"external_id\":\"7\",\"in_stock\":3}");
	fake_http_push(rig->http,
	               &(struct fake_answer){ .status = 404,
	                                      .session = "csrf=c; new=d" });
	say(rig, 404, "");
	assert_outcome(read_one(rig, &count, "7"), VERDICT_DONE, "");
	assert_known(&count, "3");
	(void)read_one(rig, &count, "8");
	(void)read_one(rig, &count, "9");
	login = fake_http_at(rig->http, 0);
	assert_string_equal(login->method, "POST");
	assert_string_equal(login->url, API "/login");
	assert_string_equal(login->body, "{\"username\":\"sync\",\"password\":"
	                                 "\"" PASSWORD "\"}");
	assert_null(strstr(login->headers, "Cookie"));
	assert_cookies(rig, 1, "csrf=a; zx81=b");
	assert_cookies(rig, 2, "csrf=a; zx81=b");
	assert_cookies(rig, 3, "zx81=b; csrf=c; new=d");
}

static void
test_tipsi__a_lost_session_is_renewed_once(void **state)
{
	struct rig *rig = *state;
	struct count count;

	log_in(rig);
	say(rig, 403, "{\"detail\":\"who?\"}");
	say_login(rig, "zx82=new");
	say(rig, 200, "{\"external_id\":\"7\",\"in_stock\":3}");
	assert_outcome(read_one(rig, &count, "7"), VERDICT_DONE, "");
	assert_known(&count, "3");
	assert_cookies(rig, 0, "lb=1; zx81=s3ss10n");
	assert_url(rig, 1, API "/login");
	assert_cookies(rig, 2, "zx82=new");
	fake_http_reset(rig->http);
	say(rig, 401, "{\"detail\":\"who?\"}");
	say_login(rig, "zx83=newer");
	say(rig, 401, "{\"detail\":\"who?\"}");
	assert_outcome(read_one(rig, &count, "7"), VERDICT_LOCKED,
	               "user \"sync\" may not use store \"17/a\": http 401 "
	               "{\"detail\":\"who?\"}");
	assert_int_equal(fake_http_count(rig->http), 3);
}

static void
test_tipsi__a_log_in_that_fails_says_what_to_mend(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum verdict verdict;
		const char *words;
	} rows[] = {
		{ 400, "", VERDICT_LOCKED, "`password` is wrong" },
		{ 401, "{\"detail\":\"" PASSWORD "\"}", VERDICT_LOCKED,
		  "refuses user \"sync\" (http 401)" },
		{ 403, "", VERDICT_LOCKED, "`username`" },
		{ 404, "<html>", VERDICT_RETRY, "is `url` right" },
		{ 200, "{}", VERDICT_RETRY, "no cookie" },
		{ 429, "", VERDICT_SLOW, "429" },
		{ 503, "", VERDICT_SLOW, "503" },
		{ 408, "", VERDICT_RETRY, "408" },
		{ 500, "", VERDICT_RETRY, "500" },
		{ 0, "", VERDICT_RETRY, "no answer" },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct count count;

		fake_http_reset(rig->http);
		say(rig, rows[i].status, rows[i].body);
		assert_outcome(read_one(rig, &count, "7"), rows[i].verdict,
		               rows[i].words);
		assert_int_equal(fake_http_count(rig->http), 1);
	}
}

/* ---- counts: read ---- */

static void
test_tipsi__reads_a_few_items_one_by_one(void **state)
{
	struct rig *rig = *state;
	struct count counts[] = { { .external = "10003" },
		                  { .external = "α/b" },
		                  { .external = "10005" } };

	log_in(rig);
	say(rig, 200, "{\"id\":1,\"external_id\":10003,\"in_stock\":-2}");
	say(rig, 200, "{\"id\":2,\"external_id\":\"α/b\",\"in_stock\":null}");
	say(rig, 404, "{\"detail\":\"Not found.\"}");
	assert_outcome(tipsi_adapter.read_counts(rig->tipsi, counts, 3),
	               VERDICT_DONE, "");
	assert_url(rig, 0, STORE "/ext/10003" FIELDS);
	assert_url(rig, 1, STORE "/ext/%CE%B1%2Fb" FIELDS);
	assert_known(&counts[0], "-2");
	assert_false(counts[1].is_known); /* nobody counted: no zero */
	assert_outcome(counts[1].outcome, VERDICT_DONE, "");
	assert_false(counts[2].is_known);
	assert_outcome(counts[2].outcome, VERDICT_REFUSED,
	               "store \"17/a\" has no item \"10005\"");
}

static void
test_tipsi__an_odd_answer_costs_one_item_only(void **state)
{
	static const char *const bodies[] = {
		"{}",
		"{\"external_id\":\"8\",\"in_stock\":5}",
		"{\"external_id\":\"7\",\"in_stock\":[5]}",
		"{\"external_id\":\"7\",\"in_stock\":\"many\"}",
		"{\"external_id\":[\"7\"],\"in_stock\":5}",
	};
	struct rig *rig = *state;

	log_in(rig);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		struct count count;

		say(rig, 200, bodies[i]);
		assert_outcome(read_one(rig, &count, "7"), VERDICT_DONE, "");
		assert_outcome(count.outcome, VERDICT_REFUSED, "documented");
		assert_false(count.is_known);
	}
}

/* Eleven items: dearer one by one than a page of each list. */
static void
ask_for_many(struct count counts[11])
{
	static const char *const names[] = { "1", "2", "3", "4",  "5", "6",
		                             "7", "8", "9", "10", "11" };

	for (size_t i = 0; i < 11; i++)
		counts[i] = (struct count){ .external = names[i] };
}

static void
test_tipsi__reads_many_from_the_lists_and_the_rest_alone(void **state)
{
	struct rig *rig = *state;
	struct count counts[11];

	log_in(rig);
	ask_for_many(counts);
	say(rig, 200,
	    "{\"count\":7,\"next\":\"http://evil.test/x?page=2&"
	    "inventory_fields=external_id,in_stock\",\"results\":["
	    "{\"id\":1,\"external_id\":1,\"in_stock\":11},"
	    "{\"id\":2,\"external_id\":\"2\",\"in_stock\":12},"
	    "{\"id\":3,\"external_id\":null,\"in_stock\":9},"
	    "{\"id\":4,\"external_id\":\"not ours\",\"in_stock\":9}]}");
	say(rig, 200,
	    "{\"count\":7,\"next\":null,\"results\":["
	    "{\"id\":5,\"external_id\":3,\"in_stock\":13},"
	    "{\"id\":6,\"external_id\":4,\"in_stock\":null},"
	    "{\"id\":7,\"external_id\":5,\"in_stock\":{}}]}");
	say(rig, 200,
	    "{\"count\":5,\"next\":null,\"results\":["
	    "{\"external_id\":6,\"in_stock\":16},"
	    "{\"external_id\":7,\"in_stock\":17},"
	    "{\"external_id\":8,\"in_stock\":18},"
	    "{\"external_id\":9,\"in_stock\":19},"
	    "{\"external_id\":10,\"in_stock\":0}]}");
	say(rig, 200, "{\"external_id\":5,\"in_stock\":15}");
	say(rig, 404, "");
	assert_outcome(tipsi_adapter.read_counts(rig->tipsi, counts, 11),
	               VERDICT_DONE, "");
	assert_int_equal(fake_http_count(rig->http), 5);
	assert_url(rig, 0, STORE "/wine" FIELDS);
	assert_url(rig, 1,
	           STORE "/wine?page=2&inventory_fields=external_id,in_stock");
	assert_url(rig, 2, STORE "/drink" FIELDS);
	assert_url(rig, 3, STORE "/ext/5" FIELDS);
	assert_url(rig, 4, STORE "/ext/11" FIELDS);
	assert_known(&counts[0], "11");
	assert_known(&counts[2], "13");
	assert_false(counts[3].is_known);
	assert_outcome(counts[3].outcome, VERDICT_DONE, "");
	assert_known(&counts[4], "15");
	assert_known(&counts[9], "0");
	assert_outcome(counts[10].outcome, VERDICT_REFUSED, "\"11\"");

	/* With three pages to read eleven are few. */
	fake_http_reset(rig->http);
	say(rig, 500, "");
	(void)tipsi_adapter.read_counts(rig->tipsi, counts, 11);
	assert_url(rig, 0, STORE "/ext/1" FIELDS);
}

static void
test_tipsi__learns_nothing_when_a_later_page_fails(void **state)
{
	struct rig *rig = *state;
	struct count counts[11];

	log_in(rig);
	ask_for_many(counts);
	say(rig, 200,
	    "{\"next\":null,\"results\":[{\"external_id\":1,"
	    "\"in_stock\":11}]}");
	say(rig, 502, "<html>");
	assert_outcome(tipsi_adapter.read_counts(rig->tipsi, counts, 11),
	               VERDICT_RETRY, "502");
	assert_false(counts[0].is_known);
}

static void
test_tipsi__a_link_that_makes_no_sense_ends_the_list(void **state)
{
	static const char *const links[] = {
		"\"https://wine.test/\"",
		"\"https://wine.test/?\"",
		"\"/x?page=2\\r\\nX: y\"",
		"\"/x?page=2 3\"",
		"\"/x?page=2#x\"",
		"7",
		"{}",
	};
	struct rig *rig = *state;

	log_in(rig);
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		struct count counts[11];
		char body[100];

		ask_for_many(counts);
		(void)snprintf(body, sizeof(body),
		               "{\"next\":%s,\"results\":[]}", links[i]);
		fake_http_reset(rig->http);
		say(rig, 200, body);
		assert_outcome(
			tipsi_adapter.read_counts(rig->tipsi, counts, 11),
			VERDICT_RETRY, "list of wines is not as documented");
		assert_int_equal(fake_http_count(rig->http), 1);
	}
}

static void
test_tipsi__a_list_in_a_circle_ends(void **state)
{
	struct rig *rig = *state;
	struct count counts[11];

	log_in(rig);
	ask_for_many(counts);
	for (int i = 0; i < 1001; i++)
		say(rig, 200, "{\"next\":\"/?page=2\",\"results\":[]}");
	assert_outcome(tipsi_adapter.read_counts(rig->tipsi, counts, 11),
	               VERDICT_RETRY, "does not end");
	assert_int_equal(fake_http_count(rig->http), 1000);
	/* and a link without them never costs us our fields */
	assert_url(rig, 999,
	           STORE "/wine?page=2&inventory_fields=external_id,in_stock");
}

static void
test_tipsi__an_unknown_store_locks_and_names_the_cure(void **state)
{
	struct rig *rig = *state;
	struct count counts[11];

	log_in(rig);
	ask_for_many(counts);
	say(rig, 404, "{\"detail\":\"Not found.\"}");
	assert_outcome(tipsi_adapter.read_counts(rig->tipsi, counts, 11),
	               VERDICT_LOCKED, "no store \"17/a\": `store`");
	say(rig, 404, "");
	assert_outcome(tipsi_adapter.write_counts(rig->tipsi, counts, 11, 0),
	               VERDICT_LOCKED, "no store");
}

/* ---- counts: write ---- */

static struct outcome
write_two(struct rig *rig)
{
	struct count counts[] = { { .external = "10003",
		                    .qty = decimal_of(12) },
		                  { .external = "0\"5" } };

	return tipsi_adapter.write_counts(rig->tipsi, counts, 2, 0);
}

static void
test_tipsi__writes_texts_and_whole_numbers_by_sync(void **state)
{
	struct rig *rig = *state;
	const struct fake_request *sent;

	log_in(rig);
	say(rig, 200, "{\"created_items\":0,\"updated_items\":2}");
	assert_outcome(write_two(rig), VERDICT_DONE, "");
	sent = fake_http_at(rig->http, 0);
	assert_string_equal(sent->method, "PATCH");
	assert_string_equal(sent->url, STORE "/ext/sync");
	assert_string_equal(sent->body,
	                    "[{\"external_id\":\"10003\",\"in_stock\":12},"
	                    "{\"external_id\":\"0\\\"5\",\"in_stock\":0}]");
	assert_true(
		fake_http_has_header(sent, "Content-Type", "application/json"));
	assert_int_equal(tipsi_adapter.count_places, 0);
	assert_int_equal(tipsi_adapter.batch_max(rig->conf), 300);
}

static void
test_tipsi__gives_a_batch_five_minutes_or_more(void **state)
{
	struct rig *rig = *state;
	struct rig patient = { .n_begun = 0 };

	log_in(rig);
	(void)write_two(rig);
	assert_int_equal(fake_http_at(rig->http, 0)->timeout_ms, 300000);
	open_with(&patient, ",\"timeout_ms\":400000");
	log_in(&patient);
	(void)write_two(&patient);
	assert_int_equal(fake_http_at(patient.http, 0)->timeout_ms, 400000);
	close_parts(&patient);
}

static void
test_tipsi__says_when_a_write_made_new_items(void **state)
{
	struct rig *rig = *state;

	log_in(rig);
	say(rig, 200, "{\"created_items\":1,\"updated_items\":1}");
	assert_outcome(write_two(rig), VERDICT_DONE,
	               "made 1 new items of a batch of 2");
	say(rig, 200, "{\"updated_items\":\"?\"}"); /* counters are news only */
	assert_string_equal(write_two(rig).why, "");
	say(rig, 400, "{\"barcodes\":[\"not unique\"]}");
	assert_outcome(write_two(rig), VERDICT_REFUSED,
	               "http 400 {\"barcodes\":[\"not unique\"]}");
}

/* ---- sync ---- */

static int
begin_counts(void *ctx)
{
	struct rig *rig = ctx;

	rig->n_begun++;
	assert_int_equal(fake_http_count(rig->http), 0);
	return rig->fault;
}

static int
take_count(void *ctx, const char *external, struct decimal qty)
{
	struct rig *rig = ctx;
	size_t n = strlen(rig->counts);
	char text[DECIMAL_TEXT_SIZE];

	(void)snprintf(rig->counts + n, sizeof(rig->counts) - n, "%s=%s ",
	               external, decimal_format(text, qty));
	return rig->fault;
}

static void
take_progress(void *ctx, const char *entity, int64_t rows, int64_t total)
{
	struct rig *rig = ctx;
	size_t n = strlen(rig->progress);

	(void)snprintf(rig->progress + n, sizeof(rig->progress) - n,
	               "%s %lld/%lld ", entity, (long long)rows,
	               (long long)total);
}

static int
breathe(void *ctx)
{
	struct rig *rig = ctx;

	rig->n_breaths++;
	return 0;
}

static struct outcome
sync_all(struct rig *rig, bool is_full)
{
	const struct sync_job job = { .is_full = is_full };
	const struct sync_sink sink = { .ctx = rig,
		                        .begin_counts = begin_counts,
		                        .count = take_count,
		                        .progress = take_progress,
		                        .breathe = breathe };

	rig->counts[0] = '\0';
	rig->progress[0] = '\0';
	return tipsi_adapter.sync(rig->tipsi, &job, &sink);
}

static void
say_lists(struct rig *rig)
{
	say(rig, 200,
	    "{\"count\":3,\"next\":\"/?page=2\",\"results\":["
	    "{\"external_id\":1,\"in_stock\":\"11\"},"
	    "{\"external_id\":\"2\",\"in_stock\":null}]}");
	say(rig, 200,
	    "{\"count\":3,\"next\":null,\"results\":["
	    "{\"external_id\":3,\"in_stock\":0}]}");
	say(rig, 200,
	    "{\"count\":2,\"next\":null,\"results\":["
	    "{\"external_id\":4,\"in_stock\":\"x\"},"
	    "{\"external_id\":5,\"in_stock\":15}]}");
}

static void
test_tipsi__a_sync_tells_every_count_there_is(void **state)
{
	struct rig *rig = *state;

	log_in(rig);
	for (int is_full = 0; is_full < 2; is_full++) {
		fake_http_reset(rig->http);
		say_lists(rig);
		assert_outcome(sync_all(rig, is_full), VERDICT_DONE, "");
		assert_string_equal(rig->counts, "1=11 3=0 5=15 ");
		assert_string_equal(rig->progress,
		                    "wine 2/3 wine 3/3 drink 2/2 ");
	}
	assert_int_equal(rig->n_begun, 2);
	assert_int_equal(rig->n_breaths, 6);
}

static void
test_tipsi__a_sync_ends_when_its_reader_does(void **state)
{
	struct rig *rig = *state;

	log_in(rig);
	rig->fault = -1;
	assert_outcome(sync_all(rig, true), VERDICT_RETRY, "");
	assert_int_equal(fake_http_count(rig->http), 0);
}

/* ---- what it is ---- */

static void
test_tipsi__a_probe_names_user_store_and_wines(void **state)
{
	struct rig *rig = *state;
	struct buf what = BUF_INIT;

	say_login(rig, "zx81=s3ss10n");
	say(rig, 200,
	    "{\"count\":412,\"next\":\"…\",\"results\":[{\"id\":1}]}");
	assert_outcome(tipsi_adapter.probe(rig->tipsi, &what), VERDICT_DONE,
	               "");
	assert_string_equal(buf_text(&what),
	                    "user \"sync\", store \"17/a\" with 412 wines");
	assert_url(rig, 1, STORE "/wine?page_size=1");
	buf_fini(&what);
}

/* ---- finding items ---- */

#define NAMES \
	"inventory_fields=external_id,barcodes,pos_item_name" \
	"&wine_fields=name&drink_fields=name"

/* "external|sku|barcode|name\n" each. */
static int
note_listing(void *ctx, const struct listing *l)
{
	buf_addf(ctx, "%s|%s|%s|%s\n", l->external, l->sku, l->barcode,
	         l->name);
	return 0;
}

static enum verdict
find(struct rig *rig, struct buf *found, enum listing_by by, const char *text)
{
	const struct listing_sink sink = { found, note_listing };

	buf_reset(found);
	return tipsi_adapter.list_items(rig->tipsi, by, text, &sink).verdict;
}

static void
test_tipsi__lists_what_stands_in_its_two_lists(void **state)
{
	struct rig *rig = *state;
	struct buf found = BUF_INIT;

	log_in(rig);
	say(rig, 200,
	    "{\"count\":2,\"next\":\"https://wine.test/x?page=2\",\"results\":["
	    "{\"external_id\":10003,\"barcodes\":[\"0012\",\"0 13\",\"0014\"],"
	    "\"pos_item_name\":\"Red 750ML\"},{\"id\":7}]}");
	say(rig, 200,
	    "{\"count\":2,\"next\":null,\"results\":[{\"external_id\":\"A-1\","
	    "\"barcodes\":[],\"pos_item_name\":null,\"wine\":{\"id\":1,"
	    "\"name\":\"Agiorgitiko\"}}]}");
	say(rig, 200,
	    "{\"count\":1,\"next\":null,\"results\":[{\"external_id\":\"B-1\","
	    "\"drink\":{\"id\":1,\"name\":\"Ouzo\"}}]}");
	assert_int_equal(find(rig, &found, LISTING_ALL, ""), VERDICT_DONE);
	assert_string_equal(buf_text(&found),
	                    "10003|10003|0012 0014|Red 750ML\n"
	                    "A-1|A-1||Agiorgitiko\n"
	                    "B-1|B-1||Ouzo\n");
	assert_url(rig, 0, STORE "/wine?" NAMES);
	assert_url(rig, 1, STORE "/wine?page=2&" NAMES);
	assert_url(rig, 2, STORE "/drink?" NAMES);
	buf_fini(&found);
}

static void
test_tipsi__finds_one_by_its_barcode_or_id(void **state)
{
	static const char one[] =
		"{\"id\":1,\"external_id\":\"A-1\",\"barcodes\":[\"0012\"]}";
	struct rig *rig = *state;
	struct buf found = BUF_INIT;

	log_in(rig);
	say(rig, 200, one);
	assert_int_equal(find(rig, &found, LISTING_BARCODE, "0012"),
	                 VERDICT_DONE);
	assert_string_equal(buf_text(&found), "A-1|A-1|0012|\n");
	assert_url(rig, 0, STORE "/barcode/0012?" NAMES);
	say(rig, 200, one);
	assert_int_equal(find(rig, &found, LISTING_SKU, "a-1"), VERDICT_DONE);
	assert_string_equal(buf_text(&found), "A-1|A-1|0012|\n");
	assert_url(rig, 1, STORE "/ext/a-1?" NAMES);
	say(rig, 404, "{\"detail\":\"Not found.\"}");
	assert_int_equal(find(rig, &found, LISTING_SKU, "4711"), VERDICT_DONE);
	assert_int_equal(found.n, 0);
	say(rig, 500, "");
	assert_int_equal(find(rig, &found, LISTING_SKU, "4711"), VERDICT_RETRY);
	buf_fini(&found);
}

/* What is missing here is not there at the vendor either. */
static void
test_tipsi__shows_what_it_can_do(void **state)
{
	(void)state;
	assert_non_null(tipsi_adapter.read_counts);
	assert_non_null(tipsi_adapter.write_counts);
	assert_non_null(tipsi_adapter.list_items);
	assert_non_null(tipsi_adapter.sync);
	assert_null(tipsi_adapter.list_sales);
	assert_null(tipsi_adapter.list_returns);
	assert_null(tipsi_adapter.post_entry);
}

#define T(f) cmocka_unit_test_setup_teardown(f, rig_open, rig_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_tipsi__logs_in_when_first_asked_and_sends_every_cookie),
		T(test_tipsi__a_lost_session_is_renewed_once),
		T(test_tipsi__a_log_in_that_fails_says_what_to_mend),
		T(test_tipsi__reads_a_few_items_one_by_one),
		T(test_tipsi__an_odd_answer_costs_one_item_only),
		T(test_tipsi__reads_many_from_the_lists_and_the_rest_alone),
		T(test_tipsi__learns_nothing_when_a_later_page_fails),
		T(test_tipsi__a_link_that_makes_no_sense_ends_the_list),
		T(test_tipsi__a_list_in_a_circle_ends),
		T(test_tipsi__an_unknown_store_locks_and_names_the_cure),
		T(test_tipsi__writes_texts_and_whole_numbers_by_sync),
		T(test_tipsi__gives_a_batch_five_minutes_or_more),
		T(test_tipsi__says_when_a_write_made_new_items),
		T(test_tipsi__a_sync_tells_every_count_there_is),
		T(test_tipsi__a_sync_ends_when_its_reader_does),
		T(test_tipsi__a_probe_names_user_store_and_wines),
		T(test_tipsi__lists_what_stands_in_its_two_lists),
		T(test_tipsi__finds_one_by_its_barcode_or_id),
		T(test_tipsi__shows_what_it_can_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
