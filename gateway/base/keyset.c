/*
 * Which keys were seen, of very many.
 *
 * Open addressing with linear probing. It grows by half when four fifths are
 * taken, so a digest costs 10 to 15 bytes, but for the smallest sets.
 */
#include "gateway/base/keyset.h"

#include "gateway/base/err.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 512 };

/* FNV-1a, its bits then spread as in MurmurHash3; never 0. */
static uint64_t
digest(const void *key, size_t n)
{
	const unsigned char *p = key;
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ (h >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	h ^= h >> 33;
	return h ? h : 1;
}

/* The slot that holds h, or the free one where it belongs. */
static uint64_t *
slot_of(const struct keyset *set, uint64_t h)
{
	size_t i = (size_t)(((h >> 32) * (uint64_t)set->cap) >> 32);

	while (set->slots[i] && set->slots[i] != h)
		i = i + 1 < set->cap ? i + 1 : 0;
	return &set->slots[i];
}

static int
grow(struct keyset *set)
{
	struct keyset wider = { .n = set->n };

	wider.cap = set->cap ? set->cap + set->cap / 2 : FIRST_CAP;
	wider.slots = calloc(wider.cap, sizeof(*wider.slots));
	if (!wider.slots)
		return err_raise(ERR_NOMEM, "why=%s", "keys seen");
	for (size_t i = 0; i < set->cap; i++)
		if (set->slots[i])
			*slot_of(&wider, set->slots[i]) = set->slots[i];
	free(set->slots);
	*set = wider;
	return 0;
}

int
keyset_add(struct keyset *set, const void *key, size_t n)
{
	uint64_t h = digest(key, n);
	uint64_t *slot;
	int r;

	if (set->n >= set->cap / 5 * 4) {
		r = grow(set);
		if (r)
			return r;
	}
	slot = slot_of(set, h);
	if (!*slot) {
		*slot = h;
		set->n++;
	}
	return 0;
}

bool
keyset_has(const struct keyset *set, const void *key, size_t n)
{
	return set->n && *slot_of(set, digest(key, n));
}

void
keyset_fini(struct keyset *set)
{
	free(set->slots);
	*set = (struct keyset){ 0 };
}
