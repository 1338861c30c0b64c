/* tillbridge run: the daemon, in the foreground. */
#include "gateway/cli/cli.h"

enum exit_code
cli_run(const struct cli *cli)
{
	struct conf *conf = NULL;
	enum exit_code code = cli_load(&conf, cli);

	if (code != EXIT_CODE_DONE)
		return code;
	return lifecycle_run(cli->parts, &conf);
}
