#ifndef PORTS_MIRROR_H
#define PORTS_MIRROR_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/base/buf.h"

/*
 * An account's tables as last read, for its adapter: rows as JSON text, by
 * entity and key, with names under which a row can be found, and small notes
 * (cursors, facts learned). drivers/store_mirror keeps it in Redis; tests use
 * tests/support/fake_mirror.
 */
struct mirror;

enum {
	MIRROR_ABSENT = 1,    /* no such row, name or note */
	MIRROR_AMBIGUOUS = 2, /* a name that fits more than one row */
};

/*
 * Keep one row. Buffered: visible to readers after mirror_flush().
 *
 * names    other names of the row (ids, codes), found by mirror_find_name
 *          without case; the names it had before and lacks now are removed
 *
 * Returns  0, ERR_STORE, ERR_NOMEM.
 */
int mirror_put(struct mirror *m, const char *entity, const char *key,
               const char *json, const char *const *names, size_t n_names);

/*
 * Make buffered rows durable, together with a note when name is not NULL: one
 * transaction, so that a cursor never runs ahead of its rows (promise 6).
 */
int mirror_flush(struct mirror *m, const char *note_name, const char *note);

/* Read a row into out (replaced). Returns 0, MIRROR_ABSENT, ERR_STORE. */
int mirror_get(struct mirror *m, struct buf *out, const char *entity,
               const char *key);

/*
 * Key of the one row that has this name (case ignored).
 * Returns 0, MIRROR_ABSENT, MIRROR_AMBIGUOUS, ERR_STORE.
 */
int mirror_find_name(struct mirror *m, struct buf *key_out, const char *entity,
                     const char *name);

/* Visit every row of an entity; visit returns 0 to go on. */
int mirror_each(struct mirror *m, const char *entity,
                int (*visit)(void *ctx, const char *key, const char *json,
                             size_t n),
                void *ctx);

/* Small facts. get: 0, MIRROR_ABSENT, ERR_STORE. */
int mirror_note_get(struct mirror *m, struct buf *out, const char *name);
int mirror_note_set(struct mirror *m, const char *name, const char *value);

/*
 * Between begin and end of a full pull of an entity, rows put are remembered;
 * end removes the rows (and names) not among them. Abandoned by a further
 * begin. Only after the whole list was read without an error.
 */
int mirror_full_begin(struct mirror *m, const char *entity);
int mirror_full_end(struct mirror *m, const char *entity);

/*
 * Who keeps the rows: drivers/store_mirror, or a fake in tests. Each function
 * does what the one of the same name above promises; none may be NULL.
 */
struct mirror_ops {
	int (*put)(void *self, const char *entity, const char *key,
	           const char *json, const char *const *names, size_t n_names);
	int (*flush)(void *self, const char *note_name, const char *note);
	int (*get)(void *self, struct buf *out, const char *entity,
	           const char *key);
	int (*find_name)(void *self, struct buf *key_out, const char *entity,
	                 const char *name);
	int (*each)(void *self, const char *entity,
	            int (*visit)(void *ctx, const char *key, const char *json,
	                         size_t n),
	            void *ctx);
	int (*note_get)(void *self, struct buf *out, const char *name);
	int (*note_set)(void *self, const char *name, const char *value);
	int (*full_begin)(void *self, const char *entity);
	int (*full_end)(void *self, const char *entity);
};

struct mirror {
	const struct mirror_ops *ops; /* static */
	void *self;                   /* the keeper's; borrowed */
};

#endif
