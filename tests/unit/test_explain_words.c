/*
 * The sentence about a channel, for every state an item can be in: it says what
 * the channel shows, and ends in a reason.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/model/explain.h"

#include <stdio.h>
#include <string.h>

#define NOW_MS INT64_C(1800000000000)

static char ok[] = "ok";
static char empty[] = "";
static char erp[] = "erp";
static char agora[] = "agora";
static char id[] = "agora/O1";
static char typed[] = "GTIN 12";
static char external[] = "Q1";

/* The item at hand: five in erp, shown at agora. */
static struct explain e;
static struct explain_channel c;
static struct explain_entry entries[3];
static struct timeline_line lines[3];

static int
begin(void **state)
{
	const struct explain_health well = { ok, empty, empty, empty, 0, 0 };

	(void)state;
	memset(entries, 0, sizeof(entries));
	c = (struct explain_channel){
		.account = agora,
		.typed = typed,
		.external = external,
		.unresolved = empty,
		.is_configured = true,
		.takes_counts = true,
		.has_target = true,
		.target = decimal_of(5),
		.has_published = true,
		.published = decimal_of(5),
		.health = well,
	};
	e = (struct explain){
		.sku = external,
		.authority = erp,
		.is_bound = true,
		.unresolved = empty,
		.has_balance = true,
		.balance = decimal_of(5),
		.balance_ms = NOW_MS - 300000,
		.entries = entries,
		.lines = lines,
		.health = well,
		.now_ms = NOW_MS,
	};
	return 0;
}

static void
line(enum timeline_kind kind, const char *account, int64_t age_ms,
     const char *text)
{
	timeline_line_set(&lines[e.n_lines++], NOW_MS - age_ms, kind, account,
	                  text);
}

static void
pend(char *state, int64_t qty, int64_t attempts)
{
	entries[e.n_entries++] = (struct explain_entry){
		.id = id,
		.docid = empty,
		.authority = erp,
		.state = state,
		.why = empty,
		.qty = decimal_of(qty),
		.is_pending = true,
		.attempts = attempts,
	};
	e.pending = decimal_add(e.pending, decimal_of(qty));
	c.target = decimal_max(decimal_sub(decimal_of(5), e.pending),
	                       DECIMAL_ZERO);
	c.published = c.target;
}

/* It should show 4, and shows 5. */
static void
lag(void)
{
	e.balance = decimal_of(4);
	c.target = decimal_of(4);
}

static void
says(const char *expected)
{
	struct buf text = BUF_INIT;

	explain_conclude(&text, &e, &c);
	assert_string_equal(buf_text(&text), expected);
	buf_fini(&text);
}

#define LAGS "agora shows 5 and should show 4 (4 in erp): "

/* ---- the number ---- */

static void
test_explain_words__each_state_of_an_entry(void **state)
{
	static const struct {
		const char *state;
		const char *words;
		int64_t attempts;
	} rows[] = {
		{ "ready", "waits to be posted", 0 },
		{ "ready", "not posted yet (attempts: 2)", 2 },
		{ "posting", "is being posted", 1 },
		{ "confirmed", "posted: the next balance contains it", 1 },
		{ "uncertain", "uncertain: decide with tillbridge dead", 1 },
		{ "refused", "refused: retry or drop it with tillbridge dead",
		  1 },
		{ "held", "held: decide with tillbridge dead", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[200];
		char name[16];

		(void)begin(state);
		(void)snprintf(name, sizeof(name), "%s", rows[i].state);
		(void)snprintf(text, sizeof(text),
		               "agora shows 3: 5 in erp, 2 on its way to erp "
		               "(entry agora/O1, %s)",
		               rows[i].words);
		pend(name, 2, rows[i].attempts);
		says(text);
	}
}

static void
test_explain_words__several_entries_are_summed(void **state)
{
	char ready[] = "ready";

	(void)state;
	pend(ready, 2, 0);
	pend(ready, -1, 0);
	says("agora shows 4: 5 in erp, 1 on its way to erp (entry agora/O1, "
	     "waits to be posted; and 1 more)");
}

static void
test_explain_words__a_held_return_is_named_and_not_counted(void **state)
{
	char held[] = "held";

	(void)state;
	pend(held, -1, 0);
	entries[0].is_pending = false;
	e.pending = DECIMAL_ZERO;
	c.target = c.published = decimal_of(5);
	says("agora shows 5: 5 in erp; 1 returned and not counted until a "
	     "person decides (tillbridge dead show entry/agora/O1)");
}

static void
test_explain_words__a_return_that_may_be_inside_already_is_not_counted(
	void **state)
{
	char uncertain[] = "uncertain";

	(void)state;
	pend(uncertain, -1, 1);
	entries[0].is_pending = false;
	e.pending = DECIMAL_ZERO;
	c.target = c.published = decimal_of(5);
	says("agora shows 5: 5 in erp; 1 returned, which erp may contain "
	     "already (entry agora/O1, uncertain: decide with tillbridge "
	     "dead)");
}

static void
test_explain_words__more_sold_than_there_is(void **state)
{
	char ready[] = "ready";

	(void)state;
	pend(ready, 7, 0);
	e.oversold_ms = NOW_MS - 1000;
	e.missing = decimal_of(2);
	says("agora shows 0: 5 in erp, 7 on its way to erp (entry agora/O1, "
	     "waits to be posted); more was sold than there is, by 2");
}

/* The ERP's own balance may be below zero without any sale. */
static void
test_explain_words__a_negative_balance_is_no_overselling(void **state)
{
	(void)state;
	e.balance = decimal_of(-3);
	c.target = c.published = DECIMAL_ZERO;
	says("agora shows 0: -3 in erp");
}

static void
test_explain_words__an_entry_that_is_asked_for_needs_nobody(void **state)
{
	static const struct {
		const char *words;
		int64_t in_ms;
	} rows[] = {
		{ ", next in 25 s", 25000 },
		{ ", about now", 0 },
		{ "", -1 },
	};
	char uncertain[] = "uncertain";

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[200];

		(void)begin(state);
		pend(uncertain, 2, 1);
		entries[0].is_asked = true;
		entries[0].asked_in_ms = rows[i].in_ms;
		(void)snprintf(text, sizeof(text),
		               "agora shows 3: 5 in erp, 2 on its way to erp "
		               "(entry agora/O1, uncertain: it is looked up at "
		               "erp automatically%s)",
		               rows[i].words);
		says(text);
	}
}

static void
test_explain_words__what_is_kept_back(void **state)
{
	(void)state;
	c.reserve = decimal_of(2);
	c.target = c.published = decimal_of(3);
	says("agora shows 3: 5 in erp, 2 kept back");
	c.reserve = decimal_of(6);
	c.target = c.published = DECIMAL_ZERO;
	says("agora shows 0: 5 in erp, 6 kept back");
}

static void
test_explain_words__an_authority_that_changes(void **state)
{
	static char till[] = "till";

	(void)state;
	e.next = till;
	says("agora shows 5: 5 in erp; till keeps its stock when nothing is "
	     "pending");
}

/* ---- a balance that is old, or none ---- */

static void
test_explain_words__a_wait_of_our_own_is_not_the_vendors(void **state)
{
	static char waiting[] = "waiting";
	static char ours[] = "our own limit: all 9 calls of 2026-11 are used";
	static char theirs[] = "http 429";

	(void)state;
	c.published = decimal_of(4);
	c.health.state = waiting;
	c.health.why = ours;
	says("agora shows 4 and should show 5 (5 in erp): agora is not called "
	     "for now (our own limit: all 9 calls of 2026-11 are used)");
	c.health.why = theirs;
	says("agora shows 4 and should show 5 (5 in erp): agora is waited for, "
	     "as it asked us to (http 429)");
}

static void
test_explain_words__an_authority_that_does_not_answer(void **state)
{
	static char open[] = "open";
	static char why[] = "timed out";

	(void)state;
	e.health.breaker = open;
	e.health.why = why;
	says("agora shows 5: 5 in erp; erp is not answering, tried again by "
	     "itself (timed out), so this is what it was 5 min ago");
	e.balance_ms = NOW_MS - 2000; /* one call that failed */
	says("agora shows 5: 5 in erp");
}

static void
test_explain_words__an_answer_that_did_not_name_it(void **state)
{
	(void)state;
	line(TIMELINE_LEFT, "erp", 4000,
	     "balance unknown: the answer does not name it");
	says("agora shows 5: 5 in erp; erp: balance unknown: the answer does "
	     "not name it, so this is what it was 5 min ago");
	line(TIMELINE_READ, "erp", 2000, "balance 5, was 5");
	says("agora shows 5: 5 in erp");
}

static void
test_explain_words__a_balance_that_is_not_known(void **state)
{
	static char unresolved[] = "not known there yet";
	static char open[] = "open";
	static char why[] = "refused";

	(void)state;
	e.has_balance = c.has_target = c.has_published = false;
	says("agora was not written yet and is left alone: the balance in erp "
	     "is not known: the next sync reads it");
	e.unknown_ms = NOW_MS - 180000;
	says("agora was not written yet and is left alone: the balance in erp "
	     "is not known: the next sync reads it (not known for 3 min)");
	e.unresolved = unresolved;
	e.health.breaker = open;
	e.health.why = why;
	says("agora was not written yet and is left alone: the balance in erp "
	     "is not known, its binding is unresolved: not known there yet; "
	     "erp is not answering, tried again by itself (refused) (not known "
	     "for 3 min)");
	e.is_bound = false;
	says("agora was not written yet and is left alone: the balance in erp "
	     "is not known, the item is not bound there (not known for 3 "
	     "min)");
}

/* ---- what stands in the way ---- */

static void
test_explain_words__a_count_that_the_channel_does_not_name(void **state)
{
	(void)state;
	lag();
	line(TIMELINE_WRITTEN, "agora", 400000, "showed 4, target 5; written");
	line(TIMELINE_LEFT, "agora", 200000,
	     "not written: the answer does not name it");
	c.mark = (struct explain_mark){ true, 'h', NOW_MS + 40000 };
	says(LAGS "not written: the answer does not name it, for 3 min now; "
	          "it is looked at again in 40 s");
}

static void
test_explain_words__a_look_that_is_due(void **state)
{
	(void)state;
	lag();
	line(TIMELINE_LEFT, "agora", 200000, "not written: an old reason");
	c.mark = (struct explain_mark){ true, 'h', 0 };
	says(LAGS "a look is due, a call named it");
	line(TIMELINE_WRITTEN, "agora", 1000, "showed 4, target 5; written");
	c.mark.at_ms = NOW_MS + 2000;
	says(LAGS "a look is due in 2 s, a call named it");
	c.mark.is_due = false;
	says(LAGS "no look is due, the next sync compares it");
}

static void
test_explain_words__what_a_sync_found_waits_for_its_end(void **state)
{
	(void)state;
	lag();
	c.is_in_sync = true;
	says(LAGS "a sync has just found it, and it is written when that ends");
	c.mark = (struct explain_mark){ true, 'h', 0 };
	says(LAGS "a look is due, a call named it");
}

static void
test_explain_words__a_fall_without_a_sale(void **state)
{
	(void)state;
	lag();
	c.suspect_ms = NOW_MS - 5000;
	says(LAGS "its count fell without a known sale, and is looked at once "
	          "more before it is corrected");
}

static void
test_explain_words__a_zero_that_is_held(void **state)
{
	(void)state;
	e.balance = c.target = DECIMAL_ZERO;
	c.held_ms = NOW_MS - 5000;
	says("agora shows 5 and should show 0 (0 in erp): its zero is held for "
	     "a person, because a sync would set too many items to zero "
	     "(tillbridge dead retry hold/agora releases them)");
}

static void
test_explain_words__a_paused_channel_says_so_even_when_it_is_right(void **state)
{
	(void)state;
	c.is_paused = true;
	says("agora shows 5: 5 in erp; agora is paused");
	lag();
	says(LAGS "agora is paused");
}

/* ---- nothing to say about a number ---- */

static void
test_explain_words__a_channel_without_a_number(void **state)
{
	static char why[] = "nothing there has this GTIN";

	(void)state;
	c.takes_counts = false;
	says("agora takes no counts: it shows its own");
	c.external = empty;
	c.unresolved = why;
	says("agora is not bound yet: \"GTIN 12\" is unresolved: nothing there "
	     "has this GTIN");
	c.is_configured = false;
	says("agora is no longer configured: nothing is written there");
}

static void
test_explain_words__spans_are_short(void **state)
{
	char text[EXPLAIN_SPAN_SIZE];

	(void)state;
	assert_string_equal(explain_span(text, -5), "0 s");
	assert_string_equal(explain_span(text, 119000), "119 s");
	assert_string_equal(explain_span(text, 120000), "2 min");
	assert_string_equal(explain_span(text, 7200000), "2 h");
	assert_string_equal(explain_span(text, 172800000), "2 days");
}

#define EACH(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_explain_words__each_state_of_an_entry),
		EACH(test_explain_words__several_entries_are_summed),
		EACH(test_explain_words__a_held_return_is_named_and_not_counted),
		EACH(test_explain_words__a_return_that_may_be_inside_already_is_not_counted),
		EACH(test_explain_words__more_sold_than_there_is),
		EACH(test_explain_words__a_negative_balance_is_no_overselling),
		EACH(test_explain_words__an_entry_that_is_asked_for_needs_nobody),
		EACH(test_explain_words__what_is_kept_back),
		EACH(test_explain_words__an_authority_that_changes),
		EACH(test_explain_words__a_wait_of_our_own_is_not_the_vendors),
		EACH(test_explain_words__an_authority_that_does_not_answer),
		EACH(test_explain_words__an_answer_that_did_not_name_it),
		EACH(test_explain_words__a_balance_that_is_not_known),
		EACH(test_explain_words__a_count_that_the_channel_does_not_name),
		EACH(test_explain_words__a_look_that_is_due),
		EACH(test_explain_words__what_a_sync_found_waits_for_its_end),
		EACH(test_explain_words__a_fall_without_a_sale),
		EACH(test_explain_words__a_zero_that_is_held),
		EACH(test_explain_words__a_paused_channel_says_so_even_when_it_is_right),
		EACH(test_explain_words__a_channel_without_a_number),
		EACH(test_explain_words__spans_are_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
