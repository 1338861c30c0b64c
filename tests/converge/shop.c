/*
 * The web shop: it posts orders and customers and comes again until it has an
 * answer, and now and then although it had one. An answer that it did not wait
 * for, or that a kill took with it, is the same to it as none.
 */
#include "tests/converge/act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"

enum {
	CUSTOMER_ONE_IN = 8,
	ANSWER_MS = 5000,
	IMPATIENT_MS = 12,
	AGAIN_MS = 150,
	SHOP_LINES = 4,
	NONE = ITEMS_MAX,
};

/* ---- what it sends ---- */

static void
put_line(struct json_out *o, const struct world *w,
         const struct order_line *line, unsigned cents)
{
	char text[DECIMAL_TEXT_SIZE];

	json_out_object(o, NULL);
	json_out_text(o, "sku", w->items[line->item].sku);
	json_out_decimal(o, "quantity", line->qty);
	if (cents)
		json_out_text(
			o, "price",
			decimal_format(text, decimal_of_scaled(cents, 2)));
	json_out_end_object(o);
}

/* Dated or not: a repeat must be the same byte for byte, so it is kept. */
static void
write_order(struct world *w, struct shop_order *s)
{
	bool has_prices = percent(w, 60);
	char now[CLOCK_TEXT_SIZE];
	struct buf body = BUF_INIT;
	struct json_out o = { .to = &body };

	json_out_object(&o, NULL);
	json_out_text(&o, "number", s->number);
	clock_format(now, clock_wall_ms());
	if (percent(w, 70))
		json_out_text(&o, "date", now);
	json_out_array(&o, "lines");
	for (size_t i = 0; i < s->n_lines; i++) {
		unsigned cents = has_prices ? 50 + below(w, 2000) : 0;

		put_line(&o, w, &s->lines[i], cents);
		s->total = decimal_add(
			s->total,
			decimal_mul_div(decimal_of_scaled(cents, 2),
		                        s->lines[i].qty, decimal_of(1), 6,
		                        DECIMAL_HALF_UP));
	}
	s->has_total = has_prices;
	json_out_end_array(&o);
	json_out_end_object(&o);
	s->body = buf_steal(&body);
}

/* Ordered is what the tills sell; new ones are not in the shop yet. */
static void
choose(struct world *w, struct shop_order *s)
{
	s->n_lines = 1 + (percent(w, 40) ? below(w, SHOP_LINES) : 0);
	for (size_t i = 0; i < s->n_lines; i++) {
		size_t item;

		do
			item = below(w, ITEMS_OLD);
		while (w->items[item].is_kept_at_till);
		s->lines[i].item = item;
		s->lines[i].qty = trade_quantity(w, &w->items[item]);
	}
}

static void
write_customer(struct shop_order *s)
{
	s->body = text_format("{\"code\":\"%s\",\"name\":\"Somebody\","
	                      "\"sites\":[{\"street\":\"Long Road\"}]}",
	                      s->number);
}

static bool
can_send(const struct world *w, const struct shop_order *s)
{
	for (size_t i = 0; i < s->n_lines; i++)
		if (!w->items[s->lines[i].item].is_imported)
			return false;
	return true;
}

/* ---- sending ---- */

static void
note_answer(struct world *w, struct shop_order *s, int status,
            const struct json *doc)
{
	const char *docid = json_text_or(json_root(doc), "docid", "");

	if (s->docid[0] && strcmp(s->docid, docid) != 0)
		violate(w, NONE, SIZE_MAX,
		        "%s was %s and is %s: two documents of one number",
		        s->number, s->docid, docid);
	if (s->is_taken && status == 202 && s->n_losses == w->n_losses)
		violate(w, NONE, SIZE_MAX, "%s was taken twice", s->number);
	(void)snprintf(s->docid, sizeof(s->docid), "%s", docid);
	s->n_losses = w->n_losses;
	s->is_taken = true;
}

/* True when it was taken, now or before. A refusal would be for good. */
static bool
post(struct world *w, struct shop_order *s, int64_t timeout_ms)
{
	const char *path = s->is_customer ? "/api/customers" : "/api/orders";
	struct json *doc = NULL;
	int status;

	if (!can_send(w, s))
		return false;
	status = shop_call(w, path, s->body, s->key, timeout_ms, &doc);
	say(w, "the shop: %s -> %d", s->number, status);
	if (status == 200 || status == 202)
		note_answer(w, s, status, doc);
	/* Right behind a loss no item is known at Galaxy. */
	else if (status >= 400 && status < 500 && status != 429 &&
	         !(status == 422 && w->n_losses))
		violate(w, s->n_lines ? s->lines[0].item : NONE, SIZE_MAX,
		        "the shop's %s was answered with %d %s", s->number,
		        status,
		        doc ? json_text_or(json_path(json_root(doc), "error"),
		                           "message", "")
		            : "");
	json_free(doc);
	return status == 200 || status == 202;
}

/* Another document under a number that was taken. */
static void
contradict(struct world *w, const struct shop_order *s)
{
	char *body = text_format("{\"number\":\"%s\",\"code\":\"%s\"}",
	                         s->number, s->number);
	struct json *doc = NULL;
	int status;

	free(body);
	body = s->is_customer
	               ? text_format("{\"code\":\"%s\",\"name\":\"Other\"}",
	                             s->number)
	               : text_format("{\"number\":\"%s\",\"lines\":[{"
	                             "\"sku\":\"%s\",\"quantity\":77}]}",
	                             s->number, w->items[s->lines[0].item].sku);
	status = shop_call(w, s->is_customer ? "/api/customers" : "/api/orders",
	                   body, "", ANSWER_MS, &doc);
	say(w, "the shop: another %s -> %d", s->number, status);
	if (status == 200 || status == 202)
		violate(w, NONE, SIZE_MAX, "two documents under %s were taken",
		        s->number);
	json_free(doc);
	free(body);
}

void
shop_order(struct world *w)
{
	struct shop_order *s = &w->shop[w->n_shop];

	if (w->n_shop == SHOP_MAX)
		return;
	*s = (struct shop_order){ .is_customer =
		                          below(w, CUSTOMER_ONE_IN) == 0 };
	(void)snprintf(s->number, sizeof(s->number), "%s-%llu-%zu",
	               s->is_customer ? "WEB" : "SHOP",
	               (unsigned long long)w->seed, w->n_shop);
	if (percent(w, 50))
		(void)snprintf(s->key, sizeof(s->key), "key-%zu", w->n_shop);
	if (s->is_customer) {
		write_customer(s);
	} else {
		choose(w, s);
		write_order(w, s);
	}
	if (!s->body)
		give_up(w, "out of memory");
	w->n_shop++;
	(void)post(w, s,
	           percent(w, 25) ? 1 + below(w, IMPATIENT_MS) : ANSWER_MS);
	if (percent(w, 25))
		(void)post(w, s, ANSWER_MS);
}

void
shop_again(struct world *w)
{
	struct shop_order *s;

	if (!w->n_shop)
		return;
	s = &w->shop[below(w, (unsigned)w->n_shop)];
	if (s->is_taken && s->n_losses == w->n_losses && percent(w, 30))
		contradict(w, s);
	else
		(void)post(w, s, ANSWER_MS);
}

void
shop_insist(struct world *w)
{
	int64_t until = clock_mono_ms() + w->rest_ms;

	for (size_t i = 0; i < w->n_shop && !is_violated(w); i++) {
		while (!w->shop[i].is_taken && !is_violated(w) &&
		       !post(w, &w->shop[i], ANSWER_MS)) {
			if (clock_mono_ms() >= until)
				violate(w, NONE, SIZE_MAX,
				        "the shop's %s is never taken",
				        w->shop[i].number);
			clock_sleep_ms(AGAIN_MS);
		}
	}
}
