/*
 * Request to route to reply, for the private listener.
 *
 * Who may is decided before the body is read (admit), and every refusal has
 * the same JSON shape. What a route answers is the route's; the router only
 * finds it, hands it the store and turns its faults into statuses.
 */
#include "gateway/engine/router.h"

#include "gateway/base/buf.h"
#include "gateway/base/err.h"
#include "gateway/drivers/http_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum {
	ROUTER_MAGIC = 0x526f7574,
	PARAMS_MAX = 4,
	PARAM_SIZE = 256,
	HOST_SIZE = 256,
	RETRY_AFTER_S = 5,
};

enum right { RIGHT_NONE, RIGHT_READ, RIGHT_WRITE };

struct params {
	char text[PARAMS_MAX][PARAM_SIZE];
	const char *list[PARAMS_MAX + 1];
	size_t n;
	bool is_malformed;
};

/* ---- finding the route ---- */

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* Decode a segment. False: bad escape, a NUL, or too long. */
static bool
decode_segment(char out[PARAM_SIZE], const char *p, size_t n)
{
	size_t used = 0;
	size_t i;
	int high;
	int low;

	for (i = 0; i < n; i++) {
		if (used + 1 >= PARAM_SIZE)
			return false;
		if (p[i] != '%') {
			out[used++] = p[i];
			continue;
		}
		if (n - i < 3)
			return false;
		high = hex_digit(p[i + 1]);
		low = hex_digit(p[i + 2]);
		if (high < 0 || low < 0 || (high == 0 && low == 0))
			return false;
		out[used++] = (char)(high << 4 | low);
		i += 2;
	}
	out[used] = '\0';
	return true;
}

static void
add_param(struct params *params, const char *p, size_t n)
{
	assert(params->n < PARAMS_MAX); /* a route of ours has no more */
	if (!decode_segment(params->text[params->n], p, n))
		params->is_malformed = true;
	params->list[params->n] = params->text[params->n];
	params->n++;
}

/* Exact, segment by segment; `{}` stands for one that is not empty. */
static bool
matches(const char *pattern, const char *path, struct params *params)
{
	size_t n_pattern;
	size_t n_path;

	memset(params, 0, sizeof(*params));
	while (*pattern == '/' && *path == '/') {
		pattern++;
		path++;
		n_pattern = strcspn(pattern, "/");
		n_path = strcspn(path, "/");
		if (n_pattern == 2 && strncmp(pattern, "{}", 2) == 0) {
			if (n_path == 0)
				return false;
			add_param(params, path, n_path);
		} else if (n_pattern != n_path ||
		           strncmp(pattern, path, n_path) != 0) {
			return false;
		}
		pattern += n_pattern;
		path += n_path;
	}
	return !*pattern && !*path;
}

/* What a path and a method lead to. */
struct found {
	const struct api_route *route; /* NULL: none */
	struct params params;
	bool takes_get; /* the path is known, with these methods */
	bool takes_post;
};

/* Earlier routes win: exact ones stand before those with `{}`. */
static void
find_route(struct found *out, const struct router *router,
           const struct http_call *call)
{
	const struct api_route *route;
	struct params params;

	memset(out, 0, sizeof(*out));
	for (route = router->options.routes; route->method; route++) {
		if (!matches(route->path, call->path, &params))
			continue;
		if (strcmp(route->method, "GET") == 0)
			out->takes_get = true;
		else
			out->takes_post = true;
		if (!out->route && strcmp(route->method, call->method) == 0) {
			out->route = route;
			matches(route->path, call->path, &out->params);
		}
	}
}

static int
refuse(struct http_reply *reply, int status, const char *code,
       const char *message)
{
	api_fail(reply, status, code, message, NULL);
	return HTTP_SERVER_REFUSED;
}

static int
refuse_method(const struct found *found, struct http_reply *reply)
{
	if (found->takes_get && found->takes_post)
		reply->allow = "GET, POST";
	else
		reply->allow = found->takes_get ? "GET" : "POST";
	return refuse(reply, 405, "method_not_allowed",
	              "This path does not take that method.");
}

/* ---- who may ---- */

/* What the tokens say; every one is compared, found or not (O4). */
static enum right
right_of_token(const struct conf *conf, const char *text)
{
	enum right right = RIGHT_NONE;
	const struct conf_token *token;
	size_t n = strlen(text);
	size_t i;

	for (i = 0; i < conf->n_tokens; i++) {
		token = &conf->tokens[i];
		if (!secret_equals(token->secret, text, n))
			continue;
		if (token->may_write)
			right = RIGHT_WRITE;
		else if (token->may_read && right == RIGHT_NONE)
			right = RIGHT_READ;
	}
	return right;
}

static int
check_token(const struct router *router, const struct api_route *route,
            const struct http_call *call, struct http_reply *reply)
{
	static const char scheme[] = "Bearer ";
	const char *text = NULL;
	enum right right = RIGHT_NONE;

	if (http_call_header(&text, call, "Authorization") == 0 && text &&
	    strncasecmp(text, scheme, sizeof(scheme) - 1) == 0)
		right = right_of_token(router->options.conf,
		                       text + sizeof(scheme) - 1);
	if (right == RIGHT_NONE) {
		buf_adds(&reply->extra, "WWW-Authenticate: Bearer\r\n");
		return refuse(
			reply, 401, "unauthorized",
			"A token is needed: Authorization: Bearer <token>.");
	}
	if (route->is_writing && right != RIGHT_WRITE)
		return refuse(reply, 403, "forbidden",
		              "This token may only read.");
	return 0;
}

/* The host of "host", "host:port" or "[host]:port"; false: none of these. */
static bool
split_host(char out[HOST_SIZE], const char *text)
{
	size_t n;
	const char *rest;

	if (*text == '[') {
		text++;
		n = strcspn(text, "]");
		rest = text[n] ? text + n + 1 : "x";
	} else {
		n = strcspn(text, ":");
		rest = text + n;
	}
	if (n == 0 || n >= HOST_SIZE)
		return false;
	if (*rest && (*rest != ':' ||
	              strspn(rest + 1, "0123456789") != strlen(rest + 1)))
		return false;
	memcpy(out, text, n);
	out[n] = '\0';
	return true;
}

/* By value: "127.example.com" begins like an address and is none. */
static bool
is_loopback_name(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static bool
is_our_host(const struct router *router, const char *text)
{
	const char *const *listen = NULL;
	char host[HOST_SIZE];
	char ours[HOST_SIZE];
	size_t n;
	size_t i;

	if (!split_host(host, text))
		return false;
	if (is_loopback_name(host))
		return true;
	n = conf_texts(router->options.conf->top, "private.listen", &listen);
	for (i = 0; i < n; i++)
		if (split_host(ours, listen[i]) && strcasecmp(ours, host) == 0)
			return true;
	return false;
}

/* An origin is a scheme and the very host that is called. */
static bool
is_our_origin(const char *origin, const char *host)
{
	if (strncmp(origin, "http://", 7) == 0)
		origin += 7;
	else if (strncmp(origin, "https://", 8) == 0)
		origin += 8;
	else
		return false;
	return strcasecmp(origin, host) == 0;
}

static int
check_loopback(const struct router *router, const struct api_route *route,
               const struct http_call *call, struct http_reply *reply)
{
	const char *host = NULL;
	const char *origin = NULL;

	if (!call->is_loopback)
		return refuse(reply, 403, "forbidden",
		              "Without tokens only this machine may call.");
	if (http_call_header(&host, call, "Host") || !host ||
	    !is_our_host(router, host))
		return refuse(reply, 403, "forbidden",
		              "The Host header does not name this machine.");
	if (!route->is_writing)
		return 0;
	if (http_call_header(&origin, call, "Origin") ||
	    (origin && !is_our_origin(origin, host)))
		return refuse(reply, 403, "forbidden",
		              "Calls from other sites' pages are refused.");
	return 0;
}

static int
check_caller(const struct router *router, const struct api_route *route,
             const struct http_call *call, struct http_reply *reply)
{
	if (route->is_open)
		return 0;
	if (router->options.conf->n_tokens > 0)
		return check_token(router, route, call, reply);
	return check_loopback(router, route, call, reply);
}

/* ---- the body's type ---- */

static bool
announces_body(const struct http_call *call)
{
	const char *value = NULL;

	if (http_call_header(&value, call, "Transfer-Encoding") || value)
		return true;
	if (http_call_header(&value, call, "Content-Length"))
		return true;
	return value && strspn(value, "0") != strlen(value);
}

/* Also a guard: a page elsewhere cannot send this type without asking. */
static int
check_type(const struct http_call *call, struct http_reply *reply)
{
	static const char json[] = "application/json";
	const size_t n = sizeof(json) - 1;
	const char *type = NULL;

	if (strcmp(call->method, "POST") != 0 || !announces_body(call))
		return 0;
	if (http_call_header(&type, call, "Content-Type") == 0 && type &&
	    strncasecmp(type, json, n) == 0 &&
	    (type[n] == '\0' || strchr("; \t", type[n])))
		return 0;
	return refuse(reply, 415, "unsupported_media_type",
	              "The body must be application/json.");
}

/* ---- public ---- */

static const struct router *
router_of(const void *ctx)
{
	const struct router *router = ctx;

	assert(router->magic == ROUTER_MAGIC);
	return router;
}

void
router_init(struct router *router, const struct router_options *options)
{
	const struct api_route *route;

	for (route = options->routes; route->method; route++)
		assert(strcmp(route->method, "GET") == 0 ||
		       strcmp(route->method, "POST") == 0);
	router->magic = ROUTER_MAGIC;
	router->options = *options;
}

int
router_admit(void *ctx, const struct http_call *call, struct http_reply *reply)
{
	const struct router *router = router_of(ctx);
	struct found found;
	int r;

	find_route(&found, router, call);
	if (!found.route && (found.takes_get || found.takes_post))
		return refuse_method(&found, reply);
	if (!found.route)
		return refuse(reply, 404, "not_found",
		              "There is no such path.");
	r = check_caller(router, found.route, call, reply);
	if (r)
		return r;
	if (found.params.is_malformed)
		return refuse(reply, 400, "malformed",
		              "A part of the path cannot be decoded.");
	return check_type(call, reply);
}

static void
fail_store(struct http_reply *reply, const char *why)
{
	api_fail(reply, 503, "store_unavailable",
	         *why ? why : "Redis is away; try again.", NULL);
	reply->retry_after_s = RETRY_AFTER_S;
}

/* Nothing was sent yet: an error can take the place of a stream. */
static void
drop_stream(struct http_reply *reply)
{
	if (reply->free_ctx)
		reply->free_ctx(reply->ctx);
	reply->produce = NULL;
	reply->ctx = NULL;
	reply->free_ctx = NULL;
}

/* The route's own answer, or what its fault becomes. */
static void
run_route(const struct api_env *env, const struct found *found,
          const struct http_call *call, struct http_reply *reply)
{
	int r;

	reply->status = 200;
	r = found->route->serve(env, call, found->params.list, reply);
	if (r == 0)
		return;
	drop_stream(reply);
	if (r == ERR_STORE) {
		fail_store(reply, "");
		return;
	}
	(void)err_pass(r);
	api_fail(reply, 500, "internal", "Something failed here; see the log.",
	         NULL);
}

void
router_serve(void *ctx, const struct http_call *call, struct http_reply *reply)
{
	const struct router *router = router_of(ctx);
	const struct router_options *o = &router->options;
	struct api_env env = {
		.store = o->store(o->store_ctx),
		.conf = o->conf,
		.adapters = o->adapters,
		.version = o->version,
		.started_ms = o->started_ms,
	};
	struct buf why = BUF_INIT;
	struct found found;

	find_route(&found, router, call);
	if (!found.route)
		api_fail(reply, 404, "not_found", "There is no such path.",
		         NULL);
	else if (found.route->needs_store &&
	         (!env.store || o->ping(env.store, &why)))
		fail_store(reply, buf_text(&why));
	else
		run_route(&env, &found, call, reply);
	buf_fini(&why);
}

struct store *
router_store_of_thread(void *ctx)
{
	return store_of_thread(ctx);
}
