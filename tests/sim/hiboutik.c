/*
 * Hiboutik: the door (key, slashes, the month, calls at once, errors, pages)
 * and the set-up. hiboutik_stock.c keeps products, stock and arrivals,
 * hiboutik_sales.c the sales, hiboutik_till.c is the till itself.
 */
#define _DEFAULT_SOURCE 1 /* strcasecmp under -std=c17 */

#include "tests/sim/hiboutik.h"

#include "gateway/base/crypto.h"
#include "tests/sim/till_door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_PRODUCT = 101,
	FIRST_SIZE = 11,
	PACKAGE_PRODUCT = 90,
	PAGE_ROWS = 250,
	CALLS_MAX = 10000,
	PARALLEL_MAX = 30,
};

/* ---- set-up ---- */

static struct hiboutik_product *
add_product(struct hiboutik *h, int64_t id, const char *name,
            const char *reference)
{
	struct hiboutik_product *p = sim_alloc(sizeof(*p));
	void *grown = h->products;

	p->id = id;
	p->name = sim_dup(name);
	p->reference = sim_dup(reference);
	sim_grow(&grown, &h->cap_products, h->n_products, sizeof(p));
	h->products = grown;
	h->products[h->n_products++] = p;
	return p;
}

static struct hiboutik_product *
product_of(struct hiboutik *h, struct galaxy_item *item)
{
	struct hiboutik_product *p;
	size_t i;

	for (i = 0; i < h->n_products; i++) {
		if (h->products[i]->item == item)
			return h->products[i];
	}
	p = add_product(h, FIRST_PRODUCT + (int64_t)h->n_products, item->name,
	                item->code);
	p->item = item;
	p->price = item->price;
	return p;
}

struct hiboutik_thing *
hiboutik_add(struct hiboutik *h, struct galaxy_item *item,
             struct galaxy_balance *balance)
{
	struct hiboutik_thing *t;
	void *things = h->things;
	int64_t count;

	if (!till_is_whole(&count, item, balance))
		return NULL;
	t = sim_alloc(sizeof(*t));
	till_goods_init(&t->goods, item, balance);
	t->product = product_of(h, item);
	t->counts[0] = count;
	if (balance->value >= 0) {
		t->product->is_sized = true;
		t->size = FIRST_SIZE + balance->value;
	}
	sim_grow(&things, &h->cap_things, h->n_things, sizeof(t));
	h->things = things;
	h->things[h->n_things++] = t;
	return t;
}

/* The token of the official plug-ins. */
static void
make_token(struct hiboutik *h)
{
	const struct crypto_part part = { h->options.account,
		                          strlen(h->options.account) };
	unsigned char mac[CRYPTO_MAC_MAX];
	size_t n = 0;

	if (crypto_hmac(mac, &n, CRYPTO_SHA256, h->options.key,
	                strlen(h->options.key), &part, 1) != 0)
		abort();
	crypto_hex_encode(h->token, mac, n);
}

/* By the shop's clock; the first call of another month begins again. */
static void
look_at_month(struct hiboutik *h)
{
	char now[TILL_TIME_SIZE];

	till_local_time(now, sim_now_us(h->sim));
	if (strncmp(now, h->month, sizeof(h->month) - 1) == 0)
		return;
	memcpy(h->month, now, sizeof(h->month) - 1);
	h->n_calls = 0;
}

void
hiboutik_init(struct hiboutik *h, struct sim *sim,
              const struct hiboutik_options *options)
{
	struct till_walk walk = { .galaxy = sim->galaxy };

	*h = (struct hiboutik){ .sim = sim, .options = *options };
	h->is = (struct hiboutik_switches){
		.pages_stock = true,
		.refuses_short = true,
		.lists_lines = true,
		.hook_has_lines = true,
		.hook_has_barcodes = true,
		.hook_has_token = true,
		.page_rows = PAGE_ROWS,
		.calls_max = CALLS_MAX,
		.parallel_max = PARALLEL_MAX,
		.texts_each = 3,
	};
	make_token(h);
	look_at_month(h);
	while (till_walk_next(&walk))
		hiboutik_add(h, walk.item, walk.balance);
	add_product(h, PACKAGE_PRODUCT, "Καλάθι δώρου", "PACK")->is_package =
		true;
	sim->hiboutik = h;
}

static void
free_sale(struct hiboutik_sale *s)
{
	size_t i;

	for (i = 0; i < s->n_lines; i++)
		free(s->lines[i].comment);
	free(s->ext_ref);
	free(s->payment);
	free(s->comment);
	free(s);
}

void
hiboutik_fini(struct hiboutik *h)
{
	size_t i;

	for (i = 0; i < h->n_things; i++) {
		till_goods_fini(&h->things[i]->goods);
		free(h->things[i]);
	}
	for (i = 0; i < h->n_products; i++) {
		free(h->products[i]->name);
		free(h->products[i]->reference);
		free(h->products[i]);
	}
	for (i = 0; i < h->n_sales; i++)
		free_sale(h->sales[i]);
	for (i = 0; i < h->n_inputs; i++) {
		free(h->inputs[i]->label);
		free(h->inputs[i]->date);
		free(h->inputs[i]);
	}
	for (i = 0; i < h->n_told; i++) {
		free(h->told[i].url);
		free(h->told[i].action);
	}
	free(h->things);
	free(h->products);
	free(h->sales);
	free(h->inputs);
	free(h->customers);
}

/* ---- finding ---- */

char *
hiboutik_name(char out[48], const struct hiboutik_thing *t)
{
	snprintf(out, 48, "%lld/%lld", (long long)t->product->id,
	         (long long)t->size);
	return out;
}

struct hiboutik_thing *
hiboutik_find(struct hiboutik *h, const char *text)
{
	char name[48];
	size_t i;

	for (i = 0; i < h->n_things; i++) {
		if (strcmp(h->things[i]->goods.sku, text) == 0 ||
		    strcmp(hiboutik_name(name, h->things[i]), text) == 0)
			return h->things[i];
	}
	return NULL;
}

struct hiboutik_product *
hiboutik_product(struct hiboutik *h, int64_t id)
{
	size_t i;

	for (i = 0; i < h->n_products; i++) {
		if (h->products[i]->id == id)
			return h->products[i];
	}
	return NULL;
}

struct hiboutik_thing *
hiboutik_thing(struct hiboutik *h, int64_t id, int64_t size)
{
	size_t i;

	for (i = 0; i < h->n_things; i++) {
		if (h->things[i]->product->id == id &&
		    h->things[i]->size == size)
			return h->things[i];
	}
	return NULL;
}

int64_t
hiboutik_warehouse_id(const struct hiboutik *h, int row)
{
	return h->options.warehouse + row;
}

int
hiboutik_warehouse(const struct hiboutik *h, int64_t id)
{
	int64_t row = id - h->options.warehouse;

	return row >= 0 && row < HIBOUTIK_N_WAREHOUSES ? (int)row : -1;
}

int64_t
hiboutik_next_id(struct hiboutik *h)
{
	return ++h->last_id;
}

/* ---- answers ---- */

bool
hiboutik_refuse(struct hiboutik_call *c, int status, const char *why,
                const char *detail, const char *what)
{
	struct json_out out = { .to = &c->reply->body };

	if (c->reply->status >= 400)
		return false; /* the first refusal stands */
	c->reply->status = status;
	buf_reset(&c->reply->body);
	json_out_object(&out, NULL);
	json_out_text(&out, "error", server_reason(status));
	json_out_int(&out, "code", status);
	json_out_text(&out, "error_description", why);
	json_out_object(&out, "details");
	if (detail != NULL)
		json_out_text(&out, detail, what != NULL ? what : why);
	json_out_end_object(&out);
	json_out_end_object(&out);
	return false;
}

void
hiboutik_out(struct hiboutik_call *c, const char *key, int64_t n)
{
	char text[24];

	if (!c->hiboutik->has_texts) {
		json_out_int(&c->out, key, n);
		return;
	}
	snprintf(text, sizeof(text), "%lld", (long long)n);
	json_out_text(&c->out, key, text);
}

void
hiboutik_out_money(struct hiboutik_call *c, const char *key, struct decimal d)
{
	char text[DECIMAL_TEXT_SIZE];

	json_out_text(&c->out, key, decimal_format_places(text, d, 2));
}

void
hiboutik_made(struct hiboutik_call *c, int status, const char *key, int64_t id)
{
	c->reply->status = status;
	json_out_object(&c->out, NULL);
	hiboutik_out(c, key, id);
	json_out_end_object(&c->out);
}

/* ---- pages ---- */

bool
hiboutik_page_begin(struct hiboutik_call *c, struct hiboutik_page *page,
                    bool has_pages)
{
	struct buf p = BUF_INIT;
	long number = 1;

	*page = (struct hiboutik_page){ .rows = SIZE_MAX };
	if (has_pages) {
		page->rows = (size_t)c->hiboutik->is.page_rows;
		if (sim_param(&p, c->http->query, "p"))
			number = strtol(buf_text(&p), NULL, 10);
	}
	buf_fini(&p);
	if (number < 1)
		return hiboutik_refuse(c, 422, "No such page", "p", NULL);
	page->from = has_pages ? (size_t)(number - 1) * page->rows : 0;
	json_out_array(&c->out, NULL);
	return true;
}

bool
hiboutik_page_next(struct hiboutik_page *page)
{
	size_t at = page->at++;

	return at >= page->from && at - page->from < page->rows;
}

static void
add_link(struct hiboutik_call *c, size_t number, const char *rel, bool is_more)
{
	buf_addf(&c->reply->headers, "%s<http://%s%s?p=%zu>; rel=\"%s\"",
	         is_more ? ", " : "Link: ", sim_header(c->http, "Host"),
	         c->http->path, number, rel);
}

void
hiboutik_page_end(struct hiboutik_call *c, const struct hiboutik_page *page)
{
	size_t number;
	size_t last;
	size_t end;

	json_out_end_array(&c->out);
	if (page->rows == SIZE_MAX)
		return;
	number = page->from / page->rows + 1;
	last = page->at > 0 ? (page->at - 1) / page->rows + 1 : 1;
	end = page->from + page->rows < page->at ? page->from + page->rows
	                                         : page->at;
	if (page->from < page->at)
		buf_addf(&c->reply->headers, "Content-Range: %zu-%zu/%zu\r\n",
		         page->from, end - 1, page->at);
	else
		buf_addf(&c->reply->headers, "Content-Range: */%zu\r\n",
		         page->at);
	add_link(c, 1, "start", false);
	if (number > 1)
		add_link(c, number - 1, "prev", true);
	add_link(c, number, "current", true);
	if (number < last)
		add_link(c, number + 1, "next", true);
	add_link(c, last, "last", true);
	buf_adds(&c->reply->headers, "\r\n");
}

/* ---- requests ---- */

bool
hiboutik_check(struct hiboutik_call *c, const char *names)
{
	const char *unknown = till_unknown(c->body, names);

	if (unknown == NULL)
		return c->reply->status < 400;
	return hiboutik_refuse(c, 422, "Unknown field", unknown,
	                       "is not a field of this call");
}

bool
hiboutik_take(struct hiboutik_call *c, int64_t *out, const char *key)
{
	if (till_int(out, c->body, key) != JSON_WRONG_TYPE)
		return c->reply->status < 400;
	return hiboutik_refuse(c, 422, "Wrong value", key,
	                       "is not a whole number");
}

bool
hiboutik_need(struct hiboutik_call *c, int64_t *out, const char *key)
{
	if (json_find(c->body, key) == NULL)
		return hiboutik_refuse(c, 422, "Missing field", key,
		                       "is required");
	return hiboutik_take(c, out, key);
}

bool
hiboutik_is(const struct hiboutik_call *c, const char *method,
            const char *pattern)
{
	return strcmp(c->http->method, method) == 0 &&
	       till_path_is(&c->path, pattern);
}

/* ---- the door ---- */

/* The paths that the vendor's clients write with a slash at their end. */
static const char *const slashed[] = {
	"stock_available/all_wh",
	"products",
	"products/search/barcode/*",
	"products/search/supplier_reference/*",
	"products_barcode/*/*/*",
	"products_sold/*/*/*/*",
	"payment_types/*",
	"customers",
	"customers/search",
	"sales",
	"sales/add_product",
	"sales/close",
	"sales/comments",
	"sales_payment_div",
	"inventory_inputs",
	"inventory_input_validate",
};

static bool
has_right_slash(const struct hiboutik_call *c)
{
	bool wants = false;
	size_t i;

	for (i = 0; i < sizeof(slashed) / sizeof(slashed[0]); i++)
		wants = wants || till_path_is(&c->path, slashed[i]);
	return c->hiboutik->is.lenient_slashes || wants == c->path.has_slash;
}

/* A web server's answer; a client that follows it turns POST into GET. */
static void
redirect(struct hiboutik_call *c)
{
	const char *path = c->http->path;
	size_t n = strlen(path);

	c->reply->status = 301;
	c->reply->content_type = "text/html";
	buf_addf(&c->reply->headers, "Location: http://%s%.*s%s\r\n",
	         sim_header(c->http, "Host"),
	         (int)(c->path.has_slash ? n - 1 : n), path,
	         c->path.has_slash ? "" : "/");
}

static bool
is_known(const struct hiboutik_call *c)
{
	const struct hiboutik_options *o = &c->hiboutik->options;
	char plain[256];
	char coded[400];
	const char *given;

	snprintf(plain, sizeof(plain), "%s:%s", o->email, o->key);
	crypto_base64_encode(coded, plain, strlen(plain));
	return sim_after(&given, sim_header(c->http, "Authorization"),
	                 "Basic ") &&
	       strcmp(given, coded) == 0;
}

static bool
may_call(struct hiboutik_call *c)
{
	struct hiboutik *h = c->hiboutik;

	look_at_month(h);
	if (__atomic_load_n(&h->n_parallel, __ATOMIC_RELAXED) >
	    h->is.parallel_max) {
		h->n_crowded++;
		return hiboutik_refuse(c, 429, "Too many calls at once", NULL,
		                       NULL);
	}
	h->n_calls++;
	if (h->n_calls <= h->is.calls_max)
		return true;
	h->n_exhausted++;
	return hiboutik_refuse(c, 429, "The calls of this month are used up",
	                       NULL, NULL);
}

/* A form or JSON, and neither for calls without a body. */
static bool
read_body(struct hiboutik_call *c, struct json **doc)
{
	const char *type = sim_header(c->http, "Content-Type");

	if (c->http->n_body == 0)
		return true;
	if (strstr(type, "application/x-www-form-urlencoded") != NULL)
		*doc = till_form(c->http->body, c->http->n_body);
	else if (strstr(type, "application/json") != NULL &&
	         json_parse(doc, c->http->body, c->http->n_body) != 0)
		*doc = NULL;
	else if (strstr(type, "application/json") == NULL)
		return hiboutik_refuse(c, 406, "Unknown Content-Type", NULL,
		                       NULL);
	c->body = *doc != NULL ? json_root(*doc) : NULL;
	if (*doc == NULL || json_type(c->body) != JSON_OBJECT)
		return hiboutik_refuse(c, 422, "The body cannot be read", NULL,
		                       NULL);
	return true;
}

static void
choose(struct hiboutik_call *c)
{
	c->reply->status = 200;
	if (!hiboutik_serve_stock(c) && !hiboutik_serve_inputs(c) &&
	    !hiboutik_serve_sales(c))
		hiboutik_refuse(c, 404, "No such resource", NULL, NULL);
}

static void
answer(void *call)
{
	struct hiboutik_call *c = call;
	struct hiboutik *h = c->hiboutik;
	struct json *doc = NULL;
	const char *rest = "";
	bool has_root = sim_after(&rest, c->http->path, "/apirest/") ||
	                sim_after(&rest, c->http->path, "/api/");

	till_path_init(&c->path, rest);
	h->n_answers++;
	h->has_texts =
		h->is.texts_each > 0 && h->n_answers % h->is.texts_each == 0;
	if (!may_call(c))
		c->reply->status = 429;
	else if (!has_root)
		hiboutik_refuse(c, 404, "No such resource", NULL, NULL);
	else if (!is_known(c))
		hiboutik_refuse(c, 401, "Wrong user or key", NULL, NULL);
	else if (!has_right_slash(c))
		redirect(c);
	else if (read_body(c, &doc))
		choose(c);
	json_free(doc);
	till_path_fini(&c->path);
}

/* The call is answered to its last byte. */
static void
leave(void *ctx)
{
	struct hiboutik *h = ctx;

	__atomic_sub_fetch(&h->n_parallel, 1, __ATOMIC_RELAXED);
}

static void
refuse(void *call, int status)
{
	hiboutik_refuse(call, status, "Simulated trouble", NULL, NULL);
}

void
hiboutik_serve(void *ctx, const struct http_call *call,
               struct server_reply *reply)
{
	struct hiboutik *h = ctx;
	struct hiboutik_call c = { .hiboutik = h,
		                   .http = call,
		                   .reply = reply,
		                   .out = { .to = &reply->body } };
	const struct till_door door = { h->sim, SIM_HIBOUTIK, &c, answer,
		                        refuse };

	__atomic_add_fetch(&h->n_parallel, 1, __ATOMIC_RELAXED);
	reply->stream = (struct server_stream){ NULL, leave, h };
	till_door_serve(&door, call, reply);
}
