/*
 * tillbridge check: the file, the certificates and, unless --offline, every
 * account with its cheapest authenticated call. One line each.
 */
#include "gateway/cli/cli.h"

#include <stdio.h>

#include "gateway/drivers/store_accounts.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/tls.h"
#include "gateway/ports/adapter.h"

static bool
check_certificate(const char *field, const char *path, const char *client_ca)
{
	struct tls *tls = NULL;
	struct buf why = BUF_INIT;
	bool ok;

	if (!path)
		return true;
	ok = !tls_new(&tls, path, client_ca, &why);
	if (ok)
		cli_line("ok    %-12s valid for %lld days", field,
		         (long long)(tls_expires_in_s(tls) / 86400));
	else
		cli_line("wrong %-12s %s", field, buf_text(&why));
	buf_fini(&why);
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

static bool
check_account(const struct cli *cli, const struct conf *conf,
              const struct conf_section *account, struct station *station)
{
	const char *name = conf_account_name(account);
	struct buf what = BUF_INIT;
	struct outcome outcome = probe(cli, conf, account, station, &what);
	bool ok = outcome.verdict == VERDICT_DONE;

	if (!conf_account_is_source(account)) /* which says so itself */
		add_missing(&what, cli_adapter(cli, account), account);
	if (ok)
		cli_line("ok    %-12s %s", name, buf_text(&what));
	else
		cli_line("wrong %-12s %s: %s", name,
		         verdict_name(outcome.verdict), outcome.why);
	buf_fini(&what);
	return ok;
}

/* What waits for an account that this file no longer has. */
struct left {
	const struct conf *conf;
	struct store *store;
};

static int
warn_left(void *ctx, const char *account)
{
	const struct left *left = ctx;
	int64_t n = 0;
	int r;

	if (conf_find_account(left->conf, account))
		return 0;
	r = store_ledger_count_ready(left->store, &n, account);
	if (!r && n)
		cli_line("warn  %-12s is not configured, and %lld entries "
		         "wait for it: see tillbridge dead list",
		         account, (long long)n);
	return r;
}

enum exit_code
cli_check(const struct cli *cli)
{
	struct conf *conf = NULL;
	struct station *station = NULL;
	struct left left;
	const struct conf_section *top;
	enum exit_code code = cli_load(&conf, cli);
	struct buf why = BUF_INIT;

	if (code != EXIT_CODE_DONE)
		return code;
	top = conf->top;
	cli_line("ok    %-12s %zu accounts", "file", conf->n_accounts);
	if (!check_certificate("public", conf_path(top, "public.certificate"),
	                       conf_path(top, "public.client_ca")) ||
	    !check_certificate("private", conf_path(top, "private.certificate"),
	                       NULL))
		code = EXIT_CODE_CONFIGURATION;
	if (cli->is_offline || code != EXIT_CODE_DONE)
		goto out;
	if (station_open(&station, conf, &why)) {
		cli_line("wrong %-12s %s", "redis", buf_text(&why));
		code = EXIT_CODE_UNREACHABLE;
		goto out;
	}
	cli_line("ok    %-12s reachable", "redis");
	for (size_t i = 0; i < conf->n_accounts; i++)
		if (!check_account(cli, conf, conf->accounts[i], station))
			code = EXIT_CODE_FAILED;
	left = (struct left){ conf, station_store(station) };
	if (store_accounts_each(left.store, warn_left, &left))
		code = EXIT_CODE_UNREACHABLE;
out:
	station_close(station);
	conf_free(conf);
	buf_fini(&why);
	return code;
}
