/*
 * Hiboutik, a stock arrival: how stock rises.
 *
 * Does     POST /inventory_inputs/ with our reference as its label; for each
 *          line POST /inventory_input_details/{arrival} and PUT
 *          /inventory_input_details/{line} with what was received; then it is
 *          validated. Until then no stock moves.
 * Unsure   The documents have two ways to validate. The first that does not
 *          answer 404 is the account's. They do not name the line's id
 *          in the answer either: where none is found, `received` of the POST
 *          must do.
 * Resumed  There is no idempotency key. A half-made arrival is found by its id
 *          or its label, its lines are compared, what is missing is added, and
 *          it is validated. One that refuses that with all its lines in place
 *          was validated before, most likely: where a count is corrected, the
 *          next look tells; a return is taken for recorded only when the list
 *          says so.
 */
#include "adapters/hiboutik.h"

#include "gateway/base/err.h"

#include <stdlib.h>
#include <string.h>

struct outcome
hiboutik_half_made(const struct hiboutik_paper *paper, const char *kind,
                   struct outcome outcome)
{
	return outcome_of(VERDICT_UNCERTAIN, "%s %lld is half made: %.180s",
	                  kind, (long long)paper->id, outcome.why);
}

/* One call with a body, an id of which may be asked for. */
static struct outcome
send(struct hiboutik *h, const char *method, const char *path,
     const struct buf *body, struct json **doc)
{
	return path ? hiboutik_change(h, method, path, body, doc)
	            : outcome_fault(ERR_NOMEM);
}

/* ---- the steps ---- */

static void
build_arrival(struct buf *out, const struct hiboutik *h,
              const struct hiboutik_paper *paper)
{
	struct json_out o = { .to = out };
	char date[HIBOUTIK_DATE_SIZE];
	int64_t total = 0;

	for (size_t i = 0; i < paper->n_lines; i++)
		total += paper->lines[i].quantity;
	hiboutik_date(date, h, paper->date_ms, '-');
	json_out_object(&o, NULL);
	json_out_int(&o, "inventory_input_stock_id", h->warehouse);
	json_out_int(&o, "inventory_input_supplier_id",
	             conf_int(h->conf, "supplier"));
	json_out_text(&o, "inventory_input_date", date);
	json_out_text(&o, "inventory_input_label", paper->ref);
	json_out_int(&o, "inventory_input_quantity", total);
	json_out_text(&o, "inventory_input_amount", "0.00");
	json_out_end_object(&o);
}

static struct outcome
create(struct hiboutik *h, struct hiboutik_paper *paper)
{
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;

	build_arrival(&body, h, paper);
	outcome = hiboutik_must_be(
		send(h, "POST", "inventory_inputs/", &body, &doc),
		"stock arrivals");
	if (outcome.verdict == VERDICT_DONE) {
		paper->id = hiboutik_int_or(hiboutik_first(json_root(doc)),
		                            "inventory_input_id", 0);
		if (paper->id <= 0)
			outcome = outcome_of(VERDICT_UNCERTAIN,
			                     "the answer of a stock arrival "
			                     "is not as documented");
	}
	json_free(doc);
	buf_fini(&body);
	return outcome;
}

/* The line's id out of the answer; 0: it does not say. */
static int64_t
line_id(const struct json_node *root)
{
	static const char *const names[] = { "inventory_input_detail_id",
		                             "inventory_input_details_id",
		                             "id" };
	int64_t id = 0;

	for (size_t i = 0; !id && i < sizeof(names) / sizeof(*names); i++)
		id = hiboutik_int_or(root, names[i], 0);
	return id;
}

static struct outcome
note_received(struct hiboutik *h, int64_t id, int64_t quantity)
{
	struct buf body = BUF_INIT;
	struct json_out o = { .to = &body };
	struct outcome outcome;
	char *path = text_format("inventory_input_details/%lld", (long long)id);

	json_out_object(&o, NULL);
	json_out_int(&o, "received_quantity", quantity);
	json_out_end_object(&o);
	outcome = send(h, "PUT", path, &body, NULL);
	buf_fini(&body);
	free(path);
	return outcome;
}

static struct outcome
add_line(struct hiboutik *h, const struct hiboutik_paper *paper,
         const struct hiboutik_line *line)
{
	struct buf body = BUF_INIT;
	struct json_out o = { .to = &body };
	struct json *doc = NULL;
	struct outcome outcome;
	int64_t id = 0;
	char *path = text_format("inventory_input_details/%lld",
	                         (long long)paper->id);

	json_out_object(&o, NULL);
	json_out_int(&o, "product_id", line->thing.product);
	json_out_int(&o, "product_size", line->thing.size);
	json_out_int(&o, "quantity", line->quantity);
	json_out_int(&o, "received", line->quantity);
	json_out_text(&o, "unit_price", "0.00");
	json_out_end_object(&o);
	outcome = send(h, "POST", path, &body, &doc);
	if (outcome.verdict == VERDICT_DONE)
		id = line_id(hiboutik_first(json_root(doc)));
	if (id)
		outcome = note_received(h, id, line->quantity);
	json_free(doc);
	buf_fini(&body);
	free(path);
	return outcome;
}

static struct outcome
validate_by_body(struct hiboutik *h, int64_t id)
{
	struct buf body = BUF_INIT;
	struct json_out o = { .to = &body };
	struct outcome outcome;

	json_out_object(&o, NULL);
	json_out_int(&o, "inventory_input_id", id);
	json_out_end_object(&o);
	outcome = send(h, "POST", "inventory_input_validate/", &body, NULL);
	buf_fini(&body);
	return outcome;
}

static struct outcome
validate_by_id(struct hiboutik *h, int64_t id)
{
	char *path =
		text_format("inventory_inputs/validate/%lld", (long long)id);
	struct outcome outcome = send(h, "POST", path, NULL, NULL);

	free(path);
	return outcome;
}

/* The way that worked last, else the other one; neither has done anything
   where it is not known. */
static struct outcome
validate(struct hiboutik *h, int64_t id)
{
	struct outcome outcome = outcome_done();

	for (int i = 0; i < 2; i++) {
		outcome = h->validates_by_id ? validate_by_id(h, id)
		                             : validate_by_body(h, id);
		if (outcome.verdict != VERDICT_ABSENT)
			return outcome;
		h->validates_by_id = !h->validates_by_id;
	}
	return outcome_of(VERDICT_REFUSED,
	                  "Hiboutik has no way that we know to validate stock "
	                  "arrival %lld: validate it by hand",
	                  (long long)id);
}

/* ---- what is there of it ---- */

struct there {
	const struct hiboutik_paper *paper;
	int64_t *received; /* by line of the paper; -1: it is not there */
	int64_t *ids;
};

static int
take_detail(struct there *there, const struct json_node *row)
{
	struct hiboutik_thing thing;
	int r = hiboutik_get_thing(&thing, row);

	for (size_t i = 0; !r && i < there->paper->n_lines; i++) {
		const struct hiboutik_line *line = &there->paper->lines[i];

		if (there->received[i] >= 0 ||
		    !hiboutik_is_same(&thing, &line->thing) ||
		    hiboutik_int_or(row, "quantity", 0) != line->quantity)
			continue;
		there->received[i] =
			hiboutik_int_or(row, "received_quantity", 0);
		if (there->received[i] < 0)
			there->received[i] = 0;
		there->ids[i] = line_id(row);
		break;
	}
	return r;
}

static struct outcome
read_details(struct hiboutik *h, struct there *there)
{
	char *path = text_format("inventory_input_details/%lld",
	                         (long long)there->paper->id);
	struct json *doc = NULL;
	struct outcome outcome =
		path ? hiboutik_get(h, path, &doc) : outcome_fault(ERR_NOMEM);
	const struct json_node *rows = doc ? json_root(doc) : NULL;
	int r = 0;

	for (size_t i = 0; i < there->paper->n_lines; i++)
		there->received[i] = -1;
	if (outcome.verdict == VERDICT_DONE) {
		r = json_type(rows) == JSON_ARRAY ? 0 : HIBOUTIK_MALFORMED;
		for (size_t i = 0; !r && i < json_length(rows); i++)
			r = take_detail(there, json_at(rows, i));
		outcome = outcome_taken(r, "a stock arrival's lines");
	}
	json_free(doc);
	free(path);
	return outcome;
}

/* ---- from wherever it is to its end ---- */

/* Of one line; its own refusal stops no other. */
static struct outcome
bring_line(struct hiboutik *h, const struct hiboutik_paper *paper,
           const struct there *there, size_t i)
{
	const struct hiboutik_line *line = &paper->lines[i];
	struct outcome outcome = outcome_done();

	if (!there || there->received[i] < 0)
		outcome = add_line(h, paper, line);
	else if (there->received[i] != line->quantity && there->ids[i])
		outcome = note_received(h, there->ids[i], line->quantity);
	if (line->refused && (outcome.verdict == VERDICT_REFUSED ||
	                      outcome.verdict == VERDICT_ABSENT)) {
		*line->refused = outcome_of(VERDICT_REFUSED, "%s", outcome.why);
		return outcome_done();
	}
	return outcome;
}

static bool
has_line(const struct hiboutik_paper *paper)
{
	for (size_t i = 0; i < paper->n_lines; i++)
		if (!paper->lines[i].refused ||
		    paper->lines[i].refused->verdict == VERDICT_DONE)
			return true;
	return false;
}

/* there: NULL, it was made just now. */
static struct outcome
finish(struct hiboutik *h, struct hiboutik_paper *paper,
       const struct there *there)
{
	struct outcome outcome = outcome_done();

	for (size_t i = 0;
	     outcome.verdict == VERDICT_DONE && i < paper->n_lines; i++)
		outcome = bring_line(h, paper, there, i);
	if (outcome.verdict == VERDICT_DONE && has_line(paper))
		outcome = validate(h, paper->id);
	if (outcome.verdict == VERDICT_DONE)
		return outcome;
	/* What is not validated has moved nothing. */
	if (outcome.verdict == VERDICT_REFUSED ||
	    outcome.verdict == VERDICT_ABSENT)
		return outcome_of(VERDICT_REFUSED,
		                  "stock arrival %lld is not taken: %.180s",
		                  (long long)paper->id, outcome.why);
	return hiboutik_half_made(paper, "stock arrival", outcome);
}

struct outcome
hiboutik_make_arrival(struct hiboutik *h, struct hiboutik_paper *paper)
{
	struct outcome outcome = create(h, paper);
	int r;

	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	r = paper->made ? paper->made(paper->ctx, paper) : 0;
	if (r)
		return hiboutik_half_made(paper, "stock arrival",
		                          outcome_fault(r));
	return finish(h, paper, NULL);
}

/* ---- finding ---- */

static int
take_label(void *ctx, const struct json_node *row)
{
	struct hiboutik_paper *paper = ctx;

	if (!paper->id && strcmp(json_text_or(row, "inventory_input_label", ""),
	                         paper->ref) == 0)
		paper->id = hiboutik_int_or(row, "inventory_input_id", 0);
	return 0;
}

static struct outcome
find(struct hiboutik *h, struct hiboutik_paper *paper)
{
	struct hiboutik_listing listing = { .path = "inventory_inputs/",
		                            .take = take_label,
		                            .ctx = paper };
	struct outcome outcome = outcome_done();

	if (!paper->id)
		outcome = hiboutik_must_be(hiboutik_list(h, &listing),
		                           "stock arrivals");
	if (outcome.verdict == VERDICT_DONE && !paper->id)
		return outcome_of(VERDICT_ABSENT,
		                  "Hiboutik has no stock arrival %.40s",
		                  paper->ref);
	return outcome;
}

struct validation {
	int64_t id;
	bool is_done;
};

/* The documents name no member for it: where there is none, nothing is known. */
static int
take_validation(void *ctx, const struct json_node *row)
{
	struct validation *v = ctx;

	if (hiboutik_int_or(row, "inventory_input_id", 0) == v->id)
		v->is_done = hiboutik_int_or(row, "inventory_input_validated",
		                             0) == 1;
	return 0;
}

/* It refused to be validated, with all its lines: was it before? */
static struct outcome
judge_refusal(struct hiboutik *h, const struct hiboutik_paper *paper,
              struct outcome why)
{
	struct validation v = { .id = paper->id };
	struct hiboutik_listing listing = { .path = "inventory_inputs/",
		                            .take = take_validation,
		                            .ctx = &v };
	struct outcome outcome = outcome_done();

	if (!paper->must_be_known)
		return outcome;
	outcome =
		hiboutik_must_be(hiboutik_list(h, &listing), "stock arrivals");
	if (outcome.verdict != VERDICT_DONE || v.is_done)
		return outcome;
	return outcome_of(VERDICT_UNCERTAIN,
	                  "stock arrival %lld (%.40s) has its lines and is not "
	                  "to be validated; perhaps it is: %.120s",
	                  (long long)paper->id, paper->ref, why.why);
}

/* All its lines are there, so that a refusal means that it is validated. */
static bool
is_whole(const struct there *there)
{
	for (size_t i = 0; i < there->paper->n_lines; i++)
		if (there->received[i] < 0)
			return false;
	return true;
}

struct outcome
hiboutik_resume_arrival(struct hiboutik *h, struct hiboutik_paper *paper)
{
	struct there there = { .paper = paper };
	struct outcome outcome = find(h, paper);

	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	there.received = calloc(paper->n_lines + 1, sizeof(*there.received));
	there.ids = calloc(paper->n_lines + 1, sizeof(*there.ids));
	outcome = there.received && there.ids ? read_details(h, &there)
	                                      : outcome_fault(ERR_NOMEM);
	if (outcome.verdict == VERDICT_DONE)
		outcome = finish(h, paper, &there);
	if (outcome.verdict == VERDICT_REFUSED && is_whole(&there))
		outcome = judge_refusal(h, paper, outcome);
	free(there.received);
	free(there.ids);
	return outcome;
}
