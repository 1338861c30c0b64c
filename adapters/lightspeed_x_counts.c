/*
 * Lightspeed X, counts: read for some items, or synced for all.
 *
 * Does     POST inventory_levels (dated) for up to 500 items of our outlet: one
 *          call. GET /api/2.0/inventory from version to version for a sync.
 * Not      A product without a row at our outlet is unknown, never zero; why,
 *          its own record says: gone, not tracked, or never counted there.
 * Cursor   The moment, by their clock, at which the last complete listing
 *          began; which version that was, lightspeed_x_versions.c knows. A
 *          little more is read again, as rows may become visible late.
 */
#include "adapters/lightspeed_x.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CURSOR_NOTE "lightspeed_x.inventory"

enum {
	LEVELS_MAX = 10000, /* rows of a call */
	PAGE_SIZE = 5000,
	OVERLAP_MS = 120 * 1000,
	EXPLAINED_MAX = 10, /* products of a batch that are asked for alone */
};

/* ---- rows ---- */

struct row {
	const char *product; /* borrowed; NULL: none, or of another outlet */
	struct decimal qty;
	bool is_known;
};

/* The names differ between the versions, and some numbers are texts. */
static struct row
read_row(const struct lightspeed_x *x, const struct json_node *node)
{
	static const char *const keys[] = { "current_inventory_level",
		                            "inventory_level",
		                            "current_amount" };
	const char *outlet = json_text_or(node, "location_id",
	                                  json_text_or(node, "outlet_id", ""));
	struct row row = { .qty = DECIMAL_ZERO };
	int r = JSON_ABSENT;

	if (strcmp(outlet, x->outlet) == 0)
		row.product = json_text_or(node, "product_id", NULL);
	for (size_t i = 0; r == JSON_ABSENT && i < 3; i++)
		r = lightspeed_x_get_number(&row.qty, node, keys[i],
		                            LIGHTSPEED_X_PLACES);
	row.is_known = r == 0;
	return row;
}

/* ---- read ---- */

static void
forget(struct count *counts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		counts[i].is_known = false;
		counts[i].qty = DECIMAL_ZERO;
		counts[i].outcome = outcome_done();
	}
}

static void
remember(struct lightspeed_x *x, const struct count *count)
{
	struct lightspeed_x_seen *seen;

	if (x->n_seen == LIGHTSPEED_X_BATCH_MAX ||
	    strlen(count->external) >= sizeof(seen->product))
		return;
	seen = &x->seen[x->n_seen++];
	memcpy(seen->product, count->external, strlen(count->external) + 1);
	seen->count = count->qty;
}

static void
refuse(struct count *count, const char *why)
{
	count->outcome = outcome_of(VERDICT_REFUSED,
	                            "Lightspeed shows no count of product "
	                            "%.40s: %s",
	                            count->external, why);
}

static int
take_levels(struct lightspeed_x *x, struct count *counts, size_t n,
            const struct json_node *rows)
{
	if (json_type(rows) != JSON_ARRAY)
		return LIGHTSPEED_X_MALFORMED;
	for (size_t i = 0; i < json_length(rows); i++) {
		struct row row = read_row(x, json_at(rows, i));

		for (size_t k = 0; row.product && k < n; k++) {
			if (strcmp(counts[k].external, row.product) != 0)
				continue;
			counts[k].is_known = row.is_known;
			counts[k].qty = row.qty;
			if (!row.is_known)
				refuse(&counts[k], "its level is no number");
		}
	}
	for (size_t k = 0; k < n; k++)
		if (counts[k].is_known)
			remember(x, &counts[k]);
	return 0;
}

static void
build_levels(struct buf *out, const struct lightspeed_x *x,
             const struct count *counts, size_t n)
{
	struct json_out o = { .to = out };

	json_out_object(&o, NULL);
	json_out_array(&o, "product_ids");
	for (size_t i = 0; i < n; i++)
		json_out_text(&o, NULL, counts[i].external);
	json_out_end_array(&o);
	json_out_array(&o, "location_ids");
	json_out_text(&o, NULL, x->outlet);
	json_out_end_array(&o);
	json_out_int(&o, "offset", 0);
	json_out_int(&o, "size", LEVELS_MAX);
	json_out_bool(&o, "include_inactive", true);
	json_out_end_object(&o);
}

static struct outcome
read_levels(struct lightspeed_x *x, struct count *counts, size_t n)
{
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;

	build_levels(&body, x, counts, n);
	outcome = lightspeed_x_must_be(
		lightspeed_x_ask(
			x, &doc, &body,
			text_format("/api/%s/inventory_levels", x->dated)),
		"inventory_levels");
	if (outcome.verdict == VERDICT_DONE)
		outcome =
			outcome_taken(take_levels(x, counts, n, json_root(doc)),
		                      "inventory_levels");
	json_free(doc);
	buf_fini(&body);
	return outcome;
}

/* ---- what has no count, and why ---- */

static const char *
reason(const struct json_node *product)
{
	bool is_tracked = true;
	bool is_composite = false;

	(void)json_get_bool(&is_tracked, product, "has_inventory");
	(void)json_get_bool(&is_composite, product, "is_composite");
	if (json_find(product, "deleted_at"))
		return "it is deleted there: correct the binding";
	if (is_composite)
		return "it is made up of others and has no stock of its own";
	if (!is_tracked)
		return "its inventory is not tracked there";
	return "it was never counted at this outlet: receive or count it there";
}

/*
 * Whatever is answered about this one, it is this one that is not written:
 * others of the batch have their counts. SLOW and LOCKED are about all of them.
 */
static struct outcome
explain(struct lightspeed_x *x, struct count *count)
{
	struct json *doc = NULL;
	struct buf path = BUF_INIT;
	struct outcome outcome;
	char why[160];

	buf_adds(&path, "/api/2.0/products/");
	buf_add_url(&path, count->external);
	outcome = lightspeed_x_get(x, &doc,
	                           buf_check(&path) ? NULL : buf_steal(&path));
	if (outcome.verdict == VERDICT_ABSENT) {
		refuse(count,
		       "there is none with this id: correct the binding");
	} else if (outcome.verdict == VERDICT_DONE) {
		refuse(count, reason(json_find(json_root(doc), "data")));
	} else {
		(void)snprintf(why, sizeof(why),
		               "it has no row at this outlet, and of itself "
		               "Lightspeed says: %.60s",
		               outcome.why);
		refuse(count, why);
	}
	json_free(doc);
	buf_fini(&path);
	return outcome;
}

/* What does not answer is not asked again at once: each may take its time. */
static struct outcome
explain_unseen(struct lightspeed_x *x, struct count *counts, size_t n)
{
	size_t n_asked = 0;

	for (size_t i = 0; i < n; i++) {
		struct outcome outcome;

		if (counts[i].is_known ||
		    counts[i].outcome.verdict == VERDICT_REFUSED)
			continue;
		if (n_asked >= EXPLAINED_MAX) {
			refuse(&counts[i], "it has no row at this outlet");
			continue;
		}
		outcome = explain(x, &counts[i]);
		if (outcome.verdict == VERDICT_SLOW ||
		    outcome.verdict == VERDICT_LOCKED)
			return outcome;
		n_asked += outcome.verdict == VERDICT_RETRY ? EXPLAINED_MAX : 1;
	}
	return outcome_done();
}

struct outcome
lightspeed_x_read_counts(void *state, struct count *counts, size_t n)
{
	struct lightspeed_x *x = lightspeed_x_of(state);
	struct outcome outcome;

	assert(n <= LIGHTSPEED_X_BATCH_MAX);
	forget(counts, n);
	x->n_seen = 0;
	if (n == 0)
		return outcome_done(); /* no ids would ask for all of them */
	outcome = lightspeed_x_settle(x);
	if (outcome.verdict == VERDICT_DONE)
		outcome = read_levels(x, counts, n);
	if (outcome.verdict == VERDICT_DONE)
		outcome = explain_unseen(x, counts, n);
	if (outcome.verdict != VERDICT_DONE) {
		forget(counts, n);
		x->n_seen = 0;
	}
	return outcome;
}

/* ---- sync ---- */

struct telling {
	const struct lightspeed_x *x;
	const struct sync_sink *sink;
};

static int
tell(void *ctx, const struct json_node *node)
{
	const struct telling *t = ctx;
	struct row row = read_row(t->x, node);

	if (!row.product || !row.is_known || json_find(node, "deleted_at"))
		return 0;
	return t->sink->count(t->sink->ctx, row.product, row.qty);
}

/* From which version on; 0: all of it. */
static int
find_beginning(int64_t *after, struct lightspeed_x *x, bool is_full)
{
	struct buf note = BUF_INIT;
	int64_t at_ms = 0;
	int64_t version = -1;
	int r = mirror_note_get(x->mirror, &note, CURSOR_NOTE);

	if (r == MIRROR_ABSENT)
		r = 0;
	if (!r && note.n && clock_parse(&at_ms, buf_text(&note), 0))
		at_ms = 0;
	/* What is known of versions is read in any case: this listing adds to
	   it. */
	if (!r)
		r = lightspeed_x_version_at(x, &version, at_ms - OVERLAP_MS);
	*after = is_full || at_ms == 0 || version < 0 ? 0 : version;
	buf_fini(&note);
	return err_pass(r);
}

static struct outcome
store_cursor(struct lightspeed_x *x, int64_t began_ms)
{
	char text[CLOCK_TEXT_SIZE];
	int r = lightspeed_x_keep_versions(x);

	clock_format(text, began_ms);
	if (!r)
		r = mirror_note_set(x->mirror, CURSOR_NOTE, text);
	return r ? outcome_fault(r) : outcome_done();
}

struct outcome
lightspeed_x_sync(void *state, const struct sync_job *job,
                  const struct sync_sink *sink)
{
	struct lightspeed_x *x = lightspeed_x_of(state);
	struct telling telling = { x, sink };
	struct lightspeed_x_list list = { .name = "inventory",
		                          .query = "",
		                          .page_size = PAGE_SIZE,
		                          .take = tell,
		                          .ctx = &telling,
		                          .sink = sink };
	struct outcome outcome = lightspeed_x_settle(x);
	int64_t began_ms = peer_clock_now_ms(&x->clock);
	int r;

	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	r = find_beginning(&list.after, x, job->is_full);
	if (!r)
		r = sink->begin_counts(sink->ctx);
	if (r)
		return outcome_fault(r);
	outcome = lightspeed_x_list(x, &list);
	if (outcome.verdict != VERDICT_DONE || job->is_dry)
		return outcome;
	return store_cursor(x, began_ms);
}
