#ifndef API_ACCOUNT_H
#define API_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/ports/adapter.h"
#include "gateway/ports/handler.h"

/*
 * Which account a call is about, and its parameters, for what answers in the
 * shape of a system's own API.
 */

/* The account and its adapter; both borrowed from the env. */
struct api_account {
	const char *name;
	const struct adapter_ops *ops;
};

/*
 * The account that `account` in the query names, else the only one whose
 * adapter can do what is asked.
 *
 * Returns  0, or API_REFUSED with the reply made, which names the candidates.
 */
enum { API_REFUSED = 1 };
int api_account_find(struct api_account *out, const struct api_env *env,
                     const struct http_call *call,
                     bool (*can)(const struct adapter_ops *ops),
                     struct http_reply *reply);

/*
 * A parameter of the query, its name compared without case, as ServiceStack
 * does. Returns as http_param().
 */
int api_param(char *out, size_t size, const struct http_call *call,
              const char *name);

#endif
