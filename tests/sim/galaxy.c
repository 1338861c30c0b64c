/*
 * Galaxy: the door (log-in, sessions, scenarios, paths) and the stock.
 * Lists are in galaxy_lists.c, their rows in galaxy_items.c, galaxy_rows.c and
 * galaxy_customer.c, posted entries in galaxy_entry.c.
 */
#define _DEFAULT_SOURCE 1 /* strcasecmp under -std=c17 */

#include "tests/sim/galaxy.h"

#include "gateway/base/clock.h"
#include "tests/sim/calls.h"
#include "tests/sim/fault.h"
#include "tests/sim/hooks.h"
#include "tests/sim/shop.h"
#include "tests/sim/zip.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- ids ---- */

void
galaxy_out_guid(bool is_upper, struct json_out *out, const char *key,
                const char *guid)
{
	char text[GALAXY_GUID_SIZE];
	size_t i;

	if (guid == NULL) {
		json_out_null(out, key);
		return;
	}
	for (i = 0; i < GALAXY_GUID_SIZE; i++)
		text[i] = is_upper ? (char)toupper((unsigned char)guid[i])
		                   : guid[i];
	json_out_text(out, key, text);
}

void
galaxy_out_row(bool is_upper, struct json_out *out, const char *key,
               enum galaxy_kind kind, int n)
{
	char guid[GALAXY_GUID_SIZE];

	if (n >= 0)
		galaxy_guid(guid, kind, (unsigned)n);
	galaxy_out_guid(is_upper, out, key, n >= 0 ? guid : NULL);
}

/* ---- stock ---- */

static struct galaxy_item *
keep_item(struct galaxy *galaxy, struct galaxy_item *item)
{
	void *items = galaxy->items;

	sim_grow(&items, &galaxy->cap_items, galaxy->n_items, sizeof(item));
	galaxy->items = items;
	galaxy->items[galaxy->n_items++] = item;
	return item;
}

struct galaxy_item *
galaxy_add_item(struct galaxy *galaxy, const char *code, const char *name,
                struct decimal price, struct decimal stock)
{
	struct galaxy_item *item = sim_alloc(sizeof(*item));
	unsigned n = (unsigned)galaxy->n_items;

	galaxy_guid(item->itemid, GALAXY_ITEM, n);
	galaxy_guid(item->id, GALAXY_ITEM_ROW, n);
	item->number = n;
	item->code = sim_dup(code);
	item->name = sim_dup(name);
	item->price = price;
	item->has_web_price = n % 3 == 1;
	item->weight_g = 250;
	item->dimension = -1;
	item->dimension2 = -1;
	item->leaf = 1;
	item->revision = ++galaxy->revision;
	item->balances[0].value = -1;
	item->balances[0].value2 = -1;
	item->balances[0].opening = stock;
	item->balances[0].quantity = stock;
	item->n_balances = 1;
	return keep_item(galaxy, item);
}

/* The stock of a new shop came in long ago, so FromDateTime misses it. */
static void
backdate(struct galaxy *galaxy, struct galaxy_item *item)
{
	const int64_t month_us = (int64_t)30 * 86400 * 1000000;
	size_t i;

	for (i = 0; i < item->n_balances; i++)
		item->balances[i].changed_us =
			sim_now_us(galaxy->sim) - month_us;
}

static void
add_products(struct galaxy *galaxy)
{
	struct shop_product product;
	struct galaxy_item *item;
	char code[16];
	unsigned i;

	for (i = 0; i < galaxy->options.n_items; i++) {
		shop_product(&product, galaxy->sim, i);
		snprintf(code, sizeof(code), "21-%04u", i + 1);
		item = galaxy_add_item(galaxy, code, product.name,
		                       product.price, product.stock);
		item->vat = product.vat;
		item->n_decimals = product.n_decimals;
		item->ext = i % 4 == 0 ? product.note : NULL;
		item->leaf = 2 + (int)(i % 23);
		item->n_attributes = (int)(i % 3);
		item->n_images = i % 2 == 0;
		item->has_pack = i % 5 == 0 && product.n_decimals == 0;
		backdate(galaxy, item);
	}
}

static void
add_sized(struct galaxy *galaxy)
{
	struct galaxy_item *item;
	char code[16];
	unsigned i;
	int size;

	for (i = 0; i < galaxy->options.n_sized; i++) {
		snprintf(code, sizeof(code), "31-%04u", i + 1);
		item = galaxy_add_item(
			galaxy, code, shop_sized_names[i % SHOP_N_SIZED],
			decimal_of_scaled(1490, 2), DECIMAL_ZERO);
		item->dimension = 0;
		item->n_images = 2;
		item->has_pack = i % 2 == 1;
		item->n_balances = SHOP_N_SIZES;
		for (size = 0; size < SHOP_N_SIZES; size++) {
			item->balances[size].value = size;
			item->balances[size].value2 = -1;
			item->balances[size].opening =
				decimal_of(10 + sim_below(galaxy->sim, 20));
			item->balances[size].quantity =
				item->balances[size].opening;
		}
		backdate(galaxy, item);
	}
}

void
galaxy_init(struct galaxy *galaxy, struct sim *sim,
            const struct galaxy_options *options)
{
	*galaxy = (struct galaxy){ .sim = sim, .options = *options };
	/* its own, so that the shop stays what it is with any number of them */
	galaxy->seed = sim->chance * 0x2545f4914f6cdd1du + 1;
	galaxy->is.lost_status = 401;
	galaxy->is.refusal_status = 400;
	galaxy->is.query_max = 2048;
	add_products(galaxy);
	add_sized(galaxy);
	galaxy_rows_init(galaxy);
	galaxy_customers_init(galaxy);
	if (options->n_generated > 0 &&
	    galaxy_generate(galaxy, options->n_generated) != NULL)
		abort();
	sim->galaxy = galaxy;
}

const char *
galaxy_generate(struct galaxy *galaxy, int64_t n)
{
	if (galaxy->n_generated > 0)
		return "items: are generated once";
	if (n < 1 || n > GALAXY_GENERATED_MAX)
		return "items: from 1 to a million";
	galaxy->n_generated = (unsigned)n;
	galaxy->generated_revision = galaxy->revision;
	galaxy->revision += n;
	galaxy->changed = sim_alloc((size_t)n * sizeof(struct galaxy_item *));
	return NULL;
}

void
galaxy_fini(struct galaxy *galaxy)
{
	size_t i;

	for (i = 0; i < galaxy->n_items; i++) {
		free(galaxy->items[i]->code);
		free(galaxy->items[i]->name);
		free(galaxy->items[i]->next_name);
		free(galaxy->items[i]);
	}
	for (i = 0; i < galaxy->n_entries; i++) {
		free(galaxy->entries[i].docid);
		free(galaxy->entries[i].docdate);
		free(galaxy->entries[i].lines);
		buf_fini(&galaxy->entries[i].documents);
	}
	free(galaxy->items);
	free(galaxy->changed);
	free(galaxy->entries);
	buf_fini(&galaxy->gone);
	galaxy_customers_fini(galaxy);
	galaxy_rows_fini(galaxy);
}

/* ---- finding ---- */

/* A generated item comes to stay when somebody has to do with it. */
static struct galaxy_item *
keep_generated(struct galaxy *galaxy, unsigned n)
{
	struct galaxy_generated made;
	struct galaxy_item *item;

	if (galaxy->changed[n] != NULL)
		return galaxy->changed[n];
	galaxy_make_item(&made, galaxy->seed, n,
	                 galaxy->generated_revision + n + 1);
	item = sim_alloc(sizeof(*item));
	*item = made.item;
	item->code = sim_dup(made.code);
	item->name = sim_dup(made.name);
	backdate(galaxy, item);
	galaxy->changed[n] = item;
	return keep_item(galaxy, item);
}

static struct galaxy_item *
find_generated(struct galaxy *galaxy, const char *code, size_t n_code)
{
	char mine[GALAXY_CODE_SIZE];
	unsigned long n;

	if (n_code != 9 || strncmp(code, "41-", 3) != 0)
		return NULL;
	n = strtoul(code + 3, NULL, 10);
	snprintf(mine, sizeof(mine), "41-%06lu", n);
	if (n < 1 || n > galaxy->n_generated || strncmp(mine, code, 9) != 0)
		return NULL;
	return keep_generated(galaxy, (unsigned)n - 1);
}

static struct galaxy_item *
find_plain(struct galaxy *galaxy, const char *code, size_t n)
{
	struct galaxy_item *item;
	size_t i;

	for (i = 0; i < galaxy->n_items; i++) {
		item = galaxy->items[i];
		if (strlen(item->code) == n && memcmp(item->code, code, n) == 0)
			return item;
	}
	return find_generated(galaxy, code, n);
}

/* Value codes with a colon between them, as the state shows them. */
static void
format_values(char out[32], const struct galaxy_item *item,
              const struct galaxy_balance *balance)
{
	out[0] = '\0';
	if (balance->value >= 0)
		snprintf(out, 32, "%s",
		         galaxy_value_code(item->dimension, balance->value));
	if (balance->value2 >= 0)
		snprintf(out + strlen(out), 32 - strlen(out), ":%s",
		         galaxy_value_code(item->dimension2, balance->value2));
}

struct galaxy_item *
galaxy_find_code(struct galaxy *galaxy, const char *code,
                 struct galaxy_balance **balance)
{
	size_t n = strcspn(code, ":");
	struct galaxy_item *item = find_plain(galaxy, code, n);
	char values[32];
	size_t i;

	for (i = 0; item != NULL && i < item->n_balances; i++) {
		*balance = &item->balances[i];
		format_values(values, item, *balance);
		if (code[n] == '\0' || strcmp(values, code + n + 1) == 0)
			return item;
	}
	return NULL;
}

struct galaxy_item *
galaxy_find_item(struct galaxy *galaxy, const char *itemid)
{
	struct galaxy_item *item = NULL;
	unsigned n;

	if (galaxy_parse_scrambled(&n, galaxy->seed, itemid, GALAXY_ITEM) &&
	    n < galaxy->n_generated)
		item = keep_generated(galaxy, n);
	else if (galaxy_parse_guid(&n, itemid, GALAXY_ITEM) &&
	         n < galaxy->n_items && !galaxy->items[n]->is_generated)
		item = galaxy->items[n];
	return item != NULL && !item->is_gone ? item : NULL;
}

void
galaxy_touch(struct galaxy *galaxy, struct galaxy_item *item)
{
	item->revision = ++galaxy->revision;
}

void
galaxy_hold(struct galaxy *galaxy, struct galaxy_item *item, bool is_new,
            const char *name)
{
	if (is_new) {
		item->visible_us = INT64_MAX;
		return;
	}
	free(item->next_name);
	item->next_name = sim_dup(name);
	item->next_revision = ++galaxy->revision;
}

bool
galaxy_commit(struct galaxy_item *item)
{
	if (item->next_name == NULL && item->visible_us != INT64_MAX)
		return false;
	if (item->next_name != NULL) {
		free(item->name);
		item->name = item->next_name;
		item->next_name = NULL;
		item->revision = item->next_revision;
	}
	item->visible_us = 0;
	return true;
}

void
galaxy_delete_guid(struct galaxy *galaxy, const char *guid)
{
	if (galaxy->gone.n == 0)
		buf_addc(&galaxy->gone, ',');
	buf_adds(&galaxy->gone, guid);
	buf_addc(&galaxy->gone, ',');
}

static void
transact(struct galaxy *galaxy, struct galaxy_item *item,
         struct galaxy_balance *b)
{
	b->quantity =
		decimal_sub(decimal_add(b->opening, b->received), b->posted);
	b->changed_us = sim_now_us(galaxy->sim);
	hooks_galaxy(galaxy->sim->hooks[SIM_GALAXY], item->itemid);
}

void
galaxy_receive(struct galaxy *galaxy, struct galaxy_item *item,
               struct galaxy_balance *balance, struct decimal quantity)
{
	balance->received = decimal_add(balance->received, quantity);
	transact(galaxy, item, balance);
}

void
galaxy_issue(struct galaxy *galaxy, struct galaxy_item *item,
             struct galaxy_balance *balance, struct decimal quantity)
{
	balance->posted = decimal_add(balance->posted, quantity);
	transact(galaxy, item, balance);
}

/* ---- answers ---- */

void
galaxy_refuse(struct server_reply *reply, int status, const char *code,
              const char *field, const char *message)
{
	struct json_out out = { .to = &reply->body };

	reply->status = status;
	buf_reset(&reply->body);
	json_out_object(&out, NULL);
	json_out_object(&out, "ResponseStatus");
	json_out_text(&out, "ErrorCode", code);
	json_out_text(&out, "Message", message);
	json_out_text(&out, "StackTrace", "");
	json_out_array(&out, "Errors");
	if (field != NULL) {
		json_out_object(&out, NULL);
		json_out_text(&out, "ErrorCode", code);
		json_out_text(&out, "FieldName", field);
		json_out_text(&out, "Message", message);
		json_out_end_object(&out);
	}
	json_out_end_array(&out);
	json_out_end_object(&out);
	json_out_end_object(&out);
}

/* ---- sessions ---- */

static bool
is_member(const char *key, const char *name)
{
	return strcasecmp(key, name) == 0;
}

struct login {
	struct buf username;
	struct buf password;
};

static bool
visit_login(void *ctx, const char *key, const struct json_node *value)
{
	struct login *login = ctx;
	const char *text = json_text(value);

	if (text != NULL && is_member(key, "username"))
		buf_adds(&login->username, text);
	if (text != NULL && is_member(key, "password"))
		buf_adds(&login->password, text);
	return true;
}

static void
read_login(struct login *login, const struct http_call *call)
{
	struct json *doc = NULL;

	if (strcmp(call->method, "GET") == 0) {
		sim_param(&login->username, call->query, "username");
		sim_param(&login->password, call->query, "password");
	} else if (json_parse(&doc, call->body, call->n_body) == 0) {
		json_each(json_root(doc), visit_login, login);
	} else {
		sim_param(&login->username, call->body, "username");
		sim_param(&login->password, call->body, "password");
	}
	json_free(doc);
}

static void
open_session(struct galaxy *galaxy, struct server_reply *reply)
{
	struct galaxy_session *session;
	struct json_out out = { .to = &reply->body };

	session = &galaxy->sessions[galaxy->next_session++ % 64];
	sim_token(galaxy->sim, session->id, 20);
	session->until_mono_ms = clock_mono_ms() + galaxy->options.session_ms;
	session->n_calls = 0;
	galaxy->n_logins++;
	reply->status = 200;
	buf_addf(&reply->headers,
	         "Set-Cookie: ss-id=%s; path=/; HttpOnly\r\n"
	         "Set-Cookie: ss-pid=%s; path=/; HttpOnly\r\n"
	         "Set-Cookie: ss-opt=temp; path=/; HttpOnly\r\n",
	         session->id, session->id);
	json_out_object(&out, NULL);
	json_out_text(&out, "SessionId", session->id);
	json_out_text(&out, "UserName", galaxy->options.username);
	json_out_text(&out, "ReferrerUrl", "");
	json_out_object(&out, "ResponseStatus");
	json_out_end_object(&out);
	json_out_end_object(&out);
}

static void
log_in(struct galaxy *galaxy, const struct http_call *call,
       struct server_reply *reply)
{
	struct login login = { .username = BUF_INIT };

	read_login(&login, call);
	if (strcmp(buf_text(&login.username), galaxy->options.username) == 0 &&
	    strcmp(buf_text(&login.password), galaxy->options.password) == 0)
		open_session(galaxy, reply);
	else
		galaxy_refuse(reply, 401, "Unauthorized", NULL,
		              "Invalid UserName or Password");
	buf_fini(&login.username);
	buf_fini(&login.password);
}

/* NULL: it has had all the calls that it lives for. */
static struct galaxy_session *
use_session(struct galaxy *galaxy, struct galaxy_session *session)
{
	int64_t max = galaxy->is.session_calls;

	if (max > 0 && session->n_calls >= max) {
		memset(session, 0, sizeof(*session));
		return NULL;
	}
	session->n_calls++;
	return session;
}

/* The session named by the ss-id cookie, if it lives. */
static struct galaxy_session *
find_session(struct galaxy *galaxy, const struct http_call *call)
{
	const char *cookie = sim_header(call, "Cookie");
	const char *id;
	size_t n;
	size_t i;

	for (id = strstr(cookie, "ss-id=");
	     id != NULL && id != cookie && id[-1] != ' ' && id[-1] != ';';
	     id = strstr(id + 1, "ss-id="))
		continue;
	if (id == NULL)
		return NULL;
	id += strlen("ss-id=");
	n = strcspn(id, "; ");
	for (i = 0; i < 64; i++) {
		if (n == 20 && memcmp(galaxy->sessions[i].id, id, n) == 0 &&
		    clock_mono_ms() < galaxy->sessions[i].until_mono_ms)
			return use_session(galaxy, &galaxy->sessions[i]);
	}
	return NULL;
}

void
galaxy_expire_sessions(struct galaxy *galaxy)
{
	memset(galaxy->sessions, 0, sizeof(galaxy->sessions));
}

static void
log_out(struct galaxy *galaxy, const struct http_call *call,
        struct server_reply *reply)
{
	struct galaxy_session *session = find_session(galaxy, call);

	if (session != NULL)
		memset(session, 0, sizeof(*session));
	reply->status = 200;
	buf_adds(&reply->body, "{}");
}

/* ---- scenarios ---- */

/* A Sync call needs a scenario, unless one is the default. */
static bool
check_scenario(struct galaxy *galaxy, const struct http_call *call,
               struct server_reply *reply)
{
	struct buf id = BUF_INIT;
	bool is_named = sim_param(&id, call->query, "WebScenID");
	bool is_known =
		galaxy_find_row(galaxy, GALAXY_SCENARIO, buf_text(&id)) >= 0;

	buf_fini(&id);
	if (is_named && !is_known)
		galaxy_refuse(reply, 400, "ArgumentException", "WebScenID",
		              "Unknown web scenario");
	else if (!is_named && galaxy->is.default_scenario < 0)
		galaxy_refuse(reply, 400, "ArgumentNullException", "WebScenID",
		              "There is no default web scenario");
	else
		return true;
	return false;
}

/* ---- paths ---- */

static void
serve_action(struct galaxy *galaxy, const char *name,
             const struct http_call *call, struct server_reply *reply)
{
	bool is_entry = strcmp(name, "postentry") == 0;

	if (!is_entry && strcmp(name, "postcustomer") != 0)
		galaxy_refuse(reply, 404, "NotFound", NULL,
		              "Handler for Request not found");
	else if (strcmp(call->method, "POST") != 0)
		galaxy_refuse(reply, 405, "NotImplementedException", NULL,
		              "POST only");
	else if (is_entry)
		galaxy_post_entry(galaxy, call, reply);
	else
		galaxy_post_customer(galaxy, call, reply);
}

static void
serve_sync(struct galaxy *galaxy, const char *name,
           const struct http_call *call, struct server_reply *reply)
{
	bool is_list = strcmp(name, "webscenarios") == 0;
	const char *action;

	if (!is_list && !check_scenario(galaxy, call, reply))
		return;
	if (sim_after(&action, name, "actions/"))
		serve_action(galaxy, action, call, reply);
	else if (!galaxy_list(galaxy, name, call, reply))
		galaxy_refuse(reply, 404, "NotFound", NULL,
		              "Handler for Request not found");
}

static void
route(struct galaxy *galaxy, const struct http_call *call,
      struct server_reply *reply)
{
	const char *rest;

	if (strcmp(call->path, "/auth/logout") == 0)
		log_out(galaxy, call, reply);
	else if (strcmp(call->path, "/auth") == 0 ||
	         sim_after(&rest, call->path, "/auth/"))
		log_in(galaxy, call, reply);
	else if (find_session(galaxy, call) == NULL)
		galaxy_refuse(reply, (int)galaxy->is.lost_status,
		              galaxy->is.lost_status == 403 ? "Forbidden"
		                                            : "Unauthorized",
		              NULL, "Not authenticated");
	else if (sim_after(&rest, call->path, "/services/sync/"))
		serve_sync(galaxy, rest, call, reply);
	else if (sim_after(&rest, call->path, "/api/glx/entities/itemimage/") &&
	         strcmp(call->method, "GET") == 0)
		galaxy_send_image(galaxy, rest, reply);
	else
		galaxy_find_entry(galaxy, call, reply);
}

/* A client that does not ask for JSON gets the framework's page. */
static bool
wants_json(const struct http_call *call)
{
	struct buf format = BUF_INIT;
	bool is_json;

	is_json = strstr(sim_header(call, "Accept"), "application/json") !=
	                  NULL ||
	          (sim_param(&format, call->query, "format") &&
	           strcmp(buf_text(&format), "json") == 0);
	buf_fini(&format);
	return is_json;
}

static void
screen(struct galaxy *galaxy, const struct http_call *call,
       struct server_reply *reply)
{
	if ((int64_t)strlen(call->query) > galaxy->is.query_max) {
		reply->status = 404;
		reply->content_type = "text/html";
		buf_adds(&reply->body, "<html><body><h2>404.15 - Query String "
		                       "Too Long</h2></body></html>\n");
	} else if (!wants_json(call)) {
		reply->status = 200;
		reply->content_type = "text/html";
		buf_adds(&reply->body, "<!doctype html><html><body>Snapshot "
		                       "of a response</body></html>\n");
	} else {
		route(galaxy, call, reply);
	}
}

static bool
accepts_gzip(const struct http_call *call)
{
	return strstr(sim_header(call, "Accept-Encoding"), "gzip") != NULL;
}

void
galaxy_serve(void *ctx, const struct http_call *call,
             struct server_reply *reply)
{
	struct galaxy *galaxy = ctx;
	struct fault fault = { .mode = FAULT_NONE };
	struct calls *count;

	pthread_mutex_lock(&galaxy->sim->lock);
	count = calls_count(galaxy->sim, SIM_GALAXY, call->method, call->path);
	if (fault_take(&fault, galaxy->sim, SIM_GALAXY, call->method,
	               call->path))
		count->n_faults++;
	if (fault.mode == FAULT_STATUS) {
		galaxy_refuse(reply, fault.status, "WebServiceException", NULL,
		              "Simulated trouble");
	} else if (!fault_is_early(&fault)) {
		reply->is_piecewise = fault_is_inside(&fault);
		screen(galaxy, call, reply);
		count->n_refused += reply->status >= 400;
	}
	if (reply->status < 400 || !fault_is_inside(&fault))
		fault_apply(&fault, reply);
	if (fault_ends_session(&fault))
		galaxy_expire_sessions(galaxy);
	if (galaxy->is.zips && accepts_gzip(call) && reply->status < 400)
		zip_reply(reply);
	pthread_mutex_unlock(&galaxy->sim->lock);
}

/* ---- state ---- */

static void
print_item(const struct galaxy_item *item, struct json_out *out)
{
	const struct galaxy_balance *b;
	char code[96];
	char values[32];
	size_t i;

	for (i = 0; i < item->n_balances; i++) {
		b = &item->balances[i];
		format_values(values, item, b);
		snprintf(code, sizeof(code), "%s%s%s", item->code,
		         values[0] != '\0' ? ":" : "", values);
		json_out_object(out, NULL);
		json_out_text(out, "code", code);
		json_out_text(out, "name", item->name);
		json_out_text(out, "itemid", item->itemid);
		json_out_text(out, "id", item->id);
		json_out_decimal(out, "balance", b->quantity);
		json_out_decimal(out, "opening", b->opening);
		json_out_decimal(out, "received", b->received);
		json_out_decimal(out, "posted", b->posted);
		json_out_int(out, "asked", b->n_asked);
		json_out_int(out, "revision", item->revision);
		json_out_end_object(out);
	}
}

void
galaxy_print_state(struct galaxy *galaxy, struct json_out *out)
{
	const struct galaxy_entry *e;
	size_t i;

	json_out_array(out, "items");
	for (i = 0; i < galaxy->n_items; i++) {
		if (!galaxy->items[i]->is_gone)
			print_item(galaxy->items[i], out);
	}
	json_out_end_array(out);
	json_out_int(out, "generated", galaxy->n_generated);
	json_out_int(out, "revision", galaxy->revision);
	json_out_int(out, "customers_in_all", (int64_t)galaxy->n_customers);
	json_out_array(out, "entries");
	for (i = 0; i < galaxy->n_entries; i++) {
		e = &galaxy->entries[i];
		json_out_object(out, NULL);
		json_out_text(out, "docid", e->docid);
		json_out_int(out, "posts", e->n_posts);
		json_out_int(out, "repeats", e->n_repeats);
		json_out_raw(out, "lines", e->lines);
		json_out_decimal(out, "total", e->total);
		json_out_end_object(out);
	}
	json_out_end_array(out);
	json_out_int(out, "refused_posts", galaxy->n_refused_posts);
	json_out_int(out, "logins", galaxy->n_logins);
	calls_print(galaxy->sim, SIM_GALAXY, out, "calls");
}
