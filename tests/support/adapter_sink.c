/* A sync that is heard by nobody, but for its counts. */
#include "tests/support/adapter_sink.h"

static int
begin_counts(void *ctx)
{
	(void)ctx;
	return 0;
}

static void
progress(void *ctx, const char *entity, int64_t rows, int64_t total)
{
	(void)ctx;
	(void)entity;
	(void)rows;
	(void)total;
}

static int
breathe(void *ctx)
{
	(void)ctx;
	return 0;
}

struct sync_sink
adapter_sink_of(void *ctx, int (*count)(void *ctx, const char *external,
                                        struct decimal qty))
{
	return (struct sync_sink){ .ctx = ctx,
		                   .begin_counts = begin_counts,
		                   .count = count,
		                   .progress = progress,
		                   .breathe = breathe };
}
