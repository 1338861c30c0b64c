/* What tests of the simulated tills share; see till_world.h. */
#include "tests/support/till_world.h"

#include "tests/sim/hooks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct buf kept;
static const char *hook_secret;

/* ---- hooks ---- */

void
hooks_galaxy(struct hooks *hooks, const char *itemid)
{
	(void)hooks;
	(void)itemid;
}

void
hooks_send(struct hooks *hooks, const struct hooks_message *message)
{
	(void)hooks;
	buf_addf(&kept, "%s %s %s\n", message->url,
	         message->header != NULL ? message->header : "-",
	         message->body);
}

const char *
hooks_secret(struct hooks *hooks)
{
	(void)hooks;
	return hook_secret;
}

const char *
till_world_hooks(void)
{
	return buf_text(&kept);
}

void
till_world_forget_hooks(void)
{
	buf_reset(&kept);
}

void
till_world_sign_hooks(const char *secret)
{
	hook_secret = secret;
}

/* ---- the world ---- */

void
till_world_open(struct till_world *w, unsigned n_sized)
{
	const struct galaxy_options galaxy = { .n_items = 6,
		                               .n_sized = n_sized };

	sim_init(&w->sim, 1);
	galaxy_init(&w->galaxy, &w->sim, &galaxy);
}

/* What answers while it is sent is told that it was. */
static void
drop_reply(struct till_world *w)
{
	server_reply_fini(&w->reply);
	w->reply = (struct server_reply){ .status = 0 };
}

void
till_world_close(struct till_world *w)
{
	buf_fini(&kept);
	hook_secret = NULL;
	drop_reply(w);
	galaxy_fini(&w->galaxy);
	sim_fini(&w->sim);
}

/* ---- requests ---- */

int
till_ask(struct till_world *w, const struct till_request *r)
{
	char path[400];
	const char *query = strchr(r->target, '?');
	const struct http_call call = { .method = r->method,
		                        .path = path,
		                        .query = query != NULL ? query + 1 : "",
		                        .headers = r->headers,
		                        .n_headers = r->n_headers,
		                        .body = r->body,
		                        .n_body = strlen(r->body) };

	if (snprintf(path, sizeof(path), "%s%.*s", r->root,
	             (int)strcspn(r->target, "?"),
	             r->target) >= (int)sizeof(path))
		abort();
	drop_reply(w);
	r->serve(r->till, &call, &w->reply);
	return w->reply.status;
}

bool
till_says(const struct till_world *w, const char *piece)
{
	return strstr(buf_text(&w->reply.body), piece) != NULL;
}

bool
till_heads(const struct till_world *w, const char *piece)
{
	return strstr(buf_text(&w->reply.headers), piece) != NULL;
}

const char *
till_command(const struct till_hands *hands, void *till, const char *what,
             const char *body)
{
	struct buf text = BUF_INIT;
	struct json_out out = { .to = &text };
	struct json *doc = NULL;
	const char *wrong;

	if (json_parse(&doc, body, strlen(body)) != 0)
		abort();
	json_out_object(&out, NULL);
	wrong = till_obey(hands, till, what, json_root(doc), &out);
	json_out_end_object(&out);
	json_free(doc);
	buf_fini(&text);
	return wrong;
}
