/*
 * What lies on sales still open at a till, where goods leave its count as they
 * are rung up: it is neither sold nor missing.
 *
 * Asked for only when a count fell and no sale explains it. It is counted as
 * there, and no write puts it back: the target is shown less what is open.
 */
#include "gateway/engine/push.h"

#include <stdlib.h>

#include "gateway/base/err.h"

static bool
has_fallen(const struct push_look *look)
{
	return look->count.is_known && look->view.has_published &&
	       !look->is_moved && push_look_compare(look) < 0;
}

/* Open sales account for no more than what is missing: where goods leave the
   count with the closing only, they have taken nothing. */
static void
take_open(struct push_look *look, struct decimal open)
{
	struct decimal fall =
		decimal_sub(push_look_expected(look), look->count.qty);

	if (decimal_is_negative(open))
		return;
	look->open = decimal_cmp(open, fall) < 0 ? open : fall;
	look->count.qty = decimal_add(look->count.qty, look->open);
}

int
push_learn_open(struct worker *w, struct push_look *looks, size_t n,
                bool *was_read)
{
	struct count *counts = calloc(n + 1, sizeof(*counts));
	size_t n_fallen = 0;

	if (!counts)
		return err_raise(ERR_NOMEM, "why=%s", "push");
	for (size_t i = 0; i < n; i++)
		if (has_fallen(&looks[i]))
			counts[n_fallen++].external = looks[i].view.external;
	if (n_fallen)
		*was_read = open_sales_read(w, counts, n_fallen);
	n_fallen = 0;
	for (size_t i = 0; *was_read && i < n; i++)
		if (has_fallen(&looks[i]))
			take_open(&looks[i], counts[n_fallen++].qty);
	free(counts);
	return 0;
}
