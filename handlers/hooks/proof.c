/* What several sources prove their calls by. */
#include "handlers/hooks/proof.h"

#include "gateway/base/err.h"
#include "gateway/base/secret.h"
#include "gateway/ports/handler.h"

#include <string.h>
#include <strings.h>

enum { SECRET_MAX = 512 }; /* bytes of a parameter, with NUL */

bool
proof_is_secret(const struct conf_section *conf, const char *option,
                const char *text, size_t n)
{
	const struct secret *secrets[2];
	size_t n_secrets = conf_secrets(conf, option, secrets);
	bool is_equal = false;

	for (size_t i = 0; i < n_secrets; i++)
		is_equal |= secret_equals(secrets[i], text, n);
	return is_equal;
}

bool
proof_is_parameter(const struct conf_section *conf, const char *option,
                   const struct http_call *call, const char *name)
{
	char value[SECRET_MAX];
	bool is_good = http_param(value, sizeof(value), call->query,
	                          strlen(call->query), name) == 0 &&
	               proof_is_secret(conf, option, value, strlen(value));

	crypto_wipe(value, sizeof(value));
	return is_good;
}

int
proof_check_mac(const struct conf_section *conf, const char *option,
                const struct proof_mac *mac, const struct crypto_part *parts,
                size_t n_parts)
{
	const struct secret *keys[2];
	size_t n_keys = conf_secrets(conf, option, keys);
	unsigned char right[CRYPTO_MAC_MAX];
	size_t n_right = 0;
	bool is_equal = false;

	for (size_t i = 0; i < n_keys; i++) {
		int r = crypto_hmac(right, &n_right, mac->hash,
		                    secret_text(keys[i]),
		                    secret_length(keys[i]), parts, n_parts);

		if (r)
			return err_pass(r);
		is_equal |= crypto_equal(mac->claimed, mac->n, right, n_right);
	}
	return is_equal ? 0 : HANDLER_FORGED;
}

bool
proof_is_type(const struct http_call *call, const char *type)
{
	const char *value = NULL;

	if (call->n_body == 0)
		return true;
	return http_call_header(&value, call, "Content-Type") == 0 &&
	       (!value || strncasecmp(value, type, strlen(type)) == 0);
}

int
proof_form(const struct conf_section *conf, const struct http_call *call,
           const char *key, proof_check *check)
{
	bool wants_token = conf_has(conf, "hook.token");
	bool wants_signature = conf_has(conf, key);
	int r;

	if (!wants_token && !wants_signature)
		return HANDLER_FORGED;
	if (wants_token && !proof_is_parameter(conf, "hook.token", call, "k"))
		return HANDLER_FORGED;
	r = wants_signature ? check(conf, call) : 0;
	if (r)
		return r;
	return proof_is_type(call, "application/x-www-form-urlencoded")
	               ? 0
	               : HANDLER_MEDIA_TYPE;
}
