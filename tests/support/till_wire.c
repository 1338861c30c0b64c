/* Between an adapter and a simulated till; see till_wire.h. */
#include "tests/support/till_wire.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
till_wire_fini(struct till_wire *w)
{
	buf_fini(&w->log);
	buf_fini(&w->sent);
}

/* As it stands in the log. */
static const char *
behind_root(const struct till_wire *w, const char *url)
{
	size_t n = strlen(w->root);

	return strncmp(url, w->root, n) == 0 ? url + n : url;
}

void
till_wire_note(struct till_wire *w, const struct http_request *q)
{
	buf_addf(&w->log, "%s %s\n", q->method, behind_root(w, q->url));
	buf_reset(&w->sent);
	buf_add(&w->sent, q->body != NULL ? q->body : "", q->n_body);
}

/* What the client makes of a Link header. */
static void
read_link(struct http_answer *answer, const char *headers)
{
	const char *link = strstr(headers, "Link: ");

	answer->has_link = link != NULL;
	answer->has_next = link != NULL && strstr(link, "rel=\"next\"") != NULL;
}

void
till_wire_answer(struct till_wire *w, const struct http_request *q,
                 struct http_answer *answer)
{
	struct http_header headers[HTTP_HEADERS_MAX + 1];
	size_t n_host = strlen(w->host);
	const char *target = q->url + n_host;
	const char *query = strchr(target, '?');
	char *path = text_ndup(target, strcspn(target, "?"));
	struct http_call call = { .method = q->method,
		                  .path = path,
		                  .query = query != NULL ? query + 1 : "",
		                  .headers = headers,
		                  .n_headers = q->n_headers,
		                  .body = q->body != NULL ? q->body : "",
		                  .n_body = q->n_body };
	struct server_reply reply = { .status = 0 };

	/* whatever a link says: nowhere else */
	assert(strncmp(q->url, w->host, n_host) == 0 && path != NULL);
	memcpy(headers, q->headers, q->n_headers * sizeof(*headers));
	if (w->more.name != NULL)
		headers[call.n_headers++] = w->more;
	w->serve(w->till, &call, &reply);
	answer->status = reply.status;
	answer->was_sent = true;
	answer->retry_after_ms = -1;
	answer->date_ms = w->date_ms;
	buf_add(&answer->body, buf_text(&reply.body), reply.body.n);
	read_link(answer, buf_text(&reply.headers));
	server_reply_fini(&reply);
	free(path);
}

void
till_wire_lose(const struct till_wire *w, struct http_answer *answer)
{
	buf_reset(&answer->body);
	answer->status = w->trouble == FAILED ? 500 : 0;
	answer->was_sent = w->trouble != REFUSED;
	snprintf(answer->why, sizeof(answer->why), "timed out");
}

int
till_wire_call(struct till_wire *w, const struct http_request *q,
               struct http_answer *answer)
{
	bool is_bad = ++w->n_calls == w->bad_call;

	till_wire_note(w, q);
	if (!is_bad || w->trouble == LOST)
		till_wire_answer(w, q, answer);
	if (is_bad) {
		snprintf(w->bad, sizeof(w->bad), "%s %s", q->method,
		         behind_root(w, q->url));
		till_wire_lose(w, answer);
	}
	return 0;
}

void
till_wire_begin(struct till_wire *w)
{
	buf_reset(&w->log);
	w->n_calls = 0;
}

size_t
till_wire_times(const struct till_wire *w, const char *piece)
{
	const char *at = buf_text(&w->log);
	size_t n = 0;

	for (; (at = strstr(at, piece)) != NULL; at++)
		n++;
	return n;
}
