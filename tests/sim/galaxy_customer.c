/*
 * Galaxy: customers and their sites, and the posting of new ones.
 *
 * Active ones are listed, the others vanish without a word. A posted customer
 * is checked whole before it is made: names, one primary site, geography that
 * exists and belongs together, a Code that nobody has.
 */
#define _DEFAULT_SOURCE 1 /* strcasecmp under -std=c17 */

#include "tests/sim/galaxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SITES_MAX = 50, CODE_MAX = 50 };

/* ---- making ---- */

static struct galaxy_customer *
add_customer(struct galaxy *galaxy, const char *code, const char *name)
{
	void *customers = galaxy->customers;
	struct galaxy_customer *c;

	sim_grow(&customers, &galaxy->cap_customers, galaxy->n_customers,
	         sizeof(*c));
	galaxy->customers = customers;
	c = &galaxy->customers[galaxy->n_customers++];
	c->code = sim_dup(code);
	c->name = sim_dup(name);
	c->revision = ++galaxy->revision;
	return c;
}

static struct galaxy_site *
add_site(struct galaxy *galaxy, struct galaxy_customer *c, const char *code)
{
	struct galaxy_site *site;

	c->sites = realloc(c->sites, (c->n_sites + 1) * sizeof(*site));
	if (c->sites == NULL)
		abort();
	site = &c->sites[c->n_sites++];
	memset(site, 0, sizeof(*site));
	site->number = galaxy->n_sites++;
	site->code = sim_dup(code);
	site->country = -1;
	site->prefecture = -1;
	site->city = -1;
	return site;
}

static void
add_old_customer(struct galaxy *galaxy, const char *code, const char *name,
                 int company)
{
	struct galaxy_customer *c = add_customer(galaxy, code, name);
	struct galaxy_site *site = add_site(galaxy, c, "1");

	c->company = company;
	site->descr = sim_dup("Έδρα");
	site->street = sim_dup("Ερμού");
	site->street_number = sim_dup("12");
	site->postal = sim_dup("10563");
	site->phone = sim_dup("2100000000");
	site->country = 0;
	site->prefecture = 0;
	site->city = 0;
	site->is_primary = true;
	site->is_billing = true;
}

/*
 * Their revisions begin at 1 and leave the counter alone: the first items
 * have small numbers of their own, and tests write those down.
 */
void
galaxy_customers_init(struct galaxy *galaxy)
{
	const int64_t revision = galaxy->revision;
	char code[24];
	char name[64];
	unsigned i;

	galaxy->revision = 0;
	add_old_customer(galaxy, "30-0000", "Πελάτης λιανικής", 0);
	add_old_customer(galaxy, "30-0001", "Καφέ Ακρόπολις Ο.Ε.", 0);
	add_old_customer(galaxy, "30-0002", "Ξενοδοχείο Αιγαίο Α.Ε.", 0);
	add_old_customer(galaxy, "30-0003", "Παλαιός πελάτης", 0);
	galaxy->customers[3].is_inactive = true;
	add_old_customer(galaxy, "40-0000", "Πελάτης εξωτερικού", 1);
	for (i = 0; i < galaxy->options.n_customers; i++) {
		snprintf(code, sizeof(code), "31-%05u", i + 1);
		snprintf(name, sizeof(name), "Πελάτης No %u", i + 1);
		add_old_customer(galaxy, code, name, 0);
	}
	/* a second address, for who wants to send elsewhere */
	add_site(galaxy, &galaxy->customers[1], "2");
	galaxy->customers[1].sites[1].descr = sim_dup("Υποκατάστημα");
	if (galaxy->revision < revision)
		galaxy->revision = revision;
}

static void
site_fini(struct galaxy_site *site)
{
	free(site->code);
	free(site->descr);
	free(site->postal);
	free(site->street);
	free(site->street_number);
	free(site->email);
	free(site->phone);
}

void
galaxy_customers_fini(struct galaxy *galaxy)
{
	struct galaxy_customer *c;
	size_t i;
	size_t j;

	for (i = 0; i < galaxy->n_customers; i++) {
		c = &galaxy->customers[i];
		for (j = 0; j < c->n_sites; j++)
			site_fini(&c->sites[j]);
		free(c->sites);
		free(c->code);
		free(c->name);
		free(c->comments);
		free(c->tin);
		free(c->document);
	}
	free(galaxy->customers);
}

/* ---- finding ---- */

struct galaxy_customer *
galaxy_find_customer(struct galaxy *galaxy, const char *guid)
{
	unsigned n;

	if (!galaxy_parse_guid(&n, guid, GALAXY_CUSTOMER) ||
	    n >= galaxy->n_customers || galaxy->customers[n].is_gone)
		return NULL;
	return &galaxy->customers[n];
}

struct galaxy_customer *
galaxy_find_customer_code(struct galaxy *galaxy, const char *code)
{
	size_t i;

	for (i = 0; i < galaxy->n_customers; i++) {
		if (!galaxy->customers[i].is_gone &&
		    strcmp(galaxy->customers[i].code, code) == 0)
			return &galaxy->customers[i];
	}
	return NULL;
}

struct galaxy_site *
galaxy_find_site(struct galaxy *galaxy, const struct galaxy_customer *customer,
                 const char *guid)
{
	unsigned n;
	size_t i;

	(void)galaxy;
	if (!galaxy_parse_guid(&n, guid, GALAXY_CUSTOMER_SITE))
		return NULL;
	for (i = 0; i < customer->n_sites; i++) {
		if (customer->sites[i].number == n)
			return &customer->sites[i];
	}
	return NULL;
}

/* ---- the lists ---- */

/* Customers' rows, one at a time. */
struct customer_writer {
	const struct galaxy_query *q;
	const struct galaxy_customer *customer;
	int number; /* of the customer */
	struct json_out *out;
};

static void
out_nulls(struct json_out *out, const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		json_out_null(out, names[i]);
}

static void
out_optional(struct json_out *out, const char *key, const char *text)
{
	if (text != NULL)
		json_out_text(out, key, text);
	else
		json_out_null(out, key);
}

static void
out_customer_ref(const struct customer_writer *w, const char *key,
                 enum galaxy_kind kind, int n)
{
	galaxy_out_row(w->q->is.upper_guids, w->out, key, kind, n);
}

static void
out_site(const struct customer_writer *w, const struct galaxy_site *site)
{
	static const char *const none[] = { "Phone2",     "Fax",
		                            "AgencyID",   "Comment",
		                            "WebSite",    "TraderSiteID",
		                            "PricelistID" };
	struct json_out *out = w->out;

	json_out_object(out, NULL);
	out_customer_ref(w, "CustomerID", GALAXY_CUSTOMER, w->number);
	json_out_int(out, "VATStatusEnum", 0);
	json_out_int(out, "TasksParticipationEnum", 0);
	json_out_int(out, "DiscountPercent", 0);
	out_nulls(out, none, sizeof(none) / sizeof(none[0]));
	out_optional(out, "Phone1", site->phone);
	out_optional(out, "Email", site->email);
	json_out_int(out, "IsPrimary", site->is_primary);
	out_optional(out, "Street", site->street);
	out_optional(out, "StreetNumber", site->street_number);
	out_optional(out, "PostalCode", site->postal);
	out_customer_ref(w, "CityID", GALAXY_CITY, site->city);
	out_customer_ref(w, "PrefectureID", GALAXY_PREFECTURE,
	                 site->prefecture);
	out_customer_ref(w, "CountryID", GALAXY_COUNTRY, site->country);
	out_customer_ref(w, "CompanyID", GALAXY_COMPANY, w->customer->company);
	out_customer_ref(w, "ID", GALAXY_CUSTOMER_SITE, (int)site->number);
	json_out_text(out, "Code", site->code);
	out_optional(out, "Description", site->descr);
	json_out_int(out, "RevisionNumber", w->customer->revision);
	json_out_end_object(out);
}

static void
out_customer(const struct customer_writer *w)
{
	struct json_out *out = w->out;
	size_t i;

	json_out_object(out, NULL);
	json_out_null(out, "TraderID");
	out_customer_ref(w, "CurrencyID", GALAXY_CURRENCY,
	                 w->customer->currency);
	out_optional(out, "CommentText1", w->customer->comments);
	json_out_null(out, "CommentText2");
	json_out_int(out, "KepyoLiability", 0);
	json_out_array(out, "CustomerSites");
	for (i = 0; i < w->customer->n_sites; i++)
		out_site(w, &w->customer->sites[i]);
	json_out_end_array(out);
	out_customer_ref(w, "CompanyID", GALAXY_COMPANY, w->customer->company);
	out_customer_ref(w, "ID", GALAXY_CUSTOMER, w->number);
	json_out_text(out, "Code", w->customer->code);
	json_out_text(out, "Description", w->customer->name);
	json_out_int(out, "RevisionNumber", w->customer->revision);
	json_out_end_object(out);
}

static void
put_sites(struct customer_writer *w, struct buf *rows)
{
	size_t i;

	for (i = 0; i < w->customer->n_sites; i++) {
		struct json_out out = { .to = rows };

		/* cppcheck-suppress autoVariables ; read in out_site only */
		w->out = &out;
		out_site(w, &w->customer->sites[i]);
		buf_addc(rows, '\0');
	}
}

void
galaxy_put_customers(const struct galaxy *galaxy, const struct galaxy_query *q,
                     bool is_sites, struct buf *rows)
{
	struct customer_writer w = { .q = q };
	char guid[GALAXY_GUID_SIZE];
	size_t i;

	for (i = galaxy->n_customers; i-- > 0;) {
		struct json_out out = { .to = rows };

		w.customer = &galaxy->customers[i];
		w.number = (int)i;
		galaxy_guid(guid, GALAXY_CUSTOMER, (unsigned)i);
		if (w.customer->is_inactive || w.customer->is_gone ||
		    w.customer->company != q->company ||
		    w.customer->revision <= q->revision ||
		    (q->has_ids && !galaxy_query_names(&q->ids, guid)))
			continue;
		w.out = &out;
		if (is_sites) {
			put_sites(&w, rows);
			continue;
		}
		out_customer(&w);
		buf_addc(rows, '\0');
	}
}

/* ---- posting one ---- */

/* The first trouble found. */
struct customer_check {
	struct galaxy *galaxy;
	const char *wrong; /* static; NULL: fine so far */
	char field[96];
	char where[40]; /* what the members stand in: "CustomerSites[0]." */
};

static void
blame(struct customer_check *c, const char *field, const char *wrong)
{
	if (c->wrong != NULL)
		return;
	c->wrong = wrong;
	snprintf(c->field, sizeof(c->field), "%s%s", c->where, field);
}

/* Text, null or absent. */
static void
allow_text(struct customer_check *c, const struct json_node *o,
           const char *member)
{
	const struct json_node *value = json_find(o, member);

	if (value != NULL && json_text(value) == NULL)
		blame(c, member, "is a text");
}

static void
want_text(struct customer_check *c, const struct json_node *o,
          const char *member)
{
	const char *text = json_text_or(o, member, "");

	if (text[0] == '\0')
		blame(c, member, "is needed, as a text");
	else if (strlen(text) > (size_t)CODE_MAX * 5)
		blame(c, member, "is too long");
}

/* By id, or by description; -1 where neither is given. */
static int
place_of(struct customer_check *c, const struct json_node *site,
         const char *by_id, const char *by_descr, enum galaxy_kind kind)
{
	const char *id = json_text_or(site, by_id, NULL);
	const char *descr = json_text_or(site, by_descr, NULL);
	int row = -1;

	allow_text(c, site, by_id);
	allow_text(c, site, by_descr);
	if (id != NULL) {
		row = galaxy_find_row(c->galaxy, kind, id);
		if (row < 0)
			blame(c, by_id, "unknown id");
	} else if (descr != NULL && descr[0] != '\0') {
		row = galaxy_find_descr(c->galaxy, kind, descr);
		if (row < 0)
			blame(c, by_descr, "unknown or ambiguous");
	}
	return row;
}

static void
read_place(struct customer_check *c, const struct json_node *o,
           struct galaxy_site *site)
{
	site->country =
		place_of(c, o, "CountryID", "CountryDescr", GALAXY_COUNTRY);
	site->prefecture = place_of(c, o, "PrefectureID", "PrefectureDescr",
	                            GALAXY_PREFECTURE);
	site->city = place_of(c, o, "CityID", "CityDescr", GALAXY_CITY);
	if (site->country >= 0 && site->prefecture >= 0 &&
	    galaxy_prefecture_country(site->prefecture) != site->country)
		blame(c, "PrefectureID", "belongs to another country");
	if (site->prefecture >= 0 && site->city >= 0 &&
	    galaxy_city_prefecture(site->city) != site->prefecture)
		blame(c, "CityID", "belongs to another prefecture");
}

static int64_t
read_flag(struct customer_check *c, const struct json_node *o,
          const char *member)
{
	int64_t flag = 0;
	int r = json_get_int(&flag, o, member);

	if ((r != 0 && r != JSON_ABSENT) || flag < 0 || flag > 1)
		blame(c, member, "is 0 or 1");
	return flag;
}

static void
check_site(struct customer_check *c, const struct json_node *o,
           int64_t *n_primary)
{
	static const char *const texts[] = { "Description", "PostalCode",
		                             "Street",      "StreetNumber",
		                             "Email",       "Phone1" };
	struct galaxy_site place;
	size_t i;

	if (json_find(o, "ID") != NULL)
		blame(c, "ID", "must be null for a new site");
	want_text(c, o, "Code");
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		allow_text(c, o, texts[i]);
	*n_primary += read_flag(c, o, "IsPrimary");
	read_flag(c, o, "IsBilling");
	read_place(c, o, &place);
}

static void
check_free_fields(struct customer_check *c, const struct json_node *o)
{
	struct decimal number;
	char name[24];
	int i;

	for (i = 1; i <= 7; i++) {
		snprintf(name, sizeof(name), "StringField%d", i);
		allow_text(c, o, name);
		snprintf(name, sizeof(name), "FloatField%d", i);
		if (json_find(o, name) != NULL &&
		    json_get_decimal(&number, o, name) != 0)
			blame(c, name, "is a number");
	}
}

static void
check_customer_sites(struct customer_check *c, const struct json_node *o)
{
	const struct json_node *sites = json_find(o, "CustomerSites");
	int64_t n_primary = 0;
	size_t i;

	if (json_length(sites) == 0 || json_length(sites) > SITES_MAX)
		blame(c, "CustomerSites", "are needed");
	for (i = 0; i < json_length(sites) && i < SITES_MAX; i++) {
		snprintf(c->where, sizeof(c->where), "CustomerSites[%zu].", i);
		check_site(c, json_at(sites, i), &n_primary);
	}
	c->where[0] = '\0';
	if (n_primary != 1)
		blame(c, "CustomerSites", "exactly one must be primary");
}

static void
check_customer(struct customer_check *c, const struct json_node *o)
{
	static const char *const texts[] = { "Description", "Comments",
		                             "MGUserID", "TIN" };
	const char *currency = json_text_or(o, "CurrencyID", NULL);
	size_t i;

	if (json_type(o) != JSON_OBJECT)
		blame(c, "body", "is no object");
	if (json_find(o, "ID") != NULL)
		blame(c, "ID", "must be null for a new customer");
	want_text(c, o, "Code");
	want_text(c, o, "Name");
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		allow_text(c, o, texts[i]);
	allow_text(c, o, "CurrencyID");
	if (currency != NULL &&
	    galaxy_find_row(c->galaxy, GALAXY_CURRENCY, currency) < 0)
		blame(c, "CurrencyID", "unknown id");
	check_free_fields(c, o);
	check_customer_sites(c, o);
	if (!c->galaxy->is.doubles_customers &&
	    galaxy_find_customer_code(c->galaxy, json_text_or(o, "Code", "")))
		blame(c, "Code", "exists already");
}

static char *
copy_text(const struct json_node *o, const char *member)
{
	const char *text = json_text_or(o, member, NULL);

	return text != NULL ? sim_dup(text) : NULL;
}

static void
take_site(struct customer_check *c, struct galaxy_customer *customer,
          const struct json_node *o)
{
	struct galaxy_site *site;

	site = add_site(c->galaxy, customer, json_text_or(o, "Code", ""));
	site->descr = copy_text(o, "Description");
	site->postal = copy_text(o, "PostalCode");
	site->street = copy_text(o, "Street");
	site->street_number = copy_text(o, "StreetNumber");
	site->email = copy_text(o, "Email");
	site->phone = copy_text(o, "Phone1");
	site->is_primary = read_flag(c, o, "IsPrimary") == 1;
	site->is_billing = read_flag(c, o, "IsBilling") == 1;
	read_place(c, o, site);
}

/* Make it. The name that lists show is the Description, where there is one. */
static size_t
take_customer(struct customer_check *c, const struct json_node *o, int company,
              const char *document)
{
	const struct json_node *sites = json_find(o, "CustomerSites");
	const char *currency = json_text_or(o, "CurrencyID", NULL);
	struct galaxy_customer *customer;
	size_t i;

	customer = add_customer(
		c->galaxy, json_text_or(o, "Code", ""),
		json_text_or(o, "Description", json_text_or(o, "Name", "")));
	customer->company = company;
	customer->comments = copy_text(o, "Comments");
	customer->tin = copy_text(o, "TIN");
	customer->document = sim_dup(document);
	customer->currency = -1;
	if (currency != NULL)
		customer->currency =
			galaxy_find_row(c->galaxy, GALAXY_CURRENCY, currency);
	for (i = 0; i < json_length(sites); i++)
		take_site(c, customer, json_at(sites, i));
	return c->galaxy->n_customers - 1;
}

static void
answer_customer(struct customer_check *c, size_t n, struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };

	reply->status = 200;
	json_out_object(&out, NULL);
	if (c->galaxy->is.answers_ids)
		galaxy_out_row(c->galaxy->is.upper_guids, &out, "ID",
		               GALAXY_CUSTOMER, (int)n);
	json_out_end_object(&out);
}

void
galaxy_post_customer(struct galaxy *galaxy, const struct http_call *call,
                     struct server_reply *reply)
{
	struct customer_check c = { .galaxy = galaxy };
	char message[256];
	struct json *doc = NULL;
	size_t n;

	if (strstr(sim_header(call, "Content-Type"), "json") == NULL)
		blame(&c, "Content-Type", "must be application/json");
	if (json_parse(&doc, call->body, call->n_body) != 0)
		blame(&c, "body", "is no JSON");
	else
		check_customer(&c, json_root(doc));
	if (c.wrong != NULL) {
		galaxy->n_refused_posts++;
		snprintf(message, sizeof(message), "%s: %s", c.field, c.wrong);
		galaxy_refuse(reply, (int)galaxy->is.refusal_status,
		              "ValidationException", c.field, message);
	} else {
		n = take_customer(&c, json_root(doc),
		                  galaxy_company(galaxy, call), call->body);
		answer_customer(&c, n, reply);
	}
	json_free(doc);
}

/* ---- state ---- */

void
galaxy_print_customers(struct galaxy *galaxy, struct json_out *out)
{
	const struct galaxy_customer *c;
	char guid[GALAXY_GUID_SIZE];
	size_t i;

	json_out_array(out, "customers");
	for (i = 0; i < galaxy->n_customers; i++) {
		c = &galaxy->customers[i];
		galaxy_guid(guid, GALAXY_CUSTOMER, (unsigned)i);
		json_out_object(out, NULL);
		json_out_text(out, "code", c->code);
		json_out_text(out, "id", guid);
		json_out_text(out, "name", c->name);
		json_out_int(out, "sites", (int64_t)c->n_sites);
		json_out_int(out, "revision", c->revision);
		json_out_bool(out, "active", !c->is_inactive);
		json_out_bool(out, "gone", c->is_gone);
		json_out_raw(out, "document",
		             c->document != NULL ? c->document : "null");
		json_out_end_object(out);
	}
	json_out_end_array(out);
}
