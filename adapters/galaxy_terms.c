/*
 * Galaxy, commercial entries: the parties and terms that a document refers to.
 *
 * Each is a row of a table in the mirror: the one that the order names, or else
 * the configured one, or else the only one there is. Trouble is told in the
 * order's own words where the order said it, and by the option otherwise.
 */
#include "adapters/galaxy.h"

#include <string.h>

/* A member of the document that refers to a row of a table. */
struct term {
	const char *option; /* its key in the configuration */
	const char *field;  /* its member in an order */
	size_t offset;      /* and in struct order */
	const char *entity; /* table in the mirror */
	bool is_needed;     /* by every installation (galaxy.md 8.1) */
};

#define AT(member_) offsetof(struct order, member_)

/* Agencies and shipping methods look exchanged; they are as documented. */
/* clang-format off */
static const struct term terms[GALAXY_TERM_COUNT] = {
	[GALAXY_TERM_COMPANY] = { "entry.company", "company", AT(company),
	                          "companies", true },
	[GALAXY_TERM_COMPANYSITE] = { "entry.companysite", "company_site",
	                              AT(company_site), "companysites", true },
	[GALAXY_TERM_CURRENCY] = { "entry.currency", "currency", AT(currency),
	                           "currencies", true },
	[GALAXY_TERM_TRADER] = { "entry.trader", "customer", AT(customer),
	                         "customers", true },
	[GALAXY_TERM_TRANSPORT_MODE] = { "entry.transport_mode",
	                                 "transport_mode", AT(transport_mode),
	                                 "agencies", false },
	[GALAXY_TERM_TRANSPORTER] = { "entry.transporter", "transporter",
	                              AT(transporter), "shippingmethods",
	                              false },
	[GALAXY_TERM_DISPATCH_PURPOSE] = { "entry.dispatch_purpose",
	                                   "dispatch_purpose",
	                                   AT(dispatch_purpose),
	                                   "dispatchpurposes", false },
	[GALAXY_TERM_PAYMENT_PLAN] = { "entry.payment_plan", "payment_plan",
	                               AT(payment_plan), "paymethods", false },
};
/* clang-format on */

void
galaxy_terms_fini(struct galaxy_terms *chosen)
{
	for (int i = 0; i < GALAXY_TERM_COUNT; i++)
		galaxy_ref_fini(&chosen->refs[i]);
}

static struct outcome
choose(struct galaxy *g, struct galaxy_ref *out, const struct term *term,
       struct galaxy_name name, struct entry_problem *problem)
{
	name.entity = term->entity;
	name.is_needed = term->is_needed;
	name.is_private = term == &terms[GALAXY_TERM_TRADER];
	name.field = term->field;
	if (!name.written) {
		name.written = conf_text(g->env.conf, term->option);
		name.field = term->option;
	}
	return galaxy_find_row(g, out, &name, problem);
}

struct outcome
galaxy_choose_term(struct galaxy *g, struct galaxy_ref *out,
                   enum galaxy_term term, const char *written,
                   struct entry_problem *problem)
{
	const struct galaxy_name name = { .written = written };

	return choose(g, out, &terms[term], name, problem);
}

/*
 * A till says which currency it took: that decides where nothing is configured
 * and Galaxy has several.
 */
static struct outcome
choose_currency(struct galaxy *g, struct galaxy_ref *out,
                const struct entry *entry, struct entry_problem *problem)
{
	const struct term *term = &terms[GALAXY_TERM_CURRENCY];
	const struct galaxy_name by_sale = { .entity = term->entity,
		                             .field = term->option,
		                             .written = entry->currency,
		                             .is_needed = true };
	struct outcome outcome =
		galaxy_choose_term(g, out, GALAXY_TERM_CURRENCY, NULL, problem);

	if (outcome.verdict == VERDICT_REFUSED && entry->currency &&
	    !conf_text(g->env.conf, term->option))
		outcome = galaxy_find_row(g, out, &by_sale, problem);
	return outcome;
}

static bool
is_iso_code(const char *code)
{
	return strlen(code) == 3 &&
	       strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

/* Amounts in one currency must not be booked in another. */
static struct outcome
check_currency(const struct galaxy_ref *chosen, const char *currency,
               struct entry_problem *problem)
{
	const char *code = "";

	if (chosen->row)
		code = json_text_or(json_root(chosen->row), "Code", "");
	if (!currency || !is_iso_code(code) || strcmp(code, currency) == 0)
		return outcome_done();
	return galaxy_refuse(problem, terms[GALAXY_TERM_CURRENCY].option,
	                     "the sale is in %.8s, this is %s", currency, code);
}

struct outcome
galaxy_choose_terms(struct galaxy *g, struct galaxy_terms *out,
                    const struct entry *entry, const struct order *order,
                    struct entry_problem *problem)
{
	struct galaxy_ref *refs = out->refs;
	struct outcome outcome = outcome_done();

	for (int i = 0; i < GALAXY_TERM_COUNT; i++) {
		struct galaxy_name name = { .written = NULL };

		if (order)
			name.written = *(char *const *)((const char *)order +
			                                terms[i].offset);
		if (i == GALAXY_TERM_COMPANYSITE) {
			name.member = "CompanyID";
			name.of = refs[GALAXY_TERM_COMPANY].id;
			name.elsewhere = "is no site of that company";
		}
		outcome =
			i == GALAXY_TERM_CURRENCY && !order
				? choose_currency(g, &refs[i], entry, problem)
				: choose(g, &refs[i], &terms[i], name, problem);
		if (outcome.verdict != VERDICT_DONE)
			return outcome;
	}
	if (order)
		return outcome;
	return check_currency(&refs[GALAXY_TERM_CURRENCY], entry->currency,
	                      problem);
}
