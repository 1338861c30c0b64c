#ifndef CONVERGE_ACT_H
#define CONVERGE_ACT_H

#include "tests/converge/world.h"

/*
 * What happens: a round of it (act.c), the items and their bindings (items.c),
 * trade (trade.c), trouble (trouble.c), and small plays (plays.c), each a race
 * that single actions would meet once in a thousand times.
 */

/* ---- act.c ---- */

/* Find what the simulators have, bind it, wait until it is at rest. */
void act_open(struct world *w);

enum { ACT_ROUND_MAX = 500 };

/* n random actions; the last third without an end of a process. */
void act_round(struct world *w, int n);

/* One of those that may come at any time. */
void act_once(struct world *w);

/* ---- items.c ---- */

enum {
	ITEMS_SOLD = 4, /* the first so many are ITEM_SOLD */
	ITEMS_OLD = 17, /* so many were there when it began */
};

void items_open(struct world *w);
size_t items_pick(struct world *w, enum item_kind least);

/* One that may change in Galaxy. */
size_t items_pick_at_galaxy(struct world *w);

/* One that comes and goes, is bound now, and is kept by Galaxy; ITEMS_MAX: none. */
size_t items_pick_flip(struct world *w);

/* One that is sold and nothing else, and kept by Galaxy. */
size_t items_pick_sold_at_galaxy(struct world *w);

/* Bring every binding to what a person wants. */
void items_import_wanted(struct world *w);
void items_bind_all(struct world *w);
void items_change_binding(struct world *w);
void items_make(struct world *w);

/* ---- trade.c ---- */

void trade_sell(struct world *w);
void trade_sell_told(struct world *w);
void trade_amend(struct world *w);
void trade_return(struct world *w);
void trade_change_stock(struct world *w);
void trade_count_at_till(struct world *w);
void trade_stray_hook(struct world *w);
void trade_choose_lines(struct world *w, struct order *order, bool is_late);

struct decimal trade_quantity(struct world *w, const struct item *item);

/* Galaxy gets some, or loses them; nobody is told. */
void trade_receive(struct world *w, size_t item, int delta);

/* Ring it up; nobody is told. Returns its place. */
size_t trade_ring_up(struct world *w, const struct order *pattern,
                     int64_t ago_s);

/* ---- trouble.c ---- */

struct trouble {
	const char *system;
	const char *path;
	const char *mode;
	unsigned next_max;
};

enum {
	LATE_MAX_S = 60 * 3600,
	LATE_MIN_S = 3600,
};

void trouble_set(struct world *w, const struct trouble *f, unsigned next);
void trouble_clear(struct world *w);
void trouble_make(struct world *w);
void trouble_expire_session(struct world *w);
void trouble_take_down(struct world *w);
void trouble_end_daemon(struct world *w);
void trouble_end_redis(struct world *w);
void trouble_end_both(struct world *w);
void trouble_step_clock(struct world *w);

/* At rest, and nothing may wait for a binding. */
void trouble_lose_redis(struct world *w);
void trouble_sync(struct world *w, bool is_full);

/* Time goes by, and the tills are looked at. */
void trouble_nap(struct world *w, int64_t ms);

/* ---- shop.c ---- */

void shop_order(struct world *w);

/* An older one once more, or another one under its number. */
void shop_again(struct world *w);

/* Until each of them was taken. */
void shop_insist(struct world *w);

/* ---- guard.c ---- */

/* At rest: Galaxy says 0 for nearly all. */
void guard_play(struct world *w);

/* ---- plays.c ---- */

/* One that a round has in any case. */
void plays_lost_answer(struct world *w);

/* Those of a round's end. */
void plays_of_a_round(struct world *w);

#endif
