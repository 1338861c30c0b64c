/*
 * Square: the counts and sales of one location.
 *
 * Does      Reads counts (inventory/counts/batch-retrieve), writes them as
 *           physical counts (inventory/changes/batch-create): absolute, under
 *           a key that is the digest of the changes, so that a replay changes
 *           nothing. Sales are orders: searched by closing time, or read by
 *           id. An item is an ITEM_VARIATION id.
 * Not       A row that Square does not show is unknown and never zero, and so
 *           is one that we cannot read.
 * Limits    100 changes or orders a call, 1000 counts a page. A call that ends
 *           in 429 may be half applied. A physical count may be neither from
 *           the future nor older than 24 hours by Square's clock; Square
 *           applies changes in the order of their times, so a count stamped
 *           with the moment it was computed for leaves later till sales alone.
 * Source    Square OpenAPI 2025-08-20 and the vendor's documentation, as
 *           gathered in reference/square.md; read 2026-11-21.
 */
#include "adapters/adapters.h"

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"
#include "gateway/base/decimal.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/base/log.h"
#include "gateway/base/secret.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNTS_PATH    "/v2/inventory/counts/batch-retrieve"
#define CHANGES_PATH   "/v2/inventory/changes/batch-create"
#define SEARCH_PATH    "/v2/orders/search"
#define ORDERS_PATH    "/v2/orders/batch-retrieve"
#define LOCATIONS_PATH "/v2/locations"

/* Marks our own writes in Square's inventory history. */
#define REFERENCE "tillbridge"

/* Note in the mirror: the newest calculated_at seen, RFC 3339. */
#define CURSOR_NOTE "counts.calculated_at"

enum {
	MAGIC = 0x53515245, /* "SQRE" */
	BATCH_MAX = 100,
	COUNTS_PAGE = 1000,
	SALES_PAGE = 500,
	PAGES_MAX = 10000, /* a listing longer than this is a loop */
	COUNT_PLACES = 5,
	TELLING_ID = 8, /* a shorter id may be part of any word */
	CURSOR_OVERLAP_MS = 120 * 1000, /* counts that became visible late */
	SKEW_MS = 2000,   /* a Date header within this tells us nothing */
	MARGIN_MS = 2000, /* first step back after INVALID_TIME */
	MARGIN_MAX_MS = 60 * 1000,
	AGE_MAX_MS = (24 * 60 - 5) * 60 * 1000, /* 24 h, and room to travel */
	SALES_WINDOW_MS = 72 * 60 * 60 * 1000,
	PAGE_MALFORMED = 1, /* condition: not what the documents promise */
};

static const int64_t AMOUNT_MAX = INT64_C(1000000000000000);

static const struct conf_row options[] = {
	{ .key = "access_token",
	  .kind = CONF_SECRET,
	  .flags = CONF_REQUIRED,
	  .meaning = "Access token of the Square application." },
	{ .key = "location",
	  .kind = CONF_TEXT,
	  .flags = CONF_REQUIRED,
	  .meaning = "Id of the Square location this account stands for." },
	{ .key = "api_version",
	  .kind = CONF_TEXT,
	  .fallback = "\"2025-08-20\"",
	  .meaning = "Square API version that is asked for (Square-Version)." },
	{ .key = NULL },
};

struct square {
	unsigned magic;
	const char *base;     /* borrowed from conf; no slash at its end */
	const char *location; /* borrowed from conf */
	const char *version;  /* borrowed from conf */
	char *bearer;         /* owned; wiped */
	struct http_client *http;
	struct mirror *mirror;
	int64_t skew_ms;   /* Square's clock minus ours; 0: about equal */
	int64_t margin_ms; /* no count is stamped later than this before now */
};

static struct square *
of(void *state)
{
	struct square *s = state;

	assert(s && s->magic == MAGIC);
	return s;
}

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

static enum verdict
by_status(int status, bool has_errors)
{
	if (status >= 200 && status < 300)
		return has_errors ? VERDICT_RETRY : VERDICT_DONE;
	if (status == 429)
		return VERDICT_SLOW;
	if (status == 401 || status == 403)
		return VERDICT_LOCKED;
	if (status == 408 || status == 409)
		return VERDICT_RETRY;
	if (status >= 400 && status < 500)
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

/*
 * Vendor's words for a person: at most size - 1 bytes of whole characters,
 * nothing secret, nothing that breaks a line. Redacted before it is cut, or
 * half a secret would pass.
 */
static void
copy_words(char *out, size_t size, const char *words)
{
	char *copy = text_dup(words);
	size_t n;

	out[0] = '\0';
	if (!copy)
		return;
	log_redact(copy);
	n = strlen(copy);
	if (n >= size)
		n = size - 1;
	while (n > 0 && ((unsigned char)copy[n] & 0xC0) == 0x80)
		n--;
	memcpy(out, copy, n);
	out[n] = '\0';
	for (; *out; out++)
		if ((unsigned char)*out < ' ')
			*out = ' ';
	free(copy);
}

/* "http 400 INVALID_REQUEST_ERROR BAD_REQUEST: and what it says to people" */
static void
explain(char why[OUTCOME_WHY_SIZE], int status, const struct json_node *error)
{
	const char *detail = json_text_or(error, "detail", "");
	char *words = text_format("http %d %s %s%s%s", status,
	                          json_text_or(error, "category", ""),
	                          json_text_or(error, "code", ""),
	                          *detail ? ": " : "", detail);

	copy_words(why, OUTCOME_WHY_SIZE, words ? words : "");
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
	enum verdict verdict = by_status(answer->status, error != NULL);
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

/* Our own trouble, told as an outcome: nothing was learned. */
static struct outcome
fault(int r)
{
	return outcome_of(VERDICT_RETRY, "our own fault (code %d), see the log",
	                  r);
}

/* ---- one call ---- */

/* Square's clock, when its Date header shows that it is not ours. */
static void
learn_skew(struct square *s, const struct http_answer *answer)
{
	int64_t skew_ms;

	if (answer->date_ms == 0)
		return;
	skew_ms = answer->date_ms - clock_wall_ms();
	s->skew_ms = skew_ms > SKEW_MS || skew_ms < -SKEW_MS ? skew_ms : 0;
}

/* body NULL: a GET. */
static struct http_request
build_request(const struct square *s, const char *url, const struct buf *body)
{
	struct http_request q = { .method = "GET", .url = url };

	q.headers[q.n_headers++] =
		(struct http_header){ "Authorization", s->bearer };
	q.headers[q.n_headers++] =
		(struct http_header){ "Square-Version", s->version };
	q.headers[q.n_headers++] =
		(struct http_header){ "Accept", "application/json" };
	if (!body)
		return q;
	q.method = "POST";
	q.headers[q.n_headers++] =
		(struct http_header){ "Content-Type", "application/json" };
	q.body = buf_text(body);
	q.n_body = body->n;
	return q;
}

/*
 * Build, send, judge. *doc is the caller's whatever the outcome; NULL when the
 * answer is no JSON.
 */
static struct outcome
call(struct square *s, const char *path, const struct buf *body,
     struct json **doc)
{
	struct http_answer answer = { 0 };
	struct http_request request;
	struct outcome outcome;
	char *url = text_format("%s%s", s->base, path);
	int r = url && (!body || buf_check(body) == 0) ? 0 : ERR_NOMEM;

	*doc = NULL;
	if (r)
		goto out;
	request = build_request(s, url, body);
	r = http_client_send(s->http, &request, &answer);
	if (r)
		goto out;
	learn_skew(s, &answer);
	r = json_parse(doc, buf_text(&answer.body), answer.body.n);
	if (r == JSON_MALFORMED)
		r = 0; /* judge() knows what that means */
	if (r)
		goto out;
	outcome = judge(&answer, *doc ? json_root(*doc) : NULL);
out:
	http_answer_fini(&answer);
	free(url);
	return r ? fault(r) : outcome;
}

/* ---- listings: the same query with cursor after cursor ---- */

struct listing {
	const char *path;

	/* Write the members of the query besides the cursor. */
	void (*build)(struct json_out *o, const struct listing *l);

	/* Take one page: 0, PAGE_MALFORMED, or a fault that ends it. */
	int (*take)(void *ctx, const struct json_node *root);
	void *ctx;

	const struct square *square;
	const struct count *counts; /* whose counts; NULL: all */
	size_t n_counts;
	int64_t from_ms; /* 0: no lower end */
	int64_t until_ms;
};

static void
build_page(struct buf *out, const struct listing *l, const char *cursor)
{
	struct json_out o = { .to = out };

	json_out_object(&o, NULL);
	l->build(&o, l);
	if (*cursor)
		json_out_text(&o, "cursor", cursor);
	json_out_end_object(&o);
}

/* Read the next cursor; "" after the last page. Returns 0, PAGE_MALFORMED. */
static int
next_cursor(struct buf *cursor, const struct json_node *root)
{
	const char *next = "";
	int r = json_get_text(&next, root, "cursor");

	/* The same one again would never end. */
	if (r == JSON_WRONG_TYPE ||
	    (*next && strcmp(next, buf_text(cursor)) == 0))
		return PAGE_MALFORMED;
	buf_reset(cursor);
	buf_adds(cursor, next);
	return buf_check(cursor);
}

/* One page; cursor goes from this one's to the next one's. */
static struct outcome
list_page(struct square *s, const struct listing *l, struct buf *cursor)
{
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;
	int r = 0;

	build_page(&body, l, buf_text(cursor));
	outcome = call(s, l->path, &body, &doc);
	if (outcome.verdict == VERDICT_DONE) {
		r = l->take(l->ctx, json_root(doc));
		if (!r)
			r = next_cursor(cursor, json_root(doc));
	}
	if (r == PAGE_MALFORMED)
		outcome = outcome_of(VERDICT_RETRY,
		                     "the answer of %s is not as documented",
		                     l->path);
	else if (r)
		outcome = fault(r);
	json_free(doc);
	buf_fini(&body);
	return outcome;
}

/* All pages, or anything but DONE. */
static struct outcome
list(struct square *s, const struct listing *l)
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

static void
out_time(struct json_out *o, const char *key, int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(text, wall_ms);
	json_out_text(o, key, text);
}

static void
out_one(struct json_out *o, const char *key, const char *text)
{
	json_out_array(o, key);
	json_out_text(o, NULL, text);
	json_out_end_array(o);
}

/*
 * An array member of a page; absent is empty (Square leaves empty ones out).
 * Returns 0, PAGE_MALFORMED.
 */
static int
find_rows(const struct json_node **out, const struct json_node *root,
          const char *key)
{
	*out = json_find(root, key);
	return *out && json_type(*out) != JSON_ARRAY ? PAGE_MALFORMED : 0;
}

/* ---- counts: reading ---- */

static void
build_counts(struct json_out *o, const struct listing *l)
{
	if (l->counts) {
		json_out_array(o, "catalog_object_ids");
		for (size_t i = 0; i < l->n_counts; i++)
			json_out_text(o, NULL, l->counts[i].external);
		json_out_end_array(o);
	}
	out_one(o, "location_ids", l->square->location);
	if (l->from_ms)
		out_time(o, "updated_after", l->from_ms);
	out_one(o, "states", "IN_STOCK");
	json_out_int(o, "limit", COUNTS_PAGE);
}

/* The item a row is about, when it is ours to read; else NULL. */
static const char *
row_external(const struct square *s, const struct json_node *row)
{
	if (strcmp(json_text_or(row, "location_id", ""), s->location) != 0 ||
	    strcmp(json_text_or(row, "state", ""), "IN_STOCK") != 0)
		return NULL;
	return json_text(json_find(row, "catalog_object_id"));
}

/*
 * A row's quantity. False: not a number, or only estimated (a composed
 * variation has no count of its own).
 */
static bool
row_quantity(struct decimal *out, const struct json_node *row)
{
	const char *text;
	bool is_estimated = false;

	(void)json_get_bool(&is_estimated, row, "is_estimated");
	return !is_estimated && json_get_text(&text, row, "quantity") == 0 &&
	       decimal_parse(out, text) == 0;
}

struct look {
	const struct square *square;
	struct count *counts;
	size_t n;
	bool *is_seen; /* newest first: only the first row of an item counts */
};

static void
take_count(const struct look *look, const char *external,
           const struct json_node *row)
{
	for (size_t i = 0; i < look->n; i++) {
		if (look->is_seen[i] ||
		    strcmp(look->counts[i].external, external) != 0)
			continue;
		look->is_seen[i] = true;
		look->counts[i].is_known =
			row_quantity(&look->counts[i].qty, row);
	}
}

static int
take_counts(void *ctx, const struct json_node *root)
{
	const struct look *look = ctx;
	const struct json_node *rows;
	const char *external;
	int r = find_rows(&rows, root, "counts");

	for (size_t i = 0; !r && i < json_length(rows); i++) {
		external = row_external(look->square, json_at(rows, i));
		if (external)
			take_count(look, external, json_at(rows, i));
	}
	return r;
}

static void
forget(struct count *counts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		counts[i].qty = DECIMAL_ZERO;
		counts[i].is_known = false;
	}
}

static struct outcome
read_counts(void *state, struct count *counts, size_t n)
{
	struct square *s = of(state);
	bool is_seen[BATCH_MAX] = { false };
	struct look look = {
		.square = s, .counts = counts, .n = n, .is_seen = is_seen
	};
	struct listing listing = { .path = COUNTS_PATH,
		                   .build = build_counts,
		                   .take = take_counts,
		                   .ctx = &look,
		                   .square = s,
		                   .counts = counts,
		                   .n_counts = n };
	struct outcome outcome;

	assert(n <= BATCH_MAX);
	forget(counts, n);
	if (n == 0)
		return outcome_done(); /* no ids would ask for all of them */
	outcome = list(s, &listing);
	if (outcome.verdict != VERDICT_DONE)
		forget(counts, n);
	return outcome;
}

/* ---- counts: writing ---- */

/*
 * When the counts were right, by Square's clock: never in its future, and not
 * so old that it refuses them. Otherwise exactly as_of: any earlier, and sales
 * that are inside the counts would be taken off again.
 */
static int64_t
occurred_ms(const struct square *s, int64_t as_of_ms, int64_t now_ms)
{
	int64_t latest_ms = now_ms - s->margin_ms;

	if (as_of_ms > latest_ms || now_ms - as_of_ms > AGE_MAX_MS)
		as_of_ms = latest_ms;
	return as_of_ms + s->skew_ms;
}

static void
build_change(struct json_out *o, const struct square *s, const struct count *c,
             int64_t at_ms)
{
	char quantity[DECIMAL_TEXT_SIZE];

	json_out_object(o, NULL);
	json_out_text(o, "type", "PHYSICAL_COUNT");
	json_out_object(o, "physical_count");
	json_out_text(o, "reference_id", REFERENCE);
	json_out_text(o, "catalog_object_id", c->external);
	json_out_text(o, "state", "IN_STOCK");
	json_out_text(o, "location_id", s->location);
	json_out_text(o, "quantity", decimal_format(quantity, c->qty));
	out_time(o, "occurred_at", at_ms);
	json_out_end_object(o);
	json_out_end_object(o);
}

/*
 * The whole body. The key is the digest of what is to be done: the same job is
 * the same bytes under the same key, another job is another key.
 */
static int
build_changes(struct buf *out, const struct square *s,
              struct count *const *counts, size_t n, int64_t at_ms)
{
	struct buf changes = BUF_INIT;
	struct json_out inner = { .to = &changes };
	struct json_out o = { .to = out };
	char key[65];
	int r;

	json_out_array(&inner, NULL);
	for (size_t i = 0; i < n; i++)
		build_change(&inner, s, counts[i], at_ms);
	json_out_end_array(&inner);
	r = buf_check(&changes);
	if (!r)
		r = crypto_sha256_hex(
			key, &(struct crypto_part){ changes.p, changes.n }, 1);
	if (!r) {
		json_out_object(&o, NULL);
		json_out_text(&o, "idempotency_key", key);
		json_out_bool(&o, "ignore_unchanged_counts", true);
		json_out_raw(&o, "changes", changes.p);
		json_out_end_object(&o);
	}
	buf_fini(&changes);
	return err_pass(r);
}

/*
 * Which change an error is about: by `changes[7].physical_count.…`, else by
 * the item's id in the words. -1: the call as a whole; so is a location that
 * is wrong for every change.
 */
static int
find_culprit(const struct json_node *error, struct count *const *sent, size_t n)
{
	const char *field = json_text_or(error, "field", "");
	const char *detail = json_text_or(error, "detail", "");
	unsigned i = 0;

	if (strstr(field, "location_id"))
		return -1;
	if (sscanf(field, "changes[%4u]", &i) == 1)
		return i < n ? (int)i : -1;
	for (i = 0; i < n; i++)
		if (strlen(sent[i]->external) >= TELLING_ID &&
		    strstr(detail, sent[i]->external))
			return (int)i;
	return -1;
}

/*
 * Square refuses a batch whole because of one change in it. Give the refusal
 * to the items it names; false when it names none.
 */
static bool
set_aside(struct count *const *sent, size_t n, const struct json *doc,
          const struct outcome *outcome)
{
	const struct json_node *errors =
		doc ? json_find(json_root(doc), "errors") : NULL;
	bool is_any = false;
	int culprit;

	for (size_t i = 0; i < json_length(errors); i++) {
		culprit = find_culprit(json_at(errors, i), sent, n);
		if (culprit < 0)
			continue;
		sent[culprit]->outcome = *outcome;
		is_any = true;
	}
	return is_any;
}

static void
widen_margin(struct square *s, const struct json *doc)
{
	const struct json_node *errors =
		doc ? json_find(json_root(doc), "errors") : NULL;
	const char *code = json_text_or(json_at(errors, 0), "code", "");

	if (strcmp(code, "INVALID_TIME") != 0)
		return;
	s->margin_ms = s->margin_ms ? s->margin_ms * 2 : MARGIN_MS;
	if (s->margin_ms > MARGIN_MAX_MS)
		s->margin_ms = MARGIN_MAX_MS;
}

/* One call with the items that are not set aside; false: call again. */
static bool
write_rest(struct square *s, struct count *counts, size_t n, int64_t at_ms,
           struct outcome *outcome)
{
	struct count *sent[BATCH_MAX];
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	size_t n_sent = 0;
	bool is_settled = true;
	int r;

	for (size_t i = 0; i < n; i++)
		if (counts[i].outcome.verdict == VERDICT_DONE)
			sent[n_sent++] = &counts[i];
	*outcome = outcome_done();
	if (n_sent == 0)
		return true;
	r = build_changes(&body, s, sent, n_sent, at_ms);
	*outcome = r ? fault(r) : call(s, CHANGES_PATH, &body, &doc);
	widen_margin(s, doc);
	if (outcome->verdict == VERDICT_REFUSED)
		is_settled = !set_aside(sent, n_sent, doc, outcome);
	json_free(doc);
	buf_fini(&body);
	return is_settled;
}

/* Each further call has at least one item less, so this ends. */
static struct outcome
write_counts(void *state, struct count *counts, size_t n, int64_t as_of_ms)
{
	struct square *s = of(state);
	int64_t at_ms = occurred_ms(s, as_of_ms, clock_wall_ms());
	struct outcome outcome;

	assert(n <= BATCH_MAX);
	for (size_t i = 0; i < n; i++)
		counts[i].outcome = outcome_done();
	while (!write_rest(s, counts, n, at_ms, &outcome))
		;
	return outcome;
}

/* ---- sales ---- */

/* Digits of the smaller unit, where it is not two. Source: ISO 4217; BTC is
 * counted in satoshi. */
static int
minor_digits(const char *currency)
{
	static const char none[] = " BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF"
				   " UGX UYI VND VUV XAF XOF XPF ";
	static const char three[] = " BHD IQD JOD KWD LYD OMR TND ";
	char word[6];

	(void)snprintf(word, sizeof(word), " %.3s ", currency);
	if (strstr(none, word))
		return 0;
	if (strstr(three, word))
		return 3;
	if (strcmp(currency, "CLF") == 0)
		return 4;
	return strcmp(currency, "BTC") == 0 ? 8 : 2;
}

/* The line's total, when it is there. Returns 0, PAGE_MALFORMED. */
static int
read_gross(struct sale_line *line, const struct json_node *row)
{
	const struct json_node *money = json_find(row, "total_money");
	const char *currency = json_text_or(money, "currency", "");
	int64_t amount;

	if (!money)
		return 0;
	if (strlen(currency) != 3 || json_get_int(&amount, money, "amount") ||
	    amount > AMOUNT_MAX || amount < -AMOUNT_MAX)
		return PAGE_MALFORMED;
	line->gross = decimal_of_scaled(amount, minor_digits(currency));
	line->has_gross = true;
	return 0;
}

/* "Tea, 100 g"; NULL when out of memory. */
static char *
line_name(const struct json_node *row)
{
	const char *name = json_text_or(row, "name", "");
	const char *variation = json_text_or(row, "variation_name", "");

	return text_format("%s%s%s", name, *name && *variation ? ", " : "",
	                   variation);
}

/* Returns 0, PAGE_MALFORMED, ERR_NOMEM. */
static int
read_line(struct sale *sale, const struct json_node *row)
{
	struct sale_line *line = sale_add_line(sale);
	const char *uid = json_text_or(row, "uid", "");
	const char *external = json_text_or(row, "catalog_object_id", "");

	if (!line)
		return err_raise(ERR_NOMEM, "sale line");
	/* Without its id a line could not be told from itself later on. */
	if (!*uid || json_get_decimal_lax(&line->qty, row, "quantity"))
		return PAGE_MALFORMED;
	line->uid = text_dup(uid);
	line->external = *external ? text_dup(external) : NULL;
	line->name = line_name(row);
	if (!line->uid || !line->name || (*external && !line->external))
		return err_raise(ERR_NOMEM, "sale line");
	return read_gross(line, row);
}

/* Returns 0, PAGE_MALFORMED. */
static int
read_order_facts(struct sale *sale, const struct json_node *order)
{
	const char *closed = json_text_or(order, "closed_at", "");

	sale->is_final =
		strcmp(json_text_or(order, "state", ""), "COMPLETED") == 0;
	if (json_get_int(&sale->version, order, "version") == JSON_WRONG_TYPE)
		return PAGE_MALFORMED;
	if (*closed || sale->is_final)
		return clock_parse(&sale->closed_ms, closed, 0) ? PAGE_MALFORMED
		                                                : 0;
	return 0;
}

/*
 * An order as a sale. Its returns are not in it: they count when Square shows
 * the goods restocked. Returns 0, PAGE_MALFORMED, ERR_NOMEM; the caller
 * releases the sale in any case.
 */
static int
read_order(struct sale *sale, const struct json_node *order)
{
	const char *id = json_text_or(order, "id", "");
	const char *reference = json_text_or(order, "reference_id", "");
	const char *currency =
		json_text_or(json_find(order, "total_money"), "currency", "");
	const struct json_node *rows;
	int r = find_rows(&rows, order, "line_items");

	if (!*id || r)
		return PAGE_MALFORMED;
	sale->id = text_dup(id);
	sale->reference = *reference ? text_dup(reference) : NULL;
	sale->currency = *currency ? text_dup(currency) : NULL;
	if (!sale->id || (*reference && !sale->reference) ||
	    (*currency && !sale->currency))
		return err_raise(ERR_NOMEM, "sale");
	r = read_order_facts(sale, order);
	for (size_t i = 0; !r && i < json_length(rows); i++)
		r = read_line(sale, json_at(rows, i));
	return r;
}

struct sales {
	const struct square *square;
	const struct sale_sink *sink;
};

/*
 * A sale that cannot be read ends the listing: the cursor stays, and a person
 * sees why. To skip it would lose it.
 */
static int
take_orders(void *ctx, const struct json_node *root)
{
	const struct sales *sales = ctx;
	const struct json_node *rows;
	const struct json_node *order;
	int r = find_rows(&rows, root, "orders");

	for (size_t i = 0; !r && i < json_length(rows); i++) {
		struct sale sale = { 0 };

		order = json_at(rows, i);
		if (strcmp(json_text_or(order, "location_id", ""),
		           sales->square->location) != 0)
			continue;
		r = read_order(&sale, order);
		if (!r)
			r = sales->sink->sale(sales->sink->ctx, &sale);
		sale_fini(&sale);
	}
	return r;
}

static void
build_search(struct json_out *o, const struct listing *l)
{
	out_one(o, "location_ids", l->square->location);
	json_out_object(o, "query");
	json_out_object(o, "filter");
	json_out_object(o, "date_time_filter");
	json_out_object(o, "closed_at");
	out_time(o, "start_at", l->from_ms);
	out_time(o, "end_at", l->until_ms);
	json_out_end_object(o);
	json_out_end_object(o);
	json_out_object(o, "state_filter");
	out_one(o, "states", "COMPLETED");
	json_out_end_object(o);
	json_out_end_object(o);
	json_out_object(o, "sort");
	json_out_text(o, "sort_field", "CLOSED_AT");
	json_out_text(o, "sort_order", "ASC");
	json_out_end_object(o);
	json_out_end_object(o);
	json_out_int(o, "limit", SALES_PAGE);
	json_out_bool(o, "return_entries", false);
}

/*
 * The window is by our clock, closed_at by Square's: it is made wider by what
 * they differ, never narrower.
 */
static struct outcome
list_sales(void *state, int64_t since_ms, int64_t until_ms,
           const struct sale_sink *sink)
{
	struct square *s = of(state);
	struct sales sales = { .square = s, .sink = sink };
	struct listing listing = { .path = SEARCH_PATH,
		                   .build = build_search,
		                   .take = take_orders,
		                   .ctx = &sales,
		                   .square = s,
		                   .from_ms = since_ms,
		                   .until_ms = until_ms };

	if (s->skew_ms > 0)
		listing.until_ms += s->skew_ms;
	else if (since_ms > -s->skew_ms)
		listing.from_ms += s->skew_ms;
	return list(s, &listing);
}

static void
build_orders(struct buf *out, const struct square *s, const char *const *ids,
             size_t n)
{
	struct json_out o = { .to = out };

	json_out_object(&o, NULL);
	json_out_text(&o, "location_id", s->location);
	json_out_array(&o, "order_ids");
	for (size_t i = 0; i < n; i++)
		json_out_text(&o, NULL, ids[i]);
	json_out_end_array(&o);
	json_out_end_object(&o);
}

static struct outcome
read_sales(void *state, const char *const *ids, size_t n,
           const struct sale_sink *sink)
{
	struct square *s = of(state);
	struct sales sales = { .square = s, .sink = sink };
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;
	int r = 0;

	assert(n <= BATCH_MAX);
	if (n == 0)
		return outcome_done();
	build_orders(&body, s, ids, n);
	outcome = call(s, ORDERS_PATH, &body, &doc);
	if (outcome.verdict == VERDICT_DONE)
		r = take_orders(&sales, json_root(doc));
	if (r == PAGE_MALFORMED)
		outcome = outcome_of(VERDICT_RETRY,
		                     "the answer of %s is not as documented",
		                     ORDERS_PATH);
	else if (r)
		outcome = fault(r);
	json_free(doc);
	buf_fini(&body);
	return outcome;
}

/* ---- sync ---- */

struct sweep {
	const struct square *square;
	const struct sync_sink *sink;
	int64_t newest_ms; /* calculated_at, of the first page */
	bool is_later;     /* a page behind the first */
	int64_t rows;
};

static int
sweep_row(struct sweep *sweep, const struct json_node *row)
{
	const char *external = row_external(sweep->square, row);
	const char *calculated = json_text_or(row, "calculated_at", "");
	struct decimal qty;
	int64_t at_ms;

	if (!sweep->is_later && clock_parse(&at_ms, calculated, 0) == 0 &&
	    at_ms > sweep->newest_ms)
		sweep->newest_ms = at_ms;
	if (!external || !row_quantity(&qty, row))
		return 0;
	return sweep->sink->count(sweep->sink->ctx, external, qty);
}

static int
sweep_page(void *ctx, const struct json_node *root)
{
	struct sweep *sweep = ctx;
	const struct json_node *rows;
	int r = find_rows(&rows, root, "counts");

	for (size_t i = 0; !r && i < json_length(rows); i++)
		r = sweep_row(sweep, json_at(rows, i));
	if (r)
		return r;
	sweep->is_later = true;
	sweep->rows += (int64_t)json_length(rows);
	sweep->sink->progress(sweep->sink->ctx, "counts", sweep->rows, 0);
	return 0;
}

/* The stored cursor; 0 when there is none, or none that makes sense. */
static int
load_cursor(int64_t *out_ms, struct square *s)
{
	struct buf note = BUF_INIT;
	int r = mirror_note_get(s->mirror, &note, CURSOR_NOTE);

	*out_ms = 0;
	if (r == 0 && clock_parse(out_ms, buf_text(&note), 0))
		*out_ms = 0;
	buf_fini(&note);
	return r == MIRROR_ABSENT ? 0 : err_pass(r);
}

/* Only after all pages: Square's own times, newest first, say how far we are. */
static struct outcome
store_cursor(struct square *s, int64_t newest_ms)
{
	char text[CLOCK_TEXT_SIZE];
	int r;

	if (newest_ms == 0)
		return outcome_done();
	clock_format(text, newest_ms);
	r = mirror_flush(s->mirror, CURSOR_NOTE, text);
	return r ? fault(r) : outcome_done();
}

static struct outcome
sync_(void *state, const struct sync_job *job, const struct sync_sink *sink)
{
	struct square *s = of(state);
	struct sweep sweep = { .square = s, .sink = sink };
	struct listing listing = { .path = COUNTS_PATH,
		                   .build = build_counts,
		                   .take = sweep_page,
		                   .ctx = &sweep,
		                   .square = s };
	struct outcome outcome;
	int64_t cursor_ms;
	int r = load_cursor(&cursor_ms, s);

	if (r)
		return fault(r);
	/* A full sync also heals a cursor that ran ahead. */
	if (job->is_full)
		cursor_ms = 0;
	if (cursor_ms > CURSOR_OVERLAP_MS)
		listing.from_ms = cursor_ms - CURSOR_OVERLAP_MS;
	sweep.newest_ms = cursor_ms;
	outcome = list(s, &listing);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	return store_cursor(s, sweep.newest_ms);
}

/* ---- probe, open, close ---- */

static const struct json_node *
find_location(const struct json_node *rows, const char *id)
{
	for (size_t i = 0; i < json_length(rows); i++)
		if (strcmp(json_text_or(json_at(rows, i), "id", ""), id) == 0)
			return json_at(rows, i);
	return NULL;
}

/* The reason for a wrong location names the right ones, as far as they fit. */
static struct outcome
unknown_location(const struct square *s, const struct json_node *rows)
{
	struct buf known = BUF_INIT;
	struct outcome outcome;
	char words[160];

	for (size_t i = 0; i < json_length(rows); i++)
		buf_addf(&known, "%s%s (%s)", i ? ", " : "",
		         json_text_or(json_at(rows, i), "id", "?"),
		         json_text_or(json_at(rows, i), "name", "?"));
	copy_words(words, sizeof(words), known.n ? buf_text(&known) : "none");
	outcome = outcome_of(VERDICT_LOCKED,
	                     "location \"%.32s\" is not known; there is: %s",
	                     s->location, words);
	buf_fini(&known);
	return outcome;
}

static struct outcome
judge_locations(const struct square *s, const struct json_node *root,
                struct buf *what)
{
	const struct json_node *rows = json_find(root, "locations");
	const struct json_node *mine = find_location(rows, s->location);
	const char *merchant;

	if (!mine)
		return unknown_location(s, rows);
	merchant = json_text_or(mine, "business_name",
	                        json_text_or(mine, "merchant_id", "?"));
	buf_addf(what, "merchant \"%s\", location \"%s\" (%s)", merchant,
	         json_text_or(mine, "name", "?"), s->location);
	if (strcmp(json_text_or(mine, "status", "ACTIVE"), "ACTIVE") != 0)
		buf_adds(what, ", which is not active");
	return outcome_done();
}

static struct outcome
probe(void *state, struct buf *what)
{
	struct square *s = of(state);
	struct json *doc = NULL;
	struct outcome outcome = call(s, LOCATIONS_PATH, NULL, &doc);

	if (outcome.verdict == VERDICT_DONE)
		outcome = judge_locations(s, json_root(doc), what);
	json_free(doc);
	return outcome;
}

static size_t
batch_max(const struct conf_section *conf)
{
	(void)conf;
	return BATCH_MAX;
}

static void
close_(void *state)
{
	struct square *s = state;

	if (!s)
		return;
	if (s->bearer)
		crypto_wipe(s->bearer, strlen(s->bearer));
	free(s->bearer);
	free(s);
}

static int
open_(void **state, const struct adapter_env *env)
{
	struct square *s = calloc(1, sizeof(*s));

	if (!s)
		return err_raise(ERR_NOMEM, "square");
	*state = s;
	s->magic = MAGIC;
	s->base = conf_account_url(env->conf);
	s->location = conf_text(env->conf, "location");
	s->version = conf_text(env->conf, "api_version");
	s->bearer = text_format(
		"Bearer %s",
		secret_text(conf_secret(env->conf, "access_token")));
	s->http = env->http;
	s->mirror = env->mirror;
	return s->bearer ? 0 : err_raise(ERR_NOMEM, "square");
}

const struct adapter_ops square_adapter = {
	.name = "square",
	.options = options,
	.default_url = "https://connect.squareup.com",
	.count_places = COUNT_PLACES,
	.batch_max = batch_max,
	.sales_window_ms = SALES_WINDOW_MS,
	.open = open_,
	.close = close_,
	.probe = probe,
	.read_counts = read_counts,
	.write_counts = write_counts,
	.list_sales = list_sales,
	.read_sales = read_sales,
	.sync = sync_,
};
