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
#include "gateway/base/json.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_stock.h"

struct listing {
	const struct cli *cli;
	struct json_out *json; /* NULL: a table */
	size_t n;
	struct store *store;
	enum dead_action action; /* of retry --all */
	int failed;
};

static int
print_row(void *ctx, const struct dead_letter *letter)
{
	struct listing *l = ctx;
	char at[CLOCK_TEXT_SIZE];

	l->n++;
	clock_format(at, letter->at_ms);
	if (l->json) {
		json_out_object(l->json, NULL);
		json_out_text(l->json, "id", letter->id);
		json_out_text(l->json, "kind", letter->kind);
		json_out_text(l->json, "account", letter->account);
		json_out_text(l->json, "at", at);
		json_out_text(l->json, "summary", letter->summary);
		json_out_text(l->json, "why", letter->why);
		json_out_end_object(l->json);
		return 0;
	}
	(void)printf("%-36s %-10s %.19s  %s\n%38s%s\n", letter->id,
	             letter->kind, at, letter->summary, "", letter->why);
	return 0;
}

static enum exit_code
list(const struct cli *cli, struct store *store)
{
	struct buf text = BUF_INIT;
	struct json_out json = { .to = &text };
	struct listing l = { .cli = cli,
		             .store = store,
		             .json = cli->is_json ? &json : NULL };
	int r;

	if (l.json)
		json_out_array(&json, NULL);
	r = store_dead_each(store, print_row, &l);
	if (l.json) {
		json_out_end_array(&json);
		(void)puts(buf_text(&text));
	}
	if (!r && !l.n && !l.json && !cli->is_quiet)
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
		(void)printf("%s %s\n", id, done);
	else if (action == DEAD_RETRY)
		(void)printf("%s released: %lld item%s set to 0 at %s\n", id,
		             (long long)n_held, n_held == 1 ? " is" : "s are",
		             id + 5);
	else
		(void)printf("%s dropped: %lld item%s as %s at %s, until %s "
		             "or a full sync compares %s\n",
		             id, (long long)n_held,
		             n_held == 1 ? " stays" : "s stay",
		             n_held == 1 ? "it is" : "they are", id + 5,
		             n_held == 1 ? "it moves" : "they move",
		             n_held == 1 ? "it" : "them");
}

static enum exit_code
decide(struct store *store, const char *id, enum dead_action action,
       const char *done)
{
	int64_t n_held = 0;
	int r = count_held(store, &n_held, id);

	if (!r)
		r = store_dead_decide(store, id, action);

	if (r < 0)
		return cli_fail(r);
	if (r == LEDGER_ABSENT)
		cli_complain("%s: there is no such dead letter (see "
		             "tillbridge dead list)",
		             id);
	else if (r == LEDGER_UNFIT)
		cli_complain("%s: its state does not allow that (confirm is "
		             "for uncertain entries only)",
		             id);
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
retry_row(void *ctx, const struct dead_letter *letter)
{
	struct listing *l = ctx;

	/* An uncertain entry may be there already: never in bulk. */
	if (!strcmp(letter->kind, "uncertain"))
		return 0;
	l->n++;
	if (l->cli->is_dry) {
		(void)printf("would retry %s: %s\n", letter->id,
		             letter->summary);
		return 0;
	}
	if (decide(l->store, letter->id, DEAD_RETRY, "retried"))
		l->failed++;
	return 0;
}

static enum exit_code
retry_all(const struct cli *cli, struct store *store)
{
	struct listing l = { .cli = cli, .store = store };
	int r = store_dead_each(store, retry_row, &l);

	if (r)
		return cli_fail(r);
	(void)printf("%zu %s; uncertain entries are left for dead confirm or "
	             "dead retry ID\n",
	             l.n, cli->is_dry ? "would be retried" : "retried");
	return l.failed ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
}

static enum exit_code
show(struct store *store, const char *id)
{
	struct buf text = BUF_INIT;
	int r = store_dead_show(store, &text, id);
	enum exit_code code = EXIT_CODE_DONE;

	if (r == LEDGER_ABSENT) {
		cli_complain("%s: there is no such dead letter", id);
		code = EXIT_CODE_FAILED;
	} else if (r) {
		code = cli_fail(r);
	} else {
		(void)puts(buf_text(&text));
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
act(const struct cli *cli, struct store *store)
{
	enum exit_code code = EXIT_CODE_DONE;

	for (size_t a = 0; a < sizeof(actions) / sizeof(*actions); a++) {
		if (strcmp(cli->argv[0], actions[a].word) != 0)
			continue;
		for (int i = 1; i < cli->argc; i++) {
			enum exit_code one =
				decide(store, cli->argv[i], actions[a].action,
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
	struct conf *conf = NULL;
	struct station *station = NULL;
	enum exit_code code;

	if (!is_usable(cli)) {
		cli_complain("usage: tillbridge dead list | show ID | retry "
		             "ID… | retry --all [--dry-run] | confirm ID… | "
		             "drop ID…");
		return EXIT_CODE_USAGE;
	}
	code = cli_open(&conf, &station, cli);
	if (code != EXIT_CODE_DONE)
		return code;
	if (!strcmp(cli->argv[0], "list"))
		code = list(cli, station_store(station));
	else if (!strcmp(cli->argv[0], "show"))
		code = show(station_store(station), cli->argv[1]);
	else if (cli->is_all)
		code = retry_all(cli, station_store(station));
	else
		code = act(cli, station_store(station));
	station_close(station);
	conf_free(conf);
	return code;
}
