/*
 * What became of a call: the account's pace, its health, and a line in the log
 * when something changed.
 */
#include "gateway/engine/worker.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_timeline.h"

enum {
	TELL_EVERY_MS = 1000, /* that all is well: each is a write to disk */
	LIMIT_FACTS = 9,      /* numbers of struct meter_reading */
};

/* ---- health ---- */

static bool
is_well(enum verdict state)
{
	return state == VERDICT_DONE || state == VERDICT_ABSENT;
}

/* Open as long as any kind of work fails: people would take each call that
   works beside it for its end. */
static bool
is_open(const struct worker *w)
{
	enum verdict state = pace_state(&w->pace);

	return pace_is_open(&w->pace) || state == VERDICT_RETRY ||
	       state == VERDICT_UNCERTAIN || state == VERDICT_LOCKED;
}

static const char *
state_name(const struct worker *w)
{
	switch (pace_state(&w->pace)) {
	case VERDICT_LOCKED: return "locked";
	case VERDICT_RETRY:
	case VERDICT_UNCERTAIN:
	case VERDICT_SLOW: return "waiting";
	case VERDICT_DONE:
	case VERDICT_REFUSED:
	case VERDICT_ABSENT: return w->is_refusing ? "refused" : "ok";
	}
	return "ok";
}

/* How far its limits are used: for people, as of the last call. */
static void
tell_limits(struct worker *w)
{
	struct meter_reading m;
	const struct {
		const char *name;
		const int64_t *n;
	} figures[LIMIT_FACTS] = {
		{ "limit_left", &m.left },
		{ "limit_size", &m.size },
		{ "limit_full_ms", &m.full_ms },
		{ "budget_calls", &m.calls },
		{ "budget_used", &m.used },
		{ "budget_polls", &m.polls },
		{ "budget_until_ms", &m.until_ms },
		{ "budget_next_poll_ms", &m.next_poll_ms },
		{ "budget_step_ms", &m.step_ms },
	};
	char numbers[LIMIT_FACTS][24];
	struct health_fact facts[LIMIT_FACTS + 1] = { { "limit", m.limit } };

	meter_read(w->meter, &m);
	for (size_t i = 0; i < LIMIT_FACTS; i++) {
		(void)snprintf(numbers[i], sizeof(numbers[i]), "%lld",
		               (long long)*figures[i].n);
		facts[i + 1].name = figures[i].name;
		facts[i + 1].value = numbers[i];
	}
	(void)store_health_set(w->store, w->account, facts, LIMIT_FACTS + 1);
}

/* Say how the account is doing, and what a call ended with; NULL: there was
   none. Losing this is no harm. */
static void
tell(struct worker *w, const struct outcome *outcome)
{
	bool is_good = outcome && is_well(outcome->verdict);
	size_t n_facts = !outcome ? 3 : is_good ? 4 : 5;
	int64_t now = clock_wall_ms();
	char at[24];
	char until[24];
	struct health_fact facts[] = {
		{ "state", state_name(w) },
		{ "breaker", is_open(w) ? "open" : "closed" },
		{ "wait_until_ms", until },
		{ is_good ? "last_success_ms" : "last_error_ms", at },
		{ "why", outcome ? outcome->why : "" },
	};

	(void)snprintf(at, sizeof(at), "%lld", (long long)now);
	(void)snprintf(
		until, sizeof(until), "%lld",
		(long long)(now + pace_next_ms(&w->pace, clock_mono_ms())));
	(void)store_health_set(w->store, w->account, facts, n_facts);
	if (w->meter)
		tell_limits(w);
}

/* ---- our own limits ---- */

/* A month's calls are gone: a person is told once, until calls go again. */
static void
alarm_spent(struct worker *w, const struct meter_refusal *refusal)
{
	char until[CLOCK_TEXT_SIZE];
	struct meter_reading m;

	if (w->spent[0])
		return;
	meter_read(w->meter, &m);
	clock_format(until, m.until_ms);
	(void)snprintf(w->spent, sizeof(w->spent),
	               "%s; it is neither asked nor told anything until %s, "
	               "unless its calls a month are raised",
	               refusal->why, until);
	worker_alarm(w, w->spent);
}

/* Calls go again; an alarm of another kind stays. */
static void
end_spent(struct worker *w)
{
	const struct health_fact fact = { "alarm", "" };
	struct health h;

	if (!w->spent[0] || store_health_get(w->store, &h, w->account))
		return;
	if (!strcmp(health_text(&h, "alarm"), w->spent))
		(void)store_health_set(w->store, w->account, &fact, 1);
	health_fini(&h);
	w->spent[0] = '\0';
}

/* Was it we who did not let the call go, and it a poll? Its reason is ours, too,
   whatever the adapter made of it. Then only polls wait. */
static bool
is_poll_held(struct worker *w, struct outcome *outcome)
{
	struct meter_refusal refusal;

	if (!meter_take_refusal(w->meter, &refusal)) {
		if (outcome->verdict == VERDICT_DONE)
			end_spent(w);
		return false;
	}
	if (outcome->verdict != VERDICT_SLOW)
		return false;
	(void)snprintf(outcome->why, sizeof(outcome->why), "%s", refusal.why);
	if (refusal.is_spent)
		alarm_spent(w, &refusal);
	if (refusal.work == LIMIT_URGENT)
		return false;
	pace_hold_polls(&w->pace, refusal.wait_ms, clock_mono_ms());
	log_info("account.polls_wait", "account=%s wait_ms=%lld why=%s",
	         w->account, (long long)refusal.wait_ms,
	         log_quote(refusal.why));
	tell_limits(w);
	return true;
}

/* ---- what became of it ---- */

/* It answered, and no kind of work is in trouble. */
static void
say_well(struct worker *w, const char *doing)
{
	if (!w->is_troubled || !is_well(pace_state(&w->pace)))
		return;
	w->is_troubled = false;
	log_info("account.well", "account=%s doing=%s", w->account,
	         log_quote(doing));
}

/* One line per change; the attempts in between are debug. */
static void
say_trouble(struct worker *w, const char *doing, const struct outcome *outcome,
            bool is_change)
{
	w->is_troubled |= is_change;
	if (is_change && outcome->verdict == VERDICT_LOCKED)
		log_error("account.locked", "account=%s doing=%s why=%s",
		          w->account, log_quote(doing),
		          log_quote(outcome->why));
	else
		log_at(is_change ? LOG_WARN : LOG_DEBUG, "account.trouble",
		       "account=%s doing=%s verdict=%s wait_ms=%lld why=%s",
		       w->account, log_quote(doing),
		       verdict_name(outcome->verdict),
		       (long long)pace_wait_ms(&w->pace, clock_mono_ms()),
		       log_quote(outcome->why));
}

/* A month that is counted makes what fails dear. */
static void
note_price(struct worker *w)
{
	struct meter_reading m;

	if (!w->meter)
		return;
	meter_read(w->meter, &m);
	w->pace.dear_ms = m.step_ms;
}

bool
worker_judge(struct worker *w, const char *doing, const struct outcome *told)
{
	struct outcome own = *told;
	const struct outcome *outcome = &own;
	enum verdict before = pace_state(&w->pace);
	int64_t now = clock_mono_ms();
	bool is_change;

	if (w->meter && is_poll_held(w, &own))
		return false;
	note_price(w);
	pace_note(&w->pace, outcome, now, crypto_jitter());
	is_change = pace_state(&w->pace) != before;
	if (!is_well(outcome->verdict))
		say_trouble(w, doing, outcome, is_change);
	else
		say_well(w, doing);
	if (outcome->verdict == VERDICT_DONE && outcome->why[0])
		log_warn("account.remark", "account=%s doing=%s why=%s",
		         w->account, log_quote(doing), log_quote(outcome->why));
	if (is_change || outcome->verdict != VERDICT_DONE ||
	    now - w->told_mono_ms >= TELL_EVERY_MS) {
		w->told_mono_ms = now;
		tell(w, outcome);
	}
	return outcome->verdict == VERDICT_DONE;
}

static const char *const work_names[PACE_KINDS] = {
	[PACE_NONE] = "",
	[PACE_POST] = "post entries",
	[PACE_LOOK_UP] = "look up entries",
	[PACE_BALANCES] = "read balances",
	[PACE_COUNTS] = "show counts",
	[PACE_SALES] = "read sales",
	[PACE_LISTING] = "list sales",
	[PACE_SYNC] = "sync",
	[PACE_RECONCILE] = "reconcile",
	[PACE_PICTURES] = "read pictures",
	[PACE_JOBS] = "register items",
};

struct pace_piece
worker_begin_work(struct worker *w, enum pace_kind kind)
{
	return pace_begin(&w->pace, kind);
}

void
worker_end_work(struct worker *w, struct pace_piece around)
{
	enum verdict before = pace_state(&w->pace);
	enum pace_kind kind = w->pace.piece.kind;
	const struct outcome done = outcome_done();

	pace_end(&w->pace, around);
	if (pace_state(&w->pace) == before)
		return;
	say_well(w, work_names[kind]);
	tell(w, &done);
}

void
worker_forget_work(struct worker *w, enum pace_kind kind)
{
	enum verdict before = pace_state(&w->pace);

	pace_forget(&w->pace, kind);
	/* No call has ended it: that it is well is for the next one to say. */
	if (pace_state(&w->pace) != before)
		tell(w, NULL);
}

void
worker_alarm(struct worker *w, const char *why)
{
	const struct health_fact fact = { "alarm", why };

	log_error("account.alarm", "account=%s why=%s", w->account,
	          log_quote(why));
	(void)store_health_set(w->store, w->account, &fact, 1);
}

void
worker_note_trouble(struct worker *w, const struct marks *items,
                    const char *what, const char *why)
{
	for (size_t i = 0; i < items->n; i++)
		store_timeline_add(w->store, items->v[i]->member + 2,
		                   clock_wall_ms(), TIMELINE_LEFT, w->account,
		                   "%s: %s", what, why);
}

int
worker_note_write(struct worker *w)
{
	return store_health_set_int(w->store, w->account, "last_write_ms",
	                            clock_wall_ms());
}

void
worker_note_lag(struct worker *w, int64_t lag_ms)
{
	(void)store_health_set_int(w->store, w->account, "lag_ms", lag_ms);
}

void
worker_note_run(struct worker *w, const char *kind, int64_t started_ms)
{
	char started[24];
	const struct health_fact facts[] = {
		{ "sync_kind", kind }, { "sync_started_ms", started },
		{ "sync_entity", "" }, { "sync_rows", "0" },
		{ "sync_total", "0" }, { "sync_rate", "0" },
	};

	(void)snprintf(started, sizeof(started), "%lld", (long long)started_ms);
	(void)store_health_set(w->store, w->account, facts,
	                       sizeof(facts) / sizeof(*facts));
}
