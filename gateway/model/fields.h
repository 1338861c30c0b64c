#ifndef MODEL_FIELDS_H
#define MODEL_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/decimal.h"
#include "gateway/base/json.h"
#include "gateway/model/order.h"

/*
 * Strict reading of what a shop sends: one table names the members that an
 * object may have and where they go. A member that the table lacks is refused,
 * because a misspelt one would be lost without a word. Empty text and null are
 * the same as not given.
 */
enum {
	FIELDS_TEXT_MAX = 500, /* bytes */
	FIELDS_KEY_MAX = 60,   /* characters */
};

enum field_kind {
	FIELD_TEXT,    /* char *; owned by who reads */
	FIELD_KEY,     /* char *; text or integer, short and printable */
	FIELD_SKU,     /* the same, as long as a SKU may be */
	FIELD_BOOL,    /* bool */
	FIELD_DECIMAL, /* struct decimal; number or decimal text */
	FIELD_OTHER,   /* known, but read elsewhere */
};

struct field {
	const char *name;
	enum field_kind kind;
	size_t offset; /* in the struct that is filled */
};

/* Shared by all objects of one document. */
struct fields {
	struct order_problem *problem; /* where the first mistake goes */
	int r;                         /* sticks: 0, ORDER_INVALID, ERR_NOMEM */
};

/* Note a mistake unless there is one; path as a person writes it. */
void fields_refuse(struct fields *f, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Read an object's members into the zeroed struct at `into`.
 *
 * prefix  of the paths of its members: "", "delivery.address.", "lines[2]."
 * table   ends with name NULL
 */
void fields_read(struct fields *f, const char *prefix, void *into,
                 const struct json_node *from, const struct field *table);

/* Is any of a table's texts given? */
bool fields_any(const void *of, const struct field *table);

/* Free the texts that a table names. */
void fields_free(void *of, const struct field *table);

/* Out of memory: nothing more is read. */
void fields_no_memory(struct fields *f);

/* One text by itself; NULL when it is empty or refused. Owned. */
char *fields_text(struct fields *f, const char *path,
                  const struct json_node *node);

/* One decimal by itself; zero when refused. */
struct decimal fields_decimal(struct fields *f, const char *path,
                              const struct json_node *node);

/* Elements of an array of 0..max; 0 also when absent or refused. */
size_t fields_count(struct fields *f, const char *path,
                    const struct json_node *array, size_t max);

#endif
