/*
 * tillbridge explain: why an item shows what it shows, from the store. Calls
 * no system, changes nothing.
 */
#include "gateway/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cli/table.h"
#include "gateway/drivers/store_explain.h"

static void
print_mark(const struct explain_mark *m, int64_t now_ms)
{
	char wait[EXPLAIN_SPAN_SIZE];

	if (!m->is_due)
		return;
	cli_line("  look       due %s%s: %s", m->at_ms > now_ms ? "in " : "now",
	         m->at_ms > now_ms ? explain_span(wait, m->at_ms - now_ms) : "",
	         explain_cause(m->cause));
}

static void
print_health(const struct explain_health *h)
{
	struct buf trouble = BUF_INIT;
	char at[CLI_TIME_SIZE];

	explain_trouble(&trouble, h);
	if (trouble.n)
		cli_line("  trouble    %s, last at %s", buf_text(&trouble),
		         cli_time(at, h->last_error_ms));
	if (h->alarm[0])
		cli_alarm("  alarm      %s", h->alarm);
	buf_fini(&trouble);
}

static void
print_entry(const struct explain_entry *e)
{
	struct buf words = BUF_INIT;
	char qty[DECIMAL_TEXT_SIZE];
	char at[CLI_TIME_SIZE];

	explain_entry_say(&words, e);
	cli_line("  %-10s %s, docid %s, made %s",
	         e->is_pending ? decimal_format(qty, e->qty) : "-",
	         buf_text(&words), e->docid, cli_time(at, e->made_ms));
	if (e->why[0])
		cli_line("  %-10s %s", "", e->why);
	buf_fini(&words);
}

static void
print_unknown(const struct explain *e)
{
	char at[CLI_TIME_SIZE];

	if (e->unknown_ms)
		cli_line("balance      unknown since %s: no channel is "
		         "written",
		         cli_time(at, e->unknown_ms));
	else
		cli_line("balance      unknown: no channel is written");
}

static void
print_item(const struct explain *e)
{
	char text[DECIMAL_TEXT_SIZE];
	char at[CLI_TIME_SIZE];
	char age[EXPLAIN_SPAN_SIZE];

	cli_line("%s%s%s", e->sku, e->name[0] ? "  " : "", e->name);
	cli_line("authority    %s%s", e->authority,
	         e->is_default ? " (the default)"
	         : e->is_gone  ? " (no longer configured)"
	                       : "");
	if (e->next[0])
		cli_line("  next       %s, when nothing is pending", e->next);
	if (!e->is_bound)
		cli_line("  unbound    the item has no binding there");
	else if (e->unresolved[0])
		cli_line("  unresolved %s", e->unresolved);
	if (e->has_balance)
		cli_line("balance      %s, read %s, %s ago",
		         decimal_format(text, e->balance),
		         cli_time(at, e->balance_ms),
		         explain_span(age, e->now_ms - e->balance_ms));
	else
		print_unknown(e);
	print_mark(&e->mark, e->now_ms);
	print_health(&e->health);
	if (e->oversold_ms)
		cli_alarm("oversold     %s more sold than there was, since "
		          "%s",
		          decimal_format(text, e->missing),
		          cli_time(at, e->oversold_ms));
	cli_line("pending      %s", decimal_format(text, e->pending));
	for (size_t i = 0; i < e->n_entries; i++)
		print_entry(&e->entries[i]);
}

static void
print_channel(const struct explain *e, const struct explain_channel *c)
{
	struct buf words = BUF_INIT;
	char reserve[DECIMAL_TEXT_SIZE];
	char target[DECIMAL_TEXT_SIZE] = "unknown";
	char published[DECIMAL_TEXT_SIZE] = "nothing yet";
	bool is_written;
	char at[CLI_TIME_SIZE];

	explain_conclude(&words, e, c);
	buf_addc(&words, '.');
	(void)puts("");
	cli_title("%s", buf_text(&words));
	buf_fini(&words);
	cli_line("  bound to   %s%s%s", c->typed,
	         c->external[0] ? " = " : ", unresolved: ",
	         c->external[0] ? c->external : c->unresolved);
	if (c->has_target)
		(void)decimal_format(target, c->target);
	if (c->has_published)
		(void)decimal_format(published, c->published);
	cli_line("  reserve    %s (%s)", decimal_format(reserve, c->reserve),
	         explain_reserve_name(c->reserve_from));
	cli_line("  target     %s", target);
	is_written = c->has_published && c->published_ms;
	cli_line("  published  %s%s%s", published,
	         is_written ? ", written " : "",
	         is_written ? cli_time(at, c->published_ms) : "");
	if (c->suspect_ms)
		cli_line("  suspect    since %s", cli_time(at, c->suspect_ms));
	if (c->held_ms)
		cli_line("  held       since %s", cli_time(at, c->held_ms));
	print_mark(&c->mark, e->now_ms);
	print_health(&c->health);
}

static void
add_line(struct table *t, const struct timeline_line *l)
{
	char at[CLI_TIME_SIZE];
	char times[64 + CLI_TIME_SIZE] = "";

	if (l->n > 1)
		(void)snprintf(times, sizeof(times), " (%lld times, last %s)",
		               (long long)l->n, cli_time(at, l->last_ms));
	table_add(t, PAINT_PLAIN, "%s.%03d", cli_time(at, l->at_ms),
	          (int)(l->at_ms % 1000));
	table_add(t, PAINT_PLAIN, "%s", l->account);
	table_add(t, PAINT_PLAIN, "%s", timeline_kind_name(l->kind));
	table_add(t, PAINT_PLAIN, "%s%s", l->text, times);
}

static int
print_lines(const struct explain *e)
{
	static const struct table_column columns[4] = { { NULL, false,
		                                          false } };
	struct table t;
	int r;

	(void)puts("");
	cli_title("%s", e->n_lines ? "timeline"
	                           : "timeline: nothing in the last seven "
	                             "days");
	table_init(&t, columns, sizeof(columns) / sizeof(*columns), 0);
	for (size_t i = 0; i < e->n_lines; i++)
		add_line(&t, &e->lines[i]);
	r = table_print(&t);
	table_fini(&t);
	return r;
}

static enum exit_code
print_all(const struct explain *e)
{
	int r;

	print_item(e);
	for (size_t i = 0; i < e->n_channels; i++)
		print_channel(e, &e->channels[i]);
	if (!e->n_channels)
		(void)puts("\nIt is bound at no till or shop, so none shows "
		           "it.");
	r = print_lines(e);
	return r ? cli_fail(r) : EXIT_CODE_DONE;
}

/* Empty is null, as in the API. */
static void
write_text(struct json_out *o, const char *key, const char *value)
{
	if (value && *value)
		json_out_text(o, key, value);
	else
		json_out_null(o, key);
}

static enum exit_code
print_json(const struct explain *e)
{
	struct buf text = BUF_INIT;
	struct json_out o = { .to = &text };
	int r;

	explain_json(&o, e, write_text);
	r = buf_check(&text);
	if (!r)
		cli_json(&text);
	buf_fini(&text);
	return r ? cli_fail(r) : EXIT_CODE_DONE;
}

static enum exit_code
refuse(struct store *store, const char *sku)
{
	struct buf near = BUF_INIT;
	int r = store_explain_near(store, &near, sku);

	if (!r && near.n)
		cli_complain("%s: there is no such item; near it: %s", sku,
		             buf_text(&near));
	else if (!r)
		cli_complain("%s: there is no such item (see tillbridge items "
		             "list)",
		             sku);
	buf_fini(&near);
	return r ? cli_fail(r) : EXIT_CODE_FAILED;
}

static enum exit_code
explain(const struct cli *cli, const struct conf *conf, struct store *store)
{
	const char *sku = cli->argv[0];
	struct explain e;
	enum exit_code code = EXIT_CODE_DONE;
	int r = store_explain(store, &e, conf, cli->parts->adapters, sku);

	if (r == EXPLAIN_ABSENT)
		return refuse(store, sku);
	if (r)
		return cli_fail(r);
	if (cli->is_json)
		code = print_json(&e);
	else
		code = print_all(&e);
	explain_fini(&e);
	return code;
}

enum exit_code
cli_explain(const struct cli *cli)
{
	struct conf *conf = NULL;
	struct station *station = NULL;
	enum exit_code code;

	if (cli->argc != 1) {
		cli_complain("usage: tillbridge explain SKU [--json]");
		return EXIT_CODE_USAGE;
	}
	code = cli_open(&conf, &station, cli);
	if (code != EXIT_CODE_DONE)
		return code;
	code = explain(cli, conf, station_store(station));
	station_close(station);
	conf_free(conf);
	return code;
}
