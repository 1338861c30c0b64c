/*
 * Lightspeed X, webhooks registered: sales, stock and products call us.
 *
 * Does     One webhook a type, each with a URL of its own (`?type=…`), as what
 *          is called for is not certain to be in the call. One for our address
 *          that has another query or is switched off is changed; others stay.
 * Proof    What an OAuth application makes is signed. What a personal token
 *          makes is not: then `hook.token` is in the URL, which nobody is shown.
 * Form     JSON by the vendor's OpenAPI, a form by its guide: where the one is
 *          refused, the other is tried.
 */
#include "adapters/lightspeed_x.h"

#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/secret.h"

#include <stdlib.h>
#include <string.h>

static const char *const types[] = { "sale.update", "inventory.update",
	                             "product.update" };

enum { N_TYPES = sizeof(types) / sizeof(*types) };

#define PATH "/api/%s/webhooks"

/* ---- addresses ---- */

/* The newest of the tokens; NULL: none. */
static const struct secret *
token_of(const struct lightspeed_x *x)
{
	const struct secret *tokens[2] = { NULL, NULL };

	if (conf_knows(x->conf, "hook.token"))
		(void)conf_secrets(x->conf, "hook.token", tokens);
	return tokens[0];
}

static void
add_address(struct buf *out, const struct lightspeed_x *x, const char *url,
            const char *type)
{
	const struct secret *token = token_of(x);

	buf_addf(out, "%s?type=%s", url, type);
	if (token) {
		buf_adds(out, "&k=");
		buf_add_url(out, secret_text(token));
	}
}

/* Ours, whatever its query. */
static bool
is_ours(const struct json_node *row, const char *url, const char *type)
{
	const char *there = json_text_or(row, "url", "");
	size_t n = strlen(url);

	return strcmp(json_text_or(row, "type", ""), type) == 0 &&
	       strncmp(there, url, n) == 0 &&
	       (there[n] == '\0' || there[n] == '?');
}

/* ---- one webhook ---- */

static void
build(struct buf *out, const char *type, const char *address)
{
	struct json_out o = { .to = out };

	json_out_object(&o, NULL);
	json_out_bool(&o, "active", true);
	json_out_text(&o, "type", type);
	json_out_text(&o, "url", address);
	json_out_end_object(&o);
}

static void
build_form(struct buf *out, const char *type, const char *address)
{
	buf_addf(out, "active=true&type=%s&url=", type);
	buf_add_url(out, address);
}

static void
wipe(struct buf *b)
{
	if (b->p)
		crypto_wipe(b->p, b->cap);
	buf_fini(b);
}

/* Is it the form that is not understood? */
static bool
wants_form(const struct outcome *outcome, int status)
{
	return outcome->verdict == VERDICT_REFUSED &&
	       (status == 400 || status == 415 || status == 422);
}

static struct outcome
make(struct lightspeed_x *x, const char *type, const char *address)
{
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;
	int status;

	build(&body, type, address);
	outcome = lightspeed_x_change(x, &doc, &status, "POST", &body,
	                              text_format(PATH, x->dated));
	if (wants_form(&outcome, status)) {
		json_free(doc);
		wipe(&body);
		build_form(&body, type, address);
		outcome = lightspeed_x_change_form(x, &doc, &status, &body,
		                                   text_format(PATH, x->dated));
	}
	json_free(doc);
	wipe(&body);
	/* The same type and address: it is there. */
	return status == 409 ? outcome_done() : outcome;
}

static struct outcome
mend(struct lightspeed_x *x, const struct json_node *row, const char *type,
     const char *address)
{
	struct buf body = BUF_INIT;
	struct buf path = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;
	int status;

	build(&body, type, address);
	buf_addf(&path, PATH "/", x->dated);
	buf_add_url(&path, json_text_or(row, "id", ""));
	outcome =
		lightspeed_x_change(x, &doc, &status, "PUT", &body,
	                            buf_check(&path) ? NULL : buf_steal(&path));
	json_free(doc);
	wipe(&body);
	buf_fini(&path);
	/* Another one has the address meanwhile: it is there. */
	return status == 409 ? outcome_done() : outcome;
}

/* ---- a type ---- */

static bool
is_as_it_should_be(const struct json_node *row, const char *address)
{
	bool is_active = true;

	(void)json_get_bool(&is_active, row, "active");
	return is_active && strcmp(json_text_or(row, "url", ""), address) == 0;
}

/* Of several the one that is as it should be; or has the address, which no
   other can be given then. */
static const struct json_node *
find_ours(const struct json_node *rows, const char *url, const char *type,
          const char *address)
{
	const struct json_node *found = NULL;
	bool has_address = false;

	for (size_t i = 0; i < json_length(rows); i++) {
		const struct json_node *row = json_at(rows, i);

		if (!is_ours(row, url, type))
			continue;
		if (is_as_it_should_be(row, address))
			return row;
		if (has_address)
			continue;
		has_address =
			strcmp(json_text_or(row, "url", ""), address) == 0;
		if (!found || has_address)
			found = row;
	}
	return found;
}

static struct outcome
set_up(struct lightspeed_x *x, const struct hook_job *job,
       const struct json_node *rows, const char *type)
{
	const struct json_node *row;
	struct outcome outcome = outcome_done();
	struct buf address = BUF_INIT;

	add_address(&address, x, job->url, type);
	row = find_ours(rows, job->url, type, buf_text(&address));
	if (buf_check(&address)) {
		outcome = outcome_fault(ERR_NOMEM);
	} else if (!row) {
		buf_addf(job->what, "make a webhook of %s for %s\n", type,
		         job->url);
		if (!job->is_dry)
			outcome = make(x, type, buf_text(&address));
	} else if (!is_as_it_should_be(row, buf_text(&address))) {
		buf_addf(job->what,
		         "set webhook %s of %s: its address, and active\n",
		         json_text_or(row, "id", "?"), type);
		if (!job->is_dry)
			outcome = mend(x, row, type, buf_text(&address));
	}
	wipe(&address);
	/* The next run finds it, if it is there. */
	if (outcome.verdict == VERDICT_UNCERTAIN)
		outcome.verdict = VERDICT_RETRY;
	return lightspeed_x_must_be(outcome, "webhooks");
}

static struct outcome
set_up_all(struct lightspeed_x *x, const struct hook_job *job,
           const struct json_node *root)
{
	const struct json_node *rows = json_find(root, "data");
	struct outcome outcome = outcome_done();

	if (json_type(rows) != JSON_ARRAY)
		return outcome_taken(LIGHTSPEED_X_MALFORMED, "webhooks");
	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < N_TYPES; i++)
		outcome = set_up(x, job, rows, types[i]);
	return outcome;
}

struct outcome
lightspeed_x_register_hooks(void *state, const struct hook_job *job)
{
	struct lightspeed_x *x = lightspeed_x_of(state);
	struct json *doc = NULL;
	struct outcome outcome;

	if (!x->oauth && !token_of(x))
		return outcome_of(
			VERDICT_REFUSED,
			"what a personal token registers is not signed: set "
			"`hook.token`, which is then part of the address, or "
			"use `oauth`");
	outcome = lightspeed_x_must_be(
		lightspeed_x_get(x, &doc, text_format(PATH, x->dated)),
		"webhooks");
	if (outcome.verdict == VERDICT_DONE)
		outcome = set_up_all(x, job, json_root(doc));
	json_free(doc);
	return outcome;
}
