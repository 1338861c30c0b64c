/*
 * Lightspeed R, counts: write.
 *
 * Does     PUT Item/{itemID}.json with an absolute `qoh` for our shop, a call an
 *          item: the only way there is but for a physical count, which cannot be
 *          undone. The same job again changes nothing.
 * Beside   It knows no condition and no moment, so a sale rung up while the
 *          target was computed would be written over. Right before the writes
 *          the sales since then are asked for and taken off. One that comes
 *          between that call and the write is written over: it is listed with
 *          the look that follows each write, is then inside the target, and is
 *          taken off two seconds late. So a batch is small.
 * Refused  A negative `qoh` is never sent: targets are not below zero.
 */
#include "adapters/lightspeed_r.h"

#include "gateway/base/err.h"

#include <assert.h>
#include <stdlib.h>

enum { WRITE_COST = 2 }; /* one, and a half for what is nested */

static void
build_count(struct buf *out, const struct lightspeed_r *l, int64_t qoh)
{
	struct json_out o = { .to = out };

	json_out_object(&o, NULL);
	json_out_object(&o, "ItemShops");
	json_out_object(&o, "ItemShop");
	json_out_int(&o, "shopID", l->shop);
	json_out_int(&o, "qoh", qoh);
	json_out_end_object(&o);
	json_out_end_object(&o);
	json_out_end_object(&o);
}

static struct outcome
write_one(struct lightspeed_r *l, const struct count *count)
{
	char *path = text_format("Item/%s.json", count->external);
	struct buf body = BUF_INIT;
	const struct lightspeed_r_call call = {
		.method = "PUT", .path = path, .body = &body, .cost = WRITE_COST
	};
	struct json *doc = NULL;
	struct outcome outcome = outcome_fault(ERR_NOMEM);
	int64_t qoh;

	if (decimal_to_scaled(&qoh, count->qty, 0))
		outcome = outcome_of(VERDICT_REFUSED,
		                     "Lightspeed counts whole pieces");
	else if (path) {
		build_count(&body, l, qoh);
		outcome = lightspeed_r_send(l, &call, &doc);
	}
	if (outcome.verdict == VERDICT_ABSENT)
		outcome = outcome_of(VERDICT_REFUSED,
		                     "Lightspeed has no item %.24s: correct "
		                     "the binding (%.80s)",
		                     count->external, outcome.why);
	json_free(doc);
	buf_fini(&body);
	free(path);
	return outcome;
}

/* What one item is refused for is its own; any other trouble is everybody's,
   and those written before are found equal by the next look. */
struct outcome
lightspeed_r_write_counts(void *state, struct count *counts, size_t n,
                          int64_t as_of_ms)
{
	struct lightspeed_r *l = lightspeed_r_of(state);
	struct count left[LIGHTSPEED_R_BATCH_MAX];
	struct outcome outcome;

	assert(n <= LIGHTSPEED_R_BATCH_MAX);
	for (size_t i = 0; i < n; i++) {
		counts[i].outcome = outcome_done();
		left[i] = counts[i];
	}
	outcome = lightspeed_r_take_off_later(l, left, n, as_of_ms);
	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < n; i++) {
		counts[i].outcome = write_one(l, &left[i]);
		if (counts[i].outcome.verdict != VERDICT_REFUSED)
			outcome = counts[i].outcome;
	}
	return outcome;
}
