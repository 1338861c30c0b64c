/* What a shop sends, as entries. */
#include "tests/support/galaxy_orders.h"

#include "gateway/model/customer.h"
#include "gateway/model/order.h"
#include "gateway/ports/mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
must(bool is_good, const char *what)
{
	if (is_good)
		return;
	(void)fprintf(stderr, "galaxy orders: %s\n", what);
	abort();
}

void
galaxy_orders_open(struct galaxy_world *w, const char *options)
{
	struct adapter_env env;

	galaxy_world_open(w, options);
	galaxy_world_fill(w);
	galaxy_adapter.close(w->state);
	w->state = NULL;
	env = (struct adapter_env){ w->conf, NULL, w->mirror, NULL };
	must(galaxy_adapter.open(&w->state, &env) == 0, "open");
}

void
galaxy_orders_put(struct galaxy_world *w, const char *entity, const char *json)
{
	struct json *doc = NULL;
	const struct json_node *row;
	const char *names[2];
	struct mirror_row put = { .json = json,
		                  .n_json = strlen(json),
		                  .names = names,
		                  .n_names = 2 };

	must(json_parse(&doc, json, strlen(json)) == 0, json);
	row = json_root(doc);
	put.key = json_text_or(row, "ItemID", json_text_or(row, "ID", ""));
	names[0] = json_text_or(row, "Code", "");
	names[1] = json_text_or(row, "Description", "");
	(void)json_get_int(&put.revision, row, "RevisionNumber");
	must(mirror_put_now(w->mirror, entity, &put) == 0, json);
	json_free(doc);
}

static const char *
external_of(const char *sku)
{
	static const struct {
		const char *sku, *external;
	} rows[] = {
		{ "tea", GALAXY_ORDERS_ITEM },
		{ "box", GALAXY_ORDERS_ITEM "*6" },
		{ "till", GALAXY_ORDERS_ITEM2 },
		{ "shoe", GALAXY_ORDERS_SHOE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].sku, sku) == 0)
			return rows[i].external;
	return sku;
}

static void
start(struct entry *out, enum entry_kind kind, const char *what,
      const char *name, const char *details)
{
	char docid[41];

	*out = (struct entry){ .kind = kind };
	out->details = text_dup(details);
	out->account = text_format("api:%s", what);
	out->sale = text_dup(name);
	out->id = text_format("api:%s/%s", what, name);
	must(sale_docid(docid, out->id) == 0, "docid");
	out->docid = text_dup(docid);
	out->authority = text_dup("erp");
	out->occurred_ms = 1714545000000; /* 2024-05-01T06:30:00Z */
}

void
galaxy_orders_entry(struct entry *out, const char *text)
{
	struct order order;
	struct order_problem problem;
	struct json *doc = NULL;

	must(json_parse(&doc, text, strlen(text)) == 0, text);
	must(order_read(&order, &problem, json_root(doc)) == 0, text);
	start(out, ENTRY_ORDER, "orders", order.number, text);
	for (size_t i = 0; i < order.n_lines; i++) {
		struct entry_line *line = entry_add_line(out);

		line->uid = text_format("%zu", i);
		line->sku = text_dup(order.lines[i].sku);
		line->external = text_dup(external_of(order.lines[i].sku));
		line->qty = order.lines[i].qty;
		line->gross = order.lines[i].gross;
		line->has_gross = order.lines[i].has_gross;
	}
	order_fini(&order);
	json_free(doc);
}

void
galaxy_orders_customer(struct entry *out, const char *text)
{
	struct customer customer;
	struct order_problem problem;
	struct json *doc = NULL;

	must(json_parse(&doc, text, strlen(text)) == 0, text);
	must(customer_read(&customer, &problem, json_root(doc)) == 0, text);
	start(out, ENTRY_CUSTOMER, "customers", customer.code, text);
	customer_fini(&customer);
	json_free(doc);
}
