/*
 * Square: signed events; the signature covers URL and body.
 *
 * Proof   x-square-hmacsha256-signature: base64 of HMAC-SHA256 under the
 *         signature key's characters, over the notification URL exactly as
 *         registered and then the raw body. The URL comes from configuration,
 *         never from the Host header. The old x-square-signature (SHA-1) is
 *         ignored.
 * Ids     type and event_id, both inside the signed body: one event_id may be
 *         shared by two types. The same signature repeats on every retry, so
 *         de-duplication carries the load that a timestamp carries elsewhere.
 * Span    Retries last 24 h by the current documentation, 72 h by an older
 *         one; ids are kept for a week.
 * Source  Square Webhooks documentation and SDK 46.0.0, as digested in the
 *         project's references on Square and on signatures, read 2026-11-21.
 */
#include "handlers/handlers.h"
#include "handlers/hooks/proof.h"

#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"

#include <string.h>
#include <strings.h>

static const char signature_header[] = "x-square-hmacsha256-signature";

enum {
	NAME_MAX = 128, /* bytes of a type or event_id we take */
	SIGNATURE_BYTES = 32,
};

#define DEDUPE_MS (INT64_C(7) * 24 * 3600 * 1000)

static const struct conf_row options[] = {
	{ .key = "hook.signature_key",
	  .kind = CONF_SECRETS,
	  .flags = CONF_REQUIRED,
	  .meaning = "Signature key of the webhook subscription; one, or two "
	             "while it changes." },
	{ .key = "hook.url",
	  .kind = CONF_TEXT,
	  .meaning = "Notification URL exactly as registered; without it "
	             "public.url + /hooks/ + name." },
	{ .key = NULL },
};

/* ---- proof ---- */

/* The registered URL in pieces. Returns how many; 0: it is not known. */
static size_t
url_parts(struct crypto_part parts[3], const struct handler_env *env)
{
	static const char path[] = "/hooks/";
	const char *url = conf_text(env->account, "hook.url");
	const char *name = conf_account_name(env->account);

	if (url) {
		parts[0] = (struct crypto_part){ url, strlen(url) };
		return 1;
	}
	if (!env->public_url)
		return 0;
	parts[0] = (struct crypto_part){ env->public_url,
		                         strlen(env->public_url) };
	parts[1] = (struct crypto_part){ path, sizeof(path) - 1 };
	parts[2] = (struct crypto_part){ name, strlen(name) };
	return 3;
}

static void
check(const struct handler_env *env, struct buf *mistakes)
{
	struct crypto_part parts[3];

	if (url_parts(parts, env) == 0)
		buf_adds(mistakes, "hook.url: missing: expected the registered "
		                   "notification URL, here or by public.url\n");
}

static bool
read_signature(struct proof_mac *out, const struct http_call *call)
{
	const char *value = NULL;

	return http_call_header(&value, call, signature_header) == 0 && value &&
	       crypto_base64_decode(out->claimed, &out->n, CRYPTO_MAC_MAX,
	                            value, strlen(value)) == 0 &&
	       out->n == SIGNATURE_BYTES;
}

/* Square sends JSON only; an empty body has no type worth asking for. */
static int
verify(const struct handler_env *env, const struct http_call *call)
{
	struct proof_mac mac = { .hash = CRYPTO_SHA256 };
	struct crypto_part parts[4];
	size_t n_parts = url_parts(parts, env);
	int r;

	if (n_parts == 0 || !read_signature(&mac, call))
		return HANDLER_FORGED;
	parts[n_parts++] = (struct crypto_part){ call->body, call->n_body };
	r = proof_check_mac(env->account, "hook.signature_key", &mac, parts,
	                    n_parts);
	if (r)
		return r;
	return proof_is_type(call, "application/json") ? 0 : HANDLER_MEDIA_TYPE;
}

/* ---- what it is ---- */

static bool
is_name(const char *text)
{
	size_t n = 0;

	for (; text[n]; n++)
		if (text[n] <= ' ' || text[n] >= 0x7f || n + 1 >= NAME_MAX)
			return false;
	return n > 0;
}

static int
identify(const struct handler_env *env, const struct http_call *call,
         struct event *event)
{
	struct json *doc = NULL;
	const char *type;
	const char *id;
	int r;

	(void)env;
	r = json_parse(&doc, call->body, call->n_body);
	if (r)
		return r < 0 ? err_pass(r) : HANDLER_MALFORMED;
	type = json_text_or(json_root(doc), "type", "");
	id = json_text_or(json_root(doc), "event_id", "");
	if (!is_name(type) || !is_name(id)) {
		json_free(doc);
		return HANDLER_MALFORMED;
	}
	event->topic = text_dup(type);
	event->id = text_dup(id);
	event->query = text_dup("");
	json_free(doc);
	if (!event->topic || !event->id || !event->query)
		return err_raise(ERR_NOMEM, "event");
	return 0;
}

/* ---- where to look ---- */

/* One event at one account, taken apart. */
struct news {
	const struct json_node *root;
	const char *location; /* ours */
	const struct hints *hints;
};

/* An event that names no location may be about ours. */
static bool
is_ours(const struct news *news, const struct json_node *object)
{
	const char *named = json_text_or(object, "location_id", NULL);

	if (!named)
		named = json_text_or(news->root, "location_id", NULL);
	return !named || !news->location || strcmp(named, news->location) == 0;
}

static void
hint_counts(const struct news *news)
{
	const struct json_node *counts =
		json_path(news->root, "data.object.inventory_counts");

	for (size_t i = 0; i < json_length(counts); i++) {
		const struct json_node *count = json_at(counts, i);
		const char *id = json_text_or(count, "catalog_object_id", "");

		if (id[0] && is_ours(news, count))
			news->hints->ref(news->hints->ctx, id);
	}
}

static void
hint_sale(const struct news *news, const struct json_node *object)
{
	const char *id = json_text_or(object, "order_id", "");

	if (id[0] && is_ours(news, object))
		news->hints->sale(news->hints->ctx, id);
}

/* Only a completed payment makes its order worth a look. */
static void
hint_payment(const struct news *news)
{
	const struct json_node *payment =
		json_path(news->root, "data.object.payment");

	if (strcmp(json_text_or(payment, "status", ""), "COMPLETED") == 0)
		hint_sale(news, payment);
}

static void
hint_created(const struct news *news)
{
	hint_sale(news, json_path(news->root, "data.object.order_created"));
}

static void
hint_updated(const struct news *news)
{
	hint_sale(news, json_path(news->root, "data.object.order_updated"));
}

static void
hint_revoked(const struct news *news)
{
	news->hints->locked(news->hints->ctx,
	                    "Square: the seller revoked our authorization");
}

/*
 * Everything else says nothing about stock: a refund does not show that goods
 * were restocked (the inventory event does), and a new catalogue version
 * changes no count.
 */
static const struct {
	const char *type;
	void (*hint)(const struct news *news);
} topics[] = {
	{ "inventory.count.updated", hint_counts },
	{ "payment.created", hint_payment },
	{ "payment.updated", hint_payment },
	{ "order.created", hint_created },
	{ "order.updated", hint_updated },
	{ "oauth.authorization.revoked", hint_revoked },
};

static int
hints_(const struct handler_env *env, const struct event *event,
       const struct hints *hints)
{
	struct json *doc = NULL;
	struct news news = { .hints = hints };
	int r;

	r = json_parse(&doc, event->body, event->n_body);
	if (r) /* identify took it, so memory is the only reason */
		return err_pass(r);
	news.root = json_root(doc);
	news.location = conf_text(env->account, "location");
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
		if (strcmp(topics[i].type, event->topic) == 0)
			topics[i].hint(&news);
	json_free(doc);
	return 0;
}

const struct handler_ops square_hooks = {
	.name = "square",
	.options = options,
	.methods = "POST",
	.dedupe_ms = DEDUPE_MS,
	.check = check,
	.verify = verify,
	.identify = identify,
	.hints = hints_,
};
