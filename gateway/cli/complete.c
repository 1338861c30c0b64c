/*
 * tillbridge complete accounts: what a shell may offer behind a command, a name
 * a line. Reads the configuration only, and says nothing when it cannot.
 */
#include "gateway/cli/cli.h"

#include <stdio.h>
#include <string.h>

enum exit_code
cli_complete(const struct cli *cli)
{
	struct conf *conf = NULL;
	struct buf mistakes = BUF_INIT;
	int r;

	if (cli->argc != 1 || strcmp(cli->argv[0], "accounts") != 0)
		return EXIT_CODE_USAGE;
	r = conf_load_operator(&conf, cli->conf_path, cli->parts->types,
	                       cli->parts->n_types, &mistakes);
	buf_fini(&mistakes);
	if (r)
		return EXIT_CODE_CONFIGURATION;
	for (size_t i = 0; i < conf->n_accounts; i++)
		cli_line("%s", conf_account_name(conf->accounts[i]));
	conf_free(conf);
	return EXIT_CODE_DONE;
}
