/*
 * Square, money of a sale that is recorded: what each of its things cost there.
 *
 * Prices are what was paid, tax included, in the smaller unit of the currency.
 * A price of one that cannot be exact is rounded up, and what the order then
 * asks for too much is taken off it as a whole.
 */
#include "adapters/square_post.h"

#include "gateway/base/buf.h"
#include "gateway/base/decimal.h"
#include "gateway/base/json.h"

#include <string.h>

/* Whole units that an order comes to; what is reckoned with them stays far
   inside a decimal's range, for the smallest and the largest quantity. */
#define PAID_MAX INT64_C(1000000000000)

static struct decimal
paid_for(const struct entry_line *line)
{
	return decimal_max(line->gross, DECIMAL_ZERO);
}

/*
 * The smallest price of one whose multiple is not below what was paid; what
 * the line is above it then is taken off again. Of a line within PAID_MAX.
 */
struct decimal
square_unit_price(const struct entry_line *line, int digits)
{
	struct decimal paid = paid_for(line);
	struct decimal unit = decimal_mul_div(paid, decimal_of(1), line->qty,
	                                      digits, DECIMAL_CUT);

	if (decimal_cmp(
		    decimal_mul(unit, line->qty, DECIMAL_PLACES, DECIMAL_CUT),
		    paid) < 0)
		unit = decimal_add(unit, decimal_of_scaled(1, digits));
	return unit;
}

static bool
has_price(const struct entry *entry)
{
	for (size_t i = 0; i < entry->n_lines; i++)
		if (entry->lines[i].has_gross)
			return true;
	return false;
}

static bool
knows_currency(const struct square *s)
{
	return strlen(s->currency) == 3;
}

/* Whatever becomes of the question, it says nothing of the entry. */
static struct outcome
ask_currency(struct square *s)
{
	struct buf what = BUF_INIT;
	struct outcome outcome = square_probe(s, &what);

	buf_fini(&what);
	if (outcome.verdict == VERDICT_REFUSED)
		outcome.verdict = VERDICT_RETRY;
	if (outcome.verdict == VERDICT_DONE && !knows_currency(s))
		outcome = outcome_of(VERDICT_RETRY,
		                     "Square does not say the currency of "
		                     "location %.32s",
		                     s->location);
	return outcome;
}

/* The entry's currency, or the location's, which is asked for once. */
static struct outcome
find_currency(struct square *s, const struct entry *entry,
              struct square_prices *p)
{
	const char *wanted = entry->currency ? entry->currency : s->currency;
	struct outcome outcome = outcome_done();

	if (!entry->currency && !knows_currency(s))
		outcome = ask_currency(s);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	if (strlen(wanted) != 3 ||
	    (knows_currency(s) && strcmp(wanted, s->currency) != 0))
		return outcome_of(
			VERDICT_REFUSED,
			"the sale is in \"%.10s\", this location takes "
			"%s: book it there by hand, then drop this "
			"entry",
			wanted, s->currency);
	memcpy(p->currency, wanted, sizeof(p->currency));
	p->digits = square_minor_digits(wanted);
	return outcome_done();
}

/*
 * Take a line's price into what was paid and what the order asks for. False: it
 * is too big for us or for Square, which counts money in 64 bits.
 */
static bool
add_price(struct decimal *paid, struct decimal *asked,
          const struct entry_line *line, int digits)
{
	const struct decimal max = decimal_of(PAID_MAX);
	struct decimal unit;
	int64_t amount;

	if (decimal_cmp(paid_for(line), max) > 0)
		return false;
	unit = square_unit_price(line, digits);
	*paid = decimal_add(*paid, paid_for(line));
	*asked = decimal_add(
		*asked, decimal_mul(unit, line->qty, digits, DECIMAL_HALF_UP));
	return decimal_cmp(*paid, max) <= 0 &&
	       decimal_cmp(*asked, decimal_add(max, max)) <= 0 &&
	       decimal_to_scaled(&amount, unit, digits) == 0;
}

/* Without a price in the entry the catalogue's holds, and no currency counts. */
struct outcome
square_prices_find(struct square *s, const struct entry *entry,
                   struct square_prices *p)
{
	struct decimal paid = DECIMAL_ZERO;
	struct decimal asked = DECIMAL_ZERO;
	struct outcome outcome;
	bool fits = true;

	*p = (struct square_prices){ .digits = 2 };
	if (!has_price(entry))
		return outcome_done();
	outcome = find_currency(s, entry, p);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	for (size_t i = 0; fits && i < entry->n_lines; i++)
		if (entry->lines[i].has_gross)
			fits = add_price(&paid, &asked, &entry->lines[i],
			                 p->digits);
	paid = decimal_round(paid, p->digits, DECIMAL_HALF_UP);
	if (!fits || decimal_to_scaled(&p->discount, decimal_sub(asked, paid),
	                               p->digits))
		return outcome_of(VERDICT_REFUSED,
		                  "its prices are too big for Square: book it "
		                  "there by hand, then drop this entry");
	return outcome_done();
}

void
square_out_money(struct json_out *o, const char *key, int64_t amount,
                 const char *currency)
{
	json_out_object(o, key);
	json_out_int(o, "amount", amount);
	json_out_text(o, "currency", currency);
	json_out_end_object(o);
}
