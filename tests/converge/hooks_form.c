/*
 * What hooks look like, vendor by vendor, and how each proves itself. What one
 * says of a count is false: it must not be believed.
 */
#include "tests/converge/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/crypto.h"

enum { TIMEOUT_MS = 4000 };

/* ---- Square ---- */

static void
put_event(struct json_out *o, const struct world *w, const char *type,
          int number)
{
	char id[64];

	(void)snprintf(id, sizeof(id), "converge-%llu-%d",
	               (unsigned long long)w->seed, number);
	json_out_text(o, "merchant_id", "MAGORA0000001");
	json_out_text(o, "location_id", "L1");
	json_out_text(o, "type", type);
	json_out_text(o, "event_id", id);
	json_out_text(o, "created_at", "2026-01-01T00:00:00.000Z");
	json_out_object(o, "data");
	json_out_text(o, "type", type);
	json_out_text(o, "id", id);
	json_out_object(o, "object");
}

/* A false count: what it says must not be believed. */
static void
put_count(struct json_out *o, const struct world *w, const struct hook *h)
{
	json_out_array(o, "inventory_counts");
	json_out_object(o, NULL);
	json_out_text(o, "catalog_object_id",
	              w->items[h->item].variation[h->till]);
	json_out_text(o, "catalog_object_type", "ITEM_VARIATION");
	json_out_text(o, "state", "IN_STOCK");
	json_out_text(o, "location_id", "L1");
	json_out_text(o, "quantity", "777");
	json_out_text(o, "calculated_at", "2026-01-01T00:00:00.000Z");
	json_out_end_object(o);
	json_out_end_array(o);
}

static void
put_order(struct json_out *o, const struct world *w, const struct hook *h)
{
	bool is_payment = h->kind == HOOK_PAYMENT;

	json_out_object(o, is_payment ? "payment" : "order_updated");
	json_out_text(o, "order_id", w->orders[h->order].id);
	json_out_text(o, "location_id", "L1");
	json_out_text(o, is_payment ? "status" : "state", "COMPLETED");
	json_out_end_object(o);
}

static char *
square_body(const struct world *w, const struct hook *h, int number)
{
	struct buf body = BUF_INIT;
	struct json_out o = { .to = &body };

	json_out_object(&o, NULL);
	put_event(&o, w,
	          h->kind == HOOK_COUNT     ? "inventory.count.updated"
	          : h->kind == HOOK_PAYMENT ? "payment.updated"
	                                    : "order.updated",
	          number);
	if (h->kind == HOOK_COUNT)
		put_count(&o, w, h);
	else
		put_order(&o, w, h);
	json_out_end_object(&o);
	json_out_end_object(&o);
	json_out_end_object(&o);
	return buf_steal(&body);
}

/* ---- the others ---- */

static char *
galaxy_body(const struct world *w, const struct hook *h)
{
	return text_format("{\"ItemID\":\"%s\"}", w->items[h->item].itemid);
}

/* The thing's product, or a sale of the store. */
static char *
hiboutik_body(const struct world *w, const struct hook *h)
{
	const char *thing = w->items[h->item].variation[h->till];

	if (h->kind == HOOK_COUNT)
		return text_format("product_id=%.*s", (int)strcspn(thing, "/"),
		                   thing);
	return text_format("sale_id=%s&store_id=1&total=777.00",
	                   w->orders[h->order].id);
}

static char *
lightspeed_x_body(const struct world *w, const struct hook *h)
{
	struct buf payload = BUF_INIT;
	struct buf body = BUF_INIT;

	if (h->kind == HOOK_COUNT)
		buf_addf(&payload,
		         "{\"product_id\":\"%s\",\"outlet_id\":\"%s\","
		         "\"count\":777}",
		         w->items[h->item].variation[h->till], till_outlet);
	else
		buf_addf(&payload, "{\"id\":\"%s\",\"status\":\"CLOSED\"}",
		         w->orders[h->order].id);
	buf_addf(&body, "type=%s&payload=",
	         h->kind == HOOK_COUNT ? "inventory.update" : "sale.update");
	buf_add_url(&body, buf_text(&payload));
	buf_fini(&payload);
	return buf_steal(&body);
}

static enum till_kind
kind_of(const struct world *w, const struct hook *hook)
{
	return w->tills[hook->till].kind;
}

char *
hook_body(const struct world *w, const struct hook *hook, int number)
{
	if (hook->kind == HOOK_GALAXY)
		return galaxy_body(w, hook);
	if (kind_of(w, hook) == TILL_HIBOUTIK)
		return hiboutik_body(w, hook);
	if (kind_of(w, hook) == TILL_LIGHTSPEED_X)
		return lightspeed_x_body(w, hook);
	return square_body(w, hook, number);
}

/* ---- the proofs ---- */

static void
add_header(struct hook_request *r, const char *name, const char *value)
{
	r->http.headers[r->http.n_headers++] =
		(struct http_header){ name, value };
}

static const char *
secret_of(const struct world *w, const struct hook *hook,
          enum secret_name secret)
{
	return hook->is_forged ? "forged" : w->secrets[secret];
}

/* A secret, shown in one of three ways. */
static void
prove_galaxy(struct hook_request *r, const struct world *w,
             const struct hook *hook)
{
	const char *secret = secret_of(w, hook, SECRET_GALAXY_HOOK);
	char *with;

	if (hook->form % 3 == 0) {
		r->proof = text_format("Bearer %s", secret);
		add_header(r, "Authorization", r->proof);
		return;
	}
	with = text_format("%s?key=%s&ItemID=%s", r->url, secret,
	                   w->items[hook->item].itemid);
	free(r->url);
	r->url = with;
	if (hook->form % 3 == 2) {
		r->http.method = "GET";
		r->http.body = NULL;
		r->http.n_body = 0;
		r->http.n_headers = 0;
	}
}

/* Square signs URL and body, in base64. */
static void
prove_square(struct hook_request *r, const struct world *w,
             const struct hook *hook)
{
	const char *key = secret_of(w, hook, SECRET_KEY);
	struct crypto_part parts[] = { { r->url, strlen(r->url) },
		                       { r->http.body, r->http.n_body } };
	unsigned char mac[CRYPTO_MAC_MAX];
	size_t n = 0;

	if (!crypto_hmac(mac, &n, CRYPTO_SHA256, key, strlen(key), parts, 2))
		crypto_base64_encode(r->signature, mac, n);
	add_header(r, "x-square-hmacsha256-signature", r->signature);
}

/* A token in the URL. */
static void
prove_hiboutik(struct hook_request *r, const struct world *w,
               const struct hook *hook)
{
	char *with = text_format("%s?k=%s", r->url,
	                         secret_of(w, hook, SECRET_HIBOUTIK_TOKEN));

	free(r->url);
	r->url = with;
}

/* The body alone, in hex. */
static void
prove_lightspeed_x(struct hook_request *r, const struct world *w,
                   const struct hook *hook)
{
	const char *key = secret_of(w, hook, SECRET_X_SECRET);
	struct crypto_part part = { r->http.body, r->http.n_body };
	unsigned char mac[CRYPTO_MAC_MAX];
	char hex[2 * CRYPTO_MAC_MAX + 1] = "";
	size_t n = 0;

	if (!crypto_hmac(mac, &n, CRYPTO_SHA256, key, strlen(key), &part, 1))
		crypto_hex_encode(hex, mac, n);
	(void)snprintf(r->signature, sizeof(r->signature),
	               "signature=%.100s,algorithm=HMAC-SHA256", hex);
	add_header(r, "X-Signature", r->signature);
}

void
hook_request_init(struct hook_request *r, const struct world *w,
                  const struct hook *hook, const char *body)
{
	bool is_galaxy = hook->kind == HOOK_GALAXY;
	enum till_kind kind = is_galaxy ? TILL_SQUARE : kind_of(w, hook);
	bool is_form = kind == TILL_HIBOUTIK || kind == TILL_LIGHTSPEED_X;

	*r = (struct hook_request){
		.http = { .method = "POST",
		          .body = body,
		          .n_body = strlen(body),
		          .timeout_ms = TIMEOUT_MS },
		.url = text_format("%s/hooks/%s", w->hooks_url,
		                   is_galaxy ? "erp"
		                             : w->tills[hook->till].name),
	};
	add_header(r, "Content-Type",
	           is_form ? "application/x-www-form-urlencoded"
	                   : "application/json");
	if (is_galaxy)
		prove_galaxy(r, w, hook);
	else if (kind == TILL_HIBOUTIK)
		prove_hiboutik(r, w, hook);
	else if (kind == TILL_LIGHTSPEED_X)
		prove_lightspeed_x(r, w, hook);
	else
		prove_square(r, w, hook);
	r->http.url = r->url;
}

void
hook_request_fini(struct hook_request *r)
{
	free(r->url);
	free(r->proof);
}
