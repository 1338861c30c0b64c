/*
 * Lightspeed R: records. A list of one element is that element, an empty one is
 * not there.
 */
#define _DEFAULT_SOURCE 1 /* strcasecmp under -std=c17 */

#include "tests/sim/lightspeed_r_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- filling rows ---- */

static void
set(struct lsr_row *row, const char *name, enum lsr_kind kind,
    const char *value)
{
	struct lsr_field *f = &row->fields[row->n++];

	f->name = name;
	f->kind = kind;
	snprintf(f->value, sizeof(f->value), "%s", value);
}

static void
set_int(struct lsr_row *row, const char *name, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)n);
	set(row, name, LSR_NUMBER, text);
}

static void
set_decimal(struct lsr_row *row, const char *name, struct decimal d)
{
	char text[DECIMAL_TEXT_SIZE];

	set(row, name, LSR_NUMBER, decimal_format(text, d));
}

static void
set_bool(struct lsr_row *row, const char *name, bool yes)
{
	set(row, name, LSR_TRUTH, yes ? "true" : "false");
}

static void
set_time(struct lsr_row *row, const char *name, int64_t us)
{
	char text[SIM_TIME_SIZE] = "";

	if (us > 0)
		lsr_time(text, us);
	set(row, name, LSR_TIME, text);
}

static bool
fill_shop(struct lightspeed_r *r, size_t i, struct lsr_row *row)
{
	(void)r;
	if (i >= LSR_N_SHOPS)
		return false;
	set_int(row, "shopID", (int64_t)i + 1);
	set(row, "name", LSR_TEXT, i == 0 ? "Agora" : "Αποθήκη");
	set(row, "timeZone", LSR_TEXT, "Europe/Athens");
	set_bool(row, "archived", false);
	set_int(row, "taxCategoryID", 0);
	return true;
}

static bool
fill_register(struct lightspeed_r *r, size_t i, struct lsr_row *row)
{
	(void)r;
	if (i >= 1)
		return false;
	set_int(row, "registerID", LSR_REGISTER);
	set(row, "name", LSR_TEXT, "Ταμείο 1");
	set_bool(row, "open", true);
	set_int(row, "shopID", 1);
	set_bool(row, "archived", false);
	return true;
}

static bool
fill_employee(struct lightspeed_r *r, size_t i, struct lsr_row *row)
{
	(void)r;
	if (i >= 1)
		return false;
	set_int(row, "employeeID", LSR_EMPLOYEE);
	set(row, "firstName", LSR_TEXT, "Till");
	set(row, "lastName", LSR_TEXT, "Bridge");
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
fill_payment_type(struct lightspeed_r *r, size_t i, struct lsr_row *row)
{
	(void)r;
	if (i >= sizeof(payment_types) / sizeof(payment_types[0]))
		return false;
	set_int(row, "paymentTypeID", payment_types[i].id);
	set(row, "name", LSR_TEXT, payment_types[i].name);
	set(row, "type", LSR_TEXT, payment_types[i].type);
	set_bool(row, "internalReserved", payment_types[i].is_reserved);
	set_bool(row, "requireCustomer", payment_types[i].needs_customer);
	set_bool(row, "archived", false);
	return true;
}

static bool
fill_item(struct lightspeed_r *r, size_t i, struct lsr_row *row)
{
	const struct lsr_thing *t;
	char text[LSR_VALUE_MAX];

	if (i >= r->n_things)
		return false;
	t = r->things[i];
	row->is_archived = t->is_archived;
	set_int(row, "itemID", t->id);
	snprintf(text, sizeof(text), "2100000%05lld", (long long)t->id);
	set(row, "systemSku", LSR_TEXT, text);
	set(row, "customSku", LSR_TEXT, t->goods.sku);
	set(row, "manufacturerSku", LSR_TEXT, "");
	set(row, "upc", LSR_TEXT, "");
	set(row, "ean", LSR_TEXT, t->goods.barcode);
	snprintf(text, sizeof(text), "%s%s%s", t->goods.name,
	         t->goods.kind[0] != '\0' ? " " : "", t->goods.kind);
	set(row, "description", LSR_TEXT, text);
	set(row, "itemType", LSR_TEXT,
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
fill_item_shop(struct lightspeed_r *r, size_t i, struct lsr_row *row)
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
fill_sale(struct lightspeed_r *r, size_t i, struct lsr_row *row)
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
	set(row, "referenceNumber", LSR_TEXT, s->reference);
	set(row, "referenceNumberSource", LSR_TEXT, s->source);
	set_time(row, "createTime", s->created_us);
	set_time(row, row->is_odd ? "updateTime" : "updatetime", s->stamp_us);
	set_time(row, "completeTime", s->completed_us);
	set(row, "ticketNumber", LSR_TEXT, ticket);
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
          const struct lsr_line *line, struct lsr_row *row)
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
fill_sale_line(struct lightspeed_r *r, size_t i, struct lsr_row *row)
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
fill_log(struct lightspeed_r *r, size_t i, struct lsr_row *row)
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
	set(row, "reason", LSR_TEXT, l->reason);
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

static const struct lsr_resource resources[] = {
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

const struct lsr_resource *
lsr_resource(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
		if (strcmp(resources[i].name, name) == 0)
			return &resources[i];
	}
	return NULL;
}

bool
lsr_fill(struct lsr_call *c, const struct lsr_resource *what, size_t i,
         struct lsr_row *row)
{
	row->n = 0;
	row->is_archived = false;
	row->is_hidden = false;
	row->is_odd = c->r->n_answers % 2 == 1;
	return what->fill(c->r, i, row);
}

const struct lsr_field *
lsr_field(const struct lsr_row *row, const char *name)
{
	size_t i;

	for (i = 0; i < row->n; i++) {
		if (strcasecmp(row->fields[i].name, name) == 0)
			return &row->fields[i];
	}
	return NULL;
}

int64_t
lsr_key(const struct lsr_field *f)
{
	struct decimal d;
	int64_t key = 0;

	if (f == NULL)
		return 0;
	if (f->kind == LSR_TIME)
		return sim_time_parse(&key, f->value) ? key : 0;
	if (decimal_parse(&d, f->value) != 0 ||
	    decimal_to_scaled(&key, d, 0) != 0)
		return 0;
	return key;
}

/* ---- output ---- */

void
lsr_out_fields(struct json_out *out, const struct lsr_row *row)
{
	size_t i;

	for (i = 0; i < row->n; i++)
		json_out_text(out, row->fields[i].name, row->fields[i].value);
}

void
lsr_begin_list(struct json_out *out, const char *key, size_t n)
{
	if (n > 1)
		json_out_array(out, key);
}

void
lsr_end_list(struct json_out *out, size_t n)
{
	if (n > 1)
		json_out_end_array(out);
}

static void
out_shops(struct lsr_call *c, const struct lsr_thing *t, struct json_out *out)
{
	const struct lsr_resource *what = lsr_resource("ItemShop");
	struct lsr_row *row = sim_alloc(sizeof(*row));
	size_t first = 0;
	size_t n = 0;
	size_t i;

	while (c->r->things[first] != t)
		first++;
	first *= LSR_N_SHOPS + 1;
	for (i = first; i <= first + LSR_N_SHOPS; i++) {
		lsr_fill(c, what, i, row);
		n += !row->is_hidden;
	}
	json_out_object(out, "ItemShops");
	lsr_begin_list(out, "ItemShop", n);
	for (i = first; i <= first + LSR_N_SHOPS; i++) {
		lsr_fill(c, what, i, row);
		if (row->is_hidden)
			continue;
		json_out_object(out, n > 1 ? NULL : "ItemShop");
		lsr_out_fields(out, row);
		json_out_end_object(out);
	}
	lsr_end_list(out, n);
	json_out_end_object(out);
	free(row);
}

static void
out_lines(struct lsr_call *c, const struct lsr_sale *s, struct json_out *out)
{
	struct lsr_row *row = sim_alloc(sizeof(*row));
	size_t i;

	json_out_object(out, "SaleLines");
	lsr_begin_list(out, "SaleLine", s->n_lines);
	for (i = 0; i < s->n_lines; i++) {
		row->n = 0;
		fill_line(c->r, s, &s->lines[i], row);
		json_out_object(out, s->n_lines > 1 ? NULL : "SaleLine");
		lsr_out_fields(out, row);
		json_out_end_object(out);
	}
	lsr_end_list(out, s->n_lines);
	json_out_end_object(out);
	free(row);
}

static void
out_payments(const struct lsr_sale *s, struct json_out *out)
{
	char text[DECIMAL_TEXT_SIZE];
	size_t i;

	json_out_object(out, "SalePayments");
	lsr_begin_list(out, "SalePayment", s->n_payments);
	for (i = 0; i < s->n_payments; i++) {
		json_out_object(out, s->n_payments > 1 ? NULL : "SalePayment");
		lsr_out_int(out, "salePaymentID", s->payments[i].id);
		json_out_text(out, "amount",
		              decimal_format(text, s->payments[i].amount));
		lsr_out_int(out, "paymentTypeID", s->payments[i].type);
		lsr_out_int(out, "saleID", s->id);
		json_out_end_object(out);
	}
	lsr_end_list(out, s->n_payments);
	json_out_end_object(out);
}

void
lsr_out_relations(struct lsr_call *c, const struct lsr_resource *what, size_t i,
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

bool
lsr_check_relations(struct lsr_call *c, const struct lsr_resource *what,
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
	const struct lsr_resource *what = lsr_resource(resource);
	struct lsr_row *row = sim_alloc(sizeof(*row));
	const struct lsr_field *f;
	size_t i;

	for (i = 0; lsr_fill(c, what, i, row); i++) {
		f = lsr_field(row, what->id);
		if (f != NULL && lsr_key(f) == id)
			break;
	}
	if (row->n == 0 || lsr_key(lsr_field(row, what->id)) != id) {
		lsr_refuse(c, 404, "No such record");
	} else {
		json_out_object(&c->out, NULL);
		json_out_object(&c->out, "@attributes");
		json_out_text(&c->out, "count", "1");
		json_out_end_object(&c->out);
		json_out_object(&c->out, resource);
		lsr_out_fields(&c->out, row);
		lsr_out_relations(c, what, i, relations, &c->out);
		json_out_end_object(&c->out);
		json_out_end_object(&c->out);
	}
	free(row);
}
