/*
 * What a shop sends: any JSON is taken, as an order or as a customer, or
 * refused with a reason; and what is taken is within the bounds that the
 * arithmetic after it relies on.
 */
#include "gateway/model/customer.h"
#include "gateway/model/order.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static bool
is_within(struct decimal d, int64_t max)
{
	return decimal_cmp(d, decimal_of(max)) <= 0 &&
	       decimal_cmp(d, decimal_of(-max)) >= 0;
}

static void
check_line(const struct order_line *line)
{
	assert(line->sku && line->sku[0]);
	assert(!decimal_is_zero(line->qty) && is_within(line->qty, 1000000));
	assert(is_within(line->gross, INT64_C(1000000000000000)));
	assert(decimal_is_zero(line->gross) ||
	       decimal_is_negative(line->gross) ==
	               decimal_is_negative(line->qty));
	assert(line->has_gross || decimal_is_zero(line->gross));
}

static void
check_order(const struct order *order)
{
	struct order_date date;

	assert(order->number && order->number[0]);
	assert(strlen(order->number) <= 240);
	assert(!order->date || order_date_read(&date, order->date));
	assert(!order->delivery.date ||
	       order_date_read(&date, order->delivery.date));
	assert(order->n_charges <= 100);
	for (size_t i = 0; i < order->n_charges; i++)
		assert(order->charges[i]);
	assert(order->n_lines >= 1 && order->n_lines <= 1000);
	for (size_t i = 0; i < order->n_lines; i++)
		check_line(&order->lines[i]);
}

static void
check_customer(const struct customer *customer)
{
	size_t n_primary = 0;

	assert(customer->code && customer->name);
	assert(customer->n_sites <= 200);
	for (size_t i = 0; i < customer->n_sites; i++) {
		assert(customer->sites[i].code);
		n_primary += customer->sites[i].is_primary;
	}
	assert(n_primary == (customer->n_sites > 0));
}

/* A reason is whole text of characters that a person can read. */
static void
check_problem(const struct order_problem *problem)
{
	struct json *doc = NULL;
	struct buf text = BUF_INIT;

	assert(problem->why[0]);
	buf_addf(&text, "[\"%s%s\"]",
	         strpbrk(problem->field, "\"\\") ? "" : problem->field,
	         strpbrk(problem->why, "\\") ? "" : "x");
	assert(json_parse(&doc, buf_text(&text), text.n) == 0);
	json_free(doc);
	buf_fini(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct order order = { 0 };
	struct customer customer = { 0 };
	struct order_problem problem = { .field = "" };
	struct json *doc = NULL;
	int r;

	if (json_parse(&doc, p, n) != 0)
		return 0;
	r = order_read(&order, &problem, json_root(doc));
	assert(r == 0 || r == ORDER_INVALID);
	if (r == 0)
		check_order(&order);
	else
		check_problem(&problem);
	order_fini(&order);
	problem = (struct order_problem){ .field = "" };
	r = customer_read(&customer, &problem, json_root(doc));
	assert(r == 0 || r == ORDER_INVALID);
	if (r == 0)
		check_customer(&customer);
	else
		check_problem(&problem);
	customer_fini(&customer);
	json_free(doc);
	return 0;
}
