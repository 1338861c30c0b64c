/*
 * Exact quantities and money; no double anywhere.
 *
 * Text is limited to 10^18 whole units. Results may be ten times larger, so
 * that every int64 is a value and a few sums stay inside; beyond that is a
 * bug. A product of two values has up to 187 bits and a divisor up to 123:
 * both go through one 256-by-128-bit division, rounded once.
 */
#include "gateway/base/decimal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 uwide;

enum {
	N_DIGITS_MAX = 28,    /* of units of the largest text, 10^27 */
	N_DIVISOR_BITS = 126, /* so that a remainder can be doubled */
};

static uwide
power_of_ten(int n)
{
	uwide p = 1;

	while (n-- > 0)
		p *= 10;
	return p;
}

/* Largest magnitude of text, and of any result. */
#define TEXT_MAX   (power_of_ten(18 + DECIMAL_PLACES))
#define RESULT_MAX (power_of_ten(19 + DECIMAL_PLACES))

static uwide
magnitude(wide n)
{
	return n < 0 ? -(uwide)n : (uwide)n;
}

static struct decimal
make(uwide units, bool is_negative)
{
	struct decimal d;

	assert(units <= RESULT_MAX);
	d.units = is_negative ? -(wide)units : (wide)units;
	return d;
}

/* Reading ---------------------------------------------------------------- */

/* The digits of a number without their zeros at either end. */
struct digits {
	uwide value;
	int n;              /* digits in value */
	long long exponent; /* the number is value * 10^exponent */
	bool is_too_long;
};

struct reader {
	const char *at;
	const char *end;
};

static bool
next_digit(struct reader *r, int *digit)
{
	if (r->at == r->end || *r->at < '0' || *r->at > '9')
		return false;
	*digit = *r->at++ - '0';
	return true;
}

/* Zeros are held back (in exponent) until a digit shows that they count. */
static void
add_digit(struct digits *d, int digit)
{
	long long n_new = d->exponent + 1;

	if (digit == 0) {
		if (d->n)
			d->exponent++;
		return;
	}
	if (d->n == 0)
		n_new = 1;
	if (n_new > N_DIGITS_MAX - d->n) {
		d->is_too_long = true;
		return;
	}
	d->value = d->value * power_of_ten((int)n_new) + (unsigned)digit;
	d->n += (int)n_new;
	d->exponent = 0;
}

/* Digits with an optional fraction; false when one of them is empty. */
static bool
read_digits(struct reader *r, struct digits *d)
{
	long long n_fraction = 0;
	int digit;

	if (!next_digit(r, &digit))
		return false;
	do
		add_digit(d, digit);
	while (next_digit(r, &digit));
	if (r->at < r->end && *r->at == '.') {
		r->at++;
		if (!next_digit(r, &digit))
			return false;
		do {
			add_digit(d, digit);
			n_fraction++;
		} while (next_digit(r, &digit));
	}
	d->exponent -= n_fraction;
	return true;
}

static bool
read_exponent(struct reader *r, struct digits *d)
{
	const long long far = 1000000000000;
	long long n = 0;
	bool is_negative = false;
	int digit;

	if (r->at == r->end || (*r->at != 'e' && *r->at != 'E'))
		return true;
	r->at++;
	if (r->at < r->end && (*r->at == '-' || *r->at == '+'))
		is_negative = *r->at++ == '-';
	if (!next_digit(r, &digit))
		return false;
	do {
		if (n < far)
			n = n * 10 + digit;
	} while (next_digit(r, &digit));
	d->exponent += is_negative ? -n : n;
	return true;
}

int
decimal_nparse(struct decimal *out, const char *text, size_t n)
{
	struct reader r = { text, text + n };
	struct digits d = { 0 };
	bool is_negative = false;
	uwide units;

	if (r.at < r.end && *r.at == '-') {
		is_negative = true;
		r.at++;
	}
	if (!read_digits(&r, &d) || !read_exponent(&r, &d) || r.at != r.end ||
	    d.is_too_long)
		return DECIMAL_MALFORMED;
	if (d.n == 0) {
		*out = DECIMAL_ZERO;
		return 0;
	}
	d.exponent += DECIMAL_PLACES;
	if (d.exponent < 0 || d.exponent > N_DIGITS_MAX - d.n)
		return DECIMAL_MALFORMED;
	units = d.value * power_of_ten((int)d.exponent);
	if (units > TEXT_MAX)
		return DECIMAL_MALFORMED;
	*out = make(units, is_negative);
	return 0;
}

int
decimal_parse(struct decimal *out, const char *text)
{
	return decimal_nparse(out, text, strlen(text));
}

/* Writing ---------------------------------------------------------------- */

char *
decimal_format_places(char out[DECIMAL_TEXT_SIZE], struct decimal d, int places)
{
	const uwide one = power_of_ten(DECIMAL_PLACES);
	uwide units = magnitude(d.units);
	uwide cut;
	bool is_negative;
	int n;

	assert(places >= 0 && places <= DECIMAL_PLACES);
	assert(units <= RESULT_MAX);
	cut = power_of_ten(DECIMAL_PLACES - places);
	units -= units % cut;
	is_negative = d.units < 0 && units != 0; /* no "-0.00" */
	n = snprintf(out, DECIMAL_TEXT_SIZE, "%s%llu", is_negative ? "-" : "",
	             (unsigned long long)(units / one));
	if (places)
		(void)snprintf(out + n, DECIMAL_TEXT_SIZE - (size_t)n,
		               ".%0*llu", places,
		               (unsigned long long)(units % one / cut));
	return out;
}

char *
decimal_format(char out[DECIMAL_TEXT_SIZE], struct decimal d)
{
	size_t n;

	decimal_format_places(out, d, DECIMAL_PLACES);
	n = strlen(out);
	while (out[n - 1] == '0')
		n--;
	if (out[n - 1] == '.')
		n--;
	out[n] = '\0';
	return out;
}

/* Arithmetic ------------------------------------------------------------- */

struct decimal
decimal_of(int64_t whole)
{
	return decimal_of_scaled(whole, 0);
}

struct decimal
decimal_of_scaled(int64_t n, int places)
{
	assert(places >= 0 && places <= DECIMAL_PLACES);
	return make(magnitude(n) * power_of_ten(DECIMAL_PLACES - places),
	            n < 0);
}

struct decimal
decimal_add(struct decimal a, struct decimal b)
{
	wide sum = a.units + b.units;

	return make(magnitude(sum), sum < 0);
}

struct decimal
decimal_sub(struct decimal a, struct decimal b)
{
	return decimal_add(a, decimal_neg(b));
}

struct decimal
decimal_neg(struct decimal a)
{
	a.units = -a.units;
	return a;
}

struct product {
	uwide high;
	uwide low;
};

/* Schoolbook, with digits of 64 bits. */
static struct product
multiply(uwide a, uwide b)
{
	const uwide mask = UINT64_MAX;
	uwide ll = (a & mask) * (b & mask);
	uwide lh = (a & mask) * (b >> 64);
	uwide hl = (a >> 64) * (b & mask);
	uwide hh = (a >> 64) * (b >> 64);
	uwide middle = (ll >> 64) + (lh & mask) + (hl & mask);
	struct product p;

	p.low = (ll & mask) | middle << 64;
	p.high = hh + (lh >> 64) + (hl >> 64) + (middle >> 64);
	return p;
}

/* p / by, and the remainder. The quotient must fit in 128 bits. */
static uwide
divide(struct product p, uwide by, uwide *remainder)
{
	uwide quotient = 0;
	uwide rest = p.high;
	int bit;

	assert(by != 0 && by >> N_DIVISOR_BITS == 0);
	assert(p.high < by);
	if (p.high == 0) {
		*remainder = p.low % by;
		return p.low / by;
	}
	for (bit = 127; bit >= 0; bit--) {
		rest = rest << 1 | (p.low >> bit & 1);
		quotient <<= 1;
		if (rest >= by) {
			rest -= by;
			quotient |= 1;
		}
	}
	*remainder = rest;
	return quotient;
}

static bool
rounds_away(uwide remainder, uwide by, bool is_negative,
            enum decimal_round mode)
{
	switch (mode) {
	case DECIMAL_CUT: return false;
	case DECIMAL_HALF_UP: return remainder * 2 >= by;
	case DECIMAL_FLOOR: return is_negative && remainder != 0;
	}
	assert(false); /* no such rounding */
	return false;
}

/* a * b / c in units, rounded once to `places` digits after the point. */
static struct decimal
scale(wide a, wide b, wide c, int places, enum decimal_round mode)
{
	bool is_negative = (a < 0) ^ (b < 0) ^ (c < 0);
	uwide step;
	uwide by;
	uwide quotient;
	uwide remainder;

	assert(places >= 0 && places <= DECIMAL_PLACES);
	assert(c != 0);
	assert(magnitude(a) <= RESULT_MAX && magnitude(b) <= RESULT_MAX &&
	       magnitude(c) <= RESULT_MAX);
	step = power_of_ten(DECIMAL_PLACES - places);
	by = magnitude(c) * step;
	quotient = divide(multiply(magnitude(a), magnitude(b)), by, &remainder);
	if (rounds_away(remainder, by, is_negative, mode))
		quotient++;
	assert(quotient <= RESULT_MAX / step);
	return make(quotient * step, is_negative);
}

struct decimal
decimal_mul(struct decimal a, struct decimal b, int places,
            enum decimal_round mode)
{
	return scale(a.units, b.units, decimal_of(1).units, places, mode);
}

struct decimal
decimal_mul_div(struct decimal a, struct decimal b, struct decimal c,
                int places, enum decimal_round mode)
{
	return scale(a.units, b.units, c.units, places, mode);
}

struct decimal
decimal_round(struct decimal a, int places, enum decimal_round mode)
{
	return scale(a.units, 1, 1, places, mode);
}

int
decimal_cmp(struct decimal a, struct decimal b)
{
	return (a.units > b.units) - (a.units < b.units);
}

bool
decimal_is_zero(struct decimal a)
{
	return a.units == 0;
}

bool
decimal_is_negative(struct decimal a)
{
	return a.units < 0;
}

struct decimal
decimal_max(struct decimal a, struct decimal b)
{
	return decimal_cmp(a, b) < 0 ? b : a;
}

int
decimal_to_scaled(int64_t *out, struct decimal a, int places)
{
	wide step;
	wide n;

	assert(places >= 0 && places <= DECIMAL_PLACES);
	step = (wide)power_of_ten(DECIMAL_PLACES - places);
	n = a.units / step;
	if (a.units % step || n < INT64_MIN || n > INT64_MAX)
		return DECIMAL_MALFORMED;
	*out = (int64_t)n;
	return 0;
}
