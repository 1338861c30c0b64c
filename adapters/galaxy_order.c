/*
 * Galaxy, commercial entries: what a shop's order adds to the document.
 *
 * Addresses One that is left out is the customer's own (galaxy.md 8.1). One
 *           that gives the id of a site and nothing else is that site, written
 *           out; with more beside the id it is what the order says.
 * Places    Country, prefecture and city are rows. Whether one that Galaxy does
 *           not list may be given by its description is an assumption, so it is
 *           refused.
 * Charges   Only those of Type 2 (galaxy.md 5).
 */
#include "adapters/galaxy.h"

#include "gateway/base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CHARGE_TYPE = 2 };

/* ---- reading ---- */

static struct outcome
read_details(struct galaxy_order *out, const struct json *doc,
             struct entry_problem *problem)
{
	struct order_problem wrong;
	int r = order_read(&out->said, &wrong, json_root(doc));

	if (r == ORDER_INVALID)
		return galaxy_refuse(problem, wrong.field, "%s", wrong.why);
	if (!r && out->said.n_charges) {
		out->charges =
			calloc(out->said.n_charges, sizeof(*out->charges));
		if (!out->charges)
			r = err_raise(ERR_NOMEM, "charges");
	}
	return r ? outcome_fault(r) : outcome_done();
}

struct outcome
galaxy_order_open(struct galaxy_order *out, const struct entry *entry,
                  struct entry_problem *problem)
{
	struct outcome outcome;
	struct json *doc = NULL;
	int r;

	*out = (struct galaxy_order){ .charges = NULL };
	r = json_parse(&doc, entry->details, strlen(entry->details));
	if (r == JSON_MALFORMED)
		outcome = galaxy_refuse(problem, "", "no JSON");
	else
		outcome =
			r ? outcome_fault(r) : read_details(out, doc, problem);
	json_free(doc);
	return outcome;
}

static void
address_fini(struct galaxy_address *address)
{
	galaxy_ref_fini(&address->site);
	galaxy_place_fini(&address->place);
}

void
galaxy_order_fini(struct galaxy_order *order)
{
	for (size_t i = 0; order->charges && i < order->said.n_charges; i++)
		galaxy_ref_fini(&order->charges[i]);
	free(order->charges);
	address_fini(&order->buyer);
	address_fini(&order->bill_to);
	address_fini(&order->delivery);
	order_fini(&order->said);
	*order = (struct galaxy_order){ .charges = NULL };
}

/* ---- sites of the customer ---- */

static bool
is_site(const struct json_node *site, const char *written)
{
	static const char *const members[] = { "ID", "Code", "Description" };

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcasecmp(json_text_or(site, members[i], ""), written) ==
		    0)
			return true;
	return false;
}

/* A row inside another one, as a document of its own. */
static int
copy_row(struct json **out, const struct json_node *row)
{
	struct buf text = BUF_INIT;
	int r;

	json_print(&text, row);
	r = buf_check(&text);
	if (!r)
		r = json_parse(out, buf_text(&text), text.n);
	buf_fini(&text);
	return r == JSON_MALFORMED ? err_raise(ERR_BUG, "a printed row")
	                           : err_pass(r);
}

/* Sites stand inside the customer's row too: those are few, and all its own. */
static struct outcome
find_own_site(struct galaxy_ref *out, const struct galaxy_ref *trader,
              const char *field, const char *written,
              struct entry_problem *problem)
{
	const struct json_node *sites =
		trader->row ? json_find(json_root(trader->row), "CustomerSites")
			    : NULL;
	const struct json_node *found = NULL;
	unsigned n = 0;
	int r = 0;

	for (size_t i = 0; i < json_length(sites); i++) {
		char id[GALAXY_ID_SIZE];

		if (!is_site(json_at(sites, i), written) ||
		    !galaxy_member_id(id, json_at(sites, i), "ID") || !id[0])
			continue;
		found = json_at(sites, i);
		memcpy(out->id, id, sizeof(id));
		n++;
	}
	if (n == 1)
		r = copy_row(&out->row, found);
	if (n == 1)
		return r ? outcome_fault(r) : outcome_done();
	if (n)
		return galaxy_refuse(problem, field,
		                     "fits %u of the customer's sites: give "
		                     "the id",
		                     n);
	return galaxy_refuse(problem, field, "is no site of this customer");
}

static struct outcome
find_site(struct galaxy *g, struct galaxy_ref *out,
          const struct galaxy_ref *trader, const char *field,
          const char *written, struct entry_problem *problem)
{
	char id[GALAXY_ID_SIZE];
	char customer[GALAXY_ID_SIZE];
	int r = 1;

	if (galaxy_id(id, written))
		r = galaxy_read_row(g, &out->row, "customersites", id);
	if (r < 0)
		return outcome_fault(r);
	if (r)
		return find_own_site(out, trader, field, written, problem);
	if (!galaxy_member_id(customer, json_root(out->row), "CustomerID") ||
	    strcmp(customer, trader->id) != 0)
		return galaxy_refuse(problem, field,
		                     "is a site of another customer");
	memcpy(out->id, id, sizeof(id));
	return outcome_done();
}

/* ---- addresses ---- */

static bool
says_only_site(const struct order_address *said)
{
	return said->id && !said->country && !said->prefecture && !said->city &&
	       !said->zip && !said->street && !said->street_number;
}

static int
take_place_of_site(struct galaxy *g, struct galaxy_address *address)
{
	const struct json_node *site = json_root(address->site.row);
	struct galaxy_place *place = &address->place;
	int r;

	address->is_site = true;
	r = galaxy_member_row(g, &place->country, "countries", site,
	                      "CountryID");
	if (!r)
		r = galaxy_member_row(g, &place->prefecture, "prefectures",
		                      site, "PrefectureID");
	if (!r)
		r = galaxy_member_row(g, &place->city, "cities", site,
		                      "CityID");
	return err_pass(r);
}

/* prefix: of its fields, "bill_to." */
static struct outcome
look_up_address(struct galaxy *g, struct galaxy_address *out,
                const struct order_address *said,
                const struct galaxy_ref *trader, const char *prefix,
                struct entry_problem *problem)
{
	const struct galaxy_place_name names = { said->country,
		                                 said->prefecture, said->city };
	struct outcome outcome = outcome_done();
	char field[40];
	int r;

	if (!said->is_given)
		return outcome;
	out->said = said;
	(void)snprintf(field, sizeof(field), "%sid", prefix);
	if (said->id)
		outcome = find_site(g, &out->site, trader, field, said->id,
		                    problem);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	if (!says_only_site(said))
		return galaxy_find_place(g, &out->place, prefix, &names,
		                         problem);
	r = take_place_of_site(g, out);
	return r ? outcome_fault(r) : outcome;
}

/* ---- charges ---- */

static bool
is_for_shops(const struct json_node *charge)
{
	int64_t type;

	return json_get_int(&type, charge, "Type") == 0 && type == CHARGE_TYPE;
}

static struct outcome
look_up_charges(struct galaxy *g, struct galaxy_order *order,
                struct entry_problem *problem)
{
	struct outcome outcome = outcome_done();
	char field[40];

	for (size_t i = 0;
	     i < order->said.n_charges && outcome.verdict == VERDICT_DONE;
	     i++) {
		const struct galaxy_name name = {
			.entity = "charges",
			.field = field,
			.written = order->said.charges[i],
			.may = is_for_shops,
			.elsewhere = "is no charge that a shop may use (Type "
				     "2)",
		};

		(void)snprintf(field, sizeof(field), "charges[%zu]", i);
		outcome =
			galaxy_find_row(g, &order->charges[i], &name, problem);
	}
	return outcome;
}

struct outcome
galaxy_order_look_up(struct galaxy *g, struct galaxy_order *order,
                     const struct galaxy_ref *trader,
                     struct entry_problem *problem)
{
	const struct order *said = &order->said;
	struct outcome outcome;

	outcome = look_up_address(g, &order->buyer, &said->buyer.address,
	                          trader, "buyer.address.", problem);
	if (outcome.verdict == VERDICT_DONE)
		outcome = look_up_address(g, &order->bill_to, &said->bill_to,
		                          trader, "bill_to.", problem);
	if (outcome.verdict == VERDICT_DONE)
		outcome = look_up_address(g, &order->delivery,
		                          &said->delivery.address, trader,
		                          "delivery.address.", problem);
	if (outcome.verdict == VERDICT_DONE)
		outcome = look_up_charges(g, order, problem);
	return outcome;
}

/* ---- writing ---- */

void
galaxy_order_date(char out[ZONE_TEXT_SIZE], const struct galaxy *g,
                  const char *date, int64_t fallback_ms)
{
	struct order_date read = { .utc_ms = fallback_ms };

	if (date && !order_date_read(&read, date))
		read = (struct order_date){ .utc_ms = fallback_ms };
	if (read.is_local)
		(void)snprintf(out, ZONE_TEXT_SIZE, "%s", read.local);
	else
		zone_format(out, g->zone, read.utc_ms);
}

/* A place that the order leaves out is null, as `municipality` always is. */
static void
write_place(struct json_out *o, const char *key, const struct galaxy_ref *ref)
{
	if (ref->id[0])
		galaxy_write_ref(o, key, ref, true);
	else
		json_out_null(o, key);
}

/* A text of the order, or of the site that stands for it. */
static void
write_part(struct json_out *o, const char *key,
           const struct galaxy_address *address, const char *said,
           const char *member)
{
	if (address->is_site)
		said = json_text_or(json_root(address->site.row), member, NULL);
	galaxy_write_text(o, key, said);
}

static void
write_address(struct json_out *o, const char *key,
              const struct galaxy_address *address)
{
	const struct order_address *said = address->said;

	if (!said)
		return;
	if (address->site.id[0])
		galaxy_open_ref(o, key, address->site.id, false);
	else
		json_out_object(o, key);
	write_place(o, "country", &address->place.country);
	json_out_null(o, "municipality");
	write_place(o, "prefecture", &address->place.prefecture);
	write_place(o, "city", &address->place.city);
	write_part(o, "zipcode", address, said->zip, "PostalCode");
	write_part(o, "streetname", address, said->street, "Street");
	write_part(o, "streetnum", address, said->street_number,
	           "StreetNumber");
	json_out_end_object(o);
}

void
galaxy_order_write_buyer(const struct galaxy_order *order, struct json_out *o)
{
	const struct order *said = &order->said;

	if (!said->buyer.is_given)
		return;
	galaxy_write_text(o, "tin", said->buyer.tin);
	galaxy_write_text(o, "name", said->buyer.name);
	json_out_null(o, "mainactivity");
	write_address(o, "address", &order->buyer);
	galaxy_write_text(o, "telephone", said->buyer.phone);
	galaxy_write_text(o, "fax", said->buyer.fax);
	galaxy_write_text(o, "email", said->buyer.email);
	galaxy_write_text(o, "website", said->buyer.website);
}

void
galaxy_order_write_addresses(const struct galaxy *g,
                             const struct galaxy_order *order,
                             struct json_out *o)
{
	const struct order *said = &order->said;
	char date[ZONE_TEXT_SIZE];

	write_address(o, "billtoaddress", &order->bill_to);
	if (!said->delivery.is_given)
		return;
	json_out_object(o, "deliveryinfo");
	if (said->delivery.date)
		galaxy_order_date(date, g, said->delivery.date, 0);
	galaxy_write_text(o, "delivdate", said->delivery.date ? date : NULL);
	write_address(o, "address", &order->delivery);
	galaxy_write_text(o, "telephone", said->delivery.phone);
	galaxy_write_text(o, "fax", said->delivery.fax);
	galaxy_write_text(o, "email", said->delivery.email);
	galaxy_write_text(o, "additionalinfo", said->delivery.comment);
	json_out_end_object(o);
}

/* Of a charge the documented element has the bare id, and no amount. */
void
galaxy_order_write_rest(const struct galaxy_order *order, struct json_out *o)
{
	const struct order *said = &order->said;

	if (said->n_charges) {
		json_out_array(o, "charges");
		for (size_t i = 0; i < said->n_charges; i++) {
			json_out_object(o, NULL);
			json_out_object(o, "identifier");
			json_out_text(o, "id", order->charges[i].id);
			json_out_end_object(o);
			json_out_end_object(o);
		}
		json_out_end_array(o);
	}
	galaxy_write_text(o, "comment", said->comment);
}
