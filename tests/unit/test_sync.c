/*
 * Syncs: live work goes on while one streams, older never overwrites newer, and
 * a dry run writes nothing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_files.h"
#include "gateway/drivers/store_lease.h"
#include "gateway/drivers/store_ledger.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"
#include "tests/support/stderr_capture.h"

#include <stdio.h>
#include <string.h>

static struct engine_world *world;
static struct fake_adapter *erp;
static struct fake_adapter *agora;
static int n_breaths; /* the last one that began, from 1 */

static int
begin(void **state)
{
	world = *state;
	(void)engine_world_empty(state);
	erp = world->erp.state;
	agora = world->agora.state;
	n_breaths = 0;
	engine_world_item(world, "A1", "5");
	return 0;
}

/* ---- short words ---- */

static void
hook(struct worker *w, const char *member)
{
	engine_world_mark(world, w, member, MARK_HOOK);
}

/* One turn with a sync of erp in it, two breaths before the counts are asked
   for (0, 1) and two after (2, 3). */
static void
sync_erp(const char *kind, void (*before_breath)(struct fake_adapter *f, int i))
{
	erp->n_breaths = 2;
	erp->before_breath = before_breath;
	engine_world_mark(world, &world->erp, kind, MARK_SYNC);
	engine_world_turn(&world->erp);
}

static void
assert_balance(const char *qty)
{
	struct stock_view v = engine_world_view(world, &world->agora, "A1");

	assert_string_equal(v.balance_from ? v.balance_from : "none", "erp");
	assert_true(engine_world_is(v.balance, qty));
	stock_view_fini(&v);
}

static const char *
fact(const char *name)
{
	return store_world_say(&world->base, "HGET test:health:erp %s", name);
}

static const char *
cursor(const char *name)
{
	return store_world_say(&world->base, "HGET test:cursor:erp %s", name);
}

static const char *
marks(const char *account)
{
	return store_world_marks(&world->base, account);
}

/* ---- live work while one streams ---- */

static void
hook_first(struct fake_adapter *f, int i)
{
	n_breaths = i + 1;
	if (i == 0) {
		fake_adapter_set(f, "E-A1", "6");
		hook(&world->erp, "i:A1");
	} else if (i == 1) {
		assert_balance("6");
		assert_string_equal(marks("agora"), "i:A1");
	}
}

static void
test_sync__a_hook_is_looked_at_while_one_runs(void **state)
{
	(void)state;
	sync_erp(MARK_FULL, hook_first);
	assert_int_equal(n_breaths, 4);
	assert_string_equal(fake_adapter_log(erp), "full read_counts(E-A1)");
	assert_balance("6");
	assert_string_equal(marks("erp"), "");
}

static void
sell_first(struct fake_adapter *f, int i)
{
	if (i == 0) {
		(void)fake_adapter_sell(agora, "S1", "A-A1", "1");
		hook(&world->agora, "s:S1");
		engine_world_turn(&world->agora);
		assert_string_equal(engine_world_entry(world, "agora/S1"),
		                    "ready");
	} else if (i == 1) {
		assert_int_equal(f->n_docs, 1);
		assert_string_equal(engine_world_entry(world, "agora/S1"),
		                    "settled");
	}
}

static void
test_sync__an_entry_is_posted_while_one_runs(void **state)
{
	(void)state;
	sync_erp(MARK_FULL, sell_first);
	assert_string_equal(fake_adapter_log(erp),
	                    "full post(agora/S1:E-A1=1) read_counts(E-A1)");
	assert_balance("4");
}

/* The list was asked for before the sale was posted: its row may hold either
   figure, and counts for nothing. */
static void
sell_late(struct fake_adapter *f, int i)
{
	if (i >= 2)
		sell_first(f, i - 2);
}

static void
test_sync__a_row_from_before_a_post_does_not_undo_it(void **state)
{
	(void)state;
	sync_erp(MARK_FULL, sell_late);
	assert_balance("4");
	assert_string_equal(marks("erp"), "i:A1");
	engine_world_rest(world);
	assert_balance("4");
	assert_true(fake_adapter_shows(agora, "A-A1", "4"));
}

static void
receive_at_the_till(struct fake_adapter *f, int i)
{
	(void)f;
	if (i == 0) {
		fake_adapter_set(erp, "E-A1", "9");
		hook(&world->erp, "i:A1");
		engine_world_turn(&world->erp);
	} else if (i == 1) {
		assert_true(fake_adapter_shows(agora, "A-A1", "9"));
	}
}

static void
test_sync__a_channel_is_written_while_its_own_runs(void **state)
{
	(void)state;
	agora->n_breaths = 2;
	agora->before_breath = receive_at_the_till;
	engine_world_mark(world, &world->agora, MARK_FULL, MARK_SYNC);
	engine_world_turn(&world->agora);
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "9"));
}

static void
mark_later(struct fake_adapter *f, int i)
{
	const char *member = "i:A1";

	if (i == 0)
		assert_int_equal(store_marks_add(world->base.store, "erp",
		                                 &member, 1, MARK_HOOK,
		                                 clock_wall_ms() + 100),
		                 0);
	else
		fake_clock_advance(150);
	if (i == 2) /* due, but nobody was woken, and 250 ms are not over */
		assert_string_equal(buf_text(&f->log), "full");
	else if (i == 3)
		assert_string_equal(buf_text(&f->log),
		                    "full read_counts(E-A1)");
}

static void
test_sync__without_a_call_urgent_work_is_looked_for_now_and_then(void **state)
{
	(void)state;
	sync_erp(MARK_FULL, mark_later);
	assert_string_equal(fake_adapter_log(erp), "full read_counts(E-A1)");
}

/* ---- older and newer ---- */

static void
receive_in_the_list(struct fake_adapter *f, int i)
{
	if (i != 2)
		return;
	fake_adapter_set(f, "E-A1", "6");
	hook(&world->erp, "i:A1");
}

static void
test_sync__a_live_read_wins_over_the_row_of_a_list_under_way(void **state)
{
	(void)state;
	sync_erp(MARK_FULL, receive_in_the_list); /* its row still says 5 */
	assert_balance("6");
	/* Which moment was later there, only the authority can tell. */
	assert_string_equal(marks("erp"), "i:A1");
	engine_world_rest(world);
	assert_string_equal(fake_adapter_log(erp),
	                    "full read_counts(E-A1) read_counts(E-A1)");
	assert_balance("6");
	assert_true(fake_adapter_shows(agora, "A-A1", "6"));
}

static void
receive_before_the_list(struct fake_adapter *f, int i)
{
	if (i == 0) {
		fake_adapter_set(f, "E-A1", "6");
		hook(&world->erp, "i:A1");
	} else if (i == 1) {
		fake_adapter_set(f, "E-A1", "8"); /* and nobody says so */
	}
}

static void
test_sync__a_list_asked_for_after_a_live_read_wins(void **state)
{
	(void)state;
	sync_erp(MARK_FULL, receive_before_the_list);
	assert_string_equal(fake_adapter_log(erp), "full read_counts(E-A1)");
	assert_balance("8");
}

/* ---- its end ---- */

static void
stop_at_the_second(struct fake_adapter *f, int i)
{
	(void)f;
	n_breaths = i + 1;
	if (i != 1)
		return;
	fake_adapter_set(erp, "E-A1", "6");
	hook(&world->erp, "i:A1");
	atomic_store(&world->is_stopping, true);
}

static void
test_sync__ends_without_moving_anything_when_we_stop(void **state)
{
	int64_t wait_ms = 0;

	(void)state;
	erp->n_breaths = 2;
	erp->before_breath = stop_at_the_second;
	engine_world_mark(world, &world->erp, MARK_FULL, MARK_SYNC);
	assert_int_equal(worker_turn(&world->erp, &wait_ms), ERR_STORE);
	assert_int_equal(n_breaths, 2);
	assert_string_equal(fake_adapter_log(erp), "full");
	assert_balance("5");
	assert_string_equal(cursor("full"), "(nil)");
	assert_string_equal(marks("erp"), "i:A1 y:full");
	/* Nobody is blamed for it. */
	assert_int_equal(pace_wait_ms(&world->erp.pace, clock_mono_ms()), 0);
}

static void
lose_the_lease(struct fake_adapter *f, int i)
{
	int64_t token = 0;

	(void)f;
	n_breaths = i + 1;
	if (i != 1)
		return;
	assert_int_equal(store_lease_release(world->base.store,
	                                     world->erp.lease, "test"),
	                 0);
	assert_int_equal(store_lease_hold(world->base.store, &token,
	                                  world->erp.lease, "other", 60000),
	                 0);
	fake_clock_advance(6000);
}

static void
test_sync__ends_when_another_process_has_the_lease(void **state)
{
	int64_t wait_ms = 0;

	(void)state;
	erp->n_breaths = 2;
	erp->before_breath = lose_the_lease;
	engine_world_mark(world, &world->erp, MARK_FULL, MARK_SYNC);
	assert_int_equal(worker_turn(&world->erp, &wait_ms), ERR_STORE);
	assert_int_equal(n_breaths, 2);
	assert_string_equal(marks("erp"), "y:full");
}

static void
ask_for_more(struct fake_adapter *f, int i)
{
	if (i == 0) {
		hook(&world->erp, MARK_CATCH_UP);
		hook(&world->erp, MARK_FULL);
		hook(&world->erp, MARK_DRY_FULL);
	}
	assert_string_equal(buf_text(&f->log), "full");
}

static void
test_sync__never_begins_inside_another(void **state)
{
	(void)state;
	sync_erp(MARK_FULL, ask_for_more);
	assert_string_equal(fake_adapter_log(erp), "full");
	/* Asked for since it began: what they mean may be behind it. */
	assert_string_equal(marks("erp"), "y:catchup y:dryfull y:full");
}

static void
catch_up_by_the_clock(struct fake_adapter *f, int i)
{
	(void)f;
	if (i == 1)
		engine_world_mark(world, &world->erp, MARK_CATCH_UP, MARK_SYNC);
}

static void
test_sync__a_full_one_covers_catch_ups_by_the_clock(void **state)
{
	(void)state;
	sync_erp(MARK_FULL, catch_up_by_the_clock);
	assert_string_equal(fake_adapter_log(erp), "full");
	assert_string_equal(marks("erp"), "");
}

/* It may go on where an earlier one was cut off that had passed the row. */
static void
test_sync__a_full_one_covers_no_catch_up_that_a_call_asked_for(void **state)
{
	const char *member = MARK_CATCH_UP;

	(void)state;
	assert_int_equal(store_marks_add(world->base.store, "erp", &member, 1,
	                                 MARK_HOOK, clock_wall_ms() + 1000),
	                 0);
	sync_erp(MARK_FULL, NULL);
	fake_clock_advance(1000);
	assert_string_equal(marks("erp"), "y:catchup");
}

/* ---- what a person sees ---- */

static void
look_at_progress(struct fake_adapter *f, int i)
{
	(void)f;
	fake_clock_advance(1000);
	if (i != 1)
		return;
	assert_string_equal(fact("sync_kind"), "full");
	assert_string_equal(fact("sync_started_ms"), "1800000000000");
	assert_string_equal(fact("sync_entity"), "items");
	assert_string_equal(fact("sync_rows"), "1");
	assert_string_equal(fact("sync_total"), "4");
	assert_string_equal(fact("sync_rate"), "1");
}

static void
test_sync__says_how_far_it_is(void **state)
{
	(void)state;
	sync_erp(MARK_FULL, look_at_progress);
	assert_string_equal(fact("sync_kind"), "");
	assert_string_equal(fact("sync_rows"), "0");
	assert_string_equal(fact("sync_rate"), "0");
}

static void
test_sync__names_the_lists_that_changed_something(void **state)
{
	const char *log;

	(void)state;
	erp->tally = (struct mirror_tally){ .n_seen = 70 };
	stderr_capture_begin();
	sync_erp(MARK_CATCH_UP, NULL);
	erp->tally = (struct mirror_tally){ 71, 2, 1 };
	sync_erp(MARK_CATCH_UP, NULL);
	log = stderr_capture_end();
	assert_null(strstr(log, "rows=70"));
	assert_non_null(strstr(log, "sync.list account=erp entity=items "
	                            "rows=71 written=2 gone=1\n"));
}

static void
test_sync__names_the_lists_with_rows_of_no_use(void **state)
{
	(void)state;
	erp->n_skipped = 3;
	stderr_capture_begin();
	sync_erp(MARK_CATCH_UP, NULL);
	assert_non_null(strstr(stderr_capture_end(),
	                       "warn sync.skipped account=erp entity=items "
	                       "rows=3 why=\"no id\"\n"));
}

/* ---- a dry run ---- */

static void
test_sync__a_dry_run_writes_nothing_but_its_report(void **state)
{
	(void)state;
	fake_adapter_set(erp, "E-A1", "6");
	erp->tally = (struct mirror_tally){ 10, 1, 2 };
	sync_erp(MARK_DRY_FULL, NULL);
	assert_string_equal(fake_adapter_log(erp), "full(dry)");
	assert_string_equal(
		fact("sync_report"),
		"{\"kind\":\"full\",\"started_ms\":1800000000000,"
		"\"took_ms\":0,\"verdict\":\"done\",\"why\":\"\","
		"\"lists\":[{\"name\":\"items\",\"rows\":10,"
		"\"written\":1,\"gone\":2}],\"counts\":1,\"differ\":1}");
	assert_balance("5");
	assert_string_equal(cursor("full"), "(nil)");
	assert_string_equal(marks("erp"), "");
	assert_string_equal(marks("agora"), "");
	assert_string_equal(
		store_world_say(&world->base, "EXISTS test:changed:erp"), "0");
}

static void
test_sync__a_dry_run_of_a_channel_counts_what_it_would_look_at(void **state)
{
	(void)state;
	engine_world_mark(world, &world->agora, MARK_DRY_CATCH_UP, MARK_SYNC);
	engine_world_turn(&world->agora);
	assert_non_null(
		strstr(store_world_say(&world->base, "HGET test:health:agora "
	                                             "sync_report"),
	               "\"counts\":1,\"differ\":0}"));
	fake_adapter_set(agora, "A-A1", "7");
	engine_world_mark(world, &world->agora, MARK_DRY_CATCH_UP, MARK_SYNC);
	engine_world_turn(&world->agora);
	assert_non_null(
		strstr(store_world_say(&world->base, "HGET test:health:agora "
	                                             "sync_report"),
	               "\"counts\":1,\"differ\":1}"));
	assert_string_equal(marks("agora"), "");
	assert_true(fake_adapter_shows(agora, "A-A1", "7"));
}

static void
test_sync__a_dry_run_that_fails_says_so_and_is_not_repeated(void **state)
{
	(void)state;
	fake_adapter_next(erp, "sync", outcome_of(VERDICT_RETRY, "gone"),
	                  false);
	sync_erp(MARK_DRY_CATCH_UP, NULL);
	assert_non_null(strstr(fact("sync_report"),
	                       "\"verdict\":\"retry\",\"why\":\"gone\""));
	assert_string_equal(marks("erp"), "");
}

/* ---- pictures ---- */

static void
assert_picture(int expected, const char *id)
{
	struct buf bytes = BUF_INIT;
	char type[64];

	assert_int_equal(
		store_file_get(world->base.store, &bytes, type, "erp", id),
		expected);
	if (!expected) {
		assert_string_equal(buf_text(&bytes), "picture P1");
		assert_string_equal(type, "image/png");
	}
	buf_fini(&bytes);
}

static void
want(struct fake_adapter *f, int i)
{
	(void)strcpy(f->picture, "P1");
	if (i == 1)
		engine_world_mark(world, &world->erp, "f:P1", MARK_OPERATOR);
	else if (i == 2)
		assert_picture(0, "P1");
}

static void
test_sync__a_picture_is_fetched_while_one_runs(void **state)
{
	(void)state;
	sync_erp(MARK_FULL, want);
	assert_string_equal(fake_adapter_log(erp), "full image(P1)");
	assert_string_equal(marks("erp"), "");
}

static void
test_sync__a_picture_that_is_not_there_is_known_as_such(void **state)
{
	(void)state;
	engine_world_mark(world, &world->erp, "f:P1", MARK_OPERATOR);
	engine_world_turn(&world->erp);
	assert_picture(FILE_NONE, "P1");
	fake_adapter_next(erp, "image", outcome_of(VERDICT_REFUSED, "no"),
	                  false);
	engine_world_mark(world, &world->erp, "f:P2", MARK_OPERATOR);
	engine_world_turn(&world->erp);
	assert_picture(FILE_NONE, "P2");
	assert_string_equal(marks("erp"), "");
}

static void
test_sync__a_picture_is_tried_again_while_somebody_waits(void **state)
{
	(void)state;
	(void)strcpy(erp->picture, "P1");
	fake_adapter_next(erp, "image", outcome_slow(5000, "429"), false);
	engine_world_mark(world, &world->erp, "f:P1", MARK_OPERATOR);
	engine_world_turn(&world->erp);
	engine_world_turn(&world->erp);
	assert_string_equal(fake_adapter_log(erp), "image(P1)");
	assert_string_equal(marks("erp"), "f:P1");
	fake_clock_advance(5000);
	engine_world_turn(&world->erp);
	assert_picture(0, "P1");
	assert_string_equal(marks("erp"), "");
}

static void
test_sync__a_picture_that_nobody_waits_for_is_forgotten(void **state)
{
	(void)state;
	fake_adapter_next(erp, "image", outcome_slow(600000, "429"), false);
	engine_world_mark(world, &world->erp, "f:P1", MARK_OPERATOR);
	engine_world_turn(&world->erp);
	fake_clock_advance(60000); /* and the system may not be asked yet */
	engine_world_turn(&world->erp);
	assert_string_equal(fake_adapter_log(erp), "image(P1)");
	assert_string_equal(marks("erp"), "");
	/* A till has none to give. */
	engine_world_mark(world, &world->agora, "f:P1", MARK_OPERATOR);
	engine_world_turn(&world->agora);
	assert_string_equal(marks("agora"), "");
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_sync__a_hook_is_looked_at_while_one_runs),
		EACH(test_sync__an_entry_is_posted_while_one_runs),
		EACH(test_sync__a_row_from_before_a_post_does_not_undo_it),
		EACH(test_sync__a_channel_is_written_while_its_own_runs),
		EACH(test_sync__without_a_call_urgent_work_is_looked_for_now_and_then),
		EACH(test_sync__a_live_read_wins_over_the_row_of_a_list_under_way),
		EACH(test_sync__a_list_asked_for_after_a_live_read_wins),
		EACH(test_sync__ends_without_moving_anything_when_we_stop),
		EACH(test_sync__ends_when_another_process_has_the_lease),
		EACH(test_sync__never_begins_inside_another),
		EACH(test_sync__a_full_one_covers_catch_ups_by_the_clock),
		EACH(test_sync__a_full_one_covers_no_catch_up_that_a_call_asked_for),
		EACH(test_sync__says_how_far_it_is),
		EACH(test_sync__names_the_lists_that_changed_something),
		EACH(test_sync__names_the_lists_with_rows_of_no_use),
		EACH(test_sync__a_dry_run_writes_nothing_but_its_report),
		EACH(test_sync__a_dry_run_of_a_channel_counts_what_it_would_look_at),
		EACH(test_sync__a_dry_run_that_fails_says_so_and_is_not_repeated),
		EACH(test_sync__a_picture_is_fetched_while_one_runs),
		EACH(test_sync__a_picture_that_is_not_there_is_known_as_such),
		EACH(test_sync__a_picture_is_tried_again_while_somebody_waits),
		EACH(test_sync__a_picture_that_nobody_waits_for_is_forgotten),
	};

	return cmocka_run_group_tests(tests, engine_world_setup,
	                              engine_world_teardown);
}
