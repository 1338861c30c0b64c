/*
 * Galaxy, commercial entries: their lines.
 *
 * Amounts   galaxy.md 8.2: prices include tax; each figure is computed
 *           exactly and cut to three places. Cut and not rounded: the published
 *           sample (24 %, 777.00 -> 626.612 and 150.387) is.
 * Packs     A line of packs is booked as so many times their content; what was
 *           paid stays as it is.
 */
#include "adapters/galaxy.h"

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

/* ---- lines ---- */

static void
write_id(struct json_out *o, const char *key, const char *id, bool is_short)
{
	galaxy_open_ref(o, key, id, is_short);
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
		return outcome_fault(r);
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
		return outcome_fault(r);
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

/*
 * A shop can still be told that half a bottle is none. A till's sale has
 * happened: what Galaxy makes of it is Galaxy's to say.
 */
static bool
is_too_fine(const struct line *line)
{
	int64_t places;

	if (line->entry->kind != ENTRY_ORDER ||
	    json_get_int(&places, json_root(line->row), "Unit1NoOfDecimals") ||
	    places < 0 || places >= DECIMAL_PLACES)
		return false;
	return decimal_cmp(decimal_round(line->qty, (int)places, DECIMAL_CUT),
	                   line->qty) != 0;
}

static struct outcome
read_amounts(struct line *line)
{
	struct decimal gross = DECIMAL_ZERO;
	struct outcome outcome;

	if (is_too_fine(line))
		return refuse(line, "quantity",
		              "has more decimals than the item's unit");
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
		galaxy_open_ref(o, NULL, id, true);
		json_out_text(o, "value", code);
		json_out_end_object(o);
	}
	json_free(row);
	if (r < 0)
		return outcome_fault(r);
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

struct outcome
galaxy_write_line(struct galaxy *g, struct json_out *o,
                  const struct entry *entry, size_t nth,
                  struct galaxy_amounts *out, struct entry_problem *problem)
{
	struct line line = { .g = g,
		             .entry = entry,
		             .from = &entry->lines[nth],
		             .nth = nth,
		             .problem = problem };
	struct outcome outcome = write_line(&line, o);

	*out = line.amounts;
	return outcome;
}
