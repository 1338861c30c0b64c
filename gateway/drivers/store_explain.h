#ifndef DRIVERS_STORE_EXPLAIN_H
#define DRIVERS_STORE_EXPLAIN_H

#include "gateway/drivers/store.h"
#include "gateway/model/conf.h"
#include "gateway/model/explain.h"
#include "gateway/ports/adapter.h"

/*
 * Collect what the store knows of an item, at one moment but for how the
 * accounts are doing. explain_fini *out after 0.
 *
 * adapters  ends with NULL; what each account's system can do
 *
 * Returns 0, EXPLAIN_ABSENT (no such item), ERR_STORE, ERR_NOMEM.
 */
enum { EXPLAIN_ABSENT = 1 };
int store_explain(struct store *store, struct explain *out,
                  const struct conf *conf,
                  const struct adapter_ops *const *adapters, const char *sku);

/*
 * SKUs that somebody may have meant: equal but for capitals, else with the
 * longest beginning in common. Appends at most five, ", " between them.
 */
int store_explain_near(struct store *store, struct buf *out, const char *sku);

#endif
