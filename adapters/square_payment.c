/*
 * Square, from an order that is there to a sale that is recorded.
 *
 * An order moves no stock before it is paid. One that comes to something is
 * paid as EXTERNAL, for the money is not here; one that comes to nothing is
 * paid in its version, under a key of that.
 */
#include "adapters/square_post.h"

#include "gateway/base/buf.h"
#include "gateway/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORDERS_PATH   "/v2/orders"
#define PAYMENTS_PATH "/v2/payments"

/* A key of its own, of at most 45 characters as payments take them. */
static const char *
payment_key(char out[SQUARE_KEY_SIZE], const struct entry *entry)
{
	(void)snprintf(out, SQUARE_KEY_SIZE, "%.40s-pay", entry->docid);
	return out;
}

/* What is said of one version of an order is not said of the next. */
static const char *
pay_key(char out[SQUARE_KEY_SIZE], const struct entry *entry,
        const struct square_order *order)
{
	(void)snprintf(out, SQUARE_KEY_SIZE, "%.40s-pay-%lld", entry->docid,
	               (long long)order->version);
	return out;
}

static void
build_payment(struct buf *out, const struct square *s,
              const struct entry *entry, const struct square_order *order)
{
	struct json_out o = { .to = out };
	char key[SQUARE_KEY_SIZE];

	json_out_object(&o, NULL);
	json_out_text(&o, "source_id", "EXTERNAL");
	json_out_text(&o, "idempotency_key", payment_key(key, entry));
	square_out_money(&o, "amount_money", order->due, order->currency);
	json_out_text(&o, "order_id", order->id);
	json_out_text(&o, "location_id", s->location);
	json_out_text(&o, "reference_id", entry->docid);
	json_out_bool(&o, "autocomplete", true);
	json_out_object(&o, "external_details");
	json_out_text(&o, "type", "OTHER");
	json_out_text(&o, "source", SQUARE_SOURCE);
	json_out_text(&o, "source_id", entry->docid);
	json_out_end_object(&o);
	json_out_end_object(&o);
}

static void
build_pay(struct buf *out, const struct entry *entry,
          const struct square_order *order)
{
	struct json_out o = { .to = out };
	char key[SQUARE_KEY_SIZE];

	json_out_object(&o, NULL);
	json_out_text(&o, "idempotency_key", pay_key(key, entry, order));
	json_out_int(&o, "order_version", order->version);
	json_out_array(&o, "payment_ids");
	json_out_end_array(&o);
	json_out_end_object(&o);
}

/* Does the answer say that the order is paid now? */
static bool
is_paid(const struct json_node *root)
{
	const char *payment =
		json_text_or(json_find(root, "payment"), "status", "");
	const char *order = json_text_or(json_find(root, "order"), "state", "");

	return strcmp(payment, "COMPLETED") == 0 ||
	       strcmp(order, "COMPLETED") == 0;
}

/* Neither paid nor to be paid: its key gives nothing but this order. */
static struct outcome
ended(const struct square_order *order, const char *state)
{
	return outcome_of(VERDICT_REFUSED,
	                  "its order %.32s is %.15s at Square: if the "
	                  "sale is to count, book it there by hand; then "
	                  "drop this entry",
	                  order->id, state);
}

/* The order as it is now; why: what was said to its payment. */
static struct outcome
judge_unpaid(const struct square_order *order, const char *state,
             const struct outcome *why, bool is_changed)
{
	if (!*state)
		return outcome_of(VERDICT_UNCERTAIN,
		                  "order %.32s is not as documented",
		                  order->id);
	if (strcmp(state, "OPEN") != 0)
		return ended(order, state);
	if (is_changed)
		return outcome_of(VERDICT_UNCERTAIN,
		                  "order %.32s was changed at Square: it is "
		                  "paid as it is now when it is looked up",
		                  order->id);
	return outcome_of(VERDICT_REFUSED,
	                  "order %.32s is made but not paid: %.60s; finish it "
	                  "at Square, then retry this entry, or cancel it "
	                  "there, then drop this entry",
	                  order->id, why->why);
}

/*
 * Square says no to the payment. Somebody may have paid the order meanwhile, we
 * among them, under a key that is forgotten by now; or changed it.
 */
static struct outcome
look_at_order(struct square *s, const struct square_order *order,
              const struct outcome *why, bool is_changed)
{
	struct json *doc = NULL;
	struct outcome outcome;
	char *path = text_format(ORDERS_PATH "/%s", order->id);

	if (!path)
		return outcome_of(VERDICT_UNCERTAIN, "out of memory");
	outcome = square_call(s, path, NULL, &doc);
	if (outcome.verdict != VERDICT_DONE)
		outcome.verdict = VERDICT_UNCERTAIN;
	else if (!is_paid(json_root(doc)))
		outcome = judge_unpaid(
			order,
			json_text_or(json_find(json_root(doc), "order"),
		                     "state", ""),
			why, is_changed);
	json_free(doc);
	free(path);
	return outcome;
}

static struct outcome
pay(struct square *s, const struct entry *entry,
    const struct square_order *order)
{
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;
	char *path = order->due > 0
	                     ? text_dup(PAYMENTS_PATH)
	                     : text_format(ORDERS_PATH "/%s/pay", order->id);

	if (order->due > 0)
		build_payment(&body, s, entry, order);
	else
		build_pay(&body, entry, order);
	outcome = path ? square_post(s, path, &body, &doc)
	               : outcome_of(VERDICT_RETRY, "out of memory");
	if (outcome.verdict == VERDICT_DONE && !is_paid(json_root(doc)))
		outcome = outcome_of(VERDICT_UNCERTAIN,
		                     "the payment of order %.32s is not "
		                     "completed",
		                     order->id);
	if (outcome.verdict == VERDICT_REFUSED)
		outcome = look_at_order(
			s, order, &outcome,
			square_has_error(doc, "VERSION_MISMATCH"));
	json_free(doc);
	buf_fini(&body);
	free(path);
	return outcome;
}

struct outcome
square_order_finish(struct square *s, const struct entry *entry,
                    const struct square_order *order)
{
	if (strcmp(order->state, "COMPLETED") == 0)
		return outcome_done();
	if (strcmp(order->state, "OPEN") != 0)
		return ended(order, order->state);
	return pay(s, entry, order);
}
