#ifndef SUPPORT_ADAPTER_SINK_H
#define SUPPORT_ADAPTER_SINK_H

#include "gateway/ports/adapter.h"

/* A sync that is heard by nobody, but for its counts. A test puts what else it
   wants to hear in its place. */
struct sync_sink adapter_sink_of(void *ctx,
                                 int (*count)(void *ctx, const char *external,
                                              struct decimal qty));

#endif
