/*
 * Galaxy, commercial entries: the document.
 *
 * Content   Every member that galaxy.md 8.1 marks as needed, each id out of
 *           the mirror; addresses and charges are left out, which means the
 *           customer's own and none.
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
	CANDIDATES_MAX = 6,      /* named to a person */
	AMOUNT_MAX = 1000000000, /* of a line; beyond is a mistake */
	PRICE_MAX = 1000000,
	QTY_MAX = 1000000,
	VAT_MAX = 100,
};

/* ---- amounts ---- */

struct galaxy_amounts
galaxy_amounts_of(struct decimal gross, struct decimal qty, struct decimal vat)
{
	struct decimal hundred = decimal_of(100);
	struct decimal with_tax = decimal_add(hundred, vat);
	struct decimal divisor =
		decimal_mul(with_tax, qty, DECIMAL_PLACES, DECIMAL_CUT);

	return (struct galaxy_amounts){
		.netprice = decimal_mul_div(gross, hundred, divisor, PLACES,
		                            DECIMAL_CUT),
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

/* {"identifier":{"id","codelist":"RCP","idspecifier":null}} (galaxy.md 8.1) */
static void
write_ref(struct json_out *o, const char *key, const char *id)
{
	json_out_object(o, key);
	json_out_object(o, "identifier");
	json_out_text(o, "id", id);
	json_out_text(o, "codelist", "RCP");
	json_out_null(o, "idspecifier");
	json_out_end_object(o);
}

static void
write_whole_ref(struct json_out *o, const char *key, const char *id)
{
	if (!id[0])
		return;
	write_ref(o, key, id);
	json_out_end_object(o);
}

/* One line on its way into the document. */
struct line {
	struct galaxy *g;
	const struct entry_line *from;
	char item[GALAXY_ID_SIZE];
	char unit[GALAXY_ID_SIZE];
	const char *variant; /* ":dim…" or ""; borrowed */
	struct json *row;    /* owned; of the item */
	struct decimal vat;
	struct galaxy_amounts amounts;
};

static struct outcome
refuse(const struct line *line, const char *why)
{
	char sku[60];

	galaxy_say(sku, sizeof(sku),
	           line->from->sku ? line->from->sku : line->from->external);
	return outcome_of(VERDICT_REFUSED, "item %s: %s", sku, why);
}

static struct outcome
read_item(struct line *line)
{
	int r;

	line->variant = galaxy_external_item(line->item, line->from->external);
	r = galaxy_read_row(line->g, &line->row, "items", line->item);
	if (r < 0)
		return galaxy_fault(r);
	if (r)
		return refuse(line, "the mirror does not know it");
	if (!galaxy_member_id(line->unit, json_root(line->row), "Unit1ID") ||
	    !line->unit[0])
		return refuse(line, "it has no Unit1ID");
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
		return refuse(line, "no VAT percentage (vatsmaster.NormalPcd)");
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

static struct outcome
read_amounts(struct line *line)
{
	struct decimal qty = line->from->qty;
	struct decimal gross = line->from->gross;
	struct decimal price;

	if (!is_within(qty, QTY_MAX) || decimal_is_zero(qty) ||
	    decimal_is_zero(decimal_round(qty, 5, DECIMAL_CUT)))
		return refuse(line, "a quantity that cannot be booked");
	if (!line->from->has_gross) {
		if (!list_price(json_root(line->row), &price))
			return refuse(line, "it has no price");
		if (!is_within(price, PRICE_MAX))
			return refuse(line, "a price that cannot be booked");
		gross = decimal_mul(price, qty, DECIMAL_PLACES, DECIMAL_CUT);
	} else if (!is_within(gross, AMOUNT_MAX)) {
		return refuse(line, "an amount that cannot be booked");
	}
	line->amounts = galaxy_amounts_of(gross, qty, line->vat);
	return outcome_done();
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
		write_ref(o, NULL, id);
		json_out_text(o, "value", code);
		json_out_end_object(o);
	}
	json_free(row);
	if (r < 0)
		return galaxy_fault(r);
	return code ? outcome_done()
	            : refuse(line, "its variant is not among its dimensions");
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
	write_whole_ref(o, "qtymunit", line->unit);
	write_whole_ref(o, "pricemunit", line->unit);
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
		json_out_decimal(o, "qty", line->from->qty);
		write_whole_ref(o, "item", line->item);
		outcome = write_dimensions(line, o);
		write_figures(line, o);
		json_out_end_object(o);
	}
	json_free(line->row);
	line->row = NULL;
	return outcome;
}

struct totals {
	struct decimal net;
	struct decimal vat;
};

static struct outcome
write_lines(struct galaxy *g, struct json_out *o, const struct entry *entry,
            struct totals *totals)
{
	struct outcome outcome = outcome_done();

	json_out_array(o, "lines");
	for (size_t i = 0;
	     i < entry->n_lines && outcome.verdict == VERDICT_DONE; i++) {
		struct line line = { .g = g, .from = &entry->lines[i] };

		outcome = write_line(&line, o);
		totals->net = decimal_add(totals->net, line.amounts.netamount);
		totals->vat = decimal_add(totals->vat, line.amounts.vatamount);
	}
	json_out_end_array(o);
	return outcome;
}

static void
write_totals(struct json_out *o, const struct totals *totals)
{
	struct decimal all = decimal_add(totals->net, totals->vat);

	json_out_decimal(o, "netamount", totals->net);
	json_out_decimal(o, "vatamount", totals->vat);
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

static void
write_head(struct galaxy *g, struct json_out *o, const struct entry *entry,
           char ids[GALAXY_TERM_COUNT][GALAXY_ID_SIZE])
{
	char date[ZONE_TEXT_SIZE];

	zone_format(date, g->zone, entry->occurred_ms);
	write_whole_ref(o, "company", ids[GALAXY_TERM_COMPANY]);
	write_whole_ref(o, "companysite", ids[GALAXY_TERM_COMPANYSITE]);
	json_out_int(o, "revisionnumber", 1);
	json_out_text(o, "docid", entry->docid);
	json_out_text(o, "docdate", date);
	write_whole_ref(o, "doccurrency", ids[GALAXY_TERM_CURRENCY]);
	write_whole_ref(o, "trader", ids[GALAXY_TERM_TRADER]);
	write_whole_ref(o, "transportmode", ids[GALAXY_TERM_TRANSPORT_MODE]);
	write_whole_ref(o, "transporter", ids[GALAXY_TERM_TRANSPORTER]);
	write_whole_ref(o, "dispatchpurpose",
	                ids[GALAXY_TERM_DISPATCH_PURPOSE]);
	if (ids[GALAXY_TERM_PAYMENT_PLAN][0]) {
		json_out_object(o, "paymentagreement");
		write_whole_ref(o, "paymentplan",
		                ids[GALAXY_TERM_PAYMENT_PLAN]);
		json_out_end_object(o);
	}
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

struct outcome
galaxy_entry_build(struct galaxy *g, struct buf *out, const struct entry *entry)
{
	char ids[GALAXY_TERM_COUNT][GALAXY_ID_SIZE];
	struct totals totals = { DECIMAL_ZERO, DECIMAL_ZERO };
	struct json_out o = { .to = out };
	struct outcome outcome;

	if (entry->n_lines == 0)
		return outcome_of(VERDICT_REFUSED, "an entry without lines");
	if (entry_is_return(entry) &&
	    strcmp(conf_text(g->env.conf, "entry.returns"), "negative") != 0)
		return outcome_of(VERDICT_REFUSED,
		                  "a return waits for a person "
		                  "(entry.returns is hold)");
	outcome = galaxy_choose_terms(g, ids, entry);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	json_out_object(&o, NULL);
	json_out_object(&o, "body");
	write_header(&o);
	json_out_object(&o, "data");
	write_head(g, &o, entry, ids);
	outcome = write_lines(g, &o, entry, &totals);
	write_totals(&o, &totals);
	json_out_end_object(&o);
	json_out_end_object(&o);
	json_out_end_object(&o);
	return buf_check(out) ? galaxy_fault(ERR_NOMEM) : outcome;
}
