/* A gentle stream of sales and receipts; see traffic.h. */
#include "tests/sim/traffic.h"

#include "gateway/base/err.h"
#include "tests/sim/square.h"
#include "tests/sim/tills.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { LOW_STOCK = 12, RECEIPT = 24 };

struct traffic {
	struct sim *sim;
	int64_t pause_ms; /* between two events, on average */
	pthread_t thread;
	pthread_mutex_t lock; /* guards is_stopping */
	pthread_cond_t changed;
	bool is_stopping;
};

/* By the piece one or two; by weight some hundred grams. */
static struct decimal
some_quantity(struct sim *sim, const struct galaxy_item *item)
{
	if (item->n_decimals > 0)
		return decimal_of_scaled(250 + 50 * (int)sim_below(sim, 10), 3);
	return decimal_of(1 + sim_below(sim, 2));
}

/* Sell what the till says is there. */
static void
sell_something(struct sim *sim)
{
	struct square *square = sim->square;
	struct square_sale sale = { .is_announced = true };
	struct square_line *line;
	unsigned wanted = 1 + sim_below(sim, 2);
	unsigned first = sim_below(sim, (unsigned)square->n_variations);
	unsigned i;

	for (i = 0; i < wanted; i++) {
		line = &sale.lines[sale.n_lines];
		line->variation = square->variations[(first + i * 7) %
		                                     square->n_variations];
		line->quantity = some_quantity(sim, line->variation->item);
		if (decimal_cmp(
			    line->variation->shelves[0].counts[SQUARE_IN_STOCK],
			    line->quantity) >= 0 &&
		    (i == 0 || line->variation != sale.lines[0].variation))
			sale.n_lines++;
	}
	if (sale.n_lines > 0)
		square_sell(square, &sale);
}

/* At one of the tills there are, Square being the first. */
static void
sell_somewhere(struct sim *sim)
{
	unsigned n = sim->tills != NULL ? tills_count(sim->tills) : 0;
	unsigned till = n > 0 ? sim_below(sim, n + 1) : 0;
	const struct square_variation *v;

	if (till == 0) {
		sell_something(sim);
		return;
	}
	v = sim->square->variations[sim_below(
		sim, (unsigned)sim->square->n_variations)];
	tills_sell(sim->tills, till - 1, v->item, v->balance);
}

static void
receive_something(struct sim *sim)
{
	struct square *square = sim->square;
	struct square_variation *v;
	struct galaxy_balance *b;
	unsigned tries;

	/* rather something that runs out */
	for (tries = 0; tries < 10; tries++) {
		v = square->variations[sim_below(
			sim, (unsigned)square->n_variations)];
		b = v->balance;
		if (decimal_cmp(b->quantity, decimal_of(LOW_STOCK)) < 0)
			break;
	}
	galaxy_receive(sim->galaxy, v->item, b, decimal_of(RECEIPT));
}

static void
act(struct sim *sim)
{
	pthread_mutex_lock(&sim->lock);
	if (sim->square->n_variations > 0 && !sim->is_paused) {
		if (sim_below(sim, 4) > 0)
			sell_somewhere(sim);
		else
			receive_something(sim);
	}
	pthread_mutex_unlock(&sim->lock);
}

static int64_t
next_pause_ms(struct traffic *t)
{
	int64_t ms;

	pthread_mutex_lock(&t->sim->lock);
	ms = t->pause_ms / 2 + sim_below(t->sim, (unsigned)t->pause_ms + 1);
	pthread_mutex_unlock(&t->sim->lock);
	return ms;
}

/* False: it is over. */
static bool
wait_a_little(struct traffic *t, int64_t ms)
{
	struct timespec until;
	bool goes_on;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += ms % 1000 * 1000000;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&t->lock);
	while (!t->is_stopping &&
	       pthread_cond_timedwait(&t->changed, &t->lock, &until) == 0)
		continue;
	goes_on = !t->is_stopping;
	pthread_mutex_unlock(&t->lock);
	return goes_on;
}

static void *
run_traffic(void *arg)
{
	struct traffic *t = arg;

	while (wait_a_little(t, next_pause_ms(t)))
		act(t->sim);
	return NULL;
}

int
traffic_start(struct traffic **out, struct sim *sim, struct decimal rate)
{
	struct traffic *t = sim_alloc(sizeof(*t));
	struct decimal ms;

	t->sim = sim;
	ms = decimal_mul_div(decimal_of(1000), decimal_of(1), rate, 0,
	                     DECIMAL_CUT);
	if (decimal_to_scaled(&t->pause_ms, ms, 0) != 0 || t->pause_ms < 1)
		t->pause_ms = 1;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
	if (pthread_create(&t->thread, NULL, run_traffic, t) != 0) {
		free(t);
		return err_raise(ERR_OS, "cannot start a thread");
	}
	*out = t;
	return 0;
}

void
traffic_stop(struct traffic *t)
{
	if (t == NULL)
		return;
	pthread_mutex_lock(&t->lock);
	t->is_stopping = true;
	pthread_cond_signal(&t->changed);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
	free(t);
}
