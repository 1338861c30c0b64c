/*
 * Lightspeed X: version 2.0, which is read by version numbers.
 *
 * A list goes up by version; its envelope tells the smallest and the largest
 * of the page, and null for both where there is none left.
 */
#define _DEFAULT_SOURCE 1 /* strcasecmp under -std=c17 */

#include "tests/sim/lightspeed_x.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PAGE_MAX = 10000, PAGE_DEFAULT = 1000, SEARCH_MAX = 1000 };

/* ---- fixed rows ---- */

static const struct {
	const char *name;
	int percent;
} taxes[LSX_N_TAXES] = {
	{ "ΦΠΑ 24 %", 24 },
	{ "ΦΠΑ 13 %", 13 },
	{ "ΦΠΑ 6 %", 6 },
	{ "No Tax", 0 },
};

static const struct {
	const char *name;
	int type;
} payment_types[LSX_N_PAYMENT_TYPES] = {
	{ "Cash", 1 },
	{ "Card", 3 },
	{ "Web shop", 3 },
};

struct decimal
lsx_tax_rate(int row)
{
	return decimal_of_scaled(taxes[row].percent, 2);
}

static void
out_id(struct json_out *out, const char *key, enum lsx_kind kind, int number)
{
	char id[LSX_ID_SIZE];

	lsx_id(id, kind, number);
	json_out_text(out, key, id);
}

static void
out_time(struct json_out *out, const char *key, int64_t us)
{
	char text[SIM_TIME_SIZE];

	if (us == 0) {
		json_out_null(out, key);
		return;
	}
	sim_time_format(text, us);
	snprintf(text + 19, sizeof(text) - 19, "+00:00");
	json_out_text(out, key, text);
}

static void
out_outlet(struct lightspeed_x *x, size_t i, struct json_out *out)
{
	(void)x;
	out_id(out, "id", LSX_OUTLET, (int)i + 1);
	json_out_text(out, "name", i == 0 ? "Agora" : "Αποθήκη");
	json_out_text(out, "time_zone", "Europe/Athens");
	out_id(out, "default_tax_id", LSX_TAX, 1);
	json_out_text(out, "currency", "EUR");
	json_out_text(out, "currency_symbol", "€");
	json_out_text(out, "display_prices", "inclusive");
	json_out_null(out, "deleted_at");
}

static void
out_register(struct lightspeed_x *x, size_t i, struct json_out *out)
{
	out_id(out, "id", LSX_REGISTER, (int)i + 1);
	json_out_text(out, "name", "Ταμείο 1");
	out_id(out, "outlet_id", LSX_OUTLET, 1);
	json_out_text(out, "invoice_prefix", "");
	json_out_text(out, "invoice_suffix", "");
	json_out_int(out, "invoice_sequence", (int64_t)x->n_sales);
	json_out_bool(out, "is_open", x->is.is_register_open);
	json_out_null(out, "deleted_at");
}

static void
out_payment_type(struct lightspeed_x *x, size_t i, struct json_out *out)
{
	(void)x;
	out_id(out, "id", LSX_PAYMENT_TYPE, (int)i + 1);
	json_out_text(out, "name", payment_types[i].name);
	json_out_int(out, "type_id", payment_types[i].type);
	json_out_null(out, "deleted_at");
}

static void
out_tax(struct lightspeed_x *x, size_t i, struct json_out *out)
{
	(void)x;
	out_id(out, "id", LSX_TAX, (int)i + 1);
	json_out_text(out, "name", taxes[i].name);
	json_out_text(out, "display_name", taxes[i].name);
	json_out_bool(out, "is_default", i == 0);
	json_out_null(out, "deleted_at");
	json_out_array(out, "rates");
	json_out_object(out, NULL);
	out_id(out, "id", LSX_TAX, (int)i + 101);
	json_out_text(out, "name", taxes[i].name);
	json_out_text(out, "display_name", taxes[i].name);
	json_out_decimal(out, "rate", lsx_tax_rate((int)i));
	json_out_end_object(out);
	json_out_end_array(out);
}

static void
out_user(struct lightspeed_x *x, size_t i, struct json_out *out)
{
	(void)x;
	out_id(out, "id", LSX_USER, (int)i + 1);
	json_out_text(out, "username", "till@example.com");
	json_out_text(out, "display_name", "Till");
	json_out_text(out, "email", "till@example.com");
	json_out_text(out, "account_type", "admin");
	json_out_bool(out, "is_primary_user", true);
	json_out_text(out, "created_at", "2024-03-01T08:00:00+00:00");
	json_out_text(out, "updated_at", "2024-03-01T08:00:00+00:00");
	json_out_null(out, "deleted_at");
}

static void
print_retailer(struct lsx_call *c)
{
	json_out_object(&c->out, NULL);
	json_out_object(&c->out, "data");
	json_out_text(&c->out, "id", "0a00000f-0000-4000-8000-000000000001");
	json_out_text(&c->out, "domain_prefix", "agora");
	json_out_text(&c->out, "name", "Παντοπωλείο Αγορά");
	json_out_bool(&c->out, "tax_exclusive", false);
	json_out_text(&c->out, "country", "GR");
	json_out_object(&c->out, "currency");
	json_out_text(&c->out, "code", "EUR");
	json_out_text(&c->out, "symbol", "€");
	json_out_end_object(&c->out);
	json_out_end_object(&c->out);
	json_out_end_object(&c->out);
}

/* ---- products and stock ---- */

static void
out_product(struct lightspeed_x *x, size_t i, struct json_out *out)
{
	const struct lsx_thing *t = x->things[i];

	json_out_text(out, "id", t->id);
	json_out_text(out, "name", t->goods.name);
	json_out_text(out, "variant_name", t->goods.name);
	if (t->parent[0] != '\0')
		json_out_text(out, "variant_parent_id", t->parent);
	else
		json_out_null(out, "variant_parent_id");
	json_out_text(out, "handle", t->goods.item->code);
	json_out_text(out, "sku", t->goods.sku);
	json_out_array(out, "product_codes");
	json_out_object(out, NULL);
	json_out_text(out, "type", "EAN");
	json_out_text(out, "code", t->goods.barcode);
	json_out_end_object(out);
	json_out_end_array(out);
	json_out_bool(out, "active", true);
	json_out_bool(out, "has_inventory", !t->is_untracked);
	json_out_bool(out, "has_variants",
	              t->goods.kind[0] != '\0' && t->parent[0] == '\0');
	json_out_bool(out, "is_composite", false);
	json_out_decimal(out, "price_including_tax", t->goods.price);
	json_out_decimal(out, "price_excluding_tax", t->net);
	out_time(out, "deleted_at", t->deleted_us);
}

static void
out_inventory(struct lightspeed_x *x, size_t i, struct json_out *out)
{
	const struct lsx_thing *t = x->things[i / LSX_N_OUTLETS];
	int outlet = (int)(i % LSX_N_OUTLETS);

	out_id(out, "id", LSX_INVENTORY, (int)i + 1);
	json_out_text(out, "product_id", t->id);
	out_id(out, "outlet_id", LSX_OUTLET, outlet + 1);
	json_out_decimal(out, "inventory_level", t->levels[outlet].count);
	json_out_null(out, "reorder_point");
	json_out_null(out, "reorder_amount");
}

/* ---- sales ---- */

static void
out_line(const struct lsx_line *l, int sequence, struct json_out *out)
{
	struct decimal q = l->quantity;

	json_out_object(out, NULL);
	json_out_text(out, "id", l->id);
	json_out_text(out, "product_id", l->thing->id);
	out_id(out, "tax_id", LSX_TAX, l->tax_row + 1);
	json_out_decimal(out, "quantity", q);
	json_out_decimal(out, "price", l->price);
	json_out_decimal(out, "price_total",
	                 decimal_mul(l->price, q, 5, DECIMAL_HALF_UP));
	json_out_decimal(out, "tax", l->tax);
	json_out_decimal(out, "tax_total",
	                 decimal_mul(l->tax, q, 5, DECIMAL_HALF_UP));
	json_out_decimal(out, "discount", DECIMAL_ZERO);
	json_out_bool(out, "is_return", decimal_is_negative(q));
	json_out_int(out, "sequence", sequence);
	json_out_text(out, "status", "CONFIRMED");
	json_out_null(out, "note");
	json_out_end_object(out);
}

static void
out_parts(const struct lsx_sale *s, struct json_out *out)
{
	size_t i;

	json_out_array(out, "line_items");
	for (i = 0; i < s->n_lines; i++)
		out_line(&s->lines[i], (int)i, out);
	json_out_end_array(out);
	json_out_array(out, "payments");
	for (i = 0; i < s->n_payments; i++) {
		json_out_object(out, NULL);
		json_out_text(out, "name",
		              payment_types[s->payments[i].type].name);
		out_id(out, "register_id", LSX_REGISTER, 1);
		out_id(out, "retailer_payment_type_id", LSX_PAYMENT_TYPE,
		       s->payments[i].type + 1);
		out_time(out, "payment_date", s->date_us);
		json_out_decimal(out, "amount", s->payments[i].amount);
		json_out_end_object(out);
	}
	json_out_end_array(out);
}

/* Texts that may be missing: the description allows no null in their place. */
static void
out_some(struct json_out *out, const char *key, const char *text)
{
	if (text[0] != '\0')
		json_out_text(out, key, text);
}

static void
out_sale(struct lightspeed_x *x, size_t i, struct json_out *out)
{
	const struct lsx_sale *s = x->sales[i];

	json_out_text(out, "id", s->id);
	out_id(out, "outlet_id", LSX_OUTLET, 1);
	out_id(out, "register_id", LSX_REGISTER, 1);
	out_id(out, "user_id", LSX_USER, 1);
	out_some(out, "customer_id", s->customer);
	out_some(out, "invoice_number", s->invoice);
	json_out_text(out, "source", s->source);
	out_some(out, "source_id", s->source_id);
	json_out_text(out, "status", lsx_status(s));
	json_out_text(out, "state", lsx_state_name(s->state));
	json_out_text(out, "note", s->note);
	if (s->return_for[0] != '\0')
		json_out_text(out, "return_for", s->return_for);
	else
		json_out_null(out, "return_for");
	json_out_decimal(out, "total_price",
	                 decimal_sub(lsx_sale_total(s), lsx_sale_tax(s)));
	json_out_decimal(out, "total_tax", lsx_sale_tax(s));
	out_time(out, "sale_date", s->date_us);
	out_time(out, "created_at", s->created_us);
	out_time(out, "updated_at", s->updated_us);
	json_out_null(out, "deleted_at");
	out_parts(s, out);
}

/* ---- lists ---- */

static int64_t
product_version(struct lightspeed_x *x, size_t i)
{
	return x->things[i]->version;
}

static int64_t
level_version(struct lightspeed_x *x, size_t i)
{
	return x->things[i / LSX_N_OUTLETS]->levels[i % LSX_N_OUTLETS].version;
}

/* One that is not seen yet has none. */
static int64_t
sale_version(struct lightspeed_x *x, size_t i)
{
	const struct lsx_sale *s = x->sales[i];

	return s->visible_us > sim_now_us(x->sim) ? -1 : s->version;
}

static int64_t
fixed_version(struct lightspeed_x *x, size_t i)
{
	(void)x;
	return 1000 + (int64_t)i;
}

struct list {
	const char *name;
	size_t n; /* of fixed rows; 0: see size_of */
	int64_t (*version)(struct lightspeed_x *x, size_t i);
	void (*print)(struct lightspeed_x *x, size_t i, struct json_out *out);
	const char *scope;
};

static const struct list lists[] = {
	{ "inventory", 0, level_version, out_inventory, "inventory:read" },
	{ "products", 0, product_version, out_product, "products:read" },
	{ "sales", 0, sale_version, out_sale, "sales:read" },
	{ "outlets", LSX_N_OUTLETS, fixed_version, out_outlet, NULL },
	{ "registers", 1, fixed_version, out_register, NULL },
	{ "payment_types", LSX_N_PAYMENT_TYPES, fixed_version, out_payment_type,
	  NULL },
	{ "taxes", LSX_N_TAXES, fixed_version, out_tax, NULL },
	{ "users", 1, fixed_version, out_user, NULL },
};

static size_t
size_of(const struct lightspeed_x *x, const struct list *l)
{
	if (l->n > 0)
		return l->n;
	if (l->print == out_sale)
		return x->n_sales;
	return l->print == out_product ? x->n_things
	                               : x->n_things * LSX_N_OUTLETS;
}

bool
lsx_query_int(struct lsx_call *c, int64_t *out, const char *name)
{
	struct buf text = BUF_INIT;
	struct decimal d;
	bool is_good = true;

	if (sim_param(&text, c->http->query, name))
		is_good = decimal_parse(&d, buf_text(&text)) == 0 &&
		          decimal_to_scaled(out, d, 0) == 0;
	buf_fini(&text);
	return is_good || lsx_refuse(c, 422, "A whole number is wanted");
}

struct hit {
	int64_t version;
	size_t i;
};

static int
compare_hits(const void *a, const void *b)
{
	const struct hit *p = a;
	const struct hit *q = b;

	return (p->version > q->version) - (p->version < q->version);
}

struct page {
	int64_t after;
	int64_t before;
	int64_t size;
	bool has_deleted;
	const char *sku;     /* borrowed; NULL: any */
	const char *product; /* likewise */
};

static bool
is_wanted(struct lightspeed_x *x, const struct list *l, const struct page *p,
          size_t i)
{
	int64_t version = l->version(x, i);
	const struct lsx_thing *t = NULL;

	if (l->print == out_product)
		t = x->things[i];
	if (l->print == out_inventory)
		t = x->things[i / LSX_N_OUTLETS];
	if (l->print == out_inventory && t->is_untracked)
		return false;
	if (t != NULL && t->deleted_us != 0 && !p->has_deleted)
		return false;
	if (p->product != NULL)
		return strcmp(t->id, p->product) == 0 && version > p->after;
	if (p->sku != NULL) /* all other parameters are passed over */
		return strcasecmp(t->goods.sku, p->sku) == 0;
	return version > p->after && version < p->before;
}

static void
out_versions(struct json_out *out, const struct hit *hits, size_t n)
{
	json_out_object(out, "version");
	if (n > 0) {
		json_out_int(out, "min", hits[0].version);
		json_out_int(out, "max", hits[n - 1].version);
	} else {
		json_out_null(out, "min");
		json_out_null(out, "max");
	}
	json_out_end_object(out);
}

static void
print_page(struct lsx_call *c, const struct list *l, const struct page *p)
{
	struct lightspeed_x *x = c->x;
	size_t n_rows = size_of(x, l);
	struct hit *hits = sim_alloc((n_rows + 1) * sizeof(*hits));
	size_t n = 0;
	size_t i;

	for (i = 0; i < n_rows; i++) {
		if (is_wanted(x, l, p, i))
			hits[n++] = (struct hit){ l->version(x, i), i };
	}
	qsort(hits, n, sizeof(*hits), compare_hits);
	if ((int64_t)n > p->size)
		n = (size_t)p->size;
	json_out_object(&c->out, NULL);
	json_out_array(&c->out, "data");
	for (i = 0; i < n; i++) {
		json_out_object(&c->out, NULL);
		l->print(x, hits[i].i, &c->out);
		json_out_int(&c->out, "version", hits[i].version);
		json_out_end_object(&c->out);
	}
	json_out_end_array(&c->out);
	out_versions(&c->out, hits, n);
	json_out_end_object(&c->out);
	free(hits);
}

static void
list(struct lsx_call *c, const struct list *l, const char *product)
{
	struct page p = { .before = INT64_MAX,
		          .size = PAGE_DEFAULT,
		          .product = product };
	struct buf sku = BUF_INIT;
	struct buf deleted = BUF_INIT;

	if (l->scope != NULL && !lsx_need_scope(c, l->scope))
		return;
	if (l->print == out_product && sim_param(&sku, c->http->query, "sku"))
		p.sku = buf_text(&sku);
	p.has_deleted = sim_param(&deleted, c->http->query, "deleted") &&
	                strcmp(buf_text(&deleted), "true") == 0;
	if (lsx_query_int(c, &p.after, "after") &&
	    lsx_query_int(c, &p.before, "before") &&
	    lsx_query_int(c, &p.size, "page_size")) {
		if (p.size < 1 || p.size > PAGE_MAX)
			lsx_refuse(c, 422, "page_size: out of range");
		if (p.size > c->x->is.page_rows)
			p.size = c->x->is.page_rows;
		if (c->reply->status < 400)
			print_page(c, l, &p);
	}
	buf_fini(&deleted);
	buf_fini(&sku);
}

static void
print_one(struct lsx_call *c, const struct list *l, size_t i)
{
	if (l->scope != NULL && !lsx_need_scope(c, l->scope))
		return;
	json_out_object(&c->out, NULL);
	json_out_object(&c->out, "data");
	l->print(c->x, i, &c->out);
	json_out_int(&c->out, "version", l->version(c->x, i));
	json_out_end_object(&c->out);
	json_out_end_object(&c->out);
}

void
lsx_print_sale(struct lsx_call *c, const struct lsx_sale *s)
{
	size_t i;

	for (i = 0; c->x->sales[i] != s; i++)
		continue;
	json_out_object(&c->out, NULL);
	json_out_object(&c->out, "data");
	out_sale(c->x, i, &c->out);
	json_out_int(&c->out, "version", s->version);
	json_out_end_object(&c->out);
	json_out_end_object(&c->out);
}

/* By id; false: it is not there. */
static bool
find_row(struct lsx_call *c, const struct list *l, size_t *out)
{
	const char *id = c->path.part[1];
	struct lightspeed_x *x = c->x;
	int row = -1;

	for (*out = 0; l->print == out_sale && *out < x->n_sales; ++*out) {
		if (strcmp(x->sales[*out]->id, id) == 0)
			return true;
	}
	if (l->print == out_product)
		row = lsx_row(id, LSX_PRODUCT, (int)x->n_things);
	if (l->print == out_outlet)
		row = lsx_row(id, LSX_OUTLET, LSX_N_OUTLETS);
	if (l->print == out_register)
		row = lsx_row(id, LSX_REGISTER, 1);
	*out = (size_t)row;
	return row >= 0;
}

/* ---- searching ---- */

static bool
is_searched_sku(const struct lsx_call *c, const struct lsx_thing *t)
{
	struct buf wanted = BUF_INIT;
	char *low = sim_dup(t->goods.sku);
	const char *q = c->http->query;
	size_t n;
	bool is_found = false;
	char *p;

	for (p = low; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	for (; *q != '\0'; q += n + (q[n] == '&')) {
		n = strcspn(q, "&");
		buf_reset(&wanted);
		if (n > 4 && strncmp(q, "sku=", 4) == 0)
			sim_decode(&wanted, q + 4, n - 4);
		is_found = is_found || strcmp(buf_text(&wanted), low) == 0;
	}
	buf_fini(&wanted);
	free(low);
	return is_found;
}

static bool
is_searched_sale(const struct lsx_call *c, const struct lsx_sale *s)
{
	struct buf wanted = BUF_INIT;
	bool is_found;

	is_found = sim_param(&wanted, c->http->query, "invoice_number") &&
	           strcmp(buf_text(&wanted), s->invoice) == 0;
	buf_fini(&wanted);
	return is_found;
}

static void
search(struct lsx_call *c)
{
	struct lightspeed_x *x = c->x;
	struct buf type = BUF_INIT;
	const struct list *l = NULL;
	int64_t size = SEARCH_MAX;
	int64_t offset = 0;
	int64_t at = 0;
	size_t i;

	if (sim_param(&type, c->http->query, "type"))
		l = strcmp(buf_text(&type), "products") == 0 ? &lists[1]
		    : strcmp(buf_text(&type), "sales") == 0  ? &lists[2]
		                                             : NULL;
	buf_fini(&type);
	if (l == NULL || !lsx_query_int(c, &size, "page_size") ||
	    !lsx_query_int(c, &offset, "offset") || size > SEARCH_MAX) {
		lsx_refuse(c, 422, "type, page_size or offset is wrong");
		return;
	}
	if (!lsx_need_scope(c, l->scope))
		return;
	json_out_object(&c->out, NULL);
	json_out_array(&c->out, "data");
	for (i = 0; i < size_of(x, l); i++) {
		if (!(l->print == out_sale ? is_searched_sale(c, x->sales[i])
		                           : is_searched_sku(c, x->things[i])))
			continue;
		if (at++ < offset || at > offset + size)
			continue;
		json_out_object(&c->out, NULL);
		l->print(x, i, &c->out);
		json_out_int(&c->out, "version", l->version(x, i));
		json_out_end_object(&c->out);
	}
	json_out_end_array(&c->out);
	json_out_end_object(&c->out);
}

bool
lsx_serve_rows(struct lsx_call *c)
{
	size_t i;
	size_t row;

	if (c->api != LSX_2_0 || strcmp(c->http->method, "GET") != 0)
		return false;
	if (till_path_is(&c->path, "retailer")) {
		print_retailer(c);
		return true;
	}
	if (till_path_is(&c->path, "search")) {
		search(c);
		return true;
	}
	if (till_path_is(&c->path, "products/*/inventory")) {
		if (lsx_find(c->x, c->path.part[1]) == NULL)
			lsx_refuse(c, 404, "No such product");
		else
			list(c, &lists[0], c->path.part[1]);
		return true;
	}
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (c->path.n == 0 ||
		    strcmp(c->path.part[0], lists[i].name) != 0)
			continue;
		if (c->path.n == 1)
			list(c, &lists[i], NULL);
		else if (c->path.n == 2 && find_row(c, &lists[i], &row))
			print_one(c, &lists[i], row);
		else
			lsx_refuse(c, 404, "No such record");
		return true;
	}
	return false;
}
