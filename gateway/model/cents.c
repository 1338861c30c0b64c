/*
 * Whole cents of a sale's lines; see cents.h.
 */
#include "gateway/model/cents.h"

#include <string.h>

enum { MONEY_PLACES = 2 };

static struct decimal
to_cents(struct decimal d)
{
	return decimal_round(d, MONEY_PLACES, DECIMAL_HALF_UP);
}

static struct decimal
size_of(struct decimal d)
{
	return decimal_max(d, decimal_neg(d));
}

static bool
are_known(const struct sale *sale)
{
	for (size_t i = 0; i < sale->n_lines; i++)
		if (!sale->lines[i].has_gross || !sale->lines[i].uid)
			return false;
	return sale->n_lines > 0;
}

/* By uid, and by place where two have the same. */
static bool
is_before(const struct sale_line *a, const struct sale_line *b)
{
	int order = strcmp(a->uid, b->uid);

	return order < 0 || (order == 0 && a < b);
}

/* The first behind `last`; NULL: there is none. */
static struct sale_line *
next_line(const struct sale *sale, const struct sale_line *last)
{
	struct sale_line *next = NULL;

	for (size_t i = 0; i < sale->n_lines; i++) {
		struct sale_line *line = &sale->lines[i];

		if ((!last || is_before(last, line)) &&
		    (!next || is_before(line, next)))
			next = line;
	}
	return next;
}

/* What the lines lack is put on the one that shows it least. */
static void
give_rest(struct sale *sale, struct decimal rest)
{
	struct sale_line *largest = NULL;

	for (struct sale_line *l = next_line(sale, NULL); l;
	     l = next_line(sale, l))
		if (!largest ||
		    decimal_cmp(size_of(l->gross), size_of(largest->gross)) > 0)
			largest = l;
	largest->gross = decimal_add(largest->gross, rest);
}

void
cents_share(struct sale *sale, const struct decimal *total)
{
	struct decimal exact = DECIMAL_ZERO;
	struct decimal sum = DECIMAL_ZERO;
	struct decimal rest;

	if (!are_known(sale)) {
		for (size_t i = 0; i < sale->n_lines; i++)
			sale->lines[i].gross = to_cents(sale->lines[i].gross);
		return;
	}
	for (struct sale_line *l = next_line(sale, NULL); l;
	     l = next_line(sale, l)) {
		struct decimal before = sum;

		exact = decimal_add(exact, l->gross);
		sum = to_cents(exact);
		l->gross = decimal_sub(sum, before);
	}
	rest = total ? decimal_sub(to_cents(*total), sum) : DECIMAL_ZERO;
	if (!decimal_is_zero(rest) &&
	    decimal_cmp(size_of(rest), decimal_of_scaled((int64_t)sale->n_lines,
	                                                 MONEY_PLACES)) <= 0)
		give_rest(sale, rest);
}
