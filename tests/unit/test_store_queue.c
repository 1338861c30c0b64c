/*
 * Events: pushed, claimed, settled, buried; and a Redis that is unkind.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_queue.h"
#include "tests/support/store_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct store_world *world;
static struct store *store;
static char last_id[QUEUE_ID_SIZE];

static int
begin(void **state)
{
	world = *state;
	store = world->store;
	store_world_flush(world);
	return 0;
}

/* ---- short words ---- */

static int
push_full(const char *id, const char *body, size_t n, int64_t dedupe_ms)
{
	struct event event = {
		.account = text_dup("agora"),
		.topic = text_dup("order.updated"),
		.id = text_dup(id),
		.query = text_dup(""),
		.body = malloc(n + 1),
		.n_body = n,
		.received_ms = 1234567,
	};
	int r;

	assert_non_null(event.body);
	memcpy(event.body, body, n);
	r = store_queue_push(store, last_id, &event, dedupe_ms);
	event_fini(&event);
	return r;
}

static int
push(const char *id)
{
	return push_full(id, "{}", 2, 60000);
}

/* One event; the caller finishes the batch. */
static struct queue_batch
claim(enum queue_source source, const char *consumer, int64_t wait_ms)
{
	struct queue_batch batch;
	int r = store_queue_claim(store, &batch, source, consumer, "", wait_ms,
	                          1);

	/* The first claim of all makes the group. */
	if (r == ERR_STORE)
		r = store_queue_claim(store, &batch, source, consumer, "",
		                      wait_ms, 1);
	assert_int_equal(r, 0);
	assert_int_equal(batch.n, 1);
	return batch;
}

static void
assert_nothing(enum queue_source source, const char *consumer)
{
	struct queue_batch batch;

	assert_int_equal(
		store_queue_claim(store, &batch, source, consumer, "", 1, 10),
		QUEUE_EMPTY);
	queue_batch_fini(&batch);
}

static void
assert_depth(int64_t n, int64_t bytes, int64_t n_dead)
{
	struct queue_depth depth;

	assert_int_equal(store_queue_depth(store, &depth), 0);
	assert_int_equal(depth.n, n);
	assert_int_equal(depth.bytes, bytes);
	assert_int_equal(depth.n_dead, n_dead);
	assert_int_equal(depth.oldest_ms > 0, n > 0);
}

static void
bury_one(const char *why)
{
	struct queue_batch batch;

	assert_int_equal(push(""), 0);
	batch = claim(QUEUE_NEW, "one", 1);
	assert_int_equal(store_queue_bury(store, &batch.events[0], why), 0);
	queue_batch_fini(&batch);
}

/* ---- the door ---- */

static void
test_store_queue__gives_back_every_byte_of_an_event(void **state)
{
	static const char body[] = "a\0b\xff\r\n\"";
	struct queue_batch batch;

	(void)state;
	assert_int_equal(push_full("e1", body, sizeof(body), 1000), 0);
	assert_depth(1, sizeof(body), 0);
	batch = claim(QUEUE_NEW, "one", 1);
	assert_string_equal(batch.events[0].account, "agora");
	assert_string_equal(batch.events[0].topic, "order.updated");
	assert_string_equal(batch.events[0].id, "e1");
	assert_string_equal(batch.events[0].entry_id, last_id);
	assert_int_equal(batch.events[0].received_ms, 1234567);
	assert_int_equal(batch.events[0].n_body, sizeof(body));
	assert_memory_equal(batch.events[0].body, body, sizeof(body));
	queue_batch_fini(&batch);
}

static void
test_store_queue__a_known_id_is_a_duplicate_with_the_first_ones_place(
	void **state)
{
	char first[QUEUE_ID_SIZE];

	(void)state;
	assert_int_equal(push("e1"), 0);
	(void)strcpy(first, last_id);
	assert_int_equal(push("e1"), QUEUE_DUPLICATE);
	assert_string_equal(last_id, first);
	assert_int_equal(push("e2"), 0);
	assert_depth(2, 4, 0);
}

static void
test_store_queue__events_without_an_id_are_never_duplicates(void **state)
{
	(void)state;
	assert_int_equal(push(""), 0);
	assert_int_equal(push(""), 0);
	assert_int_equal(push_full("e1", "", 0, 0), 0); /* not authenticated */
	assert_int_equal(push_full("e1", "", 0, 0), 0);
	assert_depth(4, 4, 0);
}

static void
test_store_queue__a_duplicate_is_known_even_when_it_is_full(void **state)
{
	(void)state;
	world->options.backlog_max = 1;
	assert_int_equal(push("e1"), 0);
	assert_int_equal(push("e1"), QUEUE_DUPLICATE);
	assert_int_equal(push("e2"), QUEUE_FULL);
	/* A refused one is not remembered: its repeat is taken. */
	world->options.backlog_max = 2;
	assert_int_equal(push("e2"), 0);
}

static void
test_store_queue__is_full_by_bytes(void **state)
{
	(void)state;
	world->options.backlog_max_bytes = 10;
	assert_int_equal(push_full("", "123456", 6, 0), 0);
	assert_int_equal(push_full("", "12345", 5, 0), QUEUE_FULL);
	assert_int_equal(push_full("", "1234", 4, 0), 0);
	assert_int_equal(push_full("", "1", 1, 0), QUEUE_FULL);
}

static void
test_store_queue__full_dead_letters_refuse(void **state)
{
	(void)state;
	world->options.dead_max = 1;
	bury_one("no");
	assert_int_equal(push(""), QUEUE_FULL);
	assert_depth(0, 0, 1);
}

/* ---- claiming ---- */

static void
test_store_queue__an_event_is_handed_to_one_consumer_only(void **state)
{
	struct queue_batch batch;

	(void)state;
	assert_int_equal(push("e1"), 0);
	batch = claim(QUEUE_NEW, "one", 1);
	assert_int_equal(batch.events[0].deliveries, 1);
	queue_batch_fini(&batch);
	assert_nothing(QUEUE_NEW, "two");
	assert_nothing(QUEUE_OWN, "two");
}

static void
test_store_queue__own_pending_events_come_again_in_order(void **state)
{
	struct queue_batch batch;
	char first[QUEUE_ID_SIZE];

	(void)state;
	assert_int_equal(push("e1"), 0);
	(void)strcpy(first, last_id);
	assert_int_equal(push("e2"), 0);
	for (int i = 0; i < 2; i++) {
		batch = claim(QUEUE_NEW, "one", 1);
		queue_batch_fini(&batch);
	}
	batch = claim(QUEUE_OWN, "one", 0);
	assert_string_equal(batch.events[0].id, "e1");
	assert_int_equal(batch.events[0].deliveries, 2);
	queue_batch_fini(&batch);
	assert_int_equal(store_queue_claim(store, &batch, QUEUE_OWN, "one",
	                                   first, 0, 10),
	                 0);
	assert_int_equal(batch.n, 1);
	assert_string_equal(batch.events[0].id, "e2");
	queue_batch_fini(&batch);
}

static void
test_store_queue__abandoned_events_are_taken_over_when_idle(void **state)
{
	struct queue_batch batch;

	(void)state;
	assert_int_equal(push("e1"), 0);
	batch = claim(QUEUE_NEW, "dead", 1);
	queue_batch_fini(&batch);
	assert_int_equal(store_queue_claim(store, &batch, QUEUE_ABANDONED,
	                                   "two", "", 60000, 10),
	                 QUEUE_EMPTY);
	clock_sleep_ms(20);
	assert_int_equal(store_queue_claim(store, &batch, QUEUE_ABANDONED,
	                                   "two", "", 10, 10),
	                 0);
	assert_string_equal(batch.events[0].id, "e1");
	queue_batch_fini(&batch);
	batch = claim(QUEUE_OWN, "two", 0);
	queue_batch_fini(&batch);
	assert_nothing(QUEUE_OWN, "dead");
}

static void
test_store_queue__an_event_deleted_by_a_stranger_does_not_stay_pending(
	void **state)
{
	struct queue_batch batch;

	(void)state;
	assert_int_equal(push("e1"), 0);
	batch = claim(QUEUE_NEW, "one", 1);
	queue_batch_fini(&batch);
	(void)store_world_say(world, "XTRIM test:events MAXLEN 0");
	assert_nothing(QUEUE_OWN, "one");
	assert_nothing(QUEUE_OWN, "one");
}

/* ---- settling ---- */

static const struct queue_mark at_till = { "agora", "s:S1" };
static const struct queue_mark at_erp = { "erp", "i:A1" };

static int
settle(const struct event *event)
{
	const struct queue_settlement one = { event, &at_till, 1 };

	return store_queue_settle(store, &one, 1);
}

/* Marks at two accounts, the event named for each. */
static int
settle_twice(const struct event *event)
{
	const struct queue_settlement both[] = {
		{ event, &at_till, 1 },
		{ event, &at_erp, 1 },
	};

	return store_queue_settle(store, both, 2);
}

static void
test_store_queue__a_batch_is_settled_whole_or_not_at_all(void **state)
{
	struct queue_batch batch;
	struct queue_settlement list[3];

	(void)state;
	assert_int_equal(push("e1"), 0);
	assert_int_equal(push("e2"), 0);
	assert_int_equal(push("e3"), 0);
	(void)store_world_say(world, "XGROUP CREATE test:events drain 0");
	assert_int_equal(
		store_queue_claim(store, &batch, QUEUE_NEW, "one", "", 1, 10),
		0);
	assert_int_equal(batch.n, 3);
	for (size_t i = 0; i < 3; i++)
		list[i] = (struct queue_settlement){ &batch.events[i], &at_till,
			                             1 };
	/* The marks cannot be made: no event may be acknowledged. */
	(void)store_world_say(world, "SET test:marks:agora x");
	assert_int_equal(store_queue_settle(store, list, 3), ERR_STORE);
	assert_depth(3, 6, 0);
	(void)store_world_say(world, "DEL test:marks:agora");
	assert_int_equal(store_queue_settle(store, list, 3), 0);
	assert_depth(0, 0, 0);
	assert_nothing(QUEUE_OWN, "one");
	assert_string_equal(store_world_marks(world, "agora"), "s:S1");
	queue_batch_fini(&batch);
}

static void
test_store_queue__settling_makes_the_marks_and_ends_the_event(void **state)
{
	struct queue_batch batch;
	struct mark_batch taken;

	(void)state;
	assert_int_equal(push("e1"), 0);
	batch = claim(QUEUE_NEW, "one", 1);
	assert_int_equal(settle_twice(&batch.events[0]), 0);
	assert_depth(0, 0, 0);
	assert_nothing(QUEUE_OWN, "one");
	assert_string_equal(store_world_marks(world, "agora"), "s:S1");
	taken = store_world_take(world, "erp");
	assert_int_equal(taken.n, 1);
	assert_int_equal(taken.marks[0].cause, MARK_HOOK);
	assert_int_equal(taken.marks[0].origin_ms, 1234567);
	mark_batch_fini(&taken);
	/* Its answer was lost: settling again changes no count. */
	assert_int_equal(settle_twice(&batch.events[0]), 0);
	assert_depth(0, 0, 0);
	queue_batch_fini(&batch);
}

static void
test_store_queue__a_settlement_happens_whole_or_not_at_all(void **state)
{
	struct queue_batch batch;

	(void)state;
	assert_int_equal(push("e1"), 0);
	batch = claim(QUEUE_NEW, "one", 1);
	(void)store_world_say(world, "SET test:marks:agora x");
	assert_int_equal(settle(&batch.events[0]), ERR_STORE);
	queue_batch_fini(&batch);
	assert_depth(1, 2, 0);
	batch = claim(QUEUE_OWN, "one", 0);
	queue_batch_fini(&batch);
}

static void
test_store_queue__a_buried_event_keeps_everything_and_its_reason(void **state)
{
	struct queue_batch batch;

	(void)state;
	bury_one("names nothing");
	assert_depth(0, 0, 1);
	assert_nothing(QUEUE_OWN, "one");
	assert_string_equal(store_world_say(world,
	                                    "HMGET test:dead:event/%s "
	                                    "why account body",
	                                    last_id),
	                    "names nothing agora {}");
	{
		char id[64];

		(void)snprintf(id, sizeof(id), "event/%s", last_id);
		assert_int_equal(store_dead_decide(store, id, DEAD_RETRY), 0);
	}
	assert_depth(1, 2, 0);
	batch = claim(QUEUE_NEW, "one", 1);
	assert_int_equal(batch.events[0].received_ms, 1234567);
	assert_memory_equal(batch.events[0].body, "{}", 2);
	queue_batch_fini(&batch);
}

/* ---- an unkind Redis ---- */

static void
test_store_queue__goes_on_after_everything_was_flushed(void **state)
{
	struct queue_batch batch;
	int r = ERR_STORE;

	(void)state;
	assert_int_equal(push("e1"), 0);
	batch = claim(QUEUE_NEW, "one", 1);
	(void)store_world_say(world, "FLUSHALL"); /* the group is gone, too */
	assert_int_equal(settle(&batch.events[0]), 0);
	queue_batch_fini(&batch);
	assert_int_equal(push("e2"), 0);
	for (int i = 0; r && i < 2; i++)
		r = store_queue_claim(store, &batch, QUEUE_NEW, "one", "", 1,
		                      10);
	assert_int_equal(r, 0);
	assert_string_equal(batch.events[0].id, "e2");
	assert_int_equal(settle(&batch.events[0]), 0);
	queue_batch_fini(&batch);
	assert_depth(0, 0, 0);
}

static void
test_store_queue__loads_its_scripts_again_when_they_were_flushed(void **state)
{
	(void)state;
	assert_int_equal(push("e1"), 0);
	(void)store_world_say(world, "SCRIPT FLUSH");
	assert_int_equal(push("e2"), 0);
	assert_depth(2, 4, 0);
}

static void
test_store_queue__a_connection_that_was_cut_is_made_again(void **state)
{
	unsigned before;

	(void)state;
	assert_int_equal(push("e1"), 0);
	before = store_generation(store);
	(void)store_world_say(world, "CLIENT KILL TYPE normal SKIPME yes");
	assert_int_equal(push("e2"), ERR_STORE); /* SIGPIPE would end us */
	assert_int_equal(push("e2"), 0);
	assert_int_equal(store_generation(store), before + 1);
}

static void
test_store_queue__a_read_only_redis_takes_nothing(void **state)
{
	(void)state;
	(void)store_world_say(world, "CONFIG SET replica-read-only yes");
	(void)store_world_say(world, "REPLICAOF 127.0.0.1 1");
	assert_int_equal(push("e1"), ERR_STORE);
	(void)store_world_say(world, "REPLICAOF NO ONE");
	assert_int_equal(push("e1"), 0);
}

static void
test_store_queue__a_redis_without_memory_takes_nothing_and_settles(void **state)
{
	struct queue_batch batch;

	(void)state;
	assert_int_equal(push("e1"), 0);
	batch = claim(QUEUE_NEW, "one", 1);
	(void)store_world_say(world, "CONFIG SET maxmemory 1");
	assert_int_equal(push("e2"), ERR_STORE);
	assert_int_equal(store_queue_settle(store,
	                                    &(struct queue_settlement){
						    .event = &batch.events[0] },
	                                    1),
	                 0);
	(void)store_world_say(world, "CONFIG SET maxmemory 0");
	queue_batch_fini(&batch);
	assert_int_equal(push("e2"), 0);
	assert_depth(1, 2, 0);
}

static void
test_store_queue__what_was_pushed_survives_a_kill_of_redis(void **state)
{
	static const char *const durable[] = { "--appendonly", "yes",
		                               "--appendfsync", "always",
		                               NULL };
	struct store_world own = { .store = NULL };
	struct queue_batch batch;
	struct store *before = store;

	(void)state;
	store_world_init(&own, durable);
	store = own.store;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 20; i++) {
			char id[16];

			(void)snprintf(id, sizeof(id), "e%d", round * 20 + i);
			assert_int_equal(push(id), 0);
		}
		redis_server_kill(&own.redis);
		assert_int_equal(push("lost"), ERR_STORE);
		redis_server_again(&own.redis, durable);
	}
	for (int i = 0; i < 40; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "e%d", i);
		batch = claim(QUEUE_NEW, "one", 1);
		assert_string_equal(batch.events[0].id, id);
		queue_batch_fini(&batch);
	}
	assert_nothing(QUEUE_NEW, "one");
	assert_int_equal(push("e7"), QUEUE_DUPLICATE);
	store_world_fini(&own);
	store = before;
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_store_queue__gives_back_every_byte_of_an_event),
		EACH(test_store_queue__a_known_id_is_a_duplicate_with_the_first_ones_place),
		EACH(test_store_queue__events_without_an_id_are_never_duplicates),
		EACH(test_store_queue__a_duplicate_is_known_even_when_it_is_full),
		EACH(test_store_queue__is_full_by_bytes),
		EACH(test_store_queue__full_dead_letters_refuse),
		EACH(test_store_queue__an_event_is_handed_to_one_consumer_only),
		EACH(test_store_queue__own_pending_events_come_again_in_order),
		EACH(test_store_queue__abandoned_events_are_taken_over_when_idle),
		EACH(test_store_queue__an_event_deleted_by_a_stranger_does_not_stay_pending),
		EACH(test_store_queue__a_batch_is_settled_whole_or_not_at_all),
		EACH(test_store_queue__settling_makes_the_marks_and_ends_the_event),
		EACH(test_store_queue__a_settlement_happens_whole_or_not_at_all),
		EACH(test_store_queue__a_buried_event_keeps_everything_and_its_reason),
		EACH(test_store_queue__goes_on_after_everything_was_flushed),
		EACH(test_store_queue__loads_its_scripts_again_when_they_were_flushed),
		EACH(test_store_queue__a_connection_that_was_cut_is_made_again),
		EACH(test_store_queue__a_read_only_redis_takes_nothing),
		EACH(test_store_queue__a_redis_without_memory_takes_nothing_and_settles),
		EACH(test_store_queue__what_was_pushed_survives_a_kill_of_redis),
	};

	return cmocka_run_group_tests(tests, store_world_setup,
	                              store_world_teardown);
}
