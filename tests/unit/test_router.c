/*
 * The private listener's routes and who may use them, as function calls.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "gateway/base/err.h"
#include "gateway/drivers/http_server.h"
#include "gateway/engine/router.h"
#include "tests/support/stderr_capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	int ping; /* what the store says */
	bool has_no_store;
	int serve; /* what the route returns */
	bool streams;
	bool had_store;
	bool had_adapters;
	int n_freed;
	int n_served;
} world;

/* Stands for a store: nothing here looks inside. */
static char a_store;

static struct store *
give_store(void *ctx)
{
	(void)ctx;
	return world.has_no_store ? NULL : (struct store *)&a_store;
}

static int
ping(struct store *store, struct buf *why)
{
	assert_ptr_equal(store, &a_store);
	if (world.ping)
		buf_adds(why, "no route to Redis");
	return world.ping;
}

static const struct adapter_ops *const some_adapters[] = { NULL };

static int
produce(void *ctx, int (*write)(void *to, const void *p, size_t n), void *to)
{
	(void)ctx;
	return write(to, "stream", 6);
}

static void
free_ctx(void *ctx)
{
	assert_ptr_equal(ctx, &world);
	world.n_freed++;
}

/* Say back the parameters. */
static int
serve(const struct api_env *env, const struct http_call *call,
      const char *const *params, struct http_reply *reply)
{
	world.n_served++;
	world.had_store = env->store != NULL;
	world.had_adapters = env->adapters == some_adapters;
	if (world.streams) {
		reply->produce = produce;
		reply->ctx = &world;
		reply->free_ctx = free_ctx;
	}
	buf_addf(&reply->body, "%s|%s|%s", call->method,
	         params[0] ? params[0] : "-",
	         params[0] && params[1] ? params[1] : "-");
	reply->content_type = "text/plain";
	return world.serve;
}

static int
serve_exact(const struct api_env *env, const struct http_call *call,
            const char *const *params, struct http_reply *reply)
{
	(void)env;
	(void)call;
	(void)params;
	buf_adds(&reply->body, "exact");
	return 0;
}

static const struct api_route routes[] = {
	{ .method = "GET", .path = "/live", .is_open = true, .serve = serve },
	{ .method = "GET", .path = "/api/status", .serve = serve },
	{ .method = "GET",
	  .path = "/api/items",
	  .needs_store = true,
	  .serve = serve },
	{ .method = "POST",
	  .path = "/api/items",
	  .is_writing = true,
	  .needs_store = true,
	  .serve = serve },
	{ .method = "GET", .path = "/api/items/all", .serve = serve_exact },
	{ .method = "GET", .path = "/api/items/{}", .serve = serve },
	{ .method = "GET", .path = "/api/items/{}/timeline", .serve = serve },
	{ .method = "POST",
	  .path = "/api/dead/{}/{}",
	  .is_writing = true,
	  .serve = serve },
	{ .method = NULL },
};

static struct conf *open_conf;  /* without tokens */
static struct conf *token_conf; /* with two */
static struct router router;

static int
load(struct conf **out, const char *tokens)
{
	static const struct conf_type types[] = {
		{ .name = "till", .default_url = "https://till.example.com" },
	};
	char dir[] = "/tmp/test_router.XXXXXX";
	struct buf mistakes = BUF_INIT;
	char path[64];
	char pem[64];
	FILE *f;
	int r;

	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/g.json", dir);
	(void)snprintf(pem, sizeof(pem), "%s/c.pem", dir);
	f = fopen(pem, "w");
	if (!f || fclose(f) != 0)
		return -1;
	f = fopen(path, "w");
	if (!f ||
	    fprintf(f,
	            "{\"public\":{\"certificate\":\"c.pem\"},\"private\":"
	            "{\"listen\":[\"127.0.0.1:8080\",\"[::1]:8080\"]%s},"
	            "\"accounts\":[{\"name\":\"agora\",\"type\":\"till\"}]}",
	            tokens) < 0 ||
	    fclose(f) != 0)
		return -1;
	r = conf_load(out, path, types, 1, &mistakes);
	if (r)
		fprintf(stderr, "%s", buf_text(&mistakes));
	buf_fini(&mistakes);
	(void)unlink(path);
	(void)unlink(pem);
	(void)rmdir(dir);
	return r;
}

static int
set_up_all(void **state)
{
	(void)state;
	return load(&open_conf, "") ||
	       load(&token_conf,
	            ",\"tokens\":[{\"name\":\"shop\",\"secret\":\"let-me-"
	            "write\","
	            "\"may\":[\"write\"]},{\"name\":\"screen\",\"secret\":"
	            "\"let-me-read\",\"may\":[\"read\"]}]");
}

static int
tear_down_all(void **state)
{
	(void)state;
	conf_free(open_conf);
	conf_free(token_conf);
	return 0;
}

static void
use(const struct conf *conf)
{
	const struct router_options options = {
		.conf = conf,
		.routes = routes,
		.adapters = some_adapters,
		.version = "1",
		.store = give_store,
		.ping = ping,
	};

	router_init(&router, &options);
}

static int
set_up(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	use(open_conf);
	return 0;
}

/* A call as the tests vary it. NULL headers are left out. */
struct ask {
	const char *method; /* NULL: GET */
	const char *path;   /* NULL: /api/status */
	const char *host;   /* NULL: 127.0.0.1:8080 */
	const char *origin;
	const char *authorization;
	const char *type;
	const char *length;
	bool is_stranger;
};

/* Admission, then service; the reply's status. */
static int
answer(struct http_reply *reply, const struct ask *ask)
{
	struct http_header headers[8];
	struct http_call call = {
		.method = ask->method ? ask->method : "GET",
		.path = ask->path ? ask->path : "/api/status",
		.query = "",
		.headers = headers,
		.body = "",
		.peer = ask->is_stranger ? "192.0.2.1" : "127.0.0.1",
		.is_loopback = !ask->is_stranger,
	};
	const struct http_header all[] = {
		{ "Host", ask->host ? ask->host : "127.0.0.1:8080" },
		{ "Origin", ask->origin },
		{ "Authorization", ask->authorization },
		{ "Content-Type", ask->type },
		{ "Content-Length", ask->length },
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].value)
			headers[call.n_headers++] = all[i];
	memset(reply, 0, sizeof(*reply));
	if (router_admit(&router, &call, reply) == 0)
		router_serve(&router, &call, reply);
	return reply->status;
}

static void
forget(struct http_reply *reply)
{
	buf_fini(&reply->body);
	buf_fini(&reply->extra);
}

static int
status_of(const struct ask *ask)
{
	struct http_reply reply;
	int status = answer(&reply, ask);

	forget(&reply);
	return status;
}

static void
assert_answer(const struct ask *ask, int status, const char *part)
{
	struct http_reply reply;

	if (answer(&reply, ask) != status ||
	    !strstr(buf_text(&reply.body), part))
		fail_msg("%s: %d %s", ask->path, reply.status,
		         buf_text(&reply.body));
	forget(&reply);
}

static void
test_router__finds_the_route_and_its_parameters(void **state)
{
	static const struct {
		const char *path;
		const char *body;
	} rows[] = {
		{ "/api/status", "GET|-|-" },
		{ "/api/items/all", "exact" },
		{ "/api/items/A-1", "GET|A-1|-" },
		{ "/api/items/a%2Fb%20c+d/timeline", "GET|a/b c+d|-" },
		{ "/api/items/..", "GET|..|-" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_answer(&(struct ask){ .path = rows[i].path }, 200,
		              rows[i].body);
	assert_answer(
		&(struct ask){ .method = "POST", .path = "/api/dead/7/retry" },
		200, "POST|7|retry");
}

static void
test_router__knows_no_other_path(void **state)
{
	static const char *const paths[] = {
		"/",
		"/api",
		"/api/status/",
		"/API/status",
		"/api//status",
		"/api/statu",
		"/api/statuss",
		"/api/items/",
		"/api/items//timeline",
		"/api/./status",
		"/api/st%61tus",
		"",
		"*",
		"http://127.0.0.1:8080/api/status",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_answer(&(struct ask){ .path = paths[i] }, 404,
		              "{\"error\":{\"code\":\"not_found\"");
	assert_int_equal(world.n_served, 0);
}

static void
test_router__refuses_parameters_that_cannot_be_decoded(void **state)
{
	static const char *const paths[] = {
		"/api/items/%",
		"/api/items/%4",
		"/api/items/%zz",
		"/api/items/a%00b",
	};
	char path[400] = "/api/items/";
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_answer(&(struct ask){ .path = paths[i] }, 400,
		              "\"malformed\"");
	memset(path + strlen(path), 'a', 300);
	assert_answer(&(struct ask){ .path = path }, 400, "\"malformed\"");
	assert_int_equal(world.n_served, 0);
}

static void
test_router__names_the_methods_a_path_takes(void **state)
{
	struct http_reply reply;

	(void)state;
	assert_int_equal(answer(&reply, &(struct ask){ .method = "DELETE",
	                                               .path = "/api/items" }),
	                 405);
	assert_string_equal(reply.allow, "GET, POST");
	assert_non_null(strstr(buf_text(&reply.body), "method_not_allowed"));
	forget(&reply);
	assert_int_equal(answer(&reply, &(struct ask){ .method = "POST",
	                                               .path = "/live" }),
	                 405);
	assert_string_equal(reply.allow, "GET");
	forget(&reply);
	assert_int_equal(
		answer(&reply, &(struct ask){ .path = "/api/dead/7/drop" }),
		405);
	assert_string_equal(reply.allow, "POST");
	forget(&reply);
}

static void
test_router__asks_for_a_token_when_there_are_any(void **state)
{
	static const char *const wrong[] = {
		NULL,
		"",
		"Bearer",
		"Bearer ",
		"Bearer let-me-writ",
		"Bearer let-me-writee",
		"Bearer LET-ME-WRITE",
		"Basic let-me-write",
		"let-me-write",
	};
	struct http_reply reply;
	size_t i;

	(void)state;
	use(token_conf);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(
			answer(&reply,
		               &(struct ask){ .authorization = wrong[i] }),
			401);
		assert_string_equal(buf_text(&reply.extra),
		                    "WWW-Authenticate: Bearer\r\n");
		assert_non_null(strstr(buf_text(&reply.body), "unauthorized"));
		forget(&reply);
	}
	assert_int_equal(world.n_served, 0);
}

static void
test_router__gives_each_token_its_rights(void **state)
{
	static const char post[] = "POST";
	static const char items[] = "/api/items";

	(void)state;
	use(token_conf);
	assert_int_equal(status_of(&(struct ask){
				 .authorization = "Bearer let-me-read" }),
	                 200);
	assert_int_equal(status_of(&(struct ask){
				 .authorization = "bearer let-me-write" }),
	                 200);
	assert_int_equal(status_of(&(struct ask){
				 .method = post,
				 .path = items,
				 .authorization = "Bearer let-me-write" }),
	                 200);
	assert_answer(&(struct ask){ .method = post,
	                             .path = items,
	                             .authorization = "Bearer let-me-read" },
	              403, "forbidden");
}

static void
test_router__lets_token_holders_come_from_anywhere(void **state)
{
	(void)state;
	use(token_conf);
	assert_int_equal(
		status_of(&(struct ask){ .method = "POST",
	                                 .path = "/api/items",
	                                 .host = "gateway.example.com",
	                                 .origin = "https://shop.example.com",
	                                 .authorization = "Bearer let-me-write",
	                                 .is_stranger = true }),
		200);
}

static void
test_router__leaves_open_routes_open(void **state)
{
	(void)state;
	use(token_conf);
	assert_int_equal(status_of(&(struct ask){ .path = "/live",
	                                          .host = "whatever",
	                                          .is_stranger = true }),
	                 200);
}

static void
test_router__without_tokens_serves_this_machine_only(void **state)
{
	(void)state;
	assert_int_equal(status_of(&(struct ask){ .path = "/api/status" }),
	                 200);
	assert_answer(&(struct ask){ .is_stranger = true }, 403, "forbidden");
}

static void
test_router__without_tokens_wants_its_own_name_in_host(void **state)
{
	static const char *const good[] = {
		"localhost",   "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:8080",
		"127.1.2.3:1", "[::1]:8080",     "[::1]",
	};
	static const char *const bad[] = {
		"evil.example.com",
		"127.0.0.1.evil.example.com",
		"127.evil.com:8080",
		"localhost.evil.com",
		"10.0.0.1",
		"[::2]:8080",
		"localhost:80@evil",
		"",
		":8080",
		"[::1",
		"[::1]x",
		"0.0.0.0:8080",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (status_of(&(struct ask){ .host = good[i] }) != 200)
			fail_msg("%s", good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (status_of(&(struct ask){ .host = bad[i] }) != 403)
			fail_msg("%s", bad[i]);
}

static void
test_router__without_tokens_refuses_writing_for_other_sites(void **state)
{
	static const struct {
		const char *origin;
		int status;
	} rows[] = {
		{ NULL, 200 },
		{ "http://127.0.0.1:8080", 200 },
		{ "https://127.0.0.1:8080", 200 },
		{ "http://127.0.0.1:8081", 403 },
		{ "http://localhost:8080", 403 },
		{ "https://evil.example.com", 403 },
		{ "null", 403 },
		{ "", 403 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (status_of(&(struct ask){ .method = "POST",
		                             .path = "/api/items",
		                             .origin = rows[i].origin }) !=
		    rows[i].status)
			fail_msg("%s", rows[i].origin);
}

static void
test_router__takes_json_bodies_only(void **state)
{
	static const struct {
		const char *type;
		const char *length;
		int status;
	} rows[] = {
		{ "application/json", "5", 200 },
		{ "Application/JSON; charset=utf-8", "5", 200 },
		{ NULL, "0", 200 },
		{ NULL, NULL, 200 },
		{ NULL, "5", 415 },
		{ "text/plain", "5", 415 },
		{ "application/jsonp", "5", 415 },
		{ "application/x-www-form-urlencoded", "5", 415 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (status_of(&(struct ask){ .method = "POST",
		                             .path = "/api/items",
		                             .type = rows[i].type,
		                             .length = rows[i].length }) !=
		    rows[i].status)
			fail_msg("row %zu", i);
}

static void
test_router__says_503_while_redis_is_away(void **state)
{
	struct http_reply reply;

	(void)state;
	world.ping = ERR_STORE;
	assert_int_equal(answer(&reply, &(struct ask){ .path = "/api/items" }),
	                 503);
	assert_non_null(strstr(buf_text(&reply.body), "no route to Redis"));
	assert_true(reply.retry_after_s > 0);
	assert_int_equal(world.n_served, 0);
	forget(&reply);
	world.ping = 0;
	world.has_no_store = true;
	assert_answer(&(struct ask){ .path = "/api/items" }, 503,
	              "store_unavailable");
	assert_answer(&(struct ask){ .path = "/api/status" }, 200, "GET");
	assert_false(world.had_store);
	world.has_no_store = false;
	assert_answer(&(struct ask){ .path = "/api/items" }, 200, "GET");
	assert_true(world.had_store);
}

static void
test_router__turns_faults_into_answers(void **state)
{
	(void)state;
	world.serve = ERR_STORE;
	assert_answer(&(struct ask){ .path = "/api/status" }, 503,
	              "{\"error\":{\"code\":\"store_unavailable\"");
	world.serve = ERR_NOMEM;
	assert_answer(&(struct ask){ .path = "/api/status" }, 500,
	              "{\"error\":{\"code\":\"internal\"");
	world.serve = 7;
	stderr_capture_begin();
	assert_answer(&(struct ask){ .path = "/api/status" }, 500,
	              "{\"error\":{\"code\":\"internal\"");
	assert_non_null(strstr(stderr_capture_end(), "condition 7"));
}

static void
test_router__hands_a_stream_on(void **state)
{
	struct http_reply reply;

	(void)state;
	world.streams = true;
	assert_int_equal(answer(&reply, &(struct ask){ 0 }), 200);
	assert_ptr_equal(reply.produce, produce);
	assert_ptr_equal(reply.ctx, &world);
	assert_int_equal(world.n_freed, 0); /* the server does that */
	assert_true(world.had_adapters);
	forget(&reply);
}

static void
test_router__a_fault_takes_the_place_of_a_stream(void **state)
{
	struct http_reply reply;

	(void)state;
	world.streams = true;
	world.serve = ERR_STORE;
	assert_int_equal(answer(&reply, &(struct ask){ 0 }), 503);
	assert_null(reply.produce);
	assert_null(reply.free_ctx);
	assert_int_equal(world.n_freed, 1);
	forget(&reply);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
		TEST(test_router__finds_the_route_and_its_parameters),
		TEST(test_router__knows_no_other_path),
		TEST(test_router__refuses_parameters_that_cannot_be_decoded),
		TEST(test_router__names_the_methods_a_path_takes),
		TEST(test_router__asks_for_a_token_when_there_are_any),
		TEST(test_router__gives_each_token_its_rights),
		TEST(test_router__lets_token_holders_come_from_anywhere),
		TEST(test_router__leaves_open_routes_open),
		TEST(test_router__without_tokens_serves_this_machine_only),
		TEST(test_router__without_tokens_wants_its_own_name_in_host),
		TEST(test_router__without_tokens_refuses_writing_for_other_sites),
		TEST(test_router__takes_json_bodies_only),
		TEST(test_router__says_503_while_redis_is_away),
		TEST(test_router__turns_faults_into_answers),
		TEST(test_router__hands_a_stream_on),
		TEST(test_router__a_fault_takes_the_place_of_a_stream),
	};

	return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
