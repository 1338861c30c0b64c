/* What every command needs. */
#include "gateway/cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/err.h"

void
cli_complain(const char *format, ...)
{
	va_list ap;

	(void)fputs("tillbridge: ", stderr);
	va_start(ap, format);
	(void)vfprintf(stderr, format, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
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

/* Cross-checks that only the account's handler can make. */
static void
check_hooks(const struct conf *conf, const struct cli *cli,
            struct buf *mistakes)
{
	for (size_t i = 0; i < conf->n_accounts; i++) {
		const struct handler_env env = {
			.account = conf->accounts[i],
			.public_url = conf_text(conf->top, "public.url"),
		};
		const char *type = conf_account_type(conf->accounts[i]);
		struct buf lines = BUF_INIT;
		char *line;

		for (size_t h = 0; cli->parts->handlers[h]; h++)
			if (!strcmp(cli->parts->handlers[h]->name, type) &&
			    cli->parts->handlers[h]->check)
				cli->parts->handlers[h]->check(&env, &lines);
		line = lines.p;
		while (line && *line) {
			size_t n = strcspn(line, "\n");

			buf_addf(mistakes, "accounts[%zu].%.*s\n", i, (int)n,
			         line);
			line += n + (line[n] == '\n');
		}
		buf_fini(&lines);
	}
}

static enum exit_code
load(struct conf **out, const struct cli *cli, bool is_operator)
{
	struct buf mistakes = BUF_INIT;
	int r = (is_operator ? conf_load_operator : conf_load)(
		out, cli->conf_path, cli->parts->types, cli->parts->n_types,
		&mistakes);

	if (!r && !is_operator) {
		check_hooks(*out, cli, &mistakes);
		if (mistakes.n) {
			conf_free(*out);
			*out = NULL;
			r = CONF_INVALID;
		}
	}
	if (r)
		(void)fputs(buf_text(&mistakes), stderr);
	else if ((*out)->warnings.n && !cli->is_quiet && !is_operator)
		(void)fprintf(stderr, "%s", buf_text(&(*out)->warnings));
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
