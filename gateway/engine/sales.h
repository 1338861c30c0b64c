#ifndef ENGINE_SALES_H
#define ENGINE_SALES_H

#include "gateway/engine/worker.h"

/*
 * What the files of sales share; worker.h says what others call.
 *
 *   sales.c         what one sale becomes: entries, pending, waiting lines
 *   sales_list.c    sales as the adapter tells them
 *   sales_cursor.c  from when on and up to when; what a loss leaves in doubt
 */

/* Take a final sale, its lines bound, into the ledger; origin_ms: of the call
   that named it, 0: none. Seen before, only its difference counts. */
int sales_record(struct worker *w, const struct sale *sale, int64_t origin_ms);

/*
 * From when on its sales are ours, by its clock; 0: nothing is bound here yet.
 * Returns are listed seldom, so after a loss of Redis they begin earlier.
 */
int sales_start(struct worker *w, int64_t *start);
int sales_returns_start(struct worker *w, int64_t start, int64_t *out);

/* A part of one of the vendor's lists. */
struct sales_span {
	const char *cursor; /* of the list */
	int64_t start_ms;   /* what is earlier is history */
	int64_t until_ms;   /* by the channel's clock */
	bool whole;         /* the vendor's window, not just the overlap */
};

/* From where to list: the vendor's window now and then, else the overlap. */
int sales_since(struct worker *w, const struct sales_span *span, int64_t *out);

/*
 * Was it listed once, so long ago that its record may have expired? A refund
 * announces its order again after months: taken for new, it would be posted
 * twice. What an outage kept us from listing is new, however old.
 */
int sales_is_forgotten(struct worker *w, const char *cursor,
                       const struct sale *sale, bool *out);

/*
 * After a loss of Redis a sale is one document again, as far as can be: while
 * the registry is being imported, one that is only partly bound waits, because
 * what was booked before cannot be found by its parts. Until then the account's
 * sales are not known, and nothing is written there.
 */
int sales_must_wait(struct worker *w, const struct sale *sale, bool *out);

#endif
