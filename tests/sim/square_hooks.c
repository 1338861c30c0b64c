/*
 * Square: webhook subscriptions. One may have been made by hand, with the key
 * and URL that the simulator was started with; calls make others, each with a
 * key of its own. All of them hear of all locations.
 */
#include "tests/sim/square.h"

#include "tests/sim/hooks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	HOOK_KEY_MAX = 45, /* idempotency */
	HOOK_NAME_MAX = 64,
	HOOKS_PAGE = 100,
	HOOK_LETTERS = 22, /* of a signature key */
};

#define HOOKS_PATH "/v2/webhooks/subscriptions"

/* Those that this simulator knows of; the vendor has many more. */
static const char *const known[] = {
	"inventory.count.updated",
	"catalog.version.updated",
	"order.created",
	"order.updated",
	"payment.created",
	"payment.updated",
	"refund.created",
	"refund.updated",
	"location.created",
	"location.updated",
	"oauth.authorization.revoked",
};

/* ---- the list ---- */

static struct square_subscription *
add_subscription(struct square *square)
{
	void *all = square->subscriptions;
	struct square_subscription *s;

	sim_grow(&all, &square->cap_subscriptions, square->n_subscriptions,
	         sizeof(*s));
	square->subscriptions = all;
	s = &square->subscriptions[square->n_subscriptions++];
	*s = (struct square_subscription){ .is_enabled = true };
	snprintf(s->id, sizeof(s->id), "wbhk_");
	sim_token(square->sim, s->id + strlen(s->id), 24);
	s->created_us = sim_now_us(square->sim);
	s->updated_us = s->created_us;
	return s;
}

void
square_hooks_init(struct square *square)
{
	struct square_subscription *s;
	struct buf events = BUF_INIT;
	size_t i;

	if (square->options.hook_url == NULL)
		return;
	s = add_subscription(square);
	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		buf_addf(&events, "%s ", known[i]);
	s->name = sim_dup("Made by hand");
	s->url = sim_dup(square->options.hook_url);
	s->version = sim_dup(square->options.version);
	s->events = sim_dup(buf_text(&events));
	buf_fini(&events);
}

void
square_hooks_fini(struct square *square)
{
	size_t i;

	for (i = 0; i < square->n_subscriptions; i++) {
		free(square->subscriptions[i].name);
		free(square->subscriptions[i].url);
		free(square->subscriptions[i].version);
		free(square->subscriptions[i].events);
	}
	free(square->subscriptions);
}

static struct square_subscription *
find_subscription(struct square *square, const char *id)
{
	size_t i;

	for (i = 0; i < square->n_subscriptions; i++) {
		if (strcmp(square->subscriptions[i].id, id) == 0)
			return &square->subscriptions[i];
	}
	return NULL;
}

/* Every event in the list ends with a blank. */
static bool
wants(const struct square_subscription *s, const char *type)
{
	size_t n = strlen(type);
	const char *p;

	for (p = s->events; p != NULL; p = strchr(p, ' ')) {
		p += *p == ' ';
		if (strncmp(p, type, n) == 0 && p[n] == ' ')
			return true;
	}
	return false;
}

void
square_hooks_send(struct square *square, const char *type, const char *body,
                  int64_t delay_ms)
{
	const struct square_subscription *s;
	struct hooks_message message = { .body = body, .delay_ms = delay_ms };
	size_t i;

	for (i = 0; i < square->n_subscriptions; i++) {
		s = &square->subscriptions[i];
		if (!s->is_enabled || !wants(s, type))
			continue;
		message.url = s->key[0] != '\0' ? s->url : NULL;
		message.secret = s->key[0] != '\0' ? s->key : NULL;
		hooks_send(square->sim->hooks[SIM_SQUARE], &message);
	}
}

/* ---- as JSON ---- */

static void
out_events(const struct square_subscription *s, struct json_out *out)
{
	size_t i;

	json_out_array(out, "event_types");
	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (wants(s, known[i]))
			json_out_text(out, NULL, known[i]);
	}
	json_out_end_array(out);
}

/* A list does not show the keys. */
static void
out_subscription(const struct square *square,
                 const struct square_subscription *s, struct json_out *out,
                 const char *key)
{
	json_out_object(out, key);
	json_out_text(out, "id", s->id);
	json_out_text(out, "name", s->name);
	json_out_bool(out, "enabled", s->is_enabled);
	out_events(s, out);
	json_out_text(out, "notification_url", s->url);
	json_out_text(out, "api_version", s->version);
	if (key != NULL)
		json_out_text(out, "signature_key",
		              s->key[0] != '\0' ? s->key
		              : square->options.hook_key != NULL
		                      ? square->options.hook_key
		                      : "");
	square_time_out(out, "created_at", s->created_us);
	square_time_out(out, "updated_at", s->updated_us);
	json_out_end_object(out);
}

static void
answer_one(const struct square *square, const struct square_subscription *s,
           struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };

	json_out_object(&out, NULL);
	out_subscription(square, s, &out, "subscription");
	json_out_end_object(&out);
}

/* A cursor is the number of subscriptions passed. */
static void
list_subscription(const struct square *square, const struct http_call *call,
                  struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };
	const struct square_subscription *s;
	struct buf param = BUF_INIT;
	size_t left = HOOKS_PAGE;
	bool has_disabled;
	char next[24];
	size_t i = 0;

	if (sim_param(&param, call->query, "cursor"))
		i = strtoul(buf_text(&param), NULL, 10);
	buf_reset(&param);
	has_disabled = sim_param(&param, call->query, "include_disabled") &&
	               strcmp(buf_text(&param), "true") == 0;
	if ((int64_t)left > square->is.page_max)
		left = (size_t)square->is.page_max;
	json_out_object(&out, NULL);
	json_out_array(&out, "subscriptions");
	for (; i < square->n_subscriptions && left > 0; i++) {
		s = &square->subscriptions[i];
		if (!s->is_enabled && !has_disabled)
			continue;
		out_subscription(square, s, &out, NULL);
		left--;
	}
	json_out_end_array(&out);
	if (i < square->n_subscriptions) {
		snprintf(next, sizeof(next), "%zu", i);
		json_out_text(&out, "cursor", next);
	}
	json_out_end_object(&out);
	buf_fini(&param);
}

/* Without their keys. */
void
square_hooks_print(const struct square *square, struct json_out *out)
{
	const struct square_subscription *s;
	size_t i;

	json_out_array(out, "subscriptions");
	for (i = 0; i < square->n_subscriptions; i++) {
		s = &square->subscriptions[i];
		json_out_object(out, NULL);
		json_out_text(out, "id", s->id);
		json_out_text(out, "url", s->url);
		json_out_bool(out, "enabled", s->is_enabled);
		out_events(s, out);
		json_out_end_object(out);
	}
	json_out_end_array(out);
}

/* ---- making and changing ---- */

static bool
is_known(const char *type)
{
	size_t i;

	for (i = 0; type != NULL && i < sizeof(known) / sizeof(*known); i++) {
		if (strcmp(known[i], type) == 0)
			return true;
	}
	return false;
}

/* The events as one text; false after a refusal. */
static bool
read_events(struct buf *out, const struct json_node *o,
            struct server_reply *reply)
{
	const struct json_node *array = json_find(o, "event_types");
	size_t i;

	for (i = 0; i < json_length(array); i++) {
		if (!is_known(json_text(json_at(array, i)))) {
			square_refuse(reply, 400, "INVALID_ENUM_VALUE",
			              "subscription.event_types",
			              "Unknown event type");
			return false;
		}
		buf_addf(out, "%s ", json_text(json_at(array, i)));
	}
	return true;
}

static bool
check_subscription(const struct json_node *o, struct server_reply *reply)
{
	const char *url = json_text_or(o, "notification_url", NULL);
	const char *wrong = NULL;

	if (o == NULL)
		wrong = "subscription";
	else if (strlen(json_text_or(o, "name", "")) > HOOK_NAME_MAX)
		wrong = "subscription.name";
	else if (url != NULL && strncmp(url, "https://", 8) != 0)
		wrong = "subscription.notification_url";
	if (wrong != NULL)
		square_refuse(reply, 400, "INVALID_VALUE", wrong, NULL);
	return wrong == NULL &&
	       square_check_members(o,
	                            "name enabled event_types "
	                            "notification_url api_version",
	                            reply);
}

static void
set_text(char **text, const struct json_node *o, const char *key)
{
	const char *said = json_text_or(o, key, NULL);

	if (said == NULL && *text != NULL)
		return;
	free(*text);
	*text = sim_dup(said != NULL ? said : "");
}

/* What is said replaces what was; the rest stays. */
static void
change_subscription(struct square *square, struct square_subscription *s,
                    const struct json_node *o, struct buf *events)
{
	set_text(&s->name, o, "name");
	set_text(&s->url, o, "notification_url");
	set_text(&s->version, o, "api_version");
	(void)json_get_bool(&s->is_enabled, o, "enabled");
	if (json_find(o, "event_types") != NULL || s->events == NULL) {
		free(s->events);
		s->events = sim_dup(buf_text(events));
	}
	s->updated_us = sim_now_us(square->sim);
}

static void
make_subscription(struct square *square, const struct json_node *o,
                  struct buf *events, char *slot, struct server_reply *reply)
{
	void *keys = square->keys;
	struct square_subscription *s;

	s = add_subscription(square);
	sim_token(square->sim, s->key, HOOK_LETTERS);
	change_subscription(square, s, o, events);
	answer_one(square, s, reply);
	sim_grow(&keys, &square->cap_keys, square->n_keys,
	         sizeof(*square->keys));
	square->keys = keys;
	square->keys[square->n_keys++] = (struct square_key){
		.key = sim_dup(slot),
		.request = sim_dup(""),
		.reply = sim_dup(buf_text(&reply->body)),
	};
}

static void
create_subscription(struct square *square, const struct json_node *request,
                    struct server_reply *reply)
{
	const struct json_node *o = json_find(request, "subscription");
	const char *key = json_text_or(request, "idempotency_key", "");
	char *slot = text_format("subscriptions %s", key);
	struct buf events = BUF_INIT;
	const struct square_key *done;

	if (slot == NULL)
		abort();
	done = key[0] != '\0' ? square_key_find(square, slot) : NULL;
	if (strlen(key) > HOOK_KEY_MAX)
		square_refuse(reply, 400, "VALUE_TOO_LONG", "idempotency_key",
		              NULL);
	else if (done != NULL)
		buf_adds(&reply->body, done->reply);
	else if (square_check_members(request, "idempotency_key subscription",
	                              reply) &&
	         check_subscription(o, reply) &&
	         read_events(&events, o, reply)) {
		if (json_text_or(o, "notification_url", NULL) == NULL ||
		    events.n == 0)
			square_refuse(reply, 400, "MISSING_REQUIRED_PARAMETER",
			              "subscription", NULL);
		else
			make_subscription(square, o, &events, slot, reply);
	}
	buf_fini(&events);
	free(slot);
}

static void
update_subscription(struct square *square, struct square_subscription *s,
                    const struct json_node *request, struct server_reply *reply)
{
	const struct json_node *o = json_find(request, "subscription");
	struct buf events = BUF_INIT;

	if (square_check_members(request, "subscription", reply) &&
	    check_subscription(o, reply) && read_events(&events, o, reply)) {
		change_subscription(square, s, o, &events);
		answer_one(square, s, reply);
	}
	buf_fini(&events);
}

/* ---- choosing ---- */

static void
serve_body(struct square *square, struct square_subscription *s,
           const struct http_call *call, struct server_reply *reply)
{
	struct json *doc = square_body(call, reply);

	if (doc == NULL)
		return;
	if (s != NULL)
		update_subscription(square, s, json_root(doc), reply);
	else
		create_subscription(square, json_root(doc), reply);
	json_free(doc);
}

bool
square_serve_hooks(struct square *square, const struct http_call *call,
                   struct server_reply *reply)
{
	bool is_get = strcmp(call->method, "GET") == 0;
	struct square_subscription *s = NULL;
	const char *id;

	if (strcmp(call->path, HOOKS_PATH) == 0) {
		if (is_get)
			list_subscription(square, call, reply);
		else if (strcmp(call->method, "POST") == 0)
			serve_body(square, NULL, call, reply);
		else
			square_refuse(reply, 405, "METHOD_NOT_ALLOWED", NULL,
			              NULL);
		return true;
	}
	if (!sim_after(&id, call->path, HOOKS_PATH "/"))
		return false;
	s = find_subscription(square, id);
	if (s == NULL)
		square_refuse(reply, 404, "NOT_FOUND", NULL,
		              "Subscription not found");
	else if (is_get)
		answer_one(square, s, reply);
	else if (strcmp(call->method, "PUT") == 0)
		serve_body(square, s, call, reply);
	else
		square_refuse(reply, 405, "METHOD_NOT_ALLOWED", NULL, NULL);
	return true;
}
