/*
 * Hiboutik, webhooks: have it call us.
 *
 * Does    GET /webhooks, then POST /webhooks for each event that the handler
 *         understands and none of ours is there for; asynchronous, so that no
 *         cashier waits for us. One for our address with another token is the
 *         token of yesterday: it is taken away once the new one is there.
 * Token   The parameter k of the address, `hook.token`: so an address is not
 *         shown with what is behind its `?`.
 * Not     The one address for sales in the account's settings, which no call
 *         shows: with both, a sale is announced twice and looked at twice.
 * Source  as hiboutik.h; the list and the removal are known of one community
 *         client only.
 */
#include "adapters/hiboutik.h"

#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What handlers/hooks/hiboutik.c understands. */
static const char *const actions[] = { "sale", "product", "stock_order" };

enum { N_ACTIONS = sizeof(actions) / sizeof(*actions), STALE_MAX = 16 };

struct stale {
	int64_t id;
	char action[24];
};

struct look {
	const char *url; /* with the token */
	size_t n_base;   /* of it, without */
	bool is_there[N_ACTIONS];
	struct stale stale[STALE_MAX]; /* ours, of another token */
	size_t n_stale;
};

/* The address with its token. Returns 0, HIBOUTIK_MALFORMED: there is none. */
static int
add_url(struct buf *out, const struct hiboutik *h, const char *url)
{
	const struct secret *tokens[2];
	bool has_token = conf_knows(h->conf, "hook.token") &&
	                 conf_has(h->conf, "hook.token");
	bool has_mac = conf_knows(h->conf, "hook.hmac_secret") &&
	               conf_has(h->conf, "hook.hmac_secret");

	buf_adds(out, url);
	if (has_token && conf_secrets(h->conf, "hook.token", tokens) > 0) {
		buf_addf(out, "%ck=", strchr(url, '?') ? '&' : '?');
		buf_add_url(out, secret_text(tokens[0]));
		return 0;
	}
	return has_mac ? 0 : HIBOUTIK_MALFORMED;
}

static bool
is_ours(const struct look *look, const char *url)
{
	return strncmp(url, look->url, look->n_base) == 0 &&
	       strchr("?&", url[look->n_base]) != NULL;
}

static int
take_hook(void *ctx, const struct json_node *row)
{
	struct look *look = ctx;
	const char *url = json_text_or(row, "webhook_url", "");
	const char *action = json_text_or(row, "webhook_action", "");
	struct stale stale = { .id = 0 };

	if (!is_ours(look, url))
		return 0;
	if (hiboutik_get_int(&stale.id, row, "webhook_id"))
		return HIBOUTIK_MALFORMED;
	for (size_t i = 0; i < N_ACTIONS; i++) {
		if (strcmp(actions[i], action) != 0)
			continue;
		(void)snprintf(stale.action, sizeof(stale.action), "%s",
		               action);
		if (strcmp(url, look->url) == 0)
			look->is_there[i] = true;
		else if (look->n_stale < STALE_MAX)
			look->stale[look->n_stale++] = stale;
	}
	return 0;
}

/* An account whose API has no such list cannot be told without doubles. */
static struct outcome
look_through(struct hiboutik *h, struct look *look)
{
	struct hiboutik_listing listing = { .path = "webhooks",
		                            .take = take_hook,
		                            .ctx = look };
	struct outcome outcome = hiboutik_list(h, &listing);

	if (outcome.verdict != VERDICT_ABSENT)
		return outcome;
	return outcome_of(VERDICT_REFUSED,
	                  "the API of this account does not list webhooks; set "
	                  "them up in Hiboutik's settings, with the token as "
	                  "parameter k (%.80s)",
	                  outcome.why);
}

static struct outcome
make_one(struct hiboutik *h, const struct look *look, const char *action)
{
	struct buf body = BUF_INIT;
	struct json_out o = { .to = &body };
	struct outcome outcome;

	json_out_object(&o, NULL);
	json_out_text(&o, "webhook_label", "Tillbridge");
	json_out_text(&o, "webhook_url", look->url);
	json_out_text(&o, "webhook_action", action);
	json_out_int(&o, "webhook_async", 1);
	json_out_int(&o, "store_id", h->store);
	json_out_end_object(&o);
	outcome = hiboutik_change(h, "POST", "webhooks", &body, NULL);
	if (body.p)
		crypto_wipe(body.p, body.cap);
	buf_fini(&body);
	return outcome;
}

static struct outcome
remove_one(struct hiboutik *h, int64_t id)
{
	char *path = text_format("webhooks/%lld", (long long)id);
	struct outcome outcome =
		path ? hiboutik_change(h, "DELETE", path, NULL, NULL)
		     : outcome_fault(ERR_NOMEM);

	free(path);
	return outcome.verdict == VERDICT_ABSENT ? outcome_done() : outcome;
}

/* New ones first: there is no moment without. */
static struct outcome
do_all(struct hiboutik *h, const struct hook_job *job, const struct look *look)
{
	struct outcome outcome = outcome_done();

	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < N_ACTIONS;
	     i++) {
		if (look->is_there[i])
			continue;
		buf_addf(job->what, "make a webhook for %s, asynchronous\n",
		         actions[i]);
		if (!job->is_dry)
			outcome = make_one(h, look, actions[i]);
	}
	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < look->n_stale;
	     i++) {
		buf_addf(job->what,
		         "remove webhook %lld for %s, which has another "
		         "token\n",
		         (long long)look->stale[i].id, look->stale[i].action);
		if (!job->is_dry)
			outcome = remove_one(h, look->stale[i].id);
	}
	/* What was done is seen the next time: nothing is done twice. */
	if (outcome.verdict == VERDICT_UNCERTAIN)
		outcome.verdict = VERDICT_RETRY;
	return outcome;
}

struct outcome
hiboutik_register_hooks(void *state, const struct hook_job *job)
{
	struct hiboutik *h = hiboutik_of(state);
	struct buf url = BUF_INIT;
	struct look look = { .n_base = strlen(job->url) };
	struct outcome outcome;

	if (add_url(&url, h, job->url)) {
		outcome = outcome_of(VERDICT_REFUSED,
		                     "`hook.token` has no secret yet: it is "
		                     "yours to choose, long and random");
	} else if (buf_check(&url)) {
		outcome = outcome_fault(ERR_NOMEM);
	} else {
		look.url = buf_text(&url);
		outcome = look_through(h, &look);
		if (outcome.verdict == VERDICT_DONE)
			outcome = do_all(h, job, &look);
	}
	if (url.p)
		crypto_wipe(url.p, url.cap);
	buf_fini(&url);
	return outcome;
}
