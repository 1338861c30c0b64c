#ifndef ADAPTERS_SQUARE_POST_H
#define ADAPTERS_SQUARE_POST_H

#include "adapters/square.h"

/*
 * What the files share that record a sale or a return at Square; square_post.c
 * names them. Nobody else includes it.
 */

/* What our orders are from; a look-up asks for these alone. */
#define SQUARE_SOURCE "Tillbridge"

enum {
	SQUARE_ORDER_ID_SIZE = 193,
	SQUARE_KEY_SIZE = 72, /* a docid of 40, a word and a number */
};

/* Square's refusal of an entry, with what a person can do about it. */
struct outcome square_refused(const struct outcome *outcome,
                              const struct json *doc);

/* ---- money (square_prices.c) ---- */

/* An order's prices in the currency's smaller unit. */
struct square_prices {
	char currency[4];
	int digits;
	int64_t discount; /* takes off what rounding up put on */
};

/* Of all lines; it may ask for the location's currency. */
struct outcome square_prices_find(struct square *s, const struct entry *entry,
                                  struct square_prices *p);

/* What one costs, of a line with a price that square_prices_find took. */
struct decimal square_unit_price(const struct entry_line *line, int digits);

void square_out_money(struct json_out *o, const char *key, int64_t amount,
                      const char *currency);

/* ---- orders (square_order.c) ---- */

/* What an answer says of an order. */
struct square_order {
	char id[SQUARE_ORDER_ID_SIZE]; /* "": there is none */
	char state[16];
	char currency[4];
	int64_t version;
	int64_t due;        /* in the currency's smaller unit */
	bool has_its_lines; /* found: those of the entry, as bound now */
};

/* Returns 0, SQUARE_MALFORMED. */
int square_order_read(struct square_order *out, const struct json_node *node);

/* REFUSED: an order that was found has other lines than the entry has now. Paid,
   it would lower the stock of something else. */
struct outcome square_bound_otherwise(const struct square_order *order);

/* Make the order and pay it. */
struct outcome square_post_sale(struct square *s, const struct entry *entry);

/* ---- paying (square_payment.c) ---- */

/* From an order that is there to a sale that is recorded. */
struct outcome square_order_finish(struct square *s, const struct entry *entry,
                                   const struct square_order *order);

/* ---- look-ups (square_find.c) ---- */

/* Square may have what was made of the entry from then on; 0: from ever. */
int64_t square_earliest_ms(const struct square *s, const struct entry *entry);

/*
 * DONE with the order, or with none (its id is ""). REFUSED: one with the
 * entry's reference cannot be read, whoever made it; that is no trouble of the
 * account's, and the next look would see the same.
 */
struct outcome square_order_find(struct square *s, const struct entry *entry,
                                 struct square_order *order);

/* ---- returns (square_restock.c) ---- */

/* Record the lines that are not there yet; ABSENT: not all of them are. */
struct outcome square_post_return(struct square *s, const struct entry *entry);
struct outcome square_find_return(struct square *s, const struct entry *entry);

#endif
