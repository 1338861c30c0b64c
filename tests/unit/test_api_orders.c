/*
 * /api/orders and /api/customers: what a shop sends becomes one entry, however
 * often, in whatever company and over whatever trouble it is sent.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/model/outcome.h"
#include "gateway/ports/adapter.h"
#include "handlers/handlers.h"
#include "tests/support/api_world.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct api_world *world;
static struct http_reply reply;
static struct json *doc;

/* ---- an authority that says what the test told it to ---- */

static struct outcome checked;       /* of every check */
static struct entry_problem problem; /* beside a refusal */
static bool takes_negative;          /* entry.returns */
static void (*before_adding)(void);  /* runs with a return's check; NULL */

/* Its state is what it shall have: the tables, and no network. */
static int
fake_open(void **state, const struct adapter_env *env)
{
	*state = env->http ? NULL : env->mirror;
	return 0;
}

static void
fake_close(void *state)
{
	(void)state;
}

static struct outcome
fake_check(void *state, const struct entry *entry, struct entry_problem *out)
{
	*out = problem;
	if (!state || !entry->details || !entry->authority)
		return outcome_of(VERDICT_REFUSED, "not asked as promised");
	return checked;
}

static struct outcome
fake_post(void *state, const struct entry *entry)
{
	(void)state;
	(void)entry;
	return outcome_done();
}

static bool
fake_takes_returns(const struct conf_section *conf)
{
	(void)conf;
	if (before_adding)
		before_adding();
	return takes_negative;
}

static const struct adapter_ops galaxy_ops = {
	.name = "galaxy",
	.open = fake_open,
	.close = fake_close,
	.check_entry = fake_check,
	.post_entry = fake_post,
	.takes_returns = fake_takes_returns,
};

static const struct adapter_ops till_ops = { .name = "square" };

static const struct adapter_ops other_ops = {
	.name = "square",
	.open = fake_open,
	.close = fake_close,
	.check_entry = fake_check,
	.post_entry = fake_post,
};

static const struct adapter_ops *const one_takes[] = { &galaxy_ops, &till_ops,
	                                               NULL };
static const struct adapter_ops *const both_take[] = { &galaxy_ops, &other_ops,
	                                               NULL };

/* ---- short words ---- */

/* Bound at erp, as a sync there would have found it. */
static void
make_item(const char *sku)
{
	char *external = text_format("G-%s", sku);

	api_world_item(world, sku, "An item");
	assert_int_equal(
		store_registry_resolved(
			world->store, "erp",
			&(struct registry_resolution){ .sku = sku,
	                                               .typed = sku,
	                                               .external = external }),
		0);
	free(external);
}

static int
begin(void **state)
{
	(void)api_world_empty(state);
	world = *state;
	world->env.adapters = one_takes;
	checked = outcome_done();
	problem = (struct entry_problem){ 0 };
	takes_negative = false;
	before_adding = NULL;
	make_item("A1");
	make_item("B2");
	return 0;
}

static int
forget(void **state)
{
	(void)state;
	json_free(doc);
	doc = NULL;
	buf_fini(&reply.body);
	return 0;
}

/* Any thread; serve's own result. */
static int
serve(const struct api_env *env, struct http_reply *out, const char *path,
      const char *query, const char *key, const char *body)
{
	const struct http_header header = { "idempotency-key", key };
	const struct http_call call = { .method = "POST",
		                        .path = path,
		                        .query = query,
		                        .headers = &header,
		                        .n_headers = key ? 1 : 0,
		                        .body = body,
		                        .n_body = strlen(body) };
	const char *const params[] = { NULL };
	const struct api_route *route = api_routes;

	*out = (struct http_reply){ 0 };
	while (strcmp(route->path, path) != 0 ||
	       strcmp(route->method, "POST") != 0)
		route++;
	return route->serve(env, &call, params, out);
}

static void
parse_reply(int status)
{
	assert_int_equal(reply.status, status);
	assert_int_equal(json_parse(&doc, reply.body.p, reply.body.n), 0);
}

static void
post_to(const char *path, const char *query, const char *key, const char *body,
        int status)
{
	(void)forget(NULL);
	assert_int_equal(serve(&world->env, &reply, path, query, key, body), 0);
	if (reply.status != status)
		print_error("%s\n", buf_text(&reply.body));
	parse_reply(status);
}

static void
post(const char *key, const char *body, int status)
{
	post_to("/api/orders", "", key, body, status);
}

static void
post_customer(const char *query, const char *body, int status)
{
	post_to("/api/customers", query, NULL, body, status);
}

static void
get(const char *pattern, const char *number, int status)
{
	(void)forget(NULL);
	assert_int_equal(
		api_world_ask(world, &reply, "GET", pattern, number, NULL), 0);
	parse_reply(status);
}

static const char *
said(const char *key)
{
	return json_text_or(json_root(doc), key, "(none)");
}

static const char *
error_said(const char *key)
{
	return json_text_or(json_find(json_root(doc), "error"), key, "(none)");
}

static int64_t
ready_at(const char *account)
{
	int64_t n = -1;

	assert_int_equal(store_ledger_count_ready(world->store, &n, account),
	                 0);
	return n;
}

static int64_t
in_state(const char *state)
{
	int64_t n = -1;

	assert_int_equal(store_ledger_count(world->store, &n, state), 0);
	return n;
}

static void
assert_pending(const char *sku, const char *qty)
{
	struct stock_view view;
	struct decimal d;

	assert_int_equal(
		store_stock_view(world->store, &view, "agora", &sku, 1), 0);
	assert_int_equal(decimal_parse(&d, qty), 0);
	assert_int_equal(decimal_cmp(view.pending, d), 0);
	stock_view_fini(&view);
}

/* One line, two A1. */
#define LINES "\"lines\":[{\"sku\":\"A1\",\"quantity\":2,\"total\":\"19.98\"}]"
#define ORDER "{\"number\":\"SHOP-1\"," LINES "}"
#define OTHER \
	"{\"number\":\"SHOP-1\",\"lines\":[{\"sku\":\"A1\",\"quantity\":3}]}"
#define RETURN \
	"{\"number\":\"SHOP-1\",\"lines\":[{\"sku\":\"A1\",\"quantity\":-1}]}"
#define CUSTOMER "{\"code\":\"WEB-17\",\"name\":\"Maria\"}"

/* ---- once ---- */

static void
test_api_orders__an_order_becomes_a_ready_entry_of_its_items_authority(
	void **state)
{
	(void)state;
	post(NULL, ORDER, 202);
	assert_string_equal(said("order"), "SHOP-1");
	assert_string_equal(said("entry"), "api:orders/SHOP-1");
	assert_int_equal(strncmp(said("docid"), "TB-", 3), 0);
	assert_string_equal(said("state"), "ready");
	assert_string_equal(reply.content_type, "application/json");
	assert_int_equal(ready_at("erp"), 1);
	assert_pending("A1", "2");
}

struct seen {
	char *details; /* owned */
	int64_t occurred_ms;
};

static int
look_at(void *ctx, const struct entry *entry, unsigned attempts)
{
	struct seen *seen = ctx;

	(void)attempts;
	seen->details = text_dup(entry->details);
	seen->occurred_ms = entry->occurred_ms;
	assert_int_equal(entry->kind, ENTRY_ORDER);
	assert_string_equal(entry->account, "api:orders");
	assert_string_equal(entry->sale, "SHOP-1");
	assert_string_equal(entry->authority, "erp");
	assert_string_equal(entry->currency, "EUR");
	assert_int_equal(entry->n_lines, 2);
	assert_string_equal(entry->lines[1].sku, "B2");
	assert_string_equal(entry->lines[1].external, "G-B2");
	assert_true(entry->lines[0].has_gross);
	assert_int_equal(decimal_cmp(entry->lines[0].gross, decimal_of(20)), 0);
	assert_false(entry->lines[1].has_gross);
	return 0;
}

static void
test_api_orders__the_entry_holds_the_order_as_it_was_sent(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	post(NULL,
	     "{\"number\":\"SHOP-1\",\"currency\":\"EUR\","
	     "\"date\":\"2024-05-01T09:30:00+03:00\",\"lines\":["
	     "{\"sku\":\"A1\",\"quantity\":2,\"price\":\"10.00\"},"
	     "{\"sku\":\"B2\",\"quantity\":-1.50}]}",
	     202);
	assert_int_equal(
		store_ledger_each(world->store, "erp", "held", look_at, &seen),
		0);
	assert_int_equal(seen.occurred_ms, INT64_C(1714545000000));
	assert_string_equal(seen.details,
	                    "{\"currency\":\"EUR\","
	                    "\"date\":\"2024-05-01T09:30:00+03:00\","
	                    "\"lines\":[{\"price\":\"10.00\",\"quantity\":2,"
	                    "\"sku\":\"A1\"},{\"quantity\":-1.50,"
	                    "\"sku\":\"B2\"}],\"number\":\"SHOP-1\"}");
	free(seen.details);
}

static void
test_api_orders__a_repeat_is_told_how_the_first_is_doing(void **state)
{
	(void)state;
	post(NULL, ORDER, 202);
	for (int i = 0; i < 5; i++) {
		post(NULL, ORDER, 200);
		assert_string_equal(said("entry"), "api:orders/SHOP-1");
		assert_string_equal(said("state"), "ready");
	}
	assert_int_equal(ready_at("erp"), 1);
	assert_pending("A1", "2");
}

static void
test_api_orders__what_a_person_dropped_stays_dropped(void **state)
{
	(void)state;
	post(NULL, RETURN, 202);
	assert_int_equal(store_ledger_decide(world->store, "api:orders/SHOP-1",
	                                     DEAD_DROP),
	                 0);
	post(NULL, RETURN, 200);
	assert_string_equal(said("state"), "dropped");
	assert_string_equal(said("why"), "dropped by a person");
	assert_int_equal(ready_at("erp"), 0);
}

static void
test_api_orders__blanks_and_the_order_of_members_say_nothing(void **state)
{
	(void)state;
	post(NULL, ORDER, 202);
	post(NULL,
	     " { \"lines\" : [ { \"total\":\"19.98\", \"quantity\": 2,\n"
	     "\"sku\" : \"A1\" } ], \"number\" : \"SHOP-1\" }",
	     200);
}

static void
test_api_orders__another_body_under_a_number_is_a_conflict(void **state)
{
	char docid[64];

	(void)state;
	post(NULL, ORDER, 202);
	(void)snprintf(docid, sizeof(docid), "%s", said("docid"));
	post(NULL, OTHER, 409);
	assert_string_equal(error_said("code"), "conflict");
	assert_string_equal(error_said("field"), "number");
	assert_non_null(strstr(error_said("message"), docid));
	assert_non_null(strstr(error_said("message"), "ready"));
	assert_int_equal(ready_at("erp"), 1);
	assert_pending("A1", "2");
	post("k", OTHER, 409);
}

/* ---- keys ---- */

static void
test_api_orders__a_key_stands_for_one_body(void **state)
{
	(void)state;
	post("key 1", ORDER, 202);
	post("key 1", ORDER, 200);
	post("key 1", "{\"number\":\"SHOP-2\"," LINES "}", 409);
	assert_string_equal(error_said("field"), "Idempotency-Key");
	post("key 1", OTHER, 409);
	assert_string_equal(error_said("field"), "Idempotency-Key");
	assert_int_equal(ready_at("erp"), 1);
	get("/api/orders/{}", "SHOP-2", 404);
}

static void
test_api_orders__two_keys_for_one_number_are_one_order(void **state)
{
	(void)state;
	post("key 1", ORDER, 202);
	post("key 2", ORDER, 200);
	post(NULL, ORDER, 200);
	assert_int_equal(ready_at("erp"), 1);
	/* Now the second one means it too. */
	post("key 2", "{\"number\":\"SHOP-2\"," LINES "}", 409);
}

static void
test_api_orders__a_key_of_customers_is_not_one_of_orders(void **state)
{
	(void)state;
	post("key 1", ORDER, 202);
	post_to("/api/customers", "", "key 1", CUSTOMER, 202);
}

static void
test_api_orders__a_key_that_is_none_is_refused(void **state)
{
	char longest[130];

	(void)state;
	memset(longest, 'k', sizeof(longest));
	longest[129] = '\0';
	post(longest, ORDER, 400);
	assert_string_equal(error_said("field"), "Idempotency-Key");
	post("", ORDER, 400);
	post("tab\there", ORDER, 400);
	post("caf\xc3\xa9", ORDER, 400);
	assert_int_equal(ready_at("erp"), 0);
	longest[128] = '\0';
	post(longest, ORDER, 202);
}

/* ---- refusals ---- */

static void
test_api_orders__what_is_not_json_is_malformed(void **state)
{
	static const char *const bodies[] = { "", "{", "number=1",
		                              "{\"number\":1}x" };

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		post(NULL, bodies[i], 400);
		assert_string_equal(error_said("code"), "malformed");
	}
}

static void
test_api_orders__every_refusal_names_the_field(void **state)
{
	static const struct {
		const char *body;
		const char *field;
		const char *word; /* of the message */
	} rows[] = {
		{ "{" LINES "}", "number", "missing" },
		{ "{\"number\":\"1\"}", "lines", "" },
		{ "{\"number\":\"1\"," LINES ",\"comnent\":\"\"}", "comnent",
		  "" },
		{ "{\"number\":\"1\",\"lines\":[{\"sku\":\"A1\"}]}",
		  "lines[0].quantity", "missing" },
		{ "{\"number\":\"1\",\"lines\":[{\"sku\":\"A1\","
		  "\"quantity\":1},{\"sku\":\"NONE\",\"quantity\":1}]}",
		  "lines[1].sku", "items import" },
		{ "{\"number\":\"1\",\"lines\":[{\"sku\":\"a1\","
		  "\"quantity\":1}]}",
		  "lines[0].sku", "\"A1\"" },
		{ "{\"number\":\"1\",\"lines\":[{\"sku\":\"A1\","
		  "\"quantity\":1},{\"sku\":\"TILLS\",\"quantity\":1}]}",
		  "lines[1].sku", "agora" },
		{ "{\"number\":\"1\",\"lines\":[{\"sku\":\"TILLS\","
		  "\"quantity\":1}]}",
		  "lines[0].sku",
		  "which takes no orders. Enter the order there" },
		{ "{\"number\":\"1\",\"lines\":[{\"sku\":\"BARE\","
		  "\"quantity\":1}]}",
		  "lines[0].sku", "not bound at erp" },
		{ "{\"number\":\"1\",\"lines\":[{\"sku\":\"TYPO\","
		  "\"quantity\":1}]}",
		  "lines[0].sku", "not found there" },
	};
	struct item bare = { .sku = text_dup("BARE") };
	struct item tills = { .sku = text_dup("TILLS"),
		              .authority = text_dup("agora") };

	(void)state;
	assert_int_equal(store_registry_put(world->store, &bare, NULL), 0);
	assert_int_equal(store_registry_put(world->store, &tills, NULL), 0);
	item_fini(&bare);
	item_fini(&tills);
	api_world_item(world, "TYPO", "Bound, but not resolved");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		post("key", rows[i].body, 422);
		assert_string_equal(error_said("code"), "invalid");
		assert_string_equal(error_said("field"), rows[i].field);
		if (!strstr(error_said("message"), rows[i].word))
			fail_msg("no \"%s\" in: %s", rows[i].word,
			         error_said("message"));
	}
	assert_int_equal(ready_at("erp") + ready_at("agora"), 0);
	/* What was refused has used up neither its number nor its key. */
	post("key", "{\"number\":\"1\"," LINES "}", 202);
}

static void
test_api_orders__what_the_authority_refuses_is_said_in_its_words(void **state)
{
	(void)state;
	checked = outcome_of(VERDICT_REFUSED, "for the log");
	(void)snprintf(problem.field, sizeof(problem.field), "transporter");
	(void)snprintf(problem.why, sizeof(problem.why),
	               "fits \"ACS\" and \"ACS Cargo\"");
	post(NULL, ORDER, 422);
	assert_string_equal(error_said("field"), "transporter");
	assert_string_equal(error_said("message"),
	                    "fits \"ACS\" and \"ACS Cargo\"");
	assert_int_equal(ready_at("erp"), 0);
	assert_pending("A1", "0");
}

static void
test_api_orders__before_the_first_sync_the_shop_shall_come_again(void **state)
{
	(void)state;
	checked = outcome_of(VERDICT_RETRY, "the first sync has not ended");
	post(NULL, ORDER, 503);
	assert_string_equal(error_said("code"), "not_ready");
	assert_int_not_equal(reply.retry_after_s, 0);
	assert_int_equal(ready_at("erp"), 0);
	/* Nothing is resolved then: that is no typing mistake. */
	api_world_item(world, "NEW", "Not resolved");
	post(NULL,
	     "{\"number\":\"2\",\"lines\":[{\"sku\":\"NEW\",\"quantity\":1}]}",
	     503);
}

/* The first call was answered, or not: the shop must learn the same. */
static void
test_api_orders__a_repeat_is_known_whatever_changed_since(void **state)
{
	struct item moved = { .sku = text_dup("A1"),
		              .authority = text_dup("agora") };

	(void)state;
	post(NULL, ORDER, 202);
	assert_int_equal(store_registry_put(world->store, &moved, NULL), 0);
	item_fini(&moved);
	checked = outcome_of(VERDICT_RETRY, "the tables are being read");
	post(NULL, ORDER, 200);
	world->env.adapters = NULL;
	post(NULL, ORDER, 200);
	post(NULL, OTHER, 409);
}

/* ---- returns, and a loss of Redis ---- */

static void
test_api_orders__a_return_waits_for_a_person(void **state)
{
	(void)state;
	post(NULL,
	     "{\"number\":\"SHOP-1\",\"lines\":[{\"sku\":\"A1\",\"quantity\":-"
	     "1},"
	     "{\"sku\":\"B2\",\"quantity\":1}]}",
	     202);
	assert_string_equal(said("state"), "held");
	assert_non_null(strstr(said("why"), "return"));
	assert_int_equal(in_state("held"), 1);
	assert_pending("A1", "0");
	/* What went out in exchange is gone all the same. */
	assert_pending("B2", "1");
}

static void
test_api_orders__a_return_is_posted_where_that_is_configured(void **state)
{
	(void)state;
	takes_negative = true;
	post(NULL, RETURN, 202);
	assert_string_equal(said("state"), "ready");
	assert_pending("A1", "-1");
}

static void
test_api_orders__after_a_loss_of_redis_an_order_is_looked_up_first(void **state)
{
	int64_t now = clock_wall_ms();

	(void)state;
	assert_int_equal(
		store_cursor_set(world->store, "agora", "lost", now - 60000),
		0);
	post(NULL, ORDER, 202);
	assert_string_equal(said("state"), "uncertain");
	post(NULL,
	     "{\"number\":\"2\",\"date\":\"2024-05-01T09:30:00Z\"," LINES "}",
	     202);
	assert_string_equal(said("state"), "uncertain");
	/* It cannot have been posted before it was made. */
	post(NULL,
	     "{\"number\":\"3\",\"date\":\"2999-05-01T09:30:00Z\"," LINES "}",
	     202);
	assert_string_equal(said("state"), "ready");
	assert_int_equal(store_cursor_set(world->store, "agora", "lost",
	                                  now - INT64_C(41) * 86400000),
	                 0);
	post(NULL, "{\"number\":\"4\"," LINES "}", 202);
	assert_string_equal(said("state"), "ready");
}

/* ---- trouble in the middle ---- */

static void
stop_redis(void)
{
	before_adding = NULL;
	assert_int_equal(kill(world->redis.pid, SIGSTOP), 0);
}

/* What Redis got when nobody waited for its answer any more. */
static void
test_api_orders__when_redis_does_not_answer_a_repeat_is_safe(void **state)
{
	struct store_options options = world->options;
	struct api_env env = world->env;

	(void)state;
	(void)forget(NULL);
	options.timeout_ms = 300;
	assert_int_equal(store_new(&env.store, &options), 0);
	takes_negative = true;
	before_adding = stop_redis;
	assert_int_equal(serve(&env, &reply, "/api/orders", "", NULL, RETURN),
	                 0);
	assert_int_equal(kill(world->redis.pid, SIGCONT), 0);
	store_free(env.store);
	parse_reply(503);
	assert_non_null(strstr(error_said("message"), "repeat is safe"));
	assert_int_not_equal(reply.retry_after_s, 0);
	for (int i = 0; i < 100 && !ready_at("erp"); i++)
		clock_sleep_ms(50);
	post(NULL, RETURN, 200);
	assert_int_equal(ready_at("erp"), 1);
	assert_pending("A1", "-1");
}

/* The daemon dies between taking the order and saying so. */
static void
test_api_orders__killed_before_the_answer_a_repeat_is_known(void **state)
{
	struct api_env env = world->env;
	int status = 0;
	pid_t child;

	(void)state;
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		if (!store_new(&env.store, &world->options))
			(void)serve(&env, &reply, "/api/orders", "", "k",
			            ORDER);
		(void)raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	post("k", ORDER, 200);
	assert_int_equal(ready_at("erp"), 1);
	assert_pending("A1", "2");
}

/* ---- all at once ---- */

enum {
	THREADS = 4,
	POSTS = 120,
	NUMBERS = 6,
	BODIES = 2, /* under one number; the first to come wins */
};

struct shop {
	uint32_t seed;
	struct api_env env;        /* its own store */
	int n[NUMBERS][BODIES][3]; /* 202, 200, 409 */
	int n_odd;                 /* anything else */
	pthread_t thread;
};

static uint32_t
next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

static void
count_answer(struct shop *shop, unsigned number, unsigned body, int status)
{
	switch (status) {
	case 202: shop->n[number][body][0]++; break;
	case 200: shop->n[number][body][1]++; break;
	case 409: shop->n[number][body][2]++; break;
	default: shop->n_odd++;
	}
}

static void *
run_shop(void *ctx)
{
	struct shop *shop = ctx;

	for (int i = 0; i < POSTS; i++) {
		unsigned number = next(&shop->seed) % NUMBERS;
		unsigned body = next(&shop->seed) % BODIES;
		struct http_reply answer;
		char text[160];
		char key[32];

		/* A key of the number and body, or none. */
		(void)snprintf(key, sizeof(key), "key %u %u", number, body);
		(void)snprintf(text, sizeof(text),
		               "{\"number\":%u,\"lines\":[{\"sku\":\"A1\","
		               "\"quantity\":%u}]}",
		               number, body + 1);
		if (serve(&shop->env, &answer, "/api/orders", "",
		          next(&shop->seed) % 2 ? key : NULL, text))
			shop->n_odd++;
		else
			count_answer(shop, number, body, answer.status);
		buf_fini(&answer.body);
	}
	return NULL;
}

/* The winner was taken once and known ever after, the other always refused. */
static unsigned
assert_one_winner(const struct shop *shops, unsigned number)
{
	int sum[BODIES][3] = { { 0 } };
	unsigned winner;

	for (int s = 0; s < THREADS; s++)
		for (int b = 0; b < BODIES; b++)
			for (int k = 0; k < 3; k++)
				sum[b][k] += shops[s].n[number][b][k];
	winner = sum[0][0] ? 0 : 1;
	assert_int_equal(sum[winner][0], 1);
	assert_int_equal(sum[winner][2], 0);
	assert_int_equal(sum[1 - winner][0], 0);
	assert_int_equal(sum[1 - winner][1], 0);
	assert_true(sum[winner][1] > 0 && sum[1 - winner][2] > 0);
	return winner;
}

static void
test_api_orders__of_many_at_once_each_number_becomes_one_entry(void **state)
{
	struct shop shops[THREADS];
	int64_t pending = 0;
	char text[24];

	(void)state;
	for (unsigned i = 0; i < THREADS; i++) {
		shops[i] = (struct shop){ .seed = 4711 + i, .env = world->env };
		assert_int_equal(
			store_new(&shops[i].env.store, &world->options), 0);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&shops[i].thread, NULL,
		                                run_shop, &shops[i]),
		                 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(shops[i].thread, NULL), 0);
		store_free(shops[i].env.store);
		assert_int_equal(shops[i].n_odd, 0);
	}
	for (unsigned i = 0; i < NUMBERS; i++)
		pending += 1 + assert_one_winner(shops, i);
	assert_int_equal(ready_at("erp"), NUMBERS);
	(void)snprintf(text, sizeof(text), "%lld", (long long)pending);
	assert_pending("A1", text);
}

/* ---- how it is doing ---- */

static void
test_api_orders__tells_how_an_order_is_doing(void **state)
{
	(void)state;
	get("/api/orders/{}", "SHOP-1", 404);
	post(NULL, RETURN, 202);
	get("/api/orders/{}", "SHOP-1", 200);
	assert_string_equal(said("order"), "SHOP-1");
	assert_string_equal(said("entry"), "api:orders/SHOP-1");
	assert_string_equal(said("state"), "held");
	assert_non_null(strstr(said("why"), "return"));
	assert_string_not_equal(said("made_at"), "(none)");
	assert_string_equal(said("confirmed_at"), "(none)");
	assert_non_null(json_find(json_root(doc), "attempts"));
	get("/api/customers/{}", "SHOP-1", 404);
}

/* ---- customers ---- */

static void
test_api_orders__a_customer_goes_to_the_account_that_takes_them(void **state)
{
	(void)state;
	post_customer("", CUSTOMER, 202);
	assert_string_equal(said("customer"), "WEB-17");
	assert_string_equal(said("entry"), "api:customers/WEB-17");
	assert_string_equal(said("state"), "ready");
	post_customer("", CUSTOMER, 200);
	post_customer("", "{\"code\":\"WEB-17\",\"name\":\"Mario\"}", 409);
	assert_string_equal(error_said("field"), "code");
	assert_int_equal(ready_at("erp"), 1);
	get("/api/customers/{}", "WEB-17", 200);
	assert_string_equal(said("state"), "ready");
}

static void
test_api_orders__of_several_accounts_the_call_names_one(void **state)
{
	(void)state;
	world->env.adapters = both_take;
	post_customer("", CUSTOMER, 422);
	assert_string_equal(error_said("field"), "account");
	assert_non_null(strstr(error_said("message"), "erp, agora"));
	post_customer("account=nobody", CUSTOMER, 422);
	assert_non_null(strstr(error_said("message"), "erp, agora"));
	post_customer("account=agora", CUSTOMER, 202);
	assert_int_equal(ready_at("agora"), 1);
	post_customer("account=agora", CUSTOMER, 200);
	/* It is one customer, wherever it went. */
	post_customer("account=erp", CUSTOMER, 409);
	assert_string_equal(error_said("field"), "account");
	post_customer("", CUSTOMER, 200);
	assert_int_equal(ready_at("erp"), 0);
}

static void
test_api_orders__without_anybody_who_takes_customers_none_is_taken(void **state)
{
	static const struct adapter_ops *const none[] = { &till_ops, NULL };

	(void)state;
	world->env.adapters = none;
	post_customer("", CUSTOMER, 422);
	assert_string_equal(error_said("field"), "account");
	post_customer("", "{\"name\":\"Maria\"}", 422);
	assert_string_equal(error_said("field"), "code");
	post_customer("", "[", 400);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, begin, forget)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_api_orders__an_order_becomes_a_ready_entry_of_its_items_authority),
		EACH(test_api_orders__the_entry_holds_the_order_as_it_was_sent),
		EACH(test_api_orders__a_repeat_is_told_how_the_first_is_doing),
		EACH(test_api_orders__what_a_person_dropped_stays_dropped),
		EACH(test_api_orders__blanks_and_the_order_of_members_say_nothing),
		EACH(test_api_orders__another_body_under_a_number_is_a_conflict),
		EACH(test_api_orders__a_key_stands_for_one_body),
		EACH(test_api_orders__two_keys_for_one_number_are_one_order),
		EACH(test_api_orders__a_key_of_customers_is_not_one_of_orders),
		EACH(test_api_orders__a_key_that_is_none_is_refused),
		EACH(test_api_orders__what_is_not_json_is_malformed),
		EACH(test_api_orders__every_refusal_names_the_field),
		EACH(test_api_orders__what_the_authority_refuses_is_said_in_its_words),
		EACH(test_api_orders__before_the_first_sync_the_shop_shall_come_again),
		EACH(test_api_orders__a_repeat_is_known_whatever_changed_since),
		EACH(test_api_orders__a_return_waits_for_a_person),
		EACH(test_api_orders__a_return_is_posted_where_that_is_configured),
		EACH(test_api_orders__after_a_loss_of_redis_an_order_is_looked_up_first),
		EACH(test_api_orders__when_redis_does_not_answer_a_repeat_is_safe),
		EACH(test_api_orders__killed_before_the_answer_a_repeat_is_known),
		EACH(test_api_orders__of_many_at_once_each_number_becomes_one_entry),
		EACH(test_api_orders__tells_how_an_order_is_doing),
		EACH(test_api_orders__a_customer_goes_to_the_account_that_takes_them),
		EACH(test_api_orders__of_several_accounts_the_call_names_one),
		EACH(test_api_orders__without_anybody_who_takes_customers_none_is_taken),
	};

	return cmocka_run_group_tests(tests, api_world_setup,
	                              api_world_teardown);
}
