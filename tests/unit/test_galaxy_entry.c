/*
 * Galaxy's commercial entry: its members and its arithmetic (galaxy.md 8).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "adapters/galaxy.h"
#include "tests/support/galaxy_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEM1 "10000000-0000-4000-8000-000000000001"
#define ITEM2 "10000000-0000-4000-8000-000000000002"
#define SHOE  "10000000-0000-4000-8000-000000000003"
#define DIM2  "41000000-0000-4000-8000-000000000002"

#define TERMS \
	"\"company\":\"001\",\"companysite\":\"Κατάστημα\",\"trader\":" \
	"\"30-0000\",\"currency\":\"eur\",\"payment_plan\":" \
	"\"99000000-0000-4000-8000-000000000002\""

static struct decimal
number(const char *text)
{
	struct decimal d;

	assert_int_equal(decimal_parse(&d, text), 0);
	return d;
}

static void
assert_number(struct decimal d, const char *expected)
{
	char text[DECIMAL_TEXT_SIZE];

	assert_string_equal(decimal_format(text, d), expected);
}

/* ---- amounts ---- */

static void
test_galaxy_entry__the_published_sample_comes_out_as_printed(void **state)
{
	struct galaxy_amounts a =
		galaxy_amounts_of(number("777.00"), number("1"), number("24"));

	(void)state;
	assert_number(a.netprice, "626.612");
	assert_number(a.netamount, "626.612");
	assert_number(a.vatamount, "150.387");
}

static void
test_galaxy_entry__amounts_are_cut_from_the_exact_value(void **state)
{
	static const struct {
		const char *gross, *qty, *vat;
		const char *netprice, *netamount, *vatamount;
	} rows[] = {
		{ "24.8", "2", "24", "10", "20", "4.8" },
		/* not 3 x 626.612: each figure is cut once */
		{ "2331", "3", "24", "626.612", "1879.838", "451.161" },
		{ "1", "3", "0", "0.333", "1", "0" },
		{ "-777", "-1", "24", "626.612", "-626.612", "-150.387" },
		{ "0", "1", "24", "0", "0", "0" },
		{ "10", "0.25", "13", "35.398", "8.849", "1.15" },
		{ "0.01", "1", "5.5", "0.009", "0.009", "0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct galaxy_amounts a = galaxy_amounts_of(
			number(rows[i].gross), number(rows[i].qty),
			number(rows[i].vat));

		assert_number(a.netprice, rows[i].netprice);
		assert_number(a.netamount, rows[i].netamount);
		assert_number(a.vatamount, rows[i].vatamount);
	}
}

/* ---- documents ---- */

static void
start_entry(struct entry *entry)
{
	*entry = (struct entry){ 0 };
	entry->id = text_dup("agora/O1");
	entry->docid = text_dup("agora-O1");
	entry->account = text_dup("agora");
	entry->sale = text_dup("O1");
	entry->authority = text_dup("erp");
	entry->occurred_ms = 1714545000000; /* 2024-05-01T06:30:00Z */
}

/* gross NULL: the list price counts. */
static void
add_line(struct entry *entry, const char *external, const char *qty,
         const char *gross)
{
	struct entry_line *line = entry_add_line(entry);

	assert_non_null(line);
	line->uid = text_dup("l");
	line->sku = text_dup("sku");
	line->external = text_dup(external);
	line->qty = number(qty);
	line->has_gross = gross != NULL;
	if (gross)
		line->gross = number(gross);
}

static struct outcome
build(struct galaxy_world *w, struct json **doc, const struct entry *entry)
{
	struct buf text = BUF_INIT;
	struct entry_problem problem;
	struct outcome outcome =
		galaxy_entry_build(w->state, &text, entry, &problem);

	if (outcome.verdict == VERDICT_DONE)
		assert_int_equal(json_parse(doc, buf_text(&text), text.n), 0);
	buf_fini(&text);
	return outcome;
}

static void
assert_member(const struct json *doc, const char *path, const char *expected)
{
	struct buf text = BUF_INIT;

	json_print(&text, json_path(json_root(doc), path));
	if (strcmp(buf_text(&text), expected) != 0)
		fail_msg("%s: %s, not %s", path, buf_text(&text), expected);
	buf_fini(&text);
}

#define REF(id_) \
	"{\"identifier\":{\"id\":\"" id_ \
	"\",\"codelist\":\"RCP\",\"idspecifier\":null}}"

#define NAMED_REF(id_, descr_) \
	"{\"identifier\":{\"id\":\"" id_ \
	"\",\"codelist\":\"RCP\",\"idspecifier\":null},\"descr\":\"" descr_ \
	"\"}"
#define SHORT_REF(id_) \
	"{\"identifier\":{\"id\":\"" id_ "\",\"codelist\":\"RCP\"}}"

/* clang-format off */
static const char sample_line[] =
	"[{\"qty\":1,"
	"\"item\":" SHORT_REF(ITEM2) ","
	"\"itemattributes\":[],"
	"\"qtymunit\":" REF("20000000-0000-4000-8000-000000000001") ","
	"\"pricemunit\":" REF("20000000-0000-4000-8000-000000000001") ","
	"\"netprice\":626.612,\"netamount\":626.612,"
	"\"vatprc\":24,\"vatamount\":150.387,\"discamount\":0,"
	"\"extrataxes\":null,\"extrataxestotal\":null,"
	"\"deductions\":null,\"deductionstotal\":null}]";
/* clang-format on */

static void
test_galaxy_entry__every_needed_member_is_there(void **state)
{
	struct galaxy_world w;
	struct entry entry;
	struct json *doc = NULL;

	(void)state;
	galaxy_world_open(&w, "\"timezone\":\"Europe/Athens\",\"entry\":{" TERMS
	                      "}");
	galaxy_world_fill(&w);
	start_entry(&entry);
	add_line(&entry, ITEM2, "1", NULL);
	assert_string_equal(build(&w, &doc, &entry).why, "");
	assert_member(doc, "body.header",
	              "{\"version\":\"2.3.2\",\"processtype\":\"B2C\","
	              "\"source\":\"Webshop\"}");
	assert_member(doc, "body.data.company",
	              REF("a0000000-0000-4000-8000-000000000001"));
	assert_member(doc, "body.data.companysite",
	              REF("a1000000-0000-4000-8000-000000000001"));
	assert_member(doc, "body.data.revisionnumber", "1");
	assert_member(doc, "body.data.docid", "\"agora-O1\"");
	assert_member(doc, "body.data.docdate", "\"2024-05-01T09:30:00\"");
	assert_member(
		doc, "body.data.doccurrency",
		NAMED_REF("90000000-0000-4000-8000-000000000001", "Ευρώ"));
	assert_member(doc, "body.data.trader",
	              REF("91000000-0000-4000-8000-000000000001"));
	assert_member(
		doc, "body.data.transportmode",
		NAMED_REF("96000000-0000-4000-8000-000000000001", "Οδικώς"));
	assert_member(
		doc, "body.data.transporter",
		NAMED_REF("97000000-0000-4000-8000-000000000001", "Courier"));
	assert_member(
		doc, "body.data.dispatchpurpose",
		NAMED_REF("98000000-0000-4000-8000-000000000001", "Πώληση"));
	assert_member(
		doc, "body.data.paymentagreement.paymentplan",
		NAMED_REF("99000000-0000-4000-8000-000000000002", "Κάρτα"));
	assert_member(doc, "body.data.lines", sample_line);
	assert_member(doc, "body.data.netamount", "626.612");
	assert_member(doc, "body.data.vatamount", "150.387");
	assert_member(doc, "body.data.totalamount", "776.999");
	assert_member(doc, "body.data.payableamount", "776.999");
	assert_member(doc, "body.data.discamount", "0");
	assert_member(doc, "body.data.deductions", "[]");
	assert_member(doc, "body.data.deductionstotal", "0");
	assert_member(doc, "body.data.deductionsgrandtotal", "0");
	json_free(doc);
	entry_fini(&entry);
	galaxy_world_close(&w);
}

static void
test_galaxy_entry__the_same_entry_builds_the_same_bytes(void **state)
{
	struct galaxy_world w;
	struct entry entry;
	struct entry_problem problem;
	struct buf once = BUF_INIT;
	struct buf twice = BUF_INIT;

	(void)state;
	galaxy_world_open(&w, "\"entry\":{" TERMS "}");
	galaxy_world_fill(&w);
	start_entry(&entry);
	add_line(&entry, ITEM1, "2", "24.8");
	assert_int_equal(
		galaxy_entry_build(w.state, &once, &entry, &problem).verdict,
		VERDICT_DONE);
	assert_int_equal(
		galaxy_entry_build(w.state, &twice, &entry, &problem).verdict,
		VERDICT_DONE);
	assert_string_equal(buf_text(&once), buf_text(&twice));
	buf_fini(&once);
	buf_fini(&twice);
	entry_fini(&entry);
	galaxy_world_close(&w);
}

static void
test_galaxy_entry__a_variant_is_named_by_dimension_and_value_code(void **state)
{
	struct galaxy_world w;
	struct entry entry;
	struct json *doc = NULL;
	const struct json_node *line;
	struct buf text = BUF_INIT;

	(void)state;
	galaxy_world_open(&w, "\"entry\":{" TERMS "}");
	galaxy_world_fill(&w);
	start_entry(&entry);
	add_line(&entry, SHOE ":" DIM2, "1", "113");
	assert_string_equal(build(&w, &doc, &entry).why, "");
	line = json_at(json_path(json_root(doc), "body.data.lines"), 0);
	json_print(&text, json_find(line, "itemattributes"));
	assert_string_equal(
		buf_text(&text),
		"[{\"identifier\":{\"id\":\"40000000-0000-4000-8000-"
		"000000000001\",\"codelist\":\"RCP\"},"
		"\"value\":\"005\"}]");
	assert_member(doc, "body.data.netamount", "100");
	assert_member(doc, "body.data.vatamount", "13");
	buf_fini(&text);
	json_free(doc);
	entry_fini(&entry);
	galaxy_world_close(&w);
}

static void
test_galaxy_entry__a_null_or_zero_web_price_gives_way_to_the_item_price(
	void **state)
{
	struct galaxy_world w;
	struct entry entry;
	struct json *doc = NULL;

	(void)state;
	galaxy_world_open(&w, "\"entry\":{" TERMS "}");
	galaxy_world_fill(&w);
	start_entry(&entry);
	add_line(&entry, ITEM1, "2", NULL);         /* null; 12.4 at 24 % */
	add_line(&entry, SHOE ":" DIM2, "1", NULL); /* 0; 59.9 at 13 % */
	assert_string_equal(build(&w, &doc, &entry).why, "");
	assert_member(doc, "body.data.netamount", "73.008"); /* 20 + 53.008 */
	assert_member(doc, "body.data.vatamount", "11.691"); /* 4.8 + 6.891 */
	json_free(doc);
	entry_fini(&entry);
	galaxy_world_close(&w);
}

/* ---- what cannot be posted ---- */

static void
assert_refused(const char *options, const char *currency, const char *external,
               const char *qty, const char *gross, const char *words)
{
	struct galaxy_world w;
	struct entry entry;
	struct outcome outcome;
	struct json *doc = NULL;

	galaxy_world_open(&w, options);
	galaxy_world_fill(&w);
	start_entry(&entry);
	entry.currency = text_dup(currency);
	if (external)
		add_line(&entry, external, qty, gross);
	outcome = build(&w, &doc, &entry);
	if (outcome.verdict != VERDICT_REFUSED || !strstr(outcome.why, words))
		fail_msg("%s: \"%s\", not \"%s\"",
		         verdict_name(outcome.verdict), outcome.why, words);
	json_free(doc);
	entry_fini(&entry);
	galaxy_world_close(&w);
}

static void
test_galaxy_entry__a_missing_term_is_named_with_its_candidates(void **state)
{
	static const struct {
		const char *entry;
		const char *words;
	} rows[] = {
		{ "", "entry.company: is not set and Galaxy's companies are "
		      "several: \"001\" (Παντοπωλείο Α.Ε.), \"002\" "
		      "(Export)" },
		{ "\"company\":\"Nowhere\"",
		  "entry.company: Galaxy's companies have no \"Nowhere\"" },
		{ "\"company\":\"002\",\"companysite\":\"Κατάστημα\"",
		  "entry.companysite: \"Κατάστημα\" is no site of that "
		  "company; "
		  "there are: \"101\" (Warehouse)" },
		{ "\"company\":\"001\",\"currency\":\"EUR\"",
		  "entry.trader: is not set and Galaxy's customers are "
		  "several: "
		  "\"30-0000\", \"30-0001\"" },
		{ "\"company\":\"001\",\"trader\":\"30-0000\"",
		  "entry.currency: is not set" },
		{ "\"company\":\"001\",\"currency\":\"EUR\",\"trader\":"
		  "\"30-0000\"",
		  "entry.payment_plan: is not set and Galaxy's paymethods are "
		  "several: \"01\" (Μετρητά), \"02\" (Κάρτα)" },
		{ "\"company\":\"001\",\"currency\":\"EUR\",\"trader\":"
		  "\"30-0000\",\"transporter\":\"02\"",
		  "entry.transporter: Galaxy's shippingmethods have no "
		  "\"02\"; there are: \"01\" (Courier)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *options = text_format("\"entry\":{%s}", rows[i].entry);

		assert_refused(options, NULL, ITEM1, "1", "1", rows[i].words);
		free(options);
	}
}

static void
test_galaxy_entry__a_line_that_cannot_be_booked_says_why(void **state)
{
	static const struct {
		const char *external, *qty, *gross, *words;
	} rows[] = {
		{ NULL, NULL, NULL, "without lines" },
		{ "19000000-0000-4000-8000-000000000009", "1", "1",
		  "item sku: the mirror does not know it" },
		{ SHOE ":" ITEM1, "1", "1", "not among its dimensions" },
		{ ITEM1 ":" DIM2, "1", "1", "not among its dimensions" },
		{ ITEM1, "0", "1", "quantity" },
		{ ITEM1, "0.000001", "1", "quantity" },
		{ ITEM1, "100000000", "1", "quantity" },
		{ ITEM1, "1", "100000000000", "amount" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused("\"entry\":{" TERMS "}", NULL, rows[i].external,
		               rows[i].qty, rows[i].gross, rows[i].words);
}

static void
test_galaxy_entry__money_of_another_currency_is_not_booked(void **state)
{
	(void)state;
	assert_refused("\"entry\":{" TERMS "}", "USD", ITEM1, "1", "1",
	               "entry.currency: the sale is in USD, this is EUR");
}

static void
test_galaxy_entry__the_sales_own_currency_chooses_among_several(void **state)
{
	struct galaxy_world w;
	struct entry entry;
	struct json *doc = NULL;

	(void)state;
	galaxy_world_open(&w, "\"entry\":{\"company\":\"001\",\"trader\":"
	                      "\"30-0000\",\"payment_plan\":\"01\"}");
	galaxy_world_fill(&w);
	start_entry(&entry);
	entry.currency = text_dup("USD");
	add_line(&entry, ITEM1, "1", "1");
	assert_string_equal(build(&w, &doc, &entry).why, "");
	assert_member(
		doc, "body.data.doccurrency",
		NAMED_REF("90000000-0000-4000-8000-000000000002", "US dollar"));
	json_free(doc);
	entry_fini(&entry);
	galaxy_world_close(&w);
}

static void
test_galaxy_entry__a_return_may_be_a_negative_line(void **state)
{
	struct galaxy_world w;
	struct entry entry;
	struct json *doc = NULL;

	(void)state;
	galaxy_world_open(&w, "\"entry\":{\"returns\":\"negative\"," TERMS "}");
	galaxy_world_fill(&w);
	start_entry(&entry);
	add_line(&entry, ITEM1, "-2", "-24.8");
	assert_string_equal(build(&w, &doc, &entry).why, "");
	assert_member(doc, "body.data.netamount", "-20");
	assert_member(doc, "body.data.vatamount", "-4.8");
	assert_member(doc, "body.data.totalamount", "-24.8");
	json_free(doc);
	entry_fini(&entry);
	galaxy_world_close(&w);
}

/* ---- property: any document adds up, by another computation ---- */

static uint64_t seed = 20261121;

static uint64_t
next_random(uint64_t below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % below;
}

/* A member as thousandths, from its text: no decimal.h in here. */
static int64_t
thousandths(const struct json_node *o, const char *key)
{
	const char *text = json_number_text(json_find(o, key));
	bool is_negative;
	int64_t n = 0;
	int digits = -1;

	if (!text) {
		fail_msg("%s is no number", key);
		return 0;
	}
	is_negative = *text == '-';
	for (text += is_negative; *text; text++) {
		if (*text == '.') {
			digits = 0;
			continue;
		}
		assert_true(*text >= '0' && *text <= '9');
		n = n * 10 + (*text - '0');
		digits += digits >= 0;
	}
	assert_true(digits <= 3);
	for (digits = digits < 0 ? 0 : digits; digits < 3; digits++)
		n *= 10;
	return is_negative ? -n : n;
}

/* What one random line must show: cents, thousandths of a piece, percent. */
struct expected {
	int64_t cents;
	int64_t qty;
	int64_t vat;
};

static void
assert_line(const struct json_node *line, const struct expected *e)
{
	int64_t with_tax = 100 + e->vat;

	/* C's division of integers cuts toward zero, as galaxy.md 8.2 asks */
	assert_int_equal(thousandths(line, "qty"), e->qty);
	assert_int_equal(thousandths(line, "vatprc"), e->vat * 1000);
	assert_int_equal(thousandths(line, "netamount"),
	                 e->cents * 10 * 100 / with_tax);
	assert_int_equal(thousandths(line, "vatamount"),
	                 e->cents * 10 * e->vat / with_tax);
	assert_int_equal(thousandths(line, "netprice"),
	                 e->cents * 10 * 100 * 1000 / (with_tax * e->qty));
}

static void
assert_document(const struct json *doc, const struct expected *e, size_t n)
{
	const struct json_node *data = json_path(json_root(doc), "body.data");
	const struct json_node *lines = json_find(data, "lines");
	int64_t net = 0;
	int64_t vat = 0;

	assert_int_equal(json_length(lines), n);
	for (size_t i = 0; i < n; i++) {
		assert_line(json_at(lines, i), &e[i]);
		net += thousandths(json_at(lines, i), "netamount");
		vat += thousandths(json_at(lines, i), "vatamount");
	}
	assert_int_equal(thousandths(data, "netamount"), net);
	assert_int_equal(thousandths(data, "vatamount"), vat);
	assert_int_equal(thousandths(data, "totalamount"), net + vat);
	assert_int_equal(thousandths(data, "payableamount"), net + vat);
}

static void
add_random_line(struct entry *entry, struct expected *e)
{
	bool is_shoe = next_random(2);
	char qty[32];
	char gross[32];

	e->cents = (int64_t)next_random(5000000);
	e->qty = next_random(3) ? 1000 * (int64_t)(1 + next_random(40))
	                        : (int64_t)(1 + next_random(20000));
	e->vat = is_shoe ? 13 : 24;
	(void)snprintf(qty, sizeof(qty), "%lld.%03lld",
	               (long long)(e->qty / 1000), (long long)(e->qty % 1000));
	(void)snprintf(gross, sizeof(gross), "%lld.%02lld",
	               (long long)(e->cents / 100),
	               (long long)(e->cents % 100));
	add_line(entry, is_shoe ? SHOE ":" DIM2 : ITEM1, qty, gross);
}

static void
test_galaxy_entry__any_document_adds_up_to_the_thousandth(void **state)
{
	enum { DOCUMENTS = 2000, LINES_MAX = 12 };
	struct galaxy_world w;

	(void)state;
	galaxy_world_open(&w, "\"entry\":{" TERMS "}");
	galaxy_world_fill(&w);
	for (int i = 0; i < DOCUMENTS; i++) {
		struct expected e[LINES_MAX];
		struct entry entry;
		struct json *doc = NULL;
		size_t n = 1 + (size_t)next_random(LINES_MAX);

		start_entry(&entry);
		for (size_t k = 0; k < n; k++)
			add_random_line(&entry, &e[k]);
		assert_string_equal(build(&w, &doc, &entry).why, "");
		assert_document(doc, e, n);
		json_free(doc);
		entry_fini(&entry);
	}
	galaxy_world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_galaxy_entry__the_published_sample_comes_out_as_printed),
		cmocka_unit_test(
			test_galaxy_entry__amounts_are_cut_from_the_exact_value),
		cmocka_unit_test(
			test_galaxy_entry__every_needed_member_is_there),
		cmocka_unit_test(
			test_galaxy_entry__the_same_entry_builds_the_same_bytes),
		cmocka_unit_test(
			test_galaxy_entry__a_variant_is_named_by_dimension_and_value_code),
		cmocka_unit_test(
			test_galaxy_entry__a_null_or_zero_web_price_gives_way_to_the_item_price),
		cmocka_unit_test(
			test_galaxy_entry__a_missing_term_is_named_with_its_candidates),
		cmocka_unit_test(
			test_galaxy_entry__a_line_that_cannot_be_booked_says_why),
		cmocka_unit_test(
			test_galaxy_entry__money_of_another_currency_is_not_booked),
		cmocka_unit_test(
			test_galaxy_entry__the_sales_own_currency_chooses_among_several),
		cmocka_unit_test(
			test_galaxy_entry__a_return_may_be_a_negative_line),
		cmocka_unit_test(
			test_galaxy_entry__any_document_adds_up_to_the_thousandth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
