/*
 * An order as a shop sends it: what is taken, and what is refused in which
 * words.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "gateway/model/order.h"

#include <stdlib.h>
#include <string.h>

static int
read_text(struct order *out, struct order_problem *problem, const char *text)
{
	struct json *doc = NULL;
	int r;

	*out = (struct order){ 0 };
	*problem = (struct order_problem){ .field = "" };
	if (json_parse(&doc, text, strlen(text)) != 0)
		fail_msg("no JSON: %s", text);
	r = order_read(out, problem, json_root(doc));
	json_free(doc);
	return r;
}

static void
assert_decimal(struct decimal d, const char *expected)
{
	char text[DECIMAL_TEXT_SIZE];

	assert_string_equal(decimal_format(text, d), expected);
}

#define LINES "\"lines\":[{\"sku\":\"A\",\"quantity\":1}]"

/* clang-format off */
static const char whole[] =
	"{\"number\":\"SHOP-10001\",\"date\":\"2024-05-01T09:30:00+03:00\","
	"\"customer\":\"30-0017\","
	"\"buyer\":{\"name\":\"Μαρία\",\"tin\":\"123\",\"phone\":\"210\","
	"\"fax\":\"211\",\"email\":\"m@x.gr\",\"website\":\"x.gr\","
	"\"address\":{\"country\":\"GR\",\"prefecture\":\"Αττική\","
	"\"city\":\"Κηφισιά\",\"zip\":\"14561\",\"street\":\"Πλουτάρχου\","
	"\"street_number\":\"1Α\"}},"
	"\"bill_to\":{\"id\":\"s1\",\"zip\":\"1\"},"
	"\"delivery\":{\"date\":\"2024-05-02\",\"address\":{\"city\":\"Βόλος\"},"
	"\"phone\":\"1\",\"fax\":\"2\",\"email\":\"3\",\"comment\":\"4\\n5\"},"
	"\"currency\":\"EUR\",\"company\":\"001\",\"company_site\":\"101\","
	"\"transport_mode\":\"a\",\"transporter\":\"b\","
	"\"dispatch_purpose\":\"c\",\"payment_plan\":\"d\","
	"\"charges\":[\"e\",\"f\"],\"comment\":\"g\","
	"\"lines\":[{\"sku\":\"A\",\"quantity\":2,\"price\":1.10},"
	"{\"sku\":17,\"quantity\":\"0.125\",\"price\":9,\"total\":\"7.77\"},"
	"{\"sku\":\"B\",\"quantity\":-1,\"total\":-5},"
	"{\"sku\":\"C\",\"quantity\":3,\"price\":0}]}";
/* clang-format on */

static void
test_order__takes_every_member(void **state)
{
	struct order_problem problem;
	struct order o;

	(void)state;
	assert_int_equal(read_text(&o, &problem, whole), 0);
	assert_string_equal(o.number, "SHOP-10001");
	assert_string_equal(o.date, "2024-05-01T09:30:00+03:00");
	assert_string_equal(o.customer, "30-0017");
	assert_true(o.buyer.is_given);
	assert_string_equal(o.buyer.name, "Μαρία");
	assert_string_equal(o.buyer.tin, "123");
	assert_string_equal(o.buyer.phone, "210");
	assert_string_equal(o.buyer.fax, "211");
	assert_string_equal(o.buyer.email, "m@x.gr");
	assert_string_equal(o.buyer.website, "x.gr");
	assert_string_equal(o.buyer.address.country, "GR");
	assert_string_equal(o.buyer.address.prefecture, "Αττική");
	assert_string_equal(o.buyer.address.city, "Κηφισιά");
	assert_string_equal(o.buyer.address.zip, "14561");
	assert_string_equal(o.buyer.address.street, "Πλουτάρχου");
	assert_string_equal(o.buyer.address.street_number, "1Α");
	assert_true(o.bill_to.is_given);
	assert_string_equal(o.bill_to.id, "s1");
	assert_null(o.bill_to.city);
	assert_string_equal(o.delivery.date, "2024-05-02");
	assert_string_equal(o.delivery.address.city, "Βόλος");
	assert_string_equal(o.delivery.phone, "1");
	assert_string_equal(o.delivery.fax, "2");
	assert_string_equal(o.delivery.email, "3");
	assert_string_equal(o.delivery.comment, "4\n5");
	assert_string_equal(o.currency, "EUR");
	assert_string_equal(o.company, "001");
	assert_string_equal(o.company_site, "101");
	assert_string_equal(o.transport_mode, "a");
	assert_string_equal(o.transporter, "b");
	assert_string_equal(o.dispatch_purpose, "c");
	assert_string_equal(o.payment_plan, "d");
	assert_int_equal(o.n_charges, 2);
	assert_string_equal(o.charges[1], "f");
	assert_string_equal(o.comment, "g");
	assert_int_equal(o.n_lines, 4);
	order_fini(&o);
	order_fini(&o);
}

static void
test_order__money_is_exact_and_total_wins(void **state)
{
	struct order_problem problem;
	struct order o;

	(void)state;
	assert_int_equal(read_text(&o, &problem, whole), 0);
	assert_decimal(o.lines[0].gross, "2.2");
	assert_string_equal(o.lines[1].sku, "17");
	assert_decimal(o.lines[1].qty, "0.125");
	assert_decimal(o.lines[1].gross, "7.77");
	assert_decimal(o.lines[2].gross, "-5");
	assert_true(o.lines[3].has_gross); /* a gift, not a list price */
	assert_decimal(o.lines[3].gross, "0");
	order_fini(&o);
	assert_int_equal(read_text(&o, &problem, "{\"number\":7," LINES "}"),
	                 0);
	assert_string_equal(o.number, "7");
	assert_false(o.lines[0].has_gross);
	order_fini(&o);
	assert_int_equal(
		read_text(&o, &problem,
	                  "{\"number\":\"1\",\"lines\":[{\"sku\":\"A\","
	                  "\"quantity\":1000000,\"price\":1000000000}]}"),
		0);
	assert_decimal(o.lines[0].gross, "1000000000000000");
	order_fini(&o);
}

static void
test_order__empty_and_null_are_not_given(void **state)
{
	struct order_problem problem;
	struct order o;

	(void)state;
	assert_int_equal(
		read_text(&o, &problem,
	                  "{\"number\":\"1\",\"buyer\":null,\"comment\":\" \","
	                  "\"bill_to\":{\"city\":\"\",\"zip\":null},"
	                  "\"delivery\":{\"address\":{}},"
	                  "\"charges\":[]," LINES "}"),
		0);
	assert_false(o.buyer.is_given);
	assert_false(o.bill_to.is_given);
	assert_false(o.delivery.is_given);
	assert_null(o.bill_to.city);
	assert_null(o.bill_to.zip);
	assert_null(o.comment);
	assert_int_equal(o.n_charges, 0);
	order_fini(&o);
}

struct refusal {
	const char *text;
	const char *field;
	const char *why;
};

#define BAD_LINE(members_) \
	"{\"number\":\"1\",\"lines\":[{\"sku\":\"A\",\"quantity\":1}," \
	"{" members_ "}]}"
#define BAD(members_) "{\"number\":\"1\"," LINES "," members_ "}"

static const struct refusal refusals[] = {
	{ "[]", "", "must be an object" },
	{ "{" LINES "}", "number", "is missing" },
	{ "{\"number\":\"\"," LINES "}", "number", "is missing" },
	{ "{\"number\":1.5," LINES "}", "number", "text or a whole number" },
	{ "{\"number\":-1," LINES "}", "number", "text or a whole number" },
	{ "{\"number\":[]," LINES "}", "number", "text or a whole number" },
	{ "{\"number\":\"a\\tb\"," LINES "}", "number", "control character" },
	{ "{\"number\":\"a \"," LINES "}", "number", "begins or ends" },
	{ "{\"number\":\"1234567890123456789012345678901234567890123456789012"
	  "345678901\"," LINES "}",
	  "number", "longer than 60 characters" },
	{ BAD("\"payment_plam\":\"x\""), "payment_plam",
	  "unknown member (did you mean \"payment_plan\"?)" },
	{ BAD("\"qqqq\":1"), "qqqq", "unknown member" },
	{ BAD("\"bill_to\":{\"ciity\":\"x\"}"), "bill_to.ciity",
	  "(did you mean \"city\"?)" },
	{ BAD("\"delivery\":{\"address\":{\"Zip\":\"x\"}}"),
	  "delivery.address.Zip", "(did you mean \"zip\"?)" },
	{ BAD("\"buyer\":{\"adress\":{}}"), "buyer.adress",
	  "(did you mean \"address\"?)" },
	{ BAD("\"buyer\":{\"address\":{\"id\":\"x\"}}"), "buyer.address.id",
	  "belongs into bill_to or delivery.address" },
	{ BAD("\"buyer\":[]"), "buyer", "must be an object" },
	{ BAD("\"delivery\":{\"address\":\"x\"}"), "delivery.address",
	  "must be an object" },
	{ BAD("\"delivery\":{\"date\":\"tomorrow\"}"), "delivery.date",
	  "must be a date like" },
	{ BAD("\"date\":\"2024-02-30T00:00:00\""), "date", "must be a date" },
	{ BAD("\"date\":\"01/05/2024\""), "date", "must be a date" },
	{ BAD("\"currency\":978"), "currency", "must be text" },
	{ BAD("\"comment\":\"\\u0001\""), "comment", "control character" },
	{ BAD("\"charges\":\"x\""), "charges", "must be an array" },
	{ BAD("\"charges\":[\"x\",1]"), "charges[1]", "must be text" },
	{ BAD("\"charges\":[\"x\",\"\"]"), "charges[1]", "is empty" },
	{ "{\"number\":\"1\"}", "lines", "is empty" },
	{ "{\"number\":\"1\",\"lines\":[]}", "lines", "is empty" },
	{ "{\"number\":\"1\",\"lines\":{}}", "lines", "must be an array" },
	{ "{\"number\":\"1\",\"lines\":[7]}", "lines[0]", "be an object" },
	{ BAD_LINE("\"quantity\":1"), "lines[1].sku", "is missing" },
	{ BAD_LINE("\"sku\":\"A\""), "lines[1].quantity", "is missing" },
	{ BAD_LINE("\"sku\":\"A\",\"quantity\":0"), "lines[1].quantity",
	  "is 0" },
	{ BAD_LINE("\"sku\":\"A\",\"quantity\":1000001"), "lines[1].quantity",
	  "more than a million" },
	{ BAD_LINE("\"sku\":\"A\",\"quantity\":\"1,5\""), "lines[1].quantity",
	  "must be a number" },
	{ BAD_LINE("\"sku\":\"A\",\"quantity\":0.0000000001"),
	  "lines[1].quantity", "at most nine decimals" },
	{ BAD_LINE("\"sku\":\"A\",\"qty\":1"), "lines[1].qty", "unknown" },
	{ BAD_LINE("\"sku\":\"A\",\"quantity\":1,\"price\":true"),
	  "lines[1].price", "must be a number" },
	{ BAD_LINE("\"sku\":\"A\",\"quantity\":1,\"price\":-1"),
	  "lines[1].price", "is negative" },
	{ BAD_LINE("\"sku\":\"A\",\"quantity\":1,\"price\":1000000001"),
	  "lines[1].price", "more than a billion" },
	{ BAD_LINE("\"sku\":\"A\",\"quantity\":0.00001,\"price\":0.00001"),
	  "lines[1].price", "give the total" },
	{ BAD_LINE("\"sku\":\"A\",\"quantity\":1,\"total\":-1"),
	  "lines[1].total", "differ in sign" },
	{ BAD_LINE("\"sku\":\"A\",\"quantity\":-1,\"total\":1"),
	  "lines[1].total", "differ in sign" },
};

static void
test_order__a_mistake_is_named_in_the_shops_own_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *row = &refusals[i];
		struct order_problem problem;
		struct order o;

		if (read_text(&o, &problem, row->text) != ORDER_INVALID)
			fail_msg("taken: %s", row->text);
		if (strcmp(problem.field, row->field) != 0 ||
		    !strstr(problem.why, row->why))
			fail_msg("%s: %s: \"%s\"", row->text, problem.field,
			         problem.why);
		assert_null(o.number);
	}
}

/* n times what, with commas between. */
static char *
repeat(const char *before, const char *what, size_t n, const char *after)
{
	struct buf text = BUF_INIT;

	buf_adds(&text, before);
	for (size_t i = 0; i < n; i++)
		buf_addf(&text, "%s%s", i ? "," : "", what);
	buf_adds(&text, after);
	return buf_steal(&text);
}

static void
test_order__its_size_is_bounded(void **state)
{
	struct order_problem problem;
	struct order o;
	char *text;

	(void)state;
	text = repeat("{\"number\":\"1\",\"lines\":[",
	              "{\"sku\":\"A\",\"quantity\":1}", 1000, "]}");
	assert_int_equal(read_text(&o, &problem, text), 0);
	order_fini(&o);
	free(text);
	text = repeat("{\"number\":\"1\",\"lines\":[",
	              "{\"sku\":\"A\",\"quantity\":1}", 1001, "]}");
	assert_int_equal(read_text(&o, &problem, text), ORDER_INVALID);
	assert_string_equal(problem.field, "lines");
	assert_non_null(strstr(problem.why, "more than 1000"));
	free(text);
	text = repeat("{\"number\":\"1\"," LINES ",\"charges\":[", "\"x\"", 101,
	              "]}");
	assert_int_equal(read_text(&o, &problem, text), ORDER_INVALID);
	assert_string_equal(problem.field, "charges");
	free(text);
	text = repeat("{\"number\":\"1\"," LINES ",\"comment\":\"", "aa", 168,
	              "\"}"); /* 503 bytes */
	assert_int_equal(read_text(&o, &problem, text), ORDER_INVALID);
	assert_string_equal(problem.field, "comment");
	assert_non_null(strstr(problem.why, "longer than 500 bytes"));
	free(text);
}

static void
test_order__a_strangers_member_name_is_cut_between_characters(void **state)
{
	struct order_problem problem;
	struct order o;
	char *text =
		repeat("{\"number\":\"1\",\"x", "Ω", 90, "\":1," LINES "}");
	size_t n;

	(void)state;
	assert_int_equal(read_text(&o, &problem, text), ORDER_INVALID);
	n = strlen(problem.field);
	assert_true(n > 100 && n < sizeof(problem.field));
	assert_true(problem.field[n - 1] == ',' ||
	            ((unsigned char)problem.field[n - 1] & 0xc0) == 0x80);
	free(text);
}

static void
test_order__a_date_is_a_moment_or_the_authoritys_time(void **state)
{
	struct order_date date;

	(void)state;
	assert_true(order_date_read(&date, "2024-05-01T09:30:00+03:00"));
	assert_false(date.is_local);
	assert_int_equal(date.utc_ms, 1714545000000);
	assert_true(order_date_read(&date, "2024-05-01T06:30:00.25Z"));
	assert_int_equal(date.utc_ms, 1714545000250);
	assert_true(order_date_read(&date, "2024-05-01 09:30:00.9"));
	assert_true(date.is_local);
	assert_string_equal(date.local, "2024-05-01T09:30:00");
	assert_true(order_date_read(&date, "2024-05-01"));
	assert_true(date.is_local);
	assert_string_equal(date.local, "2024-05-01T00:00:00");
	assert_false(order_date_read(&date, "2024-05-01T09:30"));
	assert_false(order_date_read(&date, "2024-13-01"));
	assert_false(order_date_read(&date, "0123456789"));
	assert_false(order_date_read(&date, ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order__takes_every_member),
		cmocka_unit_test(test_order__money_is_exact_and_total_wins),
		cmocka_unit_test(test_order__empty_and_null_are_not_given),
		cmocka_unit_test(
			test_order__a_mistake_is_named_in_the_shops_own_words),
		cmocka_unit_test(test_order__its_size_is_bounded),
		cmocka_unit_test(
			test_order__a_strangers_member_name_is_cut_between_characters),
		cmocka_unit_test(
			test_order__a_date_is_a_moment_or_the_authoritys_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
