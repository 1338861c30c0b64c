#ifndef MODEL_LIMITS_H
#define MODEL_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How often a system may be called: what an adapter says of it, as data, and
 * the arithmetic, over a clock that the caller brings. All numbers are whole;
 * what vendors tell in fractions is kept in millionths.
 *
 * A bucket. It holds `size` calls; each call takes its cost out, and `drip`
 * calls come back in every `per_ms`, evenly, until it is full. A vendor's leaky
 * bucket is this one seen from the other side. A vendor's window of N calls is
 * kept, wherever it begins, by a bucket with size + drip <= N and per_ms the
 * window's length.
 *
 * A budget. So many calls a month, however they end. Urgent work (somebody
 * called, sold, asked) may use all of them. Polls (what only the clock asks for)
 * are spread over the rest of the month: each of their calls puts the beginning
 * of the next poll off by the time that is left, divided by the polls that are
 * left. One that runs is not broken off for that; it is paid for afterwards.
 */
enum {
	LIMIT_BUCKETS_MAX = 2,
	LIMIT_MICRO = 1000000,
	LIMIT_URGENT_PERCENT = 50, /* where the adapter says nothing */
};

struct limit_bucket {
	const char *name; /* for a person: "5 minutes"; static; NULL: unused */
	int64_t size;     /* calls at once, after a rest; >= 1 */
	int64_t drip;     /* calls that come back …; >= 1 */
	int64_t per_ms;   /* … in this time */
	bool is_window;   /* the vendor counts calls in a window */

	/*
	 * Headers of answers that correct what we reckon; letter case does not
	 * matter, fractions are read exactly; static; NULL: not told.
	 */
	const char
		*level_header; /* "used/size": X-LS-API-Bucket-Level: 1.5/90 */
	const char *left_header;  /* calls left: X-RateLimit-Remaining */
	const char *limit_header; /* size; of a window its calls, which size and
	                             drip share as before: X-RateLimit-Limit */
	const char *drip_header;  /* calls a second: X-LS-API-Drip-Rate */
};

/* A zeroed one limits nothing. */
struct limits {
	struct limit_bucket buckets[LIMIT_BUCKETS_MAX];
	int64_t monthly_calls; /* 0: no budget */
	int urgent_percent;    /* of each bucket and of what is left of the
	                          month, kept from polls; 1..99; 0: 50 */
};

#endif
