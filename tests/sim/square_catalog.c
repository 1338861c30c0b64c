/* Square: a small catalogue, enough to find a variation by what it says. */
#define _GNU_SOURCE 1 /* strcasestr */

#include "tests/sim/square.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LIST_PAGE = 100, OBJECTS_PAGE = 1000, VALUES_MAX = 250 };

/* ---- as JSON ---- */

static void
out_presence(const struct square *square, const struct square_variation *v,
             struct json_out *out)
{
	size_t at;

	json_out_bool(out, "present_at_all_locations", true);
	json_out_array(out, "absent_at_location_ids");
	for (at = 0; at < square_n_locations(square); at++) {
		if (v->is_absent[at])
			json_out_text(out, NULL, square_location(square, at));
	}
	json_out_end_array(out);
}

static void
out_common(struct json_out *out, const char *key, const char *type,
           const char *id, bool is_deleted)
{
	json_out_object(out, key);
	json_out_text(out, "type", type);
	json_out_text(out, "id", id);
	json_out_text(out, "updated_at", "2026-01-15T09:00:00.000Z");
	json_out_int(out, "version", 1700000000000);
	json_out_bool(out, "is_deleted", is_deleted);
}

static void
out_variation(const struct square *square, const struct square_variation *v,
              struct json_out *out)
{
	out_common(out, NULL, "ITEM_VARIATION", v->id, v->is_deleted);
	out_presence(square, v, out);
	json_out_object(out, "item_variation_data");
	json_out_text(out, "item_id", v->item_id);
	json_out_text(out, "name", v->kind);
	json_out_text(out, "sku", v->sku);
	json_out_text(out, "upc", v->upc);
	json_out_text(out, "pricing_type", "FIXED_PRICING");
	square_money_out(out, "price_money", v->price);
	json_out_bool(out, "track_inventory", true);
	json_out_bool(out, "sellable", true);
	json_out_bool(out, "stockable", true);
	json_out_end_object(out);
	json_out_end_object(out);
}

/* The item of the i-th variation, with all its variations. */
static void
out_product(const struct square *square, size_t i, struct json_out *out)
{
	const struct square_variation *v = square->variations[i];

	out_common(out, NULL, "ITEM", v->item_id, false);
	json_out_bool(out, "present_at_all_locations", true);
	json_out_object(out, "item_data");
	json_out_text(out, "name", v->name);
	json_out_bool(out, "is_archived", v->is_archived);
	json_out_array(out, "variations");
	for (; i < square->n_variations &&
	       strcmp(square->variations[i]->item_id, v->item_id) == 0;
	     i++) {
		if (!square->variations[i]->is_deleted)
			out_variation(square, square->variations[i], out);
	}
	json_out_end_array(out);
	json_out_text(out, "product_type", "REGULAR");
	json_out_end_object(out);
	json_out_end_object(out);
}

static bool
is_first_of_item(const struct square *square, size_t i)
{
	return i == 0 || strcmp(square->variations[i - 1]->item_id,
	                        square->variations[i]->item_id) != 0;
}

/* ---- matching ---- */

/* Of a variation, or of its item, which has a name alone. */
static const char *
attribute_of(const struct square_variation *v, bool is_item, const char *name)
{
	if (is_item)
		return strcmp(name, "name") == 0 ? v->name : "";
	if (strcmp(name, "sku") == 0)
		return v->sku;
	if (strcmp(name, "upc") == 0)
		return v->upc;
	return strcmp(name, "name") == 0 ? v->kind : "";
}

static bool
matches_set(const struct square_variation *v, bool is_item,
            const struct json_node *q)
{
	const struct json_node *wanted = json_find(q, "attribute_values");
	const char *mine;
	const char *one;
	size_t i;

	mine = attribute_of(v, is_item, json_text_or(q, "attribute_name", ""));
	for (i = 0; i < json_length(wanted); i++) {
		one = json_text(json_at(wanted, i));
		if (one != NULL && strcasecmp(one, mine) == 0)
			return true;
	}
	return false;
}

static bool
matches_text(const struct square_variation *v, bool is_item,
             const struct json_node *q)
{
	const struct json_node *words = json_find(q, "keywords");
	const char *word;
	size_t i;

	for (i = 0; i < json_length(words); i++) {
		word = json_text(json_at(words, i));
		if (word == NULL)
			return false;
		if (is_item ? strcasestr(v->name, word) == NULL
		            : strcasestr(v->kind, word) == NULL &&
		                      strcasestr(v->sku, word) == NULL &&
		                      strcasestr(v->upc, word) == NULL)
			return false;
	}
	return true;
}

/* exact_query ignores case and, as documented, may match a part. */
static bool
matches(const struct square_variation *v, bool is_item,
        const struct json_node *query)
{
	const struct json_node *exact = json_find(query, "exact_query");
	const struct json_node *set = json_find(query, "set_query");
	const struct json_node *prefix = json_find(query, "prefix_query");
	const struct json_node *text = json_find(query, "text_query");
	const char *wanted;

	if (set != NULL)
		return matches_set(v, is_item, set);
	if (text != NULL)
		return matches_text(v, is_item, text);
	if (exact != NULL) {
		wanted = json_text_or(exact, "attribute_value", "");
		return strcasestr(
			       attribute_of(v, is_item,
		                            json_text_or(exact,
		                                         "attribute_name", "")),
			       wanted) != NULL;
	}
	if (prefix != NULL) {
		wanted = json_text_or(prefix, "attribute_prefix", "");
		return strncasecmp(
			       attribute_of(v, is_item,
		                            json_text_or(prefix,
		                                         "attribute_name", "")),
			       wanted, strlen(wanted)) == 0;
	}
	return true;
}

/* ---- calls ---- */

static void
out_related(const struct square *square, const bool *is_shown,
            struct json_out *out)
{
	bool is_wanted = false;
	size_t i;
	size_t first = 0;

	json_out_array(out, "related_objects");
	for (i = 0; i < square->n_variations; i++) {
		if (is_first_of_item(square, i)) {
			first = i;
			is_wanted = true;
		}
		if (is_shown[i] && is_wanted) {
			out_product(square, first, out);
			is_wanted = false;
		}
	}
	json_out_end_array(out);
}

static bool
check_search(const struct json_node *request, struct server_reply *reply)
{
	const struct json_node *values;

	if (!square_check_members(request,
	                          "cursor object_types include_deleted_objects "
	                          "include_related_objects begin_time query "
	                          "limit include_category_path_to_root",
	                          reply))
		return false;
	values = json_path(request, "query.set_query.attribute_values");
	if (json_length(values) <= VALUES_MAX)
		return true;
	square_refuse(reply, 400, "ARRAY_LENGTH_TOO_LONG",
	              "query.set_query.attribute_values", NULL);
	return false;
}

/* Advice only: what is not from 1 to 1000 is ignored. */
static size_t
page_of(const struct square *square, const struct json_node *request)
{
	int64_t limit = 0;

	(void)json_get_int(&limit, request, "limit");
	if (limit < 1 || limit > OBJECTS_PAGE)
		limit = OBJECTS_PAGE;
	return (size_t)(limit < square->is.page_max ? limit
	                                            : square->is.page_max);
}

/* One page from *i on; is_shown tells which variations were on it. */
static void
out_objects(const struct square *square, const struct json_node *request,
            size_t *i, bool *is_shown, struct json_out *out)
{
	const struct json_node *query = json_find(request, "query");
	bool has_items = square_is_listed(request, "object_types", "ITEM");
	bool has_variations =
		square_is_listed(request, "object_types", "ITEM_VARIATION");
	const struct square_variation *v;
	bool has_deleted = false;
	size_t max = page_of(square, request);
	size_t n = 0;

	json_get_bool(&has_deleted, request, "include_deleted_objects");
	json_out_array(out, "objects");
	for (; *i < square->n_variations && n < max; (*i)++) {
		v = square->variations[*i];
		if (has_items && is_first_of_item(square, *i) &&
		    matches(v, true, query)) {
			out_product(square, *i, out);
			n++;
		}
		is_shown[*i] = has_variations &&
		               (has_deleted || !v->is_deleted) &&
		               matches(v, false, query);
		if (is_shown[*i]) {
			out_variation(square, v, out);
			n++;
		}
	}
	json_out_end_array(out);
}

/* A cursor's mark is the number of variations looked at. */
static void
search_objects(struct square *square, const struct http_call *call,
               const struct json_node *request, struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };
	struct square_place place;
	bool *is_shown;
	bool has_related = false;
	size_t i;

	if (!check_search(request, reply) ||
	    !square_cursor_read(square, &place, call->path, request, reply))
		return;
	json_get_bool(&has_related, request, "include_related_objects");
	is_shown = sim_alloc(square->n_variations * sizeof(*is_shown) + 1);
	i = (size_t)place.mark;
	json_out_object(&out, NULL);
	out_objects(square, request, &i, is_shown, &out);
	if (has_related)
		out_related(square, is_shown, &out);
	if (i < square->n_variations) {
		place.mark = (int64_t)i;
		square_cursor_out(square, &out, call->path, request, &place);
	}
	square_time_out(&out, "latest_time", sim_now_us(square->sim));
	json_out_end_object(&out);
	free(is_shown);
}

/* GET, so its cursor is simply the number of variations shown. */
static void
list_objects(const struct square *square, const struct http_call *call,
             struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };
	struct buf types = BUF_INIT;
	struct buf cursor = BUF_INIT;
	size_t i = 0;
	size_t end;
	char next[24];

	if (!sim_param(&types, call->query, "types"))
		buf_adds(&types, "ITEM,ITEM_VARIATION");
	if (sim_param(&cursor, call->query, "cursor"))
		i = strtoul(buf_text(&cursor), NULL, 10);
	end = i + LIST_PAGE;
	json_out_object(&out, NULL);
	json_out_array(&out, "objects");
	for (; i < square->n_variations && i < end; i++) {
		if (strstr(buf_text(&types), "ITEM_VARIATION") != NULL &&
		    !square->variations[i]->is_deleted)
			out_variation(square, square->variations[i], &out);
		if (strncmp(buf_text(&types), "ITEM", 4) == 0 &&
		    buf_text(&types)[4] != '_' && is_first_of_item(square, i))
			out_product(square, i, &out);
	}
	json_out_end_array(&out);
	if (i < square->n_variations) {
		snprintf(next, sizeof(next), "%zu", i);
		json_out_text(&out, "cursor", next);
	}
	json_out_end_object(&out);
	buf_fini(&types);
	buf_fini(&cursor);
}

bool
square_serve_catalog(struct square *square, const struct http_call *call,
                     struct server_reply *reply)
{
	struct json *doc;

	if (strcmp(call->path, "/v2/catalog/list") == 0) {
		list_objects(square, call, reply);
		return true;
	}
	if (strcmp(call->path, "/v2/catalog/search") != 0)
		return false;
	doc = square_body(call, reply);
	if (doc != NULL)
		search_objects(square, call, json_root(doc), reply);
	json_free(doc);
	return true;
}
