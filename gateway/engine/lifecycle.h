#ifndef ENGINE_LIFECYCLE_H
#define ENGINE_LIFECYCLE_H

#include "gateway/model/conf.h"
#include "gateway/ports/adapter.h"
#include "gateway/ports/handler.h"

/*
 * Starts, drains, reloads and stops everything in order, the private Redis
 * included.
 */
struct lifecycle_parts {
	const struct adapter_ops *const *adapters; /* ends with NULL */
	const struct handler_ops *const *handlers; /* ends with NULL */
	const struct api_route *routes;            /* ends with method NULL */
	const struct conf_type *types;
	size_t n_types;
	const char *version;
};

/* Exit codes of design.md section 6. */
enum exit_code {
	EXIT_CODE_DONE = 0,
	EXIT_CODE_FAILED = 1,
	EXIT_CODE_USAGE = 2,
	EXIT_CODE_CONFIGURATION = 3,
	EXIT_CODE_UNREACHABLE = 4, /* cannot listen or reach Redis */
};

/*
 * Read a configuration as the daemon needs it: conf_load, and what only the
 * handlers of its accounts can check. mistakes: all of them, a line each.
 *
 * Returns 0, or as conf_load.
 */
int lifecycle_load(struct conf **out, const struct lifecycle_parts *parts,
                   const char *path, struct buf *mistakes);

/*
 * Run the daemon until SIGTERM or SIGINT ends it. Messages go to stderr.
 * SIGHUP reads the certificates anew and, when the file changed and is right,
 * drains and starts again with it; a wrong one is refused and the old kept.
 *
 * take  consumed
 */
enum exit_code lifecycle_run(const struct lifecycle_parts *parts,
                             struct conf **take);

#endif
