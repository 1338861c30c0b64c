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

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LOCATIONS_PATH "/v2/locations"

enum {
	COUNT_PLACES = 5,
	SALES_WINDOW_MS = 72 * 60 * 60 * 1000,
};

static const struct conf_row options[] = {
	{ .key = "access_token",
	  .kind = CONF_SECRET,
	  .flags = CONF_REQUIRED,
	  .meaning = "Access token of the Square application." },
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
	square_copy_words(words, sizeof(words),
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
	return outcome;
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

	return s->skew_ms;
}

static void
close_(void *state)
{
	struct square *s = state;

	if (!s)
		return;
	if (s->bearer)
		crypto_wipe(s->bearer, strlen(s->bearer));
	free(s->bearer);
	free(s);
}

static int
open_(void **state, const struct adapter_env *env)
{
	struct square *s = calloc(1, sizeof(*s));

	if (!s)
		return err_raise(ERR_NOMEM, "square");
	*state = s;
	s->magic = SQUARE_MAGIC;
	s->base = conf_account_url(env->conf);
	s->location = conf_text(env->conf, "location");
	s->version = conf_text(env->conf, "api_version");
	s->bearer = text_format(
		"Bearer %s",
		secret_text(conf_secret(env->conf, "access_token")));
	s->http = env->http;
	s->mirror = env->mirror;
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
	.open = open_,
	.close = close_,
	.probe = square_probe,
	.read_counts = square_read_counts,
	.write_counts = square_write_counts,
	.list_sales = square_list_sales,
	.list_returns = square_list_returns,
	.read_sales = square_read_sales,
	.takes_returns = takes_returns,
	.post_entry = square_post_entry,
	.find_entry = square_find_entry,
	.sync = square_sync,
};
