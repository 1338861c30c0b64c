#ifndef SIM_LIGHTSPEED_X_H
#define SIM_LIGHTSPEED_X_H

#include "tests/sim/server.h"
#include "tests/sim/sim.h"
#include "tests/sim/till.h"
#include "tests/sim/till_orders.h"

/*
 * Lightspeed Retail X-Series: one retailer, two outlets, one register; several
 * API versions side by side, version numbers as cursors, forms as webhooks.
 *
 * Written from reference/lightspeed-x.md and the vendor's OpenAPI of version
 * 2.0, under which its replies must be valid; where the document leaves two
 * readings open there is a switch, and where it says nothing the stricter
 * reading is taken. Functions begin with lsx_; all want the lock of struct sim,
 * lsx_serve takes it.
 */
enum {
	LSX_ID_SIZE = 37,
	LSX_N_OUTLETS = 2,
	LSX_LINES_MAX = 64,
	LSX_PAYMENTS_MAX = 8,
	LSX_HOOKS_MAX = 24,
	LSX_REASONS_MAX = 16,
	LSX_N_TOKENS = 16, /* the oldest gives way */
};

/* Kinds of ids that a test may write down: KIND-0000-4000-8000-NUMBER. */
enum lsx_kind {
	LSX_OUTLET = 1,
	LSX_REGISTER,
	LSX_USER,
	LSX_PAYMENT_TYPE,
	LSX_TAX,
	LSX_PRODUCT,
	LSX_INVENTORY,
};

struct lsx_level {
	struct decimal count;
	int64_t version;
};

struct lsx_thing {
	int number; /* of its id */
	char id[LSX_ID_SIZE];
	struct till_goods goods;
	struct decimal net;       /* price without tax */
	int tax;                  /* row */
	char parent[LSX_ID_SIZE]; /* of a variant; "" */
	bool is_untracked;        /* has_inventory: false */
	int64_t deleted_us;       /* 0: not */
	int64_t version;          /* of the product */
	struct lsx_level levels[LSX_N_OUTLETS];
	struct till_tally tally; /* of the first outlet */
};

enum lsx_state { LSX_PARKED, LSX_PENDING, LSX_VOIDED, LSX_CLOSED };

struct lsx_line {
	char id[LSX_ID_SIZE];
	struct lsx_thing *thing; /* borrowed */
	struct decimal quantity;
	struct decimal price; /* for one, without tax */
	struct decimal tax;   /* for one */
	int tax_row;
};

struct lsx_payment {
	char id[LSX_ID_SIZE];
	int type; /* row */
	struct decimal amount;
};

struct lsx_sale {
	char id[LSX_ID_SIZE];
	enum lsx_state state;
	bool is_api;
	bool has_moved; /* the stock */
	char *note;     /* owned, as all texts */
	char *invoice;
	char *source;
	char *source_id;
	char *customer;
	char return_for[LSX_ID_SIZE]; /* "": none */
	int64_t date_us;
	int64_t created_us;
	int64_t updated_us;
	int64_t visible_us;    /* lists do not show it before */
	int64_t first_version; /* when it was rung up */
	int64_t version;
	struct lsx_line lines[LSX_LINES_MAX];
	size_t n_lines;
	struct lsx_payment payments[LSX_PAYMENTS_MAX];
	size_t n_payments;
};

struct lsx_adjustment {
	char id[LSX_ID_SIZE];
	struct lsx_thing *thing; /* borrowed */
	int outlet;
	struct decimal quantity;
	char reason[24];
	int64_t created_us;
	int64_t version;
};

struct lsx_reason {
	char id[LSX_ID_SIZE];
	char name[32];
	bool is_positive;
	bool is_enabled;
};

struct lsx_hook {
	char id[LSX_ID_SIZE];
	char *type; /* owned */
	char *url;  /* owned */
	bool is_active;
	bool is_signed; /* made by an OAuth application */
};

struct lsx_token {
	char access[48];
	char refresh[48];
	int64_t until_ms; /* monotonic; of access */
	bool is_dead;
};

struct lsx_options {
	const char *token; /* a personal one; NULL: none */
	const char *client_id;
	const char *client_secret; /* signs hooks too; NULL: no OAuth */
	const char *refresh_token; /* the first one; NULL: none */
	const char *hook_url;      /* subscribed from the first; NULL: none */
};

enum lsx_signing { LSX_HEX, LSX_BASE64, LSX_PAYLOAD };

struct lsx_switches {
	enum lsx_signing signing;
	bool hook_has_fields; /* type, retailer_id … beside payload */
	bool answers_whole;   /* a sale's reply is the sale, not its id */
	bool repeats_update; /* POST of a sale that exists changes it; else 409 */
	bool is_register_open;
	int64_t burst;     /* sale.update hooks for each sale; from 2 on the
	                      first is of an earlier step */
	int64_t calls_max; /* in a window */
	int64_t window_ms;
	int64_t tokens_max; /* calls of the token endpoint in a window */
	int64_t expires_s;  /* of an access token */
	int64_t page_rows;  /* a page is no larger, whatever is asked for */
	char scopes[200];   /* blank-separated; of OAuth tokens */
};

struct lightspeed_x {
	struct sim *sim;
	struct lsx_options options; /* texts are borrowed */
	struct lsx_switches is;
	struct lsx_thing **things; /* owned */
	size_t n_things;
	size_t cap_things;
	struct lsx_sale **sales; /* owned */
	size_t n_sales;
	size_t cap_sales;
	struct lsx_adjustment *adjustments; /* owned */
	size_t n_adjustments;
	size_t cap_adjustments;
	struct lsx_reason reasons[LSX_REASONS_MAX];
	size_t n_reasons;
	struct lsx_hook hooks[LSX_HOOKS_MAX];
	size_t n_hooks;
	struct lsx_token tokens[LSX_N_TOKENS];
	size_t n_tokens;   /* handed out, the first refresh token included */
	int64_t version;   /* the newest number of the retailer */
	int64_t window_ms; /* monotonic; when this one began */
	int64_t n_window;
	int64_t tokens_window_ms;
	int64_t n_tokens_window;
	int64_t n_limited;
	int64_t n_refreshes;
	int64_t n_refused_refreshes;
	int64_t n_fallbacks; /* calls of versions that are no more */
	int64_t n_posts;     /* sales begun by calls */
	int64_t n_told;      /* sales, by hooks */
	int64_t n_writes;    /* levels changed by calls other than sales */
};

/* One thing for each balance of galaxy, counted as Galaxy has it. */
void lsx_init(struct lightspeed_x *x, struct sim *sim,
              const struct lsx_options *options);
void lsx_fini(struct lightspeed_x *x);

void lsx_serve(void *ctx, const struct http_call *call,
               struct server_reply *reply);

struct lsx_thing *lsx_add(struct lightspeed_x *x, struct galaxy_item *item,
                          struct galaxy_balance *balance);

/* By product id or SKU; NULL: neither. */
struct lsx_thing *lsx_find(struct lightspeed_x *x, const char *text);

/* What stands behind /control/lightspeed_x/. */
extern const struct till_hands lsx_hands;
void lsx_print_state(struct lightspeed_x *x, struct json_out *out);

/* ---- between the files of this module ---- */

enum lsx_api { LSX_LEGACY, LSX_2_0, LSX_2_1, LSX_DATED };

/* A call in hand. */
struct lsx_call {
	struct lightspeed_x *x;
	const struct http_call *http;
	enum lsx_api api;
	struct till_path path; /* behind the version */
	const struct json_node *body;
	struct server_reply *reply;
	struct json_out out; /* of the reply's body */
	bool is_oauth;
};

void lsx_id(char out[LSX_ID_SIZE], enum lsx_kind kind, int number);

/* The number of an id of this kind, or -1. */
int lsx_number(const char *id, enum lsx_kind kind);

/* The row of an id: number - 1, below n; -1: no such. */
int lsx_row(const char *id, enum lsx_kind kind, int n);

/* Answer with an error; always false. The first refusal stands. */
bool lsx_refuse(struct lsx_call *c, int status, const char *why);
bool lsx_need_scope(struct lsx_call *c, const char *scope);
bool lsx_check(struct lsx_call *c, const struct json_node *o,
               const char *names);
bool lsx_is(const struct lsx_call *c, const char *method, const char *pattern);

/* A new number; the retailer has one row of them. */
int64_t lsx_next_version(struct lightspeed_x *x);

/* Rows of taxes and payment types. */
enum { LSX_N_TAXES = 4, LSX_N_PAYMENT_TYPES = 3 };
struct decimal lsx_tax_rate(int row); /* 0.24 */

/* lightspeed_x_token.c */
bool lsx_serve_tokens(struct lightspeed_x *x, const struct http_call *call,
                      struct server_reply *reply);
void lsx_token_first(struct lightspeed_x *x);

/* The token is good; *is_oauth: and not a personal one. */
bool lsx_token_use(const struct lightspeed_x *x, const char *access,
                   bool *is_oauth);

/* lightspeed_x_rows.c: 2.0 */
bool lsx_serve_rows(struct lsx_call *c);

/* A sale in an answer of its own, as 2.0 has it. */
void lsx_print_sale(struct lsx_call *c, const struct lsx_sale *sale);

/* A query parameter as a number; false after a refusal. */
bool lsx_query_int(struct lsx_call *c, int64_t *out, const char *name);

/* lightspeed_x_stock.c: dated and absolute */
bool lsx_serve_stock(struct lsx_call *c);

/* A level changes by so much; hooks follow. */
void lsx_move(struct lightspeed_x *x, struct lsx_thing *thing, int outlet,
              struct decimal by);

/* lightspeed_x_sales.c */
bool lsx_serve_sales(struct lsx_call *c);
struct lsx_sale *lsx_sale_new(struct lightspeed_x *x, const char *id);
struct lsx_sale *lsx_sale(struct lightspeed_x *x, const char *id);
struct lsx_line *lsx_line_add(struct lightspeed_x *x, struct lsx_sale *sale,
                              struct lsx_thing *thing, struct decimal quantity);
void lsx_sale_touch(struct lightspeed_x *x, struct lsx_sale *sale);
void lsx_sale_close(struct lightspeed_x *x, struct lsx_sale *sale);
void lsx_sale_void(struct lightspeed_x *x, struct lsx_sale *sale);
struct decimal lsx_sale_total(const struct lsx_sale *sale); /* with tax */
struct decimal lsx_sale_tax(const struct lsx_sale *sale);
struct decimal lsx_sale_paid(const struct lsx_sale *sale);
const char *lsx_status(const struct lsx_sale *sale); /* "SAVED" … */
const char *lsx_state_name(enum lsx_state state);    /* "parked" … */

/* lightspeed_x_hooks.c */
bool lsx_serve_hooks(struct lsx_call *c);
void lsx_hooks_first(struct lightspeed_x *x);
void lsx_announce_stock(struct lightspeed_x *x, const struct lsx_thing *thing,
                        int outlet);
void lsx_announce_sale(struct lightspeed_x *x, const struct lsx_sale *sale);

/* The header of a body, by the switch; payload is a part of it. "": none. */
void lsx_sign(struct lightspeed_x *x, const char *body, const char *payload,
              char *out, size_t size);

#endif
