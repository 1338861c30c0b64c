/*
 * Tokens that end: renewed once, saved before use, and what a person has to do
 * when that does not work. The network and the vault are fakes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/ports/oauth.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http.h"
#include "tests/support/fake_vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST  "first-refresh-token"
#define SECRET "the-client-secret"
#define URL    "https://vendor.example/api/token"
#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define CONFIG "the-client"

static const struct oauth_facts as_json = {
	.vendor = "Vendor",
	.options = "oauth.",
	.form = OAUTH_JSON,
	.whose = "merchant_id",
};
static const struct oauth_facts as_form = {
	.vendor = "Vendor",
	.options = "",
	.form = OAUTH_URL_ENCODED,
};

static struct fake_http *http;
static struct fake_vault vault;
static struct secret *first;
static struct secret *client_secret;
static struct oauth *oauth;
static struct auth auth;
static int64_t now_ms;

static void
open_as(const struct oauth_facts *facts, const struct secret *secret)
{
	const struct oauth_config config = {
		.facts = facts,
		.url = URL,
		.client_id = CONFIG,
		.client_secret = secret,
		.refresh_token = first,
		.http = fake_http_client(http),
		.vault = &vault.port,
	};

	oauth_close(oauth);
	oauth = NULL;
	assert_int_equal(oauth_open(&oauth, &config), 0);
	auth = (struct auth){ &oauth_ops, oauth, config.http, 0 };
}

static int
begin(void **state)
{
	(void)state;
	assert_int_equal(clock_parse(&now_ms, "2026-11-20T10:00:00Z", 0), 0);
	fake_clock_start(now_ms, 5000);
	http = fake_http_new();
	fake_vault_init(&vault);
	assert_int_equal(secret_load(&first, FIRST, NULL), 0);
	assert_int_equal(secret_load(&client_secret, SECRET, NULL), 0);
	open_as(&as_json, client_secret);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	oauth_close(oauth);
	oauth = NULL;
	secret_free(first);
	secret_free(client_secret);
	fake_vault_fini(&vault);
	fake_http_free(http);
	fake_clock_stop();
	return 0;
}

/* ---- words ---- */

/* The answer of a renewal; refresh NULL: it names none. */
static void
say_token(const char *access, const char *refresh, long expires_in)
{
	struct buf b = BUF_INIT;

	buf_addf(&b,
	         "{\"access_token\":\"%s\",\"expires_in\":%ld,"
	         "\"merchant_id\":\"M1\"",
	         access, expires_in);
	if (refresh)
		buf_addf(&b, ",\"refresh_token\":\"%s\"", refresh);
	buf_adds(&b, "}");
	fake_http_say(http, 200, buf_text(&b));
	buf_fini(&b);
}

static struct outcome
call(int *status)
{
	const struct http_request request = {
		.method = "GET", .url = "https://vendor.example/x"
	};
	struct http_answer answer;
	struct outcome outcome = auth_send(&auth, &request, &answer);

	if (status)
		*status = answer.status;
	http_answer_fini(&answer);
	return outcome;
}

static void
assert_call(int expected)
{
	int status = 0;
	struct outcome outcome = call(&status);

	if (outcome.verdict != VERDICT_DONE)
		print_error("%s\n", outcome.why);
	assert_int_equal(outcome.verdict, VERDICT_DONE);
	assert_int_equal(status, expected);
}

static const struct fake_request *
last(void)
{
	return fake_http_at(http, fake_http_count(http) - 1);
}

static void
assert_signed(const char *bearer)
{
	assert_true(fake_http_has_header(last(), "Authorization", bearer));
}

static size_t
n_renewals(void)
{
	size_t n = 0;

	for (size_t i = 0; i < fake_http_count(http); i++)
		n += strcmp(fake_http_at(http, i)->url, URL) == 0;
	return n;
}

/* Log in once: access-1, refresh-1. */
static void
start(long expires_in)
{
	say_token("access-1", "refresh-1", expires_in);
	fake_http_say(http, 200, "{}");
	assert_call(200);
	assert_signed("Bearer access-1");
}

/* ---- asking ---- */

static void
test_oauth__begins_with_the_configured_token(void **state)
{
	const struct fake_request *q;

	(void)state;
	start(1800);
	q = fake_http_at(http, 0);
	assert_string_equal(q->method, "POST");
	assert_string_equal(q->body,
	                    "{\"client_id\":\"" CONFIG "\",\"client_secret\":"
	                    "\"" SECRET "\",\"grant_type\":\"refresh_token\","
	                    "\"refresh_token\":\"" FIRST "\"}");
	assert_true(q->is_unrepeatable);
	assert_true(
		fake_http_has_header(q, "Content-Type", "application/json"));
	assert_false(fake_http_has_header(q, "Authorization", ""));
	assert_int_equal(vault.n_puts, 1);
	assert_false(vault.is_locked);
}

static void
test_oauth__without_a_secret_none_is_sent(void **state)
{
	(void)state;
	open_as(&as_json, NULL);
	start(1800);
	assert_null(strstr(fake_http_at(http, 0)->body, "client_secret"));
}

static void
test_oauth__a_form_is_encoded(void **state)
{
	(void)state;
	open_as(&as_form, client_secret);
	say_token("access-1", "re/fresh+1=", 1800);
	fake_http_say(http, 200, "{}");
	assert_call(200);
	assert_string_equal(fake_http_at(http, 0)->body,
	                    "grant_type=refresh_token&client_id=" CONFIG
	                    "&client_secret=" SECRET "&refresh_token=" FIRST);
	fake_clock_advance(HOUR);
	say_token("access-2", NULL, 1800);
	fake_http_say(http, 200, "{}");
	assert_call(200);
	assert_non_null(strstr(fake_http_at(http, 2)->body,
	                       "&refresh_token=re%2Ffresh%2B1%3D"));
}

static void
test_oauth__each_renewal_uses_the_newest_refresh_token(void **state)
{
	(void)state;
	start(1800);
	for (int i = 2; i < 5; i++) {
		char text[64];

		fake_clock_advance(HOUR);
		(void)snprintf(text, sizeof(text), "refresh-%d", i);
		say_token("access-n", text, 1800);
		fake_http_say(http, 200, "{}");
		assert_call(200);
		(void)snprintf(text, sizeof(text), "\"refresh-%d\"", i - 1);
		assert_non_null(strstr(
			fake_http_at(http, fake_http_count(http) - 2)->body,
			text));
	}
}

static void
test_oauth__one_that_names_no_new_refresh_token_keeps_the_old(void **state)
{
	(void)state;
	start(1800);
	fake_clock_advance(HOUR);
	say_token("access-2", NULL, 1800);
	fake_http_say(http, 200, "{}");
	assert_call(200);
	assert_non_null(strstr(buf_text(&vault.text), "\"refresh-1\""));
}

/* ---- when ---- */

static void
test_oauth__a_fresh_token_costs_nothing(void **state)
{
	(void)state;
	start(1800);
	fake_clock_advance(26 * MINUTE);
	fake_http_say(http, 200, "{}");
	assert_call(200);
	assert_int_equal(n_renewals(), 1);
	/* The last tenth of its life. */
	fake_clock_advance(2 * MINUTE);
	say_token("access-2", "refresh-2", 1800);
	fake_http_say(http, 200, "{}");
	assert_call(200);
	assert_signed("Bearer access-2");
}

/* A renewal whose answer has these members; how long the token is used. */
static void
assert_lasts(const char *members, int64_t date_ms, int64_t life_ms)
{
	char *body = text_format("{\"access_token\":\"access-1\"%s}", members);
	const struct fake_answer answer = { .status = 200,
		                            .body = body,
		                            .date_ms = date_ms };
	struct buf said = BUF_INIT;
	char until[CLOCK_TEXT_SIZE] = "";
	char expected[80] = "token";

	fake_http_reset(http);
	vault.version = 0;
	open_as(&as_json, client_secret);
	fake_http_push(http, &answer);
	fake_http_say(http, 200, "{}");
	assert_call(200);
	oauth_describe(oauth, &said);
	clock_format(until, clock_wall_ms() + life_ms);
	if (life_ms)
		(void)snprintf(expected, sizeof(expected), "token until %.16sZ",
		               until);
	assert_string_equal(buf_text(&said), expected);
	buf_fini(&said);
	free(body);
}

static void
test_oauth__obeys_each_way_to_say_when_it_ends(void **state)
{
	(void)state;
	assert_lasts(",\"expires_in\":1800", 0, 1800 * 1000);
	assert_lasts(",\"expires_in\":\"1800\"", 0, 1800 * 1000);
	assert_lasts(",\"expires_at\":\"2026-12-20T10:00:00Z\"", 0, 30 * DAY);
	assert_lasts(",\"expires\":1763726400,\"expires_in\":86400", 0, DAY);
	assert_lasts(",\"expires\":1795255200", 0, DAY);
	/* Their clock is an hour ahead of ours. */
	assert_lasts(",\"expires_at\":\"2026-11-20T12:00:00Z\"", now_ms + HOUR,
	             HOUR);
	assert_lasts("", 0, 0);
	assert_lasts(",\"expires_in\":-5", 0, 0);
	assert_lasts(",\"expires_in\":9007199254740993000", 0, 0);
	assert_lasts(",\"expires_in\":null,\"expires_at\":\"soon\"", 0, 0);
}

static void
test_oauth__a_refused_token_is_renewed_once_and_the_call_repeated(void **state)
{
	(void)state;
	start(1800);
	fake_http_say(http, 401, "{}");
	say_token("access-2", "refresh-2", 1800);
	fake_http_say(http, 200, "{}");
	assert_call(200);
	assert_signed("Bearer access-2");
	fake_http_say(http, 401, "{}");
	say_token("access-3", "refresh-3", 1800);
	fake_http_say(http, 401, "{}");
	assert_call(401);
	assert_int_equal(fake_http_left(http), 0);
}

static void
test_oauth__what_it_may_not_do_renews_nothing(void **state)
{
	(void)state;
	start(1800);
	fake_http_say(http, 403, "{}");
	assert_call(403);
	assert_int_equal(n_renewals(), 1);
}

/* ---- the vault ---- */

static void
test_oauth__a_new_process_takes_what_is_in_the_vault(void **state)
{
	(void)state;
	start(1800);
	open_as(&as_json, client_secret);
	fake_http_say(http, 200, "{}");
	assert_call(200);
	assert_signed("Bearer access-1");
	assert_int_equal(n_renewals(), 1);
}

static void
test_oauth__another_token_in_the_file_begins_anew(void **state)
{
	char before[65];

	(void)state;
	start(1800);
	memcpy(before, vault.name, sizeof(before));
	secret_free(first);
	assert_int_equal(secret_load(&first, "another-refresh-token", NULL), 0);
	open_as(&as_json, client_secret);
	vault.version = 0; /* nothing lies under its name */
	say_token("access-2", "refresh-2", 1800);
	fake_http_say(http, 200, "{}");
	assert_call(200);
	assert_string_not_equal(vault.name, before);
	assert_non_null(
		strstr(fake_http_at(http, 2)->body, "another-refresh-token"));
	assert_null(strstr(vault.name, "another"));
}

static const char theirs[] =
	"{\"v\":1,\"access_token\":\"access-theirs\",\"refresh_token\":"
	"\"refresh-theirs\",\"got_ms\":1795168800000,\"until_ms\":0,"
	"\"whose\":\"\"}";

static void
put_theirs(struct fake_vault *v)
{
	fake_vault_set(v, theirs);
}

static void
test_oauth__what_another_process_renewed_is_used(void **state)
{
	(void)state;
	start(1800);
	fake_vault_set(&vault, theirs);
	fake_http_say(http, 401, "{}");
	fake_http_say(http, 200, "{}");
	assert_call(200);
	assert_signed("Bearer access-theirs");
	assert_int_equal(n_renewals(), 1);
}

static void
test_oauth__also_when_it_did_so_just_before_we_had_the_lock(void **state)
{
	(void)state;
	start(1800);
	vault.on_lock = put_theirs;
	fake_http_say(http, 401, "{}");
	fake_http_say(http, 200, "{}");
	assert_call(200);
	assert_signed("Bearer access-theirs");
	assert_int_equal(n_renewals(), 1);
	assert_false(vault.is_locked);
}

static void
test_oauth__while_another_process_renews_we_come_again(void **state)
{
	struct outcome outcome;

	(void)state;
	start(1800);
	vault.is_locked = true;
	vault.wait_ms = 500;
	fake_http_say(http, 401, "{}");
	outcome = call(NULL);
	assert_int_equal(outcome.verdict, VERDICT_SLOW);
	assert_int_equal(outcome.wait_ms, 500);
	assert_int_equal(n_renewals(), 1);
}

static void
test_oauth__too_many_renewals_wait_for_the_minute_to_end(void **state)
{
	struct outcome outcome;

	(void)state;
	vault.lock_says = VAULT_OFTEN;
	vault.wait_ms = 42000;
	outcome = call(NULL);
	assert_int_equal(outcome.verdict, VERDICT_SLOW);
	assert_int_equal(outcome.wait_ms, 42000);
	assert_int_equal(fake_http_count(http), 0);
}

static void
test_oauth__what_cannot_be_saved_is_not_used_and_not_asked_for_again(
	void **state)
{
	(void)state;
	say_token("access-1", "refresh-1", 1800);
	vault.put_fails = 2;
	assert_int_equal(call(NULL).verdict, VERDICT_RETRY);
	assert_int_equal(call(NULL).verdict, VERDICT_RETRY);
	assert_int_equal(fake_http_count(http), 1);
	fake_http_say(http, 200, "{}");
	assert_call(200);
	assert_signed("Bearer access-1");
	assert_int_equal(n_renewals(), 1);
	assert_int_equal(vault.version, 1);
}

static void
test_oauth__without_the_vault_nothing_is_asked(void **state)
{
	(void)state;
	vault.fails = 1;
	assert_int_equal(call(NULL).verdict, VERDICT_RETRY);
	assert_int_equal(fake_http_count(http), 0);
}

static void
test_oauth__a_text_that_is_none_is_replaced(void **state)
{
	static const char *const bad[] = { "",
		                           "{}",
		                           "[1]",
		                           "{\"v\":1,",
		                           "{\"access_token\":5}",
		                           "{\"access_token\":\"a\\r\\nb\"}" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		fake_http_reset(http);
		fake_vault_set(&vault, bad[i]);
		open_as(&as_json, client_secret);
		start(1800);
		assert_non_null(strstr(fake_http_at(http, 0)->body, FIRST));
	}
}

/* ---- what goes wrong ---- */

static void
test_oauth__a_lost_answer_is_asked_for_again(void **state)
{
	const struct fake_answer lost = { .was_sent = true,
		                          .why = "timed out" };

	(void)state;
	fake_http_push(http, &lost);
	assert_int_equal(call(NULL).verdict, VERDICT_RETRY);
	start(1800); /* the same refresh token still does */
	assert_string_equal(fake_http_at(http, 0)->body,
	                    fake_http_at(http, 1)->body);
}

static void
test_oauth__a_lost_answer_with_the_only_token_is_told(void **state)
{
	const struct fake_answer lost = { .was_sent = true,
		                          .why = "timed out" };
	struct outcome outcome;

	(void)state;
	fake_http_push(http, &lost);
	assert_int_equal(call(NULL).verdict, VERDICT_RETRY);
	fake_http_say(http, 400, "{\"error\":\"invalid_grant\"}");
	outcome = call(NULL);
	assert_int_equal(outcome.verdict, VERDICT_LOCKED);
	assert_non_null(strstr(outcome.why, "after a lost answer"));
}

struct refusal {
	int status;
	const char *body;
	enum verdict verdict;
	const char *words;
};

static void
test_oauth__what_each_answer_means(void **state)
{
	static const struct refusal rows[] = {
		{ 400,
		  "{\"error\":\"invalid_grant\",\"error_description\":\"The "
		  "refresh token is invalid.\"}",
		  VERDICT_LOCKED,
		  "invalid_grant: The refresh token is invalid.): authorise "
		  "again and set `oauth.refresh_token`" },
		{ 401, "{\"error\":\"invalid_client\"}", VERDICT_LOCKED,
		  "`oauth.client_id` or `oauth.client_secret` is wrong" },
		{ 401,
		  "{\"message\":\"Not Authorized\",\"type\":"
		  "\"service.not_authorized\"}",
		  VERDICT_LOCKED, "service.not_authorized: Not Authorized" },
		{ 401,
		  "{\"errors\":[{\"category\":\"AUTHENTICATION_ERROR\","
		  "\"code\":\"UNAUTHORIZED\"}]}",
		  VERDICT_LOCKED, "(http 401 UNAUTHORIZED): authorise again" },
		{ 403, "<html>no</html>", VERDICT_LOCKED, "http 403" },
		{ 404, "", VERDICT_RETRY, "`url`" },
		{ 408, "", VERDICT_RETRY, "http 408" },
		{ 429, "{}", VERDICT_SLOW, "http 429" },
		{ 503, "{}", VERDICT_SLOW, "http 503" },
		{ 500, "{\"error\":\"invalid_grant\"}", VERDICT_RETRY,
		  "http 500" },
		{ 302, "", VERDICT_RETRY, "http 302" },
		{ 200, "<html>welcome</html>", VERDICT_RETRY, "without one" },
		{ 200, "{\"access_token\":\"\"}", VERDICT_RETRY,
		  "without one" },
		{ 200, "{\"access_token\":\"a\\nb\"}", VERDICT_RETRY,
		  "without one" },
		{ 200, "", VERDICT_RETRY, "without one" },
		{ 400, "{\"error\":{\"a\":1},\"errors\":{},\"message\":[]}",
		  VERDICT_LOCKED, "http 400" },
	};
	struct outcome outcome;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		fake_http_reset(http);
		fake_http_say(http, rows[i].status, rows[i].body);
		outcome = call(NULL);
		if (!strstr(outcome.why, rows[i].words))
			print_error("%zu: %s\n", i, outcome.why);
		assert_int_equal(outcome.verdict, rows[i].verdict);
		assert_non_null(strstr(outcome.why, rows[i].words));
		assert_int_equal(vault.n_puts, 0);
	}
}

static void
test_oauth__says_no_secret(void **state)
{
	struct outcome outcome;
	char text[] = "access-1 refresh-1 " FIRST;

	(void)state;
	start(1800);
	log_redact(text);
	assert_string_equal(text, "*** *** ***");
	fake_clock_advance(HOUR);
	fake_http_say(http, 400,
	              "{\"error\":\"invalid_grant\",\"error_description\":"
	              "\"refresh-1 of " SECRET "\"}");
	outcome = call(NULL);
	assert_int_equal(outcome.verdict, VERDICT_LOCKED);
	assert_null(strstr(outcome.why, "refresh-1"));
	assert_null(strstr(outcome.why, SECRET));
}

/* Else a daemon of years would look for thousands of dead tokens in each line. */
static void
test_oauth__a_token_long_dead_may_be_said(void **state)
{
	char text[] = "access-1";

	(void)state;
	start(1800);
	for (int i = 0; i < 2; i++) {
		fake_clock_advance(HOUR);
		say_token(i ? "access-3" : "access-2", NULL, 1800);
		fake_http_say(http, 200, "{}");
		assert_call(200);
	}
	log_redact(text);
	assert_string_equal(text, "access-1");
}

static void
test_oauth__while_it_lasts_a_failed_renewal_stops_nothing(void **state)
{
	struct buf said = BUF_INIT;

	(void)state;
	start(1800);
	fake_clock_advance(28 * MINUTE);
	fake_http_say(http, 400, "{\"error\":\"invalid_grant\"}");
	fake_http_say(http, 200, "{}");
	assert_call(200);
	assert_signed("Bearer access-1");
	/* Not at each call. */
	fake_http_say(http, 200, "{}");
	assert_call(200);
	assert_int_equal(n_renewals(), 2);
	/* But it is said. */
	oauth_describe(oauth, &said);
	assert_non_null(strstr(buf_text(&said), "was not renewed"));
	assert_non_null(strstr(oauth_tend(oauth).why, "authorise again"));
	buf_fini(&said);
	fake_clock_advance(3 * MINUTE);
	fake_http_say(http, 400, "{\"error\":\"invalid_grant\"}");
	assert_int_equal(call(NULL).verdict, VERDICT_LOCKED);
}

/* ---- idle ---- */

static void
test_oauth__an_idle_connection_is_renewed_within_days(void **state)
{
	struct outcome outcome;

	(void)state;
	assert_int_equal(oauth_tend(oauth).verdict, VERDICT_DONE);
	assert_int_equal(fake_http_count(http), 0);
	start(1800);
	fake_clock_advance(6 * DAY);
	assert_int_equal(oauth_tend(oauth).verdict, VERDICT_DONE);
	assert_int_equal(n_renewals(), 1);
	fake_clock_advance(DAY);
	say_token("access-2", "refresh-2", 1800);
	assert_int_equal(oauth_tend(oauth).verdict, VERDICT_DONE);
	assert_int_equal(n_renewals(), 2);
	assert_int_equal(oauth_tend(oauth).verdict, VERDICT_DONE);
	assert_int_equal(n_renewals(), 2);
	/* Of a process that was started since. */
	open_as(&as_json, client_secret);
	fake_clock_advance(8 * DAY);
	fake_http_say(http, 400, "{\"error\":\"invalid_grant\"}");
	outcome = oauth_tend(oauth);
	assert_int_equal(outcome.verdict, VERDICT_LOCKED);
}

static void
test_oauth__a_token_for_a_month_is_renewed_before_its_end(void **state)
{
	struct outcome outcome;

	(void)state;
	start(30 * 24 * 3600);
	fake_clock_advance(8 * DAY);
	fake_http_say(http, 500, "");
	/* Trouble, but the old one does for weeks. */
	outcome = oauth_tend(oauth);
	assert_int_equal(outcome.verdict, VERDICT_DONE);
	assert_non_null(strstr(outcome.why, "http 500"));
	say_token("access-2", "refresh-2", 30 * 24 * 3600);
	(void)oauth_tend(oauth);
	fake_http_say(http, 200, "{}");
	assert_call(200);
	assert_signed("Bearer access-2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(test_oauth__begins_with_the_configured_token),
		TEST(test_oauth__without_a_secret_none_is_sent),
		TEST(test_oauth__a_form_is_encoded),
		TEST(test_oauth__each_renewal_uses_the_newest_refresh_token),
		TEST(test_oauth__one_that_names_no_new_refresh_token_keeps_the_old),
		TEST(test_oauth__a_fresh_token_costs_nothing),
		TEST(test_oauth__obeys_each_way_to_say_when_it_ends),
		TEST(test_oauth__a_refused_token_is_renewed_once_and_the_call_repeated),
		TEST(test_oauth__what_it_may_not_do_renews_nothing),
		TEST(test_oauth__a_new_process_takes_what_is_in_the_vault),
		TEST(test_oauth__another_token_in_the_file_begins_anew),
		TEST(test_oauth__what_another_process_renewed_is_used),
		TEST(test_oauth__also_when_it_did_so_just_before_we_had_the_lock),
		TEST(test_oauth__while_another_process_renews_we_come_again),
		TEST(test_oauth__too_many_renewals_wait_for_the_minute_to_end),
		TEST(test_oauth__what_cannot_be_saved_is_not_used_and_not_asked_for_again),
		TEST(test_oauth__without_the_vault_nothing_is_asked),
		TEST(test_oauth__a_text_that_is_none_is_replaced),
		TEST(test_oauth__a_lost_answer_is_asked_for_again),
		TEST(test_oauth__a_lost_answer_with_the_only_token_is_told),
		TEST(test_oauth__what_each_answer_means),
		TEST(test_oauth__says_no_secret),
		TEST(test_oauth__a_token_long_dead_may_be_said),
		TEST(test_oauth__while_it_lasts_a_failed_renewal_stops_nothing),
		TEST(test_oauth__an_idle_connection_is_renewed_within_days),
		TEST(test_oauth__a_token_for_a_month_is_renewed_before_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
