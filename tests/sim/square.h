#ifndef SIM_SQUARE_H
#define SIM_SQUARE_H

#include "tests/sim/galaxy.h"
#include "tests/sim/server.h"
#include "tests/sim/sim.h"

/*
 * Square: one seller with one location or two; counts as the history of their
 * changes, orders rung up at the till, a small catalogue, subscriptions.
 *
 * Written from reference/square.md and the vendor's OpenAPI, under which every
 * reply must be valid. All functions want the lock of struct sim, square_serve
 * takes it.
 */
enum { SQUARE_ID_SIZE = 32, SQUARE_LINES_MAX = 32, SQUARE_LOCATIONS_MAX = 2 };

enum square_state {
	SQUARE_CUSTOM,
	SQUARE_IN_STOCK,
	SQUARE_SOLD,
	SQUARE_RETURNED_BY_CUSTOMER,
	SQUARE_RESERVED_FOR_SALE,
	SQUARE_SOLD_ONLINE,
	SQUARE_ORDERED_FROM_VENDOR,
	SQUARE_RECEIVED_FROM_VENDOR,
	SQUARE_IN_TRANSIT_TO,
	SQUARE_NONE,
	SQUARE_WASTE,
	SQUARE_UNLINKED_RETURN,
	SQUARE_COMPOSED,
	SQUARE_DECOMPOSED,
	SQUARE_SUPPORTED_BY_NEWER_VERSION,
	SQUARE_IN_TRANSIT,
	SQUARE_N_STATES,
};

/* One record of a variation's history. */
struct square_change {
	char id[SQUARE_ID_SIZE];
	size_t at;              /* which location */
	bool is_count;          /* PHYSICAL_COUNT, else ADJUSTMENT */
	enum square_state from; /* of an adjustment */
	enum square_state to;   /* of a count: its state */
	struct decimal quantity;
	int64_t occurred_us; /* the order in which changes apply */
	int64_t created_us;
	bool is_api;                    /* made by a call, not at the till */
	char order_id[SQUARE_ID_SIZE];  /* of a till sale; "" */
	char refund_id[SQUARE_ID_SIZE]; /* what brought it back; "" */
	char *reference_id;             /* owned; NULL: none */
};

/* What one location counts of a variation. */
struct square_shelf {
	struct decimal counts[SQUARE_N_STATES];
	int64_t calculated_us[SQUARE_N_STATES]; /* 0: no such count */
	int64_t n_writes; /* physical counts by calls that took effect */
};

struct square_variation {
	char id[SQUARE_ID_SIZE];
	char item_id[SQUARE_ID_SIZE];
	char *sku;  /* owned */
	char *name; /* owned; of the item */
	char *kind; /* owned; of the variation */
	char upc[16];
	int64_t price;                 /* cents */
	struct square_change *changes; /* owned; by occurred_us */
	size_t n_changes;
	size_t cap_changes;
	struct square_shelf shelves[SQUARE_LOCATIONS_MAX];
	bool is_deleted;
	bool is_archived;                     /* its item is */
	bool is_absent[SQUARE_LOCATIONS_MAX]; /* not sold there */
	struct galaxy_item *item;       /* borrowed; the same thing there */
	struct galaxy_balance *balance; /* borrowed */
};

struct square_line {
	char uid[SQUARE_ID_SIZE];
	struct square_variation *variation; /* borrowed */
	struct decimal quantity;
	bool is_priced; /* by the call, else as the catalogue says */
	int64_t price;  /* cents, for one */
};

enum square_order_state {
	SQUARE_COMPLETED, /* what the till makes */
	SQUARE_OPEN,
	SQUARE_CANCELED,
};

struct square_order {
	char id[SQUARE_ID_SIZE];
	char payment_id[SQUARE_ID_SIZE];
	size_t at; /* which location */
	int64_t version;
	int64_t created_us;
	int64_t updated_us;
	int64_t closed_us;
	int64_t visible_us; /* calls do not find it before */
	struct square_line lines[SQUARE_LINES_MAX];
	size_t n_lines;

	/* Of one that a call made; a till sale has none of it. */
	enum square_order_state state;
	bool is_api;
	char *reference_id;  /* owned; NULL: none */
	char *source;        /* owned; NULL: none was named */
	char *discount_uid;  /* owned; NULL: no discount */
	char *discount_name; /* owned; NULL: none */
	int64_t discount;    /* cents, of the whole order */
	int64_t n_payments;  /* that were taken for it */
	int64_t n_answers;   /* calls with its key: made it, or told of it */
};

/* An answered write, for its idempotency key. */
struct square_key {
	char *key;     /* owned */
	char *request; /* owned; what it asked, printed compactly */
	char *reply;   /* owned; NULL: only partly applied so far */
	size_t n_applied;
};

struct square_cursor {
	char id[SQUARE_ID_SIZE];
	char *query;  /* owned; path and request without cursor and limit */
	int64_t mark; /* where to go on; means what its listing says */
	int64_t until_mono_ms;
	int64_t as_of_us; /* when the listing began */
};

/* What a renewal gave; of the first one, only what it is renewed with. */
struct square_token {
	char *access;          /* owned; NULL: none */
	char *refresh;         /* owned */
	int64_t until_mono_ms; /* of the access token */
	bool is_revoked;
	bool is_spent; /* renewed once; it matters in the PKCE flow */
};

/* Where events go. */
struct square_subscription {
	char id[SQUARE_ID_SIZE];
	char key[SQUARE_ID_SIZE]; /* "": as the hooks were started */
	char *name;               /* owned; so are the texts below */
	char *url;
	char *version;
	char *events; /* blank-separated */
	bool is_enabled;
	int64_t created_us;
	int64_t updated_us;
};

#define SQUARE_MERCHANT "MAGORA0000001"

struct square_options {
	const char *token; /* a personal one */
	const char *client_id;
	const char *client_secret; /* NULL: the PKCE flow */
	const char *refresh_token; /* the first one; NULL: there is none */
	const char *location;
	const char *second;   /* another location; NULL: there is one */
	const char *hook_url; /* of the subscription made by hand; NULL: none */
	const char *hook_key;
	const char *version; /* named where a call names none */
	int64_t cursor_ms;
};

struct square_switches {
	bool ignores_by_count; /* ignore_unchanged_counts compares with the
	                          count now, not with the last physical count */
	int64_t token_s;       /* life of an access token */
	bool old_token_errors; /* of the token call: {message, type} */
	int64_t page_max;      /* a page is no larger, whatever the limit */
};

struct square {
	struct sim *sim;
	struct square_options options; /* texts are borrowed */
	struct square_switches is;
	struct square_variation **variations; /* owned */
	size_t n_variations;
	size_t cap_variations;
	struct square_order **orders; /* owned; by time of making */
	size_t n_orders;
	size_t cap_orders;
	struct square_key *keys; /* owned */
	size_t n_keys;
	size_t cap_keys;
	struct square_cursor cursors[64];
	size_t next_cursor;
	struct square_token *tokens; /* owned */
	size_t n_tokens;
	size_t cap_tokens;
	struct square_subscription *subscriptions; /* owned */
	size_t n_subscriptions;
	size_t cap_subscriptions;
	int64_t n_refreshes;
	int64_t n_refused_refreshes;
	int64_t n_spent_again; /* renewals asked for with a spent token */
	int64_t n_writes;      /* changes by calls that took effect */
	int64_t n_unchanged;   /* physical counts ignored as unchanged */
	size_t partial;        /* changes the next write applies before its 429;
	                        0: all of them, and no 429 */
	int64_t partial_retry_s;
};

/* One variation for each balance of galaxy, counted as Galaxy has it. */
void square_init(struct square *square, struct sim *sim,
                 const struct square_options *options);
void square_fini(struct square *square);

void square_serve(void *ctx, const struct http_call *call,
                  struct server_reply *reply);

/* ---- what happens at the till ---- */

/* By variation id or SKU; NULL: neither. */
struct square_variation *square_find(struct square *square, const char *text);

/* A variation for a balance of Galaxy's, with a first count. */
struct square_variation *square_add(struct square *square,
                                    struct galaxy_item *item,
                                    struct galaxy_balance *balance);

/*
 * The registry as CSV, in the form that `tillbridge items import` reads, with
 * these account names as column heads.
 */
void square_registry(const struct square *square, struct buf *out,
                     const char *erp, const char *till);

struct square_sale {
	struct square_line lines[SQUARE_LINES_MAX]; /* uid is made here */
	size_t n_lines;
	size_t at;                /* which location */
	int64_t closed_ago_s;     /* rung up offline, that long ago */
	int64_t visible_after_ms; /* the order shows that much later */
	bool is_announced;        /* with hooks */
};

/* Make the order, lower the counts. Borrowed, never NULL. */
struct square_order *square_sell(struct square *square,
                                 const struct square_sale *sale);

/* Another quantity in a closed order: a new version. False: no such line. */
bool square_amend(struct square *square, const char *order_id, const char *uid,
                  struct decimal quantity);

/* Someone counts at the till. */
void square_count(struct square *square, struct square_variation *variation,
                  size_t at, struct decimal quantity, bool is_announced);

/*
 * Goods move between two states at the till, without an order of their own: a
 * receipt, a loss, something brought back. To give money back moves nothing:
 * somebody says at the till that the goods are for sale again.
 */
struct square_move {
	struct square_variation *variation; /* borrowed */
	size_t at;                          /* which location */
	enum square_state from;
	enum square_state to;
	struct decimal quantity;
	int64_t ago_s;     /* done offline, that long ago: it shows only now */
	bool has_refund;   /* it belongs to a refund */
	bool is_announced; /* with a hook */
	const char *order_id; /* that sold the goods; "" */
};

/* The adjustment's id. Borrowed: until the variation's next change. */
const char *square_move(struct square *square, const struct square_move *move);

void square_print_state(struct square *square, struct json_out *out);

/* ---- between the files of this module ---- */

/* How many locations there are, their ids, and which one an id is of. */
size_t square_n_locations(const struct square *square);
const char *square_location(const struct square *square, size_t at);
bool square_location_find(const struct square *square, size_t *at,
                          const char *id);

bool square_state_parse(enum square_state *out, const char *name);
const char *square_state_name(enum square_state state);

/* False: Square counts nothing in this state. */
bool square_state_is_counted(enum square_state state);

/* True: calls cannot move goods to or from it. */
bool square_state_is_read_only(enum square_state state);

/* Answer with one error. detail and field may be NULL. */
void square_refuse(struct server_reply *reply, int status, const char *code,
                   const char *field, const char *detail);

/* A JSON object as body; NULL after a refusal. Free it. */
struct json *square_body(const struct http_call *call,
                         struct server_reply *reply);

/* Refuse members that are not in `names` (blank-separated). */
bool square_check_members(const struct json_node *o, const char *names,
                          struct server_reply *reply);

/* A place in a listing: a row's time, or an offset; 0 at its beginning. */
struct square_place {
	int64_t mark;
	int64_t as_of_us; /* when the listing began */
};

/* The place that the request's cursor names. False after INVALID_CURSOR. */
bool square_cursor_read(struct square *square, struct square_place *out,
                        const char *path, const struct json_node *request,
                        struct server_reply *reply);

/* A new cursor for the same query, as member "cursor". */
void square_cursor_out(struct square *square, struct json_out *out,
                       const char *path, const struct json_node *request,
                       const struct square_place *place);

/* The member limit, from 1 to max; false after a refusal. */
bool square_limit_read(const struct square *square, size_t *out,
                       const struct json_node *request, size_t fallback,
                       size_t max, struct server_reply *reply);

/* True when the array is absent or holds the text. */
bool square_is_listed(const struct json_node *request, const char *key,
                      const char *text);

void square_money_out(struct json_out *out, const char *key, int64_t cents);
void square_time_out(struct json_out *out, const char *key, int64_t us);

/* square_stock.c: add a record and count again; the record is copied. */
struct square_change *square_change_add(struct square *square,
                                        struct square_variation *variation,
                                        const struct square_change *change);

/* square_stock.c: the event after a change of a count. */
void square_announce_count(struct square *square,
                           const struct square_variation *variation, size_t at);

/* square_stock.c: the event's envelope around an object. */
void square_announce(struct square *square, size_t at, const char *type,
                     const char *data_type, const char *id, const char *object,
                     int64_t delay_ms);

/* What a line comes to, in cents. */
int64_t square_line_cents(const struct square_line *line);

/* square_inventory.c: what a write with this key was answered; NULL: nothing. */
struct square_key *square_key_find(struct square *square, const char *key);

/* square_orders.c: what an order comes to, and its form in answers. */
void square_order_free(struct square_order *order);
int64_t square_order_cents(const struct square_order *order);
const char *square_order_state_name(enum square_order_state state);
void square_order_out(const struct square *square,
                      const struct square_order *order, struct json_out *out,
                      const char *key);

void square_count_out(const struct square *square,
                      const struct square_variation *variation, size_t at,
                      enum square_state state, struct json_out *out);

/* A change as member "adjustment" or "physical_count"; with its type. */
void square_adjustment_out(const struct square *square,
                           const struct square_variation *variation,
                           const struct square_change *change,
                           struct json_out *out);
void square_change_out(const struct square *square,
                       const struct square_variation *variation,
                       const struct square_change *change,
                       struct json_out *out);

/* square_inventory.c, square_orders.c, square_catalog.c: false, not theirs. */
bool square_serve_inventory(struct square *square, const struct http_call *call,
                            struct server_reply *reply);
bool square_serve_orders(struct square *square, const struct http_call *call,
                         struct server_reply *reply);
bool square_serve_catalog(struct square *square, const struct http_call *call,
                          struct server_reply *reply);

/*
 * square_token.c: the token call; is this bearer good? (else a refusal is
 * written); all tokens end; the seller takes the authorisation back; and gives
 * it anew.
 */
void square_tokens_init(struct square *square);
void square_tokens_fini(struct square *square);
bool square_serve_tokens(struct square *square, const struct http_call *call,
                         struct server_reply *reply);
bool square_token_check(struct square *square, const char *bearer,
                        struct server_reply *reply);
void square_tokens_expire(struct square *square);
void square_tokens_revoke(struct square *square);
void square_tokens_authorise(struct square *square, const char *refresh);
void square_tokens_print(const struct square *square, struct json_out *out);

/*
 * square_hooks.c: the calls about subscriptions, and an event to each that
 * wants it.
 */
void square_hooks_init(struct square *square);
void square_hooks_fini(struct square *square);
bool square_serve_hooks(struct square *square, const struct http_call *call,
                        struct server_reply *reply);
void square_hooks_print(const struct square *square, struct json_out *out);
void square_hooks_send(struct square *square, const char *type,
                       const char *body, int64_t delay_ms);

/* square_pay.c: orders made by calls, and what is paid for them. */
bool square_serve_payments(struct square *square, const struct http_call *call,
                           struct server_reply *reply);

#endif
