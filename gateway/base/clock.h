#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/*
 * Wall time, monotonic time, sleep; replaceable in tests.
 * Waits and ages are monotonic; the wall clock only labels things.
 */
enum { CLOCK_TEXT_SIZE = 32 };

/* Milliseconds since 1970-01-01T00:00Z. */
int64_t clock_wall_ms(void);

/* Milliseconds of a clock that nobody sets and that never goes back. Its zero is
   the machine's start, for all processes there. */
int64_t clock_mono_ms(void);

/* Sleep. Returns early on a signal. */
void clock_sleep_ms(int64_t ms);

/*
 * Use other clocks (tests only; not while threads run). NULL: the real one.
 */
void clock_replace(int64_t (*wall_ms)(void), int64_t (*mono_ms)(void));

/*
 * Format as RFC 3339 UTC with milliseconds: 2026-11-20T09:14:07.412Z.
 *
 * out  at least CLOCK_TEXT_SIZE bytes
 */
void clock_format(char *out, int64_t wall_ms);

/* What clock_parse returns when the text is no time. */
enum { CLOCK_MALFORMED = 1 };

/*
 * Parse RFC 3339 with any number of fractional digits and `Z` or an offset;
 * without a zone it counts as UTC when assume_utc is set, else MALFORMED.
 *
 * Returns 0, CLOCK_MALFORMED.
 */
int clock_parse(int64_t *out_ms, const char *text, int assume_utc);

#endif
