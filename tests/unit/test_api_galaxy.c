/*
 * /api/galaxy: the mirror in Galaxy's own shape, and pictures on demand.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/json.h"
#include "gateway/drivers/store_files.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_mirror.h"
#include "gateway/model/metrics.h"
#include "handlers/api/api.h"
#include "tests/support/api_world.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEM1 "10000000-0000-4000-8000-00000000000a"
#define ITEM2 "10000000-0000-4000-8000-00000000000b"
#define ITEM3 "10000000-0000-4000-8000-00000000000c"

static struct api_world *world;
static struct http_reply reply;
static struct store_mirror *keeper;

static int
begin(void **state)
{
	world = *state;
	reply = (struct http_reply){ 0 };
	if (api_world_empty(state))
		return -1;
	return store_mirror_new(&keeper, world->store, "erp");
}

static int
end(void **state)
{
	(void)state;
	clock_replace(NULL, NULL);
	store_mirror_free(keeper);
	api_world_forget(&reply);
	return 0;
}

/* ---- lists ---- */

static void
begin_list(const char *entity)
{
	assert_int_equal(mirror_list_begin(store_mirror_port(keeper), entity,
	                                   MIRROR_WHOLE),
	                 0);
}

static void
put(const char *key, const char *name, int64_t revision, const char *json)
{
	const struct mirror_row row = {
		.key = key,
		.json = json,
		.n_json = strlen(json),
		.names = &name,
		.n_names = 1,
		.revision = revision,
	};

	assert_int_equal(mirror_list_put(store_mirror_port(keeper), &row), 0);
}

static void
end_list(const char *note)
{
	struct mirror_tally tally;

	assert_int_equal(mirror_list_end(store_mirror_port(keeper), &tally,
	                                 note, "1700000000000"),
	                 0);
}

static void
note(const char *name, const char *value)
{
	assert_int_equal(
		mirror_note_set(store_mirror_port(keeper), name, value), 0);
}

#define ROW(id, code, revision) \
	"{\"ItemID\":\"" id "\",\"Code\":\"" code \
	"\",\"RevisionNumber\":" revision "}"
#define ROW1 ROW(ITEM1, "21-0001", "10")
#define ROW2 ROW(ITEM2, "21-0002", "20")
#define ROW3 ROW(ITEM3, "Shoe", "30")

static void
fill_items(void)
{
	begin_list("items");
	put(ITEM1, "21-0001", 10, ROW1);
	put(ITEM2, "21-0002", 20, ROW2);
	put(ITEM3, "Shoe", 30, ROW3);
	end_list("items.read");
}

/* The body of an answer with this status. */
static const char *
ask(const char *entity, const char *query, int status)
{
	api_world_forget(&reply);
	assert_int_equal(api_world_ask(world, &reply, "GET", "/api/galaxy/{}",
	                               entity, query),
	                 0);
	if (reply.status != status)
		fail_msg("%s?%s: %d %s", entity, query, reply.status,
		         buf_text(&reply.body));
	return buf_text(&reply.body);
}

/*
 * The answer is an array of just these of the three rows, each as it was put,
 * in any order: "13" is the first and the third.
 */
static void
assert_rows(const char *query, const char *which)
{
	static const char *const rows[] = { ROW1, ROW2, ROW3 };
	const char *body = ask("items", query, 200);
	size_t n = 2;

	assert_int_equal(body[0], '[');
	assert_int_equal(body[strlen(body) - 1], ']');
	for (size_t i = 0; i < 3; i++) {
		bool is_wanted = strchr(which, (int)('1' + i)) != NULL;

		if (is_wanted != (strstr(body, rows[i]) != NULL))
			fail_msg("%s is not %s: %s", query, which, body);
		n += is_wanted ? strlen(rows[i]) + 1 : 0;
	}
	assert_int_equal(strlen(body), n - (*which ? 1 : 0));
}

static void
test_api_galaxy__gives_rows_word_for_word(void **state)
{
	static const char row[] = "{ \"ItemID\":\"A\" ,\"Price\": 1.50,"
				  "\"Name\":\"\xce\x9a\\u03b1/\" }";

	(void)state;
	begin_list("items");
	put("a", "x", 1, row);
	end_list("items.read");
	(void)ask("items", "", 200);
	assert_string_equal(reply.content_type,
	                    "application/json; charset=utf-8");
	assert_int_equal(reply.body.n, sizeof(row) + 1);
	assert_memory_equal(reply.body.p + 1, row, sizeof(row) - 1);
}

static void
test_api_galaxy__gives_all_of_a_long_list_once(void **state)
{
	enum { MANY = 3000 };
	struct json *doc = NULL;
	static char seen[MANY];
	char key[16];
	char json[64];
	int64_t n;

	(void)state;
	begin_list("customers");
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		(void)snprintf(json, sizeof(json), "{\"N\":%d}", i);
		put(key, key, i + 1, json);
	}
	end_list("customers.read");
	memset(seen, 0, sizeof(seen));
	(void)ask("customers", "", 200);
	assert_int_equal(json_parse(&doc, reply.body.p, reply.body.n), 0);
	assert_int_equal(json_length(json_root(doc)), MANY);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(
			json_get_int(&n, json_at(json_root(doc), i), "N"), 0);
		assert_int_equal(seen[n]++, 0);
	}
	json_free(doc);
}

static void
test_api_galaxy__knows_an_empty_list_from_one_never_read(void **state)
{
	(void)state;
	assert_non_null(strstr(ask("itemimages", "", 503), "first sync"));
	assert_true(reply.retry_after_s > 0);
	note("itemimages.read", "1700000000000");
	assert_string_equal(ask("itemimages", "", 200), "[]");
}

static void
test_api_galaxy__a_list_half_read_is_not_given(void **state)
{
	(void)state;
	begin_list("items");
	put(ITEM1, "21-0001", 10, ROW1);
	end_list(NULL);
	(void)ask("items", "", 503);
}

static void
test_api_galaxy__gives_greater_revisions(void **state)
{
	(void)state;
	fill_items();
	assert_rows("RevisionNumber=0", "123");
	assert_rows("RevisionNumber=", "123");
	assert_rows("RevisionNumber=-1", "123");
	assert_rows("RevisionNumber=9", "123");
	assert_rows("RevisionNumber=10", "23");
	assert_rows("RevisionNumber=29", "3");
	assert_rows("RevisionNumber=30", "");
	assert_rows("RevisionNumber=9000000000000", "");
}

/* Or who remembers 30 would never ask for a 25 that comes late. */
static void
test_api_galaxy__gives_no_revision_before_all_lesser_ones(void **state)
{
	(void)state;
	fill_items();
	note("items.revision", "20");
	assert_rows("RevisionNumber=10", "2");
	assert_rows("RevisionNumber=20", "");
	assert_rows("RevisionNumber=25", "");
	assert_rows("", "123");
	note("items.revision", "30");
	assert_rows("RevisionNumber=10", "23");
}

static void
test_api_galaxy__gives_all_where_rows_have_no_numbers(void **state)
{
	(void)state;
	begin_list("countries");
	put("gr", "GR", 0, "{\"ID\":\"gr\"}");
	end_list("countries.read");
	assert_string_equal(ask("countries", "RevisionNumber=7", 200),
	                    "[{\"ID\":\"gr\"}]");
}

static void
test_api_galaxy__takes_names_of_parameters_and_lists_in_any_case(void **state)
{
	(void)state;
	fill_items();
	assert_rows("revisionnumber=20", "3");
	assert_rows("x=1&REVISIONNUMBER=20&y", "3");
	assert_rows("RevisionNumbers=20&Revision=20", "123");
	assert_rows("IDs=[shoe]", "3");
	(void)ask("Items", "", 200);
}

static void
test_api_galaxy__filters_by_ids_and_names(void **state)
{
	static const char *const first[] = {
		"ids=[" ITEM1 "]",
		"ids=" ITEM1,
		"ids=%5B" ITEM1 "%5D",
		"ids=[\"" ITEM1 "\"]",
		"ids=[ " ITEM1 " , ]",
		"ids=[10000000-0000-4000-8000-00000000000A]",
		"ids=[21-0001]",
		"ids=[" ITEM1 ",21-0001," ITEM1 "]",
		"ids=[nothing," ITEM1 "]",
	};

	(void)state;
	fill_items();
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		assert_rows(first[i], "1");
	assert_rows("ids=[" ITEM1 "," ITEM3 "]", "13");
	assert_rows("ids=" ITEM2 "%2CSHOE", "23");
	assert_rows("ids=[nothing]", "");
	assert_rows("ids=[" ITEM1 "," ITEM3 "]&RevisionNumber=10", "3");
}

/* A typed client sends a filter that was not set as an empty list. */
static void
test_api_galaxy__an_empty_filter_is_none(void **state)
{
	(void)state;
	fill_items();
	assert_rows("ids=[]", "123");
	assert_rows("ids=", "123");
	begin_list("countries");
	put("gr", "GR", 0, "{}");
	end_list("countries.read");
	assert_string_equal(ask("countries", "ids=[]", 200), "[{}]");
}

static void
test_api_galaxy__gives_all_balances_whatever_the_time(void **state)
{
	(void)state;
	begin_list("itembalances");
	put("b1", ITEM1, 0, "{\"Balance\":1}");
	end_list("itembalances.read");
	assert_string_equal(
		ask("itembalances", "FromDateTime=2026-11-20T00:00:00", 200),
		"[{\"Balance\":1}]");
}

static void
assert_refused(const char *entity, const char *query, int status,
               const char *field, const char *words)
{
	struct json *doc = NULL;
	const struct json_node *error;

	(void)ask(entity, query, status);
	assert_int_equal(json_parse(&doc, reply.body.p, reply.body.n), 0);
	error = json_find(json_root(doc), "error");
	assert_string_equal(json_text_or(error, "field", ""), field);
	if (!strstr(json_text_or(error, "message", ""), words))
		fail_msg("no \"%s\" in: %s", words, buf_text(&reply.body));
	json_free(doc);
}

static void
test_api_galaxy__names_what_is_wrong_with_a_call(void **state)
{
	struct buf many = BUF_INIT;

	(void)state;
	fill_items();
	assert_refused("items", "RevisionNumber=x", 400, "RevisionNumber", "");
	assert_refused("items", "RevisionNumber=1.5", 400, "RevisionNumber",
	               "");
	assert_refused("items", "RevisionNumber=99999999999999999999", 400,
	               "RevisionNumber", "");
	assert_refused("items", "RevisionNumber=1&revisionnumber=2", 400,
	               "RevisionNumber", "");
	assert_refused("items", "ids=[a", 400, "ids", "ids=[a,b]");
	assert_refused("items", "ids=[a]&IDs=[b]", 400, "ids", "once");
	assert_refused("items", "ids=%", 400, "ids", "");
	assert_refused("countries", "ids=[a]", 400, "ids", "not filtered");
	buf_adds(&many, "ids=[0");
	for (int i = 1; i < 2001; i++)
		buf_addf(&many, ",%d", i);
	buf_adds(&many, "]");
	assert_refused("items", buf_text(&many), 400, "ids", "400");
	buf_fini(&many);
}

static void
test_api_galaxy__names_the_lists_there_are(void **state)
{
	(void)state;
	assert_refused("unicorns", "", 404, "entity", "itembalances");
	assert_refused("unicorns", "", 404, "entity", "vatsmaster");
}

static void
test_api_galaxy__reads_through_its_own_scenario_only(void **state)
{
	(void)state;
	fill_items();
	(void)ask("items", "WebScenID=b0", 503);
	note("scenario.id", "b0-x");
	assert_rows("WebScenID=B0-X", "123");
	assert_rows("WebScenID=", "123");
	assert_refused("items", "WebScenID=b1", 400, "WebScenID", "another");
	/* and never shows one's rows for another's */
	note("sync.scenario", "b0-x");
	assert_rows("", "123");
	note("scenario.id", "b1");
	(void)ask("items", "WebScenID=b1", 503);
	(void)ask("items", "", 503);
}

static void
test_api_galaxy__asks_which_of_several_accounts(void **state)
{
	static const char two[] = "{ \"name\": \"erp\", \"type\": \"galaxy\","
				  "  \"url\": \"http://127.0.0.1:3000\", "
				  "\"token\": \"a-token\" },"
				  "{ \"name\": \"erp2\", \"type\": \"galaxy\","
				  "  \"url\": \"http://127.0.0.1:3001\", "
				  "\"token\": \"a-token\" }";
	struct conf *conf = api_world_conf(world, two);

	(void)state;
	fill_items();
	assert_refused("items", "account=agora", 400, "account", "erp");
	world->env.conf = conf;
	assert_refused("items", "", 400, "account", "erp, erp2");
	assert_rows("account=erp", "123");
	(void)ask("items", "account=erp2", 503);
	conf_free(conf);
}

static void
test_api_galaxy__without_such_an_account_there_is_nothing(void **state)
{
	static const char none[] =
		"{ \"name\": \"agora\", \"type\": \"square\","
		"  \"url\": \"https://127.0.0.1:4000\","
		"  \"token\": \"a-token\" }";
	struct conf *conf = api_world_conf(world, none);

	(void)state;
	world->env.conf = conf;
	(void)ask("items", "", 404);
	conf_free(conf);
}

enum { GONE = 5, WRITES = 10 };

static int
write_some(void *to, const void *p, size_t n)
{
	int *n_writes = to;

	(void)p;
	(void)n;
	return ++*n_writes >= WRITES ? GONE : 0;
}

static void
test_api_galaxy__stops_when_the_client_is_gone(void **state)
{
	const struct http_call call = { .method = "GET",
		                        .query = "",
		                        .body = "" };
	const char *const params[] = { "items", NULL };
	int n_writes = 0;
	char key[16];

	(void)state;
	begin_list("items");
	for (int i = 0; i < 100; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		put(key, key, 1, "{}");
	}
	end_list("items.read");
	assert_int_equal(api_serve_galaxy(&world->env, &call, params, &reply),
	                 0);
	assert_int_equal(reply.produce(reply.ctx, write_some, &n_writes), GONE);
	assert_int_equal(n_writes, WRITES);
	reply.free_ctx(reply.ctx);
}

/* ---- pictures ---- */

static const char png[] = "\x89PNG\r\n\x1a\n\0\xff and more";

static void
put_picture(struct store *store, const char *id, const char *type)
{
	if (store_file_put(store, "erp", id, type, png, sizeof(png)))
		abort(); /* on any thread */
}

static int
ask_picture(const char *id)
{
	api_world_forget(&reply);
	assert_int_equal(api_world_ask(world, &reply, "GET",
	                               "/api/galaxy/images/{}", id, ""),
	                 0);
	return reply.status;
}

static int64_t
n_marks(void)
{
	int64_t n = 0;

	assert_int_equal(store_marks_count(world->store, &n, "erp"), 0);
	return n;
}

static void
test_api_galaxy__gives_a_cached_picture_and_asks_nobody(void **state)
{
	(void)state;
	put_picture(world->store, "p-1", "image/png");
	assert_int_equal(ask_picture("P-1"), 200);
	assert_string_equal(reply.content_type, "image/png");
	assert_int_equal(reply.body.n, sizeof(png));
	assert_memory_equal(reply.body.p, png, sizeof(png));
	assert_non_null(strstr(buf_text(&reply.extra), "ETag: \""));
	assert_non_null(strstr(buf_text(&reply.extra),
	                       "Cache-Control: private, max-age=86400\r\n"));
	assert_non_null(strstr(buf_text(&reply.extra),
	                       "Content-Security-Policy: sandbox"));
	assert_int_equal(n_marks(), 0);
}

static void
test_api_galaxy__sends_a_known_picture_only_once(void **state)
{
	char tag[80] = "W/\"other\", ";
	struct http_header header = { "if-none-match", tag };
	const char *etag;

	(void)state;
	put_picture(world->store, "p-1", "image/png");
	assert_int_equal(ask_picture("p-1"), 200);
	etag = strstr(buf_text(&reply.extra), "ETag: ") + 6;
	(void)strncat(tag, etag, strcspn(etag, "\r"));
	world->headers = &header;
	world->n_headers = 1;
	assert_int_equal(ask_picture("p-1"), 304);
	assert_int_equal(reply.body.n, 0);
	assert_non_null(strstr(buf_text(&reply.extra), "ETag: \""));
	header.value = "\"another\"";
	assert_int_equal(ask_picture("p-1"), 200);
}

static void
test_api_galaxy__what_is_no_picture_is_only_bytes(void **state)
{
	(void)state;
	put_picture(world->store, "p-1", "text/html");
	assert_int_equal(ask_picture("p-1"), 200);
	assert_string_equal(reply.content_type, "application/octet-stream");
}

/* The worker's part, with a store of its own. */
static void *
read_marked_picture(void *arg)
{
	struct api_world *w = arg;
	struct store *store = NULL;
	struct mark_batch batch = { 0 };
	bool is_done = false;

	if (store_new(&store, &w->options))
		abort();
	while (!is_done) {
		clock_sleep_ms(5);
		if (store_marks_take(store, &batch, "erp", 10))
			abort();
		for (size_t i = 0; i < batch.n; i++)
			if (!strcmp(batch.marks[i].member, "f:p-1")) {
				put_picture(store, "p-1", "image/gif");
				is_done = true;
			}
		mark_batch_fini(&batch);
	}
	store_free(store);
	return NULL;
}

static void
test_api_galaxy__has_a_missing_picture_read_and_waits_for_it(void **state)
{
	pthread_t worker;

	(void)state;
	assert_int_equal(
		pthread_create(&worker, NULL, read_marked_picture, world), 0);
	assert_int_equal(ask_picture("p-1"), 200);
	assert_int_equal(pthread_join(worker, NULL), 0);
	assert_string_equal(reply.content_type, "image/gif");
	assert_int_equal(reply.body.n, sizeof(png));
	assert_int_equal(n_marks(), 1);
}

static void
test_api_galaxy__says_when_there_is_no_such_picture(void **state)
{
	(void)state;
	assert_int_equal(
		store_file_put(world->store, "erp", "p-1", "", NULL, 0), 0);
	assert_int_equal(ask_picture("p-1"), 404);
	assert_int_equal(n_marks(), 0);
}

static void
test_api_galaxy__refuses_what_is_no_id(void **state)
{
	char longest[82];

	(void)state;
	assert_int_equal(ask_picture("../x"), 400);
	assert_int_equal(ask_picture("a b"), 400);
	assert_int_equal(ask_picture("a\nb"), 400);
	assert_int_equal(ask_picture("\xce\xb1"), 400);
	memset(longest, 'a', sizeof(longest));
	longest[81] = '\0';
	assert_int_equal(ask_picture(longest), 400);
	assert_int_equal(n_marks(), 0);
	longest[80] = '\0';
	put_picture(world->store, longest, "image/png");
	assert_int_equal(ask_picture(longest), 200);
}

/* A second for every look at it. */
static int64_t
hurrying(void)
{
	static atomic_llong now;

	return atomic_fetch_add(&now, 1000);
}

static void
test_api_galaxy__gives_up_waiting_and_says_why(void **state)
{
	struct health_fact facts[] = { { "state", "locked" }, { "why", NULL } };
	struct buf why = BUF_INIT;

	(void)state;
	buf_addf(&why, "Galaxy refused %s", api_world_secret);
	facts[1].value = buf_text(&why);
	assert_int_equal(store_health_set(world->store, "erp", facts, 2), 0);
	clock_replace(NULL, hurrying);
	assert_int_equal(ask_picture("p-1"), 504);
	assert_true(reply.retry_after_s > 0);
	assert_non_null(strstr(buf_text(&reply.body), "locked"));
	assert_non_null(strstr(buf_text(&reply.body), "Galaxy refused"));
	assert_null(strstr(buf_text(&reply.body), api_world_secret));
	assert_int_equal(n_marks(), 1);
	buf_fini(&why);
}

/* Who waits would hold up the end, and nobody fetches it any more. */
static void
test_api_galaxy__waits_for_no_picture_while_we_stop(void **state)
{
	int64_t began = clock_mono_ms();

	(void)state;
	pulse_set_draining(1);
	assert_int_equal(ask_picture("p-1"), 504);
	pulse_set_draining(0);
	assert_in_range(clock_mono_ms() - began, 0, 5000);
}

enum { N_WAITERS = 8 };

static atomic_int n_answered;

/* Wait for a picture, as a thread of the listener. */
static void *
wait_for_picture(void *arg)
{
	const struct http_call call = { .method = "GET",
		                        .query = "",
		                        .body = "" };
	const char *const params[] = { "p-1", NULL };
	struct api_env env = world->env;
	struct http_reply own = { .status = 200 };
	struct store *store = NULL;

	if (store_new(&store, &world->options))
		abort();
	env.store = store;
	if (api_serve_picture(&env, &call, params, &own))
		abort();
	*(int *)arg = own.status;
	n_answered++;
	api_world_forget(&own);
	store_free(store);
	return NULL;
}

static void
test_api_galaxy__lets_only_a_few_wait_for_pictures(void **state)
{
	pthread_t threads[N_WAITERS + 1];
	int statuses[N_WAITERS + 1];
	int n_busy = 0;

	(void)state;
	n_answered = 0;
	for (int i = 0; i < N_WAITERS + 1; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		                                wait_for_picture, &statuses[i]),
		                 0);
	while (n_answered == 0) /* the one that is too many */
		clock_sleep_ms(5);
	put_picture(world->store, "p-1", "image/png");
	for (int i = 0; i < N_WAITERS + 1; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		n_busy += statuses[i] == 503;
		assert_true(statuses[i] == 503 || statuses[i] == 200);
	}
	assert_int_equal(n_busy, 1);
	assert_int_equal(ask_picture("p-1"), 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(test_api_galaxy__gives_rows_word_for_word),
		TEST(test_api_galaxy__gives_all_of_a_long_list_once),
		TEST(test_api_galaxy__knows_an_empty_list_from_one_never_read),
		TEST(test_api_galaxy__a_list_half_read_is_not_given),
		TEST(test_api_galaxy__gives_greater_revisions),
		TEST(test_api_galaxy__gives_no_revision_before_all_lesser_ones),
		TEST(test_api_galaxy__gives_all_where_rows_have_no_numbers),
		TEST(test_api_galaxy__takes_names_of_parameters_and_lists_in_any_case),
		TEST(test_api_galaxy__filters_by_ids_and_names),
		TEST(test_api_galaxy__an_empty_filter_is_none),
		TEST(test_api_galaxy__gives_all_balances_whatever_the_time),
		TEST(test_api_galaxy__names_what_is_wrong_with_a_call),
		TEST(test_api_galaxy__names_the_lists_there_are),
		TEST(test_api_galaxy__reads_through_its_own_scenario_only),
		TEST(test_api_galaxy__asks_which_of_several_accounts),
		TEST(test_api_galaxy__without_such_an_account_there_is_nothing),
		TEST(test_api_galaxy__stops_when_the_client_is_gone),
		TEST(test_api_galaxy__gives_a_cached_picture_and_asks_nobody),
		TEST(test_api_galaxy__sends_a_known_picture_only_once),
		TEST(test_api_galaxy__what_is_no_picture_is_only_bytes),
		TEST(test_api_galaxy__has_a_missing_picture_read_and_waits_for_it),
		TEST(test_api_galaxy__says_when_there_is_no_such_picture),
		TEST(test_api_galaxy__refuses_what_is_no_id),
		TEST(test_api_galaxy__gives_up_waiting_and_says_why),
		TEST(test_api_galaxy__waits_for_no_picture_while_we_stop),
		TEST(test_api_galaxy__lets_only_a_few_wait_for_pictures),
	};

	return cmocka_run_group_tests(tests, api_world_setup,
	                              api_world_teardown);
}
