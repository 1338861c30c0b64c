/*
 * The simulated Lightspeed X keeps the vendor's rules, so that a scenario that
 * passes against it means something. Hooks are kept instead of sent.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "tests/sim/lightspeed_x.h"
#include "tests/support/fake_clock.h"
#include "tests/support/till_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a world of six products, and one in sizes; time stands still ---- */

#define OUTLET  "0a000001-0000-4000-8000-000000000001"
#define TILL    "0a000002-0000-4000-8000-000000000001"
#define USER    "0a000003-0000-4000-8000-000000000001"
#define CARD    "0a000004-0000-4000-8000-000000000002"
#define TAX     "0a000005-0000-4000-8000-000000000001"
#define PRODUCT "0a000006-0000-4000-8000-000000000001"
#define SALE    "5a1e0000-0000-4000-8000-000000000001"
#define FORM    "application/x-www-form-urlencoded"

struct world {
	struct till_world at;
	struct lightspeed_x x;
	const char *token;
	const char *agent;
};

static int
set_up(void **state)
{
	const struct lsx_options options = {
		.token = "personal",
		.client_id = "client",
		.client_secret = "vend_client_secret",
		.refresh_token = "first",
		.hook_url = "https://gw.example.com/hooks/x",
	};
	struct world *w = sim_alloc(sizeof(*w));

	fake_clock_start(1700000000000, 5000000);
	till_world_open(&w->at, 1);
	till_world_sign_hooks("vend_client_secret");
	lsx_init(&w->x, &w->at.sim, &options);
	w->token = "personal";
	w->agent = "tillbridge";
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	lsx_fini(&w->x);
	till_world_close(&w->at);
	free(w);
	fake_clock_stop();
	return 0;
}

static int
ask(struct world *w, const char *method, const char *target, const char *body)
{
	char bearer[100];
	const struct till_request request = {
		.serve = lsx_serve,
		.till = &w->x,
		.method = method,
		.root = "/api/",
		.target = target,
		.body = body,
		.headers = { { "Authorization", bearer },
		             { "Content-Type",
		               body[0] == '{' ? "application/json" : FORM },
		             { "User-Agent", w->agent } },
		.n_headers = 3,
	};

	snprintf(bearer, sizeof(bearer), "Bearer %s", w->token);
	return till_ask(&w->at, &request);
}

static int
get(struct world *w, const char *target)
{
	return ask(w, "GET", target, "");
}

static int
refresh_by(struct world *w, const char *token)
{
	char body[300];

	snprintf(body, sizeof(body),
	         "grant_type=refresh_token&client_id=client&"
	         "client_secret=vend_client_secret&refresh_token=%s",
	         token);
	return ask(w, "POST", "1.0/token", body);
}

static const char *
control(struct world *w, const char *what, const char *body)
{
	return till_command(&lsx_hands, &w->x, what, body);
}

static void
assert_level(struct world *w, struct decimal before, int64_t by)
{
	assert_int_equal(decimal_cmp(w->x.things[0]->levels[0].count,
	                             decimal_add(before, decimal_of(by))),
	                 0);
}

static struct decimal
level(struct world *w)
{
	return w->x.things[0]->levels[0].count;
}

/* Two at 10.00 and 2.40 of tax; paid like that. */
static const char *
sale_body(const char *state, const char *amount)
{
	static char text[900];
	char paid[200] = "";

	if (amount != NULL)
		snprintf(paid, sizeof(paid),
		         ",\"payments\":[{\"amount\":%s,\"type\":{"
		         "\"config_id\":\"" CARD "\"}}]",
		         amount);
	snprintf(text, sizeof(text),
	         "{\"id\":\"" SALE "\",\"state\":\"%s\",\"source\":{"
	         "\"author_id\":\"" USER "\",\"register_id\":\"" TILL
	         "\",\"id\":\"order 17\",\"type\":\"Tillbridge\"},"
	         "\"line_items\":[{\"product\":{\"id\":\"" PRODUCT
	         "\"},\"quantity\":2,\"pricing\":{\"price\":10.0},"
	         "\"tax\":{\"id\":\"" TAX "\",\"amount\":2.4}}]%s}",
	         state, paid);
	return text;
}

static const char *
adjustment(const char *quantity, const char *reason)
{
	static char text[400];

	snprintf(text, sizeof(text),
	         "{\"stock_adjustments\":[{\"product_id\":\"" PRODUCT
	         "\",\"outlet_id\":\"" OUTLET
	         "\",\"quantity\":%s,\"reason\":\"%s\"}]}",
	         quantity, reason);
	return text;
}

/* ---- the door ---- */

static void
test_sim_lightspeed_x__refuses_a_wrong_token_and_no_user_agent(void **state)
{
	struct world *w = *state;

	w->token = "other";
	assert_int_equal(get(w, "2.0/outlets"), 401);
	w->token = "personal";
	w->agent = "";
	assert_int_equal(get(w, "2.0/outlets"), 400);
	assert_true(till_says(&w->at, "User-Agent"));
}

static void
test_sim_lightspeed_x__a_refresh_kills_both_old_tokens_at_once(void **state)
{
	struct world *w = *state;
	char access[48];
	char old[48];

	assert_int_equal(refresh_by(w, "first"), 200);
	assert_true(till_says(&w->at, "\"expires_in\":86400"));
	assert_true(till_says(&w->at, "\"expires\":1700086400"));
	assert_int_equal(refresh_by(w, "first"), 400);
	memcpy(access, w->x.tokens[1].access, sizeof(access));
	memcpy(old, w->x.tokens[1].refresh, sizeof(old));
	w->token = access;
	assert_int_equal(get(w, "2.0/outlets"), 200);
	assert_int_equal(refresh_by(w, old), 200);
	assert_int_equal(get(w, "2.0/outlets"), 401);
}

static void
test_sim_lightspeed_x__an_access_token_expires(void **state)
{
	struct world *w = *state;
	char access[48];

	assert_int_equal(refresh_by(w, "first"), 200);
	memcpy(access, w->x.tokens[1].access, sizeof(access));
	w->token = access;
	fake_clock_advance(86399999);
	assert_int_equal(get(w, "2.0/outlets"), 200);
	fake_clock_advance(1);
	assert_int_equal(get(w, "2.0/outlets"), 401);
}

static void
test_sim_lightspeed_x__tokens_are_asked_for_by_a_form(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask(w, "POST", "1.0/token",
	                     "{\"grant_type\":\"refresh_token\"}"),
	                 400);
	assert_int_equal(ask(w, "POST", "1.0/token",
	                     "grant_type=refresh_token&client_id=client&"
	                     "client_secret=wrong&refresh_token=first"),
	                 401);
	assert_null(control(w, "switches", "{\"tokens_max\":2}"));
	assert_int_equal(refresh_by(w, "first"), 429);
	assert_true(till_heads(&w->at, "X-RateLimit-Reset: 17000003"));
}

static void
test_sim_lightspeed_x__the_window_ends_with_a_date(void **state)
{
	struct world *w = *state;

	assert_null(control(w, "switches", "{\"calls_max\":2}"));
	get(w, "2.0/outlets");
	assert_true(till_heads(&w->at, "X-RateLimit-Limit: 2\r\n"));
	assert_true(till_heads(&w->at, "X-RateLimit-Remaining: 1\r\n"));
	get(w, "2.0/outlets");
	assert_int_equal(get(w, "2.0/outlets"), 429);
	assert_true(till_heads(
		&w->at, "Retry-After: Tue, 14 Nov 2023 22:18:20 GMT\r\n"));
	assert_string_equal(buf_text(&w->at.reply.body),
	                    "{\"error\":\"Too Many Requests\",\"message\":"
	                    "\"Rate limiting enforced\"}");
	fake_clock_advance(300000);
	assert_int_equal(get(w, "2.0/outlets"), 200);
}

static void
test_sim_lightspeed_x__a_register_is_worth_300_calls(void **state)
{
	struct world *w = *state;

	assert_int_equal(w->x.is.calls_max, 350);
	assert_null(control(w, "switches", "{\"registers\":3}"));
	assert_int_equal(w->x.is.calls_max, 950);
}

static void
test_sim_lightspeed_x__an_old_version_is_served_silently(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask(w, "POST", "2024-10/inventory", "{}"), 200);
	assert_int_equal(w->x.n_fallbacks, 1);
	assert_int_equal(ask(w, "POST", "2027-01/inventory", "{}"), 404);
	assert_int_equal(ask(w, "POST", "2026-07/inventory", "{}"), 200);
	assert_int_equal(w->x.n_fallbacks, 1);
}

static void
test_sim_lightspeed_x__a_call_needs_its_scope(void **state)
{
	struct world *w = *state;
	char access[48];

	assert_null(control(w, "switches", "{\"scopes\":\"inventory:read\"}"));
	assert_int_equal(refresh_by(w, "first"), 200);
	memcpy(access, w->x.tokens[1].access, sizeof(access));
	w->token = access;
	assert_int_equal(get(w, "2.0/inventory"), 200);
	assert_int_equal(get(w, "2.0/products"), 403);
	assert_int_equal(get(w, "2026-07/stock_adjustments"), 403);
	assert_int_equal(get(w, "2026-07/webhooks"), 403);
}

/* ---- version 2.0 ---- */

static void
test_sim_lightspeed_x__a_cursor_ends_with_null_versions(void **state)
{
	struct world *w = *state;
	char path[80];

	assert_int_equal(get(w, "2.0/inventory?page_size=3"), 200);
	assert_true(till_says(&w->at, "\"version\":{\"min\":"));
	snprintf(path, sizeof(path), "2.0/inventory?after=%lld",
	         (long long)w->x.version);
	assert_int_equal(get(w, path), 200);
	assert_string_equal(
		buf_text(&w->at.reply.body),
		"{\"data\":[],\"version\":{\"min\":null,\"max\":null}}");
	assert_int_equal(get(w, "2.0/inventory?after=abc"), 422);
}

static void
test_sim_lightspeed_x__versions_grow_over_all_entities(void **state)
{
	struct world *w = *state;
	int64_t before = w->x.version;
	char path[80];

	assert_null(control(w, "sell", "{\"lines\":[{\"sku\":\"21-0001\"}]}"));
	assert_true(w->x.things[0]->levels[0].version > before);
	assert_true(w->x.sales[0]->version > w->x.things[0]->levels[0].version);
	snprintf(path, sizeof(path), "2.0/inventory?after=%lld",
	         (long long)before);
	get(w, path);
	assert_true(till_says(&w->at, "\"product_id\":\"" PRODUCT "\""));
	assert_null(strstr(strstr(w->at.reply.body.p, "product_id") + 1,
	                   "product_id"));
}

static void
test_sim_lightspeed_x__a_sku_passes_over_all_other_parameters(void **state)
{
	struct world *w = *state;

	get(w, "2.0/products?sku=21-0001&after=99999999");
	assert_true(till_says(&w->at, "\"id\":\"" PRODUCT "\""));
	assert_true(till_says(&w->at, "\"has_inventory\":true"));
	get(w, "2.0/products?sku=none");
	assert_true(till_says(&w->at, "{\"data\":[]"));
}

static void
test_sim_lightspeed_x__a_search_wants_a_low_sku(void **state)
{
	struct world *w = *state;

	get(w, "2.0/search?type=products&sku=31-0001-M");
	assert_true(till_says(&w->at, "{\"data\":[]}"));
	get(w, "2.0/search?type=products&sku=31-0001-m&sku=21-0001");
	assert_true(till_says(&w->at, "\"sku\":\"31-0001-M\""));
	assert_true(till_says(&w->at, "\"sku\":\"21-0001\""));
	assert_int_equal(get(w, "2.0/search?type=rubbish"), 422);
}

static void
test_sim_lightspeed_x__deleted_products_are_shown_on_demand(void **state)
{
	struct world *w = *state;

	assert_null(control(w, "product",
	                    "{\"sku\":\"21-0001\",\"deleted\":true}"));
	get(w, "2.0/products");
	assert_false(till_says(&w->at, "\"sku\":\"21-0001\""));
	get(w, "2.0/products?deleted=true");
	assert_true(till_says(&w->at, "\"sku\":\"21-0001\""));
}

/* ---- dated stock ---- */

static void
test_sim_lightspeed_x__a_dated_list_is_bare_and_goes_down(void **state)
{
	struct world *w = *state;
	char first[40];

	assert_int_equal(ask(w, "POST", "2026-07/inventory", "{\"size\":1}"),
	                 200);
	assert_memory_equal(w->at.reply.body.p, "[{", 2);
	snprintf(first, sizeof(first), "\"version\":%lld",
	         (long long)w->x.version);
	assert_true(till_says(&w->at, first));
	assert_int_equal(ask(w, "POST", "2026-07/inventory",
	                     "{\"size\":1,\"sort_direction\":\"asc\"}"),
	                 200);
	assert_false(till_says(&w->at, first));
	assert_true(till_says(&w->at, "\"product_id\":\"" PRODUCT "\""));
	assert_int_equal(get(w, "2026-07/inventory/" PRODUCT "?page_size=1"),
	                 200);
	assert_true(till_says(&w->at, "\"outlet_id\":\"" OUTLET "\""));
	assert_int_equal(ask(w, "POST", "2026-07/inventory", "{\"size\":5001}"),
	                 422);
	assert_int_equal(ask(w, "POST", "2026-07/inventory", "{\"colour\":1}"),
	                 422);
}

static void
test_sim_lightspeed_x__levels_have_no_version(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask(w, "POST", "2026-07/inventory_levels",
	                     "{\"product_ids\":[\"" PRODUCT "\"]}"),
	                 200);
	assert_true(till_says(&w->at, "\"location_id\":\"" OUTLET "\""));
	assert_false(till_says(&w->at, "version"));
}

static void
test_sim_lightspeed_x__an_adjustment_is_a_delta_every_time(void **state)
{
	struct world *w = *state;
	struct decimal before = level(w);

	assert_int_equal(ask(w, "POST", "2026-07/stock_adjustments",
	                     adjustment("\"-3\"", "INTERNAL_USE")),
	                 201);
	assert_level(w, before, -3);
	ask(w, "POST", "2026-07/stock_adjustments",
	    adjustment("\"-3\"", "INTERNAL_USE"));
	assert_level(w, before, -6);
	get(w, "2026-07/stock_adjustments?after=1");
	assert_true(till_says(&w->at, "\"quantity\":\"-3\""));
}

static void
test_sim_lightspeed_x__an_adjustment_fits_its_reason(void **state)
{
	struct world *w = *state;
	struct decimal before = level(w);

	assert_int_equal(ask(w, "POST", "2026-07/stock_adjustments",
	                     adjustment("\"3\"", "INTERNAL_USE")),
	                 422);
	assert_int_equal(ask(w, "POST", "2026-07/stock_adjustments",
	                     adjustment("\"-3\"", "STOCK_FOUND")),
	                 422);
	assert_int_equal(ask(w, "POST", "2026-07/stock_adjustments",
	                     adjustment("-3", "INTERNAL_USE")),
	                 422);
	assert_int_equal(ask(w, "POST", "2026-07/stock_adjustments",
	                     adjustment("\"3\"", "CUSTOM")),
	                 422);
	assert_int_equal(ask(w, "POST", "2026-07/stock_adjustments",
	                     adjustment("\"3\",\"colour\":1", "STOCK_FOUND")),
	                 422);
	assert_level(w, before, 0);
	assert_int_equal(w->x.n_writes, 0);
}

static void
test_sim_lightspeed_x__reasons_of_ones_own(void **state)
{
	struct world *w = *state;
	static const char body[] = "{\"name\":\"Gateway in\",\"enabled\":true,"
				   "\"type\":\"POSITIVE\"}";
	char reason[200];

	assert_int_equal(ask(w, "POST",
	                     "2026-07/custom_inventory_adjustment_reasons",
	                     body),
	                 200);
	assert_int_equal(ask(w, "POST",
	                     "2026-07/custom_inventory_adjustment_reasons",
	                     body),
	                 409);
	snprintf(reason, sizeof(reason),
	         "CUSTOM\",\"custom_inventory_adjustment_reason_id\":\"%s",
	         w->x.reasons[0].id);
	assert_int_equal(ask(w, "POST", "2026-07/stock_adjustments",
	                     adjustment("\"2\"", reason)),
	                 201);
	assert_int_equal(ask(w, "POST", "2026-07/stock_adjustments",
	                     adjustment("\"-2\"", reason)),
	                 422);
}

static void
test_sim_lightspeed_x__absolute_writes_in_both_forms(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask(w, "PUT", "2.1/products/" PRODUCT,
	                     "{\"details\":{\"inventory\":[{\"outlet_id\":"
	                     "\"" OUTLET "\",\"current_amount\":7}]}}"),
	                 200);
	assert_int_equal(decimal_cmp(level(w), decimal_of(7)), 0);
	assert_int_equal(ask(w, "POST", "products",
	                     "{\"id\":\"" PRODUCT "\",\"inventory\":[{"
	                     "\"outlet_id\":\"" OUTLET "\",\"count\":\"9\"}]}"),
	                 200);
	assert_int_equal(decimal_cmp(level(w), decimal_of(9)), 0);
}

/* ---- sales ---- */

static void
test_sim_lightspeed_x__a_closed_sale_moves_stock_once(void **state)
{
	struct world *w = *state;
	struct decimal before = level(w);

	assert_int_equal(
		ask(w, "POST", "2026-07/sales", sale_body("closed", "24.80")),
		200);
	assert_string_equal(buf_text(&w->at.reply.body),
	                    "{\"data\":{\"id\":\"" SALE "\"}}");
	assert_level(w, before, -2);
	assert_int_equal(
		ask(w, "POST", "2026-07/sales", sale_body("closed", "24.80")),
		409);
	assert_level(w, before, -2);
	assert_int_equal(get(w, "2026-07/sales/" SALE), 200);
	assert_true(till_says(&w->at, "\"state\":\"closed\""));
	assert_true(till_says(&w->at, "\"_metadata\":{\"version\":"));
	get(w, "2.0/sales?after=0");
	assert_true(till_says(&w->at, "\"status\":\"CLOSED\""));
}

static void
test_sim_lightspeed_x__a_parked_sale_moves_nothing_until_closed(void **state)
{
	struct world *w = *state;
	struct decimal before = level(w);

	assert_int_equal(
		ask(w, "POST", "2026-07/sales", sale_body("parked", NULL)),
		200);
	assert_level(w, before, 0);
	assert_int_equal(ask(w, "PUT", "2026-07/sales/" SALE,
	                     sale_body("closed", "24.80")),
	                 200);
	assert_level(w, before, -2);
	assert_int_equal(w->x.sales[0]->n_lines, 1);
	assert_int_equal(ask(w, "PUT", "2026-07/sales/" SALE,
	                     sale_body("closed", "24.80")),
	                 409);
}

static void
test_sim_lightspeed_x__a_repeated_id_is_refused_or_a_change(void **state)
{
	struct world *w = *state;

	ask(w, "POST", "2026-07/sales", sale_body("parked", NULL));
	assert_int_equal(
		ask(w, "POST", "2026-07/sales", sale_body("parked", NULL)),
		409);
	assert_null(control(w, "switches", "{\"repeats_update\":true}"));
	assert_int_equal(
		ask(w, "POST", "2026-07/sales", sale_body("parked", NULL)),
		200);
	assert_int_equal(w->x.n_sales, 1);
	assert_int_equal(w->x.sales[0]->n_lines, 1);
}

static void
test_sim_lightspeed_x__a_closed_register_takes_no_payment(void **state)
{
	struct world *w = *state;

	assert_null(control(w, "switches", "{\"register_open\":false}"));
	assert_int_equal(
		ask(w, "POST", "2026-07/sales", sale_body("closed", "24.80")),
		409);
	assert_true(
		till_says(&w->at, "{\"error\":{\"code\":1001,\"message\":"));
	assert_int_equal(w->x.n_sales, 0);
	get(w, "2.0/registers");
	assert_true(till_says(&w->at, "\"is_open\":false"));
}

static void
test_sim_lightspeed_x__a_closed_sale_is_paid_exactly(void **state)
{
	struct world *w = *state;

	assert_int_equal(
		ask(w, "POST", "2026-07/sales", sale_body("closed", "20.00")),
		422);
	assert_int_equal(ask(w, "POST", "2026-07/sales",
	                     sale_body("closed", "\"24.80\"")),
	                 422);
	assert_int_equal(
		ask(w, "POST", "2026-07/sales", sale_body("rubbish", "24.80")),
		422);
	assert_int_equal(w->x.n_sales, 0);
}

static void
test_sim_lightspeed_x__a_return_is_parked_and_negative(void **state)
{
	struct world *w = *state;
	struct decimal before = level(w);

	ask(w, "POST", "2026-07/sales", sale_body("closed", "24.80"));
	assert_int_equal(ask(w, "PUT", "2.0/sales/" SALE "/actions/return", ""),
	                 200);
	assert_true(till_says(&w->at, "\"return_for\":\"" SALE "\""));
	assert_true(till_says(&w->at, "\"status\":\"SAVED\""));
	assert_true(till_says(&w->at, "\"quantity\":-2"));
	assert_level(w, before, -2);
}

static void
test_sim_lightspeed_x__the_legacy_call_makes_a_sale(void **state)
{
	struct world *w = *state;
	struct decimal before = level(w);

	assert_int_equal(
		ask(w, "POST", "register_sales",
	            "{\"register_id\":\"" TILL "\",\"user_id\":\"" USER
	            "\",\"source\":\"Tillbridge\",\"source_id\":\"17\","
	            "\"status\":\"CLOSED\",\"state\":\"closed\","
	            "\"register_sale_products\":[{\"product_id\":\"" PRODUCT
	            "\",\"quantity\":2,\"price\":10,\"tax\":2.4,\"tax_id\":"
	            "\"" TAX "\"}],\"register_sale_payments\":[{"
	            "\"retailer_payment_type_id\":\"" CARD
	            "\",\"amount\":24.8}]}"),
		200);
	assert_level(w, before, -2);
	assert_string_equal(w->x.sales[0]->source_id, "17");
}

/* ---- webhooks ---- */

static void
test_sim_lightspeed_x__a_sale_is_told_several_times(void **state)
{
	struct world *w = *state;
	const char *p;
	int n = 0;

	assert_null(control(w, "sell", "{\"lines\":[{\"sku\":\"21-0001\"}]}"));
	for (p = till_world_hooks(); p != NULL && *p != '\0';
	     p = strchr(p, '\n') + 1) {
		assert_memory_equal(p, "https://gw.example.com/hooks/x X-Sig",
		                    36);
		n++;
	}
	assert_int_equal(n, 4); /* inventory, product, and the sale twice */
	assert_non_null(
		strstr(till_world_hooks(), "payload=%7B%22id%22%3A%22"));
	assert_null(strstr(till_world_hooks(), "&type="));
}

static size_t
times(const char *text, const char *piece)
{
	size_t n = 0;

	for (text = strstr(text, piece); text; text = strstr(text + 1, piece))
		n++;
	return n;
}

/* No order is promised: what was true before comes last now and then. */
static void
test_sim_lightspeed_x__a_step_of_a_sale_may_be_told_late(void **state)
{
	static const char before[] = "%22status%22%3A%22SAVED%22";
	static const char after[] = "%22status%22%3A%22CLOSED%22";
	struct world *w = *state;
	int n_late = 0;

	assert_null(control(w, "switches", "{\"burst\":3}"));
	for (int i = 0; i < 3; i++) {
		const char *told;

		till_world_forget_hooks();
		assert_null(control(w, "sell",
		                    "{\"lines\":[{\"sku\":\"21-0001\"}]}"));
		told = till_world_hooks();
		assert_int_equal(times(told, before), 1);
		assert_int_equal(times(told, after), 2);
		assert_true(w->x.sales[i]->first_version <
		            w->x.sales[i]->version);
		n_late += strstr(told, before) > strstr(told, after);
	}
	assert_int_equal(n_late, 1);
}

static void
test_sim_lightspeed_x__signatures_come_in_three_encodings(void **state)
{
	static const char body[] = "payload=%7B%22id%22%3A%22p1%22%7D&type="
				   "product.update&retailer_id=r1";
	static const char payload[] = "{\"id\":\"p1\"}";
	struct world *w = *state;
	char header[200];

	/* signatures.md X1, X2, X3 */
	lsx_sign(&w->x, body, payload, header, sizeof(header));
	assert_string_equal(header,
	                    "X-Signature: signature=c5400b1a4cc569b486f88c95bd"
	                    "834e2394e91a5c6e96ccea34b5584dd1a09c3f,algorithm="
	                    "HMAC-SHA256");
	assert_null(control(w, "switches", "{\"signing\":\"base64\"}"));
	lsx_sign(&w->x, body, payload, header, sizeof(header));
	assert_string_equal(header,
	                    "X-Signature: signature=xUALGkzFabSG+IyVvYNOI5TpGl"
	                    "xulszqNLVYTdGgnD8=,algorithm=HMAC-SHA256");
	assert_null(control(w, "switches", "{\"signing\":\"payload\"}"));
	lsx_sign(&w->x, body, payload, header, sizeof(header));
	assert_string_equal(header,
	                    "X-Signature: signature=6e4d4a1d35b105d696df248d8f"
	                    "acfa355921d36c8076319e3af6931016bfd5bb,algorithm="
	                    "HMAC-SHA256");
}

static void
test_sim_lightspeed_x__webhooks_are_made_changed_and_deleted(void **state)
{
	static const char body[] = "{\"active\":true,\"type\":\"sale.update\","
				   "\"url\":\"https://gw/x\"}";
	struct world *w = *state;
	char path[80];

	assert_int_equal(ask(w, "POST", "2026-07/webhooks", body), 201);
	assert_int_equal(ask(w, "POST", "2026-07/webhooks", body), 409);
	assert_int_equal(ask(w, "POST", "2.0/webhooks",
	                     "type=sale.update&url=https%3A%2F%2Fgw%2Fy"),
	                 201);
	snprintf(path, sizeof(path), "2026-07/webhooks/%s", w->x.hooks[3].id);
	assert_int_equal(ask(w, "PUT", path, "{\"active\":false}"), 200);
	assert_true(till_says(&w->at, "\"active\":false"));
	/* Nor may it become another one's double. */
	assert_int_equal(ask(w, "PUT", path, "{\"url\":\"https://gw/y\"}"),
	                 409);
	assert_int_equal(ask(w, "DELETE", path, ""), 200);
	assert_int_equal(ask(w, "GET", path, ""), 404);
	assert_int_equal(ask(w, "POST", "2026-07/webhooks",
	                     "{\"type\":\"rubbish\",\"url\":\"https://x\"}"),
	                 422);
}

static void
test_sim_lightspeed_x__a_personal_token_makes_unsigned_webhooks(void **state)
{
	struct world *w = *state;

	ask(w, "POST", "2026-07/webhooks",
	    "{\"type\":\"product.update\",\"url\":\"https://gw/unsigned\"}");
	assert_null(control(w, "hook", "{\"sku\":\"21-0001\"}"));
	assert_non_null(
		strstr(till_world_hooks(), "https://gw/unsigned - payload="));
}

/* ---- the till ---- */

static void
test_sim_lightspeed_x__what_happens_at_the_till_adds_up(void **state)
{
	struct world *w = *state;
	struct decimal before = level(w);
	const struct till_tally *tally = &w->x.things[0]->tally;

	assert_null(control(w, "sell",
	                    "{\"lines\":[{\"sku\":\"21-0001\","
	                    "\"quantity\":3}]}"));
	assert_null(
		control(w, "return", "{\"lines\":[{\"sku\":\"21-0001\"}]}"));
	assert_null(control(w, "move",
	                    "{\"sku\":\"21-0001\",\"from\":1,\"to\":2,"
	                    "\"quantity\":4}"));
	assert_level(w, before, -6);
	assert_null(
		control(w, "count", "{\"sku\":\"21-0001\",\"quantity\":7}"));
	assert_int_equal(
		decimal_cmp(decimal_add(before,
	                                decimal_sub(tally->moved, tally->sold)),
	                    decimal_of(7)),
		0);
}

static void
test_sim_lightspeed_x__a_voided_sale_brings_its_stock_back(void **state)
{
	struct world *w = *state;
	struct decimal before = level(w);
	char body[80];

	assert_null(control(w, "sell", "{\"lines\":[{\"sku\":\"21-0001\"}]}"));
	snprintf(body, sizeof(body), "{\"sale\":\"%s\"}", w->x.sales[0]->id);
	assert_null(control(w, "void", body));
	assert_level(w, before, 0);
	get(w, "2.0/sales");
	assert_true(till_says(&w->at, "\"status\":\"VOIDED\""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__refuses_a_wrong_token_and_no_user_agent,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__a_refresh_kills_both_old_tokens_at_once,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__an_access_token_expires, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__tokens_are_asked_for_by_a_form,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__the_window_ends_with_a_date,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__a_register_is_worth_300_calls,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__an_old_version_is_served_silently,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__a_call_needs_its_scope, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__a_cursor_ends_with_null_versions,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__versions_grow_over_all_entities,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__a_sku_passes_over_all_other_parameters,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__a_search_wants_a_low_sku, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__deleted_products_are_shown_on_demand,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__a_dated_list_is_bare_and_goes_down,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__levels_have_no_version, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__an_adjustment_is_a_delta_every_time,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__an_adjustment_fits_its_reason,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__reasons_of_ones_own, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__absolute_writes_in_both_forms,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__a_closed_sale_moves_stock_once,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__a_parked_sale_moves_nothing_until_closed,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__a_repeated_id_is_refused_or_a_change,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__a_closed_register_takes_no_payment,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__a_closed_sale_is_paid_exactly,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__a_return_is_parked_and_negative,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__the_legacy_call_makes_a_sale,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__a_sale_is_told_several_times,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__a_step_of_a_sale_may_be_told_late,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__signatures_come_in_three_encodings,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__webhooks_are_made_changed_and_deleted,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__a_personal_token_makes_unsigned_webhooks,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__what_happens_at_the_till_adds_up,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_lightspeed_x__a_voided_sale_brings_its_stock_back,
			set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
