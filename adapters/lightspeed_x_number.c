/*
 * Lightspeed X, numbers: the vendor reckons in doubles, so a 3 may come as
 * 2.9999999999999996 and a price with as many digits as there are. What is
 * finer than a decimal is cut from the text, which nothing is lost by: it is
 * rounded to fewer places afterwards.
 */
#include "adapters/lightspeed_x.h"

#include <stdlib.h>
#include <string.h>

enum {
	TEXT_MAX = 400,     /* longer ones are no numbers of theirs */
	EXPONENT_MAX = 400, /* of a double */
};

/* The parts of "-12.345e-6". */
struct parts {
	size_t n_whole; /* with its sign */
	size_t n_fraction;
	const char *fraction; /* behind the point */
	const char *exponent; /* with its "e"; "" */
};

static bool
take_apart(struct parts *out, const char *text)
{
	static const char digits[] = "0123456789";
	size_t n_sign = *text == '-';

	out->n_whole = n_sign + strspn(text + n_sign, digits);
	out->fraction = text + out->n_whole;
	if (*out->fraction == '.')
		out->fraction++;
	out->n_fraction = strspn(out->fraction, digits);
	out->exponent = out->fraction + out->n_fraction;
	return out->n_whole > n_sign && strlen(text) < TEXT_MAX &&
	       (*out->exponent == '\0' || *out->exponent == 'e' ||
	        *out->exponent == 'E');
}

/* Noise around nothing, such as 5.551115123125783e-17. */
static bool
is_next_to_nothing(const struct parts *parts)
{
	long exponent =
		*parts->exponent ? strtol(parts->exponent + 1, NULL, 10) : 0;

	return exponent > -EXPONENT_MAX && exponent < 0 &&
	       (long)parts->n_whole + exponent < -DECIMAL_PLACES;
}

/* As it is, or with as much of its fraction as a decimal holds. */
static int
parse(struct decimal *out, const char *text)
{
	char cut[TEXT_MAX];
	struct parts parts;

	if (decimal_parse(out, text) == 0)
		return 0;
	if (!take_apart(&parts, text))
		return JSON_WRONG_TYPE;
	for (size_t n = parts.n_fraction; n-- > 0;) {
		/* Without any digit the point goes too. */
		size_t n_kept = n ? parts.n_whole + 1 + n : parts.n_whole;

		memcpy(cut, text, n_kept);
		memcpy(cut + n_kept, parts.exponent,
		       strlen(parts.exponent) + 1);
		if (decimal_parse(out, cut) == 0)
			return 0;
	}
	if (!is_next_to_nothing(&parts))
		return JSON_WRONG_TYPE;
	*out = DECIMAL_ZERO;
	return 0;
}

int
lightspeed_x_get_number(struct decimal *out, const struct json_node *o,
                        const char *key, int places)
{
	const struct json_node *node = json_find(o, key);
	const char *text = json_text(node);
	int r;

	if (!node)
		return JSON_ABSENT;
	if (!text)
		text = json_number_text(node);
	r = text ? parse(out, text) : JSON_WRONG_TYPE;
	if (r == 0)
		*out = decimal_round(*out, places, DECIMAL_HALF_UP);
	return r;
}
