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

/* ---- a bucket, as it stands ---- */

struct limit_state {
	const struct limit_bucket *of; /* borrowed */
	int64_t size;                  /* millionths of a call, as all here */
	int64_t drip;                  /* … in per_ms */
	int64_t per_ms;
	int64_t left;  /* at at_ms; below 0: overdrawn, by the vendor's word */
	int64_t carry; /* what has dripped of the next millionth, times per_ms */
	int64_t at_ms; /* monotonic */
};

/* Full. */
void limit_init(struct limit_state *s, const struct limit_bucket *of,
                int64_t now_ms);

/*
 * May a call of this cost (in calls) go, keep_percent of the bucket being left
 * for others? One that costs more than there can ever be goes with the bucket
 * full. Returns 0, or the milliseconds until it may.
 */
int64_t limit_wait_ms(struct limit_state *s, unsigned cost, int keep_percent,
                      int64_t now_ms);
void limit_take(struct limit_state *s, unsigned cost, int64_t now_ms);

/* Whole calls left, none below 0. */
int64_t limit_left(struct limit_state *s, int64_t now_ms);

/*
 * Take a header of an answer into account; others are left alone, and what is
 * no number too.
 *
 * unseen  millionths taken by other calls that the vendor may not have counted
 *         yet when it said so
 */
void limit_header(struct limit_state *s, const char *name, const char *value,
                  int64_t unseen, int64_t now_ms);

/* ---- a month ---- */

struct zone;

struct limit_month {
	char name[8];     /* "2026-11" */
	int64_t start_ms; /* wall clock */
	int64_t end_ms;   /* the first moment of the next */
};

/* The month of a moment; zone NULL: the process's. */
void limit_month(struct limit_month *out, const struct zone *zone,
                 int64_t now_ms);

/* ---- a budget, as it stands in one month ---- */

struct limit_budget {
	int64_t calls;      /* in the month */
	int urgent_percent; /* 1..99 */
	int64_t used;
	int64_t polls;   /* of these */
	int64_t free_ms; /* wall clock; polls are paid for until then; 0 */
	int64_t seen_ms; /* wall clock of the last call; 0: none */
};

/* How a call comes to be made. */
enum limit_work {
	LIMIT_URGENT, /* somebody called, sold, asked */
	LIMIT_POLL,   /* the clock asked */
};

int64_t limit_budget_left(const struct limit_budget *b);

/* The wait behind one call of a poll made now, in milliseconds. */
int64_t limit_budget_step_ms(const struct limit_budget *b,
                             const struct limit_month *m, int64_t now_ms);

/*
 * May a call go, one of many if it is a poll's? Returns 0, or milliseconds.
 */
int64_t limit_budget_wait_ms(const struct limit_budget *b,
                             const struct limit_month *m, enum limit_work work,
                             int64_t now_ms);

/* May a poll begin? Returns 0, or milliseconds. */
int64_t limit_budget_poll_ms(const struct limit_budget *b,
                             const struct limit_month *m, int64_t now_ms);

/* Count a call. A clock that was set back takes what is paid for with it. */
void limit_budget_take(struct limit_budget *b, const struct limit_month *m,
                       enum limit_work work, int64_t now_ms);

#endif
