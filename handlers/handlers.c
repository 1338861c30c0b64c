/* Every inbound source; a new one is one file and one line here. */
#include "handlers/handlers.h"

const struct handler_ops *const hook_handlers[] = {
	&galaxy_hooks,       &square_hooks,  &hiboutik_hooks,
	&lightspeed_x_hooks, &webhook_hooks, NULL,
};
