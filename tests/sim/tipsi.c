/*
 * Tipsi: the door (log-in, cookies, stores, errors), the set-up, the state.
 * tipsi_items.c answers what is asked about items.
 */
#include "tests/sim/tipsi.h"

#include "tests/sim/calls.h"
#include "tests/sim/till_door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ID = 49001, FIRST_EXTERNAL = 10001, N_SESSIONS = 16 };

/* ---- set-up ---- */

struct tipsi_item *
tipsi_make(struct tipsi *tipsi, const char *external_id)
{
	struct tipsi_item *item = sim_alloc(sizeof(*item));
	void *items = tipsi->items;

	sim_grow(&items, &tipsi->cap_items, tipsi->n_items, sizeof(item));
	tipsi->items = items;
	tipsi->items[tipsi->n_items++] = item;
	item->id = tipsi->next_id++;
	item->external_id = sim_dup(external_id);
	item->barcodes = sim_dup("[]");
	item->sku = sim_dup("");
	item->updated_us = sim_now_us(tipsi->sim);
	return item;
}

struct tipsi_item *
tipsi_add(struct tipsi *tipsi, struct galaxy_item *item,
          struct galaxy_balance *balance)
{
	struct till_goods goods;
	struct tipsi_item *made;
	char external[24];

	snprintf(external, sizeof(external), "%lld",
	         (long long)(tipsi->next_id - FIRST_ID + FIRST_EXTERNAL));
	made = tipsi_make(tipsi, external);
	till_goods_init(&goods, item, balance);
	free(made->sku);
	free(made->barcodes);
	made->sku = sim_dup(goods.sku);
	made->name = sim_dup(goods.name);
	made->barcodes = text_format("[\"%s\"]", goods.barcode);
	till_goods_fini(&goods);
	if (made->barcodes == NULL)
		abort();
	made->balance = balance;
	made->price = item->price;
	made->has_price = true;
	made->is_number = made->id % 2 == 0;
	made->is_drink = made->id % 3 == 0;
	made->is_matched = true;
	made->has_stock = true;
	if (decimal_to_scaled(
		    &made->in_stock,
		    decimal_round(balance->quantity, 0, DECIMAL_FLOOR), 0) != 0)
		abort();
	return made;
}

void
tipsi_init(struct tipsi *tipsi, struct sim *sim,
           const struct tipsi_options *options)
{
	struct till_walk walk = { .galaxy = sim->galaxy };

	*tipsi = (struct tipsi){ .sim = sim,
		                 .options = *options,
		                 .is = { .lost_status = 401, .page_max = 1000 },
		                 .next_id = FIRST_ID };
	if (options->password == NULL)
		return;
	while (till_walk_next(&walk))
		tipsi_add(tipsi, walk.item, walk.balance);
	sim->tipsi = tipsi;
}

static void
free_item(struct tipsi_item *item)
{
	free(item->external_id);
	free(item->barcodes);
	free(item->name);
	free(item->sku);
	free(item);
}

void
tipsi_fini(struct tipsi *tipsi)
{
	size_t i;

	for (i = 0; i < tipsi->n_items; i++)
		free_item(tipsi->items[i]);
	free(tipsi->items);
}

struct tipsi_item *
tipsi_find(struct tipsi *tipsi, const char *text)
{
	size_t i;

	for (i = 0; i < tipsi->n_items; i++) {
		if (strcmp(tipsi->items[i]->external_id, text) == 0 ||
		    strcmp(tipsi->items[i]->sku, text) == 0)
			return tipsi->items[i];
	}
	return NULL;
}

void
tipsi_count(struct tipsi *tipsi, struct tipsi_item *item, bool has_stock,
            int64_t in_stock)
{
	item->has_stock = has_stock;
	item->in_stock = in_stock;
	item->updated_us = sim_now_us(tipsi->sim);
}

void
tipsi_delete(struct tipsi *tipsi, struct tipsi_item *item)
{
	size_t i = 0;

	while (tipsi->items[i] != item)
		i++;
	free_item(item);
	tipsi->n_items--;
	memmove(&tipsi->items[i], &tipsi->items[i + 1],
	        (tipsi->n_items - i) * sizeof(tipsi->items[0]));
}

static void
add_name(void *till, struct buf *out, const char *sku)
{
	const struct tipsi_item *item = tipsi_find(till, sku);

	if (item != NULL)
		buf_adds(out, item->external_id);
}

void
tipsi_registry(struct tipsi *tipsi, struct buf *csv)
{
	till_column(csv, tipsi->options.account, tipsi, add_name);
}

/* ---- the session ---- */

void
tipsi_expire_sessions(struct tipsi *tipsi)
{
	memset(tipsi->sessions, 0, sizeof(tipsi->sessions));
}

/* The call's Cookie header has exactly this pair. */
static bool
has_cookie(const struct http_call *call, const char *name, const char *value)
{
	const char *p = sim_header(call, "Cookie");
	char pair[64];
	size_t n;

	snprintf(pair, sizeof(pair), "%s=%s", name, value);
	while (*p != '\0') {
		n = strcspn(p, ";");
		if (n == strlen(pair) && memcmp(p, pair, n) == 0)
			return true;
		p += n;
		p += strspn(p, "; ");
	}
	return false;
}

static bool
is_logged_in(const struct tipsi *tipsi, const struct http_call *call)
{
	const struct tipsi_session *s;
	int i;

	for (i = 0; i < N_SESSIONS; i++) {
		s = &tipsi->sessions[i];
		if (s->name[0] != '\0' && has_cookie(call, s->name, s->value) &&
		    has_cookie(call, "affinity", s->affinity))
			return true;
	}
	return false;
}

static struct json *
read_login(const struct http_call *call)
{
	struct json *doc = NULL;

	if (strstr(sim_header(call, "Content-Type"), "application/json") ==
	    NULL)
		return till_form(call->body, call->n_body);
	if (json_parse(&doc, call->body, call->n_body) != 0)
		return NULL;
	return doc;
}

/* The name of the cookie is another one each time. */
static void
open_session(struct tipsi *tipsi, struct server_reply *reply)
{
	struct tipsi_session *s;

	s = &tipsi->sessions[tipsi->next_session++ % N_SESSIONS];
	sim_token(tipsi->sim, s->name, 10);
	sim_token(tipsi->sim, s->value, 32);
	sim_token(tipsi->sim, s->affinity, 24);
	buf_addf(&reply->headers,
	         "Set-Cookie: affinity=%s; Path=/\r\n"
	         "Set-Cookie: %s=%s; Path=/; HttpOnly; SameSite=Lax\r\n",
	         s->affinity, s->name, s->value);
	buf_adds(&reply->body, "{}");
}

static void
log_in(struct tipsi *tipsi, const struct http_call *call,
       struct server_reply *reply)
{
	struct json *doc = read_login(call);
	const struct json_node *o = doc != NULL ? json_root(doc) : NULL;

	if (strcmp(call->method, "POST") != 0) {
		tipsi_refuse(reply, 405, NULL, "Method not allowed.");
	} else if (json_text_or(o, "username", NULL) == NULL ||
	           json_text_or(o, "password", NULL) == NULL) {
		tipsi_refuse(reply, 400, "username", "This field is required.");
	} else if (strcmp(json_text_or(o, "username", ""),
	                  tipsi->options.username) != 0 ||
	           strcmp(json_text_or(o, "password", ""),
	                  tipsi->options.password) != 0) {
		tipsi_refuse(reply, 401, NULL,
		             "Unable to log in with provided credentials.");
	} else {
		tipsi->n_logins++;
		open_session(tipsi, reply);
	}
	json_free(doc);
}

/* ---- the door ---- */

void
tipsi_refuse(struct server_reply *reply, int status, const char *field,
             const char *message)
{
	struct json_out out = { .to = &reply->body };

	reply->status = status;
	buf_reset(&reply->body);
	json_out_object(&out, NULL);
	if (field == NULL) {
		json_out_text(&out, "detail", message);
	} else {
		json_out_array(&out, field);
		json_out_text(&out, NULL, message);
		json_out_end_array(&out);
	}
	json_out_end_object(&out);
}

/* A call in hand. */
struct call {
	struct tipsi *tipsi;
	const struct http_call *http;
	struct server_reply *reply;
};

static void
answer(void *ctx)
{
	struct call *c = ctx;
	struct tipsi *tipsi = c->tipsi;
	const struct http_call *call = c->http;
	struct server_reply *reply = c->reply;
	struct till_path path;

	reply->status = 200;
	till_path_init(&path, call->path);
	if (till_path_is(&path, "api/rest/v001/login"))
		log_in(tipsi, call, reply);
	else if (!is_logged_in(tipsi, call))
		tipsi_refuse(reply, (int)tipsi->is.lost_status, NULL,
		             "Authentication credentials were not provided.");
	else if (path.n < 6 || strcmp(path.part[2], "v001") != 0 ||
	         strcmp(path.part[3], "store") != 0 ||
	         strcmp(path.part[4], tipsi->options.store) != 0 ||
	         !tipsi_serve_store(tipsi, call, &path, reply))
		tipsi_refuse(reply, 404, NULL, "Not found.");
	till_path_fini(&path);
}

static void
refuse(void *ctx, int status)
{
	struct call *c = ctx;

	tipsi_refuse(c->reply, status, NULL, "Simulated trouble.");
}

void
tipsi_serve(void *ctx, const struct http_call *call, struct server_reply *reply)
{
	struct tipsi *tipsi = ctx;
	struct call c = { tipsi, call, reply };
	const struct till_door door = { tipsi->sim, SIM_TIPSI, &c, answer,
		                        refuse };

	till_door_serve(&door, call, reply);
}

/* ---- state ---- */

void
tipsi_print_state(struct tipsi *tipsi, struct json_out *out)
{
	const struct tipsi_item *item;
	size_t i;

	json_out_array(out, "items");
	for (i = 0; i < tipsi->n_items; i++) {
		item = tipsi->items[i];
		json_out_object(out, NULL);
		json_out_text(out, "external_id", item->external_id);
		json_out_text(out, "sku", item->sku);
		if (item->has_stock)
			json_out_int(out, "in_stock", item->in_stock);
		else
			json_out_null(out, "in_stock");
		json_out_int(out, "writes", item->n_writes);
		json_out_end_object(out);
	}
	json_out_end_array(out);
	json_out_int(out, "logins", tipsi->n_logins);
	json_out_int(out, "created", tipsi->n_created);
	json_out_int(out, "clears", tipsi->n_clears);
	calls_print(tipsi->sim, SIM_TIPSI, out, "calls");
}
