#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/cli/paint.h"

/*
 * Rows that are printed at once, each column as wide as what is in it, so that
 * a long name shifts the whole column and not one line of it. Cells may be
 * anybody's text (words_clean). The last column is not filled up: it is where
 * reasons belong.
 */
enum { TABLE_NAME_MAX = 40 };

struct table_column {
	const char *title; /* static; NULL: in no column of the table has one */
	bool is_right;     /* numbers */
	bool is_name;      /* cut where it is longer than TABLE_NAME_MAX */
};

struct table_cell {
	char *text; /* owned */
	enum paint paint;
	bool is_note; /* a line of its own under the row */
};

struct table {
	const struct table_column *columns; /* borrowed */
	size_t n_columns;
	int indent;               /* blanks before each line */
	struct table_cell *cells; /* owned; row after row */
	size_t n, cap;
	size_t n_cells; /* of them: no notes */
	bool is_broken; /* out of memory */
};

void table_init(struct table *t, const struct table_column *columns,
                size_t n_columns, int indent);

/* The next cell. A row has one for each column. */
void table_add(struct table *t, enum paint paint, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A line under the last whole row, four blanks further in; "": none. */
void table_note(struct table *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* To stdout; nothing when there is no row. Returns 0, ERR_NOMEM. */
int table_print(const struct table *t);
void table_fini(struct table *t);

#endif
