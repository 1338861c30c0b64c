/*
 * Galaxy, packs: an alter code with Quantity 6 sells six of its item as one
 * (galaxy.md 7.7).
 *
 * Keeps     What a pack shows is what is left for whole packs: balance divided
 *           by quantity, rounded down, so that it never promises more.
 * Table     Which packs there are is read out of the mirror's alter codes when
 *           the first count of a sync is reported. Most alter codes are no
 *           packs and leave nothing behind; a pack leaves 16 bytes, a hash of
 *           its single's external and the quantity. Two that share a hash make
 *           the sink hear of a pack that nobody has bound, which it ignores.
 */
#include "adapters/galaxy.h"

#include "gateway/base/err.h"
#include "gateway/ports/mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PACKS_FIRST = 64,
	PACKS_MAX = 1000000, /* 16 MB; no shop has as many */
};

/* ---- one pack ---- */

bool
galaxy_pack_of(int64_t *out, const struct json_node *altercode)
{
	struct decimal qty;
	int r = json_get_decimal_lax(&qty, altercode, "Quantity");

	*out = 1;
	if (r == JSON_ABSENT)
		return true;
	return r == 0 && decimal_to_scaled(out, qty, 0) == 0 && *out >= 1 &&
	       *out <= GALAXY_PACK_MAX;
}

int64_t
galaxy_external_pack(const char *external, size_t *n_base)
{
	const char *star = strrchr(external, '*');
	int64_t pack = 0;

	*n_base = strlen(external);
	if (!star || star[1] < '1' || star[1] > '9')
		return 1;
	for (const char *p = star + 1; *p; p++) {
		if (*p < '0' || *p > '9' || pack > GALAXY_PACK_MAX)
			return 1;
		pack = pack * 10 + (*p - '0');
	}
	if (pack < 2 || pack > GALAXY_PACK_MAX)
		return 1;
	*n_base = (size_t)(star - external);
	return pack;
}

struct decimal
galaxy_pack_count(struct decimal balance, int64_t pack)
{
	if (pack == 1)
		return balance;
	return decimal_mul_div(balance, decimal_of(1), decimal_of(pack), 0,
	                       DECIMAL_FLOOR);
}

/* ---- all there are ---- */

struct pack {
	uint64_t base; /* hash of the single's external */
	int64_t qty;
};

struct galaxy_packs {
	struct pack *packs; /* owned; by base, then qty */
	size_t n;
	size_t cap;
};

/* FNV-1a, 64 bits. */
static uint64_t
hash(const char *text)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return h;
}

static int
add(struct galaxy_packs *packs, const char *base, int64_t qty)
{
	size_t cap = packs->cap ? 2 * packs->cap : PACKS_FIRST;
	struct pack *grown;

	if (packs->n >= PACKS_MAX)
		return err_raise(ERR_NOMEM, "more than %d packs", PACKS_MAX);
	if (packs->n == packs->cap) {
		grown = realloc(packs->packs, cap * sizeof(*grown));
		if (!grown)
			return err_raise(ERR_NOMEM, "packs");
		packs->packs = grown;
		packs->cap = cap;
	}
	packs->packs[packs->n++] = (struct pack){ hash(base), qty };
	return 0;
}

/* Nearly all rows are no packs: they are told without being parsed. */
static bool
is_single(const char *json, size_t n)
{
	static const char one[] = "\"Quantity\":1";
	enum { N_ONE = sizeof(one) - 1 };
	const char *end = json + n;

	for (const char *p = json; end - p > N_ONE; p++) {
		p = memchr(p, '"', (size_t)(end - p));
		if (!p || end - p <= N_ONE)
			return false;
		if (memcmp(p, one, N_ONE) == 0)
			return p[N_ONE] == ',' || p[N_ONE] == '}';
	}
	return false;
}

static int
take_alter_code(void *ctx, const char *key, const char *json, size_t n)
{
	struct galaxy_packs *packs = ctx;
	struct json *doc = NULL;
	char item[GALAXY_ID_SIZE];
	char base[GALAXY_EXTERNAL_SIZE];
	int64_t qty;
	int r;

	(void)key;
	if (is_single(json, n))
		return 0;
	r = json_parse(&doc, json, n);
	if (r == 0 && galaxy_pack_of(&qty, json_root(doc)) && qty > 1 &&
	    galaxy_member_id(item, json_root(doc), "ItemID") && item[0] &&
	    galaxy_external(base, item, json_root(doc)))
		r = add(packs, base, qty);
	json_free(doc);
	return r < 0 ? err_pass(r) : 0;
}

static int
by_base(const void *a, const void *b)
{
	const struct pack *x = a;
	const struct pack *y = b;

	if (x->base != y->base)
		return x->base < y->base ? -1 : 1;
	return (x->qty > y->qty) - (x->qty < y->qty);
}

void
galaxy_packs_forget(struct galaxy *g)
{
	if (g->packs)
		free(g->packs->packs);
	free(g->packs);
	g->packs = NULL;
}

static int
load(struct galaxy *g)
{
	int r;

	g->packs = calloc(1, sizeof(*g->packs));
	if (!g->packs)
		return err_raise(ERR_NOMEM, "packs");
	r = mirror_each(g->env.mirror, "itemaltercodes", take_alter_code,
	                g->packs);
	if (r) {
		galaxy_packs_forget(g);
		return err_pass(r);
	}
	if (g->packs->n)
		qsort(g->packs->packs, g->packs->n, sizeof(struct pack),
		      by_base);
	return 0;
}

/* The first pack of a single; n: it has none. */
static size_t
find_first(const struct galaxy_packs *packs, uint64_t base)
{
	size_t low = 0;
	size_t high = packs->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (packs->packs[middle].base < base)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
report_pack(const struct sync_sink *sink, const char *base, int64_t pack,
            struct decimal balance)
{
	char external[GALAXY_EXTERNAL_SIZE];
	int n = snprintf(external, sizeof(external), "%s*%lld", base,
	                 (long long)pack);

	if (n < 0 || (size_t)n >= sizeof(external))
		return 0; /* too long to be bound */
	return sink->count(sink->ctx, external,
	                   galaxy_pack_count(balance, pack));
}

int
galaxy_report_count(struct galaxy *g, const struct sync_sink *sink,
                    const char *external, struct decimal qty)
{
	uint64_t base = hash(external);
	int64_t last = 0;
	int r = g->packs ? 0 : load(g);

	if (!r)
		r = sink->count(sink->ctx, external, qty);
	for (size_t i = r ? 0 : find_first(g->packs, base);
	     !r && i < g->packs->n && g->packs->packs[i].base == base; i++) {
		if (g->packs->packs[i].qty == last)
			continue; /* two barcodes of one pack */
		last = g->packs->packs[i].qty;
		r = report_pack(sink, external, last, qty);
	}
	return err_pass(r);
}
