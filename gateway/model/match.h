#ifndef MODEL_MATCH_H
#define MODEL_MATCH_H

#include <stddef.h>

#include "gateway/model/item.h"

/*
 * Which thing at an account is which item here.
 *
 * By barcode, then by SKU; capitals and small letters are the same. A thing is
 * matched where exactly one item fits it, and it is the only thing that fits
 * that item; barcode and SKU may not say different things. An equal name is a
 * suggestion, for a person. Whatever is not that clear stays as it is.
 *
 * An item has no barcode of its own: its barcodes are those of the things that
 * it is bound to, matches at the accounts looked at before included. So the
 * account with the best barcodes comes first.
 */
enum match_end {
	MATCH_BOUND,      /* it is an item's already */
	MATCH_BY_BARCODE, /* matched */
	MATCH_BY_SKU,     /* matched */
	MATCH_AMBIGUOUS,  /* why says what speaks against it */
	MATCH_UNKNOWN,    /* nothing fits; item: perhaps, by its name */
};

#define MATCH_NO_ITEM ((size_t)-1)

struct match_thing {
	char *external; /* owned, as all of it; never NULL */
	char *sku;
	char *barcode; /* several: with blanks between */
	char *name;
	enum match_end end;
	size_t item; /* its number, or MATCH_NO_ITEM */
	char *why;   /* of MATCH_AMBIGUOUS, for a person; NULL */
};

struct match;

/* 0, ERR_NOMEM; so are the others that return an int. */
int match_new(struct match **out);
void match_free(struct match *m); /* accepts NULL */

/* An item of the registry, before the first account. *take is empty then. */
int match_add_item(struct match *m, struct item *take);
size_t match_n_items(const struct match *m);

/* Borrowed. Its bindings may be filled in before match_begin. */
struct item *match_item(struct match *m, size_t i);

/* The next account, whose name is borrowed until the one after it. */
int match_begin(struct match *m, const char *account);

/* What is there; texts are copied. */
int match_add_thing(struct match *m, const char *external, const char *sku,
                    const char *barcode, const char *name);

/* Compare. Ends are set from here on. */
int match_run(struct match *m);

size_t match_n_things(const struct match *m);
const struct match_thing *match_thing(const struct match *m, size_t i);

/* How many things ended so; and items that no thing is, or is to be, bound to. */
size_t match_count(const struct match *m, enum match_end end);
size_t match_count_absent(const struct match *m);

#endif
