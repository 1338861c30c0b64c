/*
 * Sales and entries: states, transitions, and all or nothing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_lease.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_stock.h"
#include "tests/support/fake_clock.h"
#include "tests/support/store_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_MS 1800000000000

static struct store_world *world;
static struct store *store;
static int64_t token;

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

static void
add_line(struct entry *e, const char *sku, const char *qty)
{
	struct entry_line *line = entry_add_line(e);

	assert_non_null(line);
	line->uid = text_format("%zu", e->n_lines);
	line->sku = text_dup(sku);
	line->external = text_dup("E1");
	line->qty = dec(qty);
}

static struct entry
new_entry(const char *sale)
{
	return (struct entry){
		.id = text_format("agora/%s", sale),
		.docid = text_dup("TB-1"),
		.account = text_dup("agora"),
		.sale = text_dup(sale),
		.authority = text_dup("erp"),
	};
}

/* An entry of one A1 that begins in a state. */
static void
make(const char *sale, const char *state)
{
	struct entry e = new_entry(sale);
	const struct ledger_new new = { &e, state, "a reason",
		                        strcmp(state, "held") != 0 };
	const struct ledger_change change = { .account = "agora",
		                              .sale = sale,
		                              .origin_ms = 42,
		                              .entries = &new,
		                              .n_entries = 1 };

	add_line(&e, "A1", "2");
	assert_int_equal(store_ledger_apply(store, &change), 0);
	entry_fini(&e);
}

static int
begin_post(const char *lease, int64_t with)
{
	struct entry e = { 0 };
	unsigned attempts = 0;
	int64_t origin_ms = 0;
	int64_t due_ms = 0;
	int r = store_ledger_begin(store, &e, &attempts, &origin_ms, &due_ms,
	                           "erp", lease, with);

	if (!r)
		assert_int_equal(origin_ms, 42);
	entry_fini(&e);
	return r;
}

static void
end_post(enum verdict verdict, int64_t due_ms)
{
	const struct outcome outcome = outcome_of(verdict, "as told");
	unsigned attempt = (unsigned)strtoul(
		store_world_say(world, "HGET test:entry:agora/S1 attempts"),
		NULL, 10);

	assert_int_equal(
		store_ledger_end(store, "agora/S1", attempt, &outcome, due_ms),
		0);
}

static const char *
state_of(const char *sale)
{
	return store_world_say(world, "HGET test:entry:agora/%s state", sale);
}

static const char *
pending_of(const char *sku)
{
	return store_world_say(world, "HVALS test:pend:%s", sku);
}

/* Take an entry S1 to a state from scratch. */
static void
make_in(const char *state)
{
	if (!strcmp(state, "held")) {
		make("S1", "held");
		return;
	}
	make("S1", "ready");
	if (!strcmp(state, "ready"))
		return;
	assert_int_equal(begin_post("worker:erp", token), 0);
	if (!strcmp(state, "uncertain"))
		end_post(VERDICT_UNCERTAIN, 0);
	else if (!strcmp(state, "refused"))
		end_post(VERDICT_REFUSED, 0);
	else if (strcmp(state, "posting") != 0)
		end_post(VERDICT_DONE, 0);
	if (!strcmp(state, "settled")) {
		const struct stock_balance b = { "A1", dec("1"), NULL };
		struct stock_read read = { .authority = "erp",
			                   .cause = MARK_HOOK };

		assert_int_equal(store_tick(store, &read.tick), 0);
		assert_int_equal(
			store_stock_balances(store, &read, &b, 1, NULL), 0);
	}
	assert_string_equal(state_of("S1"), state);
}

/* ---- posting ---- */

static void
test_store_ledger__what_came_of_a_post_decides_the_state(void **state)
{
	static const struct {
		enum verdict verdict;
		const char *state;
		char pending;
	} rows[] = {
		{ VERDICT_DONE, "confirmed", 'C' },
		{ VERDICT_RETRY, "ready", 'W' },
		{ VERDICT_SLOW, "ready", 'W' },
		{ VERDICT_LOCKED, "ready", 'W' },
		{ VERDICT_ABSENT, "ready", 'W' },
		{ VERDICT_REFUSED, "refused", 'W' },
		{ VERDICT_UNCERTAIN, "uncertain", 'W' },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		(void)begin(state);
		make("S1", "ready");
		assert_int_equal(begin_post("worker:erp", token), 0);
		assert_string_equal(state_of("S1"), "posting");
		assert_int_equal(pending_of("A1")[0], 'P');
		end_post(rows[i].verdict, 0);
		assert_string_equal(state_of("S1"), rows[i].state);
		assert_int_equal(pending_of("A1")[0], rows[i].pending);
	}
}

static void
test_store_ledger__an_entry_is_in_exactly_one_place(void **state)
{
	static const char *const states[] = { "ready",   "posting", "uncertain",
		                              "refused", "held",    "confirmed",
		                              "settled" };
	static const char *const sets[] = { "posting", "uncertain", "refused",
		                            "held", "confirmed" };

	for (size_t i = 0; i < 7; i++) {
		(void)begin(state);
		make_in(states[i]);
		assert_string_equal(
			store_world_say(world, "ZCARD test:queue:erp"),
			strcmp(states[i], "ready") ? "0" : "1");
		for (size_t j = 0; j < 5; j++)
			assert_string_equal(
				store_world_say(world, "ZCARD test:entries:%s",
			                        sets[j]),
				strcmp(states[i], sets[j]) ? "0" : "1");
	}
}

static void
test_store_ledger__a_person_may_do_what_the_state_allows(void **state)
{
	static const struct {
		const char *from;
		const char *retry;
		const char *confirm;
		const char *drop;
	} rows[] = {
		{ "ready", NULL, NULL, NULL },
		{ "posting", NULL, NULL, NULL },
		{ "confirmed", NULL, NULL, NULL },
		{ "settled", NULL, NULL, NULL },
		{ "uncertain", "ready", "confirmed", "dropped" },
		{ "refused", "ready", NULL, "dropped" },
		{ "held", "ready", NULL, "dropped" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *const to[] = { rows[i].retry, rows[i].confirm,
			                   rows[i].drop };

		for (int action = DEAD_RETRY; action <= DEAD_DROP; action++) {
			(void)begin(state);
			make_in(rows[i].from);
			assert_int_equal(
				store_ledger_decide(store, "agora/S1",
			                            (enum dead_action)action),
				to[action] ? 0 : LEDGER_UNFIT);
			assert_string_equal(state_of("S1"),
			                    to[action] ? to[action]
			                               : rows[i].from);
		}
	}
}

static void
test_store_ledger__an_unknown_entry_is_absent(void **state)
{
	(void)state;
	assert_int_equal(store_ledger_decide(store, "agora/none", DEAD_DROP),
	                 LEDGER_ABSENT);
}

static void
test_store_ledger__an_end_comes_too_late_for_what_a_person_decided(void **state)
{
	(void)state;
	make_in("uncertain");
	assert_int_equal(store_ledger_decide(store, "agora/S1", DEAD_DROP), 0);
	end_post(VERDICT_DONE, 0);
	assert_string_equal(state_of("S1"), "dropped");
	assert_string_equal(pending_of("A1"), "");
}

static void
test_store_ledger__a_confirmation_marks_the_item_at_the_authority(void **state)
{
	struct mark_batch batch;

	(void)state;
	make_in("posting");
	store_world_unmark(world, "erp");
	end_post(VERDICT_DONE, 0);
	batch = store_world_take(world, "erp");
	assert_int_equal(batch.n, 1);
	assert_string_equal(batch.marks[0].member, "i:A1");
	assert_int_equal(batch.marks[0].cause, MARK_SALE);
	assert_int_equal(batch.marks[0].origin_ms, 42);
	mark_batch_fini(&batch);
}

static void
test_store_ledger__a_confirmation_marks_what_may_share_the_stock(void **state)
{
	(void)state;
	make_in("posting");
	store_world_bind(world, "A1-6", "erp", "E1*6");
	/* a pack: a call that names the single means it as well */
	(void)store_world_say(world, "ZADD test:refs:erp 0 \"E1\\nA1-6\"");
	store_world_bind(world, "B1", "erp", "E11");
	store_world_unmark(world, "erp");
	end_post(VERDICT_DONE, 0);
	assert_string_equal(store_world_marks(world, "erp"), "i:A1 i:A1-6");
}

static void
test_store_ledger__dropping_tells_the_channels(void **state)
{
	(void)state;
	make_in("refused");
	store_world_unmark(world, "agora");
	store_world_unmark(world, "kiosk");
	assert_int_equal(store_ledger_decide(store, "agora/S1", DEAD_DROP), 0);
	assert_string_equal(store_world_marks(world, "agora"), "i:A1");
	assert_string_equal(store_world_marks(world, "kiosk"), "i:A1");
}

static void
test_store_ledger__a_held_return_is_not_pending_until_it_is_retried(
	void **state)
{
	(void)state;
	make_in("held");
	assert_string_equal(pending_of("A1"), "H 2 0");
	assert_int_equal(store_ledger_decide(store, "agora/S1", DEAD_RETRY), 0);
	assert_string_equal(pending_of("A1"), "W 2 0");
}

/* ---- who posts, and when ---- */

static void
test_store_ledger__only_the_holder_of_the_lease_begins(void **state)
{
	int64_t other = 0;

	(void)state;
	make("S1", "ready");
	assert_int_equal(begin_post("worker:erp", token + 1), LEDGER_FENCED);
	assert_int_equal(begin_post("worker:agora", token), LEDGER_FENCED);
	assert_int_equal(store_lease_release(store, "worker:erp", "test"), 0);
	assert_int_equal(begin_post("worker:erp", token), LEDGER_FENCED);
	assert_int_equal(
		store_lease_hold(store, &other, "worker:erp", "other", 60000),
		0);
	assert_int_equal(begin_post("worker:erp", token), LEDGER_FENCED);
	assert_string_equal(state_of("S1"), "ready");
	assert_int_equal(begin_post("worker:erp", other), 0);
}

static void
test_store_ledger__an_entry_that_is_not_due_is_not_begun(void **state)
{
	struct entry e = { 0 };
	unsigned attempts;
	int64_t origin_ms;
	int64_t due_ms = 0;

	(void)state;
	make_in("posting");
	end_post(VERDICT_RETRY, NOW_MS + 5000);
	assert_int_equal(store_ledger_begin(store, &e, &attempts, &origin_ms,
	                                    &due_ms, "erp", "worker:erp",
	                                    token),
	                 LEDGER_EMPTY);
	assert_int_equal(due_ms, NOW_MS + 5000);
	fake_clock_advance(5000);
	assert_int_equal(store_ledger_begin(store, &e, &attempts, &origin_ms,
	                                    &due_ms, "erp", "worker:erp",
	                                    token),
	                 0);
	assert_int_equal(attempts, 2);
	assert_string_equal(e.id, "agora/S1");
	assert_int_equal(e.n_lines, 1);
	entry_fini(&e);
}

static void
test_store_ledger__a_clock_set_back_does_not_delay_an_entry(void **state)
{
	(void)state;
	make_in("posting");
	end_post(VERDICT_RETRY, NOW_MS + 30000);
	fake_clock_set_wall(NOW_MS - 86400000);
	assert_int_equal(begin_post("worker:erp", token), 0);
}

static void
test_store_ledger__entries_of_another_authority_are_not_begun(void **state)
{
	struct entry e = new_entry("S1");
	const struct ledger_new new = { &e, "ready", "", true };
	const struct ledger_change change = { .account = "agora",
		                              .sale = "S1",
		                              .entries = &new,
		                              .n_entries = 1 };

	(void)state;
	free(e.authority);
	e.authority = text_dup("kiosk");
	add_line(&e, "A1", "2");
	assert_int_equal(store_ledger_apply(store, &change), 0);
	entry_fini(&e);
	assert_int_equal(begin_post("worker:erp", token), LEDGER_EMPTY);
	/* Its own channels hear of it, the authority does not. */
	assert_string_equal(store_world_marks(world, "erp"), "i:A1");
	assert_string_equal(store_world_marks(world, "kiosk"), "");
}

static int
collect_id(void *ctx, const struct entry *entry, unsigned attempts)
{
	assert_int_equal(attempts, 1);
	(void)strcat(ctx, entry->id);
	(void)strcat(ctx, " ");
	return 0;
}

static void
test_store_ledger__what_a_crash_left_in_posting_is_found(void **state)
{
	char text[64] = "";

	(void)state;
	make_in("posting");
	make("S2", "ready");
	assert_int_equal(
		store_ledger_each(store, "erp", "posting", collect_id, text),
		0);
	assert_string_equal(text, "agora/S1 ");
	text[0] = '\0';
	assert_int_equal(
		store_ledger_each(store, "kiosk", "posting", collect_id, text),
		0);
	assert_string_equal(text, "");
}

static int
count_entry(void *ctx, const struct entry *entry, unsigned attempts)
{
	(void)entry;
	(void)attempts;
	++*(int *)ctx;
	return 0;
}

/* As after a loss of Redis. */
static void
test_store_ledger__very_many_uncertain_ones_are_all_visited(void **state)
{
	char sale[16];
	int n = 0;

	(void)state;
	for (int i = 0; i < 1010; i++) {
		(void)snprintf(sale, sizeof(sale), "S%d", i);
		make(sale, "uncertain");
	}
	assert_int_equal(
		store_ledger_each(store, "erp", "uncertain", count_entry, &n),
		0);
	assert_int_equal(n, 1010);
}

/* One that was stopped past its lease, and goes on while the next holder, who
   was told that the document is not there, posts it. */
static void
test_store_ledger__an_answer_to_an_earlier_attempt_undoes_nothing(void **state)
{
	const struct outcome absent = outcome_of(VERDICT_ABSENT, "not there");
	const struct outcome late = outcome_of(VERDICT_RETRY, "was not sent");

	(void)state;
	make("S1", "ready");
	assert_int_equal(begin_post("worker:erp", token), 0);
	end_post(VERDICT_UNCERTAIN, 0);
	end_post(VERDICT_ABSENT, 0);
	assert_int_equal(begin_post("worker:erp", token), 0);
	assert_int_equal(store_ledger_end(store, "agora/S1", 1, &late, 0),
	                 LEDGER_FENCED);
	assert_int_equal(store_ledger_end(store, "agora/S1", 1, &absent, 0),
	                 LEDGER_FENCED);
	assert_string_equal(state_of("S1"), "posting");
}

static void
test_store_ledger__one_that_did_arrive_is_not_posted_again(void **state)
{
	(void)state;
	make("S1", "ready");
	assert_int_equal(begin_post("worker:erp", token), 0);
	end_post(VERDICT_UNCERTAIN, 0);
	end_post(VERDICT_ABSENT, 0);
	assert_string_equal(state_of("S1"), "ready");
	end_post(VERDICT_DONE, 0);
	assert_string_equal(state_of("S1"), "confirmed");
	assert_int_equal(begin_post("worker:erp", token), LEDGER_EMPTY);
}

/* ---- applying ---- */

static void
test_store_ledger__a_record_that_moved_makes_a_change_stale(void **state)
{
	char uid[] = "1";
	char sku[] = "A1";
	const struct ledger_line line = { .uid = uid,
		                          .sku = sku,
		                          .entered = dec("2") };
	struct ledger_change change = {
		.account = "agora", .sale = "S1", .lines = &line, .n_lines = 1
	};
	struct ledger_sale known;

	(void)state;
	assert_int_equal(store_ledger_apply(store, &change), 0);
	assert_int_equal(store_ledger_apply(store, &change), LEDGER_STALE);
	change.revision = 7;
	assert_int_equal(store_ledger_apply(store, &change), LEDGER_STALE);
	assert_int_equal(store_ledger_sale(store, &known, "agora", "S1"), 0);
	assert_int_equal(known.revision, 1);
	assert_int_equal(known.n_lines, 1);
	assert_string_equal(known.lines[0].sku, "A1");
	assert_int_equal(decimal_cmp(known.lines[0].entered, dec("2")), 0);
	ledger_sale_fini(&known);
	change.revision = 1;
	assert_int_equal(store_ledger_apply(store, &change), 0);
}

static void
test_store_ledger__a_stale_change_leaves_no_trace(void **state)
{
	struct entry e = new_entry("S1");
	const struct ledger_new new = { &e, "ready", "", true };
	char sku[] = "A1";
	const struct ledger_line sold = { .sku = sku, .entered = dec("2") };
	const struct ledger_waiting waiting = { "9", "Q9" };
	const struct ledger_change change = {
		.account = "agora",
		.sale = "S1",
		.revision = 3,
		.entries = &new,
		.n_entries = 1,
		.sold = &sold,
		.n_sold = 1,
		.waiting = &waiting,
		.n_waiting = 1,
	};
	int64_t n = -1;

	(void)state;
	add_line(&e, "A1", "2");
	assert_int_equal(store_ledger_apply(store, &change), LEDGER_STALE);
	entry_fini(&e);
	assert_string_equal(state_of("S1"), "(nil)");
	assert_string_equal(pending_of("A1"), "");
	assert_string_equal(store_world_marks(world, "kiosk"), "");
	assert_string_equal(store_world_say(world, "EXISTS test:sold:agora "
	                                           "test:sale:agora:S1"),
	                    "0");
	assert_int_equal(store_ledger_count_waiting(store, &n, "agora"), 0);
	assert_int_equal(n, 0);
}

static void
test_store_ledger__lines_of_one_item_are_pending_as_their_sum(void **state)
{
	struct entry e = new_entry("S1");
	const struct ledger_new new = { &e, "ready", "", true };
	const struct ledger_change change = { .account = "agora",
		                              .sale = "S1",
		                              .entries = &new,
		                              .n_entries = 1 };

	(void)state;
	add_line(&e, "A1", "0.1");
	add_line(&e, "A2", "5");
	add_line(&e, "A1", "0.2");
	assert_int_equal(store_ledger_apply(store, &change), 0);
	entry_fini(&e);
	assert_string_equal(pending_of("A1"), "W 0.3 0");
	assert_string_equal(pending_of("A2"), "W 5 0");
	assert_string_equal(store_world_say(world, "HGET test:entry:agora/S1 "
	                                           "open"),
	                    "2");
}

static void
test_store_ledger__an_entry_settles_when_its_last_item_does(void **state)
{
	struct entry e = new_entry("S1");
	const struct ledger_new new = { &e, "ready", "", true };
	const struct ledger_change change = { .account = "agora",
		                              .sale = "S1",
		                              .origin_ms = 42,
		                              .entries = &new,
		                              .n_entries = 1 };
	static const char *const skus[] = { "A1", "A2" };

	(void)state;
	add_line(&e, "A1", "1");
	add_line(&e, "A2", "5");
	assert_int_equal(store_ledger_apply(store, &change), 0);
	entry_fini(&e);
	assert_int_equal(begin_post("worker:erp", token), 0);
	end_post(VERDICT_DONE, 0);
	for (size_t i = 0; i < 2; i++) {
		const struct stock_balance b = { skus[i], dec("1"), NULL };
		struct stock_read read = { .authority = "erp",
			                   .cause = MARK_HOOK };

		assert_string_equal(state_of("S1"), "confirmed");
		assert_int_equal(store_tick(store, &read.tick), 0);
		assert_int_equal(
			store_stock_balances(store, &read, &b, 1, NULL), 0);
	}
	assert_string_equal(state_of("S1"), "settled");
	assert_string_equal(pending_of("A2"), "");
}

static void
test_store_ledger__ids_of_sales_are_kept_longer_than_35_days(void **state)
{
	(void)state;
	make_in("settled");
	assert_in_range(strtol(store_world_say(world, "TTL test:entry:agora/"
	                                              "S1"),
	                       NULL, 10),
	                35 * 86400, 60 * 86400);
	assert_in_range(strtol(store_world_say(world, "TTL test:sale:agora:S1"),
	                       NULL, 10),
	                35 * 86400, 60 * 86400);
}

static void
test_store_ledger__an_entry_on_its_way_never_expires(void **state)
{
	static const char *const states[] = {
		"ready", "posting", "uncertain", "refused", "held", "confirmed"
	};

	for (size_t i = 0; i < 6; i++) {
		(void)begin(state);
		make_in(states[i]);
		assert_string_equal(
			store_world_say(world, "TTL test:entry:agora/S1"),
			"-1");
	}
}

static void
test_store_ledger__a_waiting_line_stops_waiting_when_entered(void **state)
{
	char uid[] = "1";
	char sku[] = "A1";
	const struct ledger_waiting waiting = { uid, "Q9" };
	const struct ledger_line line = { .uid = uid,
		                          .sku = sku,
		                          .entered = dec("2") };
	struct ledger_change change = { .account = "agora",
		                        .sale = "S1",
		                        .waiting = &waiting,
		                        .n_waiting = 1 };
	int64_t n = -1;

	(void)state;
	assert_int_equal(store_ledger_apply(store, &change), 0);
	assert_int_equal(store_ledger_count_waiting(store, &n, "agora"), 0);
	assert_int_equal(n, 1);
	change = (struct ledger_change){ .account = "agora",
		                         .sale = "S1",
		                         .revision = 1,
		                         .lines = &line,
		                         .n_lines = 1 };
	assert_int_equal(store_ledger_apply(store, &change), 0);
	assert_int_equal(store_ledger_count_waiting(store, &n, "agora"), 0);
	assert_int_equal(n, 0);
}

static void
test_store_ledger__totals_sold_are_exact_and_start_at_zero(void **state)
{
	static const char *const skus[] = { "A1", "A2" };
	char sku[] = "A1";
	const struct ledger_line sold = { .sku = sku, .entered = dec("0.3") };
	const struct ledger_change change = {
		.account = "agora", .sale = "S1", .sold = &sold, .n_sold = 1
	};
	struct decimal out[2];

	(void)state;
	assert_int_equal(store_ledger_apply(store, &change), 0);
	assert_int_equal(store_ledger_sold(store, out, "agora", skus, 2), 0);
	assert_int_equal(decimal_cmp(out[0], dec("0.3")), 0);
	assert_true(decimal_is_zero(out[1]));
}

/* ---- what a shop sends ---- */

#define DIGEST "6f1c"
#define OTHER  "a0b7"

static struct entry
new_order(const char *number)
{
	return (struct entry){
		.kind = ENTRY_ORDER,
		.details = text_dup("{}"),
		.id = text_format("api:orders/%s", number),
		.docid = text_dup("TB-7"),
		.account = text_dup("api:orders"),
		.sale = text_dup(number),
		.authority = text_dup("erp"),
	};
}

/* An order of lines "SKU=QTY", at most two; NULL: fewer. */
static int
add_order(const char *number, const char *state, const char *digest,
          const char *key, const char *qty, const char *qty2)
{
	struct entry e = new_order(number);
	const struct ledger_new new = { &e, state, "a reason",
		                        strcmp(state, "held") != 0 };
	int r;

	if (qty)
		add_line(&e, "A1", qty);
	if (qty2)
		add_line(&e, "A2", qty2);
	r = store_ledger_add_new(store, &new, digest, key);
	entry_fini(&e);
	return r;
}

static const char *
order_field(const char *number, const char *field)
{
	return store_world_say(world, "HGET test:entry:api:orders/%s %s",
	                       number, field);
}

static long
ttl_of(const char *key)
{
	return strtol(store_world_say(world, "TTL test:%s", key), NULL, 10);
}

/* Post order S1, which is ready, and say what came of it. */
static void
post_order(enum verdict verdict)
{
	const struct outcome outcome = outcome_of(verdict, "as told");
	struct entry e = { 0 };
	unsigned attempts = 0;
	int64_t origin_ms = 0;
	int64_t due_ms = 0;

	assert_int_equal(store_ledger_begin(store, &e, &attempts, &origin_ms,
	                                    &due_ms, "erp", "worker:erp",
	                                    token),
	                 0);
	assert_int_equal(store_ledger_end(store, e.id, attempts, &outcome, 0),
	                 0);
	entry_fini(&e);
}

static void
test_store_ledger__an_added_order_is_ready_and_pending_and_told(void **state)
{
	struct entry e = new_order("S1");

	(void)state;
	add_line(&e, "A1", "2");
	assert_int_equal(store_ledger_add(store, &e, DIGEST), 0);
	entry_fini(&e);
	assert_string_equal(order_field("S1", "state"), "ready");
	assert_string_equal(store_world_say(world, "ZRANGE test:queue:erp 0 9"),
	                    "api:orders/S1");
	assert_string_equal(pending_of("A1"), "W 2 0");
	assert_string_equal(store_world_marks(world, "agora"), "i:A1");
	assert_string_equal(store_world_marks(world, "kiosk"), "i:A1");
	assert_string_equal(store_world_marks(world, "erp"), "");
	assert_string_equal(store_world_say(world, "LLEN test:wake:erp"), "1");
}

static void
test_store_ledger__a_repeat_is_known_and_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(add_order("S1", "ready", DIGEST, NULL, "2", NULL), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(
			add_order("S1", "ready", DIGEST, NULL, "2", NULL),
			LEDGER_KNOWN);
	assert_string_equal(store_world_say(world, "ZCARD test:queue:erp"),
	                    "1");
	post_order(VERDICT_REFUSED);
	assert_int_equal(add_order("S1", "ready", DIGEST, NULL, "2", NULL),
	                 LEDGER_KNOWN);
	assert_string_equal(order_field("S1", "state"), "refused");
	assert_int_equal(store_ledger_decide(store, "api:orders/S1", DEAD_DROP),
	                 0);
	assert_int_equal(add_order("S1", "ready", DIGEST, NULL, "2", NULL),
	                 LEDGER_KNOWN);
	assert_string_equal(order_field("S1", "state"), "dropped");
	assert_string_equal(pending_of("A1"), "");
}

static void
test_store_ledger__another_document_under_an_id_is_a_conflict(void **state)
{
	(void)state;
	assert_int_equal(add_order("S1", "ready", DIGEST, NULL, "2", NULL), 0);
	assert_int_equal(add_order("S1", "ready", OTHER, NULL, "3", NULL),
	                 LEDGER_CONFLICT);
	assert_int_equal(add_order("S1", "ready", OTHER, "k", "3", NULL),
	                 LEDGER_CONFLICT);
	assert_string_equal(pending_of("A1"), "W 2 0");
	/* What was refused has not used up its key. */
	assert_int_equal(add_order("S2", "ready", OTHER, "k", "3", NULL), 0);
}

static void
test_store_ledger__a_key_stands_for_one_document(void **state)
{
	(void)state;
	assert_int_equal(add_order("S1", "ready", DIGEST, "k", "2", NULL), 0);
	assert_int_equal(add_order("S1", "ready", DIGEST, "k", "2", NULL),
	                 LEDGER_KNOWN);
	assert_int_equal(add_order("S2", "ready", OTHER, "k", "2", NULL),
	                 LEDGER_KEY_TAKEN);
	assert_int_equal(add_order("S1", "ready", OTHER, "k", "2", NULL),
	                 LEDGER_KEY_TAKEN);
	assert_string_equal(order_field("S2", "state"), "(nil)");
	/* A second key for the same order is a name of it as well. */
	assert_int_equal(add_order("S1", "ready", DIGEST, "k2", "2", NULL),
	                 LEDGER_KNOWN);
	assert_int_equal(add_order("S2", "ready", OTHER, "k2", "2", NULL),
	                 LEDGER_KEY_TAKEN);
}

static void
test_store_ledger__asking_for_an_order_adds_nothing(void **state)
{
	(void)state;
	assert_int_equal(
		store_ledger_known(store, "api:orders/S1", DIGEST, "k"), 0);
	assert_string_equal(store_world_say(world, "KEYS test:entry*"), "");
	assert_string_equal(store_world_say(world, "KEYS test:key*"), "");
	assert_int_equal(add_order("S1", "ready", DIGEST, "k", "2", NULL), 0);
	assert_int_equal(
		store_ledger_known(store, "api:orders/S1", DIGEST, NULL),
		LEDGER_KNOWN);
	assert_int_equal(
		store_ledger_known(store, "api:orders/S1", OTHER, NULL),
		LEDGER_CONFLICT);
	assert_int_equal(store_ledger_known(store, "api:orders/S2", OTHER, "k"),
	                 LEDGER_KEY_TAKEN);
}

/* Else a key would be known whose order is not: a second document. */
static void
test_store_ledger__an_order_is_remembered_longer_than_its_keys(void **state)
{
	(void)state;
	assert_int_equal(add_order("S1", "ready", DIGEST, "k", "2", NULL), 0);
	assert_int_equal(ttl_of("entry:api:orders/S1"), -1);
	assert_in_range(ttl_of("key:k"), 40 * 86400 - 10, 40 * 86400);
	post_order(VERDICT_REFUSED);
	assert_int_equal(store_ledger_decide(store, "api:orders/S1", DEAD_DROP),
	                 0);
	(void)store_world_say(world, "EXPIRE test:entry:api:orders/S1 100");
	assert_int_equal(
		store_ledger_known(store, "api:orders/S1", DIGEST, "k2"),
		LEDGER_KNOWN);
	assert_in_range(ttl_of("entry:api:orders/S1"), 40 * 86400 - 10,
	                40 * 86400);
}

static void
test_store_ledger__without_lines_a_confirmation_is_the_end(void **state)
{
	(void)state;
	assert_int_equal(add_order("S1", "ready", DIGEST, NULL, NULL, NULL), 0);
	post_order(VERDICT_DONE);
	assert_string_equal(order_field("S1", "state"), "settled");
	assert_string_equal(store_world_say(world, "ZCARD "
	                                           "test:entries:confirmed"),
	                    "0");
	assert_string_equal(store_world_say(world, "ZCARD test:queue:erp"),
	                    "0");
	assert_int_not_equal(
		strtoll(order_field("S1", "confirmed_ms"), NULL, 10), 0);
	assert_in_range(ttl_of("entry:api:orders/S1"), 40 * 86400 - 10,
	                40 * 86400);
}

static void
test_store_ledger__without_lines_a_persons_word_is_the_end_too(void **state)
{
	(void)state;
	assert_int_equal(add_order("S1", "ready", DIGEST, NULL, NULL, NULL), 0);
	post_order(VERDICT_UNCERTAIN);
	assert_string_equal(order_field("S1", "state"), "uncertain");
	assert_int_equal(
		store_ledger_decide(store, "api:orders/S1", DEAD_CONFIRM), 0);
	assert_string_equal(order_field("S1", "state"), "settled");
	assert_string_equal(store_world_say(world, "ZCARD "
	                                           "test:entries:uncertain"),
	                    "0");
}

/* An exchange: what goes out is gone whatever becomes of what comes back. */
static void
test_store_ledger__of_a_held_order_what_is_sold_is_pending(void **state)
{
	(void)state;
	assert_int_equal(add_order("S1", "held", DIGEST, NULL, "2", "-1"), 0);
	assert_string_equal(order_field("S1", "state"), "held");
	assert_string_equal(pending_of("A1"), "W 2 0");
	assert_string_equal(pending_of("A2"), "H -1 0");
	assert_int_equal(
		store_ledger_decide(store, "api:orders/S1", DEAD_RETRY), 0);
	assert_string_equal(pending_of("A2"), "W -1 0");
}

/* In one step: afterwards nobody would come back to it. */
static void
test_store_ledger__a_sale_that_begins_uncertain_is_looked_up(void **state)
{
	(void)state;
	make("S1", "uncertain");
	assert_string_equal(store_world_marks(world, "erp"), "y:lookup");
}

static void
test_store_ledger__one_that_begins_uncertain_is_looked_up(void **state)
{
	(void)state;
	assert_int_equal(add_order("S1", "uncertain", DIGEST, NULL, "2", NULL),
	                 0);
	assert_string_equal(store_world_marks(world, "erp"), "y:lookup");
	assert_string_equal(pending_of("A1"), "W 2 0");
}

static void
test_store_ledger__says_how_an_entry_is_doing(void **state)
{
	struct ledger_state s = { 0 };

	(void)state;
	assert_int_equal(store_ledger_state(store, &s, "api:orders/S1"),
	                 LEDGER_ABSENT);
	assert_int_equal(add_order("S1", "ready", DIGEST, NULL, NULL, NULL), 0);
	post_order(VERDICT_REFUSED);
	assert_int_equal(store_ledger_state(store, &s, "api:orders/S1"), 0);
	assert_string_equal(s.state, "refused");
	assert_string_equal(s.docid, "TB-7");
	assert_string_equal(s.authority, "erp");
	assert_string_equal(s.why, "as told");
	assert_int_equal(s.attempts, 1);
	assert_int_equal(s.made_ms, NOW_MS);
	assert_int_equal(s.confirmed_ms, 0);
	ledger_state_fini(&s);
	assert_int_equal(
		store_ledger_decide(store, "api:orders/S1", DEAD_RETRY), 0);
	post_order(VERDICT_DONE);
	assert_int_equal(store_ledger_state(store, &s, "api:orders/S1"), 0);
	assert_string_equal(s.state, "settled");
	assert_int_equal(s.attempts, 2);
	assert_int_equal(s.confirmed_ms, NOW_MS);
	ledger_state_fini(&s);
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_store_ledger__what_came_of_a_post_decides_the_state),
		EACH(test_store_ledger__an_entry_is_in_exactly_one_place),
		EACH(test_store_ledger__a_person_may_do_what_the_state_allows),
		EACH(test_store_ledger__an_unknown_entry_is_absent),
		EACH(test_store_ledger__an_end_comes_too_late_for_what_a_person_decided),
		EACH(test_store_ledger__a_confirmation_marks_the_item_at_the_authority),
		EACH(test_store_ledger__a_confirmation_marks_what_may_share_the_stock),
		EACH(test_store_ledger__dropping_tells_the_channels),
		EACH(test_store_ledger__a_held_return_is_not_pending_until_it_is_retried),
		EACH(test_store_ledger__only_the_holder_of_the_lease_begins),
		EACH(test_store_ledger__an_entry_that_is_not_due_is_not_begun),
		EACH(test_store_ledger__a_clock_set_back_does_not_delay_an_entry),
		EACH(test_store_ledger__entries_of_another_authority_are_not_begun),
		EACH(test_store_ledger__what_a_crash_left_in_posting_is_found),
		EACH(test_store_ledger__very_many_uncertain_ones_are_all_visited),
		EACH(test_store_ledger__an_answer_to_an_earlier_attempt_undoes_nothing),
		EACH(test_store_ledger__one_that_did_arrive_is_not_posted_again),
		EACH(test_store_ledger__a_record_that_moved_makes_a_change_stale),
		EACH(test_store_ledger__a_stale_change_leaves_no_trace),
		EACH(test_store_ledger__lines_of_one_item_are_pending_as_their_sum),
		EACH(test_store_ledger__an_entry_settles_when_its_last_item_does),
		EACH(test_store_ledger__ids_of_sales_are_kept_longer_than_35_days),
		EACH(test_store_ledger__an_entry_on_its_way_never_expires),
		EACH(test_store_ledger__a_waiting_line_stops_waiting_when_entered),
		EACH(test_store_ledger__totals_sold_are_exact_and_start_at_zero),
		EACH(test_store_ledger__an_added_order_is_ready_and_pending_and_told),
		EACH(test_store_ledger__a_repeat_is_known_and_changes_nothing),
		EACH(test_store_ledger__another_document_under_an_id_is_a_conflict),
		EACH(test_store_ledger__a_key_stands_for_one_document),
		EACH(test_store_ledger__asking_for_an_order_adds_nothing),
		EACH(test_store_ledger__an_order_is_remembered_longer_than_its_keys),
		EACH(test_store_ledger__without_lines_a_confirmation_is_the_end),
		EACH(test_store_ledger__without_lines_a_persons_word_is_the_end_too),
		EACH(test_store_ledger__of_a_held_order_what_is_sold_is_pending),
		EACH(test_store_ledger__a_sale_that_begins_uncertain_is_looked_up),
		EACH(test_store_ledger__one_that_begins_uncertain_is_looked_up),
		EACH(test_store_ledger__says_how_an_entry_is_doing),
	};
	int failed = cmocka_run_group_tests(tests, store_world_setup,
	                                    store_world_teardown);

	fake_clock_stop();
	return failed;
}
