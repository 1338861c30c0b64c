/*
 * Lightspeed X: sales of the dated versions, returns, and the legacy call.
 *
 * The client may choose the id. A closed sale is paid exactly, at an open
 * register, and moves the stock once.
 */
#include "tests/sim/lightspeed_x.h"

#include "gateway/base/clock.h"

#include <stdlib.h>
#include <string.h>

/* ---- what a sale comes to ---- */

static struct decimal
sum_of(const struct lsx_sale *s, bool is_tax_only)
{
	struct decimal sum = DECIMAL_ZERO;
	struct decimal one;
	size_t i;

	for (i = 0; i < s->n_lines; i++) {
		one = is_tax_only
		              ? s->lines[i].tax
		              : decimal_add(s->lines[i].price, s->lines[i].tax);
		sum = decimal_add(sum, decimal_mul(one, s->lines[i].quantity, 9,
		                                   DECIMAL_HALF_UP));
	}
	return decimal_round(sum, 2, DECIMAL_HALF_UP);
}

struct decimal
lsx_sale_total(const struct lsx_sale *s)
{
	return sum_of(s, false);
}

struct decimal
lsx_sale_tax(const struct lsx_sale *s)
{
	return sum_of(s, true);
}

struct decimal
lsx_sale_paid(const struct lsx_sale *s)
{
	struct decimal paid = DECIMAL_ZERO;
	size_t i;

	for (i = 0; i < s->n_payments; i++)
		paid = decimal_add(paid, s->payments[i].amount);
	return paid;
}

const char *
lsx_state_name(enum lsx_state state)
{
	switch (state) {
	case LSX_PARKED: return "parked";
	case LSX_PENDING: return "pending";
	case LSX_VOIDED: return "voided";
	case LSX_CLOSED: break;
	}
	return "closed";
}

const char *
lsx_status(const struct lsx_sale *s)
{
	switch (s->state) {
	case LSX_PARKED:
	case LSX_PENDING: return "SAVED";
	case LSX_VOIDED: return "VOIDED";
	case LSX_CLOSED: break;
	}
	return "CLOSED";
}

/* ---- the steps ---- */

struct lsx_sale *
lsx_sale_new(struct lightspeed_x *x, const char *id)
{
	struct lsx_sale *s = sim_alloc(sizeof(*s));
	void *grown = x->sales;

	if (id != NULL && strlen(id) == LSX_ID_SIZE - 1)
		memcpy(s->id, id, LSX_ID_SIZE);
	else
		sim_uuid(x->sim, s->id);
	s->note = sim_dup("");
	s->invoice = text_format("%zu", x->n_sales + 1);
	s->source = sim_dup("USER");
	s->source_id = sim_dup("");
	s->customer = sim_dup("");
	s->first_version = lsx_next_version(x);
	s->created_us = sim_now_us(x->sim);
	s->date_us = s->created_us;
	if (s->invoice == NULL)
		abort();
	sim_grow(&grown, &x->cap_sales, x->n_sales, sizeof(s));
	x->sales = grown;
	x->sales[x->n_sales++] = s;
	return s;
}

struct lsx_sale *
lsx_sale(struct lightspeed_x *x, const char *id)
{
	size_t i;

	for (i = 0; i < x->n_sales; i++) {
		if (strcmp(x->sales[i]->id, id) == 0)
			return x->sales[i];
	}
	return NULL;
}

struct lsx_line *
lsx_line_add(struct lightspeed_x *x, struct lsx_sale *s,
             struct lsx_thing *thing, struct decimal quantity)
{
	struct lsx_line *line = &s->lines[s->n_lines++];

	*line = (struct lsx_line){ .thing = thing,
		                   .quantity = quantity,
		                   .price = thing->net,
		                   .tax = decimal_sub(thing->goods.price,
		                                      thing->net),
		                   .tax_row = thing->tax };
	sim_uuid(x->sim, line->id);
	return line;
}

void
lsx_sale_touch(struct lightspeed_x *x, struct lsx_sale *s)
{
	s->updated_us = sim_now_us(x->sim);
	s->version = lsx_next_version(x);
}

static void
move_lines(struct lightspeed_x *x, struct lsx_sale *s, bool is_back)
{
	struct lsx_thing *t;
	struct decimal *sum;
	struct decimal n;
	size_t i;

	s->has_moved = !is_back;
	for (i = 0; i < s->n_lines; i++) {
		t = s->lines[i].thing;
		n = is_back ? decimal_neg(s->lines[i].quantity)
		            : s->lines[i].quantity;
		lsx_move(x, t, 0, decimal_neg(n));
		if (t->is_untracked)
			continue;
		sum = s->is_api ? &t->tally.recorded : &t->tally.sold;
		*sum = decimal_add(*sum, n);
	}
}

void
lsx_sale_close(struct lightspeed_x *x, struct lsx_sale *s)
{
	s->state = LSX_CLOSED;
	if (!s->has_moved)
		move_lines(x, s, false);
}

void
lsx_sale_void(struct lightspeed_x *x, struct lsx_sale *s)
{
	s->state = LSX_VOIDED;
	if (s->has_moved)
		move_lines(x, s, true);
}

/* ---- reading a sale out of a call ---- */

/* Where the dated versions and the legacy call keep the same things. */
struct words {
	const char *members;
	const char *lines;
	const char *line_members;
	const char *product; /* dotted path, as all below */
	const char *price;
	const char *tax;
	const char *tax_id;
	const char *payments;
	const char *payment_members;
	const char *payment_type;
	const char *source;
	const char *source_id;
	const char *user;
	const char *at_register;
	const char *date;
};

static const struct words dated = {
	.members = "id state source date customer_id note invoice_number "
		   "line_items payments",
	.lines = "line_items",
	.line_members = "id product quantity pricing tax note",
	.product = "product.id",
	.price = "pricing.price",
	.tax = "tax.amount",
	.tax_id = "tax.id",
	.payments = "payments",
	.payment_members = "id amount type source date",
	.payment_type = "type.config_id",
	.source = "source.type",
	.source_id = "source.id",
	.user = "source.author_id",
	.at_register = "source.register_id",
	.date = "date",
};

static const struct words legacy = {
	.members = "id register_id user_id customer_id source source_id "
		   "sale_date note status state invoice_number "
		   "register_sale_products register_sale_payments",
	.lines = "register_sale_products",
	.line_members = "id product_id register_id quantity price tax tax_id "
			"status sequence",
	.product = "product_id",
	.price = "price",
	.tax = "tax",
	.tax_id = "tax_id",
	.payments = "register_sale_payments",
	.payment_members = "id register_id retailer_payment_type_id amount "
			   "payment_date",
	.payment_type = "retailer_payment_type_id",
	.source = "source",
	.source_id = "source_id",
	.user = "user_id",
	.at_register = "register_id",
	.date = "sale_date",
};

static const char *
text_at(const struct json_node *o, const char *path)
{
	const char *text = json_text(json_path(o, path));

	return text != NULL ? text : "";
}

/* A number: the samples have texts, the schema has not. */
static bool
number_at(struct lsx_call *c, struct decimal *out, const struct json_node *o,
          const char *path)
{
	const char *text = json_number_text(json_path(o, path));

	return (text != NULL && decimal_parse(out, text) == 0) ||
	       lsx_refuse(c, 422, path);
}

static bool
read_line(struct lsx_call *c, const struct words *w, const struct json_node *o,
          struct lsx_sale *s)
{
	int product = lsx_row(text_at(o, w->product), LSX_PRODUCT,
	                      (int)c->x->n_things);
	int tax = lsx_row(text_at(o, w->tax_id), LSX_TAX, LSX_N_TAXES);
	const char *id = text_at(o, "id");
	struct lsx_line *line;

	if (!lsx_check(c, o, w->line_members))
		return false;
	if (product < 0 || tax < 0 || s->n_lines == LSX_LINES_MAX)
		return lsx_refuse(c, 422, "The product or the tax is unknown");
	line = lsx_line_add(c->x, s, c->x->things[product], DECIMAL_ZERO);
	line->tax_row = tax;
	if (strlen(id) == LSX_ID_SIZE - 1)
		memcpy(line->id, id, LSX_ID_SIZE);
	return number_at(c, &line->quantity, o, "quantity") &&
	       number_at(c, &line->price, o, w->price) &&
	       number_at(c, &line->tax, o, w->tax) &&
	       (!decimal_is_zero(line->quantity) ||
	        lsx_refuse(c, 422, "quantity must not be 0"));
}

static bool
read_payment(struct lsx_call *c, const struct words *w,
             const struct json_node *o, struct lsx_sale *s)
{
	struct lsx_payment *p = &s->payments[s->n_payments];

	if (!lsx_check(c, o, w->payment_members))
		return false;
	if (s->n_payments == LSX_PAYMENTS_MAX)
		return lsx_refuse(c, 422, "Too many payments");
	p->type = lsx_row(text_at(o, w->payment_type), LSX_PAYMENT_TYPE,
	                  LSX_N_PAYMENT_TYPES);
	if (p->type < 0)
		return lsx_refuse(c, 422, "The payment type is unknown");
	sim_uuid(c->x->sim, p->id);
	s->n_payments++;
	return number_at(c, &p->amount, o, "amount");
}

static bool
read_state(struct lsx_call *c, enum lsx_state *out)
{
	const char *name = json_text_or(c->body, "state", "");
	int i;

	for (i = LSX_PARKED; i <= LSX_CLOSED; i++) {
		if (strcmp(lsx_state_name((enum lsx_state)i), name) == 0) {
			*out = (enum lsx_state)i;
			return true;
		}
	}
	return lsx_refuse(c, 422, "state: parked, pending, voided, closed");
}

/* The error of payments is an object, as nowhere else. */
static bool
refuse_register(struct lsx_call *c)
{
	struct json_out out = { .to = &c->reply->body };

	c->reply->status = 409;
	buf_reset(&c->reply->body);
	json_out_object(&out, NULL);
	json_out_object(&out, "error");
	json_out_int(&out, "code", 1001);
	json_out_text(&out, "message", "The register is closed");
	json_out_end_object(&out);
	json_out_end_object(&out);
	return false;
}

static bool
check_head(struct lsx_call *c, const struct words *w)
{
	const char *at = text_at(c->body, w->at_register);

	if (!lsx_check(c, c->body, w->members) ||
	    (w == &dated && !lsx_check(c, json_find(c->body, "source"),
	                               "author_id register_id id type")))
		return false;
	if (lsx_row(text_at(c->body, w->user), LSX_USER, 1) < 0)
		return lsx_refuse(c, 422, "The user is unknown");
	if (lsx_row(at, LSX_REGISTER, 1) < 0 && (w == &legacy || at[0] != '\0'))
		return lsx_refuse(c, 422, "The register is unknown");
	return true;
}

/* Into a draft without texts; false after a refusal. */
static bool
read_sale(struct lsx_call *c, const struct words *w, struct lsx_sale *s)
{
	const struct json_node *lines = json_find(c->body, w->lines);
	const struct json_node *payments = json_find(c->body, w->payments);
	const char *date = text_at(c->body, w->date);
	int64_t ms;
	size_t i;

	if (!check_head(c, w) || !read_state(c, &s->state))
		return false;
	if (date[0] != '\0' && clock_parse(&ms, date, 1) != 0)
		return lsx_refuse(c, 422, "The date is wrong");
	s->date_us = date[0] != '\0' ? ms * 1000 : sim_now_us(c->x->sim);
	for (i = 0; i < json_length(lines); i++) {
		if (!read_line(c, w, json_at(lines, i), s))
			return false;
	}
	for (i = 0; i < json_length(payments); i++) {
		if (!read_payment(c, w, json_at(payments, i), s))
			return false;
	}
	if (s->n_payments > 0 && !c->x->is.is_register_open)
		return refuse_register(c);
	if (s->state != LSX_CLOSED)
		return true;
	if (s->n_lines == 0 ||
	    decimal_cmp(lsx_sale_paid(s), lsx_sale_total(s)) != 0)
		return lsx_refuse(
			c, 422, "A closed sale has lines and is paid exactly");
	return true;
}

/* ---- writing ---- */

static void
replace(char **text, const char *by)
{
	if (by[0] == '\0')
		return;
	free(*text);
	*text = sim_dup(by);
}

/* The draft becomes the sale: lines that it lacks are gone. */
static void
keep(struct lsx_call *c, const struct words *w, struct lsx_sale *s,
     const struct lsx_sale *draft)
{
	memcpy(s->lines, draft->lines, sizeof(s->lines));
	memcpy(s->payments, draft->payments, sizeof(s->payments));
	s->n_lines = draft->n_lines;
	s->n_payments = draft->n_payments;
	s->date_us = draft->date_us;
	s->is_api = true;
	replace(&s->note, text_at(c->body, "note"));
	replace(&s->invoice, text_at(c->body, "invoice_number"));
	replace(&s->source, text_at(c->body, w->source));
	replace(&s->source_id, text_at(c->body, w->source_id));
	replace(&s->customer, text_at(c->body, "customer_id"));
	if (draft->state == LSX_CLOSED)
		lsx_sale_close(c->x, s);
	else if (draft->state == LSX_VOIDED)
		lsx_sale_void(c->x, s);
	else
		s->state = draft->state;
	lsx_sale_touch(c->x, s);
	lsx_announce_sale(c->x, s);
}

static void
out_text_in(struct json_out *out, const char *object, const char *key,
            enum lsx_kind kind, int number)
{
	char id[LSX_ID_SIZE];

	lsx_id(id, kind, number);
	json_out_object(out, object);
	json_out_text(out, key, id);
	json_out_end_object(out);
}

static void
out_dated_line(struct json_out *out, const struct lsx_line *line)
{
	char id[LSX_ID_SIZE];

	json_out_object(out, NULL);
	json_out_text(out, "id", line->id);
	json_out_object(out, "product");
	json_out_text(out, "id", line->thing->id);
	json_out_end_object(out);
	json_out_decimal(out, "quantity", line->quantity);
	json_out_object(out, "pricing");
	json_out_decimal(out, "price", line->price);
	json_out_int(out, "discount", 0);
	json_out_end_object(out);
	json_out_object(out, "tax");
	lsx_id(id, LSX_TAX, line->tax_row + 1);
	json_out_text(out, "id", id);
	json_out_decimal(out, "amount", line->tax);
	json_out_end_object(out);
	json_out_end_object(out);
}

static void
out_dated_parts(struct json_out *out, const struct lsx_sale *s)
{
	size_t i;

	json_out_array(out, "line_items");
	for (i = 0; i < s->n_lines; i++)
		out_dated_line(out, &s->lines[i]);
	json_out_end_array(out);
	json_out_array(out, "payments");
	for (i = 0; i < s->n_payments; i++) {
		json_out_object(out, NULL);
		json_out_text(out, "id", s->payments[i].id);
		json_out_decimal(out, "amount", s->payments[i].amount);
		out_text_in(out, "type", "config_id", LSX_PAYMENT_TYPE,
		            s->payments[i].type + 1);
		json_out_end_object(out);
	}
	json_out_end_array(out);
}

static void
out_dated(struct lsx_call *c, const struct lsx_sale *s, const char *key,
          bool is_whole)
{
	struct json_out *out = &c->out;
	char id[LSX_ID_SIZE];
	char at[SIM_TIME_SIZE];

	json_out_object(out, key);
	json_out_text(out, "id", s->id);
	if (is_whole) {
		json_out_text(out, "state", lsx_state_name(s->state));
		json_out_object(out, "source");
		lsx_id(id, LSX_USER, 1);
		json_out_text(out, "author_id", id);
		lsx_id(id, LSX_REGISTER, 1);
		json_out_text(out, "register_id", id);
		json_out_text(out, "id", s->source_id);
		json_out_text(out, "type", s->source);
		json_out_end_object(out);
		json_out_text(out, "date", sim_time_format(at, s->date_us));
		json_out_text(out, "note", s->note);
		json_out_text(out, "invoice_number", s->invoice);
		if (s->return_for[0] != '\0')
			json_out_text(out, "return_for", s->return_for);
		out_dated_parts(out, s);
		json_out_object(out, "_metadata");
		json_out_int(out, "version", s->version);
		json_out_end_object(out);
	}
	json_out_end_object(out);
}

static void
answer_sale(struct lsx_call *c, const struct words *w, const struct lsx_sale *s)
{
	json_out_object(&c->out, NULL);
	if (w == &legacy) {
		json_out_object(&c->out, "register_sale");
		json_out_text(&c->out, "id", s->id);
		json_out_text(&c->out, "status", lsx_status(s));
		json_out_end_object(&c->out);
	} else {
		out_dated(c, s, "data", c->x->is.answers_whole);
	}
	json_out_end_object(&c->out);
}

/* What is over stays as it is; a closed sale is left by a return alone. */
static bool
may_change(struct lsx_call *c, const struct lsx_sale *s)
{
	return (s->state != LSX_CLOSED && s->state != LSX_VOIDED) ||
	       lsx_refuse(c, 409, "The sale is closed or voided");
}

static void
write_sale(struct lsx_call *c, const struct words *w, struct lsx_sale *known)
{
	struct lsx_sale *draft = sim_alloc(sizeof(*draft));
	const char *id = text_at(c->body, "id");
	struct lsx_sale *s = known;

	if (read_sale(c, w, draft)) {
		if (s == NULL) {
			s = lsx_sale_new(c->x, id);
			c->x->n_posts++;
		}
		keep(c, w, s, draft);
		answer_sale(c, w, s);
	}
	free(draft);
}

static void
post_sale(struct lsx_call *c, const struct words *w)
{
	const char *id = text_at(c->body, "id");
	struct lsx_sale *known = lsx_sale(c->x, id);

	if (!lsx_need_scope(c, "sales:write"))
		return;
	if (id[0] != '\0' && strlen(id) != LSX_ID_SIZE - 1)
		lsx_refuse(c, 422, "id: a UUID");
	else if (known != NULL && !c->x->is.repeats_update)
		lsx_refuse(c, 409, "There is a sale with this id");
	else if (known == NULL || may_change(c, known))
		write_sale(c, w, known);
}

static void
put_sale(struct lsx_call *c)
{
	struct lsx_sale *s = lsx_sale(c->x, c->path.part[1]);

	if (!lsx_need_scope(c, "sales:write"))
		return;
	if (s == NULL)
		lsx_refuse(c, 404, "No such sale");
	else if (may_change(c, s))
		write_sale(c, &dated, s);
}

static void
get_sale(struct lsx_call *c)
{
	const struct lsx_sale *s = lsx_sale(c->x, c->path.part[1]);

	if (!lsx_need_scope(c, "sales:read"))
		return;
	if (s == NULL) {
		lsx_refuse(c, 404, "No such sale");
		return;
	}
	json_out_object(&c->out, NULL);
	out_dated(c, s, "data", true);
	json_out_end_object(&c->out);
}

/* A new parked sale with the quantities turned round. */
static void
return_sale(struct lsx_call *c)
{
	const struct lsx_sale *from = lsx_sale(c->x, c->path.part[1]);
	struct lsx_line *line;
	struct lsx_sale *s;
	size_t i;

	if (!lsx_need_scope(c, "sales:write"))
		return;
	if (from == NULL || from->state != LSX_CLOSED) {
		lsx_refuse(c, from == NULL ? 404 : 422, "No closed sale");
		return;
	}
	s = lsx_sale_new(c->x, NULL);
	s->is_api = true;
	memcpy(s->return_for, from->id, sizeof(s->return_for));
	for (i = 0; i < from->n_lines; i++) {
		line = lsx_line_add(c->x, s, from->lines[i].thing,
		                    decimal_neg(from->lines[i].quantity));
		line->price = from->lines[i].price;
		line->tax = from->lines[i].tax;
		line->tax_row = from->lines[i].tax_row;
	}
	lsx_sale_touch(c->x, s);
	c->x->n_posts++;
	lsx_announce_sale(c->x, s);
	if (c->api == LSX_2_0) {
		lsx_print_sale(c, s);
		return;
	}
	answer_sale(c, &dated, s);
}

bool
lsx_serve_sales(struct lsx_call *c)
{
	bool is_dated = c->api == LSX_DATED;

	if (is_dated && lsx_is(c, "POST", "sales"))
		post_sale(c, &dated);
	else if (c->api == LSX_LEGACY && lsx_is(c, "POST", "register_sales"))
		post_sale(c, &legacy);
	else if (is_dated && lsx_is(c, "PUT", "sales/*"))
		put_sale(c);
	else if (is_dated && lsx_is(c, "GET", "sales/*"))
		get_sale(c);
	else if ((is_dated && lsx_is(c, "POST", "sales/*/actions/return")) ||
	         (c->api == LSX_2_0 &&
	          lsx_is(c, "PUT", "sales/*/actions/return")))
		return_sale(c);
	else
		return false;
	return true;
}
