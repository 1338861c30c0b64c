/*
 * The synchronizer's API: its paths, bodies and answers, with our promises
 * behind them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/json.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_jobs.h"
#include "gateway/drivers/store_lease.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/drivers/store_switch.h"
#include "gateway/ports/adapter.h"
#include "handlers/handlers.h"
#include "tests/support/api_world.h"

#include <stdlib.h>
#include <string.h>

static struct api_world *world;
static struct http_reply reply;
static struct json *doc;

/* Who records a sale needs no more than this. */
static struct outcome
fake_post(void *state, const struct entry *entry)
{
	(void)state;
	(void)entry;
	return outcome_done();
}

static struct outcome
fake_sync(void *state, const struct sync_job *job, const struct sync_sink *sink)
{
	(void)state;
	(void)job;
	(void)sink;
	return outcome_done();
}

static const struct adapter_ops erp = { .name = "galaxy",
	                                .post_entry = fake_post,
	                                .sync = fake_sync };
static const struct adapter_ops till = { .name = "square", .sync = fake_sync };

/* A shop with a column of variants. */
static void
add_canonical(const struct conf_section *conf, struct buf *external,
              const char *written)
{
	(void)conf;
	buf_addf(external, "%s%s", written, strchr(written, '/') ? "" : "/0");
}

static const struct adapter_ops shop = { .name = "sql",
	                                 .canonical = add_canonical };
static const struct adapter_ops *const some_adapters[] = { &erp, &till, &shop,
	                                                   NULL };

static int
begin(void **state)
{
	(void)api_world_empty(state);
	world = *state;
	world->env.adapters = some_adapters;
	api_world_item(world, "17", "Feta");
	api_world_item(world, "B2", "Olives");
	return 0;
}

static int
forget(void **state)
{
	(void)state;
	json_free(doc);
	doc = NULL;
	api_world_forget(&reply);
	return 0;
}

static void
ask(const char *method, const char *pattern, const char *param,
    const char *query, int status)
{
	(void)forget(NULL);
	assert_int_equal(
		api_world_ask(world, &reply, method, pattern, param, query), 0);
	assert_int_equal(reply.status, status);
	assert_string_equal(reply.content_type, "application/json");
	assert_int_equal(json_parse(&doc, reply.body.p, reply.body.n), 0);
}

static void
post(const char *path, const char *key, const char *body, int status)
{
	const struct http_header header = { "idempotency-key", key };
	const struct http_call call = { .method = "POST",
		                        .path = path,
		                        .query = "",
		                        .headers = &header,
		                        .n_headers = key ? 1 : 0,
		                        .body = body,
		                        .n_body = strlen(body) };
	const char *const params[] = { NULL };
	const struct api_route *route = api_routes;

	(void)forget(NULL);
	reply = (struct http_reply){ 0 };
	while (strcmp(route->path, path) != 0 ||
	       strcmp(route->method, "POST") != 0)
		route++;
	assert_int_equal(route->serve(&world->env, &call, params, &reply), 0);
	if (reply.status != status)
		print_error("%s\n", buf_text(&reply.body));
	assert_int_equal(reply.status, status);
	assert_int_equal(json_parse(&doc, reply.body.p, reply.body.n), 0);
}

static void
sell(const char *key, const char *body, int status)
{
	post("/api/synchronizer/sale", key, body, status);
}

static const char *
said(const char *key)
{
	return json_text_or(json_root(doc), key, "(none)");
}

static void
assert_text(const char *text)
{
	assert_string_equal(json_text(json_root(doc)), text);
}

static int64_t
ready_at(const char *account)
{
	int64_t n = -1;

	assert_int_equal(store_ledger_count_ready(world->store, &n, account),
	                 0);
	return n;
}

#define SALE "{\"item_ecommerce_id\":17,\"delta\":2,\"balance\":2400}"

/* ---- a sale ---- */

static void
test_api_synchronizer__a_sale_is_answered_as_ever(void **state)
{
	(void)state;
	sell(NULL, SALE, 202);
	assert_string_equal(said("status"), "pending");
	assert_int_equal(strlen(said("location")), 21);
	assert_null(json_find(json_root(doc), "error_message"));
	assert_int_equal(strncmp(buf_text(&reply.extra),
	                         "Location: /api/itemstask/s", 26),
	                 0);
	assert_int_equal(ready_at("erp"), 1);
}

static void
check_entry(const struct entry *entry)
{
	struct decimal paid;

	assert_int_equal(decimal_parse(&paid, "24"), 0);
	assert_int_equal(entry->kind, ENTRY_SALE);
	assert_string_equal(entry->account, "api:sales");
	assert_string_equal(entry->authority, "erp");
	assert_int_equal(entry->n_lines, 2);
	assert_string_equal(entry->lines[0].sku, "17");
	assert_int_equal(decimal_cmp(entry->lines[0].qty, decimal_of(2)), 0);
	assert_int_equal(decimal_cmp(entry->lines[0].gross, paid), 0);
	assert_string_equal(entry->lines[1].sku, "B2");
	assert_true(entry->lines[1].has_gross);
	assert_true(decimal_is_zero(entry->lines[1].gross));
}

static void
test_api_synchronizer__lines_gifts_and_numbers_as_text(void **state)
{
	(void)state;
	sell(NULL,
	     "{\"lines\":[{\"item_ecommerce_id\":\"17\",\"delta\":\"2\","
	     "\"balance\":\"2400\"},{\"item_ecommerce_id\":\"B2\","
	     "\"delta\":1,\"balance\":0}]}",
	     202);
	assert_int_equal(ready_at("erp"), 1);
}

static int
look_at(void *ctx, const struct entry *entry, unsigned attempts)
{
	(void)attempts;
	check_entry(entry);
	*(int *)ctx += 1;
	return 0;
}

/* Held, so that it can be looked at. */
static void
test_api_synchronizer__the_entry_holds_what_was_sold(void **state)
{
	int n = 0;

	(void)state;
	sell(NULL,
	     "{\"lines\":[{\"item_ecommerce_id\":17,\"delta\":2,"
	     "\"balance\":2400},{\"item_ecommerce_id\":\"B2\","
	     "\"delta\":-1,\"balance\":0}]}",
	     202);
	assert_int_equal(
		store_ledger_each(world->store, "erp", "held", look_at, &n), 0);
	assert_int_equal(n, 1);
}

static void
test_api_synchronizer__without_a_key_each_call_is_a_sale(void **state)
{
	(void)state;
	sell(NULL, SALE, 202);
	sell(NULL, SALE, 202);
	assert_int_equal(ready_at("erp"), 2);
}

static void
test_api_synchronizer__with_a_key_a_repeat_is_the_same_sale(void **state)
{
	char *first;

	(void)state;
	sell("order 1", SALE, 202);
	first = text_dup(said("location"));
	sell("order 1",
	     "{\"balance\":2400,\"delta\":2,\"item_ecommerce_id\":17}", 202);
	assert_string_equal(said("location"), first);
	assert_int_equal(ready_at("erp"), 1);
	sell("order 1",
	     "{\"item_ecommerce_id\":17,\"delta\":3,\"balance\":2400}", 409);
	assert_string_equal(said("status"), "failed");
	assert_int_equal(ready_at("erp"), 1);
	free(first);
}

static void
test_api_synchronizer__a_sale_that_cannot_be_is_refused_at_once(void **state)
{
	static const struct {
		const char *body;
		const char *field;
	} wrong[] = {
		{ "[]", "(none)" },
		{ "{\"delta\":2,\"balance\":1}", "item_ecommerce_id" },
		{ "{\"item_ecommerce_id\":1.5,\"delta\":2,\"balance\":1}",
		  "item_ecommerce_id" },
		{ "{\"item_ecommerce_id\":17,\"balance\":1}", "delta" },
		{ "{\"item_ecommerce_id\":17,\"delta\":0,\"balance\":1}",
		  "delta" },
		{ "{\"item_ecommerce_id\":17,\"delta\":2}", "balance" },
		{ "{\"item_ecommerce_id\":17,\"delta\":2,\"balance\":0.5}",
		  "balance" },
		{ "{\"item_ecommerce_id\":17,\"delta\":2,\"balance\":-5}",
		  "balance" },
		{ "{\"item_ecommerce_id\":99,\"delta\":2,\"balance\":5}",
		  "item_ecommerce_id" },
		{ "{\"lines\":[]}", "lines" },
		{ "{\"lines\":[{\"item_ecommerce_id\":17,\"delta\":2,"
		  "\"balance\":5},{\"item_ecommerce_id\":99,\"delta\":1,"
		  "\"balance\":1}]}",
		  "lines[1].item_ecommerce_id" },
		{ "{\"item_ecommerce_id\":17,\"delta\":2,\"balance\":5,"
		  "\"currency\":\"eur\"}",
		  "currency" },
		{ "{\"item_ecommerce_id\":17,\"delta\":2,\"balance\":5,"
		  "\"currency\":\"\u00a41\"}",
		  "currency" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		sell(NULL, wrong[i].body, 400);
		/* All that an old caller reads. */
		assert_non_null(strstr(said("error_message"),
		                       i ? wrong[i].field : "an object"));
		assert_string_equal(
			json_text_or(json_find(json_root(doc), "error"),
		                     "field", "(none)"),
			wrong[i].field);
	}
	assert_int_equal(ready_at("erp"), 0);
}

static void
test_api_synchronizer__who_records_no_sales_gets_none(void **state)
{
	static const struct adapter_ops *const none[] = { &till, NULL };

	(void)state;
	world->env.adapters = none;
	sell(NULL, SALE, 400);
	assert_int_equal(ready_at("erp"), 0);
}

/* With a table of the shop's, where SKU 17 is 12 and so 12/0. */
static struct conf *
open_shop(void)
{
	char ref[] = "12/0";
	char *refs = ref;
	struct item item = { .sku = text_dup("17") };
	struct binding *b = item_add_binding(&item);
	struct conf *conf = api_world_conf(
		world,
		"{ \"name\": \"erp\", \"type\": \"galaxy\", \"url\": "
		"\"http://127.0.0.1:3000/galaxy\", \"token\": \"x\" },"
		"{ \"name\": \"cellar\", \"type\": \"tipsi\", \"url\": "
		"\"https://127.0.0.1:4000\", \"store\": \"1721\" },"
		"{ \"name\": \"shop\", \"type\": \"sql\", \"token\": \"x\" "
		"}");

	b->account = text_dup("shop");
	b->typed = text_dup("12");
	assert_int_equal(store_registry_put(world->store, &item, NULL), 0);
	item_fini(&item);
	assert_int_equal(
		store_registry_resolved(world->store, "shop",
	                                &(struct registry_resolution){
						"17", "12", "12/0", &refs, 1 }),
		0);
	world->env.conf = conf;
	return conf;
}

static void
close_shop(struct conf *conf)
{
	world->env.conf = world->conf;
	conf_free(conf);
}

/* PrestaShop: the shop's 12 is 12/0 in a table with variants. */
static void
test_api_synchronizer__a_shop_with_variants_sells_by_its_own_id(void **state)
{
	struct conf *conf = open_shop();

	(void)state;
	sell(NULL,
	     "{\"item_ecommerce_id\":\"12/0\",\"delta\":2,"
	     "\"balance\":2400}",
	     202);
	sell(NULL, "{\"item_ecommerce_id\":12,\"delta\":2,\"balance\":2400}",
	     202);
	sell(NULL,
	     "{\"item_ecommerce_id\":\"12/4\",\"delta\":2,"
	     "\"balance\":2400}",
	     400);
	ask("GET", "/api/items/{}", "erp", "shape=synchronizer", 200);
	assert_string_equal(json_text_or(json_at(json_root(doc), 0),
	                                 "ecommerceID", "(none)"),
	                    "12");
	close_shop(conf);
}

/* ---- its job ---- */

static void
job(const char *id, const char *line, const char *state_name)
{
	ask("GET", "/api/itemstask/{}", id, "", 200);
	assert_text(line);
	ask("GET", "/api/itemstask/{}", id, "format=json", 200);
	assert_string_equal(said("state"), state_name);
}

static void
end_with(const char *id, struct outcome outcome)
{
	char *entry = text_format("api:sales/%s", id);
	struct entry begun = { 0 };
	unsigned attempt = 0;
	int64_t token = 0;
	int64_t origin = 0;
	int64_t next = 0;

	assert_int_equal(store_lease_hold(world->store, &token, "worker:erp",
	                                  "me", 10000),
	                 0);
	assert_int_equal(store_ledger_begin(world->store, &begun, &attempt,
	                                    &origin, &next, "erp", "worker:erp",
	                                    token),
	                 0);
	job(id, "Job status : Processing", "working");
	assert_int_equal(
		store_ledger_end(world->store, entry, attempt, &outcome, 0), 0);
	entry_fini(&begun);
	free(entry);
}

static void
test_api_synchronizer__a_job_tells_how_its_sale_is_doing(void **state)
{
	char *id;

	(void)state;
	sell(NULL, SALE, 202);
	id = text_dup(said("location"));
	job(id, "Job status : Enqueued", "waiting");
	end_with(id, outcome_done());
	job(id, "Job status : Succeeded", "done");
	free(id);

	sell(NULL, SALE, 202);
	id = text_dup(said("location"));
	end_with(id, outcome_of(VERDICT_REFUSED, "no such thing"));
	job(id, "Job status : Failed. no such thing", "failed");
	free(id);
}

/* The account was taken out of the configuration: nobody posts it. */
static void
test_api_synchronizer__a_sale_whose_account_is_gone_has_failed(void **state)
{
	struct conf *conf = api_world_conf(
		world, "{ \"name\": \"agora\", \"type\": \"square\", \"url\": "
		       "\"https://127.0.0.1:4000\", \"token\": \"x\" }");
	char *id;

	(void)state;
	sell(NULL, SALE, 202);
	id = text_dup(said("location"));
	world->env.conf = conf;
	job(id, "Job status : Failed. its account is no longer configured",
	    "failed");
	close_shop(conf);
	free(id);
}

static void
test_api_synchronizer__a_job_that_was_never_given_is_absent(void **state)
{
	(void)state;
	ask("GET", "/api/itemstask/{}", "s0123", "", 404);
	ask("GET", "/api/itemstask/{}", "17", "", 404);
}

/* ---- items ---- */

#define ITEM \
	"{\"item_name\":\"Feta\",\"item_ecommerce_id\":17,\"account_id\":" \
	"\"agora\"}"

/* Sets *id, owned, from what is answered. */
static void
register_item(char **id, const char *key, const char *body)
{
	static const char begins[] = "pending added. Location : itemstask/";
	const char *text;

	post("/api/items", key, body, 202);
	text = json_text(json_root(doc));
	assert_int_equal(strncmp(text, begins, strlen(begins)), 0);
	*id = text_dup(text + strlen(begins));
}

static void
test_api_synchronizer__an_item_becomes_a_job_of_its_account(void **state)
{
	struct mark mark;
	char *member;
	char *id;

	(void)state;
	register_item(&id, NULL, ITEM);
	member = text_format("j:%s", id);
	assert_int_equal(store_marks_find(world->store, &mark, "agora", member),
	                 0);
	job(id, "Job status : Enqueued", "waiting");
	assert_int_equal(store_job_note(world->store, id, "working", ""), 0);
	job(id, "Job status : Processing", "working");
	assert_int_equal(store_job_note(world->store, id, "failed", "no such"),
	                 0);
	assert_int_equal(store_job_note(world->store, id, "done", ""), 0);
	job(id, "Job status : Failed. no such", "failed");
	assert_string_equal(said("item_name"), "Feta");
	free(mark.member);
	free(member);
	free(id);
}

/* It would have two ids at one account. */
static void
test_api_synchronizer__the_shop_is_no_account_to_register_at(void **state)
{
	struct conf *conf = open_shop();

	(void)state;
	post("/api/items", NULL,
	     "{\"item_pos_id\":\"99\",\"item_ecommerce_id\":12,"
	     "\"account_id\":\"shop\"}",
	     400);
	post("/api/items", NULL,
	     "{\"item_pos_id\":\"99\",\"item_ecommerce_id\":12,"
	     "\"account_id\":\"1721\"}",
	     202); /* Tipsi's own id of it */
	close_shop(conf);
}

/* The job of the account is done; the shop's worker looks after it. */
static void
test_api_synchronizer__what_the_shop_does_not_have_is_no_success(void **state)
{
	struct conf *conf = open_shop();
	char *id;

	(void)state;
	register_item(&id, NULL,
	              "{\"item_pos_id\":\"99\",\"item_ecommerce_id\":12,"
	              "\"account_id\":\"cellar\"}");
	assert_int_equal(store_job_note(world->store, id, "done", ""), 0);
	job(id, "Job status : Processing", "working");
	assert_string_equal(said("why"), "bound; the shop is looked at");
	assert_int_equal(store_switch_off(world->store, "shop"), 0);
	job(id, "Job status : Succeeded", "done");
	assert_int_equal(store_switch_on(world->store, "shop"), 0);
	assert_int_equal(store_stock_refused(world->store, "shop", "17", -7, 1,
	                                     clock_wall_ms() + 60000),
	                 0);
	ask("GET", "/api/itemstask/{}", id, "format=json", 200);
	assert_string_equal(said("status"), "Failed");
	assert_non_null(
		strstr(said("why"), "the shop has nothing with this id"));
	free(id);
	close_shop(conf);
}

static void
test_api_synchronizer__a_key_makes_a_registration_one(void **state)
{
	char *first;
	char *second;

	(void)state;
	register_item(&first, "k", ITEM);
	register_item(&second, "k", ITEM);
	assert_string_equal(first, second);
	post("/api/items", "k",
	     "{\"item_name\":\"Other\",\"item_ecommerce_id\":17,"
	     "\"account_id\":\"agora\"}",
	     409);
	free(first);
	free(second);
}

static void
test_api_synchronizer__an_item_that_cannot_be_is_refused_at_once(void **state)
{
	static const char *const wrong[] = {
		"17",
		"{\"item_ecommerce_id\":17,\"account_id\":\"agora\"}",
		"{\"item_name\":\"x\",\"account_id\":\"agora\"}",
		"{\"item_name\":\"x\",\"item_ecommerce_id\":17}",
		"{\"item_name\":\"x\",\"item_ecommerce_id\":17,"
		"\"account_id\":\"kiosk\"}",
		"{\"item_name\":\"x\\ty\",\"item_ecommerce_id\":17,"
		"\"account_id\":\"agora\"}",
		"{\"item_name\":\"x\",\"item_ecommerce_id\":17,"
		"\"account_id\":\"agora\",\"limit_quantity\":-1}",
		"{\"item_ecommerce_id\":17,\"account_id\":\"agora\","
		"\"is_mobile_client\":true,\"quantity\":3}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		post("/api/items", NULL, wrong[i], 400);
		assert_int_equal(strncmp(json_text(json_root(doc)),
		                         "invalid request", 15),
		                 0);
	}
}

static void
test_api_synchronizer__rows_hold_no_secret_and_no_guess(void **state)
{
	const struct json_node *row;

	(void)state;
	ask("GET", "/api/items/{}", "agora", "shape=synchronizer", 200);
	assert_int_equal(json_length(json_root(doc)), 2);
	row = json_at(json_root(doc), 0);
	assert_string_equal(json_text_or(row, "ecommerceID", ""), "17");
	assert_string_equal(json_text_or(row, "posID", ""), "sq-17");
	assert_string_equal(json_text_or(row, "name", ""), "Feta");
	assert_null(json_find(row, "quantity")); /* null: nobody knows */
	assert_string_equal(
		json_text_or(json_find(row, "pos"), "accountID", ""), "agora");
	assert_null(strstr(buf_text(&reply.body), api_world_secret));
	ask("GET", "/api/items/{}", "agora", "", 200);
	assert_int_equal(json_length(json_find(json_root(doc), "bindings")), 2);
}

/* ---- the switch ---- */

static void
test_api_synchronizer__start_and_stop_may_be_repeated(void **state)
{
	(void)state;
	ask("GET", "/api/synchronizer", NULL, "", 200);
	assert_text("True");
	for (int i = 0; i < 2; i++) {
		ask("POST", "/api/synchronizer/stop", NULL, "", 200);
		assert_text("stopped");
	}
	ask("GET", "/api/synchronizer", NULL, "", 200);
	assert_text("False");
	for (int i = 0; i < 2; i++) {
		ask("POST", "/api/synchronizer/start", NULL, "", 200);
		assert_text("started");
	}
	ask("GET", "/api/synchronizer", NULL, "", 200);
	assert_text("True");
}

static void
test_api_synchronizer__force_update_asks_every_account(void **state)
{
	static const char *const names[] = { "erp", "agora" };

	(void)state;
	ask("POST", "/api/synchronizer/forceUpdate", NULL, "", 200);
	assert_text("pending updated");
	for (size_t i = 0; i < 2; i++) {
		struct mark mark;

		assert_int_equal(store_marks_find(world->store, &mark, names[i],
		                                  MARK_FULL),
		                 0);
		assert_int_equal(mark.cause, MARK_OPERATOR);
		free(mark.member);
	}
}

static void
pause_account(const char *name)
{
	assert_int_equal(store_switch_off(world->store, name), 0);
}

static void
test_api_synchronizer__force_update_leaves_the_paused_alone(void **state)
{
	struct mark mark;

	(void)state;
	pause_account("agora");
	ask("POST", "/api/synchronizer/forceUpdate", NULL, "", 200);
	assert_int_equal(
		store_marks_find(world->store, &mark, "agora", MARK_FULL),
		MARKS_ABSENT);
	assert_int_equal(
		store_marks_find(world->store, &mark, "erp", MARK_FULL), 0);
	free(mark.member);
}

static void
test_api_synchronizer__a_job_of_a_paused_account_says_so(void **state)
{
	char *id;

	(void)state;
	pause_account("erp");
	pause_account("agora");
	sell(NULL, SALE, 202);
	id = text_dup(said("location"));
	job(id, "Job status : Enqueued", "waiting");
	assert_string_equal(said("why"), "its account is paused");
	free(id);
	register_item(&id, NULL, ITEM);
	job(id, "Job status : Enqueued", "waiting");
	assert_string_equal(said("why"), "its account is paused");
	free(id);
}

static const struct health_fact in_trouble[] = { { "breaker", "open" },
	                                         { "why", "no answer" } };

static void
test_api_synchronizer__a_job_that_cannot_begin_says_why(void **state)
{
	char *id;

	(void)state;
	sell(NULL, SALE, 202);
	id = text_dup(said("location"));
	job(id, "Job status : Enqueued", "waiting");
	assert_string_equal(said("why"), "(none)");
	assert_int_equal(store_health_set(world->store, "erp", in_trouble, 2),
	                 0);
	job(id, "Job status : Enqueued", "waiting");
	assert_string_equal(said("why"),
	                    "its account is in trouble: no answer");
	free(id);
}

/* Bound at its account; the shop's turn is still to come. */
static void
test_api_synchronizer__a_job_that_waits_for_the_shop_says_so(void **state)
{
	struct conf *conf = open_shop();
	char *id;

	(void)state;
	register_item(&id, NULL,
	              "{\"item_pos_id\":\"99\",\"item_ecommerce_id\":12,"
	              "\"account_id\":\"cellar\"}");
	assert_int_equal(store_job_note(world->store, id, "working", ""), 0);
	assert_int_equal(store_health_set(world->store, "shop", in_trouble, 2),
	                 0);
	job(id, "Job status : Processing", "working");
	assert_string_equal(said("why"),
	                    "the shop's account is in trouble: no answer");
	close_shop(conf);
	conf = api_world_conf(
		world, "{ \"name\": \"cellar\", \"type\": \"tipsi\", \"url\": "
		       "\"https://127.0.0.1:4000\", \"store\": \"1721\" }");
	world->env.conf = conf;
	job(id, "Job status : Processing", "working");
	assert_string_equal(said("why"),
	                    "the shop's account is no longer configured");
	close_shop(conf);
	free(id);
}

static void
test_api_synchronizer__no_telephone_is_registered(void **state)
{
	(void)state;
	post("/api/mobile/registerToken", NULL,
	     "{\"token\":\"abc\",\"account_id\":\"agora\"}", 422);
	assert_string_equal(json_text_or(json_find(json_root(doc), "error"),
	                                 "code", "(none)"),
	                    "unfit");
}

static void
test_api_synchronizer__its_dashboard_is_our_page(void **state)
{
	(void)state;
	(void)forget(NULL);
	assert_int_equal(
		api_world_ask(world, &reply, "GET", "/hangfire", NULL, ""), 0);
	assert_int_equal(reply.status, 302);
	assert_string_equal(buf_text(&reply.extra), "Location: /status\r\n");
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(test_api_synchronizer__##name, begin, \
	                                forget)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_sale_is_answered_as_ever),
		TEST(lines_gifts_and_numbers_as_text),
		TEST(the_entry_holds_what_was_sold),
		TEST(without_a_key_each_call_is_a_sale),
		TEST(with_a_key_a_repeat_is_the_same_sale),
		TEST(a_sale_that_cannot_be_is_refused_at_once),
		TEST(who_records_no_sales_gets_none),
		TEST(a_shop_with_variants_sells_by_its_own_id),
		TEST(a_job_tells_how_its_sale_is_doing),
		TEST(a_sale_whose_account_is_gone_has_failed),
		TEST(a_job_that_was_never_given_is_absent),
		TEST(an_item_becomes_a_job_of_its_account),
		TEST(the_shop_is_no_account_to_register_at),
		TEST(what_the_shop_does_not_have_is_no_success),
		TEST(a_key_makes_a_registration_one),
		TEST(an_item_that_cannot_be_is_refused_at_once),
		TEST(rows_hold_no_secret_and_no_guess),
		TEST(start_and_stop_may_be_repeated),
		TEST(force_update_asks_every_account),
		TEST(force_update_leaves_the_paused_alone),
		TEST(a_job_of_a_paused_account_says_so),
		TEST(a_job_that_cannot_begin_says_why),
		TEST(a_job_that_waits_for_the_shop_says_so),
		TEST(no_telephone_is_registered),
		TEST(its_dashboard_is_our_page),
	};

	return cmocka_run_group_tests(tests, api_world_setup,
	                              api_world_teardown);
}
