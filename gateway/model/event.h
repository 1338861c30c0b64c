#ifndef MODEL_EVENT_H
#define MODEL_EVENT_H

#include <stddef.h>
#include <stdint.h>

/* An authenticated incoming request as queued. */
struct event {
	char *account; /* owned; the account it came in for */
	char *topic;   /* owned; the vendor's event type, "" when unnamed */
	char *id;      /* owned; authenticated event id; "": none, so its
	                       repeats are not recognised at the door */
	char *query;   /* owned; query string without its secret, or "" */
	char *body;    /* owned; raw bytes, NUL behind them */
	size_t n_body;
	int64_t received_ms; /* wall clock */
	char *entry_id;      /* owned; id in the stream, NULL until queued */
	int64_t deliveries; /* how often the queue handed it out; 0 at the door */
};

/* Release members. Safe on zeroed memory, may run twice. */
void event_fini(struct event *event);

#endif
