/*
 * One account's worker: its lease, its thread and its parts. What it does in a
 * turn is worker_turn.c.
 *
 * It sleeps in Redis until somebody marks the account, a mark is due, or the
 * pace allows the next attempt. Nothing here gives up: without Redis it tries
 * again, with a capped wait (platform.md N2).
 */
#include "gateway/engine/worker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_lease.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_timeline.h"
#include "gateway/engine/saved.h"
#include "gateway/model/metrics.h"

enum {
	LEASE_MS = 15000,
	LEASE_MARGIN_MS = 1000, /* clocks of two machines run differently */
	TEND_EVERY_MS = 3600000,
	PROBE_EVERY_MS = 24 * TEND_EVERY_MS,
	PULSE_MAX_MS = 120000, /* the longest call plus its time-outs */
	STORE_WAIT_MS = 300,   /* Redis is away */
	KEEP_EVERY_MS = 1000,  /* a call in hand looks at the lease */
};

/* ---- what all workers share ---- */

const struct adapter_ops *
engine_adapter(const struct engine *engine, const char *type)
{
	for (size_t i = 0; engine->adapters[i]; i++)
		if (!strcmp(engine->adapters[i]->name, type))
			return engine->adapters[i];
	return NULL;
}

const char *
engine_authority(const struct engine *engine, const char *of_item)
{
	return of_item && *of_item
	               ? of_item
	               : conf_text(engine->conf->top, "stock.authority");
}

struct decimal
engine_reserve(const struct engine *engine, const struct conf_section *account,
               struct decimal of_item, bool has_of_item)
{
	if (has_of_item)
		return of_item;
	if (conf_has(account, "reserve"))
		return conf_decimal(account, "reserve");
	return conf_decimal(engine->conf->top, "stock.reserve");
}

/* ---- the lease ---- */

static bool
is_stopping(const struct worker *w)
{
	return atomic_load(w->engine->is_stopping);
}

/*
 * Hold the lease, renewing it well before it ends. Returns 0, LEASE_TAKEN,
 * ERR_STORE; the token is in *token.
 */
static int
renew(struct worker *w, int64_t *token)
{
	int64_t now = clock_mono_ms();
	int r;

	*token = w->token;
	if (w->token && now - w->held_mono_ms < LEASE_MS / 3)
		return 0;
	r = store_lease_hold(w->store, token, w->lease, w->engine->owner,
	                     LEASE_MS);
	/* Another token: it was another's in between, and is not ours to use
	   before the take-over. */
	if (!r && (!w->token || *token == w->token))
		w->held_mono_ms = now;
	return r;
}

bool
worker_takes(struct worker *w)
{
	int64_t token = 0;

	return !store_lease_hold(w->store, &token, w->lease, w->engine->owner,
	                         LEASE_MS);
}

bool
worker_keep(struct worker *w)
{
	int64_t token = 0;

	pulse_beat(w->pulse);
	return !is_stopping(w) && !worker_is_paused(w) && !renew(w, &token) &&
	       token == w->token;
}

bool
worker_holds(const struct worker *w)
{
	return clock_mono_ms() - w->held_mono_ms < LEASE_MS - LEASE_MARGIN_MS;
}

/* ---- the thread ---- */

struct worker_thread {
	pthread_t thread;
	struct worker w;
};

/* Between two turns: timelines are written when there is time for it. */
static void
settle_timelines(struct worker *w, int64_t *wait_ms)
{
	int64_t due_ms = store_timeline_settle(w->store);

	if (due_ms && due_ms < *wait_ms)
		*wait_ms = due_ms;
}

int64_t
worker_their_ms(const struct worker *w, int64_t our_ms)
{
	return our_ms + (w->ops->skew_ms ? w->ops->skew_ms(w->state) : 0);
}

/* Say what is there, for the status page; a failure shows by itself. */
static void
introduce(struct worker *w)
{
	struct buf found = BUF_INIT;
	struct outcome outcome = w->ops->probe(w->state, &found);
	const struct health_fact fact = { "found", buf_text(&found) };

	if (worker_judge(w, "probe", &outcome)) {
		if (!w->is_introduced)
			log_info("account.found", "account=%s found=%s",
			         w->account, log_quote(fact.value));
		(void)store_health_set(w->store, w->account, &fact, 1);
		(void)saved_end_doubt(w); /* else at the next start */
	}
	buf_fini(&found);
	w->is_introduced = true;
	w->probed_mono_ms = clock_mono_ms();
}

/* At the first hold of the lease: what the last holder left behind. */
static int
take_over(struct worker *w)
{
	int64_t full_ms = 0;
	int r;

	meter_forget(w->meter);
	if (!w->is_introduced)
		introduce(w);
	r = post_recover(w);
	if (!r)
		r = store_cursor_get(w->store, &full_ms, w->account, "full");
	/* Never synced: everything. After any restart: one catch-up. */
	if (!r)
		r = store_marks_add_one(w->store, w->account,
		                        full_ms ? MARK_CATCH_UP : MARK_FULL,
		                        MARK_SYNC);
	return r ? r
	         : store_marks_add_one(w->store, w->account, MARK_RESOLVE,
	                               MARK_BINDING);
}

/* Hold the lease; false: not now. */
static bool
hold(struct worker *w)
{
	int64_t now = clock_mono_ms();
	int64_t token = 0;
	int r = renew(w, &token);

	if (r) {
		w->token = 0;
		clock_sleep_ms(STORE_WAIT_MS);
		return false;
	}
	if (token == w->token)
		return true;
	w->token = token;
	w->held_mono_ms = now;
	r = take_over(w);
	if (r)
		w->token = 0;
	return r == 0;
}

/* Keys that would die unused, however idle the account is. */
static void
tend(struct worker *w)
{
	int64_t now = clock_mono_ms();
	struct outcome outcome;

	if (!w->ops->tend || now < w->tend_mono_ms || !worker_may_call(w))
		return;
	w->tend_mono_ms = now + TEND_EVERY_MS;
	outcome = w->ops->tend(w->state);
	/* Perhaps nothing was asked: no proof that the system is well. */
	if (outcome.verdict != VERDICT_DONE)
		(void)worker_judge(w, "renew the key", &outcome);
	else if (outcome.why[0])
		log_warn("account.remark", "account=%s doing=%s why=%s",
		         w->account, log_quote("renew the key"),
		         log_quote(outcome.why));
	/* What was found says when the key ends. */
	if (now - w->probed_mono_ms >= PROBE_EVERY_MS && worker_may_call(w))
		introduce(w);
}

static void
note_paused(struct worker *w)
{
	(void)worker_say_paused(w);
	while (!is_stopping(w)) {
		pulse_beat(w->pulse);
		clock_sleep_ms(STORE_WAIT_MS);
	}
}

static void
loop(struct worker *w)
{
	while (!is_stopping(w)) {
		int64_t wait_ms = 0;
		int r;

		pulse_beat(w->pulse);
		if (worker_rests(w) || !hold(w))
			continue;
		r = worker_turn(w, &wait_ms);
		if (!r)
			settle_timelines(w, &wait_ms);
		if (!r)
			tend(w);
		if (!r && wait_ms && !is_stopping(w))
			r = store_marks_wait(w->store, w->account, wait_ms);
		if (r == MARKS_WOKEN) {
			pace_hint(&w->pace, clock_mono_ms());
		} else if (r) {
			/* A reply may be lost: take over from ourselves, so
			   that an entry left in posting is found. */
			w->token = 0;
			clock_sleep_ms(STORE_WAIT_MS);
		}
	}
	(void)store_lease_release(w->store, w->lease, w->engine->owner);
}

static void *
run(void *arg)
{
	struct worker_thread *t = arg;

	t->w.pulse = pulse_register(t->w.lease, PULSE_MAX_MS);
	if (conf_bool(t->w.conf, "paused"))
		note_paused(&t->w);
	else
		loop(&t->w);
	pulse_retire(t->w.pulse);
	return NULL;
}

/* ---- making and ending one ---- */

/* While a call lasts: however slow the system is, the lease stays ours, and
   nobody takes us for dead. The call itself is cut by worker_abort only. */
static int
keep_during_call(void *ctx)
{
	struct worker *w = ctx;
	int64_t now = clock_mono_ms();

	pulse_beat(w->pulse);
	if (w->token && now - w->kept_mono_ms >= KEEP_EVERY_MS) {
		w->kept_mono_ms = now;
		(void)worker_keep(w);
	}
	return 0;
}

static int
open_meter(struct worker *w)
{
	struct meter_options options = {
		.account = w->account,
		.store = w->engine->store,
		.zone = conf_text(w->engine->conf->top, "schedule.timezone"),
	};
	int r;

	if (!w->ops->limits)
		return 0;
	w->ops->limits(&options.limits, w->conf);
	r = meter_new(&w->meter, &options);
	if (!r)
		http_client_set_gate(w->http, meter_gate(w->meter));
	return r;
}

static int
open_parts(struct worker *w)
{
	const char *agent = w->engine->version;
	const char *url = conf_account_url(w->conf);
	char user_agent[64];
	const struct http_client_options options = {
		.timeout_ms = conf_int(w->conf, "timeout_ms"),
		.may_http = url && !strncmp(url, "http://", 7),
		.user_agent = user_agent,
		.idle = keep_during_call,
		.idle_ctx = w,
	};
	struct adapter_env env = { .conf = w->conf };
	int r;

	(void)snprintf(user_agent, sizeof(user_agent), "tillbridge/%s", agent);
	r = store_new(&w->store, w->engine->store);
	if (!r)
		r = http_client_new(&w->http, &options);
	if (!r)
		r = open_meter(w);
	if (!r)
		r = store_mirror_new(&w->mirror, w->store, w->account);
	if (!r)
		r = store_vault_new(&w->vault, w->store, w->engine->state_dir);
	if (r)
		return r;
	env.http = w->http;
	env.mirror = store_mirror_port(w->mirror);
	env.vault = store_vault_port(w->vault);
	return w->ops->open(&w->state, &env);
}

static void
close_parts(struct worker *w)
{
	free(w->unsaved_id);
	free(w->unfound_id);
	w->ops->close(w->state);
	store_vault_free(w->vault);
	store_mirror_free(w->mirror);
	http_client_free(w->http);
	meter_free(w->meter);
	store_free(w->store);
}

int
worker_start(struct worker_thread **out, const struct engine *engine,
             const struct conf_section *account)
{
	struct worker_thread *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return err_raise(ERR_NOMEM, "why=%s", "worker");
	t->w = (struct worker){
		.engine = engine,
		.conf = account,
		.account = conf_account_name(account),
		.ops = engine_adapter(engine, conf_account_type(account)),
	};
	(void)snprintf(t->w.lease, sizeof(t->w.lease), "worker:%s",
	               t->w.account);
	r = open_parts(&t->w);
	if (!r && pthread_create(&t->thread, NULL, run, t))
		r = err_raise(ERR_OS, "why=%s", "thread");
	if (r) {
		close_parts(&t->w);
		free(t);
		return r;
	}
	*out = t;
	return 0;
}

void
worker_abort(struct worker_thread *t)
{
	http_client_abort(t->w.http);
}

void
worker_join_thread(struct worker_thread *t)
{
	(void)pthread_join(t->thread, NULL);
}

void
worker_free(struct worker_thread *t)
{
	close_parts(&t->w);
	free(t);
}
