/*
 * Hiboutik, calls: build, send, judge; listings; values that may be of another
 * type than they look.
 *
 * Not     Nothing here waits or tries again. A next page is asked for by its
 *         number at the configured address; of a link only that there is one
 *         counts.
 * Paths   Slashes at the end are kept as the vendor's clients write them: a
 *         redirect could turn a POST into a GET, and none is followed.
 * Rights  What a 403 is about is not documented. It stops the account as a 401
 *         does [reference/hiboutik.md h, an inference]: were it the key, taken
 *         for the fault of one thing, all others would be asked for in vain, and
 *         the month be used up. Only a list that we can do without is another
 *         matter: hiboutik_open.c.
 * Quota   429 means that the month's calls are gone, for all programs of the
 *         shop together, and its end may be weeks away. The engine, told of
 *         the month by `limits`, then asks no more before it; by itself this
 *         file would wait an hour.
 */
#include "adapters/hiboutik.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/words.h"

#include <string.h>

enum {
	PAGE_ROWS = 250, /* where no Link says whether there are more */
	PAGES_MAX = 400, /* 100,000 rows; calls are scarce */
	QUOTA_WAIT_MS = 60 * 60 * 1000,
};

/* ---- what answers mean: all of it is here ---- */

/* {"error","code","error_description","details":{…}} */
static void
find_words(char out[OUTCOME_WHY_SIZE], const struct json_node *root)
{
	const struct json_node *details = json_find(root, "details");
	struct buf text = BUF_INIT;

	buf_adds(&text, json_text_or(root, "error_description",
	                             json_text_or(root, "error", "")));
	if (details) {
		buf_adds(&text, text.n ? " " : "");
		json_print(&text, details);
	}
	words_copy(out, OUTCOME_WHY_SIZE, buf_text(&text));
	buf_fini(&text);
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
	case 409: return VERDICT_RETRY;
	case 429: return VERDICT_SLOW;
	default: break;
	}
	return status >= 400 && status < 500 ? VERDICT_REFUSED : VERDICT_RETRY;
}

/* Pure: answer in, outcome out. root: its body, NULL when that is no JSON. */
static struct outcome
judge(const struct hiboutik *h, const struct http_answer *answer,
      const struct json_node *root)
{
	enum verdict verdict = by_status(answer->status);
	enum json_type type = json_type(root);
	int64_t wait_ms = answer->retry_after_ms;
	char words[OUTCOME_WHY_SIZE];
	struct outcome outcome;

	if (answer->status == 0)
		return outcome_of(VERDICT_RETRY, "no answer from Hiboutik: %s",
		                  answer->why);
	if (verdict == VERDICT_DONE &&
	    (type == JSON_ARRAY || type == JSON_OBJECT))
		return outcome_done();
	if (verdict == VERDICT_DONE)
		return outcome_of(VERDICT_RETRY,
		                  "http %d, but the answer is no JSON",
		                  answer->status);
	find_words(words, root);
	outcome = outcome_of(verdict, "http %d %s", answer->status, words);
	if (verdict == VERDICT_LOCKED)
		return outcome_of(verdict,
		                  "Hiboutik refuses \"%.60s\": `email` or "
		                  "`api_key` is wrong%s (http %d %.100s)",
		                  conf_text(h->conf, "email"),
		                  answer->status == 403
		                          ? ", or has no right to this"
		                          : "",
		                  answer->status, words);
	if (verdict == VERDICT_SLOW)
		return outcome_slow(wait_ms > 0 ? wait_ms : QUOTA_WAIT_MS,
		                    outcome.why);
	return outcome;
}

struct outcome
hiboutik_must_be(struct outcome outcome, const char *what)
{
	if (outcome.verdict != VERDICT_ABSENT)
		return outcome;
	return outcome_of(VERDICT_LOCKED,
	                  "Hiboutik does not know %s: is it right in the "
	                  "configuration, and does `url` end with /api or "
	                  "/apirest? (%.80s)",
	                  what, outcome.why);
}

/* ---- one call ---- */

static struct http_request
build_request(const struct hiboutik *h, const char *method, const char *url,
              const struct buf *body)
{
	struct http_request q = {
		.method = method,
		.url = url,
		.headers = { { "Authorization", h->basic },
		             { "Accept", "application/json" },
		             { "Content-Type", "application/json" } },
		.n_headers = body ? 3 : 2,
		.is_unrepeatable = strcmp(method, "POST") == 0,
	};

	if (body) {
		q.body = buf_text(body);
		q.n_body = body->n;
	}
	return q;
}

/* Send and judge; the answer is the caller's, whatever comes of it. */
static struct outcome
exchange(struct hiboutik *h, const char *method, const char *path,
         const struct buf *body, struct json **doc, struct http_answer *answer)
{
	struct buf url = BUF_INIT;
	struct http_request request;
	int r;

	*doc = NULL;
	buf_addf(&url, "%s/%s", h->base, path);
	r = buf_check(&url) || (body && buf_check(body)) ? ERR_NOMEM : 0;
	if (!r) {
		request = build_request(h, method, buf_text(&url), body);
		r = http_client_send(h->http, &request, answer);
	}
	h->status = r ? 0 : answer->status;
	if (!r) {
		peer_clock_learn(&h->clock, answer);
		r = json_parse(doc, buf_text(&answer->body), answer->body.n);
	}
	buf_fini(&url);
	if (r && r != JSON_MALFORMED) /* judge() knows what that means */
		return outcome_fault(r);
	return judge(h, answer, *doc ? json_root(*doc) : NULL);
}

struct outcome
hiboutik_get(struct hiboutik *h, const char *path, struct json **doc)
{
	struct http_answer answer = { 0 };
	struct outcome outcome = exchange(h, "GET", path, NULL, doc, &answer);

	http_answer_fini(&answer);
	return outcome;
}

/* Hiboutik itself says no, and not that it ran out of time over it. */
static bool
is_refusal(const struct http_answer *answer)
{
	return answer->status >= 400 && answer->status < 500 &&
	       answer->status != 408;
}

struct outcome
hiboutik_change(struct hiboutik *h, const char *method, const char *path,
                const struct buf *body, struct json **doc)
{
	struct http_answer answer = { 0 };
	struct json *own = NULL;
	struct outcome outcome =
		exchange(h, method, path, body, doc ? doc : &own, &answer);
	bool is_undone =
		answer.status == 0 ? !answer.was_sent : is_refusal(&answer);

	if (outcome.verdict != VERDICT_DONE && !is_undone)
		outcome.verdict = VERDICT_UNCERTAIN;
	json_free(own);
	http_answer_fini(&answer);
	return outcome;
}

/* ---- listings ---- */

/* One page in hand. */
struct page {
	size_t number;
	bool is_last;
	struct buf first; /* its first row as text: is the next one another? */
};

/* Without a Link, a page that is full may have another behind it. */
static bool
ends_here(const struct http_answer *answer, const struct json_node *rows)
{
	if (answer->has_link)
		return !answer->has_next;
	return json_length(rows) != PAGE_ROWS;
}

/* Calls that have no pages answer the same again: true. */
static bool
is_repeated(struct page *page, const struct json_node *rows)
{
	struct buf first = BUF_INIT;
	bool is_same;

	if (json_length(rows) > 0)
		json_print(&first, json_at(rows, 0));
	is_same = page->number > 1 &&
	          strcmp(buf_text(&first), buf_text(&page->first)) == 0;
	buf_fini(&page->first);
	page->first = first;
	return is_same;
}

static int
take_page(struct hiboutik_listing *l, const struct json_node *rows)
{
	int r = json_type(rows) == JSON_ARRAY ? 0 : HIBOUTIK_MALFORMED;

	for (size_t i = 0; !r && i < json_length(rows); i++)
		r = json_type(json_at(rows, i)) == JSON_OBJECT
		            ? l->take(l->ctx, json_at(rows, i))
		            : HIBOUTIK_MALFORMED;
	l->n_rows += (int64_t)json_length(rows);
	l->n_pages++;
	if (r || !l->sink)
		return r;
	l->sink->progress(l->sink->ctx, l->name, l->n_rows, 0);
	return l->sink->breathe(l->sink->ctx);
}

static struct outcome
read_page(struct hiboutik *h, struct hiboutik_listing *l, struct page *page)
{
	struct http_answer answer = { 0 };
	struct buf path = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;

	buf_adds(&path, l->path);
	if (page->number > 1)
		buf_addf(&path, "?p=%zu", page->number);
	outcome = exchange(h, "GET", buf_text(&path), NULL, &doc, &answer);
	page->is_last = true;
	if (outcome.verdict == VERDICT_ABSENT && page->number > 1) {
		outcome = outcome_done(); /* there is no such page */
	} else if (outcome.verdict == VERDICT_DONE &&
	           !is_repeated(page, json_root(doc))) {
		page->is_last = ends_here(&answer, json_root(doc));
		outcome = outcome_taken(take_page(l, json_root(doc)), l->path);
	}
	json_free(doc);
	buf_fini(&path);
	http_answer_fini(&answer);
	return outcome;
}

struct outcome
hiboutik_list(struct hiboutik *h, struct hiboutik_listing *l)
{
	struct page page = { .number = 0 };
	size_t pages_max = l->pages_max ? l->pages_max : PAGES_MAX;
	struct outcome outcome;

	do {
		page.number++;
		outcome = read_page(h, l, &page);
	} while (outcome.verdict == VERDICT_DONE && !page.is_last &&
	         page.number < pages_max);
	/* Again and again would eat the month: a person must look. */
	if (outcome.verdict == VERDICT_DONE && !page.is_last)
		outcome = outcome_of(VERDICT_LOCKED,
		                     "Hiboutik's list %.80s does not end: it "
		                     "has more than %zu pages",
		                     l->path, pages_max);
	buf_fini(&page.first);
	return outcome;
}

/* ---- lax values ---- */

int
hiboutik_get_int(int64_t *out, const struct json_node *o, const char *key)
{
	struct decimal d;
	int r = json_get_decimal_lax(&d, o, key);

	if (r)
		return r;
	return decimal_to_scaled(out, d, 0) ? JSON_WRONG_TYPE : 0;
}

int64_t
hiboutik_int_or(const struct json_node *o, const char *key, int64_t fallback)
{
	(void)hiboutik_get_int(&fallback, o, key);
	return fallback;
}

const struct json_node *
hiboutik_first(const struct json_node *root)
{
	return json_type(root) == JSON_ARRAY ? json_at(root, 0) : root;
}

int
hiboutik_get_thing(struct hiboutik_thing *out, const struct json_node *o)
{
	int r;

	*out = (struct hiboutik_thing){ 0 };
	if (hiboutik_get_int(&out->product, o, "product_id"))
		return HIBOUTIK_MALFORMED;
	r = hiboutik_get_int(&out->size, o, "product_size");
	if (r == JSON_ABSENT)
		r = hiboutik_get_int(&out->size, o, "size_id");
	return r == JSON_WRONG_TYPE || out->product < 0 || out->size < 0
	               ? HIBOUTIK_MALFORMED
	               : 0;
}

const char *
hiboutik_ref(const struct json_node *sale)
{
	return json_text_or(sale, "sale_ext_ref",
	                    json_text_or(sale, "ext_ref", ""));
}

/* ---- time ---- */

int
hiboutik_get_time(int64_t *out, const struct hiboutik *h,
                  const struct json_node *o, const char *key)
{
	const char *text = json_text_or(o, key, "");
	int64_t local_ms;

	*out = 0;
	if (!*text || strncmp(text, "0000-00-00", 10) == 0)
		return 0;
	if (clock_parse(out, text, 0) == 0) /* with a zone of its own */
		return 0;
	if (clock_parse(&local_ms, text, 1))
		return HIBOUTIK_MALFORMED;
	/* What the zone says of that moment, not of one an offset away. */
	*out = local_ms - zone_offset_s(h->zone, local_ms) * INT64_C(1000);
	*out = local_ms - zone_offset_s(h->zone, *out) * INT64_C(1000);
	return 0;
}

void
hiboutik_date(char out[HIBOUTIK_DATE_SIZE], const struct hiboutik *h,
              int64_t wall_ms, char separator)
{
	char text[ZONE_TEXT_SIZE];

	zone_format(text, h->zone, wall_ms);
	memcpy(out, text, HIBOUTIK_DATE_SIZE - 1);
	out[HIBOUTIK_DATE_SIZE - 1] = '\0';
	out[4] = separator;
	out[7] = separator;
}
