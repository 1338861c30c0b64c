/*
 * Hiboutik's own rules, against the simulated till itself: it is asked by
 * function call, so that each call of the adapter can be lost, refused or be
 * the last one before a crash.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "adapters/adapters.h"
#include "gateway/base/clock.h"
#include "gateway/drivers/http_client.h"
#include "handlers/handlers.h"
#include "tests/sim/hiboutik.h"
#include "tests/support/adapter_rig.h"
#include "tests/support/adapter_sink.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_mirror.h"
#include "tests/support/till_wire.h"
#include "tests/support/till_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY  "pl4nted-hiboutik-4711"
#define HOST "https://demo.hiboutik.test"

/* ---- a till, and the adapter that calls it ---- */

struct rig {
	struct till_world at;
	struct hiboutik till;
	struct till_wire wire;
	struct conf_section *conf;
	struct mirror *mirror;
	struct http_client *http;
	void *state;
};

static int
answer_call(void *ctx, const struct http_request *q, struct http_answer *answer)
{
	struct rig *rig = ctx;

	return till_wire_call(&rig->wire, q, answer);
}

static void
open_state(struct rig *rig)
{
	const struct adapter_env env = { .conf = rig->conf,
		                         .http = rig->http,
		                         .mirror = rig->mirror };

	assert_int_equal(hiboutik_adapter.open(&rig->state, &env), 0);
}

/* A crash: what the process knew is gone, what it noted is not. */
static void
start_again(struct rig *rig)
{
	hiboutik_adapter.close(rig->state);
	open_state(rig);
}

static void
configure(struct rig *rig, int store, int warehouse, const char *more)
{
	const struct conf_type type = { .name = "hiboutik",
		                        .rows = hiboutik_adapter.options,
		                        .hook = hiboutik_hooks.options };
	char *json = text_format(
		"{\"url\":\"" HOST "/api\",\"email\":\"demo@example.com\","
		"\"api_key\":\"" KEY "\",\"store\":%d,\"warehouse\":%d,"
		"\"timezone\":\"Europe/Athens\"%s}",
		store, warehouse, more);

	adapter_rig_configure(&rig->conf, &type, json);
}

static int
rig_open(void **state)
{
	const struct hiboutik_options options = {
		.account = "demo",
		.email = "demo@example.com",
		.key = KEY,
		.store = 1,
		.warehouse = 5,
	};
	struct rig *rig = sim_alloc(sizeof(*rig));

	till_world_open(&rig->at, 1);
	hiboutik_init(&rig->till, &rig->at.sim, &options);
	rig->wire = (struct till_wire){ .host = HOST,
		                        .root = HOST "/api/",
		                        .serve = hiboutik_serve,
		                        .till = &rig->till };
	rig->mirror = fake_mirror_new();
	assert_int_equal(http_client_new_fake(&rig->http, answer_call, rig), 0);
	configure(rig, 1, 5, "");
	open_state(rig);
	*state = rig;
	return 0;
}

static int
rig_close(void **state)
{
	struct rig *rig = *state;

	hiboutik_adapter.close(rig->state);
	http_client_free(rig->http);
	fake_mirror_free(rig->mirror);
	conf_section_free(rig->conf);
	till_wire_fini(&rig->wire);
	hiboutik_fini(&rig->till);
	till_world_close(&rig->at);
	free(rig);
	return 0;
}

/* Another rig in the place of this one, for rows. */
static struct rig *
renew(void **state)
{
	(void)rig_close(state);
	(void)rig_open(state);
	return *state;
}

static void
change(struct rig *rig, const char *what, const char *body)
{
	adapter_rig_order(&hiboutik_hands, &rig->till, what, body);
}

static struct hiboutik_thing *
thing(struct rig *rig, const char *name)
{
	struct hiboutik_thing *t = hiboutik_find(&rig->till, name);

	assert_non_null(t);
	return t;
}

/* ---- counts ---- */

static struct outcome
look(struct rig *rig, struct count *counts, size_t n)
{
	return hiboutik_adapter.read_counts(rig->state, counts, n);
}

static void
test_hiboutik__a_few_items_cost_a_call_for_each_product(void **state)
{
	struct rig *rig = *state;
	struct count counts[] = { { .external = "101/0" } };
	struct count more[3] = { { 0 } };
	char names[3][48];
	size_t n = 0;

	thing(rig, "101/0")->counts[0] = 41;
	thing(rig, "101/0")->counts[1] = 7; /* another warehouse */
	assert_int_equal(look(rig, counts, 1).verdict, VERDICT_DONE);
	assert_true(counts[0].is_known);
	assert_int_equal(adapter_rig_whole(counts[0].qty), 41);
	assert_string_equal(buf_text(&rig->wire.log),
	                    "GET stock_available/product_id/101\n");
	/* All sizes of one product are one call. */
	for (size_t i = 0; i < rig->till.n_things && n < 3; i++)
		if (rig->till.things[i]->size)
			hiboutik_name(names[n++], rig->till.things[i]);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++)
		more[i].external = names[i];
	till_wire_begin(&rig->wire);
	assert_int_equal(look(rig, more, 3).verdict, VERDICT_DONE);
	assert_int_equal(rig->wire.n_calls, 1);
	for (size_t i = 0; i < n; i++) {
		assert_true(more[i].is_known);
		assert_int_equal(adapter_rig_whole(more[i].qty),
		                 thing(rig, names[i])->counts[0]);
	}
}

static void
test_hiboutik__many_items_cost_the_warehouse_once(void **state)
{
	struct rig *rig = *state;
	struct count counts[] = { { .external = "101/0" },
		                  { .external = "102/0" },
		                  { .external = "103/0" } };

	assert_int_equal(look(rig, counts, 3).verdict, VERDICT_DONE);
	assert_string_equal(buf_text(&rig->wire.log),
	                    "GET stock_available/warehouse_id/5\n");
	for (size_t i = 0; i < 3; i++)
		assert_true(counts[i].is_known);
	/* Where it has more pages, that many products are as cheap alone. */
	change(rig, "switches", "{\"page_rows\":3}");
	till_wire_begin(&rig->wire);
	assert_int_equal(look(rig, counts, 3).verdict, VERDICT_DONE);
	assert_int_equal(till_wire_times(&rig->wire, "warehouse_id/5"), 3);
	till_wire_begin(&rig->wire);
	assert_int_equal(look(rig, counts, 3).verdict, VERDICT_DONE);
	assert_int_equal(till_wire_times(&rig->wire, "product_id/"), 3);
}

/* Whether stock pages is not documented; a list that does not ends as well. */
static void
test_hiboutik__a_list_without_pages_is_read_once(void **state)
{
	struct rig *rig = *state;
	struct count counts[] = { { .external = "101/0" },
		                  { .external = "102/0" } };

	change(rig, "switches", "{\"pages_stock\":false}");
	assert_int_equal(look(rig, counts, 2).verdict, VERDICT_DONE);
	assert_int_equal(rig->wire.n_calls, 1);
	assert_true(counts[0].is_known && counts[1].is_known);
}

static void
test_hiboutik__what_it_does_not_have_is_refused_and_not_written(void **state)
{
	struct rig *rig = *state;
	struct count counts[] = { { .external = "999/0" },
		                  { .external = "101/77" },
		                  { .external = "101/0" } };

	assert_int_equal(look(rig, counts, 3).verdict, VERDICT_DONE);
	for (size_t i = 0; i < 2; i++) {
		assert_false(counts[i].is_known);
		assert_int_equal(counts[i].outcome.verdict, VERDICT_REFUSED);
		assert_non_null(
			strstr(counts[i].outcome.why, counts[i].external));
		counts[i].qty = decimal_of(5);
	}
	assert_true(counts[2].is_known);
	counts[2].qty = decimal_of(50);
	assert_int_equal(
		hiboutik_adapter.write_counts(rig->state, counts, 3, 1000)
			.verdict,
		VERDICT_DONE);
	assert_int_equal(counts[0].outcome.verdict, VERDICT_REFUSED);
	assert_int_equal(counts[1].outcome.verdict, VERDICT_REFUSED);
	assert_int_equal(counts[2].outcome.verdict, VERDICT_DONE);
	assert_int_equal(thing(rig, "101/0")->counts[0], 50);
}

/* ---- counts: write ---- */

/* As the engine does it: look, then write what differs. */
static struct outcome
bring(struct rig *rig, int64_t first, int64_t second)
{
	struct count counts[] = { { .external = "101/0" },
		                  { .external = "102/0" } };
	struct outcome outcome = look(rig, counts, 2);

	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	counts[0].qty = decimal_of(first);
	counts[1].qty = decimal_of(second);
	outcome = hiboutik_adapter.write_counts(rig->state, counts, 2,
	                                        clock_wall_ms());
	if (outcome.verdict == VERDICT_DONE)
		outcome = counts[0].outcome;
	return outcome.verdict == VERDICT_DONE ? counts[1].outcome : outcome;
}

static void
set_counts(struct rig *rig, int64_t first, int64_t second)
{
	thing(rig, "101/0")->counts[0] = first;
	thing(rig, "102/0")->counts[0] = second;
}

static void
assert_counts(struct rig *rig, int64_t first, int64_t second)
{
	assert_int_equal(thing(rig, "101/0")->counts[0], first);
	assert_int_equal(thing(rig, "102/0")->counts[0], second);
}

static void
test_hiboutik__counts_rise_by_an_arrival_and_fall_by_a_sale(void **state)
{
	struct rig *rig = *state;
	const struct hiboutik_sale *s;

	set_counts(rig, 10, 10);
	assert_int_equal(bring(rig, 12, 7).verdict, VERDICT_DONE);
	assert_counts(rig, 12, 7);
	assert_int_equal(rig->till.n_inputs, 1);
	assert_int_equal(rig->till.n_sales, 1);
	assert_memory_equal(rig->till.inputs[0]->label, "TB-count-", 9);
	s = rig->till.sales[0];
	assert_memory_equal(s->ext_ref, "TB-count-", 9);
	assert_true(s->completed_us > 0);
	assert_true(decimal_is_zero(hiboutik_sale_total(s)));
	assert_int_equal(s->lines[0].quantity, 3);
	/* Equal counts cost nothing. */
	till_wire_begin(&rig->wire);
	assert_int_equal(bring(rig, 12, 7).verdict, VERDICT_DONE);
	assert_int_equal(rig->wire.n_calls, 1);
}

static void
test_hiboutik__what_is_sold_after_the_look_stays_sold(void **state)
{
	struct rig *rig = *state;
	struct count c = { .external = "101/0" };

	set_counts(rig, 10, 0);
	assert_int_equal(look(rig, &c, 1).verdict, VERDICT_DONE);
	change(rig, "sell", "{\"lines\":[{\"product\":\"101/0\"}]}");
	c.qty = decimal_of(15);
	assert_int_equal(
		hiboutik_adapter
			.write_counts(rig->state, &c, 1, clock_wall_ms())
			.verdict,
		VERDICT_DONE);
	assert_counts(rig, 14, thing(rig, "102/0")->counts[0]);
	/* The same again is read again, and changes nothing. */
	c.qty = decimal_of(14);
	till_wire_begin(&rig->wire);
	assert_int_equal(
		hiboutik_adapter
			.write_counts(rig->state, &c, 1, clock_wall_ms())
			.verdict,
		VERDICT_DONE);
	assert_string_equal(buf_text(&rig->wire.log),
	                    "GET stock_available/product_id/101\n");
}

/* ---- sales between the look and the write ---- */

static int
count_sold(void *ctx, struct sale *sale)
{
	size_t *n = ctx;

	*n += sale->n_lines;
	return 0;
}

/* The lines of the last 50 minutes' sales. */
static size_t
list_all(struct rig *rig, struct outcome *outcome)
{
	size_t n = 0;
	const struct sale_sink sink = { &n, count_sold };

	*outcome = hiboutik_adapter.list_sales(
		rig->state, clock_wall_ms() - 3000000, clock_wall_ms(), &sink);
	return n;
}

/* What happens between the look and the listing is inside the target. */
static struct outcome
write_beside_sales(struct rig *rig, const char *how, int64_t target)
{
	struct count c = { .external = "101/0" };
	struct outcome outcome;

	assert_int_equal(look(rig, &c, 1).verdict, VERDICT_DONE);
	change(rig, how, "{\"lines\":[{\"product\":\"101/0\"}]}");
	assert_int_equal(list_all(rig, &outcome), 1);
	c.qty = decimal_of(target);
	return hiboutik_adapter.write_counts(rig->state, &c, 1,
	                                     clock_wall_ms());
}

static void
test_hiboutik__what_was_listed_after_the_look_is_taken_off_once(void **state)
{
	struct rig *rig = *state;

	set_counts(rig, 10, 0);
	assert_int_equal(write_beside_sales(rig, "sell", 9).verdict,
	                 VERDICT_DONE);
	assert_counts(rig, 9, 0);
	assert_int_equal(till_wire_times(&rig->wire, "POST"), 0);
	/* Also what came back, and beside another change. */
	rig = renew(state);
	set_counts(rig, 10, 0);
	assert_int_equal(write_beside_sales(rig, "return", 14).verdict,
	                 VERDICT_DONE);
	assert_counts(rig, 14, 0);
	assert_int_equal(adapter_rig_whole(thing(rig, "101/0")->tally.written),
	                 3);
}

/* Inside the count already, and as young: seconds do not tell them apart. */
static void
test_hiboutik__what_was_sold_right_before_the_look_is_in_it(void **state)
{
	struct rig *rig = *state;
	struct count c = { .external = "101/0" };
	struct outcome outcome;

	set_counts(rig, 10, 0);
	change(rig, "sell", "{\"lines\":[{\"product\":\"101/0\"}]}");
	assert_int_equal(look(rig, &c, 1).verdict, VERDICT_DONE);
	assert_int_equal(list_all(rig, &outcome), 1);
	c.qty = decimal_of(12);
	assert_int_equal(
		hiboutik_adapter
			.write_counts(rig->state, &c, 1, clock_wall_ms())
			.verdict,
		VERDICT_DONE);
	assert_counts(rig, 12, 0);
}

/* Sells one more as soon as the count is read for the second time. */
static int
sell_behind(void *ctx, const struct http_request *q, struct http_answer *answer)
{
	struct rig *rig = ctx;
	int r = till_wire_call(&rig->wire, q, answer);

	if (till_wire_times(&rig->wire, "stock_available") == 2 &&
	    strstr(q->url, "stock_available"))
		change(rig, "sell", "{\"lines\":[{\"product\":\"101/0\"}]}");
	return r;
}

static void
test_hiboutik__what_sells_while_we_look_is_left_for_the_next_look(void **state)
{
	struct rig *rig = *state;
	struct http_client *own = rig->http;

	assert_int_equal(http_client_new_fake(&rig->http, sell_behind, rig), 0);
	start_again(rig);
	set_counts(rig, 10, 0);
	till_wire_begin(&rig->wire);
	assert_int_equal(write_beside_sales(rig, "sell", 14).verdict,
	                 VERDICT_RETRY);
	assert_counts(rig, 8, 0);
	assert_int_equal(till_wire_times(&rig->wire, "POST"), 0);
	hiboutik_adapter.close(rig->state);
	http_client_free(rig->http);
	rig->http = own;
	open_state(rig);
}

/* ---- sales that are still open ---- */

static struct hiboutik_sale *
ring_up(struct rig *rig, const char *name, int64_t n)
{
	struct hiboutik_sale *sale = hiboutik_sale_new(&rig->till);

	hiboutik_hands.add(&rig->till, sale, thing(rig, name), decimal_of(n));
	return sale;
}

/* What is open of 101/0 and 102/0. */
static struct outcome
read_open(struct rig *rig, int64_t first, int64_t second)
{
	struct count counts[] = { { .external = "101/0" },
		                  { .external = "102/0" } };
	struct outcome outcome;

	till_wire_begin(&rig->wire);
	outcome = hiboutik_adapter.read_open(rig->state, counts, 2);
	assert_int_equal(outcome.verdict, VERDICT_DONE);
	assert_int_equal(adapter_rig_whole(counts[0].qty), first);
	assert_int_equal(adapter_rig_whole(counts[1].qty), second);
	return outcome;
}

static void
test_hiboutik__open_sales_are_one_call(void **state)
{
	struct rig *rig = *state;
	struct hiboutik_sale *ours;

	(void)ring_up(rig, "101/0", 2);
	(void)ring_up(rig, "101/0", 1);
	(void)ring_up(rig, "103/0", 4);
	(void)read_open(rig, 3, 0);
	assert_string_equal(buf_text(&rig->wire.log), "GET open_sales/1\n");
	/* What is ours is finished by us, and hides nothing. */
	ours = ring_up(rig, "102/0", 5);
	(void)read_open(rig, 3, 5);
	free(ours->ext_ref);
	ours->ext_ref = sim_dup("TB-count-0123456789abcdef");
	(void)read_open(rig, 3, 0);
	/* Closed and abandoned ones are open no more. */
	hiboutik_sale_void(rig->till.sales[0]);
	hiboutik_sale_close(&rig->till, rig->till.sales[1],
	                    sim_now_us(&rig->at.sim), false);
	(void)read_open(rig, 0, 0);
}

static void
test_hiboutik__open_sales_listed_without_lines_are_read(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;

	change(rig, "switches", "{\"list_lines\":false}");
	(void)ring_up(rig, "101/0", 2);
	(void)ring_up(rig, "102/0", 1);
	(void)read_open(rig, 2, 1);
	assert_int_equal(rig->wire.n_calls, 3);
	/* But never all of a busy evening's. */
	for (int i = 0; i < 30; i++)
		(void)ring_up(rig, "101/0", 1);
	outcome = read_open(rig, 25, 1);
	assert_int_equal(rig->wire.n_calls, 26);
	assert_non_null(strstr(outcome.why, "32 sales are open"));
}

static int open_status; /* what the list of open sales answers; 0: itself */

static int
answer_no_open(void *ctx, const struct http_request *q,
               struct http_answer *answer)
{
	struct rig *rig = ctx;
	int r = till_wire_call(&rig->wire, q, answer);

	if (strstr(q->url, "open_sales") && open_status)
		answer->status = open_status;
	return r;
}

static void
assert_asked_hourly(struct rig *rig, int status)
{
	struct http_client *own = rig->http;
	struct outcome outcome;

	fake_clock_start(clock_wall_ms(), clock_mono_ms());
	open_status = status;
	assert_int_equal(http_client_new_fake(&rig->http, answer_no_open, rig),
	                 0);
	start_again(rig);
	(void)ring_up(rig, "101/0", 2);
	outcome = read_open(rig, 0, 0);
	assert_int_equal(rig->wire.n_calls, 1);
	assert_non_null(strstr(outcome.why, "lists no open sales"));
	fake_clock_advance(3599000);
	outcome = read_open(rig, 0, 0);
	assert_int_equal(rig->wire.n_calls, 0);
	assert_string_equal(outcome.why, "");
	fake_clock_advance(1000);
	outcome = read_open(rig, 0, 0);
	assert_int_equal(rig->wire.n_calls, 1);
	assert_string_equal(outcome.why, "");
	/* It was for a while only. */
	open_status = 0;
	fake_clock_advance(3600000);
	(void)read_open(rig, 2, 0);
	fake_clock_stop();
	hiboutik_adapter.close(rig->state);
	http_client_free(rig->http);
	rig->http = own;
	open_state(rig);
}

static void
test_hiboutik__an_account_without_a_list_of_open_sales_is_asked_hourly(
	void **state)
{
	assert_asked_hourly(*state, 404);
}

/* Who may read counts and not open tickets is not locked out. */
static void
test_hiboutik__an_account_that_may_not_list_open_sales_is_asked_hourly(
	void **state)
{
	assert_asked_hourly(*state, 403);
}

/* As the list of open sales answers it, whatever is rung up. */
static const char *open_rows;

static int
answer_open_rows(void *ctx, const struct http_request *q,
                 struct http_answer *answer)
{
	struct rig *rig = ctx;
	int r = till_wire_call(&rig->wire, q, answer);

	if (strstr(q->url, "open_sales")) {
		buf_reset(&answer->body);
		buf_adds(&answer->body, open_rows);
	}
	return r;
}

/* A voucher, a line typed in by hand: neither is stocked. */
static void
test_hiboutik__a_line_of_an_open_sale_that_is_no_product_is_left_out(
	void **state)
{
	struct rig *rig = *state;
	struct http_client *own = rig->http;

	open_rows = "[{\"sale_id\":1,\"store_id\":1,\"line_items\":["
		    "{\"product_id\":null,\"quantity\":\"1\"},"
		    "{\"product_id\":101,\"product_size\":0,"
		    "\"quantity\":\"2\"},"
		    "{\"product_id\":\"gift\"},"
		    "{\"product_id\":999,\"product_size\":0}]}]";
	assert_int_equal(
		http_client_new_fake(&rig->http, answer_open_rows, rig), 0);
	start_again(rig);
	(void)read_open(rig, 2, 0);
	hiboutik_adapter.close(rig->state);
	http_client_free(rig->http);
	rig->http = own;
	open_state(rig);
}

/* Trouble is no word that nothing is open. */
static void
test_hiboutik__open_sales_that_cannot_be_read_are_not_none(void **state)
{
	struct rig *rig = *state;
	struct count c = { .external = "101/0" };

	change(rig, "switches", "{\"list_lines\":false}");
	(void)ring_up(rig, "101/0", 2);
	for (unsigned bad = 1; bad <= 2; bad++) {
		till_wire_begin(&rig->wire);
		rig->wire.bad_call = bad;
		rig->wire.trouble = FAILED;
		assert_int_equal(
			hiboutik_adapter.read_open(rig->state, &c, 1).verdict,
			VERDICT_RETRY);
		rig->wire.bad_call = 0;
	}
}

/* Rings up one more as soon as the count is about to be read once more. */
static int
ring_up_between(void *ctx, const struct http_request *q,
                struct http_answer *answer)
{
	struct rig *rig = ctx;

	if (till_wire_times(&rig->wire, "stock_available") == 1 &&
	    strstr(q->url, "stock_available"))
		(void)ring_up(rig, "101/0", 1);
	return till_wire_call(&rig->wire, q, answer);
}

static void
test_hiboutik__what_is_rung_up_while_we_look_is_not_put_back(void **state)
{
	struct rig *rig = *state;
	struct http_client *own = rig->http;

	assert_int_equal(http_client_new_fake(&rig->http, ring_up_between, rig),
	                 0);
	start_again(rig);
	change(rig, "switches", "{\"moves\":\"adding\"}");
	set_counts(rig, 10, 0);
	till_wire_begin(&rig->wire);
	assert_int_equal(write_beside_sales(rig, "sell", 14).verdict,
	                 VERDICT_RETRY);
	assert_counts(rig, 8, 0);
	assert_int_equal(till_wire_times(&rig->wire, "POST"), 0);
	hiboutik_adapter.close(rig->state);
	http_client_free(rig->http);
	rig->http = own;
	open_state(rig);
}

static void
test_hiboutik__an_account_that_takes_them_lowers_by_arrivals(void **state)
{
	struct rig *rig = *state;

	configure(rig, 1, 5, ",\"decreases\":\"arrival\"");
	start_again(rig);
	set_counts(rig, 10, 10);
	/* The simulated one does not: its refusal is the item's own. */
	assert_int_equal(bring(rig, 12, 7).verdict, VERDICT_REFUSED);
	assert_counts(rig, 12, 10);
	assert_int_equal(rig->till.n_sales, 0);
}

static void
test_hiboutik__either_way_to_validate_is_found(void **state)
{
	struct rig *rig = *state;

	change(rig, "switches", "{\"validate_by_id\":true}");
	set_counts(rig, 10, 10);
	assert_int_equal(bring(rig, 11, 10).verdict, VERDICT_DONE);
	assert_counts(rig, 11, 10);
	assert_int_equal(till_wire_times(&rig->wire, "validate"), 2);
	till_wire_begin(&rig->wire);
	assert_int_equal(bring(rig, 12, 10).verdict, VERDICT_DONE);
	assert_counts(rig, 12, 10);
	assert_int_equal(till_wire_times(&rig->wire, "validate"), 1);
}

static void
test_hiboutik__a_refused_line_stops_no_other(void **state)
{
	struct rig *rig = *state;
	struct count counts[] = { { .external = "101/0" },
		                  { .external = "102/0" } };

	set_counts(rig, 10, 10);
	assert_int_equal(look(rig, counts, 2).verdict, VERDICT_DONE);
	set_counts(rig, 1, 10); /* sold behind our back: 3 are not there */
	counts[0].qty = decimal_of(7);
	counts[1].qty = decimal_of(8);
	assert_int_equal(
		hiboutik_adapter
			.write_counts(rig->state, counts, 2, clock_wall_ms())
			.verdict,
		VERDICT_DONE);
	assert_int_equal(counts[0].outcome.verdict, VERDICT_REFUSED);
	assert_non_null(strstr(counts[0].outcome.why, "101/0"));
	assert_int_equal(counts[1].outcome.verdict, VERDICT_DONE);
	assert_counts(rig, 1, 8);
	/* With no line left the sale is abandoned. */
	assert_int_equal(look(rig, counts, 2).verdict, VERDICT_DONE);
	set_counts(rig, 0, 8);
	counts[0].qty = DECIMAL_ZERO;
	counts[1].qty = decimal_of(8);
	assert_int_equal(
		hiboutik_adapter
			.write_counts(rig->state, counts, 2, clock_wall_ms())
			.verdict,
		VERDICT_DONE);
	assert_int_equal(counts[0].outcome.verdict, VERDICT_REFUSED);
	assert_true(rig->till.sales[rig->till.n_sales - 1]->is_void);
}

static size_t
open_sales(const struct rig *rig)
{
	size_t n = 0;

	for (size_t i = 0; i < rig->till.n_sales; i++)
		n += !rig->till.sales[i]->is_void &&
		     rig->till.sales[i]->completed_us == 0 &&
		     rig->till.sales[i]->n_lines > 0;
	return n;
}

/* With lines or without. A sale whose answer was lost before it had our
   reference is nobody's: it has no lines, and may be a cashier's. */
static void
assert_left_open(const struct rig *rig, size_t expected)
{
	size_t n = 0;

	for (size_t i = 0; i < rig->till.n_sales; i++)
		n += !rig->till.sales[i]->is_void &&
		     rig->till.sales[i]->completed_us == 0;
	assert_int_equal(n, expected);
	assert_int_equal(open_sales(rig), 0);
}

static size_t
validated(const struct rig *rig)
{
	size_t n = 0;

	for (size_t i = 0; i < rig->till.n_inputs; i++)
		n += rig->till.inputs[i]->is_validated;
	return n;
}

/* Somebody rings up on a half-made correction of ours: it is left to a person,
   and the counts go on. */
static void
test_hiboutik__a_correction_with_other_lines_is_told(void **state)
{
	struct rig *rig = *state;
	struct count c = { .external = "101/0" };
	struct hiboutik_sale *s;
	struct outcome outcome;

	set_counts(rig, 10, 10);
	rig->wire.bad_call = 6; /* its closing */
	rig->wire.trouble = DROPPED;
	till_wire_begin(&rig->wire);
	assert_int_equal(look(rig, &c, 1).verdict, VERDICT_DONE);
	c.qty = decimal_of(7);
	assert_int_equal(
		hiboutik_adapter
			.write_counts(rig->state, &c, 1, clock_wall_ms())
			.verdict,
		VERDICT_RETRY);
	assert_string_equal(rig->wire.bad, "POST sales/close/");
	s = rig->till.sales[0];
	hiboutik_line_add(&rig->till, s, thing(rig, "103/0"), 1, DECIMAL_ZERO);
	start_again(rig);
	outcome = look(rig, &c, 1);
	assert_int_equal(outcome.verdict, VERDICT_DONE);
	assert_non_null(strstr(outcome.why, "other lines than ours"));
	assert_non_null(strstr(outcome.why, s->ext_ref));
	assert_true(s->completed_us == 0);
	/* Once. */
	assert_string_equal(look(rig, &c, 1).why, "");
}

/* Trouble of each kind at each call, with and without a crash behind it. */
static bool
write_with_trouble(void **state, unsigned at, enum till_trouble trouble,
                   const char *switches, bool is_crash)
{
	struct rig *rig = renew(state);
	struct outcome outcome;

	change(rig, "switches", switches);
	set_counts(rig, 10, 10);
	rig->wire.bad_call = at;
	rig->wire.trouble = trouble;
	till_wire_begin(&rig->wire);
	outcome = bring(rig, 13, 6);
	if (rig->wire.n_calls < at)
		return false;
	assert_int_equal(outcome.verdict, VERDICT_RETRY);
	if (is_crash)
		start_again(rig);
	rig->wire.bad_call = 0;
	outcome = bring(rig, 13, 6);
	if (outcome.verdict != VERDICT_DONE)
		fail_msg("call %u, trouble %d: %s", at, trouble, outcome.why);
	assert_counts(rig, 13, 6);
	/* Not by way of more and then less. */
	assert_int_equal(adapter_rig_whole(thing(rig, "101/0")->tally.written),
	                 3);
	assert_int_equal(adapter_rig_whole(thing(rig, "102/0")->tally.recorded),
	                 4);
	assert_int_equal(validated(rig), 1);
	assert_int_equal(rig->till.n_inputs, 1);
	assert_left_open(rig, trouble == LOST && strcmp(rig->wire.bad,
	                                                "POST sales/") == 0);
	assert_true(fake_mirror_note_is(rig->mirror, "hiboutik.write", ""));
	return true;
}

static void
test_hiboutik__no_write_is_done_twice_or_half(void **state)
{
	static const char *const switches[] = {
		"{\"moves\":\"closing\"}",
		"{\"moves\":\"adding\"}",
		"{\"validate_by_id\":true}",
	};

	for (size_t i = 0; i < 3; i++)
		for (int t = 0; t < N_TROUBLES; t++)
			for (int crash = 0; crash < 2; crash++) {
				unsigned at = 1;

				while (write_with_trouble(state, at,
				                          (enum till_trouble)t,
				                          switches[i], crash))
					at++;
				assert_int_equal(at, i == 2 ? 12 : 11);
			}
}

/* ---- sales ---- */

struct heard {
	struct buf text;
	int64_t last_ms;
};

static int
hear(void *ctx, struct sale *sale)
{
	struct heard *heard = ctx;
	char qty[DECIMAL_TEXT_SIZE];
	char gross[DECIMAL_TEXT_SIZE];

	assert_true(sale->closed_ms >= heard->last_ms);
	heard->last_ms = sale->closed_ms;
	buf_addf(&heard->text, "%s%s%s", sale->id,
	         sale->is_final ? "" : " open", sale->reference ? " ours" : "");
	for (size_t i = 0; i < sale->n_lines; i++)
		buf_addf(&heard->text, " %s*%s=%s",
		         decimal_format(qty, sale->lines[i].qty),
		         sale->lines[i].external,
		         decimal_format(gross, sale->lines[i].gross));
	buf_adds(&heard->text, "\n");
	return 0;
}

static void
assert_listed(struct rig *rig, int64_t since_ms, const char *expected)
{
	struct heard heard = { .last_ms = 0 };
	const struct sale_sink sink = { &heard, hear };
	struct outcome outcome = hiboutik_adapter.list_sales(
		rig->state, since_ms, clock_wall_ms(), &sink);

	assert_string_equal(outcome.why, "");
	assert_int_equal(outcome.verdict, VERDICT_DONE);
	assert_string_equal(buf_text(&heard.text), expected);
	buf_fini(&heard.text);
}

static void
sell_at(struct rig *rig, int64_t ago_s, int quantity)
{
	char *body = text_format("{\"closed_ago_s\":%lld,\"lines\":[{"
	                         "\"product\":\"101/0\",\"quantity\":%d}]}",
	                         (long long)ago_s, quantity);

	thing(rig, "101/0")->product->price = decimal_of(2);
	change(rig, "sell", body);
	free(body);
}

static void
test_hiboutik__sales_and_returns_are_listed_by_the_shops_days(void **state)
{
	struct rig *rig = *state;
	int64_t now = clock_wall_ms();

	set_counts(rig, 50, 0);
	sell_at(rig, 100, 2);   /* 1, its line 2 */
	sell_at(rig, 90000, 3); /* 3: a day before and more */
	change(rig, "return", "{\"lines\":[{\"product\":\"101/0\"}]}"); /* 5 */
	change(rig, "switches", "{\"page_rows\":1}");
	assert_listed(rig, now - 100000000,
	              "3 3*101/0=6\n1 2*101/0=4\n5 -1*101/0=-2\n");
	assert_listed(rig, now - 200000, "1 2*101/0=4\n5 -1*101/0=-2\n");
}

static void
test_hiboutik__a_list_without_lines_costs_a_call_a_sale_once(void **state)
{
	struct rig *rig = *state;
	int64_t since = clock_wall_ms() - 3000000;

	change(rig, "switches", "{\"list_lines\":false}");
	set_counts(rig, 50, 0);
	sell_at(rig, 0, 2);
	sell_at(rig, 0, 1);
	till_wire_begin(&rig->wire);
	assert_listed(rig, since, "1 2*101/0=4\n3 1*101/0=2\n");
	assert_int_equal(till_wire_times(&rig->wire, "GET sales/"), 2);
	assert_listed(rig, since, "1 2*101/0=4\n3 1*101/0=2\n");
	assert_int_equal(till_wire_times(&rig->wire, "GET sales/"), 2);
	/* Trouble with one of them is trouble with the list. */
	sell_at(rig, 0, 3);
	rig->wire.bad_call = 2;
	rig->wire.trouble = FAILED;
	till_wire_begin(&rig->wire);
	assert_int_equal(hiboutik_adapter
	                         .list_sales(rig->state, since, clock_wall_ms(),
	                                     &(struct sale_sink){ NULL, NULL })
	                         .verdict,
	                 VERDICT_RETRY);
}

static int
count_row(void *ctx, const char *key, const char *json, size_t n)
{
	(void)key;
	(void)json;
	(void)n;
	++*(size_t *)ctx;
	return 0;
}

/* How many rows of sales the mirror holds. */
static size_t
count_kept(struct rig *rig)
{
	size_t n = 0;

	assert_int_equal(
		mirror_each(rig->mirror, "closed_sales", count_row, &n), 0);
	return n;
}

/* Each start of a day would cost the day's sales once more. */
static void
test_hiboutik__what_was_read_of_sales_is_known_after_a_restart(void **state)
{
	struct rig *rig = *state;
	int64_t since = clock_wall_ms() - 3000000;
	const struct mirror_row broken = {
		.key = "3", .json = "{\"closed_ms\":", .n_json = 13
	};

	change(rig, "switches", "{\"list_lines\":false}");
	set_counts(rig, 50, 0);
	sell_at(rig, 0, 2);
	sell_at(rig, 0, 1);
	assert_listed(rig, since, "1 2*101/0=4\n3 1*101/0=2\n");
	start_again(rig);
	sell_at(rig, 0, 3);
	till_wire_begin(&rig->wire);
	assert_listed(rig, since, "1 2*101/0=4\n3 1*101/0=2\n5 3*101/0=6\n");
	assert_int_equal(till_wire_times(&rig->wire, "GET sales/"), 1);
	/* A row that cannot be read is no row. */
	assert_int_equal(mirror_put_now(rig->mirror, "closed_sales", &broken),
	                 0);
	start_again(rig);
	till_wire_begin(&rig->wire);
	assert_listed(rig, since, "1 2*101/0=4\n3 1*101/0=2\n5 3*101/0=6\n");
	assert_int_equal(till_wire_times(&rig->wire, "GET sales/3"), 1);
	assert_int_equal(till_wire_times(&rig->wire, "GET sales/"), 1);
}

static void
test_hiboutik__what_was_read_of_sales_is_forgotten_in_time(void **state)
{
	const int64_t week_ms = INT64_C(7) * 24 * 3600 * 1000;
	struct rig *rig = *state;
	struct outcome outcome;

	change(rig, "switches", "{\"list_lines\":false}");
	set_counts(rig, 5000, 0);
	for (int i = 0; i < 200; i++)
		sell_at(rig, 0, 1);
	assert_int_equal(list_all(rig, &outcome), 200);
	assert_int_equal(count_kept(rig), 200);
	start_again(rig);
	outcome = hiboutik_adapter.list_sales(
		rig->state, clock_wall_ms() + week_ms,
		clock_wall_ms() + week_ms + 1000,
		&(struct sale_sink){ NULL, NULL });
	assert_int_equal(outcome.verdict, VERDICT_DONE);
	assert_int_equal(count_kept(rig), 0);
}

/* ---- lists that show less than they might ---- */

static void
test_hiboutik__a_busy_day_without_lines_costs_a_call_a_sale_once(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;

	change(rig, "switches", "{\"list_lines\":false}");
	set_counts(rig, 5000, 0);
	for (int i = 0; i < 300; i++)
		sell_at(rig, 0, 1);
	till_wire_begin(&rig->wire);
	assert_int_equal(list_all(rig, &outcome), 300);
	assert_int_equal(till_wire_times(&rig->wire, "GET sales/"), 300);
	till_wire_begin(&rig->wire);
	assert_int_equal(list_all(rig, &outcome), 300);
	assert_int_equal(till_wire_times(&rig->wire, "GET sales/"), 0);
}

/* One sale, as a list shows it and as its own call does. */
struct canned {
	const char *listed; /* its lines */
	const char *whole;
	bool is_endless;
	unsigned n_calls;
};

static const char canned_lines[] =
	"[{\"line_item_id\":9,\"product_id\":101,\"quantity\":1}]";

/* The sale's moment, within one day of the shop. */
static size_t
list_noon(struct rig *rig, struct outcome *outcome)
{
	const int64_t at_ms = INT64_C(1768471200000);
	size_t n = 0;
	const struct sale_sink sink = { &n, count_sold };

	*outcome = hiboutik_adapter.list_sales(rig->state, at_ms - 1000,
	                                       at_ms + 1000, &sink);
	return n;
}

static int
answer_canned(void *ctx, const struct http_request *q,
              struct http_answer *answer)
{
	struct canned *c = ctx;
	bool is_list = strstr(q->url, "closed_sales") != NULL;
	c->n_calls++;
	*answer = (struct http_answer){ .status = 200, .retry_after_ms = -1 };
	answer->has_link = answer->has_next = c->is_endless;
	if (c->is_endless)
		buf_addf(&answer->body, "[{\"sale_id\":%u,\"store_id\":2}]",
		         c->n_calls);
	else
		buf_addf(&answer->body,
		         "[{\"sale_id\":7,\"store_id\":1,"
		         "\"completed_at\":\"2026-01-15T10:00:00Z\","
		         "\"line_items\":%s}]",
		         is_list ? c->listed : c->whole);
	return 0;
}

/* Lists twice; the second time must not cost more than the list. */
static struct outcome
list_canned(struct rig *rig, struct canned *canned, size_t n_lines)
{
	struct http_client *own = rig->http;
	struct outcome outcome;

	assert_int_equal(
		http_client_new_fake(&rig->http, answer_canned, canned), 0);
	start_again(rig);
	assert_int_equal(list_noon(rig, &outcome), n_lines);
	if (outcome.verdict == VERDICT_DONE) {
		assert_int_equal(canned->n_calls, 2);
		assert_int_equal(list_noon(rig, &outcome), n_lines);
		assert_int_equal(canned->n_calls, 3);
	}
	hiboutik_adapter.close(rig->state);
	http_client_free(rig->http);
	rig->http = own;
	open_state(rig);
	return outcome;
}

static void
test_hiboutik__an_empty_list_of_lines_is_asked_for(void **state)
{
	struct canned canned = { .listed = "[]", .whole = canned_lines };
	struct canned empty = { .listed = "[]", .whole = "[]" };

	assert_int_equal(list_canned(*state, &canned, 1).verdict, VERDICT_DONE);
	/* There are sales without a line, and one call tells. */
	assert_int_equal(list_canned(renew(state), &empty, 0).verdict,
	                 VERDICT_DONE);
}

static void
test_hiboutik__lines_without_ids_are_asked_for(void **state)
{
	static const char nameless[] = "[{\"product_id\":101,\"quantity\":1}]";
	struct canned canned = { .listed = nameless, .whole = canned_lines };
	struct canned worse = { .listed = nameless, .whole = nameless };
	struct outcome outcome;

	assert_int_equal(list_canned(*state, &canned, 1).verdict, VERDICT_DONE);
	/* What cannot be read is named, for it stops the others. */
	outcome = list_canned(renew(state), &worse, 0);
	assert_int_equal(outcome.verdict, VERDICT_RETRY);
	assert_non_null(strstr(outcome.why, "sale 7"));
}

static void
test_hiboutik__an_endless_list_does_not_eat_the_month(void **state)
{
	struct canned canned = { .is_endless = true };
	struct outcome outcome = list_canned(*state, &canned, 0);

	/* It would be as long the next time: nobody tries again unasked. */
	assert_int_equal(outcome.verdict, VERDICT_LOCKED);
	assert_non_null(strstr(outcome.why, "closed_sales"));
	assert_in_range(canned.n_calls, 1, 99);
}

static void
test_hiboutik__sales_are_read_by_id_and_missing_ones_left_out(void **state)
{
	static const char *const ids[] = { "1", "77", "../x", "" };
	struct rig *rig = *state;
	struct heard heard = { .last_ms = 0 };
	const struct sale_sink sink = { &heard, hear };

	set_counts(rig, 50, 10);
	sell_at(rig, 0, 2);
	till_wire_begin(&rig->wire);
	assert_int_equal(
		hiboutik_adapter.read_sales(rig->state, ids, 4, &sink).verdict,
		VERDICT_DONE);
	assert_string_equal(buf_text(&heard.text), "1 2*101/0=4\n");
	assert_int_equal(rig->wire.n_calls, 2);
	/* Our own corrections are known for ours. */
	assert_int_equal(bring(rig, 48, 9).verdict, VERDICT_DONE);
	buf_reset(&heard.text);
	heard.last_ms = 0;
	assert_int_equal(hiboutik_adapter
	                         .read_sales(rig->state, &(const char *){ "3" },
	                                     1, &sink)
	                         .verdict,
	                 VERDICT_DONE);
	assert_string_equal(buf_text(&heard.text), "3 ours 1*102/0=0\n");
	buf_fini(&heard.text);
}

/* ---- entries ---- */

static void
make_entry(struct entry *e, const char *qty, const char *gross)
{
	struct entry_line *line;

	*e = (struct entry){
		.kind = ENTRY_SALE,
		.id = text_dup("shop/1"),
		.docid = text_dup("TB-shop-1-ab12"),
		.account = text_dup("shop"),
		.sale = text_dup("1"),
		.authority = text_dup("kiosk"),
		.currency = text_dup("EUR"),
		.occurred_ms = clock_wall_ms(),
	};
	for (int i = 0; i < 2; i++) {
		line = entry_add_line(e);
		line->uid = text_dup("l");
		line->sku = text_dup("SKU");
		line->external = text_dup(i ? "102/0" : "101/0");
		assert_int_equal(decimal_parse(&line->qty, qty), 0);
		assert_int_equal(decimal_parse(&line->gross, gross), 0);
		line->has_gross = true;
	}
}

static struct outcome
post(struct rig *rig, const struct entry *e)
{
	return hiboutik_adapter.post_entry(rig->state, e);
}

static void
test_hiboutik__a_sale_is_recorded_to_the_cent_and_once(void **state)
{
	struct rig *rig = *state;
	char total[DECIMAL_TEXT_SIZE];
	const struct hiboutik_sale *s;
	struct entry e;

	set_counts(rig, 10, 10);
	make_entry(&e, "3", "10.00");
	assert_int_equal(post(rig, &e).verdict, VERDICT_DONE);
	assert_counts(rig, 7, 7);
	assert_int_equal(rig->till.n_sales, 1);
	s = rig->till.sales[0];
	assert_string_equal(s->ext_ref, "TB-shop-1-ab12");
	assert_string_equal(decimal_format(total, hiboutik_sale_total(s)),
	                    "20");
	assert_string_equal(s->payment, "CB");
	/* Again, as after a loss of what we knew: it is there. */
	till_wire_begin(&rig->wire);
	assert_int_equal(post(rig, &e).verdict, VERDICT_DONE);
	assert_int_equal(hiboutik_adapter.find_entry(rig->state, &e).verdict,
	                 VERDICT_DONE);
	assert_int_equal(till_wire_times(&rig->wire, "POST"), 0);
	assert_int_equal(rig->till.n_sales, 1);
	entry_fini(&e);
}

static void
test_hiboutik__what_it_refuses_is_taken_back_and_told(void **state)
{
	static const struct {
		const char *qty;
		const char *why;
	} rows[] = {
		{ "30", "not available" },
		{ "1.5", "whole pieces" },
	};
	struct rig *rig = *state;

	change(rig, "switches", "{\"moves\":\"adding\"}");
	for (size_t i = 0; i < 2; i++) {
		struct outcome outcome;
		struct entry e;

		set_counts(rig, 100, 10);
		make_entry(&e, rows[i].qty, "10");
		outcome = post(rig, &e);
		assert_int_equal(outcome.verdict, VERDICT_REFUSED);
		assert_non_null(strstr(outcome.why, rows[i].why));
		assert_counts(rig, 100, 10);
		assert_int_equal(open_sales(rig), 0);
		assert_int_equal(
			i ? VERDICT_ABSENT
			  : hiboutik_adapter.find_entry(rig->state, &e).verdict,
			VERDICT_ABSENT);
		entry_fini(&e);
	}
}

static void
test_hiboutik__another_currency_or_no_binding_is_refused(void **state)
{
	struct rig *rig = *state;
	struct entry e;

	make_entry(&e, "1", "10");
	free(e.currency);
	e.currency = text_dup("USD");
	assert_non_null(strstr(post(rig, &e).why, "USD"));
	free(e.currency);
	e.currency = NULL;
	free(e.lines[1].external);
	e.lines[1].external = text_dup("");
	assert_non_null(strstr(post(rig, &e).why, "not bound"));
	e.kind = ENTRY_ORDER;
	assert_int_equal(post(rig, &e).verdict, VERDICT_REFUSED);
	assert_int_equal(rig->wire.n_calls, 0);
	entry_fini(&e);
}

static void
test_hiboutik__what_a_person_added_is_not_closed(void **state)
{
	struct rig *rig = *state;
	struct hiboutik_sale *s;
	struct entry e;

	set_counts(rig, 10, 10);
	make_entry(&e, "1", "10");
	rig->wire.bad_call =
		7; /* behind search, sale, ref, two lines and payment */
	rig->wire.trouble = DROPPED;
	assert_int_equal(post(rig, &e).verdict, VERDICT_UNCERTAIN);
	rig->wire.bad_call = 0;
	s = rig->till.sales[0];
	hiboutik_line_add(&rig->till, s, thing(rig, "103/0"), 1, DECIMAL_ZERO);
	assert_int_equal(hiboutik_adapter.find_entry(rig->state, &e).verdict,
	                 VERDICT_REFUSED);
	assert_true(s->completed_us == 0);
	entry_fini(&e);
}

/* The documents do not say how an arrival is seen to be validated. */
static int
hide_validation(void *ctx, const struct http_request *q,
                struct http_answer *answer)
{
	struct rig *rig = ctx;
	int r = till_wire_call(&rig->wire, q, answer);
	char *at = answer->body.n ? answer->body.p : NULL;

	for (at = at ? strstr(at, "_validated") : NULL; at;
	     at = strstr(at + 1, "_validated"))
		at[1] = 'x';
	return r;
}

static void
test_hiboutik__a_return_whose_validation_is_refused_is_uncertain(void **state)
{
	struct rig *rig = *state;
	struct http_client *own = rig->http;
	struct outcome outcome;
	struct entry e;

	assert_int_equal(http_client_new_fake(&rig->http, hide_validation, rig),
	                 0);
	start_again(rig);
	make_entry(&e, "-2", "-9");
	assert_int_equal(post(rig, &e).verdict, VERDICT_DONE);
	assert_int_equal(rig->till.n_inputs, 1);
	outcome = hiboutik_adapter.find_entry(rig->state, &e);
	assert_int_equal(outcome.verdict, VERDICT_UNCERTAIN);
	assert_non_null(strstr(outcome.why, e.docid));
	assert_int_equal(rig->till.n_inputs, 1);
	hiboutik_adapter.close(rig->state);
	http_client_free(rig->http);
	rig->http = own;
	open_state(rig);
	assert_int_equal(hiboutik_adapter.find_entry(rig->state, &e).verdict,
	                 VERDICT_DONE);
	entry_fini(&e);
}

/* As the ledger does it: what is uncertain is looked up, what is absent posted
   again. */
static struct outcome
see_through(struct rig *rig, const struct entry *e, struct outcome outcome)
{
	for (int i = 0; i < 4 && outcome.verdict != VERDICT_DONE; i++)
		outcome = outcome.verdict == VERDICT_UNCERTAIN
		                  ? hiboutik_adapter.find_entry(rig->state, e)
		                  : post(rig, e);
	return outcome;
}

static bool
post_with_trouble(void **state, unsigned at, enum till_trouble trouble,
                  const char *switches, const char *qty, bool is_crash)
{
	struct rig *rig = renew(state);
	bool is_return = qty[0] == '-';
	struct outcome outcome;
	struct entry e;

	change(rig, "switches", switches);
	set_counts(rig, 10, 10);
	make_entry(&e, qty, is_return ? "-9" : "9");
	rig->wire.bad_call = at;
	rig->wire.trouble = trouble;
	till_wire_begin(&rig->wire);
	outcome = post(rig, &e);
	if (rig->wire.n_calls < at) {
		entry_fini(&e);
		return false;
	}
	rig->wire.bad_call = 0;
	if (is_crash) { /* then it counts as uncertain, whatever it was */
		start_again(rig);
		outcome.verdict = VERDICT_UNCERTAIN;
	}
	outcome = see_through(rig, &e, outcome);
	if (outcome.verdict != VERDICT_DONE)
		fail_msg("call %u, trouble %d: %s", at, trouble, outcome.why);
	assert_counts(rig, is_return ? 12 : 8, is_return ? 12 : 8);
	assert_left_open(rig, trouble == LOST && strcmp(rig->wire.bad,
	                                                "POST sales/") == 0);
	if (is_return)
		assert_int_equal(validated(rig), 1);
	else
		assert_int_equal(
			adapter_rig_whole(thing(rig, "101/0")->tally.recorded),
			2);
	entry_fini(&e);
	return true;
}

static void
test_hiboutik__no_entry_is_recorded_twice_or_half(void **state)
{
	static const char *const switches[] = { "{\"moves\":\"closing\"}",
		                                "{\"moves\":\"adding\"}" };
	static const char *const quantities[] = { "2", "-2" };

	for (size_t i = 0; i < 8; i++)
		for (int t = 0; t < N_TROUBLES; t++) {
			unsigned at = 1;

			while (post_with_trouble(
				state, at, (enum till_trouble)t,
				switches[i & 1], quantities[(i >> 1) & 1],
				i >> 2))
				at++;
			assert_in_range(at, 7, 12);
		}
}

/* ---- probe, bindings, quota ---- */

static void
test_hiboutik__the_probe_names_store_and_warehouse(void **state)
{
	struct rig *rig = *state;
	struct buf what = BUF_INIT;

	assert_int_equal(hiboutik_adapter.probe(rig->state, &what).verdict,
	                 VERDICT_DONE);
	assert_string_equal(buf_text(&what), "store \"Agora\" (1), "
	                                     "warehouse \"Agora\" (5)");
	/* What was found once is not asked for again. */
	till_wire_begin(&rig->wire);
	buf_reset(&what);
	assert_int_equal(hiboutik_adapter.probe(rig->state, &what).verdict,
	                 VERDICT_DONE);
	assert_string_equal(buf_text(&rig->wire.log), "GET stores\n");
	buf_fini(&what);
}

static void
test_hiboutik__a_wrong_key_store_or_warehouse_is_named(void **state)
{
	static const struct {
		int store, warehouse;
		const char *key;
		const char *why;
	} rows[] = {
		{ 1, 5, "another", "`api_key` is wrong" },
		{ 2, 5, KEY, "store 2 is not known; there is: 1 (Agora)" },
		{ 1, 7, KEY, "warehouse 7 is not known; there is: 5 (Agora)" },
	};
	struct rig *rig = *state;
	struct buf what = BUF_INIT;

	for (size_t i = 0; i < 3; i++) {
		struct outcome outcome;

		rig->till.options.key = rows[i].key;
		configure(rig, rows[i].store, rows[i].warehouse, "");
		start_again(rig);
		outcome = hiboutik_adapter.probe(rig->state, &what);
		assert_int_equal(outcome.verdict, VERDICT_LOCKED);
		assert_non_null(strstr(outcome.why, rows[i].why));
		assert_int_equal(what.n, 0);
	}
	buf_fini(&what);
}

static int
answer_forbidden(void *ctx, const struct http_request *q,
                 struct http_answer *answer)
{
	(void)ctx;
	(void)q;
	answer->status = 403;
	buf_adds(&answer->body, "{\"error\":\"Forbidden\"}");
	return buf_check(&answer->body);
}

/* The key may be right. */
static void
test_hiboutik__a_right_that_is_missing_is_named(void **state)
{
	struct rig *rig = *state;
	struct http_client *own = rig->http;
	struct outcome outcome;

	hiboutik_adapter.close(rig->state);
	assert_int_equal(
		http_client_new_fake(&rig->http, answer_forbidden, NULL), 0);
	open_state(rig);
	outcome = bring(rig, 1, 1);
	assert_int_equal(outcome.verdict, VERDICT_LOCKED);
	assert_non_null(strstr(outcome.why, "or has no right to this (http "
	                                    "403 Forbidden)"));
	hiboutik_adapter.close(rig->state);
	http_client_free(rig->http);
	rig->http = own;
	open_state(rig);
}

static void
test_hiboutik__a_month_that_is_used_up_waits(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;

	change(rig, "switches", "{\"calls\":10000}");
	outcome = bring(rig, 1, 1);
	assert_int_equal(outcome.verdict, VERDICT_SLOW);
	assert_int_equal(outcome.wait_ms, 3600000);
	assert_int_equal(rig->wire.n_calls, 1);
}

static void
test_hiboutik__says_how_often_it_may_be_called(void **state)
{
	struct rig *rig = *state;
	struct limits limits = { .monthly_calls = 0 };

	hiboutik_adapter.limits(&limits, rig->conf);
	assert_int_equal(limits.monthly_calls, 10000);
}

static void
add_ref(void *ctx, const char *ref)
{
	buf_addf(ctx, " %s", ref);
}

static void
test_hiboutik__a_binding_is_a_product_and_perhaps_a_size(void **state)
{
	static const char *const rows[][2] = {
		{ "7", "7/0 7/0 7" },
		{ "7/3", "7/3 7/3 7" },
		{ "007/03", "7/3 7/3 7" },
		{ "0/1", NULL },
		{ "7/", NULL },
		{ "7/3/1", NULL },
		{ "-7", NULL },
		{ "7/x", NULL },
		{ "", NULL },
		{ " 7", NULL },
		{ "1234567890123456789", NULL },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf external = BUF_INIT;
		struct buf refs = BUF_INIT;
		int r = hiboutik_adapter.resolve(rig->state, &external,
		                                 rows[i][0], add_ref, &refs);

		assert_int_equal(r, rows[i][1] ? 0 : ADAPTER_UNRESOLVED);
		assert_true(external.n > 0);
		buf_adds(&external, buf_text(&refs));
		if (rows[i][1])
			assert_string_equal(buf_text(&external), rows[i][1]);
		buf_fini(&external);
		buf_fini(&refs);
	}
}

/* ---- sync ---- */

static int
sum_count(void *ctx, const char *external, struct decimal qty)
{
	int64_t *sum = ctx;

	assert_non_null(strchr(external, '/'));
	*sum += adapter_rig_whole(qty);
	return 0;
}

static void
test_hiboutik__a_sync_tells_every_count_of_the_warehouse(void **state)
{
	struct rig *rig = *state;
	const struct sync_job job = { .is_full = true };
	int64_t sum = 0;
	int64_t expected = 0;
	const struct sync_sink sink = adapter_sink_of(&sum, sum_count);

	for (size_t i = 0; i < rig->till.n_things; i++) {
		rig->till.things[i]->counts[1] = 1000;
		expected += rig->till.things[i]->counts[0];
	}
	change(rig, "switches", "{\"page_rows\":2,\"texts_each\":1}");
	assert_int_equal(hiboutik_adapter.sync(rig->state, &job, &sink).verdict,
	                 VERDICT_DONE);
	assert_int_equal(sum, expected);
	assert_int_equal(rig->wire.n_calls, (rig->till.n_things + 1) / 2);
}

/* ---- finding items ---- */

/* "external|sku|barcode|name\n" each. */
static int
note_listing(void *ctx, const struct listing *l)
{
	buf_addf(ctx, "%s|%s|%s|%s\n", l->external, l->sku, l->barcode,
	         l->name);
	return 0;
}

static enum verdict
find(struct rig *rig, struct buf *found, enum listing_by by, const char *text)
{
	const struct listing_sink sink = { found, note_listing };

	rig->wire.n_calls = 0;
	buf_reset(found);
	return hiboutik_adapter.list_items(rig->state, by, text, &sink).verdict;
}

static size_t
count_lines(const struct buf *text)
{
	size_t n = 0;

	for (const char *p = buf_text(text); *p; p++)
		n += *p == '\n';
	return n;
}

/* As the registry would have it, numbers being texts now and then. */
static void
assert_told(const struct buf *found, const struct hiboutik_thing *t)
{
	char name[48];
	char *line = text_format("%s|%s|%s|%s", hiboutik_name(name, t),
	                         t->product->reference, t->goods.barcode,
	                         t->product->name);

	assert_non_null(line);
	if (!strstr(buf_text(found), line))
		fail_msg("no \"%s\" in: %s", line, buf_text(found));
	free(line);
}

static void
test_hiboutik__lists_every_thing_once_page_after_page(void **state)
{
	struct rig *rig = *state;
	struct buf found = BUF_INIT;

	change(rig, "switches", "{\"page_rows\":2,\"texts_each\":1}");
	assert_int_equal(find(rig, &found, LISTING_ALL, ""), VERDICT_DONE);
	for (size_t i = 0; i < rig->till.n_things; i++)
		assert_told(&found, rig->till.things[i]);
	assert_int_equal(count_lines(&found), rig->till.n_things);
	assert_int_equal(rig->wire.n_calls, (rig->till.n_products + 1) / 2);
	buf_fini(&found);
}

static void
test_hiboutik__lists_nothing_that_is_not_sold_or_not_counted(void **state)
{
	struct rig *rig = *state;
	struct buf found = BUF_INIT;

	rig->till.things[0]->product->is_archived = true;
	rig->till.things[1]->product->is_unmanaged = true;
	assert_int_equal(find(rig, &found, LISTING_ALL, ""), VERDICT_DONE);
	assert_int_equal(count_lines(&found), rig->till.n_things - 2);
	buf_fini(&found);
}

/* Calls are scarce: a search costs one, and one a product found. */
static void
test_hiboutik__finds_one_thing_by_two_calls(void **state)
{
	struct rig *rig = *state;
	const struct hiboutik_thing *sized =
		rig->till.things[rig->till.n_things - 1];
	const struct hiboutik_thing *plain = rig->till.things[0];
	struct buf found = BUF_INIT;

	assert_int_equal(
		find(rig, &found, LISTING_BARCODE, sized->goods.barcode),
		VERDICT_DONE);
	assert_told(&found, sized);
	assert_int_equal(count_lines(&found), 1);
	assert_int_equal(rig->wire.n_calls, 2);
	assert_int_equal(
		find(rig, &found, LISTING_SKU, plain->product->reference),
		VERDICT_DONE);
	assert_told(&found, plain);
	assert_int_equal(rig->wire.n_calls, 1);
	assert_int_equal(find(rig, &found, LISTING_NAME, plain->product->name),
	                 VERDICT_DONE);
	assert_told(&found, plain);
	assert_int_equal(find(rig, &found, LISTING_BARCODE, "4/../711"),
	                 VERDICT_DONE);
	assert_int_equal(count_lines(&found), 0);
	buf_fini(&found);
}

/* ---- webhooks ---- */

#define TOKEN_1 "t0ken-of-today-4711"
#define TOKEN_2 "t0ken+of&tomorrow"
#define ADDRESS "https://hooks.example.com/hooks/kiosk"

static struct outcome
register_hooks(struct rig *rig, bool is_dry, struct buf *what)
{
	struct buf secret = BUF_INIT;
	const struct hook_job job = { .url = ADDRESS,
		                      .is_dry = is_dry,
		                      .what = what,
		                      .secret = &secret };
	struct outcome outcome;

	buf_reset(what);
	outcome = hiboutik_adapter.register_hooks(rig->state, &job);
	assert_int_equal(secret.n, 0);
	assert_null(strstr(buf_text(what), TOKEN_1));
	assert_null(strstr(outcome.why, TOKEN_1));
	return outcome;
}

/* How many are there with this address. */
static size_t
count_hooks(const struct rig *rig, const char *url)
{
	size_t n = 0;

	for (size_t i = 0; i < rig->till.n_told; i++)
		n += strcmp(rig->till.told[i].url, url) == 0;
	return n;
}

static void
with_token(struct rig *rig, const char *token)
{
	char *more = text_format(",\"hook\":{\"token\":\"%s\"}", token);

	configure(rig, 1, 5, more);
	start_again(rig);
	free(more);
}

static void
test_hiboutik__registers_what_is_missing_and_nothing_twice(void **state)
{
	struct rig *rig = *state;
	struct buf what = BUF_INIT;

	with_token(rig, TOKEN_1);
	assert_int_equal(register_hooks(rig, true, &what).verdict,
	                 VERDICT_DONE);
	assert_int_equal(count_lines(&what), 3);
	assert_int_equal(rig->till.n_told, 0);
	assert_int_equal(register_hooks(rig, false, &what).verdict,
	                 VERDICT_DONE);
	assert_int_equal(count_hooks(rig, ADDRESS "?k=" TOKEN_1), 3);
	assert_true(rig->till.told[0].is_async);
	assert_int_equal(register_hooks(rig, false, &what).verdict,
	                 VERDICT_DONE);
	assert_int_equal(what.n, 0);
	assert_int_equal(rig->till.n_told, 3);
	buf_fini(&what);
}

/* Whatever becomes of a call, the next run ends with one of each. */
static void
test_hiboutik__a_broken_registration_is_completed(void **state)
{
	struct buf what = BUF_INIT;

	for (unsigned trouble = 0; trouble < N_TROUBLES; trouble++)
		for (unsigned at = 1; at <= 4; at++) {
			struct rig *rig = renew(state);
			enum verdict verdict;

			with_token(rig, TOKEN_1);
			rig->wire.n_calls = 0;
			rig->wire.bad_call = at;
			rig->wire.trouble = (enum till_trouble)trouble;
			verdict = register_hooks(rig, false, &what).verdict;
			assert_int_equal(verdict, VERDICT_RETRY);
			rig->wire.bad_call = 0;
			assert_int_equal(
				register_hooks(rig, false, &what).verdict,
				VERDICT_DONE);
			assert_int_equal(rig->till.n_told, 3);
		}
	buf_fini(&what);
}

static void
test_hiboutik__a_new_token_takes_the_place_of_the_old(void **state)
{
	struct rig *rig = *state;
	struct hiboutik_told *told = &rig->till.told[0];
	struct buf what = BUF_INIT;

	*told = (struct hiboutik_told){ .id = 900,
		                        .url = sim_dup(ADDRESS "s?k=1"),
		                        .action = sim_dup("sale") };
	rig->till.n_told = 1;
	with_token(rig, TOKEN_1);
	assert_int_equal(register_hooks(rig, false, &what).verdict,
	                 VERDICT_DONE);
	with_token(rig, TOKEN_2);
	assert_int_equal(register_hooks(rig, false, &what).verdict,
	                 VERDICT_DONE);
	assert_int_equal(count_hooks(rig, ADDRESS "?k=" TOKEN_1), 0);
	assert_int_equal(count_hooks(rig, ADDRESS "?k=t0ken%2Bof%26tomorrow"),
	                 3);
	assert_int_equal(count_hooks(rig, ADDRESS "s?k=1"), 1);
	buf_fini(&what);
}

static void
test_hiboutik__registers_nothing_without_a_proof(void **state)
{
	struct rig *rig = *state;
	struct buf what = BUF_INIT;
	struct outcome outcome = register_hooks(rig, false, &what);

	assert_int_equal(outcome.verdict, VERDICT_REFUSED);
	assert_non_null(strstr(outcome.why, "hook.token"));
	assert_int_equal(rig->till.n_told, 0);
	configure(rig, 1, 5, ",\"hook\":{\"hmac_secret\":\"s3cret\"}");
	start_again(rig);
	assert_int_equal(register_hooks(rig, false, &what).verdict,
	                 VERDICT_DONE);
	assert_int_equal(count_hooks(rig, ADDRESS), 3);
	buf_fini(&what);
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(test_hiboutik__##name, rig_open, \
	                                rig_close)
	const struct CMUnitTest tests[] = {
		TEST(a_few_items_cost_a_call_for_each_product),
		TEST(many_items_cost_the_warehouse_once),
		TEST(a_list_without_pages_is_read_once),
		TEST(what_it_does_not_have_is_refused_and_not_written),
		TEST(counts_rise_by_an_arrival_and_fall_by_a_sale),
		TEST(what_is_sold_after_the_look_stays_sold),
		TEST(what_was_listed_after_the_look_is_taken_off_once),
		TEST(what_was_sold_right_before_the_look_is_in_it),
		TEST(what_sells_while_we_look_is_left_for_the_next_look),
		TEST(open_sales_are_one_call),
		TEST(open_sales_listed_without_lines_are_read),
		TEST(an_account_without_a_list_of_open_sales_is_asked_hourly),
		TEST(an_account_that_may_not_list_open_sales_is_asked_hourly),
		TEST(a_line_of_an_open_sale_that_is_no_product_is_left_out),
		TEST(open_sales_that_cannot_be_read_are_not_none),
		TEST(what_is_rung_up_while_we_look_is_not_put_back),
		TEST(an_account_that_takes_them_lowers_by_arrivals),
		TEST(either_way_to_validate_is_found),
		TEST(a_refused_line_stops_no_other),
		TEST(a_correction_with_other_lines_is_told),
		TEST(no_write_is_done_twice_or_half),
		TEST(sales_and_returns_are_listed_by_the_shops_days),
		TEST(a_list_without_lines_costs_a_call_a_sale_once),
		TEST(what_was_read_of_sales_is_known_after_a_restart),
		TEST(what_was_read_of_sales_is_forgotten_in_time),
		TEST(a_busy_day_without_lines_costs_a_call_a_sale_once),
		TEST(an_empty_list_of_lines_is_asked_for),
		TEST(lines_without_ids_are_asked_for),
		TEST(an_endless_list_does_not_eat_the_month),
		TEST(sales_are_read_by_id_and_missing_ones_left_out),
		TEST(a_sale_is_recorded_to_the_cent_and_once),
		TEST(what_it_refuses_is_taken_back_and_told),
		TEST(another_currency_or_no_binding_is_refused),
		TEST(what_a_person_added_is_not_closed),
		TEST(a_return_whose_validation_is_refused_is_uncertain),
		TEST(no_entry_is_recorded_twice_or_half),
		TEST(the_probe_names_store_and_warehouse),
		TEST(a_wrong_key_store_or_warehouse_is_named),
		TEST(a_right_that_is_missing_is_named),
		TEST(a_month_that_is_used_up_waits),
		TEST(says_how_often_it_may_be_called),
		TEST(a_binding_is_a_product_and_perhaps_a_size),
		TEST(a_sync_tells_every_count_of_the_warehouse),
		TEST(lists_every_thing_once_page_after_page),
		TEST(lists_nothing_that_is_not_sold_or_not_counted),
		TEST(finds_one_thing_by_two_calls),
		TEST(registers_what_is_missing_and_nothing_twice),
		TEST(a_broken_registration_is_completed),
		TEST(a_new_token_takes_the_place_of_the_old),
		TEST(registers_nothing_without_a_proof),
	};

	/* The simulated shop's clock is the process's. */
	setenv("TZ", "Europe/Athens", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
