/*
 * Square: the counts and sales of one location; an item is an ITEM_VARIATION
 * id. This file holds what is asked once: options, the probe, the table.
 */
#include "adapters/adapters.h"
#include "adapters/square.h"

#include "gateway/base/buf.h"
#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/base/secret.h"
#include "gateway/base/words.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LOCATIONS_PATH "/v2/locations"
#define TOKEN_PATH     "/oauth2/token"

enum {
	COUNT_PLACES = 5,
	SALES_WINDOW_MS = 72 * 60 * 60 * 1000,
};

static const struct conf_row options[] = {
	{ .key = "access_token",
	  .kind = CONF_SECRET,
	  .meaning = "Access token that does not end: a personal one. Either "
	             "this or `oauth`." },
	{ .key = "oauth.client_id",
	  .kind = CONF_TEXT,
	  .meaning = "Id of the Square application whose tokens end after 30 "
	             "days and are renewed." },
	{ .key = "oauth.client_secret",
	  .kind = CONF_SECRET,
	  .meaning = "Its secret (code flow); without it, the PKCE flow." },
	{ .key = "oauth.refresh_token",
	  .kind = CONF_SECRET,
	  .meaning =
	          "What the seller's authorisation gave. It is where renewing "
	          "begins; what comes of it is kept in `state_dir`." },
	{ .key = "location",
	  .kind = CONF_TEXT,
	  .flags = CONF_REQUIRED,
	  .meaning = "Id of the Square location this account stands for." },
	{ .key = "api_version",
	  .kind = CONF_TEXT,
	  .fallback = "\"2025-08-20\"",
	  .meaning = "Square API version that is asked for (Square-Version)." },
	{ .key = NULL },
};

struct square *
square_of(void *state)
{
	struct square *s = state;

	assert(s && s->magic == SQUARE_MAGIC);
	return s;
}

/* ---- probe, open, close ---- */

static const struct json_node *
find_location(const struct json_node *rows, const char *id)
{
	for (size_t i = 0; i < json_length(rows); i++)
		if (strcmp(json_text_or(json_at(rows, i), "id", ""), id) == 0)
			return json_at(rows, i);
	return NULL;
}

/* The reason for a wrong location names the right ones, as far as they fit. */
static struct outcome
unknown_location(const struct square *s, const struct json_node *rows)
{
	struct buf known = BUF_INIT;
	struct outcome outcome;
	char words[160];

	for (size_t i = 0; i < json_length(rows); i++)
		buf_addf(&known, "%s%s (%s)", i ? ", " : "",
		         json_text_or(json_at(rows, i), "id", "?"),
		         json_text_or(json_at(rows, i), "name", "?"));
	(void)words_copy(words, sizeof(words),
	                 known.n ? buf_text(&known) : "none");
	outcome = outcome_of(VERDICT_LOCKED,
	                     "location \"%.32s\" is not known; there is: %s",
	                     s->location, words);
	buf_fini(&known);
	return outcome;
}

static struct outcome
judge_locations(struct square *s, const struct json_node *root,
                struct buf *what)
{
	const struct json_node *rows = json_find(root, "locations");
	const struct json_node *mine = find_location(rows, s->location);
	const char *currency = json_text_or(mine, "currency", "");
	const char *merchant;

	if (!mine)
		return unknown_location(s, rows);
	if (strlen(currency) < sizeof(s->currency))
		memcpy(s->currency, currency, strlen(currency) + 1);
	merchant = json_text_or(mine, "business_name",
	                        json_text_or(mine, "merchant_id", "?"));
	buf_addf(what, "merchant \"%s\", location \"%s\" (%s)", merchant,
	         json_text_or(mine, "name", "?"), s->location);
	if (strcmp(json_text_or(mine, "status", "ACTIVE"), "ACTIVE") != 0)
		buf_adds(what, ", which is not active");
	return outcome_done();
}

struct outcome
square_probe(void *state, struct buf *what)
{
	struct square *s = square_of(state);
	struct json *doc = NULL;
	struct outcome outcome = square_call(s, LOCATIONS_PATH, NULL, &doc);

	if (outcome.verdict == VERDICT_DONE)
		outcome = judge_locations(s, json_root(doc), what);
	json_free(doc);
	if (outcome.verdict == VERDICT_DONE && s->oauth) {
		buf_adds(what, ", ");
		oauth_describe(s->oauth, what);
	}
	return outcome;
}

static struct outcome
tend(void *state)
{
	struct square *s = square_of(state);

	return s->oauth ? oauth_tend(s->oauth) : outcome_done();
}

static void
check(const struct conf_section *conf, struct buf *mistakes)
{
	static const char *const needed[] = { "oauth.client_id",
		                              "oauth.refresh_token" };
	bool has_token = conf_has(conf, "access_token");
	bool has_oauth = conf_has(conf, "oauth.client_id") ||
	                 conf_has(conf, "oauth.client_secret") ||
	                 conf_has(conf, "oauth.refresh_token");

	if (has_token && has_oauth)
		buf_adds(mistakes, "oauth: access_token is there too: expected "
		                   "either access_token or oauth\n");
	if (!has_token && !has_oauth)
		buf_adds(mistakes, "access_token: missing: expected either "
		                   "access_token or oauth { client_id, "
		                   "refresh_token }\n");
	for (size_t i = 0; i < 2; i++)
		if (has_oauth && !conf_has(conf, needed[i]))
			buf_addf(mistakes, "%s: missing: oauth needs it\n",
			         needed[i]);
}

static size_t
batch_max(const struct conf_section *conf)
{
	(void)conf;
	return SQUARE_BATCH_MAX;
}

static bool
takes_returns(const struct conf_section *conf)
{
	(void)conf;
	return true;
}

static int64_t
skew_ms(const void *state)
{
	const struct square *s = state;

	return s->clock.skew_ms;
}

static void
close_(void *state)
{
	struct square *s = state;

	if (!s)
		return;
	oauth_close(s->oauth);
	if (s->bearer)
		crypto_wipe(s->bearer, strlen(s->bearer));
	free(s->bearer);
	free(s);
}

static int
open_oauth(struct square *s, const struct adapter_env *env)
{
	static const struct oauth_facts facts = {
		.vendor = "Square",
		.options = "oauth.",
		.form = OAUTH_JSON,
		.whose = "merchant_id",
	};
	const struct http_header header = { "Square-Version", s->version };

	return oauth_open_account(&s->oauth, &facts, env, &header,
	                          text_format("%s" TOKEN_PATH, s->base));
}

static int
open_(void **state, const struct adapter_env *env)
{
	const struct secret *token = conf_secret(env->conf, "access_token");
	struct square *s = calloc(1, sizeof(*s));

	if (!s)
		return err_raise(ERR_NOMEM, "square");
	*state = s;
	s->magic = SQUARE_MAGIC;
	s->base = conf_account_url(env->conf);
	s->location = conf_text(env->conf, "location");
	s->version = conf_text(env->conf, "api_version");
	s->auth = (struct auth){ &square_key, s, env->http, 0 };
	s->mirror = env->mirror;
	if (!token)
		return open_oauth(s, env);
	s->bearer = text_format("Bearer %s", secret_text(token));
	return s->bearer ? 0 : err_raise(ERR_NOMEM, "square");
}

const struct adapter_ops square_adapter = {
	.name = "square",
	.options = options,
	.default_url = "https://connect.squareup.com",
	.count_places = COUNT_PLACES,
	.batch_max = batch_max,
	.sales_window_ms = SALES_WINDOW_MS,
	.skew_ms = skew_ms,
	.check = check,
	.open = open_,
	.close = close_,
	.probe = square_probe,
	.tend = tend,
	.read_counts = square_read_counts,
	.write_counts = square_write_counts,
	.list_sales = square_list_sales,
	.list_returns = square_list_returns,
	.read_sales = square_read_sales,
	.takes_returns = takes_returns,
	.post_entry = square_post_entry,
	.find_entry = square_find_entry,
	.list_items = square_list_items,
	.register_hooks = square_register_hooks,
	.sync = square_sync,
};
