/*
 * Lightspeed X, entries: a till as authority. Record a sale or a return that
 * happened elsewhere, and find one again.
 *
 * Does     POST sales (dated): closed, paid at our register, with our docid as
 *          source.id. A return is a sale of negative quantities, as the
 *          vendor's own are.
 * Once     The sale's id is ours: a UUID made from the entry's. It is asked for
 *          before it is posted, and after an answer was lost.
 * Money    What was paid, tax included, taken apart by the product's tax, and
 *          exact to the cent: a line whose amount no price of one gives
 *          becomes two.
 * Refused  A closed register takes no payment: a person opens it and retries
 *          the entry.
 * Not      Orders of a shop, customers.
 */
#include "adapters/lightspeed_x.h"

#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"
#include "gateway/base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Below this nothing of a division is lost; and no piece sells in more. */
enum { NET_PLACES = 5 };

static const char cure[] = "book it there by hand, then drop this entry";

/* ---- its id ---- */

/* Stable, and in the form of a name-based UUID (RFC 9562). 0 or ERR_LIB. */
static int
make_id(char out[LIGHTSPEED_X_ID_SIZE], const struct entry *entry)
{
	static const char space[] = "tillbridge sale ";
	const struct crypto_part parts[] = {
		{ space, sizeof(space) - 1 },
		{ entry->id, strlen(entry->id) },
	};
	char hex[65];
	int r = crypto_sha256_hex(hex, parts, 2);

	if (!r)
		(void)snprintf(out, LIGHTSPEED_X_ID_SIZE,
		               "%.8s-%.4s-5%.3s-8%.3s-%.12s", hex, hex + 8,
		               hex + 13, hex + 17, hex + 20);
	return err_pass(r);
}

/* ---- finding it ---- */

static struct outcome
judge_state(const struct json_node *sale, const char *id)
{
	const char *state = json_text_or(sale, "state", "");
	const char *status = json_text_or(sale, "status", "");

	if (json_type(sale) != JSON_OBJECT || (!*state && !*status))
		return outcome_taken(LIGHTSPEED_X_MALFORMED, "a sale");
	if (strcmp(state, "closed") == 0 || strcmp(status, "CLOSED") == 0)
		return outcome_done();
	return outcome_of(VERDICT_REFUSED,
	                  "sale %s is there, but %.20s: close it by hand and "
	                  "confirm this entry, or drop it",
	                  id, *state ? state : status);
}

static struct outcome
find(struct lightspeed_x *x, const char *id)
{
	struct json *doc = NULL;
	struct outcome outcome = lightspeed_x_get(
		x, &doc, text_format("/api/%s/sales/%s", x->dated, id));

	if (outcome.verdict == VERDICT_DONE)
		outcome = judge_state(json_find(json_root(doc), "data"), id);
	json_free(doc);
	return outcome;
}

struct outcome
lightspeed_x_find_entry(void *state, const struct entry *entry)
{
	struct lightspeed_x *x = lightspeed_x_of(state);
	char id[LIGHTSPEED_X_ID_SIZE];
	int r = make_id(id, entry);

	return r ? outcome_fault(r) : find(x, id);
}

/* ---- what cannot be recorded, and why ---- */

static struct outcome
check_lines(const struct entry *entry)
{
	bool is_return = entry_is_return(entry);

	for (size_t i = 0; i < entry->n_lines; i++) {
		const struct entry_line *line = &entry->lines[i];

		if (is_return != decimal_is_negative(line->qty) ||
		    decimal_is_zero(line->qty))
			return outcome_of(VERDICT_REFUSED,
			                  "sold and returned things in one "
			                  "entry: %s",
			                  cure);
		if (!line->external ||
		    !lightspeed_x_read_id(NULL, line->external))
			return outcome_of(VERDICT_REFUSED,
			                  "%.60s is not bound here: bind it, "
			                  "then retry this entry",
			                  line->sku);
	}
	return outcome_done();
}

static struct outcome
check_entry(const struct lightspeed_x *x, const struct entry *entry)
{
	const char *currency = lightspeed_x_currency(x);

	if (entry->kind != ENTRY_SALE)
		return outcome_of(VERDICT_REFUSED,
		                  "Lightspeed takes no orders or customers of "
		                  "a shop from us: %s",
		                  cure);
	if (entry->n_lines == 0)
		return outcome_of(VERDICT_REFUSED,
		                  "the entry has no lines: drop it");
	if (entry->currency && *currency &&
	    strcmp(entry->currency, currency) != 0)
		return outcome_of(VERDICT_REFUSED,
		                  "the sale is in \"%.10s\", this outlet takes "
		                  "%.10s: %s",
		                  entry->currency, currency, cure);
	return check_lines(entry);
}

/* ---- lines ---- */

/* The sale while it is written down. */
struct paper {
	struct json_out o;
	struct decimal total; /* with tax, so far */
};

static void
add_line(struct paper *p, const char *product,
         const struct lightspeed_x_tax *tax, struct decimal quantity,
         struct decimal unit)
{
	struct decimal net = decimal_mul_div(
		unit, decimal_of(1), decimal_add(tax->rate, decimal_of(1)),
		NET_PLACES, DECIMAL_HALF_UP);
	struct json_out *o = &p->o;

	json_out_object(o, NULL);
	json_out_object(o, "product");
	json_out_text(o, "id", product);
	json_out_end_object(o);
	json_out_decimal(o, "quantity", quantity);
	json_out_object(o, "pricing");
	json_out_decimal(o, "price", net);
	json_out_end_object(o);
	json_out_object(o, "tax");
	json_out_text(o, "id", tax->id);
	json_out_decimal(o, "amount", decimal_sub(unit, net));
	json_out_end_object(o);
	json_out_end_object(o);
	p->total = decimal_add(
		p->total,
		decimal_mul(unit, quantity, DECIMAL_PLACES, DECIMAL_HALF_UP));
}

/*
 * 10.00 for three are two at 3.33 and one at 3.34. Of a fraction of a piece
 * there is one line, whose price has as many digits as it needs.
 */
static void
add_lines(struct paper *p, const struct entry_line *from,
          const struct lightspeed_x_tax *tax)
{
	struct decimal gross =
		from->has_gross ? decimal_round(from->gross, 2, DECIMAL_HALF_UP)
				: decimal_mul(tax->price, from->qty, 2,
	                                      DECIMAL_HALF_UP);
	int64_t sign = decimal_is_negative(from->qty) ? -1 : 1;
	int64_t n = 0;
	int64_t cents = 0;
	int64_t dearer;

	if (decimal_to_scaled(&n, from->qty, 0) ||
	    decimal_to_scaled(&cents, gross, 2) || cents * sign < 0) {
		add_line(p, from->external, tax, from->qty,
		         decimal_mul_div(gross, decimal_of(1), from->qty,
		                         DECIMAL_PLACES, DECIMAL_HALF_UP));
		return;
	}
	n *= sign;
	cents *= sign;
	dearer = cents % n;
	if (n > dearer)
		add_line(p, from->external, tax,
		         decimal_of(sign * (n - dearer)),
		         decimal_of_scaled(cents / n, 2));
	if (dearer)
		add_line(p, from->external, tax, decimal_of(sign * dearer),
		         decimal_of_scaled(cents / n + 1, 2));
}

static struct outcome
build_lines(struct lightspeed_x *x, struct paper *p, const struct entry *entry)
{
	struct outcome outcome = outcome_done();
	struct lightspeed_x_tax tax;

	json_out_array(&p->o, "line_items");
	for (size_t i = 0;
	     outcome.verdict == VERDICT_DONE && i < entry->n_lines; i++) {
		outcome =
			lightspeed_x_tax_of(x, &tax, entry->lines[i].external);
		if (outcome.verdict == VERDICT_DONE)
			add_lines(p, &entry->lines[i], &tax);
	}
	json_out_end_array(&p->o);
	return outcome;
}

/* ---- the sale ---- */

static void
build_payments(const struct lightspeed_x *x, struct paper *p, const char *date)
{
	struct decimal amount = decimal_round(p->total, 2, DECIMAL_HALF_UP);
	struct json_out *o = &p->o;

	json_out_array(o, "payments");
	if (!decimal_is_zero(amount)) {
		json_out_object(o, NULL);
		json_out_decimal(o, "amount", amount);
		json_out_object(o, "type");
		json_out_text(o, "config_id", x->payment_type);
		json_out_end_object(o);
		json_out_object(o, "source");
		json_out_text(o, "register_id", x->at_register);
		json_out_end_object(o);
		json_out_text(o, "date", date);
		json_out_end_object(o);
	}
	json_out_end_array(o);
}

static struct outcome
build(struct lightspeed_x *x, struct buf *out, const struct entry *entry,
      const char *id)
{
	struct paper p = { .o = { .to = out }, .total = DECIMAL_ZERO };
	struct outcome outcome;
	char date[CLOCK_TEXT_SIZE];

	clock_format(date, entry->occurred_ms);
	json_out_object(&p.o, NULL);
	json_out_text(&p.o, "id", id);
	json_out_text(&p.o, "state", "closed");
	json_out_object(&p.o, "source");
	json_out_text(&p.o, "author_id", x->user);
	json_out_text(&p.o, "register_id", x->at_register);
	json_out_text(&p.o, "id", entry->docid);
	json_out_text(&p.o, "type", "Tillbridge");
	json_out_end_object(&p.o);
	json_out_text(&p.o, "date", date);
	outcome = build_lines(x, &p, entry);
	build_payments(x, &p, date);
	json_out_end_object(&p.o);
	return outcome;
}

/* 409: it is there already, or the register is closed. Where the look-up says
   neither, nothing is known yet: posting again begins with it. */
static struct outcome
judge_conflict(struct lightspeed_x *x, struct outcome refused, const char *id)
{
	struct outcome outcome = find(x, id);

	if (outcome.verdict != VERDICT_ABSENT)
		return outcome;
	return outcome_of(VERDICT_REFUSED,
	                  "%.120s: is the register closed? Open it, then retry "
	                  "this entry",
	                  refused.why);
}

static struct outcome
post(struct lightspeed_x *x, const struct buf *body, const char *id)
{
	struct json *doc = NULL;
	int status;
	struct outcome outcome = lightspeed_x_must_be(
		lightspeed_x_change(x, &doc, &status, "POST", body,
	                            text_format("/api/%s/sales", x->dated)),
		"sales");

	json_free(doc);
	if (status == 409)
		outcome = judge_conflict(x, outcome, id);
	if (outcome.verdict == VERDICT_REFUSED)
		lightspeed_x_forget_taxes(x); /* perhaps they are others now */
	return outcome;
}

struct outcome
lightspeed_x_post_entry(void *state, const struct entry *entry)
{
	struct lightspeed_x *x = lightspeed_x_of(state);
	struct buf body = BUF_INIT;
	struct outcome outcome = lightspeed_x_load_taxes(x);
	char id[LIGHTSPEED_X_ID_SIZE];
	int r = make_id(id, entry);

	if (r)
		return outcome_fault(r);
	if (outcome.verdict == VERDICT_DONE)
		outcome = check_entry(x, entry);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	outcome = find(x, id);
	if (outcome.verdict == VERDICT_ABSENT) {
		outcome = build(x, &body, entry, id);
		if (outcome.verdict == VERDICT_DONE)
			outcome = post(x, &body, id);
	}
	buf_fini(&body);
	return outcome;
}
