/* Comma-separated values. */
#include "gateway/base/csv.h"

#include <stdbool.h>
#include <string.h>

void
csv_init(struct csv *csv, const char *text, size_t n)
{
	*csv = (struct csv){ .p = text, .end = text + n, .next_line = 1 };
	if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		csv->p += 3;
}

static void
choose_separator(struct csv *csv)
{
	size_t n = (size_t)(csv->end - csv->p);
	const char *eol = memchr(csv->p, '\n', n);
	size_t row = eol ? (size_t)(eol - csv->p) : n;

	csv->separator = ',';
	if (!memchr(csv->p, ',', row) && memchr(csv->p, ';', row))
		csv->separator = ';';
}

static bool
is_field_end(const struct csv *csv)
{
	return csv->p == csv->end || *csv->p == csv->separator ||
	       *csv->p == '\n' ||
	       (*csv->p == '\r' &&
	        (csv->p + 1 == csv->end || csv->p[1] == '\n'));
}

static int
fail(struct csv *csv, const char *why)
{
	csv->why = why;
	return CSV_MALFORMED;
}

static int
read_quoted(struct csv *csv)
{
	csv->p++;
	for (;; csv->p++) {
		if (csv->p == csv->end)
			return fail(csv, "a quote is never closed");
		if (*csv->p == '"') {
			csv->p++;
			if (csv->p == csv->end || *csv->p != '"')
				break;
		}
		if (*csv->p == '\0')
			return fail(csv, "a NUL byte");
		csv->next_line += *csv->p == '\n';
		buf_addc(&csv->text, *csv->p);
	}
	while (!is_field_end(csv) && (*csv->p == ' ' || *csv->p == '\t'))
		csv->p++;
	return is_field_end(csv) ? 0 : fail(csv, "text behind a closing quote");
}

static int
read_field(struct csv *csv)
{
	size_t begin;

	if (csv->n_fields == CSV_FIELDS_MAX)
		return fail(csv, "more than 64 fields");
	while (!is_field_end(csv) && (*csv->p == ' ' || *csv->p == '\t'))
		csv->p++;
	begin = csv->text.n;
	csv->at[csv->n_fields++] = begin;
	if (csv->p < csv->end && *csv->p == '"') {
		int r = read_quoted(csv);

		buf_addc(&csv->text, '\0');
		return r;
	}
	for (; !is_field_end(csv); csv->p++) {
		if (*csv->p == '\0')
			return fail(csv, "a NUL byte");
		buf_addc(&csv->text, *csv->p);
	}
	while (csv->text.n > begin && (csv->text.p[csv->text.n - 1] == ' ' ||
	                               csv->text.p[csv->text.n - 1] == '\t'))
		csv->text.n--;
	buf_addc(&csv->text, '\0');
	return 0;
}

/* Bytes of the UTF-8 character at p, 0 when it is none. RFC 3629. */
static size_t
utf8_length(const unsigned char *p, size_t left)
{
	static const struct {
		unsigned char first, last, second_min, second_max, n;
	} forms[] = {
		{ 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		if (*p < forms[i].first || *p > forms[i].last)
			continue;
		if (forms[i].n > left ||
		    (forms[i].n > 1 && (p[1] < forms[i].second_min ||
		                        p[1] > forms[i].second_max)))
			return 0;
		for (size_t j = 2; j < forms[i].n; j++)
			if ((p[j] & 0xc0) != 0x80)
				return 0;
		return forms[i].n;
	}
	return 0;
}

/* A spreadsheet saved in an old code page would make names unreadable. */
static int
check_utf8(struct csv *csv)
{
	const unsigned char *p = (const unsigned char *)csv->text.p;
	size_t left = csv->text.n;

	while (left) {
		size_t n = utf8_length(p, left);

		if (!n)
			return fail(csv, "not UTF-8: save the file as UTF-8");
		p += n;
		left -= n;
	}
	return 0;
}

/* One physical row, blank or not. */
static int
read_row(struct csv *csv)
{
	int r;

	buf_reset(&csv->text);
	csv->n_fields = 0;
	csv->line = csv->next_line;
	for (;;) {
		r = read_field(csv);
		if (r || csv->p == csv->end || *csv->p != csv->separator)
			break;
		csv->p++;
	}
	if (!r && csv->p < csv->end && *csv->p == '\r')
		csv->p++;
	if (!r && csv->p < csv->end && *csv->p == '\n')
		csv->p++;
	csv->next_line++;
	if (!r)
		r = buf_check(&csv->text);
	return r ? r : check_utf8(csv);
}

int
csv_next(struct csv *csv)
{
	int r;

	if (!csv->separator)
		choose_separator(csv);
	do {
		if (csv->p == csv->end)
			return CSV_END;
		r = read_row(csv);
	} while (!r && csv->n_fields == 1 && !*csv_field(csv, 0));
	return r;
}

const char *
csv_field(const struct csv *csv, size_t i)
{
	return i < csv->n_fields ? csv->text.p + csv->at[i] : "";
}

void
csv_fini(struct csv *csv)
{
	buf_fini(&csv->text);
}

void
csv_add(struct buf *out, const char *text)
{
	size_t n = strlen(text);

	/* Blanks around a field would be cut when it is read. */
	if (!strpbrk(text, ",;\"\r\n") &&
	    (!n || (!strchr(" \t", *text) && !strchr(" \t", text[n - 1])))) {
		buf_adds(out, text);
		return;
	}
	buf_addc(out, '"');
	for (; *text; text++) {
		if (*text == '"')
			buf_addc(out, '"');
		buf_addc(out, *text);
	}
	buf_addc(out, '"');
}
