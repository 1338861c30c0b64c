/*
 * A return that is held, and a later version of its sale that takes it back.
 *
 * Five were sold, then four, so one came back and waits for a person; then five
 * again. Booked as one more, it would be six the moment a person drops the
 * return. So what nobody has decided on is withdrawn, and the sale is compared
 * with what was booked before it. What a person has decided on stands: who
 * drops a return may have entered it by hand.
 */
#include "gateway/engine/withdraw.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_timeline.h"

/* One return on its way out, line by line. */
struct withdrawal {
	const struct entry *held;
	struct ledger_line **known; /* its lines in the record; borrowed */
	struct ledger_line *lines;  /* totals without it; texts borrowed */
	struct ledger_line *sold;   /* sold there without it; texts borrowed */
	size_t n;
};

static struct ledger_line *
find_line(const struct ledger_sale *known, const char *uid)
{
	for (size_t i = 0; i < known->n_lines; i++)
		if (!strcmp(known->lines[i].uid, uid))
			return &known->lines[i];
	return NULL;
}

/* How many the sale has of this line now. */
static struct decimal
quantity_of(const struct sale *sale, const char *uid)
{
	for (size_t i = 0; i < sale->n_lines; i++)
		if (!strcmp(sale->lines[i].uid, uid))
			return sale->lines[i].qty;
	return DECIMAL_ZERO;
}

/* Is more of one of its lines sold now than was left with it? */
static bool
is_taken_back(const struct entry *held, const struct sale *sale,
              const struct ledger_sale *known)
{
	for (size_t i = 0; i < held->n_lines; i++) {
		const char *uid = held->lines[i].uid;
		const struct ledger_line *line = find_line(known, uid);

		if (line && line->sku &&
		    decimal_cmp(quantity_of(sale, uid), line->entered) > 0)
			return true;
	}
	return false;
}

static void
withdrawal_fini(struct withdrawal *d)
{
	free(d->known);
	free(d->lines);
	free(d->sold);
}

static int
withdrawal_init(struct withdrawal *d, const struct entry *held,
                const struct ledger_sale *known)
{
	*d = (struct withdrawal){
		.held = held,
		.known = calloc(held->n_lines + 1, sizeof(*d->known)),
		.lines = calloc(held->n_lines + 1, sizeof(*d->lines)),
		.sold = calloc(held->n_lines + 1, sizeof(*d->sold)),
	};
	if (!d->known || !d->lines || !d->sold)
		return err_raise(ERR_NOMEM, "why=%s", "return");
	for (size_t i = 0; i < held->n_lines; i++) {
		const struct entry_line *back = &held->lines[i];
		struct ledger_line *line = find_line(known, back->uid);

		if (!line || !line->sku)
			continue;
		d->known[d->n] = line;
		d->lines[d->n] = *line;
		d->lines[d->n].entered = decimal_sub(line->entered, back->qty);
		d->lines[d->n].gross = decimal_sub(line->gross, back->gross);
		d->lines[d->n].has_gross = line->has_gross && back->has_gross;
		d->sold[d->n++].sku = line->sku;
	}
	return 0;
}

/* Units sold there as they are without it; an item on two lines has the same
   total on both. */
static int
total_sold(struct worker *w, struct withdrawal *d)
{
	const char **skus = calloc(d->n + 1, sizeof(*skus));
	struct decimal *now = calloc(d->n + 1, sizeof(*now));
	int r = 0;

	if (!skus || !now)
		r = err_raise(ERR_NOMEM, "why=%s", "return");
	for (size_t i = 0; !r && i < d->n; i++)
		skus[i] = d->sold[i].sku;
	if (!r)
		r = store_ledger_sold(w->store, now, w->account, skus, d->n);
	for (size_t i = 0; !r && i < d->n; i++) {
		for (size_t j = 0; j < d->n; j++)
			if (!strcmp(skus[i], skus[j]))
				now[i] = decimal_add(
					now[i],
					decimal_sub(d->lines[j].entered,
				                    d->known[j]->entered));
		d->sold[i].entered = now[i];
	}
	free(skus);
	free(now);
	return r;
}

/* For a person who asks about the items. */
static void
note(struct worker *w, const struct entry *held)
{
	for (size_t i = 0; i < held->n_lines; i++)
		store_timeline_add(w->store, held->lines[i].sku,
		                   clock_wall_ms(), TIMELINE_SALE, w->account,
		                   "%s: a later version takes the return back; "
		                   "entry %s is dropped",
		                   held->sale, held->id);
}

static int
withdraw(struct worker *w, const struct entry *held, struct ledger_sale *known)
{
	struct withdrawal d;
	int r = withdrawal_init(&d, held, known);

	if (!r)
		r = total_sold(w, &d);
	if (!r)
		r = store_ledger_withdraw(w->store,
		                          &(struct ledger_change){
						  .account = w->account,
						  .sale = held->sale,
						  .revision = known->revision,
						  .lines = d.lines,
						  .n_lines = d.n,
						  .sold = d.sold,
						  .n_sold = d.n,
					  },
		                          held->id);
	if (!r) {
		known->revision++;
		for (size_t i = 0; i < d.n; i++)
			*d.known[i] = d.lines[i];
		note(w, held);
	}
	withdrawal_fini(&d);
	return r;
}

int
withdraw_taken_back(struct worker *w, const struct sale *sale,
                    struct ledger_sale *known)
{
	int r = 0;

	for (size_t i = 0; !r && i < known->n_held; i++) {
		struct entry held = { 0 };

		r = store_ledger_held(w->store, &held, known->held[i].id);
		if (!r && is_taken_back(&held, sale, known))
			r = withdraw(w, &held, known);
		else if (r == LEDGER_UNFIT || r == LEDGER_ABSENT)
			r = 0; /* a person's decision stands */
		entry_fini(&held);
	}
	return r;
}
