/*
 * A small HTTP/1.1 server that can misbehave; see server.h.
 *
 * Invariant: a connection is in the server's list from accept until its thread
 * has been joined, so that stopping finds every socket.
 */
#define _DEFAULT_SOURCE 1 /* strncasecmp under -std=c17 */

#include "tests/sim/server.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "tests/sim/sim.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	HEAD_MAX = 131072, /* bytes of a request's head */
	BODY_MAX = 16777216,
	HEADERS_MAX = 64,
	IDLE_MS = 60000, /* a kept connection without a request */
	HANG_MS = 60000,
	PIECE_SIZE = 65536,
	LOOK_MS = 10, /* whether late answers are released */
};

struct connection {
	struct server *server;
	struct connection *next;
	pthread_t thread;
	int fd;
	unsigned n_releases; /* before the call in hand was served */
	bool is_done;  /* guarded by the server's lock; only the join is left */
	struct buf in; /* bytes read and not yet used */
};

struct server {
	int fd;
	int stop_pipe[2]; /* readable once the server stops */
	char address[80];
	void (*serve)(void *ctx, const struct http_call *call,
	              struct server_reply *reply);
	void *ctx;
	pthread_t thread;
	pthread_mutex_t lock; /* guards the list and is_done */
	struct connection *connections;
};

/* How often server_release() was called: for all servers at once. */
static atomic_uint n_releases;

/* ---- reading ---- */

/* Wait for fd. False when the time is over or the server stops. */
static bool
wait_readable(const struct server *server, int fd, int64_t ms)
{
	struct pollfd polled[2] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = server->stop_pipe[0], .events = POLLIN },
	};
	int n;

	do
		n = poll(polled, 2, (int)ms);
	while (n < 0 && errno == EINTR);
	return n > 0 && polled[1].revents == 0;
}

static bool
read_more(struct connection *c)
{
	char chunk[16384];
	ssize_t n;

	if (!wait_readable(c->server, c->fd, IDLE_MS))
		return false;
	n = recv(c->fd, chunk, sizeof(chunk), 0);
	if (n <= 0)
		return false;
	buf_add(&c->in, chunk, (size_t)n);
	return buf_check(&c->in) == 0;
}

static void
drop_front(struct buf *b, size_t n)
{
	memmove(b->p, b->p + n, b->n - n + 1); /* the NUL too */
	b->n -= n;
}

/* The bytes up to an empty line, or 0 on trouble. */
static size_t
read_head(struct connection *c)
{
	const char *end;

	for (;;) {
		end = c->in.n > 0 ? strstr(c->in.p, "\r\n\r\n") : NULL;
		if (end != NULL)
			return (size_t)(end - c->in.p) + 4;
		if (c->in.n > HEAD_MAX || !read_more(c))
			return 0;
	}
}

static bool
take_body(struct connection *c, struct buf *body, size_t n)
{
	while (c->in.n < n) {
		if (!read_more(c))
			return false;
	}
	if (n > 0) {
		buf_add(body, c->in.p, n);
		drop_front(&c->in, n);
	}
	return true;
}

/* One line without its end, cut from the front; false on trouble. */
static bool
take_line(struct connection *c, char *out, size_t size)
{
	const char *end;
	size_t n;

	for (;;) {
		end = c->in.n > 0 ? strstr(c->in.p, "\r\n") : NULL;
		if (end != NULL)
			break;
		if (c->in.n > size || !read_more(c))
			return false;
	}
	n = (size_t)(end - c->in.p);
	if (n >= size)
		return false;
	memcpy(out, c->in.p, n);
	out[n] = '\0';
	drop_front(&c->in, n + 2);
	return true;
}

static bool
take_chunks(struct connection *c, struct buf *body)
{
	char line[1024];
	unsigned long n;

	for (;;) {
		if (!take_line(c, line, sizeof(line)))
			return false;
		n = strtoul(line, NULL, 16);
		if (n == 0)
			break;
		if (body->n + n > BODY_MAX || !take_body(c, body, n))
			return false;
		if (!take_line(c, line, sizeof(line)))
			return false;
	}
	while (take_line(c, line, sizeof(line))) {
		if (line[0] == '\0')
			return true; /* trailers are over */
	}
	return false;
}

/* ---- one request ---- */

struct parsed {
	struct http_header headers[HEADERS_MAX];
	struct http_call call;
	char *head; /* owned; cut into pieces */
	struct buf body;
	bool must_close;
};

static void
parsed_fini(struct parsed *p)
{
	free(p->head);
	buf_fini(&p->body);
}

static char *
cut(char **rest, const char *at)
{
	char *piece = *rest;
	char *end;

	end = piece != NULL ? strstr(piece, at) : NULL;
	if (end == NULL) {
		*rest = NULL;
		return piece;
	}
	*end = '\0';
	*rest = end + strlen(at);
	return piece;
}

static bool
parse_request_line(struct parsed *p, char *line)
{
	char *rest = line;
	char *target;

	p->call.method = cut(&rest, " ");
	target = cut(&rest, " ");
	if (target == NULL || target[0] != '/' || rest == NULL)
		return false;
	p->must_close = strcmp(rest, "HTTP/1.1") != 0;
	p->call.path = cut(&target, "?");
	p->call.query = target != NULL ? target : "";
	return true;
}

static bool
parse_head(struct parsed *p)
{
	char *rest = p->head;
	char *line;
	char *value;

	line = cut(&rest, "\r\n");
	if (line == NULL || !parse_request_line(p, line))
		return false;
	for (line = cut(&rest, "\r\n"); line != NULL && line[0] != '\0';
	     line = cut(&rest, "\r\n")) {
		if (p->call.n_headers == HEADERS_MAX)
			return false;
		value = line;
		p->headers[p->call.n_headers].name = cut(&value, ":");
		if (value == NULL)
			return false;
		value += strspn(value, " \t");
		p->headers[p->call.n_headers++].value = value;
	}
	p->call.headers = p->headers;
	return true;
}

static const char *
header_of(const struct parsed *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->call.n_headers; i++) {
		if (strcasecmp(p->headers[i].name, name) == 0)
			return p->headers[i].value;
	}
	return NULL;
}

static bool
send_all(int fd, const char *p, size_t n)
{
	ssize_t sent;

	while (n > 0) {
		sent = send(fd, p, n, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		p += sent;
		n -= (size_t)sent;
	}
	return true;
}

static bool
read_body(struct connection *c, struct parsed *p)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const char *coding = header_of(p, "Transfer-Encoding");
	const char *length = header_of(p, "Content-Length");
	const char *expect = header_of(p, "Expect");
	unsigned long n;

	if (expect != NULL && !send_all(c->fd, go_on, sizeof(go_on) - 1))
		return false;
	if (coding != NULL)
		return strcasecmp(coding, "chunked") == 0 &&
		       take_chunks(c, &p->body);
	n = length != NULL ? strtoul(length, NULL, 10) : 0;
	return n <= BODY_MAX && take_body(c, &p->body, n);
}

/* False: the peer is gone, or sent no HTTP. */
static bool
read_request(struct connection *c, struct parsed *p)
{
	const char *connection;
	size_t n;

	n = read_head(c);
	if (n == 0)
		return false;
	p->head = text_ndup(c->in.p, n);
	drop_front(&c->in, n);
	if (p->head == NULL || !parse_head(p) || !read_body(c, p))
		return false;
	connection = header_of(p, "Connection");
	if (connection != NULL && strcasecmp(connection, "close") == 0)
		p->must_close = true;
	p->call.body = buf_text(&p->body);
	p->call.n_body = p->body.n;
	p->call.peer = "127.0.0.1";
	p->call.is_loopback = true;
	return buf_check(&p->body) == 0;
}

/* ---- answering ---- */

const char *
server_reason(int status)
{
	switch (status) {
	case 200: return "OK";
	case 400: return "Bad Request";
	case 401: return "Unauthorized";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 406: return "Not Acceptable";
	case 409: return "Conflict";
	case 422: return "Unprocessable Entity";
	case 429: return "Too Many Requests";
	case 500: return "Internal Server Error";
	case 502: return "Bad Gateway";
	case 503: return "Service Unavailable";
	default: return "Status";
	}
}

/* A reset instead of an orderly end. */
static void
arm_reset(int fd)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

/* As every vendor's server sends it; some of us learn their clock from it. */
static void
add_date(struct buf *out)
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed",
		                         "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr",
		                            "May", "Jun", "Jul", "Aug",
		                            "Sep", "Oct", "Nov", "Dec" };
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm t;

	gmtime_r(&now, &t);
	buf_addf(out, "Date: %s, %02d %s %d %02d:%02d:%02d GMT\r\n",
	         days[t.tm_wday], t.tm_mday, months[t.tm_mon], t.tm_year + 1900,
	         t.tm_hour, t.tm_min, t.tm_sec);
}

/* The head, up to what says how long the body is. */
static void
add_head(struct buf *out, const struct server_reply *r, bool must_close)
{
	const char *type;

	type = r->content_type != NULL ? r->content_type : "application/json";
	buf_addf(out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n", r->status,
	         server_reason(r->status), type);
	add_date(out);
	buf_adds(out, buf_text(&r->headers));
	if (must_close)
		buf_adds(out, "Connection: close\r\n");
}

static bool
send_chunk(int fd, const struct buf *bytes)
{
	char size[24];
	int n;

	if (bytes->n == 0)
		return true; /* a chunk of nothing would be the end */
	n = snprintf(size, sizeof(size), "%zx\r\n", bytes->n);
	return send_all(fd, size, (size_t)n) &&
	       send_all(fd, bytes->p, bytes->n) && send_all(fd, "\r\n", 2);
}

/*
 * The time before an answer or within it, which ends early when it is released.
 * A call that was released before it came here does not wait at all.
 */
static void
be_late(const struct connection *c, int64_t ms)
{
	struct pollfd stop = { .fd = c->server->stop_pipe[0],
		               .events = POLLIN };
	const int64_t end_mono_ms = clock_mono_ms() + ms;

	while (ms > 0 && atomic_load(&n_releases) == c->n_releases &&
	       poll(&stop, 1, ms < LOOK_MS ? (int)ms : LOOK_MS) <= 0)
		ms = end_mono_ms - clock_mono_ms();
}

/* The pieces of a stream, one by one; true: all of them are sent. */
static bool
send_pieces(struct connection *c, const struct server_reply *r)
{
	struct server_piece piece = { .wanted = PIECE_SIZE };
	bool is_sent = false;

	do {
		buf_reset(&piece.bytes);
		piece.pause_ms = 0;
		r->stream.produce(r->stream.ctx, &piece);
		is_sent = buf_check(&piece.bytes) == 0 &&
		          send_chunk(c->fd, &piece.bytes);
		if (is_sent)
			be_late(c, piece.pause_ms);
		if (piece.is_reset)
			arm_reset(c->fd);
	} while (is_sent && !piece.is_last && !piece.is_reset &&
	         r->ending == SERVER_WHOLE);
	buf_fini(&piece.bytes);
	return is_sent && piece.is_last && !piece.is_reset &&
	       r->ending == SERVER_WHOLE;
}

static bool
send_stream(struct connection *c, const struct server_reply *r, bool must_close)
{
	struct buf out = BUF_INIT;
	bool is_sent;

	add_head(&out, r, must_close);
	buf_adds(&out, "Transfer-Encoding: chunked\r\n\r\n");
	is_sent = buf_check(&out) == 0 && send_all(c->fd, out.p, out.n) &&
	          send_chunk(c->fd, &r->body) && send_pieces(c, r) &&
	          send_all(c->fd, "0\r\n\r\n", 5);
	buf_fini(&out);
	return is_sent && !must_close;
}

static bool
send_reply(struct connection *c, const struct server_reply *r, bool must_close)
{
	struct buf out = BUF_INIT;
	size_t n = r->body.n;
	bool is_sent;

	if (r->stream.produce != NULL)
		return send_stream(c, r, must_close);
	if (r->ending == SERVER_TRUNCATE)
		n /= 2;
	add_head(&out, r, must_close);
	buf_addf(&out, "Content-Length: %zu\r\n\r\n", r->body.n);
	buf_add(&out, buf_text(&r->body), n);
	is_sent = buf_check(&out) == 0 && send_all(c->fd, out.p, out.n);
	buf_fini(&out);
	return is_sent && r->ending == SERVER_WHOLE && !must_close;
}

/* True: the connection stays open for another request. */
static bool
answer(struct connection *c, const struct parsed *p, struct server_reply *r)
{
	if (r->ending == SERVER_HANG) {
		wait_readable(c->server, c->fd,
		              r->delay_ms > 0 ? r->delay_ms : HANG_MS);
		return false;
	}
	be_late(c, r->delay_ms);
	if (r->ending == SERVER_RESET)
		arm_reset(c->fd);
	if (r->ending == SERVER_SILENT || r->ending == SERVER_RESET)
		return false;
	return send_reply(c, r, p->must_close);
}

static bool
serve_one(struct connection *c)
{
	struct parsed p = { .must_close = false };
	struct server_reply reply = { .status = 0 };
	bool goes_on = false;

	if (read_request(c, &p)) {
		c->n_releases = atomic_load(&n_releases);
		c->server->serve(c->server->ctx, &p.call, &reply);
		goes_on = answer(c, &p, &reply);
	}
	server_reply_fini(&reply);
	parsed_fini(&p);
	return goes_on;
}

void
server_reply_fini(struct server_reply *reply)
{
	if (reply->stream.release != NULL)
		reply->stream.release(reply->stream.ctx);
	reply->stream = (struct server_stream){ .ctx = NULL };
	buf_fini(&reply->headers);
	buf_fini(&reply->body);
}

/* ---- threads ---- */

static void *
run_connection(void *arg)
{
	struct connection *c = arg;

	while (serve_one(c))
		continue;
	buf_fini(&c->in);
	pthread_mutex_lock(&c->server->lock);
	c->is_done = true;
	close(c->fd);
	c->fd = -1;
	pthread_mutex_unlock(&c->server->lock);
	return NULL;
}

/* Join finished threads, or all of them. */
static void
reap(struct server *server, bool all)
{
	struct connection **link = &server->connections;
	struct connection *c;
	bool is_done;

	while (*link != NULL) {
		c = *link;
		pthread_mutex_lock(&server->lock);
		is_done = c->is_done;
		if (all && !is_done)
			shutdown(c->fd, SHUT_RDWR);
		pthread_mutex_unlock(&server->lock);
		if (!all && !is_done) {
			link = &c->next;
			continue;
		}
		pthread_join(c->thread, NULL);
		*link = c->next;
		free(c);
	}
}

static void
take_connection(struct server *server, int fd)
{
	const int on = 1;
	struct connection *c;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c = sim_alloc(sizeof(*c));
	c->server = server;
	c->fd = fd;
	if (pthread_create(&c->thread, NULL, run_connection, c) != 0) {
		close(fd);
		free(c);
		return;
	}
	c->next = server->connections;
	server->connections = c;
}

static void *
run_server(void *arg)
{
	struct server *server = arg;
	int fd;

	while (wait_readable(server, server->fd, -1)) {
		fd = accept(server->fd, NULL, NULL);
		if (fd >= 0)
			take_connection(server, fd);
		reap(server, false);
	}
	reap(server, true);
	return NULL;
}

/* ---- starting ---- */

/* Split "host:port" and "[host]:port". */
static bool
split_address(const char *address, char *host, size_t size, const char **port)
{
	const char *colon = strrchr(address, ':');
	size_t n;

	if (colon == NULL)
		return false;
	n = (size_t)(colon - address);
	if (n >= 2 && address[0] == '[' && address[n - 1] == ']') {
		address++;
		n -= 2;
	}
	if (n == 0 || n >= size)
		return false;
	memcpy(host, address, n);
	host[n] = '\0';
	*port = colon + 1;
	return true;
}

static int
open_socket(const char *address)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		                        .ai_flags = AI_NUMERICHOST |
		                                    AI_NUMERICSERV |
		                                    AI_PASSIVE };
	const int on = 1;
	struct addrinfo *found;
	const char *port;
	char host[64];
	int fd;

	if (!split_address(address, host, sizeof(host), &port) ||
	    getaddrinfo(host, port, &hints, &found) != 0)
		return -1;
	fd = socket(found->ai_family, SOCK_STREAM, 0);
	if (fd >= 0 &&
	    (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	     bind(fd, found->ai_addr, found->ai_addrlen) != 0 ||
	     listen(fd, 128) != 0)) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

static void
name_address(struct server *server)
{
	struct sockaddr_storage taken;
	socklen_t n = sizeof(taken);
	char host[64];
	char port[16];

	getsockname(server->fd, (struct sockaddr *)&taken, &n);
	getnameinfo((struct sockaddr *)&taken, n, host, sizeof(host), port,
	            sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(server->address, sizeof(server->address),
	         strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);
}

int
server_start(struct server **out, const char *address,
             void (*serve)(void *ctx, const struct http_call *call,
                           struct server_reply *reply),
             void *ctx)
{
	struct server *server;
	int fd;

	fd = open_socket(address);
	if (fd < 0)
		return err_raise(ERR_OS, "cannot listen on %s", address);
	server = sim_alloc(sizeof(*server));
	server->fd = fd;
	server->serve = serve;
	server->ctx = ctx;
	pthread_mutex_init(&server->lock, NULL);
	name_address(server);
	if (pipe(server->stop_pipe) != 0 ||
	    pthread_create(&server->thread, NULL, run_server, server) != 0) {
		close(fd);
		free(server);
		return err_raise(ERR_OS, "cannot start a thread");
	}
	*out = server;
	return 0;
}

void
server_release(void)
{
	atomic_fetch_add(&n_releases, 1);
}

const char *
server_address(const struct server *server)
{
	return server->address;
}

void
server_stop(struct server *server)
{
	ssize_t n;

	if (server == NULL)
		return;
	n = write(server->stop_pipe[1], "", 1);
	assert(n == 1);
	pthread_join(server->thread, NULL);
	close(server->fd);
	close(server->stop_pipe[0]);
	close(server->stop_pipe[1]);
	pthread_mutex_destroy(&server->lock);
	free(server);
}
