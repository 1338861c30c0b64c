/*
 * Hiboutik, sales: closed ones of our store, by the day or by id.
 *
 * Does     GET /closed_sales/{store}/{year}/{month}/{day} for each of the shop's
 *          days in the span; GET /sales/{id}. Goods that come back are lines of
 *          negative quantity.
 * Unsure   Whether the list comes with lines, and with the lines' ids. A sale
 *          that it shows without is read once by its id and remembered: a closed
 *          sale does not change, and calls are scarce.
 * Late     Nothing is documented of sales that come late; a day is listed again
 *          (`sales_window_ms`).
 * Time     Local, without a zone: `timezone` of the account, else the daemon's.
 */
#include "adapters/hiboutik.h"

#include "gateway/base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Steps from day to day; no day is shorter than three of them. */
#define STEP_MS (INT64_C(6) * 60 * 60 * 1000)

/* Longer than a listing reaches back, unless there was a pause of days. */
#define KEEP_MS (INT64_C(3) * 24 * 60 * 60 * 1000)

enum { DAY_PAGES_MAX = 60 }; /* 15,000 sales a day */

/* No line holds more; sums of decimals stay far inside their range. */
static const int64_t QUANTITY_MAX = INT64_C(1000000000);
static const int64_t AMOUNT_MAX = INT64_C(1000000000000);

/* ---- one sale ---- */

static bool
is_amount(struct decimal d, int64_t max)
{
	return decimal_cmp(d, decimal_of(max)) <= 0 &&
	       decimal_cmp(d, decimal_of(-max)) >= 0;
}

/* What was paid for the line, tax included, when it says so. */
static int
read_gross(struct sale_line *line, const struct json_node *row)
{
	struct decimal price;
	int r = json_get_decimal_lax(&price, row, "item_unit_gross");

	if (r == JSON_ABSENT)
		r = json_get_decimal_lax(&price, row, "product_price");
	if (r == JSON_ABSENT)
		return 0;
	if (r || !is_amount(price, AMOUNT_MAX))
		return HIBOUTIK_MALFORMED;
	line->gross = decimal_mul(price, line->qty, 6, DECIMAL_HALF_UP);
	line->has_gross = is_amount(line->gross, AMOUNT_MAX);
	return 0;
}

/* A person shall find the one that stops the others. */
static struct outcome
misread(int64_t sale)
{
	char what[48];

	(void)snprintf(what, sizeof(what), "sale %lld", (long long)sale);
	return outcome_taken(HIBOUTIK_MALFORMED, what);
}

/* Returns 0, HIBOUTIK_MALFORMED, ERR_NOMEM. */
static int
read_line(struct sale *sale, const struct json_node *row)
{
	struct sale_line *line = sale_add_line(sale);
	const char *name = json_text_or(row, "product_model", "");
	char external[HIBOUTIK_THING_SIZE];
	struct hiboutik_thing thing;
	int64_t id = hiboutik_int_or(row, "line_item_id", 0);

	if (!line)
		return err_raise(ERR_NOMEM, "sale line");
	/* Without its own id a line could not be told from others later on. */
	if (id <= 0 || hiboutik_get_thing(&thing, row) ||
	    json_get_decimal_lax(&line->qty, row, "quantity") ||
	    !is_amount(line->qty, QUANTITY_MAX))
		return HIBOUTIK_MALFORMED;
	line->uid = text_format("%lld", (long long)id);
	line->name = text_dup(name);
	/* 0 is a free item: nothing of it is in stock. */
	if (thing.product)
		line->external =
			text_dup(hiboutik_format_thing(external, &thing));
	if (!line->uid || !line->name || (thing.product && !line->external))
		return err_raise(ERR_NOMEM, "sale line");
	return read_gross(line, row);
}

/* Returns 0, HIBOUTIK_MALFORMED, ERR_NOMEM. listed: it is closed. */
static int
read_facts(struct sale *sale, const struct hiboutik *h,
           const struct json_node *node, bool is_listed)
{
	const char *ref = hiboutik_ref(node);
	const char *currency = json_text_or(node, "currency", "");
	int64_t id = hiboutik_int_or(node, "sale_id", 0);

	if (id <= 0 ||
	    hiboutik_get_time(&sale->closed_ms, h, node, "completed_at"))
		return HIBOUTIK_MALFORMED;
	sale->is_final = sale->closed_ms > 0 || is_listed;
	if (is_listed && !sale->closed_ms &&
	    hiboutik_get_time(&sale->closed_ms, h, node, "created_at"))
		return HIBOUTIK_MALFORMED;
	if (is_listed && !sale->closed_ms)
		return HIBOUTIK_MALFORMED;
	sale->id = text_format("%lld", (long long)id);
	sale->reference = *ref ? text_dup(ref) : NULL;
	sale->currency = strlen(currency) == 3 ? text_dup(currency) : NULL;
	return sale->id && (!*ref || sale->reference)
	               ? 0
	               : err_raise(ERR_NOMEM, "sale");
}

/* The caller releases the sale in any case. */
static int
read_sale(struct sale *sale, const struct hiboutik *h,
          const struct json_node *node, const struct json_node *rows,
          bool is_listed)
{
	int r = json_type(rows) == JSON_ARRAY ? 0 : HIBOUTIK_MALFORMED;

	if (!r)
		r = read_facts(sale, h, node, is_listed);
	for (size_t i = 0; !r && i < json_length(rows); i++)
		r = read_line(sale, json_at(rows, i));
	return r;
}

static bool
is_ours(const struct hiboutik *h, const struct json_node *node)
{
	return hiboutik_int_or(node, "store_id", h->store) == h->store;
}

/* ---- by id ---- */

struct outcome
hiboutik_get_sale(struct hiboutik *h, int64_t id, struct json **doc)
{
	char *path = text_format("sales/%lld", (long long)id);
	struct outcome outcome =
		path ? hiboutik_get(h, path, doc) : outcome_fault(ERR_NOMEM);

	free(path);
	if (outcome.verdict == VERDICT_DONE && !hiboutik_first(json_root(*doc)))
		outcome = outcome_of(VERDICT_ABSENT, "no such sale");
	return outcome;
}

static int
tell_one(const struct hiboutik *h, const struct json_node *node,
         const struct sale_sink *sink)
{
	struct sale sale = { 0 };
	int r = 0;

	if (!is_ours(h, node))
		return 0;
	r = read_sale(&sale, h, node, json_find(node, "line_items"), false);
	if (!r)
		r = sink->sale(sink->ctx, &sale);
	sale_fini(&sale);
	return r;
}

struct outcome
hiboutik_read_sales(void *state, const char *const *ids, size_t n,
                    const struct sale_sink *sink)
{
	struct hiboutik *h = hiboutik_of(state);
	struct outcome outcome = outcome_done();

	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < n; i++) {
		int64_t id = strtoll(ids[i], NULL, 10);
		struct json *doc = NULL;

		if (id <= 0 || ids[i][strspn(ids[i], "0123456789")])
			continue; /* a call may name anything */
		outcome = hiboutik_get_sale(h, id, &doc);
		if (outcome.verdict == VERDICT_DONE) {
			int r = tell_one(h, hiboutik_first(json_root(doc)),
			                 sink);

			outcome = r == HIBOUTIK_MALFORMED
			                  ? misread(id)
			                  : outcome_taken(r, "a sale");
		} else if (outcome.verdict == VERDICT_ABSENT)
			outcome = outcome_done();
		json_free(doc);
	}
	return outcome;
}

/* ---- by the day ---- */

struct day {
	struct hiboutik *h;
	int64_t since_ms;
	int64_t until_ms;
	struct sale *sales; /* owned */
	size_t n, cap;
	struct outcome trouble; /* of a call within the listing */
};

static struct sale *
add_sale(struct day *day)
{
	size_t cap = day->cap ? day->cap * 2 : 32;
	void *grown = day->sales;

	if (day->n == day->cap) {
		grown = realloc(day->sales, cap * sizeof(*day->sales));
		if (!grown)
			return NULL;
		day->sales = grown;
		day->cap = cap;
	}
	day->sales[day->n] = (struct sale){ 0 };
	return &day->sales[day->n++];
}

/* Whether a list without lines has an empty array for them is not documented;
   nor that each has its id. */
static bool
has_lines(const struct json_node *rows)
{
	bool has = json_type(rows) == JSON_ARRAY && json_length(rows) > 0;

	for (size_t i = 0; has && i < json_length(rows); i++)
		has = hiboutik_int_or(json_at(rows, i), "line_item_id", 0) > 0;
	return has;
}

/* Its lines by a call of its own, or out of our memory. */
static int
read_unlisted(struct day *day, struct sale *sale, const struct json_node *node,
              int64_t id)
{
	const char *kept = hiboutik_kept_find(day->h, id);
	struct json *doc = NULL;
	const struct json_node *whole;
	int r = kept ? json_parse(&doc, kept, strlen(kept)) : 0;

	if (!r && !kept)
		day->trouble = hiboutik_get_sale(day->h, id, &doc);
	if (r || day->trouble.verdict != VERDICT_DONE) {
		json_free(doc);
		return r ? r : HIBOUTIK_MALFORMED;
	}
	whole = hiboutik_first(json_root(doc));
	r = read_sale(sale, day->h, node, json_find(whole, "line_items"), true);
	if (!r && !kept)
		r = hiboutik_kept_add(day->h, sale,
		                      json_find(whole, "line_items"));
	json_free(doc);
	return r;
}

/* Is it in the span? One without a time that can be read is, for its mistake
   to be found; so is one that a clock a little ahead of ours closed: counts
   that were read already have it. */
static bool
is_wanted(const struct day *day, const struct json_node *node)
{
	int64_t closed_ms;

	if (hiboutik_get_time(&closed_ms, day->h, node, "completed_at") ||
	    closed_ms == 0)
		return true;
	return closed_ms >= day->since_ms - 1000 &&
	       closed_ms <= day->until_ms + HIBOUTIK_CLOCK_MS;
}

/*
 * A sale that cannot be read ends the listing: the cursor stays, and a person
 * sees why. To skip it would lose it.
 */
static int
take_closed(void *ctx, const struct json_node *node)
{
	struct day *day = ctx;
	const struct json_node *rows = json_find(node, "line_items");
	int64_t id = hiboutik_int_or(node, "sale_id", 0);
	struct sale *sale;
	int r;

	if (!is_ours(day->h, node) || !is_wanted(day, node))
		return 0;
	if (id <= 0)
		return HIBOUTIK_MALFORMED;
	sale = add_sale(day);
	if (!sale)
		return err_raise(ERR_NOMEM, "sale");
	r = has_lines(rows) ? read_sale(sale, day->h, node, rows, true)
	                    : read_unlisted(day, sale, node, id);
	if (r == HIBOUTIK_MALFORMED && day->trouble.verdict == VERDICT_DONE)
		day->trouble = misread(id);
	return r;
}

static int
by_closing(const void *a, const void *b)
{
	const struct sale *x = a;
	const struct sale *y = b;

	return (x->closed_ms > y->closed_ms) - (x->closed_ms < y->closed_ms);
}

/* What the sale moved of things whose counts may have been read before it. */
static void
note_sold(struct hiboutik *h, const struct sale *sale)
{
	struct hiboutik_thing thing;

	for (size_t i = 0; sale->closed_ms >= h->seen_ms && i < sale->n_lines;
	     i++) {
		const struct sale_line *line = &sale->lines[i];

		if (!line->external ||
		    !hiboutik_read_thing(&thing, line->external))
			continue;
		for (size_t k = 0; k < h->n_seen; k++) {
			struct hiboutik_seen *seen = &h->seen[k];

			if (!hiboutik_is_same(&seen->thing, &thing))
				continue;
			seen->sold = decimal_add(seen->sold, line->qty);
			seen->is_sold = true;
		}
	}
}

static struct outcome
tell_day(struct day *day, const struct sale_sink *sink)
{
	int r = 0;

	if (day->n)
		qsort(day->sales, day->n, sizeof(*day->sales), by_closing);
	for (size_t i = 0; !r && i < day->n; i++) {
		note_sold(day->h, &day->sales[i]);
		r = sink->sale(sink->ctx, &day->sales[i]);
	}
	return outcome_taken(r, "closed sales");
}

static struct outcome
list_day(struct day *day, const char *date, const struct sale_sink *sink)
{
	char *path = text_format("closed_sales/%lld/%s",
	                         (long long)day->h->store, date);
	struct hiboutik_listing listing = { .path = path,
		                            .pages_max = DAY_PAGES_MAX,
		                            .take = take_closed,
		                            .ctx = day };
	struct outcome outcome = path ? hiboutik_list(day->h, &listing)
	                              : outcome_fault(ERR_NOMEM);

	free(path);
	if (day->trouble.verdict != VERDICT_DONE)
		outcome = day->trouble;
	outcome = hiboutik_must_be(outcome, "the store's closed sales");
	if (outcome.verdict == VERDICT_DONE)
		outcome = tell_day(day, sink);
	for (size_t i = 0; i < day->n; i++)
		sale_fini(&day->sales[i]);
	day->n = 0;
	return outcome;
}

struct outcome
hiboutik_list_sales(void *state, int64_t since_ms, int64_t until_ms,
                    const struct sale_sink *sink)
{
	struct hiboutik *h = hiboutik_of(state);
	struct day day = { .h = h,
		           .since_ms = since_ms,
		           .until_ms = until_ms,
		           .trouble = outcome_done() };
	struct outcome outcome = outcome_done();
	char last[HIBOUTIK_DATE_SIZE] = "";
	char date[HIBOUTIK_DATE_SIZE];
	bool is_over = since_ms > until_ms;
	int r = hiboutik_kept_open(h, until_ms - KEEP_MS);

	if (r)
		return outcome_fault(r);
	for (size_t i = 0; i < h->n_seen; i++) {
		h->seen[i].sold = DECIMAL_ZERO;
		h->seen[i].is_sold = false;
	}
	for (int64_t at = since_ms; !is_over && outcome.verdict == VERDICT_DONE;
	     at += STEP_MS) {
		is_over = at >= until_ms;
		hiboutik_date(date, h, is_over ? until_ms : at, '/');
		if (strcmp(date, last) != 0)
			outcome = list_day(&day, date, sink);
		memcpy(last, date, sizeof(last));
	}
	free(day.sales);
	return outcome;
}
