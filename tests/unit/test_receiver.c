/*
 * The door, as function calls with a handler and a store of our own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/http_server.h"
#include "gateway/engine/receiver.h"
#include "gateway/model/metrics.h"
#include "tests/support/fake_clock.h"
#include "tests/support/stderr_capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BODY_MAX = 1024, WALL_MS = 1700000000 };

/* What the handler and the store are told to say, and what they saw. */
static struct {
	int verify;
	int identify;
	int push;
	char order[64]; /* who was called, one letter each */
	char public_url[64];
	struct event pushed; /* owned */
	int64_t dedupe_ms;
} world;

static void
note(const char *who)
{
	(void)strncat(world.order, who,
	              sizeof(world.order) - strlen(world.order) - 1);
}

static int
verify(const struct handler_env *env, const struct http_call *call)
{
	(void)call;
	note("v");
	(void)snprintf(world.public_url, sizeof(world.public_url), "%s",
	               env->public_url ? env->public_url : "none");
	return world.verify;
}

static int
identify(const struct handler_env *env, const struct http_call *call,
         struct event *event)
{
	(void)env;
	(void)call;
	note("i");
	event->topic = text_dup("count \"updated\"");
	event->id = text_dup("e-1");
	return world.identify;
}

static int
push(void *ctx, char id_out[QUEUE_ID_SIZE], const struct event *event,
     int64_t dedupe_ms)
{
	(void)ctx;
	note("p");
	event_fini(&world.pushed);
	world.pushed.account = text_dup(event->account);
	world.pushed.topic = text_dup(event->topic);
	world.pushed.id = text_dup(event->id);
	world.pushed.query = text_dup(event->query);
	world.pushed.body = malloc(event->n_body + 1);
	memcpy(world.pushed.body, event->body, event->n_body + 1);
	world.pushed.n_body = event->n_body;
	world.pushed.received_ms = event->received_ms;
	world.dedupe_ms = dedupe_ms;
	(void)snprintf(id_out, QUEUE_ID_SIZE, "17-0");
	return world.push;
}

static const struct handler_ops till_hooks = {
	.name = "till",
	.methods = "POST",
	.dedupe_ms = 5000,
	.verify = verify,
	.identify = identify,
};

static const struct handler_ops erp_hooks = {
	.name = "erp",
	.methods = "GET, POST",
	.verify = verify,
	.identify = identify,
};

static const struct handler_ops *const handlers[] = {
	&till_hooks,
	&erp_hooks,
	NULL,
};

static const struct conf_type types[] = {
	{ .name = "till", .default_url = "https://till.example.com" },
	{ .name = "erp", .default_url = "https://erp.example.com" },
	{ .name = "mute", .default_url = "https://mute.example.com" },
};

static struct conf *conf;
static struct receiver receiver;

static int
set_up_all(void **state)
{
	static const char text[] =
		"{\"public\":{\"certificate\":\"c.pem\",\"url\":"
		"\"https://h.example.com/\",\"body_max_bytes\":1024},"
		"\"accounts\":[{\"name\":\"agora\",\"type\":\"till\"},"
		"{\"name\":\"books\",\"type\":\"erp\"},"
		"{\"name\":\"shelf\",\"type\":\"mute\"}]}";
	char dir[] = "/tmp/test_receiver.XXXXXX";
	struct buf mistakes = BUF_INIT;
	char path[64];
	char pem[64];
	FILE *f;
	int r;

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/g.json", dir);
	(void)snprintf(pem, sizeof(pem), "%s/c.pem", dir);
	f = fopen(pem, "w");
	if (!f || fclose(f) != 0)
		return -1;
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		return -1;
	r = conf_load(&conf, path, types, 3, &mistakes);
	if (r)
		fprintf(stderr, "%s", buf_text(&mistakes));
	buf_fini(&mistakes);
	(void)unlink(path);
	(void)unlink(pem);
	(void)rmdir(dir);
	return r;
}

static int
tear_down_all(void **state)
{
	(void)state;
	conf_free(conf);
	return 0;
}

static int
set_up(void **state)
{
	const struct receiver_options options = {
		.conf = conf,
		.handlers = handlers,
		.push = push,
	};

	(void)state;
	memset(&world, 0, sizeof(world));
	fake_clock_start(WALL_MS, 1000000);
	pulse_set_draining(0);
	return receiver_init(&receiver, &options);
}

static int
tear_down(void **state)
{
	(void)state;
	event_fini(&world.pushed);
	receiver_fini(&receiver);
	fake_clock_stop();
	pulse_set_draining(0);
	return 0;
}

/* What the door says before the body; 0: come in. */
static int
ask(const char *method, const char *path, const char *length,
    struct http_reply *reply)
{
	const struct http_header headers[] = { { "Content-Length", length } };
	const struct http_call call = {
		.method = method,
		.path = path,
		.query = "",
		.headers = headers,
		.n_headers = length ? 1 : 0,
		.body = "",
		.peer = "192.0.2.7",
	};

	memset(reply, 0, sizeof(*reply));
	return receiver_admit(&receiver, &call, reply);
}

/* A whole call that was let in. */
static struct http_reply
post(const char *path, const char *body, size_t n_body)
{
	const struct http_call call = {
		.method = "POST",
		.path = path,
		.query = "",
		.body = body,
		.n_body = n_body,
		.peer = "192.0.2.7",
	};
	struct http_reply reply = { 0 };

	receiver_serve(&receiver, &call, &reply);
	return reply;
}

static void
test_receiver__lets_in_what_an_account_can_take(void **state)
{
	struct http_reply reply;

	(void)state;
	assert_int_equal(ask("POST", "/hooks/agora", "1024", &reply), 0);
	assert_int_equal(ask("POST", "/hooks/agora", NULL, &reply), 0);
	assert_int_equal(ask("GET", "/hooks/books", NULL, &reply), 0);
	assert_int_equal(ask("GET", "/live", NULL, &reply), 0);
}

static void
test_receiver__knows_no_other_path(void **state)
{
	static const char *const paths[] = {
		"/",
		"/hooks",
		"/hooks/",
		"/hooks/nobody",
		"/hooks/Agora",
		"/HOOKS/agora",
		"/hooks/agora/",
		"/hooks//agora",
		"/hooks/./agora",
		"/hooks/%61gora",
		"/hooks/shelf",
		"/live/",
		"/status",
		"https://h.example.com/hooks/agora",
		"",
	};
	struct http_reply reply;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (ask("POST", paths[i], NULL, &reply) !=
		            HTTP_SERVER_REFUSED ||
		    reply.status != 404)
			fail_msg("%s: %d", paths[i], reply.status);
		assert_int_equal(reply.body.n, 0);
		reply = post(paths[i], "{}", 2);
		assert_int_equal(reply.status, 404);
	}
	assert_string_equal(world.order, "");
}

static void
test_receiver__names_the_methods_it_takes(void **state)
{
	struct http_reply reply;

	(void)state;
	assert_int_equal(ask("GET", "/hooks/agora", NULL, &reply),
	                 HTTP_SERVER_REFUSED);
	assert_int_equal(reply.status, 405);
	assert_string_equal(reply.allow, "POST");
	assert_int_equal(ask("PUT", "/hooks/books", NULL, &reply),
	                 HTTP_SERVER_REFUSED);
	assert_string_equal(reply.allow, "GET, POST");
	assert_int_equal(ask("POS", "/hooks/books", NULL, &reply),
	                 HTTP_SERVER_REFUSED);
	assert_int_equal(ask("POST", "/live", NULL, &reply),
	                 HTTP_SERVER_REFUSED);
	assert_int_equal(reply.status, 405);
	assert_string_equal(reply.allow, "GET");
}

static void
test_receiver__refuses_a_long_body_before_it_comes(void **state)
{
	struct http_reply reply;

	(void)state;
	assert_int_equal(ask("POST", "/hooks/agora", "1025", &reply),
	                 HTTP_SERVER_REFUSED);
	assert_int_equal(reply.status, 413);
}

static void
test_receiver__never_verifies_a_body_that_is_too_long(void **state)
{
	static char body[BODY_MAX + 2];

	(void)state;
	memset(body, 'a', BODY_MAX + 1);
	assert_int_equal(post("/hooks/agora", body, BODY_MAX + 1).status, 413);
	assert_string_equal(world.order, "");
}

static void
test_receiver__sends_new_hooks_away_while_draining(void **state)
{
	struct http_reply reply;
	int64_t before = metrics_get(METRIC_hooks_unavailable);

	(void)state;
	pulse_set_draining(1);
	assert_int_equal(ask("POST", "/hooks/agora", NULL, &reply),
	                 HTTP_SERVER_REFUSED);
	assert_int_equal(reply.status, 503);
	assert_true(reply.retry_after_s > 0);
	assert_int_equal(metrics_get(METRIC_hooks_unavailable), before + 1);
	assert_int_equal(ask("GET", "/live", NULL, &reply), 0);
}

static void
test_receiver__says_that_the_process_lives(void **state)
{
	(void)state;
	assert_int_equal(post("/live", "", 0).status, 200);
}

static void
test_receiver__queues_what_was_verified(void **state)
{
	int64_t before = metrics_get(METRIC_hooks_accepted);
	struct http_reply reply;
	const char *log;

	(void)state;
	stderr_capture_begin();
	reply = post("/hooks/agora", "a\0b", 3);
	log = stderr_capture_end();
	assert_int_equal(reply.status, 202);
	assert_string_equal(reply.content_type, "application/json");
	assert_string_equal(buf_text(&reply.body), "{\"event\":\"17-0\"}");
	assert_string_equal(world.order, "vip");
	assert_string_equal(world.public_url, "https://h.example.com");
	assert_string_equal(world.pushed.account, "agora");
	assert_string_equal(world.pushed.topic, "count \"updated\"");
	assert_string_equal(world.pushed.id, "e-1");
	assert_string_equal(world.pushed.query, "");
	assert_int_equal(world.pushed.n_body, 3);
	assert_memory_equal(world.pushed.body, "a\0b\0", 4);
	assert_int_equal(world.pushed.received_ms, WALL_MS);
	assert_int_equal(world.dedupe_ms, 5000);
	assert_int_equal(metrics_get(METRIC_hooks_accepted), before + 1);
	assert_non_null(strstr(log, "info hook.accepted account=agora "
	                            "topic=\"count \\\"updated\\\"\" "
	                            "event=17-0\n"));
	buf_fini(&reply.body);
}

static void
test_receiver__accepts_a_repeated_hook_as_well(void **state)
{
	int64_t before = metrics_get(METRIC_hooks_duplicate);
	struct http_reply reply;

	(void)state;
	world.push = QUEUE_DUPLICATE;
	stderr_capture_begin();
	reply = post("/hooks/agora", "{}", 2);
	(void)stderr_capture_end();
	assert_int_equal(reply.status, 202);
	assert_string_equal(buf_text(&reply.body), "{\"event\":\"17-0\"}");
	assert_int_equal(metrics_get(METRIC_hooks_duplicate), before + 1);
	buf_fini(&reply.body);
}

static void
test_receiver__turns_every_no_into_its_status(void **state)
{
	static const struct {
		int verify, identify, push;
		int status;
		const char *order;
	} rows[] = {
		{ HANDLER_FORGED, 0, 0, 401, "v" },
		{ HANDLER_STALE, 0, 0, 401, "v" },
		{ HANDLER_MEDIA_TYPE, 0, 0, 415, "v" },
		{ ERR_NOMEM, 0, 0, 503, "v" },
		{ HANDLER_MALFORMED, 0, 0, 503, "v" }, /* not verify's to say */
		{ 0, HANDLER_MALFORMED, 0, 400, "vi" },
		{ 0, ERR_LIB, 0, 503, "vi" },
		{ 0, HANDLER_FORGED, 0, 503, "vi" },
		{ 0, 0, QUEUE_FULL, 503, "vip" },
		{ 0, 0, ERR_STORE, 503, "vip" },
		{ 0, 0, QUEUE_EMPTY, 503, "vip" },
	};
	struct http_reply reply;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world.order[0] = '\0';
		world.verify = rows[i].verify;
		world.identify = rows[i].identify;
		world.push = rows[i].push;
		stderr_capture_begin();
		reply = post("/hooks/agora", "{}", 2);
		(void)stderr_capture_end();
		if (reply.status != rows[i].status ||
		    strcmp(world.order, rows[i].order) != 0)
			fail_msg("row %zu: %d %s", i, reply.status,
			         world.order);
		assert_int_equal(reply.retry_after_s > 0, reply.status == 503);
		assert_int_equal(reply.body.n, 0);
	}
}

static void
test_receiver__counts_what_it_refuses(void **state)
{
	int64_t forged = metrics_get(METRIC_hooks_forged);
	int64_t refused = metrics_get(METRIC_hooks_refused);

	(void)state;
	stderr_capture_begin();
	world.verify = HANDLER_FORGED;
	(void)post("/hooks/agora", "{}", 2);
	world.verify = HANDLER_MEDIA_TYPE;
	(void)post("/hooks/agora", "{}", 2);
	(void)stderr_capture_end();
	receiver_refused(&receiver, 413);
	assert_int_equal(metrics_get(METRIC_hooks_forged), forged + 1);
	assert_int_equal(metrics_get(METRIC_hooks_refused), refused + 2);
}

static int
count(const char *text, const char *part)
{
	int n = 0;

	for (text = strstr(text, part); text; text = strstr(text + 1, part))
		n++;
	return n;
}

static void
test_receiver__does_not_let_forgers_fill_the_log(void **state)
{
	const char *log;
	int i;

	(void)state;
	world.verify = HANDLER_FORGED;
	stderr_capture_begin();
	for (i = 0; i < 100; i++)
		(void)post("/hooks/agora", "secret body", 11);
	fake_clock_advance(1000);
	(void)post("/hooks/agora", "secret body", 11);
	log = stderr_capture_end();
	assert_int_equal(count(log, "warn hook.forged account=agora"), 4);
	assert_int_equal(count(log, "\n"), 4);
	assert_int_equal(count(log, "unlogged_before=0 "), 3);
	assert_int_equal(count(log, "unlogged_before=97 "), 1);
	assert_null(strstr(log, "secret"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_receiver__lets_in_what_an_account_can_take),
		TEST(test_receiver__knows_no_other_path),
		TEST(test_receiver__names_the_methods_it_takes),
		TEST(test_receiver__refuses_a_long_body_before_it_comes),
		TEST(test_receiver__never_verifies_a_body_that_is_too_long),
		TEST(test_receiver__sends_new_hooks_away_while_draining),
		TEST(test_receiver__says_that_the_process_lives),
		TEST(test_receiver__queues_what_was_verified),
		TEST(test_receiver__accepts_a_repeated_hook_as_well),
		TEST(test_receiver__turns_every_no_into_its_status),
		TEST(test_receiver__counts_what_it_refuses),
		TEST(test_receiver__does_not_let_forgers_fill_the_log),
	};

	return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
