/*
 * The network of an adapter's test.
 *
 * Not a simulator: it knows no vendor and keeps no state but its script. Out
 * of memory ends the program, as no test can go on without its script.
 */
#include "tests/support/fake_http.h"

#include "gateway/base/buf.h"
#include "gateway/drivers/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scripted {
	struct fake_answer answer; /* its texts are ours */
	char *body;
	char *type;
	char *session;
	char *why;
};

struct fake_http {
	struct http_client *client;
	struct scripted *script;
	size_t n_script;
	size_t next;
	struct fake_request *requests;
	size_t n_requests;
};

static void *
need(void *p)
{
	if (!p) {
		(void)fputs("fake_http: no memory\n", stderr);
		abort();
	}
	return p;
}

static void *
grow(void *array, size_t n, size_t size)
{
	return need(realloc(array, (n + 1) * size));
}

static void
record(struct fake_http *f, const struct http_request *q)
{
	struct fake_request *r;
	struct buf headers = BUF_INIT;

	f->requests = grow(f->requests, f->n_requests, sizeof(*f->requests));
	r = &f->requests[f->n_requests++];
	for (size_t i = 0; i < q->n_headers; i++)
		buf_addf(&headers, "%s: %s\n", q->headers[i].name,
		         q->headers[i].value);
	*r = (struct fake_request){
		.method = need(text_dup(q->method)),
		.url = need(text_dup(q->url)),
		.body = q->body ? need(text_ndup(q->body, q->n_body)) : NULL,
		.headers = need(buf_steal(&headers)),
		.is_unrepeatable = q->is_unrepeatable,
		.timeout_ms = q->timeout_ms,
	};
}

static void
fill(struct http_answer *out, const struct scripted *s)
{
	const struct fake_answer *a = &s->answer;

	out->status = a->status;
	out->was_sent = a->status ? true : a->was_sent;
	out->date_ms = a->date_ms;
	out->has_link = a->has_link;
	out->has_next = a->has_next;
	out->retry_after_ms = a->retry_after_ms ? a->retry_after_ms : -1;
	buf_add(&out->body, s->body, a->n_body);
	(void)snprintf(out->content_type, sizeof(out->content_type), "%s",
	               s->type);
	(void)snprintf(out->session, sizeof(out->session), "%s", s->session);
	(void)snprintf(out->why, sizeof(out->why), "%s", s->why);
}

static int
answer_next(void *ctx, const struct http_request *request,
            struct http_answer *answer)
{
	struct fake_http *f = ctx;

	record(f, request);
	if (f->next < f->n_script) {
		fill(answer, &f->script[f->next]);
		return f->script[f->next++].answer.fault;
	}
	(void)snprintf(answer->why, sizeof(answer->why),
	               "the script has no answer left");
	return 0;
}

struct fake_http *
fake_http_new(void)
{
	struct fake_http *f = need(calloc(1, sizeof(*f)));

	if (http_client_new_fake(&f->client, answer_next, f))
		need(NULL);
	return f;
}

struct http_client *
fake_http_client(struct fake_http *f)
{
	return f->client;
}

void
fake_http_push(struct fake_http *f, const struct fake_answer *answer)
{
	const char *body = answer->body ? answer->body : "";
	size_t n = answer->n_body ? answer->n_body : strlen(body);
	struct scripted s = { .answer = *answer };

	s.answer.n_body = n;
	s.body = need(malloc(n + 1));
	memcpy(s.body, body, n);
	s.type = need(
		text_dup(answer->type ? answer->type : "application/json"));
	s.session = need(text_dup(answer->session ? answer->session : ""));
	s.why = need(text_dup(answer->why ? answer->why : ""));
	f->script = grow(f->script, f->n_script, sizeof(*f->script));
	f->script[f->n_script++] = s;
}

void
fake_http_say(struct fake_http *f, int status, const char *body)
{
	fake_http_push(f,
	               &(struct fake_answer){ .status = status, .body = body });
}

size_t
fake_http_count(const struct fake_http *f)
{
	return f->n_requests;
}

const struct fake_request *
fake_http_at(const struct fake_http *f, size_t i)
{
	if (i >= f->n_requests) {
		(void)fprintf(stderr, "fake_http: only %zu requests\n",
		              f->n_requests);
		abort();
	}
	return &f->requests[i];
}

size_t
fake_http_left(const struct fake_http *f)
{
	return f->n_script - f->next;
}

bool
fake_http_has_header(const struct fake_request *request, const char *name,
                     const char *value)
{
	char *line = need(text_format("%s: %s\n", name, value));
	const char *at = strstr(request->headers, line);
	bool has = at && (at == request->headers || at[-1] == '\n');

	free(line);
	return has;
}

void
fake_http_reset(struct fake_http *f)
{
	for (size_t i = 0; i < f->n_script; i++) {
		free(f->script[i].body);
		free(f->script[i].type);
		free(f->script[i].session);
		free(f->script[i].why);
	}
	for (size_t i = 0; i < f->n_requests; i++) {
		free(f->requests[i].method);
		free(f->requests[i].url);
		free(f->requests[i].body);
		free(f->requests[i].headers);
	}
	free(f->script);
	free(f->requests);
	*f = (struct fake_http){ .client = f->client };
}

void
fake_http_free(struct fake_http *f)
{
	if (!f)
		return;
	fake_http_reset(f);
	http_client_free(f->client);
	free(f);
}
