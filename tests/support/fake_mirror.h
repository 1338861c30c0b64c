#ifndef TESTS_FAKE_MIRROR_H
#define TESTS_FAKE_MIRROR_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/ports/mirror.h"

/*
 * A mirror in memory, as ports/mirror.h promises it: names are found without
 * case, a whole list removes what it lacked, a live row wins over the list
 * around it, a row that is there already is not written. Readers see the rows
 * of a list as batches of four are full, the last ones at its end. One thread.
 */

/* Ends the test program when there is no memory. free accepts NULL. */
struct mirror *fake_mirror_new(void);
void fake_mirror_free(struct mirror *m);

/* From the n-th call on (1: the next one) every call is ERR_STORE; 0: never. */
void fake_mirror_break(struct mirror *m, int n);

/* Rows of an entity that readers see; rows written so far. */
size_t fake_mirror_count(const struct mirror *m, const char *entity);
size_t fake_mirror_writes(const struct mirror *m);

/* True when a note holds exactly this; value NULL: when it is absent. */
bool fake_mirror_note_is(const struct mirror *m, const char *name,
                         const char *value);

#endif
