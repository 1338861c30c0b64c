/*
 * A shop's database, what the shop sells: with own_changes "sales", a count that
 * fell since we read or wrote it last is a sale. A count that rose is drift: a
 * cancelled order, a receipt and a correction look alike in a table of counts,
 * and taking units off again never oversells.
 *
 * Exact    by a table of our own beside the shop's, in the same transactions:
 *          row 0 of an item holds what the shop's row showed when we read or
 *          wrote it last, rows 1, 2, … are the falls. A look takes the lock of
 *          row 0, reads the shop's row, and books the difference; a write
 *          changes the shop's row only if it is as it was read, and row 0 with
 *          it. So our own write never stands between two counts that are
 *          compared, whoever of the two is killed at what moment, and a commit
 *          whose answer was lost is found as it ended.
 * Identity ITEM-BEGIN-NUMBER: BEGIN is when row 0 was made, so that numbers of a
 *          table that was emptied are not used again. The same number with
 *          more sold (a server that lost its last transactions in a crash) is
 *          a later version of the same sale.
 * Binding  what fell while nothing was bound to it is nobody's sale: a look that
 *          is the first since BOUND makes a new base. Row -1 holds that BOUND.
 * Not      seen: what happens and is undone between two looks; a fall while the
 *          shop keeps no count of an item, or keeps it in several rows.
 * Needs    transactions in both tables (InnoDB), and that whoever corrects
 *          counts by hand in the shop knows that he sells.
 */
#include "adapters/sql.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TABLE SQL_SALES_TABLE

enum {
	NUMBER_SIZE = 24,
	SCOPE_SIZE = 800, /* more than its column takes, in any letters: the
	                     server says so, and none is cut to be another */
};

/* What is to be done about one item's row 0. */
enum note {
	NOTE_NOTHING,
	NOTE_NEW,    /* seen for the first time: whatever it shows is no sale */
	NOTE_SOLD,   /* it fell */
	NOTE_MOVED,  /* it rose, is known again, or bound again */
	NOTE_FORGET, /* it is not known any more */
};

struct base {
	const char *external; /* borrowed; of the count */
	int64_t bound_ms;     /* of the count */
	int64_t begin_ms;     /* of row 0, or the binding that row -1 is of */
	bool is_there;
	bool is_bound_anew;
	bool is_known; /* qty is what it showed last */
	struct decimal qty;
	struct decimal now;
	struct decimal sold;
	int64_t n_sales;
	enum note note;
};

struct bases {
	struct base v[SQL_BATCH_MAX];
	size_t n;
};

static struct base *
find_base(struct bases *b, const char *external)
{
	for (size_t i = 0; i < b->n; i++)
		if (strcmp(b->v[i].external, external) == 0)
			return &b->v[i];
	return NULL;
}

/* Whose counts they are: another table, column or place has its own. */
static const char *
scope_of(char out[SCOPE_SIZE], const struct sql *s)
{
	(void)snprintf(out, SCOPE_SIZE, "%s.%s%s%s", s->shape.table,
	               s->shape.quantity, s->shape.location ? "@" : "",
	               s->shape.location ? s->shape.place : "");
	return out;
}

static const char *
number(char out[NUMBER_SIZE], int64_t n)
{
	(void)snprintf(out, NUMBER_SIZE, "%lld", (long long)n);
	return out;
}

/* ---- is the table there ---- */

struct engines {
	const struct sql *s;
	bool is_there;   /* our table */
	bool is_safe[2]; /* the shop's, ours */
};

static int
take_engine(void *ctx, const char *const *values)
{
	struct engines *e = ctx;
	const char *name = values[0] ? values[0] : "";
	bool is_ours = strcasecmp(name, TABLE) == 0;

	e->is_there |= is_ours;
	e->is_safe[is_ours] = values[1] && strcasecmp(values[1], "InnoDB") == 0;
	return 0;
}

static struct outcome
ask_engines(struct sql *s, struct engines *out)
{
	const char *params[] = { s->shape.table, TABLE };
	const struct sql_question q = {
		.text = "SELECT TABLE_NAME, ENGINE FROM "
			"information_schema.TABLES WHERE TABLE_SCHEMA = "
			"DATABASE() AND TABLE_NAME IN (?, ?)",
		.params = params,
		.n_params = 2,
		.n_columns = 2,
		.row = take_engine,
		.ctx = out,
	};

	*out = (struct engines){ .s = s };
	return sql_db_ask(s->db, &q);
}

struct outcome
sql_sales_check(struct sql *s)
{
	struct engines e;
	struct outcome outcome = ask_engines(s, &e);

	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	if (!e.is_there)
		return outcome_of(VERDICT_RETRY,
		                  "own_changes \"sales\" needs the table " TABLE
		                  " in this database: make it as "
		                  "adapters/TILLS.md says, and grant the user "
		                  "SELECT, INSERT "
		                  "and UPDATE on it");
	for (size_t i = 0; i < 2; i++)
		if (!e.is_safe[i])
			return outcome_of(VERDICT_RETRY,
			                  "own_changes \"sales\" needs "
			                  "transactions: type ALTER TABLE `%s` "
			                  "ENGINE=InnoDB, or use \"drift\"",
			                  i ? TABLE : s->shape.table);
	return outcome;
}

static struct outcome
be_ready(struct sql *s)
{
	struct outcome outcome = outcome_done();

	if (!s->is_ready)
		outcome = sql_sales_check(s);
	s->is_ready = outcome.verdict == VERDICT_DONE;
	return outcome;
}

/* ---- looking ---- */

static int
take_base(void *ctx, const char *const *values)
{
	struct base *base = find_base(ctx, values[0] ? values[0] : "");

	if (!base)
		return 0;
	base->is_there = true;
	base->is_known = values[1] && !decimal_parse(&base->qty, values[1]);
	base->n_sales = values[2] ? strtoll(values[2], NULL, 10) : 0;
	base->begin_ms = values[3] ? strtoll(values[3], NULL, 10) : 0;
	return 0;
}

/* The binding that was looked at before. */
static int
take_binding(void *ctx, const char *const *values)
{
	struct base *base = find_base(ctx, values[0] ? values[0] : "");
	int64_t bound_ms = values[1] ? strtoll(values[1], NULL, 10) : 0;

	if (base && bound_ms > base->begin_ms)
		base->begin_ms = bound_ms;
	return 0;
}

/* q: text is what comes before the items. */
static struct outcome
ask_items(struct sql *s, struct bases *b, const char *scope,
          struct sql_question q, const char *after)
{
	const char *params[SQL_BATCH_MAX + 1] = { scope };
	struct buf text = BUF_INIT;
	struct outcome outcome;

	q.params = params;
	q.n_params = b->n + 1;
	q.ctx = b;
	buf_adds(&text, q.text);
	for (size_t i = 0; i < b->n; i++) {
		params[i + 1] = b->v[i].external;
		buf_adds(&text, i ? ", ?" : "?");
	}
	buf_adds(&text, after);
	q.text = buf_text(&text);
	outcome = buf_check(&text) ? outcome_fault(err_raise(ERR_NOMEM, "sql"))
	                           : sql_db_ask(s->db, &q);
	buf_fini(&text);
	return outcome;
}

/* Whoever else looks at these waits from here on. */
static struct outcome
lock_bases(struct sql *s, struct bases *b, const char *scope)
{
	const struct sql_question q = {
		.text = "SELECT item, CAST(quantity AS CHAR), CAST(sold AS "
			"SIGNED), CAST(at AS CHAR) FROM " TABLE " WHERE scope "
			"= ? AND n = 0 AND item IN (",
		.n_columns = 4,
		.row = take_base,
	};

	return ask_items(s, b, scope, q, ") FOR UPDATE");
}

/* Without a lock: row 0's is enough, and one on rows that are not there would
   stand in the way of other items' sales. */
static struct outcome
ask_bindings(struct sql *s, struct bases *b, const char *scope)
{
	const struct sql_question q = {
		.text = "SELECT item, CAST(at AS CHAR) FROM " TABLE " WHERE "
			"scope = ? AND n = -1 AND item IN (",
		.n_columns = 2,
		.row = take_binding,
	};
	struct outcome outcome = outcome_done();
	bool is_asked = false;

	for (size_t i = 0; i < b->n; i++)
		is_asked |=
			b->v[i].is_there && b->v[i].bound_ms > b->v[i].begin_ms;
	if (is_asked)
		outcome = ask_items(s, b, scope, q, ")");
	for (size_t i = 0; i < b->n; i++)
		b->v[i].is_bound_anew =
			b->v[i].is_there && b->v[i].bound_ms > b->v[i].begin_ms;
	return outcome;
}

static void
judge(struct base *base, const struct count *count)
{
	int order;

	base->note = NOTE_NOTHING;
	base->now = count->qty;
	if (!count->is_known) {
		if (base->is_there && base->is_known)
			base->note = NOTE_FORGET;
		return;
	}
	order = base->is_known ? decimal_cmp(count->qty, base->qty) : 1;
	if (!base->is_there)
		base->note = NOTE_NEW;
	else if (order > 0 || base->is_bound_anew)
		base->note = NOTE_MOVED;
	else if (order < 0)
		base->note = NOTE_SOLD;
	if (base->note == NOTE_SOLD)
		base->sold = decimal_sub(base->qty, count->qty);
}

/* One row, or nothing of it shall be. */
static struct outcome
run_one(struct sql *s, const char *const *params, size_t n_params)
{
	struct sql_change change;
	struct outcome outcome = sql_db_run(&change, s->db, params, n_params);

	if (outcome.verdict == VERDICT_DONE && change.n_matched != 1)
		outcome = outcome_of(VERDICT_RETRY,
		                     "table " TABLE " lost a row of \"%.60s\" "
		                     "in the meantime",
		                     params[n_params - 1]);
	return outcome;
}

/* A row 0, which is never older than its binding, or a sale. */
static struct outcome
insert(struct sql *s, const struct base *base, const char *scope)
{
	bool is_sale = base->note == NOTE_SOLD;
	int64_t now = clock_wall_ms();
	char n[NUMBER_SIZE];
	char at[NUMBER_SIZE];
	char sold[DECIMAL_TEXT_SIZE];
	char qty[DECIMAL_TEXT_SIZE];
	const char *params[] = {
		number(n, is_sale ? base->n_sales + 1 : 0),
		number(at,
		       is_sale || base->bound_ms < now ? now : base->bound_ms),
		decimal_format(sold, is_sale ? base->sold : DECIMAL_ZERO),
		decimal_format(qty, base->now),
		scope,
		base->external,
	};

	return run_one(s, params, sizeof(params) / sizeof(*params));
}

static struct outcome
insert_all(struct sql *s, struct bases *b, const char *scope)
{
	struct outcome outcome = outcome_done();
	bool is_prepared = false;

	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < b->n; i++) {
		if (b->v[i].note != NOTE_NEW && b->v[i].note != NOTE_SOLD)
			continue;
		if (!is_prepared)
			outcome = sql_db_prepare(
				s->db, "INSERT INTO " TABLE " (n, at, sold, "
				       "quantity, scope, item) VALUES "
				       "(?, ?, ?, ?, ?, ?)");
		is_prepared = true;
		if (outcome.verdict == VERDICT_DONE)
			outcome = insert(s, &b->v[i], scope);
	}
	return outcome;
}

static const char set_base[] = "UPDATE " TABLE " SET quantity = NULLIF(?, ''), "
			       "sold = sold + ? WHERE n = 0 AND scope = ? AND "
			       "item = ?";

static struct outcome
update_all(struct sql *s, struct bases *b, const char *scope)
{
	struct outcome outcome = outcome_done();
	bool is_prepared = false;
	char qty[DECIMAL_TEXT_SIZE];

	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < b->n; i++) {
		const struct base *base = &b->v[i];
		const char *params[] = {
			base->note == NOTE_FORGET
				? ""
				: decimal_format(qty, base->now),
			base->note == NOTE_SOLD ? "1" : "0",
			scope,
			base->external,
		};

		if (base->note == NOTE_NOTHING || base->note == NOTE_NEW)
			continue;
		if (!is_prepared)
			outcome = sql_db_prepare(s->db, set_base);
		is_prepared = true;
		if (outcome.verdict == VERDICT_DONE)
			outcome = run_one(s, params, 4);
	}
	return outcome;
}

static struct outcome
note_bindings(struct sql *s, struct bases *b, const char *scope)
{
	struct outcome outcome = outcome_done();
	struct sql_change change;
	bool is_prepared = false;
	char at[NUMBER_SIZE];

	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < b->n; i++) {
		const struct base *base = &b->v[i];
		const char *params[] = { scope, base->external,
			                 number(at, base->bound_ms) };

		if (!base->is_bound_anew)
			continue;
		if (!is_prepared)
			outcome = sql_db_prepare(
				s->db, "INSERT INTO " TABLE " (scope, item, n, "
				       "at, sold) VALUES (?, ?, -1, ?, 0) ON "
				       "DUPLICATE KEY UPDATE at = VALUES(at)");
		is_prepared = true;
		if (outcome.verdict == VERDICT_DONE)
			outcome = sql_db_run(&change, s->db, params, 3);
	}
	return outcome;
}

static struct outcome
look(struct sql *s, struct bases *b, struct count *counts, size_t n)
{
	char scope[SCOPE_SIZE];
	struct outcome outcome = lock_bases(s, b, scope_of(scope, s));

	if (outcome.verdict == VERDICT_DONE)
		outcome = ask_bindings(s, b, scope);
	if (outcome.verdict == VERDICT_DONE)
		outcome = sql_ask_counts(s, counts, n);
	for (size_t i = 0; i < n; i++) {
		struct base *base = find_base(b, counts[i].external);

		if (base)
			judge(base, &counts[i]);
	}
	if (outcome.verdict == VERDICT_DONE)
		outcome = note_bindings(s, b, scope);
	if (outcome.verdict == VERDICT_DONE)
		outcome = insert_all(s, b, scope);
	if (outcome.verdict == VERDICT_DONE)
		outcome = update_all(s, b, scope);
	return outcome;
}

struct outcome
sql_sales_look(struct sql *s, struct count *counts, size_t n)
{
	struct bases *b = calloc(1, sizeof(*b));
	struct outcome outcome =
		b ? be_ready(s) : outcome_fault(err_raise(ERR_NOMEM, "sql"));

	assert(n <= SQL_BATCH_MAX);
	for (size_t i = 0; b && i < n; i++)
		if (counts[i].bound_ms && !find_base(b, counts[i].external))
			b->v[b->n++] =
				(struct base){ .external = counts[i].external,
				               .bound_ms = counts[i].bound_ms };
	if (outcome.verdict == VERDICT_DONE && !b->n) {
		free(b);
		return sql_ask_counts(s, counts, n);
	}
	if (outcome.verdict == VERDICT_DONE)
		outcome = sql_db_begin(s->db);
	if (outcome.verdict == VERDICT_DONE) {
		outcome = look(s, b, counts, n);
		if (outcome.verdict == VERDICT_DONE)
			outcome = sql_db_commit(s->db);
		else
			sql_db_rollback(s->db);
	}
	free(b);
	return outcome;
}

/* ---- writing ---- */

struct outcome
sql_sales_written(struct sql *s, const struct count *counts,
                  const bool *is_written, size_t n)
{
	char scope[SCOPE_SIZE];
	char qty[DECIMAL_TEXT_SIZE];
	struct outcome outcome = sql_db_prepare(s->db, set_base);

	(void)scope_of(scope, s);
	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < n; i++) {
		const char *params[] = { decimal_format(qty, counts[i].qty),
			                 "0", scope, counts[i].external };

		if (is_written[i])
			outcome = run_one(s, params, 4);
	}
	return outcome;
}

struct outcome
sql_sales_forget(struct sql *s)
{
	char scope[SCOPE_SIZE];
	const char *params[] = { scope_of(scope, s) };
	struct engines e = { .s = s };
	struct sql_change change;
	struct outcome outcome = outcome_done();

	if (!s->is_ready)
		outcome = ask_engines(s, &e);
	if (outcome.verdict == VERDICT_DONE && e.is_there) {
		outcome = sql_db_begin(s->db);
		if (outcome.verdict == VERDICT_DONE)
			outcome = sql_db_prepare(
				s->db,
				"UPDATE " TABLE " SET quantity = NULL WHERE n "
				"= 0 AND scope = ? AND quantity IS NOT NULL");
		if (outcome.verdict == VERDICT_DONE)
			outcome = sql_db_run(&change, s->db, params, 1);
		if (outcome.verdict == VERDICT_DONE)
			outcome = sql_db_commit(s->db);
		else
			sql_db_rollback(s->db);
	}
	s->is_ready = outcome.verdict == VERDICT_DONE;
	return outcome;
}

/* ---- listing ---- */

enum { ROW_ITEM, ROW_N, ROW_AT, ROW_SOLD, ROW_BEGIN, ROW_COLUMNS };

struct listed {
	const struct sale_sink *sink;
	char item[SQL_DB_VALUE_SIZE]; /* of the last row */
	char n[NUMBER_SIZE];
	char at[NUMBER_SIZE];
	size_t n_rows;
};

/* Returns 0 or a fault. */
static int
build(struct sale *sale, const char *const *values)
{
	struct sale_line *line = sale_add_line(sale);

	if (!line)
		return err_raise(ERR_NOMEM, "sql");
	sale->id = text_format("%s-%s-%s", values[ROW_ITEM], values[ROW_BEGIN],
	                       values[ROW_N]);
	sale->closed_ms = strtoll(values[ROW_AT], NULL, 10);
	sale->is_final = true;
	line->uid = text_dup("1");
	line->external = text_dup(values[ROW_ITEM]);
	if (!sale->id || !line->uid || !line->external)
		return err_raise(ERR_NOMEM, "sql");
	if (decimal_parse(&line->qty, values[ROW_SOLD]))
		return err_raise(ERR_LIB, "why=%s", "a sale of no number");
	return 0;
}

static int
take_sale(void *ctx, const char *const *values)
{
	struct listed *l = ctx;
	struct sale sale = { 0 };
	int r;

	for (size_t i = 0; i < ROW_COLUMNS; i++)
		if (!values[i])
			return 0;
	l->n_rows++;
	(void)snprintf(l->item, sizeof(l->item), "%s", values[ROW_ITEM]);
	(void)snprintf(l->n, sizeof(l->n), "%s", values[ROW_N]);
	(void)snprintf(l->at, sizeof(l->at), "%s", values[ROW_AT]);
	r = build(&sale, values);
	if (!r)
		r = l->sink->sale(l->sink->ctx, &sale);
	sale_fini(&sale);
	return r;
}

/*
 * What is newer than until_ms is told as well: it was booked by a clock that
 * has been set back since, and to tell a sale twice does no harm.
 */
struct outcome
sql_list_sales(void *state, int64_t since_ms, int64_t until_ms,
               const struct sale_sink *sink)
{
	struct sql *s = sql_of(state);
	struct listed l = { .sink = sink };
	char scope[SCOPE_SIZE];
	char at[NUMBER_SIZE];
	char item[SQL_DB_VALUE_SIZE];
	char n[NUMBER_SIZE];
	const char *params[] = { scope_of(scope, s), at, at, item, item, n };
	const struct sql_question q = {
		.text = "SELECT s.item, CAST(s.n AS CHAR), CAST(s.at AS CHAR),"
			" CAST(s.sold AS CHAR), CAST(b.at AS CHAR) FROM " TABLE
			" s JOIN " TABLE " b ON b.scope = s.scope AND b.item = "
			"s.item AND b.n = 0 WHERE s.scope = ? AND s.n > 0 AND "
			"s.at >= ? AND (s.at > ? OR s.item > ? OR s.item = ? "
			"AND s.n > ?) ORDER BY s.at, s.item, s.n LIMIT 500",
		.params = params,
		.n_params = sizeof(params) / sizeof(*params),
		.n_columns = ROW_COLUMNS,
		.row = take_sale,
		.ctx = &l,
	};
	struct outcome outcome;

	(void)until_ms;
	if (!s->takes_sales)
		return outcome_done();
	outcome = be_ready(s);
	(void)number(l.at, since_ms);
	l.n_rows = SQL_SALES_PAGE;
	while (outcome.verdict == VERDICT_DONE && l.n_rows == SQL_SALES_PAGE) {
		(void)snprintf(at, sizeof(at), "%s", l.at);
		(void)snprintf(item, sizeof(item), "%s", l.item);
		(void)snprintf(n, sizeof(n), "%s", l.n);
		l.n_rows = 0;
		outcome = sql_db_ask(s->db, &q);
	}
	return outcome;
}
