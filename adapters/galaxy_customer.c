/*
 * Galaxy, customers: the document of a new one, and finding it again.
 *
 * Document  galaxy.md 8.5: places by id, with their description beside it.
 * Once      Nothing says that Galaxy recognises a code that it has, so a code
 *           in the mirror is refused before anything is sent. After a lost
 *           answer the end of Galaxy's list is read, from well below where the
 *           last list ended: a wrong "it is not there" would create the
 *           customer again.
 */
#include "adapters/galaxy.h"

#include "gateway/base/err.h"
#include "gateway/model/customer.h"
#include "gateway/ports/mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	OVERLAP = 1000, /* revisions; a sync makes do with less */
	LIST_TIMEOUT_MS = 10 * 60 * 1000,
};

/* ---- the mirror ---- */

/* A customer with this code. */
struct known {
	const char *code;
	bool is_there;
};

static int
visit_known(void *ctx, const char *key, const char *text, size_t n)
{
	struct known *known = ctx;
	struct json *doc = NULL;
	int r = json_parse(&doc, text, n);

	(void)key;
	if (r)
		return r < 0 ? err_pass(r) : 0;
	known->is_there |= strcasecmp(json_text_or(json_root(doc), "Code", ""),
	                              known->code) == 0;
	json_free(doc);
	return known->is_there;
}

/* 0 or a fault. */
static int
find_known(struct galaxy *g, struct known *known)
{
	int r = mirror_each_named(g->env.mirror, "customers", known->code,
	                          visit_known, known);

	return r < 0 ? err_pass(r) : 0;
}

/* ---- the document ---- */

static struct outcome
read_details(struct customer *out, const struct entry *entry,
             struct entry_problem *problem)
{
	struct order_problem wrong = { .field = "", .why = "no JSON" };
	struct json *doc = NULL;
	int r;

	r = json_parse(&doc, entry->details, strlen(entry->details));
	if (!r)
		r = customer_read(out, &wrong, json_root(doc));
	json_free(doc);
	if (r < 0)
		return outcome_fault(r);
	return r ? galaxy_refuse(problem, wrong.field, "%s", wrong.why)
	         : outcome_done();
}

static void
write_id_or_null(struct json_out *o, const char *key,
                 const struct galaxy_ref *ref)
{
	galaxy_write_text(o, key, ref->id[0] ? ref->id : NULL);
}

static void
write_place(struct json_out *o, const struct galaxy_place *place)
{
	write_id_or_null(o, "CountryID", &place->country);
	galaxy_write_text(o, "CountryDescr", galaxy_ref_text(&place->country));
	write_id_or_null(o, "PrefectureID", &place->prefecture);
	galaxy_write_text(o, "PrefectureDescr",
	                  galaxy_ref_text(&place->prefecture));
	write_id_or_null(o, "CityID", &place->city);
	galaxy_write_text(o, "CityDescr", galaxy_ref_text(&place->city));
}

static struct outcome
write_site(struct galaxy *g, struct json_out *o,
           const struct customer_site *site, size_t nth,
           struct entry_problem *problem)
{
	const struct galaxy_place_name said = { site->country, site->prefecture,
		                                site->city };
	struct galaxy_place place = { .city = { .row = NULL } };
	struct outcome outcome;
	char prefix[40];

	(void)snprintf(prefix, sizeof(prefix), "sites[%zu].", nth);
	outcome = galaxy_find_place(g, &place, prefix, &said, problem);
	json_out_object(o, NULL);
	json_out_null(o, "ID");
	json_out_text(o, "Code", site->code);
	galaxy_write_text(o, "Description", site->description);
	json_out_int(o, "IsBilling", site->is_billing);
	json_out_int(o, "IsPrimary", site->is_primary);
	write_place(o, &place);
	galaxy_write_text(o, "PostalCode", site->zip);
	galaxy_write_text(o, "Street", site->street);
	galaxy_write_text(o, "StreetNumber", site->street_number);
	galaxy_write_text(o, "Email", site->email);
	galaxy_write_text(o, "Phone1", site->phone);
	json_out_end_object(o);
	galaxy_place_fini(&place);
	return outcome;
}

static void
write_head(struct json_out *o, const struct customer *c,
           const struct galaxy_ref *currency)
{
	char member[16];

	json_out_null(o, "ID");
	json_out_text(o, "Code", c->code);
	json_out_text(o, "Description",
	              c->description ? c->description : c->name);
	json_out_text(o, "Name", c->name);
	galaxy_write_text(o, "Comments", c->comment);
	json_out_null(o, "MGUserID");
	galaxy_write_text(o, "TIN", c->tin);
	write_id_or_null(o, "CurrencyID", currency);
	for (size_t i = 0; i < CUSTOMER_FIELDS; i++) {
		(void)snprintf(member, sizeof(member), "StringField%zu", i + 1);
		galaxy_write_text(o, member, c->strings[i]);
	}
	for (size_t i = 0; i < CUSTOMER_FIELDS; i++) {
		(void)snprintf(member, sizeof(member), "FloatField%zu", i + 1);
		json_out_decimal(o, member, c->floats[i]);
	}
}

/*
 * An order without addresses goes to the primary site (galaxy.md 8.1), so that
 * a customer without any site has one without an address.
 */
static struct outcome
write_sites(struct galaxy *g, struct json_out *o, const struct customer *c,
            struct entry_problem *problem)
{
	char code[] = "1";
	const struct customer_site only = { .code = code,
		                            .description = c->name,
		                            .is_billing = true,
		                            .is_primary = true };
	struct outcome outcome = outcome_done();

	json_out_array(o, "CustomerSites");
	if (c->n_sites == 0)
		outcome = write_site(g, o, &only, 0, problem);
	for (size_t i = 0; i < c->n_sites && outcome.verdict == VERDICT_DONE;
	     i++)
		outcome = write_site(g, o, &c->sites[i], i, problem);
	json_out_end_array(o);
	return outcome;
}

static struct outcome
write_customer(struct galaxy *g, struct buf *out, const struct customer *c,
               struct entry_problem *problem)
{
	struct galaxy_ref currency = { .row = NULL };
	struct json_out o = { .to = out };
	struct outcome outcome = galaxy_choose_term(
		g, &currency, GALAXY_TERM_CURRENCY, c->currency, problem);

	json_out_object(&o, NULL);
	write_head(&o, c, &currency);
	if (outcome.verdict == VERDICT_DONE)
		outcome = write_sites(g, &o, c, problem);
	json_out_end_object(&o);
	galaxy_ref_fini(&currency);
	return outcome;
}

struct outcome
galaxy_customer_build(struct galaxy *g, struct buf *out,
                      const struct entry *entry, struct entry_problem *problem)
{
	struct customer customer = { .code = NULL };
	struct known known = { .code = NULL };
	struct outcome outcome = read_details(&customer, entry, problem);
	int r = 0;

	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	known.code = customer.code;
	r = find_known(g, &known);
	if (r)
		outcome = outcome_fault(r);
	else if (known.is_there)
		outcome = galaxy_refuse(
			problem, "code",
			"Galaxy has a customer with the code \"%s\" already",
			customer.code);
	else
		outcome = write_customer(g, out, &customer, problem);
	customer_fini(&customer);
	return buf_check(out) ? outcome_fault(ERR_NOMEM) : outcome;
}

/* ---- finding it ---- */

struct search {
	struct galaxy *g;
	const char *code;
	int64_t timeout_ms; /* of the call; 0: the client's */
	bool is_found;
};

static const struct galaxy_entity *
customers(void)
{
	const struct galaxy_entity *entity = galaxy_entities;

	while (strcmp(entity->name, "customers") != 0)
		entity++;
	return entity;
}

/* Into the mirror at once: an order may name this customer now. */
static int
keep(struct search *search, const struct galaxy_list *list,
     const struct json_node *row, const char *id)
{
	const struct galaxy_entity *entity = customers();
	const char *names[GALAXY_NAMES_MAX];
	struct mirror_row kept = { .key = id,
		                   .json = list->text,
		                   .n_json = list->n_text,
		                   .names = names };

	for (size_t i = 0; i < GALAXY_NAMES_MAX && entity->names[i]; i++) {
		const char *name = json_text_or(row, entity->names[i], "");

		if (name[0])
			names[kept.n_names++] = name;
	}
	(void)json_get_int(&kept.revision, row, "RevisionNumber");
	return err_pass(
		mirror_put_now(search->g->env.mirror, entity->name, &kept));
}

static int
take_row(struct galaxy_list *list, const struct json_node *row)
{
	struct search *search = list->ctx;
	char id[GALAXY_ID_SIZE];

	if (strcasecmp(json_text_or(row, "Code", ""), search->code) != 0)
		return 0;
	search->is_found = true;
	if (!galaxy_member_id(id, row, "ID") || !id[0])
		return 0;
	return keep(search, list, row, id);
}

/*
 * Up to which revision Galaxy's list was read to its end; 0: never, or it has
 * no numbers. Rows of the mirror may be newer (read on their own, or by a list
 * that broke off) while lesser ones are missing.
 */
static int
read_cursor(struct galaxy *g, int64_t *out)
{
	struct buf text = BUF_INIT;
	int r = mirror_note_get(g->env.mirror, &text, "customers.revision");

	*out = r == 0 ? strtoll(buf_text(&text), NULL, 10) : 0;
	buf_fini(&text);
	return r == MIRROR_ABSENT ? 0 : err_pass(r);
}

/* The end of Galaxy's list, from a little below what is known. */
static struct outcome
search_list(struct search *search, int64_t after)
{
	struct galaxy *g = search->g;
	struct galaxy_list list = { .row = take_row,
		                    .ctx = search,
		                    .timeout_ms = search->timeout_ms };
	struct buf url = BUF_INIT;
	struct outcome outcome;
	char text[32];

	(void)snprintf(text, sizeof(text), "%lld", (long long)after);
	galaxy_url(&url, g, "customers", customers()->path);
	galaxy_param(&url, "RevisionNumber", text);
	galaxy_param_scenario(&url, g);
	outcome = buf_check(&url) ? outcome_fault(ERR_NOMEM)
	                          : galaxy_read_list(g, buf_text(&url), &list);
	buf_fini(&url);
	if (search->is_found)
		return outcome_done();
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	/* it may be among the rows that nobody could read */
	return list.n_bad
	               ? outcome_of(VERDICT_RETRY, "Galaxy's customers hold %s",
	                            list.problem)
	               : outcome_of(VERDICT_ABSENT, "Galaxy has no customer %s",
	                            search->code);
}

static struct outcome
find_in_list(struct galaxy *g, const char *code)
{
	struct search search = { .g = g, .code = code };
	struct outcome outcome = galaxy_ready(g);
	int64_t cursor;
	int r;

	if (outcome.verdict == VERDICT_REFUSED)
		outcome.verdict = VERDICT_RETRY; /* it was not the customer */
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	r = read_cursor(g, &cursor);
	if (r)
		return outcome_fault(r);
	if (cursor == 0) /* not numbered: all of them */
		search.timeout_ms = LIST_TIMEOUT_MS;
	outcome = search_list(&search, cursor > OVERLAP ? cursor - OVERLAP : 0);
	if (outcome.verdict == VERDICT_REFUSED)
		outcome.verdict = VERDICT_RETRY; /* the list's own trouble */
	return outcome;
}

struct outcome
galaxy_customer_find(struct galaxy *g, const struct entry *entry)
{
	struct entry_problem problem;
	struct customer customer = { .code = NULL };
	struct known known = { .code = NULL };
	struct outcome outcome = read_details(&customer, entry, &problem);
	int r;

	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	known.code = customer.code;
	r = find_known(g, &known);
	if (r)
		outcome = outcome_fault(r);
	else if (!known.is_there)
		outcome = find_in_list(g, customer.code);
	customer_fini(&customer);
	return outcome;
}

void
galaxy_customer_fetch(struct galaxy *g, const struct entry *entry)
{
	int64_t cursor;

	/* Without revisions that would be the whole list: a sync brings it. */
	if (read_cursor(g, &cursor) == 0 && cursor > 0)
		(void)galaxy_customer_find(g, entry);
}
