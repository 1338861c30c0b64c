/*
 * civetweb, and nothing else includes it.
 *
 * Everything is served from `begin_request`, which sees each request first and
 * answers it completely (platform.md C12). Not a router and not a parser of
 * bodies: what a call means is for admit() and serve().
 *
 * Deadlines. civetweb limits each read, not a request (C8). A worker notes the
 * socket it serves when the TLS handshake begins and until when the request
 * must have come in; a watchdog thread shuts down the sockets that are late,
 * which makes civetweb's read return at once (C9). Our own work between the
 * last byte and the reply is not the sender's fault and is not counted. Each
 * piece of a long reply has a time of its own: a download may last as long as
 * it makes progress. Plain HTTP gives us no socket, so it is for loopback only.
 *
 * Invariant: a worker's fd is -1 before civetweb closes that socket, so the
 * watchdog never touches a number that the kernel has given to somebody else.
 */
#include "gateway/drivers/http_server.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/base/log.h"
#include "gateway/drivers/http_stream.h"
#include "gateway/drivers/http_wire.h"
#include "gateway/drivers/tls.h"
#include "gateway/model/metrics.h"

#include <civetweb.h>

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
	SERVER_MAGIC = 0x48747470,
	HEADER_BUFFER_BYTES =
		16384, /* civetweb's default, made explicit (C15) */
	HEADER_MAX_BYTES = HEADER_BUFFER_BYTES - 1024,
	CHUNK_BYTES = 4096,   /* on the worker's stack (C10) */
	KEEP_BYTES = 65536,   /* body memory a worker keeps */
	PATIENCE = 12,        /* request time-outs without a byte taken */
	REPLY_BROKEN = 1,     /* the rest of a reply cannot be written */
	KEEP_ALIVE_MS = 2000, /* an idle connection holds a worker (C8) */
	QUEUE_MIN = 64,       /* accepted connections without worker */
	BACKLOG = 1024,       /* connections the kernel holds */
	WATCH_MIN_MS = 5,
	WATCH_MAX_MS = 250,
	WAKE_MS = 20, /* between knocks while stopping */
	CLOSING_RETRY_S = 10,
	STATS_BYTES = 2048,
	WHY_BYTES = 256,
	OPTION_BYTES = 24,
};

/* A civetweb thread and the connection it serves. */
struct worker {
	struct http_server *server;
	int fd;                   /* of a TLS connection; -1: none. Lock */
	int64_t deadline_mono_ms; /* 0: none. Lock */
	bool is_cut;              /* Lock */
	void *ssl;                /* own thread only, as all below */
	struct http_header headers[MG_MAX_HEADERS];
	char client_sha256[TLS_SHA256_SIZE];
	struct buf body;
	struct buf wire;
};

struct http_server {
	uint32_t magic;
	struct http_server_options options; /* listen is NULL after start */
	struct mg_context *mg;
	struct worker *workers;       /* owned; options.workers of them */
	atomic_uint n_workers;        /* taken by threads so far */
	struct mg_server_port *ports; /* owned; one per address */
	size_t n_ports;               /* 0: not read yet. Lock, until started */
	pthread_t watchdog;
	bool has_watchdog;
	char first[HTTP_LISTEN_SIZE]; /* address */
	pthread_mutex_t lock;   /* guards what follows, and workers as said */
	pthread_cond_t changed; /* monotonic; nothing in hand, or stopping */
	bool is_started;
	bool is_closing;
	bool is_stopping;
	bool is_stopped; /* civetweb is gone */
	int64_t in_hand;
	int64_t requests;
	int64_t cut;
	char why[WHY_BYTES]; /* civetweb's last words before it started */
};

/* What is known of one request while it is served. */
struct request {
	struct mg_connection *conn;
	struct worker *worker;
	struct http_framing framing;
	struct http_call call;
	struct http_reply reply;
	int64_t number;
	int64_t began_mono_ms;
	bool is_read; /* nothing of the body is left on the wire */
	bool is_admitted;
	bool is_long; /* its reply, which may take longer than a request */
};

static _Thread_local struct worker *own;

/* ---- deadlines ---- */

static void
set_deadline(struct worker *worker, int64_t deadline_mono_ms)
{
	(void)pthread_mutex_lock(&worker->server->lock);
	worker->deadline_mono_ms = deadline_mono_ms;
	(void)pthread_mutex_unlock(&worker->server->lock);
}

/* A handshake begins on this thread: from now on its socket can be cut. */
static void
connection_began(void *ssl, int fd)
{
	struct worker *worker = own;
	struct http_server *server;

	if (!worker || worker->ssl == ssl)
		return;
	server = worker->server;
	worker->ssl = ssl;
	(void)pthread_mutex_lock(&server->lock);
	worker->fd = fd;
	worker->is_cut = false;
	worker->deadline_mono_ms =
		clock_mono_ms() + server->options.request_timeout_ms;
	(void)pthread_mutex_unlock(&server->lock);
}

/* civetweb is about to close this thread's socket. */
static void
connection_ends(const struct mg_connection *conn)
{
	struct worker *worker = own;

	(void)conn;
	if (!worker)
		return;
	worker->ssl = NULL;
	(void)pthread_mutex_lock(&worker->server->lock);
	worker->fd = -1;
	worker->deadline_mono_ms = 0;
	(void)pthread_mutex_unlock(&worker->server->lock);
}

static void
cut_late(struct http_server *server)
{
	int64_t now = clock_mono_ms();
	struct worker *worker;
	unsigned i;

	for (i = 0; i < server->options.workers; i++) {
		worker = &server->workers[i];
		if (worker->fd < 0 || worker->is_cut ||
		    worker->deadline_mono_ms == 0 ||
		    now < worker->deadline_mono_ms)
			continue;
		(void)shutdown(worker->fd, SHUT_RDWR);
		worker->is_cut = true;
		server->cut++;
		metrics_add(METRIC_requests_cut, 1);
	}
}

/* Wait on `changed` for a while; real time, whatever the tests' clock says. */
static void
wait_changed(struct http_server *server, int64_t ms)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_cond_timedwait(&server->changed, &server->lock, &until);
}

static void *
watch(void *arg)
{
	struct http_server *server = arg;
	int64_t period_ms = server->options.request_timeout_ms / 8;

	assert(server->magic == SERVER_MAGIC);
	if (period_ms < WATCH_MIN_MS)
		period_ms = WATCH_MIN_MS;
	if (period_ms > WATCH_MAX_MS)
		period_ms = WATCH_MAX_MS;
	(void)pthread_mutex_lock(&server->lock);
	while (!server->is_stopping) {
		cut_late(server);
		wait_changed(server, period_ms);
	}
	/* civetweb looks at its stop flag every two seconds, or when somebody
	   knocks (C34). */
	while (!server->is_stopped) {
		(void)pthread_mutex_unlock(&server->lock);
		http_listen_wake(server->first, server->ports[0].port);
		(void)pthread_mutex_lock(&server->lock);
		if (!server->is_stopped)
			wait_changed(server, WAKE_MS);
	}
	(void)pthread_mutex_unlock(&server->lock);
	return NULL;
}

/* ---- one request ---- */

/* Count it in. Returns false when the server is closing. */
static bool
enter(struct request *q)
{
	struct http_server *server = q->worker->server;
	int64_t now = clock_mono_ms();
	int64_t deadline = now + server->options.request_timeout_ms;
	bool is_open;

	q->began_mono_ms = now;
	(void)pthread_mutex_lock(&server->lock);
	is_open = !server->is_closing;
	server->in_hand++;
	q->number = ++server->requests;
	if (q->worker->deadline_mono_ms == 0 ||
	    deadline < q->worker->deadline_mono_ms)
		q->worker->deadline_mono_ms = deadline;
	(void)pthread_mutex_unlock(&server->lock);
	return is_open;
}

static void
leave(struct request *q)
{
	struct http_server *server = q->worker->server;

	(void)pthread_mutex_lock(&server->lock);
	server->in_hand--;
	if (server->in_hand == 0)
		(void)pthread_cond_broadcast(&server->changed);
	/* The next request on this connection: its waiting and its coming. */
	q->worker->deadline_mono_ms = clock_mono_ms() + KEEP_ALIVE_MS +
	                              server->options.request_timeout_ms;
	(void)pthread_mutex_unlock(&server->lock);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\r' || c == '\n';
}

/*
 * Do the headers fill their block exactly? civetweb stops without a word at a
 * folded line and at an empty one that only it takes for the end, and the rest
 * is lost, a length perhaps (as C20). It also takes blanks before the colon
 * and bare line feeds (C19). All of it shows in the buffer, where it replaced
 * CR, LF, blanks and colons by NULs.
 *
 * The byte before the method is the last one of civetweb's own heading of its
 * buffer, never a blank; if it is one, blanks were skipped, and civetweb has
 * lost count of where the body begins.
 */
static bool
is_exact(const struct mg_request_info *info)
{
	const char *start = info->request_method;
	const struct mg_header *h;
	const char *name_end;
	const char *end = NULL;
	int i;

	if (info->num_headers >= MG_MAX_HEADERS || is_blank(start[-1]))
		return false;
	for (i = 0; i < info->num_headers; i++) {
		h = &info->http_headers[i];
		name_end = h->name + strlen(h->name);
		end = h->value + strlen(h->value);
		if (name_end[1] == '\0' && h->value > name_end + 1)
			return false;
		if (end - start > HEADER_MAX_BYTES || end[1] != '\0')
			return false;
		if (i + 1 < info->num_headers && h[1].name != end + 2)
			return false;
	}
	return !end || (end[2] == '\r' && end[3] == '\0');
}

/* Describe the request; false when its framing is not to be trusted. */
static bool
describe(struct request *q)
{
	const struct mg_request_info *info = mg_get_request_info(q->conn);
	struct worker *worker = q->worker;
	struct http_call *call = &q->call;
	int i;

	for (i = 0; i < info->num_headers; i++) {
		worker->headers[i].name = info->http_headers[i].name;
		worker->headers[i].value = info->http_headers[i].value;
	}
	call->method = info->request_method;
	call->path = info->request_uri;
	call->query = info->query_string ? info->query_string : "";
	call->headers = worker->headers;
	call->n_headers = (size_t)info->num_headers;
	call->body = "";
	call->peer = info->remote_addr;
	call->is_loopback = http_is_loopback(info->remote_addr);
	if (worker->ssl &&
	    tls_client_sha256(worker->client_sha256, worker->ssl))
		call->client_sha256 = worker->client_sha256;
	return is_exact(info) &&
	       http_framing_read(&q->framing, call,
	                         strcmp(info->http_version, "1.1") == 0) == 0;
}

/* Returns 0 with the whole body in worker->body, or the status to answer. */
static int
read_body(struct request *q)
{
	int64_t max = q->worker->server->options.body_max_bytes;
	struct buf *body = &q->worker->body;
	char chunk[CHUNK_BYTES];
	int n;

	for (;;) {
		n = mg_read(q->conn, chunk, sizeof(chunk));
		if (n <= 0)
			break;
		if (n > max - (int64_t)body->n)
			return 413;
		buf_add(body, chunk, (size_t)n);
	}
	/* A body that stalls ends in 0 as well (C17). */
	if (n < 0 ||
	    (!q->framing.is_chunked && (int64_t)body->n != q->framing.length))
		return 400;
	return buf_check(body) ? 503 : 0;
}

static bool
has_body(const struct request *q)
{
	return q->framing.is_chunked || q->framing.length > 0;
}

static int
receive_body(struct request *q)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	int status;

	if (!has_body(q)) {
		q->is_read = true;
		return 0;
	}
	if (q->framing.length > q->worker->server->options.body_max_bytes)
		return 413;
	if (q->framing.wants_continue &&
	    mg_write(q->conn, go_on, sizeof(go_on) - 1) <= 0)
		return 400;
	status = read_body(q);
	if (status)
		return status;
	q->is_read = true;
	q->call.body = buf_text(&q->worker->body);
	q->call.n_body = q->worker->body.n;
	return 0;
}

static void
refuse(struct request *q, int status)
{
	const struct http_server_options *o = &q->worker->server->options;

	q->reply.status = status;
	if (status == 503)
		q->reply.retry_after_s = CLOSING_RETRY_S;
	if (q->is_admitted && o->refused)
		o->refused(o->ctx, status);
}

/* From the headers to a filled reply. */
static void
answer(struct request *q, bool is_open)
{
	const struct http_server_options *o = &q->worker->server->options;
	int status;

	if (!describe(q)) {
		refuse(q, 400);
		return;
	}
	if (!is_open) {
		refuse(q, 503);
		return;
	}
	q->is_read = !has_body(q);
	if (o->admit && o->admit(o->ctx, &q->call, &q->reply) != 0)
		return;
	q->is_admitted = true;
	status = receive_body(q);
	if (status) {
		refuse(q, status);
		return;
	}
	set_deadline(q->worker, 0);
	o->serve(o->ctx, &q->call, &q->reply);
	set_deadline(q->worker, clock_mono_ms() + o->request_timeout_ms);
}

/* ---- the reply ---- */

/*
 * How long a client may take nothing of a long body. A full send buffer of the
 * kernel takes more only when a third of it is free, which may be a megabyte:
 * a slow reader looks like one that stands still for a while.
 */
static int64_t
patience_ms(const struct request *q)
{
	int64_t limit_ms = q->worker->server->options.request_timeout_ms;

	return q->is_long ? PATIENCE * limit_ms : limit_ms;
}

/*
 * Write one piece. civetweb gives up earlier than we do: what it has not
 * written, of the same bytes (SSL_write wants them so), is tried again. Anything
 * but the time being over fails at once, and once more.
 */
static int
write_piece(struct request *q, const char *p, size_t n)
{
	int64_t limit_ms = q->worker->server->options.request_timeout_ms;
	int64_t until = clock_mono_ms() + patience_ms(q);
	int64_t began;
	int got;

	set_deadline(q->worker, until);
	for (;;) {
		began = clock_mono_ms();
		got = mg_write(q->conn, p, n);
		if (got == (int)n)
			return 0;
		if (clock_mono_ms() - began < limit_ms ||
		    clock_mono_ms() >= until)
			return REPLY_BROKEN;
		if (got > 0) {
			p += got;
			n -= (size_t)got;
		}
	}
}

/* In pieces, so that who reads slowly is waited for. */
static int
write_all(struct request *q, const char *p, size_t n)
{
	size_t some;
	int r = 0;

	for (; !r && n > 0; p += some, n -= some) {
		some = n < HTTP_PIECE_BYTES ? n : HTTP_PIECE_BYTES;
		r = write_piece(q, p, some);
	}
	return r;
}

static int
write_wire(struct request *q)
{
	struct buf *wire = &q->worker->wire;
	int r = buf_check(wire) ? REPLY_BROKEN : write_all(q, wire->p, wire->n);

	buf_reset(wire);
	return r;
}

/* While more of a stream is made, the client is not waited for. */
static int
send_piece(void *ctx)
{
	struct request *q = ctx;
	int r = write_wire(q);

	set_deadline(q->worker, 0);
	return r;
}

/* Headers stand in wire. */
static int
send_stream(struct request *q, bool is_chunked)
{
	struct http_stream stream = { .wire = &q->worker->wire,
		                      .is_chunked = is_chunked,
		                      .send = send_piece,
		                      .ctx = q };

	q->is_long = true;
	http_stream_begin(&stream);
	set_deadline(q->worker, 0);
	if (q->reply.produce(q->reply.ctx, http_stream_write, &stream))
		return REPLY_BROKEN;
	return http_stream_end(&stream);
}

/*
 * Half a reply must not end like a whole one. Over TLS a proper farewell would
 * say so to an HTTP/1.0 client; without the socket civetweb cannot send it.
 */
static void
break_off(struct worker *worker)
{
	(void)pthread_mutex_lock(&worker->server->lock);
	if (worker->fd >= 0)
		(void)shutdown(worker->fd, SHUT_RDWR);
	(void)pthread_mutex_unlock(&worker->server->lock);
}

/* Headers stand in wire. A long body is not copied behind them. */
static int
send_body(struct request *q)
{
	struct buf *wire = &q->worker->wire;
	const struct buf *body = &q->reply.body;
	int r;

	if (wire->n + body->n <= HTTP_PIECE_BYTES) {
		buf_add(wire, body->p, body->n);
		return write_wire(q);
	}
	q->is_long = true;
	r = write_wire(q);
	return r ? r : write_all(q, body->p, body->n);
}

static int
send_parts(struct request *q, bool *closes)
{
	enum http_end end = HTTP_END_LENGTH;

	if (q->reply.produce)
		end = q->framing.is_http_1_1 ? HTTP_END_CHUNK : HTTP_END_CLOSE;
	*closes |= end == HTTP_END_CLOSE;
	http_reply_format_head(&q->worker->wire, &q->reply, end, *closes);
	if (strcmp(q->call.method, "HEAD") == 0)
		return write_wire(q);
	if (q->reply.produce)
		return send_stream(q, end == HTTP_END_CHUNK);
	return send_body(q);
}

/* Returns the status of what was written; 0: nothing whole. */
static int
send_reply(struct request *q, bool is_open)
{
	bool closes = !q->is_read || !is_open || !q->framing.keeps_open ||
	              q->reply.must_close;
	int r;

	if (q->reply.status == HTTP_SERVER_NO_ANSWER) {
		mg_disable_connection_keep_alive(q->conn);
		return 0;
	}
	buf_reset(&q->worker->wire);
	if (q->reply.body.is_broken || q->reply.extra.is_broken) {
		buf_reset(&q->reply.body);
		buf_reset(&q->reply.extra);
		q->reply.content_type = NULL;
		q->reply.produce = NULL;
		q->reply.status = 500;
	}
	r = send_parts(q, &closes);
	if (r)
		break_off(q->worker);
	if (r || closes)
		mg_disable_connection_keep_alive(q->conn);
	return r ? 0 : q->reply.status;
}

/* Give back what a big request needed. */
static void
trim(struct buf *b)
{
	if (b->cap > KEEP_BYTES)
		buf_fini(b);
	else
		buf_reset(b);
}

static int
begin_request(struct mg_connection *conn)
{
	struct request q = { .conn = conn, .worker = own };
	bool is_open;
	int status;

	assert(own);
	is_open = enter(&q);
	answer(&q, is_open);
	status = send_reply(&q, is_open);
	log_debug("http.served",
	          "name=%s request=%" PRId64 " status=%d n_body=%zu "
	          "took_ms=%" PRId64,
	          own->server->options.name, q.number, status, q.call.n_body,
	          clock_mono_ms() - q.began_mono_ms);
	if (q.reply.free_ctx)
		q.reply.free_ctx(q.reply.ctx);
	leave(&q);
	buf_fini(&q.reply.body);
	buf_fini(&q.reply.extra);
	trim(&own->body);
	trim(&own->wire);
	return 1; /* always: civetweb must not go on with it (C11, C12) */
}

/* civetweb could not make a request of what came. */
static int
http_error(struct mg_connection *conn, int status, const char *why)
{
	const struct http_reply reply = { .status = 400 };
	struct buf wire = BUF_INIT;

	(void)status;
	(void)why;
	mg_disable_connection_keep_alive(conn);
	http_reply_format(&wire, &reply, true);
	if (!buf_check(&wire))
		(void)mg_write(conn, wire.p, wire.n);
	buf_fini(&wire);
	return 0;
}

/* ---- starting and stopping ---- */

static struct http_server *
server_of(const struct mg_context *mg)
{
	struct http_server *server = mg_get_user_data(mg);

	assert(server && server->magic == SERVER_MAGIC);
	return server;
}

/*
 * On civetweb's master thread, which frees the list of ports when the server
 * stops: nobody else looks at it.
 */
static void
read_ports(struct http_server *server, const struct mg_context *mg)
{
	int n = (int)server->options.n_listen;

	(void)pthread_mutex_lock(&server->lock);
	n = mg_get_server_ports(mg, n, server->ports);
	assert(n > 0);
	server->n_ports = (size_t)n;
	(void)pthread_cond_broadcast(&server->changed);
	(void)pthread_mutex_unlock(&server->lock);
}

static void *
init_thread(const struct mg_context *mg, int type)
{
	struct http_server *server = server_of(mg);
	unsigned i;

	if (type == 0)
		read_ports(server, mg);
	if (type != 1)
		return NULL;
	i = atomic_fetch_add(&server->n_workers, 1);
	assert(i < server->options.workers);
	own = &server->workers[i];
	return own;
}

static int
init_ssl(void *ssl_ctx, void *user_data)
{
	struct http_server *server = user_data;

	assert(server->magic == SERVER_MAGIC);
	if (tls_attach(server->options.tls, ssl_ctx, connection_began))
		return -1;
	return 1; /* all of it is done (C31) */
}

/* Never zero, or civetweb writes files (C27). */
static int
log_message(const struct mg_connection *conn, const char *message)
{
	struct http_server *server = server_of(mg_get_context(conn));

	(void)pthread_mutex_lock(&server->lock);
	if (!server->is_started)
		(void)snprintf(server->why, sizeof(server->why), "%s", message);
	(void)pthread_mutex_unlock(&server->lock);
	log_debug("http.noted", "name=%s why=%s", server->options.name,
	          log_quote(message));
	return 1;
}

static unsigned features;

static void
init_library(void)
{
	features = mg_init_library(MG_FEATURES_TLS | MG_FEATURES_IPV6);
}

/* Is this the civetweb that platform.md C2 describes? */
static int
check_library(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, init_library);
	if ((features & MG_FEATURES_TLS) == 0 ||
	    !mg_check_feature(MG_FEATURES_IPV6) ||
	    !mg_check_feature(MG_FEATURES_STATS))
		return err_raise(ERR_LIB, "civetweb was built without TLS, "
		                          "IPv6 or statistics");
	return 0;
}

static int
new_server(struct http_server **out, const struct http_server_options *options)
{
	struct http_server *server = calloc(1, sizeof(*server));
	pthread_condattr_t attr;
	unsigned i;

	if (!server)
		return err_raise(ERR_NOMEM, "http server");
	server->magic = SERVER_MAGIC;
	server->options = *options;
	(void)pthread_mutex_init(&server->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&server->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
	server->workers = calloc(options->workers, sizeof(*server->workers));
	server->ports = calloc(options->n_listen, sizeof(*server->ports));
	*out = server;
	if (!server->workers || !server->ports)
		return err_raise(ERR_NOMEM, "http server");
	for (i = 0; i < options->workers; i++) {
		server->workers[i].server = server;
		server->workers[i].fd = -1;
	}
	return 0;
}

static int
cannot_listen(const struct http_server *server, const char *address,
              const char *why)
{
	log_error("http.cannot_listen", "name=%s address=%s why=%s",
	          server->options.name, log_quote(address), log_quote(why));
	return HTTP_SERVER_CANNOT_LISTEN;
}

/* Check every address and list them as civetweb wants them. */
static int
list_addresses(struct http_server *server, struct buf *out)
{
	const struct http_server_options *o = &server->options;
	char address[HTTP_LISTEN_SIZE];
	struct buf why = BUF_INIT;
	size_t i;
	int r = 0;

	for (i = 0; i < o->n_listen; i++) {
		if (http_listen_check(address, o->listen[i], !o->tls, &why)) {
			r = cannot_listen(server, o->listen[i], buf_text(&why));
			break;
		}
		if (i == 0)
			memcpy(server->first, address, sizeof(address));
		buf_addf(out, "%s%s%s", i ? "," : "", address,
		         o->tls ? "s" : "");
	}
	buf_fini(&why);
	if (r == 0 && buf_check(out))
		return err_raise(ERR_NOMEM, "listening addresses");
	return r;
}

/* civetweb's options are text, the numbers too. */
struct numbers {
	char workers[OPTION_BYTES];
	char queue[OPTION_BYTES];
	char backlog[OPTION_BYTES];
	char timeout[OPTION_BYTES];
	char keep_alive[OPTION_BYTES];
	char headers[OPTION_BYTES];
};

static void
print_number(char out[OPTION_BYTES], int64_t n)
{
	(void)snprintf(out, OPTION_BYTES, "%" PRId64, n);
}

static void
print_numbers(struct numbers *out, const struct http_server_options *o)
{
	print_number(out->workers, o->workers);
	print_number(out->queue,
	             o->workers > QUEUE_MIN ? o->workers : QUEUE_MIN);
	print_number(out->backlog, BACKLOG);
	print_number(out->timeout, o->request_timeout_ms);
	print_number(out->keep_alive, KEEP_ALIVE_MS);
	print_number(out->headers, HEADER_BUFFER_BYTES);
}

static const struct mg_callbacks callbacks = {
	.begin_request = begin_request,
	.log_message = log_message,
	.init_ssl = init_ssl,
	.connection_close = connection_ends,
	.http_error = http_error,
	.init_thread = init_thread,
};

static int
start_civetweb(struct http_server *server, const char *addresses)
{
	struct numbers n;
	/* clang-format off */
	const char *options[] = {
		"listening_ports", addresses,
		"num_threads", n.workers,
		"connection_queue", n.queue,
		"listen_backlog", n.backlog,
		"request_timeout_ms", n.timeout,
		"keep_alive_timeout_ms", n.keep_alive,
		"enable_keep_alive", "yes",
		"tcp_nodelay", "1",
		"max_request_size", n.headers,
		"decode_url", "no",
		"enable_auth_domain_check", "no",
		"access_control_allow_methods", "",
		"access_control_allow_origin", "",
		NULL,
	};
	/* clang-format on */
	struct mg_init_data init = {
		.callbacks = &callbacks,
		.user_data = server,
		.configuration_options = options,
	};
	char why[WHY_BYTES] = "";
	unsigned code = 0;
	struct mg_error_data error = { &code, why, sizeof(why) };

	print_numbers(&n, &server->options);
	server->mg = mg_start2(&init, &error);
	if (!server->mg)
		return cannot_listen(server, addresses,
		                     server->why[0] ? server->why : why);
	return 0;
}

/* Until the master thread has read the ports. */
static void
wait_ports(struct http_server *server)
{
	(void)pthread_mutex_lock(&server->lock);
	while (server->n_ports == 0)
		(void)pthread_cond_wait(&server->changed, &server->lock);
	(void)pthread_mutex_unlock(&server->lock);
}

static int
start_watchdog(struct http_server *server)
{
	int number = pthread_create(&server->watchdog, NULL, watch, server);

	if (number) {
		errno = number;
		return err_raise(ERR_OS, "cannot start a thread");
	}
	server->has_watchdog = true;
	return 0;
}

int
http_server_start(struct http_server **out,
                  const struct http_server_options *options)
{
	struct http_server *server = NULL;
	struct buf addresses = BUF_INIT;
	int r;

	assert(options->n_listen > 0 && options->workers > 0 && options->serve);
	r = check_library();
	if (r)
		goto out;
	r = new_server(&server, options);
	if (r)
		goto out;
	r = list_addresses(server, &addresses);
	if (r)
		goto out;
	r = start_civetweb(server, buf_text(&addresses));
	if (r)
		goto out;
	server->options.listen = NULL;
	(void)pthread_mutex_lock(&server->lock);
	server->is_started = true;
	(void)pthread_mutex_unlock(&server->lock);
	wait_ports(server);
	r = start_watchdog(server);
	if (r)
		goto out;
	*out = server;
	server = NULL;
out:
	http_server_stop(server);
	buf_fini(&addresses);
	return r == HTTP_SERVER_CANNOT_LISTEN ? r : err_pass(r);
}

int
http_server_port(const struct http_server *server, size_t i)
{
	assert(i < server->n_ports);
	return server->ports[i].port;
}

int
http_server_close(struct http_server *server, int64_t limit_ms)
{
	int64_t until = clock_mono_ms() + limit_ms;
	int64_t left;
	int in_hand;

	(void)pthread_mutex_lock(&server->lock);
	server->is_closing = true;
	while (server->in_hand > 0) {
		left = until - clock_mono_ms();
		if (left <= 0)
			break;
		wait_changed(server, left);
	}
	in_hand = (int)server->in_hand;
	(void)pthread_mutex_unlock(&server->lock);
	return in_hand;
}

/* End what waits on the wire; mg_stop would wait for it. */
static void
cut_all(struct http_server *server)
{
	unsigned i;

	(void)pthread_mutex_lock(&server->lock);
	server->is_closing = true;
	server->is_stopping = true;
	for (i = 0; server->workers && i < server->options.workers; i++)
		if (server->workers[i].fd >= 0)
			(void)shutdown(server->workers[i].fd, SHUT_RDWR);
	(void)pthread_cond_broadcast(&server->changed);
	(void)pthread_mutex_unlock(&server->lock);
}

void
http_server_stop(struct http_server *server)
{
	unsigned i;

	if (!server)
		return;
	assert(server->magic == SERVER_MAGIC);
	cut_all(server);
	if (server->mg)
		mg_stop(server->mg);
	(void)pthread_mutex_lock(&server->lock);
	server->is_stopped = true;
	(void)pthread_cond_broadcast(&server->changed);
	(void)pthread_mutex_unlock(&server->lock);
	if (server->has_watchdog)
		(void)pthread_join(server->watchdog, NULL);
	for (i = 0; server->workers && i < server->options.workers; i++) {
		buf_fini(&server->workers[i].body);
		buf_fini(&server->workers[i].wire);
	}
	free(server->workers);
	free(server->ports);
	(void)pthread_cond_destroy(&server->changed);
	(void)pthread_mutex_destroy(&server->lock);
	server->magic = 0;
	free(server);
}

static int64_t
number_at(const struct json_node *root, const char *object, const char *key)
{
	int64_t n = 0;

	/* Absent in another civetweb: zero, as before the first count. */
	(void)json_get_int(&n, json_find(root, object), key);
	return n;
}

/* civetweb counts its queue and connections itself (C7), as JSON. */
static void
read_civetweb_stats(struct http_server *server, struct http_server_stats *out)
{
	char text[STATS_BYTES];
	struct json *doc = NULL;
	int n = mg_get_context_info(server->mg, text, sizeof(text));

	if (n <= 0 || n >= (int)sizeof(text) ||
	    json_parse(&doc, text, strlen(text)))
		return;
	out->queue_size = number_at(json_root(doc), "queue", "length");
	out->queue_length = number_at(json_root(doc), "queue", "filled");
	out->queue_highest = number_at(json_root(doc), "queue", "maxFilled");
	out->connections = number_at(json_root(doc), "connections", "active");
	json_free(doc);
}

void
http_server_read_stats(struct http_server *server,
                       struct http_server_stats *out)
{
	memset(out, 0, sizeof(*out));
	read_civetweb_stats(server, out);
	out->workers = server->options.workers;
	(void)pthread_mutex_lock(&server->lock);
	out->in_hand = server->in_hand;
	out->requests = server->requests;
	out->cut = server->cut;
	(void)pthread_mutex_unlock(&server->lock);
}
