/*
 * Take each entry to its authority exactly once, through the ledger.
 *
 * An entry is `posting` from before its request is sent until its answer is in
 * the ledger. Whoever finds one in that state later cannot know: it becomes
 * uncertain, is looked up where that is possible and never blindly repeated.
 */
#include "gateway/engine/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_timeline.h"
#include "gateway/model/metrics.h"

enum {
	POSTS_PER_TURN = 20, /* then the marks have their turn */
	/* A lost answer's work may still be under way: look when the call
	   itself would be over, but no later than a mark may be due. */
	LOOK_UP_AFTER_MS = 30000,
	LOOK_UP_AFTER_MAX_MS = 110000,
	/* Due later, an entry is taken for one of a clock that was set back,
	   and so for due: it comes sooner, and then the pace holds it. */
	POST_AFTER_MAX_MS = 110000,
	/* An hour in all: then a person shall know of it. */
	UNRESOLVED_WAIT_MS = 15000,
	UNRESOLVED_TRIES = 240,
};

/* A line that has no id at the authority. */
struct missing {
	const char *sku;    /* borrowed from the entry; NULL: none */
	bool is_unresolved; /* bound, but what it names is not known there yet */
};

/* The account's id of an item as bound now; *external owned, NULL: none. */
static int
find_external(struct worker *w, char **external, const char *sku,
              bool *is_bound)
{
	struct item item = { 0 };
	const struct binding *b;
	int r = store_registry_get(w->store, &item, sku);

	*external = NULL;
	if (r && r != REGISTRY_ABSENT)
		return r;
	b = r ? NULL : item_find_binding(&item, w->account);
	*is_bound = b != NULL;
	if (b && b->external && b->external[0]) {
		*external = text_dup(b->external);
		r = *external ? 0 : err_raise(ERR_NOMEM, "why=%s", "entry");
	}
	item_fini(&item);
	return r < 0 ? r : 0;
}

/*
 * Fill in the authority's ids as bound now. One that the entry came with is
 * never kept: the item may have been unbound since, or the id be that of
 * another account which had the entry before.
 */
static int
fill_externals(struct worker *w, struct entry *entry, struct missing *missing)
{
	int r = 0;

	*missing = (struct missing){ .sku = NULL };
	for (size_t i = 0; !r && i < entry->n_lines; i++) {
		struct entry_line *line = &entry->lines[i];
		bool is_bound = false;

		free(line->external);
		r = find_external(w, &line->external, line->sku, &is_bound);
		if (!line->external)
			*missing = (struct missing){ line->sku, is_bound };
	}
	return r;
}

/* For a person who asks about the items. */
static void
note_entry(struct worker *w, const struct entry *entry, const char *what,
           const char *why)
{
	char qty[DECIMAL_TEXT_SIZE];

	for (size_t i = 0; i < entry->n_lines; i++)
		store_timeline_add(w->store, entry->lines[i].sku,
		                   clock_wall_ms(), TIMELINE_ENTRY, w->account,
		                   "%s (%s, docid %s) %s%s%s", entry->id,
		                   decimal_format(qty, entry->lines[i].qty),
		                   entry->docid, what, *why ? ": " : "", why);
}

static void
announce(struct worker *w, const struct entry *entry,
         const struct outcome *outcome, int64_t origin_ms)
{
	int64_t now = clock_wall_ms();

	switch (outcome->verdict) {
	case VERDICT_DONE:
		metrics_add(METRIC_entries_posted, 1);
		note_entry(w, entry, "posted and confirmed", "");
		log_info("entry.posted", "account=%s entry=%s docid=%s",
		         w->account, entry->id, entry->docid);
		if (origin_ms)
			log_info("journey.done",
			         "account=%s entry=%s lines=%zu total_ms=%lld",
			         w->account, entry->id, entry->n_lines,
			         (long long)(now - origin_ms));
		break;
	case VERDICT_UNCERTAIN:
		metrics_add(METRIC_entries_uncertain, 1);
		note_entry(w, entry, "uncertain", outcome->why);
		log_error("entry.uncertain", "account=%s entry=%s why=%s",
		          w->account, entry->id, log_quote(outcome->why));
		break;
	case VERDICT_REFUSED:
		note_entry(w, entry, "refused", outcome->why);
		log_error("entry.refused", "account=%s entry=%s why=%s",
		          w->account, entry->id, log_quote(outcome->why));
		break;
	case VERDICT_RETRY:
	case VERDICT_SLOW:
	case VERDICT_LOCKED:
	case VERDICT_ABSENT: break; /* worker_judge says it once */
	}
}

static int64_t
look_up_due_ms(const struct worker *w)
{
	int64_t wait = conf_int(w->conf, "timeout_ms") + 5000;

	if (wait < LOOK_UP_AFTER_MS)
		wait = LOOK_UP_AFTER_MS;
	if (wait > LOOK_UP_AFTER_MAX_MS)
		wait = LOOK_UP_AFTER_MAX_MS;
	return clock_wall_ms() + wait;
}

static int
ask_later(struct worker *w, enum entry_kind kind)
{
	const char *member = MARK_LOOK_UP;

	if (!adapter_can_find(w->ops, w->conf, kind))
		return 0;
	return store_marks_add(w->store, w->account, &member, 1, MARK_SALE,
	                       look_up_due_ms(w));
}

/* Redis went away, the answer is still known here: for post_recover. */
static int
keep_unsaved(struct worker *w, const char *id, const struct outcome *outcome)
{
	free(w->unsaved_id);
	w->unsaved_id = text_dup(id);
	w->unsaved = *outcome;
	w->unsaved_token = w->token;
	return ERR_STORE;
}

/* An attempt of ours, for the calls below. */
struct attempt {
	const struct entry *entry;
	unsigned number;
	int64_t origin_ms; /* 0: unknown */
};

/*
 * While we were away another process took the lease, asked, was told that the
 * document is not there, and posted it. If ours arrived too, it is there twice.
 */
static void
note_overtaken(struct worker *w, const struct entry *entry,
               const struct outcome *outcome)
{
	char why[200];

	if (outcome->verdict != VERDICT_DONE &&
	    outcome->verdict != VERDICT_UNCERTAIN)
		return;
	(void)snprintf(why, sizeof(why),
	               "two processes may have posted %.80s: look for %.40s "
	               "there, it may be twice",
	               entry->id, entry->docid);
	worker_alarm(w, why);
}

/* wait_ms: until it is tried again, if it is. */
static int
finish_in(struct worker *w, const struct attempt *a,
          const struct outcome *outcome, int64_t wait_ms)
{
	const struct entry *entry = a->entry;
	int r = store_ledger_end(w->store, entry->id, a->number, outcome,
	                         clock_wall_ms() + wait_ms);

	if (r == LEDGER_FENCED) {
		note_overtaken(w, entry, outcome);
		return 0;
	}
	if (!r)
		announce(w, entry, outcome, a->origin_ms);
	if (!r && outcome->verdict == VERDICT_UNCERTAIN)
		r = ask_later(w, entry->kind);
	return r == ERR_STORE ? keep_unsaved(w, entry->id, outcome) : r;
}

static int
finish(struct worker *w, const struct attempt *a, const struct outcome *outcome)
{
	int64_t wait_ms = pace_wait_ms(&w->pace, clock_mono_ms());

	if (wait_ms > POST_AFTER_MAX_MS)
		wait_ms = POST_AFTER_MAX_MS;
	return finish_in(w, a, outcome, wait_ms);
}

/* A new item is bound before a sync has read it: its sale waits for that. */
static int
wait_for_binding(struct worker *w, const struct attempt *a, const char *sku)
{
	const struct outcome outcome = outcome_of(
		VERDICT_RETRY, "%s is bound at %s but not known there yet", sku,
		w->account);

	return finish_in(w, a, &outcome, UNRESOLVED_WAIT_MS);
}

static int
post_one(struct worker *w, struct entry *entry, const struct attempt *a)
{
	struct pace_piece around;
	struct outcome outcome;
	struct missing missing;
	int r;

	if (!w->ops->post_entry) {
		outcome = outcome_of(VERDICT_REFUSED,
		                     "%s cannot record sales: enter it there "
		                     "by hand and drop this entry, and choose "
		                     "another authority for its items",
		                     w->account);
		return finish(w, a, &outcome);
	}
	r = fill_externals(w, entry, &missing);
	/* Nothing was sent: it is tried again, and nobody there is blamed. */
	if (r) {
		outcome = outcome_of(VERDICT_RETRY, "the store is away");
		return finish(w, a, &outcome);
	}
	if (!worker_holds(w)) {
		outcome = outcome_of(VERDICT_RETRY,
		                     "the lease ran out before it was sent");
		return finish(w, a, &outcome);
	}
	if (missing.is_unresolved && a->number <= UNRESOLVED_TRIES)
		return wait_for_binding(w, a, missing.sku);
	if (missing.sku)
		outcome = outcome_of(VERDICT_REFUSED,
		                     "%s is not bound at %s: bind it, then "
		                     "retry this entry",
		                     missing.sku, w->account);
	else
		outcome = w->ops->post_entry(w->state, entry);
	around = worker_begin_work(w, PACE_POST);
	(void)worker_judge(w, "post an entry", &outcome);
	r = finish(w, a, &outcome);
	worker_end_work(w, around);
	return r;
}

/*
 * After trouble the first call is not a post: one that breaks off is uncertain
 * and costs a person's time, a probe costs nothing. True: go on.
 */
static bool
is_well(struct worker *w)
{
	struct buf found = BUF_INIT;
	struct outcome outcome;
	int64_t n_ready = 0;

	if (!pace_is_open(&w->pace))
		return true;
	if (store_ledger_count_ready(w->store, &n_ready, w->account) ||
	    !n_ready)
		return false;
	outcome = w->ops->probe(w->state, &found);
	buf_fini(&found);
	return worker_judge(w, "probe", &outcome);
}

int
post_entries(struct worker *w, int64_t *next_due_ms)
{
	int r = 0;

	*next_due_ms = 0;
	for (int i = 0; !r && i < POSTS_PER_TURN; i++) {
		struct entry entry = { 0 };
		struct attempt attempt = { .entry = &entry };

		if (pace_kind_wait_ms(&w->pace, PACE_POST, clock_mono_ms()) >
		            0 ||
		    !worker_keep(w) || !is_well(w))
			break;
		r = store_ledger_begin(w->store, &entry, &attempt.number,
		                       &attempt.origin_ms, next_due_ms,
		                       w->account, w->lease, w->token);
		if (r == LEDGER_EMPTY && !*next_due_ms)
			worker_forget_work(w, PACE_POST);
		if (!r)
			r = post_one(w, &entry, &attempt);
		entry_fini(&entry);
	}
	if (r == LEDGER_FENCED)
		w->token = 0; /* another process took over */
	return r > 0 ? 0 : r;
}

/* ---- what a crash or a lost answer left behind ---- */

static int
recover_one(void *ctx, const struct entry *entry, unsigned attempts)
{
	struct worker *w = ctx;
	const struct attempt attempt = { entry, attempts, 0 };
	struct outcome outcome =
		outcome_of(VERDICT_UNCERTAIN,
	                   "tillbridge or its Redis ended between sending the "
	                   "document and noting the answer");

	/* Nobody else can have touched it while the lease stayed ours. */
	if (w->unsaved_id && !strcmp(w->unsaved_id, entry->id) &&
	    w->unsaved_token == w->token)
		outcome = w->unsaved;
	return finish(w, &attempt, &outcome);
}

/* Looked for before: its mark may be lost, or the look-up newly configured. */
static int
seek_again(void *ctx, const struct entry *entry, unsigned attempts)
{
	struct worker *w = ctx;

	(void)attempts;
	if (!adapter_can_find(w->ops, w->conf, entry->kind))
		return 0;
	return store_marks_add_once(w->store, w->account, MARK_LOOK_UP,
	                            MARK_SALE);
}

int
post_recover(struct worker *w)
{
	int r = store_ledger_each(w->store, w->account, "posting", recover_one,
	                          w);

	if (!r) {
		free(w->unsaved_id);
		w->unsaved_id = NULL;
		r = store_ledger_each(w->store, w->account, "uncertain",
		                      seek_again, w);
	}
	return r;
}

/*
 * A round of look-ups. One that fails ends it, for the pace then wants a wait.
 * So the next one begins behind it and comes round to it last: else the oldest,
 * failing for good, would keep all others from being asked for.
 */
struct look_up {
	struct worker *w;
	char *failed_id; /* in the round before; owned; NULL: none */
	bool is_behind;  /* it was met: what follows is asked for first */
	bool is_round;   /* it was met again: the rest was asked for */
	bool must_come_again;
};

static void
note_failed(struct look_up *l, const struct entry *entry)
{
	l->must_come_again = true;
	free(l->w->unfound_id);
	l->w->unfound_id = text_dup(entry->id);
}

/* Asking is no use: it stays uncertain, and a person reads why. */
static int
keep_uncertain(struct worker *w, const struct entry *entry, unsigned attempts,
               const struct outcome *answer)
{
	const struct outcome outcome =
		outcome_of(VERDICT_UNCERTAIN, "looked up: %s", answer->why);
	int r = store_ledger_end(w->store, entry->id, attempts, &outcome, 0);

	note_entry(w, entry, "is still uncertain", outcome.why);
	return r == LEDGER_FENCED ? 0 : r;
}

/*
 * Is it there? Asked with the lines as bound now: one that came with no id was
 * posted with the one it got later, and of a half made document the adapter
 * must see that its things are no longer those. An item that is unbound since
 * keeps the id it had.
 */
static struct outcome
find_there(struct worker *w, const struct entry *entry)
{
	struct entry now = *entry;
	struct outcome outcome = outcome_fault(ERR_NOMEM);
	bool is_bound = false;
	size_t n = 0;
	int r = 0;

	now.lines = calloc(entry->n_lines + 1, sizeof(*now.lines));
	for (; now.lines && !r && n < entry->n_lines; n++) {
		now.lines[n] = entry->lines[n];
		r = find_external(w, &now.lines[n].external,
		                  entry->lines[n].sku, &is_bound);
		if (!r && !now.lines[n].external)
			now.lines[n].external =
				text_dup(entry->lines[n].external);
	}
	if (now.lines && r)
		outcome = outcome_of(VERDICT_RETRY, "the store is away");
	else if (now.lines)
		outcome = w->ops->find_entry(w->state, &now);
	while (now.lines && n > 0)
		free(now.lines[--n].external);
	free(now.lines);
	return outcome;
}

static int
look_up_one(void *ctx, const struct entry *entry, unsigned attempts)
{
	struct look_up *l = ctx;
	struct worker *w = l->w;
	struct outcome outcome;
	int r;

	if (!adapter_can_find(w->ops, w->conf, entry->kind))
		return 0; /* nobody to ask: a person decides */
	/* Many of them at a system that does not answer would take hours. */
	if (pace_wait_ms(&w->pace, clock_mono_ms()) > 0 || !worker_keep(w)) {
		l->must_come_again = true;
		return 0;
	}
	outcome = find_there(w, entry);
	(void)worker_judge(w, "look up an entry", &outcome);
	switch (outcome.verdict) {
	case VERDICT_DONE:
	case VERDICT_ABSENT:
		log_info("entry.looked_up", "account=%s entry=%s found=%s",
		         w->account, entry->id,
		         outcome.verdict == VERDICT_DONE ? "yes" : "no");
		note_entry(w, entry,
		           outcome.verdict == VERDICT_DONE
		                   ? "looked up: it is there"
		                   : "looked up: it is not there, posted again",
		           "");
		r = store_ledger_end(w->store, entry->id, attempts, &outcome,
		                     0);
		return r == LEDGER_FENCED ? 0 : r;
	case VERDICT_REFUSED:
		return keep_uncertain(w, entry, attempts, &outcome);
	case VERDICT_RETRY:
	case VERDICT_SLOW:
	case VERDICT_LOCKED:
	case VERDICT_UNCERTAIN: note_failed(l, entry); break;
	}
	return 0;
}

static bool
has_failed(const struct look_up *l, const struct entry *entry)
{
	return l->failed_id && !strcmp(l->failed_id, entry->id);
}

static int
look_up_behind(void *ctx, const struct entry *entry, unsigned attempts)
{
	struct look_up *l = ctx;

	if (l->is_behind)
		return look_up_one(ctx, entry, attempts);
	l->is_behind = has_failed(l, entry);
	return 0;
}

static int
look_up_rest(void *ctx, const struct entry *entry, unsigned attempts)
{
	struct look_up *l = ctx;

	if (l->is_round)
		return 0;
	l->is_round = l->is_behind && has_failed(l, entry);
	return look_up_one(ctx, entry, attempts);
}

static int
look_up_all(struct look_up *l)
{
	struct worker *w = l->w;
	int r = 0;

	l->failed_id = w->unfound_id;
	w->unfound_id = NULL;
	if (l->failed_id)
		r = store_ledger_each(w->store, w->account, "uncertain",
		                      look_up_behind, l);
	if (!r)
		r = store_ledger_each(w->store, w->account, "uncertain",
		                      look_up_rest, l);
	if (w->unfound_id)
		free(l->failed_id);
	else
		w->unfound_id = l->failed_id;
	l->failed_id = NULL;
	return r;
}

int
post_look_up(struct worker *w, const struct mark *mark)
{
	struct look_up l = { .w = w };
	int r = look_up_all(&l);

	if (!r && l.must_come_again)
		return store_marks_postpone(w->store, w->account, mark,
		                            look_up_due_ms(w));
	return r ? r : store_marks_clear(w->store, w->account, &mark, 1);
}
