/*
 * The simulated Square keeps the vendor's rules, so that a scenario that
 * passes against it means something. Its sources are taken in whole, and hooks
 * are kept instead of sent.
 */
#define _GNU_SOURCE 1 /* what the sources ask for */

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
#include "tests/sim/square.c"
#include "tests/sim/square_stock.c"
#include "tests/sim/square_inventory.c"
#include "tests/sim/square_orders.c"
#include "tests/sim/square_pay.c"
#include "tests/sim/square_catalog.c"
#include "tests/sim/square_hooks.c"
#include "tests/sim/square_token.c"

static struct buf announced; /* bodies */
static struct buf told;      /* "URL KEY\n" each */

void
hooks_galaxy(struct hooks *hooks, const char *itemid)
{
	(void)hooks;
	(void)itemid;
}

void
hooks_send(struct hooks *hooks, const struct hooks_message *message)
{
	(void)hooks;
	buf_adds(&announced, message->body);
	buf_addf(&told, "%s %s\n", message->url != NULL ? message->url : "-",
	         message->secret != NULL ? message->secret : "-");
}

/* ---- a world of six variations ---- */

enum { N_VARIATIONS = 6 };

struct world {
	struct sim sim;
	struct galaxy galaxy;
	struct square square;
	struct server_reply reply;
};

static int
set_up(void **state)
{
	const struct galaxy_options galaxy = { .n_items = N_VARIATIONS };
	const struct square_options square = { .token = "token",
		                               .location = "L1",
		                               .hook_url = "https://us/",
		                               .version = "2025-08-20",
		                               .cursor_ms = 300000,
		                               .client_id = "app",
		                               .refresh_token = "refresh-0" };
	struct world *w = sim_alloc(sizeof(*w));

	sim_init(&w->sim, 1);
	galaxy_init(&w->galaxy, &w->sim, &galaxy);
	square_init(&w->square, &w->sim, &square);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	buf_fini(&announced);
	buf_fini(&told);
	buf_fini(&w->reply.headers);
	buf_fini(&w->reply.body);
	square_fini(&w->square);
	galaxy_fini(&w->galaxy);
	sim_fini(&w->sim);
	free(w);
	return 0;
}

static void
ask_with(struct world *w, const char *method, const char *authorization,
         const char *path, const char *body)
{
	const struct http_header headers[] = {
		{ "Authorization", authorization },
		{ "Content-Type", "application/json" },
	};
	const struct http_call call = { .method = method,
		                        .path = path,
		                        .query = "",
		                        .headers = headers,
		                        .n_headers = 2,
		                        .body = body,
		                        .n_body = strlen(body) };

	buf_fini(&w->reply.headers);
	buf_fini(&w->reply.body);
	w->reply = (struct server_reply){ .status = 0 };
	square_serve(&w->square, &call, &w->reply);
}

static void
ask_as(struct world *w, const char *authorization, const char *path,
       const char *body)
{
	ask_with(w, "POST", authorization, path, body);
}

static void
ask(struct world *w, const char *path, const char *body)
{
	ask_as(w, "Bearer token", path, body);
}

static bool
says(const struct world *w, const char *piece)
{
	return strstr(buf_text(&w->reply.body), piece) != NULL;
}

static struct square_variation *
variation(struct world *w, size_t i)
{
	return w->square.variations[i];
}

static void
assert_count(struct world *w, const char *expected)
{
	char text[DECIMAL_TEXT_SIZE];

	decimal_format(text,
	               variation(w, 0)->shelves[0].counts[SQUARE_IN_STOCK]);
	assert_string_equal(text, expected);
}

/* A physical count of the first variation, stamped some seconds ago. */
static void
add_count(struct world *w, struct buf *out, const char *quantity, int ago_s)
{
	char at[SIM_TIME_SIZE];

	sim_time_format(at, sim_now_us(&w->sim) - (int64_t)ago_s * 1000000);
	buf_addf(out,
	         "{\"type\":\"PHYSICAL_COUNT\",\"physical_count\":{"
	         "\"catalog_object_id\":\"%s\",\"state\":\"IN_STOCK\","
	         "\"location_id\":\"L1\",\"quantity\":\"%s\","
	         "\"occurred_at\":\"%s\"}}",
	         variation(w, 0)->id, quantity, at);
}

static void
write_count(struct world *w, const char *key, const char *quantity, int ago_s)
{
	struct buf body = BUF_INIT;

	buf_addf(&body, "{\"idempotency_key\":\"%s\",\"changes\":[", key);
	add_count(w, &body, quantity, ago_s);
	buf_adds(&body, "]}");
	ask(w, "/v2/inventory/changes/batch-create", buf_text(&body));
	buf_fini(&body);
}

static struct square_order *
sell_one(struct world *w, int64_t closed_ago_s, bool is_announced)
{
	struct square_sale sale = { .n_lines = 1,
		                    .closed_ago_s = closed_ago_s,
		                    .is_announced = is_announced };

	sale.lines[0].variation = variation(w, 0);
	sale.lines[0].quantity = decimal_of(2);
	return square_sell(&w->square, &sale);
}

/* ---- the door ---- */

static void
test_sim_square__refuses_a_wrong_token(void **state)
{
	struct world *w = *state;

	ask_as(w, "Bearer other", "/v2/inventory/counts/batch-retrieve", "{}");
	assert_int_equal(w->reply.status, 401);
	assert_true(says(w, "AUTHENTICATION_ERROR"));
}

static void
test_sim_square__refuses_a_misspelled_member(void **state)
{
	struct world *w = *state;

	ask(w, "/v2/inventory/counts/batch-retrieve",
	    "{\"catalog_object_idz\":[]}");
	assert_true(says(w, "UNKNOWN_BODY_PARAMETER"));
}

/* ---- counts ---- */

static void
test_sim_square__a_count_stamped_before_a_sale_ends_below_it(void **state)
{
	struct world *w = *state;

	sell_one(w, 0, false);
	write_count(w, "k", "10", 5);
	assert_int_equal(w->reply.status, 200);
	assert_count(w, "8");
}

static void
test_sim_square__counts_are_found_strictly_after_a_moment(void **state)
{
	struct world *w = *state;
	char body[128];
	char at[SIM_TIME_SIZE];

	write_count(w, "k", "10", 0);
	sim_time_format(
		at, variation(w, 0)->shelves[0].calculated_us[SQUARE_IN_STOCK]);
	snprintf(body, sizeof(body), "{\"updated_after\":\"%s\"}", at);
	ask(w, "/v2/inventory/counts/batch-retrieve", body);
	assert_string_equal(buf_text(&w->reply.body), "{\"counts\":[]}");
}

static void
test_sim_square__pages_show_each_count_once_newest_first(void **state)
{
	struct world *w = *state;
	char body[128] = "{\"limit\":4}";
	char cursor[64];

	write_count(w, "k", "10", 0);
	ask(w, "/v2/inventory/counts/batch-retrieve", body);
	assert_ptr_equal(strstr(buf_text(&w->reply.body), variation(w, 0)->id),
	                 strstr(buf_text(&w->reply.body), "_id\":\"") + 6);
	snprintf(cursor, sizeof(cursor), "%.28s",
	         strstr(buf_text(&w->reply.body), "\"cursor\":\"") + 10);
	snprintf(body, sizeof(body), "{\"limit\":4,\"cursor\":\"%s\"}", cursor);
	ask(w, "/v2/inventory/counts/batch-retrieve", body);
	assert_true(says(w, variation(w, 2)->id));
	assert_true(says(w, variation(w, 1)->id));
	assert_false(says(w, variation(w, 3)->id));
	assert_false(says(w, "cursor"));
}

static void
test_sim_square__a_cursor_is_good_for_its_own_query_only(void **state)
{
	struct world *w = *state;
	char body[160];
	char cursor[64];

	ask(w, "/v2/inventory/counts/batch-retrieve", "{\"limit\":4}");
	snprintf(cursor, sizeof(cursor), "%.28s",
	         strstr(buf_text(&w->reply.body), "\"cursor\":\"") + 10);
	snprintf(body, sizeof(body),
	         "{\"states\":[\"IN_STOCK\"],\"cursor\":\"%s\"}", cursor);
	ask(w, "/v2/inventory/counts/batch-retrieve", body);
	assert_true(says(w, "INVALID_CURSOR"));
}

/* ---- writes ---- */

static void
test_sim_square__a_key_used_again_for_another_body_is_refused(void **state)
{
	struct world *w = *state;

	write_count(w, "k", "10", 0);
	write_count(w, "k", "11", 0);
	assert_true(says(w, "IDEMPOTENCY_KEY_REUSED"));
	assert_count(w, "10");
}

static void
test_sim_square__the_same_key_and_body_get_the_same_answer(void **state)
{
	struct world *w = *state;
	struct buf body = BUF_INIT;
	struct buf first = BUF_INIT;

	buf_adds(&body, "{\"idempotency_key\":\"k\",\"changes\":[");
	add_count(w, &body, "10", 0);
	buf_adds(&body, "]}");
	ask(w, "/v2/inventory/changes/batch-create", buf_text(&body));
	buf_adds(&first, buf_text(&w->reply.body));
	sell_one(w, 0, false);
	ask(w, "/v2/inventory/changes/batch-create", buf_text(&body));
	assert_string_equal(buf_text(&w->reply.body), buf_text(&first));
	assert_int_equal(w->square.n_writes, 1);
	buf_fini(&body);
	buf_fini(&first);
}

static void
test_sim_square__a_write_from_the_future_is_refused(void **state)
{
	struct world *w = *state;

	write_count(w, "k", "10", -60);
	assert_true(says(w, "INVALID_TIME"));
}

static void
test_sim_square__a_write_older_than_a_day_is_refused(void **state)
{
	struct world *w = *state;

	write_count(w, "k", "10", 86401);
	assert_true(says(w, "INVALID_TIME"));
}

static void
test_sim_square__more_than_a_hundred_changes_are_refused(void **state)
{
	struct world *w = *state;
	struct buf body = BUF_INIT;
	int i;

	buf_adds(&body, "{\"idempotency_key\":\"k\",\"changes\":[");
	for (i = 0; i < 101; i++) {
		buf_adds(&body, i > 0 ? "," : "");
		add_count(w, &body, "10", 0);
	}
	buf_adds(&body, "]}");
	ask(w, "/v2/inventory/changes/batch-create", buf_text(&body));
	assert_true(says(w, "ARRAY_LENGTH_TOO_LONG"));
	assert_int_equal(w->square.n_writes, 0);
	buf_fini(&body);
}

static void
test_sim_square__unchanged_means_since_the_last_physical_count(void **state)
{
	struct world *w = *state;

	write_count(w, "k1", "10", 0);
	sell_one(w, 0, false);
	write_count(w, "k2", "10", 0);
	assert_count(w, "8");
	w->square.is.ignores_by_count = true;
	write_count(w, "k3", "10", 0);
	assert_count(w, "10");
}

/* ---- sales ---- */

static void
test_sim_square__a_sale_is_announced_as_count_and_payment(void **state)
{
	struct world *w = *state;
	const struct square_order *order = sell_one(w, 0, true);

	assert_non_null(strstr(announced.p, "inventory.count.updated"));
	assert_non_null(strstr(announced.p, "payment.updated"));
	assert_non_null(strstr(announced.p, order->id));
}

static void
test_sim_square__a_late_sale_is_found_by_when_it_was_closed(void **state)
{
	static const char form[] =
		"{\"location_ids\":[\"L1\"],\"query\":{\"filter\":{"
		"\"state_filter\":{\"states\":[\"COMPLETED\"]},"
		"\"date_time_filter\":{\"closed_at\":{\"start_at\":\"%s\"}}},"
		"\"sort\":{\"sort_field\":\"CLOSED_AT\"}}}";
	struct world *w = *state;
	const struct square_order *order = sell_one(w, 3600, false);
	char body[400];
	char at[SIM_TIME_SIZE];

	sim_time_format(at, sim_now_us(&w->sim) - (int64_t)60 * 1000000);
	snprintf(body, sizeof(body), form, at);
	ask(w, "/v2/orders/search", body);
	assert_string_equal(buf_text(&w->reply.body), "{\"orders\":[]}");
	sim_time_format(at, sim_now_us(&w->sim) - (int64_t)7200 * 1000000);
	snprintf(body, sizeof(body), form, at);
	ask(w, "/v2/orders/search", body);
	assert_true(says(w, order->id));
}

static void
test_sim_square__a_search_sorts_by_what_it_filters(void **state)
{
	struct world *w = *state;

	ask(w, "/v2/orders/search",
	    "{\"location_ids\":[\"L1\"],\"query\":{\"filter\":{"
	    "\"date_time_filter\":{\"closed_at\":{}}}}}");
	assert_int_equal(w->reply.status, 400);
}

static void
test_sim_square__an_amended_order_is_a_new_version(void **state)
{
	struct world *w = *state;
	struct square_order *order = sell_one(w, 0, false);
	int64_t version = order->version;

	write_count(w, "k", "10", 0);
	assert_true(square_amend(&w->square, order->id, NULL, decimal_of(1)));
	assert_int_equal(order->version, version + 1);
	assert_count(w, "11");
}

/* ---- orders by calls ---- */

/* An order of two of the first variation at this price for one, in cents. */
static void
order_two(struct world *w, const char *key, const char *cents)
{
	struct buf body = BUF_INIT;

	buf_addf(&body,
	         "{\"idempotency_key\":\"%s\",\"order\":{\"location_id\":"
	         "\"L1\",\"reference_id\":\"R\",\"line_items\":[{"
	         "\"catalog_object_id\":\"%s\",\"quantity\":\"2\","
	         "\"base_price_money\":{\"amount\":%s,"
	         "\"currency\":\"EUR\"}}]}}",
	         key, variation(w, 0)->id, cents);
	ask(w, "/v2/orders", buf_text(&body));
	buf_fini(&body);
}

static void
pay_cents(struct world *w, const char *key, int cents, const char *currency)
{
	struct buf body = BUF_INIT;

	buf_addf(&body,
	         "{\"source_id\":\"EXTERNAL\",\"idempotency_key\":\"%s\","
	         "\"amount_money\":{\"amount\":%d,\"currency\":\"%s\"},"
	         "\"order_id\":\"%s\",\"location_id\":\"L1\","
	         "\"external_details\":{\"type\":\"OTHER\",\"source\":"
	         "\"S\"}}",
	         key, cents, currency, w->square.orders[0]->id);
	ask(w, "/v2/payments", buf_text(&body));
	buf_fini(&body);
}

static void
test_sim_square__an_order_lowers_the_stock_when_it_is_paid(void **state)
{
	struct world *w = *state;

	write_count(w, "k", "10", 0);
	order_two(w, "o", "150");
	assert_int_equal(w->reply.status, 200);
	assert_true(says(w, "\"state\":\"OPEN\""));
	assert_count(w, "10");
	pay_cents(w, "p", 300, "EUR");
	assert_int_equal(w->reply.status, 200);
	assert_count(w, "8");
	pay_cents(w, "p", 300, "EUR"); /* the same answer, no second effect */
	assert_int_equal(w->reply.status, 200);
	assert_count(w, "8");
	pay_cents(w, "q", 300, "EUR");
	assert_int_equal(w->reply.status, 400); /* it is paid */
	assert_count(w, "8");
	assert_non_null(strstr(buf_text(&announced), "order.created"));
	assert_non_null(strstr(buf_text(&announced), "payment.updated"));
}

static void
test_sim_square__an_order_is_made_once_for_a_key(void **state)
{
	struct world *w = *state;

	order_two(w, "o", "150");
	order_two(w, "o", "150");
	assert_int_equal(w->reply.status, 200);
	assert_int_equal(w->square.n_orders, 1);
	assert_int_equal(w->square.orders[0]->n_answers, 2);
	order_two(w, "o", "151");
	assert_int_equal(w->reply.status, 400);
	assert_true(says(w, "IDEMPOTENCY_KEY_REUSED"));
	assert_int_equal(w->square.n_orders, 1);
}

static void
test_sim_square__a_payment_must_fit_its_order(void **state)
{
	struct world *w = *state;

	order_two(w, "o", "150");
	pay_cents(w, "p", 299, "EUR");
	assert_true(says(w, "PAYMENT_AMOUNT_MISMATCH"));
	pay_cents(w, "p", 300, "USD");
	assert_true(says(w, "CURRENCY_MISMATCH"));
	pay_cents(w, "a-key-of-forty-six-characters-which-is-too-lon", 300,
	          "EUR");
	assert_true(says(w, "VALUE_TOO_LONG"));
	assert_int_equal(w->square.orders[0]->state, SQUARE_OPEN);
	pay_cents(w, "p", 300, "EUR"); /* what was refused used up no key */
	assert_int_equal(w->reply.status, 200);
}

/* ---- tokens that end: the PKCE flow, unless a secret is set ---- */

static void
renew_as(struct world *w, const char *client, const char *more,
         const char *refresh)
{
	struct buf body = BUF_INIT;

	buf_addf(&body,
	         "{\"client_id\":\"%s\",%s\"grant_type\":\"refresh_token\","
	         "\"refresh_token\":\"%s\"}",
	         client, more, refresh);
	ask_as(w, "", "/oauth2/token", buf_text(&body));
	buf_fini(&body);
}

/* What the last answer has there; "" without it. Its caller frees it. */
static char *
member_of_answer(const struct world *w, const char *key)
{
	struct json *doc = NULL;
	char *text;

	assert_int_equal(json_parse(&doc, w->reply.body.p, w->reply.body.n), 0);
	text = sim_dup(json_text_or(json_root(doc), key, ""));
	json_free(doc);
	return text;
}

/* How a call with this token is answered. */
static int
status_with(struct world *w, const char *access)
{
	char *bearer = text_format("Bearer %s", access);

	ask_as(w, bearer, "/v2/inventory/counts/batch-retrieve", "{}");
	free(bearer);
	return w->reply.status;
}

static void
test_sim_square__a_pkce_token_is_renewed_once(void **state)
{
	struct world *w = *state;
	char *access;
	char *refresh;

	renew_as(w, "app", "", "refresh-0");
	assert_int_equal(w->reply.status, 200);
	assert_true(says(w, "\"refresh_token_expires_at\""));
	access = member_of_answer(w, "access_token");
	refresh = member_of_answer(w, "refresh_token");
	assert_string_not_equal(refresh, "refresh-0");
	assert_int_equal(status_with(w, access), 200);
	renew_as(w, "app", "", "refresh-0");
	assert_int_equal(w->reply.status, 401);
	assert_int_equal(w->square.n_spent_again, 1);
	renew_as(w, "app", "", refresh);
	assert_int_equal(w->reply.status, 200);
	assert_int_equal(status_with(w, access), 200); /* until its end */
	free(access);
	free(refresh);
}

static void
test_sim_square__a_code_flow_token_is_renewed_for_ever(void **state)
{
	struct world *w = *state;
	char *refresh;

	w->square.options.client_secret = "secret";
	for (int i = 0; i < 3; i++) {
		renew_as(w, "app", "\"client_secret\":\"secret\",",
		         "refresh-0");
		assert_int_equal(w->reply.status, 200);
		assert_false(says(w, "refresh_token_expires_at"));
		refresh = member_of_answer(w, "refresh_token");
		assert_string_equal(refresh, "refresh-0");
		free(refresh);
	}
}

static void
test_sim_square__a_token_ends_and_may_be_taken_back(void **state)
{
	struct world *w = *state;
	char *access;

	renew_as(w, "app", "", "refresh-0");
	access = member_of_answer(w, "access_token");
	square_tokens_expire(&w->square);
	assert_int_equal(status_with(w, access), 401);
	assert_true(says(w, "ACCESS_TOKEN_EXPIRED"));
	square_tokens_revoke(&w->square);
	assert_int_equal(status_with(w, access), 401);
	assert_true(says(w, "ACCESS_TOKEN_REVOKED"));
	renew_as(w, "app", "", "refresh-0");
	assert_int_equal(w->reply.status, 401);
	square_tokens_authorise(&w->square, "refresh-anew");
	renew_as(w, "app", "", "refresh-anew");
	assert_int_equal(w->reply.status, 200);
	assert_int_equal(status_with(w, "token"), 200); /* the personal one */
	free(access);
}

static void
test_sim_square__the_token_call_checks_what_it_gets(void **state)
{
	struct world *w = *state;
	char long_id[193];

	memset(long_id, 'a', sizeof(long_id) - 1);
	long_id[sizeof(long_id) - 1] = '\0';
	renew_as(w, "other", "", "refresh-0");
	assert_int_equal(w->reply.status, 401);
	renew_as(w, long_id, "", "refresh-0");
	assert_int_equal(w->reply.status, 400);
	renew_as(w, "app", "", "r");
	assert_int_equal(w->reply.status, 400);
	renew_as(w, "app", "\"client_secret\":\"not with PKCE\",", "refresh-0");
	assert_int_equal(w->reply.status, 401);
	renew_as(w, "app", "\"clientsecret\":\"s\",", "refresh-0");
	assert_true(says(w, "UNKNOWN_BODY_PARAMETER"));
	ask_as(w, "", "/oauth2/token", "client_id=app");
	assert_int_equal(w->reply.status, 400);
	ask_as(w, "", "/oauth2/token",
	       "{\"client_id\":\"app\",\"refresh_token\":\"refresh-0\"}");
	assert_int_equal(w->reply.status, 400);
	w->square.is.old_token_errors = true;
	renew_as(w, "app", "", "unknown");
	assert_true(says(w, "\"type\":\"service.not_authorized\""));
	assert_int_equal(w->square.n_refreshes, 0);
}

/* ---- locations ---- */

static void
test_sim_square__locations_count_apart(void **state)
{
	struct world *w = *state;
	struct square_sale sale = { .n_lines = 1, .at = 1 };
	char text[DECIMAL_TEXT_SIZE];

	w->square.options.second = "L2";
	write_count(w, "key-1", "5", 0);
	sale.lines[0].variation = variation(w, 0);
	sale.lines[0].quantity = decimal_of(2);
	square_count(&w->square, variation(w, 0), 1, decimal_of(9), false);
	square_sell(&w->square, &sale);
	assert_count(w, "5");
	decimal_format(text,
	               variation(w, 0)->shelves[1].counts[SQUARE_IN_STOCK]);
	assert_string_equal(text, "7");
	ask(w, "/v2/inventory/counts/batch-retrieve",
	    "{\"location_ids\":[\"L2\"],\"states\":[\"IN_STOCK\"]}");
	assert_true(says(w, "\"quantity\":\"7\""));
	assert_false(says(w, "\"L1\""));
	ask(w, "/v2/inventory/changes/batch-retrieve",
	    "{\"location_ids\":[\"L1\"],\"types\":[\"ADJUSTMENT\"]}");
	assert_false(says(w, "IN_STOCK"));
}

static void
test_sim_square__orders_are_of_one_location(void **state)
{
	struct world *w = *state;
	struct square_sale sale = { .n_lines = 1, .at = 1 };
	const struct square_order *order;
	char body[256];

	w->square.options.second = "L2";
	sale.lines[0].variation = variation(w, 0);
	sale.lines[0].quantity = decimal_of(1);
	order = square_sell(&w->square, &sale);
	ask(w, "/v2/orders/search", "{\"location_ids\":[\"L1\"]}");
	assert_false(says(w, order->id));
	ask(w, "/v2/orders/search", "{\"location_ids\":[\"L1\",\"L2\"]}");
	assert_true(says(w, order->id));
	ask(w, "/v2/orders/search", "{\"location_ids\":[\"L3\"]}");
	assert_int_equal(w->reply.status, 404);
	snprintf(body, sizeof(body),
	         "{\"location_id\":\"L1\",\"order_ids\":[\"%s\"]}", order->id);
	ask(w, "/v2/orders/batch-retrieve", body);
	assert_false(says(w, order->id));
}

/* ---- subscriptions ---- */

#define HOOKS_CALL "/v2/webhooks/subscriptions"
#define NEW_HOOK(key) \
	"{\"idempotency_key\":\"" key "\",\"subscription\":{" \
	"\"name\":\"n\",\"event_types\":[\"payment.updated\"]," \
	"\"notification_url\":\"https://other/\"}}"

static void
test_sim_square__each_subscription_hears_what_it_wants(void **state)
{
	struct world *w = *state;
	struct buf wanted = BUF_INIT;

	ask(w, HOOKS_CALL, NEW_HOOK("k1"));
	assert_true(says(w, "\"signature_key\""));
	ask(w, HOOKS_CALL, NEW_HOOK("k1")); /* the same answer again */
	assert_int_equal(w->square.n_subscriptions, 2);
	sell_one(w, 0, true);
	/* Count and payment; the payment to both. */
	buf_addf(&wanted, "- -\n- -\nhttps://other/ %s\n",
	         w->square.subscriptions[1].key);
	assert_string_equal(buf_text(&told), buf_text(&wanted));
	buf_fini(&wanted);
}

static void
test_sim_square__a_subscription_is_changed_and_read(void **state)
{
	struct world *w = *state;
	char path[96];

	ask(w, HOOKS_CALL, NEW_HOOK("k1"));
	snprintf(path, sizeof(path), HOOKS_CALL "/%s",
	         w->square.subscriptions[1].id);
	ask_with(w, "PUT", "Bearer token", path,
	         "{\"subscription\":{\"enabled\":false}}");
	assert_true(says(w, "\"enabled\":false"));
	assert_true(says(w, "payment.updated"));
	sell_one(w, 0, true);
	assert_null(strstr(buf_text(&told), "https://other/"));
	ask_with(w, "GET", "Bearer token", HOOKS_CALL, "");
	assert_false(says(w, "https://other/")); /* enabled ones alone */
	assert_false(says(w, "signature_key"));
	ask_with(w, "GET", "Bearer token", path, "");
	assert_true(says(w, w->square.subscriptions[1].key));
}

static void
test_sim_square__subscriptions_are_the_applications(void **state)
{
	struct world *w = *state;
	char bearer[128];

	renew_as(w, "app", "", "refresh-0");
	snprintf(bearer, sizeof(bearer), "Bearer %s",
	         w->square.tokens[w->square.n_tokens - 1].access);
	ask_as(w, bearer, HOOKS_CALL, NEW_HOOK("k1"));
	assert_int_equal(w->reply.status, 403);
	ask(w, HOOKS_CALL,
	    "{\"subscription\":{\"event_types\":[\"payment.eaten\"],"
	    "\"notification_url\":\"https://other/\"}}");
	assert_int_equal(w->reply.status, 400);
	ask(w, HOOKS_CALL,
	    "{\"subscription\":{\"event_types\":[\"payment.updated\"],"
	    "\"notification_url\":\"http://other/\"}}");
	assert_int_equal(w->reply.status, 400);
	assert_int_equal(w->square.n_subscriptions, 1);
}

/* ---- the catalogue ---- */

static void
test_sim_square__a_search_leaves_out_what_is_deleted(void **state)
{
	struct world *w = *state;

	w->square.options.second = "L2";
	variation(w, 0)->is_deleted = true;
	variation(w, 1)->is_absent[1] = true;
	ask(w, "/v2/catalog/search", "{\"object_types\":[\"ITEM_VARIATION\"]}");
	assert_false(says(w, variation(w, 0)->id));
	assert_true(says(w, "\"absent_at_location_ids\":[\"L2\"]"));
	ask(w, "/v2/catalog/search",
	    "{\"object_types\":[\"ITEM_VARIATION\"],"
	    "\"include_deleted_objects\":true}");
	assert_true(says(w, variation(w, 0)->id));
	/* A variation has not its item's name, and an item no SKU. */
	ask(w, "/v2/catalog/search",
	    "{\"object_types\":[\"ITEM\"],\"query\":{\"set_query\":{"
	    "\"attribute_name\":\"sku\",\"attribute_values\":["
	    "\"21-0002\"]}}}");
	assert_true(says(w, "\"objects\":[]"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sim_square__refuses_a_wrong_token),
		TEST(test_sim_square__refuses_a_misspelled_member),
		TEST(test_sim_square__a_count_stamped_before_a_sale_ends_below_it),
		TEST(test_sim_square__counts_are_found_strictly_after_a_moment),
		TEST(test_sim_square__pages_show_each_count_once_newest_first),
		TEST(test_sim_square__a_cursor_is_good_for_its_own_query_only),
		TEST(test_sim_square__a_key_used_again_for_another_body_is_refused),
		TEST(test_sim_square__the_same_key_and_body_get_the_same_answer),
		TEST(test_sim_square__a_write_from_the_future_is_refused),
		TEST(test_sim_square__a_write_older_than_a_day_is_refused),
		TEST(test_sim_square__more_than_a_hundred_changes_are_refused),
		TEST(test_sim_square__unchanged_means_since_the_last_physical_count),
		TEST(test_sim_square__a_sale_is_announced_as_count_and_payment),
		TEST(test_sim_square__a_late_sale_is_found_by_when_it_was_closed),
		TEST(test_sim_square__a_search_sorts_by_what_it_filters),
		TEST(test_sim_square__an_amended_order_is_a_new_version),
		TEST(test_sim_square__an_order_lowers_the_stock_when_it_is_paid),
		TEST(test_sim_square__an_order_is_made_once_for_a_key),
		TEST(test_sim_square__a_payment_must_fit_its_order),
		TEST(test_sim_square__a_pkce_token_is_renewed_once),
		TEST(test_sim_square__a_code_flow_token_is_renewed_for_ever),
		TEST(test_sim_square__a_token_ends_and_may_be_taken_back),
		TEST(test_sim_square__the_token_call_checks_what_it_gets),
		TEST(test_sim_square__locations_count_apart),
		TEST(test_sim_square__orders_are_of_one_location),
		TEST(test_sim_square__each_subscription_hears_what_it_wants),
		TEST(test_sim_square__a_subscription_is_changed_and_read),
		TEST(test_sim_square__subscriptions_are_the_applications),
		TEST(test_sim_square__a_search_leaves_out_what_is_deleted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
