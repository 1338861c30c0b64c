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

/* ---- the control interface ---- */

struct order {
	struct hiboutik *hiboutik;
	const struct json_node *body;
	struct json_out *out;
};

static struct hiboutik_thing *
thing_of(const struct order *o, const struct json_node *where)
{
	const char *text = json_text_or(where, "product", NULL);

	if (text == NULL)
		text = json_text_or(where, "sku", "");
	return hiboutik_find(o->hiboutik, text);
}

static const char *
read_lines(const struct order *o, struct hiboutik_sale *s, int sign_of)
{
	const struct json_node *lines = json_find(o->body, "lines");
	const struct json_node *one;
	struct hiboutik_thing *t;
	int64_t quantity;
	size_t i;

	if (json_length(lines) == 0 || json_length(lines) > HIBOUTIK_LINES_MAX)
		return "lines: from 1 to 64";
	for (i = 0; i < json_length(lines); i++) {
		one = json_at(lines, i);
		t = thing_of(o, one);
		quantity = 1;
		if (t == NULL)
			return "lines: unknown product or sku";
		if (till_int(&quantity, one, "quantity") == JSON_WRONG_TYPE)
			return "lines: quantity is a whole number";
		hiboutik_line_add(o->hiboutik, s, t, sign_of * quantity,
		                  t->product->price);
	}
	return NULL;
}

/* A sale rung up at the till, or goods that are taken back there. */
static const char *
ring_up(const struct order *o, int sign_of)
{
	struct hiboutik *h = o->hiboutik;
	struct hiboutik_sale *s = hiboutik_sale_new(h);
	int64_t ago_s = 0;
	int64_t visible_ms = 0;
	bool is_announced = true;
	int64_t now_us = sim_now_us(h->sim);
	const char *wrong = read_lines(o, s, sign_of);

	if (wrong != NULL) {
		s->is_void = true;
		return wrong;
	}
	till_int(&ago_s, o->body, "closed_ago_s");
	till_int(&visible_ms, o->body, "visible_after_ms");
	till_bool(&is_announced, o->body, "announce");
	free(s->payment);
	s->payment = sim_dup("ESP");
	s->visible_us = now_us + visible_ms * 1000;
	s->created_us = now_us - (ago_s + 20) * 1000000;
	hiboutik_sale_close(h, s, now_us - ago_s * 1000000, is_announced);
	json_out_int(o->out, "sale", s->id);
	return NULL;
}

static const char *
sell(const struct order *o)
{
	return ring_up(o, 1);
}

static const char *
take_back(const struct order *o)
{
	return ring_up(o, -1);
}

static const char *
cancel(const struct order *o)
{
	struct hiboutik_sale *s;
	int64_t id = 0;

	till_int(&id, o->body, "sale");
	s = hiboutik_sale(o->hiboutik, id);
	if (s == NULL)
		return "sale: unknown";
	hiboutik_sale_void(o->hiboutik, s);
	return NULL;
}

/* An arrival at the till, validated: by so many, which may be fewer. */
static void
arrive(struct hiboutik *h, struct hiboutik_thing *t, int warehouse,
       int64_t quantity, const char *label)
{
	struct hiboutik_input *in = hiboutik_input_new(h, warehouse, label);

	in->details[in->n_details++] =
		(struct hiboutik_detail){ .id = hiboutik_next_id(h),
		                          .thing = t,
		                          .quantity = quantity,
		                          .received = quantity };
	hiboutik_input_validate(h, in);
}

static const char *
change_stock(const struct order *o, bool is_count)
{
	struct hiboutik_thing *t = thing_of(o, o->body);
	int64_t quantity = 0;
	int64_t id = hiboutik_warehouse_id(o->hiboutik, 0);
	int row;

	if (t == NULL)
		return "product or sku: unknown";
	if (till_int(&quantity, o->body, "quantity") != 0)
		return "quantity: a whole number";
	till_int(&id, o->body, "warehouse");
	row = hiboutik_warehouse(o->hiboutik, id);
	if (row < 0)
		return "warehouse: unknown";
	if (is_count)
		quantity -= t->counts[row];
	arrive(o->hiboutik, t, row, quantity, is_count ? "count" : "arrival");
	return NULL;
}

static const char *
count(const struct order *o)
{
	return change_stock(o, true);
}

static const char *
receive(const struct order *o)
{
	return change_stock(o, false);
}

static const char *
move(const struct order *o)
{
	struct hiboutik *h = o->hiboutik;
	struct hiboutik_thing *t = thing_of(o, o->body);
	int64_t n[3] = { 0 };
	int from;
	int to;

	if (t == NULL)
		return "product or sku: unknown";
	if (till_int(&n[0], o->body, "from") != 0 ||
	    till_int(&n[1], o->body, "to") != 0 ||
	    till_int(&n[2], o->body, "quantity") != 0)
		return "from, to, quantity: whole numbers";
	from = hiboutik_warehouse(h, n[0]);
	to = hiboutik_warehouse(h, n[1]);
	if (from < 0 || to < 0)
		return "from, to: warehouses";
	t->counts[from] -= n[2];
	t->counts[to] += n[2];
	t->tally.moved = decimal_add(
		t->tally.moved, decimal_of(n[2] * ((to == 0) - (from == 0))));
	return NULL;
}

/* The hook of a product, or of a sale once more, without a change. */
static const char *
send_hook(const struct order *o)
{
	const struct hiboutik_thing *t = thing_of(o, o->body);
	const struct hiboutik_sale *s = NULL;
	int64_t times = 1;
	int64_t id;

	if (till_int(&id, o->body, "sale") == 0)
		s = hiboutik_sale(o->hiboutik, id);
	if (s == NULL && t == NULL)
		return "sale, product or sku: unknown";
	till_int(&times, o->body, "times");
	for (; times > 0; times--) {
		if (s != NULL)
			hiboutik_announce_sale(o->hiboutik, s);
		else
			hiboutik_announce(o->hiboutik, "product", "product_id",
			                  t->product->id);
	}
	return NULL;
}

static const char *
change_product(const struct order *o)
{
	struct hiboutik_thing *t = thing_of(o, o->body);
	bool is_managed = true;

	if (t == NULL)
		return "product or sku: unknown";
	is_managed = !t->product->is_unmanaged;
	till_bool(&is_managed, o->body, "managed");
	till_bool(&t->product->is_archived, o->body, "archived");
	t->product->is_unmanaged = !is_managed;
	hiboutik_announce(o->hiboutik, "product", "product_id", t->product->id);
	return NULL;
}

static const char *
change_switches(const struct order *o)
{
	struct hiboutik_switches *is = &o->hiboutik->is;
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
	till_int(&o->hiboutik->n_calls, o->body, "calls");
	return is->page_rows < 1 ? "page_rows: at least 1" : NULL;
}

const char *
hiboutik_control(struct hiboutik *h, const char *what,
                 const struct json_node *body, struct json_out *out)
{
	static const struct {
		const char *name;
		const char *(*act)(const struct order *o);
	} orders[] = {
		{ "sell", sell },
		{ "return", take_back },
		{ "void", cancel },
		{ "count", count },
		{ "receive", receive },
		{ "move", move },
		{ "hook", send_hook },
		{ "product", change_product },
		{ "switches", change_switches },
	};
	const struct order o = { h, body, out };
	size_t i;

	for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (strcmp(orders[i].name, what) == 0)
			return orders[i].act(&o);
	}
	return "no such call";
}

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
	json_out_int(out, "posts", h->n_posts);
	json_out_int(out, "writes", h->n_writes);
	json_out_int(out, "month_calls", h->n_calls);
	json_out_int(out, "exhausted", h->n_exhausted);
	json_out_int(out, "crowded", h->n_crowded);
	calls_print(h->sim, SIM_HIBOUTIK, out, "calls");
}
