/*
 * What every inbound source must do, run against each of them, then each
 * one's own rows. Bodies and signatures are the vectors of the project's
 * reference on signatures (B1.., S1.., N1..), made with the vendor's SDK and
 * openssl, not with this code.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "gateway/base/crypto.h"
#include "gateway/engine/receiver.h"
#include "gateway/model/conf_parts.h"
#include "handlers/handlers.h"
#include "tests/support/fake_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define B1 \
	"{\"merchant_id\":\"ML1\",\"type\":\"inventory.count.updated\"," \
	"\"event_id\":\"bc316346-6691-4243-88ed-6d651a0d0c47\"," \
	"\"created_at\":\"2025-11-21T10:00:00.123456789Z\",\"data\":" \
	"{\"type\":\"inventory_counts\"," \
	"\"id\":\"84ea45bf-5a3a-4f1e-9a0d-7a4c5f2e1b00\",\"object\":" \
	"{\"inventory_counts\":[{\"calculated_at\":" \
	"\"2025-11-21T10:00:00.1Z\",\"catalog_object_id\":\"VAR1\"," \
	"\"catalog_object_type\":\"ITEM_VARIATION\",\"location_id\":\"LOC1\"," \
	"\"quantity\":\"41\",\"state\":\"IN_STOCK\"}]}}}"
#define B2 \
	"{\"name\":\"Caf\xc3\xa9 \xe2\x82\xac" \
	"5\"}"
#define B4 "{\"test\": 2432232314}"

#define SQUARE_KEY "asdf1234-Sig_Key"
#define SQUARE_URL "https://gw.example.com/hooks/square/main?x=1"
#define S1         "BwrUxhPMekuSpuOT1NOYcL4WVxs14ixTmNrYzYEdhd4="
#define S2         "0HcAT2rYKncrnFBgZKwiaAoMAWLunrCbqLmKhEZKGWg="
#define S3         "ls9WqKlRLpGltIrT4RGFnIqLYPIlHYJi6Q3SvMIOgKM="

#define GALAXY_KEY "galaxy-hook-secret"
#define N1         "8839ae56e0c6ef512d5b4e2c28d955289dd16171ecd596cf0fd3e2ab4e66d24a"
#define N2 \
	"f2ec1ef10185c991760da579caec59e4b4e297f0e9ac3472a5f054cf545f5d73" \
	"075b629b8d9a53f0c0014b02709bf6b15455acadc6aefe8266b794f460ecf8b0"

/* Of the timed vectors: 2021-02-25T15:02:10Z. */
#define SECONDS "1614265330"
#define NOW_MS  INT64_C(1614265330000)
#define WHSEC_1 "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define WHSEC_2 "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
#define W_ID    "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define W1      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define G2 \
	"sha256=" \
	"e6416d07bfe8709e7df1eac7ac9684b962b42f921b04f5ee467d3cb77d5371" \
	"3a"
#define H1 "hgTPbX3B7Xc1RJOh0wMUubBtvgcEK/xwD3nvvxOlue8="
#define T1_MAC \
	"10c96c6fd3f320fcfc264cdc4f476c15060ede8e8a08404cea2ddf3b72544a9c"
#define B6 \
	"sale_id=12&unique_sale_id=1-12&store_id=1&" \
	"line_items%5B0%5D%5Bproduct_id%5D=7&" \
	"line_items%5B0%5D%5Bquantity%5D=2"
#define I1 "8852c45a8263086af180099bd3fa162758f7dcfe30950f487a816ea0e689359d"
#define I2 "8c107b58bdb3c1d95449d2741eca12da6a5e6c5e598d308cf5ac24901b145579"
#define T1 "t=" SECONDS ",v1=" T1_MAC
#define B5 \
	"payload=%7B%22id%22%3A%22p1%22%7D&type=product.update&retailer_id=r1"
#define X1           "c5400b1a4cc569b486f88c95bd834e2394e91a5c6e96ccea34b5584dd1a09c3f"
#define X2           "xUALGkzFabSG+IyVvYNOI5TpGlxulszqNLVYTdGgnD8="
#define X3           "6e4d4a1d35b105d696df248d8facfa355921d36c8076319e3af6931016bfd5bb"
#define X_CLAIM(mac) "signature=" mac ",algorithm=HMAC-SHA256"

/* ---- an account of the type, whatever its adapter's options ---- */

static const struct conf_row adapter_rows[] = {
	{ .key = "location",
	  .kind = CONF_TEXT,
	  .meaning = "Location, as the adapter of Square has it." },
	{ .key = "store",
	  .kind = CONF_INT,
	  .min = 1,
	  .max = 1000,
	  .meaning = "Store, as the adapter of Hiboutik has it." },
	{ .key = "outlet",
	  .kind = CONF_TEXT,
	  .meaning = "Outlet, as the adapter of Lightspeed X has it." },
	{ .key = NULL },
};

static struct conf_section *
parse(const struct handler_ops *ops, const char *json)
{
	const struct conf_type type = { .name = ops->name,
		                        .rows = adapter_rows,
		                        .hook = ops->options,
		                        .default_url = "https://a.example" };
	struct conf_section *account = NULL;
	struct buf mistakes = BUF_INIT;

	if (conf_section_parse(&account, &type, json, NULL, &mistakes))
		fail_msg("%s", buf_text(&mistakes));
	buf_fini(&mistakes);
	return account;
}

/* The headers end with one that has no name. */
struct sent {
	const char *method;
	const char *query;
	struct http_header headers[8];
	const char *body;
	size_t n_body; /* 0: up to the NUL */
	const char *peer;
	const char *client_sha256;
};

static struct http_call
call_of(const struct sent *sent)
{
	struct http_call call = {
		.method = sent->method ? sent->method : "POST",
		.path = "/hooks/test",
		.query = sent->query ? sent->query : "",
		.headers = sent->headers,
		.body = sent->body ? sent->body : "",
		.peer = sent->peer ? sent->peer : "192.0.2.1",
		.client_sha256 = sent->client_sha256,
	};

	while (call.n_headers < 8 && sent->headers[call.n_headers].name)
		call.n_headers++;
	call.n_body = sent->n_body ? sent->n_body : strlen(call.body);
	return call;
}

static int
verify_with(const struct handler_ops *ops, const char *json,
            const char *public_url, const struct sent *sent)
{
	struct conf_section *account = parse(ops, json);
	struct handler_env env = { account, public_url };
	struct http_call call = call_of(sent);
	int r = ops->verify(&env, &call);

	conf_section_free(account);
	return r;
}

/* ---- what is heard of an event ---- */

struct heard {
	char text[600];
};

static void
hear(struct heard *heard, const char *kind, const char *what)
{
	size_t n = strlen(heard->text);

	(void)snprintf(heard->text + n, sizeof(heard->text) - n, "%s%s%s%s",
	               n ? " " : "", kind, what[0] ? "=" : "", what);
}

static void
hear_ref(void *ctx, const char *ref)
{
	hear(ctx, "ref", ref);
}

static void
hear_sale(void *ctx, const char *sale)
{
	hear(ctx, "sale", sale);
}

static void
hear_catch_up(void *ctx)
{
	hear(ctx, "catch_up", "");
}

static void
hear_unknown(void *ctx)
{
	hear(ctx, "if_unknown", "");
}

static void
hear_locked(void *ctx, const char *why)
{
	assert_true(why[0] != '\0');
	hear(ctx, "locked", "");
}

static void
hear_sku(void *ctx, const char *sku)
{
	hear(ctx, "sku", sku);
}

/* Identify the call and take its hints; r_expected other than 0: no hints. */
static void
assert_heard(const struct handler_ops *ops, const char *json,
             const struct sent *sent, const char *expected)
{
	struct conf_section *account = parse(ops, json);
	struct handler_env env = { account, NULL };
	struct http_call call = call_of(sent);
	struct event event = { 0 };
	struct heard heard = { "" };
	struct hints hints = { &heard,        hear_ref,     hear_sale,
		               hear_catch_up, hear_unknown, hear_locked,
		               hear_sku };

	assert_int_equal(ops->identify(&env, &call, &event), 0);
	event.body = text_ndup(call.body, call.n_body);
	event.n_body = call.n_body;
	assert_int_equal(ops->hints(&env, &event, &hints), 0);
	assert_string_equal(heard.text, expected);
	event_fini(&event);
	conf_section_free(account);
}

/* ---- shared rows ---- */

/*
 * The first header is Content-Type, the second the proof. %s in conf stands
 * for the secret: one in quotes, or a list.
 */
struct genuine {
	const struct handler_ops *ops;
	const char *conf;
	const char *secret;
	const char *other; /* what could be its secret as well */
	struct sent sent;
	size_t time_header; /* index; 0: it has no time */
	size_t time_at;     /* where in it */
	bool covers_body;
	bool has_id; /* one that the proof covers */
};

#define JSON_TYPE \
	{ \
		"Content-Type", "application/json" \
	}

#define FORM_TYPE \
	{ \
		"Content-Type", \
			"application/x-www-form-urlencoded; charset=UTF-8" \
	}

static const struct genuine genuines[] = {
	{ .ops = &hiboutik_hooks,
	  .conf = "{\"hook\":{\"hmac_secret\":%s}}",
	  .secret = "hib_secret",
	  .other = "another",
	  .sent = { .headers = { FORM_TYPE, { "x-hiboutik-hmac-sha256", I1 } },
	            .body = B6 },
	  .covers_body = true },
	{ .ops = &hiboutik_hooks,
	  .conf = "{\"hook\":{\"hmac_secret\":%s,\"token\":\"" I2 "\"}}",
	  .secret = "hib_secret",
	  .other = "another",
	  .sent = { .query = "a=1&k=" I2,
	            .headers = { FORM_TYPE, { "X-Hiboutik-Hmac-SHA256", I1 } },
	            .body = B6 },
	  .covers_body = true },
	{ .ops = &lightspeed_x_hooks,
	  .conf = "{\"hook\":{\"client_secret\":%s}}",
	  .secret = "vend_client_secret",
	  .other = "another",
	  .sent = { .headers = { FORM_TYPE, { "x-signature", X_CLAIM(X1) } },
	            .body = B5 },
	  .covers_body = true },
	{ .ops = &lightspeed_x_hooks,
	  .conf = "{\"hook\":{\"client_secret\":%s,\"encoding\":\"base64\","
	          "\"token\":\"t0ken\"}}",
	  .secret = "vend_client_secret",
	  .other = "another",
	  .sent = { .query = "type=sale.update&k=t0ken",
	            .headers = { FORM_TYPE, { "X-Signature", X_CLAIM(X2) } },
	            .body = B5 },
	  .covers_body = true },
	{ .ops = &square_hooks,
	  .conf = "{\"hook\":{\"signature_key\":%s,\"url\":\"" SQUARE_URL
	          "\"}}",
	  .secret = SQUARE_KEY,
	  .other = "another",
	  .sent = { .headers = { JSON_TYPE,
	                         { "X-Square-HmacSha256-Signature", S1 } },
	            .body = B1 },
	  .covers_body = true,
	  .has_id = true },
	{ .ops = &galaxy_hooks,
	  .conf = "{\"hook\":{\"secret\":%s,\"hmac\":{\"header\":"
	          "\"X-Galaxy\"}}}",
	  .secret = GALAXY_KEY,
	  .other = "another",
	  .sent = { .headers = { JSON_TYPE, { "x-galaxy", N1 } }, .body = B1 },
	  .covers_body = true },
	{ .ops = &galaxy_hooks,
	  .conf = "{\"hook\":{\"secret\":%s,\"hmac\":{\"header\":"
	          "\"X-Galaxy\",\"algorithm\":\"sha512\","
	          "\"prefix\":\"sha512=\"}}}",
	  .secret = GALAXY_KEY,
	  .other = "another",
	  .sent = { .headers = { JSON_TYPE, { "x-galaxy", "sha512=" N2 } },
	            .body = B4 },
	  .covers_body = true },
	{ .ops = &galaxy_hooks,
	  .conf = "{\"hook\":{\"secret\":%s}}",
	  .secret = GALAXY_KEY,
	  .other = "another",
	  .sent = { .headers = { { "Content-Type", "text/plain" },
	                         { "Authorization", "Bearer " GALAXY_KEY } },
	            .body = B1 } },
	{ .ops = &webhook_hooks,
	  .conf = "{\"hook\":{\"scheme\":\"standard\",\"secret\":%s,"
	          "\"sku\":\"/test\"}}",
	  .secret = WHSEC_1,
	  .other = WHSEC_2,
	  .sent = { .headers = { JSON_TYPE,
	                         { "webhook-signature", W1 },
	                         { "webhook-timestamp", SECONDS },
	                         { "webhook-id", W_ID } },
	            .body = B4 },
	  .time_header = 2,
	  .covers_body = true,
	  .has_id = true },
	{ .ops = &webhook_hooks,
	  .conf = "{\"hook\":{\"scheme\":\"svix\",\"secret\":%s,"
	          "\"sku\":\"/test\"}}",
	  .secret = WHSEC_1,
	  .other = WHSEC_2,
	  .sent = { .headers = { JSON_TYPE,
	                         { "Svix-Signature", W1 },
	                         { "Svix-Timestamp", SECONDS },
	                         { "Svix-Id", W_ID } },
	            .body = B4 },
	  .time_header = 2,
	  .covers_body = true,
	  .has_id = true },
	{ .ops = &webhook_hooks,
	  .conf = "{\"hook\":{\"scheme\":\"github\",\"secret\":%s,"
	          "\"sku\":\"/test\"}}",
	  .secret = "It's a Secret to Everybody",
	  .other = "another",
	  .sent = { .headers = { JSON_TYPE,
	                         { "X-Hub-Signature-256", G2 },
	                         { "X-GitHub-Delivery", "unsigned" } },
	            .body = B4 },
	  .covers_body = true },
	{ .ops = &webhook_hooks,
	  .conf = "{\"hook\":{\"scheme\":\"shopify\",\"secret\":%s,"
	          "\"sku\":\"/merchant_id\"}}",
	  .secret = "shpss_hush",
	  .other = "another",
	  .sent = { .headers = { JSON_TYPE,
	                         { "X-Shopify-Hmac-SHA256", H1 },
	                         { "X-Shopify-Webhook-Id", "unsigned" } },
	            .body = B1 },
	  .covers_body = true },
	{ .ops = &webhook_hooks,
	  .conf = "{\"hook\":{\"scheme\":\"stripe\",\"secret\":%s,"
	          "\"sku\":\"/test\"}}",
	  .secret = "whsec_test_secret",
	  .other = "another",
	  .sent = { .headers = { JSON_TYPE, { "Stripe-Signature", T1 } },
	            .body = B4 },
	  .time_header = 1,
	  .time_at = 2,
	  .covers_body = true },
	{ .ops = &webhook_hooks,
	  .conf = "{\"hook\":{\"scheme\":\"hmac\",\"secret\":%s,"
	          "\"sku\":\"/merchant_id\"}}",
	  .secret = GALAXY_KEY,
	  .other = "another",
	  .sent = { .headers = { JSON_TYPE, { "X-Signature", N1 } },
	            .body = B1 },
	  .covers_body = true },
	{ .ops = &webhook_hooks,
	  .conf = "{\"hook\":{\"scheme\":\"hmac\",\"secret\":%s,"
	          "\"sku\":\"/test\",\"header\":\"X-Sum\",\"algorithm\":"
	          "\"sha512\",\"prefix\":\"sha512=\"}}",
	  .secret = GALAXY_KEY,
	  .other = "another",
	  .sent = { .headers = { JSON_TYPE, { "X-Sum", "sha512=" N2 } },
	            .body = B4 },
	  .covers_body = true },
	/* Stripe's bytes under other names: time, a dot, the body. */
	{ .ops = &webhook_hooks,
	  .conf = "{\"hook\":{\"scheme\":\"hmac\",\"secret\":%s,"
	          "\"sku\":\"/test\",\"timestamp_header\":\"X-Time\"}}",
	  .secret = "whsec_test_secret",
	  .other = "another",
	  .sent = { .headers = { JSON_TYPE,
	                         { "X-Signature", T1_MAC },
	                         { "X-Time", SECONDS } },
	            .body = B4 },
	  .time_header = 2,
	  .covers_body = true },
};

#define N_GENUINES (sizeof(genuines) / sizeof(genuines[0]))

static int
verify_keyed(const struct genuine *g, const char *secret,
             const struct sent *sent)
{
	const char *at = strstr(g->conf, "%s");
	char *conf = text_format("%.*s%s%s", (int)(at - g->conf), g->conf,
	                         secret, at + 2);
	int r;

	assert_non_null(conf);
	r = verify_with(g->ops, conf, NULL, sent);
	free(conf);
	return r;
}

static int
verify_sent(const struct genuine *g, const struct sent *sent)
{
	char secret[120];

	(void)snprintf(secret, sizeof(secret), "\"%s\"", g->secret);
	return verify_keyed(g, secret, sent);
}

static void
test_hooks__a_genuine_call_is_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GENUINES; i++)
		assert_int_equal(verify_sent(&genuines[i], &genuines[i].sent),
		                 0);
}

static void
test_hooks__one_changed_byte_of_the_body_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GENUINES; i++) {
		struct sent sent = genuines[i].sent;
		size_t n = strlen(sent.body);
		char *body = text_format("%s\n", sent.body);

		assert_non_null(body);
		sent.body = body;
		if (genuines[i].covers_body) {
			assert_int_equal(verify_sent(&genuines[i], &sent),
			                 HANDLER_FORGED);
			body[n] = '\0';
		}
		for (size_t k = 0; genuines[i].covers_body && k < n; k++) {
			body[k] ^= 1;
			assert_int_equal(verify_sent(&genuines[i], &sent),
			                 HANDLER_FORGED);
			body[k] ^= 1;
		}
		free(body);
	}
}

static void
test_hooks__every_damaged_signature_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GENUINES; i++) {
		struct sent sent = genuines[i].sent;
		struct http_header *header = &sent.headers[1];
		char *value = text_dup(header->value);
		size_t n = strlen(value);

		header->value = "";
		assert_int_equal(verify_sent(&genuines[i], &sent),
		                 HANDLER_FORGED);
		header->value = value;
		value[n - 1] ^= 1; /* `=` too: no base64 any more */
		assert_int_equal(verify_sent(&genuines[i], &sent),
		                 HANDLER_FORGED);
		value[n - 1] = '\0';
		assert_int_equal(verify_sent(&genuines[i], &sent),
		                 HANDLER_FORGED);
		value[n / 2] = '!';
		assert_int_equal(verify_sent(&genuines[i], &sent),
		                 HANDLER_FORGED);
		free(value);
	}
}

static void
test_hooks__a_missing_or_doubled_signature_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GENUINES; i++) {
		struct sent sent = genuines[i].sent;
		size_t n = 0;

		while (sent.headers[n].name)
			n++;
		sent.headers[n] = sent.headers[1];
		assert_int_equal(verify_sent(&genuines[i], &sent),
		                 HANDLER_FORGED);
		sent.headers[n] = (struct http_header){ 0 };
		sent.headers[1].name = "X-Nothing";
		assert_int_equal(verify_sent(&genuines[i], &sent),
		                 HANDLER_FORGED);
	}
}

static void
test_hooks__the_wrong_key_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GENUINES; i++) {
		const struct genuine *g = &genuines[i];
		char secret[120];

		(void)snprintf(secret, sizeof(secret), "\"%s\"", g->other);
		assert_int_equal(verify_keyed(g, secret, &g->sent),
		                 HANDLER_FORGED);
	}
}

static void
test_hooks__one_changed_digit_of_the_time_is_refused(void **state)
{
	size_t n_timed = 0;

	(void)state;
	for (size_t i = 0; i < N_GENUINES; i++) {
		const struct genuine *g = &genuines[i];
		struct sent sent = g->sent;
		struct http_header *header = &sent.headers[g->time_header];
		char *value;

		if (!g->time_header)
			continue;
		n_timed++;
		value = text_dup(header->value);
		header->value = value;
		for (size_t k = 0; k < strlen(SECONDS); k++) {
			value[g->time_at + k] ^= 1;
			assert_int_equal(verify_sent(g, &sent), HANDLER_FORGED);
			value[g->time_at + k] ^= 1;
		}
		assert_int_equal(verify_sent(g, &sent), 0);
		free(value);
	}
	assert_int_equal(n_timed, 4);
}

static void
test_hooks__what_is_old_or_of_the_future_is_stale(void **state)
{
	static const struct {
		int64_t off_s;
		bool is_stale;
	} rows[] = {
		{ 300, false },  { -300, false },  { 299, false },
		{ 301, true },   { -301, true },   { -302, true },
		{ 86400, true }, { -86400, true },
	};

	(void)state;
	for (size_t i = 0; i < N_GENUINES; i++)
		for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
			bool is_stale =
				rows[k].is_stale && genuines[i].time_header;

			fake_clock_set_wall(NOW_MS + rows[k].off_s * 1000);
			assert_int_equal(
				verify_sent(&genuines[i], &genuines[i].sent),
				is_stale ? HANDLER_STALE : 0);
		}
	fake_clock_set_wall(NOW_MS);
}

static void
test_hooks__a_body_type_that_is_never_sent_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GENUINES; i++) {
		struct sent sent = genuines[i].sent;

		sent.headers[0].value = "multipart/form-data; boundary=x";
		assert_int_equal(verify_sent(&genuines[i], &sent),
		                 HANDLER_MEDIA_TYPE);
		/* and a stranger is not told so */
		sent.headers[1].value = "wrong";
		assert_int_equal(verify_sent(&genuines[i], &sent),
		                 HANDLER_FORGED);
	}
}

static void
test_hooks__both_secrets_count_while_one_replaces_the_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GENUINES; i++) {
		const struct genuine *g = &genuines[i];
		char both[200];

		(void)snprintf(both, sizeof(both), "[\"%s\",\"%s\"]", g->secret,
		               g->other);
		assert_int_equal(verify_keyed(g, both, &g->sent), 0);
		(void)snprintf(both, sizeof(both), "[\"%s\",\"%s\"]", g->other,
		               g->secret);
		assert_int_equal(verify_keyed(g, both, &g->sent), 0);
		(void)snprintf(both, sizeof(both), "[\"%s\",\"%s\"]", g->other,
		               g->other);
		assert_int_equal(verify_keyed(g, both, &g->sent),
		                 HANDLER_FORGED);
	}
}

/* A repeat is known by an id inside the proof, or it is one more look. */
static void
test_hooks__only_an_id_inside_the_proof_is_remembered(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GENUINES; i++) {
		const struct genuine *g = &genuines[i];
		struct conf_section *account;
		struct handler_env env = { 0 };
		struct http_call call = call_of(&g->sent);
		const char *at = strstr(g->conf, "%s");
		char *conf = text_format("%.*s\"%s\"%s", (int)(at - g->conf),
		                         g->conf, g->secret, at + 2);
		char *first = NULL;

		account = parse(g->ops, conf);
		env.account = account;
		for (int k = 0; k < 2; k++) {
			struct event event = { 0 };

			assert_int_equal(g->ops->identify(&env, &call, &event),
			                 0);
			assert_int_equal(event.id[0] != '\0', g->has_id);
			if (first)
				assert_string_equal(event.id, first);
			free(first);
			first = text_dup(event.id);
			event_fini(&event);
		}
		assert_true(!g->has_id || g->ops->dedupe_ms > 0);
		free(first);
		free(conf);
		conf_section_free(account);
	}
}

static void
test_hooks__an_unknown_topic_is_taken_and_says_nothing_false(void **state)
{
	(void)state;
	assert_heard(&square_hooks, "{\"hook\":{\"signature_key\":\"k\"}}",
	             &(struct sent){ .body = "{\"type\":\"loyalty.created\","
	                                     "\"event_id\":\"e1\"}" },
	             "");
	assert_heard(&galaxy_hooks, "{\"hook\":{\"secret\":\"k\"}}",
	             &(struct sent){ .body = "{\"Event\":\"NoSuchThing\"}" },
	             "catch_up");
}

/* ---- the same calls at the door ---- */

enum { LARGEST = 1024 }; /* body that is taken */

static int
push(void *ctx, char id_out[QUEUE_ID_SIZE], const struct event *event,
     int64_t dedupe_ms)
{
	(void)event;
	(void)dedupe_ms;
	(*(size_t *)ctx)++;
	(void)snprintf(id_out, QUEUE_ID_SIZE, "17-0");
	return 0;
}

static struct conf *
conf_of(const struct genuine *g)
{
	const struct conf_type type = { .name = g->ops->name,
		                        .hook = g->ops->options,
		                        .default_url = "https://a.example" };
	const char *at = strstr(g->conf, "%s");
	struct buf mistakes = BUF_INIT;
	struct conf *conf = NULL;
	char *text = text_format(
		"{\"public\":{\"certificate\":\"/proc/self/exe\","
		"\"body_max_bytes\":%d},\"accounts\":[{\"name\":\"it\","
		"\"type\":\"%s\",%.*s\"%s\"%s]}",
		(int)LARGEST, g->ops->name, (int)(at - g->conf - 1),
		g->conf + 1, g->secret, at + 2);

	if (conf_parse(&conf, "g.json", text, strlen(text), &type, 1,
	               &mistakes))
		fail_msg("%s", buf_text(&mistakes));
	buf_fini(&mistakes);
	free(text);
	return conf;
}

static int
status_of(struct receiver *receiver, const struct sent *sent)
{
	struct http_call call = call_of(sent);
	struct http_reply reply = { 0 };

	call.path = "/hooks/it";
	receiver_serve(receiver, &call, &reply);
	buf_fini(&reply.body);
	return reply.status;
}

/* The one call, and what is wrong with others. */
static void
assert_door(const struct genuine *g, struct receiver *receiver,
            const size_t *n_pushed)
{
	static char large[LARGEST + 2];
	struct sent sent = g->sent;

	assert_int_equal(status_of(receiver, &sent), 202);
	assert_int_equal(status_of(receiver, &sent), 202); /* a replay */
	assert_int_equal(*n_pushed, 2);
	sent.headers[0].value = "multipart/form-data; boundary=x";
	assert_int_equal(status_of(receiver, &sent), 415);
	sent.headers[0] = g->sent.headers[0];
	sent.headers[1].value = "wrong";
	assert_int_equal(status_of(receiver, &sent), 401);
	sent.headers[1] = g->sent.headers[1];
	memset(large, '1', LARGEST + 1);
	sent.body = large;
	assert_int_equal(status_of(receiver, &sent), 413);
	sent.body = g->sent.body;
	fake_clock_set_wall(NOW_MS + 301000);
	assert_int_equal(status_of(receiver, &sent),
	                 g->time_header ? 401 : 202);
	fake_clock_set_wall(NOW_MS);
	assert_int_equal(*n_pushed, g->time_header ? 2 : 3);
}

static void
test_hooks__the_door_answers_each_of_them_alike(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GENUINES; i++) {
		struct conf *conf = conf_of(&genuines[i]);
		size_t n_pushed = 0;
		const struct receiver_options options = { .conf = conf,
			                                  .handlers =
			                                          hook_handlers,
			                                  .push = push,
			                                  .push_ctx =
			                                          &n_pushed };
		struct receiver receiver;

		assert_int_equal(receiver_init(&receiver, &options), 0);
		assert_door(&genuines[i], &receiver, &n_pushed);
		receiver_fini(&receiver);
		conf_free(conf);
	}
}

/* ---- Square ---- */

static int
verify_square(const char *url, const char *public_url, const char *body,
              const char *signature)
{
	struct sent sent = { .headers = { { "x-square-hmacsha256-signature",
		                            signature } },
		             .body = body };
	char conf[300];

	(void)snprintf(conf, sizeof(conf),
	               "{\"name\":\"main\",\"hook\":{\"signature_key\":\"%s\""
	               "%s%s%s}}",
	               SQUARE_KEY, url ? ",\"url\":\"" : "", url ? url : "",
	               url ? "\"" : "");
	return verify_with(&square_hooks, conf, public_url, &sent);
}

static void
test_square_hooks__the_published_vectors_are_accepted(void **state)
{
	(void)state;
	assert_int_equal(verify_square(SQUARE_URL, NULL, B1, S1), 0);
	assert_int_equal(verify_square(SQUARE_URL, NULL, B2, S2), 0);
	assert_int_equal(verify_square(SQUARE_URL, NULL, "", S3), 0);
}

static void
test_square_hooks__another_url_is_another_signature(void **state)
{
	static const char *const urls[] = {
		SQUARE_URL "/",
		"http://gw.example.com/hooks/square/main?x=1",
		"https://GW.EXAMPLE.COM/hooks/square/main?x=1",
		"https://gw.example.com/hooks/square/main",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		assert_int_equal(verify_square(urls[i], NULL, B1, S1),
		                 HANDLER_FORGED);
	assert_int_equal(
		verify_square(SQUARE_URL "/", NULL, B1,
	                      "5Z43Gw8Dx/RmmWwjbxW5QufqRqcHFiHd+uhH7hmTLZU="),
		0);
	assert_int_equal(verify_square(SQUARE_URL, NULL, B2, S1),
	                 HANDLER_FORGED);
}

/* openssl: printf '%s' 'https://gw.example.com/hooks/main' "$B1" | … */
static void
test_square_hooks__the_url_is_made_from_public_url_and_name(void **state)
{
	unsigned char mac[CRYPTO_MAC_MAX];
	char signature[4 * CRYPTO_MAC_MAX];
	size_t n = 0;
	const char signed_text[] = "https://gw.example.com/hooks/main" B1;
	const struct crypto_part part = { signed_text,
		                          sizeof(signed_text) - 1 };

	(void)state;
	assert_int_equal(crypto_hmac(mac, &n, CRYPTO_SHA256, SQUARE_KEY,
	                             strlen(SQUARE_KEY), &part, 1),
	                 0);
	crypto_base64_encode(signature, mac, n);
	assert_int_equal(
		verify_square(NULL, "https://gw.example.com", B1, signature),
		0);
	assert_int_equal(
		verify_square(NULL, "https://other.example", B1, signature),
		HANDLER_FORGED);
	/* Without either there is nothing to verify with. */
	assert_int_equal(verify_square(NULL, NULL, B1, signature),
	                 HANDLER_FORGED);
}

static void
test_square_hooks__a_missing_url_is_a_mistake_of_the_configuration(void **state)
{
	struct conf_section *account =
		parse(&square_hooks, "{\"hook\":{\"signature_key\":\"k\"}}");
	struct handler_env env = { account, NULL };
	struct buf mistakes = BUF_INIT;

	(void)state;
	square_hooks.check(&env, &mistakes);
	assert_int_equal(strncmp(buf_text(&mistakes), "hook.url: ", 10), 0);
	buf_reset(&mistakes);
	env.public_url = "https://gw.example.com";
	square_hooks.check(&env, &mistakes);
	assert_string_equal(buf_text(&mistakes), "");
	buf_fini(&mistakes);
	conf_section_free(account);
}

static void
test_square_hooks__the_event_is_known_by_type_and_event_id(void **state)
{
	struct conf_section *account =
		parse(&square_hooks, "{\"hook\":{\"signature_key\":\"k\"}}");
	struct handler_env env = { account, NULL };
	struct http_call call = call_of(&(struct sent){ .body = B1 });
	struct event event = { 0 };

	(void)state;
	assert_int_equal(square_hooks.identify(&env, &call, &event), 0);
	assert_string_equal(event.topic, "inventory.count.updated");
	assert_string_equal(event.id, "bc316346-6691-4243-88ed-6d651a0d0c47");
	assert_true(square_hooks.dedupe_ms > INT64_C(72) * 3600 * 1000);
	event_fini(&event);
	conf_section_free(account);
}

static void
test_square_hooks__what_has_no_type_or_id_is_malformed(void **state)
{
	static const char *const bodies[] = {
		"",
		"{",
		"[]",
		"null",
		"{\"type\":\"x\"}",
		"{\"event_id\":\"x\"}",
		"{\"type\":\"\",\"event_id\":\"x\"}",
		"{\"type\":1,\"event_id\":\"x\"}",
		"{\"type\":\"x\",\"event_id\":\"a b\"}",
		"{\"type\":\"x\",\"event_id\":\"a\\u0000b\"}",
		"<html>",
	};
	struct conf_section *account =
		parse(&square_hooks, "{\"hook\":{\"signature_key\":\"k\"}}");
	struct handler_env env = { account, NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct http_call call =
			call_of(&(struct sent){ .body = bodies[i] });
		struct event event = { 0 };

		assert_int_equal(square_hooks.identify(&env, &call, &event),
		                 HANDLER_MALFORMED);
		event_fini(&event);
	}
	conf_section_free(account);
}

#define OURS "{\"location\":\"LOC1\",\"hook\":{\"signature_key\":\"k\"}}"

static void
assert_square(const char *type, const char *object, const char *expected)
{
	char *body = text_format("{\"type\":\"%s\",\"event_id\":\"e\",\"data\":"
	                         "{\"object\":%s}}",
	                         type, object);

	assert_non_null(body);
	assert_heard(&square_hooks, OURS, &(struct sent){ .body = body },
	             expected);
	free(body);
}

static void
test_square_hooks__counts_at_our_location_are_places_to_look(void **state)
{
	(void)state;
	assert_heard(&square_hooks, OURS, &(struct sent){ .body = B1 },
	             "ref=VAR1");
	assert_square(
		"inventory.count.updated",
		"{\"inventory_counts\":["
		"{\"catalog_object_id\":\"A\",\"location_id\":\"LOC1\"},"
		"{\"catalog_object_id\":\"B\",\"location_id\":\"LOC2\"},"
		"{\"catalog_object_id\":\"C\"},{\"location_id\":\"LOC1\"},"
		"7]}",
		"ref=A ref=C");
}

static void
test_square_hooks__only_a_completed_payment_names_a_sale(void **state)
{
	(void)state;
	assert_square("payment.updated",
	              "{\"payment\":{\"status\":\"COMPLETED\",\"order_id\":"
	              "\"O1\",\"location_id\":\"LOC1\"}}",
	              "sale=O1");
	assert_square("payment.created",
	              "{\"payment\":{\"status\":\"COMPLETED\",\"order_id\":"
	              "\"O1\"}}",
	              "sale=O1");
	assert_square("payment.updated",
	              "{\"payment\":{\"status\":\"APPROVED\",\"order_id\":"
	              "\"O1\",\"location_id\":\"LOC1\"}}",
	              "");
	assert_square("payment.updated",
	              "{\"payment\":{\"status\":\"COMPLETED\",\"order_id\":"
	              "\"O1\",\"location_id\":\"LOC2\"}}",
	              "");
	assert_square("payment.updated",
	              "{\"payment\":{\"status\":\"COMPLETED\"}}", "");
}

static void
test_square_hooks__an_order_names_itself_and_a_refund_nothing(void **state)
{
	(void)state;
	assert_square("order.updated",
	              "{\"order_updated\":{\"order_id\":\"O2\",\"location_id\":"
	              "\"LOC1\",\"state\":\"COMPLETED\"}}",
	              "sale=O2");
	assert_square("order.created",
	              "{\"order_created\":{\"order_id\":\"O3\",\"location_id\":"
	              "\"LOC2\"}}",
	              "");
	assert_square("refund.updated",
	              "{\"refund\":{\"order_id\":\"O1\",\"location_id\":"
	              "\"LOC1\"}}",
	              "");
	assert_square("catalog.version.updated", "{}", "");
}

static void
test_square_hooks__a_revoked_authorization_stops_the_account(void **state)
{
	(void)state;
	assert_square("oauth.authorization.revoked",
	              "{\"revocation\":{\"revoker_type\":\"MERCHANT\"}}",
	              "locked");
}

/* ---- Galaxy ---- */

static int
verify_galaxy(const char *hook, const struct sent *sent)
{
	char *conf = text_format("{\"hook\":%s}", hook);
	int r;

	assert_non_null(conf);
	r = verify_with(&galaxy_hooks, conf, NULL, sent);
	free(conf);
	return r;
}

#define SECRET "{\"secret\":\"" GALAXY_KEY "\"}"
#define WITH(name_, value_) \
	&(struct sent) \
	{ \
		.headers = { { (name_), (value_) } } \
	}

static void
test_galaxy_hooks__the_secret_may_stand_in_four_places(void **state)
{
	const char *named =
		"{\"secret\":\"" GALAXY_KEY "\",\"header\":\"X-Shared\"}";

	(void)state;
	assert_int_equal(
		verify_galaxy(SECRET, &(struct sent){ .method = "GET",
	                                              .query = "a=1&key="
	                                                       "galaxy-hook%2D"
	                                                       "secret" }),
		0);
	assert_int_equal(verify_galaxy(SECRET, WITH("authorization",
	                                            "bearer " GALAXY_KEY)),
	                 0);
	/* printf 'any:galaxy-hook-secret' | base64 */
	assert_int_equal(
		verify_galaxy(SECRET,
	                      WITH("Authorization",
	                           "Basic YW55OmdhbGF4eS1ob29rLXNlY3JldA==")),
		0);
	assert_int_equal(verify_galaxy(named, WITH("x-shared", GALAXY_KEY)), 0);
	assert_int_equal(verify_galaxy(SECRET, WITH("x-shared", GALAXY_KEY)),
	                 HANDLER_FORGED);
}

static void
test_galaxy_hooks__anything_but_the_secret_is_refused(void **state)
{
	static const char *const queries[] = {
		"",
		"key=",
		"key=galaxy-hook-secre",
		"key=galaxy-hook-secret1",
		"key=Galaxy-hook-secret",
		"key=galaxy-hook-secret&key=galaxy-hook-secret",
		"Key=galaxy-hook-secret",
		"key=galaxy-hook-secret%00",
		"key=galaxy-hook-secret%",
	};
	static const char *const values[] = {
		GALAXY_KEY,
		"Bearer",
		"Bearer ",
		"Bearer  " GALAXY_KEY,
		"Basic " GALAXY_KEY,
		/* printf 'galaxy-hook-secret' | base64: no colon */
		"Basic Z2FsYXh5LWhvb2stc2VjcmV0",
		/* printf 'galaxy-hook-secret:' | base64: it is the user */
		"Basic Z2FsYXh5LWhvb2stc2VjcmV0Og==",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		assert_int_equal(
			verify_galaxy(SECRET,
		                      &(struct sent){ .query = queries[i] }),
			HANDLER_FORGED);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		assert_int_equal(
			verify_galaxy(SECRET, WITH("Authorization", values[i])),
			HANDLER_FORGED);
}

static void
test_galaxy_hooks__with_an_hmac_the_bare_secret_is_no_proof(void **state)
{
	const char *hook = "{\"secret\":\"" GALAXY_KEY
			   "\",\"hmac\":{\"header\":\"X-Sig\",\"encoding\":"
			   "\"base64\",\"prefix\":\"v1,\"}}";
	struct sent sent = { .headers = { { "X-Sig", "v1,"
		                                     "iDmuVuDG71EtW04sKNlVKJ3RY"
		                                     "XHs1ZbPD9Piq05m0ko=" } },
		             .body = B1 };

	(void)state;
	assert_int_equal(verify_galaxy(hook, &sent), 0);
	sent.headers[0].value = "iDmuVuDG71EtW04sKNlVKJ3RYXHs1ZbPD9Piq05m0ko=";
	assert_int_equal(verify_galaxy(hook, &sent), HANDLER_FORGED);
	assert_int_equal(
		verify_galaxy(hook, &(struct sent){ .query = "key=" GALAXY_KEY,
	                                            .body = B1 }),
		HANDLER_FORGED);
}

static void
test_galaxy_hooks__an_address_counts_beside_the_secret(void **state)
{
	const char *hook =
		"{\"secret\":\"" GALAXY_KEY
		"\",\"addresses\":[\"10.0.0.0/9\",\"2001:db8::/33\"]}";
	static const struct {
		const char *peer;
		int r;
	} rows[] = {
		{ "10.127.255.255", 0 },
		{ "10.128.0.0", HANDLER_FORGED },
		{ "::ffff:10.1.2.3", 0 },
		{ "2001:db8:7fff::1", 0 },
		{ "2001:db8:8000::1", HANDLER_FORGED },
		{ "11.0.0.1", HANDLER_FORGED },
		{ "", HANDLER_FORGED },
	};
	struct sent sent = { .query = "key=" GALAXY_KEY };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sent.peer = rows[i].peer;
		assert_int_equal(verify_galaxy(hook, &sent), rows[i].r);
	}
	sent.peer = "10.0.0.1";
	sent.query = "key=wrong";
	assert_int_equal(verify_galaxy(hook, &sent), HANDLER_FORGED);
	/* Alone it suffices only where nothing else is configured. */
	assert_int_equal(verify_galaxy("{\"addresses\":[\"10.0.0.1\"]}", &sent),
	                 0);
}

static void
test_galaxy_hooks__a_client_certificate_is_known_by_its_fingerprint(
	void **state)
{
#define HALF "0123456789abcdef0123456789abcdef"
	const char *hook = "{\"client_certificate\":\"01:23:45:67:89:AB:CD:EF:"
			   "01:23:45:67:89:ab:cd:ef" HALF "\"}";
	struct sent sent = { .client_sha256 = HALF HALF };

	(void)state;
	assert_int_equal(verify_galaxy(hook, &sent), 0);
	sent.client_sha256 = HALF "0123456789abcdef0123456789abcdee";
	assert_int_equal(verify_galaxy(hook, &sent), HANDLER_FORGED);
	sent.client_sha256 = NULL;
	assert_int_equal(verify_galaxy(hook, &sent), HANDLER_FORGED);
}

static void
test_galaxy_hooks__nothing_configured_accepts_nobody(void **state)
{
	(void)state;
	assert_int_equal(verify_galaxy("{}", &(struct sent){ .query = "key=" }),
	                 HANDLER_FORGED);
}

static void
assert_mistake(const char *hook, const char *begin)
{
	char *conf = text_format("{\"hook\":%s}", hook);
	struct conf_section *account = parse(&galaxy_hooks, conf);
	struct handler_env env = { account, NULL };
	struct buf mistakes = BUF_INIT;

	galaxy_hooks.check(&env, &mistakes);
	if (!begin[0])
		assert_string_equal(buf_text(&mistakes), "");
	else if (strncmp(buf_text(&mistakes), begin, strlen(begin)) != 0)
		fail_msg("%s: %s", hook, buf_text(&mistakes));
	buf_fini(&mistakes);
	conf_section_free(account);
	free(conf);
}

static void
test_galaxy_hooks__contradictory_options_are_mistakes(void **state)
{
	(void)state;
	assert_mistake(SECRET, "");
	assert_mistake("{\"addresses\":[\"::1\",\"10.0.0.0/8\"]}", "");
	assert_mistake("{}", "hook.secret: missing");
	assert_mistake("{\"header\":\"X\",\"addresses\":[\"::1\"]}",
	               "hook.secret: missing");
	assert_mistake("{\"addresses\":[\"10.0.0.1\"],\"hmac\":{\"header\":"
	               "\"X\"}}",
	               "hook.secret: missing");
	assert_mistake("{\"secret\":\"secret\",\"hmac\":{\"prefix\":\"x\"}}",
	               "hook.hmac.header: missing");
	assert_mistake("{\"secret\":\"secret\",\"header\":\"X\",\"hmac\":"
	               "{\"header\":\"X\"}}",
	               "hook.header: not used");
	assert_mistake("{\"client_certificate\":\"abc\"}",
	               "hook.client_certificate: expected");
	assert_mistake("{\"addresses\":[\"::1\",\"10.0.0.1/33\"]}",
	               "hook.addresses[1]: expected");
	assert_mistake("{\"addresses\":[\"localhost\"]}",
	               "hook.addresses[0]: expected");
}

#define GUID_A "a0000000-0000-4000-8000-00000000000a"
#define GUID_B "b0000000-0000-4000-8000-00000000000b"

static void
test_galaxy_hooks__every_guid_is_a_place_to_look(void **state)
{
	static const struct {
		const char *query;
		const char *body;
		const char *expected;
	} rows[] = {
		{ "", "{\"ids\":[\"" GUID_A "\",{\"x\":\"" GUID_B "\"}]}",
		  "ref=" GUID_A " ref=" GUID_B " if_unknown" },
		{ "", "ItemID=A0000000-0000-4000-8000-00000000000A&x=1",
		  "ref=" GUID_A " if_unknown" },
		{ "item=%7B" GUID_A "%7D&key=x", "",
		  "ref=" GUID_A " if_unknown" },
		{ "", "<Item>" GUID_B "</Item>", "ref=" GUID_B " if_unknown" },
		{ "item=" GUID_A, "{\"id\":\"" GUID_B "\"}",
		  "ref=" GUID_B " ref=" GUID_A " if_unknown" },
		{ "", "", "catch_up" },
		{ "a=1", "{\"stock\":\"changed\"}", "catch_up" },
		{ "", "1" GUID_A " " GUID_B "0", "catch_up" },
		{ "", "a0000000-0000-4000-8000-00000000000", "catch_up" },
		{ "", "\xff\xfe\x01", "catch_up" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_heard(&galaxy_hooks, "{\"hook\":" SECRET "}",
		             &(struct sent){ .query = rows[i].query,
		                             .body = rows[i].body },
		             rows[i].expected);
}

static void
test_galaxy_hooks__the_secret_is_not_kept_with_the_event(void **state)
{
	static const struct {
		const char *query;
		const char *kept;
	} rows[] = {
		{ "key=" GALAXY_KEY, "" },
		{ "a=1&key=" GALAXY_KEY "&b=%20", "a=1&b=%20" },
		{ "%6Bey=" GALAXY_KEY "&x", "x" },
		{ "key=%zz&key=" GALAXY_KEY, "" },
		{ "monkey=1", "monkey=1" },
	};
	struct conf_section *account =
		parse(&galaxy_hooks, "{\"hook\":" SECRET "}");
	struct handler_env env = { account, NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_call call = call_of(
			&(struct sent){ .query = rows[i].query,
		                        .body = "{\"event\":\"Item.Saved\"}" });
		struct event event = { 0 };

		assert_int_equal(galaxy_hooks.identify(&env, &call, &event), 0);
		assert_string_equal(event.query, rows[i].kept);
		assert_string_equal(event.topic, "Item.Saved");
		assert_string_equal(event.id, "");
		event_fini(&event);
	}
	conf_section_free(account);
}

/* ---- Hiboutik ---- */

#define HIBOUTIK "{\"store\":1,\"hook\":{\"token\":[\"" I2 "\",\"old-one\"]}}"

static void
test_hiboutik_hooks__the_token_is_the_parameter_k(void **state)
{
	static const struct {
		const char *query;
		int expected;
	} rows[] = {
		{ "k=" I2, 0 },
		{ "x=1&k=old%2Done&y", 0 },
		{ "", HANDLER_FORGED },
		{ "k=", HANDLER_FORGED },
		{ "k=" I2 "0", HANDLER_FORGED },
		{ "k=8c107b58", HANDLER_FORGED },
		{ "K=" I2, HANDLER_FORGED },
		{ "k=" I2 "&k=" I2, HANDLER_FORGED },
		{ "k=old-one%00", HANDLER_FORGED },
		{ "kk=" I2, HANDLER_FORGED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sent sent = { .query = rows[i].query,
			             .headers = { FORM_TYPE },
			             .body = B6 };

		assert_int_equal(
			verify_with(&hiboutik_hooks, HIBOUTIK, NULL, &sent),
			rows[i].expected);
	}
}

static void
test_hiboutik_hooks__with_both_proofs_one_is_none(void **state)
{
	static const char conf[] = "{\"hook\":{\"token\":\"" I2
				   "\",\"hmac_secret\":\"hib_secret\"}}";
	const struct sent tokened = { .query = "k=" I2,
		                      .headers = { FORM_TYPE },
		                      .body = B6 };
	const struct sent signed_ = {
		.headers = { FORM_TYPE, { "X-Hiboutik-Hmac-SHA256", I1 } },
		.body = B6
	};

	(void)state;
	assert_int_equal(verify_with(&hiboutik_hooks, conf, NULL, &tokened),
	                 HANDLER_FORGED);
	assert_int_equal(verify_with(&hiboutik_hooks, conf, NULL, &signed_),
	                 HANDLER_FORGED);
	assert_int_equal(verify_with(&hiboutik_hooks, "{}", NULL, &tokened),
	                 HANDLER_FORGED);
}

static void
test_hiboutik_hooks__no_proof_is_a_mistake_of_the_configuration(void **state)
{
	struct conf_section *account = parse(&hiboutik_hooks, "{}");
	struct handler_env env = { account, NULL };
	struct buf mistakes = BUF_INIT;

	(void)state;
	hiboutik_hooks.check(&env, &mistakes);
	assert_non_null(strstr(buf_text(&mistakes), "hook.token: missing"));
	conf_section_free(account);
	buf_reset(&mistakes);
	account = parse(&hiboutik_hooks, HIBOUTIK);
	env.account = account;
	hiboutik_hooks.check(&env, &mistakes);
	assert_int_equal(mistakes.n, 0);
	conf_section_free(account);
	buf_fini(&mistakes);
}

static void
test_hiboutik_hooks__a_call_says_where_to_look(void **state)
{
	static const struct {
		const char *body;
		const char *expected;
	} rows[] = {
		{ B6, "sale=12" },
		{ "sale_id=12", "sale=12" }, /* without lines it is read too */
		{ "order_id=0012&shop_id=1&date_time=x", "sale=12" },
		{ "sale_id=12&store_id=2", "" },
		{ "order_id=12&shop_id=2", "" },
		{ "sale_id=12&sale_ext_ref=TB-agora-1", "" }, /* ours */
		{ "sale_id=12&sale_ext_ref=erp-1", "sale=12" },
		{ "product_id=7", "ref=7" },
		{ "inventory_input_id=4", "catch_up" },
		{ "customer_id=4", "" },
		/* Lines count where no sale is named. */
		{ "line_items[0][product_id]=7&line_items[0][product_size]=3&"
		  "line_items%5b2%5D%5Bproduct_id%5d=8",
		  "ref=7/3 ref=8/0" },
		{ "line_items[0][product_id]=0", "" },
		{ "line_items[500][product_id]=7", "" },
		{ "line_items[99999999999999999999][product_id]=7", "" },
		{ "line_items[-1][product_id]=7&line_items[][product_id]=7&"
		  "line_items[0]product_id=7&line_items[0][product_id=7&"
		  "line_items[0][a][product_id]=7&line_items=7&"
		  "xline_items[0][product_id]=7",
		  "" },
		/* What is no number is none. */
		{ "sale_id=12x&product_id=&inventory_input_id=%zz", "" },
		{ "sale_id=1234567890123456789", "" },
		{ "", "" },
		{ "&&=&;&a", "" },
		{ "sale_id=%", "" },
		{ "sale_id=1%00", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_heard(&hiboutik_hooks, HIBOUTIK,
		             &(struct sent){ .query = "k=" I2,
		                             .body = rows[i].body },
		             rows[i].expected);
}

static void
test_hiboutik_hooks__the_token_is_not_kept_with_the_event(void **state)
{
	struct conf_section *account = parse(&hiboutik_hooks, HIBOUTIK);
	struct handler_env env = { account, NULL };
	struct http_call call =
		call_of(&(struct sent){ .query = "k=" I2, .body = B6 });
	struct event event = { 0 };

	(void)state;
	assert_int_equal(hiboutik_hooks.identify(&env, &call, &event), 0);
	assert_string_equal(event.query, "");
	assert_string_equal(event.topic, "sale");
	assert_string_equal(event.id, "");
	event_fini(&event);
	conf_section_free(account);
}

static void
test_hiboutik_hooks__a_form_without_end_is_malformed(void **state)
{
	struct conf_section *account = parse(&hiboutik_hooks, HIBOUTIK);
	struct handler_env env = { account, NULL };
	struct event event = { 0 };
	struct buf body = BUF_INIT;
	struct http_call call = { .method = "POST", .query = "" };

	(void)state;
	for (int i = 0; i < 8000; i++)
		buf_adds(&body, "a=1&");
	call.body = buf_text(&body);
	call.n_body = body.n;
	assert_int_equal(hiboutik_hooks.identify(&env, &call, &event), 0);
	event_fini(&event);
	event = (struct event){ 0 };
	buf_adds(&body, "a=1");
	call.body = buf_text(&body);
	call.n_body = body.n;
	assert_int_equal(hiboutik_hooks.identify(&env, &call, &event),
	                 HANDLER_MALFORMED);
	event_fini(&event);
	buf_fini(&body);
	conf_section_free(account);
}

/* ---- Lightspeed X ---- */

#define LIGHTSPEED_X "{\"outlet\":\"o1\",\"hook\":{\"token\":\"t0ken\"}}"

/* Which bytes are signed and how that is written is not certain: it is said. */
static void
test_lightspeed_x_hooks__what_is_signed_is_configured(void **state)
{
	static const struct {
		const char *how;
		const char *mac;
		const char *body;
		int expected;
	} rows[] = {
		{ "", X_CLAIM(X1), B5, 0 },
		{ ",\"encoding\":\"base64\"", X_CLAIM(X2), B5, 0 },
		{ ",\"signed\":\"payload\"", X_CLAIM(X3), B5, 0 },
		/* only the field is signed then … */
		{ ",\"signed\":\"payload\"", X_CLAIM(X3),
		  "x=1&payload=%7b%22id%22:%22p1%22%7d", 0 },
		{ ",\"signed\":\"payload\"", X_CLAIM(X3),
		  "payload=%7B%22id%22%3A%22p2%22%7D", HANDLER_FORGED },
		/* … and there must be one */
		{ ",\"signed\":\"payload\"", X_CLAIM(X3), "payload=%zz",
		  HANDLER_FORGED },
		{ ",\"signed\":\"payload\"", X_CLAIM(X3), B5 "&payload=1",
		  HANDLER_FORGED },
		{ "", X_CLAIM(X2), B5, HANDLER_FORGED },
		{ "", X_CLAIM(X3), B5, HANDLER_FORGED },
		{ ",\"encoding\":\"base64\"", X_CLAIM(X1), B5, HANDLER_FORGED },
		{ "", "algorithm=HMAC-SHA256, signature=" X1, B5, 0 },
		{ "", "v=1,algorithm=HMAC-SHA256,signature=" X1, B5, 0 },
		{ "", "signature=" X1 ",algorithm=HMAC-SHA1", B5,
		  HANDLER_FORGED },
		{ "", "signature=" X1, B5, HANDLER_FORGED },
		{ "", "signature=" X1 "," X_CLAIM(X1), B5, HANDLER_FORGED },
		{ "", X_CLAIM(X1) ",algorithm=HMAC-SHA256", B5,
		  HANDLER_FORGED },
		{ "", "algorithm=HMAC-SHA256", B5, HANDLER_FORGED },
		{ "", "signature=,algorithm=HMAC-SHA256", B5, HANDLER_FORGED },
		{ "", X1, B5, HANDLER_FORGED },
		{ "", "", B5, HANDLER_FORGED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sent sent = { .headers = { FORM_TYPE,
			                          { "X-Signature",
			                            rows[i].mac } },
			             .body = rows[i].body };
		char *conf = text_format("{\"hook\":{\"client_secret\":"
		                         "\"vend_client_secret\"%s}}",
		                         rows[i].how);

		assert_non_null(conf);
		if (verify_with(&lightspeed_x_hooks, conf, NULL, &sent) !=
		    rows[i].expected)
			fail_msg("row %zu: %s", i, rows[i].mac);
		free(conf);
	}
}

static void
test_lightspeed_x_hooks__what_is_not_signed_has_a_token(void **state)
{
	static const struct {
		const char *query;
		int expected;
	} rows[] = {
		{ "type=sale.update&k=t0ken", 0 },
		{ "k=t%30ken", 0 },
		{ "", HANDLER_FORGED },
		{ "k=t0ke", HANDLER_FORGED },
		{ "k=t0ken&k=t0ken", HANDLER_FORGED },
		{ "k=t0ken%00", HANDLER_FORGED },
	};
	struct sent sent = { .headers = { FORM_TYPE }, .body = B5 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sent.query = rows[i].query;
		assert_int_equal(verify_with(&lightspeed_x_hooks, LIGHTSPEED_X,
		                             NULL, &sent),
		                 rows[i].expected);
		/* With both configured one is none. */
		assert_int_equal(verify_with(&lightspeed_x_hooks,
		                             "{\"hook\":{\"token\":\"t0ken\","
		                             "\"client_secret\":\"s\"}}",
		                             NULL, &sent),
		                 HANDLER_FORGED);
		assert_int_equal(
			verify_with(&lightspeed_x_hooks, "{}", NULL, &sent),
			HANDLER_FORGED);
	}
}

static void
test_lightspeed_x_hooks__no_proof_is_a_mistake_of_the_configuration(
	void **state)
{
	struct conf_section *account = parse(&lightspeed_x_hooks, "{}");
	struct handler_env env = { account, NULL };
	struct buf mistakes = BUF_INIT;

	(void)state;
	lightspeed_x_hooks.check(&env, &mistakes);
	assert_non_null(
		strstr(buf_text(&mistakes), "hook.client_secret: missing"));
	conf_section_free(account);
	buf_reset(&mistakes);
	account = parse(&lightspeed_x_hooks, LIGHTSPEED_X);
	env.account = account;
	lightspeed_x_hooks.check(&env, &mistakes);
	assert_int_equal(mistakes.n, 0);
	conf_section_free(account);
	buf_fini(&mistakes);
}

/* The kind is in the form, in the URL, or nowhere; never is it believed what
   the numbers say. */
static void
test_lightspeed_x_hooks__a_call_says_where_to_look(void **state)
{
	static const struct {
		const char *query;
		const char *body;
		const char *expected;
	} rows[] = {
		{ "", B5, "ref=p1" },
		{ "type=sale.update", "payload={\"id\":\"s1\"}", "sale=s1" },
		{ "type=product.update",
		  "type=sale.update&payload={\"id\":\"s1\"}", "sale=s1" },
		{ "type=inventory.update",
		  "payload={\"id\":\"i1\",\"product_id\":\"p1\","
		  "\"outlet_id\":\"o1\"}",
		  "ref=p1" },
		{ "type=inventory.update",
		  "payload={\"id\":\"i1\",\"product_id\":\"p1\","
		  "\"outlet_id\":\"o2\"}",
		  "" }, /* of another outlet */
		{ "type=inventory.update", "payload={\"id\":\"i1\"}", "" },
		{ "type=consignment.receive", "payload={\"id\":\"c1\"}",
		  "catch_up" },
		{ "type=customer.update", "payload={\"id\":\"c1\"}", "" },
		/* by their shape */
		{ "", "payload={\"id\":\"s1\",\"register_sale_products\":[]}",
		  "sale=s1" },
		{ "",
		  "payload={\"id\":\"i1\",\"product_id\":\"p1\","
		  "\"outlet_id\":\"O1\",\"count\":\"2\"}",
		  "ref=p1" },
		{ "", "payload={\"id\":\"p1\",\"inventory\":[]}", "ref=p1" },
		{ "", "payload={\"id\":\"x1\"}", "" },
		{ "type=Sale+Update", "payload={\"id\":\"s1\"}", "" },
		/* our own, and one that is only called so */
		{ "type=sale.update",
		  "payload={\"id\":\"s1\",\"source_id\":\"TB-agora-s1-"
		  "0123456789abcdef\"}",
		  "" },
		{ "type=sale.update",
		  "payload={\"id\":\"s1\",\"source_id\":\"17\"}", "sale=s1" },
		/* what is no id is none */
		{ "type=sale.update", "payload={\"id\":7}", "" },
		{ "type=sale.update", "payload={\"id\":\"\"}", "" },
		{ "type=sale.update", "payload={}", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_heard(&lightspeed_x_hooks, LIGHTSPEED_X,
		             &(struct sent){ .query = rows[i].query,
		                             .body = rows[i].body },
		             rows[i].expected);
}

static void
test_lightspeed_x_hooks__what_has_no_payload_is_malformed(void **state)
{
	static const char *const bodies[] = { "",
		                              "type=sale.update",
		                              "payload",
		                              "payload=",
		                              "payload=%7B",
		                              "payload=[]",
		                              "payload=7",
		                              "payload={}%00",
		                              "payload=%zz",
		                              "payload={}&payload={}" };
	struct conf_section *account = parse(&lightspeed_x_hooks, LIGHTSPEED_X);
	struct handler_env env = { account, NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct http_call call =
			call_of(&(struct sent){ .body = bodies[i] });
		struct event event = { 0 };

		assert_int_equal(
			lightspeed_x_hooks.identify(&env, &call, &event),
			HANDLER_MALFORMED);
		event_fini(&event);
	}
	conf_section_free(account);
}

static void
test_lightspeed_x_hooks__the_token_is_not_kept_with_the_event(void **state)
{
	struct conf_section *account = parse(&lightspeed_x_hooks, LIGHTSPEED_X);
	struct handler_env env = { account, NULL };
	struct http_call call =
		call_of(&(struct sent){ .query = "type=sale.update&k=t0ken",
	                                .body = "payload={\"id\":\"s1\"}" });
	struct event event = { 0 };

	(void)state;
	assert_int_equal(lightspeed_x_hooks.identify(&env, &call, &event), 0);
	assert_string_equal(event.query, "");
	assert_string_equal(event.topic, "sale.update");
	assert_string_equal(event.id, "");
	event_fini(&event);
	conf_section_free(account);
}

static void
test_hooks__the_list_names_every_source_once(void **state)
{
	size_t n = 0;

	(void)state;
	for (; hook_handlers[n]; n++)
		for (size_t i = 0; i < n; i++)
			assert_string_not_equal(hook_handlers[i]->name,
			                        hook_handlers[n]->name);
	assert_int_equal(n, 5);
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
		cmocka_unit_test(test_hooks__a_genuine_call_is_accepted),
		cmocka_unit_test(
			test_hooks__one_changed_byte_of_the_body_is_refused),
		cmocka_unit_test(
			test_hooks__every_damaged_signature_is_refused),
		cmocka_unit_test(
			test_hooks__a_missing_or_doubled_signature_is_refused),
		cmocka_unit_test(test_hooks__the_wrong_key_is_refused),
		cmocka_unit_test(
			test_hooks__one_changed_digit_of_the_time_is_refused),
		cmocka_unit_test(
			test_hooks__what_is_old_or_of_the_future_is_stale),
		cmocka_unit_test(
			test_hooks__only_an_id_inside_the_proof_is_remembered),
		cmocka_unit_test(
			test_hooks__a_body_type_that_is_never_sent_is_refused),
		cmocka_unit_test(
			test_hooks__both_secrets_count_while_one_replaces_the_other),
		cmocka_unit_test(
			test_hooks__the_door_answers_each_of_them_alike),
		cmocka_unit_test(
			test_hooks__an_unknown_topic_is_taken_and_says_nothing_false),
		cmocka_unit_test(
			test_square_hooks__the_published_vectors_are_accepted),
		cmocka_unit_test(
			test_square_hooks__another_url_is_another_signature),
		cmocka_unit_test(
			test_square_hooks__the_url_is_made_from_public_url_and_name),
		cmocka_unit_test(
			test_square_hooks__a_missing_url_is_a_mistake_of_the_configuration),
		cmocka_unit_test(
			test_square_hooks__the_event_is_known_by_type_and_event_id),
		cmocka_unit_test(
			test_square_hooks__what_has_no_type_or_id_is_malformed),
		cmocka_unit_test(
			test_square_hooks__counts_at_our_location_are_places_to_look),
		cmocka_unit_test(
			test_square_hooks__only_a_completed_payment_names_a_sale),
		cmocka_unit_test(
			test_square_hooks__an_order_names_itself_and_a_refund_nothing),
		cmocka_unit_test(
			test_square_hooks__a_revoked_authorization_stops_the_account),
		cmocka_unit_test(
			test_galaxy_hooks__the_secret_may_stand_in_four_places),
		cmocka_unit_test(
			test_galaxy_hooks__anything_but_the_secret_is_refused),
		cmocka_unit_test(
			test_galaxy_hooks__with_an_hmac_the_bare_secret_is_no_proof),
		cmocka_unit_test(
			test_galaxy_hooks__an_address_counts_beside_the_secret),
		cmocka_unit_test(
			test_galaxy_hooks__a_client_certificate_is_known_by_its_fingerprint),
		cmocka_unit_test(
			test_galaxy_hooks__nothing_configured_accepts_nobody),
		cmocka_unit_test(
			test_galaxy_hooks__contradictory_options_are_mistakes),
		cmocka_unit_test(
			test_galaxy_hooks__every_guid_is_a_place_to_look),
		cmocka_unit_test(
			test_galaxy_hooks__the_secret_is_not_kept_with_the_event),
		cmocka_unit_test(
			test_hiboutik_hooks__the_token_is_the_parameter_k),
		cmocka_unit_test(
			test_hiboutik_hooks__with_both_proofs_one_is_none),
		cmocka_unit_test(
			test_hiboutik_hooks__no_proof_is_a_mistake_of_the_configuration),
		cmocka_unit_test(
			test_hiboutik_hooks__a_call_says_where_to_look),
		cmocka_unit_test(
			test_hiboutik_hooks__the_token_is_not_kept_with_the_event),
		cmocka_unit_test(
			test_hiboutik_hooks__a_form_without_end_is_malformed),
		cmocka_unit_test(
			test_lightspeed_x_hooks__what_is_signed_is_configured),
		cmocka_unit_test(
			test_lightspeed_x_hooks__what_is_not_signed_has_a_token),
		cmocka_unit_test(
			test_lightspeed_x_hooks__no_proof_is_a_mistake_of_the_configuration),
		cmocka_unit_test(
			test_lightspeed_x_hooks__a_call_says_where_to_look),
		cmocka_unit_test(
			test_lightspeed_x_hooks__what_has_no_payload_is_malformed),
		cmocka_unit_test(
			test_lightspeed_x_hooks__the_token_is_not_kept_with_the_event),
		cmocka_unit_test(test_hooks__the_list_names_every_source_once),
	};

	return cmocka_run_group_tests(tests, start_clock, stop_clock);
}
