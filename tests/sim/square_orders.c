/*
 * Square: orders, as the till made them (COMPLETED at once) or as calls did
 * (square_pay.c): how they look, are found and are read.
 */
#include "tests/sim/square.h"

#include <stdlib.h>
#include <string.h>

enum {
	LOCATIONS_MAX = 10,
	SEARCH_PAGE = 500,
	SEARCH_MAX = 1000,
	RETRIEVE_MAX = 100,
};

/* ---- as JSON ---- */

static void
out_line(const struct square_line *line, struct json_out *out)
{
	char quantity[DECIMAL_TEXT_SIZE];
	int64_t cents = square_line_cents(line);

	json_out_object(out, NULL);
	json_out_text(out, "uid", line->uid);
	json_out_text(out, "catalog_object_id", line->variation->id);
	json_out_int(out, "catalog_version", 1700000000000);
	json_out_text(out, "quantity",
	              decimal_format(quantity, line->quantity));
	json_out_text(out, "name", line->variation->name);
	json_out_text(out, "variation_name", line->variation->kind);
	json_out_text(out, "item_type", "ITEM");
	square_money_out(out, "base_price_money",
	                 line->is_priced ? line->price
	                                 : line->variation->price);
	square_money_out(out, "variation_total_price_money", cents);
	square_money_out(out, "gross_sales_money", cents);
	square_money_out(out, "total_tax_money", 0);
	square_money_out(out, "total_discount_money", 0);
	square_money_out(out, "total_service_charge_money", 0);
	square_money_out(out, "total_money", cents);
	json_out_end_object(out);
}

void
square_order_free(struct square_order *o)
{
	free(o->reference_id);
	free(o->source);
	free(o->discount_uid);
	free(o->discount_name);
	free(o);
}

int64_t
square_order_cents(const struct square_order *o)
{
	int64_t cents = -o->discount;
	size_t i;

	for (i = 0; i < o->n_lines; i++)
		cents += square_line_cents(&o->lines[i]);
	return cents;
}

const char *
square_order_state_name(enum square_order_state state)
{
	switch (state) {
	case SQUARE_OPEN: return "OPEN";
	case SQUARE_CANCELED: return "CANCELED";
	case SQUARE_COMPLETED: break;
	}
	return "COMPLETED";
}

static const char *
source_of(const struct square_order *o)
{
	if (!o->is_api)
		return "Point of Sale";
	return o->source != NULL ? o->source : "";
}

static void
out_tender(const struct square *square, const struct square_order *o,
           int64_t cents, struct json_out *out)
{
	json_out_array(out, "tenders");
	json_out_object(out, NULL);
	json_out_text(out, "id", o->payment_id);
	json_out_text(out, "location_id", square_location(square, o->at));
	json_out_text(out, "transaction_id", o->id);
	square_time_out(out, "created_at", o->closed_us);
	square_money_out(out, "amount_money", cents);
	json_out_text(out, "type", o->is_api ? "OTHER" : "CASH");
	json_out_text(out, "payment_id", o->payment_id);
	json_out_end_object(out);
	json_out_end_array(out);
}

static void
out_discount(const struct square_order *o, struct json_out *out)
{
	json_out_array(out, "discounts");
	json_out_object(out, NULL);
	json_out_text(out, "uid", o->discount_uid);
	if (o->discount_name != NULL)
		json_out_text(out, "name", o->discount_name);
	json_out_text(out, "type", "FIXED_AMOUNT");
	json_out_text(out, "scope", "ORDER");
	square_money_out(out, "amount_money", o->discount);
	square_money_out(out, "applied_money", o->discount);
	json_out_end_object(out);
	json_out_end_array(out);
}

static void
out_totals(const struct square_order *o, int64_t cents, struct json_out *out)
{
	square_money_out(out, "total_money", cents);
	square_money_out(out, "total_tax_money", 0);
	square_money_out(out, "total_discount_money", o->discount);
	square_money_out(out, "total_tip_money", 0);
	square_money_out(out, "total_service_charge_money", 0);
	square_money_out(out, "net_amount_due_money",
	                 o->state == SQUARE_OPEN ? cents : 0);
}

void
square_order_out(const struct square *square, const struct square_order *o,
                 struct json_out *out, const char *key)
{
	int64_t cents = square_order_cents(o);
	const char *source = source_of(o);
	size_t i;

	json_out_object(out, key);
	json_out_text(out, "id", o->id);
	json_out_text(out, "location_id", square_location(square, o->at));
	if (o->reference_id != NULL)
		json_out_text(out, "reference_id", o->reference_id);
	if (source[0] != '\0') {
		json_out_object(out, "source");
		json_out_text(out, "name", source);
		json_out_end_object(out);
	}
	json_out_array(out, "line_items");
	for (i = 0; i < o->n_lines; i++)
		out_line(&o->lines[i], out);
	json_out_end_array(out);
	if (o->discount_uid != NULL)
		out_discount(o, out);
	if (o->payment_id[0] != '\0')
		out_tender(square, o, cents, out);
	square_time_out(out, "created_at", o->created_us);
	square_time_out(out, "updated_at", o->updated_us);
	if (o->state != SQUARE_OPEN)
		square_time_out(out, "closed_at", o->closed_us);
	json_out_text(out, "state", square_order_state_name(o->state));
	json_out_int(out, "version", o->version);
	out_totals(o, cents, out);
	json_out_end_object(out);
}

static void
out_entry(const struct square *square, const struct square_order *o,
          struct json_out *out)
{
	json_out_object(out, NULL);
	json_out_text(out, "order_id", o->id);
	json_out_int(out, "version", o->version);
	json_out_text(out, "location_id", square_location(square, o->at));
	json_out_end_object(out);
}

/* ---- searching ---- */

enum time_field { TIME_CREATED, TIME_UPDATED, TIME_CLOSED, N_TIMES };

static const struct {
	const char *filter;
	const char *sort;
} times[N_TIMES] = {
	[TIME_CREATED] = { "created_at", "CREATED_AT" },
	[TIME_UPDATED] = { "updated_at", "UPDATED_AT" },
	[TIME_CLOSED] = { "closed_at", "CLOSED_AT" },
};

struct search {
	const struct json_node *request;
	const struct json_node *filter;
	const struct json_node *sort;
	enum time_field sort_by;
	bool is_ascending;
	bool has_range[N_TIMES];
	int64_t start_us[N_TIMES];
	int64_t end_us[N_TIMES];
	struct square_place place;
	size_t limit;
	bool wants_entries;
};

static int64_t
time_of(const struct square_order *o, enum time_field field)
{
	switch (field) {
	case TIME_CREATED: return o->created_us;
	case TIME_UPDATED: return o->updated_us;
	case TIME_CLOSED: return o->closed_us;
	case N_TIMES: break;
	}
	return 0;
}

static bool
read_bound(int64_t *out, const struct json_node *range, const char *key,
           struct server_reply *reply)
{
	const char *text = json_text_or(range, key, NULL);

	if (text == NULL || sim_time_parse(out, text))
		return true;
	square_refuse(reply, 400, "INVALID_TIME", key, "Not RFC 3339");
	return false;
}

static bool
read_ranges(struct search *s, struct server_reply *reply)
{
	const struct json_node *filter;
	const struct json_node *range;
	int i;

	filter = json_find(s->filter, "date_time_filter");
	for (i = 0; i < N_TIMES; i++) {
		range = json_find(filter, times[i].filter);
		s->has_range[i] = range != NULL;
		s->start_us[i] = INT64_MIN;
		s->end_us[i] = INT64_MAX;
		if (range == NULL)
			continue;
		if (!square_check_members(range, "start_at end_at", reply) ||
		    !read_bound(&s->start_us[i], range, "start_at", reply) ||
		    !read_bound(&s->end_us[i], range, "end_at", reply))
			return false;
		if (s->start_us[i] > s->end_us[i]) {
			square_refuse(reply, 400, "INVALID_TIME_RANGE",
			              times[i].filter, NULL);
			return false;
		}
	}
	return true;
}

/* The sort field must match the time filter, and closed wants closed states. */
static bool
check_sort(const struct search *s, struct server_reply *reply)
{
	const struct json_node *states;
	int i;

	states = json_path(s->filter, "state_filter.states");
	for (i = 0; i < N_TIMES; i++) {
		if (s->has_range[i] && i != (int)s->sort_by) {
			square_refuse(reply, 400, "INVALID_SORT_ORDER",
			              "query.sort.sort_field",
			              "Must match the date_time_filter");
			return false;
		}
	}
	if (s->sort_by == TIME_CLOSED && json_length(states) == 0) {
		square_refuse(reply, 400, "CONFLICTING_PARAMETERS",
		              "query.filter.state_filter",
		              "CLOSED_AT needs COMPLETED or CANCELED");
		return false;
	}
	return true;
}

static bool
read_sort(struct search *s, struct server_reply *reply)
{
	const char *field = json_text_or(s->sort, "sort_field", "CREATED_AT");
	const char *order = json_text_or(s->sort, "sort_order", "DESC");
	int i;

	for (i = 0; i < N_TIMES && strcmp(times[i].sort, field) != 0; i++)
		continue;
	if (i == N_TIMES ||
	    (strcmp(order, "ASC") != 0 && strcmp(order, "DESC") != 0)) {
		square_refuse(reply, 400, "INVALID_ENUM_VALUE", "query.sort",
		              NULL);
		return false;
	}
	s->sort_by = (enum time_field)i;
	s->is_ascending = strcmp(order, "ASC") == 0;
	return check_sort(s, reply);
}

static bool
check_locations(const struct square *square, const struct json_node *request,
                struct server_reply *reply)
{
	const struct json_node *ids = json_find(request, "location_ids");
	size_t n = json_length(ids);
	const char *id;
	size_t at;
	size_t i;

	if (n == 0 || n > LOCATIONS_MAX) {
		square_refuse(reply, 400,
		              n == 0 ? "MISSING_REQUIRED_PARAMETER"
		                     : "ARRAY_LENGTH_TOO_LONG",
		              "location_ids", "From 1 to 10 locations");
		return false;
	}
	for (i = 0; i < n; i++) {
		id = json_text(json_at(ids, i));
		if (id != NULL && square_location_find(square, &at, id))
			continue;
		square_refuse(reply, 404, "NOT_FOUND", "location_ids",
		              "Location not found");
		return false;
	}
	return true;
}

static bool
read_search(struct square *square, struct search *s, const char *path,
            const struct json_node *request, struct server_reply *reply)
{
	const struct json_node *query = json_find(request, "query");

	s->request = request;
	s->filter = json_find(query, "filter");
	s->sort = json_find(query, "sort");
	json_get_bool(&s->wants_entries, request, "return_entries");
	return square_check_members(request,
	                            "location_ids cursor query limit "
	                            "return_entries",
	                            reply) &&
	       square_check_members(query, "filter sort", reply) &&
	       square_check_members(s->filter,
	                            "state_filter date_time_filter "
	                            "fulfillment_filter source_filter "
	                            "customer_filter",
	                            reply) &&
	       check_locations(square, request, reply) &&
	       square_limit_read(square, &s->limit, request, SEARCH_PAGE,
	                         SEARCH_MAX, reply) &&
	       read_ranges(s, reply) && read_sort(s, reply) &&
	       square_cursor_read(square, &s->place, path, request, reply);
}

static bool
is_found(const struct square *square, const struct search *s,
         const struct square_order *o)
{
	const struct json_node *states;
	const struct json_node *sources;
	int64_t us = time_of(o, s->sort_by);
	int i;

	states = json_find(s->filter, "state_filter");
	sources = json_find(s->filter, "source_filter");
	if (o->visible_us > s->place.as_of_us ||
	    !square_is_listed(s->request, "location_ids",
	                      square_location(square, o->at)) ||
	    !square_is_listed(states, "states",
	                      square_order_state_name(o->state)) ||
	    !square_is_listed(sources, "source_names", source_of(o)))
		return false;
	for (i = 0; i < N_TIMES; i++) {
		if (s->has_range[i] &&
		    (time_of(o, (enum time_field)i) < s->start_us[i] ||
		     time_of(o, (enum time_field)i) >= s->end_us[i]))
			return false;
	}
	if (s->place.mark == 0)
		return true;
	return s->is_ascending ? us > s->place.mark : us < s->place.mark;
}

struct found {
	const struct square_order *order;
	int64_t key; /* ascending in the wanted order */
};

static int
by_key(const void *a, const void *b)
{
	const struct found *x = a;
	const struct found *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static struct found *
collect(const struct square *square, const struct search *s, size_t *n)
{
	struct found *found;
	int64_t us;
	size_t i;

	found = sim_alloc((square->n_orders + 1) * sizeof(*found));
	*n = 0;
	for (i = 0; i < square->n_orders; i++) {
		if (!is_found(square, s, square->orders[i]))
			continue;
		us = time_of(square->orders[i], s->sort_by);
		found[*n].order = square->orders[i];
		found[(*n)++].key = s->is_ascending ? us : -us;
	}
	qsort(found, *n, sizeof(*found), by_key);
	return found;
}

/* A cursor's mark is the time of the last order shown. */
static void
search_orders(struct square *square, const struct http_call *call,
              const struct json_node *request, struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };
	struct search s = { .limit = 0 };
	struct found *found;
	size_t n;
	size_t i;

	if (!read_search(square, &s, call->path, request, reply))
		return;
	found = collect(square, &s, &n);
	json_out_object(&out, NULL);
	json_out_array(&out, s.wants_entries ? "order_entries" : "orders");
	for (i = 0; i < n && i < s.limit; i++) {
		if (s.wants_entries)
			out_entry(square, found[i].order, &out);
		else
			square_order_out(square, found[i].order, &out, NULL);
	}
	json_out_end_array(&out);
	if (i < n) {
		s.place.mark = time_of(found[i - 1].order, s.sort_by);
		square_cursor_out(square, &out, call->path, request, &s.place);
	}
	json_out_end_object(&out);
	free(found);
}

/* ---- by id ---- */

static const struct square_order *
find_visible(struct square *square, const char *id)
{
	int64_t now_us = sim_now_us(square->sim);
	size_t i;

	for (i = 0; i < square->n_orders; i++) {
		if (strcmp(square->orders[i]->id, id) == 0 &&
		    square->orders[i]->visible_us <= now_us)
			return square->orders[i];
	}
	return NULL;
}

static void
retrieve_order(struct square *square, const char *id,
               struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };
	const struct square_order *o = find_visible(square, id);

	if (o == NULL) {
		square_refuse(reply, 404, "NOT_FOUND", "order_id",
		              "Order not found");
		return;
	}
	json_out_object(&out, NULL);
	square_order_out(square, o, &out, "order");
	json_out_end_object(&out);
}

/* Unknown ids are left out. */
static void
retrieve_orders(struct square *square, const struct json_node *request,
                struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };
	const struct json_node *ids = json_find(request, "order_ids");
	const struct square_order *o;
	const char *where = json_text_or(request, "location_id", NULL);
	const char *id;
	size_t n = json_length(ids);
	size_t i;

	if (!square_check_members(request, "location_id order_ids", reply))
		return;
	if (n == 0 || n > RETRIEVE_MAX) {
		square_refuse(reply, 400,
		              n == 0 ? "MISSING_REQUIRED_PARAMETER"
		                     : "ARRAY_LENGTH_TOO_LONG",
		              "order_ids", "From 1 to 100 orders");
		return;
	}
	json_out_object(&out, NULL);
	json_out_array(&out, "orders");
	for (i = 0; i < n; i++) {
		id = json_text(json_at(ids, i));
		o = id != NULL ? find_visible(square, id) : NULL;
		if (o != NULL &&
		    (where == NULL ||
		     strcmp(where, square_location(square, o->at)) == 0))
			square_order_out(square, o, &out, NULL);
	}
	json_out_end_array(&out);
	json_out_end_object(&out);
}

bool
square_serve_orders(struct square *square, const struct http_call *call,
                    struct server_reply *reply)
{
	const char *rest;
	struct json *doc;

	if (!sim_after(&rest, call->path, "/v2/orders/") ||
	    strchr(rest, '/') != NULL)
		return false;
	if (strcmp(call->method, "GET") == 0) {
		retrieve_order(square, rest, reply);
		return true;
	}
	if (strcmp(rest, "search") != 0 && strcmp(rest, "batch-retrieve") != 0)
		return false;
	doc = square_body(call, reply);
	if (doc == NULL)
		return true;
	if (strcmp(rest, "search") == 0)
		search_orders(square, call, json_root(doc), reply);
	else
		retrieve_orders(square, json_root(doc), reply);
	json_free(doc);
	return true;
}
