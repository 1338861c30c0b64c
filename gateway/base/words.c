/* Somebody else's text as words for a person. */
#include "gateway/base/words.h"

#include "gateway/base/buf.h"
#include "gateway/base/log.h"

#include <stdlib.h>
#include <string.h>

char *
words_copy(char *out, size_t size, const char *text)
{
	char *copy = text_dup(text);
	size_t n;

	out[0] = '\0';
	if (!copy)
		return out;
	log_redact(copy);
	n = strlen(copy);
	if (n >= size)
		n = size - 1;
	while (copy[n] && n > 0 && ((unsigned char)copy[n] & 0xC0) == 0x80)
		n--;
	memcpy(out, copy, n);
	out[n] = '\0';
	free(copy);
	for (char *p = out; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	return out;
}

size_t
words_distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	size_t row[WORDS_NEAR_MAX + 1];
	size_t diagonal;
	size_t best;

	n_a = n_a < WORDS_NEAR_MAX ? n_a : WORDS_NEAR_MAX;
	n_b = n_b < WORDS_NEAR_MAX ? n_b : WORDS_NEAR_MAX;
	for (size_t j = 0; j <= n_b; j++)
		row[j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n_b; j++) {
			best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n_b];
}
