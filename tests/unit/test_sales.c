/*
 * Sales at a channel, on their way into the ledger and to the authority.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_registry.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"

#include <stdio.h>
#include <string.h>

enum { MINUTE_MS = 60000, HOUR_MS = 60 * MINUTE_MS };

#define DAY_MS (INT64_C(24) * HOUR_MS)

static struct engine_world *world;
static struct fake_adapter *erp;
static struct fake_adapter *agora;

static int
begin(void **state)
{
	world = *state;
	(void)engine_world_empty(state);
	erp = world->erp.state;
	agora = world->agora.state;
	return 0;
}

static void
list(bool whole)
{
	bool was_listed = false;

	assert_int_equal(sales_list(&world->agora, clock_wall_ms(), whole, 0,
	                            &was_listed),
	                 0);
	assert_true(was_listed);
}

static int64_t
cursor(const char *name)
{
	int64_t ms = -1;

	assert_int_equal(
		store_cursor_get(world->base.store, &ms, "agora", name), 0);
	return ms;
}

static int64_t
count_waiting(void)
{
	int64_t n = -1;

	assert_int_equal(
		store_ledger_count_waiting(world->base.store, &n, "agora"), 0);
	return n;
}

static void
assert_pending(const char *sku, const char *qty)
{
	struct stock_view view = engine_world_view(world, &world->agora, sku);

	assert_true(engine_world_is(view.pending, qty));
	stock_view_fini(&view);
}

static void
assert_entry(const char *id, const char *state)
{
	assert_string_equal(engine_world_entry(world, id), state);
}

static void
assert_posted(const char *expected)
{
	assert_string_equal(fake_adapter_log(erp), expected);
}

/* ---- which sales become entries ---- */

static void
test_sales__become_one_entry_that_is_pending_until_a_later_read(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "2");
	list(false);
	assert_entry("agora/S1", "ready");
	assert_pending("A1", "2");
	engine_world_turn(&world->erp);
	assert_posted("post(agora/S1:E-A1=2) read_counts(E-A1)");
	assert_entry("agora/S1", "settled");
	assert_pending("A1", "0");
}

static void
test_sales__count_once_however_often_they_are_seen(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "2");
	for (int i = 0; i < 3; i++) {
		list(true);
		engine_world_mark(world, &world->agora, "s:S1", MARK_HOOK);
		engine_world_rest(world);
	}
	assert_int_equal(erp->n_docs, 1);
	assert_true(fake_adapter_shows(erp, "E-A1", "3"));
}

static void
test_sales__that_are_not_final_wait(void **state)
{
	struct fake_sale *sale;

	(void)state;
	engine_world_item(world, "A1", "5");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "2");
	sale->is_open = true;
	list(true);
	assert_entry("agora/S1", "(nil)");
	sale->is_open = false;
	list(true);
	assert_entry("agora/S1", "ready");
}

static void
test_sales__that_we_recorded_there_ourselves_are_no_entries(void **state)
{
	struct fake_sale *sale;
	char docid[41];

	(void)state;
	engine_world_item(world, "A1", "5");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "2");
	assert_int_equal(sale_docid(docid, "kiosk/S7@agora"), 0);
	(void)snprintf(sale->reference, sizeof(sale->reference), "%s", docid);
	list(true);
	engine_world_mark(world, &world->agora, "s:S1", MARK_HOOK);
	engine_world_turn(&world->agora);
	assert_entry("agora/S1", "(nil)");
	assert_pending("A1", "0");
}

/* A reference of somebody else that begins like ours: table 12. */
static void
test_sales__of_table_12_are_sales(void **state)
{
	struct fake_sale *sale;

	(void)state;
	engine_world_item(world, "A1", "5");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "2");
	(void)snprintf(sale->reference, sizeof(sale->reference), "TB-12");
	list(true);
	assert_entry("agora/S1", "ready");
}

static void
test_sales__closed_before_the_first_binding_are_history(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	fake_sale_line(fake_adapter_sale(agora, "S1", cursor("start") - 1), "1",
	               "A-A1", "2");
	fake_sale_line(fake_adapter_sale(agora, "S2", cursor("start")), "1",
	               "A-A1", "1");
	engine_world_mark(world, &world->agora, "s:S1", MARK_HOOK);
	engine_world_mark(world, &world->agora, "s:S2", MARK_HOOK);
	engine_world_turn(&world->agora);
	list(true);
	assert_entry("agora/S1", "(nil)");
	assert_entry("agora/S2", "ready");
}

/* Somebody set our clock to tomorrow, bound the first item, and noticed. */
static void
test_sales__are_ours_although_our_clock_was_wrong(void **state)
{
	(void)state;
	fake_clock_advance(24LL * HOUR_MS);
	agora->skew_ms = -24LL * HOUR_MS;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "1");
	list(false);
	assert_entry("agora/S1", "ready");
	fake_clock_advance(-24LL * HOUR_MS);
	agora->skew_ms = 0;
	fake_clock_advance(MINUTE_MS);
	(void)fake_adapter_sell(agora, "S2", "A-A1", "1");
	list(false);
	assert_entry("agora/S2", "ready");
	assert_true(agora->since_ms <= agora->until_ms);
}

static void
test_sales__are_not_asked_for_before_anything_is_bound(void **state)
{
	(void)state;
	list(true);
	assert_string_equal(fake_adapter_log(agora), "");
	assert_int_equal(cursor("sales"), 0);
}

/* ---- lines ---- */

static void
test_sales__two_lines_of_one_item_are_pending_together(void **state)
{
	struct fake_sale *sale;

	(void)state;
	engine_world_item(world, "A1", "9");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "2");
	fake_sale_line(sale, "2", "A-A1", "3");
	fake_adapter_set(agora, "A-A1", "4");
	list(false);
	assert_pending("A1", "5");
	engine_world_turn(&world->erp);
	assert_posted("post(agora/S1:E-A1=2,E-A1=3) read_counts(E-A1)");
	assert_entry("agora/S1", "settled");
	assert_pending("A1", "0");
}

static void
test_sales__lines_that_are_no_stocked_thing_are_left_out(void **state)
{
	struct fake_sale *sale;

	(void)state;
	engine_world_item(world, "A1", "9");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "2");
	fake_sale_line(sale, "2", "", "1");
	list(false);
	engine_world_turn(&world->erp);
	assert_posted("post(agora/S1:E-A1=2) read_counts(E-A1)");
	assert_int_equal(count_waiting(), 0);
}

static void
test_sales__a_later_version_posts_only_the_difference(void **state)
{
	struct fake_sale *sale;

	(void)state;
	engine_world_item(world, "A1", "9");
	engine_world_item(world, "A2", "9");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "2");
	sale->lines[0].gross = decimal_of(10);
	engine_world_mark(world, &world->agora, "s:S1", MARK_HOOK);
	engine_world_rest(world);
	sale->lines[0].qty = decimal_of(5);
	fake_sale_line(sale, "2", "A-A2", "1");
	(void)fake_adapter_log(erp);
	engine_world_mark(world, &world->agora, "s:S1", MARK_HOOK);
	engine_world_turn(&world->agora);
	engine_world_turn(&world->erp);
	assert_posted("post(agora/S1+0.1:E-A1=3,E-A2=1) "
	              "read_counts(E-A1,E-A2)");
	assert_true(fake_adapter_shows(erp, "E-A1", "4"));
	assert_true(fake_adapter_shows(erp, "E-A2", "8"));
}

/* What a line cost says nothing about a difference far larger than it. */
static void
test_sales__a_difference_out_of_all_proportion_has_no_price(void **state)
{
	struct fake_sale *sale;

	(void)state;
	erp->takes_returns = true;
	engine_world_item(world, "A1", "9");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "100000000");
	list(false);
	assert_int_equal(decimal_parse(&sale->lines[0].qty, "0.00001"), 0);
	sale->lines[0].gross = decimal_of(1000000000000);
	list(false);
	assert_entry("agora/S1+0.1", "ready");
}

static void
test_sales__of_more_than_there_is_are_booked_and_told(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "4");
	list(false);
	assert_string_equal(
		store_world_say(&world->base, "ZCARD test:oversold"), "0");
	(void)fake_adapter_sell(world->kiosk.state, "S2", "K-A1", "3");
	engine_world_mark(world, &world->kiosk, "s:S2", MARK_HOOK);
	engine_world_turn(&world->kiosk);
	assert_entry("kiosk/S2", "ready");
	assert_string_equal(
		store_world_say(&world->base, "ZCARD test:oversold"), "1");
}

/* ---- money of later versions ---- */

static void
assert_paid(const char *external, const char *gross)
{
	char found[DECIMAL_TEXT_SIZE];

	assert_string_equal(
		decimal_format(found, fake_adapter_count(erp, external)->paid),
		gross);
}

/* The sale's one line costs that now, in cents; its quantity in thousandths. */
static void
amend(struct fake_sale *sale, int64_t qty, int64_t cents)
{
	sale->lines[0].qty = decimal_of_scaled(qty, 3);
	sale->lines[0].gross = decimal_of_scaled(cents, 2);
	sale->version++;
	list(false);
	engine_world_rest(world);
}

/* A till rounds each line: 0.09 kg are 1.30, of which 0.01 kg is not 0.144. */
static void
test_sales__a_difference_costs_what_the_line_costs_more_or_less(void **state)
{
	struct fake_sale *sale;

	(void)state;
	erp->takes_returns = true;
	engine_world_item(world, "A1", "9");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "0.09");
	amend(sale, 90, 130);
	assert_paid("E-A1", "1.3");
	amend(sale, 10, 14);
	assert_paid("E-A1", "0.14");
	sale->n_lines = 0;
	sale->version++;
	list(false);
	engine_world_rest(world);
	assert_paid("E-A1", "0");
	assert_string_equal(
		store_world_say(&world->base, "HGET test:sale:agora:S1 l:1"),
		"A1\t0\t0");
}

/* More goods for less money: a share is booked, and made good by the next. */
static void
test_sales__a_share_is_put_right_by_the_next_difference(void **state)
{
	struct fake_sale *sale;

	(void)state;
	erp->takes_returns = true;
	engine_world_item(world, "A1", "9");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "1");
	amend(sale, 1000, 1000);
	amend(sale, 2000, 900);
	assert_paid("E-A1", "14.5");
	amend(sale, 1000, 450);
	assert_paid("E-A1", "4.5");
}

/* Records of the version before say nothing of money. */
static void
test_sales__without_what_was_entered_a_difference_gets_its_share(void **state)
{
	struct fake_sale *sale;

	(void)state;
	engine_world_item(world, "A1", "9");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "2");
	amend(sale, 2000, 1000);
	(void)store_world_say(&world->base,
	                      "HSET test:sale:agora:S1 l:1 \"A1\\t2\"");
	amend(sale, 3000, 1800);
	assert_paid("E-A1", "16");
	assert_string_equal(
		store_world_say(&world->base, "HGET test:sale:agora:S1 l:1"),
		"A1\t3");
	assert_true(fake_adapter_shows(erp, "E-A1", "6"));
}

enum { MONEY_SEEDS = 16, MONEY_STEPS = 8, MONEY_LINES = 3 };

/* Lines of a sale as our own arithmetic has them: thousandths, and cents. */
struct ring {
	uint32_t seed;
	int64_t qty[MONEY_LINES]; /* 0: not on the sale */
	int64_t cents[MONEY_LINES];
	int64_t before[MONEY_LINES]; /* cents of the sales before this one */
};

static int64_t
next(struct ring *ring, uint32_t below)
{
	ring->seed = ring->seed * 1664525u + 1013904223u;
	return (ring->seed >> 8) % below;
}

/* Another quantity; the money goes the same way, by any amount at all. */
static void
ring_up(struct ring *ring, size_t i)
{
	int64_t qty = next(ring, 4000) + 1;
	int64_t by = next(ring, 500);

	if (next(ring, 4) == 0) {
		ring->qty[i] = ring->cents[i] = 0;
	} else if (qty > ring->qty[i]) {
		ring->cents[i] += by + 1;
		ring->qty[i] = qty;
	} else if (qty < ring->qty[i]) {
		ring->cents[i] -= by < ring->cents[i] ? by : 0;
		ring->qty[i] = qty;
	}
}

static void
show(const struct ring *ring, struct fake_sale *sale)
{
	sale->n_lines = 0;
	for (size_t i = 0; i < MONEY_LINES; i++) {
		char uid[8];
		char external[8];

		(void)snprintf(uid, sizeof(uid), "%zu", i);
		(void)snprintf(external, sizeof(external), "A-A%zu", i);
		if (!ring->qty[i])
			continue;
		fake_sale_line(sale, uid, external, "1");
		sale->lines[sale->n_lines - 1].qty =
			decimal_of_scaled(ring->qty[i], 3);
		sale->lines[sale->n_lines - 1].gross =
			decimal_of_scaled(ring->cents[i], 2);
	}
}

static void
assert_all_paid(const struct ring *ring)
{
	for (size_t i = 0; i < MONEY_LINES; i++) {
		char external[8];
		char gross[DECIMAL_TEXT_SIZE];
		int64_t cents = ring->before[i] + ring->cents[i];

		(void)snprintf(external, sizeof(external), "E-A%zu", i);
		assert_paid(external,
		            decimal_format(gross, decimal_of_scaled(cents, 2)));
	}
}

static void
test_sales__all_entries_come_to_what_the_last_version_costs(void **state)
{
	struct ring ring = { .seed = 0 };

	(void)state;
	erp->takes_returns = true;
	engine_world_item(world, "A0", "9");
	engine_world_item(world, "A1", "9");
	engine_world_item(world, "A2", "9");
	for (uint32_t seed = 1; seed <= MONEY_SEEDS; seed++) {
		struct fake_sale *sale;
		char id[8];

		ring.seed = seed;
		(void)snprintf(id, sizeof(id), "S%u", (unsigned)seed);
		sale = fake_adapter_sale(agora, id, clock_wall_ms());
		for (int step = 0; step < MONEY_STEPS; step++) {
			for (size_t i = 0; i < MONEY_LINES; i++)
				if (step == 0 || next(&ring, 2))
					ring_up(&ring, i);
			show(&ring, sale);
			sale->version++;
			list(false);
			engine_world_rest(world);
			assert_all_paid(&ring);
		}
		for (size_t i = 0; i < MONEY_LINES; i++) {
			ring.before[i] += ring.cents[i];
			ring.qty[i] = ring.cents[i] = 0;
		}
	}
}

/* ---- ids ---- */

/* A loss of Redis begins the running number anew: the version tells a document
   from the one that was posted before the loss. */
static void
test_sales__after_a_loss_no_entry_has_the_id_of_another_one(void **state)
{
	struct fake_sale *sale;

	(void)state;
	engine_world_item(world, "A1", "9");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "1");
	amend(sale, 1000, 100);
	amend(sale, 2000, 200);
	assert_entry("agora/S1", "settled");
	assert_entry("agora/S1+2.1", "settled");
	(void)store_world_say(&world->base, "DEL test:sale:agora:S1");
	(void)store_world_say(&world->base, "DEL test:entry:agora/S1");
	list(false);
	amend(sale, 3000, 300);
	assert_entry("agora/S1+3.1", "settled");
}

/* ---- what comes back ---- */

static void
test_sales__a_line_taken_off_later_comes_back(void **state)
{
	struct fake_sale *sale;

	(void)state;
	erp->takes_returns = true;
	engine_world_item(world, "A1", "9");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "2");
	engine_world_mark(world, &world->agora, "s:S1", MARK_HOOK);
	engine_world_rest(world);
	sale->n_lines = 0;
	fake_adapter_set(agora, "A-A1", "9");
	engine_world_mark(world, &world->agora, "s:S1", MARK_HOOK);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(erp, "E-A1", "9"));
	assert_true(fake_adapter_shows(world->kiosk.state, "K-A1", "9"));
}

static void
test_sales__a_return_is_held_and_the_channels_stay_without_it(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(agora, "R1", "A-A1", "-2");
	engine_world_mark(world, &world->agora, "s:R1", MARK_HOOK);
	engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
	engine_world_rest(world);
	assert_entry("agora/R1", "held");
	assert_pending("A1", "0");
	assert_true(fake_adapter_shows(agora, "A-A1", "5"));
	assert_int_equal(erp->n_docs, 0);
}

static void
test_sales__a_held_return_that_is_retried_is_pending_and_posted(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(agora, "R1", "A-A1", "-2");
	list(false);
	assert_int_equal(
		store_ledger_decide(world->base.store, "agora/R1", DEAD_RETRY),
		0);
	assert_pending("A1", "-2");
	engine_world_rest(world);
	assert_true(fake_adapter_shows(erp, "E-A1", "7"));
	assert_true(fake_adapter_shows(world->kiosk.state, "K-A1", "7"));
}

static void
test_sales__sale_and_return_in_one_are_two_entries(void **state)
{
	struct fake_sale *sale;

	(void)state;
	engine_world_item(world, "A1", "5");
	engine_world_item(world, "A2", "5");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "1");
	fake_sale_line(sale, "2", "A-A2", "-1");
	list(false);
	assert_entry("agora/S1", "ready");
	assert_entry("agora/S1+0.1", "held");
	assert_pending("A1", "1");
	assert_pending("A2", "0");
}

/* ---- a held return that is taken back ---- */

/* Its lines have these quantities now; its version is the next one. */
static void
have(struct fake_sale *sale, int64_t first, int64_t second)
{
	sale->lines[0].qty = decimal_of(first);
	sale->lines[1].qty = decimal_of(second);
	sale->version++;
	list(false);
	engine_world_rest(world);
}

/* Five of A1 and three of A2 were sold, and one of A1 came back. */
static struct fake_sale *
bring_one_back(void)
{
	struct fake_sale *sale;

	engine_world_item(world, "A1", "9");
	engine_world_item(world, "A2", "9");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "5");
	fake_sale_line(sale, "2", "A-A2", "3");
	have(sale, 5, 3);
	have(sale, 4, 3);
	assert_entry("agora/S1", "settled");
	assert_entry("agora/S1+2.1", "held");
	return sale;
}

static void
assert_sold(const char *sku, const char *qty)
{
	assert_string_equal(
		store_world_say(&world->base, "HGET test:sold:agora %s", sku),
		qty);
}

static void
test_sales__a_held_return_that_is_taken_back_books_nothing_more(void **state)
{
	struct fake_sale *sale;

	(void)state;
	sale = bring_one_back();
	assert_sold("A1", "4");
	have(sale, 5, 3);
	assert_entry("agora/S1+2.1", "dropped");
	assert_string_equal(
		store_world_say(&world->base, "ZCARD test:entries:held"), "0");
	assert_string_equal(
		store_world_say(&world->base, "EXISTS test:pend:A1"), "0");
	assert_int_equal(erp->n_docs, 1);
	assert_true(fake_adapter_shows(erp, "E-A1", "4"));
	assert_true(fake_adapter_shows(world->kiosk.state, "K-A1", "4"));
	assert_sold("A1", "5");
	assert_sold("A2", "3");
	have(sale, 7, 3);
	assert_true(fake_adapter_shows(erp, "E-A1", "2"));
	have(sale, 6, 3);
	assert_entry("agora/S1+5.3", "held");
}

/* Of two lines that came back one is taken back. */
static void
test_sales__a_held_return_that_is_half_taken_back_stays_for_the_rest(
	void **state)
{
	struct fake_sale *sale;

	(void)state;
	sale = bring_one_back();
	have(sale, 3, 1);
	assert_entry("agora/S1+3.2", "held");
	have(sale, 4, 1); /* one of the two of A1, and A2 as it was */
	assert_entry("agora/S1+2.1", "held");
	assert_entry("agora/S1+3.2", "dropped");
	assert_entry("agora/S1+4.3", "held");
	assert_string_equal(store_world_say(&world->base,
	                                    "HGET test:entry:agora/S1+4.3 "
	                                    "lines"),
	                    "A2\t-2\n");
	assert_sold("A1", "4");
	assert_sold("A2", "1");
	assert_int_equal(erp->n_docs, 1);
}

/* Posted, it is inside the balance; dropped, a person may have booked it. */
static void
test_sales__a_return_that_a_person_decided_on_is_not_taken_back(void **state)
{
	static const enum dead_action actions[] = { DEAD_RETRY, DEAD_DROP };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fake_sale *sale;

		(void)begin((void **)&world);
		sale = bring_one_back();
		assert_int_equal(store_ledger_decide(world->base.store,
		                                     "agora/S1+2.1",
		                                     actions[i]),
		                 0);
		engine_world_rest(world);
		have(sale, 5, 3);
		assert_entry("agora/S1+2.1", i ? "dropped" : "settled");
		assert_entry("agora/S1+3.2", "settled");
		assert_true(fake_adapter_shows(erp, "E-A1", i ? "3" : "4"));
	}
}

static void
test_sales__money_of_a_return_taken_back_is_that_of_the_last_version(
	void **state)
{
	struct fake_sale *sale;

	(void)state;
	engine_world_item(world, "A1", "9");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "5");
	amend(sale, 5000, 1000);
	amend(sale, 4000, 790);
	amend(sale, 6000, 1190);
	assert_paid("E-A1", "11.9");
	assert_string_equal(
		store_world_say(&world->base, "HGET test:sale:agora:S1 l:1"),
		"A1\t6\t11.9");
}

/* A person decides between our look at the return and the withdrawal. */
static void
test_sales__a_decision_that_comes_first_wins_over_a_withdrawal(void **state)
{
	struct ledger_sale known = { 0 };
	struct ledger_change change = { .account = "agora", .sale = "S1" };

	(void)state;
	(void)bring_one_back();
	assert_int_equal(
		store_ledger_sale(world->base.store, &known, "agora", "S1"), 0);
	change.revision = known.revision;
	ledger_sale_fini(&known);
	assert_int_equal(store_ledger_decide(world->base.store, "agora/S1+2.1",
	                                     DEAD_RETRY),
	                 0);
	assert_int_equal(store_ledger_withdraw(world->base.store, &change,
	                                       "agora/S1+2.1"),
	                 LEDGER_STALE);
	assert_entry("agora/S1+2.1", "ready");
}

/* The authority waits for the return: it is at its end. */
static void
test_sales__a_return_taken_back_lets_the_authority_change(void **state)
{
	struct item item = { .sku = text_dup("A1"),
		             .authority = text_dup("kiosk") };
	struct fake_sale *sale;

	(void)state;
	sale = bring_one_back();
	assert_int_equal(store_registry_put(world->base.store, &item, NULL), 0);
	item_fini(&item);
	have(sale, 5, 3);
	assert_string_equal(
		store_world_say(&world->base, "HGET test:item:A1 authority"),
		"kiosk");
}

/* ---- lines that wait ---- */

static void
test_sales__unbound_lines_wait_and_become_an_entry_when_bound(void **state)
{
	struct fake_sale *sale;

	(void)state;
	engine_world_item(world, "A1", "5");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "1");
	fake_sale_line(sale, "2", "A-A2", "3");
	list(false);
	engine_world_turn(&world->erp);
	assert_posted("post(agora/S1:E-A1=1) read_counts(E-A1)");
	assert_int_equal(count_waiting(), 1);
	list(true);
	assert_int_equal(count_waiting(), 1);
	engine_world_bind(world, "A2", "8");
	engine_world_rest(world);
	assert_int_equal(count_waiting(), 0);
	assert_entry("agora/S1+0.1", "settled");
	assert_true(fake_adapter_shows(erp, "E-A2", "5"));
	assert_true(fake_adapter_shows(world->kiosk.state, "K-A2", "5"));
}

/* Two lines of a thing that nobody has bound; the order may lose them. */
static void
test_sales__a_waiting_line_that_is_gone_waits_no_more(void **state)
{
	struct fake_sale *sale;

	(void)state;
	engine_world_item(world, "A1", "5");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "1");
	fake_sale_line(sale, "2", "A-A9", "1");
	fake_sale_line(sale, "3", "A-A9", "1");
	list(false);
	assert_int_equal(count_waiting(), 1);
	sale->lines[1].qty = DECIMAL_ZERO;
	list(false);
	assert_int_equal(count_waiting(), 1);
	sale->n_lines = 1;
	list(false);
	assert_int_equal(count_waiting(), 0);
	engine_world_bind(world, "A9", "8");
	engine_world_rest(world);
	assert_entry("agora/S1+0.1", "(nil)");
	assert_string_equal(
		store_world_say(&world->base, "ZCARD test:waited:agora"), "0");
}

/* Bound meanwhile, and not on the order any more. */
static void
test_sales__a_waiting_line_that_is_empty_when_bound_waits_no_more(void **state)
{
	struct fake_sale *sale;

	(void)state;
	engine_world_item(world, "A1", "5");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "1");
	fake_sale_line(sale, "2", "A-A9", "1");
	list(false);
	assert_int_equal(count_waiting(), 1);
	sale->lines[1].qty = DECIMAL_ZERO;
	engine_world_bind(world, "A9", "8");
	engine_world_rest(world);
	assert_int_equal(count_waiting(), 0);
}

/* The cashier took another thing for the same line. */
static void
test_sales__a_waiting_line_of_another_thing_waits_for_that(void **state)
{
	struct fake_sale *sale;

	(void)state;
	engine_world_item(world, "A1", "5");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "1");
	fake_sale_line(sale, "2", "A-A8", "2");
	list(false);
	(void)snprintf(sale->lines[1].external, sizeof(sale->lines[1].external),
	               "A-A9");
	list(false);
	assert_int_equal(count_waiting(), 1);
	engine_world_bind(world, "A8", "8");
	engine_world_rest(world);
	assert_int_equal(count_waiting(), 1);
	assert_entry("agora/S1+0.1", "(nil)");
	fake_clock_advance(FAKE_WINDOW_MS + HOUR_MS);
	list(true); /* from now on only its mark finds it */
	engine_world_bind(world, "A9", "8");
	engine_world_turn(&world->agora);
	engine_world_turn(&world->agora);
	assert_int_equal(count_waiting(), 0);
	engine_world_rest(world);
	assert_entry("agora/S1+0.1", "settled");
}

/* Sales of many unbound things come in any order of their ids. */
static void
test_sales__a_binding_finds_its_waiting_sale_among_others(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	fake_sale_line(fake_adapter_sale(agora, "S1", clock_wall_ms()), "1",
	               "A-A9", "1");
	list(false);
	fake_clock_advance(10 * MINUTE_MS);
	fake_sale_line(fake_adapter_sale(agora, "S2", clock_wall_ms()), "1",
	               "A-A2", "1");
	list(false);
	assert_int_equal(count_waiting(), 2);
	engine_world_bind(world, "A9", "8");
	engine_world_rest(world);
	assert_entry("agora/S1", "settled");
	assert_entry("agora/S2", "(nil)");
	assert_int_equal(count_waiting(), 1);
}

/* A refund announces its order again, long after the ledger forgot it. */
static void
test_sales__an_old_sale_that_was_forgotten_is_not_posted_again(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "1");
	engine_world_rest(world);
	list(false);
	engine_world_rest(world);
	assert_int_equal(erp->n_docs, 1);
	fake_clock_advance(41 * DAY_MS);
	list(false);
	(void)store_world_say(&world->base, "DEL test:sale:agora:S1");
	(void)store_world_say(&world->base, "DEL test:entry:agora/S1");
	engine_world_mark(world, &world->agora, "s:S1", MARK_HOOK);
	engine_world_rest(world);
	assert_int_equal(erp->n_docs, 1);
	assert_pending("A1", "0");
}

static void
test_sales__of_a_long_outage_are_posted_however_old(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	list(false);
	fake_clock_advance(MINUTE_MS);
	(void)fake_adapter_sell(agora, "S1", "A-A1", "1");
	fake_clock_advance(60 * DAY_MS);
	list(false);
	engine_world_rest(world);
	assert_int_equal(erp->n_docs, 1);
}

static void
test_sales__an_older_version_seen_later_takes_nothing_back(void **state)
{
	struct fake_sale *sale;

	(void)state;
	engine_world_item(world, "A1", "9");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "1");
	sale->version = 4;
	list(false);
	sale->lines[0].qty = decimal_of(3);
	sale->version = 5;
	list(false);
	sale->lines[0].qty = decimal_of(1);
	sale->version = 4;
	list(false);
	assert_pending("A1", "3");
	assert_entry("agora/S1+5.2", "(nil)");
}

/* The newest one says what the first said: it was seen all the same. */
static void
test_sales__an_older_version_seen_after_one_that_changed_nothing(void **state)
{
	struct fake_sale *sale;

	(void)state;
	engine_world_item(world, "A1", "9");
	sale = fake_adapter_sell(agora, "S1", "A-A1", "1");
	sale->version = 3;
	list(false);
	sale->version = 5;
	list(false);
	sale->lines[0].qty = decimal_of(4);
	sale->version = 4;
	list(false);
	assert_pending("A1", "1");
}

static void
test_sales__a_clock_set_back_makes_the_whole_window_be_read(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	list(true);
	fake_clock_set_wall(clock_wall_ms() + HOUR_MS);
	list(false);
	fake_clock_set_wall(clock_wall_ms() - HOUR_MS);
	(void)fake_adapter_sell(agora, "S1", "A-A1", "1");
	list(false);
	assert_entry("agora/S1", "ready");
}

static void
test_sales__lines_that_nobody_binds_are_forgotten_with_their_sale(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	fake_sale_line(fake_adapter_sale(agora, "S1", clock_wall_ms()), "1",
	               "A-A9", "1");
	list(false);
	assert_int_equal(count_waiting(), 1);
	fake_clock_advance(41 * DAY_MS);
	(void)fake_adapter_sell(agora, "S2", "A-A1", "1");
	list(false);
	assert_int_equal(count_waiting(), 0);
}

static void
test_sales__are_recorded_at_each_items_authority_only(void **state)
{
	struct item item = { .sku = text_dup("A2"),
		             .authority = text_dup("agora") };
	struct fake_sale *sale;

	(void)state;
	engine_world_item(world, "A1", "5");
	engine_world_item(world, "A2", "5");
	assert_int_equal(store_registry_put(world->base.store, &item, NULL), 0);
	engine_world_rest(world);
	(void)fake_adapter_log(erp);
	sale = fake_adapter_sell(agora, "S1", "A-A1", "1");
	fake_sale_line(sale, "2", "A-A2", "1");
	fake_adapter_set(agora, "A-A2", "4");
	engine_world_mark(world, &world->agora, "s:S1", MARK_HOOK);
	engine_world_mark(world, &world->agora, "i:A2", MARK_HOOK);
	engine_world_rest(world);
	assert_int_equal(erp->n_docs, 1);
	assert_true(fake_adapter_shows(erp, "E-A1", "4"));
	assert_true(fake_adapter_shows(world->kiosk.state, "K-A2", "4"));
	item_fini(&item);
}

/* Whichever line comes first, and whatever Redis has forgotten. */
static void
test_sales__name_each_authoritys_entry_alike_each_time(void **state)
{
	struct item item = { .sku = text_dup("A2"),
		             .authority = text_dup("kiosk") };

	(void)state;
	engine_world_item(world, "A1", "5");
	engine_world_item(world, "A2", "5");
	assert_int_equal(store_registry_put(world->base.store, &item, NULL), 0);
	engine_world_rest(world);
	for (int i = 0; i < 2; i++) {
		const char *id = i ? "S2" : "S1";
		struct fake_sale *sale =
			fake_adapter_sell(agora, id, i ? "A-A2" : "A-A1", "1");
		char other[40];

		fake_sale_line(sale, "2", i ? "A-A1" : "A-A2", "1");
		list(false);
		(void)snprintf(other, sizeof(other), "agora/%s", id);
		assert_string_equal(
			store_world_say(&world->base,
		                        "HGET test:entry:%s authority", other),
			"erp");
		assert_string_equal(
			store_world_say(&world->base,
		                        "HGET test:entry:%s@kiosk authority",
		                        other),
			"kiosk");
	}
	item_fini(&item);
}

/* ---- cursors and windows ---- */

static void
test_sales__one_listing_an_hour_reads_the_whole_window(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	fake_clock_advance(100LL * HOUR_MS);
	list(false);
	fake_clock_advance(MINUTE_MS);
	list(false);
	assert_int_equal(agora->since_ms, clock_wall_ms() - 3 * MINUTE_MS);
	fake_clock_advance(HOUR_MS);
	list(false);
	assert_int_equal(agora->since_ms, clock_wall_ms() - FAKE_WINDOW_MS);
	fake_clock_advance(MINUTE_MS);
	list(true);
	assert_int_equal(agora->since_ms, clock_wall_ms() - FAKE_WINDOW_MS);
}

static void
test_sales__an_outage_longer_than_the_window_is_read_from_its_begin(
	void **state)
{
	int64_t seen;

	(void)state;
	engine_world_item(world, "A1", "5");
	fake_clock_advance(MINUTE_MS);
	list(false);
	seen = cursor("sales");
	fake_clock_advance(200LL * HOUR_MS);
	list(false);
	assert_in_range(agora->since_ms, 1, seen);
	assert_true(agora->since_ms >= cursor("start"));
}

static void
test_sales__an_offline_sale_that_comes_late_is_found_by_the_window(void **state)
{
	struct fake_sale *late;

	(void)state;
	engine_world_item(world, "A1", "5");
	late = fake_adapter_sell(agora, "S1", "A-A1", "1");
	late->is_unseen = true;
	list(false);
	for (int i = 0; i < 30; i++) {
		fake_clock_advance(MINUTE_MS);
		list(false);
	}
	late->is_unseen = false;
	list(false);
	assert_entry("agora/S1", "(nil)");
	fake_clock_advance(31LL * MINUTE_MS);
	list(false);
	assert_entry("agora/S1", "ready");
}

static void
test_sales__the_cursor_moves_only_when_all_were_listed(void **state)
{
	int64_t before;
	bool was_listed = true;

	(void)state;
	engine_world_item(world, "A1", "5");
	before = cursor("sales");
	fake_clock_advance(MINUTE_MS);
	fake_adapter_next(agora, "list_sales", outcome_of(VERDICT_RETRY, "no"),
	                  true);
	assert_int_equal(sales_list(&world->agora, clock_wall_ms(), false, 0,
	                            &was_listed),
	                 0);
	assert_false(was_listed);
	assert_int_equal(cursor("sales"), before);
}

/* The store must fail while the sink records: a key of the wrong type. */
static void
test_sales__a_fault_of_ours_is_not_blamed_on_the_vendor(void **state)
{
	bool was_listed = true;
	int64_t before;

	(void)state;
	engine_world_item(world, "A1", "5");
	before = cursor("sales");
	fake_clock_advance(MINUTE_MS);
	(void)fake_adapter_sell(agora, "S1", "A-A1", "1");
	(void)store_world_say(&world->base, "SET test:sale:agora:S1 x");
	assert_int_equal(sales_list(&world->agora, clock_wall_ms(), false, 0,
	                            &was_listed),
	                 ERR_STORE);
	assert_false(was_listed);
	assert_int_equal(cursor("sales"), before);
	assert_int_equal(world->agora.pace.last, VERDICT_DONE);
	assert_int_equal(pace_wait_ms(&world->agora.pace, clock_mono_ms()), 0);
	(void)store_world_say(&world->base, "DEL test:sale:agora:S1");
	list(false);
	assert_entry("agora/S1", "ready");
}

static void
test_sales__one_hook_for_a_sale_reads_that_sale_only(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "1");
	engine_world_mark(world, &world->agora, "s:S1", MARK_HOOK);
	fake_adapter_next(agora, "read_sales", outcome_of(VERDICT_RETRY, "no"),
	                  false);
	engine_world_turn(&world->agora);
	assert_string_equal(fake_adapter_log(agora), "read_sales");
	assert_string_equal(store_world_marks(&world->base, "agora"), "s:S1");
	fake_clock_advance(30000);
	engine_world_turn(&world->agora);
	assert_entry("agora/S1", "ready");
	assert_string_equal(store_world_marks(&world->base, "agora"), "i:A1");
}

/* ---- posting ---- */

static void
test_sales__a_post_whose_answer_was_lost_is_looked_up_not_repeated(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "2");
	list(false);
	fake_adapter_next(erp, "post", outcome_of(VERDICT_UNCERTAIN, "lost"),
	                  true);
	engine_world_turn(&world->erp);
	assert_entry("agora/S1", "uncertain");
	assert_pending("A1", "2");
	fake_clock_advance(31000);
	engine_world_rest(world);
	assert_entry("agora/S1", "settled");
	assert_int_equal(erp->n_docs, 1);
	assert_true(fake_adapter_shows(erp, "E-A1", "3"));
}

static void
test_sales__a_post_that_never_arrived_is_posted_after_the_look_up(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "2");
	list(false);
	fake_adapter_next(erp, "post", outcome_of(VERDICT_UNCERTAIN, "lost"),
	                  false);
	engine_world_turn(&world->erp);
	fake_clock_advance(31000);
	engine_world_rest(world);
	assert_entry("agora/S1", "settled");
	assert_int_equal(erp->n_docs, 1);
}

static void
test_sales__at_a_system_that_is_away_one_look_up_is_enough(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "9");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "1");
	(void)fake_adapter_sell(agora, "S2", "A-A1", "1");
	list(false);
	for (int i = 0; i < 2; i++) {
		fake_adapter_next(erp, "post",
		                  outcome_of(VERDICT_UNCERTAIN, "no"), true);
		engine_world_turn(&world->erp);
		fake_clock_advance(MINUTE_MS);
	}
	(void)fake_adapter_log(erp);
	for (int i = 0; i < 2; i++)
		fake_adapter_next(erp, "find", outcome_of(VERDICT_RETRY, "no"),
		                  false);
	engine_world_mark(world, &world->erp, "y:lookup", MARK_HOOK);
	engine_world_turn(&world->erp);
	assert_int_equal(erp->n_steps, 1);
	fake_clock_advance(MINUTE_MS);
	engine_world_turn(&world->erp);
	fake_clock_advance(MINUTE_MS);
	engine_world_rest(world);
	assert_entry("agora/S1", "settled");
	assert_entry("agora/S2", "settled");
	assert_int_equal(erp->n_docs, 2);
}

static void
test_sales__without_a_look_up_an_uncertain_entry_waits_for_a_person(
	void **state)
{
	(void)state;
	erp->has_no_look_up = true;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "2");
	list(false);
	fake_adapter_next(erp, "post", outcome_of(VERDICT_UNCERTAIN, "lost"),
	                  true);
	for (int i = 0; i < 5; i++) {
		engine_world_rest(world);
		fake_clock_advance(60000);
	}
	assert_entry("agora/S1", "uncertain");
	assert_int_equal(erp->n_docs, 1);
	/* It blocks neither reads nor the item's other entries. */
	(void)fake_adapter_sell(agora, "S2", "A-A1", "1");
	list(false);
	engine_world_rest(world);
	assert_entry("agora/S2", "settled");
	assert_pending("A1", "2");
	assert_int_equal(store_ledger_decide(world->base.store, "agora/S1",
	                                     DEAD_CONFIRM),
	                 0);
	engine_world_rest(world);
	assert_entry("agora/S1", "settled");
	assert_pending("A1", "0");
	assert_true(fake_adapter_shows(world->kiosk.state, "K-A1", "2"));
}

static void
test_sales__a_process_that_dies_while_posting_leaves_it_uncertain(void **state)
{
	struct entry entry = { 0 };
	unsigned attempts = 0;
	int64_t origin_ms = 0;
	int64_t next_due_ms = 0;

	(void)state;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "2");
	list(false);
	assert_int_equal(store_ledger_begin(world->base.store, &entry,
	                                    &attempts, &origin_ms, &next_due_ms,
	                                    "erp", world->erp.lease,
	                                    world->erp.token),
	                 0);
	entry_fini(&entry);
	assert_entry("agora/S1", "posting");
	engine_world_restart(world, &world->erp);
	assert_entry("agora/S1", "uncertain");
	engine_world_turn(&world->erp);
	assert_int_equal(erp->n_docs, 0);
	fake_clock_advance(31000);
	engine_world_rest(world);
	assert_entry("agora/S1", "settled");
	assert_int_equal(erp->n_docs, 1);
}

static void
test_sales__passing_trouble_and_limits_delay_a_post(void **state)
{
	static const enum verdict verdicts[] = { VERDICT_RETRY, VERDICT_SLOW,
		                                 VERDICT_LOCKED };

	(void)state;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "2");
	list(false);
	for (size_t i = 0; i < 3; i++) {
		fake_adapter_next(erp, "post", outcome_of(verdicts[i], "no"),
		                  false);
		engine_world_turn(&world->erp);
		assert_entry("agora/S1", "ready");
		fake_clock_advance(60000);
	}
	engine_world_rest(world);
	assert_entry("agora/S1", "settled");
	assert_int_equal(erp->n_docs, 1);
}

static void
test_sales__after_trouble_a_probe_goes_before_a_post(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "2");
	engine_world_mark(world, &world->erp, "i:A1", MARK_HOOK);
	fake_adapter_next(erp, "read_counts", outcome_of(VERDICT_RETRY, "no"),
	                  false);
	engine_world_turn(&world->erp);
	list(false);
	fake_adapter_next(erp, "probe", outcome_of(VERDICT_RETRY, "no"), false);
	fake_clock_advance(60000);
	(void)fake_adapter_log(erp);
	engine_world_turn(&world->erp);
	assert_posted("probe");
	assert_entry("agora/S1", "ready");
	fake_clock_advance(60000);
	engine_world_turn(&world->erp);
	/* the marks' turn, whose call tells as much as a probe */
	assert_posted("read_counts(E-A1) post(agora/S1:E-A1=2)");
}

static void
test_sales__a_refused_post_is_a_persons_and_stays_pending(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "2");
	list(false);
	fake_adapter_next(erp, "post", outcome_of(VERDICT_REFUSED, "no"),
	                  false);
	engine_world_rest(world);
	assert_entry("agora/S1", "refused");
	assert_pending("A1", "2");
	assert_int_equal(
		store_ledger_decide(world->base.store, "agora/S1", DEAD_DROP),
		0);
	engine_world_rest(world);
	assert_pending("A1", "0");
	fake_clock_advance(60000);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(world->kiosk.state, "K-A1", "5"));
}

static void
test_sales__an_item_not_bound_at_its_authority_is_refused_with_its_name(
	void **state)
{
	(void)state;
	store_world_bind(&world->base, "A1", "agora", "A-A1");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "2");
	list(false);
	engine_world_turn(&world->erp);
	assert_entry("agora/S1", "refused");
	assert_non_null(
		strstr(store_world_say(&world->base, "HGET "
	                                             "test:entry:agora/S1 why"),
	               "A1 is not bound at erp"));
	assert_int_equal(erp->n_docs, 0);
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_sales__become_one_entry_that_is_pending_until_a_later_read),
		EACH(test_sales__count_once_however_often_they_are_seen),
		EACH(test_sales__that_are_not_final_wait),
		EACH(test_sales__that_we_recorded_there_ourselves_are_no_entries),
		EACH(test_sales__of_table_12_are_sales),
		EACH(test_sales__closed_before_the_first_binding_are_history),
		EACH(test_sales__are_ours_although_our_clock_was_wrong),
		EACH(test_sales__are_not_asked_for_before_anything_is_bound),
		EACH(test_sales__two_lines_of_one_item_are_pending_together),
		EACH(test_sales__lines_that_are_no_stocked_thing_are_left_out),
		EACH(test_sales__a_later_version_posts_only_the_difference),
		EACH(test_sales__a_difference_out_of_all_proportion_has_no_price),
		EACH(test_sales__of_more_than_there_is_are_booked_and_told),
		EACH(test_sales__a_difference_costs_what_the_line_costs_more_or_less),
		EACH(test_sales__a_share_is_put_right_by_the_next_difference),
		EACH(test_sales__without_what_was_entered_a_difference_gets_its_share),
		EACH(test_sales__all_entries_come_to_what_the_last_version_costs),
		EACH(test_sales__after_a_loss_no_entry_has_the_id_of_another_one),
		EACH(test_sales__a_line_taken_off_later_comes_back),
		EACH(test_sales__a_return_is_held_and_the_channels_stay_without_it),
		EACH(test_sales__a_held_return_that_is_retried_is_pending_and_posted),
		EACH(test_sales__sale_and_return_in_one_are_two_entries),
		EACH(test_sales__a_held_return_that_is_taken_back_books_nothing_more),
		EACH(test_sales__a_held_return_that_is_half_taken_back_stays_for_the_rest),
		EACH(test_sales__a_return_that_a_person_decided_on_is_not_taken_back),
		EACH(test_sales__money_of_a_return_taken_back_is_that_of_the_last_version),
		EACH(test_sales__a_decision_that_comes_first_wins_over_a_withdrawal),
		EACH(test_sales__a_return_taken_back_lets_the_authority_change),
		EACH(test_sales__unbound_lines_wait_and_become_an_entry_when_bound),
		EACH(test_sales__a_waiting_line_that_is_gone_waits_no_more),
		EACH(test_sales__a_waiting_line_that_is_empty_when_bound_waits_no_more),
		EACH(test_sales__a_waiting_line_of_another_thing_waits_for_that),
		EACH(test_sales__a_binding_finds_its_waiting_sale_among_others),
		EACH(test_sales__an_old_sale_that_was_forgotten_is_not_posted_again),
		EACH(test_sales__of_a_long_outage_are_posted_however_old),
		EACH(test_sales__an_older_version_seen_later_takes_nothing_back),
		EACH(test_sales__an_older_version_seen_after_one_that_changed_nothing),
		EACH(test_sales__a_clock_set_back_makes_the_whole_window_be_read),
		EACH(test_sales__lines_that_nobody_binds_are_forgotten_with_their_sale),
		EACH(test_sales__are_recorded_at_each_items_authority_only),
		EACH(test_sales__name_each_authoritys_entry_alike_each_time),
		EACH(test_sales__one_listing_an_hour_reads_the_whole_window),
		EACH(test_sales__an_outage_longer_than_the_window_is_read_from_its_begin),
		EACH(test_sales__an_offline_sale_that_comes_late_is_found_by_the_window),
		EACH(test_sales__the_cursor_moves_only_when_all_were_listed),
		EACH(test_sales__a_fault_of_ours_is_not_blamed_on_the_vendor),
		EACH(test_sales__one_hook_for_a_sale_reads_that_sale_only),
		EACH(test_sales__a_post_whose_answer_was_lost_is_looked_up_not_repeated),
		EACH(test_sales__a_post_that_never_arrived_is_posted_after_the_look_up),
		EACH(test_sales__at_a_system_that_is_away_one_look_up_is_enough),
		EACH(test_sales__without_a_look_up_an_uncertain_entry_waits_for_a_person),
		EACH(test_sales__a_process_that_dies_while_posting_leaves_it_uncertain),
		EACH(test_sales__passing_trouble_and_limits_delay_a_post),
		EACH(test_sales__after_trouble_a_probe_goes_before_a_post),
		EACH(test_sales__a_refused_post_is_a_persons_and_stays_pending),
		EACH(test_sales__an_item_not_bound_at_its_authority_is_refused_with_its_name),
	};

	return cmocka_run_group_tests(tests, engine_world_setup,
	                              engine_world_teardown);
}
