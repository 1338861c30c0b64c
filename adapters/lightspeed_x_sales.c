/*
 * Lightspeed X, sales: listed by version, read by id.
 *
 * Does     GET /api/2.0/sales?after=VERSION, GET /api/2.0/sales/ID. Goods that
 *          come back are sales with negative quantities.
 * Final    Closed, or on account: what lowers the stock, by the vendor's word.
 *          A layby counts when it is closed. A sale that is voided has no lines
 *          any more, so what was booked of it goes back.
 * Span     Asked for by time; what version that was, lightspeed_x_begin.c
 *          knows. A till's late sale gets its version when it arrives, so it is
 *          listed then, however old it is.
 * Odd      A quantity beyond all things (a barcode scanned into it) stops no
 *          other sale: its line waits without an item, and a person is told.
 *          What is not as documented ends the listing, with its name.
 * Echo     What we recorded has our docid as its source_id.
 */
#include "adapters/lightspeed_x.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/words.h"
#include "gateway/model/cents.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PAGE_SIZE = 500,
	SLACK_MS = 3000,     /* clocks that are taken for equal */
	LATE_MS = 60 * 1000, /* rows that become visible late */
};

/* No line holds more; sums of decimals stay far inside their range. */
static const int64_t QUANTITY_MAX = INT64_C(1000000000);
static const int64_t AMOUNT_MAX = INT64_C(1000000000000);
static const int64_t UNIT_MAX = INT64_C(1000000000); /* of one */

/* ---- one sale ---- */

static bool
is_amount(struct decimal d, int64_t max)
{
	return decimal_cmp(d, decimal_of(max)) <= 0 &&
	       decimal_cmp(d, decimal_of(-max)) >= 0;
}

static bool
is_one_of(const char *text, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(text, texts[i]) == 0)
			return true;
	return false;
}

static bool
is_voided(const struct json_node *node)
{
	return strcmp(json_text_or(node, "state", ""), "voided") == 0 ||
	       strcmp(json_text_or(node, "status", ""), "VOIDED") == 0 ||
	       json_find(node, "deleted_at");
}

/* `state` replaces `status` step by step; either may be alone. */
static bool
is_final(const struct json_node *node)
{
	static const char *const statuses[] = {
		"CLOSED",           "ONACCOUNT",         "ON_ACCOUNT",
		"LAYBY_CLOSED",     "ONACCOUNT_CLOSED",  "SERVICE_CLOSED",
		"PICKED_UP_CLOSED", "DISPATCHED_CLOSED",
	};

	return strcmp(json_text_or(node, "state", ""), "closed") == 0 ||
	       is_one_of(json_text_or(node, "status", ""), statuses,
	                 sizeof(statuses) / sizeof(*statuses)) ||
	       is_voided(node);
}

/* What becomes of sales, and what a person is told of them. */
struct taking {
	const struct lightspeed_x *x;
	const struct sale_sink *sink;
	bool is_listing;
	int64_t until_ms;           /* of a listing; their clock */
	char bad[OUTCOME_WHY_SIZE]; /* why it cannot go on; "" */
	char odd[OUTCOME_WHY_SIZE]; /* what is odd, and goes on all the same */
};

/* Nothing else would tell which of all sales it is. */
__attribute__((format(printf, 3, 4))) static int
stop_at(struct taking *t, const struct json_node *node, const char *why, ...)
{
	struct buf text = BUF_INIT;
	char rest[120];
	va_list args;

	va_start(args, why);
	(void)vsnprintf(rest, sizeof(rest), why, args);
	va_end(args);
	buf_addf(&text, "sale %.40s: %s",
	         json_text_or(node, "id", "without an id"), rest);
	(void)words_copy(t->bad, sizeof(t->bad), buf_text(&text));
	buf_fini(&text);
	return LIGHTSPEED_X_MALFORMED;
}

/*
 * price_total and tax_total, else the prices of one. A price never stops a
 * sale: one that cannot be read is not known, and the authority's own counts.
 */
static void
read_gross(struct sale_line *line, const struct json_node *row)
{
	struct decimal price;
	struct decimal tax = DECIMAL_ZERO;
	int r = lightspeed_x_get_number(&price, row, "price_total",
	                                DECIMAL_PLACES);
	bool is_total = r == 0;

	if (!is_total)
		r = lightspeed_x_get_number(&price, row, "price",
		                            DECIMAL_PLACES);
	if (r ||
	    lightspeed_x_get_number(&tax, row, is_total ? "tax_total" : "tax",
	                            DECIMAL_PLACES) == JSON_WRONG_TYPE ||
	    !is_amount(price, AMOUNT_MAX) || !is_amount(tax, AMOUNT_MAX))
		return;
	price = decimal_add(price, tax);
	if (!is_total && !is_amount(price, UNIT_MAX))
		return;
	if (!is_total)
		price = decimal_mul(price, line->qty, 6, DECIMAL_HALF_UP);
	line->gross = price;
	line->has_gross = is_amount(line->gross, AMOUNT_MAX);
}

/* A number it is, only not one of what is sold: a barcode that was scanned
   into the quantity. */
static bool
is_beyond(const struct json_node *row, struct decimal qty, int r)
{
	return r ? json_type(json_find(row, "quantity")) == JSON_NUMBER
	         : !is_amount(qty, QUANTITY_MAX);
}

/*
 * Such a line is kept as one without an item, under a name that nothing can be
 * bound to: it waits and is counted among those that do, no stock is booked for
 * it, and when the till corrects or voids the sale a new version ends that.
 */
static char *
set_aside(struct taking *t, const struct json_node *sale,
          const struct json_node *row)
{
	const struct json_node *node = json_find(row, "quantity");
	const char *text = json_text(node);
	struct buf odd = BUF_INIT;

	if (!text)
		text = json_number_text(node);
	buf_addf(&odd,
	         "sale %.40s, line %.40s: a quantity of %.40s is left out: "
	         "correct or void it at the till",
	         json_text_or(sale, "id", ""), json_text_or(row, "id", ""),
	         text ? text : "");
	(void)words_copy(t->odd, sizeof(t->odd), buf_text(&odd));
	buf_fini(&odd);
	return text_format("%.40s with a quantity that cannot be",
	                   json_text_or(row, "product_id", "?"));
}

/* Returns 0, LIGHTSPEED_X_MALFORMED, ERR_NOMEM. */
static int
read_line(struct taking *t, struct sale *sale, const struct json_node *node,
          const struct json_node *row)
{
	struct sale_line *line;
	const char *uid = json_text_or(row, "id", "");
	const char *product = json_text_or(row, "product_id", "");
	int r;

	if (strcmp(json_text_or(row, "status", ""), "VOIDED") == 0)
		return 0;
	line = sale_add_line(sale);
	if (!line)
		return err_raise(ERR_NOMEM, "sale line");
	/* Without its own id a line could not be told from others later on. */
	if (!*uid)
		return stop_at(t, node, "a line has no id");
	r = lightspeed_x_get_number(&line->qty, row, "quantity",
	                            LIGHTSPEED_X_PLACES);
	line->uid = text_dup(uid);
	line->name = text_dup(json_text_or(row, "note", ""));
	if (is_beyond(row, line->qty, r)) {
		line->qty = decimal_of(1);
		line->external = set_aside(t, node, row);
		return line->uid && line->name && line->external
		               ? 0
		               : err_raise(ERR_NOMEM, "sale line");
	}
	if (r)
		return stop_at(t, node,
		               "the quantity of line %.40s is not as "
		               "documented",
		               uid);
	line->external = *product ? text_dup(product) : NULL;
	if (!line->uid || !line->name || (*product && !line->external))
		return err_raise(ERR_NOMEM, "sale line");
	read_gross(line, row);
	return 0;
}

/* Returns 0, LIGHTSPEED_X_MALFORMED, ERR_NOMEM. */
static int
read_facts(struct taking *t, struct sale *sale, const struct json_node *node)
{
	const char *id = json_text_or(node, "id", "");
	const char *ref = json_text_or(node, "source_id", "");
	const char *date = json_text_or(node, "sale_date",
	                                json_text_or(node, "created_at", ""));

	sale->is_final = is_final(node);
	if (!*id)
		return stop_at(t, node, "there must be one");
	if (json_get_int(&sale->version, node, "version") == JSON_WRONG_TYPE)
		return stop_at(t, node, "its version is no number");
	if ((*date || sale->is_final) &&
	    clock_parse(&sale->closed_ms, date, 1)) /* UTC, by the document */
		return stop_at(t, node, "\"%.40s\" is no date", date);
	sale->id = text_dup(id);
	sale->reference = *ref ? text_dup(ref) : NULL;
	return sale->id && (!*ref || sale->reference)
	               ? 0
	               : err_raise(ERR_NOMEM, "sale");
}

/* Without tax the amounts have more digits than there is money. */
static void
share_cents(struct sale *sale, const struct json_node *node)
{
	struct decimal price;
	struct decimal tax;

	if (lightspeed_x_get_number(&price, node, "total_price",
	                            DECIMAL_PLACES) == 0 &&
	    lightspeed_x_get_number(&tax, node, "total_tax", DECIMAL_PLACES) ==
	            0 &&
	    is_amount(price, AMOUNT_MAX) && is_amount(tax, AMOUNT_MAX)) {
		price = decimal_add(price, tax);
		cents_share(sale, &price);
	} else {
		cents_share(sale, NULL);
	}
}

/* The caller releases the sale in any case. */
static int
read_sale(struct taking *t, struct sale *sale, const struct json_node *node)
{
	const struct json_node *rows = json_find(node, "line_items");
	int r = read_facts(t, sale, node);

	if (r || is_voided(node))
		return r;
	if (json_type(rows) != JSON_ARRAY)
		return stop_at(t, node, "it has no list of lines");
	for (size_t i = 0; !r && i < json_length(rows); i++)
		r = read_line(t, sale, node, json_at(rows, i));
	if (!r)
		share_cents(sale, node);
	return r;
}

/*
 * Made after the time that is asked for, by the till's clock and by theirs: the
 * next listing has it. What is counted now did not contain it, so to book it
 * now would have it subtracted twice.
 */
static bool
is_later(const struct taking *t, const struct json_node *node)
{
	const char *date = json_text_or(node, "sale_date", "");
	const char *changed = json_text_or(node, "updated_at", "");
	int64_t closed_ms;
	int64_t changed_ms;

	return clock_parse(&closed_ms, date, 1) == 0 &&
	       clock_parse(&changed_ms, changed, 1) == 0 &&
	       closed_ms > t->until_ms + SLACK_MS &&
	       changed_ms > t->until_ms + SLACK_MS;
}

/*
 * A sale that is not as documented ends the listing: the cursor stays, and a
 * person sees why and which (promise 6). To skip it would lose it.
 */
static int
take_sale(void *ctx, const struct json_node *node)
{
	struct taking *t = ctx;
	struct sale sale = { 0 };
	int r = 0;

	if (strcmp(json_text_or(node, "outlet_id", t->x->outlet),
	           t->x->outlet) != 0 ||
	    (t->is_listing && (!is_final(node) || is_later(t, node))))
		return 0;
	r = read_sale(t, &sale, node);
	if (!r)
		r = t->sink->sale(t->sink->ctx, &sale);
	sale_fini(&sale);
	return r;
}

/* The outcome of taking them, with what a person must know. */
static struct outcome
judge_taking(const struct taking *t, struct outcome outcome)
{
	if (outcome.verdict == VERDICT_RETRY && *t->bad)
		return outcome_of(VERDICT_RETRY, "%s", t->bad);
	if (outcome.verdict == VERDICT_DONE && *t->odd)
		return outcome_of(VERDICT_DONE, "%s", t->odd);
	return outcome;
}

/* ---- functions of the table ---- */

struct outcome
lightspeed_x_list_sales(void *state, int64_t since_ms, int64_t until_ms,
                        const struct sale_sink *sink)
{
	struct lightspeed_x *x = lightspeed_x_of(state);
	struct taking taking = {
		.x = x, .sink = sink, .is_listing = true, .until_ms = until_ms
	};
	struct lightspeed_x_list list = { .name = "sales",
		                          .query = "",
		                          .page_size = PAGE_SIZE,
		                          .take = take_sale,
		                          .ctx = &taking };
	struct outcome outcome;
	int r;

	outcome = lightspeed_x_begin(x, &list.after, since_ms - LATE_MS);
	if (outcome.verdict == VERDICT_DONE)
		outcome = judge_taking(&taking, lightspeed_x_list(x, &list));
	r = lightspeed_x_keep_versions(x);
	return r ? outcome_fault(r) : outcome;
}

static struct outcome
read_one(struct lightspeed_x *x, const char *id, const struct sale_sink *sink)
{
	struct taking taking = { .x = x, .sink = sink };
	struct json *doc = NULL;
	struct outcome outcome =
		lightspeed_x_get(x, &doc, text_format("/api/2.0/sales/%s", id));
	const struct json_node *data;

	if (outcome.verdict == VERDICT_DONE) {
		data = json_find(json_root(doc), "data");
		outcome = judge_taking(
			&taking,
			outcome_taken(json_type(data) == JSON_OBJECT
		                              ? take_sale(&taking, data)
		                              : LIGHTSPEED_X_MALFORMED,
		                      "a sale"));
	} else if (outcome.verdict == VERDICT_ABSENT) {
		outcome = outcome_done();
	}
	json_free(doc);
	return outcome;
}

struct outcome
lightspeed_x_read_sales(void *state, const char *const *ids, size_t n,
                        const struct sale_sink *sink)
{
	struct lightspeed_x *x = lightspeed_x_of(state);
	struct outcome outcome = outcome_done();
	char id[LIGHTSPEED_X_ID_SIZE];

	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < n; i++)
		if (lightspeed_x_read_id(id, ids[i])) /* a call may name any */
			outcome = read_one(x, id, sink);
	return outcome;
}
