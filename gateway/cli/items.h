#ifndef CLI_ITEMS_H
#define CLI_ITEMS_H

#include "gateway/cli/cli.h"

/* The larger half of `items`: a file of its own. */
enum exit_code items_match(const struct cli *cli, const struct conf *conf,
                           struct station *station);

#endif
