/*
 * Every external system there is. The order is the one in which people are
 * shown them.
 */
#include "adapters/adapters.h"

#include <stddef.h>

const struct adapter_ops *const adapters[] = {
	&galaxy_adapter,       &square_adapter,       &hiboutik_adapter,
	&lightspeed_r_adapter, &lightspeed_x_adapter, &tipsi_adapter,
	&sql_adapter,          &webhook_adapter,      NULL,
};
