/*
 * An account that a person has paused: nothing is called, nothing is lost, and
 * it goes on where it was.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_lease.h"
#include "gateway/drivers/store_switch.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"

#include <stdlib.h>
#include <string.h>

enum { MOMENT_MS = 1000 };

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
	engine_world_item(world, "A1", "5");
	return 0;
}

static void
pause_it(const char *account)
{
	assert_int_equal(store_switch_off(world->base.store, account), 0);
	fake_clock_advance(MOMENT_MS);
}

static void
resume_it(const char *account)
{
	assert_int_equal(store_switch_on(world->base.store, account), 0);
	fake_clock_advance(MOMENT_MS);
}

static void
assert_state(const char *state)
{
	struct health h;

	assert_int_equal(store_health_get(world->base.store, &h, "agora"), 0);
	assert_string_equal(health_text(&h, "state"), state);
	health_fini(&h);
}

static void
test_paused__marks_wait_and_are_done_afterwards(void **state)
{
	(void)state;
	pause_it("agora");
	fake_adapter_set(erp, "E-A1", "3");
	engine_world_mark(world, &world->erp, "i:A1", MARK_HOOK);
	engine_world_turn(&world->erp);
	(void)fake_adapter_log(agora);
	engine_world_turn(&world->agora);
	assert_string_equal(fake_adapter_log(agora), "");
	assert_string_equal(store_world_marks(&world->base, "agora"), "i:A1");
	resume_it("agora");
	engine_world_rest(world);
	assert_true(fake_adapter_shows(agora, "A-A1", "3"));
	assert_string_equal(store_world_marks(&world->base, "agora"), "");
}

static void
test_paused__an_entry_waits_and_is_posted_once(void **state)
{
	(void)state;
	pause_it("erp");
	(void)fake_adapter_sell(agora, "S1", "A-A1", "1");
	engine_world_mark(world, &world->agora, "s:S1", MARK_HOOK);
	engine_world_turn(&world->agora);
	engine_world_turn(&world->erp);
	assert_int_equal(erp->n_docs, 0);
	assert_string_equal(engine_world_entry(world, "agora/S1"), "ready");
	resume_it("erp");
	engine_world_rest(world);
	assert_int_equal(erp->n_docs, 1);
	assert_string_equal(engine_world_entry(world, "agora/S1"), "settled");
}

static void
pause_in_between(struct fake_adapter *f, const char *call)
{
	(void)call;
	f->after = NULL;
	pause_it("agora");
}

/* Counts are read, then somebody pauses it: nothing is written any more. */
static void
test_paused__work_in_hand_ends_before_its_next_call(void **state)
{
	(void)state;
	engine_world_item(world, "A2", "5");
	agora->batch_max = 1;
	engine_world_mark(world, &world->agora, "i:A1", MARK_HOOK);
	engine_world_mark(world, &world->agora, "i:A2", MARK_HOOK);
	agora->after = pause_in_between;
	(void)fake_adapter_log(agora);
	engine_world_turn(&world->agora);
	assert_null(strstr(fake_adapter_log(agora), "A-A2"));
	assert_non_null(
		strstr(store_world_marks(&world->base, "agora"), "i:A2"));
}

static void
test_paused__others_go_on(void **state)
{
	(void)state;
	pause_it("kiosk");
	fake_adapter_set(erp, "E-A1", "2");
	engine_world_mark(world, &world->erp, "i:A1", MARK_HOOK);
	engine_world_turn(&world->erp);
	engine_world_turn(&world->agora);
	assert_true(fake_adapter_shows(agora, "A-A1", "2"));
}

static void
test_paused__its_lease_is_free_and_its_state_says_so(void **state)
{
	struct store *store = world->base.store;
	struct worker *w = &world->agora;
	char *owner = NULL;

	(void)state;
	assert_true(worker_keep(w));
	assert_false(worker_rests(w));
	pause_it("agora");
	assert_false(worker_keep(w));
	assert_true(worker_rests(w));
	assert_int_equal(store_lease_owner(store, &owner, w->lease), 0);
	assert_null(owner);
	assert_state("paused");
	/* Whoever goes on takes over first, and asks how it is. */
	w->is_introduced = true;
	resume_it("agora");
	assert_false(worker_rests(w));
	assert_int_equal(w->token, 0);
	assert_false(w->is_introduced);
	assert_state("starting");
}

/* Several on one Redis: who works it says how it is. */
static void
test_paused__another_process_that_works_it_has_the_word(void **state)
{
	struct store *store = world->base.store;
	const struct health_fact well = { "state", "ok" };
	struct worker *w = &world->agora;
	int64_t token = 0;

	(void)state;
	pause_it("agora");
	assert_true(worker_rests(w));
	assert_state("paused");
	resume_it("agora");
	assert_int_equal(
		store_lease_hold(store, &token, w->lease, "other", 600000), 0);
	assert_int_equal(store_health_set(store, "agora", &well, 1), 0);
	assert_false(worker_rests(w));
	assert_state("ok");
	pause_it("agora");
	assert_true(worker_rests(w));
	assert_state("ok");
	/* And when that one has ended, the next one that looks. */
	assert_int_equal(store_lease_release(store, w->lease, "other"), 0);
	assert_true(worker_rests(w));
	assert_state("paused");
}

static void
test_paused__an_answer_that_redis_missed_is_noted_first(void **state)
{
	struct worker *w = &world->agora;

	(void)state;
	w->unsaved_id = text_dup("agora/S1");
	pause_it("agora");
	assert_false(worker_rests(w));
	assert_int_equal(post_recover(w), 0);
	assert_true(worker_rests(w));
}

static void
test_paused__a_limit_outlasts_the_pause(void **state)
{
	struct worker *w = &world->agora;
	const struct outcome slow = outcome_slow(60000, "429");

	(void)state;
	(void)worker_judge(w, "a test", &slow);
	w->is_introduced = true;
	pause_it("agora");
	assert_true(worker_rests(w));
	resume_it("agora");
	assert_false(worker_rests(w));
	assert_true(w->is_introduced);
	assert_state("waiting");
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_paused__marks_wait_and_are_done_afterwards),
		EACH(test_paused__an_entry_waits_and_is_posted_once),
		EACH(test_paused__work_in_hand_ends_before_its_next_call),
		EACH(test_paused__others_go_on),
		EACH(test_paused__its_lease_is_free_and_its_state_says_so),
		EACH(test_paused__another_process_that_works_it_has_the_word),
		EACH(test_paused__an_answer_that_redis_missed_is_noted_first),
		EACH(test_paused__a_limit_outlasts_the_pause),
	};

	return cmocka_run_group_tests(tests, engine_world_setup,
	                              engine_world_teardown);
}
