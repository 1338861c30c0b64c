/*
 * Lightspeed R: sales and refunds.
 *
 * An open sale moves nothing. A completed one is paid exactly, with its tax, and
 * lowers the stock, below zero if need be.
 */
#include "tests/sim/lightspeed_r.h"

#include <stdlib.h>
#include <string.h>

enum { REFERENCE_MAX = 100, CREDIT_ACCOUNT = 3 };

/* ---- what a sale comes to ---- */

struct decimal
lsr_line_total(const struct lightspeed_r *r, const struct lsr_line *line)
{
	struct decimal sum = decimal_mul(
		line->price, decimal_of(line->quantity), 9, DECIMAL_HALF_UP);

	if (r->is.includes_tax || !line->is_taxed)
		return sum;
	return decimal_mul_div(sum, decimal_of(100 + line->thing->goods.vat),
	                       decimal_of(100), 9, DECIMAL_HALF_UP);
}

struct decimal
lsr_sale_total(const struct lightspeed_r *r, const struct lsr_sale *s)
{
	struct decimal total = DECIMAL_ZERO;
	size_t i;

	for (i = 0; i < s->n_lines; i++)
		total = decimal_add(total, lsr_line_total(r, &s->lines[i]));
	return decimal_round(total, 2, DECIMAL_HALF_UP);
}

struct decimal
lsr_sale_paid(const struct lsr_sale *s)
{
	struct decimal paid = DECIMAL_ZERO;
	size_t i;

	for (i = 0; i < s->n_payments; i++)
		paid = decimal_add(paid, s->payments[i].amount);
	return paid;
}

/* Only cash may be too much: the rest is change. */
static bool
is_paid(const struct lightspeed_r *r, const struct lsr_sale *s)
{
	int order = decimal_cmp(lsr_sale_paid(s), lsr_sale_total(r, s));
	size_t i;

	for (i = 0; order > 0 && i < s->n_payments; i++) {
		if (s->payments[i].type == LSR_CASH)
			return true;
	}
	return order == 0;
}

/* ---- the steps ---- */

struct lsr_sale *
lsr_sale_new(struct lightspeed_r *r)
{
	struct lsr_sale *s = sim_alloc(sizeof(*s));
	void *grown = r->sales;

	s->id = lsr_next_id(r);
	s->reference = sim_dup("");
	s->source = sim_dup("");
	s->employee = LSR_EMPLOYEE;
	s->shop_register = LSR_REGISTER;
	s->shop = 1;
	s->created_us = sim_now_us(r->sim);
	s->stamp_us = s->created_us;
	sim_grow(&grown, &r->cap_sales, r->n_sales, sizeof(s));
	r->sales = grown;
	r->sales[r->n_sales++] = s;
	return s;
}

struct lsr_sale *
lsr_sale(struct lightspeed_r *r, int64_t id)
{
	size_t i;

	for (i = 0; i < r->n_sales; i++) {
		if (r->sales[i]->id == id)
			return r->sales[i];
	}
	return NULL;
}

struct lsr_line *
lsr_line_add(struct lightspeed_r *r, struct lsr_sale *s,
             struct lsr_thing *thing, int64_t quantity)
{
	struct lsr_line *line = &s->lines[s->n_lines++];

	*line = (struct lsr_line){ .id = lsr_next_id(r),
		                   .thing = thing,
		                   .quantity = quantity,
		                   .price = r->is.includes_tax
		                                    ? thing->goods.price
		                                    : thing->price,
		                   .is_taxed = true };
	return line;
}

void
lsr_payment_add(struct lightspeed_r *r, struct lsr_sale *s, int64_t type,
                struct decimal amount)
{
	s->payments[s->n_payments++] =
		(struct lsr_payment){ lsr_next_id(r), type, amount };
}

/* The goods leave the shop, or come back to it. */
static void
move_lines(struct lightspeed_r *r, const struct lsr_sale *s, bool is_back,
           int64_t at_us)
{
	const struct lsr_line *line;
	struct decimal *sum;
	int64_t n;
	size_t i;

	for (i = 0; i < s->n_lines; i++) {
		line = &s->lines[i];
		n = is_back ? line->quantity : -line->quantity;
		lsr_move(r, &(struct lsr_move){
				    .thing = line->thing,
				    .row = (int)s->shop - 1,
				    .change = n,
				    .reason = n < 0 ? "RemoveForTransaction"
		                                    : "RefundAddInventory",
				    .sale = s->id,
				    .at_us = at_us });
		if (s->shop != 1 || line->thing->is_untracked)
			continue;
		sum = s->is_api ? &line->thing->tally.recorded
		                : &line->thing->tally.sold;
		*sum = decimal_sub(*sum, decimal_of(n));
	}
}

void
lsr_sale_complete(struct lightspeed_r *r, struct lsr_sale *s, int64_t at_us)
{
	s->is_completed = true;
	s->completed_us = at_us;
	s->stamp_us = sim_now_us(r->sim);
	move_lines(r, s, false, at_us);
}

void
lsr_sale_void(struct lightspeed_r *r, struct lsr_sale *s)
{
	s->is_voided = true;
	s->stamp_us = sim_now_us(r->sim);
	if (s->is_completed)
		move_lines(r, s, true, 0);
}

/* ---- reading a sale out of a call ---- */

/* A draft until everything is known to be right. */
struct draft {
	struct lsr_sale sale; /* texts are borrowed from the body */
	bool wants_completed;
	int64_t completed_us;
};

static bool
read_item(struct lsr_call *c, const struct json_node *o, struct lsr_thing **out)
{
	const char *code = json_text_or(o, "itemCode", NULL);
	int64_t id = 0;
	size_t i;

	if (!lsr_take(c, o, &id, "itemID"))
		return false;
	*out = lsr_thing(c->r, id);
	for (i = 0; *out == NULL && code != NULL && i < c->r->n_things; i++) {
		if (strcmp(c->r->things[i]->goods.barcode, code) == 0 ||
		    c->r->things[i]->id == strtoll(code, NULL, 10))
			*out = c->r->things[i];
	}
	return *out != NULL || lsr_refuse(c, 422, "No such item");
}

static struct lsr_line *
find_line(struct lightspeed_r *r, int64_t id)
{
	size_t i;
	size_t j;

	for (i = 0; id != 0 && i < r->n_sales; i++) {
		for (j = 0; j < r->sales[i]->n_lines; j++) {
			if (r->sales[i]->lines[j].id == id)
				return &r->sales[i]->lines[j];
		}
	}
	return NULL;
}

/* What is given back was sold, and not more of it than was sold. */
static bool
check_return(struct lsr_call *c, const struct lsr_line *line)
{
	const struct lsr_line *parent = find_line(c->r, line->parent);

	if (line->quantity > 0 && line->parent == 0)
		return true;
	if (line->quantity >= 0 || parent == NULL)
		return lsr_refuse(c, 422,
		                  "A return names its parentSaleLineID");
	if (parent->n_back - line->quantity > parent->quantity)
		return lsr_refuse(c, 422, "More than was sold");
	return true;
}

static bool
read_line(struct lsr_call *c, const struct json_node *o, struct draft *d)
{
	struct lsr_thing *t = NULL;
	struct lsr_line *line;
	int64_t parent = 0;
	int64_t quantity = 0;

	if (!lsr_check(c, o,
	               "itemID itemCode unitQuantity unitPrice tax note "
	               "parentSaleLineID") ||
	    !lsr_need(c, o, &quantity, "unitQuantity") ||
	    !lsr_take(c, o, &parent, "parentSaleLineID") ||
	    !read_item(c, o, &t))
		return false;
	if (quantity == 0 || d->sale.n_lines == LSR_LINES_MAX)
		return lsr_refuse(c, 422, "unitQuantity is wrong");
	line = lsr_line_add(c->r, &d->sale, t, quantity);
	line->parent = parent;
	till_bool(&line->is_taxed, o, "tax");
	if (json_find(o, "unitPrice") != NULL &&
	    !sim_decimal(&line->price, o, "unitPrice"))
		return lsr_refuse(c, 422, "unitPrice is wrong");
	return check_return(c, line);
}

static bool
read_payment(struct lsr_call *c, const struct json_node *o, struct draft *d,
             const struct decimal *fallback)
{
	static const int64_t known[] = { LSR_CASH, 2,        CREDIT_ACCOUNT,
		                         4,        LSR_CARD, 9 };
	struct decimal amount = DECIMAL_ZERO;
	int64_t type = 0;
	size_t i;

	if (!lsr_check(c, o, "amount paymentTypeID") ||
	    !lsr_need(c, o, &type, "paymentTypeID"))
		return false;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i] == type)
			break;
	}
	if (i == sizeof(known) / sizeof(known[0]) ||
	    d->sale.n_payments == LSR_PAYMENTS_MAX)
		return lsr_refuse(c, 422, "No such payment type");
	if (type == CREDIT_ACCOUNT && d->sale.customer == 0)
		return lsr_refuse(c, 422, "This payment needs a customer");
	if (fallback != NULL)
		amount = *fallback;
	if ((fallback == NULL || json_find(o, "amount") != NULL) &&
	    !sim_decimal(&amount, o, "amount"))
		return lsr_refuse(c, 422, "amount is required");
	lsr_payment_add(c->r, &d->sale, type, amount);
	return true;
}

static bool
read_till(struct lsr_call *c, struct draft *d, bool is_needed)
{
	struct lsr_sale *s = &d->sale;
	bool is_read;

	if (is_needed)
		is_read =
			lsr_need(c, c->body, &s->employee, "employeeID") &&
			lsr_need(c, c->body, &s->shop_register, "registerID") &&
			lsr_need(c, c->body, &s->shop, "shopID");
	else
		is_read =
			lsr_take(c, c->body, &s->employee, "employeeID") &&
			lsr_take(c, c->body, &s->shop_register, "registerID") &&
			lsr_take(c, c->body, &s->shop, "shopID");
	if (!is_read || !lsr_take(c, c->body, &s->customer, "customerID"))
		return false;
	if (s->employee != LSR_EMPLOYEE || s->shop_register != LSR_REGISTER ||
	    s->shop < 1 || s->shop > LSR_N_SHOPS)
		return lsr_refuse(c, 422, "No such employee, register or shop");
	return true;
}

static bool
read_when(struct lsr_call *c, struct draft *d)
{
	const char *text = json_text_or(c->body, "completeTime", NULL);

	if (till_bool(&d->wants_completed, c->body, "completed") ==
	    JSON_WRONG_TYPE)
		return lsr_refuse(c, 422, "completed is wrong");
	d->completed_us = sim_now_us(c->r->sim);
	return text == NULL || sim_time_parse(&d->completed_us, text) ||
	       lsr_refuse(c, 422, "completeTime is wrong");
}

static bool
read_reference(struct lsr_call *c, const char *key)
{
	const char *text = json_text_or(c->body, key, "");

	return strlen(text) <= REFERENCE_MAX ||
	       lsr_refuse(c, 422, "The reference is too long");
}

static bool
read_sale(struct lsr_call *c, struct draft *d, bool is_new)
{
	size_t i;

	if (!lsr_check(c, c->body,
	               "employeeID registerID shopID customerID completed "
	               "completeTime referenceNumber referenceNumberSource "
	               "enablePromotions SaleLines SalePayments") ||
	    !read_till(c, d, is_new) || !read_when(c, d) ||
	    !read_reference(c, "referenceNumber") ||
	    !read_reference(c, "referenceNumberSource"))
		return false;
	for (i = 0; i < lsr_length(c->body, "SaleLines", "SaleLine"); i++) {
		if (!read_line(c, lsr_at(c->body, "SaleLines", "SaleLine", i),
		               d))
			return false;
	}
	for (i = 0; i < lsr_length(c->body, "SalePayments", "SalePayment");
	     i++) {
		if (!read_payment(
			    c,
			    lsr_at(c->body, "SalePayments", "SalePayment", i),
			    d, NULL))
			return false;
	}
	if (d->wants_completed && d->sale.n_lines == 0)
		return lsr_refuse(c, 422, "A sale needs lines");
	if (d->wants_completed && !is_paid(c->r, &d->sale))
		return lsr_refuse(c, 422,
		                  "The payments do not equal the total");
	return true;
}

static void
replace(char **text, const struct json_node *o, const char *key)
{
	const char *by = json_text_or(o, key, NULL);

	if (by == NULL)
		return;
	free(*text);
	*text = sim_dup(by);
}

/* The draft becomes the sale; what it gives back is marked so. */
static void
keep(struct lsr_call *c, struct lsr_sale *s, const struct draft *d)
{
	struct lsr_line *parent;
	char *reference = s->reference;
	char *source = s->source;
	int64_t id = s->id;
	size_t first = s->n_lines;
	size_t i;

	*s = d->sale;
	s->id = id;
	s->reference = reference;
	s->source = source;
	replace(&s->reference, c->body, "referenceNumber");
	replace(&s->source, c->body, "referenceNumberSource");
	s->stamp_us = sim_now_us(c->r->sim);
	for (i = first; i < s->n_lines; i++) {
		parent = find_line(c->r, s->lines[i].parent);
		if (parent != NULL)
			parent->n_back -= s->lines[i].quantity;
	}
	if (d->wants_completed)
		lsr_sale_complete(c->r, s, d->completed_us);
	lsr_out_record(c, "Sale", s->id, "[\"SaleLines\",\"SalePayments\"]");
}

static void
create_sale(struct lsr_call *c)
{
	struct draft *d = sim_alloc(sizeof(*d));

	d->sale.is_api = true;
	d->sale.created_us = sim_now_us(c->r->sim);
	if (lsr_need_scope(c, "employee:register") && read_sale(c, d, true)) {
		c->r->n_posts++;
		keep(c, lsr_sale_new(c->r), d);
	}
	free(d);
}

/* Lines and payments are added to those that are there. */
static void
change_sale(struct lsr_call *c, int64_t id)
{
	struct lsr_sale *s = lsr_sale(c->r, id);
	struct draft *d;

	if (s == NULL) {
		lsr_refuse(c, 404, "No such sale");
		return;
	}
	if (!lsr_need_scope(c, "employee:register"))
		return;
	if (s->is_completed || s->is_voided) {
		lsr_refuse(c, 422, "The sale is completed");
		return;
	}
	d = sim_alloc(sizeof(*d));
	d->sale = *s;
	if (read_sale(c, d, false))
		keep(c, s, d);
	free(d);
}

/* All of a sale that was not given back yet. */
static bool
draft_refund(struct lsr_call *c, const struct lsr_sale *s, struct draft *d)
{
	const struct lsr_line *from;
	struct lsr_line *line;
	struct decimal total;
	size_t i;

	for (i = 0; i < s->n_lines; i++) {
		from = &s->lines[i];
		if (from->quantity <= from->n_back)
			continue;
		line = lsr_line_add(c->r, &d->sale, from->thing,
		                    from->n_back - from->quantity);
		line->price = from->price;
		line->is_taxed = from->is_taxed;
		line->parent = from->id;
	}
	if (d->sale.n_lines == 0)
		return lsr_refuse(c, 422, "Nothing is left to refund");
	total = lsr_sale_total(c->r, &d->sale);
	if (lsr_length(c->body, "SalePayments", "SalePayment") != 1)
		return lsr_refuse(c, 422, "One payment is wanted");
	return read_payment(c,
	                    lsr_at(c->body, "SalePayments", "SalePayment", 0),
	                    d, &total) &&
	       (is_paid(c->r, &d->sale) ||
	        lsr_refuse(c, 422, "The payments do not equal the total"));
}

/* By id, or by ticket number. */
static void
refund(struct lsr_call *c, const char *name)
{
	int64_t id = strtoll(strncmp(name, "220", 3) == 0 ? name + 2 : name,
	                     NULL, 10);
	const struct lsr_sale *s = lsr_sale(c->r, id);
	struct draft *d;

	if (s == NULL || !s->is_completed || s->is_voided) {
		lsr_refuse(c, s == NULL ? 404 : 422, "No completed sale");
		return;
	}
	if (!lsr_need_scope(c, "employee:register_refund"))
		return;
	d = sim_alloc(sizeof(*d));
	d->sale.is_api = true;
	d->sale.created_us = sim_now_us(c->r->sim);
	d->wants_completed = true;
	d->completed_us = d->sale.created_us;
	if (lsr_check(c, c->body,
	              "employeeID registerID shopID SalePayments") &&
	    read_till(c, d, true) && draft_refund(c, s, d)) {
		c->r->n_posts++;
		keep(c, lsr_sale_new(c->r), d);
	}
	free(d);
}

bool
lsr_serve_sales(struct lsr_call *c)
{
	const char *method = c->http->method;

	if (strcmp(method, "POST") == 0 && till_path_is(&c->path, "Sale"))
		create_sale(c);
	else if (strcmp(method, "PUT") == 0 && till_path_is(&c->path, "Sale/*"))
		change_sale(c, strtoll(c->path.part[1], NULL, 10));
	else if (strcmp(method, "POST") == 0 &&
	         till_path_is(&c->path, "Sale/*/refund"))
		refund(c, c->path.part[1]);
	else
		return false;
	return true;
}
