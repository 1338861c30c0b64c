#ifndef TESTS_GALAXY_ORDERS_H
#define TESTS_GALAXY_ORDERS_H

#include "gateway/model/sale.h"
#include "tests/support/galaxy_world.h"

/*
 * What a shop sends, as the entry that the gateway makes of it, in a world
 * whose mirror is full. Trouble of its own ends the program.
 */
#define GALAXY_ORDERS_ITEM  "10000000-0000-4000-8000-000000000001"
#define GALAXY_ORDERS_ITEM2 "10000000-0000-4000-8000-000000000002"
#define GALAXY_ORDERS_SHOE \
	"10000000-0000-4000-8000-000000000003:" \
	"41000000-0000-4000-8000-000000000002"

/* Options under which an order may leave out every term. */
#define GALAXY_ORDERS_TERMS \
	"\"timezone\":\"Europe/Athens\",\"entry\":{\"company\":\"001\"," \
	"\"trader\":\"30-0000\",\"currency\":\"EUR\",\"payment_plan\":\"02\"}"

/* A full mirror, and nobody to ask: every call would end the program. */
void galaxy_orders_open(struct galaxy_world *w, const char *options);

/* Put a row into the mirror, under its ID, Code and Description. */
void galaxy_orders_put(struct galaxy_world *w, const char *entity,
                       const char *json);

/*
 * SKUs: "tea" is an item of 12.40 at 24 %, "box" six of it, "till" one of 777
 * at 24 %, "shoe" a variant of 59.90 at 13 %; any other is its own external.
 */
void galaxy_orders_entry(struct entry *out, const char *order);
void galaxy_orders_customer(struct entry *out, const char *customer);

#endif
