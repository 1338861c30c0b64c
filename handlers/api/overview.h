#ifndef API_OVERVIEW_H
#define API_OVERVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/buf.h"
#include "gateway/drivers/store.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_oversold.h"
#include "gateway/drivers/store_queue.h"
#include "gateway/drivers/store_reconcile.h"
#include "gateway/drivers/store_sync.h"
#include "gateway/ports/adapter.h"
#include "gateway/ports/handler.h"

/*
 * How everything is doing, read once for the status page and its JSON, and the
 * one sentence that says what it comes to.
 */
struct overview_account {
	const struct conf_section *conf; /* borrowed */
	const char *name;                /* borrowed */
	const char *state; /* borrowed; as store_health.h, or "unknown" */
	bool is_authority; /* of items that name no other */
	int64_t off_ms;    /* since when a person has it paused; 0: not so */
	struct health health;
	int64_t n_marks;
	int64_t n_ready; /* entries on their way to it */
	int64_t n_bound; /* bindings that are resolved */
	int64_t n_unresolved;
	int64_t n_waiting; /* lines of its sales that wait for a binding */
	int64_t n_held;    /* zeros held for a person */
	int64_t sales_ms;  /* cursor */
	int64_t start_ms;  /* since when its sales count */
	int64_t full_ms;   /* when the last whole full sync began */
	int64_t lost_ms;   /* when Redis was found empty; 0: never */
	struct reconcile_tally reconcile; /* the last one; started_ms 0: none */
	struct sync_list *lists;          /* owned; of its mirror */
	size_t n_lists;
};

/* Entries by state; ready ones are counted per authority. */
struct overview_entries {
	int64_t ready;
	int64_t posting;
	int64_t uncertain;
	int64_t asked; /* of these, looked up without a person */
	int64_t refused;
	int64_t held;
	int64_t stranded; /* ready, at accounts no longer configured */
	int64_t confirmed;
};

struct overview {
	const struct api_env *env; /* borrowed */
	int64_t now_ms;
	bool is_draining;
	int n_late;
	struct buf late;      /* loops that do not turn, ", " between them */
	bool has_store;       /* false: everything below is unknown */
	struct buf store_why; /* why not */
	bool is_too_old;      /* the Redis */
	struct store_durability durability;
	char warning[240]; /* of durability; "" */
	struct queue_depth queue;
	struct overview_entries entries;
	int64_t stopped_ms; /* since when nothing runs by the clock; 0: it does */
	int64_t n_items;
	int64_t n_oversold;            /* items, all of them */
	struct oversold_row *oversold; /* owned; the first by time */
	size_t n_oversold_rows;
	struct overview_account *accounts; /* as configured */
	size_t n_accounts;
};

/*
 * Read it all. A Redis that is away is no fault: has_store says so. Returns 0
 * or a fault; overview_fini in either case.
 */
int overview_read(struct overview *out, const struct api_env *env);
void overview_fini(struct overview *o);

/*
 * Add what the mirrors hold. A Redis that goes away leaves it out. Returns 0 or
 * a fault.
 */
int overview_read_lists(struct overview *o);

/* Sums over all accounts. */
int64_t overview_marks(const struct overview *o);
int64_t overview_waiting_lines(const struct overview *o);
int64_t overview_unresolved(const struct overview *o);

/* How many things a person must decide on. */
int64_t overview_decisions(const struct overview *o);

/*
 * What the account's type cannot do, in the words of `tillbridge check`; static.
 * Returns how many; 0 of what only calls us, for it is asked for nothing.
 */
size_t overview_cannot(const char *out[ADAPTER_ABILITIES],
                       const struct overview *o,
                       const struct overview_account *a);

/* Does it answer? 1, 0, or -1 when nobody has asked it yet. */
int overview_reachable(const struct overview_account *a);

enum overview_level {
	OVERVIEW_GOOD, /* all agree */
	OVERVIEW_BUSY, /* work is in hand */
	OVERVIEW_WARN, /* a person should look */
	OVERVIEW_BAD,  /* a person must act */
};

struct overview_summary {
	enum overview_level level;
	struct buf text;   /* one sentence */
	struct buf advice; /* what to do; may be empty */
};

/* The first thing worth saying. Both texts may hold names from outside. */
void overview_summarize(struct overview_summary *out, const struct overview *o);
void overview_summary_fini(struct overview_summary *s);

/* "good", "busy", "warn", "bad"; static. */
const char *overview_level_name(enum overview_level level);

#endif
