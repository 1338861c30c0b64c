/*
 * The gate of an account's HTTP client.
 *
 * Not a place for policy beyond the numbers: whether a call is urgent is the
 * worker's to say, what a 429 means the adapter's, when to come again the
 * pace's.
 *
 * Invariant: what enter lets go has been taken from every bucket and counted in
 * Redis before it leaves, and is never given back.
 */
#include "gateway/engine/meter.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/zone.h"
#include "gateway/drivers/store_budget.h"

enum {
	CALLS_MAX = 2, /* one, and one that its idle makes */
	/* A budget that is gone by the vendor's word, not by ours: ask now and
	   then, or a bill that somebody else pays would stop us for weeks. */
	SPENT_WAIT_MS = 600000,
};

/* A call under way. */
struct under_way {
	int64_t cost;  /* millionths */
	int64_t taken; /* by all calls, before it */
};

struct meter {
	struct limits limits;
	const char *account; /* borrowed */
	struct limit_state states[LIMIT_BUCKETS_MAX];
	size_t n;
	enum limit_work work;
	int64_t taken; /* millionths, by all calls ever */
	struct under_way calls[CALLS_MAX];
	size_t n_calls;
	struct store *store; /* owned; NULL: no budget */
	struct zone *zone;   /* owned; NULL: the process's */
	struct limit_month month;
	struct limit_budget budget;
	struct meter_refusal refusal;
	struct http_gate gate;
};

static int
keep_percent(const struct meter *m)
{
	return m->work == LIMIT_POLL ? m->limits.urgent_percent : 0;
}

/* ---- the month ---- */

/* The month of now; a new one is read, for another process may have called. */
static int
turn_page(struct meter *m, int64_t now_ms)
{
	struct limit_month month;
	int r;

	if (now_ms >= m->month.start_ms && now_ms < m->month.end_ms)
		return 0;
	limit_month(&month, m->zone, now_ms);
	r = store_budget_read(m->store, &m->budget, m->account, &month);
	if (!r)
		m->month = month;
	return r;
}

/* ---- a call that may not go ---- */

static void
refuse(struct meter *m, int64_t wait_ms, const char *name)
{
	m->refusal.wait_ms = wait_ms;
	m->refusal.work = m->work;
	m->refusal.is_spent = false;
	(void)snprintf(m->refusal.why, sizeof(m->refusal.why),
	               "our own limit: %s allows no %s for another %lld s",
	               name, m->work == LIMIT_POLL ? "poll" : "call",
	               (long long)((wait_ms + 999) / 1000));
}

static void
refuse_month(struct meter *m, int64_t wait_ms)
{
	bool is_spent = !limit_budget_left(&m->budget);

	m->refusal.wait_ms = wait_ms;
	m->refusal.work = is_spent ? LIMIT_URGENT : m->work;
	m->refusal.is_spent = is_spent;
	if (is_spent)
		(void)snprintf(m->refusal.why, sizeof(m->refusal.why),
		               "our own limit: all %lld calls of %s are used",
		               (long long)m->budget.calls, m->month.name);
	else
		(void)snprintf(
			m->refusal.why, sizeof(m->refusal.why),
			"our own limit: the polls' share of the %lld calls of "
			"%s is used",
			(long long)m->budget.calls, m->month.name);
}

/* How long the buckets keep the call; the tightest one's word. */
static int64_t
ask_buckets(struct meter *m, unsigned cost)
{
	int64_t now = clock_mono_ms();
	int64_t longest = 0;

	for (size_t i = 0; i < m->n; i++) {
		struct limit_state *s = &m->states[i];
		int64_t wait = limit_wait_ms(s, cost, keep_percent(m), now);

		if (wait <= longest)
			continue;
		longest = wait;
		refuse(m, wait, s->of->name);
	}
	return longest;
}

/* How long the month keeps the call; 0: it is counted. */
static int
ask_month(struct meter *m, int64_t *wait_ms)
{
	int64_t now = clock_wall_ms();
	struct limit_budget taken;
	int r = turn_page(m, now);

	*wait_ms = 0;
	if (r)
		return r;
	*wait_ms = limit_budget_wait_ms(&m->budget, &m->month, m->work, now);
	if (!*wait_ms) {
		taken = m->budget;
		limit_budget_take(&taken, &m->month, m->work, now);
		r = store_budget_take(m->store, &taken, m->account, &m->month,
		                      m->work);
		if (r < 0)
			return r;
		m->budget.used = taken.used;
		m->budget.polls = taken.polls;
		if (r == 0) {
			m->budget = taken;
			return 0;
		}
		*wait_ms = m->month.end_ms - now;
	}
	refuse_month(m, *wait_ms);
	return 0;
}

static void
take(struct meter *m, unsigned cost)
{
	int64_t now = clock_mono_ms();

	assert(m->n_calls < CALLS_MAX);
	for (size_t i = 0; i < m->n; i++)
		limit_take(&m->states[i], cost, now);
	m->calls[m->n_calls++] = (struct under_way){
		.cost = (int64_t)cost * LIMIT_MICRO,
		.taken = m->taken,
	};
	m->taken += (int64_t)cost * LIMIT_MICRO;
	m->refusal = (struct meter_refusal){ .why = "" };
}

static int
enter(void *ctx, const struct http_request *request, int64_t *wait_ms,
      char *why, size_t size)
{
	struct meter *m = ctx;
	unsigned cost = request->cost ? request->cost : 1;
	int r = 0;

	*wait_ms = ask_buckets(m, cost);
	if (!*wait_ms && m->store)
		r = ask_month(m, wait_ms);
	if (r)
		return r;
	if (*wait_ms)
		(void)snprintf(why, size, "%s", m->refusal.why);
	else
		take(m, cost);
	return 0;
}

/* ---- what the vendor says ---- */

/*
 * What may not be in its figure: the calls that began since, and those under
 * way that began before.
 */
static int64_t
unseen(const struct meter *m)
{
	const struct under_way *call = &m->calls[m->n_calls - 1];
	int64_t sum = m->taken - call->taken - call->cost;

	for (size_t i = 0; i + 1 < m->n_calls; i++)
		sum += m->calls[i].cost;
	return sum;
}

static void
header(void *ctx, const char *name, const char *value)
{
	struct meter *m = ctx;
	int64_t now = clock_mono_ms();

	for (size_t i = 0; i < m->n && m->n_calls; i++)
		limit_header(&m->states[i], name, value, unseen(m), now);
}

/* 429 without a wait means the month, where there is a budget. */
static void
leave(void *ctx, struct http_answer *answer)
{
	struct meter *m = ctx;
	int64_t rest;

	assert(m->n_calls > 0);
	m->n_calls--;
	if (!m->store || answer->status != 429 || answer->retry_after_ms > 0)
		return;
	rest = m->month.end_ms - clock_wall_ms();
	answer->retry_after_ms =
		rest > 0 && rest < SPENT_WAIT_MS ? rest : SPENT_WAIT_MS;
	m->refusal = (struct meter_refusal){
		.wait_ms = answer->retry_after_ms,
		.work = LIMIT_URGENT,
		.is_spent = true,
	};
	(void)snprintf(m->refusal.why, sizeof(m->refusal.why),
	               "it allows no more calls, though by our count %lld of "
	               "the %lld of %s are left: does something else call it?",
	               (long long)limit_budget_left(&m->budget),
	               (long long)m->budget.calls, m->month.name);
}

/* ---- for the worker ---- */

enum limit_work
meter_set_work(struct meter *m, enum limit_work work)
{
	enum limit_work before = meter_work(m);

	if (m)
		m->work = work;
	return before;
}

enum limit_work
meter_work(const struct meter *m)
{
	return m ? m->work : LIMIT_URGENT;
}

int
meter_poll_wait(struct meter *m, int64_t *wait_ms)
{
	int64_t now = clock_wall_ms();
	int r;

	*wait_ms = 0;
	if (!m || !m->store)
		return 0;
	r = turn_page(m, now);
	if (!r)
		*wait_ms = limit_budget_poll_ms(&m->budget, &m->month, now);
	return r;
}

int64_t
meter_room_wait_ms(struct meter *m)
{
	int64_t now = clock_mono_ms();
	int64_t longest = 0;

	if (!m || m->n_calls)
		return 0;
	for (size_t i = 0; i < m->n; i++) {
		int64_t wait =
			limit_wait_ms(&m->states[i], 1, keep_percent(m), now);

		if (wait > longest)
			longest = wait;
	}
	return longest;
}

void
meter_forget(struct meter *m)
{
	if (m)
		m->month = (struct limit_month){ .name = "" };
}

bool
meter_take_refusal(struct meter *m, struct meter_refusal *out)
{
	if (!m || !m->refusal.why[0])
		return false;
	*out = m->refusal;
	m->refusal = (struct meter_refusal){ .why = "" };
	return true;
}

static void
read_buckets(struct meter *m, struct meter_reading *out)
{
	int64_t mono = clock_mono_ms();

	for (size_t i = 0; i < m->n; i++) {
		struct limit_state *s = &m->states[i];
		int64_t left = limit_left(s, mono);
		int64_t size = s->size / LIMIT_MICRO;

		if (i > 0 && left >= out->left)
			continue;
		(void)snprintf(out->limit, sizeof(out->limit), "%s",
		               s->of->name);
		out->left = left;
		out->size = size;
		out->full_ms = clock_wall_ms() +
		               limit_wait_ms(s, (unsigned)size, 0, mono);
	}
}

void
meter_read(struct meter *m, struct meter_reading *out)
{
	int64_t now = clock_wall_ms();

	*out = (struct meter_reading){ .left = 0 };
	read_buckets(m, out);
	if (!m->store || now < m->month.start_ms || now >= m->month.end_ms)
		return;
	out->calls = m->budget.calls;
	out->used = m->budget.used;
	out->polls = m->budget.polls;
	out->until_ms = m->month.end_ms;
	out->next_poll_ms =
		now + limit_budget_poll_ms(&m->budget, &m->month, now);
	out->step_ms = limit_budget_step_ms(&m->budget, &m->month, now);
}

/* ---- making one ---- */

const struct http_gate *
meter_gate(const struct meter *m)
{
	return m ? &m->gate : NULL;
}

static int
open_month(struct meter *m, const struct meter_options *options)
{
	int r = 0;

	if (!m->limits.monthly_calls)
		return 0;
	if (options->zone)
		r = zone_load(&m->zone, options->zone);
	if (r == ZONE_UNKNOWN) /* the configuration was checked for that */
		return err_raise(ERR_BUG, "time zone %s", options->zone);
	m->budget.calls = m->limits.monthly_calls;
	m->budget.urgent_percent = m->limits.urgent_percent;
	return r ? r : store_new(&m->store, options->store);
}

int
meter_new(struct meter **out, const struct meter_options *options)
{
	struct meter *m;
	int r;

	if (!options->limits.buckets[0].name && !options->limits.monthly_calls)
		return 0;
	m = calloc(1, sizeof(*m));
	if (!m)
		return err_raise(ERR_NOMEM, "why=%s", "meter");
	m->limits = options->limits;
	m->account = options->account;
	if (!m->limits.urgent_percent)
		m->limits.urgent_percent = LIMIT_URGENT_PERCENT;
	m->gate = (struct http_gate){ m, enter, header, leave };
	for (; m->n < LIMIT_BUCKETS_MAX && m->limits.buckets[m->n].name; m->n++)
		limit_init(&m->states[m->n], &m->limits.buckets[m->n],
		           clock_mono_ms());
	r = open_month(m, options);
	if (r) {
		meter_free(m);
		return r;
	}
	*out = m;
	return 0;
}

void
meter_free(struct meter *m)
{
	if (!m)
		return;
	store_free(m->store);
	zone_free(m->zone);
	free(m);
}
