#ifndef DRIVERS_STORE_ASKED_H
#define DRIVERS_STORE_ASKED_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/drivers/store_ledger.h"
#include "gateway/ports/adapter.h"

/*
 * Uncertain entries that need no person: their authority is asked for the
 * document by itself (engine/post.c). One that it cannot tell of is a person's,
 * and so is one of which it said that asking is no use.
 */
struct asked_by {
	const struct conf *conf; /* borrowed */
	const struct adapter_ops *const *adapters;
};

struct asked {
	bool is_asked;
	int64_t in_ms; /* until it is asked next; 0: now; < 0: not known */
};

/*
 * id     of the entry
 * state  its state, authority where it goes, why what the store says
 *
 * Returns 0, ERR_STORE.
 */
int store_asked(struct store *store, struct asked *out,
                const struct asked_by *by, const char *id, const char *state,
                const char *authority, const char *why);

/* The same of what waits; false of everything that is no entry. */
int store_asked_letter(struct store *store, struct asked *out,
                       const struct asked_by *by,
                       const struct dead_letter *letter);

/* Of the uncertain entries (of the oldest thousand), how many those are. */
int store_asked_count(struct store *store, int64_t *out,
                      const struct asked_by *by);

#endif
