#ifndef CONVERGE_CHECK_H
#define CONVERGE_CHECK_H

#include "tests/converge/world.h"

struct redisContext;

/*
 * What must be so at rest, and a little of what must be so at any moment. Sales
 * and documents are compared as the simulators have them: Tillbridge's own
 * books are only asked whether anything is left undone.
 */

/* ---- check.c ---- */

/* The till shows no more than is left, at this moment. */
void check_ceiling(struct world *w);

/* At rest: the counts that a hook with a 2xx told of. */
void check_counts_told(struct world *w);

/* At rest. is_whole: after a full sync, so all of it must be right; else only
   what a hook with a 2xx told of. */
void check_all(struct world *w, bool is_whole);

/* Our own writes, announced to us, cause no more. */
void check_echo(struct world *w);
void check_secrets(struct world *w);

/* ---- sales.c ---- */

/* Every document belongs to one sale, and every sale has its documents, where
   each of its items is kept. state: of Galaxy and the first till. */
void sales_check(struct world *w, const struct json_node *state, bool is_whole);

/* Has the sale so much of the item that no document names yet, where the item is
   kept? qty may be negative: of goods that came back. */
bool sales_lacks(struct world *w, const struct json_node *state, size_t order,
                 size_t item, struct decimal qty);

/* ---- explained.c ---- */

/* Of one item after the other: what the answer says follows from what it has,
   and who shows something else has a reason for it. */
void explained_at_any_moment(struct world *w);

/* After a full sync: what it says is so. */
void explained_at_rest(struct world *w);

/* ---- rest.c ---- */

/* Nothing on its way; a person decides meanwhile. False: a violation. */
bool rest_reach(struct world *w);

/* ---- books.c ---- */

/* As if the first bindings were made so long ago: late sales are no history. */
void books_backdate(struct world *w, int64_t ms);

/* Every hook answered with 2xx was worked off, every entry has ended. */
void books_check(struct world *w);

/* Is this key, entry or mark one of that sale? */
bool order_is_of(const struct world *w, size_t order, const char *text);

/* A connection to the private Redis; redisFree it. */
struct redisContext *books_connect(struct world *w);

/* ---- of a JSON document ---- */

/* -1: it is not there. object NULL: of root itself. */
int64_t json_number(const struct json_node *root, const char *object,
                    const char *key);
/* A text, or a number as text; "": neither. */
void json_copy_text(char *out, size_t size, const struct json_node *row,
                    const char *key);
struct decimal json_amount(const struct json_node *row, const char *key);
const struct json_node *json_row(const struct json_node *rows, const char *key,
                                 const char *value);

#endif
