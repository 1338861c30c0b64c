#ifndef ADAPTERS_HIBOUTIK_H
#define ADAPTERS_HIBOUTIK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/buf.h"
#include "gateway/base/decimal.h"
#include "gateway/base/json.h"
#include "gateway/base/zone.h"
#include "gateway/model/outcome.h"
#include "gateway/ports/adapter.h"
#include "gateway/ports/http.h"
#include "gateway/ports/peer_clock.h"

/*
 * What the files of the Hiboutik adapter share; nobody else includes it.
 *
 *   hiboutik.c          options, bindings, probe, the table
 *   hiboutik_call.c     one call, what answers mean, listings, lax values
 *   hiboutik_counts.c   counts: read and sync
 *   hiboutik_write.c    counts: write, and the note of what is half done
 *   hiboutik_arrival.c  a stock arrival, step by step
 *   hiboutik_ticket.c   a sale of ours, step by step
 *   hiboutik_post.c     sales and returns recorded: a till as authority
 *   hiboutik_sales.c    closed sales, read
 *   hiboutik_kept.c     closed sales that were read by their ids
 *   hiboutik_open.c     open sales, for a count that fell
 *   hiboutik_items.c    what is stocked there
 *   hiboutik_hooks.c    webhooks, so that it calls us
 *
 * Source  Hiboutik's help pages and open-source plug-ins, as digested in the
 *         project's reference on Hiboutik, read 2026-11-22. The interface's own
 *         description is served per account only.
 */
enum {
	HIBOUTIK_MAGIC = 0x4849424f, /* "HIBO" */
	HIBOUTIK_BATCH_MAX = 50,     /* items a document of ours has at most */
	HIBOUTIK_REF_SIZE = 41,
	HIBOUTIK_CLOCK_MS =
		3000,           /* a time there, cut to seconds, against ours */
	HIBOUTIK_MALFORMED = 1, /* condition: not what is documented */
};

/* What stock is kept of; size 0: it comes in none. */
struct hiboutik_thing {
	int64_t product;
	int64_t size;
};

struct hiboutik_seen {
	struct hiboutik_thing thing;
	int64_t count;
	struct decimal sold; /* by sales that the last listing showed and the
	                        count may lack */
	bool is_sold;        /* there are such sales */
};

/* A closed sale whose lines were read. */
struct hiboutik_kept {
	int64_t sale;
	int64_t closed_ms;
	char *json; /* owned; {"closed_ms", "line_items"} */
};

struct hiboutik {
	unsigned magic;
	const struct conf_section *conf; /* borrowed */
	const char *base;                /* borrowed; no slash at its end */
	char *basic;                     /* owned; wiped */
	struct http_client *http;
	struct mirror *mirror;
	struct zone *zone; /* owned; NULL: the process's */
	int64_t store;
	int64_t warehouse;
	struct peer_clock clock;
	size_t n_pages;          /* of the warehouse's stock, last time; >= 1 */
	bool is_placed;          /* store and warehouse were found once */
	bool is_settled;         /* no write of ours is half done */
	int status;              /* of the last answer; 0: there was none */
	int64_t no_open_mono_ms; /* when it told no open sales; 0: it does */
	char remark[OUTCOME_WHY_SIZE]; /* for a person, with the next DONE */
	bool validates_by_id;          /* arrivals, as the last 404 taught us */
	struct hiboutik_seen seen[HIBOUTIK_BATCH_MAX]; /* by the last look */
	size_t n_seen;
	int64_t seen_ms; /* sales closed before, by Hiboutik's clock, are inside
	                    the counts of the last look */
	struct hiboutik_kept *kept; /* owned */
	size_t n_kept, cap_kept;
	size_t n_over; /* rows of the mirror that are not among them */
	bool has_kept; /* they were loaded */
};

struct hiboutik *hiboutik_of(void *state); /* checks the magic number */

/* "7/3", "7": true, and what it is. */
bool hiboutik_read_thing(struct hiboutik_thing *out, const char *text);

enum { HIBOUTIK_THING_SIZE = 48 };
char *hiboutik_format_thing(char out[HIBOUTIK_THING_SIZE],
                            const struct hiboutik_thing *thing);

bool hiboutik_is_same(const struct hiboutik_thing *a,
                      const struct hiboutik_thing *b);

/* ---- one call (hiboutik_call.c) ---- */

/*
 * Read.
 *
 * path  behind the root, with its slash at the end where the vendor has one
 * doc   receives the answer's JSON, an array or object, on DONE; the caller's
 *
 * Returns  DONE, ABSENT (404; what of, the caller knows), RETRY, SLOW, LOCKED,
 *          REFUSED.
 */
struct outcome hiboutik_get(struct hiboutik *h, const char *path,
                            struct json **doc);

/*
 * Change something: the same, but UNCERTAIN where it may have been done. doc
 * may be NULL.
 */
struct outcome hiboutik_change(struct hiboutik *h, const char *method,
                               const char *path, const struct buf *body,
                               struct json **doc);

/* A 404 about what must be there, such as the store: who we are is wrong. */
struct outcome hiboutik_must_be(struct outcome outcome, const char *what);

/* ---- listings: page after page (hiboutik_call.c) ---- */

struct hiboutik_listing {
	const char *path;
	int (*take)(void *ctx, const struct json_node *row); /* 0, MALFORMED or
	                                                        a fault */
	void *ctx;
	const struct sync_sink *sink; /* of a sync; NULL */
	const char *name;             /* for people, with sink */
	size_t pages_max;             /* more than it can be; 0: as usual */
	int64_t n_rows;               /* so far */
	size_t n_pages;
};

/* All pages; anything but DONE when one of them failed. */
struct outcome hiboutik_list(struct hiboutik *h, struct hiboutik_listing *l);

/* ---- lax values: numbers that may be texts ---- */

/* Returns 0, JSON_ABSENT, JSON_WRONG_TYPE; out is untouched unless 0. */
int hiboutik_get_int(int64_t *out, const struct json_node *o, const char *key);

/* The member as a number; fallback where it is absent or none. */
int64_t hiboutik_int_or(const struct json_node *o, const char *key,
                        int64_t fallback);

/* One record is an array with one element, often. NULL: there is none. */
const struct json_node *hiboutik_first(const struct json_node *root);

/* product_id and product_size, or size_id. Returns 0, HIBOUTIK_MALFORMED. */
int hiboutik_get_thing(struct hiboutik_thing *out, const struct json_node *o);

/*
 * A time of Hiboutik's, local without a zone. Absent, empty and 0000-00-00 are
 * 0. Returns 0, HIBOUTIK_MALFORMED.
 */
int hiboutik_get_time(int64_t *out, const struct hiboutik *h,
                      const struct json_node *o, const char *key);

/* A sale's reference, by either of its names; "": none. Borrowed. */
const char *hiboutik_ref(const struct json_node *sale);

/* The shop's date at a moment: "2026-11-22". */
enum { HIBOUTIK_DATE_SIZE = 11 };
void hiboutik_date(char out[HIBOUTIK_DATE_SIZE], const struct hiboutik *h,
                   int64_t wall_ms, char separator);

/* ---- documents of ours: arrivals and sales ---- */

struct hiboutik_line {
	struct hiboutik_thing thing;
	int64_t quantity;
	struct decimal price;    /* of one, tax included */
	bool has_price;          /* else the till's own */
	struct outcome *refused; /* takes this line's own refusal, and the
	                            document goes on without it; NULL: the
	                            document is refused */
};

struct hiboutik_paper {
	const char *ref;      /* ext_ref of a sale, label of an arrival */
	int64_t id;           /* 0: not made, as far as we know */
	int64_t date_ms;      /* of an arrival */
	const char *currency; /* of a sale */
	const char *comment;  /* of a sale's lines */
	struct hiboutik_line *lines; /* borrowed */
	size_t n_lines;
	bool must_be_known; /* nothing else tells whether it took effect, as a
	                       count does for our corrections */

	/* It has an id now; nothing else was done yet. 0 or a fault, which ends
	   it here. NULL: nobody wants to know. */
	int (*made)(void *ctx, const struct hiboutik_paper *paper);
	void *ctx;
};

/*
 * Make it, in full.
 *
 * Returns  DONE; REFUSED: it was taken back, and nothing is there that counts;
 *          RETRY, SLOW, LOCKED: nothing was done; UNCERTAIN: perhaps half of
 *          it, so it must be resumed.
 */
struct outcome hiboutik_make_arrival(struct hiboutik *h,
                                     struct hiboutik_paper *paper);
struct outcome hiboutik_make_ticket(struct hiboutik *h,
                                    struct hiboutik_paper *paper);

/*
 * Find it, by its id or else by its ref, and do what is missing.
 *
 * Returns  as above, and ABSENT: it is not there. RETRY, SLOW, LOCKED: nothing
 *          was learned.
 */
struct outcome hiboutik_resume_arrival(struct hiboutik *h,
                                       struct hiboutik_paper *paper);
struct outcome hiboutik_resume_ticket(struct hiboutik *h,
                                      struct hiboutik_paper *paper);

/* What it says may not be taken for undone once the paper is there. */
struct outcome hiboutik_half_made(const struct hiboutik_paper *paper,
                                  const char *kind, struct outcome outcome);

/* ---- functions of the table, and what they share ---- */

/*
 * Finish what a crash or a lost answer left of our last write, before counts
 * are read or written. DONE: nothing is half done.
 */
struct outcome hiboutik_settle(struct hiboutik *h);

/* The same outcome, with what settling has to say. */
struct outcome hiboutik_remark(struct hiboutik *h, struct outcome outcome);

/* doc: the answer, with one sale in it; ABSENT: there is none. */
struct outcome hiboutik_get_sale(struct hiboutik *h, int64_t id,
                                 struct json **doc);

/*
 * Closed sales that were read by their ids (hiboutik_kept.c).
 *
 * open   load what an earlier process kept, and drop what closed before
 *        since_ms. Returns 0 or a fault
 * close  free what open took; in the mirror it stays
 * find   {"line_items"} as text, borrowed until the next open; NULL: none
 * add    remember the lines of a sale. Returns 0 or a fault
 */
int hiboutik_kept_open(struct hiboutik *h, int64_t since_ms);
void hiboutik_kept_close(struct hiboutik *h);
const char *hiboutik_kept_find(const struct hiboutik *h, int64_t sale);
int hiboutik_kept_add(struct hiboutik *h, const struct sale *sale,
                      const struct json_node *lines);

struct outcome hiboutik_read_counts(void *state, struct count *counts,
                                    size_t n);
struct outcome hiboutik_write_counts(void *state, struct count *counts,
                                     size_t n, int64_t as_of_ms);
struct outcome hiboutik_list_sales(void *state, int64_t since_ms,
                                   int64_t until_ms,
                                   const struct sale_sink *sink);
struct outcome hiboutik_read_sales(void *state, const char *const *ids,
                                   size_t n, const struct sale_sink *sink);
struct outcome hiboutik_read_open(void *state, struct count *counts, size_t n);
struct outcome hiboutik_post_entry(void *state, const struct entry *entry);
struct outcome hiboutik_find_entry(void *state, const struct entry *entry);
struct outcome hiboutik_list_items(void *state, enum listing_by by,
                                   const char *text,
                                   const struct listing_sink *sink);
struct outcome hiboutik_register_hooks(void *state, const struct hook_job *job);
struct outcome hiboutik_sync(void *state, const struct sync_job *job,
                             const struct sync_sink *sink);

#endif
