/*
 * http_client against a server of a few lines on loopback, which answers by
 * script and does to connections what real ones suffer.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/drivers/http_client.h"

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/model/metrics.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
#define OK      OK_HEAD "\r\nhi"

enum { STEPS_MAX = 8, SEEN_MAX = 65536 };

/* What happens to one request. */
struct step {
	const char *reply; /* NULL: none */
	bool is_closing;   /* the connection ends behind it */
	bool is_silent;    /* nothing more until the client gives up */
	const char *more;  /* after a pause; NULL: no pause, no more */
	int pause_ms;
};

struct server {
	int listener;
	int stop[2]; /* a byte here ends the thread */
	int port;
	pthread_t thread;
	SSL_CTX *tls; /* NULL: plain */
	struct step steps[STEPS_MAX];
	size_t n_steps;

	pthread_mutex_t lock; /* guards what follows */
	char seen[SEEN_MAX];  /* every request's bytes */
	size_t n_seen;
	unsigned n_connections;
	unsigned n_requests;
};

/* ---- the server's thread: no asserts here ---- */

/* One connection, perhaps under TLS. */
struct link {
	int fd;
	SSL *tls;
};

/* Bytes or a caller at fd. False: stop, or somebody new calls at `other`. */
static bool
wait_for(struct server *s, int fd, int other)
{
	struct pollfd fds[3] = { { .fd = fd, .events = POLLIN },
		                 { .fd = s->stop[0], .events = POLLIN },
		                 { .fd = other, .events = POLLIN } };

	return poll(fds, 3, -1) > 0 && !fds[1].revents && fds[0].revents;
}

static ssize_t
link_read(struct server *s, struct link *l, char *p, size_t n)
{
	if (l->tls)
		return SSL_read(l->tls, p, (int)n);
	return wait_for(s, l->fd, s->listener) ? recv(l->fd, p, n, 0) : -1;
}

static void
link_write(struct link *l, const char *p, size_t n)
{
	if (l->tls)
		(void)SSL_write(l->tls, p, (int)n);
	else
		(void)!send(l->fd, p, n, MSG_NOSIGNAL);
}

/* Bytes a request still lacks; -1: its header is not there yet. */
static long
missing(const char *request, size_t n)
{
	const char *end = strstr(request, "\r\n\r\n");
	const char *length = strstr(request, "Content-Length: ");
	long want = length && length < end ? atol(length + 16) : 0;

	if (!end)
		return -1;
	return want - (long)(n - (size_t)(end + 4 - request));
}

/* Read one request; false at the end of the connection. */
static bool
read_request(struct server *s, struct link *l)
{
	char request[8192] = "";
	size_t n = 0;
	ssize_t got;

	while (missing(request, n) != 0) {
		got = link_read(s, l, request + n, sizeof(request) - 1 - n);
		if (got <= 0)
			return false;
		n += (size_t)got;
		request[n] = '\0';
	}
	(void)pthread_mutex_lock(&s->lock);
	if (s->n_seen + n < sizeof(s->seen)) {
		memcpy(s->seen + s->n_seen, request, n + 1);
		s->n_seen += n;
	}
	s->n_requests++;
	(void)pthread_mutex_unlock(&s->lock);
	return true;
}

/* The step of the request just read; the last one repeats. */
static const struct step *
step_of(struct server *s)
{
	size_t i;

	(void)pthread_mutex_lock(&s->lock);
	i = s->n_requests - 1;
	(void)pthread_mutex_unlock(&s->lock);
	return &s->steps[i < s->n_steps ? i : s->n_steps - 1];
}

static void
serve(struct server *s, struct link *l)
{
	const struct step *step;
	char rest[64];

	while (read_request(s, l)) {
		step = step_of(s);
		if (step->reply)
			link_write(l, step->reply, strlen(step->reply));
		if (step->more) {
			clock_sleep_ms(step->pause_ms);
			link_write(l, step->more, strlen(step->more));
		}
		if (step->is_silent)
			while (link_read(s, l, rest, sizeof(rest)) > 0)
				;
		if (step->is_closing || step->is_silent)
			return;
	}
}

static void *
run(void *ctx)
{
	struct server *s = ctx;

	while (wait_for(s, s->listener, -1)) {
		struct link l = { .fd = accept(s->listener, NULL, NULL) };

		if (l.fd < 0)
			continue;
		(void)pthread_mutex_lock(&s->lock);
		s->n_connections++;
		(void)pthread_mutex_unlock(&s->lock);
		l.tls = s->tls ? SSL_new(s->tls) : NULL;
		if (!l.tls ||
		    (SSL_set_fd(l.tls, l.fd) == 1 && SSL_accept(l.tls) == 1))
			serve(s, &l);
		SSL_free(l.tls);
		(void)close(l.fd);
	}
	return NULL;
}

/* ---- starting and stopping it ---- */

static struct server *
server_start(const struct step *steps, size_t n, SSL_CTX *tls)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct server *s = calloc(1, sizeof(*s));
	socklen_t size = sizeof(address);

	assert_non_null(s);
	assert_true(n <= STEPS_MAX);
	memcpy(s->steps, steps, n * sizeof(*steps));
	s->n_steps = n;
	s->tls = tls;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(pthread_mutex_init(&s->lock, NULL), 0);
	assert_int_equal(pipe(s->stop), 0);
	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(s->listener >= 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&address, size),
	                 0);
	assert_int_equal(
		getsockname(s->listener, (struct sockaddr *)&address, &size),
		0);
	assert_int_equal(listen(s->listener, 8), 0);
	s->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
	return s;
}

static void
server_stop(struct server *s)
{
	assert_int_equal(write(s->stop[1], "x", 1), 1);
	assert_int_equal(pthread_join(s->thread, NULL), 0);
	(void)close(s->listener);
	(void)close(s->stop[0]);
	(void)close(s->stop[1]);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

static unsigned
requests(struct server *s)
{
	unsigned n;

	(void)pthread_mutex_lock(&s->lock);
	n = s->n_requests;
	(void)pthread_mutex_unlock(&s->lock);
	return n;
}

static unsigned
connections(struct server *s)
{
	unsigned n;

	(void)pthread_mutex_lock(&s->lock);
	n = s->n_connections;
	(void)pthread_mutex_unlock(&s->lock);
	return n;
}

static bool
saw(struct server *s, const char *text)
{
	bool has;

	(void)pthread_mutex_lock(&s->lock);
	has = strstr(s->seen, text) != NULL;
	(void)pthread_mutex_unlock(&s->lock);
	return has;
}

/* One server, one client, one URL. */
struct bench {
	struct server *server;
	struct http_client *client;
	char url[64];
};

static void
bench_open(struct bench *b, const struct step *steps, size_t n)
{
	const struct http_client_options options = { .may_http = true,
		                                     .timeout_ms = 3000 };

	b->server = server_start(steps, n, NULL);
	assert_int_equal(http_client_new(&b->client, &options), 0);
	(void)snprintf(b->url, sizeof(b->url), "http://127.0.0.1:%d/a",
	               b->server->port);
}

static void
bench_close(struct bench *b)
{
	http_client_free(b->client);
	server_stop(b->server);
}

/* GET, or POST when there is a body; the answer is the caller's. */
static struct http_answer
ask(struct bench *b, const char *body)
{
	struct http_request q = { .method = body ? "POST" : "GET",
		                  .url = b->url,
		                  .body = body,
		                  .n_body = body ? strlen(body) : 0 };
	struct http_answer a;

	assert_int_equal(http_client_send(b->client, &q, &a), 0);
	return a;
}

/* ---- the tests ---- */

static void
test_http_client__gives_status_type_body_date_and_wait(void **state)
{
	const struct step steps[] = {
		{ .reply = "HTTP/1.1 429 Slow\r\nContent-Type: text/plain\r\n"
		           "Date: Fri, 20 Nov 2026 09:14:07 "
		           "GMT\r\nRetry-After: 7\r\n"
		           "Content-Length: 5\r\n\r\nhello" }
	};
	struct bench b;
	struct http_answer a;
	int64_t want;

	(void)state;
	bench_open(&b, steps, 1);
	a = ask(&b, NULL);
	assert_int_equal(a.status, 429);
	assert_string_equal(a.content_type, "text/plain");
	assert_string_equal(buf_text(&a.body), "hello");
	assert_int_equal(clock_parse(&want, "2026-11-20T09:14:07Z", 0), 0);
	assert_int_equal(a.date_ms, want);
	assert_int_equal(a.retry_after_ms, 7000);
	assert_true(a.was_sent);
	http_answer_fini(&a);
	bench_close(&b);
}

/* The address in it is nobody's to follow, so only that there is one counts. */
static void
test_http_client__knows_whether_there_is_a_next_page(void **state)
{
	const struct step steps[] = {
		{ .reply = "HTTP/1.1 200 OK\r\nlink: <http://x/?p=1>; "
		           "rel=\"start\", <http://x/?p=2>; rel=\"next\"\r\n"
		           "Content-Length: 0\r\n\r\n" },
		{ .reply = "HTTP/1.1 200 OK\r\nLink: <http://x/next>; "
		           "rel=\"last\"\r\nContent-Length: 0\r\n\r\n" },
		{ .reply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
	};
	struct bench b;

	(void)state;
	bench_open(&b, steps, 3);
	for (int i = 0; i < 3; i++) {
		struct http_answer a = ask(&b, NULL);

		assert_int_equal(a.status, 200);
		assert_int_equal(a.has_link, i < 2);
		assert_int_equal(a.has_next, i == 0);
		http_answer_fini(&a);
	}
	bench_close(&b);
}

static void
test_http_client__waits_an_hour_at_most_and_knows_no_wait(void **state)
{
	const struct step steps[] = {
		{ .reply = "HTTP/1.1 503 No\r\nRetry-After: 999999\r\n"
		           "Content-Length: 0\r\n\r\n" },
		{ .reply = OK },
	};
	struct bench b;
	struct http_answer a;

	(void)state;
	bench_open(&b, steps, 2);
	a = ask(&b, NULL);
	assert_int_equal(a.retry_after_ms, 3600000);
	http_answer_fini(&a);
	a = ask(&b, NULL);
	assert_int_equal(a.retry_after_ms, -1);
	http_answer_fini(&a);
	bench_close(&b);
}

/* Each form of RFC 9110, section 5.6.7, by a clock that is not ours. */
static void
test_http_client__reads_a_wait_as_a_date_by_the_vendors_clock(void **state)
{
#define DATED(after, date) \
	"HTTP/1.1 429 Slow\r\nRetry-After: " after "\r\nDate: " date \
	"\r\nContent-Length: 0\r\n\r\n"
#define AT_NOON "Fri, 05 Jan 2024 12:00:00 GMT"
	static const struct {
		const char *reply;
		int64_t wait_ms;
	} rows[] = {
		{ DATED("Fri, 05 Jan 2024 12:04:10 GMT", AT_NOON), 250000 },
		{ DATED("Friday, 05-Jan-24 12:04:10 GMT", AT_NOON), 250000 },
		{ DATED("Fri Jan  5 12:04:10 2024", AT_NOON), 250000 },
		{ DATED("Fri, 05 Jan 2024 11:59:59 GMT", AT_NOON), -1 },
		{ DATED("Sat, 06 Jan 2024 12:00:00 GMT", AT_NOON), 3600000 },
		{ DATED("90", AT_NOON), 90000 },
		{ DATED("soon", AT_NOON), -1 },
		{ DATED("-5", AT_NOON), -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct step step = { .reply = rows[i].reply };
		struct bench b;
		struct http_answer a;

		bench_open(&b, &step, 1);
		a = ask(&b, NULL);
		assert_int_equal(a.retry_after_ms, rows[i].wait_ms);
		http_answer_fini(&a);
		bench_close(&b);
	}
#undef DATED
#undef AT_NOON
}

/* Without a Date it can only be ours. */
static void
test_http_client__reads_a_wait_as_a_date_by_our_clock_else(void **state)
{
	char reply[200];
	char date[64];
	time_t then = time(NULL) + 300;
	struct tm tm;
	const struct step step = { .reply = reply };
	struct bench b;
	struct http_answer a;

	(void)state;
	(void)gmtime_r(&then, &tm);
	(void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	(void)snprintf(reply, sizeof(reply),
	               "HTTP/1.1 429 Slow\r\nRetry-After: %s\r\n"
	               "Content-Length: 0\r\n\r\n",
	               date);
	bench_open(&b, &step, 1);
	a = ask(&b, NULL);
	assert_in_range(a.retry_after_ms, 250000, 300000);
	http_answer_fini(&a);
	bench_close(&b);
}

/* ---- the gate ---- */

struct warden {
	int64_t waits[4]; /* one after the other, then 0 */
	size_t n_asked;
	size_t n_left;
	struct buf headers;
};

static int
warden_enter(void *ctx, const struct http_request *request, int64_t *wait_ms,
             char *why, size_t size)
{
	struct warden *d = ctx;

	(void)request;
	*wait_ms = d->n_asked < 4 ? d->waits[d->n_asked] : 0;
	d->n_asked++;
	(void)snprintf(why, size, "our own limit: as told");
	return 0;
}

static void
warden_header(void *ctx, const char *name, const char *value)
{
	struct warden *d = ctx;

	buf_addf(&d->headers, "%s=%s;", name, value);
}

static void
warden_leave(void *ctx, struct http_answer *answer)
{
	struct warden *d = ctx;

	d->n_left++;
	if (answer->status == 429 && answer->retry_after_ms < 0)
		answer->retry_after_ms = 77;
}

static struct http_gate
gate_of(struct warden *d)
{
	return (struct http_gate){ d, warden_enter, warden_header,
		                   warden_leave };
}

static void
test_http_client__tells_its_gate_every_header_and_the_end(void **state)
{
	const struct step steps[] = {
		{ .reply = "HTTP/1.1 429 Slow\r\nX-LS-API-Bucket-Level:1/90\r\n"
		           "x-ratelimit-remaining:  5 \r\n"
		           "Content-Length: 0\r\n\r\n" },
	};
	struct warden d = { .n_asked = 0 };
	const struct http_gate gate = gate_of(&d);
	struct bench b;
	struct http_answer a;

	(void)state;
	bench_open(&b, steps, 1);
	http_client_set_gate(b.client, &gate);
	a = ask(&b, NULL);
	assert_non_null(
		strstr(buf_text(&d.headers), "X-LS-API-Bucket-Level=1/90;"));
	assert_non_null(
		strstr(buf_text(&d.headers), "x-ratelimit-remaining=5 ;"));
	assert_int_equal(d.n_left, 1);
	assert_int_equal(a.retry_after_ms, 77);
	http_answer_fini(&a);
	buf_fini(&d.headers);
	bench_close(&b);
}

static void
test_http_client__a_call_that_may_not_go_yet_waits(void **state)
{
	const struct step steps[] = { { .reply = OK } };
	struct warden d = { .waits = { 120, 40 } };
	const struct http_gate gate = gate_of(&d);
	int64_t began = clock_mono_ms();
	struct bench b;
	struct http_answer a;

	(void)state;
	bench_open(&b, steps, 1);
	http_client_set_gate(b.client, &gate);
	a = ask(&b, NULL);
	assert_int_equal(a.status, 200);
	assert_int_equal(d.n_asked, 3);
	assert_true(clock_mono_ms() - began >= 160);
	http_answer_fini(&a);
	buf_fini(&d.headers);
	bench_close(&b);
}

static void
test_http_client__a_call_that_may_not_go_for_long_is_answered_here(void **state)
{
	const struct step steps[] = { { .reply = OK } };
	struct warden d = { .waits = { HTTP_GATE_WAIT_MS + 1,
		                       INT64_C(20) * 86400000 } };
	const struct http_gate gate = gate_of(&d);
	int64_t out = metrics_get(METRIC_calls_out);
	int64_t withheld = metrics_get(METRIC_calls_withheld);
	struct bench b;
	struct http_answer a;

	(void)state;
	bench_open(&b, steps, 1);
	http_client_set_gate(b.client, &gate);
	for (int i = 0; i < 2; i++) {
		a = ask(&b, NULL);
		assert_int_equal(a.status, 429);
		assert_false(a.was_sent);
		assert_int_equal(a.retry_after_ms,
		                 i ? 3600000 : HTTP_GATE_WAIT_MS + 1);
		assert_string_equal(a.why, "our own limit: as told");
		http_answer_fini(&a);
	}
	assert_int_equal(requests(b.server), 0);
	assert_int_equal(d.n_left, 0);
	assert_int_equal(metrics_get(METRIC_calls_out) - out, 0);
	assert_int_equal(metrics_get(METRIC_calls_withheld) - withheld, 2);
	buf_fini(&d.headers);
	bench_close(&b);
}

static void
test_http_client__collects_the_watched_cookie_only(void **state)
{
	const struct step steps[] = {
		{ .reply = OK_HEAD "Set-Cookie: other=1; Path=/\r\n"
		                   "Set-Cookie: ss-id=s3ss10n; HttpOnly\r\n"
		                   "Set-Cookie: ss-idx=2\r\n\r\nhi" }
	};
	struct bench b;
	struct http_answer a;

	(void)state;
	bench_open(&b, steps, 1);
	a = ask(&b, NULL);
	assert_string_equal(a.session, "");
	http_answer_fini(&a);
	http_client_watch_cookie(b.client, "ss-id");
	a = ask(&b, NULL);
	assert_string_equal(a.session, "s3ss10n");
	http_answer_fini(&a);
	assert_false(saw(b.server, "Cookie:")); /* sending it is not our job */
	bench_close(&b);
}

/* Where nobody knows which one is the session, all of them are. */
static void
test_http_client__collects_every_cookie_into_a_jar(void **state)
{
	const struct step steps[] = {
		{ .reply = OK_HEAD "Set-Cookie: a=1; Path=/; HttpOnly\r\n"
		                   "set-cookie: sid=x=y==\r\n"
		                   "Set-Cookie: nonsense; Path=/\r\n"
		                   "Set-Cookie: a=2\r\n\r\nhi" },
		{ .reply = OK },
	};
	struct bench b;
	struct http_answer a;

	(void)state;
	bench_open(&b, steps, 2);
	http_client_watch_cookie(b.client, HTTP_EVERY_COOKIE);
	a = ask(&b, NULL);
	assert_string_equal(a.session, "sid=x=y==; a=2");
	http_answer_fini(&a);
	a = ask(&b, NULL);
	assert_string_equal(a.session, "");
	http_answer_fini(&a);
	bench_close(&b);
}

static void
test_http_client__sends_the_callers_headers_and_few_others(void **state)
{
	const struct step steps[] = { { .reply = OK } };
	struct bench b;
	struct http_answer a;
	struct http_request q = { .method = "PUT", .body = "{}", .n_body = 2 };

	(void)state;
	bench_open(&b, steps, 1);
	q.url = b.url;
	q.headers[q.n_headers++] = (struct http_header){ "X-One", "1 and a" };
	assert_int_equal(http_client_send(b.client, &q, &a), 0);
	assert_int_equal(a.status, 200);
	assert_true(saw(b.server, "PUT /a HTTP/1.1\r\n"));
	assert_true(saw(b.server, "\r\nX-One: 1 and a\r\n"));
	assert_true(saw(b.server, "\r\nUser-Agent: tillbridge\r\n"));
	assert_true(saw(b.server, "\r\n\r\n{}"));
	assert_false(saw(b.server, "Content-Type:"));
	assert_false(saw(b.server, "Expect:"));
	http_answer_fini(&a);
	bench_close(&b);
}

static void
test_http_client__sends_a_post_without_a_body_as_such(void **state)
{
	const struct step steps[] = { { .reply = OK } };
	struct bench b;
	struct http_answer a;
	struct http_request q = { .method = "POST" };

	(void)state;
	bench_open(&b, steps, 1);
	q.url = b.url;
	assert_int_equal(http_client_send(b.client, &q, &a), 0);
	assert_int_equal(a.status, 200);
	assert_true(saw(b.server, "POST /a HTTP/1.1\r\n"));
	assert_true(saw(b.server, "\r\nContent-Length: 0\r\n"));
	http_answer_fini(&a);
	bench_close(&b);
}

static void
test_http_client__refuses_a_header_with_a_line_break(void **state)
{
	const struct step steps[] = { { .reply = OK } };
	struct bench b;
	struct http_answer a;
	struct http_request q = { .method = "GET" };

	(void)state;
	bench_open(&b, steps, 1);
	q.url = b.url;
	q.headers[q.n_headers++] = (struct http_header){ "X", "1\r\nY: 2" };
	assert_int_equal(http_client_send(b.client, &q, &a), 0);
	assert_int_equal(a.status, 0);
	assert_false(a.was_sent);
	assert_int_equal(requests(b.server), 0);
	http_answer_fini(&a);
	bench_close(&b);
}

static void
test_http_client__does_not_follow_a_redirect(void **state)
{
	const struct step steps[] = {
		{ .reply = "HTTP/1.1 301 Moved\r\nLocation: /b\r\n"
		           "Content-Length: 0\r\n\r\n" }
	};
	struct bench b;
	struct http_answer a;

	(void)state;
	bench_open(&b, steps, 1);
	a = ask(&b, "x");
	assert_int_equal(a.status, 301);
	assert_int_equal(requests(b.server), 1);
	http_answer_fini(&a);
	bench_close(&b);
}

static void
test_http_client__keeps_its_connection_between_calls(void **state)
{
	const struct step steps[] = { { .reply = OK } };
	struct bench b;
	struct http_answer a;

	(void)state;
	bench_open(&b, steps, 1);
	for (int i = 0; i < 3; i++) {
		a = ask(&b, NULL);
		assert_int_equal(a.status, 200);
		http_answer_fini(&a);
	}
	assert_int_equal(connections(b.server), 1);
	bench_close(&b);
}

/* Requests that reach a server which loses the answer on a kept connection. */
static unsigned
arrivals(bool is_unrepeatable, struct http_answer *a)
{
	const struct step steps[] = {
		{ .reply = OK },
		{ .is_closing = true }, /* the work done, the answer lost */
		{ .reply = OK },
	};
	struct bench b;
	struct http_request q = { .method = "POST",
		                  .body = "once",
		                  .n_body = 4,
		                  .is_unrepeatable = is_unrepeatable };
	unsigned n;

	bench_open(&b, steps, 3);
	*a = ask(&b, NULL);
	http_answer_fini(a);
	q.url = b.url;
	assert_int_equal(http_client_send(b.client, &q, a), 0);
	n = requests(b.server) - 1;
	http_answer_fini(a);
	bench_close(&b);
	return n;
}

/*
 * libcurl itself sends again when a kept connection dies without a byte
 * (platform.md L6); what must not arrive twice gets a new one (L9).
 */
static void
test_http_client__never_sends_an_unrepeatable_request_twice(void **state)
{
	struct http_answer a;

	(void)state;
	assert_int_equal(arrivals(false, &a), 2);
	assert_int_equal(a.status, 200);
	assert_int_equal(arrivals(true, &a), 1);
	assert_int_equal(a.status, 0);
	assert_true(a.was_sent);
}

static void
test_http_client__opens_a_connection_for_an_unrepeatable_request(void **state)
{
	const struct step steps[] = { { .reply = OK } };
	struct bench b;
	struct http_answer a;
	struct http_request q = { .method = "POST", .is_unrepeatable = true };

	(void)state;
	bench_open(&b, steps, 1);
	q.url = b.url;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(http_client_send(b.client, &q, &a), 0);
		assert_int_equal(a.status, 200);
		http_answer_fini(&a);
	}
	assert_int_equal(connections(b.server), 2);
	bench_close(&b);
}

static void
test_http_client__says_not_sent_when_nobody_listens(void **state)
{
	const struct step steps[] = { { .reply = OK } };
	struct bench b;
	struct http_answer a;

	(void)state;
	bench_open(&b, steps, 1);
	server_stop(b.server);
	a = ask(&b, "x");
	assert_int_equal(a.status, 0);
	assert_false(a.was_sent);
	assert_true(a.why[0] != '\0');
	http_answer_fini(&a);
	http_client_free(b.client);
}

static void
test_http_client__says_sent_when_the_answer_does_not_come(void **state)
{
	const struct step steps[] = { { .is_silent = true },
		                      { .is_closing = true } };
	struct bench b;
	struct http_answer a;
	struct http_request q = {
		.method = "POST", .body = "x", .n_body = 1, .timeout_ms = 200
	};

	(void)state;
	bench_open(&b, steps, 2);
	q.url = b.url;
	assert_int_equal(http_client_send(b.client, &q, &a), 0);
	assert_int_equal(a.status, 0);
	assert_true(a.was_sent);
	http_answer_fini(&a);
	a = ask(&b, "x");
	assert_int_equal(a.status, 0);
	assert_true(a.was_sent);
	http_answer_fini(&a);
	bench_close(&b);
}

static void
test_http_client__takes_half_an_answer_for_none(void **state)
{
	const struct step steps[] = { { .reply = "HTTP/1.1 200 OK\r\n"
		                                 "Content-Length: 9\r\n"
		                                 "\r\n[1,2",
		                        .is_closing = true } };
	struct bench b;
	struct http_answer a;

	(void)state;
	bench_open(&b, steps, 1);
	a = ask(&b, NULL);
	assert_int_equal(a.status, 0);
	assert_int_equal(a.body.n, 0);
	assert_true(a.was_sent);
	http_answer_fini(&a);
	bench_close(&b);
}

/* The length is not announced, so that only counting can tell (L4). */
static void
test_http_client__stops_an_answer_that_is_too_long(void **state)
{
	const struct step steps[] = {
		{ .reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
		           "\r\n6\r\nsix by\r\n5\r\ntes..\r\n0\r\n\r\n" },
	};
	struct bench b;
	struct http_answer a;
	struct http_request q = { .method = "GET", .answer_max = 10 };

	(void)state;
	bench_open(&b, steps, 1);
	q.url = b.url;
	assert_int_equal(http_client_send(b.client, &q, &a), 0);
	assert_int_equal(a.status, 0);
	assert_non_null(strstr(a.why, "longer"));
	assert_int_equal(a.body.n, 0);
	http_answer_fini(&a);
	q.answer_max = 11;
	assert_int_equal(http_client_send(b.client, &q, &a), 0);
	assert_int_equal(a.status, 200);
	assert_string_equal(buf_text(&a.body), "six bytes..");
	http_answer_fini(&a);
	bench_close(&b);
}

static int
take_piece(void *ctx, const char *p, size_t n)
{
	struct buf *b = ctx;

	buf_add(b, p, n);
	return b->n > 3 ? -7 : 0;
}

static void
test_http_client__streams_good_bodies_and_keeps_bad_ones(void **state)
{
	const struct step steps[] = {
		{ .reply = OK },
		{ .reply = "HTTP/1.1 500 Oh\r\nContent-Length: 3\r\n\r\nbad" },
		{ .reply = OK },
	};
	struct bench b;
	struct buf got = BUF_INIT;
	struct http_answer a;
	struct http_request q = { .method = "GET",
		                  .stream = take_piece,
		                  .stream_ctx = &got };

	(void)state;
	bench_open(&b, steps, 3);
	q.url = b.url;
	assert_int_equal(http_client_send(b.client, &q, &a), 0);
	assert_int_equal(a.status, 200);
	assert_int_equal(a.body.n, 0);
	assert_string_equal(buf_text(&got), "hi");
	http_answer_fini(&a);
	assert_int_equal(http_client_send(b.client, &q, &a), 0);
	assert_int_equal(a.status, 500);
	assert_string_equal(buf_text(&a.body), "bad");
	assert_string_equal(buf_text(&got), "hi");
	http_answer_fini(&a);
	assert_int_equal(http_client_send(b.client, &q, &a), 0);
	assert_int_equal(a.status, 0);
	assert_int_equal(a.stream_result, -7);
	http_answer_fini(&a);
	buf_fini(&got);
	bench_close(&b);
}

static void *
abort_soon(void *ctx)
{
	clock_sleep_ms(100);
	http_client_abort(ctx);
	return NULL;
}

static void
test_http_client__ends_a_hanging_call_when_told_to_stop(void **state)
{
	const struct step steps[] = { { .is_silent = true } };
	int64_t start_ms = clock_mono_ms();
	struct bench b;
	struct http_answer a;
	pthread_t other;

	(void)state;
	bench_open(&b, steps, 1);
	assert_int_equal(pthread_create(&other, NULL, abort_soon, b.client), 0);
	a = ask(&b, "x");
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(a.status, 0);
	assert_true(a.was_sent);
	assert_true(clock_mono_ms() - start_ms < 2500);
	http_answer_fini(&a);
	a = ask(&b, "x");
	assert_int_equal(a.status, 0);
	assert_false(a.was_sent);
	assert_int_equal(requests(b.server), 1);
	http_answer_fini(&a);
	bench_close(&b);
}

static void
test_http_client__needs_leave_for_plain_http(void **state)
{
	const struct step steps[] = { { .reply = OK } };
	const struct http_client_options strict = { .timeout_ms = 2000 };
	struct bench b;
	struct http_answer a;

	(void)state;
	bench_open(&b, steps, 1);
	http_client_free(b.client);
	assert_int_equal(http_client_new(&b.client, &strict), 0);
	a = ask(&b, "x");
	assert_int_equal(a.status, 0);
	assert_false(a.was_sent);
	assert_int_equal(connections(b.server), 0);
	http_answer_fini(&a);
	bench_close(&b);
}

static void
test_http_client__tells_no_url_and_no_secret(void **state)
{
	const struct http_client_options options = { .timeout_ms = 2000 };
	struct http_client *client;
	struct http_answer a;
	struct http_request q = {
		.method = "GET",
		.url = "nowhere://hush-hush@127.0.0.1/?key=hush-hush",
	};

	(void)state;
	log_forbid("hush-hush");
	assert_int_equal(http_client_new(&client, &options), 0);
	assert_int_equal(http_client_send(client, &q, &a), 0);
	assert_int_equal(a.status, 0);
	assert_true(a.why[0] != '\0');
	assert_null(strstr(a.why, "hush"));
	assert_null(strstr(a.why, "://"));
	http_answer_fini(&a);
	q.url = "https://127.0.0.1:1/?key=hush-hush";
	assert_int_equal(http_client_send(client, &q, &a), 0);
	assert_null(strstr(a.why, "hush"));
	http_answer_fini(&a);
	http_client_free(client);
}

/* ---- idle ---- */

/* What idle did, and what it is told to do. */
struct idling {
	int n;
	int64_t last_ms;
	int64_t longest_ms; /* between two of its turns */
	int sleep_ms;       /* in its first turn */
	int end_with;       /* 0: go on */
	struct bench *nested;
	const struct buf *wait_for; /* nested only once there is something */
	struct http_answer answer;  /* of the nested call */
	bool was_nested;
};

static int
idle(void *ctx)
{
	struct idling *i = ctx;
	int64_t now = clock_mono_ms();

	if (i->last_ms && now - i->last_ms > i->longest_ms)
		i->longest_ms = now - i->last_ms;
	if (i->n++ == 0 && i->sleep_ms)
		clock_sleep_ms(i->sleep_ms);
	if (i->nested && !i->was_nested && (!i->wait_for || i->wait_for->n)) {
		i->was_nested = true;
		i->answer = ask(i->nested, NULL);
	}
	i->last_ms = clock_mono_ms();
	return i->end_with;
}

/* GET with that idle. */
static struct http_answer
ask_idling(struct bench *b, struct idling *i, int64_t timeout_ms)
{
	struct http_request q = { .method = "GET",
		                  .url = b->url,
		                  .timeout_ms = timeout_ms,
		                  .idle = idle,
		                  .idle_ctx = i };
	struct http_answer a;

	assert_int_equal(http_client_send(b->client, &q, &a), 0);
	return a;
}

static void
test_http_client__idle_has_its_turn_while_the_server_is_silent(void **state)
{
	const struct step steps[] = { { .more = OK, .pause_ms = 400 } };
	struct idling i = { .n = 0 };
	struct bench b;
	struct http_answer a;

	(void)state;
	bench_open(&b, steps, 1);
	a = ask_idling(&b, &i, 0);
	assert_int_equal(a.status, 200);
	assert_string_equal(buf_text(&a.body), "hi");
	assert_true(i.n >= 8); /* of 20: the machine may be busy */
	http_answer_fini(&a);
	bench_close(&b);
}

static void
test_http_client__idle_has_its_turn_before_the_gate(void **state)
{
	const struct step steps[] = { { .reply = OK } };
	struct warden d = { .waits = { 300 } };
	const struct http_gate gate = gate_of(&d);
	struct idling i = { .n = 0 };
	struct bench b;
	struct http_answer a;

	(void)state;
	bench_open(&b, steps, 1);
	http_client_set_gate(b.client, &gate);
	a = ask_idling(&b, &i, 0);
	assert_int_equal(a.status, 200);
	assert_true(i.n >= 5); /* of 20: the machine may be busy */
	http_answer_fini(&a);
	d = (struct warden){ .waits = { 2000 }, .headers = d.headers };
	i = (struct idling){ .end_with = -9 };
	a = ask_idling(&b, &i, 0);
	assert_int_equal(a.status, 0);
	assert_int_equal(a.stream_result, -9);
	assert_false(a.was_sent);
	assert_int_equal(i.n, 1);
	assert_int_equal(requests(b.server), 1);
	http_answer_fini(&a);
	buf_fini(&d.headers);
	bench_close(&b);
}

static void
test_http_client__idle_ends_a_call(void **state)
{
	const struct step steps[] = { { .is_silent = true }, { .reply = OK } };
	struct idling i = { .end_with = -9 };
	struct bench b;
	struct http_answer a;

	(void)state;
	bench_open(&b, steps, 2);
	a = ask_idling(&b, &i, 0);
	assert_int_equal(a.status, 0);
	assert_int_equal(a.stream_result, -9);
	assert_true(a.was_sent);
	assert_int_equal(i.n, 1);
	http_answer_fini(&a);
	a = ask(&b, NULL);
	assert_int_equal(a.status, 200);
	http_answer_fini(&a);
	bench_close(&b);
}

static int
take_slowly(void *ctx, const char *p, size_t n)
{
	buf_add(ctx, p, n);
	clock_sleep_ms(1);
	return 0;
}

static void
test_http_client__idle_has_its_turn_while_an_answer_pours_in(void **state)
{
	enum { N = 6 * 1024 * 1024 };
	char *reply = malloc(N + 100);
	int n_head = snprintf(reply, 100,
	                      "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
	                      (int)N);
	struct step step = { .reply = reply };
	struct idling i = { .n = 0 };
	struct buf got = BUF_INIT;
	struct bench b;
	struct http_answer a;
	struct http_request q = { .method = "GET",
		                  .stream = take_slowly,
		                  .stream_ctx = &got,
		                  .idle = idle,
		                  .idle_ctx = &i };

	(void)state;
	assert_non_null(reply);
	memset(reply + n_head, 'x', N);
	reply[n_head + N] = '\0';
	bench_open(&b, &step, 1);
	q.url = b.url;
	assert_int_equal(http_client_send(b.client, &q, &a), 0);
	assert_int_equal(a.status, 200);
	assert_int_equal(got.n, N);
	assert_true(i.n >= 8);
	assert_true(i.longest_ms < 200); /* 15, but the machine may be busy */
	http_answer_fini(&a);
	buf_fini(&got);
	bench_close(&b);
	free(reply);
}

static void
test_http_client__time_in_idle_is_not_held_against_the_server(void **state)
{
	const struct step steps[] = { { .more = OK, .pause_ms = 50 },
		                      { .is_silent = true } };
	struct idling i = { .sleep_ms = 700 };
	int64_t start_ms;
	struct bench b;
	struct http_answer a;

	(void)state;
	bench_open(&b, steps, 2);
	a = ask_idling(&b, &i, 500);
	assert_int_equal(a.status, 200);
	http_answer_fini(&a);
	i = (struct idling){ .sleep_ms = 300 };
	start_ms = clock_mono_ms();
	a = ask_idling(&b, &i, 500);
	assert_int_equal(a.status, 0);
	assert_non_null(strstr(a.why, "timed out"));
	assert_true(clock_mono_ms() - start_ms >= 750);
	assert_true(clock_mono_ms() - start_ms < 2500);
	http_answer_fini(&a);
	bench_close(&b);
}

static void
test_http_client__ends_a_hanging_call_inside_another_when_told_to_stop(
	void **state)
{
	const struct step silent[] = { { .is_silent = true } };
	struct bench outer;
	struct bench inner;
	struct idling i = { .nested = &inner };
	int64_t start_ms = clock_mono_ms();
	struct http_answer a;
	pthread_t other;

	(void)state;
	bench_open(&outer, silent, 1);
	bench_open(&inner, silent, 1);
	http_client_free(inner.client);
	inner.client = outer.client;
	assert_int_equal(pthread_create(&other, NULL, abort_soon, outer.client),
	                 0);
	a = ask_idling(&outer, &i, 0);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_true(i.was_nested);
	assert_int_equal(i.answer.status, 0);
	assert_int_equal(a.status, 0);
	assert_true(clock_mono_ms() - start_ms < 2500);
	http_answer_fini(&i.answer);
	http_answer_fini(&a);
	bench_close(&outer);
	server_stop(inner.server);
}

static void
test_http_client__has_an_idle_for_requests_without_one(void **state)
{
	const struct step steps[] = { { .more = OK, .pause_ms = 200 } };
	struct idling common = { .n = 0 };
	struct idling own = { .n = 0 };
	const struct http_client_options options = { .may_http = true,
		                                     .idle = idle,
		                                     .idle_ctx = &common };
	struct bench b;
	struct http_answer a;
	int n;

	(void)state;
	bench_open(&b, steps, 1);
	http_client_free(b.client);
	assert_int_equal(http_client_new(&b.client, &options), 0);
	a = ask(&b, NULL);
	assert_int_equal(a.status, 200);
	assert_true(common.n >= 3);
	http_answer_fini(&a);
	n = common.n;
	a = ask_idling(&b, &own, 0);
	assert_true(own.n >= 3);
	assert_int_equal(common.n, n);
	http_answer_fini(&a);
	bench_close(&b);
}

/* ---- TLS ---- */

/* A certificate for 127.0.0.1 that only itself vouches for; PEM in path. */
static SSL_CTX *
make_tls(const char *path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	X509_EXTENSION *alt = X509V3_EXT_conf_nid(
		NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	FILE *file = fopen(path, "w");
	const unsigned char *cn = (const unsigned char *)"test";

	assert_true(key && cert && alt && tls && file);
	assert_int_equal(X509_set_version(cert, 2), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 7), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), -60));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), 3600));
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	                                            cn, -1, -1, 0),
	                 1);
	assert_int_equal(X509_set_issuer_name(cert, name), 1);
	assert_int_equal(X509_add_ext(cert, alt, -1), 1);
	assert_int_equal(X509_set_pubkey(cert, key), 1);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_X509(file, cert), 1);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(SSL_CTX_use_certificate(tls, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(tls, key), 1);
	X509_EXTENSION_free(alt);
	X509_free(cert);
	EVP_PKEY_free(key);
	return tls;
}

static void
tls_call(struct http_answer *a, int port, const char *ca_file)
{
	const struct http_client_options options = { .timeout_ms = 3000,
		                                     .ca_file = ca_file };
	struct http_client *client;
	struct http_request q = { .method = "POST", .body = "x", .n_body = 1 };
	char url[64];

	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/", port);
	q.url = url;
	assert_int_equal(http_client_new(&client, &options), 0);
	assert_int_equal(http_client_send(client, &q, a), 0);
	http_client_free(client);
}

static void
test_http_client__trusts_only_whom_it_was_told_to(void **state)
{
	const struct step steps[] = { { .reply = OK } };
	char path[] = "/tmp/tillbridge-test-XXXXXX";
	int fd = mkstemp(path);
	SSL_CTX *tls;
	struct server *server;
	struct http_answer a;

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	tls = make_tls(path);
	server = server_start(steps, 1, tls);
	tls_call(&a, server->port, NULL);
	assert_int_equal(a.status, 0);
	assert_false(a.was_sent);
	assert_non_null(strstr(a.why, "certificate"));
	assert_int_equal(requests(server), 0);
	http_answer_fini(&a);
	tls_call(&a, server->port, path);
	assert_int_equal(a.status, 200);
	assert_true(a.was_sent);
	http_answer_fini(&a);
	server_stop(server);
	SSL_CTX_free(tls);
	(void)unlink(path);
}

static int
take_all(void *ctx, const char *p, size_t n)
{
	buf_add(ctx, p, n);
	return 0;
}

static void
make_tls_bench(struct bench *b, const struct step *steps, size_t n,
               SSL_CTX *tls)
{
	b->server = server_start(steps, n, tls);
	(void)snprintf(b->url, sizeof(b->url), "https://127.0.0.1:%d/",
	               b->server->port);
}

static void
test_http_client__a_call_inside_an_open_stream_leaves_it_whole(void **state)
{
	const struct step slow[] = {
		{ .reply = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1,",
		  .more = "2,3,4]",
		  .pause_ms = 400 },
	};
	const struct step quick[] = { { .reply = OK } };
	char path[] = "/tmp/tillbridge-test-XXXXXX";
	int fd = mkstemp(path);
	SSL_CTX *tls = make_tls(path);
	const struct http_client_options options = { .ca_file = path };
	struct buf got = BUF_INIT;
	struct bench outer;
	struct bench inner;
	struct idling i = { .nested = &inner, .wait_for = &got };
	struct http_request q = { .method = "GET",
		                  .stream = take_all,
		                  .stream_ctx = &got,
		                  .idle = idle,
		                  .idle_ctx = &i };
	struct http_answer a;

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	make_tls_bench(&outer, slow, 1, tls);
	make_tls_bench(&inner, quick, 1, tls);
	assert_int_equal(http_client_new(&outer.client, &options), 0);
	inner.client = outer.client;
	q.url = outer.url;
	for (int n = 1; n <= 2; n++) {
		i.was_nested = false;
		buf_reset(&got);
		assert_int_equal(http_client_send(outer.client, &q, &a), 0);
		assert_int_equal(i.answer.status, 200);
		assert_string_equal(buf_text(&i.answer.body), "hi");
		assert_int_equal(a.status, 200);
		assert_string_equal(buf_text(&got), "[1,2,3,4]");
		assert_int_equal(requests(inner.server), n);
		http_answer_fini(&i.answer);
		http_answer_fini(&a);
	}
	/* Each keeps the connection that it has. */
	assert_int_equal(connections(outer.server), 1);
	assert_int_equal(connections(inner.server), 1);
	buf_fini(&got);
	http_client_free(outer.client);
	server_stop(outer.server);
	server_stop(inner.server);
	SSL_CTX_free(tls);
	(void)unlink(path);
}

/* ---- the fake transport ---- */

static int
answer_fake(void *ctx, const struct http_request *request,
            struct http_answer *answer)
{
	int *n = ctx;

	++*n;
	answer->status = strcmp(request->method, "GET") == 0 ? 200 : 500;
	buf_adds(&answer->body, "fake");
	return 0;
}

static void
test_http_client__hands_calls_to_a_fake_and_counts_them(void **state)
{
	struct buf got = BUF_INIT;
	struct http_client *client;
	struct http_answer a;
	struct http_request q = { .method = "GET",
		                  .url = "https://vendor.example/",
		                  .stream = take_piece,
		                  .stream_ctx = &got };
	int64_t out = metrics_get(METRIC_calls_out);
	int64_t failed = metrics_get(METRIC_calls_failed);
	int n = 0;

	(void)state;
	assert_int_equal(http_client_new_fake(&client, answer_fake, &n), 0);
	assert_int_equal(http_client_send(client, &q, &a), 0);
	assert_string_equal(buf_text(&got), "fake");
	assert_int_equal(a.stream_result, -7);
	assert_int_equal(a.status, 0);
	http_answer_fini(&a);
	q.stream = NULL;
	assert_int_equal(http_client_send(client, &q, &a), 0);
	assert_int_equal(a.status, 200);
	http_answer_fini(&a);
	q.method = "POST";
	assert_int_equal(http_client_send(client, &q, &a), 0);
	http_answer_fini(&a);
	assert_int_equal(n, 3);
	assert_int_equal(metrics_get(METRIC_calls_out) - out, 3);
	assert_int_equal(metrics_get(METRIC_calls_failed) - failed, 2);
	buf_fini(&got);
	http_client_free(client);
}

static void
test_http_client__a_fake_is_idle_once_a_call(void **state)
{
	struct http_client *client;
	struct idling i = { .n = 0 };
	struct bench b;
	struct http_answer a;
	int n = 0;

	(void)state;
	assert_int_equal(http_client_new_fake(&client, answer_fake, &n), 0);
	b = (struct bench){ .client = client };
	a = ask_idling(&b, &i, 0);
	assert_int_equal(a.status, 200);
	assert_int_equal(i.n, 1);
	http_answer_fini(&a);
	i.end_with = -9;
	a = ask_idling(&b, &i, 0);
	assert_int_equal(a.status, 0);
	assert_int_equal(a.stream_result, -9);
	assert_int_equal(a.body.n, 0);
	http_answer_fini(&a);
	http_client_free(client);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_http_client__gives_status_type_body_date_and_wait),
		cmocka_unit_test(
			test_http_client__knows_whether_there_is_a_next_page),
		cmocka_unit_test(
			test_http_client__waits_an_hour_at_most_and_knows_no_wait),
		cmocka_unit_test(
			test_http_client__collects_the_watched_cookie_only),
		cmocka_unit_test(
			test_http_client__collects_every_cookie_into_a_jar),
		cmocka_unit_test(
			test_http_client__sends_the_callers_headers_and_few_others),
		cmocka_unit_test(
			test_http_client__sends_a_post_without_a_body_as_such),
		cmocka_unit_test(
			test_http_client__refuses_a_header_with_a_line_break),
		cmocka_unit_test(test_http_client__does_not_follow_a_redirect),
		cmocka_unit_test(
			test_http_client__keeps_its_connection_between_calls),
		cmocka_unit_test(
			test_http_client__never_sends_an_unrepeatable_request_twice),
		cmocka_unit_test(
			test_http_client__opens_a_connection_for_an_unrepeatable_request),
		cmocka_unit_test(
			test_http_client__says_not_sent_when_nobody_listens),
		cmocka_unit_test(
			test_http_client__says_sent_when_the_answer_does_not_come),
		cmocka_unit_test(
			test_http_client__takes_half_an_answer_for_none),
		cmocka_unit_test(
			test_http_client__stops_an_answer_that_is_too_long),
		cmocka_unit_test(
			test_http_client__streams_good_bodies_and_keeps_bad_ones),
		cmocka_unit_test(
			test_http_client__ends_a_hanging_call_when_told_to_stop),
		cmocka_unit_test(
			test_http_client__idle_has_its_turn_while_the_server_is_silent),
		cmocka_unit_test(test_http_client__idle_ends_a_call),
		cmocka_unit_test(
			test_http_client__idle_has_its_turn_while_an_answer_pours_in),
		cmocka_unit_test(
			test_http_client__time_in_idle_is_not_held_against_the_server),
		cmocka_unit_test(
			test_http_client__ends_a_hanging_call_inside_another_when_told_to_stop),
		cmocka_unit_test(
			test_http_client__has_an_idle_for_requests_without_one),
		cmocka_unit_test(test_http_client__needs_leave_for_plain_http),
		cmocka_unit_test(test_http_client__tells_no_url_and_no_secret),
		cmocka_unit_test(
			test_http_client__trusts_only_whom_it_was_told_to),
		cmocka_unit_test(
			test_http_client__a_call_inside_an_open_stream_leaves_it_whole),
		cmocka_unit_test(
			test_http_client__hands_calls_to_a_fake_and_counts_them),
		cmocka_unit_test(test_http_client__a_fake_is_idle_once_a_call),
		cmocka_unit_test(
			test_http_client__reads_a_wait_as_a_date_by_the_vendors_clock),
		cmocka_unit_test(
			test_http_client__reads_a_wait_as_a_date_by_our_clock_else),
		cmocka_unit_test(
			test_http_client__tells_its_gate_every_header_and_the_end),
		cmocka_unit_test(
			test_http_client__a_call_that_may_not_go_yet_waits),
		cmocka_unit_test(
			test_http_client__a_call_that_may_not_go_for_long_is_answered_here),
		cmocka_unit_test(
			test_http_client__idle_has_its_turn_before_the_gate),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	if (http_client_setup())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
