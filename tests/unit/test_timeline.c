/*
 * Timelines: what happened to an item, cheap and bounded.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_timeline.h"
#include "tests/support/engine_world.h"
#include "tests/support/fake_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct engine_world *world;
static struct store *store;
static struct fake_adapter *erp;
static struct fake_adapter *agora;

static int
begin(void **state)
{
	world = *state;
	store = world->base.store;
	store_timeline_flush(store); /* what the test before left waiting */
	(void)engine_world_empty(state);
	erp = world->erp.state;
	agora = world->agora.state;
	return 0;
}

/* The item's lines, "account kind text" each. Static until the next call. */
static const char *
told(const char *sku)
{
	static char text[16384];
	struct timeline_line *lines = NULL;
	size_t n = 0;
	size_t at = 0;

	store_timeline_flush(store);
	assert_int_equal(store_timeline_read(store, &lines, &n, sku), 0);
	text[0] = '\0';
	for (size_t i = 0; i < n && at < sizeof(text); i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
		                       "%s %s %s\n", lines[i].account,
		                       timeline_kind_name(lines[i].kind),
		                       lines[i].text);
	free(lines);
	return text;
}

static void
assert_told(const char *part)
{
	const char *text = told("A1");

	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void
assert_untold(const char *part)
{
	const char *text = told("A1");

	if (strstr(text, part))
		fail_msg("\"%s\" is in:\n%s", part, text);
}

static void
add(const char *text)
{
	store_timeline_add(store, "A1", clock_wall_ms(), TIMELINE_LEFT, "agora",
	                   "%s", text);
}

/* An item at rest with nothing told of it. */
static void
make_item(const char *qty)
{
	engine_world_item(world, "A1", qty);
	store_timeline_flush(store);
	(void)store_world_say(&world->base, "DEL test:line:A1");
}

/* ---- the text of a line ---- */

static void
test_timeline__a_line_survives_its_stored_form(void **state)
{
	struct timeline_line line;
	struct timeline_line back;
	struct buf text = BUF_INIT;

	(void)state;
	timeline_line_set(&line, 1800000000123, TIMELINE_SALE, "agora",
	                  "two\tof\nthem");
	timeline_line_format(&text, &line);
	assert_string_equal(buf_text(&text),
	                    "1800000000123 s agora two of them");
	assert_int_equal(timeline_line_parse(&back, buf_text(&text)), 0);
	assert_true(timeline_line_is_same(&line, &back));
	buf_reset(&text);
	line.n = 3;
	line.last_ms += 500;
	timeline_line_format(&text, &line);
	assert_int_equal(timeline_line_parse(&back, buf_text(&text)), 0);
	assert_int_equal(back.at_ms, 1800000000123);
	assert_int_equal(back.last_ms, 1800000000623);
	assert_int_equal(back.n, 3);
	buf_fini(&text);
}

static void
test_timeline__nonsense_is_no_line(void **state)
{
	static const char *const nonsense[] = {
		"",
		"x",
		"12",
		"12 ",
		"12 s",
		"12 s agora", /* no text, not even an empty one */
		"12 ? agora x",
		"12+3 s agora x",
		"12+3*0 s agora x",
		"12+3*-1 s agora x",
		"12 s "
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aa"
		" x",
	};
	struct timeline_line line;

	(void)state;
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(*nonsense); i++)
		assert_int_equal(timeline_line_parse(&line, nonsense[i]),
		                 TIMELINE_MALFORMED);
	assert_int_equal(timeline_line_parse(&line, "12 s agora "), 0);
}

static void
test_timeline__long_text_is_cut_between_characters(void **state)
{
	char text[TIMELINE_TEXT_MAX + 10];
	struct timeline_line line;

	(void)state;
	memset(text, 'a', sizeof(text));
	/* Two bytes, the second beyond the limit. */
	(void)snprintf(text + TIMELINE_TEXT_MAX - 1, 11, "%s",
	               "\xC3\xA9\xC3\xA9");
	timeline_line_set(&line, 1, TIMELINE_LEFT, "agora", text);
	assert_int_equal(strlen(line.text), TIMELINE_TEXT_MAX - 1);
}

/* ---- the store ---- */

static void
test_timeline__lines_wait_in_memory_and_go_together(void **state)
{
	int64_t due_ms;

	(void)state;
	assert_int_equal(store_timeline_settle(store), 0);
	add("one");
	add("two");
	store_timeline_add(store, "B2", clock_wall_ms(), TIMELINE_HOOK, "erp",
	                   "a call");
	due_ms = store_timeline_settle(store);
	assert_true(due_ms > 0);
	assert_string_equal(
		store_world_say(&world->base, "EXISTS test:line:A1"), "0");
	fake_clock_advance(due_ms);
	(void)store_world_say(&world->base, "CONFIG RESETSTAT");
	assert_int_equal(store_timeline_settle(store), 0);
	assert_non_null(
		strstr(store_world_say(&world->base, "INFO commandstats"),
	               "cmdstat_evalsha:calls=1,"));
	assert_string_equal(told("A1"), "agora left one\nagora left two\n");
	assert_string_equal(told("B2"), "erp hook a call\n");
	assert_int_equal(store_timeline_settle(store), 0);
}

static void
test_timeline__an_item_keeps_the_last_forty(void **state)
{
	char text[32];

	(void)state;
	for (int i = 0; i < 45; i++) {
		(void)snprintf(text, sizeof(text), "line %d.", i);
		add(text);
		if (i % 7 == 0)
			store_timeline_flush(store);
	}
	assert_untold("line 4.");
	assert_told("line 5.");
	assert_told("line 44.");
	assert_string_equal(store_world_say(&world->base, "LLEN test:line:A1"),
	                    "40");
}

static void
test_timeline__it_goes_a_week_after_the_last_line(void **state)
{
	(void)state;
	add("one");
	store_timeline_flush(store);
	(void)store_world_say(&world->base, "EXPIRE test:line:A1 100");
	add("two");
	store_timeline_flush(store);
	assert_string_equal(store_world_say(&world->base, "TTL test:line:A1"),
	                    "604800");
}

static void
test_timeline__the_same_again_and_again_is_one_line(void **state)
{
	struct timeline_line *lines = NULL;
	size_t n = 0;

	(void)state;
	add("no answer");
	add("no answer");
	store_timeline_flush(store);
	fake_clock_advance(1000);
	add("no answer");
	store_timeline_flush(store);
	fake_clock_advance(1000);
	add("no answer");
	store_timeline_flush(store);
	assert_int_equal(store_timeline_read(store, &lines, &n, "A1"), 0);
	assert_int_equal(n, 1);
	assert_int_equal(lines[0].n, 4);
	assert_int_equal(lines[0].at_ms, ENGINE_WORLD_NOW_MS);
	assert_int_equal(lines[0].last_ms, ENGINE_WORLD_NOW_MS + 2000);
	free(lines);
}

static void
test_timeline__lines_are_read_by_their_time(void **state)
{
	(void)state;
	add("second");
	store_timeline_flush(store);
	store_timeline_add(store, "A1", clock_wall_ms() - 5, TIMELINE_HOOK,
	                   "erp", "first");
	assert_string_equal(told("A1"), "erp hook first\nagora left second\n");
}

static void
test_timeline__very_many_lines_are_written_in_pieces(void **state)
{
	char sku[16];

	(void)state;
	for (int i = 0; i < 1200; i++) {
		(void)snprintf(sku, sizeof(sku), "S%d", i);
		store_timeline_add(store, sku, 1, TIMELINE_FOUND, "erp", "x");
	}
	assert_string_equal(told("S0"), "erp found x\n");
	assert_string_equal(told("S1199"), "erp found x\n");
}

static void
test_timeline__a_redis_that_is_away_costs_the_lines_only(void **state)
{
	(void)state;
	add("lost");
	redis_server_kill(&world->base.redis);
	store_timeline_flush(store);
	assert_int_equal(store_timeline_settle(store), 0);
	redis_server_again(&world->base.redis, NULL);
	(void)store_ping(store, NULL);
	add("kept");
	assert_told("kept");
	assert_untold("lost");
}

/* ---- what the engine tells ---- */

static void
look(struct worker *w, enum mark_cause cause)
{
	engine_world_mark(world, w, "i:A1", cause);
	engine_world_rest(world);
}

static void
test_timeline__a_change_is_told_from_the_balance_to_the_till(void **state)
{
	(void)state;
	make_item("5");
	fake_adapter_set(erp, "E-A1", "7");
	look(&world->erp, MARK_HOOK);
	assert_told("erp read balance 7, was 5 (asked 0 ms before)\n");
	assert_told("agora written showed 5, target 7 (balance 7, pending 0, "
	            "reserve 0); written\n");
	assert_told("kiosk written showed 5, target 7");
}

static void
test_timeline__a_sync_that_finds_nothing_new_tells_nothing(void **state)
{
	(void)state;
	make_item("5");
	engine_world_mark(world, &world->erp, MARK_FULL, MARK_SYNC);
	engine_world_mark(world, &world->agora, MARK_FULL, MARK_SYNC);
	look(&world->agora, MARK_SYNC);
	look(&world->erp, MARK_SYNC);
	assert_string_equal(told("A1"), "");
}

static void
test_timeline__a_sync_tells_what_it_finds(void **state)
{
	(void)state;
	make_item("5");
	fake_adapter_set(erp, "E-A1", "6");
	engine_world_mark(world, &world->erp, MARK_FULL, MARK_SYNC);
	engine_world_rest(world);
	assert_told("erp found a sync found the balance 6, was 5\n");
	assert_told("agora written showed 5, target 6");
	fake_adapter_set(agora, "A-A1", "9");
	engine_world_mark(world, &world->agora, MARK_FULL, MARK_SYNC);
	engine_world_rest(world);
	assert_told("agora found a sync found the count 9, was 6\n");
	assert_told("agora drift showed 9, target 6 (balance 6, pending 0, "
	            "reserve 0); corrected: it had moved without a sale\n");
}

static void
test_timeline__a_sale_is_told_with_its_entry(void **state)
{
	(void)state;
	make_item("5");
	fake_clock_advance(1000);
	fake_adapter_sell(agora, "O1", "A-A1", "2");
	look(&world->agora, MARK_HOOK);
	assert_told("agora sale O1: 2 sold; entry agora/O1 for erp is "
	            "ready\n");
	assert_told("erp entry agora/O1 (2, docid ");
	assert_told(") posted and confirmed\n");
}

static void
test_timeline__a_persons_decision_is_told(void **state)
{
	(void)state;
	make_item("5");
	fake_clock_advance(1000);
	fake_adapter_next(erp, "post",
	                  outcome_of(VERDICT_UNCERTAIN, "no answer"), false);
	erp->has_no_look_up = true;
	fake_adapter_sell(agora, "O1", "A-A1", "2");
	look(&world->agora, MARK_HOOK);
	assert_told(") uncertain: no answer\n");
	assert_int_equal(store_ledger_decide(store, "agora/O1", DEAD_DROP), 0);
	assert_told("erp entry agora/O1 dropped by a person");
}

static void
test_timeline__what_is_not_written_says_why(void **state)
{
	(void)state;
	make_item("5");
	fake_adapter_set(agora, "A-A1", "4"); /* and no sale says so */
	look(&world->agora, MARK_HOOK);
	assert_told("agora left showed 4, target 5 (balance 5, pending 0, "
	            "reserve 0); not written: it fell without a known sale and "
	            "is looked at once more\n");
	fake_adapter_count(agora, "A-A1")->is_known = false;
	look(&world->agora, MARK_HOOK);
	assert_told("agora left not written: the answer does not name it\n");
	fake_adapter_count(erp, "E-A1")->is_known = false;
	look(&world->erp, MARK_HOOK);
	assert_told("erp left balance unknown: the answer does not name it\n");
}

static void
test_timeline__an_outage_is_told_once(void **state)
{
	(void)state;
	make_item("5");
	for (int i = 0; i < 5; i++)
		fake_adapter_next(agora, "read_counts",
		                  outcome_of(VERDICT_RETRY, "refused"), false);
	for (int i = 0; i < 5; i++) {
		look(&world->agora, MARK_HOOK);
		fake_clock_advance(40000);
	}
	assert_string_equal(told("A1"), "agora left count not read: refused\n");
}

/* While the answer is under way, an entry of the item is confirmed. */
static void
confirm_meanwhile(struct fake_adapter *f, const char *call)
{
	if (strcmp(call, "read_counts") != 0)
		return;
	f->after = NULL;
	fake_clock_advance(20);
	(void)store_world_say(&world->base,
	                      "HSET test:pend:A1 agora/O9 \"C 1 999999\"");
}

static void
test_timeline__a_read_that_counts_for_nothing_says_so(void **state)
{
	(void)state;
	make_item("5");
	erp->after = confirm_meanwhile;
	fake_adapter_set(erp, "E-A1", "4");
	engine_world_mark(world, &world->erp, "i:A1", MARK_HOOK);
	engine_world_turn(&world->erp);
	assert_told("erp read balance 4, was 5 (asked 20 ms before); not used");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			test_timeline__a_line_survives_its_stored_form, begin),
		cmocka_unit_test_setup(test_timeline__nonsense_is_no_line,
		                       begin),
		cmocka_unit_test_setup(
			test_timeline__long_text_is_cut_between_characters,
			begin),
		cmocka_unit_test_setup(
			test_timeline__lines_wait_in_memory_and_go_together,
			begin),
		cmocka_unit_test_setup(
			test_timeline__an_item_keeps_the_last_forty, begin),
		cmocka_unit_test_setup(
			test_timeline__it_goes_a_week_after_the_last_line,
			begin),
		cmocka_unit_test_setup(
			test_timeline__the_same_again_and_again_is_one_line,
			begin),
		cmocka_unit_test_setup(
			test_timeline__lines_are_read_by_their_time, begin),
		cmocka_unit_test_setup(
			test_timeline__very_many_lines_are_written_in_pieces,
			begin),
		cmocka_unit_test_setup(
			test_timeline__a_change_is_told_from_the_balance_to_the_till,
			begin),
		cmocka_unit_test_setup(
			test_timeline__a_sync_that_finds_nothing_new_tells_nothing,
			begin),
		cmocka_unit_test_setup(
			test_timeline__a_sync_tells_what_it_finds, begin),
		cmocka_unit_test_setup(
			test_timeline__a_sale_is_told_with_its_entry, begin),
		cmocka_unit_test_setup(
			test_timeline__a_persons_decision_is_told, begin),
		cmocka_unit_test_setup(
			test_timeline__what_is_not_written_says_why, begin),
		cmocka_unit_test_setup(test_timeline__an_outage_is_told_once,
		                       begin),
		cmocka_unit_test_setup(
			test_timeline__a_read_that_counts_for_nothing_says_so,
			begin),
		cmocka_unit_test_setup(
			test_timeline__a_redis_that_is_away_costs_the_lines_only,
			begin),
	};

	return cmocka_run_group_tests(tests, engine_world_setup,
	                              engine_world_teardown);
}
