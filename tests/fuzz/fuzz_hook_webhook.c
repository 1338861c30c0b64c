/*
 * Signed webhooks: the first line says which scheme, the second is a pointer of
 * its own, then come signature, time and id, and the rest is the body. Nobody here knows the key, so nothing may be accepted; and
 * whatever identify takes, hints must take too.
 */
#include "handlers/handlers.h"

#include "gateway/base/json.h"
#include "gateway/model/item.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SKUS_MAX = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* The last one is hmac with options of its own. */
#define TIMED "hmac\",\"timestamp_header\":\"X-Time\",\"encoding\":\"base64"

static const char *const schemes[] = {
	"standard", "svix", "github", "shopify", "stripe", "hmac", TIMED,
};

enum { N_SCHEMES = sizeof(schemes) / sizeof(schemes[0]) };

static struct conf_section *
account(size_t scheme)
{
	static const struct conf_row rows[] = { { .key = NULL } };
	static struct conf_section *made[N_SCHEMES];
	const struct conf_type type = { .name = "webhook",
		                        .rows = rows,
		                        .hook = webhook_hooks.options,
		                        .url_flags = CONF_SOURCE };
	struct buf mistakes = BUF_INIT;
	char *json;

	if (made[scheme])
		return made[scheme];
	json = text_format("{\"hook\":{\"sku\":\"/data/sku\",\"secret\":"
	                   "\"whsec_D3rBf0cAn5W8hJk1Zx9Qe7Tu2Ym4Lp6S\","
	                   "\"scheme\":\"%s\"}}",
	                   schemes[scheme]);
	assert(json && conf_section_parse(&made[scheme], &type, json, NULL,
	                                  &mistakes) == 0);
	free(json);
	return made[scheme];
}

static void
take_sku(void *ctx, const char *sku)
{
	size_t *n = ctx;

	assert(sku[0] && strlen(sku) <= ITEM_SKU_MAX && ++*n <= SKUS_MAX);
	for (; *sku; sku++)
		assert((unsigned char)*sku >= ' ' && *sku != 0x7f);
}

/* Cut the next line off; the text ends with NUL. */
static char *
cut_line(char **rest)
{
	char *line = *rest;
	char *end = strchr(line, '\n');

	*rest = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	return line;
}

/* The signature and the time under every name they have. */
static void
check(const struct handler_env *env, struct http_call *call, char **rest)
{
	const char *signature = cut_line(rest);
	const char *time = cut_line(rest);
	const char *id = cut_line(rest);
	const struct http_header headers[] = {
		{ "webhook-signature", signature },
		{ "svix-signature", signature },
		{ "X-Hub-Signature-256", signature },
		{ "X-Shopify-Hmac-SHA256", signature },
		{ "Stripe-Signature", signature },
		{ "X-Signature", signature },
		{ "webhook-timestamp", time },
		{ "svix-timestamp", time },
		{ "X-Time", time },
		{ "webhook-id", id },
		{ "svix-id", id },
	};
	struct event event = { 0 };
	size_t n_skus = 0;
	/* it asks for nothing else: the others are NULL */
	const struct hints hints = { .ctx = &n_skus, .sku = take_sku };
	int r;

	call->headers = headers;
	call->n_headers = sizeof(headers) / sizeof(headers[0]);
	call->body = *rest;
	call->n_body = strlen(*rest);
	assert(webhook_hooks.verify(env, call) == HANDLER_FORGED);
	r = webhook_hooks.identify(env, call, &event);
	assert(r == 0 || r == HANDLER_MALFORMED);
	if (r == 0) {
		assert(event.topic && event.id && !event.query[0]);
		event.body = text_dup(call->body);
		event.n_body = call->n_body;
		assert(webhook_hooks.hints(env, &event, &hints) == 0);
	}
	event_fini(&event);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct handler_env env = { NULL, NULL };
	struct http_call call = { .method = "POST",
		                  .path = "/hooks/any",
		                  .query = "",
		                  .peer = "192.0.2.1" };
	struct json *doc = NULL;
	char *text = malloc(n + 1);
	char *rest = text;
	char *pointer;

	assert(text);
	memcpy(text, p, n);
	text[n] = '\0';
	env.account = account((unsigned char)cut_line(&rest)[0] % N_SCHEMES);
	pointer = cut_line(&rest);
	check(&env, &call, &rest);
	if (json_parse(&doc, call.body, call.n_body) == 0 &&
	    json_pointer(json_root(doc), pointer))
		assert(json_pointer_is_valid(pointer));
	json_free(doc);
	free(text);
	return 0;
}
