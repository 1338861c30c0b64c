/*
 * tillbridge hooks register ACCOUNT: have a system call us, where its API can
 * be told to.
 *
 * What would be done is read and shown first, always. The key that a vendor
 * makes is never shown: it goes to the file where the configuration, or
 * --secret-file, wants it. It can be asked for again, so a run that ended
 * before it was written is repeated.
 */
#include "gateway/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/cli/keep.h"
#include "gateway/cli/watch.h"
#include "gateway/drivers/store_sync.h"

enum { PLACES_MAX = 8 };

struct registration {
	const struct cli *cli;
	const struct conf *conf;
	const struct conf_section *account;
	const char *name;
	const struct adapter_ops *ops;
	struct buf url;
	struct buf what;
	struct buf secret;
	struct buf kept; /* what became of the secret, for a person */
	char *path;      /* owned; where the secret goes; NULL: nowhere */
	const char *key; /* option that names it; NULL: the type has none */
	bool is_done;    /* else only shown */
};

/* ---- is it possible at all? ---- */

/* Where calls shall go. False: nowhere. */
static bool
find_url(struct registration *g)
{
	const char *public = conf_text(g->conf->top, "public.url");
	const char *own = conf_knows(g->account, "hook.url")
	                          ? conf_text(g->account, "hook.url")
	                          : NULL;
	size_t n = public ? strlen(public) : 0;

	while (n && public[n - 1] == '/')
		n--;
	if (own)
		buf_adds(&g->url, own);
	else if (public)
		buf_addf(&g->url, "%.*s/hooks/%s", (int)n, public, g->name);
	return g->url.n > 0;
}

static enum exit_code
check_account(struct registration *g)
{
	struct buf why = BUF_INIT;
	enum exit_code code = EXIT_CODE_CONFIGURATION;

	if (!conf_account_can_call(g->account)) {
		cli_complain("%s has no callbacks: a %s account is asked by "
		             "its schedule",
		             g->name, conf_account_type(g->account));
		code = EXIT_CODE_FAILED;
	} else if (!find_url(g)) {
		cli_complain("public.url is not set: %s must be told where to "
		             "call",
		             g->name);
	} else if (!g->ops->register_hooks) {
		cli_complain("%s: the API of a %s account cannot be told whom "
		             "to call; set it up there by hand, for %s",
		             g->name, conf_account_type(g->account),
		             buf_text(&g->url));
		code = EXIT_CODE_FAILED;
	} else if (!cli_can_call(g->account, &why)) {
		cli_complain("%s.%s", g->name, buf_text(&why));
	} else {
		code = EXIT_CODE_DONE;
	}
	buf_fini(&why);
	return code;
}

/* ---- the key that the vendor makes ---- */

static int
find_path(struct registration *g)
{
	struct conf_place places[PLACES_MAX];
	const char *path = g->cli->secret_file;
	size_t n = conf_places(g->account, places, PLACES_MAX);

	for (size_t i = 0; i < n && i < PLACES_MAX; i++) {
		const char *ref = places[i].reference;

		if (!places[i].is_of_handler || g->key)
			continue;
		g->key = places[i].key;
		if (path || !ref || strncmp(ref, "file:", 5) != 0)
			continue;
		g->path = ref[5] == '/'
		                  ? text_dup(ref + 5)
		                  : text_format("%s/%s", g->conf->dir, ref + 5);
		return g->path ? 0 : err_raise(ERR_NOMEM, "why=%s", "path");
	}
	if (path)
		g->path = text_dup(path);
	return path && !g->path ? err_raise(ERR_NOMEM, "why=%s", "path") : 0;
}

/* Does the configuration have it already, wherever it has it from? */
static bool
is_configured(const struct registration *g)
{
	const struct secret *keys[2];
	bool is_there = false;
	size_t n = g->key && conf_has(g->account, g->key)
	                   ? conf_secrets(g->account, g->key, keys)
	                   : 0;

	for (size_t i = 0; i < n; i++)
		is_there |= secret_equals(keys[i], buf_text(&g->secret),
		                          g->secret.n);
	return is_there;
}

/* False: it is nowhere yet, and a person must do something. */
static bool
keep_secret(struct registration *g)
{
	const char *key = g->key ? g->key : "hook";
	struct buf why = BUF_INIT;
	bool is_kept = false;

	if (is_configured(g) && !g->cli->secret_file) {
		buf_addf(&g->kept, "%s has its key already", key);
		return true;
	}
	if (!g->path) {
		buf_addf(&g->kept,
		         "calls are signed with a key that %s does not name a "
		         "file for: run this again with --secret-file PATH, "
		         "then set %s to it",
		         key, key);
		return false;
	}
	switch (keep_file(g->path, &g->secret, &why)) {
	case KEEP_WRITTEN:
		buf_addf(&g->kept,
		         "the key of its calls is in %s; a daemon that runs "
		         "takes it with SIGHUP",
		         g->path);
		is_kept = true;
		break;
	case KEEP_SAME:
		buf_addf(&g->kept, "the key of its calls is in %s already",
		         g->path);
		is_kept = true;
		break;
	case KEEP_OTHER:
		buf_addf(&g->kept,
		         "%s holds another key and stays as it is: run this "
		         "again with --secret-file and a new file, then let "
		         "%s name that one",
		         g->path, key);
		break;
	case KEEP_FAILED:
		buf_addf(&g->kept,
		         "the key of its calls could not be written: %s; "
		         "nothing is lost, run this again",
		         buf_text(&why));
		break;
	}
	buf_fini(&why);
	return is_kept;
}

/* ---- asking the system ---- */

static struct outcome
call(struct registration *g, struct visit *visit, bool is_dry)
{
	const struct hook_job job = { .url = buf_text(&g->url),
		                      .is_dry = is_dry,
		                      .what = &g->what,
		                      .secret = &g->secret };
	struct outcome outcome;

	do {
		buf_reset(&g->what);
		buf_reset(&g->secret);
		outcome = g->ops->register_hooks(visit_state(visit), &job);
	} while (visit_again(visit, &outcome));
	if (buf_check(&g->what) || buf_check(&g->secret))
		return outcome_fault(ERR_NOMEM);
	return outcome;
}

/* Each line of a text, for a person. */
static void
print_lines(const struct buf *text)
{
	for (const char *line = buf_text(text); *line;) {
		size_t n = strcspn(line, "\n");

		cli_line("  %.*s", (int)n, line);
		line += n + (line[n] == '\n');
	}
}

static void
show_plan(const struct registration *g)
{
	bool is_asked_for = g->cli->is_dry || !g->cli->is_yes;

	if (g->cli->is_json || (g->cli->is_quiet && !is_asked_for))
		return;
	cli_line("%s shall call %s", g->name, buf_text(&g->url));
	if (g->what.n == 0)
		cli_line("  nothing to do: it does already");
	print_lines(&g->what);
	(void)fflush(stdout);
}

/* A question, where there is somebody to be asked. */
static enum exit_code
ask(const struct registration *g)
{
	char answer[16] = "";

	if (g->cli->is_yes || g->what.n == 0)
		return EXIT_CODE_DONE;
	if (!isatty(STDIN_FILENO) || g->cli->is_json) {
		cli_complain("nothing was done: nobody can be asked here; "
		             "--yes does it, --dry-run only shows it");
		return EXIT_CODE_USAGE;
	}
	(void)fputs("Do this? [y/N] ", stdout);
	(void)fflush(stdout);
	if (fgets(answer, sizeof(answer), stdin) &&
	    (answer[0] == 'y' || answer[0] == 'Y'))
		return EXIT_CODE_DONE;
	(void)fputs("Nothing was done.\n", stdout);
	return EXIT_CODE_FAILED;
}

/* ---- what came of it ---- */

static void
print_json(const struct registration *g, const char *error)
{
	struct buf text = BUF_INIT;
	struct json_out j = { .to = &text };

	json_out_object(&j, NULL);
	json_out_text(&j, "account", g->name);
	json_out_text(&j, "url", buf_text(&g->url));
	json_out_bool(&j, "done", g->is_done);
	json_out_array(&j, "steps");
	for (const char *line = buf_text(&g->what); *line;) {
		size_t n = strcspn(line, "\n");
		char *step = text_ndup(line, n);

		json_out_text(&j, NULL, step ? step : "");
		free(step);
		line += n + (line[n] == '\n');
	}
	json_out_end_array(&j);
	if (g->kept.n)
		json_out_text(&j, "key", buf_text(&g->kept));
	else
		json_out_null(&j, "key");
	if (error)
		json_out_text(&j, "error", error);
	else
		json_out_null(&j, "error");
	json_out_end_object(&j);
	cli_json(&text);
	buf_fini(&text);
}

static enum exit_code
fail(const struct registration *g, const struct outcome *outcome)
{
	if (g->cli->is_json)
		print_json(g, outcome->why);
	cli_complain("%s: %s: %s", g->name, verdict_name(outcome->verdict),
	             outcome->why);
	return EXIT_CODE_FAILED;
}

/* All is done there; the key that came with it goes where it belongs. One that
   was there before tells its key, too. */
static enum exit_code
finish(struct registration *g)
{
	bool is_kept = g->secret.n == 0 || keep_secret(g);

	if (g->cli->is_json)
		print_json(g, is_kept ? NULL : buf_text(&g->kept));
	else if (g->what.n && !g->cli->is_quiet)
		cli_line("done: %s calls us", g->name);
	if (!is_kept)
		cli_complain("%s: %s", g->name, buf_text(&g->kept));
	else if (g->kept.n && !g->cli->is_json && !g->cli->is_quiet)
		cli_line("%s", buf_text(&g->kept));
	return is_kept ? EXIT_CODE_DONE : EXIT_CODE_FAILED;
}

static enum exit_code
go_through(struct registration *g, struct visit *visit)
{
	struct outcome outcome = call(g, visit, true);
	enum exit_code code;

	if (outcome.verdict != VERDICT_DONE)
		return fail(g, &outcome);
	show_plan(g);
	if (g->cli->is_dry) {
		if (g->cli->is_json)
			print_json(g, NULL);
		return EXIT_CODE_DONE;
	}
	code = ask(g);
	if (code != EXIT_CODE_DONE)
		return code;
	outcome = call(g, visit, false);
	if (outcome.verdict != VERDICT_DONE)
		return fail(g, &outcome);
	g->is_done = true;
	return finish(g);
}

static enum exit_code
reach(struct registration *g)
{
	struct station *station = NULL;
	struct visit *visit = NULL;
	enum exit_code code = cli_reach(&station, g->conf);
	int r;

	if (code != EXIT_CODE_DONE)
		return code;
	r = cli_visit(&visit, g->cli, g->conf, g->account, station);
	code = r ? cli_fail(r) : go_through(g, visit);
	visit_close(visit);
	station_close(station);
	return code;
}

static enum exit_code
register_at(const struct cli *cli, const struct conf *conf, const char *name)
{
	struct registration g = {
		.cli = cli,
		.conf = conf,
		.account = conf_find_account(conf, name),
		.name = name,
	};
	enum exit_code code;

	if (!g.account)
		return watch_refuse(conf, name, SYNC_UNKNOWN, "");
	g.ops = cli_adapter(cli, g.account);
	code = check_account(&g);
	if (code == EXIT_CODE_DONE && find_path(&g))
		code = EXIT_CODE_FAILED;
	if (code == EXIT_CODE_DONE)
		code = reach(&g);
	if (g.secret.p)
		crypto_wipe(g.secret.p, g.secret.cap);
	buf_fini(&g.secret);
	buf_fini(&g.url);
	buf_fini(&g.what);
	buf_fini(&g.kept);
	free(g.path);
	return code;
}

enum exit_code
cli_hooks(const struct cli *cli)
{
	struct conf *conf = NULL;
	enum exit_code code;

	if (cli->argc != 2 || strcmp(cli->argv[0], "register") != 0) {
		cli_complain("usage: tillbridge hooks register ACCOUNT "
		             "[--dry-run] [--yes] [--secret-file PATH] "
		             "[--json]");
		return EXIT_CODE_USAGE;
	}
	code = cli_load_operator(&conf, cli);
	if (code != EXIT_CODE_DONE)
		return code;
	code = register_at(cli, conf, cli->argv[1]);
	conf_free(conf);
	return code;
}
