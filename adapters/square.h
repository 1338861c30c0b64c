#ifndef ADAPTERS_SQUARE_H
#define ADAPTERS_SQUARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/buf.h"
#include "gateway/base/json.h"
#include "gateway/model/outcome.h"
#include "gateway/ports/adapter.h"
#include "gateway/ports/auth.h"
#include "gateway/ports/http.h"
#include "gateway/ports/oauth.h"
#include "gateway/ports/peer_clock.h"

/*
 * What the files of the Square adapter share; nobody else includes it.
 *
 *   square.c         options, probe, the table
 *   square_call.c    one call, what answers mean, listings
 *   square_counts.c  counts: read and sync
 *   square_write.c   counts: write
 *   square_sales.c   orders as sales
 *   square_returns.c goods that came back, as sales too
 *   square_items.c   what there is to bind
 *   square_hooks.c   subscriptions, so that Square calls us
 *   square_post.c    sales and returns recorded: a till as authority; with
 *                    square_post.h and the files that it names
 *
 * Source  Square OpenAPI 2025-08-20 and the vendor's documentation, as
 *         digested in the project's reference on Square, read 2026-11-21.
 */
enum {
	SQUARE_MAGIC = 0x53515245, /* "SQRE" */
	SQUARE_BATCH_MAX = 100,    /* changes, orders or ids a call */
	SQUARE_MALFORMED = 1,      /* condition: not what is documented */
};

struct square {
	unsigned magic;
	const char *base;     /* borrowed from conf; no slash at its end */
	const char *location; /* borrowed from conf */
	const char *version;  /* borrowed from conf */
	char *bearer;         /* owned; wiped; NULL: oauth */
	struct oauth *oauth;  /* owned; NULL: a token that does not end */
	struct auth auth;
	struct mirror *mirror;
	struct peer_clock clock;
	int64_t margin_ms; /* no count is stamped later than this before now */
	char currency[4];  /* of the location; "": not asked yet */
};

struct square *square_of(void *state); /* checks the magic number */

/* How a call proves who we are; its ctx is the struct square. */
extern const struct auth_ops square_key;

/* What adapter.h says; it also learns the location's currency. */
struct outcome square_probe(void *state, struct buf *what);

/* ---- one call (square_call.c) ---- */

/*
 * Send and judge.
 *
 * path   behind the base URL
 * body   JSON for a POST; NULL: a GET
 * doc    receives the answer's JSON, whatever the outcome; NULL when it is
 *        none, and never NULL on DONE. The caller's (json_free)
 */
struct outcome square_call(struct square *s, const char *path,
                           const struct buf *body, struct json **doc);

/* The same with PUT: what is there becomes what body says, however often. */
struct outcome square_put(struct square *s, const char *path,
                          const struct buf *body, struct json **doc);

/*
 * The same for a POST that records something: whatever leaves open whether it
 * was done is UNCERTAIN.
 */
struct outcome square_post(struct square *s, const char *path,
                           const struct buf *body, struct json **doc);

/* Is this code among the errors of an answer? doc may be NULL. */
bool square_has_error(const struct json *doc, const char *code);

/* ---- listings: one query, page after page (square_call.c) ---- */

struct square_listing {
	const char *path;

	/* Write the members of the query besides the cursor. */
	void (*build)(struct json_out *o, const struct square_listing *l);

	/* Take one page: 0, SQUARE_MALFORMED, or a fault that ends it. */
	int (*take)(void *ctx, const struct json_node *root);
	void *ctx;

	const struct square *square;
	const struct count *counts; /* whose counts; NULL: all */
	size_t n_counts;
	int64_t from_ms; /* 0: no lower end */
	int64_t until_ms;
};

/* All pages; anything but DONE when one of them failed. */
struct outcome square_list(struct square *s, const struct square_listing *l);

/*
 * An array member of a page; absent is empty (Square leaves empty ones out).
 * Returns 0, SQUARE_MALFORMED.
 */
int square_find_rows(const struct json_node **out, const struct json_node *root,
                     const char *key);

void square_out_time(struct json_out *o, const char *key, int64_t wall_ms);

/* An array of one text. */
void square_out_one(struct json_out *o, const char *key, const char *text);

/*
 * Digits of a currency's smaller unit, in which Square counts money.
 * Source  ISO 4217; BTC is counted in satoshi.
 */
int square_minor_digits(const char *currency);

/* ---- sales and returns ---- */

/* Within what a line can be; sums of decimals stay far inside their range. */
bool square_is_quantity(struct decimal quantity);

/* Is this id of a sale one that square_returns.c made? Read such a one. */
bool square_is_return(const char *id);
struct outcome square_read_return(struct square *s, const char *id,
                                  const struct sale_sink *sink);

/* ---- functions of the table ---- */

struct outcome square_read_counts(void *state, struct count *counts, size_t n);
struct outcome square_write_counts(void *state, struct count *counts, size_t n,
                                   int64_t as_of_ms);
struct outcome square_list_sales(void *state, int64_t since_ms,
                                 int64_t until_ms,
                                 const struct sale_sink *sink);
struct outcome square_read_sales(void *state, const char *const *ids, size_t n,
                                 const struct sale_sink *sink);
struct outcome square_post_entry(void *state, const struct entry *entry);
struct outcome square_find_entry(void *state, const struct entry *entry);
struct outcome square_list_returns(void *state, int64_t since_ms,
                                   int64_t until_ms,
                                   const struct sale_sink *sink);
struct outcome square_list_items(void *state, enum listing_by by,
                                 const char *text,
                                 const struct listing_sink *sink);
struct outcome square_register_hooks(void *state, const struct hook_job *job);
struct outcome square_sync(void *state, const struct sync_job *job,
                           const struct sync_sink *sink);

#endif
