/*
 * Query strings and form bodies: the first line is the name that is looked
 * for, the rest is what a stranger sent.
 */
#include "gateway/ports/http.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
look(const char *encoded, size_t n, const char *name, size_t size)
{
	char *out = malloc(size); /* to the byte, so that ASan sees one more */
	int r;

	assert(out);
	r = http_param(out, size, encoded, n, name);
	assert(r >= 0 && r <= HTTP_PARAM_MALFORMED);
	if (r == 0)
		assert(memchr(out, '\0', size) && strlen(out) <= n);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const uint8_t *end = n ? memchr(bytes, '\n', n) : NULL;
	size_t n_name = end ? (size_t)(end - bytes) : 0;
	size_t n_rest = end ? n - n_name - 1 : n;
	char *name = malloc(n_name + 1);
	char *rest = malloc(n_rest ? n_rest : 1);

	assert(name && rest);
	memcpy(name, bytes, n_name);
	name[n_name] = '\0';
	memcpy(rest, bytes + (n - n_rest), n_rest);
	look(rest, n_rest, name, 1);
	look(rest, n_rest, name, 16);
	look(rest, n_rest, name, 4096);
	free(rest);
	free(name);
	return 0;
}
