/*
 * Lightspeed Retail X-Series: the stock and sales of one outlet; an item is a
 * product id (a UUID; a variant is a product of its own). This file holds what
 * is asked once: options, bindings, the table.
 */
#include "adapters/adapters.h"
#include "adapters/lightspeed_x.h"

#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/secret.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_PATH "/api/1.0/token"

enum {
	/* A late sale has a new version: it is listed whenever it comes. */
	SALES_WINDOW_MS = 60 * 60 * 1000,
	WINDOW_MS = 5 * 60 * 1000,
	CALLS_A_REGISTER = 300,
	CALLS_BESIDE = 50,
};

static const struct conf_row options[] = {
	{ .key = "access_token",
	  .kind = CONF_SECRET,
	  .meaning = "Personal token, which does not end. Either this or "
	             "`oauth`." },
	{ .key = "oauth.client_id",
	  .kind = CONF_TEXT,
	  .meaning = "Id of the Lightspeed application whose tokens end after "
	             "a day and are renewed." },
	{ .key = "oauth.client_secret",
	  .kind = CONF_SECRET,
	  .meaning = "Its secret." },
	{ .key = "oauth.refresh_token",
	  .kind = CONF_SECRET,
	  .meaning = "What the shop's authorisation gave. It is where renewing "
	             "begins, and is used up by it; what comes of it is kept "
	             "in `state_dir`." },
	{ .key = "outlet",
	  .kind = CONF_TEXT,
	  .flags = CONF_REQUIRED,
	  .meaning = "Id of the outlet this account stands for." },
	{ .key = "register",
	  .kind = CONF_TEXT,
	  .flags = CONF_REQUIRED,
	  .meaning = "Id of the register at which sales that we record are "
	             "paid; it must be open then." },
	{ .key = "user",
	  .kind = CONF_TEXT,
	  .flags = CONF_REQUIRED,
	  .meaning = "Id of the user whose name is on sales that we record." },
	{ .key = "payment_type",
	  .kind = CONF_TEXT,
	  .flags = CONF_REQUIRED,
	  .meaning = "Id of the payment type of sales that we record." },
	{ .key = "tax",
	  .kind = CONF_TEXT,
	  .meaning = "Id of the tax of all lines that we record; absent: the "
	             "one that makes a product's price with tax of the one "
	             "without." },
	{ .key = "reason_more",
	  .kind = CONF_TEXT,
	  .fallback = "\"STOCK_FOUND\"",
	  .meaning = "Reason of a stock adjustment that raises a count: "
	             "STOCK_FOUND, SAMPLE_FOR_SALE or the id of an own reason "
	             "of type POSITIVE." },
	{ .key = "reason_less",
	  .kind = CONF_TEXT,
	  .fallback = "\"INTERNAL_USE\"",
	  .meaning = "Reason of one that lowers it: DAMAGE, EXPIRY, "
	             "INTERNAL_USE, THEFT, DONATION or the id of an own reason "
	             "of type NEGATIVE." },
	{ .key = "registers",
	  .kind = CONF_INT,
	  .fallback = "1",
	  .min = 1,
	  .max = 10000,
	  .unit = "registers",
	  .meaning = "Registers of the whole shop: 300 calls for each, and 50 "
	             "more, are allowed in five minutes." },
	{ .key = "api_version",
	  .kind = CONF_TEXT,
	  .fallback = "\"2026-07\"",
	  .meaning = "Dated version of the API that is used for stock levels, "
	             "adjustments, recorded sales and webhooks." },
	{ .key = NULL },
};

struct lightspeed_x *
lightspeed_x_of(void *state)
{
	struct lightspeed_x *x = state;

	assert(x && x->magic == LIGHTSPEED_X_MAGIC);
	return x;
}

/* ---- ids ---- */

bool
lightspeed_x_read_id(char out[LIGHTSPEED_X_ID_SIZE], const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	for (size_t i = 0; i < sizeof(form) - 1; i++) {
		char c = text[i];

		if (c >= 'A' && c <= 'F')
			c = (char)(c - 'A' + 'a');
		if (form[i] == '-' ? c != '-'
		                   : !(c >= '0' && c <= '9') &&
		                             !(c >= 'a' && c <= 'f'))
			return false;
		if (out)
			out[i] = c;
	}
	if (out)
		out[sizeof(form) - 1] = '\0';
	return text[sizeof(form) - 1] == '\0';
}

/* Calls name a product by the same id. */
static int
resolve(void *state, struct buf *external, const char *written,
        void (*add_ref)(void *ctx, const char *ref), void *ctx)
{
	char id[LIGHTSPEED_X_ID_SIZE];

	(void)state;
	if (!lightspeed_x_read_id(id, written)) {
		buf_addf(external,
		         "\"%.80s\" is no id of a product of Lightspeed, such "
		         "as 0af7b240-ab83-11e7-eddc-9d5cb2c10d0d",
		         written);
		return buf_check(external) ? ERR_NOMEM : ADAPTER_UNRESOLVED;
	}
	buf_adds(external, id);
	add_ref(ctx, id);
	return buf_check(external);
}

/* ---- cross-checks ---- */

static void
check_token(const struct conf_section *conf, struct buf *mistakes)
{
	static const char *const needed[] = { "oauth.client_id",
		                              "oauth.client_secret",
		                              "oauth.refresh_token" };
	bool has_token = conf_has(conf, "access_token");
	bool has_oauth = false;

	for (size_t i = 0; i < 3; i++)
		has_oauth |= conf_has(conf, needed[i]);
	if (has_token && has_oauth)
		buf_adds(mistakes, "oauth: access_token is there too: expected "
		                   "either access_token or oauth\n");
	if (!has_token && !has_oauth)
		buf_adds(mistakes, "access_token: missing: expected either "
		                   "access_token or oauth { client_id, "
		                   "client_secret, refresh_token }\n");
	for (size_t i = 0; i < 3; i++)
		if (has_oauth && !conf_has(conf, needed[i]))
			buf_addf(mistakes, "%s: missing: oauth needs it\n",
			         needed[i]);
}

static void
check_reason(const struct conf_section *conf, const char *key,
             const char *const *names, struct buf *mistakes)
{
	const char *reason = conf_text(conf, key);

	if (lightspeed_x_read_id(NULL, reason))
		return;
	for (size_t i = 0; names[i]; i++)
		if (strcmp(names[i], reason) == 0)
			return;
	buf_addf(mistakes, "%s: \"%.40s\": expected the id of a reason, or ",
	         key, reason);
	for (size_t i = 0; names[i]; i++)
		buf_addf(mistakes, "%s%s", i ? ", " : "", names[i]);
	buf_adds(mistakes, "\n");
}

/* It becomes a part of addresses. */
static bool
is_version(const char *text)
{
	static const char form[] = "dddd-dd";

	for (size_t i = 0; i < sizeof(form); i++)
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9'
		                   : text[i] != form[i])
			return false;
	return true;
}

static void
check(const struct conf_section *conf, struct buf *mistakes)
{
	static const char *const ids[] = { "outlet", "register", "user",
		                           "payment_type", "tax" };
	static const char *const more[] = { "STOCK_FOUND", "SAMPLE_FOR_SALE",
		                            NULL };
	static const char *const less[] = { "DAMAGE",       "EXPIRY",
		                            "INTERNAL_USE", "THEFT",
		                            "DONATION",     NULL };

	check_token(conf, mistakes);
	for (size_t i = 0; i < 5; i++)
		if (conf_has(conf, ids[i]) &&
		    !lightspeed_x_read_id(NULL, conf_text(conf, ids[i])))
			buf_addf(mistakes,
			         "%s: \"%.40s\": expected an id of Lightspeed, "
			         "which is a UUID\n",
			         ids[i], conf_text(conf, ids[i]));
	check_reason(conf, "reason_more", more, mistakes);
	check_reason(conf, "reason_less", less, mistakes);
	if (!is_version(conf_text(conf, "api_version")))
		buf_addf(mistakes,
		         "api_version: \"%.40s\": expected a dated version, "
		         "such as 2026-07\n",
		         conf_text(conf, "api_version"));
}

/* ---- the rest of the table ---- */

static size_t
batch_max(const struct conf_section *conf)
{
	(void)conf;
	return LIGHTSPEED_X_BATCH_MAX;
}

static bool
takes_returns(const struct conf_section *conf)
{
	(void)conf;
	return true;
}

/* So many calls in any five minutes: at most four sevenths of them at once. */
static void
limits(struct limits *out, const struct conf_section *conf)
{
	int64_t calls =
		CALLS_A_REGISTER * conf_int(conf, "registers") + CALLS_BESIDE;

	out->buckets[0] = (struct limit_bucket){
		.name = "5 minutes",
		.size = calls * 4 / 7,
		.drip = calls - calls * 4 / 7,
		.per_ms = WINDOW_MS,
		.is_window = true,
		.left_header = "X-RateLimit-Remaining",
		.limit_header = "X-RateLimit-Limit",
	};
}

static int64_t
skew_ms(const void *state)
{
	const struct lightspeed_x *x = state;

	return x->clock.skew_ms;
}

static struct outcome
tend(void *state)
{
	struct lightspeed_x *x = lightspeed_x_of(state);

	return x->oauth ? oauth_tend(x->oauth) : outcome_done();
}

static void
close_(void *state)
{
	struct lightspeed_x *x = state;

	if (!x)
		return;
	lightspeed_x_forget_taxes(x);
	oauth_close(x->oauth);
	if (x->bearer)
		crypto_wipe(x->bearer, strlen(x->bearer));
	free(x->bearer);
	free(x);
}

static int
open_oauth(struct lightspeed_x *x, const struct adapter_env *env)
{
	static const struct oauth_facts facts = {
		.vendor = "Lightspeed",
		.options = "oauth.",
		.form = OAUTH_URL_ENCODED,
		.whose = "domain_prefix",
	};

	return oauth_open_account(&x->oauth, &facts, env, NULL,
	                          text_format("%s" TOKEN_PATH, x->base));
}

/* The configuration was checked: they are ids. */
static void
read_ids(struct lightspeed_x *x, const struct conf_section *conf)
{
	(void)lightspeed_x_read_id(x->outlet, conf_text(conf, "outlet"));
	(void)lightspeed_x_read_id(x->at_register, conf_text(conf, "register"));
	(void)lightspeed_x_read_id(x->user, conf_text(conf, "user"));
	(void)lightspeed_x_read_id(x->payment_type,
	                           conf_text(conf, "payment_type"));
}

static int
open_(void **state, const struct adapter_env *env)
{
	const struct secret *token = conf_secret(env->conf, "access_token");
	struct lightspeed_x *x = calloc(1, sizeof(*x));

	if (!x)
		return err_raise(ERR_NOMEM, "lightspeed_x");
	*state = x;
	x->magic = LIGHTSPEED_X_MAGIC;
	x->conf = env->conf;
	x->base = conf_account_url(env->conf);
	x->dated = conf_text(env->conf, "api_version");
	x->auth = (struct auth){ &lightspeed_x_key, x, env->http, 0 };
	x->mirror = env->mirror;
	read_ids(x, env->conf);
	if (!token)
		return open_oauth(x, env);
	x->bearer = text_format("Bearer %s", secret_text(token));
	return x->bearer ? 0 : err_raise(ERR_NOMEM, "lightspeed_x");
}

const struct adapter_ops lightspeed_x_adapter = {
	.name = "lightspeed_x",
	.options = options,
	.count_places = LIGHTSPEED_X_PLACES,
	.batch_max = batch_max,
	.limits = limits,
	.sales_window_ms = SALES_WINDOW_MS,
	.skew_ms = skew_ms,
	.check = check,
	.open = open_,
	.close = close_,
	.probe = lightspeed_x_probe,
	.tend = tend,
	.resolve = resolve,
	.read_counts = lightspeed_x_read_counts,
	.write_counts = lightspeed_x_write_counts,
	.list_sales = lightspeed_x_list_sales,
	.read_sales = lightspeed_x_read_sales,
	.takes_returns = takes_returns,
	.post_entry = lightspeed_x_post_entry,
	.find_entry = lightspeed_x_find_entry,
	.list_items = lightspeed_x_list_items,
	.register_hooks = lightspeed_x_register_hooks,
	.sync = lightspeed_x_sync,
};
