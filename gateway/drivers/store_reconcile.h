#ifndef DRIVERS_STORE_RECONCILE_H
#define DRIVERS_STORE_RECONCILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/decimal.h"
#include "gateway/base/json.h"
#include "gateway/drivers/store.h"

/*
 * What the last reconcile of each account found, for people: how many items
 * were compared, and of those that are not as they should be the first ones.
 * The account's worker writes it, once and whole, when it has ended.
 */
#define MARK_RECONCILE     "y:reconcile"
#define MARK_RECONCILE_FIX "y:reconcilefix" /* and mark what has drifted */

enum {
	RECONCILE_ABSENT = 1,      /* none has ended yet */
	RECONCILE_ROWS_MAX = 1000, /* of drift; as many of all the others */
};

/* Why an item is listed. */
enum reconcile_why {
	RECONCILE_DRIFT,     /* it is not as it should be */
	RECONCILE_HELD,      /* … because its zero is held for a person */
	RECONCILE_CORRECTED, /* it was, until this run had it looked at */
	RECONCILE_MOVING,    /* work on it is under way */
	RECONCILE_UNKNOWN,   /* one of the two is not known */
};

/* "drift", "held", "corrected", "in motion", "unknown"; static. */
const char *reconcile_why_name(enum reconcile_why why);

/*
 * One item. At a channel `should` is the target; at an item's authority it is
 * the balance that we go by.
 */
struct reconcile_row {
	char *sku; /* owned */
	enum reconcile_why why;
	bool has_shown;
	struct decimal shown; /* what the system shows */
	bool has_should;
	struct decimal should;
	int64_t since_ms; /* of drift: the first run in a row that found it */
};

/* compared = equal + corrected + drifted + moving. */
struct reconcile_tally {
	int64_t started_ms; /* wall clock */
	int64_t took_ms;
	bool is_fix;
	int64_t compared;
	int64_t equal;
	int64_t corrected;
	int64_t drifted;    /* those held among them */
	int64_t held;       /* zeros that wait for a person */
	int64_t moving;     /* not yet at rest: no drift */
	int64_t unknown;    /* count or target not known; not compared */
	int64_t unbound;    /* items that this account does not have */
	int64_t unresolved; /* bindings without an id there */
};

struct reconcile_report {
	struct reconcile_tally tally;
	struct reconcile_row *rows; /* owned */
	size_t n;
};

/* Replace the account's report. Returns 0, ERR_STORE, ERR_NOMEM. */
int store_reconcile_put(struct store *store, const char *account,
                        const struct reconcile_report *report);

/* Returns 0 (reconcile_report_fini it), RECONCILE_ABSENT, ERR_STORE. */
int store_reconcile_get(struct store *store, struct reconcile_report *out,
                        const char *account);

/* The numbers alone. Returns 0, RECONCILE_ABSENT, ERR_STORE. */
int store_reconcile_tally(struct store *store, struct reconcile_tally *out,
                          const char *account);
void reconcile_report_fini(struct reconcile_report *report);

/* The members of a tally, into the object that is open in o. */
void reconcile_tally_out(struct json_out *o, const struct reconcile_tally *t);

/*
 * Is work on these items under way: an account's mark on one, or an entry that
 * is pending? Asked after the item was viewed, a no makes the view final.
 */
int store_reconcile_moving(struct store *store, bool *out, const char *account,
                           const char *const *skus, size_t n);

#endif
