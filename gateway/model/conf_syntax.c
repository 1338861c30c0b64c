/*
 * Where JSON text stops being JSON.
 *
 * Not a reader: json.c reads. This one only walks along RFC 8259 so that a
 * person with a missing comma is told the line and the column, which json-c
 * does not say. Positions are those of the first byte that cannot be right.
 */
#include "gateway/model/conf_parts.h"

#include <string.h>

struct scan {
	const char *p;
	size_t n;
	size_t at;
	unsigned depth;
	const char *expected; /* static; what was missing when a step failed */
};

static bool scan_value(struct scan *s);

static bool
fail(struct scan *s, const char *expected)
{
	s->expected = expected;
	return false;
}

/* The byte here, or -1 at the end. */
static int
peek(const struct scan *s)
{
	return s->at < s->n ? (unsigned char)s->p[s->at] : -1;
}

static bool
skip(struct scan *s, char c)
{
	if (peek(s) != c)
		return false;
	s->at++;
	return true;
}

static void
skip_blanks(struct scan *s)
{
	while (peek(s) == ' ' || peek(s) == '\t' || peek(s) == '\n' ||
	       peek(s) == '\r')
		s->at++;
}

static bool
is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(int c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
scan_escape(struct scan *s)
{
	int c = peek(s);

	if (c != 'u') {
		if (c <= 0 || !strchr("\"\\/bfnrt", c))
			return fail(s,
			            "an escape such as \\n, \\\\ or \\u0041");
		s->at++;
		return true;
	}
	s->at++;
	for (int i = 0; i < 4; i++) {
		if (!is_hex(peek(s)))
			return fail(s, "four hexadecimal digits");
		s->at++;
	}
	return true;
}

static bool
scan_text(struct scan *s)
{
	s->at++; /* the opening quote */
	for (;;) {
		int c = peek(s);

		if (c < 0x20)
			return fail(s, "the closing quote of a text");
		s->at++;
		if (c == '"')
			return true;
		if (c == '\\' && !scan_escape(s))
			return false;
	}
}

static bool
scan_digits(struct scan *s)
{
	if (!is_digit(peek(s)))
		return fail(s, "a digit");
	while (is_digit(peek(s)))
		s->at++;
	return true;
}

static bool
scan_number(struct scan *s)
{
	(void)skip(s, '-');
	if (!skip(s, '0') && !scan_digits(s))
		return false;
	if (skip(s, '.') && !scan_digits(s))
		return false;
	if (!skip(s, 'e') && !skip(s, 'E'))
		return true;
	if (!skip(s, '+'))
		(void)skip(s, '-');
	return scan_digits(s);
}

static bool
scan_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if (s->n - s->at < n || memcmp(s->p + s->at, word, n) != 0)
		return fail(s, "a value (texts stand in double quotes)");
	s->at += n;
	return true;
}

static bool
scan_member(struct scan *s)
{
	skip_blanks(s);
	if (peek(s) != '"')
		return fail(s, "a key in double quotes");
	if (!scan_text(s))
		return false;
	skip_blanks(s);
	return skip(s, ':') ? scan_value(s) : fail(s, "':'");
}

/* The inside of {} or []; the opening bracket is behind us. */
static bool
scan_rest(struct scan *s, char close, bool (*part)(struct scan *),
          const char *expected)
{
	skip_blanks(s);
	if (skip(s, close))
		return true;
	for (;;) {
		if (!part(s))
			return false;
		skip_blanks(s);
		if (skip(s, close))
			return true;
		if (!skip(s, ','))
			return fail(s, expected);
	}
}

static bool
scan_nested(struct scan *s, int open)
{
	bool is_ok;

	if (++s->depth > JSON_DEPTH_MAX)
		return fail(s, "less nesting");
	s->at++;
	is_ok = open == '{' ? scan_rest(s, '}', scan_member, "',' or '}'")
	                    : scan_rest(s, ']', scan_value, "',' or ']'");
	s->depth--;
	return is_ok;
}

static bool
scan_value(struct scan *s)
{
	int c;

	skip_blanks(s);
	c = peek(s);
	if (c == '{' || c == '[')
		return scan_nested(s, c);
	if (c == '"')
		return scan_text(s);
	if (c == '-' || is_digit(c))
		return scan_number(s);
	return scan_word(s, c == 't' ? "true" : c == 'f' ? "false" : "null");
}

bool
conf_syntax_check(struct conf_position *out, const char *text, size_t n)
{
	struct scan s = { .p = text, .n = n };
	bool is_ok = scan_value(&s);

	if (is_ok)
		skip_blanks(&s);
	if (is_ok && s.at < n)
		is_ok = fail(&s, "the end of the file");
	*out = (struct conf_position){ 1, 1, s.expected };
	for (size_t i = 0; !is_ok && i < s.at; i++) {
		out->column++;
		if (text[i] == '\n') {
			out->line++;
			out->column = 1;
		}
	}
	return is_ok;
}
