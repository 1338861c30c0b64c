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

/* ---- lists ---- */

struct mirror_row {
	const char *key;  /* borrowed, as all of it */
	const char *json; /* the row as the system sent it */
	size_t n_json;
	const char *const *names; /* others than the key: ids, codes, texts by
	                             which it is found without case. NULL and
	                             "" are skipped; those it had before and
	                             lacks now are forgotten */
	size_t n_names;
	int64_t revision; /* up to 2^53; 0: this list is not numbered */
};

/* What a list changed, or with MIRROR_DRY would change. */
struct mirror_tally {
	int64_t n_seen;
	int64_t n_written; /* new or different */
	int64_t n_gone;    /* removed: a whole list lacks them */
};

enum mirror_list_kind {
	MIRROR_PART = 0,  /* rows that changed */
	MIRROR_WHOLE = 1, /* all there are: rows not among them are removed */
	MIRROR_DRY = 2,   /* or-ed in: write nothing, only count */
	MIRROR_ANEW = 4,  /* or-ed in: what is there belongs to somebody else,
	                     so an empty whole list removes it too */
};

/*
 * Read one list into the mirror: begin, put every row, end. Rows are written
 * in batches while others still arrive; one that is there already, word for
 * word, is not written. One list at a time; mirror_put_now may come in between
 * and wins: its row is newer than the list.
 *
 * kind      of enum mirror_list_kind
 * note      written in one transaction with the last rows, after everything
 *           else (promise 6); note_name NULL: none. Not written when dry
 *
 * end: a whole list without a single row removes nothing, because that is more
 * often a wrong scenario than an empty shop. abandon: rows already written
 * stay, nothing is removed, no note moves; harmless without a list.
 *
 * spare: rows came that could not be read, so the list is no proof of what is
 * gone; it removes nothing.
 *
 * Returns  0, ERR_STORE, ERR_NOMEM.
 */
int mirror_list_begin(struct mirror *m, const char *entity, unsigned kind);
int mirror_list_put(struct mirror *m, const struct mirror_row *row);
void mirror_list_spare(struct mirror *m);
int mirror_list_end(struct mirror *m, struct mirror_tally *out,
                    const char *note_name, const char *note);
void mirror_list_abandon(struct mirror *m);

/* Write one row, read outside of the list under way. At once. */
int mirror_put_now(struct mirror *m, const char *entity,
                   const struct mirror_row *row);

/* Rows of an entity. */
int mirror_count(struct mirror *m, int64_t *out, const char *entity);

/* Visit every row with this name (case ignored); visit returns 0 to go on. */
int mirror_each_named(struct mirror *m, const char *entity, const char *name,
                      int (*visit)(void *ctx, const char *key, const char *json,
                                   size_t n),
                      void *ctx);

/*
 * Visit every row with after < revision <= up_to, by rising revision, each
 * once. What changes meanwhile leaves the range and is not visited.
 */
int mirror_each_since(struct mirror *m, const char *entity, int64_t after,
                      int64_t up_to,
                      int (*visit)(void *ctx, const char *key, const char *json,
                                   size_t n),
                      void *ctx);

/* The largest revision among the rows; 0: none is numbered. */
int mirror_top_revision(struct mirror *m, int64_t *out, const char *entity);

/*
 * Who keeps the rows: drivers/store_mirror, or a fake in tests. Each function
 * does what the one of the same name above promises; none may be NULL.
 */
struct mirror_ops {
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
	int (*list_begin)(void *self, const char *entity, unsigned kind);
	int (*list_put)(void *self, const struct mirror_row *row);
	void (*list_spare)(void *self);
	int (*list_end)(void *self, struct mirror_tally *out,
	                const char *note_name, const char *note);
	void (*list_abandon)(void *self);
	int (*put_now)(void *self, const char *entity,
	               const struct mirror_row *row);
	int (*count)(void *self, int64_t *out, const char *entity);
	int (*each_named)(void *self, const char *entity, const char *name,
	                  int (*visit)(void *ctx, const char *key,
	                               const char *json, size_t n),
	                  void *ctx);
	int (*each_since)(void *self, const char *entity, int64_t after,
	                  int64_t up_to,
	                  int (*visit)(void *ctx, const char *key,
	                               const char *json, size_t n),
	                  void *ctx);
	int (*top_revision)(void *self, int64_t *out, const char *entity);
};

struct mirror {
	const struct mirror_ops *ops; /* static */
	void *self;                   /* the keeper's; borrowed */
};

#endif
