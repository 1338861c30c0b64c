/*
 * The simulated Hiboutik keeps the vendor's rules, so that a scenario that
 * passes against it means something. Hooks are kept instead of sent.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "tests/sim/hiboutik.h"
#include "tests/support/till_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a world of six products, and one in sizes ---- */

/* demo@example.com:hib_api_key */
#define BASIC "Basic ZGVtb0BleGFtcGxlLmNvbTpoaWJfYXBpX2tleQ=="

struct world {
	struct till_world at;
	struct hiboutik hiboutik;
};

static int
set_up(void **state)
{
	const struct hiboutik_options options = {
		.account = "demo",
		.email = "demo@example.com",
		.key = "hib_api_key",
		.hook_url = "https://gw.example.com/hooks/hib",
		.store = 1,
		.warehouse = 5,
	};
	struct world *w = sim_alloc(sizeof(*w));

	till_world_open(&w->at, 1);
	till_world_sign_hooks("hib_secret");
	hiboutik_init(&w->hiboutik, &w->at.sim, &options);
	w->hiboutik.is.texts_each = 0;
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	hiboutik_fini(&w->hiboutik);
	till_world_close(&w->at);
	free(w);
	return 0;
}

static int
ask_as(struct world *w, const char *authorization, const char *method,
       const char *target, const char *body)
{
	const struct till_request request = {
		.serve = hiboutik_serve,
		.till = &w->hiboutik,
		.method = method,
		.root = "/api/",
		.target = target,
		.body = body,
		.headers = { { "Authorization", authorization },
		             { "Content-Type",
		               body[0] == '{' ? "application/json"
		                              : "application/"
		                                "x-www-form-urlencoded" },
		             { "Host", "demo.test" } },
		.n_headers = 3,
	};

	return till_ask(&w->at, &request);
}

static int
ask(struct world *w, const char *method, const char *target, const char *body)
{
	return ask_as(w, BASIC, method, target, body);
}

static int
get(struct world *w, const char *target)
{
	return ask(w, "GET", target, "");
}

static const char *
control(struct world *w, const char *what, const char *body)
{
	return till_command(&hiboutik_hands, &w->hiboutik, what, body);
}

/* A sale with one line of two, as far as its payment. */
static void
begin_sale(struct world *w)
{
	assert_int_equal(ask(w, "POST", "sales/",
	                     "store_id=1&currency_code=EUR&vendor_id=1"),
	                 201);
	assert_true(till_says(&w->at, "{\"sale_id\":1}"));
	assert_int_equal(ask(w, "PUT", "sale/1",
	                     "sale_attribute=ext_ref&new_value=erp-1"),
	                 200);
	assert_int_equal(ask(w, "POST", "sales/add_product/",
	                     "{\"sale_id\":1,\"product_id\":101,"
	                     "\"quantity\":2,\"product_price\":\"12.00\"}"),
	                 201);
	assert_int_equal(
		ask(w, "PUT", "sale/1", "sale_attribute=payment&new_value=CB"),
		200);
}

static struct hiboutik_thing *
first(struct world *w)
{
	return hiboutik_find(&w->hiboutik, "101/0");
}

/* ---- the door ---- */

static void
test_sim_hiboutik__refuses_a_wrong_key(void **state)
{
	struct world *w = *state;

	ask_as(w, "Basic ZGVtbzp4", "GET", "warehouses", "");
	assert_int_equal(w->at.reply.status, 401);
	ask_as(w, "Bearer hib_api_key", "GET", "warehouses", "");
	assert_int_equal(w->at.reply.status, 401);
	assert_int_equal(w->hiboutik.n_calls, 2);
}

static void
test_sim_hiboutik__both_roots_are_served(void **state)
{
	const struct http_header header = { "Authorization", BASIC };
	const struct http_call call = { .method = "GET",
		                        .path = "/apirest/warehouses",
		                        .query = "",
		                        .headers = &header,
		                        .n_headers = 1,
		                        .body = "" };
	struct world *w = *state;

	hiboutik_serve(&w->hiboutik, &call, &w->at.reply);
	assert_int_equal(w->at.reply.status, 200);
}

static void
test_sim_hiboutik__a_missing_slash_is_a_redirect_and_no_work(void **state)
{
	struct world *w = *state;

	assert_int_equal(
		ask(w, "POST", "sales", "store_id=1&currency_code=EUR"), 301);
	assert_non_null(strstr(buf_text(&w->at.reply.headers),
	                       "Location: http://demo.test/api/sales/"));
	assert_int_equal(w->hiboutik.n_sales, 0);
	assert_int_equal(get(w, "warehouses/"), 301);
	assert_null(control(w, "switches", "{\"lenient_slashes\":true}"));
	assert_int_equal(
		ask(w, "POST", "sales", "store_id=1&currency_code=EUR"), 201);
}

static void
test_sim_hiboutik__the_month_ends_with_429_and_begins_again(void **state)
{
	struct world *w = *state;

	assert_null(control(w, "switches", "{\"calls\":9999}"));
	assert_int_equal(get(w, "warehouses"), 200);
	assert_int_equal(get(w, "warehouses"), 429);
	assert_int_equal(w->hiboutik.n_exhausted, 1);
	memcpy(w->hiboutik.month, "2000-01", 7);
	assert_int_equal(get(w, "warehouses"), 200);
	assert_int_equal(w->hiboutik.n_calls, 1);
}

static void
test_sim_hiboutik__failed_calls_count_too(void **state)
{
	struct world *w = *state;

	get(w, "nothing");
	ask_as(w, "Basic x", "GET", "warehouses", "");
	assert_int_equal(w->hiboutik.n_calls, 2);
}

static void
test_sim_hiboutik__more_than_thirty_calls_at_once_are_refused(void **state)
{
	struct world *w = *state;

	w->hiboutik.n_parallel = 30; /* thirty that are not answered yet */
	assert_int_equal(get(w, "warehouses"), 429);
	assert_int_equal(w->hiboutik.n_crowded, 1);
	server_reply_fini(&w->at.reply);
	w->hiboutik.n_parallel = 29;
	assert_int_equal(get(w, "warehouses"), 200);
	server_reply_fini(&w->at.reply);
	assert_int_equal(w->hiboutik.n_parallel, 29);
}

static void
test_sim_hiboutik__an_unknown_field_is_refused_by_its_name(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask(w, "POST", "sales/",
	                     "store_id=1&currency_code=EUR&reference=x"),
	                 422);
	assert_true(till_says(&w->at, "\"details\":{\"reference\""));
	assert_true(till_says(&w->at, "\"code\":422"));
}

static void
test_sim_hiboutik__a_sale_needs_its_currency(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask(w, "POST", "sales/", "store_id=1"), 422);
	assert_true(till_says(&w->at, "currency_code"));
}

/* ---- stock ---- */

static void
test_sim_hiboutik__counts_begin_as_galaxy_has_them(void **state)
{
	struct world *w = *state;
	char row[200];
	int64_t n = 0;

	decimal_to_scaled(&n, w->at.galaxy.items[0]->balances[0].quantity, 0);
	assert_int_equal(get(w, "stock_available/warehouse_id/5"), 200);
	snprintf(row, sizeof(row),
	         "[{\"product_id\":101,\"product_size\":0,\"warehouse_id\":5,"
	         "\"stock_available\":%lld,",
	         (long long)n);
	assert_true(till_says(&w->at, row));
	assert_int_equal(get(w, "stock_available/warehouse_id/6"), 200);
	assert_true(
		till_says(&w->at, "\"warehouse_id\":6,\"stock_available\":0,"));
	assert_int_equal(get(w, "stock_available/warehouse_id/1"), 404);
}

static void
test_sim_hiboutik__one_product_and_size_shows_all_warehouses(void **state)
{
	struct world *w = *state;
	const struct hiboutik_thing *t =
		w->hiboutik.things[w->hiboutik.n_things - 1];
	char path[80];

	assert_int_equal(t->size, 13);
	snprintf(path, sizeof(path), "stock_available/product_id_size/%lld/13",
	         (long long)t->product->id);
	assert_int_equal(get(w, path), 200);
	assert_true(till_says(&w->at, "\"warehouse_id\":5"));
	assert_true(till_says(&w->at, "\"warehouse_id\":6"));
	assert_false(till_says(&w->at, "\"product_size\":12"));
}

static void
test_sim_hiboutik__pages_have_links_and_a_range(void **state)
{
	struct world *w = *state;

	assert_null(control(w, "switches", "{\"page_rows\":4}"));
	assert_int_equal(get(w, "stock_available/all_wh/"), 200);
	assert_non_null(
		strstr(buf_text(&w->at.reply.headers), "Content-Range: 0-3/"));
	assert_non_null(
		strstr(buf_text(&w->at.reply.headers),
	               "<http://demo.test/api/stock_available/all_wh/?p=2>; "
	               "rel=\"next\""));
	assert_int_equal(get(w, "stock_available/all_wh/?p=99"), 200);
	assert_string_equal(buf_text(&w->at.reply.body), "[]");
	assert_null(strstr(buf_text(&w->at.reply.headers), "next"));
}

static void
test_sim_hiboutik__numbers_are_texts_now_and_then(void **state)
{
	struct world *w = *state;

	assert_null(control(w, "switches", "{\"texts_each\":2}"));
	w->hiboutik.n_answers = 0;
	get(w, "warehouses");
	assert_true(till_says(&w->at, "\"warehouse_id\":5"));
	get(w, "warehouses");
	assert_true(till_says(&w->at, "\"warehouse_id\":\"5\""));
}

static void
test_sim_hiboutik__a_single_record_is_an_array(void **state)
{
	struct world *w = *state;

	assert_int_equal(get(w, "products/101"), 200);
	assert_true(till_says(&w->at, "[{\"product_id\":101,"));
	begin_sale(w);
	assert_int_equal(get(w, "sales/1"), 200);
	assert_true(till_says(&w->at, "[{\"sale_id\":1,"));
}

static void
test_sim_hiboutik__an_arrival_raises_stock_when_validated_once(void **state)
{
	struct world *w = *state;
	int64_t before = first(w)->counts[0];

	assert_int_equal(ask(w, "POST", "inventory_inputs/",
	                     "inventory_input_stock_id=5&"
	                     "inventory_input_label=ref-1"),
	                 201);
	assert_true(till_says(&w->at, "{\"inventory_input_id\":1}"));
	assert_int_equal(ask(w, "POST", "inventory_input_details/1",
	                     "product_id=101&product_size=0&quantity=3"),
	                 201);
	assert_int_equal(ask(w, "PUT", "inventory_input_details/2",
	                     "received_quantity=3"),
	                 200);
	assert_int_equal(first(w)->counts[0], before);
	assert_int_equal(ask(w, "POST", "inventory_input_validate/",
	                     "inventory_input_id=1"),
	                 200);
	assert_int_equal(first(w)->counts[0], before + 3);
	assert_int_equal(ask(w, "POST", "inventory_input_validate/",
	                     "inventory_input_id=1"),
	                 422);
	assert_int_equal(first(w)->counts[0], before + 3);
	get(w, "inventory_inputs/");
	assert_true(till_says(&w->at, "\"inventory_input_label\":\"ref-1\""));
}

static void
test_sim_hiboutik__only_one_way_of_validating_is_right(void **state)
{
	struct world *w = *state;

	ask(w, "POST", "inventory_inputs/", "inventory_input_stock_id=5");
	ask(w, "POST", "inventory_input_details/1",
	    "product_id=101&quantity=3&received=3");
	assert_int_equal(ask(w, "POST", "inventory_inputs/validate/1", ""),
	                 404);
	assert_null(control(w, "switches", "{\"validate_by_id\":true}"));
	assert_int_equal(ask(w, "POST", "inventory_input_validate/",
	                     "inventory_input_id=1"),
	                 404);
	assert_int_equal(ask(w, "POST", "inventory_inputs/validate/1", ""),
	                 200);
}

static void
test_sim_hiboutik__an_arrival_is_never_negative(void **state)
{
	struct world *w = *state;

	ask(w, "POST", "inventory_inputs/", "inventory_input_stock_id=5");
	assert_int_equal(ask(w, "POST", "inventory_input_details/1",
	                     "product_id=101&quantity=-3"),
	                 422);
}

/* ---- sales ---- */

static void
test_sim_hiboutik__a_sale_moves_stock_once_when_it_is_closed(void **state)
{
	struct world *w = *state;
	int64_t before = first(w)->counts[0];

	begin_sale(w);
	assert_int_equal(first(w)->counts[0], before);
	assert_int_equal(ask(w, "POST", "sales/close/", "sale_id=1"), 200);
	assert_int_equal(first(w)->counts[0], before - 2);
	assert_int_equal(ask(w, "POST", "sales/close/", "sale_id=1"), 422);
	assert_int_equal(first(w)->counts[0], before - 2);
}

static void
test_sim_hiboutik__by_a_switch_stock_moves_with_each_line(void **state)
{
	struct world *w = *state;
	int64_t before = first(w)->counts[0];

	assert_null(control(w, "switches", "{\"moves\":\"adding\"}"));
	begin_sale(w);
	assert_int_equal(first(w)->counts[0], before - 2);
	assert_int_equal(ask(w, "POST", "sales/void", "sale_id=1&store_id=1"),
	                 200);
	assert_int_equal(first(w)->counts[0], before);
}

static void
test_sim_hiboutik__a_half_made_sale_is_found_by_its_reference(void **state)
{
	struct world *w = *state;

	assert_int_equal(get(w, "sales/search/ext_ref/erp-1"), 200);
	assert_string_equal(buf_text(&w->at.reply.body), "[]");
	begin_sale(w);
	get(w, "sales/search/ext_ref/erp-1");
	assert_true(till_says(&w->at, "\"sale_id\":1"));
	assert_true(
		till_says(&w->at, "\"completed_at\":\"0000-00-00 00:00:00\""));
	get(w, "open_sales/1");
	assert_true(till_says(&w->at, "\"sale_id\":1"));
	ask(w, "POST", "sales/void", "sale_id=1&store_id=1");
	get(w, "sales/search/ext_ref/erp-1");
	assert_string_equal(buf_text(&w->at.reply.body), "[]");
}

static void
test_sim_hiboutik__a_product_in_sizes_needs_its_size(void **state)
{
	struct world *w = *state;
	const struct hiboutik_thing *t =
		w->hiboutik.things[w->hiboutik.n_things - 1];
	char body[120];

	begin_sale(w);
	snprintf(body, sizeof(body), "sale_id=1&quantity=1&product_id=%lld",
	         (long long)t->product->id);
	assert_int_equal(ask(w, "POST", "sales/add_product/", body), 422);
	assert_true(
		till_says(&w->at, "\"details\":{\"size_id\":\"is required\"}"));
	strcat(body, "&size_id=13");
	assert_int_equal(ask(w, "POST", "sales/add_product/", body), 201);
}

static void
test_sim_hiboutik__packages_are_refused(void **state)
{
	struct world *w = *state;

	begin_sale(w);
	assert_int_equal(ask(w, "POST", "sales/add_product/",
	                     "sale_id=1&quantity=1&product_id=90"),
	                 422);
	assert_true(till_says(&w->at, "\"details\":{\"product_id\""));
}

static void
test_sim_hiboutik__more_than_there_is_goes_without_withdrawal(void **state)
{
	struct world *w = *state;
	int64_t before = first(w)->counts[0];

	begin_sale(w);
	assert_int_equal(ask(w, "POST", "sales/add_product/",
	                     "sale_id=1&quantity=9999&product_id=101"),
	                 422);
	assert_int_equal(ask(w, "POST", "sales/add_product/",
	                     "sale_id=1&quantity=9999&product_id=101&"
	                     "stock_withdrawal=0"),
	                 201);
	assert_int_equal(ask(w, "POST", "sales/close/", "sale_id=1"), 200);
	assert_int_equal(first(w)->counts[0], before - 2);
}

static void
test_sim_hiboutik__a_free_item_needs_no_product(void **state)
{
	struct world *w = *state;

	begin_sale(w);
	assert_int_equal(ask(w, "POST", "sales/add_product/",
	                     "sale_id=1&quantity=1&product_id=0&"
	                     "product_price=3.00&product_comments=SKU-9"),
	                 201);
	get(w, "sales/1");
	assert_true(till_says(&w->at, "\"product_comments\":\"SKU-9\""));
	assert_true(till_says(&w->at, "\"total\":\"27.00\""));
}

static void
test_sim_hiboutik__closed_sales_are_listed_by_day(void **state)
{
	struct world *w = *state;
	char now[TILL_TIME_SIZE];
	char path[80];

	begin_sale(w);
	ask(w, "POST", "sales/close/", "sale_id=1");
	till_local_time(now, sim_now_us(&w->at.sim));
	snprintf(path, sizeof(path), "closed_sales/1/%.4s/%.2s/%.2s", now,
	         now + 5, now + 8);
	assert_int_equal(get(w, path), 200);
	assert_true(till_says(&w->at, "\"sale_ext_ref\":\"erp-1\""));
	assert_int_equal(get(w, "closed_sales/1/2001/01/01"), 200);
	assert_string_equal(buf_text(&w->at.reply.body), "[]");
	assert_int_equal(get(w, "closed_sales/9/2001/01/01"), 404);
}

/* ---- hooks ---- */

static void
test_sim_hiboutik__closing_sends_a_form_with_brackets(void **state)
{
	struct world *w = *state;

	begin_sale(w);
	assert_string_equal(till_world_hooks(), "");
	ask(w, "POST", "sales/close/", "sale_id=1");
	/* signatures.md I2 */
	assert_non_null(
		strstr(till_world_hooks(),
	               "https://gw.example.com/hooks/hib?k=8c107b58bdb3c1d9544"
	               "9d2741eca12da6a5e6c5e598d308cf5ac24901b145579 - "
	               "sale_id=1&unique_sale_id=1-1&store_id=1&"));
	assert_non_null(strstr(till_world_hooks(), "&sale_ext_ref=erp-1&"));
	assert_non_null(strstr(till_world_hooks(),
	                       "&line_items%5B0%5D%5Bproduct_id%5D=101&"));
	assert_non_null(strstr(till_world_hooks(),
	                       "&line_items%5B0%5D%5Bquantity%5D=2"));
}

static void
test_sim_hiboutik__a_hook_may_lack_its_lines_and_barcodes(void **state)
{
	struct world *w = *state;

	assert_null(control(w, "switches", "{\"hook_barcodes\":false}"));
	assert_null(
		control(w, "sell", "{\"lines\":[{\"product\":\"101/0\"}]}"));
	assert_non_null(strstr(till_world_hooks(), "line_items"));
	assert_null(strstr(till_world_hooks(), "barcode"));
	till_world_forget_hooks();
	assert_null(control(w, "switches", "{\"hook_lines\":false}"));
	assert_null(
		control(w, "sell", "{\"lines\":[{\"product\":\"101/0\"}]}"));
	assert_null(strstr(till_world_hooks(), "line_items"));
	assert_non_null(strstr(till_world_hooks(), "sale_id="));
}

static void
test_sim_hiboutik__a_hook_may_be_signed(void **state)
{
	struct world *w = *state;

	assert_null(control(w, "switches", "{\"hook_signed\":true}"));
	assert_null(
		control(w, "sell", "{\"lines\":[{\"product\":\"101/0\"}]}"));
	assert_non_null(
		strstr(till_world_hooks(), " X-Hiboutik-Hmac-SHA256: "));
}

static void
test_sim_hiboutik__hooks_are_registered_for_one_event_each(void **state)
{
	struct world *w = *state;

	assert_int_equal(
		ask(w, "POST", "webhooks",
	            "webhook_url=https%3A%2F%2Fgw%2Fp&webhook_action=product"),
		201);
	assert_int_equal(
		ask(w, "POST", "webhooks",
	            "webhook_url=https%3A%2F%2Fgw%2Fp&webhook_action=rubbish"),
		422);
	assert_null(control(w, "hook", "{\"product\":\"101/0\"}"));
	assert_non_null(strstr(till_world_hooks(), "https://gw/p?k="));
	assert_non_null(strstr(till_world_hooks(), " product_id=101\n"));
	assert_null(strstr(till_world_hooks(), "gw.example.com"));
}

/* ---- the till ---- */

static void
test_sim_hiboutik__what_happens_at_the_till_adds_up(void **state)
{
	struct world *w = *state;
	struct hiboutik_thing *t = first(w);
	int64_t before = t->counts[0];
	int64_t sum = 0;

	assert_null(control(w, "sell",
	                    "{\"lines\":[{\"product\":\"101/0\","
	                    "\"quantity\":3}]}"));
	assert_null(
		control(w, "return", "{\"lines\":[{\"product\":\"101/0\"}]}"));
	assert_null(control(w, "receive",
	                    "{\"product\":\"101/0\",\"quantity\":5}"));
	assert_null(control(w, "move",
	                    "{\"product\":\"101/0\",\"from\":5,\"to\":6,"
	                    "\"quantity\":4}"));
	assert_int_equal(t->counts[0], before - 3 + 1 + 5 - 4);
	assert_int_equal(t->counts[1], 4);
	assert_null(
		control(w, "count", "{\"product\":\"101/0\",\"quantity\":7}"));
	assert_int_equal(t->counts[0], 7);
	decimal_to_scaled(&sum, decimal_sub(t->tally.moved, t->tally.sold), 0);
	assert_int_equal(before + sum, 7);
}

static void
test_sim_hiboutik__a_sale_that_the_till_voids_brings_its_stock_back(
	void **state)
{
	struct world *w = *state;
	int64_t before = first(w)->counts[0];

	assert_null(
		control(w, "sell", "{\"lines\":[{\"product\":\"101/0\"}]}"));
	assert_null(control(w, "void", "{\"sale\":1}"));
	assert_int_equal(first(w)->counts[0], before);
	assert_int_equal(get(w, "sales/1"), 404);
}

static void
test_sim_hiboutik__what_is_sold_by_weight_is_not_here(void **state)
{
	struct world *w = *state;
	size_t i;

	for (i = 0; i < w->hiboutik.n_things; i++)
		assert_int_equal(w->hiboutik.things[i]->goods.item->n_decimals,
		                 0);
	assert_true(w->hiboutik.n_things < 6 + 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__refuses_a_wrong_key, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__both_roots_are_served, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__a_missing_slash_is_a_redirect_and_no_work,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__the_month_ends_with_429_and_begins_again,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__failed_calls_count_too, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__more_than_thirty_calls_at_once_are_refused,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__an_unknown_field_is_refused_by_its_name,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__a_sale_needs_its_currency, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__counts_begin_as_galaxy_has_them,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__one_product_and_size_shows_all_warehouses,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__pages_have_links_and_a_range, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__numbers_are_texts_now_and_then,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__a_single_record_is_an_array, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__an_arrival_raises_stock_when_validated_once,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__only_one_way_of_validating_is_right,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__an_arrival_is_never_negative, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__a_sale_moves_stock_once_when_it_is_closed,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__by_a_switch_stock_moves_with_each_line,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__a_half_made_sale_is_found_by_its_reference,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__a_product_in_sizes_needs_its_size,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__packages_are_refused, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__more_than_there_is_goes_without_withdrawal,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__a_free_item_needs_no_product, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__closed_sales_are_listed_by_day,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__closing_sends_a_form_with_brackets,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__a_hook_may_lack_its_lines_and_barcodes,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__a_hook_may_be_signed, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__hooks_are_registered_for_one_event_each,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__what_happens_at_the_till_adds_up,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__a_sale_that_the_till_voids_brings_its_stock_back,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sim_hiboutik__what_is_sold_by_weight_is_not_here,
			set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
