#ifndef SIM_HIBOUTIK_H
#define SIM_HIBOUTIK_H

#include "tests/sim/server.h"
#include "tests/sim/sim.h"
#include "tests/sim/till.h"
#include "tests/sim/till_orders.h"

/*
 * Hiboutik: one account, one store, two warehouses; stock by product, size and
 * warehouse, sales made step by step, and 10,000 calls a month.
 *
 * Written from reference/hiboutik.md; where it leaves two readings open there
 * is a switch, and where it says nothing the stricter reading is taken. Its
 * quantities are whole, so what Galaxy sells by weight is not sold here. All
 * functions want the lock of struct sim, hiboutik_serve takes it.
 */
enum {
	HIBOUTIK_N_WAREHOUSES = 2, /* the store's, and one more */
	HIBOUTIK_LINES_MAX = 64,
	HIBOUTIK_TOLD_MAX = 12, /* hooks that can be registered */
};

struct hiboutik_product {
	int64_t id;
	char *name;               /* owned */
	char *reference;          /* owned; of the supplier: Galaxy's code */
	struct galaxy_item *item; /* borrowed; NULL: the package */
	struct decimal price;     /* VAT included */
	bool is_sized;
	bool is_package;
	bool is_unmanaged; /* its stock is not kept */
	bool is_archived;
};

/* A product and size: what stock is kept of. */
struct hiboutik_thing {
	struct till_goods goods;
	struct hiboutik_product *product; /* borrowed */
	int64_t size;                     /* 0: it comes in none */
	int64_t counts[HIBOUTIK_N_WAREHOUSES];
	struct till_tally tally; /* of the store's warehouse */
};

struct hiboutik_line {
	int64_t id;
	struct hiboutik_thing *thing; /* borrowed; NULL: a free item */
	int64_t quantity;
	struct decimal price;
	char *comment; /* owned */
	bool is_withdrawn;
	bool has_moved; /* the stock, because of this line */
};

struct hiboutik_sale {
	int64_t id;
	int64_t customer;
	int64_t vendor;
	char currency[4];
	char *ext_ref;       /* owned; "": none */
	char *payment;       /* owned; "": not paid */
	char *comment;       /* owned */
	struct decimal paid; /* by divided payments */
	int64_t created_us;
	int64_t completed_us; /* 0: open */
	int64_t visible_us;   /* lists do not show it before */
	bool is_void;
	bool is_api;
	bool is_untaxed; /* its prices are without taxes */
	struct hiboutik_line lines[HIBOUTIK_LINES_MAX];
	size_t n_lines;
};

/* A stock arrival, and what came with it. */
struct hiboutik_detail {
	int64_t id;
	struct hiboutik_thing *thing; /* borrowed */
	int64_t quantity;             /* as ordered */
	int64_t received;
	struct decimal price;
};

struct hiboutik_input {
	int64_t id;
	int64_t supplier;
	int warehouse; /* row */
	char *label;   /* owned */
	char *date;    /* owned */
	bool is_validated;
	bool is_api;
	struct hiboutik_detail details[HIBOUTIK_LINES_MAX];
	size_t n_details;
};

struct hiboutik_told {
	int64_t id;
	char *url;    /* owned */
	char *action; /* owned; "*": all */
	bool is_async;
};

struct hiboutik_options {
	const char *account; /* its sub-domain: what the token k is made of */
	const char *email;
	const char *key;
	const char *hook_url; /* set in the account's settings; NULL: none */
	int64_t store;
	int64_t warehouse; /* of that store */
};

enum hiboutik_moves { HIBOUTIK_AT_CLOSING, HIBOUTIK_AT_ADDING };

/* What an account may do one way or the other. */
struct hiboutik_switches {
	enum hiboutik_moves moves; /* when a sale moves the stock */
	bool lenient_slashes;      /* with and without are the same; else 301 */
	bool validates_by_id;      /* by /inventory_inputs/validate/{id}, not
	                              by /inventory_input_validate/ */
	bool pages_stock;          /* stock calls page as lists do */
	bool refuses_short;        /* a line of more than there is */
	bool lists_lines;          /* closed sales come with their lines */
	bool hook_is_old;          /* order_id, shop_id … */
	bool hook_is_async;        /* of the settings' hook */
	bool hook_has_lines;
	bool hook_has_barcodes;
	bool hook_has_token; /* k, where the URL lacks it */
	bool hook_is_signed; /* X-Hiboutik-Hmac-SHA256 */
	int64_t page_rows;
	int64_t calls_max; /* a month */
	int64_t parallel_max;
	int64_t texts_each; /* each so many answers has texts for numbers;
	                       0: none */
};

struct hiboutik {
	struct sim *sim;
	struct hiboutik_options options; /* texts are borrowed */
	struct hiboutik_switches is;
	char token[65];                     /* k */
	struct hiboutik_product **products; /* owned */
	size_t n_products;
	size_t cap_products;
	struct hiboutik_thing **things; /* owned */
	size_t n_things;
	size_t cap_things;
	struct hiboutik_sale **sales; /* owned */
	size_t n_sales;
	size_t cap_sales;
	struct hiboutik_input **inputs; /* owned */
	size_t n_inputs;
	size_t cap_inputs;
	struct hiboutik_told told[HIBOUTIK_TOLD_MAX];
	size_t n_told;
	int64_t last_id; /* given to sales, lines, inputs, customers */
	char *customers; /* owned; ",email=id," …; NULL: none */
	char month[8];   /* "2026-01": of n_calls */
	int64_t n_calls;
	int64_t n_answers;
	int n_parallel;      /* calls in hand; touched without the lock */
	int64_t n_crowded;   /* refused for their number at once */
	int64_t n_exhausted; /* refused for the month */
	int64_t n_posts;     /* sales begun by calls */
	int64_t n_writes;    /* arrivals of calls that took effect */
	bool has_texts;      /* the answer in hand */
};

/* One thing for each whole balance of galaxy, counted as Galaxy has it. */
void hiboutik_init(struct hiboutik *hiboutik, struct sim *sim,
                   const struct hiboutik_options *options);
void hiboutik_fini(struct hiboutik *hiboutik);

void hiboutik_serve(void *ctx, const struct http_call *call,
                    struct server_reply *reply);

/* A thing for a balance, or NULL where it is sold by weight. */
struct hiboutik_thing *hiboutik_add(struct hiboutik *hiboutik,
                                    struct galaxy_item *item,
                                    struct galaxy_balance *balance);

/* By "product/size" or SKU; NULL: neither. */
struct hiboutik_thing *hiboutik_find(struct hiboutik *hiboutik,
                                     const char *text);

/* Its name in the registry: "7/0". Returns out. */
char *hiboutik_name(char out[48], const struct hiboutik_thing *thing);

/* What stands behind /control/hiboutik/. */
extern const struct till_hands hiboutik_hands;
void hiboutik_print_state(struct hiboutik *hiboutik, struct json_out *out);

/* ---- between the files of this module ---- */

/* A call in hand. */
struct hiboutik_call {
	struct hiboutik *hiboutik;
	const struct http_call *http;
	struct till_path path; /* behind the API's root */
	const struct json_node *body;
	struct server_reply *reply;
	struct json_out out; /* of the reply's body */
};

/*
 * Answer with an error. detail names the member that is wrong; may be NULL.
 * Always false, so that a check can end with it.
 */
bool hiboutik_refuse(struct hiboutik_call *c, int status, const char *why,
                     const char *detail, const char *what);

/* True when the call is one of this form; "sales/close/": with its slash. */
bool hiboutik_is(const struct hiboutik_call *c, const char *method,
                 const char *pattern);

/* Refuse members that are not in `names`. */
bool hiboutik_check(struct hiboutik_call *c, const char *names);

/* A whole number that must be there; an optional one. False after a refusal. */
bool hiboutik_need(struct hiboutik_call *c, int64_t *out, const char *key);
bool hiboutik_take(struct hiboutik_call *c, int64_t *out, const char *key);

/* A number, or the same as a text. */
void hiboutik_out(struct hiboutik_call *c, const char *key, int64_t n);
void hiboutik_out_money(struct hiboutik_call *c, const char *key,
                        struct decimal d);

/* {"key":id} with a status. */
void hiboutik_made(struct hiboutik_call *c, int status, const char *key,
                   int64_t id);

/*
 * A list: the caller walks all its rows and prints those for which next is
 * true; end closes it, with its headers.
 */
struct hiboutik_page {
	size_t from;
	size_t rows;
	size_t at; /* rows seen so far */
};
bool hiboutik_page_begin(struct hiboutik_call *c, struct hiboutik_page *page,
                         bool has_pages);
bool hiboutik_page_next(struct hiboutik_page *page);
void hiboutik_page_end(struct hiboutik_call *c,
                       const struct hiboutik_page *page);

/* The row of a warehouse, or -1; and its id. */
int hiboutik_warehouse(const struct hiboutik *hiboutik, int64_t id);
int64_t hiboutik_warehouse_id(const struct hiboutik *hiboutik, int row);

struct hiboutik_product *hiboutik_product(struct hiboutik *hiboutik,
                                          int64_t id);
struct hiboutik_thing *hiboutik_thing(struct hiboutik *hiboutik, int64_t id,
                                      int64_t size);

int64_t hiboutik_next_id(struct hiboutik *hiboutik);

/* hiboutik_stock.c, hiboutik_sales.c: false, not theirs. */
bool hiboutik_serve_stock(struct hiboutik_call *c);
bool hiboutik_serve_inputs(struct hiboutik_call *c);
bool hiboutik_serve_sales(struct hiboutik_call *c);

/* hiboutik_stock.c: an arrival takes effect. */
struct hiboutik_input *hiboutik_input_new(struct hiboutik *hiboutik,
                                          int warehouse, const char *label);
void hiboutik_input_validate(struct hiboutik *hiboutik,
                             struct hiboutik_input *input);

/* hiboutik_sales.c: the steps of a sale. */
struct hiboutik_sale *hiboutik_sale_new(struct hiboutik *hiboutik);
struct hiboutik_sale *hiboutik_sale(struct hiboutik *hiboutik, int64_t id);
struct hiboutik_line *hiboutik_line_add(struct hiboutik *hiboutik,
                                        struct hiboutik_sale *sale,
                                        struct hiboutik_thing *thing,
                                        int64_t quantity, struct decimal price);
void hiboutik_sale_move(struct hiboutik *hiboutik, struct hiboutik_sale *sale,
                        struct hiboutik_line *line);
void hiboutik_sale_close(struct hiboutik *hiboutik, struct hiboutik_sale *sale,
                         int64_t closed_us, bool is_announced);
void hiboutik_sale_void(struct hiboutik_sale *sale);
struct decimal hiboutik_sale_total(const struct hiboutik_sale *sale);

/* hiboutik_till.c: the hooks. */
void hiboutik_announce_sale(struct hiboutik *hiboutik,
                            const struct hiboutik_sale *sale);
void hiboutik_announce(struct hiboutik *hiboutik, const char *action,
                       const char *key, int64_t id);

#endif
