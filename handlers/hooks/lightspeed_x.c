/*
 * Lightspeed X: forms whose field `payload` is the entity that changed, as JSON.
 *
 * Proof   X-Signature: signature=…,algorithm=HMAC-SHA256 with the application's
 *         client secret. Of what, and coded how, the vendor's pages leave open:
 *         the raw body in hex unless `hook.signed` and `hook.encoding` say
 *         otherwise. What no OAuth application registered is not signed: then
 *         `hook.token` must be the parameter k of the URL. With both configured
 *         both must hold.
 * Ids     None: repeats are one more look. One sale is announced many times.
 * Kinds   The field `type` is not certain to be there; then it is the one in
 *         the URL, which tillbridge registers so, and else what the payload
 *         looks like.
 * Hints   A sale is read by its id; one that carries our docid is our own. A
 *         level of our outlet and a product are a look. A consignment moves
 *         what it does not name: a catch-up.
 * Source  The vendor's guide to webhooks and the signatures, as digested in the
 *         project's references, read 2026-11-22.
 */
#include "handlers/handlers.h"
#include "handlers/hooks/proof.h"

#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/base/secret.h"
#include "gateway/model/sale.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	MAC_BYTES = 32,
	CODED_MAX = 100, /* of a signature, with NUL */
	TYPE_MAX = 40,   /* with NUL */
	ID_MAX = 64,
};

static const struct conf_row options[] = {
	{ .key = "hook.client_secret",
	  .kind = CONF_SECRETS,
	  .meaning = "Client secret of the application that registered the "
	             "webhooks, with which it signs them; one, or two while it "
	             "changes." },
	{ .key = "hook.encoding",
	  .kind = CONF_CHOICE,
	  .fallback = "\"hex\"",
	  .choices = "hex|base64",
	  .meaning = "How the signature is written." },
	{ .key = "hook.signed",
	  .kind = CONF_CHOICE,
	  .fallback = "\"body\"",
	  .choices = "body|payload",
	  .meaning =
	          "What is signed: the body as it came, or its field payload "
	          "decoded." },
	{ .key = "hook.token",
	  .kind = CONF_SECRETS,
	  .meaning =
	          "What calls must have as parameter k of the URL, where "
	          "nothing is signed because a personal token registered the "
	          "webhooks; one, or two while it changes." },
	{ .key = NULL },
};

/* It becomes a part of addresses, and is to be known again wherever one of them
   is shown: coded, it would not be. */
static bool
is_plain(const struct conf_section *conf)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789._~-";
	const struct secret *tokens[2];
	size_t n = conf_secrets(conf, "hook.token", tokens);

	for (size_t i = 0; i < n; i++)
		if (secret_text(
			    tokens[i])[strspn(secret_text(tokens[i]), plain)])
			return false;
	return true;
}

static void
check(const struct handler_env *env, struct buf *mistakes)
{
	if (!is_plain(env->account))
		buf_adds(mistakes, "hook.token: expected letters, digits, "
		                   "\"-\", \".\", \"_\" and \"~\" only: it "
		                   "becomes a part of addresses\n");
	if (conf_knows(env->account, "access_token") &&
	    conf_has(env->account, "access_token") &&
	    conf_has(env->account, "hook.client_secret") &&
	    conf_has(env->account, "hook.token"))
		buf_adds(mistakes,
		         "hook.client_secret: what a personal token "
		         "(access_token) registers is not signed, and with "
		         "hook.token beside it no call would be accepted: "
		         "expected one of them\n");
	if (!conf_has(env->account, "hook.client_secret") &&
	    !conf_has(env->account, "hook.token"))
		buf_adds(mistakes, "hook.client_secret: missing: expected it, "
		                   "or hook.token\n");
}

/* ---- the form ---- */

/* The decoded payload, ended by NUL. 0, HANDLER_MALFORMED, ERR_NOMEM. */
static int
read_payload(char **out, const char *body, size_t n)
{
	char *text = malloc(n + 1);

	if (!text)
		return err_raise(ERR_NOMEM, "event");
	if (http_param(text, n + 1, body, n, "payload")) {
		free(text);
		return HANDLER_MALFORMED;
	}
	*out = text;
	return 0;
}

/* ---- proof ---- */

/* The members of the header, in any order, each once. */
struct claim {
	char signature[CODED_MAX];
	char algorithm[CODED_MAX];
};

/* "name=value", blanks around it; what we do not know is passed over. */
static bool
take_member(struct claim *claim, const char *p, size_t n)
{
	static const struct {
		const char *name;
		size_t at;
	} members[] = {
		{ "signature=", offsetof(struct claim, signature) },
		{ "algorithm=", offsetof(struct claim, algorithm) },
	};

	for (; n && *p == ' '; n--)
		p++;
	while (n && p[n - 1] == ' ')
		n--;
	for (size_t i = 0; i < 2; i++) {
		size_t n_name = strlen(members[i].name);
		char *to = (char *)claim + members[i].at;

		if (n < n_name || strncmp(p, members[i].name, n_name) != 0)
			continue;
		if (*to || n == n_name || n - n_name >= CODED_MAX)
			return false;
		memcpy(to, p + n_name, n - n_name);
	}
	return true;
}

static bool
read_claim(struct claim *claim, const struct http_call *call)
{
	const char *value = NULL;

	*claim = (struct claim){ { 0 }, { 0 } };
	if (http_call_header(&value, call, "X-Signature") || !value)
		return false;
	while (*value) {
		size_t n = strcspn(value, ",");

		if (!take_member(claim, value, n))
			return false;
		value += n + (value[n] == ',');
	}
	return strcmp(claim->algorithm, "HMAC-SHA256") == 0;
}

static bool
decode_claim(struct proof_mac *out, const struct claim *claim,
             const struct conf_section *conf)
{
	size_t n_coded = strlen(claim->signature);
	int r = strcmp(conf_text(conf, "hook.encoding"), "base64") == 0
	                ? crypto_base64_decode(out->claimed, &out->n,
	                                       CRYPTO_MAC_MAX, claim->signature,
	                                       n_coded)
	                : crypto_hex_decode(out->claimed, &out->n,
	                                    CRYPTO_MAC_MAX, claim->signature,
	                                    n_coded);

	return r == 0 && out->n == MAC_BYTES;
}

/* Returns 0, HANDLER_FORGED, a fault. */
static int
check_signature(const struct conf_section *conf, const struct http_call *call)
{
	struct crypto_part part = { call->body, call->n_body };
	struct proof_mac mac = { .hash = CRYPTO_SHA256 };
	struct claim claim;
	char *payload = NULL;
	int r = 0;

	if (!read_claim(&claim, call) || !decode_claim(&mac, &claim, conf))
		return HANDLER_FORGED;
	/* The one thing that is taken apart before it is proved, and only
	   where it is what is signed. */
	if (strcmp(conf_text(conf, "hook.signed"), "payload") == 0) {
		r = read_payload(&payload, call->body, call->n_body);
		if (!r)
			part = (struct crypto_part){ payload, strlen(payload) };
	}
	if (!r)
		r = proof_check_mac(conf, "hook.client_secret", &mac, &part, 1);
	free(payload);
	return r == HANDLER_MALFORMED ? HANDLER_FORGED : r;
}

static int
verify(const struct handler_env *env, const struct http_call *call)
{
	return proof_form(env->account, call, "hook.client_secret",
	                  check_signature);
}

/* ---- what it is ---- */

static bool
is_type(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz_.");

	return n > 0 && text[n] == '\0';
}

/* Of the payload alone. */
static const char *
guess_type(const struct json_node *root)
{
	if (json_find(root, "register_sale_products") ||
	    json_find(root, "line_items") || json_find(root, "sale_date"))
		return "sale.update";
	if (json_find(root, "product_id") && json_find(root, "outlet_id"))
		return "inventory.update";
	if (json_find(root, "inventory") || json_find(root, "handle"))
		return "product.update";
	return "other";
}

static void
find_type(char out[TYPE_MAX], const struct http_call *call,
          const struct json_node *root)
{
	if (http_param(out, TYPE_MAX, call->body, call->n_body, "type") == 0 &&
	    is_type(out))
		return;
	if (http_param(out, TYPE_MAX, call->query, strlen(call->query),
	               "type") == 0 &&
	    is_type(out))
		return;
	memcpy(out, guess_type(root), strlen(guess_type(root)) + 1);
}

static int
identify(const struct handler_env *env, const struct http_call *call,
         struct event *event)
{
	struct json *doc = NULL;
	char *payload = NULL;
	char type[TYPE_MAX];
	int r = read_payload(&payload, call->body, call->n_body);

	(void)env;
	if (!r)
		r = json_parse(&doc, payload, strlen(payload));
	if (r == JSON_MALFORMED ||
	    (!r && json_type(json_root(doc)) != JSON_OBJECT))
		r = HANDLER_MALFORMED;
	if (!r) {
		find_type(type, call, json_root(doc));
		event->topic = text_dup(type);
		event->id = text_dup("");
		event->query = text_dup(""); /* it held the token */
		if (!event->topic || !event->id || !event->query)
			r = err_raise(ERR_NOMEM, "event");
	}
	json_free(doc);
	free(payload);
	return r;
}

/* ---- where to look ---- */

static bool
is_ours(const struct handler_env *env, const struct json_node *root)
{
	const char *outlet = json_text_or(root, "outlet_id", NULL);

	return !outlet || !conf_has(env->account, "outlet") ||
	       strcasecmp(outlet, conf_text(env->account, "outlet")) == 0;
}

/* A name that could be one; hints copy it. */
static const char *
id_of(const struct json_node *root, const char *key)
{
	const char *id = json_text_or(root, key, "");

	return *id && strlen(id) < ID_MAX ? id : NULL;
}

static void
hint(const struct handler_env *env, const char *topic,
     const struct json_node *root, const struct hints *hints)
{
	const char *id = id_of(root, "id");

	if (strcmp(topic, "sale.update") == 0) {
		if (id && is_ours(env, root) &&
		    !sale_is_docid(json_text_or(root, "source_id", "")))
			hints->sale(hints->ctx, id);
	} else if (strcmp(topic, "inventory.update") == 0) {
		id = id_of(root, "product_id");
		if (id && is_ours(env, root))
			hints->ref(hints->ctx, id);
	} else if (strcmp(topic, "product.update") == 0) {
		if (id)
			hints->ref(hints->ctx, id);
	} else if (strncmp(topic, "consignment.", 12) == 0) {
		hints->catch_up(hints->ctx);
	}
}

static int
hints_(const struct handler_env *env, const struct event *event,
       const struct hints *hints)
{
	struct json *doc = NULL;
	char *payload = NULL;
	int r = read_payload(&payload, event->body, event->n_body);

	if (!r)
		r = json_parse(&doc, payload, strlen(payload));
	if (!r)
		hint(env, event->topic, json_root(doc), hints);
	json_free(doc);
	free(payload);
	return r > 0 ? 0 : err_pass(r);
}

const struct handler_ops lightspeed_x_hooks = {
	.name = "lightspeed_x",
	.options = options,
	.methods = "POST",
	.check = check,
	.verify = verify,
	.identify = identify,
	.hints = hints_,
};
