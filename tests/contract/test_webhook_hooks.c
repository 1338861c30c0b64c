/*
 * Signed webhooks of any system: the vectors of the project's reference on
 * signatures, positive and negative, and what their bodies name. What all
 * sources must do is in test_hooks.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "handlers/handlers.h"
#include "tests/support/fake_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 2021-02-25T15:02:10Z */
#define SECONDS "1614265330"
#define NOW_MS  INT64_C(1614265330000)

#define B2 \
	"{\"name\":\"Caf\xc3\xa9 \xe2\x82\xac" \
	"5\"}"
#define B4 "{\"test\": 2432232314}"
#define B7 "Hello, World!"

#define BARE_KEY_1 "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define KEY_1      "whsec_" BARE_KEY_1
#define KEY_2      "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
#define ID         "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define W1         "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define W2         "v1,d5PJaLhU6hQf9TLleqdn97PBQffdITHtAOuMMHkRQ4U="
#define W3         "v1,BtC3t3SDafjVo/UN8m07VZkHOFhaKT+yf1PWtMA0LYI="
#define G1         "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define T1         "10c96c6fd3f320fcfc264cdc4f476c15060ede8e8a08404cea2ddf3b72544a9c"

#define GITHUB_KEY "It's a Secret to Everybody"
#define STRIPE_KEY "whsec_test_secret"

/* ---- an account, a call ---- */

static struct conf_section *
parse(const char *hook)
{
	static const struct conf_row no_rows[] = { { .key = NULL } };
	const struct conf_type type = { .name = "webhook",
		                        .rows = no_rows,
		                        .hook = webhook_hooks.options,
		                        .url_flags = CONF_SOURCE };
	struct conf_section *account = NULL;
	struct buf mistakes = BUF_INIT;
	char *json = text_format("{\"hook\":{%s}}", hook);

	assert_non_null(json);
	if (conf_section_parse(&account, &type, json, NULL, &mistakes))
		fail_msg("%s", buf_text(&mistakes));
	free(json);
	buf_fini(&mistakes);
	return account;
}

static struct conf_section *
parse_scheme(const char *scheme, const char *secret)
{
	char *hook = text_format("\"scheme\":\"%s\",\"secret\":\"%s\","
	                         "\"sku\":\"/sku\"",
	                         scheme, secret);
	struct conf_section *account;

	assert_non_null(hook);
	account = parse(hook);
	free(hook);
	return account;
}

/* Headers end with one that has no name. */
static struct http_call
call_of(const struct http_header *headers, const char *body)
{
	struct http_call call = { .method = "POST",
		                  .path = "/hooks/any",
		                  .query = "",
		                  .headers = headers,
		                  .body = body,
		                  .n_body = strlen(body),
		                  .peer = "192.0.2.1" };

	while (headers[call.n_headers].name)
		call.n_headers++;
	return call;
}

static int
verify_with(struct conf_section *account, const struct http_header *headers,
            const char *body)
{
	struct handler_env env = { account, NULL };
	struct http_call call = call_of(headers, body);
	int r = webhook_hooks.verify(&env, &call);

	conf_section_free(account);
	return r;
}

/* NULL: that header is not sent. */
static int
standard(const char *key, const char *id, const char *time,
         const char *signature, const char *body)
{
	struct http_header headers[4] = { { 0 } };
	size_t n = 0;

	if (id)
		headers[n++] = (struct http_header){ "Webhook-Id", id };
	if (time)
		headers[n++] =
			(struct http_header){ "webhook-timestamp", time };
	if (signature)
		headers[n++] =
			(struct http_header){ "WEBHOOK-SIGNATURE", signature };
	return verify_with(parse_scheme("standard", key), headers, body);
}

static int
plain(const char *scheme, const char *key, const char *name, const char *value,
      const char *body)
{
	const struct http_header headers[] = { { name, value }, { 0 } };

	return verify_with(parse_scheme(scheme, key), headers, body);
}

static int
stripe(const char *value)
{
	return plain("stripe", STRIPE_KEY, "Stripe-Signature", value, B4);
}

/* ---- Standard Webhooks ---- */

static void
test_webhook__the_published_vectors_are_accepted(void **state)
{
	(void)state;
	assert_int_equal(standard(KEY_1, ID, SECONDS, W1, B4), 0);
	assert_int_equal(standard(KEY_2, ID, SECONDS, W2, B4), 0);
	assert_int_equal(standard(KEY_2, "msg_1", SECONDS, W3, B2), 0);
	/* without its prefix the key is the same one */
	assert_int_equal(standard(BARE_KEY_1, ID, SECONDS, W1, B4), 0);
	assert_int_equal(plain("github", GITHUB_KEY, "x-hub-signature-256",
	                       "sha256=" G1, B7),
	                 0);
	assert_int_equal(stripe("t=" SECONDS ",v1=" T1), 0);
}

static void
test_webhook__a_sender_may_sign_with_both_keys_at_once(void **state)
{
	(void)state;
	assert_int_equal(standard(KEY_1, ID, SECONDS, W1 " " W2, B4), 0);
	assert_int_equal(standard(KEY_2, ID, SECONDS, W1 " " W2, B4), 0);
	assert_int_equal(
		standard(KEY_1, ID, SECONDS, "v1a,AAAA v1,bad " W1, B4), 0);
	assert_int_equal(standard(KEY_1, ID, SECONDS, W2 "  v2,x " W1 " ", B4),
	                 0);
}

static void
test_webhook__other_versions_alone_prove_nothing(void **state)
{
	static const char *const rows[] = {
		"",
		" ",
		"v1",
		"v1,",
		",",
		"v1,bad",
		"v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		"v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		"g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		"V1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		"v1 ,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
		"v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		"v1,AAAA",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(standard(KEY_1, ID, SECONDS, rows[i], B4),
		                 HANDLER_FORGED);
	assert_int_equal(standard(KEY_1, ID, SECONDS, NULL, B4),
	                 HANDLER_FORGED);
	assert_int_equal(standard(KEY_2, ID, SECONDS, W1, B4), HANDLER_FORGED);
}

static void
test_webhook__a_list_without_end_is_refused(void **state)
{
	struct buf list = BUF_INIT;

	(void)state;
	for (int i = 0; i < 999; i++)
		buf_adds(&list, "v1,bad ");
	buf_adds(&list, W1);
	assert_int_equal(standard(KEY_1, ID, SECONDS, buf_text(&list), B4),
	                 HANDLER_FORGED);
	buf_reset(&list);
	for (int i = 0; i < 15; i++)
		buf_adds(&list, "v1,bad ");
	buf_adds(&list, W1);
	assert_int_equal(standard(KEY_1, ID, SECONDS, buf_text(&list), B4), 0);
	buf_reset(&list);
	buf_adds(&list, "t=" SECONDS);
	for (int i = 0; i < 999; i++)
		buf_adds(&list, ",v1=00");
	buf_adds(&list, ",v1=" T1);
	assert_int_equal(stripe(buf_text(&list)), HANDLER_FORGED);
	buf_fini(&list);
}

static void
test_webhook__the_id_is_signed(void **state)
{
	char long_id[200];

	(void)state;
	assert_int_equal(standard(KEY_1, NULL, SECONDS, W1, B4),
	                 HANDLER_FORGED);
	assert_int_equal(standard(KEY_1, "", SECONDS, W1, B4), HANDLER_FORGED);
	assert_int_equal(standard(KEY_1, "msg_2", SECONDS, W1, B4),
	                 HANDLER_FORGED);
	assert_int_equal(standard(KEY_1, ID " ", SECONDS, W1, B4),
	                 HANDLER_FORGED);
	memset(long_id, 'x', sizeof(long_id));
	long_id[sizeof(long_id) - 1] = '\0';
	assert_int_equal(standard(KEY_1, long_id, SECONDS, W1, B4),
	                 HANDLER_FORGED);
}

/*
 * openssl: printf '%s' 'a.1614265330.1614265330.{"test": 2432232314}' | …
 * The same bytes read as id `a.1614265330` or as id `a`: neither is taken
 * where it would not be clear.
 */
static void
test_webhook__an_id_with_a_dot_in_it_is_refused(void **state)
{
	static const char signature[] =
		"v1,HLta8uBV8L0HhhExm0/7sF4eV88f8A383FR/jRHqCcc=";

	(void)state;
	assert_int_equal(standard(KEY_1, "a." SECONDS, SECONDS, signature, B4),
	                 HANDLER_FORGED);
	assert_int_equal(
		standard(KEY_1, "a", SECONDS, signature, SECONDS "." B4),
		0); /* the signature itself is a good one */
}

static void
test_webhook__a_time_is_whole_seconds_in_digits(void **state)
{
	static const char *const rows[] = {
		"",
		"123.5",
		"-1",
		"+1614265330",
		" 1614265330",
		"1614265330 ",
		"0x60376F72",
		"1614265330000",
		"16142653301614265330",
		"1e9",
		"9",
	};

	(void)state;
	assert_int_equal(standard(KEY_1, ID, NULL, W1, B4), HANDLER_FORGED);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(standard(KEY_1, ID, rows[i], W1, B4),
		                 HANDLER_FORGED);
}

/* 300 s by the whole second, as the reference libraries have it. */
static void
test_webhook__what_is_more_than_five_minutes_off_is_stale(void **state)
{
	static const struct {
		int64_t off_ms;
		int r;
	} rows[] = {
		{ 299000, 0 },
		{ 300999, 0 },
		{ 301000, HANDLER_STALE },
		{ -300000, 0 },
		{ -300001, HANDLER_STALE },
		{ -302000, HANDLER_STALE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake_clock_set_wall(NOW_MS + rows[i].off_ms);
		assert_int_equal(standard(KEY_1, ID, SECONDS, W1, B4),
		                 rows[i].r);
		assert_int_equal(stripe("t=" SECONDS ",v1=" T1), rows[i].r);
		/* A stranger is not told that only the time was wrong. */
		assert_int_equal(standard(KEY_2, ID, SECONDS, W1, B4),
		                 HANDLER_FORGED);
	}
	fake_clock_set_wall(NOW_MS);
}

static void
test_webhook__svix_has_its_own_headers(void **state)
{
	const struct http_header headers[] = { { "webhook-id", ID },
		                               { "webhook-timestamp", SECONDS },
		                               { "webhook-signature", W1 },
		                               { 0 } };

	(void)state;
	assert_int_equal(verify_with(parse_scheme("svix", KEY_1), headers, B4),
	                 HANDLER_FORGED);
	assert_int_equal(
		verify_with(parse_scheme("standard", KEY_1), headers, B4), 0);
}

/* ---- Stripe, GitHub ---- */

static void
test_webhook__stripe_may_send_several_values_and_versions(void **state)
{
	static const char *const good[] = {
		"t=" SECONDS ",v1=00,v1=" T1,
		"v1=" T1 ",v0=" T1 ",t=" SECONDS,
		"t=" SECONDS ",v1=zz,v1=" T1 ",x=y,",
	};
	static const char *const bad[] = {
		"",
		"v1=" T1,
		"t=" SECONDS,
		"t=" SECONDS ",v0=" T1,
		"t=" SECONDS ",v1=",
		"t=" SECONDS ", v1=" T1,
		"t=,v1=" T1,
		"t=" SECONDS ",t=" SECONDS ",v1=" T1,
		"t=1614265331,v1=" T1,
		"t=1614265330.0,v1=" T1,
		T1,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(stripe(good[i]), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(stripe(bad[i]), HANDLER_FORGED);
	/* its whole secret is the key, whsec_ included */
	assert_int_equal(plain("stripe", "test_secret", "Stripe-Signature",
	                       "t=" SECONDS ",v1=" T1, B4),
	                 HANDLER_FORGED);
}

/* openssl: printf %s '{"test": 2432232314}' | openssl dgst -sha256 -hmac … */
static void
test_webhook__a_signature_without_a_time_proves_nothing(void **state)
{
	static const char bare[] = "d79ec1f4be6a0148e6cc2c88dd257fea66fc3bbc21f"
				   "8d3300cd8815e199e9268";
	char value[80];

	(void)state;
	(void)snprintf(value, sizeof(value), "v1=%s", bare);
	assert_int_equal(stripe(value), HANDLER_FORGED);
	(void)snprintf(value, sizeof(value), "t=,v1=%s", bare);
	assert_int_equal(stripe(value), HANDLER_FORGED);
	/* where no time is asked for, the same value is a good one */
	assert_int_equal(plain("hmac", STRIPE_KEY, "X-Signature", bare, B4), 0);
}

static void
test_webhook__github_names_its_digest(void **state)
{
	static const char *const bad[] = {
		G1,        "sha1=" G1,        "SHA256=" G1,
		"sha256=", "sha256=" G1 "00", "sha256= " G1,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(plain("github", GITHUB_KEY,
		                       "X-Hub-Signature-256", bad[i], B7),
		                 HANDLER_FORGED);
	/* the old header proves nothing, and letter case of hex is no matter */
	assert_int_equal(plain("github", GITHUB_KEY, "X-Hub-Signature",
	                       "sha256=" G1, B7),
	                 HANDLER_FORGED);
	assert_int_equal(plain("github", GITHUB_KEY, "X-Hub-Signature-256",
	                       "sha256=757107EA0EB2509FC211221CCE984B8A37570B6"
	                       "D7586C22C46F4379C8B043E17",
	                       B7),
	                 0);
}

/* ---- body types ---- */

static void
test_webhook__json_comes_under_several_names(void **state)
{
	static const struct {
		const char *type;
		int r;
	} rows[] = {
		{ "application/json", 0 },
		{ "Application/JSON; charset=utf-8", 0 },
		{ "application/cloudevents+json", 0 },
		{ "application/jsonp", HANDLER_MEDIA_TYPE },
		{ "application/x-www-form-urlencoded", HANDLER_MEDIA_TYPE },
		{ "text/plain", HANDLER_MEDIA_TYPE },
		{ "+json", HANDLER_MEDIA_TYPE },
		{ "", HANDLER_MEDIA_TYPE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct http_header headers[] = {
			{ "X-Hub-Signature-256", "sha256=" G1 },
			{ "Content-Type", rows[i].type },
			{ 0 }
		};

		assert_int_equal(verify_with(parse_scheme("github", GITHUB_KEY),
		                             headers, B7),
		                 rows[i].r);
	}
}

/* ---- options ---- */

/* The mistakes of these options, to the letter. */
static void
assert_mistakes(const char *hook, const char *expected)
{
	struct conf_section *account = parse(hook);
	struct handler_env env = { account, NULL };
	struct buf mistakes = BUF_INIT;

	webhook_hooks.check(&env, &mistakes);
	assert_string_equal(buf_text(&mistakes), expected);
	buf_fini(&mistakes);
	conf_section_free(account);
}

#define SKU        ",\"sku\":\"/sku\""
#define BAD_SECRET ": expected whsec_ and the base64 of 24 to 64 bytes\n"

static void
test_webhook__a_secret_that_is_no_key_is_a_mistake(void **state)
{
	static const char *const bad[] = {
		"whsec_",         "whsec_not base64",
		"whsec_c2hvcnQ=", "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"hunter2",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *hook = text_format(
			"\"scheme\":\"svix\",\"secret\":\"%s\"" SKU, bad[i]);

		assert_mistakes(hook, "hook.secret" BAD_SECRET);
		free(hook);
		/* … and if it were used all the same, it opens no door */
		assert_int_equal(standard(bad[i], ID, SECONDS, W1, B4),
		                 HANDLER_FORGED);
	}
	assert_mistakes("\"scheme\":\"standard\",\"secret\":[\"" KEY_1
	                "\",\"x\"]" SKU,
	                "hook.secret[1]" BAD_SECRET);
	assert_mistakes("\"scheme\":\"standard\",\"secret\":[\"" KEY_1
	                "\",\"" KEY_2 "\"]" SKU,
	                "");
	assert_mistakes("\"scheme\":\"stripe\",\"secret\":\"whsec_x\"" SKU, "");
}

static void
test_webhook__options_of_another_scheme_are_mistakes(void **state)
{
	(void)state;
	assert_mistakes("\"scheme\":\"github\",\"secret\":\"s\"" SKU
	                ",\"algorithm\":\"sha256\",\"header\":\"X-A\","
	                "\"timestamp_header\":\"X-T\"",
	                "hook.header: not used: github has its own; it goes "
	                "with the scheme hmac\n"
	                "hook.algorithm: not used: github has its own; it "
	                "goes with the scheme hmac\n"
	                "hook.timestamp_header: not used: github has its own; "
	                "it goes with the scheme hmac\n");
	assert_mistakes("\"scheme\":\"hmac\",\"secret\":\"s\"" SKU
	                ",\"algorithm\":\"sha512\",\"encoding\":\"base64\","
	                "\"header\":\"X-A\",\"prefix\":\"v1 \","
	                "\"timestamp_header\":\"X-T\"",
	                "");
	assert_mistakes("\"scheme\":\"hmac\",\"secret\":\"s\"" SKU
	                ",\"header\":\"X A\",\"timestamp_header\":\"X:T\"",
	                "hook.header: expected the name of a header, found "
	                "\"X A\"\n"
	                "hook.timestamp_header: expected the name of a "
	                "header, found \"X:T\"\n");
	assert_mistakes("\"scheme\":\"hmac\",\"secret\":\"s\"" SKU
	                ",\"timestamp_header\":\"x-signature\"",
	                "hook.timestamp_header: x-signature carries the "
	                "signature: expected another header\n");
}

static void
test_webhook__a_pointer_that_can_point_at_nothing_is_a_mistake(void **state)
{
	(void)state;
	assert_mistakes("\"scheme\":\"github\",\"secret\":\"s\","
	                "\"sku\":\"data.sku\"",
	                "hook.sku: expected a JSON pointer like /data/sku, "
	                "found \"data.sku\"\n");
	assert_mistakes("\"scheme\":\"github\",\"secret\":\"s\","
	                "\"sku\":\"/a~b\"",
	                "hook.sku: expected a JSON pointer like /data/sku, "
	                "found \"/a~b\"\n");
}

/* ---- what a call says ---- */

static void
hear_sku(void *ctx, const char *sku)
{
	buf_addf(ctx, "%s%s", ((struct buf *)ctx)->n ? "|" : "", sku);
}

/* The SKUs that this body names. */
static void
assert_named(const char *pointer, const char *body, const char *expected)
{
	char *hook = text_format("\"scheme\":\"github\",\"secret\":\"s\","
	                         "\"sku\":\"%s\"",
	                         pointer);
	struct conf_section *account = parse(hook);
	struct handler_env env = { account, NULL };
	const struct http_header none[] = { { 0 } };
	struct http_call call = call_of(none, body);
	struct buf heard = BUF_INIT;
	/* nothing else may be asked for: the others are NULL */
	const struct hints hints = { .ctx = &heard, .sku = hear_sku };
	struct event event = { 0 };

	assert_int_equal(webhook_hooks.identify(&env, &call, &event), 0);
	event.body = text_dup(body);
	event.n_body = strlen(body);
	assert_int_equal(webhook_hooks.hints(&env, &event, &hints), 0);
	assert_string_equal(buf_text(&heard), expected);
	buf_fini(&heard);
	event_fini(&event);
	free(hook);
	conf_section_free(account);
}

static void
test_webhook__the_pointer_finds_one_sku_or_a_list(void **state)
{
	(void)state;
	assert_named("/data/sku", "{\"data\":{\"sku\":\"21-0001\"}}",
	             "21-0001");
	assert_named("/data/0/sku", "{\"data\":[{\"sku\":\"A\"}]}", "A");
	assert_named("/a~1b", "{\"a/b\":\"A B \xc3\xa9\"}", "A B \xc3\xa9");
	assert_named("/skus", "{\"skus\":[\"A\",\"B\",4711]}", "A|B|4711");
	assert_named("/sku", "{\"sku\":4711}", "4711");
}

static void
test_webhook__what_cannot_be_an_sku_is_none(void **state)
{
	static const char *const values[] = {
		"null",   "true",          "\"\"",      "-1",
		"1.5",    "1e3",           "{}",        "[[\"A\"]]",
		"[null]", "\"a\\u0000b\"", "\"a\\nb\"", "[]",
	};
	char *body;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		body = text_format("{\"sku\":%s}", values[i]);
		assert_named("/sku", body, "");
		free(body);
	}
	assert_named("/sku", "{}", "");
	assert_named("/sku", "[]", "");
	assert_named("/sku", "\"A\"", "");
	body = text_format("{\"sku\":[\"%0128d\",\"%0129d\"]}", 0, 0);
	assert_named("/sku", body,
	             "00000000000000000000000000000000000000000000000000000000"
	             "00000000000000000000000000000000000000000000000000000000"
	             "0000000000000000");
	free(body);
}

static int
identify(const char *hook, const char *body, struct event *event)
{
	struct conf_section *account = parse(hook);
	struct handler_env env = { account, NULL };
	const struct http_header headers[] = { { "webhook-id", ID }, { 0 } };
	struct http_call call = call_of(headers, body);
	int r;

	*event = (struct event){ 0 };
	call.query = "secret=of+somebody";
	r = webhook_hooks.identify(&env, &call, event);
	conf_section_free(account);
	return r;
}

#define OF(scheme, key) "\"scheme\":\"" scheme "\",\"secret\":\"" key "\"" SKU

static void
test_webhook__only_broken_json_is_malformed(void **state)
{
	static const char *const broken[] = { "", "{", "{}x", "sku=A", "\xff" };
	struct event event;

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		assert_int_equal(identify(OF("github", "s"), broken[i], &event),
		                 HANDLER_MALFORMED);
		event_fini(&event);
	}
	assert_int_equal(identify(OF("github", "s"), "{}", &event), 0);
	assert_string_equal(event.query, "");
	assert_string_equal(event.topic, "");
	event_fini(&event);
}

/* They would be left out in silence else. */
static void
test_webhook__more_than_a_thousand_skus_are_refused(void **state)
{
	struct buf body = BUF_INIT;
	struct event event;

	(void)state;
	buf_adds(&body, "{\"sku\":[1");
	for (int i = 1; i < 1000; i++)
		buf_adds(&body, ",1");
	buf_adds(&body, "]}");
	assert_int_equal(identify(OF("github", "s"), buf_text(&body), &event),
	                 0);
	event_fini(&event);
	body.n -= 2;
	buf_adds(&body, ",1]}");
	assert_int_equal(identify(OF("github", "s"), buf_text(&body), &event),
	                 HANDLER_MALFORMED);
	event_fini(&event);
	buf_fini(&body);
}

static void
test_webhook__an_event_is_known_by_what_is_signed(void **state)
{
	static const char body[] =
		"{\"id\":\"evt_1\",\"type\":\"stock.changed\",\"sku\":\"A\"}";
	static const struct {
		const char *hook;
		const char *id;
	} rows[] = {
		{ OF("standard", KEY_1), ID }, { OF("stripe", "s"), "evt_1" },
		{ OF("github", "s"), "" },     { OF("shopify", "s"), "" },
		{ OF("hmac", "s"), "" },
	};
	struct event event;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(identify(rows[i].hook, body, &event), 0);
		assert_string_equal(event.topic, "stock.changed");
		assert_string_equal(event.id, rows[i].id);
		event_fini(&event);
	}
	assert_int_equal(identify(OF("stripe", "s"),
	                          "{\"id\":7,\"type\":\"a b\"}", &event),
	                 0);
	assert_string_equal(event.id, "");
	assert_string_equal(event.topic, "");
	event_fini(&event);
	assert_true(webhook_hooks.dedupe_ms > INT64_C(76) * 3600 * 1000);
}

static int
start_clock(void **state)
{
	(void)state;
	fake_clock_start(NOW_MS, 0);
	return 0;
}

static int
stop_clock(void **state)
{
	(void)state;
	fake_clock_stop();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_webhook__the_published_vectors_are_accepted),
		cmocka_unit_test(
			test_webhook__a_sender_may_sign_with_both_keys_at_once),
		cmocka_unit_test(
			test_webhook__other_versions_alone_prove_nothing),
		cmocka_unit_test(test_webhook__a_list_without_end_is_refused),
		cmocka_unit_test(test_webhook__the_id_is_signed),
		cmocka_unit_test(
			test_webhook__an_id_with_a_dot_in_it_is_refused),
		cmocka_unit_test(
			test_webhook__a_time_is_whole_seconds_in_digits),
		cmocka_unit_test(
			test_webhook__what_is_more_than_five_minutes_off_is_stale),
		cmocka_unit_test(test_webhook__svix_has_its_own_headers),
		cmocka_unit_test(
			test_webhook__stripe_may_send_several_values_and_versions),
		cmocka_unit_test(
			test_webhook__a_signature_without_a_time_proves_nothing),
		cmocka_unit_test(test_webhook__github_names_its_digest),
		cmocka_unit_test(test_webhook__json_comes_under_several_names),
		cmocka_unit_test(
			test_webhook__a_secret_that_is_no_key_is_a_mistake),
		cmocka_unit_test(
			test_webhook__options_of_another_scheme_are_mistakes),
		cmocka_unit_test(
			test_webhook__a_pointer_that_can_point_at_nothing_is_a_mistake),
		cmocka_unit_test(
			test_webhook__the_pointer_finds_one_sku_or_a_list),
		cmocka_unit_test(test_webhook__what_cannot_be_an_sku_is_none),
		cmocka_unit_test(test_webhook__only_broken_json_is_malformed),
		cmocka_unit_test(
			test_webhook__more_than_a_thousand_skus_are_refused),
		cmocka_unit_test(
			test_webhook__an_event_is_known_by_what_is_signed),
	};

	return cmocka_run_group_tests(tests, start_clock, stop_clock);
}
