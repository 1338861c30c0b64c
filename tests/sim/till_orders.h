#ifndef SIM_TILL_ORDERS_H
#define SIM_TILL_ORDERS_H

#include "gateway/base/decimal.h"
#include "gateway/base/json.h"

/*
 * What the control interface may do at any till: sell, take back, void, count,
 * receive, move, send a hook once more. A till brings the hands for it, and the
 * orders that are only its own. All want the lock of struct sim.
 */
struct till_hands;

/* An order in hand. */
struct till_order {
	const struct till_hands *hands;
	void *till;
	const struct json_node *body;
	struct json_out *out;
};

struct till_verb {
	const char *name;
	const char *(*act)(const struct till_order *o); /* NULL, or why not */
};

/* When a sale ends, and who hears of it. */
struct till_closing {
	int64_t ago_us;    /* it closed so long ago */
	int64_t hidden_us; /* lists do not show it yet, for so long */
	bool is_announced;
};

enum till_reason { TILL_COUNTED, TILL_RECEIVED, TILL_SENT, TILL_BROUGHT };

struct till_move {
	void *thing;
	int row; /* of the place; 0: the one that is sold from */
	struct decimal by;
	enum till_reason reason;
};

/* How a till does it: its things, sales and places are its own. */
struct till_hands {
	const char *thing; /* how a body names one, beside "sku" */
	const char *place; /* how it names where the stock lies */
	bool is_whole;     /* so are quantities */

	void *(*find)(void *till, const char *text); /* NULL: unknown */
	struct decimal (*count)(const void *thing, int row);
	int (*row)(void *till, int64_t place); /* -1: unknown */
	void (*move)(void *till, const struct till_move *move);

	void *(*begin)(void *till); /* a sale */
	void (*add)(void *till, void *sale, void *thing,
	            struct decimal quantity);
	void (*discard)(void *sale); /* a line of it was wrong */
	void (*close)(const struct till_order *o, void *sale,
	              const struct till_closing *closing);
	void *(*sale)(const struct till_order *o); /* that the body names */
	bool (*cancel)(void *till, void *sale);    /* false: it was before */

	/* One of the two is NULL. The function is, where there are no hooks. */
	void (*announce)(void *till, void *thing, void *sale);

	const struct till_verb *verbs; /* of its own */
	size_t n_verbs;
};

/* A customer takes some of one thing, if it is there. False: it is not. */
bool till_sell(const struct till_hands *hands, void *till, const char *sku,
               struct decimal quantity);

/* The thing that the body names; NULL: unknown. */
void *till_thing(const struct till_order *o);

/* Do what the order's path names. NULL, or what is wrong. */
const char *till_obey(const struct till_hands *hands, void *till,
                      const char *what, const struct json_node *body,
                      struct json_out *out);

#endif
