#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/json.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Parse a copy of exactly n bytes, so that reading beyond them is noticed. */
static int
parse_n(struct json **out, const char *text, size_t n)
{
	char *copy = malloc(n ? n : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, text, n);
	r = json_parse(out, copy, n);
	free(copy);
	return r;
}

static struct json *
parse(const char *text)
{
	struct json *doc = NULL;

	assert_int_equal(parse_n(&doc, text, strlen(text)), 0);
	assert_non_null(doc);
	return doc;
}

static void
assert_refused(const char *text)
{
	struct json *doc = NULL;
	int r = parse_n(&doc, text, strlen(text));

	if (r != JSON_MALFORMED)
		print_error("accepted: %s\n", text);
	assert_int_equal(r, JSON_MALFORMED);
	assert_null(doc);
}

static void
assert_prints(const char *text, const char *expected)
{
	struct json *doc = parse(text);
	struct buf out = BUF_INIT;

	json_print(&out, json_root(doc));
	assert_int_equal(buf_check(&out), 0);
	assert_string_equal(buf_text(&out), expected);
	buf_fini(&out);
	json_free(doc);
}

static void
test_json__takes_any_value_as_a_document(void **state)
{
	(void)state;
	assert_prints(" {\"a\": [1, true, null]}\r\n\t",
	              "{\"a\":[1,true,null]}");
	assert_prints("12", "12");
	assert_prints("-1.50", "-1.50");
	assert_prints("null", "null");
	assert_prints("false", "false");
	assert_prints("\"caf\xc3\xa9\"", "\"caf\xc3\xa9\"");
	assert_prints("\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"");
}

static void
test_json__prints_numbers_as_they_came(void **state)
{
	static const char text[] = "[3.10,0.1000,1e5,1E+5,1.0e-3,0.0,7,-7,"
				   "12345678901234567890.123456789,"
				   "18446744073709551614]";

	(void)state;
	assert_prints(text, text);
}

static void
test_json__leaves_slashes_alone(void **state)
{
	(void)state;
	assert_prints("\"a\\/b/c\"", "\"a/b/c\"");
}

static void
test_json__refuses_what_json_c_would_take(void **state)
{
	static const char *const texts[] = {
		"[NaN]",
		"[nan]",
		"NaN",
		"[Infinity]",
		"[-Infinity]",
		"[1e400]",
		"[-1e400]",
		"{'a':1}",
		"['a']",
		"[\"\x01\"]",
		"[\"a\nb\"]",
		"[\"a\tb\"]",
		"{\"a\nb\":1}",
		"[1.]",
		"1.",
		"[1.e3]",
		"{\"a\\u0000b\":1}",
		"{\"\\u0000\" : 1}",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_refused(texts[i]);
}

static void
test_json__refuses_what_is_no_json(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"{",
		"[",
		"[1",
		"{\"a\":1",
		"\"a",
		"nul",
		"-",
		"1e",
		"[1,]",
		"{\"a\":1,}",
		"[,1]",
		"{a:1}",
		"{\"a\" 1}",
		"[1 2]",
		"{} {}",
		"[]]",
		"1 2",
		"[01]",
		"[+1]",
		"[.5]",
		"[1e]",
		"[--1]",
		"[1-2]",
		"[1.2.3]",
		"TRUE",
		"tRue",
		"[0x10]",
		"[\"\\x\"]",
		"[\"\\u12g4\"]",
		"/* c */ []",
		"[] // c",
		"\xef\xbb\xbf[]",
		"{\"a\":1]",
		"<html></html>",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_refused(texts[i]);
}

static void
test_json__refuses_clamped_integers(void **state)
{
	(void)state;
	assert_refused("[18446744073709551615]");
	assert_refused("[18446744073709551616]");
	assert_refused("[99999999999999999999999]");
	assert_refused("{\"a\":[-9223372036854775808]}");
	assert_refused("{\"a\":{\"b\":-99999999999999999999}}");
}

static void
test_json__refuses_an_embedded_nul(void **state)
{
	struct json *doc = NULL;

	(void)state;
	assert_int_equal(parse_n(&doc, "{}\0", 3), JSON_MALFORMED);
	assert_int_equal(parse_n(&doc, "[1\0]", 4), JSON_MALFORMED);
	assert_int_equal(parse_n(&doc, "[\"a\0b\"]", 7), JSON_MALFORMED);
	assert_int_equal(parse_n(&doc, "\0", 1), JSON_MALFORMED);
	assert_null(doc);
}

static void
test_json__refuses_invalid_utf8(void **state)
{
	static const char *const texts[] = {
		"[\"\xc0\x80\"]",     "[\"\xed\xa0\x80\"]",
		"[\"\xff\"]",         "[\"\xf4\x90\x80\x80\"]",
		"[\"\xe2\x82\"]",     "[\"\x80\"]",
		"[\"\xe0\x9f\xbf\"]", "[\"\xf0\x8f\xbf\xbf\"]",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_refused(texts[i]);
}

static void
test_json__bounds_the_depth(void **state)
{
	char text[2 * JSON_DEPTH_MAX + 3];
	struct json *doc;

	(void)state;
	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	text[2 * JSON_DEPTH_MAX] = '\0';
	doc = parse(text);
	json_free(doc);
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	text[2 * JSON_DEPTH_MAX + 2] = '\0';
	assert_refused(text);
}

static void
test_json__finds_members_and_elements(void **state)
{
	struct json *doc =
		parse("{\"a\":{\"b\":{\"c\":\"x\"}},\"l\":[1,null,\"z\"],"
	              "\"n\":null}");
	const struct json_node *root = json_root(doc);
	const struct json_node *list = json_find(root, "l");

	(void)state;
	assert_string_equal(json_text(json_path(root, "a.b.c")), "x");
	assert_null(json_path(root, "a.x.c"));
	assert_null(json_path(root, "l.b"));
	assert_ptr_equal(json_path(root, ""), root);
	assert_null(json_find(root, "n"));
	assert_null(json_find(root, "missing"));
	assert_null(json_find(list, "a"));
	assert_null(json_find(NULL, "a"));
	assert_int_equal(json_length(list), 3);
	assert_int_equal(json_length(root), 0);
	assert_int_equal(json_type(json_at(list, 1)), JSON_NULL);
	assert_string_equal(json_text(json_at(list, 2)), "z");
	assert_null(json_at(list, 3));
	assert_null(json_at(root, 0));
	json_free(doc);
}

static void
test_json__knows_each_type(void **state)
{
	struct json *doc = parse("[null,true,1,1.5,\"\",[],{}]");
	static const enum json_type types[] = {
		JSON_NULL, JSON_BOOL,  JSON_NUMBER, JSON_NUMBER,
		JSON_TEXT, JSON_ARRAY, JSON_OBJECT,
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		assert_int_equal(json_type(json_at(json_root(doc), i)),
		                 types[i]);
	assert_int_equal(json_type(NULL), JSON_NULL);
	json_free(doc);
}

static void
test_json__getters_never_coerce(void **state)
{
	struct json *doc =
		parse("{\"t\":\"12.5\",\"i\":7,\"d\":3.10,\"b\":true,"
	              "\"n\":null,\"l\":[]}");
	const struct json_node *o = json_root(doc);
	struct decimal d = { 42 };
	const char *text = "kept";
	int64_t n = 42;
	bool yes = false;

	(void)state;
	assert_int_equal(json_get_text(&text, o, "i"), JSON_WRONG_TYPE);
	assert_int_equal(json_get_text(&text, o, "n"), JSON_ABSENT);
	assert_int_equal(json_get_text(&text, o, "x"), JSON_ABSENT);
	assert_string_equal(text, "kept");
	assert_int_equal(json_get_int(&n, o, "t"), JSON_WRONG_TYPE);
	assert_int_equal(json_get_int(&n, o, "d"), JSON_WRONG_TYPE);
	assert_int_equal(json_get_int(&n, o, "b"), JSON_WRONG_TYPE);
	assert_int_equal(json_get_int(&n, o, "n"), JSON_ABSENT);
	assert_true(n == 42);
	assert_int_equal(json_get_bool(&yes, o, "i"), JSON_WRONG_TYPE);
	assert_false(yes);
	assert_int_equal(json_get_decimal(&d, o, "t"), JSON_WRONG_TYPE);
	assert_int_equal(json_get_decimal(&d, o, "l"), JSON_WRONG_TYPE);
	assert_int_equal(json_get_decimal_lax(&d, o, "l"), JSON_WRONG_TYPE);
	assert_int_equal(json_get_decimal_lax(&d, o, "n"), JSON_ABSENT);
	assert_true(d.units == 42);
	assert_string_equal(json_text_or(o, "i", "other"), "other");
	assert_string_equal(json_text_or(o, "t", "other"), "12.5");
	assert_null(json_text(json_find(o, "i")));
	assert_null(json_number_text(json_find(o, "t")));
	json_free(doc);
}

static void
test_json__reads_integers_strictly_inside_int64(void **state)
{
	struct json *doc = parse("{\"max\":9223372036854775806,"
	                         "\"min\":-9223372036854775807,"
	                         "\"limit\":9223372036854775807,"
	                         "\"over\":9223372036854775808,"
	                         "\"whole\":3.0,\"power\":3e2}");
	const struct json_node *o = json_root(doc);
	int64_t n = 0;

	(void)state;
	assert_int_equal(json_get_int(&n, o, "max"), 0);
	assert_true(n == INT64_MAX - 1);
	assert_int_equal(json_get_int(&n, o, "min"), 0);
	assert_true(n == INT64_MIN + 1);
	assert_int_equal(json_get_int(&n, o, "limit"), JSON_WRONG_TYPE);
	assert_int_equal(json_get_int(&n, o, "over"), JSON_WRONG_TYPE);
	assert_int_equal(json_get_int(&n, o, "whole"), 0);
	assert_true(n == 3);
	assert_int_equal(json_get_int(&n, o, "power"), 0);
	assert_true(n == 300);
	json_free(doc);
}

static void
test_json__reads_decimals_from_their_text(void **state)
{
	struct json *doc = parse("{\"q\":0.1000,\"big\":123456789012.345678901,"
	                         "\"i\":41,\"t\":\"12.50\",\"fine\":"
	                         "0.12345678901,\"word\":\"ten\"}");
	const struct json_node *o = json_root(doc);
	char text[DECIMAL_TEXT_SIZE];
	struct decimal d;

	(void)state;
	assert_int_equal(json_get_decimal(&d, o, "q"), 0);
	assert_string_equal(decimal_format(text, d), "0.1");
	assert_string_equal(json_number_text(json_find(o, "q")), "0.1000");
	assert_int_equal(json_get_decimal(&d, o, "big"), 0);
	assert_string_equal(decimal_format(text, d), "123456789012.345678901");
	assert_int_equal(json_get_decimal(&d, o, "i"), 0);
	assert_string_equal(decimal_format(text, d), "41");
	assert_string_equal(json_number_text(json_find(o, "i")), "41");
	assert_int_equal(json_get_decimal_lax(&d, o, "t"), 0);
	assert_string_equal(decimal_format(text, d), "12.5");
	assert_int_equal(json_get_decimal_lax(&d, o, "i"), 0);
	assert_string_equal(decimal_format(text, d), "41");
	assert_int_equal(json_get_decimal(&d, o, "fine"), JSON_WRONG_TYPE);
	assert_int_equal(json_get_decimal_lax(&d, o, "word"), JSON_WRONG_TYPE);
	json_free(doc);
}

static void
test_json__text_with_a_nul_is_no_text(void **state)
{
	struct json *doc = parse("{\"id\":\"a\\u0000b\",\"ok\":\"a\\u00e9\"}");
	const struct json_node *o = json_root(doc);
	const char *text = NULL;

	(void)state;
	assert_int_equal(json_get_text(&text, o, "id"), JSON_WRONG_TYPE);
	assert_null(text);
	assert_null(json_text(json_find(o, "id")));
	assert_string_equal(json_text_or(o, "id", "none"), "none");
	assert_int_equal(json_get_text(&text, o, "ok"), 0);
	assert_string_equal(text, "a\xc3\xa9");
	json_free(doc);
}

struct visits {
	struct buf keys;
	int n_left;
};

static bool
visit(void *ctx, const char *key, const struct json_node *value)
{
	struct visits *v = ctx;

	buf_adds(&v->keys, key);
	json_print(&v->keys, value);
	return --v->n_left > 0;
}

static void
test_json__visits_members_in_order_until_told_to_stop(void **state)
{
	struct json *doc = parse("{\"z\":1,\"a\":null,\"m\":[],\"b\":2}");
	struct visits v = { BUF_INIT, 3 };

	(void)state;
	json_each(json_root(doc), visit, &v);
	assert_string_equal(buf_text(&v.keys), "z1anullm[]");
	json_each(NULL, visit, &v);
	json_each(json_find(json_root(doc), "m"), visit, &v);
	assert_string_equal(buf_text(&v.keys), "z1anullm[]");
	buf_fini(&v.keys);
	json_free(doc);
}

/* Streams ---------------------------------------------------------------- */

struct seen {
	struct buf text;
	int n;
	int fail_at; /* 0: never */
};

static int
note(void *ctx, const struct json_node *value)
{
	struct seen *seen = ctx;

	seen->n++;
	if (seen->n == seen->fail_at)
		return -77;
	json_print(&seen->text, value);
	buf_addc(&seen->text, ';');
	return 0;
}

/* Feed in pieces of the given size; the end only if no piece was refused. */
static int
stream(struct seen *seen, const char *text, size_t n, size_t n_piece)
{
	struct json_stream *s = NULL;
	size_t at = 0;
	size_t now;
	int r = 0;

	assert_int_equal(json_stream_new(&s, note, seen), 0);
	while (at < n && r == 0) {
		now = n - at < n_piece ? n - at : n_piece;
		r = json_stream_feed(s, text + at, now);
		at += now;
	}
	if (r == 0)
		r = json_stream_end(s);
	else
		assert_int_equal(json_stream_end(s), r);
	json_stream_free(s);
	return r;
}

static void
test_json__streams_elements_however_the_bytes_are_cut(void **state)
{
	static const char text[] =
		" [ {\"a\" : \"],[\\\"{\", \"b\":[1,[2]]} , 12,-0.50 ,\n"
		"null,\"\xe2\x82\xac\\\\\", [ ], true ] \n";
	static const char expected[] =
		"{\"a\":\"],[\\\"{\",\"b\":[1,[2]]};12;"
		"-0.50;null;\"\xe2\x82\xac\\\\\";[];true;";
	size_t n_piece;

	(void)state;
	for (n_piece = 1; n_piece <= sizeof(text); n_piece++) {
		struct seen seen = { BUF_INIT, 0, 0 };

		assert_int_equal(stream(&seen, text, strlen(text), n_piece), 0);
		assert_string_equal(buf_text(&seen.text), expected);
		assert_int_equal(seen.n, 7);
		buf_fini(&seen.text);
	}
}

static void
test_json__streams_an_empty_array(void **state)
{
	struct seen seen = { BUF_INIT, 0, 0 };

	(void)state;
	assert_int_equal(stream(&seen, "[]", 2, 1), 0);
	assert_int_equal(stream(&seen, " [ \n] ", 6, 1), 0);
	assert_int_equal(seen.n, 0);
}

/* A pull that was cut off must never pass for a complete one. */
static void
test_json__stream_cut_anywhere_is_malformed(void **state)
{
	static const char text[] = "[{\"a\":[1,2]},\"x\",3.5]";
	size_t n;

	(void)state;
	for (n = 0; n < strlen(text); n++) {
		struct seen seen = { BUF_INIT, 0, 0 };

		assert_int_equal(stream(&seen, text, n, 3), JSON_MALFORMED);
		buf_fini(&seen.text);
	}
}

static void
test_json__stream_refuses_what_is_no_array(void **state)
{
	static const char *const texts[] = {
		"{}",
		"1",
		"null",
		"\"a\"",
		"[1 2]",
		"[,]",
		"[1,]",
		"[,1]",
		"[1}",
		"[1]]",
		"[1] x",
		"[1][2]",
		"[1,,2]",
		"]",
		"[}",
		"[NaN]",
		"[1.]",
		"[01]",
		"['a']",
		"[\"\x01\"]",
		"[{]",
		"[{]}]",
		"[18446744073709551616]",
		"[{\"a\\u0000\":1}]",
		"[\"\xff\"]",
		"<html>",
		"[tru]",
		"[\"a\"\"b\"]",
		"[1e400]",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct seen seen = { BUF_INIT, 0, 0 };
		int r = stream(&seen, texts[i], strlen(texts[i]), 2);

		if (r != JSON_MALFORMED)
			print_error("accepted: %s\n", texts[i]);
		assert_int_equal(r, JSON_MALFORMED);
		buf_fini(&seen.text);
	}
}

static void
test_json__stream_refuses_a_nul_and_too_much_depth(void **state)
{
	struct seen seen = { BUF_INIT, 0, 0 };
	char deep[3 * JSON_DEPTH_MAX];

	(void)state;
	assert_int_equal(stream(&seen, "[1\0]", 4, 4), JSON_MALFORMED);
	memset(deep, '[', JSON_DEPTH_MAX + 1);
	memset(deep + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	assert_int_equal(stream(&seen, deep, 2 * JSON_DEPTH_MAX + 2, 7),
	                 JSON_MALFORMED);
	assert_int_equal(seen.n, 0);
	assert_int_equal(stream(&seen, deep + 1, 2 * JSON_DEPTH_MAX, 7), 0);
	assert_int_equal(seen.n, 1);
	buf_fini(&seen.text);
}

static void
test_json__stream_stops_at_the_fault_of_an_element(void **state)
{
	struct seen seen = { BUF_INIT, 0, 2 };

	(void)state;
	assert_int_equal(stream(&seen, "[1,2,3,4]", 9, 9), -77);
	assert_int_equal(seen.n, 2);
	assert_string_equal(buf_text(&seen.text), "1;");
	buf_fini(&seen.text);
}

static void
test_json__stream_bounds_one_element(void **state)
{
	struct seen seen = { BUF_INIT, 0, 0 };
	struct json_stream *s = NULL;
	static char blanks[1 << 20];
	int r = 0;
	int i;

	(void)state;
	memset(blanks, 'x', sizeof(blanks));
	assert_int_equal(json_stream_new(&s, note, &seen), 0);
	assert_int_equal(json_stream_feed(s, "[\"", 2), 0);
	for (i = 0; i < 20 && r == 0; i++)
		r = json_stream_feed(s, blanks, sizeof(blanks));
	assert_int_equal(r, JSON_MALFORMED);
	assert_int_equal(i, 16);
	json_stream_free(s);
}

/* Elements as they came, of a stream fed in two or in many pieces. */
struct raw {
	struct json_stream *stream;
	struct buf text;
};

static int
note_raw(void *ctx, const struct json_node *value)
{
	struct raw *raw = ctx;
	size_t n;
	const char *text = json_stream_text(raw->stream, &n);
	struct json *doc = NULL;

	assert_int_equal(json_parse(&doc, text, n), 0);
	assert_int_equal(json_type(json_root(doc)), json_type(value));
	json_free(doc);
	buf_add(&raw->text, text, n);
	buf_addc(&raw->text, ';');
	return 0;
}

/* Feed the first `at` bytes, then the rest in pieces of n_piece. */
static int
stream_raw(struct buf *out, const char *text, size_t n, size_t at,
           size_t n_piece)
{
	struct raw raw = { .text = BUF_INIT };
	int r;

	assert_int_equal(json_stream_new(&raw.stream, note_raw, &raw), 0);
	r = json_stream_feed(raw.stream, text, at);
	while (r == 0 && at < n) {
		size_t now = n - at < n_piece ? n - at : n_piece;

		r = json_stream_feed(raw.stream, text + at, now);
		at += now;
	}
	if (r == 0)
		r = json_stream_end(raw.stream);
	json_stream_free(raw.stream);
	buf_fini(out);
	*out = raw.text;
	return r;
}

static void
test_json__stream_gives_the_bytes_of_an_element_cut_anywhere(void **state)
{
	static const char text[] =
		"[ {\"b\" : 1.50, \"a\":\"\\u03b1\\/\xce\xb1\"} ,-0.0 , "
		"\"\xe2\x82\xac\xf0\x9f\x8d\xb7 long enough for words\","
		"[[],{\"x\":[1e2,true]}]\n,null ]";
	static const char expected[] =
		"{\"b\" : 1.50, \"a\":\"\\u03b1\\/\xce\xb1\"};-0.0;"
		"\"\xe2\x82\xac\xf0\x9f\x8d\xb7 long enough for words\";"
		"[[],{\"x\":[1e2,true]}];null;";
	struct buf got = BUF_INIT;

	(void)state;
	for (size_t at = 0; at <= strlen(text); at++) {
		assert_int_equal(
			stream_raw(&got, text, strlen(text), at, sizeof(text)),
			0);
		assert_string_equal(buf_text(&got), expected);
	}
	buf_fini(&got);
}

/* The same numbers on every machine. */
static unsigned
draw(unsigned *seed, unsigned below)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % below;
}

/* Mostly JSON: pieces that fit, some that do not, and now and then a byte that
   fits nowhere. */
static void
make_rubbish(struct buf *out, unsigned *seed)
{
	static const char *const pieces[] = {
		"1",
		"-2.50",
		"1.",
		"null",
		"true",
		"\"text\"",
		"\"",
		"\\",
		"{\"k\":",
		"}",
		"[",
		"]",
		",",
		", ",
		" ",
		"\"eight bytes of it\"",
		"\\u0000",
		"\\u00e9",
		"\xce\xb1",
		"\xce",
		"\xf0\x9f\x8d\xb7",
		"\"\xce\xb1\xce\xb2\"",
		":",
		".",
	};
	unsigned n = draw(seed, 9);

	buf_reset(out);
	buf_adds(out, "[");
	while (n--) {
		buf_adds(
			out,
			pieces[draw(seed, sizeof(pieces) / sizeof(pieces[0]))]);
		if (draw(seed, 2))
			buf_adds(out, ",\"a\"");
		if (draw(seed, 40) == 0)
			buf_addc(out, (char)draw(seed, 256));
	}
	buf_adds(out, draw(seed, 8) ? "]" : "");
}

static void
test_json__stream_takes_in_bulk_what_it_takes_byte_by_byte(void **state)
{
	struct buf text = BUF_INIT;
	struct buf bulk = BUF_INIT;
	struct buf bytes = BUF_INIT;
	unsigned seed = 7;
	int n_taken = 0;

	(void)state;
	for (int i = 0; i < 40000; i++) {
		struct json *doc = NULL;
		int r;

		make_rubbish(&text, &seed);
		r = stream_raw(&bulk, text.p, text.n, 0, text.n);
		assert_int_equal(stream_raw(&bytes, text.p, text.n, 0, 1), r);
		assert_string_equal(buf_text(&bulk), buf_text(&bytes));
		assert_int_equal(json_parse(&doc, text.p, text.n), r);
		n_taken += r == 0;
		json_free(doc);
	}
	/* Neither all nor nothing, or this proved little. */
	assert_in_range(n_taken, 1000, 39000);
	buf_fini(&text);
	buf_fini(&bulk);
	buf_fini(&bytes);
}

/* A byte at each place of a word of eight that must not be passed over. */
static void
test_json__stream_sees_a_wrong_byte_at_every_place(void **state)
{
	static const char wrong[] = { '\x1f', '\n',   '\0',   '\x80',
		                      '\xff', '\xc3', '\xe2', '\xed' };
	char text[40];
	struct buf got = BUF_INIT;

	(void)state;
	for (size_t at = 2; at < 36; at++) {
		for (size_t i = 0; i < sizeof(wrong); i++) {
			memset(text, 'x', sizeof(text));
			memcpy(text, "[\"", 2);
			memcpy(text + 37, "\"]", 2);
			assert_int_equal(stream_raw(&got, text, 39, 0, 39), 0);
			text[at] = wrong[i];
			assert_int_equal(stream_raw(&got, text, 39, 0, 39),
			                 JSON_MALFORMED);
		}
	}
	buf_fini(&got);
}

/* Writing ---------------------------------------------------------------- */

static void
test_json__writes_commas_keys_and_every_type(void **state)
{
	struct buf b = BUF_INIT;
	struct json_out o = { .to = &b };

	(void)state;
	json_out_object(&o, NULL);
	json_out_text(&o, "t", "x");
	json_out_array(&o, "l");
	json_out_int(&o, NULL, INT64_MIN);
	json_out_object(&o, NULL);
	json_out_end_object(&o);
	json_out_array(&o, NULL);
	json_out_end_array(&o);
	json_out_bool(&o, NULL, true);
	json_out_end_array(&o);
	json_out_null(&o, "n");
	json_out_text(&o, "none", NULL);
	json_out_decimal(&o, "d", decimal_of_scaled(-1250, 2));
	json_out_raw(&o, "r", "{\"a\":1}");
	json_out_bool(&o, "f", false);
	json_out_end_object(&o);
	assert_string_equal(buf_text(&b),
	                    "{\"t\":\"x\",\"l\":[-9223372036854775808,{},[],"
	                    "true],\"n\":null,\"none\":null,\"d\":-12.5,"
	                    "\"r\":{\"a\":1},\"f\":false}");
	assert_int_equal(o.depth, 0);
	buf_fini(&b);
}

static void
test_json__escapes_text_and_repairs_utf8(void **state)
{
	struct buf b = BUF_INIT;
	struct json_out o = { .to = &b };
	struct json *doc = NULL;

	(void)state;
	json_out_object(&o, NULL);
	json_out_text(&o, "k\"\\", "\b\f\n\r\t\x01\x1f\"\\/\x7f \xe2\x82\xac");
	json_out_text(&o, "bad", "a\xff\xc3(\xe2\x82");
	json_out_end_object(&o);
	assert_string_equal(
		buf_text(&b),
		"{\"k\\\"\\\\\":\"\\b\\f\\n\\r\\t\\u0001\\u001f\\\"\\\\/\x7f "
		"\xe2\x82\xac\",\"bad\":\"a\xef\xbf\xbd\xef\xbf\xbd("
		"\xef\xbf\xbd"
		"\xef\xbf\xbd\"}");
	assert_int_equal(json_parse(&doc, b.p, b.n), 0);
	json_free(doc);
	buf_fini(&b);
}

/* RFC 6901 section 5. */
static void
test_json__points_as_rfc_6901_has_it(void **state)
{
	static const struct {
		const char *pointer;
		const char *expected; /* printed; NULL: nothing there */
	} rows[] = {
		{ "/foo", "[\"bar\",\"baz\"]" },
		{ "/foo/0", "\"bar\"" },
		{ "/foo/1", "\"baz\"" },
		{ "/", "0" },
		{ "/a~1b", "1" },
		{ "/c%d", "2" },
		{ "/e^f", "3" },
		{ "/g|h", "4" },
		{ "/i\\j", "5" },
		{ "/k\"l", "6" },
		{ "/ ", "7" },
		{ "/m~0n", "8" },
		{ "/~01", "9" }, /* ~0 first: the member ~1 */
		{ "/foo/2", NULL },
		{ "/foo/-", NULL },
		{ "/foo/00", NULL },
		{ "/foo/01", NULL },
		{ "/foo/+1", NULL },
		{ "/foo/1000000000", NULL },
		{ "/foo/", NULL },
		{ "/foo/0/x", NULL },
		{ "/nothing", NULL },
		{ "/nothing/0", NULL },
		{ "/null", NULL },
		{ "foo", NULL },
		{ "/a~2b", NULL },
		{ "/a~", NULL },
	};
	static const char text[] =
		"{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,"
		"\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,"
		"\"m~n\":8,\"~1\":9,\"null\":null}";
	struct json *doc = NULL;

	(void)state;
	assert_int_equal(json_parse(&doc, text, strlen(text)), 0);
	assert_ptr_equal(json_pointer(json_root(doc), ""), json_root(doc));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct json_node *node =
			json_pointer(json_root(doc), rows[i].pointer);
		struct buf b = BUF_INIT;

		if (!rows[i].expected) {
			assert_null(node);
			continue;
		}
		assert_non_null(node);
		json_print(&b, node);
		assert_string_equal(buf_text(&b), rows[i].expected);
		buf_fini(&b);
	}
	json_free(doc);
}

static void
test_json__knows_a_pointer_that_can_point_at_nothing(void **state)
{
	char longest[258] = "/";
	(void)state;
	assert_true(json_pointer_is_valid(""));
	assert_true(json_pointer_is_valid("/"));
	assert_true(json_pointer_is_valid("/a/0/-/~0~1"));
	assert_false(json_pointer_is_valid("a"));
	assert_false(json_pointer_is_valid("/~"));
	assert_false(json_pointer_is_valid("/a/~2"));
	memset(longest + 1, 'x', 255);
	assert_true(json_pointer_is_valid(longest));
	longest[256] = 'x';
	assert_false(json_pointer_is_valid(longest));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json__takes_any_value_as_a_document),
		cmocka_unit_test(test_json__prints_numbers_as_they_came),
		cmocka_unit_test(test_json__leaves_slashes_alone),
		cmocka_unit_test(test_json__refuses_what_json_c_would_take),
		cmocka_unit_test(test_json__refuses_what_is_no_json),
		cmocka_unit_test(test_json__refuses_clamped_integers),
		cmocka_unit_test(test_json__refuses_an_embedded_nul),
		cmocka_unit_test(test_json__refuses_invalid_utf8),
		cmocka_unit_test(test_json__bounds_the_depth),
		cmocka_unit_test(test_json__finds_members_and_elements),
		cmocka_unit_test(test_json__points_as_rfc_6901_has_it),
		cmocka_unit_test(
			test_json__knows_a_pointer_that_can_point_at_nothing),
		cmocka_unit_test(test_json__knows_each_type),
		cmocka_unit_test(test_json__getters_never_coerce),
		cmocka_unit_test(
			test_json__reads_integers_strictly_inside_int64),
		cmocka_unit_test(test_json__reads_decimals_from_their_text),
		cmocka_unit_test(test_json__text_with_a_nul_is_no_text),
		cmocka_unit_test(
			test_json__visits_members_in_order_until_told_to_stop),
		cmocka_unit_test(
			test_json__streams_elements_however_the_bytes_are_cut),
		cmocka_unit_test(test_json__streams_an_empty_array),
		cmocka_unit_test(test_json__stream_cut_anywhere_is_malformed),
		cmocka_unit_test(test_json__stream_refuses_what_is_no_array),
		cmocka_unit_test(
			test_json__stream_refuses_a_nul_and_too_much_depth),
		cmocka_unit_test(
			test_json__stream_stops_at_the_fault_of_an_element),
		cmocka_unit_test(test_json__stream_bounds_one_element),
		cmocka_unit_test(
			test_json__stream_gives_the_bytes_of_an_element_cut_anywhere),
		cmocka_unit_test(
			test_json__stream_takes_in_bulk_what_it_takes_byte_by_byte),
		cmocka_unit_test(
			test_json__stream_sees_a_wrong_byte_at_every_place),
		cmocka_unit_test(test_json__writes_commas_keys_and_every_type),
		cmocka_unit_test(test_json__escapes_text_and_repairs_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
