#ifndef CLI_PAINT_H
#define CLI_PAINT_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Colour, and lines that are drawn again: only where a person looks. That is a
 * terminal whose TERM is set and not "dumb"; colour wants NO_COLOR unset or
 * empty besides. Whatever is piped is text.
 */
enum paint {
	PAINT_PLAIN,
	PAINT_HEAD, /* a heading */
	PAINT_GOOD,
	PAINT_WARN,
	PAINT_BAD,
};

/* Is this stream a terminal that can be drawn on? */
bool paint_is_drawable(FILE *to);

/* How many columns it has; 80 when it does not say. */
int paint_columns(FILE *to);

/* What begins a colour on this stream; "" where there is none. Static. */
const char *paint_begin(FILE *to, enum paint paint);
const char *paint_end(FILE *to, enum paint paint);

/* The colour of an account's state, as in store_health.h. */
enum paint paint_of_state(const char *state);

/*
 * Columns that text takes on a terminal: none for a mark that combines, two for
 * a wide character (East Asian, pictures).
 *
 * Source   Unicode 15, annex 11 (read 2026-11-22).
 */
int paint_width(const char *text);

#endif
