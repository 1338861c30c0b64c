/*
 * Hiboutik's forms in PHP's notation: whatever identify takes, hints must take
 * too, and name nothing but numbers; and nobody here knows the secrets, so
 * nothing may be accepted. The first line is the query, the second the header,
 * the rest the body.
 */
#include "handlers/handlers.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LOOKS_MAX = 502 };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct conf_section *
account(const char *json)
{
	static const struct conf_row rows[] = {
		{ .key = "store", .kind = CONF_INT, .min = 1, .max = 99 },
		{ .key = NULL },
	};
	const struct conf_type type = { .name = "hiboutik",
		                        .rows = rows,
		                        .hook = hiboutik_hooks.options,
		                        .default_url = "https://a.example" };
	struct conf_section *made = NULL;
	struct buf mistakes = BUF_INIT;

	assert(conf_section_parse(&made, &type, json, NULL, &mistakes) == 0);
	return made;
}

/* Digits, and in a ref one slash between them. */
static void
take(void *ctx, const char *text)
{
	size_t *n = ctx;
	size_t digits = strspn(text, "0123456789");

	assert(digits > 0 && ++*n <= LOOKS_MAX);
	if (text[digits] == '/') {
		text += digits + 1;
		digits = strspn(text, "0123456789");
		assert(digits > 0);
	}
	assert(text[digits] == '\0');
}

static void
take_none(void *ctx)
{
	size_t *n = ctx;

	assert(++*n <= LOOKS_MAX);
}

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

static void
check(const struct conf_section *conf, const struct http_call *call)
{
	const struct handler_env env = { conf, NULL };
	struct event event = { 0 };
	size_t n_looks = 0;
	/* it asks for nothing else: the others are NULL */
	const struct hints hints = { .ctx = &n_looks,
		                     .ref = take,
		                     .sale = take,
		                     .catch_up = take_none };
	int r;

	assert(hiboutik_hooks.verify(&env, call) == HANDLER_FORGED);
	r = hiboutik_hooks.identify(&env, call, &event);
	assert(r == 0 || r == HANDLER_MALFORMED);
	if (r == 0) {
		assert(event.topic && !event.id[0] && !event.query[0]);
		event.body = malloc(call->n_body + 1); /* with its NULs */
		assert(event.body);
		memcpy(event.body, call->body, call->n_body + 1);
		event.n_body = call->n_body;
		assert(hiboutik_hooks.hints(&env, &event, &hints) == 0);
	}
	event_fini(&event);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct conf_section *tokened;
	static struct conf_section *signed_;
	struct http_header header = { "X-Hiboutik-Hmac-SHA256", NULL };
	struct http_call call = { .method = "POST",
		                  .path = "/hooks/any",
		                  .headers = &header,
		                  .n_headers = 1,
		                  .peer = "192.0.2.1" };
	char *text = malloc(n + 1);
	char *rest = text;

	assert(text);
	if (!tokened) {
		tokened = account("{\"store\":1,\"hook\":{\"token\":"
		                  "\"D3rBf0cAn5W8hJk1Zx9Qe7Tu2Ym4Lp6S\"}}");
		signed_ = account("{\"hook\":{\"hmac_secret\":"
		                  "\"D3rBf0cAn5W8hJk1Zx9Qe7Tu2Ym4Lp6S\"}}");
	}
	memcpy(text, p, n);
	text[n] = '\0';
	call.query = cut_line(&rest);
	header.value = cut_line(&rest);
	call.body = rest;
	call.n_body = n - (size_t)(rest - text);
	check(tokened, &call);
	check(signed_, &call);
	free(text);
	return 0;
}
