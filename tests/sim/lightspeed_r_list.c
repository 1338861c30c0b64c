/*
 * Lightspeed R: lists: searched by operators, sorted, and paged by a cursor in
 * an absolute address.
 */
#define _DEFAULT_SOURCE 1 /* strcasecmp, strncasecmp under -std=c17 */

#include "tests/sim/lightspeed_r_rows.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LIMIT_MAX = 100, IN_MAX = 100 };

/* ---- searching ---- */

static bool
is_like(const char *text, const char *pattern)
{
	for (; *pattern != '\0'; pattern++, text++) {
		if (*pattern == '%') {
			for (;; text++) {
				if (is_like(text, pattern + 1))
					return true;
				if (*text == '\0')
					return false;
			}
		}
		if (tolower((unsigned char)*text) !=
		    tolower((unsigned char)*pattern))
			return false;
	}
	return *text == '\0';
}

/* Compare as the field's kind has it. */
static int
compare(const struct lsr_field *f, const char *value)
{
	int64_t a;
	int64_t b;
	struct decimal x;
	struct decimal y;

	if (f->kind == LSR_TIME && sim_time_parse(&a, f->value) &&
	    sim_time_parse(&b, value))
		return (a > b) - (a < b);
	if (f->kind == LSR_NUMBER && decimal_parse(&x, f->value) == 0 &&
	    decimal_parse(&y, value) == 0)
		return decimal_cmp(x, y);
	return strcasecmp(f->value, value);
}

static bool
is_between(const struct lsr_field *f, const char *pair)
{
	char low[LSR_VALUE_MAX];
	size_t n = strcspn(pair, ",");

	snprintf(low, sizeof(low), "%.*s", (int)n, pair);
	return pair[n] == ',' && compare(f, low) >= 0 &&
	       compare(f, pair + n + 1) <= 0;
}

/* [1,2,3], at most a hundred. */
static bool
is_in(struct lsr_call *c, const struct lsr_field *f, const char *list)
{
	char one[LSR_VALUE_MAX];
	size_t n;
	int count = 0;
	bool is_found = false;

	list += *list == '[';
	while (*list != '\0' && *list != ']') {
		n = strcspn(list, ",]");
		snprintf(one, sizeof(one), "%.*s", (int)n, list);
		is_found = is_found || compare(f, one) == 0;
		list += n;
		list += *list == ',';
		count++;
	}
	return count > IN_MAX ? lsr_refuse(c, 400, "At most 100 values for IN")
	                      : is_found;
}

/* "operator,value", or a value alone. */
static bool
matches(struct lsr_call *c, const struct lsr_field *f, const char *test)
{
	const char *v;

	if (sim_after(&v, test, "><,"))
		return is_between(f, v);
	if (sim_after(&v, test, ">=,"))
		return compare(f, v) >= 0;
	if (sim_after(&v, test, "<=,"))
		return compare(f, v) <= 0;
	if (sim_after(&v, test, ">,"))
		return compare(f, v) > 0;
	if (sim_after(&v, test, "<,"))
		return compare(f, v) < 0;
	if (sim_after(&v, test, "!=,"))
		return compare(f, v) != 0;
	if (sim_after(&v, test, "!~,"))
		return !is_like(f->value, v);
	if (sim_after(&v, test, "~,"))
		return is_like(f->value, v);
	if (sim_after(&v, test, "IN,"))
		return is_in(c, f, v);
	if (sim_after(&v, test, "=,"))
		return compare(f, v) == 0;
	return compare(f, test) == 0;
}

struct search {
	const struct lsr_resource *what;
	struct buf name;
	struct buf value;
	bool has_archived;
	bool only_archived;
};

static bool
refuse_field(struct lsr_call *c, const char *name)
{
	char *why = text_format("%s cannot be searched", name);

	lsr_refuse(c, 400, why != NULL ? why : "");
	free(why);
	return false;
}

/* itemCode is itemID, UPC or EAN. */
static bool
matches_code(struct lsr_call *c, const struct lsr_row *row, const char *test)
{
	return matches(c, lsr_field(row, "itemID"), test) ||
	       matches(c, lsr_field(row, "upc"), test) ||
	       matches(c, lsr_field(row, "ean"), test);
}

/* ItemShops.qoh=>,1: one of the item's rows is so. */
static bool
matches_relation(struct lsr_call *c, const struct lsr_row *item,
                 const char *name, const char *test)
{
	const struct lsr_resource *what = lsr_resource("ItemShop");
	struct lsr_row *row = sim_alloc(sizeof(*row));
	const struct lsr_field *f = NULL;
	bool is_found = false;
	size_t i;

	for (i = 0; !is_found && lsr_fill(c, what, i, row); i++) {
		if (row->is_hidden)
			continue;
		f = lsr_field(row, name);
		if (f == NULL)
			break;
		is_found = strcmp(lsr_field(row, "itemID")->value,
		                  lsr_field(item, "itemID")->value) == 0 &&
		           matches(c, f, test);
	}
	free(row);
	return f == NULL ? refuse_field(c, name) : is_found;
}

static bool
matches_one(struct lsr_call *c, const struct lsr_row *row, const char *name,
            const char *test)
{
	const char *rest;
	const struct lsr_field *f;

	if (sim_after(&rest, name, "ItemShops."))
		return matches_relation(c, row, rest, test);
	if (strcasecmp(name, "itemCode") == 0 && lsr_field(row, "ean") != NULL)
		return matches_code(c, row, test);
	f = lsr_field(row, name);
	return f != NULL ? matches(c, f, test) : refuse_field(c, name);
}

/* a=op,value|b=op,value */
static bool
matches_or(struct lsr_call *c, const struct lsr_row *row, const char *operands)
{
	char one[2 * LSR_VALUE_MAX];
	char *test;
	size_t n;
	bool is_found = false;

	for (; *operands != '\0'; operands += n + (operands[n] == '|')) {
		n = strcspn(operands, "|");
		snprintf(one, sizeof(one), "%.*s", (int)n, operands);
		test = strchr(one, '=');
		if (test == NULL)
			return lsr_refuse(c, 400, "or: name=operator,value");
		*test++ = '\0';
		is_found = is_found || matches_one(c, row, one, test);
	}
	return is_found;
}

static bool
is_reserved(const char *name)
{
	static const char *const names[] = {
		"limit",          "after", "before",   "sort",
		"load_relations", "count", "archived",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/* All that the query asks of a row. */
static bool
is_wanted(struct lsr_call *c, struct search *s, const struct lsr_row *row)
{
	const char *q = c->http->query;
	size_t n;
	size_t n_name;
	bool is_so = s->has_archived || !row->is_archived;

	is_so = is_so && (!s->only_archived || row->is_archived);
	for (; *q != '\0'; q += n + (q[n] == '&')) {
		n = strcspn(q, "&");
		n_name = strcspn(q, "=&");
		buf_reset(&s->name);
		buf_reset(&s->value);
		sim_decode(&s->name, q, n_name);
		if (n_name < n)
			sim_decode(&s->value, q + n_name + 1, n - n_name - 1);
		if (s->name.n == 0 || is_reserved(buf_text(&s->name)))
			continue;
		if (strcmp(buf_text(&s->name), "or") == 0)
			is_so = matches_or(c, row, buf_text(&s->value)) &&
			        is_so;
		else
			is_so = matches_one(c, row, buf_text(&s->name),
			                    buf_text(&s->value)) &&
			        is_so;
	}
	return is_so && c->reply->status < 400;
}

/* ---- lists ---- */

struct hit {
	int64_t key;
	int64_t id;
	size_t i;
};

struct query {
	struct search search;
	struct hit *hits; /* owned */
	size_t n;
	size_t cap;
	char sort[64];
	bool is_falling;
	size_t limit;
	bool is_after; /* a place to go on behind */
	int64_t after_key;
	int64_t after_id;
	struct buf relations;
	bool is_count;
};

static int
compare_hits(const void *a, const void *b)
{
	const struct hit *x = a;
	const struct hit *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static bool
is_sortable(const struct lsr_resource *what, const char *name)
{
	const char *p = what->sortable;
	size_t n;

	for (; *p != '\0'; p += n + (p[n] == ' ')) {
		n = strcspn(p, " ");
		if (strlen(name) == n && strncasecmp(p, name, n) == 0)
			return true;
	}
	return false;
}

static bool
read_sort(struct lsr_call *c, struct query *l)
{
	struct buf text = BUF_INIT;
	const char *name;
	bool is_good = true;

	snprintf(l->sort, sizeof(l->sort), "%s", l->search.what->id);
	if (sim_param(&text, c->http->query, "sort")) {
		name = buf_text(&text);
		l->is_falling = name[0] == '-';
		name += l->is_falling;
		is_good = is_sortable(l->search.what, name) ||
		          lsr_refuse(c, 400, "This field cannot be sorted by");
		snprintf(l->sort, sizeof(l->sort), "%s", name);
	}
	buf_fini(&text);
	return is_good;
}

static bool
read_page(struct lsr_call *c, struct query *l)
{
	struct buf text = BUF_INIT;
	long long key = 0;
	long long id = 0;
	bool is_good = true;

	l->limit = LIMIT_MAX;
	if (sim_param(&text, c->http->query, "limit")) {
		l->limit = strtoul(buf_text(&text), NULL, 10);
		if (l->limit < 1 || l->limit > LIMIT_MAX)
			is_good = lsr_refuse(c, 400, "limit: from 1 to 100");
	}
	if ((int64_t)l->limit > c->r->is.page_rows)
		l->limit = (size_t)c->r->is.page_rows;
	if (is_good && sim_param(&text, c->http->query, "after")) {
		l->is_after =
			sscanf(buf_text(&text), "%lld_%lld", &key, &id) == 2;
		l->after_key = key;
		l->after_id = id;
		is_good = l->is_after || lsr_refuse(c, 400, "after: no such");
	}
	buf_fini(&text);
	return is_good;
}

static bool
read_rest(struct lsr_call *c, struct query *l)
{
	struct buf text = BUF_INIT;
	bool is_good = true;

	if (sim_param(&text, c->http->query, "archived")) {
		l->search.only_archived = strcmp(buf_text(&text), "only") == 0;
		l->search.has_archived = l->search.only_archived ||
		                         strcmp(buf_text(&text), "true") == 0;
	}
	if (sim_param(&text, c->http->query, "count")) {
		l->is_count = true;
		if (sim_param(&text, c->http->query, "limit") ||
		    sim_param(&text, c->http->query, "after") ||
		    sim_param(&text, c->http->query, "sort"))
			is_good = lsr_refuse(c, 400, "count excludes paging");
	}
	sim_param(&l->relations, c->http->query, "load_relations");
	buf_fini(&text);
	return is_good &&
	       lsr_check_relations(c, l->search.what, buf_text(&l->relations));
}

static void
collect(struct lsr_call *c, struct query *l)
{
	struct lsr_row *row = sim_alloc(sizeof(*row));
	void *grown = NULL;
	size_t i;

	for (i = 0; lsr_fill(c, l->search.what, i, row); i++) {
		if (row->is_hidden || !is_wanted(c, &l->search, row))
			continue;
		sim_grow(&grown, &l->cap, l->n, sizeof(*l->hits));
		l->hits = grown;
		l->hits[l->n++] = (struct hit){
			lsr_key(lsr_field(row, l->sort)),
			lsr_key(lsr_field(row, l->search.what->id)), i
		};
	}
	if (l->n > 1)
		qsort(l->hits, l->n, sizeof(*l->hits), compare_hits);
	free(row);
}

/* The k-th in the order that is asked for. */
static const struct hit *
hit_at(const struct query *l, size_t k)
{
	return &l->hits[l->is_falling ? l->n - 1 - k : k];
}

static size_t
first_hit(const struct query *l)
{
	const struct hit after = { l->after_key, l->after_id, 0 };
	size_t k;
	int order;

	for (k = 0; l->is_after && k < l->n; k++) {
		order = compare_hits(hit_at(l, k), &after);
		if (l->is_falling ? order < 0 : order > 0)
			break;
	}
	return k;
}

/* The same query, behind the last row of this page. */
static void
out_next(struct lsr_call *c, const struct hit *last)
{
	struct buf url = BUF_INIT;
	const char *q = c->http->query;
	size_t n;

	buf_addf(&url, "http://%s%s?", sim_header(c->http, "Host"),
	         c->http->path);
	for (; *q != '\0'; q += n + (q[n] == '&')) {
		n = strcspn(q, "&");
		if (strncmp(q, "after=", 6) != 0)
			buf_addf(&url, "%.*s&", (int)n, q);
	}
	buf_addf(&url, "after=%lld_%lld", (long long)last->key,
	         (long long)last->id);
	json_out_text(&c->out, "next", buf_text(&url));
	buf_fini(&url);
}

static void
out_page(struct lsr_call *c, const struct query *l)
{
	const struct lsr_resource *what = l->search.what;
	struct lsr_row *row = sim_alloc(sizeof(*row));
	size_t first = first_hit(l);
	size_t n = l->n - first < l->limit ? l->n - first : l->limit;
	size_t k;

	json_out_object(&c->out, "@attributes");
	if (first + n < l->n)
		out_next(c, hit_at(l, first + n - 1));
	else
		json_out_text(&c->out, "next", "");
	json_out_text(&c->out, "previous", "");
	json_out_end_object(&c->out);
	lsr_begin_list(&c->out, what->name, n);
	for (k = first; k < first + n; k++) {
		lsr_fill(c, what, hit_at(l, k)->i, row);
		json_out_object(&c->out, n > 1 ? NULL : what->name);
		lsr_out_fields(&c->out, row);
		lsr_out_relations(c, what, hit_at(l, k)->i,
		                  buf_text(&l->relations), &c->out);
		json_out_end_object(&c->out);
	}
	lsr_end_list(&c->out, n);
	free(row);
}

static void
list(struct lsr_call *c, const struct lsr_resource *what)
{
	struct query l = { .search = { .what = what } };

	if (read_sort(c, &l) && read_page(c, &l) && read_rest(c, &l))
		collect(c, &l);
	if (c->reply->status < 400) {
		json_out_object(&c->out, NULL);
		if (l.is_count) {
			json_out_object(&c->out, "@attributes");
			lsr_out_int(&c->out, "count", (int64_t)l.n);
			json_out_end_object(&c->out);
		} else {
			out_page(c, &l);
		}
		json_out_end_object(&c->out);
	}
	free(l.hits);
	buf_fini(&l.relations);
	buf_fini(&l.search.name);
	buf_fini(&l.search.value);
}

static void
print_one(struct lsr_call *c, const struct lsr_resource *what)
{
	struct buf relations = BUF_INIT;

	sim_param(&relations, c->http->query, "load_relations");
	if (lsr_check_relations(c, what, buf_text(&relations)))
		lsr_out_record(c, what->name,
		               strtoll(c->path.part[1], NULL, 10),
		               buf_text(&relations));
	buf_fini(&relations);
}

bool
lsr_serve_rows(struct lsr_call *c)
{
	const struct lsr_resource *what;

	what = c->path.n > 0 ? lsr_resource(c->path.part[0]) : NULL;
	if (what == NULL || c->path.n > 2)
		return false;
	if (strcmp(c->http->method, "GET") != 0) {
		lsr_refuse(c, 405, "This resource is only read");
		return true;
	}
	if (what->scopes[0] != '\0' && !lsr_need_scope(c, what->scopes))
		return true;
	if (strcmp(what->name, "InventoryLog") == 0 &&
	    !lsr_need_scope(c, "employee:product_cost"))
		return true;
	if (c->path.n == 1)
		list(c, what);
	else
		print_one(c, what);
	return true;
}
