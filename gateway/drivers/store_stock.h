#ifndef DRIVERS_STORE_STOCK_H
#define DRIVERS_STORE_STOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/decimal.h"
#include "gateway/drivers/store.h"
#include "gateway/drivers/store_marks.h"

/*
 * What the stock rule works with: balances as read from the authority, pending
 * sales, and what each channel showed last. Everything here is fenced: an
 * older read never overwrites a newer one, and a read that overlapped a post
 * of the same item counts for nothing (design.md section 4).
 */

/* A balance as read. */
struct stock_balance {
	const char *sku; /* borrowed */
	struct decimal qty;
	const struct mark *mark; /* the mark it answers; NULL: none */
};

/* How confirmed entries leave "pending". */
enum stock_settle {
	STOCK_POSTED, /* a read that began after the confirmation contains it */
	STOCK_OBSERVED, /* oldest first, by the sum of drops between reads */
};

struct stock_read {
	const char *authority; /* borrowed; account that was asked */
	int64_t tick;          /* taken before the first request */
	int64_t fetched_ms;    /* wall clock, when the answer was in */
	enum mark_cause cause; /* MARK_SYNC collects for store_stock_changed */
	enum stock_settle settle;
	int64_t settle_wait_ms; /* of STOCK_OBSERVED */
};

/*
 * Take balances into the books, one transaction: fence, settle, and mark every
 * channel of an item whose balance or pending moved. Its own mark is cleared
 * when its generation is unchanged and the read was accepted.
 *
 * n_discarded  reads that overlapped a post: their marks stay; those older than
 *              what is stored that show another quantity: they leave a mark at
 *              the authority; and rows that contradict another one of the same
 *              list: such an item's balance is unknown
 * Returns 0, ERR_STORE.
 */
int store_stock_balances(struct store *store, const struct stock_read *read,
                         const struct stock_balance *balances, size_t n,
                         size_t *n_discarded);

/* A fall of a count that is unexplained. */
struct stock_suspicion {
	int64_t since_ms;      /* wall clock; 0: there is none */
	int64_t since_mono_ms; /* the other clock then; 0: unknown */
	struct decimal fall;   /* and how far it fell */
};

/* An item as one account's look needs it, all read at one moment. */
struct stock_view {
	char *sku;          /* owned */
	char *authority;    /* owned; NULL: the default */
	char *external;     /* owned; at the account asked for; NULL */
	char *balance_from; /* owned; account; NULL: balance unknown */
	struct decimal balance;
	int64_t balance_at_ms;  /* wall clock */
	struct decimal pending; /* of all entries not yet inside; what came back
	                           only while it is certain to be outside */
	struct decimal reserve; /* of the item */
	bool has_reserve;       /* else the account's or the global one */
	bool has_published;
	struct decimal published; /* what the channel showed last */
	struct decimal sold_then; /* `sold` when that was recorded */
	struct decimal sold;      /* all units ever sold there, as known */
	struct stock_suspicion suspicion;
	bool is_held;               /* a zero is held for a person */
	int64_t refused_generation; /* of the mark whose look was refused; 0 */
	int64_t refused_wait_ms;    /* and how long it is left alone */
	int64_t refused_until_ms;   /* wall clock */
	bool is_absent;    /* refused because there is no such thing there */
	bool is_oversold;  /* more was sold than there was */
	bool is_collected; /* the authority's sync moved it and has not judged */
	int64_t bound_ms;  /* wall clock when it was bound here; 0: not known */
	int64_t lost_ms;   /* … and of the last loss of Redis; 0: none */
};

int store_stock_view(struct store *store, struct stock_view *out,
                     const char *account, const char *const *skus, size_t n);
void stock_view_fini(struct stock_view *view);

/* What a look at a channel ended with. */
struct stock_published {
	const char *sku;         /* borrowed */
	struct decimal qty;      /* it shows this now */
	struct decimal sold;     /* as in the view the target came from */
	const struct mark *mark; /* cleared if unchanged; NULL: none */
};

int store_stock_published(struct store *store, const char *account,
                          const struct stock_published *rows, size_t n);

/* Remember since when a fall is unexplained, and how far it is. */
int store_stock_suspect(struct store *store, const char *account,
                        const char *sku, const struct stock_suspicion *s);

/* After a first refusal an item is left alone so long. */
#define STOCK_FIRST_WAIT_MS 60000

/* Remember that the channel refuses the item: for this mark it is left alone
   until then. */
/* generation: of the look's mark; negative: there is no such thing there; 0:
   there is one by now, and nothing is known of it. */
int store_stock_refused(struct store *store, const char *account,
                        const char *sku, int64_t generation, int64_t wait_ms,
                        int64_t until_ms);

/* ---- the guard against mass zeroing ---- */

/* Collect a channel item whose look a sync wants. */
int store_stock_changed(struct store *store, const char *sync_account,
                        const char *channel, const char *sku);

/* Visit what a sync collected: (channel, sku), in channel order. */
int store_stock_each_changed(struct store *store, const char *sync_account,
                             int (*visit)(void *ctx, const char *channel,
                                          const char *sku),
                             void *ctx);
int store_stock_forget_changed(struct store *store, const char *sync_account);

/* Hold the zero write of these items for a person. */
int store_stock_hold(struct store *store, const char *channel,
                     const char *const *skus, size_t n);

/* How many are held for a channel. */
int store_stock_count_held(struct store *store, int64_t *out,
                           const char *channel);

/*
 * A person decided: release marks them all (cause operator), else they are
 * forgotten until they move again or a full sync compares them. n receives how
 * many.
 */
int store_stock_unhold(struct store *store, const char *channel, bool release,
                       int64_t *n);

#endif
