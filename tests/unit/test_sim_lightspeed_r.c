/*
 * The simulated Lightspeed R keeps the vendor's rules, so that a scenario that
 * passes against it means something.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "tests/sim/fault.h"
#include "tests/sim/lightspeed_r.h"
#include "tests/support/fake_clock.h"
#include "tests/support/till_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a world of six products, and one in sizes; time stands still ---- */

struct world {
	struct till_world at;
	struct lightspeed_r r;
	char access[4000]; /* tokens at hand */
	char refresh[1000];
};

static int
ask_whole(struct world *w, const char *method, const char *target,
          const char *body, const char *type)
{
	char bearer[4100];
	const struct till_request request = {
		.serve = lsr_serve,
		.till = &w->r,
		.method = method,
		.root = "",
		.target = target,
		.body = body,
		.headers = { { "Authorization", bearer },
		             { "Content-Type", type },
		             { "Host", "ls.test" } },
		.n_headers = 3,
	};

	snprintf(bearer, sizeof(bearer), "Bearer %s", w->access);
	return till_ask(&w->at, &request);
}

static int
ask(struct world *w, const char *method, const char *what, const char *body)
{
	char target[400];

	snprintf(target, sizeof(target), "/API/V3/Account/100/%s", what);
	return ask_whole(w, method, target, body, "application/json");
}

static int
get(struct world *w, const char *what)
{
	return ask(w, "GET", what, "");
}

static int
refresh_by(struct world *w, const char *token)
{
	struct buf body = BUF_INIT;
	int status;

	buf_addf(&body,
	         "{\"client_id\":\"client\",\"client_secret\":\"secret\","
	         "\"grant_type\":\"refresh_token\",\"refresh_token\":\"%s\"}",
	         token);
	status = ask_whole(w, "POST", "/auth/oauth/token", buf_text(&body),
	                   "application/json");
	buf_fini(&body);
	return status;
}

/* Take the pair out of the answer. */
static void
take_pair(struct world *w)
{
	struct json *doc = NULL;

	assert_int_equal(
		json_parse(&doc, w->at.reply.body.p, w->at.reply.body.n), 0);
	snprintf(w->access, sizeof(w->access), "%s",
	         json_text_or(json_root(doc), "access_token", ""));
	snprintf(w->refresh, sizeof(w->refresh), "%s",
	         json_text_or(json_root(doc), "refresh_token", ""));
	json_free(doc);
}

static int
set_up(void **state)
{
	const struct lsr_options options = { .client_id = "client",
		                             .client_secret = "secret",
		                             .refresh_token = "first" };
	struct world *w = sim_alloc(sizeof(*w));

	fake_clock_start(1700000000000, 5000000);
	till_world_open(&w->at, 1);
	lsr_init(&w->r, &w->at.sim, &options);
	assert_int_equal(refresh_by(w, "first"), 200);
	take_pair(w);
	w->r.is.burst_max = 1000;
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	lsr_fini(&w->r);
	till_world_close(&w->at);
	free(w);
	fake_clock_stop();
	return 0;
}

static const char *
control(struct world *w, const char *what, const char *body)
{
	return till_command(&lsr_hands, &w->r, what, body);
}

static struct lsr_thing *
first(struct world *w)
{
	return w->r.things[0];
}

/* The body of a sale of the first item. */
static const char *
sale_body(struct world *w, int quantity, const char *more)
{
	static char text[600];

	snprintf(
		text, sizeof(text),
		"{\"employeeID\":2,\"registerID\":1,\"shopID\":1,"
		"\"referenceNumber\":\"erp-1\",\"SaleLines\":{\"SaleLine\":"
		"{\"itemID\":%lld,\"unitQuantity\":%d,\"unitPrice\":\"10.00\"}}"
		"%s}",
		(long long)first(w)->id, quantity, more);
	return text;
}

/* What two at 10.00 come to, with the tax of the first item. */
static const char *
total_of_two(struct world *w)
{
	static char text[DECIMAL_TEXT_SIZE];

	return decimal_format(
		text, decimal_of_scaled(20 * (100 + first(w)->goods.vat), 2));
}

/* Complete and paid like this. */
static const char *
paid_body(struct world *w, int type, const char *amount)
{
	static char text[300];

	snprintf(text, sizeof(text),
	         ",\"completed\":true,\"SalePayments\":{\"SalePayment\":"
	         "{\"amount\":\"%s\",\"paymentTypeID\":%d}}",
	         amount, type);
	return sale_body(w, 2, text);
}

/* ---- tokens ---- */

static void
test_sim_lightspeed_r__the_old_refresh_token_dies_at_first_use(void **state)
{
	struct world *w = *state;
	char old[1000];

	/* not yet: the new access token was not used */
	assert_int_equal(refresh_by(w, "first"), 200);
	take_pair(w);
	memcpy(old, w->refresh, sizeof(old));
	assert_int_equal(get(w, "Shop.json"), 200);
	assert_int_equal(refresh_by(w, "first"), 400);
	assert_true(till_says(&w->at, "\"error\":\"invalid_grant\""));
	assert_int_equal(refresh_by(w, old), 200);
}

static void
test_sim_lightspeed_r__the_other_pairs_die_with_it(void **state)
{
	struct world *w = *state;
	char other[1000];

	memcpy(other, w->refresh, sizeof(other));
	assert_int_equal(refresh_by(w, "first"), 200);
	take_pair(w);
	assert_int_equal(get(w, "Shop.json"), 200);
	assert_int_equal(refresh_by(w, other), 400);
}

static void
test_sim_lightspeed_r__an_access_token_expires(void **state)
{
	struct world *w = *state;

	assert_int_equal(get(w, "Shop.json"), 200);
	fake_clock_advance(1800 * 1000);
	assert_int_equal(get(w, "Shop.json"), 401);
	assert_true(till_says(&w->at, "\"error\":\"access_denied\""));
}

static void
test_sim_lightspeed_r__an_unused_refresh_token_dies_after_30_days(void **state)
{
	struct world *w = *state;

	fake_clock_advance((int64_t)30 * 24 * 3600 * 1000 - 1);
	assert_int_equal(refresh_by(w, w->refresh), 200);
	fake_clock_advance(1);
	assert_int_equal(refresh_by(w, w->refresh), 400);
}

static void
test_sim_lightspeed_r__five_refreshes_a_minute(void **state)
{
	struct world *w = *state;
	int i;

	for (i = 0; i < 4; i++) /* and one when the world began */
		assert_int_equal(refresh_by(w, "first"), 200);
	assert_int_equal(refresh_by(w, "first"), 429);
	assert_true(till_heads(&w->at, "Retry-After: 60"));
	fake_clock_advance(60000);
	assert_int_equal(refresh_by(w, "first"), 200);
}

static void
test_sim_lightspeed_r__tokens_are_asked_for_in_json_or_multipart(void **state)
{
	static const char form[] =
		"--b\r\nContent-Disposition: form-data; "
		"name=\"client_id\"\r\n\r\nclient\r\n"
		"--b\r\nContent-Disposition: form-data; "
		"name=\"client_secret\"\r\n\r\nsecret\r\n"
		"--b\r\nContent-Disposition: form-data; "
		"name=\"grant_type\"\r\n\r\nrefresh_token\r\n"
		"--b\r\nContent-Disposition: form-data; "
		"name=\"refresh_token\"\r\n\r\nfirst\r\n--b--\r\n";
	struct world *w = *state;

	assert_int_equal(ask_whole(w, "POST", "/auth/oauth/token", form,
	                           "multipart/form-data; boundary=b"),
	                 200);
	assert_int_equal(ask_whole(w, "POST", "/auth/oauth/token",
	                           "client_id=client&client_secret=secret",
	                           "application/x-www-form-urlencoded"),
	                 400);
	assert_true(till_says(&w->at, "invalid_request"));
}

static void
test_sim_lightspeed_r__a_wrong_client_is_told_so(void **state)
{
	struct world *w = *state;

	assert_int_equal(
		ask_whole(w, "POST", "/auth/oauth/token",
	                  "{\"client_id\":\"client\",\"client_secret\":\"x\","
	                  "\"grant_type\":\"refresh_token\",\"refresh_token\":"
	                  "\"first\"}",
	                  "application/json"),
		401);
	assert_true(till_says(&w->at, "invalid_client"));
}

static void
test_sim_lightspeed_r__tokens_are_long_and_of_different_length(void **state)
{
	struct world *w = *state;
	size_t n = strlen(w->access);

	assert_true(n > 500);
	assert_int_equal(refresh_by(w, "first"), 200);
	take_pair(w);
	assert_int_not_equal(strlen(w->access), n);
	assert_memory_equal(w->access, "eyJ", 3);
}

static void
test_sim_lightspeed_r__a_code_is_good_for_a_minute(void **state)
{
	struct world *w = *state;
	char body[300];

	assert_null(control(w, "tokens", "{\"code\":true}"));
	snprintf(body, sizeof(body),
	         "{\"client_id\":\"client\",\"client_secret\":\"secret\","
	         "\"grant_type\":\"authorization_code\",\"code\":\"%s\"}",
	         w->r.code);
	fake_clock_advance(59999);
	assert_int_equal(ask_whole(w, "POST", "/auth/oauth/token", body,
	                           "application/json"),
	                 200);
	assert_int_equal(ask_whole(w, "POST", "/auth/oauth/token", body,
	                           "application/json"),
	                 400);
}

static void
test_sim_lightspeed_r__a_call_needs_its_scope(void **state)
{
	struct world *w = *state;

	assert_null(control(w, "switches",
	                    "{\"scopes\":\"employee:inventory_read\"}"));
	assert_int_equal(get(w, "ItemShop.json"), 200);
	assert_int_equal(get(w, "Sale.json"), 403);
	assert_int_equal(get(w, "InventoryLog.json"), 403);
	assert_null(control(w, "switches",
	                    "{\"scopes\":\"employee:inventory_log\"}"));
	assert_int_equal(get(w, "InventoryLog.json"), 403);
	assert_null(control(w, "switches",
	                    "{\"scopes\":\"employee:inventory_log "
	                    "employee:product_cost\"}"));
	assert_int_equal(get(w, "InventoryLog.json"), 200);
}

/* ---- the door ---- */

static void
test_sim_lightspeed_r__without_json_it_is_xml(void **state)
{
	struct world *w = *state;

	assert_int_equal(get(w, "Shop"), 200);
	assert_string_equal(w->at.reply.content_type,
	                    "application/vnd.merchantos.pos-v1+xml");
	assert_true(till_says(&w->at, "<Shop><shopID>1</shopID>"));
}

static void
test_sim_lightspeed_r__the_second_version_has_ended(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask_whole(w, "GET", "/API/Account/100/Shop.json", "",
	                           "application/json"),
	                 404);
	assert_int_equal(ask_whole(w, "GET", "/API/V3/Account/7/Shop.json", "",
	                           "application/json"),
	                 404);
}

static void
test_sim_lightspeed_r__the_bucket_lets_one_pass_and_then_refuses(void **state)
{
	struct world *w = *state;

	assert_null(control(w, "switches", "{\"bucket_size\":3}"));
	get(w, "Shop.json");
	get(w, "Shop.json");
	get(w, "Shop.json"); /* level 3 now */
	assert_int_equal(w->at.reply.status, 200);
	assert_int_equal(get(w, "Shop.json"), 429);
	assert_true(till_heads(&w->at,
	                       "X-LS-API-RateLimit-Type: api-leaky-bucket"));
	assert_true(till_heads(&w->at, "Retry-After: 1\r\n"));
	fake_clock_advance(1000);
	assert_int_equal(get(w, "Shop.json"), 200);
}

static void
test_sim_lightspeed_r__levels_are_fractions_in_varying_case(void **state)
{
	struct world *w = *state;

	get(w, "Item.json?load_relations=%5B%22ItemShops%22%5D");
	assert_true(till_heads(&w->at, "ucket-") ||
	            till_heads(&w->at, "bucket-"));
	assert_true(till_heads(&w->at, "evel: 1.40/90\r\n"));
	get(w, "Shop.json");
	assert_true(till_heads(&w->at, "evel: 2.40/90\r\n"));
	assert_true(till_heads(&w->at, "X-LS-API-Bucket-Level") !=
	            (w->r.n_answers % 2 == 1));
}

static void
test_sim_lightspeed_r__a_second_takes_so_many_calls(void **state)
{
	struct world *w = *state;

	assert_null(control(w, "switches", "{\"burst_max\":2}"));
	get(w, "Shop.json");
	get(w, "Shop.json");
	assert_int_equal(get(w, "Shop.json"), 429);
	assert_true(till_heads(&w->at, "api-burst-limiter"));
	fake_clock_advance(1000);
	assert_int_equal(get(w, "Shop.json"), 200);
}

static void
test_sim_lightspeed_r__a_completed_sale_costs_what_it_should(void **state)
{
	struct world *w = *state;

	ask(w, "POST", "Sale.json", paid_body(w, LSR_CARD, total_of_two(w)));
	assert_int_equal(w->at.reply.status, 200);
	/* 2 for a sale, 3 as it is completed, half of one for line and payment */
	assert_true(till_heads(&w->at, "X-LS-API-Request-Cost: 6\r\n"));
	get(w, "Item.json?count=1");
	assert_true(till_heads(&w->at, "X-LS-API-Request-Cost: 10\r\n"));
	assert_true(till_says(&w->at, "{\"@attributes\":{\"count\":\""));
}

/* ---- lists ---- */

static void
test_sim_lightspeed_r__every_scalar_is_a_text(void **state)
{
	struct world *w = *state;
	const char *p;

	assert_int_equal(get(w, "ItemShop.json"), 200);
	for (p = strstr(w->at.reply.body.p, "\":"); p != NULL;
	     p = strstr(p + 2, "\":"))
		assert_true(p[2] == '"' || p[2] == '{' || p[2] == '[');
	get(w, "Register.json");
	assert_true(till_says(&w->at, "\"open\":\"true\""));
}

static void
test_sim_lightspeed_r__one_is_no_array_and_none_is_not_there(void **state)
{
	struct world *w = *state;

	get(w, "Register.json");
	assert_true(till_says(&w->at, "\"Register\":{\"registerID\":\"1\""));
	get(w, "Shop.json");
	assert_true(till_says(&w->at, "\"Shop\":[{\"shopID\":\"1\""));
	get(w, "Sale.json");
	assert_false(till_says(&w->at, "\"Sale\""));
}

static void
test_sim_lightspeed_r__shop_0_is_the_sum(void **state)
{
	struct world *w = *state;
	char what[100];
	char row[60];

	assert_null(control(w, "switches", "{\"level\":0}"));
	snprintf(what, sizeof(what),
	         "{\"item\":\"%lld\",\"shop\":2,\"quantity\":4}",
	         (long long)first(w)->id);
	assert_null(control(w, "receive", what));
	snprintf(what, sizeof(what), "ItemShop.json?itemID=%lld&shopID=0",
	         (long long)first(w)->id);
	assert_int_equal(get(w, what), 200);
	snprintf(row, sizeof(row), "\"qoh\":\"%lld\"",
	         (long long)first(w)->shops[0].qoh + 4);
	assert_true(till_says(&w->at, row));
}

static void
test_sim_lightspeed_r__a_shop_without_stock_has_no_row(void **state)
{
	struct world *w = *state;

	get(w, "ItemShop.json?shopID=2");
	assert_false(till_says(&w->at, "\"ItemShop\""));
}

static void
test_sim_lightspeed_r__pages_follow_an_absolute_address(void **state)
{
	struct world *w = *state;
	struct json *doc = NULL;
	char next[400];
	size_t i;

	get(w, "Item.json?limit=4");
	assert_int_equal(
		json_parse(&doc, w->at.reply.body.p, w->at.reply.body.n), 0);
	assert_int_equal(json_length(json_find(json_root(doc), "Item")), 4);
	snprintf(next, sizeof(next), "%s",
	         json_text_or(json_find(json_root(doc), "@attributes"), "next",
	                      ""));
	json_free(doc);
	assert_memory_equal(
		next,
		"http://ls.test/API/V3/Account/100/Item.json?limit=4"
		"&after=",
		58);
	ask_whole(w, "GET", next + strlen("http://ls.test"), "", "");
	for (i = 0; i < 4; i++) {
		snprintf(next, sizeof(next), "\"itemID\":\"%lld\"",
		         (long long)w->r.things[i]->id);
		assert_false(till_says(&w->at, next));
	}
	snprintf(next, sizeof(next), "\"itemID\":\"%lld\"",
	         (long long)w->r.things[4]->id);
	assert_true(till_says(&w->at, next));
	assert_true(till_says(&w->at, "\"next\":\"\""));
}

static void
test_sim_lightspeed_r__what_cannot_be_is_refused(void **state)
{
	struct world *w = *state;

	assert_int_equal(get(w, "Item.json?limit=101"), 400);
	assert_int_equal(get(w, "Item.json?sort=description"), 400);
	assert_int_equal(get(w, "InventoryLog.json?sort=createTime"), 400);
	assert_int_equal(get(w, "Item.json?colour=red"), 400);
	assert_int_equal(get(w, "Item.json?load_relations=%5B%22X%22%5D"), 400);
	assert_int_equal(get(w, "Item.json?count=1&limit=5"), 400);
	assert_int_equal(get(w, "Rubbish.json"), 404);
	assert_int_equal(ask(w, "DELETE", "Item/1.json", ""), 405);
}

static void
test_sim_lightspeed_r__operators_search(void **state)
{
	struct world *w = *state;
	char what[200];

	snprintf(what, sizeof(what), "Item.json?customSku=%s",
	         first(w)->goods.sku);
	get(w, what);
	assert_true(till_says(&w->at, "\"Item\":{"));
	snprintf(what, sizeof(what), "Item.json?itemCode=%s",
	         first(w)->goods.barcode);
	get(w, what);
	assert_true(till_says(&w->at, "\"Item\":{"));
	snprintf(what, sizeof(what), "Item.json?itemID=IN,%%5B%lld,%lld%%5D",
	         (long long)first(w)->id, (long long)w->r.things[1]->id);
	get(w, what);
	assert_true(till_says(&w->at, "\"Item\":[{"));
	get(w, "Item.json?customSku=~,21-%25");
	assert_true(till_says(&w->at, "\"Item\":["));
	get(w, "Item.json?customSku=%21~,%25");
	assert_false(till_says(&w->at, "\"Item\""));
	get(w, "Item.json?ItemShops.qoh=%3C,0");
	assert_false(till_says(&w->at, "\"Item\""));
	snprintf(what, sizeof(what),
	         "Item.json?or=itemID%%3D%lld%%7CitemID%%3D1",
	         (long long)first(w)->id);
	get(w, what);
	assert_true(till_says(&w->at, "\"Item\":{"));
}

static void
test_sim_lightspeed_r__stock_moves_its_row_and_not_its_item(void **state)
{
	struct world *w = *state;
	int64_t before_us = first(w)->stamp_us;
	char what[160];
	char at[SIM_TIME_SIZE];

	snprintf(what, sizeof(what), "{\"item\":\"%lld\",\"quantity\":1}",
	         (long long)first(w)->id);
	first(w)->shops[0].stamp_us = 1000000;
	first(w)->sum.stamp_us = 1000000;
	assert_null(control(w, "receive", what));
	assert_int_equal(first(w)->stamp_us, before_us);
	lsr_time(at, before_us);
	at[19] = '\0';
	snprintf(what, sizeof(what),
	         "ItemShop.json?sort=timeStamp&itemID=%lld&timeStamp="
	         "%%3E%%3D%%2C%s%%2B00:00",
	         (long long)first(w)->id, at);
	get(w, what);
	assert_true(till_says(&w->at, "\"ItemShop\":["));
}

/* ---- writes ---- */

static void
test_sim_lightspeed_r__an_item_is_set_for_one_shop(void **state)
{
	struct world *w = *state;
	char what[60];

	snprintf(what, sizeof(what), "Item/%lld.json", (long long)first(w)->id);
	assert_int_equal(ask(w, "PUT", what,
	                     "{\"ItemShops\":{\"ItemShop\":{\"shopID\":1,"
	                     "\"qoh\":3}}}"),
	                 200);
	assert_int_equal(first(w)->shops[0].qoh, 3);
	assert_int_equal(first(w)->sum.qoh, 3);
	assert_int_equal(ask(w, "PUT", what,
	                     "{\"ItemShops\":{\"ItemShop\":[{\"shopID\":1,"
	                     "\"qoh\":4},{\"shopID\":1,\"qoh\":5}]}}"),
	                 400);
	assert_int_equal(ask(w, "PUT", what,
	                     "{\"ItemShops\":{\"ItemShop\":{\"shopID\":0,"
	                     "\"qoh\":3}}}"),
	                 422);
	assert_int_equal(ask(w, "PUT", what,
	                     "{\"ItemShops\":{\"ItemShop\":{\"shopID\":1,"
	                     "\"qoh\":-1}}}"),
	                 422);
	assert_int_equal(ask(w, "PUT", what,
	                     "{\"ItemShops\":{\"ItemShop\":{\"shopID\":1,"
	                     "\"qoh\":1.5}}}"),
	                 422);
	assert_int_equal(first(w)->shops[0].qoh, 3);
}

static void
test_sim_lightspeed_r__an_item_shop_takes_no_quantity(void **state)
{
	struct world *w = *state;
	int64_t before = first(w)->shops[0].qoh;
	char what[60];

	snprintf(what, sizeof(what), "ItemShop/%lld.json",
	         (long long)first(w)->shops[0].id);
	assert_int_equal(ask(w, "PUT", what, "{\"qoh\":1,\"reorderPoint\":5}"),
	                 200);
	assert_int_equal(first(w)->shops[0].qoh, before);
	assert_int_equal(first(w)->shops[0].reorder_point, 5);
}

static void
test_sim_lightspeed_r__a_count_is_so_when_reconciled(void **state)
{
	struct world *w = *state;
	int64_t before = first(w)->shops[0].qoh;
	char body[200];

	assert_int_equal(ask(w, "POST", "InventoryCount.json",
	                     "{\"name\":\"c\",\"shopID\":1}"),
	                 200);
	snprintf(body, sizeof(body),
	         "{\"inventoryCountID\":%lld,\"itemID\":%lld,\"qty\":75,"
	         "\"employeeID\":2}",
	         (long long)w->r.counts[0].id, (long long)first(w)->id);
	assert_int_equal(ask(w, "POST", "InventoryCountItem.json", body), 200);
	assert_int_equal(first(w)->shops[0].qoh, before);
	snprintf(body, sizeof(body), "{\"inventoryCountID\":%lld}",
	         (long long)w->r.counts[0].id);
	assert_int_equal(ask(w, "POST", "InventoryCountReconcile.json", body),
	                 200);
	assert_int_equal(first(w)->shops[0].qoh, 75);
	assert_true(till_heads(&w->at, "X-LS-API-Request-Cost: 10\r\n"));
}

/* ---- sales ---- */

static void
test_sim_lightspeed_r__payments_equal_the_total_with_tax(void **state)
{
	struct world *w = *state;
	int64_t before = first(w)->shops[0].qoh;

	assert_int_equal(
		ask(w, "POST", "Sale.json", paid_body(w, LSR_CARD, "20.00")),
		422);
	assert_int_equal(
		ask(w, "POST", "Sale.json", paid_body(w, LSR_CARD, "99.00")),
		422);
	assert_int_equal(w->r.n_sales, 0);
	assert_int_equal(first(w)->shops[0].qoh, before);
	assert_int_equal(ask(w, "POST", "Sale.json",
	                     paid_body(w, LSR_CARD, total_of_two(w))),
	                 200);
	assert_int_equal(first(w)->shops[0].qoh, before - 2);
	assert_true(till_says(&w->at, "\"SaleLines\":{\"SaleLine\":{"));
	assert_int_equal(
		ask(w, "POST", "Sale.json", paid_body(w, LSR_CASH, "99.00")),
		200);
	assert_false(till_says(&w->at, "\"change\":\"0\""));
}

static void
test_sim_lightspeed_r__stock_moves_on_completion_only(void **state)
{
	struct world *w = *state;
	int64_t before = first(w)->shops[0].qoh;
	char what[60];
	char body[200];

	assert_int_equal(ask(w, "POST", "Sale.json", sale_body(w, 2, "")), 200);
	assert_true(till_says(&w->at, "\"completed\":\"false\""));
	assert_int_equal(first(w)->shops[0].qoh, before);
	get(w, "Sale.json?referenceNumber=erp-1");
	assert_true(till_says(&w->at, "\"Sale\":{"));
	snprintf(what, sizeof(what), "Sale/%lld.json",
	         (long long)w->r.sales[0]->id);
	snprintf(body, sizeof(body),
	         "{\"completed\":true,\"SalePayments\":{\"SalePayment\":"
	         "{\"amount\":\"%s\",\"paymentTypeID\":7}}}",
	         total_of_two(w));
	assert_int_equal(ask(w, "PUT", what, body), 200);
	assert_int_equal(first(w)->shops[0].qoh, before - 2);
	assert_int_equal(ask(w, "PUT", what, body), 422);
	assert_int_equal(first(w)->shops[0].qoh, before - 2);
}

static void
test_sim_lightspeed_r__a_refund_gives_back_once(void **state)
{
	struct world *w = *state;
	static const char body[] =
		"{\"employeeID\":2,\"registerID\":1,\"shopID\":1,"
		"\"SalePayments\":{\"SalePayment\":{\"paymentTypeID\":7}}}";
	int64_t before = first(w)->shops[0].qoh;
	char what[80];

	ask(w, "POST", "Sale.json", paid_body(w, LSR_CARD, total_of_two(w)));
	snprintf(what, sizeof(what), "Sale/%lld/refund.json",
	         (long long)w->r.sales[0]->id);
	assert_int_equal(ask(w, "POST", what, body), 200);
	assert_true(till_says(&w->at, "\"unitQuantity\":\"-2\""));
	assert_int_equal(first(w)->shops[0].qoh, before);
	assert_int_equal(ask(w, "POST", what, body), 422);
	assert_int_equal(first(w)->shops[0].qoh, before);
}

static void
test_sim_lightspeed_r__wrong_places_and_payments_are_refused(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask(w, "POST", "Sale.json", "{\"shopID\":1}"), 422);
	assert_int_equal(
		ask(w, "POST", "Sale.json", paid_body(w, 3, total_of_two(w))),
		422);
	assert_int_equal(ask(w, "POST", "Sale.json",
	                     sale_body(w, 1, ",\"colour\":\"red\"")),
	                 400);
	assert_int_equal(ask(w, "POST", "Sale.json", sale_body(w, -1, "")),
	                 422);
	assert_int_equal(w->r.n_sales, 0);
}

static void
test_sim_lightspeed_r__the_log_may_be_back_dated(void **state)
{
	struct world *w = *state;
	char body[160];

	snprintf(body, sizeof(body),
	         "{\"lines\":[{\"item\":\"%lld\"}],\"closed_ago_s\":3600}",
	         (long long)first(w)->id);
	assert_null(control(w, "sell", "{\"lines\":[{\"sku\":\"21-0001\"}]}"));
	assert_null(control(w, "sell", body));
	assert_int_equal(w->r.n_logs, 2);
	assert_true(w->r.logs[1].created_us < w->r.logs[0].created_us);
	get(w, "InventoryLog.json?sort=inventoryLogID&inventoryLogID=%3E,1");
	assert_true(till_says(&w->at,
	                      "\"InventoryLog\":{\"inventoryLogID\":\"2\""));
	assert_true(till_says(&w->at, "\"reason\":\"RemoveForTransaction\""));
}

static void
test_sim_lightspeed_r__what_happens_at_the_till_adds_up(void **state)
{
	struct world *w = *state;
	struct lsr_thing *t = first(w);
	int64_t before = t->shops[0].qoh;

	assert_null(control(w, "sell",
	                    "{\"lines\":[{\"sku\":\"21-0001\","
	                    "\"quantity\":3}]}"));
	assert_null(
		control(w, "return", "{\"lines\":[{\"sku\":\"21-0001\"}]}"));
	assert_null(control(w, "move",
	                    "{\"sku\":\"21-0001\",\"from\":1,\"to\":2,"
	                    "\"quantity\":4}"));
	assert_int_equal(t->shops[0].qoh, before - 3 + 1 - 4);
	assert_int_equal(t->shops[1].qoh, 4);
	assert_int_equal(t->sum.qoh, before - 2);
	assert_null(
		control(w, "count", "{\"sku\":\"21-0001\",\"quantity\":7}"));
	assert_int_equal(t->shops[0].qoh, 7);
}

static void
test_sim_lightspeed_r__a_voided_sale_brings_its_stock_back(void **state)
{
	struct world *w = *state;
	int64_t before = first(w)->shops[0].qoh;
	char body[60];

	assert_null(control(w, "sell", "{\"lines\":[{\"sku\":\"21-0001\"}]}"));
	snprintf(body, sizeof(body), "{\"sale\":%lld}",
	         (long long)w->r.sales[0]->id);
	assert_null(control(w, "void", body));
	assert_int_equal(first(w)->shops[0].qoh, before);
	get(w, "Sale.json");
	assert_true(till_says(&w->at, "\"voided\":\"true\""));
}

static void
test_sim_lightspeed_r__an_edit_conflict_comes_on_demand(void **state)
{
	static const char order[] = "{\"system\":\"lightspeed_r\",\"mode\":"
				    "\"status:409\",\"path\":\"PUT\"}";
	struct world *w = *state;
	struct json *doc = NULL;

	assert_int_equal(json_parse(&doc, order, strlen(order)), 0);
	assert_null(fault_add(&w->at.sim, json_root(doc)));
	json_free(doc);
	assert_int_equal(ask(w, "PUT", "Item/1.json", "{}"), 409);
	assert_true(till_says(&w->at, "\"httpCode\":\"409\""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__the_old_refresh_token_dies_at_first_use,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__the_other_pairs_die_with_it,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__an_access_token_expires, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__an_unused_refresh_token_dies_after_30_days,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__five_refreshes_a_minute, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__tokens_are_asked_for_in_json_or_multipart,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__a_wrong_client_is_told_so,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__tokens_are_long_and_of_different_length,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__a_code_is_good_for_a_minute,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__a_call_needs_its_scope, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__without_json_it_is_xml, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__the_second_version_has_ended,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__the_bucket_lets_one_pass_and_then_refuses,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__levels_are_fractions_in_varying_case,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__a_second_takes_so_many_calls,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__a_completed_sale_costs_what_it_should,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__every_scalar_is_a_text, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__one_is_no_array_and_none_is_not_there,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__shop_0_is_the_sum, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__a_shop_without_stock_has_no_row,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__pages_follow_an_absolute_address,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__what_cannot_be_is_refused,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__operators_search, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__stock_moves_its_row_and_not_its_item,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__an_item_is_set_for_one_shop,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__an_item_shop_takes_no_quantity,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__a_count_is_so_when_reconciled,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__payments_equal_the_total_with_tax,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__stock_moves_on_completion_only,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__a_refund_gives_back_once, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__wrong_places_and_payments_are_refused,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__the_log_may_be_back_dated,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__what_happens_at_the_till_adds_up,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__a_voided_sale_brings_its_stock_back,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_r__an_edit_conflict_comes_on_demand,
			set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
