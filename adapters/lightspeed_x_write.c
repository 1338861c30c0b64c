/*
 * Lightspeed X, counts: write.
 *
 * Does     POST stock_adjustments (dated): differences between the targets and
 *          what the last look found, so what is sold after that look stays
 *          sold. An absolute setter exists; it would undo such a sale.
 * Once     There is no idempotency key. A repetition begins with a look, and
 *          what was done already leaves nothing to do. What may still be on
 *          its way when its answer is lost is noted in the mirror before it is
 *          sent, and again when it is lost: before the next look the log of
 *          adjustments is asked for it, until it is there or will not come.
 * Limits   1000 entries a call. The sign must fit the reason.
 */
#include "adapters/lightspeed_x.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"

#include <assert.h>
#include <string.h>

#define NOTE "lightspeed_x.write"

enum {
	UNDER_WAY_MS = 10000, /* and twice a time-out: so long a call may be on
	                         its way when its answer is lost */
	CLOCKS_MS = 5000,     /* by which two clocks may differ unnoticed */
	LOG_PAGES_MAX = 20,
};

/* ---- the note ---- */

static int
clear_note(struct lightspeed_x *x)
{
	int r = mirror_note_set(x->mirror, NOTE, "");

	x->is_settled = r == 0;
	return err_pass(r);
}

/* A call takes effect as a whole, so one of its lines stands for all. */
struct sent {
	int64_t at_ms;       /* our clock */
	int64_t after;       /* its version is above this one */
	const char *product; /* borrowed */
	struct decimal more;
};

/* What is on its way, as of now. */
static int
set_note(struct lightspeed_x *x, const struct sent *sent)
{
	struct buf text = BUF_INIT;
	struct json_out o = { .to = &text };
	int r;

	json_out_object(&o, NULL);
	json_out_int(&o, "v", 1);
	json_out_int(&o, "sent_ms", sent->at_ms);
	json_out_int(&o, "at_ms", clock_wall_ms());
	json_out_int(&o, "after", sent->after);
	json_out_text(&o, "product", sent->product);
	json_out_decimal(&o, "quantity", sent->more);
	json_out_end_object(&o);
	r = buf_check(&text);
	if (!r)
		r = mirror_note_set(x->mirror, NOTE, buf_text(&text));
	buf_fini(&text);
	return err_pass(r);
}

/* ---- what may be on its way ---- */

/* One of an earlier write may have the same amount. */
static bool
is_before(const struct lightspeed_x *x, const struct json_node *row,
          const struct json_node *note)
{
	int64_t sent_ms = 0;
	int64_t made_ms;

	(void)json_get_int(&sent_ms, note, "sent_ms");
	return clock_parse(&made_ms, json_text_or(row, "created_at", ""), 1) ==
	               0 &&
	       made_ms < sent_ms + x->clock.skew_ms - CLOCKS_MS;
}

static bool
is_it(const struct lightspeed_x *x, const struct json_node *row,
      const struct json_node *note)
{
	struct decimal had;
	struct decimal wanted;

	return strcmp(json_text_or(row, "product_id", ""),
	              json_text_or(note, "product", "-")) == 0 &&
	       strcmp(json_text_or(row, "outlet_id", ""), x->outlet) == 0 &&
	       !is_before(x, row, note) &&
	       lightspeed_x_get_number(&had, row, "quantity",
	                               LIGHTSPEED_X_PLACES) == 0 &&
	       json_get_decimal(&wanted, note, "quantity") == 0 &&
	       decimal_cmp(had, wanted) == 0;
}

/* A page of the log; *after goes up, and stays behind the last page. */
static bool
is_on_page(struct lightspeed_x *x, const struct json_node *root,
           const struct json_node *note, int64_t *after)
{
	const struct json_node *rows = json_find(root, "data");
	bool is_there = false;

	for (size_t i = 0; i < json_length(rows); i++)
		is_there = is_there || is_it(x, json_at(rows, i), note);
	if (json_length(rows) > 0)
		*after = lightspeed_x_top(root, *after);
	/* What is found now must not be found again for the next one. */
	lightspeed_x_saw(x, *after);
	return is_there;
}

/* Is it in the log of adjustments, as far as that goes? */
static struct outcome
search_log(struct lightspeed_x *x, const struct json_node *note, bool *is_there)
{
	struct outcome outcome = outcome_done();
	int64_t after = 0;
	int64_t before = -1;

	*is_there = false;
	(void)json_get_int(&after, note, "after");
	for (int i = 0; i < LOG_PAGES_MAX && !*is_there && after > before &&
	                outcome.verdict == VERDICT_DONE;
	     i++) {
		struct json *doc = NULL;

		before = after;
		outcome = lightspeed_x_get(
			x, &doc,
			text_format("/api/%s/stock_adjustments?after=%lld",
		                    x->dated, (long long)after));
		if (outcome.verdict == VERDICT_DONE)
			*is_there = is_on_page(x, json_root(doc), note, &after);
		json_free(doc);
	}
	return outcome;
}

/* May it still come? A clock that was set back says nothing. */
static bool
is_young(const struct lightspeed_x *x, const struct json_node *note)
{
	int64_t wait_ms = UNDER_WAY_MS + 2 * conf_int(x->conf, "timeout_ms");
	int64_t at_ms = 0;
	int64_t age_ms;

	(void)json_get_int(&at_ms, note, "at_ms");
	age_ms = clock_wall_ms() - at_ms;
	return age_ms >= 0 && age_ms < wait_ms;
}

/* DONE: it is there, or it will not be any more. */
static struct outcome
look_up(struct lightspeed_x *x, const struct json_node *note)
{
	bool is_there;
	struct outcome outcome = search_log(x, note, &is_there);

	/* A log that does not answer is no reason to wait for ever. */
	if (outcome.verdict != VERDICT_DONE &&
	    outcome.verdict != VERDICT_ABSENT &&
	    outcome.verdict != VERDICT_REFUSED)
		return outcome;
	if (!is_there && is_young(x, note))
		return outcome_of(VERDICT_RETRY,
		                  "the answer of a stock adjustment was lost: "
		                  "it may still be on its way");
	return outcome_done();
}

struct outcome
lightspeed_x_settle(struct lightspeed_x *x)
{
	struct buf text = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome = outcome_done();
	int r;

	if (x->is_settled)
		return outcome;
	r = mirror_note_get(x->mirror, &text, NOTE);
	if (r == MIRROR_ABSENT)
		r = 0;
	if (!r && text.n > 0)
		r = json_parse(&doc, text.p, text.n);
	if (!r && doc)
		outcome = look_up(x, json_root(doc));
	if (r == JSON_MALFORMED)
		r = 0; /* none of ours */
	if (!r && outcome.verdict == VERDICT_DONE) {
		r = text.n > 0 ? clear_note(x) : 0;
		x->is_settled = r == 0;
	}
	json_free(doc);
	buf_fini(&text);
	return r ? outcome_fault(r) : outcome;
}

/* ---- what is to be done ---- */

static const struct lightspeed_x_seen *
find_seen(const struct lightspeed_x *x, const char *product)
{
	for (size_t i = 0; i < x->n_seen; i++)
		if (strcmp(x->seen[i].product, product) == 0)
			return &x->seen[i];
	return NULL;
}

/* They are not what they were. Others of the look are. */
static void
forget_seen(struct lightspeed_x *x, const struct count *counts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < x->n_seen; k++)
			if (strcmp(x->seen[k].product, counts[i].external) == 0)
				x->seen[k--] = x->seen[--x->n_seen];
}

/* A count that was not looked at right before is looked at now. */
static struct outcome
look_at_unseen(struct lightspeed_x *x, struct count *counts, size_t n)
{
	struct count looks[LIGHTSPEED_X_BATCH_MAX];
	struct outcome outcome;
	bool is_all = true;

	for (size_t i = 0; i < n; i++) {
		looks[i] = (struct count){ .external = counts[i].external };
		is_all = is_all && find_seen(x, counts[i].external);
	}
	if (is_all)
		return outcome_done();
	outcome = lightspeed_x_read_counts(x, looks, n);
	for (size_t i = 0; i < n; i++)
		counts[i].outcome = looks[i].outcome;
	return outcome;
}

/* What this count is away from its target; 0: nothing, or it cannot be. */
static struct decimal
difference(const struct lightspeed_x *x, const struct count *count)
{
	const struct lightspeed_x_seen *seen = find_seen(x, count->external);

	if (!seen || count->outcome.verdict != VERDICT_DONE)
		return DECIMAL_ZERO;
	return decimal_sub(count->qty, seen->count);
}

static void
build_line(struct json_out *o, const struct lightspeed_x *x,
           const char *product, struct decimal more)
{
	const char *reason =
		conf_text(x->conf, decimal_is_negative(more) ? "reason_less"
	                                                     : "reason_more");
	char text[DECIMAL_TEXT_SIZE];
	bool is_own = lightspeed_x_read_id(NULL, reason);

	json_out_object(o, NULL);
	json_out_text(o, "product_id", product);
	json_out_text(o, "outlet_id", x->outlet);
	json_out_text(o, "quantity", decimal_format(text, more));
	json_out_text(o, "reason", is_own ? "CUSTOM" : reason);
	if (is_own)
		json_out_text(o, "custom_inventory_adjustment_reason_id",
		              reason);
	json_out_end_object(o);
}

/* Returns how many lines there are; first: the index of one of them. */
static size_t
build(struct buf *out, const struct lightspeed_x *x, const struct count *counts,
      size_t n, size_t *first)
{
	struct json_out o = { .to = out };
	size_t n_lines = 0;

	json_out_object(&o, NULL);
	json_out_array(&o, "stock_adjustments");
	for (size_t i = 0; i < n; i++) {
		struct decimal more = difference(x, &counts[i]);

		if (decimal_is_zero(more))
			continue;
		if (n_lines++ == 0)
			*first = i;
		build_line(&o, x, counts[i].external, more);
	}
	json_out_end_array(&o);
	json_out_end_object(&o);
	return n_lines;
}

/*
 * Sent, and what became of it. Uncertain: the note stays, and the next look
 * tells. It is noted anew, as the time until the answer was given up is none in
 * which nothing more could come.
 */
static struct outcome
send(struct lightspeed_x *x, const struct buf *body, const struct sent *sent)
{
	struct json *doc = NULL;
	int status;
	struct outcome outcome = lightspeed_x_must_be(
		lightspeed_x_change(
			x, &doc, &status, "POST", body,
			text_format("/api/%s/stock_adjustments", x->dated)),
		"stock_adjustments");

	if (outcome.verdict == VERDICT_DONE)
		lightspeed_x_saw(x, lightspeed_x_top(json_root(doc), 0));
	json_free(doc);
	if (outcome.verdict == VERDICT_UNCERTAIN) {
		(void)set_note(x, sent); /* the older one stands in for it */
		outcome.verdict = VERDICT_RETRY;
		return outcome;
	}
	/* Nothing is under way; that the note stays is no harm, but a call. */
	(void)clear_note(x);
	return outcome;
}

static struct outcome
adjust(struct lightspeed_x *x, struct count *counts, size_t n)
{
	struct buf body = BUF_INIT;
	struct outcome outcome = outcome_done();
	struct sent sent = { .at_ms = clock_wall_ms() };
	size_t first = 0;
	int r;

	if (build(&body, x, counts, n, &first) == 0) {
		buf_fini(&body);
		return outcome;
	}
	sent.product = counts[first].external;
	sent.more = difference(x, &counts[first]);
	outcome = lightspeed_x_newest(x, &sent.after);
	if (outcome.verdict == VERDICT_DONE) {
		x->is_settled = false;
		r = set_note(x, &sent);
		outcome = r ? outcome_fault(r) : send(x, &body, &sent);
	}
	buf_fini(&body);
	return outcome;
}

/* What cannot be known cannot be brought to a target either. */
static void
refuse_unseen(const struct lightspeed_x *x, struct count *counts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (counts[i].outcome.verdict == VERDICT_DONE &&
		    !find_seen(x, counts[i].external))
			counts[i].outcome = outcome_of(
				VERDICT_REFUSED,
				"Lightspeed shows no count of product %.40s",
				counts[i].external);
}

struct outcome
lightspeed_x_write_counts(void *state, struct count *counts, size_t n,
                          int64_t as_of_ms)
{
	struct lightspeed_x *x = lightspeed_x_of(state);
	struct outcome outcome;

	(void)as_of_ms; /* what was sold since the look is not touched */
	assert(n <= LIGHTSPEED_X_BATCH_MAX);
	for (size_t i = 0; i < n; i++)
		counts[i].outcome = outcome_done();
	outcome = lightspeed_x_settle(x);
	if (outcome.verdict == VERDICT_DONE)
		outcome = look_at_unseen(x, counts, n);
	if (outcome.verdict == VERDICT_DONE) {
		refuse_unseen(x, counts, n);
		outcome = adjust(x, counts, n);
	}
	/* Refused, nothing was changed, and the engine asks again for parts of
	   it: what the look found holds for them. */
	if (outcome.verdict != VERDICT_REFUSED)
		forget_seen(x, counts, n);
	return outcome;
}
