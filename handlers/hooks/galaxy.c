/*
 * Galaxy WebHooks: a hint to look, whatever their form.
 *
 * Nothing about them is published but that the back-end performs requests to
 * URLs that somebody defined (galaxy.md 12): no method, body, event name or
 * signature. So GET and POST are taken, with JSON, a form, text or nothing;
 * the proof is what the operator configured; and every GUID in body or query
 * is a place to look.
 *
 * Proof   Each kind that is configured must hold, none is enough by itself
 *         where two are set: hook.secret (as `?key=`, Bearer, Basic password
 *         or hook.header; or, with hook.hmac.header, as the key of an HMAC
 *         over the raw body), hook.client_certificate, hook.addresses.
 * Ids     None is authenticated, so repeats are not recognised at the door:
 *         they coalesce as marks.
 */
#include "handlers/handlers.h"
#include "handlers/hooks/proof.h"

#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	SECRET_MAX = 512, /* bytes of a presented secret, with NUL */
	TOPIC_MAX = 64,
	GUID_LENGTH = 36,
	ADDRESS_BYTES = 16,
	FINGERPRINT_LENGTH = 64,
};

static const struct conf_row options[] = {
	{ .key = "hook.secret",
	  .kind = CONF_SECRETS,
	  .meaning = "Proof of a call: ?key=, Bearer, Basic password or "
	             "hook.header; one, or two while it changes." },
	{ .key = "hook.header",
	  .kind = CONF_TEXT,
	  .meaning = "Header that carries the secret." },
	{ .key = "hook.hmac.header",
	  .kind = CONF_TEXT,
	  .meaning = "Header with an HMAC over the raw body under hook.secret; "
	             "the secret itself is then not accepted." },
	{ .key = "hook.hmac.algorithm",
	  .kind = CONF_CHOICE,
	  .fallback = "\"sha256\"",
	  .choices = "sha256|sha512",
	  .meaning = "Digest of that HMAC." },
	{ .key = "hook.hmac.encoding",
	  .kind = CONF_CHOICE,
	  .fallback = "\"hex\"",
	  .choices = "hex|base64",
	  .meaning = "How that HMAC is written." },
	{ .key = "hook.hmac.prefix",
	  .kind = CONF_TEXT,
	  .meaning = "What stands before that HMAC, like sha256=." },
	{ .key = "hook.addresses",
	  .kind = CONF_TEXTS,
	  .meaning = "Addresses (or networks, 10.0.0.0/8) that calls may come "
	             "from, besides any other proof." },
	{ .key = "hook.client_certificate",
	  .kind = CONF_TEXT,
	  .meaning = "SHA-256 fingerprint of the client certificate that calls "
	             "must show." },
	{ .key = NULL },
};

/* ---- addresses ---- */

struct network {
	unsigned char address[ADDRESS_BYTES]; /* IPv4 mapped into IPv6 */
	unsigned bits;
};

static bool
parse_address(unsigned char out[ADDRESS_BYTES], bool *is_v4, const char *text)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	*is_v4 = inet_pton(AF_INET, text, out + sizeof(mapped)) == 1;
	if (*is_v4)
		memcpy(out, mapped, sizeof(mapped));
	return *is_v4 || inet_pton(AF_INET6, text, out) == 1;
}

static bool
parse_network(struct network *out, const char *text)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	unsigned long bits;
	char *end = NULL;
	bool is_v4;

	if (n >= sizeof(address))
		return false;
	memcpy(address, text, n);
	address[n] = '\0';
	if (!parse_address(out->address, &is_v4, address))
		return false;
	out->bits = 128;
	if (!slash)
		return true;
	if (!isdigit((unsigned char)slash[1]))
		return false;
	bits = strtoul(slash + 1, &end, 10);
	if (*end || bits > (is_v4 ? 32UL : 128UL))
		return false;
	out->bits = (unsigned)bits + (is_v4 ? 96 : 0);
	return true;
}

static bool
is_inside(const unsigned char address[ADDRESS_BYTES],
          const struct network *network)
{
	size_t whole = network->bits / 8;
	unsigned rest = network->bits % 8;
	unsigned mask = 0xffU << (8 - rest) & 0xffU;

	if (memcmp(address, network->address, whole) != 0)
		return false;
	return rest == 0 ||
	       ((unsigned)(address[whole] ^ network->address[whole]) & mask) ==
	               0;
}

static bool
is_from_listed(const struct conf_section *conf, const char *peer)
{
	unsigned char address[ADDRESS_BYTES];
	const char *const *listed = NULL;
	size_t n = conf_texts(conf, "hook.addresses", &listed);
	struct network network;
	bool is_v4;

	if (!peer || !parse_address(address, &is_v4, peer))
		return false;
	for (size_t i = 0; i < n; i++)
		if (parse_network(&network, listed[i]) &&
		    is_inside(address, &network))
			return true;
	return false;
}

/* ---- the secret itself ---- */

static bool
is_secret(const struct conf_section *conf, const char *text, size_t n)
{
	return proof_is_secret(conf, "hook.secret", text, n);
}

/* The password of `user:password`; the user's name does not matter. */
static bool
is_basic(const struct conf_section *conf, const char *encoded)
{
	unsigned char plain[SECRET_MAX];
	const unsigned char *colon = NULL;
	size_t n = 0;
	bool is_good = false;

	if (crypto_base64_decode(plain, &n, sizeof(plain), encoded,
	                         strlen(encoded)) == 0)
		colon = memchr(plain, ':', n);
	if (colon)
		is_good = is_secret(conf, (const char *)colon + 1,
		                    n - (size_t)(colon + 1 - plain));
	crypto_wipe(plain, sizeof(plain));
	return is_good;
}

static bool
is_authorization(const struct conf_section *conf, const struct http_call *call)
{
	const char *value = NULL;

	if (http_call_header(&value, call, "Authorization") || !value)
		return false;
	if (strncasecmp(value, "Bearer ", 7) == 0)
		return is_secret(conf, value + 7, strlen(value + 7));
	return strncasecmp(value, "Basic ", 6) == 0 &&
	       is_basic(conf, value + 6);
}

static bool
is_named_header(const struct conf_section *conf, const struct http_call *call)
{
	const char *name = conf_text(conf, "hook.header");
	const char *value = NULL;

	if (!name || http_call_header(&value, call, name) || !value)
		return false;
	return is_secret(conf, value, strlen(value));
}

/* ---- an HMAC under the secret ---- */

/* The bytes that the header claims. False when they are none. */
static bool
read_mac(const struct conf_section *conf, const struct http_call *call,
         unsigned char mac[CRYPTO_MAC_MAX], size_t *n_mac)
{
	const char *prefix = conf_text(conf, "hook.hmac.prefix");
	const char *value = NULL;
	size_t n_prefix = prefix ? strlen(prefix) : 0;

	if (http_call_header(&value, call,
	                     conf_text(conf, "hook.hmac.header")) ||
	    !value)
		return false;
	if (n_prefix && strncmp(value, prefix, n_prefix) != 0)
		return false;
	value += n_prefix;
	if (strcmp(conf_text(conf, "hook.hmac.encoding"), "hex") == 0)
		return crypto_hex_decode(mac, n_mac, CRYPTO_MAC_MAX, value,
		                         strlen(value)) == 0;
	return crypto_base64_decode(mac, n_mac, CRYPTO_MAC_MAX, value,
	                            strlen(value)) == 0;
}

/* 0, HANDLER_FORGED, a fault. */
static int
check_mac(const struct conf_section *conf, const struct http_call *call)
{
	const struct crypto_part body = { call->body, call->n_body };
	struct proof_mac mac = {
		.hash = strcmp(conf_text(conf, "hook.hmac.algorithm"),
		               "sha512") == 0
		                ? CRYPTO_SHA512
		                : CRYPTO_SHA256,
	};

	if (!read_mac(conf, call, mac.claimed, &mac.n))
		return HANDLER_FORGED;
	return proof_check_mac(conf, "hook.secret", &mac, &body, 1);
}

/* 0, HANDLER_FORGED, a fault. */
static int
check_secret(const struct conf_section *conf, const struct http_call *call)
{
	bool is_good;

	if (conf_has(conf, "hook.hmac.header"))
		return check_mac(conf, call);
	is_good = proof_is_parameter(conf, "hook.secret", call, "key");
	is_good |= is_authorization(conf, call);
	is_good |= is_named_header(conf, call);
	return is_good ? 0 : HANDLER_FORGED;
}

/* ---- the certificate ---- */

/* 64 lower-case hex digits out of `AB:CD:…` or `abcd…`. */
static bool
read_fingerprint(char out[FINGERPRINT_LENGTH + 1], const char *text)
{
	size_t n = 0;

	for (; *text; text++) {
		if (*text == ':')
			continue;
		if (!isxdigit((unsigned char)*text) || n == FINGERPRINT_LENGTH)
			return false;
		out[n++] = (char)tolower((unsigned char)*text);
	}
	out[n] = '\0';
	return n == FINGERPRINT_LENGTH;
}

static bool
is_certified(const struct conf_section *conf, const struct http_call *call)
{
	char wanted[FINGERPRINT_LENGTH + 1];

	return call->client_sha256 &&
	       read_fingerprint(wanted,
	                        conf_text(conf, "hook.client_certificate")) &&
	       crypto_equal(wanted, FINGERPRINT_LENGTH, call->client_sha256,
	                    strlen(call->client_sha256));
}

/* ---- the handler ---- */

static void
check_hmac(const struct conf_section *conf, struct buf *mistakes)
{
	if (!conf_has(conf, "hook.hmac.header")) {
		if (conf_has(conf, "hook.hmac.prefix"))
			buf_adds(mistakes, "hook.hmac.header: missing, and "
			                   "hook.hmac.prefix needs it\n");
		return;
	}
	if (!conf_has(conf, "hook.secret"))
		buf_adds(mistakes, "hook.secret: missing, and hook.hmac needs "
		                   "it as its key\n");
	if (conf_has(conf, "hook.header"))
		buf_adds(mistakes, "hook.header: not used with hook.hmac, "
		                   "which proves the secret\n");
}

static void
check(const struct handler_env *env, struct buf *mistakes)
{
	const struct conf_section *conf = env->account;
	const char *fingerprint = conf_text(conf, "hook.client_certificate");
	const char *const *listed = NULL;
	size_t n_listed = conf_texts(conf, "hook.addresses", &listed);
	char digits[FINGERPRINT_LENGTH + 1];
	struct network network;

	if (!conf_has(conf, "hook.secret") && !fingerprint && n_listed == 0)
		buf_adds(mistakes,
		         "hook.secret: missing: expected a secret, or "
		         "hook.client_certificate or hook.addresses\n");
	if (conf_has(conf, "hook.header") && !conf_has(conf, "hook.secret"))
		buf_adds(mistakes, "hook.secret: missing, and hook.header "
		                   "would carry it\n");
	check_hmac(conf, mistakes);
	if (fingerprint && !read_fingerprint(digits, fingerprint))
		buf_adds(mistakes,
		         "hook.client_certificate: expected a SHA-256 "
		         "fingerprint of 64 hex digits\n");
	for (size_t i = 0; i < n_listed; i++)
		if (!parse_network(&network, listed[i]))
			buf_addf(mistakes,
			         "hook.addresses[%zu]: expected an address or "
			         "a network like 10.0.0.0/8, found \"%.60s\"\n",
			         i, listed[i]);
}

/* Anything that may be JSON, a form or text; a body of no stated type too. */
static bool
is_media_type(const struct http_call *call)
{
	const char *type = NULL;
	size_t n;

	if (call->n_body == 0 ||
	    (http_call_header(&type, call, "Content-Type") == 0 && !type))
		return true;
	if (!type)
		return false;
	n = strcspn(type, "; \t");
	return strncasecmp(type, "text/", 5) == 0 ||
	       (n >= 4 && strncasecmp(type + n - 4, "json", 4) == 0) ||
	       (n >= 3 && strncasecmp(type + n - 3, "xml", 3) == 0) ||
	       (n == 33 &&
	        strncasecmp(type, "application/x-www-form-urlencoded", 33) ==
	                0);
}

static int
verify(const struct handler_env *env, const struct http_call *call)
{
	const struct conf_section *conf = env->account;
	const char *const *listed = NULL;
	bool has_list = conf_texts(conf, "hook.addresses", &listed) > 0;
	bool has_secret = conf_has(conf, "hook.secret");
	bool has_certificate = conf_has(conf, "hook.client_certificate");
	int r = 0;

	if (!has_list && !has_secret && !has_certificate)
		return HANDLER_FORGED;
	if (has_secret)
		r = check_secret(conf, call);
	if (r)
		return r > 0 ? r : err_pass(r);
	if (has_certificate && !is_certified(conf, call))
		return HANDLER_FORGED;
	if (has_list && !is_from_listed(conf, call->peer))
		return HANDLER_FORGED;
	return is_media_type(call) ? 0 : HANDLER_MEDIA_TYPE;
}

/* The query without the secret, parameter by parameter. */
static char *
strip_key(const char *query)
{
	struct buf out = BUF_INIT;
	char value[SECRET_MAX];

	while (*query) {
		size_t n = strcspn(query, "&");
		int r = http_param(value, sizeof(value), query, n, "key");

		if (r == HTTP_PARAM_ABSENT && n > 0) {
			if (out.n)
				buf_addc(&out, '&');
			buf_add(&out, query, n);
		}
		query += n + (query[n] == '&');
	}
	crypto_wipe(value, sizeof(value));
	return out.n ? buf_steal(&out) : text_dup("");
}

/* A name for the event, if the body is an object that seems to hold one. */
static int
read_topic(char out[TOPIC_MAX], const struct http_call *call)
{
	static const char *const members[] = { "event",     "Event",
		                               "eventType", "EventType",
		                               "type",      "Type",
		                               "topic",     "Topic" };
	struct json *doc = NULL;
	size_t length = 0;
	int r = JSON_MALFORMED;

	out[0] = '\0';
	if (call->n_body > 0)
		r = json_parse(&doc, call->body, call->n_body);
	for (size_t i = 0; !r && !length && i < 8; i++) {
		const char *text = json_text_or(json_root(doc), members[i], "");

		length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm"
		                      "nopqrstuvwxyz0123456789._-");
		if (text[length] || length >= TOPIC_MAX)
			length = 0;
		memcpy(out, text, length);
		out[length] = '\0';
	}
	json_free(doc);
	return r < 0 ? err_pass(r) : 0;
}

static int
identify(const struct handler_env *env, const struct http_call *call,
         struct event *event)
{
	char topic[TOPIC_MAX];
	int r = read_topic(topic, call);

	(void)env;
	if (r)
		return err_pass(r);
	event->topic = text_dup(topic);
	event->id = text_dup("");
	event->query = strip_key(call->query);
	if (!event->topic || !event->id || !event->query)
		return err_raise(ERR_NOMEM, "event");
	return 0;
}

/* ---- hints ---- */

static bool
is_guid(const char *p)
{
	for (size_t i = 0; i < GUID_LENGTH; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash ? p[i] != '-' : !isxdigit((unsigned char)p[i]))
			return false;
	}
	return true;
}

/* Report every GUID that stands by itself, in lower case. Returns how many. */
static size_t
scan(const struct hints *hints, const char *p, size_t n)
{
	char guid[GUID_LENGTH + 1];
	size_t found = 0;

	for (size_t i = 0; i + GUID_LENGTH <= n; i++) {
		size_t end = i + GUID_LENGTH;

		if ((i > 0 &&
		     (isalnum((unsigned char)p[i - 1]) || p[i - 1] == '-')) ||
		    (end < n &&
		     (isalnum((unsigned char)p[end]) || p[end] == '-')) ||
		    !is_guid(p + i))
			continue;
		for (size_t j = 0; j < GUID_LENGTH; j++)
			guid[j] = (char)tolower((unsigned char)p[i + j]);
		guid[GUID_LENGTH] = '\0';
		hints->ref(hints->ctx, guid);
		found++;
		i = end - 1;
	}
	return found;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return tolower((unsigned char)c) - 'a' + 10;
}

/* Undo %XX leniently: a GUID may stand in braces that were escaped. */
static void
unescape(struct buf *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '%' && i + 2 < n &&
		    isxdigit((unsigned char)p[i + 1]) &&
		    isxdigit((unsigned char)p[i + 2])) {
			buf_addc(out, (char)(hex_value(p[i + 1]) * 16 +
			                     hex_value(p[i + 2])));
			i += 2;
		} else {
			buf_addc(out, p[i]);
		}
	}
}

/* As it came, and unescaped where that makes a difference. */
static int
scan_both(const struct hints *hints, const char *p, size_t n, size_t *found)
{
	struct buf plain = BUF_INIT;
	int r;

	*found += scan(hints, p, n);
	if (!memchr(p, '%', n))
		return 0;
	unescape(&plain, p, n);
	r = buf_check(&plain);
	if (!r)
		*found += scan(hints, buf_text(&plain), plain.n);
	buf_fini(&plain);
	return err_pass(r);
}

static int
hints_(const struct handler_env *env, const struct event *event,
       const struct hints *hints)
{
	size_t found = 0;
	int r = 0;

	(void)env;
	if (event->n_body > 0)
		r = scan_both(hints, event->body, event->n_body, &found);
	if (!r && event->query)
		r = scan_both(hints, event->query, strlen(event->query),
		              &found);
	if (r)
		return err_pass(r);
	if (found > 0)
		hints->catch_up_if_unknown(hints->ctx);
	else
		hints->catch_up(hints->ctx);
	return 0;
}

const struct handler_ops galaxy_hooks = {
	.name = "galaxy",
	.options = options,
	.methods = "GET, POST",
	.dedupe_ms = 0,
	.check = check,
	.verify = verify,
	.identify = identify,
	.hints = hints_,
};
