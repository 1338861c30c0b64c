/*
 * Galaxy: the lists of the Sync service.
 *
 * One bare array each, in no order, without paging. Lookups never change and
 * carry revisions of their own; items carry the number of their last change;
 * balances, dimensions, attributes and categories always show 0, as every
 * published sample does.
 */
#define _DEFAULT_SOURCE 1 /* strncasecmp, timegm's relatives */

#include "tests/sim/galaxy.h"

#include "tests/sim/shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* ---- rows that never change ---- */

struct row {
	const char *code;
	const char *descr;
	int a; /* company, prefecture, type, percentage: see its list */
	int b;
};

#define ROWS(name) name, sizeof(name) / sizeof(name[0])

static const struct row scenarios[] = {
	{ "Default B2C", "Λιανική eShop", 0, 0 }, { "B2B", "Χονδρική", 0, 0 }
};
static const struct row companies[] = {
	{ "001", "Παντοπωλείο Αγορά Α.Ε.", 0, 0 },
	{ "002", "Αγορά Εξαγωγική ΕΠΕ", 0, 0 }
};
/* a: company */
static const struct row sites[] = { { "101", "Κατάστημα Αθήνας", 0, 0 },
	                            { "102", "Αποθήκη Πειραιά", 0, 0 },
	                            { "201", "Έδρα Θεσσαλονίκης", 1, 0 } };
static const struct row countries[] = { { "GR", "Ελλάδα", 0, 0 },
	                                { "CY", "Κύπρος", 0, 0 },
	                                { "DE", "Γερμανία", 0, 0 } };
static const struct row prefectures[] = { { "01", "Αττικής", 0, 0 },
	                                  { "02", "Θεσσαλονίκης", 0, 0 },
	                                  { "03", "Ηρακλείου", 0, 0 } };
/* a: prefecture */
static const struct row cities[] = { { "0101", "Αθήνα", 0, 0 },
	                             { "0102", "Πειραιάς", 0, 0 },
	                             { "0201", "Θεσσαλονίκη", 1, 0 } };
static const struct row currencies[] = { { "EUR", "Ευρώ", 0, 0 },
	                                 { "USD", "Δολάριο ΗΠΑ", 0, 0 },
	                                 { "GBP", "Λίρα Αγγλίας", 0, 0 } };
static const struct row paymethods[] = { { "01", "Μετρητά", 0, 0 },
	                                 { "02", "Πιστωτική κάρτα", 0, 0 },
	                                 { "03", "Αντικαταβολή", 0, 0 } };
/* a: type; a shop may use 2 only */
static const struct row charge_rows[] = { { "01", "Έξοδα αποστολής", 2, 0 },
	                                  { "02", "Έξοδα αγορών", 1, 0 },
	                                  { "03", "Συσκευασία δώρου", 2, 0 } };
static const struct row purposes[] = { { "01", "Πώληση", 0, 0 },
	                               { "02", "Δειγματισμός", 0, 0 },
	                               { "03", "Επιστροφή", 0, 0 } };
static const struct row shippings[] = { { "01", "Παραλαβή από το κατάστημα", 0,
	                                  0 },
	                                { "02", "Courier", 0, 0 },
	                                { "03", "Μεταφορική Αιγαίου", 0, 0 } };
static const struct row agencies[] = { { "01", "Οδικώς", 0, 0 },
	                               { "02", "Αεροπορικώς", 0, 0 },
	                               { "03", "Ακτοπλοϊκώς", 0, 0 } };
/* a: NormalPcd, b: ReducedPcd */
static const struct row vats[] = { { "1", "ΦΠΑ κανονικός", 24, 17 },
	                           { "2", "ΦΠΑ μειωμένος", 13, 9 },
	                           { "3", "ΦΠΑ υπερμειωμένος", 6, 4 } };
/* a: company, b: object type */
static const struct row prefix_rows[] = { { "ΠΑΡ", "Παραγγελία", 0, 1 },
	                                  { "ΑΛΠ", "Απόδειξη λιανικής", 0, 2 },
	                                  { "ΔΑ", "Δελτίο αποστολής", 0, 3 } };
/* a: 1 = active */
static const struct row customers[] = {
	{ "30-0000", "Πελάτης λιανικής", 1, 0 },
	{ "30-0001", "Καφέ Ακρόπολις Ο.Ε.", 1, 0 },
	{ "30-0002", "Ξενοδοχείο Αιγαίο Α.Ε.", 1, 0 },
	{ "30-0003", "Παλαιός πελάτης", 0, 0 }
};
static const struct row units[] = { { "ΤΕΜ", "Τεμάχιο", 0, 0 },
	                            { "KG", "Κιλό", 0, 0 } };
static const struct row categories[] = { { "300", "Τρόφιμα", 1, 0 },
	                                 { "300-10", "Παντοπωλείο", 2, 0 } };
static const struct row dimensions[] = { { "001", "Μεγέθη ενδυμάτων", 0, 0 } };
static const struct row attributes[] = { { "ORG", "Προέλευση", 0, 0 } };
static const struct row value_rows[] = { { "001", "S", 0, 0 },
	                                 { "002", "M", 0, 0 },
	                                 { "003", "L", 0, 0 } };

static const struct table {
	const char *name; /* path below /services/sync/; NULL: no list of it */
	enum galaxy_kind kind;
	const struct row *rows;
	size_t n;
} tables[] = {
	{ "webscenarios", GALAXY_SCENARIO, ROWS(scenarios) },
	{ "companies", GALAXY_COMPANY, ROWS(companies) },
	{ "companysites", GALAXY_SITE, ROWS(sites) },
	{ "countries", GALAXY_COUNTRY, ROWS(countries) },
	{ "prefectures", GALAXY_PREFECTURE, ROWS(prefectures) },
	{ "cities", GALAXY_CITY, ROWS(cities) },
	{ "currencies", GALAXY_CURRENCY, ROWS(currencies) },
	{ "paymethods", GALAXY_PAYMETHOD, ROWS(paymethods) },
	{ "charges", GALAXY_CHARGE, ROWS(charge_rows) },
	{ "dispatchpurposes", GALAXY_PURPOSE, ROWS(purposes) },
	{ "shippingmethods", GALAXY_SHIPPING, ROWS(shippings) },
	{ "agencies", GALAXY_AGENCY, ROWS(agencies) },
	{ "vatsmaster", GALAXY_VAT, ROWS(vats) },
	{ "prefixes", GALAXY_PREFIX, ROWS(prefix_rows) },
	{ "customers", GALAXY_CUSTOMER, ROWS(customers) },
	{ "customersites", GALAXY_CUSTOMER_SITE, ROWS(customers) },
	{ "itemcategories", GALAXY_CATEGORY, ROWS(categories) },
	{ "itemdimensions", GALAXY_DIMENSION, ROWS(dimensions) },
	{ "itemattributes", GALAXY_ATTRIBUTE, ROWS(attributes) },
	{ NULL, GALAXY_UNIT, ROWS(units) },
	{ NULL, GALAXY_VALUE, ROWS(value_rows) },
};

enum { N_TABLES = sizeof(tables) / sizeof(tables[0]) };

int
galaxy_find_row(enum galaxy_kind kind, const char *guid)
{
	char mine[GALAXY_GUID_SIZE];
	size_t i;
	size_t j;

	for (i = 0; i < N_TABLES; i++) {
		for (j = 0; tables[i].kind == kind && j < tables[i].n; j++) {
			galaxy_guid(mine, kind, (unsigned)j);
			if (strcasecmp(mine, guid) == 0)
				return (int)j;
		}
	}
	return -1;
}

bool
galaxy_customer_is_active(int row)
{
	return customers[row].a == 1;
}

int
galaxy_site_company(int row)
{
	return sites[row].a;
}

int
galaxy_charge_type(int row)
{
	return charge_rows[row].a;
}

int
galaxy_vat_percent(int row)
{
	return vats[row].a;
}

/* There is one dimension, so its values are all values. */
const char *
galaxy_value_code(int dimension, int value)
{
	(void)dimension;
	return value_rows[value].code;
}

/* ---- what a call asks for ---- */

struct query {
	struct galaxy *galaxy;
	int64_t revision; /* rows above it only */
	bool has_ids;
	struct buf ids; /* comma-separated GUIDs, a comma at both ends */
	bool has_from;
	int64_t from_us;
	int64_t now_us;
};

/* Zone-less text is the server's local time. */
static bool
parse_local(int64_t *out_us, const char *text)
{
	struct tm tm = { .tm_isdst = -1 };
	int used = 0;

	if (sim_time_parse(out_us, text))
		return true;
	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon,
	           &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
	           &used) != 6)
		return false;
	text += used;
	if (*text == '.')
		text += 1 + strspn(text + 1, "0123456789");
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*out_us = (int64_t)mktime(&tm) * 1000000;
	return *text == '\0';
}

/* ids=[a,b]: JSV, so the brackets are part of it. */
static bool
parse_ids(struct query *q, const char *text)
{
	size_t n = strlen(text);

	if (n < 2 || text[0] != '[' || text[n - 1] != ']')
		return false;
	q->has_ids = true;
	buf_adds(&q->ids, ",");
	buf_add(&q->ids, text + 1, n - 2);
	buf_adds(&q->ids, ",");
	return true;
}

/* NULL, or the name of the parameter that is wrong. */
static const char *
parse_query(struct query *q, const char *name, const char *text)
{
	const int64_t ten_days_us = (int64_t)10 * 86400 * 1000000;
	struct buf value = BUF_INIT;
	const char *wrong = NULL;
	char *end;

	if (sim_param(&value, text, "RevisionNumber")) {
		q->revision = strtoll(buf_text(&value), &end, 10);
		if (*end != '\0' || value.n == 0)
			wrong = "RevisionNumber";
	}
	if (sim_param(&value, text, "ids") && !parse_ids(q, buf_text(&value)))
		wrong = "IDs";
	if (strcmp(name, "itembalances") == 0 &&
	    sim_param(&value, text, "FromDateTime")) {
		q->has_from = parse_local(&q->from_us, buf_text(&value));
		if (!q->has_from || q->from_us < q->now_us - ten_days_us)
			wrong = "FromDateTime";
	}
	buf_fini(&value);
	return wrong;
}

static bool
is_asked(const struct query *q, const char *guid)
{
	const char *p;

	if (!q->has_ids)
		return true;
	for (p = buf_text(&q->ids); *p != '\0'; p++) {
		if (*p == ',' && strncasecmp(p + 1, guid, 36) == 0 &&
		    p[37] == ',')
			return true;
	}
	return false;
}

/* ---- writing rows ---- */

/* Members that are null, or another constant, in every row. */
static void
out_each(struct json_out *out, const char *names, const char *json)
{
	char name[40];
	size_t n;

	while (*names != '\0') {
		n = strcspn(names, " ");
		snprintf(name, sizeof(name), "%.*s", (int)n, names);
		json_out_raw(out, name, json);
		names += n;
		names += *names == ' ';
	}
}

static void
out_company(const struct query *q, struct json_out *out)
{
	galaxy_out_row(q->galaxy, out, "CompanyID", GALAXY_COMPANY, 0);
}

static void
out_values(const struct query *q, struct json_out *out, const char *key)
{
	size_t i;

	json_out_array(out, key);
	for (i = 0; i < sizeof(value_rows) / sizeof(value_rows[0]); i++) {
		json_out_object(out, NULL);
		galaxy_out_row(q->galaxy, out, "ID", GALAXY_VALUE, (int)i);
		json_out_text(out, "Code", value_rows[i].code);
		json_out_text(out, "Description", value_rows[i].descr);
		out_each(out, "Color", i == 2 ? "-65536" : "null");
		out_each(out, "AttrValuesLanguages", "[]");
		json_out_end_object(out);
	}
	json_out_end_array(out);
}

static void
out_attribute_values(const struct query *q, struct json_out *out)
{
	json_out_int(out, "Kind", 7);
	json_out_array(out, "AttrValues");
	json_out_object(out, NULL);
	galaxy_out_row(q->galaxy, out, "ID", GALAXY_ATTRIBUTE_VALUE, 0);
	json_out_text(out, "Code", "GR");
	json_out_text(out, "Description", "Ελληνικό");
	out_each(out, "Color", "null");
	out_each(out, "AttrValuesLanguages", "[]");
	json_out_end_object(out);
	json_out_end_array(out);
	out_each(out, "AttrLanguages", "[]");
}

static void
out_site_of_customer(const struct query *q, struct json_out *out, int i)
{
	galaxy_out_row(q->galaxy, out, "CustomerID", GALAXY_CUSTOMER, i);
	out_each(out, "VATStatusEnum TasksParticipationEnum DiscountPercent",
	         "0");
	out_each(out,
	         "PricelistID Phone2 Fax AgencyID Comment Email WebSite "
	         "TraderSiteID",
	         "null");
	json_out_text(out, "Phone1", "2100000000");
	json_out_int(out, "IsPrimary", 1);
	json_out_text(out, "Street", "Ερμού");
	json_out_text(out, "StreetNumber", "12");
	json_out_text(out, "PostalCode", "10563");
	galaxy_out_row(q->galaxy, out, "CityID", GALAXY_CITY, 0);
	galaxy_out_row(q->galaxy, out, "PrefectureID", GALAXY_PREFECTURE, 0);
	galaxy_out_row(q->galaxy, out, "CountryID", GALAXY_COUNTRY, 0);
	out_company(q, out);
}

static void
out_customer(const struct query *q, struct json_out *out, int i)
{
	out_each(out, "TraderID CommentText1 CommentText2", "null");
	galaxy_out_row(q->galaxy, out, "CurrencyID", GALAXY_CURRENCY, 0);
	json_out_int(out, "KepyoLiability", 0);
	json_out_array(out, "CustomerSites");
	json_out_object(out, NULL);
	galaxy_out_row(q->galaxy, out, "ID", GALAXY_CUSTOMER_SITE, i);
	json_out_text(out, "Code", "1");
	json_out_end_object(out);
	json_out_end_array(out);
	out_company(q, out);
}

/* The members that this table's rows have beside the common ones. */
static void
out_extras(const struct query *q, const struct table *t, int i,
           struct json_out *out)
{
	const struct row *row = &t->rows[i];

	if (t->kind == GALAXY_SCENARIO) {
		json_out_int(out, "IsDefault",
		             i == 0 && q->galaxy->is.has_default_scenario);
		json_out_int(out, "Type", i == 0 ? 2 : 1);
		out_company(q, out);
	} else if (t->kind == GALAXY_COMPANY) {
		json_out_text(out, "TIN", i == 0 ? "999999990" : "999999989");
		out_each(out, "CompanyGroupID", "null");
	} else if (t->kind == GALAXY_SITE || t->kind == GALAXY_PREFIX) {
		galaxy_out_row(q->galaxy, out, "CompanyID", GALAXY_COMPANY,
		               row->a);
		if (t->kind == GALAXY_PREFIX)
			json_out_int(out, "ObjectType", row->b);
	} else if (t->kind == GALAXY_CITY) {
		galaxy_out_row(q->galaxy, out, "PrefectureID",
		               GALAXY_PREFECTURE, row->a);
	} else if (t->kind == GALAXY_CHARGE) {
		json_out_int(out, "Type", row->a);
	} else if (t->kind == GALAXY_VAT) {
		json_out_int(out, "NormalPcd", row->a);
		json_out_int(out, "ReducedPcd", row->b);
		json_out_int(out, "DeductedPcd", 0);
	} else if (t->kind == GALAXY_CUSTOMER) {
		out_customer(q, out, i);
	} else if (t->kind == GALAXY_CUSTOMER_SITE) {
		out_site_of_customer(q, out, i);
	} else if (t->kind == GALAXY_CATEGORY) {
		galaxy_out_row(q->galaxy, out, "ParentNodeID", GALAXY_CATEGORY,
		               i - 1);
		json_out_int(out, "LevelOfNode", row->a);
		out_each(out, "CatLanguages", "[]");
	} else if (t->kind == GALAXY_DIMENSION) {
		json_out_int(out, "DimKind", 2);
		out_values(q, out, "DimValues");
		out_each(out, "DimLanguages", "[]");
	} else if (t->kind == GALAXY_ATTRIBUTE) {
		out_attribute_values(q, out);
	}
}

/* These lists show revision 0 in every published sample. */
static bool
has_revisions(enum galaxy_kind kind)
{
	return kind != GALAXY_CATEGORY && kind != GALAXY_DIMENSION &&
	       kind != GALAXY_ATTRIBUTE;
}

static void
list_table(const struct query *q, const struct table *t, struct json_out *out)
{
	char guid[GALAXY_GUID_SIZE];
	int revision;
	int i;

	for (i = (int)t->n - 1; i >= 0; i--) {
		revision = has_revisions(t->kind) ? i + 1 : 0;
		galaxy_guid(guid, t->kind, (unsigned)i);
		if ((q->revision > 0 && revision <= q->revision) ||
		    (t->rows == customers && !galaxy_customer_is_active(i)) ||
		    (t->kind == GALAXY_CUSTOMER && !is_asked(q, guid)))
			continue;
		json_out_object(out, NULL);
		out_extras(q, t, i, out);
		galaxy_out_guid(q->galaxy, out, "ID", guid);
		json_out_text(out, "Code", t->rows[i].code);
		json_out_text(out, "Description", t->rows[i].descr);
		if (t->kind != GALAXY_SCENARIO)
			json_out_int(out, "RevisionNumber", revision);
		json_out_end_object(out);
	}
}

/* ---- items ---- */

static void
out_numbered(struct json_out *out, const char *name, int n, const char *json)
{
	char key[40];
	int i;

	for (i = 1; i <= n; i++) {
		snprintf(key, sizeof(key), "%s%d", name, i);
		json_out_raw(out, key, json);
	}
}

static void
out_prices(const struct galaxy_item *item, struct json_out *out)
{
	json_out_decimal(out, "ItemPrice",
	                 item->has_web_price ? decimal_of(999) : item->price);
	if (item->has_web_price)
		json_out_decimal(out, "WebRetailPrice", item->price);
	else
		json_out_raw(out, "WebRetailPrice",
		             item->revision % 2 ? "null" : "0");
	out_each(out,
	         "WebRetailOfferPrice WebNetPrice WebMarketPrice WebDiscount",
	         "null");
}

static void
out_grouping(const struct query *q, const struct galaxy_item *item,
             struct json_out *out)
{
	galaxy_out_row(q->galaxy, out, "VATsMasterID", GALAXY_VAT, item->vat);
	galaxy_out_row(q->galaxy, out, "Dimension1ID", GALAXY_DIMENSION,
	               item->dimension);
	out_each(out, "Dimension2ID Dimension3ID", "null");
	json_out_array(out, "ItemCategories");
	json_out_object(out, NULL);
	galaxy_out_row(q->galaxy, out, "CategoryLeafID", GALAXY_CATEGORY, 1);
	galaxy_out_row(q->galaxy, out, "CategoryRootID", GALAXY_CATEGORY, 0);
	json_out_int(out, "IsPerCompany", 1);
	json_out_end_object(out);
	json_out_end_array(out);
	out_each(out, "ItemAttributes ItemDimensions ItemLanguages", "[]");
}

static void
out_free_fields(struct json_out *out)
{
	out_numbered(out, "StringField", 7, "null");
	out_numbered(out, "FloatField", 7, "0");
	out_numbered(out, "LookupField", 7, "null");
	out_numbered(out, "DateField", 4, "\"0001-01-01T00:00:00.0000000\"");
	out_numbered(out, "BooleanField", 4, "0");
}

static void
out_item(const struct query *q, const struct galaxy_item *item,
         struct json_out *out)
{
	json_out_object(out, NULL);
	galaxy_out_guid(q->galaxy, out, "ItemID", item->itemid);
	out_each(out, "AlterCode ExtDescription", "null");
	out_each(out, "Weight", "0.25");
	galaxy_out_row(q->galaxy, out, "Unit1ID", GALAXY_UNIT,
	               item->n_decimals > 0);
	out_each(out, "Unit2ID", "null");
	out_each(out, "Unit2Numerator Unit2Denominator", "1");
	json_out_int(out, "Unit1NoOfDecimals", item->n_decimals);
	json_out_int(out, "Unit2NoOfDecimals", 0);
	out_each(out, "UserDefinedString1 UserDefinedString2", "null");
	out_each(out, "IsActive IsActiveWeb", "1");
	out_prices(item, out);
	out_each(out, "IsSalesBlocked IsService IsCRMResult IsUsedInCRM", "0");
	out_each(out, "Classification", "2");
	out_each(out, "ManufacturerID SupplierID", "null");
	out_grouping(q, item, out);
	out_free_fields(out);
	out_company(q, out);
	galaxy_out_guid(q->galaxy, out, "ID", item->id);
	json_out_text(out, "Code", item->code);
	json_out_text(out, "Description", item->name);
	json_out_int(out, "RevisionNumber", item->revision);
	json_out_end_object(out);
}

static void
list_items(const struct query *q, struct json_out *out)
{
	const struct galaxy_item *item;
	size_t i;

	for (i = q->galaxy->n_items; i > 0; i--) {
		/* the first half last: nothing promises an order */
		item = q->galaxy->items[(i + q->galaxy->n_items / 2) %
		                        q->galaxy->n_items];
		if (item->revision <= q->revision ||
		    item->visible_us > q->now_us ||
		    !is_asked(q, q->galaxy->is.items_ids_by_row ? item->id
		                                                : item->itemid))
			continue;
		out_item(q, item, out);
	}
}

/* Numbers the variants of all items. */
static int
variant_number(const struct galaxy_item *item,
               const struct galaxy_balance *balance)
{
	int n = (int)strtol(item->itemid + 24, NULL, 16) - 1;

	return n * GALAXY_BALANCES_MAX + (int)(balance - item->balances);
}

void
galaxy_barcode(char out[16], const struct galaxy_item *item,
               const struct galaxy_balance *balance)
{
	snprintf(out, 16, "52%011u", (unsigned)variant_number(item, balance));
}

static void
out_alter_code(const struct query *q, const struct galaxy_item *item,
               const struct galaxy_balance *balance, struct json_out *out)
{
	char code[16];

	galaxy_barcode(code, item, balance);
	json_out_object(out, NULL);
	galaxy_out_guid(q->galaxy, out, "ItemID", item->itemid);
	galaxy_out_row(q->galaxy, out, "UnitID", GALAXY_UNIT,
	               item->n_decimals > 0);
	json_out_int(out, "Quantity", 1);
	json_out_int(out, "ScaleType", 0);
	galaxy_out_row(q->galaxy, out, "DimVal1ID", GALAXY_VALUE,
	               balance->value);
	out_each(out, "DimVal2ID DimVal3ID", "null");
	galaxy_out_row(q->galaxy, out, "ID", GALAXY_ALTER_CODE,
	               variant_number(item, balance));
	json_out_text(out, "Code", code);
	out_each(out, "Description", "null");
	json_out_int(out, "RevisionNumber", 0);
	json_out_end_object(out);
}

static void
list_alter_codes(const struct query *q, struct json_out *out)
{
	const struct galaxy_item *item;
	size_t i;
	size_t j;

	for (i = q->galaxy->n_items; i-- > 0 && q->revision == 0;) {
		item = q->galaxy->items[i];
		for (j = 0; j < item->n_balances; j++)
			out_alter_code(q, item, &item->balances[j], out);
	}
}

/* ---- balances ---- */

static void
out_balance(const struct query *q, const struct galaxy_item *item,
            const struct galaxy_balance *balance, struct json_out *out)
{
	json_out_object(out, NULL);
	out_each(out, "AttCombinationID", "null");
	galaxy_out_row(q->galaxy, out, "DimVal1ID", GALAXY_VALUE,
	               balance->value);
	out_each(out, "DimVal2ID DimVal3ID", "null");
	json_out_decimal(out, "Balance", balance->quantity);
	galaxy_out_guid(q->galaxy, out, "ID",
	                q->galaxy->is.balances_by_row ? item->id
	                                              : item->itemid);
	json_out_text(out, "Code", item->code);
	out_each(out, "Description", "null");
	json_out_int(out, "RevisionNumber", 0);
	json_out_end_object(out);
}

/* Every balance shows revision 0, so none is greater than any (trap 3). */
static void
list_balances(const struct query *q, struct json_out *out)
{
	struct galaxy_item *item;
	size_t i;
	size_t j;

	for (i = q->galaxy->n_items; i-- > 0 && q->revision == 0;) {
		item = q->galaxy->items[i];
		if (item->visible_us > q->now_us ||
		    !is_asked(q, q->galaxy->is.balances_by_row ? item->id
		                                               : item->itemid))
			continue;
		for (j = 0; j < item->n_balances; j++) {
			if (q->has_from &&
			    item->balances[j].changed_us <= q->from_us)
				continue;
			item->balances[j].n_asked += q->has_ids;
			out_balance(q, item, &item->balances[j], out);
		}
	}
}

/* ---- choosing ---- */

static bool
list_by_name(const struct query *q, const char *name, struct json_out *out)
{
	size_t i;

	if (strcmp(name, "items") == 0)
		list_items(q, out);
	else if (strcmp(name, "itemaltercodes") == 0)
		list_alter_codes(q, out);
	else if (strcmp(name, "itembalances") == 0)
		list_balances(q, out);
	else if (strcmp(name, "itemimages") != 0) {
		for (i = 0; i < N_TABLES; i++) {
			if (tables[i].name != NULL &&
			    strcmp(tables[i].name, name) == 0) {
				list_table(q, &tables[i], out);
				return true;
			}
		}
		return false;
	}
	return true;
}

bool
galaxy_list(struct galaxy *galaxy, const char *name,
            const struct http_call *call, struct server_reply *reply)
{
	struct query q = { .galaxy = galaxy,
		           .now_us = sim_now_us(galaxy->sim) };
	struct json_out out = { .to = &reply->body };
	const char *wrong = parse_query(&q, name, call->query);
	bool is_known;

	reply->status = 200;
	reply->content_type = "application/json; charset=utf-8";
	json_out_array(&out, NULL);
	is_known = list_by_name(&q, name, &out);
	json_out_end_array(&out);
	if (is_known && wrong != NULL)
		galaxy_refuse(reply, 400, "ArgumentException", wrong,
		              "Parameter has an invalid value");
	if (is_known && strcmp(call->method, "GET") != 0)
		galaxy_refuse(reply, 405, "NotImplementedException", NULL,
		              "GET only");
	buf_fini(&q.ids);
	return is_known;
}
