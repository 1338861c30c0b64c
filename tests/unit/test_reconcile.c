/*
 * A reconcile: what differs is told, what is on its way is not, and nothing is
 * written but by the usual look. Its waits are real, on a clock in a hurry.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_reconcile.h"
#include "gateway/drivers/store_registry.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { HASTE = 100 };

static struct engine_world *world;
static struct fake_adapter *erp;
static struct fake_adapter *agora;
static struct reconcile_report report;
static int n_calls;

/* ---- a clock in a hurry ---- */

static int64_t
hasty_mono_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return ((int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000) * HASTE;
}

static int64_t
hasty_wall_ms(void)
{
	return ENGINE_WORLD_NOW_MS + hasty_mono_ms() % 1000000000000;
}

static int
begin(void **state)
{
	world = *state;
	(void)engine_world_empty(state);
	fake_clock_stop();
	clock_replace(hasty_wall_ms, hasty_mono_ms);
	engine_world_configure(world, "", "", "");
	erp = world->erp.state;
	agora = world->agora.state;
	n_calls = 0;
	engine_world_item(world, "A1", "5");
	engine_world_item(world, "B2", "7");
	return 0;
}

static int
end(void **state)
{
	(void)state;
	reconcile_report_fini(&report);
	clock_replace(NULL, NULL);
	return 0;
}

/* ---- short words ---- */

static void
reconcile_as(struct worker *w, const char *mark)
{
	reconcile_report_fini(&report);
	engine_world_mark(world, w, mark, MARK_OPERATOR);
	engine_world_turn(w);
	assert_int_equal(
		store_reconcile_get(world->base.store, &report, w->account), 0);
}

static void
reconcile(struct worker *w)
{
	reconcile_as(w, MARK_RECONCILE);
}

static void
assert_row(size_t i, const char *sku, enum reconcile_why why, const char *shown,
           const char *should)
{
	const struct reconcile_row *row = &report.rows[i];

	assert_true(i < report.n);
	assert_string_equal(row->sku, sku);
	assert_string_equal(reconcile_why_name(row->why),
	                    reconcile_why_name(why));
	assert_int_equal(row->has_shown, *shown != '\0');
	assert_int_equal(row->has_should, *should != '\0');
	assert_true(!*shown || engine_world_is(row->shown, shown));
	assert_true(!*should || engine_world_is(row->should, should));
}

static const char *
marks(const char *account)
{
	return store_world_say(&world->base, "ZRANGE test:marks:%s 0 -1",
	                       account);
}

/* An entry of agora's for this item. */
static void
make_pending(const char *sku)
{
	(void)store_world_say(&world->base, "HSET test:pend:%s E W-0", sku);
}

/* ---- the tests ---- */

/* A return is asked for like a sale: nothing else may ever tell of it. */
static void
test_reconcile__finds_a_return_that_nobody_told(void **state)
{
	bool was_listed = false;

	(void)state;
	assert_int_equal(sales_list(&world->agora, clock_wall_ms(), true, 0,
	                            &was_listed),
	                 0);
	(void)fake_adapter_return(agora, "R1", "A-A1", "2");
	reconcile(&world->agora);
	assert_string_equal(engine_world_entry(world, "agora/R1"), "held");
}

static void
test_reconcile__what_agrees_is_equal(void **state)
{
	(void)state;
	reconcile(&world->agora);
	assert_int_equal(report.tally.compared, 2);
	assert_int_equal(report.tally.equal, 2);
	assert_int_equal(report.n, 0);
	assert_string_equal(marks("agora"), "");
	reconcile(&world->erp);
	assert_int_equal(report.tally.equal, 2);
	assert_int_equal(report.n, 0);
}

static void
test_reconcile__a_channel_that_drifted_is_told_and_not_written(void **state)
{
	int64_t since;

	(void)state;
	fake_adapter_set(agora, "A-A1", "9");
	reconcile(&world->agora);
	assert_int_equal(report.tally.compared, 2);
	assert_int_equal(report.tally.equal, 1);
	assert_int_equal(report.tally.drifted, 1);
	assert_int_equal(report.n, 1);
	assert_row(0, "A1", RECONCILE_DRIFT, "9", "5");
	since = report.rows[0].since_ms;
	assert_true(since > 0);
	assert_null(strstr(fake_adapter_log(agora), "write_counts"));
	assert_string_equal(marks("agora"), "");
	reconcile(&world->agora);
	assert_true(report.tally.started_ms > since);
	assert_int_equal(report.rows[0].since_ms, since);
}

/* Rung up, off the count, and not paid yet. */
static void
test_reconcile__what_is_on_an_open_sale_is_on_its_way(void **state)
{
	(void)state;
	fake_adapter_sell(agora, "S1", "A-A1", "2")->is_open = true;
	agora->tells_open = true;
	reconcile(&world->agora);
	assert_int_equal(report.tally.moving, 1);
	assert_int_equal(report.tally.drifted, 0);
	assert_row(0, "A1", RECONCILE_MOVING, "3", "5");
	reconcile_as(&world->agora, MARK_RECONCILE_FIX);
	assert_int_equal(report.tally.drifted, 0);
	assert_int_equal(report.tally.corrected, 0);
	assert_true(fake_adapter_shows(agora, "A-A1", "3"));
	/* More is missing than it holds. */
	fake_adapter_set(agora, "A-A1", "2");
	reconcile(&world->agora);
	assert_int_equal(report.tally.drifted, 1);
}

static void
test_reconcile__each_run_replaces_the_last_ones_rows(void **state)
{
	(void)state;
	fake_adapter_set(agora, "A-A1", "9");
	reconcile(&world->agora);
	assert_int_equal(report.n, 1);
	fake_adapter_set(agora, "A-A1", "5");
	reconcile(&world->agora);
	assert_int_equal(report.n, 0);
	assert_int_equal(report.tally.drifted, 0);
}

static void
test_reconcile__an_old_balance_is_drift_at_the_authority(void **state)
{
	struct stock_view v;

	(void)state;
	fake_adapter_set(erp, "E-A1", "8");
	reconcile(&world->erp);
	assert_int_equal(report.tally.drifted, 1);
	assert_row(0, "A1", RECONCILE_DRIFT, "8", "5");
	v = engine_world_view(world, &world->erp, "A1");
	assert_true(engine_world_is(v.balance, "5"));
	stock_view_fini(&v);
	reconcile_as(&world->erp, MARK_RECONCILE_FIX);
	assert_int_equal(report.tally.corrected, 1);
	assert_int_equal(report.tally.drifted, 0);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "8"));
}

static void
test_reconcile__unknown_is_unknown_and_never_zero(void **state)
{
	(void)state;
	fake_adapter_count(agora, "A-A1")->is_known = false;
	reconcile(&world->agora);
	assert_int_equal(report.tally.compared, 1);
	assert_int_equal(report.tally.unknown, 1);
	assert_int_equal(report.tally.drifted, 0);
	assert_row(0, "A1", RECONCILE_UNKNOWN, "", "5");
	fake_adapter_count(agora, "A-A1")->is_known = true;
	(void)store_world_say(&world->base, "DEL test:stock:A1");
	reconcile(&world->agora);
	assert_int_equal(report.tally.unknown, 1);
	assert_row(0, "A1", RECONCILE_UNKNOWN, "5", "");
}

static void
test_reconcile__a_mark_that_is_due_makes_no_drift(void **state)
{
	(void)state;
	fake_adapter_set(agora, "A-A1", "9");
	engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
	/* The turn takes both; the item is marked anew while its count is
	   read, so the comparison finds the mark. */
	(void)store_marks_add(world->base.store, "agora",
	                      (const char *[]){ "i:B2" }, 1, MARK_HOOK,
	                      clock_wall_ms() + 5000);
	fake_adapter_set(agora, "A-B2", "9");
	reconcile(&world->agora);
	assert_int_equal(report.tally.drifted, 0);
	assert_int_equal(report.tally.moving, 0);
	assert_int_equal(report.tally.equal, 2);
	assert_true(fake_adapter_shows(agora, "A-B2", "7"));
}

static void
test_reconcile__what_is_held_stands_still(void **state)
{
	(void)state;
	(void)store_world_say(&world->base, "HSET test:pend:A1 E H-0");
	fake_adapter_set(agora, "A-A1", "4");
	reconcile(&world->agora);
	assert_int_equal(report.tally.moving, 0);
	assert_int_equal(report.tally.drifted, 1);
}

static void
test_reconcile__what_stays_pending_is_in_motion(void **state)
{
	(void)state;
	make_pending("A1");
	fake_adapter_set(agora, "A-A1", "4");
	reconcile(&world->agora);
	assert_int_equal(report.tally.drifted, 0);
	assert_int_equal(report.tally.moving, 1);
	assert_row(0, "A1", RECONCILE_MOVING, "4", "5");
}

static void
test_reconcile__a_sale_not_yet_told_is_no_drift(void **state)
{
	(void)state;
	(void)fake_adapter_sell(agora, "S1", "A-A1", "1");
	reconcile(&world->agora);
	assert_int_equal(report.tally.drifted, 0);
	assert_int_equal(report.tally.compared, 2);
	assert_string_equal(engine_world_entry(world, "agora/S1"), "ready");
}

/* The count fell; the sale that did it appears eight seconds later. */
static void
sell_late(struct fake_adapter *f, const char *call)
{
	static int64_t begun;
	int64_t now = clock_mono_ms();

	if (strcmp(call, "read_counts") != 0)
		return;
	if (++n_calls == 1)
		begun = now;
	else if (!f->n_sales && now - begun >= 8000)
		fake_sale_line(fake_adapter_sale(f, "S1", clock_wall_ms()), "1",
		               "A-A1", "1");
}

static void
test_reconcile__a_slow_sale_has_its_time(void **state)
{
	(void)state;
	fake_adapter_set(agora, "A-A1", "4");
	agora->after = sell_late;
	reconcile(&world->agora);
	assert_int_equal(report.tally.drifted, 0);
	assert_string_equal(engine_world_entry(world, "agora/S1"), "ready");
}

static void
test_reconcile__fixing_has_the_usual_look_correct_it(void **state)
{
	(void)state;
	fake_adapter_set(agora, "A-A1", "9"); /* risen: drift at once */
	fake_adapter_set(agora, "A-B2", "3"); /* fallen: a second look */
	(void)fake_adapter_log(agora);
	reconcile_as(&world->agora, MARK_RECONCILE_FIX);
	assert_true(report.tally.is_fix);
	assert_int_equal(report.tally.corrected, 2);
	assert_int_equal(report.tally.drifted, 0);
	assert_int_equal(report.n, 2);
	assert_row(0, "A1", RECONCILE_CORRECTED, "5", "5");
	assert_true(fake_adapter_shows(agora, "A-A1", "5"));
	assert_true(fake_adapter_shows(agora, "A-B2", "7"));
	reconcile(&world->agora);
	assert_int_equal(report.tally.equal, 2);
}

static void
test_reconcile__what_cannot_be_fixed_stays_drift(void **state)
{
	(void)state;
	fake_adapter_set(agora, "A-A1", "9");
	fake_adapter_count(agora, "A-A1")->is_refused = true;
	reconcile_as(&world->agora, MARK_RECONCILE_FIX);
	assert_int_equal(report.tally.corrected, 0);
	assert_int_equal(report.tally.drifted, 1);
	assert_row(0, "A1", RECONCILE_DRIFT, "9", "5");
}

static void
test_reconcile__fixing_releases_no_held_zero(void **state)
{
	const char *const sku = "A1";

	(void)state;
	assert_int_equal(store_stock_hold(world->base.store, "agora", &sku, 1),
	                 0);
	fake_adapter_set(agora, "A-A1", "9");
	reconcile_as(&world->agora, MARK_RECONCILE_FIX);
	assert_int_equal(report.tally.drifted, 1);
	assert_int_equal(report.tally.held, 1);
	assert_row(0, "A1", RECONCILE_HELD, "9", "5");
	assert_true(fake_adapter_shows(agora, "A-A1", "9"));
}

static void
hook_between(struct fake_adapter *f, const char *call)
{
	if (strcmp(call, "read_counts") != 0)
		return;
	n_calls++;
	if (n_calls == 1)
		engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
	if (n_calls == 2) /* the look itself, before the second batch */
		assert_string_equal(fake_adapter_log(f),
		                    "read_counts(A-A1) read_counts(A-A1)");
}

static void
test_reconcile__urgent_work_has_its_turn_between_batches(void **state)
{
	(void)state;
	agora->batch_max = 1;
	agora->after = hook_between;
	(void)fake_adapter_log(agora);
	reconcile(&world->agora);
	assert_int_equal(n_calls, 3);
	assert_int_equal(report.tally.equal, 2);
}

static void
test_reconcile__comes_in_batches_and_pages(void **state)
{
	char sku[16];
	struct item item = { .sku = sku };
	const char *log;
	int n_reads = 0;

	(void)state;
	/* Beyond these two they are not known there: bound, and no more. */
	for (int i = 0; i < 620; i++) {
		char external[16];

		(void)snprintf(sku, sizeof(sku), "P%03d", i);
		(void)snprintf(external, sizeof(external), "A-P%03d", i);
		if (i % 2)
			store_world_bind(&world->base, sku, "agora", external);
		else
			assert_int_equal(store_registry_put(world->base.store,
			                                    &item, NULL),
			                 0);
	}
	store_world_unmark(&world->base, "agora");
	(void)store_world_say(&world->base, "HDEL test:unresolved:agora x");
	agora->batch_max = 100;
	(void)fake_adapter_log(agora);
	reconcile(&world->agora);
	for (log = fake_adapter_log(agora); log; n_reads++) {
		log = strstr(log, "read_counts");
		if (!log)
			break;
		log++;
	}
	assert_int_equal(n_reads, 4); /* 312 of them */
	assert_int_equal(report.tally.equal, 2);
	assert_int_equal(report.tally.unknown, 310);
	assert_int_equal(report.tally.unbound, 310);
	assert_int_equal(report.n, 310);
}

static void
test_reconcile__rows_beyond_the_limit_are_counted(void **state)
{
	(void)state;
	for (int i = 0; i < 1203; i++) {
		char sku[16];
		char external[16];

		(void)snprintf(sku, sizeof(sku), "P%04d", i);
		(void)snprintf(external, sizeof(external), "E-P%04d", i);
		store_world_bind(&world->base, sku, "erp", external);
	}
	store_world_unmark(&world->base, "erp");
	reconcile(&world->erp);
	assert_int_equal(report.tally.unknown, 1203);
	assert_int_equal(report.n, RECONCILE_ROWS_MAX);
}

static void
test_reconcile__passing_trouble_is_waited_out(void **state)
{
	(void)state;
	fake_adapter_next(agora, "read_counts",
	                  outcome_of(VERDICT_RETRY, "away"), false);
	reconcile(&world->agora);
	assert_int_equal(report.tally.equal, 2);
}

static void
test_reconcile__a_refused_batch_is_halved(void **state)
{
	(void)state;
	fake_adapter_next(agora, "read_counts",
	                  outcome_of(VERDICT_REFUSED, "bad"), false);
	fake_adapter_next(agora, "read_counts",
	                  outcome_of(VERDICT_REFUSED, "bad"), false);
	reconcile(&world->agora);
	assert_int_equal(report.tally.unknown, 1);
	assert_int_equal(report.tally.equal, 1);
	assert_row(0, "A1", RECONCILE_UNKNOWN, "", "5");
}

static void
test_reconcile__locked_leaves_the_wish(void **state)
{
	(void)state;
	fake_adapter_next(agora, "read_counts",
	                  outcome_of(VERDICT_LOCKED, "no"), false);
	engine_world_mark(world, &world->agora, MARK_RECONCILE, MARK_SYNC);
	engine_world_turn(&world->agora);
	assert_string_equal(marks("agora"), MARK_RECONCILE);
	assert_int_equal(
		store_reconcile_get(world->base.store, &report, "agora"),
		RECONCILE_ABSENT);
}

/* As a look does: this may be the first that reads what is bound anew. */
static void
test_reconcile__a_read_says_since_when_an_item_is_bound(void **state)
{
	const int64_t before = clock_wall_ms();
	const int64_t week = INT64_C(7) * 24 * 3600 * 1000;

	(void)state;
	store_world_bind(&world->base, "B2", "agora", "A-A3");
	store_world_unmark(&world->base, "agora");
	reconcile(&world->agora);
	assert_in_range(agora->bound_ms, before, clock_wall_ms());
	assert_int_equal(store_cursor_set(world->base.store, "agora", "lost",
	                                  before - week + 1000000),
	                 0);
	reconcile(&world->agora);
	assert_int_equal(agora->bound_ms, COUNT_BOUND_LONG_AGO);
}

static void
bind_anew(struct fake_adapter *f, const char *call)
{
	(void)f;
	if (strcmp(call, "read_counts") != 0 || ++n_calls != 1)
		return;
	store_world_bind(&world->base, "B2", "agora", "A-B3");
	store_world_unmark(&world->base, "agora"); /* not looked at yet */
}

/* Read in vain, and bound to another thing meanwhile. */
static void
test_reconcile__what_is_bound_no_more_is_read_as_nobodys(void **state)
{
	(void)state;
	fake_adapter_next(agora, "read_counts",
	                  outcome_of(VERDICT_REFUSED, "bad"), false);
	agora->after = bind_anew;
	reconcile(&world->agora);
	assert_int_equal(n_calls, 3);
	assert_int_equal(agora->bound_ms, 0);
}

/* Galaxy, bound to what a till keeps. */
static void
test_reconcile__what_takes_no_counts_shows_its_own(void **state)
{
	const struct adapter_ops *ops = world->agora.ops;
	struct adapter_ops mute = *ops;

	(void)state;
	mute.write_counts = NULL;
	world->agora.ops = &mute;
	fake_adapter_set(agora, "A-A1", "9");
	reconcile(&world->agora);
	world->agora.ops = ops;
	assert_int_equal(report.tally.drifted, 0);
	assert_int_equal(report.tally.compared, 0);
	assert_int_equal(report.n, 0);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_reconcile__finds_a_return_that_nobody_told),
		EACH(test_reconcile__what_agrees_is_equal),
		EACH(test_reconcile__a_channel_that_drifted_is_told_and_not_written),
		EACH(test_reconcile__what_is_on_an_open_sale_is_on_its_way),
		EACH(test_reconcile__each_run_replaces_the_last_ones_rows),
		EACH(test_reconcile__an_old_balance_is_drift_at_the_authority),
		EACH(test_reconcile__unknown_is_unknown_and_never_zero),
		EACH(test_reconcile__a_mark_that_is_due_makes_no_drift),
		EACH(test_reconcile__what_stays_pending_is_in_motion),
		EACH(test_reconcile__what_is_held_stands_still),
		EACH(test_reconcile__a_sale_not_yet_told_is_no_drift),
		EACH(test_reconcile__a_slow_sale_has_its_time),
		EACH(test_reconcile__fixing_has_the_usual_look_correct_it),
		EACH(test_reconcile__what_cannot_be_fixed_stays_drift),
		EACH(test_reconcile__fixing_releases_no_held_zero),
		EACH(test_reconcile__urgent_work_has_its_turn_between_batches),
		EACH(test_reconcile__comes_in_batches_and_pages),
		EACH(test_reconcile__rows_beyond_the_limit_are_counted),
		EACH(test_reconcile__passing_trouble_is_waited_out),
		EACH(test_reconcile__a_refused_batch_is_halved),
		EACH(test_reconcile__locked_leaves_the_wish),
		EACH(test_reconcile__a_read_says_since_when_an_item_is_bound),
		EACH(test_reconcile__what_is_bound_no_more_is_read_as_nobodys),
		EACH(test_reconcile__what_takes_no_counts_shows_its_own),
	};

	return cmocka_run_group_tests_name(
		"reconcile", tests, engine_world_setup, engine_world_teardown);
}
