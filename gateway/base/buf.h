#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A growing byte buffer whose error sticks and is asked for once, at the end.
 * Always NUL-terminated behind its n bytes, so text built in it can be used as
 * a C string. Zeroed memory is an empty buffer.
 */
struct buf {
	char *p;        /* owned; NULL while empty */
	size_t n;       /* bytes used, without the terminating NUL */
	size_t cap;     /* bytes allocated */
	size_t max;     /* refuse to grow beyond; 0: no limit */
	bool is_broken; /* an append failed (memory or max); contents unusable */
};

#define BUF_INIT \
	{ \
		0 \
	}

void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, const char *text);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Text as it must stand inside HTML text or a quoted attribute. */
void buf_add_html(struct buf *b, const char *text);

/* Percent-encode all but RFC 3986 unreserved characters. */
void buf_add_url(struct buf *b, const char *text);

/* Returns 0, or ERR_NOMEM when any append since the last reset failed. */
int buf_check(const struct buf *b);

/* The text, never NULL ("" while empty). Borrowed until the next change. */
const char *buf_text(const struct buf *b);

/* Hand the bytes to the caller (free() them); the buffer is empty again. */
char *buf_steal(struct buf *b);

/* Empty it, keep the memory, forget the error. */
void buf_reset(struct buf *b);

/* Release. Safe on zeroed memory, may run twice. */
void buf_fini(struct buf *b);

/* strdup and friend that treat NULL as NULL; NULL also when out of memory. */
char *text_dup(const char *text);
char *text_ndup(const char *text, size_t n);

/* A new string from a format; NULL when out of memory. */
char *text_format(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif
