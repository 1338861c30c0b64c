#ifndef ADAPTERS_SQL_H
#define ADAPTERS_SQL_H

#include <stdbool.h>
#include <stddef.h>

#include "adapters/sql_db.h"
#include "gateway/base/buf.h"
#include "gateway/ports/adapter.h"

/*
 * What the files of the adapter for a shop's database share; nobody else
 * includes it.
 *
 *   sql.c         options, bindings, the table
 *   sql_shape.c   profiles and names; the statements
 *   sql_counts.c  counts: read, write, sync
 *   sql_sales.c   own_changes "sales": what fell is a sale
 *   sql_follow.c  what has to follow a quantity in known shops
 *   sql_items.c   things by SKU, barcode and name
 *   sql_add.c     a row for what is registered and has none
 *   sql_probe.c   server, table, columns and rights
 *   sql_db.c      one connection
 *   sql_judge.c   what errors mean
 */
enum {
	SQL_MAGIC = 0x53514c20, /* "SQL " */
	SQL_BATCH_MAX = 100,
	SQL_PAGE = 4000, /* rows of a page in a sync: without an index on the
	                      id each costs a look at the whole table */
	SQL_SALES_PAGE = 500,
	SQL_QTY_SIZE = 64, /* a quantity as the server prints it, with NUL */
	SQL_PARAMS_MAX = 2 * SQL_BATCH_MAX + 1,
};

/* Beside the shop's table, where its falls are taken for sales. */
#define SQL_SALES_TABLE "tillbridge_sales"

/* Where things stand. Names are borrowed; NULL: there is no such column. */
struct sql_shape {
	const char *table;
	const char *id;
	const char *quantity;
	const char *variant;
	const char *location; /* only rows that hold `place` in it are ours */
	const char *place;
	const char *updated; /* set to the moment of our writes */
	const char *sku;
	const char *barcode;
	const char *name;
	const char *follows; /* profile of which other columns follow; NULL */
};

/* A quantity as it was read; a write depends on it. */
struct sql_seen {
	char *external;         /* owned */
	char qty[SQL_QTY_SIZE]; /* as the server printed it */
};

struct sql {
	unsigned magic;
	struct sql_db *db; /* owned */
	struct sql_shape shape;
	const char *database; /* borrowed */
	bool takes_sales;     /* own_changes "sales" */
	bool is_ready;        /* SQL_SALES_TABLE is as it has to be */
	struct sql_seen seen[SQL_BATCH_MAX]; /* of the last look */
	size_t n_seen;
};

struct sql *sql_of(void *state); /* checks the magic number */

/* ---- names and statements (sql_shape.c) ---- */

/* As configured: a profile's names, and those given beside it. Every member
   may be NULL; sql_shape_check has said so. */
void sql_shape_read(struct sql_shape *out, const struct conf_section *conf);

/* A line for each mistake in the names. */
void sql_shape_check(const struct conf_section *conf, struct buf *mistakes);

/* "ID", or "ID/VARIANT" where there is a column of variants. */
void sql_add_external(struct buf *out, const struct sql_shape *shape,
                      const char *id, const char *variant);

/*
 * Take an external id apart.
 *
 * id  receives the part that stands in the id column
 *
 * Returns  the variant, borrowed from external; "" without such a column.
 */
const char *sql_split_external(struct buf *id, const struct sql_shape *shape,
                               const char *external);

/* What a row is read for. */
enum sql_columns { SQL_COUNTS, SQL_NAMES };

/* Values of a row, in this order. A group is what the table takes for one id. */
enum { SQL_ID, SQL_VARIANT, SQL_N_ROWS, SQL_QTY, SQL_COUNT_COLUMNS };
enum { SQL_SKU = 2, SQL_BARCODE, SQL_NAME, SQL_NAME_COLUMNS };

/*
 * SELECT … for n ids: parameters are id (and variant) of each, then the place.
 * And for a page: of the last row id (id and variant: id, id, variant) unless
 * it is the first page, then the place.
 */
void sql_select_ids(struct buf *out, const struct sql_shape *shape, size_t n);
void sql_select_page(struct buf *out, const struct sql_shape *shape,
                     enum sql_columns columns, bool is_first);

/* UPDATE …: quantity, id, variant, the quantity as it was read, place. */
void sql_update(struct buf *out, const struct sql_shape *shape);

/* How many rows are ours, with a count, and of ids that stand more than once;
   the only parameter is the place. */
void sql_select_totals(struct buf *out, const struct sql_shape *shape);
enum { SQL_ALL_ROWS, SQL_ALL_COUNTED, SQL_ALL_IDS, SQL_TOTAL_COLUMNS };

/* ---- counts (sql_counts.c) ---- */

struct outcome sql_read_counts(void *state, struct count *counts, size_t n);
struct outcome sql_write_counts(void *state, struct count *counts, size_t n,
                                int64_t as_of_ms);
struct outcome sql_sync(void *state, const struct sync_job *job,
                        const struct sync_sink *sink);
void sql_forget_seen(struct sql *s);

/* sql_read_counts without a thought about sales. */
struct outcome sql_ask_counts(struct sql *s, struct count *counts, size_t n);

/* A page after the other, each row to row(); breathe() between them. */
struct sql_walk {
	enum sql_columns columns;
	int (*row)(void *ctx, const char *const *values); /* or a fault */
	int (*paged)(void *ctx);                          /* may be NULL */
	void *ctx;
};
struct outcome sql_walk(struct sql *s, const struct sql_walk *walk);

/* ---- what the shop sells (sql_sales.c) ---- */

/* Is the table there, and can it be exact? */
struct outcome sql_sales_check(struct sql *s);

/* Read counts, and book what fell since, in one transaction. */
struct outcome sql_sales_look(struct sql *s, struct count *counts, size_t n);

/* Within the transaction of a write: these show that now. */
struct outcome sql_sales_written(struct sql *s, const struct count *counts,
                                 const bool *is_written, size_t n);

/* Counts will change without a note, so none may be compared with what was noted
   before: own_changes "drift" where it was "sales" once. */
struct outcome sql_sales_forget(struct sql *s);

struct outcome sql_list_sales(void *state, int64_t since_ms, int64_t until_ms,
                              const struct sale_sink *sink);

/* ---- what follows (sql_follow.c) ---- */

/* Can what follows be found beside this table? */
bool sql_follow_knows(const char *profile, const char *table);

/* Within the transaction of a write: these show that now. */
struct outcome sql_follow_written(struct sql *s, const struct count *counts,
                                  const bool *is_written, size_t n);

/* May we? Writes nothing. */
struct outcome sql_follow_try(struct sql *s);

/* ---- things (sql_items.c) ---- */

struct outcome sql_list_items(void *state, enum listing_by by, const char *text,
                              const struct listing_sink *sink);

/* ---- new things (sql_add.c) ---- */

struct outcome sql_add_item(void *state, const struct new_item *item);

/* ---- the probe (sql_probe.c) ---- */

struct outcome sql_probe(void *state, struct buf *what);

#endif
