#ifndef SIM_HOOKS_H
#define SIM_HOOKS_H

#include "tests/sim/sim.h"

/*
 * Webhooks, sent by a background thread over TLS from a bounded queue.
 *
 * Galaxy's form is not public: method, body and place of the secret are
 * settable. Square signs URL + raw body, says on retries that it retries, and
 * tries again on anything but 2xx. Hiboutik waits for an answer and never tries
 * again (nothing is documented); Lightspeed X tries twenty times in 48 hours,
 * but never after 3xx and 4xx, and forgets its queue where nearly all fails.
 * NULL stands for "no hooks" everywhere.
 */
enum hooks_form { HOOKS_JSON, HOOKS_FORM, HOOKS_EMPTY, HOOKS_GET };

struct hooks_options {
	enum sim_system system;
	const char *url;     /* as registered: what Square signs; copied; NULL:
	                        not known yet, and so nothing is sent */
	const char *target;  /* where it really goes; NULL: url; copied */
	const char *secret;  /* key or secret; borrowed for ever */
	const char *ca_file; /* borrowed for the call */
};

struct hooks;

/* Returns 0, or a fault of the HTTP client or of the thread. */
int hooks_start(struct hooks **out, const struct hooks_options *options);

/* Queue a hook that names an item. Threads: any. */
void hooks_galaxy(struct hooks *hooks, const char *itemid);

/* Square's event, or a form that its vendor has filled in and signed. */
struct hooks_message {
	const char *url;    /* of its subscription; NULL: as registered */
	const char *secret; /* Square's, of that; NULL: as started */
	const char *body;   /* JSON; urlencoded */
	const char *header; /* "Name: value"; NULL: none */
	bool is_async;      /* nobody waits for the answer */
	int64_t delay_ms;   /* not before */
};

/* Queue it; everything is copied. Threads: any. */
void hooks_send(struct hooks *hooks, const struct hooks_message *message);

/* The secret to sign with: a wrong one while hooks are forged. NULL: none. */
const char *hooks_secret(struct hooks *hooks);

/*
 * Change how hooks are sent, as the control interface takes it.
 * Returns NULL, or what is wrong. Threads: any.
 */
const char *hooks_change(struct hooks *hooks, const struct json_node *order);

/* queued, sent, by_status, given_up, how long answers took … as members.
   Threads: any. */
void hooks_print_state(struct hooks *hooks, struct json_out *out);

/* End at once; what is queued is forgotten. NULL is fine. */
void hooks_stop(struct hooks *hooks);

#endif
