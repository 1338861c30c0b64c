/*
 * Arguments, wiring, exit code. The only file that names all parts: it passes
 * the lists of adapters and handlers to the engine, which knows no vendor.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/adapters.h"
#include "gateway/base/log.h"
#include "gateway/cli/cli.h"
#include "gateway/drivers/http_client.h"
#include "handlers/handlers.h"

#ifndef TILLBRIDGE_VERSION
#define TILLBRIDGE_VERSION "0.1.0"
#endif

enum { TYPES_MAX = 32 };

static const struct command {
	const char *name;
	enum exit_code (*run)(const struct cli *cli);
	const char *usage;
	const char *does;
	int max_words;       /* behind it */
	const char *options; /* beside those that every command takes */
	const char *more;    /* for `help COMMAND`; NULL */
} commands[] = {
	{ "run", cli_run, "run", "the daemon, in the foreground", 0, "", NULL },
	{ "check", cli_check, "check [--offline]",
	  "validate the configuration, then reach every account", 0,
	  "--offline", NULL },
	{ "sync", cli_sync, "sync [--full] [--dry-run] [ACCOUNT…]",
	  "a catch-up or full sync now", 1000, "--full --dry-run", NULL },
	{ "reconcile", cli_reconcile, "reconcile [--fix] [--json] [ACCOUNT…]",
	  "compare every item in every system; exit 1 on drift", 1000,
	  "--fix --json", NULL },
	{ "items", cli_items,
	  "items import FILE.csv|export|list|match [--apply]",
	  "the registry: which item here is which there", 1000,
	  "--dry-run --skip-errors --apply --json",
	  "Import checks the whole file first and writes nothing when a line "
	  "is "
	  "wrong; with\n--skip-errors only those lines are left out, and it "
	  "still ends with 1. --dry-run says\nwhat would change.\n\n"
	  "Match asks every account, or those named, for what is stocked "
	  "there, and compares\nit with the items of the registry: by barcode, "
	  "then by SKU. Where exactly one fits\nexactly one, --apply binds "
	  "them, as an import would. A name is only a suggestion.\n\n"
	  "  tillbridge items import items.csv --dry-run\n"
	  "  tillbridge items match\n"
	  "  tillbridge items match --apply agora\n" },
	{ "hooks", cli_hooks, "hooks register ACCOUNT [--dry-run] [--yes]",
	  "have a system call us, where its API allows it", 2,
	  "--dry-run --yes --secret-file --json",
	  "Shows what it would do there, asks, and does it; --yes does not "
	  "ask, "
	  "--dry-run only\nshows. Doing it again changes nothing. Where the "
	  "vendor makes the key that calls are\nsigned with, it is written to "
	  "the file that the configuration names for it, such as\n"
	  "\"signature_key\": \"file:secrets/agora\", if that is not there yet "
	  "or empty; or to\n--secret-file PATH. It is never shown.\n\n"
	  "  tillbridge hooks register agora --dry-run\n"
	  "  tillbridge hooks register agora --yes --secret-file "
	  "secrets/agora\n" },
	{ "dead", cli_dead, "dead list|show|retry|confirm|drop [ID…]",
	  "dead letters, uncertain and held work", 1000,
	  "--dry-run --all --json", NULL },
	{ "explain", cli_explain, "explain SKU [--json]",
	  "why an item shows what it shows", 1, "--json", NULL },
	{ "status", cli_status, "status", "how everything is doing", 0, "",
	  NULL },
	{ "import-appsettings", cli_import_appsettings,
	  "import-appsettings appsettings.json [-o FILE]",
	  "the e-commerce synchronizer's configuration as ours", 1, "--output",
	  "Writes a configuration to the standard output or to FILE, and the "
	  "secrets to files\nin secrets/ beside it (mode 0600); overwrites "
	  "nothing. Says what it could not carry\nover.\n\n"
	  "  tillbridge import-appsettings appsettings.json -o "
	  "gateway.json\n" },
	{ "schema", cli_schema, "schema [--markdown]",
	  "the configuration's JSON Schema, or its table", 0, "--markdown",
	  NULL },
};

static const size_t n_commands = sizeof(commands) / sizeof(*commands);

static void
print_help(FILE *to)
{
	(void)fprintf(to, "tillbridge " TILLBRIDGE_VERSION
	                  ": keeps stock right in the ERP, every till and the "
	                  "shop\n\nusage: tillbridge COMMAND [-c FILE]\n\n");
	for (size_t i = 0; i < n_commands; i++)
		(void)fprintf(to, "  %-46s %s\n", commands[i].usage,
		              commands[i].does);
	(void)fprintf(to,
	              "  %-46s %s\n  %-46s %s\n\n"
	              "  -c FILE      configuration (default gateway.json)\n"
	              "  -q, --quiet  results only\n"
	              "  -v           say more in the log\n"
	              "  --json       for programs, where a command lists\n\n"
	              "exit codes: 0 done, 1 failed or drift found, 2 usage, "
	              "3 bad configuration,\n            4 cannot listen or "
	              "reach Redis\n",
	              "version", "print the version", "help [COMMAND]",
	              "this text");
}

/* One command, with an example where there is one. */
static void
print_help_of(const struct command *command)
{
	(void)printf("usage: tillbridge %s\n\n%s\n", command->usage,
	             command->does);
	if (command->more)
		(void)printf("\n%s", command->more);
	(void)printf("\noptions: -c FILE, -q, -v%s%s\n",
	             *command->options ? ", " : "", command->options);
}

/* ---- account types, from the two lists ---- */

static size_t
list_types(struct conf_type types[TYPES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; adapters[i] && n < TYPES_MAX; i++) {
		const struct adapter_ops *a = adapters[i];

		types[n] = (struct conf_type){ a->name, a->options, NULL,
			                       a->default_url, a->url_flags };
		if (!a->post_entry)
			types[n].url_flags |= CONF_NO_ENTRIES;
		for (size_t h = 0; hook_handlers[h]; h++)
			if (!strcmp(hook_handlers[h]->name, a->name))
				types[n].hook = hook_handlers[h]->options;
		n++;
	}
	return n;
}

/* ---- arguments ---- */

static const struct {
	const char *word;
	size_t offset;  /* of the bool in struct cli */
	bool is_common; /* every command takes it */
} flags[] = {
	{ "--quiet", offsetof(struct cli, is_quiet), true },
	{ "-q", offsetof(struct cli, is_quiet), true },
	{ "-v", offsetof(struct cli, is_verbose), true },
	{ "--json", offsetof(struct cli, is_json), false },
	{ "--dry-run", offsetof(struct cli, is_dry), false },
	{ "--full", offsetof(struct cli, is_full), false },
	{ "--all", offsetof(struct cli, is_all), false },
	{ "--offline", offsetof(struct cli, is_offline), false },
	{ "--markdown", offsetof(struct cli, is_markdown), false },
	{ "--fix", offsetof(struct cli, is_fix), false },
	{ "--apply", offsetof(struct cli, is_apply), false },
	{ "--skip-errors", offsetof(struct cli, is_skipping), false },
	{ "--yes", offsetof(struct cli, is_yes), false },
};

static bool
take_flag(struct cli *cli, const char *word)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		if (strcmp(flags[i].word, word) != 0)
			continue;
		*(bool *)((char *)cli + flags[i].offset) = true;
		return true;
	}
	return false;
}

/* One that would be ignored is refused: --dry-run above all. */
static bool
takes_its_flags(const struct cli *cli, const struct command *command)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		if (flags[i].is_common ||
		    !*(const bool *)((const char *)cli + flags[i].offset) ||
		    strstr(command->options, flags[i].word))
			continue;
		cli_complain("%s does not take %s (see tillbridge help)",
		             command->name, flags[i].word);
		return false;
	}
	if (cli->secret_file && !strstr(command->options, "--secret-file")) {
		cli_complain("%s does not take --secret-file (see tillbridge "
		             "help)",
		             command->name);
		return false;
	}
	if (cli->output && !strstr(command->options, "--output")) {
		cli_complain("%s does not take -o (see tillbridge help)",
		             command->name);
		return false;
	}
	return true;
}

/* The options that have a value: where it goes; NULL: the word is none. */
static const char **
find_valued(struct cli *cli, const char *word)
{
	if (!strcmp(word, "-c"))
		return &cli->conf_path;
	if (!strcmp(word, "-o") || !strcmp(word, "--output"))
		return &cli->output;
	return strcmp(word, "--secret-file") ? NULL : &cli->secret_file;
}

/* -c may stand anywhere. Words that are no options stay, in order. */
static int
sort_arguments(struct cli *cli, int argc, char **argv)
{
	bool only_words = false;

	cli->argc = 0;
	for (int i = 1; i < argc; i++) {
		if (!only_words && !strcmp(argv[i], "--")) {
			only_words = true;
		} else if (!only_words && find_valued(cli, argv[i])) {
			if (i + 1 == argc) {
				cli_complain("%s needs a file", argv[i]);
				return EXIT_CODE_USAGE;
			}
			*find_valued(cli, argv[i]) = argv[i + 1];
			i++;
		} else if (!only_words && argv[i][0] == '-' && argv[i][1] &&
		           strcmp(argv[i], "--help") != 0 &&
		           strcmp(argv[i], "-h") != 0 &&
		           strcmp(argv[i], "--version") != 0) {
			if (!take_flag(cli, argv[i])) {
				cli_complain("unknown option %s (see "
				             "tillbridge help)",
				             argv[i]);
				return EXIT_CODE_USAGE;
			}
		} else {
			cli->argv[cli->argc++] = argv[i];
		}
	}
	return EXIT_CODE_DONE;
}

/* `help`, or --help behind anything. */
static bool
is_help_wanted(const struct cli *cli)
{
	for (int i = 0; i < cli->argc; i++)
		if (!strcmp(cli->argv[i], "--help") ||
		    !strcmp(cli->argv[i], "-h"))
			return true;
	return !cli->argc || !strcmp(cli->argv[0], "help");
}

static enum exit_code
help(const struct cli *cli)
{
	for (int i = 0; i < cli->argc; i++)
		for (size_t k = 0; k < n_commands; k++)
			if (!strcmp(commands[k].name, cli->argv[i])) {
				print_help_of(&commands[k]);
				return EXIT_CODE_DONE;
			}
	print_help(cli->argc ? stdout : stderr);
	return cli->argc ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
}

static enum exit_code
run_command(struct cli *cli)
{
	const char *name = cli->argc ? cli->argv[0] : "";

	if (!strcmp(name, "version") || !strcmp(name, "--version")) {
		(void)puts("tillbridge " TILLBRIDGE_VERSION);
		return EXIT_CODE_DONE;
	}
	if (is_help_wanted(cli))
		return help(cli);
	for (size_t i = 0; i < n_commands; i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		cli->argc--;
		cli->argv++;
		if (cli->argc > commands[i].max_words) {
			cli_complain("usage: tillbridge %s", commands[i].usage);
			return EXIT_CODE_USAGE;
		}
		if (!takes_its_flags(cli, &commands[i]))
			return EXIT_CODE_USAGE;
		/* The log is the daemon's voice; a command speaks for itself. */
		if (cli->is_verbose)
			log_set_level(LOG_DEBUG);
		else if (commands[i].run != cli_run)
			log_set_level(LOG_WARN);
		return commands[i].run(cli);
	}
	cli_complain("unknown command %s (see tillbridge help)", name);
	return EXIT_CODE_USAGE;
}

/* hiredis takes descriptor 0 for "not open" (platform.md H12). */
static void
open_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

int
main(int argc, char **argv)
{
	struct conf_type types[TYPES_MAX];
	const struct lifecycle_parts parts = {
		.adapters = adapters,
		.handlers = hook_handlers,
		.routes = api_routes,
		.types = types,
		.n_types = list_types(types),
		.version = TILLBRIDGE_VERSION,
	};
	char **words = calloc((size_t)argc + 1, sizeof(*words));
	struct cli cli = { .conf_path = "gateway.json",
		           .parts = &parts,
		           .argv = words };
	int code = EXIT_CODE_FAILED;

	open_standard_streams();
	(void)umask(077); /* what we or our Redis write is the user's alone */
	(void)signal(SIGPIPE, SIG_IGN); /* for everybody: C29, H2, L3 */
	if (words && !http_client_setup()) {
		code = sort_arguments(&cli, argc, argv);
		if (code == EXIT_CODE_DONE)
			code = (int)run_command(&cli);
		http_client_teardown();
	}
	free(words);
	return code;
}
