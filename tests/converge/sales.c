/* Every sale against the documents that Galaxy has of it. */
#include "tests/converge/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/model/sale.h"

enum {
	ENTRIES_MAX = 16, /* of one sale: its versions, and lines that waited */
	ASK_MAX = 100,
	NONE = ITEMS_MAX,
};

/* What Galaxy has of one sale, all its documents together. */
struct booked {
	char codes[LINES_MAX + 1][NAME_SIZE];
	struct decimal qty[LINES_MAX + 1];
	size_t n;
	struct decimal total;
	size_t n_documents;
	size_t n_lines;
};

struct document {
	char docid[41];
	size_t order;
};

struct ledger {
	struct document *documents; /* owned; every one that there could be */
	size_t n;
	struct booked *booked; /* owned; of each order */
};

static int
by_docid(const void *a, const void *b)
{
	const struct document *x = a;
	const struct document *y = b;

	return strcmp(x->docid, y->docid);
}

static void
name_documents(struct world *w, struct ledger *l)
{
	l->documents =
		calloc(w->n_orders * ENTRIES_MAX + 1, sizeof(*l->documents));
	l->booked = calloc(w->n_orders + 1, sizeof(*l->booked));
	if (!l->documents || !l->booked)
		give_up(w, "out of memory");
	for (size_t i = 0; i < w->n_orders; i++) {
		for (unsigned n = 0; n < ENTRIES_MAX; n++) {
			struct document *d = &l->documents[l->n++];
			char id[120];
			char more[12] = "";

			if (n)
				(void)snprintf(more, sizeof(more), "+%u", n);
			(void)snprintf(id, sizeof(id), "%s/%s%s",
			               till_names[w->orders[i].till],
			               w->orders[i].id, more);
			d->order = i;
			if (sale_docid(d->docid, id))
				give_up(w, "a docid");
		}
	}
	qsort(l->documents, l->n, sizeof(*l->documents), by_docid);
}

static struct decimal *
qty_of(struct booked *b, const char *code)
{
	for (size_t i = 0; i < b->n; i++)
		if (!strcmp(b->codes[i], code))
			return &b->qty[i];
	if (b->n > LINES_MAX)
		return NULL;
	(void)snprintf(b->codes[b->n], NAME_SIZE, "%s", code);
	b->qty[b->n] = DECIMAL_ZERO;
	return &b->qty[b->n++];
}

static void
book(struct world *w, struct ledger *l, const struct json_node *entry)
{
	struct document key = { .order = 0 };
	const struct json_node *lines = json_find(entry, "lines");
	const struct document *d;
	struct booked *b;

	(void)snprintf(key.docid, sizeof(key.docid), "%s",
	               json_text_or(entry, "docid", ""));
	d = bsearch(&key, l->documents, l->n, sizeof(key), by_docid);
	if (!d) {
		violate(w, NONE, SIZE_MAX, "%s belongs to no sale", key.docid);
		return;
	}
	if (json_number(entry, NULL, "posts") != 1)
		violate(w, w->orders[d->order].lines[0].item, d->order,
		        "%s was posted %lld times", key.docid,
		        (long long)json_number(entry, NULL, "posts"));
	b = &l->booked[d->order];
	b->n_documents++;
	b->n_lines += json_length(lines);
	b->total = decimal_add(b->total, json_amount(entry, "total"));
	for (size_t i = 0; i < json_length(lines); i++) {
		const struct json_node *line = json_at(lines, i);
		struct decimal *qty = qty_of(b, json_text_or(line, "code", ""));

		if (!qty)
			violate(w, NONE, d->order, "%s has strange lines",
			        key.docid);
		else
			*qty = decimal_add(*qty, json_amount(line, "quantity"));
	}
}

static const struct item *
item_of_sku(const struct world *w, const char *sku, size_t *at)
{
	for (size_t i = 0; i < w->n_items; i++) {
		if (!strcmp(w->items[i].sku, sku)) {
			*at = i;
			return &w->items[i];
		}
	}
	return NULL;
}

/* The simulator's sale against what is booked of it. */
static bool
compare_lines(struct world *w, size_t order, const struct json_node *sale,
              struct booked *b)
{
	const struct json_node *lines = json_find(sale, "lines");
	size_t at = NONE;
	bool is_all_bound = true;

	for (size_t i = 0; i < json_length(lines); i++) {
		const struct json_node *line = json_at(lines, i);
		const struct item *item =
			item_of_sku(w, json_text_or(line, "sku", ""), &at);
		char base[NAME_SIZE];
		struct decimal *qty;

		if (!item || !item->is_bound || !item->is_imported) {
			is_all_bound = false;
			continue;
		}
		(void)snprintf(base, sizeof(base), "%.*s",
		               (int)strcspn(item->code, ":"), item->code);
		qty = qty_of(b, base);
		if (qty)
			*qty = decimal_sub(*qty, json_amount(line, "quantity"));
	}
	for (size_t i = 0; i < b->n && is_all_bound; i++) {
		char off[DECIMAL_TEXT_SIZE];

		if (decimal_is_zero(b->qty[i]))
			continue;
		violate(w, at, order, "order %s: Galaxy has %s too many of %s",
		        w->orders[order].id, decimal_format(off, b->qty[i]),
		        b->codes[i]);
	}
	return is_all_bound;
}

static void
compare_total(struct world *w, size_t order, const struct json_node *there,
              const struct booked *b)
{
	const struct json_node *lines = json_find(there, "line_items");
	int64_t cents = 0;
	struct decimal off;
	struct decimal slack;
	char a[DECIMAL_TEXT_SIZE];
	char c[DECIMAL_TEXT_SIZE];

	for (size_t i = 0; i < json_length(lines); i++)
		cents +=
			json_number(json_at(lines, i), "total_money", "amount");
	off = decimal_sub(b->total, decimal_of_scaled(cents, 2));
	/* A later version's difference is valued at the new line's price, which
	   was rounded to the cent for as little as a hundredth of a kilogram. */
	slack = decimal_of_scaled(
		(int64_t)(10 * b->n_documents + 3 * b->n_lines +
	                  60 * (w->orders[order].n_versions - 1)),
		3);
	if (decimal_cmp(decimal_max(off, decimal_neg(off)), slack) > 0)
		violate(w, NONE, order, "order %s: paid %s, booked %s",
		        w->orders[order].id,
		        decimal_format(a, decimal_of_scaled(cents, 2)),
		        decimal_format(c, b->total));
}

/* The amounts of some orders of one till, by Square's own API. */
static void
check_totals(struct world *w, size_t till, const size_t *orders, size_t n,
             const struct ledger *l)
{
	const char *ids[ASK_MAX] = { NULL };
	struct json *doc;
	const struct json_node *rows;

	if (!n)
		return;
	for (size_t i = 0; i < n; i++)
		ids[i] = w->orders[orders[i]].id;
	doc = square_orders(w, till, ids, n);
	rows = json_find(json_root(doc), "orders");
	for (size_t i = 0; i < n; i++) {
		const struct json_node *row = json_row(rows, "id", ids[i]);

		if (!row)
			give_up(w, "Square lost an order");
		compare_total(w, orders[i], row, &l->booked[orders[i]]);
	}
	json_free(doc);
}

static void
check_till(struct world *w, struct ledger *l, size_t till,
           const struct json_node *state, bool is_whole)
{
	const struct json_node *sales = json_path(state, "square.orders");
	size_t wanted[ASK_MAX];
	size_t n_wanted = 0;
	size_t at = 0;

	for (size_t i = 0; i < w->n_orders; i++) {
		const struct json_node *sale;

		if (w->orders[i].till != till)
			continue;
		sale = json_at(sales, at++);
		if (!sale ||
		    strcmp(json_text_or(sale, "id", ""), w->orders[i].id) != 0)
			give_up(w, "the simulator forgot an order");
		if (!is_whole && !news_is_told(w, &w->orders[i].news))
			continue;
		if (!compare_lines(w, i, sale, &l->booked[i]))
			continue;
		wanted[n_wanted++] = i;
		if (n_wanted == ASK_MAX) {
			check_totals(w, till, wanted, n_wanted, l);
			n_wanted = 0;
		}
	}
	check_totals(w, till, wanted, n_wanted, l);
	if (at != json_length(sales))
		give_up(w, "the simulator invented an order");
}

void
sales_check(struct world *w, const struct json_node *galaxy, bool is_whole)
{
	const struct json_node *entries = json_find(galaxy, "entries");
	struct ledger l = { .n = 0 };

	name_documents(w, &l);
	for (size_t i = 0; i < json_length(entries); i++)
		book(w, &l, json_at(entries, i));
	for (size_t till = 0; till < w->n_tills; till++) {
		struct json *state = control_state(w, till);

		check_till(w, &l, till, json_root(state), is_whole);
		json_free(state);
	}
	free(l.documents);
	free(l.booked);
}
