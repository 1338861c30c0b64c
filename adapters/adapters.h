#ifndef ADAPTERS_ADAPTERS_H
#define ADAPTERS_ADAPTERS_H

#include "gateway/ports/adapter.h"

/*
 * Every external system there is; ends with NULL. A new adapter is one file
 * and one line in adapters.c. main.c passes the list to the engine.
 */
extern const struct adapter_ops *const adapters[];

extern const struct adapter_ops galaxy_adapter;
extern const struct adapter_ops hiboutik_adapter;
extern const struct adapter_ops lightspeed_r_adapter;
extern const struct adapter_ops lightspeed_x_adapter;
extern const struct adapter_ops sql_adapter;
extern const struct adapter_ops square_adapter;
extern const struct adapter_ops tipsi_adapter;
extern const struct adapter_ops webhook_adapter;

#endif
