/*
 * What must be so of the counts, of echoes and of secrets.
 *
 * Counts are compared as the simulators have them, by arithmetic of our own.
 */
#include "tests/converge/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"

enum {
	UNBOUND_MS = 6000, /* then no write is under way any more */
	ECHO_MS = 2600,
	NONE = ITEMS_MAX,
};

/* ---- counts ---- */

const struct json_node *
json_row(const struct json_node *rows, const char *key, const char *value)
{
	for (size_t i = 0; i < json_length(rows); i++)
		if (!strcmp(value, json_text_or(json_at(rows, i), key, "")))
			return json_at(rows, i);
	return NULL;
}

void
json_copy_text(char *out, size_t size, const struct json_node *row,
               const char *key)
{
	int64_t n = json_number(row, NULL, key);

	if (n >= 0)
		(void)snprintf(out, size, "%lld", (long long)n);
	else
		(void)snprintf(out, size, "%s", json_text_or(row, key, ""));
}

struct decimal
json_amount(const struct json_node *row, const char *key)
{
	struct decimal d = DECIMAL_ZERO;

	(void)json_get_decimal_lax(&d, row, key);
	return d;
}

/* No write after the item was unbound. */
static void
counts_untouched(struct world *w, size_t i, size_t till, int64_t writes)
{
	struct item *item = &w->items[i];

	if (item->is_bound || !item->is_imported || !item->unbound_mono_ms ||
	    clock_mono_ms() - item->unbound_mono_ms < UNBOUND_MS)
		return;
	if (item->writes_then[till] < 0)
		item->writes_then[till] = writes;
	else if (writes != item->writes_then[till])
		violate(w, i, SIZE_MAX, "%s is not bound and was written at %s",
		        item->sku, w->tills[till].name);
}

/* What is only ever sold can never be more than its opening less that. */
static void
check_one_ceiling(struct world *w, size_t i, size_t till,
                  const struct json_node *row)
{
	struct item *item = &w->items[i];
	struct decimal most =
		decimal_sub(item->opening, json_amount(row, "sold"));
	struct decimal count = till_count(w, till, row);
	char shown[DECIMAL_TEXT_SIZE];
	char right[DECIMAL_TEXT_SIZE];

	most = decimal_max(most, DECIMAL_ZERO);
	if (decimal_cmp(count, most) > 0)
		violate(w, i, SIZE_MAX, "%s shows %s of %s where %s are left",
		        w->tills[till].name, decimal_format(shown, count),
		        item->sku, decimal_format(right, most));
}

static void
check_ceiling_at(struct world *w, size_t till, const struct json *state)
{
	const struct json_node *rows = till_counts(w, till, state);

	for (size_t i = 0; i < w->n_items; i++) {
		const struct json_node *row;

		if (!till_has(w, till, i))
			continue;
		row = till_row(w, till, rows, i);
		if (w->items[i].kind == ITEM_SOLD && w->is_open &&
		    !w->tills[till].type->may_lag)
			check_one_ceiling(w, i, till, row);
		counts_untouched(w, i, till, till_writes(w, till, row));
	}
}

void
check_ceiling(struct world *w)
{
	for (size_t sim = 0; sim < w->n_sims; sim++) {
		struct json *doc = control_state(w, sim);

		for (size_t till = 0; till < w->n_tills; till++)
			if (w->tills[till].sim == sim)
				check_ceiling_at(w, till, doc);
		json_free(doc);
	}
}

/* At rest: max(0, balance - reserve). */
static void
check_count(struct world *w, size_t i, size_t till, struct decimal balance,
            const struct json_node *row)
{
	const struct item *item = &w->items[i];
	struct decimal target = decimal_max(
		decimal_sub(balance, decimal_of(item->reserve)), DECIMAL_ZERO);
	struct decimal count = till_count(w, till, row);
	char shown[DECIMAL_TEXT_SIZE];
	char right[DECIMAL_TEXT_SIZE];

	target = decimal_round(target, w->tills[till].type->is_whole ? 0 : 5,
	                       DECIMAL_FLOOR);
	if (decimal_cmp(count, target) != 0)
		violate(w, i, SIZE_MAX, "%s shows %s of %s and should show %s",
		        w->tills[till].name, decimal_format(shown, count),
		        item->sku, decimal_format(right, target));
}

/* The till that keeps it has what came less what went, by whomever sold, and
   nobody ever writes there. */
static void
check_kept(struct world *w, size_t i, const struct json_node *row)
{
	const struct item *item = &w->items[i];
	struct decimal left = decimal_add(item->opening, item->moved);
	char shown[DECIMAL_TEXT_SIZE];
	char right[DECIMAL_TEXT_SIZE];

	left = decimal_sub(left, json_amount(row, "sold"));
	left = decimal_sub(left, json_amount(row, "recorded"));
	if (decimal_cmp(left, json_amount(row, "count")) != 0)
		violate(w, i, SIZE_MAX,
		        "%s keeps %s, has %s of it and should have %s",
		        w->tills[0].name, item->sku,
		        decimal_format(shown, json_amount(row, "count")),
		        decimal_format(right, left));
	if (till_writes(w, 0, row) != 0)
		violate(w, i, SIZE_MAX, "%s keeps %s, and it was written there",
		        w->tills[0].name, item->sku);
}

/* What is left of an item where it is kept; false: nobody was told yet. */
static bool
find_balance(struct world *w, const struct item *item,
             const struct json_node *galaxy, const struct json_node *keeper,
             bool is_whole, struct decimal *out)
{
	const struct json_node *row =
		item->is_kept_at_till
			? json_row(keeper, "variation", item->variation[0])
			: json_row(galaxy, "code", item->code);

	if (!row)
		give_up(w, "the simulator forgot an item");
	*out = json_amount(row, item->is_kept_at_till ? "count" : "balance");
	return is_whole ||
	       news_is_told(w, item->is_kept_at_till ? &item->till[0]
	                                             : &item->galaxy);
}

static void
check_counts(struct world *w, const struct json_node *galaxy,
             const struct json_node *keeper, size_t till,
             const struct json_node *rows, bool is_whole)
{
	for (size_t i = 0; i < w->n_items; i++) {
		struct item *item = &w->items[i];
		const struct json_node *here;
		struct decimal balance;
		bool is_told = find_balance(w, item, galaxy, keeper, is_whole,
		                            &balance);

		if (!till_has(w, till, i))
			continue;
		here = till_row(w, till, rows, i);
		if (item->is_kept_at_till && till == 0) {
			check_kept(w, i, here);
			continue;
		}
		counts_untouched(w, i, till, till_writes(w, till, here));
		if (item->is_bound && item->is_imported &&
		    (is_whole ||
		     (is_told && news_is_told(w, &item->till[till]))))
			check_count(w, i, till, balance, here);
	}
}

/* ---- overselling ---- */

static bool
is_listed(const struct json_node *oversold, const char *sku)
{
	return json_row(json_find(oversold, "items"), "sku", sku) != NULL;
}

/*
 * Who sold more than there was is told of, and nothing else is. Only of what is
 * sold and nothing else is it sure that a sale made it negative; a till that keeps
 * it may have sold it itself, before its own eyes; and what was known of that
 * before a loss of Redis is lost.
 */
static void
check_oversold(struct world *w, const struct json_node *galaxy,
               const struct json_node *keeper)
{
	struct json *doc = NULL;
	const struct json_node *oversold;

	if (api_call(w, "GET", "/api/status", NULL, &doc) != 200) {
		violate(w, NONE, SIZE_MAX, "no status at rest");
		return;
	}
	oversold = json_find(json_root(doc), "oversold");
	for (size_t i = 0; i < w->n_items; i++) {
		const struct item *item = &w->items[i];
		struct decimal balance;
		bool is_short, is_told;

		(void)find_balance(w, item, galaxy, keeper, true, &balance);
		is_short = decimal_is_negative(balance);
		is_told = is_listed(oversold, item->sku);
		if (is_told && !is_short)
			violate(w, i, SIZE_MAX,
			        "%s is said to be oversold and is not",
			        item->sku);
		if (!is_told && is_short && item->kind == ITEM_SOLD &&
		    !item->is_kept_at_till && !w->n_losses)
			violate(w, i, SIZE_MAX,
			        "%s is oversold and nobody is told", item->sku);
	}
	json_free(doc);
}

static void
check_all_counts(struct world *w, const struct json_node *galaxy,
                 const struct json_node *keeper, bool is_whole)
{
	for (size_t till = 0; till < w->n_tills; till++) {
		struct json *state = till_state(w, till);

		check_counts(w, galaxy, keeper, till,
		             till_counts(w, till, state), is_whole);
		json_free(state);
	}
}

void
check_counts_told(struct world *w)
{
	struct json *doc = control_state(w, 0);

	check_all_counts(w, json_path(json_root(doc), "galaxy.items"),
	                 json_path(json_root(doc), "square.counts"), false);
	json_free(doc);
}

void
check_all(struct world *w, bool is_whole)
{
	struct json *doc = control_state(w, 0);
	const struct json_node *galaxy =
		json_path(json_root(doc), "galaxy.items");
	const struct json_node *keeper =
		json_path(json_root(doc), "square.counts");

	books_check(w);
	sales_check(w, json_root(doc), is_whole);
	check_all_counts(w, galaxy, keeper, is_whole);
	if (is_whole) {
		check_oversold(w, galaxy, keeper);
		explained_at_rest(w);
	}
	if (json_number(json_path(json_root(doc), "galaxy"), NULL,
	                "refused_posts") != 0)
		violate(w, NONE, SIZE_MAX, "Galaxy refused a document");
	json_free(doc);
}

/* ---- echo ---- */

static int64_t
count_writes(struct world *w)
{
	int64_t n = 0;

	for (size_t till = 0; till < w->n_tills; till++) {
		struct json *doc = till_state(w, till);
		const struct json_node *rows = till_counts(w, till, doc);

		for (size_t i = 0; i < json_length(rows); i++)
			n += till_writes(w, till, json_at(rows, i));
		json_free(doc);
	}
	return n;
}

static int64_t
count_posts(struct world *w)
{
	struct json *doc = control_state(w, 0);
	int64_t n = (int64_t)json_length(
		json_path(json_root(doc), "galaxy.entries"));

	json_free(doc);
	return n;
}

void
check_echo(struct world *w)
{
	int64_t writes = count_writes(w);
	int64_t posts = count_posts(w);
	int64_t until = clock_mono_ms() + ECHO_MS;

	for (size_t i = 0; i < w->n_items; i += 2)
		for (size_t till = 0; till < w->n_tills; till++)
			hooks_add(w, &(struct hook){ .kind = HOOK_COUNT,
			                             .item = i,
			                             .till = till,
			                             .tries = 5 });
	for (size_t i = 0; i < w->n_orders; i += 1 + w->n_orders / 20)
		if (!w->orders[i].is_return)
			hooks_add(w, &(struct hook){ .kind = HOOK_PAYMENT,
			                             .order = i,
			                             .till = w->orders[i].till,
			                             .tries = 5 });
	while (clock_mono_ms() < until || !hooks_are_idle(w))
		clock_sleep_ms(50);
	if (!rest_reach(w))
		return;
	if (count_writes(w) != writes)
		violate(w, NONE, SIZE_MAX, "at rest hooks caused %lld writes",
		        (long long)(count_writes(w) - writes));
	if (count_posts(w) != posts)
		violate(w, NONE, SIZE_MAX, "at rest hooks caused %lld entries",
		        (long long)(count_posts(w) - posts));
}

/* ---- secrets ---- */

static void
search_file(struct world *w, const char *name)
{
	char *path = text_format("%s/%s", w->dir, name);
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;

	while (f && getline(&line, &cap, f) >= 0)
		for (size_t i = 0; i < SECRETS; i++)
			if (strstr(line, w->secrets[i]))
				violate(w, NONE, SIZE_MAX, "a secret is in %s",
				        name);
	if (f)
		(void)fclose(f);
	free(line);
	free(path);
}

void
check_secrets(struct world *w)
{
	static const char *const names[] = { "daemon.log",     "daemon.out.log",
		                             "cli.log",        "sim0.log",
		                             "sim1.log",       "sim0.out",
		                             "state/redis.log" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		search_file(w, names[i]);
}
