/*
 * Square: the inventory calls.
 *
 * A write is checked whole before its first change applies, remembers its
 * answer under its idempotency key, and can be made to stop half-way with a
 * 429, as the vendor does: the same key and body then go on where it stopped.
 */
#include "tests/sim/square.h"

#include <stdlib.h>
#include <string.h>

enum {
	CHANGES_MAX = 100,
	PAGE_MAX = 1000,
	COUNTS_PAGE = 100,
	KEY_MAX = 128,
	REFERENCE_MAX = 255,
	QUANTITY_MAX = 26,
	QUANTITY_PLACES = 5,
};

/* ---- reading counts ---- */

struct count_row {
	const struct square_variation *variation;
	size_t at;
	enum square_state state;
	int64_t calculated_us;
};

static int
newest_first(const void *a, const void *b)
{
	const struct count_row *x = a;
	const struct count_row *y = b;

	return (x->calculated_us < y->calculated_us) -
	       (x->calculated_us > y->calculated_us);
}

static bool
is_wanted_count(const struct square *square, const struct json_node *request,
                const struct count_row *row, int64_t updated_after_us)
{
	return row->calculated_us > updated_after_us &&
	       square_is_listed(request, "catalog_object_ids",
	                        row->variation->id) &&
	       square_is_listed(request, "location_ids",
	                        square_location(square, row->at)) &&
	       square_is_listed(request, "states",
	                        square_state_name(row->state));
}

/* All rows of counts there are; returns how many. */
static size_t
list_counts(const struct square *square, struct count_row *rows)
{
	size_t n = 0;
	size_t i;
	size_t at;
	int state;

	for (i = 0; i < square->n_variations; i++) {
		for (at = 0; at < square_n_locations(square); at++) {
			for (state = 0; state < SQUARE_N_STATES; state++)
				rows[n++] = (struct count_row){
					square->variations[i],
					at,
					(enum square_state)state,
					square->variations[i]
						->shelves[at]
						.calculated_us[state],
				};
		}
	}
	return n;
}

/* All wanted counts, newest first. The caller frees them. */
static struct count_row *
collect_counts(const struct square *square, const struct json_node *request,
               int64_t updated_after_us, size_t *n)
{
	struct count_row *rows;
	size_t n_all;
	size_t i;

	rows = sim_alloc(
		(square->n_variations * SQUARE_LOCATIONS_MAX * SQUARE_N_STATES +
	         1) *
		sizeof(*rows));
	n_all = list_counts(square, rows);
	*n = 0;
	for (i = 0; i < n_all; i++) {
		if (rows[i].calculated_us != 0 &&
		    is_wanted_count(square, request, &rows[i],
		                    updated_after_us))
			rows[(*n)++] = rows[i];
	}
	qsort(rows, *n, sizeof(*rows), newest_first);
	return rows;
}

static bool
time_read(int64_t *out_us, const struct json_node *request, const char *key,
          struct server_reply *reply)
{
	const char *text = json_text_or(request, key, NULL);

	*out_us = 0;
	if (text == NULL || sim_time_parse(out_us, text))
		return true;
	square_refuse(reply, 400, "INVALID_TIME", key, "Not RFC 3339");
	return false;
}

static bool
check_states(const struct json_node *request, struct server_reply *reply)
{
	const struct json_node *array = json_find(request, "states");
	enum square_state state;
	const char *name;
	size_t i;

	for (i = 0; i < json_length(array); i++) {
		name = json_text(json_at(array, i));
		if (name == NULL || !square_state_parse(&state, name)) {
			square_refuse(reply, 400, "INVALID_ENUM_VALUE",
			              "states", NULL);
			return false;
		}
	}
	return true;
}

/* A cursor's mark is the time of the last count shown. */
static void
retrieve_counts(struct square *square, const struct http_call *call,
                const struct json_node *request, struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };
	struct square_place place;
	struct count_row *rows;
	int64_t after_us;
	size_t limit;
	size_t n;
	size_t i;
	size_t shown = 0;

	if (!square_check_members(request,
	                          "catalog_object_ids location_ids "
	                          "updated_after cursor states limit",
	                          reply) ||
	    !square_limit_read(square, &limit, request, COUNTS_PAGE, PAGE_MAX,
	                       reply) ||
	    !time_read(&after_us, request, "updated_after", reply) ||
	    !check_states(request, reply) ||
	    !square_cursor_read(square, &place, call->path, request, reply))
		return;
	rows = collect_counts(square, request, after_us, &n);
	json_out_object(&out, NULL);
	json_out_array(&out, "counts");
	for (i = 0; i < n && shown < limit; i++) {
		if (place.mark != 0 && rows[i].calculated_us >= place.mark)
			continue;
		square_count_out(square, rows[i].variation, rows[i].at,
		                 rows[i].state, &out);
		shown++;
	}
	json_out_end_array(&out);
	if (i < n) {
		place.mark = rows[i - 1].calculated_us;
		square_cursor_out(square, &out, call->path, request, &place);
	}
	json_out_end_object(&out);
	free(rows);
}

/* What every location counts of a variation. */
static void
out_shelves(const struct square *square, const struct square_variation *v,
            struct json_out *out)
{
	size_t at;
	int state;

	for (at = 0; at < square_n_locations(square); at++) {
		for (state = 0; state < SQUARE_N_STATES; state++) {
			if (v->shelves[at].calculated_us[state] != 0)
				square_count_out(square, v, at,
				                 (enum square_state)state, out);
		}
	}
}

static void
retrieve_count(struct square *square, const char *id,
               struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };
	const struct square_variation *v = square_find(square, id);

	if (v == NULL || strcmp(v->id, id) != 0) {
		square_refuse(reply, 404, "NOT_FOUND", "catalog_object_id",
		              "Object not found");
		return;
	}
	json_out_object(&out, NULL);
	json_out_array(&out, "counts");
	out_shelves(square, v, &out);
	json_out_end_array(&out);
	json_out_end_object(&out);
}

/* ---- reading the history ---- */

struct change_row {
	const struct square_variation *variation;
	const struct square_change *change;
};

static int
oldest_first(const void *a, const void *b)
{
	const struct square_change *x = ((const struct change_row *)a)->change;
	const struct square_change *y = ((const struct change_row *)b)->change;

	if (x->occurred_us != y->occurred_us)
		return x->occurred_us < y->occurred_us ? -1 : 1;
	return (x->created_us > y->created_us) -
	       (x->created_us < y->created_us);
}

struct change_query {
	const struct json_node *request;
	int64_t after_us;
	int64_t before_us; /* 0: none */
	int64_t as_of_us;
};

static bool
is_wanted_change(const struct square *square, const struct change_query *q,
                 const struct change_row *row)
{
	const struct square_change *c = row->change;

	return c->created_us > q->after_us && c->created_us <= q->as_of_us &&
	       (q->before_us == 0 || c->created_us < q->before_us) &&
	       square_is_listed(q->request, "catalog_object_ids",
	                        row->variation->id) &&
	       square_is_listed(q->request, "location_ids",
	                        square_location(square, c->at)) &&
	       square_is_listed(q->request, "types",
	                        c->is_count ? "PHYSICAL_COUNT"
	                                    : "ADJUSTMENT") &&
	       (square_is_listed(q->request, "states",
	                         square_state_name(c->to)) ||
	        (!c->is_count && square_is_listed(q->request, "states",
	                                          square_state_name(c->from))));
}

static struct change_row *
collect_changes(const struct square *square, const struct change_query *q,
                size_t *n)
{
	void *rows = NULL;
	struct change_row row;
	size_t cap = 0;
	size_t i;
	size_t j;

	*n = 0;
	for (i = 0; i < square->n_variations; i++) {
		row.variation = square->variations[i];
		for (j = 0; j < row.variation->n_changes; j++) {
			row.change = &row.variation->changes[j];
			if (!is_wanted_change(square, q, &row))
				continue;
			sim_grow(&rows, &cap, *n, sizeof(row));
			((struct change_row *)rows)[(*n)++] = row;
		}
	}
	if (*n > 0)
		qsort(rows, *n, sizeof(row), oldest_first);
	return rows;
}

/* A cursor's mark is an offset: what was there does not change. */
static void
retrieve_changes(struct square *square, const struct http_call *call,
                 const struct json_node *request, struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };
	struct change_query q = { .request = request };
	struct square_place place;
	struct change_row *rows;
	size_t limit;
	size_t n;
	size_t i;

	if (!square_check_members(request,
	                          "catalog_object_ids location_ids types "
	                          "states updated_after updated_before cursor "
	                          "limit",
	                          reply) ||
	    !square_limit_read(square, &limit, request, COUNTS_PAGE, PAGE_MAX,
	                       reply) ||
	    !time_read(&q.after_us, request, "updated_after", reply) ||
	    !time_read(&q.before_us, request, "updated_before", reply) ||
	    !check_states(request, reply) ||
	    !square_cursor_read(square, &place, call->path, request, reply))
		return;
	q.as_of_us = place.as_of_us;
	rows = collect_changes(square, &q, &n);
	json_out_object(&out, NULL);
	json_out_array(&out, "changes");
	for (i = (size_t)place.mark; i < n && i < (size_t)place.mark + limit;
	     i++)
		square_change_out(square, rows[i].variation, rows[i].change,
		                  &out);
	json_out_end_array(&out);
	if (i < n) {
		place.mark = (int64_t)i;
		square_cursor_out(square, &out, call->path, request, &place);
	}
	json_out_end_object(&out);
	free(rows);
}

static void
retrieve_adjustment(struct square *square, const char *id,
                    struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };
	const struct square_variation *v;
	size_t i;
	size_t j;

	for (i = 0; i < square->n_variations; i++) {
		v = square->variations[i];
		for (j = 0; j < v->n_changes; j++) {
			if (v->changes[j].is_count ||
			    strcmp(v->changes[j].id, id) != 0)
				continue;
			/* As in a list, but for the type. */
			json_out_object(&out, NULL);
			square_adjustment_out(square, v, &v->changes[j], &out);
			json_out_end_object(&out);
			return;
		}
	}
	square_refuse(reply, 404, "NOT_FOUND", "adjustment_id",
	              "Adjustment not found");
}

/* ---- writing: checks ---- */

struct write {
	struct square *square;
	struct server_reply *reply;
	bool ignores_unchanged;
	struct {
		struct square_variation *variation;
		struct square_change change; /* reference_id is borrowed */
	} changes[CHANGES_MAX];
	size_t n_changes;
	size_t i; /* the one in hand */
	bool is_refused;
};

static void
refuse_change(struct write *w, const char *code, const char *member)
{
	struct buf field = BUF_INIT;

	if (w->is_refused)
		return;
	w->is_refused = true;
	buf_addf(&field, "changes[%zu].%s", w->i, member);
	square_refuse(w->reply, strcmp(code, "NOT_FOUND") == 0 ? 404 : 400,
	              code, buf_text(&field), "The change is not valid");
	buf_fini(&field);
}

static const char *
need_text(struct write *w, const struct json_node *o, const char *key)
{
	const char *text = json_text_or(o, key, NULL);

	if (text != NULL)
		return text;
	refuse_change(w,
	              json_find(o, key) == NULL ? "MISSING_REQUIRED_PARAMETER"
	                                        : "EXPECTED_STRING",
	              key);
	return "";
}

static enum square_state
need_state(struct write *w, const struct json_node *o, const char *key)
{
	enum square_state state = SQUARE_NONE;

	if (!square_state_parse(&state, need_text(w, o, key)))
		refuse_change(w, "INVALID_ENUM_VALUE", key);
	else if (square_state_is_read_only(state))
		refuse_change(w, "INVALID_VALUE", key);
	return state;
}

static struct decimal
need_quantity(struct write *w, const struct json_node *o)
{
	const char *text = need_text(w, o, "quantity");
	struct decimal d = DECIMAL_ZERO;

	if (strlen(text) > QUANTITY_MAX)
		refuse_change(w, "VALUE_TOO_LONG", "quantity");
	else if (decimal_parse(&d, text) != 0 || strchr(text, 'e') != NULL ||
	         decimal_cmp(decimal_round(d, QUANTITY_PLACES, DECIMAL_CUT),
	                     d) != 0)
		refuse_change(w, "INVALID_VALUE", "quantity");
	return d;
}

static int64_t
need_occurred(struct write *w, const struct json_node *o)
{
	const int64_t day_us = (int64_t)86400 * 1000000;
	const char *text = need_text(w, o, "occurred_at");
	int64_t now_us = sim_now_us(w->square->sim);
	int64_t us = 0;

	if (!sim_time_parse(&us, text) || us > now_us || us < now_us - day_us)
		refuse_change(w, "INVALID_TIME", "occurred_at");
	return us;
}

/* What both kinds of change have. */
static void
read_common(struct write *w, const struct json_node *o)
{
	struct square_change *c = &w->changes[w->i].change;
	const char *id = need_text(w, o, "catalog_object_id");
	const char *reference = json_text_or(o, "reference_id", "");
	struct square_variation *v = square_find(w->square, id);

	if (v == NULL || strcmp(v->id, id) != 0)
		refuse_change(w, "NOT_FOUND", "catalog_object_id");
	if (!square_location_find(w->square, &c->at,
	                          need_text(w, o, "location_id")))
		refuse_change(w, "NOT_FOUND", "location_id");
	if (strlen(reference) > REFERENCE_MAX)
		refuse_change(w, "VALUE_TOO_LONG", "reference_id");
	w->changes[w->i].variation = v;
	c->is_api = true;
	c->quantity = need_quantity(w, o);
	c->occurred_us = need_occurred(w, o);
	c->reference_id = reference[0] != '\0' ? sim_dup(reference) : NULL;
}

static void
read_count(struct write *w, const struct json_node *o)
{
	struct square_change *c = &w->changes[w->i].change;

	if (!square_check_members(o,
	                          "id reference_id catalog_object_id "
	                          "catalog_object_type state location_id "
	                          "quantity employee_id team_member_id "
	                          "occurred_at",
	                          w->reply)) {
		w->is_refused = true;
		return;
	}
	c->is_count = true;
	c->to = need_state(w, o, "state");
	read_common(w, o);
	if (!square_state_is_counted(c->to))
		refuse_change(w, "INVALID_VALUE", "state");
}

static void
read_adjustment(struct write *w, const struct json_node *o)
{
	struct square_change *c = &w->changes[w->i].change;

	if (!square_check_members(o,
	                          "id reference_id catalog_object_id "
	                          "catalog_object_type from_state to_state "
	                          "location_id quantity employee_id "
	                          "team_member_id occurred_at",
	                          w->reply)) {
		w->is_refused = true;
		return;
	}
	c->from = need_state(w, o, "from_state");
	c->to = need_state(w, o, "to_state");
	read_common(w, o);
	if (c->from == c->to)
		refuse_change(w, "INVALID_VALUE", "to_state");
	if (decimal_is_negative(c->quantity) || decimal_is_zero(c->quantity))
		refuse_change(w, "INVALID_VALUE", "quantity");
}

/* Exactly the member that the type names. */
static void
read_change(struct write *w, const struct json_node *o)
{
	const char *type = json_text_or(o, "type", "");
	const struct json_node *count = json_find(o, "physical_count");
	const struct json_node *adjustment = json_find(o, "adjustment");

	if (!square_check_members(o, "type physical_count adjustment",
	                          w->reply))
		w->is_refused = true;
	else if (strcmp(type, "PHYSICAL_COUNT") == 0 && count != NULL &&
	         adjustment == NULL)
		read_count(w, count);
	else if (strcmp(type, "ADJUSTMENT") == 0 && adjustment != NULL &&
	         count == NULL)
		read_adjustment(w, adjustment);
	else
		refuse_change(w, "INVALID_VALUE", "type");
}

static void
read_changes(struct write *w, const struct json_node *request)
{
	const struct json_node *array = json_find(request, "changes");

	w->n_changes = json_length(array);
	if (w->n_changes == 0 || w->n_changes > CHANGES_MAX) {
		square_refuse(w->reply, 400,
		              w->n_changes == 0 ? "ARRAY_EMPTY"
		                                : "ARRAY_LENGTH_TOO_LONG",
		              "changes", "From 1 to 100 changes");
		w->is_refused = true;
		w->n_changes = 0;
	}
	for (w->i = 0; w->i < w->n_changes && !w->is_refused; w->i++)
		read_change(w, json_at(array, w->i));
}

static void
write_fini(struct write *w)
{
	size_t i;

	for (i = 0; i < CHANGES_MAX; i++)
		free(w->changes[i].change.reference_id);
}

/* ---- writing: effects ---- */

/*
 * "Unchanged since the last physical count": read as it stands, the quantity
 * of the last count is what is compared, whatever was sold since. The kinder
 * reading, the count of now, is a switch.
 */
static bool
is_unchanged(const struct write *w, const struct square_variation *v,
             const struct square_change *c)
{
	size_t i;

	if (!w->ignores_unchanged || !c->is_count)
		return false;
	if (w->square->is.ignores_by_count)
		return v->shelves[c->at].calculated_us[c->to] != 0 &&
		       decimal_cmp(v->shelves[c->at].counts[c->to],
		                   c->quantity) == 0;
	for (i = v->n_changes; i-- > 0;) {
		if (v->changes[i].is_count && v->changes[i].at == c->at &&
		    v->changes[i].to == c->to)
			return decimal_cmp(v->changes[i].quantity,
			                   c->quantity) == 0;
	}
	return false;
}

/* Apply one change; it goes to `made` unless it was ignored. */
static void
apply_change(struct write *w, size_t i, struct json_out *made)
{
	struct square *square = w->square;
	struct square_variation *v = w->changes[i].variation;
	struct square_change *c = &w->changes[i].change;
	struct square_shelf *shelf = &v->shelves[c->at];
	struct decimal before = shelf->counts[SQUARE_IN_STOCK];
	size_t at = c->at;

	if (is_unchanged(w, v, c)) {
		square->n_unchanged++;
		return;
	}
	c->created_us = sim_now_us(square->sim);
	square_change_out(square, v, square_change_add(square, v, c), made);
	c->reference_id = NULL; /* the history has it now */
	square->n_writes++;
	shelf->n_writes += c->is_count;
	if (decimal_cmp(before, shelf->counts[SQUARE_IN_STOCK]) != 0)
		square_announce_count(square, v, at);
}

static bool
is_named_before(const struct write *w, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (w->changes[i].variation == w->changes[n].variation)
			return true;
	}
	return false;
}

static void
out_counts_of(const struct write *w, struct json_out *out)
{
	const struct square_variation *v;
	size_t i;

	json_out_array(out, "counts");
	for (i = 0; i < w->n_changes; i++) {
		v = w->changes[i].variation;
		if (!is_named_before(w, i))
			out_shelves(w->square, v, out);
	}
	json_out_end_array(out);
}

struct square_key *
square_key_find(struct square *square, const char *key)
{
	size_t i;

	for (i = 0; i < square->n_keys; i++) {
		if (strcmp(square->keys[i].key, key) == 0)
			return &square->keys[i];
	}
	return NULL;
}

static struct square_key *
add_key(struct square *square, const char *key, const char *request)
{
	void *keys = square->keys;
	struct square_key *k;

	sim_grow(&keys, &square->cap_keys, square->n_keys, sizeof(*k));
	square->keys = keys;
	k = &square->keys[square->n_keys++];
	k->key = sim_dup(key);
	k->request = sim_dup(request);
	return k;
}

/* Apply what the key has not applied yet, and answer. */
static void
apply_write(struct write *w, struct square_key *key)
{
	struct buf made = BUF_INIT;
	struct json_out changes = { .to = &made };
	struct json_out out = { .to = &w->reply->body };
	size_t end = w->n_changes;

	if (w->square->partial > 0 && w->square->partial < end)
		end = w->square->partial;
	json_out_array(&changes, NULL);
	for (; key->n_applied < end; key->n_applied++)
		apply_change(w, key->n_applied, &changes);
	json_out_end_array(&changes);
	if (w->square->partial > 0) {
		square_refuse(w->reply, 429, "RATE_LIMITED", NULL,
		              "Too many requests");
	} else {
		json_out_object(&out, NULL);
		out_counts_of(w, &out);
		json_out_raw(&out, "changes", buf_text(&made));
		json_out_end_object(&out);
		key->reply = sim_dup(buf_text(&w->reply->body));
	}
	buf_fini(&made);
}

static void
write_with_key(struct square *square, const struct json_node *request,
               const char *id, const char *printed, struct server_reply *reply)
{
	struct square_key *key = square_key_find(square, id);
	struct write *w;

	if (key != NULL && strcmp(key->request, printed) != 0) {
		square_refuse(reply, 400, "IDEMPOTENCY_KEY_REUSED",
		              "idempotency_key",
		              "The key was used with another body");
		return;
	}
	if (key != NULL && key->reply != NULL) {
		buf_adds(&reply->body, key->reply);
		return;
	}
	w = sim_alloc(sizeof(*w));
	w->square = square;
	w->reply = reply;
	w->ignores_unchanged = true;
	json_get_bool(&w->ignores_unchanged, request,
	              "ignore_unchanged_counts");
	read_changes(w, request);
	if (!w->is_refused)
		apply_write(w,
		            key != NULL ? key : add_key(square, id, printed));
	write_fini(w);
	free(w);
}

static void
create_changes(struct square *square, const struct json_node *request,
               struct server_reply *reply)
{
	const char *id = json_text_or(request, "idempotency_key", "");
	struct buf printed = BUF_INIT;

	if (!square_check_members(
		    request, "idempotency_key changes ignore_unchanged_counts",
		    reply))
		return;
	if (id[0] == '\0' || strlen(id) > KEY_MAX) {
		square_refuse(reply, 400,
		              id[0] == '\0' ? "MISSING_REQUIRED_PARAMETER"
		                            : "VALUE_TOO_LONG",
		              "idempotency_key", "From 1 to 128 characters");
		return;
	}
	json_print(&printed, request);
	write_with_key(square, request, id, buf_text(&printed), reply);
	buf_fini(&printed);
}

/* ---- choosing ---- */

bool
square_serve_inventory(struct square *square, const struct http_call *call,
                       struct server_reply *reply)
{
	const char *rest;
	struct json *doc;

	if (!sim_after(&rest, call->path, "/v2/inventory/"))
		return false;
	if (sim_after(&rest, call->path, "/v2/inventory/adjustments/")) {
		retrieve_adjustment(square, rest, reply);
		return true;
	}
	(void)sim_after(&rest, call->path, "/v2/inventory/");
	if (strchr(rest, '/') == NULL) {
		retrieve_count(square, rest, reply);
		return true;
	}
	if (strcmp(rest, "counts/batch-retrieve") != 0 &&
	    strcmp(rest, "changes/batch-retrieve") != 0 &&
	    strcmp(rest, "changes/batch-create") != 0)
		return false;
	doc = square_body(call, reply);
	if (doc == NULL)
		return true;
	if (strcmp(rest, "counts/batch-retrieve") == 0)
		retrieve_counts(square, call, json_root(doc), reply);
	else if (strcmp(rest, "changes/batch-retrieve") == 0)
		retrieve_changes(square, call, json_root(doc), reply);
	else
		create_changes(square, json_root(doc), reply);
	json_free(doc);
	return true;
}
