/*
 * Lightspeed R, counts: read for some items, or synced for all.
 *
 * Does    GET ItemShop.json of our shop: `qoh`, which reserved units have left
 *         already. An item without a row has no recorded stock: what it is then
 *         says GET Item.json, and one that is not there, or is never stocked, is
 *         refused with the reason.
 * Not     Rows of shop 0: they are sums over all shops. `sellable`: it hides
 *         what is below zero.
 * Cursor  The largest timeStamp seen, the vendor's own, kept after the last page;
 *         the next listing begins a little before it. Sorted by it, so that a
 *         row which changes meanwhile moves to the end and is read again. The
 *         timeStamp of Item does not move when stock does.
 */
#include "adapters/lightspeed_r.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Note in the mirror: the newest timeStamp seen, RFC 3339. */
#define CURSOR_NOTE "counts.timestamp"

enum {
	CURSOR_OVERLAP_MS = 120 * 1000, /* rows that became visible late */
	ID_SIZE = 24,
};

/* ---- reading ---- */

struct look {
	const struct lightspeed_r *l;
	struct count *counts;
	size_t n;
};

static bool
is_of_shop(const struct lightspeed_r *l, const struct json_node *row)
{
	return lightspeed_r_int_or(row, "shopID", 0) == l->shop;
}

static int
take_count(void *ctx, const struct json_node *row)
{
	const struct look *look = ctx;
	const char *item;

	if (!is_of_shop(look->l, row))
		return 0;
	for (size_t i = 0; i < look->n; i++) {
		struct count *count = &look->counts[i];

		item = lightspeed_r_text(row, "itemID");
		if (strcmp(item, count->external) == 0)
			count->is_known = lightspeed_r_decimal(&count->qty, row,
			                                       "qoh") == 0;
	}
	return 0;
}

/* "&itemID=IN,[1,2]" of the counts that are not known, or of all. */
static void
add_ids(struct buf *query, const struct look *look, bool is_all)
{
	struct buf ids = BUF_INIT;

	for (size_t i = 0; i < look->n; i++)
		if (is_all || !look->counts[i].is_known)
			buf_addf(&ids, "%s%s", ids.n ? "," : "[",
			         look->counts[i].external);
	buf_addc(&ids, ']');
	lightspeed_r_add_term(query, "itemID", "IN", buf_text(&ids));
	buf_fini(&ids);
}

static void
forget(struct count *counts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		counts[i].qty = DECIMAL_ZERO;
		counts[i].is_known = false;
		counts[i].outcome = outcome_done();
	}
}

/* ---- what has no row ---- */

static struct count *
find_unseen(const struct look *look, const char *item)
{
	for (size_t i = 0; i < look->n; i++)
		if (!look->counts[i].is_known &&
		    strcmp(look->counts[i].external, item) == 0)
			return &look->counts[i];
	return NULL;
}

static struct outcome
not_counted(const char *item, const char *what)
{
	return outcome_of(VERDICT_REFUSED,
	                  "Lightspeed keeps no stock of item %.24s: %s; "
	                  "correct the binding",
	                  item, what);
}

static int
take_item(void *ctx, const struct json_node *row)
{
	const struct look *look = ctx;
	struct count *count =
		find_unseen(look, lightspeed_r_text(row, "itemID"));

	if (!count)
		return 0;
	if (lightspeed_r_is(row, "archived"))
		count->outcome = not_counted(count->external, "it is archived");
	else if (strcmp(lightspeed_r_text(row, "itemType"), "non_inventory") ==
	         0)
		count->outcome = not_counted(count->external,
		                             "its type is \"non_inventory\"");
	else /* nothing was ever counted of it */
		count->outcome = outcome_done();
	return 0;
}

/* Not known may be "never counted" or "not there". */
static struct outcome
ask_why(struct lightspeed_r *l, struct look *look)
{
	struct buf query = BUF_INIT;
	struct lightspeed_r_listing listing = { .resource = "Item",
		                                .take = take_item,
		                                .ctx = look };
	struct outcome outcome;

	add_ids(&query, look, false);
	buf_adds(&query, "&archived=true");
	for (size_t i = 0; i < look->n; i++)
		if (!look->counts[i].is_known)
			look->counts[i].outcome = not_counted(
				look->counts[i].external, "there is none");
	listing.query = buf_text(&query);
	outcome = buf_check(&query) ? outcome_fault(ERR_NOMEM)
	                            : lightspeed_r_list(l, &listing);
	buf_fini(&query);
	return outcome;
}

static bool
knows_all(const struct look *look)
{
	for (size_t i = 0; i < look->n; i++)
		if (!look->counts[i].is_known)
			return false;
	return true;
}

static struct outcome
read_rows(struct lightspeed_r *l, struct look *look)
{
	struct buf query = BUF_INIT;
	struct lightspeed_r_listing listing = { .resource = "ItemShop",
		                                .take = take_count,
		                                .ctx = look };
	struct outcome outcome;

	buf_addf(&query, "&shopID=%lld", (long long)l->shop);
	add_ids(&query, look, true);
	listing.query = buf_text(&query);
	outcome = buf_check(&query) ? outcome_fault(ERR_NOMEM)
	                            : lightspeed_r_list(l, &listing);
	buf_fini(&query);
	return outcome;
}

struct outcome
lightspeed_r_read_counts(void *state, struct count *counts, size_t n)
{
	struct lightspeed_r *l = lightspeed_r_of(state);
	struct look look = { l, counts, n };
	struct outcome outcome;

	assert(n <= LIGHTSPEED_R_IDS_MAX);
	forget(counts, n);
	if (n == 0)
		return outcome_done();
	outcome = read_rows(l, &look);
	if (outcome.verdict == VERDICT_DONE && !knows_all(&look))
		outcome = ask_why(l, &look);
	if (outcome.verdict != VERDICT_DONE)
		forget(counts, n);
	return outcome;
}

/* ---- sync ---- */

struct sweep {
	const struct lightspeed_r *l;
	const struct sync_sink *sink;
	int64_t newest_ms; /* timeStamp */
};

static int
sweep_row(void *ctx, const struct json_node *row)
{
	struct sweep *sweep = ctx;
	char item[ID_SIZE];
	struct decimal qty;
	int64_t at_ms;

	if (!is_of_shop(sweep->l, row))
		return 0;
	if (lightspeed_r_time(&at_ms, row, "timeStamp") == 0 &&
	    at_ms > sweep->newest_ms)
		sweep->newest_ms = at_ms;
	(void)snprintf(item, sizeof(item), "%s",
	               lightspeed_r_text(row, "itemID"));
	if (!*item || lightspeed_r_decimal(&qty, row, "qoh") != 0)
		return 0;
	return sweep->sink->count(sweep->sink->ctx, item, qty);
}

/* The stored cursor; 0 when there is none, or none that makes sense. */
static int
load_cursor(int64_t *out_ms, struct lightspeed_r *l)
{
	struct buf note = BUF_INIT;
	int r = mirror_note_get(l->mirror, &note, CURSOR_NOTE);

	*out_ms = 0;
	if (r == 0 && clock_parse(out_ms, buf_text(&note), 0))
		*out_ms = 0;
	buf_fini(&note);
	return r == MIRROR_ABSENT ? 0 : err_pass(r);
}

static struct outcome
store_cursor(struct lightspeed_r *l, int64_t newest_ms)
{
	char text[CLOCK_TEXT_SIZE];
	int r;

	if (newest_ms == 0)
		return outcome_done();
	clock_format(text, newest_ms);
	r = mirror_note_set(l->mirror, CURSOR_NOTE, text);
	return r ? outcome_fault(r) : outcome_done();
}

static struct outcome
list_changes(struct lightspeed_r *l, struct sweep *sweep, int64_t from_ms)
{
	struct buf query = BUF_INIT;
	struct lightspeed_r_listing listing = { .resource = "ItemShop",
		                                .take = sweep_row,
		                                .ctx = sweep,
		                                .sink = sweep->sink };
	struct outcome outcome;

	buf_addf(&query, "&sort=timeStamp&shopID=%lld", (long long)l->shop);
	if (from_ms > 0)
		lightspeed_r_add_time(&query, "timeStamp", ">=", from_ms);
	listing.query = buf_text(&query);
	outcome = buf_check(&query) ? outcome_fault(ERR_NOMEM)
	                            : lightspeed_r_list(l, &listing);
	buf_fini(&query);
	return outcome;
}

struct outcome
lightspeed_r_sync(void *state, const struct sync_job *job,
                  const struct sync_sink *sink)
{
	struct lightspeed_r *l = lightspeed_r_of(state);
	struct sweep sweep = { .l = l, .sink = sink };
	struct outcome outcome;
	int64_t cursor_ms;
	int r = load_cursor(&cursor_ms, l);

	/* A full sync also heals a cursor that ran ahead. */
	if (job->is_full)
		cursor_ms = 0;
	sweep.newest_ms = cursor_ms;
	if (!r)
		r = sink->begin_counts(sink->ctx);
	if (r)
		return outcome_fault(r);
	outcome = list_changes(l, &sweep, cursor_ms - CURSOR_OVERLAP_MS);
	if (outcome.verdict != VERDICT_DONE || job->is_dry)
		return outcome;
	return store_cursor(l, sweep.newest_ms);
}
