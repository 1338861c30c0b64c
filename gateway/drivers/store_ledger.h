#ifndef DRIVERS_STORE_LEDGER_H
#define DRIVERS_STORE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/drivers/store.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/model/outcome.h"
#include "gateway/model/sale.h"

/*
 * Sales and entries: what was made into a document, under which id, confirmed
 * or not; never twice.
 *
 *   ready ──begin──> posting ──┬─ done ───────> confirmed ──read──> settled
 *     ^                        ├─ retry, slow ─> ready
 *     │ retry (person)         ├─ refused ────> refused
 *     ├── held, refused <──────┘
 *     └── uncertain <── lost answer, crash      confirm (person or look-up)
 *                                               leads to confirmed
 *
 * While an entry is not settled or dropped, its quantities are pending, but
 * for held returns, which the channels stay without.
 */
enum {
	LEDGER_STALE = 1, /* the sale's record moved meanwhile: read it again */
	LEDGER_EMPTY = 2, /* nothing to post now */
	LEDGER_ABSENT = 3, /* no such sale, entry or dead letter */
	LEDGER_UNFIT = 4,  /* its state does not allow that */
	LEDGER_FENCED = 5, /* another process works for this authority now */
};

/* What is remembered of a sale. */
struct ledger_line {
	char *uid;              /* owned */
	char *sku;              /* owned; NULL: it waits for its binding */
	char *external;         /* owned; of one that waits; NULL */
	struct decimal entered; /* quantity made into entries so far */
	struct decimal gross;   /* booked for that, tax included */
	bool has_gross;         /* else not known: 0 says nothing */
};

struct ledger_entries {
	char *authority; /* owned */
	int64_t n;       /* made for it so far */
};

/* A return that began as held; a person may have decided on it since. */
struct ledger_held {
	char *id;         /* owned; the entry's */
	int64_t revision; /* of the sale, that made it */
};

struct ledger_sale {
	int64_t revision;          /* 0: never seen */
	int64_t version;           /* the vendor's, as last applied; 0 */
	char *usual;               /* owned; the authority whose entries are
	                              named by the sale alone; NULL */
	int64_t n_before;          /* entries of a record of the version before,
	                              which counted them together */
	struct ledger_line *lines; /* owned */
	size_t n_lines;
	struct ledger_entries *entries; /* owned */
	size_t n_authorities;
	struct ledger_held *held; /* owned; the last one made first */
	size_t n_held;
};

/* Entries made from it so far for this authority. */
int64_t ledger_sale_entries(const struct ledger_sale *sale,
                            const char *authority);

int store_ledger_sale(struct store *store, struct ledger_sale *out,
                      const char *account, const char *sale);
void ledger_sale_fini(struct ledger_sale *sale);

/* A new entry, with the state it begins in. */
struct ledger_new {
	const struct entry *entry; /* borrowed */
	const char *state;         /* "ready", "held" or "uncertain" */
	const char *why;           /* for the last two; static or borrowed */
	bool is_pending;           /* false: held returns */
};

/* A line of the sale whose item is not bound yet, or that waits no more because
   it is gone or another thing. */
struct ledger_waiting {
	const char *uid;      /* borrowed */
	const char *external; /* borrowed; NULL: it leaves */
};

/* Everything that one look at a sale changes, applied at once or not at all. */
struct ledger_change {
	const char *account; /* borrowed: channel */
	const char *sale;    /* borrowed: vendor's id */
	int64_t revision;    /* as store_ledger_sale gave it */
	int64_t closed_ms;
	int64_t version;                 /* the vendor's; 0: none */
	const char *usual;               /* borrowed; as in ledger_sale */
	int64_t origin_ms;               /* of the call that led here; 0 */
	const struct ledger_line *lines; /* new totals of lines that changed */
	size_t n_lines;
	const struct ledger_waiting *waiting;
	size_t n_waiting;
	const struct ledger_new *entries;
	size_t n_entries;
	const struct ledger_line *sold; /* sku and new total sold there */
	size_t n_sold;
};

/* Returns 0, LEDGER_STALE, ERR_STORE (perhaps applied: read again). */
int store_ledger_apply(struct store *store, const struct ledger_change *change);

/* A return as it was held. Returns 0 (entry_fini out), LEDGER_UNFIT (a person has
   decided on it), LEDGER_ABSENT, ERR_STORE. */
int store_ledger_held(struct store *store, struct entry *out, const char *id);

/*
 * Take back a return that is held: dropped, as if its sale had never made it.
 *
 * change  revision, lines (totals without it) and sold count; nothing else
 *
 * Returns 0 (the revision is one more), LEDGER_STALE (the sale or the entry
 * moved meanwhile), ERR_STORE.
 */
int store_ledger_withdraw(struct store *store,
                          const struct ledger_change *change, const char *id);

/* All units sold of these items at a channel, as known so far. */
int store_ledger_sold(struct store *store, struct decimal *out,
                      const char *account, const char *const *skus, size_t n);

/*
 * Add an entry that no sale at a channel stands behind: an order or a customer
 * (entry->kind), ready to be posted, its lines pending.
 *
 * digest  of what was asked for, 64 hex digits: tells a repeat from another
 *         document under the same id
 *
 * Returns  0; LEDGER_KNOWN (the same one is there, in whatever state);
 *          LEDGER_CONFLICT (another document has this id); ERR_STORE (perhaps
 *          added: ask again).
 */
enum { LEDGER_KNOWN = 6, LEDGER_CONFLICT = 7 };
int store_ledger_add(struct store *store, const struct entry *entry,
                     const char *digest);

/*
 * The same with the state it begins in, and guarded by a key as well: what
 * comes with a key must be the same document under the same id each time. One
 * that begins uncertain is looked up at once. Without is_pending, lines that
 * are sold are pending all the same: only what comes back waits.
 *
 * key  at most 128 characters without blanks; NULL: none
 *
 * Returns  as above, or LEDGER_KEY_TAKEN: the key came with another document.
 */
enum { LEDGER_KEY_TAKEN = 8 };
int store_ledger_add_new(struct store *store, const struct ledger_new *new,
                         const char *digest, const char *key);

/* What store_ledger_add_new would say, without adding. 0: it is not there. */
int store_ledger_known(struct store *store, const char *id, const char *digest,
                       const char *key);

/* How an entry is doing, for who sent it. Owned by the caller. */
struct ledger_state {
	char state[16];  /* ready, posting, confirmed, settled, refused, held,
	                   uncertain, dropped */
	char *docid;     /* owned */
	char *authority; /* owned */
	char *why;       /* owned; NULL */
	int64_t attempts;
	int64_t made_ms;
	int64_t confirmed_ms; /* 0: not yet */
};

/* Returns 0, LEDGER_ABSENT, ERR_STORE. */
int store_ledger_state(struct store *store, struct ledger_state *out,
                       const char *id);
void ledger_state_fini(struct ledger_state *state);

/*
 * Begin posting the next due entry of an authority: its state is `posting`
 * and its place in the order of reads and posts is taken.
 *
 * token        of the authority's lease; lease its name
 * next_due_ms  with LEDGER_EMPTY: when the next one is due; 0: none
 *
 * Returns 0 (entry_fini out, attempts so far in *attempts), LEDGER_EMPTY,
 * LEDGER_FENCED, ERR_STORE.
 */
int store_ledger_begin(struct store *store, struct entry *out,
                       unsigned *attempts, int64_t *origin_ms,
                       int64_t *next_due_ms, const char *authority,
                       const char *lease, int64_t token);

/*
 * Say what came of it. DONE confirms and marks its items at the authority;
 * RETRY and SLOW make it ready again at due_ms; LOCKED too; REFUSED and
 * UNCERTAIN keep it for a person; ABSENT (a look-up's answer) makes it ready.
 *
 * attempt  whose outcome it is, as begin or each gave it: one that comes after
 *          the lease was lost must not undo what the next holder does
 *
 * Returns 0 (also when a person was quicker: theirs stands), LEDGER_FENCED (a
 * later attempt is under way: nothing was changed), ERR_STORE.
 */
int store_ledger_end(struct store *store, const char *id, unsigned attempt,
                     const struct outcome *outcome, int64_t due_ms);

/* Visit the entries of an authority in `posting` or `uncertain` (at start, and
   to look them up). Non-zero from visit ends it. */
int store_ledger_each(struct store *store, const char *authority,
                      const char *state,
                      int (*visit)(void *ctx, const struct entry *entry,
                                   unsigned attempts),
                      void *ctx);

/* Entries in a state, over all authorities; ready ones of one authority; lines
   of sales of an account that wait for a binding. */
int store_ledger_count(struct store *store, int64_t *out, const char *state);
int store_ledger_count_ready(struct store *store, int64_t *out,
                             const char *authority);
int store_ledger_count_waiting(struct store *store, int64_t *out,
                               const char *account);

/* ---- dead letters, uncertain and held: what a person decides on ---- */

struct dead_letter {
	char *id;   /* owned; "event/…", "entry/…", "hold/ACCOUNT" */
	char *kind; /* owned; event, uncertain, refused, held, stranded, zero */
	char *account;   /* owned */
	char *authority; /* owned; where an entry goes; "" */
	char *why;       /* owned */
	char *summary;   /* owned; what it is about, without personal data */
	int64_t at_ms;
};
void dead_letter_fini(struct dead_letter *letter);

/* Visit all, oldest first within each kind. */
int store_dead_each(struct store *store,
                    int (*visit)(void *ctx, const struct dead_letter *letter),
                    void *ctx);

/* One of them, whole, as JSON text for a person: no body of an event. */
int store_dead_show(struct store *store, struct buf *out, const char *id);

enum dead_action { DEAD_RETRY, DEAD_CONFIRM, DEAD_DROP };

/*
 * Returns 0, LEDGER_ABSENT, LEDGER_UNFIT (confirm is for uncertain entries),
 * LEDGER_KEPT (retry of a stranded entry: it stays ready for its authority, for
 * it cannot go to another one), ERR_STORE.
 */
enum { LEDGER_KEPT = 9 };
int store_dead_decide(struct store *store, const char *id,
                      enum dead_action action);

/* The same for an entry by its own id. */
int store_ledger_decide(struct store *store, const char *id,
                        enum dead_action action);

/* Drop one that waits for an authority that is no longer configured. */
int store_ledger_drop_ready(struct store *store, const char *id);

/* ---- cursors ---- */

/* A number kept per account: "sales", "start", "lost". 0 when unset. */
int store_cursor_get(struct store *store, int64_t *out, const char *account,
                     const char *name);
int store_cursor_set(struct store *store, const char *account, const char *name,
                     int64_t value);

#endif
