/*
 * A customer as a shop sends it: what stands in the text, nothing looked up.
 */
#include "gateway/model/customer.h"

#include "gateway/base/buf.h"
#include "gateway/model/fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SITES_MAX = 200 };

#define FLOAT_MAX INT64_C(1000000000000000) /* of a FloatField */

#define AT(member_) offsetof(struct customer, member_)
#define TEXT(name_, member_) \
	{ \
		(name_), FIELD_TEXT, AT(member_) \
	}
#define FLAG(name_, member_) \
	{ \
		(name_), FIELD_BOOL, AT(member_) \
	}
#define OTHER(name_) \
	{ \
		(name_), FIELD_OTHER, 0 \
	}
#define END \
	{ \
		NULL, FIELD_OTHER, 0 \
	}

/* clang-format off */
static const struct field customer_table[] = {
	{ "code", FIELD_KEY, AT(code) },
	TEXT("name", name),
	TEXT("description", description),
	TEXT("tin", tin),
	TEXT("comment", comment),
	TEXT("currency", currency),
	OTHER("fields"),
	OTHER("sites"),
	END,
};

static const struct field field_table[] = {
	TEXT("StringField1", strings[0]),
	TEXT("StringField2", strings[1]),
	TEXT("StringField3", strings[2]),
	TEXT("StringField4", strings[3]),
	TEXT("StringField5", strings[4]),
	TEXT("StringField6", strings[5]),
	TEXT("StringField7", strings[6]),
	{ "FloatField1", FIELD_DECIMAL, AT(floats[0]) },
	{ "FloatField2", FIELD_DECIMAL, AT(floats[1]) },
	{ "FloatField3", FIELD_DECIMAL, AT(floats[2]) },
	{ "FloatField4", FIELD_DECIMAL, AT(floats[3]) },
	{ "FloatField5", FIELD_DECIMAL, AT(floats[4]) },
	{ "FloatField6", FIELD_DECIMAL, AT(floats[5]) },
	{ "FloatField7", FIELD_DECIMAL, AT(floats[6]) },
	END,
};

#undef AT
#define AT(member_) offsetof(struct customer_site, member_)

static const struct field site_table[] = {
	{ "code", FIELD_KEY, AT(code) },
	TEXT("description", description),
	FLAG("billing", is_billing),
	FLAG("primary", is_primary),
	TEXT("country", country),
	TEXT("prefecture", prefecture),
	TEXT("city", city),
	TEXT("zip", zip),
	TEXT("street", street),
	TEXT("street_number", street_number),
	TEXT("email", email),
	TEXT("phone", phone),
	END,
};
/* clang-format on */

/* ---- free fields ---- */

static void
read_free_fields(struct fields *f, struct customer *customer,
                 const struct json_node *from)
{
	char name[16];

	if (!from)
		return;
	fields_read(f, "fields.", customer, from, field_table);
	for (size_t i = 0; i < CUSTOMER_FIELDS; i++) {
		struct decimal d = customer->floats[i];

		(void)snprintf(name, sizeof(name), "FloatField%zu", i + 1);
		customer->has_float[i] = json_find(from, name) != NULL;
		if (decimal_cmp(d, decimal_of(FLOAT_MAX)) > 0 ||
		    decimal_cmp(d, decimal_of(-FLOAT_MAX)) < 0)
			fields_refuse(f, "fields", "%s is too large", name);
	}
}

/* ---- sites ---- */

/* A site without a code has its place for one, as header says. */
static void
name_site(struct fields *f, struct customer_site *site, size_t i)
{
	if (!site->code && !f->r)
		site->code = text_format("%zu", i + 1);
	if (!site->code)
		fields_no_memory(f);
}

static void
check_codes(struct fields *f, const struct customer *customer, size_t i)
{
	const char *code = customer->sites[i].code;
	char path[40];

	(void)snprintf(path, sizeof(path), "sites[%zu].code", i);
	for (size_t k = 0; k < i && !f->r; k++)
		if (strcmp(customer->sites[k].code, code) == 0)
			fields_refuse(f, path, "is that of sites[%zu] too", k);
}

/* One place is where everything goes when an order names none. */
static void
choose_primary(struct fields *f, struct customer *customer)
{
	struct customer_site *primary = NULL;
	bool has_billing = false;
	char path[40];

	for (size_t i = 0; i < customer->n_sites; i++) {
		struct customer_site *site = &customer->sites[i];

		(void)snprintf(path, sizeof(path), "sites[%zu].primary", i);
		if (site->is_primary && primary)
			fields_refuse(f, path, "is a second primary site");
		if (site->is_primary)
			primary = site;
		has_billing |= site->is_billing;
	}
	if (customer->n_sites == 0)
		return;
	if (!primary)
		primary = &customer->sites[0];
	primary->is_primary = true;
	if (!has_billing)
		primary->is_billing = true;
}

static void
read_sites(struct fields *f, struct customer *customer,
           const struct json_node *from)
{
	size_t n = fields_count(f, "sites", from, SITES_MAX);
	char prefix[40];

	if (n == 0)
		return;
	customer->sites = calloc(n, sizeof(*customer->sites));
	if (!customer->sites) {
		fields_no_memory(f);
		return;
	}
	customer->n_sites = n;
	for (size_t i = 0; i < n && !f->r; i++) {
		(void)snprintf(prefix, sizeof(prefix), "sites[%zu].", i);
		fields_read(f, prefix, &customer->sites[i], json_at(from, i),
		            site_table);
		name_site(f, &customer->sites[i], i);
		if (!f->r)
			check_codes(f, customer, i);
	}
	choose_primary(f, customer);
}

/* ---- the whole ---- */

int
customer_read(struct customer *out, struct order_problem *problem,
              const struct json_node *from)
{
	struct fields f = { .problem = problem };
	struct customer customer = { 0 };

	fields_read(&f, "", &customer, from, customer_table);
	if (!f.r && !customer.code)
		fields_refuse(&f, "code", "is missing");
	if (!f.r && !customer.name)
		fields_refuse(&f, "name", "is missing");
	read_free_fields(&f, &customer, json_find(from, "fields"));
	read_sites(&f, &customer, json_find(from, "sites"));
	if (f.r)
		customer_fini(&customer);
	else
		*out = customer;
	return f.r;
}

void
customer_fini(struct customer *customer)
{
	fields_free(customer, customer_table);
	fields_free(customer, field_table);
	for (size_t i = 0; i < customer->n_sites; i++)
		fields_free(&customer->sites[i], site_table);
	free(customer->sites);
	*customer = (struct customer){ 0 };
}
