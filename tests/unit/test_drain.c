/*
 * Events become marks, or a dead letter with its reason.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_queue.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_timeline.h"
#include "gateway/engine/drain.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct engine_world *world;
static struct store *store;

/* ---- a source whose bodies say what they hint at ---- */

/* "ref A-A1 sku A1 sale S1 catch_up if_unknown locked fault" */
static int
say_hints(const struct handler_env *env, const struct event *event,
          const struct hints *hints)
{
	char text[256];
	char *rest = NULL;

	(void)env;
	(void)snprintf(text, sizeof(text), "%s", event->body);
	for (char *word = strtok_r(text, " ", &rest); word;
	     word = strtok_r(NULL, " ", &rest)) {
		if (!strcmp(word, "ref"))
			hints->ref(hints->ctx, strtok_r(NULL, " ", &rest));
		else if (!strcmp(word, "sku"))
			hints->sku(hints->ctx, strtok_r(NULL, " ", &rest));
		else if (!strcmp(word, "sale"))
			hints->sale(hints->ctx, strtok_r(NULL, " ", &rest));
		else if (!strcmp(word, "catch_up"))
			hints->catch_up(hints->ctx);
		else if (!strcmp(word, "if_unknown"))
			hints->catch_up_if_unknown(hints->ctx);
		else if (!strcmp(word, "locked"))
			hints->locked(hints->ctx, "revoked");
		else if (!strcmp(word, "fault"))
			return ERR_NOMEM;
	}
	return 0;
}

static const struct handler_ops source = { .name = "fake_till",
	                                   .hints = say_hints };
static const struct handler_ops *const handlers[] = { &source, NULL };

static int
begin(void **state)
{
	world = *state;
	(void)engine_world_empty(state);
	store = world->base.store;
	engine_world_item(world, "A1", "5");
	engine_world_item(world, "A2", "5");
	return 0;
}

static void
push(const char *account, const char *body)
{
	struct event event = {
		.account = text_dup(account),
		.topic = text_dup("t"),
		.id = text_dup(""),
		.query = text_dup(""),
		.body = text_dup(body),
		.n_body = strlen(body),
		.received_ms = 4711,
	};
	char id[QUEUE_ID_SIZE];

	assert_int_equal(store_queue_push(store, id, &event, 0), 0);
	event_fini(&event);
}

/* Claim and work off one event. Returns what drain_events returned. */
static int
drain(enum queue_source from)
{
	struct queue_batch batch;
	int r = ERR_STORE;

	for (int i = 0; r == ERR_STORE && i < 2; i++)
		r = store_queue_claim(store, &batch, from, "test", "", 1, 1);
	assert_int_equal(r, 0);
	assert_int_equal(batch.n, 1);
	r = drain_events(&world->engine, handlers, store, batch.events,
	                 batch.n);
	queue_batch_fini(&batch);
	return r;
}

static void
drain_body(const char *body)
{
	push("agora", body);
	assert_int_equal(drain(QUEUE_NEW), 0);
}

static void
assert_marks(const char *members)
{
	assert_string_equal(store_world_marks(&world->base, "agora"), members);
}

static void
assert_depth(int64_t n, int64_t n_dead)
{
	struct queue_depth depth;

	assert_int_equal(store_queue_depth(store, &depth), 0);
	assert_int_equal(depth.n, n);
	assert_int_equal(depth.n_dead, n_dead);
}

static void
assert_dead(const char *why)
{
	char id[64];

	assert_depth(0, 1);
	(void)snprintf(id, sizeof(id), "%s",
	               store_world_say(&world->base, "ZRANGE test:dead 0 0"));
	assert_string_equal(
		store_world_say(&world->base, "HGET test:dead:%s why", id),
		why);
}

/* ---- the tests ---- */

static void
test_drain__refs_and_sales_become_marks_with_the_time_of_the_call(void **state)
{
	struct mark_batch batch;

	(void)state;
	drain_body("ref A-A1 sale S1 ref A-A2");
	assert_marks("i:A1 i:A2 s:S1");
	batch = store_world_take(&world->base, "agora");
	for (size_t i = 0; i < batch.n; i++) {
		assert_int_equal(batch.marks[i].cause, MARK_HOOK);
		assert_int_equal(batch.marks[i].origin_ms, 4711);
	}
	mark_batch_fini(&batch);
	assert_depth(0, 0);
}

static void
test_drain__one_hundred_calls_for_one_item_are_one_mark(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		drain_body("ref A-A1");
	assert_marks("i:A1");
	assert_depth(0, 0);
}

static void
test_drain__a_call_that_names_nothing_known_is_one_catch_up(void **state)
{
	(void)state;
	drain_body("ref X-1 ref X-2 if_unknown");
	drain_body("if_unknown");
	assert_marks(MARK_CATCH_UP);
}

static void
test_drain__a_known_name_among_strangers_needs_no_catch_up(void **state)
{
	(void)state;
	drain_body("ref X-1 ref A-A1 if_unknown");
	assert_marks("i:A1");
}

static void
test_drain__unknown_names_alone_are_settled_without_a_mark(void **state)
{
	(void)state;
	drain_body("ref X-1");
	assert_marks("");
	assert_depth(0, 0);
}

static void
test_drain__a_ref_of_another_account_is_unknown_here(void **state)
{
	(void)state;
	drain_body("ref E-A1");
	assert_marks("");
	assert_string_equal(store_world_marks(&world->base, "erp"), "");
}

static void
assert_marks_of(const char *account, const char *members)
{
	assert_string_equal(store_world_marks(&world->base, account), members);
}

static void
test_drain__an_sku_is_looked_at_where_its_stock_is_kept(void **state)
{
	(void)state;
	drain_body("sku A1 sku A1");
	assert_marks("");
	assert_marks_of("kiosk", "");
	assert_marks_of("erp", "i:A1");
	assert_depth(0, 0);
	assert_non_null(
		strstr(store_world_say(&world->base, "HGET test:mark:erp i:A1"),
	               " h 4711 0"));
}

static void
test_drain__an_item_may_have_an_authority_of_its_own(void **state)
{
	struct item item = { .sku = text_dup("A2"),
		             .authority = text_dup("kiosk") };

	(void)state;
	assert_int_equal(store_registry_put(store, &item, NULL), 0);
	item_fini(&item);
	store_world_unmark(&world->base, "erp");
	store_world_unmark(&world->base, "agora");
	store_world_unmark(&world->base, "kiosk");
	drain_body("sku A1 sku A2");
	assert_marks_of("erp", "i:A1");
	assert_marks_of("kiosk", "i:A2");
	assert_marks("");
}

/* The registry of a stranger's words does not grow, nor does a timeline. */
static void
test_drain__an_sku_that_we_do_not_have_is_settled_and_leaves_nothing(
	void **state)
{
	(void)state;
	drain_body("sku NO-SUCH");
	assert_marks("");
	assert_marks_of("erp", "");
	assert_depth(0, 0);
	(void)store_timeline_settle(store);
	assert_string_equal(store_world_say(&world->base, "KEYS *NO-SUCH*"),
	                    "");
	drain_body("sku NO-SUCH sku A1");
	assert_marks_of("erp", "i:A1");
}

static void
test_drain__an_authority_that_is_not_configured_is_not_marked(void **state)
{
	(void)state;
	(void)store_world_say(&world->base, "HSET test:item:A1 authority gone");
	drain_body("sku A1");
	assert_marks_of("gone", "");
	assert_marks_of("erp", "");
	assert_depth(0, 0);
}

static void
test_drain__a_catch_up_that_was_asked_for_is_marked(void **state)
{
	(void)state;
	drain_body("ref A-A1 catch_up");
	assert_marks("i:A1 " MARK_CATCH_UP);
}

static void
test_drain__a_revoked_permission_raises_an_alarm(void **state)
{
	(void)state;
	drain_body("locked");
	assert_string_equal(store_world_say(&world->base,
	                                    "HGET "
	                                    "test:health:agora alarm"),
	                    "revoked");
}

static void
test_drain__events_of_an_account_that_is_gone_are_dead_letters(void **state)
{
	(void)state;
	push("gone", "ref A-A1");
	assert_int_equal(drain(QUEUE_NEW), 0);
	assert_dead("its account is not configured");
}

static void
test_drain__events_of_an_account_that_takes_none_are_dead_letters(void **state)
{
	(void)state;
	push("erp", "ref E-A1");
	assert_int_equal(drain(QUEUE_NEW), 0);
	assert_dead("its account takes no calls");
}

static void
test_drain__an_event_that_kills_whoever_takes_it_is_a_dead_letter(void **state)
{
	struct queue_batch batch;

	(void)state;
	push("agora", "ref A-A1");
	for (int i = 0; i < 10; i++) {
		int r = store_queue_claim(store, &batch,
		                          i ? QUEUE_OWN : QUEUE_NEW, "test", "",
		                          1, 1);

		if (r == ERR_STORE) /* the first one makes the group */
			r = store_queue_claim(store, &batch, QUEUE_NEW, "test",
			                      "", 1, 1);
		assert_int_equal(r, 0);
		assert_int_equal(batch.events[0].deliveries, i + 1);
		queue_batch_fini(&batch); /* … and the process ends */
	}
	assert_int_equal(drain(QUEUE_OWN), 0);
	assert_dead("handed out ten times and never finished");
	assert_marks("");
}

static void
test_drain__a_fault_leaves_the_event_where_it_is(void **state)
{
	(void)state;
	push("agora", "ref A-A1 fault");
	assert_int_equal(drain(QUEUE_NEW), ERR_NOMEM);
	assert_depth(1, 0);
	assert_marks("");
	assert_int_equal(drain(QUEUE_OWN), ERR_NOMEM); /* it comes again */
}

/* ---- the thread ---- */

static void
wait_until_empty(void)
{
	struct queue_depth depth = { .n = 1 };

	for (int i = 0; depth.n && i < 500; i++) {
		clock_sleep_ms(10);
		assert_int_equal(store_queue_depth(store, &depth), 0);
	}
	assert_int_equal(depth.n, 0);
}

static void
test_drain__the_thread_works_off_what_a_crash_left_first(void **state)
{
	struct queue_batch batch;
	struct drain *d = NULL;
	int r = ERR_STORE;

	(void)state;
	push("agora", "ref A-A1");
	for (int i = 0; r == ERR_STORE && i < 2; i++)
		r = store_queue_claim(store, &batch, QUEUE_NEW, "test", "", 1,
		                      1);
	assert_int_equal(r, 0);
	queue_batch_fini(&batch);
	push("agora", "ref A-A2");
	fake_clock_stop(); /* not while threads run */
	assert_int_equal(drain_start(&d, &world->engine, handlers), 0);
	wait_until_empty();
	atomic_store(&world->is_stopping, true);
	drain_join(d);
	assert_marks("i:A1 i:A2");
}

static void
test_drain__the_thread_survives_the_loss_of_everything(void **state)
{
	struct drain *d = NULL;

	(void)state;
	fake_clock_stop();
	assert_int_equal(drain_start(&d, &world->engine, handlers), 0);
	push("agora", "if_unknown");
	wait_until_empty();
	(void)store_world_say(&world->base, "FLUSHALL");
	(void)store_world_say(&world->base, "SCRIPT FLUSH");
	push("agora", "if_unknown");
	wait_until_empty();
	atomic_store(&world->is_stopping, true);
	drain_join(d);
	assert_marks(MARK_CATCH_UP);
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_drain__refs_and_sales_become_marks_with_the_time_of_the_call),
		EACH(test_drain__one_hundred_calls_for_one_item_are_one_mark),
		EACH(test_drain__a_call_that_names_nothing_known_is_one_catch_up),
		EACH(test_drain__a_known_name_among_strangers_needs_no_catch_up),
		EACH(test_drain__unknown_names_alone_are_settled_without_a_mark),
		EACH(test_drain__a_ref_of_another_account_is_unknown_here),
		EACH(test_drain__an_sku_is_looked_at_where_its_stock_is_kept),
		EACH(test_drain__an_item_may_have_an_authority_of_its_own),
		EACH(test_drain__an_sku_that_we_do_not_have_is_settled_and_leaves_nothing),
		EACH(test_drain__an_authority_that_is_not_configured_is_not_marked),
		EACH(test_drain__a_catch_up_that_was_asked_for_is_marked),
		EACH(test_drain__a_revoked_permission_raises_an_alarm),
		EACH(test_drain__events_of_an_account_that_is_gone_are_dead_letters),
		EACH(test_drain__events_of_an_account_that_takes_none_are_dead_letters),
		EACH(test_drain__an_event_that_kills_whoever_takes_it_is_a_dead_letter),
		EACH(test_drain__a_fault_leaves_the_event_where_it_is),
		EACH(test_drain__the_thread_works_off_what_a_crash_left_first),
		EACH(test_drain__the_thread_survives_the_loss_of_everything),
	};

	return cmocka_run_group_tests(tests, engine_world_setup,
	                              engine_world_teardown);
}
