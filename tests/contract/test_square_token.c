/*
 * Square under tokens that end: what each refusal of a token means, and that a
 * renewal changes nothing about a call. What a renewal itself may answer stands
 * in tests/unit/test_oauth.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "adapters/adapters.h"
#include "gateway/base/clock.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http.h"
#include "tests/support/fake_vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL    "https://vendor.example"
#define FIRST  "EQAA-first-refresh-4711"
#define SECRET "sq0csp-the-secret-4711"
#define LOCATIONS \
	"{\"locations\":[{\"id\":\"L1\",\"name\":\"Agora\",\"currency\":" \
	"\"EUR\",\"status\":\"ACTIVE\",\"business_name\":\"Shop\"}]}"

static struct fake_http *http;
static struct fake_vault vault;
static struct conf_section *conf;
static void *square;

static int
parse(const char *options, struct buf *mistakes)
{
	const struct conf_type type = { .name = "square",
		                        .rows = square_adapter.options };
	char *json = text_format("{\"name\":\"agora\",\"type\":\"square\","
	                         "\"url\":\"" URL "\",\"location\":\"L1\"%s}",
	                         options);
	int r = conf_section_parse(&conf, &type, json, NULL, mistakes);

	free(json);
	return r;
}

static int
begin(void **state)
{
	struct buf mistakes = BUF_INIT;
	struct adapter_env env;
	int64_t now_ms = 0;

	(void)state;
	assert_int_equal(clock_parse(&now_ms, "2026-11-20T10:00:00Z", 0), 0);
	fake_clock_start(now_ms, 1000);
	http = fake_http_new();
	fake_vault_init(&vault);
	assert_int_equal(parse(",\"oauth\":{\"client_id\":\"sq0idp-1\","
	                       "\"client_secret\":\"" SECRET "\","
	                       "\"refresh_token\":\"" FIRST "\"}",
	                       &mistakes),
	                 0);
	buf_fini(&mistakes);
	env = (struct adapter_env){ .conf = conf,
		                    .http = fake_http_client(http),
		                    .vault = &vault.port };
	assert_int_equal(square_adapter.open(&square, &env), 0);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	square_adapter.close(square);
	conf_section_free(conf);
	fake_vault_fini(&vault);
	fake_http_free(http);
	fake_clock_stop();
	return 0;
}

static void
say_token(const char *access)
{
	char body[300];

	(void)snprintf(body, sizeof(body),
	               "{\"access_token\":\"%s\",\"token_type\":\"bearer\","
	               "\"expires_at\":\"2026-12-20T10:00:00Z\","
	               "\"merchant_id\":\"MERCHANT1\",\"refresh_token\":"
	               "\"" FIRST "\",\"short_lived\":false}",
	               access);
	fake_http_say(http, 200, body);
}

static void
say_refusal(int status, const char *code)
{
	char body[200];

	(void)snprintf(body, sizeof(body),
	               "{\"errors\":[{\"category\":\"AUTHENTICATION_ERROR\","
	               "\"code\":\"%s\",\"detail\":\"No.\"}]}",
	               code);
	fake_http_say(http, status, body);
}

static struct outcome
probe(struct buf *what)
{
	struct buf ignored = BUF_INIT;
	struct outcome outcome =
		square_adapter.probe(square, what ? what : &ignored);

	buf_fini(&ignored);
	return outcome;
}

static size_t
n_renewals(void)
{
	size_t n = 0;

	for (size_t i = 0; i < fake_http_count(http); i++)
		n += strcmp(fake_http_at(http, i)->url, URL "/oauth2/token") ==
		     0;
	return n;
}

static void
test_square_token__renews_as_documented(void **state)
{
	struct buf what = BUF_INIT;
	const struct fake_request *q;

	(void)state;
	say_token("EAAA-one-4711");
	fake_http_say(http, 200, LOCATIONS);
	assert_int_equal(probe(&what).verdict, VERDICT_DONE);
	q = fake_http_at(http, 0);
	assert_string_equal(q->method, "POST");
	assert_string_equal(q->url, URL "/oauth2/token");
	assert_string_equal(
		q->body,
		"{\"client_id\":\"sq0idp-1\",\"client_secret\":\"" SECRET "\","
		"\"grant_type\":\"refresh_token\",\"refresh_token\":"
		"\"" FIRST "\"}");
	assert_true(fake_http_has_header(q, "Square-Version", "2025-08-20"));
	assert_true(fake_http_has_header(fake_http_at(http, 1), "Authorization",
	                                 "Bearer EAAA-one-4711"));
	assert_string_equal(buf_text(&what),
	                    "merchant \"Shop\", location \"Agora\" (L1), token "
	                    "of MERCHANT1 until 2026-12-20T10:00Z");
	buf_fini(&what);
}

struct row {
	int status;
	const char *code;
	size_t renewals; /* besides the first */
	const char *words;
};

static void
test_square_token__what_each_refusal_means(void **state)
{
	static const struct row rows[] = {
		{ 401, "UNAUTHORIZED", 1, "http 401" },
		{ 401, "ACCESS_TOKEN_EXPIRED", 1, "http 401" },
		{ 401, "ACCESS_TOKEN_REVOKED", 0,
		  "authorise again and set `oauth.refresh_token`" },
		{ 401, "CLIENT_DISABLED", 0, "CLIENT_DISABLED" },
		{ 401, "APPLICATION_DISABLED", 0, "APPLICATION_DISABLED" },
		{ 403, "FORBIDDEN", 0, "FORBIDDEN" },
		{ 403, "INSUFFICIENT_SCOPES", 0, "INSUFFICIENT_SCOPES" },
	};
	struct outcome outcome;
	size_t before;

	(void)state;
	say_token("EAAA-one-4711");
	fake_http_say(http, 200, LOCATIONS);
	assert_int_equal(probe(NULL).verdict, VERDICT_DONE);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		before = n_renewals();
		say_refusal(rows[i].status, rows[i].code);
		if (rows[i].renewals) {
			say_token("EAAA-two-4711");
			say_refusal(rows[i].status, rows[i].code);
		}
		outcome = probe(NULL);
		if (!strstr(outcome.why, rows[i].words))
			print_error("%zu: %s\n", i, outcome.why);
		assert_int_equal(outcome.verdict, VERDICT_LOCKED);
		assert_non_null(strstr(outcome.why, rows[i].words));
		assert_int_equal(n_renewals() - before, rows[i].renewals);
		assert_int_equal(fake_http_left(http), 0);
	}
}

static void
test_square_token__a_renewed_call_is_the_same_call(void **state)
{
	struct count count = { .external = "ITEM",
		               .qty = decimal_of(5),
		               .is_known = true };

	(void)state;
	say_token("EAAA-one-4711");
	say_refusal(401, "ACCESS_TOKEN_EXPIRED");
	say_token("EAAA-two-4711");
	fake_http_say(http, 200, "{\"counts\":[]}");
	(void)square_adapter.write_counts(square, &count, 1,
	                                  clock_wall_ms() - 1000);
	assert_int_equal(fake_http_count(http), 4);
	assert_string_equal(fake_http_at(http, 1)->url,
	                    fake_http_at(http, 3)->url);
	assert_string_equal(fake_http_at(http, 1)->body,
	                    fake_http_at(http, 3)->body);
}

static struct outcome
post(void)
{
	struct entry entry = { .kind = ENTRY_SALE,
		               .id = text_dup("beta/ORDER"),
		               .docid = text_dup("TB-1"),
		               .account = text_dup("beta"),
		               .sale = text_dup("ORDER"),
		               .authority = text_dup("agora"),
		               .currency = text_dup("EUR"),
		               .occurred_ms = clock_wall_ms() - 3600000 };
	struct entry_line *line = entry_add_line(&entry);
	struct outcome outcome;

	assert_non_null(line);
	line->uid = text_dup("u");
	line->sku = text_dup("A1");
	line->external = text_dup("V1");
	line->qty = decimal_of(1);
	outcome = square_adapter.post_entry(square, &entry);
	entry_fini(&entry);
	return outcome;
}

static void
test_square_token__a_post_refused_for_its_token_is_not_uncertain(void **state)
{
	const struct fake_answer away = { .why = "refused" };
	const struct fake_answer lost = { .why = "timed out",
		                          .was_sent = true };

	(void)state;
	say_token("EAAA-one-4711");
	fake_http_say(http, 200, LOCATIONS);
	assert_int_equal(probe(NULL).verdict, VERDICT_DONE);
	say_refusal(401, "ACCESS_TOKEN_EXPIRED");
	fake_http_push(http, &lost); /* the renewal, not the post */
	assert_int_equal(post().verdict, VERDICT_RETRY);
	say_refusal(401, "ACCESS_TOKEN_EXPIRED");
	fake_http_push(http, &away);
	assert_int_equal(post().verdict, VERDICT_RETRY);
	say_refusal(401, "ACCESS_TOKEN_EXPIRED");
	say_token("EAAA-two-4711");
	fake_http_push(http, &lost); /* the post */
	assert_int_equal(post().verdict, VERDICT_UNCERTAIN);
	assert_int_equal(fake_http_left(http), 0);
}

static void
check(const char *options, const char *expected)
{
	struct buf mistakes = BUF_INIT;

	conf_section_free(conf);
	conf = NULL;
	assert_int_equal(parse(options, &mistakes), 0);
	square_adapter.check(conf, &mistakes);
	assert_string_equal(buf_text(&mistakes), expected);
	buf_fini(&mistakes);
}

static void
test_square_token__exactly_one_way_to_prove_who_we_are(void **state)
{
	struct conf_section *opened = conf;

	(void)state;
	conf = NULL;
	check(",\"access_token\":\"" SECRET "\"", "");
	check(",\"oauth\":{\"client_id\":\"a\",\"refresh_token\":\"" FIRST
	      "\"}",
	      "");
	check("", "access_token: missing: expected either access_token or "
	          "oauth { client_id, refresh_token }\n");
	check(",\"access_token\":\"" SECRET "\",\"oauth\":{\"client_id\":\"a\","
	      "\"refresh_token\":\"" FIRST "\"}",
	      "oauth: access_token is there too: expected either access_token "
	      "or oauth\n");
	check(",\"oauth\":{\"client_secret\":\"" SECRET "\"}",
	      "oauth.client_id: missing: oauth needs it\n"
	      "oauth.refresh_token: missing: oauth needs it\n");
	conf_section_free(conf);
	conf = opened;
}

static void
test_square_token__says_no_secret(void **state)
{
	struct outcome outcome;

	(void)state;
	say_token("EAAA-one-4711");
	fake_http_say(http, 401,
	              "{\"errors\":[{\"code\":\"ACCESS_TOKEN_REVOKED\","
	              "\"detail\":\"EAAA-one-4711 " SECRET " " FIRST "\"}]}");
	outcome = probe(NULL);
	assert_int_equal(outcome.verdict, VERDICT_LOCKED);
	assert_null(strstr(outcome.why, "4711"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(test_square_token__renews_as_documented),
		TEST(test_square_token__what_each_refusal_means),
		TEST(test_square_token__a_renewed_call_is_the_same_call),
		TEST(test_square_token__a_post_refused_for_its_token_is_not_uncertain),
		TEST(test_square_token__exactly_one_way_to_prove_who_we_are),
		TEST(test_square_token__says_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
