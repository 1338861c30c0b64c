/*
 * Small plays, each of them a race that single actions would meet once in a
 * thousand times: a change during a slow read, a change during a slow list of a
 * sync, a look at a till between the post of a sale and the balance that
 * contains it, a sale that waits for its binding.
 */
#include "tests/converge/act.h"
#include "tests/converge/check.h"

#include "gateway/base/clock.h"

static const struct trouble slow_read = { "galaxy", "itembalances", "late:700",
	                                  1 };
static const struct trouble lost_answer = { "galaxy", "postentry",
	                                    "lose_answer", 1 };
static const struct trouble no_read = { "galaxy", "itembalances", "status:500",
	                                2 };
static const struct trouble slow_list = { "galaxy", "itembalances", "late:1500",
	                                  1 };

static int64_t
faults_left(struct world *w)
{
	struct json *doc = control_state(w, 0);
	int64_t n = 0;

	(void)json_get_int(&n, json_root(doc), "faults_left");
	json_free(doc);
	return n;
}

/* Until a call has met the fault that was set when `before` were left. */
static void
await_fault(struct world *w, int64_t before)
{
	int64_t until = clock_mono_ms() + 2000;

	while (faults_left(w) > before && clock_mono_ms() < until)
		clock_sleep_ms(10);
	clock_sleep_ms(20);
}

/* All that was not told of the item at the tills is told now: at rest it must
   be right. */
static void
tell_all(struct world *w, size_t item)
{
	for (size_t till = 0; till < w->n_tills; till++)
		hooks_add(w, &(struct hook){ .kind = HOOK_COUNT,
		                             .item = item,
		                             .till = till,
		                             .tries = 5 });
}

static struct decimal
count_at(struct world *w, size_t till, size_t item)
{
	struct json *doc = till_state(w, till);
	struct decimal count = till_count(
		w, till, till_row(w, till, till_counts(w, till, doc), item));

	json_free(doc);
	return count;
}

/* May it change in Galaxy, and does a till show some of it? Where there is
   nothing, one more or less does not show. */
static size_t
pick_shown(struct world *w)
{
	size_t found = ITEMS_MAX;
	size_t i = 0;

	/* What comes after it is the seed's: so always as many draws. */
	for (int n = 0; n < 5; n++) {
		i = items_pick_at_galaxy(w);
		if (found == ITEMS_MAX && w->items[i].is_bound &&
		    till_has(w, 0, i) &&
		    decimal_cmp(count_at(w, 0, i), decimal_of(1)) > 0)
			found = i;
	}
	return found < ITEMS_MAX ? found : i;
}

/* The second change comes while the first one's read is under way. At rest, so
   that this read meets the delay and no other does. */
static void
play_slow_read(struct world *w)
{
	size_t i = pick_shown(w);
	int64_t before;

	say(w, "play: a change during a slow read");
	trouble_clear(w);
	tell_all(w, i);
	before = faults_left(w);
	trouble_set(w, &slow_read, 1);
	trade_receive(w, i, 2);
	hooks_add(w,
	          &(struct hook){ .kind = HOOK_GALAXY, .item = i, .tries = 5 });
	await_fault(w, before);
	trade_receive(w, i, -1);
	hooks_add(w,
	          &(struct hook){ .kind = HOOK_GALAXY, .item = i, .tries = 5 });
	trouble_nap(w, 700);
}

/* The change comes while a list with the old balance is on its way. At rest, so
   that the list meets the delay and no look does. */
static void
play_slow_list(struct world *w)
{
	size_t i = pick_shown(w);
	int64_t before;

	trouble_clear(w);
	if (!rest_reach(w))
		return;
	say(w, "play: a change during a slow list");
	tell_all(w, i);
	trade_receive(w, i, 1); /* so that a catch-up lists it */
	before = faults_left(w);
	trouble_set(w, &slow_list, 1);
	trouble_sync(w, false);
	await_fault(w, before);
	trade_receive(w, i, 3);
	hooks_add(w,
	          &(struct hook){ .kind = HOOK_GALAXY, .item = i, .tries = 5 });
	trouble_nap(w, 1600);
}

/* Nobody delivers anything meanwhile: the till shows no more than that. */
static void
nap_below(struct world *w, size_t till, size_t item, struct decimal most,
          int64_t ms)
{
	int64_t until = clock_mono_ms() + ms;
	char shown[DECIMAL_TEXT_SIZE];
	char right[DECIMAL_TEXT_SIZE];

	most = decimal_max(most, DECIMAL_ZERO);
	while (clock_mono_ms() < until) {
		struct decimal count = count_at(w, till, item);

		if (decimal_cmp(count, most) > 0)
			violate(w, item, SIZE_MAX,
			        "%s shows %s of %s where %s are left",
			        w->tills[till].name,
			        decimal_format(shown, count),
			        w->items[item].sku,
			        decimal_format(right, most));
		check_ceiling(w);
		clock_sleep_ms(30);
	}
}

/*
 * A sale is booked while a list without it is on its way, and its own balance
 * cannot be read until the tills were looked at. At rest, and with every sale
 * found that nobody told of, so that the list meets the delay and no look does.
 */
static void
play_post_in_list(struct world *w)
{
	struct order pattern = { .n_lines = 1,
		                 .till = below(w, (unsigned)w->n_sims) };
	size_t item = items_pick_sold_at_galaxy(w);
	int64_t before;
	struct decimal left;
	size_t at;

	trouble_sync(w, true);
	if (!rest_reach(w))
		return;
	say(w, "play: a sale is booked during a slow list");
	pattern.lines[0].item = item;
	pattern.lines[0].qty = decimal_of(1);
	before = faults_left(w);
	trouble_set(w, &slow_list, 1);
	trouble_sync(w, true);
	await_fault(w, before);
	trouble_set(w, &no_read, 12);
	at = trade_ring_up(w, &pattern, 0);
	left = count_at(w, pattern.till, item);
	hooks_add(w, &(struct hook){ .kind = HOOK_PAYMENT,
	                             .order = at,
	                             .till = pattern.till,
	                             .tries = 5 });
	nap_below(w, pattern.till, item, left, 1300);
	for (size_t till = 0; till < w->n_tills; till++)
		hooks_add(w, &(struct hook){ .kind = HOOK_COUNT,
		                             .item = item,
		                             .till = till,
		                             .delay_ms = 500,
		                             .tries = 5 });
	nap_below(w, pattern.till, item, left, 1300);
	trouble_clear(w);
}

/* Looks at the till while only Galaxy knows that the sale is booked. */
static void
play_slow_settling(struct world *w)
{
	struct order pattern = { .n_lines = 1, .till = till_pick_telling(w) };
	size_t i = items_pick_sold_at_galaxy(w);
	size_t at;

	say(w, "play: looks between a post and its balance");
	pattern.lines[0].item = i;
	pattern.lines[0].qty = decimal_of(1);
	trouble_set(w, &slow_read, 2);
	at = trade_ring_up(w, &pattern, 0);
	hooks_add(w, &(struct hook){ .kind = HOOK_PAYMENT,
	                             .order = at,
	                             .till = pattern.till,
	                             .tries = 5 });
	for (int n = 1; n <= 4; n++)
		hooks_add(w, &(struct hook){ .kind = HOOK_COUNT,
		                             .item = i,
		                             .till = pattern.till,
		                             .delay_ms = 120 * n,
		                             .tries = 5 });
	trouble_nap(w, 900);
}

/* Galaxy books it and cannot say so. */
void
plays_lost_answer(struct world *w)
{
	struct order pattern = { .till = till_pick_telling(w) };
	size_t at;

	say(w, "play: an answer is lost");
	trade_choose_lines(w, &pattern, false);
	trouble_set(w, &lost_answer, 1);
	at = trade_ring_up(w, &pattern, 0);
	hooks_add(w, &(struct hook){ .kind = HOOK_PAYMENT,
	                             .order = at,
	                             .till = pattern.till,
	                             .tries = 5 });
	trouble_nap(w, 300);
	w->n_lost_answers++;
}

/*
 * What a sale sold before it was bound is booked when it is bound. Told of twice,
 * for a line that waits is one that was seen before.
 */
static void
play_unbound(struct world *w)
{
	struct order pattern = { .n_lines = 1, .till = till_pick_telling(w) };
	struct item *item;
	size_t i = items_pick_flip(w);
	size_t at;

	if (i == ITEMS_MAX || !rest_reach(w))
		return;
	item = &w->items[i];
	say(w, "play: a sale of what is not bound yet");
	item->is_bound = false;
	item->is_imported = false;
	items_import_wanted(w);
	pattern.lines[0].item = i;
	pattern.lines[0].qty = decimal_of(1);
	at = trade_ring_up(w, &pattern, 0);
	for (int n = 0; n < 2; n++)
		hooks_add(w, &(struct hook){ .kind = HOOK_PAYMENT,
		                             .order = at,
		                             .till = pattern.till,
		                             .delay_ms = 300 * n,
		                             .tries = 5 });
	if (!rest_reach(w))
		return;
	item->is_bound = true;
	item->is_imported = false;
	items_import_wanted(w);
}

/* Redis goes; what is told in that moment is told again, or not at all. */
static void
play_lost_redis(struct world *w)
{
	struct order pattern = { .till = till_pick_telling(w) };
	size_t at;

	say(w, "play: a late sale is told of while Redis is away");
	trade_choose_lines(w, &pattern, true);
	at = trade_ring_up(w, &pattern,
	                   w->n_losses ? 0 : LATE_MIN_S + below(w, LATE_MAX_S));
	if (!wait_ready(w, w->rest_ms))
		return;
	w->n_redis_kills += redis_kill(w);
	say(w, "kill -9 of Redis");
	for (unsigned i = 0; i < 2; i++)
		hooks_add(w, &(struct hook){ .kind = HOOK_PAYMENT,
		                             .order = at,
		                             .till = pattern.till,
		                             .delay_ms = 15 * i,
		                             .tries = 5 });
	trouble_nap(w, 300);
}

/* What was told of is right by itself: before anything that repairs it. */
static void
look_at_counts(struct world *w)
{
	if (rest_reach(w))
		check_counts_told(w);
}

/*
 * The plays of a round's end. Syncs come first, for they repair what others
 * break; the end of Redis comes last: the catch-up behind it repairs the counts,
 * and nothing repairs a hook that it took along.
 */
void
plays_of_a_round(struct world *w)
{
	play_post_in_list(w);
	if (percent(w, 70))
		plays_lost_answer(w);
	if (percent(w, 60))
		play_slow_settling(w);
	act_once(w);
	play_slow_list(w);
	look_at_counts(w); /* the next plays may have it read again */
	play_unbound(w);
	if (!rest_reach(w))
		return;
	for (unsigned n = 2 + below(w, 2); n > 0; n--)
		play_slow_read(w);
	look_at_counts(w);
	for (unsigned n = 2; n > 0 && w->may_kill && !is_violated(w); n--) {
		play_lost_redis(w);
		trouble_nap(w, 1000);
	}
}
