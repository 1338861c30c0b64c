/* tillbridge schema: the configuration's JSON Schema, or its table. */
#include "gateway/cli/cli.h"

#include <stdio.h>

enum exit_code
cli_schema(const struct cli *cli)
{
	struct buf out = BUF_INIT;
	int r;

	if (cli->is_markdown)
		conf_markdown(&out, cli->parts->types, cli->parts->n_types);
	else
		conf_schema(&out, cli->parts->types, cli->parts->n_types);
	r = buf_check(&out);
	if (!r)
		(void)fputs(buf_text(&out), stdout);
	buf_fini(&out);
	return r ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
}
