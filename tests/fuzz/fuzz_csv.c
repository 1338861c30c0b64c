/*
 * Registry files: any bytes are rows or a complaint, and a row that was read
 * is the same row when written and read again.
 */
#include "gateway/base/csv.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Blanks around a field do not count. */
static size_t
trim(const char **text)
{
	size_t n;

	*text += strspn(*text, " \t");
	n = strlen(*text);
	while (n && ((*text)[n - 1] == ' ' || (*text)[n - 1] == '\t'))
		n--;
	return n;
}

static void
assert_same(const char *a, const char *b)
{
	size_t n = trim(&a);
	size_t n_b = trim(&b);

	assert(n == n_b);
	assert(!memcmp(a, b, n));
}

static void
write_and_read(const struct csv *row)
{
	struct buf text = BUF_INIT;
	struct csv again;

	buf_adds(&text, "x"); /* never a byte-order mark, never blank */
	for (size_t i = 0; i < row->n_fields; i++) {
		buf_addc(&text, ',');
		csv_add(&text, csv_field(row, i));
	}
	assert(!buf_check(&text));
	csv_init(&again, text.p, text.n);
	assert(csv_next(&again) == 0);
	assert(again.n_fields == row->n_fields + 1);
	for (size_t i = 0; i < row->n_fields; i++)
		assert_same(csv_field(&again, i + 1), csv_field(row, i));
	assert(csv_next(&again) == CSV_END);
	csv_fini(&again);
	buf_fini(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *text = malloc(n ? n : 1); /* to the byte, for ASan */
	struct csv csv;
	size_t line = 0;
	int r;

	assert(text);
	memcpy(text, bytes, n);
	csv_init(&csv, text, n);
	while ((r = csv_next(&csv)) == 0) {
		assert(csv.line > line);
		line = csv.line;
		assert(csv.n_fields >= 1 && csv.n_fields <= CSV_FIELDS_MAX);
		if (csv.n_fields < CSV_FIELDS_MAX)
			write_and_read(&csv);
	}
	assert(r == CSV_END || (r == CSV_MALFORMED && csv.why));
	csv_fini(&csv);
	free(text);
	return 0;
}
