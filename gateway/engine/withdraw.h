#ifndef ENGINE_WITHDRAW_H
#define ENGINE_WITHDRAW_H

#include "gateway/drivers/store_ledger.h"
#include "gateway/engine/worker.h"

/*
 * Withdraw those held returns of a sale of which it takes something back.
 *
 * known  what the ledger knows of the sale; afterwards without them
 *
 * Returns 0, LEDGER_STALE (read the record again), a fault.
 */
int withdraw_taken_back(struct worker *w, const struct sale *sale,
                        struct ledger_sale *known);

#endif
