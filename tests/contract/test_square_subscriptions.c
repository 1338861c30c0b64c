/*
 * Square's webhook subscriptions: shown first, made once, mended where they
 * lack something, and the key that Square makes goes to the caller alone.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "adapters/adapters.h"
#include "gateway/base/json.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http.h"
#include "tests/support/fake_mirror.h"
#include "tests/support/fake_vault.h"

#include <stdlib.h>
#include <string.h>

#define URL "https://us.example/hooks/agora"
#define KEY "sign4ture-key-4711"
#define EVENTS \
	"\"inventory.count.updated\",\"payment.created\"," \
	"\"payment.updated\",\"order.created\",\"order.updated\"," \
	"\"oauth.authorization.revoked\""
#define ROW(id, url, enabled, events) \
	"{\"id\":\"" id "\",\"name\":\"x\",\"notification_url\":\"" url \
	"\",\"enabled\":" enabled ",\"event_types\":[" events "]}"
#define LIST(rows) "{\"subscriptions\":[" rows "]}"
#define GOOD       ROW("wbhk_1", URL, "true", EVENTS)
#define TOLD(id) \
	"{\"subscription\":{\"id\":\"" id "\",\"signature_key\":\"" KEY "\"}}"

#define PERSONAL "\"access_token\":\"EAAA-personal-token\""
#define OAUTH \
	"\"oauth\":{\"client_id\":\"app\",\"refresh_token\":\"EQAA-refresh\"}"

struct rig {
	struct fake_http *http;
	struct mirror *mirror;
	struct fake_vault vault;
	struct conf_section *conf;
	void *square;
	struct buf what;
	struct buf secret;
	struct outcome outcome;
};

static void
open_with(struct rig *rig, const char *options)
{
	const struct conf_type type = { .name = "square",
		                        .rows = square_adapter.options };
	char *json = text_format("{\"name\":\"agora\",\"type\":\"square\","
	                         "\"url\":\"https://vendor.example\","
	                         "\"location\":\"L1\",%s}",
	                         options);
	struct buf mistakes = BUF_INIT;
	struct adapter_env env;

	assert_non_null(json);
	assert_int_equal(
		conf_section_parse(&rig->conf, &type, json, NULL, &mistakes),
		0);
	env = (struct adapter_env){ rig->conf, fake_http_client(rig->http),
		                    rig->mirror, &rig->vault.port };
	assert_int_equal(square_adapter.open(&rig->square, &env), 0);
	buf_fini(&mistakes);
	free(json);
}

static int
rig_open(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	fake_clock_start(INT64_C(1795170000000), 1000);
	rig->http = fake_http_new();
	rig->mirror = fake_mirror_new();
	fake_vault_init(&rig->vault);
	open_with(rig, PERSONAL);
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
	fake_vault_fini(&rig->vault);
	conf_section_free(rig->conf);
	buf_fini(&rig->what);
	buf_fini(&rig->secret);
	fake_clock_stop();
	free(rig);
	return 0;
}

static enum verdict
set_up(struct rig *rig, bool is_dry)
{
	const struct hook_job job = { .url = URL,
		                      .is_dry = is_dry,
		                      .what = &rig->what,
		                      .secret = &rig->secret };

	buf_reset(&rig->what);
	buf_reset(&rig->secret);
	rig->outcome = square_adapter.register_hooks(rig->square, &job);
	assert_null(strstr(rig->outcome.why, "4711"));
	assert_null(strstr(buf_text(&rig->what), "4711"));
	return rig->outcome.verdict;
}

/* "GET https://…" of the i-th call. */
static void
assert_call(const struct rig *rig, size_t i, const char *method,
            const char *path)
{
	const struct fake_request *q = fake_http_at(rig->http, i);
	char *url = text_format("https://vendor.example%s", path);

	assert_string_equal(q->method, method);
	assert_string_equal(q->url, url);
	free(url);
}

static struct json *
body_of(const struct rig *rig, size_t i)
{
	const char *body = fake_http_at(rig->http, i)->body;
	struct json *doc = NULL;

	assert_int_equal(json_parse(&doc, body, strlen(body)), 0);
	return doc;
}

static void
test_square_subscriptions__shows_first_and_does_nothing(void **state)
{
	struct rig *rig = *state;

	fake_http_say(rig->http, 200, "{}");
	assert_int_equal(set_up(rig, true), VERDICT_DONE);
	assert_string_equal(
		buf_text(&rig->what),
		"make a subscription for " URL " with the events "
		"inventory.count.updated, payment.created, payment.updated, "
		"order.created, order.updated, oauth.authorization.revoked\n");
	assert_int_equal(rig->secret.n, 0);
	assert_int_equal(fake_http_count(rig->http), 1);
	assert_call(rig, 0, "GET",
	            "/v2/webhooks/subscriptions?include_disabled=true"
	            "&limit=100");
}

static void
test_square_subscriptions__makes_one_and_hands_its_key_over(void **state)
{
	struct rig *rig = *state;
	struct json *doc;
	const struct json_node *s;
	char first[64];

	fake_http_say(rig->http, 200, "{}");
	fake_http_say(rig->http, 200, TOLD("wbhk_1"));
	assert_int_equal(set_up(rig, false), VERDICT_DONE);
	assert_string_equal(buf_text(&rig->secret), KEY);
	assert_call(rig, 1, "POST", "/v2/webhooks/subscriptions");
	doc = body_of(rig, 1);
	s = json_find(json_root(doc), "subscription");
	assert_string_equal(json_text_or(s, "notification_url", ""), URL);
	assert_string_equal(json_text_or(s, "name", ""),
	                    "Tillbridge, location L1");
	assert_string_equal(json_text_or(s, "api_version", ""), "2025-08-20");
	assert_int_equal(json_length(json_find(s, "event_types")), 6);
	(void)strncpy(first,
	              json_text_or(json_root(doc), "idempotency_key", ""),
	              sizeof(first) - 1);
	assert_in_range(strlen(first), 1, 45);
	json_free(doc);
	/* Made anew after somebody deleted it: the old answer is of no use. */
	fake_http_say(rig->http, 200, "{}");
	fake_http_say(rig->http, 200, TOLD("wbhk_2"));
	assert_int_equal(set_up(rig, false), VERDICT_DONE);
	doc = body_of(rig, 3);
	assert_string_not_equal(
		json_text_or(json_root(doc), "idempotency_key", ""), first);
	json_free(doc);
}

static void
test_square_subscriptions__leaves_what_is_as_it_should_be(void **state)
{
	struct rig *rig = *state;

	fake_http_say(rig->http, 200, LIST(GOOD));
	fake_http_say(rig->http, 200, TOLD("wbhk_1"));
	assert_int_equal(set_up(rig, false), VERDICT_DONE);
	assert_int_equal(rig->what.n, 0);
	assert_string_equal(buf_text(&rig->secret), KEY);
	assert_int_equal(fake_http_count(rig->http), 2);
	assert_call(rig, 1, "GET", "/v2/webhooks/subscriptions/wbhk_1");
}

static void
test_square_subscriptions__mends_one_that_lacks_something(void **state)
{
	struct rig *rig = *state;
	struct json *doc;
	const struct json_node *s;
	bool is_enabled = false;

	for (int is_dry = 1; is_dry >= 0; is_dry--) {
		fake_http_say(rig->http, 200,
		              LIST(ROW("wb/1", URL, "false",
		                       "\"refund.created\","
		                       "\"payment.created\"")));
		if (!is_dry)
			fake_http_say(rig->http, 200, "{}");
		fake_http_say(rig->http, 200, TOLD("wb/1"));
		assert_int_equal(set_up(rig, is_dry), VERDICT_DONE);
		assert_string_equal(buf_text(&rig->what),
		                    "add to subscription wb/1 the events "
		                    "inventory.count.updated, payment.updated, "
		                    "order.created, order.updated, "
		                    "oauth.authorization.revoked\n"
		                    "switch subscription wb/1 on\n");
		assert_string_equal(buf_text(&rig->secret), KEY);
	}
	assert_int_equal(fake_http_count(rig->http), 5);
	assert_call(rig, 3, "PUT", "/v2/webhooks/subscriptions/wb%2F1");
	doc = body_of(rig, 3);
	s = json_find(json_root(doc), "subscription");
	assert_int_equal(json_get_bool(&is_enabled, s, "enabled"), 0);
	assert_true(is_enabled);
	assert_int_equal(json_length(json_find(s, "event_types")), 7);
	assert_string_equal(json_text(json_at(json_find(s, "event_types"), 0)),
	                    "refund.created");
	json_free(doc);
}

/* Its events would be in a form that nobody here reads. */
static void
test_square_subscriptions__mends_one_of_another_api_version(void **state)
{
	struct rig *rig = *state;
	struct json *doc;

	fake_http_say(rig->http, 200,
	              LIST(ROW("wbhk_1", URL, "true",
	                       EVENTS "],\"api_version\":\"2019-01-01\","
	                              "\"x\":[")));
	fake_http_say(rig->http, 200, "{}");
	fake_http_say(rig->http, 200, TOLD("wbhk_1"));
	assert_int_equal(set_up(rig, false), VERDICT_DONE);
	assert_string_equal(buf_text(&rig->what),
	                    "let subscription wbhk_1 speak API version "
	                    "2025-08-20 instead of 2019-01-01\n");
	assert_call(rig, 1, "PUT", "/v2/webhooks/subscriptions/wbhk_1");
	doc = body_of(rig, 1);
	assert_string_equal(
		json_text_or(json_find(json_root(doc), "subscription"),
	                     "api_version", ""),
		"2025-08-20");
	json_free(doc);
}

/* Ours may be on a later page, twice, and among others'. */
static void
test_square_subscriptions__finds_ours_among_others(void **state)
{
	struct rig *rig = *state;

	fake_http_say(rig->http, 200,
	              "{\"subscriptions\":[" ROW(
			      "wbhk_0", URL "/", "true",
			      "") "," ROW("wbhk_9", URL, "false",
	                                  "") "],\"cursor\":\"a b\"}");
	fake_http_say(rig->http, 200,
	              LIST(GOOD "," ROW("wbhk_8", URL, "false", "")));
	fake_http_say(rig->http, 200, TOLD("wbhk_1"));
	assert_int_equal(set_up(rig, false), VERDICT_DONE);
	assert_int_equal(rig->what.n, 0);
	assert_call(rig, 1, "GET",
	            "/v2/webhooks/subscriptions?include_disabled=true"
	            "&limit=100&cursor=a%20b");
	assert_call(rig, 2, "GET", "/v2/webhooks/subscriptions/wbhk_1");
}

static void
test_square_subscriptions__makes_nothing_from_half_a_list(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum verdict verdict;
	} rows[] = {
		{ 500, "{}", VERDICT_RETRY },
		{ 429, "", VERDICT_SLOW },
		{ 200, "<html>", VERDICT_RETRY },
		{ 200, "{\"subscriptions\":7}", VERDICT_RETRY },
		{ 200, LIST(ROW("", URL, "true", "")), VERDICT_RETRY },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		fake_http_reset(rig->http);
		fake_http_say(rig->http, 200,
		              "{\"subscriptions\":[],\"cursor\":\"next\"}");
		fake_http_say(rig->http, rows[i].status, rows[i].body);
		assert_int_equal(set_up(rig, false), rows[i].verdict);
		assert_int_equal(fake_http_count(rig->http), 2);
		assert_int_equal(rig->secret.n, 0);
		assert_int_equal(rig->what.n, 0);
	}
}

/* Whoever comes again looks first, and finds it if it was made. */
static void
test_square_subscriptions__comes_again_after_a_lost_answer(void **state)
{
	struct rig *rig = *state;

	fake_http_say(rig->http, 200, "{}");
	fake_http_push(rig->http,
	               &(struct fake_answer){ .was_sent = true, .why = "cut" });
	assert_int_equal(set_up(rig, false), VERDICT_RETRY);
	fake_http_say(rig->http, 200, "{}");
	fake_http_say(rig->http, 200, "{\"subscription\":{\"id\":\"x\"}}");
	assert_int_equal(set_up(rig, false), VERDICT_RETRY); /* no key in it */
}

static void
test_square_subscriptions__sends_sellers_to_the_portal(void **state)
{
	struct rig *rig = *state;

	fake_http_say(rig->http, 403,
	              "{\"errors\":[{\"category\":\"AUTHENTICATION_ERROR\","
	              "\"code\":\"FORBIDDEN\"}]}");
	assert_int_equal(set_up(rig, false), VERDICT_REFUSED);
	assert_non_null(strstr(rig->outcome.why, "FORBIDDEN"));
	assert_non_null(strstr(rig->outcome.why, "developer portal"));
	square_adapter.close(rig->square);
	conf_section_free(rig->conf);
	fake_http_reset(rig->http);
	open_with(rig, OAUTH);
	assert_int_equal(set_up(rig, true), VERDICT_REFUSED);
	assert_non_null(strstr(rig->outcome.why, "developer portal"));
	assert_int_equal(fake_http_count(rig->http), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, rig_open, rig_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_square_subscriptions__shows_first_and_does_nothing),
		T(test_square_subscriptions__makes_one_and_hands_its_key_over),
		T(test_square_subscriptions__leaves_what_is_as_it_should_be),
		T(test_square_subscriptions__mends_one_that_lacks_something),
		T(test_square_subscriptions__mends_one_of_another_api_version),
		T(test_square_subscriptions__finds_ours_among_others),
		T(test_square_subscriptions__makes_nothing_from_half_a_list),
		T(test_square_subscriptions__comes_again_after_a_lost_answer),
		T(test_square_subscriptions__sends_sellers_to_the_portal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
