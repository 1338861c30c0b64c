/*
 * More was sold of an item than there was. The sale is recorded, because the
 * goods are gone, and every channel goes to 0 by the stock rule; here a person
 * comes to know of it. The books are kept in store_oversold.
 */
#include "gateway/engine/worker.h"

#include "gateway/drivers/store_oversold.h"

int
oversold_check(struct worker *w, const char *const *skus, size_t n)
{
	return store_oversold_review(w->store, w->account,
	                             engine_authority(w->engine, NULL), skus,
	                             n);
}

/*
 * Two cases cost more than the view that is there: it is listed and may be
 * covered by now; or a balance came in that is less than what is on its way,
 * because both were sold out at the same time.
 */
int
oversold_look(struct worker *w, const struct stock_view *view)
{
	const char *sku = view->sku;
	bool is_short = view->balance_from &&
	                decimal_cmp(view->pending, DECIMAL_ZERO) > 0 &&
	                decimal_cmp(view->pending, view->balance) > 0;

	if (!view->is_oversold && !is_short)
		return 0;
	return oversold_check(w, &sku, 1);
}
