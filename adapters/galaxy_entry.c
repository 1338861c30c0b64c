/*
 * Galaxy, commercial entries: the document.
 *
 * Content   Every member that galaxy.md 8.1 marks as needed, each id out of
 *           the mirror. A sale leaves out addresses and charges, which means
 *           the customer's own and none; galaxy_order.c adds what an order has.
 * Packs     A line of packs is booked as so many times their content; what was
 *           paid stays as it is.
 * Amounts   galaxy.md 8.2: prices include tax; each figure is computed
 *           exactly and cut to three places, and totals are the sums of the
 *           cut ones, so that the document adds up. Cut and not rounded: the
 *           published sample (24 %, 777.00 -> 626.612 and 150.387) is.
 */
#include "adapters/galaxy.h"

#include "gateway/base/err.h"

#include <stdio.h>
#include <string.h>

enum {
	PLACES = 3,
	DIMENSIONS = 3,
	AMOUNT_MAX = 1000000000, /* of a line; beyond is a mistake */
	PRICE_MAX = 1000000,
	QTY_MAX = 1000000,
	VAT_MAX = 100,
};

#define VAT_SCALE INT64_C(1000000000) /* 10^DECIMAL_PLACES */

/* ---- amounts ---- */

struct galaxy_amounts
galaxy_amounts_of(struct decimal gross, struct decimal qty, struct decimal vat)
{
	struct decimal hundred = decimal_of(100);
	struct decimal with_tax = decimal_add(hundred, vat);
	/* A percentage of odd places times an odd quantity would not fit behind
	   the point, so that one becomes a whole number, and 100 with it. */
	struct decimal divisor = decimal_mul(
		decimal_mul(with_tax, decimal_of(VAT_SCALE), 0, DECIMAL_CUT),
		qty, DECIMAL_PLACES, DECIMAL_CUT);

	return (struct galaxy_amounts){
		.netprice = decimal_mul_div(gross, decimal_of(100 * VAT_SCALE),
		                            divisor, PLACES, DECIMAL_CUT),
		.netamount = decimal_mul_div(gross, hundred, with_tax, PLACES,
		                             DECIMAL_CUT),
		.vatamount = decimal_mul_div(gross, vat, with_tax, PLACES,
		                             DECIMAL_CUT),
	};
}

static bool
is_within(struct decimal d, int64_t max)
{
	struct decimal size = decimal_is_negative(d) ? decimal_neg(d) : d;

	return decimal_cmp(size, decimal_of(max)) <= 0;
}

/* ---- writing ---- */

/* The short form of items and dimensions has no idspecifier (galaxy.md 8.1). */
static void
open_ref(struct json_out *o, const char *key, const char *id, bool is_short)
{
	json_out_object(o, key);
	json_out_object(o, "identifier");
	json_out_text(o, "id", id);
	json_out_text(o, "codelist", "RCP");
	if (!is_short)
		json_out_null(o, "idspecifier");
	json_out_end_object(o);
}

static void
write_id(struct json_out *o, const char *key, const char *id, bool is_short)
{
	open_ref(o, key, id, is_short);
	json_out_end_object(o);
}

void
galaxy_write_text(struct json_out *o, const char *key, const char *text)
{
	if (text)
		json_out_text(o, key, text);
	else
		json_out_null(o, key);
}

void
galaxy_write_ref(struct json_out *o, const char *key,
                 const struct galaxy_ref *ref, bool with_descr)
{
	const char *text = with_descr ? galaxy_ref_text(ref) : NULL;

	if (!ref->id[0])
		return;
	open_ref(o, key, ref->id, false);
	if (text)
		json_out_text(o, "descr", text);
	json_out_end_object(o);
}

/* One line on its way into the document. */
struct line {
	struct galaxy *g;
	const struct entry *entry;
	const struct entry_line *from;
	size_t nth;
	struct entry_problem *problem;
	struct decimal qty; /* of singles */
	char item[GALAXY_ID_SIZE];
	char unit[GALAXY_ID_SIZE];
	char external[GALAXY_EXTERNAL_SIZE]; /* of the single */
	const char *variant;                 /* ":dim…" or ""; in there */
	struct json *row;                    /* owned; of the item */
	struct decimal vat;
	struct galaxy_amounts amounts;
};

/* An order's line by its place; a sale's by its item, which a person knows. */
static struct outcome
refuse(const struct line *line, const char *member, const char *why)
{
	const char *sku = line->from->sku;
	char field[sizeof(line->problem->field)];
	char item[80];

	if (line->entry->kind == ENTRY_ORDER) {
		(void)snprintf(field, sizeof(field), "lines[%zu].%s", line->nth,
		               member);
		return galaxy_refuse(line->problem, field, "%s", why);
	}
	galaxy_say(item, sizeof(item), sku ? sku : line->from->external);
	(void)snprintf(field, sizeof(field), "item %s", item);
	return galaxy_refuse(line->problem, field, "%s", why);
}

static struct outcome
read_item(struct line *line)
{
	const char *external = line->from->external;
	size_t n_single;
	int64_t pack = galaxy_external_pack(external, &n_single);
	int r;

	if (!is_within(line->from->qty, QTY_MAX))
		return refuse(line, "quantity",
		              "a quantity that cannot be booked");
	line->qty = decimal_mul(line->from->qty, decimal_of(pack),
	                        DECIMAL_PLACES, DECIMAL_CUT);
	(void)snprintf(line->external, sizeof(line->external), "%.*s",
	               (int)n_single, external);
	line->variant = galaxy_external_item(line->item, line->external);
	r = galaxy_read_row(line->g, &line->row, "items", line->item);
	if (r < 0)
		return galaxy_fault(r);
	if (r)
		return refuse(line, "sku", "the mirror does not know it");
	if (!galaxy_member_id(line->unit, json_root(line->row), "Unit1ID") ||
	    !line->unit[0])
		return refuse(line, "sku", "it has no Unit1ID");
	return outcome_done();
}

static struct outcome
read_vat(struct line *line)
{
	struct json *row = NULL;
	char id[GALAXY_ID_SIZE];
	int r = MIRROR_ABSENT;
	int bad = 0;

	if (galaxy_member_id(id, json_root(line->row), "VATsMasterID") && id[0])
		r = galaxy_read_row(line->g, &row, "vatsmaster", id);
	if (r == 0)
		bad = json_get_decimal_lax(&line->vat, json_root(row),
		                           "NormalPcd");
	json_free(row);
	if (r < 0)
		return galaxy_fault(r);
	if (r || bad || decimal_is_negative(line->vat) ||
	    !is_within(line->vat, VAT_MAX))
		return refuse(line, "sku",
		              "no VAT percentage (vatsmaster.NormalPcd)");
	return outcome_done();
}

/* WebRetailPrice, or else ItemPrice; null and 0 mean "none" (8.2). */
static bool
list_price(const struct json_node *item, struct decimal *out)
{
	if (json_get_decimal_lax(out, item, "WebRetailPrice") == 0 &&
	    !decimal_is_zero(*out))
		return true;
	return json_get_decimal_lax(out, item, "ItemPrice") == 0;
}

/* What the customer paid for the line, tax included. */
static struct outcome
read_gross(struct line *line, struct decimal *out)
{
	const struct entry_line *from = line->from;
	struct decimal price;

	if (from->has_gross) {
		*out = from->gross;
		return is_within(*out, AMOUNT_MAX)
		               ? outcome_done()
		               : refuse(line, "total",
		                        "an amount that cannot be booked");
	}
	if (!list_price(json_root(line->row), &price))
		return refuse(line, "sku", "it has no price");
	if (!is_within(price, PRICE_MAX))
		return refuse(line, "sku", "a price that cannot be booked");
	*out = decimal_mul(price, line->qty, DECIMAL_PLACES, DECIMAL_CUT);
	return outcome_done();
}

static struct outcome
read_amounts(struct line *line)
{
	struct decimal gross = DECIMAL_ZERO;
	struct outcome outcome;

	if (!is_within(line->qty, QTY_MAX) ||
	    decimal_is_zero(decimal_round(line->qty, 5, DECIMAL_CUT)))
		return refuse(line, "quantity",
		              "a quantity that cannot be booked");
	outcome = read_gross(line, &gross);
	if (outcome.verdict == VERDICT_DONE)
		line->amounts = galaxy_amounts_of(gross, line->qty, line->vat);
	return outcome;
}

/* The Code of a dimension's value: what the document wants, not its id. */
static const char *
code_of_value(const struct json_node *dimension, const char *value)
{
	const struct json_node *values = json_find(dimension, "DimValues");
	char id[GALAXY_ID_SIZE];

	for (size_t i = 0; i < json_length(values); i++)
		if (galaxy_member_id(id, json_at(values, i), "ID") &&
		    strcmp(id, value) == 0)
			return json_text_or(json_at(values, i), "Code", NULL);
	return NULL;
}

/*
 * Write one dimension: its own id, and the value's code.
 *
 * nth    0..2
 * value  id of the value
 */
static struct outcome
write_dimension(struct line *line, struct json_out *o, size_t nth,
                const char *value)
{
	static const char *const members[DIMENSIONS] = { "Dimension1ID",
		                                         "Dimension2ID",
		                                         "Dimension3ID" };
	struct json *row = NULL;
	const char *code = NULL;
	char id[GALAXY_ID_SIZE];
	int r = MIRROR_ABSENT;

	if (galaxy_member_id(id, json_root(line->row), members[nth]) && id[0])
		r = galaxy_read_row(line->g, &row, "itemdimensions", id);
	if (r == 0)
		code = code_of_value(json_root(row), value);
	if (code) {
		open_ref(o, NULL, id, true);
		json_out_text(o, "value", code);
		json_out_end_object(o);
	}
	json_free(row);
	if (r < 0)
		return galaxy_fault(r);
	return code ? outcome_done()
	            : refuse(line, "sku",
	                     "its variant is not among its dimensions");
}

/* In spite of their name these are the dimensions (galaxy.md 8.1). */
static struct outcome
write_dimensions(struct line *line, struct json_out *o)
{
	struct outcome outcome = outcome_done();
	const char *p = line->variant;

	json_out_array(o, "itemattributes");
	for (size_t nth = 0;
	     *p == ':' && nth < DIMENSIONS && outcome.verdict == VERDICT_DONE;
	     nth++) {
		char value[GALAXY_ID_SIZE];
		size_t n = strcspn(++p, ":");

		(void)snprintf(value, sizeof(value), "%.*s", (int)n, p);
		p += n;
		if (strcmp(value, "-") != 0)
			outcome = write_dimension(line, o, nth, value);
	}
	json_out_end_array(o);
	return outcome;
}

static void
write_figures(const struct line *line, struct json_out *o)
{
	write_id(o, "qtymunit", line->unit, false);
	write_id(o, "pricemunit", line->unit, false);
	json_out_decimal(o, "netprice", line->amounts.netprice);
	json_out_decimal(o, "netamount", line->amounts.netamount);
	json_out_decimal(o, "vatprc", line->vat);
	json_out_decimal(o, "vatamount", line->amounts.vatamount);
	json_out_int(o, "discamount", 0);
	json_out_null(o, "extrataxes");
	json_out_null(o, "extrataxestotal");
	json_out_null(o, "deductions");
	json_out_null(o, "deductionstotal");
}

static struct outcome
write_line(struct line *line, struct json_out *o)
{
	struct outcome outcome = read_item(line);

	if (outcome.verdict == VERDICT_DONE)
		outcome = read_vat(line);
	if (outcome.verdict == VERDICT_DONE)
		outcome = read_amounts(line);
	if (outcome.verdict == VERDICT_DONE) {
		json_out_object(o, NULL);
		json_out_decimal(o, "qty", line->qty);
		write_id(o, "item", line->item, true);
		outcome = write_dimensions(line, o);
		write_figures(line, o);
		json_out_end_object(o);
	}
	json_free(line->row);
	line->row = NULL;
	return outcome;
}

/* The document on its way. */
struct document {
	struct galaxy *g;
	const struct entry *entry;
	struct galaxy_terms terms;
	struct galaxy_order order; /* empty unless it is one */
	struct entry_problem *problem;
	struct json_out to;
	struct decimal net;
	struct decimal vat;
};

static bool
is_order(const struct document *d)
{
	return d->entry->kind == ENTRY_ORDER;
}

static struct outcome
write_lines(struct document *d)
{
	struct outcome outcome = outcome_done();
	const struct entry *entry = d->entry;

	json_out_array(&d->to, "lines");
	for (size_t i = 0;
	     i < entry->n_lines && outcome.verdict == VERDICT_DONE; i++) {
		struct line line = { .g = d->g,
			             .entry = entry,
			             .from = &entry->lines[i],
			             .nth = i,
			             .problem = d->problem };

		outcome = write_line(&line, &d->to);
		d->net = decimal_add(d->net, line.amounts.netamount);
		d->vat = decimal_add(d->vat, line.amounts.vatamount);
	}
	json_out_end_array(&d->to);
	return outcome;
}

static void
write_totals(struct document *d)
{
	struct decimal all = decimal_add(d->net, d->vat);
	struct json_out *o = &d->to;

	json_out_decimal(o, "netamount", d->net);
	json_out_decimal(o, "vatamount", d->vat);
	json_out_decimal(o, "totalamount", all);
	json_out_decimal(o, "payableamount", all);
	json_out_int(o, "discamount", 0);
	json_out_null(o, "extrataxes");
	json_out_null(o, "extrataxestotal");
	json_out_null(o, "extrataxesgrandtotal");
	json_out_array(o, "deductions");
	json_out_end_array(o);
	json_out_int(o, "deductionstotal", 0);
	json_out_int(o, "deductionsgrandtotal", 0);
}

/* The customer, and who buys in their name. */
static void
write_trader(struct document *d)
{
	const struct galaxy_ref *trader = &d->terms.refs[GALAXY_TERM_TRADER];

	open_ref(&d->to, "trader", trader->id, false);
	galaxy_order_write_buyer(&d->order, &d->to);
	json_out_end_object(&d->to);
}

static void
write_terms(struct document *d)
{
	const struct galaxy_ref *refs = d->terms.refs;
	struct json_out *o = &d->to;

	galaxy_write_ref(o, "transportmode", &refs[GALAXY_TERM_TRANSPORT_MODE],
	                 true);
	galaxy_write_ref(o, "transporter", &refs[GALAXY_TERM_TRANSPORTER],
	                 true);
	galaxy_write_ref(o, "dispatchpurpose",
	                 &refs[GALAXY_TERM_DISPATCH_PURPOSE], true);
	if (!refs[GALAXY_TERM_PAYMENT_PLAN].id[0])
		return;
	json_out_object(o, "paymentagreement");
	galaxy_write_ref(o, "paymentplan", &refs[GALAXY_TERM_PAYMENT_PLAN],
	                 true);
	json_out_end_object(o);
}

static void
write_head(struct document *d)
{
	const struct galaxy_ref *refs = d->terms.refs;
	struct json_out *o = &d->to;
	char date[ZONE_TEXT_SIZE];

	galaxy_order_date(date, d->g, d->order.said.date,
	                  d->entry->occurred_ms);
	galaxy_write_ref(o, "company", &refs[GALAXY_TERM_COMPANY], false);
	galaxy_write_ref(o, "companysite", &refs[GALAXY_TERM_COMPANYSITE],
	                 false);
	json_out_int(o, "revisionnumber", 1);
	json_out_text(o, "docid", d->entry->docid);
	json_out_text(o, "docdate", date);
	galaxy_write_ref(o, "doccurrency", &refs[GALAXY_TERM_CURRENCY], true);
	write_trader(d);
	if (is_order(d))
		galaxy_order_write_addresses(d->g, &d->order, o);
	write_terms(d);
	if (is_order(d))
		galaxy_order_write_rest(&d->order, o);
}

/* Constants of the published sample; nothing says what else is allowed. */
static void
write_header(struct json_out *o)
{
	json_out_object(o, "header");
	json_out_text(o, "version", "2.3.2");
	json_out_text(o, "processtype", "B2C");
	json_out_text(o, "source", "Webshop");
	json_out_end_object(o);
}

static struct outcome
write_document(struct document *d)
{
	struct outcome outcome;

	json_out_object(&d->to, NULL);
	json_out_object(&d->to, "body");
	write_header(&d->to);
	json_out_object(&d->to, "data");
	write_head(d);
	outcome = write_lines(d);
	write_totals(d);
	json_out_end_object(&d->to);
	json_out_end_object(&d->to);
	json_out_end_object(&d->to);
	return outcome;
}

/* Who, where and on which terms. */
static struct outcome
look_up(struct document *d)
{
	struct outcome outcome = outcome_done();

	if (is_order(d))
		outcome = galaxy_order_open(&d->order, d->entry, d->problem);
	if (outcome.verdict == VERDICT_DONE)
		outcome = galaxy_choose_terms(
			d->g, &d->terms, d->entry,
			is_order(d) ? &d->order.said : NULL, d->problem);
	if (outcome.verdict == VERDICT_DONE && is_order(d))
		outcome = galaxy_order_look_up(
			d->g, &d->order, &d->terms.refs[GALAXY_TERM_TRADER],
			d->problem);
	return outcome;
}

/* The first line that is brought back, where nobody said that this may be. */
static struct outcome
check_returns(const struct document *d)
{
	const struct entry *entry = d->entry;
	char field[40] = "quantity";
	size_t nth = 0;

	if (!entry_is_return(entry) ||
	    strcmp(conf_text(d->g->env.conf, "entry.returns"), "negative") == 0)
		return outcome_done();
	while (!decimal_is_negative(entry->lines[nth].qty))
		nth++;
	if (is_order(d))
		(void)snprintf(field, sizeof(field), "lines[%zu].quantity",
		               nth);
	return galaxy_refuse(d->problem, field,
	                     "a return waits for a person (entry.returns is "
	                     "hold)");
}

struct outcome
galaxy_entry_build(struct galaxy *g, struct buf *out, const struct entry *entry,
                   struct entry_problem *problem)
{
	struct document d = {
		.g = g, .entry = entry, .problem = problem, .to = { .to = out }
	};
	struct outcome outcome;

	if (entry->n_lines == 0)
		return galaxy_refuse(problem, "lines",
		                     "an entry without lines");
	outcome = check_returns(&d);
	if (outcome.verdict == VERDICT_DONE)
		outcome = look_up(&d);
	if (outcome.verdict == VERDICT_DONE)
		outcome = write_document(&d);
	galaxy_order_fini(&d.order);
	galaxy_terms_fini(&d.terms);
	return buf_check(out) ? galaxy_fault(ERR_NOMEM) : outcome;
}
