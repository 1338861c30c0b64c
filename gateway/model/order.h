#ifndef MODEL_ORDER_H
#define MODEL_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/decimal.h"
#include "gateway/base/json.h"

/*
 * An order as a shop sends it (POST /api/orders): what is bought, by whom, where
 * it goes, and the terms. Names are the shop's: each term may be an id, a code
 * or a description, and the authority's adapter finds out which row it means.
 *
 *   {
 *     "number": "SHOP-10001",              the shop's own; text or integer
 *     "date": "2024-05-01T09:30:00+03:00", RFC 3339; without a zone it is the
 *                                          authority's local time; default now
 *     "customer": "30-0017",               an existing one; default entry.trader
 *     "buyer": { "name", "tin", "phone", "fax", "email", "website",
 *                "address": ADDRESS },     rides along with the customer
 *     "bill_to": ADDRESS,                  default: the customer's own
 *     "delivery": { "date", "address": ADDRESS, "phone", "fax", "email",
 *                   "comment" },
 *     "currency", "company", "company_site", "transport_mode", "transporter",
 *     "dispatch_purpose", "payment_plan",  default: the account's entry options
 *     "charges": ["delivery"],
 *     "comment": "...",
 *     "lines": [ { "sku", "quantity", "price", "total" } ]
 *   }
 *   ADDRESS: { "id", "country", "prefecture", "city", "zip", "street",
 *              "street_number" }
 *
 * quantity, price and total are numbers or decimal text, exact; price is of one
 * unit, total of the line, tax included; without both the authority's own price
 * counts. total wins, and has the sign of quantity. Unknown members are refused:
 * a misspelt one would be lost. Null and empty text are the same as not given.
 * At most 1000 lines, 100 charges, 500 bytes a text, 60 characters a number.
 */
struct order_address {
	bool is_given; /* with at least one member */
	char *id; /* of one of the customer's sites; owned, as all; NULL: none */
	char *country;
	char *prefecture;
	char *city;
	char *zip;
	char *street;
	char *street_number;
};

struct order_line {
	char *sku;
	struct decimal qty;   /* not zero; negative: returned */
	struct decimal gross; /* of the whole line, tax included */
	bool has_gross;
};

struct order {
	char *number; /* owned, as all texts; never NULL */
	char *date;   /* RFC 3339, or without a zone; NULL: now */
	char *customer;
	struct {
		bool is_given;
		char *name, *tin, *phone, *fax, *email, *website;
		struct order_address address;
	} buyer;
	struct order_address bill_to;
	struct {
		bool is_given;
		char *date, *phone, *fax, *email, *comment;
		struct order_address address;
	} delivery;
	char *currency;
	char *company;
	char *company_site;
	char *transport_mode;
	char *transporter;
	char *dispatch_purpose;
	char *payment_plan;
	char **charges; /* owned */
	size_t n_charges;
	char *comment;
	struct order_line *lines; /* owned; at least one */
	size_t n_lines;
};

/* What is wrong with an order or customer, in the sender's own words. */
struct order_problem {
	char field[120]; /* "lines[2].quantity"; "": the whole */
	char why[200];
};

enum { ORDER_INVALID = 1 };

/*
 * Read and check one; nothing is looked up. out is filled on 0 only.
 *
 * Returns  0, ORDER_INVALID with *problem filled, ERR_NOMEM.
 */
int order_read(struct order *out, struct order_problem *problem,
               const struct json_node *from);
void order_fini(struct order *order); /* safe on zeroed memory, and twice */

/* A date of an order. */
struct order_date {
	bool is_local;  /* without a zone: the authority's own time */
	int64_t utc_ms; /* unless it is local */
	char local[20]; /* if it is: 2024-05-01T09:30:00 */
};

/* False when it is no date. A day alone is its midnight, local. */
bool order_date_read(struct order_date *out, const char *text);

#endif
