/*
 * Hiboutik: the till itself, its hooks, and what the control interface may do
 * and see.
 *
 * Hooks are forms in PHP's notation. Nothing signs them but the token k, and,
 * by a switch, the header of a community receiver.
 */
#include "tests/sim/hiboutik.h"

#include "gateway/base/crypto.h"
#include "tests/sim/calls.h"
#include "tests/sim/hooks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RINGING_UP_US = 20000000 };

/* ---- hooks ---- */

static void
add_number(struct buf *form, const char *key, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)n);
	till_form_add(form, key, text);
}

static void
add_money(struct buf *form, const char *key, struct decimal d)
{
	char text[DECIMAL_TEXT_SIZE];

	till_form_add(form, key, decimal_format_places(text, d, 2));
}

static void
add_time(struct buf *form, const char *key, int64_t us)
{
	char text[TILL_TIME_SIZE] = "0000-00-00 00:00:00";

	if (us > 0)
		till_local_time(text, us);
	till_form_add(form, key, text);
}

/* line_items[0][product_id] */
static void
add_hook_line(const struct hiboutik *h, struct buf *form,
              const struct hiboutik_line *line, size_t i)
{
	const struct hiboutik_thing *t = line->thing;
	char key[64];

#define KEY(name) \
	(snprintf(key, sizeof(key), "line_items[%zu][%s]", i, name), key)
	add_number(form, KEY("product_id"), t != NULL ? t->product->id : 0);
	add_number(form, KEY("product_size"), t != NULL ? t->size : 0);
	if (h->is.hook_has_barcodes)
		till_form_add(form, KEY("product_barcode"),
		              t != NULL ? t->goods.barcode : "");
	till_form_add(form, KEY("product_model"),
	              t != NULL ? t->product->name : "");
	add_number(form, KEY("quantity"), line->quantity);
	add_money(form, KEY("product_price"), line->price);
#undef KEY
}

static void
add_sale(const struct hiboutik *h, struct buf *form,
         const struct hiboutik_sale *s)
{
	char unique[64];
	bool is_old = h->is.hook_is_old;
	size_t i;

	snprintf(unique, sizeof(unique), "%lld-%lld",
	         (long long)h->options.store, (long long)s->id);
	add_number(form, is_old ? "order_id" : "sale_id", s->id);
	till_form_add(form, is_old ? "unique_order_id" : "unique_sale_id",
	              unique);
	add_number(form, is_old ? "shop_id" : "store_id", h->options.store);
	add_number(form, "customer_id", s->customer);
	add_number(form, "vendor_id", s->vendor);
	if (is_old) {
		add_time(form, "date_time", s->completed_us);
		return;
	}
	add_time(form, "created_at", s->created_us);
	add_time(form, "completed_at", s->completed_us);
	add_money(form, "total", hiboutik_sale_total(s));
	till_form_add(form, "currency", s->currency);
	till_form_add(form, "payment", s->payment);
	till_form_add(form, "sale_ext_ref", s->ext_ref);
	for (i = 0; h->is.hook_has_lines && i < s->n_lines; i++)
		add_hook_line(h, form, &s->lines[i], i);
}

static void
sign(struct hiboutik *h, const char *body, char *out, size_t size)
{
	const struct crypto_part part = { body, strlen(body) };
	const char *secret = hooks_secret(h->sim->hooks[SIM_HIBOUTIK]);
	unsigned char mac[CRYPTO_MAC_MAX];
	char hex[2 * CRYPTO_MAC_MAX + 1];
	size_t n = 0;

	out[0] = '\0';
	if (secret == NULL || !h->is.hook_is_signed)
		return;
	if (crypto_hmac(mac, &n, CRYPTO_SHA256, secret, strlen(secret), &part,
	                1) != 0)
		abort();
	crypto_hex_encode(hex, mac, n);
	snprintf(out, size, "X-Hiboutik-Hmac-SHA256: %s", hex);
}

/* The URL with its token, unless it was registered with one. */
static void
add_token(const struct hiboutik *h, struct buf *url)
{
	const char *secret = hooks_secret(h->sim->hooks[SIM_HIBOUTIK]);
	bool is_forged = secret != NULL && strcmp(secret, "forged-secret") == 0;

	if (!h->is.hook_has_token || strstr(buf_text(url), "?k=") != NULL ||
	    strstr(buf_text(url), "&k=") != NULL)
		return;
	buf_addf(url, "%ck=%s", strchr(buf_text(url), '?') != NULL ? '&' : '?',
	         is_forged ? "forged" : h->token);
}

static void
send_to(struct hiboutik *h, const char *url, const char *body, bool is_async,
        int64_t delay_ms)
{
	struct buf where = BUF_INIT;
	char header[200];
	struct hooks_message message = { .body = body,
		                         .is_async = is_async,
		                         .delay_ms = delay_ms };

	buf_adds(&where, url);
	add_token(h, &where);
	sign(h, body, header, sizeof(header));
	message.url = buf_text(&where);
	message.header = header[0] != '\0' ? header : NULL;
	hooks_send(h->sim->hooks[SIM_HIBOUTIK], &message);
	buf_fini(&where);
}

static void
send_all(struct hiboutik *h, const char *action, const struct buf *form,
         int64_t delay_ms)
{
	size_t i;

	/* what the settings know are sales and customers */
	if (h->options.hook_url != NULL && strcmp(action, "sale") == 0)
		send_to(h, h->options.hook_url, buf_text(form),
		        h->is.hook_is_async, delay_ms);
	for (i = 0; i < h->n_told; i++) {
		if (strcmp(h->told[i].action, action) == 0)
			send_to(h, h->told[i].url, buf_text(form),
			        h->told[i].is_async, delay_ms);
	}
}

void
hiboutik_announce_sale(struct hiboutik *h, const struct hiboutik_sale *s)
{
	struct buf form = BUF_INIT;
	int64_t delay_us = s->visible_us - sim_now_us(h->sim);

	add_sale(h, &form, s);
	send_all(h, "sale", &form, delay_us > 0 ? delay_us / 1000 : 0);
	buf_fini(&form);
}

void
hiboutik_announce(struct hiboutik *h, const char *action, const char *key,
                  int64_t id)
{
	struct buf form = BUF_INIT;

	add_number(&form, key, id);
	send_all(h, action, &form, 0);
	buf_fini(&form);
}

/* ---- how it is done here ---- */

static void *
find(void *till, const char *text)
{
	return hiboutik_find(till, text);
}

static struct decimal
count(const void *thing, int row)
{
	const struct hiboutik_thing *t = thing;

	return decimal_of(t->counts[row]);
}

static int
row_of(void *till, int64_t warehouse)
{
	return hiboutik_warehouse(till, warehouse);
}

/* An arrival at the till, validated: by so many, which may be fewer. */
static void
arrive(struct hiboutik *h, const struct till_move *m, int64_t quantity)
{
	struct hiboutik_input *in = hiboutik_input_new(
		h, m->row, m->reason == TILL_COUNTED ? "count" : "arrival");

	in->details[in->n_details++] =
		(struct hiboutik_detail){ .id = hiboutik_next_id(h),
		                          .thing = m->thing,
		                          .quantity = quantity,
		                          .received = quantity };
	hiboutik_input_validate(h, in);
}

static void
move(void *till, const struct till_move *m)
{
	struct hiboutik_thing *t = m->thing;
	int64_t quantity;

	if (decimal_to_scaled(&quantity, m->by, 0) != 0)
		abort();
	if (m->reason == TILL_COUNTED || m->reason == TILL_RECEIVED) {
		arrive(till, m, quantity);
		return;
	}
	t->counts[m->row] += quantity;
	if (m->row == 0)
		t->tally.moved = decimal_add(t->tally.moved, m->by);
}

static void *
begin(void *till)
{
	return hiboutik_sale_new(till);
}

static void
add(void *till, void *sale, void *thing, struct decimal quantity)
{
	struct hiboutik *h = till;
	struct hiboutik_thing *t = thing;
	struct hiboutik_line *line;
	int64_t n;

	if (decimal_to_scaled(&n, quantity, 0) != 0)
		abort();
	line = hiboutik_line_add(h, sale, t, n, t->product->price);
	if (h->is.moves == HIBOUTIK_AT_ADDING)
		hiboutik_sale_move(h, sale, line);
}

static void
discard(void *sale)
{
	hiboutik_sale_void(sale);
}

static void
close_(const struct till_order *o, void *sale, const struct till_closing *c)
{
	struct hiboutik *h = o->till;
	struct hiboutik_sale *s = sale;
	int64_t now_us = sim_now_us(h->sim);

	free(s->payment);
	s->payment = sim_dup("ESP");
	s->visible_us = now_us + c->hidden_us;
	s->created_us = now_us - c->ago_us - RINGING_UP_US;
	hiboutik_sale_close(h, s, now_us - c->ago_us, c->is_announced);
	json_out_int(o->out, "sale", s->id);
}

static void *
sale_of(const struct till_order *o)
{
	int64_t id = 0;

	till_int(&id, o->body, "sale");
	return hiboutik_sale(o->till, id);
}

static bool
cancel(void *till, void *sale)
{
	(void)till;
	hiboutik_sale_void(sale);
	return true;
}

static void
announce(void *till, void *thing, void *sale)
{
	const struct hiboutik_thing *t = thing;

	if (sale != NULL)
		hiboutik_announce_sale(till, sale);
	else
		hiboutik_announce(till, "product", "product_id",
		                  t->product->id);
}

/* ---- orders of its own ---- */

static const char *
change_product(const struct till_order *o)
{
	struct hiboutik_thing *t = till_thing(o);
	bool is_managed = true;

	if (t == NULL)
		return "product or sku: unknown";
	is_managed = !t->product->is_unmanaged;
	till_bool(&is_managed, o->body, "managed");
	till_bool(&t->product->is_archived, o->body, "archived");
	t->product->is_unmanaged = !is_managed;
	hiboutik_announce(o->till, "product", "product_id", t->product->id);
	return NULL;
}

static const char *
change_switches(const struct till_order *o)
{
	struct hiboutik *h = o->till;
	struct hiboutik_switches *is = &h->is;
	const char *moves = json_text_or(o->body, "moves", NULL);

	if (moves != NULL && strcmp(moves, "closing") != 0 &&
	    strcmp(moves, "adding") != 0)
		return "moves: closing, adding";
	if (moves != NULL)
		is->moves = moves[0] == 'c' ? HIBOUTIK_AT_CLOSING
		                            : HIBOUTIK_AT_ADDING;
	till_bool(&is->lenient_slashes, o->body, "lenient_slashes");
	till_bool(&is->validates_by_id, o->body, "validate_by_id");
	till_bool(&is->pages_stock, o->body, "pages_stock");
	till_bool(&is->refuses_short, o->body, "refuse_short");
	till_bool(&is->lists_lines, o->body, "list_lines");
	till_bool(&is->hook_is_old, o->body, "hook_old");
	till_bool(&is->hook_is_async, o->body, "hook_async");
	till_bool(&is->hook_has_lines, o->body, "hook_lines");
	till_bool(&is->hook_has_barcodes, o->body, "hook_barcodes");
	till_bool(&is->hook_has_token, o->body, "hook_token");
	till_bool(&is->hook_is_signed, o->body, "hook_signed");
	till_int(&is->calls_max, o->body, "calls_max");
	till_int(&is->parallel_max, o->body, "parallel_max");
	till_int(&is->texts_each, o->body, "texts_each");
	till_int(&is->page_rows, o->body, "page_rows");
	till_int(&h->n_calls, o->body, "calls");
	return is->page_rows < 1 ? "page_rows: at least 1" : NULL;
}

static const struct till_verb verbs[] = {
	{ "product", change_product },
	{ "switches", change_switches },
};

const struct till_hands hiboutik_hands = {
	.thing = "product",
	.place = "warehouse",
	.is_whole = true,
	.find = find,
	.count = count,
	.row = row_of,
	.move = move,
	.begin = begin,
	.add = add,
	.discard = discard,
	.close = close_,
	.sale = sale_of,
	.cancel = cancel,
	.announce = announce,
	.verbs = verbs,
	.n_verbs = sizeof(verbs) / sizeof(verbs[0]),
};

/* ---- state ---- */

static void
print_thing(const struct hiboutik *h, const struct hiboutik_thing *t,
            struct json_out *out)
{
	char name[48];
	int row;

	json_out_object(out, NULL);
	json_out_text(out, "product", hiboutik_name(name, t));
	json_out_text(out, "sku", t->goods.sku);
	json_out_int(out, "count", t->counts[0]);
	json_out_object(out, "warehouses");
	for (row = 0; row < HIBOUTIK_N_WAREHOUSES; row++) {
		snprintf(name, sizeof(name), "%lld",
		         (long long)hiboutik_warehouse_id(h, row));
		json_out_int(out, name, t->counts[row]);
	}
	json_out_end_object(out);
	till_tally_print(&t->tally, out);
	json_out_end_object(out);
}

static void
show_sale(const struct hiboutik_sale *s, struct json_out *out)
{
	const struct hiboutik_line *line;
	char id[24];
	size_t i;

	snprintf(id, sizeof(id), "%lld", (long long)s->id);
	json_out_object(out, NULL);
	json_out_text(out, "id", id);
	json_out_text(out, "state",
	              s->is_void             ? "void"
	              : s->completed_us == 0 ? "open"
	                                     : "closed");
	json_out_text(out, "reference", s->ext_ref);
	json_out_bool(out, "ours", s->is_api);
	json_out_text(out, "payment", s->payment);
	json_out_decimal(out, "total", hiboutik_sale_total(s));
	json_out_array(out, "lines");
	for (i = 0; i < s->n_lines; i++) {
		line = &s->lines[i];
		json_out_object(out, NULL);
		if (line->thing != NULL)
			json_out_text(out, "sku", line->thing->goods.sku);
		json_out_int(out, "quantity", line->quantity);
		json_out_decimal(out, "price", line->price);
		json_out_bool(out, "moved", line->has_moved);
		json_out_text(out, "comment", line->comment);
		json_out_end_object(out);
	}
	json_out_end_array(out);
	json_out_end_object(out);
}

void
hiboutik_print_state(struct hiboutik *h, struct json_out *out)
{
	size_t i;

	json_out_array(out, "counts");
	for (i = 0; i < h->n_things; i++)
		print_thing(h, h->things[i], out);
	json_out_end_array(out);
	json_out_array(out, "sales");
	for (i = 0; i < h->n_sales; i++)
		show_sale(h->sales[i], out);
	json_out_end_array(out);
	json_out_array(out, "webhooks");
	for (i = 0; i < h->n_told; i++) {
		json_out_object(out, NULL);
		json_out_text(out, "url", h->told[i].url);
		json_out_text(out, "action", h->told[i].action);
		json_out_bool(out, "async", h->told[i].is_async);
		json_out_end_object(out);
	}
	json_out_end_array(out);
	json_out_int(out, "posts", h->n_posts);
	json_out_int(out, "writes", h->n_writes);
	json_out_int(out, "month_calls", h->n_calls);
	json_out_int(out, "exhausted", h->n_exhausted);
	json_out_int(out, "crowded", h->n_crowded);
	calls_print(h->sim, SIM_HIBOUTIK, out, "calls");
}
