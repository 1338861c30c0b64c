/*
 * Lightspeed X: webhooks: who is told, in which form, and signed how.
 *
 * A hook is a form whose field payload is the entity as version 1.0 had it;
 * other fields come by a switch. One that no application made is not signed.
 */
#include "tests/sim/lightspeed_x.h"

#include "gateway/base/crypto.h"
#include "tests/sim/hooks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const types[] = {
	"sale.update",
	"product.update",
	"customer.update",
	"inventory.update",
	"consignment.send",
	"consignment.receive",
	"register_closure.create",
};

/* ---- who is told ---- */

static struct lsx_hook *
add_hook(struct lightspeed_x *x, const char *type, const char *url)
{
	struct lsx_hook *h;

	if (x->n_hooks == LSX_HOOKS_MAX)
		return NULL;
	h = &x->hooks[x->n_hooks++];
	sim_uuid(x->sim, h->id);
	h->type = sim_dup(type);
	h->url = sim_dup(url);
	h->is_active = true;
	h->is_signed = x->options.client_secret != NULL;
	return h;
}

void
lsx_hooks_first(struct lightspeed_x *x)
{
	if (x->options.hook_url == NULL)
		return;
	add_hook(x, "sale.update", x->options.hook_url);
	add_hook(x, "inventory.update", x->options.hook_url);
	add_hook(x, "product.update", x->options.hook_url);
}

/* ---- sending ---- */

void
lsx_sign(struct lightspeed_x *x, const char *body, const char *payload,
         char *out, size_t size)
{
	const char *text = x->is.signing == LSX_PAYLOAD ? payload : body;
	const struct crypto_part part = { text, strlen(text) };
	const char *key = hooks_secret(x->sim->hooks[SIM_LIGHTSPEED_X]);
	unsigned char mac[CRYPTO_MAC_MAX];
	char coded[2 * CRYPTO_MAC_MAX + 1];
	size_t n = 0;

	if (key == NULL || crypto_hmac(mac, &n, CRYPTO_SHA256, key, strlen(key),
	                               &part, 1) != 0)
		abort();
	if (x->is.signing == LSX_BASE64)
		crypto_base64_encode(coded, mac, n);
	else
		crypto_hex_encode(coded, mac, n);
	snprintf(out, size, "X-Signature: signature=%s,algorithm=HMAC-SHA256",
	         coded);
}

static void
send_one(struct lightspeed_x *x, const struct lsx_hook *h, const char *payload)
{
	struct hooks *hooks = x->sim->hooks[SIM_LIGHTSPEED_X];
	struct buf body = BUF_INIT;
	char header[200];
	struct hooks_message message = { .url = h->url, .is_async = true };

	till_form_add(&body, "payload", payload);
	if (x->is.hook_has_fields) {
		till_form_add(&body, "type", h->type);
		till_form_add(&body, "domain_prefix", "agora");
		till_form_add(&body, "environment", "prod");
	}
	if (h->is_signed && hooks_secret(hooks) != NULL) {
		lsx_sign(x, buf_text(&body), payload, header, sizeof(header));
		message.header = header;
	}
	message.body = buf_text(&body);
	hooks_send(hooks, &message);
	buf_fini(&body);
}

static void
send_all(struct lightspeed_x *x, const char *type, const char *payload)
{
	size_t i;

	for (i = 0; i < x->n_hooks; i++) {
		if (x->hooks[i].is_active &&
		    strcmp(x->hooks[i].type, type) == 0)
			send_one(x, &x->hooks[i], payload);
	}
}

/* ---- what is told ---- */

static void
out_stock(struct json_out *out, const struct lsx_thing *t, int outlet,
          const char *key)
{
	char id[LSX_ID_SIZE];

	json_out_object(out, key);
	lsx_id(id, LSX_INVENTORY, (t->number - 1) * LSX_N_OUTLETS + outlet + 1);
	json_out_text(out, "id", id);
	lsx_id(id, LSX_OUTLET, outlet + 1);
	json_out_text(out, "outlet_id", id);
	json_out_text(out, "product_id", t->id);
	json_out_decimal(out, "count", t->levels[outlet].count);
	json_out_text(out, "attributed_cost", "10.00");
	json_out_text(out, "reorder_point", "0");
	json_out_text(out, "restock_level", "0");
	json_out_int(out, "version", t->levels[outlet].version);
	if (key != NULL)
		json_out_end_object(out);
}

static void
announce_product(struct lightspeed_x *x, const struct lsx_thing *t)
{
	struct buf payload = BUF_INIT;
	struct json_out out = { .to = &payload };
	int i;

	json_out_object(&out, NULL);
	json_out_text(&out, "id", t->id);
	json_out_text(&out, "name", t->goods.name);
	json_out_text(&out, "base_name", t->goods.name);
	json_out_text(&out, "handle", t->goods.item->code);
	json_out_text(&out, "sku", t->goods.sku);
	json_out_bool(&out, "active", true);
	json_out_null(&out, "deleted_at");
	json_out_array(&out, "inventory");
	for (i = 0; i < LSX_N_OUTLETS; i++) {
		out_stock(&out, t, i, NULL);
		json_out_end_object(&out);
	}
	json_out_end_array(&out);
	json_out_array(&out, "price_book_entries");
	json_out_end_array(&out);
	json_out_end_object(&out);
	send_all(x, "product.update", buf_text(&payload));
	buf_fini(&payload);
}

void
lsx_announce_stock(struct lightspeed_x *x, const struct lsx_thing *t,
                   int outlet)
{
	struct buf payload = BUF_INIT;
	struct json_out out = { .to = &payload };
	char id[LSX_ID_SIZE];

	if (x->n_hooks == 0)
		return;
	out_stock(&out, t, outlet, NULL);
	json_out_object(&out, "outlet");
	lsx_id(id, LSX_OUTLET, outlet + 1);
	json_out_text(&out, "id", id);
	json_out_end_object(&out);
	json_out_object(&out, "product");
	json_out_text(&out, "id", t->id);
	json_out_text(&out, "sku", t->goods.sku);
	json_out_null(&out, "attributed_cost");
	json_out_end_object(&out);
	json_out_end_object(&out);
	send_all(x, "inventory.update", buf_text(&payload));
	buf_fini(&payload);
	announce_product(x, t);
}

static void
out_sale_lines(struct json_out *out, const struct lsx_sale *s,
               size_t n_payments)
{
	size_t i;

	json_out_array(out, "register_sale_products");
	for (i = 0; i < s->n_lines; i++) {
		json_out_object(out, NULL);
		json_out_text(out, "id", s->lines[i].id);
		json_out_text(out, "product_id", s->lines[i].thing->id);
		json_out_decimal(out, "quantity", s->lines[i].quantity);
		json_out_decimal(out, "price", s->lines[i].price);
		json_out_decimal(out, "tax", s->lines[i].tax);
		json_out_text(out, "status", "CONFIRMED");
		json_out_end_object(out);
	}
	json_out_end_array(out);
	json_out_array(out, "register_sale_payments");
	for (i = 0; i < n_payments; i++) {
		json_out_object(out, NULL);
		json_out_text(out, "id", s->payments[i].id);
		json_out_decimal(out, "amount", s->payments[i].amount);
		json_out_end_object(out);
	}
	json_out_end_array(out);
}

/* As it is, or as it was when it was rung up: not closed, and not paid. */
static void
out_sale(struct json_out *out, const struct lsx_sale *s, bool is_before)
{
	char text[SIM_TIME_SIZE];

	json_out_object(out, NULL);
	json_out_text(out, "id", s->id);
	lsx_id(text, LSX_REGISTER, 1);
	json_out_text(out, "register_id", text);
	json_out_text(out, "status", is_before ? "SAVED" : lsx_status(s));
	json_out_text(out, "state",
	              is_before ? "parked" : lsx_state_name(s->state));
	json_out_text(out, "source", s->source);
	json_out_text(out, "source_id", s->source_id);
	json_out_text(out, "invoice_number", s->invoice);
	sim_time_format(text, s->date_us);
	text[10] = ' ';
	text[19] = '\0';
	json_out_text(out, "sale_date", text);
	out_sale_lines(out, s, is_before ? 0 : s->n_payments);
	json_out_int(out, "version", is_before ? s->first_version : s->version);
	json_out_end_object(out);
}

static void
announce_state(struct lightspeed_x *x, const struct lsx_sale *s, bool is_before)
{
	struct buf payload = BUF_INIT;
	struct json_out out = { .to = &payload };

	out_sale(&out, s, is_before);
	send_all(x, "sale.update", buf_text(&payload));
	buf_fini(&payload);
}

/*
 * Several times for one sale, as it happens: of each step of it, and of the last
 * one more than once. Each delivery is tried by itself, so that one of an earlier
 * step may come when the later ones are through: that of every third sale does.
 */
void
lsx_announce_sale(struct lightspeed_x *x, const struct lsx_sale *s)
{
	bool is_late = x->n_told++ % 3 == 2;
	int64_t n_steps = s->first_version < s->version ? x->is.burst : 0;
	int64_t i;

	if (n_steps < 2) {
		announce_state(x, s, false);
		return;
	}
	if (!is_late)
		announce_state(x, s, true);
	for (i = 1; i < n_steps; i++)
		announce_state(x, s, false);
	if (is_late)
		announce_state(x, s, true);
}

/* ---- the calls ---- */

static void
out_hook(struct lsx_call *c, const struct lsx_hook *h, const char *key)
{
	json_out_object(&c->out, key);
	json_out_text(&c->out, "id", h->id);
	json_out_text(&c->out, "retailer_id",
	              "0a00000f-0000-4000-8000-000000000001");
	json_out_text(&c->out, "type", h->type);
	json_out_text(&c->out, "url", h->url);
	json_out_bool(&c->out, "active", h->is_active);
	json_out_end_object(&c->out);
}

static void
answer_hook(struct lsx_call *c, const struct lsx_hook *h, int status)
{
	c->reply->status = status;
	json_out_object(&c->out, NULL);
	out_hook(c, h, "data");
	json_out_end_object(&c->out);
}

static bool
is_type(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i], text) == 0)
			return true;
	}
	return false;
}

/* {"error":"…"} and no message. */
static void
refuse_twice(struct lsx_call *c)
{
	struct json_out out = { .to = &c->reply->body };

	c->reply->status = 409;
	json_out_object(&out, NULL);
	json_out_text(&out, "error", "The webhook already exists");
	json_out_end_object(&out);
}

/* Another one with the same type and address; NULL: none. */
static struct lsx_hook *
find_twin(struct lightspeed_x *x, const struct lsx_hook *but, const char *type,
          const char *url)
{
	size_t i;

	for (i = 0; i < x->n_hooks; i++) {
		if (&x->hooks[i] != but &&
		    strcmp(x->hooks[i].type, type) == 0 &&
		    strcmp(x->hooks[i].url, url) == 0)
			return &x->hooks[i];
	}
	return NULL;
}

static void
create_hook(struct lsx_call *c)
{
	const char *type = json_text_or(c->body, "type", "");
	const char *url = json_text_or(c->body, "url", "");
	struct lsx_hook *h;

	if (!lsx_check(c, c->body, "active type url"))
		return;
	if (!is_type(type) || url[0] == '\0') {
		lsx_refuse(c, 422, "type or url is wrong");
		return;
	}
	if (find_twin(c->x, NULL, type, url) != NULL) {
		refuse_twice(c);
		return;
	}
	h = add_hook(c->x, type, url);
	if (h == NULL) {
		lsx_refuse(c, 422, "Too many webhooks");
		return;
	}
	h->is_signed = c->is_oauth;
	till_bool(&h->is_active, c->body, "active");
	answer_hook(c, h, 201);
}

static void
list_hooks(struct lsx_call *c)
{
	size_t i;

	json_out_object(&c->out, NULL);
	json_out_array(&c->out, "data");
	for (i = 0; i < c->x->n_hooks; i++)
		out_hook(c, &c->x->hooks[i], NULL);
	json_out_end_array(&c->out);
	json_out_end_object(&c->out);
}

static void
change_hook(struct lsx_call *c, struct lsx_hook *h)
{
	const char *url = json_text_or(c->body, "url", NULL);
	const char *type = json_text_or(c->body, "type", h->type);

	if (!lsx_check(c, c->body, "active type url"))
		return;
	if (!is_type(type)) {
		lsx_refuse(c, 422, "type is wrong");
		return;
	}
	if (find_twin(c->x, h, type, url != NULL ? url : h->url) != NULL) {
		refuse_twice(c);
		return;
	}
	if (strcmp(type, h->type) != 0) {
		free(h->type);
		h->type = sim_dup(type);
	}
	if (url != NULL) {
		free(h->url);
		h->url = sim_dup(url);
	}
	till_bool(&h->is_active, c->body, "active");
	answer_hook(c, h, 200);
}

static void
delete_hook(struct lsx_call *c, struct lsx_hook *h)
{
	struct lightspeed_x *x = c->x;
	size_t at = (size_t)(h - x->hooks);

	answer_hook(c, h, 200);
	free(h->type);
	free(h->url);
	x->n_hooks--;
	memmove(h, h + 1, (x->n_hooks - at) * sizeof(*h));
}

static void
serve_one(struct lsx_call *c)
{
	struct lsx_hook *h = NULL;
	const char *method = c->http->method;
	size_t i;

	for (i = 0; i < c->x->n_hooks; i++) {
		if (strcmp(c->x->hooks[i].id, c->path.part[1]) == 0)
			h = &c->x->hooks[i];
	}
	if (h == NULL)
		lsx_refuse(c, 404, "No such webhook");
	else if (strcmp(method, "GET") == 0)
		answer_hook(c, h, 200);
	else if (strcmp(method, "PUT") == 0)
		change_hook(c, h);
	else if (strcmp(method, "DELETE") == 0)
		delete_hook(c, h);
	else
		lsx_refuse(c, 405, "Method not allowed");
}

bool
lsx_serve_hooks(struct lsx_call *c)
{
	bool is_list = till_path_is(&c->path, "webhooks");

	if (c->api == LSX_2_1 ||
	    (!is_list && !till_path_is(&c->path, "webhooks/*")))
		return false;
	if (!lsx_need_scope(c, "webhooks"))
		return true;
	if (!is_list)
		serve_one(c);
	else if (strcmp(c->http->method, "POST") == 0)
		create_hook(c);
	else if (strcmp(c->http->method, "GET") == 0)
		list_hooks(c);
	else
		lsx_refuse(c, 405, "Method not allowed");
	return true;
}
