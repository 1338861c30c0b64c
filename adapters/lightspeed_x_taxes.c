/*
 * Lightspeed X, taxes: a line of a sale must say its tax and how much it is.
 *
 * A product of version 2.0 does not name its tax, but its price with and
 * without; the tax is the one that makes the one of the other, the outlet's own
 * first. The option `tax` settles it for all.
 */
#include "adapters/lightspeed_x.h"

#include "gateway/base/err.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is asked once ---- */

void
lightspeed_x_forget_taxes(struct lightspeed_x *x)
{
	json_free(x->taxes);
	json_free(x->place);
	x->taxes = NULL;
	x->place = NULL;
}

struct outcome
lightspeed_x_load_taxes(struct lightspeed_x *x)
{
	struct outcome outcome;

	if (x->taxes && x->place)
		return outcome_done();
	lightspeed_x_forget_taxes(x);
	outcome = lightspeed_x_must_be(
		lightspeed_x_get(x, &x->taxes, text_dup("/api/2.0/taxes")),
		"taxes");
	if (outcome.verdict == VERDICT_DONE)
		outcome = lightspeed_x_must_be(
			lightspeed_x_get(
				x, &x->place,
				text_format("/api/2.0/outlets/%s", x->outlet)),
			"the outlet");
	if (outcome.verdict == VERDICT_DONE &&
	    (json_type(json_find(json_root(x->taxes), "data")) != JSON_ARRAY ||
	     json_type(json_find(json_root(x->place), "data")) != JSON_OBJECT))
		outcome = outcome_taken(LIGHTSPEED_X_MALFORMED, "taxes");
	if (outcome.verdict != VERDICT_DONE)
		lightspeed_x_forget_taxes(x);
	return outcome;
}

const char *
lightspeed_x_currency(const struct lightspeed_x *x)
{
	return json_text_or(json_find(json_root(x->place), "data"), "currency",
	                    "");
}

/* ---- one tax ---- */

/* All of its rates together. Returns 0, LIGHTSPEED_X_MALFORMED. */
static int
read_rate(struct decimal *out, const struct json_node *tax)
{
	const struct json_node *rates = json_find(tax, "rates");
	struct decimal rate;

	*out = DECIMAL_ZERO;
	for (size_t i = 0; i < json_length(rates); i++) {
		if (json_get_decimal_lax(&rate, json_at(rates, i), "rate") ||
		    decimal_is_negative(rate) ||
		    decimal_cmp(rate, decimal_of(10)) > 0)
			return LIGHTSPEED_X_MALFORMED;
		*out = decimal_add(*out, rate);
	}
	return 0;
}

static const struct json_node *
find_tax(const struct lightspeed_x *x, const char *id)
{
	const struct json_node *rows = json_find(json_root(x->taxes), "data");

	for (size_t i = 0; i < json_length(rows); i++)
		if (strcmp(json_text_or(json_at(rows, i), "id", ""), id) == 0)
			return json_at(rows, i);
	return NULL;
}

/* ---- which one ---- */

/* Does it make the one price of the other? */
static bool
fits(const struct json_node *tax, struct decimal with, struct decimal without)
{
	struct decimal rate;

	if (!tax || json_find(tax, "deleted_at") || read_rate(&rate, tax))
		return false;
	rate = decimal_add(rate, decimal_of(1));
	return decimal_cmp(decimal_mul(without, rate, 2, DECIMAL_HALF_UP),
	                   decimal_round(with, 2, DECIMAL_HALF_UP)) == 0;
}

static const struct json_node *
choose(const struct lightspeed_x *x, const struct json_node *product)
{
	const struct json_node *rows = json_find(json_root(x->taxes), "data");
	const struct json_node *place = json_find(json_root(x->place), "data");
	const struct json_node *own =
		find_tax(x, json_text_or(place, "default_tax_id", ""));
	struct decimal with;
	struct decimal without;

	if (conf_has(x->conf, "tax"))
		return find_tax(x, conf_text(x->conf, "tax"));
	if (json_get_decimal_lax(&with, product, "price_including_tax") ||
	    json_get_decimal_lax(&without, product, "price_excluding_tax") ||
	    decimal_is_zero(without) || fits(own, with, without))
		return own;
	for (size_t i = 0; i < json_length(rows); i++)
		if (fits(json_at(rows, i), with, without))
			return json_at(rows, i);
	return own;
}

static struct outcome
fill(const struct lightspeed_x *x, struct lightspeed_x_tax *out,
     const struct json_node *product, const char *id)
{
	const struct json_node *tax = choose(x, product);

	*out = (struct lightspeed_x_tax){ 0 };
	if (!tax || read_rate(&out->rate, tax) ||
	    !lightspeed_x_read_id(out->id, json_text_or(tax, "id", "")))
		return outcome_of(
			VERDICT_REFUSED,
			"no tax at Lightspeed fits product %.40s: set "
			"`tax` to the id of one, then retry this "
			"entry",
			id);
	if (json_get_decimal_lax(&out->price, product, "price_including_tax"))
		out->price = DECIMAL_ZERO;
	return outcome_done();
}

struct outcome
lightspeed_x_tax_of(struct lightspeed_x *x, struct lightspeed_x_tax *out,
                    const char *product)
{
	struct json *doc = NULL;
	struct outcome outcome = lightspeed_x_get(
		x, &doc, text_format("/api/2.0/products/%s", product));

	if (outcome.verdict == VERDICT_ABSENT)
		outcome = outcome_of(VERDICT_REFUSED,
		                     "Lightspeed has no product %.40s: correct "
		                     "the binding, then retry this entry",
		                     product);
	else if (outcome.verdict == VERDICT_DONE)
		outcome = fill(x, out, json_find(json_root(doc), "data"),
		               product);
	json_free(doc);
	return outcome;
}
