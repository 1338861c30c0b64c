/*
 * What a person decides on: one list of three kinds of things.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/buf.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_queue.h"
#include "gateway/drivers/store_stock.h"
#include "tests/support/store_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct store_world *world;
static struct store *store;

static int
begin(void **state)
{
	world = *state;
	store = world->store;
	store_world_flush(world);
	return 0;
}

static void
make_entry(const char *sale, const char *state)
{
	struct entry e = {
		.id = text_format("agora/%s", sale),
		.docid = text_dup("TB-1"),
		.account = text_dup("agora"),
		.sale = text_dup(sale),
		.authority = text_dup("erp"),
	};
	const struct ledger_new new = { &e, state, "as told", true };
	const struct ledger_change change = { .account = "agora",
		                              .sale = sale,
		                              .entries = &new,
		                              .n_entries = 1 };
	struct entry_line *line = entry_add_line(&e);

	assert_non_null(line);
	line->uid = text_dup("1");
	line->sku = text_dup("A1");
	line->external = text_dup("E1");
	line->qty = decimal_of(2);
	assert_int_equal(store_ledger_apply(store, &change), 0);
	entry_fini(&e);
}

static void
bury(const char *body)
{
	struct event event = {
		.account = text_dup("agora"),
		.topic = text_dup("order.updated"),
		.id = text_dup(""),
		.query = text_dup(""),
		.body = text_dup(body),
		.n_body = strlen(body),
	};
	char id[QUEUE_ID_SIZE];

	assert_int_equal(store_queue_push(store, id, &event, 0), 0);
	event.entry_id = text_dup(id);
	assert_int_equal(store_queue_bury(store, &event, "no account"), 0);
	event_fini(&event);
}

static void
hold_zeros(void)
{
	const char *const skus[] = { "A1", "A2", "A3" };

	assert_int_equal(store_stock_hold(store, "kiosk", skus, 3), 0);
}

static char listed[2048];
static char first_id[128];

static int
collect(void *ctx, const struct dead_letter *l)
{
	size_t n = strlen(listed);

	(void)ctx;
	if (!n)
		(void)snprintf(first_id, sizeof(first_id), "%s", l->id);
	assert_true(l->at_ms > 0);
	(void)snprintf(listed + n, sizeof(listed) - n, "%s %s: %s; ", l->kind,
	               l->account, l->summary);
	return 0;
}

static void
assert_list(const char *expected)
{
	listed[0] = '\0';
	assert_int_equal(store_dead_each(store, collect, NULL), 0);
	assert_string_equal(listed, expected);
}

static void
test_store_dead__lists_every_kind_with_what_it_is_about(void **state)
{
	(void)state;
	assert_list("");
	hold_zeros();
	make_entry("S1", "held");
	make_entry("S2", "uncertain");
	make_entry("S3", "ready"); /* nobody's business yet */
	bury("{}");
	assert_list("event agora: event order.updated; "
	            "uncertain agora: 2 x A1 -> erp; "
	            "held agora: 2 x A1 -> erp; "
	            "zero kiosk: 3 items to 0 at kiosk; ");
}

static void
test_store_dead__an_events_body_is_never_shown(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	bury("{\"name\":\"Jane Roe\"}");
	assert_list("event agora: event order.updated; ");
	assert_int_equal(store_dead_show(store, &text, first_id), 0);
	assert_null(strstr(buf_text(&text), "Jane"));
	assert_non_null(strstr(buf_text(&text), "no account"));
	buf_fini(&text);
}

static void
test_store_dead__held_zeros_are_shown_item_by_item(void **state)
{
	const struct stock_published row = { .sku = "A2",
		                             .qty = decimal_of(7) };
	struct buf text = BUF_INIT;

	(void)state;
	assert_int_equal(store_stock_published(store, "kiosk", &row, 1), 0);
	hold_zeros();
	assert_int_equal(store_dead_show(store, &text, "hold/kiosk"), 0);
	assert_non_null(strstr(buf_text(&text), "\"account\":\"kiosk\""));
	assert_non_null(strstr(buf_text(&text), "{\"sku\":\"A1\",\"since\":"
	                                        "\"20"));
	assert_non_null(strstr(buf_text(&text), "\"shows\":7}"));
	assert_non_null(strstr(buf_text(&text), "\"shows\":null}"));
	buf_fini(&text);
}

static void
test_store_dead__each_kind_ends_by_a_decision(void **state)
{
	(void)state;
	bury("{}");
	assert_list("event agora: event order.updated; ");
	assert_int_equal(store_dead_decide(store, first_id, DEAD_CONFIRM),
	                 LEDGER_UNFIT);
	assert_int_equal(store_dead_decide(store, first_id, DEAD_DROP), 0);
	assert_int_equal(store_dead_decide(store, first_id, DEAD_DROP),
	                 LEDGER_ABSENT);
	make_entry("S2", "uncertain");
	assert_int_equal(
		store_dead_decide(store, "entry/agora/S2", DEAD_CONFIRM), 0);
	hold_zeros();
	assert_int_equal(store_dead_decide(store, "hold/kiosk", DEAD_CONFIRM),
	                 LEDGER_UNFIT);
	assert_int_equal(store_dead_decide(store, "hold/kiosk", DEAD_RETRY), 0);
	assert_int_equal(store_dead_decide(store, "hold/kiosk", DEAD_RETRY),
	                 LEDGER_ABSENT);
	assert_list("");
}

static void
test_store_dead__a_retried_event_comes_back_even_when_the_queue_is_full(
	void **state)
{
	struct queue_depth depth;

	(void)state;
	bury("{}");
	assert_list("event agora: event order.updated; ");
	world->options.backlog_max = 0;
	assert_int_equal(store_dead_decide(store, first_id, DEAD_RETRY), 0);
	assert_int_equal(store_queue_depth(store, &depth), 0);
	assert_int_equal(depth.n, 1);
	assert_int_equal(depth.bytes, 2);
	assert_int_equal(depth.n_dead, 0);
}

/* An order or customer of a shop that the authority refuses. */
static void
make_sent(enum entry_kind kind, const char *account, const char *number)
{
	struct entry e = {
		.kind = kind,
		.details = text_dup("{\"name\":\"Jane Roe\"}"),
		.id = text_format("%s/%s", account, number),
		.docid = text_dup("TB-1"),
		.account = text_dup(account),
		.sale = text_dup(number),
		.authority = text_dup("erp"),
	};
	const struct ledger_new new = { &e, "refused", "as told", true };
	struct entry_line *line;

	if (kind == ENTRY_ORDER) {
		line = entry_add_line(&e);
		assert_non_null(line);
		line->uid = text_dup("1");
		line->sku = text_dup("A1");
		line->external = text_dup("E1");
		line->qty = decimal_of(2);
	}
	assert_int_equal(store_ledger_add_new(store, &new, "6f1c", NULL), 0);
	entry_fini(&e);
}

static void
test_store_dead__says_what_a_shop_calls_it_and_not_for_whom(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	make_sent(ENTRY_CUSTOMER, "api:customers", "WEB-17");
	assert_list("refused api:customers: customer WEB-17 -> erp; ");
	assert_int_equal(store_dead_decide(store, "entry/api:customers/WEB-17",
	                                   DEAD_DROP),
	                 0);
	make_sent(ENTRY_ORDER, "api:orders", "SHOP-1");
	assert_list("refused api:orders: order SHOP-1: 2 x A1 -> erp; ");
	assert_int_equal(
		store_dead_show(store, &text, "entry/api:orders/SHOP-1"), 0);
	assert_null(strstr(buf_text(&text), "Jane"));
	assert_non_null(strstr(buf_text(&text), "\"sku\":\"A1\""));
	assert_non_null(strstr(buf_text(&text), "\"kind\":\"order\""));
	buf_fini(&text);
}

static void
test_store_dead__unknown_ids_are_absent(void **state)
{
	static const char *const ids[] = { "event/1-0", "entry/agora/none",
		                           "hold/agora", "", "nonsense" };
	struct buf text = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(store_dead_decide(store, ids[i], DEAD_RETRY),
		                 LEDGER_ABSENT);
		assert_int_equal(store_dead_show(store, &text, ids[i]),
		                 LEDGER_ABSENT);
	}
	buf_fini(&text);
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_store_dead__lists_every_kind_with_what_it_is_about),
		EACH(test_store_dead__an_events_body_is_never_shown),
		EACH(test_store_dead__held_zeros_are_shown_item_by_item),
		EACH(test_store_dead__each_kind_ends_by_a_decision),
		EACH(test_store_dead__a_retried_event_comes_back_even_when_the_queue_is_full),
		EACH(test_store_dead__says_what_a_shop_calls_it_and_not_for_whom),
		EACH(test_store_dead__unknown_ids_are_absent),
	};

	return cmocka_run_group_tests(tests, store_world_setup,
	                              store_world_teardown);
}
