#ifndef PORTS_OAUTH_H
#define PORTS_OAUTH_H

#include <stdint.h>

#include "gateway/base/buf.h"
#include "gateway/base/secret.h"
#include "gateway/model/outcome.h"
#include "gateway/ports/auth.h"
#include "gateway/ports/http.h"
#include "gateway/ports/vault.h"

/*
 * Access tokens that end, and what they are renewed with (RFC 6749, section 6).
 *
 * The configured refresh token is only the beginning: what an answer brings is
 * put into the vault, and used when it is there. The vault's name is a digest of
 * client and configured token. So a token that a person configures anew begins
 * anew, two accounts with one authorisation share what came of it, and an
 * account may be renamed.
 *
 * Some vendors give a new refresh token each time, some the same; some kill the
 * old one with the answer, some when the new access token is first used. All of
 * it is safe under one rule, so none of it is an option here: one at a time, on
 * disk before use, and again when no answer came.
 */
enum oauth_form {
	OAUTH_JSON, /* the request is JSON */
	OAUTH_URL_ENCODED,
};

/* What differs between vendors. Static. */
struct oauth_facts {
	const char *vendor;  /* for people: "Square" */
	const char *options; /* what the options are called: "oauth." or "" */
	enum oauth_form form;
	const char *whose; /* member of the answer that says whose it is:
	                              "merchant_id"; NULL: none does */
};

struct oauth_config {
	const struct oauth_facts *facts;
	const char *url;                    /* of the token call; copied */
	const char *client_id;              /* borrowed, as all that follows */
	const struct secret *client_secret; /* NULL: none (PKCE) */
	const struct secret *refresh_token;
	struct http_header header; /* one more for the call; name NULL: none */
	struct http_client *http;  /* NULL: nothing will be asked */
	struct vault *vault;       /* never NULL where something is asked */
};

struct oauth;
struct adapter_env;

/* Returns 0, ERR_NOMEM, ERR_LIB. Touches neither network nor vault. */
int oauth_open(struct oauth **out, const struct oauth_config *config);
void oauth_close(struct oauth *o); /* safe on NULL */

/*
 * The same for an account, whose options client_id, client_secret and
 * refresh_token stand behind facts->options.
 *
 * header  one more for the token call; NULL: none
 * url     of the token call; taken, NULL is out of memory (as text_format has
 *         it)
 */
int oauth_open_account(struct oauth **out, const struct oauth_facts *facts,
                       const struct adapter_env *env,
                       const struct http_header *header, char *url);

/*
 * For struct auth; its ctx is the struct oauth. A token is worn by 401. It is
 * renewed some time before it ends; when that does not work, the old one does
 * until then. The outcome of a renewal is DONE, RETRY, SLOW, or LOCKED with what
 * a person has to do.
 */
extern const struct auth_ops oauth_ops;

/*
 * Renew what nobody has used for days, before it dies of it: to be called about
 * once an hour. DONE may say in `why` that a renewal does not work.
 */
struct outcome oauth_tend(struct oauth *o);

/* For a person, after a call: `token of M until 2026-12-21T10:00:00Z`, and
   what is wrong with its renewal. */
void oauth_describe(const struct oauth *o, struct buf *out);

#endif
