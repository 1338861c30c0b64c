#ifndef MODEL_ITEM_H
#define MODEL_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/decimal.h"

/* One thing stocked and sold, and its bindings. Its key is the SKU. */
struct binding {
	char *account;  /* owned */
	char *typed;    /* owned; as the person wrote it */
	char *external; /* owned; the account's canonical id; NULL: unresolved */
	int64_t bound_ms; /* when it was made */
};

struct item {
	char *sku;       /* owned */
	char *name;      /* owned; NULL */
	char *authority; /* owned; account; NULL: stock.authority */
	char *next;      /* owned; authority that waits for entries at the other
	               one, "" for stock.authority; NULL: none. Read only */
	struct decimal reserve; /* kept back, instead of the account's */
	bool has_reserve;
	bool drops_reserve;       /* when written: it has none any more */
	struct binding *bindings; /* owned */
	size_t n_bindings;
};

enum {
	ITEM_SKU_MAX = 128,      /* bytes */
	ITEM_EXTERNAL_MAX = 300, /* bytes */
};

struct binding *item_add_binding(struct item *item);
const struct binding *item_find_binding(const struct item *item,
                                        const char *account);
void item_fini(struct item *item);

/*
 * What a channel should show: max(0, balance - pending - reserve), rounded
 * down to `places` digits after the point (what the channel can hold).
 */
struct decimal item_target(struct decimal balance, struct decimal pending,
                           struct decimal reserve, int places);

#endif
