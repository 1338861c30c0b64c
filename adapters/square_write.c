/*
 * Square, counts: write.
 *
 * Does    POST inventory/changes/batch-create with physical counts: absolute,
 *         under a key that is the digest of the changes, so that a replay
 *         changes nothing.
 * Why     Square applies changes in the order of their times, whenever they
 *         arrive. A count is stamped with the moment up to which sales are
 *         inside it, never with a later one: so it cannot undo a sale rung up
 *         while it was computed or on its way (scenario s0210), and one that
 *         was held up somewhere cannot undo a newer one, for it comes before
 *         it. The other way, ADJUSTMENTs, would keep sales too, but counts a
 *         difference twice where its answer was lost and the next look makes
 *         another (how long a key is remembered is not published), takes a sale
 *         off twice that came between the look and the call, and has to call a
 *         decrease a loss or a sale in the merchant's reports.
 * Not     A sale from before the stamp that Square learns of after it (a till
 *         was offline), or shows neither as an order nor in the count when it
 *         is asked, moves no count here: it is found as a sale, by its call or
 *         within the 72 hours that are read again, and taken off by the next
 *         target (s0220).
 *         The "sold out" flag of a location: it is the merchant's own switch.
 * Limits  100 changes a call. One that ends in 429 may be half applied. A
 *         physical count may be neither from the future nor older than 24
 *         hours by Square's clock.
 */
#include "adapters/square.h"

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"
#include "gateway/base/decimal.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define CHANGES_PATH "/v2/inventory/changes/batch-create"

/* Marks our own writes in Square's inventory history. */
#define REFERENCE "tillbridge"

enum {
	TELLING_ID = 8,   /* a shorter id may be part of any word */
	MARGIN_MS = 2000, /* first step back after INVALID_TIME */
	MARGIN_MAX_MS = 60 * 1000,
	AGE_MAX_MS = (24 * 60 - 5) * 60 * 1000, /* 24 h, and room to travel */
};

/*
 * When the counts were right, by Square's clock, and never in its future.
 * Otherwise exactly as_of: any earlier, and sales that are inside the counts
 * would be taken off again; any later, and sales that are not would be undone.
 */
static int64_t
occurred_ms(const struct square *s, int64_t as_of_ms, int64_t now_ms)
{
	int64_t latest_ms = now_ms - s->margin_ms;

	return (as_of_ms > latest_ms ? latest_ms : as_of_ms) + s->clock.skew_ms;
}

static void
build_change(struct json_out *o, const struct square *s, const struct count *c,
             int64_t at_ms)
{
	char quantity[DECIMAL_TEXT_SIZE];

	json_out_object(o, NULL);
	json_out_text(o, "type", "PHYSICAL_COUNT");
	json_out_object(o, "physical_count");
	json_out_text(o, "reference_id", REFERENCE);
	json_out_text(o, "catalog_object_id", c->external);
	json_out_text(o, "state", "IN_STOCK");
	json_out_text(o, "location_id", s->location);
	json_out_text(o, "quantity", decimal_format(quantity, c->qty));
	square_out_time(o, "occurred_at", at_ms);
	json_out_end_object(o);
	json_out_end_object(o);
}

/*
 * The whole body. The key is the digest of what is to be done: the same job is
 * the same bytes under the same key, another job is another key.
 */
static int
build_changes(struct buf *out, const struct square *s,
              struct count *const *counts, size_t n, int64_t at_ms)
{
	struct buf changes = BUF_INIT;
	struct json_out inner = { .to = &changes };
	struct json_out o = { .to = out };
	char key[65];
	int r;

	json_out_array(&inner, NULL);
	for (size_t i = 0; i < n; i++)
		build_change(&inner, s, counts[i], at_ms);
	json_out_end_array(&inner);
	r = buf_check(&changes);
	if (!r)
		r = crypto_sha256_hex(
			key, &(struct crypto_part){ changes.p, changes.n }, 1);
	if (!r) {
		json_out_object(&o, NULL);
		json_out_text(&o, "idempotency_key", key);
		/* "Unchanged" means since the last physical count, whatever was
		   sold in between: ours must not be dropped for that. */
		json_out_bool(&o, "ignore_unchanged_counts", false);
		json_out_raw(&o, "changes", changes.p);
		json_out_end_object(&o);
	}
	buf_fini(&changes);
	return err_pass(r);
}

/*
 * Which change an error is about: by `changes[7].physical_count.…`, else by
 * the item's id in the words. -1: the call as a whole; so is a location that
 * is wrong for every change.
 */
static int
find_culprit(const struct json_node *error, struct count *const *sent, size_t n)
{
	const char *field = json_text_or(error, "field", "");
	const char *detail = json_text_or(error, "detail", "");
	unsigned i = 0;

	if (strstr(field, "location_id"))
		return -1;
	if (sscanf(field, "changes[%4u]", &i) == 1)
		return i < n ? (int)i : -1;
	for (i = 0; i < n; i++)
		if (strlen(sent[i]->external) >= TELLING_ID &&
		    strstr(detail, sent[i]->external))
			return (int)i;
	return -1;
}

/*
 * Square refuses a batch whole because of one change in it. Give the refusal
 * to the items it names; false when it names none.
 */
static bool
set_aside(struct count *const *sent, size_t n, const struct json *doc,
          const struct outcome *outcome)
{
	const struct json_node *errors =
		doc ? json_find(json_root(doc), "errors") : NULL;
	bool is_any = false;
	int culprit;

	for (size_t i = 0; i < json_length(errors); i++) {
		culprit = find_culprit(json_at(errors, i), sent, n);
		if (culprit < 0)
			continue;
		sent[culprit]->outcome = *outcome;
		is_any = true;
	}
	return is_any;
}

static void
widen_margin(struct square *s, const struct json *doc)
{
	const struct json_node *errors =
		doc ? json_find(json_root(doc), "errors") : NULL;
	const char *code = json_text_or(json_at(errors, 0), "code", "");

	if (strcmp(code, "INVALID_TIME") != 0)
		return;
	s->margin_ms = s->margin_ms ? s->margin_ms * 2 : MARGIN_MS;
	if (s->margin_ms > MARGIN_MAX_MS)
		s->margin_ms = MARGIN_MAX_MS;
}

/* One call with the items that are not set aside; false: call again. */
static bool
write_rest(struct square *s, struct count *counts, size_t n, int64_t at_ms,
           struct outcome *outcome)
{
	struct count *sent[SQUARE_BATCH_MAX];
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	size_t n_sent = 0;
	bool is_settled = true;
	int r;

	for (size_t i = 0; i < n; i++)
		if (counts[i].outcome.verdict == VERDICT_DONE)
			sent[n_sent++] = &counts[i];
	*outcome = outcome_done();
	if (n_sent == 0)
		return true;
	r = build_changes(&body, s, sent, n_sent, at_ms);
	*outcome = r ? outcome_fault(r)
	             : square_call(s, CHANGES_PATH, &body, &doc);
	widen_margin(s, doc);
	if (outcome->verdict == VERDICT_REFUSED)
		is_settled = !set_aside(sent, n_sent, doc, outcome);
	json_free(doc);
	buf_fini(&body);
	return is_settled;
}

/* Each further call has at least one item less, so this ends. */
struct outcome
square_write_counts(void *state, struct count *counts, size_t n,
                    int64_t as_of_ms)
{
	struct square *s = square_of(state);
	int64_t now_ms = clock_wall_ms();
	int64_t at_ms = occurred_ms(s, as_of_ms, now_ms);
	struct outcome outcome;

	assert(n <= SQUARE_BATCH_MAX);
	for (size_t i = 0; i < n; i++)
		counts[i].outcome = outcome_done();
	/* Stamped anew it would undo what was sold since; looked at anew not. */
	if (now_ms - as_of_ms > AGE_MAX_MS)
		return outcome_of(
			VERDICT_RETRY,
			"these counts are of 24 hours ago, and Square "
			"takes none so old: they are looked at again");
	while (!write_rest(s, counts, n, at_ms, &outcome))
		;
	return outcome;
}
