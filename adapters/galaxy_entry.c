/*
 * Galaxy, commercial entries: the document.
 *
 * Content   Every member that galaxy.md 8.1 marks as needed, each id out of
 *           the mirror. A sale leaves out addresses and charges, which means
 *           the customer's own and none; galaxy_order.c adds what an order has.
 * Totals    The sums of the lines, whose figures are cut (galaxy_line.c), so
 *           that the document adds up.
 */
#include "adapters/galaxy.h"

#include "gateway/base/err.h"

#include <stdio.h>
#include <string.h>

/* ---- references ---- */

void
galaxy_open_ref(struct json_out *o, const char *key, const char *id,
                bool is_short)
{
	json_out_object(o, key);
	json_out_object(o, "identifier");
	json_out_text(o, "id", id);
	json_out_text(o, "codelist", "RCP");
	if (!is_short)
		json_out_null(o, "idspecifier");
	json_out_end_object(o);
}

void
galaxy_write_text(struct json_out *o, const char *key, const char *text)
{
	if (text)
		json_out_text(o, key, text);
	else
		json_out_null(o, key);
}

void
galaxy_write_ref(struct json_out *o, const char *key,
                 const struct galaxy_ref *ref, bool with_descr)
{
	const char *text = with_descr ? galaxy_ref_text(ref) : NULL;

	if (!ref->id[0])
		return;
	galaxy_open_ref(o, key, ref->id, false);
	if (text)
		json_out_text(o, "descr", text);
	json_out_end_object(o);
}

/* ---- the document ---- */

/* The document on its way. */
struct document {
	struct galaxy *g;
	const struct entry *entry;
	struct galaxy_terms terms;
	struct galaxy_order order; /* empty unless it is one */
	struct entry_problem *problem;
	struct json_out to;
	struct decimal net;
	struct decimal vat;
};

static bool
is_order(const struct document *d)
{
	return d->entry->kind == ENTRY_ORDER;
}

static struct outcome
write_lines(struct document *d)
{
	struct outcome outcome = outcome_done();
	const struct entry *entry = d->entry;

	json_out_array(&d->to, "lines");
	for (size_t i = 0;
	     i < entry->n_lines && outcome.verdict == VERDICT_DONE; i++) {
		struct galaxy_amounts amounts;

		outcome = galaxy_write_line(d->g, &d->to, entry, i, &amounts,
		                            d->problem);
		d->net = decimal_add(d->net, amounts.netamount);
		d->vat = decimal_add(d->vat, amounts.vatamount);
	}
	json_out_end_array(&d->to);
	return outcome;
}

static void
write_totals(struct document *d)
{
	struct decimal all = decimal_add(d->net, d->vat);
	struct json_out *o = &d->to;

	json_out_decimal(o, "netamount", d->net);
	json_out_decimal(o, "vatamount", d->vat);
	json_out_decimal(o, "totalamount", all);
	json_out_decimal(o, "payableamount", all);
	json_out_int(o, "discamount", 0);
	json_out_null(o, "extrataxes");
	json_out_null(o, "extrataxestotal");
	json_out_null(o, "extrataxesgrandtotal");
	json_out_array(o, "deductions");
	json_out_end_array(o);
	json_out_int(o, "deductionstotal", 0);
	json_out_int(o, "deductionsgrandtotal", 0);
}

/* The customer, and who buys in their name. */
static void
write_trader(struct document *d)
{
	const struct galaxy_ref *trader = &d->terms.refs[GALAXY_TERM_TRADER];

	galaxy_open_ref(&d->to, "trader", trader->id, false);
	galaxy_order_write_buyer(&d->order, &d->to);
	json_out_end_object(&d->to);
}

static void
write_terms(struct document *d)
{
	const struct galaxy_ref *refs = d->terms.refs;
	struct json_out *o = &d->to;

	galaxy_write_ref(o, "transportmode", &refs[GALAXY_TERM_TRANSPORT_MODE],
	                 true);
	galaxy_write_ref(o, "transporter", &refs[GALAXY_TERM_TRANSPORTER],
	                 true);
	galaxy_write_ref(o, "dispatchpurpose",
	                 &refs[GALAXY_TERM_DISPATCH_PURPOSE], true);
	if (!refs[GALAXY_TERM_PAYMENT_PLAN].id[0])
		return;
	json_out_object(o, "paymentagreement");
	galaxy_write_ref(o, "paymentplan", &refs[GALAXY_TERM_PAYMENT_PLAN],
	                 true);
	json_out_end_object(o);
}

static void
write_head(struct document *d)
{
	const struct galaxy_ref *refs = d->terms.refs;
	struct json_out *o = &d->to;
	char date[ZONE_TEXT_SIZE];

	galaxy_order_date(date, d->g, d->order.said.date,
	                  d->entry->occurred_ms);
	galaxy_write_ref(o, "company", &refs[GALAXY_TERM_COMPANY], false);
	galaxy_write_ref(o, "companysite", &refs[GALAXY_TERM_COMPANYSITE],
	                 false);
	json_out_int(o, "revisionnumber", 1);
	json_out_text(o, "docid", d->entry->docid);
	json_out_text(o, "docdate", date);
	galaxy_write_ref(o, "doccurrency", &refs[GALAXY_TERM_CURRENCY], true);
	write_trader(d);
	if (is_order(d))
		galaxy_order_write_addresses(d->g, &d->order, o);
	write_terms(d);
	if (is_order(d))
		galaxy_order_write_rest(&d->order, o);
}

/* Constants of the published sample; nothing says what else is allowed. */
static void
write_header(struct json_out *o)
{
	json_out_object(o, "header");
	json_out_text(o, "version", "2.3.2");
	json_out_text(o, "processtype", "B2C");
	json_out_text(o, "source", "Webshop");
	json_out_end_object(o);
}

static struct outcome
write_document(struct document *d)
{
	struct outcome outcome;

	json_out_object(&d->to, NULL);
	json_out_object(&d->to, "body");
	write_header(&d->to);
	json_out_object(&d->to, "data");
	write_head(d);
	outcome = write_lines(d);
	write_totals(d);
	json_out_end_object(&d->to);
	json_out_end_object(&d->to);
	json_out_end_object(&d->to);
	return outcome;
}

/* Who, where and on which terms. */
static struct outcome
look_up(struct document *d)
{
	struct outcome outcome = outcome_done();

	if (is_order(d))
		outcome = galaxy_order_open(&d->order, d->entry, d->problem);
	if (outcome.verdict == VERDICT_DONE)
		outcome = galaxy_choose_terms(
			d->g, &d->terms, d->entry,
			is_order(d) ? &d->order.said : NULL, d->problem);
	if (outcome.verdict == VERDICT_DONE && is_order(d))
		outcome = galaxy_order_look_up(
			d->g, &d->order, &d->terms.refs[GALAXY_TERM_TRADER],
			d->problem);
	return outcome;
}

struct outcome
galaxy_entry_build(struct galaxy *g, struct buf *out, const struct entry *entry,
                   struct entry_problem *problem)
{
	struct document d = {
		.g = g, .entry = entry, .problem = problem, .to = { .to = out }
	};
	struct outcome outcome;

	if (entry->n_lines == 0)
		return galaxy_refuse(problem, "lines",
		                     "an entry without lines");
	outcome = look_up(&d);
	if (outcome.verdict == VERDICT_DONE)
		outcome = write_document(&d);
	galaxy_order_fini(&d.order);
	galaxy_terms_fini(&d.terms);
	return buf_check(out) ? outcome_fault(ERR_NOMEM) : outcome;
}
