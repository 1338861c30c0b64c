/*
 * Lightspeed X: stock in the dated versions, adjustments, and absolute writes.
 *
 * Adjustments are deltas without an idempotency key: a repeated one counts
 * twice. All of a call takes effect, or nothing of it.
 */
#include "tests/sim/lightspeed_x.h"

#include <stdlib.h>
#include <string.h>

enum {
	SIZE_DEFAULT = 1000,
	SIZE_MAX_ASKED = 5000,
	LEVELS_DEFAULT = 100,
	LEVELS_MAX = 10000,
	IDS_MAX = 1000,
	ADJUSTMENTS_MAX = 1000,
	NUMERIC_MAX = 32,
	NAME_MAX_CHARS = 30,
};

void
lsx_move(struct lightspeed_x *x, struct lsx_thing *t, int outlet,
         struct decimal by)
{
	if (t->is_untracked || decimal_is_zero(by))
		return;
	t->levels[outlet].count = decimal_add(t->levels[outlet].count, by);
	t->levels[outlet].version = lsx_next_version(x);
	lsx_announce_stock(x, t, outlet);
}

/* A call other than a sale changes a level. */
static void
write_level(struct lightspeed_x *x, struct lsx_thing *t, int outlet,
            struct decimal by)
{
	lsx_move(x, t, outlet, by);
	x->n_writes++;
	if (outlet != 0 || t->is_untracked)
		return;
	t->tally.written = decimal_add(t->tally.written, by);
	t->tally.n_writes++;
}

/* ---- reading ---- */

struct asked {
	int64_t after;
	int64_t before;
	int64_t size;
	bool is_rising;
	bool has_deleted;
	const char *product; /* borrowed; NULL: all */
};

struct level_hit {
	int64_t version;
	struct lsx_thing *thing;
	int outlet;
};

static int
compare_levels(const void *a, const void *b)
{
	const struct level_hit *p = a;
	const struct level_hit *q = b;

	return (p->version > q->version) - (p->version < q->version);
}

static void
out_ids(struct json_out *out, const struct lsx_thing *t, int outlet,
        const char *place)
{
	char id[LSX_ID_SIZE];

	lsx_id(id, LSX_INVENTORY, (t->number - 1) * LSX_N_OUTLETS + outlet + 1);
	json_out_text(out, "id", id);
	json_out_text(out, "product_id", t->id);
	lsx_id(id, LSX_OUTLET, outlet + 1);
	json_out_text(out, place, id);
	json_out_decimal(out, "current_inventory_level",
	                 t->levels[outlet].count);
}

static void
out_level(struct json_out *out, const struct level_hit *h)
{
	char deleted[SIM_TIME_SIZE];

	json_out_object(out, NULL);
	out_ids(out, h->thing, h->outlet, "outlet_id");
	json_out_int(out, "version", h->version);
	if (h->thing->deleted_us != 0)
		json_out_text(out, "deleted_at",
		              sim_time_format(deleted, h->thing->deleted_us));
	else
		json_out_null(out, "deleted_at");
	json_out_decimal(out, "average_cost", DECIMAL_ZERO);
	json_out_null(out, "reorder_method");
	json_out_null(out, "reorder_point");
	json_out_null(out, "reorder_amount");
	json_out_null(out, "reorder_target");
	json_out_int(out, "quantity_to_procure", 0);
	json_out_end_object(out);
}

/* A bare array, in either order. */
static void
print_levels(struct lsx_call *c, const struct asked *a)
{
	struct lightspeed_x *x = c->x;
	struct level_hit *hits =
		sim_alloc((x->n_things * LSX_N_OUTLETS + 1) * sizeof(*hits));
	struct lsx_thing *t;
	int64_t size = a->size < x->is.page_rows ? a->size : x->is.page_rows;
	size_t n = 0;
	size_t i;
	int64_t version;

	for (i = 0; i < x->n_things * LSX_N_OUTLETS; i++) {
		t = x->things[i / LSX_N_OUTLETS];
		version = t->levels[i % LSX_N_OUTLETS].version;
		if (t->is_untracked || version <= a->after ||
		    version >= a->before ||
		    (t->deleted_us != 0 && !a->has_deleted) ||
		    (a->product != NULL && strcmp(a->product, t->id) != 0))
			continue;
		hits[n++] = (struct level_hit){ version, t,
			                        (int)(i % LSX_N_OUTLETS) };
	}
	qsort(hits, n, sizeof(*hits), compare_levels);
	json_out_array(&c->out, NULL);
	for (i = 0; i < n && (int64_t)i < size; i++)
		out_level(&c->out, &hits[a->is_rising ? i : n - 1 - i]);
	json_out_end_array(&c->out);
	free(hits);
}

static bool
read_order(struct lsx_call *c, const char *order, bool *is_rising)
{
	if (order == NULL)
		return true;
	*is_rising = strcmp(order, "asc") == 0;
	return *is_rising || strcmp(order, "desc") == 0 ||
	       lsx_refuse(c, 422, "asc or desc");
}

static bool
take_int(struct lsx_call *c, int64_t *out, const char *key, int64_t max)
{
	int r = json_get_int(out, c->body, key);

	if (r == JSON_WRONG_TYPE || *out < 0 || *out > max)
		return lsx_refuse(c, 422, "A number is out of range");
	return c->reply->status < 400;
}

/* Descending unless it is asked for otherwise: the trap. */
static void
post_inventory(struct lsx_call *c)
{
	struct asked a = { .before = INT64_MAX, .size = SIZE_DEFAULT };

	if (!lsx_need_scope(c, "inventory:read") ||
	    !lsx_check(c, c->body,
	               "after before product_id size sort_direction variants "
	               "include_deleted") ||
	    !take_int(c, &a.after, "after", INT64_MAX) ||
	    !take_int(c, &a.before, "before", INT64_MAX) ||
	    !take_int(c, &a.size, "size", SIZE_MAX_ASKED) ||
	    !read_order(c, json_text_or(c->body, "sort_direction", NULL),
	                &a.is_rising))
		return;
	json_get_bool(&a.has_deleted, c->body, "include_deleted");
	a.product = json_text_or(c->body, "product_id", NULL);
	print_levels(c, &a);
}

static void
get_inventory(struct lsx_call *c)
{
	struct asked a = { .before = INT64_MAX,
		           .size = SIZE_DEFAULT,
		           .is_rising = true };
	struct buf order = BUF_INIT;

	a.product = c->path.part[1];
	if (lsx_need_scope(c, "inventory:read") &&
	    lsx_query_int(c, &a.after, "after") &&
	    lsx_query_int(c, &a.before, "before") &&
	    lsx_query_int(c, &a.size, "page_size") &&
	    read_order(c,
	               sim_param(&order, c->http->query, "order_direction")
	                       ? buf_text(&order)
	                       : NULL,
	               &a.is_rising)) {
		if (a.size > SIZE_MAX_ASKED)
			lsx_refuse(c, 422, "page_size: at most 5000");
		else if (lsx_row(a.product, LSX_PRODUCT, (int)c->x->n_things) <
		         0)
			lsx_refuse(c, 404, "No such product");
		else
			print_levels(c, &a);
	}
	buf_fini(&order);
}

static bool
is_named(const struct json_node *array, const char *id)
{
	const char *one;
	size_t i;

	for (i = 0; i < json_length(array); i++) {
		one = json_text(json_at(array, i));
		if (one != NULL && strcmp(one, id) == 0)
			return true;
	}
	return json_length(array) == 0;
}

static void
out_chosen_levels(struct lsx_call *c, int64_t offset, int64_t size)
{
	const struct json_node *chosen = json_find(c->body, "product_ids");
	const struct json_node *places = json_find(c->body, "location_ids");
	const struct lsx_thing *t;
	char outlet[LSX_ID_SIZE];
	int64_t at = 0;
	size_t i;

	json_out_array(&c->out, NULL);
	for (i = 0; i < c->x->n_things * LSX_N_OUTLETS; i++) {
		t = c->x->things[i / LSX_N_OUTLETS];
		lsx_id(outlet, LSX_OUTLET, (int)(i % LSX_N_OUTLETS) + 1);
		if (t->is_untracked || t->deleted_us != 0 ||
		    !is_named(chosen, t->id) || !is_named(places, outlet))
			continue;
		if (at++ < offset || at > offset + size)
			continue;
		json_out_object(&c->out, NULL);
		out_ids(&c->out, t, (int)(i % LSX_N_OUTLETS), "location_id");
		json_out_end_object(&c->out);
	}
	json_out_end_array(&c->out);
}

static void
post_levels(struct lsx_call *c)
{
	int64_t offset = 0;
	int64_t size = LEVELS_DEFAULT;

	if (!lsx_need_scope(c, "inventory:read") ||
	    !lsx_check(c, c->body,
	               "product_ids location_ids offset size sort_type "
	               "sort_direction include_inactive") ||
	    !take_int(c, &offset, "offset", INT64_MAX / 2) ||
	    !take_int(c, &size, "size", LEVELS_MAX))
		return;
	if (json_length(json_find(c->body, "product_ids")) > IDS_MAX ||
	    json_length(json_find(c->body, "location_ids")) > IDS_MAX)
		lsx_refuse(c, 422, "At most 1000 ids");
	else
		out_chosen_levels(c, offset, size);
}

/* ---- adjustments ---- */

static const struct {
	const char *name;
	bool is_positive;
} fixed_reasons[] = {
	{ "DAMAGE", false },         { "EXPIRY", false },
	{ "INTERNAL_USE", false },   { "THEFT", false },
	{ "DONATION", false },       { "STOCK_FOUND", true },
	{ "SAMPLE_FOR_SALE", true },
};

/* The sign that a reason wants; false: no such reason. */
static bool
find_reason(const struct lightspeed_x *x, const struct json_node *o,
            bool *is_positive)
{
	const char *name = json_text_or(o, "reason", "");
	const char *own =
		json_text_or(o, "custom_inventory_adjustment_reason_id", NULL);
	size_t i;

	for (i = 0; own == NULL &&
	            i < sizeof(fixed_reasons) / sizeof(fixed_reasons[0]);
	     i++) {
		if (strcmp(fixed_reasons[i].name, name) != 0)
			continue;
		*is_positive = fixed_reasons[i].is_positive;
		return true;
	}
	for (i = 0;
	     own != NULL && strcmp(name, "CUSTOM") == 0 && i < x->n_reasons;
	     i++) {
		if (strcmp(x->reasons[i].id, own) != 0 ||
		    !x->reasons[i].is_enabled)
			continue;
		*is_positive = x->reasons[i].is_positive;
		return true;
	}
	return false;
}

static bool
read_adjustment(struct lsx_call *c, const struct json_node *o,
                struct lsx_adjustment *a)
{
	const char *quantity = json_text_or(o, "quantity", NULL);
	int row = lsx_row(json_text_or(o, "product_id", ""), LSX_PRODUCT,
	                  (int)c->x->n_things);
	bool is_positive = false;

	if (!lsx_check(c, o,
	               "product_id outlet_id quantity reason "
	               "custom_inventory_adjustment_reason_id"))
		return false;
	a->outlet = lsx_row(json_text_or(o, "outlet_id", ""), LSX_OUTLET,
	                    LSX_N_OUTLETS);
	if (row < 0 || a->outlet < 0 || c->x->things[row]->is_untracked)
		return lsx_refuse(c, 422, "No such product or outlet");
	a->thing = c->x->things[row];
	if (quantity == NULL || strlen(quantity) > NUMERIC_MAX ||
	    decimal_parse(&a->quantity, quantity) != 0 ||
	    decimal_is_zero(a->quantity))
		return lsx_refuse(c, 422, "quantity: a numeric string");
	if (!find_reason(c->x, o, &is_positive))
		return lsx_refuse(c, 422, "No such reason");
	if (is_positive == decimal_is_negative(a->quantity))
		return lsx_refuse(c, 422, "The sign does not fit the reason");
	memcpy(a->reason, json_text_or(o, "reason", ""),
	       strlen(json_text_or(o, "reason", "")) + 1);
	return true;
}

static void
out_adjustment(struct lsx_call *c, const struct lsx_adjustment *a)
{
	char id[LSX_ID_SIZE];
	char text[DECIMAL_TEXT_SIZE];
	char at[SIM_TIME_SIZE];

	json_out_object(&c->out, NULL);
	json_out_text(&c->out, "id", a->id);
	lsx_id(id, LSX_USER, 1);
	json_out_text(&c->out, "user_id", id);
	json_out_text(&c->out, "product_id", a->thing->id);
	lsx_id(id, LSX_OUTLET, a->outlet + 1);
	json_out_text(&c->out, "outlet_id", id);
	json_out_text(&c->out, "quantity", decimal_format(text, a->quantity));
	json_out_text(&c->out, "reason", a->reason);
	sim_time_format(at, a->created_us);
	json_out_text(&c->out, "created_at", at);
	json_out_text(&c->out, "updated_at", at);
	json_out_int(&c->out, "version", a->version);
	json_out_end_object(&c->out);
}

static void
apply_adjustments(struct lsx_call *c, const struct lsx_adjustment *read,
                  size_t n)
{
	struct lightspeed_x *x = c->x;
	struct lsx_adjustment *a;
	void *grown;
	size_t i;

	json_out_object(&c->out, NULL);
	json_out_array(&c->out, "data");
	for (i = 0; i < n; i++) {
		grown = x->adjustments;
		sim_grow(&grown, &x->cap_adjustments, x->n_adjustments,
		         sizeof(*a));
		x->adjustments = grown;
		a = &x->adjustments[x->n_adjustments++];
		*a = read[i];
		sim_uuid(x->sim, a->id);
		a->created_us = sim_now_us(x->sim);
		write_level(x, a->thing, a->outlet, a->quantity);
		a->version = lsx_next_version(x);
		out_adjustment(c, a);
	}
	json_out_end_array(&c->out);
	json_out_end_object(&c->out);
	c->reply->status = 201;
}

static void
post_adjustments(struct lsx_call *c)
{
	const struct json_node *list = json_find(c->body, "stock_adjustments");
	struct lsx_adjustment *read;
	size_t n = json_length(list);
	size_t i;

	if (!lsx_need_scope(c, "inventory:write") ||
	    !lsx_check(c, c->body, "stock_adjustments"))
		return;
	if (n < 1 || n > ADJUSTMENTS_MAX) {
		lsx_refuse(c, 422, "stock_adjustments: from 1 to 1000");
		return;
	}
	read = sim_alloc(n * sizeof(*read));
	for (i = 0; i < n; i++) {
		if (!read_adjustment(c, json_at(list, i), &read[i]))
			break;
	}
	if (i == n)
		apply_adjustments(c, read, n);
	free(read);
}

static void
get_adjustments(struct lsx_call *c)
{
	struct lightspeed_x *x = c->x;
	int64_t after = 0;
	int64_t low = 0;
	int64_t high = 0;
	size_t i;

	/* to read what was written takes the right to write */
	if (!lsx_need_scope(c, "inventory:write") ||
	    !lsx_query_int(c, &after, "after"))
		return;
	json_out_object(&c->out, NULL);
	json_out_array(&c->out, "data");
	for (i = 0; i < x->n_adjustments; i++) {
		if (x->adjustments[i].version <= after)
			continue;
		out_adjustment(c, &x->adjustments[i]);
		low = low == 0 ? x->adjustments[i].version : low;
		high = x->adjustments[i].version;
	}
	json_out_end_array(&c->out);
	json_out_object(&c->out, "version");
	if (high > 0) {
		json_out_int(&c->out, "min", low);
		json_out_int(&c->out, "max", high);
	} else {
		json_out_null(&c->out, "min");
		json_out_null(&c->out, "max");
	}
	json_out_end_object(&c->out);
	json_out_end_object(&c->out);
}

/* ---- reasons of one's own ---- */

static void
out_reason(struct lsx_call *c, const struct lsx_reason *r, const char *key)
{
	json_out_object(&c->out, key);
	json_out_text(&c->out, "id", r->id);
	json_out_text(&c->out, "name", r->name);
	json_out_bool(&c->out, "enabled", r->is_enabled);
	json_out_text(&c->out, "type",
	              r->is_positive ? "POSITIVE" : "NEGATIVE");
	json_out_end_object(&c->out);
}

static void
post_reason(struct lsx_call *c)
{
	struct lightspeed_x *x = c->x;
	const char *name = json_text_or(c->body, "name", "");
	const char *type = json_text_or(c->body, "type", "");
	struct lsx_reason *r;
	size_t i;

	if (!lsx_need_scope(c, "inventory:write") ||
	    !lsx_check(c, c->body, "name enabled type"))
		return;
	if (name[0] == '\0' || strlen(name) > NAME_MAX_CHARS ||
	    (strcmp(type, "POSITIVE") != 0 && strcmp(type, "NEGATIVE") != 0) ||
	    x->n_reasons == LSX_REASONS_MAX) {
		lsx_refuse(c, 422, "name or type is wrong");
		return;
	}
	for (i = 0; i < x->n_reasons; i++) {
		if (strcmp(x->reasons[i].name, name) == 0) {
			lsx_refuse(c, 409, "The name is in use");
			return;
		}
	}
	r = &x->reasons[x->n_reasons++];
	sim_uuid(x->sim, r->id);
	memcpy(r->name, name, strlen(name) + 1);
	r->is_positive = type[0] == 'P';
	r->is_enabled = true;
	json_get_bool(&r->is_enabled, c->body, "enabled");
	json_out_object(&c->out, NULL);
	out_reason(c, r, "data");
	json_out_end_object(&c->out);
}

static void
get_reasons(struct lsx_call *c)
{
	size_t i;

	if (!lsx_need_scope(c, "inventory:write"))
		return;
	json_out_object(&c->out, NULL);
	json_out_array(&c->out, "data");
	for (i = 0; i < c->x->n_reasons; i++)
		out_reason(c, &c->x->reasons[i], NULL);
	json_out_end_array(&c->out);
	json_out_end_object(&c->out);
}

/* ---- absolute writes ---- */

/* One element: which outlet, and how many. */
static bool
set_level(struct lsx_call *c, struct lsx_thing *t, const struct json_node *o,
          bool is_legacy)
{
	int outlet = lsx_row(json_text_or(o, "outlet_id", ""), LSX_OUTLET,
	                     LSX_N_OUTLETS);
	const char *text = json_text_or(o, "count", "");
	struct decimal count;
	bool is_good;

	if (!lsx_check(c, o,
	               is_legacy ? "outlet_id count reorder_point restock_level"
	                         : "outlet_id current_amount reorder_point "
	                           "reorder_amount"))
		return false;
	is_good = is_legacy
	                  ? decimal_parse(&count, text) == 0
	                  : json_get_decimal(&count, o, "current_amount") == 0;
	if (outlet < 0 || !is_good)
		return lsx_refuse(c, 422, "The outlet or the count is wrong");
	write_level(c->x, t, outlet,
	            decimal_sub(count, t->levels[outlet].count));
	return true;
}

static void
set_levels(struct lsx_call *c, const char *id, const struct json_node *list,
           bool is_legacy)
{
	int row = lsx_row(id, LSX_PRODUCT, (int)c->x->n_things);
	size_t i;

	if (!lsx_need_scope(c, "products:write"))
		return;
	if (row < 0) {
		lsx_refuse(c, 404, "No such product");
		return;
	}
	for (i = 0; i < json_length(list); i++) {
		if (!set_level(c, c->x->things[row], json_at(list, i),
		               is_legacy))
			return;
	}
	json_out_object(&c->out, NULL);
	json_out_object(&c->out, is_legacy ? "product" : "data");
	json_out_text(&c->out, "id", id);
	json_out_end_object(&c->out);
	json_out_end_object(&c->out);
}

static void
put_product(struct lsx_call *c)
{
	const struct json_node *details = json_find(c->body, "details");

	if (lsx_check(c, c->body, "details") &&
	    lsx_check(c, details, "inventory"))
		set_levels(c, c->path.part[1], json_find(details, "inventory"),
		           false);
}

static void
post_product(struct lsx_call *c)
{
	if (lsx_check(c, c->body, "id inventory"))
		set_levels(c, json_text_or(c->body, "id", ""),
		           json_find(c->body, "inventory"), true);
}

bool
lsx_serve_stock(struct lsx_call *c)
{
	static const struct {
		enum lsx_api api;
		const char *method;
		const char *path;
		void (*act)(struct lsx_call *c);
	} calls[] = {
		{ LSX_DATED, "POST", "inventory", post_inventory },
		{ LSX_DATED, "GET", "inventory/*", get_inventory },
		{ LSX_DATED, "POST", "inventory_levels", post_levels },
		{ LSX_DATED, "POST", "stock_adjustments", post_adjustments },
		{ LSX_DATED, "GET", "stock_adjustments", get_adjustments },
		{ LSX_DATED, "POST", "custom_inventory_adjustment_reasons",
		  post_reason },
		{ LSX_DATED, "GET", "custom_inventory_adjustment_reasons",
		  get_reasons },
		{ LSX_2_1, "PUT", "products/*", put_product },
		{ LSX_LEGACY, "POST", "products", post_product },
	};
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (c->api != calls[i].api ||
		    !lsx_is(c, calls[i].method, calls[i].path))
			continue;
		calls[i].act(c);
		return true;
	}
	return false;
}
