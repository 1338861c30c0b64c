/*
 * HTTP/1.1 on the wire, as functions of plain values.
 */
#include "gateway/drivers/http_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LENGTH_DIGITS_MAX = 18 }; /* the longest that fits int64_t for sure */

/* All digits, and not more than fit. */
static bool
parse_length(int64_t *out, const char *text)
{
	size_t n = strspn(text, "0123456789");
	int64_t value = 0;

	if (n == 0 || n > LENGTH_DIGITS_MAX || text[n])
		return false;
	while (*text)
		value = value * 10 + (*text++ - '0');
	*out = value;
	return true;
}

/* Is this one of the comma-separated words of a header, case aside? */
static bool
has_word(const char *list, const char *word)
{
	size_t n = strlen(word);
	const char *p = list;

	while (*p) {
		p += strspn(p, " \t,");
		if (strncasecmp(p, word, n) == 0 &&
		    (p[n] == '\0' || strchr(" \t,", p[n])))
			return true;
		p += strcspn(p, ",");
	}
	return false;
}

int
http_framing_read(struct http_framing *out, const struct http_call *call,
                  bool is_http_1_1)
{
	const char *length;
	const char *coding;
	const char *host;
	const char *expect;
	const char *connection;

	*out = (struct http_framing){ .length = -1,
		                      .is_http_1_1 = is_http_1_1 };
	if (http_call_header(&length, call, "Content-Length") ||
	    http_call_header(&coding, call, "Transfer-Encoding") ||
	    http_call_header(&host, call, "Host"))
		return HTTP_FRAMING_BROKEN;
	if ((is_http_1_1 && !host) || (length && coding))
		return HTTP_FRAMING_BROKEN;
	if (length && !parse_length(&out->length, length))
		return HTTP_FRAMING_BROKEN;
	if (coding && strcasecmp(coding, "chunked") != 0)
		return HTTP_FRAMING_BROKEN;
	out->is_chunked = coding != NULL;
	if (http_call_header(&expect, call, "Expect") == 0 && expect)
		out->wants_continue = has_word(expect, "100-continue");
	/* Several Connection headers: whatever they say, closing is right. */
	if (http_call_header(&connection, call, "Connection") == 0)
		out->keeps_open =
			is_http_1_1 &&
			(!connection || has_word(connection, "keep-alive"));
	return 0;
}

static const char *
reason_of(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 302, "Found" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" },
		{ 500, "Internal Server Error" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
	};
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Status";
}

/* A page of ours runs no script and loads nothing from elsewhere. */
static const char page_policy[] =
	"Content-Security-Policy: default-src 'none'; "
	"style-src 'unsafe-inline'; img-src 'self' data:; form-action 'self'; "
	"base-uri 'none'; frame-ancestors 'none'\r\n"
	"Referrer-Policy: no-referrer\r\n";

void
http_reply_format_head(struct buf *out, const struct http_reply *reply,
                       enum http_end end, bool closes)
{
	const char *type = reply->content_type;

	buf_addf(out, "HTTP/1.1 %d %s\r\n", reply->status,
	         reason_of(reply->status));
	if (end == HTTP_END_CHUNK)
		buf_adds(out, "Transfer-Encoding: chunked\r\n");
	else if (end == HTTP_END_LENGTH && reply->status != 204 &&
	         reply->status != 304)
		buf_addf(out, "Content-Length: %zu\r\n", reply->body.n);
	if (type)
		buf_addf(out, "Content-Type: %s\r\n", type);
	if (!strstr(buf_text(&reply->extra), "Cache-Control:"))
		buf_adds(out, "Cache-Control: no-store\r\n");
	buf_adds(out, "X-Content-Type-Options: nosniff\r\n");
	if (type && strncmp(type, "text/html", 9) == 0)
		buf_adds(out, page_policy);
	if (reply->allow)
		buf_addf(out, "Allow: %s\r\n", reply->allow);
	if (reply->retry_after_s > 0)
		buf_addf(out, "Retry-After: %d\r\n", reply->retry_after_s);
	buf_add(out, reply->extra.p, reply->extra.n);
	if (closes)
		buf_adds(out, "Connection: close\r\n");
	buf_adds(out, "\r\n");
}

void
http_reply_format(struct buf *out, const struct http_reply *reply, bool closes)
{
	http_reply_format_head(out, reply, HTTP_END_LENGTH, closes);
	buf_add(out, reply->body.p, reply->body.n);
}

bool
http_is_loopback(const char *address)
{
	if (strncmp(address, "::ffff:", 7) == 0)
		address += 7;
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

/* Split "host:port" or "[host]:port" and look the host up. */
static int
resolve(struct addrinfo **out, const char *address)
{
	const struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	const char *colon = strrchr(address, ':');
	char host[256];
	size_t n;

	if (!colon || colon == address)
		return EAI_NONAME;
	n = (size_t)(colon - address);
	if (address[0] == '[' && address[n - 1] == ']') {
		address++;
		n -= 2;
	} else if (memchr(address, ':', n)) {
		return EAI_NONAME; /* IPv6 without brackets is ambiguous */
	}
	if (n == 0 || n >= sizeof(host) || strspn(colon + 1, "0123456789") == 0)
		return EAI_NONAME;
	memcpy(host, address, n);
	host[n] = '\0';
	return getaddrinfo(host, colon + 1, &hints, out);
}

/* Bind and let go: the kernel's own word on whether it can be done. */
static int
try_bind(const struct addrinfo *at)
{
	int on = 1;
	int fd = socket(at->ai_family, SOCK_STREAM, 0);
	int number = 0;

	if (fd < 0)
		return errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (at->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on,
		                 sizeof(on));
	if (bind(fd, at->ai_addr, at->ai_addrlen) < 0)
		number = errno;
	(void)close(fd);
	return number;
}

static void
add_errno(struct buf *why, int number)
{
	char words[128];

	if (strerror_r(number, words, sizeof(words)) == 0)
		buf_adds(why, words);
	else
		buf_addf(why, "error %d", number);
}

int
http_listen_check(char out[HTTP_LISTEN_SIZE], const char *address,
                  bool loopback_only, struct buf *why)
{
	struct addrinfo *at = NULL;
	struct buf spec = { .max = HTTP_LISTEN_SIZE - 1 };
	char host[HTTP_LISTEN_SIZE];
	char port[8];
	int r = HTTP_LISTEN_IMPOSSIBLE;
	int number;

	if (resolve(&at, address) != 0 ||
	    getnameinfo(at->ai_addr, at->ai_addrlen, host, sizeof(host), port,
	                sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
		buf_adds(why, "not an address of this machine; expected "
		              "host:port or [host]:port");
		goto out;
	}
	if (loopback_only && !http_is_loopback(host)) {
		buf_adds(why, "without a certificate only loopback addresses "
		              "may be listened on");
		goto out;
	}
	number = try_bind(at);
	if (number) {
		add_errno(why, number);
		goto out;
	}
	buf_addf(&spec, at->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
	         port);
	if (buf_check(&spec)) {
		buf_adds(why, "too long");
		goto out;
	}
	memcpy(out, spec.p, spec.n + 1);
	r = 0;
out:
	buf_fini(&spec);
	if (at)
		freeaddrinfo(at);
	return r;
}

void
http_listen_wake(const char *address, int port)
{
	const char *colon = strrchr(address, ':');
	struct addrinfo *at = NULL;
	char text[HTTP_LISTEN_SIZE + 16];
	int fd;

	if (!colon)
		return;
	(void)snprintf(text, sizeof(text), "%.*s:%d", (int)(colon - address),
	               address, port);
	if (resolve(&at, text) != 0)
		return;
	fd = socket(at->ai_family, SOCK_STREAM, 0);
	if (fd >= 0) {
		/* with a full backlog it is awake anyway: never wait */
		(void)fcntl(fd, F_SETFL, O_NONBLOCK);
		(void)connect(fd, at->ai_addr, at->ai_addrlen);
		(void)close(fd);
	}
	freeaddrinfo(at);
}
