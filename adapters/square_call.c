/*
 * Square, calls: build, send, judge; and listings, which are the same query
 * with cursor after cursor.
 *
 * Not  Nothing here waits or tries again; what an error means stands in two
 *      tables and one switch of statuses, and nowhere else. A next page is
 *      asked for by cursor at the configured address, never by an address out
 *      of an answer.
 */
#include "adapters/square.h"

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/base/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PAGES_MAX = 10000, /* a listing longer than this is a loop */
};

/* ---- the vendor's error policy, all of it ---- */

struct rule {
	const char *name;
	enum verdict verdict;
};

/* What the code alone decides; else a telling status, else the category. */
static const struct rule by_code[] = {
	{ "RATE_LIMITED", VERDICT_SLOW },
	{ "UNAUTHORIZED", VERDICT_LOCKED },
	{ "ACCESS_TOKEN_EXPIRED", VERDICT_LOCKED },
	{ "ACCESS_TOKEN_REVOKED", VERDICT_LOCKED },
	{ "CLIENT_DISABLED", VERDICT_LOCKED },
	{ "APPLICATION_DISABLED", VERDICT_LOCKED },
	{ "FORBIDDEN", VERDICT_LOCKED },
	{ "INSUFFICIENT_SCOPES", VERDICT_LOCKED },
	{ "INVALID_TIME", VERDICT_RETRY }, /* stamped anew next time */
	{ "INVALID_TIME_RANGE", VERDICT_RETRY },
	{ "INVALID_CURSOR", VERDICT_RETRY }, /* the listing starts over */
	{ "CONFLICT", VERDICT_RETRY },       /* look, decide again */
	{ "INTERNAL_SERVER_ERROR", VERDICT_RETRY },
	{ "SERVICE_UNAVAILABLE", VERDICT_RETRY },
	{ "GATEWAY_TIMEOUT", VERDICT_RETRY },
	{ "BAD_GATEWAY", VERDICT_RETRY },
	{ "TEMPORARY_ERROR", VERDICT_RETRY },
	{ "REQUEST_TIMEOUT", VERDICT_RETRY },
	{ "IDEMPOTENCY_KEY_REUSED", VERDICT_REFUSED },
	{ "NOT_FOUND", VERDICT_REFUSED }, /* a binding is wrong */
	{ "INVALID_LOCATION", VERDICT_REFUSED },
};

static const struct rule by_category[] = {
	{ "RATE_LIMIT_ERROR", VERDICT_SLOW },
	{ "AUTHENTICATION_ERROR", VERDICT_LOCKED },
	{ "API_ERROR", VERDICT_RETRY },
	{ "INVALID_REQUEST_ERROR", VERDICT_REFUSED },
};

/* Square names each of its errors; what has no name is a proxy's. */
static bool
is_named(const struct json_node *error)
{
	return *json_text_or(error, "category", "") ||
	       *json_text_or(error, "code", "");
}

static enum verdict
by_status(int status, const struct json_node *error)
{
	if (status >= 200 && status < 300)
		return error ? VERDICT_RETRY : VERDICT_DONE;
	if (status == 429)
		return VERDICT_SLOW;
	if (status == 401 || status == 403)
		return VERDICT_LOCKED;
	if (status == 408 || status == 409)
		return VERDICT_RETRY;
	if (status >= 400 && status < 500 && is_named(error))
		return VERDICT_REFUSED;
	return VERDICT_RETRY;
}

static const struct rule *
find_rule(const struct rule *rules, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(rules[i].name, name) == 0)
			return &rules[i];
	return NULL;
}

/* "http 400 INVALID_REQUEST_ERROR BAD_REQUEST: and what it says to people" */
static void
explain(char why[OUTCOME_WHY_SIZE], int status, const struct json_node *error)
{
	const char *category = json_text_or(error, "category", "");
	const char *code = json_text_or(error, "code", "");
	const char *detail = json_text_or(error, "detail", "");
	char *words = text_format(
		"http %d%s%s%s%s%s%s", status, *category ? " " : "", category,
		*code ? " " : "", code, *detail ? ": " : "", detail);

	(void)words_copy(why, OUTCOME_WHY_SIZE, words ? words : "");
	free(words);
}

/* Pure: answer in, outcome out. root: its body, NULL when that is no JSON. */
static struct outcome
judge(const struct http_answer *answer, const struct json_node *root)
{
	const struct json_node *error = json_at(json_find(root, "errors"), 0);
	const char *category = json_text_or(error, "category", "");
	const char *code = json_text_or(error, "code", "");
	const struct rule *rule =
		find_rule(by_code, sizeof(by_code) / sizeof(*by_code), code);
	enum verdict verdict = by_status(answer->status, error);
	char why[OUTCOME_WHY_SIZE];

	if (answer->status == 0)
		return outcome_of(VERDICT_RETRY, "%s", answer->why);
	if (verdict == VERDICT_DONE && json_type(root) != JSON_OBJECT)
		return outcome_of(VERDICT_RETRY,
		                  "http %d, but the answer is no JSON object",
		                  answer->status);
	/* 401, 408, 429 and their like speak for themselves. */
	if (!rule && (verdict == VERDICT_REFUSED || answer->status < 300))
		rule = find_rule(by_category,
		                 sizeof(by_category) / sizeof(*by_category),
		                 category);
	/* The server's own trouble is passing, whatever it calls it. */
	if (rule && answer->status < 500)
		verdict = rule->verdict;
	if (verdict == VERDICT_DONE)
		return outcome_done();
	explain(why, answer->status, error);
	if (verdict == VERDICT_SLOW)
		return outcome_slow(answer->retry_after_ms, why);
	return outcome_of(verdict, "%s", why);
}

/* ---- the key ---- */

static bool
has_key(const void *ctx)
{
	const struct square *s = ctx;

	return !s->oauth || oauth_ops.has_key(s->oauth);
}

/* A configured token is never worn, so nobody asks. */
static struct outcome
renew(void *ctx)
{
	struct square *s = square_of(ctx);

	return s->oauth ? oauth_ops.renew(s->oauth) : outcome_done();
}

static void
sign(void *ctx, struct http_request *request)
{
	struct square *s = square_of(ctx);

	if (s->oauth)
		oauth_ops.sign(s->oauth, request);
	else
		request->headers[request->n_headers++] =
			(struct http_header){ "Authorization", s->bearer };
}

/* 401 has other causes, which no new token mends. */
static bool
is_worn(const void *ctx, const struct http_request *request,
        const struct http_answer *answer)
{
	const struct square *s = ctx;
	struct json *doc = NULL;
	bool is_final;

	if (!s->oauth || !oauth_ops.is_worn(s->oauth, request, answer))
		return false;
	(void)json_parse(&doc, buf_text(&answer->body), answer->body.n);
	is_final = square_has_error(doc, "ACCESS_TOKEN_REVOKED") ||
	           square_has_error(doc, "CLIENT_DISABLED") ||
	           square_has_error(doc, "APPLICATION_DISABLED");
	json_free(doc);
	return !is_final;
}

const struct auth_ops square_key = {
	.has_key = has_key,
	.renew = renew,
	.sign = sign,
	.is_worn = is_worn,
};

/* Who we are is refused: the words, and what a person has to do. */
static struct outcome
add_cure(const struct square *s, struct outcome outcome, const struct json *doc)
{
	const char *cure = "is `access_token` right?";

	if (s->oauth && square_has_error(doc, "ACCESS_TOKEN_REVOKED"))
		cure = "authorise again and set `oauth.refresh_token`";
	else if (s->oauth)
		cure = "is `url` of the same environment as the token?";
	return outcome_of(outcome.verdict, "%.150s: %s", outcome.why, cure);
}

/* ---- one call ---- */

static struct http_request
build_request(const struct square *s, const char *method, const char *url,
              const struct buf *body)
{
	struct http_request q = { .method = method, .url = url };

	q.headers[q.n_headers++] =
		(struct http_header){ "Square-Version", s->version };
	q.headers[q.n_headers++] =
		(struct http_header){ "Accept", "application/json" };
	if (!body)
		return q;
	q.headers[q.n_headers++] =
		(struct http_header){ "Content-Type", "application/json" };
	q.body = buf_text(body);
	q.n_body = body->n;
	return q;
}

/* The answer that came, judged. */
static struct outcome
judge_answer(struct square *s, const struct http_answer *answer,
             struct json **doc)
{
	struct outcome outcome;
	int r = json_parse(doc, buf_text(&answer->body), answer->body.n);

	peer_clock_learn(&s->clock, answer);
	if (r && r != JSON_MALFORMED) /* judge() knows what that means */
		return outcome_fault(r);
	outcome = judge(answer, *doc ? json_root(*doc) : NULL);
	if (answer->status == 401)
		outcome = add_cure(s, outcome, *doc);
	return outcome;
}

/* Send and judge; the answer is the caller's, whatever comes of it. */
static struct outcome
exchange(struct square *s, const char *method, const char *path,
         const struct buf *body, struct json **doc, struct http_answer *answer)
{
	struct outcome outcome = outcome_fault(ERR_NOMEM);
	struct http_request request;
	char *url = text_format("%s%s", s->base, path);

	*doc = NULL;
	if (url && (!body || buf_check(body) == 0)) {
		request = build_request(s, method, url, body);
		outcome = auth_send(&s->auth, &request, answer);
		if (outcome.verdict == VERDICT_DONE)
			outcome = judge_answer(s, answer, doc);
	}
	free(url);
	return outcome;
}

struct outcome
square_call(struct square *s, const char *path, const struct buf *body,
            struct json **doc)
{
	struct http_answer answer = { 0 };
	struct outcome outcome =
		exchange(s, body ? "POST" : "GET", path, body, doc, &answer);

	http_answer_fini(&answer);
	return outcome;
}

struct outcome
square_put(struct square *s, const char *path, const struct buf *body,
           struct json **doc)
{
	struct http_answer answer = { 0 };
	struct outcome outcome = exchange(s, "PUT", path, body, doc, &answer);

	http_answer_fini(&answer);
	return outcome;
}

bool
square_has_error(const struct json *doc, const char *code)
{
	const struct json_node *errors =
		doc ? json_find(json_root(doc), "errors") : NULL;

	for (size_t i = 0; i < json_length(errors); i++)
		if (strcmp(json_text_or(json_at(errors, i), "code", ""),
		           code) == 0)
			return true;
	return false;
}

/*
 * Square itself says no, and not that it ran out of time over it; or the
 * request was not let in, whoever says so.
 */
static bool
is_refusal(const struct http_answer *answer, const struct json *doc)
{
	const struct json_node *root = doc ? json_root(doc) : NULL;

	if (answer->status == 401 || answer->status == 403 ||
	    answer->status == 429)
		return true;
	return is_named(json_at(json_find(root, "errors"), 0)) &&
	       answer->status >= 400 && answer->status < 500 &&
	       answer->status != 408 &&
	       !square_has_error(doc, "REQUEST_TIMEOUT");
}

struct outcome
square_post(struct square *s, const char *path, const struct buf *body,
            struct json **doc)
{
	struct http_answer answer = { 0 };
	struct outcome outcome = exchange(s, "POST", path, body, doc, &answer);
	bool is_undone = answer.status == 0 ? !answer.was_sent
	                                    : is_refusal(&answer, *doc);

	if (outcome.verdict != VERDICT_DONE && !is_undone)
		outcome.verdict = VERDICT_UNCERTAIN;
	http_answer_fini(&answer);
	return outcome;
}

/* ---- listings: the same query with cursor after cursor ---- */

static void
build_page(struct buf *out, const struct square_listing *l, const char *cursor)
{
	struct json_out o = { .to = out };

	json_out_object(&o, NULL);
	l->build(&o, l);
	if (*cursor)
		json_out_text(&o, "cursor", cursor);
	json_out_end_object(&o);
}

/* Read the next cursor; "" after the last page. Returns 0, SQUARE_MALFORMED. */
static int
next_cursor(struct buf *cursor, const struct json_node *root)
{
	const char *next = "";
	int r = json_get_text(&next, root, "cursor");

	/* The same one again would never end. */
	if (r == JSON_WRONG_TYPE ||
	    (*next && strcmp(next, buf_text(cursor)) == 0))
		return SQUARE_MALFORMED;
	buf_reset(cursor);
	buf_adds(cursor, next);
	return buf_check(cursor);
}

/* One page; cursor goes from this one's to the next one's. */
static struct outcome
list_page(struct square *s, const struct square_listing *l, struct buf *cursor)
{
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;
	int r;

	build_page(&body, l, buf_text(cursor));
	outcome = square_call(s, l->path, &body, &doc);
	if (outcome.verdict == VERDICT_DONE) {
		r = l->take(l->ctx, json_root(doc));
		if (!r)
			r = next_cursor(cursor, json_root(doc));
		outcome = outcome_taken(r, l->path);
	}
	json_free(doc);
	buf_fini(&body);
	return outcome;
}

struct outcome
square_list(struct square *s, const struct square_listing *l)
{
	struct buf cursor = BUF_INIT;
	struct outcome outcome;
	unsigned n_pages = 0;

	do {
		outcome = list_page(s, l, &cursor);
	} while (outcome.verdict == VERDICT_DONE && cursor.n > 0 &&
	         ++n_pages < PAGES_MAX);
	if (outcome.verdict == VERDICT_DONE && cursor.n > 0)
		outcome = outcome_of(VERDICT_RETRY,
		                     "the list does not end (%d pages)",
		                     PAGES_MAX);
	buf_fini(&cursor);
	return outcome;
}

void
square_out_time(struct json_out *o, const char *key, int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(text, wall_ms);
	json_out_text(o, key, text);
}

void
square_out_one(struct json_out *o, const char *key, const char *text)
{
	json_out_array(o, key);
	json_out_text(o, NULL, text);
	json_out_end_array(o);
}

int
square_find_rows(const struct json_node **out, const struct json_node *root,
                 const char *key)
{
	*out = json_find(root, key);
	return *out && json_type(*out) != JSON_ARRAY ? SQUARE_MALFORMED : 0;
}
