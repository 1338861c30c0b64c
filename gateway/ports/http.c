/*
 * Reading a call: headers and parameters.
 *
 * Everything here looks at a stranger's bytes. It allocates nothing and its
 * work is bounded by what it is given.
 */
#include "gateway/ports/http.h"

#include <string.h>
#include <strings.h>

int
http_call_header(const char **out, const struct http_call *call,
                 const char *name)
{
	const char *found = NULL;
	size_t i;

	for (i = 0; i < call->n_headers; i++) {
		if (strcasecmp(call->headers[i].name, name) != 0)
			continue;
		if (found)
			return HTTP_HEADER_TWICE;
		found = call->headers[i].value;
	}
	*out = found;
	return 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decode one character and step over it; -1: bad escape, or a NUL. */
static int
next_char(const char **p, const char *end)
{
	int high;
	int low;
	char c = *(*p)++;

	if (c == '+')
		return ' ';
	if (c != '%')
		return c ? (unsigned char)c : -1;
	if (end - *p < 2)
		return -1;
	high = hex_digit((*p)[0]);
	low = hex_digit((*p)[1]);
	*p += 2;
	if (high < 0 || low < 0 || (high == 0 && low == 0))
		return -1;
	return high << 4 | low;
}

/* A name with a bad escape is nobody's name. */
static bool
is_named(const char *p, const char *end, const char *name)
{
	while (p < end)
		if (!*name || next_char(&p, end) != (unsigned char)*name++)
			return false;
	return !*name;
}

static int
decode(char *out, size_t size, const char *p, const char *end)
{
	size_t n = 0;
	int c;

	while (p < end) {
		c = next_char(&p, end);
		if (c < 0 || n + 1 >= size)
			return HTTP_PARAM_MALFORMED;
		out[n++] = (char)c;
	}
	if (n >= size)
		return HTTP_PARAM_MALFORMED;
	out[n] = '\0';
	return 0;
}

int
http_param(char *out, size_t size, const char *encoded, size_t n,
           const char *name)
{
	const char *end = encoded + n;
	const char *found = NULL;
	const char *found_end = NULL;
	const char *p;
	const char *stop;
	const char *equals;

	for (p = encoded; p < end; p = stop + 1) {
		stop = memchr(p, '&', (size_t)(end - p));
		if (!stop)
			stop = end;
		equals = memchr(p, '=', (size_t)(stop - p));
		if (!equals)
			equals = stop;
		if (!is_named(p, equals, name))
			continue;
		if (found)
			return HTTP_PARAM_TWICE;
		found = equals < stop ? equals + 1 : stop;
		found_end = stop;
	}
	if (!found)
		return HTTP_PARAM_ABSENT;
	return decode(out, size, found, found_end);
}
