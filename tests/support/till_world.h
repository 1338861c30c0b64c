#ifndef SUPPORT_TILL_WORLD_H
#define SUPPORT_TILL_WORLD_H

#include "tests/sim/galaxy.h"
#include "tests/sim/server.h"
#include "tests/sim/sim.h"
#include "tests/sim/till_orders.h"

/*
 * What tests of the simulated tills share: a Galaxy of six products, one of
 * them in sizes, the last answer, and hooks that are kept instead of sent.
 * Who links this has no other hooks.
 */
struct till_world {
	struct sim sim;
	struct galaxy galaxy;
	struct server_reply reply; /* to the last request */
};

void till_world_open(struct till_world *world, unsigned n_sized);
void till_world_close(struct till_world *world);

struct till_request {
	void (*serve)(void *till, const struct http_call *call,
	              struct server_reply *reply);
	void *till;
	const char *method;
	const char *root;   /* stands before target */
	const char *target; /* path and query */
	const char *body;   /* "": none */
	struct http_header headers[4];
	size_t n_headers;
};

/* Ask and keep the reply. Returns its status. */
int till_ask(struct till_world *world, const struct till_request *request);

/* The reply's body, or its headers, hold this piece. */
bool till_says(const struct till_world *world, const char *piece);
bool till_heads(const struct till_world *world, const char *piece);

/* An order of the control interface: NULL, or what is wrong. */
const char *till_command(const struct till_hands *hands, void *till,
                         const char *what, const char *body);

/* What would have been sent, a line each: URL, header, body. */
const char *till_world_hooks(void);
void till_world_forget_hooks(void);

/* Sign with this one; NULL: nothing. */
void till_world_sign_hooks(const char *secret);

#endif
