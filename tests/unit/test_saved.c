/*
 * The loss of Redis: what state_dir remembers of it.
 *
 * The engine keeps the file in memory once for the process, so each test runs
 * in a process of its own.
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
#include "gateway/drivers/store_accounts.h"
#include "gateway/drivers/store_switch.h"
#include "gateway/engine/saved.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct engine_world *world;
static struct fake_adapter *erp;
static struct fake_adapter *agora;

/* ---- one process for each test ---- */

static void
begin(void)
{
	void *state = world;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/installation.json",
	               world->base.redis.dir);
	(void)unlink(path);
	(void)engine_world_empty(&state);
	erp = world->erp.state;
	agora = world->agora.state;
}

/* A failed assert of the child jumps to nowhere: it exits by itself. */
static void
in_child(void **state, void (*test)(void))
{
	int status = 0;
	pid_t pid;

	world = *state;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		begin();
		test();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* As assert_true, for the child. */
#define CHECK(truth) \
	do { \
		if (!(truth)) { \
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__, \
			              __LINE__, #truth); \
			_exit(1); \
		} \
	} while (0)

/* ---- short words ---- */

static int
start_up(void)
{
	return saved_check(world->base.store, world->conf,
	                   world->base.redis.dir);
}

static void
lose_redis(void)
{
	(void)store_world_say(&world->base, "FLUSHALL");
}

static void
list(void)
{
	bool was_listed = false;

	CHECK(!sales_list(&world->agora, clock_wall_ms(), true, 0,
	                  &was_listed));
	CHECK(was_listed);
}

static int64_t
cursor(const char *name)
{
	int64_t ms = -1;

	CHECK(!store_cursor_get(world->base.store, &ms, "agora", name));
	return ms;
}

static bool
is_entry(const char *id, const char *state)
{
	return !strcmp(engine_world_entry(world, id), state);
}

static bool
is_in_file(const char *text)
{
	char path[128];
	char found[1024] = "";
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/installation.json",
	               world->base.redis.dir);
	f = fopen(path, "r");
	CHECK(f);
	CHECK(fread(found, 1, sizeof(found) - 1, f) > 0);
	(void)fclose(f);
	return strstr(found, text) != NULL;
}

static void
read_id(char out[64])
{
	(void)snprintf(out, 64, "%s",
	               store_world_say(&world->base, "GET test:value:"
	                                             "installation"));
}

/* Sell and post one, let the cursor be saved, and sell one more. */
static void
live_until_the_loss(void)
{
	CHECK(!start_up());
	engine_world_item(world, "A1", "9");
	fake_clock_advance(60000);
	(void)fake_adapter_sell(agora, "OLD", "A-A1", "1");
	list();
	engine_world_rest(world);
	CHECK(is_entry("agora/OLD", "settled"));
	fake_clock_advance(60000);
	list(); /* all is quiet: saved */
	fake_clock_advance(60000);
	(void)fake_adapter_sell(agora, "NEW", "A-A1", "2");
	list();
}

static void
come_back(void)
{
	lose_redis();
	fake_clock_advance(60000);
	CHECK(!start_up());
	CHECK(!store_lease_hold(world->base.store, &world->erp.token,
	                        world->erp.lease, "test", 600000));
	CHECK(!store_lease_hold(world->base.store, &world->agora.token,
	                        world->agora.lease, "test", 600000));
	CHECK(!store_lease_hold(world->base.store, &world->kiosk.token,
	                        world->kiosk.lease, "test", 600000));
	world->agora.sales_full_mono_ms = 0;
	engine_world_bind(world, "A1", "7");
}

/* ---- the tests ---- */

static void
first_start(void)
{
	char id[64];
	struct stat about;
	char path[128];

	CHECK(!start_up());
	read_id(id);
	CHECK(strlen(id) == 32);
	CHECK(is_in_file(id));
	CHECK(cursor("lost") == 0);
	(void)snprintf(path, sizeof(path), "%s/installation.json",
	               world->base.redis.dir);
	CHECK(!stat(path, &about) && (about.st_mode & 0777) == 0600);
}

static void
test_saved__a_first_start_makes_an_id_in_both_places(void **state)
{
	in_child(state, first_start);
}

static void
restart(void)
{
	char id[64];
	char again[64];

	CHECK(!start_up());
	read_id(id);
	CHECK(!start_up());
	read_id(again);
	CHECK(!strcmp(id, again));
	CHECK(cursor("lost") == 0);
}

static void
test_saved__a_restart_is_no_loss(void **state)
{
	in_child(state, restart);
}

static void
loss(void)
{
	char id[64];
	char again[64];
	int64_t lost_ms = 0;

	live_until_the_loss();
	read_id(id);
	come_back();
	read_id(again);
	CHECK(!strcmp(id, again));
	CHECK(cursor("lost") == clock_wall_ms());
	/* Nothing is sold at erp; what a shop sent for it is in doubt, too. */
	CHECK(!store_cursor_get(world->base.store, &lost_ms, "erp", "lost"));
	CHECK(lost_ms == clock_wall_ms());
	list();
	CHECK(is_entry("agora/OLD", "(nil)"));
	CHECK(is_entry("agora/NEW", "uncertain"));
}

static void
test_saved__after_a_loss_sales_past_the_cursor_are_uncertain(void **state)
{
	in_child(state, loss);
}

static void
loss_looked_up(void)
{
	live_until_the_loss(); /* NEW was not posted yet */
	come_back();
	list();
	engine_world_rest(world);
	CHECK(is_entry("agora/NEW", "settled"));
	CHECK(erp->n_docs == 2);
}

static void
test_saved__what_the_authority_says_is_absent_is_posted(void **state)
{
	in_child(state, loss_looked_up);
}

static void
loss_after_the_post(void)
{
	live_until_the_loss();
	engine_world_turn(&world->erp); /* posted, and no cursor saved since */
	CHECK(erp->n_docs == 2);
	come_back();
	list();
	CHECK(is_entry("agora/NEW", "uncertain"));
	engine_world_rest(world);
	CHECK(is_entry("agora/NEW", "settled"));
	CHECK(erp->n_docs == 2);
}

static void
test_saved__what_the_authority_has_is_not_posted_twice(void **state)
{
	in_child(state, loss_after_the_post);
}

/* What was posted an hour ago lies in the future by our clock now. */
static void
loss_and_a_clock_set_back(void)
{
	live_until_the_loss();
	engine_world_turn(&world->erp);
	fake_clock_advance(-3600000);
	agora->skew_ms = 3600000;
	come_back();
	CHECK(!saved_end_doubt(&world->agora));
	list();
	CHECK(is_entry("agora/NEW", "uncertain"));
	engine_world_rest(world);
	CHECK(erp->n_docs == 2);
	/* A shop's order of that hour is in doubt as well. */
	CHECK(cursor("lost") > agora->sales[1].closed_ms);
}

static void
test_saved__a_clock_set_back_before_a_loss_posts_nothing_twice(void **state)
{
	in_child(state, loss_and_a_clock_set_back);
}

/* The registry comes back line by line. What was one document before is not
   posted again because a part of it has no document of its own. */
static void
loss_and_an_import_in_parts(void)
{
	struct fake_sale *sale;

	CHECK(!start_up());
	engine_world_item(world, "A1", "9");
	engine_world_item(world, "A2", "9");
	fake_clock_advance(60000);
	list(); /* saved */
	fake_clock_advance(60000);
	sale = fake_adapter_sell(agora, "S1", "A-A1", "1");
	fake_sale_line(sale, "2", "A-A2", "1");
	list();
	engine_world_turn(&world->erp);
	CHECK(erp->n_docs == 1);
	come_back(); /* binds A1 */
	CHECK(!saved_end_doubt(&world->agora));
	(void)fake_adapter_log(agora);
	engine_world_rest(world);
	CHECK(is_entry("agora/S1", "(nil)"));
	CHECK(!strstr(fake_adapter_log(agora), "write_counts"));
	fake_clock_advance(3000);
	engine_world_bind(world, "A2", "8");
	fake_clock_advance(3000);
	engine_world_rest(world);
	CHECK(is_entry("agora/S1", "settled"));
	CHECK(erp->n_docs == 1);
}

static void
test_saved__after_a_loss_a_sale_waits_for_the_import(void **state)
{
	in_child(state, loss_and_an_import_in_parts);
}

static void
loss_and_a_late_binding(void)
{
	struct fake_sale *sale;

	live_until_the_loss();
	come_back();
	sale = fake_adapter_sell(agora, "S1", "A-A1", "1");
	fake_sale_line(sale, "2", "A-A2", "1");
	fake_clock_advance(60000); /* nobody binds A2 */
	list();
	CHECK(is_entry("agora/S1", "uncertain"));
	engine_world_bind(world, "A2", "8");
	engine_world_rest(world);
	CHECK(is_entry("agora/S1+0.1", "held"));
}

static void
test_saved__after_a_loss_what_is_bound_late_is_a_persons(void **state)
{
	in_child(state, loss_and_a_late_binding);
}

/* Returns are listed seldom: the last listing counts, not the sales'. */
static void
loss_and_a_return(void)
{
	bool was_listed = false;

	CHECK(!start_up());
	engine_world_item(world, "A1", "9");
	fake_clock_advance(60000);
	list();
	fake_clock_advance(60000);
	(void)fake_adapter_return(agora, "R1", "A-A1", "1");
	fake_clock_advance(60000);
	CHECK(!sales_list(&world->agora, clock_wall_ms(), false, 0,
	                  &was_listed));
	CHECK(cursor("sales") > cursor("returns"));
	CHECK(is_entry("agora/R1", "(nil)"));
	come_back();
	list();
	CHECK(is_entry("agora/R1", "held"));
}

static void
test_saved__after_a_loss_a_return_not_listed_yet_is_found(void **state)
{
	in_child(state, loss_and_a_return);
}

static void
loss_and_later_sales(void)
{
	live_until_the_loss();
	come_back();
	CHECK(!saved_end_doubt(
		&world->agora)); /* its first call was answered */
	fake_clock_advance(60000);
	(void)fake_adapter_sell(agora, "LATER", "A-A1", "1");
	list();
	CHECK(is_entry("agora/LATER", "ready"));
}

static void
test_saved__sales_after_the_loss_are_ordinary(void **state)
{
	in_child(state, loss_and_later_sales);
}

static void
break_cursor(struct fake_adapter *f)
{
	f->before_sales = NULL;
	(void)store_world_say(&world->base,
	                      "RENAME test:cursor:agora test:elsewhere");
	(void)store_world_say(&world->base, "SET test:cursor:agora x");
}

static void
loss_unreadable(void)
{
	bool was_listed = true;

	live_until_the_loss();
	come_back();
	agora->before_sales = break_cursor;
	CHECK(sales_list(&world->agora, clock_wall_ms(), true, 0,
	                 &was_listed) == ERR_STORE);
	CHECK(is_entry("agora/NEW", "(nil)"));
	(void)store_world_say(&world->base,
	                      "RENAME test:elsewhere test:cursor:agora");
	list();
	CHECK(is_entry("agora/NEW", "uncertain"));
}

static void
test_saved__not_to_know_of_a_loss_posts_nothing(void **state)
{
	in_child(state, loss_unreadable);
}

static void
not_quiet(void)
{
	CHECK(!start_up());
	engine_world_item(world, "A1", "9");
	fake_clock_advance(60000);
	(void)fake_adapter_sell(agora, "S1", "A-A1", "1");
	list(); /* S1 is ready, not posted */
	fake_clock_advance(60000);
	list();
	lose_redis();
	CHECK(!start_up());
	/* The cursor is from before the sale that nobody had confirmed. */
	CHECK(cursor("sales") > 0);
	CHECK(cursor("sales") < agora->sales[0].closed_ms);
}

static void
test_saved__a_cursor_does_not_pass_entries_on_their_way(void **state)
{
	in_child(state, not_quiet);
}

/* What waits for an account that is no longer in the file is on its way, too. */
static void
stranded(void)
{
	const char *const before[] = { "erp", "agora", "kiosk" };

	CHECK(!start_up());
	engine_world_item(world, "A1", "9");
	fake_clock_advance(60000);
	(void)fake_adapter_sell(agora, "S1", "A-A1", "1");
	list(); /* S1 is ready, not posted */
	CHECK(!store_accounts_set(world->base.store, before, 3));
	CHECK(!store_accounts_set(world->base.store, before + 1, 2));
	world->conf->accounts++;
	world->conf->n_accounts--;
	fake_clock_advance(60000);
	list();
	lose_redis();
	CHECK(!start_up());
	CHECK(cursor("sales") > 0);
	CHECK(cursor("sales") < agora->sales[0].closed_ms);
}

static void
test_saved__a_cursor_does_not_pass_what_is_stranded(void **state)
{
	in_child(state, stranded);
}

static void
broken_file(void)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/installation.json",
	               world->base.redis.dir);
	f = fopen(path, "w");
	CHECK(f && fputs("{ \"installation\": ", f) >= 0 && !fclose(f));
	CHECK(!start_up());
	CHECK(is_in_file("\"version\""));
}

static void
test_saved__a_file_cut_short_is_written_anew(void **state)
{
	in_child(state, broken_file);
}

/* ---- what a person has switched off ---- */

/* As a worker and the scheduler see it, a moment later. */
static bool
is_off(const char *what)
{
	int64_t since_ms = -1;

	CHECK(!saved_switch_get(world->base.store, &since_ms,
	                        world->base.redis.dir, what));
	return since_ms != 0;
}

static bool
is_paused(void)
{
	fake_clock_advance(1000);
	return worker_is_paused(&world->agora);
}

static void
paused_then_lost(void)
{
	int64_t since_ms = 0;
	int64_t then_ms = 0;

	CHECK(!start_up());
	CHECK(!store_switch_off(world->base.store, "agora"));
	CHECK(!store_switch_off(world->base.store, SWITCH_SCHEDULE));
	CHECK(!store_switch_get(world->base.store, &since_ms, "agora"));
	CHECK(is_paused() && is_off(SWITCH_SCHEDULE));
	come_back();
	CHECK(!store_switch_get(world->base.store, &then_ms, "agora"));
	CHECK(then_ms == since_ms);
	CHECK(is_paused() && is_off(SWITCH_SCHEDULE));
	CHECK(!is_off("kiosk"));
	/* A person says so: that holds over the next loss. */
	CHECK(!store_switch_on(world->base.store, "agora"));
	CHECK(!store_switch_on(world->base.store, SWITCH_SCHEDULE));
	CHECK(!is_paused() && !is_off(SWITCH_SCHEDULE));
	come_back();
	CHECK(!is_paused() && !is_off(SWITCH_SCHEDULE));
}

static void
test_saved__what_a_person_paused_is_paused_after_a_loss(void **state)
{
	in_child(state, paused_then_lost);
}

static void
lost_while_paused(void)
{
	CHECK(!start_up());
	CHECK(!store_switch_off(world->base.store, "agora"));
	CHECK(is_paused());
	lose_redis();
	CHECK(is_paused() && is_paused());
	come_back();
	CHECK(is_paused());
}

static void
test_saved__a_loss_while_it_runs_resumes_nothing(void **state)
{
	in_child(state, lost_while_paused);
}

/* Paused by an earlier version, or right before the process died. */
static void
paused_unseen(void)
{
	CHECK(!start_up());
	CHECK(!store_switch_off(world->base.store, "agora"));
	CHECK(!start_up());
	come_back();
	CHECK(is_paused());
}

static void
test_saved__a_start_learns_what_is_paused(void **state)
{
	in_child(state, paused_unseen);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_saved__a_cursor_does_not_pass_what_is_stranded),
		cmocka_unit_test(
			test_saved__a_first_start_makes_an_id_in_both_places),
		cmocka_unit_test(test_saved__a_restart_is_no_loss),
		cmocka_unit_test(
			test_saved__after_a_loss_sales_past_the_cursor_are_uncertain),
		cmocka_unit_test(
			test_saved__what_the_authority_says_is_absent_is_posted),
		cmocka_unit_test(
			test_saved__what_the_authority_has_is_not_posted_twice),
		cmocka_unit_test(
			test_saved__after_a_loss_a_sale_waits_for_the_import),
		cmocka_unit_test(
			test_saved__after_a_loss_what_is_bound_late_is_a_persons),
		cmocka_unit_test(
			test_saved__after_a_loss_a_return_not_listed_yet_is_found),
		cmocka_unit_test(
			test_saved__a_clock_set_back_before_a_loss_posts_nothing_twice),
		cmocka_unit_test(test_saved__sales_after_the_loss_are_ordinary),
		cmocka_unit_test(
			test_saved__not_to_know_of_a_loss_posts_nothing),
		cmocka_unit_test(
			test_saved__a_cursor_does_not_pass_entries_on_their_way),
		cmocka_unit_test(test_saved__a_file_cut_short_is_written_anew),
		cmocka_unit_test(
			test_saved__what_a_person_paused_is_paused_after_a_loss),
		cmocka_unit_test(
			test_saved__a_loss_while_it_runs_resumes_nothing),
		cmocka_unit_test(test_saved__a_start_learns_what_is_paused),
	};

	return cmocka_run_group_tests(tests, engine_world_setup,
	                              engine_world_teardown);
}
