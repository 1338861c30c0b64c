/* Since when an item is bound, as an adapter wants to know it (adapter.h). */
#include "gateway/engine/worker.h"

int64_t
worker_bound_ms(const struct stock_view *view)
{
	if (!view->bound_ms ||
	    (view->lost_ms && view->bound_ms < view->lost_ms + MENDED_MS))
		return COUNT_BOUND_LONG_AGO;
	return view->bound_ms;
}
