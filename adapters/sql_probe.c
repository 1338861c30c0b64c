/*
 * A shop's database, the probe: is the table there, are its columns, may we
 * write, and how many rows are ours.
 *
 * What is not there is said with what there is instead, as far as the server
 * shows it to this user. The write is one that can hit no row.
 */
#include "adapters/sql.h"

#include "gateway/base/err.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- names that are there ---- */

enum { LISTED_MAX_BYTES = 90 };

struct names {
	struct buf list;    /* for a person */
	const char *wanted; /* NULL: none in particular */
	bool is_there;
};

static int
take_name(void *ctx, const char *const *values)
{
	struct names *names = ctx;
	const char *name = values[0] ? values[0] : "";

	if (names->wanted && strcasecmp(names->wanted, name) == 0)
		names->is_there = true;
	if (names->list.n + strlen(name) <= LISTED_MAX_BYTES)
		buf_addf(&names->list, "%s%s", names->list.n ? ", " : "", name);
	else if (names->list.n && names->list.p[names->list.n - 1] != '.')
		buf_adds(&names->list, ", ...");
	return 0;
}

static struct outcome
list_columns(struct sql *s, struct names *names)
{
	const struct sql_question q = {
		.text = "SELECT COLUMN_NAME FROM information_schema.COLUMNS "
			"WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? "
			"ORDER BY ORDINAL_POSITION",
		.params = &s->shape.table,
		.n_params = 1,
		.n_columns = 1,
		.row = take_name,
		.ctx = names,
	};

	return sql_db_ask(s->db, &q);
}

static struct outcome
list_tables(struct sql *s, struct names *names)
{
	const struct sql_question q = {
		.text = "SELECT TABLE_NAME FROM information_schema.TABLES "
			"WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME",
		.n_columns = 1,
		.row = take_name,
		.ctx = names,
	};

	return sql_db_ask(s->db, &q);
}

static struct outcome
no_table(struct sql *s)
{
	struct names names = { .wanted = NULL };
	struct outcome outcome = list_tables(s, &names);

	if (outcome.verdict == VERDICT_DONE)
		outcome = outcome_of(
			VERDICT_REFUSED,
			"database %.40s shows us no table %.40s: correct "
			"table, or grant SELECT and UPDATE on it; it shows %s",
			s->database, s->shape.table,
			names.list.n ? buf_text(&names.list) : "none");
	buf_fini(&names.list);
	return outcome;
}

static struct outcome
check_column(struct sql *s, const char *key, const char *column)
{
	struct names names = { .wanted = column };
	struct outcome outcome = outcome_done();

	if (!column)
		return outcome;
	outcome = list_columns(s, &names);
	if (outcome.verdict == VERDICT_DONE && !names.list.n)
		outcome = no_table(s);
	else if (outcome.verdict == VERDICT_DONE && !names.is_there)
		outcome = outcome_of(
			VERDICT_REFUSED,
			"table %.40s shows us no column %.40s: correct %s, or "
			"grant SELECT on it; it shows %s",
			s->shape.table, column, key, buf_text(&names.list));
	buf_fini(&names.list);
	return outcome;
}

static struct outcome
check_columns(struct sql *s)
{
	const struct sql_shape *shape = &s->shape;
	const char *const columns[][2] = {
		{ "id_column", shape->id },
		{ "quantity_column", shape->quantity },
		{ "variant_column", shape->variant },
		{ "location_column", shape->location },
		{ "updated_column", shape->updated },
		{ "sku_column", shape->sku },
		{ "barcode_column", shape->barcode },
		{ "name_column", shape->name },
	};
	struct outcome outcome = outcome_done();

	for (size_t i = 0; outcome.verdict == VERDICT_DONE &&
	                   i < sizeof(columns) / sizeof(*columns);
	     i++)
		outcome = check_column(s, columns[i][0], columns[i][1]);
	return outcome;
}

/* ---- what is in it, and whether we may write ---- */

struct totals {
	long long n[SQL_TOTAL_COLUMNS];
};

static int
take_totals(void *ctx, const char *const *values)
{
	struct totals *totals = ctx;

	for (size_t i = 0; i < SQL_TOTAL_COLUMNS; i++)
		totals->n[i] = values[i] ? strtoll(values[i], NULL, 10) : 0;
	return 0;
}

static struct outcome
count_rows(struct sql *s, struct buf *what)
{
	struct totals totals = { { 0 } };
	struct buf text = BUF_INIT;
	struct sql_question q = { .params = &s->shape.place,
		                  .n_params = s->shape.location ? 1 : 0,
		                  .n_columns = SQL_TOTAL_COLUMNS,
		                  .row = take_totals,
		                  .ctx = &totals };
	struct outcome outcome;

	sql_select_totals(&text, &s->shape);
	q.text = buf_text(&text);
	outcome = buf_check(&text) ? outcome_fault(err_raise(ERR_NOMEM, "sql"))
	                           : sql_db_ask(s->db, &q);
	buf_fini(&text);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	buf_addf(what, "%s, database \"%s\", table \"%s\": %lld rows",
	         sql_db_version(s->db), s->database, s->shape.table,
	         totals.n[SQL_ALL_ROWS]);
	if (totals.n[SQL_ALL_COUNTED] != totals.n[SQL_ALL_ROWS])
		buf_addf(what, ", %lld without a count",
		         totals.n[SQL_ALL_ROWS] - totals.n[SQL_ALL_COUNTED]);
	if (totals.n[SQL_ALL_IDS] != totals.n[SQL_ALL_ROWS])
		buf_addf(what,
		         ", of %lld ids only: one that stands in several rows "
		         "is not written",
		         totals.n[SQL_ALL_IDS]);
	return outcome;
}

static struct outcome
try_write(struct sql *s)
{
	const char *params[6] = { "0", "0", "0", "0", "0", "0" };
	size_t n_params = s->shape.variant ? 4 : 3;
	struct buf text = BUF_INIT;
	struct outcome outcome;
	struct sql_change change;

	if (s->shape.location)
		params[n_params++] = s->shape.place;
	sql_update(&text, &s->shape);
	buf_adds(&text, " AND 1 = 0");
	outcome = buf_check(&text) ? outcome_fault(err_raise(ERR_NOMEM, "sql"))
	                           : sql_db_begin(s->db);
	if (outcome.verdict == VERDICT_DONE)
		outcome = sql_db_prepare(s->db, buf_text(&text));
	if (outcome.verdict == VERDICT_DONE)
		outcome = sql_db_run(&change, s->db, params, n_params);
	sql_db_rollback(s->db);
	buf_fini(&text);
	return outcome;
}

/* The other table: its columns, and whether we may add to it. */
static struct outcome
try_sales(struct sql *s)
{
	static const char *const statements[] = {
		"INSERT INTO " SQL_SALES_TABLE " (scope, item, n, at, sold, "
		"quantity) SELECT '', '', 0, 0, 0, NULL FROM DUAL WHERE 1 = 0",
		"UPDATE " SQL_SALES_TABLE " SET quantity = NULL, sold = 0 "
		"WHERE scope = '' AND item = '' AND n = 0",
	};
	struct outcome outcome = sql_sales_check(s);
	struct sql_change change;

	if (outcome.verdict == VERDICT_DONE)
		outcome = sql_db_begin(s->db);
	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < 2; i++) {
		outcome = sql_db_prepare(s->db, statements[i]);
		if (outcome.verdict == VERDICT_DONE)
			outcome = sql_db_run(&change, s->db, NULL, 0);
	}
	sql_db_rollback(s->db);
	return outcome;
}

struct outcome
sql_probe(void *state, struct buf *what)
{
	struct sql *s = sql_of(state);
	struct buf found = BUF_INIT;
	struct outcome outcome = check_columns(s);

	if (outcome.verdict == VERDICT_DONE)
		outcome = count_rows(s, &found);
	if (outcome.verdict == VERDICT_DONE)
		outcome = try_write(s);
	if (outcome.verdict == VERDICT_DONE)
		outcome = sql_follow_try(s);
	if (outcome.verdict == VERDICT_DONE && s->takes_sales)
		outcome = try_sales(s);
	if (outcome.verdict == VERDICT_DONE)
		buf_adds(what, buf_text(&found));
	buf_fini(&found);
	return outcome;
}
