/*
 * Galaxy: posted entries, and the view that finds them again.
 *
 * An entry is checked whole before it has any effect: every member that
 * galaxy.md section 8 marks as needed or as a matter of the scenario, every
 * id, the units, the arithmetic of each line to the third decimal, and totals
 * that are exactly the sums of the lines. What is refused says the member.
 */
#define _DEFAULT_SOURCE 1 /* strcasecmp under -std=c17 */

#include "tests/sim/galaxy.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LINES_MAX = 1000 };

struct line {
	struct galaxy_item *item;
	struct galaxy_balance *balance;
	struct decimal quantity;
};

/* The first trouble found; later ones are not looked for. */
struct check {
	struct galaxy *galaxy;
	const char *wrong; /* static; NULL: fine so far */
	char field[96];
	char where[40]; /* what the members stand in: "lines[3]." */
	int company;    /* of the document; -1: unknown */
	struct line lines[LINES_MAX];
	size_t n_lines;
	struct decimal netamount; /* of the lines */
	struct decimal vatamount;
};

static void
complain(struct check *c, const char *field, const char *wrong)
{
	if (c->wrong != NULL)
		return;
	c->wrong = wrong;
	snprintf(c->field, sizeof(c->field), "%s%s", c->where, field);
}

/* ---- references ---- */

/* identifier.id of a reference; NULL: none. codelist must be RCP. */
static const char *
id_of(const struct json_node *reference)
{
	const struct json_node *identifier = json_find(reference, "identifier");
	const char *codelist = json_text_or(identifier, "codelist", "RCP");

	if (strcmp(codelist, "RCP") != 0)
		return NULL;
	return json_text_or(identifier, "id", NULL);
}

/* A needed reference to a row; -1 after a complaint. */
static int
need_row(struct check *c, const struct json_node *o, const char *member,
         enum galaxy_kind kind)
{
	const char *id = id_of(json_path(o, member));
	int row = id != NULL ? galaxy_find_row(c->galaxy, kind, id) : -1;

	if (id == NULL)
		complain(c, member, "is needed, with identifier.id");
	else if (row < 0)
		complain(c, member, "unknown id");
	return row;
}

/*
 * Part of an address: where it stands it has an id that is known, or a
 * description instead. -1: no id.
 */
static int
allow_row(struct check *c, const struct json_node *o, const char *member,
          enum galaxy_kind kind)
{
	const struct json_node *reference = json_find(o, member);
	const char *id = id_of(reference);
	int row = id != NULL ? galaxy_find_row(c->galaxy, kind, id) : -1;

	if (id != NULL && row < 0)
		complain(c, member, "unknown id");
	if (reference != NULL && id == NULL &&
	    json_text_or(reference, "descr", NULL) == NULL)
		complain(c, member, "has neither identifier.id nor descr");
	return row;
}

/* Text, null or absent. */
static void
allow_texts(struct check *c, const struct json_node *o,
            const char *const *members, size_t n)
{
	const struct json_node *value;
	size_t i;

	for (i = 0; i < n; i++) {
		value = json_find(o, members[i]);
		if (value != NULL && json_text(value) == NULL)
			complain(c, members[i], "is a text");
	}
}

/* ---- addresses ---- */

/* 2024-05-01T09:30:00, to the second, no zone. */
static bool
is_posted_date(const char *text)
{
	static const char shape[] = "0000-00-00T00:00:00";
	size_t i;

	for (i = 0; shape[i] != '\0'; i++) {
		if (shape[i] == '0' ? !isdigit((unsigned char)text[i])
		                    : text[i] != shape[i])
			return false;
	}
	return text[i] == '\0';
}

static void
check_address(struct check *c, const struct json_node *address,
              const struct galaxy_customer *trader)
{
	static const char *const texts[] = { "zipcode", "streetname",
		                             "streetnum" };
	const char *site = id_of(address);
	int country = allow_row(c, address, "country", GALAXY_COUNTRY);
	int prefecture = allow_row(c, address, "prefecture", GALAXY_PREFECTURE);
	int city = allow_row(c, address, "city", GALAXY_CITY);

	if (country >= 0 && prefecture >= 0 &&
	    galaxy_prefecture_country(prefecture) != country)
		complain(c, "prefecture", "belongs to another country");
	if (prefecture >= 0 && city >= 0 &&
	    galaxy_city_prefecture(city) != prefecture)
		complain(c, "city", "belongs to another prefecture");
	if (site != NULL && trader != NULL &&
	    galaxy_find_site(c->galaxy, trader, site) == NULL)
		complain(c, "identifier", "is no address of the trader");
	if (json_find(address, "identifier") != NULL && site == NULL)
		complain(c, "identifier", "has no id");
	allow_texts(c, address, texts, sizeof(texts) / sizeof(texts[0]));
	if (json_find(address, "municipality") != NULL)
		complain(c, "municipality", "must be null");
}

/* An address that is left out is the customer's primary one. */
static void
check_addresses(struct check *c, const struct json_node *d,
                const struct galaxy_customer *trader)
{
	static const char *const texts[] = { "telephone", "fax", "email",
		                             "additionalinfo" };
	const struct json_node *bill = json_find(d, "billtoaddress");
	const struct json_node *delivery = json_find(d, "deliveryinfo");
	const struct json_node *address = json_find(delivery, "address");
	const char *date = json_text_or(delivery, "delivdate", NULL);

	if (bill != NULL) {
		snprintf(c->where, sizeof(c->where), "billtoaddress.");
		check_address(c, bill, trader);
	}
	if (delivery != NULL) {
		snprintf(c->where, sizeof(c->where), "deliveryinfo.");
		allow_texts(c, delivery, texts,
		            sizeof(texts) / sizeof(texts[0]));
		if (date != NULL && !is_posted_date(date))
			complain(c, "delivdate", "is no 2024-05-01T09:30:00");
	}
	if (address != NULL) {
		snprintf(c->where, sizeof(c->where), "deliveryinfo.address.");
		check_address(c, address, trader);
	}
	c->where[0] = '\0';
	if (trader != NULL && trader->n_sites == 0 &&
	    (bill == NULL || address == NULL))
		complain(c, "trader", "has no primary address");
}

/* ---- parties and terms ---- */

static const struct galaxy_customer *
check_trader(struct check *c, const struct json_node *d, int company)
{
	const char *id = id_of(json_find(d, "trader"));
	const struct galaxy_customer *trader = NULL;

	if (id == NULL)
		complain(c, "trader", "is needed, with identifier.id");
	else
		trader = galaxy_find_customer(c->galaxy, id);
	if (id != NULL && trader == NULL)
		complain(c, "trader", "unknown id");
	else if (trader != NULL && trader->is_inactive)
		complain(c, "trader", "is not active");
	else if (trader != NULL && company >= 0 && trader->company != company)
		complain(c, "trader", "belongs to another company");
	return trader;
}

static void
check_parties(struct check *c, const struct json_node *d)
{
	int company = need_row(c, d, "company", GALAXY_COMPANY);
	int site = need_row(c, d, "companysite", GALAXY_SITE);

	c->company = company;
	if (site >= 0 && galaxy_site_company(site) != company)
		complain(c, "companysite", "belongs to another company");
	check_addresses(c, d, check_trader(c, d, company));
	need_row(c, d, "doccurrency", GALAXY_CURRENCY);
	need_row(c, d, "transportmode", GALAXY_AGENCY);
	need_row(c, d, "transporter", GALAXY_SHIPPING);
	need_row(c, d, "dispatchpurpose", GALAXY_PURPOSE);
	need_row(c, d, "paymentagreement.paymentplan", GALAXY_PAYMETHOD);
}

static void
check_charges(struct check *c, const struct json_node *d)
{
	const struct json_node *charges = json_find(d, "charges");
	const char *id;
	size_t i;
	int row;

	if (charges != NULL && json_type(charges) != JSON_ARRAY)
		complain(c, "charges", "is an array");
	for (i = 0; i < json_length(charges); i++) {
		id = id_of(json_at(charges, i));
		row = id != NULL ? galaxy_find_row(c->galaxy, GALAXY_CHARGE, id)
		                 : -1;
		if (row < 0)
			complain(c, "charges", "unknown id");
		else if (galaxy_charge_type(c->galaxy, row) == 0)
			complain(c, "charges", "is not active");
		else if (galaxy_charge_type(c->galaxy, row) != 2)
			complain(c, "charges", "a shop may use type 2 only");
	}
}

static void
check_document(struct check *c, const struct json_node *d)
{
	const char *date = json_text_or(d, "docdate", "");
	int64_t revision = 1;

	if (!is_posted_date(date))
		complain(c, "docdate", "is needed as 2024-05-01T09:30:00");
	if (json_find(d, "revisionnumber") != NULL &&
	    (json_get_int(&revision, d, "revisionnumber") != 0 ||
	     revision != 1))
		complain(c, "revisionnumber", "is the constant 1");
}

/* ---- arithmetic ---- */

static struct decimal
distance(struct decimal a, struct decimal b)
{
	struct decimal d = decimal_sub(a, b);

	return decimal_is_negative(d) ? decimal_neg(d) : d;
}

/* An amount in money, as a number; a text is no number here. */
static struct decimal
need_number(struct check *c, const struct json_node *o, const char *member)
{
	struct decimal d = DECIMAL_ZERO;

	if (json_get_decimal(&d, o, member) != 0)
		complain(c, member, "is needed, as a number");
	return d;
}

static void
need_zero(struct check *c, const struct json_node *o, const char *member)
{
	if (!decimal_is_zero(need_number(c, o, member)))
		complain(c, member, "must be 0");
}

static void
need_null(struct check *c, const struct json_node *o, const char *member)
{
	if (json_find(o, member) != NULL)
		complain(c, member, "must be null");
}

/*
 * Amounts may be cut or rounded to the third decimal, and the net price
 * before them: each unit of the quantity may be off by a thousandth.
 */
static struct decimal
slack_of(struct decimal quantity)
{
	const struct decimal thousandth = decimal_of_scaled(1, 3);
	struct decimal q = quantity;

	if (decimal_is_negative(q))
		q = decimal_neg(q);
	return decimal_add(decimal_mul(q, thousandth, 9, DECIMAL_CUT),
	                   thousandth);
}

static void
check_amounts(struct check *c, const struct json_node *o,
              struct decimal quantity, int vat)
{
	struct decimal netprice = need_number(c, o, "netprice");
	struct decimal net = need_number(c, o, "netamount");
	struct decimal vat_due = need_number(c, o, "vatamount");
	struct decimal slack = slack_of(quantity);
	struct decimal expected;

	if (decimal_cmp(need_number(c, o, "vatprc"), decimal_of(vat)) != 0)
		complain(c, "vatprc", "is not the item's NormalPcd");
	expected = decimal_mul(netprice, quantity, 9, DECIMAL_CUT);
	if (decimal_cmp(distance(net, expected), slack) > 0)
		complain(c, "netamount", "is not netprice times qty");
	expected = decimal_mul_div(net, decimal_of(vat), decimal_of(100), 9,
	                           DECIMAL_CUT);
	if (decimal_cmp(distance(vat_due, expected), slack) > 0)
		complain(c, "vatamount", "is not the VAT of the line");
	need_zero(c, o, "discamount");
	need_null(c, o, "extrataxes");
	need_null(c, o, "extrataxestotal");
	need_null(c, o, "deductions");
	need_null(c, o, "deductionstotal");
	c->netamount = decimal_add(c->netamount, net);
	c->vatamount = decimal_add(c->vatamount, vat_due);
}

static void
check_totals(struct check *c, const struct json_node *d)
{
	struct decimal total = decimal_add(c->netamount, c->vatamount);

	if (decimal_cmp(need_number(c, d, "netamount"), c->netamount) != 0)
		complain(c, "netamount", "is not the sum of the lines");
	if (decimal_cmp(need_number(c, d, "vatamount"), c->vatamount) != 0)
		complain(c, "vatamount", "is not the sum of the lines");
	if (decimal_cmp(need_number(c, d, "totalamount"), total) != 0)
		complain(c, "totalamount", "is not netamount plus vatamount");
	if (decimal_cmp(need_number(c, d, "payableamount"), total) != 0)
		complain(c, "payableamount", "is not totalamount");
	need_zero(c, d, "discamount");
	need_null(c, d, "extrataxes");
	need_null(c, d, "extrataxestotal");
	need_null(c, d, "extrataxesgrandtotal");
	need_zero(c, d, "deductionstotal");
	need_zero(c, d, "deductionsgrandtotal");
	if (json_type(json_find(d, "deductions")) != JSON_ARRAY)
		complain(c, "deductions", "must be an array");
}

/* ---- lines ---- */

/* The value code that the line names for a dimension; NULL: none. */
static const char *
value_named(struct check *c, const struct json_node *named, int dimension)
{
	const char *id;
	size_t i;

	for (i = 0; i < json_length(named); i++) {
		id = id_of(json_at(named, i));
		if (id != NULL && galaxy_find_row(c->galaxy, GALAXY_DIMENSION,
		                                  id) == dimension)
			return json_text_or(json_at(named, i), "value", NULL);
	}
	return NULL;
}

static bool
has_value(int dimension, int value, const char *code)
{
	if (dimension < 0)
		return true;
	return strcmp(galaxy_value_code(dimension, value), code) == 0;
}

/* The balance that the line's dimension values name; NULL after a complaint. */
static struct galaxy_balance *
find_balance(struct check *c, const struct json_node *o,
             struct galaxy_item *item)
{
	const struct json_node *named = json_find(o, "itemattributes");
	const char *one = value_named(c, named, item->dimension);
	const char *two = value_named(c, named, item->dimension2);
	size_t wanted = (size_t)(item->dimension >= 0) +
	                (size_t)(item->dimension2 >= 0);
	size_t j;

	if (json_length(named) != wanted ||
	    (item->dimension >= 0 && one == NULL) ||
	    (item->dimension2 >= 0 && two == NULL)) {
		complain(c, "itemattributes",
		         "names not exactly the item's dimensions");
		return NULL;
	}
	for (j = 0; j < item->n_balances; j++) {
		if (has_value(item->dimension, item->balances[j].value, one) &&
		    has_value(item->dimension2, item->balances[j].value2, two))
			return &item->balances[j];
	}
	complain(c, "itemattributes", "no such value code");
	return NULL;
}

static void
check_unit(struct check *c, const struct json_node *o,
           const struct galaxy_item *item, const char *member)
{
	const char *id = id_of(json_find(o, member));

	if (id == NULL || galaxy_find_row(c->galaxy, GALAXY_UNIT, id) !=
	                          (item->n_decimals > 0))
		complain(c, member, "is not the item's Unit1ID");
}

static void
check_quantity(struct check *c, const struct line *line)
{
	struct decimal q = line->quantity;

	if (decimal_is_zero(q))
		complain(c, "qty", "is needed and not 0");
	if (decimal_is_negative(q) && c->galaxy->is.refuses_negative)
		complain(c, "qty", "must not be negative");
	if (decimal_cmp(decimal_round(q, line->item->n_decimals, DECIMAL_CUT),
	                q) != 0)
		complain(c, "qty", "is finer than the item's unit");
}

static void
check_line(struct check *c, struct line *line, const struct json_node *o)
{
	const char *id = id_of(json_find(o, "item"));

	line->item = id != NULL ? galaxy_find_item(c->galaxy, id) : NULL;
	if (line->item == NULL) {
		complain(c, "item", "no such ItemID");
		return;
	}
	if (line->item->is_blocked || line->item->is_inactive)
		complain(c, "item", "is blocked for sales");
	if (c->company >= 0 && !galaxy_is_sold_by(line->item, c->company))
		complain(c, "item", "belongs to another company");
	line->balance = find_balance(c, o, line->item);
	line->quantity = need_number(c, o, "qty");
	check_quantity(c, line);
	check_unit(c, o, line->item, "qtymunit");
	check_unit(c, o, line->item, "pricemunit");
	check_amounts(c, o, line->quantity,
	              galaxy_vat_percent(line->item->vat));
}

static void
check_lines(struct check *c, const struct json_node *d)
{
	const struct json_node *lines = json_find(d, "lines");
	size_t i;

	c->n_lines = json_length(lines);
	if (c->n_lines == 0 || c->n_lines > LINES_MAX) {
		complain(c, "lines", "are needed");
		c->n_lines = 0;
	}
	for (i = 0; i < c->n_lines; i++) {
		snprintf(c->where, sizeof(c->where), "lines[%zu].", i);
		check_line(c, &c->lines[i], json_at(lines, i));
	}
	c->where[0] = '\0';
}

/* ---- the entry ---- */

/* docid is text or a number; an empty one is none. */
static char *
docid_of(const struct json_node *d)
{
	const struct json_node *node = json_find(d, "docid");
	const char *text = json_text(node);

	if (text == NULL)
		text = json_number_text(node);
	return text != NULL && text[0] != '\0' ? sim_dup(text) : NULL;
}

static struct galaxy_entry *
find_entry(struct galaxy *galaxy, const char *docid)
{
	size_t i;

	for (i = 0; i < galaxy->n_entries; i++) {
		if (strcmp(galaxy->entries[i].docid, docid) == 0)
			return &galaxy->entries[i];
	}
	return NULL;
}

static struct galaxy_entry *
add_entry(struct check *c, const char *docid, const char *docdate)
{
	struct galaxy *galaxy = c->galaxy;
	void *entries = galaxy->entries;
	struct galaxy_entry *entry;
	struct buf lines = BUF_INIT;
	struct json_out out = { .to = &lines };
	size_t i;

	sim_grow(&entries, &galaxy->cap_entries, galaxy->n_entries,
	         sizeof(*entry));
	galaxy->entries = entries;
	entry = &galaxy->entries[galaxy->n_entries++];
	entry->docid = sim_dup(docid);
	entry->docdate = sim_dup(docdate);
	entry->total = decimal_add(c->netamount, c->vatamount);
	json_out_array(&out, NULL);
	for (i = 0; i < c->n_lines; i++) {
		json_out_object(&out, NULL);
		json_out_text(&out, "code", c->lines[i].item->code);
		json_out_decimal(&out, "quantity", c->lines[i].quantity);
		json_out_end_object(&out);
	}
	json_out_end_array(&out);
	entry->lines = sim_dup(buf_text(&lines));
	buf_fini(&lines);
	return entry;
}

/* Book it: the balances fall. */
static void
apply(struct check *c, const char *docid, const char *docdate,
      const char *document)
{
	struct galaxy_entry *entry = find_entry(c->galaxy, docid);
	struct line *line;
	size_t i;

	if (entry != NULL && c->galaxy->is.dedupes) {
		entry->n_repeats++;
		return;
	}
	if (entry == NULL)
		entry = add_entry(c, docid, docdate);
	if (entry->n_posts++ > 0)
		buf_addc(&entry->documents, ',');
	buf_adds(&entry->documents, document);
	for (i = 0; i < c->n_lines; i++) {
		line = &c->lines[i];
		galaxy_issue(c->galaxy, line->item, line->balance,
		             line->quantity);
	}
}

static void
check_entry(struct check *c, const struct json_node *root)
{
	const struct json_node *body = json_find(root, "body");
	const struct json_node *d = json_find(body, "data");

	if (json_type(json_find(body, "header")) != JSON_OBJECT)
		complain(c, "body.header", "is needed");
	if (json_type(d) != JSON_OBJECT)
		complain(c, "body.data", "is needed");
	check_document(c, d);
	check_parties(c, d);
	check_charges(c, d);
	check_lines(c, d);
	check_totals(c, d);
}

static void
refuse_entry(struct check *c, struct server_reply *reply)
{
	char message[256];

	c->galaxy->n_refused_posts++;
	snprintf(message, sizeof(message), "%s: %s", c->field, c->wrong);
	galaxy_refuse(reply, (int)c->galaxy->is.refusal_status,
	              "ValidationException", c->field, message);
}

void
galaxy_post_entry(struct galaxy *galaxy, const struct http_call *call,
                  struct server_reply *reply)
{
	struct check *c = sim_alloc(sizeof(*c));
	struct json *doc = NULL;
	const struct json_node *data;
	char *docid = NULL;

	c->galaxy = galaxy;
	if (strstr(sim_header(call, "Content-Type"), "json") == NULL)
		complain(c, "Content-Type", "must be application/json");
	if (json_parse(&doc, call->body, call->n_body) != 0) {
		complain(c, "body", "is no JSON");
		refuse_entry(c, reply);
		goto out;
	}
	data = json_path(json_root(doc), "body.data");
	docid = docid_of(data);
	if (docid == NULL)
		complain(c, "docid", "is needed");
	check_entry(c, json_root(doc));
	if (c->wrong != NULL) {
		refuse_entry(c, reply);
		goto out;
	}
	apply(c, docid, json_text_or(data, "docdate", ""), call->body);
	reply->status = 200;
	buf_adds(&reply->body, "{}");
out:
	free(docid);
	json_free(doc);
	free(c);
}

void
galaxy_print_documents(struct galaxy *galaxy, const char *docid,
                       struct json_out *out)
{
	const struct galaxy_entry *e;
	size_t i;

	json_out_array(out, "documents");
	for (i = 0; i < galaxy->n_entries; i++) {
		e = &galaxy->entries[i];
		if (docid == NULL || strcmp(e->docid, docid) == 0)
			json_out_raw(out, NULL, buf_text(&e->documents));
	}
	json_out_end_array(out);
}

/* ---- finding it again ---- */

/*
 * filters=[{FIELD:[value,Operator]}], strings quoted, as public clients send
 * it. Only Equal on the docid is understood. The value goes to out.
 */
static bool
parse_filter(char *out, size_t size, const char *text, const char *field)
{
	const char *end;
	size_t n = strlen(field);
	bool is_quoted;

	if (!sim_after(&text, text, "[{") || strncmp(text, field, n) != 0 ||
	    !sim_after(&text, text + n, ":["))
		return false;
	is_quoted = text[0] == '"';
	text += is_quoted;
	end = strstr(text, is_quoted ? "\"," : ",");
	if (end == NULL || (size_t)(end - text) >= size ||
	    strcmp(end + is_quoted, ",Equal]}]") != 0)
		return false;
	snprintf(out, size, "%.*s", (int)(end - text), text);
	return true;
}

static void
answer_view(const struct galaxy_entry *entry, struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };
	char guid[GALAXY_GUID_SIZE];
	int64_t i;

	reply->status = 200;
	json_out_object(&out, NULL);
	json_out_array(&out, "Items");
	for (i = 0; entry != NULL && i < entry->n_posts; i++) {
		galaxy_guid(guid, GALAXY_PREFIX, (unsigned)i);
		json_out_object(&out, NULL);
		json_out_text(&out, "ID", guid);
		json_out_text(&out, "DOCID", entry->docid);
		json_out_text(&out, "DOCDATE", entry->docdate);
		json_out_decimal(&out, "TOTALAMOUNT", entry->total);
		json_out_end_object(&out);
	}
	json_out_end_array(&out);
	json_out_end_object(&out);
}

static bool
is_view(const struct galaxy *galaxy, const char *path)
{
	const char *view = galaxy->options.view;
	const char *name = strchr(view, '/');
	char wanted[200];
	const char *rest;

	if (sim_after(&rest, path, "/api/glx/advancedcustomviews/"))
		return strcasecmp(rest, galaxy->options.advanced_view) == 0;
	if (name == NULL)
		return false;
	snprintf(wanted, sizeof(wanted), "/api/glx/views/%.*s/custom%s",
	         (int)(name - view), view, name);
	return strcmp(path, wanted) == 0;
}

void
galaxy_find_entry(struct galaxy *galaxy, const struct http_call *call,
                  struct server_reply *reply)
{
	struct buf filters = BUF_INIT;
	char docid[300];

	if (!is_view(galaxy, call->path) || strcmp(call->method, "GET") != 0)
		galaxy_refuse(reply, 404, "NotFound", NULL,
		              "Handler for Request not found");
	else if (!sim_param(&filters, call->query, "filters") ||
	         !parse_filter(docid, sizeof(docid), buf_text(&filters),
	                       galaxy->options.view_field))
		galaxy_refuse(reply, 400, "ArgumentException", "filters",
		              "Invalid filter expression");
	else
		answer_view(find_entry(galaxy, docid), reply);
	buf_fini(&filters);
}
