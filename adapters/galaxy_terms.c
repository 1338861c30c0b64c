/*
 * Galaxy, commercial entries: the parties and terms that a document refers to.
 *
 * Each is a row of a small table in the mirror: the configured one, found by
 * id, code or description, or else the only one there is. Nothing is guessed:
 * what is missing or fits twice is refused with the option and the candidates.
 */
#include "adapters/galaxy.h"

#include "gateway/base/err.h"
#include "gateway/ports/mirror.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { CANDIDATES_MAX = 6 }; /* named to a person */

/* A member of the document that refers to a row of a small table. */
struct term {
	const char *option; /* its key in the configuration */
	const char *entity; /* table in the mirror */
	bool is_needed;     /* by every installation (galaxy.md 8.1) */
};

/* Agencies and shipping methods look exchanged; they are as documented. */
static const struct term terms[GALAXY_TERM_COUNT] = {
	[GALAXY_TERM_COMPANY] = { "entry.company", "companies", true },
	[GALAXY_TERM_COMPANYSITE] = { "entry.companysite", "companysites",
	                              true },
	[GALAXY_TERM_CURRENCY] = { "entry.currency", "currencies", true },
	[GALAXY_TERM_TRADER] = { "entry.trader", "customers", true },
	[GALAXY_TERM_TRANSPORT_MODE] = { "entry.transport_mode", "agencies",
	                                 false },
	[GALAXY_TERM_TRANSPORTER] = { "entry.transporter", "shippingmethods",
	                              false },
	[GALAXY_TERM_DISPATCH_PURPOSE] = { "entry.dispatch_purpose",
	                                   "dispatchpurposes", false },
	[GALAXY_TERM_PAYMENT_PLAN] = { "entry.payment_plan", "paymethods",
	                               false },
};

/* Rows of a table that fit. */
struct search {
	const char *written; /* id, code or description; NULL: any row */
	const char *company; /* only rows of this one; NULL: of any */
	unsigned n;
	char id[GALAXY_ID_SIZE]; /* of the first */
	struct buf labels;       /* for people */
};

static bool
fits(const struct search *search, const char *key, const struct json_node *row)
{
	char company[GALAXY_ID_SIZE];

	if (search->company && (!galaxy_member_id(company, row, "CompanyID") ||
	                        strcmp(company, search->company) != 0))
		return false;
	if (!search->written)
		return true;
	return strcasecmp(key, search->written) == 0 ||
	       strcasecmp(json_text_or(row, "Code", ""), search->written) ==
	               0 ||
	       strcasecmp(json_text_or(row, "Description", ""),
	                  search->written) == 0;
}

/* A scan of the mirror may show a row twice, so the first is remembered. */
static int
visit(void *ctx, const char *key, const char *text, size_t n)
{
	struct search *search = ctx;
	struct json *doc = NULL;
	char label[40];
	bool is_known;
	int r = json_parse(&doc, text, n);

	if (r) /* a broken row fits nobody */
		return r < 0 ? err_pass(r) : 0;
	is_known = search->n > 0 && strcmp(search->id, key) == 0;
	if (!is_known && fits(search, key, json_root(doc))) {
		if (search->n++ == 0)
			(void)snprintf(search->id, sizeof(search->id), "%s",
			               key);
		galaxy_say(label, sizeof(label),
		           json_text_or(json_root(doc), "Code", key));
		buf_addf(&search->labels, "%s\"%s\"",
		         search->labels.n ? ", " : "", label);
	}
	json_free(doc);
	return search->n >= CANDIDATES_MAX; /* enough to know and to say */
}

/* By id, or else by name. 0, MIRROR_ABSENT, MIRROR_AMBIGUOUS, a fault. */
static int
find_written(struct galaxy *g, struct search *search, const char *entity)
{
	struct buf key = BUF_INIT;
	char id[GALAXY_ID_SIZE];
	int r = MIRROR_ABSENT;

	if (galaxy_id(id, search->written))
		r = mirror_get(g->env.mirror, &key, entity, id);
	if (r == MIRROR_ABSENT) {
		r = mirror_find_name(g->env.mirror, &key, entity,
		                     search->written);
		if (r == 0 && !galaxy_id(id, buf_text(&key)))
			r = MIRROR_ABSENT;
	}
	if (r == 0) {
		memcpy(search->id, id, sizeof(id));
		search->n = 1;
	}
	buf_fini(&key);
	return r < 0 ? err_pass(r) : r;
}

/*
 * The customers may be many, so a name is looked up, and the table is read
 * only to say which rows there are.
 */
static int
search_table(struct galaxy *g, struct search *search, const char *entity)
{
	int r = MIRROR_AMBIGUOUS;

	if (search->written && !search->company)
		r = find_written(g, search, entity);
	if (r == MIRROR_AMBIGUOUS)
		r = mirror_each(g->env.mirror, entity, visit, search);
	return r < 0 ? err_pass(r) : 0;
}

static struct outcome
judge_search(const struct search *search, const struct term *term)
{
	char labels[110];
	char written[60];

	galaxy_say(labels, sizeof(labels), buf_text(&search->labels));
	galaxy_say(written, sizeof(written),
	           search->written ? search->written : "");
	if (search->n == 1)
		return outcome_done();
	if (search->written && search->n == 0)
		return outcome_of(VERDICT_REFUSED,
		                  "%s: Galaxy's %s have no \"%s\"",
		                  term->option, term->entity, written);
	if (search->written)
		return outcome_of(VERDICT_REFUSED,
		                  "%s: \"%s\" fits more than one of %s: %s",
		                  term->option, written, term->entity, labels);
	if (search->n > 1)
		return outcome_of(VERDICT_REFUSED,
		                  "%s is not set and Galaxy's %s are several: "
		                  "%s%s",
		                  term->option, term->entity, labels,
		                  search->n >= CANDIDATES_MAX ? " ..." : "");
	if (term->is_needed)
		return outcome_of(VERDICT_REFUSED,
		                  "%s: the mirror has no %s yet", term->option,
		                  term->entity);
	return outcome_done(); /* this installation does without */
}

/*
 * Choose a row: the configured one, or the only one there is.
 *
 * hint     what the sale itself says, tried when nothing is configured and
 *          the table has several rows; NULL: nothing
 * company  see struct search
 */
static struct outcome
choose(struct galaxy *g, char out[GALAXY_ID_SIZE], const struct term *term,
       const char *hint, const char *company)
{
	struct search search = { .written =
		                         conf_text(g->env.conf, term->option),
		                 .company = company };
	struct outcome outcome;
	int r = search_table(g, &search, term->entity);

	if (!r && hint && !search.written && search.n > 1) {
		buf_reset(&search.labels);
		search.written = hint;
		search.n = 0;
		r = mirror_each(g->env.mirror, term->entity, visit, &search);
		r = r < 0 ? r : 0;
	}
	outcome = r ? galaxy_fault(r) : judge_search(&search, term);
	(void)snprintf(out, GALAXY_ID_SIZE, "%s",
	               search.n == 1 ? search.id : "");
	buf_fini(&search.labels);
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
check_currency(struct galaxy *g, const char *id, const char *currency)
{
	struct outcome outcome = outcome_done();
	struct json *doc = NULL;
	const char *code;
	int r = currency ? galaxy_read_row(g, &doc, "currencies", id)
	                 : MIRROR_ABSENT;

	if (r == MIRROR_ABSENT)
		return outcome;
	if (r)
		return galaxy_fault(r);
	code = json_text_or(json_root(doc), "Code", "");
	if (is_iso_code(code) && strcmp(code, currency) != 0)
		outcome = outcome_of(VERDICT_REFUSED,
		                     "the sale is in %.8s, entry.currency is "
		                     "%s",
		                     currency, code);
	json_free(doc);
	return outcome;
}

struct outcome
galaxy_choose_terms(struct galaxy *g,
                    char ids[GALAXY_TERM_COUNT][GALAXY_ID_SIZE],
                    const struct entry *entry)
{
	struct outcome outcome = outcome_done();

	for (int i = 0; i < GALAXY_TERM_COUNT; i++) {
		outcome = choose(
			g, ids[i], &terms[i],
			i == GALAXY_TERM_CURRENCY ? entry->currency : NULL,
			i == GALAXY_TERM_COMPANYSITE ? ids[GALAXY_TERM_COMPANY]
						     : NULL);
		if (outcome.verdict != VERDICT_DONE)
			return outcome;
	}
	return check_currency(g, ids[GALAXY_TERM_CURRENCY], entry->currency);
}
