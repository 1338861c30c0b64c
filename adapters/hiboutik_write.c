/*
 * Hiboutik, counts: write.
 *
 * There is no absolute setter, so what is written is the difference between
 * the target and the count that the last look found: what is sold after that
 * look stays sold. A target holds the sales that were listed, though, and one of
 * these may be younger than the look: then the count is read once more, and the
 * sales listed behind it, for nothing may have happened meanwhile. Increases are one stock arrival for all items of the batch.
 * Decreases are one sale at 0.00 with our reference (`decreases`: "sale"): the
 * documents know no other way that is safe. Whether an arrival takes negative
 * quantities they do not say; an account that does may have them
 * (`decreases`: "arrival").
 *
 * There is no idempotency key either. Before its first call the job is noted in
 * the mirror, with a reference that is the digest of what is to be done; the
 * note goes when all of it is. A note that is found says that a crash or a lost
 * answer left half of it: that is found by its reference and finished, before
 * any count is read or written, and never made a second time.
 */
#include "adapters/hiboutik.h"

#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"
#include "gateway/base/err.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define NOTE "hiboutik.write"

enum { FORGET_MS = 24 * 60 * 60 * 1000 };

/* What is to be done, or was half done. */
struct job {
	struct hiboutik *h;
	char ref[HIBOUTIK_REF_SIZE];
	int64_t at_ms; /* what its counts are of */
	bool is_arrival;
	struct hiboutik_paper paper;
	struct hiboutik_line lines[HIBOUTIK_BATCH_MAX];
	struct outcome outcomes[HIBOUTIK_BATCH_MAX]; /* of the lines */
	size_t from[HIBOUTIK_BATCH_MAX];             /* whose counts they are */
};

/* ---- the note ---- */

static void
print_lines(struct json_out *o, const struct job *job)
{
	json_out_array(o, "lines");
	for (size_t i = 0; i < job->paper.n_lines; i++) {
		const struct hiboutik_line *line = &job->lines[i];

		json_out_array(o, NULL);
		json_out_int(o, NULL, line->thing.product);
		json_out_int(o, NULL, line->thing.size);
		json_out_int(o, NULL, line->quantity);
		json_out_end_array(o);
	}
	json_out_end_array(o);
}

/* ref and id are not part of what is to be done. */
static void
print_job(struct buf *out, const struct job *job, bool is_whole)
{
	struct json_out o = { .to = out };

	json_out_object(&o, NULL);
	json_out_int(&o, "v", 1);
	json_out_bool(&o, "is_arrival", job->is_arrival);
	json_out_int(&o, "at_ms", job->at_ms);
	if (is_whole) {
		json_out_text(&o, "ref", job->ref);
		json_out_int(&o, "id", job->paper.id);
	}
	print_lines(&o, job);
	json_out_end_object(&o);
}

static int
note(void *ctx, const struct hiboutik_paper *paper)
{
	struct job *job = ctx;
	struct buf text = BUF_INIT;
	int r;

	(void)paper; /* it is the job's */
	print_job(&text, job, true);
	r = buf_check(&text);
	if (!r)
		r = mirror_note_set(job->h->mirror, NOTE, buf_text(&text));
	buf_fini(&text);
	return r;
}

static struct outcome
forget(struct hiboutik *h)
{
	int r = mirror_note_set(h->mirror, NOTE, "");

	h->is_settled = r == 0;
	return r ? outcome_fault(r) : outcome_done();
}

static void
job_init(struct job *job, struct hiboutik *h)
{
	*job = (struct job){ .h = h };
	job->paper = (struct hiboutik_paper){
		.ref = job->ref,
		.currency = conf_text(h->conf, "currency"),
		.comment = "Tillbridge: stock",
		.lines = job->lines,
		.made = note,
		.ctx = job,
	};
}

static struct hiboutik_line *
add_line(struct job *job, const struct hiboutik_thing *thing, int64_t quantity)
{
	size_t i = job->paper.n_lines++;

	assert(i < HIBOUTIK_BATCH_MAX);
	job->outcomes[i] = outcome_done();
	job->lines[i] = (struct hiboutik_line){ .thing = *thing,
		                                .quantity = quantity,
		                                .price = DECIMAL_ZERO,
		                                .has_price = true,
		                                .refused = &job->outcomes[i] };
	return &job->lines[i];
}

static int64_t
int_at(const struct json_node *array, size_t i)
{
	const char *text = json_number_text(json_at(array, i));
	struct decimal d = DECIMAL_ZERO;
	int64_t n = 0;

	if (text && decimal_parse(&d, text) == 0)
		(void)decimal_to_scaled(&n, d, 0);
	return n;
}

/* Our own note back; false: it is none that we know. */
static bool
read_job(struct job *job, const struct json_node *root)
{
	const struct json_node *lines = json_find(root, "lines");
	const char *ref = json_text_or(root, "ref", "");
	size_t n = json_length(lines);

	if (hiboutik_int_or(root, "v", 0) != 1 || !*ref ||
	    strlen(ref) >= sizeof(job->ref) || n > HIBOUTIK_BATCH_MAX ||
	    json_get_bool(&job->is_arrival, root, "is_arrival"))
		return false;
	memcpy(job->ref, ref, strlen(ref) + 1);
	job->at_ms = hiboutik_int_or(root, "at_ms", 0);
	job->paper.date_ms = job->at_ms;
	job->paper.id = hiboutik_int_or(root, "id", 0);
	for (size_t i = 0; i < n; i++) {
		const struct json_node *line = json_at(lines, i);
		const struct hiboutik_thing thing = { int_at(line, 0),
			                              int_at(line, 1) };

		(void)add_line(job, &thing, int_at(line, 2));
	}
	return true;
}

/* ---- what was left half done ---- */

/* Nothing can be learned of it for a day: the counts will tell. */
static bool
is_hopeless(const struct job *job)
{
	return clock_wall_ms() - job->at_ms > FORGET_MS;
}

static struct outcome
resume(struct hiboutik *h, const struct json_node *root)
{
	struct job job;
	struct outcome outcome;

	job_init(&job, h);
	if (!read_job(&job, root))
		return forget(h);
	outcome = job.is_arrival ? hiboutik_resume_arrival(h, &job.paper)
	                         : hiboutik_resume_ticket(h, &job.paper);
	/* The counts go on without it, and a person finds it at the till. */
	if (outcome.verdict == VERDICT_REFUSED)
		memcpy(h->remark, outcome.why, sizeof(h->remark));
	if (outcome.verdict == VERDICT_DONE ||
	    outcome.verdict == VERDICT_ABSENT ||
	    outcome.verdict == VERDICT_REFUSED || is_hopeless(&job))
		return forget(h);
	if (outcome.verdict == VERDICT_UNCERTAIN)
		outcome.verdict = VERDICT_RETRY;
	return outcome;
}

struct outcome
hiboutik_settle(struct hiboutik *h)
{
	struct buf text = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome = outcome_done();
	int r;

	if (h->is_settled)
		return outcome;
	r = mirror_note_get(h->mirror, &text, NOTE);
	if (r == MIRROR_ABSENT)
		r = 0;
	if (!r && text.n > 0)
		r = json_parse(&doc, text.p, text.n);
	if (r == JSON_MALFORMED)
		outcome = forget(h);
	else if (r)
		outcome = outcome_fault(r);
	else if (doc)
		outcome = resume(h, json_root(doc));
	else
		h->is_settled = true;
	json_free(doc);
	buf_fini(&text);
	return outcome;
}

struct outcome
hiboutik_remark(struct hiboutik *h, struct outcome outcome)
{
	if (outcome.verdict != VERDICT_DONE || !h->remark[0])
		return outcome;
	memcpy(outcome.why, h->remark, sizeof(outcome.why));
	h->remark[0] = '\0';
	return outcome;
}

/* ---- what is to be done ---- */

static const struct hiboutik_seen *
find_seen(const struct hiboutik *h, const char *external)
{
	struct hiboutik_thing thing;

	if (!hiboutik_read_thing(&thing, external))
		return NULL;
	for (size_t i = 0; i < h->n_seen; i++)
		if (hiboutik_is_same(&h->seen[i].thing, &thing))
			return &h->seen[i];
	return NULL;
}

/* A count that was not looked at right before is looked at now. */
static struct outcome
look_at_unseen(struct hiboutik *h, struct count *counts, size_t n)
{
	struct count looks[HIBOUTIK_BATCH_MAX];
	struct outcome outcome;
	bool is_all = true;

	for (size_t i = 0; i < n; i++) {
		looks[i] = (struct count){ .external = counts[i].external };
		is_all = is_all && find_seen(h, counts[i].external);
	}
	if (is_all)
		return outcome_done();
	outcome = hiboutik_read_counts(h, looks, n);
	for (size_t i = 0; i < n; i++)
		counts[i].outcome = looks[i].outcome;
	return outcome;
}

static int
take_nothing(void *ctx, struct sale *sale)
{
	(void)ctx;
	(void)sale;
	return 0;
}

/* Counts and sales once more; what is taken for sold stays comparable. */
static struct outcome
look_once_more(struct hiboutik *h, struct count *counts, size_t n)
{
	const struct sale_sink nobody = { NULL, take_nothing };
	int64_t since_ms = h->seen_ms;
	struct outcome outcome;

	h->n_seen = 0;
	outcome = look_at_unseen(h, counts, n);
	h->seen_ms = since_ms;
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	return hiboutik_list_sales(h, since_ms, peer_clock_now_ms(&h->clock),
	                           &nobody);
}

/* Is any of what fell from there on a sale that is open? */
static struct outcome
look_for_open(struct hiboutik *h, const struct count *counts, size_t n,
              const int64_t *from)
{
	struct count fallen[HIBOUTIK_BATCH_MAX];
	struct outcome outcome = outcome_done();
	size_t n_fallen = 0;

	for (size_t i = 0; i < n; i++) {
		const struct hiboutik_seen *seen =
			find_seen(h, counts[i].external);

		if (seen && seen->count < from[i])
			fallen[n_fallen++] = (struct count){
				.external = counts[i].external,
				.qty = DECIMAL_ZERO,
			};
	}
	if (n_fallen)
		outcome = hiboutik_read_open(h, fallen, n_fallen);
	if (outcome.verdict == VERDICT_REFUSED) /* that is no word on a write */
		outcome.verdict = VERDICT_RETRY;
	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < n_fallen; i++)
		if (!decimal_is_zero(fallen[i].qty))
			outcome = outcome_of(VERDICT_RETRY,
			                     "%.40s was rung up while its "
			                     "count was read",
			                     fallen[i].external);
	return outcome;
}

/*
 * A listed sale that is about as old as the look is inside the target, and
 * perhaps not inside the count; a time in seconds does not tell. So the count is
 * read again: it has all that was listed before. A sale behind that would be in
 * the count and not in the target; when the sales, listed again, are not the
 * same, nothing is written. Nor when it fell and a sale is open: what that took
 * off would be put back.
 */
static struct outcome
look_behind_sales(struct hiboutik *h, struct count *counts, size_t n)
{
	struct decimal sold[HIBOUTIK_BATCH_MAX];
	int64_t from[HIBOUTIK_BATCH_MAX];
	struct outcome outcome;
	bool is_sold = false;

	for (size_t i = 0; i < n; i++) {
		const struct hiboutik_seen *seen =
			find_seen(h, counts[i].external);

		sold[i] = seen ? seen->sold : DECIMAL_ZERO;
		from[i] = seen ? seen->count : 0;
		is_sold = is_sold || (seen && seen->is_sold);
	}
	if (!is_sold)
		return outcome_done();
	outcome = look_once_more(h, counts, n);
	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < n; i++) {
		const struct hiboutik_seen *seen =
			find_seen(h, counts[i].external);

		if (seen && decimal_cmp(seen->sold, sold[i]) != 0)
			outcome = outcome_of(VERDICT_RETRY,
			                     "%.40s was sold while its count "
			                     "was read",
			                     counts[i].external);
	}
	return outcome.verdict == VERDICT_DONE
	               ? look_for_open(h, counts, n, from)
	               : outcome;
}

/* What this count is away from its target; 0: nothing, or it cannot be. */
static int64_t
difference(const struct hiboutik *h, struct count *count,
           struct hiboutik_thing *thing)
{
	const struct hiboutik_seen *seen = find_seen(h, count->external);
	int64_t target;

	if (count->outcome.verdict != VERDICT_DONE)
		return 0;
	if (!seen || decimal_to_scaled(&target, count->qty, 0)) {
		count->outcome = outcome_of(
			VERDICT_REFUSED,
			"Hiboutik shows no count of %.40s, and it takes "
			"differences only: book a first arrival of it there",
			count->external);
		return 0;
	}
	*thing = seen->thing;
	return target - seen->count;
}

static int
name_job(struct job *job)
{
	struct crypto_part part;
	struct buf text = BUF_INIT;
	char hex[65];
	int r;

	print_job(&text, job, false);
	part = (struct crypto_part){ buf_text(&text), text.n };
	r = buf_check(&text);
	if (!r)
		r = crypto_sha256_hex(hex, &part, 1);
	if (!r)
		/* In the form of sale_docid(): a sale of ours, never one to
		   post. */
		(void)snprintf(job->ref, sizeof(job->ref), "TB-count-%.16s",
		               hex);
	buf_fini(&text);
	return r;
}

/* Which differences go into the job: +1 those that rise, -1 those that fall, 0
   both. A sale has the other sign. */
static void
fill_job(struct job *job, struct count *counts, size_t n, int sign)
{
	for (size_t i = 0; i < n; i++) {
		struct hiboutik_thing thing;
		int64_t more = difference(job->h, &counts[i], &thing);

		if (more == 0 || (sign > 0 && more < 0) ||
		    (sign < 0 && more > 0))
			continue;
		job->from[job->paper.n_lines] = i;
		(void)add_line(job, &thing, job->is_arrival ? more : -more);
	}
}

/* What became of the job is what became of its counts. */
static void
tell_counts(const struct job *job, struct count *counts,
            const struct outcome *outcome)
{
	for (size_t i = 0; i < job->paper.n_lines; i++)
		counts[job->from[i]].outcome =
			outcome->verdict == VERDICT_REFUSED ? *outcome
							    : job->outcomes[i];
}

static struct outcome
run_job(struct job *job, struct count *counts)
{
	struct hiboutik *h = job->h;
	struct outcome outcome;
	int r = name_job(job);

	if (!r) {
		h->is_settled = false;
		r = note(job, &job->paper);
	}
	if (r)
		return outcome_fault(r);
	outcome = job->is_arrival ? hiboutik_make_arrival(h, &job->paper)
	                          : hiboutik_make_ticket(h, &job->paper);
	if (outcome.verdict == VERDICT_UNCERTAIN) {
		outcome.verdict = VERDICT_RETRY; /* the note knows */
		return outcome;
	}
	if (outcome.verdict == VERDICT_DONE ||
	    outcome.verdict == VERDICT_REFUSED) {
		tell_counts(job, counts, &outcome);
		outcome = outcome_done();
	}
	/* Nothing is half done; that the note stays is no harm, but a call. */
	(void)forget(h);
	return outcome;
}

static struct outcome
write_some(struct hiboutik *h, struct count *counts, size_t n, int64_t as_of_ms,
           int sign)
{
	struct job job;

	job_init(&job, h);
	job.is_arrival = sign >= 0;
	job.at_ms = as_of_ms;
	job.paper.date_ms = as_of_ms;
	fill_job(&job, counts, n, sign);
	return job.paper.n_lines ? run_job(&job, counts) : outcome_done();
}

struct outcome
hiboutik_write_counts(void *state, struct count *counts, size_t n,
                      int64_t as_of_ms)
{
	struct hiboutik *h = hiboutik_of(state);
	bool has_sales = strcmp(conf_text(h->conf, "decreases"), "sale") == 0;
	struct outcome outcome;

	assert(n <= HIBOUTIK_BATCH_MAX);
	for (size_t i = 0; i < n; i++)
		counts[i].outcome = outcome_done();
	outcome = hiboutik_settle(h);
	if (outcome.verdict == VERDICT_DONE)
		outcome = look_at_unseen(h, counts, n);
	if (outcome.verdict == VERDICT_DONE)
		outcome = look_behind_sales(h, counts, n);
	if (outcome.verdict == VERDICT_DONE)
		outcome = write_some(h, counts, n, as_of_ms, has_sales ? 1 : 0);
	if (outcome.verdict == VERDICT_DONE && has_sales)
		outcome = write_some(h, counts, n, as_of_ms, -1);
	h->n_seen = 0; /* they are not what they were */
	return hiboutik_remark(h, outcome);
}
