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
