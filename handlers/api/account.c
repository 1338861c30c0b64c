/*
 * Which account a call is about, and its parameters.
 */
#include "handlers/api/account.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NAME_SIZE = 32, ACCOUNT_SIZE = 128 };

/* The adapter of an account when it can, else NULL. */
static const struct adapter_ops *
adapter_of(const struct api_env *env, const struct conf_section *account,
           bool (*can)(const struct adapter_ops *ops))
{
	const char *type = conf_account_type(account);

	for (size_t i = 0; env->adapters && env->adapters[i]; i++)
		if (strcmp(env->adapters[i]->name, type) == 0)
			return can(env->adapters[i]) ? env->adapters[i] : NULL;
	return NULL;
}

static int
refuse(struct http_reply *reply, const char *names, bool is_named)
{
	struct buf message = BUF_INIT;

	if (!*names) {
		api_fail(reply, 404, "not_found", "no account has this", NULL);
		return API_REFUSED;
	}
	buf_addf(&message, "%s: %s",
	         is_named ? "no such account; these have it"
	                  : "several accounts have this; name one of them",
	         names);
	api_fail(reply, 400, "invalid", buf_text(&message), "account");
	buf_fini(&message);
	return API_REFUSED;
}

int
api_account_find(struct api_account *out, const struct api_env *env,
                 const struct http_call *call,
                 bool (*can)(const struct adapter_ops *ops),
                 struct http_reply *reply)
{
	char wanted[ACCOUNT_SIZE];
	struct buf names = BUF_INIT;
	size_t n = 0;
	int asked = api_param(wanted, sizeof(wanted), call, "account");
	int r;

	for (size_t i = 0; i < env->conf->n_accounts; i++) {
		const struct conf_section *account = env->conf->accounts[i];
		const struct adapter_ops *ops = adapter_of(env, account, can);
		const char *name = conf_account_name(account);

		if (!ops)
			continue;
		buf_addf(&names, "%s%s", names.n ? ", " : "", name);
		if (asked == HTTP_PARAM_ABSENT ||
		    (asked == 0 && strcmp(wanted, name) == 0)) {
			*out = (struct api_account){ name, ops };
			n++;
		}
	}
	r = n == 1 ? 0
	           : refuse(reply, buf_text(&names),
	                    asked != HTTP_PARAM_ABSENT);
	buf_fini(&names);
	return r;
}

/* Does a piece of a query, `name=value`, begin with this name? */
static bool
is_named(const char *piece, size_t n_piece, const char *name)
{
	size_t n = strlen(name);

	return n_piece >= n && strncasecmp(piece, name, n) == 0 &&
	       (n_piece == n || piece[n] == '=');
}

int
api_param(char *out, size_t size, const struct http_call *call,
          const char *name)
{
	const char *found = NULL;
	size_t n_found = 0;
	char spelled[NAME_SIZE];
	const char *p = call->query;
	size_t n;

	for (;; p += n + 1) {
		n = strcspn(p, "&");
		if (is_named(p, n, name)) {
			if (found)
				return HTTP_PARAM_TWICE;
			found = p;
			n_found = n;
		}
		if (!p[n])
			break;
	}
	if (!found)
		return HTTP_PARAM_ABSENT;
	(void)snprintf(spelled, sizeof(spelled), "%.*s", (int)strlen(name),
	               found);
	return http_param(out, size, found, n_found, spelled);
}
