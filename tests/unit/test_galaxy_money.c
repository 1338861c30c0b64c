/*
 * Galaxy's commercial entries, property: whatever is ordered, each figure is
 * what other arithmetic makes of it, and the document adds up.
 *
 * The other arithmetic is fractions of 128-bit integers and C's own division;
 * nothing of gateway/base/decimal.h takes part in it, and no figure is carried
 * over from one line to the next.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "adapters/galaxy.h"
#include "tests/support/galaxy_orders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 wide;

enum {
	ORDERS = 2000,
	LINES_MAX = 50,
	ITEMS = 60,
};

static const uint64_t first_seed = 20261121;

/* ---- chance ---- */

static uint64_t
next_random(uint64_t *seed, uint64_t below)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*seed >> 33) % below;
}

/* A number as text and as billionths, of at most `places` digits. */
struct number {
	char text[40];
	wide billionths;
};

static struct number
make_number(int64_t n, int places)
{
	struct number x;
	int64_t scale = 1;
	int64_t size = n < 0 ? -n : n;

	for (int i = 0; i < places; i++)
		scale *= 10;
	(void)snprintf(x.text, sizeof(x.text), "%s%lld%s%0*lld",
	               n < 0 ? "-" : "", (long long)(size / scale),
	               places ? "." : "", places, (long long)(size % scale));
	if (!places)
		(void)snprintf(x.text, sizeof(x.text), "%lld", (long long)n);
	x.billionths = (wide)n * (1000000000 / scale);
	return x;
}

/* ---- the world ---- */

struct priced {
	struct number price;
	int64_t vat; /* thousandths of a percent */
};

static const struct {
	const char *percent;
	int64_t thousandths;
} rates[] = {
	{ "0", 0 },         { "6", 6000 },     { "13", 13000 },
	{ "24", 24000 },    { "17.5", 17500 }, { "3.333", 3333 },
	{ "99.99", 99990 }, { "0.001", 1 },    { "100", 100000 },
	{ "24.0", 24000 },  { "5.55", 5550 },  { "21", 21000 },
};

enum { RATES = sizeof(rates) / sizeof(rates[0]) };

static void
put_items(struct galaxy_world *w, struct priced items[ITEMS])
{
	uint64_t seed = first_seed;
	char *text;

	for (size_t i = 0; i < RATES; i++) {
		text = text_format("{\"ID\":\"vat-%zu\",\"NormalPcd\":%s}", i,
		                   rates[i].percent);
		galaxy_orders_put(w, "vatsmaster", text);
		free(text);
	}
	for (size_t i = 0; i < ITEMS; i++) {
		items[i].price =
			make_number((int64_t)next_random(&seed, 1000000),
		                    (int)next_random(&seed, 5));
		items[i].vat = rates[i % RATES].thousandths;
		text = text_format(
			"{\"ItemID\":\"item-%zu\",\"Unit1ID\":\"piece\","
			"\"ItemPrice\":%s,\"VATsMasterID\":\"vat-%zu\"}",
			i, items[i].price.text, i % RATES);
		galaxy_orders_put(w, "items", text);
		free(text);
	}
}

/* ---- orders ---- */

/* What a line must come to. */
struct expected {
	wide gross; /* billionths */
	wide qty;   /* billionths, of singles */
	int64_t vat;
};

static int64_t
random_size(uint64_t *seed)
{
	return next_random(seed, 2) ? 1 + (int64_t)next_random(seed, 9)
	                            : 1 + (int64_t)next_random(seed, 39999);
}

static void
add_price(struct buf *out, struct expected *e, uint64_t *seed, wide sold,
          const struct priced *item)
{
	/* A price times that would have more places than anybody takes. */
	bool is_fine = sold % 10000 != 0;
	struct number money = make_number((int64_t)next_random(seed, 10000000),
	                                  3 + (int)next_random(seed, 2));

	switch (is_fine ? 2 : next_random(seed, 3)) {
	case 0: /* at the list price, which is that of a single */
		e->gross = item->price.billionths * e->qty / 1000000000;
		return;
	case 1: /* at a price, which is that of what is sold */
		buf_addf(out, ",\"price\":\"%s\"", money.text);
		e->gross = money.billionths * sold / 1000000000;
		return;
	default: /* in one sum */
		if (sold < 0 && money.billionths != 0)
			buf_addf(out, ",\"total\":-%s", money.text);
		else
			buf_addf(out, ",\"total\":%s", money.text);
		e->gross = sold < 0 ? -money.billionths : money.billionths;
		return;
	}
}

static void
add_line(struct buf *out, struct expected *e, uint64_t *seed,
         const struct priced items[ITEMS])
{
	size_t nth = next_random(seed, ITEMS);
	int64_t pack =
		next_random(seed, 4) ? 1 : 2 + (int64_t)next_random(seed, 23);
	int places = next_random(seed, 3) ? 0 : 1 + (int)next_random(seed, 7);
	int64_t size = random_size(seed) + (places > 5 ? 1000 : 0);
	struct number qty =
		make_number(next_random(seed, 8) ? size : -size, places);

	e->qty = qty.billionths * pack;
	e->vat = items[nth].vat;
	buf_addf(out, "%s{\"sku\":\"item-%zu",
	         out->p[out->n - 1] == '[' ? "" : ",", nth);
	if (pack > 1)
		buf_addf(out, "*%lld", (long long)pack);
	buf_addf(out, "\",\"quantity\":%s", qty.text);
	add_price(out, e, seed, qty.billionths, &items[nth]);
	buf_addc(out, '}');
}

/* ---- checking ---- */

/* A member as thousandths, from its text; more than three places fail. */
static wide
thousandths(const struct json_node *o, const char *key, uint64_t seed)
{
	const char *text = json_number_text(json_find(o, key));
	bool is_negative = text && *text == '-';
	wide n = 0;
	int digits = -1;

	if (!text)
		fail_msg("seed %llu: no %s", (unsigned long long)seed, key);
	for (text += is_negative; *text; text++) {
		if (*text == '.') {
			digits = 0;
			continue;
		}
		n = n * 10 + (*text - '0');
		digits += digits >= 0;
	}
	if (digits > 3)
		fail_msg("seed %llu: %s is too fine", (unsigned long long)seed,
		         key);
	for (digits = digits < 0 ? 0 : digits; digits < 3; digits++)
		n *= 10;
	return is_negative ? -n : n;
}

static void
check(wide is, wide should, const char *what, size_t nth, uint64_t seed)
{
	if (is != should)
		fail_msg("seed %llu, line %zu: %s is %lld, not %lld",
		         (unsigned long long)seed, nth, what, (long long)is,
		         (long long)should);
}

/* 100/(100+vat) is 100000/(100000+v) with v in thousandths of a percent. */
static void
check_line(const struct json_node *line, const struct expected *e, size_t nth,
           uint64_t seed)
{
	wide with_tax = 100000 + e->vat;
	wide million = 1000000; /* from billionths to thousandths */

	check(thousandths(line, "netamount", seed),
	      e->gross * 100000 / (with_tax * million), "netamount", nth, seed);
	check(thousandths(line, "vatamount", seed),
	      e->gross * e->vat / (with_tax * million), "vatamount", nth, seed);
	check(thousandths(line, "netprice", seed),
	      e->gross * 100000 * 1000 / (with_tax * e->qty), "netprice", nth,
	      seed);
	check(thousandths(line, "vatprc", seed), e->vat, "vatprc", nth, seed);
	check(thousandths(line, "discamount", seed), 0, "discamount", nth,
	      seed);
}

static void
check_document(const struct json_node *data, const struct expected *e, size_t n,
               uint64_t seed)
{
	const struct json_node *lines = json_find(data, "lines");
	wide net = 0;
	wide vat = 0;
	wide paid = 0;
	wide lost;

	check((wide)json_length(lines), (wide)n, "lines", 0, seed);
	for (size_t i = 0; i < n; i++) {
		check_line(json_at(lines, i), &e[i], i, seed);
		net += thousandths(json_at(lines, i), "netamount", seed);
		vat += thousandths(json_at(lines, i), "vatamount", seed);
		paid += e[i].gross;
	}
	check(thousandths(data, "netamount", seed), net, "net", n, seed);
	check(thousandths(data, "vatamount", seed), vat, "vat", n, seed);
	check(thousandths(data, "totalamount", seed), net + vat, "total", n,
	      seed);
	check(thousandths(data, "payableamount", seed), net + vat, "payable", n,
	      seed);
	lost = paid - (net + vat) * 1000000;
	if ((lost < 0 ? -lost : lost) >= (wide)n * 2000000)
		fail_msg("seed %llu: %lld billionths lost",
		         (unsigned long long)seed, (long long)lost);
}

static void
run_order(struct galaxy_world *w, const struct priced items[ITEMS],
          uint64_t seed)
{
	struct expected e[LINES_MAX];
	struct entry_problem problem;
	struct buf order = BUF_INIT;
	struct buf text = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;
	struct entry entry;
	uint64_t chance = seed;
	size_t n = 1 + (size_t)next_random(&chance, LINES_MAX);

	buf_adds(&order, "{\"number\":\"1\",\"lines\":[");
	for (size_t i = 0; i < n; i++)
		add_line(&order, &e[i], &chance, items);
	buf_adds(&order, "]}");
	galaxy_orders_entry(&entry, buf_text(&order));
	outcome = galaxy_entry_build(w->state, &text, &entry, &problem);
	if (outcome.verdict != VERDICT_DONE)
		fail_msg("seed %llu: %s\n%s", (unsigned long long)seed,
		         outcome.why, buf_text(&order));
	assert_int_equal(json_parse(&doc, buf_text(&text), text.n), 0);
	check_document(json_path(json_root(doc), "body.data"), e, n, seed);
	json_free(doc);
	buf_fini(&order);
	buf_fini(&text);
	entry_fini(&entry);
}

static void
test_galaxy_money__any_order_comes_out_as_other_arithmetic_has_it(void **state)
{
	struct priced items[ITEMS];
	struct galaxy_world w;

	(void)state;
	galaxy_orders_open(&w,
	                   "\"entry\":{\"returns\":\"negative\",\"company\":"
	                   "\"001\",\"trader\":\"30-0000\",\"currency\":"
	                   "\"EUR\",\"payment_plan\":\"02\"}");
	put_items(&w, items);
	for (uint64_t i = 0; i < ORDERS; i++)
		run_order(&w, items, first_seed + i * 7919);
	galaxy_world_close(&w);
}

static void
test_galaxy_money__the_other_arithmetic_knows_the_published_sample(void **state)
{
	const struct expected e = { .gross = (wide)777 * 1000000000,
		                    .qty = 1000000000,
		                    .vat = 24000 };
	static const char line[] =
		"{\"netprice\":626.612,\"netamount\":626.612,\"vatprc\":24,"
		"\"vatamount\":150.387,\"discamount\":0}";
	struct json *doc = NULL;

	(void)state;
	assert_int_equal(json_parse(&doc, line, strlen(line)), 0);
	check_line(json_root(doc), &e, 0, 0);
	json_free(doc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_galaxy_money__the_other_arithmetic_knows_the_published_sample),
		cmocka_unit_test(
			test_galaxy_money__any_order_comes_out_as_other_arithmetic_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
