#ifndef CLI_DEAD_SHOW_H
#define CLI_DEAD_SHOW_H

#include "gateway/base/buf.h"
#include "gateway/cli/cli.h"
#include "gateway/drivers/store_asked.h"

/* So many letters of a kind, the oldest, are told by store_dead_each. */
enum { DEAD_LISTED = 1000 };

/* What tillbridge dead works with; all borrowed. */
struct dead {
	const struct cli *cli;
	struct store *store;
	struct asked_by by;
};

/*
 * Print one letter for a person.
 *
 * text  of store_dead_show
 *
 * Returns 0, ERR_STORE or another fault.
 */
int dead_show(const struct dead *dead, const char *id, const struct buf *text);

#endif
