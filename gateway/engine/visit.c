/*
 * A command's own way to an account's system.
 *
 * Not a worker: it holds no lease, keeps no pace and repeats nothing but what
 * a key in renewal refused.
 */
#include "gateway/engine/visit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/http_client.h"
#include "gateway/drivers/store_mirror.h"
#include "gateway/drivers/store_vault.h"
#include "gateway/engine/meter.h"

enum { TRIES_MAX = 10, TRY_WAIT_MS = 500 };

struct visit {
	const struct adapter_ops *ops;
	struct http_client *http;
	struct meter *meter; /* NULL: nothing is limited */
	struct store_mirror *mirror;
	struct store_vault *vault;
	void *state; /* the adapter's */
	int n_tries;
};

static int
open_meter(struct visit *v, const struct visit_options *options)
{
	struct meter_options meter = {
		.account = conf_account_name(options->account),
		.store = station_options(options->station),
		.zone = conf_text(options->conf->top, "schedule.timezone"),
	};
	int r;

	if (!v->ops->limits)
		return 0;
	v->ops->limits(&meter.limits, options->account);
	r = meter_new(&v->meter, &meter);
	if (!r)
		http_client_set_gate(v->http, meter_gate(v->meter));
	return r;
}

static int
open_parts(struct visit *v, const struct visit_options *options)
{
	const char *url = conf_account_url(options->account);
	const struct http_client_options http = {
		.timeout_ms = conf_int(options->account, "timeout_ms"),
		.may_http = url && !strncmp(url, "http://", 7),
		.user_agent = options->user_agent,
	};
	struct adapter_env env = { .conf = options->account };
	struct store *store = station_store(options->station);
	int r = http_client_new(&v->http, &http);

	if (!r)
		r = open_meter(v, options);
	if (!r)
		r = store_mirror_new(&v->mirror, store,
		                     conf_account_name(options->account));
	if (!r)
		r = store_vault_new(&v->vault, store,
		                    station_dir(options->station));
	if (r)
		return r;
	env.http = v->http;
	env.mirror = store_mirror_port(v->mirror);
	env.vault = store_vault_port(v->vault);
	return v->ops->open(&v->state, &env);
}

int
visit_open(struct visit **out, const struct visit_options *options)
{
	struct visit *v = calloc(1, sizeof(*v));
	int r;

	if (!v)
		return err_raise(ERR_NOMEM, "why=%s", "visit");
	v->ops = options->ops;
	r = open_parts(v, options);
	if (r) {
		visit_close(v);
		return err_pass(r);
	}
	*out = v;
	return 0;
}

void
visit_close(struct visit *v)
{
	if (!v)
		return;
	v->ops->close(v->state);
	store_vault_free(v->vault);
	store_mirror_free(v->mirror);
	http_client_free(v->http);
	meter_free(v->meter);
	free(v);
}

void *
visit_state(const struct visit *v)
{
	return v->state;
}

bool
visit_again(struct visit *v, struct outcome *outcome)
{
	struct meter_refusal refusal;

	if (outcome->verdict != VERDICT_SLOW)
		return false;
	if (meter_take_refusal(v->meter, &refusal)) {
		(void)snprintf(outcome->why, sizeof(outcome->why), "%s",
		               refusal.why);
		return false;
	}
	if (outcome->wait_ms < 1 || outcome->wait_ms > TRY_WAIT_MS ||
	    v->n_tries == TRIES_MAX)
		return false;
	v->n_tries++;
	clock_sleep_ms(TRY_WAIT_MS);
	return true;
}
