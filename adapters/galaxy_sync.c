/*
 * Galaxy, lists into the mirror.
 *
 * Does      GET /services/sync/{name}, each as one streamed array: there is
 *           no paging (galaxy.md 3). Rows are kept as they came.
 * Cursors   By RevisionNumber, asked again from a little below the largest
 *           seen, since a number is drawn before it is committed. Balances by
 *           FromDateTime, which reaches back ten days at most. A list whose
 *           rows turn out to be unnumbered is read whole and compared: each
 *           time while it is short, else daily, as lookups are.
 * Keeps     A cursor moves after all rows of a whole list, never on a part.
 *           There is no feed of deletions: a list read whole removes the rows
 *           that it lacks. A full sync that was cut off goes on with the list
 *           it was at. What did not change is not written again.
 * Notes     NAME.revision and itembalances.since, the cursors; NAME.read, when
 *           it was last read whole; sync.full, since when a full sync is under
 *           way; sync.scenario, whose rows these are, "" while those of
 *           another scenario are being replaced.
 */
#include "adapters/galaxy.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/ports/mirror.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	/* Numbers drawn and not yet committed when a greater one was seen. */
	REVISION_OVERLAP = 50,
	PROGRESS_ROWS = 250,
	/* Unnumbered lists up to this are compared at every catch-up. */
	SHORT_ROWS = 5000,
	/* A first pull of everything may take long; a stalled one is ended by
     the client's own limits. */
	LIST_TIMEOUT_MS = 60 * 60 * 1000,
};

/* What the mirror can number (ports/mirror.h). One that is greater would be a
   cursor behind which nothing is ever found. */
#define REVISION_MAX (INT64_C(1) << 53)

#define HOUR_MS INT64_C(3600000)
#define DAY_MS  (24 * HOUR_MS)

/* galaxy.md 3; an hour short, so that a slow call does not cross the line. */
#define REACH_MS (10 * DAY_MS - HOUR_MS)

/* Times without zone are read in a zone that nobody has verified. */
#define DOUBT_MS DAY_MS

/* A full sync that was cut off longer ago begins anew. */
#define RESUME_MS (6 * HOUR_MS)

static const char full_note[] = "sync.full";
static const char scenario_note[] = "sync.scenario";

/* One sync, over all lists. */
struct run {
	struct galaxy *g;
	const struct sync_job *job;
	const struct sync_sink *sink;
	int64_t full_ms; /* when the full sync under way began; 0: none is */
	bool is_resumed; /* it was cut off, and goes on */
	bool is_first;   /* since the daemon started */
	bool is_foreign; /* the mirror holds another scenario's rows */
	struct buf scenario; /* id of the one in use */
	struct galaxy_links links;
};

/* One list's turn in it. */
struct turn {
	struct run *run;
	struct galaxy *g;
	const struct galaxy_entity *entity;
	bool is_whole;    /* everything is asked for */
	int64_t cursor;   /* as stored; 0: none */
	int64_t read_ms;  /* as stored; 0: never */
	int64_t revision; /* largest seen, the stored one included */
	int64_t total;    /* rows there were last time */
	struct galaxy_balances balances;
};

/* ---- notes ---- */

static int
load_number(struct galaxy *g, int64_t *out, const char *name)
{
	struct buf text = BUF_INIT;
	char *end = NULL;
	int r = mirror_note_get(g->env.mirror, &text, name);

	*out = 0;
	errno = 0;
	if (r == 0)
		*out = strtoll(buf_text(&text), &end, 10);
	if (r == 0 && (errno || *end || *out < 0))
		*out = 0; /* not ours: as if there were none */
	buf_fini(&text);
	return r == MIRROR_ABSENT ? 0 : err_pass(r);
}

static int
save_number(struct galaxy *g, const char *name, int64_t value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%lld", (long long)value);
	return err_pass(mirror_note_set(g->env.mirror, name, text));
}

static void
name_note(char out[64], const struct galaxy_entity *entity, const char *what)
{
	(void)snprintf(out, 64, "%s.%s", entity->name, what);
}

/* Last part of the cursor's note; NULL: such a list has none. */
static const char *
cursor_name(const struct galaxy_entity *entity)
{
	switch (entity->cursor) {
	case GALAXY_CURSOR_NONE: return NULL;
	case GALAXY_CURSOR_REVISION: return "revision";
	case GALAXY_CURSOR_TIME: return "since";
	}
	return NULL;
}

/* ---- what to ask for ---- */

static int
load(struct turn *turn)
{
	char note[64];
	int r;

	name_note(note, turn->entity, "read");
	r = load_number(turn->g, &turn->read_ms, note);
	if (!r && cursor_name(turn->entity)) {
		name_note(note, turn->entity, cursor_name(turn->entity));
		r = load_number(turn->g, &turn->cursor, note);
	}
	if (!r)
		r = mirror_count(turn->g->env.mirror, &turn->total,
		                 turn->entity->name);
	return err_pass(r);
}

/*
 * The moment a balance must have changed after; 0: all of them. So it is after
 * the clock was set back: a cursor in the future would let changes pass by.
 */
static int64_t
since(const struct turn *turn)
{
	int64_t started_ms = turn->run->job->started_ms;
	int64_t from = turn->cursor - DOUBT_MS;

	if (turn->cursor == 0 || turn->cursor > started_ms ||
	    started_ms - from > REACH_MS)
		return 0;
	return from;
}

static bool
is_daily_due(const struct turn *turn)
{
	int64_t age = turn->run->job->started_ms - turn->read_ms;

	return turn->run->is_first || age >= DAY_MS || age < 0;
}

/* By the full sync under way, before it was cut off. */
static bool
is_read_already(const struct turn *turn)
{
	const struct run *run = turn->run;

	return run->is_resumed && turn->read_ms >= run->full_ms &&
	       turn->read_ms <= run->job->started_ms;
}

/* Is it this list's turn, and is it to be read whole? */
static bool
is_due(struct turn *turn)
{
	const struct run *run = turn->run;

	turn->is_whole = true;
	if (run->job->is_full && !is_read_already(turn))
		return true; /* else what changed since, as a catch-up */
	if (run->is_foreign || turn->read_ms == 0)
		return true;
	switch (turn->entity->cursor) {
	case GALAXY_CURSOR_NONE: return is_daily_due(turn);
	case GALAXY_CURSOR_TIME: turn->is_whole = since(turn) == 0; return true;
	case GALAXY_CURSOR_REVISION:
		turn->is_whole = turn->cursor == 0;
		return !turn->is_whole || turn->total <= SHORT_ROWS ||
		       is_daily_due(turn);
	}
	return true;
}

static void
add_cursor(const struct turn *turn, struct buf *url)
{
	char text[ZONE_TEXT_SIZE];
	int64_t from = turn->cursor - REVISION_OVERLAP;

	switch (turn->entity->cursor) {
	case GALAXY_CURSOR_NONE: return;
	case GALAXY_CURSOR_REVISION:
		if (turn->is_whole || from < 0)
			from = 0;
		(void)snprintf(text, sizeof(text), "%lld", (long long)from);
		galaxy_param(url, "RevisionNumber", text);
		return;
	case GALAXY_CURSOR_TIME:
		if (turn->is_whole)
			return;
		zone_format(text, turn->g->zone, since(turn));
		galaxy_param(url, "FromDateTime", text);
		return;
	}
}

/* ---- rows ---- */

static void
report(const struct turn *turn, int64_t rows)
{
	const struct sync_sink *sink = turn->run->sink;

	if (sink->progress)
		sink->progress(sink->ctx, turn->entity->name, rows,
		               turn->is_whole ? turn->total : 0);
}

/* Code and AlterCode are often one text. */
static bool
is_listed(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	return false;
}

static size_t
collect_names(const struct turn *turn, const struct json_node *row,
              const char *names[GALAXY_NAMES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < GALAXY_NAMES_MAX && turn->entity->names[i];
	     i++) {
		const char *member = turn->entity->names[i];
		const char *name;

		if (!member[0]) /* GALAXY_SKU_MEMBER */
			member = conf_text(turn->g->env.conf, "sku_field");
		name = json_text_or(row, member, "");
		if (name[0] && !is_listed(names, n, name))
			names[n++] = name;
	}
	return n;
}

static int
keep_row(struct turn *turn, const struct galaxy_list *list,
         const struct json_node *row, const char *key)
{
	const char *names[GALAXY_NAMES_MAX];
	struct mirror_row kept = {
		.key = key,
		.json = list->text,
		.n_json = list->n_text,
		.names = names,
		.n_names = collect_names(turn, row, names),
	};
	int r;

	if (json_get_int(&kept.revision, row, "RevisionNumber") ||
	    kept.revision < 0 || kept.revision > REVISION_MAX)
		kept.revision = 0;
	if (kept.revision > turn->revision)
		turn->revision = kept.revision;
	r = galaxy_links_check(&turn->run->links, turn->entity, row, key);
	return err_pass(r ? r : mirror_list_put(turn->g->env.mirror, &kept));
}

static int
take_row(struct galaxy_list *list, const struct json_node *row)
{
	struct turn *turn = list->ctx;
	char key[GALAXY_ID_SIZE];

	if (list->rows % PROGRESS_ROWS == 0)
		report(turn, list->rows);
	if (!galaxy_member_id(key, row, turn->entity->key) || !key[0]) {
		(void)snprintf(list->problem, sizeof(list->problem),
		               "a row of %s without %s", turn->entity->name,
		               turn->entity->key);
		return GALAXY_BAD_ROW;
	}
	return keep_row(turn, list, row, key);
}

/* A balance is a row of the mirror, and a count for who keeps the stock. */
static int
take_balance(struct galaxy_list *list, const struct json_node *row)
{
	struct turn *turn = list->ctx;
	char key[GALAXY_EXTERNAL_SIZE];
	char external[GALAXY_EXTERNAL_SIZE];
	char id[GALAXY_ID_SIZE];
	struct decimal qty;
	int r;

	if (list->rows % PROGRESS_ROWS == 0)
		report(turn, list->rows);
	r = galaxy_balance_of(&turn->balances, list, row, external, &qty);
	if (r && r != MIRROR_ABSENT)
		return r;
	if (r == 0)
		r = galaxy_report_count(turn->g, turn->run->sink, external,
		                        qty);
	else
		r = 0;
	if (!r && galaxy_member_id(id, row, turn->entity->key) &&
	    galaxy_external(key, id, row))
		r = keep_row(turn, list, row, key);
	return r;
}

/* ---- one list ---- */

/*
 * The cursor to store with the last rows, or false when it may stay. That of
 * the balances is an hour old at most: it reaches back a day anyway, and a
 * catch-up with nothing new is to write nothing.
 */
static bool
next_cursor(const struct turn *turn, int64_t rows, int64_t *value)
{
	int64_t started_ms = turn->run->job->started_ms;

	switch (turn->entity->cursor) {
	case GALAXY_CURSOR_NONE: return false;
	case GALAXY_CURSOR_REVISION:
		*value = turn->revision;
		return rows > 0 && turn->revision != turn->cursor;
	case GALAXY_CURSOR_TIME:
		*value = started_ms;
		return turn->is_whole || started_ms < turn->cursor ||
		       started_ms - turn->cursor >= HOUR_MS;
	}
	return false;
}

/* After a list read whole: its rows are all there. */
static int
note_read(const struct turn *turn, const struct mirror_tally *tally)
{
	int64_t started_ms = turn->run->job->started_ms;
	bool is_changed = tally->n_written > 0 || tally->n_gone > 0;
	char note[64];

	if (!turn->is_whole || turn->run->job->is_dry)
		return 0;
	if (!turn->run->job->is_full && !is_changed && !is_daily_due(turn))
		return 0;
	name_note(note, turn->entity, "read");
	return err_pass(save_number(turn->g, note, started_ms));
}

/* The alter codes have changed, or may have: they are read again. */
static void
forget_packs(const struct turn *turn)
{
	if (strcmp(turn->entity->name, "itemaltercodes") == 0)
		galaxy_packs_forget(turn->g);
}

/*
 * Before a list takes effect the lease must still be ours: this process may
 * have stood still, while another one read a newer list.
 */
static int
keep_lease(const struct run *run)
{
	return run->sink->breathe ? run->sink->breathe(run->sink->ctx) : 0;
}

/* Rows that were there are never taken for gone because nothing came. */
static bool
is_suspiciously_empty(const struct turn *turn, const struct galaxy_list *list)
{
	return turn->run->job->is_full && turn->is_whole && list->rows == 0 &&
	       turn->total > 0 && !turn->run->is_foreign;
}

static int
finish(struct turn *turn, const struct galaxy_list *list)
{
	const struct run *run = turn->run;
	struct mirror *mirror = turn->g->env.mirror;
	struct mirror_tally tally = { 0 };
	char note[64];
	char value[32];
	int64_t cursor = 0;
	bool has_cursor = next_cursor(turn, list->rows, &cursor);
	int r = keep_lease(run);

	if (list->n_bad)
		mirror_list_spare(mirror);
	if (!r && turn->entity->cursor == GALAXY_CURSOR_TIME &&
	    !run->job->is_dry)
		r = galaxy_kind_save(turn->g, turn->balances.kind);
	if (has_cursor)
		name_note(note, turn->entity, cursor_name(turn->entity));
	(void)snprintf(value, sizeof(value), "%lld", (long long)cursor);
	if (!r)
		r = mirror_list_end(mirror, &tally, has_cursor ? note : NULL,
		                    value);
	if (!r)
		r = note_read(turn, &tally);
	if (tally.n_written + tally.n_gone > 0)
		forget_packs(turn);
	if (!r && run->sink->listed)
		run->sink->listed(run->sink->ctx, turn->entity->name, &tally);
	if (!r && !list->n_bad)
		galaxy_links_end(&turn->run->links, turn->entity);
	if (!r && run->links.n_missing && run->sink->dangling)
		run->sink->dangling(run->sink->ctx, turn->entity->name,
		                    run->links.n_missing, run->links.why);
	if (!r && is_suspiciously_empty(turn, list) && run->sink->skipped)
		run->sink->skipped(run->sink->ctx, turn->entity->name,
		                   turn->total,
		                   "the list came empty, so what the mirror "
		                   "has of it stays");
	if (!r && list->n_bad && run->sink->skipped)
		run->sink->skipped(run->sink->ctx, turn->entity->name,
		                   list->n_bad, list->problem);
	return err_pass(r);
}

static int
begin(struct turn *turn)
{
	const struct run *run = turn->run;
	unsigned kind = turn->is_whole ? MIRROR_WHOLE : MIRROR_PART;
	int r = 0;

	/* A whole list tells anew: a restored database starts lower. */
	turn->revision = turn->is_whole ? 0 : turn->cursor;
	/* Said once a day, with the full sync. */
	galaxy_links_begin(&turn->run->links, turn->entity,
	                   run->job->is_full && turn->is_whole);
	if (turn->entity->cursor == GALAXY_CURSOR_TIME) {
		turn->balances.g = turn->g;
		if (!turn->is_whole)
			r = galaxy_kind_load(turn->g, &turn->balances.kind);
		if (!r && run->sink->begin_counts)
			r = run->sink->begin_counts(run->sink->ctx);
	}
	if (run->job->is_dry)
		kind |= MIRROR_DRY;
	if (run->is_foreign)
		kind |= MIRROR_ANEW;
	if (!r)
		r = mirror_list_begin(turn->g->env.mirror, turn->entity->name,
		                      kind);
	return err_pass(r);
}

/* This installation has no such list: read, with no rows. */
static struct outcome
note_missing(struct turn *turn)
{
	struct mirror_tally nothing = { 0 };
	int r = note_read(turn, &nothing);

	return r ? outcome_fault(r) : outcome_done();
}

static struct outcome
read_list(struct turn *turn)
{
	bool is_balances = turn->entity->cursor == GALAXY_CURSOR_TIME;
	struct galaxy_list list = {
		.row = is_balances ? take_balance : take_row,
		.ctx = turn,
		.timeout_ms = LIST_TIMEOUT_MS,
		.idle = turn->run->sink->breathe,
		.idle_ctx = turn->run->sink->ctx,
	};
	struct buf url = BUF_INIT;
	struct outcome outcome;
	int r = begin(turn);

	if (r)
		return outcome_fault(r);
	report(turn, 0);
	galaxy_url(&url, turn->g, turn->entity->name, turn->entity->path);
	galaxy_param_scenario(&url, turn->g);
	add_cursor(turn, &url);
	outcome = buf_check(&url)
	                  ? outcome_fault(ERR_NOMEM)
	                  : galaxy_read_list(turn->g, buf_text(&url), &list);
	buf_fini(&url);
	if (outcome.verdict == VERDICT_DONE) {
		report(turn, list.rows);
		r = finish(turn, &list);
		if (r)
			outcome = outcome_fault(r);
	}
	mirror_list_abandon(turn->g->env.mirror);
	/* A full sync also finds what another process wrote. */
	if (outcome.verdict != VERDICT_DONE || turn->run->job->is_full)
		forget_packs(turn);
	if (list.status == 404 && turn->entity->is_optional)
		return note_missing(turn);
	return outcome;
}

/* Say which list it was, in front of what happened. */
static struct outcome
name_list(struct outcome outcome, const char *entity)
{
	struct outcome named;
	char why[190];

	galaxy_say(why, sizeof(why), outcome.why);
	named = outcome_of(outcome.verdict, "%s: %s", entity, why);
	named.wait_ms = outcome.wait_ms;
	return named;
}

static struct outcome
do_turn(struct run *run, const struct galaxy_entity *entity)
{
	struct turn turn = { .run = run, .g = run->g, .entity = entity };
	struct outcome outcome = outcome_done();
	int r = load(&turn);

	if (r)
		return outcome_fault(r);
	if (is_due(&turn))
		outcome = read_list(&turn);
	if (outcome.verdict != VERDICT_DONE)
		outcome = name_list(outcome, entity->name);
	return outcome;
}

/* ---- one sync ---- */

/*
 * Whose rows are in the mirror from now on: of this scenario, or as long as
 * another one's are being replaced, nobody's. A sync that is cut off must not
 * leave rows of two scenarios under the name of one.
 */
static int
claim(const struct run *run, bool has_owner, const char *owner)
{
	const char *next = run->is_foreign ? "" : buf_text(&run->scenario);

	if (run->job->is_dry || !run->scenario.n ||
	    (has_owner && strcmp(owner, next) == 0))
		return 0;
	return err_pass(
		mirror_note_set(run->g->env.mirror, scenario_note, next));
}

/*
 * Are there rows of another scenario? It decides what there is to see, so
 * cursors of another one mean nothing.
 */
static int
find_foreign(struct run *run)
{
	struct mirror *mirror = run->g->env.mirror;
	struct buf owner = BUF_INIT;
	bool has_owner;
	int r = mirror_note_get(mirror, &run->scenario, GALAXY_NOTE_SCENARIO);

	if (!r)
		r = mirror_note_get(mirror, &owner, scenario_note);
	has_owner = r == 0;
	run->is_foreign = has_owner && strcmp(buf_text(&owner),
	                                      buf_text(&run->scenario)) != 0;
	if (!r || r == MIRROR_ABSENT)
		r = claim(run, has_owner, buf_text(&owner));
	buf_fini(&owner);
	return err_pass(r);
}

/* Go on with the full sync that was cut off, or begin one. */
static int
begin_full(struct run *run)
{
	int64_t now = run->job->started_ms;
	int r = 0;

	if (!run->job->is_full || run->job->is_dry)
		return 0;
	r = load_number(run->g, &run->full_ms, full_note);
	run->is_resumed = run->full_ms && run->full_ms <= now &&
	                  now - run->full_ms < RESUME_MS && !run->is_foreign;
	if (r || run->is_resumed)
		return err_pass(r);
	run->full_ms = now;
	return err_pass(save_number(run->g, full_note, now));
}

static int
end_run(struct run *run)
{
	struct galaxy *g = run->g;
	int r = 0;

	if (run->job->is_dry)
		return 0;
	if (run->full_ms)
		r = save_number(g, full_note, 0);
	if (!r && run->is_foreign)
		r = mirror_note_set(g->env.mirror, scenario_note,
		                    buf_text(&run->scenario));
	g->has_synced |= r == 0;
	return err_pass(r);
}

static struct outcome
begin_run(struct run *run)
{
	struct outcome outcome;
	int r = 0;

	/* Which one is the default may be changed there at any time. */
	if (!conf_text(run->g->env.conf, "web_scenario"))
		run->g->has_scenario = false;
	outcome = galaxy_ready(run->g);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	r = find_foreign(run);
	if (!r)
		r = begin_full(run);
	return r ? outcome_fault(r) : outcome;
}

struct outcome
galaxy_sync(void *state, const struct sync_job *job,
            const struct sync_sink *sink)
{
	struct galaxy *g = state;
	struct run run = {
		.g = g,
		.job = job,
		.sink = sink,
		.is_first = !g->has_synced,
	};
	struct outcome outcome = begin_run(&run);
	int r;

	for (const struct galaxy_entity *e = galaxy_entities;
	     e->name && outcome.verdict == VERDICT_DONE; e++)
		outcome = do_turn(&run, e);
	r = outcome.verdict == VERDICT_DONE ? end_run(&run) : 0;
	galaxy_links_fini(&run.links);
	buf_fini(&run.scenario);
	return r ? outcome_fault(r) : outcome;
}
