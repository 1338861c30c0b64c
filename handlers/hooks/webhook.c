/*
 * Signed webhooks of any system that can name a SKU: Standard Webhooks and the
 * other common signing schemes, one row of a table each.
 *
 * Proof   An HMAC over the raw body, in the schemes that have them behind the
 *         event's id and the time, each with a dot: `id.time.body`. The key
 *         is one of at most two live secrets; both are always tried.
 * Time    Whole seconds, digits only; more than 300 s off on either side is
 *         stale. Vendors' own libraries are laxer: that of Stripe takes any
 *         time of the future, that of Standard Webhooks takes 123.5 for 123.
 * Ids     Only one that is inside the signed bytes: the header of Standard
 *         Webhooks and Svix, `id` in the body of Stripe. The id headers of
 *         GitHub and Shopify are not signed, so their repeats are one more
 *         look. Stripe tries for 3 days, the example of Standard Webhooks for
 *         76 h; ids are kept for a week.
 * Hints   `hook.sku` is a JSON pointer (RFC 6901) to a text, a whole number,
 *         or a list of these. What is not there, or no SKU of ours, is no
 *         mistake of the sender: the call is taken and nothing is done.
 * Source  The project's reference on signatures, read 2026-11-22.
 */
#include "handlers/handlers.h"

#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/model/item.h"

#include <string.h>
#include <strings.h>

enum {
	TOLERANCE_S = 300,
	CLAIMS_MAX = 16,  /* signatures in one header; more are refused */
	NAME_MAX = 128,   /* bytes of an id or type, with NUL */
	SECONDS_MAX = 11, /* digits of a time: good for 3000 years */
	KEY_MIN = 24,     /* bytes behind whsec_, by Standard Webhooks */
	KEY_MAX = 64,
	SKUS_MAX = 1000, /* in one call */
};

#define DEDUPE_MS (INT64_C(7) * 24 * 3600 * 1000)

static const struct conf_row options[] = {
	{ .key = "hook.scheme",
	  .kind = CONF_CHOICE,
	  .flags = CONF_REQUIRED,
	  .choices = "standard|svix|github|shopify|stripe|hmac",
	  .meaning = "How the sender signs; hmac: as the options below say." },
	{ .key = "hook.secret",
	  .kind = CONF_SECRETS,
	  .flags = CONF_REQUIRED,
	  .meaning = "Key of the signature, as the sender shows it (whsec_… "
	             "included); one, or two while it changes." },
	{ .key = "hook.sku",
	  .kind = CONF_TEXT,
	  .flags = CONF_REQUIRED,
	  .meaning = "Where the SKU stands in the body, as a JSON pointer "
	             "(/data/sku): a text, a whole number or a list of them." },
	{ .key = "hook.header",
	  .kind = CONF_TEXT,
	  .meaning = "Of hmac: header with the signature; absent: "
	             "X-Signature." },
	{ .key = "hook.algorithm",
	  .kind = CONF_CHOICE,
	  .choices = "sha256|sha512",
	  .meaning = "Of hmac: digest; absent: sha256." },
	{ .key = "hook.encoding",
	  .kind = CONF_CHOICE,
	  .choices = "hex|base64",
	  .meaning = "Of hmac: how the signature is written; absent: hex." },
	{ .key = "hook.prefix",
	  .kind = CONF_TEXT,
	  .meaning = "Of hmac: what stands before the signature, like "
	             "sha256=." },
	{ .key = "hook.timestamp_header",
	  .kind = CONF_TEXT,
	  .meaning = "Of hmac: header with the time in seconds; then time, a "
	             "dot and the body are signed." },
	{ .key = NULL },
};

/* ---- the schemes ---- */

enum form {
	FORM_ONE,     /* prefix, then one signature */
	FORM_LIST,    /* `v1,SIGNATURE v1,SIGNATURE`: Standard Webhooks */
	FORM_MEMBERS, /* `t=SECONDS,v1=SIGNATURE,v1=SIGNATURE`: Stripe */
};

struct scheme {
	const char *name;
	const char *signature; /* header */
	enum form form;
	const char *prefix;    /* of FORM_ONE; "" */
	const char *id;        /* header, signed; NULL: none */
	const char *timestamp; /* header, signed; NULL: none */
	const char *body_id;   /* member of the body; NULL: none */
	bool is_hex;           /* else base64 */
	bool is_key_coded;     /* base64 behind whsec_, not characters */
	enum crypto_hash hash;
};

static const struct scheme schemes[] = {
	{ .name = "standard",
	  .signature = "webhook-signature",
	  .form = FORM_LIST,
	  .id = "webhook-id",
	  .timestamp = "webhook-timestamp",
	  .is_key_coded = true },
	{ .name = "svix",
	  .signature = "svix-signature",
	  .form = FORM_LIST,
	  .id = "svix-id",
	  .timestamp = "svix-timestamp",
	  .is_key_coded = true },
	{ .name = "github",
	  .signature = "X-Hub-Signature-256",
	  .prefix = "sha256=",
	  .is_hex = true },
	{ .name = "shopify",
	  .signature = "X-Shopify-Hmac-SHA256",
	  .prefix = "" },
	{ .name = "stripe",
	  .signature = "Stripe-Signature",
	  .form = FORM_MEMBERS,
	  .body_id = "id",
	  .is_hex = true },
	{ .name = "hmac", .signature = "X-Signature", .prefix = "" },
};

enum { N_SCHEMES = sizeof(schemes) / sizeof(schemes[0]) };

static const char *
text_or(const struct conf_section *conf, const char *key, const char *fallback)
{
	const char *text = conf_text(conf, key);

	return text ? text : fallback;
}

/* The account's scheme; that of hmac as its options say. */
static struct scheme
scheme_of(const struct conf_section *conf)
{
	const char *name = conf_text(conf, "hook.scheme");
	struct scheme s = schemes[N_SCHEMES - 1];

	for (size_t i = 0; i < N_SCHEMES - 1; i++)
		if (strcmp(schemes[i].name, name) == 0)
			return schemes[i];
	s.signature = text_or(conf, "hook.header", s.signature);
	s.prefix = text_or(conf, "hook.prefix", s.prefix);
	s.timestamp = conf_text(conf, "hook.timestamp_header");
	s.is_hex = strcmp(text_or(conf, "hook.encoding", "hex"), "hex") == 0;
	if (strcmp(text_or(conf, "hook.algorithm", "sha256"), "sha512") == 0)
		s.hash = CRYPTO_SHA512;
	return s;
}

/* ---- the secret ---- */

/*
 * The key's bytes: in coded, or the secret's own. False when they are none.
 * Whoever calls wipes coded.
 */
static bool
read_key(struct crypto_part *key, unsigned char coded[KEY_MAX],
         const struct scheme *s, const struct secret *secret)
{
	static const char mark[] = "whsec_";
	const char *text = secret_text(secret);
	size_t n = secret_length(secret);

	*key = (struct crypto_part){ text, n };
	if (!s->is_key_coded)
		return n > 0;
	if (strncmp(text, mark, sizeof(mark) - 1) == 0) {
		text += sizeof(mark) - 1;
		n -= sizeof(mark) - 1;
	}
	key->p = coded;
	return crypto_base64_decode(coded, &key->n, KEY_MAX, text, n) == 0 &&
	       key->n >= KEY_MIN;
}

/* ---- what a call claims ---- */

struct mac {
	unsigned char bytes[CRYPTO_MAC_MAX];
	size_t n;
};

struct proof {
	const char *id;        /* signed; NULL: none */
	const char *timestamp; /* signed; NULL: none; not ended by a NUL */
	size_t n_timestamp;
	struct mac claims[CLAIMS_MAX];
	size_t n;
};

/* Visible ASCII, not too long. */
static bool
is_name(const char *text)
{
	size_t n = 0;

	for (; text[n]; n++)
		if (text[n] <= ' ' || text[n] >= 0x7f)
			return false;
	return n > 0 && n < NAME_MAX;
}

/* The only header of that name; NULL: none, or several. */
static const char *
header_of(const struct http_call *call, const char *name)
{
	const char *value = NULL;

	return http_call_header(&value, call, name) ? NULL : value;
}

/* One signature more; what cannot be decoded is none. */
static void
add_claim(struct proof *p, const struct scheme *s, const char *text, size_t n)
{
	struct mac *mac = &p->claims[p->n];
	int r = s->is_hex ? crypto_hex_decode(mac->bytes, &mac->n,
	                                      sizeof(mac->bytes), text, n)
	                  : crypto_base64_decode(mac->bytes, &mac->n,
	                                         sizeof(mac->bytes), text, n);

	p->n += r == 0;
}

static bool
read_one(struct proof *p, const struct scheme *s, const char *value)
{
	size_t n_prefix = strlen(s->prefix);

	if (strncmp(value, s->prefix, n_prefix) != 0)
		return false;
	add_claim(p, s, value + n_prefix, strlen(value + n_prefix));
	return true;
}

/* Entries of other versions are somebody else's: skipped. */
static bool
read_list(struct proof *p, const struct scheme *s, const char *value)
{
	for (size_t i = 0; *value; i++) {
		size_t n = strcspn(value, " ");

		if (i == CLAIMS_MAX)
			return false;
		if (n > 3 && strncmp(value, "v1,", 3) == 0)
			add_claim(p, s, value + 3, n - 3);
		value += n + (value[n] == ' ');
	}
	return true;
}

static bool
read_members(struct proof *p, const struct scheme *s, const char *value)
{
	for (size_t i = 0; *value; i++) {
		size_t n = strcspn(value, ",");

		if (i == CLAIMS_MAX)
			return false;
		if (n >= 2 && strncmp(value, "t=", 2) == 0) {
			if (p->timestamp)
				return false;
			p->timestamp = value + 2;
			p->n_timestamp = n - 2;
		} else if (n >= 3 && strncmp(value, "v1=", 3) == 0) {
			add_claim(p, s, value + 3, n - 3);
		}
		value += n + (value[n] == ',');
	}
	return p->timestamp != NULL;
}

/*
 * An id with a dot in it would leave open where it ends and the time begins.
 */
static bool
read_signed_headers(struct proof *p, const struct scheme *s,
                    const struct http_call *call)
{
	if (s->id) {
		p->id = header_of(call, s->id);
		if (!p->id || !is_name(p->id) || strchr(p->id, '.'))
			return false;
	}
	if (s->timestamp) {
		p->timestamp = header_of(call, s->timestamp);
		if (!p->timestamp)
			return false;
		p->n_timestamp = strlen(p->timestamp);
	}
	return true;
}

/* False: something is missing, twice there, or not as the scheme has it. */
static bool
read_proof(struct proof *p, const struct scheme *s,
           const struct http_call *call)
{
	const char *value = header_of(call, s->signature);

	p->id = p->timestamp = NULL;
	p->n_timestamp = p->n = 0;
	if (!value || !read_signed_headers(p, s, call))
		return false;
	switch (s->form) {
	case FORM_ONE: return read_one(p, s, value);
	case FORM_LIST: return read_list(p, s, value);
	case FORM_MEMBERS: return read_members(p, s, value);
	}
	return false;
}

/* ---- is it so? ---- */

/* `id.time.body`, as far as the scheme has them. Returns how many parts. */
static size_t
signed_parts(struct crypto_part parts[5], const struct proof *p,
             const struct http_call *call)
{
	size_t n = 0;

	if (p->id) {
		parts[n++] = (struct crypto_part){ p->id, strlen(p->id) };
		parts[n++] = (struct crypto_part){ ".", 1 };
	}
	if (p->timestamp) {
		parts[n++] =
			(struct crypto_part){ p->timestamp, p->n_timestamp };
		parts[n++] = (struct crypto_part){ ".", 1 };
	}
	parts[n++] = (struct crypto_part){ call->body, call->n_body };
	return n;
}

/* Whole seconds, digits only; false when it is no such thing. */
static bool
read_seconds(int64_t *out, const struct proof *p)
{
	if (p->n_timestamp == 0 || p->n_timestamp > SECONDS_MAX)
		return false;
	*out = 0;
	for (size_t i = 0; i < p->n_timestamp; i++) {
		char c = p->timestamp[i];

		if (c < '0' || c > '9')
			return false;
		*out = *out * 10 + (c - '0');
	}
	return true;
}

/* Every secret and every claim is compared, so that time tells nothing. */
static int
check_claims(const struct proof *p, const struct scheme *s,
             const struct conf_section *conf, const struct http_call *call)
{
	const struct secret *secrets[2];
	size_t n_secrets = conf_secrets(conf, "hook.secret", secrets);
	struct crypto_part parts[5];
	size_t n_parts = signed_parts(parts, p, call);
	unsigned char coded[KEY_MAX];
	bool is_equal = false;
	int r = 0;

	for (size_t i = 0; !r && i < n_secrets; i++) {
		struct crypto_part key;
		struct mac mac;

		if (!read_key(&key, coded, s, secrets[i]))
			continue; /* check has refused it */
		r = crypto_hmac(mac.bytes, &mac.n, s->hash, key.p, key.n, parts,
		                n_parts);
		for (size_t k = 0; !r && k < p->n; k++)
			is_equal |=
				crypto_equal(p->claims[k].bytes, p->claims[k].n,
			                     mac.bytes, mac.n);
	}
	crypto_wipe(coded, sizeof(coded));
	if (r)
		return err_pass(r);
	return is_equal ? 0 : HANDLER_FORGED;
}

/* JSON by its name: application/json, or anything with +json. None will do. */
static bool
is_media_type(const struct http_call *call)
{
	const char *type = NULL;
	size_t n;

	if (http_call_header(&type, call, "Content-Type"))
		return false;
	if (!type)
		return true;
	n = strcspn(type, "; \t");
	return (n == 16 && strncasecmp(type, "application/json", 16) == 0) ||
	       (n > 5 && strncasecmp(type + n - 5, "+json", 5) == 0);
}

static int
verify(const struct handler_env *env, const struct http_call *call)
{
	const struct scheme s = scheme_of(env->account);
	struct proof p;
	int64_t seconds = 0;
	int64_t now = clock_wall_ms() / 1000;
	int r;

	if (!read_proof(&p, &s, call) || p.n == 0 ||
	    (p.timestamp && !read_seconds(&seconds, &p)))
		return HANDLER_FORGED;
	r = check_claims(&p, &s, env->account, call);
	if (r)
		return r > 0 ? r : err_pass(r);
	if (p.timestamp &&
	    (seconds < now - TOLERANCE_S || seconds > now + TOLERANCE_S))
		return HANDLER_STALE;
	return is_media_type(call) ? 0 : HANDLER_MEDIA_TYPE;
}

/* ---- options that make sense together ---- */

static void
check_secrets(const struct scheme *s, const struct conf_section *conf,
              struct buf *mistakes)
{
	const struct secret *secrets[2];
	size_t n = conf_secrets(conf, "hook.secret", secrets);
	unsigned char coded[KEY_MAX];

	for (size_t i = 0; i < n; i++) {
		struct crypto_part key;
		bool is_good = read_key(&key, coded, s, secrets[i]);

		crypto_wipe(coded, sizeof(coded));
		if (!is_good)
			buf_addf(mistakes,
			         "hook.secret%s: expected whsec_ and the "
			         "base64 of %d to %d bytes\n",
			         n < 2 ? ""
			         : i   ? "[1]"
			               : "[0]",
			         (int)KEY_MIN, (int)KEY_MAX);
	}
}

/* A header's name, by RFC 9110 section 5.6.2. */
static bool
is_token(const char *text)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789!#$%&'*+-.^_`|~";

	return *text && strspn(text, allowed) == strlen(text);
}

static void
check_headers(const struct scheme *s, const struct conf_section *conf,
              struct buf *mistakes)
{
	static const char *const keys[] = { "hook.header",
		                            "hook.timestamp_header" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *name = conf_text(conf, keys[i]);

		if (name && !is_token(name))
			buf_addf(mistakes,
			         "%s: expected the name of a header, found "
			         "\"%.60s\"\n",
			         keys[i], name);
	}
	if (s->timestamp && strcasecmp(s->timestamp, s->signature) == 0)
		buf_addf(mistakes,
		         "hook.timestamp_header: %.60s carries the signature: "
		         "expected another header\n",
		         s->timestamp);
}

static void
check(const struct handler_env *env, struct buf *mistakes)
{
	static const char *const of_hmac[] = { "hook.header", "hook.algorithm",
		                               "hook.encoding", "hook.prefix",
		                               "hook.timestamp_header" };
	const struct conf_section *conf = env->account;
	const struct scheme s = scheme_of(conf);
	const char *sku = conf_text(conf, "hook.sku");

	check_secrets(&s, conf, mistakes);
	if (!json_pointer_is_valid(sku) || !*sku)
		buf_addf(mistakes,
		         "hook.sku: expected a JSON pointer like /data/sku, "
		         "found \"%.60s\"\n",
		         sku);
	if (strcmp(s.name, "hmac") == 0) {
		check_headers(&s, conf, mistakes);
		return;
	}
	for (size_t i = 0; i < sizeof(of_hmac) / sizeof(of_hmac[0]); i++)
		if (conf_has(conf, of_hmac[i]))
			buf_addf(mistakes,
			         "%s: not used: %s has its own; it goes with "
			         "the scheme hmac\n",
			         of_hmac[i], s.name);
}

/* ---- what it is ---- */

/* A text, or a whole number as it came; NULL: neither. Until the next call. */
static const char *
scalar(const struct json_node *node)
{
	const char *text = json_text(node);

	if (text)
		return text;
	text = json_number_text(node);
	return text && strspn(text, "0123456789") == strlen(text) ? text : NULL;
}

static bool
is_sku(const char *text)
{
	size_t n = 0;

	for (; text[n]; n++)
		if ((unsigned char)text[n] < ' ' || text[n] == 0x7f ||
		    n == ITEM_SKU_MAX)
			return false;
	return n > 0;
}

/* Visit what may be SKUs. */
static void
each_sku(const struct json_node *node,
         void (*visit)(void *ctx, const char *sku), void *ctx)
{
	bool is_list = json_type(node) == JSON_ARRAY;
	size_t n = is_list ? json_length(node) : 1;

	for (size_t i = 0; i < n; i++) {
		const char *sku = scalar(is_list ? json_at(node, i) : node);

		if (sku && is_sku(sku))
			visit(ctx, sku);
	}
}

static const struct json_node *
find_skus(const struct handler_env *env, const struct json *doc)
{
	return json_pointer(json_root(doc),
	                    conf_text(env->account, "hook.sku"));
}

/* "" unless it is a name. */
static const char *
name_or_none(const char *text)
{
	return is_name(text) ? text : "";
}

static int
identify(const struct handler_env *env, const struct http_call *call,
         struct event *event)
{
	const struct scheme s = scheme_of(env->account);
	const char *id = s.id ? header_of(call, s.id) : NULL;
	struct json *doc = NULL;
	int r;

	r = json_parse(&doc, call->body, call->n_body);
	if (r)
		return r < 0 ? err_pass(r) : HANDLER_MALFORMED;
	/* Rather said to the sender than left out. */
	if (json_length(find_skus(env, doc)) > SKUS_MAX) {
		json_free(doc);
		return HANDLER_MALFORMED;
	}
	if (s.body_id)
		id = json_text_or(json_root(doc), s.body_id, "");
	event->topic = text_dup(
		name_or_none(json_text_or(json_root(doc), "type", "")));
	event->id = text_dup(name_or_none(id ? id : ""));
	event->query = text_dup("");
	json_free(doc);
	if (!event->topic || !event->id || !event->query)
		return err_raise(ERR_NOMEM, "event");
	return 0;
}

/* ---- where to look ---- */

static int
hints_(const struct handler_env *env, const struct event *event,
       const struct hints *hints)
{
	struct json *doc = NULL;
	int r;

	r = json_parse(&doc, event->body, event->n_body);
	if (r) /* identify took it, so memory is the only reason */
		return err_pass(r);
	each_sku(find_skus(env, doc), hints->sku, hints->ctx);
	json_free(doc);
	return 0;
}

const struct handler_ops webhook_hooks = {
	.name = "webhook",
	.options = options,
	.methods = "POST",
	.dedupe_ms = DEDUPE_MS,
	.check = check,
	.verify = verify,
	.identify = identify,
	.hints = hints_,
};
