/*
 * What every adapter owes the engine, asked of every adapter there is: the same
 * rows, the same calls. What a vendor does on its own stands in the test of its
 * adapter. An adapter that is not in the table of subjects fails here.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "adapters/adapters.h"
#include "gateway/base/clock.h"
#include "gateway/drivers/http_client.h"
#include "tests/support/adapter_sink.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_mirror.h"
#include "tests/support/fake_vault.h"
#include "tests/support/stderr_capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "pl4nted-secret-4711"
#define COOKIE "c00kie-of-the-session"

#define GALAXY_ITEM "10000000-0000-4000-8000-000000000001"

/* ---- the adapters ---- */

/* An answer to calls whose URL holds this piece, whatever the row says. */
struct fixed {
	const char *piece; /* NULL: no more */
	const char *body;
	const char *session; /* what its cookies come to */
	bool is_ready;       /* before the first read; a probe gets the row's */
};

/* A count's answer, and what may be learned from it. */
struct form {
	const char *body;
	const char *qty; /* NULL: unknown */
};

struct subject {
	const struct adapter_ops *ops;
	const char *url;
	const char *options; /* further members of the account */
	const char *external;
	struct fixed fixed[3];
	struct form forms[8];
	struct fixed before_write[2]; /* answered in a write, besides those */
	const char *done;             /* what a write is told then; NULL: {} */
	bool names_errors;            /* a refusal without that is a proxy's */
	bool writes_each;             /* a write is a call an item */
};

#define BALANCE(value) "[{\"ID\":\"" GALAXY_ITEM "\",\"Balance\":" value "}]"
#define COUNT(value) \
	"{\"counts\":[{\"catalog_object_id\":\"ITEM\",\"state\":" \
	"\"IN_STOCK\",\"location_id\":\"L1\",\"quantity\":" value "}]}"
#define ROW(product, size, value) \
	"[{\"product_id\":" product ",\"product_size\":" size \
	",\"warehouse_id\":\"5\",\"stock_available\":" value "}]"
#define OUTLET  "0a000001-0000-4000-8000-000000000001"
#define PRODUCT "0a000006-0000-4000-8000-000000000001"
#define LEVEL(product, outlet, value) \
	"[{\"product_id\":\"" product "\",\"location_id\":\"" outlet \
	"\",\"current_inventory_level\":" value "}]"
#define SHOP(item, shop, value) \
	"{\"@attributes\":{\"next\":\"\"},\"ItemShop\":{\"itemID\":" item \
	",\"shopID\":" shop ",\"qoh\":" value "}}"
#define STRUCT(id, value) \
	"{\"id\":7,\"external_id\":" id ",\"in_stock\":" value "}"

static const struct subject subjects[] = {
	{
		.ops = &galaxy_adapter,
		"http://erp.test:3000",
		"\"username\":\"sync\",\"password\":\"" SECRET "\"",
		GALAXY_ITEM,
		{ { "/auth", "{\"SessionId\":\"" COOKIE "\"}", COOKIE, false },
	          { "webscenarios",
	            "[{\"ID\":\"02000000-0000-4000-8000-000000000001\","
	            "\"Code\":\"B2C\",\"IsDefault\":true}]",
	            "", true } },
		{ { BALANCE("5"), "5" },
	          { BALANCE("\"5\""), "5" },
	          { BALANCE("-5"), "-5" },
	          { BALANCE("null"), NULL },
	          { BALANCE("\"five\""), NULL },
	          { BALANCE("[5]"), NULL },
	          { BALANCE("1e99"), NULL } },
	},
	{
		.ops = &square_adapter,
		"https://till.test",
		"\"access_token\":\"" SECRET "\",\"location\":\"L1\"",
		"ITEM",
		{ { NULL, NULL, NULL, false } },
		{ { COUNT("\"5\""), "5" },
	          { COUNT("null"), NULL },
	          { COUNT("5"), NULL },
	          { COUNT("\"five\""), NULL },
	          { COUNT("[5]"), NULL },
	          { COUNT("\"1e99\""), NULL } },
		.names_errors = true,
	},
	{
		/* The same, under tokens that end and are renewed. */
		.ops = &square_adapter,
		"https://till.test",
		"\"oauth\":{\"client_id\":\"app\",\"client_secret\":"
		"\"sq0-" SECRET "\",\"refresh_token\":\"" SECRET "\"},"
		"\"location\":\"L1\"",
		"ITEM",
		{ { "/oauth2/token",
	            "{\"access_token\":\"" COOKIE "\",\"token_type\":"
	            "\"bearer\",\"expires_at\":\"2099-01-01T00:00:00Z\","
	            "\"merchant_id\":\"M1\",\"refresh_token\":\"" SECRET "\"}",
	            "", false } },
		{ { COUNT("\"5\""), "5" }, { COUNT("null"), NULL } },
		.names_errors = true,
	},
	{
		.ops = &tipsi_adapter,
		"https://wine.test",
		"\"username\":\"sync\",\"password\":\"" SECRET "\","
		"\"store\":\"17\"",
		"10003",
		{ { "/login", "{}", "sid=" COOKIE, false } },
		{ { STRUCT("\"10003\"", "5"), "5" },
	          { STRUCT("10003", "5"), "5" },
	          { STRUCT("10003", "\"5\""), "5" },
	          { STRUCT("10003", "null"), NULL },
	          { STRUCT("10003", "\"five\""), NULL },
	          { STRUCT("10003", "[5]"), NULL },
	          { STRUCT("10004", "5"), NULL },
	          { STRUCT("10003", "1e99"), NULL } },
	},
	{
		.ops = &hiboutik_adapter,
		"https://kiosk.test/api",
		"\"email\":\"till@example.com\",\"api_key\":\"" SECRET "\","
		"\"store\":1,\"warehouse\":5",
		"7/3",
		{ { NULL, NULL, NULL, false } },
		{ { ROW("7", "3", "5"), "5" },
	          { ROW("\"7\"", "\"3\"", "\"5\""), "5" },
	          { ROW("7", "3", "-5"), "-5" },
	          { ROW("7", "3", "null"), NULL },
	          { ROW("7", "3", "\"five\""), NULL },
	          { ROW("7", "3", "[5]"), NULL },
	          { ROW("7", "4", "5"), NULL },
	          { ROW("7", "3", "1e99"), NULL } },
		/* It takes differences, so a write begins with a look. */
		{ { "stock_available/",
	            "[{\"product_id\":7,\"product_size\":3,\"warehouse_id\":5,"
	            "\"stock_available\":5},{\"product_id\":20000,"
	            "\"product_size\":0,\"warehouse_id\":5,"
	            "\"stock_available\":0}]",
	            "", false } },
		"{\"inventory_input_id\":8,\"inventory_input_detail_id\":9,"
		"\"sale_id\":10,\"id_sale_product_detail\":11}",
	},
	{
		.ops = &lightspeed_x_adapter,
		"https://market.test",
		"\"access_token\":\"" SECRET "\",\"outlet\":\"" OUTLET "\","
		"\"register\":\"0a000002-0000-4000-8000-000000000001\","
		"\"user\":\"0a000003-0000-4000-8000-000000000001\","
		"\"payment_type\":\"0a000004-0000-4000-8000-000000000001\"",
		PRODUCT,
		{ { NULL, NULL, NULL, false } },
		{ { LEVEL(PRODUCT, OUTLET, "5"), "5" },
	          { LEVEL(PRODUCT, OUTLET, "\"5\""), "5" },
	          { LEVEL(PRODUCT, OUTLET, "-5"), "-5" },
	          { LEVEL(PRODUCT, OUTLET, "null"), NULL },
	          { LEVEL(PRODUCT, OUTLET, "\"five\""), NULL },
	          { LEVEL(PRODUCT, OUTLET, "[5]"), NULL },
	          { LEVEL(PRODUCT, PRODUCT, "5"), NULL },
	          { LEVEL(PRODUCT, OUTLET, "1e99"), NULL } },
		/* It takes differences too; and the newest version is noted. */
		{ { "/inventory",
	            "[{\"product_id\":\"" PRODUCT "\",\"location_id\":"
	            "\"" OUTLET "\",\"current_inventory_level\":5,"
	            "\"version\":8},{\"product_id\":\"20000\","
	            "\"location_id\":\"" OUTLET "\","
	            "\"current_inventory_level\":0,\"version\":7}]",
	            "", false } },
		"{\"data\":[{\"id\":\"" OUTLET "\",\"version\":9}]}",
	},
	{
		.ops = &lightspeed_r_adapter,
		"https://bazaar.test",
		"\"account\":100,\"client_id\":\"c\",\"client_secret\":"
		"\"" SECRET "\",\"refresh_token\":\"first-" SECRET
		"\",\"shop\":1,"
		"\"register\":1,\"employee\":2,\"payment_type\":7",
		"7",
		{ { "/auth/oauth/token",
	            "{\"token_type\":\"Bearer\",\"expires_in\":1800,"
	            "\"access_token\":\"" COOKIE "\",\"refresh_token\":"
	            "\"next-" SECRET "\"}",
	            "", false } },
		{ { SHOP("\"7\"", "\"1\"", "\"5\""), "5" },
	          { SHOP("7", "1", "5"), "5" },
	          { SHOP("\"7\"", "\"1\"", "\"-5\""), "-5" },
	          { SHOP("\"7\"", "\"1\"", "null"), NULL },
	          { SHOP("\"7\"", "\"1\"", "\"five\""), NULL },
	          { SHOP("\"7\"", "\"1\"", "[5]"), NULL },
	          { SHOP("\"7\"", "\"0\"", "\"5\""), NULL },
	          { SHOP("\"7\"", "\"1\"", "\"1e99\""), NULL } },
		/* What was sold meanwhile is asked for before a write. */
		{ { "/Sale.json", "{\"@attributes\":{\"next\":\"\"}}", "",
	            false } },
		.writes_each = true,
	},
};

enum { N_SUBJECTS = sizeof(subjects) / sizeof(*subjects) };

/* ---- the rig: one answer to everything but a log-in ---- */

struct rig {
	const struct subject *subject;
	struct conf_section *conf;
	struct mirror *mirror;
	struct fake_vault vault;
	struct http_client *http;
	void *state;
	bool is_probing;
	bool is_writing;
	int status;
	const char *body; /* borrowed */
	bool was_sent;    /* of status 0 */
	unsigned n_calls; /* besides log-ins and what is asked before a read */
	struct buf sent;  /* "METHOD URL\nBODY\n" of these */
};

static const struct fixed *
find_fixed(const struct rig *rig, const char *url)
{
	const struct fixed *f = rig->subject->fixed;

	for (; f->piece; f++)
		if (strstr(url, f->piece) && !(f->is_ready && rig->is_probing))
			return f;
	f = rig->subject->before_write;
	return rig->is_writing && f->piece && strstr(url, f->piece) ? f : NULL;
}

static int
answer_call(void *ctx, const struct http_request *request,
            struct http_answer *answer)
{
	struct rig *rig = ctx;
	const struct fixed *fixed = find_fixed(rig, request->url);
	const char *url = rig->subject->url;

	assert_memory_equal(request->url, url, strlen(url));
	assert_int_equal(request->url[strlen(url)], '/');
	answer->status = fixed ? 200 : rig->status;
	answer->was_sent = fixed || rig->status || rig->was_sent;
	buf_adds(&answer->body, fixed ? fixed->body : rig->body);
	(void)strcpy(answer->session, fixed ? fixed->session : "");
	if (answer->status == 0)
		(void)strcpy(answer->why, "timed out");
	if (answer->status == 429)
		answer->retry_after_ms = 7000;
	if (fixed)
		return 0;
	rig->n_calls++;
	buf_addf(&rig->sent, "%s %s\n%.*s\n", request->method, request->url,
	         (int)request->n_body, request->body ? request->body : "");
	return 0;
}

static void
rig_open(struct rig *rig, const struct subject *subject)
{
	const struct conf_type type = { .name = subject->ops->name,
		                        .rows = subject->ops->options,
		                        .url_flags = subject->ops->url_flags };
	char *json =
		text_format("{\"name\":\"it\",\"type\":\"%s\","
	                    "\"url\":\"%s\",%s}",
	                    subject->ops->name, subject->url, subject->options);
	struct buf mistakes = BUF_INIT;
	struct adapter_env env;

	*rig = (struct rig){ .subject = subject, .body = "" };
	assert_non_null(json);
	assert_int_equal(
		conf_section_parse(&rig->conf, &type, json, NULL, &mistakes),
		0);
	rig->mirror = fake_mirror_new();
	fake_vault_init(&rig->vault);
	assert_int_equal(http_client_new_fake(&rig->http, answer_call, rig), 0);
	env = (struct adapter_env){ rig->conf, rig->http, rig->mirror,
		                    &rig->vault.port };
	assert_int_equal(subject->ops->open(&rig->state, &env), 0);
	buf_fini(&mistakes);
	free(json);
}

static void
rig_close(struct rig *rig)
{
	rig->subject->ops->close(rig->state);
	http_client_free(rig->http);
	fake_mirror_free(rig->mirror);
	fake_vault_fini(&rig->vault);
	conf_section_free(rig->conf);
	buf_fini(&rig->sent);
}

/* ---- the calls; each proves that nothing was learned by the way ---- */

struct learned {
	unsigned n_counts;
	unsigned n_sales;
};

static int
take_count(void *ctx, const char *external, struct decimal qty)
{
	struct learned *learned = ctx;

	(void)external;
	(void)qty;
	learned->n_counts++;
	return 0;
}

static void
listed(void *ctx, const char *entity, const struct mirror_tally *tally)
{
	(void)ctx;
	(void)entity;
	(void)tally;
}

static void
rows_said(void *ctx, const char *entity, int64_t rows, const char *why)
{
	(void)ctx;
	(void)entity;
	(void)rows;
	assert_null(strstr(why, SECRET));
}

static int
take_sale(void *ctx, struct sale *sale)
{
	struct learned *learned = ctx;

	(void)sale;
	learned->n_sales++;
	return 0;
}

static struct outcome
do_probe(struct rig *rig)
{
	struct buf what = BUF_INIT;
	struct outcome outcome;

	rig->is_probing = true;
	outcome = rig->subject->ops->probe(rig->state, &what);
	rig->is_probing = false;
	assert_int_equal(what.n, 0);
	buf_fini(&what);
	return outcome;
}

/* What is said of the one item counts as said of the call. */
static struct outcome
do_read(struct rig *rig)
{
	struct count count = { .external = rig->subject->external };
	struct outcome outcome =
		rig->subject->ops->read_counts(rig->state, &count, 1);

	assert_false(count.is_known);
	return outcome.verdict == VERDICT_DONE ? count.outcome : outcome;
}

static struct outcome
do_write(struct rig *rig)
{
	struct count counts[] = {
		{ .external = rig->subject->external, .qty = decimal_of(7) },
		{ .external = "20000", .qty = DECIMAL_ZERO },
	};

	struct outcome outcome;

	rig->is_writing = true;
	outcome = rig->subject->ops->write_counts(rig->state, counts, 2,
	                                          clock_wall_ms());
	rig->is_writing = false;
	return outcome.verdict == VERDICT_DONE ? counts[0].outcome : outcome;
}

static struct outcome
do_sales(struct rig *rig)
{
	struct learned learned = { 0 };
	const struct sale_sink sink = { &learned, take_sale };
	int64_t now = clock_wall_ms();
	struct outcome outcome = rig->subject->ops->list_sales(
		rig->state, now - 3600000, now, &sink);

	assert_int_equal(learned.n_sales, 0);
	return outcome;
}

static struct outcome
do_sync(struct rig *rig)
{
	struct learned learned = { 0 };
	const struct sync_job job = { .is_full = true };
	struct sync_sink sink = adapter_sink_of(&learned, take_count);
	struct outcome outcome;

	sink.listed = listed;
	sink.skipped = rows_said;
	sink.dangling = rows_said;
	outcome = rig->subject->ops->sync(rig->state, &job, &sink);
	assert_int_equal(learned.n_counts, 0);
	return outcome;
}

struct act {
	const char *name;
	struct outcome (*run)(struct rig *rig);
};

static const struct act acts[] = {
	{ "probe", do_probe }, { "read_counts", do_read },
	{ "sync", do_sync },   { "list_sales", do_sales },
	{ "write", do_write },
};

enum { N_ACTS = sizeof(acts) / sizeof(*acts) };

static bool
can(const struct adapter_ops *ops, const struct act *act)
{
	if (act->run == do_sales)
		return ops->list_sales != NULL;
	if (act->run == do_write)
		return ops->write_counts != NULL;
	return act->run != do_sync || ops->sync != NULL;
}

/* ---- the rows ---- */

/* Verdicts as a set: where vendors may differ, both are right. */
#define SET(verdict) (1u << (verdict))

enum {
	RETRY = SET(VERDICT_RETRY),
	SLOW = SET(VERDICT_SLOW),
	LOCKED = SET(VERDICT_LOCKED),
	REFUSED = SET(VERDICT_REFUSED),
};

struct row {
	const char *sentence;
	int status;
	const char *body;
	unsigned verdicts;
};

static const struct row rows[] = {
	{ "no answer is passing", 0, "", RETRY },
	{ "a redirect is not followed", 301, "", RETRY },
	{ "400 is refused", 400, "", REFUSED },
	{ "401 locks", 401, "", LOCKED },
	{ "403 locks", 403, "{\"detail\":\"no\"}", LOCKED },
	{ "404 will not come by itself", 404, "<html>", REFUSED | LOCKED },
	{ "408 is passing", 408, "", RETRY },
	{ "409 is no success", 409, "{}", RETRY | REFUSED },
	{ "422 is refused", 422, "{\"a\":[\"b\"]}", REFUSED },
	{ "429 is slow", 429, "", SLOW },
	{ "429 with words is slow", 429, "{\"detail\":\"slower\"}", SLOW },
	{ "500 is passing", 500, "{}", RETRY },
	{ "502 is passing", 502, "<html>", RETRY },
	{ "503 is passing", 503, "", RETRY | SLOW },
	{ "504 is passing", 504, "", RETRY },
	{ "an empty answer is nothing", 200, "", RETRY },
	{ "a page is nothing", 200, "<html>welcome</html>", RETRY },
	{ "null is nothing", 200, "null", RETRY },
	{ "a text is nothing", 200, "\"fine\"", RETRY },
	{ "half an answer is nothing", 200, "{\"count\":1,\"results\":[{\"ex",
	  RETRY },
	{ "half a list is nothing", 200, "[{\"ID\":\"" GALAXY_ITEM "\",\"Bal",
	  RETRY },
	{ "no text of ours is nothing", 200, "\xff\xfe{}", RETRY },
};

static struct outcome
run(struct rig *rig, const struct act *act, int status, const char *body)
{
	rig->status = status;
	rig->body = body;
	rig->n_calls = 0;
	buf_reset(&rig->sent);
	return act->run(rig);
}

static void
check(const struct subject *subject, const struct act *act,
      const struct row *row)
{
	struct rig rig;
	struct outcome outcome;
	bool is_key_worn = row->status == 401 || row->status == 403;
	bool is_each = subject->writes_each && act->run == do_write;
	/* None of these refusals is in the form of a vendor's. */
	unsigned wanted = subject->names_errors && (row->verdicts & REFUSED)
	                          ? (unsigned)RETRY
	                          : row->verdicts;

	if (!can(subject->ops, act))
		return;
	rig_open(&rig, subject);
	outcome = run(&rig, act, row->status, row->body);
	if (!(SET(outcome.verdict) & wanted))
		fail_msg("%s: %s: %s said %s (%s)", subject->ops->name,
		         row->sentence, act->name,
		         verdict_name(outcome.verdict), outcome.why);
	if (outcome.why[0] == '\0')
		fail_msg("%s: %s: %s has no reason", subject->ops->name,
		         row->sentence, act->name);
	/* Nobody but the engine tries again, except with a new key, once. */
	assert_in_range(rig.n_calls, 1, is_key_worn || is_each ? 2 : 1);
	if (row->status == 429)
		assert_int_equal(outcome.wait_ms, 7000);
	rig_close(&rig);
}

static void
check_all(const struct row *row)
{
	for (size_t i = 0; i < N_SUBJECTS; i++)
		for (size_t j = 0; j < N_ACTS; j++)
			check(&subjects[i], &acts[j], row);
}

/* ---- tests ---- */

static void
test_adapters__are_all_asked(void **state)
{
	size_t n = 0;

	(void)state;
	for (; adapters[n]; n++) {
		size_t i = 0;

		if (!adapters[n]->read_counts)
			continue; /* it only calls us */
		/* It speaks no HTTP, so no row here can be said to it: what
		   stands here is asked of it, over a real connection to a real
		   server, in test_sql_adapter.c. */
		if (adapters[n] == &sql_adapter)
			continue;
		while (i < N_SUBJECTS && subjects[i].ops != adapters[n])
			i++;
		if (i == N_SUBJECTS)
			fail_msg("%s has no subject", adapters[n]->name);
	}
	for (size_t i = 0; i < N_SUBJECTS; i++) {
		for (n = 0; adapters[n] && adapters[n] != subjects[i].ops; n++)
			continue;
		assert_non_null(adapters[n]); /* some have several rows */
	}
}

static void
test_adapters__report_each_kind_of_trouble(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_all(&rows[i]);
}

/* Before or after the work was done: none of these calls does harm twice. */
static void
test_adapters__take_a_lost_answer_for_passing(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SUBJECTS; i++)
		for (size_t j = 0; j < N_ACTS; j++) {
			struct rig rig;

			if (!can(subjects[i].ops, &acts[j]))
				continue;
			rig_open(&rig, &subjects[i]);
			rig.was_sent = true;
			assert_int_equal(run(&rig, &acts[j], 0, "").verdict,
			                 VERDICT_RETRY);
			rig_close(&rig);
		}
}

static void
test_adapters__survive_huge_and_deep_answers(void **state)
{
	enum { SIZE = 3000000 };
	struct row row = { "rubbish", 200, NULL, RETRY };
	char *huge = malloc(SIZE + 1);

	(void)state;
	assert_non_null(huge);
	huge[SIZE] = '\0';
	memset(huge, '[', SIZE);
	row.body = huge;
	check_all(&row);
	memset(huge, ' ', SIZE);
	check_all(&row);
	memset(huge, '[', SIZE / 2); /* closed in good order */
	memset(huge + SIZE / 2, ']', SIZE / 2);
	check_all(&row);
	free(huge);
}

/* The right names with values of other types. */
static void
test_adapters__learn_nothing_from_wrong_types(void **state)
{
	static const char *const bodies[] = {
		"{\"counts\":7,\"orders\":true,\"locations\":{},"
		"\"results\":7,\"count\":\"x\",\"external_id\":[1],"
		"\"in_stock\":{}}",
		"{\"counts\":{},\"orders\":\"x\",\"locations\":7,"
		"\"results\":{},\"count\":{},\"external_id\":{},"
		"\"in_stock\":true}",
	};

	(void)state;
	for (size_t i = 0; i < N_SUBJECTS; i++)
		for (size_t j = 0; j < N_ACTS; j++)
			for (size_t k = 0; k < sizeof(bodies) / sizeof(*bodies);
			     k++) {
				struct rig rig;

				if (!can(subjects[i].ops, &acts[j]) ||
				    acts[j].run == do_write)
					continue; /* looks at the status only */
				rig_open(&rig, &subjects[i]);
				assert_int_not_equal(
					run(&rig, &acts[j], 200, bodies[k])
						.verdict,
					VERDICT_DONE);
				rig_close(&rig);
			}
}

/* Numbers as texts, texts as numbers: a count or unknown, never another. */
static void
test_adapters__know_a_count_or_do_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SUBJECTS; i++)
		for (const struct form *f = subjects[i].forms;
		     f < subjects[i].forms + 8 && f->body; f++) {
			struct rig rig;
			struct count c = { .external = subjects[i].external };
			char text[DECIMAL_TEXT_SIZE];

			rig_open(&rig, &subjects[i]);
			rig.status = 200;
			rig.body = f->body;
			(void)subjects[i].ops->read_counts(rig.state, &c, 1);
			if (c.is_known != (f->qty != NULL) ||
			    (f->qty &&
			     strcmp(decimal_format(text, c.qty), f->qty) != 0))
				fail_msg("%s: %s", subjects[i].ops->name,
				         f->body);
			rig_close(&rig);
		}
}

static void
test_adapters__write_the_same_job_in_the_same_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SUBJECTS; i++) {
		struct rig rig;
		const char *done = subjects[i].done ? subjects[i].done : "{}";
		char *first;

		if (!subjects[i].ops->write_counts)
			continue;
		rig_open(&rig, &subjects[i]);
		assert_int_equal(run(&rig, &acts[4], 200, done).verdict,
		                 VERDICT_DONE);
		first = text_dup(buf_text(&rig.sent));
		assert_int_equal(run(&rig, &acts[4], 200, done).verdict,
		                 VERDICT_DONE);
		assert_string_equal(buf_text(&rig.sent), first);
		free(first);
		rig_close(&rig);
	}
}

/* An answer may repeat what we sent: not even that is handed on. */
static void
test_adapters__never_tell_a_secret(void **state)
{
	static const char *const bodies[] = {
		"{\"detail\":\"" SECRET " " COOKIE "\"}",
		"{\"ResponseStatus\":{\"ErrorCode\":\"" SECRET
		"\",\"Message\":\"" SECRET " " COOKIE "\"}}",
		"{\"errors\":[{\"category\":\"" SECRET "\",\"code\":\"" SECRET
		"\",\"detail\":\"" SECRET "\"}]}",
	};
	static const int statuses[] = { 200, 400, 403, 404, 429, 500, 503 };

	(void)state;
	for (size_t i = 0; i < N_SUBJECTS * N_ACTS; i++) {
		const struct subject *subject = &subjects[i / N_ACTS];
		const struct act *act = &acts[i % N_ACTS];

		for (size_t j = 0; can(subject->ops, act) && j < 3 * 7; j++) {
			struct rig rig;
			struct outcome outcome;
			const char *said;

			rig_open(&rig, subject);
			stderr_capture_begin();
			outcome =
				run(&rig, act, statuses[j % 7], bodies[j / 7]);
			said = stderr_capture_end();
			assert_null(strstr(outcome.why, "4711"));
			assert_null(strstr(said, "4711"));
			if (subject->fixed[0].piece) /* it was given one */
				assert_null(strstr(outcome.why, COOKIE));
			assert_null(strstr(said, COOKIE));
			rig_close(&rig);
		}
	}
}

static int
set_up(void **state)
{
	(void)state;
	fake_clock_start(INT64_C(1795170000000), 1000);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	fake_clock_stop();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adapters__are_all_asked),
		cmocka_unit_test(test_adapters__report_each_kind_of_trouble),
		cmocka_unit_test(test_adapters__take_a_lost_answer_for_passing),
		cmocka_unit_test(test_adapters__survive_huge_and_deep_answers),
		cmocka_unit_test(test_adapters__learn_nothing_from_wrong_types),
		cmocka_unit_test(test_adapters__know_a_count_or_do_not),
		cmocka_unit_test(
			test_adapters__write_the_same_job_in_the_same_bytes),
		cmocka_unit_test(test_adapters__never_tell_a_secret),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
