/* tillbridge status: one screen of how everything is doing. */
#include "gateway/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/cli/table.h"
#include "gateway/drivers/store_asked.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_lease.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_oversold.h"
#include "gateway/drivers/store_queue.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_switch.h"
#include "gateway/ports/handler.h"

enum {
	OVERSOLD_SHOWN = 10,
	/* A daemon that starts or reloads just now takes its leases within that
	   time. */
	START_MS = 3000,
	POLL_MS = 100,
};

/* What may still be called this month, where that is limited. */
static void
note_budget(struct table *t, const struct health *h)
{
	char next[CLOCK_TEXT_SIZE];
	int64_t now = clock_wall_ms();
	int64_t next_ms = health_int(h, "budget_next_poll_ms");

	if (!health_int(h, "budget_calls") ||
	    now >= health_int(h, "budget_until_ms"))
		return;
	clock_format(next, next_ms);
	table_note(t,
	           "%lld of %lld calls of this month used, %lld by polls%s%s",
	           (long long)health_int(h, "budget_used"),
	           (long long)health_int(h, "budget_calls"),
	           (long long)health_int(h, "budget_polls"),
	           next_ms > now ? "; the next poll at " : "",
	           next_ms > now ? next : "");
}

static const struct table_column columns[] = {
	{ "account", false, false },   { "type", false, false },
	{ "state", false, false },     { "bound", true, false },
	{ "unresolved", true, false }, { "marks", true, false },
	{ "", false, false }, /* why */
};

static int
add_account(struct store *store, struct table *t,
            const struct conf_section *account)
{
	const char *name = conf_account_name(account);
	struct health h;
	int64_t marks = 0;
	int64_t bound = 0;
	int64_t unresolved = 0;
	int64_t off_ms = 0;
	int r = store_health_get(store, &h, name);

	if (!r)
		r = store_marks_count(store, &marks, name);
	if (!r)
		r = store_registry_count_account(store, name, &bound,
		                                 &unresolved);
	if (!r)
		r = store_switch_get(store, &off_ms, name);
	if (!r) {
		const char *state = off_ms ? "paused"
		                    : conf_account_is_source(account)
		                            ? "ok" /* it calls us, or not */
		                            : health_text(&h, "state");
		bool is_bad = *state && strcmp(state, "ok") != 0 &&
		              strcmp(state, "paused") != 0;
		char since[CLI_TIME_SIZE];

		table_add(t, PAINT_PLAIN, "%s", name);
		table_add(t, PAINT_PLAIN, "%s", conf_account_type(account));
		table_add(t, paint_of_state(state), "%s", *state ? state : "-");
		table_add(t, PAINT_PLAIN, "%lld", (long long)bound);
		table_add(t, unresolved ? PAINT_WARN : PAINT_PLAIN, "%lld",
		          (long long)unresolved);
		table_add(t, PAINT_PLAIN, "%lld", (long long)marks);
		table_add(t, PAINT_PLAIN, "%s%s",
		          off_ms   ? "by a person since "
		          : is_bad ? health_text(&h, "why")
		                   : "",
		          off_ms ? cli_time(since, off_ms) : "");
		note_budget(t, &h);
	}
	health_fini(&h);
	return r;
}

static int
print_accounts(struct store *store, const struct conf *conf)
{
	struct table t;
	int r = 0;

	table_init(&t, columns, sizeof(columns) / sizeof(*columns), 0);
	for (size_t i = 0; !r && i < conf->n_accounts; i++)
		r = add_account(store, &t, conf->accounts[i]);
	if (!r)
		r = table_print(&t);
	table_fini(&t);
	return r;
}

/* What waits: for a person, or for a look-up that needs none. */
struct tally {
	struct store *store;
	struct asked_by by;
	int64_t n_person;
	int64_t n_asked;
};

static int
count_row(void *ctx, const struct dead_letter *letter)
{
	struct tally *t = ctx;
	struct asked asked;
	int r = store_asked_letter(t->store, &asked, &t->by, letter);

	t->n_asked += !r && asked.is_asked;
	t->n_person += !r && !asked.is_asked;
	return r;
}

/* What a person must know first. */
static int
print_oversold(struct store *store)
{
	struct oversold_row *rows = NULL;
	char missing[DECIMAL_TEXT_SIZE];
	int64_t all = 0;
	size_t n = 0;
	int r = store_oversold_count(store, &all);

	if (r || !all)
		return r;
	r = store_oversold_list(store, &rows, &n, OVERSOLD_SHOWN);
	if (r)
		return r;
	cli_alarm("OVERSOLD: of %lld item%s more was sold than there was; "
	          "the tills show 0",
	          (long long)all, all == 1 ? "" : "s");
	for (size_t i = 0; i < n; i++)
		cli_line("  %-20s %s missing  (tillbridge explain %s)",
		         rows[i].sku, decimal_format(missing, rows[i].missing),
		         rows[i].sku);
	if ((int64_t)n < all)
		cli_line("  and %lld more that came later",
		         (long long)all - (long long)n);
	oversold_rows_free(rows, n);
	return 0;
}

static int
print_all(const struct cli *cli, struct store *store, const struct conf *conf)
{
	struct tally tally = { .store = store,
		               .by = { conf, cli->parts->adapters } };
	struct queue_depth depth;
	struct store_durability durability;
	char warning[240];
	int r = store_queue_depth(store, &depth);

	if (!r && store_read_durability(store, &durability) >= 0) {
		store_durability_warning(warning, &durability);
		if (*warning)
			cli_alarm("WARNING: %s", warning);
	}
	if (!r)
		r = print_oversold(store);
	if (!r)
		r = store_dead_each(store, count_row, &tally);
	if (r)
		return r;
	cli_line("%lld event%s queued, %lld wait%s for a person%s",
	         (long long)depth.n, depth.n == 1 ? "" : "s",
	         (long long)tally.n_person, tally.n_person == 1 ? "s" : "",
	         tally.n_person ? " (tillbridge dead list)" : "");
	if (tally.n_asked)
		cli_line("%lld uncertain, looked up automatically: nothing "
		         "to decide",
		         (long long)tally.n_asked);
	(void)puts("");
	return print_accounts(store, conf);
}

/* ---- is this how it is, or how it was left? ---- */

/*
 * One of the daemons on this Redis has the schedule. A lease of our own name
 * while the lock is free is one that a killed daemon left.
 */
static int
find_daemon(struct station *station, bool *out)
{
	int64_t deadline = clock_mono_ms() + START_MS;
	bool is_alone = station_is_alone(station);
	char *owner = NULL;
	int r = store_lease_owner(station_store(station), &owner, "scheduler");

	/* The lock may also be another command's. */
	while (!r && !owner && !is_alone && clock_mono_ms() < deadline) {
		clock_sleep_ms(POLL_MS);
		r = store_lease_owner(station_store(station), &owner,
		                      "scheduler");
	}
	*out = owner && !(is_alone && !strcmp(owner, station_owner(station)));
	free(owner);
	return r;
}

/* When anything was last noted of any account; 0: never. */
static int
find_newest(struct store *store, const struct conf *conf, int64_t *out)
{
	static const char *const past[] = {
		"last_success_ms", "last_error_ms",    "last_write_ms",
		"last_sale_ms",    "last_catch_up_ms", "last_full_ms",
	};
	int r = 0;

	*out = 0;
	for (size_t i = 0; !r && i < conf->n_accounts; i++) {
		struct health h;

		r = store_health_get(store, &h,
		                     conf_account_name(conf->accounts[i]));
		for (size_t j = 0; j < sizeof(past) / sizeof(*past); j++) {
			int64_t at_ms = health_int(&h, past[j]);

			*out = at_ms > *out ? at_ms : *out;
		}
		health_fini(&h);
	}
	return r;
}

static int
print_silence(const struct cli *cli, const struct conf *conf,
              struct station *station)
{
	char at[CLI_TIME_SIZE];
	int64_t newest_ms;
	int r = find_newest(station_store(station), conf, &newest_ms);

	if (r)
		return r;
	if (newest_ms)
		cli_alarm("NO DAEMON IS RUNNING HERE: this is how it was "
		          "left, last heard of at %s; start it with "
		          "tillbridge run -c %s",
		          cli_time(at, newest_ms), cli->conf_path);
	else
		cli_alarm("NO DAEMON IS RUNNING HERE, and no system was "
		          "asked yet; start it with tillbridge run -c %s",
		          cli->conf_path);
	return 0;
}

/* ---- what the daemon's own page says ---- */

static const char STATUS_PATH[] = "/api/status";

/*
 * From the same data, by the same words. Of the daemon itself, such as when it
 * started, this process knows nothing: that is null.
 */
static int
ask_page(struct buf *out, const struct cli *cli, const struct conf *conf,
         struct store *store)
{
	const struct api_env env = { .store = store,
		                     .conf = conf,
		                     .adapters = cli->parts->adapters,
		                     .version = cli->parts->version };
	const struct api_route *route = cli->parts->routes;
	struct http_reply reply = { .status = 0 };
	int r;

	while (route->method && strcmp(route->path, STATUS_PATH) != 0)
		route++;
	if (!route->method)
		return err_raise(ERR_BUG, "why=%s", "no status route");
	r = route->serve(&env, NULL, NULL, &reply);
	if (!r)
		buf_adds(out, buf_text(&reply.body));
	buf_fini(&reply.body);
	buf_fini(&reply.extra);
	return r ? r : buf_check(out);
}

static enum paint
paint_of_level(const char *level)
{
	if (!strcmp(level, "bad"))
		return PAINT_BAD;
	return strcmp(level, "warn") ? PAINT_GOOD : PAINT_WARN;
}

/* The one sentence that everything comes to, and what to do. */
static int
print_summary(const struct cli *cli, const struct conf *conf,
              struct store *store)
{
	struct buf page = BUF_INIT;
	struct json *doc = NULL;
	const struct json_node *summary;
	int r = ask_page(&page, cli, conf, store);

	if (!r && json_parse(&doc, page.p, page.n))
		r = err_raise(ERR_BUG, "why=%s", "status page");
	if (!r) {
		summary = json_find(json_root(doc), "summary");
		cli_painted(paint_of_level(json_text_or(summary, "level", "")),
		            json_text_or(summary, "text", ""), "");
		if (*json_text_or(summary, "advice", ""))
			cli_line("  %s", json_text_or(summary, "advice", ""));
	}
	json_free(doc);
	buf_fini(&page);
	return r;
}

static int
print_page(const struct cli *cli, const struct conf *conf,
           struct station *station, bool is_running)
{
	struct store *store = station_store(station);
	int r = is_running ? print_summary(cli, conf, store)
	                   : print_silence(cli, conf, station);

	return r ? r : print_all(cli, store, conf);
}

/* "running" before it: a program wants to know as well. */
static int
print_json(const struct cli *cli, const struct conf *conf, struct store *store,
           bool is_running)
{
	struct buf page = BUF_INIT;
	struct buf text = BUF_INIT;
	int r = ask_page(&page, cli, conf, store);

	if (!r) {
		buf_addf(&text, "{\"running\":%s,%s",
		         is_running ? "true" : "false", buf_text(&page) + 1);
		r = buf_check(&text);
	}
	if (!r)
		cli_json(&text);
	buf_fini(&text);
	buf_fini(&page);
	return r;
}

enum exit_code
cli_status(const struct cli *cli)
{
	struct conf *conf = NULL;
	struct station *station = NULL;
	enum exit_code code = cli_open(&conf, &station, cli);
	bool is_running = false;
	int r;

	if (code != EXIT_CODE_DONE)
		return code;
	r = find_daemon(station, &is_running);
	if (!r && cli->is_json)
		r = print_json(cli, conf, station_store(station), is_running);
	else if (!r)
		r = print_page(cli, conf, station, is_running);
	station_close(station);
	conf_free(conf);
	if (r)
		return cli_fail(r);
	return is_running ? EXIT_CODE_DONE : EXIT_CODE_FAILED;
}
