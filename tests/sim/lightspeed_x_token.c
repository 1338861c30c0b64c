/*
 * Lightspeed X: tokens. A refresh kills the refresh token and the access token
 * that came with it, at once.
 */
#include "tests/sim/lightspeed_x.h"

#include "gateway/base/clock.h"

#include <stdio.h>
#include <string.h>

enum { LETTERS = 40 };

void
lsx_token_first(struct lightspeed_x *x)
{
	if (x->options.refresh_token == NULL)
		return;
	snprintf(x->tokens[0].refresh, sizeof(x->tokens[0].refresh), "%s",
	         x->options.refresh_token);
	x->n_tokens = 1;
}

bool
lsx_token_use(const struct lightspeed_x *x, const char *access, bool *is_oauth)
{
	const struct lsx_token *t;
	size_t i;

	*is_oauth = false;
	if (x->options.token != NULL && strcmp(x->options.token, access) == 0)
		return true;
	*is_oauth = true;
	for (i = 0; i < LSX_N_TOKENS; i++) {
		t = &x->tokens[i];
		if (t->access[0] != '\0' && !t->is_dead &&
		    strcmp(t->access, access) == 0)
			return clock_mono_ms() < t->until_ms;
	}
	return false;
}

static void
refuse(struct server_reply *reply, int status, const char *error,
       const char *why)
{
	struct json_out out = { .to = &reply->body };

	reply->status = status;
	json_out_object(&out, NULL);
	json_out_text(&out, "error", error);
	json_out_text(&out, "message", why);
	json_out_end_object(&out);
}

static void
answer_pair(struct lightspeed_x *x, struct server_reply *reply)
{
	struct lsx_token *t = &x->tokens[x->n_tokens++ % LSX_N_TOKENS];
	struct json_out out = { .to = &reply->body };

	*t = (struct lsx_token){ .until_ms = clock_mono_ms() +
		                             x->is.expires_s * 1000 };
	sim_token(x->sim, t->access, LETTERS);
	sim_token(x->sim, t->refresh, LETTERS);
	x->n_refreshes++;
	reply->status = 200;
	json_out_object(&out, NULL);
	json_out_text(&out, "access_token", t->access);
	json_out_text(&out, "token_type", "Bearer");
	json_out_int(&out, "expires", clock_wall_ms() / 1000 + x->is.expires_s);
	json_out_int(&out, "expires_in", x->is.expires_s);
	json_out_text(&out, "refresh_token", t->refresh);
	json_out_text(&out, "domain_prefix", "agora");
	json_out_text(&out, "scope", x->is.scopes);
	json_out_end_object(&out);
}

static void
rotate(struct lightspeed_x *x, const char *refresh, struct server_reply *reply)
{
	struct lsx_token *t;
	size_t i;

	for (i = 0; i < LSX_N_TOKENS; i++) {
		t = &x->tokens[i];
		if (t->refresh[0] == '\0' || t->is_dead ||
		    strcmp(t->refresh, refresh) != 0)
			continue;
		t->is_dead = true;
		answer_pair(x, reply);
		return;
	}
	refuse(reply, 400, "invalid_grant", "The refresh token is invalid");
}

/* The endpoint's own limit. */
static bool
may_ask(struct lightspeed_x *x, struct server_reply *reply)
{
	int64_t now_ms = clock_mono_ms();
	int64_t left_ms;

	if (now_ms - x->tokens_window_ms >= x->is.window_ms) {
		x->tokens_window_ms = now_ms;
		x->n_tokens_window = 0;
	}
	if (x->n_tokens_window++ < x->is.tokens_max)
		return true;
	left_ms = x->tokens_window_ms + x->is.window_ms - now_ms;
	buf_addf(&reply->headers, "X-RateLimit-Reset: %lld\r\n",
	         (long long)((clock_wall_ms() + left_ms + 999) / 1000));
	refuse(reply, 429, "Too Many Requests", "Rate limiting enforced");
	return false;
}

static void
hand_out(struct lightspeed_x *x, const struct json_node *o,
         struct server_reply *reply)
{
	const char *id = json_text_or(o, "client_id", "");
	const char *secret = json_text_or(o, "client_secret", "");

	if (x->options.client_secret == NULL ||
	    strcmp(id, x->options.client_id) != 0 ||
	    strcmp(secret, x->options.client_secret) != 0)
		refuse(reply, 401, "invalid_client", "Unknown client");
	else if (strcmp(json_text_or(o, "grant_type", ""), "refresh_token") !=
	         0)
		refuse(reply, 400, "unsupported_grant_type",
		       "Only refresh_token is played");
	else
		rotate(x, json_text_or(o, "refresh_token", ""), reply);
}

bool
lsx_serve_tokens(struct lightspeed_x *x, const struct http_call *call,
                 struct server_reply *reply)
{
	struct json *doc = NULL;

	if (strcmp(call->path, "/api/1.0/token") != 0)
		return false;
	if (!may_ask(x, reply)) {
		reply->status = 429;
	} else if (strcmp(call->method, "POST") != 0 ||
	           strstr(sim_header(call, "Content-Type"),
	                  "application/x-www-form-urlencoded") == NULL) {
		refuse(reply, 400, "invalid_request",
		       "A form is wanted, by POST");
	} else {
		doc = till_form(call->body, call->n_body);
		hand_out(x, doc != NULL ? json_root(doc) : NULL, reply);
	}
	x->n_refused_refreshes += reply->status >= 400;
	json_free(doc);
	return true;
}
