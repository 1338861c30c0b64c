/*
 * Square: the door (token, paths, errors, cursors) and the set-up.
 * square_stock.c keeps the counts, square_inventory.c, square_orders.c,
 * square_pay.c, square_catalog.c, square_hooks.c and square_token.c answer the
 * calls.
 */
#include "tests/sim/square.h"

#include "gateway/base/clock.h"
#include "tests/sim/calls.h"
#include "tests/sim/fault.h"
#include "tests/sim/shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_CURSORS = 64 };

/* ---- set-up ---- */

struct square_variation *
square_add(struct square *square, struct galaxy_item *item,
           struct galaxy_balance *balance)
{
	const int64_t day_us = (int64_t)86400 * 1000000;
	struct square_variation *v = sim_alloc(sizeof(*v));
	void *variations = square->variations;
	struct square_change first = { .is_count = true,
		                       .to = SQUARE_IN_STOCK,
		                       .quantity = balance->quantity };

	sim_token(square->sim, v->id, 24);
	if (balance == item->balances)
		sim_token(square->sim, v->item_id, 24);
	else /* another size of the same product */
		memcpy(v->item_id,
		       square->variations[square->n_variations - 1]->item_id,
		       sizeof(v->item_id));
	galaxy_barcode(v->upc, item, balance);
	v->item = item;
	v->balance = balance;
	v->name = sim_dup(item->name);
	v->kind = sim_dup(balance->value < 0 ? "Regular"
	                                     : shop_sizes[balance->value]);
	v->sku = balance->value < 0 ? sim_dup(item->code)
	                            : text_format("%s-%s", item->code, v->kind);
	if (v->sku == NULL || decimal_to_scaled(&v->price, item->price, 2) != 0)
		abort();
	sim_grow(&variations, &square->cap_variations, square->n_variations,
	         sizeof(v));
	square->variations = variations;
	square->variations[square->n_variations++] = v;
	first.created_us = sim_now_us(square->sim) - 2 * day_us;
	first.occurred_us = first.created_us;
	square_change_add(square, v, &first);
	for (first.at = 1; first.at < square_n_locations(square); first.at++) {
		first.created_us = sim_now_us(square->sim) - 2 * day_us;
		first.occurred_us = first.created_us;
		square_change_add(square, v, &first);
	}
	return v;
}

void
square_init(struct square *square, struct sim *sim,
            const struct square_options *options)
{
	struct galaxy *galaxy = sim->galaxy;
	size_t i;
	size_t j;

	*square = (struct square){ .sim = sim, .options = *options };
	square->is.page_max = 1000;
	square_tokens_init(square);
	square_hooks_init(square);
	for (i = 0; i < galaxy->n_items; i++) {
		for (j = 0; j < galaxy->items[i]->n_balances; j++)
			square_add(square, galaxy->items[i],
			           &galaxy->items[i]->balances[j]);
	}
	sim->square = square;
}

static void
free_variation(struct square_variation *v)
{
	size_t i;

	for (i = 0; i < v->n_changes; i++)
		free(v->changes[i].reference_id);
	free(v->changes);
	free(v->sku);
	free(v->name);
	free(v->kind);
	free(v);
}

void
square_fini(struct square *square)
{
	size_t i;

	for (i = 0; i < square->n_variations; i++)
		free_variation(square->variations[i]);
	for (i = 0; i < square->n_orders; i++)
		square_order_free(square->orders[i]);
	for (i = 0; i < square->n_keys; i++) {
		free(square->keys[i].key);
		free(square->keys[i].request);
		free(square->keys[i].reply);
	}
	for (i = 0; i < N_CURSORS; i++)
		free(square->cursors[i].query);
	square_tokens_fini(square);
	square_hooks_fini(square);
	free(square->variations);
	free(square->orders);
	free(square->keys);
}

size_t
square_n_locations(const struct square *square)
{
	return square->options.second != NULL ? 2 : 1;
}

const char *
square_location(const struct square *square, size_t at)
{
	return at == 0 ? square->options.location : square->options.second;
}

bool
square_location_find(const struct square *square, size_t *at, const char *id)
{
	for (*at = 0; *at < square_n_locations(square); ++*at) {
		if (strcmp(square_location(square, *at), id) == 0)
			return true;
	}
	return false;
}

struct square_variation *
square_find(struct square *square, const char *text)
{
	size_t i;

	for (i = 0; i < square->n_variations; i++) {
		if (strcmp(square->variations[i]->id, text) == 0 ||
		    strcmp(square->variations[i]->sku, text) == 0)
			return square->variations[i];
	}
	return NULL;
}

/* Where Galaxy has it: a code, or item and dimension value by id. */
static void
add_cell(struct buf *out, const struct square_variation *v)
{
	char value[GALAXY_GUID_SIZE];

	if (v->balance->value < 0) {
		buf_adds(out, v->item->code);
		return;
	}
	galaxy_guid(value, GALAXY_VALUE, (unsigned)v->balance->value);
	buf_addf(out, "%s:%s", v->item->itemid, value);
}

void
square_registry(const struct square *square, struct buf *out, const char *erp,
                const char *till)
{
	const struct square_variation *v;
	size_t i;

	buf_addf(out, "sku,name,%s,%s\n", erp, till);
	for (i = 0; i < square->n_variations; i++) {
		v = square->variations[i];
		buf_addf(out, "%s,\"%s%s%s\",", v->sku, v->name,
		         v->balance->value < 0 ? "" : " ",
		         v->balance->value < 0 ? "" : v->kind);
		add_cell(out, v);
		buf_addf(out, ",%s\n", v->id);
	}
}

/* ---- answers ---- */

static const char *
category_of(int status)
{
	if (status == 401 || status == 403)
		return "AUTHENTICATION_ERROR";
	if (status == 429)
		return "RATE_LIMIT_ERROR";
	return status >= 500 ? "API_ERROR" : "INVALID_REQUEST_ERROR";
}

void
square_refuse(struct server_reply *reply, int status, const char *code,
              const char *field, const char *detail)
{
	struct json_out out = { .to = &reply->body };

	reply->status = status;
	buf_reset(&reply->body);
	json_out_object(&out, NULL);
	json_out_array(&out, "errors");
	json_out_object(&out, NULL);
	json_out_text(&out, "category", category_of(status));
	json_out_text(&out, "code", code);
	if (detail != NULL)
		json_out_text(&out, "detail", detail);
	if (field != NULL)
		json_out_text(&out, "field", field);
	json_out_end_object(&out);
	json_out_end_array(&out);
	json_out_end_object(&out);
}

void
square_money_out(struct json_out *out, const char *key, int64_t cents)
{
	json_out_object(out, key);
	json_out_int(out, "amount", cents);
	json_out_text(out, "currency", "EUR");
	json_out_end_object(out);
}

void
square_time_out(struct json_out *out, const char *key, int64_t us)
{
	char text[SIM_TIME_SIZE];

	json_out_text(out, key, sim_time_format(text, us));
}

/* ---- requests ---- */

struct json *
square_body(const struct http_call *call, struct server_reply *reply)
{
	struct json *doc = NULL;

	if (strstr(sim_header(call, "Content-Type"), "application/json") ==
	    NULL) {
		square_refuse(reply, 400, "INVALID_CONTENT_TYPE", NULL,
		              "Content-Type must be application/json");
	} else if (json_parse(&doc, call->body, call->n_body) != 0 ||
	           json_type(json_root(doc)) != JSON_OBJECT) {
		square_refuse(reply, 400, "EXPECTED_JSON_BODY", NULL,
		              "Expected a JSON object");
		json_free(doc);
		doc = NULL;
	}
	return doc;
}

struct member_check {
	const char *names;
	const char *unknown; /* borrowed; NULL: none */
};

static bool
is_word_of(const char *names, const char *word)
{
	size_t n = strlen(word);
	const char *p;

	for (p = strstr(names, word); p != NULL; p = strstr(p + 1, word)) {
		if ((p == names || p[-1] == ' ') &&
		    (p[n] == ' ' || p[n] == '\0'))
			return true;
	}
	return false;
}

static bool
visit_member(void *ctx, const char *key, const struct json_node *value)
{
	struct member_check *check = ctx;

	(void)value;
	if (!is_word_of(check->names, key))
		check->unknown = key;
	return check->unknown == NULL;
}

bool
square_check_members(const struct json_node *o, const char *names,
                     struct server_reply *reply)
{
	struct member_check check = { .names = names };

	json_each(o, visit_member, &check);
	if (check.unknown != NULL)
		square_refuse(reply, 400, "UNKNOWN_BODY_PARAMETER",
		              check.unknown, "The field is not known");
	return check.unknown == NULL;
}

bool
square_is_listed(const struct json_node *request, const char *key,
                 const char *text)
{
	const struct json_node *array = json_find(request, key);
	const char *one;
	size_t i;

	for (i = 0; i < json_length(array); i++) {
		one = json_text(json_at(array, i));
		if (one != NULL && strcmp(one, text) == 0)
			return true;
	}
	return json_length(array) == 0;
}

bool
square_limit_read(const struct square *square, size_t *out,
                  const struct json_node *request, size_t fallback, size_t max,
                  struct server_reply *reply)
{
	int64_t limit = (int64_t)fallback;

	if (json_get_int(&limit, request, "limit") == JSON_WRONG_TYPE) {
		square_refuse(reply, 400, "EXPECTED_INTEGER", "limit", NULL);
		return false;
	}
	if (limit < 1 || limit > (int64_t)max) {
		square_refuse(reply, 400,
		              limit < 1 ? "VALUE_TOO_LOW" : "VALUE_TOO_HIGH",
		              "limit", NULL);
		return false;
	}
	if (limit > square->is.page_max)
		limit = square->is.page_max;
	*out = (size_t)limit;
	return true;
}

/* ---- cursors ---- */

struct printed {
	struct buf text;
};

static bool
visit_query(void *ctx, const char *key, const struct json_node *value)
{
	struct printed *p = ctx;

	if (strcmp(key, "cursor") != 0 && strcmp(key, "limit") != 0) {
		buf_addf(&p->text, "%s=", key);
		json_print(&p->text, value);
		buf_addc(&p->text, ';');
	}
	return true;
}

/* What a cursor belongs to: with another query it is not valid. */
static char *
query_of(const char *path, const struct json_node *request)
{
	struct printed p = { .text = BUF_INIT };
	char *text;

	buf_addf(&p.text, "%s ", path);
	json_each(request, visit_query, &p);
	text = sim_dup(buf_text(&p.text));
	buf_fini(&p.text);
	return text;
}

bool
square_cursor_read(struct square *square, struct square_place *out,
                   const char *path, const struct json_node *request,
                   struct server_reply *reply)
{
	const char *id = json_text_or(request, "cursor", NULL);
	const struct square_cursor *c;
	char *query;
	bool is_valid = false;
	size_t i;

	out->mark = 0;
	out->as_of_us = sim_now_us(square->sim);
	if (id == NULL)
		return true;
	query = query_of(path, request);
	for (i = 0; i < N_CURSORS; i++) {
		c = &square->cursors[i];
		if (c->query == NULL || strcmp(c->id, id) != 0 ||
		    strcmp(c->query, query) != 0 ||
		    clock_mono_ms() >= c->until_mono_ms)
			continue;
		out->mark = c->mark;
		out->as_of_us = c->as_of_us;
		is_valid = true;
	}
	free(query);
	if (!is_valid)
		square_refuse(reply, 400, "INVALID_CURSOR", "cursor",
		              "The cursor has expired or is not of this query");
	return is_valid;
}

void
square_cursor_out(struct square *square, struct json_out *out, const char *path,
                  const struct json_node *request,
                  const struct square_place *place)
{
	struct square_cursor *c;

	c = &square->cursors[square->next_cursor++ % N_CURSORS];
	free(c->query);
	c->query = query_of(path, request);
	c->mark = place->mark;
	c->as_of_us = place->as_of_us;
	c->until_mono_ms = clock_mono_ms() + square->options.cursor_ms;
	sim_token(square->sim, c->id, 28);
	json_out_text(out, "cursor", c->id);
}

/* ---- paths ---- */

static void
out_location(const struct square *square, size_t at, struct json_out *out,
             const char *key)
{
	json_out_object(out, key);
	json_out_text(out, "id", square_location(square, at));
	json_out_text(out, "name", at == 0 ? "Agora" : "Harbour");
	json_out_text(out, "timezone", "Europe/Athens");
	json_out_text(out, "status", "ACTIVE");
	json_out_text(out, "created_at", "2024-03-01T08:00:00Z");
	json_out_text(out, "merchant_id", SQUARE_MERCHANT);
	json_out_text(out, "country", "GR");
	json_out_text(out, "language_code", "el-GR");
	json_out_text(out, "currency", "EUR");
	json_out_text(out, "business_name", "Παντοπωλείο Αγορά");
	json_out_text(out, "type", "PHYSICAL");
	json_out_end_object(out);
}

static bool
serve_locations(const struct square *square, const struct http_call *call,
                struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };
	const char *id = NULL;
	size_t at = 0;

	if (strcmp(call->path, "/v2/locations") != 0 &&
	    !sim_after(&id, call->path, "/v2/locations/"))
		return false;
	if (id != NULL && strcmp(id, "main") == 0)
		id = square->options.location;
	if (id != NULL && !square_location_find(square, &at, id)) {
		square_refuse(reply, 404, "NOT_FOUND", NULL,
		              "Location not found");
		return true;
	}
	json_out_object(&out, NULL);
	if (id != NULL) {
		out_location(square, at, &out, "location");
	} else {
		json_out_array(&out, "locations");
		for (; at < square_n_locations(square); at++)
			out_location(square, at, &out, NULL);
		json_out_end_array(&out);
	}
	json_out_end_object(&out);
	return true;
}

/* The verbs of the paths that are served; others are 405. */
static bool
is_right_verb(const struct http_call *call)
{
	const char *wanted = "POST";
	const char *rest;

	if (sim_after(&rest, call->path, "/v2/locations") ||
	    strcmp(call->path, "/v2/catalog/list") == 0 ||
	    (sim_after(&rest, call->path, "/v2/orders/") &&
	     strchr(rest, '/') == NULL && strcmp(rest, "search") != 0 &&
	     strcmp(rest, "batch-retrieve") != 0) ||
	    sim_after(&rest, call->path, "/v2/inventory/adjustments/") ||
	    (sim_after(&rest, call->path, "/v2/inventory/") &&
	     strchr(rest, '/') == NULL))
		wanted = "GET";
	return strcmp(call->method, wanted) == 0;
}

/* What only the application itself may ask, and no seller's token. */
static void
serve_own(struct square *square, const struct http_call *call,
          const char *token, struct server_reply *reply)
{
	if (strcmp(token, square->options.token) != 0)
		square_refuse(reply, 403, "FORBIDDEN", NULL,
		              "A personal access token is needed");
	else if (!square_serve_hooks(square, call, reply))
		square_refuse(reply, 404, "NOT_FOUND", NULL,
		              "Resource not found.");
}

static void
answer(struct square *square, const struct http_call *call,
       struct server_reply *reply)
{
	const char *token;
	const char *version = sim_header(call, "Square-Version");

	buf_addf(&reply->headers, "Square-Version: %s\r\n",
	         version[0] != '\0' ? version : square->options.version);
	if (square_serve_tokens(square, call, reply))
		return;
	if (!sim_after(&token, sim_header(call, "Authorization"), "Bearer "))
		token = "";
	if (!square_token_check(square, token, reply))
		return;
	reply->status = 200;
	if (sim_after(&version, call->path, "/v2/webhooks/")) {
		serve_own(square, call, token, reply);
		return;
	}
	if (!is_right_verb(call))
		square_refuse(reply, 405, "METHOD_NOT_ALLOWED", NULL, NULL);
	else if (!serve_locations(square, call, reply) &&
	         !square_serve_inventory(square, call, reply) &&
	         !square_serve_orders(square, call, reply) &&
	         !square_serve_payments(square, call, reply) &&
	         !square_serve_catalog(square, call, reply))
		square_refuse(reply, 404, "NOT_FOUND", NULL,
		              "Resource not found.");
}

/* The code that goes with a status made on demand. */
static const char *
code_of(int status)
{
	switch (status) {
	case 400: return "BAD_REQUEST";
	case 401: return "UNAUTHORIZED";
	case 403: return "FORBIDDEN";
	case 404: return "NOT_FOUND";
	case 409: return "CONFLICT";
	case 429: return "RATE_LIMITED";
	case 502: return "BAD_GATEWAY";
	case 503: return "SERVICE_UNAVAILABLE";
	case 504: return "GATEWAY_TIMEOUT";
	default: return "INTERNAL_SERVER_ERROR";
	}
}

void
square_serve(void *ctx, const struct http_call *call,
             struct server_reply *reply)
{
	struct square *square = ctx;
	struct fault fault = { .mode = FAULT_NONE };
	struct calls *count;

	pthread_mutex_lock(&square->sim->lock);
	count = calls_count(square->sim, SIM_SQUARE, call->method, call->path);
	if (fault_take(&fault, square->sim, SIM_SQUARE, call->method,
	               call->path))
		count->n_faults++;
	square->partial = 0;
	if (fault.mode == FAULT_PARTIAL)
		square->partial = (size_t)fault.n_applied;
	if (fault.mode == FAULT_STATUS) {
		square_refuse(reply, fault.status, code_of(fault.status), NULL,
		              "Simulated trouble");
	} else if (!fault_is_early(&fault)) {
		answer(square, call, reply);
		count->n_refused += reply->status >= 400;
	}
	fault_apply(&fault, reply);
	pthread_mutex_unlock(&square->sim->lock);
}

/* ---- state ---- */

/* What was moved into a state and out of another at a location, net. */
static struct decimal
moved(const struct square_variation *v, size_t at, bool is_api)
{
	struct decimal sum = DECIMAL_ZERO;
	const struct square_change *c;
	size_t i;

	for (i = 0; i < v->n_changes; i++) {
		c = &v->changes[i];
		if (c->at != at || c->is_count || c->is_api != is_api)
			continue;
		if (c->to == SQUARE_SOLD)
			sum = decimal_add(sum, c->quantity);
		if (c->from == SQUARE_UNLINKED_RETURN)
			sum = decimal_sub(sum, c->quantity);
	}
	return sum;
}

/* sold: at the till; recorded: by calls; both net of returns. */
static void
print_shelf(const struct square_variation *v, size_t at, struct json_out *out)
{
	json_out_object(out, NULL);
	json_out_text(out, "variation", v->id);
	json_out_text(out, "sku", v->sku);
	json_out_decimal(out, "count", v->shelves[at].counts[SQUARE_IN_STOCK]);
	json_out_decimal(out, "sold", moved(v, at, false));
	json_out_decimal(out, "recorded", moved(v, at, true));
	json_out_int(out, "writes", v->shelves[at].n_writes);
	json_out_end_object(out);
}

static void
print_counts(const struct square *square, size_t at, const char *key,
             struct json_out *out)
{
	size_t i;

	json_out_array(out, key);
	for (i = 0; i < square->n_variations; i++)
		print_shelf(square->variations[i], at, out);
	json_out_end_array(out);
}

static void
print_order(const struct square *square, const struct square_order *o,
            struct json_out *out)
{
	size_t i;

	json_out_object(out, NULL);
	json_out_text(out, "id", o->id);
	json_out_text(out, "location", square_location(square, o->at));
	json_out_int(out, "version", o->version);
	json_out_text(out, "state", square_order_state_name(o->state));
	json_out_int(out, "total", square_order_cents(o));
	if (o->is_api) {
		json_out_text(out, "reference_id",
		              o->reference_id != NULL ? o->reference_id : "");
		json_out_int(out, "answers", o->n_answers);
		json_out_int(out, "payments", o->n_payments);
	}
	json_out_array(out, "lines");
	for (i = 0; i < o->n_lines; i++) {
		json_out_object(out, NULL);
		json_out_text(out, "uid", o->lines[i].uid);
		json_out_text(out, "sku", o->lines[i].variation->sku);
		json_out_decimal(out, "quantity", o->lines[i].quantity);
		json_out_int(out, "cents", square_line_cents(&o->lines[i]));
		json_out_end_object(out);
	}
	json_out_end_array(out);
	json_out_end_object(out);
}

void
square_print_state(struct square *square, struct json_out *out)
{
	size_t i;

	print_counts(square, 0, "counts", out);
	if (square_n_locations(square) > 1)
		print_counts(square, 1, "second_counts", out);
	json_out_array(out, "orders");
	for (i = 0; i < square->n_orders; i++)
		print_order(square, square->orders[i], out);
	json_out_end_array(out);
	square_tokens_print(square, out);
	square_hooks_print(square, out);
	json_out_int(out, "writes", square->n_writes);
	json_out_int(out, "unchanged", square->n_unchanged);
	calls_print(square->sim, SIM_SQUARE, out, "calls");
}
