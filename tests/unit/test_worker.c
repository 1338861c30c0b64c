/*
 * Whole workers, turn by turn: after any mix of sales, receipts, lost and
 * repeated calls, refusals, lost answers and crashes, all agree (promise 10).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_lease.h"
#include "gateway/drivers/store_ledger.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"
#include "tests/support/stderr_capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 20 };
enum { ITEMS = 3, STEPS = 60, HISTORIES = 12, OPENING = 100 };

static struct engine_world *world;
static struct fake_adapter *erp;
static struct fake_adapter *tills[2];
static struct worker *workers[3];

static int
begin(void **state)
{
	world = *state;
	(void)engine_world_empty(state);
	erp = world->erp.state;
	tills[0] = world->agora.state;
	tills[1] = world->kiosk.state;
	workers[0] = &world->erp;
	workers[1] = &world->agora;
	workers[2] = &world->kiosk;
	return 0;
}

/* ---- a history ---- */

static uint64_t dice;

/* xorshift: the same history for the same seed. */
static unsigned
roll(unsigned sides)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)(dice % sides);
}

/* What must be true at the end, kept on the side. */
struct truth {
	int64_t stock[ITEMS]; /* opening - sales + receipts */
	int n_sales;
};

static const char *
external(char letter, unsigned item)
{
	static char text[16];

	(void)snprintf(text, sizeof(text), "%c-A%u", letter, item);
	return text;
}

static void
hint(struct worker *w, char kind, const char *what)
{
	char member[64];

	(void)snprintf(member, sizeof(member), "%c:%s", kind, what);
	/* A call may be lost, or come twice. */
	for (unsigned n = roll(3); n; n--)
		engine_world_mark(world, w, member, MARK_HOOK);
}

static void
sell(struct truth *t)
{
	unsigned till = roll(2);
	unsigned item = roll(ITEMS);
	unsigned n = 1 + roll(2);
	char id[16];
	char qty[8];

	(void)snprintf(id, sizeof(id), "S%d", t->n_sales++);
	(void)snprintf(qty, sizeof(qty), "%u", n);
	(void)fake_adapter_sell(tills[till], id,
	                        external(till ? 'K' : 'A', item), qty);
	t->stock[item] -= n;
	hint(workers[1 + till], 's', id);
	hint(workers[1 + till], 'i', external('x', item) + 2);
}

static void
receive(struct truth *t)
{
	unsigned item = roll(ITEMS);
	struct fake_count *c = fake_adapter_count(erp, external('E', item));

	c->qty = decimal_add(c->qty, decimal_of(5));
	t->stock[item] += 5;
	hint(&world->erp, 'i', external('x', item) + 2);
}

static void
trouble(void)
{
	static const char *const calls[] = { "read_counts", "write_counts",
		                             "list_sales",  "read_sales",
		                             "post",        "find",
		                             "sync" };
	static const enum verdict verdicts[] = { VERDICT_RETRY, VERDICT_SLOW,
		                                 VERDICT_LOCKED };
	struct fake_adapter *f = roll(2) ? erp : tills[roll(2)];
	const char *call = calls[roll(7)];
	struct outcome outcome = outcome_of(verdicts[roll(3)], "trouble");
	bool happens = false;

	if (f->n_steps >= 4)
		return;
	if (!strcmp(call, "post") && roll(2)) {
		outcome = outcome_of(VERDICT_UNCERTAIN, "no answer");
		happens = roll(2);
	} else if (!strcmp(call, "write_counts")) {
		happens = roll(2);
	}
	fake_adapter_next(f, call, outcome, happens);
}

/* A process ends between sending a document and hearing of it. */
static void
crash(void)
{
	struct entry entry = { 0 };
	unsigned attempts;
	int64_t origin_ms;
	int64_t due_ms;

	if (roll(2) &&
	    !store_ledger_begin(world->base.store, &entry, &attempts,
	                        &origin_ms, &due_ms, "erp", world->erp.lease,
	                        world->erp.token) &&
	    roll(2))
		(void)world->erp.ops->post_entry(world->erp.state, &entry);
	entry_fini(&entry);
	engine_world_restart(world, workers[roll(3)]);
	engine_world_restart(world, &world->erp);
}

static void
step(struct truth *t)
{
	switch (roll(10)) {
	case 0:
	case 1:
	case 2: sell(t); break;
	case 3: receive(t); break;
	case 4: trouble(); break;
	case 5: fake_clock_advance(roll(40000)); break;
	case 6:
		if (!roll(4))
			crash();
		break;
	default: engine_world_turn(workers[roll(3)]); break;
	}
	fake_clock_advance(1 + roll(50));
}

/* Trouble is over, and one full sync of everybody runs. */
static void
heal(void)
{
	erp->n_steps = 0;
	tills[0]->n_steps = 0;
	tills[1]->n_steps = 0;
	for (int i = 0; i < 6; i++) {
		fake_clock_advance(61000);
		for (size_t w = 0; i == 1 && w < 3; w++)
			engine_world_mark(world, workers[w], MARK_FULL,
			                  MARK_SYNC);
		engine_world_rest(world);
	}
}

static void
assert_all_agree(const struct truth *t, unsigned seed)
{
	for (unsigned i = 0; i < ITEMS; i++) {
		char qty[24];

		(void)snprintf(qty, sizeof(qty), "%lld",
		               (long long)t->stock[i]);
		if (!fake_adapter_shows(erp, external('E', i), qty))
			fail_msg("history %u: authority is not %s", seed, qty);
		if (!fake_adapter_shows(tills[0], external('A', i), qty) ||
		    !fake_adapter_shows(tills[1], external('K', i), qty))
			fail_msg("history %u: a channel is not %s", seed, qty);
	}
	if (erp->n_docs != (size_t)t->n_sales)
		fail_msg("history %u: %zu documents of %d sales", seed,
		         erp->n_docs, t->n_sales);
}

static void
live(unsigned seed)
{
	struct truth t = { .n_sales = 0 };

	dice = 0x9e3779b97f4a7c15U * (seed + 1);
	for (unsigned i = 0; i < ITEMS; i++) {
		engine_world_item(world, external('x', i) + 2, "100");
		t.stock[i] = OPENING;
	}
	for (int i = 0; i < STEPS; i++)
		step(&t);
	heal();
	assert_all_agree(&t, seed);
}

static void
test_worker__after_any_history_all_agree(void **state)
{
	for (unsigned seed = 0; seed < HISTORIES; seed++) {
		(void)begin(state);
		live(seed);
	}
}

static void
test_worker__after_any_history_all_agree_though_writes_wipe_out_sales(
	void **state)
{
	for (unsigned seed = 0; seed < HISTORIES; seed++) {
		(void)begin(state);
		tills[0]->ignores_time = true;
		tills[1]->ignores_time = true;
		live(1000 + seed);
	}
}

/* ---- a turn ---- */

static void
test_worker__a_hundred_hooks_for_one_item_cost_one_fetch(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	for (int i = 0; i < 100; i++)
		engine_world_mark(world, &world->erp, "i:A1", MARK_HOOK);
	engine_world_rest(world);
	assert_string_equal(fake_adapter_log(erp), "read_counts(E-A1)");
}

static void
hook_while_reading(struct fake_adapter *f, const char *call)
{
	(void)call;
	f->after = NULL;
	fake_adapter_set(f, "E-A1", "6");
	engine_world_mark(world, &world->erp, "i:A1", MARK_HOOK);
}

static void
test_worker__a_hook_during_the_fetch_causes_another(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	engine_world_mark(world, &world->erp, "i:A1", MARK_HOOK);
	erp->after = hook_while_reading;
	engine_world_rest(world);
	assert_string_equal(fake_adapter_log(erp),
	                    "read_counts(E-A1) read_counts(E-A1)");
	assert_true(fake_adapter_shows(tills[0], "A-A1", "6"));
}

static void
test_worker__posts_come_before_reads(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(tills[0], "S1", "A-A1", "1");
	engine_world_mark(world, &world->agora, "s:S1", MARK_HOOK);
	engine_world_turn(&world->agora);
	engine_world_mark(world, &world->erp, "i:A1", MARK_HOOK);
	engine_world_turn(&world->erp);
	assert_string_equal(fake_adapter_log(erp),
	                    "post(agora/S1:E-A1=1) read_counts(E-A1)");
}

/*
 * Whatever posts wait for (a first sync that is not over, a user who may not
 * post), it must not keep the account from ever being looked at or synced.
 */
static void
test_worker__trouble_with_posts_does_not_starve_the_marks(void **state)
{
	static const enum verdict verdicts[] = { VERDICT_RETRY, VERDICT_SLOW,
		                                 VERDICT_LOCKED };

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		(void)begin(state);
		engine_world_item(world, "A0", "5");
		(void)fake_adapter_sell(tills[0], "S1", "A-A0", "1");
		engine_world_mark(world, &world->agora, "s:S1", MARK_HOOK);
		engine_world_turn(&world->agora);
		fake_adapter_set(erp, "E-A0", "9");
		engine_world_mark(world, &world->erp, "i:A0", MARK_HOOK);
		engine_world_mark(world, &world->erp, MARK_FULL, MARK_SYNC);
		(void)fake_adapter_log(erp);
		for (int turn = 0; turn < 4; turn++) {
			fake_adapter_next(erp, "post",
			                  outcome_of(verdicts[i], "not yet"),
			                  false);
			engine_world_turn(&world->erp);
			fake_clock_advance(PACE_LOCKED_MS);
		}
		assert_non_null(strstr(fake_adapter_log(erp), "full"));
		assert_string_equal(engine_world_entry(world, "agora/S1"),
		                    "ready");
		assert_string_equal(store_world_marks(&world->base, "erp"), "");
	}
}

static void
test_worker__nothing_is_called_while_a_wait_lasts(void **state)
{
	int64_t wait_ms = 0;

	(void)state;
	engine_world_item(world, "A1", "5");
	fake_adapter_next(erp, "read_counts", outcome_slow(3000, "429"), false);
	engine_world_mark(world, &world->erp, "i:A1", MARK_HOOK);
	engine_world_turn(&world->erp);
	(void)fake_adapter_log(erp);
	assert_int_equal(worker_turn(&world->erp, &wait_ms), 0);
	assert_string_equal(fake_adapter_log(erp), "");
	assert_int_equal(wait_ms, 3000);
	fake_clock_advance(3000);
	engine_world_turn(&world->erp);
	assert_string_equal(fake_adapter_log(erp), "read_counts(E-A1)");
}

static void
test_worker__an_item_the_authority_does_not_name_stays_unknown(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	fake_adapter_count(erp, "E-A1")->is_known = false;
	engine_world_mark(world, &world->erp, "i:A1", MARK_HOOK);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(tills[0], "A-A1", "5"));
	assert_string_equal(store_world_marks(&world->base, "erp"), "");
}

static void
test_worker__a_worker_that_lost_its_lease_begins_nothing(void **state)
{
	int64_t token = 0;

	(void)state;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_sell(tills[0], "S1", "A-A1", "1");
	engine_world_mark(world, &world->agora, "s:S1", MARK_HOOK);
	engine_world_turn(&world->agora);
	assert_int_equal(store_lease_release(world->base.store,
	                                     world->erp.lease, "test"),
	                 0);
	assert_int_equal(store_lease_hold(world->base.store, &token,
	                                  world->erp.lease, "other", 60000),
	                 0);
	engine_world_turn(&world->erp);
	assert_int_equal(world->erp.token, 0);
	assert_int_equal(erp->n_docs, 0);
	assert_string_equal(engine_world_entry(world, "agora/S1"), "ready");
}

static void
test_worker__a_lease_that_another_had_is_not_ours_until_taken_over(void **state)
{
	struct store *store = world->base.store;
	const char *lease = world->erp.lease;
	int64_t token = 0;

	(void)state;
	assert_true(worker_keep(&world->erp));
	assert_int_equal(store_lease_release(store, lease, "test"), 0);
	assert_int_equal(store_lease_hold(store, &token, lease, "other", 60000),
	                 0);
	assert_int_equal(store_lease_release(store, lease, "other"), 0);
	fake_clock_advance(6000);
	assert_false(worker_keep(&world->erp));
	assert_false(worker_keep(&world->erp));
}

static void
test_worker__a_process_that_was_stopped_past_its_lease_holds_nothing(
	void **state)
{
	(void)state;
	assert_true(worker_keep(&world->erp));
	assert_true(worker_holds(&world->erp));
	fake_clock_advance(15000);
	assert_false(worker_holds(&world->erp));
	assert_true(worker_keep(&world->erp));
	assert_true(worker_holds(&world->erp));
}

static void
test_worker__stopping_begins_nothing_new(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	engine_world_mark(world, &world->erp, "i:A1", MARK_HOOK);
	atomic_store(&world->is_stopping, true);
	engine_world_turn(&world->erp);
	assert_string_equal(fake_adapter_log(erp), "");
	assert_string_equal(store_world_marks(&world->base, "erp"), "i:A1");
}

/* ---- what fails while the rest works ---- */

static int
times_of(struct fake_adapter *f, const char *call)
{
	const char *at = fake_adapter_log(f);
	int n = 0;

	for (; (at = strstr(at, call)) != NULL; at++)
		n++;
	return n;
}

/*
 * So long no sales are listed at the first till, and all else works. Returns
 * how often it was asked to.
 */
static int
fail_to_list(int64_t for_ms)
{
	struct worker *w = &world->agora;
	int64_t end_ms = clock_mono_ms() + for_ms;
	int n = 0;

	while (clock_mono_ms() < end_ms) {
		int64_t wait_ms = 0;

		if (tills[0]->n_steps == 0)
			fake_adapter_next(tills[0], "list_sales",
			                  outcome_of(VERDICT_RETRY, "http 500"),
			                  false);
		engine_world_mark(world, w, "s:NONE", MARK_SYNC);
		assert_int_equal(worker_turn(w, &wait_ms), 0);
		n += times_of(tills[0], "list_sales");
		assert_int_equal(pace_state(&w->pace), VERDICT_RETRY);
		fake_clock_advance(wait_ms < 250 ? 250 : wait_ms);
	}
	tills[0]->n_steps = 0;
	return n;
}

/* A look at a till: its count is read, and then its sales are listed. */
static void
test_worker__what_fails_beside_what_works_is_tried_ever_less_often(void **state)
{
	(void)state;
	engine_world_item(world, "A1", "5");
	engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
	assert_in_range(fail_to_list(60000), 5, 10);
	assert_in_range(fail_to_list(300000), 8, 22); /* each 15 to 30 s */
	for (int i = 0; i < 2; i++) {
		fake_clock_advance(PACE_CAP_MS);
		engine_world_turn(&world->agora);
	}
	assert_string_equal(store_world_marks(&world->base, "agora"), "");
	assert_int_equal(pace_state(&world->agora.pace), VERDICT_DONE);
	assert_false(pace_is_open(&world->agora.pace));
}

static void
test_worker__a_hook_ends_the_wait_of_what_fails(void **state)
{
	struct worker *w = &world->agora;

	(void)state;
	engine_world_item(world, "A1", "5");
	engine_world_mark(world, w, "i:A1", MARK_SYNC);
	(void)fail_to_list(120000);
	(void)fake_adapter_log(tills[0]);
	w->pace.kinds[PACE_COUNTS].until_ms = clock_mono_ms() + 29000;
	engine_world_mark(world, w, "i:A1", MARK_SYNC); /* the clock asks */
	engine_world_turn(w);
	assert_string_equal(fake_adapter_log(tills[0]), "");
	/* The last failure may be as young as this: hooks hammer nobody. */
	fake_clock_advance(PACE_HINT_GAP_MS);
	engine_world_mark(world, w, "i:A1", MARK_HOOK);
	engine_world_turn(w);
	assert_int_equal(times_of(tills[0], "read_counts(A-A1)"), 1);
	assert_string_equal(store_world_marks(&world->base, "agora"), "");
}

/* Of the first till. */
static int64_t
health_number(const char *name)
{
	struct health h;
	int64_t n;

	assert_int_equal(store_health_get(world->base.store, &h, "agora"), 0);
	n = strtoll(health_text(&h, name), NULL, 10);
	health_fini(&h);
	return n;
}

static void
test_worker__what_failed_and_is_not_owed_any_more_troubles_nobody(void **state)
{
	struct worker *w = &world->agora;
	struct mark mark = { 0 };
	const struct mark *marks = &mark;
	int64_t success_ms;

	(void)state;
	engine_world_item(world, "A1", "5");
	engine_world_mark(world, w, "i:A1", MARK_HOOK);
	(void)fail_to_list(5000);
	assert_int_equal(
		store_marks_find(world->base.store, &mark, "agora", "i:A1"), 0);
	assert_int_equal(
		store_marks_clear(world->base.store, "agora", &marks, 1), 0);
	free(mark.member);
	fake_clock_advance(2 * PACE_CAP_MS); /* till then it may be owed */
	success_ms = health_number("last_success_ms");
	stderr_capture_begin();
	engine_world_turn(w);
	assert_null(strstr(stderr_capture_end(), "account.well"));
	assert_int_equal(w->pace.kinds[PACE_COUNTS].verdict, VERDICT_DONE);
	assert_int_equal(pace_wait_ms(&w->pace, clock_mono_ms()), 0);
	assert_int_equal(health_number("last_success_ms"), success_ms);
	/* The next call says so, once. */
	for (int i = 0; i < 2; i++) {
		const char *well;

		fake_clock_advance(1000);
		engine_world_mark(world, w, "i:A1", MARK_HOOK);
		stderr_capture_begin();
		engine_world_turn(w);
		well = strstr(stderr_capture_end(), "account.well");
		assert_int_equal(well != NULL, i == 0);
	}
	assert_int_equal(health_number("last_success_ms"), clock_wall_ms());
}

/* So many marks wait that one turn does not take them all. */
static void
test_worker__what_waits_leaves_room_for_what_is_behind_it(void **state)
{
	struct worker *w = &world->agora;
	char member[16];

	(void)state;
	engine_world_item(world, "A1", "5");
	engine_world_mark(world, w, "i:A1", MARK_HOOK);
	(void)fail_to_list(120000);
	w->pace.kinds[PACE_COUNTS].until_ms = clock_mono_ms() + 29000;
	for (int i = 0; i < 250; i++) {
		(void)snprintf(member, sizeof(member), "i:M%d", i);
		engine_world_mark(world, w, member, MARK_SYNC);
	}
	fake_clock_advance(10);
	engine_world_mark(world, w, MARK_SALES, MARK_SYNC);
	(void)fake_adapter_log(tills[0]);
	for (int i = 0; i < 3; i++)
		engine_world_turn(w);
	assert_int_equal(times_of(tills[0], "list_sales"), 1);
}

/* A shop's database, say, that is down while others trade. */
static void
test_worker__an_hour_away_costs_few_calls_and_is_over_within_half_a_minute(
	void **state)
{
	struct worker *w = &world->kiosk;
	int64_t end_ms = clock_mono_ms() + 3600000;
	int64_t wait_ms = 0;
	int n = 0;

	(void)state;
	engine_world_item(world, "A1", "5");
	(void)fake_adapter_log(tills[1]);
	while (clock_mono_ms() < end_ms) {
		fake_adapter_set(erp, "E-A1", n % 2 ? "3" : "4");
		engine_world_mark(world, &world->erp, "i:A1", MARK_SYNC);
		fake_adapter_next(tills[1], "read_counts",
		                  outcome_of(VERDICT_RETRY, "refused"), false);
		engine_world_turn(&world->erp);
		engine_world_turn(&world->agora);
		assert_true(fake_adapter_shows(tills[0], "A-A1",
		                               n % 2 ? "3" : "4"));
		assert_int_equal(worker_turn(w, &wait_ms), 0);
		n++;
		assert_in_range(wait_ms, 1, PACE_CAP_MS);
		tills[1]->n_steps = 0;
		fake_clock_advance(wait_ms);
	}
	assert_in_range(times_of(tills[1], "read_counts"), 100, 300);
	fake_clock_advance(PACE_CAP_MS - wait_ms);
	engine_world_turn(w);
	assert_true(fake_adapter_shows(tills[1], "K-A1", n % 2 ? "4" : "3"));
	assert_int_equal(pace_state(&w->pace), VERDICT_DONE);
}

static void
live_for(struct worker *w, int64_t for_ms)
{
	int64_t end_ms = clock_mono_ms() + for_ms;

	while (clock_mono_ms() < end_ms)
		engine_world_live(w, end_ms);
}

/* Something is sold elsewhere each second. */
static void
test_worker__an_outage_while_others_trade_does_not_use_up_the_month(
	void **state)
{
	struct worker *w = &world->kiosk;
	int n = 0;

	(void)state;
	engine_world_item(world, "A1", "5");
	w->pace.dear_ms = 260000;
	fake_adapter_count(tills[1], "K-A1")->is_broken = true;
	(void)fake_adapter_log(tills[1]);
	for (int i = 0; i < 3600; i++) {
		fake_adapter_set(erp, "E-A1", i % 2 ? "3" : "4");
		engine_world_mark(world, &world->erp, "i:A1", MARK_HOOK);
		engine_world_turn(&world->erp);
		live_for(w, 1000);
		n += times_of(tills[1], "read_counts");
	}
	assert_in_range(n, 5, 60);
	fake_adapter_count(tills[1], "K-A1")->is_broken = false;
	live_for(w, PACE_DEAR_CAP_MS);
	assert_true(fake_adapter_shows(tills[1], "K-A1", "3"));
	assert_int_equal(pace_state(&w->pace), VERDICT_DONE);
}

static void
fail_always(struct fake_adapter *f, const char *call)
{
	fake_adapter_next(f, call, outcome_of(VERDICT_RETRY, "away"), false);
}

/* Until it is tried of its own accord. */
static void
make_wait_long(struct worker *w, enum pace_kind kind)
{
	w->pace.until_ms = clock_mono_ms() + PACE_CAP_MS;
	w->pace.kinds[kind].until_ms = clock_mono_ms() + 500000;
}

/* Whatever he asks for, and each time he asks; but not for ever after. */
static void
test_worker__a_person_does_not_wait_for_the_month(void **state)
{
	static const struct {
		const char *wish;
		enum pace_kind kind;
		const char *call;
		const char *log;
	} rows[] = {
		{ "i:A1", PACE_COUNTS, "read_counts", "read_counts(K-A1)" },
		{ MARK_SALES, PACE_LISTING, "list_sales", "list_sales" },
		{ MARK_CATCH_UP, PACE_SYNC, "sync", "catch_up" },
	};
	struct worker *w = &world->kiosk;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		(void)begin(state);
		engine_world_item(world, "A1", "5");
		w->pace.dear_ms = 260000;
		fail_always(tills[1], rows[i].call);
		tills[1]->after = fail_always;
		engine_world_mark(world, w, rows[i].wish, MARK_SYNC);
		engine_world_turn(w);
		for (int n = 0; n < 2; n++) {
			make_wait_long(w, rows[i].kind);
			live_for(w, 2000);
			(void)fake_adapter_log(tills[1]);
			engine_world_mark(world, w, rows[i].wish,
			                  MARK_OPERATOR);
			engine_world_turn(w);
			assert_string_equal(fake_adapter_log(tills[1]),
			                    rows[i].log);
			make_wait_long(w, rows[i].kind);
			live_for(w, 200000);
			assert_string_equal(fake_adapter_log(tills[1]), "");
		}
	}
}

/* What is posted to the first till, where a month is counted. */
static void
test_worker__an_entry_that_a_person_retries_does_not_wait_for_the_month(
	void **state)
{
	struct worker *w = &world->erp;

	(void)state;
	engine_world_item(world, "A1", "5");
	w->pace.dear_ms = 260000;
	(void)fake_adapter_sell(tills[0], "S1", "A-A1", "1");
	(void)fake_adapter_sell(tills[0], "S2", "A-A1", "1");
	fake_adapter_next(erp, "post", outcome_of(VERDICT_REFUSED, "no"),
	                  false);
	fake_adapter_next(erp, "post", outcome_of(VERDICT_RETRY, "away"),
	                  false);
	engine_world_mark(world, &world->agora, "s:S1", MARK_HOOK);
	engine_world_mark(world, &world->agora, "s:S2", MARK_HOOK);
	engine_world_turn(&world->agora);
	live_for(w, 1);
	assert_string_equal(engine_world_entry(world, "agora/S1"), "refused");
	make_wait_long(w, PACE_POST);
	live_for(w, 200000);
	assert_int_equal(store_dead_decide(world->base.store, "entry/agora/S1",
	                                   DEAD_RETRY),
	                 0);
	live_for(w, 1);
	assert_string_equal(engine_world_entry(world, "agora/S1"), "settled");
	assert_string_equal(store_world_marks(&world->base, "erp"), "");
}

/* Nor for the end of the sync, or of the comparison, that is under way. */
static void
test_worker__an_entry_that_a_person_retries_waits_for_no_long_work(void **state)
{
	struct worker *w = &world->erp;

	(void)state;
	engine_world_item(world, "A1", "5");
	w->pace.dear_ms = 260000;
	(void)fake_adapter_sell(tills[0], "S1", "A-A1", "1");
	(void)fake_adapter_sell(tills[0], "S2", "A-A1", "1");
	fake_adapter_next(erp, "post", outcome_of(VERDICT_REFUSED, "no"),
	                  false);
	fake_adapter_next(erp, "post", outcome_of(VERDICT_RETRY, "away"),
	                  false);
	engine_world_mark(world, &world->agora, "s:S1", MARK_HOOK);
	engine_world_mark(world, &world->agora, "s:S2", MARK_HOOK);
	engine_world_turn(&world->agora);
	live_for(w, 1);
	make_wait_long(w, PACE_POST);
	fake_clock_advance(120000);
	assert_int_equal(worker_interlude(w), 0);
	assert_string_equal(engine_world_entry(world, "agora/S1"), "refused");
	assert_int_equal(store_dead_decide(world->base.store, "entry/agora/S1",
	                                   DEAD_RETRY),
	                 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(worker_interlude(w), 0);
	assert_string_equal(engine_world_entry(world, "agora/S1"), "settled");
	assert_string_equal(store_world_marks(&world->base, "erp"), "");
}

/* A look that we ordered ourselves, after a write. */
static void
test_worker__our_own_look_ends_no_wait(void **state)
{
	struct worker *w = &world->agora;

	(void)state;
	engine_world_item(world, "A1", "5");
	engine_world_mark(world, w, "i:A1", MARK_SYNC);
	(void)fail_to_list(120000);
	w->pace.kinds[PACE_COUNTS].until_ms = clock_mono_ms() + 29000;
	engine_world_mark(world, w, "i:A1", MARK_AGAIN);
	engine_world_turn(w);
	assert_string_equal(fake_adapter_log(tills[0]), "");
}

/* Many items of which one is broken at the first till; all have moved. */
static void
break_one_of_many(unsigned broken)
{
	char member[16];

	for (unsigned i = 0; i < MANY; i++)
		engine_world_item(world, external('x', i) + 2, "5");
	fake_adapter_count(tills[0], external('A', broken))->is_broken = true;
	for (unsigned i = 0; i < MANY; i++) {
		fake_adapter_set(erp, external('E', i), "3");
		(void)snprintf(member, sizeof(member), "i:A%u", i);
		engine_world_mark(world, &world->erp, member, MARK_HOOK);
	}
	for (int i = 0; i < 9; i++)
		engine_world_turn(&world->erp);
	(void)fake_adapter_log(tills[0]);
}

static unsigned
n_at_target(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MANY; i++)
		n += fake_adapter_shows(tills[0], external('A', i), "3");
	return n;
}

/* Wherever it stands among them, and however many are read at once. */
static void
test_worker__an_item_whose_read_fails_does_not_stop_the_others(void **state)
{
	static const size_t batches[] = { 1, 4, 10 };

	for (unsigned i = 0; i < 3 * MANY; i += 9) {
		unsigned broken = i % MANY;
		int64_t end_ms;
		int n = 0;

		(void)begin(state);
		tills[0]->batch_max = batches[i / MANY];
		break_one_of_many(broken);
		end_ms = clock_mono_ms() + 60000;
		while (clock_mono_ms() < end_ms && n_at_target() < MANY - 1)
			engine_world_live(&world->agora, end_ms);
		assert_int_equal(n_at_target(), MANY - 1);
		assert_in_range(times_of(tills[0], "read_counts"), 1, 60);
		end_ms = clock_mono_ms() + 3600000;
		while (clock_mono_ms() < end_ms) {
			engine_world_live(&world->agora, end_ms);
			n += times_of(tills[0], "read_counts");
		}
		assert_in_range(n, 100, 300); /* as if it were alone */
		fake_adapter_count(tills[0], external('A', broken))->is_broken =
			false;
		end_ms = clock_mono_ms() + 2 * PACE_CAP_MS;
		while (clock_mono_ms() < end_ms)
			engine_world_live(&world->agora, end_ms);
		assert_int_equal(n_at_target(), MANY);
	}
}

/* Others go well all the time, and come before what fails. */
static void
test_worker__what_goes_well_beside_it_does_not_make_a_bad_item_urgent(
	void **state)
{
	struct worker *w = &world->agora;
	int64_t end_ms;
	int n = 0;

	(void)state;
	tills[0]->batch_max = 4;
	break_one_of_many(5);
	end_ms = clock_mono_ms() + 600000;
	while (clock_mono_ms() < end_ms) {
		engine_world_mark(world, w, "i:A0", MARK_HOOK);
		engine_world_live(w, end_ms);
		fake_clock_advance(500);
		n += times_of(tills[0], "A-A5");
	}
	assert_int_equal(n_at_target(), MANY - 1);
	assert_in_range(n, 10, 40);
}

/* A sync is due as well, and would work. */
static void
test_worker__what_comes_first_and_fails_leaves_a_turn_to_the_rest(void **state)
{
	struct worker *w = &world->agora;
	int64_t end_ms = clock_mono_ms() + 60000;
	int n = 0;

	(void)state;
	engine_world_item(world, "A1", "5");
	fake_adapter_count(tills[0], "A-A1")->is_broken = true;
	engine_world_mark(world, w, "i:A1", MARK_HOOK);
	engine_world_mark(world, w, MARK_FULL, MARK_SYNC);
	(void)fake_adapter_log(tills[0]);
	while (clock_mono_ms() < end_ms && !n) {
		engine_world_live(w, end_ms);
		n += times_of(tills[0], "full");
	}
	assert_int_equal(n, 1);
}

/* More fail than one turn takes, so that the sync is behind them. */
static void
test_worker__what_fails_makes_room_for_what_is_behind_it(void **state)
{
	struct worker *w = &world->agora;
	int64_t end_ms = clock_mono_ms() + 60000;
	char member[16];
	int n = 0;

	(void)state;
	for (int i = 0; i < 250; i++) {
		(void)snprintf(member, sizeof(member), "s:S%d", i);
		engine_world_mark(world, w, member, MARK_HOOK);
	}
	engine_world_mark(world, w, MARK_FULL, MARK_SYNC);
	while (clock_mono_ms() < end_ms && !n) {
		if (!tills[0]->n_steps)
			fake_adapter_next(tills[0], "read_sales",
			                  outcome_of(VERDICT_RETRY, "http 500"),
			                  false);
		engine_world_live(w, end_ms);
		n += times_of(tills[0], "full");
	}
	assert_int_equal(n, 1);
}

/* A kind that waits does not make anything else late. */
static void
test_worker__a_wait_ends_when_the_next_mark_is_due(void **state)
{
	static const char *const soon[] = { MARK_SALES };
	struct worker *w = &world->agora;
	int64_t wait_ms = 0;

	(void)state;
	engine_world_item(world, "A1", "5");
	fake_adapter_next(tills[0], "read_counts",
	                  outcome_of(VERDICT_RETRY, "http 500"), false);
	engine_world_mark(world, w, "i:A1", MARK_SYNC);
	engine_world_turn(w);
	w->pace.until_ms = 0;
	w->pace.kinds[PACE_COUNTS].until_ms = clock_mono_ms() + 29000;
	assert_int_equal(store_marks_add(w->store, w->account, soon, 1,
	                                 MARK_SYNC, clock_wall_ms() + 700),
	                 0);
	assert_int_equal(worker_turn(w, &wait_ms), 0);
	assert_int_equal(wait_ms, 700);
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_worker__after_any_history_all_agree),
		EACH(test_worker__after_any_history_all_agree_though_writes_wipe_out_sales),
		EACH(test_worker__a_hundred_hooks_for_one_item_cost_one_fetch),
		EACH(test_worker__a_hook_during_the_fetch_causes_another),
		EACH(test_worker__posts_come_before_reads),
		EACH(test_worker__trouble_with_posts_does_not_starve_the_marks),
		EACH(test_worker__nothing_is_called_while_a_wait_lasts),
		EACH(test_worker__an_item_the_authority_does_not_name_stays_unknown),
		EACH(test_worker__a_worker_that_lost_its_lease_begins_nothing),
		EACH(test_worker__a_lease_that_another_had_is_not_ours_until_taken_over),
		EACH(test_worker__a_process_that_was_stopped_past_its_lease_holds_nothing),
		EACH(test_worker__stopping_begins_nothing_new),
		EACH(test_worker__what_fails_beside_what_works_is_tried_ever_less_often),
		EACH(test_worker__a_hook_ends_the_wait_of_what_fails),
		EACH(test_worker__what_failed_and_is_not_owed_any_more_troubles_nobody),
		EACH(test_worker__what_waits_leaves_room_for_what_is_behind_it),
		EACH(test_worker__an_hour_away_costs_few_calls_and_is_over_within_half_a_minute),
		EACH(test_worker__an_outage_while_others_trade_does_not_use_up_the_month),
		EACH(test_worker__a_person_does_not_wait_for_the_month),
		EACH(test_worker__an_entry_that_a_person_retries_does_not_wait_for_the_month),
		EACH(test_worker__an_entry_that_a_person_retries_waits_for_no_long_work),
		EACH(test_worker__our_own_look_ends_no_wait),
		EACH(test_worker__an_item_whose_read_fails_does_not_stop_the_others),
		EACH(test_worker__what_goes_well_beside_it_does_not_make_a_bad_item_urgent),
		EACH(test_worker__what_comes_first_and_fails_leaves_a_turn_to_the_rest),
		EACH(test_worker__what_fails_makes_room_for_what_is_behind_it),
		EACH(test_worker__a_wait_ends_when_the_next_mark_is_due),
	};

	return cmocka_run_group_tests(tests, engine_world_setup,
	                              engine_world_teardown);
}
