#ifndef SIM_LIGHTSPEED_R_ROWS_H
#define SIM_LIGHTSPEED_R_ROWS_H

#include "tests/sim/lightspeed_r.h"

/*
 * A record of Lightspeed R as a row of named texts, which is all that searching,
 * sorting and paging know about it.
 */
enum { LSR_FIELDS_MAX = 32, LSR_VALUE_MAX = 200 };

enum lsr_kind { LSR_TEXT, LSR_NUMBER, LSR_TIME, LSR_TRUTH };

struct lsr_field {
	const char *name; /* static */
	enum lsr_kind kind;
	char value[LSR_VALUE_MAX];
};

struct lsr_row {
	struct lsr_field fields[LSR_FIELDS_MAX];
	size_t n;
	bool is_archived;
	bool is_hidden; /* not yet to be seen in lists */
	bool is_odd;    /* some names in their other spelling */
};

struct lsr_resource {
	const char *name;
	const char *id;       /* of its records */
	const char *sortable; /* blank-separated */
	const char *scopes;   /* one of them is needed; "": none */
	bool (*fill)(struct lightspeed_r *r, size_t i, struct lsr_row *row);
	const char *relation; /* that it can load; NULL: none */
};

/* By name; NULL: no such. */
const struct lsr_resource *lsr_resource(const char *name);

/* The i-th record; false: there are no more. */
bool lsr_fill(struct lsr_call *c, const struct lsr_resource *what, size_t i,
              struct lsr_row *row);

/* Names are matched without case: they are spelled in two ways. NULL: none. */
const struct lsr_field *lsr_field(const struct lsr_row *row, const char *name);

/* What it is sorted by. */
int64_t lsr_key(const struct lsr_field *f);

void lsr_out_fields(struct json_out *out, const struct lsr_row *row);

/* Open what holds n elements: an object, an array, or nothing at all. */
void lsr_begin_list(struct json_out *out, const char *key, size_t n);
void lsr_end_list(struct json_out *out, size_t n);

/* Relations that the resource does not have are refused. */
bool lsr_check_relations(struct lsr_call *c, const struct lsr_resource *what,
                         const char *relations);
void lsr_out_relations(struct lsr_call *c, const struct lsr_resource *what,
                       size_t i, const char *relations, struct json_out *out);

#endif
