/*
 * JSON from strangers: what is taken whole must be taken again after printing,
 * with the same text, and a stream must agree with the document.
 */
#include "gateway/base/json.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static bool
read_member(void *ctx, const char *key, const struct json_node *value)
{
	const struct json_node *object = ctx;
	struct decimal d;
	const char *text;
	int64_t whole;
	bool yes;

	(void)value;
	(void)json_get_text(&text, object, key);
	(void)json_get_int(&whole, object, key);
	(void)json_get_bool(&yes, object, key);
	(void)json_get_decimal(&d, object, key);
	(void)json_get_decimal_lax(&d, object, key);
	(void)json_path(json_find(object, key), "a.b");
	return true;
}

static int
print_element(void *ctx, const struct json_node *value)
{
	struct buf *b = ctx;

	buf_addc(b, b->n ? ',' : '[');
	json_print(b, value);
	return 0;
}

/* Pieces of 1 to 8 bytes; the elements as one array again. */
static int
stream(struct buf *out, const uint8_t *p, size_t n)
{
	struct json_stream *s = NULL;
	size_t at = 0;
	size_t n_piece;
	int r;

	r = json_stream_new(&s, print_element, out);
	while (r == 0 && at < n) {
		n_piece = 1 + at % 8;
		if (n_piece > n - at)
			n_piece = n - at;
		r = json_stream_feed(s, p + at, n_piece);
		at += n_piece;
	}
	if (r == 0)
		r = json_stream_end(s);
	json_stream_free(s);
	if (r == 0)
		buf_adds(out, out->n ? "]" : "[]");
	return r;
}

static void
check_document(const struct json *doc, const struct buf *streamed, int r)
{
	const struct json_node *root = json_root(doc);
	struct json *again = NULL;
	struct buf first = BUF_INIT;
	struct buf second = BUF_INIT;
	union {
		const struct json_node *in;
		void *out;
	} ctx = { root };

	json_each(root, read_member, ctx.out);
	json_print(&first, root);
	assert(json_parse(&again, buf_text(&first), first.n) == 0);
	json_print(&second, json_root(again));
	assert(first.n == second.n);
	assert(memcmp(first.p, second.p, first.n) == 0);
	assert((json_type(root) == JSON_ARRAY) == (r == 0));
	if (r == 0)
		assert(strcmp(buf_text(streamed), buf_text(&first)) == 0);
	json_free(again);
	buf_fini(&first);
	buf_fini(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct json *doc = NULL;
	struct buf streamed = BUF_INIT;
	int r;

	r = stream(&streamed, p, n);
	if (json_parse(&doc, p, n) == 0)
		check_document(doc, &streamed, r);
	else
		assert(r != 0);
	json_free(doc);
	buf_fini(&streamed);
	return 0;
}
