/*
 * Galaxy, balances: of whom, and how many.
 *
 * Does      GET /services/sync/itembalances?ids=[...], a few items a call.
 * Ids       Nobody has published which of an item's two GUIDs a balance row
 *           carries. The first row that tells decides, and the fact is kept
 *           as the note "balance_id"; every full sync learns it afresh.
 * Zero      Absence of a row proves nothing (galaxy.md 7.8), unless the
 *           configuration says so and the answer was whole and not empty.
 * Variants  One item gives a row per variant. Rows are never added up: a row
 *           belongs to exactly the item and dimensions that it names, and an
 *           item bound without its dimensions stays unknown.
 * Packs     Share the rows of their single (galaxy_packs.c): an item is asked
 *           for once, whatever hangs on it.
 * Mirror    What was read on the way is newer than what a list brought, so the
 *           rows go into the mirror at once.
 */
#include "adapters/galaxy.h"

#include "gateway/base/err.h"
#include "gateway/ports/mirror.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char note_name[] = "balance_id";

int
galaxy_kind_load(struct galaxy *g, enum galaxy_kind *out)
{
	struct buf text = BUF_INIT;
	int r = mirror_note_get(g->env.mirror, &text, note_name);

	*out = GALAXY_KIND_UNKNOWN;
	if (r == 0 && strcmp(buf_text(&text), "ItemID") == 0)
		*out = GALAXY_KIND_ITEM;
	else if (r == 0 && strcmp(buf_text(&text), "ID") == 0)
		*out = GALAXY_KIND_ROW;
	buf_fini(&text);
	return r == MIRROR_ABSENT ? 0 : err_pass(r);
}

int
galaxy_kind_save(struct galaxy *g, enum galaxy_kind kind)
{
	enum galaxy_kind known;
	int r = galaxy_kind_load(g, &known);

	if (r || known == kind || kind == GALAXY_KIND_UNKNOWN)
		return err_pass(r);
	return err_pass(
		mirror_note_set(g->env.mirror, note_name,
	                        kind == GALAXY_KIND_ITEM ? "ItemID" : "ID"));
}

/* The other GUID of an item; "" when the mirror does not know the item. */
static int
row_id_of(struct galaxy *g, char out[GALAXY_ID_SIZE], const char *item)
{
	struct json *doc = NULL;
	int r = galaxy_read_row(g, &doc, "items", item);

	out[0] = '\0';
	if (!r && !galaxy_member_id(out, json_root(doc), "ID"))
		out[0] = '\0';
	json_free(doc);
	return r < 0 ? err_pass(r) : 0;
}

/* ---- rows of an unfiltered list ---- */

static int
bad_row(struct galaxy_list *list, const char *what, const char *id)
{
	(void)snprintf(list->problem, sizeof(list->problem), "%s %.40s", what,
	               id);
	return GALAXY_BAD_ROW;
}

/* Ids that mean two things at once: no figure is anybody's (galaxy.md 9). */
static int
bad_list(struct galaxy_list *list, const char *what, const char *id)
{
	(void)bad_row(list, what, id);
	return GALAXY_BAD_LIST;
}

/* The item whose row carries this id, by whatever GUID. */
static int
item_by_name(struct galaxy_balances *b, struct galaxy_list *list,
             char item[GALAXY_ID_SIZE], const char *id)
{
	struct buf key = BUF_INIT;
	char row[GALAXY_ID_SIZE];
	int r = mirror_find_name(b->g->env.mirror, &key, "items", id);
	bool is_key;

	if (r == MIRROR_AMBIGUOUS)
		r = bad_list(list, "a balance whose ID names two items:", id);
	else if (r == 0 && !galaxy_id(item, buf_text(&key)))
		r = MIRROR_ABSENT;
	buf_fini(&key);
	if (r)
		return r > 0 ? r : err_pass(r);
	if (b->kind != GALAXY_KIND_UNKNOWN)
		return 0;
	is_key = strcmp(item, id) == 0;
	r = is_key ? row_id_of(b->g, row, item) : 0;
	if (!r && !is_key)
		b->kind = GALAXY_KIND_ROW;
	else if (!r && row[0] && strcmp(row, id) != 0)
		b->kind = GALAXY_KIND_ITEM;
	return err_pass(r);
}

int
galaxy_balance_of(struct galaxy_balances *b, struct galaxy_list *list,
                  const struct json_node *row,
                  char external[GALAXY_EXTERNAL_SIZE], struct decimal *qty)
{
	char id[GALAXY_ID_SIZE];
	char item[GALAXY_ID_SIZE];
	int r = 0;

	if (!galaxy_member_id(id, row, "ID") || !id[0])
		return bad_row(list, "a balance without ID", "");
	if (b->kind == GALAXY_KIND_ITEM)
		memcpy(item, id, sizeof(item));
	else
		r = item_by_name(b, list, item, id);
	if (r)
		return r;
	if (!galaxy_external(external, item, row))
		return bad_row(list, "a balance with a strange variant, of",
		               id);
	if (json_get_decimal_lax(qty, row, "Balance"))
		return MIRROR_ABSENT;
	return 0;
}

/* ---- rows asked for by id ---- */

/* One count that is asked for, and what its rows showed. */
struct asked {
	struct count *count;
	char item[GALAXY_ID_SIZE]; /* ItemID */
	char row[GALAXY_ID_SIZE];  /* ID; "" while not needed */
	const char *variant;       /* ":dim…" or "", perhaps with "*6" behind
	                              it; borrowed */
	size_t n_variant;          /* without that */
	int64_t pack;              /* 1: a single */
	unsigned n_rows;           /* that were exactly it */
	bool has_other_form;       /* its item has rows with and without dims */
	bool has_figure;
	struct decimal qty;
};

struct asking {
	struct galaxy *g;
	struct asked *asked; /* by item */
	size_t n;
	enum galaxy_kind kind; /* as known or learned */
	int64_t rows;
	int64_t n_bad;
};

static bool
is_same_item(const struct asked *a, const struct asked *b)
{
	return strcmp(a->item, b->item) == 0;
}

static bool
is_named(const struct asking *asking, const struct asked *asked, const char *id)
{
	bool by_item = strcmp(asked->item, id) == 0;
	bool by_row = asked->row[0] && strcmp(asked->row, id) == 0;

	switch (asking->kind) {
	case GALAXY_KIND_ITEM: return by_item;
	case GALAXY_KIND_ROW: return by_row;
	case GALAXY_KIND_UNKNOWN: break;
	}
	return by_item || by_row;
}

static void
learn(struct asking *asking, const struct asked *asked, const char *id)
{
	if (asking->kind != GALAXY_KIND_UNKNOWN || !asked->row[0] ||
	    strcmp(asked->row, asked->item) == 0)
		return;
	asking->kind = strcmp(asked->item, id) == 0 ? GALAXY_KIND_ITEM
	                                            : GALAXY_KIND_ROW;
}

/* Hand one row to who asked for exactly it. */
static void
take_figure(struct asked *asked, const char *variant,
            const struct json_node *row)
{
	if ((variant[0] == '\0') != (asked->n_variant == 0))
		asked->has_other_form = true;
	if (strlen(variant) != asked->n_variant ||
	    memcmp(variant, asked->variant, asked->n_variant) != 0)
		return;
	asked->n_rows++;
	asked->has_figure =
		json_get_decimal_lax(&asked->qty, row, "Balance") == 0;
}

/*
 * While a list is on its way into the mirror the row is written even when it
 * is there already: the list may hold an older one.
 */
static int
keep_row(struct galaxy *g, const struct galaxy_list *list, const char *id,
         const char *key)
{
	const char *const names[] = { id };
	const struct mirror_row row = { .key = key,
		                        .json = list->text,
		                        .n_json = list->n_text,
		                        .names = names,
		                        .n_names = 1 };
	struct buf known = BUF_INIT;
	bool is_known;
	int r = mirror_get(g->env.mirror, &known, "itembalances", key);

	is_known = r == 0 && known.n == list->n_text &&
	           memcmp(buf_text(&known), list->text, known.n) == 0;
	buf_fini(&known);
	if (r < 0 || (is_known && g->n_idling == 0))
		return err_pass(r);
	return err_pass(mirror_put_now(g->env.mirror, "itembalances", &row));
}

static int
take_asked(struct galaxy_list *list, const struct json_node *row)
{
	struct asking *asking = list->ctx;
	char id[GALAXY_ID_SIZE];
	char key[GALAXY_EXTERNAL_SIZE];

	if (!galaxy_member_id(id, row, "ID") || !id[0])
		return bad_row(list, "a balance without ID", "");
	if (!galaxy_external(key, id, row))
		return bad_row(list, "a balance with a strange variant, of",
		               id);
	for (size_t i = 0; i < asking->n; i++) {
		struct asked *asked = &asking->asked[i];

		if (!is_named(asking, asked, id))
			continue;
		learn(asking, asked, id);
		take_figure(asked, key + strlen(id), row);
	}
	return keep_row(asking->g, list, id, key);
}

/* `ids=[a,b]`, every item once, brackets as they are (galaxy.md 3). */
static bool
add_ids(struct buf *url, const struct asking *asking, enum galaxy_kind by)
{
	bool has_any = false;

	galaxy_param(url, "ids", "[");
	for (size_t i = 0; i < asking->n; i++) {
		const struct asked *asked = &asking->asked[i];
		const char *id =
			by == GALAXY_KIND_ROW ? asked->row : asked->item;

		if (!id[0] || (i > 0 && is_same_item(asked - 1, asked)))
			continue;
		buf_addf(url, "%s%s", has_any ? "," : "", id);
		has_any = true;
	}
	buf_addc(url, ']');
	return has_any;
}

static struct outcome
ask_by(struct asking *asking, enum galaxy_kind by)
{
	struct galaxy *g = asking->g;
	struct galaxy_list list = { .row = take_asked, .ctx = asking };
	struct buf url = BUF_INIT;
	struct outcome outcome = outcome_done();

	galaxy_url(&url, g, "itembalances", "/services/sync/itembalances");
	galaxy_param_scenario(&url, g);
	if (add_ids(&url, asking, by))
		outcome = buf_check(&url)
		                  ? outcome_fault(ERR_NOMEM)
		                  : galaxy_read_list(g, buf_text(&url), &list);
	asking->rows = list.rows;
	asking->n_bad = list.n_bad;
	buf_fini(&url);
	return outcome;
}

/*
 * While it is unknown which GUID counts, an empty answer means that it was
 * the wrong one, so the other is tried (galaxy.md 9).
 */
static struct outcome
ask(struct asking *asking)
{
	enum galaxy_kind known = asking->kind;
	struct outcome outcome = ask_by(asking, known);

	if (outcome.verdict == VERDICT_DONE && asking->rows == 0 &&
	    known == GALAXY_KIND_UNKNOWN)
		outcome = ask_by(asking, GALAXY_KIND_ROW);
	if (outcome.verdict == VERDICT_DONE && asking->kind != known) {
		int r = galaxy_kind_save(asking->g, asking->kind);

		if (r)
			return outcome_fault(r);
	}
	return outcome;
}

/*
 * Two rows for one variant contradict each other or mean two warehouses:
 * neither is a figure to sell by. A row that could not be read may have been
 * the one that is missing.
 */
static void
settle(const struct asking *asking, bool absent_is_zero)
{
	for (size_t i = 0; i < asking->n; i++) {
		const struct asked *asked = &asking->asked[i];
		struct count *count = asked->count;
		bool is_mixed = asked->has_other_form && asked->n_variant == 0;

		if (asked->n_rows == 1 && asked->has_figure && !is_mixed) {
			count->qty = galaxy_pack_count(asked->qty, asked->pack);
			count->is_known = true;
		} else if (asked->n_rows == 0 && absent_is_zero &&
		           asking->rows > 0 && asking->n_bad == 0 &&
		           !asked->has_other_form &&
		           asking->kind != GALAXY_KIND_UNKNOWN) {
			count->qty = DECIMAL_ZERO;
			count->is_known = true;
		}
	}
}

static struct outcome
read_some(struct asking *asking)
{
	const char *absent = conf_text(asking->g->env.conf, "absent_balance");
	struct outcome outcome;
	int r = 0;

	for (size_t i = 0; i < asking->n && !r; i++) {
		struct asked *asked = &asking->asked[i];

		if (asking->kind == GALAXY_KIND_ITEM)
			asked->row[0] = '\0'; /* not needed */
		else if (i > 0 && is_same_item(asked - 1, asked))
			memcpy(asked->row, asked[-1].row, sizeof(asked->row));
		else
			r = row_id_of(asking->g, asked->row, asked->item);
	}
	outcome = r ? outcome_fault(r) : ask(asking);
	if (outcome.verdict == VERDICT_DONE)
		settle(asking, strcmp(absent, "zero") == 0);
	return outcome;
}

static int
by_item(const void *a, const void *b)
{
	const struct asked *x = a;
	const struct asked *y = b;

	return strcmp(x->item, y->item);
}

static struct asked *
prepare(struct count *counts, size_t n)
{
	struct asked *all = calloc(n, sizeof(*all));

	for (size_t i = 0; i < n; i++)
		counts[i].is_known = false;
	for (size_t i = 0; i < n && all; i++) {
		const char *external = counts[i].external;
		struct asked *asked = &all[i];
		size_t n_base;

		asked->count = &counts[i];
		asked->pack = galaxy_external_pack(external, &n_base);
		asked->variant = galaxy_external_item(asked->item, external);
		asked->n_variant = n_base - (size_t)(asked->variant - external);
	}
	if (all)
		qsort(all, n, sizeof(*all), by_item);
	return all;
}

/* All that belong to the first max items of these. */
static size_t
count_some(const struct asked *asked, size_t n, size_t max)
{
	size_t n_items = 1;
	size_t i = 1;

	for (; i < n; i++) {
		n_items += !is_same_item(&asked[i - 1], &asked[i]);
		if (n_items > max)
			break;
	}
	return i;
}

struct outcome
galaxy_read_counts(void *state, struct count *counts, size_t n)
{
	struct galaxy *g = state;
	size_t step = (size_t)conf_int(g->env.conf, "ids_per_request");
	struct asked *all = prepare(counts, n);
	struct asking asking = { .g = g, .asked = all };
	struct outcome outcome = galaxy_ready(g);
	int r = all ? galaxy_kind_load(g, &asking.kind)
	            : err_raise(ERR_NOMEM, "balances");

	if (r)
		outcome = outcome_fault(r);
	for (size_t i = 0; i < n && outcome.verdict == VERDICT_DONE;
	     i += asking.n) {
		asking.asked = all + i;
		asking.n = count_some(all + i, n - i, step);
		outcome = read_some(&asking);
	}
	for (size_t i = 0; i < n && outcome.verdict != VERDICT_DONE; i++)
		counts[i].is_known = false;
	free(all);
	return outcome;
}
