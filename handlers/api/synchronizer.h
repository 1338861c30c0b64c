#ifndef API_SYNCHRONIZER_H
#define API_SYNCHRONIZER_H

#include <stddef.h>

#include "gateway/drivers/store.h"
#include "gateway/model/conf.h"
#include "gateway/model/item.h"
#include "gateway/ports/handler.h"

/*
 * What the files of the synchronizer's API share: the paths, bodies and answers
 * of the program that was here before (synchronizer*.c). A text it answered is
 * a JSON string.
 *
 * Its words and ours: an `item_ecommerce_id` is the item's id in the shop, here
 * its binding at the shop's database where one is configured, else its SKU; an
 * `account_id` is an account's name, or what its vendor calls it.
 */

/* A job's id: what kind it is ("s" sale, "i" item) and 20 hex digits. */
enum { SYNCHRONIZER_ID_SIZE = 22 };

/*
 * Make one: of this key always the same, of "" a new one each time. Returns 0
 * or a fault.
 */
int synchronizer_id(char out[SYNCHRONIZER_ID_SIZE], char kind, const char *key);

/*
 * The item that the shop knows by this id; item_fini it. Returns 0,
 * REGISTRY_ABSENT, ERR_STORE, ERR_NOMEM.
 */
int synchronizer_item(const struct api_env *env, struct item *out,
                      const char *shop_id);

/* What the shop calls this item. */
void synchronizer_shop_id(struct buf *out, const struct api_env *env,
                          const struct item *item);

/* The shop's database among the accounts; NULL: none, or several. */
const struct conf_section *synchronizer_shop(const struct conf *conf);

/*
 * The account that a caller means: by our name, else by the vendor's own id,
 * which may fit several (n_out). NULL unless exactly one fits.
 */
const struct conf_section *
synchronizer_account(const struct conf *conf, const char *said, size_t *n_out);

/* What the vendor calls it: Square's location, Tipsi's store, the number at
   Lightspeed R-Series, the sub-domain at Hiboutik and X-Series. Its name where
   there is no such thing. */
void synchronizer_account_id(struct buf *out,
                             const struct conf_section *account);

/*
 * An id of the shop, text or integer, as text; owned. NULL when it is none: not
 * given, too long, or not to be written into a key.
 */
char *synchronizer_read_id(const struct json_node *value);

/* GET /api/items/{account} in the synchronizer's shape. Returns 0 or a fault. */
int synchronizer_rows(const struct api_env *env,
                      const struct conf_section *account,
                      struct http_reply *reply);

/* Answer a text as a JSON string. Returns 0 or a fault. */
int synchronizer_say(struct http_reply *reply, int status, const char *text);

#endif
