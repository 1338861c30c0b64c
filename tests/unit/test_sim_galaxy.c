/*
 * The simulated Galaxy refuses what the real one would, so that a scenario
 * that passes against it means something. Its sources are taken in whole, and
 * hooks are counted instead of sent.
 */
#define _DEFAULT_SOURCE 1 /* what the sources ask for */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "tests/sim/sim.c"
#include "tests/sim/server.c"
#include "tests/sim/calls.c"
#include "tests/sim/fault.c"
#include "tests/sim/shop.c"
#include "tests/sim/galaxy.c"
#include "tests/sim/zip.c"
#include "tests/sim/galaxy_items.c"
#include "tests/sim/galaxy_rows.c"
#include "tests/sim/galaxy_customer.c"
#include "tests/sim/galaxy_image.c"
#include "tests/sim/galaxy_lists.c"
#include "tests/sim/galaxy_entry.c"

enum { N_GENERATED = 600 };

static int n_hooks;

void
hooks_galaxy(struct hooks *hooks, const char *itemid)
{
	(void)hooks;
	(void)itemid;
	n_hooks++;
}

/* ---- a world of four items, the last of them in sizes ---- */

struct world {
	struct sim sim;
	struct galaxy galaxy;
	char cookie[64];
	const char *encoding; /* Accept-Encoding */
	struct server_reply reply;
	bool is_reset;    /* the connection broke behind the body */
	int64_t pause_ms; /* that the body took, in all */
	size_t n_pieces;
};

/* Take a stream to its end; the body is whole then, as far as it goes. */
static void
drain(struct world *w)
{
	struct server_reply *r = &w->reply;
	struct server_piece piece = { .wanted = 65536 };

	while (r->stream.produce != NULL && !piece.is_last && !piece.is_reset) {
		buf_reset(&piece.bytes);
		piece.pause_ms = 0;
		r->stream.produce(r->stream.ctx, &piece);
		buf_add(&r->body, buf_text(&piece.bytes), piece.bytes.n);
		w->pause_ms += piece.pause_ms;
		w->n_pieces++;
	}
	w->is_reset = piece.is_reset;
	buf_fini(&piece.bytes);
}

static void
ask(struct world *w, const char *method, const char *path, const char *query,
    const char *body)
{
	const struct http_header headers[] = {
		{ "Accept", "application/json" },
		{ "Content-Type", "application/json" },
		{ "Cookie", w->cookie },
		{ "Accept-Encoding", w->encoding != NULL ? w->encoding : "" },
	};
	const struct http_call call = { .method = method,
		                        .path = path,
		                        .query = query,
		                        .headers = headers,
		                        .n_headers = 4,
		                        .body = body,
		                        .n_body = strlen(body) };

	server_reply_fini(&w->reply);
	w->reply = (struct server_reply){ .status = 0 };
	w->pause_ms = 0;
	w->n_pieces = 0;
	galaxy_serve(&w->galaxy, &call, &w->reply);
	drain(w);
}

static void
ask_list(struct world *w, const char *name, const char *query)
{
	char path[64];

	snprintf(path, sizeof(path), "/services/sync/%s", name);
	ask(w, "GET", path, query, "");
}

/* How often a piece of text stands in the reply. */
static int
n_in_reply(const struct world *w, const char *piece)
{
	const char *p = buf_text(&w->reply.body);
	int n = 0;

	for (p = strstr(p, piece); p != NULL; p = strstr(p + 1, piece))
		n++;
	return n;
}

static void
sign_in(struct world *w)
{
	ask(w, "POST", "/auth", "",
	    "{\"username\":\"sync\",\"password\":\"right\"}");
	assert_int_equal(w->reply.status, 200);
	snprintf(w->cookie, sizeof(w->cookie), "ss-pid=x; ss-id=%.20s",
	         strstr(buf_text(&w->reply.headers), "ss-id=") + 6);
}

static int
set_up(void **state)
{
	const struct galaxy_options options = { .username = "sync",
		                                .password = "right",
		                                .view = "Entry/ByDocID",
		                                .advanced_view = "d0",
		                                .view_field = "DOCID",
		                                .session_ms = 60000,
		                                .n_items = 3,
		                                .n_sized = 1,
		                                .n_generated = N_GENERATED };
	struct world *w = sim_alloc(sizeof(*w));

	sim_init(&w->sim, 1);
	galaxy_init(&w->galaxy, &w->sim, &options);
	n_hooks = 0;
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	server_reply_fini(&w->reply);
	galaxy_fini(&w->galaxy);
	sim_fini(&w->sim);
	free(w);
	return 0;
}

static void
assert_balance(struct world *w, const char *code, const char *expected)
{
	struct galaxy_balance *balance;
	char text[DECIMAL_TEXT_SIZE];

	assert_non_null(galaxy_find_code(&w->galaxy, code, &balance));
	assert_string_equal(decimal_format(text, balance->quantity), expected);
}

/* Stock to count from, whatever the seed gave. */
static void
stock(struct world *w, const char *code, int64_t quantity)
{
	struct galaxy_balance *balance;
	struct galaxy_item *item;

	item = galaxy_find_code(&w->galaxy, code, &balance);
	assert_non_null(item);
	galaxy_receive(&w->galaxy, item, balance,
	               decimal_sub(decimal_of(quantity), balance->quantity));
}

static void
order_fault(struct world *w, const char *order)
{
	struct json *doc;

	assert_int_equal(json_parse(&doc, order, strlen(order)), 0);
	assert_null(fault_add(&w->sim, json_root(doc)));
	json_free(doc);
}

/* ---- sessions ---- */

static void
test_sim_galaxy__answers_nothing_without_a_session(void **state)
{
	struct world *w = *state;

	ask_list(w, "items", "");
	assert_int_equal(w->reply.status, 401);
	sign_in(w);
	ask_list(w, "items", "");
	assert_int_equal(w->reply.status, 200);
}

static void
test_sim_galaxy__refuses_a_wrong_password(void **state)
{
	struct world *w = *state;

	ask(w, "POST", "/auth", "",
	    "{\"username\":\"sync\",\"password\":\"wrong\"}");
	assert_int_equal(w->reply.status, 401);
	assert_int_equal(n_in_reply(w, "ResponseStatus"), 1);
}

static void
test_sim_galaxy__an_ended_session_is_403_where_the_switch_says_so(void **state)
{
	struct world *w = *state;

	sign_in(w);
	galaxy_expire_sessions(&w->galaxy);
	w->galaxy.is.lost_status = 403;
	ask_list(w, "items", "");
	assert_int_equal(w->reply.status, 403);
}

static void
test_sim_galaxy__wants_a_scenario_where_none_is_the_default(void **state)
{
	struct world *w = *state;

	sign_in(w);
	w->galaxy.is.default_scenario = -1;
	ask_list(w, "items", "");
	assert_int_equal(w->reply.status, 400);
	ask_list(w, "items", "WebScenID=b0000000-0000-4000-8000-000000000001");
	assert_int_equal(w->reply.status, 200);
}

/* ---- lists ---- */

static void
test_sim_galaxy__lists_revisions_strictly_above_the_given_one(void **state)
{
	struct world *w = *state;
	char query[40];

	sign_in(w);
	snprintf(query, sizeof(query), "RevisionNumber=%d",
	         (int)w->galaxy.revision - 1);
	ask_list(w, "items", query);
	assert_int_equal(n_in_reply(w, "\"ItemID\""), 1);
	ask_list(w, "items", "RevisionNumber=3");
	assert_int_equal(n_in_reply(w, "\"RevisionNumber\":4}"), 1);
	assert_int_equal(n_in_reply(w, "\"RevisionNumber\":3}"), 0);
	snprintf(query, sizeof(query), "RevisionNumber=%d",
	         (int)w->galaxy.revision);
	ask_list(w, "items", query);
	assert_string_equal(buf_text(&w->reply.body), "[]");
}

/* The reply is one JSON array of so many rows. */
static void
assert_rows(const struct world *w, size_t expected)
{
	struct json *doc;

	assert_int_equal(w->reply.status, 200);
	assert_int_equal(json_parse(&doc, w->reply.body.p, w->reply.body.n), 0);
	assert_int_equal(json_type(json_root(doc)), JSON_ARRAY);
	assert_int_equal(json_length(json_root(doc)), expected);
	json_free(doc);
}

static void
test_sim_galaxy__has_every_list_of_the_documentation(void **state)
{
	static const char *const names[] = {
		"webscenarios",    "companies",      "companysites",
		"companygroups",   "banks",          "countries",
		"prefectures",     "cities",         "currencies",
		"paymethods",      "charges",        "dispatchpurposes",
		"shippingmethods", "agencies",       "vatsmaster",
		"prefixes",        "itemattributes", "itemdimensions",
		"itemcategories",  "items",          "itemaltercodes",
		"itembalances",    "itemimages",     "customers",
		"customersites",
	};
	struct world *w = *state;
	size_t i;

	sign_in(w);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ask_list(w, names[i], "");
		assert_int_equal(w->reply.status, 200);
		assert_true(n_in_reply(w, "\"ID\":\"") > 0);
		assert_true(n_in_reply(w, "\"Description\":") > 0);
	}
	ask_list(w, "paymentmethods", "");
	assert_int_equal(w->reply.status, 404);
}

static void
test_sim_galaxy__a_list_of_many_comes_whole_and_in_pieces(void **state)
{
	struct world *w = *state;

	sign_in(w);
	ask_list(w, "items", "");
	assert_rows(w, N_GENERATED + 4);
	assert_true(w->n_pieces > 5);
	ask_list(w, "items", "ids=[10000000-0000-4000-8000-000000000001]");
	assert_rows(w, 1);
}

static void
test_sim_galaxy__what_is_generated_is_the_same_each_time(void **state)
{
	struct world *w = *state;
	char *before;

	sign_in(w);
	ask_list(w, "itemaltercodes", "");
	before = buf_steal(&w->reply.body);
	ask_list(w, "itemaltercodes", "");
	assert_string_equal(buf_text(&w->reply.body), before);
	assert_true(n_in_reply(w, "\"Quantity\":6") > 0);
	free(before);
}

static void
test_sim_galaxy__a_generated_item_that_changed_is_listed_once(void **state)
{
	struct world *w = *state;
	struct galaxy_balance *balance;
	struct galaxy_item *item;
	char query[60];

	sign_in(w);
	stock(w, "41-000007", 7777);
	ask_list(w, "itembalances", "");
	assert_int_equal(n_in_reply(w, "\"Balance\":7777,"), 1);
	assert_int_equal(n_in_reply(w, "\"Code\":\"41-000007\""), 1);
	item = galaxy_find_code(&w->galaxy, "41-000007", &balance);
	snprintf(query, sizeof(query), "ids=[%s]", item->itemid);
	ask_list(w, "itembalances", query);
	assert_rows(w, 1);
}

static void
test_sim_galaxy__generated_items_are_found_by_either_guid_alone(void **state)
{
	struct world *w = *state;
	struct galaxy_generated made;
	char query[60];

	sign_in(w);
	galaxy_make_item(&made, w->galaxy.seed, 5, 0);
	snprintf(query, sizeof(query), "ids=[%s]", made.item.itemid);
	ask_list(w, "items", query);
	assert_rows(w, 1);
	snprintf(query, sizeof(query), "ids=[%s]", made.item.id);
	ask_list(w, "items", query);
	assert_rows(w, 0);
	w->galaxy.is.items_ids_by_row = true;
	ask_list(w, "items", query);
	assert_rows(w, 1);
}

static void
test_sim_galaxy__a_list_shows_the_moment_of_its_call(void **state)
{
	const struct http_header headers[] = {
		{ "Accept", "application/json" },
		{ "Cookie", ((struct world *)*state)->cookie },
	};
	const struct http_call call = { .method = "GET",
		                        .path = "/services/sync/items",
		                        .query = "",
		                        .headers = headers,
		                        .n_headers = 2 };
	struct world *w = *state;
	struct galaxy_balance *balance;
	struct galaxy_item *item;
	char before[40];

	sign_in(w);
	server_reply_fini(&w->reply);
	w->reply = (struct server_reply){ .status = 0 };
	galaxy_serve(&w->galaxy, &call, &w->reply);
	assert_non_null(w->reply.stream.produce);
	/* the walk begins in the middle, so this one is still to come */
	item = galaxy_find_code(&w->galaxy, "41-000001", &balance);
	snprintf(before, sizeof(before), "\"RevisionNumber\":%d}",
	         (int)item->revision);
	galaxy_touch(&w->galaxy, item);
	drain(w);
	assert_rows(w, N_GENERATED + 4);
	assert_int_equal(n_in_reply(w, before), 1);
	ask_list(w, "items", "");
	assert_rows(w, N_GENERATED + 4);
	assert_int_equal(n_in_reply(w, before), 0);
}

static void
test_sim_galaxy__a_balance_may_name_a_combination(void **state)
{
	struct world *w = *state;
	struct galaxy_balance *balance;

	sign_in(w);
	ask_list(w, "itembalances", "");
	assert_int_equal(n_in_reply(w, "\"AttCombinationID\":\""), 0);
	galaxy_find_code(&w->galaxy, "21-0001", &balance)->has_combination =
		true;
	ask_list(w, "itembalances", "");
	assert_int_equal(n_in_reply(w, "\"AttCombinationID\":\""), 1);
}

static void
test_sim_galaxy__codes_have_revisions_only_where_the_switch_says(void **state)
{
	struct world *w = *state;

	sign_in(w);
	ask_list(w, "itemaltercodes", "RevisionNumber=1");
	assert_rows(w, 0);
	w->galaxy.is.numbers_codes = true;
	ask_list(w, "itemaltercodes", "RevisionNumber=603");
	assert_true(n_in_reply(w, "\"RevisionNumber\":604}") > 0);
	assert_int_equal(n_in_reply(w, "\"RevisionNumber\":603}"), 0);
}

static void
test_sim_galaxy__balances_and_kin_have_no_revision_above_zero(void **state)
{
	static const char *const names[] = { "itembalances", "itemcategories",
		                             "itemattributes",
		                             "itemdimensions" };
	struct world *w = *state;
	size_t i;

	sign_in(w);
	for (i = 0; i < 4; i++) {
		ask_list(w, names[i], "RevisionNumber=1");
		assert_rows(w, 0);
	}
}

static void
test_sim_galaxy__ids_without_brackets_are_an_error(void **state)
{
	struct world *w = *state;

	sign_in(w);
	ask_list(w, "items", "ids=10000000-0000-4000-8000-000000000001");
	assert_int_equal(w->reply.status, 400);
	ask_list(w, "items", "ids=10000000-0000-4000-8000-000000000001]");
	assert_int_equal(w->reply.status, 400);
	ask_list(w, "items", "ids=[10000000-0000-4000-8000-000000000001");
	assert_int_equal(w->reply.status, 400);
	ask_list(w, "customers", "ids=[91000000-0000-4000-8000-000000000002]");
	assert_rows(w, 1);
	/* where it is not documented it has no meaning */
	ask_list(w, "countries", "ids=[93000000-0000-4000-8000-000000000001]");
	assert_rows(w, 5);
	ask_list(w, "countries", "ids=whatever");
	assert_rows(w, 5);
}

static void
test_sim_galaxy__a_scenario_shows_what_its_company_sells(void **state)
{
	struct world *w = *state;

	sign_in(w);
	ask_list(w, "items", "WebScenID=b0000000-0000-4000-8000-000000000003");
	assert_rows(w, N_GENERATED / 10);
	assert_int_equal(n_in_reply(w,
	                            "\"CompanyID\":\"a0000000-0000-4000-8000-"
	                            "000000000002\""),
	                 N_GENERATED / 10);
	ask_list(w, "prefixes",
	         "WebScenID=b0000000-0000-4000-8000-000000000003");
	assert_rows(w, 1);
	ask_list(w, "items", "WebScenID=b0000000-0000-4000-8000-000000000009");
	assert_int_equal(w->reply.status, 400);
	assert_int_equal(n_in_reply(w, "\"FieldName\":\"WebScenID\""), 1);
}

static void
test_sim_galaxy__inactive_customers_vanish_with_their_sites(void **state)
{
	struct world *w = *state;

	sign_in(w);
	ask_list(w, "customers", "");
	assert_rows(w, 3);
	assert_int_equal(n_in_reply(w, "30-0003"), 0);
	ask_list(w, "customersites", "");
	assert_rows(w, 4);
	assert_int_equal(n_in_reply(w,
	                            "\"CustomerID\":\"91000000-0000-4000-8000-"
	                            "000000000004\""),
	                 0);
}

static void
test_sim_galaxy__a_renamed_lookup_row_has_the_greatest_revision(void **state)
{
	struct world *w = *state;

	sign_in(w);
	w->galaxy.revision = 0; /* as in an installation without items */
	assert_null(galaxy_change_row(&w->galaxy, "cities", "0101", "Athens",
	                              false, true));
	ask_list(w, "cities", "RevisionNumber=9");
	assert_rows(w, 1);
	assert_int_equal(n_in_reply(w, "Athens"), 1);
	assert_null(galaxy_change_row(&w->galaxy, "cities", "0101", NULL, true,
	                              true));
	ask_list(w, "cities", "");
	assert_rows(w, 8);
}

static void
test_sim_galaxy__an_image_is_a_png_and_an_unknown_one_is_404(void **state)
{
	struct world *w = *state;
	unsigned char png[4096];
	const char *base64;
	struct json *doc;
	size_t n;

	sign_in(w);
	ask(w, "GET",
	    "/api/glx/entities/itemimage/80000000-0000-4000-8000-000000000001",
	    "", "");
	assert_int_equal(w->reply.status, 200);
	assert_int_equal(json_parse(&doc, w->reply.body.p, w->reply.body.n), 0);
	base64 = json_text_or(json_root(doc), "Image", "");
	assert_int_equal(crypto_base64_decode(png, &n, sizeof(png), base64,
	                                      strlen(base64)),
	                 0);
	assert_memory_equal(png, "\x89PNG\r\n\x1a\n", 8);
	assert_memory_equal(png + n - 8, "IEND\xae\x42\x60\x82", 8);
	json_free(doc);
	ask(w, "GET",
	    "/api/glx/entities/itemimage/80000000-0000-4000-8000-00000000000f",
	    "", "");
	assert_int_equal(w->reply.status, 404);
	assert_int_equal(n_in_reply(w, "ResponseStatus"), 1);
}

static void
test_sim_galaxy__a_deleted_item_takes_all_of_its_rows_along(void **state)
{
	static const char *const names[] = { "items", "itemaltercodes",
		                             "itembalances", "itemimages" };
	struct world *w = *state;
	struct galaxy_balance *balance;
	struct galaxy_item *item;
	size_t i;

	sign_in(w);
	item = galaxy_find_code(&w->galaxy, "41-000001", &balance);
	item->is_gone = true;
	for (i = 0; i < 4; i++) {
		ask_list(w, names[i], "");
		assert_int_equal(n_in_reply(w, item->itemid), 0);
	}
}

static void
test_sim_galaxy__finds_balances_by_item_id_and_not_by_row_id(void **state)
{
	struct world *w = *state;

	sign_in(w);
	ask_list(w, "itembalances",
	         "ids=%5B10000000-0000-4000-8000-000000000004%5D");
	assert_int_equal(n_in_reply(w, "\"Balance\""), SHOP_N_SIZES);
	ask_list(w, "itembalances",
	         "ids=[11000000-0000-4000-8000-000000000004]");
	assert_string_equal(buf_text(&w->reply.body), "[]");
}

static void
test_sim_galaxy__from_date_time_reaches_back_ten_days_only(void **state)
{
	struct world *w = *state;
	char query[80];
	char from[SIM_TIME_SIZE];
	const int64_t day_us = (int64_t)86400 * 1000000;

	sign_in(w);
	stock(w, "21-0002", 50);
	sim_time_format(from, sim_now_us(&w->sim) - 9 * day_us);
	snprintf(query, sizeof(query), "FromDateTime=%s", from);
	ask_list(w, "itembalances", query);
	assert_int_equal(n_in_reply(w, "\"Balance\""), 1);
	sim_time_format(from, sim_now_us(&w->sim) - 11 * day_us);
	snprintf(query, sizeof(query), "FromDateTime=%s", from);
	ask_list(w, "itembalances", query);
	assert_int_equal(w->reply.status, 400);
}

/* ---- entries ---- */

/* clang-format off: a document reads better in one piece */
#define REF(kind, n) \
	"{\"identifier\":{\"id\":\"" kind \
	"000000-0000-4000-8000-00000000000" n \
	"\",\"codelist\":\"RCP\",\"idspecifier\":null}}"
#define PLACE \
	"\"country\":" REF( \
		"93", "1") ",\"municipality\":null," \
			   "\"prefecture\":" REF("94", "1") ",\"city\":" REF( \
				   "95", "1") ",\"" \
					      "zip" \
					      "cod" \
					      "e\"" \
					      ":\"" \
					      "105" \
					      "63" \
					      "\"," \
					      "\"s" \
					      "tre" \
					      "etn" \
					      "ame" \
					      "\":" \
					      "\"Ε" \
					      "ρμο" \
					      "ύ\"" \
					      ",\"" \
					      "str" \
					      "eet" \
					      "num" \
					      "\":" \
					      "\"1" \
					      "\""
#define SITE(n) \
	"{\"identifier\":{\"id\":\"92000000-0000-4000-8000-00000000000" n \
	"\",\"codelist\":\"RCP\"},"

/* Two of 21-0002 at net 10.000, 13 %, with every section there is. */
static const char good_entry[] =
	"{\"body\":{\"header\":{\"version\":\"2.3.2\",\"processtype\":\"B2C\","
	"\"source\":\"Webshop\"},\"data\":{"
	"\"company\":" REF("a0", "1") ",\"companysite\":" REF(
		"a1", "1") ","
			   "\"revisionnumber\":1,\"docid\":\"D-1\",\"docdate\":"
			   "\"2026-11-20T10:00:00\","
			   "\"doccurrency\":" REF("90", "1") ",\"trader\":" REF(
				   "91", "2") ","
					      "\"billtoaddress\":" SITE("2")
						      PLACE
	"},"
	"\"deliveryinfo\":{\"delivdate\":\"2026-11-21T12:00:00\","
	"\"address\":" SITE("6") PLACE
	"},"
	"\"telephone\":\"2100000000\",\"fax\":null,\"email\":null,"
	"\"additionalinfo\":null},"
	"\"transportmode\":" REF("96", "2") ",\"transporter\":" REF(
		"97",
		"3") ","
		     "\"dispatchpurpose\":" REF(
			     "98",
			     "1") ","
				  "\"paymentagreement\":{\"paymentplan\":" REF(
					  "99",
					  "4") "},"
					       "\"charges\":[{\"identifier\":{"
					       "\"id\":\"9a000000-0000-4000-"
					       "8000-000000000001\"}}],"
					       "\"comment\":null,\"lines\":[{"
					       "\"qty\":2,\"item\":" REF(
						       "10",
						       "2") ","
							    "\"itemattributes\""
							    ":[],"
							    "\"qtymunit\":" REF("20", "1") ",\"pricemunit\":" REF(
								    "20",
								    "1") ","
									 "\"net"
									 "price"
									 "\":"
									 "10."
									 "000,"
									 "\"net"
									 "amoun"
									 "t\":"
									 "20."
									 "000,"
									 "\"vat"
									 "prc\""
									 ":13,"
									 "\"vat"
									 "amoun"
									 "t\":"
									 "2."
									 "600,"
									 "\"dis"
									 "camou"
									 "nt\":"
									 "0,"
									 "\"ext"
									 "ratax"
									 "es\":"
									 "null,"
									 "\"ext"
									 "ratax"
									 "estot"
									 "al\":"
									 "null,"
									 "\"ded"
									 "uctio"
									 "ns\":"
									 "null,"
									 "\"ded"
									 "uctio"
									 "nstot"
									 "al\":"
									 "null}"
									 "],"
									 "\"net"
									 "amoun"
									 "t\":"
									 "20,"
									 "\"vat"
									 "amoun"
									 "t\":"
									 "2.6,"
									 "\"tot"
									 "alamo"
									 "unt\""
									 ":22."
									 "6,"
									 "\"pay"
									 "ablea"
									 "mount"
									 "\":"
									 "22.6,"
									 "\"dis"
									 "camou"
									 "nt\":"
									 "0,"
									 "\"ext"
									 "ratax"
									 "es\":"
									 "null,"
									 "\"ext"
									 "ratax"
									 "estot"
									 "al\":"
									 "null,"
									 "\"ext"
									 "ratax"
									 "esgra"
									 "ndtot"
									 "al\":"
									 "null,"
									 "\"ded"
									 "uctio"
									 "ns\":"
									 "[],"
									 "\"ded"
									 "uctio"
									 "nstot"
									 "al\":"
									 "0,"
									 "\"ded"
									 "uctio"
									 "nsgra"
									 "ndtot"
									 "al\":"
									 "0},"
									 "\"att"
									 "achme"
									 "nts\""
									 ":null"
									 "}}";
/* clang-format on */

/* The text with its first `from` behind `after` replaced by `to`. */
static void
post_changed(struct world *w, const char *action, const char *text,
             const char *after, const char *from, const char *to)
{
	struct buf body = BUF_INIT;
	char path[64];
	const char *at = strstr(text, after);

	assert_non_null(at);
	at = strstr(at, from);
	assert_non_null(at);
	buf_add(&body, text, (size_t)(at - text));
	buf_adds(&body, to);
	buf_adds(&body, at + strlen(from));
	snprintf(path, sizeof(path), "/services/sync/actions/%s", action);
	ask(w, "POST", path, "", buf_text(&body));
	buf_fini(&body);
}

static void
post(struct world *w)
{
	ask(w, "POST", "/services/sync/actions/postentry", "", good_entry);
}

static void
test_sim_galaxy__an_entry_lowers_the_balance_and_sends_a_hook(void **state)
{
	struct world *w = *state;

	sign_in(w);
	stock(w, "21-0002", 50);
	n_hooks = 0;
	post(w);
	assert_int_equal(w->reply.status, 200);
	assert_balance(w, "21-0002", "48");
	assert_int_equal(n_hooks, 1);
}

static void
test_sim_galaxy__totals_off_by_a_thousandth_are_refused_whole(void **state)
{
	struct world *w = *state;

	sign_in(w);
	stock(w, "21-0002", 50);
	post_changed(w, "postentry", good_entry, "\"totalamount\":", "22.6",
	             "22.601");
	assert_int_equal(w->reply.status, 400);
	assert_int_equal(n_in_reply(w, "\"FieldName\":\"totalamount\""), 1);
	assert_balance(w, "21-0002", "50");
}

static void
test_sim_galaxy__a_line_that_names_the_row_of_an_item_is_refused(void **state)
{
	struct world *w = *state;

	sign_in(w);
	post_changed(w, "postentry", good_entry, "\"item\":", "10000000",
	             "11000000");
	assert_int_equal(w->reply.status, 400);
	assert_int_equal(w->galaxy.n_entries, 0);
}

static void
test_sim_galaxy__a_repeated_docid_counts_twice_unless_told(void **state)
{
	struct world *w = *state;

	sign_in(w);
	stock(w, "21-0002", 50);
	post(w);
	post(w);
	assert_balance(w, "21-0002", "46");
	w->galaxy.is.dedupes = true;
	post(w);
	assert_balance(w, "21-0002", "46");
}

static void
test_sim_galaxy__a_lost_answer_has_done_its_work(void **state)
{
	struct world *w = *state;

	sign_in(w);
	stock(w, "21-0002", 50);
	order_fault(w, "{\"system\":\"galaxy\",\"path\":\"postentry\","
	               "\"mode\":\"lose_answer\"}");
	post(w);
	assert_int_equal(w->reply.ending, SERVER_SILENT);
	assert_balance(w, "21-0002", "48");
}

/* One change each to a good document, and the member that is blamed. */
static const struct {
	const char *after;
	const char *from;
	const char *to;
	const char *field;
} bad_entries[] = {
	{ "\"company\":", "8000-000000000001", "8000-000000000009", "company" },
	{ "\"companysite\":", "8000-000000000001", "8000-000000000003",
	  "companysite" },
	{ "\"companysite\":", "\"RCP\"", "\"XYZ\"", "companysite" },
	{ "\"doccurrency\":", "90000000", "91000000", "doccurrency" },
	{ "\"trader\":", "8000-000000000002", "8000-000000000004", "trader" },
	{ "\"trader\":", "8000-000000000002", "8000-000000000005", "trader" },
	{ "\"trader\":", "8000-000000000002", "8000-000000000099", "trader" },
	{ "\"billtoaddress\":", "8000-000000000002", "8000-000000000001",
	  "billtoaddress.identifier" },
	{ "\"billtoaddress\":", "93000000-0000-4000-8000-000000000001",
	  "93000000-0000-4000-8000-000000000002", "billtoaddress.prefecture" },
	{ "\"billtoaddress\":", "95000000-0000-4000-8000-000000000001",
	  "95000000-0000-4000-8000-000000000003", "billtoaddress.city" },
	{ "\"billtoaddress\":", "95000000-0000-4000-8000-000000000001",
	  "95000000-0000-4000-8000-000000000077", "billtoaddress.city" },
	{ "\"billtoaddress\":", "\"zipcode\":\"10563\"", "\"zipcode\":10563",
	  "billtoaddress.zipcode" },
	{ "\"deliveryinfo\":", "92000000-0000-4000-8000-000000000006",
	  "92000000-0000-4000-8000-000000000003",
	  "deliveryinfo.address.identifier" },
	{ "\"deliveryinfo\":", "12:00:00", "12:00", "deliveryinfo.delivdate" },
	{ "\"deliveryinfo\":", "94000000-0000-4000-8000-000000000001",
	  "94000000-0000-4000-8000-000000000002", "deliveryinfo.address.city" },
	{ "\"transportmode\":", "96000000", "97000000", "transportmode" },
	{ "\"transporter\":", "97000000", "96000000", "transporter" },
	{ "\"dispatchpurpose\":", "98000000", "97000000", "dispatchpurpose" },
	{ "\"paymentplan\":", "99000000", "98000000",
	  "paymentagreement.paymentplan" },
	{ "\"charges\":", "8000-000000000001", "8000-000000000002", "charges" },
	{ "\"charges\":", "8000-000000000001", "8000-000000000008", "charges" },
	{ "\"docdate\":", "T10:00:00", "T10:00:00Z", "docdate" },
	{ "\"docid\":", "\"D-1\"", "null", "docid" },
	{ "\"lines\":", "\"itemattributes\":[]",
	  "\"itemattributes\":[{\"identifier\":{\"id\":\"40000000-0000-4000-"
	  "8000-000000000001\"},\"value\":\"001\"}]",
	  "lines[0].itemattributes" },
	{ "\"qtymunit\":", "8000-000000000001", "8000-000000000002",
	  "lines[0].qtymunit" },
	{ "\"pricemunit\":", "8000-000000000001", "8000-000000000002",
	  "lines[0].pricemunit" },
	{ "\"lines\":", "\"qty\":2", "\"qty\":\"2\"", "lines[0].qty" },
	{ "\"lines\":", "\"qty\":2", "\"qty\":2.5", "lines[0].qty" },
	{ "\"lines\":", "\"netprice\":10.000", "\"netprice\":9.9",
	  "lines[0].netamount" },
	{ "\"lines\":", "\"vatprc\":13", "\"vatprc\":24", "lines[0].vatprc" },
	{ "\"lines\":", "\"vatamount\":2.600", "\"vatamount\":2.7",
	  "lines[0].vatamount" },
	{ "\"deductionstotal\":null}]", "\"netamount\":20", "\"netamount\":21",
	  "netamount" },
	{ "\"deductionstotal\":null}]", "\"vatamount\":2.6",
	  "\"vatamount\":2.5", "vatamount" },
	{ "\"payableamount\":", "22.6", "22", "payableamount" },
	{ "\"payableamount\":", "\"deductions\":[]", "\"deductions\":null",
	  "deductions" },
};

static void
test_sim_galaxy__each_section_of_an_entry_is_checked(void **state)
{
	struct world *w = *state;
	char field[80];
	size_t i;

	sign_in(w);
	stock(w, "21-0002", 50);
	for (i = 0; i < sizeof(bad_entries) / sizeof(bad_entries[0]); i++) {
		post_changed(w, "postentry", good_entry, bad_entries[i].after,
		             bad_entries[i].from, bad_entries[i].to);
		snprintf(field, sizeof(field), "\"FieldName\":\"%s\"",
		         bad_entries[i].field);
		if (w->reply.status != 400 || n_in_reply(w, field) != 1)
			fail_msg("%s in %s: %s", bad_entries[i].to,
			         bad_entries[i].after,
			         buf_text(&w->reply.body));
	}
	assert_balance(w, "21-0002", "50");
	assert_int_equal(w->galaxy.n_entries, 0);
}

static void
test_sim_galaxy__a_refused_entry_is_500_where_the_switch_says_so(void **state)
{
	struct world *w = *state;

	sign_in(w);
	w->galaxy.is.refusal_status = 500;
	post_changed(w, "postentry", good_entry, "\"docdate\":", "T10:00:00",
	             "");
	assert_int_equal(w->reply.status, 500);
	assert_int_equal(n_in_reply(w, "\"ErrorCode\""), 2);
}

static void
test_sim_galaxy__addresses_may_be_left_out_or_be_described(void **state)
{
	struct world *w = *state;

	sign_in(w);
	post_changed(w, "postentry", good_entry, "\"docid\"", "billtoaddress",
	             "nothing");
	assert_int_equal(w->reply.status, 200);
	post_changed(w, "postentry", good_entry,
	             "\"billtoaddress\":", "\"country\":" REF("93", "1"),
	             "\"country\":{\"descr\":\"Ελλάδα\"}");
	assert_int_equal(w->reply.status, 200);
	post_changed(w, "postentry", good_entry,
	             "\"billtoaddress\":", "\"country\":" REF("93", "1"),
	             "\"country\":{}");
	assert_int_equal(w->reply.status, 400);
}

static void
test_sim_galaxy__a_deactivated_charge_may_not_be_used(void **state)
{
	struct world *w = *state;

	sign_in(w);
	assert_null(galaxy_change_row(&w->galaxy, "charges", "01", NULL, false,
	                              false));
	post(w);
	assert_int_equal(w->reply.status, 400);
	assert_int_equal(n_in_reply(w, "\"charges: is not active\""), 2);
	ask_list(w, "charges", "");
	assert_rows(w, 2);
}

static void
test_sim_galaxy__a_deleted_row_may_not_be_used(void **state)
{
	struct world *w = *state;

	sign_in(w);
	assert_null(galaxy_change_row(&w->galaxy, "paymethods", "04", NULL,
	                              true, true));
	post(w);
	assert_int_equal(n_in_reply(w, "\"FieldName\":\"paymentagreement."
	                               "paymentplan\""),
	                 1);
}

static void
test_sim_galaxy__an_item_blocked_for_sales_is_refused(void **state)
{
	struct world *w = *state;
	struct galaxy_balance *balance;

	sign_in(w);
	galaxy_find_code(&w->galaxy, "21-0002", &balance)->is_blocked = true;
	post(w);
	assert_int_equal(n_in_reply(w, "\"FieldName\":\"lines[0].item\""), 1);
}

/* Company, site, trader and addresses of the second company. */
static void
test_sim_galaxy__a_company_enters_what_it_sells(void **state)
{
	struct buf text = BUF_INIT;
	struct world *w = *state;
	const char *lines = strstr(good_entry, "\"transportmode\"");

	sign_in(w);
	buf_adds(&text,
	         "{\"body\":{\"header\":{},\"data\":{\"company\":" REF(
			 "a0", "2") ",\"companysite\":" REF("a1", "3") ",");
	buf_adds(&text, "\"docid\":\"D-2\",\"docdate\":\"2026-11-20T10:00:00\","
	                "\"doccurrency\":" REF("90", "1") ",\"trader\":" REF(
				"91", "5") ",");
	buf_adds(&text, lines);
	ask(w, "POST", "/services/sync/actions/postentry", "", text.p);
	assert_int_equal(n_in_reply(w, "\"lines[0].item: belongs to another "
	                               "company\""),
	                 2);
	w->galaxy.items[1]->number = 9;
	ask(w, "POST", "/services/sync/actions/postentry", "", text.p);
	assert_int_equal(w->reply.status, 200);
	buf_fini(&text);
}

/* The first generated item of two dimensions with the document's VAT. */
static unsigned
find_two_dimensional(struct world *w, struct galaxy_generated *out)
{
	unsigned n;

	for (n = 9; n < N_GENERATED; n += 30) {
		galaxy_make_item(out, w->galaxy.seed, n, 0);
		if (galaxy_vat_percent(out->item.vat) == 13)
			break;
	}
	assert_in_range(n, 0, N_GENERATED - 1);
	assert_int_equal(out->item.dimension2, 1);
	return n;
}

static void
post_variant(struct world *w, const char *values)
{
	struct galaxy_generated made;
	struct buf line = BUF_INIT;

	find_two_dimensional(w, &made);
	buf_addf(&line,
	         "{\"identifier\":{\"id\":\"%s\"}},\"itemattributes\":[%s]",
	         made.item.itemid, values);
	post_changed(w, "postentry", good_entry,
	             "\"lines\":", REF("10", "2") ",\"itemattributes\":[]",
	             line.p);
	buf_fini(&line);
}

#define VALUE(dimension, code) \
	"{\"identifier\":{\"id\":\"40000000-0000-4000-8000-" \
	"00000000000" dimension "\"},\"value\":\"" code "\"}"

static void
test_sim_galaxy__a_line_names_every_dimension_by_value_code(void **state)
{
	static const char *const wrong[] = {
		"",
		VALUE("1", "001"),
		VALUE("1", "001") "," VALUE("1", "002"),
		VALUE("1", "001") "," VALUE("3", "001"),
		VALUE("1", "M") "," VALUE("2", "001"),
		VALUE("1", "001") "," VALUE("2", "009"),
	};
	static const char field[] = "\"FieldName\":\"lines[0].itemattributes\"";
	struct world *w = *state;
	struct galaxy_generated made;
	char code[64];
	size_t i;

	sign_in(w);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		post_variant(w, wrong[i]);
		assert_int_equal(n_in_reply(w, field), 1);
	}
	find_two_dimensional(w, &made);
	snprintf(code, sizeof(code), "%s:003:002", made.code);
	stock(w, code, 50);
	/* their order does not matter */
	post_variant(w, VALUE("2", "002") "," VALUE("1", "003"));
	assert_int_equal(w->reply.status, 200);
	assert_balance(w, code, "48");
}

static void
test_sim_galaxy__documents_are_kept_whole(void **state)
{
	struct world *w = *state;
	struct buf text = BUF_INIT;
	struct json_out out = { .to = &text };

	sign_in(w);
	post(w);
	json_out_object(&out, NULL);
	galaxy_print_documents(&w->galaxy, "D-1", &out);
	json_out_end_object(&out);
	assert_non_null(strstr(text.p, good_entry));
	buf_fini(&text);
}

static void
test_sim_galaxy__a_view_finds_each_post_of_a_docid(void **state)
{
	struct world *w = *state;

	sign_in(w);
	post(w);
	post(w);
	ask(w, "GET", "/api/glx/views/Entry/custom/ByDocID",
	    "filters=[{DOCID:[\"D-1\",Equal]}]", "");
	assert_int_equal(n_in_reply(w, "\"D-1\""), 2);
	ask(w, "GET", "/api/glx/views/Entry/custom/ByDocID",
	    "filters=[{DOCID:[\"D-2\",Equal]}]", "");
	assert_string_equal(buf_text(&w->reply.body), "{\"Items\":[]}");
}

/* ---- customers ---- */

/* clang-format off */
static const char good_customer[] =
	"{\"ID\":null,\"Code\":\"WEB-1\",\"Description\":\"Μαρία Γεωργίου\",\"Name\":\"Μαρία Γεωργίου\","
	"\"Comments\":null,\"MGUserID\":null,\"TIN\":null,\"CurrencyID\":\"90000000-0000-4000-8000-000000000001\","
	"\"StringField1\":null,\"FloatField1\":0,\"CustomerSites\":[{\"ID\":null,\"Code\":\"1\",\"Description\":\"Έδρα\","
	"\"IsBilling\":1,\"IsPrimary\":1,\"CountryID\":null,\"CountryDescr\":\"Ελλάδα\",\"PrefectureID\":null,"
	"\"PrefectureDescr\":\"Αττικής\",\"CityID\":\"95000000-0000-4000-8000-000000000005\",\"CityDescr\":null,"
	"\"PostalCode\":\"14562\",\"Street\":\"Κηφισίας\",\"StreetNumber\":\"7\",\"Email\":\"m@example.com\",\"Phone1\":\"2100000001\"}]}";
/* clang-format on */

static void
post_customer(struct world *w)
{
	ask(w, "POST", "/services/sync/actions/postcustomer", "",
	    good_customer);
}

static void
test_sim_galaxy__a_posted_customer_is_listed_with_a_new_revision(void **state)
{
	struct world *w = *state;
	char query[40];

	sign_in(w);
	snprintf(query, sizeof(query), "RevisionNumber=%d",
	         (int)w->galaxy.revision);
	post_customer(w);
	assert_int_equal(w->reply.status, 200);
	assert_string_equal(buf_text(&w->reply.body), "{}");
	ask_list(w, "customers", query);
	assert_rows(w, 1);
	assert_int_equal(n_in_reply(w, "\"Code\":\"WEB-1\""), 1);
	ask_list(w, "customersites", query);
	assert_rows(w, 1);
	assert_int_equal(n_in_reply(w, "95000000-0000-4000-8000-000000000005"),
	                 1);
}

static void
test_sim_galaxy__a_code_is_taken_once_unless_told(void **state)
{
	struct world *w = *state;

	sign_in(w);
	post_customer(w);
	post_customer(w);
	assert_int_equal(w->reply.status, 400);
	assert_int_equal(n_in_reply(w, "\"FieldName\":\"Code\""), 1);
	w->galaxy.is.doubles_customers = true;
	post_customer(w);
	assert_int_equal(w->reply.status, 200);
	ask_list(w, "customers", "");
	assert_int_equal(n_in_reply(w, "\"Code\":\"WEB-1\""), 2);
}

static const struct {
	const char *after;
	const char *from;
	const char *to;
	const char *field;
} bad_customers[] = {
	{ "{", "\"ID\":null", "\"ID\":\"x\"", "ID" },
	{ "{", "\"WEB-1\"", "\"\"", "Code" },
	{ "{", "\"Name\":\"Μαρία Γεωργίου\"", "\"Name\":null", "Name" },
	{ "{", "90000000-", "91000000-", "CurrencyID" },
	{ "{", "\"FloatField1\":0", "\"FloatField1\":\"0\"", "FloatField1" },
	{ "{", "\"IsPrimary\":1", "\"IsPrimary\":0", "CustomerSites" },
	{ "{", "\"IsBilling\":1", "\"IsBilling\":true",
	  "CustomerSites[0].IsBilling" },
	{ "{", "\"IsBilling\":1", "\"IsBilling\":2",
	  "CustomerSites[0].IsBilling" },
	{ "{", "\"Ελλάδα\"", "\"Κύπρος\"", "CustomerSites[0].PrefectureID" },
	{ "{", "\"Ελλάδα\"", "\"Ατλαντίδα\"", "CustomerSites[0].CountryDescr" },
	{ "{", "8000-000000000005", "8000-000000000003",
	  "CustomerSites[0].CityID" },
	{ "{", "\"PostalCode\":\"14562\"", "\"PostalCode\":14562",
	  "CustomerSites[0].PostalCode" },
	{ "{", "\"CustomerSites\"", "\"Sites\"", "CustomerSites" },
};

static void
test_sim_galaxy__each_member_of_a_customer_is_checked(void **state)
{
	struct world *w = *state;
	size_t n = w->galaxy.n_customers;
	char field[80];
	size_t i;

	sign_in(w);
	for (i = 0; i < sizeof(bad_customers) / sizeof(bad_customers[0]); i++) {
		post_changed(w, "postcustomer", good_customer,
		             bad_customers[i].after, bad_customers[i].from,
		             bad_customers[i].to);
		snprintf(field, sizeof(field), "\"FieldName\":\"%s\"",
		         bad_customers[i].field);
		if (w->reply.status != 400 || n_in_reply(w, field) != 1)
			fail_msg("%s: %s", bad_customers[i].to,
			         buf_text(&w->reply.body));
	}
	assert_int_equal(w->galaxy.n_customers, n);
}

/* ---- trouble ---- */

static void
test_sim_galaxy__a_customer_whose_answer_is_lost_is_there(void **state)
{
	struct world *w = *state;

	sign_in(w);
	order_fault(w, "{\"system\":\"galaxy\",\"path\":\"postcustomer\","
	               "\"mode\":\"lose_answer\"}");
	post_customer(w);
	assert_int_equal(w->reply.ending, SERVER_SILENT);
	assert_non_null(galaxy_find_customer_code(&w->galaxy, "WEB-1"));
}

static void
test_sim_galaxy__a_list_is_cut_after_so_many_rows(void **state)
{
	struct world *w = *state;

	sign_in(w);
	order_fault(w, "{\"system\":\"galaxy\",\"path\":\"/items\","
	               "\"mode\":\"cut\",\"rows\":100}");
	ask_list(w, "items", "");
	assert_true(w->is_reset);
	assert_int_equal(n_in_reply(w, "\"ItemID\""), 100);
	ask_list(w, "items", "");
	assert_false(w->is_reset);
	assert_rows(w, N_GENERATED + 4);
}

static void
test_sim_galaxy__a_list_is_cut_after_so_many_bytes(void **state)
{
	struct world *w = *state;

	sign_in(w);
	order_fault(w, "{\"system\":\"galaxy\",\"path\":\"/items\","
	               "\"mode\":\"cut\",\"bytes\":100001}");
	ask_list(w, "items", "");
	assert_true(w->is_reset);
	assert_int_equal(w->reply.body.n, 100001);
}

static void
test_sim_galaxy__a_list_ends_in_order_with_the_array_open(void **state)
{
	struct world *w = *state;

	sign_in(w);
	order_fault(w, "{\"system\":\"galaxy\",\"mode\":\"end\",\"rows\":4}");
	ask_list(w, "companysites", "");
	assert_rows(w, 3); /* there are not so many: nothing to spoil */
	order_fault(w, "{\"system\":\"galaxy\",\"mode\":\"end\",\"rows\":3}");
	ask_list(w, "companysites", "");
	assert_false(w->is_reset);
	assert_int_equal(n_in_reply(w, "\"Code\""), 3);
	assert_int_equal(w->reply.body.p[w->reply.body.n - 1], '}');
}

static void
test_sim_galaxy__a_stall_loses_nothing(void **state)
{
	struct world *w = *state;

	sign_in(w);
	order_fault(w, "{\"system\":\"galaxy\",\"mode\":\"stall:700\","
	               "\"rows\":5}");
	ask_list(w, "items", "");
	assert_int_equal(w->pause_ms, 700);
	assert_rows(w, N_GENERATED + 4);
}

static void
test_sim_galaxy__a_trickle_is_a_row_at_a_time(void **state)
{
	struct world *w = *state;

	sign_in(w);
	order_fault(w, "{\"system\":\"galaxy\",\"mode\":\"trickle:10\"}");
	ask_list(w, "countries", "");
	assert_int_equal(w->pause_ms, 60); /* five rows and the end */
	assert_rows(w, 5);
}

static void
test_sim_galaxy__an_error_inside_a_list_ends_the_session_too(void **state)
{
	struct world *w = *state;

	sign_in(w);
	order_fault(w, "{\"system\":\"galaxy\",\"mode\":\"append\","
	               "\"rows\":2}");
	ask_list(w, "countries", "");
	assert_int_equal(w->reply.status, 200);
	assert_int_equal(n_in_reply(w, "}{\"ResponseStatus\""), 1);
	ask_list(w, "countries", "");
	assert_int_equal(w->reply.status, 401);
	sign_in(w);
	order_fault(w, "{\"system\":\"galaxy\",\"mode\":\"element\","
	               "\"rows\":2,\"code\":\"SqlException\"}");
	ask_list(w, "countries", "");
	assert_rows(w, 3);
	ask_list(w, "countries", "");
	assert_rows(w, 5);
}

static void
test_sim_galaxy__a_200_may_hold_an_error_instead_of_a_list(void **state)
{
	struct world *w = *state;

	sign_in(w);
	order_fault(w, "{\"system\":\"galaxy\",\"mode\":\"inside\"}");
	ask_list(w, "countries", "");
	assert_int_equal(w->reply.status, 200);
	assert_int_equal(n_in_reply(w, "\"ErrorCode\":\"Unauthorized\""), 1);
}

static void
test_sim_galaxy__one_row_lacks_a_member_or_has_a_wrong_one(void **state)
{
	struct world *w = *state;

	sign_in(w);
	order_fault(w, "{\"system\":\"galaxy\",\"mode\":\"drop\","
	               "\"rows\":1}");
	ask_list(w, "countries", "");
	assert_rows(w, 5);
	assert_int_equal(n_in_reply(w, "\"ID\""), 4);
	order_fault(w, "{\"system\":\"galaxy\",\"mode\":\"wrong\","
	               "\"member\":\"RevisionNumber\"}");
	ask_list(w, "countries", "");
	assert_rows(w, 5);
	assert_int_equal(n_in_reply(w, "\"RevisionNumber\":[\"wrong\"]}"), 1);
}

static void
test_sim_galaxy__a_session_lives_for_so_many_calls(void **state)
{
	struct world *w = *state;
	int i;

	w->galaxy.is.session_calls = 3;
	sign_in(w);
	for (i = 0; i < 3; i++) {
		ask_list(w, "countries", "");
		assert_int_equal(w->reply.status, 200);
	}
	ask_list(w, "countries", "");
	assert_int_equal(w->reply.status, 401);
	sign_in(w);
	ask_list(w, "countries", "");
	assert_int_equal(w->reply.status, 200);
}

static void
test_sim_galaxy__a_session_ends_with_its_time(void **state)
{
	struct world *w = *state;

	w->galaxy.options.session_ms = 0;
	sign_in(w);
	ask_list(w, "countries", "");
	assert_int_equal(w->reply.status, 401);
}

/* A row whose number is below others that were seen before it (trap 1). */
static void
test_sim_galaxy__a_row_in_flight_appears_with_its_old_number(void **state)
{
	struct world *w = *state;
	struct galaxy_item *late;
	struct galaxy_item *other;
	char query[40];

	sign_in(w);
	late = galaxy_add_item(&w->galaxy, "L", "Late", decimal_of(1),
	                       DECIMAL_ZERO);
	galaxy_hold(&w->galaxy, late, true, NULL);
	other = galaxy_add_item(&w->galaxy, "O", "Other", decimal_of(1),
	                        DECIMAL_ZERO);
	snprintf(query, sizeof(query), "RevisionNumber=%d",
	         (int)late->revision - 1);
	ask_list(w, "items", query);
	assert_rows(w, 1);
	assert_true(galaxy_commit(late));
	ask_list(w, "items", query);
	assert_rows(w, 2);
	snprintf(query, sizeof(query), "RevisionNumber=%d",
	         (int)other->revision);
	ask_list(w, "items", query);
	assert_rows(w, 0);
}

static void
test_sim_galaxy__a_change_in_flight_shows_the_row_as_it_was(void **state)
{
	struct world *w = *state;
	struct galaxy_balance *balance;
	struct galaxy_item *item;

	sign_in(w);
	item = galaxy_find_code(&w->galaxy, "21-0001", &balance);
	galaxy_hold(&w->galaxy, item, false, "New name");
	ask_list(w, "items", "");
	assert_int_equal(n_in_reply(w, "New name"), 0);
	assert_int_equal(n_in_reply(w, "\"RevisionNumber\":1}"), 1);
	assert_true(galaxy_commit(item));
	ask_list(w, "items", "");
	assert_int_equal(n_in_reply(w, "New name"), 1);
	assert_int_equal(n_in_reply(w, "\"RevisionNumber\":1}"), 0);
	assert_false(galaxy_commit(item));
}

static void
test_sim_galaxy__guids_are_in_capitals_where_the_switch_says_so(void **state)
{
	struct world *w = *state;

	sign_in(w);
	w->galaxy.is.upper_guids = true;
	ask_list(w, "companies", "");
	assert_int_equal(n_in_reply(w, "a0000000"), 0);
	assert_int_equal(n_in_reply(w, "A0000000"), 2);
	ask_list(w, "items", "ids=[10000000-0000-4000-8000-000000000001]");
	assert_rows(w, 1);
}

/* gzip of stored blocks: the text stands in it, behind head and length. */
static void
test_sim_galaxy__zips_only_for_clients_that_take_it(void **state)
{
	struct world *w = *state;
	const unsigned char *p;
	size_t n;

	sign_in(w);
	w->galaxy.is.zips = true;
	ask_list(w, "banks", "");
	assert_rows(w, 3);
	n = w->reply.body.n;
	w->encoding = "deflate, gzip";
	ask_list(w, "banks", "");
	assert_non_null(strstr(buf_text(&w->reply.headers),
	                       "Content-Encoding: gzip\r\n"));
	p = (const unsigned char *)w->reply.body.p;
	assert_memory_equal(p, "\x1f\x8b\x08", 3);
	assert_true(w->reply.body.n >= 10 + 5 + n + 8);
	p += w->reply.body.n - 4;
	assert_int_equal(p[0] | p[1] << 8 | p[2] << 16, n);
}

/* ---- on the wire ---- */

static void
serve_two_pieces(void *ctx, struct server_piece *piece)
{
	int *n = ctx;

	buf_adds(&piece->bytes, "row ");
	piece->is_last = ++*n == 2;
}

static void
serve_stream(void *ctx, const struct http_call *call,
             struct server_reply *reply)
{
	static int n;

	(void)ctx;
	(void)call;
	n = 0;
	reply->status = 200;
	buf_adds(&reply->body, "first ");
	reply->stream = (struct server_stream){ serve_two_pieces, NULL, &n };
}

static void
test_sim_galaxy__a_stream_goes_out_in_chunks(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n"
				      "Connection: close\r\n\r\n";
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct buf got = BUF_INIT;
	struct server *server;
	char chunk[512];
	ssize_t n;
	int fd;

	(void)state;
	assert_int_equal(
		server_start(&server, "127.0.0.1:0", serve_stream, NULL), 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port =
		htons((uint16_t)atoi(strchr(server_address(server), ':') + 1));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_true(send_all(fd, request, sizeof(request) - 1));
	while ((n = recv(fd, chunk, sizeof(chunk), 0)) > 0)
		buf_add(&got, chunk, (size_t)n);
	assert_non_null(strstr(buf_text(&got),
	                       "Transfer-Encoding: chunked\r\n\r\n6\r\nfirst "
	                       "\r\n4\r\nrow \r\n4\r\nrow \r\n0\r\n\r\n"));
	close(fd);
	server_stop(server);
	buf_fini(&got);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sim_galaxy__answers_nothing_without_a_session),
		TEST(test_sim_galaxy__refuses_a_wrong_password),
		TEST(test_sim_galaxy__an_ended_session_is_403_where_the_switch_says_so),
		TEST(test_sim_galaxy__wants_a_scenario_where_none_is_the_default),
		TEST(test_sim_galaxy__lists_revisions_strictly_above_the_given_one),
		TEST(test_sim_galaxy__has_every_list_of_the_documentation),
		TEST(test_sim_galaxy__a_list_of_many_comes_whole_and_in_pieces),
		TEST(test_sim_galaxy__what_is_generated_is_the_same_each_time),
		TEST(test_sim_galaxy__a_generated_item_that_changed_is_listed_once),
		TEST(test_sim_galaxy__generated_items_are_found_by_either_guid_alone),
		TEST(test_sim_galaxy__a_list_shows_the_moment_of_its_call),
		TEST(test_sim_galaxy__a_balance_may_name_a_combination),
		TEST(test_sim_galaxy__codes_have_revisions_only_where_the_switch_says),
		TEST(test_sim_galaxy__balances_and_kin_have_no_revision_above_zero),
		TEST(test_sim_galaxy__ids_without_brackets_are_an_error),
		TEST(test_sim_galaxy__a_scenario_shows_what_its_company_sells),
		TEST(test_sim_galaxy__inactive_customers_vanish_with_their_sites),
		TEST(test_sim_galaxy__a_renamed_lookup_row_has_the_greatest_revision),
		TEST(test_sim_galaxy__an_image_is_a_png_and_an_unknown_one_is_404),
		TEST(test_sim_galaxy__a_deleted_item_takes_all_of_its_rows_along),
		TEST(test_sim_galaxy__finds_balances_by_item_id_and_not_by_row_id),
		TEST(test_sim_galaxy__from_date_time_reaches_back_ten_days_only),
		TEST(test_sim_galaxy__an_entry_lowers_the_balance_and_sends_a_hook),
		TEST(test_sim_galaxy__totals_off_by_a_thousandth_are_refused_whole),
		TEST(test_sim_galaxy__a_line_that_names_the_row_of_an_item_is_refused),
		TEST(test_sim_galaxy__a_repeated_docid_counts_twice_unless_told),
		TEST(test_sim_galaxy__a_lost_answer_has_done_its_work),
		TEST(test_sim_galaxy__each_section_of_an_entry_is_checked),
		TEST(test_sim_galaxy__a_refused_entry_is_500_where_the_switch_says_so),
		TEST(test_sim_galaxy__addresses_may_be_left_out_or_be_described),
		TEST(test_sim_galaxy__a_deactivated_charge_may_not_be_used),
		TEST(test_sim_galaxy__a_deleted_row_may_not_be_used),
		TEST(test_sim_galaxy__an_item_blocked_for_sales_is_refused),
		TEST(test_sim_galaxy__a_company_enters_what_it_sells),
		TEST(test_sim_galaxy__a_line_names_every_dimension_by_value_code),
		TEST(test_sim_galaxy__documents_are_kept_whole),
		TEST(test_sim_galaxy__a_view_finds_each_post_of_a_docid),
		TEST(test_sim_galaxy__a_posted_customer_is_listed_with_a_new_revision),
		TEST(test_sim_galaxy__a_code_is_taken_once_unless_told),
		TEST(test_sim_galaxy__each_member_of_a_customer_is_checked),
		TEST(test_sim_galaxy__a_customer_whose_answer_is_lost_is_there),
		TEST(test_sim_galaxy__a_list_is_cut_after_so_many_rows),
		TEST(test_sim_galaxy__a_list_is_cut_after_so_many_bytes),
		TEST(test_sim_galaxy__a_list_ends_in_order_with_the_array_open),
		TEST(test_sim_galaxy__a_stall_loses_nothing),
		TEST(test_sim_galaxy__a_trickle_is_a_row_at_a_time),
		TEST(test_sim_galaxy__an_error_inside_a_list_ends_the_session_too),
		TEST(test_sim_galaxy__a_200_may_hold_an_error_instead_of_a_list),
		TEST(test_sim_galaxy__one_row_lacks_a_member_or_has_a_wrong_one),
		TEST(test_sim_galaxy__a_session_lives_for_so_many_calls),
		TEST(test_sim_galaxy__a_session_ends_with_its_time),
		TEST(test_sim_galaxy__a_row_in_flight_appears_with_its_old_number),
		TEST(test_sim_galaxy__a_change_in_flight_shows_the_row_as_it_was),
		TEST(test_sim_galaxy__guids_are_in_capitals_where_the_switch_says_so),
		TEST(test_sim_galaxy__zips_only_for_clients_that_take_it),
		TEST(test_sim_galaxy__a_stream_goes_out_in_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
