#ifndef CLI_SYNC_H
#define CLI_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/buf.h"
#include "gateway/base/json.h"
#include "gateway/drivers/store_health.h"

/*
 * What `tillbridge sync` knows of each account while it watches, and how that
 * looks. sync.c watches, sync_show.c shows.
 */
enum watch_end {
	WATCH_OPEN,   /* still to be done */
	WATCH_DONE,   /* ended well */
	WATCH_FAILED, /* given up waiting: why says for what */
};

struct watch {
	const char *name; /* borrowed */
	enum watch_end end;
	struct health health;    /* as last read */
	int64_t begun_mono_ms;   /* of watching */
	int64_t took_ms;         /* once it ended */
	int64_t trouble_mono_ms; /* since when nothing works there; 0: it does */
	int64_t alone_mono_ms; /* since when no worker serves it; 0: one does */
	bool was_served;       /* one did, while we watched */
	char list[64];         /* read at the last look; "" */
	int64_t rows;          /* of it, then */
	size_t n_lists;        /* of WATCH_DONE: what its mirror has */
	int64_t n_mirrored;    /* rows in them */
	struct json *report;   /* of a dry run; owned; NULL: none */
	struct buf why;        /* of WATCH_FAILED, for a person */
};

/* How they all look. Zeroed memory is ready. */
struct show {
	bool is_terminal; /* lines are redrawn */
	bool is_quiet;    /* only what went wrong */
	bool is_full;
	bool is_dry;
	int columns;
	size_t n_drawn; /* lines that stand there */
};

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
