#ifndef API_LIMITS_H
#define API_LIMITS_H

#include <stdint.h>

#include "gateway/base/buf.h"
#include "gateway/base/json.h"
#include "gateway/drivers/store_health.h"

/* What may still be called at an account: members `rate_limit` and `budget`,
   each null where there is none; and lines for the page. */
void limits_say(struct json_out *j, const struct health *h, int64_t now_ms);
void page_add_limits(struct buf *b, const struct health *h, int64_t now_ms);

#endif
