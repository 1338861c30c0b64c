/*
 * Reading a call: headers and parameters; and keeping cookies.
 *
 * Everything here looks at a stranger's bytes. It allocates nothing and its
 * work is bounded by what it is given.
 */
#include "gateway/ports/http.h"

#include <string.h>
#include <strings.h>

enum { TELLING_VALUE = 6 }; /* a shorter one may be part of any word */

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

/* ---- cookies ---- */

/* The pair behind this one. */
static const char *
next_pair(const char *pair)
{
	pair += strcspn(pair, ";");
	return pair + strspn(pair, "; ");
}

/* The pair of this name, or the end of the jar. */
static char *
find_pair(char *jar, const char *name, size_t n_name)
{
	const char *p = jar;

	while (*p && (strncmp(p, name, n_name) != 0 || p[n_name] != '='))
		p = next_pair(p);
	return jar + (p - jar);
}

/* The jar is a list with "; " between two pairs, and none behind the last. */
static void
put_pair(char *jar, const char *pair, size_t n)
{
	size_t n_name = strcspn(pair, "=;");
	char *old = find_pair(jar, pair, n_name);
	const char *behind = next_pair(old);
	size_t n_jar = strlen(jar);
	size_t n_old = (size_t)(behind - old);

	if (n_name == 0 || pair[n_name] != '=' ||
	    n_jar - n_old + 2 + n >= HTTP_SESSION_SIZE)
		return;
	memmove(old, behind, strlen(behind) + 1);
	n_jar -= n_old;
	if (n_jar > 1 && jar[n_jar - 1] == ' ')
		n_jar -= 2;
	if (n_jar > 0) {
		memcpy(jar + n_jar, "; ", 2);
		n_jar += 2;
	}
	memcpy(jar + n_jar, pair, n);
	jar[n_jar + n] = '\0';
}

void
http_jar_put(char jar[HTTP_SESSION_SIZE], const char *cookies)
{
	for (const char *p = cookies; *p; p = next_pair(p))
		put_pair(jar, p, strcspn(p, ";"));
}

/* Replace each of these n bytes long pieces; three stars are never longer. */
static void
hide_value(char *text, const char *value, size_t n)
{
	char *p = text;

	while (*p) {
		if (strncmp(p, value, n) != 0) {
			p++;
			continue;
		}
		memcpy(p, "***", 3);
		memmove(p + 3, p + n, strlen(p + n) + 1);
		p += 3;
	}
}

void
http_jar_hide(char *text, const char *jar)
{
	const char *value;
	size_t n;

	for (const char *p = jar; *p; p = next_pair(p)) {
		value = p + strcspn(p, "=;");
		value += *value == '=';
		n = strcspn(value, ";");
		if (n >= TELLING_VALUE)
			hide_value(text, value, n);
	}
}
