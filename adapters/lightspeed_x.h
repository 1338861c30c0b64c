#ifndef ADAPTERS_LIGHTSPEED_X_H
#define ADAPTERS_LIGHTSPEED_X_H

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
 * What the files of the Lightspeed X adapter share; nobody else includes it.
 *
 *   lightspeed_x.c           options, bindings, the table
 *   lightspeed_x_call.c      one call, what answers mean, lists by version
 *   lightspeed_x_number.c    numbers that were doubles there
 *   lightspeed_x_versions.c  which version was the newest at which moment
 *   lightspeed_x_begin.c     from which version on sales are listed
 *   lightspeed_x_probe.c     retailer, outlet, register, user, payment type
 *   lightspeed_x_counts.c    counts: read and sync
 *   lightspeed_x_write.c     counts: write, and the note of what is on its way
 *   lightspeed_x_sales.c     sales, listed by version and read by id
 *   lightspeed_x_post.c      sales and returns recorded: a till as authority
 *   lightspeed_x_taxes.c     what a sale's line owes
 *   lightspeed_x_items.c     products found by SKU, barcode and name
 *   lightspeed_x_hooks.c     webhooks registered
 *
 * Every change of anything gets the retailer's next version number; lists go
 * up by it. So a version is what others call a cursor.
 *
 * Source  The vendor's OpenAPI 2.0 and 2026-07 and its guides, as digested in
 *         the project's reference on Lightspeed X, read 2026-11-22.
 */
enum {
	LIGHTSPEED_X_MAGIC = 0x4c535058, /* "LSPX" */
	LIGHTSPEED_X_BATCH_MAX = 500,    /* items a call; 1000 are allowed */
	LIGHTSPEED_X_ID_SIZE = 37,       /* of a UUID, with NUL */
	LIGHTSPEED_X_MILESTONES = 64,
	LIGHTSPEED_X_PLACES = 5,    /* of a count and a quantity */
	LIGHTSPEED_X_MALFORMED = 1, /* condition: not what is documented */
	LIGHTSPEED_X_ENOUGH = 2,    /* condition: a list need not go on */
};

struct lightspeed_x_seen {
	char product[LIGHTSPEED_X_ID_SIZE];
	struct decimal count;
};

/* Whatever changes from at_ms on has a larger version than this one. */
struct lightspeed_x_milestone {
	int64_t at_ms; /* their clock */
	int64_t version;
};

struct lightspeed_x {
	unsigned magic;
	const struct conf_section *conf; /* borrowed */
	const char *base;                /* borrowed; no slash at its end */
	const char *dated;               /* borrowed; "2026-07" */
	char outlet[LIGHTSPEED_X_ID_SIZE];
	char at_register[LIGHTSPEED_X_ID_SIZE];
	char user[LIGHTSPEED_X_ID_SIZE];
	char payment_type[LIGHTSPEED_X_ID_SIZE];
	char *bearer;        /* owned; wiped; NULL: oauth */
	struct oauth *oauth; /* owned; NULL: a personal token */
	struct auth auth;
	struct mirror *mirror;
	struct peer_clock clock;
	bool is_placed; /* all that is configured was found once */
	struct lightspeed_x_milestone milestones[LIGHTSPEED_X_MILESTONES];
	size_t n_milestones; /* by rising time */
	bool has_milestones; /* the note was read */
	bool has_new_ones;   /* … and is not what we know any more */
	int64_t newest;      /* version seen; 0: none yet */
	bool is_settled;     /* no write of ours is on its way */
	struct lightspeed_x_seen seen[LIGHTSPEED_X_BATCH_MAX]; /* last look */
	size_t n_seen;
	struct json *taxes; /* owned; NULL: not asked yet, nor the outlet */
	struct json *place; /* owned; our outlet */
};

struct lightspeed_x *lightspeed_x_of(void *state); /* checks the magic */

/* Is this a UUID? With out: in lower case. */
bool lightspeed_x_read_id(char out[LIGHTSPEED_X_ID_SIZE], const char *text);

/* How a call proves who we are; its ctx is the struct lightspeed_x. */
extern const struct auth_ops lightspeed_x_key;

/* ---- one call (lightspeed_x_call.c) ---- */

/*
 * Read.
 *
 * path  behind the base URL; taken, NULL is out of memory (as text_format has
 *       it)
 * doc   receives the answer's JSON, an object or array, on DONE; the caller's
 *
 * Returns  DONE, ABSENT (404; what of, the caller knows), RETRY, SLOW, LOCKED,
 *          REFUSED.
 */
struct outcome lightspeed_x_get(struct lightspeed_x *x, struct json **doc,
                                char *path);

/* Read by a POST that changes nothing. body: JSON. */
struct outcome lightspeed_x_ask(struct lightspeed_x *x, struct json **doc,
                                const struct buf *body, char *path);

/*
 * Change something: the same, but UNCERTAIN where it may have been done. Where
 * it was refused, doc receives what is said of that, or NULL; status the HTTP
 * status, 0 without an answer.
 */
struct outcome lightspeed_x_change(struct lightspeed_x *x, struct json **doc,
                                   int *status, const char *method,
                                   const struct buf *body, char *path);

/* The same by POST, with a form as body. */
struct outcome lightspeed_x_change_form(struct lightspeed_x *x,
                                        struct json **doc, int *status,
                                        const struct buf *body, char *path);

/* A 404 about what must be there: who or where we are is wrong. */
struct outcome lightspeed_x_must_be(struct outcome outcome, const char *what);

/* ---- lists: upwards by version (lightspeed_x_call.c) ---- */

struct lightspeed_x_list {
	const char *name;  /* "inventory": of version 2.0; static */
	const char *query; /* further parameters, "&…"; "" */
	int64_t after;     /* goes up */
	int page_size;
	int (*take)(void *ctx, const struct json_node *row); /* 0, MALFORMED,
	                                                ENOUGH or a fault */
	void *ctx;
	const struct sync_sink *sink; /* of a sync; NULL */
	int64_t n_rows;               /* so far */
};

/* All of it; anything but DONE when one page failed. */
struct outcome lightspeed_x_list(struct lightspeed_x *x,
                                 struct lightspeed_x_list *l);

/* ---- numbers (lightspeed_x_number.c) ---- */

/*
 * A member that is a number, or a text that holds one, rounded to places.
 * Returns 0, JSON_ABSENT, JSON_WRONG_TYPE (no number, or too big); out is
 * untouched unless 0.
 */
int lightspeed_x_get_number(struct decimal *out, const struct json_node *o,
                            const char *key, int places);

/* ---- versions (lightspeed_x_versions.c) ---- */

/* How far up an answer's rows go, as it says itself; where it does not, the
   largest of theirs. At least min. */
int64_t lightspeed_x_top(const struct json_node *root, int64_t min);

/* A version was seen in an answer that came just now. */
void lightspeed_x_saw(struct lightspeed_x *x, int64_t version);

/*
 * The largest version we know below which nothing changed later than at_ms, by
 * their clock. -1: we know of none. 0 or a fault.
 */
int lightspeed_x_version_at(struct lightspeed_x *x, int64_t *out,
                            int64_t at_ms);

/* One that was found out otherwise. */
void lightspeed_x_learn(struct lightspeed_x *x, int64_t version, int64_t at_ms);

/* Into the mirror, when there is something new. 0 or a fault. */
int lightspeed_x_keep_versions(struct lightspeed_x *x);

/* A version that is not above the newest of stock; costs a call when none was
   seen yet. */
struct outcome lightspeed_x_newest(struct lightspeed_x *x, int64_t *out);

/*
 * From which version on, for all sales that changed since at_ms by their clock
 * (lightspeed_x_begin.c). Where nothing is known of that, it is searched for.
 */
struct outcome lightspeed_x_begin(struct lightspeed_x *x, int64_t *out,
                                  int64_t at_ms);

/* ---- what a line of a sale owes (lightspeed_x_taxes.c) ---- */

struct lightspeed_x_tax {
	char id[LIGHTSPEED_X_ID_SIZE];
	struct decimal rate;  /* 0.24 */
	struct decimal price; /* of one, tax included, as the till has it */
};

/* The taxes and the outlet; once, and again after lightspeed_x_forget_taxes. */
struct outcome lightspeed_x_load_taxes(struct lightspeed_x *x);
void lightspeed_x_forget_taxes(struct lightspeed_x *x);

/* The outlet's currency, "" when it does not say; after they are loaded. */
const char *lightspeed_x_currency(const struct lightspeed_x *x);

/*
 * The tax of a product, after they are loaded. Returns DONE; REFUSED: no such product, or no tax that
 * fits; else nothing was learned.
 */
struct outcome lightspeed_x_tax_of(struct lightspeed_x *x,
                                   struct lightspeed_x_tax *out,
                                   const char *product);

/* ---- functions of the table, and what they share ---- */

/*
 * Wait for what a crash or a lost answer left on its way, before counts are
 * read or written. DONE: nothing is.
 */
struct outcome lightspeed_x_settle(struct lightspeed_x *x);

struct outcome lightspeed_x_probe(void *state, struct buf *what);
struct outcome lightspeed_x_read_counts(void *state, struct count *counts,
                                        size_t n);
struct outcome lightspeed_x_write_counts(void *state, struct count *counts,
                                         size_t n, int64_t as_of_ms);
struct outcome lightspeed_x_list_sales(void *state, int64_t since_ms,
                                       int64_t until_ms,
                                       const struct sale_sink *sink);
struct outcome lightspeed_x_read_sales(void *state, const char *const *ids,
                                       size_t n, const struct sale_sink *sink);
struct outcome lightspeed_x_post_entry(void *state, const struct entry *entry);
struct outcome lightspeed_x_find_entry(void *state, const struct entry *entry);
struct outcome lightspeed_x_list_items(void *state, enum listing_by by,
                                       const char *text,
                                       const struct listing_sink *sink);
struct outcome lightspeed_x_register_hooks(void *state,
                                           const struct hook_job *job);
struct outcome lightspeed_x_sync(void *state, const struct sync_job *job,
                                 const struct sync_sink *sink);

#endif
