/*
 * Hiboutik, a sale of ours: how stock falls.
 *
 * Does     POST /sales/; at once PUT /sale/{id} with our reference as its
 *          ext_ref, by which it is found again and known for ours; POST
 *          /sales/add_product/ for each line; PUT /sale/{id} with the payment;
 *          POST /sales/close/.
 * Resumed  A sale that is closed is done. One that is open is compared line by
 *          line and sum by sum, what is missing is added, and it is closed;
 *          with anything on it that is not ours, a person decides.
 * Undone   What Hiboutik refuses for good is taken back by POST /sales/void,
 *          so that no open sale of ours keeps stock.
 * Assumed  A read of a sale names its lines' product_size and, once it is
 *          closed, its completed_at. Whether stock moves with a line or at the
 *          closing is left open, and nothing here depends on it.
 */
#include "adapters/hiboutik.h"

#include "gateway/base/err.h"

#include <stdlib.h>
#include <string.h>

/* ---- the steps ---- */

static struct outcome
create(struct hiboutik *h, struct hiboutik_paper *paper)
{
	struct buf body = BUF_INIT;
	struct json_out o = { .to = &body };
	struct json *doc = NULL;
	struct outcome outcome;

	json_out_object(&o, NULL);
	json_out_int(&o, "store_id", h->store);
	json_out_int(&o, "customer_id", conf_int(h->conf, "customer"));
	json_out_text(&o, "currency_code", paper->currency);
	json_out_int(&o, "vendor_id", conf_int(h->conf, "vendor"));
	json_out_int(&o, "duty_free_sale", 0);
	json_out_int(&o, "prices_without_taxes", 0);
	json_out_end_object(&o);
	outcome = hiboutik_must_be(
		hiboutik_change(h, "POST", "sales/", &body, &doc), "sales");
	if (outcome.verdict == VERDICT_DONE) {
		paper->id = hiboutik_int_or(hiboutik_first(json_root(doc)),
		                            "sale_id", 0);
		if (paper->id <= 0)
			outcome = outcome_of(VERDICT_UNCERTAIN,
			                     "the answer of a new sale is not "
			                     "as documented");
	}
	json_free(doc);
	buf_fini(&body);
	return outcome;
}

static struct outcome
set_attribute(struct hiboutik *h, const struct hiboutik_paper *paper,
              const char *attribute, const char *value)
{
	struct buf body = BUF_INIT;
	struct json_out o = { .to = &body };
	struct outcome outcome;
	char *path = text_format("sale/%lld", (long long)paper->id);

	json_out_object(&o, NULL);
	json_out_text(&o, "sale_attribute", attribute);
	json_out_text(&o, "new_value", value);
	json_out_end_object(&o);
	outcome = path ? hiboutik_change(h, "PUT", path, &body, NULL)
	               : outcome_fault(ERR_NOMEM);
	buf_fini(&body);
	free(path);
	return outcome;
}

static struct outcome
add_line(struct hiboutik *h, const struct hiboutik_paper *paper,
         const struct hiboutik_line *line, int64_t quantity)
{
	struct buf body = BUF_INIT;
	struct json_out o = { .to = &body };
	char price[DECIMAL_TEXT_SIZE];
	struct outcome outcome;

	json_out_object(&o, NULL);
	json_out_int(&o, "sale_id", paper->id);
	json_out_int(&o, "product_id", line->thing.product);
	if (line->thing.size)
		json_out_int(&o, "size_id", line->thing.size);
	json_out_int(&o, "quantity", quantity);
	if (line->has_price)
		json_out_text(&o, "product_price",
		              decimal_format_places(price, line->price, 2));
	json_out_int(&o, "stock_withdrawal", 1);
	json_out_text(&o, "product_comments", paper->comment);
	json_out_end_object(&o);
	outcome = hiboutik_change(h, "POST", "sales/add_product/", &body, NULL);
	buf_fini(&body);
	return outcome;
}

static struct outcome
post_about(struct hiboutik *h, const char *path,
           const struct hiboutik_paper *paper, bool has_store)
{
	struct buf body = BUF_INIT;
	struct json_out o = { .to = &body };
	struct outcome outcome;

	json_out_object(&o, NULL);
	json_out_int(&o, "sale_id", paper->id);
	if (has_store)
		json_out_int(&o, "store_id", h->store);
	json_out_end_object(&o);
	outcome = hiboutik_change(h, "POST", path, &body, NULL);
	buf_fini(&body);
	return outcome;
}

/* ---- what is there of it ---- */

struct ticket {
	bool is_closed;
	bool has_ref;  /* ours */
	bool is_other; /* it has somebody else's */
	int64_t *have; /* units by line of the paper */
	bool has_more; /* lines that the paper has not */
};

/*
 * What a line of the sale holds goes to the paper's lines of that thing, each
 * up to its quantity: so it does not matter whether Hiboutik keeps two lines of
 * one thing apart.
 */
static int
take_line(struct ticket *t, const struct hiboutik_paper *paper,
          const struct json_node *row)
{
	struct hiboutik_thing thing;
	int64_t left = hiboutik_int_or(row, "quantity", 0);
	int r = hiboutik_get_thing(&thing, row);

	for (size_t i = 0; !r && left > 0 && i < paper->n_lines; i++) {
		int64_t room = paper->lines[i].quantity - t->have[i];

		if (!hiboutik_is_same(&thing, &paper->lines[i].thing))
			continue;
		room = room < left ? room : left;
		t->have[i] += room;
		left -= room;
	}
	if (left != 0)
		t->has_more = true;
	return r;
}

static int
take_sale(struct ticket *t, const struct hiboutik *h,
          const struct hiboutik_paper *paper, const struct json_node *sale)
{
	const struct json_node *rows = json_find(sale, "line_items");
	const char *ref = hiboutik_ref(sale);
	int64_t closed_ms;
	int r = hiboutik_get_time(&closed_ms, h, sale, "completed_at");

	if (r || hiboutik_int_or(sale, "sale_id", 0) != paper->id ||
	    (rows && json_type(rows) != JSON_ARRAY))
		return HIBOUTIK_MALFORMED;
	t->is_closed = closed_ms > 0;
	t->has_ref = strcmp(ref, paper->ref) == 0;
	t->is_other = *ref && !t->has_ref;
	for (size_t i = 0; !r && i < json_length(rows); i++)
		r = take_line(t, paper, json_at(rows, i));
	return r;
}

/* The sale with the paper's id; ABSENT: there is none, or it is not ours. */
static struct outcome
look(struct hiboutik *h, const struct hiboutik_paper *paper, struct ticket *t)
{
	char *path = text_format("sales/%lld", (long long)paper->id);
	struct json *doc = NULL;
	struct outcome outcome =
		path ? hiboutik_get(h, path, &doc) : outcome_fault(ERR_NOMEM);
	const struct json_node *sale =
		doc ? hiboutik_first(json_root(doc)) : NULL;

	t->has_more = false;
	memset(t->have, 0, paper->n_lines * sizeof(*t->have));
	if (outcome.verdict == VERDICT_DONE && !sale)
		outcome = outcome_of(VERDICT_ABSENT, "no such sale");
	if (outcome.verdict == VERDICT_DONE)
		outcome = outcome_taken(take_sale(t, h, paper, sale), "a sale");
	if (outcome.verdict == VERDICT_DONE && t->is_other)
		outcome = outcome_of(VERDICT_ABSENT, "it is another sale");
	json_free(doc);
	free(path);
	return outcome;
}

/* ---- from wherever it is to its end ---- */

/* It will never be: nothing of it may stay. */
static struct outcome
take_back(struct hiboutik *h, const struct hiboutik_paper *paper,
          struct outcome why)
{
	struct outcome outcome = post_about(h, "sales/void", paper, true);

	if (outcome.verdict == VERDICT_DONE ||
	    outcome.verdict == VERDICT_ABSENT)
		return outcome_of(VERDICT_REFUSED, "%s", why.why);
	if (outcome.verdict == VERDICT_REFUSED)
		return outcome_of(VERDICT_REFUSED,
		                  "%.140s; sale %lld is still open: void it by "
		                  "hand",
		                  why.why, (long long)paper->id);
	return hiboutik_half_made(paper, "sale", outcome);
}

/* A refusal of one line is that line's own, where it has a place for it. */
static struct outcome
bring_line(struct hiboutik *h, const struct hiboutik_paper *paper,
           const struct ticket *t, size_t i)
{
	const struct hiboutik_line *line = &paper->lines[i];
	struct outcome outcome = outcome_done();

	if (t->have[i] != line->quantity)
		outcome = add_line(h, paper, line, line->quantity - t->have[i]);
	if (outcome.verdict == VERDICT_ABSENT)
		outcome.verdict = VERDICT_REFUSED;
	if (outcome.verdict == VERDICT_REFUSED) {
		char name[HIBOUTIK_THING_SIZE];

		outcome = outcome_of(VERDICT_REFUSED,
		                     "Hiboutik does not take %lld of %s: "
		                     "%.150s",
		                     (long long)line->quantity,
		                     hiboutik_format_thing(name, &line->thing),
		                     outcome.why);
	}
	if (outcome.verdict == VERDICT_REFUSED && line->refused) {
		*line->refused = outcome;
		return outcome_done();
	}
	return outcome;
}

static struct outcome
bring_lines(struct hiboutik *h, const struct hiboutik_paper *paper,
            const struct ticket *t, size_t *n_there)
{
	struct outcome outcome = outcome_done();

	*n_there = 0;
	for (size_t i = 0;
	     outcome.verdict == VERDICT_DONE && i < paper->n_lines; i++) {
		const struct hiboutik_line *line = &paper->lines[i];

		outcome = bring_line(h, paper, t, i);
		*n_there += !line->refused ||
		            line->refused->verdict == VERDICT_DONE;
	}
	return outcome;
}

/* Refused, perhaps because it is closed already: then it is done. */
static struct outcome
close_it(struct hiboutik *h, const struct hiboutik_paper *paper,
         struct ticket *t)
{
	struct outcome outcome = post_about(h, "sales/close/", paper, false);
	struct outcome found;

	if (outcome.verdict != VERDICT_REFUSED)
		return outcome;
	found = look(h, paper, t);
	if (found.verdict == VERDICT_DONE && t->is_closed)
		return found;
	return found.verdict == VERDICT_DONE ? outcome : found;
}

static struct outcome
finish(struct hiboutik *h, const struct hiboutik_paper *paper, struct ticket *t)
{
	struct outcome outcome = outcome_done();
	size_t n_lines = 0;

	if (!t->has_ref)
		outcome = set_attribute(h, paper, "ext_ref", paper->ref);
	if (outcome.verdict == VERDICT_DONE)
		outcome = bring_lines(h, paper, t, &n_lines);
	if (outcome.verdict == VERDICT_DONE && n_lines == 0) {
		outcome = take_back(h, paper, outcome);
		/* Each line knows why. */
		return outcome.verdict == VERDICT_REFUSED ? outcome_done()
		                                          : outcome;
	}
	if (outcome.verdict == VERDICT_DONE)
		outcome = set_attribute(h, paper, "payment",
		                        conf_text(h->conf, "payment"));
	if (outcome.verdict == VERDICT_DONE)
		outcome = close_it(h, paper, t);
	if (outcome.verdict == VERDICT_DONE)
		return outcome;
	if (outcome.verdict == VERDICT_REFUSED)
		return take_back(h, paper, outcome);
	return hiboutik_half_made(paper, "sale", outcome);
}

struct outcome
hiboutik_make_ticket(struct hiboutik *h, struct hiboutik_paper *paper)
{
	struct ticket t = { .have = calloc(paper->n_lines + 1,
		                           sizeof(*t.have)) };
	struct outcome outcome =
		t.have ? create(h, paper) : outcome_fault(ERR_NOMEM);
	int r;

	if (outcome.verdict == VERDICT_DONE) {
		r = paper->made ? paper->made(paper->ctx, paper) : 0;
		outcome =
			r ? hiboutik_half_made(paper, "sale", outcome_fault(r))
			  : finish(h, paper, &t);
	}
	free(t.have);
	return outcome;
}

/* ---- finding ---- */

/* The row's sale, unless its reference is another one; 0: none. */
static int64_t
id_of(const struct json_node *row, const char *ref)
{
	const char *found = json_text_or(row, "sale_ext_ref",
	                                 json_text_or(row, "ext_ref", ref));

	return strcmp(found, ref) == 0 ? hiboutik_int_or(row, "sale_id", 0) : 0;
}

/* A closed one is the sale; an open one can become it. */
static struct outcome
choose(struct hiboutik *h, struct hiboutik_paper *paper,
       const struct json_node *rows)
{
	int64_t closed_ms;
	int64_t id;
	bool is_closed = false;

	if (json_type(rows) != JSON_ARRAY)
		return outcome_taken(HIBOUTIK_MALFORMED, "a search of sales");
	for (size_t i = 0; !is_closed && i < json_length(rows); i++) {
		id = id_of(json_at(rows, i), paper->ref);
		if (!id)
			continue;
		paper->id = id;
		is_closed = hiboutik_get_time(&closed_ms, h, json_at(rows, i),
		                              "completed_at") == 0 &&
		            closed_ms > 0;
	}
	return outcome_done();
}

static struct outcome
find(struct hiboutik *h, struct hiboutik_paper *paper)
{
	struct buf path = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;

	buf_adds(&path, "sales/search/ext_ref/");
	buf_add_url(&path, paper->ref);
	outcome = buf_check(&path) ? outcome_fault(ERR_NOMEM)
	                           : hiboutik_get(h, buf_text(&path), &doc);
	if (outcome.verdict == VERDICT_DONE)
		outcome = choose(h, paper, json_root(doc));
	json_free(doc);
	buf_fini(&path);
	if (outcome.verdict == VERDICT_DONE && !paper->id)
		return outcome_of(VERDICT_ABSENT, "Hiboutik has no sale %.40s",
		                  paper->ref);
	return outcome;
}

static struct outcome
resume(struct hiboutik *h, struct hiboutik_paper *paper, struct ticket *t)
{
	struct outcome outcome = look(h, paper, t);

	if (outcome.verdict != VERDICT_DONE || t->is_closed)
		return outcome;
	if (t->has_more)
		return outcome_of(
			VERDICT_REFUSED,
			"sale %lld (%.40s) is open at Hiboutik with "
			"other lines than ours: put it right there and "
			"close it, or void it",
			(long long)paper->id, paper->ref);
	return finish(h, paper, t);
}

struct outcome
hiboutik_resume_ticket(struct hiboutik *h, struct hiboutik_paper *paper)
{
	struct ticket t = { .have = calloc(paper->n_lines + 1,
		                           sizeof(*t.have)) };
	int64_t known = paper->id;
	struct outcome outcome = outcome_fault(ERR_NOMEM);

	if (t.have) {
		paper->id = 0;
		outcome = find(h, paper);
		/* Made, and stopped before it had our reference. */
		if (outcome.verdict == VERDICT_ABSENT && known) {
			paper->id = known;
			outcome = outcome_done();
		}
	}
	if (outcome.verdict == VERDICT_DONE)
		outcome = resume(h, paper, &t);
	free(t.have);
	return outcome;
}
