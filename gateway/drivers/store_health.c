/* How each account is doing: hash health:ACCOUNT, one field a fact. */
#include "gateway/drivers/store_health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/err.h"
#include "gateway/drivers/store_internal.h"

int
store_health_set(struct store *store, const char *account,
                 const struct health_fact *facts, size_t n)
{
	struct args a = { 0 };

	args_adds(&a, "HSET");
	args_add_key(&a, store, "health:", account);
	for (size_t i = 0; i < n; i++) {
		args_adds(&a, facts[i].name);
		args_adds(&a, facts[i].value);
	}
	return store_call_int(store, NULL, &a);
}

int
store_health_set_int(struct store *store, const char *account, const char *name,
                     int64_t value)
{
	char text[24];
	const struct health_fact fact = { name, text };

	(void)snprintf(text, sizeof(text), "%lld", (long long)value);
	return store_health_set(store, account, &fact, 1);
}

int
store_health_get(struct store *store, struct health *out, const char *account)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	size_t n;
	int r;

	*out = (struct health){ 0 };
	args_adds(&a, "HGETALL");
	args_add_key(&a, store, "health:", account);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	n = reply_n(reply) / 2;
	out->names = calloc(n + 1, sizeof(*out->names));
	out->values = calloc(n + 1, sizeof(*out->values));
	if (!out->names || !out->values)
		r = err_raise(ERR_NOMEM, "why=%s", "health");
	for (size_t i = 0; !r && i < n; i++) {
		out->names[i] = text_dup(reply_text(reply_at(reply, 2 * i)));
		out->values[i] =
			text_dup(reply_text(reply_at(reply, 2 * i + 1)));
		out->n++;
		if (!out->names[i] || !out->values[i])
			r = err_raise(ERR_NOMEM, "why=%s", "health");
	}
	freeReplyObject(reply);
	if (r)
		health_fini(out);
	return r;
}

void
health_fini(struct health *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free(h->names[i]);
		free(h->values[i]);
	}
	free(h->names);
	free(h->values);
	*h = (struct health){ 0 };
}

const char *
health_text(const struct health *h, const char *name)
{
	for (size_t i = 0; i < h->n; i++)
		if (!strcmp(h->names[i], name))
			return h->values[i];
	return "";
}

int64_t
health_int(const struct health *h, const char *name)
{
	return strtoll(health_text(h, name), NULL, 10);
}
