/*
 * Galaxy, lists into the mirror.
 *
 * Does      GET /services/sync/{entity}, each as one streamed array: there is
 *           no paging (galaxy.md 3). Rows are kept as they came.
 * Cursors   Items by RevisionNumber, asked again from a little below the
 *           largest seen, since a number is drawn before it is committed.
 *           Balances by FromDateTime, which reaches back ten days at most.
 *           All else is read whole by a full sync.
 * Keeps     A cursor moves after all rows of a whole list, never on a part.
 *           There is no feed of deletions: a whole list of a full sync removes
 *           the rows that it lacks, but an empty one removes nothing, because
 *           it is more often a wrong scenario than an empty shop.
 */
#include "adapters/galaxy.h"

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
	ROWS_PER_FLUSH = 500, /* buffered rows are memory */
	/* A first pull of everything may take long; a stalled one is ended by
	   the client's own limits. */
	LIST_TIMEOUT_MS = 15 * 60 * 1000,
	NAMES_MAX = 5,
};

#define HOUR_MS INT64_C(3600000)
#define DAY_MS  (24 * HOUR_MS)

/* galaxy.md 3; an hour short, so that a slow call does not cross the line. */
#define REACH_MS (10 * DAY_MS - HOUR_MS)

/* Times without zone are read in a zone that nobody has verified. */
#define DOUBT_MS DAY_MS

enum cursor {
	CURSOR_NONE,     /* read whole, by full syncs only */
	CURSOR_REVISION, /* RevisionNumber */
	CURSOR_TIME,     /* FromDateTime; rows are counts, not kept */
};

/* The SKU's member is configured; this stands for it in the table. */
static const char sku_member[] = "";

struct entity {
	const char *name; /* in the mirror and in `paths` */
	const char *path;
	const char *key;              /* member that identifies a row */
	const char *names[NAMES_MAX]; /* members under which it is found */
	enum cursor cursor;
	bool is_guessed; /* nobody printed the path: a 404 is no trouble */
};

/* In the order of galaxy.md 13: what is referred to comes first. */
static const struct entity entities[] = {
	{ "webscenarios",
	  "/services/sync/webscenarios",
	  "ID",
	  { "Code", "Description" },
	  CURSOR_NONE,
	  false },
	{ "companies",
	  "/services/sync/companies",
	  "ID",
	  { "Code", "Description" },
	  CURSOR_NONE,
	  false },
	{ "companysites",
	  "/services/sync/companysites",
	  "ID",
	  { "Code", "Description" },
	  CURSOR_NONE,
	  false },
	{ "currencies",
	  "/services/sync/currencies",
	  "ID",
	  { "Code", "Description" },
	  CURSOR_NONE,
	  false },
	{ "paymethods",
	  "/services/sync/paymethods",
	  "ID",
	  { "Code", "Description" },
	  CURSOR_NONE,
	  false },
	{ "dispatchpurposes",
	  "/services/sync/dispatchpurposes",
	  "ID",
	  { "Code", "Description" },
	  CURSOR_NONE,
	  false },
	{ "shippingmethods",
	  "/services/sync/shippingmethods",
	  "ID",
	  { "Code", "Description" },
	  CURSOR_NONE,
	  false },
	{ "agencies",
	  "/services/sync/agencies",
	  "ID",
	  { "Code", "Description" },
	  CURSOR_NONE,
	  false },
	{ "vatsmaster",
	  "/services/sync/vatsmaster",
	  "ID",
	  { "Code", "Description" },
	  CURSOR_NONE,
	  false },
	{ "customers",
	  "/services/sync/customers",
	  "ID",
	  { "Code", "Description" },
	  CURSOR_NONE,
	  false },
	{ "itemdimensions",
	  "/services/sync/itemdimensions",
	  "ID",
	  { "Code" },
	  CURSOR_NONE,
	  false },
	{ "items",
	  "/services/sync/items",
	  "ItemID",
	  { "ItemID", "ID", "AlterCode", sku_member },
	  CURSOR_REVISION,
	  false },
	{ "itemaltercodes",
	  "/services/sync/itemaltercodes",
	  "ID",
	  { "Code" },
	  CURSOR_NONE,
	  true },
	{ "itembalances",
	  "/services/sync/itembalances",
	  "ID",
	  { NULL },
	  CURSOR_TIME,
	  false },
};

/* One entity's turn in a sync. */
struct turn {
	struct galaxy *g;
	const struct entity *entity;
	const struct sync_job *job;
	const struct sync_sink *sink;
	bool is_whole;    /* everything is asked for */
	int64_t cursor;   /* as stored; 0: none */
	int64_t revision; /* largest seen, the stored one included */
	int64_t unflushed;
	struct galaxy_balances balances;
	struct buf row;
};

/* ---- cursors ---- */

static void
name_note(char out[64], const struct entity *entity)
{
	(void)snprintf(out, 64, "%s.%s", entity->name,
	               entity->cursor == CURSOR_TIME ? "since" : "revision");
}

static int
load_cursor(struct turn *turn)
{
	struct buf text = BUF_INIT;
	char note[64];
	char *end = NULL;
	int r;

	name_note(note, turn->entity);
	r = mirror_note_get(turn->g->env.mirror, &text, note);
	errno = 0;
	if (r == 0)
		turn->cursor = strtoll(buf_text(&text), &end, 10);
	if (r == 0 && (errno || *end || turn->cursor < 0))
		turn->cursor = 0; /* not ours: as if there were none */
	buf_fini(&text);
	return r == MIRROR_ABSENT ? 0 : err_pass(r);
}

/* The moment a balance must have changed after; 0: all of them. */
static int64_t
since(const struct turn *turn)
{
	int64_t from = turn->cursor - DOUBT_MS;

	if (turn->job->is_full || turn->cursor == 0 ||
	    turn->job->started_ms - from > REACH_MS)
		return 0;
	return from;
}

static void
add_cursor(struct turn *turn, struct buf *url)
{
	char text[ZONE_TEXT_SIZE];
	int64_t from;

	switch (turn->entity->cursor) {
	case CURSOR_NONE: turn->is_whole = true; return;
	case CURSOR_REVISION:
		turn->is_whole = turn->job->is_full || turn->cursor == 0;
		from = turn->is_whole ? 0 : turn->cursor - REVISION_OVERLAP;
		(void)snprintf(text, sizeof(text), "%lld",
		               (long long)(from > 0 ? from : 0));
		galaxy_param(url, "RevisionNumber", text);
		return;
	case CURSOR_TIME:
		from = since(turn);
		turn->is_whole = from == 0;
		if (from == 0)
			return;
		zone_format(text, turn->g->zone, from);
		galaxy_param(url, "FromDateTime", text);
		return;
	}
}

/* ---- rows ---- */

static void
report(const struct turn *turn, int64_t rows)
{
	if (turn->sink->progress)
		turn->sink->progress(turn->sink->ctx, turn->entity->name, rows,
		                     0);
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
              const char *names[NAMES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < NAMES_MAX && turn->entity->names[i]; i++) {
		const char *member = turn->entity->names[i];
		const char *name;

		if (member == sku_member)
			member = conf_text(turn->g->env.conf, "sku_field");
		name = json_text_or(row, member, "");
		if (name[0] && !is_listed(names, n, name))
			names[n++] = name;
	}
	return n;
}

/* The overlap brings rows that we have: they are not written again. */
static int
is_same(struct turn *turn, const char *key, int64_t revision, bool *same)
{
	struct buf old = BUF_INIT;
	int r;

	*same = false;
	if (turn->is_whole || revision > turn->cursor)
		return 0;
	r = mirror_get(turn->g->env.mirror, &old, turn->entity->name, key);
	if (r == 0)
		*same = strcmp(buf_text(&old), buf_text(&turn->row)) == 0;
	buf_fini(&old);
	return r == MIRROR_ABSENT ? 0 : err_pass(r);
}

static int
keep_row(struct turn *turn, const struct json_node *row, const char *key)
{
	const char *names[NAMES_MAX];
	size_t n_names = collect_names(turn, row, names);
	int64_t revision = 0;
	bool same;
	int r;

	if (json_get_int(&revision, row, "RevisionNumber") == 0 &&
	    revision > turn->revision)
		turn->revision = revision;
	buf_reset(&turn->row);
	json_print(&turn->row, row);
	r = buf_check(&turn->row);
	if (!r)
		r = is_same(turn, key, revision, &same);
	if (r || same)
		return err_pass(r);
	r = mirror_put(turn->g->env.mirror, turn->entity->name, key,
	               buf_text(&turn->row), names, n_names);
	if (r || ++turn->unflushed < ROWS_PER_FLUSH)
		return err_pass(r);
	turn->unflushed = 0;
	return err_pass(mirror_flush(turn->g->env.mirror, NULL, NULL));
}

static int
take_row(struct galaxy_list *list, const struct json_node *row)
{
	struct turn *turn = list->ctx;
	char key[GALAXY_ID_SIZE];

	if (list->rows % ROWS_PER_FLUSH == 0)
		report(turn, list->rows);
	if (!galaxy_member_id(key, row, turn->entity->key) || !key[0]) {
		(void)snprintf(list->problem, sizeof(list->problem),
		               "a row of %s without %s", turn->entity->name,
		               turn->entity->key);
		return GALAXY_BAD_ROW;
	}
	return keep_row(turn, row, key);
}

static int
take_balance(struct galaxy_list *list, const struct json_node *row)
{
	struct turn *turn = list->ctx;
	char external[GALAXY_EXTERNAL_SIZE];
	struct decimal qty;
	int r;

	if (list->rows % ROWS_PER_FLUSH == 0)
		report(turn, list->rows);
	r = galaxy_balance_of(&turn->balances, list, row, external, &qty);
	if (r == MIRROR_ABSENT)
		return 0;
	if (r)
		return r;
	return turn->sink->count(turn->sink->ctx, external, qty);
}

/* ---- one list ---- */

/* After a whole list: drop what is gone, then move the cursor. */
static int
finish_rows(struct turn *turn, int64_t rows)
{
	struct mirror *mirror = turn->g->env.mirror;
	char note[64];
	char value[32];
	int r;

	r = mirror_flush(mirror, NULL, NULL);
	if (!r && turn->job->is_full && rows > 0)
		r = mirror_full_end(mirror, turn->entity->name);
	if (r || rows == 0 || turn->entity->cursor != CURSOR_REVISION ||
	    turn->revision == turn->cursor)
		return err_pass(r);
	name_note(note, turn->entity);
	(void)snprintf(value, sizeof(value), "%lld", (long long)turn->revision);
	return err_pass(mirror_flush(mirror, note, value));
}

static int
finish_balances(struct turn *turn)
{
	char note[64];
	char value[32];
	int r;

	r = galaxy_kind_save(turn->g, turn->balances.kind);
	if (r)
		return err_pass(r);
	name_note(note, turn->entity);
	(void)snprintf(value, sizeof(value), "%lld",
	               (long long)turn->job->started_ms);
	return err_pass(mirror_flush(turn->g->env.mirror, note, value));
}

static int
begin(struct turn *turn)
{
	int r = 0;

	if (turn->entity->cursor != CURSOR_NONE)
		r = load_cursor(turn);
	/* A whole list tells anew: a restored database starts lower. */
	turn->revision = turn->job->is_full ? 0 : turn->cursor;
	if (r)
		return err_pass(r);
	if (turn->entity->cursor == CURSOR_TIME) {
		turn->balances.g = turn->g;
		return turn->job->is_full
		               ? 0
		               : err_pass(galaxy_kind_load(
					 turn->g, &turn->balances.kind));
	}
	if (turn->job->is_full)
		r = mirror_full_begin(turn->g->env.mirror, turn->entity->name);
	return err_pass(r);
}

static struct outcome
read_entity(struct turn *turn)
{
	bool is_balances = turn->entity->cursor == CURSOR_TIME;
	struct galaxy_list list = {
		.row = is_balances ? take_balance : take_row,
		.ctx = turn,
		.timeout_ms = LIST_TIMEOUT_MS,
	};
	struct buf url = BUF_INIT;
	struct outcome outcome;
	int r = begin(turn);

	if (r)
		return galaxy_fault(r);
	galaxy_url(&url, turn->g, turn->entity->name, turn->entity->path);
	galaxy_param_scenario(&url, turn->g);
	add_cursor(turn, &url);
	outcome = buf_check(&url)
	                  ? galaxy_fault(ERR_NOMEM)
	                  : galaxy_read_list(turn->g, buf_text(&url), &list);
	buf_fini(&url);
	if (list.status == 404 && turn->entity->is_guessed)
		return outcome_done();
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	report(turn, list.rows);
	r = is_balances ? finish_balances(turn) : finish_rows(turn, list.rows);
	return r ? galaxy_fault(r) : outcome;
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

struct outcome
galaxy_sync(void *state, const struct sync_job *job,
            const struct sync_sink *sink)
{
	struct galaxy *g = state;
	struct outcome outcome = galaxy_ready(g);

	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
		struct turn turn = {
			.g = g, .entity = &entities[i], .job = job, .sink = sink
		};

		if (outcome.verdict != VERDICT_DONE)
			return outcome;
		if (!job->is_full && turn.entity->cursor == CURSOR_NONE)
			continue;
		outcome = read_entity(&turn);
		buf_fini(&turn.row);
		if (outcome.verdict != VERDICT_DONE)
			outcome = name_list(outcome, turn.entity->name);
	}
	return outcome;
}
