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
	struct server_reply reply;
};

static void
ask(struct world *w, const char *method, const char *path, const char *query,
    const char *body)
{
	const struct http_header headers[] = {
		{ "Accept", "application/json" },
		{ "Content-Type", "application/json" },
		{ "Cookie", w->cookie },
	};
	const struct http_call call = { .method = method,
		                        .path = path,
		                        .query = query,
		                        .headers = headers,
		                        .n_headers = 3,
		                        .body = body,
		                        .n_body = strlen(body) };

	buf_fini(&w->reply.headers);
	buf_fini(&w->reply.body);
	w->reply = (struct server_reply){ .status = 0 };
	galaxy_serve(&w->galaxy, &call, &w->reply);
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
		                                .n_sized = 1 };
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

	buf_fini(&w->reply.headers);
	buf_fini(&w->reply.body);
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

	sign_in(w);
	ask_list(w, "items", "RevisionNumber=3");
	assert_int_equal(n_in_reply(w, "\"ItemID\""), 1);
	ask_list(w, "items", "RevisionNumber=4");
	assert_string_equal(buf_text(&w->reply.body), "[]");
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

#define REF(id)       "{\"identifier\":{\"id\":\"" id "\",\"codelist\":\"RCP\"}}"
#define GUID(kind, n) kind "000000-0000-4000-8000-00000000000" n

/* Two of 21-0002 at net 10.000, 13 %: what is given is the total. */
static void
post(struct world *w, const char *item_kind, const char *total)
{
	struct buf body = BUF_INIT;

	buf_addf(&body,
	         "{\"body\":{\"header\":{},\"data\":{"
	         "\"company\":" REF(GUID("a0", "1")) ",\"companysite\":" REF(GUID(
			 "a1", "1")) ",\"docid\":\"D-1\",\"docdate\":\"2026-11-"
	                             "20T10:00:00\""
	                             ",\"doccurrency\":" REF(GUID("90", "1")) ",\"trader\":" REF(GUID("91", "1")) ",\"transportmode\":" REF(GUID("96", "1")) ",\"transporter\":" REF(
					     GUID("97",
	                                          "1")) ",\"dispatchpurpose\""
	                                                ":" REF(GUID(
								"98",
								"1")) ",\""
	                                                              "pay"
	                                                              "men"
	                                                              "tag"
	                                                              "ree"
	                                                              "men"
	                                                              "t\""
	                                                              ":{"
	                                                              "\"p"
	                                                              "aym"
	                                                              "ent"
	                                                              "pla"
	                                                              "n\""
	                                                              ":" REF(GUID(
									      "99",
									      "1")) "},\"lines\":[{\"qty\":2,\"item\":{\"identifier\":{\"id\":"
	                                                                            "\"%s000000-0000-4000-8000-000000000002\"}}"
	                                                                            ",\"qtymunit\":" REF(GUID("20", "1")) ",\"pricemunit\":" REF(
											    GUID("20",
	                                                                                         "1")) ",\"netprice\":10.000,\"netamount\":20.000,\"vatprc\":13"
	                                                                                               ",\"vatamount\":2.600,\"discamount\":0}]"
	                                                                                               ",\"netamount\":20,\"vatamount\":2.6,\"totalamount\":%s"
	                                                                                               ",\"payableamount\":%s,\"discamount\":0,\"deductions\":[]"
	                                                                                               ",\"deductionstotal\":0,\"deductionsgrandtotal\":0}}}",
	         item_kind, total, total);
	ask(w, "POST", "/services/sync/actions/postentry", "", buf_text(&body));
	buf_fini(&body);
}

static void
test_sim_galaxy__an_entry_lowers_the_balance_and_sends_a_hook(void **state)
{
	struct world *w = *state;

	sign_in(w);
	stock(w, "21-0002", 50);
	n_hooks = 0;
	post(w, "10", "22.6");
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
	post(w, "10", "22.601");
	assert_int_equal(w->reply.status, 400);
	assert_int_equal(n_in_reply(w, "\"FieldName\":\"totalamount\""), 1);
	assert_balance(w, "21-0002", "50");
}

static void
test_sim_galaxy__a_line_that_names_the_row_of_an_item_is_refused(void **state)
{
	struct world *w = *state;

	sign_in(w);
	post(w, "11", "22.6");
	assert_int_equal(w->reply.status, 400);
	assert_int_equal(w->galaxy.n_entries, 0);
}

static void
test_sim_galaxy__a_repeated_docid_counts_twice_unless_told(void **state)
{
	struct world *w = *state;

	sign_in(w);
	stock(w, "21-0002", 50);
	post(w, "10", "22.6");
	post(w, "10", "22.6");
	assert_balance(w, "21-0002", "46");
	w->galaxy.is.dedupes = true;
	post(w, "10", "22.6");
	assert_balance(w, "21-0002", "46");
}

static void
test_sim_galaxy__a_lost_answer_has_done_its_work(void **state)
{
	static const char text[] = "{\"system\":\"galaxy\",\"path\":"
				   "\"postentry\",\"mode\":\"lose_answer\"}";
	struct world *w = *state;
	struct json *order;

	sign_in(w);
	stock(w, "21-0002", 50);
	assert_int_equal(json_parse(&order, text, sizeof(text) - 1), 0);
	assert_null(fault_add(&w->sim, json_root(order)));
	json_free(order);
	post(w, "10", "22.6");
	assert_int_equal(w->reply.ending, SERVER_SILENT);
	assert_balance(w, "21-0002", "48");
}

static void
test_sim_galaxy__a_view_finds_each_post_of_a_docid(void **state)
{
	struct world *w = *state;

	sign_in(w);
	post(w, "10", "22.6");
	post(w, "10", "22.6");
	ask(w, "GET", "/api/glx/views/Entry/custom/ByDocID",
	    "filters=[{DOCID:[\"D-1\",Equal]}]", "");
	assert_int_equal(n_in_reply(w, "\"D-1\""), 2);
	ask(w, "GET", "/api/glx/views/Entry/custom/ByDocID",
	    "filters=[{DOCID:[\"D-2\",Equal]}]", "");
	assert_string_equal(buf_text(&w->reply.body), "{\"Items\":[]}");
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
		TEST(test_sim_galaxy__finds_balances_by_item_id_and_not_by_row_id),
		TEST(test_sim_galaxy__from_date_time_reaches_back_ten_days_only),
		TEST(test_sim_galaxy__an_entry_lowers_the_balance_and_sends_a_hook),
		TEST(test_sim_galaxy__totals_off_by_a_thousandth_are_refused_whole),
		TEST(test_sim_galaxy__a_line_that_names_the_row_of_an_item_is_refused),
		TEST(test_sim_galaxy__a_repeated_docid_counts_twice_unless_told),
		TEST(test_sim_galaxy__a_lost_answer_has_done_its_work),
		TEST(test_sim_galaxy__a_view_finds_each_post_of_a_docid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
