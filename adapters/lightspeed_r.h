#ifndef ADAPTERS_LIGHTSPEED_R_H
#define ADAPTERS_LIGHTSPEED_R_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/buf.h"
#include "gateway/base/decimal.h"
#include "gateway/base/json.h"
#include "gateway/model/outcome.h"
#include "gateway/ports/adapter.h"
#include "gateway/ports/auth.h"
#include "gateway/ports/http.h"
#include "gateway/ports/oauth.h"
#include "gateway/ports/peer_clock.h"

/*
 * What the files of the Lightspeed R adapter share; nobody else includes it.
 *
 *   lightspeed_r.c         options, bindings, the table
 *   lightspeed_r_probe.c   account, shop, register, employee, payment type
 *   lightspeed_r_call.c    one call, what answers mean, listings
 *   lightspeed_r_value.c   values: texts that hold numbers, names in any case
 *   lightspeed_r_counts.c  counts: read and sync
 *   lightspeed_r_write.c   counts: write
 *   lightspeed_r_sales.c   completed sales, with what came back
 *   lightspeed_r_post.c    sales recorded: a till as authority
 *   lightspeed_r_items.c   things by SKU, barcode and name
 *
 * Source  Lightspeed's Retail (R-Series) API documentation, V3, as digested in
 *         the project's reference on it, read 2026-11-22.
 */
enum {
	LIGHTSPEED_R_MAGIC = 0x4c535220, /* "LSR " */
	LIGHTSPEED_R_BATCH_MAX = 10,     /* a write is a call an item */
	LIGHTSPEED_R_IDS_MAX = 100,      /* values of one IN */
	LIGHTSPEED_R_TOLD_MAX = 256,     /* sales that we remember telling of */
	LIGHTSPEED_R_MALFORMED = 1,      /* condition: not what is documented */
};

struct lightspeed_r {
	unsigned magic;
	char *root; /* owned; up to and with the account, no slash at its end */
	char *accounts_url; /* owned; what this token may see */
	struct oauth *oauth;
	struct auth auth;
	struct mirror *mirror;
	int64_t account;
	int64_t shop;
	int64_t till; /* registerID */
	int64_t employee;
	int64_t payment_type;
	struct peer_clock clock;
	bool is_placed; /* all that is configured was found once */
	char account_name[64];
	int64_t told[LIGHTSPEED_R_TOLD_MAX]; /* saleID; a ring */
	size_t n_told;                       /* ever */
	int64_t told_from_ms; /* where the last listing began; their clock */
};

struct lightspeed_r *lightspeed_r_of(void *state); /* checks the magic number */

/* ---- one call (lightspeed_r_call.c) ---- */

struct lightspeed_r_call {
	const char *method;
	const char *path; /* behind the account: "Sale/7.json?…"; NULL: the
	                     accounts that there are */
	const struct buf *body; /* NULL: none */
	unsigned cost;          /* drips, rounded up */
	bool may_not_repeat;    /* it records something: whatever leaves open
	                           whether it was done is UNCERTAIN */
};

/*
 * Send and judge.
 *
 * doc  receives the answer's JSON, whatever the outcome; NULL when it is none,
 *      and never NULL on DONE. The caller's (json_free)
 *
 * Returns  DONE, ABSENT (404; what of, the caller knows), RETRY, SLOW, LOCKED,
 *          REFUSED, UNCERTAIN.
 */
struct outcome lightspeed_r_send(struct lightspeed_r *l,
                                 const struct lightspeed_r_call *call,
                                 struct json **doc);

/* ---- listings: page after page (lightspeed_r_call.c) ---- */

struct lightspeed_r_listing {
	const char *resource; /* "ItemShop"; static */
	const char *query;    /* behind `limit=100`, each with its `&` */
	bool has_relations;   /* the query loads some: dearer */
	int (*take)(void *ctx, const struct json_node *row); /* 0, MALFORMED or
	                                                        a fault */
	void *ctx;
	const struct sync_sink *sink; /* of a sync; NULL */
	int64_t n_rows;               /* so far */
};

/* All pages; anything but DONE when one of them failed. */
struct outcome lightspeed_r_list(struct lightspeed_r *l,
                                 struct lightspeed_r_listing *listing);

/* "&name=operator,value", the value encoded; operator "": none. */
void lightspeed_r_add_term(struct buf *query, const char *name,
                           const char *operator, const char * value);

/* A moment as the vendor writes it, in whole seconds. */
void lightspeed_r_add_time(struct buf *query, const char *name,
                           const char *operator, int64_t wall_ms);

/* ---- values (lightspeed_r_value.c) ---- */

/* A member, its name in whatever case; NULL: absent. */
const struct json_node *lightspeed_r_find(const struct json_node *o,
                                          const char *key);

/* A text, or a number's own; "" where it is neither. Borrowed until the next
   call. */
const char *lightspeed_r_text(const struct json_node *o, const char *key);

/* A whole number in a text, as nearly all are; fallback where it is none. */
int64_t lightspeed_r_int_or(const struct json_node *o, const char *key,
                            int64_t fallback);

/*
 * A number in a text. Calculated money may have more places than a decimal
 * holds: they are cut. Returns 0, JSON_ABSENT (also ""), JSON_WRONG_TYPE.
 */
int lightspeed_r_decimal(struct decimal *out, const struct json_node *o,
                         const char *key);

/* "true" and "false" are texts, too. Anything else is not true. */
bool lightspeed_r_is(const struct json_node *o, const char *key);

/* A moment. Returns 0, LIGHTSPEED_R_MALFORMED; absent and "" are 0. */
int lightspeed_r_time(int64_t *out, const struct json_node *o, const char *key);

/*
 * A list with one element is that element, an empty one is absent. Returns 0,
 * LIGHTSPEED_R_MALFORMED: something else is there.
 */
int lightspeed_r_length(size_t *out, const struct json_node *list);
const struct json_node *lightspeed_r_at(const struct json_node *list, size_t i);

/* ---- sales ---- */

/* Within what a line can be; sums of decimals stay far inside their range. */
bool lightspeed_r_is_quantity(struct decimal quantity);

/*
 * What was sold since as_of_ms (our clock) and list_sales did not tell of: take
 * it off. counts are targets; what is sold beyond one leaves 0.
 */
struct outcome lightspeed_r_take_off_later(struct lightspeed_r *l,
                                           struct count *counts, size_t n,
                                           int64_t as_of_ms);

/* ---- functions of the table ---- */

struct outcome lightspeed_r_probe(void *state, struct buf *what);
struct outcome lightspeed_r_read_counts(void *state, struct count *counts,
                                        size_t n);
struct outcome lightspeed_r_write_counts(void *state, struct count *counts,
                                         size_t n, int64_t as_of_ms);
struct outcome lightspeed_r_list_sales(void *state, int64_t since_ms,
                                       int64_t until_ms,
                                       const struct sale_sink *sink);
struct outcome lightspeed_r_read_sales(void *state, const char *const *ids,
                                       size_t n, const struct sale_sink *sink);
struct outcome lightspeed_r_post_entry(void *state, const struct entry *entry);
struct outcome lightspeed_r_find_entry(void *state, const struct entry *entry);
struct outcome lightspeed_r_list_items(void *state, enum listing_by by,
                                       const char *text,
                                       const struct listing_sink *sink);
struct outcome lightspeed_r_sync(void *state, const struct sync_job *job,
                                 const struct sync_sink *sink);

#endif
