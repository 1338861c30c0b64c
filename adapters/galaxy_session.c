/*
 * Galaxy: log-in, web scenario, calls, and what an answer means.
 *
 * Does      POST /auth; GET lists as streams.
 * Session   The cookie ss-id, from Set-Cookie or from the body. 401 and 403,
 *           or a ResponseStatus of that meaning, say that the server forgot
 *           it: log in once, repeat once, give up (galaxy.md 2). Its life is
 *           not public, so it is used until then.
 * Errors    ServiceStack's ResponseStatus, also inside a 200 or in the middle
 *           of a list, or an HTML page of some proxy (galaxy.md 11).
 *           StackTrace is never looked at.
 * Lists     Whole only when the array was closed and the transfer complete. A
 *           row of no use is skipped and counted, so that it does not stop
 *           all the others for ever.
 */
#include "adapters/galaxy.h"

#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/ports/mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	ERROR_MAX = 65536, /* bytes of an answer that may be a ResponseStatus;
	                      its StackTrace can be long */
};

struct outcome
galaxy_fault(int r)
{
	switch (r) {
	case ERR_STORE:
		return outcome_of(VERDICT_RETRY, "our store does not answer");
	case ERR_NOMEM: return outcome_of(VERDICT_RETRY, "out of memory");
	}
	return outcome_of(VERDICT_RETRY, "trouble of our own (%d)", r);
}

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

static void
read_status(struct galaxy_error *out, const struct galaxy *g,
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
	read_status(out, g, json_find(json_root(doc), "ResponseStatus"));
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

/* ServiceStack names its exceptions: Unauthorized, AuthenticationException. */
static bool
is_about_session(const struct galaxy_error *error)
{
	return speaks_of(error, "unauthorized") ||
	       speaks_of(error, "authenticat") || speaks_of(error, "session");
}

/* The first byte that is no blank; NUL: there is none yet. */
static char
first_of(const char *p, size_t n)
{
	for (; n > 0; p++, n--)
		if (!strchr(" \n\r\t", *p))
			return *p;
	return '\0';
}

static bool
is_html(const void *body, size_t n)
{
	return first_of(body, n) == '<';
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
	return outcome_of(verdict, "Galaxy answered HTTP %d%s", answer->status,
	                  is_html(buf_text(&answer->body), answer->body.n)
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
	if (status == 401 || status == 403 || is_about_session(error))
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
		return say(is_about_session(&error) ? VERDICT_LOCKED
		                                    : VERDICT_REFUSED,
		           answer, &error);
	if (is_html(buf_text(&answer->body), answer->body.n))
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
		(void)snprintf(g->session, sizeof(g->session), "%s", id);
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
	outcome = r ? galaxy_fault(r) : judge_login(g, &answer);
	http_answer_fini(&answer);
	if (body.p)
		crypto_wipe(body.p, body.cap);
	buf_fini(&body);
	buf_fini(&url);
	return outcome;
}

/* ---- calls ---- */

static int
send_once(struct galaxy *g, const struct http_request *request,
          struct http_answer *answer)
{
	char cookie[GALAXY_SESSION_SIZE + 8];
	struct http_request copy = *request;

	(void)snprintf(cookie, sizeof(cookie), "ss-id=%s", g->session);
	copy.headers[copy.n_headers++] =
		(struct http_header){ "Accept", "application/json" };
	copy.headers[copy.n_headers++] =
		(struct http_header){ "Cookie", cookie };
	return http_client_send(g->env.http, &copy, answer);
}

/*
 * The session is gone, or this user may not: the second time tells. Such words
 * are short; a picture is not searched for them.
 */
static bool
is_forgotten(const struct galaxy *g, const struct http_answer *answer)
{
	struct galaxy_error error;

	if (answer->status == 401 || answer->status == 403)
		return true;
	return answer->status != 0 && answer->body.n <= ERROR_MAX &&
	       galaxy_error_of(&error, g, buf_text(&answer->body),
	                       answer->body.n) &&
	       is_about_session(&error);
}

/* Unless another call, made while this one lasted, has done so already. */
static struct outcome
log_in_anew(struct galaxy *g, const char *forgotten)
{
	if (strcmp(g->session, forgotten) == 0)
		g->session[0] = '\0';
	return g->session[0] ? outcome_done() : log_in(g);
}

struct outcome
galaxy_exchange(struct galaxy *g, struct http_request *request,
                struct http_answer *answer)
{
	struct outcome outcome = outcome_done();
	char used[GALAXY_SESSION_SIZE];
	int r;

	*answer = (struct http_answer){ 0 };
	if (!g->session[0])
		outcome = log_in(g);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	memcpy(used, g->session, sizeof(used));
	r = send_once(g, request, answer);
	if (!r && is_forgotten(g, answer)) {
		http_answer_fini(answer);
		*answer = (struct http_answer){ 0 };
		outcome = log_in_anew(g, used);
		if (outcome.verdict != VERDICT_DONE)
			return outcome;
		r = send_once(g, request, answer);
	}
	return r ? galaxy_fault(r) : outcome;
}

/* ---- lists ---- */

enum { BROKEN_OFF = 110 }; /* of a stream: an error stands among the rows */

/* A list on its way in. */
struct reading {
	struct galaxy *g;
	struct galaxy_list *list;
	struct json_stream *stream;
	struct galaxy_error error; /* that stood where a row should be */
	char problem[120];         /* of the first bad row */
	struct buf head;           /* of what is no array */
	bool is_array;             /* its first byte was seen */
	bool is_forgetful;         /* the server does not know our session */
};

/* Servers that fail while they write a list put the error where they are. */
static bool
is_error_row(struct reading *reading, const struct json_node *row)
{
	const struct json_node *status = json_find(row, "ResponseStatus");

	if (status)
		read_status(&reading->error, reading->g, status);
	return reading->error.code[0] != '\0';
}

static int
judge_row(struct reading *reading, const struct json_node *row)
{
	struct galaxy_list *list = reading->list;

	if (json_type(row) != JSON_OBJECT) {
		(void)snprintf(list->problem, sizeof(list->problem),
		               "a row that is no object");
		return GALAXY_BAD_ROW;
	}
	list->text = json_stream_text(reading->stream, &list->n_text);
	return list->row(list, row);
}

static int
take_row(void *ctx, const struct json_node *row)
{
	struct reading *reading = ctx;
	struct galaxy_list *list = reading->list;
	int r;

	if (is_error_row(reading, row))
		return BROKEN_OFF;
	list->rows++;
	r = judge_row(reading, row);
	if (r != GALAXY_BAD_ROW)
		return r;
	if (list->n_bad++ == 0)
		memcpy(reading->problem, list->problem, sizeof(list->problem));
	return 0;
}

/* What is no array is an error, perhaps in several pieces: let them come. */
static int
take_bytes(void *ctx, const char *p, size_t n)
{
	struct reading *reading = ctx;
	struct buf *head = &reading->head;

	if (!first_of(buf_text(head), head->n) && first_of(p, n) == '[')
		reading->is_array = true;
	if (reading->is_array)
		return json_stream_feed(reading->stream, p, n);
	buf_add(head, p, n);
	return head->is_broken ? JSON_MALFORMED : 0;
}

/* Why something that came with a 2xx is not the list we asked for. */
static struct outcome
judge_malformed(struct reading *reading)
{
	const struct buf *head = &reading->head;
	struct galaxy_error error;

	if (reading->is_array)
		return outcome_of(VERDICT_RETRY,
		                  "a broken list from Galaxy, after "
		                  "%lld rows",
		                  (long long)reading->list->rows);
	if (galaxy_error_of(&error, reading->g, buf_text(head), head->n)) {
		reading->is_forgetful = is_about_session(&error);
		return outcome_of(reading->is_forgetful ? VERDICT_LOCKED
		                                        : VERDICT_REFUSED,
		                  "Galaxy (HTTP 200): %s",
		                  error.message[0] ? error.message
		                                   : error.code);
	}
	if (is_html(buf_text(head), head->n))
		return outcome_of(VERDICT_RETRY,
		                  "a web page instead of a list from Galaxy");
	if (head->n == 0)
		return outcome_of(
			VERDICT_RETRY,
			"an empty answer instead of a list from Galaxy");
	return outcome_of(VERDICT_RETRY,
	                  "something broken instead of a list from Galaxy");
}

/* The session that ended in the middle of a list is not used again. */
static struct outcome
judge_broken_off(struct reading *reading)
{
	const struct galaxy_error *error = &reading->error;

	if (is_about_session(error))
		reading->g->session[0] = '\0';
	return outcome_of(VERDICT_RETRY,
	                  "Galaxy broke a list off after %lld rows: %s",
	                  (long long)reading->list->rows,
	                  error->message[0] ? error->message : error->code);
}

/* A list read to its end: complete, but for rows that were no use. */
static struct outcome
judge_whole(struct reading *reading)
{
	struct galaxy_list *list = reading->list;

	if (list->n_bad == 0)
		return outcome_done();
	memcpy(list->problem, reading->problem, sizeof(list->problem));
	if (list->n_bad < list->rows)
		return outcome_done();
	return outcome_of(VERDICT_REFUSED,
	                  "a list from Galaxy holds nothing but %s",
	                  list->problem);
}

static struct outcome
judge_list(struct reading *reading, const struct http_answer *answer)
{
	int r = answer->stream_result;

	reading->list->status = answer->status;
	if (!r && (answer->status < 200 || answer->status > 299))
		return galaxy_judge_read(reading->g, answer);
	if (!r)
		r = json_stream_end(reading->stream);
	switch (r) {
	case 0: return judge_whole(reading);
	case JSON_MALFORMED: return judge_malformed(reading);
	case BROKEN_OFF: return judge_broken_off(reading);
	case GALAXY_BAD_LIST:
		return outcome_of(VERDICT_REFUSED,
		                  "a list from Galaxy holds %s",
		                  reading->list->problem);
	}
	return galaxy_fault(r);
}

/* is_forgetful_out: nothing was read, because our session is not known. */
static struct outcome
read_list_once(struct galaxy *g, const char *url, struct galaxy_list *list,
               bool *is_forgetful_out)
{
	struct reading reading = { .g = g,
		                   .list = list,
		                   .head = { .max = ERROR_MAX } };
	struct http_request request = {
		.method = "GET",
		.url = url,
		.timeout_ms = list->timeout_ms,
		.answer_max = SIZE_MAX,
		.stream = take_bytes,
		.stream_ctx = &reading,
		.idle = list->idle,
		.idle_ctx = list->idle_ctx,
	};
	struct http_answer answer = { 0 };
	struct outcome outcome;
	int r;

	list->rows = 0;
	list->n_bad = 0;
	list->status = 0;
	r = json_stream_new(&reading.stream, take_row, &reading);
	if (r)
		return galaxy_fault(r);
	outcome = galaxy_exchange(g, &request, &answer);
	if (outcome.verdict == VERDICT_DONE)
		outcome = judge_list(&reading, &answer);
	*is_forgetful_out = reading.is_forgetful;
	http_answer_fini(&answer);
	json_stream_free(reading.stream);
	buf_fini(&reading.head);
	return outcome;
}

struct outcome
galaxy_read_list(struct galaxy *g, const char *url, struct galaxy_list *list)
{
	struct outcome outcome;
	bool is_forgetful = false;

	g->n_idling += list->idle != NULL;
	outcome = read_list_once(g, url, list, &is_forgetful);
	if (is_forgetful) {
		g->session[0] = '\0';
		outcome = read_list_once(g, url, list, &is_forgetful);
	}
	g->n_idling -= list->idle != NULL;
	return outcome;
}

/* ---- web scenario ---- */

struct choice {
	struct galaxy *g;
	const char *wanted; /* NULL: the default one */
	bool is_found;
	char id[GALAXY_ID_SIZE]; /* of the one that was found */
	struct buf others;       /* for people */
};

static bool
is_wanted(const struct choice *choice, const struct json_node *row)
{
	static const char *const members[] = { "ID", "Code", "Description" };
	int64_t is_default = 0;
	bool yes = false;

	if (!choice->wanted) {
		if (json_get_bool(&yes, row, "IsDefault") == 0)
			return yes;
		return json_get_int(&is_default, row, "IsDefault") == 0 &&
		       is_default != 0;
	}
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcasecmp(json_text_or(row, members[i], ""),
		               choice->wanted) == 0)
			return true;
	return false;
}

/* A code would be no use to the server, which wants the id. */
static bool
is_guid(const char *text)
{
	return strlen(text) == 36 && text[8] == '-' && text[13] == '-' &&
	       text[18] == '-' && text[23] == '-';
}

static int
take_scenario(struct galaxy_list *list, const struct json_node *row)
{
	struct choice *choice = list->ctx;
	struct galaxy *g = choice->g;
	char id[GALAXY_ID_SIZE];
	char label[GALAXY_ID_SIZE];

	if (!galaxy_member_id(id, row, "ID") || !id[0]) {
		(void)snprintf(list->problem, sizeof(list->problem),
		               "a web scenario without ID");
		return GALAXY_BAD_ROW;
	}
	galaxy_say(label, sizeof(label), json_text_or(row, "Code", id));
	buf_addf(&choice->others, "%s\"%s\"", choice->others.n ? ", " : "",
	         label);
	if (choice->is_found || !is_wanted(choice, row))
		return 0;
	choice->is_found = true;
	memcpy(choice->id, id, sizeof(choice->id));
	(void)snprintf(g->scenario, sizeof(g->scenario), "%s",
	               choice->wanted ? id : "");
	memcpy(g->scenario_label, label, sizeof(label));
	if (!galaxy_member_id(g->company, row, "CompanyID"))
		g->company[0] = '\0';
	return 0;
}

static struct outcome
judge_choice(const struct choice *choice)
{
	char others[120];
	char wanted[60];

	galaxy_say(wanted, sizeof(wanted),
	           choice->wanted ? choice->wanted : "");
	galaxy_say(others, sizeof(others),
	           choice->others.n ? buf_text(&choice->others) : "none");
	if (choice->is_found)
		return outcome_done();
	if (choice->wanted)
		return outcome_of(VERDICT_LOCKED,
		                  "Galaxy has no web scenario \"%s\" "
		                  "(web_scenario); it has: %s",
		                  wanted, others);
	return outcome_of(VERDICT_LOCKED,
	                  "no web scenario is Galaxy's default: set "
	                  "web_scenario to one of: %s",
	                  others);
}

/* Who answers out of the mirror must know whose tables these are. */
static struct outcome
keep_choice(const struct choice *choice)
{
	struct mirror *mirror = choice->g->env.mirror;
	struct buf known = BUF_INIT;
	int r = mirror_note_get(mirror, &known, GALAXY_NOTE_SCENARIO);

	if (r == MIRROR_ABSENT ||
	    (r == 0 && strcmp(buf_text(&known), choice->id) != 0))
		r = mirror_note_set(mirror, GALAXY_NOTE_SCENARIO, choice->id);
	buf_fini(&known);
	return r ? galaxy_fault(r) : outcome_done();
}

struct outcome
galaxy_read_scenario(struct galaxy *g)
{
	const char *wanted = conf_text(g->env.conf, "web_scenario");
	struct choice choice = { .g = g, .wanted = wanted };
	struct galaxy_list list = { .row = take_scenario, .ctx = &choice };
	struct buf url = BUF_INIT;
	char id[GALAXY_ID_SIZE];
	struct outcome outcome;

	galaxy_url(&url, g, "webscenarios", "/services/sync/webscenarios");
	if (wanted && is_guid(wanted) && galaxy_id(id, wanted))
		galaxy_param(&url, "WebScenID", id);
	outcome = buf_check(&url) ? galaxy_fault(ERR_NOMEM)
	                          : galaxy_read_list(g, buf_text(&url), &list);
	if (outcome.verdict == VERDICT_DONE)
		outcome = judge_choice(&choice);
	if (outcome.verdict == VERDICT_DONE)
		outcome = keep_choice(&choice);
	if (outcome.verdict == VERDICT_DONE)
		g->has_scenario = true;
	buf_fini(&choice.others);
	buf_fini(&url);
	return outcome;
}

struct outcome
galaxy_ready(struct galaxy *g)
{
	return g->has_scenario ? outcome_done() : galaxy_read_scenario(g);
}
