/* Calls that fail, programs that end. */
#include "tests/converge/act.h"
#include "tests/converge/check.h"

#include <signal.h>
#include <string.h>

#include "gateway/base/clock.h"

/* Not among them: what condemns an entry or proves a lie. */
static const struct trouble faults[] = {
	{ "galaxy", "itembalances", "status:500", 3 },
	{ "galaxy", "itembalances", "status:503", 2 },
	{ "galaxy", "itembalances", "html:502", 2 },
	{ "galaxy", "itembalances", "garbage", 2 },
	{ "galaxy", "itembalances", "hang", 1 },
	{ "galaxy", "itembalances", "refuse", 2 },
	{ "galaxy", "itembalances", "reset", 2 },
	{ "galaxy", "itembalances", "truncate", 2 },
	{ "galaxy", "itembalances", "late:500", 2 },
	{ "galaxy", "itembalances", "inside", 1 },
	{ "galaxy", "itembalances", "cut", 2 },
	{ "galaxy", "itembalances", "end:1", 2 },
	{ "galaxy", "postentry", "refuse", 2 },
	{ "galaxy", "postentry", "reset", 2 },
	{ "galaxy", "postentry", "lose_answer", 2 },
	{ "galaxy", "postentry", "lose_answer", 1 },
	{ "galaxy", "postentry", "truncate", 1 },
	{ "galaxy", "postentry", "late:600", 2 },
	{ "galaxy", "postentry", "late:3000", 1 },
	{ "galaxy", "postentry", "hang", 1 },
	{ "galaxy", "postentry", "html:502", 1 },
	{ "galaxy", "postentry", "status:429", 1 },
	{ "galaxy", "postcustomer", "lose_answer", 1 },
	{ "galaxy", "postcustomer", "refuse", 1 },
	{ "galaxy", "auth", "status:503", 1 },
	{ "galaxy", "", "status:503", 3 },
	{ "square", "counts/batch-retrieve", "status:500", 3 },
	{ "square", "counts/batch-retrieve", "garbage", 1 },
	{ "square", "counts/batch-retrieve", "late:500", 2 },
	{ "square", "counts/batch-retrieve", "hang", 1 },
	{ "square", "counts/batch-retrieve", "status:429", 1 },
	{ "square", "changes/batch-create", "lose_answer", 2 },
	{ "square", "changes/batch-create", "reset", 1 },
	{ "square", "changes/batch-create", "status:500", 2 },
	{ "square", "changes/batch-create", "partial:1", 1 },
	{ "square", "changes/batch-create", "late:500", 2 },
	{ "square", "changes/batch-create", "truncate", 1 },
	{ "square", "orders/search", "status:500", 2 },
	{ "square", "orders/search", "truncate", 1 },
	{ "square", "orders/search", "late:500", 1 },
	{ "square", "orders/search", "refuse", 2 },
	{ "square", "orders/batch-retrieve", "status:503", 2 },
	{ "square", "orders/batch-retrieve", "lose_answer", 1 },
	{ "square", "", "refuse", 3 },
	{ "square", "POST /v2/payments", "lose_answer", 2 },
	{ "square", "POST /v2/payments", "refuse", 1 },
	{ "square", "POST /v2/orders", "lose_answer", 2 },
	{ "hiboutik", "", "status:503", 3 },
	{ "hiboutik", "", "refuse", 2 },
	{ "hiboutik", "", "status:429", 1 },
	{ "hiboutik", "stock_available", "garbage", 1 },
	{ "hiboutik", "stock_available", "late:500", 2 },
	{ "hiboutik", "stock_available", "hang", 1 },
	{ "hiboutik", "closed_sales", "truncate", 1 },
	{ "hiboutik", "closed_sales", "status:500", 2 },
	{ "hiboutik", "GET /api/sales", "status:500", 2 },
	{ "hiboutik", "inventory_input", "lose_answer", 2 },
	{ "hiboutik", "inventory_inputs", "lose_answer", 1 },
	{ "hiboutik", "validate", "lose_answer", 1 },
	{ "hiboutik", "validate", "reset", 1 },
	{ "hiboutik", "inventory_input_details", "refuse", 2 },
	{ "lightspeed_x", "", "status:503", 3 },
	{ "lightspeed_x", "", "status:429", 1 },
	{ "lightspeed_x", "GET", "garbage", 1 },
	{ "lightspeed_x", "GET", "late:500", 2 },
	{ "lightspeed_x", "sales", "truncate", 1 },
	{ "lightspeed_x", "inventory", "hang", 1 },
	{ "lightspeed_x", "adjustments", "lose_answer", 2 },
	{ "lightspeed_x", "adjustments", "reset", 1 },
	{ "lightspeed_x", "adjustments", "late:500", 2 },
	{ "lightspeed_r", "", "status:503", 3 },
	{ "lightspeed_r", "", "status:429", 1 },
	{ "lightspeed_r", "Item", "garbage", 1 },
	{ "lightspeed_r", "Item", "hang", 1 },
	{ "lightspeed_r", "Sale", "truncate", 1 },
	{ "lightspeed_r", "PUT", "lose_answer", 2 },
	{ "lightspeed_r", "PUT", "late:500", 2 },
	{ "lightspeed_r", "token", "lose_answer", 1 },
	{ "tipsi", "", "status:503", 3 },
	{ "tipsi", "", "refuse", 2 },
	{ "tipsi", "sync", "lose_answer", 2 },
	{ "tipsi", "sync", "late:500", 1 },
	{ "tipsi", "GET", "garbage", 1 },
	{ "tipsi", "GET", "truncate", 1 },
	{ "tipsi", "login", "status:500", 1 },
};

/* Is there such a system in this run? */
static bool
is_there(const struct world *w, const char *system)
{
	if (!strcmp(system, "galaxy"))
		return true;
	for (size_t till = 0; till < w->n_tills; till++)
		if (!strcmp(system, w->tills[till].type->word))
			return true;
	return false;
}

void
trouble_set(struct world *w, const struct trouble *f, unsigned next)
{
	bool is_square = !strcmp(f->system, "square");
	size_t sim = is_square ? below(w, (unsigned)w->n_sims) : 0;
	bool is_slow = strstr(f->mode, "429") || strstr(f->mode, "partial");

	order_control(w, sim, "faults",
	              "{\"system\":\"%s\",\"path\":\"%s\",\"mode\":\"%s\","
	              "\"next\":%u%s}",
	              f->system, f->path, f->mode, next,
	              is_slow ? ",\"retry_after\":1" : "");
	say(w, "fault: %s %s %s, next %u", f->system, f->path, f->mode, next);
	w->n_faults++;
}

void
trouble_make(struct world *w)
{
	const struct trouble *f;

	do
		f = &faults[below(w, sizeof(faults) / sizeof(*faults))];
	while (!is_there(w, f->system));
	trouble_set(w, f, 1 + below(w, f->next_max));
}

void
trouble_clear(struct world *w)
{
	for (size_t i = 0; i < w->n_sims; i++)
		order_control(w, i, "faults/clear", "{}");
	say(w, "faults cleared");
}

void
trouble_expire_session(struct world *w)
{
	order_control(w, 0, "session/expire", "{\"status\":%d}",
	              percent(w, 50) ? 401 : 403);
	if (w->has_kind[TILL_TIPSI])
		order_control(w, 0, "tipsi/expire", "{}");
	if (w->has_kind[TILL_LIGHTSPEED_R])
		order_control(w, 0, "lightspeed_r/tokens",
		              "{\"expire\":\"access\"}");
	say(w, "sessions expire");
	w->n_faults++;
}

void
trouble_nap(struct world *w, int64_t ms)
{
	int64_t until = clock_mono_ms() + ms;

	while (clock_mono_ms() < until) {
		check_ceiling(w);
		explained_at_any_moment(w);
		clock_sleep_ms(30);
	}
}

void
trouble_take_down(struct world *w)
{
	const struct till *till = &w->tills[below(w, (unsigned)w->n_tills)];
	const struct trouble down = { percent(w, 60) ? "galaxy"
		                                     : till->type->word,
		                      "", percent(w, 70) ? "refuse" : "hang",
		                      1 };

	trouble_set(w, &down, 100000);
	w->n_outages++;
	for (unsigned n = 3 + below(w, 8); n > 0; n--) {
		if (percent(w, 60))
			trade_sell(w);
		else
			trade_change_stock(w);
		trouble_nap(w, 20 + below(w, 150));
	}
	trouble_clear(w);
}

void
trouble_sync(struct world *w, bool is_full)
{
	int status = api_call(w, "POST", "/api/sync",
	                      is_full ? "{\"full\":true}" : "{}", NULL);

	say(w, "%s sync asked for: %d", is_full ? "full" : "catch-up", status);
	w->n_syncs++;
}

/* ---- the end of a process ---- */

/* What happens while it is away, and in the moment that it goes. */
static void
trade_blindly(struct world *w, unsigned n)
{
	for (; n > 0; n--) {
		if (percent(w, 55))
			trade_sell(w);
		else if (percent(w, 30))
			shop_order(w);
		else
			trade_change_stock(w);
		clock_sleep_ms(below(w, 30));
	}
}

static void
restart(struct world *w, int signal_no)
{
	say(w, "%s of the daemon",
	    signal_no == SIGTERM ? "SIGTERM" : "kill -9");
	daemon_end(w, signal_no);
	w->n_daemon_kills += signal_no == SIGKILL;
	trade_blindly(w, below(w, 6));
	daemon_start(w);
	say(w, "the daemon is started");
}

static bool
kill_redis(struct world *w)
{
	bool was_there = redis_kill(w);

	say(w, "kill -9 of Redis: %s", was_there ? "done" : "there was none");
	w->n_redis_kills += was_there;
	return was_there;
}

void
trouble_end_daemon(struct world *w)
{
	trade_blindly(w, 1 + below(w, 3));
	restart(w, percent(w, 12) ? SIGTERM : SIGKILL);
	trouble_nap(w, below(w, 500));
}

/* One that ends while the daemon waits for it to begin is the end of both: who
   supervises the daemon starts it again, and that is another story. */
void
trouble_end_redis(struct world *w)
{
	int64_t until = clock_mono_ms() + w->rest_ms;

	trade_blindly(w, 1 + below(w, 3));
	while (daemon_lives(w) && clock_mono_ms() < until &&
	       (!is_ready(w) || !kill_redis(w)))
		clock_sleep_ms(20);
	trade_blindly(w, 1 + below(w, 4));
	trouble_nap(w, below(w, 500));
}

void
trouble_end_both(struct world *w)
{
	trade_blindly(w, 1 + below(w, 3));
	(void)kill_redis(w);
	trade_blindly(w, below(w, 3));
	restart(w, SIGKILL);
	trouble_nap(w, below(w, 500));
}

/* ---- the clock ---- */

/* The clock of tillbridge's machine is set, or set right again. */
void
trouble_step_clock(struct world *w)
{
	static const int64_t steps_s[] = { 1,   3,   8,    15,   40,
		                           130, 600, 3600, 3600, 7300 };
	int64_t to = steps_s[below(w, sizeof(steps_s) / sizeof(*steps_s))];

	if (!w->has_clock || w->n_steps == CLOCK_STEPS_MAX)
		return;
	if (percent(w, 50))
		to = -to;
	if (w->clock_offset_s && percent(w, 40))
		to = 0;
	trade_blindly(w, below(w, 3));
	say(w, "the clock is set from %+lld s to %+lld s",
	    (long long)w->clock_offset_s, (long long)to);
	clock_set(w, to);
	trade_blindly(w, 1 + below(w, 3));
	trouble_nap(w, below(w, 300));
}

/* ---- loss of Redis ---- */

/*
 * Both end, and Redis' data are gone. What is sold in that hour is sold on
 * time: a later version or a late sale of what closed before is history for
 * a Tillbridge that knows only how far it had confirmed (design.md 4).
 */
void
trouble_lose_redis(struct world *w)
{
	/* What was sold a moment ago is behind the last saved cursor, and has
	   been posted. */
	for (int n = 0; n < 2; n++) {
		trade_sell_told(w);
		if (!rest_reach(w))
			return;
	}
	say(w, "loss of Redis");
	w->n_losses++;
	w->n_kept = w->n_orders;
	daemon_end(w, percent(w, 50) ? SIGTERM : SIGKILL);
	(void)redis_kill(w);
	if (!redis_ends(w))
		give_up(w, "Redis does not end");
	redis_empty(w);
	for (unsigned n = 2 + below(w, 4); n > 0; n--)
		trade_sell(w);
	daemon_start(w);
	if (!wait_ready(w, w->rest_ms))
		violate(w, ITEMS_MAX, SIZE_MAX,
		        "the daemon is not ready after a loss of Redis");
	for (size_t i = 0; i < w->n_items; i++)
		w->items[i].is_imported = false;
	items_import_wanted(w);
}
