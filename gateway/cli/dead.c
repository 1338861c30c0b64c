/*
 * tillbridge dead: what waits for a person. Dead events, uncertain, refused,
 * held and stranded entries, zero writes held by the guard.
 */
#include "gateway/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/cli/dead_show.h"
#include "gateway/cli/table.h"
#include "gateway/drivers/store_asked.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/model/explain.h"

struct dead_list {
	const struct dead *dead;
	struct json_out *json; /* NULL: a table */
	struct table table;
	size_t n;
	size_t n_left; /* uncertain, which retry --all leaves */
	char **left;   /* what they are, a line for a person each */
	int failed;
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

	if (l.json)
		json_out_array(&json, NULL);
	table_init(&l.table, columns, sizeof(columns) / sizeof(*columns), 0);
	r = store_dead_each(dead->store, print_row, &l);
	if (!r)
		r = table_print(&l.table);
	table_fini(&l.table);
	if (l.json) {
		json_out_end_array(&json);
		cli_json(&text);
	}
	if (!r && !l.n && !l.json && !dead->cli->is_quiet)
		(void)puts("nothing waits for a person");
	buf_fini(&text);
	return r ? cli_fail(r) : EXIT_CODE_DONE;
}

/* How many zeros a letter stands for; 0: it is another kind. */
static int
count_held(struct store *store, int64_t *out, const char *id)
{
	*out = 0;
	return strncmp(id, "hold/", 5)
	               ? 0
	               : store_stock_count_held(store, out, id + 5);
}

static void
say_done(const char *id, enum dead_action action, const char *done,
         int64_t n_held)
{
	if (!n_held)
		cli_line("%s %s", id, done);
	else if (action == DEAD_RETRY)
		cli_line("%s released: %lld item%s set to 0 at %s", id,
		         (long long)n_held, n_held == 1 ? " is" : "s are",
		         id + 5);
	else
		cli_line("%s dropped: %lld item%s as %s at %s, until %s "
		         "or a full sync compares %s",
		         id, (long long)n_held,
		         n_held == 1 ? " stays" : "s stay",
		         n_held == 1 ? "it is" : "they are", id + 5,
		         n_held == 1 ? "it moves" : "they move",
		         n_held == 1 ? "it" : "them");
}

/* Confirming what is looked up anyway is rarely right, and never undone. */
static int
warn_of_confirm(const struct dead *dead, const char *id)
{
	struct buf words = BUF_INIT;
	struct ledger_state at;
	struct asked asked;
	int r;

	if (strncmp(id, "entry/", 6) != 0)
		return 0;
	r = store_ledger_state(dead->store, &at, id + 6);
	if (r)
		return r == LEDGER_ABSENT ? 0 : r;
	r = store_asked(dead->store, &asked, &dead->by, id + 6, at.state,
	                at.authority, at.why ? at.why : "");
	if (!r && asked.is_asked) {
		explain_asked(&words, at.authority, asked.in_ms);
		cli_complain("warning: %s: %s, and needs no confirmation. To "
		             "confirm says that the document is there and "
		             "complete: one that is not complete, such as an "
		             "order whose payment is still open, is never "
		             "finished then, and the sale is lost",
		             id, buf_text(&words));
	}
	buf_fini(&words);
	ledger_state_fini(&at);
	return r;
}

/* Its state, and what is possible. */
static void
say_unfit(const struct dead *dead, const char *id)
{
	struct ledger_state at;

	if (!strncmp(id, "event/", 6)) {
		cli_complain("%s: a call has nothing to confirm: retry reads "
		             "it once more, drop forgets it",
		             id);
	} else if (!strncmp(id, "hold/", 5)) {
		cli_complain("%s: held zeros have nothing to confirm: retry "
		             "releases them, drop forgets them",
		             id);
	} else if (!store_ledger_state(dead->store, &at, id + 6)) {
		cli_complain("%s: %s", id,
		             explain_choices(at.state,
		                             !conf_find_account(dead->by.conf,
		                                                at.authority)));
		ledger_state_fini(&at);
	} else {
		cli_complain("%s: its state does not allow that", id);
	}
}

static enum exit_code
decide(const struct dead *dead, const char *id, enum dead_action action,
       const char *done)
{
	int64_t n_held = 0;
	int r = count_held(dead->store, &n_held, id);

	if (!r && action == DEAD_CONFIRM)
		r = warn_of_confirm(dead, id);
	if (!r)
		r = store_dead_decide(dead->store, id, action);

	if (r < 0)
		return cli_fail(r);
	if (r == LEDGER_ABSENT)
		cli_complain("%s: there is no such dead letter (see "
		             "tillbridge dead list)",
		             id);
	else if (r == LEDGER_UNFIT)
		say_unfit(dead, id);
	else if (r == LEDGER_KEPT)
		cli_complain("%s: it stays ready until its authority is "
		             "configured again, and cannot go to another one: "
		             "else drop it",
		             id);
	else
		say_done(id, action, done, n_held);
	return r ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
}

static int
note_left(struct dead_list *l, const struct dead_letter *letter)
{
	char **grown = realloc(l->left, (l->n_left + 1) * sizeof(*grown));

	if (!grown)
		return err_raise(ERR_NOMEM, "why=%s", "dead letters");
	l->left = grown;
	grown[l->n_left] = text_format("%s: %s", letter->id, letter->summary);
	if (!grown[l->n_left])
		return err_raise(ERR_NOMEM, "why=%s", "dead letters");
	l->n_left++;
	return 0;
}

static void
say_left(const struct dead_list *l)
{
	bool is_dry = l->dead->cli->is_dry;

	if (l->n_left)
		cli_line("%zu uncertain, %s as %s for dead confirm or dead "
		         "retry ID:",
		         l->n_left, is_dry ? "would be left" : "left",
		         l->n_left == 1 ? "it is" : "they are");
	for (size_t i = 0; i < l->n_left; i++)
		cli_line("  %s", l->left[i]);
}

static int
retry_row(void *ctx, const struct dead_letter *letter)
{
	struct dead_list *l = ctx;

	/* An uncertain entry may be there already: never in bulk. */
	if (!strcmp(letter->kind, "uncertain")) {
		return note_left(l, letter);
	}
	l->n++;
	if (l->dead->cli->is_dry) {
		cli_line("would retry %s: %s", letter->id, letter->summary);
		return 0;
	}
	if (decide(l->dead, letter->id, DEAD_RETRY, "retried"))
		l->failed++;
	return 0;
}

static enum exit_code
retry_all(const struct dead *dead)
{
	struct dead_list l = { .dead = dead };
	bool is_dry = dead->cli->is_dry;
	int r = store_dead_each(dead->store, retry_row, &l);

	if (!r)
		cli_line("%zu %s", l.n,
		         is_dry ? "would be retried" : "retried");
	if (!r)
		say_left(&l);
	for (size_t i = 0; i < l.n_left; i++)
		free(l.left[i]);
	free(l.left);
	if (r)
		return cli_fail(r);
	return l.failed ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
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

static const struct {
	const char *word;
	enum dead_action action;
	const char *done;
} actions[] = {
	{ "retry", DEAD_RETRY, "retried" },
	{ "confirm", DEAD_CONFIRM, "confirmed: the next balance settles it" },
	{ "drop", DEAD_DROP, "dropped" },
};

static enum exit_code
act(const struct dead *dead)
{
	const struct cli *cli = dead->cli;
	enum exit_code code = EXIT_CODE_DONE;

	for (size_t a = 0; a < sizeof(actions) / sizeof(*actions); a++) {
		if (strcmp(cli->argv[0], actions[a].word) != 0)
			continue;
		for (int i = 1; i < cli->argc; i++) {
			enum exit_code one =
				decide(dead, cli->argv[i], actions[a].action,
			               actions[a].done);

			code = one ? one : code;
		}
	}
	return code;
}

static bool
is_usable(const struct cli *cli)
{
	const char *word = cli->argc ? cli->argv[0] : "";
	bool is_action = !strcmp(word, "retry") || !strcmp(word, "confirm") ||
	                 !strcmp(word, "drop");

	/* Nobody may believe to have tried what was done. */
	if ((cli->is_dry && !cli->is_all) ||
	    (cli->is_json && (is_action || cli->is_all)))
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
		"dead list [--json]", "dead show ID [--json]",
		"dead retry ID…",     "dead retry --all [--dry-run]",
		"dead confirm ID…",   "dead drop ID…",
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
	else if (cli->is_all)
		code = retry_all(&dead);
	else
		code = act(&dead);
	station_close(station);
	conf_free(conf);
	return code;
}
