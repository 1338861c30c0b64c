#ifndef ENGINE_ACCOUNTS_H
#define ENGINE_ACCOUNTS_H

#include "gateway/drivers/store.h"
#include "gateway/model/conf.h"

/*
 * At each start, before anybody else works: see which accounts came and went
 * since the last one, and whether another one is the default authority now.
 *
 * A crash in the middle is made good by the next start.
 *
 * Returns 0, ERR_STORE, ERR_NOMEM.
 */
int accounts_begin(struct store *store, const struct conf *conf);

#endif
