#ifndef SIM_TRAFFIC_H
#define SIM_TRAFFIC_H

#include "gateway/base/decimal.h"
#include "tests/sim/sim.h"

/*
 * A gentle stream of till sales and of receipts in Galaxy, in a thread.
 * rate is events per second, about; more sales than receipts, and receipts
 * where little is left.
 */
struct traffic;

/* Returns 0, or ERR_OS. */
int traffic_start(struct traffic **out, struct sim *sim, struct decimal rate);

/* NULL is fine. */
void traffic_stop(struct traffic *traffic);

#endif
