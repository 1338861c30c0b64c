/* When an account may be called. */
#include "gateway/engine/pace.h"

#include "gateway/model/retry.h"

static int64_t
back_off_ms(unsigned failures, int64_t cap_ms, uint32_t jitter)
{
	const struct retry_policy policy = {
		.base_ms = PACE_BASE_MS,
		.cap_ms = cap_ms,
	};

	return retry_wait_ms(&policy, failures, jitter);
}

static int64_t
wait_after(const struct outcome *outcome, unsigned failures, int64_t cap_ms,
           uint32_t jitter)
{
	switch (outcome->verdict) {
	case VERDICT_DONE: return 0;
	case VERDICT_REFUSED: return 0; /* it answered: it is there */
	case VERDICT_ABSENT: return 0;
	case VERDICT_SLOW:
		return outcome->wait_ms > 0 ? outcome->wait_ms : PACE_SLOW_MS;
	case VERDICT_LOCKED: return PACE_LOCKED_MS;
	case VERDICT_RETRY:
	case VERDICT_UNCERTAIN: break;
	}
	return back_off_ms(failures, cap_ms, jitter);
}

static int64_t
later_of(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static bool
is_failure(enum verdict verdict)
{
	return verdict == VERDICT_RETRY || verdict == VERDICT_UNCERTAIN;
}

static bool
is_answer(enum verdict verdict)
{
	return verdict == VERDICT_DONE || verdict == VERDICT_REFUSED ||
	       verdict == VERDICT_ABSENT;
}

/* ---- the work in hand ---- */

struct pace_piece
pace_begin(struct pace *p, enum pace_kind kind)
{
	struct pace_piece around = p->piece;

	p->piece = (struct pace_piece){ .kind = kind };
	return around;
}

void
pace_end(struct pace *p, struct pace_piece around)
{
	if (p->piece.is_good)
		pace_forget(p, p->piece.kind);
	p->piece = around;
}

void
pace_forget(struct pace *p, enum pace_kind kind)
{
	p->kinds[kind] = (struct pace_trouble){ .failures = 0 };
}

/* Twice a step: an attempt is more than one call. */
static int64_t
kind_cap_ms(const struct pace *p)
{
	int64_t cap = 2 * p->dear_ms;

	if (cap > PACE_DEAR_CAP_MS)
		cap = PACE_DEAR_CAP_MS;
	return cap > PACE_CAP_MS ? cap : PACE_CAP_MS;
}

static void
note_trouble(struct pace *p, const struct outcome *outcome, int64_t now_ms,
             uint32_t jitter)
{
	struct pace_trouble *t = &p->kinds[p->piece.kind];

	if (p->piece.kind == PACE_NONE)
		return;
	t->failures++;
	t->verdict = outcome->verdict;
	t->failed_at_ms = now_ms;
	t->tick = p->tick;
	t->until_ms = now_ms +
	              wait_after(outcome, t->failures, kind_cap_ms(p), jitter);
}

/* It was away altogether, and is back: each kind is tried at once. */
static void
end_outage(struct pace *p, int64_t now_ms)
{
	for (int i = 0; i < PACE_KINDS; i++)
		if (is_failure(p->kinds[i].verdict) &&
		    p->kinds[i].until_ms > now_ms)
			p->kinds[i].until_ms = now_ms;
}

void
pace_note(struct pace *p, const struct outcome *outcome, int64_t now_ms,
          uint32_t jitter)
{
	enum verdict verdict = outcome->verdict;

	p->piece.is_good = is_answer(verdict);
	if (is_failure(verdict) || verdict == VERDICT_LOCKED)
		note_trouble(p, outcome, now_ms, jitter);
	if (is_answer(verdict) && p->failures >= PACE_OUTAGE)
		end_outage(p, now_ms);
	if (is_failure(verdict)) {
		p->failures++;
		p->failed_at_ms = now_ms;
		p->failed_tick = later_of(p->failed_tick, p->tick);
	} else if (verdict != VERDICT_SLOW) {
		p->failures = 0;
	}
	p->last = verdict;
	p->until_ms =
		now_ms + wait_after(outcome, p->failures, PACE_CAP_MS, jitter);
	if (verdict == VERDICT_SLOW)
		p->limited_until_ms = p->until_ms;
}

/* ---- waits ---- */

static int64_t
left_ms(int64_t until_ms, int64_t now_ms)
{
	return until_ms > now_ms ? until_ms - now_ms : 0;
}

int64_t
pace_kind_wait_ms(const struct pace *p, enum pace_kind kind, int64_t now_ms)
{
	int64_t until_ms = later_of(p->until_ms, p->limited_until_ms);

	return left_ms(later_of(until_ms, p->kinds[kind].until_ms), now_ms);
}

int64_t
pace_wait_ms(const struct pace *p, int64_t now_ms)
{
	return pace_kind_wait_ms(p, p->piece.kind, now_ms);
}

int64_t
pace_next_ms(const struct pace *p, int64_t now_ms)
{
	int64_t next = 0;

	for (int i = 0; i < PACE_KINDS; i++) {
		int64_t wait = left_ms(p->kinds[i].until_ms, now_ms);

		if (wait && (!next || wait < next))
			next = wait;
	}
	return later_of(pace_kind_wait_ms(p, PACE_NONE, now_ms), next);
}

void
pace_hold_polls(struct pace *p, int64_t wait_ms, int64_t now_ms)
{
	p->piece.is_good = false;
	p->poll_until_ms = now_ms + wait_ms;
}

int64_t
pace_poll_wait_ms(const struct pace *p, int64_t now_ms)
{
	return later_of(pace_wait_ms(p, now_ms),
	                left_ms(p->poll_until_ms, now_ms));
}

/* ---- hints ---- */

/* When a wait ends that somebody wants to be over: it is not made longer. */
static int64_t
hasten(int64_t until_ms, int64_t allowed_ms, int64_t now_ms)
{
	int64_t end_ms = later_of(allowed_ms, now_ms);

	return end_ms < until_ms ? end_ms : until_ms;
}

static int64_t
hint_gap_ms(const struct pace *p)
{
	return later_of(PACE_HINT_GAP_MS, p->dear_ms);
}

void
pace_hint(struct pace *p, int64_t now_ms)
{
	if (is_failure(p->last))
		p->until_ms = hasten(p->until_ms,
		                     p->failed_at_ms + hint_gap_ms(p), now_ms);
	/* Entries have no marks that would say that they are new. */
	pace_hint_kind(p, PACE_POST, INT64_MAX, now_ms);
}

void
pace_hint_kind(struct pace *p, enum pace_kind kind, int64_t generation,
               int64_t now_ms)
{
	struct pace_trouble *t = &p->kinds[kind];

	if (is_failure(t->verdict) && generation > t->tick)
		t->until_ms = hasten(t->until_ms,
		                     t->failed_at_ms + hint_gap_ms(p), now_ms);
}

void
pace_ask(struct pace *p, enum pace_kind kind, int64_t generation,
         int64_t now_ms)
{
	struct pace_trouble *t = &p->kinds[kind];

	if (is_failure(p->last) && generation > p->failed_tick)
		p->until_ms =
			hasten(p->until_ms, p->failed_at_ms + PACE_HINT_GAP_MS,
		               now_ms);
	if (is_failure(t->verdict) && generation > t->tick)
		t->until_ms =
			hasten(t->until_ms, t->failed_at_ms + PACE_HINT_GAP_MS,
		               now_ms);
}

/* ---- how it is ---- */

bool
pace_is_open(const struct pace *p)
{
	return p->failures > 0 || p->last == VERDICT_LOCKED ||
	       p->kinds[p->piece.kind].failures > 0;
}

enum verdict
pace_state(const struct pace *p)
{
	enum verdict state = p->last;

	if (!is_answer(state))
		return state;
	for (int i = 0; i < PACE_KINDS; i++) {
		const struct pace_trouble *t = &p->kinds[i];

		if (t->failures && state != VERDICT_LOCKED)
			state = t->verdict;
	}
	return state;
}
