#ifndef TESTS_FAKE_HTTP_H
#define TESTS_FAKE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/ports/http.h"

/*
 * The network of an adapter's test: answers in the order they were scripted,
 * and remembers what was asked. One thread.
 */
struct fake_http;

/* One answer; zeroed members are absent. Texts are copied. */
struct fake_answer {
	int status;             /* 0: no answer */
	const char *body;       /* NULL: empty */
	size_t n_body;          /* 0: up to the NUL */
	const char *type;       /* NULL: application/json */
	const char *session;    /* the watched cookie's value */
	const char *why;        /* of status 0 */
	bool was_sent;          /* of status 0; otherwise always true */
	int64_t retry_after_ms; /* 0: absent */
	int64_t date_ms;        /* 0: absent */
	bool has_link;          /* a Link header … */
	bool has_next;          /* … that names a next page */
	int fault;              /* returned by the call; 0: none */
};

/* What was asked; owned by the fake. */
struct fake_request {
	char *method;
	char *url;
	char *body;    /* NUL-terminated; NULL when there was none */
	char *headers; /* "Name: value\n" each */
	bool is_unrepeatable;
	int64_t timeout_ms;
};

/* Both end the test program when there is no memory. free accepts NULL. */
struct fake_http *fake_http_new(void);
void fake_http_free(struct fake_http *f);

/* Its client, for struct adapter_env. Borrowed. */
struct http_client *fake_http_client(struct fake_http *f);

/* Add an answer to the script; behind its end calls get no answer at all. */
void fake_http_push(struct fake_http *f, const struct fake_answer *answer);
void fake_http_say(struct fake_http *f, int status, const char *body);

/* What was asked so far. at: i < count, borrowed. */
size_t fake_http_count(const struct fake_http *f);
const struct fake_request *fake_http_at(const struct fake_http *f, size_t i);

/* Answers that nobody asked for yet. */
size_t fake_http_left(const struct fake_http *f);

/* True when the request has this header with exactly this value. */
bool fake_http_has_header(const struct fake_request *request, const char *name,
                          const char *value);

/* Forget requests and answers. */
void fake_http_reset(struct fake_http *f);

#endif
