/*
 * Lightspeed X, calls: build, send, judge; and lists, which go up by version.
 *
 * Not     Nothing here waits or tries again. What an answer means is judged by
 *         its status alone, as the vendor publishes no list of errors; its
 *         words go to a person.
 * Limits  300 calls for each register and 50 more in five minutes; 429 says in
 *         a date when to come again.
 */
#include "adapters/lightspeed_x.h"

#include "gateway/base/err.h"
#include "gateway/base/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PAGES_MAX = 100000, /* a list longer than this is a circle */
};

/* ---- what answers mean: all of it is here ---- */

static enum verdict
by_status(const struct http_answer *answer)
{
	int status = answer->status;

	if (status >= 200 && status < 300)
		return VERDICT_DONE;
	if (status == 429 || (status == 503 && answer->retry_after_ms >= 0))
		return VERDICT_SLOW;
	if (status == 401 || status == 403)
		return VERDICT_LOCKED;
	if (status == 404)
		return VERDICT_ABSENT; /* what of: the caller knows */
	if (status >= 400 && status < 500 && status != 408)
		return VERDICT_REFUSED;
	return VERDICT_RETRY;
}

/* {"error":"…","message":"…"}, or only error, or {"error":{"message":"…"}}. */
static void
find_words(char out[OUTCOME_WHY_SIZE], const struct json_node *root)
{
	const struct json_node *error = json_find(root, "error");
	const char *title = json_text_or(root, "error", "");
	const char *detail = json_text_or(root, "message", "");
	struct buf text = BUF_INIT;

	if (json_type(error) == JSON_OBJECT)
		detail = json_text_or(error, "message", "");
	if (*title || *detail)
		buf_addf(&text, "%s%s%s", title, *title && *detail ? ": " : "",
		         detail);
	else if (root)
		json_print(&text, root);
	words_copy(out, OUTCOME_WHY_SIZE, buf_text(&text));
	buf_fini(&text);
}

/* Which call it was says which right it takes. Without its query, which tells
   nothing of that. */
static void
add_cure(struct buf *out, const struct lightspeed_x *x, int status,
         const struct http_request *request)
{
	const char *path = request->url + strlen(x->base);

	if (status == 403)
		buf_addf(out, "the token lacks the right to %s %.*s",
		         request->method, (int)strcspn(path, "?"), path);
	else
		buf_adds(out, x->oauth ? "is `url` that of the token's shop?"
		                       : "is `access_token` right?");
}

/* Pure: answer in, outcome out. root: its body, NULL when that is no JSON. */
static struct outcome
judge(const struct lightspeed_x *x, const struct http_request *request,
      const struct http_answer *answer, const struct json_node *root)
{
	struct buf cure = BUF_INIT;
	enum verdict verdict = by_status(answer);
	char words[OUTCOME_WHY_SIZE];
	struct outcome outcome;

	if (answer->status == 0)
		return outcome_of(VERDICT_RETRY,
		                  "no answer from Lightspeed: %s", answer->why);
	if (verdict == VERDICT_DONE &&
	    (json_type(root) == JSON_OBJECT || json_type(root) == JSON_ARRAY))
		return outcome_done();
	if (verdict == VERDICT_DONE)
		return outcome_of(VERDICT_RETRY,
		                  "http %d, but the answer is no JSON object",
		                  answer->status);
	find_words(words, root);
	if (verdict == VERDICT_LOCKED) {
		add_cure(&cure, x, answer->status, request);
		outcome = outcome_of(verdict, "http %d %.100s: %s",
		                     answer->status, words, buf_text(&cure));
		buf_fini(&cure);
		return outcome;
	}
	outcome = outcome_of(verdict, "http %d %s", answer->status, words);
	if (verdict == VERDICT_SLOW)
		outcome = outcome_slow(
			answer->retry_after_ms > 0 ? answer->retry_after_ms : 0,
			outcome.why);
	return outcome;
}

struct outcome
lightspeed_x_must_be(struct outcome outcome, const char *what)
{
	if (outcome.verdict != VERDICT_ABSENT)
		return outcome;
	return outcome_of(VERDICT_LOCKED,
	                  "Lightspeed does not know %s: is `url` that of the "
	                  "shop, and `api_version` one of its versions? "
	                  "(%.80s)",
	                  what, outcome.why);
}

/* ---- the key ---- */

static bool
has_key(const void *ctx)
{
	const struct lightspeed_x *x = ctx;

	return !x->oauth || oauth_ops.has_key(x->oauth);
}

/* A personal token is never worn, so nobody asks. */
static struct outcome
renew(void *ctx)
{
	struct lightspeed_x *x = lightspeed_x_of(ctx);

	return x->oauth ? oauth_ops.renew(x->oauth) : outcome_done();
}

static void
sign(void *ctx, struct http_request *request)
{
	struct lightspeed_x *x = lightspeed_x_of(ctx);

	if (x->oauth)
		oauth_ops.sign(x->oauth, request);
	else
		request->headers[request->n_headers++] =
			(struct http_header){ "Authorization", x->bearer };
}

static bool
is_worn(const void *ctx, const struct http_request *request,
        const struct http_answer *answer)
{
	const struct lightspeed_x *x = ctx;

	return x->oauth && oauth_ops.is_worn(x->oauth, request, answer);
}

const struct auth_ops lightspeed_x_key = {
	.has_key = has_key,
	.renew = renew,
	.sign = sign,
	.is_worn = is_worn,
};

/* ---- one call ---- */

/* What is sent. */
struct sending {
	const char *method;
	const struct buf *body; /* NULL: none */
	const char *type;       /* of the body */
	bool is_change;
};

static struct http_request
build_request(const struct sending *sending, const char *url)
{
	const struct buf *body = sending->body;
	struct http_request q = { .method = sending->method,
		                  .url = url,
		                  .is_unrepeatable = sending->is_change };

	q.headers[q.n_headers++] =
		(struct http_header){ "Accept", "application/json" };
	if (!body)
		return q;
	q.headers[q.n_headers++] =
		(struct http_header){ "Content-Type", sending->type };
	q.body = buf_text(body);
	q.n_body = body->n;
	return q;
}

/* The answer that came, judged. */
static struct outcome
judge_answer(struct lightspeed_x *x, const struct http_request *request,
             const struct http_answer *answer, struct json **doc)
{
	int r = json_parse(doc, buf_text(&answer->body), answer->body.n);

	peer_clock_learn(&x->clock, answer);
	if (r && r != JSON_MALFORMED) /* judge() knows what that means */
		return outcome_fault(r);
	return judge(x, request, answer, *doc ? json_root(*doc) : NULL);
}

/* Send and judge; the answer is the caller's, whatever comes of it. */
static struct outcome
exchange(struct lightspeed_x *x, const struct sending *sending, char *path,
         struct json **doc, struct http_answer *answer)
{
	struct outcome outcome = outcome_fault(ERR_NOMEM);
	struct http_request request;
	char *url = path ? text_format("%s%s", x->base, path) : NULL;

	*doc = NULL;
	free(path);
	if (url && (!sending->body || buf_check(sending->body) == 0)) {
		request = build_request(sending, url);
		outcome = auth_send(&x->auth, &request, answer);
		if (outcome.verdict == VERDICT_DONE)
			outcome = judge_answer(x, &request, answer, doc);
	}
	free(url);
	return outcome;
}

struct outcome
lightspeed_x_get(struct lightspeed_x *x, struct json **doc, char *path)
{
	const struct sending sending = { .method = "GET" };
	struct http_answer answer = { 0 };
	struct outcome outcome = exchange(x, &sending, path, doc, &answer);

	http_answer_fini(&answer);
	return outcome;
}

struct outcome
lightspeed_x_ask(struct lightspeed_x *x, struct json **doc,
                 const struct buf *body, char *path)
{
	const struct sending sending = { "POST", body, "application/json",
		                         false };
	struct http_answer answer = { 0 };
	struct outcome outcome = exchange(x, &sending, path, doc, &answer);

	http_answer_fini(&answer);
	return outcome;
}

/* Lightspeed says no, and not that it ran out of time over it. */
static bool
is_refusal(const struct http_answer *answer)
{
	return answer->status >= 400 && answer->status < 500 &&
	       answer->status != 408;
}

static struct outcome
change(struct lightspeed_x *x, const struct sending *sending, struct json **doc,
       int *status, char *path)
{
	struct http_answer answer = { 0 };
	struct outcome outcome = exchange(x, sending, path, doc, &answer);
	bool is_undone =
		answer.status == 0 ? !answer.was_sent : is_refusal(&answer);

	*status = answer.status;
	if (outcome.verdict != VERDICT_DONE && !is_undone)
		outcome.verdict = VERDICT_UNCERTAIN;
	http_answer_fini(&answer);
	return outcome;
}

struct outcome
lightspeed_x_change(struct lightspeed_x *x, struct json **doc, int *status,
                    const char *method, const struct buf *body, char *path)
{
	const struct sending sending = { method, body, "application/json",
		                         true };

	return change(x, &sending, doc, status, path);
}

struct outcome
lightspeed_x_change_form(struct lightspeed_x *x, struct json **doc, int *status,
                         const struct buf *body, char *path)
{
	const struct sending sending = { "POST", body,
		                         "application/x-www-form-urlencoded",
		                         true };

	return change(x, &sending, doc, status, path);
}

/* ---- lists ---- */

/* Rows, and how far up they go. Returns 0, MALFORMED or a fault. */
static int
take_page(struct lightspeed_x *x, struct lightspeed_x_list *l,
          const struct json_node *root, size_t *n)
{
	const struct json_node *rows = json_find(root, "data");
	int64_t top = lightspeed_x_top(root, 0);
	int r = json_type(rows) == JSON_ARRAY ? 0 : LIGHTSPEED_X_MALFORMED;

	*n = json_length(rows);
	for (size_t i = 0; !r && i < *n; i++) {
		const struct json_node *row = json_at(rows, i);

		r = json_type(row) == JSON_OBJECT ? l->take(l->ctx, row)
		                                  : LIGHTSPEED_X_MALFORMED;
	}
	if (r == LIGHTSPEED_X_ENOUGH) {
		*n = 0;
		return 0;
	}
	if (r || *n == 0)
		return r;
	/* It must go up, or it would never end. */
	if (top <= l->after)
		return LIGHTSPEED_X_MALFORMED;
	l->after = top;
	lightspeed_x_saw(x, top);
	l->n_rows += (int64_t)*n;
	if (!l->sink)
		return 0;
	l->sink->progress(l->sink->ctx, l->name, l->n_rows, 0);
	return l->sink->breathe(l->sink->ctx);
}

static struct outcome
read_page(struct lightspeed_x *x, struct lightspeed_x_list *l, size_t *n)
{
	struct json *doc = NULL;
	struct outcome outcome = lightspeed_x_get(
		x, &doc,
		text_format("/api/2.0/%s?after=%lld&page_size=%d%s", l->name,
	                    (long long)l->after, l->page_size, l->query));

	*n = 0;
	outcome = lightspeed_x_must_be(outcome, l->name);
	if (outcome.verdict == VERDICT_DONE)
		outcome = outcome_taken(take_page(x, l, json_root(doc), n),
		                        l->name);
	json_free(doc);
	return outcome;
}

/* A page may be shorter than what was asked for: only an empty one is the
   end. */
struct outcome
lightspeed_x_list(struct lightspeed_x *x, struct lightspeed_x_list *l)
{
	struct outcome outcome;
	size_t n_pages = 0;
	size_t n;

	do {
		outcome = read_page(x, l, &n);
	} while (outcome.verdict == VERDICT_DONE && n > 0 &&
	         ++n_pages < PAGES_MAX);
	if (outcome.verdict == VERDICT_DONE && n > 0)
		outcome = outcome_of(VERDICT_RETRY, "the list does not end");
	return outcome;
}
