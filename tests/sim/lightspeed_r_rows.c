/*
 * Lightspeed R: lists and records.
 *
 * A record is a row of named texts; searching, sorting and paging know no more
 * about it. A list of one element is that element, an empty one is not there.
 */
#define _DEFAULT_SOURCE 1 /* strcasecmp, strncasecmp under -std=c17 */

#include "tests/sim/lightspeed_r.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FIELDS_MAX = 32, VALUE_MAX = 200, LIMIT_MAX = 100, IN_MAX = 100 };

enum kind { TEXT, NUMBER, TIME, TRUTH };

struct field {
	const char *name; /* static */
	enum kind kind;
	char value[VALUE_MAX];
};

struct record {
	struct field fields[FIELDS_MAX];
	size_t n;
	bool is_archived;
	bool is_hidden; /* not yet to be seen in lists */
	bool is_odd;    /* some names in their other spelling */
};

/* ---- filling rows ---- */

static void
set(struct record *row, const char *name, enum kind kind, const char *value)
{
	struct field *f = &row->fields[row->n++];

	f->name = name;
	f->kind = kind;
	snprintf(f->value, sizeof(f->value), "%s", value);
}

static void
set_int(struct record *row, const char *name, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)n);
	set(row, name, NUMBER, text);
}

static void
set_decimal(struct record *row, const char *name, struct decimal d)
{
	char text[DECIMAL_TEXT_SIZE];

	set(row, name, NUMBER, decimal_format(text, d));
}

static void
set_bool(struct record *row, const char *name, bool yes)
{
	set(row, name, TRUTH, yes ? "true" : "false");
}

static void
set_time(struct record *row, const char *name, int64_t us)
{
	char text[SIM_TIME_SIZE] = "";

	if (us > 0)
		lsr_time(text, us);
	set(row, name, TIME, text);
}

static bool
fill_shop(struct lightspeed_r *r, size_t i, struct record *row)
{
	(void)r;
	if (i >= LSR_N_SHOPS)
		return false;
	set_int(row, "shopID", (int64_t)i + 1);
	set(row, "name", TEXT, i == 0 ? "Agora" : "Αποθήκη");
	set(row, "timeZone", TEXT, "Europe/Athens");
	set_bool(row, "archived", false);
	set_int(row, "taxCategoryID", 0);
	return true;
}

static bool
fill_register(struct lightspeed_r *r, size_t i, struct record *row)
{
	(void)r;
	if (i >= 1)
		return false;
	set_int(row, "registerID", LSR_REGISTER);
	set(row, "name", TEXT, "Ταμείο 1");
	set_bool(row, "open", true);
	set_int(row, "shopID", 1);
	set_bool(row, "archived", false);
	return true;
}

static bool
fill_employee(struct lightspeed_r *r, size_t i, struct record *row)
{
	(void)r;
	if (i >= 1)
		return false;
	set_int(row, "employeeID", LSR_EMPLOYEE);
	set(row, "firstName", TEXT, "Till");
	set(row, "lastName", TEXT, "Bridge");
	set_bool(row, "lockOut", false);
	set_bool(row, "archived", false);
	return true;
}

static const struct {
	int64_t id;
	const char *name;
	const char *type;
	bool is_reserved;
	bool needs_customer;
} payment_types[] = {
	{ LSR_CASH, "Cash", "cash", true, false },
	{ 2, "Check", "user created", false, false },
	{ 3, "Credit Account", "credit account", true, true },
	{ 4, "Gift Card", "gift card", true, false },
	{ LSR_CARD, "Credit Card", "credit card", true, false },
	{ 9, "eCom", "ecom", true, false },
};

static bool
fill_payment_type(struct lightspeed_r *r, size_t i, struct record *row)
{
	(void)r;
	if (i >= sizeof(payment_types) / sizeof(payment_types[0]))
		return false;
	set_int(row, "paymentTypeID", payment_types[i].id);
	set(row, "name", TEXT, payment_types[i].name);
	set(row, "type", TEXT, payment_types[i].type);
	set_bool(row, "internalReserved", payment_types[i].is_reserved);
	set_bool(row, "requireCustomer", payment_types[i].needs_customer);
	set_bool(row, "archived", false);
	return true;
}

static bool
fill_item(struct lightspeed_r *r, size_t i, struct record *row)
{
	const struct lsr_thing *t;
	char text[VALUE_MAX];

	if (i >= r->n_things)
		return false;
	t = r->things[i];
	row->is_archived = t->is_archived;
	set_int(row, "itemID", t->id);
	snprintf(text, sizeof(text), "2100000%05lld", (long long)t->id);
	set(row, "systemSku", TEXT, text);
	set(row, "customSku", TEXT, t->goods.sku);
	set(row, "manufacturerSku", TEXT, "");
	set(row, "upc", TEXT, "");
	set(row, "ean", TEXT, t->goods.barcode);
	snprintf(text, sizeof(text), "%s%s%s", t->goods.name,
	         t->goods.kind[0] != '\0' ? " " : "", t->goods.kind);
	set(row, "description", TEXT, text);
	set(row, "itemType", TEXT,
	    t->is_untracked ? "non_inventory" : "default");
	set_bool(row, "tax", true);
	set_bool(row, "archived", t->is_archived);
	set_int(row, "itemMatrixID", t->matrix);
	set_time(row, "timeStamp", t->stamp_us);
	return true;
}

/* The row of a thing and a shop; 0 is their sum. NULL: not made yet. */
static const struct lsr_shop_row *
shop_row(const struct lsr_thing *t, size_t shop)
{
	const struct lsr_shop_row *found =
		shop == 0 ? &t->sum : &t->shops[shop - 1];

	return found->id != 0 ? found : NULL;
}

static bool
fill_item_shop(struct lightspeed_r *r, size_t i, struct record *row)
{
	static const char *const zeros[] = {
		"backorder",         "componentQoh",   "componentBackorder",
		"onLayaway",         "onSpecialOrder", "onTransferOut",
		"onTransferIn",      "averageCost",    "totalValueFifo",
		"totalValueAvgCost",
	};
	const size_t shop = i % (LSR_N_SHOPS + 1);
	const struct lsr_thing *t;
	const struct lsr_shop_row *s;
	size_t k;

	if (i / (LSR_N_SHOPS + 1) >= r->n_things)
		return false;
	t = r->things[i / (LSR_N_SHOPS + 1)];
	s = shop_row(t, shop);
	row->is_hidden = s == NULL || t->is_untracked;
	if (row->is_hidden)
		return true;
	set_int(row, "itemShopID", s->id);
	set_int(row, "qoh", s->qoh);
	set_int(row, "sellable", s->qoh > 0 ? s->qoh : 0);
	set_int(row, "shopID", (int64_t)shop);
	set_int(row, "itemID", t->id);
	set_int(row, "reorderPoint", s->reorder_point);
	set_int(row, "reorderLevel", s->reorder_level);
	for (k = 0; k < sizeof(zeros) / sizeof(zeros[0]); k++)
		set_int(row, zeros[k], 0);
	set_int(row, row->is_odd ? "onWorkorder" : "onWorkOrder", 0);
	set_time(row, "timeStamp", s->stamp_us);
	return true;
}

static bool
fill_sale(struct lightspeed_r *r, size_t i, struct record *row)
{
	const struct lsr_sale *s;
	struct decimal total;
	struct decimal paid;
	char ticket[24];

	if (i >= r->n_sales)
		return false;
	s = r->sales[i];
	total = lsr_sale_total(r, s);
	paid = lsr_sale_paid(s);
	row->is_hidden = s->visible_us > sim_now_us(r->sim);
	snprintf(ticket, sizeof(ticket), "22%010lld", (long long)s->id);
	set_int(row, "saleID", s->id);
	set_time(row, "timeStamp", s->stamp_us);
	set_bool(row, "completed", s->is_completed);
	set_bool(row, "archived", false);
	set_bool(row, "voided", s->is_voided);
	set(row, "referenceNumber", TEXT, s->reference);
	set(row, "referenceNumberSource", TEXT, s->source);
	set_time(row, "createTime", s->created_us);
	set_time(row, row->is_odd ? "updateTime" : "updatetime", s->stamp_us);
	set_time(row, "completeTime", s->completed_us);
	set(row, "ticketNumber", TEXT, ticket);
	set_decimal(row, "calcTotal", total);
	set_decimal(row, "calcPayments", paid);
	set_decimal(row, "total", total);
	set_decimal(row, "change",
	            decimal_cmp(paid, total) > 0 && s->is_completed
	                    ? decimal_sub(paid, total)
	                    : DECIMAL_ZERO);
	set_decimal(row, "balance",
	            decimal_cmp(paid, total) < 0 ? decimal_sub(total, paid)
	                                         : DECIMAL_ZERO);
	set_int(row, "customerID", s->customer);
	set_int(row, "employeeID", s->employee);
	set_int(row, "registerID", s->shop_register);
	set_int(row, "shopID", s->shop);
	return true;
}

static void
fill_line(struct lightspeed_r *r, const struct lsr_sale *s,
          const struct lsr_line *line, struct record *row)
{
	struct decimal q = decimal_of(line->quantity);

	set_int(row, "saleLineID", line->id);
	set_int(row, "saleID", s->id);
	set_int(row, "itemID", line->thing->id);
	set_int(row, "shopID", s->shop);
	set_int(row, "employeeID", s->employee);
	set_decimal(row, "unitQuantity", q);
	set_decimal(row, "unitPrice", line->price);
	set_bool(row, "tax", line->is_taxed);
	set_decimal(row, "calcSubtotal",
	            decimal_mul(line->price, q, 9, DECIMAL_HALF_UP));
	set_decimal(row, "calcTotal", lsr_line_total(r, line));
	set_int(row, "parentSaleLineID", line->parent);
	set_bool(row, "isLayaway", false);
	set_time(row, "createTime", s->created_us);
	set_time(row, "timeStamp", s->stamp_us);
}

static bool
fill_sale_line(struct lightspeed_r *r, size_t i, struct record *row)
{
	size_t k;

	for (k = 0; k < r->n_sales; k++) {
		if (i < r->sales[k]->n_lines) {
			fill_line(r, r->sales[k], &r->sales[k]->lines[i], row);
			return true;
		}
		i -= r->sales[k]->n_lines;
	}
	return false;
}

static bool
fill_log(struct lightspeed_r *r, size_t i, struct record *row)
{
	const struct lsr_log *l;

	if (i >= r->n_logs)
		return false;
	l = &r->logs[i];
	set_int(row, "inventoryLogID", l->id);
	set_int(row, "qohChange", l->change);
	set_int(row, "costChange", 0);
	set_time(row, "createTime", l->created_us);
	set_bool(row, "automated", l->sale != 0);
	set(row, "reason", TEXT, l->reason);
	set_bool(row, "causedNegative", l->is_negative);
	set_int(row, "employeeID", LSR_EMPLOYEE);
	set_int(row, "itemID", l->item);
	set_int(row, "shopID", l->shop);
	set_int(row, "orderID", 0);
	set_int(row, "transferID", 0);
	set_int(row, "saleID", l->sale);
	set_int(row, "inventoryCountID", l->count);
	set_int(row, "customerID", 0);
	set_int(row, "vendorReturnID", 0);
	set_int(row, "itemImportID", 0);
	return true;
}

/* ---- resources ---- */

struct resource {
	const char *name;
	const char *id;       /* of its records */
	const char *sortable; /* blank-separated */
	const char *scopes;   /* one of them is needed; "": none */
	bool (*fill)(struct lightspeed_r *r, size_t i, struct record *row);
	const char *relation; /* that it can load; NULL: none */
};

static const struct resource resources[] = {
	{ "Shop", "shopID", "shopID", "", fill_shop, NULL },
	{ "Register", "registerID", "registerID", "", fill_register, NULL },
	{ "Employee", "employeeID", "employeeID", "", fill_employee, NULL },
	{ "PaymentType", "paymentTypeID", "paymentTypeID", "",
	  fill_payment_type, NULL },
	{ "Item", "itemID", "itemID timeStamp",
	  "employee:inventory employee:inventory_read", fill_item,
	  "ItemShops" },
	{ "ItemShop", "itemShopID", "itemShopID timeStamp",
	  "employee:inventory employee:inventory_read", fill_item_shop, NULL },
	{ "Sale", "saleID", "saleID timeStamp completeTime updatetime",
	  "employee:register employee:register_read", fill_sale,
	  "SaleLines SalePayments" },
	{ "SaleLine", "saleLineID", "saleLineID timeStamp",
	  "employee:register employee:register_read", fill_sale_line, NULL },
	{ "InventoryLog", "inventoryLogID", "inventoryLogID itemID",
	  "employee:inventory_log", fill_log, NULL },
};

static const struct resource *
find_resource(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
		if (strcmp(resources[i].name, name) == 0)
			return &resources[i];
	}
	return NULL;
}

static bool
fill(struct lsr_call *c, const struct resource *what, size_t i,
     struct record *row)
{
	row->n = 0;
	row->is_archived = false;
	row->is_hidden = false;
	row->is_odd = c->r->n_answers % 2 == 1;
	return what->fill(c->r, i, row);
}

/* Names are matched without case: they are spelled in two ways. */
static const struct field *
find_field(const struct record *row, const char *name)
{
	size_t i;

	for (i = 0; i < row->n; i++) {
		if (strcasecmp(row->fields[i].name, name) == 0)
			return &row->fields[i];
	}
	return NULL;
}

static int64_t
key_of(const struct field *f)
{
	struct decimal d;
	int64_t key = 0;

	if (f == NULL)
		return 0;
	if (f->kind == TIME)
		return sim_time_parse(&key, f->value) ? key : 0;
	if (decimal_parse(&d, f->value) != 0 ||
	    decimal_to_scaled(&key, d, 0) != 0)
		return 0;
	return key;
}

/* ---- searching ---- */

static bool
is_like(const char *text, const char *pattern)
{
	for (; *pattern != '\0'; pattern++, text++) {
		if (*pattern == '%') {
			for (;; text++) {
				if (is_like(text, pattern + 1))
					return true;
				if (*text == '\0')
					return false;
			}
		}
		if (tolower((unsigned char)*text) !=
		    tolower((unsigned char)*pattern))
			return false;
	}
	return *text == '\0';
}

/* Compare as the field's kind has it. */
static int
compare(const struct field *f, const char *value)
{
	int64_t a;
	int64_t b;
	struct decimal x;
	struct decimal y;

	if (f->kind == TIME && sim_time_parse(&a, f->value) &&
	    sim_time_parse(&b, value))
		return (a > b) - (a < b);
	if (f->kind == NUMBER && decimal_parse(&x, f->value) == 0 &&
	    decimal_parse(&y, value) == 0)
		return decimal_cmp(x, y);
	return strcasecmp(f->value, value);
}

static bool
is_between(const struct field *f, const char *pair)
{
	char low[VALUE_MAX];
	size_t n = strcspn(pair, ",");

	snprintf(low, sizeof(low), "%.*s", (int)n, pair);
	return pair[n] == ',' && compare(f, low) >= 0 &&
	       compare(f, pair + n + 1) <= 0;
}

/* [1,2,3], at most a hundred. */
static bool
is_in(struct lsr_call *c, const struct field *f, const char *list)
{
	char one[VALUE_MAX];
	size_t n;
	int count = 0;
	bool is_found = false;

	list += *list == '[';
	while (*list != '\0' && *list != ']') {
		n = strcspn(list, ",]");
		snprintf(one, sizeof(one), "%.*s", (int)n, list);
		is_found = is_found || compare(f, one) == 0;
		list += n;
		list += *list == ',';
		count++;
	}
	return count > IN_MAX ? lsr_refuse(c, 400, "At most 100 values for IN")
	                      : is_found;
}

/* "operator,value", or a value alone. */
static bool
matches(struct lsr_call *c, const struct field *f, const char *test)
{
	const char *v;

	if (sim_after(&v, test, "><,"))
		return is_between(f, v);
	if (sim_after(&v, test, ">=,"))
		return compare(f, v) >= 0;
	if (sim_after(&v, test, "<=,"))
		return compare(f, v) <= 0;
	if (sim_after(&v, test, ">,"))
		return compare(f, v) > 0;
	if (sim_after(&v, test, "<,"))
		return compare(f, v) < 0;
	if (sim_after(&v, test, "!=,"))
		return compare(f, v) != 0;
	if (sim_after(&v, test, "!~,"))
		return !is_like(f->value, v);
	if (sim_after(&v, test, "~,"))
		return is_like(f->value, v);
	if (sim_after(&v, test, "IN,"))
		return is_in(c, f, v);
	if (sim_after(&v, test, "=,"))
		return compare(f, v) == 0;
	return compare(f, test) == 0;
}

struct search {
	const struct resource *what;
	struct buf name;
	struct buf value;
	bool has_archived;
	bool only_archived;
};

static bool
refuse_field(struct lsr_call *c, const char *name)
{
	char *why = text_format("%s cannot be searched", name);

	lsr_refuse(c, 400, why != NULL ? why : "");
	free(why);
	return false;
}

/* itemCode is itemID, UPC or EAN. */
static bool
matches_code(struct lsr_call *c, const struct record *row, const char *test)
{
	return matches(c, find_field(row, "itemID"), test) ||
	       matches(c, find_field(row, "upc"), test) ||
	       matches(c, find_field(row, "ean"), test);
}

/* ItemShops.qoh=>,1: one of the item's rows is so. */
static bool
matches_relation(struct lsr_call *c, const struct record *item,
                 const char *name, const char *test)
{
	const struct resource *what = find_resource("ItemShop");
	struct record *row = sim_alloc(sizeof(*row));
	const struct field *f = NULL;
	bool is_found = false;
	size_t i;

	for (i = 0; !is_found && fill(c, what, i, row); i++) {
		if (row->is_hidden)
			continue;
		f = find_field(row, name);
		if (f == NULL)
			break;
		is_found = strcmp(find_field(row, "itemID")->value,
		                  find_field(item, "itemID")->value) == 0 &&
		           matches(c, f, test);
	}
	free(row);
	return f == NULL ? refuse_field(c, name) : is_found;
}

static bool
matches_one(struct lsr_call *c, const struct record *row, const char *name,
            const char *test)
{
	const char *rest;
	const struct field *f;

	if (sim_after(&rest, name, "ItemShops."))
		return matches_relation(c, row, rest, test);
	if (strcasecmp(name, "itemCode") == 0 && find_field(row, "ean") != NULL)
		return matches_code(c, row, test);
	f = find_field(row, name);
	return f != NULL ? matches(c, f, test) : refuse_field(c, name);
}

/* a=op,value|b=op,value */
static bool
matches_or(struct lsr_call *c, const struct record *row, const char *operands)
{
	char one[2 * VALUE_MAX];
	char *test;
	size_t n;
	bool is_found = false;

	for (; *operands != '\0'; operands += n + (operands[n] == '|')) {
		n = strcspn(operands, "|");
		snprintf(one, sizeof(one), "%.*s", (int)n, operands);
		test = strchr(one, '=');
		if (test == NULL)
			return lsr_refuse(c, 400, "or: name=operator,value");
		*test++ = '\0';
		is_found = is_found || matches_one(c, row, one, test);
	}
	return is_found;
}

static bool
is_reserved(const char *name)
{
	static const char *const names[] = {
		"limit",          "after", "before",   "sort",
		"load_relations", "count", "archived",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/* All that the query asks of a row. */
static bool
is_wanted(struct lsr_call *c, struct search *s, const struct record *row)
{
	const char *q = c->http->query;
	size_t n;
	size_t n_name;
	bool is_so = s->has_archived || !row->is_archived;

	is_so = is_so && (!s->only_archived || row->is_archived);
	for (; *q != '\0'; q += n + (q[n] == '&')) {
		n = strcspn(q, "&");
		n_name = strcspn(q, "=&");
		buf_reset(&s->name);
		buf_reset(&s->value);
		sim_decode(&s->name, q, n_name);
		if (n_name < n)
			sim_decode(&s->value, q + n_name + 1, n - n_name - 1);
		if (s->name.n == 0 || is_reserved(buf_text(&s->name)))
			continue;
		if (strcmp(buf_text(&s->name), "or") == 0)
			is_so = matches_or(c, row, buf_text(&s->value)) &&
			        is_so;
		else
			is_so = matches_one(c, row, buf_text(&s->name),
			                    buf_text(&s->value)) &&
			        is_so;
	}
	return is_so && c->reply->status < 400;
}

/* ---- output ---- */

static void
out_fields(struct json_out *out, const struct record *row)
{
	size_t i;

	for (i = 0; i < row->n; i++)
		json_out_text(out, row->fields[i].name, row->fields[i].value);
}

/* Open what holds n elements: an object, an array, or nothing at all. */
static void
begin_list(struct json_out *out, const char *key, size_t n)
{
	if (n > 1)
		json_out_array(out, key);
}

static void
end_list(struct json_out *out, size_t n)
{
	if (n > 1)
		json_out_end_array(out);
}

static void
out_shops(struct lsr_call *c, const struct lsr_thing *t, struct json_out *out)
{
	const struct resource *what = find_resource("ItemShop");
	struct record *row = sim_alloc(sizeof(*row));
	size_t first = 0;
	size_t n = 0;
	size_t i;

	while (c->r->things[first] != t)
		first++;
	first *= LSR_N_SHOPS + 1;
	for (i = first; i <= first + LSR_N_SHOPS; i++) {
		fill(c, what, i, row);
		n += !row->is_hidden;
	}
	json_out_object(out, "ItemShops");
	begin_list(out, "ItemShop", n);
	for (i = first; i <= first + LSR_N_SHOPS; i++) {
		fill(c, what, i, row);
		if (row->is_hidden)
			continue;
		json_out_object(out, n > 1 ? NULL : "ItemShop");
		out_fields(out, row);
		json_out_end_object(out);
	}
	end_list(out, n);
	json_out_end_object(out);
	free(row);
}

static void
out_lines(struct lsr_call *c, const struct lsr_sale *s, struct json_out *out)
{
	struct record *row = sim_alloc(sizeof(*row));
	size_t i;

	json_out_object(out, "SaleLines");
	begin_list(out, "SaleLine", s->n_lines);
	for (i = 0; i < s->n_lines; i++) {
		row->n = 0;
		fill_line(c->r, s, &s->lines[i], row);
		json_out_object(out, s->n_lines > 1 ? NULL : "SaleLine");
		out_fields(out, row);
		json_out_end_object(out);
	}
	end_list(out, s->n_lines);
	json_out_end_object(out);
	free(row);
}

static void
out_payments(const struct lsr_sale *s, struct json_out *out)
{
	char text[DECIMAL_TEXT_SIZE];
	size_t i;

	json_out_object(out, "SalePayments");
	begin_list(out, "SalePayment", s->n_payments);
	for (i = 0; i < s->n_payments; i++) {
		json_out_object(out, s->n_payments > 1 ? NULL : "SalePayment");
		lsr_out_int(out, "salePaymentID", s->payments[i].id);
		json_out_text(out, "amount",
		              decimal_format(text, s->payments[i].amount));
		lsr_out_int(out, "paymentTypeID", s->payments[i].type);
		lsr_out_int(out, "saleID", s->id);
		json_out_end_object(out);
	}
	end_list(out, s->n_payments);
	json_out_end_object(out);
}

static void
out_relations(struct lsr_call *c, const struct resource *what, size_t i,
              const char *relations, struct json_out *out)
{
	if (strcmp(what->name, "Item") == 0 &&
	    strstr(relations, "\"ItemShops\"") != NULL)
		out_shops(c, c->r->things[i], out);
	if (strcmp(what->name, "Sale") != 0)
		return;
	if (strstr(relations, "\"SaleLines\"") != NULL)
		out_lines(c, c->r->sales[i], out);
	if (strstr(relations, "\"SalePayments\"") != NULL)
		out_payments(c->r->sales[i], out);
}

/* Relations that the resource does not have are refused. */
static bool
check_relations(struct lsr_call *c, const struct resource *what,
                const char *relations)
{
	const struct json_node *list;
	struct json *doc = NULL;
	const char *name;
	bool is_good = true;
	size_t i;

	if (relations[0] == '\0')
		return true;
	if (json_parse(&doc, relations, strlen(relations)) != 0 ||
	    json_type(json_root(doc)) != JSON_ARRAY) {
		json_free(doc);
		return lsr_refuse(c, 400, "load_relations: a JSON array");
	}
	list = json_root(doc);
	for (i = 0; i < json_length(list); i++) {
		name = json_text(json_at(list, i));
		is_good = is_good && name != NULL && what->relation != NULL &&
		          strstr(what->relation, name) != NULL;
	}
	json_free(doc);
	return is_good || lsr_refuse(c, 400, "load_relations: unknown");
}

void
lsr_out_record(struct lsr_call *c, const char *resource, int64_t id,
               const char *relations)
{
	const struct resource *what = find_resource(resource);
	struct record *row = sim_alloc(sizeof(*row));
	const struct field *f;
	size_t i;

	for (i = 0; fill(c, what, i, row); i++) {
		f = find_field(row, what->id);
		if (f != NULL && key_of(f) == id)
			break;
	}
	if (row->n == 0 || key_of(find_field(row, what->id)) != id) {
		lsr_refuse(c, 404, "No such record");
	} else {
		json_out_object(&c->out, NULL);
		json_out_object(&c->out, "@attributes");
		json_out_text(&c->out, "count", "1");
		json_out_end_object(&c->out);
		json_out_object(&c->out, resource);
		out_fields(&c->out, row);
		out_relations(c, what, i, relations, &c->out);
		json_out_end_object(&c->out);
		json_out_end_object(&c->out);
	}
	free(row);
}

/* ---- lists ---- */

struct hit {
	int64_t key;
	int64_t id;
	size_t i;
};

struct query {
	struct search search;
	struct hit *hits; /* owned */
	size_t n;
	size_t cap;
	char sort[64];
	bool is_falling;
	size_t limit;
	bool is_after; /* a place to go on behind */
	int64_t after_key;
	int64_t after_id;
	struct buf relations;
	bool is_count;
};

static int
compare_hits(const void *a, const void *b)
{
	const struct hit *x = a;
	const struct hit *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static bool
is_sortable(const struct resource *what, const char *name)
{
	const char *p = what->sortable;
	size_t n;

	for (; *p != '\0'; p += n + (p[n] == ' ')) {
		n = strcspn(p, " ");
		if (strlen(name) == n && strncasecmp(p, name, n) == 0)
			return true;
	}
	return false;
}

static bool
read_sort(struct lsr_call *c, struct query *l)
{
	struct buf text = BUF_INIT;
	const char *name;
	bool is_good = true;

	snprintf(l->sort, sizeof(l->sort), "%s", l->search.what->id);
	if (sim_param(&text, c->http->query, "sort")) {
		name = buf_text(&text);
		l->is_falling = name[0] == '-';
		name += l->is_falling;
		is_good = is_sortable(l->search.what, name) ||
		          lsr_refuse(c, 400, "This field cannot be sorted by");
		snprintf(l->sort, sizeof(l->sort), "%s", name);
	}
	buf_fini(&text);
	return is_good;
}

static bool
read_page(struct lsr_call *c, struct query *l)
{
	struct buf text = BUF_INIT;
	long long key = 0;
	long long id = 0;
	bool is_good = true;

	l->limit = LIMIT_MAX;
	if (sim_param(&text, c->http->query, "limit")) {
		l->limit = strtoul(buf_text(&text), NULL, 10);
		if (l->limit < 1 || l->limit > LIMIT_MAX)
			is_good = lsr_refuse(c, 400, "limit: from 1 to 100");
	}
	if ((int64_t)l->limit > c->r->is.page_rows)
		l->limit = (size_t)c->r->is.page_rows;
	if (is_good && sim_param(&text, c->http->query, "after")) {
		l->is_after =
			sscanf(buf_text(&text), "%lld_%lld", &key, &id) == 2;
		l->after_key = key;
		l->after_id = id;
		is_good = l->is_after || lsr_refuse(c, 400, "after: no such");
	}
	buf_fini(&text);
	return is_good;
}

static bool
read_rest(struct lsr_call *c, struct query *l)
{
	struct buf text = BUF_INIT;
	bool is_good = true;

	if (sim_param(&text, c->http->query, "archived")) {
		l->search.only_archived = strcmp(buf_text(&text), "only") == 0;
		l->search.has_archived = l->search.only_archived ||
		                         strcmp(buf_text(&text), "true") == 0;
	}
	if (sim_param(&text, c->http->query, "count")) {
		l->is_count = true;
		if (sim_param(&text, c->http->query, "limit") ||
		    sim_param(&text, c->http->query, "after") ||
		    sim_param(&text, c->http->query, "sort"))
			is_good = lsr_refuse(c, 400, "count excludes paging");
	}
	sim_param(&l->relations, c->http->query, "load_relations");
	buf_fini(&text);
	return is_good &&
	       check_relations(c, l->search.what, buf_text(&l->relations));
}

static void
collect(struct lsr_call *c, struct query *l)
{
	struct record *row = sim_alloc(sizeof(*row));
	void *grown = NULL;
	size_t i;

	for (i = 0; fill(c, l->search.what, i, row); i++) {
		if (row->is_hidden || !is_wanted(c, &l->search, row))
			continue;
		sim_grow(&grown, &l->cap, l->n, sizeof(*l->hits));
		l->hits = grown;
		l->hits[l->n++] = (struct hit){
			key_of(find_field(row, l->sort)),
			key_of(find_field(row, l->search.what->id)), i
		};
	}
	if (l->n > 1)
		qsort(l->hits, l->n, sizeof(*l->hits), compare_hits);
	free(row);
}

/* The k-th in the order that is asked for. */
static const struct hit *
hit_at(const struct query *l, size_t k)
{
	return &l->hits[l->is_falling ? l->n - 1 - k : k];
}

static size_t
first_hit(const struct query *l)
{
	const struct hit after = { l->after_key, l->after_id, 0 };
	size_t k;
	int order;

	for (k = 0; l->is_after && k < l->n; k++) {
		order = compare_hits(hit_at(l, k), &after);
		if (l->is_falling ? order < 0 : order > 0)
			break;
	}
	return k;
}

/* The same query, behind the last row of this page. */
static void
out_next(struct lsr_call *c, const struct hit *last)
{
	struct buf url = BUF_INIT;
	const char *q = c->http->query;
	size_t n;

	buf_addf(&url, "http://%s%s?", sim_header(c->http, "Host"),
	         c->http->path);
	for (; *q != '\0'; q += n + (q[n] == '&')) {
		n = strcspn(q, "&");
		if (strncmp(q, "after=", 6) != 0)
			buf_addf(&url, "%.*s&", (int)n, q);
	}
	buf_addf(&url, "after=%lld_%lld", (long long)last->key,
	         (long long)last->id);
	json_out_text(&c->out, "next", buf_text(&url));
	buf_fini(&url);
}

static void
out_page(struct lsr_call *c, const struct query *l)
{
	const struct resource *what = l->search.what;
	struct record *row = sim_alloc(sizeof(*row));
	size_t first = first_hit(l);
	size_t n = l->n - first < l->limit ? l->n - first : l->limit;
	size_t k;

	json_out_object(&c->out, "@attributes");
	if (first + n < l->n)
		out_next(c, hit_at(l, first + n - 1));
	else
		json_out_text(&c->out, "next", "");
	json_out_text(&c->out, "previous", "");
	json_out_end_object(&c->out);
	begin_list(&c->out, what->name, n);
	for (k = first; k < first + n; k++) {
		fill(c, what, hit_at(l, k)->i, row);
		json_out_object(&c->out, n > 1 ? NULL : what->name);
		out_fields(&c->out, row);
		out_relations(c, what, hit_at(l, k)->i, buf_text(&l->relations),
		              &c->out);
		json_out_end_object(&c->out);
	}
	end_list(&c->out, n);
	free(row);
}

static void
list(struct lsr_call *c, const struct resource *what)
{
	struct query l = { .search = { .what = what } };

	if (read_sort(c, &l) && read_page(c, &l) && read_rest(c, &l))
		collect(c, &l);
	if (c->reply->status < 400) {
		json_out_object(&c->out, NULL);
		if (l.is_count) {
			json_out_object(&c->out, "@attributes");
			lsr_out_int(&c->out, "count", (int64_t)l.n);
			json_out_end_object(&c->out);
		} else {
			out_page(c, &l);
		}
		json_out_end_object(&c->out);
	}
	free(l.hits);
	buf_fini(&l.relations);
	buf_fini(&l.search.name);
	buf_fini(&l.search.value);
}

static void
print_one(struct lsr_call *c, const struct resource *what)
{
	struct buf relations = BUF_INIT;

	sim_param(&relations, c->http->query, "load_relations");
	if (check_relations(c, what, buf_text(&relations)))
		lsr_out_record(c, what->name,
		               strtoll(c->path.part[1], NULL, 10),
		               buf_text(&relations));
	buf_fini(&relations);
}

bool
lsr_serve_rows(struct lsr_call *c)
{
	const struct resource *what;

	what = c->path.n > 0 ? find_resource(c->path.part[0]) : NULL;
	if (what == NULL || c->path.n > 2)
		return false;
	if (strcmp(c->http->method, "GET") != 0) {
		lsr_refuse(c, 405, "This resource is only read");
		return true;
	}
	if (what->scopes[0] != '\0' && !lsr_need_scope(c, what->scopes))
		return true;
	if (strcmp(what->name, "InventoryLog") == 0 &&
	    !lsr_need_scope(c, "employee:product_cost"))
		return true;
	if (c->path.n == 1)
		list(c, what);
	else
		print_one(c, what);
	return true;
}
