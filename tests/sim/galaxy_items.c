/*
 * Galaxy: items that are made on the fly, and the rows of all items.
 *
 * The n-th generated item is a function of the seed and n, so nothing of it is
 * kept and a list of any length costs no memory. One writer makes the rows of
 * all items, generated or not: they differ in nothing but their ids.
 */
#define _DEFAULT_SOURCE 1 /* strcasecmp under -std=c17 */

#include "tests/sim/galaxy.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- chance without a state ---- */

static uint64_t
scatter(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* The k-th number of item n, below limit. */
static unsigned
draw(uint64_t seed, unsigned n, unsigned k, unsigned limit)
{
	uint64_t z = seed + ((uint64_t)n * 64 + k) * 0x9e3779b97f4a7c15u;

	return (unsigned)(scatter(z) % limit);
}

/* ---- GUIDs ---- */

static const uint64_t low_48 = 0xffffffffffffu;

/* An odd factor, and its inverse modulo 2^48. */
static const uint64_t scramble = 0x5deece66du;
static const uint64_t unscramble = 0xdfe05bcb1365u;

static char *
put_hex(char *p, uint64_t v, int n)
{
	static const char digits[] = "0123456789abcdef";
	int i;

	for (i = n - 1; i >= 0; i--) {
		p[i] = digits[v & 15];
		v >>= 4;
	}
	return p + n;
}

static char *
put_char(char *p, char c)
{
	*p = c;
	return p + 1;
}

void
galaxy_guid(char out[GALAXY_GUID_SIZE], enum galaxy_kind kind, unsigned n)
{
	char *p = put_hex(out, (uint64_t)kind, 2);

	memcpy(p, "000000-0000-4000-8000-", 22);
	p = put_hex(p + 22, (uint64_t)n + 1, 12);
	*p = '\0';
}

void
galaxy_scrambled_guid(char out[GALAXY_GUID_SIZE], uint64_t seed,
                      enum galaxy_kind kind, unsigned n)
{
	uint64_t h = scatter(seed ^ ((uint64_t)kind << 56) ^ n);
	char *p = out;

	p = put_hex(p, (uint64_t)kind, 2);
	p = put_hex(p, h, 6);
	p = put_char(p, '-');
	p = put_hex(p, h >> 24, 4);
	memcpy(p, "-4", 2);
	p = put_hex(p + 2, h >> 40, 3);
	memcpy(p, "-8", 2);
	p = put_hex(p + 2, h >> 52, 3);
	p = put_char(p, '-');
	p = put_hex(p, ((uint64_t)n + 1) * scramble & low_48, 12);
	*p = '\0';
}

bool
galaxy_parse_guid(unsigned *n, const char *guid, enum galaxy_kind kind)
{
	char mine[GALAXY_GUID_SIZE];

	if (strlen(guid) != GALAXY_GUID_SIZE - 1)
		return false;
	*n = (unsigned)(strtoull(guid + 24, NULL, 16) - 1);
	galaxy_guid(mine, kind, *n);
	return strcasecmp(mine, guid) == 0;
}

bool
galaxy_parse_scrambled(unsigned *n, uint64_t seed, const char *guid,
                       enum galaxy_kind kind)
{
	char mine[GALAXY_GUID_SIZE];
	uint64_t low;

	if (strlen(guid) != GALAXY_GUID_SIZE - 1)
		return false;
	low = strtoull(guid + 24, NULL, 16) * unscramble & low_48;
	*n = (unsigned)(low - 1);
	galaxy_scrambled_guid(mine, seed, kind, *n);
	return strcasecmp(mine, guid) == 0;
}

/* ---- what is generated ---- */

static const char *const goods[] = {
	"Ελαιόλαδο εξαιρετικό παρθένο", "Μέλι ανθέων",
	"Οίνος ερυθρός ξηρός",          "Ελιές πράσινες τσακιστές",
	"Μαρμελάδα βερίκοκο",           "Τσάι του βουνού",
	"Σαπούνι με πράσινο ελαιόλαδο", "Γραβιέρα παλαιωμένη",
	"Σοκολάτα υγείας 70 %",         "Καφές ελληνικός",
	"Χυλοπίτες παραδοσιακές",       "Ρίγανη τριμμένη",
	"Κάπαρη αρμυρισμένη",           "Παστέλι με σουσάμι",
	"Κουλουράκια βουτύρου",         "Τραχανάς ξινός",
};
static const char *const makers[] = {
	"Αφοί Παπαδόπουλοι", "Κτήμα Γεωργίου",  "Συνεταιρισμός Αγ. Νικολάου",
	"Μονή Τοπλού",       "Εργαστήρι Μαρία", "Αιγαίο Α.Ε.",
	"Ορεινές Γεύσεις",   "Νησιώτικα Ο.Ε.",
};
static const char *const origins[] = {
	"Κρήτη",  "Λέσβος",    "Νάξος",   "Ήπειρος",  "Μάνη",  "Χίος",
	"Πήλιο",  "Σαντορίνη", "Σάμος",   "Κέρκυρα",  "Θάσος", "Κύθηρα",
	"Λήμνος", "Τήνος",     "Μέτσοβο", "Καλαμάτα",
};
static const char *const sizes[] = {
	"100 g",   "250 g",      "500 g",   "1 kg",
	"2 x 1 l", "6 x 330 ml", "12 τεμ.", "δώρο"
};
static const char *const notes[] = {
	"Φυσικό προϊόν χωρίς συντηρητικά. Να φυλάσσεται σε δροσερό και σκιερό "
	"μέρος, μακριά από «έντονες οσμές».",
	"Παράγεται σε μικρές ποσότητες από οικογενειακή επιχείρηση με "
	"παραδοσιακή συνταγή.",
	"Με προστατευόμενη ονομασία προέλευσης. Μετά το άνοιγμα διατηρείται "
	"στο ψυγείο έως 30 ημέρες.",
	"Ιδανικό για δώρο: συσκευασία από ανακυκλωμένο χαρτί, με κάρτα στα "
	"ελληνικά και στα αγγλικά.",
};

#define PICK(array, seed, n, k) \
	array[draw(seed, n, k, sizeof(array) / sizeof(array[0]))]

/* Every tenth comes in sizes, some of these in two colours too. */
static void
make_variants(struct galaxy_item *item, uint64_t seed, unsigned n)
{
	enum { SIZES = 3, COLOURS = 2 };
	int colours = n % 30 == 9 ? COLOURS : 1;
	int i;

	item->dimension = n % 10 == 9 ? 0 : -1;
	item->dimension2 = colours > 1 ? 1 : -1;
	item->n_balances = 1;
	if (item->dimension == 0)
		item->n_balances = (size_t)(SIZES * colours);
	for (i = 0; i < (int)item->n_balances; i++) {
		item->balances[i].value = item->dimension < 0 ? -1 : i % SIZES;
		item->balances[i].value2 =
			item->dimension2 < 0 ? -1 : SIZES + i / SIZES;
		item->balances[i].opening = decimal_of(
			(int)draw(seed, n, 20 + (unsigned)i, 200) - 2);
		if (item->n_decimals > 0)
			item->balances[i].opening =
				decimal_of_scaled(draw(seed, n, 20, 200000), 3);
		item->balances[i].quantity = item->balances[i].opening;
	}
}

void
galaxy_make_item(struct galaxy_generated *out, uint64_t seed, unsigned n,
                 int64_t revision)
{
	struct galaxy_item *item = &out->item;

	memset(item, 0, sizeof(*item));
	snprintf(out->code, sizeof(out->code), "41-%06u", n + 1);
	snprintf(out->name, sizeof(out->name), "%s %s, %s, %s",
	         PICK(goods, seed, n, 0), PICK(sizes, seed, n, 1),
	         PICK(origins, seed, n, 2), PICK(makers, seed, n, 3));
	galaxy_scrambled_guid(item->itemid, seed, GALAXY_ITEM, n);
	galaxy_scrambled_guid(item->id, seed, GALAXY_ITEM_ROW, n);
	item->number = n;
	item->is_generated = true;
	item->code = out->code;
	item->name = out->name;
	item->ext = n % 4 == 2 ? PICK(notes, seed, n, 4) : NULL;
	item->price = decimal_of_scaled(95 + 5 * draw(seed, n, 5, 2000), 2);
	item->has_web_price = n % 3 == 1;
	item->vat = (int)draw(seed, n, 6, 3);
	item->n_decimals = n % 50 == 7 ? 3 : 0;
	item->weight_g = 50 * (1 + (int)draw(seed, n, 7, 60));
	item->leaf = n % 2 == 0 ? 2 + (int)draw(seed, n, 8, 24) : -1;
	item->n_attributes = n % 12 == 0 ? 1 + (int)draw(seed, n, 9, 3) : 0;
	item->n_images = n % 4 == 0 ? 1 + (n % 12 == 0) : 0;
	item->has_pack = n % 5 == 3;
	item->is_offline = n % 101 == 50;
	item->revision = revision;
	make_variants(item, seed, n);
}

/* ---- writing ---- */

/* Where a row goes, and how its ids are written. */
struct row_writer {
	struct buf *to;
	const struct galaxy_query *q;
	const struct galaxy_item *item;
};

/* Text that is known when this is compiled. */
#define PUT(w, text) buf_add((w)->to, text, sizeof(text) - 1)

static void
put_guid(struct row_writer *w, const char *guid)
{
	char text[GALAXY_GUID_SIZE + 2];
	size_t i;

	text[0] = '"';
	memcpy(text + 1, guid, GALAXY_GUID_SIZE - 1);
	text[GALAXY_GUID_SIZE] = '"';
	for (i = 1; w->q->is.upper_guids && i < GALAXY_GUID_SIZE; i++)
		text[i] = (char)toupper((unsigned char)text[i]);
	buf_add(w->to, text, GALAXY_GUID_SIZE + 1);
}

static void
put_row_guid(struct row_writer *w, enum galaxy_kind kind, int n)
{
	char guid[GALAXY_GUID_SIZE];

	if (n < 0) {
		PUT(w, "null");
		return;
	}
	galaxy_guid(guid, kind, (unsigned)n);
	put_guid(w, guid);
}

static void
put_text(struct row_writer *w, const char *text)
{
	struct json_out out = { .to = w->to };

	if (text != NULL)
		json_out_text(&out, NULL, text);
	else
		PUT(w, "null");
}

static void
put_int(struct row_writer *w, int64_t n)
{
	char text[24];
	char *p = text + sizeof(text);
	uint64_t v = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	if (n < 0)
		*--p = '-';
	buf_add(w->to, p, (size_t)(text + sizeof(text) - p));
}

static void
put_decimal(struct row_writer *w, struct decimal d)
{
	char text[DECIMAL_TEXT_SIZE];

	buf_adds(w->to, decimal_format(text, d));
}

static void
put_flag(struct row_writer *w, bool yes)
{
	buf_addc(w->to, yes ? '1' : '0');
}

/* The GUID of a thing that belongs to the item, by its number there. */
static void
part_guid(const struct row_writer *w, char out[GALAXY_GUID_SIZE],
          enum galaxy_kind kind, unsigned part)
{
	unsigned n = w->item->number * 16 + part;

	if (w->item->is_generated)
		galaxy_scrambled_guid(out, w->q->seed, kind, n);
	else
		galaxy_guid(out, kind, n);
}

/* The item's row in the company of the scenario. */
static void
row_guid(const struct row_writer *w, char out[GALAXY_GUID_SIZE])
{
	memcpy(out, w->item->id, GALAXY_GUID_SIZE);
	out[1] = (char)(out[1] + w->q->company);
}

/* ---- items ---- */

static void
put_prices(struct row_writer *w)
{
	const struct galaxy_item *item = w->item;

	PUT(w, ",\"ItemPrice\":");
	put_decimal(w, item->has_web_price ? decimal_of(999) : item->price);
	PUT(w, ",\"WebRetailPrice\":");
	if (item->has_web_price)
		put_decimal(w, item->price);
	else if (item->revision % 2)
		PUT(w, "null");
	else
		PUT(w, "0");
	PUT(w, ",\"WebRetailOfferPrice\":null,\"WebNetPrice\":null"
	       ",\"WebMarketPrice\":null,\"WebDiscount\":null"
	       ",\"IsSalesBlocked\":");
	put_flag(w, item->is_blocked);
}

static void
put_categories(struct row_writer *w)
{
	if (w->item->leaf < 0) {
		PUT(w, ",\"ItemCategories\":[]");
		return;
	}
	PUT(w, ",\"ItemCategories\":[{\"CategoryLeafID\":");
	put_row_guid(w, GALAXY_CATEGORY, w->item->leaf);
	PUT(w, ",\"CategoryRootID\":");
	put_row_guid(w, GALAXY_CATEGORY, 0);
	PUT(w, ",\"IsPerCompany\":1}]");
}

/* Where it comes from, a value of a list; and how long it keeps, a number. */
static void
put_attributes(struct row_writer *w)
{
	char guid[GALAXY_GUID_SIZE];
	int i;

	PUT(w, ",\"ItemAttributes\":[");
	for (i = 0; i < w->item->n_attributes; i++) {
		if (i > 0)
			PUT(w, ",");
		PUT(w, "{\"ID\":");
		part_guid(w, guid, GALAXY_ATTRIBUTE_ROW, (unsigned)i);
		put_guid(w, guid);
		PUT(w, ",\"AttrID\":");
		put_row_guid(w, GALAXY_ATTRIBUTE, i);
		PUT(w, ",\"FldBoolean\":null,\"FldDateTime\":null"
		       ",\"FldDecimal\":");
		if (i == 1)
			PUT(w, "12.5");
		else
			PUT(w, "null");
		PUT(w, ",\"FldString\":null,\"FldAttrValueID\":");
		put_row_guid(w, GALAXY_ATTRIBUTE_VALUE,
		             i == 0 ? (int)(w->item->number % 3) : -1);
		PUT(w, "}");
	}
	PUT(w, "]");
}

static void
put_units(struct row_writer *w)
{
	PUT(w, ",\"Unit1ID\":");
	put_row_guid(w, GALAXY_UNIT, w->item->n_decimals > 0);
	PUT(w, ",\"Unit2ID\":null,\"Unit2Numerator\":1"
	       ",\"Unit2Denominator\":1,\"Unit1NoOfDecimals\":");
	put_int(w, w->item->n_decimals);
	PUT(w, ",\"Unit2NoOfDecimals\":0,\"UserDefinedString1\":null"
	       ",\"UserDefinedString2\":null,\"IsActive\":");
	put_flag(w, !w->item->is_inactive);
	PUT(w, ",\"IsActiveWeb\":");
	put_flag(w, !w->item->is_offline);
}

static void
put_grouping(struct row_writer *w)
{
	PUT(w, ",\"IsService\":0,\"IsCRMResult\":0,\"IsUsedInCRM\":0"
	       ",\"Classification\":2,\"ManufacturerID\":null"
	       ",\"SupplierID\":null,\"VATsMasterID\":");
	put_row_guid(w, GALAXY_VAT, w->item->vat);
	PUT(w, ",\"Dimension1ID\":");
	put_row_guid(w, GALAXY_DIMENSION, w->item->dimension);
	PUT(w, ",\"Dimension2ID\":");
	put_row_guid(w, GALAXY_DIMENSION, w->item->dimension2);
	PUT(w, ",\"Dimension3ID\":null");
	put_categories(w);
	put_attributes(w);
}

#define NOT_SET "\"0001-01-01T00:00:00.0000000\""

static void
put_free_fields(struct row_writer *w)
{
	PUT(w, ",\"ItemDimensions\":[],\"ItemLanguages\":[]"
	       ",\"StringField1\":null,\"StringField2\":null"
	       ",\"StringField3\":null,\"StringField4\":null"
	       ",\"StringField5\":null,\"StringField6\":null"
	       ",\"StringField7\":null,\"FloatField1\":0,\"FloatField2\":0"
	       ",\"FloatField3\":0,\"FloatField4\":0,\"FloatField5\":0"
	       ",\"FloatField6\":0,\"FloatField7\":0,\"LookupField1\":null"
	       ",\"LookupField2\":null,\"LookupField3\":null"
	       ",\"LookupField4\":null,\"LookupField5\":null"
	       ",\"LookupField6\":null,\"LookupField7\":null"
	       ",\"DateField1\":" NOT_SET ",\"DateField2\":" NOT_SET
	       ",\"DateField3\":" NOT_SET ",\"DateField4\":" NOT_SET
	       ",\"BooleanField1\":0,\"BooleanField2\":0"
	       ",\"BooleanField3\":0,\"BooleanField4\":0,\"CompanyID\":");
	put_row_guid(w, GALAXY_COMPANY, w->q->company);
}

static void
put_item(struct row_writer *w)
{
	char guid[GALAXY_GUID_SIZE];

	if (w->item->revision <= w->q->revision)
		return;
	PUT(w, "{\"ItemID\":");
	put_guid(w, w->item->itemid);
	PUT(w, ",\"AlterCode\":null,\"ExtDescription\":");
	put_text(w, w->item->ext);
	PUT(w, ",\"Weight\":");
	put_decimal(w, decimal_of_scaled(w->item->weight_g, 3));
	put_units(w);
	put_prices(w);
	put_grouping(w);
	put_free_fields(w);
	PUT(w, ",\"ID\":");
	row_guid(w, guid);
	put_guid(w, guid);
	PUT(w, ",\"Code\":");
	put_text(w, w->item->code);
	PUT(w, ",\"Description\":");
	put_text(w, w->item->name);
	PUT(w, ",\"RevisionNumber\":");
	put_int(w, w->item->revision);
	buf_add(w->to, "}", 2); /* its NUL ends the row */
}

/* ---- alter codes ---- */

void
galaxy_barcode(char out[GALAXY_CODE_SIZE], const struct galaxy_item *item,
               const struct galaxy_balance *balance)
{
	char *p = out;
	unsigned n = item->number * GALAXY_BALANCES_MAX +
	             (unsigned)(balance - item->balances);

	*p++ = '5';
	*p++ = item->is_generated ? '3' : '2';
	for (p = out + 12; p >= out + 2; p--, n /= 10)
		*p = (char)('0' + n % 10);
	out[13] = '\0';
}

static void
put_code(struct row_writer *w, const struct galaxy_balance *balance,
         bool is_pack)
{
	unsigned part = (unsigned)(balance - w->item->balances);
	int64_t revision = w->q->is.numbers_codes ? w->item->revision : 0;
	char guid[GALAXY_GUID_SIZE];
	char code[GALAXY_CODE_SIZE];

	part_guid(w, guid, GALAXY_ALTER_CODE, is_pack ? 15 : part);
	if ((w->q->revision > 0 && revision <= w->q->revision) ||
	    galaxy_query_names(&w->q->gone, guid))
		return;
	PUT(w, "{\"ItemID\":");
	put_guid(w, w->item->itemid);
	PUT(w, ",\"UnitID\":");
	put_row_guid(w, GALAXY_UNIT, w->item->n_decimals > 0);
	PUT(w, ",\"Quantity\":");
	put_int(w, is_pack ? 6 : 1);
	PUT(w, ",\"ScaleType\":0,\"DimVal1ID\":");
	put_row_guid(w, GALAXY_VALUE, balance->value);
	PUT(w, ",\"DimVal2ID\":");
	put_row_guid(w, GALAXY_VALUE, balance->value2);
	PUT(w, ",\"DimVal3ID\":null,\"ID\":");
	put_guid(w, guid);
	PUT(w, ",\"Code\":");
	galaxy_barcode(code, w->item, balance);
	if (is_pack)
		code[0] = '6';
	put_text(w, code);
	PUT(w, ",\"Description\":null,\"RevisionNumber\":");
	put_int(w, revision);
	buf_add(w->to, "}", 2);
}

/* ---- balances and images: their revision is always 0 (trap 3) ---- */

static void
put_balance(struct row_writer *w, const struct galaxy_balance *balance)
{
	char guid[GALAXY_GUID_SIZE];

	if (w->q->has_from && balance->changed_us <= w->q->from_us)
		return;
	PUT(w, "{\"AttCombinationID\":");
	if (w->item->has_combination) {
		part_guid(w, guid, GALAXY_COMBINATION, 0);
		put_guid(w, guid);
	} else {
		PUT(w, "null");
	}
	PUT(w, ",\"DimVal1ID\":");
	put_row_guid(w, GALAXY_VALUE, balance->value);
	PUT(w, ",\"DimVal2ID\":");
	put_row_guid(w, GALAXY_VALUE, balance->value2);
	PUT(w, ",\"DimVal3ID\":null,\"Balance\":");
	put_decimal(w, balance->quantity);
	PUT(w, ",\"ID\":");
	row_guid(w, guid);
	put_guid(w, w->q->is.balances_by_row ? guid : w->item->itemid);
	PUT(w, ",\"Code\":");
	put_text(w, w->item->code);
	PUT(w, ",\"Description\":null,\"RevisionNumber\":0");
	buf_add(w->to, "}", 2);
}

static void
put_image(struct row_writer *w, unsigned i)
{
	char guid[GALAXY_GUID_SIZE];
	char file[40];

	part_guid(w, guid, GALAXY_IMAGE, i);
	if (galaxy_query_names(&w->q->gone, guid))
		return;
	PUT(w, "{\"ItemID\":");
	put_guid(w, w->item->itemid);
	PUT(w, ",\"DimVal1ID\":");
	/* cppcheck-suppress arrayIndexOutOfBoundsCond ; fewer than balances */
	put_row_guid(w, GALAXY_VALUE, i > 0 ? w->item->balances[i].value : -1);
	PUT(w, ",\"DimVal2ID\":null,\"DimVal3ID\":null,\"TypeCode\":\"001\""
	       ",\"TypeDescription\":\"WebShop\",\"ID\":");
	put_guid(w, guid);
	PUT(w, ",\"Code\":null,\"Description\":");
	snprintf(file, sizeof(file), "%s_%u.png", w->item->code, i);
	put_text(w, file);
	buf_add(w->to, "}", 2);
}

/* ---- choosing ---- */

bool
galaxy_is_sold_by(const struct galaxy_item *item, int company)
{
	return company == 0 || item->number % 10 == 9;
}

/* ids of images are those of items too. */
static bool
is_asked_for(const struct row_writer *w, enum galaxy_list list)
{
	const struct galaxy_switches *is = &w->q->is;
	char guid[GALAXY_GUID_SIZE];

	if (!w->q->has_ids || list == GALAXY_CODES)
		return true;
	row_guid(w, guid);
	if ((list == GALAXY_ITEMS && is->items_ids_by_row) ||
	    (list == GALAXY_BALANCES && is->balances_by_row))
		return galaxy_query_names(&w->q->ids, guid);
	return galaxy_query_names(&w->q->ids, w->item->itemid);
}

void
galaxy_put_rows(const struct galaxy_query *q, enum galaxy_list list,
                const struct galaxy_item *item, struct buf *rows)
{
	struct row_writer w = { .to = rows, .q = q, .item = item };
	size_t i;

	if (item->is_gone || item->visible_us > q->now_us ||
	    !galaxy_is_sold_by(item, q->company) || !is_asked_for(&w, list))
		return;
	if (list == GALAXY_ITEMS)
		put_item(&w);
	if (list == GALAXY_IMAGES && q->revision <= 0) {
		for (i = 0; i < (size_t)item->n_images; i++)
			put_image(&w, (unsigned)i);
	}
	for (i = 0; i < item->n_balances; i++) {
		if (list == GALAXY_CODES)
			put_code(&w, &item->balances[i], false);
		else if (list == GALAXY_BALANCES && q->revision <= 0)
			put_balance(&w, &item->balances[i]);
	}
	if (list == GALAXY_CODES && item->has_pack)
		put_code(&w, &item->balances[0], true);
}
