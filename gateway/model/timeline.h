#ifndef MODEL_TIMELINE_H
#define MODEL_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/buf.h"

/*
 * What happened to an item: one line for each step, with its time and cause,
 * for a person who asks why it shows what it shows. Nothing is decided by it.
 */
enum timeline_kind {
	TIMELINE_HOOK = 'h',    /* a call named it */
	TIMELINE_READ = 'r',    /* its balance was read at the authority */
	TIMELINE_FOUND = 'f',   /* a sync or a look found it different */
	TIMELINE_SALE = 's',    /* sold or returned at a channel */
	TIMELINE_ENTRY = 'e',   /* an entry of it changed its state */
	TIMELINE_EQUAL = 'q',   /* a channel shows what it should */
	TIMELINE_WRITTEN = 'w', /* a channel's count was written */
	TIMELINE_DRIFT = 'd',   /* … and had moved without a sale */
	TIMELINE_LEFT = 'l',    /* nothing was done, and why */
};

enum {
	TIMELINE_LINES_MAX = 40,   /* kept of an item */
	TIMELINE_TEXT_MAX = 200,   /* bytes; the rest is cut */
	TIMELINE_ACCOUNT_MAX = 64, /* with NUL */
};

struct timeline_line {
	int64_t at_ms;   /* wall clock; of the first, when it came n times */
	int64_t last_ms; /* of the last; the same when n is 1 */
	int64_t n;       /* how often in a row; >= 1 */
	enum timeline_kind kind;
	char account[TIMELINE_ACCOUNT_MAX];
	char text[TIMELINE_TEXT_MAX + 1]; /* for a person; may be "" */
};

/* Its word in an answer: "hook", "read", … Static. */
const char *timeline_kind_name(enum timeline_kind kind);

/* Fill a line that happened once; text is cut between characters, and what
   would part lines or fields becomes a blank. */
void timeline_line_set(struct timeline_line *out, int64_t at_ms,
                       enum timeline_kind kind, const char *account,
                       const char *text);

/* Do they say the same, but for the time? */
bool timeline_line_is_same(const struct timeline_line *a,
                           const struct timeline_line *b);

/*
 * As stored: `AT K ACCOUNT TEXT`, or `AT+PAST*N K ACCOUNT TEXT` for one that
 * came N times, the last of them PAST ms after the first.
 */
void timeline_line_format(struct buf *out, const struct timeline_line *line);

/* Returns 0 or TIMELINE_MALFORMED. */
enum { TIMELINE_MALFORMED = 1 };
int timeline_line_parse(struct timeline_line *out, const char *text);

/* Oldest first; of one moment, in the order they were noted. */
void timeline_sort(struct timeline_line *lines, size_t n);

#endif
