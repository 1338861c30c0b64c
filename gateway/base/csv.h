#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stddef.h>

#include "gateway/base/buf.h"

/*
 * Comma-separated values as RFC 4180 has them: quotes around fields that need
 * them, doubled inside; LF or CRLF; a byte-order mark is skipped. A semicolon
 * in the header row without any comma makes that the separator, as spreadsheet
 * programs of half of Europe write it.
 */
enum {
	CSV_FIELDS_MAX = 64,
	CSV_END = 1,       /* no further row */
	CSV_MALFORMED = 2, /* why says what */
};

/* Reads from memory; the text is borrowed and not changed. */
struct csv {
	const char *p;
	const char *end;
	char separator;   /* 0: decided by the first row */
	size_t line;      /* of the row last read; from 1 */
	size_t next_line; /* private */
	struct buf text;  /* owned: the fields of the row, NUL behind each */
	size_t at[CSV_FIELDS_MAX];
	size_t n_fields;
	const char *why; /* static; of CSV_MALFORMED */
};

void csv_init(struct csv *csv, const char *text, size_t n);

/* Next row that is not blank. Returns 0, CSV_END, CSV_MALFORMED, ERR_NOMEM. */
int csv_next(struct csv *csv);

/* A field of the row, blanks around it trimmed; "" beyond the last. Borrowed
   until the next row. */
const char *csv_field(const struct csv *csv, size_t i);
void csv_fini(struct csv *csv);

/* Append one field, quoted where it must be. */
void csv_add(struct buf *out, const char *text);

#endif
