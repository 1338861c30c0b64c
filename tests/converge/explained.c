/*
 * Why each channel shows what it shows, asked at any moment: the answer must
 * follow from itself, and at rest from what the simulators have.
 */
#include "tests/converge/check.h"

#include <string.h>

enum {
	NONE = ITEMS_MAX,
	PLACES = 5, /* of a till that has parts of pieces */
	WELL = 200,
};

/* The answer about an item; NULL: there is none, as while the daemon or Redis
   is down. The caller frees it. */
static struct json *
ask_why(struct world *w, size_t item)
{
	struct json *doc = NULL;
	struct buf path = BUF_INIT;

	buf_adds(&path, "/api/items/");
	buf_add_url(&path, w->items[item].sku);
	buf_adds(&path, "/timeline");
	if (api_call(w, "GET", buf_text(&path), NULL, &doc) != WELL) {
		json_free(doc);
		doc = NULL;
	}
	buf_fini(&path);
	return doc;
}

static const struct till *
till_named(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->n_tills; i++)
		if (!strcmp(w->tills[i].name, name))
			return &w->tills[i];
	return NULL;
}

static bool
has_number(const struct json_node *row, const char *key)
{
	const struct json_node *node = json_find(row, key);

	return node && json_type(node) != JSON_NULL;
}

/* What a channel should show is what is left by the same answer: of a balance
   that is not known nothing follows. */
static void
check_sum(struct world *w, size_t item, const struct json_node *answer,
          const struct json_node *channel)
{
	const char *name = json_text_or(channel, "account", "");
	const struct till *till = till_named(w, name);
	struct decimal left = json_amount(answer, "balance");
	char right[DECIMAL_TEXT_SIZE];
	char told[DECIMAL_TEXT_SIZE];

	if (!till || !has_number(channel, "target"))
		return;
	if (!has_number(answer, "balance")) {
		violate(w, item, SIZE_MAX,
		        "%s should show something of %s, whose balance is not "
		        "known",
		        name, w->items[item].sku);
		return;
	}
	left = decimal_sub(left, json_amount(answer, "pending"));
	left = decimal_sub(left, json_amount(channel, "reserve"));
	left = decimal_round(decimal_max(left, DECIMAL_ZERO),
	                     till->type->is_whole ? 0 : PLACES, DECIMAL_FLOOR);
	if (decimal_cmp(left, json_amount(channel, "target")) != 0)
		violate(w, item, SIZE_MAX,
		        "%s should show %s of %s by the same answer, not %s",
		        name, decimal_format(right, left), w->items[item].sku,
		        decimal_format(told, json_amount(channel, "target")));
}

/* Whoever shows something else has a reason, and a way out of it: it would
   stay so until somebody compares. */
static bool
has_reason(const struct json_node *channel)
{
	const char *says = json_text_or(channel, "conclusion", "");

	return *says && !strstr(says, "no look is due");
}

/* True: every channel of the answer has its reason. Else, when it is the last
   word, that is a violation. */
static bool
check_answer(struct world *w, size_t item, const struct json_node *answer,
             bool is_last)
{
	const struct json_node *channels = json_find(answer, "channels");
	bool are_all = true;

	for (size_t i = 0; i < json_length(channels); i++) {
		const struct json_node *channel = json_at(channels, i);

		check_sum(w, item, answer, channel);
		if (has_reason(channel))
			continue;
		are_all = false;
		if (is_last)
			violate(w, item, SIZE_MAX,
			        "%s is not explained: \"%s\"",
			        json_text_or(channel, "account", ""),
			        json_text_or(channel, "conclusion", ""));
	}
	return are_all;
}

/* Twice, if need be: an item that is bound anew between two of the facts has
   them of two moments. */
void
explained_at_any_moment(struct world *w)
{
	size_t item = w->n_asked++ % w->n_items;
	bool is_explained = !w->items[item].is_imported || w->has_dropped_zeros;

	for (int i = 0; i < 2 && !is_explained; i++) {
		struct json *doc = ask_why(w, item);

		if (!doc)
			return;
		w->n_explained++;
		is_explained = check_answer(w, item, json_root(doc), i == 1);
		json_free(doc);
	}
}

/* It shows what it should, nothing is in the way, and the till has so many. */
static void
check_settled(struct world *w, size_t item, const struct json_node *channel,
              struct decimal count)
{
	const char *says = json_text_or(channel, "conclusion", "");
	char has[DECIMAL_TEXT_SIZE];

	if (!has_number(channel, "published") ||
	    !has_number(channel, "target") ||
	    decimal_cmp(json_amount(channel, "published"),
	                json_amount(channel, "target")) != 0 ||
	    decimal_cmp(json_amount(channel, "published"), count) != 0)
		violate(w, item, SIZE_MAX,
		        "%s has %s of %s at rest, and is explained as \"%s\"",
		        json_text_or(channel, "account", ""),
		        decimal_format(has, count), w->items[item].sku, says);
}

static void
check_till(struct world *w, size_t till, const struct json *state)
{
	const struct json_node *rows = till_counts(w, till, state);

	for (size_t i = 0; i < w->n_items && !is_violated(w); i++) {
		const struct item *item = &w->items[i];
		struct json *doc;
		const struct json_node *channel;

		if (!till_has(w, till, i) || !item->is_bound ||
		    !item->is_imported || (item->is_kept_at_till && till == 0))
			continue;
		doc = ask_why(w, i);
		channel = doc ? json_row(json_find(json_root(doc), "channels"),
		                         "account", w->tills[till].name)
		              : NULL;
		if (channel)
			check_settled(w, i, channel,
			              till_count(w, till,
			                         till_row(w, till, rows, i)));
		else
			violate(w, i, SIZE_MAX, "nobody explains what %s shows",
			        w->tills[till].name);
		json_free(doc);
	}
}

void
explained_at_rest(struct world *w)
{
	for (size_t till = 0; till < w->n_tills; till++) {
		struct json *state = till_state(w, till);

		check_till(w, till, state);
		json_free(state);
	}
}
