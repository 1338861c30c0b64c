/*
 * Secret bytes: from `env:` or `file:`, never printed, wiped when freed.
 *
 * The one place that turns a reference into bytes, so that the one place that
 * knows them also tells the log to forbid them. stdio is avoided: its buffers
 * would keep a copy that nobody wipes.
 */
#include "gateway/base/secret.h"

#include "gateway/base/buf.h"
#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 65536 };

static const char env_prefix[] = "env:";
static const char file_prefix[] = "file:";

struct secret {
	size_t n;
	char text[]; /* n bytes and NUL */
};

static bool
starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static int
make(struct secret **out, const char *p, size_t n)
{
	struct secret *s;

	if (n == 0)
		return SECRET_EMPTY;
	s = malloc(sizeof(*s) + n + 1);
	if (!s)
		return err_raise(ERR_NOMEM, "secret");
	s->n = n;
	memcpy(s->text, p, n);
	s->text[n] = '\0';
	log_forbid(s->text);
	*out = s;
	return 0;
}

/* Length without the line end that editors and `echo` leave. */
static size_t
without_line_end(const char *p, size_t n)
{
	if (n && p[n - 1] == '\n')
		n--;
	if (n && p[n - 1] == '\r')
		n--;
	return n;
}

/* Bytes read, at most FILE_MAX_BYTES + 1; -1 when it cannot be read. */
static ssize_t
read_all(int fd, char *to)
{
	size_t n = 0;
	ssize_t got;

	while (n <= FILE_MAX_BYTES) {
		got = read(fd, to + n, FILE_MAX_BYTES + 1 - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

static int
load_file(struct secret **out, const char *path)
{
	char *bytes;
	ssize_t n;
	int fd;
	int r = SECRET_MISSING;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return SECRET_MISSING;
	bytes = malloc(FILE_MAX_BYTES + 1);
	if (!bytes) {
		r = err_raise(ERR_NOMEM, "secret");
		goto out;
	}
	n = read_all(fd, bytes);
	if (n >= 0 && n <= FILE_MAX_BYTES)
		r = make(out, bytes, without_line_end(bytes, (size_t)n));
	crypto_wipe(bytes, FILE_MAX_BYTES + 1);
out:
	free(bytes);
	(void)close(fd);
	return r;
}

static int
load_relative(struct secret **out, const char *path, const char *base_dir)
{
	char *full;
	int r;

	if (path[0] == '/')
		return load_file(out, path);
	full = text_format("%s/%s", base_dir ? base_dir : ".", path);
	if (!full)
		return err_raise(ERR_NOMEM, "path of a secret");
	r = load_file(out, full);
	free(full);
	return r;
}

int
secret_load(struct secret **out, const char *reference, const char *base_dir)
{
	const char *value;

	if (starts_with(reference, file_prefix))
		return load_relative(out, reference + strlen(file_prefix),
		                     base_dir);
	if (!starts_with(reference, env_prefix))
		return make(out, reference, strlen(reference));
	value = getenv(reference + strlen(env_prefix));
	if (!value)
		return SECRET_MISSING;
	return make(out, value, without_line_end(value, strlen(value)));
}

bool
secret_is_literal(const char *reference)
{
	return !starts_with(reference, env_prefix) &&
	       !starts_with(reference, file_prefix);
}

const char *
secret_text(const struct secret *s)
{
	return s->text;
}

size_t
secret_length(const struct secret *s)
{
	return s->n;
}

bool
secret_equals(const struct secret *s, const void *p, size_t n)
{
	return crypto_equal(s->text, s->n, p, n);
}

void
secret_free(struct secret *s)
{
	if (!s)
		return;
	crypto_wipe(s->text, s->n);
	free(s);
}
