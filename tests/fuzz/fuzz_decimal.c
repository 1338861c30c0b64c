/*
 * Numbers from strangers: what is taken survives text and back, fits every
 * rounding, and is in order with its parts.
 */
#include "gateway/base/decimal.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct decimal
read_again(const char *text)
{
	struct decimal d = DECIMAL_ZERO;

	assert(decimal_parse(&d, text) == 0);
	return d;
}

static void
check(struct decimal d)
{
	char text[DECIMAL_TEXT_SIZE];
	int64_t cents;
	int places;

	assert(decimal_cmp(read_again(decimal_format(text, d)), d) == 0);
	for (places = 0; places <= DECIMAL_PLACES; places++) {
		struct decimal cut = decimal_round(d, places, DECIMAL_CUT);
		struct decimal floor = decimal_round(d, places, DECIMAL_FLOOR);
		struct decimal near = decimal_round(d, places, DECIMAL_HALF_UP);

		decimal_format_places(text, d, places);
		assert(decimal_cmp(read_again(text), cut) == 0);
		assert(decimal_cmp(floor, cut) <= 0);
		assert(decimal_cmp(floor, d) <= 0);
		assert(decimal_cmp(near, floor) >= 0);
		if (decimal_to_scaled(&cents, d, places) == 0)
			assert(decimal_cmp(decimal_of_scaled(cents, places),
			                   d) == 0);
	}
	if (!decimal_is_zero(d))
		assert(decimal_cmp(decimal_mul_div(d, d, d, DECIMAL_PLACES,
		                                   DECIMAL_CUT),
		                   d) == 0);
	assert(decimal_is_zero(decimal_sub(d, d)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct decimal d;

	if (decimal_nparse(&d, (const char *)p, n) == 0)
		check(d);
	return 0;
}
