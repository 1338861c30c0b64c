#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include <stdint.h>

#include "gateway/base/buf.h"
#include "gateway/ports/http.h"

/*
 * A small HTTP/1.1 server for the simulator, on loopback.
 *
 * Not the gateway's own: a simulator must be able to misbehave on the wire (cut
 * an answer, close a kept connection without one byte, reset it), and what is
 * tested should not be the measure of itself. One thread per connection,
 * keep-alive, bodies by length or in chunks.
 */
enum server_ending {
	SERVER_WHOLE,    /* a complete answer; the connection stays */
	SERVER_TRUNCATE, /* announce the whole length, send half, close */
	SERVER_SILENT,   /* close without one byte */
	SERVER_RESET,    /* the same with a TCP reset */
	SERVER_HANG,     /* send nothing until the peer goes, or delay_ms */
};

/* Some bytes of a body that is made while it is sent. */
struct server_piece {
	struct buf bytes; /* comes empty, is kept by the server */
	size_t wanted;    /* about so many; 1: the smallest there is */
	int64_t pause_ms; /* wait behind them */
	bool is_last;     /* the body is complete with them */
	bool is_reset;    /* the connection breaks behind them */
};

/* A body without a length beforehand: it goes out in chunks. */
struct server_stream {
	void (*produce)(void *ctx, struct server_piece *piece); /* NULL: none */
	void (*release)(void *ctx);
	void *ctx;
};

struct server_reply {
	int status;
	const char *content_type; /* static; NULL: application/json */
	struct buf headers;       /* further lines, each with its CRLF */
	struct buf body;
	int64_t delay_ms; /* wait before the first byte */
	enum server_ending ending;
	struct server_stream stream; /* what follows body; TRUNCATE: not all */
	bool is_piecewise; /* asks for a stream from the first byte on */
};

/* "Not Found"; of a status that is not known, what it is. */
const char *server_reason(int status);

/* Release what a reply holds, its stream included. May run twice. */
void server_reply_fini(struct server_reply *reply);

struct server;

/*
 * Listen and serve.
 *
 * address  "127.0.0.1:8080", "[::1]:0"; port 0 takes a free one
 * serve    called on the connection's thread, for any method and path; fills
 *          reply, which starts zeroed and is released by the server
 *
 * Returns  0, or ERR_OS (logged).
 */
int server_start(struct server **out, const char *address,
                 void (*serve)(void *ctx, const struct http_call *call,
                               struct server_reply *reply),
                 void *ctx);

/* host:port as really taken. Borrowed. */
const char *server_address(const struct server *server);

/*
 * The calls in hand, of all servers, wait no longer: neither for delay_ms nor
 * between the pieces of a stream. Later ones do.
 */
void server_release(void);

/* Cut all connections, wait for their threads, release. NULL is fine. */
void server_stop(struct server *server);

#endif
