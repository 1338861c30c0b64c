/* One item in a channel's look: what both deciding and writing ask and say. */
#include "gateway/engine/push.h"

#include <stdio.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/engine/refused.h"

int
push_look_clear(struct worker *w, const struct push_look *look)
{
	return store_marks_clear(w->store, w->account, &look->mark, 1);
}

int
push_look_postpone(struct worker *w, const struct push_look *look,
                   int64_t wait_ms)
{
	return store_marks_postpone(w->store, w->account, look->mark,
	                            clock_wall_ms() + wait_ms);
}

int
push_look_refused(struct worker *w, const struct push_look *look,
                  const char *why)
{
	bool is_absent = look->count.outcome.verdict == VERDICT_REFUSED;

	log_warn("count.refused", "account=%s sku=%s why=%s", w->account,
	         look->view.sku, log_quote(why));
	push_look_note_left(w, look, why);
	return is_absent ? refused_absent(w, &look->view, look->mark)
	                 : refused_rest(w, &look->view, look->mark);
}

struct decimal
push_look_expected(const struct push_look *look)
{
	return decimal_sub(look->view.published,
	                   decimal_sub(look->view.sold, look->view.sold_then));
}

int
push_look_compare(const struct push_look *look)
{
	return decimal_cmp(look->count.qty, push_look_expected(look));
}

struct decimal
push_look_shown(const struct push_look *look)
{
	struct decimal qty = decimal_sub(look->target, look->open);

	return decimal_is_negative(qty) ? DECIMAL_ZERO : qty;
}

void
push_look_note_left(struct worker *w, const struct push_look *look,
                    const char *why)
{
	store_timeline_add(w->store, look->view.sku, clock_wall_ms(),
	                   TIMELINE_LEFT, w->account, "not written: %s", why);
}

void
push_look_note_target(struct worker *w, const struct push_look *look,
                      enum timeline_kind kind, const char *what)
{
	const struct stock_view *v = &look->view;
	char showed[DECIMAL_TEXT_SIZE] = "nothing";
	char open[DECIMAL_TEXT_SIZE + 24] = "";
	char target[DECIMAL_TEXT_SIZE];
	char balance[DECIMAL_TEXT_SIZE];
	char pending[DECIMAL_TEXT_SIZE];
	char reserve[DECIMAL_TEXT_SIZE];

	if (look->count.is_known)
		(void)decimal_format(showed,
		                     decimal_sub(look->count.qty, look->open));
	if (!decimal_is_zero(look->open))
		(void)snprintf(open, sizeof(open), " and %s on open sales",
		               decimal_format(target, look->open));
	store_timeline_add(w->store, v->sku, clock_wall_ms(), kind, w->account,
	                   "showed %s%s, target %s (balance %s, pending %s, "
	                   "reserve %s)%s",
	                   showed, open, decimal_format(target, look->target),
	                   decimal_format(balance, v->balance),
	                   decimal_format(pending, v->pending),
	                   decimal_format(reserve, look->reserve), what);
}
