#ifndef MODEL_SALE_H
#define MODEL_SALE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/decimal.h"
#include "gateway/base/json.h"

/*
 * A sale as a channel shows it, and the entry made from it for an authority.
 *
 * A sale is known by its account and the vendor's id of the thing that moves
 * stock (Square: the order). What was already made into entries is remembered
 * by line, so that a later version yields only the difference.
 */
struct sale_line {
	char *uid;      /* owned; the vendor's line id, stable over versions */
	char *external; /* owned; the channel's own id of the item; NULL: none */
	char *sku;      /* owned; NULL while not bound */
	char *name;     /* owned; for people, NULL */
	struct decimal qty;   /* sold; negative: returned */
	struct decimal gross; /* paid for the whole line, tax included */
	bool has_gross;
};

struct sale {
	char *id;          /* owned; the vendor's */
	char *account;     /* owned; channel where it happened; NULL from an
	                          adapter, the engine fills it */
	char *currency;    /* owned; ISO 4217, NULL */
	char *reference;   /* owned; our own reference when we made it; NULL */
	int64_t version;   /* the vendor's; 0: none */
	int64_t closed_ms; /* when it became final, vendor's clock */
	bool is_final;     /* COMPLETED; only then entries are made */
	struct sale_line *lines; /* owned */
	size_t n_lines;
};

/* Append an empty line; NULL when out of memory. Borrowed. */
struct sale_line *sale_add_line(struct sale *sale);
void sale_fini(struct sale *sale);

/* One document for one authority, exactly once. */
struct entry_line {
	char *uid;      /* owned; line of the sale */
	char *sku;      /* owned */
	char *external; /* owned; the authority's id of the item */
	struct decimal qty;
	struct decimal gross;
	bool has_gross;
};

enum entry_kind {
	ENTRY_SALE,     /* made from a sale at a channel */
	ENTRY_ORDER,    /* sent by a shop: model/order.h reads its details */
	ENTRY_CUSTOMER, /* sent by a shop: model/customer.h does; no lines */
};

struct entry {
	enum entry_kind kind;
	char *details;   /* owned; JSON text as sent, checked; NULL: a sale */
	char *id;        /* owned; account/sale[+v.n]: ours, stable */
	char *docid;     /* owned; derived from id, goes into the document */
	char *account;   /* owned; where it happened */
	char *sale;      /* owned; the vendor's id of the sale */
	char *authority; /* owned; where it must be recorded */
	char *currency;  /* owned; NULL */
	int64_t occurred_ms;      /* of the sale */
	struct entry_line *lines; /* owned */
	size_t n_lines;
};

struct entry_line *entry_add_line(struct entry *entry);
void entry_fini(struct entry *entry);

/* True when any quantity is negative: a return. */
bool entry_is_return(const struct entry *entry);

/*
 * Stored form, version 2, and back; version 1 (sales only) is still read.
 * decode: 0, JSON_MALFORMED, ERR_NOMEM.
 */
void entry_encode(struct buf *out, const struct entry *entry);
int entry_decode(struct entry *out, const char *text, size_t n);

/*
 * A docid for an id: at most 40 characters of [A-Za-z0-9-], stable, and as
 * good as unique (a digest stands in where the id is long or strange).
 */
int sale_docid(char out[41], const char *entry_id);

/* Has it the form of one? A reference is free text: "TB-12" may be a table. */
bool sale_is_docid(const char *text);

#endif
