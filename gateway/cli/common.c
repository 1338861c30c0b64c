/* What every command needs. */
#include "gateway/cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/base/err.h"
#include "gateway/base/words.h"

__attribute__((format(printf, 3, 0))) static void
put_line(FILE *to, enum paint paint, const char *format, va_list ap)
{
	va_list again;
	char *text = NULL;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, format, ap);
	if (n >= 0)
		text = malloc((size_t)n + 1);
	if (text) {
		(void)vsnprintf(text, (size_t)n + 1, format, again);
		words_clean(text);
		(void)fprintf(to, "%s%s%s\n", paint_begin(to, paint), text,
		              paint_end(to, paint));
	}
	va_end(again);
	free(text);
}

void
cli_line(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	put_line(stdout, PAINT_PLAIN, format, ap);
	va_end(ap);
}

void
cli_title(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	put_line(stdout, PAINT_HEAD, format, ap);
	va_end(ap);
}

void
cli_alarm(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	put_line(stdout, PAINT_BAD, format, ap);
	va_end(ap);
}

void
cli_painted(enum paint paint, const char *words, const char *rest)
{
	char *text = text_format("%s", words);

	if (text) {
		words_clean(text);
		(void)printf("%s%s%s", paint_begin(stdout, paint), text,
		             paint_end(stdout, paint));
	}
	free(text);
	cli_line("%s", rest);
}

void
cli_line_to(FILE *to, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	put_line(to, PAINT_PLAIN, format, ap);
	va_end(ap);
}

void
cli_json(const struct buf *text)
{
	size_t n;

	for (const char *p = buf_text(text); *p; p += n ? n : 1) {
		unsigned c = words_obeyed(p, &n);

		if (c)
			(void)printf("\\u%04x", c);
		else
			(void)fwrite(p, 1, n ? n : 1, stdout);
	}
	(void)putchar('\n');
}

void
cli_complain(const char *format, ...)
{
	va_list ap;

	(void)fputs("tillbridge: ", stderr);
	va_start(ap, format);
	put_line(stderr, PAINT_PLAIN, format, ap);
	va_end(ap);
}

void
cli_usage(const char *const *forms, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cli_line_to(stderr, "%s tillbridge %s",
		            i ? "                  " : "tillbridge: usage:",
		            forms[i]);
}

const char *
cli_time(char out[CLI_TIME_SIZE], int64_t wall_ms)
{
	time_t s = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (!wall_ms || !localtime_r(&s, &tm) ||
	    !strftime(out, CLI_TIME_SIZE, "%Y-%m-%d %H:%M:%S", &tm))
		(void)snprintf(out, CLI_TIME_SIZE, "an unknown time");
	return out;
}

enum exit_code
cli_fail(int r)
{
	if (r == ERR_STORE) {
		cli_complain("Redis went away; nothing is lost: try again");
		return EXIT_CODE_UNREACHABLE;
	}
	return EXIT_CODE_FAILED; /* the fault was logged where it happened */
}

/* Line by line: they quote what stands in the file. */
static void
complain_of(const struct buf *mistakes)
{
	for (const char *line = buf_text(mistakes); *line;) {
		size_t n = strcspn(line, "\n");

		cli_line_to(stderr, "%.*s", (int)n, line);
		line += n + (line[n] == '\n');
	}
}

static enum exit_code
load(struct conf **out, const struct cli *cli, bool is_operator)
{
	struct buf mistakes = BUF_INIT;
	int r = is_operator ? conf_load_operator(out, cli->conf_path,
	                                         cli->parts->types,
	                                         cli->parts->n_types, &mistakes)
	                    : lifecycle_load(out, cli->parts, cli->conf_path,
	                                     &mistakes);

	if (r)
		complain_of(&mistakes);
	else if ((*out)->warnings.n && !cli->is_quiet && !is_operator)
		complain_of(&(*out)->warnings);
	if (r)
		cli_complain("%s: not usable as it is", cli->conf_path);
	buf_fini(&mistakes);
	return r ? EXIT_CODE_CONFIGURATION : EXIT_CODE_DONE;
}

enum exit_code
cli_load(struct conf **out, const struct cli *cli)
{
	return load(out, cli, false);
}

enum exit_code
cli_load_operator(struct conf **out, const struct cli *cli)
{
	return load(out, cli, true);
}

enum exit_code
cli_reach(struct station **station, const struct conf *conf)
{
	struct buf why = BUF_INIT;
	int r = station_open(station, conf, &why);

	if (r)
		cli_complain("%s", buf_text(&why));
	buf_fini(&why);
	return r ? EXIT_CODE_UNREACHABLE : EXIT_CODE_DONE;
}

enum exit_code
cli_open(struct conf **conf, struct station **station, const struct cli *cli)
{
	enum exit_code code = cli_load_operator(conf, cli);

	if (code != EXIT_CODE_DONE)
		return code;
	code = cli_reach(station, *conf);
	if (code != EXIT_CODE_DONE)
		conf_free(*conf);
	return code;
}

/* ---- an account's system ---- */

enum { PLACES_MAX = 8, AGENT_SIZE = 64 };

const struct adapter_ops *
cli_adapter(const struct cli *cli, const struct conf_section *account)
{
	const struct adapter_ops *const *ops = cli->parts->adapters;

	while (*ops && strcmp((*ops)->name, conf_account_type(account)) != 0)
		ops++;
	return *ops;
}

int
cli_visit(struct visit **out, const struct cli *cli, const struct conf *conf,
          const struct conf_section *account, struct station *station)
{
	char agent[AGENT_SIZE];
	const struct visit_options options = {
		.conf = conf,
		.account = account,
		.ops = cli_adapter(cli, account),
		.station = station,
		.user_agent = agent,
	};

	(void)snprintf(agent, sizeof(agent), "tillbridge/%s",
	               cli->parts->version);
	return visit_open(out, &options);
}

bool
cli_can_call(const struct conf_section *account, struct buf *why)
{
	struct conf_place places[PLACES_MAX];
	size_t n = conf_places(account, places, PLACES_MAX);

	for (size_t i = 0; i < n && i < PLACES_MAX; i++) {
		const struct conf_place *p = &places[i];

		if (p->is_of_handler || !p->is_lacking)
			continue;
		buf_addf(why, "%s: %s has no secret", p->key, p->reference);
		return false;
	}
	return true;
}
