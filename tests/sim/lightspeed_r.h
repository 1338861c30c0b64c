#ifndef SIM_LIGHTSPEED_R_H
#define SIM_LIGHTSPEED_R_H

#include "tests/sim/server.h"
#include "tests/sim/sim.h"
#include "tests/sim/till.h"
#include "tests/sim/till_orders.h"

/*
 * Lightspeed Retail R-Series: one account, two shops; OAuth with refresh tokens
 * that rotate, a leaky bucket, everything polled, every scalar a text.
 *
 * Written from reference/lightspeed-r.md; where it leaves two readings open
 * there is a switch, and where it says nothing the stricter reading is taken.
 * Of 409 the document says "edit conflict", and nothing of what makes one (no call
 * names a version or a time of what it edits): it comes by a fault, on demand.
 * Its quantities are whole, so what Galaxy sells by weight is not sold here.
 * The vendor's two hosts are one here. Functions begin with lsr_; all want the
 * lock of struct sim, lsr_serve takes it.
 */
enum {
	LSR_N_SHOPS = 2, /* rows 0 and 1 are shops 1 and 2 */
	LSR_LINES_MAX = 64,
	LSR_PAYMENTS_MAX = 8,
	LSR_COUNTS_MAX = 64,
	LSR_ACCOUNT = 100,
	LSR_EMPLOYEE = 2,
	LSR_REGISTER = 1,
	LSR_CASH = 1, /* payment type that gives change */
	LSR_CARD = 7,
};

struct lsr_shop_row {
	int64_t id; /* itemShopID; 0: not there yet */
	int64_t qoh;
	int64_t reorder_point;
	int64_t reorder_level;
	int64_t stamp_us;
};

struct lsr_thing {
	int64_t id; /* itemID */
	struct till_goods goods;
	struct decimal price; /* without tax */
	int64_t matrix;       /* itemMatrixID; 0: none */
	bool is_archived;
	bool is_untracked; /* non_inventory */
	int64_t stamp_us;
	struct lsr_shop_row shops[LSR_N_SHOPS];
	struct lsr_shop_row sum; /* of shop 0 */
	struct till_tally tally; /* of the first shop */
};

struct lsr_line {
	int64_t id;
	struct lsr_thing *thing; /* borrowed */
	int64_t quantity;
	struct decimal price;
	bool is_taxed;
	int64_t parent; /* line that is given back; 0: none */
	int64_t n_back; /* units given back so far */
};

struct lsr_payment {
	int64_t id;
	int64_t type;
	struct decimal amount;
};

struct lsr_sale {
	int64_t id;
	bool is_completed;
	bool is_voided;
	bool is_api;
	int64_t customer;
	int64_t employee;
	int64_t shop_register;
	int64_t shop;
	char *reference; /* owned; "": none */
	char *source;    /* owned */
	int64_t created_us;
	int64_t completed_us;
	int64_t stamp_us;
	int64_t visible_us; /* lists do not show it before */
	struct lsr_line lines[LSR_LINES_MAX];
	size_t n_lines;
	struct lsr_payment payments[LSR_PAYMENTS_MAX];
	size_t n_payments;
};

/* A row of InventoryLog. */
struct lsr_log {
	int64_t id;
	int64_t change;
	int64_t item;
	int64_t shop;
	int64_t sale;
	int64_t count;
	int64_t created_us; /* may lie before that of earlier rows */
	const char *reason; /* static */
	bool is_negative;   /* the row caused it */
};

struct lsr_count {
	int64_t id;
	int64_t shop;
	struct {
		struct lsr_thing *thing; /* borrowed */
		int64_t qty;
		bool is_done;
	} items[LSR_LINES_MAX];
	size_t n_items;
};

/* A pair that was handed out. */
struct lsr_token {
	char *access;            /* owned; NULL: the very first refresh token */
	char *refresh;           /* owned */
	int64_t access_until_ms; /* monotonic */
	int64_t refresh_until_ms; /* dies unused */
	int64_t parent;           /* row of the pair it came of; -1: none */
	bool is_used;
	bool is_access_revoked;
	bool is_refresh_revoked;
};

struct lsr_options {
	const char *client_id;
	const char *client_secret;
	const char *refresh_token; /* the first one */
};

struct lsr_switches {
	bool includes_tax;       /* unitPrice is with tax */
	bool takes_negative_qoh; /* a PUT may set one */
	int64_t bucket_size;     /* drips */
	int64_t drip_milli;      /* a second; 1000: one drip */
	int64_t burst_max;       /* calls in a window of a second */
	int64_t expires_s;       /* of an access token */
	int64_t refreshes_max;   /* a minute */
	int64_t page_rows;       /* a page is no larger, whatever the limit */
	char scopes[200];        /* blank-separated */
};

struct lightspeed_r {
	struct sim *sim;
	struct lsr_options options; /* texts are borrowed */
	struct lsr_switches is;
	struct lsr_thing **things; /* owned */
	size_t n_things;
	size_t cap_things;
	struct lsr_sale **sales; /* owned */
	size_t n_sales;
	size_t cap_sales;
	struct lsr_log *logs; /* owned */
	size_t n_logs;
	size_t cap_logs;
	struct lsr_count counts[LSR_COUNTS_MAX];
	size_t n_counts;
	struct lsr_token *tokens; /* owned */
	size_t n_tokens;
	size_t cap_tokens;
	char code[32];           /* of an authorisation; "": none */
	int64_t code_until_ms;   /* monotonic */
	int64_t attempts_ms[32]; /* of refreshes, monotonic; a ring */
	size_t n_attempts;
	int64_t last_id;
	int64_t level_milli; /* of the bucket, in thousandths of a drip */
	int64_t leaked_ms;   /* monotonic; up to then */
	int64_t window_s;    /* of the burst limit */
	int64_t n_window;
	int64_t n_answers;
	int64_t n_bucket; /* refused by it */
	int64_t n_burst;
	int64_t n_refreshes;
	int64_t n_refused_refreshes;
	int64_t n_posts;  /* sales begun by calls */
	int64_t n_writes; /* counts set by calls */
};

/* One thing for each whole balance of galaxy, counted as Galaxy has it. */
void lsr_init(struct lightspeed_r *r, struct sim *sim,
              const struct lsr_options *options);
void lsr_fini(struct lightspeed_r *r);

void lsr_serve(void *ctx, const struct http_call *call,
               struct server_reply *reply);

/* A thing for a balance, or NULL where it is sold by weight. */
struct lsr_thing *lsr_add(struct lightspeed_r *r, struct galaxy_item *item,
                          struct galaxy_balance *balance);

/* By itemID or SKU; NULL: neither. */
struct lsr_thing *lsr_find(struct lightspeed_r *r, const char *text);

/* What stands behind /control/lightspeed_r/. */
extern const struct till_hands lsr_hands;
void lsr_print_state(struct lightspeed_r *r, struct json_out *out);

/* ---- between the files of this module ---- */

/* A call in hand. */
struct lsr_call {
	struct lightspeed_r *r;
	const struct http_call *http;
	struct till_path path; /* behind the account */
	const struct json_node *body;
	struct server_reply *reply;
	struct json_out out; /* of the reply's body */
	const struct lsr_token *token;
};

/* Answer with an error; always false. The first refusal stands. */
bool lsr_refuse(struct lsr_call *c, int status, const char *why);

/* False after a refusal: the token lacks every one of these scopes. */
bool lsr_need_scope(struct lsr_call *c, const char *scopes);

/* Refuse members that are not in `names`. */
bool lsr_check(struct lsr_call *c, const struct json_node *o,
               const char *names);

/* A whole number that must be there, or may be. False after a refusal. */
bool lsr_need(struct lsr_call *c, const struct json_node *o, int64_t *out,
              const char *key);
bool lsr_take(struct lsr_call *c, const struct json_node *o, int64_t *out,
              const char *key);

/* The elements of "SaleLines":{"SaleLine":[…]} or of a single object. */
size_t lsr_length(const struct json_node *o, const char *list,
                  const char *element);
const struct json_node *lsr_at(const struct json_node *o, const char *list,
                               const char *element, size_t i);

int64_t lsr_next_id(struct lightspeed_r *r);
struct lsr_thing *lsr_thing(struct lightspeed_r *r, int64_t id);

/* Every scalar is a text. */
void lsr_out_int(struct json_out *out, const char *key, int64_t n);
void lsr_out_bool(struct json_out *out, const char *key, bool yes);
char *lsr_time(char out[SIM_TIME_SIZE], int64_t us);

/* lightspeed_r_token.c */
bool lsr_serve_tokens(struct lightspeed_r *r, const struct http_call *call,
                      struct server_reply *reply);
void lsr_token_first(struct lightspeed_r *r);
const struct lsr_token *lsr_token_use(struct lightspeed_r *r,
                                      const char *access);
void lsr_tokens_fini(struct lightspeed_r *r);

/* lightspeed_r_list.c: a list or a record; false: no such resource. */
bool lsr_serve_rows(struct lsr_call *c);

/* lightspeed_r_rows.c: a record in an answer of its own: "Sale", 17. */
void lsr_out_record(struct lsr_call *c, const char *resource, int64_t id,
                    const char *relations);

/* lightspeed_r_stock.c */
bool lsr_serve_stock(struct lsr_call *c);

struct lsr_move {
	struct lsr_thing *thing;
	int row; /* of the shop */
	int64_t change;
	const char *reason; /* static */
	int64_t sale;
	int64_t count;
	int64_t at_us; /* 0: now */
};
void lsr_move(struct lightspeed_r *r, const struct lsr_move *move);

/* lightspeed_r_sales.c */
bool lsr_serve_sales(struct lsr_call *c);
struct lsr_sale *lsr_sale_new(struct lightspeed_r *r);
struct lsr_sale *lsr_sale(struct lightspeed_r *r, int64_t id);
struct lsr_line *lsr_line_add(struct lightspeed_r *r, struct lsr_sale *sale,
                              struct lsr_thing *thing, int64_t quantity);
void lsr_payment_add(struct lightspeed_r *r, struct lsr_sale *sale,
                     int64_t type, struct decimal amount);
void lsr_sale_complete(struct lightspeed_r *r, struct lsr_sale *sale,
                       int64_t at_us);
void lsr_sale_void(struct lightspeed_r *r, struct lsr_sale *sale);
struct decimal lsr_line_total(const struct lightspeed_r *r,
                              const struct lsr_line *line);
struct decimal lsr_sale_total(const struct lightspeed_r *r,
                              const struct lsr_sale *sale);
struct decimal lsr_sale_paid(const struct lsr_sale *sale);

#endif
