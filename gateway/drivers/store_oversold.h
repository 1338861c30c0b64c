#ifndef DRIVERS_STORE_OVERSOLD_H
#define DRIVERS_STORE_OVERSOLD_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/decimal.h"
#include "gateway/drivers/store.h"

/*
 * Items of which more was sold than there was. The sale stands, because the
 * goods are gone; the channels show 0; and a person is told, from the sale that
 * did it until a balance covers it again.
 *
 * Only a sale makes an item oversold: many shops keep thousands of balances
 * below zero that nobody sold anything of. So whoever calls review names items
 * that something was just sold of, or that are listed already.
 */
struct oversold_row {
	char *sku;              /* owned */
	struct decimal missing; /* units; > 0 */
	int64_t since_ms;       /* wall clock */
};

/*
 * Read the books of some items, each at one moment, and remember those that are
 * negative: balance less what is pending, without entries that are uncertain,
 * for their goods may be inside the balance already. Those that are not any
 * more are forgotten; and those whose channels were all unbound since, or that
 * their authority does not have. What begins and what ends is said: log,
 * metric, timeline. A balance that is not known says nothing.
 *
 * account    where it was sold or looked at, for the log and the timeline
 * authority  of items that name none (stock.authority)
 *
 * Returns 0, ERR_STORE, ERR_NOMEM.
 */
int store_oversold_review(struct store *store, const char *account,
                          const char *authority, const char *const *skus,
                          size_t n);

/* The same for all that are listed: none stays because nobody looks. */
int store_oversold_sweep(struct store *store, const char *authority);

/* How many there are. */
int store_oversold_count(struct store *store, int64_t *out);

/*
 * The first ones by time, at most max; what they miss is what the last review
 * found. *out is the caller's (oversold_rows_free).
 */
int store_oversold_list(struct store *store, struct oversold_row **out,
                        size_t *n, size_t max);
void oversold_rows_free(struct oversold_row *rows, size_t n);

#endif
