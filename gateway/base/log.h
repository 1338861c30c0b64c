#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

/*
 * One line per event on stderr:
 *
 *   2026-11-20T09:14:07.412Z info push.done account=agora items=12 took_ms=184
 *
 * The event is `noun.verb` and stable. Fields are `key=value` with the unit in
 * the key; the only free text is why="…", made with LOG_WHY, which is quoted
 * and cut. Never a body, header, token, person's name or address: strings
 * registered with log_forbid() are replaced wherever they would appear, as a
 * second net under the first. One write(2) per line; errno is kept.
 */
enum log_level {
	LOG_ERROR, /* a person must act */
	LOG_WARN,  /* degraded and healing itself */
	LOG_INFO,  /* one line per change of state */
	LOG_DEBUG, /* off by default */
};

#define log_error(event, ...) log_at(LOG_ERROR, (event), __VA_ARGS__)
#define log_warn(event, ...)  log_at(LOG_WARN, (event), __VA_ARGS__)
#define log_info(event, ...)  log_at(LOG_INFO, (event), __VA_ARGS__)
#define log_debug(event, ...) log_at(LOG_DEBUG, (event), __VA_ARGS__)

/*
 * Write one line.
 *
 * event   noun.verb; static text
 * format  the fields; text from outside goes through `why=%s` with log_quote
 *
 * Threads  any. Line breaks and control characters become blanks.
 */
void log_at(enum log_level level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Quote text from outside for a why= field: quotes and control characters
 * escaped, at most 300 bytes.
 *
 * Returns  text in a ring of eight buffers of the calling thread: valid until
 *          the eighth call after it. text may be NULL: "".
 */
const char *log_quote(const char *text);

/* Lowest level that is written; LOG_INFO at start. Threads: any. */
void log_set_level(enum log_level level);
bool log_is_on(enum log_level level);

/*
 * Register a secret that must never appear in a line. Strings shorter than 6
 * bytes are ignored (they would hide ordinary words). Copied; kept until it was
 * taken back as often. Threads: any.
 */
void log_forbid(const char *secret);

/* Take back one log_forbid of a secret that is worth nothing any more: the last
   one ends it. For tokens, of which there are new ones for ever. NULL is fine.
   Threads: any. */
void log_forgive(const char *secret);

/* Replace every forbidden string in text by `***`, in place. Threads: any. */
void log_redact(char *text);

#endif
