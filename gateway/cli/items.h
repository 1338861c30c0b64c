#ifndef CLI_ITEMS_H
#define CLI_ITEMS_H

#include "gateway/cli/cli.h"

/* The larger parts of `items`: a file each. */
enum exit_code items_import(const struct cli *cli, const struct conf *conf,
                            struct store *store);

/* The accounts named are there and can be asked; else says so. */
enum exit_code items_match_check(const struct cli *cli,
                                 const struct conf *conf);
enum exit_code items_match(const struct cli *cli, const struct conf *conf,
                           struct station *station);

#endif
