/*
 * Lightspeed R: the door (account, token, scopes, bucket, errors, XML) and the
 * set-up. lightspeed_r_token.c hands out tokens, lightspeed_r_rows.c and
 * lightspeed_r_list.c read, lightspeed_r_stock.c and lightspeed_r_sales.c
 * write, lightspeed_r_till.c is the till itself.
 */
#include "tests/sim/lightspeed_r.h"

#include "gateway/base/clock.h"
#include "tests/sim/till_door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BUCKET_SIZE = 90,
	BURST_MAX = 20,
	MILLI = 1000,
	EXPIRES_S = 1800,
	REFRESHES_MAX = 5,
	PAGE_ROWS = 100,
};

/* ---- set-up ---- */

/* Without its VAT; the till adds the tax again. */
static struct decimal
net_of(struct decimal gross, int vat)
{
	return decimal_mul_div(gross, decimal_of(100), decimal_of(100 + vat), 2,
	                       DECIMAL_HALF_UP);
}

struct lsr_thing *
lsr_add(struct lightspeed_r *r, struct galaxy_item *item,
        struct galaxy_balance *balance)
{
	const struct lsr_thing *before =
		r->n_things > 0 ? r->things[r->n_things - 1] : NULL;
	struct lsr_thing *t;
	void *grown = r->things;
	int64_t count;

	if (!till_is_whole(&count, item, balance))
		return NULL;
	t = sim_alloc(sizeof(*t));
	till_goods_init(&t->goods, item, balance);
	t->id = lsr_next_id(r);
	t->price = net_of(t->goods.price, t->goods.vat);
	t->stamp_us = sim_now_us(r->sim);
	if (balance->value >= 0)
		t->matrix = before != NULL && before->goods.item == item
		                    ? before->matrix
		                    : t->id;
	t->sum.id = lsr_next_id(r);
	t->sum.stamp_us = t->stamp_us;
	t->sum.qoh = count;
	t->shops[0] = t->sum;
	t->shops[0].id = lsr_next_id(r);
	sim_grow(&grown, &r->cap_things, r->n_things, sizeof(t));
	r->things = grown;
	r->things[r->n_things++] = t;
	return t;
}

void
lsr_init(struct lightspeed_r *r, struct sim *sim,
         const struct lsr_options *options)
{
	struct till_walk walk = { .galaxy = sim->galaxy };

	*r = (struct lightspeed_r){ .sim = sim, .options = *options };
	r->is = (struct lsr_switches){
		.bucket_size = BUCKET_SIZE,
		.drip_milli = MILLI,
		.burst_max = BURST_MAX,
		.expires_s = EXPIRES_S,
		.refreshes_max = REFRESHES_MAX,
		.page_rows = PAGE_ROWS,
		.scopes = "employee:all",
	};
	r->leaked_ms = clock_mono_ms();
	lsr_token_first(r);
	while (till_walk_next(&walk))
		lsr_add(r, walk.item, walk.balance);
	sim->lightspeed_r = r;
}

void
lsr_fini(struct lightspeed_r *r)
{
	size_t i;

	for (i = 0; i < r->n_things; i++) {
		till_goods_fini(&r->things[i]->goods);
		free(r->things[i]);
	}
	for (i = 0; i < r->n_sales; i++) {
		free(r->sales[i]->reference);
		free(r->sales[i]->source);
		free(r->sales[i]);
	}
	lsr_tokens_fini(r);
	free(r->things);
	free(r->sales);
	free(r->logs);
}

int64_t
lsr_next_id(struct lightspeed_r *r)
{
	return ++r->last_id;
}

struct lsr_thing *
lsr_thing(struct lightspeed_r *r, int64_t id)
{
	size_t i;

	for (i = 0; i < r->n_things; i++) {
		if (r->things[i]->id == id)
			return r->things[i];
	}
	return NULL;
}

struct lsr_thing *
lsr_find(struct lightspeed_r *r, const char *text)
{
	char id[24];
	size_t i;

	for (i = 0; i < r->n_things; i++) {
		snprintf(id, sizeof(id), "%lld", (long long)r->things[i]->id);
		if (strcmp(id, text) == 0 ||
		    strcmp(r->things[i]->goods.sku, text) == 0)
			return r->things[i];
	}
	return NULL;
}

/* ---- answers ---- */

bool
lsr_refuse(struct lsr_call *c, int status, const char *why)
{
	struct json_out out = { .to = &c->reply->body };

	if (c->reply->status >= 400)
		return false;
	c->reply->status = status;
	buf_reset(&c->reply->body);
	json_out_object(&out, NULL);
	lsr_out_int(&out, "httpCode", status);
	json_out_text(&out, "httpMessage", server_reason(status));
	json_out_text(&out, "message", why);
	json_out_text(&out, "errorClass", "Exception");
	json_out_end_object(&out);
	return false;
}

/* A token that is missing, wrong or expired: the shape of OAuth. */
static void
refuse_token(struct lsr_call *c, const char *hint)
{
	struct json_out out = { .to = &c->reply->body };

	c->reply->status = 401;
	json_out_object(&out, NULL);
	json_out_text(&out, "error", "access_denied");
	json_out_text(&out, "error_description",
	              "The resource owner or authorization server denied the "
	              "request.");
	json_out_text(&out, "hint", hint);
	json_out_end_object(&out);
}

void
lsr_out_int(struct json_out *out, const char *key, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)n);
	json_out_text(out, key, text);
}

void
lsr_out_bool(struct json_out *out, const char *key, bool yes)
{
	json_out_text(out, key, yes ? "true" : "false");
}

char *
lsr_time(char out[SIM_TIME_SIZE], int64_t us)
{
	sim_time_format(out, us);
	snprintf(out + 19, SIM_TIME_SIZE - 19, "+00:00");
	return out;
}

/* ---- XML, for who forgets .json ---- */

struct xml {
	struct buf *to;
};

static void put_xml(struct xml *x, const char *name,
                    const struct json_node *value);

static bool
visit_xml(void *ctx, const char *key, const struct json_node *value)
{
	struct xml *x = ctx;
	size_t i;

	if (key[0] == '@')
		return true;
	for (i = 0; i < json_length(value); i++)
		put_xml(x, key, json_at(value, i));
	if (json_type(value) != JSON_ARRAY)
		put_xml(x, key, value);
	return true;
}

static void
put_xml(struct xml *x, const char *name, const struct json_node *value)
{
	buf_addf(x->to, "<%s>", name);
	if (json_type(value) == JSON_OBJECT)
		json_each(value, visit_xml, x);
	else if (json_text(value) != NULL)
		buf_add_html(x->to, json_text(value));
	buf_addf(x->to, "</%s>", name);
}

static void
turn_to_xml(struct server_reply *reply)
{
	struct buf text = BUF_INIT;
	struct xml x = { .to = &text };
	struct json *doc = NULL;

	if (json_parse(&doc, buf_text(&reply->body), reply->body.n) != 0)
		return;
	buf_adds(&text, "<?xml version=\"1.0\"?>\n");
	put_xml(&x, reply->status >= 400 ? "Error" : "Response",
	        json_root(doc));
	json_free(doc);
	buf_fini(&reply->body);
	reply->body = text;
	reply->content_type = "application/vnd.merchantos.pos-v1+xml";
}

/* ---- requests ---- */

bool
lsr_check(struct lsr_call *c, const struct json_node *o, const char *names)
{
	const char *unknown = till_unknown(o, names);
	char *why;

	if (unknown == NULL)
		return c->reply->status < 400;
	why = text_format("%s is not a field of this record", unknown);
	lsr_refuse(c, 400, why != NULL ? why : "");
	free(why);
	return false;
}

bool
lsr_take(struct lsr_call *c, const struct json_node *o, int64_t *out,
         const char *key)
{
	char *why;

	if (till_int(out, o, key) != JSON_WRONG_TYPE)
		return c->reply->status < 400;
	why = text_format("%s must be a whole number", key);
	lsr_refuse(c, 422, why != NULL ? why : "");
	free(why);
	return false;
}

bool
lsr_need(struct lsr_call *c, const struct json_node *o, int64_t *out,
         const char *key)
{
	char *why;

	if (json_find(o, key) != NULL)
		return lsr_take(c, o, out, key);
	why = text_format("%s is required", key);
	lsr_refuse(c, 422, why != NULL ? why : "");
	free(why);
	return false;
}

size_t
lsr_length(const struct json_node *o, const char *list, const char *element)
{
	const struct json_node *found = json_find(json_find(o, list), element);

	return json_type(found) == JSON_OBJECT ? 1 : json_length(found);
}

const struct json_node *
lsr_at(const struct json_node *o, const char *list, const char *element,
       size_t i)
{
	const struct json_node *found = json_find(json_find(o, list), element);

	return json_type(found) == JSON_OBJECT ? found : json_at(found, i);
}

static bool
has_scope(const struct lightspeed_r *r, const char *scopes)
{
	char word[64];
	size_t n;

	for (; *scopes != '\0'; scopes += n + (scopes[n] == ' ')) {
		n = strcspn(scopes, " ");
		snprintf(word, sizeof(word), " %.*s ", (int)n, scopes);
		if (strstr(r->is.scopes, word) != NULL)
			return true;
	}
	return false;
}

bool
lsr_need_scope(struct lsr_call *c, const char *scopes)
{
	struct lightspeed_r *r = c->r;
	char padded[sizeof(r->is.scopes)];
	bool has;

	memcpy(padded, r->is.scopes, sizeof(padded));
	snprintf(r->is.scopes, sizeof(r->is.scopes), " %.*s ",
	         (int)sizeof(padded) - 3, padded);
	has = has_scope(r, "employee:all") || has_scope(r, scopes);
	memcpy(r->is.scopes, padded, sizeof(padded));
	return has ||
	       lsr_refuse(c, 403, "The token lacks the scope for this call");
}

/* ---- the bucket ---- */

struct nesting {
	int depth;
	int64_t n; /* entities inside the one that is written */
};

static void count_entities(struct nesting *nesting,
                           const struct json_node *value);

static bool
visit_entity(void *ctx, const char *key, const struct json_node *value)
{
	struct nesting *nesting = ctx;
	size_t i;

	(void)key;
	nesting->depth++;
	for (i = 0; i < json_length(value); i++)
		count_entities(nesting, json_at(value, i));
	if (json_type(value) == JSON_OBJECT)
		count_entities(nesting, value);
	nesting->depth--;
	return true;
}

/* Lists stand between an entity and those in it: each second level. */
static void
count_entities(struct nesting *nesting, const struct json_node *value)
{
	nesting->n += nesting->depth > 0 && nesting->depth % 2 == 0;
	json_each(value, visit_entity, nesting);
}

/* What load_relations=["A","B"] costs; doubled for a list. */
static int64_t
relations_milli(const struct lsr_call *c)
{
	struct buf text = BUF_INIT;
	struct json *doc = NULL;
	const char *name;
	int64_t milli = 0;
	size_t i;

	if (sim_param(&text, c->http->query, "load_relations") &&
	    json_parse(&doc, text.p, text.n) == 0) {
		for (i = 0; i < json_length(json_root(doc)); i++) {
			name = json_text(json_at(json_root(doc), i));
			/* to many: named in the plural */
			milli += name != NULL && name[0] != '\0' &&
			                         name[strlen(name) - 1] == 's'
			                 ? 200
			                 : 100;
		}
	}
	json_free(doc);
	buf_fini(&text);
	return c->path.n > 1 ? milli : 2 * milli;
}

/* or=a|b on one field is free; on several each operand costs a drip. */
static int64_t
or_milli(const struct lsr_call *c)
{
	struct buf text = BUF_INIT;
	const char *p;
	size_t n_first;
	int64_t n = 0;
	bool is_mixed = false;

	if (sim_param(&text, c->http->query, "or")) {
		n_first = strcspn(buf_text(&text), "=");
		for (p = buf_text(&text); p != NULL; p = strchr(p, '|')) {
			p += *p == '|';
			n++;
			is_mixed = is_mixed || strncmp(p, buf_text(&text),
			                               n_first + 1) != 0;
		}
	}
	buf_fini(&text);
	return is_mixed ? n * MILLI : 0;
}

static int64_t
cost_milli(const struct lsr_call *c)
{
	struct nesting nesting = { .depth = 0 };
	const char *resource = c->path.n > 0 ? c->path.part[0] : "";
	struct buf text = BUF_INIT;
	bool is_read = strcmp(c->http->method, "GET") == 0;
	bool is_completed = false;
	int64_t milli = MILLI;

	if (is_read) {
		if (sim_param(&text, c->http->query, "count"))
			milli = 10 * MILLI;
		buf_fini(&text);
		return milli + relations_milli(c) + or_milli(c);
	}
	count_entities(&nesting, c->body);
	if (strcmp(resource, "Sale") == 0 || strcmp(resource, "SaleLine") == 0)
		milli = 2 * MILLI;
	if (till_bool(&is_completed, c->body, "completed") == 0 && is_completed)
		milli += 3 * MILLI;
	if (strcmp(resource, "InventoryCountReconcile") == 0 ||
	    strcmp(resource, "Category") == 0 ||
	    (c->path.n == 3 && strcmp(c->path.part[2], "refund") == 0))
		milli = 10 * MILLI;
	return milli + nesting.n * MILLI / 2 + relations_milli(c);
}

static void
leak(struct lightspeed_r *r)
{
	int64_t now_ms = clock_mono_ms();

	r->level_milli -= (now_ms - r->leaked_ms) * r->is.drip_milli / 1000;
	if (r->level_milli < 0)
		r->level_milli = 0;
	r->leaked_ms = now_ms;
	if (now_ms / 1000 != r->window_s) {
		r->window_s = now_ms / 1000;
		r->n_window = 0;
	}
}

static void
add_drips(struct buf *out, int64_t milli)
{
	buf_addf(out, "%lld", (long long)(milli / MILLI));
	if (milli % MILLI != 0)
		buf_addf(out, ".%02d", (int)(milli % MILLI / 10));
}

/* The letter case of names varies. */
static void
add_level(struct lsr_call *c, int64_t cost)
{
	const struct lightspeed_r *r = c->r;
	struct buf *out = &c->reply->headers;
	bool is_low = r->n_answers % 2 == 1;

	buf_adds(out, is_low ? "x-ls-api-bucket-level: "
	                     : "X-LS-API-Bucket-Level: ");
	add_drips(out, r->level_milli);
	buf_addf(out, "/%lld\r\n", (long long)r->is.bucket_size);
	buf_addf(out, "%s: %lld/%lld\r\n",
	         is_low ? "x-ls-api-burst-level" : "X-LS-API-Burst-Level",
	         (long long)r->n_window, (long long)r->is.burst_max);
	buf_adds(out, "X-LS-API-Drip-Rate: ");
	add_drips(out, r->is.drip_milli);
	buf_adds(out, "\r\nX-LS-API-Request-Cost: ");
	add_drips(out, cost);
	buf_addf(out, "\r\nX-LS-Acct-Id: %d\r\n", LSR_ACCOUNT);
}

static bool
refuse_rate(struct lsr_call *c, const char *type, int64_t wait_s)
{
	buf_addf(&c->reply->headers,
	         "X-LS-API-RateLimit-Type: %s\r\nRetry-After: %lld\r\n", type,
	         (long long)wait_s);
	return lsr_refuse(c, 429, "Rate Limit Exceeded");
}

/* The first call that passes the size is still served. */
static bool
pour(struct lsr_call *c)
{
	struct lightspeed_r *r = c->r;
	int64_t cost = cost_milli(c);
	int64_t above;

	leak(r);
	above = r->level_milli - r->is.bucket_size * MILLI;
	if (r->n_window >= r->is.burst_max) {
		r->n_burst++;
		add_level(c, cost);
		return refuse_rate(c, "api-burst-limiter", 1);
	}
	if (above >= 0) {
		r->n_bucket++;
		add_level(c, cost);
		return refuse_rate(c, "api-leaky-bucket",
		                   above / r->is.drip_milli + 1);
	}
	r->n_window++;
	r->level_milli += cost;
	add_level(c, cost);
	return true;
}

/* ---- the door ---- */

/* "Item/2.json" loses its end; false: it has none. */
static bool
cut_json(struct till_path *path)
{
	char *last;
	size_t n;

	if (path->n == 0)
		return false;
	last = path->text + (path->part[path->n - 1] - path->text);
	n = strlen(last);
	if (n < 5 || strcmp(last + n - 5, ".json") != 0)
		return false;
	last[n - 5] = '\0';
	return true;
}

static void
print_account(struct lsr_call *c)
{
	json_out_object(&c->out, NULL);
	json_out_object(&c->out, "@attributes");
	json_out_text(&c->out, "count", "1");
	json_out_end_object(&c->out);
	json_out_object(&c->out, "Account");
	lsr_out_int(&c->out, "accountID", LSR_ACCOUNT);
	json_out_text(&c->out, "name", "Παντοπωλείο Αγορά");
	json_out_object(&c->out, "link");
	json_out_object(&c->out, "@attributes");
	json_out_text(&c->out, "href", "/API/Account/100");
	json_out_end_object(&c->out);
	json_out_end_object(&c->out);
	json_out_end_object(&c->out);
	json_out_end_object(&c->out);
}

static void
choose(struct lsr_call *c, bool is_account)
{
	c->reply->status = 200;
	if (is_account)
		print_account(c);
	else if (!lsr_serve_stock(c) && !lsr_serve_sales(c) &&
	         !lsr_serve_rows(c))
		lsr_refuse(c, 404, "No such resource");
}

static bool
read_body(struct lsr_call *c, struct json **doc)
{
	if (c->http->n_body == 0 || strcmp(c->http->method, "GET") == 0)
		return true;
	if (json_parse(doc, c->http->body, c->http->n_body) != 0 ||
	    json_type(json_root(*doc)) != JSON_OBJECT)
		return lsr_refuse(c, 400, "The body is no JSON object");
	c->body = json_root(*doc);
	return true;
}

/* The path behind the account; false: another account, or no such thing. */
static bool
find_path(struct lsr_call *c, const char *rest, bool *is_account)
{
	const char *account = "Account";
	char own[24];
	size_t i;

	till_path_init(&c->path, rest);
	if (c->path.n == 0)
		return false;
	snprintf(own, sizeof(own), "%d", LSR_ACCOUNT);
	*is_account = c->path.n == 1;
	if (c->path.n == 1)
		return strcmp(c->path.part[0], account) == 0 ||
		       strcmp(c->path.part[0], "Account.json") == 0;
	if (strcmp(c->path.part[0], account) != 0 ||
	    strcmp(c->path.part[1], own) != 0)
		return false;
	for (i = 2; i < c->path.n; i++)
		c->path.part[i - 2] = c->path.part[i];
	c->path.n -= 2;
	return true;
}

static void
serve_api(struct lsr_call *c, const char *rest)
{
	const char *access = "";
	struct json *doc = NULL;
	bool is_account = false;
	bool is_found = find_path(c, rest, &is_account);
	bool is_json = cut_json(&c->path);

	if (!sim_after(&access, sim_header(c->http, "Authorization"),
	               "Bearer ")) {
		refuse_token(c, "Missing \"Authorization\" header");
	} else if ((c->token = lsr_token_use(c->r, access)) == NULL) {
		refuse_token(c, "Access token could not be verified");
	} else if (!is_found) {
		lsr_refuse(c, 404, "No such account or resource");
	} else if (read_body(c, &doc) && pour(c)) {
		choose(c, is_account);
	}
	if (!is_json && c->reply->status != 401)
		turn_to_xml(c->reply);
	json_free(doc);
	till_path_fini(&c->path);
}

static void
answer(void *call)
{
	struct lsr_call *c = call;
	const char *rest;

	c->r->n_answers++;
	if (sim_after(&rest, c->http->path, "/API/V3/"))
		serve_api(c, rest);
	else if (!lsr_serve_tokens(c->r, c->http, c->reply))
		lsr_refuse(c, 404, "No such resource"); /* V2 has ended */
}

static void
refuse(void *call, int status)
{
	if (status == 401)
		refuse_token(call, "Simulated trouble");
	else
		lsr_refuse(call, status, "Simulated trouble");
}

void
lsr_serve(void *ctx, const struct http_call *call, struct server_reply *reply)
{
	struct lightspeed_r *r = ctx;
	struct lsr_call c = { .r = r,
		              .http = call,
		              .reply = reply,
		              .out = { .to = &reply->body } };
	const struct till_door door = { r->sim, SIM_LIGHTSPEED_R, &c, answer,
		                        refuse };

	till_door_serve(&door, call, reply);
}
