#ifndef ENGINE_SYNC_H
#define ENGINE_SYNC_H

#include "gateway/base/buf.h"
#include "gateway/base/decimal.h"
#include "gateway/base/json.h"
#include "gateway/engine/worker.h"

/*
 * One sync under way, for sync.c, which runs it, and sync_counts.c, which takes
 * the counts that it reports.
 */
enum { SYNC_BATCH = 400 };

struct sync {
	struct worker *w;
	struct sync_job job;
	int64_t tick;                /* before the counts were asked for */
	bool has_counts;             /* they were asked for */
	char *externals[SYNC_BATCH]; /* owned */
	struct decimal qty[SYNC_BATCH];
	size_t n;
	int64_t n_counts;
	int64_t n_differ;         /* of a dry run */
	char list[64];            /* being read; "" */
	int64_t list_mono_ms;     /* since when */
	int64_t rows, total;      /* of it, as last reported */
	bool is_untold;           /* reported too soon to be written */
	int64_t told_mono_ms;     /* last progress written */
	int64_t breathed_mono_ms; /* last turn of urgent work */
	struct buf lists;         /* of a dry run: their part of the report */
	struct json_out out;      /* writes it */
	int fault;                /* ours, not the vendor's */
};

/* Of the sink; ctx is the sync. */
int sync_begin_counts(void *ctx);
int sync_count(void *ctx, const char *external, struct decimal qty);

/* Take the counts that are left. Returns 0 or a fault. */
int sync_flush(struct sync *s);

#endif
