/*
 * Hiboutik: products, stock, and stock arrivals, by which alone it rises.
 *
 * There is no absolute setter, and no idempotency key: a repeated arrival
 * arrives twice.
 */
#define _DEFAULT_SOURCE 1 /* strcasecmp under -std=c17 */

#include "tests/sim/hiboutik.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- stock ---- */

static void
out_stock(struct hiboutik_call *c, const struct hiboutik_thing *t, int row)
{
	json_out_object(&c->out, NULL);
	hiboutik_out(c, "product_id", t->product->id);
	hiboutik_out(c, "product_size", t->size);
	hiboutik_out(c, "warehouse_id",
	             hiboutik_warehouse_id(c->hiboutik, row));
	hiboutik_out(c, "stock_available", t->counts[row]);
	json_out_text(&c->out, "product_barcode", t->goods.barcode);
	hiboutik_out(c, "inventory_alert", 2);
	json_out_end_object(&c->out);
}

/* -1: any product, any size, any warehouse. */
static void
list_stock(struct hiboutik_call *c, int64_t product, int64_t size, int row)
{
	struct hiboutik *h = c->hiboutik;
	const struct hiboutik_thing *t;
	struct hiboutik_page page;
	size_t i;
	int j;

	if (!hiboutik_page_begin(c, &page, h->is.pages_stock))
		return;
	for (i = 0; i < h->n_things; i++) {
		t = h->things[i];
		if ((product >= 0 && t->product->id != product) ||
		    (size >= 0 && t->size != size))
			continue;
		for (j = 0; j < HIBOUTIK_N_WAREHOUSES; j++) {
			if ((row < 0 || row == j) && hiboutik_page_next(&page))
				out_stock(c, t, j);
		}
	}
	hiboutik_page_end(c, &page);
}

static int64_t
part(const struct hiboutik_call *c, size_t i)
{
	char *end;
	long long n = strtoll(c->path.part[i], &end, 10);

	return *end == '\0' && end != c->path.part[i] ? n : -2;
}

static bool
serve_counts(struct hiboutik_call *c)
{
	int row;

	if (hiboutik_is(c, "GET", "stock_available/all_wh")) {
		list_stock(c, -1, -1, -1);
	} else if (hiboutik_is(c, "GET", "stock_available/warehouse_id/*")) {
		row = hiboutik_warehouse(c->hiboutik, part(c, 2));
		if (row < 0)
			hiboutik_refuse(c, 404, "No such warehouse", NULL,
			                NULL);
		else
			list_stock(c, -1, -1, row);
	} else if (hiboutik_is(c, "GET", "stock_available/product_id/*")) {
		list_stock(c, part(c, 2), -1, -1);
	} else if (hiboutik_is(c, "GET",
	                       "stock_available/product_id_size/*/*")) {
		list_stock(c, part(c, 2), part(c, 3), -1);
	} else {
		return false;
	}
	return true;
}

/* ---- the shop ---- */

static void
list_places(struct hiboutik_call *c, bool is_store)
{
	const struct hiboutik *h = c->hiboutik;
	int row;

	json_out_array(&c->out, NULL);
	for (row = 0; row < (is_store ? 1 : HIBOUTIK_N_WAREHOUSES); row++) {
		json_out_object(&c->out, NULL);
		if (is_store) {
			hiboutik_out(c, "store_id", h->options.store);
			json_out_text(&c->out, "store_name", "Agora");
		}
		hiboutik_out(c, "warehouse_id", hiboutik_warehouse_id(h, row));
		if (!is_store)
			json_out_text(&c->out, "warehouse_name",
			              row == 0 ? "Agora" : "Αποθήκη");
		json_out_end_object(&c->out);
	}
	json_out_end_array(&c->out);
}

static void
list_payments(struct hiboutik_call *c)
{
	static const char *const codes[] = { "CB", "ESP", "CHQ", "DIV" };
	size_t i;

	json_out_array(&c->out, NULL);
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		json_out_object(&c->out, NULL);
		json_out_text(&c->out, "payment_type", codes[i]);
		json_out_text(&c->out, "payment_type_name", codes[i]);
		json_out_end_object(&c->out);
	}
	json_out_end_array(&c->out);
}

/* ---- products ---- */

static void
out_sizes(struct hiboutik_call *c, const struct hiboutik_product *p)
{
	const struct hiboutik *h = c->hiboutik;
	size_t i;

	json_out_array(&c->out, "product_size_details");
	for (i = 0; i < h->n_things; i++) {
		if (h->things[i]->product != p || h->things[i]->size == 0)
			continue;
		json_out_object(&c->out, NULL);
		hiboutik_out(c, "size_id", h->things[i]->size);
		json_out_text(&c->out, "size_name", h->things[i]->goods.kind);
		json_out_text(&c->out, "barcode", h->things[i]->goods.barcode);
		json_out_end_object(&c->out);
	}
	json_out_end_array(&c->out);
}

static void
out_product(struct hiboutik_call *c, const struct hiboutik_product *p)
{
	const struct hiboutik_thing *t =
		p->is_sized ? NULL : hiboutik_thing(c->hiboutik, p->id, 0);

	json_out_object(&c->out, NULL);
	hiboutik_out(c, "product_id", p->id);
	json_out_text(&c->out, "product_model", p->name);
	json_out_text(&c->out, "product_barcode",
	              t != NULL ? t->goods.barcode : "");
	json_out_text(&c->out, "product_supplier_reference", p->reference);
	hiboutik_out_money(c, "product_price", p->price);
	hiboutik_out(c, "product_stock_management",
	             !p->is_package && !p->is_unmanaged);
	hiboutik_out(c, "product_arch", p->is_archived);
	hiboutik_out(c, "product_size_type", p->is_sized);
	out_sizes(c, p);
	json_out_end_object(&c->out);
}

enum by { BY_ID, BY_NAME, BY_REFERENCE };

static bool
is_product(const struct hiboutik_product *p, enum by by, const char *text)
{
	switch (by) {
	case BY_NAME: return strstr(p->name, text) != NULL;
	case BY_REFERENCE: return strcasecmp(p->reference, text) == 0;
	case BY_ID: break;
	}
	return text == NULL || (strtoll(text, NULL, 10) == p->id &&
	                        strspn(text, "0123456789") == strlen(text));
}

/* text NULL: all of them. */
static void
list_products(struct hiboutik_call *c, enum by by, const char *text)
{
	const struct hiboutik *h = c->hiboutik;
	struct hiboutik_page page;
	size_t i;

	if (!hiboutik_page_begin(c, &page, text == NULL))
		return;
	for (i = 0; i < h->n_products; i++) {
		if (is_product(h->products[i], by, text) &&
		    hiboutik_page_next(&page))
			out_product(c, h->products[i]);
	}
	hiboutik_page_end(c, &page);
	if (page.at == 0 && by == BY_ID && text != NULL)
		hiboutik_refuse(c, 404, "No such product", NULL, NULL);
}

static void
list_barcode(struct hiboutik_call *c, const char *barcode)
{
	const struct hiboutik *h = c->hiboutik;
	size_t i;

	json_out_array(&c->out, NULL);
	for (i = 0; i < h->n_things; i++) {
		if (strcmp(h->things[i]->goods.barcode, barcode) != 0)
			continue;
		json_out_object(&c->out, NULL);
		hiboutik_out(c, "product_id", h->things[i]->product->id);
		hiboutik_out(c, "product_size", h->things[i]->size);
		json_out_end_object(&c->out);
	}
	json_out_end_array(&c->out);
}

static void
print_barcode(struct hiboutik_call *c)
{
	const struct hiboutik_thing *t =
		hiboutik_thing(c->hiboutik, part(c, 2), part(c, 3));

	json_out_array(&c->out, NULL);
	if (t != NULL) {
		json_out_object(&c->out, NULL);
		json_out_text(&c->out, "product_barcode", t->goods.barcode);
		json_out_end_object(&c->out);
	}
	json_out_end_array(&c->out);
}

static bool
serve_products(struct hiboutik_call *c)
{
	if (hiboutik_is(c, "GET", "products"))
		list_products(c, BY_ID, NULL);
	else if (hiboutik_is(c, "GET", "products/*"))
		list_products(c, BY_ID, c->path.part[1]);
	else if (hiboutik_is(c, "GET", "products/search/name/*"))
		list_products(c, BY_NAME, c->path.part[3]);
	else if (hiboutik_is(c, "GET", "products/search/supplier_reference/*"))
		list_products(c, BY_REFERENCE, c->path.part[3]);
	else if (hiboutik_is(c, "GET", "products/search/barcode/*"))
		list_barcode(c, c->path.part[3]);
	else if (hiboutik_is(c, "GET", "products_barcode/*/*/*"))
		print_barcode(c);
	else
		return false;
	return true;
}

bool
hiboutik_serve_stock(struct hiboutik_call *c)
{
	if (hiboutik_is(c, "GET", "warehouses"))
		list_places(c, false);
	else if (hiboutik_is(c, "GET", "stores"))
		list_places(c, true);
	else if (hiboutik_is(c, "GET", "payment_types/*"))
		list_payments(c);
	else
		return serve_counts(c) || serve_products(c);
	return true;
}

/* ---- arrivals ---- */

struct hiboutik_input *
hiboutik_input_new(struct hiboutik *h, int warehouse, const char *label)
{
	struct hiboutik_input *in = sim_alloc(sizeof(*in));
	void *inputs = h->inputs;
	char date[TILL_TIME_SIZE];

	till_local_time(date, sim_now_us(h->sim));
	in->id = hiboutik_next_id(h);
	in->warehouse = warehouse;
	in->label = sim_dup(label);
	in->date = sim_dup(date);
	sim_grow(&inputs, &h->cap_inputs, h->n_inputs, sizeof(in));
	h->inputs = inputs;
	h->inputs[h->n_inputs++] = in;
	return in;
}

void
hiboutik_input_validate(struct hiboutik *h, struct hiboutik_input *in)
{
	struct hiboutik_thing *t;
	struct decimal *sum;
	size_t i;

	in->is_validated = true;
	for (i = 0; i < in->n_details; i++) {
		t = in->details[i].thing;
		t->counts[in->warehouse] += in->details[i].received;
		if (in->warehouse != 0)
			continue;
		sum = in->is_api ? &t->tally.written : &t->tally.moved;
		*sum = decimal_add(*sum, decimal_of(in->details[i].received));
		t->tally.n_writes += in->is_api;
	}
	h->n_writes += in->is_api;
	hiboutik_announce(h, "stock_order", "inventory_input_id", in->id);
}

static struct hiboutik_input *
find_input(struct hiboutik_call *c, int64_t id)
{
	struct hiboutik *h = c->hiboutik;
	size_t i;

	for (i = 0; i < h->n_inputs; i++) {
		if (h->inputs[i]->id == id)
			return h->inputs[i];
	}
	hiboutik_refuse(c, 404, "No such stock arrival", NULL, NULL);
	return NULL;
}

static void
create_input(struct hiboutik_call *c)
{
	struct hiboutik_input *in;
	int64_t warehouse = 0;
	int64_t supplier = 0;
	int row;

	if (!hiboutik_check(c, "inventory_input_stock_id "
	                       "inventory_input_supplier_id "
	                       "inventory_input_date inventory_input_label "
	                       "inventory_input_quantity "
	                       "inventory_input_amount") ||
	    !hiboutik_need(c, &warehouse, "inventory_input_stock_id") ||
	    !hiboutik_take(c, &supplier, "inventory_input_supplier_id"))
		return;
	row = hiboutik_warehouse(c->hiboutik, warehouse);
	if (row < 0) {
		hiboutik_refuse(c, 422, "No such warehouse",
		                "inventory_input_stock_id", NULL);
		return;
	}
	in = hiboutik_input_new(
		c->hiboutik, row,
		json_text_or(c->body, "inventory_input_label", ""));
	in->supplier = supplier;
	in->is_api = true;
	hiboutik_made(c, 201, "inventory_input_id", in->id);
}

/* The product and size that the call names. NULL after a refusal. */
static struct hiboutik_thing *
need_thing(struct hiboutik_call *c)
{
	const struct hiboutik_product *p;
	struct hiboutik_thing *t;
	int64_t id = 0;
	int64_t size = 0;

	if (!hiboutik_need(c, &id, "product_id") ||
	    !hiboutik_take(c, &size, "product_size"))
		return NULL;
	p = hiboutik_product(c->hiboutik, id);
	t = hiboutik_thing(c->hiboutik, id, size);
	if (p == NULL || p->is_package)
		hiboutik_refuse(c, 422, "No such product", "product_id", NULL);
	else if (t == NULL)
		hiboutik_refuse(c, 422, "No such size", "product_size", NULL);
	return t;
}

static void
create_detail(struct hiboutik_call *c)
{
	struct hiboutik_input *in = find_input(c, part(c, 1));
	struct hiboutik_detail detail = { .id = 0 };

	if (in == NULL || !hiboutik_check(c, "product_id product_size quantity "
	                                     "received unit_price"))
		return;
	detail.thing = need_thing(c);
	if (detail.thing == NULL ||
	    !hiboutik_need(c, &detail.quantity, "quantity") ||
	    !hiboutik_take(c, &detail.received, "received"))
		return;
	sim_decimal(&detail.price, c->body, "unit_price");
	if (in->is_validated || in->n_details == HIBOUTIK_LINES_MAX) {
		hiboutik_refuse(c, 422, "The stock arrival is closed",
		                "inventory_input_id", NULL);
	} else if (detail.quantity < 0 || detail.received < 0) {
		hiboutik_refuse(c, 422, "Negative quantity", "quantity", NULL);
	} else {
		detail.id = hiboutik_next_id(c->hiboutik);
		in->details[in->n_details++] = detail;
		hiboutik_made(c, 201, "inventory_input_detail_id", detail.id);
	}
}

static void
change_detail(struct hiboutik_call *c)
{
	struct hiboutik *h = c->hiboutik;
	struct hiboutik_detail *d;
	int64_t received = 0;
	size_t i;
	size_t j;

	if (!hiboutik_check(c, "received_quantity") ||
	    !hiboutik_need(c, &received, "received_quantity"))
		return;
	for (i = 0; i < h->n_inputs; i++) {
		for (j = 0; j < h->inputs[i]->n_details; j++) {
			d = &h->inputs[i]->details[j];
			if (d->id != part(c, 1))
				continue;
			if (h->inputs[i]->is_validated || received < 0) {
				hiboutik_refuse(c, 422, "Not any more",
				                "received_quantity", NULL);
				return;
			}
			d->received = received;
			hiboutik_made(c, 200, "inventory_input_detail_id",
			              d->id);
			return;
		}
	}
	hiboutik_refuse(c, 404, "No such line", NULL, NULL);
}

static void
validate(struct hiboutik_call *c, int64_t id)
{
	struct hiboutik_input *in = find_input(c, id);

	if (in == NULL)
		return;
	if (in->is_validated || in->n_details == 0) {
		hiboutik_refuse(c, 422, "Nothing to validate",
		                "inventory_input_id", NULL);
		return;
	}
	hiboutik_input_validate(c->hiboutik, in);
	hiboutik_made(c, 200, "inventory_input_id", in->id);
}

static void
validate_by_body(struct hiboutik_call *c)
{
	int64_t id = 0;

	if (hiboutik_check(c, "inventory_input_id") &&
	    hiboutik_need(c, &id, "inventory_input_id"))
		validate(c, id);
}

static void
out_input(struct hiboutik_call *c, const struct hiboutik_input *in)
{
	json_out_object(&c->out, NULL);
	hiboutik_out(c, "inventory_input_id", in->id);
	hiboutik_out(c, "inventory_input_stock_id",
	             hiboutik_warehouse_id(c->hiboutik, in->warehouse));
	hiboutik_out(c, "inventory_input_supplier_id", in->supplier);
	json_out_text(&c->out, "inventory_input_date", in->date);
	json_out_text(&c->out, "inventory_input_label", in->label);
	hiboutik_out(c, "inventory_input_validated", in->is_validated);
	json_out_end_object(&c->out);
}

static void
list_inputs(struct hiboutik_call *c)
{
	const struct hiboutik *h = c->hiboutik;
	struct hiboutik_page page;
	size_t i;

	if (!hiboutik_page_begin(c, &page, true))
		return;
	for (i = 0; i < h->n_inputs; i++) {
		if (hiboutik_page_next(&page))
			out_input(c, h->inputs[i]);
	}
	hiboutik_page_end(c, &page);
}

static void
print_input(struct hiboutik_call *c, bool has_details)
{
	const struct hiboutik_input *in = find_input(c, part(c, 1));
	const struct hiboutik_detail *d;
	size_t i;

	if (in == NULL)
		return;
	json_out_array(&c->out, NULL);
	for (i = 0; has_details && i < in->n_details; i++) {
		d = &in->details[i];
		json_out_object(&c->out, NULL);
		hiboutik_out(c, "inventory_input_detail_id", d->id);
		hiboutik_out(c, "product_id", d->thing->product->id);
		hiboutik_out(c, "product_size", d->thing->size);
		json_out_text(&c->out, "product_model",
		              d->thing->product->name);
		json_out_text(&c->out, "product_supplier_reference",
		              d->thing->product->reference);
		hiboutik_out_money(c, "product_price", d->price);
		hiboutik_out(c, "quantity", d->quantity);
		hiboutik_out(c, "received_quantity", d->received);
		json_out_end_object(&c->out);
	}
	if (!has_details)
		out_input(c, in);
	json_out_end_array(&c->out);
}

bool
hiboutik_serve_inputs(struct hiboutik_call *c)
{
	bool by_id = c->hiboutik->is.validates_by_id;

	if (hiboutik_is(c, "POST", "inventory_inputs"))
		create_input(c);
	else if (hiboutik_is(c, "POST", "inventory_input_details/*"))
		create_detail(c);
	else if (hiboutik_is(c, "PUT", "inventory_input_details/*"))
		change_detail(c);
	else if (hiboutik_is(c, "POST", "inventory_input_validate") && !by_id)
		validate_by_body(c);
	else if (hiboutik_is(c, "POST", "inventory_inputs/validate/*") && by_id)
		validate(c, part(c, 2));
	else if (hiboutik_is(c, "GET", "inventory_inputs"))
		list_inputs(c);
	else if (hiboutik_is(c, "GET", "inventory_inputs/*"))
		print_input(c, false);
	else if (hiboutik_is(c, "GET", "inventory_input_details/*"))
		print_input(c, true);
	else
		return false;
	return true;
}
