#ifndef PORTS_ADAPTER_H
#define PORTS_ADAPTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/decimal.h"
#include "gateway/model/conf.h"
#include "gateway/model/limits.h"
#include "gateway/model/outcome.h"
#include "gateway/model/sale.h"
#include "gateway/ports/http.h"
#include "gateway/ports/mirror.h"
#include "gateway/ports/vault.h"

/*
 * What an external system can do. A table of functions that every system fills
 * as far as it can; a missing function is a missing capability, shown as such,
 * never a stub.
 *
 * The adapter reports, the engine decides: no function here sleeps, retries,
 * limits its rate or logs; what happened goes into the outcome. Every function
 * runs on the account's own worker thread, may block no longer than the
 * client's time-outs, and borrows its arguments.
 */

/* One item at one account, in a batch of looks. */
struct count {
	const char *external; /* borrowed; the account's id of the item */
	int64_t bound_ms;     /* read: our wall clock when it was bound; what
	                         moved there before is nobody's sale. 0: it is
	                         not bound, or only asked for: nothing is to be
	                         noted of it */
	struct decimal qty; /* read: what it shows; write: what it shall show */
	bool is_known;      /* read: false is "no positive answer", never 0 */
	struct outcome outcome; /* of this one; DONE unless said otherwise */
};

/* It is bound, and what moved before counts too: the books that said since when
   were lost. */
enum { COUNT_BOUND_LONG_AGO = 1 };

/* Where a sync reports to. Each returns 0 or a fault that ends the sync. */
struct sync_sink {
	void *ctx;

	/* Right before the first request whose counts will be reported: what is
	   read by others from here on is newer than they. */
	int (*begin_counts)(void *ctx);

	/* A count seen. Unbound externals are welcome and ignored. */
	int (*count)(void *ctx, const char *external, struct decimal qty);

	/* Progress in rows of an entity, for people; total: as many as there
	   were last time; 0: unknown. */
	void (*progress)(void *ctx, const char *entity, int64_t rows,
	                 int64_t total);

	/* Let urgent work have its turn: between pages, and as `idle` of a long
	   request (its ctx is this ctx). May run every other function of this
	   adapter on this same state, but for sync. */
	int (*breathe)(void *ctx);

	/* What became of one list, for people and a dry run. */
	void (*listed)(void *ctx, const char *entity,
	               const struct mirror_tally *tally);

	/* Rows of a list were of no use and skipped; why: the first one. */
	void (*skipped)(void *ctx, const char *entity, int64_t rows,
	                const char *why);

	/* Rows refer to rows that are not there; why: the first one. */
	void (*dangling)(void *ctx, const char *entity, int64_t refs,
	                 const char *why);
};

struct sync_job {
	bool is_full;       /* else what changed since the stored cursors */
	bool is_dry;        /* read and compare, write nothing */
	int64_t started_ms; /* wall clock, taken before the first request */
};

/* Where sales are reported to. 0, or a fault that ends the listing. */
struct sale_sink {
	void *ctx;
	int (*sale)(void *ctx, struct sale *sale); /* may take members out */
};

/* Why an order or customer cannot be taken, in the words of who sent it. */
struct entry_problem {
	char field[120]; /* "delivery.address.city", "lines[2].sku"; or the
	                    option at fault, "entry.trader" */
	char why[400];   /* with the candidates where a name fits several */
};

/* A thing that is stocked there, as a person may look for it. Borrowed texts;
   "" is none. */
struct listing {
	const char *external; /* what a binding of it is written as */
	const char *sku;
	const char *barcode; /* several: with blanks between */
	const char *name;    /* with its variant's, where it has one */
};

/* What to go by when things are looked for. */
enum listing_by { LISTING_ALL, LISTING_SKU, LISTING_BARCODE, LISTING_NAME };

/* Where things are reported to. 0, or a fault that ends the listing. */
struct listing_sink {
	void *ctx;
	int (*listing)(void *ctx, const struct listing *listing);
};

/* A thing that was registered here for a shop. Borrowed texts; "" is none. */
struct new_item {
	const char *external;   /* its id there, as it is bound */
	const char *pos_id;     /* its id at the account that it is sold at */
	const char *account_id; /* that account, as who registered it says */
	const char *name;
	const char *limit; /* units kept back; decimal */
};

/* What is to be done there so that it calls us. */
struct hook_job {
	const char *url;    /* where calls shall go: public, https */
	bool is_dry;        /* read, and say what would be done */
	struct buf *what;   /* a line a step that changes something there, for a
	                       person: what is done, or would be. Empty: all is
	                       as it should be. No secret. */
	struct buf *secret; /* the key that calls will be signed with, where the
	                       vendor makes it; else empty. For the
	                       configuration, never shown. */
};

/* A table that a sync mirrors. */
struct adapter_list {
	const char *name; /* in the mirror and in `paths`; static */
	bool has_ids;     /* its rows can be asked for by `ids` */
};

/* Everything an adapter needs beside its own state; borrowed. */
struct adapter_env {
	const struct conf_section *conf; /* the account */
	struct http_client
		*http;         /* NULL: only what needs no network is asked */
	struct mirror *mirror; /* the account's own tables */
	struct vault *vault;   /* for keys that renew themselves; NULL: none is
	                          needed, or nothing will be asked */
};

struct adapter_ops {
	/* Type in the configuration, log field, metric label. Static. */
	const char *name;

	/* Its options besides the common ones; ends with key NULL. */
	const struct conf_row *options;
	const char *default_url; /* NULL: `url` is required */
	unsigned url_flags;      /* CONF_PLAIN_HTTP: an on-site system;
	                            CONF_SOURCE: it only calls us;
	                            CONF_NO_URL: not reached by HTTP */

	/* Digits after the point that a count can hold there (0..9). */
	int count_places;

	/* Items per read_counts and write_counts call at most; >= 1. */
	size_t (*batch_max)(const struct conf_section *conf);

	/*
	 * How confirmed entries leave "pending" when this system is the
	 * authority. False: a balance read after the confirmation contains them.
	 * True: they settle by observed drops, or after *wait_ms. NULL: false.
	 */
	bool (*settles_by_drops)(const struct conf_section *conf,
	                         int64_t *wait_ms);

	/* May a return be posted as an entry? NULL or false: a person decides. */
	bool (*takes_returns)(const struct conf_section *conf);

	/*
	 * How often it may be called, as published and configured; *out comes
	 * zeroed. Pure. The engine keeps it for every call of the account, those
	 * that fail and log-ins included: a call that may not go yet waits, or
	 * is answered as the vendor would, with 429, was_sent false and
	 * retry_after_ms; nothing is to be done for that but to judge 429 as
	 * slow. What costs more than one call says so (http_request.cost). NULL:
	 * none are known; the vendor's own 429 tells.
	 */
	void (*limits)(struct limits *out, const struct conf_section *conf);

	/* A sales listing reaches back this far for late offline sales, ms. */
	int64_t sales_window_ms;

	/*
	 * Cross-checks of the options, at load: append one line per mistake,
	 * each beginning with the key (`access_token: …`). NULL: none.
	 */
	void (*check)(const struct conf_section *conf, struct buf *mistakes);

	/* The same for two accounts of this type; other comes first in the
	   file. NULL: they never get in each other's way. */
	void (*check_pair)(const struct conf_section *conf,
	                   const struct conf_section *other,
	                   struct buf *mistakes);

	/* Read options, touch no network. close() runs even after a fault. */
	int (*open)(void **state, const struct adapter_env *env);
	void (*close)(void *state); /* safe on NULL */

	/*
	 * The cheapest authenticated call. what receives what was found, for a
	 * person: `company "Demo", web scenario B2C`.
	 */
	struct outcome (*probe)(void *state, struct buf *what);

	/*
	 * What must be done in time although nothing is asked: a key that dies
	 * unused. Called about once an hour. DONE may say in `why` what is odd.
	 * NULL: nothing.
	 */
	struct outcome (*tend)(void *state);

	/*
	 * Turn what a person wrote as a binding into the account's canonical
	 * external id, and the ids under which calls may name it (refs: added
	 * one by one through add). No network; the mirror may be asked.
	 * Returns 0, ADAPTER_UNRESOLVED (not known yet; external may say why),
	 * ADAPTER_AMBIGUOUS or a fault. NULL: external = what was written, and its only ref.
	 */
	int (*resolve)(void *state, struct buf *external, const char *written,
	               void (*add_ref)(void *ctx, const char *ref), void *ctx);

	/*
	 * What resolve makes of an id, as far as the configuration alone tells:
	 * for who asks without the account's worker. NULL: nothing is changed.
	 */
	void (*canonical)(const struct conf_section *conf, struct buf *external,
	                  const char *written);

	/*
	 * Read counts of up to batch_max items. On DONE each count is filled or
	 * left with is_known = false; REFUSED of one means that the system has
	 * no such thing: it is not written then, a person is told why. Anything
	 * else: nothing was learned.
	 */
	struct outcome (*read_counts)(void *state, struct count *counts,
	                              size_t n);

	/*
	 * Make the system show these counts. Idempotent: the same input builds
	 * the same request with the same key. as_of_ms is the moment (our wall
	 * clock) up to which sales are inside the counts: the vendor's own later
	 * changes must survive where its API allows that. The outcome holds for
	 * all; single refusals go into counts[i].outcome with DONE for the call.
	 */
	struct outcome (*write_counts)(void *state, struct count *counts,
	                               size_t n, int64_t as_of_ms);

	/*
	 * The system's clock less ours in ms, as its last answer told it; 0:
	 * about equal, or not known. Times of sales, in and out, are by its
	 * clock, so that ours may be wrong or set anew. NULL: 0.
	 */
	int64_t (*skew_ms)(const void *state);

	/*
	 * Does list_sales tell any, as configured? A choice there is where a
	 * shop may post its sales to us instead: while they are listed, orders
	 * and sales of its items that come through the API are refused, lest
	 * they be booked twice. NULL: wherever it is, and the API is another's.
	 */
	bool (*lists_sales)(const struct conf_section *conf);

	/* Sales that became final in [since_ms, until_ms], oldest first. */
	struct outcome (*list_sales)(void *state, int64_t since_ms,
	                             int64_t until_ms,
	                             const struct sale_sink *sink);

	/*
	 * Of each, the units on sales that are still open: where they leave the
	 * count as they are rung up, they are missing there, and no final sale
	 * says why. Asked for only when a count fell without a known sale, after
	 * list_sales; counts[i].qty comes as 0. NULL: only final sales move the
	 * counts.
	 */
	struct outcome (*read_open)(void *state, struct count *counts,
	                            size_t n);

	/*
	 * Goods that came back and are for sale again, as far as list_sales does
	 * not show them: known since since_ms, until until_ms, oldest first. Each
	 * is a sale of its own with negative quantities; its id is of the movement
	 * and differs from every sale's. NULL: list_sales shows all there is.
	 */
	struct outcome (*list_returns)(void *state, int64_t since_ms,
	                               int64_t until_ms,
	                               const struct sale_sink *sink);

	/* These sales by their ids (at most 100), as either listing gave them;
	   missing ones are left out. */
	struct outcome (*read_sales)(void *state, const char *const *ids,
	                             size_t n, const struct sale_sink *sink);

	/*
	 * Record a document. Called once for an entry unless the last outcome
	 * proved that nothing was recorded. RETRY only when certainly nothing
	 * arrived; otherwise UNCERTAIN.
	 */
	struct outcome (*post_entry)(void *state, const struct entry *entry);

	/*
	 * Could this order or customer be posted, going by the mirror alone?
	 * No network; http may be NULL.
	 *
	 * Returns  DONE; REFUSED with *problem filled; RETRY: not known yet (the
	 *          first sync has not ended). NULL: it takes neither.
	 */
	struct outcome (*check_entry)(void *state, const struct entry *entry,
	                              struct entry_problem *problem);

	/*
	 * Is this entry's document there? DONE: yes. ABSENT: no. REFUSED: no
	 * look-up is possible. It is known by its docid; its lines are as bound
	 * now, which may be otherwise than when it was posted. One that is half
	 * there and is completed by posting it again is ABSENT.
	 */
	struct outcome (*find_entry)(void *state, const struct entry *entry);

	/*
	 * Can find_entry say anything of entries of this kind, as configured?
	 * False: nobody asks, a person decides on what is uncertain. NULL: it
	 * always can.
	 */
	bool (*can_find)(const struct conf_section *conf, enum entry_kind kind);

	/*
	 * Read a picture. bytes is replaced; type: "image/png", …, static.
	 * DONE, ABSENT: there is none with this id.
	 */
	struct outcome (*read_image)(void *state, struct buf *bytes,
	                             const char **type, const char *id);

	/*
	 * Things that are stocked there: all of them, or those whose SKU or
	 * barcode is text, or whose name has it in it, in any case. Each once,
	 * in no order; what is no longer sold is left out. Pages, and goes over
	 * the network unless there is a mirror.
	 */
	struct outcome (*list_items)(void *state, enum listing_by by,
	                             const char *text,
	                             const struct listing_sink *sink);

	/*
	 * Make the place where the count of this thing will stand, if there is
	 * none: without units, for none have been counted. Idempotent; what is
	 * there stays as it is. ABSENT: a shop that adds its own. NULL: so does
	 * this one.
	 */
	struct outcome (*add_item)(void *state, const struct new_item *item);

	/*
	 * Have the system call job->url for every change that the handler of
	 * this type understands. Idempotent: what is there as it should be is
	 * left as it is, what is there for another URL is not ours and stays.
	 * REFUSED says what a person must do by hand.
	 */
	struct outcome (*register_hooks)(void *state,
	                                 const struct hook_job *job);

	/* What sync mirrors; ends with name NULL. NULL: nothing. Static. */
	const struct adapter_list *lists;

	/*
	 * Bring the mirror up to date and report the counts seen: everything,
	 * or what changed since the stored cursors. A list that broke off counts
	 * for nothing. Cursors move with their rows (mirror_list_end).
	 */
	struct outcome (*sync)(void *state, const struct sync_job *job,
	                       const struct sync_sink *sink);
};

enum { ADAPTER_UNRESOLVED = 1, ADAPTER_AMBIGUOUS = 2 };

/* Can uncertain entries of this kind be looked up there? ops NULL: no. */
bool adapter_can_find(const struct adapter_ops *ops,
                      const struct conf_section *conf, enum entry_kind kind);

/* Are its sales listed, as configured? ops NULL: no. */
bool adapter_lists_sales(const struct adapter_ops *ops,
                         const struct conf_section *conf);

/* An id of this account as it is bound, from what was written. ops NULL: the
   same. */
void adapter_canonical(struct buf *external, const struct adapter_ops *ops,
                       const struct conf_section *conf, const char *written);

/* The other way: the part before the last slash where that means the same. */
void adapter_plain(struct buf *written, const struct adapter_ops *ops,
                   const struct conf_section *conf, const char *external);

/* What an account may be able to do, in words: "write counts". */
struct adapter_ability {
	const char *words; /* static */
	bool is_there;
};
enum { ADAPTER_ABILITIES = 8 };

/* All of them, always in the same order. */
void adapter_abilities(struct adapter_ability out[ADAPTER_ABILITIES],
                       const struct adapter_ops *ops,
                       const struct conf_section *account);

/* Is this one asked for? For list_items of who has to read everything. */
bool listing_fits(const struct listing *listing, enum listing_by by,
                  const char *text);

#endif
