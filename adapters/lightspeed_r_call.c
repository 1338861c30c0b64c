/*
 * Lightspeed R, calls: build, send, judge; and listings.
 *
 * Not     Nothing here waits or tries again. A next page is asked for at the
 *         configured address: of the vendor's link only the query counts.
 * Limits  A leaky bucket (90 drips, one a second; more with more registers) and
 *         20 calls a second. Both stand in answers' headers, so the engine keeps
 *         them; persistent excess can suspend the access.
 * Form    Without `.json` answers are XML. No redirect is followed.
 */
#include "adapters/lightspeed_r.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/words.h"

#include <stdlib.h>
#include <string.h>

enum {
	PAGES_MAX = 5000, /* half a million rows: there is no such shop */
	QUERY_MAX = 8192, /* of a next page */
	WORDS_SIZE = 130,
};

/* ---- what answers mean: all of it is here ---- */

/* {"httpCode","httpMessage","message"}; of a token {"error",
   "error_description","hint"} */
static void
find_words(char out[WORDS_SIZE], const struct json_node *root)
{
	const char *hint = json_text_or(root, "hint", "");
	const char *text = json_text_or(
		root, "message",
		json_text_or(root, "error_description",
	                     json_text_or(root, "httpMessage",
	                                  json_text_or(root, "error", ""))));
	struct buf both = BUF_INIT;

	buf_addf(&both, "%s%s%s%s", *text ? " " : "", text, *hint ? ": " : "",
	         hint);
	(void)words_copy(out, WORDS_SIZE, buf_text(&both));
	buf_fini(&both);
}

static enum verdict
by_status(int status)
{
	if (status >= 200 && status < 300)
		return VERDICT_DONE;
	switch (status) {
	case 401:
	case 403: return VERDICT_LOCKED;
	case 404: return VERDICT_ABSENT;
	case 408:
	case 409: return VERDICT_RETRY; /* look, decide again */
	case 429: return VERDICT_SLOW;
	default: break;
	}
	return status >= 400 && status < 500 ? VERDICT_REFUSED : VERDICT_RETRY;
}

/* A 401 that a renewed token did not mend, and a 403. */
static const char *
cure_of(int status)
{
	if (status == 401)
		return "; authorise again and set `refresh_token`";
	if (status == 403)
		return "; the token's scopes, or the rights of the employee "
		       "who authorised, are too few";
	return "";
}

/* Pure: answer in, outcome out. root: its body, NULL when that is no JSON. */
static struct outcome
judge(const struct http_answer *answer, const struct json_node *root)
{
	enum verdict verdict = by_status(answer->status);
	char words[WORDS_SIZE];
	struct outcome outcome;

	if (answer->status == 0)
		return outcome_of(VERDICT_RETRY,
		                  "no answer from Lightspeed: %s", answer->why);
	if (verdict == VERDICT_DONE && json_type(root) == JSON_OBJECT)
		return outcome_done();
	if (verdict == VERDICT_DONE)
		return outcome_of(VERDICT_RETRY,
		                  "http %d, but the answer is no JSON object",
		                  answer->status);
	find_words(words, root);
	outcome = outcome_of(verdict, "http %d%s%s", answer->status, words,
	                     cure_of(answer->status));
	return verdict == VERDICT_SLOW
	               ? outcome_slow(answer->retry_after_ms, outcome.why)
	               : outcome;
}

/* ---- one call ---- */

static struct http_request
build(const struct lightspeed_r_call *call, const char *url)
{
	struct http_request q = {
		.method = call->method,
		.url = url,
		.headers = { { "Accept", "application/json" },
		             { "Content-Type", "application/json" } },
		.n_headers = call->body ? 2 : 1,
		.cost = call->cost,
		.is_unrepeatable = call->may_not_repeat,
	};

	if (call->body) {
		q.body = buf_text(call->body);
		q.n_body = call->body->n;
	}
	return q;
}

static struct outcome
exchange(struct lightspeed_r *l, const struct lightspeed_r_call *call,
         const char *url, struct json **doc, struct http_answer *answer)
{
	struct http_request request = build(call, url);
	struct outcome outcome = auth_send(&l->auth, &request, answer);
	int r;

	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	peer_clock_learn(&l->clock, answer);
	r = json_parse(doc, buf_text(&answer->body), answer->body.n);
	if (r && r != JSON_MALFORMED) /* judge() knows what that means */
		return outcome_fault(r);
	return judge(answer, *doc ? json_root(*doc) : NULL);
}

/* Lightspeed itself says no, and not that it ran out of time over it. */
static bool
is_refusal(const struct http_answer *answer)
{
	return answer->status >= 400 && answer->status < 500 &&
	       answer->status != 408 && answer->status != 409;
}

struct outcome
lightspeed_r_send(struct lightspeed_r *l, const struct lightspeed_r_call *call,
                  struct json **doc)
{
	struct http_answer answer = { 0 };
	struct buf url = BUF_INIT;
	struct outcome outcome = outcome_fault(ERR_NOMEM);
	bool is_undone;

	*doc = NULL;
	if (call->path)
		buf_addf(&url, "%s/%s", l->root, call->path);
	else
		buf_adds(&url, l->accounts_url);
	if (buf_check(&url) == 0 && (!call->body || buf_check(call->body) == 0))
		outcome = exchange(l, call, buf_text(&url), doc, &answer);
	is_undone = answer.status == 0 ? !answer.was_sent : is_refusal(&answer);
	if (call->may_not_repeat && outcome.verdict != VERDICT_DONE &&
	    !is_undone)
		outcome.verdict = VERDICT_UNCERTAIN;
	buf_fini(&url);
	http_answer_fini(&answer);
	return outcome;
}

/* ---- listings ---- */

void
lightspeed_r_add_term(struct buf *query, const char *name, const char *operator,
                      const char * value)
{
	buf_addf(query, "&%s=", name);
	if (*operator) {
		buf_add_url(query, operator);
		buf_adds(query, "%2C");
	}
	buf_add_url(query, value);
}

void
lightspeed_r_add_time(struct buf *query, const char *name, const char *operator,
                      int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE + 8];

	clock_format(text, wall_ms);
	memcpy(text + strlen("2026-11-20T09:14:07"), "+00:00",
	       sizeof("+00:00"));
	lightspeed_r_add_term(query, name, operator, text);
}

/* What may stand in a query. */
static bool
is_query(const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] > '~' || text[i] == '#')
			return false;
	return n > 0 && n < QUERY_MAX;
}

/*
 * The next page's query, out of the link; "" after the last one. Returns 0,
 * LIGHTSPEED_R_MALFORMED: no link of this list, or of this very page.
 */
static int
next_query(struct buf *query, const struct json_node *root,
           const struct lightspeed_r_listing *listing)
{
	const struct json_node *link =
		json_find(json_find(root, "@attributes"), "next");
	const char *next =
		json_text_or(json_find(root, "@attributes"), "next", "");
	char *piece = text_format("/%s.json?", listing->resource);
	const char *found = piece ? strstr(next, piece) : NULL;
	const char *rest = found ? found + strlen(piece) : "";
	int r = piece ? 0 : err_raise(ERR_NOMEM, "link");

	/* Something else in its place may mean that there is more. */
	if (!r && link && json_type(link) != JSON_TEXT &&
	    json_type(link) != JSON_NULL)
		r = LIGHTSPEED_R_MALFORMED;
	if (!r && *next &&
	    (!is_query(rest) || strcmp(rest, buf_text(query)) == 0))
		r = LIGHTSPEED_R_MALFORMED;
	if (!r) {
		buf_reset(query);
		buf_adds(query, rest);
		r = buf_check(query);
	}
	free(piece);
	return r;
}

static int
take_rows(struct lightspeed_r_listing *listing, const struct json_node *root)
{
	const struct json_node *rows =
		lightspeed_r_find(root, listing->resource);
	size_t n = 0;
	int r = lightspeed_r_length(&n, rows);

	/* Without this it is no list, and what it lacks is not known. */
	if (!r && json_type(json_find(root, "@attributes")) != JSON_OBJECT)
		r = LIGHTSPEED_R_MALFORMED;
	for (size_t i = 0; !r && i < n; i++) {
		const struct json_node *row = lightspeed_r_at(rows, i);

		r = json_type(row) == JSON_OBJECT
		            ? listing->take(listing->ctx, row)
		            : LIGHTSPEED_R_MALFORMED;
	}
	listing->n_rows += (int64_t)n;
	return r;
}

/* query goes from this page's to the next one's. */
static struct outcome
list_page(struct lightspeed_r *l, struct lightspeed_r_listing *listing,
          struct buf *query)
{
	char *path =
		text_format("%s.json?%s", listing->resource, buf_text(query));
	const struct lightspeed_r_call call = {
		.method = "GET",
		.path = path,
		.cost = listing->has_relations ? 2 : 1,
	};
	struct json *doc = NULL;
	struct outcome outcome = path ? lightspeed_r_send(l, &call, &doc)
	                              : outcome_fault(ERR_NOMEM);
	int r;

	if (outcome.verdict == VERDICT_ABSENT)
		outcome = outcome_of(VERDICT_LOCKED,
		                     "Lightspeed knows no %s of account %lld: "
		                     "are `account` and `url` right? (%.80s)",
		                     listing->resource, (long long)l->account,
		                     outcome.why);
	if (outcome.verdict == VERDICT_DONE) {
		r = take_rows(listing, json_root(doc));
		if (!r)
			r = next_query(query, json_root(doc), listing);
		outcome = outcome_taken(r, listing->resource);
	}
	json_free(doc);
	free(path);
	return outcome;
}

/*
 * Do the pages go in a circle? One of them is remembered, a later one each time
 * their number has doubled, so that no circle is walked more than three times.
 */
static bool
comes_again(struct buf *mark, const struct buf *query, unsigned n_pages)
{
	bool is_same =
		query->n > 0 && strcmp(buf_text(mark), buf_text(query)) == 0;

	if ((n_pages & (n_pages - 1)) == 0) {
		buf_reset(mark);
		buf_adds(mark, buf_text(query));
	}
	return is_same;
}

static int
breathe(const struct lightspeed_r_listing *listing)
{
	const struct sync_sink *sink = listing->sink;

	if (!sink)
		return 0;
	sink->progress(sink->ctx, "counts", listing->n_rows, 0);
	return sink->breathe(sink->ctx);
}

struct outcome
lightspeed_r_list(struct lightspeed_r *l, struct lightspeed_r_listing *listing)
{
	struct buf query = BUF_INIT;
	struct buf mark = BUF_INIT;
	struct outcome outcome;
	unsigned n_pages = 0;
	bool is_circle = false;
	int r;

	buf_addf(&query, "limit=100%s", listing->query);
	do {
		outcome = list_page(l, listing, &query);
		if (outcome.verdict != VERDICT_DONE)
			break;
		is_circle = comes_again(&mark, &query, ++n_pages);
		r = breathe(listing);
		if (r)
			outcome = outcome_fault(r);
	} while (outcome.verdict == VERDICT_DONE && query.n > 0 && !is_circle &&
	         n_pages < PAGES_MAX);
	if (outcome.verdict == VERDICT_DONE && query.n > 0)
		outcome = outcome_of(VERDICT_LOCKED,
		                     "Lightspeed's list of %s does not end: %s",
		                     listing->resource,
		                     is_circle ? "its pages go in a circle"
		                               : "it has too many pages");
	buf_fini(&mark);
	buf_fini(&query);
	return outcome;
}
