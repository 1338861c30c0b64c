/*
 * A round: which actions come how often, and which trouble when. Hooks tell of
 * what happens or do not, calls fail, programs end.
 */
#include "tests/converge/act.h"
#include "tests/converge/check.h"

#include "gateway/base/clock.h"

enum { POLL_MS = 120 /* between two looks at the tills */ };

#define START_AGO_MS (INT64_C(66) * 3600 * 1000)

static void
act_sync_some(struct world *w)
{
	trouble_sync(w, percent(w, 30));
}

/* May come at any time; the weights say how often. */
static const struct {
	void (*act)(struct world *w);
	unsigned weight;
} actions[] = {
	{ trade_sell, 44 },          { trade_change_stock, 22 },
	{ trade_amend, 5 },          { trade_return, 4 },
	{ trouble_make, 12 },        { trouble_expire_session, 1 },
	{ items_change_binding, 4 }, { trade_stray_hook, 5 },
	{ shop_order, 7 },           { shop_again, 3 },
};

/*
 * Not in the last part of a round: each of these repairs what it does not
 * break, by the catch-up or the long wait that follows. Each comes as often as
 * that in a round at least, and a little more by chance.
 */
static const struct {
	void (*act)(struct world *w);
	unsigned least;
	unsigned per_mille;
	bool is_kill;
} upsets[] = {
	{ trouble_end_daemon, 3, 4, true },
	{ trouble_end_redis, 2, 4, true },
	{ trouble_end_both, 0, 3, true },
	{ trouble_step_clock, 2, 6, false },
	{ plays_lost_answer, 1, 3, false },
	{ trouble_take_down, 1, 3, false },
	{ act_sync_some, 1, 10, false },
	{ trade_count_at_till, 0, 3, false },
	{ items_make, 1, 8, false },
};

enum { UPSETS = sizeof(upsets) / sizeof(*upsets) };

/* Of a round: whether that upset must come behind that action. */
struct appointments {
	bool are_due[ACT_ROUND_MAX][UPSETS];
};

void
act_once(struct world *w)
{
	unsigned sum = 0;
	unsigned at;

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		sum += actions[i].weight;
	at = below(w, sum);
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		if (at < actions[i].weight) {
			actions[i].act(w);
			return;
		}
		at -= actions[i].weight;
	}
}

static void
appoint(struct world *w, struct appointments *a, int n)
{
	*a = (struct appointments){ 0 };
	for (size_t i = 0; i < UPSETS; i++)
		for (unsigned j = 0; j < upsets[i].least; j++)
			a->are_due[below(w, (unsigned)n)][i] = true;
}

static void
upset(struct world *w, const bool *are_due)
{
	for (size_t i = 0; i < UPSETS; i++)
		if ((are_due[i] || below(w, 1000) < upsets[i].per_mille) &&
		    (w->may_kill || !upsets[i].is_kill))
			upsets[i].act(w);
}

void
act_round(struct world *w, int n)
{
	struct appointments a;
	int n_upset = (n + 1) * 2 / 3;
	int64_t polled = 0;

	appoint(w, &a, n_upset);
	for (int i = 0; i < n && !is_violated(w); i++) {
		act_once(w);
		if (i < n_upset)
			upset(w, a.are_due[i]);
		if (clock_mono_ms() - polled >= POLL_MS) {
			check_ceiling(w);
			explained_at_any_moment(w);
			polled = clock_mono_ms();
		}
		(void)daemon_lives(w);
		clock_sleep_ms(below(w, 40));
	}
	trouble_clear(w);
	if (!is_violated(w) && !wait_ready(w, w->rest_ms))
		violate(w, ITEMS_MAX, SIZE_MAX, "the daemon is not ready");
	/* The plays need calls that come when they are due. */
	items_import_wanted(w);
	trouble_nap(w, 1500);
	if (!is_violated(w))
		plays_of_a_round(w);
	trouble_clear(w);
	if (!wait_ready(w, w->rest_ms))
		violate(w, ITEMS_MAX, SIZE_MAX, "the daemon is not ready");
	items_import_wanted(w);
	shop_insist(w);
	/* A call ends what is left of a back-off. */
	for (size_t i = 0; i < w->n_telling; i++)
		hooks_add(w, &(struct hook){ .kind = HOOK_COUNT,
		                             .item = 0,
		                             .till = i,
		                             .tries = 5 });
	hooks_add(w, &(struct hook){ .kind = HOOK_GALAXY, .tries = 5 });
}

void
act_open(struct world *w)
{
	items_open(w);
	items_import_wanted(w);
	if (rest_reach(w))
		books_backdate(w, START_AGO_MS);
}
