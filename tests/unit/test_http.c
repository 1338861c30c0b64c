/*
 * Headers and parameters of a call, as strangers send them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "gateway/base/buf.h"
#include "gateway/drivers/http_wire.h"
#include "gateway/ports/handler.h"
#include "gateway/ports/http.h"

#include <string.h>

static const struct http_header headers[] = {
	{ "Host", "h" },    { "X-Once", "1" }, { "x-twice", "1" },
	{ "X-Twice", "1" }, { "X-Empty", "" },
};

static const struct http_call call = {
	.headers = headers,
	.n_headers = sizeof(headers) / sizeof(headers[0]),
};

static void
test_http__finds_a_header_whatever_its_case(void **state)
{
	const char *value = NULL;

	(void)state;
	assert_int_equal(http_call_header(&value, &call, "x-ONCE"), 0);
	assert_string_equal(value, "1");
	assert_int_equal(http_call_header(&value, &call, "X-Empty"), 0);
	assert_string_equal(value, "");
}

static void
test_http__says_null_for_an_absent_header(void **state)
{
	const char *value = "left over";

	(void)state;
	assert_int_equal(http_call_header(&value, &call, "X-Onc"), 0);
	assert_null(value);
}

static void
test_http__refuses_a_header_that_comes_twice(void **state)
{
	const char *value = NULL;

	(void)state;
	assert_int_equal(http_call_header(&value, &call, "X-TWICE"),
	                 HTTP_HEADER_TWICE);
}

static void
test_http__reads_a_parameter(void **state)
{
	static const struct {
		const char *text;
		int r;
		const char *value;
	} rows[] = {
		{ "k=v", 0, "v" },
		{ "a=b&k=v&c=d", 0, "v" },
		{ "k=", 0, "" },
		{ "k", 0, "" },
		{ "k=a%20b+c%2B%c3%a9", 0, "a b c+\xc3\xa9" },
		{ "k=a=b", 0, "a=b" },
		{ "%6b=v", 0, "v" },
		{ "k=12345678901234567890123456789", 0,
		  "12345678901234567890123456789" },
		{ "", HTTP_PARAM_ABSENT, NULL },
		{ "&&&", HTTP_PARAM_ABSENT, NULL },
		{ "kk=v", HTTP_PARAM_ABSENT, NULL },
		{ "K=v", HTTP_PARAM_ABSENT, NULL },
		{ "=k", HTTP_PARAM_ABSENT, NULL },
		{ "%6=v&%zz=k", HTTP_PARAM_ABSENT, NULL },
		{ "k=v&k=v", HTTP_PARAM_TWICE, NULL },
		{ "k=v&%6B=w", HTTP_PARAM_TWICE, NULL },
		{ "k&k", HTTP_PARAM_TWICE, NULL },
		{ "k=%", HTTP_PARAM_MALFORMED, NULL },
		{ "k=%4", HTTP_PARAM_MALFORMED, NULL },
		{ "k=%4&a=1", HTTP_PARAM_MALFORMED, NULL },
		{ "k=%g0", HTTP_PARAM_MALFORMED, NULL },
		{ "k=%0g", HTTP_PARAM_MALFORMED, NULL },
		{ "k=a%00b", HTTP_PARAM_MALFORMED, NULL },
		{ "k=123456789012345678901234567890", HTTP_PARAM_MALFORMED,
		  NULL },
	};
	char out[30];
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r = http_param(out, sizeof(out), rows[i].text,
		               strlen(rows[i].text), "k");
		if (r != rows[i].r)
			fail_msg("%s: %d", rows[i].text, r);
		if (r == 0)
			assert_string_equal(out, rows[i].value);
	}
}

static void
test_http__takes_a_raw_nul_for_malformed(void **state)
{
	char out[8];

	(void)state;
	assert_int_equal(http_param(out, sizeof(out), "k=a\0b", 5, "k"),
	                 HTTP_PARAM_MALFORMED);
	assert_int_equal(http_param(out, sizeof(out), "k\0=a", 4, "k"),
	                 HTTP_PARAM_ABSENT);
}

static void
test_http__reads_no_further_than_told(void **state)
{
	char out[8];

	(void)state;
	assert_int_equal(http_param(out, sizeof(out), "k=ab", 3, "k"), 0);
	assert_string_equal(out, "a");
	assert_int_equal(http_param(out, sizeof(out), "k=%41", 4, "k"),
	                 HTTP_PARAM_MALFORMED);
}

static void
test_http__gives_every_error_one_shape(void **state)
{
	struct http_reply reply = { 0 };

	(void)state;
	buf_adds(&reply.body, "half an answer");
	api_fail(&reply, 400, "malformed", "say \"what\"", "items[0]");
	assert_int_equal(reply.status, 400);
	assert_string_equal(reply.content_type, "application/json");
	assert_string_equal(buf_text(&reply.body),
	                    "{\"error\":{\"code\":\"malformed\",\"message\":"
	                    "\"say \\\"what\\\"\",\"field\":\"items[0]\"}}");
	api_fail(&reply, 404, "not_found", "no", NULL);
	assert_string_equal(buf_text(&reply.body),
	                    "{\"error\":{\"code\":\"not_found\",\"message\":"
	                    "\"no\",\"field\":null}}");
	buf_fini(&reply.body);
}

static void
test_http__writes_what_a_reply_asks_for(void **state)
{
	struct http_reply reply = {
		.status = 503,
		.content_type = "text/html; charset=utf-8",
		.allow = "GET",
		.retry_after_s = 7,
	};
	struct buf out = BUF_INIT;
	const char *text;

	(void)state;
	buf_adds(&reply.extra, "X-More: yes\r\n");
	buf_adds(&reply.body, "hi");
	http_reply_format(&out, &reply, true);
	text = buf_text(&out);
	assert_ptr_equal(strstr(text, "HTTP/1.1 503 Service Unavailable\r\n"),
	                 text);
	assert_non_null(strstr(text, "Content-Length: 2\r\n"));
	assert_non_null(strstr(text, "Cache-Control: no-store\r\n"));
	assert_non_null(strstr(text, "X-Content-Type-Options: nosniff\r\n"));
	assert_non_null(
		strstr(text, "Content-Security-Policy: default-src 'none';"));
	assert_non_null(strstr(text, "Allow: GET\r\n"));
	assert_non_null(strstr(text, "Retry-After: 7\r\n"));
	assert_non_null(strstr(text, "X-More: yes\r\n"));
	assert_non_null(strstr(text, "Connection: close\r\n\r\nhi"));
	buf_fini(&reply.extra);
	buf_fini(&reply.body);
	buf_fini(&out);
}

static void
test_http__lets_a_reply_say_how_long_it_may_be_kept(void **state)
{
	struct http_reply reply = { .status = 304 };
	struct buf out = BUF_INIT;

	(void)state;
	buf_adds(&reply.extra, "Cache-Control: private, max-age=60\r\n");
	http_reply_format(&out, &reply, false);
	assert_null(strstr(buf_text(&out), "no-store"));
	assert_null(strstr(buf_text(&out), "Content-Length"));
	assert_non_null(strstr(buf_text(&out), "private, max-age=60\r\n"));
	buf_fini(&reply.extra);
	buf_fini(&out);
}

static void
test_http__knows_loopback_addresses(void **state)
{
	(void)state;
	assert_true(http_is_loopback("127.0.0.1"));
	assert_true(http_is_loopback("127.9.9.9"));
	assert_true(http_is_loopback("::1"));
	assert_true(http_is_loopback("::ffff:127.0.0.1"));
	assert_false(http_is_loopback("128.0.0.1"));
	assert_false(http_is_loopback("::"));
	assert_false(http_is_loopback("::ffff:10.0.0.1"));
	assert_false(http_is_loopback(""));
}

static void
test_http__keeps_the_newest_cookie_of_a_name(void **state)
{
	char jar[HTTP_SESSION_SIZE] = "";

	(void)state;
	http_jar_put(jar, "a=1");
	assert_string_equal(jar, "a=1");
	http_jar_put(jar, "b=2; ab=3");
	assert_string_equal(jar, "a=1; b=2; ab=3");
	http_jar_put(jar, "b=4");
	assert_string_equal(jar, "a=1; ab=3; b=4");
	http_jar_put(jar, "b=");
	assert_string_equal(jar, "a=1; ab=3; b=");
	http_jar_put(jar, "a=x=y");
	assert_string_equal(jar, "ab=3; b=; a=x=y");
	http_jar_put(jar, "no pair; =7; ;");
	assert_string_equal(jar, "ab=3; b=; a=x=y");
	http_jar_put(jar, "");
	assert_string_equal(jar, "ab=3; b=; a=x=y");
}

static void
test_http__leaves_out_a_cookie_that_finds_no_room(void **state)
{
	char jar[HTTP_SESSION_SIZE] = "a=1";
	char big[HTTP_SESSION_SIZE + 2];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	big[1] = '=';
	http_jar_put(jar, big);
	assert_string_equal(jar, "a=1");
	big[HTTP_SESSION_SIZE - 6] = '\0'; /* "a=1; " and the NUL */
	http_jar_put(jar, big);
	assert_int_equal(strlen(jar), HTTP_SESSION_SIZE - 1);
	http_jar_put(jar, "b=1");
	assert_null(strstr(jar, "b=1"));
	http_jar_put(jar, "a=2");
	assert_int_equal(strlen(jar), HTTP_SESSION_SIZE - 1);
}

static void
test_http__hides_the_values_of_a_jar(void **state)
{
	char text[] = "sid s3cret7 and s3cret7, not 1 or s3cret";

	(void)state;
	http_jar_hide(text, "a=1; sid=s3cret7; empty=");
	assert_string_equal(text, "sid *** and ***, not 1 or s3cret");
	http_jar_hide(text, "");
	assert_string_equal(text, "sid *** and ***, not 1 or s3cret");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http__finds_a_header_whatever_its_case),
		cmocka_unit_test(test_http__says_null_for_an_absent_header),
		cmocka_unit_test(test_http__refuses_a_header_that_comes_twice),
		cmocka_unit_test(test_http__reads_a_parameter),
		cmocka_unit_test(test_http__takes_a_raw_nul_for_malformed),
		cmocka_unit_test(test_http__reads_no_further_than_told),
		cmocka_unit_test(test_http__gives_every_error_one_shape),
		cmocka_unit_test(test_http__writes_what_a_reply_asks_for),
		cmocka_unit_test(
			test_http__lets_a_reply_say_how_long_it_may_be_kept),
		cmocka_unit_test(test_http__knows_loopback_addresses),
		cmocka_unit_test(test_http__keeps_the_newest_cookie_of_a_name),
		cmocka_unit_test(
			test_http__leaves_out_a_cookie_that_finds_no_room),
		cmocka_unit_test(test_http__hides_the_values_of_a_jar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
