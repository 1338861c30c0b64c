/*
 * tillbridge check: the file, the certificates and, unless --offline, every
 * account with its cheapest authenticated call. One line each.
 */
#include "gateway/cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/json.h"
#include "gateway/cli/paint.h"
#include "gateway/drivers/store_accounts.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/tls.h"
#include "gateway/ports/adapter.h"

/* Line by line as they become known: a system may take its time to answer. */
struct report {
	const struct cli *cli;
	int width;            /* of the widest name */
	struct buf text;      /* with --json: all of it, at the end */
	struct json_out json; /* into text */
};

enum { PLACES_MAX = 8 };

enum state { STATE_OK, STATE_WARN, STATE_WRONG };

static const struct {
	const char *word;
	enum paint paint;
} states[] = {
	[STATE_OK] = { "ok", PAINT_GOOD },
	[STATE_WARN] = { "warn", PAINT_WARN },
	[STATE_WRONG] = { "wrong", PAINT_BAD },
};

static void
widen(struct report *report, const char *name)
{
	int n = paint_width(name);

	if (n > report->width)
		report->width = n;
}

static void
begin(struct report *report, const struct cli *cli, const struct conf *conf)
{
	static const char *const names[] = { "private", "redis" };

	*report = (struct report){ .cli = cli };
	report->json.to = &report->text;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		widen(report, names[i]);
	for (size_t i = 0; i < conf->n_accounts; i++)
		widen(report, conf_account_name(conf->accounts[i]));
	json_out_object(&report->json, NULL);
	json_out_array(&report->json, "checks");
}

static void
say(struct report *report, enum state state, const char *name,
    const char *words)
{
	const char *word = states[state].word;
	struct buf line = BUF_INIT;
	int fill = report->width - paint_width(name);

	if (report->cli->is_json) {
		json_out_object(&report->json, NULL);
		json_out_text(&report->json, "name", name);
		json_out_text(&report->json, "state", word);
		json_out_text(&report->json, "text", words);
		json_out_end_object(&report->json);
	} else if (state != STATE_OK || !report->cli->is_quiet) {
		buf_addf(&line, "%*s%s%*s %s", 6 - (int)strlen(word), "", name,
		         fill > 0 ? fill : 0, "", words);
		cli_painted(states[state].paint, word, buf_text(&line));
		(void)fflush(stdout);
	}
	buf_fini(&line);
}

static void
end(struct report *report, bool is_right)
{
	json_out_end_array(&report->json);
	json_out_bool(&report->json, "ok", is_right);
	json_out_end_object(&report->json);
	if (report->cli->is_json)
		cli_json(&report->text);
	buf_fini(&report->text);
}

static bool
check_certificate(struct report *report, const char *field, const char *path,
                  const char *client_ca)
{
	struct tls *tls = NULL;
	struct buf words = BUF_INIT;
	bool ok;

	if (!path)
		return true;
	ok = !tls_new(&tls, path, client_ca, &words);
	if (ok) {
		buf_reset(&words);
		buf_addf(&words, "valid for %lld days",
		         (long long)(tls_expires_in_s(tls) / 86400));
	}
	say(report, ok ? STATE_OK : STATE_WRONG, field, buf_text(&words));
	buf_fini(&words);
	tls_free(tls);
	return ok;
}

/* The capabilities an account lacks, so that nobody waits for them. */
static void
add_missing(struct buf *out, const struct adapter_ops *ops,
            const struct conf_section *account)
{
	struct adapter_ability list[ADAPTER_ABILITIES];
	const char *before = "; it cannot ";

	adapter_abilities(list, ops, account);
	for (size_t i = 0; i < ADAPTER_ABILITIES; i++) {
		if (list[i].is_there)
			continue;
		buf_addf(out, "%s%s", before, list[i].words);
		before = ", ";
	}
}

static struct outcome
probe(const struct cli *cli, const struct conf *conf,
      const struct conf_section *account, struct station *station,
      struct buf *what)
{
	const struct adapter_ops *ops = cli_adapter(cli, account);
	struct visit *visit = NULL;
	struct outcome outcome;
	int r = cli_visit(&visit, cli, conf, account, station);

	if (r)
		return outcome_fault(r);
	do {
		buf_reset(what);
		outcome = ops->probe(visit_state(visit), what);
	} while (visit_again(visit, &outcome));
	visit_close(visit);
	return outcome;
}

/* Where in the file the mistake may be. */
static void
add_cure(struct buf *out, const struct conf_section *account,
         const struct outcome *outcome)
{
	struct conf_place places[PLACES_MAX];
	size_t n = conf_places(account, places, PLACES_MAX);
	const char *before = "; it is called with ";

	if (outcome->verdict == VERDICT_RETRY && conf_account_url(account))
		buf_adds(out, "; is it up, and its url right?");
	if (outcome->verdict != VERDICT_LOCKED)
		return;
	for (size_t i = 0; i < n && i < PLACES_MAX; i++) {
		if (places[i].is_of_handler)
			continue;
		buf_addf(out, "%s%s (%s)", before, places[i].key,
		         places[i].reference ? places[i].reference
		                             : "in the file itself");
		before = ", ";
	}
}

static bool
check_account(struct report *report, const struct conf *conf,
              const struct conf_section *account, struct station *station)
{
	const struct cli *cli = report->cli;
	struct buf what = BUF_INIT;
	struct outcome outcome = probe(cli, conf, account, station, &what);
	bool ok = outcome.verdict == VERDICT_DONE;

	if (!conf_account_is_source(account)) /* which says so itself */
		add_missing(&what, cli_adapter(cli, account), account);
	if (!ok) {
		buf_reset(&what);
		buf_addf(&what, "%s: %s", verdict_name(outcome.verdict),
		         outcome.why);
		add_cure(&what, account, &outcome);
	}
	say(report, ok ? STATE_OK : STATE_WRONG, conf_account_name(account),
	    buf_text(&what));
	buf_fini(&what);
	return ok;
}

/* What waits for an account that this file no longer has. */
struct left {
	struct report *report;
	const struct conf *conf;
	struct store *store;
};

static int
warn_left(void *ctx, const char *account)
{
	const struct left *left = ctx;
	struct buf words = BUF_INIT;
	int64_t n = 0;
	int r;

	if (conf_find_account(left->conf, account))
		return 0;
	r = store_ledger_count_ready(left->store, &n, account);
	if (!r && n) {
		buf_addf(&words,
		         "is not configured, and %lld entries wait for it: "
		         "see tillbridge dead list",
		         (long long)n);
		say(left->report, STATE_WARN, account, buf_text(&words));
	}
	buf_fini(&words);
	return r;
}

static enum exit_code
check_accounts(struct report *report, const struct conf *conf)
{
	struct station *station = NULL;
	struct buf why = BUF_INIT;
	struct left left;
	enum exit_code code = EXIT_CODE_DONE;

	if (station_open(&station, conf, &why)) {
		say(report, STATE_WRONG, "redis", buf_text(&why));
		buf_fini(&why);
		return EXIT_CODE_UNREACHABLE;
	}
	say(report, STATE_OK, "redis", "reachable");
	for (size_t i = 0; i < conf->n_accounts; i++)
		if (!check_account(report, conf, conf->accounts[i], station))
			code = EXIT_CODE_FAILED;
	left = (struct left){ report, conf, station_store(station) };
	if (store_accounts_each(left.store, warn_left, &left))
		code = EXIT_CODE_UNREACHABLE;
	station_close(station);
	buf_fini(&why);
	return code;
}

static enum exit_code
check(struct report *report, const struct conf *conf)
{
	const struct conf_section *top = conf->top;
	bool is_public_right;
	bool is_private_right;
	char words[40];

	(void)snprintf(words, sizeof(words), "%zu account%s", conf->n_accounts,
	               conf->n_accounts == 1 ? "" : "s");
	say(report, STATE_OK, "file", words);
	is_public_right = check_certificate(
		report, "public", conf_path(top, "public.certificate"),
		conf_path(top, "public.client_ca"));
	is_private_right = check_certificate(
		report, "private", conf_path(top, "private.certificate"), NULL);
	if (!is_public_right || !is_private_right)
		return EXIT_CODE_CONFIGURATION;
	return report->cli->is_offline ? EXIT_CODE_DONE
	                               : check_accounts(report, conf);
}

enum exit_code
cli_check(const struct cli *cli)
{
	struct conf *conf = NULL;
	struct report report;
	enum exit_code code = cli_load(&conf, cli);

	if (code != EXIT_CODE_DONE)
		return code;
	begin(&report, cli, conf);
	code = check(&report, conf);
	end(&report, code == EXIT_CODE_DONE);
	conf_free(conf);
	return code;
}
