/* Rows with columns as wide as what is in them. */
#include "gateway/cli/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/buf.h"
#include "gateway/base/err.h"
#include "gateway/base/words.h"

enum {
	CAP_FIRST = 64,
	GAP = 2,
	NOTE_INDENT = 4,
	COLUMNS_MAX = 16,
	CUT_ROOM = 4,
	NAME_MAX_BYTES = TABLE_NAME_MAX * 8
};

void
table_init(struct table *t, const struct table_column *columns,
           size_t n_columns, int indent)
{
	*t = (struct table){ .columns = columns,
		             .n_columns = n_columns,
		             .indent = indent };
}

static bool
has_room(struct table *t)
{
	size_t cap = t->cap ? t->cap * 2 : CAP_FIRST;
	struct table_cell *grown;

	if (t->n < t->cap)
		return true;
	grown = realloc(t->cells, cap * sizeof(*grown));
	if (!grown)
		return false;
	t->cells = grown;
	t->cap = cap;
	return true;
}

/* Whole characters, with the sign of what is missing. */
static void
cut(char *text)
{
	static const char more[] = "…";
	size_t n = strlen(text);
	bool is_cut = n > NAME_MAX_BYTES;
	char *end = text + (is_cut ? NAME_MAX_BYTES : n);

	*end = '\0'; /* in the middle of a character, which goes as well */
	while (paint_width(text) > TABLE_NAME_MAX - is_cut) {
		do
			end--;
		while (end > text && ((unsigned char)*end & 0xc0) == 0x80);
		*end = '\0';
		is_cut = true;
	}
	if (is_cut)
		memcpy(end, more, sizeof(more));
}

__attribute__((format(printf, 4, 0))) static void
add(struct table *t, enum paint paint, bool is_note, const char *format,
    va_list ap)
{
	va_list again;
	char *text = NULL;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (n >= 0 && (!is_note || n > 0))
		text = malloc((size_t)n + CUT_ROOM);
	if (is_note && !n)
		return;
	if (!text || !has_room(t)) {
		free(text);
		t->is_broken = true;
		return;
	}
	(void)vsnprintf(text, (size_t)n + 1, format, ap);
	words_clean(text);
	if (!is_note && t->columns[t->n_cells % t->n_columns].is_name)
		cut(text);
	t->n_cells += !is_note;
	t->cells[t->n++] = (struct table_cell){ text, paint, is_note };
}

void
table_add(struct table *t, enum paint paint, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(t, paint, false, format, ap);
	va_end(ap);
}

void
table_note(struct table *t, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(t, PAINT_PLAIN, true, format, ap);
	va_end(ap);
}

/* ---- printing ---- */

static void
measure(const struct table *t, int widths[COLUMNS_MAX])
{
	size_t column = 0;

	for (size_t i = 0; i < t->n_columns; i++)
		widths[i] = t->columns[i].title
		                    ? paint_width(t->columns[i].title)
		                    : 0;
	for (size_t i = 0; i < t->n; i++) {
		int n;

		if (t->cells[i].is_note)
			continue;
		n = paint_width(t->cells[i].text);
		if (n > widths[column])
			widths[column] = n;
		column = (column + 1) % t->n_columns;
	}
}

/* Blanks are put before text only, so that no line ends with some. */
static void
put_cell(const struct table *t, size_t column, const struct table_cell *cell,
         const int widths[COLUMNS_MAX], int *blanks)
{
	bool is_right = t->columns[column].is_right;
	int fill = widths[column] - paint_width(cell->text);

	*blanks += is_right ? fill : 0;
	if (*cell->text) {
		(void)printf("%*s%s%s%s", *blanks, "",
		             paint_begin(stdout, cell->paint), cell->text,
		             paint_end(stdout, cell->paint));
		*blanks = 0;
	}
	*blanks += GAP + (is_right ? 0 : fill);
	if (column + 1 < t->n_columns)
		return;
	(void)putchar('\n');
	*blanks = t->indent;
}

static void
put_head(const struct table *t, const int widths[COLUMNS_MAX])
{
	int blanks = t->indent;

	for (size_t i = 0; t->columns[0].title && i < t->n_columns; i++) {
		char *title = text_dup(t->columns[i].title);
		const struct table_cell cell = { title, PAINT_HEAD, false };

		if (title)
			put_cell(t, i, &cell, widths, &blanks);
		free(title);
	}
}

int
table_print(const struct table *t)
{
	int widths[COLUMNS_MAX];
	size_t column = 0;
	int blanks = t->indent;

	if (t->is_broken)
		return err_raise(ERR_NOMEM, "why=%s", "table");
	if (!t->n)
		return 0;
	measure(t, widths);
	put_head(t, widths);
	for (size_t i = 0; i < t->n; i++) {
		const struct table_cell *c = &t->cells[i];

		if (c->is_note) {
			(void)printf("%*s%s\n", t->indent + NOTE_INDENT, "",
			             c->text);
			continue;
		}
		put_cell(t, column, c, widths, &blanks);
		column = (column + 1) % t->n_columns;
	}
	return 0;
}

void
table_fini(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i].text);
	free(t->cells);
	*t = (struct table){ .cells = NULL };
}
