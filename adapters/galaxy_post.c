/*
 * Galaxy, commercial entries and customers: post one, and find one again.
 *
 * Does      POST /services/sync/actions/postentry or postcustomer, one document
 *           a call, on a connection of its own: the server does not recognise a
 *           repeated docid (galaxy.md 8.4), so nothing may send it twice,
 *           libcurl included (platform.md L9).
 *           GET of a view that the operator made, where one is configured; a
 *           customer is found in Galaxy's own list.
 * Errors    Only what proves that nothing was recorded is RETRY or REFUSED;
 *           all else after sending is UNCERTAIN.
 */
#include "adapters/galaxy.h"

#include "gateway/base/err.h"
#include "gateway/ports/mirror.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- posting ---- */

/*
 * A v3-era server sends business errors as 500 too; the name of the error
 * tells them from a crash (galaxy.md 11). One that no word here fits is
 * unclear: part of the work may have been done.
 */
static bool
is_business(const char *code)
{
	static const char *const words[] = {
		"Business",     "Validation",     "Argument",  "Invalid",
		"NotFound",     "Required",       "Duplicate", "Forbidden",
		"NotSupported", "NotImplemented", "Format",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(code, words[i]))
			return true;
	return false;
}

static struct outcome
refused_by(const struct http_answer *answer, const struct galaxy_error *error)
{
	const char *words = error->message[0] ? error->message : error->code;

	return outcome_of(VERDICT_REFUSED, "Galaxy refused it (HTTP %d)%s%s",
	                  answer->status, words[0] ? ": " : "", words);
}

/* A page is some proxy's word, not the server's receipt. */
static bool
is_page(const struct http_answer *answer)
{
	const char *p = buf_text(&answer->body);

	return strncasecmp(answer->content_type, "text/html", 9) == 0 ||
	       p[strspn(p, " \t\r\n")] == '<';
}

/* Pure: answer in, outcome out. */
static struct outcome
judge_post(const struct galaxy *g, const struct http_answer *answer)
{
	struct galaxy_error error;
	bool has_error = galaxy_error_of(&error, g, buf_text(&answer->body),
	                                 answer->body.n);
	int status = answer->status;

	if (status == 0)
		return outcome_of(answer->was_sent ? VERDICT_UNCERTAIN
		                                   : VERDICT_RETRY,
		                  "no answer from Galaxy: %s", answer->why);
	if (status == 401 || status == 403)
		return outcome_of(VERDICT_LOCKED,
		                  "Galaxy refuses us entries (HTTP %d)%s%s",
		                  status, error.message[0] ? ": " : "",
		                  error.message);
	if (status == 429)
		return outcome_slow(answer->retry_after_ms,
		                    "Galaxy asks us to slow down");
	if (status >= 200 && status <= 299 && has_error)
		return refused_by(answer, &error);
	if (status >= 200 && status <= 299 && !is_page(answer))
		return outcome_done();
	if (status >= 400 && status <= 499 && status != 408)
		return refused_by(answer, &error);
	if (status >= 500 && is_business(error.code))
		return refused_by(answer, &error);
	return outcome_of(VERDICT_UNCERTAIN,
	                  "Galaxy answered HTTP %d%s, which proves nothing%s%s",
	                  status, is_page(answer) ? " with a web page" : "",
	                  error.message[0] ? ": " : "", error.message);
}

/* name: of the path in `paths`. */
static struct outcome
post(struct galaxy *g, const struct buf *body, const char *name,
     const char *path)
{
	struct buf url = BUF_INIT;
	struct http_answer answer = { 0 };
	struct http_request request = {
		.method = "POST",
		.headers = { { "Content-Type", "application/json" } },
		.n_headers = 1,
		.body = buf_text(body),
		.n_body = body->n,
		.is_unrepeatable = true,
	};
	struct outcome outcome;

	galaxy_url(&url, g, name, path);
	galaxy_param_scenario(&url, g);
	request.url = buf_text(&url);
	outcome = buf_check(&url) ? outcome_fault(ERR_NOMEM)
	                          : galaxy_exchange(g, &request, &answer);
	if (outcome.verdict == VERDICT_DONE)
		outcome = judge_post(g, &answer);
	else if (answer.was_sent) /* and a fault of ours lost the answer */
		outcome.verdict = VERDICT_UNCERTAIN;
	http_answer_fini(&answer);
	buf_fini(&url);
	return outcome;
}

/*
 * Before the first sync has ended the mirror lacks things that Galaxy has;
 * that must not condemn an entry.
 */
static struct outcome
check_mirror(struct galaxy *g)
{
	struct buf since = BUF_INIT;
	int r = mirror_note_get(g->env.mirror, &since, GALAXY_NOTE_SYNCED);

	buf_fini(&since);
	if (r == MIRROR_ABSENT)
		return outcome_of(VERDICT_RETRY,
		                  "the first sync with Galaxy has not ended");
	return r ? outcome_fault(r) : outcome_done();
}

/* The document of an entry, whatever its kind. */
static struct outcome
build(struct galaxy *g, struct buf *out, const struct entry *entry,
      struct entry_problem *problem)
{
	return entry->kind == ENTRY_CUSTOMER
	               ? galaxy_customer_build(g, out, entry, problem)
	               : galaxy_entry_build(g, out, entry, problem);
}

static struct outcome
post_customer(struct galaxy *g, const struct buf *body,
              const struct entry *entry)
{
	struct outcome outcome = post(g, body, "postcustomer",
	                              "/services/sync/actions/postcustomer");

	if (outcome.verdict == VERDICT_DONE)
		galaxy_customer_fetch(g, entry);
	return outcome;
}

/* Held ones are checked like others, but nothing is sent that was not allowed. */
static struct outcome
check_returns(const struct galaxy *g, const struct entry *entry)
{
	if (!entry_is_return(entry) ||
	    strcmp(conf_text(g->env.conf, "entry.returns"), "negative") == 0)
		return outcome_done();
	return outcome_of(VERDICT_REFUSED, "a return waits for a person "
	                                   "(entry.returns is hold)");
}

struct outcome
galaxy_post_entry(void *state, const struct entry *entry)
{
	struct galaxy *g = state;
	struct buf body = BUF_INIT;
	struct entry_problem problem;
	struct outcome outcome = galaxy_ready(g);

	if (outcome.verdict == VERDICT_REFUSED)
		outcome.verdict = VERDICT_RETRY; /* it was not the entry */
	if (outcome.verdict == VERDICT_DONE)
		outcome = check_mirror(g);
	if (outcome.verdict == VERDICT_DONE)
		outcome = build(g, &body, entry, &problem);
	if (outcome.verdict == VERDICT_DONE)
		outcome = check_returns(g, entry);
	if (outcome.verdict == VERDICT_DONE)
		outcome = entry->kind == ENTRY_CUSTOMER
		                  ? post_customer(g, &body, entry)
		                  : post(g, &body, "postentry",
		                         "/services/sync/actions/postentry");
	buf_fini(&body);
	return outcome;
}

struct outcome
galaxy_check_entry(void *state, const struct entry *entry,
                   struct entry_problem *problem)
{
	struct galaxy *g = state;
	struct buf body = BUF_INIT;
	struct outcome outcome = check_mirror(g);

	*problem = (struct entry_problem){ .field = "" };
	if (outcome.verdict == VERDICT_DONE)
		outcome = build(g, &body, entry, problem);
	buf_fini(&body);
	return outcome;
}

/* ---- finding ---- */

/* `Entity/Name`, or a GUID, as a path of the generic API (galaxy.md 10). */
static bool
view_path(struct buf *url, const struct conf_section *conf)
{
	const char *view = conf_text(conf, "lookup.view");
	const char *advanced = conf_text(conf, "lookup.advanced_view");
	const char *slash = view ? strchr(view, '/') : NULL;
	char *entity;

	if (advanced) {
		buf_adds(url, "/api/glx/advancedcustomviews/");
		buf_add_url(url, advanced);
		return true;
	}
	if (!slash)
		return false;
	entity = text_ndup(view, (size_t)(slash - view));
	buf_adds(url, "/api/glx/views/");
	buf_add_url(url, entity ? entity : "");
	buf_adds(url, "/custom/");
	buf_add_url(url, slash + 1);
	free(entity);
	return entity != NULL;
}

static bool
is_docid(const char *text)
{
	return text[0] &&
	       text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefgh"
	                         "ijklmnopqrstuvwxyz0123456789-_")] == '\0';
}

struct match {
	const char *docid;
	bool is_found;
};

static bool
visit_member(void *ctx, const char *key, const struct json_node *value)
{
	struct match *match = ctx;
	const char *text = json_text(value);

	(void)key;
	match->is_found = text && strcmp(text, match->docid) == 0;
	return !match->is_found;
}

/*
 * A view that ignored the filter would show somebody else's entries, so one
 * row must show the docid itself.
 */
static struct outcome
judge_view(const struct http_answer *answer, const char *docid)
{
	struct match match = { .docid = docid };
	struct json *doc = NULL;
	const struct json_node *items;
	struct outcome outcome;

	if (json_parse(&doc, buf_text(&answer->body), answer->body.n) != 0)
		return outcome_of(VERDICT_RETRY,
		                  "a broken answer of Galaxy's look-up view");
	items = json_find(json_root(doc), "Items");
	for (size_t i = 0; i < json_length(items) && !match.is_found; i++)
		json_each(json_at(items, i), visit_member, &match);
	if (match.is_found)
		outcome = outcome_done();
	else if (json_type(items) != JSON_ARRAY)
		outcome = outcome_of(VERDICT_RETRY,
		                     "Galaxy's look-up view gave no Items");
	else if (json_length(items) == 0)
		outcome = outcome_of(VERDICT_ABSENT, "Galaxy has no entry %s",
		                     docid);
	else
		outcome = outcome_of(VERDICT_REFUSED,
		                     "the look-up view must filter by and show "
		                     "lookup.field");
	json_free(doc);
	return outcome;
}

/* A customer is found in the list itself. */
bool
galaxy_can_find(const struct conf_section *conf, enum entry_kind kind)
{
	struct buf path = BUF_INIT;
	bool can = kind == ENTRY_CUSTOMER ||
	           (conf_text(conf, "lookup.field") && view_path(&path, conf));

	buf_fini(&path);
	return can;
}

static struct outcome
find_document(struct galaxy *g, const char *docid)
{
	const char *field = conf_text(g->env.conf, "lookup.field");
	struct buf path = BUF_INIT;
	struct buf url = BUF_INIT;
	struct http_request request = { .method = "GET" };
	struct http_answer answer = { 0 };
	struct outcome outcome;

	if (!view_path(&path, g->env.conf) || !field || !is_docid(docid)) {
		buf_fini(&path);
		return outcome_of(VERDICT_REFUSED,
		                  "no look-up configured (lookup.view or "
		                  "lookup.advanced_view, and lookup.field)");
	}
	galaxy_url(&url, g, NULL, buf_text(&path));
	buf_adds(&url, "?filters=[{");
	buf_add_url(&url, field);
	buf_addf(&url, ":[\"%s\",Equal]}]", docid);
	request.url = buf_text(&url);
	outcome = buf_check(&url) ? outcome_fault(ERR_NOMEM)
	                          : galaxy_exchange(g, &request, &answer);
	if (outcome.verdict == VERDICT_DONE)
		outcome = galaxy_judge_read(g, &answer);
	if (outcome.verdict == VERDICT_DONE)
		outcome = judge_view(&answer, docid);
	http_answer_fini(&answer);
	buf_fini(&url);
	buf_fini(&path);
	return outcome;
}

struct outcome
galaxy_find_entry(void *state, const struct entry *entry)
{
	struct galaxy *g = state;

	return entry->kind == ENTRY_CUSTOMER ? galaxy_customer_find(g, entry)
	                                     : find_document(g, entry->docid);
}
