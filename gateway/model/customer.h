#ifndef MODEL_CUSTOMER_H
#define MODEL_CUSTOMER_H

#include "gateway/model/order.h"

/*
 * A customer as a shop sends it (POST /api/customers), for the authority.
 *
 *   {
 *     "code": "WEB-17",             the shop's own key; text or integer
 *     "name", "description", "tin", "comment", "currency",
 *     "fields": { "StringField1": "...", "FloatField2": "1.5" },
 *     "sites": [ { "code", "description", "billing": true, "primary": true,
 *                  "country", "prefecture", "city", "zip", "street",
 *                  "street_number", "email", "phone" } ]
 *   }
 *
 * fields: StringField1-7 and FloatField1-7 of the installation. At most one
 * site is primary; without any the first one is; without any billing one the
 * primary is that too. At most 200 sites; otherwise as model/order.h has it.
 */
struct customer_site {
	char *code; /* owned, as all texts; NULL: its place, "1", "2", … */
	char *description;
	bool is_billing;
	bool is_primary;
	char *country;
	char *prefecture;
	char *city;
	char *zip;
	char *street;
	char *street_number;
	char *email;
	char *phone;
};

enum { CUSTOMER_FIELDS = 7 };

struct customer {
	char *code; /* never NULL */
	char *name; /* never NULL */
	char *description;
	char *tin;
	char *comment;
	char *currency;
	char *strings[CUSTOMER_FIELDS]; /* NULL: not given */
	struct decimal floats[CUSTOMER_FIELDS];
	bool has_float[CUSTOMER_FIELDS];
	struct customer_site *sites; /* owned */
	size_t n_sites;
};

/* As order_read: 0, ORDER_INVALID with *problem filled, ERR_NOMEM. */
int customer_read(struct customer *out, struct order_problem *problem,
                  const struct json_node *from);
void customer_fini(struct customer *customer);

#endif
