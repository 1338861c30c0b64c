/*
 * Galaxy, finding items: what the mirror knows, without a call.
 *
 * An item without variants is a thing; one with variants is as many as its
 * alter codes and balances name; and each alter code that sells several is one
 * besides. Codes that could be printed on goods are barcodes: all alter codes.
 * A variant or a pack has no field for a SKU; its first alter code that is no
 * GTIN stands for it, which is how a shop writes one in the registry.
 *
 * Not items that are inactive, or services.
 */
#include "adapters/galaxy.h"

#include "gateway/base/err.h"
#include "gateway/ports/mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_FIRST = 256 };

/* Two texts that belong together, sorted by the first. */
struct pair {
	char *a; /* owned */
	char *b; /* owned */
};

struct pairs {
	struct pair *v;
	size_t n;
	size_t cap;
};

struct find {
	struct galaxy *g;
	enum listing_by by;
	const char *text;
	const struct listing_sink *sink;
	enum galaxy_kind kind;
	struct pairs codes;  /* external, alter code; "": only named */
	struct pairs values; /* id of a dimension's value, its name */
	struct pairs rows;   /* the other GUID of an item, its ItemID */
	struct keyset told;  /* a scan may show a row twice */
};

/* ---- pairs ---- */

static void
pairs_fini(struct pairs *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i].a);
		free(p->v[i].b);
	}
	free(p->v);
}

static int
pairs_add(struct pairs *p, const char *a, const char *b)
{
	struct pair one = { text_dup(a), text_dup(b) };
	size_t cap = p->cap ? 2 * p->cap : KEPT_FIRST;
	struct pair *grown = p->v;

	if (p->n == p->cap)
		grown = realloc(p->v, cap * sizeof(*grown));
	if (grown && p->n == p->cap) {
		p->v = grown;
		p->cap = cap;
	}
	if (!grown || !one.a || !one.b) {
		free(one.a);
		free(one.b);
		return err_raise(ERR_NOMEM, "galaxy");
	}
	p->v[p->n++] = one;
	return 0;
}

static int
by_both(const void *x, const void *y)
{
	const struct pair *a = x;
	const struct pair *b = y;
	int order = strcmp(a->a, b->a);

	return order ? order : strcmp(a->b, b->b);
}

static void
pairs_sort(struct pairs *p)
{
	if (p->n)
		qsort(p->v, p->n, sizeof(*p->v), by_both);
}

/* The first whose text is not before this one. */
static size_t
pairs_seek(const struct pairs *p, const char *a)
{
	size_t low = 0;
	size_t high = p->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(p->v[mid].a, a) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static const char *
pairs_get(const struct pairs *p, const char *a)
{
	size_t i = pairs_seek(p, a);

	return i < p->n && strcmp(p->v[i].a, a) == 0 ? p->v[i].b : NULL;
}

/* ---- what there is besides the items ---- */

/* One with a Quantity that is none is nobody's. */
static int
take_alter_code(void *ctx, const char *key, const char *json, size_t n)
{
	struct find *find = ctx;
	struct json *doc = NULL;
	char item[GALAXY_ID_SIZE];
	char external[GALAXY_EXTERNAL_SIZE];
	int64_t pack = 0;
	size_t end;
	int r = json_parse(&doc, json, n);

	(void)key;
	if (r == 0 && galaxy_member_id(item, json_root(doc), "ItemID") &&
	    item[0] && galaxy_external(external, item, json_root(doc)) &&
	    galaxy_pack_of(&pack, json_root(doc))) {
		end = strlen(external);
		if (pack > 1)
			(void)snprintf(external + end, sizeof(external) - end,
			               "*%lld", (long long)pack);
		r = pairs_add(&find->codes, external,
		              json_text_or(json_root(doc), "Code", ""));
	}
	json_free(doc);
	return r < 0 ? err_pass(r) : 0;
}

/* The key of a balance is whose it is; only variants are of interest. */
static int
take_balance(void *ctx, const char *key, const char *json, size_t n)
{
	struct find *find = ctx;
	char id[GALAXY_ID_SIZE];
	char external[GALAXY_EXTERNAL_SIZE];
	const char *dims = galaxy_external_item(id, key);
	const char *item = id;

	(void)json;
	(void)n;
	if (*dims != ':')
		return 0;
	if (find->kind == GALAXY_KIND_ROW)
		item = pairs_get(&find->rows, id);
	if (!item || snprintf(external, sizeof(external), "%s%s", item, dims) >=
	                     (int)sizeof(external))
		return 0;
	return pairs_add(&find->codes, external, "");
}

static int
take_dimension(void *ctx, const char *key, const char *json, size_t n)
{
	struct find *find = ctx;
	struct json *doc = NULL;
	const struct json_node *values;
	char id[GALAXY_ID_SIZE];
	int r = json_parse(&doc, json, n);

	(void)key;
	values = r ? NULL : json_find(json_root(doc), "DimValues");
	for (size_t i = 0; !r && i < json_length(values); i++) {
		const struct json_node *value = json_at(values, i);

		if (galaxy_member_id(id, value, "ID") && id[0])
			r = pairs_add(&find->values, id,
			              json_text_or(value, "Description", ""));
	}
	json_free(doc);
	return r < 0 ? err_pass(r) : 0;
}

static int
take_ids(void *ctx, const char *key, const char *json, size_t n)
{
	struct find *find = ctx;
	struct json *doc = NULL;
	char item[GALAXY_ID_SIZE];
	char row[GALAXY_ID_SIZE];
	int r = json_parse(&doc, json, n);

	if (r == 0 && galaxy_id(item, key) &&
	    galaxy_member_id(row, json_root(doc), "ID") && row[0])
		r = pairs_add(&find->rows, row, item);
	json_free(doc);
	return r < 0 ? err_pass(r) : 0;
}

/* ---- items ---- */

/* GTIN-8, -12, -13 or -14. */
static bool
is_gtin(const char *code)
{
	size_t n = strlen(code);

	return strspn(code, "0123456789") == n &&
	       (n == 8 || (n >= 12 && n <= 14));
}

/* The codes of one external, from *i on, which is moved behind them. */
static void
collect_codes(const struct find *find, size_t *i, struct buf *barcodes,
              struct buf *sku)
{
	const struct pairs *p = &find->codes;
	const char *external = p->v[*i].a;

	for (; *i < p->n && strcmp(p->v[*i].a, external) == 0; ++*i) {
		const char *code = p->v[*i].b;

		if (*code && !strpbrk(code, " \t"))
			buf_addf(barcodes, "%s%s", barcodes->n ? " " : "",
			         code);
		if (*code && !sku->n && !is_gtin(code))
			buf_adds(sku, code);
	}
}

/* "Shoe, 39, black; 6 of them" */
static void
add_name(const struct find *find, struct buf *out, const char *name,
         const char *external)
{
	size_t n_base;
	int64_t pack = galaxy_external_pack(external, &n_base);
	const char *p = memchr(external, ':', n_base);

	buf_adds(out, name);
	while (p) {
		char id[GALAXY_ID_SIZE];
		size_t n = strcspn(++p, ":*");
		const char *value;

		(void)snprintf(id, sizeof(id), "%.*s", (int)n, p);
		value = pairs_get(&find->values, id);
		if (value && *value)
			buf_addf(out, ", %s", value);
		p = p[n] == ':' ? p + n : NULL;
	}
	if (pack > 1)
		buf_addf(out, "; %lld of them", (long long)pack);
}

struct sold {
	const char *id;
	const char *sku; /* of the item itself */
	const char *alter;
	const char *name;
};

/* One thing; at: where its codes begin; NULL: it has none. */
static int
tell(const struct find *find, const struct sold *item, const char *external,
     size_t *at)
{
	bool is_itself = strcmp(external, item->id) == 0;
	struct buf barcodes = BUF_INIT;
	struct buf sku = BUF_INIT;
	struct buf name = BUF_INIT;
	struct listing listing;
	int r;

	if (at)
		collect_codes(find, at, &barcodes, &sku);
	if (is_itself && *item->alter && !strpbrk(item->alter, " \t"))
		buf_addf(&barcodes, "%s%s", barcodes.n ? " " : "", item->alter);
	add_name(find, &name, item->name, external);
	r = buf_check(&barcodes) || buf_check(&sku) || buf_check(&name)
	            ? err_raise(ERR_NOMEM, "galaxy")
	            : 0;
	listing = (struct listing){
		.external = external,
		.sku = is_itself ? item->sku : buf_text(&sku),
		.barcode = buf_text(&barcodes),
		.name = buf_text(&name),
	};
	if (!r && listing_fits(&listing, find->by, find->text))
		r = find->sink->listing(find->sink->ctx, &listing);
	buf_fini(&barcodes);
	buf_fini(&sku);
	buf_fini(&name);
	return r;
}

/* Is it of this item? Among those that begin alike may be others'. */
static bool
is_of(const char *external, const char *id, size_t n_id)
{
	return strncmp(external, id, n_id) == 0 &&
	       strchr(":*", external[n_id]) != NULL; /* or its end */
}

/* The item, unless it comes in variants; then these; and its packs. */
static int
tell_all(const struct find *find, const struct sold *item, bool has_dims)
{
	const struct pairs *p = &find->codes;
	size_t n_id = strlen(item->id);
	size_t first = pairs_seek(p, item->id);
	size_t end = first;
	bool is_told = has_dims;
	int r = 0;

	for (; end < p->n && !strncmp(p->v[end].a, item->id, n_id); end++)
		is_told |= p->v[end].a[n_id] == ':';
	for (size_t i = first; !r && i < end;) {
		const char *external = p->v[i].a;
		size_t at = i;

		while (i < end && !strcmp(p->v[i].a, external))
			i++;
		if (!is_of(external, item->id, n_id) ||
		    (!external[n_id] && is_told))
			continue; /* a code of all its variants together */
		is_told |= !external[n_id];
		r = tell(find, item, external, &at);
	}
	return r || is_told ? r : tell(find, item, item->id, NULL);
}

static bool
is_sold(const struct json_node *row)
{
	int64_t active = 1;
	int64_t service = 0;

	(void)json_get_int(&active, row, "IsActive");
	(void)json_get_int(&service, row, "IsService");
	return active != 0 && service == 0;
}

static int
take_item(void *ctx, const char *key, const char *json, size_t n)
{
	struct find *find = ctx;
	const char *field = conf_text(find->g->env.conf, "sku_field");
	struct json *doc = NULL;
	char id[GALAXY_ID_SIZE];
	char dim[GALAXY_ID_SIZE];
	int r = json_parse(&doc, json, n);

	if (r == 0 && galaxy_id(id, key) && is_sold(json_root(doc)) &&
	    !keyset_has(&find->told, id, strlen(id))) {
		const struct json_node *row = json_root(doc);
		const struct sold item = {
			.id = id,
			.sku = json_text_or(row, field, ""),
			.alter = json_text_or(row, "AlterCode", ""),
			.name = json_text_or(row, "Description", ""),
		};

		r = keyset_add(&find->told, id, strlen(id));
		if (!r)
			r = tell_all(
				find, &item,
				galaxy_member_id(dim, row, "Dimension1ID") &&
					dim[0]);
	}
	json_free(doc);
	return r < 0 ? err_pass(r) : 0;
}

/* ---- all of it ---- */

static int
read_all(struct find *find)
{
	struct mirror *m = find->g->env.mirror;
	int r = galaxy_kind_load(find->g, &find->kind);

	if (!r && find->kind == GALAXY_KIND_ROW)
		r = mirror_each(m, "items", take_ids, find);
	pairs_sort(&find->rows);
	if (!r)
		r = mirror_each(m, "itemdimensions", take_dimension, find);
	if (!r)
		r = mirror_each(m, "itemaltercodes", take_alter_code, find);
	if (!r)
		r = mirror_each(m, "itembalances", take_balance, find);
	pairs_sort(&find->values);
	pairs_sort(&find->codes);
	return r ? r : mirror_each(m, "items", take_item, find);
}

struct outcome
galaxy_list_items(void *state, enum listing_by by, const char *text,
                  const struct listing_sink *sink)
{
	struct find find = { .g = state, .by = by, .text = text, .sink = sink };
	struct buf note = BUF_INIT;
	int r = mirror_note_get(find.g->env.mirror, &note, GALAXY_NOTE_SYNCED);

	buf_fini(&note);
	if (r == MIRROR_ABSENT)
		return outcome_of(VERDICT_RETRY,
		                  "the first sync has not ended: nothing is "
		                  "known of its items yet");
	if (!r)
		r = read_all(&find);
	pairs_fini(&find.codes);
	pairs_fini(&find.values);
	pairs_fini(&find.rows);
	keyset_fini(&find.told);
	return r ? outcome_fault(r) : outcome_done();
}
