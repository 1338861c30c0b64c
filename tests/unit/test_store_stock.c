/*
 * Balances, pending and published counts, and their fences.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/drivers/store_lease.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_stock.h"
#include "tests/support/fake_clock.h"
#include "tests/support/store_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_MS 1800000000000

static struct store_world *world;
static struct store *store;
static int64_t token; /* of erp's lease */

static int
begin(void **state)
{
	world = *state;
	store = world->store;
	store_world_flush(world);
	fake_clock_start(NOW_MS, 1000);
	if (store_lease_hold(store, &token, "worker:erp", "test", 60000))
		return -1;
	store_world_bind(world, "A1", "erp", "E1");
	store_world_bind(world, "A1", "agora", "Q1");
	store_world_bind(world, "A1", "kiosk", "K1");
	store_world_unmark(world, "erp");
	store_world_unmark(world, "agora");
	store_world_unmark(world, "kiosk");
	return 0;
}

/* ---- short words ---- */

static struct decimal
dec(const char *text)
{
	struct decimal d = DECIMAL_ZERO;

	assert_int_equal(decimal_parse(&d, text), 0);
	return d;
}

static int64_t
tick(void)
{
	int64_t t = 0;

	assert_int_equal(store_tick(store, &t), 0);
	return t;
}

/* A balance as read; returns how many were discarded. */
static size_t
read_as(struct stock_read read, const char *qty, const struct mark *mark)
{
	const struct stock_balance b = { "A1", dec(qty), mark };
	size_t n = 0;

	read.fetched_ms = clock_wall_ms();
	if (!read.cause)
		read.cause = MARK_HOOK;
	assert_int_equal(store_stock_balances(store, &read, &b, 1, &n), 0);
	return n;
}

static size_t
read_at(int64_t at, const char *qty)
{
	return read_as((struct stock_read){ .authority = "erp", .tick = at },
	               qty, NULL);
}

static size_t
observe(const char *qty)
{
	return read_as((struct stock_read){ .authority = "erp",
	                                    .tick = tick(),
	                                    .settle = STOCK_OBSERVED,
	                                    .settle_wait_ms = 86400000 },
	               qty, NULL);
}

static struct stock_view
view(void)
{
	struct stock_view v;
	const char *sku = "A1";

	assert_int_equal(store_stock_view(store, &v, "agora", &sku, 1), 0);
	return v;
}

static void
assert_balance(const char *qty, const char *from)
{
	struct stock_view v = view();

	assert_string_equal(v.balance_from ? v.balance_from : "none", from);
	assert_int_equal(decimal_cmp(v.balance, dec(qty)), 0);
	stock_view_fini(&v);
}

static void
assert_pending(const char *qty)
{
	struct stock_view v = view();

	assert_int_equal(decimal_cmp(v.pending, dec(qty)), 0);
	stock_view_fini(&v);
}

/* An entry of one line, ready. */
static void
make_entry(const char *sale, const char *qty)
{
	struct entry e = {
		.id = text_format("agora/%s", sale),
		.docid = text_dup("TB-1"),
		.account = text_dup("agora"),
		.sale = text_dup(sale),
		.authority = text_dup("erp"),
	};
	const struct ledger_new new = { &e, "ready", "", true };
	const struct ledger_change change = { .account = "agora",
		                              .sale = sale,
		                              .entries = &new,
		                              .n_entries = 1 };
	struct entry_line *line = entry_add_line(&e);

	assert_non_null(line);
	line->uid = text_dup("1");
	line->sku = text_dup("A1");
	line->external = text_dup("E1");
	line->qty = dec(qty);
	assert_int_equal(store_ledger_apply(store, &change), 0);
	entry_fini(&e);
}

static void
begin_post(void)
{
	struct entry e = { 0 };
	unsigned attempts;
	int64_t origin;
	int64_t due;

	assert_int_equal(store_ledger_begin(store, &e, &attempts, &origin, &due,
	                                    "erp", "worker:erp", token),
	                 0);
	entry_fini(&e);
}

static void
end_post(const char *sale, enum verdict verdict)
{
	const struct outcome outcome = outcome_of(verdict, "as told");
	char id[32];

	(void)snprintf(id, sizeof(id), "agora/%s", sale);
	assert_int_equal(store_ledger_end(store, id, 1, &outcome, 0), 0);
}

static void
post(const char *sale, const char *qty)
{
	make_entry(sale, qty);
	begin_post();
	end_post(sale, VERDICT_DONE);
}

static const char *
state_of(const char *sale)
{
	return store_world_say(world, "HGET test:entry:agora/%s state", sale);
}

/* ---- fences ---- */

static void
test_store_stock__an_older_read_never_overwrites_a_newer(void **state)
{
	int64_t older = tick();
	int64_t newer = tick();

	(void)state;
	assert_int_equal(read_at(newer, "7"), 0);
	assert_int_equal(read_at(older, "9"), 1);
	assert_balance("7", "erp");
}

/* Which of the two moments was later at the authority, only it can tell. */
static void
test_store_stock__an_older_read_that_differs_asks_for_another(void **state)
{
	int64_t older = tick();
	struct mark_batch batch;

	(void)state;
	assert_int_equal(read_at(tick(), "7"), 0);
	assert_int_equal(read_at(older, "7.0"), 0);
	assert_string_equal(store_world_marks(world, "erp"), "");
	assert_int_equal(read_at(older, "9"), 1);
	batch = store_world_take(world, "erp");
	assert_int_equal(batch.n, 1);
	assert_string_equal(batch.marks[0].member, "i:A1");
	assert_int_equal(batch.marks[0].cause, MARK_SYNC);
	/* As does one that answered a mark itself. */
	assert_int_equal(read_as((struct stock_read){ .authority = "erp",
	                                              .tick = older },
	                         "9", &batch.marks[0]),
	                 1);
	mark_batch_fini(&batch);
	assert_string_equal(store_world_marks(world, "erp"), "i:A1");
}

static void
test_store_stock__an_older_read_of_another_account_does_not_either(void **state)
{
	int64_t older = tick();
	int64_t newer = tick();

	(void)state;
	assert_int_equal(read_at(newer, "7"), 0);
	assert_int_equal(read_as((struct stock_read){ .authority = "kiosk",
	                                              .tick = older },
	                         "9", NULL),
	                 0);
	assert_balance("7", "erp");
	assert_int_equal(read_as((struct stock_read){ .authority = "kiosk",
	                                              .tick = tick() },
	                         "9", NULL),
	                 0);
	assert_balance("9", "kiosk");
}

static void
test_store_stock__a_read_of_the_old_binding_does_not_count_for_the_new(
	void **state)
{
	int64_t before = tick();

	(void)state;
	assert_int_equal(read_at(tick(), "7"), 0);
	store_world_bind(world, "A1", "erp", "E2");
	assert_balance("0", "none");
	assert_int_equal(read_at(before, "7"), 0);
	assert_balance("0", "none");
	assert_int_equal(read_at(tick(), "3"), 0);
	assert_balance("3", "erp");
}

static void
test_store_stock__a_read_that_overlapped_a_post_is_discarded(void **state)
{
	int64_t before = tick();

	(void)state;
	assert_int_equal(read_at(before, "9"), 0);
	make_entry("S1", "2");
	before = tick();
	begin_post();
	assert_int_equal(read_at(before, "9"), 1); /* still being posted */
	assert_int_equal(read_at(tick(), "7"), 1);
	before = tick();
	end_post("S1", VERDICT_DONE);
	store_world_unmark(world, "erp");
	assert_int_equal(read_at(before, "7"), 1); /* began before the end */
	assert_balance("9", "erp");
	assert_pending("2");
	assert_string_equal(store_world_marks(world, "erp"), "i:A1");
	assert_int_equal(read_at(tick(), "7"), 0);
	assert_balance("7", "erp");
	assert_pending("0");
}

static void
test_store_stock__a_discarded_read_leaves_the_mark_it_answered(void **state)
{
	struct mark_batch batch;

	(void)state;
	make_entry("S1", "2");
	assert_int_equal(store_marks_add_one(store, "erp", "i:A1", MARK_HOOK),
	                 0);
	batch = store_world_take(world, "erp");
	begin_post();
	assert_int_equal(read_as((struct stock_read){ .authority = "erp",
	                                              .tick = batch.tick },
	                         "9", &batch.marks[0]),
	                 1);
	mark_batch_fini(&batch);
	assert_string_equal(store_world_marks(world, "erp"), "i:A1");
}

static void
test_store_stock__an_accepted_read_clears_its_mark_unless_it_moved(void **state)
{
	struct mark_batch batch;

	(void)state;
	for (int is_moved = 0; is_moved <= 1; is_moved++) {
		assert_int_equal(
			store_marks_add_one(store, "erp", "i:A1", MARK_HOOK),
			0);
		batch = store_world_take(world, "erp");
		if (is_moved)
			assert_int_equal(store_marks_add_one(store, "erp",
			                                     "i:A1", MARK_HOOK),
			                 0);
		assert_int_equal(
			read_as((struct stock_read){ .authority = "erp",
		                                     .tick = batch.tick },
		                "9", &batch.marks[0]),
			0);
		mark_batch_fini(&batch);
		assert_string_equal(store_world_marks(world, "erp"),
		                    is_moved ? "i:A1" : "");
	}
}

static void
test_store_stock__entries_not_yet_posted_block_no_read(void **state)
{
	(void)state;
	make_entry("S1", "2");
	assert_int_equal(read_at(tick(), "9"), 0);
	begin_post();
	end_post("S1", VERDICT_UNCERTAIN);
	assert_int_equal(read_at(tick(), "8"), 0);
	assert_balance("8", "erp");
	assert_pending("2");
}

/* ---- pending ---- */

static void
test_store_stock__pending_is_the_sum_of_all_entries_exactly(void **state)
{
	(void)state;
	make_entry("S1", "0.1");
	make_entry("S2", "0.2");
	make_entry("S3", "1000000000000000");
	assert_pending("1000000000000000.3");
}

static void
test_store_stock__the_first_read_after_settles_and_tells_the_channels(
	void **state)
{
	(void)state;
	assert_int_equal(read_at(tick(), "9"), 0);
	post("S1", "2");
	post("S2", "3");
	store_world_unmark(world, "agora");
	store_world_unmark(world, "kiosk");
	assert_string_equal(state_of("S1"), "confirmed");
	assert_int_equal(read_at(tick(), "4"), 0);
	assert_string_equal(state_of("S1"), "settled");
	assert_string_equal(state_of("S2"), "settled");
	assert_pending("0");
	assert_string_equal(store_world_marks(world, "agora"), "i:A1");
	assert_string_equal(store_world_marks(world, "kiosk"), "i:A1");
	assert_string_equal(store_world_say(world, "ZCARD "
	                                           "test:entries:confirmed"),
	                    "0");
}

static void
test_store_stock__a_balance_that_did_not_move_wakes_nobody(void **state)
{
	(void)state;
	assert_int_equal(read_at(tick(), "9"), 0);
	store_world_unmark(world, "agora");
	assert_int_equal(read_at(tick(), "9.000"), 0);
	assert_string_equal(store_world_marks(world, "agora"), "");
}

/* ---- settling by drops ---- */

static void
test_store_stock__observed_entries_settle_oldest_first_by_drops(void **state)
{
	(void)state;
	assert_int_equal(observe("10"), 0);
	post("S1", "2");
	post("S2", "3");
	assert_int_equal(observe("10"), 0); /* nothing fell yet */
	assert_pending("5");
	assert_int_equal(observe("8"), 0);
	assert_string_equal(state_of("S1"), "settled");
	assert_string_equal(state_of("S2"), "confirmed");
	assert_pending("3");
	assert_int_equal(observe("5"), 0);
	assert_pending("0");
}

static void
test_store_stock__what_is_left_of_a_drop_is_carried(void **state)
{
	(void)state;
	assert_int_equal(observe("10"), 0);
	post("S1", "3");
	assert_int_equal(observe("8"), 0); /* 2 of 3 */
	assert_pending("3");
	assert_int_equal(observe("7"), 0);
	assert_pending("0");
}

static void
test_store_stock__a_drop_before_any_entry_explains_none(void **state)
{
	(void)state;
	assert_int_equal(observe("10"), 0);
	assert_int_equal(observe("4"), 0);
	post("S1", "3");
	assert_int_equal(observe("4"), 0);
	assert_pending("3");
}

static void
test_store_stock__nothing_younger_overtakes_an_entry_that_does_not_fit(
	void **state)
{
	(void)state;
	assert_int_equal(observe("10"), 0);
	post("S1", "5");
	post("S2", "1");
	assert_int_equal(observe("9"), 0);
	assert_pending("6");
}

static void
test_store_stock__what_nobody_saw_fall_settles_after_the_wait(void **state)
{
	(void)state;
	assert_int_equal(observe("10"), 0);
	post("S1", "2");
	assert_int_equal(observe("12"), 0); /* a receipt hid it */
	fake_clock_advance(86400000 - 1);
	assert_int_equal(observe("12"), 0);
	assert_pending("2");
	fake_clock_advance(1);
	assert_int_equal(observe("12"), 0);
	assert_pending("0");
	assert_string_equal(state_of("S1"), "settled");
}

/* Beside a balance that has risen already it would be counted twice. */
static void
test_store_stock__an_observed_return_settles_with_the_next_read(void **state)
{
	(void)state;
	assert_int_equal(observe("10"), 0);
	post("S1", "5");
	post("R1", "-2");
	assert_int_equal(observe("10"), 0);
	assert_string_equal(state_of("R1"), "settled");
	assert_pending("5");
}

static void
test_store_stock__an_observed_return_explains_no_drop(void **state)
{
	(void)state;
	assert_int_equal(observe("10"), 0);
	post("R1", "-2");
	post("S1", "2");
	assert_int_equal(observe("10"), 0); /* neither is inside yet */
	assert_string_equal(state_of("S1"), "confirmed");
	assert_pending("2");
	assert_int_equal(observe("12"), 0);
	assert_pending("2");
	assert_int_equal(observe("10"), 0);
	assert_pending("0");
}

static void
test_store_stock__what_settles_by_waiting_takes_the_drop_along(void **state)
{
	(void)state;
	assert_int_equal(observe("10"), 0);
	post("S1", "5");
	assert_int_equal(observe("8"), 0); /* 2 of its 5 */
	fake_clock_advance(86400000);
	post("S2", "2");
	assert_int_equal(observe("8"), 0);
	assert_string_equal(state_of("S1"), "settled");
	assert_string_equal(state_of("S2"), "confirmed");
}

/* A fall beyond the entries was the shop's own. */
static void
test_store_stock__what_a_drop_has_too_much_explains_no_later_entry(void **state)
{
	(void)state;
	assert_int_equal(observe("10"), 0);
	post("S1", "2");
	assert_int_equal(observe("5"), 0);
	assert_pending("0");
	post("S2", "3");
	assert_int_equal(observe("5"), 0);
	assert_pending("3");
}

static void
test_store_stock__of_hundreds_the_oldest_settles_first(void **state)
{
	char sale[16];

	(void)state;
	assert_int_equal(observe("1000"), 0);
	for (int i = 0; i < 600; i++) {
		(void)snprintf(sale, sizeof(sale), "S%d", i);
		post(sale, i ? "1" : "2");
	}
	assert_int_equal(observe("999"), 0); /* not enough for the first */
	assert_pending("601");
	assert_int_equal(observe("998"), 0);
	assert_string_equal(state_of("S0"), "settled");
	assert_int_equal(observe("995"), 0);
	for (int i = 1; i <= 3; i++) {
		(void)snprintf(sale, sizeof(sale), "S%d", i);
		assert_string_equal(state_of(sale), "settled");
	}
}

/* ---- channels ---- */

static void
test_store_stock__published_is_kept_with_what_was_sold_then(void **state)
{
	const struct stock_published row = { "A1", dec("4.5"), dec("2"), NULL };
	struct stock_view v = view();

	(void)state;
	assert_false(v.has_published);
	stock_view_fini(&v);
	assert_int_equal(store_stock_published(store, "agora", &row, 1), 0);
	v = view();
	assert_true(v.has_published);
	assert_int_equal(decimal_cmp(v.published, dec("4.5")), 0);
	assert_int_equal(decimal_cmp(v.sold_then, dec("2")), 0);
	stock_view_fini(&v);
}

static void
test_store_stock__a_suspicion_stands_until_published(void **state)
{
	const struct stock_published row = { "A1", dec("4"), dec("0"), NULL };
	const struct stock_suspicion one = { 1000, 77, dec("1.5") };
	const struct stock_suspicion other = { 2000, 88, dec("2") };
	struct stock_view v;

	(void)state;
	assert_int_equal(store_stock_suspect(store, "agora", "A1", &one), 0);
	assert_int_equal(store_stock_suspect(store, "agora", "B1", &other), 0);
	v = view();
	assert_int_equal(v.suspicion.since_ms, 1000);
	assert_int_equal(v.suspicion.since_mono_ms, 77);
	assert_int_equal(decimal_cmp(v.suspicion.fall, one.fall), 0);
	stock_view_fini(&v);
	assert_int_equal(store_stock_published(store, "agora", &row, 1), 0);
	v = view();
	assert_int_equal(v.suspicion.since_ms, 0);
	stock_view_fini(&v);
}

/* As versions before wrote it. */
static void
test_store_stock__an_old_suspicion_is_read(void **state)
{
	struct stock_view v;

	(void)state;
	(void)store_world_say(world, "HSET test:suspect:agora A1 \"1000 2\"");
	v = view();
	assert_int_equal(v.suspicion.since_ms, 1000);
	assert_int_equal(v.suspicion.since_mono_ms, 0);
	assert_int_equal(decimal_cmp(v.suspicion.fall, decimal_of(2)), 0);
	stock_view_fini(&v);
}

static void
test_store_stock__held_zeros_are_released_or_forgotten(void **state)
{
	const char *const skus[] = { "A1", "A2" };
	int64_t n = 0;

	(void)state;
	for (int release = 0; release <= 1; release++) {
		assert_int_equal(store_stock_hold(store, "agora", skus, 2), 0);
		assert_int_equal(store_stock_count_held(store, &n, "agora"), 0);
		assert_int_equal(n, 2);
		assert_int_equal(
			store_stock_unhold(store, "agora", release, &n), 0);
		assert_int_equal(n, 2);
		assert_string_equal(store_world_marks(world, "agora"),
		                    release ? "i:A1 i:A2" : "");
		assert_int_equal(store_stock_count_held(store, &n, "agora"), 0);
		assert_int_equal(n, 0);
	}
}

static void
test_store_stock__text_that_is_no_number_reads_as_unknown(void **state)
{
	struct stock_view v;

	(void)state;
	assert_int_equal(read_at(tick(), "9"), 0);
	(void)store_world_say(world, "HSET test:stock:A1 balance nonsense");
	(void)store_world_say(world, "HSET test:pub:agora A1 nonsense");
	v = view();
	assert_null(v.balance_from);
	assert_false(v.has_published);
	stock_view_fini(&v);
}

/* ---- a sync ---- */

static int
collect(void *ctx, const char *channel, const char *sku)
{
	char *text = ctx;

	(void)strcat(text, channel);
	(void)strcat(text, "/");
	(void)strcat(text, sku);
	(void)strcat(text, " ");
	return 0;
}

static void
test_store_stock__a_sync_collects_the_channels_and_marks_none(void **state)
{
	char text[128] = "";

	(void)state;
	assert_int_equal(read_as((struct stock_read){ .authority = "erp",
	                                              .tick = tick(),
	                                              .cause = MARK_SYNC },
	                         "9", NULL),
	                 0);
	assert_string_equal(store_world_marks(world, "agora"), "");
	assert_int_equal(store_stock_each_changed(store, "erp", collect, text),
	                 0);
	assert_string_equal(text, "agora/A1 kiosk/A1 ");
	assert_int_equal(store_stock_forget_changed(store, "erp"), 0);
	text[0] = '\0';
	assert_int_equal(store_stock_each_changed(store, "erp", collect, text),
	                 0);
	assert_string_equal(text, "");
}

static int
count_one(void *ctx, const char *channel, const char *sku)
{
	(void)channel;
	(void)sku;
	++*(int *)ctx;
	return 0;
}

static void
test_store_stock__more_than_a_page_of_changes_are_all_visited(void **state)
{
	int n = 0;

	(void)state;
	for (int i = 0; i < 1203; i++) {
		char sku[16];

		(void)snprintf(sku, sizeof(sku), "X%d", i);
		assert_int_equal(
			store_stock_changed(store, "erp", "agora", sku), 0);
	}
	assert_int_equal(store_stock_each_changed(store, "erp", count_one, &n),
	                 0);
	assert_int_equal(n, 1203);
}

/* ---- another authority ---- */

static void
choose_authority(const char *account)
{
	struct item item = { .sku = text_dup("A1"),
		             .authority = text_dup(account) };

	assert_int_equal(store_registry_put(store, &item, NULL), 0);
	item_fini(&item);
}

static const char *
authority(void)
{
	static char text[32];
	struct stock_view v = view();

	(void)snprintf(text, sizeof(text), "%s",
	               v.authority ? v.authority : "default");
	stock_view_fini(&v);
	return text;
}

static void
test_store_stock__a_new_authority_waits_for_the_entries_at_the_old(void **state)
{
	(void)state;
	assert_int_equal(read_at(tick(), "9"), 0);
	post("S1", "2");
	make_entry("S2", "1");
	choose_authority("kiosk");
	assert_string_equal(authority(), "default");
	assert_int_equal(read_at(tick(), "7"), 0); /* settles S1 */
	assert_string_equal(authority(), "default");
	begin_post();
	end_post("S2", VERDICT_REFUSED);
	store_world_unmark(world, "kiosk");
	assert_int_equal(store_ledger_decide(store, "agora/S2", DEAD_DROP), 0);
	assert_string_equal(authority(), "kiosk");
	assert_string_equal(store_world_marks(world, "kiosk"), "i:A1");
}

static void
test_store_stock__a_new_authority_takes_effect_with_the_last_settlement(
	void **state)
{
	(void)state;
	assert_int_equal(read_at(tick(), "9"), 0);
	post("S1", "2");
	choose_authority("kiosk");
	choose_authority("kiosk"); /* importing twice changes nothing */
	store_world_unmark(world, "kiosk");
	assert_int_equal(read_at(tick(), "7"), 0);
	assert_string_equal(authority(), "kiosk");
	assert_string_equal(store_world_marks(world, "kiosk"), "i:A1");
}

static void
test_store_stock__a_change_of_mind_about_the_authority_is_one_too(void **state)
{
	(void)state;
	post("S1", "2");
	choose_authority("kiosk");
	choose_authority("");
	assert_int_equal(read_at(tick(), "7"), 0);
	assert_string_equal(authority(), "default");
}

static void
test_store_stock__without_entries_an_authority_changes_at_once(void **state)
{
	(void)state;
	choose_authority("kiosk");
	assert_string_equal(authority(), "kiosk");
	assert_string_equal(store_world_marks(world, "kiosk"), "i:A1");
}

static void
assert_unknown(void)
{
	struct stock_view v = view();

	assert_null(v.balance_from);
	stock_view_fini(&v);
}

static size_t
sync_row(int64_t at, const char *qty)
{
	return read_as((struct stock_read){ .authority = "erp",
	                                    .tick = at,
	                                    .cause = MARK_SYNC },
	               qty, NULL);
}

static void
test_store_stock__two_rows_of_one_list_that_differ_are_no_balance(void **state)
{
	int64_t at = tick();

	(void)state;
	assert_int_equal(sync_row(at, "5"), 0);
	assert_int_equal(sync_row(at, "5"), 0);
	assert_balance("5", "erp");
	assert_int_equal(sync_row(at, "6"), 1);
	assert_unknown();
	assert_int_equal(sync_row(at, "5"), 0);
	assert_unknown();
	assert_int_equal(sync_row(tick(), "7"), 0);
	assert_balance("7", "erp");
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_store_stock__an_older_read_never_overwrites_a_newer),
		EACH(test_store_stock__an_older_read_that_differs_asks_for_another),
		EACH(test_store_stock__an_older_read_of_another_account_does_not_either),
		EACH(test_store_stock__a_read_of_the_old_binding_does_not_count_for_the_new),
		EACH(test_store_stock__a_read_that_overlapped_a_post_is_discarded),
		EACH(test_store_stock__a_discarded_read_leaves_the_mark_it_answered),
		EACH(test_store_stock__an_accepted_read_clears_its_mark_unless_it_moved),
		EACH(test_store_stock__entries_not_yet_posted_block_no_read),
		EACH(test_store_stock__pending_is_the_sum_of_all_entries_exactly),
		EACH(test_store_stock__the_first_read_after_settles_and_tells_the_channels),
		EACH(test_store_stock__a_balance_that_did_not_move_wakes_nobody),
		EACH(test_store_stock__observed_entries_settle_oldest_first_by_drops),
		EACH(test_store_stock__an_observed_return_settles_with_the_next_read),
		EACH(test_store_stock__an_observed_return_explains_no_drop),
		EACH(test_store_stock__what_settles_by_waiting_takes_the_drop_along),
		EACH(test_store_stock__what_a_drop_has_too_much_explains_no_later_entry),
		EACH(test_store_stock__of_hundreds_the_oldest_settles_first),
		EACH(test_store_stock__what_is_left_of_a_drop_is_carried),
		EACH(test_store_stock__a_drop_before_any_entry_explains_none),
		EACH(test_store_stock__nothing_younger_overtakes_an_entry_that_does_not_fit),
		EACH(test_store_stock__what_nobody_saw_fall_settles_after_the_wait),
		EACH(test_store_stock__published_is_kept_with_what_was_sold_then),
		EACH(test_store_stock__a_suspicion_stands_until_published),
		EACH(test_store_stock__an_old_suspicion_is_read),
		EACH(test_store_stock__held_zeros_are_released_or_forgotten),
		EACH(test_store_stock__text_that_is_no_number_reads_as_unknown),
		EACH(test_store_stock__a_sync_collects_the_channels_and_marks_none),
		EACH(test_store_stock__more_than_a_page_of_changes_are_all_visited),
		EACH(test_store_stock__a_new_authority_waits_for_the_entries_at_the_old),
		EACH(test_store_stock__a_new_authority_takes_effect_with_the_last_settlement),
		EACH(test_store_stock__a_change_of_mind_about_the_authority_is_one_too),
		EACH(test_store_stock__two_rows_of_one_list_that_differ_are_no_balance),
		EACH(test_store_stock__without_entries_an_authority_changes_at_once),
	};
	int failed = cmocka_run_group_tests(tests, store_world_setup,
	                                    store_world_teardown);

	fake_clock_stop();
	return failed;
}
