#ifndef ENGINE_PACE_H
#define ENGINE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/model/outcome.h"

/*
 * When an account may be called: back-off, rate limits and the breaker, once
 * for all adapters. Arithmetic on a monotonic clock the caller brings.
 *
 * Passing trouble opens the breaker: no call until the wait is over, then one,
 * whose success closes it. Waits grow to 30 s at most, and a hook ends them
 * (design.md section 4, Patience). A rate limit is waited out whatever comes,
 * call that had begun before and ends well included.
 *
 * Where calls are counted by the month, hooks end waits no more often than the
 * month can bear: an outage while others trade would use it up at one call a
 * second. A person who asks for something is no such crowd: he is served at
 * once, and each time he asks again.
 *
 * A call may fail for long while others work. So each kind of work that comes
 * again until it is done has a back-off of its own beside the account's: only
 * its own success ends it, and what works beside it is not held up. Where calls
 * are counted by the month, this one grows further: as slow as the month goes.
 *
 * A limit that we keep ourselves (meter.h) may hold polls back alone: they have
 * a wait of their own, which urgent work does not see.
 */
enum {
	PACE_BASE_MS = 500,
	PACE_CAP_MS = 30000,
	PACE_DEAR_CAP_MS = 900000, /* of a kind, where a month is counted */
	PACE_LOCKED_MS = 60000,    /* credentials: try now and then */
	PACE_SLOW_MS = 2000,       /* a rate limit without a wait of its own */
	PACE_HINT_GAP_MS = 1000,   /* hooks do not hammer a dead system; of a
	                              counted one it is dear_ms, if longer */
	PACE_OUTAGE = 3,           /* failures in a row: not this kind alone */
};

/* Kinds of work that come again until they are done. */
enum pace_kind {
	PACE_NONE, /* what does not: a probe, a dry run */
	PACE_POST,
	PACE_LOOK_UP,
	PACE_BALANCES, /* items at their authority */
	PACE_COUNTS,   /* items at a channel: read, list sales, write */
	PACE_SALES,    /* sales by their ids */
	PACE_LISTING,  /* the list of sales */
	PACE_SYNC,
	PACE_RECONCILE,
	PACE_PICTURES,
	PACE_JOBS,
	PACE_KINDS,
};

/* One kind's trouble; zeroed: none. */
struct pace_trouble {
	unsigned failures;    /* in a row */
	enum verdict verdict; /* of the last one */
	int64_t until_ms;     /* not begun before; monotonic */
	int64_t failed_at_ms; /* monotonic */
	int64_t tick;         /* of the marks in hand then */
};

/* Work in hand: what has been heard since it began. */
struct pace_piece {
	enum pace_kind kind;
	bool is_good; /* the last call of it was answered */
};

struct pace {
	enum verdict last;        /* of the last call; DONE at start */
	unsigned failures;        /* in a row, of whatever kind */
	int64_t until_ms;         /* no call before; monotonic */
	int64_t limited_until_ms; /* nor before this, by the vendor's word */
	int64_t poll_until_ms;    /* nor polls before this */
	int64_t failed_at_ms;     /* monotonic */
	int64_t failed_tick;      /* of the marks in hand then */
	int64_t dear_ms;          /* between two calls, if the month is to last;
	                             0: not counted */
	int64_t tick;             /* of the marks in hand, see store_marks.h */
	struct pace_piece piece;
	struct pace_trouble kinds[PACE_KINDS]; /* of PACE_NONE unused */
};

/*
 * A piece of work begins and ends; they nest. begin returns the one around it,
 * for end, which takes what the piece did into account: if its last call was
 * answered, this kind's trouble is over.
 */
struct pace_piece pace_begin(struct pace *p, enum pace_kind kind);
void pace_end(struct pace *p, struct pace_piece around);

/* Note what came of a call of the piece in hand. */
void pace_note(struct pace *p, const struct outcome *outcome, int64_t now_ms,
               uint32_t jitter);

/* Nothing of this kind is to be done any more: its trouble is over. */
void pace_forget(struct pace *p, enum pace_kind kind);

/* Milliseconds until a call is allowed; 0: now. Of the piece in hand: */
int64_t pace_wait_ms(const struct pace *p, int64_t now_ms);

/* … of a piece of this kind, which is to begin: */
int64_t pace_kind_wait_ms(const struct pace *p, enum pace_kind kind,
                          int64_t now_ms);

/* … of whatever comes first, for people: */
int64_t pace_next_ms(const struct pace *p, int64_t now_ms);

/* Polls are held back; and for how long they are. */
void pace_hold_polls(struct pace *p, int64_t wait_ms, int64_t now_ms);
int64_t pace_poll_wait_ms(const struct pace *p, int64_t now_ms);

/* Somebody heard from that system or asks for it: end a back-off; and that of a
   kind of work, if its mark of this generation was made since it failed. Never
   sooner after the failure than PACE_HINT_GAP_MS and dear_ms. */
void pace_hint(struct pace *p, int64_t now_ms);
void pace_hint_kind(struct pace *p, enum pace_kind kind, int64_t generation,
                    int64_t now_ms);

/* A person asks, by a mark of this generation, for work of this kind (PACE_NONE:
   not known yet): end the back-off of both, if it was made since they failed.
   No sooner after the failure than PACE_HINT_GAP_MS. */
void pace_ask(struct pace *p, enum pace_kind kind, int64_t generation,
              int64_t now_ms);

/* The breaker, for the piece in hand. */
bool pace_is_open(const struct pace *p);

/* How the account is: the last verdict, unless a kind of work is in trouble. */
enum verdict pace_state(const struct pace *p);

#endif
