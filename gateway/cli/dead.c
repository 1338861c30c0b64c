/*
 * tillbridge dead: what waits for a person. Dead events, uncertain, refused,
 * held and stranded entries, zero writes held by the guard. What is decided
 * about them: dead_decide.c.
 */
#include "gateway/cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/json.h"
#include "gateway/cli/dead_decide.h"
#include "gateway/cli/dead_show.h"
#include "gateway/cli/table.h"
#include "gateway/drivers/store_asked.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/model/explain.h"

struct dead_list {
	const struct dead *dead;
	struct json_out *json; /* NULL: a table */
	struct table table;
	size_t n;
	char kind[16];    /* of the last one */
	size_t n_of_kind; /* in a row: kind after kind */
	bool is_cut;      /* of a kind there may be more */
};

static void
print_json(struct json_out *o, const struct dead_letter *letter,
           const struct asked *asked)
{
	char at[CLOCK_TEXT_SIZE];

	json_out_object(o, NULL);
	json_out_text(o, "id", letter->id);
	json_out_text(o, "kind", letter->kind);
	json_out_text(o, "account", letter->account);
	clock_format(at, letter->at_ms);
	json_out_text(o, "at", at);
	json_out_text(o, "summary", letter->summary);
	json_out_text(o, "why", letter->why);
	json_out_bool(o, "looked_up_automatically", asked->is_asked);
	if (asked->in_ms < 0) {
		json_out_null(o, "next_look_up");
	} else {
		clock_format(at, clock_wall_ms() + asked->in_ms);
		json_out_text(o, "next_look_up", at);
	}
	json_out_end_object(o);
}

static void
note_kind(struct dead_list *l, const char *kind)
{
	if (strcmp(l->kind, kind) != 0)
		l->n_of_kind = 0;
	(void)snprintf(l->kind, sizeof(l->kind), "%s", kind);
	l->is_cut |= ++l->n_of_kind >= DEAD_LISTED;
}

static int
print_row(void *ctx, const struct dead_letter *letter)
{
	struct dead_list *l = ctx;
	char at[CLI_TIME_SIZE];
	struct buf words = BUF_INIT;
	struct asked asked;
	int r = store_asked_letter(l->dead->store, &asked, &l->dead->by,
	                           letter);

	if (r)
		return r;
	l->n++;
	note_kind(l, letter->kind);
	if (l->json) {
		print_json(l->json, letter, &asked);
		return 0;
	}
	table_add(&l->table, PAINT_PLAIN, "%s", letter->id);
	table_add(&l->table, asked.is_asked ? PAINT_PLAIN : PAINT_WARN, "%s",
	          letter->kind);
	table_add(&l->table, PAINT_PLAIN, "%s", cli_time(at, letter->at_ms));
	table_add(&l->table, PAINT_PLAIN, "%s", letter->summary);
	table_note(&l->table, "%s", letter->why);
	if (asked.is_asked) {
		explain_asked(&words, letter->authority, asked.in_ms);
		table_note(&l->table, "%s: nothing to decide",
		           buf_text(&words));
	}
	buf_fini(&words);
	return 0;
}

static const struct table_column columns[] = {
	{ "id", false, false },
	{ "kind", false, false },
	{ "since", false, false },
	{ "what", false, false },
};

static enum exit_code
list(const struct dead *dead)
{
	struct buf text = BUF_INIT;
	struct json_out json = { .to = &text };
	struct dead_list l = { .dead = dead,
		               .json = dead->cli->is_json ? &json : NULL };
	int r;

	json_out_array(&json, NULL);
	table_init(&l.table, columns, sizeof(columns) / sizeof(*columns), 0);
	r = store_dead_each(dead->store, print_row, &l);
	if (!r)
		r = table_print(&l.table);
	table_fini(&l.table);
	json_out_end_array(&json);
	if (!r)
		r = buf_check(&text);
	if (!r && l.json)
		cli_json(&text); /* half a list would look like all of it */
	if (!r && l.is_cut)
		cli_complain("there may be more: of each kind the oldest %d "
		             "are listed",
		             DEAD_LISTED);
	if (!r && !l.n && !l.json && !dead->cli->is_quiet)
		(void)puts("nothing waits for a person");
	buf_fini(&text);
	return r ? cli_fail(r) : EXIT_CODE_DONE;
}

static enum exit_code
show(const struct dead *dead, const char *id)
{
	struct buf text = BUF_INIT;
	int r = store_dead_show(dead->store, &text, id);
	enum exit_code code = EXIT_CODE_DONE;

	if (!r && dead->cli->is_json)
		cli_json(&text);
	else if (!r)
		r = dead_show(dead, id, &text);
	if (r == LEDGER_ABSENT) {
		cli_complain("%s: there is no such dead letter (see "
		             "tillbridge dead list)",
		             id);
		code = EXIT_CODE_FAILED;
	} else if (r) {
		code = cli_fail(r);
	}
	buf_fini(&text);
	return code;
}

static bool
is_usable(const struct cli *cli)
{
	const char *word = cli->argc ? cli->argv[0] : "";
	bool is_action = !strcmp(word, "retry") || !strcmp(word, "confirm") ||
	                 !strcmp(word, "drop");

	/* Nobody may believe to have tried what was done. */
	if (cli->is_dry && !cli->is_all)
		return false;
	if (!strcmp(word, "list"))
		return cli->argc == 1 && !cli->is_all;
	if (!strcmp(word, "show"))
		return cli->argc == 2;
	if (cli->is_all)
		return !strcmp(word, "retry") && cli->argc == 1;
	return is_action && cli->argc >= 2;
}

enum exit_code
cli_dead(const struct cli *cli)
{
	static const char *const usage[] = {
		"dead list [--json]",
		"dead show ID [--json]",
		"dead retry ID… [--json]",
		"dead retry --all [--dry-run] [--json]",
		"dead confirm ID… [--json]",
		"dead drop ID… [--json]",
	};
	struct conf *conf = NULL;
	struct station *station = NULL;
	struct dead dead;
	enum exit_code code;

	if (!is_usable(cli)) {
		cli_usage(usage, sizeof(usage) / sizeof(*usage));
		return EXIT_CODE_USAGE;
	}
	code = cli_open(&conf, &station, cli);
	if (code != EXIT_CODE_DONE)
		return code;
	dead = (struct dead){ cli,
		              station_store(station),
		              { conf, cli->parts->adapters } };
	if (!strcmp(cli->argv[0], "list"))
		code = list(&dead);
	else if (!strcmp(cli->argv[0], "show"))
		code = show(&dead, cli->argv[1]);
	else
		code = dead_decide(&dead);
	station_close(station);
	conf_free(conf);
	return code;
}
