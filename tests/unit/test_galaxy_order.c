/*
 * A shop's order as Galaxy's commercial entry: every documented section, and
 * what is refused in which words (galaxy.md 8.1).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "adapters/galaxy.h"
#include "tests/support/fake_mirror.h"
#include "tests/support/galaxy_orders.h"

#include <stdlib.h>
#include <string.h>

#define LINES "\"lines\":[{\"sku\":\"tea\",\"quantity\":1}]"

static struct outcome
build(struct galaxy_world *w, struct json **doc, const char *order)
{
	struct entry_problem problem;
	struct buf text = BUF_INIT;
	struct outcome outcome;
	struct entry entry;

	galaxy_orders_entry(&entry, order);
	outcome = galaxy_entry_build(w->state, &text, &entry, &problem);
	if (outcome.verdict == VERDICT_DONE)
		assert_int_equal(json_parse(doc, buf_text(&text), text.n), 0);
	buf_fini(&text);
	entry_fini(&entry);
	return outcome;
}

/* ---- comparing ---- */

static bool matches(const struct json_node *actual,
                    const struct json_node *expected);

struct match {
	const struct json_node *actual;
	bool is_same;
};

static bool
visit_member(void *ctx, const char *key, const struct json_node *expected)
{
	struct match *match = ctx;

	match->is_same = matches(json_find(match->actual, key), expected);
	return match->is_same;
}

/* Everything that is expected is there; there may be more. */
static bool
matches(const struct json_node *actual, const struct json_node *expected)
{
	struct match match = { actual, true };
	struct buf a = BUF_INIT;
	struct buf e = BUF_INIT;

	if (json_type(expected) == JSON_OBJECT) {
		json_each(expected, visit_member, &match);
		return match.is_same && json_type(actual) == JSON_OBJECT;
	}
	if (json_type(expected) == JSON_ARRAY) {
		match.is_same = json_length(actual) == json_length(expected);
		for (size_t i = 0; i < json_length(expected); i++)
			match.is_same &= matches(json_at(actual, i),
			                         json_at(expected, i));
		return match.is_same;
	}
	json_print(&a, actual);
	json_print(&e, expected);
	match.is_same = strcmp(buf_text(&a), buf_text(&e)) == 0;
	buf_fini(&a);
	buf_fini(&e);
	return match.is_same;
}

/* body.data shows this: `"docdate":"…","comment":null`. */
static void
assert_shows(const struct json *doc, const char *members)
{
	char *text = text_format("{%s}", members);
	const struct json_node *data = json_path(json_root(doc), "body.data");
	struct json *expected = NULL;
	struct buf actual = BUF_INIT;

	assert_int_equal(json_parse(&expected, text, strlen(text)), 0);
	json_print(&actual, data);
	if (!matches(data, json_root(expected)))
		fail_msg("%s\nnot in\n%s", members, buf_text(&actual));
	buf_fini(&actual);
	json_free(expected);
	free(text);
}

static void
assert_order(struct galaxy_world *w, const char *order, const char *members)
{
	struct json *doc = NULL;

	assert_string_equal(build(w, &doc, order).why, "");
	assert_shows(doc, members);
	json_free(doc);
}

/* ---- the vendor's own fragments ---- */

/* clang-format off */
#define ID(id_) \
	"{\"identifier\":{\"id\":\"" id_ "\",\"codelist\":\"RCP\"," \
	"\"idspecifier\":null}}"
#define NAMED(id_, descr_) \
	"{\"identifier\":{\"id\":\"" id_ "\",\"codelist\":\"RCP\"," \
	"\"idspecifier\":null},\"descr\":\"" descr_ "\"}"

#define SEED_ADDRESS \
	"{\"identifier\":{\"id\":\"246e6c01-135b-45ee-82ed-4c6d86ed211f\"," \
	"\"codelist\":\"RCP\",\"idspecifier\":null}," \
	"\"country\":" NAMED("6a9a5bbe-3198-4ff7-8752-20e6dab2cda0", \
	                     "Ελλάδα") "," \
	"\"prefecture\":" NAMED("89fc0de8-bd2f-4792-bab9-01d79cbe6f00", \
	                        "Αττική") "," \
	"\"city\":" NAMED("4ba007cb-fc73-4bf9-913c-0216dca9a2b7", \
	                  "Κηφισιά") "," \
	"\"zipcode\":\"97643\",\"streetname\":\"Πλουτάρχου\"," \
	"\"streetnum\":\"1313Α\"}"

/* Galaxy API documentation (Sync Service), "Commercial Entries". */
static const char *const fragments[] = {
	"\"billtoaddress\":" SEED_ADDRESS,
	"\"deliveryinfo\":{\"delivdate\":\"2016-03-09T10:44:40\","
	"\"address\":" SEED_ADDRESS ",\"telephone\":\"2108196764\","
	"\"fax\":null,\"email\":null,\"additionalinfo\":null}",
	"\"trader\":" ID("8e367db7-16a3-462e-a6c1-9d8686f637f0"),
	"\"doccurrency\":" NAMED("9efe2b51-f986-4071-9ce4-65d42075740b",
	                         "Ευρώ"),
	"\"transportmode\":" NAMED("c6115df2-e203-4d84-91ec-eb6743c8a787",
	                           "Οδική μεταφορά"),
	"\"transporter\":" NAMED("b2cef0cb-43a9-4b5e-9092-c72e9e1a7e62",
	                         "Courier"),
	"\"dispatchpurpose\":" NAMED("9350af80-ec80-43cb-aad2-74dfdf99bf00",
	                             "Πώληση"),
	"\"paymentagreement\":{\"paymentplan\":"
	NAMED("e6858a58-7368-4396-8758-bec724c9510f", "Payment in 90 days") "}",
	"\"charges\":[{\"identifier\":"
	"{\"id\":\"956a37af-3953-4e7c-9ddb-d0248c254890\"}}]",
	"\"lines\":[{\"qty\":1,\"item\":{\"identifier\":"
	"{\"id\":\"13f89cea-0355-4aba-b3fb-ad713eeabbf8\","
	"\"codelist\":\"RCP\"}},\"itemattributes\":["
	"{\"identifier\":{\"id\":\"a997fac8-770c-4dff-ac50-ec7674b045ed\","
	"\"codelist\":\"RCP\"},\"value\":\"001\"},"
	"{\"identifier\":{\"id\":\"20671e5e-78ff-4588-a1de-fd5642a722d5\","
	"\"codelist\":\"RCP\"},\"value\":\"001\"}],"
	"\"qtymunit\":" ID("18c685c1-e9c1-41fc-b8dc-2d0d54da06a4") ","
	"\"pricemunit\":" ID("18c685c1-e9c1-41fc-b8dc-2d0d54da06a4") ","
	"\"netprice\":626.612,\"netamount\":626.612,\"vatprc\":24,"
	"\"vatamount\":150.387,\"discamount\":0,\"extrataxes\":null,"
	"\"extrataxestotal\":null,\"deductions\":null,"
	"\"deductionstotal\":null}]",
};

/* The rows that they refer to: table and row. */
static const char *const seed_rows[][2] = {
	{ "countries", "{\"ID\":\"6a9a5bbe-3198-4ff7-8752-20e6dab2cda0\","
	  "\"Code\":\"EL\",\"Description\":\"Ελλάδα\"}" },
	{ "prefectures", "{\"ID\":\"89fc0de8-bd2f-4792-bab9-01d79cbe6f00\","
	  "\"Code\":\"A1\",\"Description\":\"Αττική\"}" },
	{ "cities", "{\"ID\":\"4ba007cb-fc73-4bf9-913c-0216dca9a2b7\","
	  "\"Code\":\"KHF\",\"Description\":\"Κηφισιά\",\"PrefectureID\":"
	  "\"89fc0de8-bd2f-4792-bab9-01d79cbe6f00\"}" },
	{ "customers", "{\"ID\":\"8e367db7-16a3-462e-a6c1-9d8686f637f0\","
	  "\"Code\":\"30-9999\",\"Description\":\"Seed\"}" },
	{ "customersites", "{\"ID\":\"246e6c01-135b-45ee-82ed-4c6d86ed211f\","
	  "\"Code\":\"1\",\"Description\":\"Home\",\"CustomerID\":"
	  "\"8e367db7-16a3-462e-a6c1-9d8686f637f0\"}" },
	{ "currencies", "{\"ID\":\"9efe2b51-f986-4071-9ce4-65d42075740b\","
	  "\"Code\":\"EU2\",\"Description\":\"Ευρώ\"}" },
	{ "agencies", "{\"ID\":\"c6115df2-e203-4d84-91ec-eb6743c8a787\","
	  "\"Code\":\"R\",\"Description\":\"Οδική μεταφορά\"}" },
	{ "shippingmethods", "{\"ID\":\"b2cef0cb-43a9-4b5e-9092-c72e9e1a7e62\","
	  "\"Code\":\"C\",\"Description\":\"Courier\"}" },
	{ "dispatchpurposes", "{\"ID\":\"9350af80-ec80-43cb-aad2-74dfdf99bf00\""
	  ",\"Code\":\"S\",\"Description\":\"Πώληση\"}" },
	{ "paymethods", "{\"ID\":\"e6858a58-7368-4396-8758-bec724c9510f\","
	  "\"Code\":\"90\",\"Description\":\"Payment in 90 days\"}" },
	{ "charges", "{\"ID\":\"956a37af-3953-4e7c-9ddb-d0248c254890\","
	  "\"Code\":\"X\",\"Description\":\"Courier fee\",\"Type\":2}" },
	{ "items", "{\"ItemID\":\"13f89cea-0355-4aba-b3fb-ad713eeabbf8\","
	  "\"Unit1ID\":\"18c685c1-e9c1-41fc-b8dc-2d0d54da06a4\","
	  "\"WebRetailPrice\":777.00,\"ItemPrice\":1,\"VATsMasterID\":"
	  "\"30000000-0000-4000-8000-000000000001\",\"Dimension1ID\":"
	  "\"a997fac8-770c-4dff-ac50-ec7674b045ed\",\"Dimension2ID\":"
	  "\"20671e5e-78ff-4588-a1de-fd5642a722d5\",\"Code\":\"seed\"}" },
	{ "itemdimensions", "{\"ID\":\"a997fac8-770c-4dff-ac50-ec7674b045ed\","
	  "\"DimValues\":[{\"ID\":\"ea83fae7-7451-4bf5-b479-512c5bd548ef\","
	  "\"Code\":\"001\"}]}" },
	{ "itemdimensions", "{\"ID\":\"20671e5e-78ff-4588-a1de-fd5642a722d5\","
	  "\"DimValues\":[{\"ID\":\"6b8334f9-1c9e-450d-9469-96ac17d82680\","
	  "\"Code\":\"001\"}]}" },
};

static const char seed_order[] =
	"{\"number\":\"SHOP-10001\",\"customer\":\"30-9999\","
	"\"bill_to\":{\"id\":\"246E6C01-135B-45EE-82ED-4C6D86ED211F\","
	"\"country\":\"EL\",\"prefecture\":\"A1\",\"city\":\"KHF\","
	"\"zip\":\"97643\",\"street\":\"Πλουτάρχου\","
	"\"street_number\":\"1313Α\"},"
	"\"delivery\":{\"date\":\"2016-03-09T10:44:40\",\"address\":"
	"{\"id\":\"246e6c01-135b-45ee-82ed-4c6d86ed211f\","
	"\"country\":\"6a9a5bbe-3198-4ff7-8752-20e6dab2cda0\","
	"\"prefecture\":\"A1\",\"city\":\"KHF\",\"zip\":\"97643\","
	"\"street\":\"Πλουτάρχου\",\"street_number\":\"1313Α\"},"
	"\"phone\":\"2108196764\"},"
	"\"currency\":\"EU2\",\"transport_mode\":\"οδική μεταφορά\","
	"\"transporter\":\"b2cef0cb-43a9-4b5e-9092-c72e9e1a7e62\","
	"\"dispatch_purpose\":\"S\",\"payment_plan\":\"payment in 90 days\","
	"\"charges\":[\"X\"],"
	"\"lines\":[{\"sku\":\"13f89cea-0355-4aba-b3fb-ad713eeabbf8:"
	"ea83fae7-7451-4bf5-b479-512c5bd548ef:"
	"6b8334f9-1c9e-450d-9469-96ac17d82680\",\"quantity\":1}]}";
/* clang-format on */

static void
test_galaxy_order__the_documented_fragments_come_out_member_by_member(
	void **state)
{
	struct galaxy_world w;
	struct json *doc = NULL;

	(void)state;
	galaxy_orders_open(&w, GALAXY_ORDERS_TERMS);
	for (size_t i = 0; i < sizeof(seed_rows) / sizeof(seed_rows[0]); i++)
		galaxy_orders_put(&w, seed_rows[i][0], seed_rows[i][1]);
	assert_string_equal(build(&w, &doc, seed_order).why, "");
	for (size_t i = 0; i < sizeof(fragments) / sizeof(fragments[0]); i++)
		assert_shows(doc, fragments[i]);
	json_free(doc);
	galaxy_world_close(&w);
}

/* ---- sections ---- */

#define G(prefix_, n_) prefix_ "000000-0000-4000-8000-00000000000" n_

struct section {
	const char *members; /* of the order, beside number and lines */
	const char *shows;
};

/* clang-format off */
static const struct section sections[] = {
	/* what is left out comes from the options or is the only row */
	{ "", "\"company\":" ID(G("a0", "1")) ",\"companysite\":"
	  ID(G("a1", "1")) ",\"revisionnumber\":1,"
	  "\"docdate\":\"2024-05-01T09:30:00\","
	  "\"doccurrency\":" NAMED(G("90", "1"), "Ευρώ") ","
	  "\"trader\":" ID(G("91", "1")) ","
	  "\"transportmode\":" NAMED(G("96", "1"), "Οδικώς") ","
	  "\"paymentagreement\":{\"paymentplan\":" NAMED(G("99", "2"), "Κάρτα")
	  "},\"billtoaddress\":null,\"deliveryinfo\":null,\"charges\":null,"
	  "\"comment\":null" },
	/* dates: a moment in the server's time, or as it stands */
	{ ",\"date\":\"2024-05-01T22:30:00Z\"",
	  "\"docdate\":\"2024-05-02T01:30:00\"" },
	{ ",\"date\":\"2024-12-01T22:30:00.9-01:00\"",
	  "\"docdate\":\"2024-12-02T01:30:00\"" },
	{ ",\"date\":\"2024-05-01T22:30:00\"",
	  "\"docdate\":\"2024-05-01T22:30:00\"" },
	{ ",\"date\":\"2024-05-01\"",
	  "\"docdate\":\"2024-05-01T00:00:00\"" },
	/* the order's own terms win, by id, code or description, any case */
	{ ",\"payment_plan\":\"μετρητά\"",
	  "\"paymentagreement\":{\"paymentplan\":"
	  NAMED(G("99", "1"), "Μετρητά") "}" },
	{ ",\"payment_plan\":\"ΜΕΤΡΗΤΑ\"", /* capitals have no accents */
	  "\"paymentagreement\":{\"paymentplan\":"
	  NAMED(G("99", "1"), "Μετρητά") "}" },
	{ ",\"payment_plan\":\"99000000-0000-4000-8000-000000000001\"",
	  "\"paymentagreement\":{\"paymentplan\":"
	  NAMED(G("99", "1"), "Μετρητά") "}" },
	{ ",\"currency\":\"usd\"",
	  "\"doccurrency\":" NAMED(G("90", "2"), "US dollar") },
	{ ",\"company\":\"export\"", "\"company\":" ID(G("a0", "2"))
	  ",\"companysite\":" ID(G("a1", "2")) },
	{ ",\"company\":\"002\",\"company_site\":\"101\"",
	  "\"companysite\":" ID(G("a1", "2")) },
	{ ",\"customer\":\"30-0001\"", "\"trader\":" ID(G("91", "2")) },
	{ ",\"transport_mode\":\"01\",\"transporter\":\"COURIER\","
	  "\"dispatch_purpose\":\"πώληση\"",
	  "\"transportmode\":" NAMED(G("96", "1"), "Οδικώς")
	  ",\"transporter\":" NAMED(G("97", "1"), "Courier")
	  ",\"dispatchpurpose\":" NAMED(G("98", "1"), "Πώληση") },
	/* who buys, inside the trader */
	{ ",\"buyer\":{\"name\":\"Μαρία\",\"tin\":\"1\",\"phone\":\"2\","
	  "\"email\":\"m@x.gr\",\"website\":\"x.gr\",\"fax\":\"3\","
	  "\"address\":{\"country\":\"GR\",\"city\":\"Βόλος\","
	  "\"zip\":\"38221\",\"street\":\"Ιάσονος\"}}",
	  "\"trader\":{\"identifier\":{\"id\":\"" G("91", "1") "\"},"
	  "\"tin\":\"1\",\"name\":\"Μαρία\",\"mainactivity\":null,"
	  "\"telephone\":\"2\",\"fax\":\"3\",\"email\":\"m@x.gr\","
	  "\"website\":\"x.gr\",\"address\":{"
	  "\"country\":" NAMED(G("93", "1"), "Ελλάδα") ","
	  "\"municipality\":null,"
	  "\"prefecture\":" NAMED(G("94", "3"), "Μαγνησία") "," /* the city's */
	  "\"city\":" NAMED(G("95", "4"), "Βόλος") ",\"zipcode\":\"38221\","
	  "\"streetname\":\"Ιάσονος\",\"streetnum\":null}}" },
	{ ",\"buyer\":{\"name\":\"Μαρία\"}",
	  "\"trader\":{\"name\":\"Μαρία\",\"tin\":null,\"address\":null}" },
	/* a city of two prefectures: the named one decides */
	{ ",\"bill_to\":{\"prefecture\":\"αχαια\",\"city\":\"Άγιος Γεώργιος\"}",
	  "\"billtoaddress\":{\"identifier\":null,\"country\":null,"
	  "\"prefecture\":" NAMED(G("94", "2"), "Αχαΐα") ",\"city\":"
	  NAMED(G("95", "3"), "Άγιος Γεώργιος") "}" },
	/* a city that names no prefecture goes with any */
	{ ",\"bill_to\":{\"prefecture\":\"01\",\"city\":\"Ναύπλιο\"}",
	  "\"billtoaddress\":{\"city\":" NAMED(G("95", "5"), "Ναύπλιο") "}" },
	/* a site by its id alone is written out, from either list */
	{ ",\"bill_to\":{\"id\":\"92000000-0000-4000-8000-000000000001\"}",
	  "\"billtoaddress\":{\"identifier\":{\"id\":\"" G("92", "1")
	  "\",\"codelist\":\"RCP\",\"idspecifier\":null},"
	  "\"country\":" NAMED(G("93", "1"), "Ελλάδα")
	  ",\"prefecture\":" NAMED(G("94", "1"), "Αττική")
	  ",\"city\":" NAMED(G("95", "1"), "Κηφισιά")
	  ",\"zipcode\":\"97643\",\"streetname\":\"Πλουτάρχου\","
	  "\"streetnum\":\"1313Α\"}" },
	{ ",\"delivery\":{\"address\":{\"id\":\"Έδρα\"}}",
	  "\"deliveryinfo\":{\"delivdate\":null,\"address\":{\"identifier\":"
	  "{\"id\":\"" G("92", "1") "\"},\"zipcode\":\"97643\"}}" },
	/* with more beside the id nothing of the site is mixed in */
	{ ",\"bill_to\":{\"id\":\"1\",\"city\":\"Βόλος\"}",
	  "\"billtoaddress\":{\"identifier\":{\"id\":\"" G("92", "1") "\"},"
	  "\"city\":" NAMED(G("95", "4"), "Βόλος") ",\"zipcode\":null}" },
	{ ",\"delivery\":{\"date\":\"2024-05-02T09:00:00Z\",\"phone\":\"1\","
	  "\"fax\":\"2\",\"email\":\"3\",\"comment\":\"4\"}",
	  "\"deliveryinfo\":{\"delivdate\":\"2024-05-02T12:00:00\","
	  "\"address\":null,\"telephone\":\"1\",\"fax\":\"2\","
	  "\"email\":\"3\",\"additionalinfo\":\"4\"}" },
	{ ",\"charges\":[\"μεταφορικά\",\"COD\"]",
	  "\"charges\":[{\"identifier\":{\"id\":\"" G("9a", "1") "\"}},"
	  "{\"identifier\":{\"id\":\"" G("9a", "2") "\"}}]" },
	{ ",\"comment\":\"Call \\\"me\\\"\\n\"",
	  "\"comment\":\"Call \\\"me\\\"\\n\"" },
};
/* clang-format on */

static void
test_galaxy_order__every_section_says_what_the_order_says(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_orders_open(&w, GALAXY_ORDERS_TERMS);
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		char *order = text_format("{\"number\":\"1\"%s," LINES "}",
		                          sections[i].members);

		assert_order(&w, order, sections[i].shows);
		free(order);
	}
	galaxy_world_close(&w);
}

static void
test_galaxy_order__lines_are_priced_by_the_order_or_the_list(void **state)
{
	static const struct section rows[] = {
		{ "{\"sku\":\"till\",\"quantity\":1}",
		  "\"netprice\":626.612,\"netamount\":626.612,"
		  "\"vatamount\":150.387" },
		{ "{\"sku\":\"till\",\"quantity\":2,\"price\":\"12.40\"}",
		  "\"qty\":2,\"netprice\":10,\"netamount\":20,"
		  "\"vatamount\":4.8" },
		{ "{\"sku\":\"till\",\"quantity\":2,\"price\":1,\"total\":"
		  "24.80}",
		  "\"netprice\":10,\"netamount\":20,\"vatamount\":4.8" },
		{ "{\"sku\":\"till\",\"quantity\":2,\"total\":0}",
		  "\"netprice\":0,\"netamount\":0,\"vatamount\":0" },
		{ "{\"sku\":\"shoe\",\"quantity\":0.5}", /* 29.95 at 13 % */
		  "\"qty\":0.5,\"vatprc\":13,\"netprice\":53.008,"
		  "\"netamount\":26.504,\"vatamount\":3.445,"
		  "\"itemattributes\":[{\"identifier\":{\"id\":"
		  "\"40000000-0000-4000-8000-000000000001\"},"
		  "\"value\":\"005\"}]" },
	};
	struct galaxy_world w;

	(void)state;
	galaxy_orders_open(&w, GALAXY_ORDERS_TERMS);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *order = text_format("{\"number\":\"1\",\"lines\":[%s]}",
		                          rows[i].members);
		char *shows = text_format("\"lines\":[{%s}]", rows[i].shows);

		assert_order(&w, order, shows);
		free(order);
		free(shows);
	}
	galaxy_world_close(&w);
}

static void
test_galaxy_order__a_pack_is_booked_as_its_content(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_orders_open(&w, GALAXY_ORDERS_TERMS);
	/* two boxes of six for 148.80: 12 pieces at 12.40 */
	assert_order(&w,
	             "{\"number\":\"1\",\"lines\":[{\"sku\":\"box\","
	             "\"quantity\":2,\"price\":74.4}]}",
	             "\"lines\":[{\"qty\":12,\"netprice\":10,"
	             "\"netamount\":120,\"vatamount\":28.8,\"item\":"
	             "{\"identifier\":{\"id\":\"" GALAXY_ORDERS_ITEM
	             "\"}},\"itemattributes\":[]}],"
	             "\"totalamount\":148.8");
	/* without a price: twelve at the list price */
	assert_order(&w,
	             "{\"number\":\"1\",\"lines\":[{\"sku\":\"box\","
	             "\"quantity\":2}]}",
	             "\"lines\":[{\"qty\":12,\"netprice\":10}],"
	             "\"totalamount\":148.8");
	/* and of a variant */
	assert_order(&w,
	             "{\"number\":\"1\",\"lines\":[{\"sku\":"
	             "\"" GALAXY_ORDERS_SHOE "*2\",\"quantity\":1}]}",
	             "\"lines\":[{\"qty\":2,\"itemattributes\":[{\"value\":"
	             "\"005\"}]}]");
	galaxy_world_close(&w);
}

static void
test_galaxy_order__totals_are_the_sums_of_the_lines(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_orders_open(&w, GALAXY_ORDERS_TERMS);
	assert_order(&w,
	             "{\"number\":\"1\",\"lines\":[{\"sku\":\"till\","
	             "\"quantity\":1},{\"sku\":\"till\",\"quantity\":1},"
	             "{\"sku\":\"shoe\",\"quantity\":1}]}",
	             "\"netamount\":1306.232,\"vatamount\":307.665,"
	             "\"totalamount\":1613.897,\"payableamount\":1613.897,"
	             "\"discamount\":0,\"extrataxes\":null,"
	             "\"extrataxestotal\":null,\"extrataxesgrandtotal\":null,"
	             "\"deductions\":[],\"deductionstotal\":0,"
	             "\"deductionsgrandtotal\":0");
	galaxy_world_close(&w);
}

static void
test_galaxy_order__a_return_is_a_negative_line_where_that_may_be(void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_orders_open(&w, "\"entry\":{\"returns\":\"negative\","
	                       "\"company\":\"001\",\"trader\":\"30-0000\","
	                       "\"currency\":\"EUR\",\"payment_plan\":\"02\"}");
	assert_order(&w,
	             "{\"number\":\"1\",\"lines\":[{\"sku\":\"tea\","
	             "\"quantity\":-2}]}",
	             "\"lines\":[{\"qty\":-2,\"netprice\":10,\"netamount\":-20,"
	             "\"vatamount\":-4.8}],\"totalamount\":-24.8");
	galaxy_world_close(&w);
}

/* ---- what is refused ---- */

struct refusal {
	const char *members; /* beside number */
	const char *field;
	const char *why;
};

static void
assert_refused(struct galaxy_world *w, const struct refusal *row)
{
	char *order = text_format("{\"number\":\"1\"%s}", row->members);
	struct entry_problem problem;
	struct outcome outcome;
	struct entry entry;
	char *whole;

	galaxy_orders_entry(&entry, order);
	outcome = galaxy_adapter.check_entry(w->state, &entry, &problem);
	if (outcome.verdict != VERDICT_REFUSED ||
	    strcmp(problem.field, row->field) != 0 ||
	    !strstr(problem.why, row->why))
		fail_msg("%s: %s %s: \"%s\"", order,
		         verdict_name(outcome.verdict), problem.field,
		         problem.why);
	whole = text_format("%s: %s", problem.field, problem.why);
	assert_int_equal(strncmp(outcome.why, whole, strlen(outcome.why)), 0);
	free(whole);
	free(order);
	entry_fini(&entry);
}

/* clang-format off */
static const struct refusal refusals[] = {
	{ ",\"payment_plan\":\"Cheque\"," LINES, "payment_plan",
	  "Galaxy's paymethods have no \"Cheque\"; there are: "
	  "\"01\" (Μετρητά), \"02\" (Κάρτα)" },
	{ ",\"payment_plan\":\"κάρτ\"," LINES, "payment_plan",
	  "have no \"κάρτ\"; did you mean: \"02\" (Κάρτα)" },
	{ ",\"company\":\"003\"," LINES, "company",
	  "Galaxy's companies have no \"003\"" },
	{ ",\"company_site\":\"Warehouse\"," LINES, "company_site",
	  "\"Warehouse\" is no site of that company; there are: "
	  "\"101\" (Κατάστημα)" },
	{ ",\"customer\":\"40-1\"," LINES, "customer",
	  "Galaxy's customers have no \"40-1\"" },
	{ ",\"currency\":\"GBP\"," LINES, "currency",
	  "Galaxy's currencies have no \"GBP\"; there are: \"EUR\" (Ευρώ), "
	  "\"USD\" (US dollar)" },
	{ ",\"transport_mode\":\"air\"," LINES, "transport_mode",
	  "Galaxy's agencies have no \"air\"" },
	{ ",\"transporter\":\"post\"," LINES, "transporter",
	  "Galaxy's shippingmethods have no \"post\"" },
	{ ",\"dispatch_purpose\":\"gift\"," LINES, "dispatch_purpose",
	  "Galaxy's dispatchpurposes have no \"gift\"" },
	{ ",\"charges\":[\"DEL\",\"gift wrap\"]," LINES, "charges[1]",
	  "Galaxy's charges have no \"gift wrap\"; there are: "
	  "\"DEL\" (Μεταφορικά), \"COD\" (Αντικαταβολή)" },
	{ ",\"charges\":[\"EXP\"]," LINES, "charges[0]",
	  "\"EXP\" is no charge that a shop may use (Type 2); there are: "
	  "\"DEL\" (Μεταφορικά), \"COD\" (Αντικαταβολή)" },
	{ ",\"charges\":[\"9A000000-0000-4000-8000-000000000003\"]," LINES,
	  "charges[0]", "is no charge that a shop may use" },
	{ ",\"buyer\":{\"address\":{\"country\":\"XX\"}}," LINES,
	  "buyer.address.country", "Galaxy's countries have no \"XX\"" },
	{ ",\"bill_to\":{\"prefecture\":\"Αττικ\"}," LINES,
	  "bill_to.prefecture", "did you mean: \"01\" (Αττική)" },
	{ ",\"delivery\":{\"address\":{\"city\":\"Κηφισ\"}}," LINES,
	  "delivery.address.city", "Galaxy's cities have no \"Κηφισ\"; did "
	  "you mean: \"001\" (Κηφισιά)" },
	{ ",\"delivery\":{\"address\":{\"city\":\"Άγιος Γεώργιος\"}}," LINES,
	  "delivery.address.city", "\"Άγιος Γεώργιος\" fits more than one of "
	  "Galaxy's cities: \"002\" (Άγιος Γεώργιος), \"003\"" },
	{ ",\"bill_to\":{\"prefecture\":\"Αχαΐα\",\"city\":\"Κηφισιά\"},"
	  LINES, "bill_to.city", "\"Κηφισιά\" is not in that prefecture; "
	  "there are: \"003\" (Άγιος Γεώργιος)" },
	{ ",\"bill_to\":{\"prefecture\":\"03\",\"city\":\"001\"}," LINES,
	  "bill_to.city", "\"001\" is not in that prefecture" },
	{ ",\"bill_to\":{\"id\":\"92000000-0000-4000-8000-000000000002\"},"
	  LINES, "bill_to.id", "is a site of another customer" },
	{ ",\"delivery\":{\"address\":{\"id\":\"9\"}}," LINES,
	  "delivery.address.id", "is no site of this customer" },
	{ ",\"lines\":[{\"sku\":\"tea\",\"quantity\":1},{\"sku\":\"none\","
	  "\"quantity\":1}]", "lines[1].sku", "the mirror does not know it" },
	{ ",\"lines\":[{\"sku\":\"tea\",\"quantity\":0.5}]",
	  "lines[0].quantity", "has more decimals than the item's unit" },
	{ ",\"lines\":[{\"sku\":\"box\",\"quantity\":900000}]",
	  "lines[0].quantity", "a quantity that cannot be booked" },
	{ ",\"lines\":[{\"sku\":\"tea\",\"quantity\":1000,"
	  "\"price\":1000001}]", "lines[0].total",
	  "an amount that cannot be booked" },
	{ ",\"lines\":[{\"sku\":\"" GALAXY_ORDERS_ITEM ":x\",\"quantity\":1}]",
	  "lines[0].sku", "its variant is not among its dimensions" },
};
/* clang-format on */

static void
test_galaxy_order__a_name_that_fits_nothing_is_refused_with_candidates(
	void **state)
{
	struct galaxy_world w;

	(void)state;
	galaxy_orders_open(&w, GALAXY_ORDERS_TERMS);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		assert_refused(&w, &refusals[i]);
	galaxy_world_close(&w);
}

static void
test_galaxy_order__a_missing_option_is_named_by_its_own_name(void **state)
{
	static const struct {
		const char *options;
		struct refusal row;
	} rows[] = {
		{ "",
		  { "," LINES, "entry.company",
		    "is not set and Galaxy's companies are several: "
		    "\"001\" (Παντοπωλείο Α.Ε.), \"002\" (Export)" } },
		{ "",
		  { ",\"company\":\"001\"," LINES, "entry.currency",
		    "is not set and Galaxy's currencies are several" } },
		{ "",
		  { ",\"company\":\"001\",\"currency\":\"EUR\"," LINES,
		    "entry.trader",
		    "is not set and Galaxy's customers are several" } },
		{ "\"entry\":{\"payment_plan\":\"gold\"}",
		  { ",\"company\":\"001\",\"currency\":\"EUR\","
		    "\"customer\":\"30-0001\"," LINES,
		    "entry.payment_plan",
		    "Galaxy's paymethods have no \"gold\"" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct galaxy_world w;

		galaxy_orders_open(&w, rows[i].options);
		assert_refused(&w, &rows[i].row);
		galaxy_world_close(&w);
	}
}

/* ---- tables ---- */

static const struct mirror_ops *real_ops;
static unsigned n_visited;

/* A row for the visitor under test, counted. */
struct visitor {
	int (*visit)(void *ctx, const char *key, const char *json, size_t n);
	void *ctx;
};

static int
visit_twice(void *ctx, const char *key, const char *json, size_t n)
{
	const struct visitor *v = ctx;
	int r = v->visit(v->ctx, key, json, n);

	n_visited++;
	return r ? r : v->visit(v->ctx, key, json, n);
}

/* As HSCAN may: it shows a row again when the table grows meanwhile. */
static int
each_twice(void *self, const char *entity,
           int (*visit)(void *ctx, const char *key, const char *json, size_t n),
           void *ctx)
{
	struct visitor v = { visit, ctx };

	return real_ops->each(self, entity, visit_twice, &v);
}

static void
test_galaxy_order__a_row_shown_twice_is_one_row(void **state)
{
	struct galaxy_world w;
	struct mirror_ops ops;

	(void)state;
	galaxy_orders_open(&w, GALAXY_ORDERS_TERMS);
	real_ops = w.mirror->ops;
	ops = *real_ops;
	ops.each = each_twice;
	w.mirror->ops = &ops;
	assert_order(&w,
	             "{\"number\":\"1\",\"payment_plan\":\"ΚΑΡΤΑ\"," LINES "}",
	             "\"paymentagreement\":{\"paymentplan\":{\"descr\":"
	             "\"Κάρτα\"}},\"transporter\":{\"descr\":\"Courier\"}");
	w.mirror->ops = real_ops;
	galaxy_world_close(&w);
}

static void
test_galaxy_order__many_customers_are_neither_listed_nor_read_whole(
	void **state)
{
	static const struct refusal unknown = { ",\"customer\":\"40-1\"," LINES,
		                                "customer",
		                                "have no \"40-1\"" };
	static const struct refusal unset = {
		"," LINES, "entry.trader",
		"several: \"30-0000\", \"30-0001\", \"C0\", \"C1\", \"C2\", "
		"\"C3\", ..."
	};
	struct galaxy_world w;
	struct mirror_ops ops;

	(void)state;
	galaxy_orders_open(&w, "\"entry\":{\"company\":\"001\",\"currency\":"
	                       "\"EUR\"}");
	for (int i = 0; i < 40; i++) {
		char *row = text_format("{\"ID\":\"c-%d\",\"Code\":\"C%d\","
		                        "\"Description\":\"Somebody\"}",
		                        i, i);

		galaxy_orders_put(&w, "customers", row);
		free(row);
	}
	real_ops = w.mirror->ops;
	ops = *real_ops;
	ops.each = each_twice;
	w.mirror->ops = &ops;
	n_visited = 0;
	assert_refused(&w, &unset);
	assert_true(n_visited < 20);
	n_visited = 0;
	assert_refused(&w, &unknown); /* two companies' sites at most */
	assert_true(n_visited < 10);
	w.mirror->ops = real_ops;
	galaxy_world_close(&w);
}

/* ---- checking ---- */

static void
test_galaxy_order__a_check_asks_nobody_but_the_mirror(void **state)
{
	struct galaxy_world w;
	struct entry_problem problem;
	struct entry entry;

	(void)state;
	galaxy_orders_open(&w, GALAXY_ORDERS_TERMS); /* without a client */
	galaxy_orders_entry(&entry, "{\"number\":\"1\"," LINES "}");
	assert_int_equal(
		galaxy_adapter.check_entry(w.state, &entry, &problem).verdict,
		VERDICT_DONE);
	assert_string_equal(problem.field, "");
	assert_int_equal(fake_http_count(w.http), 0);
	entry_fini(&entry);
	galaxy_world_close(&w);
}

static void
test_galaxy_order__before_the_first_sync_nothing_is_condemned(void **state)
{
	struct galaxy_world w;
	struct entry_problem problem;
	struct outcome outcome;
	struct entry entry;

	(void)state;
	galaxy_world_open(&w, GALAXY_ORDERS_TERMS);
	galaxy_orders_entry(&entry, "{\"number\":\"1\"," LINES "}");
	outcome = galaxy_adapter.check_entry(w.state, &entry, &problem);
	assert_int_equal(outcome.verdict, VERDICT_RETRY);
	assert_non_null(strstr(outcome.why, "the first sync"));
	entry_fini(&entry);
	galaxy_world_close(&w);
}

static void
test_galaxy_order__a_store_that_is_away_condemns_nothing(void **state)
{
	enum { CALLS_MAX = 200 };
	struct galaxy_world w;
	struct entry_problem problem;
	struct outcome outcome;
	struct entry entry;
	int n = 0;

	(void)state;
	galaxy_orders_open(&w, GALAXY_ORDERS_TERMS);
	galaxy_orders_entry(&entry,
	                    "{\"number\":\"1\",\"charges\":[\"DEL\"],"
	                    "\"bill_to\":{\"id\":\"1\",\"city\":\"Βόλος\"},"
	                    "\"delivery\":{\"address\":{\"id\":"
	                    "\"92000000-0000-4000-8000-000000000001\"}},"
	                    "\"lines\":[{\"sku\":\"shoe\",\"quantity\":1}]}");
	do {
		fake_mirror_break(w.mirror, ++n);
		outcome = galaxy_adapter.check_entry(w.state, &entry, &problem);
		if (outcome.verdict != VERDICT_DONE)
			assert_int_equal(outcome.verdict, VERDICT_RETRY);
	} while (outcome.verdict != VERDICT_DONE && n < CALLS_MAX);
	assert_true(n > 20 && n < CALLS_MAX);
	entry_fini(&entry);
	galaxy_world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_galaxy_order__the_documented_fragments_come_out_member_by_member),
		cmocka_unit_test(
			test_galaxy_order__every_section_says_what_the_order_says),
		cmocka_unit_test(
			test_galaxy_order__lines_are_priced_by_the_order_or_the_list),
		cmocka_unit_test(
			test_galaxy_order__a_pack_is_booked_as_its_content),
		cmocka_unit_test(
			test_galaxy_order__totals_are_the_sums_of_the_lines),
		cmocka_unit_test(
			test_galaxy_order__a_return_is_a_negative_line_where_that_may_be),
		cmocka_unit_test(
			test_galaxy_order__a_name_that_fits_nothing_is_refused_with_candidates),
		cmocka_unit_test(
			test_galaxy_order__a_missing_option_is_named_by_its_own_name),
		cmocka_unit_test(
			test_galaxy_order__a_row_shown_twice_is_one_row),
		cmocka_unit_test(
			test_galaxy_order__many_customers_are_neither_listed_nor_read_whole),
		cmocka_unit_test(
			test_galaxy_order__a_check_asks_nobody_but_the_mirror),
		cmocka_unit_test(
			test_galaxy_order__before_the_first_sync_nothing_is_condemned),
		cmocka_unit_test(
			test_galaxy_order__a_store_that_is_away_condemns_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
