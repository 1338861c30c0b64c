/*
 * Square, a return that happened elsewhere: inventory adjustments from
 * UNLINKED_RETURN to IN_STOCK.
 *
 * Its lines go one by one, in their order: a call is done or not done, and as
 * many changes as are there are the first lines.
 */
#include "adapters/square_post.h"

#include "gateway/base/buf.h"
#include "gateway/base/decimal.h"
#include "gateway/base/json.h"

#include <stdio.h>
#include <string.h>

#define CREATE_PATH  "/v2/inventory/changes/batch-create"
#define CHANGES_PATH "/v2/inventory/changes/batch-retrieve"

enum {
	PAGE = 500,
	BEHIND_MS = 2000, /* a time of now is not in the future */
	AGE_MAX_MS = (24 * 60 - 5) * 60 * 1000, /* 24 h, and room to travel */
	STEP_MS = 12 * 60 * 60 * 1000, /* how long a stamp of ours holds */
};

/* ---- posting ---- */

/*
 * When the goods came back, as long as Square takes that. Else as many steps
 * later (or earlier) as it takes: that too is the same at every attempt, until
 * the next step. Before the counts that were taken since, as it was.
 */
static int64_t
occurred_ms(const struct square *s, const struct entry *entry)
{
	int64_t now_ms = peer_clock_now_ms(&s->clock);
	int64_t late_ms =
		now_ms - s->margin_ms - BEHIND_MS - entry->occurred_ms;
	int64_t steps = late_ms / STEP_MS;

	if (entry->occurred_ms <= now_ms &&
	    now_ms - entry->occurred_ms <= AGE_MAX_MS)
		return entry->occurred_ms;
	if (steps * STEP_MS > late_ms)
		steps--;
	return entry->occurred_ms + steps * STEP_MS;
}

static void
build_adjustment(struct json_out *o, const struct square *s,
                 const struct entry *entry, const struct entry_line *line)
{
	char quantity[DECIMAL_TEXT_SIZE];

	json_out_object(o, NULL);
	json_out_text(o, "type", "ADJUSTMENT");
	json_out_object(o, "adjustment");
	json_out_text(o, "reference_id", entry->docid);
	json_out_text(o, "catalog_object_id", line->external);
	json_out_text(o, "from_state", "UNLINKED_RETURN");
	json_out_text(o, "to_state", "IN_STOCK");
	json_out_text(o, "location_id", s->location);
	json_out_text(o, "quantity",
	              decimal_format(quantity, decimal_neg(line->qty)));
	square_out_time(o, "occurred_at", occurred_ms(s, entry));
	json_out_end_object(o);
	json_out_end_object(o);
}

/* One line under its own key. */
static void
build_return(struct buf *out, const struct square *s, const struct entry *entry,
             size_t at)
{
	struct json_out o = { .to = out };
	char key[SQUARE_KEY_SIZE];

	(void)snprintf(key, sizeof(key), "%.40s-%zu", entry->docid, at);
	json_out_object(&o, NULL);
	json_out_text(&o, "idempotency_key", key);
	json_out_array(&o, "changes");
	build_adjustment(&o, s, entry, &entry->lines[at]);
	json_out_end_array(&o);
	json_out_end_object(&o);
}

/* ---- finding ---- */

struct counting {
	const struct square *square;
	const struct entry *entry;
	size_t n; /* adjustments that are there */
};

static void
build_changes(struct json_out *o, const struct square_listing *l)
{
	square_out_one(o, "location_ids", l->square->location);
	square_out_one(o, "types", "ADJUSTMENT");
	if (l->from_ms)
		square_out_time(o, "updated_after", l->from_ms);
	json_out_int(o, "limit", PAGE);
}

static int
take_changes(void *ctx, const struct json_node *root)
{
	struct counting *f = ctx;
	const struct json_node *rows;
	int r = square_find_rows(&rows, root, "changes");

	for (size_t i = 0; !r && i < json_length(rows); i++) {
		const struct json_node *a =
			json_find(json_at(rows, i), "adjustment");

		if (strcmp(json_text_or(a, "reference_id", ""),
		           f->entry->docid) == 0 &&
		    strcmp(json_text_or(a, "location_id", ""),
		           f->square->location) == 0)
			f->n++;
	}
	return r;
}

/* How many of the return's lines are there? */
static struct outcome
find_changes(struct square *s, const struct entry *entry, size_t *n)
{
	struct counting f = { .square = s, .entry = entry };
	struct square_listing listing = { .path = CHANGES_PATH,
		                          .build = build_changes,
		                          .take = take_changes,
		                          .ctx = &f,
		                          .square = s,
		                          .from_ms = square_earliest_ms(
						  s, entry) };
	struct outcome outcome = square_list(s, &listing);

	*n = f.n;
	return outcome;
}

/* The key has done this before, with another time or binding: go on behind. */
static struct outcome
count_back(struct square *s, const struct entry *entry, size_t *at)
{
	size_t n;
	struct outcome outcome = find_changes(s, entry, &n);

	if (outcome.verdict != VERDICT_DONE)
		outcome.verdict = VERDICT_UNCERTAIN;
	else if (n <= *at)
		outcome = outcome_of(VERDICT_REFUSED,
		                     "Square knows the key of %.40s, but does "
		                     "not show it: look for %.40s in its "
		                     "inventory history, book by hand what is "
		                     "missing, then drop this entry",
		                     entry->lines[*at].sku, entry->docid);
	else
		*at = n;
	return outcome;
}

/*
 * Post one line; at: which one, and the next one after DONE. Also after 429 the
 * same key and body again are harmless; so SLOW may stay what it is, although
 * Square may have done it.
 */
static struct outcome
post_return_line(struct square *s, const struct entry *entry, size_t *at)
{
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;

	build_return(&body, s, entry, *at);
	outcome = square_post(s, CREATE_PATH, &body, &doc);
	if (square_has_error(doc, "IDEMPOTENCY_KEY_REUSED"))
		outcome = count_back(s, entry, at);
	else if (outcome.verdict == VERDICT_REFUSED)
		outcome = square_refused(&outcome, doc);
	else if (outcome.verdict == VERDICT_DONE)
		++*at;
	json_free(doc);
	buf_fini(&body);
	return outcome;
}

/* Some lines are there: then only a no of Square's itself is a no. */
static struct outcome
half_returned(const struct entry *entry, size_t n, const struct outcome *why)
{
	return outcome_of(why->verdict == VERDICT_REFUSED ? VERDICT_REFUSED
	                                                  : VERDICT_UNCERTAIN,
	                  "%zu of its %zu lines are there; the next: %.190s", n,
	                  entry->n_lines, why->why);
}

/*
 * A time that is not the entry's own may differ from the last attempt's, and an
 * old one's key may be forgotten: look before.
 */
struct outcome
square_post_return(struct square *s, const struct entry *entry)
{
	struct outcome outcome = outcome_done();
	size_t at = 0;

	if (occurred_ms(s, entry) != entry->occurred_ms)
		outcome = find_changes(s, entry, &at);
	while (outcome.verdict == VERDICT_DONE && at < entry->n_lines)
		outcome = post_return_line(s, entry, &at);
	return outcome.verdict == VERDICT_DONE || at == 0
	               ? outcome
	               : half_returned(entry, at, &outcome);
}

/*
 * What is half there is not there: posted again it is completed, with the items
 * as they are bound then, and nothing of it is done twice.
 */
struct outcome
square_find_return(struct square *s, const struct entry *entry)
{
	size_t n;
	struct outcome outcome = find_changes(s, entry, &n);

	if (outcome.verdict != VERDICT_DONE || n >= entry->n_lines)
		return outcome;
	return outcome_of(VERDICT_ABSENT,
	                  "Square has %zu of the %zu lines of return %.40s", n,
	                  entry->n_lines, entry->docid);
}
