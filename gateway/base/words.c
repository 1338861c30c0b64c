/* Somebody else's text as words for a person. */
#include "gateway/base/words.h"

#include "gateway/base/buf.h"
#include "gateway/base/log.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of the character that begins here; 0: none does. */
static size_t
count_bytes(const unsigned char *p)
{
	size_t n = *p < 0x80   ? 1
	           : *p < 0xc2 ? 0
	           : *p < 0xe0 ? 2
	           : *p < 0xf0 ? 3
	           : *p < 0xf5 ? 4
	                       : 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* Of what a terminal obeys none has more bytes than three. */
static unsigned
decode(const unsigned char *p, size_t n)
{
	if (n == 2)
		return (p[0] & 0x1fU) << 6 | (p[1] & 0x3fU);
	if (n == 3)
		return (p[0] & 0xfU) << 12 | (p[1] & 0x3fU) << 6 |
		       (p[2] & 0x3fU);
	return n == 1 ? p[0] : 0;
}

unsigned
words_obeyed(const char *text, size_t *n)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned c;

	*n = count_bytes(p);
	c = decode(p, *n);
	return c < ' ' || (c >= 0x7f && c < 0xa0) ||
	                       (c >= 0x2028 && c <= 0x202e) ||
	                       (c >= 0x2066 && c <= 0x2069)
	               ? c
	               : 0;
}

void
words_clean(char *text)
{
	size_t n;

	for (char *p = text; *p; p += n) {
		if (words_obeyed(p, &n))
			memset(p, ' ', n);
		if (!n) {
			*p = '?';
			n = 1;
		}
	}
}

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
	words_clean(out);
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
