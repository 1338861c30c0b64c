/*
 * Strict typed reading and writing of JSON; the only file that includes json-c.
 *
 * json-c takes more than RFC 8259 has, even when told to be strict (platform.md
 * J2-J5). So every byte passes a scanner of ours first, which refuses what is
 * lexically wrong, and every number is looked at afterwards. The scanner also
 * finds where the elements of a stream end, so that json-c only ever sees
 * whole values: it cannot take a UTF-8 character in two pieces.
 *
 * A node is json-c's object under another name; nothing is copied.
 */
#include "gateway/base/json.h"

#include "gateway/base/err.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* json-c has a type of this name too; here it goes by another. */
#define json_type jsonc_type
#include <json-c/json.h>
#undef json_type

enum {
	PATH_KEY_SIZE = 128,          /* longest member name in json_path */
	ELEMENT_MAX_BYTES = 16 << 20, /* of a stream; larger is malformed */
};

struct json {
	struct json_object *root; /* owned; NULL is the document `null` */
};

/* json-c's getters want it without const, though they change only a cache. */
static struct json_object *
object_of(const struct json_node *node)
{
	return (struct json_object *)(uintptr_t)node;
}

static const struct json_node *
node_of(const struct json_object *object)
{
	return (const struct json_node *)object;
}

/* UTF-8 ------------------------------------------------------------------ */

/* RFC 3629: what the next byte may be. Zeroed: at the start of a character. */
struct utf8 {
	unsigned n_left;
	unsigned char min; /* bounds of the next byte */
	unsigned char max;
};

static bool
utf8_begin(struct utf8 *u, unsigned char c)
{
	if (c < 0x80)
		return true;
	if (c < 0xc2 || c > 0xf4)
		return false;
	u->n_left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	/* Overlong forms, surrogates, and beyond U+10FFFF. */
	u->min = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	u->max = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	return true;
}

static bool
utf8_byte(struct utf8 *u, unsigned char c)
{
	if (u->n_left == 0)
		return utf8_begin(u, c);
	if (c < u->min || c > u->max)
		return false;
	u->n_left--;
	u->min = 0x80;
	u->max = 0xbf;
	return true;
}

/* Bytes of the valid character at p, or 0. p ends with NUL. */
static size_t
utf8_length(const char *p)
{
	struct utf8 u = { 0 };
	size_t n = 0;

	do {
		if (!utf8_byte(&u, (unsigned char)p[n]))
			return 0;
		n++;
	} while (u.n_left);
	return n;
}

/* The scanner ------------------------------------------------------------ */

/* Where we are in an escape sequence. */
enum escape {
	ESCAPE_NONE,
	ESCAPE_BEGUN, /* after the backslash */
	ESCAPE_HEX,   /* within the digits of \uXXXX */
};

struct scanner {
	struct utf8 utf8;
	enum escape escape;
	unsigned n_hex;    /* digits seen of \uXXXX */
	bool is_hex_zero;  /* and all of them were 0 */
	bool is_text;      /* between quotes */
	bool text_has_nul; /* the last text contained \u0000 */
	bool wants_digit;  /* after a decimal point */
};

static void
scan_escape(struct scanner *s, char c)
{
	if (s->escape == ESCAPE_BEGUN) {
		s->escape = c == 'u' ? ESCAPE_HEX : ESCAPE_NONE;
		s->n_hex = 0;
		s->is_hex_zero = true;
		return;
	}
	if (c != '0')
		s->is_hex_zero = false;
	if (++s->n_hex < 4)
		return;
	s->escape = ESCAPE_NONE;
	if (s->is_hex_zero)
		s->text_has_nul = true;
}

static bool
scan_text(struct scanner *s, char c)
{
	if ((unsigned char)c < 0x20 || !utf8_byte(&s->utf8, (unsigned char)c))
		return false;
	if (s->escape != ESCAPE_NONE)
		scan_escape(s, c);
	else if (c == '\\')
		s->escape = ESCAPE_BEGUN;
	else if (c == '"')
		s->is_text = false;
	return true;
}

/* What a byte means outside of text. */
enum kind {
	KIND_NONE, /* stands in no JSON document */
	KIND_BLANK,
	KIND_PLAIN, /* of a number or literal */
	KIND_POINT,
	KIND_QUOTE,
	KIND_COLON,
	KIND_COMMA,
	KIND_OPEN,
	KIND_CLOSE,
};

/* clang-format off */
static const unsigned char kinds[256] = {
	[' '] = KIND_BLANK, ['\t'] = KIND_BLANK, ['\n'] = KIND_BLANK,
	['\r'] = KIND_BLANK,
	['0'] = KIND_PLAIN, ['1'] = KIND_PLAIN, ['2'] = KIND_PLAIN,
	['3'] = KIND_PLAIN, ['4'] = KIND_PLAIN, ['5'] = KIND_PLAIN,
	['6'] = KIND_PLAIN, ['7'] = KIND_PLAIN, ['8'] = KIND_PLAIN,
	['9'] = KIND_PLAIN, ['+'] = KIND_PLAIN, ['-'] = KIND_PLAIN,
	['e'] = KIND_PLAIN, ['E'] = KIND_PLAIN,
	['t'] = KIND_PLAIN, ['r'] = KIND_PLAIN, ['u'] = KIND_PLAIN,
	['f'] = KIND_PLAIN, ['a'] = KIND_PLAIN, ['l'] = KIND_PLAIN,
	['s'] = KIND_PLAIN, ['n'] = KIND_PLAIN,
	['.'] = KIND_POINT, ['"'] = KIND_QUOTE, [':'] = KIND_COLON,
	[','] = KIND_COMMA,
	['['] = KIND_OPEN, ['{'] = KIND_OPEN,
	[']'] = KIND_CLOSE, ['}'] = KIND_CLOSE,
};
/* clang-format on */

static enum kind
kind_of(char c)
{
	return (enum kind)kinds[(unsigned char)c];
}

static bool
is_blank(char c)
{
	return kind_of(c) == KIND_BLANK;
}

/* Outside of text: no NaN, no Infinity, no ', no `1.`, no NUL in a key. */
static bool
scan_outside(struct scanner *s, char c)
{
	enum kind kind = kind_of(c);

	if (s->wants_digit && (c < '0' || c > '9'))
		return false;
	s->wants_digit = kind == KIND_POINT;
	if (kind == KIND_QUOTE) {
		s->is_text = true;
		s->text_has_nul = false;
	}
	if (kind == KIND_COLON && s->text_has_nul)
		return false;
	return kind != KIND_NONE;
}

/* False when the byte can stand in no JSON document here. */
static bool
scan(struct scanner *s, char c)
{
	return s->is_text ? scan_text(s, c) : scan_outside(s, c);
}

/* ASCII that means itself within text. */
static bool
is_plain(char c)
{
	return c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

/*
 * The same of eight bytes at once: no byte may borrow from its neighbour's
 * high bit, i.e. be smaller than what is taken from it.
 */
static bool
are_plain(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return !((v | (v - ones * 0x20) | ((v ^ ones * '"') - ones) |
	          ((v ^ ones * '\\') - ones)) &
	         (ones << 7));
}

/* A character of two bytes: Greek, and Latin with accents. */
static bool
is_pair(const char *p)
{
	unsigned char first = (unsigned char)p[0];

	return first >= 0xc2 && first < 0xe0 &&
	       ((unsigned char)p[1] & 0xc0) == 0x80;
}

static size_t
text_run(const char *p, size_t n)
{
	size_t i = 0;

	for (;;) {
		while (n - i >= sizeof(uint64_t) && are_plain(p + i))
			i += sizeof(uint64_t);
		while (i < n && is_plain(p[i]))
			i++;
		if (n - i < 2 || !is_pair(p + i))
			return i;
		while (n - i >= 2 && is_pair(p + i))
			i += 2;
	}
}

static size_t
outside_run(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n &&
	       (kind_of(p[i]) == KIND_PLAIN || kind_of(p[i]) == KIND_BLANK))
		i++;
	return i;
}

/*
 * How many bytes at p may be passed over, because scan() would take each and
 * remember nothing of it. May be 0; most bytes of a document are passed here.
 */
static size_t
scan_run(const struct scanner *s, const char *p, size_t n)
{
	if (s->escape != ESCAPE_NONE || s->utf8.n_left || s->wants_digit)
		return 0;
	return s->is_text ? text_run(p, n) : outside_run(p, n);
}

/* Parsing ---------------------------------------------------------------- */

static bool is_sound(struct json_object *value);

/* What json-c clamps or cannot hold must not pass for a number (J2, J5). */
static bool
is_sound_number(struct json_object *value)
{
	if (json_object_is_type(value, json_type_double))
		return isfinite(json_object_get_double(value));
	return json_object_get_int64(value) != INT64_MIN &&
	       json_object_get_uint64(value) != UINT64_MAX;
}

static bool
is_sound_object(struct json_object *value)
{
	struct json_object_iter it;

	json_object_object_foreachC(value, it)
	{
		if (!is_sound(it.val))
			return false;
	}
	return true;
}

static bool
is_sound_array(struct json_object *value)
{
	size_t n = json_object_array_length(value);
	size_t i;

	for (i = 0; i < n; i++)
		if (!is_sound(json_object_array_get_idx(value, i)))
			return false;
	return true;
}

/* Recursion is bounded by the tokener's depth. */
static bool
is_sound(struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
	case json_type_boolean:
	case json_type_string: return true;
	case json_type_int:
	case json_type_double: return is_sound_number(value);
	case json_type_object: return is_sound_object(value);
	case json_type_array: return is_sound_array(value);
	}
	return false;
}

/* A tokener for values nested `depth` deep; NULL when out of memory. */
static struct json_tokener *
new_tokener(int depth)
{
	struct json_tokener *t = json_tokener_new_ex(depth);

	if (t)
		json_tokener_set_flags(t, JSON_TOKENER_STRICT |
		                                  JSON_TOKENER_VALIDATE_UTF8);
	return t;
}

/*
 * One whole value, already scanned, without blanks around it. A number or
 * literal is complete only once something follows (J3), so a blank does.
 */
static int
parse_value(struct json_tokener *t, struct json_object **out, const char *p,
            size_t n)
{
	struct json_object *value;

	if (n == 0 || n > INT_MAX)
		return JSON_MALFORMED;
	json_tokener_reset(t);
	value = json_tokener_parse_ex(t, p, (int)n);
	if (json_tokener_get_error(t) == json_tokener_continue) {
		if (json_tokener_get_parse_end(t) != n)
			return JSON_MALFORMED;
		value = json_tokener_parse_ex(t, " ", 1);
	} else if (json_tokener_get_parse_end(t) != n) {
		json_object_put(value);
		return JSON_MALFORMED;
	}
	if (json_tokener_get_error(t) != json_tokener_success ||
	    !is_sound(value)) {
		json_object_put(value);
		return JSON_MALFORMED;
	}
	*out = value;
	return 0;
}

static bool
is_scannable(const char *p, size_t n)
{
	struct scanner s = { 0 };
	size_t i = scan_run(&s, p, n);

	while (i < n) {
		if (!scan(&s, p[i++]))
			return false;
		i += scan_run(&s, p + i, n - i);
	}
	return !s.is_text && !s.wants_digit;
}

int
json_parse(struct json **out, const void *p, size_t n)
{
	const char *text = p;
	struct json *doc = NULL;
	struct json_tokener *t = NULL;
	int r = JSON_MALFORMED;

	if (!is_scannable(text, n))
		return JSON_MALFORMED;
	while (n && is_blank(text[n - 1]))
		n--;
	while (n && is_blank(*text)) {
		text++;
		n--;
	}
	doc = calloc(1, sizeof(*doc));
	t = new_tokener(JSON_DEPTH_MAX);
	if (!doc || !t) {
		r = err_raise(ERR_NOMEM, "JSON document");
		goto out;
	}
	r = parse_value(t, &doc->root, text, n);
	if (r)
		goto out;
	*out = doc;
	doc = NULL;
out:
	if (t)
		json_tokener_free(t);
	free(doc);
	return r;
}

void
json_free(struct json *doc)
{
	if (!doc)
		return;
	json_object_put(doc->root);
	free(doc);
}

const struct json_node *
json_root(const struct json *doc)
{
	return node_of(doc->root);
}

/* Looking ---------------------------------------------------------------- */

enum json_type
json_type(const struct json_node *node)
{
	switch (json_object_get_type(object_of(node))) {
	case json_type_null: return JSON_NULL;
	case json_type_boolean: return JSON_BOOL;
	case json_type_int:
	case json_type_double: return JSON_NUMBER;
	case json_type_string: return JSON_TEXT;
	case json_type_array: return JSON_ARRAY;
	case json_type_object: return JSON_OBJECT;
	}
	return JSON_NULL;
}

const struct json_node *
json_find(const struct json_node *node, const char *key)
{
	struct json_object *value = NULL;

	if (json_type(node) != JSON_OBJECT)
		return NULL;
	(void)json_object_object_get_ex(object_of(node), key, &value);
	return node_of(value);
}

const struct json_node *
json_path(const struct json_node *node, const char *path)
{
	char key[PATH_KEY_SIZE];
	size_t n;

	while (node && *path) {
		n = strcspn(path, ".");
		assert(n < sizeof(key));
		memcpy(key, path, n);
		key[n] = '\0';
		node = json_find(node, key);
		path += path[n] == '.' ? n + 1 : n;
	}
	return node;
}

enum { POINTER_TOKEN_SIZE = 256 };

/* The token behind a slash, unescaped. NULL: malformed; else what follows. */
static const char *
next_token(char out[POINTER_TOKEN_SIZE], const char *p)
{
	size_t n = 0;

	if (*p++ != '/')
		return NULL;
	for (; *p && *p != '/'; p++) {
		char c = *p;

		if (c == '~') {
			p++;
			if (*p != '0' && *p != '1')
				return NULL;
			c = *p == '0' ? '~' : '/';
		}
		if (n + 1 == POINTER_TOKEN_SIZE)
			return NULL;
		out[n++] = c;
	}
	out[n] = '\0';
	return p;
}

/* An array's element: digits, no zero in front; `-` is behind the last one. */
static const struct json_node *
at_token(const struct json_node *array, const char *token)
{
	size_t n = strlen(token);

	if (n == 0 || n > 9 || strspn(token, "0123456789") != n ||
	    (token[0] == '0' && n > 1))
		return NULL;
	return json_at(array, (size_t)strtoul(token, NULL, 10));
}

const struct json_node *
json_pointer(const struct json_node *root, const char *pointer)
{
	char token[POINTER_TOKEN_SIZE];
	const struct json_node *node = root;

	while (node && *pointer) {
		pointer = next_token(token, pointer);
		if (!pointer)
			return NULL;
		node = json_type(node) == JSON_ARRAY ? at_token(node, token)
		                                     : json_find(node, token);
	}
	return node;
}

bool
json_pointer_is_valid(const char *pointer)
{
	char token[POINTER_TOKEN_SIZE];

	while (pointer && *pointer)
		pointer = next_token(token, pointer);
	return pointer != NULL;
}

size_t
json_length(const struct json_node *node)
{
	if (json_type(node) != JSON_ARRAY)
		return 0;
	return json_object_array_length(object_of(node));
}

const struct json_node *
json_at(const struct json_node *node, size_t i)
{
	if (i >= json_length(node))
		return NULL;
	return node_of(json_object_array_get_idx(object_of(node), i));
}

void
json_each(const struct json_node *object,
          bool (*visit)(void *ctx, const char *key,
                        const struct json_node *value),
          void *ctx)
{
	struct json_object_iter it;

	if (json_type(object) != JSON_OBJECT)
		return;
	json_object_object_foreachC(object_of(object), it)
	{
		if (!visit(ctx, it.key, node_of(it.val)))
			return;
	}
}

/* Typed members ---------------------------------------------------------- */

/* The member, if it is of the type; else the condition that says why not. */
static int
find_typed(const struct json_node **out, const struct json_node *o,
           const char *key, enum json_type type)
{
	const struct json_node *node = json_find(o, key);

	if (!node)
		return JSON_ABSENT;
	if (json_type(node) != type)
		return JSON_WRONG_TYPE;
	*out = node;
	return 0;
}

int
json_get_text(const char **out, const struct json_node *o, const char *key)
{
	const struct json_node *node;
	const char *text;
	int r;

	r = find_typed(&node, o, key, JSON_TEXT);
	if (r)
		return r;
	text = json_text(node);
	if (!text)
		return JSON_WRONG_TYPE;
	*out = text;
	return 0;
}

/* Limits of int64 are what json-c clamps to, so they are no values (J5). */
int
json_get_int(int64_t *out, const struct json_node *o, const char *key)
{
	const struct json_node *node;
	struct json_object *number;
	struct decimal d;
	int64_t n;
	int r;

	r = find_typed(&node, o, key, JSON_NUMBER);
	if (r)
		return r;
	number = object_of(node);
	if (json_object_is_type(number, json_type_int)) {
		n = json_object_get_int64(number);
		if (n == INT64_MAX || n == INT64_MIN)
			return JSON_WRONG_TYPE;
	} else if (json_get_decimal(&d, o, key) ||
	           decimal_to_scaled(&n, d, 0)) {
		return JSON_WRONG_TYPE; /* 3.5; but 3.0 and 3e2 are whole */
	}
	*out = n;
	return 0;
}

int
json_get_bool(bool *out, const struct json_node *o, const char *key)
{
	const struct json_node *node;
	int r;

	r = find_typed(&node, o, key, JSON_BOOL);
	if (r)
		return r;
	*out = json_object_get_boolean(object_of(node));
	return 0;
}

int
json_get_decimal(struct decimal *out, const struct json_node *o,
                 const char *key)
{
	const struct json_node *node;
	const char *text;
	int r;

	r = find_typed(&node, o, key, JSON_NUMBER);
	if (r)
		return r;
	text = json_number_text(node);
	if (!text || decimal_parse(out, text))
		return JSON_WRONG_TYPE;
	return 0;
}

int
json_get_decimal_lax(struct decimal *out, const struct json_node *o,
                     const char *key)
{
	const char *text;
	int r;

	r = json_get_text(&text, o, key);
	if (r == JSON_WRONG_TYPE)
		return json_get_decimal(out, o, key);
	if (r)
		return r;
	return decimal_parse(out, text) ? JSON_WRONG_TYPE : 0;
}

const char *
json_text(const struct json_node *node)
{
	const char *text;
	size_t n;

	if (json_type(node) != JSON_TEXT)
		return NULL;
	text = json_object_get_string(object_of(node));
	n = (size_t)json_object_get_string_len(object_of(node));
	return text && strlen(text) == n ? text : NULL;
}

const char *
json_number_text(const struct json_node *node)
{
	if (json_type(node) != JSON_NUMBER)
		return NULL;
	return json_object_get_string(object_of(node));
}

const char *
json_text_or(const struct json_node *o, const char *key, const char *fallback)
{
	const char *text = json_text(json_find(o, key));

	return text ? text : fallback;
}

void
json_print(struct buf *out, const struct json_node *node)
{
	const int flags =
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *text;
	size_t n;

	if (!node) {
		buf_adds(out, "null");
		return;
	}
	text = json_object_to_json_string_length(object_of(node), flags, &n);
	if (text)
		buf_add(out, text, n);
	else
		out->is_broken = true; /* it ran out of memory */
}

/* Streams ---------------------------------------------------------------- */

enum stream_state {
	STREAM_BEFORE,  /* nothing but blanks so far */
	STREAM_FIRST,   /* after `[`: an element or `]` */
	STREAM_NEXT,    /* after `,`: an element */
	STREAM_ELEMENT, /* within an element */
	STREAM_AFTER,   /* after `]`: nothing but blanks */
	STREAM_BROKEN,  /* malformed, or stopped by element() */
};

struct json_stream {
	int (*element)(void *ctx, const struct json_node *value);
	void *ctx; /* borrowed */
	struct json_tokener *tokener;
	struct buf bytes; /* what earlier feeds brought of an element */
	const char *text; /* borrowed; of the element in hand, or NULL */
	size_t n_text;
	struct scanner scanner;
	enum stream_state state;
	unsigned depth; /* of open brackets within the element */
	int result;     /* what STREAM_BROKEN keeps answering */
};

int
json_stream_new(struct json_stream **out,
                int (*element)(void *ctx, const struct json_node *value),
                void *ctx)
{
	struct json_stream *s;

	s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(ERR_NOMEM, "JSON stream");
	s->tokener = new_tokener(JSON_DEPTH_MAX - 1);
	if (!s->tokener) {
		free(s);
		return err_raise(ERR_NOMEM, "JSON stream");
	}
	s->element = element;
	s->ctx = ctx;
	s->bytes.max = ELEMENT_MAX_BYTES;
	*out = s;
	return 0;
}

/* Keep n bytes of an element whose end has not come yet. */
static int
keep_bytes(struct json_stream *s, const char *p, size_t n)
{
	if (n >= ELEMENT_MAX_BYTES - s->bytes.n)
		return JSON_MALFORMED;
	buf_add(&s->bytes, p, n);
	/* Too large is malformed; no memory for less is a fault. */
	if (buf_check(&s->bytes))
		return err_raise(ERR_NOMEM, "element of a JSON stream");
	return 0;
}

/* A whole element is there: it never needed a copy, or lies in s->bytes. */
static int
finish_element(struct json_stream *s, const char *p, size_t n)
{
	struct json_object *value;
	int r;

	while (n && is_blank(p[n - 1]))
		n--;
	r = parse_value(s->tokener, &value, p, n);
	if (r)
		return r;
	s->text = p;
	s->n_text = n;
	r = s->element(s->ctx, node_of(value));
	s->text = NULL;
	json_object_put(value);
	buf_reset(&s->bytes);
	return r;
}

/* A byte between elements. Nothing of an element is taken here. */
static int
feed_between(struct json_stream *s, char c)
{
	if (is_blank(c))
		return 0;
	if (s->state == STREAM_BEFORE && c == '[') {
		s->state = STREAM_FIRST;
		return 0;
	}
	if (s->state == STREAM_FIRST && c == ']') {
		s->state = STREAM_AFTER;
		return 0;
	}
	return JSON_MALFORMED;
}

/* Does an element begin with this byte? */
static bool
begins_element(const struct json_stream *s, char c)
{
	enum kind kind = kind_of(c);

	return (s->state == STREAM_FIRST || s->state == STREAM_NEXT) &&
	       kind != KIND_BLANK && kind != KIND_COMMA && kind != KIND_CLOSE;
}

/* A byte outside of text; false when it closes what was not opened. */
static bool
count_depth(struct json_stream *s, char c)
{
	enum kind kind = kind_of(c);

	if (kind == KIND_OPEN)
		s->depth++;
	else if (kind == KIND_CLOSE)
		return s->depth-- > 0;
	return true;
}

static bool
ends_element(const struct json_stream *s, char c)
{
	return s->depth == 0 && !s->scanner.is_text && (c == ',' || c == ']');
}

/*
 * Bytes of an element, up to and with the `,` or `]` behind it. n_out is how
 * many there were; the element is over when the state is no longer ELEMENT.
 */
static int
scan_element(struct json_stream *s, size_t *n_out, const char *p, size_t n)
{
	size_t i = scan_run(&s->scanner, p, n);

	while (i < n) {
		char c = p[i];
		bool is_outside = !s->scanner.is_text;
		bool is_end = ends_element(s, c);

		if (!scan(&s->scanner, c))
			return JSON_MALFORMED;
		if (is_end) {
			s->state = c == ',' ? STREAM_NEXT : STREAM_AFTER;
			*n_out = i + 1;
			return 0;
		}
		if (is_outside && !count_depth(s, c))
			return JSON_MALFORMED;
		i++;
		i += scan_run(&s->scanner, p + i, n - i);
	}
	*n_out = n;
	return 0;
}

static int
feed_element(struct json_stream *s, size_t *n_out, const char *p, size_t n)
{
	int r = scan_element(s, n_out, p, n);

	if (r)
		return r;
	if (s->state == STREAM_ELEMENT)
		return keep_bytes(s, p, n);
	n = *n_out - 1;
	if (s->bytes.n == 0 && n < ELEMENT_MAX_BYTES)
		return finish_element(s, p, n);
	r = keep_bytes(s, p, n);
	return r ? r : finish_element(s, s->bytes.p, s->bytes.n);
}

/* As many bytes as belong together; n_out is how many. */
static int
feed_some(struct json_stream *s, size_t *n_out, const char *p, size_t n)
{
	if (begins_element(s, *p)) {
		s->state = STREAM_ELEMENT;
		s->depth = 0;
	}
	if (s->state == STREAM_ELEMENT)
		return feed_element(s, n_out, p, n);
	*n_out = 1;
	return feed_between(s, *p);
}

int
json_stream_feed(struct json_stream *s, const void *p, size_t n)
{
	const char *bytes = p;
	size_t n_taken;
	size_t i;

	for (i = 0; i < n && s->state != STREAM_BROKEN; i += n_taken) {
		n_taken = 0;
		s->result = feed_some(s, &n_taken, bytes + i, n - i);
		if (s->result)
			s->state = STREAM_BROKEN;
	}
	return s->result;
}

const char *
json_stream_text(const struct json_stream *s, size_t *n)
{
	assert(s->text);
	*n = s->n_text;
	return s->text;
}

int
json_stream_end(struct json_stream *s)
{
	if (s->state == STREAM_BROKEN)
		return s->result;
	return s->state == STREAM_AFTER ? 0 : JSON_MALFORMED;
}

void
json_stream_free(struct json_stream *s)
{
	if (!s)
		return;
	json_tokener_free(s->tokener);
	buf_fini(&s->bytes);
	free(s);
}

/* Writing ---------------------------------------------------------------- */

static void
add_escaped(struct buf *b, char c)
{
	switch (c) {
	case '"': buf_adds(b, "\\\""); break;
	case '\\': buf_adds(b, "\\\\"); break;
	case '\b': buf_adds(b, "\\b"); break;
	case '\f': buf_adds(b, "\\f"); break;
	case '\n': buf_adds(b, "\\n"); break;
	case '\r': buf_adds(b, "\\r"); break;
	case '\t': buf_adds(b, "\\t"); break;
	default: buf_addf(b, "\\u%04x", (unsigned)(unsigned char)c); break;
	}
}

/* Bytes that are no UTF-8 become U+FFFD: what we write can be read again. */
static void
add_quoted(struct buf *b, const char *text)
{
	size_t n;

	buf_addc(b, '"');
	while (*text) {
		n = utf8_length(text);
		if (n == 0) {
			buf_adds(b, "\xef\xbf\xbd");
			n = 1;
		} else if ((unsigned char)*text < 0x20 || *text == '"' ||
		           *text == '\\') {
			add_escaped(b, *text);
		} else {
			buf_add(b, text, n);
		}
		text += n;
	}
	buf_addc(b, '"');
}

/* Comma and key, as this place needs them. */
static void
begin_value(struct json_out *o, const char *key)
{
	if (o->needs_comma[o->depth])
		buf_addc(o->to, ',');
	o->needs_comma[o->depth] = true;
	if (key) {
		add_quoted(o->to, key);
		buf_addc(o->to, ':');
	}
}

static void
open_bracket(struct json_out *o, const char *key, char bracket)
{
	begin_value(o, key);
	assert(o->depth + 1 < JSON_DEPTH_MAX);
	buf_addc(o->to, bracket);
	o->needs_comma[++o->depth] = false;
}

static void
close_bracket(struct json_out *o, char bracket)
{
	assert(o->depth > 0);
	o->depth--;
	buf_addc(o->to, bracket);
}

void
json_out_object(struct json_out *o, const char *key)
{
	open_bracket(o, key, '{');
}

void
json_out_array(struct json_out *o, const char *key)
{
	open_bracket(o, key, '[');
}

void
json_out_end_object(struct json_out *o)
{
	close_bracket(o, '}');
}

void
json_out_end_array(struct json_out *o)
{
	close_bracket(o, ']');
}

void
json_out_text(struct json_out *o, const char *key, const char *text)
{
	begin_value(o, key);
	if (text)
		add_quoted(o->to, text);
	else
		buf_adds(o->to, "null");
}

void
json_out_int(struct json_out *o, const char *key, int64_t n)
{
	begin_value(o, key);
	buf_addf(o->to, "%lld", (long long)n);
}

void
json_out_bool(struct json_out *o, const char *key, bool yes)
{
	begin_value(o, key);
	buf_adds(o->to, yes ? "true" : "false");
}

void
json_out_null(struct json_out *o, const char *key)
{
	begin_value(o, key);
	buf_adds(o->to, "null");
}

void
json_out_decimal(struct json_out *o, const char *key, struct decimal d)
{
	char text[DECIMAL_TEXT_SIZE];

	begin_value(o, key);
	buf_adds(o->to, decimal_format(text, d));
}

void
json_out_raw(struct json_out *o, const char *key, const char *json)
{
	begin_value(o, key);
	buf_adds(o->to, json);
}
