#ifndef MODEL_EXPLAIN_H
#define MODEL_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/buf.h"
#include "gateway/base/decimal.h"
#include "gateway/base/json.h"
#include "gateway/model/timeline.h"

/*
 * Why an item shows what it shows: the facts as they lie in the store, and the
 * sentences made of them. The command line and the API say the same.
 */

/* An entry that is pending: on its way into the balance. Or a return that is
   held, which counts when a person lets it, or that may be inside already. */
struct explain_entry {
	char *id;               /* owned, as is what follows */
	char *docid;            /* "" unknown */
	char *authority;        /* where it goes */
	bool is_gone;           /* which is no longer configured */
	int64_t settle_wait_ms; /* settles by observed drops, or after so long;
	                           0: by the next balance */
	char *state; /* ready, posting, confirmed, uncertain, refused, held */
	char *why;   /* "" */
	struct decimal qty;
	bool is_pending;
	bool is_asked; /* uncertain: its authority is asked by itself … */
	int64_t asked_in_ms; /* … next after so long; 0: now; < 0: unknown */
	int64_t attempts;
	int64_t made_ms; /* 0: unknown */
};

/* How an account is doing. */
struct explain_health {
	char *state;   /* owned; ok, waiting, locked, paused, starting, "" */
	char *breaker; /* owned; open, closed, "" */
	char *why;     /* owned; last trouble */
	char *alarm;   /* owned */
	int64_t wait_until_ms;
	int64_t last_error_ms;
};

/* A look that is due. */
struct explain_mark {
	bool is_due;   /* there is one */
	char cause;    /* as enum mark_cause */
	int64_t at_ms; /* 0: at once */
};

enum explain_reserve { RESERVE_GLOBAL, RESERVE_ACCOUNT, RESERVE_ITEM };

struct explain_channel {
	char *account;    /* owned */
	char *typed;      /* owned; the binding as written */
	char *external;   /* owned; "" unresolved */
	char *unresolved; /* owned; why; "" */
	bool is_configured;
	bool is_paused;    /* in the configuration, or by a person */
	bool takes_counts; /* else there is nothing to show */
	struct decimal reserve;
	enum explain_reserve reserve_from;
	bool has_target;
	struct decimal target;
	bool has_published;
	struct decimal published;
	int64_t published_ms; /* since when it is known to show that; 0 */
	int64_t suspect_ms;   /* since when a fall is unexplained; 0 */
	int64_t held_ms;      /* since when its zero is held; 0 */
	bool is_in_sync;      /* a sync found it, and marks it when it ends */
	struct explain_mark mark;
	struct explain_health health;
};

struct explain {
	char *sku;        /* owned, as is what follows */
	char *name;       /* "" */
	char *authority;  /* in force */
	char *next;       /* authority that waits; "" */
	bool is_default;  /* the authority is stock.authority */
	bool is_gone;     /* the authority is no longer configured */
	bool is_bound;    /* at its authority */
	char *typed;      /* there */
	char *unresolved; /* there, why; "" */
	bool has_balance; /* of the authority in force */
	struct decimal balance;
	int64_t balance_ms;
	int64_t unknown_ms;     /* since when there is no balance; 0: unknown */
	int64_t oversold_ms;    /* since when more is sold than there was; 0 */
	struct decimal missing; /* … by so much */
	struct decimal pending;
	struct explain_entry *entries; /* owned */
	size_t n_entries;
	struct explain_mark mark; /* at the authority */
	struct explain_health health;
	struct explain_channel *channels; /* owned */
	size_t n_channels;
	struct timeline_line *lines; /* owned; oldest first */
	size_t n_lines;
	int64_t now_ms;
};

void explain_fini(struct explain *e);

enum { EXPLAIN_SPAN_SIZE = 32 };

/* "4 s", "3 min", "2 h", "5 days". Returns out. */
const char *explain_span(char out[EXPLAIN_SPAN_SIZE], int64_t ms);

/* "item", "account", "global". Static. */
const char *explain_reserve_name(enum explain_reserve from);

/* Why somebody must look, in words. Static. */
const char *explain_cause(char cause);

/* What there is to know, or to do, about an entry. */
void explain_entry_say(struct buf *out, const struct explain_entry *entry);

/* An entry's state, and what a person can do about it; is_gone: its authority
   is no longer configured. Static. */
const char *explain_choices(const char *state, bool is_gone);

/* That an authority is asked for a document by itself, and when next: as
   asked_in_ms above. */
void explain_asked(struct buf *out, const char *authority, int64_t in_ms);

/* Trouble of an account in one clause; "" when it is well. */
void explain_trouble(struct buf *out, const struct explain_health *health);

/* One plain sentence: what a channel shows, and why. */
void explain_conclude(struct buf *out, const struct explain *e,
                      const struct explain_channel *channel);

/*
 * All of it as one JSON object.
 *
 * text  writes text that came from outside; it may hide what must not be seen
 */
void explain_json(struct json_out *o, const struct explain *e,
                  void (*text)(struct json_out *o, const char *key,
                               const char *value));

#endif
