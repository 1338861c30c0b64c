/* Catch-ups, full syncs and comparisons by the clock. */
#include "gateway/engine/scheduler.h"

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
#include "gateway/drivers/store_oversold.h"
#include "gateway/drivers/store_queue.h"
#include "gateway/drivers/store_reconcile.h"
#include "gateway/drivers/store_switch.h"
#include "gateway/drivers/store_timeline.h"
#include "gateway/engine/saved.h"
#include "gateway/model/metrics.h"
#include "gateway/model/schedule.h"

enum {
	TICK_MS = 250,
	LEASE_MS = 15000,
	GAUGES_EVERY_MS = 5000,
	DURABILITY_EVERY_MS = 60000,
	OVERSOLD_EVERY_MS = 60000,
	SALES_EVERY_MS = 3600000, /* the whole window for late sales */
	PULSE_MAX_MS = 30000,
	SET_BACK_MS = 60000, /* less than that a plan may be late */
};

/* When an account's next runs are due; wall clock, 0: never. */
struct plan {
	const struct conf_section *account;
	int64_t catch_up_ms;
	int64_t full_ms;
	int64_t reconcile_ms;
	int64_t sales_mono_ms; /* when its sales were last asked for, monotonic */
};

struct scheduler {
	pthread_t thread;
	const struct engine *engine;
	struct store *store;
	struct plan *plans;
	size_t n;
	int64_t gauges_mono_ms;
	int64_t durability_mono_ms;
	int64_t oversold_mono_ms;
	int64_t seen_ms; /* wall clock at the last tick */
	char warning[240];
	char installation[64]; /* its id; "": not known */
	bool is_holder;        /* of the lease: only then it marks */
	int pulse;
};

/* The account's own cron, else the global one. */
static const struct cron *
find_cron(const struct scheduler *s, const struct plan *p, const char *key)
{
	const struct cron *cron = conf_cron(p->account, key);

	return cron ? cron : conf_cron(s->engine->conf->top, key);
}

/* last_ms: when one last began, at the start of this process; else 0. */
static int64_t
next_due(const struct scheduler *s, const struct plan *p, const char *key,
         int64_t last_ms, int64_t now)
{
	const struct cron *cron = find_cron(s, p, key);

	return cron ? schedule_first_ms(
			      cron,
			      schedule_lag_ms(cron, s->installation,
	                                      conf_account_name(p->account)),
			      last_ms, now)
	            : 0;
}

static void
plan(struct scheduler *s, struct plan *p, int64_t last_full_ms, int64_t now)
{
	const char *name = conf_account_name(p->account);

	p->catch_up_ms = next_due(s, p, "schedule.catch_up", 0, now);
	p->full_ms = next_due(s, p, "schedule.full", last_full_ms, now);
	(void)store_health_set_int(s->store, name, "next_catch_up_ms",
	                           p->catch_up_ms);
	(void)store_health_set_int(s->store, name, "next_full_ms", p->full_ms);
}

/* Apart from the syncs, so that the one never moves the other. */
static void
plan_reconcile(struct scheduler *s, struct plan *p, int64_t last_ms,
               int64_t now)
{
	p->reconcile_ms = next_due(s, p, "schedule.reconcile", last_ms, now);
	(void)store_health_set_int(s->store, conf_account_name(p->account),
	                           "next_reconcile_ms", p->reconcile_ms);
}

static bool
is_due(int64_t at_ms, int64_t now)
{
	return at_ms && at_ms <= now;
}

/* Mark what is due. A clock that jumped ahead makes one run due, not many. */
static void
run_due(struct scheduler *s, struct plan *p, int64_t now)
{
	const char *name = conf_account_name(p->account);
	bool is_full = is_due(p->full_ms, now);

	if (!is_full && !is_due(p->catch_up_ms, now))
		return;
	/* One that still waits or runs is enough: a sync that takes longer than
	   its interval would otherwise follow itself for ever. */
	if (store_marks_add_once(s->store, name,
	                         is_full ? MARK_FULL : MARK_CATCH_UP,
	                         MARK_SYNC))
		return; /* still due: tried again at the next tick */
	log_info("schedule.due", "account=%s kind=%s", name,
	         is_full ? "full" : "catch-up");
	plan(s, p, 0, now);
}

/* Compare item by item. As above, one that waits or runs is enough. */
static void
reconcile_due(struct scheduler *s, struct plan *p, int64_t now)
{
	const char *name = conf_account_name(p->account);

	if (!is_due(p->reconcile_ms, now) ||
	    store_marks_add_once(s->store, name, MARK_RECONCILE, MARK_SYNC))
		return;
	log_info("schedule.due", "account=%s kind=reconcile", name);
	plan_reconcile(s, p, 0, now);
}

/*
 * At the start, and when the schedule is taken over: what was missed while
 * nobody ran is made up for, once, and what another daemon did is not done
 * again. A catch-up needs nothing of this, for each worker begins with one.
 */
static void
plan_first(struct scheduler *s, struct plan *p)
{
	const char *name = conf_account_name(p->account);
	struct reconcile_tally tally = { 0 };
	int64_t now = clock_wall_ms();
	int64_t full_ms = 0;

	if (store_cursor_get(s->store, &full_ms, name, "full"))
		full_ms = 0;
	if (store_reconcile_tally(s->store, &tally, name))
		tally.started_ms = 0;
	plan(s, p, full_ms, now);
	plan_reconcile(s, p, tally.started_ms, now);
}

/*
 * Late offline sales: the vendor's whole window at least hourly, however rare
 * the catch-ups are. Where it is a choice to list them, they are what counts
 * fell by, and a listing tells only what a look has found: all are looked at.
 */
static void
ask_for_sales(struct scheduler *s, struct plan *p, int64_t mono)
{
	const struct adapter_ops *ops =
		engine_adapter(s->engine, conf_account_type(p->account));
	bool is_by_counts =
		ops && ops->lists_sales && ops->lists_sales(p->account);

	if (!p->sales_mono_ms)
		p->sales_mono_ms = mono; /* the start's catch-up does it */
	if (mono - p->sales_mono_ms < SALES_EVERY_MS)
		return;
	if (!store_marks_add_one(s->store, conf_account_name(p->account),
	                         is_by_counts ? MARK_CATCH_UP : MARK_SALES,
	                         MARK_SYNC))
		p->sales_mono_ms = mono;
}

/* Where a month's calls run short first. Of a month that is over nothing is
   known before the next call. */
static int64_t
least_budget_percent(struct scheduler *s)
{
	const struct conf *conf = s->engine->conf;
	int64_t least = 100;

	for (size_t i = 0; i < conf->n_accounts; i++) {
		const struct adapter_ops *ops = engine_adapter(
			s->engine, conf_account_type(conf->accounts[i]));
		struct health h;
		int64_t calls;
		int64_t left;

		if (!ops || !ops->limits ||
		    store_health_get(s->store, &h,
		                     conf_account_name(conf->accounts[i])))
			continue;
		calls = health_int(&h, "budget_calls");
		left = calls - health_int(&h, "budget_used");
		if (calls > 0 && left * 100 / calls < least &&
		    clock_wall_ms() < health_int(&h, "budget_until_ms"))
			least = left * 100 / calls;
		health_fini(&h);
	}
	return least;
}

static void
read_gauges(struct scheduler *s)
{
	const struct conf *conf = s->engine->conf;
	struct queue_depth depth;
	int64_t marks = 0;
	int64_t ready = 0;
	int64_t oversold = 0;
	int64_t n = 0;

	if (store_queue_depth(s->store, &depth) ||
	    store_oversold_count(s->store, &oversold))
		return;
	for (size_t i = 0; i < conf->n_accounts; i++) {
		const char *name = conf_account_name(conf->accounts[i]);

		if (!store_marks_count(s->store, &n, name))
			marks += n;
		if (!store_ledger_count_ready(s->store, &n, name))
			ready += n;
	}
	metrics_set(METRIC_queue_depth, depth.n);
	metrics_set(METRIC_queue_bytes, depth.bytes);
	metrics_set(METRIC_queue_oldest_ms,
	            depth.oldest_ms ? clock_wall_ms() - depth.oldest_ms : 0);
	metrics_set(METRIC_marks_waiting, marks);
	metrics_set(METRIC_entries_waiting, ready);
	metrics_set(METRIC_dead_letters, depth.n_dead);
	metrics_set(METRIC_oversold_now, oversold);
	metrics_set(METRIC_budget_left_percent, least_budget_percent(s));
}

/* Say it when a 2xx stops meaning "on disk", and when it does again. */
static void
watch_durability(struct scheduler *s)
{
	struct store_durability d;
	char warning[240];

	if (store_read_durability(s->store, &d) < 0)
		return;
	store_durability_warning(warning, &d);
	if (!strcmp(warning, s->warning))
		return;
	(void)strcpy(s->warning, warning);
	if (*warning)
		log_error("store.not_durable", "why=%s", log_quote(warning));
	else
		log_info("store.durable", "version=%s", d.version);
}

/* What is oversold ends with a look at a channel; at one that is paused, and
   without any, nobody looks. */
static void
sweep_oversold(struct scheduler *s, int64_t mono)
{
	if (mono - s->oversold_mono_ms < OVERSOLD_EVERY_MS)
		return;
	s->oversold_mono_ms = mono;
	(void)store_oversold_sweep(
		s->store, conf_text(s->engine->conf->top, "stock.authority"));
	store_timeline_flush(s->store);
}

/* Only one daemon marks by the clock. Whose plans are from before another one's
   time has new ones first. */
static void
hold_lease(struct scheduler *s)
{
	int64_t token = 0;
	bool was_holder = s->is_holder;

	s->is_holder = !store_lease_hold(s->store, &token, "scheduler",
	                                 s->engine->owner, LEASE_MS);
	for (size_t i = 0; s->is_holder && !was_holder && i < s->n; i++) {
		int64_t catch_up_ms = s->plans[i].catch_up_ms;

		plan_first(s, &s->plans[i]);
		/* Of these nothing is recorded: one more is no harm. */
		if (catch_up_ms && catch_up_ms < s->plans[i].catch_up_ms)
			s->plans[i].catch_up_ms = catch_up_ms;
	}
}

/* By a clock that was ahead, and has been set right, all is planned for long
   from now. What is due has new plans when it runs. */
static void
follow_clock(struct scheduler *s, int64_t now)
{
	bool is_back = now + SET_BACK_MS < s->seen_ms;

	s->seen_ms = now;
	for (size_t i = 0; is_back && i < s->n; i++) {
		struct plan *p = &s->plans[i];

		if (!is_due(p->full_ms, now) && !is_due(p->catch_up_ms, now))
			plan(s, p, 0, now);
		if (!is_due(p->reconcile_ms, now))
			plan_reconcile(s, p, 0, now);
	}
}

static void
tick(struct scheduler *s)
{
	int64_t mono = clock_mono_ms();
	int64_t now;
	int64_t off_ms = 0; /* since when a person has stopped it */

	if (mono - s->gauges_mono_ms >= GAUGES_EVERY_MS) {
		s->gauges_mono_ms = mono;
		read_gauges(s);
		hold_lease(s);
	}
	if (mono - s->durability_mono_ms >= DURABILITY_EVERY_MS) {
		s->durability_mono_ms = mono;
		watch_durability(s);
	}
	if (s->is_holder)
		sweep_oversold(s, mono);
	if (s->is_holder)
		(void)saved_switch_get(s->store, &off_ms, s->engine->state_dir,
		                       SWITCH_SCHEDULE);
	/* After the plans of a takeover: what they found missed is due now, and
	   a catch-up that is due as well is part of it. */
	now = clock_wall_ms();
	follow_clock(s, now);
	for (size_t i = 0; s->is_holder && i < s->n; i++) {
		if (!off_ms) {
			run_due(s, &s->plans[i], now);
			reconcile_due(s, &s->plans[i], now);
		}
		ask_for_sales(s, &s->plans[i], mono);
	}
}

static void *
run(void *arg)
{
	struct scheduler *s = arg;
	struct buf id = BUF_INIT;

	s->pulse = pulse_register("scheduler", PULSE_MAX_MS);
	if (!store_value_get(s->store, &id, "installation"))
		(void)snprintf(s->installation, sizeof(s->installation), "%s",
		               buf_text(&id));
	buf_fini(&id);
	s->seen_ms = clock_wall_ms();
	for (size_t i = 0; i < s->n; i++)
		plan_first(s, &s->plans[i]);
	while (!atomic_load(s->engine->is_stopping)) {
		pulse_beat(s->pulse);
		tick(s);
		clock_sleep_ms(TICK_MS);
	}
	(void)store_lease_release(s->store, "scheduler", s->engine->owner);
	pulse_retire(s->pulse);
	return NULL;
}

int
scheduler_start(struct scheduler **out, const struct engine *engine)
{
	struct scheduler *s = calloc(1, sizeof(*s));
	int r = 0;

	if (!s)
		return err_raise(ERR_NOMEM, "why=%s", "scheduler");
	s->engine = engine;
	s->plans = calloc(engine->conf->n_accounts + 1, sizeof(*s->plans));
	if (!s->plans)
		r = err_raise(ERR_NOMEM, "why=%s", "scheduler");
	for (size_t i = 0; !r && i < engine->conf->n_accounts; i++)
		if (!conf_account_is_source(engine->conf->accounts[i]))
			s->plans[s->n++].account = engine->conf->accounts[i];
	if (!r)
		r = store_new(&s->store, engine->store);
	if (!r && pthread_create(&s->thread, NULL, run, s))
		r = err_raise(ERR_OS, "why=%s", "thread");
	if (r) {
		store_free(s->store);
		free(s->plans);
		free(s);
		return r;
	}
	*out = s;
	return 0;
}

void
scheduler_join(struct scheduler *scheduler)
{
	if (!scheduler)
		return;
	(void)pthread_join(scheduler->thread, NULL);
	store_free(scheduler->store);
	free(scheduler->plans);
	free(scheduler);
}
