/*
 * Lightspeed R, entries: a till as authority. Record a sale that happened
 * elsewhere, and find one again.
 *
 * Does     GET Sale.json by its referenceNumber, the docid: what is there
 *          already, half or whole, is finished and not made again. POST
 *          Sale.json, open and without a payment; then PUT Sale/{id}.json with
 *          exactly what it comes to (`calcTotal`) and `completed`. Only that
 *          moves stock, so a sale that stays open has done nothing.
 * Money    Prices are what was paid, in cents, on lines without tax: tax is
 *          inside what was paid, and whether the account adds it to a price is
 *          its own affair. A line whose amount no price of one gives exactly
 *          becomes two. A line without an amount has the till's price and tax.
 * Not      Returns: a line that comes back must name the line it was sold by,
 *          and that was elsewhere. Orders of a shop, customers, fractions of a
 *          piece.
 */
#include "adapters/lightspeed_r.h"

#include "gateway/base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE "Tillbridge"

enum {
	POST_COST = 2,     /* and a line is up to two, half a drip each */
	COMPLETE_COST = 6, /* two, three for completing, and a payment */
	MONEY_PLACES = 2,
};

/* What the interface shows of the sale. */
struct ticket {
	int64_t id; /* 0: there is none */
	bool is_completed;
	bool has_its_lines; /* those of the entry, as bound now */
	struct decimal total;
	int64_t voided; /* another, with its reference, that was taken back */
};

/* ---- what cannot be recorded, and why ---- */

static const char cure[] = "book it there by hand, then drop this entry";

static struct outcome
check_line(const struct entry_line *line)
{
	char text[DECIMAL_TEXT_SIZE];
	int64_t quantity;

	if (!line->external || !*line->external)
		return outcome_of(VERDICT_REFUSED,
		                  "%.60s is not bound here: bind it, then "
		                  "retry this entry",
		                  line->sku);
	if (decimal_to_scaled(&quantity, line->qty, 0))
		return outcome_of(VERDICT_REFUSED,
		                  "Lightspeed holds whole pieces, not %s of "
		                  "%.60s: %s",
		                  decimal_format(text, line->qty), line->sku,
		                  cure);
	if (quantity <= 0)
		return outcome_of(VERDICT_REFUSED,
		                  "Lightspeed takes goods back only where it "
		                  "sold them (%.60s): %s",
		                  line->sku, cure);
	return outcome_done();
}

static struct outcome
check_entry(const struct entry *entry)
{
	struct outcome outcome = outcome_done();

	if (entry->kind != ENTRY_SALE)
		return outcome_of(VERDICT_REFUSED,
		                  "Lightspeed takes no orders or customers of "
		                  "a shop from us: %s",
		                  cure);
	if (entry->n_lines == 0)
		return outcome_of(VERDICT_REFUSED,
		                  "the entry has no lines: drop it");
	for (size_t i = 0;
	     outcome.verdict == VERDICT_DONE && i < entry->n_lines; i++)
		outcome = check_line(&entry->lines[i]);
	return outcome;
}

/* ---- the bodies ---- */

/* price: cents of one; NULL: the till's. */
static void
build_part(struct json_out *o, const struct entry_line *line, int64_t quantity,
           const int64_t *price)
{
	char text[DECIMAL_TEXT_SIZE];

	if (quantity == 0)
		return;
	json_out_object(o, NULL);
	json_out_text(o, "itemID", line->external);
	json_out_int(o, "unitQuantity", quantity);
	if (price) {
		json_out_text(o, "unitPrice",
		              decimal_format_places(
				      text,
				      decimal_of_scaled(*price, MONEY_PLACES),
				      MONEY_PLACES));
		json_out_bool(o, "tax", false);
	}
	json_out_end_object(o);
}

/* 10.00 for three are two at 3.33 and one at 3.34. */
static void
build_line(struct json_out *o, const struct entry_line *line)
{
	struct decimal gross =
		decimal_round(decimal_max(line->gross, DECIMAL_ZERO),
	                      MONEY_PLACES, DECIMAL_HALF_UP);
	int64_t quantity = 0;
	int64_t cents;
	int64_t dearer;
	int64_t price;

	(void)decimal_to_scaled(&quantity, line->qty, 0); /* was checked */
	if (!line->has_gross ||
	    decimal_to_scaled(&cents, gross, MONEY_PLACES)) {
		build_part(o, line, quantity, NULL);
		return;
	}
	dearer = cents % quantity;
	price = cents / quantity;
	build_part(o, line, quantity - dearer, &price);
	price++;
	build_part(o, line, dearer, &price);
}

static void
build_sale(struct buf *out, const struct lightspeed_r *l,
           const struct entry *entry)
{
	struct json_out o = { .to = out };

	json_out_object(&o, NULL);
	json_out_int(&o, "employeeID", l->employee);
	json_out_int(&o, "registerID", l->till);
	json_out_int(&o, "shopID", l->shop);
	json_out_int(&o, "customerID", 0);
	json_out_bool(&o, "completed", false);
	json_out_text(&o, "referenceNumber", entry->docid);
	json_out_text(&o, "referenceNumberSource", SOURCE);
	json_out_object(&o, "SaleLines");
	json_out_array(&o, "SaleLine");
	for (size_t i = 0; i < entry->n_lines; i++)
		build_line(&o, &entry->lines[i]);
	json_out_end_array(&o);
	json_out_end_object(&o);
	json_out_end_object(&o);
}

static void
build_completion(struct buf *out, const struct lightspeed_r *l,
                 const struct ticket *ticket)
{
	struct json_out o = { .to = out };
	char amount[DECIMAL_TEXT_SIZE];

	json_out_object(&o, NULL);
	json_out_bool(&o, "completed", true);
	if (!decimal_is_zero(ticket->total)) {
		json_out_object(&o, "SalePayments");
		json_out_object(&o, "SalePayment");
		json_out_text(&o, "amount",
		              decimal_format_places(amount, ticket->total,
		                                    MONEY_PLACES));
		json_out_int(&o, "paymentTypeID", l->payment_type);
		json_out_end_object(&o);
		json_out_end_object(&o);
	}
	json_out_end_object(&o);
}

/* ---- what is there of it ---- */

/* Of this item in all; less than nothing: that cannot be told. */
static struct decimal
sum_of(const struct json_node *rows, const char *external)
{
	struct decimal sum = DECIMAL_ZERO;
	struct decimal qty;
	size_t n = 0;

	if (lightspeed_r_length(&n, rows))
		return decimal_of(-1);
	for (size_t i = 0; i < n; i++) {
		const struct json_node *row = lightspeed_r_at(rows, i);

		if (external &&
		    strcmp(lightspeed_r_text(row, "itemID"), external) != 0)
			continue;
		if (lightspeed_r_decimal(&qty, row, "unitQuantity") ||
		    !lightspeed_r_is_quantity(qty))
			return decimal_of(-1);
		sum = decimal_add(sum, qty);
	}
	return sum;
}

/* external NULL: of all items. */
static struct decimal
sum_of_entry(const struct entry *entry, const char *external)
{
	struct decimal sum = DECIMAL_ZERO;

	for (size_t i = 0; i < entry->n_lines; i++)
		if (!external ||
		    (entry->lines[i].external &&
		     strcmp(entry->lines[i].external, external) == 0))
			sum = decimal_add(sum, entry->lines[i].qty);
	return sum;
}

/* As many of each of its items, and nothing else. */
static bool
has_lines_of(const struct json_node *sale, const struct entry *entry)
{
	const struct json_node *rows = lightspeed_r_find(
		lightspeed_r_find(sale, "SaleLines"), "SaleLine");

	for (size_t i = 0; i < entry->n_lines; i++) {
		const char *external = entry->lines[i].external;

		if (!external ||
		    decimal_cmp(sum_of(rows, external),
		                sum_of_entry(entry, external)) != 0)
			return false;
	}
	return decimal_cmp(sum_of(rows, NULL), sum_of_entry(entry, NULL)) == 0;
}

/* Returns 0, LIGHTSPEED_R_MALFORMED. */
static int
read_ticket(struct ticket *out, const struct json_node *sale,
            const struct entry *entry)
{
	out->id = lightspeed_r_int_or(sale, "saleID", 0);
	out->is_completed = lightspeed_r_is(sale, "completed");
	out->has_its_lines = has_lines_of(sale, entry);
	if (out->id <= 0 ||
	    lightspeed_r_decimal(&out->total, sale, "calcTotal"))
		return LIGHTSPEED_R_MALFORMED;
	out->total = decimal_round(out->total, MONEY_PLACES, DECIMAL_HALF_UP);
	return 0;
}

struct finding {
	const struct lightspeed_r *l;
	const struct entry *entry;
	struct ticket *ticket;
};

/* The completed one is the sale; an open one can become it. */
static int
take_found(void *ctx, const struct json_node *row)
{
	struct finding *f = ctx;
	struct ticket ticket = { 0 };
	int r;

	if (strcmp(lightspeed_r_text(row, "referenceNumber"),
	           f->entry->docid) != 0 ||
	    lightspeed_r_int_or(row, "shopID", f->l->shop) != f->l->shop)
		return 0;
	if (lightspeed_r_is(row, "voided")) {
		f->ticket->voided = lightspeed_r_int_or(row, "saleID", 0);
		return 0;
	}
	r = read_ticket(&ticket, row, f->entry);
	ticket.voided = f->ticket->voided;
	if (!r && (!f->ticket->id ||
	           (ticket.is_completed && !f->ticket->is_completed)))
		*f->ticket = ticket;
	return r;
}

/* DONE with what there is, or nothing (its id is 0). */
static struct outcome
find(struct lightspeed_r *l, const struct entry *entry, struct ticket *ticket)
{
	struct finding f = { l, entry, ticket };
	struct buf query = BUF_INIT;
	struct lightspeed_r_listing listing = { .resource = "Sale",
		                                .has_relations = true,
		                                .take = take_found,
		                                .ctx = &f };
	struct outcome outcome;

	*ticket = (struct ticket){ .id = 0 };
	lightspeed_r_add_term(&query, "referenceNumber", "", entry->docid);
	buf_adds(&query, "&archived=true&load_relations=%5B%22SaleLines%22%5D");
	listing.query = buf_text(&query);
	outcome = buf_check(&query) ? outcome_fault(ERR_NOMEM)
	                            : lightspeed_r_list(l, &listing);
	buf_fini(&query);
	return outcome;
}

/* ---- the steps ---- */

/* ABSENT is about what must be there: who we are is wrong. */
static struct outcome
must_be(struct outcome outcome)
{
	if (outcome.verdict == VERDICT_ABSENT)
		outcome.verdict = VERDICT_LOCKED;
	return outcome;
}

/* Lightspeed's refusal, with what a person can do about it. */
static struct outcome
refused(struct outcome outcome)
{
	if (outcome.verdict != VERDICT_REFUSED)
		return outcome;
	return outcome_of(VERDICT_REFUSED,
	                  "Lightspeed does not take this sale (%.120s): put "
	                  "it right, then retry the entry, or drop it",
	                  outcome.why);
}

static struct outcome
begin(struct lightspeed_r *l, const struct entry *entry, struct ticket *ticket)
{
	struct buf body = BUF_INIT;
	const struct lightspeed_r_call call = {
		.method = "POST",
		.path = "Sale.json",
		.body = &body,
		.cost = POST_COST + (unsigned)entry->n_lines,
		.may_not_repeat = true,
	};
	struct json *doc = NULL;
	struct outcome outcome;

	build_sale(&body, l, entry);
	outcome = refused(must_be(lightspeed_r_send(l, &call, &doc)));
	if (outcome.verdict == VERDICT_DONE &&
	    read_ticket(ticket, lightspeed_r_find(json_root(doc), "Sale"),
	                entry))
		outcome = outcome_of(VERDICT_UNCERTAIN,
		                     "the answer of a new sale is not as "
		                     "documented");
	json_free(doc);
	buf_fini(&body);
	return outcome;
}

static struct outcome
complete(struct lightspeed_r *l, const struct ticket *ticket)
{
	char *path = text_format("Sale/%lld.json", (long long)ticket->id);
	struct buf body = BUF_INIT;
	const struct lightspeed_r_call call = {
		.method = "PUT",
		.path = path,
		.body = &body,
		.cost = COMPLETE_COST,
		.may_not_repeat = true,
	};
	struct json *doc = NULL;
	struct outcome outcome = outcome_fault(ERR_NOMEM);

	build_completion(&body, l, ticket);
	if (path)
		outcome = must_be(lightspeed_r_send(l, &call, &doc));
	if (outcome.verdict == VERDICT_REFUSED)
		outcome = outcome_of(VERDICT_REFUSED,
		                     "sale %lld is open at Lightspeed, which "
		                     "does not complete it (%.110s): complete "
		                     "it there, then retry; or drop it",
		                     (long long)ticket->id, outcome.why);
	json_free(doc);
	buf_fini(&body);
	free(path);
	return outcome;
}

/* From a sale that is there to one that is recorded. */
static struct outcome
finish(struct lightspeed_r *l, const struct ticket *ticket)
{
	if (ticket->is_completed)
		return outcome_done();
	if (!ticket->has_its_lines)
		return outcome_of(
			VERDICT_REFUSED,
			"sale %lld was begun when its items were bound "
			"otherwise: void it at Lightspeed, then retry "
			"this entry",
			(long long)ticket->id);
	return complete(l, ticket);
}

/* The sale is there: what keeps us from completing it leaves it half made. */
static struct outcome
half_made(const struct ticket *ticket, struct outcome outcome)
{
	if (outcome.verdict == VERDICT_DONE ||
	    outcome.verdict == VERDICT_REFUSED)
		return outcome;
	return outcome_of(VERDICT_UNCERTAIN,
	                  "sale %lld is begun, its payment is open: %.150s",
	                  (long long)ticket->id, outcome.why);
}

/* ---- functions of the table ---- */

/* The search is one call, and a sale that is there twice is dearer. It also
   finds what was begun before. */
struct outcome
lightspeed_r_post_entry(void *state, const struct entry *entry)
{
	struct lightspeed_r *l = lightspeed_r_of(state);
	struct ticket ticket;
	struct outcome outcome = check_entry(entry);

	if (outcome.verdict == VERDICT_DONE)
		outcome = find(l, entry, &ticket);
	if (outcome.verdict == VERDICT_DONE && !ticket.id)
		outcome = begin(l, entry, &ticket);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	return half_made(&ticket, finish(l, &ticket));
}

struct outcome
lightspeed_r_find_entry(void *state, const struct entry *entry)
{
	struct lightspeed_r *l = lightspeed_r_of(state);
	struct ticket ticket;
	struct outcome outcome;

	if (entry->kind != ENTRY_SALE)
		return outcome_of(VERDICT_REFUSED,
		                  "Lightspeed takes no orders or customers");
	outcome = find(l, entry, &ticket);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	if (ticket.is_completed)
		return outcome_done();
	/* Posted again it is completed, if its lines are still right. */
	if (ticket.id)
		return outcome_of(VERDICT_ABSENT,
		                  "sale %lld is begun at Lightspeed and not "
		                  "completed",
		                  (long long)ticket.id);
	if (ticket.voided)
		return outcome_of(VERDICT_REFUSED,
		                  "sale %lld, which was this one, is voided at "
		                  "Lightspeed: drop it, or retry it for a new "
		                  "one",
		                  (long long)ticket.voided);
	return outcome_of(VERDICT_ABSENT, "Lightspeed has no sale %.40s",
	                  entry->docid);
}
