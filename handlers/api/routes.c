/*
 * The routes of the private listener.
 *
 * What shows how we are doing answers without Redis as well; what is only in
 * Redis does not.
 */
#include "handlers/handlers.h"

#include "handlers/api/api.h"

const struct api_route api_routes[] = {
	{ .method = "GET", .path = "/status", .serve = api_serve_page },
	{ .method = "GET", .path = "/api/status", .serve = api_serve_status },
	{ .method = "GET",
	  .path = "/live",
	  .is_open = true,
	  .serve = api_serve_live },
	{ .method = "GET",
	  .path = "/ready",
	  .is_open = true,
	  .serve = api_serve_ready },
	{ .method = "GET", .path = "/metrics", .serve = api_serve_metrics },
	{ .method = "GET",
	  .path = "/api/dead",
	  .needs_store = true,
	  .serve = api_serve_dead_list },
	{ .method = "GET",
	  .path = "/api/dead/{}",
	  .needs_store = true,
	  .serve = api_serve_dead_show },
	{ .method = "POST",
	  .path = "/api/dead/{}/retry",
	  .is_writing = true,
	  .needs_store = true,
	  .serve = api_serve_dead_retry },
	{ .method = "POST",
	  .path = "/api/dead/{}/confirm",
	  .is_writing = true,
	  .needs_store = true,
	  .serve = api_serve_dead_confirm },
	{ .method = "POST",
	  .path = "/api/dead/{}/drop",
	  .is_writing = true,
	  .needs_store = true,
	  .serve = api_serve_dead_drop },
	{ .method = "GET",
	  .path = "/api/items",
	  .needs_store = true,
	  .serve = api_serve_items },
	{ .method = "GET",
	  .path = "/api/items/{}",
	  .needs_store = true,
	  .serve = api_serve_items_of },
	{ .method = "POST",
	  .path = "/api/sync",
	  .is_writing = true,
	  .needs_store = true,
	  .serve = api_serve_sync },
	{ .method = NULL },
};
