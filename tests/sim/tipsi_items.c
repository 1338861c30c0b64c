/* Tipsi: items, one by one, in lists and in batches. */
#include "tests/sim/tipsi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXTERNAL_MAX = 80 };

/* ---- what a call asks for: fields are lazy ---- */

static bool
is_asked(const char *fields, const char *name)
{
	size_t n = strlen(name);
	const char *p;

	for (p = strstr(fields, name); p != NULL; p = strstr(p + 1, name)) {
		if ((p == fields || p[-1] == ',') &&
		    (p[n] == ',' || p[n] == '\0'))
			return true;
	}
	return false;
}

static void
out_external(struct json_out *out, const struct tipsi_item *item)
{
	if (item->is_number)
		json_out_raw(out, "external_id", item->external_id);
	else
		json_out_text(out, "external_id", item->external_id);
}

static void
out_stock(struct json_out *out, const struct tipsi_item *item)
{
	if (item->has_stock)
		json_out_int(out, "in_stock", item->in_stock);
	else
		json_out_null(out, "in_stock");
}

static void
out_price(struct json_out *out, const struct tipsi_item *item)
{
	if (item->has_price)
		json_out_decimal(out, "price", item->price);
	else
		json_out_null(out, "price");
}

static const char *
status_of(const struct tipsi_item *item)
{
	return item->is_matched ? "match_complete" : "match_pending";
}

/* The whole struct, as replies to writes show it. */
static void
out_full(struct json_out *out, const struct tipsi_item *item)
{
	json_out_object(out, NULL);
	json_out_int(out, "id", item->id);
	out_external(out, item);
	json_out_raw(out, "barcodes", item->barcodes);
	out_stock(out, item);
	out_price(out, item);
	json_out_null(out, "special_price");
	json_out_int(out, "special_price_amount", 0);
	json_out_bool(out, "special_price_on", false);
	json_out_null(out, "proof");
	json_out_null(out, "abv");
	json_out_null(out, "unit_size");
	json_out_text(out, "status", status_of(item));
	json_out_end_object(out);
}

static void
out_nested(struct json_out *out, const struct tipsi_item *item,
           const char *query)
{
	const char *kind = item->is_drink ? "drink" : "wine";
	struct buf fields = BUF_INIT;

	if (item->is_matched &&
	    sim_param(&fields, query,
	              item->is_drink ? "drink_fields" : "wine_fields")) {
		json_out_object(out, kind);
		json_out_int(out, "id", item->id - 42000);
		if (is_asked(buf_text(&fields), "name"))
			json_out_text(out, "name",
			              item->name != NULL ? item->name : "");
		json_out_end_object(out);
	}
	buf_fini(&fields);
}

/* id, and what the query names. */
static void
out_lazy(struct json_out *out, const struct tipsi_item *item, const char *query)
{
	struct buf wanted = BUF_INIT;
	const char *fields;
	char time[SIM_TIME_SIZE];

	sim_param(&wanted, query, "inventory_fields");
	fields = buf_text(&wanted);
	json_out_object(out, NULL);
	json_out_int(out, "id", item->id);
	if (is_asked(fields, "external_id"))
		out_external(out, item);
	if (is_asked(fields, "barcodes"))
		json_out_raw(out, "barcodes", item->barcodes);
	if (is_asked(fields, "in_stock"))
		out_stock(out, item);
	if (is_asked(fields, "price"))
		out_price(out, item);
	if (is_asked(fields, "status"))
		json_out_text(out, "status", status_of(item));
	if (is_asked(fields, "updated"))
		json_out_text(out, "updated",
		              sim_time_format(time, item->updated_us));
	if (is_asked(fields, "pos_item_name") && item->name != NULL)
		json_out_text(out, "pos_item_name", item->name);
	out_nested(out, item, query);
	json_out_end_object(out);
	buf_fini(&wanted);
}

/* ---- what a caller sends ---- */

/* A text or a whole number, as the text that stands for both. */
static bool
read_external(char out[EXTERNAL_MAX], const struct json_node *o)
{
	const struct json_node *id = json_find(o, "external_id");
	const char *text = json_text(id);
	int64_t n;

	if (text == NULL && json_get_int(&n, o, "external_id") == 0) {
		snprintf(out, EXTERNAL_MAX, "%lld", (long long)n);
		return true;
	}
	if (text == NULL || text[0] == '\0' || strlen(text) >= EXTERNAL_MAX)
		return false;
	snprintf(out, EXTERNAL_MAX, "%s", text);
	return true;
}

static bool
holds_barcode(const struct tipsi_item *item, const char *code)
{
	char *quoted = text_format("\"%s\"", code);
	bool holds;

	if (quoted == NULL)
		abort();
	holds = strstr(item->barcodes, quoted) != NULL;
	free(quoted);
	return holds;
}

/* A barcode belongs to one item of the store. NULL, or what is wrong. */
static const char *
check_barcodes(const struct tipsi *tipsi, const struct tipsi_item *own,
               const struct json_node *codes)
{
	const char *code;
	size_t i;
	size_t j;

	if (codes != NULL && json_type(codes) != JSON_ARRAY)
		return "Expected a list of items.";
	for (i = 0; i < json_length(codes); i++) {
		code = json_text(json_at(codes, i));
		if (code == NULL)
			return "Not a valid string.";
		for (j = 0; j < tipsi->n_items; j++) {
			if (tipsi->items[j] != own &&
			    holds_barcode(tipsi->items[j], code))
				return "This barcode is used already.";
		}
	}
	return NULL;
}

/* Would it be taken? NULL, or what is wrong with *field. */
static const char *
check_struct(const struct tipsi *tipsi, const struct tipsi_item *own,
             const struct json_node *o, const char **field)
{
	const char *unknown;
	const char *category = json_text_or(o, "category", "wine");
	struct decimal price;
	int64_t n;

	*field = "id";
	if (json_type(o) != JSON_OBJECT)
		return "Expected an object.";
	if (json_find(o, "id") != NULL)
		return "This field is not allowed here.";
	unknown = till_unknown(o, "external_id price barcodes proof abv "
	                          "unit_size in_stock updated pos_item_name "
	                          "category wine_id drink_id");
	*field = unknown;
	if (unknown != NULL)
		return "This field is not known.";
	*field = "in_stock";
	if (till_int(&n, o, "in_stock") == JSON_WRONG_TYPE)
		return "A valid integer is required.";
	*field = "price";
	if (json_get_decimal_lax(&price, o, "price") == JSON_WRONG_TYPE)
		return "A valid number is required.";
	*field = "category";
	if (strcmp(category, "wine") != 0 && strcmp(category, "drink") != 0)
		return "Not a valid choice.";
	*field = "barcodes";
	return check_barcodes(tipsi, own, json_find(o, "barcodes"));
}

struct member {
	const char *name;
	bool is_there; /* null counts, where json_find says nothing */
};

static bool
visit_member(void *ctx, const char *key, const struct json_node *value)
{
	struct member *m = ctx;

	(void)value;
	m->is_there = m->is_there || strcmp(key, m->name) == 0;
	return true;
}

static bool
has_member(const struct json_node *o, const char *name)
{
	struct member m = { .name = name };

	json_each(o, visit_member, &m);
	return m.is_there;
}

/* Members left out stay as they are. */
static void
take_struct(struct tipsi *tipsi, struct tipsi_item *item,
            const struct json_node *o)
{
	const char *name = json_text_or(o, "pos_item_name", NULL);
	struct buf codes = BUF_INIT;

	if (has_member(o, "in_stock")) {
		item->has_stock = till_int(&item->in_stock, o, "in_stock") == 0;
		item->n_writes++;
	}
	if (has_member(o, "price"))
		item->has_price =
			json_get_decimal_lax(&item->price, o, "price") == 0;
	if (json_find(o, "barcodes") != NULL) {
		json_print(&codes, json_find(o, "barcodes"));
		free(item->barcodes);
		item->barcodes = buf_steal(&codes);
	}
	if (name != NULL) {
		free(item->name);
		item->name = sim_dup(name);
	}
	item->updated_us = sim_now_us(tipsi->sim);
}

static struct tipsi_item *
find_external(struct tipsi *tipsi, const char *external_id)
{
	size_t i;

	for (i = 0; i < tipsi->n_items; i++) {
		if (strcmp(tipsi->items[i]->external_id, external_id) == 0)
			return tipsi->items[i];
	}
	return NULL;
}

/* ---- batches ---- */

/* All of it, or none: whether one bad struct fails the others is not
   documented. False after a refusal. */
static bool
check_batch(struct tipsi *tipsi, const struct json_node *batch,
            struct server_reply *reply)
{
	char external[EXTERNAL_MAX];
	const struct json_node *one;
	const char *field;
	const char *wrong;
	size_t i;

	if (json_type(batch) != JSON_ARRAY) {
		tipsi_refuse(reply, 400, NULL, "Expected a list of items.");
		return false;
	}
	for (i = 0; i < json_length(batch); i++) {
		one = json_at(batch, i);
		field = "external_id";
		wrong = "This field is required.";
		if (read_external(external, one))
			wrong = check_struct(tipsi,
			                     find_external(tipsi, external),
			                     one, &field);
		if (wrong != NULL) {
			tipsi_refuse(reply, 400, field, wrong);
			return false;
		}
	}
	return true;
}

static bool
is_in_batch(const struct json_node *batch, const struct tipsi_item *item)
{
	char external[EXTERNAL_MAX];
	size_t i;

	for (i = 0; i < json_length(batch); i++) {
		if (read_external(external, json_at(batch, i)) &&
		    strcmp(external, item->external_id) == 0)
			return true;
	}
	return false;
}

static int64_t
clear_others(struct tipsi *tipsi, const struct json_node *batch)
{
	struct tipsi_item *item;
	int64_t n = 0;
	size_t i;

	for (i = 0; i < tipsi->n_items; i++) {
		item = tipsi->items[i];
		if (is_in_batch(batch, item))
			continue;
		n += item->in_stock != 0;
		tipsi_count(tipsi, item, true, 0);
	}
	tipsi->n_clears++;
	return n;
}

static void
take_batch(struct tipsi *tipsi, const struct json_node *batch, bool is_clear,
           struct json_out *out)
{
	char external[EXTERNAL_MAX];
	struct tipsi_item *item;
	int64_t n_created = 0;
	int64_t n_updated = 0;
	size_t i;

	for (i = 0; i < json_length(batch); i++) {
		read_external(external, json_at(batch, i));
		item = find_external(tipsi, external);
		n_updated += item != NULL;
		n_created += item == NULL;
		if (item == NULL) /* to be matched by somebody */
			item = tipsi_make(tipsi, external);
		take_struct(tipsi, item, json_at(batch, i));
	}
	tipsi->n_created += n_created;
	json_out_object(out, NULL);
	json_out_int(out, "created_items", n_created);
	json_out_int(out, "updated_items", n_updated);
	if (is_clear)
		json_out_int(out, "cleared_items", clear_others(tipsi, batch));
	json_out_end_object(out);
}

static void
sync_batch(struct tipsi *tipsi, const struct json_node *batch, bool is_clear,
           struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };

	reply->delay_ms = tipsi->is.batch_ms;
	if (check_batch(tipsi, batch, reply))
		take_batch(tipsi, batch, is_clear, &out);
}

/* ---- lists ---- */

static void
out_link(struct json_out *out, const char *key, const struct http_call *call,
         int64_t page)
{
	struct buf link = BUF_INIT;
	const char *p = call->query;
	size_t n;

	buf_addf(&link, "http://%s%s?page=%lld", sim_header(call, "Host"),
	         call->path, (long long)page);
	while (*p != '\0') {
		n = strcspn(p, "&");
		if (n > 0 && strncmp(p, "page=", 5) != 0) {
			buf_addc(&link, '&');
			buf_add(&link, p, n);
		}
		p += n;
		p += *p == '&';
	}
	json_out_text(out, key, buf_text(&link));
	buf_fini(&link);
}

/* A whole number of the query from 1 up to max. */
static int64_t
number_of(const struct http_call *call, const char *name, int64_t fallback,
          int64_t max)
{
	struct buf text = BUF_INIT;
	int64_t n = fallback;

	if (sim_param(&text, call->query, name))
		n = atoll(buf_text(&text));
	buf_fini(&text);
	if (n < 1)
		n = fallback;
	return n > max ? max : n;
}

static void
print_rows(struct tipsi *tipsi, const struct http_call *call, bool is_drink,
           int64_t first, int64_t n_page, struct json_out *out)
{
	const struct tipsi_item *item;
	int64_t at = 0;
	size_t i;

	json_out_array(out, "results");
	for (i = 0; i < tipsi->n_items; i++) {
		item = tipsi->items[i];
		if (!item->is_matched || item->is_drink != is_drink)
			continue;
		if (at >= first && at < first + n_page)
			out_lazy(out, item, call->query);
		at++;
	}
	json_out_end_array(out);
}

static void
list_items(struct tipsi *tipsi, const struct http_call *call, bool is_drink,
           struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };
	int64_t n_page = number_of(call, "page_size", tipsi->is.page_max,
	                           tipsi->is.page_max);
	int64_t page = number_of(call, "page", 1, INT32_MAX);
	int64_t n = 0;
	size_t i;

	for (i = 0; i < tipsi->n_items; i++)
		n += tipsi->items[i]->is_matched &&
		     tipsi->items[i]->is_drink == is_drink;
	if (page > 1 && (page - 1) * n_page >= n) {
		tipsi_refuse(reply, 404, NULL, "Invalid page.");
		return;
	}
	json_out_object(&out, NULL);
	json_out_int(&out, "count", n);
	if (page * n_page < n)
		out_link(&out, "next", call, page + 1);
	else
		json_out_null(&out, "next");
	if (page > 1)
		out_link(&out, "previous", call, page - 1);
	else
		json_out_null(&out, "previous");
	print_rows(tipsi, call, is_drink, (page - 1) * n_page, n_page, &out);
	json_out_end_object(&out);
}

/* ---- one item ---- */

static void
change_item(struct tipsi *tipsi, struct tipsi_item *item,
            const struct json_node *body, struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };
	const char *field;
	const char *wrong = check_struct(tipsi, item, body, &field);

	if (wrong != NULL) {
		tipsi_refuse(reply, 400, field, wrong);
		return;
	}
	take_struct(tipsi, item, body);
	out_full(&out, item);
}

static void
serve_item(struct tipsi *tipsi, const struct http_call *call,
           struct tipsi_item *item, const struct json_node *body,
           struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };

	if (item == NULL) {
		tipsi_refuse(reply, 404, NULL, "Not found.");
	} else if (strcmp(call->method, "GET") == 0) {
		out_lazy(&out, item, call->query);
	} else if (strcmp(call->method, "PATCH") == 0) {
		change_item(tipsi, item, body, reply);
	} else if (strcmp(call->method, "DELETE") == 0) {
		tipsi_delete(tipsi, item);
		reply->status = 204;
	} else {
		tipsi_refuse(reply, 405, NULL, "Method not allowed.");
	}
}

static void
create_item(struct tipsi *tipsi, const struct json_node *body, bool is_drink,
            struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };
	char external[EXTERNAL_MAX];
	struct tipsi_item *item;
	const char *field = "external_id";
	const char *wrong = NULL;

	if (!read_external(external, body))
		wrong = "This field is required.";
	else if (find_external(tipsi, external) != NULL)
		wrong = "This field must be unique.";
	else
		wrong = check_struct(tipsi, NULL, body, &field);
	if (wrong == NULL && json_find(body, "barcodes") == NULL) {
		field = "barcodes";
		wrong = "This field is required.";
	}
	if (wrong != NULL) {
		tipsi_refuse(reply, 400, field, wrong);
		return;
	}
	item = tipsi_make(tipsi, external);
	item->is_drink = is_drink;
	item->is_matched = json_find(body, "wine_id") != NULL ||
	                   json_find(body, "drink_id") != NULL;
	take_struct(tipsi, item, body);
	out_full(&out, item);
	reply->status = 201;
}

static struct tipsi_item *
find_barcode(struct tipsi *tipsi, const char *code)
{
	size_t i;

	for (i = 0; i < tipsi->n_items; i++) {
		if (holds_barcode(tipsi->items[i], code))
			return tipsi->items[i];
	}
	return NULL;
}

/* ---- choosing ---- */

static bool
choose(struct tipsi *tipsi, const struct http_call *call,
       const struct till_path *path, const struct json_node *body,
       struct server_reply *reply)
{
	const char *what = path->part[5];
	const char *which = path->n > 6 ? path->part[6] : "";
	bool is_patch = strcmp(call->method, "PATCH") == 0;
	bool is_list = strcmp(what, "wine") == 0 || strcmp(what, "drink") == 0;

	if (is_list && path->n == 6 && strcmp(call->method, "GET") == 0)
		list_items(tipsi, call, what[0] == 'd', reply);
	else if (is_list && path->n == 6 && strcmp(call->method, "POST") == 0)
		create_item(tipsi, body, what[0] == 'd', reply);
	else if (strcmp(what, "ext") == 0 && path->n == 7 && is_patch &&
	         (strcmp(which, "sync") == 0 ||
	          strcmp(which, "sync_clear") == 0))
		sync_batch(tipsi, body, which[4] == '_', reply);
	else if (strcmp(what, "ext") == 0 && path->n == 7)
		serve_item(tipsi, call, find_external(tipsi, which), body,
		           reply);
	else if (strcmp(what, "barcode") == 0 && path->n == 7 &&
	         strcmp(call->method, "GET") == 0)
		serve_item(tipsi, call, find_barcode(tipsi, which), NULL,
		           reply);
	else
		return false;
	return true;
}

bool
tipsi_serve_store(struct tipsi *tipsi, const struct http_call *call,
                  const struct till_path *path, struct server_reply *reply)
{
	struct json *doc = NULL;
	bool is_served = true;

	if (call->n_body > 0 &&
	    (strstr(sim_header(call, "Content-Type"), "application/json") ==
	             NULL ||
	     json_parse(&doc, call->body, call->n_body) != 0))
		tipsi_refuse(reply, 400, NULL, "JSON parse error");
	else
		is_served = choose(tipsi, call, path,
		                   doc != NULL ? json_root(doc) : NULL, reply);
	json_free(doc);
	return is_served;
}
