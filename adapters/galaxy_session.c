/*
 * Galaxy: log-in, calls, and what an answer means.
 *
 * Does      POST /auth.
 * Session   The cookie ss-id, from Set-Cookie or from the body. 401 and 403,
 *           or a ResponseStatus of that meaning, say that the server forgot
 *           it: log in once, repeat once, give up (galaxy.md 2). Its life is
 *           not public, so it is used until then.
 * Errors    ServiceStack's ResponseStatus, also inside a 200, or an HTML page
 *           of some proxy (galaxy.md 11). StackTrace is never looked at.
 */
#include "adapters/galaxy.h"

#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- addresses ---- */

void
galaxy_url(struct buf *url, const struct galaxy *g, const char *name,
           const char *fallback)
{
	const char *base = conf_account_url(g->env.conf);
	const char *path =
		name ? conf_map_find(g->env.conf, "paths", name) : NULL;
	size_t n = strlen(base);

	while (n > 0 && base[n - 1] == '/')
		n--;
	buf_add(url, base, n);
	if (!path)
		path = fallback;
	if (path[0] != '/')
		buf_addc(url, '/');
	buf_adds(url, path);
}

void
galaxy_param(struct buf *url, const char *key, const char *value)
{
	buf_addf(url, "%c%s=%s", strchr(buf_text(url), '?') ? '&' : '?', key,
	         value);
}

void
galaxy_param_scenario(struct buf *url, const struct galaxy *g)
{
	if (g->scenario[0])
		galaxy_param(url, "WebScenID", g->scenario);
}

/* ---- what answers say ---- */

/*
 * Server text for people: it might repeat what we sent. Redacted before it is
 * cut, or half a secret would pass.
 */
static void
say_safely(char *out, size_t size, const struct galaxy *g, const char *text)
{
	char *copy = text_dup(text);
	size_t n_session = strlen(g->session);
	char *found = copy;

	out[0] = '\0';
	if (!copy)
		return;
	log_redact(copy);
	for (; n_session && (found = strstr(found, g->session));
	     found += n_session)
		memset(found, '*', n_session);
	galaxy_say(out, size, copy);
	free(copy);
}

void
galaxy_error_read(struct galaxy_error *out, const struct galaxy *g,
                  const struct json_node *status)
{
	const struct json_node *first = json_at(json_find(status, "Errors"), 0);
	const char *message = json_text_or(status, "Message", "");

	if (!message[0])
		message = json_text_or(first, "Message", "");
	say_safely(out->code, sizeof(out->code), g,
	           json_text_or(status, "ErrorCode", ""));
	say_safely(out->message, sizeof(out->message), g, message);
}

bool
galaxy_error_of(struct galaxy_error *out, const struct galaxy *g,
                const void *body, size_t n)
{
	struct json *doc = NULL;

	*out = (struct galaxy_error){ "", "" };
	if (n == 0 || json_parse(&doc, body, n) != 0)
		return false;
	galaxy_error_read(out, g, json_find(json_root(doc), "ResponseStatus"));
	json_free(doc);
	return out->code[0] != '\0';
}

/* True when the code's text has this in it, upper and lower case alike. */
static bool
speaks_of(const struct galaxy_error *error, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = error->code; *p; p++)
		if (strncasecmp(p, word, n) == 0)
			return true;
	return false;
}

bool
galaxy_is_about_session(const struct galaxy_error *error)
{
	static const char *const words[] = { "unauthorized", "authenticat",
		                             "sessionexpired", "invalidsession",
		                             "sessionnotfound" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (speaks_of(error, words[i]))
			return true;
	return false;
}

char
galaxy_first_of(const char *p, size_t n)
{
	for (; n > 0; p++, n--)
		if (!strchr(" \n\r\t", *p))
			return *p;
	return '\0';
}

bool
galaxy_is_html(const void *body, size_t n)
{
	return galaxy_first_of(body, n) == '<';
}

/* The cause in a few words: the server's own where it gave any. */
static struct outcome
say(enum verdict verdict, const struct http_answer *answer,
    const struct galaxy_error *error)
{
	const char *words = error->message[0] ? error->message : error->code;

	if (words[0])
		return outcome_of(verdict, "Galaxy (HTTP %d): %s",
		                  answer->status, words);
	return outcome_of(
		verdict, "Galaxy answered HTTP %d%s", answer->status,
		galaxy_is_html(buf_text(&answer->body), answer->body.n)
			? " with a web page"
			: "");
}

static struct outcome
judge_bad(const struct http_answer *answer, const struct galaxy_error *error)
{
	int status = answer->status;

	if (status == 429)
		return outcome_slow(answer->retry_after_ms,
		                    "Galaxy asks us to slow down");
	if (status == 401 || status == 403 || galaxy_is_about_session(error))
		return say(VERDICT_LOCKED, answer, error);
	if (status == 408 || status < 400 || status >= 500)
		return say(VERDICT_RETRY, answer, error);
	return say(VERDICT_REFUSED, answer, error);
}

struct outcome
galaxy_judge_read(const struct galaxy *g, const struct http_answer *answer)
{
	struct galaxy_error error;
	bool is_error;

	if (answer->status == 0)
		return outcome_of(VERDICT_RETRY, "no answer from Galaxy: %s",
		                  answer->why);
	is_error = galaxy_error_of(&error, g, buf_text(&answer->body),
	                           answer->body.n);
	if (answer->status < 200 || answer->status > 299)
		return judge_bad(answer, &error);
	if (is_error)
		return say(galaxy_is_about_session(&error) ? VERDICT_LOCKED
		                                           : VERDICT_REFUSED,
		           answer, &error);
	if (galaxy_is_html(buf_text(&answer->body), answer->body.n))
		return say(VERDICT_RETRY, answer, &error);
	return outcome_done();
}

/* ---- log-in ---- */

/* It travels in a header: printable, and nothing that ends a cookie. */
static bool
is_cookie_value(const char *text)
{
	size_t n = 0;

	for (; text[n]; n++)
		if (text[n] <= ' ' || text[n] >= 0x7f || text[n] == ';' ||
		    text[n] == ',' || text[n] == '"')
			return false;
	return n > 0 && n < GALAXY_SESSION_SIZE;
}

static void
take_session(struct galaxy *g, const struct http_answer *answer)
{
	struct json *doc = NULL;
	const char *id = answer->session;

	if (!id[0] &&
	    json_parse(&doc, buf_text(&answer->body), answer->body.n) == 0)
		id = json_text_or(json_root(doc), "SessionId", "");
	if (is_cookie_value(id))
		memcpy(g->session, id, strlen(id) + 1);
	json_free(doc);
}

static struct outcome
judge_login(struct galaxy *g, const struct http_answer *answer)
{
	char user[40];
	struct galaxy_error error;
	bool is_error = galaxy_error_of(&error, g, buf_text(&answer->body),
	                                answer->body.n);
	int status = answer->status;

	galaxy_say(user, sizeof(user), conf_text(g->env.conf, "username"));
	if (status == 0 || status == 429 || status >= 500)
		return galaxy_judge_read(g, answer);
	if (status == 401 || status == 403 || is_error)
		return outcome_of(VERDICT_LOCKED,
		                  "Galaxy refused user \"%s\" (HTTP %d)%s%s",
		                  user, status, error.message[0] ? ": " : "",
		                  error.message);
	if (status < 200 || status > 299) /* a wrong path, or a proxy's word */
		return outcome_of(VERDICT_RETRY, "no log-in at Galaxy: HTTP %d",
		                  status);
	take_session(g, answer);
	if (!g->session[0])
		return outcome_of(VERDICT_RETRY,
		                  "Galaxy's log-in gave no session");
	return outcome_done();
}

static struct outcome
log_in(struct galaxy *g)
{
	const struct secret *password = conf_secret(g->env.conf, "password");
	struct buf url = BUF_INIT;
	struct buf body = BUF_INIT;
	struct json_out json = { .to = &body };
	struct http_answer answer = { 0 };
	struct outcome outcome;
	int r;

	g->session[0] = '\0';
	galaxy_url(&url, g, "auth", "/auth");
	json_out_object(&json, NULL);
	json_out_text(&json, "username", conf_text(g->env.conf, "username"));
	json_out_text(&json, "password", secret_text(password));
	json_out_end_object(&json);
	r = buf_check(&url) || buf_check(&body) ? ERR_NOMEM : 0;
	if (!r) {
		struct http_request request = {
			.method = "POST",
			.url = buf_text(&url),
			.headers = { { "Accept", "application/json" },
			             { "Content-Type", "application/json" } },
			.n_headers = 2,
			.body = buf_text(&body),
			.n_body = body.n,
		};

		r = http_client_send(g->env.http, &request, &answer);
	}
	outcome = r ? outcome_fault(r) : judge_login(g, &answer);
	http_answer_fini(&answer);
	if (body.p)
		crypto_wipe(body.p, body.cap);
	buf_fini(&body);
	buf_fini(&url);
	return outcome;
}

/* ---- calls ---- */

static bool
has_session(const void *ctx)
{
	const struct galaxy *g = ctx;

	return g->session[0] != '\0';
}

static struct outcome
renew_session(void *ctx)
{
	return log_in(ctx);
}

static void
put_session(void *ctx, struct http_request *request)
{
	struct galaxy *g = ctx;

	(void)snprintf(g->cookie, sizeof(g->cookie), "ss-id=%s", g->session);
	request->headers[request->n_headers++] =
		(struct http_header){ "Accept", "application/json" };
	request->headers[request->n_headers++] =
		(struct http_header){ "Cookie", g->cookie };
}

/*
 * The session is gone, or this user may not: the second time tells. Such words
 * are short; a picture is not searched for them.
 */
static bool
is_forgotten(const void *ctx, const struct http_request *request,
             const struct http_answer *answer)
{
	const struct galaxy *g = ctx;
	struct galaxy_error error;

	if (answer->status == 401 || answer->status == 403)
		return true;
	/* Words may come from deep within work that was half done: whoever
	   must not be sent twice trusts the status alone. */
	return !request->is_unrepeatable && answer->status != 0 &&
	       answer->body.n <= GALAXY_ERROR_MAX &&
	       galaxy_error_of(&error, g, buf_text(&answer->body),
	                       answer->body.n) &&
	       galaxy_is_about_session(&error);
}

const struct auth_ops galaxy_auth = {
	.has_key = has_session,
	.renew = renew_session,
	.sign = put_session,
	.is_worn = is_forgotten,
};

struct outcome
galaxy_exchange(struct galaxy *g, const struct http_request *request,
                struct http_answer *answer)
{
	return auth_send(&g->auth, request, answer);
}
