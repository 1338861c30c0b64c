#ifndef HANDLERS_HANDLERS_H
#define HANDLERS_HANDLERS_H

#include "gateway/ports/handler.h"

/*
 * Every inbound source (ends with NULL) and every route of the private
 * listener (ends with method NULL). main.c passes the lists to the engine.
 */
extern const struct handler_ops *const hook_handlers[];
extern const struct api_route api_routes[];

extern const struct handler_ops galaxy_hooks;
extern const struct handler_ops hiboutik_hooks;
extern const struct handler_ops lightspeed_x_hooks;
extern const struct handler_ops square_hooks;
extern const struct handler_ops webhook_hooks;

#endif
