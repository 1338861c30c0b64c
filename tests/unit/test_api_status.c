/*
 * /api/status, /status and /metrics on a real Redis.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/json.h"
#include "gateway/drivers/store_accounts.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_mirror.h"
#include "gateway/drivers/store_oversold.h"
#include "gateway/drivers/store_reconcile.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/drivers/store_switch.h"
#include "gateway/model/metrics.h"
#include "gateway/ports/adapter.h"
#include "handlers/api/api.h"
#include "tests/support/api_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct http_reply reply;
static struct json *doc;

static const struct json_node *
ask_status(struct api_world *world)
{
	assert_int_equal(
		api_world_ask(world, &reply, "GET", "/api/status", NULL, NULL),
		0);
	assert_int_equal(reply.status, 200);
	assert_string_equal(reply.content_type, "application/json");
	assert_int_equal(json_parse(&doc, reply.body.p, reply.body.n), 0);
	return json_root(doc);
}

static const char *
ask_page(struct api_world *world)
{
	buf_fini(&reply.body); /* of the page before */
	assert_int_equal(
		api_world_ask(world, &reply, "GET", "/status", NULL, NULL), 0);
	assert_int_equal(reply.status, 200);
	assert_string_equal(reply.content_type, "text/html; charset=utf-8");
	return buf_text(&reply.body);
}

static int
forget(void **state)
{
	(void)state;
	json_free(doc);
	doc = NULL;
	buf_fini(&reply.body);
	pulse_set_draining(0);
	return 0;
}

static void
set_fact(struct api_world *world, const char *account, const char *name,
         const char *value)
{
	const struct health_fact fact = { name, value };

	assert_int_equal(store_health_set(world->store, account, &fact, 1), 0);
}

static void
be_well(struct api_world *world)
{
	static const char *const accounts[] = { "erp", "agora" };

	for (size_t i = 0; i < 2; i++) {
		set_fact(world, accounts[i], "state", "ok");
		set_fact(world, accounts[i], "breaker", "closed");
		assert_int_equal(store_health_set_int(world->store, accounts[i],
		                                      "last_success_ms",
		                                      clock_wall_ms()),
		                 0);
	}
}

static const struct json_node *
account_of(const struct json_node *root, const char *name)
{
	const struct json_node *list = json_find(root, "accounts");

	for (size_t i = 0; i < json_length(list); i++)
		if (strcmp(json_text_or(json_at(list, i), "name", ""), name) ==
		    0)
			return json_at(list, i);
	return NULL;
}

static int64_t
number(const struct json_node *node, const char *path)
{
	const char *text = json_number_text(json_path(node, path));

	assert_non_null(text);
	return strtoll(text, NULL, 10);
}

static const char *
text_at(const struct json_node *node, const char *path)
{
	const char *text = json_text(json_path(node, path));

	return text ? text : "(none)";
}

static void
test_api_status__says_that_all_agree_when_nothing_is_left(void **state)
{
	const struct json_node *root;

	be_well(*state);
	root = ask_status(*state);
	assert_string_equal(text_at(root, "summary.level"), "good");
	assert_string_equal(text_at(root, "summary.text"),
	                    "Both systems are in order.");
	assert_string_equal(text_at(root, "version"), "1.2.3");
}

static void
test_api_status__counts_what_lies_in_the_store(void **state)
{
	struct api_world *world = *state;
	const struct json_node *root;
	const struct json_node *agora;

	api_world_item(world, "A1", "Apple");
	api_world_item(world, "A2", "Pear");
	assert_int_equal(store_registry_resolved(world->store, "agora",
	                                         &(struct registry_resolution){
							 .sku = "A1",
							 .typed = "sq-A1",
							 .external = "X1" }),
	                 0);
	api_world_entry(world, "S1", "A1", "ready");
	api_world_entry(world, "S2", "A1", "uncertain");
	api_world_entry(world, "S3", "A1", "held");
	api_world_dead_event(world, "no such thing");
	root = ask_status(world);
	agora = account_of(root, "agora");
	assert_int_equal(number(root, "items"), 2);
	assert_int_equal(number(root, "entries.ready"), 1);
	assert_int_equal(number(root, "entries.uncertain"), 1);
	assert_int_equal(number(root, "entries.held"), 1);
	assert_int_equal(number(root, "entries.stranded"), 0);
	assert_int_equal(number(root, "queue.depth"), 0);
	assert_int_equal(number(root, "queue.dead"), 1);
	assert_int_equal(number(agora, "bound"), 1);
	assert_int_equal(number(agora, "unresolved"), 1);
	assert_int_equal(number(agora, "marks"), 2);
	assert_int_equal(number(account_of(root, "erp"), "entries_ready"), 1);
}

static void
test_api_status__counts_what_waits_for_an_account_that_is_gone(void **state)
{
	const char *const both[] = { "agora", "erp" };
	struct api_world *world = *state;

	api_world_entry(world, "S1", "A1", "ready");
	assert_int_equal(store_accounts_set(world->store, both, 2), 0);
	assert_int_equal(number(ask_status(world), "entries.stranded"), 0);
	(void)forget(state);
	assert_int_equal(store_accounts_set(world->store, both, 1), 0);
	assert_int_equal(number(ask_status(world), "entries.stranded"), 1);
}

static void
test_api_status__repeats_what_a_worker_said_of_itself(void **state)
{
	struct api_world *world = *state;
	const struct json_node *agora;

	be_well(world);
	set_fact(world, "agora", "state", "waiting");
	set_fact(world, "agora", "breaker", "open");
	set_fact(world, "agora", "why", "http 503");
	set_fact(world, "agora", "lag_ms", "412");
	set_fact(world, "agora", "sync_kind", "full");
	set_fact(world, "agora", "sync_entity", "counts");
	set_fact(world, "agora", "sync_rows", "120");
	set_fact(world, "agora", "sync_total", "500");
	set_fact(world, "agora", "wait_until_ms", "1700000000000");
	agora = account_of(ask_status(world), "agora");
	assert_string_equal(text_at(agora, "state"), "waiting");
	assert_string_equal(text_at(agora, "why"), "http 503");
	assert_string_equal(text_at(agora, "wait_until"),
	                    "2023-11-14T22:13:20.000Z");
	assert_int_equal(number(agora, "lag_ms"), 412);
	assert_int_equal(number(agora, "sync.rows"), 120);
	assert_int_equal(json_type(json_find(agora, "reachable")), JSON_BOOL);
}

/* ---- syncs and mirrors ---- */

static const struct adapter_list lists[] = {
	{ .name = "companies" },    { .name = "items" },
	{ .name = "itembalances" }, { .name = "prefectures" },
	{ .name = NULL },
};
static const struct adapter_ops galaxy = { .name = "galaxy", .lists = lists };
static const struct adapter_ops square = { .name = "square" };
static const struct adapter_ops *const adapters[] = { &galaxy, &square, NULL };

static void
put_row(struct mirror *m, const char *entity, const char *key)
{
	const struct mirror_row row = { .key = key, .json = "{}", .n_json = 2 };

	assert_int_equal(mirror_put_now(m, entity, &row), 0);
}

static void
note(struct mirror *m, const char *name, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)value);
	assert_int_equal(mirror_note_set(m, name, text), 0);
}

static void
fill_mirror(struct api_world *world)
{
	struct store_mirror *mirror = NULL;
	struct mirror *m;

	world->env.adapters = adapters;
	assert_int_equal(store_mirror_new(&mirror, world->store, "erp"), 0);
	m = store_mirror_port(mirror);
	put_row(m, "companies", "1");
	put_row(m, "items", "1");
	put_row(m, "items", "2");
	note(m, "items.revision", 4711);
	note(m, "items.read", INT64_C(1700000000000));
	note(m, "itembalances.since", INT64_C(1700000060000));
	store_mirror_free(mirror);
}

static void
test_api_status__says_what_each_list_of_a_mirror_holds(void **state)
{
	const struct json_node *root;
	const struct json_node *mirror;

	fill_mirror(*state);
	root = ask_status(*state);
	mirror = json_find(account_of(root, "erp"), "mirror");
	assert_int_equal(json_length(mirror), 4);
	assert_string_equal(text_at(json_at(mirror, 0), "list"), "companies");
	assert_int_equal(number(json_at(mirror, 0), "rows"), 1);
	assert_null(json_find(json_at(mirror, 0), "revision"));
	assert_null(json_find(json_at(mirror, 0), "read"));
	assert_int_equal(number(json_at(mirror, 1), "rows"), 2);
	assert_int_equal(number(json_at(mirror, 1), "revision"), 4711);
	assert_string_equal(text_at(json_at(mirror, 1), "read"),
	                    "2023-11-14T22:13:20.000Z");
	assert_string_equal(text_at(json_at(mirror, 2), "since"),
	                    "2023-11-14T22:14:20.000Z");
	assert_null(json_find(account_of(root, "agora"), "mirror"));
}

static void
begin_sync(struct api_world *world, const char *total)
{
	const struct health_fact facts[] = {
		{ "sync_kind", "full" }, { "sync_entity", "items" },
		{ "sync_rows", "400" },  { "sync_total", total },
		{ "sync_rate", "50" },   { "sync_started_ms", "1700000000000" },
	};

	assert_int_equal(store_health_set(world->store, "erp", facts, 6), 0);
}

static void
test_api_status__says_how_long_a_sync_will_take(void **state)
{
	const struct json_node *sync;

	begin_sync(*state, "1000");
	sync = json_find(account_of(ask_status(*state), "erp"), "sync");
	assert_string_equal(text_at(sync, "kind"), "full");
	assert_string_equal(text_at(sync, "started"),
	                    "2023-11-14T22:13:20.000Z");
	assert_int_equal(number(sync, "rows_per_s"), 50);
	assert_int_equal(number(sync, "remaining_ms"), 12000);
}

static void
test_api_status__knows_no_end_without_a_total(void **state)
{
	const struct json_node *sync;

	begin_sync(*state, "0");
	sync = json_find(account_of(ask_status(*state), "erp"), "sync");
	assert_int_equal(number(sync, "rows"), 400);
	assert_null(json_find(sync, "remaining_ms"));
}

static void
test_api_page__draws_a_bar_with_words_beside_it(void **state)
{
	const char *page;

	begin_sync(*state, "1000");
	page = ask_page(*state);
	assert_non_null(strstr(page, "comparing everything: items, 400 of 1000 "
	                             "rows, 50 a second, 12 s left"));
	assert_non_null(strstr(page, " max=\"1000\" value=\"400\""));
	buf_fini(&reply.body);
	begin_sync(*state, "0");
	page = ask_page(*state);
	assert_non_null(strstr(page, "items, 400 rows, 50 a second<"));
	assert_non_null(strstr(page, "<progress aria-label=\"items\"></"));
}

static void
test_api_page__shows_the_mirror_without_its_empty_lists(void **state)
{
	const char *page;

	fill_mirror(*state);
	page = ask_page(*state);
	assert_non_null(strstr(page, "Mirror of erp"));
	assert_null(strstr(page, "Mirror of agora"));
	assert_non_null(strstr(
		page,
		"<tr><td>items</td><td class=\"n\">2</td>"
		"<td class=\"n\"><span class=\"word\">revision </span>4711<"));
	assert_null(strstr(page, "<td>prefectures</td>"));
	assert_non_null(strstr(page, "Nothing in: prefectures<"));
}

static void
test_api_page__says_when_changes_were_and_will_be_read(void **state)
{
	struct api_world *world = *state;
	const char *page;

	be_well(world);
	assert_int_equal(store_health_set_int(world->store, "erp",
	                                      "last_catch_up_ms",
	                                      clock_wall_ms() - 30 * 60000),
	                 0);
	assert_int_equal(
		store_health_set_int(world->store, "erp", "next_catch_up_ms",
	                             clock_wall_ms() + 20 * 60000 + 30000),
		0);
	page = strstr(ask_page(world), "data-label=\"Caught up\"");
	assert_non_null(page);
	assert_non_null(strstr(page, "30 min ago<small>next in 20 min<"));
	/* Who compared everything has caught up, too. */
	assert_int_equal(store_health_set_int(world->store, "erp",
	                                      "last_full_ms",
	                                      clock_wall_ms() - 10 * 60000),
	                 0);
	buf_fini(&reply.body);
	page = strstr(ask_page(world), "data-label=\"Caught up\"");
	assert_non_null(page);
	assert_non_null(strstr(page, "10 min ago<small>next in 20 min<"));
	assert_null(strstr(page, "30 min ago"));
}

static void
test_api_status__warns_when_a_2xx_is_not_on_disk(void **state)
{
	const struct json_node *root;
	bool on_disk = true;

	root = ask_status(*state); /* this Redis has no append-only file */
	assert_int_equal(json_get_bool(&on_disk, json_find(root, "durability"),
	                               "on_disk"),
	                 0);
	assert_false(on_disk);
	assert_non_null(
		strstr(text_at(root, "durability.warning"), "appendonly no"));
	assert_string_equal(text_at(root, "durability.maxmemory_policy"),
	                    "noeviction");
}

static void
test_api_status__answers_without_redis(void **state)
{
	struct api_world *world = *state;
	const struct json_node *root;

	redis_server_kill(&world->redis);
	root = ask_status(world);
	assert_string_equal(text_at(root, "summary.level"), "bad");
	assert_null(json_find(root, "queue"));
	assert_string_equal(text_at(account_of(root, "agora"), "state"),
	                    "unknown");
}

static void
test_api_status__answers_when_no_store_could_be_made(void **state)
{
	struct api_world *world = *state;

	world->env.store = NULL;
	assert_string_equal(text_at(ask_status(world), "redis.why"),
	                    "not connected");
}

static void
test_api_status__holds_no_secret_even_when_a_part_says_one(void **state)
{
	struct api_world *world = *state;

	be_well(world);
	set_fact(world, "agora", "why", api_world_secret);
	set_fact(world, "agora", "alarm", api_world_secret);
	set_fact(world, "agora", "found", api_world_secret);
	(void)ask_status(world);
	assert_null(strstr(buf_text(&reply.body), api_world_secret));
	assert_non_null(strstr(buf_text(&reply.body), "***"));
	buf_fini(&reply.body);
	assert_null(strstr(ask_page(world), api_world_secret));
}

static void
test_api_status__a_url_loses_user_query_and_fragment(void **state)
{
	static const char *const urls[][2] = {
		{ "https://api.example/v2", "https://api.example/v2" },
		{ "https://u:p@api.example/v2?k=1#f",
		  "https://api.example/v2" },
		{ "http://u:p@q@[::1]:80?k=a@b", "http://[::1]:80" },
		{ "http://host/a@b", "http://host/a@b" },
		{ "u:p@host", "host" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		struct buf b = BUF_INIT;

		api_add_url(&b, urls[i][0]);
		assert_string_equal(buf_text(&b), urls[i][1]);
		buf_fini(&b);
	}
}

static void
test_api_status__says_the_worst_first(void **state)
{
	struct api_world *world = *state;

	be_well(world);
	api_world_dead_event(world, "no such thing");
	set_fact(world, "agora", "state", "locked");
	assert_string_equal(text_at(ask_status(world), "summary.text"),
	                    "agora refuses our credentials.");
}

static void
test_api_status__speaks_of_a_decision_that_waits(void **state)
{
	struct api_world *world = *state;

	be_well(world);
	api_world_dead_event(world, "no such thing");
	assert_string_equal(text_at(ask_status(world), "summary.text"),
	                    "1 thing waits for your decision.");
}

static void
test_api_status__calls_marks_and_entries_changes_on_the_way(void **state)
{
	struct api_world *world = *state;

	be_well(world);
	api_world_entry(world, "S1", "A1", "ready");
	assert_int_equal(
		store_marks_add_one(world->store, "agora", "i:A1", MARK_HOOK),
		0);
	assert_string_equal(text_at(ask_status(world), "summary.text"),
	                    "2 changes are on the way.");
}

static void
pause_account(struct api_world *world, const char *what)
{
	assert_int_equal(store_switch_off(world->store, what), 0);
}

static void
test_api_status__a_paused_account_is_named(void **state)
{
	struct api_world *world = *state;
	const struct json_node *root;

	be_well(world);
	pause_account(world, "agora");
	api_world_entry(world, "S1", "A1", "held");
	assert_int_equal(
		store_marks_add_one(world->store, "agora", "i:A1", MARK_HOOK),
		0);
	root = ask_status(world);
	assert_string_equal(text_at(account_of(root, "agora"), "state"),
	                    "paused");
	assert_non_null(json_find(account_of(root, "agora"), "paused_since"));
	assert_null(json_find(account_of(root, "erp"), "paused_since"));
}

/* It is told after what wants a decision, and before what is on its way. */
static void
test_api_status__says_what_waits_for_a_paused_account(void **state)
{
	struct api_world *world = *state;
	const struct json_node *root;

	be_well(world);
	pause_account(world, "erp");
	api_world_entry(world, "S1", "A1", "ready");
	assert_int_equal(
		store_marks_add_one(world->store, "erp", "i:A1", MARK_HOOK), 0);
	root = ask_status(world);
	assert_string_equal(text_at(root, "summary.text"), "erp is paused.");
	assert_string_equal(text_at(root, "summary.level"), "warn");
	assert_string_equal(text_at(root, "summary.advice"),
	                    "Nothing is sent there, and nothing is lost. "
	                    "1 look and 1 sale wait. POST "
	                    "/api/accounts/erp/resume goes on.");
}

static void
test_api_status__a_stopped_schedule_is_told(void **state)
{
	struct api_world *world = *state;
	const struct json_node *root;

	be_well(world);
	assert_null(json_path(ask_status(world), "schedule.stopped_since"));
	(void)forget(NULL);
	pause_account(world, SWITCH_SCHEDULE);
	root = ask_status(world);
	assert_non_null(json_path(root, "schedule.stopped_since"));
	assert_string_equal(text_at(root, "summary.text"),
	                    "The schedule is stopped.");
}

static void
test_api_page__says_what_runs_by_the_clock(void **state)
{
	struct api_world *world = *state;
	int64_t now = clock_wall_ms();
	const char *page;

	be_well(world);
	assert_int_equal(store_health_set_int(world->store, "erp",
	                                      "next_full_ms",
	                                      now + 90 * 60000 + 30000),
	                 0);
	assert_int_equal(store_health_set_int(world->store, "agora",
	                                      "next_full_ms",
	                                      now + 30 * 60000 + 30000),
	                 0);
	page = ask_page(world);
	assert_non_null(strstr(page, "Comparing everything</td><td class=\"n\">"
	                             "in 30 min</td><td class=\"n\">agora, "
	                             "then 1 more<"));
	assert_non_null(strstr(page, "Comparing item by item</td>"
	                             "<td class=\"n\"><span class=\"none\">"
	                             "not scheduled<"));
	/* Who is paused has no turn. */
	pause_account(world, "agora");
	page = ask_page(world);
	assert_non_null(strstr(page, "Comparing everything</td><td class=\"n\">"
	                             "in 90 min</td><td class=\"n\">erp<"));
	assert_non_null(strstr(page, ">paused</span><small>by a person, "));
	assert_null(strstr(page, "next in 30 min"));
	pause_account(world, SWITCH_SCHEDULE);
	page = ask_page(world);
	assert_non_null(strstr(page, ">stopped</span> <small>by a person, "));
	assert_null(strstr(page, "next in "));
	assert_null(strstr(page, "in 90 min"));
}

static void
test_api_page__says_what_a_system_cannot_do(void **state)
{
	struct api_world *world = *state;
	const char *page;

	be_well(world);
	page = ask_page(world);
	assert_non_null(strstr(page, "<small>cannot write counts, list sales"));
}

static void
test_api_status__a_first_sync_comes_before_bindings_not_yet_found(void **state)
{
	struct api_world *world = *state;

	be_well(world);
	api_world_item(world, "A1", "Apple");
	set_fact(world, "erp", "sync_kind", "full");
	assert_string_equal(text_at(ask_status(world), "summary.text"),
	                    "Comparing everything with erp.");
	(void)forget(NULL);
	set_fact(world, "erp", "sync_kind", "");
	assert_string_equal(text_at(ask_status(world), "summary.text"),
	                    "2 bindings are not found in their system.");
}

/* ---- more sold than there was ---- */

/* Sold of each, with none left. */
static void
oversell(struct api_world *world, const char *const *skus, size_t n)
{
	struct stock_read read = { .authority = "erp", .cause = MARK_HOOK };

	for (size_t i = 0; i < n; i++) {
		const struct stock_balance b = { skus[i], DECIMAL_ZERO, NULL };
		char *there = text_format("e-%s", skus[i]);

		api_world_item(world, skus[i], "Thing");
		assert_int_equal(
			store_registry_resolved(world->store, "erp",
		                                &(struct registry_resolution){
							.sku = skus[i],
							.typed = skus[i],
							.external = there }),
			0);
		free(there);
		assert_int_equal(store_tick(world->store, &read.tick), 0);
		assert_int_equal(
			store_stock_balances(world->store, &read, &b, 1, NULL),
			0);
		api_world_entry(world, skus[i], skus[i], "ready");
	}
	assert_int_equal(
		store_oversold_review(world->store, "agora", "erp", skus, n),
		0);
}

static void
test_api_status__names_what_was_sold_beyond_what_there_was(void **state)
{
	static const char *const skus[] = { "A1" };
	const struct json_node *root;
	const struct json_node *item;
	struct decimal missing;

	be_well(*state);
	oversell(*state, skus, 1);
	root = ask_status(*state);
	assert_string_equal(text_at(root, "summary.level"), "bad");
	assert_string_equal(text_at(root, "summary.text"),
	                    "More of A1 was sold than there was: 2 missing.");
	assert_int_equal(number(root, "oversold.count"), 1);
	item = json_at(json_path(root, "oversold.items"), 0);
	assert_string_equal(text_at(item, "sku"), "A1");
	assert_string_not_equal(text_at(item, "since"), "(none)");
	assert_int_equal(json_get_decimal(&missing, item, "missing"), 0);
	assert_int_equal(decimal_cmp(missing, decimal_of(2)), 0);
}

static void
test_api_page__says_what_to_do_about_what_was_oversold(void **state)
{
	static const char *const skus[] = { "A1", "B & C" };
	const char *page;

	oversell(*state, skus, 2);
	page = ask_page(*state);
	assert_non_null(strstr(page, "Of 2 items more was sold than there "
	                             "was."));
	assert_non_null(strstr(page, "Count what is on the shelf."));
	assert_non_null(strstr(page, "<b>B &amp; C</b>"));
	assert_non_null(strstr(page, "tillbridge explain &#39;B &amp; C&#39;"));
	forget(state);
	reply = (struct http_reply){ .body = BUF_INIT };
	assert_int_equal(
		api_world_ask(*state, &reply, "GET", "/metrics", NULL, NULL),
		0);
	assert_non_null(strstr(buf_text(&reply.body),
	                       "\ntillbridge_oversold_items 2\n"));
}

static void
test_api_status__a_long_list_of_oversold_items_is_cut(void **state)
{
	char names[12][8];
	const char *skus[12];
	const struct json_node *root;

	for (size_t i = 0; i < 12; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "A%zu", i);
		skus[i] = names[i];
	}
	oversell(*state, skus, 12);
	root = ask_status(*state);
	assert_int_equal(number(root, "oversold.count"), 12);
	assert_int_equal(json_length(json_path(root, "oversold.items")), 10);
	forget(state);
	reply = (struct http_reply){ .body = BUF_INIT };
	assert_non_null(strstr(ask_page(*state), "and 2 more"));
}

static void
test_api_page__says_what_the_last_comparison_found(void **state)
{
	struct api_world *world = *state;
	struct reconcile_report report = { .tally = { .started_ms =
		                                              clock_wall_ms(),
		                                      .compared = 40,
		                                      .equal = 37,
		                                      .drifted = 3,
		                                      .held = 1,
		                                      .unknown = 2 } };
	const char *page;

	assert_int_equal(store_reconcile_put(world->store, "agora", &report),
	                 0);
	page = ask_page(world);
	assert_non_null(strstr(page, ": 40 compared, 3 drifted, 2 not known, "
	                             "so left alone"));
	assert_non_null(strstr(page, "tillbridge reconcile --fix agora"));
	forget(state);
	reply = (struct http_reply){ .body = BUF_INIT };
	assert_int_equal(number(account_of(ask_status(world), "agora"),
	                        "reconcile.unknown"),
	                 2);
	forget(state);
	reply = (struct http_reply){ .body = BUF_INIT };
	report.tally.drifted = 1; /* the one that is held */
	assert_int_equal(store_reconcile_put(world->store, "agora", &report),
	                 0);
	assert_null(strstr(ask_page(world), "reconcile --fix"));
}

static void
test_api_page__escapes_whatever_comes_from_outside(void **state)
{
	static const char evil[] = "<script>alert('x')</script>\"&";
	struct api_world *world = *state;
	const char *page;

	set_fact(world, "agora", "state", evil);
	set_fact(world, "agora", "why", evil);
	set_fact(world, "agora", "alarm", evil);
	set_fact(world, "agora", "sync_kind", evil);
	set_fact(world, "agora", "sync_entity", evil);
	api_world_entry(world, evil, evil, "uncertain");
	api_world_dead_event(world, evil);
	page = ask_page(world);
	assert_null(strstr(page, "<script"));
	assert_null(strstr(page, "alert('"));
	assert_non_null(strstr(page, "&lt;script&gt;"));
}

static void
test_api_page__loads_nothing_and_renews_itself(void **state)
{
	const char *page = ask_page(*state);

	assert_non_null(
		strstr(page, "<meta http-equiv=\"refresh\" content=\"5\">"));
	assert_null(strstr(page, "http://"));
	assert_null(strstr(page, "https://"));
	assert_null(strstr(page, "url("));
	assert_null(strstr(page, " src="));
}

static void
test_api_page__names_the_command_for_each_decision(void **state)
{
	const char *page;

	api_world_entry(*state, "ORDER-1", "A1", "uncertain");
	page = ask_page(*state);
	assert_non_null(
		strstr(page, "tillbridge dead show entry/agora/ORDER-1<"));
	assert_non_null(
		strstr(page, "tillbridge dead confirm entry/agora/ORDER-1<"));
}

static const char square_authority[] =
	"{ \"name\": \"erp\", \"type\": \"square\","
	"  \"url\": \"https://127.0.0.1:4001\" },"
	"{ \"name\": \"agora\", \"type\": \"square\","
	"  \"url\": \"https://127.0.0.1:4000\" }";

static void
test_api_page__what_is_looked_up_waits_for_nobody(void **state)
{
	struct api_world *world = *state;
	const struct conf *usual = world->env.conf;
	struct conf *conf = api_world_conf(world, square_authority);
	const char *page;

	api_world_entry(world, "ORDER-1", "A1", "uncertain");
	assert_non_null(strstr(ask_page(world), "for your decision"));
	world->env.conf = conf;
	page = ask_page(world);
	assert_null(strstr(page, "for your decision"));
	assert_null(strstr(page, "Waiting for you"));
	assert_null(strstr(page, "tillbridge dead confirm"));
	assert_non_null(strstr(page, "it is looked up at erp automatically"));
	/* The look-up itself could not end it. */
	assert_int_equal(store_ledger_end(world->store, "agora/ORDER-1", 0,
	                                  &(const struct outcome){
						  .verdict = VERDICT_UNCERTAIN,
						  .why = "looked up: half" },
	                                  0),
	                 0);
	page = ask_page(world);
	assert_non_null(strstr(page, "for your decision"));
	assert_non_null(strstr(page, "tillbridge dead confirm"));
	world->env.conf = usual;
	conf_free(conf);
}

static void
test_api_page__quotes_an_id_that_a_shell_would_take_apart(void **state)
{
	api_world_entry(*state, "a;rm -rf $HOME", "A1", "uncertain");
	assert_non_null(strstr(ask_page(*state),
	                       "dead drop &#39;entry/agora/a;rm -rf $HOME"
	                       "&#39;<"));
}

static void
test_api_page__is_loud_when_a_2xx_is_not_on_disk(void **state)
{
	assert_non_null(strstr(ask_page(*state), "class=\"alert\""));
}

static void
test_api_page__is_quiet_when_all_is_on_disk(void **state)
{
	static const char *const durable[] = { "--appendonly", "yes",
		                               "--appendfsync", "always",
		                               NULL };
	struct api_world *world = *state;

	redis_server_kill(&world->redis);
	redis_server_again(&world->redis, durable);
	(void)store_ping(world->store, NULL);
	assert_null(strstr(ask_page(world), "class=\"alert\""));
	assert_non_null(
		strstr(buf_text(&reply.body), "what is accepted is on disk"));
}

static void
test_api_page__can_be_read_without_redis(void **state)
{
	struct api_world *world = *state;
	const char *page;

	redis_server_kill(&world->redis);
	page = ask_page(world);
	assert_non_null(strstr(page, "Redis does not answer"));
	assert_non_null(strstr(page, "agora"));
}

static void
test_api_metrics__gauges_come_from_the_store(void **state)
{
	struct api_world *world = *state;

	api_world_entry(world, "S1", "A1", "ready");
	api_world_entry(world, "S2", "A1", "uncertain");
	api_world_dead_event(world, "no such thing");
	assert_int_equal(
		store_marks_add_one(world->store, "agora", "i:A1", MARK_HOOK),
		0);
	assert_int_equal(
		api_world_ask(world, &reply, "GET", "/metrics", NULL, NULL), 0);
	assert_string_equal(reply.content_type, "text/plain; version=0.0.4");
	assert_non_null(
		strstr(buf_text(&reply.body),
	               "\ntillbridge_marks_waiting 2\n")); /* y:lookup */
	assert_non_null(strstr(buf_text(&reply.body),
	                       "\ntillbridge_entries_waiting 1\n"));
	assert_non_null(
		strstr(buf_text(&reply.body), "\ntillbridge_dead_letters 2\n"));
	assert_non_null(
		strstr(buf_text(&reply.body), "\ntillbridge_queue_depth 0\n"));
}

static void
test_api_metrics__answer_without_redis(void **state)
{
	struct api_world *world = *state;

	redis_server_kill(&world->redis);
	assert_int_equal(
		api_world_ask(world, &reply, "GET", "/metrics", NULL, NULL), 0);
	assert_int_equal(reply.status, 200);
	assert_non_null(strstr(buf_text(&reply.body),
	                       "# TYPE tillbridge_queue_depth gauge"));
}

#define EACH(test) \
	cmocka_unit_test_setup_teardown(test, api_world_empty, forget)

/* Nothing was ever read there, and that is no trouble. */
static void
test_api_status__an_account_that_only_calls_us_is_in_order(void **state)
{
	struct api_world *world = *state;
	struct conf *before = world->conf;
	struct conf *conf = api_world_conf(
		world, "{ \"name\": \"erp\", \"type\": \"galaxy\","
		       "  \"url\": \"http://127.0.0.1:3000\" },"
		       "{ \"name\": \"shop\", \"type\": \"webhook\" }");
	const struct json_node *root;
	const char *page;

	be_well(world);
	world->env.conf = conf;
	root = ask_status(world);
	assert_string_equal(text_at(account_of(root, "shop"), "state"), "ok");
	assert_string_equal(text_at(json_find(root, "summary"), "level"),
	                    "good");
	api_world_forget(&reply);
	page = strstr(ask_page(world), "<b>shop</b>");
	assert_non_null(page);
	assert_non_null(strstr(page, "only calls us"));
	assert_null(strstr(page, "never"));
	world->env.conf = before;
	conf_free(conf);
}

/* As a worker writes them. */
static void
be_limited(struct api_world *world, int64_t full_ms)
{
	const struct {
		const char *name;
		int64_t n;
	} numbers[] = {
		{ "limit_left", 3 },
		{ "limit_size", 90 },
		{ "limit_full_ms", full_ms },
		{ "budget_calls", 10000 },
		{ "budget_used", 1200 },
		{ "budget_polls", 700 },
		{ "budget_until_ms", clock_wall_ms() + 86400000 },
		{ "budget_next_poll_ms", clock_wall_ms() + 600000 },
		{ "budget_step_ms", 9818 },
	};

	be_well(world);
	set_fact(world, "agora", "limit", "leaky bucket");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		assert_int_equal(store_health_set_int(world->store, "agora",
		                                      numbers[i].name,
		                                      numbers[i].n),
		                 0);
}

static void
test_api_status__says_what_may_still_be_called(void **state)
{
	const struct json_node *root;
	const struct json_node *agora;

	be_limited(*state, clock_wall_ms() + 60000);
	root = ask_status(*state);
	agora = account_of(root, "agora");
	assert_string_equal(text_at(agora, "rate_limit.name"), "leaky bucket");
	assert_int_equal(number(agora, "rate_limit.left"), 3);
	assert_int_equal(number(agora, "rate_limit.size"), 90);
	assert_int_equal(number(agora, "budget.calls"), 10000);
	assert_int_equal(number(agora, "budget.used"), 1200);
	assert_int_equal(number(agora, "budget.used_by_polls"), 700);
	assert_int_equal(number(agora, "budget.poll_call_every_ms"), 9818);
	assert_null(json_path(account_of(root, "erp"), "rate_limit.left"));
	assert_null(json_path(account_of(root, "erp"), "budget.calls"));
}

static void
test_api_status__what_was_called_comes_back_by_itself(void **state)
{
	struct api_world *world = *state;
	const struct json_node *agora;

	be_limited(world, clock_wall_ms() - 1);
	assert_int_equal(store_health_set_int(world->store, "agora",
	                                      "budget_until_ms",
	                                      clock_wall_ms() - 1),
	                 0);
	agora = account_of(ask_status(world), "agora");
	assert_int_equal(number(agora, "rate_limit.left"), 90);
	/* Another month: what its calls are is not known yet. */
	assert_null(json_path(agora, "budget.calls"));
}

static void
test_api_page__says_what_may_still_be_called(void **state)
{
	const char *page;

	be_limited(*state, clock_wall_ms() + 60000);
	page = ask_page(*state);
	assert_non_null(strstr(page, "3 of 90 calls left (leaky bucket)"));
	assert_non_null(strstr(page, "1200 of 10000 calls of this month used, "
	                             "the next poll in "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_api_status__says_that_all_agree_when_nothing_is_left),
		EACH(test_api_status__counts_what_lies_in_the_store),
		EACH(test_api_status__counts_what_waits_for_an_account_that_is_gone),
		EACH(test_api_status__repeats_what_a_worker_said_of_itself),
		EACH(test_api_status__says_what_each_list_of_a_mirror_holds),
		EACH(test_api_status__says_how_long_a_sync_will_take),
		EACH(test_api_status__knows_no_end_without_a_total),
		EACH(test_api_page__draws_a_bar_with_words_beside_it),
		EACH(test_api_page__shows_the_mirror_without_its_empty_lists),
		EACH(test_api_page__says_when_changes_were_and_will_be_read),
		EACH(test_api_status__warns_when_a_2xx_is_not_on_disk),
		EACH(test_api_status__answers_without_redis),
		EACH(test_api_status__answers_when_no_store_could_be_made),
		EACH(test_api_status__holds_no_secret_even_when_a_part_says_one),
		EACH(test_api_status__a_url_loses_user_query_and_fragment),
		EACH(test_api_status__says_the_worst_first),
		EACH(test_api_status__speaks_of_a_decision_that_waits),
		EACH(test_api_status__calls_marks_and_entries_changes_on_the_way),
		EACH(test_api_status__names_what_was_sold_beyond_what_there_was),
		EACH(test_api_page__says_what_to_do_about_what_was_oversold),
		EACH(test_api_status__a_long_list_of_oversold_items_is_cut),
		EACH(test_api_page__says_what_the_last_comparison_found),
		EACH(test_api_status__a_first_sync_comes_before_bindings_not_yet_found),
		EACH(test_api_status__an_account_that_only_calls_us_is_in_order),
		EACH(test_api_page__escapes_whatever_comes_from_outside),
		EACH(test_api_page__loads_nothing_and_renews_itself),
		EACH(test_api_page__names_the_command_for_each_decision),
		EACH(test_api_page__what_is_looked_up_waits_for_nobody),
		EACH(test_api_page__quotes_an_id_that_a_shell_would_take_apart),
		EACH(test_api_page__is_loud_when_a_2xx_is_not_on_disk),
		EACH(test_api_page__is_quiet_when_all_is_on_disk),
		EACH(test_api_page__can_be_read_without_redis),
		EACH(test_api_metrics__gauges_come_from_the_store),
		EACH(test_api_metrics__answer_without_redis),
		EACH(test_api_status__a_paused_account_is_named),
		EACH(test_api_status__says_what_waits_for_a_paused_account),
		EACH(test_api_status__a_stopped_schedule_is_told),
		EACH(test_api_page__says_what_runs_by_the_clock),
		EACH(test_api_page__says_what_a_system_cannot_do),
		EACH(test_api_status__says_what_may_still_be_called),
		EACH(test_api_status__what_was_called_comes_back_by_itself),
		EACH(test_api_page__says_what_may_still_be_called),
	};

	return cmocka_run_group_tests(tests, api_world_setup,
	                              api_world_teardown);
}
