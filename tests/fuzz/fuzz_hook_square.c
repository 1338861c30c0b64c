/*
 * Square's hooks: the first line is the signature, the rest the body. Nobody
 * here knows the key, so nothing may be accepted; and whatever identify takes,
 * hints must take too.
 */
#include "handlers/handlers.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct conf_section *
account(void)
{
	static const struct conf_row rows[] = {
		{ .key = "location", .kind = CONF_TEXT, .meaning = "Ours." },
		{ .key = NULL },
	};
	static struct conf_section *made;
	const struct conf_type type = { .name = "square",
		                        .rows = rows,
		                        .hook = square_hooks.options,
		                        .default_url = "https://a.example" };
	struct buf mistakes = BUF_INIT;

	if (!made)
		assert(conf_section_parse(
			       &made, &type,
			       "{\"location\":\"LOC1\",\"hook\":"
			       "{\"signature_key\":"
			       "\"0f1e2d3c4b5a69788796a5b4c3d2e1f0\"}}",
			       NULL, &mistakes) == 0);
	return made;
}

static void
take_id(void *ctx, const char *id)
{
	(void)ctx;
	assert(id[0]);
}

static void
take_nothing(void *ctx)
{
	(void)ctx;
	abort(); /* Square never asks for a catch-up */
}

static void
refuse_sku(void *ctx, const char *sku)
{
	(void)ctx;
	(void)sku;
	abort(); /* Square knows no SKU of ours */
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct handler_env env = { account(), "https://gw.example.com" };
	struct http_header headers[1] = { { "x-square-hmacsha256-signature",
		                            "" } };
	struct http_call call = { .method = "POST",
		                  .path = "/hooks/test",
		                  .query = "",
		                  .headers = headers,
		                  .n_headers = 1,
		                  .peer = "192.0.2.1" };
	struct event event = { 0 };
	struct hints hints = { NULL,         take_id, take_id,   take_nothing,
		               take_nothing, take_id, refuse_sku };
	char *text = malloc(n + 1);
	char *end;
	int r;

	assert(text);
	memcpy(text, p, n);
	text[n] = '\0';
	end = memchr(text, '\n', n);
	if (end) {
		*end = '\0';
		headers[0].value = text;
	}
	call.body = end ? end + 1 : text;
	call.n_body = n - (size_t)(call.body - text);
	assert(square_hooks.verify(&env, &call) == HANDLER_FORGED);
	r = square_hooks.identify(&env, &call, &event);
	assert(r == 0 || r == HANDLER_MALFORMED);
	if (r == 0) {
		assert(event.topic[0] && event.id[0]);
		event.body = malloc(call.n_body + 1);
		assert(event.body);
		memcpy(event.body, call.body, call.n_body + 1);
		event.n_body = call.n_body;
		assert(square_hooks.hints(&env, &event, &hints) == 0);
	}
	event_fini(&event);
	free(text);
	return 0;
}
