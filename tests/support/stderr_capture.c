/*
 * What a piece of code writes to stderr, as text.
 *
 * A file and not a pipe: nobody has to read while the code under test writes.
 */
#include "tests/support/stderr_capture.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

static char text[65537];
static FILE *file;
static int real_stderr = -1;

void
stderr_capture_begin(void)
{
	assert(real_stderr < 0);
	file = tmpfile();
	assert(file);
	fflush(stderr);
	real_stderr = dup(STDERR_FILENO);
	assert(real_stderr >= 0);
	assert(dup2(fileno(file), STDERR_FILENO) >= 0);
}

const char *
stderr_capture_end(void)
{
	size_t n;

	assert(real_stderr >= 0);
	assert(dup2(real_stderr, STDERR_FILENO) >= 0);
	close(real_stderr);
	real_stderr = -1;
	rewind(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}
