/*
 * Lightspeed Retail R-Series: the stock and the sales of one shop of one
 * account; an item is an itemID. This file holds what is asked once: options,
 * bindings, the table.
 *
 * Nobody calls us from there: everything is polled, on the schedule. Tokens end
 * within the hour, and each renewal brings a new refresh token; the old one ends
 * when the new access token is first used, so a pair that was lost on its way to
 * the disk costs nothing (ports/oauth).
 */
#include "adapters/adapters.h"
#include "adapters/lightspeed_r.h"

#include "gateway/base/err.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define API_URL   "https://api.lightspeedapp.com"
#define TOKEN_URL "https://cloud.lightspeedapp.com"

#define ID_MAX INT64_C(1000000000000000)

enum {
	SALES_WINDOW_MS = 24 * 60 * 60 * 1000,
	DIGITS_MAX = 15, /* of an itemID */
	BUCKET_SIZE = 90,
	BURST_CALLS = 20, /* within a second */
};

static const struct conf_row options[] = {
	{ .key = "account",
	  .kind = CONF_INT,
	  .flags = CONF_REQUIRED,
	  .min = 1,
	  .max = ID_MAX,
	  .meaning = "Id of the Lightspeed account (accountID)." },
	{ .key = "client_id",
	  .kind = CONF_TEXT,
	  .flags = CONF_REQUIRED,
	  .meaning = "Id of the API client that the account authorised." },
	{ .key = "client_secret",
	  .kind = CONF_SECRET,
	  .flags = CONF_REQUIRED,
	  .meaning = "That client's secret." },
	{ .key = "refresh_token",
	  .kind = CONF_SECRET,
	  .flags = CONF_REQUIRED,
	  .meaning = "What the authorisation gave, with the scopes "
	             "employee:inventory and employee:register. It is where "
	             "renewing begins; what comes of it is kept in "
	             "`state_dir`." },
	{ .key = "shop",
	  .kind = CONF_INT,
	  .flags = CONF_REQUIRED,
	  .min = 1,
	  .max = ID_MAX,
	  .meaning = "Id of the shop this account stands for (shopID)." },
	{ .key = "register",
	  .kind = CONF_INT,
	  .flags = CONF_REQUIRED,
	  .min = 1,
	  .max = ID_MAX,
	  .meaning = "Id of the register of sales that we record." },
	{ .key = "employee",
	  .kind = CONF_INT,
	  .flags = CONF_REQUIRED,
	  .min = 1,
	  .max = ID_MAX,
	  .meaning = "Id of the employee in sales that we record." },
	{ .key = "payment_type",
	  .kind = CONF_INT,
	  .flags = CONF_REQUIRED,
	  .min = 1,
	  .max = ID_MAX,
	  .meaning = "Id of the payment type of sales that we record; it must "
	             "need no customer." },
	{ .key = NULL },
};

struct lightspeed_r *
lightspeed_r_of(void *state)
{
	struct lightspeed_r *l = state;

	assert(l && l->magic == LIGHTSPEED_R_MAGIC);
	return l;
}

/* ---- bindings ---- */

static int
resolve(void *state, struct buf *external, const char *written,
        void (*add_ref)(void *ctx, const char *ref), void *ctx)
{
	size_t n = strspn(written, "0123456789");

	(void)state;
	if (n == 0 || n > DIGITS_MAX || written[n] || written[0] == '0') {
		buf_addf(external,
		         "\"%.80s\" is no itemID of Lightspeed, such as 27",
		         written);
		return buf_check(external) ? ERR_NOMEM : ADAPTER_UNRESOLVED;
	}
	buf_adds(external, written);
	add_ref(ctx, written);
	return buf_check(external);
}

/* ---- the rest of the table ---- */

static size_t
batch_max(const struct conf_section *conf)
{
	(void)conf;
	return LIGHTSPEED_R_BATCH_MAX;
}

/* What it begins with; from the first answer on its headers tell. */
static void
limits(struct limits *out, const struct conf_section *conf)
{
	(void)conf;
	out->buckets[0] = (struct limit_bucket){
		.name = "the account's bucket",
		.size = BUCKET_SIZE,
		.drip = 1,
		.per_ms = 1000,
		.level_header = "X-LS-API-Bucket-Level",
		.drip_header = "X-LS-API-Drip-Rate",
	};
	out->buckets[1] = (struct limit_bucket){
		.name = "a second",
		.size = BURST_CALLS / 2,
		.drip = BURST_CALLS / 2,
		.per_ms = 1000,
		.is_window = true,
		.level_header = "X-LS-API-Burst-Level",
	};
}

static int64_t
skew_ms(const void *state)
{
	const struct lightspeed_r *l = state;

	return l->clock.skew_ms;
}

static struct outcome
tend(void *state)
{
	return oauth_tend(lightspeed_r_of(state)->oauth);
}

static void
close_(void *state)
{
	struct lightspeed_r *l = state;

	if (!l)
		return;
	oauth_close(l->oauth);
	free(l->accounts_url);
	free(l->root);
	free(l);
}

/* The vendor's tokens come from a host of their own; whatever stands in for it
   (a simulator, a proxy) is one. */
static int
open_oauth(struct lightspeed_r *l, const struct adapter_env *env,
           const char *base)
{
	static const struct oauth_facts facts = {
		.vendor = "Lightspeed",
		.options = "",
		.form = OAUTH_JSON,
	};
	const char *host = strcmp(base, API_URL) == 0 ? TOKEN_URL : base;

	return oauth_open_account(&l->oauth, &facts, env, NULL,
	                          text_format("%s/auth/oauth/token", host));
}

static int
open_(void **state, const struct adapter_env *env)
{
	const char *base = conf_account_url(env->conf);
	struct lightspeed_r *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return err_raise(ERR_NOMEM, "lightspeed_r");
	*state = l;
	l->magic = LIGHTSPEED_R_MAGIC;
	l->mirror = env->mirror;
	l->account = conf_int(env->conf, "account");
	l->shop = conf_int(env->conf, "shop");
	l->till = conf_int(env->conf, "register");
	l->employee = conf_int(env->conf, "employee");
	l->payment_type = conf_int(env->conf, "payment_type");
	l->root = text_format("%s/API/V3/Account/%lld", base,
	                      (long long)l->account);
	l->accounts_url = text_format("%s/API/V3/Account.json", base);
	if (!l->root || !l->accounts_url)
		return err_raise(ERR_NOMEM, "lightspeed_r");
	r = open_oauth(l, env, base);
	l->auth = (struct auth){ &oauth_ops, l->oauth, env->http, 0 };
	return r;
}

const struct adapter_ops lightspeed_r_adapter = {
	.name = "lightspeed_r",
	.options = options,
	.default_url = API_URL,
	.batch_max = batch_max,
	.limits = limits,
	.sales_window_ms = SALES_WINDOW_MS,
	.open = open_,
	.close = close_,
	.probe = lightspeed_r_probe,
	.tend = tend,
	.resolve = resolve,
	.read_counts = lightspeed_r_read_counts,
	.write_counts = lightspeed_r_write_counts,
	.skew_ms = skew_ms,
	.list_sales = lightspeed_r_list_sales,
	.read_sales = lightspeed_r_read_sales,
	.post_entry = lightspeed_r_post_entry,
	.find_entry = lightspeed_r_find_entry,
	.list_items = lightspeed_r_list_items,
	.sync = lightspeed_r_sync,
};
