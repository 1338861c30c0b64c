/*
 * Lightspeed R's own rules, against the simulated till itself: it is asked by
 * function call, so that each call of the adapter can be lost, refused or be
 * the last one before a crash.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "adapters/adapters.h"
#include "gateway/base/clock.h"
#include "gateway/drivers/http_client.h"
#include "tests/sim/fault.h"
#include "tests/sim/lightspeed_r.h"
#include "tests/support/adapter_sink.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_mirror.h"
#include "tests/support/fake_vault.h"
#include "tests/support/till_wire.h"
#include "tests/support/till_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST   "https://r.test"
#define ROOT   HOST "/API/V3/Account/100/"
#define SECRET "pl4nted-client-4711"
#define FIRST  "pl4nted-refresh-4711"

/* ---- a till, and the adapter that calls it ---- */

struct rig {
	struct till_world at;
	struct lightspeed_r till;
	struct till_wire wire; /* renewals are neither counted nor noted */
	struct fake_vault vault;
	struct conf_section *conf;
	struct mirror *mirror;
	struct http_client *http;
	void *state;
	bool is_token_bad;   /* the next renewal has trouble */
	int puts;            /* of the vault, before the first call */
	const char *busy_at; /* before a call with this piece … */
	const char *busy;    /* … the till sells one of this SKU; NULL */
	unsigned busy_after; /* such calls, that are let go first */
};

/* The simulator's clock never goes back, and ours is ahead of the real one: so
   it goes with ours. */
static void
keep_time(struct rig *rig)
{
	int64_t us = clock_wall_ms() * 1000;

	if (rig->at.sim.last_us < us)
		rig->at.sim.last_us = us;
}

/* An order of the simulator's control interface. */
static void
change(struct rig *rig, const char *what, const char *body)
{
	const char *wrong;

	keep_time(rig);
	wrong = till_command(&lsr_hands, &rig->till, what, body);

	if (wrong)
		fail_msg("%s: %s", what, wrong);
}

static void
sell(struct rig *rig, const char *sku)
{
	char body[120];

	(void)snprintf(body, sizeof(body), "{\"lines\":[{\"sku\":\"%s\"}]}",
	               sku);
	change(rig, "sell", body);
}

static void
note_call(struct rig *rig, const struct http_request *q)
{
	if (!buf_text(&rig->wire.log)[0] && rig->puts < 0)
		rig->puts = rig->vault.n_puts;
	till_wire_note(&rig->wire, q);
	if (rig->busy && strstr(q->url, rig->busy_at) &&
	    rig->busy_after-- == 0) {
		sell(rig, rig->busy);
		rig->busy = NULL;
	}
}

static int
answer_call(void *ctx, const struct http_request *q, struct http_answer *answer)
{
	struct rig *rig = ctx;
	bool is_token = strcmp(q->url, HOST "/auth/oauth/token") == 0;
	bool is_bad;

	if (!is_token)
		note_call(rig, q);
	is_bad = is_token ? rig->is_token_bad
	                  : ++rig->wire.n_calls == rig->wire.bad_call;
	keep_time(rig);
	if (!is_bad || rig->wire.trouble == LOST)
		till_wire_answer(&rig->wire, q, answer);
	if (!is_bad)
		return 0;
	rig->is_token_bad = false;
	till_wire_lose(&rig->wire, answer);
	return 0;
}

static void
configure(struct rig *rig, const char *ids)
{
	const struct conf_type type = { .name = "lightspeed_r",
		                        .rows = lightspeed_r_adapter.options,
		                        .default_url = HOST };
	char *json = text_format(
		"{\"name\":\"bazaar\",\"type\":\"lightspeed_r\",\"url\":"
		"\"" HOST "\",\"client_id\":\"client\",\"client_secret\":"
		"\"" SECRET "\",\"refresh_token\":\"" FIRST "\",%s}",
		ids);
	struct buf mistakes = BUF_INIT;

	conf_section_free(rig->conf);
	rig->conf = NULL;
	if (conf_section_parse(&rig->conf, &type, json, NULL, &mistakes))
		fail_msg("%s", buf_text(&mistakes));
	buf_fini(&mistakes);
	free(json);
}

#define IDS \
	"\"account\":100,\"shop\":1,\"register\":1,\"employee\":2," \
	"\"payment_type\":7"

static void
open_state(struct rig *rig)
{
	const struct adapter_env env = { rig->conf, rig->http, rig->mirror,
		                         &rig->vault.port };

	assert_int_equal(lightspeed_r_adapter.open(&rig->state, &env), 0);
}

/* As after a crash: all that is in memory is gone. */
static void
restart(struct rig *rig)
{
	lightspeed_r_adapter.close(rig->state);
	rig->vault.is_locked = false;
	open_state(rig);
}

static int
rig_open(void **state)
{
	const struct lsr_options options = { .client_id = "client",
		                             .client_secret = SECRET,
		                             .refresh_token = FIRST };
	struct rig *rig = sim_alloc(sizeof(*rig));

	fake_clock_start(INT64_C(4102444800000), 5000000); /* 2100 */
	till_world_open(&rig->at, 1);
	keep_time(rig);
	lsr_init(&rig->till, &rig->at.sim, &options);
	rig->wire = (struct till_wire){ .host = HOST,
		                        .root = ROOT,
		                        .serve = lsr_serve,
		                        .till = &rig->till,
		                        .more = { "Host", "other.test" } };
	rig->till.is.burst_max = 1000000;
	rig->till.is.bucket_size = 1000000;
	rig->till.is.refreshes_max = 1000;
	rig->puts = -1;
	fake_vault_init(&rig->vault);
	rig->mirror = fake_mirror_new();
	assert_int_equal(http_client_new_fake(&rig->http, answer_call, rig), 0);
	configure(rig, IDS);
	open_state(rig);
	*state = rig;
	return 0;
}

static int
rig_close(void **state)
{
	struct rig *rig = *state;

	lightspeed_r_adapter.close(rig->state);
	http_client_free(rig->http);
	fake_mirror_free(rig->mirror);
	fake_vault_fini(&rig->vault);
	conf_section_free(rig->conf);
	till_wire_fini(&rig->wire);
	lsr_fini(&rig->till);
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

static struct lsr_thing *
thing(struct rig *rig, const char *sku)
{
	struct lsr_thing *t = lsr_find(&rig->till, sku);

	assert_non_null(t);
	return t;
}

static int64_t
qoh(struct rig *rig, const char *sku)
{
	return thing(rig, sku)->shops[0].qoh;
}

/* A count of this SKU; its name lies in `name`. */
static struct count
count_of(struct rig *rig, const char *sku, char name[24])
{
	(void)snprintf(name, 24, "%lld", (long long)thing(rig, sku)->id);
	return (struct count){ .external = name };
}

static void
begin_log(struct rig *rig)
{
	till_wire_begin(&rig->wire);
	rig->wire.bad_call = 0;
}

static int64_t
whole(struct decimal d)
{
	int64_t n = -1;

	assert_int_equal(decimal_to_scaled(&n, d, 0), 0);
	return n;
}

static void
assert_done(struct outcome outcome)
{
	if (outcome.verdict != VERDICT_DONE)
		fail_msg("%s: %s", verdict_name(outcome.verdict), outcome.why);
}

/* ---- the token ---- */

static struct outcome
probe(struct rig *rig, struct buf *what)
{
	struct buf ignored = BUF_INIT;
	struct outcome outcome =
		lightspeed_r_adapter.probe(rig->state, what ? what : &ignored);

	buf_fini(&ignored);
	return outcome;
}

static void
test_lightspeed_r__a_pair_is_kept_before_it_is_used(void **state)
{
	struct rig *rig = *state;

	assert_done(probe(rig, NULL));
	assert_int_equal(rig->puts, 1);
	assert_int_equal(rig->till.n_refreshes, 1);
	/* It ends: the second is asked for by the first one's refresh token. */
	change(rig, "tokens", "{\"expire\":\"access\"}");
	assert_done(probe(rig, NULL));
	assert_int_equal(rig->till.n_refreshes, 2);
	assert_int_equal(rig->till.n_refused_refreshes, 0);
	restart(rig);
	assert_done(probe(rig, NULL));
	assert_int_equal(rig->till.n_refreshes, 2);
}

/* The old refresh token lives until the new access token is used. */
static void
test_lightspeed_r__a_pair_lost_on_its_way_costs_nothing(void **state)
{
	struct rig *rig = *state;

	assert_done(probe(rig, NULL));
	for (int i = 0; i < 3; i++) {
		change(rig, "tokens", "{\"expire\":\"access\"}");
		rig->is_token_bad = true;
		rig->wire.trouble = LOST;
		assert_int_equal(probe(rig, NULL).verdict, VERDICT_RETRY);
		restart(rig); /* killed before it could be stored */
		assert_done(probe(rig, NULL));
	}
	assert_int_equal(rig->till.n_refreshes, 7);
	assert_int_equal(rig->till.n_refused_refreshes, 0);
}

static void
test_lightspeed_r__what_is_not_kept_is_not_used(void **state)
{
	struct rig *rig = *state;

	assert_done(probe(rig, NULL));
	change(rig, "tokens", "{\"expire\":\"access\"}");
	begin_log(rig);
	rig->vault.put_fails = 1;
	assert_int_equal(probe(rig, NULL).verdict, VERDICT_RETRY);
	assert_int_equal(rig->wire.n_calls, 1); /* the one that found it worn */
	restart(rig);
	assert_done(probe(rig, NULL));
	assert_int_equal(rig->till.n_refused_refreshes, 0);
}

static void
test_lightspeed_r__a_dead_authorisation_is_for_a_person(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;

	assert_done(probe(rig, NULL));
	change(rig, "tokens", "{\"expire\":\"all\"}");
	outcome = probe(rig, NULL);
	assert_int_equal(outcome.verdict, VERDICT_LOCKED);
	assert_non_null(
		strstr(outcome.why, "authorise again and set `refresh_token`"));
	assert_null(strstr(outcome.why, "4711"));
	assert_null(strstr(outcome.why, "eyJ"));
}

/* Nobody asks for anything for a week: it is renewed all the same. */
static void
test_lightspeed_r__an_idle_connection_is_renewed(void **state)
{
	struct rig *rig = *state;

	assert_done(probe(rig, NULL));
	assert_done(lightspeed_r_adapter.tend(rig->state));
	assert_int_equal(rig->till.n_refreshes, 1);
	fake_clock_advance(INT64_C(8) * 24 * 3600 * 1000);
	assert_done(lightspeed_r_adapter.tend(rig->state));
	assert_int_equal(rig->till.n_refreshes, 2);
	for (int i = 0; i < 6; i++) { /* 30 days without would kill it */
		fake_clock_advance(INT64_C(8) * 24 * 3600 * 1000);
		assert_done(lightspeed_r_adapter.tend(rig->state));
	}
	assert_done(probe(rig, NULL));
	assert_int_equal(rig->till.n_refused_refreshes, 0);
}

/* ---- probe ---- */

static void
test_lightspeed_r__probe_names_what_it_found(void **state)
{
	struct rig *rig = *state;
	struct buf what = BUF_INIT;

	assert_done(probe(rig, &what));
	assert_memory_equal(
		buf_text(&what),
		"account \"Παντοπωλείο Αγορά\" (100), shop \"Agora\" (1), "
		"register \"Ταμείο 1\" (1), employee \"Till Bridge\" (2), "
		"payment type \"Credit Card\" (7), token until ",
		strlen("account \"Παντοπωλείο Αγορά\" (100), shop \"Agora\" "
	               "(1), register \"Ταμείο 1\" (1), employee \"Till "
	               "Bridge\" (2), payment type \"Credit Card\" (7), token "
	               "until "));
	buf_fini(&what);
	begin_log(rig);
	assert_done(probe(rig, NULL));
	assert_int_equal(rig->wire.n_calls, 1);
}

static void
test_lightspeed_r__probe_says_exactly_what_is_wrong(void **state)
{
	static const struct {
		const char *ids;
		const char *why;
	} rows[] = {
		{ "\"account\":7,\"shop\":1,\"register\":1,\"employee\":2,"
		  "\"payment_type\":7",
		  "`account` 7 is not this token's; it is for: 100 (" },
		{ "\"account\":100,\"shop\":5,\"register\":1,\"employee\":2,"
		  "\"payment_type\":7",
		  "`shop` 5 is not known at Lightspeed; there is: 1 (Agora), "
		  "2 (" },
		{ "\"account\":100,\"shop\":1,\"register\":9,\"employee\":2,"
		  "\"payment_type\":7",
		  "`register` 9 is not known at Lightspeed; there is: 1 (" },
		{ "\"account\":100,\"shop\":2,\"register\":1,\"employee\":2,"
		  "\"payment_type\":7",
		  "is of another shop than `shop`" },
		{ "\"account\":100,\"shop\":1,\"register\":1,\"employee\":4,"
		  "\"payment_type\":7",
		  "`employee` 4 is not known at Lightspeed; there is: 2 (Till "
		  "Bridge)" },
		{ "\"account\":100,\"shop\":1,\"register\":1,\"employee\":2,"
		  "\"payment_type\":8",
		  "`payment_type` 8 is not known at Lightspeed; there is: 1 "
		  "(Cash), 2 (Check)" },
		{ "\"account\":100,\"shop\":1,\"register\":1,\"employee\":2,"
		  "\"payment_type\":3",
		  "`payment_type` 3 (Credit Account) needs a customer" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rig *rig = renew(state);
		struct buf what = BUF_INIT;
		struct outcome outcome;

		configure(rig, rows[i].ids);
		restart(rig);
		outcome = probe(rig, &what);
		assert_int_equal(outcome.verdict, VERDICT_LOCKED);
		if (!strstr(outcome.why, rows[i].why))
			fail_msg("%zu: %s", i, outcome.why);
		assert_int_equal(what.n, 0);
	}
}

static void
test_lightspeed_r__too_few_scopes_are_told(void **state)
{
	struct rig *rig = *state;
	struct count count = { .external = "1" };
	struct outcome outcome;

	change(rig, "switches", "{\"scopes\":\"employee:register\"}");
	outcome = lightspeed_r_adapter.read_counts(rig->state, &count, 1);
	assert_int_equal(outcome.verdict, VERDICT_LOCKED);
	assert_non_null(strstr(outcome.why, "scopes"));
}

/* ---- counts ---- */

static void
test_lightspeed_r__counts_are_our_shops(void **state)
{
	struct rig *rig = *state;
	char names[2][24];
	struct count counts[] = { count_of(rig, "21-0001", names[0]),
		                  count_of(rig, "21-0003", names[1]) };

	change(rig, "count", "{\"sku\":\"21-0001\",\"quantity\":41}");
	change(rig, "count", "{\"sku\":\"21-0001\",\"quantity\":7,\"shop\":2}");
	change(rig, "count", "{\"sku\":\"21-0003\",\"quantity\":3}");
	assert_done(lightspeed_r_adapter.read_counts(rig->state, counts, 2));
	assert_true(counts[0].is_known && counts[1].is_known);
	assert_int_equal(whole(counts[0].qty), 41);
	assert_int_equal(whole(counts[1].qty), 3);
	assert_int_equal(rig->wire.n_calls, 1);
	/* One alone comes as an object. */
	assert_done(
		lightspeed_r_adapter.read_counts(rig->state, counts + 1, 1));
	assert_true(counts[1].is_known);
	/* Sold beyond what there was. */
	change(rig, "receive", "{\"sku\":\"21-0003\",\"quantity\":-5}");
	assert_done(
		lightspeed_r_adapter.read_counts(rig->state, counts + 1, 1));
	assert_int_equal(whole(counts[1].qty), -2);
}

static void
test_lightspeed_r__what_has_no_stock_says_why(void **state)
{
	struct rig *rig = *state;
	char names[3][24];
	struct count counts[] = { { .external = "99999" },
		                  count_of(rig, "21-0001", names[0]),
		                  count_of(rig, "21-0003", names[1]),
		                  count_of(rig, "21-0004", names[2]) };

	change(rig, "item", "{\"sku\":\"21-0001\",\"tracked\":false}");
	thing(rig, "21-0003")->shops[0].id = 0; /* never counted here */
	assert_done(lightspeed_r_adapter.read_counts(rig->state, counts, 4));
	assert_int_equal(counts[0].outcome.verdict, VERDICT_REFUSED);
	assert_non_null(strstr(counts[0].outcome.why, "item 99999: there is "
	                                              "none"));
	assert_int_equal(counts[1].outcome.verdict, VERDICT_REFUSED);
	assert_non_null(strstr(counts[1].outcome.why, "non_inventory"));
	assert_int_equal(counts[2].outcome.verdict, VERDICT_DONE);
	assert_false(counts[2].is_known);
	assert_true(counts[3].is_known);
	/* The first count of an item makes its row. */
	counts[2].qty = decimal_of(6);
	assert_done(lightspeed_r_adapter.write_counts(rig->state, counts + 2, 1,
	                                              clock_wall_ms()));
	assert_int_equal(qoh(rig, "21-0003"), 6);
}

static void
test_lightspeed_r__writes_are_our_shops_alone(void **state)
{
	struct rig *rig = *state;
	char names[2][24];
	struct count counts[] = { count_of(rig, "21-0001", names[0]),
		                  { .external = "99999" },
		                  count_of(rig, "21-0003", names[1]) };

	change(rig, "count", "{\"sku\":\"21-0001\",\"quantity\":7,\"shop\":2}");
	counts[0].qty = decimal_of(12);
	counts[1].qty = decimal_of(5);
	counts[2].qty = DECIMAL_ZERO;
	assert_done(lightspeed_r_adapter.write_counts(rig->state, counts, 3,
	                                              clock_wall_ms()));
	assert_int_equal(qoh(rig, "21-0001"), 12);
	assert_int_equal(thing(rig, "21-0001")->shops[1].qoh, 7);
	assert_int_equal(qoh(rig, "21-0003"), 0);
	/* One bad binding is its own trouble. */
	assert_int_equal(counts[0].outcome.verdict, VERDICT_DONE);
	assert_int_equal(counts[1].outcome.verdict, VERDICT_REFUSED);
	assert_int_equal(counts[2].outcome.verdict, VERDICT_DONE);
}

static int
take_sale_silently(void *ctx, struct sale *sale)
{
	(void)sale;
	++*(unsigned *)ctx;
	return 0;
}

/* As the engine does it: count, list the sales up to then, write. Returns how
   many sales were told. */
static unsigned
bring(struct rig *rig, struct count *count, int64_t target)
{
	int64_t as_of_ms;
	unsigned n = 0;
	const struct sale_sink sink = { &n, take_sale_silently };

	assert_done(lightspeed_r_adapter.read_counts(rig->state, count, 1));
	as_of_ms = clock_wall_ms();
	assert_done(lightspeed_r_adapter.list_sales(
		rig->state, as_of_ms - 120000, as_of_ms, &sink));
	fake_clock_advance(1500);
	count->qty = decimal_of(target);
	assert_done(lightspeed_r_adapter.write_counts(rig->state, count, 1,
	                                              as_of_ms));
	return n;
}

/* The window that the vendor's interface leaves is behind the last listing. */
static void
test_lightspeed_r__a_sale_beside_a_write_is_not_undone(void **state)
{
	struct rig *rig = *state;
	char name[24];
	struct count count = count_of(rig, "21-0001", name);

	change(rig, "count", "{\"sku\":\"21-0001\",\"quantity\":10}");
	fake_clock_advance(60000);
	/* Listed: it is inside the target, and taken off once. */
	sell(rig, "21-0001");
	assert_int_equal(bring(rig, &count, 14), 1);
	assert_int_equal(qoh(rig, "21-0001"), 14);
	/* Rung up behind the listing: asked for right before the write. */
	fake_clock_advance(60000);
	rig->busy = "21-0001";
	rig->busy_at = "/Sale.json?";
	rig->busy_after = 1;
	assert_int_equal(bring(rig, &count, 20), 1); /* the first, again */
	assert_null(rig->busy);
	assert_int_equal(qoh(rig, "21-0001"), 19);
}

/* What was sold before sales began to count is inside the count, and no
   listing will tell of it. */
static void
test_lightspeed_r__what_lies_before_the_listing_is_history(void **state)
{
	struct rig *rig = *state;
	unsigned n = 0;
	const struct sale_sink sink = { &n, take_sale_silently };
	char name[24];
	struct count count = count_of(rig, "21-0001", name);
	int64_t now;

	sell(rig, "21-0001");
	fake_clock_advance(3000);
	now = clock_wall_ms();
	assert_done(
		lightspeed_r_adapter.list_sales(rig->state, now, now, &sink));
	assert_int_equal(n, 0);
	count.qty = decimal_of(20);
	assert_done(
		lightspeed_r_adapter.write_counts(rig->state, &count, 1, now));
	assert_int_equal(qoh(rig, "21-0001"), 20);
}

static void
test_lightspeed_r__nothing_below_zero_is_sent(void **state)
{
	struct rig *rig = *state;
	char name[24];
	struct count count = count_of(rig, "21-0001", name);

	sell(rig, "21-0001");
	count.qty = DECIMAL_ZERO;
	assert_done(lightspeed_r_adapter.write_counts(rig->state, &count, 1,
	                                              clock_wall_ms()));
	assert_int_equal(qoh(rig, "21-0001"), 0);
}
/* ---- sync ---- */

struct tally {
	unsigned n_begun;
	unsigned n_counts;
	int64_t of_first; /* 21-0001 */
	char first[24];
	unsigned n_breaths;
	struct rig *rig;
	const char *moves; /* while it is listed, once; NULL */
};

static int
begin_counts(void *ctx)
{
	struct tally *t = ctx;

	t->n_begun++;
	return 0;
}

static int
take_count(void *ctx, const char *external, struct decimal qty)
{
	struct tally *t = ctx;

	t->n_counts++;
	if (strcmp(external, t->first) == 0)
		t->of_first = whole(qty);
	return 0;
}

static int
breathe(void *ctx)
{
	struct tally *t = ctx;

	t->n_breaths++;
	if (t->moves) {
		fake_clock_advance(1000);
		sell(t->rig, t->moves);
		t->moves = NULL;
	}
	return 0;
}

static struct sync_sink
sink_of(struct tally *t)
{
	struct sync_sink sink = adapter_sink_of(t, take_count);

	sink.begin_counts = begin_counts;
	sink.breathe = breathe;
	return sink;
}

static struct outcome
sync(struct rig *rig, struct tally *t, bool is_full, const char *moves)
{
	const struct sync_job job = { .is_full = is_full };
	const struct sync_sink sink = sink_of(t);

	*t = (struct tally){ .of_first = -1, .rig = rig, .moves = moves };
	(void)snprintf(t->first, sizeof(t->first), "%lld",
	               (long long)thing(rig, "21-0001")->id);
	begin_log(rig);
	return lightspeed_r_adapter.sync(rig->state, &job, &sink);
}

static void
test_lightspeed_r__a_sync_reads_all_pages_then_what_changed(void **state)
{
	struct rig *rig = *state;
	unsigned n = (unsigned)rig->till.n_things;
	struct tally t;

	change(rig, "switches", "{\"page_rows\":2}");
	assert_done(sync(rig, &t, true, NULL));
	assert_int_equal(t.n_begun, 1);
	assert_int_equal(t.n_counts, n); /* none of shops 0 and 2 */
	assert_int_equal(t.n_breaths, (n + 1) / 2);
	/* The cursor is behind all but a moment of it. */
	fake_clock_advance(600000);
	sell(rig, "21-0001");
	assert_done(sync(rig, &t, false, NULL));
	assert_int_equal(t.n_counts, n);
	fake_clock_advance(600000);
	assert_done(sync(rig, &t, false, NULL));
	assert_int_equal(t.n_counts, 1);
	assert_int_equal(t.of_first, qoh(rig, "21-0001"));
	assert_done(sync(rig, &t, true, NULL));
	assert_int_equal(t.n_counts, n);
}

/* Sorted by its time stamp, a row that changes moves behind the cursor. */
static void
test_lightspeed_r__what_moves_during_a_sync_is_read_again(void **state)
{
	struct rig *rig = *state;
	struct tally t;

	change(rig, "switches", "{\"page_rows\":2}");
	assert_done(sync(rig, &t, true, "21-0001"));
	assert_int_equal(t.of_first, qoh(rig, "21-0001"));
}

static void
test_lightspeed_r__a_list_that_breaks_off_moves_no_cursor(void **state)
{
	struct rig *rig = *state;
	unsigned n = (unsigned)rig->till.n_things;
	struct tally t;

	change(rig, "switches", "{\"page_rows\":2}");
	assert_done(sync(rig, &t, true, NULL));
	fake_clock_advance(600000);
	keep_time(rig);
	for (size_t i = 0; i < rig->till.n_things; i++)
		lsr_move(
			&rig->till,
			&(struct lsr_move){ .thing = rig->till.things[i],
		                            .change = 1,
		                            .reason = "AddInventoryForOrder" });
	fake_clock_advance(600000);
	for (unsigned at = 1; at <= 2; at++) {
		const struct sync_job job = { .is_full = false };
		const struct sync_sink sink = sink_of(&t);

		begin_log(rig);
		rig->wire.bad_call = at;
		rig->wire.trouble = LOST;
		assert_int_equal(
			lightspeed_r_adapter.sync(rig->state, &job, &sink)
				.verdict,
			VERDICT_RETRY);
	}
	assert_done(sync(rig, &t, false, NULL));
	assert_int_equal(t.n_counts, n);
}

/* ---- sales ---- */

enum { SALES_MAX = 16 };

struct seen {
	struct {
		char id[24];
		char reference[48];
		int64_t closed_ms;
		size_t n_lines;
		struct decimal qty; /* of the first line */
		struct decimal gross;
		bool has_gross;
	} sales[SALES_MAX];
	size_t n;
};

static int
see_sale(void *ctx, struct sale *sale)
{
	struct seen *seen = ctx;

	assert_true(seen->n < SALES_MAX);
	assert_true(sale->is_final);
	assert_true(sale->version > 0);
	(void)snprintf(seen->sales[seen->n].id, 24, "%s", sale->id);
	(void)snprintf(seen->sales[seen->n].reference, 48, "%s",
	               sale->reference ? sale->reference : "");
	seen->sales[seen->n].closed_ms = sale->closed_ms;
	seen->sales[seen->n].n_lines = sale->n_lines;
	if (sale->n_lines) {
		seen->sales[seen->n].qty = sale->lines[0].qty;
		seen->sales[seen->n].gross = sale->lines[0].gross;
		seen->sales[seen->n].has_gross = sale->lines[0].has_gross;
	}
	seen->n++;
	return 0;
}

/* Of the last `ms`. */
static struct outcome
list(struct rig *rig, struct seen *seen, int64_t ms)
{
	const struct sale_sink sink = { seen, see_sale };
	int64_t now = clock_wall_ms();

	seen->n = 0;
	return lightspeed_r_adapter.list_sales(rig->state, now - ms, now,
	                                       &sink);
}

static void
test_lightspeed_r__sales_are_listed_page_by_page(void **state)
{
	struct rig *rig = *state;
	struct seen seen;

	change(rig, "switches", "{\"page_rows\":2}");
	for (int i = 0; i < 5; i++) {
		fake_clock_advance(1000);
		sell(rig, "21-0001");
	}
	fake_clock_advance(1000);
	change(rig, "sell",
	       "{\"lines\":[{\"sku\":\"21-0001\",\"quantity\":3},{\"sku\":"
	       "\"21-0003\"}]}");
	assert_done(list(rig, &seen, 600000));
	assert_int_equal(seen.n, 6);
	assert_int_equal(till_wire_times(&rig->wire, "GET Sale.json"), 3);
	for (size_t i = 1; i < seen.n; i++)
		assert_true(seen.sales[i - 1].closed_ms <
		            seen.sales[i].closed_ms);
	assert_int_equal(seen.sales[5].n_lines, 2);
	assert_int_equal(whole(seen.sales[5].qty), 3);
	assert_true(seen.sales[5].has_gross);
	assert_int_equal(
		decimal_cmp(
			decimal_round(seen.sales[5].gross, 2, DECIMAL_HALF_UP),
			decimal_round(
				lsr_line_total(&rig->till,
	                                       &rig->till.sales[5]->lines[0]),
				2, DECIMAL_HALF_UP)),
		0);
}

static void
test_lightspeed_r__returns_and_voids_are_sales_too(void **state)
{
	struct rig *rig = *state;
	struct seen seen;
	char body[60];

	change(rig, "return", "{\"lines\":[{\"sku\":\"21-0001\"}]}");
	assert_done(list(rig, &seen, 600000));
	assert_int_equal(seen.n, 1);
	assert_int_equal(whole(seen.sales[0].qty), -1);
	fake_clock_advance(5000);
	sell(rig, "21-0003");
	(void)snprintf(body, sizeof(body), "{\"sale\":%lld}",
	               (long long)rig->till.sales[1]->id);
	fake_clock_advance(5000);
	change(rig, "void", body);
	assert_done(list(rig, &seen, 600000));
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.sales[1].n_lines, 1);
	assert_int_equal(whole(seen.sales[1].qty), 0);
}

/* Completed yesterday, and here only now. */
static void
test_lightspeed_r__a_late_sale_is_found_by_when_it_came(void **state)
{
	struct rig *rig = *state;
	struct seen seen;

	change(rig, "sell",
	       "{\"lines\":[{\"sku\":\"21-0001\"}],\"closed_ago_s\":90000}");
	assert_done(list(rig, &seen, 60000));
	assert_int_equal(seen.n, 1);
	assert_int_equal(clock_wall_ms() - seen.sales[0].closed_ms, 90000000);
}

static void
test_lightspeed_r__what_is_sold_behind_the_end_is_of_the_next(void **state)
{
	struct rig *rig = *state;
	struct seen seen = { .n = 0 };
	const struct sale_sink sink = { &seen, see_sale };
	int64_t until_ms = clock_wall_ms();

	fake_clock_advance(7000);
	sell(rig, "21-0001");
	assert_done(lightspeed_r_adapter.list_sales(
		rig->state, until_ms - 60000, until_ms, &sink));
	assert_int_equal(seen.n, 0);
	assert_done(list(rig, &seen, 2000));
	assert_int_equal(seen.n, 1);
}

static void
test_lightspeed_r__sales_are_read_by_id(void **state)
{
	struct rig *rig = *state;
	struct seen seen = { .n = 0 };
	const struct sale_sink sink = { &seen, see_sale };
	char id[24];
	const char *ids[] = { id, "999999", "return.7", "" };

	sell(rig, "21-0001");
	sell(rig, "21-0003");
	(void)snprintf(id, sizeof(id), "%lld",
	               (long long)rig->till.sales[1]->id);
	assert_done(lightspeed_r_adapter.read_sales(rig->state, ids, 4, &sink));
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.sales[0].id, id);
	begin_log(rig);
	assert_done(
		lightspeed_r_adapter.read_sales(rig->state, ids + 2, 2, &sink));
	assert_int_equal(rig->wire.n_calls,
	                 0); /* no ids would be all of them */
}

/* ---- entries ---- */

static struct outcome
with_entry(struct rig *rig, const char *qty, const char *gross,
           struct outcome (*act)(void *state, const struct entry *entry))
{
	char external[24];
	struct entry entry = { .kind = ENTRY_SALE,
		               .id = text_dup("agora/ORDER"),
		               .docid = text_dup("TB-agora-ORDER"),
		               .account = text_dup("agora"),
		               .sale = text_dup("ORDER"),
		               .authority = text_dup("bazaar"),
		               .occurred_ms = clock_wall_ms() - 60000 };
	struct entry_line *line = entry_add_line(&entry);
	struct outcome outcome;

	(void)count_of(rig, "21-0001", external);
	assert_non_null(line);
	line->uid = text_dup("u");
	line->sku = text_dup("21-0001");
	line->external = text_dup(
		act == lightspeed_r_adapter.find_entry ? "" : external);
	assert_int_equal(decimal_parse(&line->qty, qty), 0);
	if (gross) {
		assert_int_equal(decimal_parse(&line->gross, gross), 0);
		line->has_gross = true;
	}
	outcome = act(rig->state, &entry);
	entry_fini(&entry);
	return outcome;
}

static struct outcome
post(struct rig *rig, const char *qty, const char *gross)
{
	return with_entry(rig, qty, gross, lightspeed_r_adapter.post_entry);
}

static struct outcome
find(struct rig *rig)
{
	return with_entry(rig, "3", "10.00", lightspeed_r_adapter.find_entry);
}

static size_t
n_completed(const struct rig *rig)
{
	size_t n = 0;

	for (size_t i = 0; i < rig->till.n_sales; i++)
		n += rig->till.sales[i]->is_completed &&
		     !rig->till.sales[i]->is_voided;
	return n;
}

static void
assert_money(struct decimal d, const char *expected)
{
	char text[DECIMAL_TEXT_SIZE];

	assert_string_equal(decimal_format(text, d), expected);
}

/* 10.00 for three is two at 3.33 and one at 3.34, paid to the cent. */
static void
test_lightspeed_r__a_sale_is_recorded_and_paid_exactly(void **state)
{
	struct rig *rig = *state;
	int64_t before = qoh(rig, "21-0001");
	struct seen seen;
	const struct lsr_sale *s;

	assert_done(post(rig, "3", "10.00"));
	assert_int_equal(qoh(rig, "21-0001"), before - 3);
	assert_int_equal(rig->till.n_sales, 1);
	s = rig->till.sales[0];
	assert_true(s->is_completed);
	assert_string_equal(s->reference, "TB-agora-ORDER");
	assert_money(lsr_sale_total(&rig->till, s), "10");
	assert_money(lsr_sale_paid(s), "10");
	assert_int_equal(s->payments[0].type, LSR_CARD);
	assert_int_equal(s->n_lines, 2);
	/* It is known for ours when it is listed. */
	assert_done(list(rig, &seen, 60000));
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.sales[0].reference, "TB-agora-ORDER");
	/* Whoever asks again gets no second one. */
	assert_done(find(rig));
	assert_done(post(rig, "3", "10.00"));
	assert_int_equal(rig->till.n_sales, 1);
}

/* Whether the account adds tax to prices or has it inside. */
static void
test_lightspeed_r__a_sale_is_paid_whatever_it_comes_to(void **state)
{
	static const char *const switches[] = { "{\"includes_tax\":true}",
		                                "{\"includes_tax\":false}" };

	for (size_t i = 0; i < 2; i++) {
		struct rig *rig = renew(state);

		change(rig, "switches", switches[i]);
		assert_done(post(rig, "2", "7.50"));
		assert_money(lsr_sale_paid(rig->till.sales[0]), "7.5");
		/* Without an amount: the till's price, with its tax. */
		rig = renew(state);
		change(rig, "switches", switches[i]);
		assert_done(post(rig, "2", NULL));
		assert_int_equal(
			decimal_cmp(
				lsr_sale_paid(rig->till.sales[0]),
				lsr_sale_total(&rig->till, rig->till.sales[0])),
			0);
		assert_true(lsr_sale_paid(rig->till.sales[0]).units > 0);
		/* A gift is paid with nothing. */
		rig = renew(state);
		assert_done(post(rig, "1", "0"));
		assert_true(rig->till.sales[0]->is_completed);
		assert_int_equal(rig->till.sales[0]->n_payments, 0);
	}
}

/* ---- money, by other arithmetic: hundred-thousandths, times hundredths ---- */

enum { ROUNDS = 200, ROUND_LINES = 12, THINGS = 4, CENT = 100000 };

static uint64_t
next_random(uint64_t *seed, uint64_t below)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*seed >> 33) % below;
}

/* What the till takes for one sale, in units of 10^-7; halves go up. */
struct reckoning {
	int64_t sum;
};

static int64_t
cents_of(const struct reckoning *k)
{
	return (k->sum + CENT / 2) / CENT;
}

/* Prices without tax, of up to five digits, as R calculates them. */
static int64_t
price_anew(struct rig *rig, size_t i, uint64_t *seed)
{
	int64_t price = (int64_t)next_random(seed, 5000000);

	rig->till.things[i]->price = decimal_of_scaled(price, 5);
	rig->till.things[i]->goods.price = decimal_of_scaled(price, 5);
	return price;
}

static void
reckon(struct reckoning *k, const struct rig *rig, size_t i, int64_t price,
       int64_t qty, bool is_taxed)
{
	int64_t vat = is_taxed ? rig->till.things[i]->goods.vat : 0;

	k->sum += price * qty * (100 + vat);
}

struct total {
	struct decimal gross;
	size_t n;
};

static int
add_up(void *ctx, struct sale *sale)
{
	struct total *t = ctx;

	for (size_t i = 0; i < sale->n_lines; i++) {
		assert_true(sale->lines[i].has_gross);
		t->gross = decimal_add(t->gross, sale->lines[i].gross);
	}
	t->n++;
	return 0;
}

/* Its lines have any number of digits and no line says what became of them: the
   sum is what was paid, and not a hundredth less. */
static void
test_lightspeed_r__a_sales_lines_come_to_what_was_paid(void **state)
{
	struct rig *rig = *state;
	uint64_t seed = 20261122;

	change(rig, "switches", "{\"includes_tax\":false}");
	for (int round = 0; round < ROUNDS; round++) {
		size_t n = 1 + next_random(&seed, ROUND_LINES);
		struct buf body = BUF_INIT;
		struct reckoning k = { 0 };
		struct total total = { DECIMAL_ZERO, 0 };
		const struct sale_sink sink = { &total, add_up };
		int64_t now;
		int64_t prices[THINGS];

		for (size_t i = 0; i < THINGS; i++)
			prices[i] = price_anew(rig, i, &seed);
		buf_adds(&body, "{\"lines\":[");
		for (size_t j = 0; j < n; j++) {
			size_t i = next_random(&seed, THINGS);
			int64_t qty = 1 + (int64_t)next_random(&seed, 9);

			buf_addf(&body, "%s{\"sku\":\"%s\",\"quantity\":%d}",
			         j ? "," : "", rig->till.things[i]->goods.sku,
			         (int)qty);
			reckon(&k, rig, i, prices[i], qty, true);
		}
		buf_adds(&body, "]}");
		fake_clock_advance(60000);
		change(rig, "sell", buf_text(&body));
		buf_fini(&body);
		now = clock_wall_ms();
		assert_done(lightspeed_r_adapter.list_sales(
			rig->state, now - 1000, now, &sink));
		assert_int_equal(total.n, 1);
		assert_int_equal(
			decimal_cmp(total.gross,
		                    decimal_of_scaled(cents_of(&k), 2)),
			0);
	}
}

/* Some lines with what was paid for them, some at the till's price with its
   tax: the payment is what R makes of it all. */
static void
test_lightspeed_r__a_payment_is_what_the_till_calculates(void **state)
{
	struct rig *rig = *state;
	uint64_t seed = 4711;

	change(rig, "switches", "{\"includes_tax\":false}");
	for (int round = 0; round < ROUNDS; round++) {
		size_t n = 1 + next_random(&seed, ROUND_LINES);
		struct entry entry = { .kind = ENTRY_SALE,
			               .id = text_format("agora/%d", round),
			               .docid = text_format("TB-%d", round),
			               .account = text_dup("agora"),
			               .sale = text_dup("ORDER"),
			               .authority = text_dup("bazaar"),
			               .occurred_ms = clock_wall_ms() };
		struct reckoning k = { 0 };
		const struct lsr_sale *s;
		int64_t prices[THINGS];

		for (size_t i = 0; i < THINGS; i++)
			prices[i] = price_anew(rig, i, &seed);
		for (size_t j = 0; j < n; j++) {
			size_t i = next_random(&seed, THINGS);
			struct entry_line *line = entry_add_line(&entry);
			int64_t qty = 1 + (int64_t)next_random(&seed, 9);
			int64_t cents = (int64_t)next_random(&seed, 100000);

			line->uid = text_format("%zu", j);
			line->sku = text_dup(rig->till.things[i]->goods.sku);
			line->external = text_format(
				"%lld", (long long)rig->till.things[i]->id);
			line->qty = decimal_of(qty);
			line->has_gross = next_random(&seed, 2) == 0;
			line->gross = decimal_of_scaled(cents, 2);
			if (line->has_gross)
				k.sum += cents * CENT;
			else
				reckon(&k, rig, i, prices[i], qty, true);
		}
		fake_clock_advance(60000);
		assert_done(
			lightspeed_r_adapter.post_entry(rig->state, &entry));
		s = rig->till.sales[rig->till.n_sales - 1];
		assert_int_equal(rig->till.n_sales, (size_t)round + 1);
		assert_true(s->is_completed);
		assert_int_equal(
			decimal_cmp(lsr_sale_paid(s),
		                    decimal_of_scaled(cents_of(&k), 2)),
			0);
		entry_fini(&entry);
	}
}

/* The entry as the engine has it: looked up while it is uncertain. */
static void
settle(struct rig *rig, struct outcome outcome)
{
	for (int i = 0; i < 4 && outcome.verdict != VERDICT_DONE; i++) {
		if (outcome.verdict == VERDICT_UNCERTAIN)
			outcome = find(rig);
		if (outcome.verdict == VERDICT_ABSENT ||
		    outcome.verdict == VERDICT_RETRY)
			outcome = post(rig, "3", "10.00");
	}
	assert_done(outcome);
}

/* The vendor says of 409 that it is an edit conflict, and not what makes one: so
   any change may meet it, and none of ours is lost or done twice over it. */
static void
conflict_at(struct rig *rig, const char *call)
{
	char *order = text_format("{\"system\":\"lightspeed_r\",\"mode\":"
	                          "\"status:409\",\"path\":\"%s\","
	                          "\"next\":1}",
	                          call);
	struct json *doc = NULL;

	assert_non_null(order);
	assert_int_equal(json_parse(&doc, order, strlen(order)), 0);
	assert_null(fault_add(&rig->at.sim, json_root(doc)));
	json_free(doc);
	free(order);
}

static void
test_lightspeed_r__after_an_edit_conflict_it_is_looked_at_again(void **state)
{
	static const char *const calls[] = { "POST", "PUT" };
	struct rig *rig = *state;
	char name[24];
	struct count count = count_of(rig, "21-0003", name);

	conflict_at(rig, "PUT");
	count.qty = decimal_of(41);
	assert_int_equal(
		lightspeed_r_adapter
			.write_counts(rig->state, &count, 1, clock_wall_ms())
			.verdict,
		VERDICT_RETRY);
	(void)bring(rig, &count, 42);
	assert_int_equal(qoh(rig, "21-0003"), 42);
	for (size_t i = 0; i < 2; i++) {
		struct outcome outcome;
		int64_t before;

		rig = renew(state);
		before = qoh(rig, "21-0001");
		assert_done(probe(rig, NULL));
		conflict_at(rig, calls[i]);
		outcome = post(rig, "3", "10.00");
		assert_int_equal(outcome.verdict, VERDICT_UNCERTAIN);
		settle(rig, outcome);
		assert_int_equal(n_completed(rig), 1);
		assert_int_equal(qoh(rig, "21-0001"), before - 3);
	}
}

/* Each of its calls in turn, in each kind of trouble: once, and paid. */
static void
test_lightspeed_r__whatever_answer_is_lost_a_sale_is_recorded_once(void **state)
{
	for (unsigned at = 1; at <= 3; at++)
		for (int trouble = 0; trouble < N_TROUBLES; trouble++) {
			struct rig *rig = renew(state);
			int64_t before = qoh(rig, "21-0001");
			struct outcome outcome;

			assert_done(probe(rig, NULL));
			begin_log(rig);
			rig->wire.bad_call = at;
			rig->wire.trouble = (enum till_trouble)trouble;
			outcome = post(rig, "3", "10.00");
			/* RETRY only where certainly nothing was done. */
			assert_int_equal(
				outcome.verdict,
				at == 1 || (at == 2 && trouble == REFUSED)
					? VERDICT_RETRY
					: VERDICT_UNCERTAIN);
			restart(rig);
			begin_log(rig);
			settle(rig, outcome);
			assert_int_equal(n_completed(rig), 1);
			assert_int_equal(rig->till.n_sales, 1);
			assert_int_equal(qoh(rig, "21-0001"), before - 3);
			assert_money(lsr_sale_paid(rig->till.sales[0]), "10");
		}
}

static void
test_lightspeed_r__what_cannot_be_recorded_is_for_a_person(void **state)
{
	static const struct {
		const char *qty;
		const char *why;
	} rows[] = {
		{ "0.5", "holds whole pieces, not 0.5 of 21-0001" },
		{ "-1", "takes goods back only where it sold them" },
	};
	struct rig *rig = *state;
	struct outcome outcome;

	for (size_t i = 0; i < 2; i++) {
		outcome = post(rig, rows[i].qty, "1.00");
		assert_int_equal(outcome.verdict, VERDICT_REFUSED);
		assert_non_null(strstr(outcome.why, rows[i].why));
	}
	assert_int_equal(rig->wire.n_calls, 0);
	assert_null(lightspeed_r_adapter.takes_returns);
	/* Its own no is final, and its words are handed on. */
	configure(rig, "\"account\":100,\"shop\":1,\"register\":9,"
	               "\"employee\":2,\"payment_type\":7");
	restart(rig);
	outcome = post(rig, "1", "1.00");
	assert_int_equal(outcome.verdict, VERDICT_REFUSED);
	assert_non_null(strstr(outcome.why, "No such employee, register"));
	assert_int_equal(rig->till.n_sales, 0);
}

static void
test_lightspeed_r__a_sale_that_was_taken_back_is_told(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;
	char body[60];

	assert_done(post(rig, "3", "10.00"));
	(void)snprintf(body, sizeof(body), "{\"sale\":%lld}",
	               (long long)rig->till.sales[0]->id);
	change(rig, "void", body);
	outcome = find(rig);
	assert_int_equal(outcome.verdict, VERDICT_REFUSED);
	assert_non_null(strstr(outcome.why, "is voided at Lightspeed"));
	/* A person says: again. */
	assert_done(post(rig, "3", "10.00"));
	assert_int_equal(n_completed(rig), 1);
}

/* Begun with an item that the line is no longer bound to. */
static void
test_lightspeed_r__a_sale_begun_otherwise_is_not_completed(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome;

	assert_done(probe(rig, NULL));
	begin_log(rig);
	rig->wire.bad_call = 3;
	rig->wire.trouble = REFUSED;
	assert_int_equal(post(rig, "3", "10.00").verdict, VERDICT_UNCERTAIN);
	rig->till.sales[0]->lines[0].thing = thing(rig, "21-0003");
	begin_log(rig);
	outcome = post(rig, "3", "10.00");
	assert_int_equal(outcome.verdict, VERDICT_REFUSED);
	assert_non_null(strstr(outcome.why, "bound otherwise"));
	assert_int_equal(n_completed(rig), 0);
}

/* ---- things ---- */

struct shown {
	size_t n;
	char sku[40];
	char barcode[40];
	char name[80];
	char external[24];
};

static int
show(void *ctx, const struct listing *listing)
{
	struct shown *shown = ctx;

	shown->n++;
	(void)snprintf(shown->sku, sizeof(shown->sku), "%s", listing->sku);
	(void)snprintf(shown->barcode, sizeof(shown->barcode), "%s",
	               listing->barcode);
	(void)snprintf(shown->name, sizeof(shown->name), "%s", listing->name);
	(void)snprintf(shown->external, sizeof(shown->external), "%s",
	               listing->external);
	return 0;
}

static struct shown
items(struct rig *rig, enum listing_by by, const char *text)
{
	struct shown shown = { .n = 0 };
	const struct listing_sink sink = { &shown, show };

	begin_log(rig);
	assert_done(
		lightspeed_r_adapter.list_items(rig->state, by, text, &sink));
	return shown;
}

static void
test_lightspeed_r__things_are_found(void **state)
{
	struct rig *rig = *state;
	const struct lsr_thing *t = thing(rig, "21-0001");
	struct shown shown;
	char name[24];
	char system_sku[24];

	(void)count_of(rig, "21-0001", name);
	(void)snprintf(system_sku, sizeof(system_sku), "2100000%05lld",
	               (long long)t->id);
	change(rig, "switches", "{\"page_rows\":2}");
	shown = items(rig, LISTING_ALL, "");
	assert_int_equal(shown.n, rig->till.n_things);
	shown = items(rig, LISTING_SKU, "21-0001");
	assert_int_equal(shown.n, 1);
	assert_string_equal(shown.external, name);
	assert_string_equal(shown.sku, "21-0001");
	assert_string_equal(shown.barcode, t->goods.barcode);
	shown = items(rig, LISTING_SKU, system_sku);
	assert_int_equal(shown.n, 1);
	assert_string_equal(shown.sku, system_sku);
	shown = items(rig, LISTING_BARCODE, t->goods.barcode);
	assert_int_equal(shown.n, 1);
	assert_string_equal(shown.sku, "21-0001");
	shown = items(rig, LISTING_NAME, t->goods.name);
	assert_in_range(shown.n, 1, 3);
	assert_non_null(strstr(shown.name, t->goods.name));
	assert_int_equal(items(rig, LISTING_NAME, "100%").n, 0);
	assert_int_equal(items(rig, LISTING_SKU, "a|b,c&d").n, 0);
	/* What is not sold, or not stocked, is left out. */
	thing(rig, "21-0001")->is_archived = true;
	assert_int_equal(items(rig, LISTING_SKU, "21-0001").n, 0);
	change(rig, "item", "{\"sku\":\"21-0003\",\"tracked\":false}");
	assert_int_equal(items(rig, LISTING_SKU, "21-0003").n, 0);
}

/* ---- odd answers ---- */

struct odd {
	const char *body;
	unsigned n_circle; /* so many pages, each behind the other; 0: body */
	unsigned n_calls;  /* besides renewals */
};

/* Neither the letter case of names nor the type of a scalar can be relied on. */
static int
answer_oddly(void *ctx, const struct http_request *q,
             struct http_answer *answer)
{
	struct odd *odd = ctx;
	const char *body = odd->body;

	answer->status = 200;
	answer->was_sent = true;
	if (strstr(q->url, "/auth/oauth/token"))
		body = "{\"token_type\":\"Bearer\",\"expires_in\":\"1800\","
		       "\"access_token\":\"a.b.c\",\"refresh_token\":\"next\"}";
	else
		odd->n_calls++;
	if (body == odd->body && odd->n_circle)
		buf_addf(&answer->body,
		         "{\"@attributes\":{\"next\":\"https://r.test/"
		         "ItemShop.json?after=%u\"},\"ItemShop\":[]}",
		         odd->n_calls % odd->n_circle);
	else
		buf_adds(&answer->body, body);
	return 0;
}

static struct outcome
read_odd(struct rig *rig, struct odd *odd, struct count *count)
{
	struct http_client *http = NULL;
	struct adapter_env env = { rig->conf, NULL, rig->mirror,
		                   &rig->vault.port };
	struct outcome outcome;
	void *adapter = NULL;

	assert_int_equal(http_client_new_fake(&http, answer_oddly, odd), 0);
	env.http = http;
	rig->vault.n_locks = 0;
	assert_int_equal(lightspeed_r_adapter.open(&adapter, &env), 0);
	*count = (struct count){ .external = "7" };
	outcome = lightspeed_r_adapter.read_counts(adapter, count, 1);
	lightspeed_r_adapter.close(adapter);
	http_client_free(http);
	return outcome;
}

static void
test_lightspeed_r__values_are_read_in_any_form(void **state)
{
	static const struct {
		const char *body;
		bool is_known;
		enum verdict verdict;
		unsigned n_calls;
	} rows[] = {
		{ "{\"@attributes\":{\"next\":\"\"},\"ItemShop\":{\"itemid\":"
		  "\"7\",\"shopid\":\"1\",\"QOH\":\"5\"}}",
		  true, VERDICT_DONE, 1 },
		{ "{\"@attributes\":{\"next\":\"\"},\"ItemShop\":[{\"itemID\":"
		  "7,\"shopID\":1,\"qoh\":5}]}",
		  true, VERDICT_DONE, 1 },
		{ "{\"@attributes\":{\"count\":\"1\"},\"itemshop\":{\"itemID\":"
		  "\"7\",\"shopID\":\"1\",\"qoh\":\"5\"}}",
		  true, VERDICT_DONE, 1 },
		/* Shop 0 is a sum, shop 2 is another. */
		{ "{\"@attributes\":{\"next\":\"\"},\"ItemShop\":[{\"itemID\":"
		  "\"7\",\"shopID\":\"0\",\"qoh\":\"5\"},{\"itemID\":\"7\","
		  "\"shopID\":\"2\",\"qoh\":\"5\"}]}",
		  false, VERDICT_DONE, 2 },
		{ "{\"@attributes\":{\"next\":\"\"},\"ItemShop\":{\"itemID\":"
		  "\"7\",\"shopID\":\"1\",\"qoh\":\"\"}}",
		  false, VERDICT_DONE, 2 },
		/* No list at all, and no list of what was asked for. */
		{ "{\"ItemShop\":{\"itemID\":\"7\",\"shopID\":\"1\",\"qoh\":"
		  "\"5\"}}",
		  false, VERDICT_RETRY, 1 },
		{ "{\"@attributes\":{\"next\":\"\"},\"ItemShop\":\"none\"}",
		  false, VERDICT_RETRY, 1 },
		/* A page that leads elsewhere, and one that leads nowhere. */
		{ "{\"@attributes\":{\"next\":\"https://evil.test/Sale.json?"
		  "a=b\"},\"ItemShop\":{\"itemID\":\"7\",\"shopID\":\"1\","
		  "\"qoh\":\"5\"}}",
		  false, VERDICT_RETRY, 1 },
		{ "{\"@attributes\":{\"next\":\"https://r.test/ItemShop.json?"
		  "a b\"},\"ItemShop\":{\"itemID\":\"7\",\"shopID\":\"1\","
		  "\"qoh\":\"5\"}}",
		  false, VERDICT_RETRY, 1 },
		/* One that may lead somewhere. */
		{ "{\"@attributes\":{\"next\":{\"after\":1}},\"ItemShop\":{"
		  "\"itemID\":\"7\",\"shopID\":\"1\",\"qoh\":\"5\"}}",
		  false, VERDICT_RETRY, 1 },
		{ "{\"@attributes\":{\"next\":null},\"ItemShop\":{\"itemID\":"
		  "\"7\",\"shopID\":\"1\",\"qoh\":\"5\"}}",
		  true, VERDICT_DONE, 1 },
		/* The same page for ever. */
		{ "{\"@attributes\":{\"next\":\"https://r.test/ItemShop.json?"
		  "after=1\"},\"ItemShop\":{\"itemID\":\"7\",\"shopID\":\"1\","
		  "\"qoh\":\"5\"}}",
		  false, VERDICT_RETRY, 2 },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct odd odd = { .body = rows[i].body };
		struct count count;
		struct outcome outcome = read_odd(rig, &odd, &count);

		if (outcome.verdict != rows[i].verdict ||
		    count.is_known != rows[i].is_known)
			fail_msg("%zu: %s %s", i, verdict_name(outcome.verdict),
			         outcome.why);
		assert_int_equal(odd.n_calls, rows[i].n_calls);
		if (count.is_known)
			assert_int_equal(whole(count.qty), 5);
	}
}

/* A person must look: the next time it would be as long. */
static void
test_lightspeed_r__pages_in_a_circle_end(void **state)
{
	struct rig *rig = *state;

	for (unsigned n = 2; n <= 9; n++) {
		struct odd odd = { .body = "", .n_circle = n };
		struct count count;
		struct outcome outcome = read_odd(rig, &odd, &count);

		assert_int_equal(outcome.verdict, VERDICT_LOCKED);
		assert_non_null(strstr(outcome.why, "ItemShop"));
		assert_non_null(strstr(outcome.why, "circle"));
		assert_in_range(odd.n_calls, n, 4 * n);
		assert_false(count.is_known);
	}
}

static void
test_lightspeed_r__a_sale_that_cannot_be_read_is_named(void **state)
{
	struct rig *rig = *state;
	struct odd odd = {
		.body = "{\"@attributes\":{\"next\":\"\"},\"Sale\":[{"
			"\"saleID\":\"4711\",\"shopID\":\"1\",\"completed\":"
			"\"true\",\"completeTime\":\"soon\"}]}",
	};
	struct http_client *http = NULL;
	struct adapter_env env = { rig->conf, NULL, rig->mirror,
		                   &rig->vault.port };
	struct sale_sink nobody = { NULL, NULL };
	struct outcome outcome;
	void *adapter = NULL;

	assert_int_equal(http_client_new_fake(&http, answer_oddly, &odd), 0);
	env.http = http;
	rig->vault.n_locks = 0;
	assert_int_equal(lightspeed_r_adapter.open(&adapter, &env), 0);
	outcome = lightspeed_r_adapter.list_sales(adapter, 0, clock_wall_ms(),
	                                          &nobody);
	assert_int_equal(outcome.verdict, VERDICT_RETRY);
	assert_non_null(strstr(outcome.why, "sale 4711"));
	lightspeed_r_adapter.close(adapter);
	http_client_free(http);
}

/* ---- limits, clocks, bindings ---- */

static void
test_lightspeed_r__limits_are_the_documents(void **state)
{
	struct rig *rig = *state;
	struct limits limits = { .monthly_calls = 0 };
	struct outcome outcome;

	lightspeed_r_adapter.limits(&limits, rig->conf);
	assert_int_equal(limits.buckets[0].size, 90);
	assert_int_equal(limits.buckets[0].drip, 1);
	assert_int_equal(limits.buckets[0].per_ms, 1000);
	assert_string_equal(limits.buckets[0].level_header,
	                    "X-LS-API-Bucket-Level");
	assert_string_equal(limits.buckets[0].drip_header,
	                    "X-LS-API-Drip-Rate");
	/* A window of a second, wherever it begins. */
	assert_true(limits.buckets[1].is_window);
	assert_int_equal(limits.buckets[1].size + limits.buckets[1].drip, 20);
	assert_int_equal(limits.buckets[1].per_ms, 1000);
	assert_done(probe(rig, NULL));
	change(rig, "switches", "{\"bucket_size\":1,\"level\":9}");
	outcome = probe(rig, NULL);
	assert_int_equal(outcome.verdict, VERDICT_SLOW);
}

static void
test_lightspeed_r__times_are_by_the_vendors_clock(void **state)
{
	struct rig *rig = *state;

	assert_done(probe(rig, NULL));
	assert_int_equal(lightspeed_r_adapter.skew_ms(rig->state), 0);
	rig->wire.date_ms = clock_wall_ms() + 3600000;
	assert_done(probe(rig, NULL));
	assert_int_equal(lightspeed_r_adapter.skew_ms(rig->state), 3600000);
}

static void
add_ref(void *ctx, const char *ref)
{
	(void)snprintf(ctx, 24, "%s", ref);
}

static void
test_lightspeed_r__a_binding_is_an_item_id(void **state)
{
	static const char *const wrong[] = {
		"", "0", "7/3", "-7", "A1", "07", "1234567890123456"
	};
	struct rig *rig = *state;
	struct buf external = BUF_INIT;
	char ref[24] = "";

	assert_int_equal(lightspeed_r_adapter.resolve(rig->state, &external,
	                                              "27", add_ref, ref),
	                 0);
	assert_string_equal(buf_text(&external), "27");
	assert_string_equal(ref, "27");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		buf_reset(&external);
		assert_int_equal(
			lightspeed_r_adapter.resolve(rig->state, &external,
		                                     wrong[i], add_ref, ref),
			ADAPTER_UNRESOLVED);
		assert_non_null(strstr(buf_text(&external), "no itemID"));
	}
	buf_fini(&external);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) \
	cmocka_unit_test_setup_teardown(test_lightspeed_r__##name, rig_open, \
	                                rig_close)
		TEST(a_pair_is_kept_before_it_is_used),
		TEST(a_pair_lost_on_its_way_costs_nothing),
		TEST(what_is_not_kept_is_not_used),
		TEST(a_dead_authorisation_is_for_a_person),
		TEST(an_idle_connection_is_renewed),
		TEST(probe_names_what_it_found),
		TEST(probe_says_exactly_what_is_wrong),
		TEST(too_few_scopes_are_told),
		TEST(counts_are_our_shops),
		TEST(what_has_no_stock_says_why),
		TEST(writes_are_our_shops_alone),
		TEST(a_sale_beside_a_write_is_not_undone),
		TEST(what_lies_before_the_listing_is_history),
		TEST(nothing_below_zero_is_sent),
		TEST(a_sync_reads_all_pages_then_what_changed),
		TEST(what_moves_during_a_sync_is_read_again),
		TEST(a_list_that_breaks_off_moves_no_cursor),
		TEST(sales_are_listed_page_by_page),
		TEST(returns_and_voids_are_sales_too),
		TEST(a_late_sale_is_found_by_when_it_came),
		TEST(what_is_sold_behind_the_end_is_of_the_next),
		TEST(sales_are_read_by_id),
		TEST(a_sale_is_recorded_and_paid_exactly),
		TEST(a_sale_is_paid_whatever_it_comes_to),
		TEST(a_sales_lines_come_to_what_was_paid),
		TEST(a_payment_is_what_the_till_calculates),
		TEST(after_an_edit_conflict_it_is_looked_at_again),
		TEST(whatever_answer_is_lost_a_sale_is_recorded_once),
		TEST(what_cannot_be_recorded_is_for_a_person),
		TEST(a_sale_that_was_taken_back_is_told),
		TEST(a_sale_begun_otherwise_is_not_completed),
		TEST(things_are_found),
		TEST(values_are_read_in_any_form),
		TEST(pages_in_a_circle_end),
		TEST(a_sale_that_cannot_be_read_is_named),
		TEST(limits_are_the_documents),
		TEST(times_are_by_the_vendors_clock),
		TEST(a_binding_is_an_item_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
