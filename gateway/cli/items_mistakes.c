/* What is wrong with a file, line by line. */
#include "gateway/cli/items_mistakes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/base/buf.h"
#include "gateway/cli/cli.h"

enum { CAP_FIRST = 16 };

static bool
has_room(struct mistakes *m)
{
	size_t cap = m->cap ? m->cap * 2 : CAP_FIRST;
	struct mistake *grown;

	if (m->n < m->cap)
		return true;
	grown = realloc(m->list, cap * sizeof(*grown));
	if (!grown)
		return false;
	m->list = grown;
	m->cap = cap;
	return true;
}

void
mistakes_add(struct mistakes *m, size_t line, const char *format, ...)
{
	char text[512]; /* a longer one ends there: a person reads it */
	char *copy;
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	copy = text_dup(text);
	if (!copy || !has_room(m)) {
		free(copy);
		m->is_broken = true;
		return;
	}
	m->list[m->n] = (struct mistake){ line, m->n, copy };
	m->n++;
}

static int
by_line(const void *a, const void *b)
{
	const struct mistake *x = a;
	const struct mistake *y = b;

	if (x->line != y->line)
		return x->line > y->line ? 1 : -1;
	return (x->order > y->order) - (x->order < y->order);
}

void
mistakes_sort(struct mistakes *m)
{
	if (m->n)
		qsort(m->list, m->n, sizeof(*m->list), by_line);
}

bool
mistakes_has(const struct mistakes *m, size_t line)
{
	size_t low = 0;
	size_t high = m->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->list[middle].line == line)
			return true;
		if (m->list[middle].line < line)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

size_t
mistakes_lines(const struct mistakes *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += !i || m->list[i].line != m->list[i - 1].line;
	return n;
}

void
mistakes_print(const struct mistakes *m, const char *path)
{
	for (size_t i = 0; i < m->n; i++)
		cli_line_to(stderr, "%s:%zu: %s", path, m->list[i].line,
		            m->list[i].text);
}

void
mistakes_fini(struct mistakes *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->list[i].text);
	free(m->list);
	*m = (struct mistakes){ .list = NULL };
}
