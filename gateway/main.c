/*
 * Arguments, wiring, exit code. The only file that names all parts: it passes
 * the lists of adapters and handlers to the engine, which knows no vendor.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/adapters.h"
#include "gateway/base/log.h"
#include "gateway/base/words.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/paint.h"
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
	const char *does;    /* NULL: not for people, so not shown */
	int max_words;       /* behind it */
	const char *options; /* beside those that every command takes */
	const char *more;    /* for `help COMMAND`: paragraphs, and examples */
} commands[] = {
	{ "run", cli_run, "run", "the daemon, in the foreground", 0, "",
	  "Its log goes to the standard error. SIGTERM ends it in order, "
	  "SIGHUP "
	  "reads\nconfiguration and certificates again.\n\n"
	  "  tillbridge run -c /etc/tillbridge/gateway.json\n" },
	{ "check", cli_check, "check [--offline] [--json]",
	  "validate the configuration, then reach every account", 0,
	  "--offline --json",
	  "A line for each: the file, certificates, Redis, and what each "
	  "system "
	  "answers.\nNothing is changed anywhere.\n\n"
	  "  tillbridge check --offline\n"
	  "  tillbridge check\n" },
	{ "sync", cli_sync, "sync [--full] [--dry-run] [--json] [ACCOUNT…]",
	  "a catch-up or full sync now", 1000, "--full --dry-run --json",
	  "Asks the running daemon for it and watches; Ctrl-C ends the "
	  "watching "
	  "only. Without\nan account it means all of them.\n\n"
	  "  tillbridge sync\n"
	  "  tillbridge sync --full --dry-run erp\n" },
	{ "reconcile", cli_reconcile, "reconcile [--fix] [--json] [ACCOUNT…]",
	  "compare every item in every system; exit 1 on drift", 1000,
	  "--fix --json",
	  "Prints each item that shows another count than it should, and why. "
	  "What is being\nworked on at this moment is no drift.\n\n"
	  "  tillbridge reconcile\n"
	  "  tillbridge reconcile --fix agora\n" },
	{ "items", cli_items, "items import|export|list|match",
	  "the registry: which item here is which there", 1000,
	  "--dry-run --skip-errors --apply --json",
	  "  tillbridge items import FILE.csv [--dry-run] [--skip-errors] "
	  "[--json]\n"
	  "  tillbridge items export\n"
	  "  tillbridge items list [--json]\n"
	  "  tillbridge items match [--apply] [--json] [ACCOUNT…]\n\n"
	  "The columns of the file are sku, name, authority, reserve and the "
	  "names of accounts.\nImport checks the whole file first and writes "
	  "nothing when a line is wrong; with\n--skip-errors only those lines "
	  "are left out, and the status is still 1. --dry-run says\nwhat would "
	  "change. FILE may be - for the standard input. Export writes such a "
	  "file;\nlist --json says the same to programs.\n\n"
	  "Match asks every account, or those named, for what is stocked "
	  "there, and compares\nit with the items of the registry: by barcode, "
	  "then by SKU. Where exactly one fits\nexactly one, --apply binds "
	  "them, as an import would. A name is only a suggestion.\n\n"
	  "  tillbridge items import items.csv --dry-run\n"
	  "  tillbridge items match --apply agora\n"
	  "  tillbridge items export >items.csv\n" },
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
	  "--dry-run --all --json",
	  "  tillbridge dead list [--json]\n"
	  "  tillbridge dead show ID [--json]\n"
	  "  tillbridge dead retry ID… [--json]\n"
	  "  tillbridge dead retry --all [--dry-run] [--json]\n"
	  "  tillbridge dead confirm ID… [--json]\n"
	  "  tillbridge dead drop ID… [--json]\n\n"
	  "Retry does it again. Confirm says that an uncertain sale is booked "
	  "already; drop, that\nit never shall be. Look at it with show first: "
	  "it says what can be done.\n--json says of each letter whether it is "
	  "done, and why not; and what --all left.\n\n"
	  "  tillbridge dead show entry/agora/CAISENgvlJ6jLWAzERDzjyHVybY\n"
	  "  tillbridge dead retry --all --dry-run\n" },
	{ "explain", cli_explain, "explain SKU [--json]",
	  "why an item shows what it shows", 1, "--json",
	  "Balance, what is pending, and for each channel its reserve, target "
	  "and count; then\nwhat happened to the item in the last days. Asks "
	  "no "
	  "system.\n\n"
	  "  tillbridge explain 21-0001\n" },
	{ "status", cli_status, "status [--json]", "how everything is doing", 0,
	  "--json",
	  "Ends with 1 when no daemon is running. --json says what "
	  "/api/status says.\n\n"
	  "  tillbridge status\n"
	  "  tillbridge status --json | jq .summary\n" },
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
	  "For an editor that completes and checks gateway.json.\n\n"
	  "  tillbridge schema >gateway.schema.json\n" },
	/* For the shells alone. */
	{ "complete", cli_complete, "complete accounts|skus|dead", NULL, 2, "",
	  NULL },
};

static const size_t n_commands = sizeof(commands) / sizeof(*commands);

enum { NAME_COLUMNS = 19, TEXT_COLUMNS = 79 };

static void
print_help(FILE *to)
{
	(void)fprintf(to, "tillbridge " TILLBRIDGE_VERSION
	                  ": keeps stock right in the ERP, every till and the "
	                  "shop\n\nusage: tillbridge COMMAND [-c FILE]\n\n");
	for (size_t i = 0; i < n_commands; i++)
		if (commands[i].does)
			(void)fprintf(to, "  %-*s%s\n", NAME_COLUMNS,
			              commands[i].name, commands[i].does);
	(void)fprintf(to, "  %-*s%s\n  %-*s%s\n", NAME_COLUMNS, "version",
	              "print the version", NAME_COLUMNS, "help",
	              "this text, or all about a COMMAND, with examples");
	(void)fprintf(to,
	              "\n"
	              "  -c, --config FILE  configuration (default "
	              "gateway.json)\n"
	              "  -q, --quiet        only what was asked for, and what "
	              "went wrong\n"
	              "  -v, --verbose      say more in the log\n"
	              "  --json             for programs, where a command "
	              "shows something\n\n"
	              "exit codes: 0 done, 1 failed or drift found, 2 usage, "
	              "3 bad configuration,\n            4 cannot listen or "
	              "reach Redis\n");
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

static const struct option {
	const char *word;
	const char *brief; /* the same, shorter; NULL */
	size_t offset;     /* in struct cli: of a bool, or of a text */
	const char *value; /* what its text is; NULL: it has none */
	bool is_common;    /* every command takes it */
	const char *does;
} options[] = {
	{ "--full", NULL, offsetof(struct cli, is_full), NULL, false,
	  "everything, and not only what is new" },
	{ "--offline", NULL, offsetof(struct cli, is_offline), NULL, false,
	  "reach nothing: the file and what it names only" },
	{ "--fix", NULL, offsetof(struct cli, is_fix), NULL, false,
	  "have what drifted corrected" },
	{ "--apply", NULL, offsetof(struct cli, is_apply), NULL, false,
	  "bind what matched" },
	{ "--all", NULL, offsetof(struct cli, is_all), NULL, false,
	  "all but uncertain ones" },
	{ "--dry-run", NULL, offsetof(struct cli, is_dry), NULL, false,
	  "show what would be done, change nothing" },
	{ "--skip-errors", NULL, offsetof(struct cli, is_skipping), NULL, false,
	  "leave out the wrong lines only" },
	{ "--yes", NULL, offsetof(struct cli, is_yes), NULL, false,
	  "do not ask" },
	{ "--secret-file", NULL, offsetof(struct cli, secret_file), "FILE",
	  false, "where the key of its calls goes" },
	{ "--output", "-o", offsetof(struct cli, output), "FILE", false,
	  "write there, and not to the standard output" },
	{ "--markdown", NULL, offsetof(struct cli, is_markdown), NULL, false,
	  "a table for people" },
	{ "--json", NULL, offsetof(struct cli, is_json), NULL, false,
	  "for programs" },
	{ "--config", "-c", offsetof(struct cli, conf_path), "FILE", true,
	  "configuration (default gateway.json)" },
	{ "--quiet", "-q", offsetof(struct cli, is_quiet), NULL, true,
	  "only what was asked for, and what went wrong" },
	{ "--verbose", "-v", offsetof(struct cli, is_verbose), NULL, true,
	  "say more in the log" },
};

static const size_t n_options = sizeof(options) / sizeof(*options);

static bool
takes(const struct command *command, const struct option *option)
{
	size_t n = strlen(option->word);
	const char *p = command->options;

	while ((p = strstr(p, option->word)) && p[n] && p[n] != ' ')
		p += n;
	return option->is_common || p;
}

/* Words of a line, broken where a terminal would. Returns the column. */
static int
print_words(const char *line, size_t n, int column)
{
	for (const char *end = line + n; line < end;) {
		size_t word = strcspn(line, " \n");

		if (column && column + 1 + (int)word > TEXT_COLUMNS) {
			(void)putchar('\n');
			column = 0;
		}
		(void)printf("%s%.*s", column ? " " : "", (int)word, line);
		column += (int)word + !!column;
		line += word + strspn(line + word, " ");
	}
	return column;
}

/* Paragraphs; what begins with a blank is an example, and stays a line. */
static void
print_text(const char *text)
{
	int column = 0;

	while (*text) {
		size_t n = strcspn(text, "\n");

		if (column && (!n || *text == ' ')) {
			(void)putchar('\n');
			column = 0;
		}
		if (!n || *text == ' ')
			(void)printf("%.*s\n", (int)n, text);
		else
			column = print_words(text, n, column);
		text += n + (text[n] == '\n');
	}
	if (column)
		(void)putchar('\n');
}

/* One command, with an example. */
static void
print_help_of(const struct command *command)
{
	(void)printf("usage: tillbridge %s\n\n%s\n\n", command->usage,
	             command->does);
	print_text(command->more);
	(void)puts("\noptions:");
	for (size_t i = 0; i < n_options; i++) {
		const struct option *o = &options[i];
		char words[40];

		if (!takes(command, o))
			continue;
		(void)snprintf(words, sizeof(words), "%s%s%s%s%s",
		               o->brief ? o->brief : "", o->brief ? ", " : "",
		               o->word, o->value ? " " : "",
		               o->value ? o->value : "");
		(void)printf("  %-19s %s\n", words, o->does);
	}
}

/* An option, as far as the word has one; *value: behind '=', or NULL. */
static const struct option *
find_option(const char *word, const char **value)
{
	size_t n = strcspn(word, "=");

	*value = word[n] ? word + n + 1 : NULL;
	for (size_t i = 0; i < n_options; i++) {
		const struct option *o = &options[i];

		if (!*value && o->brief && !strcmp(o->brief, word))
			return o;
		if (strlen(o->word) == n && !strncmp(o->word, word, n))
			return o;
	}
	return NULL;
}

/* The nearest of the words that there are; "": none is near. */
struct near {
	const char *to;
	const char *word;
	size_t distance;
};

static void
try_near(struct near *near, const char *word)
{
	size_t n = strlen(near->to);
	size_t d = words_distance(near->to, n, word, strlen(word));

	if (d * 2 > n || (near->word && d >= near->distance))
		return;
	near->word = word;
	near->distance = d;
}

static enum exit_code
refuse(const char *what, const struct near *near)
{
	if (near->word)
		cli_complain("unknown %s %s: did you mean %s? (see tillbridge "
		             "help)",
		             what, near->to, near->word);
	else
		cli_complain("unknown %s %s (see tillbridge help)", what,
		             near->to);
	return EXIT_CODE_USAGE;
}

static enum exit_code
refuse_option(const char *word)
{
	struct near near = { .to = word };

	for (size_t i = 0; i < n_options; i++)
		try_near(&near, options[i].word);
	return refuse("option", &near);
}

/* One that would be ignored is refused: --dry-run above all. */
static bool
takes_its_options(const struct cli *cli, const struct command *command)
{
	for (size_t i = 0; i < n_options; i++) {
		const struct option *o = &options[i];
		const char *field = (const char *)cli + o->offset;

		if (takes(command, o) ||
		    !(o->value ? *(const char *const *)field != NULL
		               : *(const bool *)field))
			continue;
		cli_complain("%s does not take %s (see tillbridge help %s)",
		             command->name, o->word, command->name);
		return false;
	}
	return true;
}

/* The option at argv[*i], and the value behind it. */
static enum exit_code
take_option(struct cli *cli, int argc, char **argv, int *i)
{
	const char *value;
	const struct option *o = find_option(argv[*i], &value);
	char *field;

	if (!o)
		return refuse_option(argv[*i]);
	field = (char *)cli + o->offset;
	if (!o->value && value) {
		cli_complain("%s takes no value", o->word);
		return EXIT_CODE_USAGE;
	}
	if (!o->value) {
		*(bool *)field = true;
		return EXIT_CODE_DONE;
	}
	if (!value && *i + 1 < argc)
		value = argv[++*i];
	if (!value || !*value) {
		cli_complain("%s needs a file", argv[*i]);
		return EXIT_CODE_USAGE;
	}
	*(const char **)field = value;
	return EXIT_CODE_DONE;
}

static bool
is_option(const char *word)
{
	return word[0] == '-' && word[1] && strcmp(word, "--help") != 0 &&
	       strcmp(word, "-h") != 0 && strcmp(word, "--version") != 0;
}

/* Options may stand anywhere. Words that are none stay, in order. */
static enum exit_code
sort_arguments(struct cli *cli, int argc, char **argv)
{
	bool only_words = false;
	enum exit_code code = EXIT_CODE_DONE;

	cli->argc = 0;
	for (int i = 1; code == EXIT_CODE_DONE && i < argc; i++) {
		if (!only_words && !strcmp(argv[i], "--"))
			only_words = true;
		else if (!only_words && is_option(argv[i]))
			code = take_option(cli, argc, argv, &i);
		else
			cli->argv[cli->argc++] = argv[i];
	}
	return code;
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
refuse_command(const char *name)
{
	struct near near = { .to = name };

	for (size_t i = 0; i < n_commands; i++)
		if (commands[i].does)
			try_near(&near, commands[i].name);
	return refuse("command", &near);
}

/* The first word that is no option and not `help` itself is asked about. */
static enum exit_code
help(const struct cli *cli)
{
	const char *about = NULL;

	for (int i = 0; !about && i < cli->argc; i++)
		if (cli->argv[i][0] != '-' && strcmp(cli->argv[i], "help") != 0)
			about = cli->argv[i];
	for (size_t k = 0; about && k < n_commands; k++)
		if (commands[k].does && !strcmp(commands[k].name, about)) {
			print_help_of(&commands[k]);
			return EXIT_CODE_DONE;
		}
	if (about && strcmp(about, "version") != 0)
		return refuse_command(about);
	print_help(cli->argc ? stdout : stderr);
	return cli->argc ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
}

static enum exit_code
version(const struct cli *cli)
{
	static const struct command self = { .name = "version", .options = "" };

	if (cli->argc > 1) {
		cli_complain("%s: one word too many: usage: tillbridge version",
		             cli->argv[1]);
		return EXIT_CODE_USAGE;
	}
	if (!takes_its_options(cli, &self))
		return EXIT_CODE_USAGE;
	(void)puts("tillbridge " TILLBRIDGE_VERSION);
	return EXIT_CODE_DONE;
}

static enum exit_code
run_command(struct cli *cli)
{
	const char *name = cli->argc ? cli->argv[0] : "";

	if (is_help_wanted(cli))
		return help(cli);
	if (!strcmp(name, "version") || !strcmp(name, "--version"))
		return version(cli);
	for (size_t i = 0; i < n_commands; i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		cli->argc--;
		cli->argv++;
		if (cli->argc > commands[i].max_words) {
			cli_complain("%s: one word too many: usage: tillbridge "
			             "%s",
			             cli->argv[commands[i].max_words],
			             commands[i].usage);
			return EXIT_CODE_USAGE;
		}
		if (!takes_its_options(cli, &commands[i]))
			return EXIT_CODE_USAGE;
		/* The log is the daemon's voice; a command speaks for itself. */
		if (cli->is_verbose)
			log_set_level(LOG_DEBUG);
		else if (commands[i].run != cli_run)
			log_set_level(LOG_WARN);
		return commands[i].run(cli);
	}
	return refuse_command(name);
}

/* Half an export must not look like a whole one. Who reads no further (a pager,
   head) has seen enough, and is told nothing. */
static int
finish_output(int code)
{
	int trouble = 0;

	if (fflush(stdout))
		trouble = errno;
	else if (ferror(stdout))
		trouble = EIO;
	if (!trouble)
		return code;
	if (trouble != EPIPE)
		cli_complain("the standard output was not written whole: %s",
		             strerror(trouble));
	return code == EXIT_CODE_DONE ? EXIT_CODE_FAILED : code;
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
		code = (int)sort_arguments(&cli, argc, argv);
		if (code == EXIT_CODE_DONE)
			code = finish_output((int)run_command(&cli));
		http_client_teardown();
	}
	free(words);
	return code;
}
