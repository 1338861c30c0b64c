#ifndef TESTS_SUPPORT_FAKE_ADAPTER_H
#define TESTS_SUPPORT_FAKE_ADAPTER_H

#include "gateway/base/buf.h"
#include "gateway/ports/adapter.h"

/*
 * External systems in memory that behave: an authority that takes entries
 * ("fake_erp") and a channel with counts and sales ("fake_till"). A test sells,
 * receives, scripts what the next call answers, lets things happen between two
 * calls, and reads the log of calls. One thread.
 */
enum {
	FAKE_ITEMS_MAX = 64,
	FAKE_SALES_MAX = 512,
	FAKE_LINES_MAX = 4,
	FAKE_STEPS_MAX = 32,
	FAKE_WINDOW_MS = 72 * 3600 * 1000, /* of late offline sales */
};

struct fake_count {
	char external[32];
	struct decimal qty;
	bool is_known;       /* false: answers do not name it */
	bool is_poison;      /* a batch with it is refused whole */
	bool is_unreadable;  /* … and so when it is read */
	bool is_broken;      /* reading a batch with it is answered with 500 */
	bool is_refused;     /* its own write is refused, the rest is done */
	bool is_absent;      /* reading it says that there is no such thing */
	struct decimal paid; /* for it, in all documents */
};

struct fake_line {
	char uid[16];
	char external[32]; /* "": no stocked thing */
	struct decimal qty;
	struct decimal gross; /* zero: not said */
};

struct fake_sale {
	char id[32];
	char reference[48]; /* "": none */
	int64_t closed_ms;
	int64_t version; /* 0: none */
	bool is_open;    /* not final yet */
	bool is_return;  /* list_returns tells it, list_sales does not */
	bool is_unseen;  /* an offline sale that has not arrived yet */
	struct fake_line lines[FAKE_LINES_MAX];
	size_t n_lines;
};

/* What the next call of a name answers. */
struct fake_step {
	char call[16];
	struct outcome outcome;
	bool happens; /* the work is done all the same */
};

struct fake_adapter {
	char account[32];
	struct fake_count counts[FAKE_ITEMS_MAX];
	size_t n_counts;
	struct fake_sale sales[FAKE_SALES_MAX];
	size_t n_sales;
	char docs[FAKE_SALES_MAX][48]; /* docids recorded, each post one */
	size_t n_docs;
	struct fake_step steps[FAKE_STEPS_MAX];
	size_t n_steps;
	struct buf log;   /* "read_counts(A1,A2) list_sales …" */
	int64_t bound_ms; /* of the count asked for last */
	int64_t since_ms; /* of the last listing */
	int64_t until_ms;
	int64_t skew_ms;        /* its clock less ours */
	int64_t settle_wait_ms; /* >= 0: settles by drops; -1: by reads */
	bool takes_returns;
	bool has_no_look_up;
	bool ignores_time; /* a write wipes out later sales */
	bool tells_open;   /* read_open tells what open sales hold */
	size_t batch_max;  /* 0: 100 */
	char picture[32];  /* id of the only one; "": none */

	/* A long sync: so many breaths before the counts are asked for, and as
	   many between that and telling them as they were then. */
	int n_breaths;

	/* Called before each breath, the how manieth; may be NULL. */
	void (*before_breath)(struct fake_adapter *f, int i);
	struct mirror_tally tally; /* of the sync's one list, "items" */
	int64_t n_skipped;         /* rows of it */

	/* Called before list_sales tells its sales; may be NULL. */
	void (*before_sales)(struct fake_adapter *f);

	/* Called at the end of every call, its work done; may be NULL. */
	void (*after)(struct fake_adapter *f, const char *call);
};

extern const struct adapter_ops fake_erp_ops;
extern const struct adapter_ops fake_till_ops;

/* The system of an account, made at the first call. */
struct fake_adapter *fake_adapter_of(const char *account);

/* Forget every system. Ends tests too: nothing is kept. */
void fake_adapter_reset(void);

/* The count of an external id, made when new. Borrowed. */
struct fake_count *fake_adapter_count(struct fake_adapter *f,
                                      const char *external);
void fake_adapter_set(struct fake_adapter *f, const char *external,
                      const char *qty);

/* True when it shows exactly this. */
bool fake_adapter_shows(struct fake_adapter *f, const char *external,
                        const char *qty);

/* Sell now: the count falls, the sale is final. Its line's uid is "1". */
struct fake_sale *fake_adapter_sell(struct fake_adapter *f, const char *id,
                                    const char *external, const char *qty);

/* A sale without its effect on the count: an older one, or a further line. */
struct fake_sale *fake_adapter_sale(struct fake_adapter *f, const char *id,
                                    int64_t closed_ms);
void fake_sale_line(struct fake_sale *sale, const char *uid,
                    const char *external, const char *qty);

/* Somebody brings goods back: the count rises; a list of its own says so. */
struct fake_sale *fake_adapter_return(struct fake_adapter *f, const char *id,
                                      const char *external, const char *qty);

/* The next call of that name answers this; happens: and does it. */
void fake_adapter_next(struct fake_adapter *f, const char *call,
                       struct outcome outcome, bool happens);

/* The log so far, and begin a new one. Static until the next call. */
const char *fake_adapter_log(struct fake_adapter *f);

#endif
