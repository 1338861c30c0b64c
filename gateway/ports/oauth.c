/*
 * Access tokens that end, and what they are renewed with.
 *
 * A renewal is: take what lies in the vault, for another process may have been
 * here; take the lock, and look again; ask; put what came into the vault; use
 * it. What came and could not be put is not used, and put before anything else
 * is asked. A call whose answer was lost is made again: where the old refresh
 * token still holds, that mends it, and where it does not, nothing could.
 *
 * Not  Nothing here waits. What goes on for how long with a token that cannot
 *      be renewed stands in has_key and in lasts.
 */
#include "gateway/ports/oauth.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/base/log.h"
#include "gateway/base/words.h"
#include "gateway/model/conf.h"
#include "gateway/ports/adapter.h"

enum {
	OAUTH_MAGIC = 0x4f415554, /* "OAUT" */
	OAUTH_MALFORMED = 1,      /* condition: not what is documented */
	ASK_TIMEOUT_MS = 10000,
	LOCK_MS = ASK_TIMEOUT_MS + 2000, /* of the longest call, and to put */
	ANSWER_MAX_BYTES = 64 * 1024,
	TOKEN_MAX_BYTES = 16 * 1024,
	TRY_AGAIN_MS = 60000, /* while the old one does */
	MARGIN_PART = 10,     /* of its life, the last: time to renew it */
	WHOSE_SIZE = 64,
	WORDS_SIZE = 72,
	OPTION_SIZE = 40,
	RECORD_VERSION = 1,
};

/* Unused refresh tokens die after 30 days at the earliest (Lightspeed R), and
   Square wants to be asked within 7. */
static const int64_t keep_ms = INT64_C(7) * 24 * 3600 * 1000;

/* A token that ends later than this does not end. */
static const int64_t life_max_ms = INT64_C(3650) * 24 * 3600 * 1000;

struct token {
	char *access;  /* owned; NULL: there is none */
	char *refresh; /* owned; NULL: the configured one */
	int64_t got_ms;
	int64_t until_ms; /* 0: it does not say */
	char whose[WHOSE_SIZE];
};

struct oauth {
	unsigned magic;
	struct oauth_config config; /* without url */
	char *url;                  /* owned */
	char name[65];              /* in the vault */
	int64_t version;            /* of what we took out; 0: nothing */
	struct token now;
	struct token before;     /* still unspeakable: answers may name it */
	char *bearer;            /* owned; of now; NULL: no key */
	struct buf unsaved;      /* came, and is not in the vault yet */
	int64_t unsaved_version; /* that it will have */
	int64_t try_mono_ms;     /* not earlier, while the old one does */
	bool was_lost;           /* an answer; the new token was in it */
	char trouble[OUTCOME_WHY_SIZE]; /* of the last renewal; "": none */
};

static struct oauth *
oauth_of(void *ctx)
{
	struct oauth *o = ctx;

	assert(o && o->magic == OAUTH_MAGIC);
	return o;
}

/* ---- tokens ---- */

static void
wipe_text(char **text)
{
	if (*text)
		crypto_wipe(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

static void
wipe_buf(struct buf *b)
{
	if (b->p)
		crypto_wipe(b->p, b->cap);
	buf_fini(b);
}

static void
token_fini(struct token *t)
{
	log_forgive(t->access);
	log_forgive(t->refresh);
	wipe_text(&t->access);
	wipe_text(&t->refresh);
	*t = (struct token){ 0 };
}

/* It goes into a header: visible characters and no other. */
static bool
is_access(const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] <= ' ' ||
		    (unsigned char)text[i] > '~')
			return false;
	return n > 0 && n <= TOKEN_MAX_BYTES;
}

/*
 * Copy what a record or an answer holds; refresh NULL: the configured one.
 * Returns 0, OAUTH_MALFORMED, ERR_NOMEM.
 */
static int
token_fill(struct token *out, const char *access, const char *refresh)
{
	if (!access || !is_access(access) ||
	    (refresh && strlen(refresh) > TOKEN_MAX_BYTES))
		return OAUTH_MALFORMED;
	out->access = text_dup(access);
	out->refresh = text_dup(refresh);
	if (!out->access || (refresh && !out->refresh)) {
		wipe_text(&out->access);
		wipe_text(&out->refresh);
		return err_raise(ERR_NOMEM, "why=%s", "token");
	}
	log_forbid(out->access);
	log_forbid(out->refresh);
	return 0;
}

static void
encode(struct buf *out, const struct token *t)
{
	struct json_out o = { .to = out };

	json_out_object(&o, NULL);
	json_out_int(&o, "v", RECORD_VERSION);
	json_out_text(&o, "access_token", t->access);
	if (t->refresh)
		json_out_text(&o, "refresh_token", t->refresh);
	json_out_int(&o, "got_ms", t->got_ms);
	json_out_int(&o, "until_ms", t->until_ms);
	json_out_text(&o, "whose", t->whose);
	json_out_end_object(&o);
}

/* Returns 0, OAUTH_MALFORMED, ERR_NOMEM. */
static int
decode(struct token *out, const struct buf *text)
{
	struct json *doc = NULL;
	const struct json_node *root;
	int r = json_parse(&doc, buf_text(text), text->n);

	*out = (struct token){ 0 };
	if (r == JSON_MALFORMED)
		return OAUTH_MALFORMED;
	if (r)
		return r;
	root = json_root(doc);
	r = token_fill(out, json_text_or(root, "access_token", NULL),
	               json_text_or(root, "refresh_token", NULL));
	(void)json_get_int(&out->got_ms, root, "got_ms");
	(void)json_get_int(&out->until_ms, root, "until_ms");
	(void)words_copy(out->whose, sizeof(out->whose),
	                 json_text_or(root, "whose", ""));
	json_free(doc);
	return r;
}

/* Use it from here on. */
static int
adopt(struct oauth *o, struct token *take, int64_t version)
{
	char *bearer = text_format("Bearer %s", take->access);

	if (!bearer) {
		token_fini(take);
		return err_raise(ERR_NOMEM, "why=%s", "token");
	}
	token_fini(&o->before);
	o->before = o->now;
	o->now = *take;
	*take = (struct token){ 0 };
	wipe_text(&o->bearer);
	o->bearer = bearer;
	o->version = version;
	o->trouble[0] = '\0';
	return 0;
}

static const char *
refresh_token(const struct oauth *o)
{
	return o->now.refresh ? o->now.refresh
	                      : secret_text(o->config.refresh_token);
}

/* Can it still be used at all? */
static bool
lasts(const struct oauth *o)
{
	return o->bearer &&
	       (!o->now.until_ms || clock_wall_ms() < o->now.until_ms);
}

static bool
is_fresh(const struct oauth *o)
{
	const struct token *t = &o->now;

	return o->bearer &&
	       (!t->until_ms ||
	        clock_wall_ms() <
	                t->until_ms - (t->until_ms - t->got_ms) / MARGIN_PART);
}

/* ---- the vault ---- */

/*
 * Bring what we hold up to the vault. A record that cannot be read counts as
 * none, and is overwritten. Returns 0 or a fault.
 */
static int
take(struct oauth *o)
{
	struct buf text = BUF_INIT;
	struct token t = { 0 };
	int64_t version = 0;
	int r = vault_get(o->config.vault, &text, &version, o->name);

	if (!r && version != o->version) {
		r = decode(&t, &text);
		if (!r)
			r = adopt(o, &t, version);
		if (r == OAUTH_MALFORMED)
			o->version = version;
	}
	wipe_buf(&text);
	return r < 0 ? r : 0;
}

/* Put what came, then use it. Another's that is there already is as good.
   Returns 0 or a fault: it stays unsaved. */
static int
save(struct oauth *o)
{
	struct token t = { 0 };
	int r = 0;

	if (o->unsaved.n)
		r = vault_put(o->config.vault, o->name, o->unsaved_version,
		              buf_text(&o->unsaved));
	if (r < 0 || !o->unsaved.n)
		return r;
	if (!r)
		r = decode(&t, &o->unsaved);
	if (!r)
		r = adopt(o, &t, o->unsaved_version);
	if (r >= 0) {
		wipe_buf(&o->unsaved);
		r = 0;
	}
	return r;
}

/* ---- what an answer means: all of it is here ---- */

/* The code and the words, of whichever form: {"error","error_description"},
   {"type","message"}, {"errors":[{"code","detail"}]}. */
static void
find_words(char out[WORDS_SIZE], const char **code,
           const struct json_node *root)
{
	const struct json_node *first = json_at(json_find(root, "errors"), 0);
	const char *text =
		json_text_or(root, "error_description",
	                     json_text_or(root, "message",
	                                  json_text_or(first, "detail", "")));
	struct buf both = BUF_INIT;

	*code = json_text_or(
		root, "error",
		json_text_or(first, "code", json_text_or(root, "type", "")));
	buf_addf(&both, "%s%s%s", **code ? " " : "", *code, *text ? ": " : "");
	buf_adds(&both, text);
	(void)words_copy(out, WORDS_SIZE, buf_text(&both));
	buf_fini(&both);
}

static struct outcome
judge_refusal(const struct oauth *o, int status, const char *code,
              const char *words)
{
	const struct oauth_facts *f = o->config.facts;

	if (strstr(code, "client"))
		return outcome_of(VERDICT_LOCKED,
		                  "%s does not know this client (http %d%s): "
		                  "`%sclient_id` or `%sclient_secret` is wrong",
		                  f->vendor, status, words, f->options,
		                  f->options);
	return outcome_of(VERDICT_LOCKED,
	                  "%s renews no token (http %d%s)%s: authorise again "
	                  "and set `%srefresh_token`%s",
	                  f->vendor, status, words,
	                  o->was_lost ? " after a lost answer" : "", f->options,
	                  strstr(code, "grant")
	                          ? ""
	                          : ", if client and secret are right");
}

/* Pure: answer in, outcome out. root: its body, NULL when that is no JSON. */
static struct outcome
judge(const struct oauth *o, const struct http_answer *answer,
      const struct json_node *root)
{
	const char *vendor = o->config.facts->vendor;
	int status = answer->status;
	char words[WORDS_SIZE];
	const char *code;
	struct outcome outcome;

	find_words(words, &code, root);
	if (status == 0)
		return outcome_of(
			VERDICT_RETRY,
			"%s does not answer the renewal of the token: "
			"%s",
			vendor, answer->why);
	if (status >= 200 && status < 300)
		return outcome_done();
	outcome = outcome_of(VERDICT_RETRY,
	                     "%s does not renew the token now (http %d%s)",
	                     vendor, status, words);
	if (status == 429 || status == 503)
		return outcome_slow(answer->retry_after_ms, outcome.why);
	if (status == 404)
		return outcome_of(VERDICT_RETRY,
		                  "no token call there (http 404): is `url` "
		                  "right?");
	if (status >= 400 && status < 500 && status != 408)
		return judge_refusal(o, status, code, words);
	return outcome;
}

/* A whole number, as one or as text; 0: neither. */
static int64_t
find_int(const struct json_node *root, const char *key)
{
	int64_t n = 0;

	if (json_get_int(&n, root, key) == JSON_WRONG_TYPE)
		n = strtoll(json_text_or(root, key, "0"), NULL, 10);
	return n;
}

/*
 * How long it lasts from now: `expires_in` seconds, or a moment by their clock,
 * `expires_at` as text or `expires` in seconds. 0: it does not say.
 */
static int64_t
find_life_ms(const struct http_answer *answer, const struct json_node *root)
{
	int64_t their_now = answer->date_ms ? answer->date_ms : clock_wall_ms();
	int64_t in_s = find_int(root, "expires_in");
	int64_t at_s = find_int(root, "expires");
	int64_t life_ms = 0;
	int64_t at_ms;

	if (in_s > 0 && in_s < life_max_ms / 1000)
		life_ms = in_s * 1000;
	else if (!clock_parse(&at_ms, json_text_or(root, "expires_at", ""), 1))
		life_ms = at_ms - their_now;
	else if (at_s > 0 && at_s < INT64_MAX / 1000)
		life_ms = at_s * 1000 - their_now;
	return life_ms > 0 && life_ms < life_max_ms ? life_ms : 0;
}

/* Into unsaved. A refresh token that does not come is the one we have. */
static struct outcome
take_answer(struct oauth *o, const struct http_answer *answer,
            const struct json_node *root)
{
	const char *whose = o->config.facts->whose;
	const char *fresh = json_text_or(root, "refresh_token", NULL);
	int64_t life_ms = find_life_ms(answer, root);
	struct token t = { 0 };
	int r = token_fill(&t, json_text_or(root, "access_token", NULL),
	                   fresh && *fresh ? fresh : o->now.refresh);

	if (r == OAUTH_MALFORMED)
		return outcome_of(VERDICT_RETRY,
		                  "%s answered the renewal of the token with "
		                  "http %d, but without one",
		                  o->config.facts->vendor, answer->status);
	if (r)
		return outcome_fault(r);
	t.got_ms = clock_wall_ms();
	t.until_ms = life_ms ? t.got_ms + life_ms : 0;
	if (whose)
		(void)words_copy(t.whose, sizeof(t.whose),
		                 json_text_or(root, whose, ""));
	buf_reset(&o->unsaved);
	encode(&o->unsaved, &t);
	o->unsaved_version = o->version + 1;
	r = buf_check(&o->unsaved);
	if (!r)
		r = save(o);
	token_fini(&t);
	return r ? outcome_fault(r) : outcome_done();
}

/* ---- the call ---- */

static void
build_json(struct buf *out, const struct oauth *o)
{
	const struct oauth_config *c = &o->config;
	struct json_out j = { .to = out };

	json_out_object(&j, NULL);
	json_out_text(&j, "client_id", c->client_id);
	if (c->client_secret)
		json_out_text(&j, "client_secret",
		              secret_text(c->client_secret));
	json_out_text(&j, "grant_type", "refresh_token");
	json_out_text(&j, "refresh_token", refresh_token(o));
	json_out_end_object(&j);
}

static void
build_form(struct buf *out, const struct oauth *o)
{
	const struct oauth_config *c = &o->config;

	buf_adds(out, "grant_type=refresh_token&client_id=");
	buf_add_url(out, c->client_id);
	if (c->client_secret) {
		buf_adds(out, "&client_secret=");
		buf_add_url(out, secret_text(c->client_secret));
	}
	buf_adds(out, "&refresh_token=");
	buf_add_url(out, refresh_token(o));
}

/* The library must not send it twice: a new token may come once only. */
static struct http_request
build(const struct oauth *o, const struct buf *body)
{
	const struct oauth_config *c = &o->config;
	struct http_request q = {
		.method = "POST",
		.url = o->url,
		.headers = { { "Accept", "application/json" },
		             { "Content-Type",
		               c->facts->form == OAUTH_JSON
		                       ? "application/json"
		                       : "application/x-www-form-urlencoded" },
		             c->header },
		.n_headers = c->header.name ? 3 : 2,
		.body = body->p,
		.n_body = body->n,
		.timeout_ms = ASK_TIMEOUT_MS,
		.answer_max = ANSWER_MAX_BYTES,
		.is_unrepeatable = true,
	};

	return q;
}

/* Ask for a new one, put it, use it. The lock is ours. */
static struct outcome
ask(struct oauth *o)
{
	struct http_answer answer = { 0 };
	struct http_request request;
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;
	int r;

	if (o->config.facts->form == OAUTH_JSON)
		build_json(&body, o);
	else
		build_form(&body, o);
	request = build(o, &body);
	r = buf_check(&body);
	if (!r)
		r = http_client_send(o->config.http, &request, &answer);
	if (!r)
		(void)json_parse(&doc, buf_text(&answer.body), answer.body.n);
	outcome = r ? outcome_fault(r)
	            : judge(o, &answer, doc ? json_root(doc) : NULL);
	if (outcome.verdict == VERDICT_DONE)
		outcome = take_answer(o, &answer, doc ? json_root(doc) : NULL);
	if (!r)
		o->was_lost = answer.status == 0 && answer.was_sent;
	json_free(doc);
	wipe_buf(&answer.body);
	http_answer_fini(&answer);
	wipe_buf(&body);
	return outcome;
}

/* ---- renewing ---- */

static struct outcome
lock(struct oauth *o)
{
	int64_t wait_ms = 0;
	int r = vault_lock(o->config.vault, o->name, LOCK_MS, &wait_ms);

	if (r == VAULT_TAKEN)
		return outcome_slow(wait_ms,
		                    "another process renews the token");
	if (r == VAULT_OFTEN)
		return outcome_slow(wait_ms, "the token was renewed too often, "
		                             "or in vain, in the last minute");
	return r ? outcome_fault(r) : outcome_done();
}

/* Has another process renewed it, or a call of our own that was not saved? */
static struct outcome
look(struct oauth *o, int64_t held, bool *is_renewed)
{
	int r = save(o);

	if (!r)
		r = take(o);
	*is_renewed = !r && o->version != held && is_fresh(o);
	return r ? outcome_fault(r) : outcome_done();
}

static struct outcome
renew_now(struct oauth *o)
{
	int64_t held = o->version;
	bool is_renewed = false;
	struct outcome outcome = look(o, held, &is_renewed);

	if (outcome.verdict == VERDICT_DONE && !is_renewed)
		outcome = lock(o);
	if (outcome.verdict != VERDICT_DONE || is_renewed)
		return outcome;
	outcome = look(o, held, &is_renewed);
	if (outcome.verdict == VERDICT_DONE && !is_renewed)
		outcome = ask(o);
	vault_unlock(o->config.vault, o->name);
	return outcome;
}

/* And remember what came of it. */
static struct outcome
try_renew(struct oauth *o)
{
	struct outcome outcome;

	assert(o->config.vault && o->config.http);
	outcome = renew_now(o);
	(void)words_copy(o->trouble, sizeof(o->trouble), outcome.why);
	o->try_mono_ms = clock_mono_ms() + TRY_AGAIN_MS;
	return outcome;
}

/* ---- for struct auth ---- */

static bool
has_key(const void *ctx)
{
	const struct oauth *o = ctx;

	return is_fresh(o) ||
	       (lasts(o) && o->trouble[0] && clock_mono_ms() < o->try_mono_ms);
}

static struct outcome
renew(void *ctx)
{
	struct oauth *o = oauth_of(ctx);
	/* A key that is there was refused; one that is not may still do. */
	bool may_go_on = !has_key(o) && lasts(o);
	struct outcome outcome = try_renew(o);

	return may_go_on ? outcome_done() : outcome;
}

static void
sign(void *ctx, struct http_request *request)
{
	const struct oauth *o = oauth_of(ctx);

	request->headers[request->n_headers++] =
		(struct http_header){ "Authorization", o->bearer };
}

/* 401 says that nothing was done, of whatever request. */
static bool
is_worn(const void *ctx, const struct http_request *request,
        const struct http_answer *answer)
{
	(void)ctx;
	(void)request;
	return answer->status == 401;
}

const struct auth_ops oauth_ops = {
	.has_key = has_key,
	.renew = renew,
	.sign = sign,
	.is_worn = is_worn,
};

/* ---- the rest ---- */

struct outcome
oauth_tend(struct oauth *o)
{
	struct outcome outcome = outcome_done();
	int r = o->version ? 0 : take(o);

	if (r)
		return outcome_fault(r);
	/* Without one, the first call sees to it. */
	if (o->bearer && clock_wall_ms() - o->now.got_ms >= keep_ms)
		outcome = try_renew(o);
	if (o->trouble[0] && lasts(o)) {
		outcome = outcome_done();
		(void)words_copy(outcome.why, sizeof(outcome.why), o->trouble);
	}
	return outcome;
}

void
oauth_describe(const struct oauth *o, struct buf *out)
{
	char until[CLOCK_TEXT_SIZE];

	if (!o->bearer)
		return;
	buf_adds(out, "token");
	if (o->now.whose[0])
		buf_addf(out, " of %s", o->now.whose);
	if (o->now.until_ms) {
		clock_format(until, o->now.until_ms);
		buf_addf(out, " until %.16sZ", until);
	}
	if (o->trouble[0])
		buf_addf(out, ", which was not renewed: %s", o->trouble);
}

static int
make_name(struct oauth *o)
{
	const struct oauth_config *c = &o->config;
	const struct crypto_part parts[] = {
		{ c->client_id, strlen(c->client_id) },
		{ "\n", 1 },
		{ secret_text(c->refresh_token),
		  secret_length(c->refresh_token) },
	};

	return crypto_sha256_hex(o->name, parts,
	                         sizeof(parts) / sizeof(*parts));
}

int
oauth_open(struct oauth **out, const struct oauth_config *config)
{
	struct oauth *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return err_raise(ERR_NOMEM, "why=%s", "oauth");
	o->magic = OAUTH_MAGIC;
	o->config = *config;
	o->config.url = NULL;
	o->url = text_dup(config->url);
	r = o->url ? make_name(o) : err_raise(ERR_NOMEM, "why=%s", "oauth");
	if (r) {
		oauth_close(o);
		return r;
	}
	*out = o;
	return 0;
}

/* "oauth." and "client_id". */
static const char *
option(char out[OPTION_SIZE], const struct oauth_facts *facts, const char *name)
{
	(void)snprintf(out, OPTION_SIZE, "%s%s", facts->options, name);
	return out;
}

int
oauth_open_account(struct oauth **out, const struct oauth_facts *facts,
                   const struct adapter_env *env,
                   const struct http_header *header, char *url)
{
	struct oauth_config config = { .facts = facts,
		                       .url = url,
		                       .http = env->http,
		                       .vault = env->vault };
	char name[OPTION_SIZE];
	int r;

	if (header)
		config.header = *header;
	config.client_id =
		conf_text(env->conf, option(name, facts, "client_id"));
	config.client_secret =
		conf_secret(env->conf, option(name, facts, "client_secret"));
	config.refresh_token =
		conf_secret(env->conf, option(name, facts, "refresh_token"));
	r = url ? oauth_open(out, &config)
	        : err_raise(ERR_NOMEM, "why=%s", "oauth");
	free(url);
	return r;
}

void
oauth_close(struct oauth *o)
{
	if (!o)
		return;
	token_fini(&o->now);
	token_fini(&o->before);
	wipe_text(&o->bearer);
	wipe_buf(&o->unsaved);
	free(o->url);
	free(o);
}
