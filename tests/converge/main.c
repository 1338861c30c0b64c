/*
 * The convergence test: whatever happened on the way, at rest all agree.
 *
 *     converge [--seed N] [--actions N] [--minutes M] [--tills TILLS]
 *              [--lookup | --no-lookup] [--loss | --no-loss] [--no-kill]
 *              [--kept-at-till N] [--take-returns] [--keep]
 *
 * Starts the real tillbridge with its private Redis and the simulators, does
 * random things to all of them, lets it come to rest and checks what must be
 * so. Everything random comes from the seed. Exit: 0 all is so, 1 a violation,
 * 2 the test itself failed. TILLS is a number: so many of Square's and no other;
 * or "all", or words of the simulator's: these kinds beside Square's. TILLBRIDGE
 * and TILLBRIDGE_SIM name the programs, ROOT the tree, LIBFAKETIME the library
 * that sets the clock (without it nobody does); SLOW multiplies how long it may
 * take to come to rest.
 *
 * A round ends in two steps. First only what a hook with a 2xx told of must be
 * right: no full sync has healed it. Then everything is bound and synced, and
 * everything must be right.
 */
#include "tests/converge/act.h"
#include "tests/converge/check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/drivers/http_client.h"

enum {
	REST_MS = 90000,    /* a look-up comes after 30 s, a fall after 10 */
	ORDERS_MORE = 2000, /* of plays and outages, beside the actions */
	LOOKUP_ONE_IN = 4,  /* seeds */
	TWO_TILLS_ONE_IN = 3,
	TILL_ONE_IN = 3, /* of each other kind */
	LOSS_ONE_IN = 3,
	FEW_KEPT = 3, /* items whose authority is a till */
	MOST_KEPT = 12,
};

static int
usage(void)
{
	(void)fputs("usage: converge [--seed N] [--actions N] [--minutes M] "
	            "[--tills 1|2|all|WORD,...] [--lookup|--no-lookup] "
	            "[--loss|--no-loss] "
	            "[--kept-at-till N] [--take-returns] "
	            "[--no-kill] [--keep]\n",
	            stderr);
	return 2;
}

struct wishes {
	const char *tills; /* NULL: by the seed; how many of Square's, or
	                      which others: words of the simulator's, or all */
	int lookup;        /* -1: by the seed; as the next one */
	int loss;
	int kept;          /* at the first till */
	bool take_returns; /* Galaxy does; else by the seed */
	int minutes;
};

/* A switch, or an option with a number. False: neither. */
static bool
read_option(struct world *w, struct wishes *wishes, const char *name,
            const char *value, bool *took_value)
{
	*took_value = false;
	if (!strcmp(name, "--no-kill"))
		w->may_kill = false;
	else if (!strcmp(name, "--keep"))
		w->keeps = true;
	else if (!strcmp(name, "--lookup"))
		wishes->lookup = 1;
	else if (!strcmp(name, "--no-lookup"))
		wishes->lookup = 0;
	else if (!strcmp(name, "--loss"))
		wishes->loss = 1;
	else if (!strcmp(name, "--no-loss"))
		wishes->loss = 0;
	else if (!strcmp(name, "--take-returns"))
		wishes->take_returns = true;
	else if (!value)
		return false;
	else {
		*took_value = true;
		if (!strcmp(name, "--seed"))
			w->seed = strtoull(value, NULL, 10);
		else if (!strcmp(name, "--actions"))
			w->n_actions = atoi(value);
		else if (!strcmp(name, "--tills"))
			wishes->tills = value;
		else if (!strcmp(name, "--kept-at-till"))
			wishes->kept = atoi(value);
		else if (!strcmp(name, "--minutes"))
			wishes->minutes = atoi(value);
		else
			return false;
	}
	return true;
}

static bool
read_options(struct world *w, struct wishes *wishes, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		bool took_value;

		if (!read_option(w, wishes, argv[i],
		                 i + 1 < argc ? argv[i + 1] : NULL,
		                 &took_value))
			return false;
		i += took_value;
	}
	return w->n_actions > 0;
}

/* The words of each kind that is wished for. */
static void
wish_kinds(struct world *w, const char *tills)
{
	static const char *const words[TILL_KINDS] = {
		[TILL_SQUARE] = "square",
		[TILL_HIBOUTIK] = "hiboutik",
		[TILL_LIGHTSPEED_X] = "lightspeed_x",
		[TILL_LIGHTSPEED_R] = "lightspeed_r",
		[TILL_TIPSI] = "tipsi",
	};

	for (int kind = 0; kind < TILL_KINDS; kind++)
		w->has_kind[kind] = !strcmp(tills, "all") ||
		                    strstr(tills, words[kind]) != NULL;
}

static void
choose_tills(struct world *w, size_t n_squares, const char *wish)
{
	for (int kind = 0; kind < TILL_KINDS; kind++)
		w->has_kind[kind] = below(w, TILL_ONE_IN) == 0;
	if (wish && wish[0] >= '1' && wish[0] <= '2') {
		n_squares = (size_t)(wish[0] - '0');
		wish = "";
	}
	if (wish)
		wish_kinds(w, wish);
	tills_choose(w, n_squares);
}

static const char *
from_env(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return value && *value ? value : fallback;
}

static void
prepare(struct world *w, const struct wishes *wishes)
{
	size_t n_squares;

	w->root = from_env("ROOT", ".");
	w->tillbridge = from_env("TILLBRIDGE", "build/tillbridge");
	w->simulator = from_env("TILLBRIDGE_SIM", "build/tillbridge-sim");
	w->rest_ms = (int64_t)REST_MS * atoi(from_env("SLOW", "1"));
	w->chance = w->seed;
	w->has_lookup = below(w, LOOKUP_ONE_IN) == 0;
	n_squares = below(w, TWO_TILLS_ONE_IN) == 0 ? 2 : 1;
	w->has_echo = percent(w, 40);
	w->holds_returns = percent(w, 50) && !wishes->take_returns;
	w->n_kept_at_till = percent(w, 50) ? FEW_KEPT : MOST_KEPT;
	w->has_loss = w->may_kill && below(w, LOSS_ONE_IN) == 0;
	if (wishes->lookup >= 0)
		w->has_lookup = wishes->lookup;
	if (wishes->loss >= 0)
		w->has_loss = wishes->loss;
	if (wishes->kept >= 0)
		w->n_kept_at_till = (unsigned)wishes->kept;
	if (wishes->kept > 0)
		n_squares = 2;
	choose_tills(w, n_squares, wishes->tills);
	if (w->n_selling < 2)
		w->n_kept_at_till = 0;
	if (wishes->minutes > 0) {
		w->until_mono_ms = clock_mono_ms() + wishes->minutes * 60000;
		w->n_actions = 1000000;
	}
	w->cap_orders = (size_t)(wishes->minutes ? 100000 : w->n_actions * 2) +
	                ORDERS_MORE;
	w->orders = calloc(w->cap_orders, sizeof(*w->orders));
	w->violated_item = ITEMS_MAX;
	w->violated_order = SIZE_MAX;
	if (!w->orders)
		exit(2);
}

/* Everything must be right, not only what was told. */
static void
end_round(struct world *w)
{
	if (!is_violated(w) && rest_reach(w))
		check_all(w, false);
	if (!is_violated(w))
		guard_play(w);
	if (is_violated(w))
		return;
	say(w, "what was told of is right; now everything");
	items_bind_all(w);
	trouble_sync(w, true);
	if (!rest_reach(w))
		return;
	check_all(w, true);
	if (!is_violated(w))
		news_settled(w);
}

static void
run(struct world *w)
{
	int left = w->n_actions;

	act_open(w);
	w->is_open = true;
	while (left > 0 && !is_violated(w)) {
		int n = left < ACT_ROUND_MAX ? left : ACT_ROUND_MAX;

		if (w->has_loss && !w->n_losses && n > left * 3 / 5)
			n = left * 3 / 5 + 1;
		act_round(w, n);
		end_round(w);
		left -= n;
		if (w->until_mono_ms && clock_mono_ms() >= w->until_mono_ms)
			left = 0;
		if (w->has_loss && !w->n_losses && !is_violated(w))
			trouble_lose_redis(w);
	}
	/* What the loss left is looked at even if nothing came behind it. */
	if (w->n_losses && !is_violated(w))
		end_round(w);
	if (!is_violated(w))
		check_echo(w);
	if (!is_violated(w))
		check_all(w, true);
}

static const char *
name_tills(const struct world *w, char out[TEXT_SIZE])
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_tills; i++)
		n += (size_t)snprintf(out + n, TEXT_SIZE - n, "%s%s",
		                      i ? " " : "", w->tills[i].type->word);
	return out;
}

/* What there was of everything, for who wonders whether a seed is worth it. */
static void
print_line(struct world *w, int64_t began_mono_ms)
{
	int64_t sent, accepted, lost;
	char names[TEXT_SIZE] = "";

	hooks_count(w, &sent, &accepted, &lost);
	world_stop(w);
	(void)printf("seed %llu: %s, %s%s, %u items kept at one, %zu "
	             "sales, %zu of "
	             "the shop, %lld hooks (%lld "
	             "taken, %lld lost), kills %lld+%lld, clock steps %lld, "
	             "outages %lld, losses of Redis %lld, answers %lld, faults "
	             "%lld, syncs %lld, imports %lld, decisions %lld, "
	             "explained %lld, %.1f s\n",
	             (unsigned long long)w->seed,
	             is_violated(w) ? "VIOLATED" : "agrees",
	             name_tills(w, names), w->has_lookup ? ", look-ups" : "",
	             w->n_kept_at_till, w->n_orders, w->n_shop, (long long)sent,
	             (long long)accepted, (long long)lost,
	             (long long)w->n_daemon_kills, (long long)w->n_redis_kills,
	             (long long)w->n_steps - w->has_clock,
	             (long long)w->n_outages, (long long)w->n_losses,
	             (long long)w->n_lost_answers, (long long)w->n_faults,
	             (long long)w->n_syncs, (long long)w->n_imports,
	             (long long)w->n_decisions, (long long)w->n_explained,
	             (double)(clock_mono_ms() - began_mono_ms) / 1e3);
}

int
main(int argc, char **argv)
{
	static struct world w = { .seed = 1,
		                  .n_actions = 250,
		                  .may_kill = true };
	struct wishes wishes = { .lookup = -1, .loss = -1, .kept = -1 };
	int64_t began = clock_mono_ms();

	if (!read_options(&w, &wishes, argc, argv))
		return usage();
	(void)signal(SIGPIPE, SIG_IGN);
	if (http_client_setup())
		return 2;
	prepare(&w, &wishes);
	world_start(&w);
	run(&w);
	print_line(&w, began);
	http_client_teardown();
	return is_violated(&w) ? 1 : 0;
}
