/*
 * The server on real sockets of 127.0.0.1 and ::1, plain and over TLS.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/drivers/http_server.h"
#include "gateway/drivers/tls.h"
#include "tests/support/make_cert.h"
#include "tests/support/stderr_capture.h"

#include <civetweb.h>
#include <openssl/ssl.h>

#include <assert.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	BODY_MAX = 1000,
	ANSWER_MAX = 65536,
	SHORT_MS = 300,  /* a request time-out that a test waits for */
	LONG_MS = 10000, /* one that no test reaches */
	TURNS_MAX = 400, /* of 25 ms; then the server was not going to act */
};

/* What the functions behind the server did and were told to do. */
static struct {
	atomic_int n_served;
	atomic_int n_refused;
	atomic_int refused_status;
	atomic_bool is_held; /* serve waits for this to end */
	atomic_bool is_inside;
	bool admits_nothing;
	int status;
	int64_t n_stream;    /* bytes to stream; 0: a plain reply */
	size_t n_piece;      /* made at a time */
	int64_t fails_after; /* bytes; 0: it does not fail */
	bool is_empty;       /* the stream has no bytes at all */
	size_t n_long;       /* bytes of a plain body; 0: the usual one */
	int64_t piece_ms;    /* what making a piece takes */
	atomic_int n_produced;
	atomic_int n_freed;
	atomic_int write_result; /* what write returned last */
} owner;

static int
admit(void *ctx, const struct http_call *call, struct http_reply *reply)
{
	(void)ctx;
	(void)call;
	if (!owner.admits_nothing)
		return 0;
	reply->status = 404;
	return HTTP_SERVER_REFUSED;
}

/* The byte at a place of a streamed body. */
static char
byte_at(int64_t at)
{
	return (char)('!' + at % 89);
}

static int
produce(void *ctx, int (*write)(void *to, const void *p, size_t n), void *to)
{
	static _Thread_local char piece[100000];
	int64_t done = 0;
	size_t i;
	int r = 0;

	assert(ctx == &owner && owner.n_piece <= sizeof(piece));
	owner.n_produced++;
	while (!r && !owner.is_empty && done < owner.n_stream) {
		for (i = 0; i < owner.n_piece; i++)
			piece[i] = byte_at(done + (int64_t)i);
		if (owner.fails_after && done >= owner.fails_after)
			return -1;
		if (owner.piece_ms)
			clock_sleep_ms(owner.piece_ms);
		r = write(to, piece, owner.n_piece);
		owner.write_result = r;
		done += (int64_t)owner.n_piece;
	}
	return r;
}

static void
free_ctx(void *ctx)
{
	assert(ctx == &owner);
	owner.n_freed++;
}

static void
serve_stream(struct http_reply *reply)
{
	reply->status = 200;
	reply->content_type = "text/plain";
	reply->produce = produce;
	reply->ctx = &owner;
	reply->free_ctx = free_ctx;
	owner.n_served++;
}

/* Say back what was understood. */
static void
serve(void *ctx, const struct http_call *call, struct http_reply *reply)
{
	const char *header = NULL;

	(void)ctx;
	owner.is_inside = true;
	while (owner.is_held)
		clock_sleep_ms(5);
	if (owner.n_stream) {
		serve_stream(reply);
		return;
	}
	(void)http_call_header(&header, call, "x-test");
	reply->status = owner.status ? owner.status : 200;
	reply->content_type = "text/plain";
	buf_addf(&reply->body, "[%s|%s|%s|%s|%s|%s|%d|%s]", call->method,
	         call->path, call->query, header ? header : "-", call->body,
	         call->peer, call->is_loopback,
	         call->client_sha256 ? call->client_sha256 : "-");
	while (reply->body.n < owner.n_long)
		buf_addc(&reply->body, byte_at((int64_t)reply->body.n));
	owner.n_served++;
}

static void
refused(void *ctx, int status)
{
	(void)ctx;
	owner.n_refused++;
	owner.refused_status = status;
}

static struct http_server *
start(const char *address, struct tls *tls, int64_t timeout_ms)
{
	const struct http_server_options options = {
		.name = "test",
		.listen = &address,
		.n_listen = 1,
		.tls = tls,
		.workers = 4,
		.body_max_bytes = BODY_MAX,
		.request_timeout_ms = timeout_ms,
		.admit = admit,
		.serve = serve,
		.refused = refused,
	};
	struct http_server *server = NULL;

	owner.n_served = 0;
	owner.n_refused = 0;
	owner.refused_status = 0;
	owner.is_held = false;
	owner.is_inside = false;
	owner.admits_nothing = false;
	owner.status = 0;
	owner.n_stream = 0;
	owner.n_piece = 1000;
	owner.fails_after = 0;
	owner.is_empty = false;
	owner.n_long = 0;
	owner.piece_ms = 0;
	owner.n_produced = 0;
	owner.n_freed = 0;
	owner.write_result = 0;
	assert_int_equal(http_server_start(&server, &options), 0);
	return server;
}

static int
dial(int port)
{
	const struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const struct timeval patience = { .tv_sec = 20 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	                 sizeof(patience));
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)),
	                 0);
	return fd;
}

static void
put(int fd, const char *text)
{
	size_t n = strlen(text);

	assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* Everything until the server closes. Must close within our patience. */
static char *
get_all(int fd)
{
	static char answer[ANSWER_MAX];
	size_t n = 0;
	ssize_t got;

	while ((got = recv(fd, answer + n, sizeof(answer) - 1 - n, 0)) > 0)
		n += (size_t)got;
	answer[n] = '\0';
	(void)close(fd);
	return answer;
}

/* What comes until this text has come. */
static void
get_until(int fd, const char *text)
{
	static char answer[ANSWER_MAX];
	size_t n = 0;
	ssize_t got;

	answer[0] = '\0';
	while (!strstr(answer, text)) {
		got = recv(fd, answer + n, sizeof(answer) - 1 - n, 0);
		if (got <= 0)
			fail_msg("ended before \"%s\": %s", text, answer);
		n += (size_t)got;
		answer[n] = '\0';
	}
}

static char *
exchange(const struct http_server *server, const char *request)
{
	int fd = dial(http_server_port(server, 0));

	put(fd, request);
	return get_all(fd);
}

static void
assert_status(const char *answer, int status)
{
	char start_line[32];

	(void)snprintf(start_line, sizeof(start_line), "HTTP/1.1 %d ", status);
	if (strncmp(answer, start_line, strlen(start_line)) != 0)
		fail_msg("expected %d, got: %s", status, answer);
}

static void
assert_has(const char *answer, const char *part)
{
	if (!strstr(answer, part))
		fail_msg("no \"%s\" in: %s", part, answer);
}

/* ---- what it is built of ---- */

static void
test_http_server__is_built_as_we_need_it(void **state)
{
	(void)state;
	assert_true(mg_check_feature(MG_FEATURES_TLS));
	assert_true(mg_check_feature(MG_FEATURES_IPV6));
	assert_true(mg_check_feature(MG_FEATURES_STATS));
	assert_false(mg_check_feature(MG_FEATURES_FILES));
	assert_false(mg_check_feature(MG_FEATURES_CGI));
}

/* ---- listening ---- */

static void
test_http_server__names_the_address_it_cannot_listen_on(void **state)
{
	static const struct {
		const char *address; /* NULL: one that is taken */
		const char *reason;
	} rows[] = {
		{ NULL, "in use" },
		{ "0.0.0.0:0", "loopback" },
		{ "[::]:0", "loopback" },
		{ "127.0.0.1", "host:port" },
		{ "127.0.0.1:", "host:port" },
		{ "::1:80", "host:port" },
		{ "127.0.0.1:80x", "host:port" },
		{ "192.0.2.1:0", "loopback" },
	};
	struct http_server *first = start("127.0.0.1:0", NULL, LONG_MS);
	struct http_server *second = NULL;
	struct http_server_options options = {
		.name = "test",
		.n_listen = 1,
		.workers = 1,
		.body_max_bytes = 1,
		.request_timeout_ms = LONG_MS,
		.serve = serve,
	};
	const char *text;
	char taken[32];
	const char *address;
	size_t i;

	(void)state;
	(void)snprintf(taken, sizeof(taken), "127.0.0.1:%d",
	               http_server_port(first, 0));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		address = rows[i].address ? rows[i].address : taken;
		options.listen = &address;
		stderr_capture_begin();
		assert_int_equal(http_server_start(&second, &options),
		                 HTTP_SERVER_CANNOT_LISTEN);
		text = stderr_capture_end();
		assert_has(text, "error http.cannot_listen name=test");
		assert_has(text, address);
		assert_has(text, rows[i].reason);
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
		assert_null(second);
	}
	http_server_stop(first);
}

static void
test_http_server__listens_on_both_families_at_once(void **state)
{
	const char *addresses[] = { "127.0.0.1:0", "[::1]:0" };
	const struct http_server_options options = {
		.name = "test",
		.listen = addresses,
		.n_listen = 2,
		.workers = 2,
		.body_max_bytes = BODY_MAX,
		.request_timeout_ms = LONG_MS,
		.serve = serve,
	};
	struct sockaddr_in6 to = {
		.sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};
	static const char request[] =
		"GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
	struct http_server *server = NULL;
	int fd;

	(void)state;
	owner.status = 0;
	assert_int_equal(http_server_start(&server, &options), 0);
	assert_has(exchange(server, request), "[GET|/x||-||127.0.0.1|1|-]");
	to.sin6_port = htons((uint16_t)http_server_port(server, 1));
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	put(fd, request);
	assert_has(get_all(fd), "[GET|/x||-||::1|1|-]");
	http_server_stop(server);
}

/* ---- reading calls ---- */

static void
test_http_server__hands_on_the_call_as_it_was_sent(void **state)
{
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);

	(void)state;
	assert_has(exchange(server, "POST /a%2f/../B//c?k=%41+b HTTP/1.1\r\n"
	                            "Host: h\r\nX-TEST:  v 1\r\n"
	                            "Content-Length: 5\r\n"
	                            "Connection: close\r\n\r\nhello"),
	           "[POST|/a%2f/../B//c|k=%41+b|v 1|hello|127.0.0.1|1|-]");
	http_server_stop(server);
}

static void
test_http_server__puts_chunks_together(void **state)
{
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);

	(void)state;
	assert_has(exchange(server, "POST / HTTP/1.1\r\nHost: h\r\n"
	                            "Transfer-Encoding: chunked\r\n"
	                            "Connection: close\r\n\r\n"
	                            "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
	           "|abcde|");
	http_server_stop(server);
}

#define POST "POST / HTTP/1.1\r\nHost: h\r\n"
#define GET  "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
#define TEN \
	"A: b\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\n" \
	"A: b\r\nA: b\r\n"

static void
test_http_server__refuses_doubtful_framing_and_closes(void **state)
{
	static const struct {
		const char *what;
		const char *request;
	} rows[] = {
		{ "both framing headers",
		  POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
		       "0\r\n\r\n" },
		{ "two lengths",
		  POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc" },
		{ "two codings",
		  POST "Transfer-Encoding: chunked\r\n"
		       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
		{ "a length with a tail",
		  POST "Content-Length: 3a\r\n\r\nabc" },
		{ "a signed length", POST "Content-Length: +3\r\n\r\nabc" },
		{ "a negative length", POST "Content-Length: -3\r\n\r\nabc" },
		{ "an empty length", POST "Content-Length:\r\n\r\nabc" },
		{ "a length beyond all",
		  POST "Content-Length: 99999999999999999999\r\n\r\n" },
		{ "another coding", POST "Transfer-Encoding: gzip\r\n\r\n" },
		{ "identity", POST "Transfer-Encoding: identity\r\n\r\n" },
		{ "no host", "GET / HTTP/1.1\r\nA: b\r\n\r\n" },
		{ "two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" },
		{ "a folded header",
		  POST "A: b\r\n c\r\nContent-Length: 3\r\n\r\nabc" },
		{ "a blank before the colon",
		  POST "Content-Length : 3\r\n\r\nabc" },
		{ "a bare line feed", POST "A: b\nContent-Length: 3\r\n\r\n" },
		{ "bare line feeds at the end", POST "A: b\n\n" },
		{ "an end that is none",
		  POST "A: b\n\r\nContent-Length: 3\r\n\r\nabc" },
		{ "a header without name", POST ": b\r\n\r\n" },
		{ "a blank line first",
		  "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n" },
		{ "65 headers", "GET / HTTP/1.1\r\n" TEN TEN TEN TEN TEN TEN
		                "A: b\r\nA: b\r\nA: b\r\nA: b\r\n"
		                "Host: h\r\n\r\n" },
		{ "another protocol", "GET / HTTP/3.7\r\nHost: h\r\n\r\n" },
		{ "an unknown method", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n" },
		{ "no HTTP", "hello, world\r\n\r\n" },
		{ "a chunk size that is none",
		  POST "Transfer-Encoding: chunked\r\n\r\nxyz\r\n" },
		{ "a chunk without its end",
		  POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n" },
		{ "a chunk extension",
		  POST "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n"
		       "0\r\n\r\n" },
	};
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);
	const char *answer;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		answer = exchange(server, rows[i].request);
		if (strncmp(answer, "HTTP/1.1 400 ", 13) != 0 ||
		    !strstr(answer, "Connection: close\r\n"))
			fail_msg("%s: %s", rows[i].what, answer);
	}
	assert_int_equal(owner.n_served, 0);
	http_server_stop(server);
}

static void
test_http_server__takes_63_headers(void **state)
{
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);

	(void)state;
	assert_status(exchange(server,
	                       "GET / HTTP/1.1\r\n" TEN TEN TEN TEN TEN TEN
	                       "A: b\r\nHost: h\r\n"
	                       "Connection: close\r\n\r\n"),
	              200);
	http_server_stop(server);
}

static void
test_http_server__never_takes_a_part_for_the_whole_body(void **state)
{
	static const char *const requests[] = {
		POST "Content-Length: 30\r\n\r\nfive.",
		POST "Transfer-Encoding: chunked\r\n\r\n1e\r\nfive.",
		POST "Transfer-Encoding: chunked\r\n\r\n5\r\nfive.\r\n",
	};
	struct http_server *server = start("127.0.0.1:0", NULL, SHORT_MS);
	size_t i;
	int ends;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		for (ends = 0; ends < 2; ends++) {
			fd = dial(http_server_port(server, 0));
			put(fd, requests[i]);
			if (ends)
				(void)shutdown(fd, SHUT_WR);
			assert_status(get_all(fd), 400);
			assert_int_equal(owner.refused_status, 400);
		}
	}
	assert_int_equal(owner.n_served, 0);
	assert_int_equal(owner.n_refused, 6);
	http_server_stop(server);
}

static void
test_http_server__refuses_bodies_that_are_too_large(void **state)
{
	static const char head[] =
		POST "Transfer-Encoding: chunked\r\n\r\n3e9\r\n";
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);
	char request[sizeof(head) + BODY_MAX + 16];
	const char *answer;

	(void)state;
	answer = exchange(server, POST "Content-Length: 1001\r\n\r\n");
	assert_status(answer, 413);
	assert_has(answer, "Connection: close\r\n");
	memset(request, 'a', sizeof(request));
	memcpy(request, head, sizeof(head) - 1);
	memcpy(request + sizeof(head) - 1 + BODY_MAX + 1, "\r\n0\r\n\r\n", 8);
	assert_status(exchange(server, request), 413);
	assert_int_equal(owner.n_served, 0);
	assert_int_equal(owner.n_refused, 2);
	assert_int_equal(owner.refused_status, 413);
	http_server_stop(server);
}

static void
test_http_server__accepts_a_body_of_just_the_limit(void **state)
{
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);
	char request[2 * BODY_MAX];
	int n = snprintf(request, sizeof(request),
	                 POST "Connection: close\r\nContent-Length: %d\r\n\r\n",
	                 BODY_MAX);

	(void)state;
	memset(request + n, 'a', BODY_MAX);
	request[n + BODY_MAX] = '\0';
	assert_status(exchange(server, request), 200);
	http_server_stop(server);
}

static void
test_http_server__answers_expect_before_the_body(void **state)
{
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);
	int fd = dial(http_server_port(server, 0));

	(void)state;
	put(fd, POST "Content-Length: 3\r\nExpect: 100-continue\r\n"
	             "Connection: close\r\n\r\n");
	get_until(fd, "HTTP/1.1 100 Continue\r\n\r\n");
	put(fd, "abc");
	assert_has(get_all(fd), "|abc|");
	http_server_stop(server);
}

static void
test_http_server__does_not_invite_a_body_that_it_refuses(void **state)
{
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);
	const char *answer;

	(void)state;
	answer = exchange(server, POST "Content-Length: 1001\r\n"
	                               "Expect: 100-continue\r\n\r\n");
	assert_status(answer, 413);
	owner.admits_nothing = true;
	answer = exchange(server, POST "Content-Length: 3\r\n"
	                               "Expect: 100-continue\r\n\r\n");
	assert_status(answer, 404);
	assert_has(answer, "Connection: close\r\n");
	assert_int_equal(owner.n_served, 0);
	http_server_stop(server);
}

/* ---- connections ---- */

static void
test_http_server__serves_many_calls_on_one_connection(void **state)
{
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);
	int fd = dial(http_server_port(server, 0));

	(void)state;
	put(fd, POST "Content-Length: 3\r\n\r\none");
	get_until(fd, "|one|127.0.0.1|1|-]");
	put(fd, POST "Transfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
	             "GET /third HTTP/1.1\r\nHost: h\r\n"
	             "Connection: close\r\n\r\n");
	assert_has(get_all(fd), "[GET|/third|");
	assert_int_equal(owner.n_served, 3);
	http_server_stop(server);
}

static void
test_http_server__keeps_the_connection_after_a_refusal_without_body(
	void **state)
{
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);
	int fd = dial(http_server_port(server, 0));

	(void)state;
	owner.admits_nothing = true;
	put(fd, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
	get_until(fd, "404");
	put(fd, "GET /y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	assert_has(get_all(fd), "HTTP/1.1 404");
	http_server_stop(server);
}

static void
test_http_server__closes_for_old_clients(void **state)
{
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);
	const char *answer = exchange(server, "GET /x HTTP/1.0\r\n\r\n");

	(void)state;
	assert_status(answer, 200);
	assert_has(answer, "Connection: close\r\n");
	http_server_stop(server);
}

static void
test_http_server__writes_a_plain_reply(void **state)
{
	static const char expected[] = "HTTP/1.1 200 OK\r\n"
				       "Content-Length: 25\r\n"
				       "Content-Type: text/plain\r\n"
				       "Cache-Control: no-store\r\n"
				       "X-Content-Type-Options: nosniff\r\n"
				       "Connection: close\r\n"
				       "\r\n"
				       "[GET|/||-||127.0.0.1|1|-]";
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);

	(void)state;
	assert_string_equal(exchange(server, "GET / HTTP/1.1\r\nHost: h\r\n"
	                                     "Connection: close\r\n\r\n"),
	                    expected);
	http_server_stop(server);
}

static void
test_http_server__can_lose_the_answer(void **state)
{
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);

	(void)state;
	owner.status = HTTP_SERVER_NO_ANSWER;
	assert_string_equal(
		exchange(server, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"), "");
	assert_int_equal(owner.n_served, 1);
	http_server_stop(server);
}

/* ---- streamed replies ---- */

/* Where a client stands in a chunked body. */
struct body {
	int64_t n;      /* bytes of the body seen */
	int64_t n_left; /* of the chunk under way */
	char line[16];  /* of a length, as far as it has come */
	size_t n_line;
	bool is_in_headers;
	bool is_whole; /* the last chunk was there */
	bool is_wrong; /* a byte that was not sent */
	int n_breaks;  /* CR and LF seen in a row */
};

static void
take_line(struct body *b, char c)
{
	if (c != '\n') {
		if (c != '\r' && b->n_line < sizeof(b->line) - 1)
			b->line[b->n_line++] = c;
		return;
	}
	b->line[b->n_line] = '\0';
	if (b->n_line > 0) { /* not the end of the chunk before */
		b->n_left = strtoll(b->line, NULL, 16);
		b->is_whole = b->n_left == 0;
	}
	b->n_line = 0;
}

static void
take_bytes(struct body *b, const char *p, size_t n)
{
	for (; n > 0; p++, n--) {
		if (b->is_in_headers) {
			b->n_breaks =
				*p == '\r' || *p == '\n' ? b->n_breaks + 1 : 0;
			b->is_in_headers = b->n_breaks < 4;
		} else if (b->n_left > 0) {
			b->is_wrong |= *p != byte_at(b->n);
			b->n++;
			b->n_left--;
		} else {
			take_line(b, *p);
		}
	}
}

/* Resident memory of this process, in KiB. */
static long
resident_kib(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		fail_msg("no /proc/self/statm");
	(void)fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Until the stream is over on the server's side. */
static bool
is_freed(void)
{
	int turns;

	for (turns = 0; turns < TURNS_MAX && owner.n_freed == 0; turns++)
		clock_sleep_ms(25);
	return owner.n_freed == 1;
}

#define STREAM_GET "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
#define LAST_GET   "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

static void
test_http_server__streams_in_chunks_and_keeps_the_connection(void **state)
{
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);
	int fd = dial(http_server_port(server, 0));
	struct body b = { .is_in_headers = true };
	char *answer;
	char *second;

	(void)state;
	owner.n_stream = 20000;
	owner.n_piece = 100; /* put together: not a chunk each */
	put(fd, STREAM_GET LAST_GET);
	answer = get_all(fd);
	assert_has(answer, "Transfer-Encoding: chunked\r\n");
	assert_null(strstr(answer, "Content-Length"));
	assert_has(answer, "\r\n\r\n004e20\r\n!\"#");
	second = strstr(answer, "0\r\n\r\nHTTP/1.1 200 OK");
	assert_non_null(second);
	take_bytes(&b, answer, (size_t)(second + 5 - answer));
	assert_true(b.is_whole && !b.is_wrong && b.n == 20000);
	assert_string_equal(second + strlen(second) - 5, "0\r\n\r\n");
	assert_int_equal(owner.n_produced, 2);
	assert_int_equal(owner.n_freed, 2);
	http_server_stop(server);
}

static void
test_http_server__streams_an_empty_body(void **state)
{
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);
	char *answer;

	(void)state;
	owner.n_stream = 1;
	owner.is_empty = true;
	answer = exchange(server, LAST_GET);
	assert_has(answer, "\r\n\r\n0\r\n\r\n");
	http_server_stop(server);
}

static void
test_http_server__streams_to_old_clients_until_it_closes(void **state)
{
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);
	char *answer;
	char *body;

	(void)state;
	owner.n_stream = 40000;
	answer = exchange(server, "GET / HTTP/1.0\r\n\r\n");
	assert_null(strstr(answer, "Transfer-Encoding"));
	assert_null(strstr(answer, "Content-Length"));
	assert_has(answer, "Connection: close\r\n");
	body = strstr(answer, "\r\n\r\n") + 4;
	assert_int_equal(strlen(body), 40000);
	assert_int_equal(body[39999], byte_at(39999));
	http_server_stop(server);
}

static void
test_http_server__sends_no_body_to_head(void **state)
{
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);
	static const char head[] =
		"HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
	char *answer;

	(void)state;
	answer = exchange(server, head);
	assert_has(answer, "Content-Length: 26\r\n");
	assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
	owner.n_stream = 1000;
	answer = exchange(server, head);
	assert_has(answer, "Transfer-Encoding: chunked\r\n");
	assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
	assert_int_equal(owner.n_produced, 0);
	assert_true(is_freed());
	http_server_stop(server);
}

static void
test_http_server__writes_a_long_body_whole(void **state)
{
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);
	char *answer;
	char *body;

	(void)state;
	owner.n_long = 60000;
	answer = exchange(server, LAST_GET);
	assert_has(answer, "Content-Length: 60000\r\n");
	body = strstr(answer, "\r\n\r\n") + 4;
	assert_int_equal(strlen(body), 60000);
	assert_int_equal(body[59999], byte_at(59999));
	http_server_stop(server);
}

/* ---- closing ---- */

/* Returns the server when something was left in hand. */
static void *
close_with_patience(void *server)
{
	return http_server_close(server, LONG_MS) ? server : NULL;
}

static void
test_http_server__finishes_what_is_in_hand_and_refuses_the_rest(void **state)
{
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);
	struct http_server_stats stats;
	const char *answer;
	pthread_t closer;
	void *left = server;
	int turns = 0;
	int fd = dial(http_server_port(server, 0));

	(void)state;
	owner.is_held = true;
	put(fd, "GET /slow HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	while (!owner.is_inside)
		clock_sleep_ms(5);
	assert_int_equal(http_server_close(server, 1), 1);
	assert_int_equal(
		pthread_create(&closer, NULL, close_with_patience, server), 0);
	answer = exchange(server, POST "Content-Length: 3\r\n\r\nabc");
	assert_status(answer, 503);
	assert_has(answer, "Retry-After: 10\r\n");
	assert_has(answer, "Connection: close\r\n");
	http_server_read_stats(server, &stats);
	assert_int_equal(stats.in_hand, 1);
	owner.is_held = false;
	assert_has(get_all(fd), "[GET|/slow|");
	assert_int_equal(pthread_join(closer, &left), 0);
	assert_null(left);
	do {
		http_server_read_stats(server, &stats);
		clock_sleep_ms(5);
	} while (stats.in_hand > 0 && turns++ < TURNS_MAX);
	assert_int_equal(stats.in_hand, 0);
	http_server_stop(server);
}

static void
test_http_server__tells_how_busy_it_is(void **state)
{
	struct http_server *server = start("127.0.0.1:0", NULL, LONG_MS);
	struct http_server_stats stats;
	int fd = dial(http_server_port(server, 0));

	(void)state;
	owner.is_held = true;
	put(fd, "GET /slow HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	while (!owner.is_inside)
		clock_sleep_ms(5);
	http_server_read_stats(server, &stats);
	assert_int_equal(stats.workers, 4);
	assert_int_equal(stats.in_hand, 1);
	assert_int_equal(stats.connections, 1);
	assert_int_equal(stats.queue_length, 0);
	assert_true(stats.queue_size >= 4);
	assert_int_equal(stats.requests, 1);
	assert_int_equal(stats.cut, 0);
	owner.is_held = false;
	(void)get_all(fd);
	http_server_stop(server);
}

/* ---- over TLS ---- */

static struct {
	char dir[64];
	char server_pem[96];
	char client_pem[96];
	char stranger_pem[96];
	char ca_pem[96];
	struct tls *tls;
	struct made_cert certs[4]; /* authority, server, client, stranger */
} world;

static int
set_up_world(void **state)
{
	struct buf why = BUF_INIT;

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(world.dir, sizeof(world.dir), "/tmp/test_http.XXXXXX");
	assert_non_null(mkdtemp(world.dir));
	(void)snprintf(world.server_pem, sizeof(world.server_pem),
	               "%s/server.pem", world.dir);
	(void)snprintf(world.client_pem, sizeof(world.client_pem),
	               "%s/client.pem", world.dir);
	(void)snprintf(world.stranger_pem, sizeof(world.stranger_pem),
	               "%s/stranger.pem", world.dir);
	(void)snprintf(world.ca_pem, sizeof(world.ca_pem), "%s/ca.pem",
	               world.dir);
	make_cert(&world.certs[0],
	          &(struct make_cert){ .name = "authority", .is_ca = true });
	make_cert(&world.certs[1],
	          &(struct make_cert){ .name = "localhost",
	                               .also = "DNS:localhost,IP:127.0.0.1",
	                               .issuer = &world.certs[0] });
	make_cert(&world.certs[2],
	          &(struct make_cert){ .name = "till",
	                               .issuer = &world.certs[0] });
	make_cert(&world.certs[3], &(struct make_cert){ .name = "stranger" });
	made_cert_write(world.stranger_pem, "k3 c3", world.certs);
	made_cert_write(world.server_pem, "k1 c1", world.certs);
	made_cert_write(world.client_pem, "k2 c2", world.certs);
	made_cert_write(world.ca_pem, "c0", world.certs);
	assert_int_equal(
		tls_new(&world.tls, world.server_pem, world.ca_pem, &why), 0);
	buf_fini(&why);
	return 0;
}

static int
tear_down_world(void **state)
{
	size_t i;

	(void)state;
	tls_free(world.tls);
	for (i = 0; i < 4; i++)
		made_cert_fini(&world.certs[i]);
	(void)unlink(world.server_pem);
	(void)unlink(world.client_pem);
	(void)unlink(world.stranger_pem);
	(void)unlink(world.ca_pem);
	(void)rmdir(world.dir);
	return 0;
}

struct client {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
};

/* What is special about a client; NULL and 0: nothing. */
struct manner {
	const char *pem;      /* shows this certificate */
	int version;          /* speaks nothing newer */
	SSL_SESSION *session; /* comes back with this one */
};

static void
client_open_as(struct client *c, int port, const struct manner *manner)
{
	static const unsigned char protocols[] = "\x02h2\x08http/1.1";

	c->fd = dial(port);
	c->ctx = SSL_CTX_new(TLS_client_method());
	assert_int_equal(SSL_CTX_load_verify_file(c->ctx, world.ca_pem), 1);
	SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
	assert_int_equal(SSL_CTX_set_max_proto_version(c->ctx, manner->version),
	                 1);
	assert_int_equal(SSL_CTX_set_alpn_protos(c->ctx, protocols,
	                                         sizeof(protocols) - 1),
	                 0);
	if (manner->pem) {
		assert_int_equal(SSL_CTX_use_certificate_file(
					 c->ctx, manner->pem, SSL_FILETYPE_PEM),
		                 1);
		assert_int_equal(SSL_CTX_use_PrivateKey_file(
					 c->ctx, manner->pem, SSL_FILETYPE_PEM),
		                 1);
	}
	c->ssl = SSL_new(c->ctx);
	assert_int_equal(SSL_set1_host(c->ssl, "localhost"), 1);
	assert_int_equal(SSL_set_fd(c->ssl, c->fd), 1);
	if (manner->session)
		assert_int_equal(SSL_set_session(c->ssl, manner->session), 1);
	assert_int_equal(SSL_connect(c->ssl), 1);
}

static void
client_open(struct client *c, int port, const char *pem)
{
	client_open_as(c, port, &(struct manner){ .pem = pem });
}

static void
client_close(struct client *c)
{
	/* without a proper end its session could not be resumed */
	(void)SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	(void)close(c->fd);
}

static void
client_put(struct client *c, const char *text)
{
	assert_int_equal(SSL_write(c->ssl, text, (int)strlen(text)),
	                 (int)strlen(text));
}

/* Answer to one request on a connection that then ends. */
static const char *
client_get_all(struct client *c)
{
	static char answer[ANSWER_MAX];
	int n = 0;
	int got;

	while ((got = SSL_read(c->ssl, answer + n,
	                       (int)sizeof(answer) - 1 - n)) > 0)
		n += got;
	answer[n] = '\0';
	return answer;
}

static void
test_http_server__serves_over_tls_and_speaks_http_1_1(void **state)
{
	struct http_server *server = start("127.0.0.1:0", world.tls, LONG_MS);
	const unsigned char *protocol = NULL;
	unsigned n = 0;
	struct client c;

	(void)state;
	client_open(&c, http_server_port(server, 0), NULL);
	SSL_get0_alpn_selected(c.ssl, &protocol, &n);
	assert_int_equal(n, 8);
	assert_memory_equal(protocol, "http/1.1", 8);
	assert_int_equal(SSL_version(c.ssl), TLS1_3_VERSION);
	client_put(&c, POST "Content-Length: 3\r\n\r\none");
	client_put(&c,
	           POST "Content-Length: 3\r\nConnection: close\r\n\r\ntwo");
	assert_has(client_get_all(&c), "|two|127.0.0.1|1|-]");
	client_close(&c);
	assert_int_equal(owner.n_served, 2);
	http_server_stop(server);
}

static void
test_http_server__names_the_clients_certificate(void **state)
{
	struct http_server *server = start("127.0.0.1:0", world.tls, LONG_MS);
	unsigned char digest[EVP_MAX_MD_SIZE];
	char expected[80] = "|";
	unsigned n = 0;
	unsigned i;
	struct client c;

	(void)state;
	assert_int_equal(
		X509_digest(world.certs[2].x, EVP_sha256(), digest, &n), 1);
	for (i = 0; i < n; i++)
		(void)snprintf(expected + 1 + 2 * i, 3, "%02x", digest[i]);
	(void)strcat(expected, "]");
	client_open(&c, http_server_port(server, 0), world.client_pem);
	client_put(&c,
	           "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	assert_has(client_get_all(&c), expected);
	client_close(&c);
	/* the next connection of that worker is somebody else's */
	client_open(&c, http_server_port(server, 0), NULL);
	client_put(&c,
	           "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	assert_has(client_get_all(&c), "|-]");
	client_close(&c);
	http_server_stop(server);
}

static void
test_http_server__refuses_a_client_with_a_strangers_certificate(void **state)
{
	struct http_server *server = start("127.0.0.1:0", world.tls, LONG_MS);
	const struct manner manner = { .pem = world.stranger_pem };
	struct client c;

	(void)state;
	client_open_as(&c, http_server_port(server, 0), &manner);
	/* TLS 1.3: the client is done before the server has looked */
	(void)SSL_write(c.ssl, GET, sizeof(GET) - 1);
	assert_string_equal(client_get_all(&c), "");
	client_close(&c);
	assert_int_equal(owner.n_served, 0);
	http_server_stop(server);
}

static void
test_http_server__still_speaks_tls_1_2(void **state)
{
	struct http_server *server = start("127.0.0.1:0", world.tls, LONG_MS);
	const struct manner manner = { .version = TLS1_2_VERSION };
	struct client c;

	(void)state;
	client_open_as(&c, http_server_port(server, 0), &manner);
	client_put(&c, GET);
	assert_status(client_get_all(&c), 200);
	assert_int_equal(SSL_version(c.ssl), TLS1_2_VERSION);
	client_close(&c);
	http_server_stop(server);
}

static void
test_http_server__resumes_sessions(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	struct http_server *server = start("127.0.0.1:0", world.tls, LONG_MS);
	struct manner manner = { 0 };
	struct client c;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		manner.version = versions[i];
		manner.session = NULL;
		client_open_as(&c, http_server_port(server, 0), &manner);
		client_put(&c, GET);
		assert_status(client_get_all(&c), 200);
		assert_false(SSL_session_reused(c.ssl));
		manner.session = SSL_get1_session(c.ssl);
		client_close(&c);
		client_open_as(&c, http_server_port(server, 0), &manner);
		client_put(&c, GET);
		assert_status(client_get_all(&c), 200);
		assert_true(SSL_session_reused(c.ssl));
		client_close(&c);
		SSL_SESSION_free(manner.session);
	}
	http_server_stop(server);
}

enum { N_CALLERS = 6, N_CALLS = 25 };

/* Many calls on one connection. Returns NULL, or what went wrong. */
static void *
call_often(void *arg)
{
	static char in_connecting[] = "connecting";
	static char in_calling[] = "calling";
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	char answer[1024];
	char *bad = NULL;
	int fd = dial(*(int *)arg);
	int i;
	int n;

	(void)SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) != 1)
		bad = in_connecting;
	for (i = 0; i < N_CALLS && !bad; i++) {
		static const char request[] =
			POST "Content-Length: 3\r\n\r\nabc";

		(void)SSL_write(ssl, request, sizeof(request) - 1);
		n = SSL_read(ssl, answer, sizeof(answer) - 1);
		answer[n > 0 ? n : 0] = '\0';
		if (!strstr(answer, "|abc|127.0.0.1|1|-]"))
			bad = in_calling;
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	(void)close(fd);
	return bad;
}

static void
test_http_server__serves_many_at_once(void **state)
{
	struct http_server *server = start("127.0.0.1:0", world.tls, LONG_MS);
	int port = http_server_port(server, 0);
	pthread_t callers[N_CALLERS];
	struct buf why = BUF_INIT;
	void *bad;
	size_t i;

	(void)state;
	for (i = 0; i < N_CALLERS; i++)
		assert_int_equal(
			pthread_create(&callers[i], NULL, call_often, &port),
			0);
	assert_int_equal(tls_reload(world.tls, &why), 0);
	for (i = 0; i < N_CALLERS; i++) {
		assert_int_equal(pthread_join(callers[i], &bad), 0);
		if (bad)
			fail_msg("%s", (char *)bad);
	}
	assert_int_equal(owner.n_served, N_CALLERS * N_CALLS);
	buf_fini(&why);
	http_server_stop(server);
}

/* Send a byte now and then until the server has enough; true when it had. */
static bool
drip(struct client *c)
{
	struct timeval soon = { .tv_usec = 25000 };
	char c1;
	int turns;
	int got;

	(void)setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	for (turns = 0; turns < TURNS_MAX; turns++) {
		if (SSL_write(c->ssl, "a", 1) != 1)
			return true;
		got = SSL_read(c->ssl, &c1, 1);
		if (got <= 0 &&
		    SSL_get_error(c->ssl, got) != SSL_ERROR_WANT_READ)
			return true;
	}
	return false;
}

static void
assert_cut(struct http_server *server, int n)
{
	struct http_server_stats stats;

	http_server_read_stats(server, &stats);
	assert_int_equal(stats.cut, n);
}

static void
test_http_server__cuts_a_body_that_drips(void **state)
{
	struct http_server *server = start("127.0.0.1:0", world.tls, SHORT_MS);
	struct client c;

	(void)state;
	client_open(&c, http_server_port(server, 0), NULL);
	client_put(&c, POST "Content-Length: 900\r\n\r\n");
	assert_true(drip(&c));
	client_close(&c);
	assert_cut(server, 1);
	assert_int_equal(owner.n_served, 0);
	http_server_stop(server);
}

static void
test_http_server__cuts_a_handshake_that_does_not_come(void **state)
{
	struct http_server *server = start("127.0.0.1:0", world.tls, SHORT_MS);
	int fd = dial(http_server_port(server, 0));

	(void)state;
	assert_string_equal(get_all(fd), "");
	assert_cut(server, 1);
	http_server_stop(server);
}

static void
test_http_server__ends_headers_that_drip(void **state)
{
	struct http_server *server = start("127.0.0.1:0", world.tls, SHORT_MS);
	struct client c;

	(void)state;
	client_open(&c, http_server_port(server, 0), NULL);
	client_put(&c, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
	assert_true(drip(&c));
	client_close(&c);
	assert_int_equal(owner.n_served, 0);
	http_server_stop(server);
}

static void
test_http_server__does_not_count_our_own_work_against_the_sender(void **state)
{
	struct http_server *server = start("127.0.0.1:0", world.tls, SHORT_MS);
	struct client c;

	(void)state;
	owner.is_held = true;
	client_open(&c, http_server_port(server, 0), NULL);
	client_put(&c,
	           "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	while (!owner.is_inside)
		clock_sleep_ms(5);
	clock_sleep_ms(2 * SHORT_MS);
	owner.is_held = false;
	assert_status(client_get_all(&c), 200);
	client_close(&c);
	assert_cut(server, 0);
	http_server_stop(server);
}

/* ---- streams over TLS ---- */

/* Read to the end. Returns how it ended, of SSL_get_error. */
static int
client_read_body(struct client *c, struct body *b, int64_t pause_ms)
{
	static char chunk[65536];
	int got;

	while ((got = SSL_read(c->ssl, chunk, sizeof(chunk))) > 0) {
		take_bytes(b, chunk, (size_t)got);
		if (pause_ms)
			clock_sleep_ms(pause_ms);
	}
	return SSL_get_error(c->ssl, got);
}

static void
test_http_server__streams_100_mb_in_constant_memory(void **state)
{
	enum { STREAM_BYTES = 100000000, GROWTH_KIB = 8192 };
	struct http_server *server = start("127.0.0.1:0", world.tls, LONG_MS);
	struct body b = { .is_in_headers = true };
	struct client c;
	long before;

	(void)state;
	owner.n_piece = 100000;
	owner.n_stream = STREAM_BYTES / 100;
	client_open(&c, http_server_port(server, 0), NULL);
	client_put(&c, LAST_GET); /* once, so that what stays is there */
	assert_int_equal(client_read_body(&c, &b, 0), SSL_ERROR_ZERO_RETURN);
	client_close(&c);
	before = resident_kib();
	b = (struct body){ .is_in_headers = true };
	owner.n_stream = STREAM_BYTES;
	client_open(&c, http_server_port(server, 0), NULL);
	client_put(&c, LAST_GET);
	assert_int_equal(client_read_body(&c, &b, 0), SSL_ERROR_ZERO_RETURN);
	assert_true(b.is_whole && !b.is_wrong && b.n == STREAM_BYTES);
	assert_in_range(resident_kib(), 0, before + GROWTH_KIB);
	client_close(&c);
	http_server_stop(server);
}

/* A body that fails after some pieces; how the client's connection ends. */
static int
read_failing(const char *request, struct body *b)
{
	struct http_server *server = start("127.0.0.1:0", world.tls, LONG_MS);
	struct client c;
	int end;

	owner.n_stream = 1000000;
	owner.fails_after = 500000;
	client_open(&c, http_server_port(server, 0), NULL);
	client_put(&c, request);
	end = client_read_body(&c, b, 0);
	assert_true(is_freed());
	client_close(&c);
	http_server_stop(server);
	return end;
}

static void
test_http_server__a_stream_that_fails_is_seen_as_broken(void **state)
{
	struct body b = { .is_in_headers = true };

	(void)state;
	(void)read_failing(LAST_GET, &b);
	assert_false(b.is_whole);
	assert_false(b.is_wrong);
	assert_true(b.n > 0 && b.n <= 500000);
}

/* For whom the end of the connection is the end of the body. */
static void
test_http_server__a_failed_stream_says_no_farewell_to_old_clients(void **state)
{
	struct body b = { .is_in_headers = true };

	(void)state;
	assert_int_not_equal(read_failing("GET / HTTP/1.0\r\n\r\n", &b),
	                     SSL_ERROR_ZERO_RETURN);
}

static void
test_http_server__a_client_that_goes_away_ends_the_stream(void **state)
{
	struct http_server *server = start("127.0.0.1:0", world.tls, LONG_MS);
	struct http_server_stats stats;
	struct client c;
	char some[1000];

	(void)state;
	owner.n_stream = INT64_MAX;
	client_open(&c, http_server_port(server, 0), NULL);
	client_put(&c, STREAM_GET);
	assert_true(SSL_read(c.ssl, some, sizeof(some)) > 0);
	client_close(&c);
	assert_true(is_freed());
	assert_int_not_equal(owner.write_result, 0);
	assert_int_equal(http_server_close(server, LONG_MS), 0);
	http_server_read_stats(server, &stats);
	assert_int_equal(stats.in_hand, 0);
	http_server_stop(server);
}

static void
test_http_server__a_client_that_stands_still_ends_the_stream(void **state)
{
	struct http_server *server = start("127.0.0.1:0", world.tls, SHORT_MS);
	struct client c;

	(void)state;
	owner.n_stream = INT64_MAX;
	owner.n_piece = 100000;
	client_open(&c, http_server_port(server, 0), NULL);
	client_put(&c, STREAM_GET);
	assert_true(is_freed());
	assert_int_not_equal(owner.write_result, 0);
	client_close(&c);
	http_server_stop(server);
}

static void
test_http_server__a_client_that_reads_slowly_gets_it_all(void **state)
{
	enum { SLOW_BYTES = 24000000, PAUSE_MS = 2 };
	struct http_server *server = start("127.0.0.1:0", world.tls, SHORT_MS);
	struct body b = { .is_in_headers = true };
	int64_t began = clock_mono_ms();
	struct client c;

	(void)state;
	owner.n_stream = SLOW_BYTES;
	owner.n_piece = 100000;
	client_open(&c, http_server_port(server, 0), NULL);
	client_put(&c, LAST_GET);
	assert_int_equal(client_read_body(&c, &b, PAUSE_MS),
	                 SSL_ERROR_ZERO_RETURN);
	assert_true(b.is_whole && b.n == SLOW_BYTES);
	assert_true(clock_mono_ms() - began > 2 * SHORT_MS);
	client_close(&c);
	http_server_stop(server);
}

/* civetweb looks at its time every two seconds; we wait longer than it. */
enum { PAUSED_BYTES = 24000000, LONG_PAUSE_MS = 2500 };

static void
test_http_server__a_client_that_pauses_gets_it_all(void **state)
{
	struct http_server *server = start("127.0.0.1:0", NULL, SHORT_MS);
	struct body b = { .is_in_headers = true };
	static char chunk[65536];
	ssize_t got;
	int fd;

	(void)state;
	owner.n_stream = PAUSED_BYTES;
	owner.n_piece = 100000;
	fd = dial(http_server_port(server, 0));
	put(fd, LAST_GET);
	clock_sleep_ms(LONG_PAUSE_MS);
	assert_int_equal(owner.n_freed, 0);
	while ((got = recv(fd, chunk, sizeof(chunk), 0)) > 0)
		take_bytes(&b, chunk, (size_t)got);
	assert_true(b.is_whole && !b.is_wrong && b.n == PAUSED_BYTES);
	(void)close(fd);
	http_server_stop(server);
}

static void
test_http_server__a_tls_client_that_pauses_gets_it_all(void **state)
{
	struct http_server *server = start("127.0.0.1:0", world.tls, SHORT_MS);
	struct body b = { .is_in_headers = true };
	struct client c;

	(void)state;
	owner.n_stream = PAUSED_BYTES;
	owner.n_piece = 100000;
	client_open(&c, http_server_port(server, 0), NULL);
	client_put(&c, LAST_GET);
	clock_sleep_ms(LONG_PAUSE_MS);
	assert_int_equal(owner.n_freed, 0);
	assert_int_equal(client_read_body(&c, &b, 0), SSL_ERROR_ZERO_RETURN);
	assert_true(b.is_whole && !b.is_wrong && b.n == PAUSED_BYTES);
	client_close(&c);
	assert_cut(server, 0);
	http_server_stop(server);
}

static void
test_http_server__does_not_count_the_making_of_a_stream(void **state)
{
	struct http_server *server = start("127.0.0.1:0", world.tls, SHORT_MS);
	struct body b = { .is_in_headers = true };
	struct client c;

	(void)state;
	owner.n_stream = 2000;
	owner.piece_ms = SHORT_MS;
	client_open(&c, http_server_port(server, 0), NULL);
	client_put(&c, LAST_GET);
	assert_int_equal(client_read_body(&c, &b, 0), SSL_ERROR_ZERO_RETURN);
	assert_true(b.is_whole && b.n == 2000);
	client_close(&c);
	assert_cut(server, 0);
	http_server_stop(server);
}

static void
test_http_server__stops_with_idle_connections_open(void **state)
{
	struct http_server *server = start("127.0.0.1:0", world.tls, LONG_MS);
	struct client c;

	(void)state;
	client_open(&c, http_server_port(server, 0), NULL);
	client_put(&c, POST "Content-Length: 3\r\n\r\none");
	while (owner.n_served == 0)
		clock_sleep_ms(5);
	http_server_stop(server);
	client_close(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http_server__is_built_as_we_need_it),
		cmocka_unit_test(
			test_http_server__names_the_address_it_cannot_listen_on),
		cmocka_unit_test(
			test_http_server__listens_on_both_families_at_once),
		cmocka_unit_test(
			test_http_server__hands_on_the_call_as_it_was_sent),
		cmocka_unit_test(test_http_server__puts_chunks_together),
		cmocka_unit_test(
			test_http_server__refuses_doubtful_framing_and_closes),
		cmocka_unit_test(test_http_server__takes_63_headers),
		cmocka_unit_test(
			test_http_server__never_takes_a_part_for_the_whole_body),
		cmocka_unit_test(
			test_http_server__refuses_bodies_that_are_too_large),
		cmocka_unit_test(
			test_http_server__accepts_a_body_of_just_the_limit),
		cmocka_unit_test(
			test_http_server__answers_expect_before_the_body),
		cmocka_unit_test(
			test_http_server__does_not_invite_a_body_that_it_refuses),
		cmocka_unit_test(
			test_http_server__serves_many_calls_on_one_connection),
		cmocka_unit_test(
			test_http_server__keeps_the_connection_after_a_refusal_without_body),
		cmocka_unit_test(test_http_server__closes_for_old_clients),
		cmocka_unit_test(test_http_server__writes_a_plain_reply),
		cmocka_unit_test(test_http_server__can_lose_the_answer),
		cmocka_unit_test(
			test_http_server__streams_in_chunks_and_keeps_the_connection),
		cmocka_unit_test(test_http_server__streams_an_empty_body),
		cmocka_unit_test(
			test_http_server__streams_to_old_clients_until_it_closes),
		cmocka_unit_test(test_http_server__sends_no_body_to_head),
		cmocka_unit_test(test_http_server__writes_a_long_body_whole),
		cmocka_unit_test(
			test_http_server__finishes_what_is_in_hand_and_refuses_the_rest),
		cmocka_unit_test(test_http_server__tells_how_busy_it_is),
		cmocka_unit_test(
			test_http_server__serves_over_tls_and_speaks_http_1_1),
		cmocka_unit_test(
			test_http_server__names_the_clients_certificate),
		cmocka_unit_test(
			test_http_server__refuses_a_client_with_a_strangers_certificate),
		cmocka_unit_test(test_http_server__still_speaks_tls_1_2),
		cmocka_unit_test(test_http_server__resumes_sessions),
		cmocka_unit_test(test_http_server__serves_many_at_once),
		cmocka_unit_test(test_http_server__cuts_a_body_that_drips),
		cmocka_unit_test(
			test_http_server__cuts_a_handshake_that_does_not_come),
		cmocka_unit_test(test_http_server__ends_headers_that_drip),
		cmocka_unit_test(
			test_http_server__does_not_count_our_own_work_against_the_sender),
		cmocka_unit_test(
			test_http_server__streams_100_mb_in_constant_memory),
		cmocka_unit_test(
			test_http_server__a_stream_that_fails_is_seen_as_broken),
		cmocka_unit_test(
			test_http_server__a_failed_stream_says_no_farewell_to_old_clients),
		cmocka_unit_test(
			test_http_server__a_client_that_goes_away_ends_the_stream),
		cmocka_unit_test(
			test_http_server__a_client_that_stands_still_ends_the_stream),
		cmocka_unit_test(
			test_http_server__a_client_that_reads_slowly_gets_it_all),
		cmocka_unit_test(
			test_http_server__a_client_that_pauses_gets_it_all),
		cmocka_unit_test(
			test_http_server__a_tls_client_that_pauses_gets_it_all),
		cmocka_unit_test(
			test_http_server__does_not_count_the_making_of_a_stream),
		cmocka_unit_test(
			test_http_server__stops_with_idle_connections_open),
	};

	return cmocka_run_group_tests(tests, set_up_world, tear_down_world);
}
