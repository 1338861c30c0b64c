/*
 * Square, counts: read for some items, or synced for all.
 *
 * Does    POST inventory/counts/batch-retrieve, newest first, 1000 a page.
 * Not     A row that Square does not show is unknown and never zero, and so is
 *         one that we cannot read.
 * Cursor  The largest calculated_at of a listing's first page, kept after its
 *         last one; the next listing begins a little before it. Square's own
 *         clock on both ends.
 */
#include "adapters/square.h"

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/decimal.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"

#include <assert.h>
#include <string.h>

#define COUNTS_PATH "/v2/inventory/counts/batch-retrieve"

/* Note in the mirror: the newest calculated_at seen, RFC 3339. */
#define CURSOR_NOTE "counts.calculated_at"

enum {
	COUNTS_PAGE = 1000,
	CURSOR_OVERLAP_MS = 120 * 1000, /* counts that became visible late */
};

/* ---- counts: reading ---- */

static void
build_counts(struct json_out *o, const struct square_listing *l)
{
	if (l->counts) {
		json_out_array(o, "catalog_object_ids");
		for (size_t i = 0; i < l->n_counts; i++)
			json_out_text(o, NULL, l->counts[i].external);
		json_out_end_array(o);
	}
	square_out_one(o, "location_ids", l->square->location);
	if (l->from_ms)
		square_out_time(o, "updated_after", l->from_ms);
	square_out_one(o, "states", "IN_STOCK");
	json_out_int(o, "limit", COUNTS_PAGE);
}

/* The item a row is about, when it is ours to read; else NULL. */
static const char *
row_external(const struct square *s, const struct json_node *row)
{
	if (strcmp(json_text_or(row, "location_id", ""), s->location) != 0 ||
	    strcmp(json_text_or(row, "state", ""), "IN_STOCK") != 0)
		return NULL;
	return json_text(json_find(row, "catalog_object_id"));
}

/*
 * A row's quantity. False: not a number, or only estimated (a composed
 * variation has no count of its own).
 */
static bool
row_quantity(struct decimal *out, const struct json_node *row)
{
	const char *text;
	bool is_estimated = false;

	(void)json_get_bool(&is_estimated, row, "is_estimated");
	return !is_estimated && json_get_text(&text, row, "quantity") == 0 &&
	       decimal_parse(out, text) == 0;
}

struct look {
	const struct square *square;
	struct count *counts;
	size_t n;
	bool *is_seen; /* newest first: only the first row of an item counts */
};

static void
take_count(const struct look *look, const char *external,
           const struct json_node *row)
{
	for (size_t i = 0; i < look->n; i++) {
		if (look->is_seen[i] ||
		    strcmp(look->counts[i].external, external) != 0)
			continue;
		look->is_seen[i] = true;
		look->counts[i].is_known =
			row_quantity(&look->counts[i].qty, row);
	}
}

static int
take_counts(void *ctx, const struct json_node *root)
{
	const struct look *look = ctx;
	const struct json_node *rows;
	const char *external;
	int r = square_find_rows(&rows, root, "counts");

	for (size_t i = 0; !r && i < json_length(rows); i++) {
		external = row_external(look->square, json_at(rows, i));
		if (external)
			take_count(look, external, json_at(rows, i));
	}
	return r;
}

static void
forget(struct count *counts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		counts[i].qty = DECIMAL_ZERO;
		counts[i].is_known = false;
	}
}

struct outcome
square_read_counts(void *state, struct count *counts, size_t n)
{
	struct square *s = square_of(state);
	bool is_seen[SQUARE_BATCH_MAX] = { false };
	struct look look = {
		.square = s, .counts = counts, .n = n, .is_seen = is_seen
	};
	struct square_listing listing = { .path = COUNTS_PATH,
		                          .build = build_counts,
		                          .take = take_counts,
		                          .ctx = &look,
		                          .square = s,
		                          .counts = counts,
		                          .n_counts = n };
	struct outcome outcome;

	assert(n <= SQUARE_BATCH_MAX);
	forget(counts, n);
	if (n == 0)
		return outcome_done(); /* no ids would ask for all of them */
	outcome = square_list(s, &listing);
	if (outcome.verdict != VERDICT_DONE)
		forget(counts, n);
	return outcome;
}

/* ---- sync ---- */

struct sweep {
	const struct square *square;
	const struct sync_sink *sink;
	int64_t newest_ms; /* calculated_at, of the first page */
	bool is_later;     /* a page behind the first */
	int64_t rows;
};

static int
sweep_row(struct sweep *sweep, const struct json_node *row)
{
	const char *external = row_external(sweep->square, row);
	const char *calculated = json_text_or(row, "calculated_at", "");
	struct decimal qty;
	int64_t at_ms;

	if (!sweep->is_later && clock_parse(&at_ms, calculated, 0) == 0 &&
	    at_ms > sweep->newest_ms)
		sweep->newest_ms = at_ms;
	if (!external || !row_quantity(&qty, row))
		return 0;
	return sweep->sink->count(sweep->sink->ctx, external, qty);
}

static int
sweep_page(void *ctx, const struct json_node *root)
{
	struct sweep *sweep = ctx;
	const struct json_node *rows;
	int r = square_find_rows(&rows, root, "counts");

	for (size_t i = 0; !r && i < json_length(rows); i++)
		r = sweep_row(sweep, json_at(rows, i));
	if (r)
		return r;
	sweep->is_later = true;
	sweep->rows += (int64_t)json_length(rows);
	sweep->sink->progress(sweep->sink->ctx, "counts", sweep->rows, 0);
	return sweep->sink->breathe(sweep->sink->ctx);
}

/* The stored cursor; 0 when there is none, or none that makes sense. */
static int
load_cursor(int64_t *out_ms, struct square *s)
{
	struct buf note = BUF_INIT;
	int r = mirror_note_get(s->mirror, &note, CURSOR_NOTE);

	*out_ms = 0;
	if (r == 0 && clock_parse(out_ms, buf_text(&note), 0))
		*out_ms = 0;
	buf_fini(&note);
	return r == MIRROR_ABSENT ? 0 : err_pass(r);
}

/* Only after all pages: Square's own times, newest first, say how far we are. */
static struct outcome
store_cursor(struct square *s, int64_t newest_ms)
{
	char text[CLOCK_TEXT_SIZE];
	int r;

	if (newest_ms == 0)
		return outcome_done();
	clock_format(text, newest_ms);
	r = mirror_note_set(s->mirror, CURSOR_NOTE, text);
	return r ? outcome_fault(r) : outcome_done();
}

struct outcome
square_sync(void *state, const struct sync_job *job,
            const struct sync_sink *sink)
{
	struct square *s = square_of(state);
	struct sweep sweep = { .square = s, .sink = sink };
	struct square_listing listing = { .path = COUNTS_PATH,
		                          .build = build_counts,
		                          .take = sweep_page,
		                          .ctx = &sweep,
		                          .square = s };
	struct outcome outcome;
	int64_t cursor_ms;
	int r = load_cursor(&cursor_ms, s);

	if (r)
		return outcome_fault(r);
	/* A full sync also heals a cursor that ran ahead. */
	if (job->is_full)
		cursor_ms = 0;
	if (cursor_ms > CURSOR_OVERLAP_MS)
		listing.from_ms = cursor_ms - CURSOR_OVERLAP_MS;
	sweep.newest_ms = cursor_ms;
	r = sink->begin_counts(sink->ctx);
	if (r)
		return outcome_fault(r);
	outcome = square_list(s, &listing);
	if (outcome.verdict != VERDICT_DONE || job->is_dry)
		return outcome;
	return store_cursor(s, sweep.newest_ms);
}
