/*
 * tillbridge complete accounts, complete skus BEGINNING, complete dead
 * BEGINNING: what a shell may offer behind a command, a name a line. For the
 * shells' own use: it says nothing where it cannot, starts nothing, and does not
 * keep anybody waiting.
 */
#include "gateway/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/base/words.h"
#include "gateway/drivers/redis_child.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_registry.h"

enum {
	OFFERED_MAX = 100, /* more than that a shell asks before it shows */
	PATIENCE_MS = 250, /* of one that types, with Redis */
	LETTERS_MAX = 500, /* each is read: more take too long */
};

static void
offer_accounts(const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_accounts; i++)
		cli_line("%s", conf_account_name(conf->accounts[i]));
}

/* What a terminal would obey cannot be typed either. */
static int
offer_word(void *ctx, const char *word)
{
	char *clean = text_dup(word);

	(void)ctx;
	if (clean) {
		words_clean(clean);
		if (!strcmp(clean, word))
			(void)puts(word);
	}
	free(clean);
	return 0;
}

struct letters {
	const char *beginning;
	struct buf ids; /* a line each */
	size_t n;       /* seen */
};

static int
note_letter(void *ctx, const struct dead_letter *letter)
{
	struct letters *l = ctx;

	if (++l->n > LETTERS_MAX)
		return 1;
	if (!strncmp(letter->id, l->beginning, strlen(l->beginning)) &&
	    !strpbrk(letter->id, "\r\n"))
		buf_addf(&l->ids, "%s\n", letter->id);
	return 0;
}

/* All of them, or none: some would look like all. */
static int
offer_letters(struct store *store, const char *beginning)
{
	struct letters l = { .beginning = beginning };
	int r = store_dead_each(store, note_letter, &l);

	for (const char *id = buf_text(&l.ids); !r && *id;) {
		size_t n = strcspn(id, "\n");
		char *word = text_ndup(id, n);

		if (word)
			(void)offer_word(NULL, word);
		free(word);
		id += n + 1;
	}
	buf_fini(&l.ids);
	return r;
}

/*
 * Of the Redis that runs: a station would start one of its own where no daemon
 * does, which takes a second and locks the state directory.
 */
static enum exit_code
offer_stored(const struct conf *conf, const char *what, const char *beginning)
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
	int r;

	log_set_level(LOG_ERROR); /* that none runs is no trouble */
	if (!options.url || store_new(&store, &options))
		r = -1;
	else if (!strcmp(what, "skus"))
		r = store_registry_each_prefixed(store, beginning, OFFERED_MAX,
		                                 offer_word, NULL);
	else
		r = offer_letters(store, beginning);
	store_free(store);
	free(own);
	return r ? EXIT_CODE_UNREACHABLE : EXIT_CODE_DONE;
}

enum exit_code
cli_complete(const struct cli *cli)
{
	const char *what = cli->argc ? cli->argv[0] : "";
	bool is_stored = !strcmp(what, "skus") || !strcmp(what, "dead");
	struct conf *conf = NULL;
	struct buf mistakes = BUF_INIT;
	enum exit_code code = EXIT_CODE_DONE;
	int r;

	if (!is_stored && (strcmp(what, "accounts") != 0 || cli->argc != 1))
		return EXIT_CODE_USAGE;
	r = conf_load_operator(&conf, cli->conf_path, cli->parts->types,
	                       cli->parts->n_types, &mistakes);
	buf_fini(&mistakes);
	if (r)
		return EXIT_CODE_CONFIGURATION;
	if (is_stored)
		code = offer_stored(conf, what,
		                    cli->argc > 1 ? cli->argv[1] : "");
	else
		offer_accounts(conf);
	conf_free(conf);
	return code;
}
