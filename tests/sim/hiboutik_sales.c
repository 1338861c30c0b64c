/*
 * Hiboutik: sales, made step by step.
 *
 * A sale is open until it is closed or abandoned; whoever stops between two
 * steps leaves it half made. Its stock moves once: when it is closed, or, by a
 * switch, when each line is added. What was abandoned is found no more.
 */
#include "tests/sim/hiboutik.h"

#include <stdlib.h>
#include <string.h>

enum { REF_MAX = 64 };

/* ---- the steps ---- */

struct hiboutik_sale *
hiboutik_sale_new(struct hiboutik *h)
{
	struct hiboutik_sale *s = sim_alloc(sizeof(*s));
	void *sales = h->sales;

	s->id = hiboutik_next_id(h);
	s->ext_ref = sim_dup("");
	s->payment = sim_dup("");
	s->comment = sim_dup("");
	memcpy(s->currency, "EUR", sizeof(s->currency));
	s->created_us = sim_now_us(h->sim);
	sim_grow(&sales, &h->cap_sales, h->n_sales, sizeof(s));
	h->sales = sales;
	h->sales[h->n_sales++] = s;
	return s;
}

struct hiboutik_sale *
hiboutik_sale(struct hiboutik *h, int64_t id)
{
	size_t i;

	for (i = 0; i < h->n_sales; i++) {
		if (h->sales[i]->id == id && !h->sales[i]->is_void)
			return h->sales[i];
	}
	return NULL;
}

struct hiboutik_line *
hiboutik_line_add(struct hiboutik *h, struct hiboutik_sale *s,
                  struct hiboutik_thing *thing, int64_t quantity,
                  struct decimal price)
{
	struct hiboutik_line *line = &s->lines[s->n_lines++];

	*line = (struct hiboutik_line){ .id = hiboutik_next_id(h),
		                        .thing = thing,
		                        .quantity = quantity,
		                        .price = price,
		                        .comment = sim_dup(""),
		                        .is_withdrawn = true };
	return line;
}

/* The line's goods leave the store's warehouse, or come back to it. */
static void
move_line(const struct hiboutik_sale *s, struct hiboutik_line *line,
          bool is_back)
{
	struct hiboutik_thing *t = line->thing;
	int64_t n = is_back ? -line->quantity : line->quantity;
	struct decimal *sum;

	line->has_moved = !is_back;
	t->counts[0] -= n;
	sum = s->is_api ? &t->tally.recorded : &t->tally.sold;
	*sum = decimal_add(*sum, decimal_of(n));
}

void
hiboutik_sale_move(struct hiboutik *h, struct hiboutik_sale *s,
                   struct hiboutik_line *line)
{
	(void)h;
	if (line->thing != NULL && line->is_withdrawn && !line->has_moved &&
	    !line->thing->product->is_unmanaged)
		move_line(s, line, false);
}

void
hiboutik_sale_close(struct hiboutik *h, struct hiboutik_sale *s,
                    int64_t closed_us, bool is_announced)
{
	size_t i;

	s->completed_us = closed_us;
	for (i = 0; i < s->n_lines; i++)
		hiboutik_sale_move(h, s, &s->lines[i]);
	if (is_announced)
		hiboutik_announce_sale(h, s);
}

void
hiboutik_sale_void(struct hiboutik_sale *s)
{
	size_t i;

	s->is_void = true;
	for (i = 0; i < s->n_lines; i++) {
		if (s->lines[i].has_moved)
			move_line(s, &s->lines[i], true);
	}
}

struct decimal
hiboutik_sale_total(const struct hiboutik_sale *s)
{
	struct decimal total = DECIMAL_ZERO;
	size_t i;

	for (i = 0; i < s->n_lines; i++)
		total = decimal_add(
			total, decimal_mul(s->lines[i].price,
		                           decimal_of(s->lines[i].quantity), 2,
		                           DECIMAL_HALF_UP));
	return total;
}

/* ---- reading ---- */

static void
out_time(struct hiboutik_call *c, const char *key, int64_t us)
{
	char text[TILL_TIME_SIZE] = "0000-00-00 00:00:00";

	if (us > 0)
		till_local_time(text, us);
	json_out_text(&c->out, key, text);
}

static void
out_line(struct hiboutik_call *c, const struct hiboutik_line *line)
{
	const struct hiboutik_thing *t = line->thing;

	json_out_object(&c->out, NULL);
	hiboutik_out(c, "line_item_id", line->id);
	hiboutik_out(c, "product_id", t != NULL ? t->product->id : 0);
	hiboutik_out(c, "product_size", t != NULL ? t->size : 0);
	json_out_text(&c->out, "product_model",
	              t != NULL ? t->product->name : "");
	json_out_text(&c->out, "product_barcode",
	              t != NULL ? t->goods.barcode : "");
	hiboutik_out_money(c, "product_price", line->price);
	hiboutik_out_money(c, "item_unit_gross", line->price);
	hiboutik_out(c, "quantity", line->quantity);
	json_out_text(&c->out, "product_comments", line->comment);
	json_out_end_object(&c->out);
}

static void
out_parts(struct hiboutik_call *c, const struct hiboutik_sale *s)
{
	size_t i;

	json_out_array(&c->out, "payment_details");
	if (!decimal_is_zero(s->paid)) {
		json_out_object(&c->out, NULL);
		hiboutik_out_money(c, "payment_amount", s->paid);
		json_out_end_object(&c->out);
	}
	json_out_end_array(&c->out);
	json_out_array(&c->out, "line_items");
	for (i = 0; i < s->n_lines; i++)
		out_line(c, &s->lines[i]);
	json_out_end_array(&c->out);
}

static void
out_sale(struct hiboutik_call *c, const struct hiboutik_sale *s, bool is_whole)
{
	char unique[64];
	int64_t store = c->hiboutik->options.store;
	char *text =
		text_format("%lld-%lld", (long long)store, (long long)s->id);

	if (text == NULL || strlen(text) >= sizeof(unique))
		abort();
	memcpy(unique, text, strlen(text) + 1);
	free(text);
	json_out_object(&c->out, NULL);
	hiboutik_out(c, "sale_id", s->id);
	json_out_text(&c->out, "unique_sale_id", unique);
	hiboutik_out(c, "store_id", store);
	hiboutik_out(c, "customer_id", s->customer);
	hiboutik_out(c, "vendor_id", s->vendor);
	out_time(c, "created_at", s->created_us);
	out_time(c, "completed_at", s->completed_us);
	json_out_text(&c->out, "currency", s->currency);
	hiboutik_out_money(c, "total", hiboutik_sale_total(s));
	json_out_text(&c->out, "payment", s->payment);
	json_out_text(&c->out, "sale_ext_ref", s->ext_ref);
	json_out_text(&c->out, "comments", s->comment);
	if (is_whole)
		out_parts(c, s);
	json_out_end_object(&c->out);
}

static void
print_sale(struct hiboutik_call *c)
{
	const struct hiboutik_sale *s =
		hiboutik_sale(c->hiboutik, strtoll(c->path.part[1], NULL, 10));

	if (s == NULL) {
		hiboutik_refuse(c, 404, "No such sale", NULL, NULL);
		return;
	}
	json_out_array(&c->out, NULL);
	out_sale(c, s, true);
	json_out_end_array(&c->out);
}

static bool
is_store(struct hiboutik_call *c)
{
	if (strtoll(c->path.part[1], NULL, 10) == c->hiboutik->options.store)
		return true;
	return hiboutik_refuse(c, 404, "No such store", NULL, NULL);
}

/* Closed on the day that the path names; by the shop's clock. */
static bool
is_of_day(const struct hiboutik_call *c, const struct hiboutik_sale *s)
{
	const char *const *part = &c->path.part[2];
	char time[TILL_TIME_SIZE];
	long long at[3];
	int i;

	if (s->completed_us == 0 || s->is_void ||
	    s->visible_us > sim_now_us(c->hiboutik->sim))
		return false;
	till_local_time(time, s->completed_us);
	at[0] = strtoll(time, NULL, 10);
	at[1] = strtoll(time + 5, NULL, 10);
	at[2] = strtoll(time + 8, NULL, 10);
	for (i = 0; i < 3; i++) {
		if (strtoll(part[i], NULL, 10) != at[i])
			return false;
	}
	return true;
}

enum listed { CLOSED, OPEN, BY_REF };

static bool
is_listed(const struct hiboutik_call *c, const struct hiboutik_sale *s,
          enum listed which)
{
	switch (which) {
	case CLOSED: return is_of_day(c, s);
	case OPEN: return s->completed_us == 0 && !s->is_void;
	case BY_REF: break;
	}
	return !s->is_void && s->ext_ref[0] != '\0' &&
	       strcmp(s->ext_ref, c->path.part[3]) == 0;
}

static void
list_sales(struct hiboutik_call *c, enum listed which)
{
	const struct hiboutik *h = c->hiboutik;
	struct hiboutik_page page;
	size_t i;

	if ((which != BY_REF && !is_store(c)) ||
	    !hiboutik_page_begin(c, &page, which != BY_REF))
		return;
	for (i = 0; i < h->n_sales; i++) {
		if (is_listed(c, h->sales[i], which) &&
		    hiboutik_page_next(&page))
			out_sale(c, h->sales[i],
			         which != BY_REF && h->is.lists_lines);
	}
	hiboutik_page_end(c, &page);
}

static void
list_sold(struct hiboutik_call *c)
{
	const struct hiboutik *h = c->hiboutik;
	struct hiboutik_page page;
	size_t i;
	size_t j;

	if (!is_store(c) || !hiboutik_page_begin(c, &page, true))
		return;
	for (i = 0; i < h->n_sales; i++) {
		for (j = 0;
		     is_of_day(c, h->sales[i]) && j < h->sales[i]->n_lines;
		     j++) {
			if (hiboutik_page_next(&page))
				out_line(c, &h->sales[i]->lines[j]);
		}
	}
	hiboutik_page_end(c, &page);
}

/* ---- writing ---- */

static void
create_sale(struct hiboutik_call *c)
{
	const char *currency;
	struct hiboutik_sale *s;
	int64_t n[5] = { 0 };

	if (!hiboutik_check(c, "store_id customer_id currency_code vendor_id "
	                       "duty_free_sale prices_without_taxes") ||
	    !hiboutik_need(c, &n[0], "store_id") ||
	    !hiboutik_take(c, &n[1], "customer_id") ||
	    !hiboutik_take(c, &n[2], "vendor_id") ||
	    !hiboutik_take(c, &n[3], "duty_free_sale") ||
	    !hiboutik_take(c, &n[4], "prices_without_taxes"))
		return;
	currency = json_text_or(c->body, "currency_code", "");
	if (strlen(currency) != 3) {
		hiboutik_refuse(c, 422, "Missing field", "currency_code",
		                "is required");
	} else if (n[0] != c->hiboutik->options.store) {
		hiboutik_refuse(c, 422, "No such store", "store_id", NULL);
	} else {
		s = hiboutik_sale_new(c->hiboutik);
		memcpy(s->currency, currency, sizeof(s->currency));
		s->customer = n[1];
		s->vendor = n[2];
		s->is_untaxed = n[4] != 0;
		s->is_api = true;
		c->hiboutik->n_posts++;
		hiboutik_made(c, 201, "sale_id", s->id);
	}
}

/* One that is still open. NULL after a refusal. */
static struct hiboutik_sale *
open_sale(struct hiboutik_call *c, int64_t id)
{
	struct hiboutik_sale *s = hiboutik_sale(c->hiboutik, id);

	if (s == NULL)
		hiboutik_refuse(c, 404, "No such sale", "sale_id", NULL);
	else if (s->completed_us > 0)
		hiboutik_refuse(c, 422, "The sale is closed", "sale_id", NULL);
	else
		return s;
	return NULL;
}

static struct hiboutik_sale *
need_sale(struct hiboutik_call *c)
{
	int64_t id = 0;

	return hiboutik_need(c, &id, "sale_id") ? open_sale(c, id) : NULL;
}

static void
replace(char **text, const char *by)
{
	free(*text);
	*text = sim_dup(by);
}

static void
change_sale(struct hiboutik_call *c)
{
	const char *what = json_text_or(c->body, "sale_attribute", "");
	const char *value = json_text_or(c->body, "new_value", NULL);
	struct hiboutik_sale *s;
	char *word;

	if (!hiboutik_check(c, "sale_attribute new_value"))
		return;
	s = open_sale(c, strtoll(c->path.part[1], NULL, 10));
	if (s == NULL)
		return;
	if (value == NULL || strlen(value) > REF_MAX) {
		hiboutik_refuse(c, 422, "Wrong value", "new_value", NULL);
		return;
	}
	word = text_format(" %s ", value);
	if (word == NULL)
		abort();
	if (strcmp(what, "ext_ref") == 0)
		replace(&s->ext_ref, value);
	else if (strcmp(what, "payment") == 0 &&
	         strstr(" CB ESP CHQ DIV ", word) != NULL)
		replace(&s->payment, value);
	else
		hiboutik_refuse(c, 422, "Unknown attribute or value",
		                "sale_attribute", NULL);
	free(word);
	if (c->reply->status < 400)
		hiboutik_made(c, 200, "sale_id", s->id);
}

struct wanted {
	int64_t product;
	int64_t size;
	int64_t quantity;
	int64_t withdrawal;
	struct decimal price;
};

/* The thing of a line; false after a refusal. NULL is a free item. */
static bool
find_thing(struct hiboutik_call *c, const struct wanted *w,
           struct hiboutik_thing **out)
{
	const struct hiboutik_product *p;

	if (w->product == 0)
		return true;
	p = hiboutik_product(c->hiboutik, w->product);
	if (p == NULL)
		return hiboutik_refuse(c, 422, "No such product", "product_id",
		                       NULL);
	if (p->is_package)
		return hiboutik_refuse(c, 422, "Packages", "product_id",
		                       "this function does not handle "
		                       "packages");
	if (p->is_sized && w->size == 0)
		return hiboutik_refuse(c, 422, "Missing field", "size_id",
		                       "is required");
	*out = hiboutik_thing(c->hiboutik, w->product, w->size);
	if (*out == NULL)
		return hiboutik_refuse(c, 422, "No such size", "size_id", NULL);
	return true;
}

static bool
read_line(struct hiboutik_call *c, struct wanted *w)
{
	*w = (struct wanted){ .withdrawal = 1 };
	if (!hiboutik_check(c, "sale_id product_id size_id quantity "
	                       "product_price stock_withdrawal "
	                       "product_comments") ||
	    !hiboutik_need(c, &w->product, "product_id") ||
	    !hiboutik_take(c, &w->size, "size_id") ||
	    !hiboutik_need(c, &w->quantity, "quantity") ||
	    !hiboutik_take(c, &w->withdrawal, "stock_withdrawal"))
		return false;
	if (w->quantity == 0)
		return hiboutik_refuse(c, 422, "Wrong value", "quantity", NULL);
	if (json_find(c->body, "product_price") != NULL &&
	    !sim_decimal(&w->price, c->body, "product_price"))
		return hiboutik_refuse(c, 422, "Wrong value", "product_price",
		                       NULL);
	return true;
}

static void
add_line(struct hiboutik_call *c)
{
	struct hiboutik *h = c->hiboutik;
	struct hiboutik_thing *t = NULL;
	struct hiboutik_line *line;
	struct hiboutik_sale *s;
	struct wanted w;

	if (!read_line(c, &w))
		return;
	s = need_sale(c);
	if (s == NULL || !find_thing(c, &w, &t))
		return;
	if (s->n_lines == HIBOUTIK_LINES_MAX) {
		hiboutik_refuse(c, 422, "Too many lines", "sale_id", NULL);
		return;
	}
	if (t != NULL && w.withdrawal != 0 && h->is.refuses_short &&
	    !t->product->is_unmanaged && w.quantity > t->counts[0]) {
		hiboutik_refuse(c, 422, "The stock is not available",
		                "stock_withdrawal", NULL);
		return;
	}
	if (t != NULL && json_find(c->body, "product_price") == NULL)
		w.price = t->product->price;
	line = hiboutik_line_add(h, s, t, w.quantity, w.price);
	line->is_withdrawn = w.withdrawal != 0;
	replace(&line->comment, json_text_or(c->body, "product_comments", ""));
	if (h->is.moves == HIBOUTIK_AT_ADDING)
		hiboutik_sale_move(h, s, line);
	hiboutik_made(c, 201, "id_sale_product_detail", line->id);
}

static void
add_payment(struct hiboutik_call *c)
{
	struct hiboutik_sale *s;
	struct decimal amount;

	if (!hiboutik_check(c, "sale_id payment_type payment_amount"))
		return;
	s = need_sale(c);
	if (s == NULL)
		return;
	if (!sim_decimal(&amount, c->body, "payment_amount") ||
	    json_text_or(c->body, "payment_type", "")[0] == '\0') {
		hiboutik_refuse(c, 422, "Missing field", "payment_amount",
		                NULL);
		return;
	}
	s->paid = decimal_add(s->paid, amount);
	replace(&s->payment, "DIV");
	hiboutik_made(c, 201, "sale_id", s->id);
}

static void
close_sale(struct hiboutik_call *c)
{
	struct hiboutik_sale *s;

	if (!hiboutik_check(c, "sale_id"))
		return;
	s = need_sale(c);
	if (s == NULL)
		return;
	if (s->n_lines == 0 || s->payment[0] == '\0') {
		hiboutik_refuse(c, 422, "Not ready to be closed",
		                s->n_lines == 0 ? "line_items" : "payment",
		                "is missing");
	} else if (strcmp(s->payment, "DIV") == 0 &&
	           decimal_cmp(s->paid, hiboutik_sale_total(s)) != 0) {
		hiboutik_refuse(c, 422, "Not paid exactly", "payment_amount",
		                NULL);
	} else {
		hiboutik_sale_close(c->hiboutik, s,
		                    sim_now_us(c->hiboutik->sim), true);
		hiboutik_made(c, 200, "sale_id", s->id);
	}
}

static void
void_sale(struct hiboutik_call *c)
{
	struct hiboutik_sale *s;
	int64_t store = 0;

	if (!hiboutik_check(c, "sale_id store_id") ||
	    !hiboutik_need(c, &store, "store_id"))
		return;
	s = need_sale(c);
	if (s == NULL)
		return;
	hiboutik_sale_void(s);
	hiboutik_made(c, 200, "sale_id", s->id);
}

static void
comment_sale(struct hiboutik_call *c)
{
	struct hiboutik_sale *s;

	if (!hiboutik_check(c, "sale_id comments"))
		return;
	s = need_sale(c);
	if (s == NULL)
		return;
	replace(&s->comment, json_text_or(c->body, "comments", ""));
	hiboutik_made(c, 201, "sale_id", s->id);
}

/* A line of a sale that is still open. NULL after a refusal. */
static struct hiboutik_line *
open_line(struct hiboutik_call *c, struct hiboutik_sale **of)
{
	struct hiboutik *h = c->hiboutik;
	int64_t id = strtoll(c->path.part[1], NULL, 10);
	size_t i;
	size_t j;

	for (i = 0; i < h->n_sales; i++) {
		for (j = 0; j < h->sales[i]->n_lines; j++) {
			if (h->sales[i]->lines[j].id != id)
				continue;
			*of = open_sale(c, h->sales[i]->id);
			return *of != NULL ? &(*of)->lines[j] : NULL;
		}
	}
	hiboutik_refuse(c, 404, "No such line", NULL, NULL);
	return NULL;
}

static void
delete_line(struct hiboutik_call *c)
{
	struct hiboutik_sale *s = NULL;
	struct hiboutik_line *line = open_line(c, &s);
	size_t at;

	if (line == NULL)
		return;
	if (line->has_moved)
		move_line(s, line, true);
	at = (size_t)(line - s->lines);
	free(line->comment);
	s->n_lines--;
	memmove(line, line + 1, (s->n_lines - at) * sizeof(*line));
	hiboutik_made(c, 200, "sale_id", s->id);
}

static void
change_line(struct hiboutik_call *c)
{
	struct hiboutik_sale *s = NULL;
	struct hiboutik_line *line;
	struct decimal price;

	if (!hiboutik_check(c, "line_item_attribute new_value"))
		return;
	line = open_line(c, &s);
	if (line == NULL)
		return;
	if (strcmp(json_text_or(c->body, "line_item_attribute", ""),
	           "product_price") != 0 ||
	    !sim_decimal(&price, c->body, "new_value")) {
		hiboutik_refuse(c, 422, "Unknown attribute or value",
		                "line_item_attribute", NULL);
		return;
	}
	line->price = price;
	hiboutik_made(c, 200, "line_item_id", line->id);
}

/* ---- customers: known by their mail address ---- */

static void
find_customer(struct hiboutik_call *c)
{
	const char *known = c->hiboutik->customers;
	struct buf email = BUF_INIT;
	struct buf piece = BUF_INIT;
	const char *at = NULL;

	json_out_array(&c->out, NULL);
	if (sim_param(&email, c->http->query, "email")) {
		buf_addf(&piece, ",%s=", buf_text(&email));
		at = known != NULL ? strstr(known, buf_text(&piece)) : NULL;
	}
	if (at != NULL) {
		json_out_object(&c->out, NULL);
		hiboutik_out(c, "customers_id",
		             strtoll(at + piece.n, NULL, 10));
		json_out_text(&c->out, "customers_email", buf_text(&email));
		json_out_end_object(&c->out);
	}
	json_out_end_array(&c->out);
	buf_fini(&piece);
	buf_fini(&email);
}

static void
create_customer(struct hiboutik_call *c)
{
	struct hiboutik *h = c->hiboutik;
	int64_t id;
	char *all;

	if (!hiboutik_check(c, "customers_first_name customers_last_name "
	                       "customers_email customers_country "
	                       "customers_tax_number customers_phone_number "
	                       "customers_birth_date"))
		return;
	id = hiboutik_next_id(h);
	all = text_format(
		"%s,%s=%lld", h->customers != NULL ? h->customers : "",
		json_text_or(c->body, "customers_email", ""), (long long)id);
	if (all == NULL)
		abort();
	free(h->customers);
	h->customers = all;
	hiboutik_made(c, 201, "customers_id", id);
}

/* ---- hooks that are registered by a call ---- */

static void
create_hook(struct hiboutik_call *c)
{
	static const char actions[] = " sale sale_item payment customer "
				      "store_credit product stock_order "
				      "timestamp schedule ";
	struct hiboutik *h = c->hiboutik;
	const char *url = json_text_or(c->body, "webhook_url", "");
	const char *action = json_text_or(c->body, "webhook_action", "");
	struct hiboutik_told *told;
	int64_t store = h->options.store;
	char *word;

	if (!hiboutik_check(c, "webhook_label webhook_url webhook_action "
	                       "webhook_async store_id") ||
	    !hiboutik_take(c, &store, "store_id"))
		return;
	word = text_format(" %s ", action);
	if (url[0] == '\0' || h->n_told == HIBOUTIK_TOLD_MAX) {
		hiboutik_refuse(c, 422, "Missing field", "webhook_url", NULL);
	} else if (word == NULL || strstr(actions, word) == NULL ||
	           store != h->options.store) {
		hiboutik_refuse(c, 422, "No such event", "webhook_action",
		                NULL);
	} else {
		told = &h->told[h->n_told++];
		told->id = hiboutik_next_id(h);
		told->url = sim_dup(url);
		told->action = sim_dup(action);
		till_bool(&told->is_async, c->body, "webhook_async");
		hiboutik_made(c, 201, "webhook_id", told->id);
	}
	free(word);
}

static void
list_hooks(struct hiboutik_call *c)
{
	const struct hiboutik *h = c->hiboutik;
	size_t i;

	json_out_array(&c->out, NULL);
	for (i = 0; i < h->n_told; i++) {
		json_out_object(&c->out, NULL);
		hiboutik_out(c, "webhook_id", h->told[i].id);
		json_out_text(&c->out, "webhook_label", "");
		json_out_text(&c->out, "webhook_url", h->told[i].url);
		json_out_text(&c->out, "webhook_action", h->told[i].action);
		json_out_text(&c->out, "webhook_app_id_int", "");
		json_out_end_object(&c->out);
	}
	json_out_end_array(&c->out);
}

static void
delete_hook(struct hiboutik_call *c)
{
	struct hiboutik *h = c->hiboutik;
	int64_t id = strtoll(c->path.part[1], NULL, 10);
	size_t i;

	for (i = 0; i < h->n_told && h->told[i].id != id; i++)
		continue;
	if (i == h->n_told) {
		hiboutik_refuse(c, 404, "No such webhook", NULL, NULL);
		return;
	}
	free(h->told[i].url);
	free(h->told[i].action);
	h->told[i] = h->told[--h->n_told];
	hiboutik_made(c, 200, "webhook_id", id);
}

/* ---- choosing ---- */

static bool
serve_reading(struct hiboutik_call *c)
{
	if (hiboutik_is(c, "GET", "sales/*"))
		print_sale(c);
	else if (hiboutik_is(c, "GET", "sales/search/ext_ref/*"))
		list_sales(c, BY_REF);
	else if (hiboutik_is(c, "GET", "closed_sales/*/*/*/*"))
		list_sales(c, CLOSED);
	else if (hiboutik_is(c, "GET", "open_sales/*"))
		list_sales(c, OPEN);
	else if (hiboutik_is(c, "GET", "products_sold/*/*/*/*"))
		list_sold(c);
	else if (hiboutik_is(c, "GET", "customers/search"))
		find_customer(c);
	else
		return false;
	return true;
}

bool
hiboutik_serve_sales(struct hiboutik_call *c)
{
	static const struct {
		const char *method;
		const char *path;
		void (*act)(struct hiboutik_call *c);
	} calls[] = {
		{ "POST", "sales", create_sale },
		{ "PUT", "sale/*", change_sale },
		{ "POST", "sales/add_product", add_line },
		{ "POST", "sales_payment_div", add_payment },
		{ "POST", "sales/close", close_sale },
		{ "POST", "sales/void", void_sale },
		{ "POST", "sales/comments", comment_sale },
		{ "DELETE", "sale_line_item/*", delete_line },
		{ "PUT", "sale_line_item/*", change_line },
		{ "POST", "customers", create_customer },
		{ "GET", "webhooks", list_hooks },
		{ "POST", "webhooks", create_hook },
		{ "DELETE", "webhooks/*", delete_hook },
	};
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (hiboutik_is(c, calls[i].method, calls[i].path)) {
			calls[i].act(c);
			return true;
		}
	}
	return serve_reading(c);
}
