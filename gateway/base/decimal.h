#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Exact quantities and money; no double anywhere.
 *
 * A value is units / 10^DECIMAL_PLACES in 128 bits. Nine places hold Square's
 * five, Galaxy's prices and every cent; text is limited to ±10^18 whole units,
 * results to ten times that, so that every int64 is a value too.
 */
enum {
	DECIMAL_PLACES = 9,
	DECIMAL_TEXT_SIZE = 48, /* room for any value as text, with NUL */
	DECIMAL_MALFORMED = 1,  /* condition: no number, or too fine, too big */
};

struct decimal {
	__extension__ __int128 units;
};

enum decimal_round {
	DECIMAL_CUT,     /* toward zero */
	DECIMAL_HALF_UP, /* halves away from zero */
	DECIMAL_FLOOR,   /* toward minus infinity */
};

#define DECIMAL_ZERO ((struct decimal){ 0 })

/*
 * Parse JSON number or plain decimal text: `-12.50`, `1e3`, `0.1000`.
 * No blanks, no leading plus. More than nine significant places after the
 * point is MALFORMED, trailing zeros beyond that are not.
 *
 * Returns 0 or DECIMAL_MALFORMED.
 */
int decimal_parse(struct decimal *out, const char *text);
int decimal_nparse(struct decimal *out, const char *text, size_t n);

/* Shortest plain text: `12.5`, `0`, `-3`. Returns out. */
char *decimal_format(char out[DECIMAL_TEXT_SIZE], struct decimal d);

/* Exactly `places` (0..9) digits after the point; cut toward zero. */
char *decimal_format_places(char out[DECIMAL_TEXT_SIZE], struct decimal d,
                            int places);

struct decimal decimal_of(int64_t whole);

/* n / 10^places, e.g. cents with places 2. */
struct decimal decimal_of_scaled(int64_t n, int places);

/*
 * Arithmetic saturates nowhere: overflow beyond the range is an assert, as
 * every input passed decimal_parse's limits and counts are bounded.
 */
struct decimal decimal_add(struct decimal a, struct decimal b);
struct decimal decimal_sub(struct decimal a, struct decimal b);
struct decimal decimal_neg(struct decimal a);

/* a * b, rounded to `places` digits after the point. */
struct decimal decimal_mul(struct decimal a, struct decimal b, int places,
                           enum decimal_round mode);

/* a * b / c exactly, then rounded once; c must not be zero. */
struct decimal decimal_mul_div(struct decimal a, struct decimal b,
                               struct decimal c, int places,
                               enum decimal_round mode);

struct decimal decimal_round(struct decimal a, int places,
                             enum decimal_round mode);

/* <0, 0, >0. */
int decimal_cmp(struct decimal a, struct decimal b);
bool decimal_is_zero(struct decimal a);
bool decimal_is_negative(struct decimal a);
struct decimal decimal_max(struct decimal a, struct decimal b);

/*
 * As a whole number times 10^places (cents: 2).
 * Returns 0, or DECIMAL_MALFORMED when digits would be lost or it is too big.
 */
int decimal_to_scaled(int64_t *out, struct decimal a, int places);

#endif
