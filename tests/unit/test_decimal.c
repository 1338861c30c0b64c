#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/decimal.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

__extension__ typedef __int128 wide;

static struct decimal
of(const char *text)
{
	struct decimal d = DECIMAL_ZERO;

	assert_int_equal(decimal_parse(&d, text), 0);
	return d;
}

static void
assert_text(struct decimal d, const char *expected)
{
	char text[DECIMAL_TEXT_SIZE];

	assert_string_equal(decimal_format(text, d), expected);
}

static void
assert_reads(const char *text, const char *expected)
{
	assert_text(of(text), expected);
}

static void
assert_refused(const char *text)
{
	struct decimal d = { 42 };

	assert_int_equal(decimal_parse(&d, text), DECIMAL_MALFORMED);
	assert_true(d.units == 42);
}

/* A repeatable stream of numbers (xorshift64*). */
static uint64_t seed = 88172645463325252u;

static uint64_t
next_random(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 2685821657736338717u;
}

/* Any magnitude up to 10^digits units, either sign. */
static struct decimal
random_decimal(int max_digits)
{
	struct decimal d;
	int n_digits = (int)(next_random() % (unsigned)max_digits) + 1;
	wide units = 0;

	while (n_digits-- > 0)
		units = units * 10 + (wide)(next_random() % 10);
	d.units = next_random() % 2 ? units : -units;
	return d;
}

/* Independent arithmetic: magnitudes as limbs in base 10^9, least first. */
enum { N_LIMBS = 10 };

struct big {
	uint64_t limb[N_LIMBS];
};

static struct big
big_of(wide n)
{
	struct big b = { { 0 } };
	int i;

	if (n < 0)
		n = -n;
	for (i = 0; i < N_LIMBS; i++) {
		b.limb[i] = (uint64_t)(n % 1000000000);
		n /= 1000000000;
	}
	return b;
}

static struct big
big_mul(struct big a, struct big b)
{
	struct big p = { { 0 } };
	uint64_t carry;
	int i;
	int j;

	for (i = 0; i < N_LIMBS; i++) {
		carry = 0;
		for (j = 0; i + j < N_LIMBS; j++) {
			carry += p.limb[i + j] + a.limb[i] * b.limb[j];
			p.limb[i + j] = carry % 1000000000;
			carry /= 1000000000;
		}
		assert_true(carry == 0);
	}
	return p;
}

static int
big_cmp(struct big a, struct big b)
{
	int i;

	for (i = N_LIMBS - 1; i >= 0; i--)
		if (a.limb[i] != b.limb[i])
			return a.limb[i] < b.limb[i] ? -1 : 1;
	return 0;
}

static void
test_decimal__reads_plain_and_json_numbers(void **state)
{
	(void)state;
	assert_reads("0", "0");
	assert_reads("-0", "0");
	assert_reads("-0.000", "0");
	assert_reads("-12.50", "-12.5");
	assert_reads("1e3", "1000");
	assert_reads("1.5E+2", "150");
	assert_reads("25e-1", "2.5");
	assert_reads("0.1000", "0.1");
	assert_reads("007", "7");
	assert_reads("0.000000001", "0.000000001");
	assert_reads("123456789.987654321", "123456789.987654321");
	assert_reads("1000000000000000000", "1000000000000000000");
	assert_reads("-1000000000000000000.000", "-1000000000000000000");
	assert_reads("1e18", "1000000000000000000");
	assert_reads("1e-9", "0.000000001");
}

static void
test_decimal__takes_any_number_of_idle_zeros(void **state)
{
	(void)state;
	assert_reads("0.10000000000000000000000000000000000000000000", "0.1");
	assert_reads("00000000000000000000000000000000000000000012", "12");
	assert_reads("0e99999999999999999999999", "0");
	assert_reads("1000000000000000000000e-21", "1");
	assert_reads("0.000000000000000000000001e24", "1");
}

static void
test_decimal__refuses_what_is_no_number(void **state)
{
	static const char *const texts[] = {
		"",      "-",     "+1",       " 1",        "1 ",
		".5",    "5.",    "1.e3",     "1e",        "1e+",
		"1e-",   "--1",   "1-",       "1,5",       "0x10",
		"NaN",   "nan",   "inf",      "-Infinity", "1.2.3",
		"1e2.5", "1e5e5", "\xd9\xa1", "1_000",     "1\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_refused(texts[i]);
}

static void
test_decimal__refuses_too_fine_and_too_big(void **state)
{
	(void)state;
	assert_refused("0.0000000001");
	assert_refused("1.0000000001");
	assert_refused("1e-10");
	assert_refused("1000000000000000000.000000001");
	assert_refused("-1000000000000000000.000000001");
	assert_refused("1000000000000000001");
	assert_refused("2e18");
	assert_refused("1e19");
	assert_refused("1e99999999999999999999999");
	assert_refused("1e-99999999999999999999999");
	assert_refused("99999999999999999999999999999999999999999999999999");
	assert_refused("0.99999999999999999999999999999999999999999999999");
}

static void
test_decimal__reads_no_further_than_told(void **state)
{
	struct decimal d;

	(void)state;
	assert_int_equal(decimal_nparse(&d, "12.5xyz", 4), 0);
	assert_text(d, "12.5");
	assert_int_equal(decimal_nparse(&d,
	                                "1\0"
	                                "2",
	                                3),
	                 DECIMAL_MALFORMED);
	assert_int_equal(decimal_nparse(&d, "1", 0), DECIMAL_MALFORMED);
}

static void
test_decimal__formats_fixed_places_and_cuts(void **state)
{
	char text[DECIMAL_TEXT_SIZE];

	(void)state;
	assert_string_equal(decimal_format_places(text, of("3"), 2), "3.00");
	assert_string_equal(decimal_format_places(text, of("3.999"), 2),
	                    "3.99");
	assert_string_equal(decimal_format_places(text, of("-3.999"), 0), "-3");
	assert_string_equal(decimal_format_places(text, of("-0.009"), 2),
	                    "0.00");
	assert_string_equal(decimal_format_places(text, of("0.05"), 9),
	                    "0.050000000");
	assert_string_equal(decimal_format_places(text, of("-1e18"), 9),
	                    "-1000000000000000000.000000000");
}

static void
test_decimal__survives_text_and_back(void **state)
{
	char text[DECIMAL_TEXT_SIZE];
	struct decimal a;
	int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		a = random_decimal(27);
		assert_true(of(decimal_format(text, a)).units == a.units);
		assert_true(of(decimal_format_places(text, a, 9)).units ==
		            a.units);
	}
}

static void
test_decimal__holds_every_int64(void **state)
{
	(void)state;
	assert_text(decimal_of(INT64_MAX), "9223372036854775807");
	assert_text(decimal_of(INT64_MIN), "-9223372036854775808");
	assert_text(decimal_of_scaled(INT64_MIN, 9), "-9223372036.854775808");
	assert_text(decimal_of_scaled(1999, 2), "19.99");
	assert_text(decimal_of_scaled(-5, 2), "-0.05");
	assert_text(decimal_of_scaled(7, 0), "7");
}

static void
test_decimal__adds_and_subtracts_exactly(void **state)
{
	struct decimal a;
	struct decimal b;
	int i;

	(void)state;
	assert_text(decimal_add(of("0.1"), of("0.2")), "0.3");
	assert_text(decimal_sub(of("0.3"), of("0.1")), "0.2");
	assert_text(decimal_neg(of("0.3")), "-0.3");
	assert_text(decimal_add(of("1e18"), of("1e18")), "2000000000000000000");
	for (i = 0; i < 5000; i++) {
		a = random_decimal(26);
		b = random_decimal(26);
		assert_int_equal(
			decimal_cmp(decimal_sub(decimal_add(a, b), b), a), 0);
		assert_int_equal(
			decimal_cmp(decimal_add(a, b), decimal_add(b, a)), 0);
	}
}

static void
test_decimal__rounds_as_each_mode_says(void **state)
{
	static const struct {
		const char *from;
		int places;
		const char *cut;
		const char *half_up;
		const char *floor;
	} rows[] = {
		{ "1.005", 2, "1", "1.01", "1" },
		{ "-1.005", 2, "-1", "-1.01", "-1.01" },
		{ "1.004999999", 2, "1", "1", "1" },
		{ "2.5", 0, "2", "3", "2" },
		{ "-2.5", 0, "-2", "-3", "-3" },
		{ "-2.4", 0, "-2", "-2", "-3" },
		{ "0.999999999", 9, "0.999999999", "0.999999999",
		  "0.999999999" },
		{ "-0.000000001", 0, "0", "0", "-1" },
		{ "7", 0, "7", "7", "7" },
		{ "-7", 0, "-7", "-7", "-7" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct decimal d = of(rows[i].from);
		int p = rows[i].places;

		assert_text(decimal_round(d, p, DECIMAL_CUT), rows[i].cut);
		assert_text(decimal_round(d, p, DECIMAL_HALF_UP),
		            rows[i].half_up);
		assert_text(decimal_round(d, p, DECIMAL_FLOOR), rows[i].floor);
	}
}

static void
test_decimal__multiplies_money_to_the_cent(void **state)
{
	(void)state;
	assert_text(decimal_mul(of("3"), of("19.99"), 2, DECIMAL_HALF_UP),
	            "59.97");
	assert_text(decimal_mul(of("0.125"), of("0.2"), 2, DECIMAL_HALF_UP),
	            "0.03");
	assert_text(decimal_mul(of("-0.125"), of("0.2"), 2, DECIMAL_HALF_UP),
	            "-0.03");
	assert_text(decimal_mul(of("-0.125"), of("0.2"), 2, DECIMAL_CUT),
	            "-0.02");
	assert_text(decimal_mul(of("0.000000001"), of("0.1"), 9, DECIMAL_CUT),
	            "0");
	assert_text(decimal_mul(of("1e18"), of("1"), 9, DECIMAL_HALF_UP),
	            "1000000000000000000");
	assert_text(decimal_mul(of("-1e9"), of("1e9"), 9, DECIMAL_FLOOR),
	            "-1000000000000000000");
}

/* VAT inside a gross price: gross * rate / (100 + rate), rounded once. */
static void
test_decimal__divides_a_product_and_rounds_once(void **state)
{
	(void)state;
	assert_text(decimal_mul_div(of("119"), of("19"), of("119"), 2,
	                            DECIMAL_HALF_UP),
	            "19");
	assert_text(decimal_mul_div(of("9.99"), of("24"), of("124"), 2,
	                            DECIMAL_HALF_UP),
	            "1.93");
	assert_text(decimal_mul_div(of("1"), of("1"), of("3"), 9, DECIMAL_CUT),
	            "0.333333333");
	assert_text(
		decimal_mul_div(of("2"), of("1"), of("-3"), 9, DECIMAL_HALF_UP),
		"-0.666666667");
	assert_text(decimal_mul_div(of("1e18"), of("1e18"), of("1e18"), 9,
	                            DECIMAL_CUT),
	            "1000000000000000000");
	assert_text(decimal_mul_div(of("-1e18"), of("999999999999999999"),
	                            of("-1e18"), 9, DECIMAL_FLOOR),
	            "999999999999999999");
}

/* |q| * by <= |a * b| < (|q| + 1) * by, in limbs. */
static void
assert_quotient(struct decimal a, struct decimal b, struct decimal c,
                int places)
{
	struct decimal q = decimal_mul_div(a, b, c, places, DECIMAL_CUT);
	struct big product = big_mul(big_of(a.units), big_of(b.units));
	wide step = 1;
	wide n;
	int i;

	for (i = places; i < DECIMAL_PLACES; i++)
		step *= 10;
	assert_true(q.units % step == 0);
	n = q.units < 0 ? -q.units : q.units;
	assert_true(big_cmp(big_mul(big_of(n), big_of(c.units)), product) <= 0);
	assert_true(big_cmp(big_mul(big_of(n + step), big_of(c.units)),
	                    product) > 0);
	if (q.units != 0)
		assert_true((q.units < 0) ==
		            ((a.units < 0) ^ (b.units < 0) ^ (c.units < 0)));
}

static void
test_decimal__agrees_with_independent_long_arithmetic(void **state)
{
	struct decimal a;
	struct decimal b;
	struct decimal c;
	double size;
	int n_checked = 0;
	int i;

	(void)state;
	for (i = 0; i < 30000; i++) {
		a = random_decimal(27);
		b = random_decimal(27);
		c = random_decimal(27);
		if (c.units == 0)
			continue;
		size = (double)a.units * (double)b.units / (double)c.units;
		if (size > 9e26 || size < -9e26)
			continue;
		assert_quotient(a, b, c, (int)(next_random() % 10));
		n_checked++;
	}
	assert_true(n_checked > 10000);
}

/* Rounding moves the cut value by no step or one, and half decides. */
static void
test_decimal__rounding_modes_agree_with_each_other(void **state)
{
	struct decimal a;
	wide cut;
	wide rest;
	wide step;
	int places;
	int i;
	int j;

	(void)state;
	for (i = 0; i < 20000; i++) {
		a = random_decimal(27);
		places = (int)(next_random() % 10);
		for (step = 1, j = places; j < DECIMAL_PLACES; j++)
			step *= 10;
		rest = a.units % step;
		cut = a.units - rest;
		assert_true(decimal_round(a, places, DECIMAL_CUT).units == cut);
		assert_true(decimal_round(a, places, DECIMAL_FLOOR).units ==
		            cut - (rest < 0 ? step : 0));
		assert_true(decimal_round(a, places, DECIMAL_HALF_UP).units ==
		            cut + (2 * rest >= step && step > 1 ? step : 0) -
		                    (2 * -rest >= step && step > 1 ? step : 0));
	}
}

static void
test_decimal__compares(void **state)
{
	(void)state;
	assert_true(decimal_cmp(of("1.1"), of("1.10")) == 0);
	assert_true(decimal_cmp(of("-2"), of("1")) < 0);
	assert_true(decimal_cmp(of("0.000000001"), of("0")) > 0);
	assert_true(decimal_is_zero(of("-0.0")));
	assert_false(decimal_is_zero(of("0.000000001")));
	assert_true(decimal_is_negative(of("-0.1")));
	assert_false(decimal_is_negative(of("-0")));
	assert_text(decimal_max(of("-1"), of("0")), "0");
	assert_text(decimal_max(of("2"), of("1.5")), "2");
}

static void
test_decimal__gives_cents_only_when_nothing_is_lost(void **state)
{
	int64_t n = 7;

	(void)state;
	assert_int_equal(decimal_to_scaled(&n, of("19.99"), 2), 0);
	assert_true(n == 1999);
	assert_int_equal(decimal_to_scaled(&n, of("-3"), 0), 0);
	assert_true(n == -3);
	assert_int_equal(decimal_to_scaled(&n, of("19.999"), 2),
	                 DECIMAL_MALFORMED);
	assert_int_equal(decimal_to_scaled(&n, of("1e18"), 2),
	                 DECIMAL_MALFORMED);
	assert_int_equal(decimal_to_scaled(&n, of("-1e18"), 1),
	                 DECIMAL_MALFORMED);
	assert_true(n == -3);
	assert_int_equal(decimal_to_scaled(&n, decimal_of(INT64_MIN), 0), 0);
	assert_true(n == INT64_MIN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decimal__reads_plain_and_json_numbers),
		cmocka_unit_test(test_decimal__takes_any_number_of_idle_zeros),
		cmocka_unit_test(test_decimal__refuses_what_is_no_number),
		cmocka_unit_test(test_decimal__refuses_too_fine_and_too_big),
		cmocka_unit_test(test_decimal__reads_no_further_than_told),
		cmocka_unit_test(test_decimal__formats_fixed_places_and_cuts),
		cmocka_unit_test(test_decimal__survives_text_and_back),
		cmocka_unit_test(test_decimal__holds_every_int64),
		cmocka_unit_test(test_decimal__adds_and_subtracts_exactly),
		cmocka_unit_test(test_decimal__rounds_as_each_mode_says),
		cmocka_unit_test(test_decimal__multiplies_money_to_the_cent),
		cmocka_unit_test(
			test_decimal__divides_a_product_and_rounds_once),
		cmocka_unit_test(
			test_decimal__agrees_with_independent_long_arithmetic),
		cmocka_unit_test(
			test_decimal__rounding_modes_agree_with_each_other),
		cmocka_unit_test(test_decimal__compares),
		cmocka_unit_test(
			test_decimal__gives_cents_only_when_nothing_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
