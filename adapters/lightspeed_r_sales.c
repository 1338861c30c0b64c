/*
 * Lightspeed R, sales: completed ones of our shop, by when they changed, or by
 * id.
 *
 * Does     GET Sale.json with its lines, sorted by timeStamp: the vendor's own
 *          clock, which moves whenever a sale changes, so that one which comes
 *          late with an old completeTime is found as well.
 * Returns  A refund is a sale with lines of negative quantity, and the log says
 *          RefundAddInventory: so there is no other list of goods that came
 *          back. That a refund may leave the stock alone is nowhere documented.
 * Voided   A sale that was taken back has sold nothing of any line.
 * Late     Nothing is documented of sales that come late; a day is listed again.
 * Time     Whole seconds, by a clock that is known no better: of the moments
 *          behind its end a listing tells as well. What is written then is a
 *          target with those sales inside it, so that does no harm.
 */
#include "adapters/lightspeed_r.h"

#include "gateway/base/decimal.h"
#include "gateway/base/err.h"
#include "gateway/model/cents.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How well two clocks agree, of which one tells whole seconds. A listing ends
   this much later, and one for what was sold since begins this much earlier:
   what is shown twice is known. */
enum { SLACK_MS = 5000 };

/* No line costs or holds more; sums of decimals stay far inside their range. */
static const int64_t AMOUNT_MAX = INT64_C(1000000000000);
static const int64_t QUANTITY_MAX = INT64_C(1000000000);

static bool
is_within(struct decimal d, int64_t max)
{
	return decimal_cmp(d, decimal_of(max)) <= 0 &&
	       decimal_cmp(d, decimal_of(-max)) >= 0;
}

bool
lightspeed_r_is_quantity(struct decimal quantity)
{
	return is_within(quantity, QUANTITY_MAX);
}

/* ---- what we told of ---- */

static void
remember(struct lightspeed_r *l, int64_t sale)
{
	l->told[l->n_told++ % LIGHTSPEED_R_TOLD_MAX] = sale;
}

static bool
was_told(const struct lightspeed_r *l, int64_t sale)
{
	for (size_t i = 0; i < LIGHTSPEED_R_TOLD_MAX; i++)
		if (l->told[i] == sale)
			return true;
	return false;
}

/* ---- one sale ---- */

/* What a row says of itself, before its lines are looked at. */
struct facts {
	int64_t id;
	int64_t stamp_ms;  /* timeStamp */
	int64_t closed_ms; /* completeTime; else timeStamp */
	bool is_completed;
	bool is_voided;
};

/* Returns 0, LIGHTSPEED_R_MALFORMED. */
static int
read_facts(struct facts *out, const struct json_node *row)
{
	out->id = lightspeed_r_int_or(row, "saleID", 0);
	out->is_completed = lightspeed_r_is(row, "completed");
	out->is_voided = lightspeed_r_is(row, "voided");
	if (out->id <= 0 ||
	    lightspeed_r_time(&out->stamp_ms, row, "timeStamp") ||
	    lightspeed_r_time(&out->closed_ms, row, "completeTime"))
		return LIGHTSPEED_R_MALFORMED;
	if (!out->closed_ms)
		out->closed_ms = out->stamp_ms;
	return out->stamp_ms ? 0 : LIGHTSPEED_R_MALFORMED;
}

/* What it costs, tax included, with all digits. Returns 0, LIGHTSPEED_R_MALFORMED. */
static int
read_gross(struct sale_line *line, const struct json_node *row)
{
	int r = lightspeed_r_decimal(&line->gross, row, "calcTotal");

	if (r == JSON_ABSENT)
		return 0;
	if (r || !is_within(line->gross, AMOUNT_MAX))
		return LIGHTSPEED_R_MALFORMED;
	line->has_gross = true;
	return 0;
}

/* Returns 0, LIGHTSPEED_R_MALFORMED, ERR_NOMEM. */
static int
add_line(struct sale *sale, const struct json_node *row, bool is_voided)
{
	struct sale_line *line = sale_add_line(sale);
	int64_t item = lightspeed_r_int_or(row, "itemID", 0);
	int64_t id = lightspeed_r_int_or(row, "saleLineID", 0);

	if (!line)
		return err_raise(ERR_NOMEM, "sale line");
	/* Without its own id a line could not be told from others later on. */
	if (id <= 0 || lightspeed_r_decimal(&line->qty, row, "unitQuantity") ||
	    !lightspeed_r_is_quantity(line->qty))
		return LIGHTSPEED_R_MALFORMED;
	line->uid = text_format("%lld", (long long)id);
	/* 0 is a thing that is not kept: nothing of it is in stock. */
	if (item > 0)
		line->external = text_format("%lld", (long long)item);
	if (!line->uid || (item > 0 && !line->external))
		return err_raise(ERR_NOMEM, "sale line");
	if (is_voided) {
		line->qty = DECIMAL_ZERO;
		line->has_gross = true;
		return 0;
	}
	return read_gross(line, row);
}

/* Lines that are not shown within the sale: there may be none. */
struct line_list {
	struct sale *sale;
	bool is_voided;
};

static int
take_line(void *ctx, const struct json_node *row)
{
	const struct line_list *list = ctx;
	size_t n = list->sale->n_lines;
	int r = add_line(list->sale, row, list->is_voided);

	for (size_t i = 0; !r && i < n; i++)
		if (!strcmp(list->sale->lines[i].uid, list->sale->lines[n].uid))
			r = LIGHTSPEED_R_MALFORMED;
	return r;
}

static struct outcome
ask_lines(struct lightspeed_r *l, int64_t id, struct line_list *list)
{
	char *query =
		text_format("&sort=saleLineID&saleID=%lld", (long long)id);
	struct lightspeed_r_listing listing = { .resource = "SaleLine",
		                                .query = query,
		                                .take = take_line,
		                                .ctx = list };
	struct outcome outcome = query ? lightspeed_r_list(l, &listing)
	                               : outcome_fault(ERR_NOMEM);

	free(query);
	return outcome;
}

/* Returns 0, LIGHTSPEED_R_MALFORMED, ERR_NOMEM. */
static int
read_lines(struct line_list *list, const struct json_node *lines)
{
	const struct json_node *rows = lightspeed_r_find(lines, "SaleLine");
	size_t n = 0;
	int r = lightspeed_r_length(&n, rows);

	for (size_t i = 0; !r && i < n; i++)
		r = take_line(list, lightspeed_r_at(rows, i));
	return r;
}

/* Returns 0, ERR_NOMEM. */
static int
fill_sale(struct sale *sale, const struct facts *facts,
          const struct json_node *row)
{
	const char *reference = lightspeed_r_text(row, "referenceNumber");

	sale->reference = *reference ? text_dup(reference) : NULL;
	if (*reference && !sale->reference)
		return err_raise(ERR_NOMEM, "sale");
	sale->id = text_format("%lld", (long long)facts->id);
	sale->version = facts->stamp_ms;
	sale->closed_ms = facts->closed_ms;
	sale->is_final = true;
	return sale->id ? 0 : err_raise(ERR_NOMEM, "sale");
}

/* ---- listings ---- */

struct sales {
	struct lightspeed_r *l;
	const struct sale_sink *sink;
	int64_t until_ms;       /* INT64_MAX: no end */
	struct outcome trouble; /* of a call within the listing */
};

/* Where they do not come with the sale, a call of its own tells "none" from "not
   shown". */
static int
add_lines(struct sales *sales, struct line_list *list,
          const struct facts *facts, const struct json_node *row)
{
	const struct json_node *lines = lightspeed_r_find(row, "SaleLines");

	if (json_type(lines) == JSON_OBJECT)
		return read_lines(list, lines);
	sales->trouble = ask_lines(sales->l, facts->id, list);
	return sales->trouble.verdict == VERDICT_DONE ? 0
	                                              : LIGHTSPEED_R_MALFORMED;
}

/* The sale with its lines: amounts in cents, which add up to what it came to. */
static int
read_sale(struct sales *sales, struct sale *sale, const struct facts *facts,
          const struct json_node *row)
{
	struct line_list list = { sale, facts->is_voided };
	struct decimal total;
	int r = fill_sale(sale, facts, row);

	if (!r)
		r = add_lines(sales, &list, facts, row);
	if (r || facts->is_voided)
		return r;
	if (lightspeed_r_decimal(&total, row, "calcTotal") == 0 &&
	    is_within(total, AMOUNT_MAX))
		cents_share(sale, &total);
	else
		cents_share(sale, NULL);
	return 0;
}

static bool
is_of_shop(const struct lightspeed_r *l, const struct json_node *row)
{
	return lightspeed_r_int_or(row, "shopID", l->shop) == l->shop;
}

/* A person shall find the one that stops the others. */
static int
blame(struct sales *sales, const struct json_node *row, int r)
{
	char what[48];

	if (r != LIGHTSPEED_R_MALFORMED ||
	    sales->trouble.verdict != VERDICT_DONE)
		return r;
	(void)snprintf(what, sizeof(what), "sale %.24s",
	               lightspeed_r_text(row, "saleID"));
	sales->trouble = outcome_taken(r, what);
	return r;
}

/*
 * A sale that cannot be read ends the listing: the cursor stays, and a person
 * sees why. To skip it would lose it. One that both closed and changed behind
 * the end is of the next listing.
 */
static int
take_sale(void *ctx, const struct json_node *row)
{
	struct sales *sales = ctx;
	struct sale sale = { 0 };
	struct facts facts;
	int r;

	if (!is_of_shop(sales->l, row))
		return 0;
	r = read_facts(&facts, row);
	if (r || !facts.is_completed ||
	    (facts.stamp_ms > sales->until_ms &&
	     facts.closed_ms > sales->until_ms))
		return blame(sales, row, r);
	r = blame(sales, row, read_sale(sales, &sale, &facts, row));
	if (!r)
		r = sales->sink->sale(sales->sink->ctx, &sale);
	if (!r)
		remember(sales->l, facts.id);
	sale_fini(&sale);
	return r;
}

static struct outcome
list_sales(struct sales *sales, const char *terms,
           int (*take)(void *ctx, const struct json_node *row), void *ctx)
{
	struct buf query = BUF_INIT;
	struct lightspeed_r_listing listing = { .resource = "Sale",
		                                .has_relations = true,
		                                .take = take,
		                                .ctx = ctx };
	struct outcome outcome;

	sales->trouble = outcome_done();
	buf_addf(&query,
	         "&sort=timeStamp&shopID=%lld&completed=true&archived=true"
	         "&load_relations=%%5B%%22SaleLines%%22%%5D%s",
	         (long long)sales->l->shop, terms);
	listing.query = buf_text(&query);
	outcome = buf_check(&query) ? outcome_fault(ERR_NOMEM)
	                            : lightspeed_r_list(sales->l, &listing);
	buf_fini(&query);
	return sales->trouble.verdict == VERDICT_DONE ? outcome
	                                              : sales->trouble;
}

struct outcome
lightspeed_r_list_sales(void *state, int64_t since_ms, int64_t until_ms,
                        const struct sale_sink *sink)
{
	struct sales sales = { .l = lightspeed_r_of(state),
		               .sink = sink,
		               .until_ms = until_ms + SLACK_MS };
	struct buf terms = BUF_INIT;
	struct outcome outcome;

	sales.l->told_from_ms = since_ms;
	lightspeed_r_add_time(&terms, "timeStamp", ">=", since_ms);
	outcome = buf_check(&terms) ? outcome_fault(ERR_NOMEM)
	                            : list_sales(&sales, buf_text(&terms),
	                                         take_sale, &sales);
	buf_fini(&terms);
	return outcome;
}

struct outcome
lightspeed_r_read_sales(void *state, const char *const *ids, size_t n,
                        const struct sale_sink *sink)
{
	struct sales sales = { .l = lightspeed_r_of(state),
		               .sink = sink,
		               .until_ms = INT64_MAX };
	struct outcome outcome = outcome_done();
	struct buf list = BUF_INIT;
	struct buf terms = BUF_INIT;

	assert(n <= LIGHTSPEED_R_IDS_MAX);
	for (size_t i = 0; i < n; i++) /* a call may name anything */
		if (*ids[i] && !ids[i][strspn(ids[i], "0123456789")])
			buf_addf(&list, "%s%s", list.n ? "," : "[", ids[i]);
	buf_addc(&list, ']');
	lightspeed_r_add_term(&terms, "saleID", "IN", buf_text(&list));
	if (buf_check(&list) || buf_check(&terms))
		outcome = outcome_fault(ERR_NOMEM);
	else if (list.n > 1)
		outcome =
			list_sales(&sales, buf_text(&terms), take_sale, &sales);
	buf_fini(&terms);
	buf_fini(&list);
	return outcome;
}

/* ---- sold meanwhile ---- */

struct later {
	struct sales sales;
	struct count *counts;
	size_t n;
};

static void
take_off(const struct later *later, const struct sale_line *line)
{
	for (size_t i = 0; i < later->n; i++) {
		struct count *count = &later->counts[i];

		if (line->external &&
		    strcmp(count->external, line->external) == 0)
			count->qty =
				decimal_max(decimal_sub(count->qty, line->qty),
			                    DECIMAL_ZERO);
	}
}

static int
take_later(void *ctx, const struct json_node *row)
{
	struct later *later = ctx;
	struct sales *sales = &later->sales;
	struct sale sale = { 0 };
	struct facts facts;
	int r;

	if (!is_of_shop(sales->l, row))
		return 0;
	r = read_facts(&facts, row);
	if (r || !facts.is_completed || was_told(sales->l, facts.id))
		return blame(sales, row, r);
	r = blame(sales, row, read_sale(sales, &sale, &facts, row));
	for (size_t i = 0; !r && i < sale.n_lines; i++)
		take_off(later, &sale.lines[i]);
	sale_fini(&sale);
	return r;
}

struct outcome
lightspeed_r_take_off_later(struct lightspeed_r *l, struct count *counts,
                            size_t n, int64_t as_of_ms)
{
	struct later later = { .sales = { .l = l }, .counts = counts, .n = n };
	int64_t from_ms = as_of_ms + l->clock.skew_ms - SLACK_MS;
	struct buf terms = BUF_INIT;
	struct outcome outcome;

	/* What lies before the last listing is history, and was never told. */
	if (from_ms < l->told_from_ms)
		from_ms = l->told_from_ms;
	lightspeed_r_add_time(&terms, "timeStamp", ">=", from_ms);
	outcome = buf_check(&terms) ? outcome_fault(ERR_NOMEM)
	                            : list_sales(&later.sales, buf_text(&terms),
	                                         take_later, &later);
	buf_fini(&terms);
	return outcome;
}
