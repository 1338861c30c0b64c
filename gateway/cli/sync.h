#ifndef CLI_SYNC_H
#define CLI_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/buf.h"
#include "gateway/cli/watch.h"

/*
 * How accounts look while `tillbridge sync`, or a command like it, watches them
 * (sync_show.c).
 */
/* How they all look. Zeroed memory is ready. */
struct show {
	bool is_terminal; /* lines are redrawn, on stderr */
	bool is_seen;     /* and who sees them sees what is on stdout */
	bool is_quiet;    /* only what went wrong */
	bool is_full;
	bool is_dry;
	const char *kind; /* borrowed; NULL: as the two above say */
	int columns;
	size_t n_drawn; /* lines that stand there */
};

/* Where this process writes to. */
void show_init(struct show *show);

/* One account's line on a terminal, without a line break. */
void show_line(struct buf *out, const struct watch *w, const struct show *show,
               int name_width);

/* After a look at all of them. */
void show_looks(struct show *show, const struct watch *watches, size_t n);

/* A list was read to its end, on what is no terminal. */
void show_list(const struct show *show, const struct watch *w);

/* An account's last word. */
void show_end(const struct show *show, const struct watch *w);

#endif
