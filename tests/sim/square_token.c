/*
 * Square: access tokens that end, and the call that renews them.
 *
 * The first refresh token is of the code flow where the simulator was given a
 * client secret: it may be used for ever, and comes back. Else it is of the PKCE
 * flow: each may be used once and gives the next. The personal token never ends.
 */
#include "tests/sim/square.h"

#include "gateway/base/clock.h"

#include <stdlib.h>
#include <string.h>

enum {
	LETTERS = 60,
	TOKEN_MIN = 2, /* bytes of secrets and tokens */
	TOKEN_MAX = 1024,
	CLIENT_MAX = 191,
	SHORT_S = 24 * 3600,
	PKCE_DAYS = 90,
};

static const char members[] =
	"client_id client_secret code redirect_uri grant_type refresh_token "
	"migration_token scopes short_lived code_verifier";

static struct square_token *
add_token(struct square *square, const char *access, const char *refresh)
{
	void *tokens = square->tokens;
	struct square_token *t;

	sim_grow(&tokens, &square->cap_tokens, square->n_tokens, sizeof(*t));
	square->tokens = tokens;
	t = &square->tokens[square->n_tokens++];
	*t = (struct square_token){ .refresh = sim_dup(refresh) };
	if (access != NULL)
		t->access = sim_dup(access);
	return t;
}

void
square_tokens_init(struct square *square)
{
	square->is.token_s = (int64_t)30 * 24 * 3600;
	if (square->options.refresh_token != NULL)
		add_token(square, NULL, square->options.refresh_token);
}

void
square_tokens_fini(struct square *square)
{
	size_t i;

	for (i = 0; i < square->n_tokens; i++) {
		free(square->tokens[i].access);
		free(square->tokens[i].refresh);
	}
	free(square->tokens);
}

bool
square_token_check(struct square *square, const char *bearer,
                   struct server_reply *reply)
{
	const char *code = "UNAUTHORIZED";
	const struct square_token *t;
	size_t i;

	if (strcmp(bearer, square->options.token) == 0)
		return true;
	for (i = 0; i < square->n_tokens; i++) {
		t = &square->tokens[i];
		if (t->access == NULL || strcmp(t->access, bearer) != 0)
			continue;
		if (!t->is_revoked && clock_mono_ms() < t->until_mono_ms)
			return true;
		code = t->is_revoked ? "ACCESS_TOKEN_REVOKED"
		                     : "ACCESS_TOKEN_EXPIRED";
	}
	square_refuse(reply, 401, code, NULL,
	              "This request could not be authorized.");
	return false;
}

void
square_tokens_expire(struct square *square)
{
	size_t i;

	for (i = 0; i < square->n_tokens; i++)
		square->tokens[i].until_mono_ms = 0;
}

void
square_tokens_revoke(struct square *square)
{
	size_t i;

	for (i = 0; i < square->n_tokens; i++)
		square->tokens[i].is_revoked = true;
}

void
square_tokens_authorise(struct square *square, const char *refresh)
{
	add_token(square, NULL, refresh);
}

/* ---- the call ---- */

/* This endpoint's errors have other members in some versions. */
static void
refuse_token(struct square *square, struct server_reply *reply, int status,
             const char *code, const char *detail)
{
	struct json_out out = { .to = &reply->body };

	square->n_refused_refreshes++;
	if (!square->is.old_token_errors) {
		square_refuse(reply, status, code, NULL, detail);
		return;
	}
	reply->status = status;
	json_out_object(&out, NULL);
	json_out_text(&out, "message", detail);
	json_out_text(&out, "type",
	              status == 401 ? "service.not_authorized"
	                            : "bad_request.bad_parameter");
	json_out_end_object(&out);
}

/* A text of min to max bytes; absent only where min is 0. */
static bool
is_text(const struct json_node *o, const char *key, size_t min, size_t max)
{
	const char *text = NULL;
	int r = json_get_text(&text, o, key);

	if (r == JSON_ABSENT)
		return min == 0;
	return r == 0 && strlen(text) >= min && strlen(text) <= max;
}

static const char *
find_wrong(const struct json_node *o)
{
	bool has_secret = json_find(o, "client_secret") != NULL;

	if (!is_text(o, "client_id", 1, CLIENT_MAX))
		return "client_id";
	if (!is_text(o, "grant_type", 10, 20))
		return "grant_type";
	if (!is_text(o, "refresh_token", TOKEN_MIN, TOKEN_MAX))
		return "refresh_token";
	if (has_secret && !is_text(o, "client_secret", TOKEN_MIN, TOKEN_MAX))
		return "client_secret";
	return NULL;
}

static bool
is_client(const struct square *square, const struct json_node *o)
{
	const char *id = json_text_or(o, "client_id", "");
	const char *secret = json_text_or(o, "client_secret", NULL);

	if (square->options.client_id == NULL ||
	    strcmp(square->options.client_id, id) != 0)
		return false;
	if (square->options.client_secret == NULL)
		return secret == NULL;
	return secret != NULL &&
	       strcmp(square->options.client_secret, secret) == 0;
}

/* What can still be renewed with this. Indices, for the list may move. */
static bool
find_refresh(struct square *square, const char *text, size_t *at)
{
	bool is_pkce = square->options.client_secret == NULL;
	const struct square_token *t;
	size_t i;

	for (i = square->n_tokens; i-- > 0;) {
		t = &square->tokens[i];
		if (strcmp(t->refresh, text) != 0)
			continue;
		*at = i;
		square->n_spent_again += is_pkce && t->is_spent;
		return !t->is_revoked && !(is_pkce && t->is_spent);
	}
	return false;
}

static void
answer_token(struct square *square, const struct json_node *o, size_t old,
             struct server_reply *reply)
{
	const int64_t day_us = (int64_t)86400 * 1000000;
	bool is_pkce = square->options.client_secret == NULL;
	struct json_out out = { .to = &reply->body };
	int64_t life_s = square->is.token_s;
	char access[LETTERS + 1];
	char refresh[LETTERS + 1];
	bool is_short = false;
	struct square_token *t;

	(void)json_get_bool(&is_short, o, "short_lived");
	if (is_short && life_s > SHORT_S)
		life_s = SHORT_S;
	sim_token(square->sim, access, LETTERS);
	sim_token(square->sim, refresh, LETTERS);
	square->tokens[old].is_spent = true;
	t = add_token(square, access,
	              is_pkce ? refresh : square->tokens[old].refresh);
	t->until_mono_ms = clock_mono_ms() + life_s * 1000;
	square->n_refreshes++;
	json_out_object(&out, NULL);
	json_out_text(&out, "access_token", t->access);
	json_out_text(&out, "token_type", "bearer");
	square_time_out(&out, "expires_at",
	                sim_now_us(square->sim) + life_s * 1000000);
	json_out_text(&out, "merchant_id", SQUARE_MERCHANT);
	json_out_text(&out, "refresh_token", t->refresh);
	json_out_bool(&out, "short_lived", is_short);
	if (is_pkce)
		square_time_out(&out, "refresh_token_expires_at",
		                sim_now_us(square->sim) + PKCE_DAYS * day_us);
	json_out_end_object(&out);
}

static void
obtain_token(struct square *square, const struct json_node *o,
             struct server_reply *reply)
{
	const char *wrong = find_wrong(o);
	size_t at = 0;

	if (wrong != NULL)
		refuse_token(square, reply, 400, "BAD_REQUEST", wrong);
	else if (strcmp(json_text_or(o, "grant_type", ""), "refresh_token") !=
	         0)
		refuse_token(square, reply, 400, "BAD_REQUEST",
		             "only refresh_token is played");
	else if (!is_client(square, o))
		refuse_token(square, reply, 401, "UNAUTHORIZED",
		             "Not Authorized");
	else if (!find_refresh(square, json_text_or(o, "refresh_token", ""),
	                       &at))
		refuse_token(square, reply, 401, "UNAUTHORIZED",
		             "The refresh token is not valid");
	else
		answer_token(square, o, at, reply);
}

bool
square_serve_tokens(struct square *square, const struct http_call *call,
                    struct server_reply *reply)
{
	struct json *doc;

	if (strcmp(call->path, "/oauth2/token") != 0)
		return false;
	reply->status = 200;
	if (strcmp(call->method, "POST") != 0) {
		square_refuse(reply, 405, "METHOD_NOT_ALLOWED", NULL, NULL);
		return true;
	}
	doc = square_body(call, reply);
	if (doc != NULL && square_check_members(json_root(doc), members, reply))
		obtain_token(square, json_root(doc), reply);
	json_free(doc);
	return true;
}

void
square_tokens_print(const struct square *square, struct json_out *out)
{
	size_t i;

	json_out_object(out, "tokens");
	json_out_int(out, "refreshes", square->n_refreshes);
	json_out_int(out, "refused", square->n_refused_refreshes);
	json_out_int(out, "spent_again", square->n_spent_again);
	json_out_array(out, "issued");
	for (i = 0; i < square->n_tokens; i++) {
		if (square->tokens[i].access != NULL)
			json_out_text(out, NULL, square->tokens[i].access);
		json_out_text(out, NULL, square->tokens[i].refresh);
	}
	json_out_end_array(out);
	json_out_end_object(out);
}
