/*
 * Lightspeed X: the door (versions, token, User-Agent, window, scopes, errors)
 * and the set-up. lightspeed_x_token.c hands out tokens, lightspeed_x_rows.c
 * answers version 2.0, lightspeed_x_stock.c and lightspeed_x_sales.c write,
 * lightspeed_x_hooks.c keeps the webhooks, lightspeed_x_till.c is the till.
 */
#include "tests/sim/lightspeed_x.h"

#include "gateway/base/clock.h"
#include "tests/sim/till_door.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	CALLS_MAX = 350, /* 300 for each register, and 50 */
	WINDOW_MS = 300000,
	TOKENS_MAX = 60,
	EXPIRES_S = 86400,
	PAGE_ROWS = 10000,
	FIRST_VERSION = 1639940,
};

/* The dated versions that are served; an older one is served by the first. */
static const char *const versions[] = { "2026-01", "2026-04", "2026-07" };

/* ---- ids and numbers ---- */

void
lsx_id(char out[LSX_ID_SIZE], enum lsx_kind kind, int number)
{
	snprintf(out, LSX_ID_SIZE, "%08x-0000-4000-8000-%012x",
	         0x0a000000u + (unsigned)kind, (unsigned)number);
}

int
lsx_number(const char *id, enum lsx_kind kind)
{
	char same[LSX_ID_SIZE];
	int number;

	if (strlen(id) != LSX_ID_SIZE - 1)
		return -1;
	number = (int)strtol(id + 24, NULL, 16);
	lsx_id(same, kind, number);
	return strcmp(same, id) == 0 ? number : -1;
}

int
lsx_row(const char *id, enum lsx_kind kind, int n)
{
	int number = lsx_number(id, kind);

	return number >= 1 && number <= n ? number - 1 : -1;
}

/* Gaps are normal. */
int64_t
lsx_next_version(struct lightspeed_x *x)
{
	x->version += 1 + sim_below(x->sim, 3);
	return x->version;
}

/* ---- set-up ---- */

/* The row of taxes with this rate; the last one is "No Tax". */
static int
tax_of(int percent)
{
	int row;

	for (row = 0; row < LSX_N_TAXES - 1; row++) {
		if (decimal_cmp(lsx_tax_rate(row),
		                decimal_of_scaled(percent, 2)) == 0)
			return row;
	}
	return LSX_N_TAXES - 1;
}

struct lsx_thing *
lsx_add(struct lightspeed_x *x, struct galaxy_item *item,
        struct galaxy_balance *balance)
{
	const struct lsx_thing *before =
		x->n_things > 0 ? x->things[x->n_things - 1] : NULL;
	struct lsx_thing *t = sim_alloc(sizeof(*t));
	void *grown = x->things;
	int i;

	till_goods_init(&t->goods, item, balance);
	t->number = (int)x->n_things + 1;
	lsx_id(t->id, LSX_PRODUCT, t->number);
	t->tax = tax_of(t->goods.vat);
	t->net = decimal_mul_div(t->goods.price, decimal_of(100),
	                         decimal_of(100 + t->goods.vat), 5,
	                         DECIMAL_HALF_UP);
	if (balance->value >= 0 && before != NULL && before->goods.item == item)
		memcpy(t->parent,
		       before->parent[0] != '\0' ? before->parent : before->id,
		       sizeof(t->parent));
	t->version = lsx_next_version(x);
	t->levels[0].count = balance->quantity;
	for (i = 0; i < LSX_N_OUTLETS; i++)
		t->levels[i].version = lsx_next_version(x);
	sim_grow(&grown, &x->cap_things, x->n_things, sizeof(t));
	x->things = grown;
	x->things[x->n_things++] = t;
	return t;
}

void
lsx_init(struct lightspeed_x *x, struct sim *sim,
         const struct lsx_options *options)
{
	struct till_walk walk = { .galaxy = sim->galaxy };

	*x = (struct lightspeed_x){ .sim = sim,
		                    .options = *options,
		                    .version = FIRST_VERSION };
	x->is = (struct lsx_switches){
		.is_register_open = true,
		.burst = 2,
		.calls_max = CALLS_MAX,
		.window_ms = WINDOW_MS,
		.tokens_max = TOKENS_MAX,
		.expires_s = EXPIRES_S,
		.page_rows = PAGE_ROWS,
		.scopes = "products:read products:write inventory:read "
			  "inventory:write sales:read sales:write webhooks",
	};
	x->window_ms = clock_mono_ms();
	x->tokens_window_ms = x->window_ms;
	lsx_token_first(x);
	lsx_hooks_first(x);
	while (till_walk_next(&walk))
		lsx_add(x, walk.item, walk.balance);
	sim->lightspeed_x = x;
}

void
lsx_fini(struct lightspeed_x *x)
{
	struct lsx_sale *s;
	size_t i;

	for (i = 0; i < x->n_things; i++) {
		till_goods_fini(&x->things[i]->goods);
		free(x->things[i]);
	}
	for (i = 0; i < x->n_sales; i++) {
		s = x->sales[i];
		free(s->note);
		free(s->invoice);
		free(s->source);
		free(s->source_id);
		free(s->customer);
		free(s);
	}
	for (i = 0; i < x->n_hooks; i++) {
		free(x->hooks[i].type);
		free(x->hooks[i].url);
	}
	free(x->things);
	free(x->sales);
	free(x->adjustments);
}

struct lsx_thing *
lsx_find(struct lightspeed_x *x, const char *text)
{
	size_t i;

	for (i = 0; i < x->n_things; i++) {
		if (strcmp(x->things[i]->id, text) == 0 ||
		    strcmp(x->things[i]->goods.sku, text) == 0)
			return x->things[i];
	}
	return NULL;
}

/* ---- answers ---- */

bool
lsx_refuse(struct lsx_call *c, int status, const char *why)
{
	struct json_out out = { .to = &c->reply->body };

	if (c->reply->status >= 400)
		return false;
	c->reply->status = status;
	buf_reset(&c->reply->body);
	json_out_object(&out, NULL);
	json_out_text(&out, "error", server_reason(status));
	json_out_text(&out, "message", why);
	json_out_end_object(&out);
	return false;
}

bool
lsx_check(struct lsx_call *c, const struct json_node *o, const char *names)
{
	const char *unknown = till_unknown(o, names);
	char *why;

	if (unknown == NULL)
		return c->reply->status < 400;
	why = text_format("unknown member: %s", unknown);
	lsx_refuse(c, 422, why != NULL ? why : "");
	free(why);
	return false;
}

/* A personal token may do everything. */
bool
lsx_need_scope(struct lsx_call *c, const char *scope)
{
	char all[sizeof(c->x->is.scopes) + 2];
	char word[64];

	snprintf(all, sizeof(all), " %s ", c->x->is.scopes);
	snprintf(word, sizeof(word), " %s ", scope);
	return !c->is_oauth || strstr(all, word) != NULL ||
	       lsx_refuse(c, 403, "The token lacks the scope for this call");
}

bool
lsx_is(const struct lsx_call *c, const char *method, const char *pattern)
{
	return strcmp(c->http->method, method) == 0 &&
	       till_path_is(&c->path, pattern);
}

/* ---- the window ---- */

static void
add_http_date(struct buf *out, int64_t ms)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed",
		                            "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr",
		                              "May", "Jun", "Jul", "Aug",
		                              "Sep", "Oct", "Nov", "Dec" };
	time_t seconds = (time_t)((ms + 999) / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	buf_addf(out, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
	         tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
	         tm.tm_min, tm.tm_sec);
}

/* Retry-After is a date, never a number. */
static bool
may_call(struct lsx_call *c)
{
	struct lightspeed_x *x = c->x;
	struct buf *headers = &c->reply->headers;
	int64_t now_ms = clock_mono_ms();
	int64_t left;

	if (now_ms - x->window_ms >= x->is.window_ms) {
		x->window_ms = now_ms;
		x->n_window = 0;
	}
	left = x->is.calls_max - ++x->n_window;
	buf_addf(headers,
	         "X-RateLimit-Limit: %lld\r\nX-RateLimit-Remaining: %lld\r\n",
	         (long long)x->is.calls_max, (long long)(left > 0 ? left : 0));
	if (left >= 0)
		return true;
	x->n_limited++;
	buf_adds(headers, "Retry-After: ");
	add_http_date(headers, clock_wall_ms() + x->window_ms +
	                               x->is.window_ms - now_ms);
	buf_adds(headers, "\r\n");
	return lsx_refuse(c, 429, "Rate limiting enforced");
}

/* ---- the door ---- */

static bool
is_date(const char *text)
{
	int i;

	for (i = 0; i < 7; i++) {
		if (i == 4 ? text[i] != '-' : !isdigit((unsigned char)text[i]))
			return false;
	}
	return text[7] == '\0';
}

/* Which version serves this one; false: there is no such version. */
static bool
find_version(struct lsx_call *c)
{
	const char *name = c->path.n > 0 ? c->path.part[0] : "";
	size_t n = sizeof(versions) / sizeof(versions[0]);
	size_t i;

	if (is_date(name)) {
		c->api = LSX_DATED;
		if (strcmp(name, versions[0]) < 0) {
			c->x->n_fallbacks++; /* and nobody is told */
			return true;
		}
		for (i = 0; i < n; i++) {
			if (strcmp(name, versions[i]) == 0)
				return true;
		}
		return false;
	}
	if (strcmp(name, "2.0") == 0)
		c->api = LSX_2_0;
	else if (strcmp(name, "2.1") == 0)
		c->api = LSX_2_1;
	else
		c->api = LSX_LEGACY;
	return true;
}

static void
cut_version(struct till_path *path)
{
	size_t i;

	for (i = 1; i < path->n; i++)
		path->part[i - 1] = path->part[i];
	path->n--;
}

static bool
read_body(struct lsx_call *c, struct json **doc)
{
	const char *type = sim_header(c->http, "Content-Type");

	if (c->http->n_body == 0)
		return true;
	/* the guide has webhooks made by a form, the OpenAPI by JSON */
	if (strstr(type, "application/x-www-form-urlencoded") != NULL &&
	    till_path_is(&c->path, "webhooks"))
		*doc = till_form(c->http->body, c->http->n_body);
	else if (strstr(type, "application/json") == NULL ||
	         json_parse(doc, c->http->body, c->http->n_body) != 0)
		*doc = NULL;
	if (*doc == NULL || json_type(json_root(*doc)) != JSON_OBJECT)
		return lsx_refuse(c, 400, "The body is no JSON object");
	c->body = json_root(*doc);
	return true;
}

static void
choose(struct lsx_call *c)
{
	c->reply->status = 200;
	if (!lsx_serve_stock(c) && !lsx_serve_sales(c) && !lsx_serve_hooks(c) &&
	    !lsx_serve_rows(c))
		lsx_refuse(c, 404, "No such resource");
}

static void
serve_api(struct lsx_call *c, const char *rest)
{
	const char *access = "";
	struct json *doc = NULL;

	till_path_init(&c->path, rest);
	if (!sim_after(&access, sim_header(c->http, "Authorization"),
	               "Bearer ") ||
	    !lsx_token_use(c->x, access, &c->is_oauth))
		lsx_refuse(c, 401, "Invalid or expired access token");
	else if (sim_header(c->http, "User-Agent")[0] == '\0')
		lsx_refuse(c, 400, "A User-Agent is required");
	else if (!may_call(c))
		c->reply->status = 429;
	else if (!find_version(c))
		lsx_refuse(c, 404, "No such version");
	else {
		if (c->api != LSX_LEGACY)
			cut_version(&c->path);
		if (read_body(c, &doc))
			choose(c);
	}
	json_free(doc);
	till_path_fini(&c->path);
}

static void
answer(void *call)
{
	struct lsx_call *c = call;
	const char *rest;

	if (lsx_serve_tokens(c->x, c->http, c->reply))
		return;
	if (sim_after(&rest, c->http->path, "/api/"))
		serve_api(c, rest);
	else
		lsx_refuse(c, 404, "No such resource");
}

static void
refuse(void *call, int status)
{
	lsx_refuse(call, status, "Simulated trouble");
}

void
lsx_serve(void *ctx, const struct http_call *call, struct server_reply *reply)
{
	struct lightspeed_x *x = ctx;
	struct lsx_call c = { .x = x,
		              .http = call,
		              .reply = reply,
		              .out = { .to = &reply->body } };
	const struct till_door door = { x->sim, SIM_LIGHTSPEED_X, &c, answer,
		                        refuse };

	till_door_serve(&door, call, reply);
}
