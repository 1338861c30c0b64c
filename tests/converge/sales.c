/*
 * Every sale against the documents of it where its items are kept: in Galaxy,
 * and at the first till of what that one keeps.
 */
#include "tests/converge/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/model/sale.h"

enum {
	ENTRIES_MAX = 12, /* of one sale: its versions, and lines that waited */
	VERSIONS = 10,    /* as Square numbers them; others: see is_of_order */
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
	size_t order; /* of a till; SIZE_MAX: it is the shop's */
	size_t shop;
};

struct ledger {
	bool is_at_rest;            /* else a document may be half made */
	struct document *documents; /* owned; every one that there could be */
	size_t n;
	struct booked *booked; /* owned; of each order, in Galaxy */
	struct booked *kept;   /* owned; of each order, at the first till */
	struct booked shop[SHOP_MAX];
};

static int
by_docid(const void *a, const void *b)
{
	const struct document *x = a;
	const struct document *y = b;

	return strcmp(x->docid, y->docid);
}

static void
name_document(struct world *w, struct ledger *l, size_t order, const char *more)
{
	struct document *d = &l->documents[l->n++];
	char id[120];

	(void)snprintf(id, sizeof(id), "%s/%s%s",
	               w->tills[w->orders[order].till].name,
	               w->orders[order].id, more);
	d->order = order;
	if (sale_docid(d->docid, id))
		give_up(w, "a docid");
}

/* Every one that a sale could have at one place: by its version, and a running
   number. */
static void
name_documents_of(struct world *w, struct ledger *l, size_t order,
                  const char *place)
{
	char more[48];

	name_document(w, l, order, place);
	for (int v = 0; v < VERSIONS; v++) {
		for (int n = 1; n <= ENTRIES_MAX; n++) {
			(void)snprintf(more, sizeof(more), "%s+%d.%d", place, v,
			               n);
			name_document(w, l, order, more);
		}
	}
}

/* In Galaxy, and at the till that keeps some items itself. */
static void
name_documents(struct world *w, struct ledger *l)
{
	char keeper[24];
	char id[100];

	(void)snprintf(keeper, sizeof(keeper), "@%s", w->tills[0].name);
	l->documents = calloc(w->n_orders * 2 * (1 + VERSIONS * ENTRIES_MAX) +
	                              w->n_shop + 1,
	                      sizeof(*l->documents));
	l->booked = calloc(w->n_orders + 1, sizeof(*l->booked));
	l->kept = calloc(w->n_orders + 1, sizeof(*l->kept));
	if (!l->documents || !l->booked || !l->kept)
		give_up(w, "out of memory");
	for (size_t i = 0; i < w->n_orders; i++) {
		name_documents_of(w, l, i, "");
		name_documents_of(w, l, i, keeper);
	}
	for (size_t i = 0; i < w->n_shop; i++) {
		struct document *d = &l->documents[l->n++];

		d->order = SIZE_MAX;
		d->shop = i;
		/* It may be booked before the shop hears of it. */
		(void)snprintf(id, sizeof(id), "api:orders/%s",
		               w->shop[i].number);
		if (sale_docid(d->docid, id))
			give_up(w, "a docid");
		if (w->shop[i].docid[0] && !w->shop[i].is_customer &&
		    strcmp(w->shop[i].docid, d->docid) != 0)
			violate(w, NONE, SIZE_MAX, "the shop's %s is %s",
			        w->shop[i].number, w->shop[i].docid);
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

/*
 * Not every till counts its versions from 1: where they are moments or a
 * number of the whole shop, an entry is known by the words its docid begins
 * with, which hold the account and the order (cut, if that is long).
 */
static bool
is_of_order(const char *docid, const struct world *w, size_t order)
{
	char id[120];
	char begin[41];

	(void)snprintf(id, sizeof(id), "%s/%s+",
	               w->tills[w->orders[order].till].name,
	               w->orders[order].id);
	if (sale_docid(begin, id))
		return false;
	*strrchr(begin, '-') = '\0';
	return !strncmp(docid, begin, strlen(begin)) && sale_is_docid(docid);
}

static const struct document *
find_document(const struct world *w, const struct ledger *l, const char *docid)
{
	struct document key = { .order = 0 };
	const struct document *found;

	(void)snprintf(key.docid, sizeof(key.docid), "%s", docid);
	found = bsearch(&key, l->documents, l->n, sizeof(key), by_docid);
	if (found)
		return found;
	for (size_t i = 0; i < l->n; i++) {
		const struct document *d = &l->documents[i];

		if (d->order != SIZE_MAX && is_of_order(docid, w, d->order))
			return d;
	}
	return NULL;
}

static void
add_lines(struct world *w, struct booked *b, const struct json_node *lines,
          const char *name, const char *docid)
{
	b->n_documents++;
	b->n_lines += json_length(lines);
	for (size_t i = 0; i < json_length(lines); i++) {
		const struct json_node *line = json_at(lines, i);
		struct decimal *qty = qty_of(b, json_text_or(line, name, ""));

		if (!qty)
			violate(w, NONE, SIZE_MAX, "%s has strange lines",
			        docid);
		else
			*qty = decimal_add(*qty, json_amount(line, "quantity"));
	}
}

/* A document in Galaxy. */
static void
book(struct world *w, struct ledger *l, const struct json_node *entry)
{
	const char *docid = json_text_or(entry, "docid", "");
	const struct document *d = find_document(w, l, docid);
	struct booked *b;

	if (!d) {
		violate(w, NONE, SIZE_MAX, "%s belongs to no sale", docid);
		return;
	}
	b = d->order == SIZE_MAX ? &l->shop[d->shop] : &l->booked[d->order];
	if (json_number(entry, NULL, "posts") != 1)
		violate(w, NONE, d->order, "%s was posted %lld times", docid,
		        (long long)json_number(entry, NULL, "posts"));
	b->total = decimal_add(b->total, json_amount(entry, "total"));
	add_lines(w, b, json_find(entry, "lines"), "code", docid);
}

/* An order that was made at the first till, for a sale elsewhere. */
static void
book_kept(struct world *w, struct ledger *l, const struct json_node *order)
{
	const char *docid = json_text_or(order, "reference_id", "");
	const struct document *d = find_document(w, l, docid);
	size_t cents = (size_t)json_number(order, NULL, "total");

	if (!d || d->order == SIZE_MAX || w->orders[d->order].till == 0) {
		violate(w, NONE, SIZE_MAX,
		        "%s has an order for \"%s\", which is no sale of "
		        "another till's",
		        w->tills[0].name, docid);
		return;
	}
	if (l->is_at_rest &&
	    (strcmp(json_text_or(order, "state", ""), "COMPLETED") != 0 ||
	     (cents > 0 && json_number(order, NULL, "payments") != 1)))
		violate(w, NONE, d->order, "%s is %s and was paid %lld times",
		        docid, json_text_or(order, "state", ""),
		        (long long)json_number(order, NULL, "payments"));
	add_lines(w, &l->kept[d->order], json_find(order, "lines"), "sku",
	          docid);
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

/* A document names an item without its variant. */
static const char *
base_code(const struct world *w, char out[NAME_SIZE], size_t item)
{
	const char *code = w->items[item].code;

	(void)snprintf(out, NAME_SIZE, "%.*s", (int)strcspn(code, ":"), code);
	return out;
}

static void
expect_nothing_left(struct world *w, size_t order, const struct booked *b,
                    const char *where)
{
	char off[DECIMAL_TEXT_SIZE];

	for (size_t i = 0; i < b->n; i++)
		if (!decimal_is_zero(b->qty[i]))
			violate(w, NONE, order,
			        "order %s: %s has %s too many of %s",
			        w->orders[order].id, where,
			        decimal_format(off, b->qty[i]), b->codes[i]);
}

/*
 * The simulator's sale against what is booked of it; both books are left with
 * what is too much. True when all of it must be in Galaxy.
 */
static bool
compare_lines(struct world *w, size_t order, const struct json_node *sale,
              struct ledger *l)
{
	const struct json_node *lines = json_find(sale, "lines");
	struct booked *b = &l->booked[order];
	size_t at = NONE;
	bool is_all_bound = true;
	bool is_all_there = true;

	for (size_t i = 0; i < json_length(lines); i++) {
		const struct json_node *line = json_at(lines, i);
		const struct item *item =
			item_of_sku(w, json_text_or(line, "sku", ""), &at);
		struct decimal *qty = NULL;
		char base[NAME_SIZE];

		if (!item || !item->is_bound || !item->is_imported) {
			is_all_bound = false;
			continue;
		}
		is_all_there &= !item->is_kept_at_till;
		if (!item->is_kept_at_till)
			qty = qty_of(b, base_code(w, base, at));
		else if (w->orders[order].till != 0)
			qty = qty_of(&l->kept[order], item->sku);
		if (qty)
			*qty = decimal_sub(*qty, json_amount(line, "quantity"));
	}
	if (!is_all_bound)
		return false;
	expect_nothing_left(w, order, b, "Galaxy");
	expect_nothing_left(w, order, &l->kept[order], w->tills[0].name);
	if (l->kept[order].n_documents > 1)
		violate(w, NONE, order, "order %s was recorded %zu times at %s",
		        w->orders[order].id, l->kept[order].n_documents,
		        w->tills[0].name);
	return is_all_there;
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
	/* Net and tax of each line are cut to three places. */
	slack = decimal_of_scaled(2 * (int64_t)b->n_lines, 3);
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

/* Goods that came back: a document with a negative quantity, or none where
   Galaxy does not take it. */
static void
check_return(struct world *w, size_t i, struct booked *b)
{
	const struct order *order = &w->orders[i];
	bool is_none = w->holds_returns;
	char base[NAME_SIZE];
	struct decimal *qty =
		qty_of(b, base_code(w, base, order->lines[0].item));

	if (!is_none)
		*qty = decimal_sub(*qty, order->lines[0].qty);
	expect_nothing_left(w, i, b, "Galaxy");
	if (b->n_documents != !is_none)
		violate(w, order->lines[0].item, i, "%s has %zu documents",
		        order->id, b->n_documents);
}

/* Told of is a sale by its own hook, a return by that of the item. */
static bool
is_due(struct world *w, const struct order *order, bool is_whole)
{
	const struct item *item = &w->items[order->lines[0].item];
	bool by_item =
		order->is_return && !w->tills[order->till].type->lists_returns;

	return is_whole || news_is_told(w, by_item ? &item->till[order->till]
	                                           : &order->news);
}

/* One of those that calls made. */
static bool
is_made(const struct json_node *sale)
{
	bool is_ours = false;

	(void)json_get_bool(&is_ours, sale, "ours");
	return is_ours || json_find(sale, "reference_id");
}

/* The till's next sale that was rung up there. */
static const struct json_node *
next_sale(const struct json_node *sales, size_t *at)
{
	while (*at < json_length(sales) && is_made(json_at(sales, *at)))
		++*at;
	return json_at(sales, (*at)++);
}

/* All but the first till keep nothing: nobody makes a sale there, but for those
   at 0.00 that lower a count of Hiboutik's. */
static void
expect_none_made(struct world *w, size_t till, const struct json_node *sales)
{
	for (size_t i = 0; i < json_length(sales) && till > 0; i++) {
		const struct json_node *sale = json_at(sales, i);

		if (is_made(sale) &&
		    (w->tills[till].kind != TILL_HIBOUTIK ||
		     !decimal_is_zero(json_amount(sale, "total"))))
			violate(w, NONE, SIZE_MAX, "sale %s was made at %s",
			        json_text_or(sale, "id", ""),
			        w->tills[till].name);
	}
}

/* What was paid, as the state of a till says; Square does so by its API. */
static void
compare_paid(struct world *w, size_t order, const struct json_node *sale,
             const struct booked *b)
{
	struct decimal paid = json_amount(sale, "total");
	struct decimal off = decimal_sub(b->total, paid);
	/* As in compare_total; and who rounds the sum rounds half a cent. */
	struct decimal slack =
		decimal_of_scaled(2 * (int64_t)b->n_lines + 5, 3);
	char a[DECIMAL_TEXT_SIZE];
	char c[DECIMAL_TEXT_SIZE];

	if (decimal_cmp(decimal_max(off, decimal_neg(off)), slack) > 0)
		violate(w, NONE, order, "order %s: paid %s, booked %s",
		        w->orders[order].id, decimal_format(a, paid),
		        decimal_format(c, b->total));
}

static void
check_till(struct world *w, struct ledger *l, size_t till,
           const struct json_node *state, bool is_whole)
{
	const struct till_type *type = w->tills[till].type;
	const struct json_node *sales = json_path(state, type->sales);
	size_t wanted[ASK_MAX];
	size_t n_wanted = 0;
	size_t at = 0;

	expect_none_made(w, till, sales);
	for (size_t i = 0; i < w->n_orders; i++) {
		const struct order *order = &w->orders[i];
		const struct json_node *sale;

		if (order->till != till)
			continue;
		sale = order->is_return && !type->lists_returns
		               ? NULL
		               : next_sale(sales, &at);
		if (sale && strcmp(json_text_or(sale, "id", ""), order->id))
			give_up(w, "the simulator forgot an order");
		if (order->is_return && is_due(w, order, is_whole))
			check_return(w, i, &l->booked[i]);
		if (order->is_return || !is_due(w, order, is_whole) ||
		    !compare_lines(w, i, sale, l))
			continue;
		if (w->tills[till].kind != TILL_SQUARE) {
			compare_paid(w, i, sale, &l->booked[i]);
			continue;
		}
		wanted[n_wanted++] = i;
		if (n_wanted == ASK_MAX) {
			check_totals(w, till, wanted, n_wanted, l);
			n_wanted = 0;
		}
	}
	check_totals(w, till, wanted, n_wanted, l);
	if (next_sale(sales, &at))
		give_up(w, "the simulator invented an order");
}

/* All that the first till recorded of an item is all that others sold of it. */
static void
check_recorded(struct world *w, const struct json_node *rows)
{
	struct decimal sold[ITEMS_MAX] = { DECIMAL_ZERO };
	char text[DECIMAL_TEXT_SIZE];

	for (size_t i = 0; i < w->n_orders; i++)
		for (size_t j = 0; j < w->orders[i].n_lines; j++) {
			const struct order_line *line = &w->orders[i].lines[j];

			if (w->orders[i].till)
				sold[line->item] = decimal_add(sold[line->item],
				                               line->qty);
		}
	for (size_t i = 0; i < w->n_items; i++) {
		const struct json_node *row =
			json_row(rows, "variation", w->items[i].variation[0]);
		struct decimal off = decimal_sub(
			json_amount(row, "recorded"),
			w->items[i].is_kept_at_till ? sold[i] : DECIMAL_ZERO);

		if (!decimal_is_zero(off))
			violate(w, i, SIZE_MAX,
			        "%s has recorded %s too many of %s",
			        w->tills[0].name, decimal_format(text, off),
			        w->items[i].sku);
	}
}

/* The shop's orders: one document each, with what it says. */
static void
check_order(struct world *w, const struct shop_order *s, struct booked *b)
{
	struct decimal off;
	struct decimal slack = decimal_of_scaled(2 * (int64_t)b->n_lines, 3);
	char text[DECIMAL_TEXT_SIZE];

	if (b->n_documents != 1)
		violate(w, s->lines[0].item, SIZE_MAX,
		        "the shop's %s has %zu documents", s->number,
		        b->n_documents);
	for (size_t i = 0; i < s->n_lines; i++) {
		struct decimal *qty =
			qty_of(b, base_code(w, (char[NAME_SIZE]){ 0 },
		                            s->lines[i].item));

		if (qty)
			*qty = decimal_sub(*qty, s->lines[i].qty);
	}
	for (size_t i = 0; i < b->n; i++)
		if (!decimal_is_zero(b->qty[i]))
			violate(w, s->lines[0].item, SIZE_MAX,
			        "the shop's %s: Galaxy has %s too many of %s",
			        s->number, decimal_format(text, b->qty[i]),
			        b->codes[i]);
	off = decimal_sub(b->total, s->total);
	if (s->has_total &&
	    decimal_cmp(decimal_max(off, decimal_neg(off)), slack) > 0)
		violate(w, NONE, SIZE_MAX, "the shop's %s is booked %s off",
		        s->number, decimal_format(text, off));
}

static void
check_shop(struct world *w, struct ledger *l)
{
	struct json *doc = control_customers(w);
	const struct json_node *rows = json_find(json_root(doc), "customers");

	for (size_t i = 0; i < w->n_shop; i++) {
		const struct shop_order *s = &w->shop[i];
		size_t n = 0;

		if (!s->is_customer) {
			check_order(w, s, &l->shop[i]);
			continue;
		}
		for (size_t j = 0; j < json_length(rows); j++)
			n += !strcmp(s->number, json_text_or(json_at(rows, j),
			                                     "code", ""));
		if (n != 1)
			violate(w, NONE, SIZE_MAX, "Galaxy has %s %zu times",
			        s->number, n);
	}
	json_free(doc);
}

static struct ledger *
open_ledger(struct world *w, const struct json_node *state, bool is_at_rest)
{
	const struct json_node *entries = json_path(state, "galaxy.entries");
	const struct json_node *orders = json_path(state, "square.orders");
	struct ledger *l = calloc(1, sizeof(*l));

	if (!l)
		give_up(w, "out of memory");
	l->is_at_rest = is_at_rest;
	name_documents(w, l);
	for (size_t i = 0; i < json_length(entries); i++)
		book(w, l, json_at(entries, i));
	for (size_t i = 0; i < json_length(orders); i++)
		if (json_find(json_at(orders, i), "reference_id"))
			book_kept(w, l, json_at(orders, i));
	return l;
}

static void
close_ledger(struct ledger *l)
{
	free(l->documents);
	free(l->booked);
	free(l->kept);
	free(l);
}

/* All of one item in the order as the till has it by now, its versions and what
   Galaxy takes for the same item together. */
static struct decimal
sold_of(struct world *w, size_t order, size_t item)
{
	const struct order *o = &w->orders[order];
	struct decimal sum = DECIMAL_ZERO;
	char wanted[NAME_SIZE];
	char base[NAME_SIZE];

	(void)base_code(w, wanted, item);
	for (size_t i = 0; i < o->n_lines; i++) {
		size_t at = o->lines[i].item;

		if (w->items[item].is_kept_at_till
		            ? at == item
		            : !strcmp(base_code(w, base, at), wanted))
			sum = decimal_add(sum, o->lines[i].qty);
	}
	return sum;
}

bool
sales_lacks(struct world *w, const struct json_node *state, size_t order,
            size_t item, struct decimal qty)
{
	struct ledger *l = open_ledger(w, state, false);
	char base[NAME_SIZE];
	struct decimal *booked =
		w->items[item].is_kept_at_till
			? qty_of(&l->kept[order], w->items[item].sku)
			: qty_of(&l->booked[order], base_code(w, base, item));
	struct decimal left = sold_of(w, order, item);

	if (booked)
		left = decimal_sub(left, *booked);
	close_ledger(l);
	return decimal_cmp(qty, DECIMAL_ZERO) < 0 ? decimal_cmp(left, qty) <= 0
	                                          : decimal_cmp(left, qty) >= 0;
}

void
sales_check(struct world *w, const struct json_node *state, bool is_whole)
{
	struct ledger *l = open_ledger(w, state, true);

	for (size_t till = 0; till < w->n_selling; till++) {
		struct json *there = till_state(w, till);

		check_till(w, l, till, json_root(there), is_whole);
		json_free(there);
	}
	if (is_whole)
		check_recorded(w, json_path(state, "square.counts"));
	check_shop(w, l);
	close_ledger(l);
}
