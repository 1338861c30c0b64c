/*
 * Tipsi: the counts of one store; an item is an external_id. The smallest
 * adapter there is, and so the one to read first: adapters/README.md.
 *
 * Does     GET /store/S/ext/E for a few items, the lists /wine and /drink for
 *          many and for a sync, PATCH /store/S/ext/sync to write.
 * Session  Cookies of undocumented names: all are kept, and sent with every
 *          call. 401 and 403 may mean that they are worn: log in once, repeat
 *          once, give up.
 * Never    sync_clear. Beyond what sync does it sets to zero whatever the batch
 *          leaves out: the store's items that nobody bound to ours, and, sent
 *          in pieces, nearly all of it. What is bound is written one by one
 *          where it differs, a zero too, so that no moment shows the shop as
 *          sold out. Nor is an item made: sync makes one of an unknown id, so
 *          an id is written only where a look has found it.
 * Limits   None is documented. One call at a time, 300 items a batch as in the
 *          vendor's sample, and as long as that one gives it.
 * Cursor   None: a catch-up lists everything, as a full sync does.
 * Source   tipsi/gitbook-integration-api (2018), as digested in the project's
 *          reference on Tipsi, read 2026-11-21. Whether the service still
 *          exists is not known.
 */
#include "adapters/adapters.h"

#include "gateway/base/buf.h"
#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/base/secret.h"
#include "gateway/base/words.h"
#include "gateway/ports/auth.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define API    "/api/rest/v001"
#define FIELDS "inventory_fields=external_id,in_stock"
#define NAMES \
	"inventory_fields=external_id,barcodes,pos_item_name" \
	"&wine_fields=name&drink_fields=name"

enum {
	TIPSI_MAGIC = 0x54495053, /* "TIPS" */
	BATCH_MAX = 300,
	BATCH_TIMEOUT_MS = 300 * 1000,
	PAGES_MAX = 1000, /* of 1000 rows; a longer list is a circle */
	PAGE_WORTH = 5,   /* a page of a list is as dear as so many items */
	MALFORMED = 1,    /* condition: not what is documented */
};

static const char *const lists[] = { "wine", "drink" };

enum { N_LISTS = sizeof(lists) / sizeof(*lists) };

struct tipsi {
	unsigned magic;
	const struct conf_section *conf; /* borrowed */
	const char *user;                /* borrowed from conf */
	const char *store;               /* borrowed from conf */
	char *root;                      /* owned; the store's address */
	struct auth auth;
	char cookies[HTTP_SESSION_SIZE]; /* a jar; "": not logged in */
	size_t n_pages;                  /* of both lists, last time */
};

static struct tipsi *
tipsi_of(void *state)
{
	struct tipsi *t = state;

	assert(t && t->magic == TIPSI_MAGIC);
	return t;
}

/* ---- what answers mean: all of it is here ---- */

/* {"detail":"…"} or {"field":["…"]}; a proxy's page says nothing to people. */
static void
find_words(char out[OUTCOME_WHY_SIZE], const struct tipsi *t,
           const struct json_node *root)
{
	struct buf text = BUF_INIT;

	if (root)
		json_print(&text, root);
	if (text.n)
		http_jar_hide(text.p, t->cookies);
	words_copy(out, OUTCOME_WHY_SIZE, buf_text(&text));
	buf_fini(&text);
}

static enum verdict
by_status(int status)
{
	if (status >= 200 && status < 300)
		return VERDICT_DONE;
	if (status == 429 || status == 503)
		return VERDICT_SLOW;
	if (status == 401 || status == 403)
		return VERDICT_LOCKED;
	if (status == 404)
		return VERDICT_ABSENT; /* what of: the caller knows */
	if (status == 408 || status == 409)
		return VERDICT_RETRY;
	return status >= 400 && status < 500 ? VERDICT_REFUSED : VERDICT_RETRY;
}

/* Pure: answer in, outcome out. root: its body, NULL when that is no JSON. */
static struct outcome
judge(const struct tipsi *t, const struct http_answer *answer,
      const struct json_node *root)
{
	enum verdict verdict = by_status(answer->status);
	char words[OUTCOME_WHY_SIZE];
	struct outcome outcome;

	if (answer->status == 0)
		return outcome_of(VERDICT_RETRY, "no answer from Tipsi: %s",
		                  answer->why);
	if (verdict == VERDICT_DONE && json_type(root) == JSON_OBJECT)
		return outcome_done();
	if (verdict == VERDICT_DONE)
		return outcome_of(VERDICT_RETRY,
		                  "http %d, but the answer is no JSON object",
		                  answer->status);
	find_words(words, t, root);
	if (verdict == VERDICT_LOCKED)
		return outcome_of(verdict,
		                  "user \"%.40s\" may not use store \"%.20s\": "
		                  "http %d %s",
		                  t->user, t->store, answer->status, words);
	outcome = outcome_of(verdict, "http %d %s", answer->status, words);
	if (verdict == VERDICT_SLOW)
		outcome = outcome_slow(answer->retry_after_ms, outcome.why);
	return outcome;
}

/* Of a call about the store as a whole: it must be there. */
static struct outcome
about_store(const struct tipsi *t, struct outcome outcome)
{
	if (outcome.verdict != VERDICT_ABSENT)
		return outcome;
	return outcome_of(
		VERDICT_LOCKED,
		"Tipsi has no store \"%.40s\": `store` must be the id "
		"that Tipsi gave the shop",
		t->store);
}

/* A refusal is about who we are, and has its cure; the rest is as ever. */
static struct outcome
judge_login(const struct tipsi *t, const struct http_answer *answer,
            const struct json_node *root)
{
	enum verdict verdict = by_status(answer->status);

	if (verdict == VERDICT_DONE && !t->cookies[0])
		return outcome_of(VERDICT_RETRY,
		                  "the log-in gave no cookie: is `url` right?");
	if (verdict == VERDICT_DONE)
		return outcome_done();
	if (verdict == VERDICT_ABSENT)
		return outcome_of(
			VERDICT_RETRY,
			"no log-in there (http 404): is `url` right?");
	if (verdict == VERDICT_LOCKED || verdict == VERDICT_REFUSED)
		return outcome_of(VERDICT_LOCKED,
		                  "Tipsi refuses user \"%.40s\" (http %d): "
		                  "`username` or `password` is wrong",
		                  t->user, answer->status);
	return judge(t, answer, root);
}

/* ---- the session ---- */

static bool
has_cookies(const void *ctx)
{
	const struct tipsi *t = ctx;

	return t->cookies[0] != '\0';
}

static struct outcome
log_in(void *ctx)
{
	struct tipsi *t = ctx;
	struct buf url = BUF_INIT;
	struct buf body = BUF_INIT;
	struct json_out o = { .to = &body };
	struct http_request request = { .method = "POST" };
	struct http_answer answer = { 0 };
	struct json *doc = NULL;
	struct outcome outcome;
	int r;

	t->cookies[0] = '\0';
	buf_addf(&url, "%s" API "/login", conf_account_url(t->conf));
	json_out_object(&o, NULL);
	json_out_text(&o, "username", t->user);
	json_out_text(&o, "password",
	              secret_text(conf_secret(t->conf, "password")));
	json_out_end_object(&o);
	request.url = buf_text(&url);
	request.headers[request.n_headers++] =
		(struct http_header){ "Content-Type", "application/json" };
	request.body = body.p;
	request.n_body = body.n;
	r = buf_check(&url) || buf_check(&body)
	            ? ERR_NOMEM
	            : http_client_send(t->auth.http, &request, &answer);
	if (!r && answer.status >= 200 && answer.status < 300)
		http_jar_put(t->cookies, answer.session);
	if (!r)
		(void)json_parse(&doc, buf_text(&answer.body), answer.body.n);
	outcome = r ? outcome_fault(r)
	            : judge_login(t, &answer, doc ? json_root(doc) : NULL);
	json_free(doc);
	http_answer_fini(&answer);
	if (body.p)
		crypto_wipe(body.p, body.cap);
	buf_fini(&body);
	buf_fini(&url);
	return outcome;
}

static void
put_cookies(void *ctx, struct http_request *request)
{
	const struct tipsi *t = ctx;

	request->headers[request->n_headers++] =
		(struct http_header){ "Cookie", t->cookies };
}

static bool
is_worn(const void *ctx, const struct http_request *request,
        const struct http_answer *answer)
{
	(void)ctx;
	(void)request;
	return answer->status == 401 || answer->status == 403;
}

static const struct auth_ops session = {
	.has_key = has_cookies,
	.renew = log_in,
	.sign = put_cookies,
	.is_worn = is_worn,
};

/* ---- one call ---- */

/*
 * Send with a session, and judge.
 *
 * url   as buf; its error is asked for here
 * body  JSON for a PATCH; NULL: a GET
 * doc   receives the answer's JSON, never NULL on DONE; the caller's
 */
static struct outcome
call(struct tipsi *t, const struct buf *url, const struct buf *body,
     struct json **doc)
{
	int64_t timeout_ms = conf_int(t->conf, "timeout_ms");
	struct http_request request = {
		.method = body ? "PATCH" : "GET",
		.url = buf_text(url),
		.headers = { { "Accept", "application/json" },
		             { "Content-Type", "application/json" } },
		.n_headers = body ? 2 : 1,
		.body = body ? body->p : NULL,
		.n_body = body ? body->n : 0,
		.timeout_ms = body && timeout_ms < BATCH_TIMEOUT_MS
		                      ? BATCH_TIMEOUT_MS
		                      : timeout_ms,
	};
	struct http_answer answer;
	struct outcome outcome;

	if (buf_check(url) || (body && buf_check(body)))
		return outcome_fault(ERR_NOMEM);
	outcome = auth_send(&t->auth, &request, &answer);
	if (outcome.verdict == VERDICT_DONE) {
		(void)json_parse(doc, buf_text(&answer.body), answer.body.n);
		outcome = judge(t, &answer, *doc ? json_root(*doc) : NULL);
		/* Some servers give a new one now and then. */
		if (t->cookies[0])
			http_jar_put(t->cookies, answer.session);
	}
	http_answer_fini(&answer);
	return outcome;
}

/* ---- rows ---- */

struct row {
	const struct json_node *node;
	const char *external; /* until the next number's text; NULL: none */
	struct decimal qty;
	bool is_known;     /* else nobody has counted it, which is no zero */
	bool is_malformed; /* a count that is none */
};

/* external_id is documented as text; replies show numbers as well. */
static struct row
read_row(const struct json_node *node)
{
	const struct json_node *id = json_find(node, "external_id");
	struct row row = { .node = node, .qty = DECIMAL_ZERO };
	int r = json_get_decimal_lax(&row.qty, node, "in_stock");

	row.is_known = r == 0;
	row.is_malformed = r != 0 && r != JSON_ABSENT;
	row.external = json_text(id) ? json_text(id) : json_number_text(id);
	return row;
}

/* ---- lists ---- */

struct find;

/* Items that are looked for in a list. */
struct look {
	struct count *counts;
	size_t n;
	bool is_seen[BATCH_MAX];
};

/* Both lists, row by row. */
struct walk {
	int (*take)(struct walk *l, const struct row *row); /* or a fault */
	const char *fields;           /* of a row; a part of the query */
	struct look *look;            /* of a look */
	const struct sync_sink *sink; /* of a sync */
	struct find *find;            /* of a search */
	size_t n_pages;
	const char *list; /* in hand */
	int64_t n_rows;   /* of it, so far */
};

/*
 * The query of the next page, "" behind the last one. Of the link only this
 * much is used: host and path stay ours. Returns 0, MALFORMED.
 */
static int
next_query(struct buf *out, const struct json_node *root, const char *fields)
{
	const struct json_node *next = json_find(root, "next");
	const char *link = json_text(next);
	const char *query = link ? strchr(link, '?') : NULL;

	buf_reset(out);
	if (!next)
		return 0;
	for (const char *p = query; p && *p; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '#')
			return MALFORMED;
	if (!query || !query[1])
		return MALFORMED;
	buf_adds(out, query + 1);
	/* Fields are lazy: without these words a row has nothing but an id. */
	if (!strstr(query, "inventory_fields="))
		buf_addf(out, "&%s", fields);
	return 0;
}

/* Returns 0, MALFORMED or a fault. */
static int
take_page(struct walk *l, const struct json_node *root, struct buf *query)
{
	const struct json_node *rows = json_find(root, "results");
	int64_t total = 0;
	int r = json_type(rows) == JSON_ARRAY ? 0 : MALFORMED;

	for (size_t i = 0; !r && i < json_length(rows); i++) {
		struct row row = read_row(json_at(rows, i));

		if (row.external && !row.is_malformed)
			r = l->take(l, &row);
	}
	if (!r)
		r = next_query(query, root, l->fields);
	l->n_rows += (int64_t)json_length(rows);
	l->n_pages++;
	if (r || !l->sink)
		return r;
	(void)json_get_int(&total, root, "count");
	l->sink->progress(l->sink->ctx, l->list, l->n_rows, total);
	return l->sink->breathe(l->sink->ctx);
}

static struct outcome
read_page(struct tipsi *t, struct walk *l, struct buf *query)
{
	struct buf url = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;
	int r;

	buf_addf(&url, "%s/%s?%s", t->root, l->list, buf_text(query));
	outcome = about_store(t, call(t, &url, NULL, &doc));
	if (outcome.verdict == VERDICT_DONE) {
		r = take_page(l, json_root(doc), query);
		if (r == MALFORMED)
			outcome = outcome_of(
				VERDICT_RETRY,
				"the list of %ss is not as documented",
				l->list);
		else if (r)
			outcome = outcome_fault(r);
	}
	json_free(doc);
	buf_fini(&url);
	return outcome;
}

/* Every page of both; anything but DONE when one of them failed. */
static struct outcome
read_lists(struct tipsi *t, struct walk *l)
{
	struct outcome outcome = outcome_done();
	struct buf query = BUF_INIT;

	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < N_LISTS;
	     i++) {
		l->list = lists[i];
		l->n_rows = 0;
		buf_adds(&query, l->fields);
		do {
			outcome = read_page(t, l, &query);
		} while (outcome.verdict == VERDICT_DONE && query.n &&
		         l->n_pages < PAGES_MAX);
		if (outcome.verdict == VERDICT_DONE && query.n)
			outcome = outcome_of(VERDICT_RETRY,
			                     "the list does not end");
		buf_reset(&query);
	}
	if (outcome.verdict == VERDICT_DONE)
		t->n_pages = l->n_pages;
	buf_fini(&query);
	return outcome;
}

/* ---- counts: read ---- */

/* A row that cannot be read is as good as none: it is asked for alone. */
static int
look_at(struct walk *l, const struct row *row)
{
	struct look *look = l->look;

	for (size_t i = 0; i < look->n; i++) {
		if (strcmp(look->counts[i].external, row->external) != 0)
			continue;
		look->is_seen[i] = true;
		look->counts[i].is_known = row->is_known;
		look->counts[i].qty = row->qty;
	}
	return 0;
}

/* What became of the one answer about an item. */
static void
take_one(const struct tipsi *t, struct count *count, enum verdict verdict,
         const struct json_node *root)
{
	struct row row = read_row(root);
	bool is_it = row.external && strcmp(row.external, count->external) == 0;

	if (verdict == VERDICT_ABSENT)
		count->outcome = outcome_of(
			VERDICT_REFUSED,
			"store \"%.40s\" has no item \"%.60s\": add it there, "
			"or correct the binding",
			t->store, count->external);
	else if (!is_it || row.is_malformed)
		count->outcome = outcome_of(
			VERDICT_REFUSED,
			"the answer about item \"%.60s\" is not as documented",
			count->external);
	else
		count->is_known = row.is_known;
	count->qty = row.qty;
}

/* DONE: this item is known, or has its own outcome. */
static struct outcome
read_one(struct tipsi *t, struct count *count)
{
	struct buf url = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;

	buf_addf(&url, "%s/ext/", t->root);
	buf_add_url(&url, count->external);
	buf_adds(&url, "?" FIELDS);
	outcome = call(t, &url, NULL, &doc);
	if (outcome.verdict == VERDICT_DONE ||
	    outcome.verdict == VERDICT_ABSENT) {
		take_one(t, count, outcome.verdict,
		         doc ? json_root(doc) : NULL);
		outcome = outcome_done();
	}
	json_free(doc);
	buf_fini(&url);
	return outcome;
}

static void
forget(struct count *counts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		counts[i].is_known = false;
		counts[i].qty = DECIMAL_ZERO;
		counts[i].outcome = outcome_done();
	}
}

/* Whether the lists hold what nobody has matched yet is not documented: what
   they lack is asked for by itself. */
static struct outcome
read_counts(void *state, struct count *counts, size_t n)
{
	struct tipsi *t = tipsi_of(state);
	struct look look = { .counts = counts, .n = n };
	struct walk walk = { .take = look_at, .fields = FIELDS, .look = &look };
	struct outcome outcome = outcome_done();

	assert(n <= BATCH_MAX);
	forget(counts, n);
	if (n > PAGE_WORTH * t->n_pages)
		outcome = read_lists(t, &walk);
	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < n; i++)
		if (!look.is_seen[i])
			outcome = read_one(t, &counts[i]);
	if (outcome.verdict != VERDICT_DONE)
		forget(counts, n);
	return outcome;
}

/* ---- counts: write ---- */

static void
build(struct buf *out, const struct count *counts, size_t n)
{
	struct json_out o = { .to = out };

	json_out_array(&o, NULL);
	for (size_t i = 0; i < n; i++) {
		json_out_object(&o, NULL);
		json_out_text(&o, "external_id", counts[i].external);
		json_out_decimal(&o, "in_stock", counts[i].qty);
		json_out_end_object(&o);
	}
	json_out_end_array(&o);
}

/* Absolute and named by its own id: a repetition changes nothing. */
static struct outcome
write_counts(void *state, struct count *counts, size_t n, int64_t as_of_ms)
{
	struct tipsi *t = tipsi_of(state);
	struct buf url = BUF_INIT;
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;
	int64_t n_created = 0;

	(void)as_of_ms; /* Tipsi knows no time of a count */
	assert(n <= BATCH_MAX);
	buf_addf(&url, "%s/ext/sync", t->root);
	build(&body, counts, n);
	outcome = about_store(t, call(t, &url, &body, &doc));
	if (outcome.verdict == VERDICT_DONE)
		(void)json_get_int(&n_created, json_root(doc), "created_items");
	if (n_created > 0)
		outcome = outcome_of(
			VERDICT_DONE,
			"Tipsi made %lld new items of a batch of %zu: they had "
			"been there a moment ago, or a binding is wrong",
			(long long)n_created, n);
	json_free(doc);
	buf_fini(&body);
	buf_fini(&url);
	return outcome;
}

/* ---- sync ---- */

static int
tell(struct walk *l, const struct row *row)
{
	if (!row->is_known)
		return 0;
	return l->sink->count(l->sink->ctx, row->external, row->qty);
}

static struct outcome
sync_all(void *state, const struct sync_job *job, const struct sync_sink *sink)
{
	struct tipsi *t = tipsi_of(state);
	struct walk walk = { .take = tell, .fields = FIELDS, .sink = sink };
	int r = sink->begin_counts(sink->ctx);

	(void)job; /* dry or not, full or not: nothing is kept here */
	return r ? outcome_fault(r) : read_lists(t, &walk);
}

/* ---- finding items ---- */

struct find {
	enum listing_by by;
	const char *text;
	const struct listing_sink *sink;
};

/* "A B" of ["A","B"]; a code with a blank in it is none. */
static void
add_barcodes(struct buf *out, const struct json_node *codes)
{
	for (size_t i = 0; i < json_length(codes); i++) {
		const char *code = json_text(json_at(codes, i));

		if (code && *code && !strpbrk(code, " \t"))
			buf_addf(out, "%s%s", out->n ? " " : "", code);
	}
}

/* As the till calls it, else as the catalogue does. */
static const char *
name_of(const struct json_node *node)
{
	const char *name = json_text_or(node, "pos_item_name", "");

	if (!*name)
		name = json_text_or(json_find(node, "wine"), "name", "");
	if (!*name)
		name = json_text_or(json_find(node, "drink"), "name", "");
	return name;
}

/* The shop itself gives the external id: it is the SKU. */
static int
tell_item(const struct find *find, const struct row *row)
{
	struct buf barcodes = BUF_INIT;
	char *external = text_dup(row->external);
	struct listing listing = { .external = external,
		                   .sku = external,
		                   .name = name_of(row->node) };
	int r;

	add_barcodes(&barcodes, json_find(row->node, "barcodes"));
	listing.barcode = buf_text(&barcodes);
	r = external ? buf_check(&barcodes) : err_raise(ERR_NOMEM, "tipsi");
	if (!r && listing_fits(&listing, find->by, find->text))
		r = find->sink->listing(find->sink->ctx, &listing);
	buf_fini(&barcodes);
	free(external);
	return r;
}

static int
take_item(struct walk *l, const struct row *row)
{
	return tell_item(l->find, row);
}

/* One call where one item has the code at most. */
static struct outcome
find_one(struct tipsi *t, const struct find *find)
{
	struct buf url = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;
	struct row row;
	int r = 0;

	buf_addf(&url, "%s/%s/", t->root,
	         find->by == LISTING_SKU ? "ext" : "barcode");
	buf_add_url(&url, find->text);
	buf_adds(&url, "?" NAMES);
	outcome = call(t, &url, NULL, &doc);
	if (outcome.verdict == VERDICT_DONE) {
		row = read_row(json_root(doc));
		r = row.external ? tell_item(find, &row) : 0;
	}
	json_free(doc);
	buf_fini(&url);
	if (outcome.verdict == VERDICT_ABSENT)
		return outcome_done();
	return r ? outcome_fault(r) : outcome;
}

/* What nobody has matched in Tipsi yet may stand in neither list. */
static struct outcome
list_items(void *state, enum listing_by by, const char *text,
           const struct listing_sink *sink)
{
	struct tipsi *t = tipsi_of(state);
	struct find find = { by, text, sink };
	struct walk walk = { .take = take_item,
		             .fields = NAMES,
		             .find = &find };

	return by == LISTING_SKU || by == LISTING_BARCODE
	               ? find_one(t, &find)
	               : read_lists(t, &walk);
}

/* ---- options, probe, open, close ---- */

static const struct conf_row options[] = {
	{ .key = "username",
	  .kind = CONF_TEXT,
	  .flags = CONF_REQUIRED,
	  .meaning = "User of Tipsi's integration API." },
	{ .key = "password",
	  .kind = CONF_SECRET,
	  .flags = CONF_REQUIRED,
	  .meaning = "That user's password." },
	{ .key = "store",
	  .kind = CONF_TEXT,
	  .flags = CONF_REQUIRED,
	  .meaning = "Id of the Tipsi store this account stands for." },
	{ .key = NULL },
};

/* The cheapest call that needs both the session and the store. */
static struct outcome
probe(void *state, struct buf *what)
{
	struct tipsi *t = tipsi_of(state);
	struct buf url = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;
	int64_t n = 0;

	buf_addf(&url, "%s/%s?page_size=1", t->root, lists[0]);
	outcome = about_store(t, call(t, &url, NULL, &doc));
	if (outcome.verdict == VERDICT_DONE &&
	    json_get_int(&n, json_root(doc), "count") != 0)
		outcome = outcome_of(VERDICT_RETRY,
		                     "the list of %ss is not as documented",
		                     lists[0]);
	if (outcome.verdict == VERDICT_DONE)
		buf_addf(what, "user \"%s\", store \"%s\" with %lld wines",
		         t->user, t->store, (long long)n);
	json_free(doc);
	buf_fini(&url);
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
	struct tipsi *t = state;

	if (!t)
		return;
	crypto_wipe(t->cookies, sizeof(t->cookies));
	free(t->root);
	free(t);
}

static int
open_(void **state, const struct adapter_env *env)
{
	struct tipsi *t = calloc(1, sizeof(*t));
	struct buf root = BUF_INIT;

	if (!t)
		return err_raise(ERR_NOMEM, "tipsi");
	*state = t;
	*t = (struct tipsi){
		.magic = TIPSI_MAGIC,
		.conf = env->conf,
		.user = conf_text(env->conf, "username"),
		.store = conf_text(env->conf, "store"),
		.auth = { .ops = &session, .ctx = t, .http = env->http },
		.n_pages = N_LISTS,
	};
	buf_addf(&root, "%s" API "/store/", conf_account_url(env->conf));
	buf_add_url(&root, t->store);
	t->root = buf_check(&root) ? NULL : buf_steal(&root);
	buf_fini(&root);
	if (env->http)
		http_client_watch_cookie(env->http, HTTP_EVERY_COOKIE);
	return t->root ? 0 : err_raise(ERR_NOMEM, "tipsi");
}

const struct adapter_ops tipsi_adapter = {
	.name = "tipsi",
	.options = options,
	.default_url = "https://integration.gettipsi.com",
	.batch_max = batch_max,
	.open = open_,
	.close = close_,
	.probe = probe,
	.read_counts = read_counts,
	.write_counts = write_counts,
	.list_items = list_items,
	.sync = sync_all,
};
