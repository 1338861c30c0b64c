/*
 * Galaxy says 0 for most items at once (promise 4), at a moment of rest.
 *
 * Found by a sync it is taken for a mistake and waits for a person, who either
 * says that it is so, or sees to it that Galaxy is put right. Told of by hooks
 * it is believed.
 */
#include "tests/converge/act.h"
#include "tests/converge/check.h"

#include <stdio.h>
#include <string.h>

enum {
	ZEROED_MIN = 10, /* stock.zero_guard_min */
	STOCK_UP = 10,
	NONE = ITEMS_MAX,
};

enum way { BY_HOOKS, RELEASED, CORRECTED };

struct zeroed {
	size_t item;
	struct decimal balance; /* before */
};

struct play {
	struct zeroed items[ITEMS_MAX];
	size_t n;
};

/* What Galaxy has of those that are bound, and may change in Galaxy. */
static void
read_balances(struct world *w, struct play *p)
{
	struct json *doc = control_state(w, 0);
	const struct json_node *rows =
		json_path(json_root(doc), "galaxy.items");

	p->n = 0;
	for (size_t i = 0; i < w->n_items; i++) {
		const struct item *item = &w->items[i];
		const struct json_node *row =
			json_row(rows, "code", item->code);

		if (item->kind == ITEM_SOLD || item->is_kept_at_till ||
		    !item->is_bound || !item->is_imported || !row)
			continue;
		p->items[p->n++] =
			(struct zeroed){ i, json_amount(row, "balance") };
	}
	json_free(doc);
}

static void
tell(struct world *w, size_t item)
{
	hooks_add(w, &(struct hook){
			     .kind = HOOK_GALAXY, .item = item, .tries = 5 });
}

/* So that each of them is worth a zero. False: too few are bound. First every
   sale is found that nobody told of: a look for one is never held, and would
   leave fewer to hold. */
static bool
stock_up(struct world *w, struct play *p)
{
	trouble_sync(w, true);
	if (!rest_reach(w))
		return false;
	read_balances(w, p);
	for (size_t i = 0; i < p->n; i++) {
		struct zeroed *z = &p->items[i];
		int64_t least = w->items[z->item].reserve + 1;

		while (decimal_cmp(z->balance, decimal_of(least)) < 0) {
			z->balance =
				decimal_add(z->balance, decimal_of(STOCK_UP));
			trade_receive(w, z->item, STOCK_UP);
		}
		tell(w, z->item);
	}
	return p->n >= ZEROED_MIN && rest_reach(w);
}

static void
set_balance(struct world *w, size_t item, struct decimal to)
{
	char text[DECIMAL_TEXT_SIZE];

	order_control(w, 0, "galaxy/balance",
	              "{\"code\":\"%s\",\"balance\":\"%s\"}",
	              w->items[item].code, decimal_format(text, to));
	news_changed(w, &w->items[item].galaxy);
}

static int64_t
held_zeros(struct world *w, size_t till)
{
	struct json *doc = NULL;
	int64_t n = -1;

	if (api_call(w, "GET", "/api/status", NULL, &doc) == 200)
		n = json_number(json_row(json_find(json_root(doc), "accounts"),
		                         "name", w->tills[till].name),
		                NULL, "held_zeros");
	json_free(doc);
	return n;
}

/* How many of them a till has. */
static size_t
zeros_at(const struct world *w, const struct play *p, size_t till)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += till_has(w, till, p->items[i].item);
	return n;
}

/* Nothing was written of what is held; all of it is held. */
static void
expect_held(struct world *w, const struct play *p, size_t till)
{
	struct json *doc = till_state(w, till);
	const struct json_node *rows = till_counts(w, till, doc);
	int64_t n = held_zeros(w, till);

	for (size_t i = 0; i < p->n; i++) {
		size_t item = p->items[i].item;

		if (till_has(w, till, item) &&
		    decimal_is_zero(
			    till_count(w, till, till_row(w, till, rows, item))))
			violate(w, item, SIZE_MAX,
			        "%s shows 0 of %s, although Galaxy's zeros "
			        "wait for a person",
			        w->tills[till].name, w->items[item].sku);
	}
	if (n != (int64_t)zeros_at(w, p, till))
		violate(w, NONE, SIZE_MAX, "%s: %lld zeros are held, not %zu",
		        w->tills[till].name, (long long)n,
		        zeros_at(w, p, till));
	json_free(doc);
}

static void
decide(struct world *w, const struct play *p, const char *verb)
{
	for (size_t till = 0; till < w->n_tills; till++) {
		char path[100];
		int status;

		if (zeros_at(w, p, till) < ZEROED_MIN)
			continue; /* they were written */
		(void)snprintf(path, sizeof(path), "/api/dead/hold%%2F%s/%s",
		               w->tills[till].name, verb);
		status = api_call(w, "POST", path, "", NULL);
		say(w, "a person: %s of the zeros at %s: %d", verb,
		    w->tills[till].name, status);
		w->n_decisions++;
		if (status != 200)
			violate(w, NONE, SIZE_MAX, "%s: %d", path, status);
	}
}

/* Corrected first, or dropped first: both are a way to go. */
static void
correct(struct world *w, const struct play *p)
{
	bool is_first = percent(w, 50);

	/* Then nothing is due, and a person wants it so, until the sync. */
	w->has_dropped_zeros = true;
	if (!is_first)
		decide(w, p, "drop");
	for (size_t i = 0; i < p->n; i++)
		set_balance(w, p->items[i].item, p->items[i].balance);
	say(w, "Galaxy is put right");
	if (is_first)
		decide(w, p, "drop");
	trouble_sync(w, percent(w, 50));
}

static void
play(struct world *w, enum way way)
{
	struct play p;

	if (!stock_up(w, &p))
		return;
	say(w, "play: Galaxy says 0 for %zu items, %s", p.n,
	    way == BY_HOOKS   ? "by hooks"
	    : way == RELEASED ? "and it is so"
	                      : "by mistake");
	for (size_t i = 0; i < p.n; i++) {
		set_balance(w, p.items[i].item, DECIMAL_ZERO);
		if (way == BY_HOOKS)
			tell(w, p.items[i].item);
	}
	if (way != BY_HOOKS)
		trouble_sync(w, percent(w, 50));
	w->holds_wait = true;
	if (!rest_reach(w))
		return;
	w->holds_wait = false;
	for (size_t till = 0; till < w->n_tills && way != BY_HOOKS; till++)
		if (zeros_at(w, &p, till) >= ZEROED_MIN)
			expect_held(w, &p, till);
	if (is_violated(w))
		return;
	if (way == RELEASED)
		decide(w, &p, "retry");
	else if (way == CORRECTED)
		correct(w, &p);
	/* The caller's check of everything sees whether the tills followed;
	   this one sees that no sync was needed for it. */
	if (rest_reach(w) && way != CORRECTED)
		check_all(w, false);
	w->has_dropped_zeros = false;
}

void
guard_play(struct world *w)
{
	if (percent(w, 30))
		play(w, BY_HOOKS);
	if (!is_violated(w))
		play(w, percent(w, 50) ? RELEASED : CORRECTED);
}
