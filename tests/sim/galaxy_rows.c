/*
 * Galaxy: lookups, companies, categories, attributes, dimensions.
 *
 * They are as written here until the control interface renames, deletes or
 * deactivates one; then the row takes a revision above all others of its list.
 */
#define _DEFAULT_SOURCE 1 /* strcasecmp under -std=c17 */

#include "tests/sim/galaxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- the rows ---- */

struct row {
	const char *code;
	const char *descr;
	int a; /* company, prefecture, type, percentage: see its list */
	int b;
};

#define ROWS(name) name, sizeof(name) / sizeof(name[0])

/* a: company, b: Type */
static const struct row scenarios[] = {
	{ "Default B2C", "Λιανική eShop", 0, 2 },
	{ "B2B", "Χονδρική", 0, 1 },
	{ "EXPORT", "Εξαγωγές eShop", 1, 2 },
};
/* a: company group */
static const struct row companies[] = {
	{ "001", "Παντοπωλείο Αγορά Α.Ε.", 0, 0 },
	{ "002", "Αγορά Εξαγωγική ΕΠΕ", 0, 0 },
};
/* a: company */
static const struct row company_sites[] = {
	{ "101", "Κατάστημα Αθήνας", 0, 0 },
	{ "102", "Αποθήκη Πειραιά", 0, 0 },
	{ "201", "Έδρα Θεσσαλονίκης", 1, 0 },
};
static const struct row groups[] = {
	{ "ΑΓΟΡΑ", "Όμιλος Αγορά", 0, 0 },
	{ "ΛΟΙΠΕΣ", "Λοιπές εταιρίες", 0, 0 },
};
static const struct row banks[] = {
	{ "011", "Εθνική Τράπεζα", 0, 0 },
	{ "014", "Alpha Bank", 0, 0 },
	{ "017", "Τράπεζα Πειραιώς", 0, 0 },
};
static const struct row countries[] = {
	{ "GR", "Ελλάδα", 0, 0 },   { "CY", "Κύπρος", 0, 0 },
	{ "DE", "Γερμανία", 0, 0 }, { "FR", "Γαλλία", 0, 0 },
	{ "IT", "Ιταλία", 0, 0 },
};
/* a: country, which the list does not show */
static const struct row prefectures[] = {
	{ "01", "Αττικής", 0, 0 },   { "02", "Θεσσαλονίκης", 0, 0 },
	{ "03", "Ηρακλείου", 0, 0 }, { "51", "Λευκωσίας", 1, 0 },
	{ "52", "Λεμεσού", 1, 0 },
};
/* a: prefecture */
static const struct row cities[] = {
	{ "0101", "Αθήνα", 0, 0 },       { "0102", "Πειραιάς", 0, 0 },
	{ "0201", "Θεσσαλονίκη", 1, 0 }, { "0301", "Ηράκλειο", 2, 0 },
	{ "0103", "Κηφισιά", 0, 0 },     { "5101", "Λευκωσία", 3, 0 },
	{ "5201", "Λεμεσός", 4, 0 },     { "0104", "Νέα Σμύρνη", 0, 0 },
	{ "0202", "Καλαμαριά", 1, 0 },
};
static const struct row currencies[] = {
	{ "EUR", "Ευρώ", 0, 0 },
	{ "USD", "Δολάριο ΗΠΑ", 0, 0 },
	{ "GBP", "Λίρα Αγγλίας", 0, 0 },
};
static const struct row paymethods[] = {
	{ "01", "Μετρητά", 0, 0 },
	{ "02", "Πιστωτική κάρτα", 0, 0 },
	{ "03", "Αντικαταβολή", 0, 0 },
	{ "04", "Πίστωση 90 ημερών", 0, 0 },
};
/* a: type; a shop may use 2 only */
static const struct row charge_rows[] = {
	{ "01", "Έξοδα αποστολής", 2, 0 },
	{ "02", "Έξοδα αγορών", 1, 0 },
	{ "03", "Συσκευασία δώρου", 2, 0 },
};
static const struct row purposes[] = {
	{ "01", "Πώληση", 0, 0 },
	{ "02", "Δειγματισμός", 0, 0 },
	{ "03", "Επιστροφή", 0, 0 },
};
static const struct row shippings[] = {
	{ "01", "Παραλαβή από το κατάστημα", 0, 0 },
	{ "02", "Courier", 0, 0 },
	{ "03", "Μεταφορική Αιγαίου", 0, 0 },
};
static const struct row agencies[] = {
	{ "01", "Οδικώς", 0, 0 },
	{ "02", "Αεροπορικώς", 0, 0 },
	{ "03", "Ακτοπλοϊκώς", 0, 0 },
};
/* a: NormalPcd, b: ReducedPcd */
static const struct row vats[] = {
	{ "1", "ΦΠΑ κανονικός", 24, 17 },
	{ "2", "ΦΠΑ μειωμένος", 13, 9 },
	{ "3", "ΦΠΑ υπερμειωμένος", 6, 4 },
};
/* a: company, b: object type */
static const struct row prefix_rows[] = {
	{ "ΠΑΡ", "Παραγγελία", 0, 1 },
	{ "ΑΛΠ", "Απόδειξη λιανικής", 0, 2 },
	{ "ΔΑ", "Δελτίο αποστολής", 0, 3 },
	{ "ΠΕΞ", "Παραγγελία εξωτερικού", 1, 1 },
};
static const struct row units[] = { { "ΤΕΜ", "Τεμάχιο", 0, 0 },
	                            { "KG", "Κιλό", 0, 0 } };
/* a: level, b: parent; the leaves are what items name */
static const struct row categories[] = {
	{ "300", "Τρόφιμα", 1, -1 },
	{ "300-10", "Παντοπωλείο", 2, 0 },
	{ "300-20", "Έλαια", 2, 0 },
	{ "300-30", "Ποτά", 2, 0 },
	{ "300-40", "Γλυκά", 2, 0 },
	{ "300-50", "Τυροκομικά", 2, 0 },
	{ "300-20-01", "Ελαιόλαδα", 3, 2 },
	{ "300-20-02", "Ελιές", 3, 2 },
	{ "300-20-03", "Σπορέλαια", 3, 2 },
	{ "300-30-01", "Οίνοι", 3, 3 },
	{ "300-30-02", "Αποστάγματα", 3, 3 },
	{ "300-30-03", "Μπύρες", 3, 3 },
	{ "300-30-04", "Χυμοί", 3, 3 },
	{ "300-30-05", "Αφεψήματα", 3, 3 },
	{ "300-40-01", "Μέλια", 3, 4 },
	{ "300-40-02", "Μαρμελάδες", 3, 4 },
	{ "300-40-03", "Σοκολάτες", 3, 4 },
	{ "300-40-04", "Κουλουράκια", 3, 4 },
	{ "300-50-01", "Φέτα", 3, 5 },
	{ "300-50-02", "Γραβιέρες", 3, 5 },
	{ "300-50-03", "Γάλα", 3, 5 },
	{ "300-10-01", "Ζυμαρικά", 3, 1 },
	{ "300-10-02", "Όσπρια", 3, 1 },
	{ "300-10-03", "Μπαχαρικά", 3, 1 },
	{ "300-10-04", "Άλευρα", 3, 1 },
	{ "300-99", "Λοιπά Brand", 2, 0 },
};
/* a: first value, b: number of values, as in the two below */
static const struct row dimensions[] = {
	{ "001", "Μεγέθη ενδυμάτων", 0, 3 },
	{ "100", "Χρώματα", 3, 3 },
	{ "200", "ΑΝΔΡΙΚΟ ΜΕΓΕΘΟΛΟΓΙΟ ΥΠΟΔΗΜΑΤΩΝ", 6, 4 },
};
static const struct row attributes[] = {
	{ "ORG", "Προέλευση", 0, 3 },
	{ "ΔΙΑ", "Διάρκεια ζωής σε μήνες", 3, 0 },
	{ "ΚΛΦ", "Κατηγορία", 3, 2 },
};
/* a: Color, 0 for none */
static const struct row value_rows[] = {
	{ "001", "S", 0, 0 },
	{ "002", "M", 0, 0 },
	{ "003", "L", -65536, 0 },
	{ "001", "Λευκό", -1, 0 },
	{ "002", "Μπλε", -16776961, 0 },
	{ "003", "Κόκκινο", -65536, 0 },
	{ "001", "39", 0, 0 },
	{ "005", "41", 0, 0 },
	{ "007", "42", 0, 0 },
	{ "009", "44", 0, 0 },
};
static const struct row attribute_values[] = {
	{ "GR", "Ελληνικό", 0, 0 },  { "CY", "Κυπριακό", 0, 0 },
	{ "XX", "Εισαγωγής", 0, 0 }, { "BIO", "Βιολογικό", 0, 0 },
	{ "PDO", "ΠΟΠ", 0, 0 },
};

static const struct table {
	const char *name; /* path below /services/sync/; NULL: no list of it */
	enum galaxy_kind kind;
	const struct row *rows;
	size_t n;
} tables[] = {
	{ "webscenarios", GALAXY_SCENARIO, ROWS(scenarios) },
	{ "companies", GALAXY_COMPANY, ROWS(companies) },
	{ "companysites", GALAXY_SITE, ROWS(company_sites) },
	{ "companygroups", GALAXY_GROUP, ROWS(groups) },
	{ "banks", GALAXY_BANK, ROWS(banks) },
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
	{ "itemcategories", GALAXY_CATEGORY, ROWS(categories) },
	{ "itemdimensions", GALAXY_DIMENSION, ROWS(dimensions) },
	{ "itemattributes", GALAXY_ATTRIBUTE, ROWS(attributes) },
	{ NULL, GALAXY_UNIT, ROWS(units) },
	{ NULL, GALAXY_VALUE, ROWS(value_rows) },
};

enum { N_TABLES = sizeof(tables) / sizeof(tables[0]) };

/* ---- what changed about them ---- */

void
galaxy_rows_init(struct galaxy *galaxy)
{
	size_t i;

	for (i = 0; i < N_TABLES; i++)
		galaxy->states[i] =
			sim_alloc(tables[i].n * sizeof(*galaxy->states[i]));
}

void
galaxy_rows_fini(struct galaxy *galaxy)
{
	size_t i;
	size_t j;

	for (i = 0; i < N_TABLES; i++) {
		for (j = 0; j < tables[i].n; j++)
			free(galaxy->states[i][j].descr);
		free(galaxy->states[i]);
	}
}

/* These lists show revision 0 in every published sample. */
static bool
has_revisions(enum galaxy_kind kind)
{
	return kind != GALAXY_CATEGORY && kind != GALAXY_DIMENSION &&
	       kind != GALAXY_ATTRIBUTE;
}

static int64_t
revision_of(const struct galaxy *galaxy, size_t t, size_t i)
{
	if (!has_revisions(tables[t].kind))
		return 0;
	if (galaxy->states[t][i].revision > 0)
		return galaxy->states[t][i].revision;
	return (int64_t)i + 1;
}

static const char *
descr_of(const struct galaxy *galaxy, size_t t, size_t i)
{
	if (galaxy->states[t][i].descr != NULL)
		return galaxy->states[t][i].descr;
	return tables[t].rows[i].descr;
}

const char *
galaxy_change_row(struct galaxy *galaxy, const char *list, const char *code,
                  const char *descr, bool is_gone, bool is_active)
{
	struct galaxy_row_state *state;
	size_t t;
	size_t i;

	for (t = 0; t < N_TABLES; t++) {
		if (tables[t].name != NULL && strcmp(tables[t].name, list) == 0)
			break;
	}
	if (t == N_TABLES)
		return "list: unknown";
	for (i = 0; i < tables[t].n; i++) {
		if (strcmp(tables[t].rows[i].code, code) == 0)
			break;
	}
	if (i == tables[t].n)
		return "code: unknown";
	state = &galaxy->states[t][i];
	state->is_gone = is_gone;
	state->is_inactive = !is_active;
	if (descr != NULL) {
		free(state->descr);
		state->descr = sim_dup(descr);
	}
	/* above all others of its list, which began with small numbers */
	if (galaxy->revision < (int64_t)tables[t].n)
		galaxy->revision = (int64_t)tables[t].n;
	state->revision = ++galaxy->revision;
	return NULL;
}

/* ---- finding ---- */

static size_t
table_of(enum galaxy_kind kind)
{
	size_t t;

	for (t = 0; t < N_TABLES && tables[t].kind != kind; t++)
		continue;
	return t;
}

int
galaxy_find_row(const struct galaxy *galaxy, enum galaxy_kind kind,
                const char *guid)
{
	size_t t = table_of(kind);
	unsigned n;

	if (t == N_TABLES || !galaxy_parse_guid(&n, guid, kind) ||
	    n >= tables[t].n || galaxy->states[t][n].is_gone)
		return -1;
	return (int)n;
}

int
galaxy_find_descr(const struct galaxy *galaxy, enum galaxy_kind kind,
                  const char *descr)
{
	size_t t = table_of(kind);
	int found = -1;
	size_t i;

	for (i = 0; t < N_TABLES && i < tables[t].n; i++) {
		if (galaxy->states[t][i].is_gone ||
		    strcmp(descr_of(galaxy, t, i), descr) != 0)
			continue;
		if (found >= 0)
			return -1;
		found = (int)i;
	}
	return found;
}

int
galaxy_scenario_company(int row)
{
	return scenarios[row].a;
}

int
galaxy_site_company(int row)
{
	return company_sites[row].a;
}

int
galaxy_charge_type(const struct galaxy *galaxy, int row)
{
	if (galaxy->states[table_of(GALAXY_CHARGE)][row].is_inactive)
		return 0;
	return charge_rows[row].a;
}

int
galaxy_prefecture_country(int row)
{
	return prefectures[row].a;
}

int
galaxy_city_prefecture(int row)
{
	return cities[row].a;
}

int
galaxy_vat_percent(int row)
{
	return vats[row].a;
}

/* Values are numbered through all dimensions. */
const char *
galaxy_value_code(int dimension, int value)
{
	(void)dimension;
	return value_rows[value].code;
}

/* ---- writing ---- */

struct table_writer {
	const struct galaxy *galaxy;
	const struct galaxy_query *q;
	struct json_out *out;
};

static void
out_ref(const struct table_writer *w, const char *key, enum galaxy_kind kind,
        int n)
{
	galaxy_out_row(w->q->is.upper_guids, w->out, key, kind, n);
}

static void
out_values(const struct table_writer *w, const char *key, enum galaxy_kind kind,
           const struct row *rows, const struct row *of)
{
	int i;

	json_out_array(w->out, key);
	for (i = of->a; i < of->a + of->b; i++) {
		json_out_object(w->out, NULL);
		out_ref(w, "ID", kind, i);
		json_out_text(w->out, "Code", rows[i].code);
		json_out_text(w->out, "Description", rows[i].descr);
		if (rows[i].a != 0)
			json_out_int(w->out, "Color", rows[i].a);
		else
			json_out_null(w->out, "Color");
		json_out_raw(w->out, "AttrValuesLanguages", "[]");
		json_out_end_object(w->out);
	}
	json_out_end_array(w->out);
}

static void
out_item_extras(const struct table_writer *w, enum galaxy_kind kind,
                const struct row *row)
{
	if (kind == GALAXY_CATEGORY) {
		out_ref(w, "ParentNodeID", GALAXY_CATEGORY, row->b);
		json_out_int(w->out, "LevelOfNode", row->a);
		json_out_raw(w->out, "CatLanguages", "[]");
	} else if (kind == GALAXY_DIMENSION) {
		if (row->a == 3)
			json_out_null(w->out, "DimKind");
		else
			json_out_int(w->out, "DimKind", 2);
		out_values(w, "DimValues", GALAXY_VALUE, value_rows, row);
		json_out_raw(w->out, "DimLanguages", "[]");
	} else if (kind == GALAXY_ATTRIBUTE) {
		json_out_int(w->out, "Kind", row->b > 0 ? 7 : 3);
		out_values(w, "AttrValues", GALAXY_ATTRIBUTE_VALUE,
		           attribute_values, row);
		json_out_raw(w->out, "AttrLanguages", "[]");
	}
}

/* The members that this table's rows have beside the common ones. */
static void
out_extras(const struct table_writer *w, enum galaxy_kind kind, int i,
           const struct row *row)
{
	if (kind == GALAXY_SCENARIO) {
		json_out_int(w->out, "IsDefault",
		             i == w->q->is.default_scenario);
		json_out_int(w->out, "Type", row->b);
		out_ref(w, "CompanyID", GALAXY_COMPANY, row->a);
	} else if (kind == GALAXY_COMPANY) {
		json_out_text(w->out, "TIN",
		              i == 0 ? "999999990" : "999999989");
		out_ref(w, "CompanyGroupID", GALAXY_GROUP, row->a);
	} else if (kind == GALAXY_SITE) {
		out_ref(w, "CompanyID", GALAXY_COMPANY, row->a);
	} else if (kind == GALAXY_PREFIX) {
		out_ref(w, "CompanyID", GALAXY_COMPANY, row->a);
		json_out_int(w->out, "ObjectType", row->b);
	} else if (kind == GALAXY_CITY) {
		out_ref(w, "PrefectureID", GALAXY_PREFECTURE, row->a);
	} else if (kind == GALAXY_CHARGE) {
		json_out_int(w->out, "Type", row->a);
	} else if (kind == GALAXY_VAT) {
		json_out_int(w->out, "NormalPcd", row->a);
		json_out_int(w->out, "ReducedPcd", row->b);
		json_out_int(w->out, "DeductedPcd", 0);
	} else {
		out_item_extras(w, kind, row);
	}
}

static bool
is_shown(const struct table_writer *w, size_t t, size_t i)
{
	const struct galaxy_row_state *state = &w->galaxy->states[t][i];

	if (w->q->revision > 0 &&
	    revision_of(w->galaxy, t, i) <= w->q->revision)
		return false;
	if (tables[t].kind == GALAXY_PREFIX &&
	    tables[t].rows[i].a != w->q->company)
		return false;
	return !state->is_gone && !state->is_inactive;
}

static void
put_table_row(const struct table_writer *w, size_t t, size_t i)
{
	json_out_object(w->out, NULL);
	out_extras(w, tables[t].kind, (int)i, &tables[t].rows[i]);
	out_ref(w, "ID", tables[t].kind, (int)i);
	json_out_text(w->out, "Code", tables[t].rows[i].code);
	json_out_text(w->out, "Description", descr_of(w->galaxy, t, i));
	if (tables[t].kind != GALAXY_SCENARIO)
		json_out_int(w->out, "RevisionNumber",
		             revision_of(w->galaxy, t, i));
	json_out_end_object(w->out);
}

bool
galaxy_put_table(const struct galaxy *galaxy, const struct galaxy_query *q,
                 const char *name, struct buf *rows)
{
	struct table_writer w = { .galaxy = galaxy, .q = q };
	size_t t;
	size_t i;

	for (t = 0; t < N_TABLES; t++) {
		if (tables[t].name != NULL && strcmp(tables[t].name, name) == 0)
			break;
	}
	if (t == N_TABLES)
		return false;
	for (i = tables[t].n; i-- > 0;) {
		struct json_out out = { .to = rows };

		if (!is_shown(&w, t, i))
			continue;
		w.out = &out;
		put_table_row(&w, t, i);
		buf_addc(rows, '\0');
	}
	return true;
}
