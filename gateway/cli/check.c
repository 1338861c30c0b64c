/*
 * tillbridge check: the file, the certificates and, unless --offline, every
 * account with its cheapest authenticated call. One line each.
 */
#include "gateway/cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/drivers/http_client.h"
#include "gateway/drivers/store_accounts.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_mirror.h"
#include "gateway/drivers/store_vault.h"
#include "gateway/drivers/tls.h"
#include "gateway/ports/adapter.h"

enum { PROBES_MAX = 10, PROBE_WAIT_MS = 500 };

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
		(void)printf("ok    %-12s valid for %lld days\n", field,
		             (long long)(tls_expires_in_s(tls) / 86400));
	else
		(void)printf("wrong %-12s %s\n", field, buf_text(&why));
	buf_fini(&why);
	tls_free(tls);
	return ok;
}

static const struct adapter_ops *
find_adapter(const struct cli *cli, const char *type)
{
	for (size_t i = 0; cli->parts->adapters[i]; i++)
		if (!strcmp(cli->parts->adapters[i]->name, type))
			return cli->parts->adapters[i];
	return NULL;
}

/* The capabilities an account lacks, so that nobody waits for them. */
static void
add_missing(struct buf *out, const struct adapter_ops *ops,
            const struct conf_section *account)
{
	const struct {
		bool is_there;
		const char *what;
	} list[] = {
		{ ops->read_counts != NULL, "read counts" },
		{ ops->write_counts != NULL, "write counts" },
		{ ops->list_sales != NULL, "list sales" },
		{ ops->post_entry != NULL, "record sales" },
		{ !ops->post_entry ||
		          adapter_can_find(ops, account, ENTRY_SALE),
		  "look up a sale whose answer was lost" },
		{ ops->sync != NULL, "list changes" },
	};
	const char *before = "; it cannot ";

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		if (list[i].is_there)
			continue;
		buf_addf(out, "%s%s", before, list[i].what);
		before = ", ";
	}
}

static struct outcome
probe(const struct conf_section *account, const struct adapter_ops *ops,
      struct station *station, struct buf *what)
{
	struct store *store = station_store(station);
	const char *url = conf_account_url(account);
	const struct http_client_options options = {
		.timeout_ms = conf_int(account, "timeout_ms"),
		.may_http = url && !strncmp(url, "http://", 7),
		.user_agent = "tillbridge check",
	};
	struct adapter_env env = { .conf = account };
	struct store_mirror *mirror = NULL;
	struct store_vault *vault = NULL;
	struct outcome outcome = outcome_of(VERDICT_RETRY, "out of memory");
	void *state = NULL;

	if (http_client_new(&env.http, &options) ||
	    store_mirror_new(&mirror, store, conf_account_name(account)) ||
	    store_vault_new(&vault, store, station_dir(station)))
		goto out;
	env.mirror = store_mirror_port(mirror);
	env.vault = store_vault_port(vault);
	if (!ops->open(&state, &env))
		outcome = ops->probe(state, what);
	ops->close(state);
out:
	store_vault_free(vault);
	store_mirror_free(mirror);
	http_client_free(env.http);
	return outcome;
}

/* A daemon that renews a key at this moment is done in no time. */
static struct outcome
probe_patiently(const struct conf_section *account,
                const struct adapter_ops *ops, struct station *station,
                struct buf *what)
{
	struct outcome outcome = probe(account, ops, station, what);

	for (int i = 0; i < PROBES_MAX; i++) {
		if (outcome.verdict != VERDICT_SLOW || outcome.wait_ms < 1 ||
		    outcome.wait_ms > PROBE_WAIT_MS)
			break;
		clock_sleep_ms(PROBE_WAIT_MS);
		buf_reset(what);
		outcome = probe(account, ops, station, what);
	}
	return outcome;
}

static bool
check_account(const struct cli *cli, const struct conf_section *account,
              struct station *station)
{
	const char *name = conf_account_name(account);
	const struct adapter_ops *ops =
		find_adapter(cli, conf_account_type(account));
	struct buf what = BUF_INIT;
	struct outcome outcome = probe_patiently(account, ops, station, &what);
	bool ok = outcome.verdict == VERDICT_DONE;

	if (!conf_account_is_source(account)) /* which says so itself */
		add_missing(&what, ops, account);
	if (ok)
		(void)printf("ok    %-12s %s\n", name, buf_text(&what));
	else
		(void)printf("wrong %-12s %s: %s\n", name,
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
		(void)printf("warn  %-12s is not configured, and %lld entries "
		             "wait for it: see tillbridge dead list\n",
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
	(void)printf("ok    %-12s %zu accounts\n", "file", conf->n_accounts);
	if (!check_certificate("public", conf_path(top, "public.certificate"),
	                       conf_path(top, "public.client_ca")) ||
	    !check_certificate("private", conf_path(top, "private.certificate"),
	                       NULL))
		code = EXIT_CODE_CONFIGURATION;
	if (cli->is_offline || code != EXIT_CODE_DONE)
		goto out;
	if (station_open(&station, conf, &why)) {
		(void)printf("wrong %-12s %s\n", "redis", buf_text(&why));
		code = EXIT_CODE_UNREACHABLE;
		goto out;
	}
	(void)printf("ok    %-12s reachable\n", "redis");
	for (size_t i = 0; i < conf->n_accounts; i++)
		if (!check_account(cli, conf->accounts[i], station))
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
