#ifndef SUPPORT_ADAPTER_RIG_H
#define SUPPORT_ADAPTER_RIG_H

#include "gateway/model/conf.h"
#include "gateway/ports/adapter.h"
#include "tests/support/till_world.h"

/*
 * What tests of adapters set up alike. Each fails the test where it cannot do
 * what it says. On the test's own thread.
 */

/* The account's section anew, of this JSON, which is freed. */
void adapter_rig_configure(struct conf_section **conf,
                           const struct conf_type *type, char *json);

/* Have the simulated till do something: "sell", "switches" … */
void adapter_rig_order(const struct till_hands *hands, void *till,
                       const char *what, const char *body);

int64_t adapter_rig_whole(struct decimal d);

#endif
