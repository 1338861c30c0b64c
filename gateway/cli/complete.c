/*
 * tillbridge complete accounts, complete skus BEGINNING: what a shell may offer
 * behind a command, a name a line. For the shells' own use: it says nothing
 * where it cannot, starts nothing, and does not keep anybody waiting.
 */
#include "gateway/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/base/words.h"
#include "gateway/drivers/redis_child.h"
#include "gateway/drivers/store_registry.h"

enum {
	OFFERED_MAX = 100, /* more than that a shell asks before it shows */
	PATIENCE_MS = 250, /* of one that types, with Redis */
};

static void
offer_accounts(const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_accounts; i++)
		cli_line("%s", conf_account_name(conf->accounts[i]));
}

/* What a terminal would obey cannot be typed either. */
static int
offer_sku(void *ctx, const char *sku)
{
	char *clean = text_dup(sku);

	(void)ctx;
	if (clean) {
		words_clean(clean);
		if (!strcmp(clean, sku))
			(void)puts(sku);
	}
	free(clean);
	return 0;
}

/*
 * Of the Redis that runs: a station would start one of its own where no daemon
 * does, which takes a second and locks the state directory.
 */
static enum exit_code
offer_skus(const struct conf *conf, const char *beginning)
{
	const struct conf_section *top = conf->top;
	const struct secret *password = conf_secret(top, "redis.password");
	const char *url = conf_text(top, "redis.url");
	char *own = url ? NULL : redis_child_url(conf_path(top, "state_dir"));
	const struct store_options options = {
		.url = url ? url : own,
		.password = password ? secret_text(password) : NULL,
		.prefix = conf_text(top, "redis.namespace"),
		.timeout_ms = PATIENCE_MS,
	};
	struct store *store = NULL;
	int r = -1;

	log_set_level(LOG_ERROR); /* that none runs is no trouble */
	if (options.url && !store_new(&store, &options))
		r = store_registry_each_prefixed(store, beginning, OFFERED_MAX,
		                                 offer_sku, NULL);
	store_free(store);
	free(own);
	return r ? EXIT_CODE_UNREACHABLE : EXIT_CODE_DONE;
}

enum exit_code
cli_complete(const struct cli *cli)
{
	const char *what = cli->argc ? cli->argv[0] : "";
	bool are_skus = !strcmp(what, "skus");
	struct conf *conf = NULL;
	struct buf mistakes = BUF_INIT;
	enum exit_code code = EXIT_CODE_DONE;
	int r;

	if (!are_skus && (strcmp(what, "accounts") != 0 || cli->argc != 1))
		return EXIT_CODE_USAGE;
	r = conf_load_operator(&conf, cli->conf_path, cli->parts->types,
	                       cli->parts->n_types, &mistakes);
	buf_fini(&mistakes);
	if (r)
		return EXIT_CODE_CONFIGURATION;
	if (are_skus)
		code = offer_skus(conf, cli->argc > 1 ? cli->argv[1] : "");
	else
		offer_accounts(conf);
	conf_free(conf);
	return code;
}
