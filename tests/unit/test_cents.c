/*
 * Whole cents of a sale's lines, property: whatever a till calculates, the lines
 * add up to what it takes, and each is off by less than a cent.
 *
 * The other arithmetic is C's own on 64-bit integers of billionths; nothing of
 * gateway/base/decimal.h takes part in it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "gateway/model/cents.h"

#include "gateway/base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SALES = 3000, LINES_MAX = 40, CENT = 10000000 };

static uint64_t
next_random(uint64_t *seed, uint64_t below)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*seed >> 33) % below;
}

static int64_t
billionths_of(struct decimal d)
{
	int64_t n = 0;

	assert_int_equal(decimal_to_scaled(&n, d, 9), 0);
	return n;
}

/* Halves away from zero. */
static int64_t
cents_of(int64_t billionths)
{
	int64_t size = billionths < 0 ? -billionths : billionths;
	int64_t cents = (size + CENT / 2) / CENT;

	return billionths < 0 ? -cents : cents;
}

static void
add_line(struct sale *sale, size_t uid, int64_t gross)
{
	struct sale_line *line = sale_add_line(sale);

	assert_non_null(line);
	line->uid = text_format("%zu", 100 + uid);
	line->qty = decimal_of(gross < 0 ? -1 : 1);
	line->gross = decimal_of_scaled(gross, 9);
	line->has_gross = true;
}

static int64_t
sum_of(const struct sale *sale)
{
	int64_t sum = 0;

	for (size_t i = 0; i < sale->n_lines; i++)
		sum += billionths_of(sale->lines[i].gross);
	return sum;
}

/* Prices of many digits, times a quantity and a tax. */
static int64_t
random_gross(uint64_t *seed)
{
	static const int64_t rates[] = { 100, 106, 113, 124, 121 };
	int64_t thousandths = (int64_t)next_random(seed, 200000);
	int64_t qty = 1 + (int64_t)next_random(seed, 5);

	return thousandths * qty * rates[next_random(seed, 5)] * 10000;
}

static void
test_cents__lines_add_up_to_what_the_till_takes(void **state)
{
	uint64_t seed = 20261122;

	(void)state;
	for (int i = 0; i < SALES; i++) {
		size_t n = 1 + next_random(&seed, LINES_MAX);
		int64_t sign = next_random(&seed, 8) == 0 ? -1 : 1;
		int64_t exact[LINES_MAX];
		struct sale sale = { 0 };
		int64_t sum = 0;

		for (size_t k = 0; k < n; k++) {
			exact[k] = sign * random_gross(&seed);
			sum += exact[k];
			add_line(&sale, k, exact[k]);
		}
		cents_share(&sale, NULL);
		assert_int_equal(sum_of(&sale), cents_of(sum) * CENT);
		for (size_t k = 0; k < n; k++) {
			int64_t is = billionths_of(sale.lines[k].gross);

			assert_int_equal(is % CENT, 0);
			assert_in_range(is - exact[k] + CENT, 1, 2 * CENT - 1);
		}
		sale_fini(&sale);
	}
}

/* In whichever order they are told: a later version costs what this one did. */
static void
test_cents__the_order_of_the_lines_does_not_matter(void **state)
{
	uint64_t seed = 4711;

	(void)state;
	for (int i = 0; i < 300; i++) {
		size_t n = 2 + next_random(&seed, LINES_MAX - 1);
		int64_t exact[LINES_MAX + 1];
		struct sale up = { 0 };
		struct sale down = { 0 };

		for (size_t k = 0; k < n; k++) {
			exact[k] = random_gross(&seed);
			add_line(&up, k, exact[k]);
		}
		for (size_t k = n; k-- > 0;)
			add_line(&down, k, exact[k]);
		cents_share(&up, NULL);
		cents_share(&down, NULL);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(
				billionths_of(up.lines[k].gross),
				billionths_of(down.lines[n - 1 - k].gross));
		sale_fini(&up);
		sale_fini(&down);
	}
}

/* It may round each line, and not the sum. */
static void
test_cents__the_tills_own_total_counts(void **state)
{
	uint64_t seed = 815;

	(void)state;
	for (int i = 0; i < SALES; i++) {
		size_t n = 1 + next_random(&seed, LINES_MAX);
		struct sale sale = { 0 };
		struct decimal total;
		int64_t cents = 0;

		for (size_t k = 0; k < n; k++) {
			int64_t exact = random_gross(&seed);

			cents += cents_of(exact);
			add_line(&sale, k, exact);
		}
		total = decimal_of_scaled(cents, 2);
		cents_share(&sale, &total);
		assert_int_equal(sum_of(&sale), cents * CENT);
		sale_fini(&sale);
	}
}

/* A tip, or a shipping charge: no line of it. */
static void
test_cents__a_total_of_more_than_the_lines_is_not_shared(void **state)
{
	const struct decimal total = decimal_of(5);
	struct sale sale = { 0 };

	(void)state;
	add_line(&sale, 0, 1302000000);
	add_line(&sale, 1, 1302000000);
	add_line(&sale, 2, 1302000000);
	cents_share(&sale, &total);
	assert_int_equal(sum_of(&sale), 3910000000);
	sale_fini(&sale);
}

static void
test_cents__without_an_amount_the_others_are_rounded_alone(void **state)
{
	struct sale sale = { 0 };

	(void)state;
	cents_share(&sale, NULL); /* without lines, too */
	add_line(&sale, 0, 1302000000);
	add_line(&sale, 1, 1302000000);
	add_line(&sale, 2, 0);
	sale.lines[2].has_gross = false;
	cents_share(&sale, NULL);
	assert_int_equal(sum_of(&sale), 2600000000);
	assert_false(sale.lines[2].has_gross);
	sale_fini(&sale);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_cents__lines_add_up_to_what_the_till_takes),
		cmocka_unit_test(
			test_cents__the_order_of_the_lines_does_not_matter),
		cmocka_unit_test(test_cents__the_tills_own_total_counts),
		cmocka_unit_test(
			test_cents__a_total_of_more_than_the_lines_is_not_shared),
		cmocka_unit_test(
			test_cents__without_an_amount_the_others_are_rounded_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
