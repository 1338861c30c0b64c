/*
 * Galaxy's hooks: the first line is the query, the second the content of the
 * Authorization header, the rest the body. Nobody here knows the secret, so
 * nothing may be accepted; and whatever came, the hints are GUIDs in lower
 * case and the kept query has no `key`.
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
	static struct conf_section *made;
	const struct conf_type type = { .name = "galaxy",
		                        .hook = galaxy_hooks.options,
		                        .default_url = "https://a.example" };
	struct buf mistakes = BUF_INIT;

	if (!made)
		assert(conf_section_parse(
			       &made, &type,
			       "{\"hook\":{\"secret\":"
			       "\"0f1e2d3c4b5a69788796a5b4c3d2e1f0\"}}",
			       NULL, &mistakes) == 0);
	return made;
}

static void
take_ref(void *ctx, const char *ref)
{
	size_t *n_refs = ctx;

	assert(strlen(ref) == 36);
	assert(strspn(ref, "0123456789abcdef-") == 36);
	(*n_refs)++;
}

static void
take_sale(void *ctx, const char *sale)
{
	(void)ctx;
	(void)sale;
	abort(); /* Galaxy names no sales, and no SKU */
}

static void
take_catch_up(void *ctx)
{
	assert(*(size_t *)ctx == 0);
}

static void
take_unknown(void *ctx)
{
	assert(*(size_t *)ctx > 0);
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

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct handler_env env = { account(), NULL };
	struct http_header headers[1] = { { "Authorization", "" } };
	struct http_call call = { .method = "POST", .path = "/hooks/erp" };
	struct event event = { 0 };
	size_t n_refs = 0;
	struct hints hints = { &n_refs,       take_ref,     take_sale,
		               take_catch_up, take_unknown, take_sale,
		               take_sale };
	char value[8];
	char *text = malloc(n + 1);
	char *rest = text;

	assert(text);
	memcpy(text, p, n);
	text[n] = '\0';
	call.query = cut_line(&rest);
	headers[0].value = cut_line(&rest);
	call.headers = headers;
	call.n_headers = 1;
	call.body = rest;
	call.n_body = n - (size_t)(rest - text);
	call.peer = "192.0.2.1";
	assert(galaxy_hooks.verify(&env, &call) == HANDLER_FORGED);
	assert(galaxy_hooks.identify(&env, &call, &event) == 0);
	assert(http_param(value, sizeof(value), event.query,
	                  strlen(event.query), "key") == HTTP_PARAM_ABSENT);
	event.body = malloc(call.n_body + 1);
	assert(event.body);
	memcpy(event.body, call.body, call.n_body + 1);
	event.n_body = call.n_body;
	assert(galaxy_hooks.hints(&env, &event, &hints) == 0);
	event_fini(&event);
	free(text);
	return 0;
}
