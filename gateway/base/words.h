#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include <stddef.h>

/*
 * Somebody else's text, such as a vendor's error, as words for a person:
 * registered secrets (log_forbid) replaced, no control characters, at most
 * size - 1 bytes of whole characters. Redacted before it is cut, or half a
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
