/*
 * Request to handler to store to reply.
 *
 * The order is the whole security of the door: what costs nothing is decided
 * before the body is read (admit); then verify, over the raw bytes; only then
 * is anything in the call looked at (identify); then one script in the store.
 * Conditions of handlers and store become HTTP statuses here and nowhere else.
 * Our own trouble is never a 4xx, because senders give up on those (N3).
 */
#include "gateway/engine/receiver.h"

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/http_server.h"
#include "gateway/model/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	RECEIVER_MAGIC = 0x52637672,
	RETRY_AFTER_S = 10,
	FORGED_LINES_MAX = 3, /* a second; the log is not the attacker's */
};

static const char hooks_prefix[] = "/hooks/";

/* Who a call is for. */
struct target {
	const struct handler_ops *handler;
	struct handler_env env;
};

static const struct handler_ops *
find_handler(const struct receiver *receiver, const char *type)
{
	const struct handler_ops *const *h;

	for (h = receiver->options.handlers; *h; h++)
		if (strcmp((*h)->name, type) == 0)
			return *h;
	return NULL;
}

/* False: nobody here is called that. */
static bool
find_target(struct target *out, const struct receiver *receiver,
            const char *path)
{
	const struct conf_section *account;

	if (strncmp(path, hooks_prefix, sizeof(hooks_prefix) - 1) != 0)
		return false;
	account = conf_find_account(receiver->options.conf,
	                            path + sizeof(hooks_prefix) - 1);
	if (!account)
		return false;
	out->env.account = account;
	out->env.public_url = receiver->public_url;
	out->handler = find_handler(receiver, conf_account_type(account));
	return out->handler != NULL;
}

/* Is this one of "GET, POST"? */
static bool
is_listed(const char *methods, const char *method)
{
	size_t n = strlen(method);
	const char *p = methods;

	for (;;) {
		p += strspn(p, ", ");
		if (!*p)
			return false;
		if (strncmp(p, method, n) == 0 && strchr(", ", p[n]))
			return true; /* strchr finds the final NUL as well */
		p += strcspn(p, ", ");
	}
}

/* The declared length; -1 when there is none. http_server has checked it. */
static int64_t
declared_length(const struct http_call *call)
{
	const char *text = NULL;

	if (http_call_header(&text, call, "Content-Length") || !text)
		return -1;
	return strtoll(text, NULL, 10);
}

static void
reply_unavailable(struct http_reply *reply)
{
	metrics_add(METRIC_hooks_unavailable, 1);
	reply->status = 503;
	reply->retry_after_s = RETRY_AFTER_S;
}

static void
reply_refused(struct http_reply *reply, int status)
{
	metrics_add(METRIC_hooks_refused, 1);
	reply->status = status;
}

static int
admit_live(const struct http_call *call, struct http_reply *reply)
{
	if (strcmp(call->method, "GET") == 0)
		return 0;
	reply->status = 405;
	reply->allow = "GET";
	return HTTP_SERVER_REFUSED;
}

static int
admit_hook(const struct receiver *receiver, const struct target *target,
           const struct http_call *call, struct http_reply *reply)
{
	if (!is_listed(target->handler->methods, call->method)) {
		reply->allow = target->handler->methods;
		reply_refused(reply, 405);
		return HTTP_SERVER_REFUSED;
	}
	if (pulse_is_draining()) {
		reply_unavailable(reply);
		reply->must_close = true;
		return HTTP_SERVER_REFUSED;
	}
	if (declared_length(call) > receiver->body_max_bytes) {
		reply_refused(reply, 413);
		return HTTP_SERVER_REFUSED;
	}
	return 0;
}

static const struct receiver *
receiver_of(const void *ctx)
{
	const struct receiver *receiver = ctx;

	assert(receiver->magic == RECEIVER_MAGIC);
	return receiver;
}

int
receiver_admit(void *ctx, const struct http_call *call,
               struct http_reply *reply)
{
	const struct receiver *receiver = receiver_of(ctx);
	struct target target;

	if (strcmp(call->path, "/live") == 0)
		return admit_live(call, reply);
	if (find_target(&target, receiver, call->path))
		return admit_hook(receiver, &target, call, reply);
	reply->status = 404;
	return HTTP_SERVER_REFUSED;
}

/* May one more line be written? n_unlogged: how many were not, before it. */
static bool
may_log_forged(struct receiver *receiver, int64_t *n_unlogged)
{
	int64_t second = clock_mono_ms() / 1000;
	bool may;

	(void)pthread_mutex_lock(&receiver->lock);
	if (second != receiver->forged_second) {
		receiver->forged_second = second;
		receiver->forged_lines = 0;
	}
	may = receiver->forged_lines < FORGED_LINES_MAX;
	if (may) {
		receiver->forged_lines++;
		*n_unlogged = receiver->forged_unlogged;
		receiver->forged_unlogged = 0;
	} else {
		receiver->forged_unlogged++;
	}
	(void)pthread_mutex_unlock(&receiver->lock);
	return may;
}

static void
refuse_forged(struct receiver *receiver, const struct target *target,
              const char *why, struct http_reply *reply)
{
	int64_t n_unlogged = 0;

	metrics_add(METRIC_hooks_forged, 1);
	reply->status = 401;
	if (may_log_forged(receiver, &n_unlogged))
		log_warn("hook.forged",
		         "account=%s unlogged_before=%" PRId64 " why=\"%s\"",
		         conf_account_name(target->env.account), n_unlogged,
		         why);
}

/* The body byte for byte: it may hold NULs. */
static char *
copy_body(const struct http_call *call)
{
	char *copy = malloc(call->n_body + 1);

	if (!copy)
		return NULL;
	memcpy(copy, call->body, call->n_body);
	copy[call->n_body] = '\0';
	return copy;
}

/* The event with what is the receiver's to say. */
static int
fill_event(struct event *event, const struct target *target,
           const struct http_call *call)
{
	event->account = text_dup(conf_account_name(target->env.account));
	event->body = copy_body(call);
	event->n_body = call->n_body;
	event->received_ms = clock_wall_ms();
	if (!event->account || !event->body)
		return err_raise(ERR_NOMEM, "event");
	return 0;
}

/* What the handler left out is empty, not missing. */
static int
complete_event(struct event *event)
{
	char **texts[] = { &event->topic, &event->id, &event->query };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!*texts[i])
			*texts[i] = text_dup("");
		if (!*texts[i])
			return err_raise(ERR_NOMEM, "event");
	}
	return 0;
}

static void
reply_accepted(struct http_reply *reply, const struct event *event,
               const char *id, bool is_known)
{
	metrics_add(METRIC_hooks_accepted, 1);
	if (is_known)
		metrics_add(METRIC_hooks_duplicate, 1);
	log_info(is_known ? "hook.repeated" : "hook.accepted",
	         "account=%s topic=%s event=%s", event->account,
	         log_quote(event->topic), id);
	reply->status = 202;
	reply->content_type = "application/json";
	buf_addf(&reply->body, "{\"event\":\"%s\"}", id);
}

static void
queue(struct receiver *receiver, const struct target *target,
      const struct event *event, struct http_reply *reply)
{
	char id[QUEUE_ID_SIZE] = "";
	int r = receiver->options.push(receiver->options.push_ctx, id, event,
	                               target->handler->dedupe_ms);

	if (r == 0 || r == QUEUE_DUPLICATE) {
		reply_accepted(reply, event, id, r == QUEUE_DUPLICATE);
		return;
	}
	if (r == QUEUE_FULL)
		log_debug("hook.unqueued", "account=%s why=\"queue is full\"",
		          event->account);
	else
		(void)err_pass(r);
	reply_unavailable(reply);
}

static void
accept_hook(struct receiver *receiver, const struct target *target,
            const struct http_call *call, struct http_reply *reply)
{
	struct event event = { 0 };
	int r;

	r = fill_event(&event, target, call);
	if (r == 0)
		r = target->handler->identify(&target->env, call, &event);
	if (r == 0)
		r = complete_event(&event);
	if (r == 0) {
		queue(receiver, target, &event, reply);
	} else if (r == HANDLER_MALFORMED) {
		reply_refused(reply, 400);
	} else {
		(void)err_pass(r);
		reply_unavailable(reply);
	}
	event_fini(&event);
}

static void
serve_hook(struct receiver *receiver, const struct target *target,
           const struct http_call *call, struct http_reply *reply)
{
	int r = target->handler->verify(&target->env, call);

	if (r == 0) {
		accept_hook(receiver, target, call, reply);
	} else if (r == HANDLER_FORGED) {
		refuse_forged(receiver, target, "not authentic", reply);
	} else if (r == HANDLER_STALE) {
		refuse_forged(receiver, target,
		              "authentic, but too old or from the future",
		              reply);
	} else if (r == HANDLER_MEDIA_TYPE) {
		reply_refused(reply, 415);
	} else {
		(void)err_pass(r);
		reply_unavailable(reply);
	}
}

void
receiver_serve(void *ctx, const struct http_call *call,
               struct http_reply *reply)
{
	struct receiver *receiver = ctx;
	struct target target;

	assert(receiver->magic == RECEIVER_MAGIC);
	if (strcmp(call->path, "/live") == 0) {
		reply->status = 200;
		return;
	}
	if (!find_target(&target, receiver, call->path)) {
		reply->status = 404;
		return;
	}
	if ((int64_t)call->n_body > receiver->body_max_bytes) {
		reply_refused(reply, 413);
		return;
	}
	serve_hook(receiver, &target, call, reply);
}

void
receiver_refused(void *ctx, int status)
{
	(void)receiver_of(ctx);
	metrics_add(status < 500 ? METRIC_hooks_refused
	                         : METRIC_hooks_unavailable,
	            1);
}

int
receiver_push_store(void *ctx, char id_out[QUEUE_ID_SIZE],
                    const struct event *event, int64_t dedupe_ms)
{
	struct store *store = store_of_thread(ctx);

	if (!store)
		return err_raise(ERR_NOMEM, "store of this thread");
	return store_queue_push(store, id_out, event, dedupe_ms);
}

int
receiver_init(struct receiver *receiver, const struct receiver_options *options)
{
	const char *url = conf_text(options->conf->top, "public.url");
	size_t n = url ? strlen(url) : 0;

	memset(receiver, 0, sizeof(*receiver));
	receiver->magic = RECEIVER_MAGIC;
	receiver->options = *options;
	receiver->body_max_bytes =
		conf_int(options->conf->top, "public.body_max_bytes");
	(void)pthread_mutex_init(&receiver->lock, NULL);
	while (n > 0 && url[n - 1] == '/')
		n--;
	if (n == 0)
		return 0;
	receiver->public_url = text_ndup(url, n);
	if (!receiver->public_url)
		return err_raise(ERR_NOMEM, "receiver");
	return 0;
}

void
receiver_fini(struct receiver *receiver)
{
	if (receiver->magic != RECEIVER_MAGIC)
		return;
	(void)pthread_mutex_destroy(&receiver->lock);
	free(receiver->public_url);
	memset(receiver, 0, sizeof(*receiver));
}
