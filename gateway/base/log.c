/*
 * One line per event on stderr, `key=value`, secrets impossible.
 *
 * Not a logging framework: one target, no rotation, no threads of its own. A
 * line is built in full, stripped of every forbidden string while it is still
 * whole (a cut could leave half a secret that no longer matches), then cut and
 * written with one write(2). No lock is held while writing.
 */
#include "gateway/base/log.h"

#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	LINE_SIZE = 1024,      /* longer lines are built on the heap */
	LINE_MAX_BYTES = 4096, /* one write to a pipe stays whole: PIPE_BUF */
	QUOTE_MAX = 300,
	QUOTE_RING = 8,
	FORBID_MIN = 6,
};

static const char stars[] = "***";
static const char *const level_names[] = { "error", "warn", "info", "debug" };

static atomic_int lowest = LOG_INFO;

/* Guards the list of forbidden strings; readers are lines being built. */
static pthread_rwlock_t forbidden_lock = PTHREAD_RWLOCK_INITIALIZER;
static struct forbidden {
	char *text;  /* owned */
	size_t uses; /* log_forbid less log_forgive; > 0 */
} * forbidden;
static size_t n_forbidden;

/* Length of the longest forbidden string that starts here, or 0. */
static size_t
match_at(const char *text)
{
	size_t longest = 0;
	size_t n;
	size_t i;

	for (i = 0; i < n_forbidden; i++) {
		if (forbidden[i].text[0] != text[0])
			continue;
		n = strlen(forbidden[i].text);
		if (n > longest && strncmp(text, forbidden[i].text, n) == 0)
			longest = n;
	}
	return longest;
}

/* Bytes from here that forbidden strings cover, overlapping ones too. */
static size_t
covered_at(const char *text)
{
	size_t end = match_at(text);
	size_t n;
	size_t i;

	for (i = 1; i < end; i++) {
		n = match_at(text + i);
		if (n && i + n > end)
			end = i + n;
	}
	return end;
}

static void
redact_locked(char *text)
{
	const char *from = text;
	char *to = text;
	size_t n;

	while (*from) {
		n = covered_at(from);
		if (n) {
			memcpy(to, stars, sizeof(stars) - 1);
			to += sizeof(stars) - 1;
			from += n;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

static bool
is_control(char c)
{
	unsigned char u = (unsigned char)c;

	return u < 0x20 || u == 0x7f;
}

/* End the line at n bytes or earlier, without splitting a UTF-8 character. */
static size_t
cut_at(const char *text, size_t n)
{
	while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* Redact, flatten, cut, add the line end, write. line has one byte spare. */
static void
finish_line(char *line, size_t n_head)
{
	size_t n;
	size_t i;

	log_redact(line + n_head);
	n = strlen(line);
	if (n > LINE_MAX_BYTES - 1)
		n = cut_at(line, LINE_MAX_BYTES - 1);
	for (i = 0; i < n; i++)
		if (is_control(line[i]))
			line[i] = ' ';
	while (n && line[n - 1] == ' ')
		n--;
	line[n++] = '\n';
	/* A log that cannot be written has nobody left to tell. */
	while (write(STDERR_FILENO, line, n) < 0 && errno == EINTR)
		continue;
}

static size_t
start_line(char *line, size_t size, enum log_level level, const char *event)
{
	char now[CLOCK_TEXT_SIZE];
	int n;

	clock_format(now, clock_wall_ms());
	n = snprintf(line, size, "%s %s %.64s ", now, level_names[level],
	             event);
	return n < 0 ? 0 : (size_t)n;
}

void
log_at(enum log_level level, const char *event, const char *format, ...)
{
	char small[LINE_SIZE];
	char *line = small;
	size_t n_head;
	size_t room;
	va_list args;
	int saved = errno;
	int n;

	if (!log_is_on(level))
		return;
	n_head = start_line(small, sizeof(small), level, event);
	room = sizeof(small) - n_head - 1;
	va_start(args, format);
	n = vsnprintf(small + n_head, room, format, args);
	va_end(args);
	if (n < 0) {
		small[n_head] = '\0';
	} else if ((size_t)n >= room) {
		room = (size_t)n + 1;
		line = malloc(n_head + room + 1);
		if (line) {
			memcpy(line, small, n_head);
			va_start(args, format);
			(void)vsnprintf(line + n_head, room, format, args);
			va_end(args);
		} else {
			line = small;
			(void)snprintf(small + n_head, sizeof(small) - n_head,
			               "why=\"line lost: out of memory\"");
		}
	}
	finish_line(line, n_head);
	if (line != small)
		free(line);
	errno = saved;
}

/* One byte of outside text as it stands between quotes; returns its length. */
static size_t
escape(char out[8], char c)
{
	if (c == '"' || c == '\\')
		return (size_t)snprintf(out, 8, "\\%c", c);
	if (c == '\n')
		return (size_t)snprintf(out, 8, "\\n");
	if (c == '\r')
		return (size_t)snprintf(out, 8, "\\r");
	if (c == '\t')
		return (size_t)snprintf(out, 8, "\\t");
	if (is_control(c))
		return (size_t)snprintf(out, 8, "\\x%02x",
		                        (unsigned)(unsigned char)c);
	out[0] = c;
	return 1;
}

/* Forbidden strings go first: escaping or cutting could disguise them. */
static void
quote_locked(char *out, const char *text)
{
	static const char more[] = "...";
	const size_t room = QUOTE_MAX - 1 - (sizeof(more) - 1);
	char piece[8];
	size_t n = 0;
	size_t n_piece;
	size_t n_text;

	out[n++] = '"';
	while (*text) {
		n_text = covered_at(text);
		if (n_text) {
			n_piece = sizeof(stars) - 1;
			memcpy(piece, stars, n_piece);
		} else {
			n_piece = escape(piece, *text);
			n_text = 1;
		}
		if (n + n_piece > room)
			break;
		memcpy(out + n, piece, n_piece);
		n += n_piece;
		text += n_text;
	}
	if (*text) {
		if (((unsigned char)*text & 0xc0) == 0x80) {
			out[n] = *text;
			n = cut_at(out, n);
		}
		memcpy(out + n, more, sizeof(more) - 1);
		n += sizeof(more) - 1;
	}
	out[n++] = '"';
	out[n] = '\0';
}

const char *
log_quote(const char *text)
{
	static _Thread_local char ring[QUOTE_RING][QUOTE_MAX + 1];
	static _Thread_local unsigned turn;
	char *out = ring[turn++ % QUOTE_RING];

	(void)pthread_rwlock_rdlock(&forbidden_lock);
	quote_locked(out, text ? text : "");
	(void)pthread_rwlock_unlock(&forbidden_lock);
	return out;
}

void
log_set_level(enum log_level level)
{
	atomic_store_explicit(&lowest, (int)level, memory_order_relaxed);
}

bool
log_is_on(enum log_level level)
{
	return (int)level <=
	       atomic_load_explicit(&lowest, memory_order_relaxed);
}

/* NULL: not among them. */
static struct forbidden *
find_locked(const char *secret)
{
	size_t i;

	for (i = 0; i < n_forbidden; i++)
		if (strcmp(forbidden[i].text, secret) == 0)
			return &forbidden[i];
	return NULL;
}

void
log_forbid(const char *secret)
{
	size_t n = secret ? strlen(secret) : 0;
	struct forbidden *more;
	char *copy;

	if (n < FORBID_MIN)
		return;
	(void)pthread_rwlock_wrlock(&forbidden_lock);
	more = find_locked(secret);
	if (more) {
		more->uses++;
	} else {
		copy = malloc(n + 1);
		more = realloc(forbidden, (n_forbidden + 1) * sizeof(*more));
		if (more)
			forbidden = more;
		if (more && copy) {
			memcpy(copy, secret, n + 1);
			forbidden[n_forbidden++] =
				(struct forbidden){ copy, 1 };
		} else {
			free(copy);
		}
	}
	(void)pthread_rwlock_unlock(&forbidden_lock);
	/* cppcheck-suppress memleak ; copy is in the list, or freed */
}

void
log_forgive(const char *secret)
{
	struct forbidden *f;

	if (!secret)
		return;
	(void)pthread_rwlock_wrlock(&forbidden_lock);
	f = find_locked(secret);
	if (f && --f->uses == 0) {
		crypto_wipe(f->text, strlen(f->text));
		free(f->text);
		*f = forbidden[--n_forbidden];
	}
	(void)pthread_rwlock_unlock(&forbidden_lock);
}

void
log_redact(char *text)
{
	(void)pthread_rwlock_rdlock(&forbidden_lock);
	redact_locked(text);
	(void)pthread_rwlock_unlock(&forbidden_lock);
}
