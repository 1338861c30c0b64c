/*
 * An order as a shop sends it: what stands in the text, and nothing looked up.
 *
 * The bounds keep every later product inside a decimal: a quantity of a million
 * at a price of a billion is a mistake, not a sale.
 */
#include "gateway/model/order.h"

#include "gateway/base/clock.h"
#include "gateway/model/fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LINES_MAX = 1000,
	CHARGES_MAX = 100,
	QTY_MAX = 1000000,
	MONEY_MAX = 1000000000,
	DATE_SIZE = 40, /* longest date, with NUL */
};

#define AT(member_) offsetof(struct order, member_)
#define TEXT(name_, member_) \
	{ \
		(name_), FIELD_TEXT, AT(member_) \
	}
#define OTHER(name_) \
	{ \
		(name_), FIELD_OTHER, 0 \
	}

/* clang-format off */
static const struct field order_table[] = {
	{ "number", FIELD_KEY, AT(number) },
	TEXT("date", date),
	TEXT("customer", customer),
	OTHER("buyer"),
	OTHER("bill_to"),
	OTHER("delivery"),
	TEXT("currency", currency),
	TEXT("company", company),
	TEXT("company_site", company_site),
	TEXT("transport_mode", transport_mode),
	TEXT("transporter", transporter),
	TEXT("dispatch_purpose", dispatch_purpose),
	TEXT("payment_plan", payment_plan),
	OTHER("charges"),
	TEXT("comment", comment),
	OTHER("lines"),
	{ NULL, FIELD_OTHER, 0 },
};

static const struct field buyer_table[] = {
	TEXT("name", buyer.name),
	TEXT("tin", buyer.tin),
	TEXT("phone", buyer.phone),
	TEXT("fax", buyer.fax),
	TEXT("email", buyer.email),
	TEXT("website", buyer.website),
	OTHER("address"),
	{ NULL, FIELD_OTHER, 0 },
};

static const struct field delivery_table[] = {
	TEXT("date", delivery.date),
	OTHER("address"),
	TEXT("phone", delivery.phone),
	TEXT("fax", delivery.fax),
	TEXT("email", delivery.email),
	TEXT("comment", delivery.comment),
	{ NULL, FIELD_OTHER, 0 },
};

#undef AT
#define AT(member_) offsetof(struct order_address, member_)

static const struct field address_table[] = {
	TEXT("id", id),
	TEXT("country", country),
	TEXT("prefecture", prefecture),
	TEXT("city", city),
	TEXT("zip", zip),
	TEXT("street", street),
	TEXT("street_number", street_number),
	{ NULL, FIELD_OTHER, 0 },
};

static const struct field line_table[] = {
	{ "sku", FIELD_SKU, offsetof(struct order_line, sku) },
	{ "quantity", FIELD_DECIMAL, offsetof(struct order_line, qty) },
	OTHER("price"),
	OTHER("total"),
	{ NULL, FIELD_OTHER, 0 },
};
/* clang-format on */

/* ---- dates ---- */

bool
order_date_read(struct order_date *out, const char *text)
{
	char whole[DATE_SIZE + 10];
	char utc[CLOCK_TEXT_SIZE];
	bool is_day = strlen(text) == 10;

	if (strlen(text) >= DATE_SIZE)
		return false;
	(void)snprintf(whole, sizeof(whole), "%s%s", text,
	               is_day ? "T00:00:00" : "");
	*out = (struct order_date){ 0 };
	if (clock_parse(&out->utc_ms, whole, 0) == 0)
		return true;
	if (clock_parse(&out->utc_ms, whole, 1) != 0)
		return false;
	out->is_local = true;
	clock_format(utc, out->utc_ms); /* in the one form, without its zone */
	(void)snprintf(out->local, sizeof(out->local), "%.19s", utc);
	return true;
}

static void
check_date(struct fields *f, const char *path, const char *text)
{
	struct order_date date;

	if (text && !order_date_read(&date, text))
		fields_refuse(f, path,
		              "must be a date like 2024-05-01T09:30:00+03:00");
}

/* ---- parties ---- */

/* prefix: "bill_to."; its member's name without the point is the path. */
static void
read_address(struct fields *f, const char *prefix, struct order_address *into,
             const struct json_node *from)
{
	if (!from)
		return;
	fields_read(f, prefix, into, from, address_table);
	into->is_given = fields_any(into, address_table);
}

static void
read_buyer(struct fields *f, struct order *order, const struct json_node *from)
{
	if (!from)
		return;
	fields_read(f, "buyer.", order, from, buyer_table);
	read_address(f, "buyer.address.", &order->buyer.address,
	             json_find(from, "address"));
	if (order->buyer.address.id)
		fields_refuse(f, "buyer.address.id",
		              "belongs into bill_to or delivery.address");
	order->buyer.is_given =
		order->buyer.address.is_given || fields_any(order, buyer_table);
}

static void
read_delivery(struct fields *f, struct order *order,
              const struct json_node *from)
{
	if (!from)
		return;
	fields_read(f, "delivery.", order, from, delivery_table);
	check_date(f, "delivery.date", order->delivery.date);
	read_address(f, "delivery.address.", &order->delivery.address,
	             json_find(from, "address"));
	order->delivery.is_given = order->delivery.address.is_given ||
	                           fields_any(order, delivery_table);
}

static void
read_charges(struct fields *f, struct order *order,
             const struct json_node *from)
{
	size_t n = fields_count(f, "charges", from, CHARGES_MAX);
	char path[40];

	if (n == 0)
		return;
	order->charges = calloc(n, sizeof(*order->charges));
	if (!order->charges) {
		fields_no_memory(f);
		return;
	}
	order->n_charges = n;
	for (size_t i = 0; i < n && !f->r; i++) {
		(void)snprintf(path, sizeof(path), "charges[%zu]", i);
		order->charges[i] = fields_text(f, path, json_at(from, i));
		if (!order->charges[i])
			fields_refuse(f, path, "is empty");
	}
}

/* ---- lines ---- */

static bool
is_within(struct decimal d, int64_t max)
{
	struct decimal size = decimal_is_negative(d) ? decimal_neg(d) : d;

	return decimal_cmp(size, decimal_of(max)) <= 0;
}

/* Digits behind the point. */
static int
places(struct decimal d)
{
	int n = 0;

	while (n < DECIMAL_PLACES &&
	       decimal_cmp(decimal_round(d, n, DECIMAL_CUT), d) != 0)
		n++;
	return n;
}

/* A line on its way in, with the beginning of its members' paths. */
struct line {
	struct fields *f;
	char prefix[30];
	struct order_line *into;
	const struct json_node *from;
};

static void
refuse(const struct line *line, const char *member, const char *why)
{
	char path[60];

	(void)snprintf(path, sizeof(path), "%s%s", line->prefix, member);
	fields_refuse(line->f, path, "%s", why);
}

static struct decimal
read_money(const struct line *line, const char *member)
{
	char path[60];
	struct decimal d;

	(void)snprintf(path, sizeof(path), "%s%s", line->prefix, member);
	d = fields_decimal(line->f, path, json_find(line->from, member));
	if (!is_within(d, MONEY_MAX))
		refuse(line, member, "is more than a billion");
	return d;
}

/* A line's total in its own right; a price says it times the quantity. */
static void
read_gross(const struct line *line)
{
	struct order_line *into = line->into;
	struct decimal price = DECIMAL_ZERO;

	if (json_find(line->from, "price")) {
		price = read_money(line, "price");
		if (decimal_is_negative(price))
			refuse(line, "price", "is negative");
	}
	if (json_find(line->from, "total")) {
		into->gross = read_money(line, "total");
		into->has_gross = true;
		if (!decimal_is_zero(into->gross) &&
		    decimal_is_negative(into->gross) !=
		            decimal_is_negative(into->qty))
			refuse(line, "total", "and quantity differ in sign");
	} else if (json_find(line->from, "price") && !line->f->r) {
		if (places(price) + places(into->qty) > DECIMAL_PLACES)
			refuse(line, "price",
			       "and quantity have more than nine decimals "
			       "together: give the total");
		into->gross = decimal_mul(price, into->qty, DECIMAL_PLACES,
		                          DECIMAL_CUT);
		into->has_gross = true;
	}
}

static void
read_line(const struct line *line)
{
	struct order_line *into = line->into;

	fields_read(line->f, line->prefix, into, line->from, line_table);
	if (line->f->r)
		return;
	if (!into->sku)
		refuse(line, "sku", "is missing");
	if (!json_find(line->from, "quantity"))
		refuse(line, "quantity", "is missing");
	if (decimal_is_zero(into->qty))
		refuse(line, "quantity", "is 0");
	if (!is_within(into->qty, QTY_MAX))
		refuse(line, "quantity", "is more than a million");
	if (!line->f->r)
		read_gross(line);
}

static void
read_lines(struct fields *f, struct order *order, const struct json_node *from)
{
	size_t n = fields_count(f, "lines", from, LINES_MAX);

	if (n == 0) {
		fields_refuse(f, "lines", "is empty: nothing is ordered");
		return;
	}
	order->lines = calloc(n, sizeof(*order->lines));
	if (!order->lines) {
		fields_no_memory(f);
		return;
	}
	order->n_lines = n;
	for (size_t i = 0; i < n && !f->r; i++) {
		struct line line = { .f = f,
			             .into = &order->lines[i],
			             .from = json_at(from, i) };

		(void)snprintf(line.prefix, sizeof(line.prefix), "lines[%zu].",
		               i);
		read_line(&line);
	}
}

/* ---- the whole ---- */

int
order_read(struct order *out, struct order_problem *problem,
           const struct json_node *from)
{
	struct fields f = { .problem = problem };
	struct order order = { 0 };

	fields_read(&f, "", &order, from, order_table);
	if (!f.r && !order.number)
		fields_refuse(&f, "number", "is missing");
	check_date(&f, "date", order.date);
	read_buyer(&f, &order, json_find(from, "buyer"));
	read_address(&f, "bill_to.", &order.bill_to,
	             json_find(from, "bill_to"));
	read_delivery(&f, &order, json_find(from, "delivery"));
	read_charges(&f, &order, json_find(from, "charges"));
	read_lines(&f, &order, json_find(from, "lines"));
	if (f.r)
		order_fini(&order);
	else
		*out = order;
	return f.r;
}

void
order_fini(struct order *order)
{
	fields_free(order, order_table);
	fields_free(order, buyer_table);
	fields_free(order, delivery_table);
	fields_free(&order->buyer.address, address_table);
	fields_free(&order->bill_to, address_table);
	fields_free(&order->delivery.address, address_table);
	for (size_t i = 0; i < order->n_charges; i++)
		free(order->charges[i]);
	free(order->charges);
	for (size_t i = 0; i < order->n_lines; i++)
		fields_free(&order->lines[i], line_table);
	free(order->lines);
	*order = (struct order){ 0 };
}
