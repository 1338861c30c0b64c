#ifndef DRIVERS_STORE_REGISTRY_H
#define DRIVERS_STORE_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/drivers/store.h"
#include "gateway/model/item.h"

/*
 * Items and bindings: which item here is which there.
 *
 * A binding is first written as a person typed it. The account's own worker
 * resolves it (its adapter knows how); until then it is listed as unresolved
 * with the reason. A new or changed binding is a mark: looked at at once.
 */
enum {
	REGISTRY_ABSENT = 1, /* no such item */
	REGISTRY_TAKEN = 2,  /* another item is bound to that external id */
};

/* Member of a mark: "resolve the bindings that are not yet". */
#define MARK_RESOLVE "y:resolve"

/*
 * Write an item: what is set replaces, a binding whose typed text is "" is
 * removed, accounts not named stay as they are. Unchanged bindings are not
 * touched. n_changed receives how many bindings are new or different.
 * Returns 0, ERR_STORE.
 */
int store_registry_put(struct store *store, const struct item *item,
                       size_t *n_changed);

/*
 * The same for many, at most a few hundred: they are written together or not at
 * all, and cost one wait for the disk and one mark of each account.
 */
int store_registry_put_many(struct store *store, const struct item *items,
                            size_t n, size_t *n_changed);

/*
 * Read many, at most a few hundred, in their order: out[i].sku is NULL where
 * there is no such item. item_fini each. After a fault there is none.
 */
int store_registry_get_many(struct store *store, struct item *out,
                            const char *const *skus, size_t n);

/* Read an item; item_fini it. Returns 0, REGISTRY_ABSENT, ERR_STORE. */
int store_registry_get(struct store *store, struct item *out, const char *sku);

/* What a binding turned out to be. All borrowed. */
struct registry_resolution {
	const char *sku;
	const char *typed; /* what was looked up; if the binding is typed anew
	                         meanwhile, nothing happens */
	const char *external; /* the account's canonical id */
	char *const *refs;    /* ids under which calls may name it */
	size_t n_refs;
};

/* A binding's canonical id is known now. Returns 0, REGISTRY_TAKEN. */
int store_registry_resolved(struct store *store, const char *account,
                            const struct registry_resolution *found);

/* … or still is not: why, for people. */
int store_registry_unresolved(struct store *store, const char *account,
                              const char *sku, const char *why);

/* Visit unresolved bindings: sku, typed, why. Non-zero from visit ends it. */
int store_registry_each_unresolved(struct store *store, const char *account,
                                   int (*visit)(void *ctx, const char *sku,
                                                const char *typed,
                                                const char *why),
                                   void *ctx);

/*
 * Who is right about each of these, in order: out[i] is owned text ("": the
 * default authority), or NULL when there is no such item. Free each.
 */
int store_registry_authorities(struct store *store, const char *const *skus,
                               size_t n, char **out);

/* Visit every sku in order. */
int store_registry_each(struct store *store,
                        int (*visit)(void *ctx, const char *sku), void *ctx);

/*
 * Visit the SKUs that begin so, in order, but at most max (> 1) of them: where
 * there are more, the last one visited is the last there is. So what those
 * visited have in common at their beginning, all have.
 */
int store_registry_each_prefixed(struct store *store, const char *prefix,
                                 size_t max,
                                 int (*visit)(void *ctx, const char *sku),
                                 void *ctx);

/*
 * Visit every item in order of its sku, many in one call. visit may take what is
 * in it; the rest is released. Non-zero from visit ends it.
 */
int store_registry_each_item(struct store *store,
                             int (*visit)(void *ctx, struct item *item),
                             void *ctx);

/*
 * SKUs of externals, in order: out[i] is owned text or NULL when not bound.
 * Free each.
 */
int store_registry_skus(struct store *store, const char *account,
                        const char *const *externals, size_t n, char **out);

/* Visit the SKUs a call may mean by ref. */
int store_registry_each_ref(struct store *store, const char *account,
                            const char *ref,
                            int (*visit)(void *ctx, const char *sku),
                            void *ctx);

/* Items, and bindings of an account: bound and resolved, unresolved. */
int store_registry_count(struct store *store, int64_t *n_items);
int store_registry_count_account(struct store *store, const char *account,
                                 int64_t *n_bound, int64_t *n_unresolved);

#endif
