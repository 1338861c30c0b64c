/*
 * An account that a person has paused (store_switch.h): nothing is begun there,
 * and all that is meant for it stays where it lies. Work in hand ends as it does
 * when the program stops; going on is like a start, a catch-up included.
 */
#include "gateway/engine/worker.h"

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_lease.h"
#include "gateway/engine/saved.h"

enum { LOOK_EVERY_MS = 200 };

bool
worker_is_paused(struct worker *w)
{
	int64_t now = clock_mono_ms();
	int64_t since_ms = 0;

	if (w->switch_mono_ms && now - w->switch_mono_ms < LOOK_EVERY_MS)
		return w->is_paused;
	/* Without Redis it stays as it was, and is not asked for at each step. */
	if (!saved_switch_get(w->store, &since_ms, w->engine->state_dir,
	                      w->account))
		w->is_paused = since_ms != 0;
	w->switch_mono_ms = now;
	return w->is_paused;
}

/* Until something is heard from there; where another process works the account
   it is that one's to say. The lease is ours then. */
static bool
say_state(struct worker *w, const char *state)
{
	const struct health_fact fact = { "state", state };

	return worker_takes(w) &&
	       !store_health_set(w->store, w->account, &fact, 1);
}

bool
worker_say_paused(struct worker *w)
{
	bool is_said = say_state(w, "paused");

	w->token = 0;
	(void)store_lease_release(w->store, w->lease, w->engine->owner);
	return is_said;
}

static void
go_on(struct worker *w)
{
	bool must_wait = pace_wait_ms(&w->pace, clock_mono_ms()) > 0;

	w->is_resting = false;
	/* Who may be asked now is asked first how it is. */
	w->is_introduced = must_wait;
	w->told_mono_ms = 0;
	(void)say_state(w, must_wait ? "waiting" : "starting");
	log_info("account.resumed", "account=%s", w->account);
}

bool
worker_rests(struct worker *w)
{
	if (!worker_is_paused(w)) {
		if (w->is_resting)
			go_on(w);
		return false;
	}
	if (w->unsaved_id)
		return false; /* an answer that Redis missed is noted first */
	/* Who had the lease may have ended without a word. */
	if (!w->is_resting || !w->has_said_so)
		w->has_said_so = worker_say_paused(w);
	if (!w->is_resting)
		log_warn("account.paused", "account=%s", w->account);
	w->is_resting = true;
	clock_sleep_ms(LOOK_EVERY_MS);
	return true;
}
