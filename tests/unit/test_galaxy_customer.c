/*
 * A shop's customer in Galaxy: the document, posting it once, finding it again
 * (galaxy.md 8.5).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "adapters/galaxy.h"
#include "gateway/ports/mirror.h"
#include "tests/support/galaxy_orders.h"

#include <stdlib.h>
#include <string.h>

#define SYNC GALAXY_WORLD_URL "/services/sync/"

#define WEB_17 "{\"code\":\"WEB-17\",\"name\":\"Μαρία\"}"

#define ROW_17 \
	"{\"ID\":\"91000000-0000-4000-8000-000000000017\",\"Code\":\"web-" \
	"17\"," \
	"\"Description\":\"Maria\",\"RevisionNumber\":9000}"

static void
assert_verdict(const struct outcome *outcome, enum verdict verdict,
               const char *words)
{
	if (outcome->verdict != verdict || !strstr(outcome->why, words))
		fail_msg("%s: \"%s\", not %s: \"%s\"",
		         verdict_name(outcome->verdict), outcome->why,
		         verdict_name(verdict), words);
}

/* ---- the document ---- */

static char *
build(struct galaxy_world *w, const char *customer)
{
	struct entry_problem problem;
	struct buf text = BUF_INIT;
	struct outcome outcome;
	struct entry entry;

	galaxy_orders_customer(&entry, customer);
	outcome = galaxy_customer_build(w->state, &text, &entry, &problem);
	assert_string_equal(outcome.why, "");
	entry_fini(&entry);
	return buf_steal(&text);
}

/* clang-format off */
static const char whole_customer[] =
	"{\"code\":\"WEB-17\",\"name\":\"Μαρία\",\"description\":\"Shop\","
	"\"tin\":\"123\",\"comment\":\"c\",\"currency\":\"usd\","
	"\"fields\":{\"StringField2\":\"s\",\"FloatField7\":\"1.50\"},"
	"\"sites\":[{\"description\":\"Home\",\"country\":\"GR\","
	"\"prefecture\":\"ΑΤΤΙΚΗ\",\"city\":\"κηφισιά\",\"zip\":\"14561\","
	"\"street\":\"Πλουτάρχου\",\"street_number\":\"1Α\","
	"\"email\":\"m@x.gr\",\"phone\":\"210\"},"
	"{\"code\":\"W\",\"billing\":true}]}";

static const char whole_document[] =
	"{\"ID\":null,\"Code\":\"WEB-17\",\"Description\":\"Shop\","
	"\"Name\":\"Μαρία\",\"Comments\":\"c\",\"MGUserID\":null,"
	"\"TIN\":\"123\","
	"\"CurrencyID\":\"90000000-0000-4000-8000-000000000002\","
	"\"StringField1\":null,\"StringField2\":\"s\",\"StringField3\":null,"
	"\"StringField4\":null,\"StringField5\":null,\"StringField6\":null,"
	"\"StringField7\":null,\"FloatField1\":0,\"FloatField2\":0,"
	"\"FloatField3\":0,\"FloatField4\":0,\"FloatField5\":0,"
	"\"FloatField6\":0,\"FloatField7\":1.5,"
	"\"CustomerSites\":[{\"ID\":null,\"Code\":\"1\","
	"\"Description\":\"Home\",\"IsBilling\":0,\"IsPrimary\":1,"
	"\"CountryID\":\"93000000-0000-4000-8000-000000000001\","
	"\"CountryDescr\":\"Ελλάδα\","
	"\"PrefectureID\":\"94000000-0000-4000-8000-000000000001\","
	"\"PrefectureDescr\":\"Αττική\","
	"\"CityID\":\"95000000-0000-4000-8000-000000000001\","
	"\"CityDescr\":\"Κηφισιά\",\"PostalCode\":\"14561\","
	"\"Street\":\"Πλουτάρχου\",\"StreetNumber\":\"1Α\","
	"\"Email\":\"m@x.gr\",\"Phone1\":\"210\"},"
	"{\"ID\":null,\"Code\":\"W\",\"Description\":null,\"IsBilling\":1,"
	"\"IsPrimary\":0,\"CountryID\":null,\"CountryDescr\":null,"
	"\"PrefectureID\":null,\"PrefectureDescr\":null,\"CityID\":null,"
	"\"CityDescr\":null,\"PostalCode\":null,\"Street\":null,"
	"\"StreetNumber\":null,\"Email\":null,\"Phone1\":null}]}";
/* clang-format on */

static void
test_galaxy_customer__every_documented_member_is_there(void **state)
{
	struct galaxy_world w;
	char *text;

	(void)state;
	galaxy_orders_open(&w, GALAXY_ORDERS_TERMS);
	text = build(&w, whole_customer);
	assert_string_equal(text, whole_document);
	free(text);
	text = build(&w, WEB_17); /* its name describes it, our currency */
	assert_non_null(strstr(text, "\"Description\":\"Μαρία\",\"Name\":"));
	assert_non_null(strstr(text, "\"CurrencyID\":\"90000000-0000-4000-8000-"
	                             "000000000001\""));
	assert_non_null(strstr(text, "\"CustomerSites\":[{\"ID\":null,"
	                             "\"Code\":\"1\",\"Description\":"
	                             "\"Μαρία\",\"IsBilling\":1,"
	                             "\"IsPrimary\":1,\"CountryID\":null"));
	free(text);
	galaxy_world_close(&w);
}

static void
test_galaxy_customer__what_cannot_be_posted_is_refused_by_field(void **state)
{
	static const struct {
		const char *customer, *field, *why;
	} rows[] = {
		{ "{\"code\":\"30-0000\",\"name\":\"n\"}", "code",
		  "Galaxy has a customer with the code \"30-0000\" already" },
		{ "{\"code\":\"1\",\"name\":\"n\",\"currency\":\"GBP\"}",
		  "currency", "Galaxy's currencies have no \"GBP\"" },
		{ "{\"code\":\"1\",\"name\":\"n\",\"sites\":[{},{\"country\":"
		  "\"XX\"}]}",
		  "sites[1].country", "Galaxy's countries have no \"XX\"" },
		{ "{\"code\":\"1\",\"name\":\"n\",\"sites\":[{\"prefecture\":"
		  "\"02\",\"city\":\"Βόλος\"}]}",
		  "sites[0].city", "\"Βόλος\" is not in that prefecture" },
		{ "{\"code\":\"1\",\"name\":\"n\",\"sites\":[{\"city\":"
		  "\"Άγιος Γεώργιος\"}]}",
		  "sites[0].city", "fits more than one of Galaxy's cities" },
	};
	struct galaxy_world w;

	(void)state;
	galaxy_orders_open(&w, GALAXY_ORDERS_TERMS);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct entry_problem problem;
		struct outcome outcome;
		struct entry entry;

		galaxy_orders_customer(&entry, rows[i].customer);
		outcome = galaxy_adapter.check_entry(w.state, &entry, &problem);
		assert_verdict(&outcome, VERDICT_REFUSED, rows[i].field);
		assert_string_equal(problem.field, rows[i].field);
		assert_non_null(strstr(problem.why, rows[i].why));
		entry_fini(&entry);
	}
	galaxy_world_close(&w);
}

static void
test_galaxy_customer__a_check_asks_nobody_but_the_mirror(void **state)
{
	struct galaxy_world w;
	struct entry_problem problem;
	struct outcome outcome;
	struct entry entry;

	(void)state;
	galaxy_orders_open(&w, GALAXY_ORDERS_TERMS); /* without a client */
	galaxy_orders_customer(&entry, whole_customer);
	outcome = galaxy_adapter.check_entry(w.state, &entry, &problem);
	assert_verdict(&outcome, VERDICT_DONE, "");
	entry_fini(&entry);
	galaxy_world_close(&w);
}

/* An earlier version kept the cursor of balances, but fewer lists. */
static void
test_galaxy_customer__nothing_is_refused_before_every_list_was_read(
	void **state)
{
	struct galaxy_world w;
	struct entry_problem problem;
	struct outcome outcome;
	struct entry entry;

	(void)state;
	galaxy_world_open(&w, GALAXY_ORDERS_TERMS);
	assert_int_equal(mirror_note_set(w.mirror, "itembalances.since",
	                                 "1700000000000"),
	                 0);
	galaxy_orders_customer(&entry, whole_customer);
	outcome = galaxy_adapter.check_entry(w.state, &entry, &problem);
	assert_verdict(&outcome, VERDICT_RETRY, "the first sync");
	entry_fini(&entry);
	galaxy_world_close(&w);
}

/* ---- posting ---- */

static struct outcome
post(struct galaxy_world *w, const char *customer)
{
	struct outcome outcome;
	struct entry entry;

	galaxy_orders_customer(&entry, customer);
	outcome = galaxy_adapter.post_entry(w->state, &entry);
	entry_fini(&entry);
	return outcome;
}

static void
open_full(struct galaxy_world *w, const char *options)
{
	galaxy_world_open(w, options);
	galaxy_world_fill(w);
}

static void
test_galaxy_customer__is_posted_and_known_at_once(void **state)
{
	struct galaxy_world w;
	struct outcome outcome;
	struct entry_problem problem;
	struct entry order;

	(void)state;
	open_full(&w, GALAXY_ORDERS_TERMS);
	fake_http_say(w.http, 200, "{}");
	fake_http_say(w.http, 200, "[" ROW_17 "]");
	outcome = post(&w, WEB_17);
	assert_verdict(&outcome, VERDICT_DONE, "");
	assert_int_equal(fake_http_count(w.http), 2);
	assert_string_equal(fake_http_at(w.http, 0)->method, "POST");
	assert_string_equal(fake_http_at(w.http, 0)->url,
	                    SYNC "actions/postcustomer");
	assert_non_null(
		strstr(fake_http_at(w.http, 0)->body, "\"Code\":\"WEB-17\""));
	assert_string_equal(fake_http_at(w.http, 1)->url,
	                    SYNC "customers?RevisionNumber=0");
	galaxy_orders_entry(&order, "{\"number\":\"1\",\"customer\":\"WEB-17\","
	                            "\"lines\":[{\"sku\":\"tea\",\"quantity\":"
	                            "1}]}");
	outcome = galaxy_adapter.check_entry(w.state, &order, &problem);
	assert_verdict(&outcome, VERDICT_DONE, "");
	entry_fini(&order);
	/* and never again */
	outcome = post(&w, WEB_17);
	assert_verdict(&outcome, VERDICT_REFUSED,
	               "code: Galaxy has a customer with the code");
	assert_int_equal(fake_http_count(w.http), 2);
	galaxy_world_close(&w);
}

static void
test_galaxy_customer__is_posted_even_if_it_cannot_be_read_back(void **state)
{
	struct galaxy_world w;
	struct outcome outcome;

	(void)state;
	open_full(
		&w,
		"\"paths\":{\"postcustomer\":\"/x/new\"}," GALAXY_ORDERS_TERMS);
	fake_http_say(w.http, 204, "");
	fake_http_say(w.http, 500, "");
	outcome = post(&w, WEB_17);
	assert_verdict(&outcome, VERDICT_DONE, "");
	assert_string_equal(fake_http_at(w.http, 0)->url,
	                    GALAXY_WORLD_URL "/x/new");
	galaxy_world_close(&w);
}

static void
test_galaxy_customer__answers_are_judged_like_those_to_entries(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum verdict verdict;
	} rows[] = {
		{ 0, "", VERDICT_UNCERTAIN },
		{ 500, "", VERDICT_UNCERTAIN },
		{ 502, "<html>", VERDICT_UNCERTAIN },
		{ 200, "<html>", VERDICT_UNCERTAIN },
		{ 429, "", VERDICT_SLOW },
		{ 400, "", VERDICT_REFUSED },
		{ 200,
		  "{\"ResponseStatus\":{\"ErrorCode\":\"BusinessException\","
		  "\"Message\":\"TIN\"}}",
		  VERDICT_REFUSED },
		{ 500,
		  "{\"ResponseStatus\":{\"ErrorCode\":\"BusinessException\","
		  "\"Message\":\"TIN\"}}",
		  VERDICT_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct galaxy_world w;
		struct outcome outcome;

		open_full(&w, GALAXY_ORDERS_TERMS);
		fake_http_push(w.http,
		               &(struct fake_answer){ .status = rows[i].status,
		                                      .body = rows[i].body,
		                                      .was_sent = true });
		outcome = post(&w, WEB_17);
		assert_verdict(&outcome, rows[i].verdict, "");
		assert_int_equal(fake_http_count(w.http), 1);
		galaxy_world_close(&w);
	}
}

/* ---- finding ---- */

static struct outcome
find(struct galaxy_world *w)
{
	struct outcome outcome;
	struct entry entry;

	galaxy_orders_customer(&entry, WEB_17);
	outcome = galaxy_adapter.find_entry(w->state, &entry);
	entry_fini(&entry);
	return outcome;
}

static void
test_galaxy_customer__is_found_in_galaxys_list_and_kept(void **state)
{
	struct galaxy_world w;
	struct outcome outcome;
	struct buf key = BUF_INIT;

	(void)state;
	open_full(&w, GALAXY_ORDERS_TERMS);
	assert_int_equal(
		mirror_note_set(w.mirror, "customers.revision", "5000"), 0);
	/* read on its own since, or by a list that broke off: others with
	   lesser revisions may be missing */
	galaxy_orders_put(&w, "customers",
	                  "{\"ID\":\"x\",\"Code\":\"x\",\"Description\":\"x\","
	                  "\"RevisionNumber\":9000}");
	fake_http_say(w.http, 200,
	              "[{\"ID\":\"y\",\"Code\":\"WEB-1\"}," ROW_17 "]");
	outcome = find(&w);
	assert_verdict(&outcome, VERDICT_DONE, "");
	assert_string_equal(fake_http_at(w.http, 0)->url,
	                    SYNC "customers?RevisionNumber=4000");
	assert_int_equal(
		mirror_find_name(w.mirror, &key, "customers", "WEB-17"), 0);
	assert_string_equal(buf_text(&key),
	                    "91000000-0000-4000-8000-000000000017");
	outcome = find(&w); /* now the mirror knows it */
	assert_verdict(&outcome, VERDICT_DONE, "");
	assert_int_equal(fake_http_count(w.http), 1);
	buf_fini(&key);
	galaxy_world_close(&w);
}

static void
test_galaxy_customer__only_a_complete_list_proves_its_absence(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum verdict verdict;
	} rows[] = {
		{ 200, "[]", VERDICT_ABSENT },
		{ 200, "[{\"ID\":\"y\",\"Code\":\"WEB-1\"}]", VERDICT_ABSENT },
		{ 200, "[{\"ID\":\"y\",\"Code\":\"WEB-1\"}", VERDICT_RETRY },
		{ 200, "[" ROW_17 ",", VERDICT_DONE }, /* seen is seen */
		{ 200, "[7,{\"ID\":\"y\",\"Code\":\"a\"}]", VERDICT_RETRY },
		{ 200, "<html>", VERDICT_RETRY },
		{ 200, "", VERDICT_RETRY },
		{ 404, "", VERDICT_RETRY },
		{ 500, "", VERDICT_RETRY },
		{ 0, "", VERDICT_RETRY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct galaxy_world w;
		struct outcome outcome;

		open_full(&w, GALAXY_ORDERS_TERMS);
		fake_http_push(w.http,
		               &(struct fake_answer){ .status = rows[i].status,
		                                      .body = rows[i].body });
		outcome = find(&w);
		if (outcome.verdict != rows[i].verdict)
			fail_msg("%s: %s \"%s\"", rows[i].body,
			         verdict_name(outcome.verdict), outcome.why);
		galaxy_world_close(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_galaxy_customer__every_documented_member_is_there),
		cmocka_unit_test(
			test_galaxy_customer__what_cannot_be_posted_is_refused_by_field),
		cmocka_unit_test(
			test_galaxy_customer__a_check_asks_nobody_but_the_mirror),
		cmocka_unit_test(
			test_galaxy_customer__nothing_is_refused_before_every_list_was_read),
		cmocka_unit_test(
			test_galaxy_customer__is_posted_and_known_at_once),
		cmocka_unit_test(
			test_galaxy_customer__is_posted_even_if_it_cannot_be_read_back),
		cmocka_unit_test(
			test_galaxy_customer__answers_are_judged_like_those_to_entries),
		cmocka_unit_test(
			test_galaxy_customer__is_found_in_galaxys_list_and_kept),
		cmocka_unit_test(
			test_galaxy_customer__only_a_complete_list_proves_its_absence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
