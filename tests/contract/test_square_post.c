/*
 * Square as an authority: what is sent for a sale and a return, under which
 * keys, and what each answer means for the entry. Answers are in the form of the
 * vendor's OpenAPI 2025-08-20.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "adapters/adapters.h"
#include "gateway/base/clock.h"
#include "gateway/base/json.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http.h"
#include "tests/support/fake_mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN "EAAA-very-secret-token-4711"
#define DOCID "TB-beta-ORDER-512df7560cbb7a59"

#define MONEY(n) "{\"amount\":" n ",\"currency\":\"EUR\"}"

#define ORDER_OF(state, due) \
	"{\"id\":\"O1\",\"location_id\":\"L1\",\"reference_id\":\"" DOCID \
	"\",\"state\":\"" state "\",\"version\":1,\"total_money\":" MONEY( \
		due) ",\"net_amount_due_money\":" MONEY(due) "}"
#define MADE         "{\"order\":" ORDER_OF("OPEN", "1080") "}"
#define FOUND(order) "{\"orders\":[" order "]}"
#define PAID \
	"{\"payment\":{\"id\":\"P1\",\"status\":\"COMPLETED\"," \
	"\"order_id\":\"O1\"}}"
#define ERROR(category, code) \
	"{\"errors\":[{\"category\":\"" category "\",\"code\":\"" code \
	"\",\"detail\":\"words of theirs\"}]}"
#define REUSED ERROR("INVALID_REQUEST_ERROR", "IDEMPOTENCY_KEY_REUSED")
#define BAD    ERROR("INVALID_REQUEST_ERROR", "BAD_REQUEST")

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
	                           "\"url\":\"https://vendor.example\","
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

/* ---- entries ---- */

static struct decimal
dec(const char *text)
{
	struct decimal d;

	assert_int_equal(decimal_parse(&d, text), 0);
	return d;
}

static void
add_line(struct entry *e, const char *external, const char *qty,
         const char *gross)
{
	struct entry_line *line = entry_add_line(e);

	assert_non_null(line);
	line->uid = text_dup("u");
	line->sku = text_dup("A1");
	line->external = text_dup(external);
	line->qty = dec(qty);
	line->has_gross = gross != NULL;
	if (gross)
		line->gross = dec(gross);
}

/* One line; gross NULL: the catalogue's price. An hour ago. */
static void
make(struct entry *e, const struct rig *rig, const char *qty, const char *gross)
{
	*e = (struct entry){ .kind = ENTRY_SALE,
		             .id = text_dup("beta/ORDER"),
		             .docid = text_dup(DOCID),
		             .account = text_dup("beta"),
		             .sale = text_dup("ORDER"),
		             .authority = text_dup("agora"),
		             .currency = text_dup("EUR"),
		             .occurred_ms = rig->now_ms - 3600000 };
	add_line(e, "V1", qty, gross);
}

static struct outcome
post(struct rig *rig, const char *qty, const char *gross)
{
	struct entry entry;
	struct outcome outcome;

	make(&entry, rig, qty, gross);
	outcome = square_adapter.post_entry(rig->square, &entry);
	entry_fini(&entry);
	return outcome;
}

static struct outcome
find(struct rig *rig, const char *qty)
{
	struct entry entry;
	struct outcome outcome;

	make(&entry, rig, qty, "10.80");
	outcome = square_adapter.find_entry(rig->square, &entry);
	entry_fini(&entry);
	return outcome;
}

/* ---- what was sent ---- */

static const char *
body(const struct rig *rig, size_t i)
{
	assert_true(i < fake_http_count(rig->http));
	return fake_http_at(rig->http, i)->body;
}

static void
assert_sent(const struct rig *rig, size_t i, const char *url, const char *text)
{
	assert_true(i < fake_http_count(rig->http));
	assert_string_equal(fake_http_at(rig->http, i)->url, url);
	assert_string_equal(body(rig, i), text);
}

#define assert_verdict(outcome, wanted) \
	assert_string_equal(verdict_name((outcome).verdict), \
	                    verdict_name(wanted))

#define assert_words(outcome, words) \
	assert_non_null(strstr((outcome).why, words))

#define HOST "https://vendor.example"

/* ---- what is answered ---- */

struct row {
	int status;
	const char *text;
	bool was_sent;
	enum verdict verdict;
};

static void
push(struct rig *rig, const struct row *row)
{
	fake_http_push(rig->http,
	               &(struct fake_answer){ .status = row->status,
	                                      .body = row->text,
	                                      .why = "no answer",
	                                      .was_sent = row->was_sent });
}

#define N(rows) (sizeof(rows) / sizeof(*(rows)))

/* ---- a sale ---- */

static void
test_square_post__a_sale_is_an_order_and_its_payment(void **state)
{
	struct rig *rig = *state;

	fake_http_say(rig->http, 200, MADE);
	fake_http_say(rig->http, 200, PAID);
	assert_verdict(post(rig, "1", "10.80"), VERDICT_DONE);
	assert_int_equal(fake_http_count(rig->http), 2);
	assert_sent(rig, 0, HOST "/v2/orders",
	            "{\"idempotency_key\":\"" DOCID
	            "\",\"order\":{\"location_id\":\"L1\",\"reference_id\":"
	            "\"" DOCID "\",\"source\":{\"name\":\"Tillbridge\"},"
	            "\"line_items\":[{\"catalog_object_id\":\"V1\","
	            "\"quantity\":\"1\",\"base_price_money\":" MONEY(
			    "1080") "}]}}");
	assert_sent(rig, 1, HOST "/v2/payments",
	            "{\"source_id\":\"EXTERNAL\",\"idempotency_key\":\"" DOCID
	            "-pay\",\"amount_money\":" MONEY(
			    "1080") ",\"order_id\":"
	                            "\"O1\",\"location_id\":\"L1\",\"reference_"
	                            "id\":\"" DOCID
	                            "\",\"autocomplete\":true,\"external_"
	                            "details\":{\"type\":"
	                            "\"OTHER\",\"source\":\"Tillbridge\","
	                            "\"source_id\":\"" DOCID "\"}}");
}

static void
test_square_post__the_same_entry_is_the_same_bytes(void **state)
{
	struct rig *rig = *state;

	for (int i = 0; i < 2; i++) {
		fake_http_say(rig->http, 200, MADE);
		fake_http_say(rig->http, 200, PAID);
		assert_verdict(post(rig, "1", "10.80"), VERDICT_DONE);
		fake_clock_advance(7200 * 1000);
	}
	assert_string_equal(body(rig, 0), body(rig, 2));
	assert_string_equal(body(rig, 1), body(rig, 3));
	for (int i = 0; i < 2; i++) {
		fake_http_say(rig->http, 200, "{}");
		assert_verdict(post(rig, "-1", NULL), VERDICT_DONE);
		fake_clock_advance(3600 * 1000);
	}
	assert_string_equal(body(rig, 4), body(rig, 5));
}

static void
test_square_post__the_longest_docid_fits_every_key(void **state)
{
	const char *docid = "TB-4567890123456789012345678901234567890";
	struct rig *rig = *state;
	struct entry entry;
	struct json *doc = NULL;

	make(&entry, rig, "1", "10.80");
	free(entry.docid);
	entry.docid = text_dup(docid);
	fake_http_say(rig->http, 200, MADE);
	fake_http_say(rig->http, 200, PAID);
	assert_verdict(square_adapter.post_entry(rig->square, &entry),
	               VERDICT_DONE);
	entry_fini(&entry);
	assert_int_equal(json_parse(&doc, body(rig, 1), strlen(body(rig, 1))),
	                 0);
	assert_true(strlen(json_text_or(json_root(doc), "idempotency_key",
	                                "")) <= 45);
	json_free(doc);
}

/* What a line of this quantity and total is sent as. */
static void
assert_priced(struct rig *rig, const char *qty, const char *gross,
              const char *pieces)
{
	fake_http_reset(rig->http);
	fake_http_say(rig->http, 200, MADE);
	fake_http_say(rig->http, 200, PAID);
	assert_verdict(post(rig, qty, gross), VERDICT_DONE);
	assert_non_null(strstr(body(rig, 0), pieces));
}

static void
test_square_post__the_order_comes_to_what_was_paid(void **state)
{
	struct rig *rig = *state;

	assert_priced(rig, "3", "10.00",
	              "\"quantity\":\"3\",\"base_price_money\":" MONEY(
			      "334") "}],\"discounts\":[{\"uid\":\"rounding\","
	                             "\"name\":\"Rounding\",\"type\":"
	                             "\"FIXED_AMOUNT\",\"scope\":\"ORDER\","
	                             "\"amount_money\":" MONEY("2") "}]");
	assert_priced(rig, "2", "21.60",
	              "\"base_price_money\":" MONEY("1080") "}]}}");
	assert_priced(rig, "0.125", "0.45",
	              "\"base_price_money\":" MONEY("360") "}]}}");
	assert_priced(rig, "0.3", "1.00", "\"base_price_money\":" MONEY("334"));
	assert_priced(rig, "1", "0", "\"base_price_money\":" MONEY("0") "}]}}");
	assert_priced(rig, "1", NULL, "\"quantity\":\"1\"}]}}");
}

static void
test_square_post__several_prices_share_one_rest(void **state)
{
	struct rig *rig = *state;
	struct entry entry;

	make(&entry, rig, "3", "10.00");
	add_line(&entry, "V2", "7", "1.00");
	add_line(&entry, "V3", "1", NULL);
	fake_http_say(rig->http, 200, MADE);
	fake_http_say(rig->http, 200, PAID);
	assert_verdict(square_adapter.post_entry(rig->square, &entry),
	               VERDICT_DONE);
	entry_fini(&entry);
	/* 3 x 3.34 + 7 x 0.15 = 11.07, and 11.00 was paid */
	assert_non_null(strstr(body(rig, 0), "\"amount_money\":" MONEY("7")));
	assert_non_null(
		strstr(body(rig, 0),
	               "{\"catalog_object_id\":\"V3\",\"quantity\":\"1\"}"));
}

static void
test_square_post__money_is_in_the_currencys_own_units(void **state)
{
	struct rig *rig = *state;
	struct entry entry;

	make(&entry, rig, "2", "1000");
	memcpy(entry.currency, "JPY", 3);
	fake_http_say(rig->http, 200, MADE);
	fake_http_say(rig->http, 200, PAID);
	assert_verdict(square_adapter.post_entry(rig->square, &entry),
	               VERDICT_DONE);
	entry_fini(&entry);
	assert_non_null(strstr(
		body(rig, 0),
		"\"base_price_money\":{\"amount\":500,\"currency\":\"JPY\"}"));
}

#define LOCATIONS \
	"{\"locations\":[{\"id\":\"L1\",\"name\":\"A\",\"status\":\"ACTIVE\"," \
	"\"currency\":\"EUR\"}]}"

static void
test_square_post__without_a_currency_it_is_the_locations(void **state)
{
	struct rig *rig = *state;
	struct entry entry;

	make(&entry, rig, "1", "10.80");
	free(entry.currency);
	entry.currency = NULL;
	fake_http_say(rig->http, 200, LOCATIONS);
	for (int i = 0; i < 2; i++) {
		fake_http_say(rig->http, 200, MADE);
		fake_http_say(rig->http, 200, PAID);
		assert_verdict(square_adapter.post_entry(rig->square, &entry),
		               VERDICT_DONE);
	}
	entry_fini(&entry);
	assert_int_equal(fake_http_count(rig->http), 5); /* asked once */
	assert_non_null(
		strstr(body(rig, 1), "\"base_price_money\":" MONEY("1080")));
}

/* An answer without a currency says nothing of the entry. */
static void
test_square_post__no_answer_on_the_location_condemns_a_sale(void **state)
{
	static const struct row rows[] = {
		{ 200, "{\"locations\":[{\"id\":\"L1\"}]}", true,
		  VERDICT_RETRY },
		{ 200, "{\"locations\":[{\"id\":\"L1\",\"currency\":\"EU\"}]}",
		  true, VERDICT_RETRY },
		{ 400, BAD, true, VERDICT_RETRY },
		{ 200, "{}", true, VERDICT_LOCKED },
	};
	struct rig *rig = *state;
	struct entry entry;

	make(&entry, rig, "1", "10.80");
	free(entry.currency);
	entry.currency = NULL;
	for (size_t i = 0; i < N(rows); i++) {
		push(rig, &rows[i]);
		assert_verdict(square_adapter.post_entry(rig->square, &entry),
		               rows[i].verdict);
	}
	entry_fini(&entry);
	assert_int_equal(fake_http_count(rig->http), N(rows));
}

static void
test_square_post__another_currency_is_refused_before_it_is_sent(void **state)
{
	struct rig *rig = *state;
	struct buf what = BUF_INIT;
	struct outcome outcome;
	struct entry entry;

	fake_http_say(rig->http, 200, LOCATIONS);
	assert_verdict(square_adapter.probe(rig->square, &what), VERDICT_DONE);
	buf_fini(&what);
	make(&entry, rig, "1", "10.80");
	memcpy(entry.currency, "USD", 3);
	outcome = square_adapter.post_entry(rig->square, &entry);
	entry_fini(&entry);
	assert_verdict(outcome, VERDICT_REFUSED);
	assert_words(outcome, "this location takes EUR");
	assert_int_equal(fake_http_count(rig->http), 1);
}

static void
test_square_post__nothing_to_pay_is_paid_with_nothing(void **state)
{
	struct rig *rig = *state;

	fake_http_say(rig->http, 200, "{\"order\":" ORDER_OF("OPEN", "0") "}");
	fake_http_say(rig->http, 200,
	              "{\"order\":" ORDER_OF("COMPLETED", "0") "}");
	assert_verdict(post(rig, "1", "0"), VERDICT_DONE);
	assert_sent(rig, 1, HOST "/v2/orders/O1/pay",
	            "{\"idempotency_key\":\"" DOCID
	            "-pay-1\",\"order_version\":1,\"payment_ids\":[]}");
}

static void
test_square_post__an_order_that_is_paid_is_not_paid_again(void **state)
{
	struct rig *rig = *state;

	fake_http_say(rig->http, 200,
	              "{\"order\":" ORDER_OF("COMPLETED", "1080") "}");
	assert_verdict(post(rig, "1", "10.80"), VERDICT_DONE);
	assert_int_equal(fake_http_count(rig->http), 1);
}

/* ---- what answers mean ---- */

/* Of the order, and of a return's adjustments. */
static const struct row first[] = {
	{ 0, NULL, false, VERDICT_RETRY },
	{ 0, NULL, true, VERDICT_UNCERTAIN },
	{ 400, BAD, true, VERDICT_REFUSED },
	{ 401, ERROR("AUTHENTICATION_ERROR", "UNAUTHORIZED"), true,
	  VERDICT_LOCKED },
	{ 403, ERROR("AUTHENTICATION_ERROR", "INSUFFICIENT_SCOPES"), true,
	  VERDICT_LOCKED },
	{ 404, ERROR("INVALID_REQUEST_ERROR", "NOT_FOUND"), true,
	  VERDICT_REFUSED },
	{ 404, "<html>no such host</html>", true, VERDICT_UNCERTAIN },
	{ 400, "{\"errors\":[{\"detail\":\"ours\"}]}", true,
	  VERDICT_UNCERTAIN },
	{ 403, "<html>not from here</html>", true, VERDICT_LOCKED },
	{ 429, "<html>slower</html>", true, VERDICT_SLOW },
	{ 408, ERROR("API_ERROR", "REQUEST_TIMEOUT"), true, VERDICT_UNCERTAIN },
	{ 409, ERROR("INVALID_REQUEST_ERROR", "CONFLICT"), true,
	  VERDICT_RETRY },
	{ 422, BAD, true, VERDICT_REFUSED },
	{ 429, ERROR("RATE_LIMIT_ERROR", "RATE_LIMITED"), true, VERDICT_SLOW },
	{ 500, ERROR("API_ERROR", "INTERNAL_SERVER_ERROR"), true,
	  VERDICT_UNCERTAIN },
	{ 502, "<html>bad gateway</html>", true, VERDICT_UNCERTAIN },
	{ 503, "", true, VERDICT_UNCERTAIN },
	{ 200, "<html>welcome</html>", true, VERDICT_UNCERTAIN },
	{ 200, "", true, VERDICT_UNCERTAIN },
	{ 200, "{\"order\":{\"id\":\"O1\",", true, VERDICT_UNCERTAIN },
	{ 200, "[]", true, VERDICT_UNCERTAIN },
	{ 200, BAD, true, VERDICT_UNCERTAIN },
};

/* Of the order alone: where its answer is not as documented. */
static const struct row strange[] = {
	{ 200, "{}", true, VERDICT_UNCERTAIN },
	{ 200, "{\"order\":[]}", true, VERDICT_UNCERTAIN },
	{ 200, "{\"order\":{\"id\":7,\"state\":\"OPEN\"}}", true,
	  VERDICT_UNCERTAIN },
	{ 200, "{\"order\":{\"id\":\"O1\",\"state\":\"OPEN\"}}", true,
	  VERDICT_UNCERTAIN },
	{ 200,
	  "{\"order\":{\"id\":\"../"
	  "O1\",\"state\":\"OPEN\",\"total_money\":" MONEY("0") "}}",
	  true, VERDICT_UNCERTAIN },
	{ 200,
	  "{\"order\":{\"id\":\"O1\",\"state\":\"OPEN\",\"total_money\":"
	  "{\"amount\":\"1080\",\"currency\":\"EUR\"}}}",
	  true, VERDICT_UNCERTAIN },
	{ 200, "{\"order\":" ORDER_OF("CANCELED", "1080") "}", true,
	  VERDICT_REFUSED },
};

/* Of the payment: the order is there, so all but a no leaves it half made. */
static const struct row second[] = {
	{ 0, NULL, false, VERDICT_UNCERTAIN },
	{ 0, NULL, true, VERDICT_UNCERTAIN },
	{ 401, ERROR("AUTHENTICATION_ERROR", "UNAUTHORIZED"), true,
	  VERDICT_UNCERTAIN },
	{ 403, ERROR("AUTHENTICATION_ERROR", "INSUFFICIENT_SCOPES"), true,
	  VERDICT_UNCERTAIN },
	{ 409, ERROR("INVALID_REQUEST_ERROR", "CONFLICT"), true,
	  VERDICT_UNCERTAIN },
	{ 429, ERROR("RATE_LIMIT_ERROR", "RATE_LIMITED"), true,
	  VERDICT_UNCERTAIN },
	{ 404, "<html>no such host</html>", true, VERDICT_UNCERTAIN },
	{ 500, "", true, VERDICT_UNCERTAIN },
	{ 200, "{}", true, VERDICT_UNCERTAIN },
	{ 200, "{\"payment\":{\"id\":\"P1\",\"status\":\"PENDING\"}}", true,
	  VERDICT_UNCERTAIN },
	{ 200, "{\"payment\":[", true, VERDICT_UNCERTAIN },
};

static void
check_rows(struct rig *rig, const struct row *rows, size_t n, const char *qty,
           const char *before)
{
	for (size_t i = 0; i < n; i++) {
		struct outcome outcome;

		fake_http_reset(rig->http);
		if (before)
			fake_http_say(rig->http, 200, before);
		push(rig, &rows[i]);
		outcome = post(rig, qty, *qty == '-' ? NULL : "10.80");
		if (outcome.verdict != rows[i].verdict)
			print_message("row %zu: %d %s\n", i, rows[i].status,
			              rows[i].text ? rows[i].text : "");
		assert_verdict(outcome, rows[i].verdict);
		assert_true(outcome.why[0]);
		assert_null(strstr(outcome.why, TOKEN));
		assert_int_equal(fake_http_left(rig->http), 0);
	}
}

static void
test_square_post__judges_each_answer_to_the_order(void **state)
{
	check_rows(*state, first, N(first), "1", NULL);
	check_rows(*state, strange, N(strange), "1", NULL);
}

static void
test_square_post__judges_each_answer_to_the_payment(void **state)
{
	check_rows(*state, second, N(second), "1", MADE);
}

static void
test_square_post__judges_each_answer_to_a_return(void **state)
{
	check_rows(*state, first, N(first), "-1", NULL);
}

static void
test_square_post__a_refusal_names_the_cure(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;

	fake_http_say(rig->http, 404,
	              ERROR("INVALID_REQUEST_ERROR", "NOT_FOUND"));
	outcome = post(rig, "1", "10.80");
	assert_words(outcome, "words of theirs");
	assert_words(outcome, "bind the item");
	fake_http_say(rig->http, 400, BAD);
	assert_words(post(rig, "1", "10.80"), "retry the entry, or drop it");
}

/* A payment that is refused because the order is paid is a sale recorded. */
static void
test_square_post__a_refused_payment_is_read_back(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;

	fake_http_say(rig->http, 200, MADE);
	fake_http_say(rig->http, 400, BAD);
	fake_http_say(rig->http, 200,
	              "{\"order\":" ORDER_OF("COMPLETED", "1080") "}");
	assert_verdict(post(rig, "1", "10.80"), VERDICT_DONE);
	assert_string_equal(fake_http_at(rig->http, 2)->url,
	                    HOST "/v2/orders/O1");
	fake_http_say(rig->http, 200, MADE);
	fake_http_say(rig->http, 400, BAD);
	fake_http_say(rig->http, 200, MADE);
	outcome = post(rig, "1", "10.80");
	assert_verdict(outcome, VERDICT_REFUSED);
	assert_words(outcome, "finish it at Square, then retry this entry, or "
	                      "cancel it there, then drop this entry");
	fake_http_say(rig->http, 200, MADE);
	fake_http_say(rig->http, 400, BAD);
	fake_http_say(rig->http, 500, "");
	assert_verdict(post(rig, "1", "10.80"), VERDICT_UNCERTAIN);
}

/* The same key gives the same order for ever: a retry cannot work. */
static void
test_square_post__a_cancelled_order_is_not_to_be_retried(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;

	fake_http_say(rig->http, 200, MADE);
	fake_http_say(rig->http, 400, BAD);
	fake_http_say(rig->http, 200,
	              "{\"order\":" ORDER_OF("CANCELED", "1080") "}");
	outcome = post(rig, "1", "10.80");
	assert_verdict(outcome, VERDICT_REFUSED);
	assert_words(outcome, "is CANCELED at Square");
	assert_words(outcome, "book it there by hand; then drop");
	assert_null(strstr(outcome.why, "retry"));
	fake_http_say(rig->http, 200, MADE);
	fake_http_say(rig->http, 400, BAD);
	fake_http_say(rig->http, 200, "{\"order\":{}}");
	assert_verdict(post(rig, "1", "10.80"), VERDICT_UNCERTAIN);
}

#define FREE(version) \
	"{\"id\":\"O1\",\"location_id\":\"L1\",\"reference_id\":\"" DOCID \
	"\",\"state\":\"OPEN\",\"version\":" version \
	",\"net_amount_due_money\":" MONEY( \
		"0") ",\"line_items\":[{" \
		     "\"catalog_object_id\":\"V1\",\"quantity\":\"1\"}]}"

/* Somebody touched the order: the look-up pays it in its new version. */
static void
test_square_post__an_order_changed_meanwhile_is_paid_as_it_is(void **state)
{
	struct rig *rig = *state;

	fake_http_say(rig->http, 200, "{\"order\":" FREE("1") "}");
	fake_http_say(rig->http, 400,
	              ERROR("INVALID_REQUEST_ERROR", "VERSION_MISMATCH"));
	fake_http_say(rig->http, 200, "{\"order\":" FREE("2") "}");
	assert_verdict(post(rig, "1", "0"), VERDICT_UNCERTAIN);
	fake_http_say(rig->http, 200, FOUND(FREE("2")));
	fake_http_say(rig->http, 200,
	              "{\"order\":" ORDER_OF("COMPLETED", "0") "}");
	assert_verdict(find(rig, "1"), VERDICT_DONE);
	/* another key, or the first answer would come back */
	assert_sent(rig, 4, HOST "/v2/orders/O1/pay",
	            "{\"idempotency_key\":\"" DOCID
	            "-pay-2\",\"order_version\":2,\"payment_ids\":[]}");
}

#define ORDER_WITH(item, quantity) \
	"{\"id\":\"O1\",\"location_id\":\"L1\",\"reference_id\":\"" DOCID \
	"\",\"state\":\"OPEN\",\"version\":1,\"net_amount_due_money\":" MONEY( \
		"1080") ",\"line_items\":[{\"catalog_object_id\":\"" item \
			"\",\"quantity\":\"" quantity "\"}]}"

/* Never another key: what the first one made is read and finished. */
static void
test_square_post__a_key_used_before_is_read_back(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;

	fake_http_say(rig->http, 400, REUSED);
	fake_http_say(rig->http, 200, FOUND(ORDER_WITH("V1", "1.000")));
	fake_http_say(rig->http, 200, PAID);
	assert_verdict(post(rig, "1", "10.80"), VERDICT_DONE);
	fake_http_say(rig->http, 400, REUSED);
	fake_http_say(rig->http, 200, "{}");
	outcome = post(rig, "1", "10.80");
	assert_verdict(outcome, VERDICT_REFUSED);
	assert_words(outcome, DOCID);
	fake_http_say(rig->http, 400, REUSED);
	fake_http_say(rig->http, 503, "");
	assert_verdict(post(rig, "1", "10.80"), VERDICT_UNCERTAIN);
}

/* Paid, it would lower the stock of something else. */
static void
test_square_post__an_order_of_a_former_binding_is_not_paid(void **state)
{
	static const char *const others[] = {
		FOUND(ORDER_WITH("V9", "1")),
		FOUND(ORDER_WITH("V1", "2")),
		FOUND(ORDER_WITH("V1", "1e18")),
		FOUND(ORDER_WITH("V1", "some")),
		FOUND(ORDER_OF("OPEN", "1080")),
		FOUND(ORDER_OF("COMPLETED", "1080")),
	};
	struct rig *rig = *state;
	struct outcome outcome;

	for (size_t i = 0; i < N(others); i++) {
		fake_http_reset(rig->http);
		fake_http_say(rig->http, 400, REUSED);
		fake_http_say(rig->http, 200, others[i]);
		outcome = post(rig, "1", "10.80");
		assert_verdict(outcome, VERDICT_REFUSED);
		assert_words(outcome, "bound otherwise");
		assert_int_equal(fake_http_count(rig->http), 2);
	}
}

static void
test_square_post__refuses_what_it_cannot_hold(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;
	struct entry entry;

	assert_words(post(rig, "0.0000001", NULL), "quantity of 0.0000001 ");
	assert_words(post(rig, "1234567.12345", "1"),
	             "quantity of 1234567.12345 ");
	make(&entry, rig, "1", "1");
	add_line(&entry, "V2", "-1", NULL);
	outcome = square_adapter.post_entry(rig->square, &entry);
	assert_verdict(outcome, VERDICT_REFUSED);
	assert_words(outcome, "sold and returned");
	entry_fini(&entry);
	make(&entry, rig, "1", "1");
	entry.kind = ENTRY_ORDER;
	outcome = square_adapter.post_entry(rig->square, &entry);
	assert_verdict(outcome, VERDICT_REFUSED);
	assert_verdict(square_adapter.find_entry(rig->square, &entry),
	               VERDICT_REFUSED);
	entry_fini(&entry);
	make(&entry, rig, "1", "1");
	entry.lines[0].external[0] = '\0';
	assert_words(square_adapter.post_entry(rig->square, &entry),
	             "not bound");
	entry_fini(&entry);
	assert_int_equal(fake_http_count(rig->http), 0);
}

/* What square_sales.c lets in must not end the daemon. */
static void
test_square_post__no_price_is_too_big_to_be_refused(void **state)
{
	struct rig *rig = *state;
	struct entry entry;

	make(&entry, rig, "0.00001", "1000000000000000");
	memcpy(entry.currency, "JPY", 3);
	assert_words(square_adapter.post_entry(rig->square, &entry),
	             "too big for Square");
	entry_fini(&entry);
	make(&entry, rig, "0.00001", "1000000000000"); /* of one: 10^19 cents */
	assert_words(square_adapter.post_entry(rig->square, &entry),
	             "too big for Square");
	entry_fini(&entry);
	make(&entry, rig, "1", "999999999999");
	for (int i = 0; i < 20000; i++)
		add_line(&entry, "V2", "999999999999", "1000000000000000");
	assert_words(square_adapter.post_entry(rig->square, &entry),
	             "too big for Square");
	entry_fini(&entry);
	assert_int_equal(fake_http_count(rig->http), 0);
}

/* The largest goes through the same sums as any other. */
static void
test_square_post__a_big_price_is_exact(void **state)
{
	struct rig *rig = *state;

	assert_priced(rig, "1", "1000000000000",
	              "\"base_price_money\":" MONEY("100000000000000"));
	assert_priced(rig, "999999999999", "0.01",
	              "\"amount_money\":" MONEY("999999999998"));
}

/* ---- returns ---- */

static void
test_square_post__a_return_puts_the_goods_back(void **state)
{
	struct rig *rig = *state;

	fake_http_say(rig->http, 200, "{\"counts\":[],\"changes\":[]}");
	assert_verdict(post(rig, "-2", NULL), VERDICT_DONE);
	assert_sent(rig, 0, HOST "/v2/inventory/changes/batch-create",
	            "{\"idempotency_key\":\"" DOCID
	            "-0\",\"changes\":[{\"type\":\"ADJUSTMENT\",\"adjustment\":"
	            "{\"reference_id\":\"" DOCID
	            "\",\"catalog_object_id\":\"V1\",\"from_state\":"
	            "\"UNLINKED_RETURN\",\"to_state\":\"IN_STOCK\","
	            "\"location_id\":\"L1\",\"quantity\":\"2\","
	            "\"occurred_at\":\"2026-11-20T09:00:00.000Z\"}}]}");
}

#define CHANGE \
	"{\"type\":\"ADJUSTMENT\",\"adjustment\":{\"reference_id\":\"" DOCID \
	"\",\"location_id\":\"L1\"}}"
#define SLOWLY ERROR("RATE_LIMIT_ERROR", "RATE_LIMITED")

/* Two lines that came back two days ago. */
static void
make_old(struct entry *entry, const struct rig *rig)
{
	make(entry, rig, "-1", NULL);
	add_line(entry, "V2", "-3", NULL);
	entry->occurred_ms = rig->now_ms - INT64_C(49) * 3600000;
}

static void
test_square_post__each_line_of_a_return_has_its_key(void **state)
{
	struct rig *rig = *state;
	struct entry entry;

	make(&entry, rig, "-1", NULL);
	add_line(&entry, "V2", "-3", NULL);
	fake_http_say(rig->http, 200, "{}");
	fake_http_say(rig->http, 200, "{}");
	assert_verdict(square_adapter.post_entry(rig->square, &entry),
	               VERDICT_DONE);
	entry_fini(&entry);
	assert_int_equal(fake_http_count(rig->http), 2);
	assert_non_null(strstr(body(rig, 0), "\"" DOCID "-0\""));
	assert_non_null(strstr(body(rig, 0), "\"V1\""));
	assert_null(strstr(body(rig, 0), "\"V2\""));
	assert_non_null(strstr(body(rig, 1), "\"" DOCID "-1\""));
	assert_non_null(strstr(body(rig, 1), "\"V2\""));
}

static void
test_square_post__an_old_return_is_stamped_later(void **state)
{
	struct rig *rig = *state;

	fake_clock_advance(24 * 3600 * 1000);
	fake_http_say(rig->http, 200, "{}");
	fake_http_say(rig->http, 200, "{}");
	assert_verdict(post(rig, "-2", NULL), VERDICT_DONE);
	assert_int_equal(fake_http_count(rig->http), 2);
	assert_non_null(strstr(body(rig, 1), "2026-11-21T09:00:00"));
}

static void
test_square_post__a_return_of_tomorrow_is_stamped_earlier(void **state)
{
	struct rig *rig = *state;
	struct entry entry;

	make(&entry, rig, "-1", NULL);
	entry.occurred_ms = rig->now_ms + 1000;
	fake_http_say(rig->http, 200, "{}");
	fake_http_say(rig->http, 200, "{}");
	assert_verdict(square_adapter.post_entry(rig->square, &entry),
	               VERDICT_DONE);
	entry_fini(&entry);
	assert_non_null(strstr(body(rig, 1), "2026-11-19T22:00:01"));
}

/* "Repeat with the same idempotency key and body." */
static void
test_square_post__an_old_return_is_repeated_byte_for_byte(void **state)
{
	struct rig *rig = *state;
	struct entry entry;

	make_old(&entry, rig);
	fake_http_say(rig->http, 200, "{}");
	fake_http_say(rig->http, 429, SLOWLY);
	assert_verdict(square_adapter.post_entry(rig->square, &entry),
	               VERDICT_SLOW);
	fake_clock_advance(3600 * 1000);
	fake_http_say(rig->http, 200, "{}");
	fake_http_say(rig->http, 200, "{}");
	fake_http_say(rig->http, 200, "{}");
	assert_verdict(square_adapter.post_entry(rig->square, &entry),
	               VERDICT_DONE);
	entry_fini(&entry);
	assert_string_equal(body(rig, 1), body(rig, 3));
}

/* Its key may be forgotten by now: what is there is not posted. */
static void
test_square_post__of_an_old_return_only_the_rest_is_posted(void **state)
{
	struct rig *rig = *state;
	struct entry entry;

	make_old(&entry, rig);
	fake_http_say(rig->http, 200, "{\"changes\":[" CHANGE "]}");
	fake_http_say(rig->http, 200, "{}");
	assert_verdict(square_adapter.post_entry(rig->square, &entry),
	               VERDICT_DONE);
	assert_int_equal(fake_http_count(rig->http), 2);
	assert_non_null(strstr(body(rig, 1), "\"" DOCID "-1\""));
	fake_http_say(rig->http, 200, "{\"changes\":[" CHANGE "," CHANGE "]}");
	assert_verdict(square_adapter.post_entry(rig->square, &entry),
	               VERDICT_DONE);
	assert_int_equal(fake_http_count(rig->http), 3);
	fake_http_say(rig->http, 503, "");
	assert_verdict(square_adapter.post_entry(rig->square, &entry),
	               VERDICT_RETRY);
	entry_fini(&entry);
	assert_int_equal(fake_http_count(rig->http), 4);
}

static void
test_square_post__a_return_stamped_anew_is_counted_back(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;

	fake_http_say(rig->http, 400, REUSED);
	fake_http_say(rig->http, 200, "{\"changes\":[" CHANGE "]}");
	assert_verdict(post(rig, "-2", NULL), VERDICT_DONE);
	fake_http_say(rig->http, 400, REUSED);
	fake_http_say(rig->http, 200, "{}");
	outcome = post(rig, "-2", NULL);
	assert_verdict(outcome, VERDICT_REFUSED);
	assert_words(outcome, "book by hand what is missing");
	fake_http_say(rig->http, 400, REUSED);
	fake_http_say(rig->http, 503, "");
	assert_verdict(post(rig, "-2", NULL), VERDICT_UNCERTAIN);
}

/* Both lines were sent under the first one's key once. */
static void
test_square_post__what_is_counted_back_is_not_posted(void **state)
{
	struct rig *rig = *state;
	struct entry entry;

	make(&entry, rig, "-1", NULL);
	add_line(&entry, "V2", "-3", NULL);
	fake_http_say(rig->http, 400, REUSED);
	fake_http_say(rig->http, 200, "{\"changes\":[" CHANGE "," CHANGE "]}");
	assert_verdict(square_adapter.post_entry(rig->square, &entry),
	               VERDICT_DONE);
	entry_fini(&entry);
	assert_int_equal(fake_http_count(rig->http), 2);
}

/* Of the second line, when the first one is done. */
static void
test_square_post__half_a_return_is_never_tried_as_if_new(void **state)
{
	static const struct row rows[] = {
		{ 0, NULL, false, VERDICT_UNCERTAIN },
		{ 0, NULL, true, VERDICT_UNCERTAIN },
		{ 400, BAD, true, VERDICT_REFUSED },
		{ 401, ERROR("AUTHENTICATION_ERROR", "UNAUTHORIZED"), true,
		  VERDICT_UNCERTAIN },
		{ 429, SLOWLY, true, VERDICT_UNCERTAIN },
		{ 503, "", true, VERDICT_UNCERTAIN },
	};
	struct rig *rig = *state;
	struct outcome outcome;
	struct entry entry;

	make(&entry, rig, "-1", NULL);
	add_line(&entry, "V2", "-3", NULL);
	for (size_t i = 0; i < N(rows); i++) {
		fake_http_reset(rig->http);
		fake_http_say(rig->http, 200, "{}");
		push(rig, &rows[i]);
		outcome = square_adapter.post_entry(rig->square, &entry);
		assert_verdict(outcome, rows[i].verdict);
		assert_words(outcome, "1 of its 2 lines are there");
	}
	entry_fini(&entry);
}

/* ---- looking up ---- */

static void
test_square_post__a_look_up_asks_for_our_own_orders_since_the_sale(void **state)
{
	struct rig *rig = *state;

	fake_http_say(rig->http, 200, "{}");
	assert_verdict(find(rig, "1"), VERDICT_ABSENT);
	assert_sent(rig, 0, HOST "/v2/orders/search",
	            "{\"location_ids\":[\"L1\"],\"query\":{\"filter\":{"
	            "\"date_time_filter\":{\"created_at\":{\"start_at\":"
	            "\"2026-11-20T08:00:00.000Z\"}},\"source_filter\":{"
	            "\"source_names\":[\"Tillbridge\"]}},\"sort\":{"
	            "\"sort_field\":\"CREATED_AT\",\"sort_order\":\"ASC\"}},"
	            "\"limit\":500,\"return_entries\":false}");
}

static void
test_square_post__a_look_up_takes_no_other_order(void **state)
{
	struct rig *rig = *state;

	fake_http_say(
		rig->http, 200,
		FOUND("{\"id\":\"O2\",\"location_id\":\"L1\",\"reference_id\":"
	              "\"TB-other\",\"state\":\"COMPLETED\"},"
	              "{\"id\":\"O3\",\"location_id\":\"L2\",\"reference_id\":"
	              "\"" DOCID "\",\"state\":\"COMPLETED\"}"));
	assert_verdict(find(rig, "1"), VERDICT_ABSENT);
}

static void
test_square_post__a_look_up_finishes_what_is_half_made(void **state)
{
	struct rig *rig = *state;

	fake_http_say(rig->http, 200, MADE);
	fake_http_push(rig->http, &(struct fake_answer){ .was_sent = true });
	assert_verdict(post(rig, "1", "10.80"), VERDICT_UNCERTAIN);
	fake_http_say(rig->http, 200, FOUND(ORDER_WITH("V1", "1")));
	fake_http_say(rig->http, 200, PAID);
	assert_verdict(find(rig, "1"), VERDICT_DONE);
	assert_string_equal(body(rig, 1),
	                    body(rig, 3)); /* same key, same body */
}

/* Bound anew since the order was made: to pay it would lower the stock of what
   it was bound to before. One that is paid is told, whatever it is of. */
static void
test_square_post__a_look_up_pays_no_order_of_a_former_binding(void **state)
{
	static const char *const others[] = {
		FOUND(ORDER_WITH("V9", "1")),
		FOUND(ORDER_WITH("V1", "2")),
		FOUND(ORDER_OF("OPEN", "1080")),
	};
	struct rig *rig = *state;
	struct outcome outcome;

	for (size_t i = 0; i < N(others); i++) {
		fake_http_reset(rig->http);
		fake_http_say(rig->http, 200, others[i]);
		outcome = find(rig, "1");
		assert_verdict(outcome, VERDICT_REFUSED);
		assert_words(outcome, "bound otherwise");
		assert_int_equal(fake_http_count(rig->http), 1);
	}
	fake_http_say(rig->http, 200, FOUND(ORDER_OF("COMPLETED", "1080")));
	assert_verdict(find(rig, "1"), VERDICT_DONE);
}

static void
test_square_post__a_look_up_prefers_the_order_that_is_paid(void **state)
{
	struct rig *rig = *state;

	fake_http_say(rig->http, 200,
	              FOUND(ORDER_OF("CANCELED", "1080") "," ORDER_OF(
			      "COMPLETED", "0") "," ORDER_OF("OPEN", "1080")));
	assert_verdict(find(rig, "1"), VERDICT_DONE);
	assert_int_equal(fake_http_count(rig->http), 1);
	fake_http_say(rig->http, 200, FOUND(ORDER_OF("CANCELED", "1080")));
	assert_verdict(find(rig, "1"), VERDICT_REFUSED);
}

/* Of whoever has made it: the account is well, and a look tells no more. */
static void
test_square_post__an_order_that_cannot_be_read_is_shown_to_a_person(
	void **state)
{
	static const char odd[] =
		"{\"id\":\"O7\",\"location_id\":\"L1\",\"reference_id\":"
		"\"" DOCID "\",\"state\":\"SOMETHING_NEW_AND_LONG\"}";
	struct rig *rig = *state;
	struct outcome outcome;
	char both[700];

	(void)snprintf(both, sizeof(both), FOUND("%s"), odd);
	fake_http_say(rig->http, 200, both);
	outcome = find(rig, "1");
	assert_verdict(outcome, VERDICT_REFUSED);
	assert_words(outcome, DOCID);
	(void)snprintf(both, sizeof(both), FOUND("%s,%s"), odd,
	               ORDER_OF("COMPLETED", "1080"));
	fake_http_say(rig->http, 200, both);
	assert_verdict(find(rig, "1"), VERDICT_DONE);
	fake_http_say(rig->http, 400, REUSED);
	(void)snprintf(both, sizeof(both), FOUND("%s"), odd);
	fake_http_say(rig->http, 200, both);
	assert_verdict(post(rig, "1", "10.80"), VERDICT_UNCERTAIN);
}

static const struct row looked[] = {
	{ 0, NULL, true, VERDICT_RETRY },
	{ 401, ERROR("AUTHENTICATION_ERROR", "UNAUTHORIZED"), true,
	  VERDICT_LOCKED },
	{ 429, ERROR("RATE_LIMIT_ERROR", "RATE_LIMITED"), true, VERDICT_SLOW },
	{ 404, "<html>no such host</html>", true, VERDICT_RETRY },
	{ 500, "", true, VERDICT_RETRY },
	{ 200, "", true, VERDICT_RETRY },
	{ 200, "<html>", true, VERDICT_RETRY },
	{ 200, "{\"orders\":{},\"changes\":{}}", true, VERDICT_RETRY },
	{ 200, "{\"orders\":[{\"id\"", true, VERDICT_RETRY },
};

/* To say "absent" without having seen it would post it again. */
static void
test_square_post__trouble_with_a_look_up_is_never_absence(void **state)
{
	static const char *const quantities[] = { "1", "-1" };
	struct rig *rig = *state;

	for (size_t i = 0; i < N(looked); i++)
		for (size_t j = 0; j < 2; j++) {
			fake_http_reset(rig->http);
			push(rig, &looked[i]);
			assert_verdict(find(rig, quantities[j]),
			               looked[i].verdict);
		}
}

static void
test_square_post__a_return_is_found_by_its_changes(void **state)
{
	struct rig *rig = *state;

	fake_http_say(rig->http, 200, "{}");
	assert_verdict(find(rig, "-1"), VERDICT_ABSENT);
	assert_sent(rig, 0, HOST "/v2/inventory/changes/batch-retrieve",
	            "{\"location_ids\":[\"L1\"],\"types\":[\"ADJUSTMENT\"],"
	            "\"updated_after\":\"2026-11-20T08:00:00.000Z\","
	            "\"limit\":500}");
	fake_http_say(rig->http, 200, "{\"changes\":[" CHANGE "]}");
	assert_verdict(find(rig, "-1"), VERDICT_DONE);
}

/* The engine fills in no externals before a look-up; it does before a post. */
static void
test_square_post__half_a_return_is_posted_again(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;
	struct entry entry;

	make(&entry, rig, "-1", NULL);
	add_line(&entry, "", "-1", NULL);
	fake_http_say(rig->http, 200, "{\"changes\":[" CHANGE "]}");
	outcome = square_adapter.find_entry(rig->square, &entry);
	assert_verdict(outcome, VERDICT_ABSENT);
	assert_words(outcome, "1 of the 2 lines");
	assert_int_equal(fake_http_count(rig->http), 1);
	entry_fini(&entry);
}

#define T(f) cmocka_unit_test_setup_teardown(f, rig_open, rig_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_square_post__a_sale_is_an_order_and_its_payment),
		T(test_square_post__the_same_entry_is_the_same_bytes),
		T(test_square_post__the_longest_docid_fits_every_key),
		T(test_square_post__the_order_comes_to_what_was_paid),
		T(test_square_post__several_prices_share_one_rest),
		T(test_square_post__money_is_in_the_currencys_own_units),
		T(test_square_post__without_a_currency_it_is_the_locations),
		T(test_square_post__no_answer_on_the_location_condemns_a_sale),
		T(test_square_post__another_currency_is_refused_before_it_is_sent),
		T(test_square_post__nothing_to_pay_is_paid_with_nothing),
		T(test_square_post__an_order_that_is_paid_is_not_paid_again),
		T(test_square_post__judges_each_answer_to_the_order),
		T(test_square_post__judges_each_answer_to_the_payment),
		T(test_square_post__judges_each_answer_to_a_return),
		T(test_square_post__a_refusal_names_the_cure),
		T(test_square_post__a_refused_payment_is_read_back),
		T(test_square_post__a_cancelled_order_is_not_to_be_retried),
		T(test_square_post__an_order_changed_meanwhile_is_paid_as_it_is),
		T(test_square_post__a_key_used_before_is_read_back),
		T(test_square_post__an_order_of_a_former_binding_is_not_paid),
		T(test_square_post__refuses_what_it_cannot_hold),
		T(test_square_post__no_price_is_too_big_to_be_refused),
		T(test_square_post__a_big_price_is_exact),
		T(test_square_post__a_return_puts_the_goods_back),
		T(test_square_post__each_line_of_a_return_has_its_key),
		T(test_square_post__an_old_return_is_stamped_later),
		T(test_square_post__a_return_of_tomorrow_is_stamped_earlier),
		T(test_square_post__an_old_return_is_repeated_byte_for_byte),
		T(test_square_post__of_an_old_return_only_the_rest_is_posted),
		T(test_square_post__a_return_stamped_anew_is_counted_back),
		T(test_square_post__what_is_counted_back_is_not_posted),
		T(test_square_post__half_a_return_is_never_tried_as_if_new),
		T(test_square_post__a_look_up_asks_for_our_own_orders_since_the_sale),
		T(test_square_post__a_look_up_takes_no_other_order),
		T(test_square_post__a_look_up_finishes_what_is_half_made),
		T(test_square_post__a_look_up_pays_no_order_of_a_former_binding),
		T(test_square_post__a_look_up_prefers_the_order_that_is_paid),
		T(test_square_post__an_order_that_cannot_be_read_is_shown_to_a_person),
		T(test_square_post__trouble_with_a_look_up_is_never_absence),
		T(test_square_post__a_return_is_found_by_its_changes),
		T(test_square_post__half_a_return_is_posted_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
