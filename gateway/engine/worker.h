#ifndef ENGINE_WORKER_H
#define ENGINE_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gateway/drivers/http_client.h"
#include "gateway/drivers/store.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_mirror.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/drivers/store_vault.h"
#include "gateway/engine/meter.h"
#include "gateway/engine/pace.h"
#include "gateway/ports/adapter.h"

/*
 * One account's worker: a thread that owns its Redis connection, its HTTP
 * client and its adapter's state, and does everything for that account in
 * turn. Reads and posts at an authority are therefore never interleaved, and a
 * slow system slows itself only.
 *
 * What it does with a mark depends on the item: at the item's authority it
 * refreshes the balance (refresh.c), elsewhere it brings the channel to its
 * target (push.c).
 */

/* What all workers share; const while they run. */
struct engine {
	const struct conf *conf;
	const struct store_options *store;
	const struct adapter_ops *const *adapters; /* ends with NULL */
	const char *owner; /* stable name of this installation's process */
	const char *state_dir;
	const char *version;
	atomic_bool *is_stopping; /* finish the work in hand, begin none */
};

/* What became of the marks that one turn took. */
struct turn {
	unsigned seen;   /* kinds of work that were due: bits */
	unsigned kinds;  /* whose turn it is: bits */
	bool is_full;    /* there may be more of them */
	bool has_begun;  /* anything */
	int64_t held_ms; /* until the first of what was not begun may; 0 */
};

enum { WORKER_DOUBTS = 1024 };

struct worker {
	const struct engine *engine;
	const struct conf_section *conf;
	const char *account; /* borrowed from conf */
	const struct adapter_ops *ops;
	struct store *store;
	struct http_client *http;
	struct meter *meter; /* of its calls; NULL: none is limited */
	struct store_mirror *mirror;
	struct store_vault *vault;
	void *state; /* the adapter's */
	struct pace pace;
	struct turn turn;
	int64_t owed_mono_ms[PACE_KINDS]; /* put off until then: not over */
	unsigned n_cut[PACE_KINDS];  /* in a row: a failure ended its turn */
	bool doubted[WORKER_DOUBTS]; /* items by hash: tried alone */
	char lease[64];              /* name */
	int64_t token;               /* of the lease; 0: not held */
	int64_t told_mono_ms;        /* when its health was last written */
	int64_t held_mono_ms;        /* when the lease was last renewed */
	int64_t kept_mono_ms;        /* when a call in hand last saw to it */
	int64_t probed_mono_ms;      /* when what is there was last asked */
	int64_t tend_mono_ms;       /* when the adapter sees to its keys next */
	int64_t sales_full_mono_ms; /* last listing of the whole window */
	int64_t zero_since_mono_ms; /* window of the zero alarm */
	int64_t n_zeroed;           /* in it */
	int n_refused;              /* items in a row, with none read */
	bool is_troubled;           /* the log said so, and of no end yet */
	bool is_refusing;           /* … and so all that is asked for */
	bool has_read;              /* counts, since the start */
	bool is_introduced;         /* the probe was made */
	bool is_interlude;          /* urgent work, inside a sync */
	bool had_post_trouble;      /* the marks come before the next one */
	int64_t switch_mono_ms;     /* when its switch was last looked at … */
	bool is_paused;             /* … and a person had switched it off */
	bool is_resting;            /* so nothing is done … */
	bool has_said_so;           /* … as the status page knows */
	char *unsaved_id;       /* entry whose answer Redis has not; owned */
	struct outcome unsaved; /* that answer */
	int64_t unsaved_token;  /* w->token when it came */
	char *unfound_id;       /* entry whose look-up failed last; owned */
	int pulse;              /* handle */
	char spent[300];        /* alarm of a month whose calls are gone; "" */
};

/* Marks of one kind, borrowed from a batch. */
struct marks {
	const struct mark **v;
	size_t n;
};

/* Adapter of an account, or NULL when none has that type. */
const struct adapter_ops *engine_adapter(const struct engine *engine,
                                         const char *type);

/* The account that is right about an item: its own or the default. Borrowed. */
const char *engine_authority(const struct engine *engine, const char *of_item);

/* Units kept back: the item's, else the account's, else the global. */
struct decimal engine_reserve(const struct engine *engine,
                              const struct conf_section *account,
                              struct decimal of_item, bool has_of_item);

/*
 * Take an outcome of a call into account: pace, health, log on change.
 * Returns true when the system answered as hoped.
 */
bool worker_judge(struct worker *w, const char *doing,
                  const struct outcome *outcome);

/*
 * Work of a kind begins, and ends: calls that are judged in between are its.
 * begin returns the work around it, for end. What is not owed any more is
 * forgotten, and with it its trouble.
 */
struct pace_piece worker_begin_work(struct worker *w, enum pace_kind kind);
void worker_end_work(struct worker *w, struct pace_piece around);
void worker_forget_work(struct worker *w, enum pace_kind kind);

/* What a person must see: log, health, until the account is well again. */
void worker_alarm(struct worker *w, const char *why);

/* For a person who asks about these items: what could not be done, and why.
   Only at the first of failures in a row, lest an outage fill timelines. */
void worker_note_trouble(struct worker *w, const struct marks *items,
                         const char *what, const char *why);

/* A count was written; a call's way from the door to the channel took so long. */
int worker_note_write(struct worker *w);
void worker_note_lag(struct worker *w, int64_t lag_ms);

/* Work in hand may go on for long: keep the lease and the pulse alive.
   Returns false when the work must end (stopping, paused, lease lost). */
bool worker_keep(struct worker *w);

/* May the system be called now? As keep, and the pace allows it. */
bool worker_may_call(struct worker *w);

/*
 * paused.c: a person has switched the account off (store_switch.h).
 *
 * is_paused  as of a moment ago; work in hand ends then
 * rests      between two turns: true after a short sleep while it is so
 * say_paused  for the status page, unless another process works it; gives the
 *             lease back. Was it said?
 */
bool worker_is_paused(struct worker *w);
bool worker_rests(struct worker *w);
bool worker_say_paused(struct worker *w);

/* How long the pace allows no call of the work in hand; 0: it does. */
int64_t worker_pace_ms(const struct worker *w);

/* So long after a loss of Redis what is bound is bound again. */
#define MENDED_MS (INT64_C(7) * 24 * 3600 * 1000)

/* bound.c: since when an item is bound, for a count's bound_ms; only asked of
   one that is. */
int64_t worker_bound_ms(const struct stock_view *view);

/* A moment of our clock by the clock of the system. */
int64_t worker_their_ms(const struct worker *w, int64_t our_ms);

/* Does no other process have the lease? Then it is ours. */
bool worker_takes(struct worker *w);

/* By our own clock, can no other process have the lease yet? Asked right before
   what must not happen twice: this process may have been stopped meanwhile. */
bool worker_holds(const struct worker *w);

/*
 * One turn of the loop: post what is due, then take the due marks and do them.
 * The thread calls it while it holds the lease; tests do without a thread.
 *
 * wait_ms  receives how long nothing is to be done; 0: there may be more
 *
 * Returns  0 or a fault: take over from ourselves.
 */
int worker_turn(struct worker *w, int64_t *wait_ms);

/*
 * What cannot wait for the end of the sync under way: a turn without the marks
 * of the whole account, but for those about entries (look up the uncertain ones,
 * post what a person retries). Runs between two steps of that sync, on its
 * thread, and never begins another one.
 *
 * Returns  0 or a fault, which ends the sync too.
 */
int worker_interlude(struct worker *w);

/*
 * The same where long work can be interrupted: only if something may be to do.
 *
 * breathed_mono_ms  when that was last so; 0 at first; kept between calls
 *
 * Returns  0 or a fault, which ends the work: also when the worker must stop.
 */
int worker_breathe(struct worker *w, int64_t *breathed_mono_ms);

/* Say that long work of the whole account has begun; kind "": it has ended. */
void worker_note_run(struct worker *w, const char *kind, int64_t started_ms);

/*
 * The thread. It ends by itself once the engine's is_stopping is set and the
 * work in hand is done; abort cuts a call that hangs (its marks stay, an entry
 * becomes uncertain). Join it, then free it; abort only in between.
 */
struct worker_thread;
int worker_start(struct worker_thread **out, const struct engine *engine,
                 const struct conf_section *account);
void worker_abort(struct worker_thread *t);
void worker_join_thread(struct worker_thread *t);
void worker_free(struct worker_thread *t);

/* refresh.c: items this account is the authority of. 0 or a fault. */
int refresh_items(struct worker *w, const struct marks *marks, int64_t tick);

/* How confirmed entries settle at this authority. */
void stock_rule(const struct worker *w, struct stock_read *read);

/* push.c: items this account is a channel of. */
int push_items(struct worker *w, const struct marks *marks);

/* sales_list.c: list recent sales; read named ones; whole: the vendor's window;
   origin_ms: of the call that asks for it, 0: none. */
int sales_list(struct worker *w, int64_t until_ms, bool whole,
               int64_t origin_ms, bool *was_listed);

/* The same of what came back, where that is a list of its own. The whole window
   of sales has it done already. */
int returns_list(struct worker *w, int64_t until_ms, bool whole,
                 int64_t origin_ms, bool *was_listed);
int sales_read(struct worker *w, const struct marks *marks);

/* The units of each on sales that are still open, in qty; only where the system
   has `read_open`. DONE, or why that cannot be said now. */
enum verdict open_sales_read(struct worker *w, struct count *counts, size_t n);

/*
 * oversold.c: more was sold of an item than there was. The sale stands (the
 * goods are gone); a person is told once, until a balance covers it again.
 *
 * check  after a sale of these items was recorded
 * look   at a channel's look: ends it when the books are no longer negative
 */
int oversold_check(struct worker *w, const char *const *skus, size_t n);
int oversold_look(struct worker *w, const struct stock_view *view);

/* post.c: post what is due. *next_due_ms: when to come again; 0: nothing. */
int post_entries(struct worker *w, int64_t *next_due_ms);
int post_recover(struct worker *w); /* entries that a crash left in posting */
int post_look_up(struct worker *w, const struct mark *mark);

/* files.c: pictures that somebody waits for. */
int files_fetch(struct worker *w, const struct marks *marks);

/* enrol.c: items that a shop wants registered. */
int enrol_items(struct worker *w, const struct marks *marks);

/* sync.c: a catch-up or a full sync, dry or not, as the mark says; resolve.c:
   bindings not yet resolved, urgent work having its turn in between: so not
   while a list streams. */
int sync_account(struct worker *w, const struct mark *mark);
int resolve_bindings(struct worker *w);

/* reconcile.c: compare item by item, and mark what drifted if the mark says so. */
int reconcile_account(struct worker *w, const struct mark *mark);

/* guard.c: turn what a sync found into marks, holding mass zeroing. */
int guard_release(struct worker *w);

#endif
