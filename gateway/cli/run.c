/* tillbridge run: the daemon, in the foreground. */
#include "gateway/cli/cli.h"

#include <stdlib.h>
#include <time.h>

enum exit_code
cli_run(const struct cli *cli)
{
	struct conf *conf = NULL;
	const char *zone;
	enum exit_code code = cli_load(&conf, cli);

	if (code != EXIT_CODE_DONE)
		return code;
	/* Before any thread: schedules are in this zone. */
	zone = conf_text(conf->top, "schedule.timezone");
	if (zone)
		(void)setenv("TZ", zone, 1);
	tzset();
	return lifecycle_run(cli->parts, &conf);
}
