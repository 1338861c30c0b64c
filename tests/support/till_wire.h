#ifndef SUPPORT_TILL_WIRE_H
#define SUPPORT_TILL_WIRE_H

#include "gateway/base/buf.h"
#include "gateway/ports/http.h"
#include "tests/sim/server.h"

/*
 * Between an adapter and a simulated till there is no network here: a call is a
 * function call, which is noted, and of which one can have trouble. One thread.
 */
enum till_trouble {
	LOST,    /* it was done, and its answer lost */
	DROPPED, /* it was sent and not done, without an answer */
	REFUSED, /* no connection */
	FAILED,  /* 500, and not done */
	N_TROUBLES,
};

struct till_wire {
	const char *host; /* "https://demo.test": the till is told the rest */
	const char *root; /* what begins URLs in the log's eyes: not told */
	void (*serve)(void *till, const struct http_call *call,
	              struct server_reply *reply);
	void *till;
	struct http_header more; /* that the client adds; name NULL: none */
	int64_t date_ms;         /* the Date header; 0: none */
	unsigned n_calls;        /* since it was set to 0 */
	unsigned bad_call;       /* the one that has trouble; 0: none */
	enum till_trouble trouble;
	struct buf log;  /* "METHOD path?query\n" each, behind the root */
	struct buf sent; /* the last body */
	char bad[120];   /* the call that had trouble, as in the log */
};

void till_wire_fini(struct till_wire *wire);

/* The whole way of a call: noted, answered by the till, or in trouble. */
int till_wire_call(struct till_wire *wire, const struct http_request *q,
                   struct http_answer *answer);

/* Its parts. Answering is without trouble; losing spoils the answer. */
void till_wire_note(struct till_wire *wire, const struct http_request *q);
void till_wire_answer(struct till_wire *wire, const struct http_request *q,
                      struct http_answer *answer);
void till_wire_lose(const struct till_wire *wire, struct http_answer *answer);

/* Forget what was noted; the calls are counted from here on. */
void till_wire_begin(struct till_wire *wire);

/* How often a piece of text stands in the log. */
size_t till_wire_times(const struct till_wire *wire, const char *piece);

#endif
