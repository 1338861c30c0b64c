/*
 * Outgoing HTTP over libcurl; nothing else includes it.
 *
 * Not a place for policy: it never retries, follows nothing and judges no
 * status. What a call's failure means is the adapter's to say; what this file
 * owes it is was_sent, told from the bytes that libcurl handed to the socket.
 *
 * A call is driven step by step through libcurl's multi interface, as
 * curl_easy_perform does inside, so that idle has its turn between two steps
 * and never within a callback of libcurl, where no call may begin. A call made
 * by idle has a line of its own: handle and connections.
 *
 * Invariant: between two calls a line carries no option of the last one, only
 * its connections.
 */
#include "gateway/drivers/http_client.h"

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/model/metrics.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <curl/curl.h>

enum {
	TIMEOUT_MS = 30000,
	CONNECT_TIMEOUT_MS = 10000,
	SILENCE_S = 60, /* a longer silence inside an answer ends the call */
	LINES = 2,      /* a call, and one that its idle makes */
	STEP_MS = 500,  /* how soon a call notices that it was aborted */
	IDLE_MS = 15,   /* below what ports/http.h promises */
	RETRY_AFTER_MAX_S = 3600,
	ANSWER_MAX = 16 * 1024 * 1024,
};

/* What one call needs of libcurl; opened when it is first needed. */
struct line {
	CURL *easy;                  /* owned; NULL in a fake */
	CURLM *multi;                /* owned; keeps the connections */
	char words[CURL_ERROR_SIZE]; /* libcurl's, of the call in hand */
};

struct http_client {
	struct line lines[LINES];
	size_t n_busy; /* lines with a call under way */
	int64_t timeout_ms;
	int64_t connect_timeout_ms;
	bool may_http;
	char *ca_file;                /* owned; NULL */
	char *user_agent;             /* owned */
	const char *cookie;           /* static; NULL: none is watched */
	int (*idle)(void *ctx);       /* of requests without one; NULL */
	void *idle_ctx;               /* borrowed */
	const struct http_gate *gate; /* borrowed; NULL: none */
	atomic_bool is_aborted;

	int (*fake)(void *ctx, const struct http_request *request,
	            struct http_answer *answer);
	void *fake_ctx; /* borrowed */
};

/* The call in hand, for the callbacks. */
struct transfer {
	struct http_client *client;
	struct line *line;
	const struct http_request *request;
	struct http_answer *answer;
	size_t max;
	size_t n_body; /* decoded bytes so far (platform.md L4) */
	bool is_too_long;
	int64_t timeout_ms;
	int (*idle)(void *ctx); /* NULL: none */
	void *idle_ctx;
	bool is_paused;        /* for idle, in the midst of an answer */
	int64_t idled_mono_ms; /* when it was back last */
	int64_t idle_ms;       /* time spent there */
	int64_t wait_until_ms; /* Retry-After as a date; 0: it is none */
};

int
http_client_setup(void)
{
	CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

	if (code != CURLE_OK)
		return err_raise(ERR_LIB, "libcurl: %s",
		                 curl_easy_strerror(code));
	return 0;
}

void
http_client_teardown(void)
{
	curl_global_cleanup();
}

static void
line_close(struct line *line)
{
	curl_easy_cleanup(line->easy);
	(void)curl_multi_cleanup(line->multi);
	*line = (struct line){ 0 };
}

static int
line_open(struct line *line)
{
	if (line->easy)
		return 0;
	line->easy = curl_easy_init();
	line->multi = curl_multi_init();
	if (line->easy && line->multi)
		return 0;
	line_close(line);
	return err_raise(ERR_NOMEM, "http client");
}

int
http_client_new(struct http_client **out,
                const struct http_client_options *options)
{
	struct http_client *c = calloc(1, sizeof(*c));
	const char *agent = options->user_agent;

	if (!c)
		return err_raise(ERR_NOMEM, "http client");
	c->timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
	c->connect_timeout_ms = options->connect_timeout_ms
	                                ? options->connect_timeout_ms
	                                : CONNECT_TIMEOUT_MS;
	c->may_http = options->may_http;
	c->ca_file = text_dup(options->ca_file);
	c->user_agent = text_dup(agent ? agent : "tillbridge");
	c->idle = options->idle;
	c->idle_ctx = options->idle_ctx;
	if (line_open(&c->lines[0]) || !c->user_agent ||
	    (options->ca_file && !c->ca_file)) {
		http_client_free(c);
		return err_raise(ERR_NOMEM, "http client");
	}
	*out = c;
	return 0;
}

int
http_client_new_fake(struct http_client **out,
                     int (*send)(void *ctx, const struct http_request *request,
                                 struct http_answer *answer),
                     void *ctx)
{
	struct http_client *c = calloc(1, sizeof(*c));

	if (!c)
		return err_raise(ERR_NOMEM, "http client");
	c->fake = send;
	c->fake_ctx = ctx;
	*out = c;
	return 0;
}

void
http_client_abort(struct http_client *client)
{
	atomic_store(&client->is_aborted, true);
}

void
http_client_watch_cookie(struct http_client *client, const char *name)
{
	client->cookie = name;
}

void
http_client_set_gate(struct http_client *client, const struct http_gate *gate)
{
	client->gate = gate;
}

void
http_client_free(struct http_client *client)
{
	if (!client)
		return;
	for (size_t i = 0; i < LINES; i++)
		line_close(&client->lines[i]);
	free(client->ca_file);
	free(client->user_agent);
	free(client);
}

void
http_answer_fini(struct http_answer *answer)
{
	buf_fini(&answer->body);
}

/* ---- what libcurl calls ---- */

/* Hand a piece of a 2xx body to the request's own reader. */
static bool
feed(const struct http_request *request, struct http_answer *answer,
     const char *p, size_t n)
{
	answer->stream_result = request->stream(request->stream_ctx, p, n);
	return answer->stream_result == 0;
}

/* How long libcurl may wait before somebody else has a turn. */
static int64_t
step_ms(const struct transfer *t)
{
	int64_t left;

	if (!t->idle)
		return STEP_MS;
	left = t->idled_mono_ms + IDLE_MS - clock_mono_ms();
	return left > 0 ? left : 0;
}

static size_t
on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	long status = 0;

	n *= size;
	/* libcurl takes up to a hundred pieces in one step. Whoever pauses is
	   given the same piece again. */
	t->is_paused = step_ms(t) == 0;
	if (t->is_paused)
		return CURL_WRITEFUNC_PAUSE;
	if (n > t->max - t->n_body) {
		t->is_too_long = true;
		return CURL_WRITEFUNC_ERROR;
	}
	t->n_body += n;
	(void)curl_easy_getinfo(t->line->easy, CURLINFO_RESPONSE_CODE, &status);
	if (t->request->stream && status >= 200 && status < 300)
		return feed(t->request, t->answer, p, n) ? n
		                                         : CURL_WRITEFUNC_ERROR;
	buf_add(&t->answer->body, p, n);
	return t->answer->body.is_broken ? CURL_WRITEFUNC_ERROR : n;
}

/* The value behind `name:` in a header line; NULL when it is another one. */
static char *
header_value(char *line, const char *name)
{
	size_t n = strlen(name);

	if (strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	line += n + 1;
	return line + strspn(line, " \t");
}

/* Name and value alone: what follows them is for browsers. A longer value than
   session holds is none of the sessions we know. */
static void
take_cookie(struct http_answer *answer, char *cookie, const char *name)
{
	size_t n = strlen(name);
	size_t length;

	if (n == 0) {
		cookie[strcspn(cookie, ";")] = '\0';
		http_jar_put(answer->session, cookie);
		return;
	}
	if (strncmp(cookie, name, n) != 0 || cookie[n] != '=')
		return;
	cookie += n + 1;
	length = strcspn(cookie, ";");
	if (length >= sizeof(answer->session))
		return;
	memcpy(answer->session, cookie, length);
	answer->session[length] = '\0';
}

/* <https://…?p=2>; rel="next", <https://…?p=9>; rel="last": the address is not
   ours to follow. */
static void
take_link(struct http_answer *answer, const char *value)
{
	answer->has_link = true;
	for (; *value; value++)
		if (strncasecmp(value, "rel=\"next\"", 10) == 0 ||
		    strncasecmp(value, "rel=next", 8) == 0)
			answer->has_next = true;
}

/* The last one to look at the line: it is cut here. */
static void
tell_gate(const struct http_gate *gate, char *line)
{
	char *colon = strchr(line, ':');

	if (!colon)
		return;
	*colon = '\0';
	gate->header(gate->ctx, line, colon + 1 + strspn(colon + 1, " \t"));
}

static void
take_header(struct transfer *t, char *line)
{
	const char *cookie = t->client->cookie;
	char *value;
	time_t date;

	if (strncmp(line, "HTTP/", 5) == 0) {
		/* A 100 Continue or the like came before: start over. */
		t->answer->date_ms = 0;
		t->wait_until_ms = 0;
		t->answer->session[0] = '\0';
		t->answer->has_link = false;
		t->answer->has_next = false;
		return;
	}
	value = header_value(line, "Link");
	if (value)
		take_link(t->answer, value);
	value = header_value(line, "Date");
	if (value) {
		date = curl_getdate(value, NULL);
		t->answer->date_ms = date > 0 ? (int64_t)date * 1000 : 0;
	}
	value = header_value(line, "Retry-After");
	if (value) {
		date = curl_getdate(value, NULL); /* -1: seconds, or nonsense */
		t->wait_until_ms = date > 0 ? (int64_t)date * 1000 : 0;
	}
	value = header_value(line, "Set-Cookie");
	if (value && cookie)
		take_cookie(t->answer, value, cookie);
	if (t->client->gate)
		tell_gate(t->client->gate, line);
}

/* The line has its CRLF and no NUL behind it. Longer ones say nothing to us. */
static size_t
on_header(char *p, size_t size, size_t n, void *ctx)
{
	char line[HTTP_SESSION_SIZE];

	n *= size;
	if (n < sizeof(line)) {
		memcpy(line, p, n);
		line[n] = '\0';
		line[strcspn(line, "\r\n")] = '\0';
		take_header(ctx, line);
	}
	return n;
}

/* ---- one call ---- */

/* True for a header that would smuggle in another one. */
static bool
is_split(const struct http_header *header)
{
	return strpbrk(header->name, "\r\n:") || strpbrk(header->value, "\r\n");
}

static void
free_headers(struct curl_slist *list)
{
	struct curl_slist *node;

	for (node = list; node; node = node->next)
		crypto_wipe(node->data, strlen(node->data));
	curl_slist_free_all(list);
}

/* Append "name: value"; `name;` is libcurl's way to send an empty value. */
static int
add_header(struct curl_slist **list, const char *name, const char *value)
{
	struct curl_slist *longer = NULL;
	char *line = *value ? text_format("%s: %s", name, value)
	                    : text_format("%s;", name);

	if (line) {
		longer = curl_slist_append(*list, line);
		crypto_wipe(line, strlen(line));
		free(line);
	}
	if (!longer)
		return err_raise(ERR_NOMEM, "request header");
	*list = longer;
	return 0;
}

/* Keep libcurl from adding a header of its own. */
static int
drop_header(struct curl_slist **list, const char *colon)
{
	struct curl_slist *longer = curl_slist_append(*list, colon);

	if (!longer)
		return err_raise(ERR_NOMEM, "request header");
	*list = longer;
	return 0;
}

static int
build_headers(struct curl_slist **list, const struct http_request *request)
{
	bool has_type = false;
	int r = drop_header(list, "Expect:"); /* large bodies would wait (L3) */

	assert(request->n_headers <= HTTP_HEADERS_MAX);
	for (size_t i = 0; !r && i < request->n_headers; i++) {
		const struct http_header *h = &request->headers[i];

		has_type |= strcasecmp(h->name, "Content-Type") == 0;
		r = add_header(list, h->name, h->value);
	}
	if (!r && !has_type)
		r = drop_header(list, "Content-Type:");
	return r;
}

/* Remember the first option that libcurl refused. */
static void
keep(CURLcode *first, CURLcode code)
{
	if (*first == CURLE_OK)
		*first = code;
}

/*
 * Within a stream a silence tells a dead peer, however long the whole of it may
 * take. An answer that is wanted whole may be worked on, without a byte, for as
 * long as its call may last.
 */
static long
silence_s(const struct transfer *t)
{
	int64_t ms = t->request->stream ? t->client->timeout_ms : t->timeout_ms;

	return ms / 1000 > SILENCE_S ? (long)(ms / 1000) : SILENCE_S;
}

/* The options of every call, whoever makes it (platform.md L3). */
static CURLcode
set_common(const struct transfer *t)
{
	const struct http_client *c = t->client;
	struct line *line = t->line;
	CURL *h = line->easy;
	CURLcode e = CURLE_OK;

	keep(&e, curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L));
	keep(&e, curl_easy_setopt(h, CURLOPT_ERRORBUFFER, line->words));
	keep(&e, curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR,
	                          c->may_http ? "http,https" : "https"));
	keep(&e, curl_easy_setopt(h, CURLOPT_PROXY, ""));
	keep(&e, curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L));
	keep(&e, curl_easy_setopt(h, CURLOPT_HTTP_VERSION,
	                          (long)CURL_HTTP_VERSION_1_1));
	keep(&e, curl_easy_setopt(h, CURLOPT_SSLVERSION,
	                          (long)CURL_SSLVERSION_TLSv1_2));
	keep(&e, curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L));
	keep(&e, curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L));
	if (c->ca_file)
		keep(&e, curl_easy_setopt(h, CURLOPT_CAINFO, c->ca_file));
	keep(&e, curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS,
	                          (long)c->connect_timeout_ms));
	keep(&e, curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, 1L));
	keep(&e, curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, silence_s(t)));
	keep(&e, curl_easy_setopt(h, CURLOPT_TCP_KEEPALIVE, 1L));
	keep(&e, curl_easy_setopt(h, CURLOPT_ACCEPT_ENCODING, ""));
	keep(&e, curl_easy_setopt(h, CURLOPT_USERAGENT, c->user_agent));
	return e;
}

/* The method as libcurl wants it: by the shape of the call, then by name. */
static CURLcode
set_method(CURL *h, const struct http_request *q)
{
	CURLcode e = CURLE_OK;
	bool is_post = strcmp(q->method, "POST") == 0;

	if (strcmp(q->method, "HEAD") == 0)
		return curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
	if (q->body || is_post) {
		keep(&e,
		     curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE,
		                      (curl_off_t)(q->body ? q->n_body : 0)));
		keep(&e, curl_easy_setopt(h, CURLOPT_POSTFIELDS,
		                          q->body ? q->body : ""));
	}
	if (!is_post && (q->body || strcmp(q->method, "GET") != 0))
		keep(&e, curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, q->method));
	return e;
}

static CURLcode
set_request(struct transfer *t, struct curl_slist *headers)
{
	const struct http_request *q = t->request;
	CURL *h = t->line->easy;
	CURLcode e = CURLE_OK;

	keep(&e, curl_easy_setopt(h, CURLOPT_URL, q->url));
	keep(&e, set_method(h, q));
	keep(&e, curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers));
	keep(&e, curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)t->timeout_ms));
	keep(&e, curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body));
	keep(&e, curl_easy_setopt(h, CURLOPT_WRITEDATA, t));
	keep(&e, curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header));
	keep(&e, curl_easy_setopt(h, CURLOPT_HEADERDATA, t));
	if (q->is_unrepeatable) {
		/* libcurl re-sends on re-used connections only (L6, L9). */
		keep(&e, curl_easy_setopt(h, CURLOPT_FRESH_CONNECT, 1L));
		keep(&e, curl_easy_setopt(h, CURLOPT_FORBID_REUSE, 1L));
	}
	return e;
}

/* Words for a person. A text with a URL in it could hold more than words. */
static void
explain(struct transfer *t, CURLcode code)
{
	const struct http_client *c = t->client;
	struct line *line = t->line;
	char *why = t->answer->why;
	const char *words = curl_easy_strerror(code);

	log_redact(line->words);
	if (line->words[0] && !strstr(line->words, "://"))
		words = line->words;
	if (atomic_load(&c->is_aborted))
		words = "the call was ended because we stop";
	else if (t->is_too_long)
		words = "the answer is longer than we accept";
	else if (t->answer->stream_result)
		words = "the answer was not read to its end";
	(void)snprintf(why, sizeof(t->answer->why), "%.*s",
	               (int)sizeof(t->answer->why) - 1, words);
	for (; *why; why++)
		if ((unsigned char)*why < ' ')
			*why = ' ';
}

/* A date is the peer's: what is left until then goes by its own clock, where it
   told the time (RFC 9110, 10.2.3). */
static int64_t
retry_after_ms(const struct transfer *t, int64_t seconds)
{
	int64_t now = t->answer->date_ms ? t->answer->date_ms : clock_wall_ms();
	int64_t ms = t->wait_until_ms ? t->wait_until_ms - now : seconds * 1000;

	if (ms <= 0)
		return -1;
	return ms < RETRY_AFTER_MAX_S * 1000 ? ms : RETRY_AFTER_MAX_S * 1000;
}

/* What the handle knows of an answer that came whole. */
static void
take_answer(const struct transfer *t)
{
	CURL *h = t->line->easy;
	struct http_answer *answer = t->answer;
	long status = 0;
	curl_off_t retry_after_s = 0;
	const char *type = NULL;

	(void)curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(h, CURLINFO_RETRY_AFTER, &retry_after_s);
	(void)curl_easy_getinfo(h, CURLINFO_CONTENT_TYPE, &type);
	answer->status = (int)status;
	if (retry_after_s > RETRY_AFTER_MAX_S)
		retry_after_s = RETRY_AFTER_MAX_S;
	answer->retry_after_ms = retry_after_ms(t, (int64_t)retry_after_s);
	(void)snprintf(answer->content_type, sizeof(answer->content_type), "%s",
	               type ? type : "");
}

/*
 * The time that idle took is not the peer's: put both limits off by it. The one
 * on silence needs no help, because libcurl reads what has arrived meanwhile
 * before it looks at that one.
 */
static CURLcode
pardon(struct transfer *t, int64_t ms)
{
	CURL *h = t->line->easy;
	CURLcode e = CURLE_OK;

	if (ms <= 0)
		return CURLE_OK;
	t->idle_ms += ms;
	keep(&e, curl_easy_setopt(h, CURLOPT_TIMEOUT_MS,
	                          (long)(t->timeout_ms + t->idle_ms)));
	keep(&e, curl_easy_setopt(
			 h, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)(t->client->connect_timeout_ms + t->idle_ms)));
	return e;
}

/* Between two steps: are we to stop, and is it idle's turn? */
static CURLcode
pause_for_others(struct transfer *t)
{
	int64_t began = clock_mono_ms();
	CURLcode code;
	int r;

	if (atomic_load(&t->client->is_aborted))
		return CURLE_ABORTED_BY_CALLBACK;
	if (!t->idle || step_ms(t) > 0)
		return CURLE_OK;
	r = t->idle(t->idle_ctx);
	t->idled_mono_ms = clock_mono_ms();
	t->answer->stream_result = r;
	if (r)
		return CURLE_ABORTED_BY_CALLBACK;
	code = pardon(t, t->idled_mono_ms - began);
	if (code != CURLE_OK || !t->is_paused)
		return code;
	/* Hands over what was held back, and may be paused again. */
	return curl_easy_pause(t->line->easy, CURLPAUSE_CONT);
}

static CURLcode
code_of(CURLMcode m)
{
	switch ((int)m) {
	case CURLM_OK: return CURLE_OK;
	case CURLM_OUT_OF_MEMORY: return CURLE_OUT_OF_MEMORY;
	}
	return CURLE_FAILED_INIT;
}

/* What became of the one transfer of this line, which is over. */
static CURLcode
result_of(CURLM *multi)
{
	int n_left = 0;
	const CURLMsg *msg = curl_multi_info_read(multi, &n_left);

	assert(msg && msg->msg == CURLMSG_DONE);
	return msg->data.result;
}

/* Step by step until the call is over, one way or another. */
static CURLcode
drive(struct transfer *t)
{
	CURLM *multi = t->line->multi;
	CURLcode code = CURLE_OK;
	int n_running = 1;

	while (code == CURLE_OK) {
		code = code_of(curl_multi_perform(multi, &n_running));
		if (code == CURLE_OK && !n_running)
			return result_of(multi);
		if (code == CURLE_OK)
			code = pause_for_others(t);
		if (code == CURLE_OK)
			code = code_of(curl_multi_poll(multi, NULL, 0,
			                               (int)step_ms(t), NULL));
	}
	return code;
}

/* Set off, wait, and say what came of it. */
static int
perform(struct transfer *t)
{
	CURL *h = t->line->easy;
	struct http_answer *answer = t->answer;
	CURLcode code = code_of(curl_multi_add_handle(t->line->multi, h));
	long n_sent = 0;

	if (code == CURLE_OK)
		code = drive(t);
	/* Breaks the connection off when the answer is not whole. */
	(void)curl_multi_remove_handle(t->line->multi, h);
	(void)curl_easy_getinfo(h, CURLINFO_REQUEST_SIZE, &n_sent);
	answer->was_sent = n_sent > 0;
	if (code == CURLE_OUT_OF_MEMORY || answer->body.is_broken)
		return err_raise(ERR_NOMEM, "answer");
	if (code == CURLE_OK) {
		take_answer(t);
		return 0;
	}
	/* Half an answer is none. */
	buf_fini(&answer->body);
	answer->session[0] = '\0';
	explain(t, code);
	return 0;
}

static int
send_on(struct line *line, struct transfer *t)
{
	struct curl_slist *headers = NULL;
	CURLcode code;
	int r = build_headers(&headers, t->request);

	if (r)
		goto out;
	line->words[0] = '\0';
	code = set_common(t);
	if (code == CURLE_OK)
		code = set_request(t, headers);
	if (code != CURLE_OK) {
		r = err_raise(ERR_LIB, "libcurl: %s", curl_easy_strerror(code));
		goto out;
	}
	r = perform(t);
out:
	curl_easy_reset(line->easy);
	free_headers(headers);
	return r;
}

static int
send_real(struct http_client *client, const struct http_request *request,
          struct http_answer *answer)
{
	struct line *line = &client->lines[client->n_busy];
	struct transfer t = {
		.client = client,
		.line = line,
		.request = request,
		.answer = answer,
		.max = request->answer_max ? request->answer_max : ANSWER_MAX,
		.timeout_ms = request->timeout_ms ? request->timeout_ms
		                                  : client->timeout_ms,
		.idle = request->idle ? request->idle : client->idle,
		.idle_ctx =
			request->idle ? request->idle_ctx : client->idle_ctx,
		.idled_mono_ms = clock_mono_ms(),
	};
	int r = line_open(line);

	if (r)
		return r;
	client->n_busy++;
	r = send_on(line, &t);
	client->n_busy--;
	return r;
}

static int
send_fake(struct http_client *client, const struct http_request *request,
          struct http_answer *answer)
{
	int r = client->fake(client->fake_ctx, request, answer);
	bool is_good = answer->status >= 200 && answer->status < 300;

	if (r)
		return r;
	client->n_busy++;
	if (request->idle)
		answer->stream_result = request->idle(request->idle_ctx);
	client->n_busy--;
	if (answer->stream_result) {
		answer->status = 0;
	} else if (!is_good || !request->stream || answer->body.n == 0) {
		return 0;
	} else if (!feed(request, answer, answer->body.p, answer->body.n)) {
		answer->status = 0;
	}
	buf_fini(&answer->body);
	return 0;
}

/* ---- the gate ---- */

/*
 * Let a moment pass before a call, as during one. Returns false when the call
 * is not to be made any more; the answer says why.
 */
static bool
bide(struct http_client *client, const struct http_request *request,
     struct http_answer *answer, int64_t wait_ms)
{
	int (*idle)(void *) = request->idle ? request->idle : client->idle;
	void *ctx = request->idle ? request->idle_ctx : client->idle_ctx;
	int64_t until_ms = clock_mono_ms() + wait_ms;
	int64_t step;
	const char *why = NULL;

	client->n_busy++;
	for (; !why && wait_ms > 0 && clock_mono_ms() < until_ms;
	     wait_ms -= step) {
		step = wait_ms < IDLE_MS ? wait_ms : IDLE_MS;
		clock_sleep_ms(step);
		if (atomic_load(&client->is_aborted))
			why = "not called because we stop";
		else if (idle)
			answer->stream_result = idle(ctx);
		if (answer->stream_result)
			why = "given up while it waited for its turn";
	}
	client->n_busy--;
	if (why)
		(void)snprintf(answer->why, sizeof(answer->why), "%s", why);
	return !why;
}

/* As the vendor would, had it been asked. */
static void
answer_for(struct http_answer *answer, int64_t wait_ms, const char *why)
{
	answer->status = 429;
	answer->retry_after_ms = wait_ms < RETRY_AFTER_MAX_S * 1000
	                                 ? wait_ms
	                                 : RETRY_AFTER_MAX_S * 1000;
	(void)snprintf(answer->why, sizeof(answer->why), "%s", why);
	metrics_add(METRIC_calls_withheld, 1);
}

/*
 * Wait for leave to call. *is_in: it was given, and counted; else the answer is
 * there. Returns 0 or the gate's fault.
 */
static int
pass_gate(struct http_client *client, const struct http_request *request,
          struct http_answer *answer, bool *is_in)
{
	const struct http_gate *gate = client->gate;
	char why[sizeof(answer->why)];
	int64_t waited_ms = 0;
	int64_t wait_ms = 0;
	int r;

	*is_in = false;
	for (;;) {
		r = gate->enter(gate->ctx, request, &wait_ms, why, sizeof(why));
		*is_in = !r && !wait_ms;
		if (r || *is_in)
			return r;
		if (wait_ms > HTTP_GATE_WAIT_MS ||
		    waited_ms > HTTP_GATE_PATIENCE_MS) {
			answer_for(answer, wait_ms, why);
			return 0;
		}
		if (!bide(client, request, answer, wait_ms))
			return 0;
		waited_ms += wait_ms;
	}
}

static int
send_out(struct http_client *client, const struct http_request *request,
         struct http_answer *answer)
{
	int r = client->fake ? send_fake(client, request, answer)
	                     : send_real(client, request, answer);

	metrics_add(METRIC_calls_out, 1);
	if (r || answer->status == 0 || answer->status >= 500)
		metrics_add(METRIC_calls_failed, 1);
	return r;
}

static int
send_through(struct http_client *client, const struct http_request *request,
             struct http_answer *answer)
{
	const struct http_gate *gate = client->gate;
	bool is_in = false;
	int r = pass_gate(client, request, answer, &is_in);

	if (!is_in)
		return r;
	r = send_out(client, request, answer);
	gate->leave(gate->ctx, answer);
	return r;
}

int
http_client_send(struct http_client *client, const struct http_request *request,
                 struct http_answer *answer)
{
	const char *refusal = NULL;
	int r = 0;

	assert(client->n_busy < LINES);
	*answer = (struct http_answer){ .retry_after_ms = -1 };
	for (size_t i = 0; i < request->n_headers; i++)
		if (is_split(&request->headers[i]))
			refusal = "a header would hold a line break";
	if (atomic_load(&client->is_aborted))
		refusal = "not called because we stop";
	if (refusal)
		(void)snprintf(answer->why, sizeof(answer->why), "%s", refusal);
	else if (client->gate)
		r = send_through(client, request, answer);
	else
		r = send_out(client, request, answer);
	return err_pass(r);
}
