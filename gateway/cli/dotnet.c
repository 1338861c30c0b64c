/* Forms that .NET programs keep their configuration in. */
#include "gateway/cli/dotnet.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/base/buf.h"

/* ---- JSON ---- */

/* Behind the text that begins here. */
static char *
skip_text(char *p)
{
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

/* Blanks over a comment; line ends stay. Returns behind it. */
static char *
blank_comment(char *p)
{
	bool is_line = p[1] == '/';
	const char *end = is_line ? strchr(p, '\n') : strstr(p + 2, "*/");
	size_t n = !end ? strlen(p) : (size_t)(end - p) + (is_line ? 0 : 2);

	for (size_t i = 0; i < n; i++)
		if (p[i] != '\n' && p[i] != '\r')
			p[i] = ' ';
	return p + n;
}

/* A comma with nothing but an end behind it. Comments are blanks by now. */
static void
blank_commas(char *text)
{
	for (char *p = text; *p;) {
		if (*p == '"') {
			p = skip_text(p);
			continue;
		}
		if (*p == ',') {
			char next = p[1 + strspn(p + 1, " \t\r\n")];

			if (next == '}' || next == ']')
				*p = ' ';
		}
		p++;
	}
}

void
dotnet_plain_json(char *text)
{
	for (char *p = text; *p;) {
		if (*p == '"')
			p = skip_text(p);
		else if (*p == '/' && (p[1] == '/' || p[1] == '*'))
			p = blank_comment(p);
		else
			p++;
	}
	blank_commas(text);
}

/* ---- connection strings ---- */

static const char *
skip_blanks(const char *p)
{
	return p + strspn(p, " \t\r\n;");
}

/* Is it one of them? Blanks at its end do not count. */
static bool
is_one_of(const char *word, size_t n, const char *const *keywords)
{
	while (n && strchr(" \t", word[n - 1]))
		n--;
	for (; *keywords; keywords++)
		if (strlen(*keywords) == n && !strncasecmp(*keywords, word, n))
			return true;
	return false;
}

/* The value at p, and behind it. A quote inside quotes is doubled. */
static const char *
read_value(struct buf *out, const char *p)
{
	char quote;

	buf_reset(out);
	p += strspn(p, " \t");
	quote = *p == '"' || *p == '\'' ? *p++ : '\0';
	for (; *p; p++) {
		if (quote && *p == quote && p[1] != quote)
			break;
		if (!quote && *p == ';')
			break;
		buf_addc(out, *p);
		p += quote && *p == quote;
	}
	while (!quote && out->n && strchr(" \t", out->p[out->n - 1]))
		out->n--;
	return p + strcspn(p, ";");
}

char *
dotnet_connection_value(const char *connection, const char *const *keywords)
{
	struct buf value = BUF_INIT;
	char *found = NULL;

	for (const char *p = skip_blanks(connection); !found && *p;
	     p = skip_blanks(p)) {
		size_t n = strcspn(p, "=;");
		const char *word = p;

		p += n;
		if (*p != '=')
			continue; /* a word without a value */
		p = read_value(&value, p + 1);
		if (value.n && is_one_of(word, n, keywords))
			found = text_ndup(buf_text(&value), value.n);
	}
	buf_fini(&value);
	return found;
}
