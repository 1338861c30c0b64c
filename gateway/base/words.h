#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include <stddef.h>

/*
 * Blanks, in place, for what a terminal obeys instead of showing it: control
 * characters, those of two bytes (U+0080 to U+009F) included, line ends
 * (U+2028, U+2029) and what turns the direction of a line (U+202A to U+202E,
 * U+2066 to U+2069). Bytes that are no UTF-8 become "?". Threads: any.
 *
 * Source   Unicode 15, table 23-1 and annex 9, section 2 (read 2026-11-22).
 */
void words_clean(char *text);

/* The character that text begins with, if it is one of those; else 0. *n: its
   bytes. */
unsigned words_obeyed(const char *text, size_t *n);

/*
 * Somebody else's text, such as a vendor's error, as words for a person:
 * registered secrets (log_forbid) replaced, cleaned as above, at most size - 1
 * bytes of whole characters. Redacted before it is cut, or half a
 * secret would pass. Returns out. Threads: any.
 */
char *words_copy(char *out, size_t size, const char *text);

/*
 * Single-character edits between two words, of which the first WORDS_NEAR_MAX
 * bytes count: what a misspelt one may have been meant to be. Threads: any.
 */
enum { WORDS_NEAR_MAX = 64 };
size_t words_distance(const char *a, size_t n_a, const char *b, size_t n_b);

#endif
