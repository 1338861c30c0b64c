/*
 * What every adapter owes the engine, asked of Square's, and Square's own
 * rules. Answers are fixtures after the vendor's OpenAPI 2025-08-20.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "adapters/adapters.h"
#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http.h"
#include "tests/support/fake_mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN "EAAA-very-secret-token-4711"

#define HOUR_MS (INT64_C(3600) * 1000)

#define NOTE "counts.calculated_at"

/* ---- the rig ---- */

struct rig {
	struct fake_http *http;
	struct mirror *mirror;
	struct conf_section *conf;
	void *square;
	int64_t now_ms;
};

static int
rig_open(void **state)
{
	const struct conf_type type = { .name = "square",
		                        .rows = square_adapter.options,
		                        .default_url =
		                                square_adapter.default_url };
	struct rig *rig = calloc(1, sizeof(*rig));
	struct buf mistakes = BUF_INIT;
	struct adapter_env env;

	assert_non_null(rig);
	assert_int_equal(
		conf_section_parse(&rig->conf, &type,
	                           "{\"name\":\"agora\",\"type\":\"square\","
	                           "\"access_token\":\"" TOKEN "\","
	                           "\"url\":\"https://vendor.example/base/\","
	                           "\"location\":\"L1\"}",
	                           NULL, &mistakes),
		0);
	buf_fini(&mistakes);
	assert_int_equal(clock_parse(&rig->now_ms, "2026-11-20T10:00:00Z", 0),
	                 0);
	fake_clock_start(rig->now_ms, 1000);
	rig->http = fake_http_new();
	rig->mirror = fake_mirror_new();
	env = (struct adapter_env){ rig->conf, fake_http_client(rig->http),
		                    rig->mirror, NULL };
	assert_int_equal(square_adapter.open(&rig->square, &env), 0);
	*state = rig;
	return 0;
}

static int
rig_close(void **state)
{
	struct rig *rig = *state;

	square_adapter.close(rig->square);
	fake_http_free(rig->http);
	fake_mirror_free(rig->mirror);
	conf_section_free(rig->conf);
	fake_clock_stop();
	free(rig);
	return 0;
}

/* A fixture's text; the caller frees it. */
static char *
load(const char *name)
{
	char path[128];
	struct buf text = BUF_INIT;
	char piece[4096];
	size_t n;
	FILE *file;

	(void)snprintf(path, sizeof(path), "tests/fixtures/square/%s.json",
	               name);
	file = fopen(path, "r");
	assert_non_null(file);
	while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_add(&text, piece, n);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(buf_check(&text), 0);
	return buf_steal(&text);
}

static void
say_fixture(struct rig *rig, int status, const char *name)
{
	char *text = load(name);

	fake_http_say(rig->http, status, text);
	free(text);
}

static const char *
sent_body(const struct rig *rig, size_t i)
{
	return fake_http_at(rig->http, i)->body;
}

/* The text at a dotted path of a request, or "(absent)"; in a ring of two. */
static const char *
sent_text(const struct rig *rig, size_t i, const char *path)
{
	static char ring[2][256];
	static unsigned turn;
	char *out = ring[turn++ % 2];
	struct json *doc;
	const char *body = sent_body(rig, i);
	const char *text;

	assert_int_equal(json_parse(&doc, body, strlen(body)), 0);
	text = json_text(json_path(json_root(doc), path));
	(void)snprintf(out, sizeof(ring[0]), "%s", text ? text : "(absent)");
	json_free(doc);
	return out;
}

/* A member of the i-th request's j-th physical count; borrowed like above. */
static const char *
sent_change(const struct rig *rig, size_t i, size_t j, const char *key)
{
	static char ring[2][256];
	static unsigned turn;
	char *out = ring[turn++ % 2];
	struct json *doc;
	const char *body = sent_body(rig, i);
	const struct json_node *change;

	assert_int_equal(json_parse(&doc, body, strlen(body)), 0);
	change = json_at(json_find(json_root(doc), "changes"), j);
	(void)snprintf(out, sizeof(ring[0]), "%s",
	               json_text_or(json_find(change, "physical_count"), key,
	                            "(absent)"));
	json_free(doc);
	return out;
}

static size_t
sent_changes(const struct rig *rig, size_t i)
{
	struct json *doc;
	const char *body = sent_body(rig, i);
	size_t n;

	assert_int_equal(json_parse(&doc, body, strlen(body)), 0);
	n = json_length(json_find(json_root(doc), "changes"));
	json_free(doc);
	return n;
}

static struct decimal
dec(const char *text)
{
	struct decimal d;

	assert_int_equal(decimal_parse(&d, text), 0);
	return d;
}

#define assert_decimal(d, text) assert_int_equal(decimal_cmp((d), dec(text)), 0)

#define assert_verdict(outcome, wanted) \
	assert_string_equal(verdict_name((outcome).verdict), \
	                    verdict_name(wanted))

/* ---- where results go ---- */

enum { SALES_MAX = 8 };

struct got {
	struct sale sales[SALES_MAX];
	size_t n_sales;
	char counts[512]; /* "VARIATION-ONE=10 …" */
	int64_t rows;
	const struct fake_http *http; /* to note when the counts began; NULL */
	size_t began_after;           /* requests */
	unsigned n_begun;
	unsigned n_breaths;
	bool is_dry;
	int fault;             /* what the sink returns */
	struct mirror *broken; /* NULL, or the mirror that fails from now on */
};

static int
take_sale(void *ctx, struct sale *sale)
{
	struct got *got = ctx;

	assert_true(got->n_sales < SALES_MAX);
	got->sales[got->n_sales++] = *sale;
	*sale = (struct sale){ 0 };
	return got->fault;
}

static int
begin_counts(void *ctx)
{
	struct got *got = ctx;

	got->n_begun++;
	got->began_after = got->http ? fake_http_count(got->http) : 0;
	return 0;
}

static int
breathe(void *ctx)
{
	struct got *got = ctx;

	got->n_breaths++;
	return got->fault;
}

static int
take_count(void *ctx, const char *external, struct decimal qty)
{
	struct got *got = ctx;
	char text[DECIMAL_TEXT_SIZE];
	size_t n = strlen(got->counts);

	if (got->broken)
		fake_mirror_break(got->broken, 1);
	(void)snprintf(got->counts + n, sizeof(got->counts) - n, "%s=%s ",
	               external, decimal_format(text, qty));
	return got->fault;
}

static void
take_progress(void *ctx, const char *entity, int64_t rows, int64_t total)
{
	struct got *got = ctx;

	assert_string_equal(entity, "counts");
	assert_int_equal(total, 0);
	got->rows = rows;
}

static void
got_fini(struct got *got)
{
	for (size_t i = 0; i < got->n_sales; i++)
		sale_fini(&got->sales[i]);
	*got = (struct got){ 0 };
}

static struct outcome
sync_all(struct rig *rig, struct got *got, bool is_full)
{
	const struct sync_job job = { .is_full = is_full,
		                      .is_dry = got->is_dry };
	const struct sync_sink sink = { .ctx = got,
		                        .begin_counts = begin_counts,
		                        .count = take_count,
		                        .progress = take_progress,
		                        .breathe = breathe };

	return square_adapter.sync(rig->square, &job, &sink);
}

static struct outcome
list_all(struct rig *rig, struct got *got)
{
	const struct sale_sink sink = { got, take_sale };

	return square_adapter.list_sales(rig->square, rig->now_ms - HOUR_MS,
	                                 rig->now_ms, &sink);
}

static struct outcome
read_both(struct rig *rig, struct count counts[2])
{
	counts[0] = (struct count){ .external = "VARIATION-ONE" };
	counts[1] = (struct count){ .external = "VARIATION-TWO" };
	return square_adapter.read_counts(rig->square, counts, 2);
}

static struct outcome
write_both(struct rig *rig, struct count counts[2], int64_t as_of_ms)
{
	counts[0] =
		(struct count){ .external = "VARIATION-ONE", .qty = dec("7") };
	counts[1] = (struct count){ .external = "VARIATION-TWO",
		                    .qty = dec("1.25") };
	return square_adapter.write_counts(rig->square, counts, 2, as_of_ms);
}

/* ---- the rows that hold for every adapter, for each of its calls ---- */

static struct outcome
do_probe(struct rig *rig)
{
	struct buf what = BUF_INIT;
	struct outcome outcome = square_adapter.probe(rig->square, &what);

	assert_int_equal(what.n, 0);
	buf_fini(&what);
	return outcome;
}

static struct outcome
do_read(struct rig *rig)
{
	struct count counts[2];
	struct outcome outcome = read_both(rig, counts);

	assert_false(counts[0].is_known);
	assert_false(counts[1].is_known);
	return outcome;
}

static struct outcome
do_write(struct rig *rig)
{
	struct count counts[2];

	return write_both(rig, counts, rig->now_ms);
}

static struct outcome
do_list(struct rig *rig)
{
	struct got got = { 0 };
	struct outcome outcome = list_all(rig, &got);

	assert_int_equal(got.n_sales, 0);
	return outcome;
}

static struct outcome
do_sales(struct rig *rig)
{
	const char *const ids[] = { "ORDER-1" };
	struct got got = { 0 };
	const struct sale_sink sink = { &got, take_sale };
	struct outcome outcome =
		square_adapter.read_sales(rig->square, ids, 1, &sink);

	assert_int_equal(got.n_sales, 0);
	return outcome;
}

static struct outcome
do_sync(struct rig *rig)
{
	struct got got = { 0 };
	struct outcome outcome = sync_all(rig, &got, true);

	assert_string_equal(got.counts, "");
	assert_true(fake_mirror_note_is(rig->mirror, NOTE, NULL));
	return outcome;
}

static struct outcome
do_returns(struct rig *rig)
{
	struct got got = { 0 };
	const struct sale_sink sink = { &got, take_sale };
	struct outcome outcome = square_adapter.list_returns(
		rig->square, rig->now_ms - HOUR_MS, rig->now_ms, &sink);

	got_fini(&got);
	return outcome;
}

struct act {
	const char *name;
	struct outcome (*run)(struct rig *rig);
};

static const struct act acts[] = {
	{ "probe", do_probe },        { "read_counts", do_read },
	{ "write_counts", do_write }, { "list_sales", do_list },
	{ "read_sales", do_sales },   { "list_returns", do_returns },
	{ "sync", do_sync },
};

enum { N_ACTS = sizeof(acts) / sizeof(*acts) };

struct row {
	const char *sentence;
	int status;
	const char *fixture; /* NULL: body */
	const char *body;
	enum verdict verdict;
};

static const struct row rows[] = {
	{ "500 is passing", 500, "error_internal", NULL, VERDICT_RETRY },
	{ "502 is passing", 502, NULL, "<html>", VERDICT_RETRY },
	{ "503 is passing", 503, NULL, "", VERDICT_RETRY },
	{ "503 of any code is passing", 503, "error_not_found", NULL,
	  VERDICT_RETRY },
	{ "504 is passing", 504, "error_bad_request", NULL, VERDICT_RETRY },
	{ "408 is passing", 408, NULL, "", VERDICT_RETRY },
	{ "409 is looked at again", 409, NULL, "{}", VERDICT_RETRY },
	{ "no answer is passing", 0, NULL, "", VERDICT_RETRY },
	{ "a redirect is not followed", 301, NULL, "", VERDICT_RETRY },
	{ "429 is slow", 429, "error_rate_limited", NULL, VERDICT_SLOW },
	{ "429 without words is slow", 429, NULL, "", VERDICT_SLOW },
	{ "401 locks", 401, "error_unauthorized", NULL, VERDICT_LOCKED },
	{ "401 without words locks", 401, NULL, "", VERDICT_LOCKED },
	{ "403 locks", 403, "error_scopes", NULL, VERDICT_LOCKED },
	{ "403 of any category locks", 403, "error_bad_request", NULL,
	  VERDICT_LOCKED },
	{ "400 is refused", 400, "error_bad_request", NULL, VERDICT_REFUSED },
	{ "404 is refused", 404, "error_bad_request", NULL, VERDICT_REFUSED },
	{ "404 of a proxy is passing", 404, NULL, "<html>", VERDICT_RETRY },
	{ "422 without words is passing", 422, NULL, "{}", VERDICT_RETRY },
	{ "400 without a code is passing", 400, NULL,
	  "{\"errors\":[{\"detail\":\"no such route\"}]}", VERDICT_RETRY },
	{ "an error inside 200 counts", 200, "error_internal", NULL,
	  VERDICT_RETRY },
	{ "a refusal inside 200 counts", 200, "error_bad_request", NULL,
	  VERDICT_REFUSED },
	{ "an empty 200 is nothing", 200, NULL, "", VERDICT_RETRY },
	{ "HTML is nothing", 200, NULL, "<html>login</html>", VERDICT_RETRY },
	{ "half an answer is nothing", 200, NULL,
	  "{\"counts\":[{\"catalog_object_id\":\"VARIATION-ONE\",\"quan",
	  VERDICT_RETRY },
	{ "a list is nothing", 200, NULL, "[]", VERDICT_RETRY },
	{ "null is nothing", 200, NULL, "null", VERDICT_RETRY },
};

/* Run every call against one answer. */
static void
check_row(struct rig *rig, const struct row *row, const char *body)
{
	const struct fake_answer answer = { .status = row->status,
		                            .body = body,
		                            .retry_after_ms = row->status == 429
		                                                      ? 7000
		                                                      : 0,
		                            .was_sent = true,
		                            .why = "timed out" };
	struct outcome outcome;

	for (size_t i = 0; i < N_ACTS; i++) {
		fake_http_reset(rig->http);
		fake_http_push(rig->http, &answer);
		outcome = acts[i].run(rig);
		if (outcome.verdict != row->verdict)
			fail_msg("%s: %s gave %s (%s)", row->sentence,
			         acts[i].name, verdict_name(outcome.verdict),
			         outcome.why);
		assert_int_equal(fake_http_count(rig->http), 1);
		assert_true(outcome.why[0] != '\0');
		if (row->verdict == VERDICT_SLOW)
			assert_int_equal(outcome.wait_ms, 7000);
	}
}

static void
test_square_adapter__reports_each_kind_of_trouble(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *text = rows[i].fixture ? load(rows[i].fixture) : NULL;

		check_row(*state, &rows[i], text ? text : rows[i].body);
		free(text);
	}
}

static void
test_square_adapter__survives_huge_and_deep_answers(void **state)
{
	const struct row row = { .sentence = "rubbish",
		                 .status = 200,
		                 .verdict = VERDICT_RETRY };
	enum { HUGE_SIZE = 3000000 };
	char *huge = malloc(HUGE_SIZE + 1);

	assert_non_null(huge);
	memset(huge, '[', HUGE_SIZE);
	huge[HUGE_SIZE] = '\0';
	check_row(*state, &row, huge);
	memset(huge, ' ', HUGE_SIZE);
	check_row(*state, &row, huge);
	free(huge);
}

/* Answers of the right shape with the wrong types teach nothing. */
static void
test_square_adapter__learns_nothing_from_wrong_types(void **state)
{
	static const char *const bodies[] = {
		"{\"counts\":{},\"orders\":{},\"changes\":{},"
		"\"locations\":7}",
		"{\"counts\":\"x\",\"orders\":\"x\",\"changes\":\"x\","
		"\"locations\":\"x\"}",
		"{\"counts\":7,\"orders\":true,\"changes\":7,"
		"\"locations\":{}}",
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		for (size_t j = 0; j < N_ACTS; j++) {
			if (acts[j].run == do_write)
				continue; /* looks at the status only */
			fake_http_reset(rig->http);
			fake_http_say(rig->http, 200, bodies[i]);
			assert_true(acts[j].run(rig).verdict != VERDICT_DONE);
		}
	}
}

static void
test_square_adapter__never_tells_its_token(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;

	fake_http_say(rig->http, 400,
	              "{\"errors\":[{\"category\":\"X\",\"code\":\"" TOKEN
	              "\",\"detail\":\"bad token " TOKEN "\\u000a!\"}]}");
	outcome = do_list(rig);
	assert_verdict(outcome, VERDICT_REFUSED);
	assert_null(strstr(outcome.why, "4711"));
	assert_non_null(strstr(outcome.why, "bad token ***"));
	assert_null(strchr(outcome.why, '\n'));
}

static void
test_square_adapter__says_category_code_and_detail(void **state)
{
	struct rig *rig = *state;

	say_fixture(rig, 400, "error_bad_request");
	assert_string_equal(do_list(rig).why,
	                    "http 400 INVALID_REQUEST_ERROR VALUE_TOO_LONG: "
	                    "The value is too long.");
	fake_http_say(rig->http, 503, "<html>");
	assert_string_equal(do_list(rig).why, "http 503");
}

/* What the code says outweighs the status 400 it comes with. */
static void
test_square_adapter__obeys_the_code_of_an_error(void **state)
{
	static const struct {
		const char *code;
		enum verdict verdict;
	} codes[] = {
		{ "ACCESS_TOKEN_EXPIRED", VERDICT_LOCKED },
		{ "ACCESS_TOKEN_REVOKED", VERDICT_LOCKED },
		{ "CLIENT_DISABLED", VERDICT_LOCKED },
		{ "INVALID_CURSOR", VERDICT_RETRY },
		{ "CONFLICT", VERDICT_RETRY },
		{ "TEMPORARY_ERROR", VERDICT_RETRY },
		{ "RATE_LIMITED", VERDICT_SLOW },
		{ "IDEMPOTENCY_KEY_REUSED", VERDICT_REFUSED },
		{ "NOT_FOUND", VERDICT_REFUSED },
		{ "INVALID_LOCATION", VERDICT_REFUSED },
		{ "UNKNOWN_BODY_PARAMETER", VERDICT_REFUSED },
	};
	struct rig *rig = *state;
	char body[200];

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		(void)snprintf(body, sizeof(body),
		               "{\"errors\":[{\"category\":"
		               "\"INVALID_REQUEST_ERROR\",\"code\":\"%s\"}]}",
		               codes[i].code);
		fake_http_reset(rig->http);
		fake_http_say(rig->http, 400, body);
		assert_verdict(do_sales(rig), codes[i].verdict);
	}
}

static void
test_square_adapter__calls_only_the_configured_address(void **state)
{
	struct rig *rig = *state;
	const struct fake_request *request;

	for (size_t i = 0; i < N_ACTS; i++)
		(void)acts[i].run(rig);
	assert_int_equal(fake_http_count(rig->http), N_ACTS);
	for (size_t i = 0; i < N_ACTS; i++) {
		request = fake_http_at(rig->http, i);
		assert_memory_equal(request->url,
		                    "https://vendor.example/base/v2/", 31);
		assert_true(fake_http_has_header(request, "Authorization",
		                                 "Bearer " TOKEN));
		assert_true(fake_http_has_header(request, "Square-Version",
		                                 "2025-08-20"));
		assert_string_equal(request->method, i == 0 ? "GET" : "POST");
		assert_true(i == 0 ||
		            fake_http_has_header(request, "Content-Type",
		                                 "application/json"));
	}
}

/* ---- no member that the vendor does not know ---- */

/* Source: `properties` of the request schemas in the OpenAPI 2025-08-20. */
static const char *const known_members[] = {
	/* BatchRetrieveInventoryCountsRequest */
	"counts/batch-retrieve:catalog_object_ids",
	"counts/batch-retrieve:location_ids",
	"counts/batch-retrieve:updated_after",
	"counts/batch-retrieve:cursor",
	"counts/batch-retrieve:states",
	"counts/batch-retrieve:limit",
	/* BatchChangeInventoryRequest, InventoryChange; of
	   InventoryPhysicalCount only what is not read-only */
	"changes/batch-create:idempotency_key",
	"changes/batch-create:changes",
	"changes/batch-create:ignore_unchanged_counts",
	"changes/batch-create:changes.type",
	"changes/batch-create:changes.physical_count",
	"changes/batch-create:changes.physical_count.reference_id",
	"changes/batch-create:changes.physical_count.catalog_object_id",
	"changes/batch-create:changes.physical_count.catalog_object_type",
	"changes/batch-create:changes.physical_count.state",
	"changes/batch-create:changes.physical_count.location_id",
	"changes/batch-create:changes.physical_count.quantity",
	"changes/batch-create:changes.physical_count.occurred_at",
	/* BatchRetrieveInventoryChangesRequest */
	"changes/batch-retrieve:catalog_object_ids",
	"changes/batch-retrieve:location_ids",
	"changes/batch-retrieve:types",
	"changes/batch-retrieve:states",
	"changes/batch-retrieve:updated_after",
	"changes/batch-retrieve:updated_before",
	"changes/batch-retrieve:cursor",
	"changes/batch-retrieve:limit",
	/* SearchOrdersRequest */
	"orders/search:location_ids",
	"orders/search:cursor",
	"orders/search:query",
	"orders/search:limit",
	"orders/search:return_entries",
	"orders/search:query.filter",
	"orders/search:query.sort",
	"orders/search:query.filter.state_filter",
	"orders/search:query.filter.state_filter.states",
	"orders/search:query.filter.date_time_filter",
	"orders/search:query.filter.date_time_filter.closed_at",
	"orders/search:query.filter.date_time_filter.closed_at.start_at",
	"orders/search:query.filter.date_time_filter.closed_at.end_at",
	"orders/search:query.sort.sort_field",
	"orders/search:query.sort.sort_order",
	/* BatchRetrieveOrdersRequest */
	"orders/batch-retrieve:location_id",
	"orders/batch-retrieve:order_ids",
};

static bool check_member(void *ctx, const char *key,
                         const struct json_node *value);

static void
check_members(const char *prefix, const struct json_node *node)
{
	char deeper[200];

	(void)snprintf(deeper, sizeof(deeper), "%s", prefix);
	if (json_type(node) == JSON_OBJECT)
		json_each(node, check_member, deeper);
	for (size_t i = 0; i < json_length(node); i++)
		check_members(prefix, json_at(node, i));
}

static bool
check_member(void *ctx, const char *key, const struct json_node *value)
{
	const char *prefix = ctx;
	char path[200];
	bool is_known = false;

	(void)snprintf(path, sizeof(path), "%.120s%s%s", prefix,
	               prefix[strlen(prefix) - 1] == ':' ? "" : ".", key);
	for (size_t i = 0; i < sizeof(known_members) / sizeof(*known_members);
	     i++)
		is_known |= strcmp(known_members[i], path) == 0;
	if (!is_known)
		fail_msg("the vendor knows no %s", path);
	check_members(path, value);
	return true;
}

static void
check_request(const struct fake_request *request)
{
	const char *path = strstr(request->url, "/v2/") + 4;
	char prefix[64];
	struct json *doc;

	if (!request->body)
		return;
	if (strncmp(path, "inventory/", 10) == 0)
		path += 10;
	(void)snprintf(prefix, sizeof(prefix), "%s:", path);
	assert_int_equal(json_parse(&doc, request->body, strlen(request->body)),
	                 0);
	check_members(prefix, json_root(doc));
	json_free(doc);
}

static void
test_square_adapter__sends_no_member_the_vendor_does_not_know(void **state)
{
	struct rig *rig = *state;
	struct got got = { 0 };

	for (size_t i = 0; i < N_ACTS; i++)
		(void)acts[i].run(rig);
	/* Only a later call sends a cursor and updated_after. */
	assert_int_equal(
		mirror_note_set(rig->mirror, NOTE, "2026-11-20T09:00:00Z"), 0);
	fake_http_say(rig->http, 200, "{\"cursor\":\"C1\"}");
	(void)sync_all(rig, &got, false);
	assert_string_equal(sent_text(rig, N_ACTS + 1, "cursor"), "C1");
	assert_int_equal(fake_http_count(rig->http), 2 + N_ACTS);
	for (size_t i = 0; i < fake_http_count(rig->http); i++)
		check_request(fake_http_at(rig->http, i));
}

/* ---- reading counts ---- */

static void
test_square_adapter__reads_counts_of_its_own_location(void **state)
{
	struct rig *rig = *state;
	struct count counts[2];

	say_fixture(rig, 200, "counts");
	assert_verdict(read_both(rig, counts), VERDICT_DONE);
	assert_true(counts[0].is_known);
	assert_decimal(counts[0].qty, "10"); /* the newest row of two */
	assert_true(counts[1].is_known);
	assert_decimal(counts[1].qty, "-2.125");
	assert_string_equal(sent_body(rig, 0),
	                    "{\"catalog_object_ids\":[\"VARIATION-ONE\","
	                    "\"VARIATION-TWO\"],\"location_ids\":[\"L1\"],"
	                    "\"states\":[\"IN_STOCK\"],\"limit\":1000}");
}

static void
test_square_adapter__does_not_know_a_count_that_is_absent(void **state)
{
	struct count counts[2];

	fake_http_say(((struct rig *)*state)->http, 200, "{}");
	assert_verdict(read_both(*state, counts), VERDICT_DONE);
	assert_false(counts[0].is_known);
	assert_false(counts[1].is_known);
}

static void
test_square_adapter__does_not_know_a_count_it_cannot_read(void **state)
{
	static const char *const quantities[] = {
		"10",      "null",
		"\"\"",    "\"ten\"",
		"\"0x5\"", "\"1.0000000001\"",
		"[]",      "\"0\",\"is_estimated\":true",
	};
	struct rig *rig = *state;
	struct count counts[2];
	char body[300];

	for (size_t i = 0; i < sizeof(quantities) / sizeof(*quantities); i++) {
		(void)snprintf(body, sizeof(body),
		               "{\"counts\":[{\"catalog_object_id\":"
		               "\"VARIATION-ONE\",\"state\":\"IN_STOCK\","
		               "\"location_id\":\"L1\",\"quantity\":%s}]}",
		               quantities[i]);
		fake_http_say(rig->http, 200, body);
		assert_verdict(read_both(rig, counts), VERDICT_DONE);
		assert_false(counts[0].is_known);
	}
}

static void
test_square_adapter__follows_cursors_with_the_same_query(void **state)
{
	struct rig *rig = *state;
	struct count counts[2];
	char *text = load("counts");

	fake_http_say(rig->http, 200, "{\"counts\":[],\"cursor\":\"C\\\"1\"}");
	fake_http_say(rig->http, 200, "{\"cursor\":\"C2\"}");
	fake_http_say(rig->http, 200, text);
	assert_verdict(read_both(rig, counts), VERDICT_DONE);
	assert_true(counts[0].is_known);
	assert_int_equal(fake_http_count(rig->http), 3);
	assert_string_equal(sent_text(rig, 0, "cursor"), "(absent)");
	assert_string_equal(sent_text(rig, 1, "cursor"), "C\"1");
	assert_string_equal(sent_text(rig, 2, "cursor"), "C2");
	assert_memory_equal(sent_body(rig, 2), sent_body(rig, 0),
	                    strlen(sent_body(rig, 0)) - 1);
	free(text);
}

static void
test_square_adapter__learns_nothing_when_a_later_page_fails(void **state)
{
	struct rig *rig = *state;
	struct count counts[2];

	fake_http_say(rig->http, 200,
	              "{\"counts\":[{\"catalog_object_id\":\"VARIATION-ONE\","
	              "\"state\":\"IN_STOCK\",\"location_id\":\"L1\","
	              "\"quantity\":\"3\"}],\"cursor\":\"C1\"}");
	say_fixture(rig, 500, "error_internal");
	assert_verdict(read_both(rig, counts), VERDICT_RETRY);
	assert_false(counts[0].is_known);
}

static void
test_square_adapter__ends_a_listing_that_goes_in_a_circle(void **state)
{
	struct rig *rig = *state;
	struct count counts[2];

	fake_http_say(rig->http, 200, "{\"cursor\":\"C1\"}");
	fake_http_say(rig->http, 200, "{\"cursor\":\"C1\"}");
	assert_verdict(read_both(rig, counts), VERDICT_RETRY);
	assert_int_equal(fake_http_count(rig->http), 2);
}

static void
test_square_adapter__asks_nothing_for_no_items(void **state)
{
	struct rig *rig = *state;

	assert_verdict(square_adapter.read_counts(rig->square, NULL, 0),
	               VERDICT_DONE);
	assert_int_equal(fake_http_count(rig->http), 0);
}

/* ---- writing counts ---- */

#define CHANGES \
	"[{\"type\":\"PHYSICAL_COUNT\",\"physical_count\":{" \
	"\"reference_id\":\"tillbridge\"," \
	"\"catalog_object_id\":\"VARIATION-ONE\",\"state\":\"IN_STOCK\"," \
	"\"location_id\":\"L1\",\"quantity\":\"7\"," \
	"\"occurred_at\":\"2026-11-20T09:59:57.500Z\"}}," \
	"{\"type\":\"PHYSICAL_COUNT\",\"physical_count\":{" \
	"\"reference_id\":\"tillbridge\"," \
	"\"catalog_object_id\":\"VARIATION-TWO\",\"state\":\"IN_STOCK\"," \
	"\"location_id\":\"L1\",\"quantity\":\"1.25\"," \
	"\"occurred_at\":\"2026-11-20T09:59:57.500Z\"}}]"

static void
test_square_adapter__writes_counts_under_a_key_made_from_them(void **state)
{
	const struct crypto_part part = { CHANGES, strlen(CHANGES) };
	struct rig *rig = *state;
	struct count counts[2];
	struct buf want = BUF_INIT;
	char key[65];

	fake_http_say(rig->http, 200, "{\"counts\":[],\"changes\":[]}");
	assert_verdict(write_both(rig, counts, rig->now_ms - 2500),
	               VERDICT_DONE);
	assert_int_equal(crypto_sha256_hex(key, &part, 1), 0);
	buf_addf(
		&want,
		"{\"idempotency_key\":\"%s\",\"ignore_unchanged_counts\":false,"
		"\"changes\":%s}",
		key, CHANGES);
	assert_string_equal(sent_body(rig, 0), buf_text(&want));
	buf_fini(&want);
}

static void
test_square_adapter__repeats_a_job_with_the_same_bytes(void **state)
{
	struct rig *rig = *state;
	struct count counts[2];

	assert_verdict(write_both(rig, counts, rig->now_ms - 2500),
	               VERDICT_RETRY);
	fake_clock_advance(45000);
	assert_verdict(write_both(rig, counts, rig->now_ms - 2500),
	               VERDICT_RETRY);
	assert_string_equal(sent_body(rig, 0), sent_body(rig, 1));
	(void)write_both(rig, counts, rig->now_ms - 2499);
	assert_string_not_equal(sent_text(rig, 0, "idempotency_key"),
	                        sent_text(rig, 2, "idempotency_key"));
}

static const char *
stamp(struct rig *rig, int64_t as_of_ms)
{
	struct count counts[2];

	(void)write_both(rig, counts, as_of_ms);
	return sent_change(rig, fake_http_count(rig->http) - 1, 1,
	                   "occurred_at");
}

static void
test_square_adapter__stamps_a_count_with_its_moment(void **state)
{
	struct rig *rig = *state;

	assert_string_equal(stamp(rig, rig->now_ms - 1),
	                    "2026-11-20T09:59:59.999Z");
	assert_string_equal(stamp(rig, rig->now_ms + 60000),
	                    "2026-11-20T10:00:00.000Z");
	assert_string_equal(stamp(rig, rig->now_ms - 23 * HOUR_MS),
	                    "2026-11-19T11:00:00.000Z");
}

/* A later stamp would undo what the till sold since. */
static void
test_square_adapter__sends_no_count_that_is_too_old(void **state)
{
	struct rig *rig = *state;
	struct count counts[2];
	struct outcome outcome =
		write_both(rig, counts, rig->now_ms - 24 * HOUR_MS);

	assert_verdict(outcome, VERDICT_RETRY);
	assert_non_null(strstr(outcome.why, "24 hours"));
	assert_int_equal(fake_http_count(rig->http), 0);
}

static void
say_date(struct rig *rig, int64_t date_ms)
{
	fake_http_push(rig->http, &(struct fake_answer){ .status = 200,
	                                                 .body = "{}",
	                                                 .date_ms = date_ms });
	(void)stamp(rig, rig->now_ms);
}

static void
test_square_adapter__stamps_by_the_vendors_clock(void **state)
{
	struct rig *rig = *state;

	say_date(rig, rig->now_ms - 2000); /* too little to be told apart */
	assert_string_equal(stamp(rig, rig->now_ms - 500),
	                    "2026-11-20T09:59:59.500Z");
	say_date(rig, rig->now_ms - 90000);
	assert_string_equal(stamp(rig, rig->now_ms - 500),
	                    "2026-11-20T09:58:29.500Z");
	say_date(rig, rig->now_ms + 3000);
	assert_string_equal(stamp(rig, rig->now_ms - 500),
	                    "2026-11-20T10:00:02.500Z");
	say_date(rig, rig->now_ms);
	assert_string_equal(stamp(rig, rig->now_ms - 500),
	                    "2026-11-20T09:59:59.500Z");
}

static void
test_square_adapter__steps_back_when_its_time_was_refused(void **state)
{
	struct rig *rig = *state;
	struct count counts[2];

	say_fixture(rig, 400, "error_invalid_time");
	assert_verdict(write_both(rig, counts, rig->now_ms), VERDICT_RETRY);
	assert_string_equal(stamp(rig, rig->now_ms),
	                    "2026-11-20T09:59:58.000Z");
	say_fixture(rig, 400, "error_invalid_time");
	assert_verdict(write_both(rig, counts, rig->now_ms), VERDICT_RETRY);
	assert_string_equal(stamp(rig, rig->now_ms),
	                    "2026-11-20T09:59:56.000Z");
	/* A moment that is past anyhow is not moved. */
	assert_string_equal(stamp(rig, rig->now_ms - 5000),
	                    "2026-11-20T09:59:55.000Z");
}

static void
test_square_adapter__sets_aside_the_item_that_was_refused(void **state)
{
	struct rig *rig = *state;
	struct count counts[2];

	say_fixture(rig, 404, "error_not_found");
	fake_http_say(rig->http, 200, "{}");
	assert_verdict(write_both(rig, counts, rig->now_ms), VERDICT_DONE);
	assert_verdict(counts[0].outcome, VERDICT_DONE);
	assert_verdict(counts[1].outcome, VERDICT_REFUSED);
	assert_non_null(strstr(counts[1].outcome.why, "NOT_FOUND"));
	assert_int_equal(fake_http_count(rig->http), 2);
	assert_int_equal(sent_changes(rig, 1), 1);
	assert_string_equal(sent_change(rig, 1, 0, "catalog_object_id"),
	                    "VARIATION-ONE");
	assert_string_not_equal(sent_text(rig, 0, "idempotency_key"),
	                        sent_text(rig, 1, "idempotency_key"));
}

static void
test_square_adapter__finds_the_refused_item_in_the_words(void **state)
{
	struct rig *rig = *state;
	struct count counts[2];

	fake_http_say(rig->http, 404,
	              "{\"errors\":[{\"category\":\"INVALID_REQUEST_ERROR\","
	              "\"code\":\"NOT_FOUND\",\"detail\":\"Object "
	              "`VARIATION-ONE` not found\"}]}");
	fake_http_say(rig->http, 200, "{}");
	assert_verdict(write_both(rig, counts, rig->now_ms), VERDICT_DONE);
	assert_verdict(counts[0].outcome, VERDICT_REFUSED);
	assert_verdict(counts[1].outcome, VERDICT_DONE);
}

static void
test_square_adapter__refuses_all_when_no_item_is_to_blame(void **state)
{
	struct rig *rig = *state;
	struct count counts[2];

	fake_http_say(rig->http, 400,
	              "{\"errors\":[{\"category\":\"INVALID_REQUEST_ERROR\","
	              "\"code\":\"INVALID_LOCATION\",\"field\":"
	              "\"changes[0].physical_count.location_id\"}]}");
	assert_verdict(write_both(rig, counts, rig->now_ms), VERDICT_REFUSED);
	assert_int_equal(fake_http_count(rig->http), 1);
	fake_http_say(
		rig->http, 400,
		"{\"errors\":[{\"category\":\"INVALID_REQUEST_ERROR\","
		"\"code\":\"INVALID_VALUE\",\"field\":\"changes[99]\"}]}");
	assert_verdict(write_both(rig, counts, rig->now_ms), VERDICT_REFUSED);
	assert_int_equal(fake_http_count(rig->http), 2);
}

/* ---- sales ---- */

static void
check_fixture_sale(const struct sale *sale)
{
	int64_t closed_ms;

	assert_int_equal(clock_parse(&closed_ms, "2026-11-20T09:41:00.123Z", 0),
	                 0);
	assert_string_equal(sale->id, "ORDER-1");
	assert_null(sale->account);
	assert_string_equal(sale->reference, "tb-agora-17");
	assert_string_equal(sale->currency, "EUR");
	assert_int_equal(sale->version, 4);
	assert_int_equal(sale->closed_ms, closed_ms);
	assert_true(sale->is_final);
	assert_int_equal(sale->n_lines, 3);
	assert_string_equal(sale->lines[0].uid, "line-a");
	assert_string_equal(sale->lines[0].external, "VARIATION-ONE");
	assert_string_equal(sale->lines[0].name, "Assyrtiko, 0.75 l");
	assert_decimal(sale->lines[0].qty, "2");
	assert_decimal(sale->lines[0].gross, "24.99");
	assert_null(sale->lines[1].external);
	assert_true(sale->lines[1].has_gross);
	assert_decimal(sale->lines[2].qty, "0.375");
	assert_false(sale->lines[2].has_gross);
}

static void
test_square_adapter__lists_the_sales_of_a_window(void **state)
{
	struct rig *rig = *state;
	struct got got = { 0 };

	fake_http_say(rig->http, 200, "{\"orders\":[],\"cursor\":\"C1\"}");
	say_fixture(rig, 200, "orders");
	assert_verdict(list_all(rig, &got), VERDICT_DONE);
	assert_int_equal(got.n_sales, 2); /* the other location's is not ours */
	check_fixture_sale(&got.sales[0]);
	assert_string_equal(got.sales[1].id, "ORDER-OPEN");
	assert_false(got.sales[1].is_final);
	assert_string_equal(sent_body(rig, 1),
	                    "{\"location_ids\":[\"L1\"],\"query\":{\"filter\":{"
	                    "\"date_time_filter\":{\"closed_at\":{"
	                    "\"start_at\":\"2026-11-20T09:00:00.000Z\","
	                    "\"end_at\":\"2026-11-20T10:00:00.000Z\"}},"
	                    "\"state_filter\":{\"states\":[\"COMPLETED\"]}},"
	                    "\"sort\":{\"sort_field\":\"CLOSED_AT\","
	                    "\"sort_order\":\"ASC\"}},\"limit\":500,"
	                    "\"return_entries\":false,\"cursor\":\"C1\"}");
	got_fini(&got);
}

#define START "query.filter.date_time_filter.closed_at.start_at"
#define END   "query.filter.date_time_filter.closed_at.end_at"

/* The engine puts the window into Square's time by that. */
static void
test_square_adapter__tells_how_far_its_clock_is_from_ours(void **state)
{
	struct rig *rig = *state;
	struct got got = { 0 };

	assert_int_equal(square_adapter.skew_ms(rig->square), 0);
	say_date(rig, rig->now_ms + 60000);
	(void)list_all(rig, &got);
	assert_string_equal(sent_text(rig, 1, START),
	                    "2026-11-20T09:00:00.000Z");
	assert_string_equal(sent_text(rig, 1, END), "2026-11-20T10:00:00.000Z");
	assert_int_equal(square_adapter.skew_ms(rig->square), 60000);
	/* Whole seconds, cut: a little less is the same. */
	fake_http_reset(rig->http);
	say_date(rig, rig->now_ms + 59000);
	(void)list_all(rig, &got);
	assert_int_equal(square_adapter.skew_ms(rig->square), 60000);
	fake_http_reset(rig->http);
	say_date(rig, rig->now_ms - 60000);
	(void)list_all(rig, &got);
	assert_int_equal(square_adapter.skew_ms(rig->square), -60000);
}

static void
test_square_adapter__reads_sales_by_their_ids(void **state)
{
	const char *const ids[] = { "ORDER-1", "ORDER-GONE" };
	struct rig *rig = *state;
	struct got got = { 0 };
	const struct sale_sink sink = { &got, take_sale };

	say_fixture(rig, 200, "orders");
	assert_verdict(square_adapter.read_sales(rig->square, ids, 2, &sink),
	               VERDICT_DONE);
	check_fixture_sale(&got.sales[0]);
	assert_string_equal(sent_body(rig, 0),
	                    "{\"location_id\":\"L1\",\"order_ids\":"
	                    "[\"ORDER-1\",\"ORDER-GONE\"]}");
	got_fini(&got);
	assert_verdict(square_adapter.read_sales(rig->square, ids, 0, &sink),
	               VERDICT_DONE);
	assert_int_equal(fake_http_count(rig->http), 1);
}

/* ---- returns ---- */

#define ADJUSTMENT(from, more) \
	"{\"id\":\"ADJ-1\",\"location_id\":\"L1\"," \
	"\"catalog_object_id\":\"VARIATION-ONE\",\"quantity\":\"1.5\"," \
	"\"from_state\":\"" from "\",\"to_state\":\"IN_STOCK\"" more "," \
	"\"occurred_at\":\"2026-11-20T09:41:00.123Z\"," \
	"\"created_at\":\"2026-11-20T09:41:01Z\"}"
#define CHANGE(from, more) \
	"{\"type\":\"ADJUSTMENT\",\"adjustment\":" ADJUSTMENT(from, more) "}"

static struct outcome
list_returns(struct rig *rig, struct got *got)
{
	const struct sale_sink sink = { got, take_sale };

	return square_adapter.list_returns(rig->square, rig->now_ms - HOUR_MS,
	                                   rig->now_ms, &sink);
}

static void
check_return(const struct sale *sale)
{
	int64_t closed_ms;

	assert_int_equal(clock_parse(&closed_ms, "2026-11-20T09:41:00.123Z", 0),
	                 0);
	assert_string_equal(sale->id, "return.ADJ-1");
	assert_null(sale->reference);
	assert_true(sale->is_final);
	assert_int_equal(sale->closed_ms, closed_ms);
	assert_int_equal(sale->n_lines, 1);
	assert_string_equal(sale->lines[0].uid, "ADJ-1");
	assert_string_equal(sale->lines[0].external, "VARIATION-ONE");
	assert_decimal(sale->lines[0].qty, "-1.5");
	assert_false(sale->lines[0].has_gross);
}

static void
test_square_adapter__lists_what_came_back_in_a_window(void **state)
{
	struct rig *rig = *state;
	struct got got = { 0 };

	fake_http_say(rig->http, 200, "{\"changes\":[],\"cursor\":\"C1\"}");
	fake_http_say(rig->http, 200,
	              "{\"changes\":[" CHANGE("UNLINKED_RETURN", "") "]}");
	assert_verdict(list_returns(rig, &got), VERDICT_DONE);
	assert_int_equal(got.n_sales, 1);
	check_return(&got.sales[0]);
	assert_string_equal(
		sent_body(rig, 1),
		"{\"location_ids\":[\"L1\"],\"types\":[\"ADJUSTMENT\"],"
		"\"updated_after\":\"2026-11-20T09:00:00.000Z\","
		"\"updated_before\":\"2026-11-20T10:00:00.001Z\","
		"\"limit\":1000,\"cursor\":\"C1\"}");
	got_fini(&got);
}

static void
test_square_adapter__knows_a_return_from_other_movements(void **state)
{
	static const struct {
		const char *change;
		size_t n;
	} moves[] = {
		{ CHANGE("UNLINKED_RETURN", ""), 1 },
		{ CHANGE("RETURNED_BY_CUSTOMER", ""), 1 },
		{ CHANGE("SOLD", ",\"refund_id\":\"R\""), 1 },
		{ CHANGE("SOLD", ""), 0 },
		{ CHANGE("SOLD", ",\"refund_id\":\"\""), 0 },
		{ CHANGE("NONE", ""), 0 },
		{ CHANGE("WASTE", ",\"refund_id\":\"R\""), 0 },
		{ "{\"type\":\"PHYSICAL_COUNT\",\"physical_count\":{}}", 0 },
		{ "{\"type\":\"ADJUSTMENT\",\"adjustment\":{"
		  "\"location_id\":\"L2\",\"from_state\":\"UNLINKED_RETURN\","
		  "\"to_state\":\"IN_STOCK\"}}",
		  0 },
		{ "{\"type\":\"ADJUSTMENT\",\"adjustment\":{"
		  "\"location_id\":\"L1\",\"from_state\":\"UNLINKED_RETURN\","
		  "\"to_state\":\"WASTE\"}}",
		  0 },
	};

	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		struct rig *rig = *state;
		struct got got = { 0 };
		char body[600];

		(void)snprintf(body, sizeof(body), "{\"changes\":[%s]}",
		               moves[i].change);
		fake_http_say(rig->http, 200, body);
		assert_verdict(list_returns(rig, &got), VERDICT_DONE);
		assert_int_equal(got.n_sales, moves[i].n);
		got_fini(&got);
	}
}

static void
test_square_adapter__tells_whose_return_it_is(void **state)
{
	struct rig *rig = *state;
	struct got got = { 0 };

	fake_http_say(rig->http, 200,
	              "{\"changes\":[" CHANGE(
			      "UNLINKED_RETURN",
			      ",\"reference_id\":\"TB-agora-17\"") "]}");
	assert_verdict(list_returns(rig, &got), VERDICT_DONE);
	assert_string_equal(got.sales[0].reference, "TB-agora-17");
	got_fini(&got);
}

static void
test_square_adapter__stops_at_a_return_it_cannot_read(void **state)
{
	static const char *const moves[] = {
		"\"quantity\":\"1\",\"catalog_object_id\":\"V\",\"id\":\"A\"",
		"\"quantity\":\"x\",\"catalog_object_id\":\"V\",\"id\":\"A\","
		"\"occurred_at\":\"2026-11-20T09:41:00Z\"",
		"\"quantity\":\"-1\",\"catalog_object_id\":\"V\",\"id\":\"A\","
		"\"occurred_at\":\"2026-11-20T09:41:00Z\"",
		"\"quantity\":\"1\",\"id\":\"A\","
		"\"occurred_at\":\"2026-11-20T09:41:00Z\"",
		"\"quantity\":\"1\",\"catalog_object_id\":\"V\","
		"\"occurred_at\":\"2026-11-20T09:41:00Z\"",
	};

	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		struct rig *rig = *state;
		struct got got = { 0 };
		char body[400];

		(void)snprintf(body, sizeof(body),
		               "{\"changes\":[{\"type\":\"ADJUSTMENT\","
		               "\"adjustment\":{\"location_id\":\"L1\","
		               "\"from_state\":\"UNLINKED_RETURN\","
		               "\"to_state\":\"IN_STOCK\",%s}}]}",
		               moves[i]);
		fake_http_say(rig->http, 200, body);
		assert_verdict(list_returns(rig, &got), VERDICT_RETRY);
		assert_int_equal(got.n_sales, 0);
		got_fini(&got);
	}
}

/* An unbound return waits by its id, among orders. */
static void
test_square_adapter__reads_returns_by_their_ids(void **state)
{
	const char *const ids[] = { "return.ADJ-1", "ORDER-1", "return./../X" };
	struct rig *rig = *state;
	struct got got = { 0 };
	const struct sale_sink sink = { &got, take_sale };

	fake_http_say(rig->http, 200, "{}");
	fake_http_say(
		rig->http, 200,
		"{\"adjustment\":" ADJUSTMENT("RETURNED_BY_CUSTOMER", "") "}");
	fake_http_say(rig->http, 404,
	              "{\"errors\":[{\"category\":\"INVALID_REQUEST_ERROR\","
	              "\"code\":\"NOT_FOUND\"}]}");
	assert_verdict(square_adapter.read_sales(rig->square, ids, 3, &sink),
	               VERDICT_DONE);
	assert_int_equal(got.n_sales, 1);
	check_return(&got.sales[0]);
	got_fini(&got);
	assert_string_equal(sent_body(rig, 0), "{\"location_id\":\"L1\","
	                                       "\"order_ids\":[\"ORDER-1\"]}");
	assert_non_null(strstr(fake_http_at(rig->http, 1)->url,
	                       "/v2/inventory/adjustments/ADJ-1"));
	assert_non_null(strstr(fake_http_at(rig->http, 2)->url,
	                       "/v2/inventory/adjustments/%2F..%2FX"));
	fake_http_say(rig->http, 403, "{}");
	assert_verdict(square_adapter.read_sales(rig->square, ids, 1, &sink),
	               VERDICT_LOCKED);
}

/* ---- orders again ---- */

/* One order with one line, some of it as given. */
static void
say_order(struct rig *rig, const char *closed, const char *line)
{
	char body[400];

	(void)snprintf(body, sizeof(body),
	               "{\"orders\":[{\"id\":\"O\",\"location_id\":\"L1\","
	               "\"state\":\"COMPLETED\",\"closed_at\":%s,"
	               "\"line_items\":[{%s}]}]}",
	               closed, line);
	fake_http_say(rig->http, 200, body);
}

static void
test_square_adapter__scales_money_by_its_currency(void **state)
{
	static const struct {
		const char *money;
		const char *want;
	} sums[] = {
		{ "{\"amount\":1250,\"currency\":\"USD\"}", "12.5" },
		{ "{\"amount\":1250,\"currency\":\"JPY\"}", "1250" },
		{ "{\"amount\":1250,\"currency\":\"KWD\"}", "1.25" },
		{ "{\"amount\":-1,\"currency\":\"EUR\"}", "-0.01" },
	};
	struct rig *rig = *state;
	char line[200];

	for (size_t i = 0; i < sizeof(sums) / sizeof(*sums); i++) {
		struct got got = { 0 };

		(void)snprintf(line, sizeof(line),
		               "\"uid\":\"u\",\"quantity\":\"1\","
		               "\"total_money\":%s",
		               sums[i].money);
		say_order(rig, "\"2026-11-20T09:00:00Z\"", line);
		assert_verdict(list_all(rig, &got), VERDICT_DONE);
		assert_decimal(got.sales[0].lines[0].gross, sums[i].want);
		got_fini(&got);
	}
}

/* To skip it would lose a sale without a word. */
static void
test_square_adapter__stops_at_a_sale_it_cannot_read(void **state)
{
	static const struct {
		const char *closed;
		const char *line;
	} bad[] = {
		{ "null", "\"uid\":\"u\",\"quantity\":\"1\"" },
		{ "\"yesterday\"", "\"uid\":\"u\",\"quantity\":\"1\"" },
		{ "\"2026-11-20T09:00:00Z\"", "\"quantity\":\"1\"" },
		{ "\"2026-11-20T09:00:00Z\"", "\"uid\":\"u\"" },
		{ "\"2026-11-20T09:00:00Z\"",
		  "\"uid\":\"u\",\"quantity\":\"two\"" },
		/* it would be another sale whenever it is read again */
		{ "\"2026-11-20T09:00:00Z\"",
		  "\"uid\":\"u\",\"quantity\":\"1\"},"
		  "{\"uid\":\"u\",\"quantity\":\"2\"" },
		{ "\"2026-11-20T09:00:00Z\"",
		  "\"uid\":\"u\",\"quantity\":\"1000000000000000000\"" },
		{ "\"2026-11-20T09:00:00Z\"",
		  "\"uid\":\"u\",\"quantity\":\"1\","
		  "\"total_money\":{\"amount\":1.5,\"currency\":\"EUR\"}" },
		{ "\"2026-11-20T09:00:00Z\"",
		  "\"uid\":\"u\",\"quantity\":\"1\",\"total_money\":"
		  "{\"amount\":9000000000000000000,\"currency\":\"JPY\"}" },
	};
	struct rig *rig = *state;
	struct got got = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		say_order(rig, bad[i].closed, bad[i].line);
		assert_verdict(list_all(rig, &got), VERDICT_RETRY);
		assert_int_equal(got.n_sales, 0);
	}
}

static void
test_square_adapter__stops_when_its_reader_does(void **state)
{
	struct rig *rig = *state;
	struct got got = { .fault = ERR_STORE };

	say_fixture(rig, 200, "orders");
	assert_verdict(list_all(rig, &got), VERDICT_RETRY);
	assert_int_equal(got.n_sales, 1);
	got_fini(&got);
}

/* ---- sync ---- */

static void
test_square_adapter__syncs_all_and_keeps_the_newest_time(void **state)
{
	struct rig *rig = *state;
	struct got got = { 0 };

	fake_http_say(rig->http, 200,
	              "{\"counts\":[{\"catalog_object_id\":\"NEW\","
	              "\"state\":\"IN_STOCK\",\"location_id\":\"L1\","
	              "\"quantity\":\"4\",\"calculated_at\":"
	              "\"2026-11-20T09:30:00.987654321Z\"},"
	              "{\"catalog_object_id\":\"ODD\","
	              "\"state\":\"IN_STOCK\",\"location_id\":\"L1\","
	              "\"quantity\":\"?\",\"calculated_at\":"
	              "\"2026-11-20T09:29:00Z\"}],"
	              "\"cursor\":\"C1\"}");
	say_fixture(rig, 200, "counts"); /* newer, but not on the first page */
	assert_verdict(sync_all(rig, &got, true), VERDICT_DONE);
	assert_string_equal(got.counts,
	                    "NEW=4 VARIATION-ONE=10 VARIATION-TWO=-2.125 "
	                    "VARIATION-ONE=11 ");
	assert_int_equal(got.rows, 7);
	assert_true(fake_mirror_note_is(rig->mirror, NOTE,
	                                "2026-11-20T09:30:00.987Z"));
	assert_string_equal(sent_body(rig, 0),
	                    "{\"location_ids\":[\"L1\"],"
	                    "\"states\":[\"IN_STOCK\"],\"limit\":1000}");
}

static void
test_square_adapter__lets_others_have_their_turn_between_pages(void **state)
{
	struct rig *rig = *state;
	struct got got = { .http = rig->http };

	fake_http_say(rig->http, 200, "{\"cursor\":\"C1\"}");
	say_fixture(rig, 200, "counts");
	assert_verdict(sync_all(rig, &got, true), VERDICT_DONE);
	assert_int_equal(got.n_begun, 1);
	assert_int_equal(got.began_after, 0);
	assert_int_equal(got.n_breaths, 2);
	/* Told to end, it reads no further page. */
	got = (struct got){ .fault = ERR_STORE };
	fake_http_say(rig->http, 200, "{\"cursor\":\"C1\"}");
	assert_verdict(sync_all(rig, &got, true), VERDICT_RETRY);
	assert_int_equal(fake_http_count(rig->http), 3);
}

static void
test_square_adapter__a_dry_sync_moves_no_cursor(void **state)
{
	struct rig *rig = *state;
	struct got got = { .is_dry = true };

	say_fixture(rig, 200, "counts");
	assert_verdict(sync_all(rig, &got, true), VERDICT_DONE);
	assert_true(got.counts[0] != '\0');
	assert_true(fake_mirror_note_is(rig->mirror, NOTE, NULL));
}

static void
test_square_adapter__catches_up_from_before_its_cursor(void **state)
{
	struct rig *rig = *state;
	struct got got = { 0 };

	assert_int_equal(
		mirror_note_set(rig->mirror, NOTE, "2026-11-20T09:30:00.987Z"),
		0);
	fake_http_say(rig->http, 200, "{\"counts\":[]}");
	assert_verdict(sync_all(rig, &got, false), VERDICT_DONE);
	assert_string_equal(sent_text(rig, 0, "updated_after"),
	                    "2026-11-20T09:28:00.987Z");
	assert_true(fake_mirror_note_is(rig->mirror, NOTE,
	                                "2026-11-20T09:30:00.987Z"));
	/* Nothing but the overlap: it does not slide back. */
	fake_http_say(rig->http, 200,
	              "{\"counts\":[{\"calculated_at\":"
	              "\"2026-11-20T09:29:00Z\"}]}");
	assert_verdict(sync_all(rig, &got, false), VERDICT_DONE);
	assert_true(fake_mirror_note_is(rig->mirror, NOTE,
	                                "2026-11-20T09:30:00.987Z"));
	say_fixture(rig, 200, "counts");
	assert_verdict(sync_all(rig, &got, false), VERDICT_DONE);
	assert_true(fake_mirror_note_is(rig->mirror, NOTE,
	                                "2026-11-20T09:59:00.123Z"));
}

static void
test_square_adapter__leaves_its_cursor_when_a_page_fails(void **state)
{
	struct rig *rig = *state;
	struct got got = { 0 };

	assert_int_equal(
		mirror_note_set(rig->mirror, NOTE, "2026-11-20T09:30:00.987Z"),
		0);
	fake_http_say(rig->http, 200,
	              "{\"counts\":[{\"calculated_at\":"
	              "\"2026-11-20T09:50:00Z\"}],\"cursor\":\"C1\"}");
	say_fixture(rig, 500, "error_internal");
	assert_verdict(sync_all(rig, &got, false), VERDICT_RETRY);
	assert_true(fake_mirror_note_is(rig->mirror, NOTE,
	                                "2026-11-20T09:30:00.987Z"));
	got.fault = ERR_STORE;
	say_fixture(rig, 200, "counts");
	assert_verdict(sync_all(rig, &got, false), VERDICT_RETRY);
	assert_true(fake_mirror_note_is(rig->mirror, NOTE,
	                                "2026-11-20T09:30:00.987Z"));
}

static void
test_square_adapter__is_not_in_sync_while_its_cursor_is_not_kept(void **state)
{
	struct rig *rig = *state;
	struct got got = { .broken = rig->mirror };

	say_fixture(rig, 200, "counts");
	assert_verdict(sync_all(rig, &got, false), VERDICT_RETRY);
	/* And where the cursor cannot be read, nothing is asked at all. */
	assert_verdict(sync_all(rig, &got, false), VERDICT_RETRY);
	assert_int_equal(fake_http_count(rig->http), 1);
}

static void
test_square_adapter__heals_a_cursor_by_a_full_sync(void **state)
{
	struct rig *rig = *state;
	struct got got = { 0 };

	assert_int_equal(
		mirror_note_set(rig->mirror, NOTE, "2099-01-01T00:00:00Z"), 0);
	say_fixture(rig, 200, "counts");
	assert_verdict(sync_all(rig, &got, true), VERDICT_DONE);
	assert_true(fake_mirror_note_is(rig->mirror, NOTE,
	                                "2026-11-20T09:59:00.123Z"));
}

/* ---- probe and table ---- */

static void
test_square_adapter__tells_merchant_and_location(void **state)
{
	struct rig *rig = *state;
	struct buf what = BUF_INIT;

	say_fixture(rig, 200, "locations");
	assert_verdict(square_adapter.probe(rig->square, &what), VERDICT_DONE);
	assert_string_equal(
		buf_text(&what),
		"merchant \"Old Oak Wines\", location \"Agora\" (L1)");
	assert_string_equal(fake_http_at(rig->http, 0)->url,
	                    "https://vendor.example/base/v2/locations");
	buf_fini(&what);
}

static void
test_square_adapter__locks_on_an_unknown_location(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;

	fake_http_say(rig->http, 200,
	              "{\"locations\":[{\"id\":\"LX\",\"name\":\"Depot\"},"
	              "{\"id\":\"LY\",\"name\":\"Kiosk\"}]}");
	outcome = do_probe(rig);
	assert_verdict(outcome, VERDICT_LOCKED);
	assert_string_equal(outcome.why,
	                    "location \"L1\" is not known; there is: "
	                    "LX (Depot), LY (Kiosk)");
}

static void
test_square_adapter__shows_what_it_can_do(void **state)
{
	(void)state;
	assert_string_equal(square_adapter.default_url,
	                    "https://connect.squareup.com");
	assert_int_equal(square_adapter.count_places, 5);
	assert_int_equal(square_adapter.batch_max(NULL), 100);
	assert_int_equal(square_adapter.sales_window_ms, 72 * HOUR_MS);
	assert_non_null(square_adapter.post_entry);
	assert_non_null(square_adapter.find_entry);
	assert_true(square_adapter.takes_returns(NULL));
	assert_null(square_adapter.check_entry); /* no orders of a shop */
	square_adapter.close(NULL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, rig_open, rig_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_square_adapter__reports_each_kind_of_trouble),
		T(test_square_adapter__survives_huge_and_deep_answers),
		T(test_square_adapter__learns_nothing_from_wrong_types),
		T(test_square_adapter__never_tells_its_token),
		T(test_square_adapter__says_category_code_and_detail),
		T(test_square_adapter__obeys_the_code_of_an_error),
		T(test_square_adapter__calls_only_the_configured_address),
		T(test_square_adapter__sends_no_member_the_vendor_does_not_know),
		T(test_square_adapter__reads_counts_of_its_own_location),
		T(test_square_adapter__does_not_know_a_count_that_is_absent),
		T(test_square_adapter__does_not_know_a_count_it_cannot_read),
		T(test_square_adapter__follows_cursors_with_the_same_query),
		T(test_square_adapter__learns_nothing_when_a_later_page_fails),
		T(test_square_adapter__ends_a_listing_that_goes_in_a_circle),
		T(test_square_adapter__asks_nothing_for_no_items),
		T(test_square_adapter__writes_counts_under_a_key_made_from_them),
		T(test_square_adapter__repeats_a_job_with_the_same_bytes),
		T(test_square_adapter__stamps_a_count_with_its_moment),
		T(test_square_adapter__sends_no_count_that_is_too_old),
		T(test_square_adapter__stamps_by_the_vendors_clock),
		T(test_square_adapter__steps_back_when_its_time_was_refused),
		T(test_square_adapter__sets_aside_the_item_that_was_refused),
		T(test_square_adapter__finds_the_refused_item_in_the_words),
		T(test_square_adapter__refuses_all_when_no_item_is_to_blame),
		T(test_square_adapter__lists_the_sales_of_a_window),
		T(test_square_adapter__tells_how_far_its_clock_is_from_ours),
		T(test_square_adapter__reads_sales_by_their_ids),
		T(test_square_adapter__lists_what_came_back_in_a_window),
		T(test_square_adapter__knows_a_return_from_other_movements),
		T(test_square_adapter__tells_whose_return_it_is),
		T(test_square_adapter__stops_at_a_return_it_cannot_read),
		T(test_square_adapter__reads_returns_by_their_ids),
		T(test_square_adapter__scales_money_by_its_currency),
		T(test_square_adapter__stops_at_a_sale_it_cannot_read),
		T(test_square_adapter__stops_when_its_reader_does),
		T(test_square_adapter__syncs_all_and_keeps_the_newest_time),
		T(test_square_adapter__lets_others_have_their_turn_between_pages),
		T(test_square_adapter__a_dry_sync_moves_no_cursor),
		T(test_square_adapter__catches_up_from_before_its_cursor),
		T(test_square_adapter__leaves_its_cursor_when_a_page_fails),
		T(test_square_adapter__is_not_in_sync_while_its_cursor_is_not_kept),
		T(test_square_adapter__heals_a_cursor_by_a_full_sync),
		T(test_square_adapter__tells_merchant_and_location),
		T(test_square_adapter__locks_on_an_unknown_location),
		T(test_square_adapter__shows_what_it_can_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
