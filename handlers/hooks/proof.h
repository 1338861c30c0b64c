#ifndef HOOKS_PROOF_H
#define HOOKS_PROOF_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/crypto.h"
#include "gateway/model/conf.h"
#include "gateway/ports/http.h"

/*
 * What several sources prove their calls by. An option of secrets holds one, or
 * two while it changes; each is compared, so that time tells nothing
 * (platform.md O4).
 */

/* Is that one of the option's secrets? */
bool proof_is_secret(const struct conf_section *conf, const char *option,
                     const char *text, size_t n);

/* Is the parameter of the URL one of them? */
bool proof_is_parameter(const struct conf_section *conf, const char *option,
                        const struct http_call *call, const char *name);

/* What a call claims to be the HMAC of some parts. */
struct proof_mac {
	enum crypto_hash hash;
	unsigned char claimed[CRYPTO_MAC_MAX];
	size_t n;
};

/* Is it, under one of them? Returns 0, HANDLER_FORGED, a fault. */
int proof_check_mac(const struct conf_section *conf, const char *option,
                    const struct proof_mac *mac,
                    const struct crypto_part *parts, size_t n_parts);

/* Is the body, if there is any, of that type? A call without a type is let
   through. */
bool proof_is_type(const struct http_call *call, const char *type);

/*
 * A form, known by a token in the URL (hook.token, its parameter k), by a
 * signature, or by both: what is configured must hold, and one of them must be.
 *
 * key      the option of the signature's key
 * check    0, HANDLER_FORGED, a fault
 * Returns  0, HANDLER_FORGED, HANDLER_MEDIA_TYPE, a fault.
 */
typedef int proof_check(const struct conf_section *conf,
                        const struct http_call *call);
int proof_form(const struct conf_section *conf, const struct http_call *call,
               const char *key, proof_check *check);

#endif
