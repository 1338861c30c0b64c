/*
 * A customer as a shop sends it: what is taken, and what is refused in which
 * words.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "gateway/model/customer.h"

#include <stdlib.h>
#include <string.h>

static int
read_text(struct customer *out, struct order_problem *problem, const char *text)
{
	struct json *doc = NULL;
	int r;

	*out = (struct customer){ 0 };
	*problem = (struct order_problem){ .field = "" };
	if (json_parse(&doc, text, strlen(text)) != 0)
		fail_msg("no JSON: %s", text);
	r = customer_read(out, problem, json_root(doc));
	json_free(doc);
	return r;
}

/* clang-format off */
static const char whole[] =
	"{\"code\":\"WEB-17\",\"name\":\"Μαρία\",\"description\":\"d\","
	"\"tin\":\"123\",\"comment\":\"c\",\"currency\":\"EUR\","
	"\"fields\":{\"StringField1\":\"s\",\"FloatField2\":\"1.5\","
	"\"FloatField7\":2},"
	"\"sites\":[{\"description\":\"Home\",\"country\":\"GR\","
	"\"prefecture\":\"Αττική\",\"city\":\"Κηφισιά\",\"zip\":\"14561\","
	"\"street\":\"Πλουτάρχου\",\"street_number\":\"1Α\","
	"\"email\":\"m@x.gr\",\"phone\":\"210\"},"
	"{\"code\":\"W\",\"billing\":true,\"primary\":true}]}";
/* clang-format on */

static void
test_customer__takes_every_member(void **state)
{
	struct order_problem problem;
	struct customer c;
	char text[DECIMAL_TEXT_SIZE];

	(void)state;
	assert_int_equal(read_text(&c, &problem, whole), 0);
	assert_string_equal(c.code, "WEB-17");
	assert_string_equal(c.name, "Μαρία");
	assert_string_equal(c.description, "d");
	assert_string_equal(c.tin, "123");
	assert_string_equal(c.comment, "c");
	assert_string_equal(c.currency, "EUR");
	assert_string_equal(c.strings[0], "s");
	assert_null(c.strings[6]);
	assert_false(c.has_float[0]);
	assert_true(c.has_float[1]);
	assert_string_equal(decimal_format(text, c.floats[1]), "1.5");
	assert_string_equal(decimal_format(text, c.floats[6]), "2");
	assert_int_equal(c.n_sites, 2);
	assert_string_equal(c.sites[0].code, "1"); /* its place */
	assert_string_equal(c.sites[0].description, "Home");
	assert_string_equal(c.sites[0].country, "GR");
	assert_string_equal(c.sites[0].prefecture, "Αττική");
	assert_string_equal(c.sites[0].city, "Κηφισιά");
	assert_string_equal(c.sites[0].zip, "14561");
	assert_string_equal(c.sites[0].street, "Πλουτάρχου");
	assert_string_equal(c.sites[0].street_number, "1Α");
	assert_string_equal(c.sites[0].email, "m@x.gr");
	assert_string_equal(c.sites[0].phone, "210");
	assert_false(c.sites[0].is_primary);
	assert_false(c.sites[0].is_billing);
	assert_string_equal(c.sites[1].code, "W");
	assert_true(c.sites[1].is_primary);
	assert_true(c.sites[1].is_billing);
	customer_fini(&c);
	customer_fini(&c);
}

static void
test_customer__its_first_site_is_the_primary_one_unless_it_says(void **state)
{
	struct order_problem problem;
	struct customer c;

	(void)state;
	assert_int_equal(read_text(&c, &problem,
	                           "{\"code\":1,\"name\":\"n\",\"sites\":"
	                           "[{},{\"billing\":true}]}"),
	                 0);
	assert_string_equal(c.code, "1");
	assert_true(c.sites[0].is_primary);
	assert_false(c.sites[0].is_billing);
	assert_false(c.sites[1].is_primary);
	customer_fini(&c);
	assert_int_equal(read_text(&c, &problem,
	                           "{\"code\":1,\"name\":\"n\",\"sites\":"
	                           "[{},{\"primary\":true}]}"),
	                 0);
	assert_false(c.sites[0].is_primary);
	assert_true(c.sites[1].is_billing); /* no other one is */
	customer_fini(&c);
	assert_int_equal(read_text(&c, &problem, "{\"code\":1,\"name\":\"n\"}"),
	                 0);
	assert_int_equal(c.n_sites, 0);
	customer_fini(&c);
}

#define BAD(members_) "{\"code\":\"1\",\"name\":\"n\"," members_ "}"

static void
test_customer__a_mistake_is_named_in_the_shops_own_words(void **state)
{
	static const struct {
		const char *text, *field, *why;
	} rows[] = {
		{ "1", "", "must be an object" },
		{ "{\"name\":\"n\"}", "code", "is missing" },
		{ "{\"code\":\"1\",\"name\":\" \"}", "name", "is missing" },
		{ BAD("\"kode\":1"), "kode", "(did you mean \"code\"?)" },
		{ BAD("\"fields\":{\"StringField8\":\"x\"}"),
		  "fields.StringField8", "did you mean \"StringField1\"?" },
		{ BAD("\"fields\":{\"StringField1\":1}"), "fields.StringField1",
		  "must be text" },
		{ BAD("\"fields\":{\"FloatField1\":\"x\"}"),
		  "fields.FloatField1", "must be a number" },
		{ BAD("\"fields\":{\"FloatField3\":1e17}"), "fields",
		  "FloatField3 is too large" },
		{ BAD("\"sites\":{}"), "sites", "must be an array" },
		{ BAD("\"sites\":[{},3]"), "sites[1]", "must be an object" },
		{ BAD("\"sites\":[{\"primary\":1}]"), "sites[0].primary",
		  "must be true or false" },
		{ BAD("\"sites\":[{\"fhone\":\"1\"}]"), "sites[0].fhone",
		  "(did you mean \"phone\"?)" },
		{ BAD("\"sites\":[{\"primary\":true},{\"primary\":true}]"),
		  "sites[1].primary", "is a second primary site" },
		{ BAD("\"sites\":[{},{\"code\":\"1\"}]"), "sites[1].code",
		  "is that of sites[0] too" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct order_problem problem;
		struct customer c;

		if (read_text(&c, &problem, rows[i].text) != ORDER_INVALID)
			fail_msg("taken: %s", rows[i].text);
		if (strcmp(problem.field, rows[i].field) != 0 ||
		    !strstr(problem.why, rows[i].why))
			fail_msg("%s: %s: \"%s\"", rows[i].text, problem.field,
			         problem.why);
		assert_null(c.code);
	}
}

static void
test_customer__has_at_most_200_sites(void **state)
{
	struct order_problem problem;
	struct customer c;

	(void)state;
	for (size_t n = 200; n < 202; n++) {
		struct buf text = BUF_INIT;

		buf_adds(&text, "{\"code\":1,\"name\":\"n\",\"sites\":[{}");
		for (size_t i = 1; i < n; i++)
			buf_adds(&text, ",{}");
		buf_adds(&text, "]}");
		assert_int_equal(read_text(&c, &problem, buf_text(&text)),
		                 n == 200 ? 0 : ORDER_INVALID);
		customer_fini(&c);
		buf_fini(&text);
	}
	assert_string_equal(problem.field, "sites");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_customer__takes_every_member),
		cmocka_unit_test(
			test_customer__its_first_site_is_the_primary_one_unless_it_says),
		cmocka_unit_test(
			test_customer__a_mistake_is_named_in_the_shops_own_words),
		cmocka_unit_test(test_customer__has_at_most_200_sites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
