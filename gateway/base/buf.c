/*
 * A growing byte buffer whose error sticks and is asked for once, at the end.
 *
 * Invariant: p is NULL, or p[n] is NUL and n < cap.
 */
#include "gateway/base/buf.h"

#include "gateway/base/err.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 64 };

/* Room for n more bytes and the NUL; false, and broken, when refused. */
static bool
reserve(struct buf *b, size_t n)
{
	size_t need;
	size_t cap = b->cap ? b->cap : FIRST_CAP;
	char *p;

	if (b->is_broken)
		return false;
	if (n > SIZE_MAX / 2 - b->n - 1 || (b->max && b->n + n > b->max)) {
		b->is_broken = true;
		return false;
	}
	need = b->n + n + 1;
	if (need <= b->cap)
		return true;
	while (cap < need)
		cap *= 2;
	p = realloc(b->p, cap);
	if (!p) {
		b->is_broken = true;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0 || !reserve(b, n))
		return;
	memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void
buf_adds(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void
buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_addf(struct buf *b, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		b->is_broken = true;
	if (n <= 0 || !reserve(b, (size_t)n))
		return;
	va_start(args, format);
	(void)vsnprintf(b->p + b->n, (size_t)n + 1, format, args);
	va_end(args);
	b->n += (size_t)n;
}

void
buf_add_html(struct buf *b, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&': buf_adds(b, "&amp;"); break;
		case '<': buf_adds(b, "&lt;"); break;
		case '>': buf_adds(b, "&gt;"); break;
		case '"': buf_adds(b, "&quot;"); break;
		case '\'': buf_adds(b, "&#39;"); break;
		default: buf_addc(b, *text); break;
		}
	}
}

/* By hand: isalnum() would obey the locale. */
static bool
is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

void
buf_add_url(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (is_unreserved(*text))
			buf_addc(b, *text);
		else
			buf_addf(b, "%%%02X", (unsigned)(unsigned char)*text);
	}
}

int
buf_check(const struct buf *b)
{
	return b->is_broken ? ERR_NOMEM : 0;
}

const char *
buf_text(const struct buf *b)
{
	return b->p ? b->p : "";
}

char *
buf_steal(struct buf *b)
{
	char *p = b->is_broken ? NULL : b->p;

	if (b->is_broken)
		free(b->p);
	else if (!p)
		p = text_dup("");
	b->p = NULL;
	b->cap = 0;
	buf_reset(b);
	return p;
}

void
buf_reset(struct buf *b)
{
	b->n = 0;
	b->is_broken = false;
	if (b->p)
		b->p[0] = '\0';
}

void
buf_fini(struct buf *b)
{
	free(b->p);
	*b = (struct buf)BUF_INIT;
}

char *
text_dup(const char *text)
{
	return text ? text_ndup(text, strlen(text)) : NULL;
}

char *
text_ndup(const char *text, size_t n)
{
	char *copy;

	if (!text)
		return NULL;
	n = strnlen(text, n);
	copy = malloc(n + 1);
	if (!copy)
		return NULL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

char *
text_format(const char *format, ...)
{
	char *text;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		return NULL;
	text = malloc((size_t)n + 1);
	if (!text)
		return NULL;
	va_start(args, format);
	(void)vsnprintf(text, (size_t)n + 1, format, args);
	va_end(args);
	return text;
}
