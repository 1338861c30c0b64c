#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "gateway/cli/paint.h"
#include "gateway/engine/lifecycle.h"
#include "gateway/engine/station.h"
#include "gateway/engine/visit.h"

/*
 * The operator's commands. One file each; main.c has the list. Results go to
 * stdout, complaints to stderr; exit codes are those of design.md section 6.
 */
struct cli {
	const char *conf_path; /* -c */
	const struct lifecycle_parts *parts;
	int argc; /* words behind the command */
	char **argv;
	bool is_quiet;           /* no chatter */
	bool is_verbose;         /* -v: debug lines too */
	bool is_json;            /* for programs */
	bool is_dry;             /* --dry-run: show, change nothing */
	bool is_full;            /* --full */
	bool is_all;             /* --all */
	bool is_offline;         /* --offline */
	bool is_markdown;        /* --markdown */
	bool is_fix;             /* --fix */
	bool is_apply;           /* --apply */
	bool is_skipping;        /* --skip-errors */
	bool is_yes;             /* --yes: do not ask */
	const char *secret_file; /* --secret-file; NULL: not given */
	const char *output;      /* -o, --output; NULL: not given */
};

/*
 * Load the configuration; mistakes are printed. Returns EXIT_CODE_DONE with
 * *out the caller's, or EXIT_CODE_CONFIGURATION.
 */
enum exit_code cli_load(struct conf **out, const struct cli *cli);

/* The same for a command that calls no external system: it needs no secret of
   theirs in its environment. */
enum exit_code cli_load_operator(struct conf **out, const struct cli *cli);

/* Reach the data; why not is printed. On success *station is the caller's. */
enum exit_code cli_reach(struct station **station, const struct conf *conf);

/* Load it and reach the data. On success both are the caller's. */
enum exit_code cli_open(struct conf **conf, struct station **station,
                        const struct cli *cli);

/* The adapter of an account's type: there is one, for the file was loaded. */
const struct adapter_ops *cli_adapter(const struct cli *cli,
                                      const struct conf_section *account);

/* An account's system, to be called by this command. Returns 0 or a fault. */
int cli_visit(struct visit **out, const struct cli *cli,
              const struct conf *conf, const struct conf_section *account,
              struct station *station);

/*
 * Behind cli_load_operator: are there the secrets that the account is called
 * with? If not, why (for a person) names the first that is not.
 */
bool cli_can_call(const struct conf_section *account, struct buf *why);

/*
 * One line on stdout (a heading and an alarm in colour), elsewhere, or
 * "tillbridge: …" on stderr. Names, reasons and all else that a system said go
 * through here or a table: what a terminal would obey becomes blanks
 * (words_clean).
 */
void cli_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_title(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_alarm(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_line_to(FILE *to, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void cli_complain(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* The forms of a command that was not understood, on stderr. */
void cli_usage(const char *const *forms, size_t n);

/* Words in colour, and the rest of their line. */
void cli_painted(enum paint paint, const char *words, const char *rest);

/*
 * JSON on stdout, and a line end. What our writer leaves as it is, and a
 * terminal obeys, is written as \u007f and so on: only a string can hold it.
 */
void cli_json(const struct buf *text);

enum { CLI_TIME_SIZE = 32 };

/* Local time, to the second: for a person. Returns out. */
const char *cli_time(char out[CLI_TIME_SIZE], int64_t wall_ms);

/* The store failed under a command: say so. Returns EXIT_CODE_UNREACHABLE for
   ERR_STORE, else EXIT_CODE_FAILED. */
enum exit_code cli_fail(int r);

enum exit_code cli_run(const struct cli *cli);
enum exit_code cli_check(const struct cli *cli);
enum exit_code cli_items(const struct cli *cli);
enum exit_code cli_dead(const struct cli *cli);
enum exit_code cli_explain(const struct cli *cli);
enum exit_code cli_status(const struct cli *cli);
enum exit_code cli_sync(const struct cli *cli);
enum exit_code cli_reconcile(const struct cli *cli);
enum exit_code cli_hooks(const struct cli *cli);
enum exit_code cli_import_appsettings(const struct cli *cli);
enum exit_code cli_complete(const struct cli *cli);
enum exit_code cli_schema(const struct cli *cli);

#endif
