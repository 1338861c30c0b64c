/*
 * The simulated Tipsi keeps the vendor's rules, so that a scenario that passes
 * against it means something.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "tests/sim/tipsi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a store of three items ---- */

struct world {
	struct sim sim;
	struct galaxy galaxy;
	struct tipsi tipsi;
	char cookies[200];
	int status;
	char body[4000];
};

#define STORE "/api/rest/v001/store/17/"

static void
ask_with(struct world *w, const char *cookies, const char *method,
         const char *path, const char *query, const char *body)
{
	const struct http_header headers[] = {
		{ "Cookie", cookies },
		{ "Host", "wine.test" },
		{ "Content-Type", "application/json" },
	};
	const struct http_call call = { .method = method,
		                        .path = path,
		                        .query = query,
		                        .headers = headers,
		                        .n_headers = 3,
		                        .body = body,
		                        .n_body = strlen(body) };
	struct server_reply reply = { 0 };
	const char *p;

	tipsi_serve(&w->tipsi, &call, &reply);
	w->status = reply.status;
	snprintf(w->body, sizeof(w->body), "%s", buf_text(&reply.body));
	if (strcmp(path, "/api/rest/v001/login") == 0) {
		w->cookies[0] = '\0';
		for (p = buf_text(&reply.headers);
		     (p = strstr(p, "Set-Cookie: ")) != NULL; p += 12)
			snprintf(w->cookies + strlen(w->cookies), 90, "%s%.*s",
			         w->cookies[0] ? "; " : "",
			         (int)strcspn(p + 12, ";"), p + 12);
	}
	buf_fini(&reply.body);
	buf_fini(&reply.headers);
}

static void
ask(struct world *w, const char *method, const char *path, const char *body)
{
	ask_with(w, w->cookies, method, path, "", body);
}

#define assert_answer(w, wanted, text) \
	do { \
		assert_int_equal((w)->status, wanted); \
		assert_string_equal((w)->body, text); \
	} while (0)

static int
world_open(void **state)
{
	const struct tipsi_options options = { "sync", "pw", "17", "cellar" };
	struct world *w = sim_alloc(sizeof(*w));

	sim_init(&w->sim, 1);
	w->sim.galaxy = &w->galaxy;
	tipsi_init(&w->tipsi, &w->sim, &options);
	ask(w, "POST", "/api/rest/v001/login",
	    "{\"username\":\"sync\",\"password\":\"pw\"}");
	assert_answer(w, 200, "{}");
	ask(w, "PATCH", STORE "ext/sync",
	    "[{\"external_id\":\"1\",\"in_stock\":5,\"barcodes\":[\"b1\"]},"
	    "{\"external_id\":2,\"in_stock\":\"6\",\"price\":9.9},"
	    "{\"external_id\":\"x\"}]");
	assert_answer(w, 200, "{\"created_items\":3,\"updated_items\":0}");
	*state = w;
	return 0;
}

static int
world_close(void **state)
{
	struct world *w = *state;

	tipsi_fini(&w->tipsi);
	sim_fini(&w->sim);
	free(w);
	return 0;
}

/* ---- tests ---- */

static void
test_sim_tipsi__wants_every_cookie_of_the_log_in(void **state)
{
	struct world *w = *state;
	char session[200];

	ask_with(w, "", "GET", STORE "wine", "", "");
	assert_int_equal(w->status, 401);
	snprintf(session, sizeof(session), "%s", strchr(w->cookies, ' ') + 1);
	ask_with(w, session, "GET", STORE "wine", "", "");
	assert_int_equal(w->status, 401);
	ask(w, "GET", STORE "wine", "");
	assert_int_equal(w->status, 200);
	w->tipsi.is.lost_status = 403;
	tipsi_expire_sessions(&w->tipsi);
	ask(w, "GET", STORE "wine", "");
	assert_int_equal(w->status, 403);
	ask(w, "POST", "/api/rest/v001/login",
	    "{\"username\":\"sync\",\"password\":\"no\"}");
	assert_int_equal(w->status, 401);
}

static void
test_sim_tipsi__shows_only_the_fields_asked_for(void **state)
{
	struct world *w = *state;

	ask(w, "GET", STORE "ext/1", "");
	assert_answer(w, 200, "{\"id\":49001}");
	ask_with(w, w->cookies, "GET", STORE "ext/1",
	         "inventory_fields=in_stock,external_id", "");
	assert_answer(w, 200,
	              "{\"id\":49001,\"external_id\":\"1\",\"in_stock\":5}");
	ask_with(w, w->cookies, "GET", STORE "ext/x",
	         "inventory_fields=in_stock", "");
	assert_answer(w, 200, "{\"id\":49003,\"in_stock\":null}");
	ask(w, "GET", STORE "ext/none", "");
	assert_int_equal(w->status, 404);
}

static void
test_sim_tipsi__leaves_members_alone_that_a_batch_leaves_out(void **state)
{
	struct world *w = *state;

	ask(w, "PATCH", STORE "ext/sync",
	    "[{\"external_id\":\"2\",\"in_stock\":7}]");
	assert_answer(w, 200, "{\"created_items\":0,\"updated_items\":1}");
	ask_with(w, w->cookies, "GET", STORE "ext/2",
	         "inventory_fields=in_stock,price", "");
	assert_answer(w, 200, "{\"id\":49002,\"in_stock\":7,\"price\":9.9}");
}

static void
test_sim_tipsi__takes_a_batch_whole_or_not_at_all(void **state)
{
	static const char *const bad[] = {
		"{\"external_id\":\"2\",\"id\":49002}",
		"{\"external_id\":\"2\",\"barcodes\":[\"b1\"]}",
		"{\"external_id\":\"2\",\"in_stock\":1.5}",
		"{\"external_id\":\"2\",\"color\":1}",
		"{\"in_stock\":1}",
		"7",
	};
	struct world *w = *state;
	char body[200];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(body, sizeof(body),
		         "[{\"external_id\":\"1\",\"in_stock\":9},%s]", bad[i]);
		ask(w, "PATCH", STORE "ext/sync", body);
		assert_int_equal(w->status, 400);
		assert_int_equal(tipsi_find(&w->tipsi, "1")->in_stock, 5);
	}
	/* its own barcode again is nothing new */
	ask(w, "PATCH", STORE "ext/sync",
	    "[{\"external_id\":\"1\",\"barcodes\":[\"b1\"]}]");
	assert_int_equal(w->status, 200);
}

static void
test_sim_tipsi__sync_clear_zeroes_what_the_batch_lacks(void **state)
{
	struct world *w = *state;

	ask(w, "PATCH", STORE "ext/sync_clear",
	    "[{\"external_id\":\"1\",\"in_stock\":4}]");
	assert_answer(w, 200,
	              "{\"created_items\":0,\"updated_items\":1,"
	              "\"cleared_items\":1}");
	assert_int_equal(tipsi_find(&w->tipsi, "2")->in_stock, 0);
	ask(w, "PATCH", STORE "ext/sync_clear", "[]");
	assert_int_equal(tipsi_find(&w->tipsi, "1")->in_stock, 0);
	assert_int_equal(w->tipsi.n_items, 3);
}

static void
test_sim_tipsi__lists_in_pages_with_absolute_links(void **state)
{
	struct world *w = *state;

	ask(w, "GET", STORE "wine", ""); /* nobody has matched anything */
	assert_answer(w, 200,
	              "{\"count\":0,\"next\":null,\"previous\":null,"
	              "\"results\":[]}");
	ask(w, "POST", STORE "wine",
	    "{\"external_id\":\"7\",\"barcodes\":[],\"wine_id\":1}");
	assert_int_equal(w->status, 201);
	ask(w, "POST", STORE "wine",
	    "{\"external_id\":\"8\",\"barcodes\":[],\"wine_id\":1}");
	ask_with(w, w->cookies, "GET", STORE "wine",
	         "page_size=1&inventory_fields=external_id", "");
	assert_answer(w, 200,
	              "{\"count\":2,\"next\":\"http://wine.test" STORE
	              "wine?page=2&page_size=1&inventory_fields=external_id\","
	              "\"previous\":null,\"results\":[{\"id\":49004,"
	              "\"external_id\":\"7\"}]}");
	ask_with(w, w->cookies, "GET", STORE "wine", "page=2&page_size=1", "");
	assert_non_null(strstr(w->body, "\"next\":null"));
	assert_non_null(strstr(w->body, "\"results\":[{\"id\":49005}]"));
	ask_with(w, w->cookies, "GET", STORE "wine", "page=3&page_size=1", "");
	assert_int_equal(w->status, 404);
	ask(w, "DELETE", STORE "ext/8", "");
	assert_int_equal(w->status, 204);
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_open, world_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_sim_tipsi__wants_every_cookie_of_the_log_in),
		T(test_sim_tipsi__shows_only_the_fields_asked_for),
		T(test_sim_tipsi__leaves_members_alone_that_a_batch_leaves_out),
		T(test_sim_tipsi__takes_a_batch_whole_or_not_at_all),
		T(test_sim_tipsi__sync_clear_zeroes_what_the_batch_lacks),
		T(test_sim_tipsi__lists_in_pages_with_absolute_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
