#ifndef DRIVERS_STORE_LIST_H
#define DRIVERS_STORE_LIST_H

#include <stdbool.h>

#include "gateway/drivers/store.h"
#include "gateway/ports/mirror.h"

/*
 * One list on its way into the mirror (ports/mirror.h, lists). Rows travel in
 * batches over a connection of the list's own: while Redis writes one batch,
 * the caller reads the rows of the next.
 *
 * After an ERR_STORE every further call is ERR_STORE too: what was under way is
 * perhaps written, and nothing will be removed and no note moved. All that is
 * left is store_list_free.
 */
struct store_list;

/* Everything is borrowed for the call but options, which outlives the list.
   Connects at the first batch. Returns 0, ERR_NOMEM. */
int store_list_new(struct store_list **out, const struct store_options *options,
                   const char *account, const char *entity, unsigned kind);

/* As mirror_list_put. */
int store_list_put(struct store_list *list, const struct mirror_row *row);

/* As mirror_list_spare. */
void store_list_spare(struct store_list *list);

/* As mirror_list_end, but the list is still to be freed. */
int store_list_end(struct store_list *list, struct mirror_tally *out,
                   const char *note_name, const char *note);

/*
 * A row with this key is about to be written past the list: what the list has
 * or gets of it is dropped, and it is not removed at the end. When this
 * returns, no row of the list is on its way. Nothing happens unless entity is
 * the list's. Returns 0, ERR_NOMEM.
 */
int store_list_yield(struct store_list *list, const char *entity,
                     const char *key);

/* Rows not yet written are dropped. Safe on NULL. */
void store_list_free(struct store_list *list);

/* A name as names:ACCOUNT:ENTITY has it: without case, and on one line. */
void store_list_add_name(struct buf *out, const char *name);

/* Write one row, as mirror_put_now. */
int store_list_write_row(struct store *store, const char *account,
                         const char *entity, const struct mirror_row *row);

#endif
