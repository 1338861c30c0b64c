/*
 * Which thing at an account is which item here.
 *
 * Everything is compared through sorted lists of keys, so that a hundred
 * thousand things and items take a second and not a day.
 */
#include "gateway/model/match.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/buf.h"
#include "gateway/base/err.h"
#include "gateway/base/fold.h"

enum { NAMED_MAX = 3 }; /* candidates that a person is told of */

/* ---- a list of keys ---- */

struct key {
	char *text; /* owned */
	size_t of;  /* the number of who has it */
};

struct keys {
	struct key *v; /* owned; sorted by text, then of */
	size_t n;
	size_t cap;
};

static void
keys_clear(struct keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		free(keys->v[i].text);
	keys->n = 0;
}

static void
keys_fini(struct keys *keys)
{
	keys_clear(keys);
	free(keys->v);
	*keys = (struct keys){ .v = NULL };
}

/* text is taken; NULL is out of memory. */
static int
keys_take(struct keys *keys, char *text, size_t of)
{
	if (text && keys->n == keys->cap) {
		size_t cap = keys->cap ? keys->cap * 2 : 64;
		struct key *grown = realloc(keys->v, cap * sizeof(*grown));

		if (!grown) {
			free(text);
			text = NULL;
		} else {
			keys->v = grown;
			keys->cap = cap;
		}
	}
	if (!text)
		return err_raise(ERR_NOMEM, "why=%s", "match");
	keys->v[keys->n++] = (struct key){ text, of };
	return 0;
}

/* Without case, and without blanks around it. NULL: out of memory. */
static char *
fold(const char *text, size_t n)
{
	struct buf b = BUF_INIT;
	char *whole;

	while (n && (text[n - 1] == ' ' || text[n - 1] == '\t'))
		n--;
	while (n && (*text == ' ' || *text == '\t'))
		text++, n--;
	whole = text_ndup(text, n);
	if (whole)
		fold_add(&b, whole);
	free(whole);
	if (!whole || buf_check(&b)) {
		buf_fini(&b);
		return NULL;
	}
	return b.p ? buf_steal(&b) : text_dup("");
}

/* An empty text is no key. */
static int
keys_add(struct keys *keys, const char *text, size_t of)
{
	char *folded;

	if (!text || !text[strspn(text, " \t")])
		return 0;
	folded = fold(text, strlen(text));
	return keys_take(keys, folded, of);
}

/* Each word is one. */
static int
keys_add_words(struct keys *keys, const char *text, size_t of)
{
	int r = 0;

	while (!r && text && *text) {
		size_t n = strcspn(text, " \t");

		if (n)
			r = keys_take(keys, fold(text, n), of);
		text += n;
		text += strspn(text, " \t");
	}
	return r;
}

static int
by_text(const void *a, const void *b)
{
	const struct key *x = a;
	const struct key *y = b;
	int order = strcmp(x->text, y->text);

	return order ? order : (x->of > y->of) - (x->of < y->of);
}

/* In order, and each once. */
static void
keys_sort(struct keys *keys)
{
	size_t n = 0;

	if (keys->n)
		qsort(keys->v, keys->n, sizeof(*keys->v), by_text);
	for (size_t i = 0; i < keys->n; i++) {
		if (n && by_text(&keys->v[n - 1], &keys->v[i]) == 0)
			free(keys->v[i].text);
		else
			keys->v[n++] = keys->v[i];
	}
	keys->n = n;
}

/* The first with this text; *n: how many there are. NULL with *n == 0. */
static const struct key *
keys_find(const struct keys *keys, const char *text, size_t *n)
{
	size_t low = 0;
	size_t high = keys->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(keys->v[mid].text, text) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*n = 0;
	while (low + *n < keys->n && strcmp(keys->v[low + *n].text, text) == 0)
		++*n;
	return *n ? &keys->v[low] : NULL;
}

/* ---- items and things ---- */

/* What is known of an item while an account is looked at. */
struct side {
	const char *bound; /* to what there; borrowed; NULL: not yet */
	size_t n_claims;   /* things that fit it, whatever by */
	size_t thing;      /* that is matched with it, or MATCH_NO_ITEM */
};

struct match {
	struct item *items; /* owned */
	struct side *sides; /* as many */
	size_t n_items;
	size_t cap_items;
	struct match_thing *things; /* owned */
	size_t *fits; /* of each thing: an item, MATCH_NO_ITEM, or SEVERAL */
	size_t n_things;
	size_t cap_things;
	const char *account;
	struct keys item_skus;
	struct keys item_names;
	struct keys item_barcodes;
	struct keys bound; /* externals of this account; not folded */
	struct keys thing_skus;
	struct keys thing_barcodes;
};

#define SEVERAL ((size_t)-2)

int
match_new(struct match **out)
{
	struct match *m = calloc(1, sizeof(*m));

	if (!m)
		return err_raise(ERR_NOMEM, "why=%s", "match");
	*out = m;
	return 0;
}

static void
thing_fini(struct match_thing *t)
{
	free(t->external);
	free(t->sku);
	free(t->barcode);
	free(t->name);
	free(t->why);
}

static void
forget_things(struct match *m)
{
	for (size_t i = 0; i < m->n_things; i++)
		thing_fini(&m->things[i]);
	m->n_things = 0;
	keys_clear(&m->bound);
	keys_clear(&m->thing_skus);
	keys_clear(&m->thing_barcodes);
}

void
match_free(struct match *m)
{
	if (!m)
		return;
	forget_things(m);
	for (size_t i = 0; i < m->n_items; i++)
		item_fini(&m->items[i]);
	keys_fini(&m->item_skus);
	keys_fini(&m->item_names);
	keys_fini(&m->item_barcodes);
	keys_fini(&m->bound);
	keys_fini(&m->thing_skus);
	keys_fini(&m->thing_barcodes);
	free(m->items);
	free(m->sides);
	free(m->things);
	free(m->fits);
	free(m);
}

/* Two arrays of one length. */
static int
grow(void **a, size_t size_a, void **b, size_t size_b, size_t *cap)
{
	size_t more = *cap ? *cap * 2 : 64;
	void *grown = realloc(*a, more * size_a);

	if (grown) {
		*a = grown;
		grown = realloc(*b, more * size_b);
	}
	if (!grown)
		return err_raise(ERR_NOMEM, "why=%s", "match");
	*b = grown;
	*cap = more;
	return 0;
}

int
match_add_item(struct match *m, struct item *take)
{
	void *items = m->items;
	void *sides = m->sides;
	int r = m->n_items < m->cap_items
	                ? 0
	                : grow(&items, sizeof(*m->items), &sides,
	                       sizeof(*m->sides), &m->cap_items);

	m->items = items;
	m->sides = sides;
	if (!r)
		r = keys_add(&m->item_skus, take->sku, m->n_items);
	if (!r)
		r = keys_add(&m->item_names, take->name, m->n_items);
	if (r) {
		item_fini(take);
		return r;
	}
	m->items[m->n_items++] = *take;
	*take = (struct item){ .sku = NULL };
	return 0;
}

size_t
match_n_items(const struct match *m)
{
	return m->n_items;
}

struct item *
match_item(struct match *m, size_t i)
{
	assert(i < m->n_items);
	return &m->items[i];
}

/* What is bound here: as its id is, or as somebody wrote it. */
static int
note_binding(struct match *m, size_t i)
{
	const struct binding *b = item_find_binding(&m->items[i], m->account);
	int r = 0;

	m->sides[i] = (struct side){ .thing = MATCH_NO_ITEM };
	if (!b || !b->typed || !*b->typed)
		return 0;
	m->sides[i].bound = b->external ? b->external : b->typed;
	r = keys_take(&m->bound, text_dup(b->typed), i);
	if (!r && b->external)
		r = keys_take(&m->bound, text_dup(b->external), i);
	return r;
}

int
match_begin(struct match *m, const char *account)
{
	int r = 0;

	forget_things(m);
	m->account = account;
	for (size_t i = 0; !r && i < m->n_items; i++)
		r = note_binding(m, i);
	keys_sort(&m->bound);
	keys_sort(&m->item_skus);
	keys_sort(&m->item_names);
	keys_sort(&m->item_barcodes);
	return r;
}

int
match_add_thing(struct match *m, const char *external, const char *sku,
                const char *barcode, const char *name)
{
	struct match_thing t = { .external = text_dup(external),
		                 .sku = text_dup(sku),
		                 .barcode = text_dup(barcode),
		                 .name = text_dup(name),
		                 .end = MATCH_UNKNOWN,
		                 .item = MATCH_NO_ITEM };
	void *things = m->things;
	void *fits = m->fits;
	int r = t.external && t.sku && t.barcode && t.name
	                ? 0
	                : err_raise(ERR_NOMEM, "why=%s", "match");

	if (!r && m->n_things == m->cap_things)
		r = grow(&things, sizeof(*m->things), &fits, sizeof(*m->fits),
		         &m->cap_things);
	m->things = things;
	m->fits = fits;
	if (r) {
		thing_fini(&t);
		return r;
	}
	m->things[m->n_things++] = t;
	return 0;
}

/*
 * What changes while it is listed comes once more, at systems that list by
 * version: it is one thing, and as it was told last.
 */
static int
drop_repeated(struct match *m)
{
	struct keys all = { .v = NULL };
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; !r && i < m->n_things; i++)
		r = keys_take(&all, text_dup(m->things[i].external), i);
	keys_sort(&all);
	for (size_t i = 1; !r && i < all.n; i++) {
		struct match_thing *before = &m->things[all.v[i - 1].of];

		if (strcmp(all.v[i - 1].text, all.v[i].text) != 0)
			continue;
		thing_fini(before);
		*before = (struct match_thing){ .external = NULL };
	}
	for (size_t i = 0; !r && i < m->n_things; i++)
		if (m->things[i].external)
			m->things[n++] = m->things[i];
	if (!r)
		m->n_things = n;
	keys_fini(&all);
	return r;
}

static int
note_things(struct match *m)
{
	int r = drop_repeated(m);

	for (size_t i = 0; !r && i < m->n_things; i++) {
		r = keys_add(&m->thing_skus, m->things[i].sku, i);
		if (!r)
			r = keys_add_words(&m->thing_barcodes,
			                   m->things[i].barcode, i);
	}
	keys_sort(&m->thing_skus);
	keys_sort(&m->thing_barcodes);
	return r;
}

/* ---- comparing ---- */

static bool
is_open(const struct match_thing *t)
{
	return t->end == MATCH_UNKNOWN;
}

/* SKUs of the items with these keys: "A1, A2". */
static void
name_items(struct buf *out, const struct match *m, const struct key *k,
           size_t n)
{
	for (size_t i = 0; i < n && i < NAMED_MAX; i++)
		buf_addf(out, "%s%s", i ? ", " : "", m->items[k[i].of].sku);
	if (n > NAMED_MAX)
		buf_addf(out, " and %zu more", n - NAMED_MAX);
}

/* Say why it is not clear: the sentence is taken out of b. */
static int
leave(struct match_thing *t, struct buf *b)
{
	t->end = MATCH_AMBIGUOUS;
	t->item = MATCH_NO_ITEM;
	free(t->why);
	t->why = buf_check(b) ? NULL : buf_steal(b);
	buf_fini(b);
	return t->why ? 0 : err_raise(ERR_NOMEM, "why=%s", "match");
}

/* What is known of a thing so far, when one more of its keys fits these. */
static int
take_fit(struct match *m, size_t thing, const struct key *k, size_t n,
         const char *what)
{
	size_t *fits = &m->fits[thing];
	struct buf why = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		m->sides[k[i].of].n_claims += k[i].of != *fits;
	if (n == 1 && (*fits == MATCH_NO_ITEM || *fits == k->of)) {
		*fits = k->of;
		return 0;
	}
	buf_addf(&why, "its %s fits ", what);
	if (n == 1) /* by another barcode */
		buf_addf(&why, "%s, ", m->items[*fits].sku);
	name_items(&why, m, k, n);
	*fits = SEVERAL;
	return leave(&m->things[thing], &why);
}

/* What is not clear by its barcode may be this by its SKU, all the same. */
static void
claim_only(struct match *m, const struct key *k, size_t n)
{
	for (size_t i = 0; i < n; i++)
		m->sides[k[i].of].n_claims++;
}

/* Which item each open thing fits, by these keys. What was claimed by others
   before stays claimed: they may be it, and are not clear. */
static int
find_fits(struct match *m, const struct keys *things, const struct keys *items,
          const char *what)
{
	int r = 0;

	for (size_t i = 0; i < m->n_things; i++)
		m->fits[i] = MATCH_NO_ITEM;
	for (size_t i = 0; !r && i < things->n; i++) {
		size_t thing = things->v[i].of;
		size_t n;
		const struct key *k = keys_find(items, things->v[i].text, &n);

		if (k && m->things[thing].end == MATCH_AMBIGUOUS)
			claim_only(m, k, n);
		else if (k && is_open(&m->things[thing]))
			r = take_fit(m, thing, k, n, what);
	}
	return r;
}

/* Does its SKU name an item, and another one than this? */
static bool
is_contradicted(const struct match *m, size_t thing, struct buf *why)
{
	const char *sku = m->things[thing].sku;
	char *folded = fold(sku, strlen(sku));
	size_t n = 0;
	const struct key *k =
		folded && *folded ? keys_find(&m->item_skus, folded, &n) : NULL;
	bool is_other = n > 0;

	for (size_t i = 0; i < n; i++)
		is_other &= k[i].of != m->fits[thing];
	if (is_other) {
		buf_addf(why, "its barcode fits %s, its SKU ",
		         m->items[m->fits[thing]].sku);
		name_items(why, m, k, n);
	}
	free(folded);
	return is_other;
}

/* What speaks against it; nothing: it matches. */
static void
object(struct buf *why, const struct match *m, size_t thing, const char *what)
{
	size_t item = m->fits[thing];
	const struct side *side = &m->sides[item];
	const char *sku = m->items[item].sku;

	if (side->bound)
		buf_addf(why, "its %s fits %s, which is bound to %s", what, sku,
		         side->bound);
	else if (side->thing != MATCH_NO_ITEM)
		buf_addf(why, "its %s fits %s, whose barcode is that of %s",
		         what, sku, m->things[side->thing].external);
	else if (side->n_claims > 1)
		buf_addf(why, "its %s fits %s, and so does another thing", what,
		         sku);
}

static int
compare(struct match *m, const struct keys *things, const struct keys *items,
        const char *what, enum match_end end)
{
	int r = find_fits(m, things, items, what);

	for (size_t i = 0; !r && i < m->n_things; i++) {
		struct match_thing *t = &m->things[i];
		struct buf why = BUF_INIT;

		if (m->fits[i] >= m->n_items || !is_open(t))
			continue;
		object(&why, m, i, what);
		if (!why.n && end == MATCH_BY_BARCODE)
			(void)is_contradicted(m, i, &why);
		if (why.n) {
			r = leave(t, &why);
			continue;
		}
		t->end = end;
		t->item = m->fits[i];
	}
	/* Only now: what matched must not object to its own equals. */
	for (size_t i = 0; i < m->n_things; i++)
		if (m->things[i].end == end)
			m->sides[m->things[i].item].thing = i;
	return r;
}

static void
find_bound(struct match *m)
{
	for (size_t i = 0; i < m->n_things; i++) {
		struct match_thing *t = &m->things[i];
		size_t n;
		const struct key *k = keys_find(&m->bound, t->external, &n);

		if (!k)
			continue;
		t->end = MATCH_BOUND;
		t->item = k->of;
		m->sides[k->of].thing = i;
	}
}

/* One item of that name, which is still free. */
static int
suggest(struct match *m)
{
	for (size_t i = 0; i < m->n_things; i++) {
		struct match_thing *t = &m->things[i];
		const struct key *k;
		char *folded;
		size_t n = 0;

		if (!is_open(t) || !*t->name)
			continue;
		folded = fold(t->name, strlen(t->name));
		if (!folded)
			return err_raise(ERR_NOMEM, "why=%s", "match");
		k = *folded ? keys_find(&m->item_names, folded, &n) : NULL;
		free(folded);
		if (n == 1 && !m->sides[k->of].bound &&
		    m->sides[k->of].thing == MATCH_NO_ITEM)
			t->item = k->of;
	}
	return 0;
}

/* What a thing is called is known of its item from here on. */
static int
learn(struct match *m)
{
	int r = 0;

	for (size_t i = 0; !r && i < m->n_things; i++) {
		const struct match_thing *t = &m->things[i];

		if (t->end != MATCH_BOUND && t->end != MATCH_BY_BARCODE &&
		    t->end != MATCH_BY_SKU)
			continue;
		r = keys_add_words(&m->item_barcodes, t->barcode, t->item);
		if (!r)
			r = keys_add(&m->item_names, t->name, t->item);
	}
	return r;
}

int
match_run(struct match *m)
{
	int r = note_things(m);

	find_bound(m);
	if (!r)
		r = compare(m, &m->thing_barcodes, &m->item_barcodes, "barcode",
		            MATCH_BY_BARCODE);
	if (!r)
		r = compare(m, &m->thing_skus, &m->item_skus, "SKU",
		            MATCH_BY_SKU);
	if (!r)
		r = suggest(m);
	return r ? r : learn(m);
}

/* ---- what came of it ---- */

size_t
match_n_things(const struct match *m)
{
	return m->n_things;
}

const struct match_thing *
match_thing(const struct match *m, size_t i)
{
	assert(i < m->n_things);
	return &m->things[i];
}

size_t
match_count(const struct match *m, enum match_end end)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_things; i++)
		n += m->things[i].end == end;
	return n;
}

size_t
match_count_absent(const struct match *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_items; i++)
		n += !m->sides[i].bound && m->sides[i].thing == MATCH_NO_ITEM;
	return n;
}
