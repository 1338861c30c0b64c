/*
 * Square, entries: a till as authority. Record a sale or a return that happened
 * elsewhere, and find one again. This file says what can be recorded, and who
 * does it.
 *
 *   square_prices.c   what each thing of a sale costs
 *   square_order.c    its order, made once
 *   square_payment.c  its payment: only a paid order moves stock
 *   square_find.c     its order, looked up
 *   square_restock.c  a return: adjustments of the inventory
 *
 * Does     A sale: POST /v2/orders, then POST /v2/payments of what the order
 *          comes to, or POST /v2/orders/{id}/pay when that is nothing. A
 *          return: inventory adjustments.
 *          Order, payment and adjustments carry the docid as reference_id, and
 *          keys that are made of it alone: the same entry has the same keys at
 *          every attempt, so Square does nothing twice. The bodies are the same
 *          too, but for a binding changed since and the time of a return that
 *          grew older than Square takes; it refuses the key then, and we read
 *          what is there.
 *          An order that was made and not paid moves no stock: the look-up
 *          finds it by its reference and pays it under the same key.
 * Assumed  Paying an order lowers the stock of its tracked variations, and a
 *          count read afterwards contains it. An order without fulfillments is
 *          COMPLETED once it is paid. No page of the vendor's says so in these
 *          words.
 * Not      Orders of a shop, customers, taxes: prices are what was paid, tax
 *          included.
 */
#include "adapters/square_post.h"

#include "gateway/base/decimal.h"
#include "gateway/base/json.h"

#include <string.h>

enum { QUANTITY_PLACES = 5, QUANTITY_CHARS = 12 };

/* ---- what cannot be recorded, and why ---- */

struct outcome
square_refused(const struct outcome *outcome, const struct json *doc)
{
	const char *cure = "put it right, then retry the entry, or drop it";

	if (square_has_error(doc, "NOT_FOUND"))
		cure = "bind the item to what Square has, then retry the entry";
	return outcome_of(VERDICT_REFUSED, "%.150s; %s", outcome->why, cure);
}

static struct outcome
check_line(const struct entry_line *line)
{
	char text[DECIMAL_TEXT_SIZE];
	struct decimal size = decimal_max(line->qty, decimal_neg(line->qty));

	decimal_format(text, size);
	if (!line->external || !*line->external)
		return outcome_of(VERDICT_REFUSED,
		                  "%.60s is not bound here: bind it, then "
		                  "retry this entry",
		                  line->sku);
	if (decimal_cmp(decimal_round(size, QUANTITY_PLACES, DECIMAL_CUT),
	                size) != 0 ||
	    strlen(text) > QUANTITY_CHARS)
		return outcome_of(
			VERDICT_REFUSED,
			"Square cannot hold a quantity of %s (%.60s): "
			"book it there by hand, then drop this entry",
			text, line->sku);
	return outcome_done();
}

/* Only what sales.c makes of sales: lines of one sign. */
static struct outcome
check_entry(const struct entry *entry)
{
	bool is_return = entry_is_return(entry);
	struct outcome outcome = outcome_done();

	if (entry->kind != ENTRY_SALE)
		return outcome_of(
			VERDICT_REFUSED,
			"Square takes no orders or customers of a "
			"shop: enter it there by hand, then drop this "
			"entry");
	if (entry->n_lines == 0)
		return outcome_of(VERDICT_REFUSED,
		                  "the entry has no lines: drop it");
	for (size_t i = 0; i < entry->n_lines; i++) {
		if (is_return != decimal_is_negative(entry->lines[i].qty) ||
		    decimal_is_zero(entry->lines[i].qty))
			return outcome_of(
				VERDICT_REFUSED,
				"sold and returned things in one entry: book "
				"it at Square by hand, then drop this entry");
		outcome = check_line(&entry->lines[i]);
		if (outcome.verdict != VERDICT_DONE)
			return outcome;
	}
	return outcome;
}

/* ---- functions of the table ---- */

struct outcome
square_post_entry(void *state, const struct entry *entry)
{
	struct square *s = square_of(state);
	struct outcome outcome = check_entry(entry);

	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	return entry_is_return(entry) ? square_post_return(s, entry)
	                              : square_post_sale(s, entry);
}

struct outcome
square_find_entry(void *state, const struct entry *entry)
{
	struct square *s = square_of(state);
	struct square_order order;
	struct outcome outcome;

	if (entry->kind != ENTRY_SALE)
		return outcome_of(VERDICT_REFUSED,
		                  "Square takes no orders or customers");
	if (entry_is_return(entry))
		return square_find_return(s, entry);
	outcome = square_order_find(s, entry, &order);
	if (outcome.verdict == VERDICT_DONE && !order.id[0])
		return outcome_of(VERDICT_ABSENT, "Square has no order %.40s",
		                  entry->docid);
	if (outcome.verdict == VERDICT_DONE && !order.has_its_lines &&
	    strcmp(order.state, "OPEN") == 0)
		return square_bound_otherwise(&order);
	return outcome.verdict == VERDICT_DONE
	               ? square_order_finish(s, entry, &order)
	               : outcome;
}
