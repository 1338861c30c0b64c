/*
 * What lies on sales still open at a till, where goods leave its count as they
 * are rung up: it is neither sold nor missing.
 *
 * Asked for only when a count fell and no sale explains it. It is counted as
 * there, and no write puts it back: the target is shown less what is open.
 *
 * Where that cannot be said, what fell is left alone for a while, and nothing
 * else is (push_decide.c). A system that refuses to say has no open sales for
 * us: then a fall is what it is at one that has none.
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

/* What fell waits for the open sales, unless the system will not tell them. */
static void
take_none(struct push_look *looks, size_t n, enum verdict verdict)
{
	for (size_t i = 0; i < n; i++)
		looks[i].is_open_unread =
			verdict != VERDICT_REFUSED && has_fallen(&looks[i]);
}

/* May it not be called at all now, by its own word? */
static bool
is_shut(enum verdict verdict)
{
	return verdict == VERDICT_SLOW || verdict == VERDICT_LOCKED;
}

int
push_learn_open(struct worker *w, struct push_look *looks, size_t n,
                bool *may_go_on)
{
	struct count *counts = calloc(n + 1, sizeof(*counts));
	enum verdict verdict = VERDICT_DONE;
	size_t n_fallen = 0;

	if (!counts)
		return err_raise(ERR_NOMEM, "why=%s", "push");
	for (size_t i = 0; i < n; i++)
		if (has_fallen(&looks[i]))
			counts[n_fallen++].external = looks[i].view.external;
	if (n_fallen)
		verdict = open_sales_read(w, counts, n_fallen);
	*may_go_on = !is_shut(verdict);
	if (verdict != VERDICT_DONE)
		take_none(looks, n, verdict);
	n_fallen = 0;
	for (size_t i = 0; verdict == VERDICT_DONE && i < n; i++)
		if (has_fallen(&looks[i]))
			take_open(&looks[i], counts[n_fallen++].qty);
	free(counts);
	return 0;
}
