#ifndef BASE_KEYSET_H
#define BASE_KEYSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which keys were seen, of very many: a digest of 64 bits is kept for each and
 * not the key itself, so that a hundred thousand cost 1.5 MB whatever their
 * length. Two keys share a digest so rarely (once in 3 * 10^9 such sets) that
 * the set may answer "seen" for one that was not; it never forgets one.
 *
 * Zeroed memory is an empty set. One thread.
 */
struct keyset {
	uint64_t *slots; /* owned; 0: free */
	size_t n;
	size_t cap;
};

/* Returns 0, ERR_NOMEM. One that is there already changes nothing. */
int keyset_add(struct keyset *set, const void *key, size_t n);

bool keyset_has(const struct keyset *set, const void *key, size_t n);

/* Release. Safe on zeroed memory, may run twice. */
void keyset_fini(struct keyset *set);

#endif
