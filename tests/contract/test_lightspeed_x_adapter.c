/*
 * Lightspeed X's own rules, against the simulated till itself: it is asked by
 * function call, so that each call of the adapter can be lost, refused or be
 * the last one before a crash. The clock stands still unless it is moved.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "adapters/adapters.h"
#include "gateway/base/clock.h"
#include "gateway/drivers/http_client.h"
#include "tests/sim/lightspeed_x.h"
#include "tests/support/adapter_rig.h"
#include "tests/support/adapter_sink.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_mirror.h"
#include "tests/support/till_wire.h"
#include "tests/support/till_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN "pl4nted-lightspeed-4711"
#define HOST  "https://market.test"
#define URL   "https://hooks.example.com/hooks/market"

#define OUTLET   "0a000001-0000-4000-8000-000000000001"
#define REGISTER "0a000002-0000-4000-8000-000000000001"
#define USER     "0a000003-0000-4000-8000-000000000001"
#define PAYMENT  "0a000004-0000-4000-8000-000000000001"
#define P1       "0a000006-0000-4000-8000-000000000001"
#define P2       "0a000006-0000-4000-8000-000000000002"
#define P3       "0a000006-0000-4000-8000-000000000003"
#define NOBODY   "0a000006-0000-4000-8000-00000000ffff"

/* Later than any day this is run on: the till's clock only goes on. */
#define NOW_S INT64_C(4000000000)

/* ---- a till, and the adapter that calls it ---- */

/* What is said for the till at one path. */
struct said {
	const char *method;
	const char *path; /* NULL: nothing is */
	int status;
	const char *first;
	const char *then; /* from the second time on */
	unsigned n;
};

struct rig {
	struct till_world at;
	struct lightspeed_x till;
	struct till_wire wire;
	struct conf_section *conf;
	struct mirror *mirror;
	struct http_client *http;
	void *state;
	const char *media; /* bodies of another type are refused; NULL: none */
	const char *fixed; /* the answer to everything; NULL: the till's */
	struct said said;
	int64_t time_out_ms; /* passes in a call that has trouble */
};

static struct rig *in_hand; /* whose calls are served */

static bool
is_other_media(const struct rig *rig, const struct http_request *q)
{
	for (size_t i = 0; rig->media && q->body && i < q->n_headers; i++)
		if (strcmp(q->headers[i].name, "Content-Type") == 0)
			return strcmp(q->headers[i].value, rig->media) != 0;
	return false;
}

static void
serve(void *till, const struct http_call *call, struct server_reply *reply)
{
	struct said *said = &in_hand->said;

	if (!said->path || strcmp(call->path, said->path) != 0 ||
	    strcmp(call->method, said->method) != 0) {
		lsx_serve(till, call, reply);
		return;
	}
	reply->status = said->status;
	buf_adds(&reply->body, said->n++ ? said->then : said->first);
}

/* then: NULL: first again and again */
static void
say(struct rig *rig, const char *method, const char *path, int status,
    const char *first, const char *then)
{
	rig->said =
		(struct said){ method, path, status, first, then ? then : first,
		               0 };
}

static int
answer_call(void *ctx, const struct http_request *q, struct http_answer *answer)
{
	struct rig *rig = ctx;

	if (rig->wire.n_calls + 1 == rig->wire.bad_call)
		fake_clock_advance(rig->time_out_ms);
	if (!is_other_media(rig, q) && rig->fixed == NULL)
		return till_wire_call(&rig->wire, q, answer);
	rig->wire.n_calls++;
	till_wire_note(&rig->wire, q);
	answer->status = is_other_media(rig, q) ? 415 : 200;
	if (answer->status == 200)
		buf_adds(&answer->body, rig->fixed);
	return 0;
}

static void
open_state(struct rig *rig)
{
	const struct adapter_env env = { .conf = rig->conf,
		                         .http = rig->http,
		                         .mirror = rig->mirror };

	assert_int_equal(lightspeed_x_adapter.open(&rig->state, &env), 0);
}

/* A crash: what the process knew is gone, what it noted is not. */
static void
start_again(struct rig *rig)
{
	lightspeed_x_adapter.close(rig->state);
	open_state(rig);
}

static const struct conf_row hook_rows[] = {
	{ .key = "hook.token",
	  .kind = CONF_SECRETS,
	  .meaning = "As the handler has it." },
	{ .key = NULL },
};

static void
configure(struct rig *rig, const char *more)
{
	const struct conf_type type = { .name = "lightspeed_x",
		                        .rows = lightspeed_x_adapter.options,
		                        .hook = hook_rows };
	char *json =
		text_format("{\"url\":\"" HOST "\",\"access_token\":"
	                    "\"" TOKEN "\",\"outlet\":\"" OUTLET "\","
	                    "\"register\":\"" REGISTER "\",\"user\":"
	                    "\"" USER "\",\"payment_type\":\"" PAYMENT "\"%s}",
	                    more);

	adapter_rig_configure(&rig->conf, &type, json);
}

static int
rig_open(void **state)
{
	const struct lsx_options options = { .token = TOKEN,
		                             .client_id = "client-x" };
	struct rig *rig = sim_alloc(sizeof(*rig));

	in_hand = rig;
	fake_clock_start(NOW_S * 1000, 1000);
	till_world_open(&rig->at, 1);
	lsx_init(&rig->till, &rig->at.sim, &options);
	rig->wire =
		(struct till_wire){ .host = HOST,
		                    .root = HOST "/api/",
		                    .serve = serve,
		                    .till = &rig->till,
		                    .more = { "User-Agent", "tillbridge" } };
	rig->till.is.calls_max = 1000000;
	rig->at.sim.last_us = clock_wall_ms() * 1000;
	rig->mirror = fake_mirror_new();
	assert_int_equal(http_client_new_fake(&rig->http, answer_call, rig), 0);
	configure(rig, "");
	open_state(rig);
	*state = rig;
	return 0;
}

static int
rig_close(void **state)
{
	struct rig *rig = *state;

	lightspeed_x_adapter.close(rig->state);
	http_client_free(rig->http);
	fake_mirror_free(rig->mirror);
	conf_section_free(rig->conf);
	till_wire_fini(&rig->wire);
	lsx_fini(&rig->till);
	till_world_close(&rig->at);
	free(rig);
	fake_clock_stop();
	return 0;
}

/* Another rig in the place of this one, for rows. */
static struct rig *
renew(void **state)
{
	(void)rig_close(state);
	(void)rig_open(state);
	return *state;
}

static void
change(struct rig *rig, const char *what, const char *body)
{
	adapter_rig_order(&lsx_hands, &rig->till, what, body);
}

static struct lsx_thing *
thing(struct rig *rig, const char *product)
{
	struct lsx_thing *t = lsx_find(&rig->till, product);

	assert_non_null(t);
	return t;
}

/* Both clocks, ours and the till's. */
static void
advance(struct rig *rig, int64_t ms)
{
	fake_clock_advance(ms);
	rig->at.sim.last_us = clock_wall_ms() * 1000;
}

static struct decimal
dec(const char *text)
{
	struct decimal d;

	assert_int_equal(decimal_parse(&d, text), 0);
	return d;
}

static void
assert_decimal(struct decimal d, const char *expected)
{
	char text[DECIMAL_TEXT_SIZE];

	assert_string_equal(decimal_format(text, d), expected);
}

static void
assert_count(struct rig *rig, const char *product, const char *expected)
{
	assert_decimal(thing(rig, product)->levels[0].count, expected);
}

static void
set_count(struct rig *rig, const char *product, const char *count)
{
	char *body = text_format("{\"product\":\"%s\",\"quantity\":\"%s\"}",
	                         product, count);

	change(rig, "count", body);
	free(body);
}

/* ---- counts: read ---- */

static struct outcome
look(struct rig *rig, struct count *counts, size_t n)
{
	return lightspeed_x_adapter.read_counts(rig->state, counts, n);
}

static void
test_lightspeed_x__many_items_are_one_call_and_one_outlet(void **state)
{
	struct rig *rig = *state;
	struct count counts[] = { { .external = P1 },
		                  { .external = P2 },
		                  { .external = P3 } };

	set_count(rig, P1, "41.25");
	set_count(rig, P2, "-10");
	set_count(rig, P3, "0");
	change(rig, "count",
	       "{\"product\":\"" P1 "\",\"outlet\":2,\"quantity\":7}");
	assert_int_equal(look(rig, counts, 3).verdict, VERDICT_DONE);
	assert_string_equal(buf_text(&rig->wire.log),
	                    "POST 2026-07/inventory_levels\n");
	for (size_t i = 0; i < 3; i++)
		assert_true(counts[i].is_known);
	assert_decimal(counts[0].qty, "41.25");
	assert_decimal(counts[1].qty, "-10");
	assert_decimal(counts[2].qty, "0");
}

static void
test_lightspeed_x__what_has_no_count_is_refused_with_the_reason(void **state)
{
	static const struct {
		const char *order;
		const char *product;
		const char *why;
	} rows[] = {
		{ NULL, NOBODY, "there is none with this id" },
		{ "{\"product\":\"" P2 "\",\"tracked\":false}", P2,
		  "not tracked" },
		{ "{\"product\":\"" P2 "\",\"deleted\":true}", P2, "deleted" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rig *rig = renew(state);
		struct count counts[] = { { .external = P1 },
			                  { .external = rows[i].product } };

		if (rows[i].order)
			change(rig, "product", rows[i].order);
		assert_int_equal(look(rig, counts, 2).verdict, VERDICT_DONE);
		assert_true(counts[0].is_known);
		assert_false(counts[1].is_known);
		assert_int_equal(counts[1].outcome.verdict, VERDICT_REFUSED);
		if (!strstr(counts[1].outcome.why, rows[i].why))
			fail_msg("%s", counts[1].outcome.why);
		/* Nor is it written, while others of the batch are. */
		counts[0].qty = dec("3");
		counts[1].qty = dec("3");
		assert_int_equal(lightspeed_x_adapter
		                         .write_counts(rig->state, counts, 2,
		                                       clock_wall_ms())
		                         .verdict,
		                 VERDICT_DONE);
		assert_int_equal(counts[0].outcome.verdict, VERDICT_DONE);
		assert_int_equal(counts[1].outcome.verdict, VERDICT_REFUSED);
		assert_count(rig, P1, "3");
		assert_int_equal(rig->till.n_adjustments, 1);
	}
}

/* Many at once are not asked for one by one. */
static void
test_lightspeed_x__of_many_without_a_count_only_some_are_asked_for(void **state)
{
	struct rig *rig = *state;
	struct count counts[100] = { { 0 } };
	char ids[100][LSX_ID_SIZE];

	for (int i = 0; i < 100; i++) {
		lsx_id(ids[i], LSX_PRODUCT, 5000 + i);
		counts[i].external = ids[i];
	}
	assert_int_equal(look(rig, counts, 100).verdict, VERDICT_DONE);
	assert_in_range(rig->wire.n_calls, 2, 20);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(counts[i].outcome.verdict, VERDICT_REFUSED);
}

/* One product that cannot be asked about is not all of them. */
static void
test_lightspeed_x__a_product_that_cannot_be_asked_about_is_alone(void **state)
{
	static const int refusing[] = { 400, 410, 422, 500, 503 };

	for (size_t i = 0; i < sizeof(refusing) / sizeof(*refusing); i++) {
		struct rig *rig = renew(state);
		struct count counts[] = { { .external = P2 },
			                  { .external = P1 } };

		set_count(rig, P1, "10");
		change(rig, "product",
		       "{\"product\":\"" P2 "\",\"tracked\":false}");
		say(rig, "GET", "/api/2.0/products/" P2, refusing[i],
		    "{\"error\":\"trouble with this one\"}", NULL);
		assert_int_equal(look(rig, counts, 2).verdict, VERDICT_DONE);
		assert_true(counts[1].is_known);
		assert_decimal(counts[1].qty, "10");
		assert_false(counts[0].is_known);
		assert_int_equal(counts[0].outcome.verdict, VERDICT_REFUSED);
		if (!strstr(counts[0].outcome.why, "trouble with this one"))
			fail_msg("%s", counts[0].outcome.why);
	}
}

/* What is about the account is about all of the batch. */
static void
test_lightspeed_x__a_token_that_ends_meanwhile_is_said_of_all(void **state)
{
	static const struct {
		int status;
		enum verdict verdict;
	} rows[] = { { 403, VERDICT_LOCKED }, { 429, VERDICT_SLOW } };

	for (size_t i = 0; i < 2; i++) {
		struct rig *rig = renew(state);
		struct count counts[] = { { .external = P1 },
			                  { .external = NOBODY } };

		say(rig, "GET", "/api/2.0/products/" NOBODY, rows[i].status,
		    "{\"error\":\"no\"}", NULL);
		assert_int_equal(look(rig, counts, 2).verdict, rows[i].verdict);
		assert_false(counts[0].is_known);
	}
}

/* The vendor reckons in doubles. */
static void
test_lightspeed_x__a_level_of_a_double_is_a_count(void **state)
{
	static const struct {
		const char *level;
		const char *count; /* NULL: refused, as no number */
	} rows[] = {
		{ "2.9999999999999996", "3" },
		{ "-0.30000000000000004", "-0.3" },
		{ "5.5511151231257830e-17", "0" },
		{ "\"41.250000\"", "41.25" },
		{ "1e300", NULL },
		{ "\"many\"", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rig *rig = renew(state);
		struct count c = { .external = P1 };
		char *levels = text_format(
			"[{\"product_id\":\"" P1 "\",\"location_id\":"
			"\"" OUTLET "\",\"current_inventory_level\":%s}]",
			rows[i].level);

		say(rig, "POST", "/api/2026-07/inventory_levels", 200, levels,
		    NULL);
		assert_int_equal(look(rig, &c, 1).verdict, VERDICT_DONE);
		assert_int_equal(c.is_known, rows[i].count != NULL);
		if (rows[i].count)
			assert_decimal(c.qty, rows[i].count);
		else if (c.outcome.verdict != VERDICT_REFUSED ||
		         !strstr(c.outcome.why, "no number"))
			fail_msg("%s: %s", rows[i].level, c.outcome.why);
		free(levels);
	}
}

/* ---- counts: write ---- */

static struct outcome
write_one(struct rig *rig, const char *product, const char *qty)
{
	struct count count = { .external = product, .qty = dec(qty) };

	return lightspeed_x_adapter.write_counts(rig->state, &count, 1,
	                                         clock_wall_ms());
}

static struct outcome
look_at(struct rig *rig, const char *product)
{
	struct count count = { .external = product };

	return look(rig, &count, 1);
}

static void
test_lightspeed_x__a_write_is_the_difference_to_the_last_look(void **state)
{
	struct rig *rig = *state;

	set_count(rig, P1, "10");
	assert_int_equal(look_at(rig, P1).verdict, VERDICT_DONE);
	/* Sold between the look and the write: it stays sold. */
	change(rig, "sell",
	       "{\"lines\":[{\"product\":\"" P1 "\",\"quantity\":3}]}");
	assert_int_equal(write_one(rig, P1, "14.5").verdict, VERDICT_DONE);
	assert_count(rig, P1, "11.5");
	assert_string_equal(rig->till.adjustments[0].reason, "STOCK_FOUND");
	assert_decimal(rig->till.adjustments[0].quantity, "4.5");
	/* A write without a look before it looks. */
	assert_int_equal(write_one(rig, P1, "4").verdict, VERDICT_DONE);
	assert_count(rig, P1, "4");
	assert_string_equal(rig->till.adjustments[1].reason, "INTERNAL_USE");
	/* What is right already is not written. */
	assert_int_equal(write_one(rig, P1, "4").verdict, VERDICT_DONE);
	assert_int_equal(rig->till.n_adjustments, 2);
	/* Nothing of it is left to be waited for. */
	assert_true(fake_mirror_note_is(rig->mirror, "lightspeed_x.write", ""));
}

static void
test_lightspeed_x__own_reasons_mark_our_writes(void **state)
{
	struct rig *rig = *state;

	for (int i = 0; i < 2; i++) {
		struct lsx_reason *r =
			&rig->till.reasons[rig->till.n_reasons++];

		lsx_id(r->id, LSX_TAX, 90 + i);
		r->is_positive = i == 0;
		r->is_enabled = true;
	}
	configure(rig, ",\"reason_more\":\"0a000005-0000-4000-8000-"
	               "00000000005a\",\"reason_less\":\"0a000005-0000-4000-"
	               "8000-00000000005b\"");
	start_again(rig);
	set_count(rig, P1, "10");
	assert_int_equal(write_one(rig, P1, "12").verdict, VERDICT_DONE);
	assert_int_equal(write_one(rig, P1, "9").verdict, VERDICT_DONE);
	assert_count(rig, P1, "9");
	assert_string_equal(rig->till.adjustments[0].reason, "CUSTOM");
	assert_string_equal(rig->till.adjustments[1].reason, "CUSTOM");
}

/* As the engine does: look and write until both are done. */
static void
bring(struct rig *rig, const char *qty, bool crashes)
{
	struct outcome outcome = { .verdict = VERDICT_RETRY };

	for (int i = 0; i < 60 && outcome.verdict != VERDICT_DONE; i++) {
		outcome = look_at(rig, P1);
		if (outcome.verdict == VERDICT_DONE)
			outcome = write_one(rig, P1, qty);
		if (outcome.verdict == VERDICT_DONE)
			break;
		assert_int_equal(outcome.verdict, VERDICT_RETRY);
		if (crashes)
			start_again(rig);
		advance(rig, 1000);
	}
	assert_int_equal(outcome.verdict, VERDICT_DONE);
}

/* False: there is no such call any more. */
static bool
write_with_trouble(void **state, unsigned at, enum till_trouble trouble,
                   bool crashes)
{
	struct rig *rig = renew(state);
	bool was_met;

	set_count(rig, P1, "10");
	rig->wire.bad_call = at;
	rig->wire.trouble = trouble;
	bring(rig, "17", crashes);
	was_met = rig->wire.n_calls >= at;
	assert_count(rig, P1, "17");
	assert_int_equal(rig->till.n_adjustments, 1);
	assert_true(fake_mirror_note_is(rig->mirror, "lightspeed_x.write", ""));
	return was_met;
}

static void
test_lightspeed_x__no_write_is_done_twice(void **state)
{
	for (int t = 0; t < N_TROUBLES; t++)
		for (int crash = 0; crash < 2; crash++) {
			unsigned at = 1;

			while (write_with_trouble(state, at,
			                          (enum till_trouble)t, crash))
				at++;
			assert_in_range(at, 4, 6);
		}
}

/* Done there only after we gave up on it, and after we looked again. */
static void
test_lightspeed_x__what_may_be_on_its_way_is_waited_for(void **state)
{
	struct rig *rig = *state;

	set_count(rig, P1, "10");
	assert_int_equal(look_at(rig, P1).verdict, VERDICT_DONE);
	rig->wire.n_calls = 0;
	rig->wire.bad_call = 2; /* behind the question for the newest version */
	rig->wire.trouble = DROPPED;
	assert_int_equal(write_one(rig, P1, "12").verdict, VERDICT_RETRY);
	assert_int_equal(look_at(rig, P1).verdict, VERDICT_RETRY);
	assert_int_equal(rig->till.n_adjustments, 0);
	start_again(rig);
	advance(rig, 29000);
	assert_int_equal(look_at(rig, P1).verdict, VERDICT_RETRY);
	advance(rig, 2000);
	assert_int_equal(look_at(rig, P1).verdict, VERDICT_DONE);
	assert_int_equal(write_one(rig, P1, "12").verdict, VERDICT_DONE);
	assert_count(rig, P1, "12");
}

/* Sold while a write is under way that never arrives. */
static void
test_lightspeed_x__a_sale_beside_a_lost_write_stays_sold(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;

	set_count(rig, P1, "10");
	assert_int_equal(look_at(rig, P1).verdict, VERDICT_DONE);
	rig->wire.n_calls = 0;
	rig->wire.bad_call = 2;
	rig->wire.trouble = DROPPED;
	assert_int_equal(write_one(rig, P1, "20").verdict, VERDICT_RETRY);
	change(rig, "sell",
	       "{\"lines\":[{\"product\":\"" P1 "\",\"quantity\":3}]}");
	/* What is found now is not what was there before the write. */
	outcome = look_at(rig, P1);
	assert_int_equal(outcome.verdict, VERDICT_RETRY);
	bring(rig, "17", false);
	assert_count(rig, P1, "17");
	assert_int_equal(rig->till.n_adjustments, 1);
	assert_decimal(rig->till.adjustments[0].quantity, "10");
	assert_decimal(thing(rig, P1)->tally.sold, "3");
}

/* We give up after ten seconds, and the vendor does it after twelve. */
static void
test_lightspeed_x__what_is_done_after_the_time_out_is_done_once(void **state)
{
	struct rig *rig = *state;
	struct http_request late = {
		.method = "POST",
		.url = HOST "/api/2026-07/stock_adjustments",
		.headers = { { "Content-Type", "application/json" },
		             { "Authorization", "Bearer " TOKEN } },
		.n_headers = 2,
	};
	struct http_answer answer = { 0 };
	char *body;

	set_count(rig, P1, "10");
	assert_int_equal(look_at(rig, P1).verdict, VERDICT_DONE);
	rig->wire.n_calls = 0;
	rig->wire.bad_call = 2;
	rig->wire.trouble = DROPPED;
	rig->time_out_ms = 10000;
	assert_int_equal(write_one(rig, P1, "12").verdict, VERDICT_RETRY);
	rig->time_out_ms = 0;
	body = text_dup(buf_text(&rig->wire.sent));
	late.body = body;
	late.n_body = strlen(body);
	assert_int_equal(look_at(rig, P1).verdict, VERDICT_RETRY);
	advance(rig, 2000);
	assert_int_equal(look_at(rig, P1).verdict, VERDICT_RETRY);
	till_wire_answer(&rig->wire, &late, &answer);
	assert_int_equal(answer.status, 201);
	assert_int_equal(look_at(rig, P1).verdict, VERDICT_DONE);
	assert_int_equal(write_one(rig, P1, "12").verdict, VERDICT_DONE);
	assert_count(rig, P1, "12");
	assert_int_equal(rig->till.n_adjustments, 1);
	http_answer_fini(&answer);
	free(body);
}

/* One that was found is not found again for the next of the same amount: by its
   version, and after a start by its time. */
static void
test_lightspeed_x__an_older_adjustment_does_not_end_the_wait(void **state)
{
	for (int crash = 0; crash < 2; crash++) {
		struct rig *rig = renew(state);

		set_count(rig, P1, "10");
		assert_int_equal(look_at(rig, P1).verdict, VERDICT_DONE);
		rig->wire.n_calls = 0;
		rig->wire.bad_call = 2;
		rig->wire.trouble = LOST;
		assert_int_equal(write_one(rig, P1, "11").verdict,
		                 VERDICT_RETRY);
		assert_count(rig, P1, "11");
		if (crash) {
			start_again(rig);
			advance(rig, 6000);
		}
		assert_int_equal(look_at(rig, P1).verdict, VERDICT_DONE);
		rig->wire.n_calls = 0;
		rig->wire.bad_call = 1;
		rig->wire.trouble = DROPPED;
		assert_int_equal(write_one(rig, P1, "12").verdict,
		                 VERDICT_RETRY);
		assert_int_equal(rig->till.n_adjustments, 1);
		assert_int_equal(look_at(rig, P1).verdict, VERDICT_RETRY);
	}
}

/* Refused as a whole, a batch is asked for again in parts. */
static void
test_lightspeed_x__a_sale_beside_a_refused_batch_is_not_undone(void **state)
{
	struct rig *rig = *state;
	struct count looks[] = { { .external = P1 },
		                 { .external = P2 },
		                 { .external = P3 } };
	struct count counts[] = { { .external = P1, .qty = dec("12") },
		                  { .external = P2, .qty = dec("12") },
		                  { .external = P3, .qty = dec("12") } };

	set_count(rig, P1, "10");
	set_count(rig, P2, "10");
	set_count(rig, P3, "10");
	assert_int_equal(look(rig, looks, 3).verdict, VERDICT_DONE);
	change(rig, "sell",
	       "{\"lines\":[{\"product\":\"" P1 "\",\"quantity\":3},"
	       "{\"product\":\"" P3 "\",\"quantity\":1}]}");
	change(rig, "product", "{\"product\":\"" P2 "\",\"tracked\":false}");
	assert_int_equal(
		lightspeed_x_adapter.write_counts(rig->state, counts, 3, 0)
			.verdict,
		VERDICT_REFUSED);
	assert_int_equal(write_one(rig, P1, "12").verdict, VERDICT_DONE);
	assert_count(rig, P1, "9"); /* 10 + 2 - 3; 12 undoes the sale */
	assert_int_equal(write_one(rig, P3, "12").verdict, VERDICT_DONE);
	assert_count(rig, P3, "11");
	/* What was written is looked at again. */
	assert_int_equal(write_one(rig, P3, "12").verdict, VERDICT_DONE);
	assert_count(rig, P3, "12");
}

/* A person's adjustment of the same product is not ours. */
static void
test_lightspeed_x__only_our_own_adjustment_ends_the_wait(void **state)
{
	struct rig *rig = *state;

	set_count(rig, P1, "10");
	assert_int_equal(write_one(rig, P1, "11").verdict, VERDICT_DONE);
	rig->wire.n_calls = 0;
	rig->wire.bad_call = 2;
	rig->wire.trouble = DROPPED;
	assert_int_equal(look_at(rig, P1).verdict, VERDICT_DONE);
	assert_int_equal(write_one(rig, P1, "12").verdict, VERDICT_RETRY);
	/* The one of before has the same amount, and an older version. */
	assert_int_equal(look_at(rig, P1).verdict, VERDICT_RETRY);
	/* Somebody makes one of another amount meanwhile, or of another
	   product. */
	rig->till.adjustments[0].version = lsx_next_version(&rig->till);
	rig->till.adjustments[0].quantity = dec("4");
	assert_int_equal(look_at(rig, P1).verdict, VERDICT_RETRY);
	rig->till.adjustments[0].quantity = dec("1");
	rig->till.adjustments[0].thing = thing(rig, P2);
	assert_int_equal(look_at(rig, P1).verdict, VERDICT_RETRY);
	rig->till.adjustments[0].thing = thing(rig, P1);
	assert_int_equal(look_at(rig, P1).verdict, VERDICT_DONE);
}

static void
test_lightspeed_x__a_refused_batch_changes_nothing(void **state)
{
	struct rig *rig = *state;

	set_count(rig, P1, "10");
	rig->till.reasons[0].is_enabled = false;
	configure(rig, ",\"reason_more\":\"" NOBODY "\"");
	start_again(rig);
	assert_int_equal(write_one(rig, P1, "12").verdict, VERDICT_REFUSED);
	assert_count(rig, P1, "10");
	assert_true(fake_mirror_note_is(rig->mirror, "lightspeed_x.write", ""));
	assert_int_equal(look_at(rig, P1).verdict, VERDICT_DONE);
}

/* ---- sync ---- */

struct told {
	struct buf text;
	unsigned n;
};

static int
tell(void *ctx, const char *external, struct decimal qty)
{
	struct told *told = ctx;
	char text[DECIMAL_TEXT_SIZE];

	told->n++;
	buf_addf(&told->text, "%s=%s ", external + 34,
	         decimal_format(text, qty));
	return 0;
}

static struct outcome
sync_into(struct rig *rig, struct told *told, bool is_full, bool is_dry)
{
	const struct sync_job job = { .is_full = is_full, .is_dry = is_dry };
	const struct sync_sink sink = adapter_sink_of(told, tell);

	buf_reset(&told->text);
	told->n = 0;
	return lightspeed_x_adapter.sync(rig->state, &job, &sink);
}

/* Of the outlet that is ours; each page as short as it likes. */
static void
test_lightspeed_x__a_full_sync_goes_from_version_to_version(void **state)
{
	struct rig *rig = *state;
	struct told told = { BUF_INIT, 0 };

	change(rig, "switches", "{\"page_rows\":3}");
	set_count(rig, P1, "41.25");
	assert_int_equal(sync_into(rig, &told, true, false).verdict,
	                 VERDICT_DONE);
	assert_int_equal(told.n, rig->till.n_things);
	assert_non_null(strstr(buf_text(&told.text), "01=41.25 "));
	/* Pages of three, and the empty one. */
	assert_int_equal(rig->wire.n_calls,
	                 rig->till.n_things * 2 / 3 + 1 +
	                         (rig->till.n_things * 2 % 3 > 0));
	buf_fini(&told.text);
}

static void
test_lightspeed_x__a_catch_up_reads_what_changed_and_a_little_more(void **state)
{
	struct rig *rig = *state;
	struct told told = { BUF_INIT, 0 };

	/* Twice, some minutes apart: the second begins where the first was. */
	assert_int_equal(sync_into(rig, &told, false, false).verdict,
	                 VERDICT_DONE);
	assert_int_equal(told.n, rig->till.n_things);
	advance(rig, 300000);
	set_count(rig, P1, "5");
	assert_int_equal(sync_into(rig, &told, false, false).verdict,
	                 VERDICT_DONE);
	assert_int_equal(told.n,
	                 rig->till.n_things); /* the first was too new */
	advance(rig, 300000);
	set_count(rig, P2, "6");
	start_again(rig);
	assert_int_equal(sync_into(rig, &told, false, false).verdict,
	                 VERDICT_DONE);
	assert_string_equal(buf_text(&told.text), "01=5 02=6 ");
	advance(rig, 300000);
	assert_int_equal(sync_into(rig, &told, false, true).verdict,
	                 VERDICT_DONE);
	assert_string_equal(buf_text(&told.text), "02=6 ");
	/* A dry run has moved nothing. */
	set_count(rig, P3, "7");
	assert_int_equal(sync_into(rig, &told, false, false).verdict,
	                 VERDICT_DONE);
	assert_string_equal(buf_text(&told.text), "02=6 03=7 ");
	assert_int_equal(sync_into(rig, &told, true, false).verdict,
	                 VERDICT_DONE);
	assert_int_equal(told.n, rig->till.n_things);
	buf_fini(&told.text);
}

static void
test_lightspeed_x__a_sync_that_broke_off_moves_no_cursor(void **state)
{
	struct rig *rig = *state;
	struct told told = { BUF_INIT, 0 };

	change(rig, "switches", "{\"page_rows\":3}");
	rig->wire.bad_call = 2;
	rig->wire.trouble = FAILED;
	assert_int_equal(sync_into(rig, &told, false, false).verdict,
	                 VERDICT_RETRY);
	assert_true(fake_mirror_note_is(rig->mirror, "lightspeed_x.inventory",
	                                NULL));
	buf_fini(&told.text);
}

/* The same page again and again would never end. */
static void
test_lightspeed_x__a_list_that_does_not_go_up_is_broken_off(void **state)
{
	struct rig *rig = *state;
	struct told told = { BUF_INIT, 0 };
	struct outcome outcome;

	rig->fixed =
		"{\"data\":[{\"product_id\":\"" P1 "\",\"outlet_id\":\"" OUTLET
		"\",\"inventory_level\":1,\"version\":7}],\"version\":"
		"{\"min\":7,\"max\":7}}";
	outcome = sync_into(rig, &told, true, false);
	assert_int_equal(outcome.verdict, VERDICT_RETRY);
	assert_non_null(strstr(outcome.why, "not as documented"));
	assert_int_equal(rig->wire.n_calls, 2);
	buf_fini(&told.text);
}

/* ---- sales ---- */

#define NO_SALES "{\"data\":[],\"version\":{\"min\":null,\"max\":null}}"

struct heard {
	struct buf text;
	unsigned n;
	unsigned n_priced; /* lines */
};

static int
hear(void *ctx, struct sale *sale)
{
	struct heard *heard = ctx;
	char qty[DECIMAL_TEXT_SIZE];
	char gross[DECIMAL_TEXT_SIZE];

	heard->n++;
	buf_addf(&heard->text, "%lld%s%s",
	         (long long)(sale->closed_ms / 1000 - NOW_S),
	         sale->is_final ? "" : " open",
	         sale->reference && sale_is_docid(sale->reference) ? " ours"
	                                                           : "");
	assert_true(sale->version > 0);
	for (size_t i = 0; i < sale->n_lines; i++) {
		heard->n_priced += sale->lines[i].has_gross;
		buf_addf(&heard->text, " %s*%s=%s",
		         decimal_format(qty, sale->lines[i].qty),
		         sale->lines[i].external + 34,
		         decimal_format(gross, sale->lines[i].gross));
	}
	buf_adds(&heard->text, "; ");
	return 0;
}

static struct outcome
list_since(struct rig *rig, struct heard *heard, int64_t ago_s)
{
	const struct sale_sink sink = { heard, hear };
	int64_t now = clock_wall_ms();

	buf_reset(&heard->text);
	heard->n = 0;
	heard->n_priced = 0;
	return lightspeed_x_adapter.list_sales(rig->state, now - ago_s * 1000,
	                                       now, &sink);
}

static void
assert_listed(struct rig *rig, int64_t ago_s, const char *expected)
{
	struct heard heard = { BUF_INIT, 0, 0 };
	struct outcome outcome = list_since(rig, &heard, ago_s);

	assert_string_equal(outcome.why, "");
	assert_int_equal(outcome.verdict, VERDICT_DONE);
	assert_string_equal(buf_text(&heard.text), expected);
	buf_fini(&heard.text);
}

static void
sell(struct rig *rig, const char *qty, const char *more)
{
	char *body = text_format("{\"lines\":[{\"product\":\"" P1 "\","
	                         "\"quantity\":\"%s\"}]%s}",
	                         qty, more);

	thing(rig, P1)->goods.price = dec("2.49");
	thing(rig, P1)->net = dec("2.00806");
	change(rig, "sell", body);
	free(body);
}

static void
test_lightspeed_x__sales_and_returns_are_listed_with_what_was_paid(void **state)
{
	struct rig *rig = *state;

	sell(rig, "3", "");
	sell(rig, "0.333", "");
	change(rig, "return", "{\"lines\":[{\"product\":\"" P1 "\"}]}");
	assert_listed(rig, 10, "0 3*01=7.47; 0 0.333*01=0.83; 0 -1*01=-2.49; ");
}

/* It gets its version when it arrives, so it is not missed; what was there may
   be seen again. */
static void
test_lightspeed_x__a_late_sale_is_listed_when_it_arrives(void **state)
{
	struct rig *rig = *state;
	struct heard heard = { BUF_INIT, 0, 0 };

	sell(rig, "1", "");
	advance(rig, 3600000);
	assert_int_equal(list_since(rig, &heard, 0).verdict, VERDICT_DONE);
	sell(rig, "2", ",\"closed_ago_s\":86400");
	advance(rig, 30000);
	assert_int_equal(list_since(rig, &heard, 60).verdict, VERDICT_DONE);
	assert_non_null(strstr(buf_text(&heard.text), "-82800 2*01=4.98; "));
	assert_in_range(heard.n, 1, 2);
	buf_fini(&heard.text);
}

/* Nothing was read before: where to begin is found by halving, and kept. */
static void
test_lightspeed_x__where_to_begin_is_found_once(void **state)
{
	struct rig *rig = *state;
	struct heard heard = { BUF_INIT, 0, 0 };

	for (int i = 0; i < 4000; i++) {
		sell(rig, "1", "");
		advance(rig, 60000);
	}
	till_wire_begin(&rig->wire);
	assert_int_equal(list_since(rig, &heard, 600).verdict, VERDICT_DONE);
	assert_in_range(heard.n, 11, 2000);
	assert_in_range(rig->wire.n_calls, 3, 40);
	/* From now on it is known, also by the next process. */
	start_again(rig);
	till_wire_begin(&rig->wire);
	assert_int_equal(list_since(rig, &heard, 600).verdict, VERDICT_DONE);
	assert_in_range(heard.n, 11, 2000);
	assert_in_range(rig->wire.n_calls, 2, 5);
	buf_fini(&heard.text);
}

/* A till that was away sends what it sold by its own time, and a row may have
   no time at all: what one row says of when it changed proves nothing of those
   below it, nor that it is not new itself. */
static void
test_lightspeed_x__no_sale_is_missed_beside_ones_with_an_older_time(
	void **state)
{
	struct rig *rig = *state;
	struct heard heard = { BUF_INIT, 0, 0 };
	int64_t day_us = INT64_C(86400000000);

	for (int i = 0; i < 700; i++) {
		sell(rig, "1", "");
		advance(rig, 60000);
	}
	sell(rig, "2", ""); /* the one that counts */
	advance(rig, 1000);
	for (int i = 0; i < 300; i++) {
		sell(rig, "1", "");
		rig->till.sales[rig->till.n_sales - 1]->updated_us -= day_us;
	}
	sell(rig, "4", "");
	rig->till.sales[rig->till.n_sales - 1]->updated_us -= day_us;
	assert_int_equal(list_since(rig, &heard, 60).verdict, VERDICT_DONE);
	assert_non_null(strstr(buf_text(&heard.text), " 2*01="));
	assert_non_null(strstr(buf_text(&heard.text), " 4*01="));
	buf_fini(&heard.text);
}

static void
test_lightspeed_x__a_sale_without_a_time_does_not_end_the_search(void **state)
{
	struct rig *rig = *state;
	struct heard heard = { BUF_INIT, 0, 0 };

	for (int i = 0; i < 300; i++) {
		sell(rig, i == 299 ? "2" : "1", "");
		rig->till.sales[rig->till.n_sales - 1]->updated_us = 0;
	}
	assert_int_equal(list_since(rig, &heard, 60).verdict, VERDICT_DONE);
	assert_non_null(strstr(buf_text(&heard.text), " 2*01="));
	buf_fini(&heard.text);
}

/* Any number of milestones: none is missed, and few are kept. */
static void
test_lightspeed_x__no_sale_is_missed_over_days(void **state)
{
	struct rig *rig = *state;
	struct heard heard = { BUF_INIT, 0, 0 };
	struct buf note = BUF_INIT;

	for (int i = 0; i < 300; i++) {
		advance(rig, 240000);
		sell(rig, "1", "");
		if (i % 7 == 0)
			start_again(rig);
		/* The one before the last may be seen again, the last must. */
		assert_int_equal(list_since(rig, &heard, 60).verdict,
		                 VERDICT_DONE);
		assert_in_range(heard.n, 1, 3);
	}
	assert_int_equal(list_since(rig, &heard, 3600).verdict, VERDICT_DONE);
	assert_in_range(heard.n, 15, 40);
	assert_int_equal(list_since(rig, &heard, 72000 + 240).verdict,
	                 VERDICT_DONE);
	assert_int_equal(heard.n, 300);
	assert_int_equal(
		mirror_note_get(rig->mirror, &note, "lightspeed_x.versions"),
		0);
	assert_in_range(note.n, 100, 2500);
	buf_fini(&note);
	buf_fini(&heard.text);
}

/* A row with a number beyond all others: what its list says of itself counts,
   or no sale would be above it ever after. */
static void
test_lightspeed_x__one_mad_version_does_not_end_all_listing(void **state)
{
	struct rig *rig = *state;
	struct told told = { BUF_INIT, 0 };
	struct heard heard = { BUF_INIT, 0, 0 };

	sell(rig, "1", "");
	assert_int_equal(list_since(rig, &heard, 10).verdict, VERDICT_DONE);
	advance(rig, 60000);
	say(rig, "GET", "/api/2.0/inventory", 200,
	    "{\"data\":[{\"product_id\":\"" P1 "\",\"outlet_id\":\"" OUTLET
	    "\",\"inventory_level\":1,\"version\":9223372036854775806}],"
	    "\"version\":{\"min\":7,\"max\":1640000}}",
	    NO_SALES);
	assert_int_equal(sync_into(rig, &told, true, false).verdict,
	                 VERDICT_DONE);
	rig->said.path = NULL;
	advance(rig, 600000);
	start_again(rig);
	sell(rig, "2", "");
	advance(rig, 1000);
	assert_int_equal(list_since(rig, &heard, 60).verdict, VERDICT_DONE);
	assert_non_null(strstr(buf_text(&heard.text), " 2*01="));
	buf_fini(&heard.text);
	buf_fini(&told.text);
}

/* What was sold after the count was read is not in that count: it is told with
   the next listing, and not with this one. */
static void
test_lightspeed_x__a_sale_after_the_span_is_told_next_time(void **state)
{
	struct rig *rig = *state;
	struct heard heard = { BUF_INIT, 0, 0 };
	const struct sale_sink sink = { &heard, hear };
	int64_t until_ms;

	sell(rig, "1", "");
	until_ms = clock_wall_ms();
	advance(rig, 10000);
	sell(rig, "2", "");
	/* Rung up before, and sent in later. */
	sell(rig, "3", ",\"closed_ago_s\":60");
	assert_int_equal(lightspeed_x_adapter
	                         .list_sales(rig->state, until_ms - 1000,
	                                     until_ms, &sink)
	                         .verdict,
	                 VERDICT_DONE);
	assert_string_equal(buf_text(&heard.text),
	                    "0 1*01=2.49; -50 3*01=7.47; ");
	assert_int_equal(list_since(rig, &heard, 10).verdict, VERDICT_DONE);
	assert_non_null(strstr(buf_text(&heard.text), "10 2*01=4.98; "));
	buf_fini(&heard.text);
}

static void
test_lightspeed_x__a_voided_sale_has_no_lines_any_more(void **state)
{
	struct rig *rig = *state;
	char *body;

	sell(rig, "2", "");
	body = text_format("{\"sale\":\"%s\"}", rig->till.sales[0]->id);
	change(rig, "void", body);
	free(body);
	assert_listed(rig, 10, "0; ");
}

static void
test_lightspeed_x__what_is_parked_is_no_sale_yet(void **state)
{
	struct rig *rig = *state;
	struct heard heard = { BUF_INIT, 0, 0 };
	const struct sale_sink sink = { &heard, hear };

	sell(rig, "2", "");
	rig->till.sales[0]->state = LSX_PARKED;
	assert_listed(rig, 10, "");
	assert_int_equal(
		lightspeed_x_adapter
			.read_sales(rig->state,
	                            &(const char *){ rig->till.sales[0]->id },
	                            1, &sink)
			.verdict,
		VERDICT_DONE);
	assert_string_equal(buf_text(&heard.text), "0 open 2*01=4.98; ");
	buf_fini(&heard.text);
}

static void
test_lightspeed_x__sales_are_read_by_id_and_missing_ones_left_out(void **state)
{
	struct rig *rig = *state;
	struct heard heard = { BUF_INIT, 0, 0 };
	const struct sale_sink sink = { &heard, hear };
	const char *ids[4] = { NOBODY, "../outlets", "", NULL };

	sell(rig, "2", "");
	ids[3] = rig->till.sales[0]->id;
	till_wire_begin(&rig->wire);
	assert_int_equal(
		lightspeed_x_adapter.read_sales(rig->state, ids, 4, &sink)
			.verdict,
		VERDICT_DONE);
	assert_string_equal(buf_text(&heard.text), "0 2*01=4.98; ");
	assert_int_equal(rig->wire.n_calls,
	                 2); /* what is no id is not asked for */
	buf_fini(&heard.text);
}

/* ---- sales: odd ones among good ones ---- */

#define S1 "0a00000a-0000-4000-8000-000000000001"
#define S2 "0a00000a-0000-4000-8000-000000000002"
#define HEAD(id, version) \
	"{\"id\":\"" id "\",\"outlet_id\":\"" OUTLET "\",\"status\":" \
	"\"CLOSED\",\"sale_date\":\"2096-10-02T07:06:40+00:00\"," \
	"\"version\":" version ",\"line_items\":["

/* A good sale, and one with this line of P2; then no more. */
static struct outcome
list_with_line(struct rig *rig, struct heard *heard, const char *line)
{
	char *page = text_format(
		"{\"data\":[" HEAD(
			S1,
			"90000001") "{\"id\":\"l1\","
				    "\"product_id\":\"" P1
				    "\",\"quantity\":1,\"price_total\":"
				    "2}]}," HEAD(
					    S2,
					    "90000002") "{\"id\":\"l2\","
							"\"product_id\":\"" P2
							"\",%s}]}],\"version\":"
							"{\"min\":90000001,"
							"\"max\":90000002}}",
		line);
	struct outcome outcome;

	sell(rig, "1", ""); /* so that there is a version to begin from */
	assert_int_equal(list_since(rig, heard, 10).verdict, VERDICT_DONE);
	advance(rig, 60000);
	say(rig, "GET", "/api/2.0/sales", 200, page, NO_SALES);
	outcome = list_since(rig, heard, 10);
	free(page);
	return outcome;
}

/* The vendor's OpenAPI has doubles, so a number has as many digits as that. */
static void
test_lightspeed_x__a_number_of_many_digits_stops_no_sale(void **state)
{
	static const struct {
		const char *line;
		const char *heard;
	} rows[] = {
		{ "\"quantity\":1,\"price_total\":4.304347826086957,"
		  "\"tax_total\":0.64565",
		  "1*02=4.95" },
		{ "\"quantity\":3,\"price\":1.4347826086956523,\"tax\":"
		  "\"0.21521739130434783\"",
		  "3*02=4.95" },
		{ "\"quantity\":0.30000000000000004", "0.3*02=0" },
		{ "\"quantity\":2.9999999999999996", "3*02=0" },
		{ "\"quantity\":-0.33333333333333331", "-0.33333*02=0" },
		{ "\"quantity\":1,\"price_total\":5.551115123125783e-17",
		  "1*02=0" },
		{ "\"quantity\":2.9999999999999996E0", "3*02=0" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rig *rig = renew(state);
		struct heard heard = { BUF_INIT, 0, 0 };
		struct outcome outcome =
			list_with_line(rig, &heard, rows[i].line);

		assert_string_equal(outcome.why, "");
		assert_int_equal(outcome.verdict, VERDICT_DONE);
		assert_int_equal(heard.n, 2);
		if (!strstr(buf_text(&heard.text), rows[i].heard))
			fail_msg("%s: %s", rows[i].line, buf_text(&heard.text));
		buf_fini(&heard.text);
	}
}

static void
test_lightspeed_x__a_price_that_cannot_be_read_is_not_known(void **state)
{
	static const char *const rows[] = {
		"\"quantity\":2,\"price_total\":\"free\"",
		"\"quantity\":2,\"price_total\":1e300",
		"\"quantity\":2,\"price_total\":3,\"tax_total\":{}",
		"\"quantity\":2,\"price\":900000000000",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rig *rig = renew(state);
		struct heard heard = { BUF_INIT, 0, 0 };

		assert_int_equal(list_with_line(rig, &heard, rows[i]).verdict,
		                 VERDICT_DONE);
		assert_int_equal(heard.n, 2);
		assert_non_null(strstr(buf_text(&heard.text), "2*02=0"));
		assert_int_equal(heard.n_priced, 1);
		buf_fini(&heard.text);
	}
}

/* An EAN scanned into the quantity: nobody's stock moves by it, the others are
   heard, and a person is told which sale it is. */
static void
test_lightspeed_x__a_barcode_as_quantity_stops_no_other_sale(void **state)
{
	static const char *const rows[] = {
		"\"quantity\":4006381333931",
		"\"quantity\":\"-4006381333931\"",
		"\"quantity\":4e300",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rig *rig = renew(state);
		struct heard heard = { BUF_INIT, 0, 0 };
		struct outcome outcome = list_with_line(rig, &heard, rows[i]);

		assert_int_equal(outcome.verdict, VERDICT_DONE);
		assert_non_null(strstr(outcome.why, S2));
		assert_non_null(strstr(outcome.why, "l2"));
		assert_int_equal(heard.n, 2);
		/* Its line waits under a name that no product has. */
		assert_non_null(strstr(buf_text(&heard.text),
		                       "1*02 with a quantity that cannot be"));
		buf_fini(&heard.text);
	}
}

/* To pass it over would lose it, so a person must be told which one it is. */
static void
test_lightspeed_x__a_sale_it_cannot_read_is_named(void **state)
{
	static const struct {
		const char *line;
		const char *why;
	} rows[] = {
		{ "\"quantity\":\"two\"", "quantity of line l2" },
		{ "\"number\":2", "quantity of line l2" },
		{ "\"id\":null,\"quantity\":2", "a line has no id" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rig *rig = renew(state);
		struct heard heard = { BUF_INIT, 0, 0 };
		struct outcome outcome =
			list_with_line(rig, &heard, rows[i].line);

		assert_int_equal(outcome.verdict, VERDICT_RETRY);
		assert_int_equal(heard.n, 1);
		if (!strstr(outcome.why, S2) ||
		    !strstr(outcome.why, rows[i].why))
			fail_msg("%s", outcome.why);
		buf_fini(&heard.text);
	}
}

/* ---- entries ---- */

static void
make_entry(struct entry *e, const char *qty, const char *gross)
{
	static const char *const products[] = { P1, P2 };
	struct entry_line *line;

	*e = (struct entry){
		.kind = ENTRY_SALE,
		.id = text_dup("shop/1"),
		.docid = text_dup("TB-shop-1-0123456789abcdef"),
		.account = text_dup("shop"),
		.sale = text_dup("1"),
		.authority = text_dup("market"),
		.currency = text_dup("EUR"),
		.occurred_ms = clock_wall_ms(),
	};
	for (int i = 0; i < 2; i++) {
		line = entry_add_line(e);
		line->uid = text_dup("l");
		line->sku = text_dup("SKU");
		line->external = text_dup(products[i]);
		line->qty = dec(qty);
		line->gross = gross ? dec(gross) : DECIMAL_ZERO;
		line->has_gross = gross != NULL;
	}
}

static struct outcome
post(struct rig *rig, const struct entry *e)
{
	return lightspeed_x_adapter.post_entry(rig->state, e);
}

/* Whatever was paid, the till takes it, to the cent. */
static void
test_lightspeed_x__a_sale_is_recorded_to_the_cent(void **state)
{
	static const struct {
		const char *qty;
		const char *gross;
		const char *total;
	} rows[] = {
		{ "3", "10.00", "20" },
		{ "3", "10.01", "20.02" },
		{ "7", "0.03", "0.06" },
		{ "1", "19.99", "39.98" },
		{ "999", "0.01", "0.02" },
		{ "0.333", "3.33", "6.66" },
		{ "0.007", "1.99", "3.98" },
		{ "1234.567", "9.99", "19.98" },
		{ "2", "0", "0" },
		{ "-3", "-10.00", "-20" },
		{ "-0.5", "-0.01", "-0.02" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rig *rig = renew(state);
		struct outcome outcome;
		struct decimal was = thing(rig, P1)->levels[0].count;
		struct entry e;

		make_entry(&e, rows[i].qty, rows[i].gross);
		outcome = post(rig, &e);
		if (outcome.verdict != VERDICT_DONE)
			fail_msg("%s at %s: %s", rows[i].qty, rows[i].gross,
			         outcome.why);
		assert_int_equal(rig->till.n_sales, 1);
		assert_decimal(lsx_sale_total(rig->till.sales[0]),
		               rows[i].total);
		assert_decimal(
			decimal_sub(was, thing(rig, P1)->levels[0].count),
			rows[i].qty);
		entry_fini(&e);
	}
}

static void
test_lightspeed_x__a_sale_without_an_amount_has_the_tills_own_price(
	void **state)
{
	struct rig *rig = *state;
	struct entry e;

	make_entry(&e, "2", NULL);
	assert_int_equal(post(rig, &e).verdict, VERDICT_DONE);
	assert_decimal(
		decimal_sub(
			lsx_sale_total(rig->till.sales[0]),
			decimal_mul(decimal_add(thing(rig, P1)->goods.price,
	                                        thing(rig, P2)->goods.price),
	                            decimal_of(2), 2, DECIMAL_HALF_UP)),
		"0");
	entry_fini(&e);
}

static void
test_lightspeed_x__a_sale_has_an_id_of_ours_and_is_recorded_once(void **state)
{
	struct rig *rig = *state;
	const struct lsx_sale *s;
	struct entry e;

	make_entry(&e, "3", "10.00");
	assert_int_equal(
		lightspeed_x_adapter.find_entry(rig->state, &e).verdict,
		VERDICT_ABSENT);
	assert_int_equal(post(rig, &e).verdict, VERDICT_DONE);
	s = rig->till.sales[0];
	assert_string_equal(s->source_id, "TB-shop-1-0123456789abcdef");
	assert_string_equal(s->source, "Tillbridge");
	assert_int_equal(s->id[14], '5');
	assert_int_equal(s->id[19], '8');
	/* Again, by another process, whatever the till does with that. */
	for (int i = 0; i < 2; i++) {
		rig->till.is.repeats_update = i;
		start_again(rig);
		assert_int_equal(post(rig, &e).verdict, VERDICT_DONE);
		assert_int_equal(
			lightspeed_x_adapter.find_entry(rig->state, &e).verdict,
			VERDICT_DONE);
	}
	assert_int_equal(rig->till.n_sales, 1);
	/* And known for ours when it is listed. */
	assert_listed(rig, 10,
	              "0 ours 2*01=6.66 1*01=3.34 2*02=6.66 1*02=3.34; ");
	entry_fini(&e);
}

/* As the engine does: what is uncertain is looked up, and only what is absent
   is posted again. */
static bool
post_with_trouble(void **state, unsigned at, enum till_trouble trouble,
                  bool crashes)
{
	struct rig *rig = renew(state);
	struct outcome outcome = { .verdict = VERDICT_RETRY };
	struct entry e;

	make_entry(&e, "3", "10.00");
	rig->wire.bad_call = at;
	rig->wire.trouble = trouble;
	for (int i = 0; i < 6 && outcome.verdict != VERDICT_DONE; i++) {
		if (outcome.verdict == VERDICT_UNCERTAIN)
			outcome =
				lightspeed_x_adapter.find_entry(rig->state, &e);
		else
			outcome = post(rig, &e);
		assert_int_not_equal(outcome.verdict, VERDICT_REFUSED);
		if (crashes)
			start_again(rig);
	}
	assert_int_equal(outcome.verdict, VERDICT_DONE);
	assert_int_equal(rig->till.n_sales, 1);
	entry_fini(&e);
	return rig->wire.n_calls >= at;
}

static void
test_lightspeed_x__no_sale_is_recorded_twice(void **state)
{
	for (int t = 0; t < N_TROUBLES; t++)
		for (int crash = 0; crash < 2; crash++) {
			unsigned at = 1;

			while (post_with_trouble(state, at,
			                         (enum till_trouble)t, crash))
				at++;
			assert_in_range(at, 7, 12);
		}
}

static void
test_lightspeed_x__a_closed_register_is_told_to_a_person(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;
	struct entry e;

	make_entry(&e, "3", "10.00");
	rig->till.is.is_register_open = false;
	outcome = post(rig, &e);
	assert_int_equal(outcome.verdict, VERDICT_REFUSED);
	assert_non_null(strstr(outcome.why, "register"));
	assert_int_equal(rig->till.n_sales, 0);
	rig->till.is.is_register_open = true;
	assert_int_equal(post(rig, &e).verdict, VERDICT_DONE);
	entry_fini(&e);
}

/* 409, and then the look-up fails: nothing is known yet. */
static void
test_lightspeed_x__a_conflict_not_looked_up_is_no_refusal(void **state)
{
	struct rig *rig = *state;
	struct entry e;

	make_entry(&e, "3", "10.00");
	rig->till.is.is_register_open = false;
	rig->wire.bad_call = 7;
	rig->wire.trouble = FAILED;
	assert_int_equal(post(rig, &e).verdict, VERDICT_RETRY);
	assert_int_equal(strncmp(rig->wire.bad, "GET 2026-07/sales/", 18), 0);
	assert_int_equal(till_wire_times(&rig->wire, "POST 2026-07/sales\n"),
	                 1);
	rig->till.is.is_register_open = true;
	assert_int_equal(post(rig, &e).verdict, VERDICT_DONE);
	assert_int_equal(rig->till.n_sales, 1);
	entry_fini(&e);
}

static void
test_lightspeed_x__a_sale_that_was_voided_there_is_not_made_again(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;
	struct entry e;
	char *body;

	make_entry(&e, "3", "10.00");
	assert_int_equal(post(rig, &e).verdict, VERDICT_DONE);
	body = text_format("{\"sale\":\"%s\"}", rig->till.sales[0]->id);
	change(rig, "void", body);
	free(body);
	outcome = post(rig, &e);
	assert_int_equal(outcome.verdict, VERDICT_REFUSED);
	assert_non_null(strstr(outcome.why, "voided"));
	assert_int_equal(rig->till.n_sales, 1);
	entry_fini(&e);
}

static void
spoil_currency(struct entry *e)
{
	e->currency[0] = 'X';
}

static void
spoil_sign(struct entry *e)
{
	e->lines[1].qty = dec("-1");
}

static void
spoil_binding(struct entry *e)
{
	e->lines[0].external[0] = '\0';
}

static void
spoil_product(struct entry *e)
{
	memcpy(e->lines[0].external, NOBODY, sizeof(NOBODY));
}

static void
spoil_kind(struct entry *e)
{
	e->kind = ENTRY_ORDER;
}

static void
test_lightspeed_x__what_cannot_be_recorded_is_refused_with_its_cure(
	void **state)
{
	static const struct {
		void (*spoil)(struct entry *e);
		const char *why;
	} rows[] = {
		{ spoil_currency, "this outlet takes EUR" },
		{ spoil_sign, "sold and returned" },
		{ spoil_binding, "not bound here" },
		{ spoil_product, "no product" },
		{ spoil_kind, "no orders or customers" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rig *rig = renew(state);
		struct outcome outcome;
		struct entry e;

		make_entry(&e, "3", "10.00");
		rows[i].spoil(&e);
		outcome = post(rig, &e);
		assert_int_equal(outcome.verdict, VERDICT_REFUSED);
		if (!strstr(outcome.why, rows[i].why))
			fail_msg("%s", outcome.why);
		assert_int_equal(rig->till.n_sales, 0);
		entry_fini(&e);
	}
}

/* The product's own, which makes its price; or the one that is configured. */
static void
test_lightspeed_x__a_line_has_the_products_tax(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct rig *rig = renew(state);
		char none[LSX_ID_SIZE];
		char *more;
		struct entry e;

		lsx_id(none, LSX_TAX, LSX_N_TAXES);
		more = text_format(",\"tax\":\"%s\"", none);
		if (i) {
			configure(rig, more);
			start_again(rig);
		}
		make_entry(&e, "1", "12.40");
		assert_int_equal(post(rig, &e).verdict, VERDICT_DONE);
		assert_int_equal(rig->till.sales[0]->lines[0].tax_row,
		                 i ? LSX_N_TAXES - 1 : thing(rig, P1)->tax);
		assert_decimal(rig->till.sales[0]->lines[0].tax,
		               i                          ? "0"
		               : thing(rig, P1)->tax == 0 ? "2.4"
		               : thing(rig, P1)->tax == 1 ? "1.42655"
		                                          : "0.70189");
		entry_fini(&e);
		free(more);
	}
}

/* ---- items ---- */

static int
list_one(void *ctx, const struct listing *listing)
{
	struct told *told = ctx;

	told->n++;
	buf_addf(&told->text, "%s ", listing->external + 34);
	assert_true(*listing->sku && *listing->name && *listing->barcode);
	return 0;
}

static unsigned
found_by(struct rig *rig, struct told *told, enum listing_by by,
         const char *text)
{
	const struct listing_sink sink = { told, list_one };

	buf_reset(&told->text);
	told->n = 0;
	till_wire_begin(&rig->wire);
	assert_int_equal(
		lightspeed_x_adapter.list_items(rig->state, by, text, &sink)
			.verdict,
		VERDICT_DONE);
	return told->n;
}

static void
test_lightspeed_x__products_are_found_by_sku_barcode_and_name(void **state)
{
	struct rig *rig = *state;
	struct told told = { BUF_INIT, 0 };
	const struct lsx_thing *t = thing(rig, P2);

	assert_int_equal(found_by(rig, &told, LISTING_SKU, t->goods.sku), 1);
	assert_string_equal(buf_text(&told.text), "02 ");
	assert_int_equal(rig->wire.n_calls, 1);
	assert_int_equal(found_by(rig, &told, LISTING_SKU, "no such"), 0);
	assert_int_equal(
		found_by(rig, &told, LISTING_BARCODE, t->goods.barcode), 1);
	assert_string_equal(buf_text(&told.text), "02 ");
	assert_in_range(found_by(rig, &told, LISTING_NAME, t->goods.name), 1,
	                4);
	assert_int_equal(found_by(rig, &told, LISTING_ALL, ""),
	                 rig->till.n_things);
	/* What has no stock there is no thing to bind. */
	change(rig, "product", "{\"product\":\"" P2 "\",\"tracked\":false}");
	assert_int_equal(found_by(rig, &told, LISTING_SKU, t->goods.sku), 0);
	assert_int_equal(found_by(rig, &told, LISTING_ALL, ""),
	                 rig->till.n_things - 1);
	buf_fini(&told.text);
}

/* Its parts have stock, it has not. */
static void
test_lightspeed_x__what_is_made_of_others_is_not_offered(void **state)
{
	static const char *const rows[] = { "false", "true" };
	struct rig *rig = *state;
	struct told told = { BUF_INIT, 0 };

	for (unsigned i = 0; i < 2; i++) {
		char *found = text_format(
			"{\"data\":[{\"id\":\"" P1 "\",\"sku\":\"A\","
			"\"active\":true,\"has_inventory\":true,"
			"\"is_composite\":%s,\"name\":\"A\","
			"\"product_codes\":[{\"type\":\"EAN\",\"code\":"
			"\"1\"}]}]}",
			rows[i]);

		rig->fixed = found;
		assert_int_equal(found_by(rig, &told, LISTING_SKU, "A"), 1 - i);
		rig->fixed = NULL;
		free(found);
	}
	buf_fini(&told.text);
}

/* ---- webhooks ---- */

static struct outcome
register_(struct rig *rig, struct buf *what, bool is_dry)
{
	struct buf secret = BUF_INIT;
	const struct hook_job job = {
		.url = URL, .is_dry = is_dry, .what = what, .secret = &secret
	};
	struct outcome outcome;

	buf_reset(what);
	outcome = lightspeed_x_adapter.register_hooks(rig->state, &job);
	assert_int_equal(secret.n, 0); /* the application's, which we have */
	assert_null(strstr(buf_text(what), "t0ken"));
	return outcome;
}

static void
test_lightspeed_x__webhooks_are_registered_once(void **state)
{
	struct rig *rig = *state;
	struct buf what = BUF_INIT;

	assert_int_equal(register_(rig, &what, false).verdict, VERDICT_REFUSED);
	configure(rig, ",\"hook\":{\"token\":\"t0ken\"}");
	start_again(rig);
	assert_int_equal(register_(rig, &what, true).verdict, VERDICT_DONE);
	assert_non_null(strstr(buf_text(&what), "make a webhook of sale"));
	assert_int_equal(rig->till.n_hooks, 0);
	assert_int_equal(register_(rig, &what, false).verdict, VERDICT_DONE);
	assert_int_equal(rig->till.n_hooks, 3);
	assert_string_equal(rig->till.hooks[0].url,
	                    URL "?type=sale.update&k=t0ken");
	assert_int_equal(register_(rig, &what, false).verdict, VERDICT_DONE);
	assert_string_equal(buf_text(&what), "");
	assert_int_equal(rig->till.n_hooks, 3);
	buf_fini(&what);
}

/* Switched off, with an older token, or somebody else's. */
static void
test_lightspeed_x__a_webhook_of_ours_is_mended_and_others_stay(void **state)
{
	struct rig *rig = *state;
	struct buf what = BUF_INIT;

	configure(rig, ",\"hook\":{\"token\":\"t0ken\"}");
	start_again(rig);
	assert_int_equal(register_(rig, &what, false).verdict, VERDICT_DONE);
	rig->till.hooks[0].is_active = false;
	free(rig->till.hooks[1].url);
	rig->till.hooks[1].url = sim_dup(URL "?type=inventory.update&k=older");
	free(rig->till.hooks[2].url);
	rig->till.hooks[2].url = sim_dup(URL "2?type=product.update&k=t0ken");
	assert_int_equal(register_(rig, &what, false).verdict, VERDICT_DONE);
	assert_int_equal(rig->till.n_hooks, 4);
	assert_true(rig->till.hooks[0].is_active);
	assert_string_equal(rig->till.hooks[1].url,
	                    URL "?type=inventory.update&k=t0ken");
	assert_string_equal(rig->till.hooks[2].url,
	                    URL "2?type=product.update&k=t0ken");
	assert_string_equal(rig->till.hooks[3].url,
	                    URL "?type=product.update&k=t0ken");
	buf_fini(&what);
}

/* Of two of ours one is right: nothing is to be done. */
static void
test_lightspeed_x__of_two_webhooks_of_ours_the_right_one_is_taken(void **state)
{
	struct rig *rig = *state;
	struct buf what = BUF_INIT;

	configure(rig, ",\"hook\":{\"token\":\"t0ken\"}");
	start_again(rig);
	assert_int_equal(register_(rig, &what, false).verdict, VERDICT_DONE);
	/* The first is of an earlier token, and another one took its place. */
	free(rig->till.hooks[0].url);
	rig->till.hooks[0].url = sim_dup(URL "?type=sale.update&k=older");
	assert_int_equal(register_(rig, &what, false).verdict, VERDICT_DONE);
	free(rig->till.hooks[0].url);
	rig->till.hooks[0].url = sim_dup(URL "?type=sale.update&k=older");
	free(rig->till.hooks[2].type);
	rig->till.hooks[2].type = sim_dup("sale.update");
	free(rig->till.hooks[2].url);
	rig->till.hooks[2].url = sim_dup(URL "?type=sale.update&k=t0ken");
	assert_int_equal(register_(rig, &what, true).verdict, VERDICT_DONE);
	assert_null(strstr(buf_text(&what), "sale.update"));
	/* Switched off, it is that one which is set. */
	rig->till.hooks[2].is_active = false;
	assert_int_equal(register_(rig, &what, false).verdict, VERDICT_DONE);
	assert_true(rig->till.hooks[2].is_active);
	buf_fini(&what);
}

/* Somebody made it between the look and our change. */
static void
test_lightspeed_x__a_webhook_that_is_there_by_now_is_enough(void **state)
{
	struct rig *rig = *state;
	struct buf what = BUF_INIT;
	char *path;

	configure(rig, ",\"hook\":{\"token\":\"t0ken\"}");
	start_again(rig);
	assert_int_equal(register_(rig, &what, false).verdict, VERDICT_DONE);
	rig->till.hooks[0].is_active = false;
	path = text_format("/api/2026-07/webhooks/%s", rig->till.hooks[0].id);
	say(rig, "PUT", path, 409, "{\"error\":\"exists\"}", NULL);
	assert_int_equal(register_(rig, &what, false).verdict, VERDICT_DONE);
	assert_int_equal(rig->said.n, 1);
	free(path);
	buf_fini(&what);
}

/* The till itself says so: what we would mend has a twin that is right. The list
   was older than that. */
static void
test_lightspeed_x__no_webhook_becomes_the_double_of_another(void **state)
{
	struct rig *rig = *state;
	struct buf what = BUF_INIT;
	struct lsx_hook *first = rig->till.hooks;
	char *list;

	configure(rig, ",\"hook\":{\"token\":\"t0ken\"}");
	start_again(rig);
	assert_int_equal(register_(rig, &what, false).verdict, VERDICT_DONE);
	/* One of an older token; its twin is made behind the look. */
	rig->till.hooks[3] = *first;
	rig->till.hooks[3].type = sim_dup(first->type);
	rig->till.hooks[3].url = sim_dup(first->url);
	rig->till.hooks[3].id[0] = '9';
	rig->till.n_hooks = 4;
	free(first->url);
	first->url = sim_dup(URL "?type=sale.update&k=older");
	list = text_format("{\"data\":[{\"id\":\"%s\",\"type\":"
	                   "\"sale.update\",\"url\":\"%s\",\"active\":true},"
	                   "{\"id\":\"%s\",\"type\":\"%s\",\"url\":\"%s\","
	                   "\"active\":true},{\"id\":\"%s\",\"type\":\"%s\","
	                   "\"url\":\"%s\",\"active\":true}]}",
	                   first->id, first->url, first[1].id, first[1].type,
	                   first[1].url, first[2].id, first[2].type,
	                   first[2].url);
	say(rig, "GET", "/api/2026-07/webhooks", 200, list, NULL);
	assert_int_equal(register_(rig, &what, false).verdict, VERDICT_DONE);
	assert_int_equal(rig->till.n_hooks, 4);
	assert_string_equal(first->url, URL "?type=sale.update&k=older");
	/* And with the next look nothing is to be done. */
	rig->said.path = NULL;
	assert_int_equal(register_(rig, &what, false).verdict, VERDICT_DONE);
	assert_string_equal(buf_text(&what), "");
	free(list);
	buf_fini(&what);
}

/* The OpenAPI has JSON there, the guide a form. */
static void
test_lightspeed_x__where_json_is_refused_a_form_is_tried(void **state)
{
	struct rig *rig = *state;
	struct buf what = BUF_INIT;

	configure(rig, ",\"hook\":{\"token\":\"t0ken\"}");
	start_again(rig);
	rig->media = "application/x-www-form-urlencoded";
	assert_int_equal(register_(rig, &what, false).verdict, VERDICT_DONE);
	assert_int_equal(rig->till.n_hooks, 3);
	assert_string_equal(rig->till.hooks[2].url,
	                    URL "?type=product.update&k=t0ken");
	assert_true(rig->till.hooks[2].is_active);
	buf_fini(&what);
}

/* ---- what is asked once ---- */

static void
test_lightspeed_x__a_probe_that_found_all_costs_one_call(void **state)
{
	struct rig *rig = *state;
	struct buf what = BUF_INIT;

	assert_int_equal(lightspeed_x_adapter.probe(rig->state, &what).verdict,
	                 VERDICT_DONE);
	assert_non_null(strstr(buf_text(&what), "outlet \"Agora\""));
	assert_in_range(rig->wire.n_calls, 5, 9);
	till_wire_begin(&rig->wire);
	assert_int_equal(lightspeed_x_adapter.probe(rig->state, &what).verdict,
	                 VERDICT_DONE);
	assert_string_equal(buf_text(&rig->wire.log), "GET 2.0/retailer\n");
	buf_fini(&what);
}

/* Which right is wanted, the call tells. */
static void
test_lightspeed_x__a_right_that_is_missing_is_named_by_its_call(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;

	say(rig, "POST", "/api/2026-07/inventory_levels", 403,
	    "{\"error\":\"Forbidden\"}", NULL);
	outcome = look_at(rig, P1);
	assert_int_equal(outcome.verdict, VERDICT_LOCKED);
	assert_non_null(
		strstr(outcome.why, "POST /api/2026-07/inventory_levels"));
}

static void
test_lightspeed_x__the_window_is_never_overrun(void **state)
{
	struct rig *rig = *state;
	struct limits limits = { .monthly_calls = 0 };

	lightspeed_x_adapter.limits(&limits, rig->conf);
	assert_int_equal(limits.buckets[0].size + limits.buckets[0].drip, 350);
	assert_int_equal(limits.buckets[0].per_ms, 300000);
	configure(rig, ",\"registers\":4");
	lightspeed_x_adapter.limits(&limits, rig->conf);
	assert_int_equal(limits.buckets[0].size + limits.buckets[0].drip, 1250);
}

static void
add_ref(void *ctx, const char *ref)
{
	buf_adds(ctx, ref);
}

static void
test_lightspeed_x__a_binding_is_the_products_id(void **state)
{
	struct rig *rig = *state;
	struct buf external = BUF_INIT;
	struct buf refs = BUF_INIT;

	assert_int_equal(lightspeed_x_adapter.resolve(
				 rig->state, &external,
				 "0AF7B240-AB83-11E7-EDDC-9D5CB2C10D0D",
				 add_ref, &refs),
	                 0);
	assert_string_equal(buf_text(&external),
	                    "0af7b240-ab83-11e7-eddc-9d5cb2c10d0d");
	assert_string_equal(buf_text(&refs), buf_text(&external));
	buf_reset(&external);
	assert_int_equal(lightspeed_x_adapter.resolve(rig->state, &external,
	                                              "21-0001", add_ref,
	                                              &refs),
	                 ADAPTER_UNRESOLVED);
	assert_non_null(strstr(buf_text(&external), "21-0001"));
	buf_fini(&external);
	buf_fini(&refs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__many_items_are_one_call_and_one_outlet,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__what_has_no_count_is_refused_with_the_reason,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__of_many_without_a_count_only_some_are_asked_for,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_product_that_cannot_be_asked_about_is_alone,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_token_that_ends_meanwhile_is_said_of_all,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_level_of_a_double_is_a_count,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_write_is_the_difference_to_the_last_look,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__own_reasons_mark_our_writes,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__no_write_is_done_twice, rig_open,
			rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__what_may_be_on_its_way_is_waited_for,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_sale_beside_a_lost_write_stays_sold,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__what_is_done_after_the_time_out_is_done_once,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__an_older_adjustment_does_not_end_the_wait,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__only_our_own_adjustment_ends_the_wait,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_refused_batch_changes_nothing,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_sale_beside_a_refused_batch_is_not_undone,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_full_sync_goes_from_version_to_version,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_catch_up_reads_what_changed_and_a_little_more,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_sync_that_broke_off_moves_no_cursor,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_list_that_does_not_go_up_is_broken_off,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__sales_and_returns_are_listed_with_what_was_paid,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_late_sale_is_listed_when_it_arrives,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__where_to_begin_is_found_once,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__no_sale_is_missed_beside_ones_with_an_older_time,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_sale_without_a_time_does_not_end_the_search,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__no_sale_is_missed_over_days,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__one_mad_version_does_not_end_all_listing,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_sale_after_the_span_is_told_next_time,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_voided_sale_has_no_lines_any_more,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__what_is_parked_is_no_sale_yet,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__sales_are_read_by_id_and_missing_ones_left_out,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_number_of_many_digits_stops_no_sale,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_price_that_cannot_be_read_is_not_known,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_barcode_as_quantity_stops_no_other_sale,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_sale_it_cannot_read_is_named,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_sale_is_recorded_to_the_cent,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_sale_without_an_amount_has_the_tills_own_price,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_sale_has_an_id_of_ours_and_is_recorded_once,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__no_sale_is_recorded_twice, rig_open,
			rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_closed_register_is_told_to_a_person,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_conflict_not_looked_up_is_no_refusal,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_sale_that_was_voided_there_is_not_made_again,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__what_cannot_be_recorded_is_refused_with_its_cure,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_line_has_the_products_tax,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__products_are_found_by_sku_barcode_and_name,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__what_is_made_of_others_is_not_offered,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__webhooks_are_registered_once,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_webhook_of_ours_is_mended_and_others_stay,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__of_two_webhooks_of_ours_the_right_one_is_taken,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_webhook_that_is_there_by_now_is_enough,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__no_webhook_becomes_the_double_of_another,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__where_json_is_refused_a_form_is_tried,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_probe_that_found_all_costs_one_call,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_right_that_is_missing_is_named_by_its_call,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__the_window_is_never_overrun,
			rig_open, rig_close),
		cmocka_unit_test_setup_teardown(
			test_lightspeed_x__a_binding_is_the_products_id,
			rig_open, rig_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
