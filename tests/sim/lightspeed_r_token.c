/*
 * Lightspeed R: tokens that rotate.
 *
 * A refresh makes a new pair and may be repeated, until the access token of one
 * of them is used for the first time: then the refresh token that it came of is
 * revoked, and so are its other pairs.
 */
#include "tests/sim/lightspeed_r.h"

#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MINUTE_MS = 60000,
	TEXT_MAX = 900, /* of a claim set */
	N_RING = 32,
};

static const int64_t refresh_life_ms = (int64_t)30 * 24 * 3600 * 1000;

static struct lsr_token *
add_token(struct lightspeed_r *r)
{
	void *grown = r->tokens;

	sim_grow(&grown, &r->cap_tokens, r->n_tokens, sizeof(*r->tokens));
	r->tokens = grown;
	memset(&r->tokens[r->n_tokens], 0, sizeof(*r->tokens));
	r->tokens[r->n_tokens].parent = -1;
	r->tokens[r->n_tokens].refresh_until_ms =
		clock_mono_ms() + refresh_life_ms;
	return &r->tokens[r->n_tokens++];
}

void
lsr_token_first(struct lightspeed_r *r)
{
	add_token(r)->refresh = sim_dup(r->options.refresh_token);
}

void
lsr_tokens_fini(struct lightspeed_r *r)
{
	size_t i;

	for (i = 0; i < r->n_tokens; i++) {
		free(r->tokens[i].access);
		free(r->tokens[i].refresh);
	}
	free(r->tokens);
}

const struct lsr_token *
lsr_token_use(struct lightspeed_r *r, const char *access)
{
	struct lsr_token *t = NULL;
	size_t i;

	for (i = 0; i < r->n_tokens; i++) {
		if (r->tokens[i].access != NULL &&
		    strcmp(r->tokens[i].access, access) == 0)
			t = &r->tokens[i];
	}
	if (t == NULL || t->is_access_revoked ||
	    clock_mono_ms() >= t->access_until_ms)
		return NULL;
	if (t->is_used || t->parent < 0) {
		t->is_used = true;
		return t;
	}
	t->is_used = true;
	r->tokens[t->parent].is_refresh_revoked = true;
	for (i = 0; i < r->n_tokens; i++) {
		if (&r->tokens[i] == t || r->tokens[i].parent != t->parent)
			continue;
		r->tokens[i].is_access_revoked = true;
		r->tokens[i].is_refresh_revoked = true;
	}
	return t;
}

/* ---- as texts ---- */

static void
add_url64(struct buf *out, const void *p, size_t n)
{
	char *text = sim_alloc(4 * ((n + 2) / 3) + 1);
	char *at;

	crypto_base64_encode(text, p, n);
	for (at = text; *at != '\0' && *at != '='; at++)
		buf_addc(out, *at == '+' ? '-' : *at == '/' ? '_' : *at);
	free(text);
}

/* A JWT of any length; its signature is chance, as no client reads it. */
static char *
make_access(struct lightspeed_r *r, int64_t now_us)
{
	static const char head[] = "{\"typ\":\"JWT\",\"alg\":\"RS256\"}";
	char claims[TEXT_MAX];
	char pad[300];
	unsigned char mac[256];
	struct buf text = BUF_INIT;
	long long s = now_us / 1000000;
	size_t i;

	sim_token(r->sim, pad, 40 + sim_below(r->sim, 200));
	snprintf(claims, sizeof(claims),
	         "{\"iss\":\"https://cloud.lightspeedapp.com\",\"aud\":\"%s\","
	         "\"sub\":\"%d\",\"acct\":\"%d\",\"scope\":\"%s\",\"jti\":"
	         "\"%s\",\"iat\":%lld.%06d,\"nbf\":%lld.%06d,\"exp\":"
	         "%lld.%06d}",
	         r->options.client_id, LSR_EMPLOYEE, LSR_ACCOUNT, r->is.scopes,
	         pad, s, (int)(now_us % 1000000), s, (int)(now_us % 1000000),
	         s + (long long)r->is.expires_s, (int)(now_us % 1000000));
	for (i = 0; i < sizeof(mac); i++)
		mac[i] = (unsigned char)sim_below(r->sim, 256);
	add_url64(&text, head, sizeof(head) - 1);
	buf_addc(&text, '.');
	add_url64(&text, claims, strlen(claims));
	buf_addc(&text, '.');
	add_url64(&text, mac, sizeof(mac));
	return buf_steal(&text);
}

static char *
make_refresh(struct lightspeed_r *r)
{
	char text[601];

	sim_token(r->sim, text, 300 + sim_below(r->sim, 300));
	return text_format("def50%s", text);
}

static void
answer_pair(struct lightspeed_r *r, int64_t parent, struct server_reply *reply)
{
	struct lsr_token *t = add_token(r);
	struct json_out out = { .to = &reply->body };

	t->parent = parent;
	t->access = make_access(r, sim_now_us(r->sim));
	t->refresh = make_refresh(r);
	t->access_until_ms = clock_mono_ms() + r->is.expires_s * 1000;
	reply->status = 200;
	json_out_object(&out, NULL);
	json_out_text(&out, "token_type", "Bearer");
	json_out_int(&out, "expires_in", r->is.expires_s);
	json_out_text(&out, "access_token", t->access);
	json_out_text(&out, "refresh_token", t->refresh);
	json_out_end_object(&out);
}

/* ---- the calls ---- */

static bool
refuse(struct server_reply *reply, int status, const char *error,
       const char *hint)
{
	struct json_out out = { .to = &reply->body };

	reply->status = status;
	json_out_object(&out, NULL);
	json_out_text(&out, "error", error);
	json_out_text(&out, "error_description", "The request was refused.");
	json_out_text(&out, "hint", hint);
	json_out_end_object(&out);
	return false;
}

/* One part of a multipart form, without its CRLF; false: no more. */
static bool
next_field(struct buf *name, struct buf *value, const char **at)
{
	const char *p = strstr(*at, "name=\"");
	const char *end;

	if (p == NULL)
		return false;
	p += 6;
	end = strchr(p, '"');
	if (end == NULL)
		return false;
	buf_reset(name);
	buf_add(name, p, (size_t)(end - p));
	p = strstr(end, "\r\n\r\n");
	end = p != NULL ? strstr(p + 4, "\r\n--") : NULL;
	if (end == NULL)
		return false;
	buf_reset(value);
	buf_add(value, p + 4, (size_t)(end - p - 4));
	*at = end;
	return true;
}

static struct json *
read_multipart(const char *body)
{
	struct buf text = BUF_INIT;
	struct buf name = BUF_INIT;
	struct buf value = BUF_INIT;
	struct json_out out = { .to = &text };
	struct json *doc = NULL;

	json_out_object(&out, NULL);
	while (next_field(&name, &value, &body))
		json_out_text(&out, buf_text(&name), buf_text(&value));
	json_out_end_object(&out);
	if (json_parse(&doc, text.p, text.n) != 0)
		doc = NULL;
	buf_fini(&value);
	buf_fini(&name);
	buf_fini(&text);
	return doc;
}

/* JSON or a multipart form; nothing else is described. */
static struct json *
read_request(const struct http_call *call)
{
	const char *type = sim_header(call, "Content-Type");
	struct json *doc = NULL;

	if (strstr(type, "multipart/form-data") != NULL)
		return read_multipart(call->body);
	if (strstr(type, "application/json") == NULL ||
	    json_parse(&doc, call->body, call->n_body) != 0)
		return NULL;
	return doc;
}

/* At most five a minute. */
static bool
may_refresh(struct lightspeed_r *r, struct server_reply *reply)
{
	int64_t now_ms = clock_mono_ms();
	int64_t n = 0;
	size_t i;

	for (i = 0; i < N_RING && i < r->n_attempts; i++)
		n += now_ms - r->attempts_ms[i] < MINUTE_MS;
	r->attempts_ms[r->n_attempts++ % N_RING] = now_ms;
	if (n < r->is.refreshes_max)
		return true;
	buf_adds(&reply->headers, "Retry-After: 60\r\n");
	return refuse(reply, 429, "too_many_requests",
	              "Refreshed too often within a minute");
}

static void
refresh(struct lightspeed_r *r, const struct json_node *o,
        struct server_reply *reply)
{
	const char *given = json_text_or(o, "refresh_token", NULL);
	const struct lsr_token *t;
	size_t i;

	if (given == NULL) {
		refuse(reply, 400, "invalid_request",
		       "Check the `refresh_token` parameter");
		return;
	}
	if (!may_refresh(r, reply))
		return;
	for (i = 0; i < r->n_tokens; i++) {
		t = &r->tokens[i];
		if (strcmp(t->refresh, given) != 0 || t->is_refresh_revoked ||
		    clock_mono_ms() >= t->refresh_until_ms)
			continue;
		r->n_refreshes++;
		answer_pair(r, (int64_t)i, reply);
		return;
	}
	refuse(reply, 400, "invalid_grant", "Token has been revoked");
}

static void
exchange_code(struct lightspeed_r *r, const struct json_node *o,
              struct server_reply *reply)
{
	const char *code = json_text_or(o, "code", "");

	if (r->code[0] == '\0' || strcmp(code, r->code) != 0 ||
	    clock_mono_ms() >= r->code_until_ms) {
		refuse(reply, 400, "invalid_grant", "The code has expired");
		return;
	}
	r->code[0] = '\0';
	answer_pair(r, -1, reply);
}

static bool
is_client(const struct lightspeed_r *r, const struct json_node *o)
{
	return strcmp(json_text_or(o, "client_id", ""), r->options.client_id) ==
	               0 &&
	       strcmp(json_text_or(o, "client_secret", ""),
	              r->options.client_secret) == 0;
}

static void
revoke(struct lightspeed_r *r, const struct json_node *o,
       struct server_reply *reply)
{
	const char *given = json_text_or(o, "refresh_token", "");
	size_t i;

	for (i = 0; i < r->n_tokens; i++) {
		if (strcmp(r->tokens[i].refresh, given) != 0)
			continue;
		r->tokens[i].is_refresh_revoked = true;
		r->tokens[i].is_access_revoked = true;
	}
	reply->status = 200;
	buf_adds(&reply->body, "{}");
}

static void
hand_out(struct lightspeed_r *r, const struct json_node *o,
         struct server_reply *reply)
{
	const char *grant = json_text_or(o, "grant_type", "");
	const char *scope = json_text_or(o, "scope", NULL);

	if (scope != NULL && strstr(r->is.scopes, scope) == NULL)
		refuse(reply, 400, "invalid_scope", "Check the `scope`");
	else if (strcmp(grant, "refresh_token") == 0)
		refresh(r, o, reply);
	else if (strcmp(grant, "authorization_code") == 0)
		exchange_code(r, o, reply);
	else
		refuse(reply, 400, "unsupported_grant_type",
		       "Check the `grant_type`");
}

bool
lsr_serve_tokens(struct lightspeed_r *r, const struct http_call *call,
                 struct server_reply *reply)
{
	bool is_revoke = strcmp(call->path, "/auth/oauth/revoke") == 0;
	struct json *doc;

	if (strcmp(call->method, "POST") != 0 ||
	    (!is_revoke && strcmp(call->path, "/auth/oauth/token") != 0))
		return false;
	doc = read_request(call);
	if (doc == NULL)
		refuse(reply, 400, "invalid_request",
		       "JSON or a multipart form is wanted");
	else if (!is_client(r, json_root(doc)))
		refuse(reply, 401, "invalid_client",
		       "Client authentication failed");
	else if (is_revoke)
		revoke(r, json_root(doc), reply);
	else
		hand_out(r, json_root(doc), reply);
	r->n_refused_refreshes += reply->status >= 400;
	json_free(doc);
	return true;
}
