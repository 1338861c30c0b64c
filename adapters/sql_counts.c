/*
 * A shop's database, counts: read, write, sync.
 *
 * Reading  a batch is one question. An id is in one row of the table or it is
 *          refused: none is a wrong binding, several are nobody's. The text that
 *          the server prints must be the id that is bound, for to the server
 *          "12" and "12 pieces" may be the same number.
 * Writing  one transaction a batch, and each row only if it still holds what the
 *          look before it read: what the shop sold meanwhile is never undone.
 *          Then nothing is said to be written (RETRY), and the next look finds
 *          those that were, and the shop's own change. Rows that show the count
 *          already are left alone.
 * Sync     page by page in the order of the id, each read whole before others
 *          may use the connection: constant memory, and no lock is held.
 */
#include "adapters/sql.h"

#include "gateway/base/err.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what was read ---- */

void
sql_forget_seen(struct sql *s)
{
	for (size_t i = 0; i < s->n_seen; i++)
		free(s->seen[i].external);
	s->n_seen = 0;
}

static struct sql_seen *
find_seen(struct sql *s, const char *external)
{
	for (size_t i = 0; i < s->n_seen; i++)
		if (strcmp(s->seen[i].external, external) == 0)
			return &s->seen[i];
	return NULL;
}

/* The last one takes the place of one that goes. */
static void
forget_these(struct sql *s, const struct count *counts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct sql_seen *seen = find_seen(s, counts[i].external);

		if (!seen)
			continue;
		free(seen->external);
		*seen = s->seen[--s->n_seen];
	}
}

/* Returns 0 or ERR_NOMEM. */
static int
keep_seen(struct sql *s, const char *external, const char *qty)
{
	struct sql_seen *seen = find_seen(s, external);

	if (!seen) {
		assert(s->n_seen < SQL_BATCH_MAX);
		seen = &s->seen[s->n_seen];
		seen->external = text_dup(external);
		if (!seen->external)
			return err_raise(ERR_NOMEM, "sql");
		s->n_seen++;
	}
	(void)snprintf(seen->qty, sizeof(seen->qty), "%s", qty);
	return 0;
}

/* ---- read ---- */

struct look {
	struct sql *s;
	struct count *counts;
	size_t n;
	struct buf external;
};

static struct outcome
absent(const struct look *l, const char *external)
{
	return outcome_of(VERDICT_REFUSED,
	                  "table %.64s has no row with id \"%.60s\": add it in "
	                  "the shop, or correct the binding",
	                  l->s->shape.table, external);
}

/* Returns 0 or a fault. */
static int
take_row(struct look *l, struct count *count, const char *const *values)
{
	const char *qty = values[SQL_QTY];

	count->outcome = outcome_done();
	if (strcmp(values[SQL_N_ROWS], "1") != 0)
		count->outcome = outcome_of(
			VERDICT_REFUSED,
			"id \"%.60s\" stands in %.20s rows of table %.64s: "
			"which one is meant is not known; name a location or "
			"variant column, or leave one row",
			count->external, values[SQL_N_ROWS], l->s->shape.table);
	else if (!qty || !*qty)
		count->outcome = outcome_of(
			VERDICT_REFUSED,
			"the shop keeps no count of \"%.60s\": switch that on "
			"in the shop",
			count->external);
	else if (strlen(qty) >= SQL_QTY_SIZE || decimal_parse(&count->qty, qty))
		count->outcome =
			outcome_of(VERDICT_REFUSED,
		                   "column %.64s of \"%.60s\" holds no number",
		                   l->s->shape.quantity, count->external);
	else
		count->is_known = true;
	return count->is_known ? keep_seen(l->s, count->external, qty) : 0;
}

static int
look_at(void *ctx, const char *const *values)
{
	struct look *l = ctx;
	int r = 0;

	if (!values[SQL_ID] || !values[SQL_VARIANT])
		return 0;
	buf_reset(&l->external);
	sql_add_external(&l->external, &l->s->shape, values[SQL_ID],
	                 values[SQL_VARIANT]);
	for (size_t i = 0; !r && i < l->n; i++)
		if (strcmp(l->counts[i].external, buf_text(&l->external)) == 0)
			r = take_row(l, &l->counts[i], values);
	return r;
}

static void
forget(struct count *counts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		counts[i].is_known = false;
		counts[i].qty = DECIMAL_ZERO;
		counts[i].outcome = outcome_done();
	}
}

/* The parameters of an id, or of a row; ids keeps the copies. */
static void
add_params(const char **params, size_t *n_params, struct buf *id,
           const struct sql_shape *shape, const char *external)
{
	const char *variant = sql_split_external(id, shape, external);

	params[(*n_params)++] = buf_text(id);
	if (shape->variant)
		params[(*n_params)++] = variant;
}

struct outcome
sql_ask_counts(struct sql *s, struct count *counts, size_t n)
{
	struct look look = { .s = s, .counts = counts, .n = n };
	const char *params[SQL_PARAMS_MAX];
	struct buf *ids = calloc(n + 1, sizeof(*ids));
	struct buf text = BUF_INIT;
	struct sql_question q = { .params = params,
		                  .n_columns = SQL_COUNT_COLUMNS,
		                  .row = look_at,
		                  .ctx = &look };
	struct outcome outcome;

	assert(n <= SQL_BATCH_MAX);
	sql_forget_seen(s);
	forget(counts, n);
	for (size_t i = 0; ids && i < n; i++) {
		add_params(params, &q.n_params, &ids[i], &s->shape,
		           counts[i].external);
		counts[i].outcome = absent(&look, counts[i].external);
	}
	if (s->shape.location)
		params[q.n_params++] = s->shape.place;
	sql_select_ids(&text, &s->shape, n);
	q.text = buf_text(&text);
	outcome = !ids || buf_check(&text)
	                  ? outcome_fault(err_raise(ERR_NOMEM, "sql"))
	                  : sql_db_ask(s->db, &q);
	for (size_t i = 0; ids && i < n; i++)
		buf_fini(&ids[i]);
	free(ids);
	buf_fini(&text);
	buf_fini(&look.external);
	return outcome;
}

struct outcome
sql_read_counts(void *state, struct count *counts, size_t n)
{
	struct sql *s = sql_of(state);
	struct outcome outcome = outcome_done();

	if (!s->takes_sales && !s->is_ready)
		outcome = sql_sales_forget(s);
	if (outcome.verdict == VERDICT_DONE)
		outcome = s->takes_sales ? sql_sales_look(s, counts, n)
		                         : sql_ask_counts(s, counts, n);
	if (outcome.verdict != VERDICT_DONE) {
		forget(counts, n);
		sql_forget_seen(s);
	}
	return outcome;
}

/* ---- write ---- */

/* What came of a row. */
enum came { CAME_TO_NOTHING, CAME_WRITTEN, CAME_MOVED /* by the shop */ };

/* DONE: the count has its own outcome. */
static struct outcome
write_one(struct sql *s, struct count *count, enum came *came)
{
	const struct sql_seen *seen = find_seen(s, count->external);
	const char *params[6];
	size_t n_params = 0;
	char qty[DECIMAL_TEXT_SIZE];
	struct decimal was;
	struct buf id = BUF_INIT;
	struct outcome outcome;
	struct sql_change change;

	count->outcome = outcome_done();
	*came = !seen || decimal_parse(&was, seen->qty) ? CAME_MOVED
	                                                : CAME_TO_NOTHING;
	if (*came == CAME_MOVED || decimal_cmp(was, count->qty) == 0)
		return outcome_done();
	params[n_params++] = decimal_format(qty, count->qty);
	add_params(params, &n_params, &id, &s->shape, count->external);
	params[n_params++] = seen->qty;
	if (s->shape.location)
		params[n_params++] = s->shape.place;
	outcome = sql_db_run(&change, s->db, params, n_params);
	if (outcome.verdict == VERDICT_DONE)
		*came = change.n_matched ? CAME_WRITTEN : CAME_MOVED;
	if (change.is_about_values) {
		count->outcome = outcome;
		outcome = outcome_done();
	} else if (change.n_matched > 1) {
		outcome = outcome_of(VERDICT_RETRY,
		                     "\"%.60s\" stands in several rows by now",
		                     count->external);
	}
	buf_fini(&id);
	return outcome;
}

/* Returns how many rows the shop changed since they were read. */
static size_t
write_all(struct sql *s, struct count *counts, size_t n,
          struct outcome *outcome)
{
	bool is_written[SQL_BATCH_MAX] = { false };
	size_t n_moved = 0;
	enum came came;

	for (size_t i = 0; outcome->verdict == VERDICT_DONE && i < n; i++) {
		*outcome = write_one(s, &counts[i], &came);
		is_written[i] = came == CAME_WRITTEN;
		n_moved += came == CAME_MOVED;
	}
	if (outcome->verdict == VERDICT_DONE)
		*outcome = sql_follow_written(s, counts, is_written, n);
	if (outcome->verdict == VERDICT_DONE && s->takes_sales)
		*outcome = sql_sales_written(s, counts, is_written, n);
	return n_moved;
}

static struct outcome
write_batch(struct sql *s, struct count *counts, size_t n, size_t *n_moved)
{
	struct buf text = BUF_INIT;
	struct outcome outcome;

	sql_update(&text, &s->shape);
	outcome = buf_check(&text) ? outcome_fault(err_raise(ERR_NOMEM, "sql"))
	                           : sql_db_begin(s->db);
	if (outcome.verdict == VERDICT_DONE) {
		outcome = sql_db_prepare(s->db, buf_text(&text));
		if (outcome.verdict == VERDICT_DONE)
			*n_moved = write_all(s, counts, n, &outcome);
		if (outcome.verdict == VERDICT_DONE)
			outcome = sql_db_commit(s->db);
		else
			sql_db_rollback(s->db);
	}
	buf_fini(&text);
	return outcome;
}

struct outcome
sql_write_counts(void *state, struct count *counts, size_t n, int64_t as_of_ms)
{
	struct sql *s = sql_of(state);
	struct outcome outcome = outcome_done();
	size_t n_moved = 0;

	(void)as_of_ms; /* the count that was read is what decides */
	assert(n <= SQL_BATCH_MAX);
	if (!s->takes_sales && !s->is_ready)
		outcome = sql_sales_forget(s);
	if (outcome.verdict == VERDICT_DONE)
		outcome = write_batch(s, counts, n, &n_moved);
	/* Not as it was read any more; what is refused comes again in halves. */
	if (outcome.verdict != VERDICT_REFUSED)
		forget_these(s, counts, n);
	if (outcome.verdict == VERDICT_DONE && n_moved)
		return outcome_of(VERDICT_RETRY,
		                  "the shop changed %zu of %zu counts in the "
		                  "meantime: they are looked at again",
		                  n_moved, n);
	return outcome;
}

/* ---- sync ---- */

struct page {
	const struct sql_walk *walk;
	struct buf id; /* of the last row */
	struct buf variant;
	size_t n_rows;
};

static int
take_of_page(void *ctx, const char *const *values)
{
	struct page *p = ctx;

	p->n_rows++;
	buf_reset(&p->id);
	buf_adds(&p->id, values[SQL_ID]);
	buf_reset(&p->variant);
	buf_adds(&p->variant, values[SQL_VARIANT]);
	if (buf_check(&p->id) || buf_check(&p->variant))
		return err_raise(ERR_NOMEM, "sql");
	return p->walk->row(p->walk->ctx, values);
}

static struct outcome
read_page(struct sql *s, struct page *p, bool is_first)
{
	char *id = text_dup(buf_text(&p->id));
	char *variant = text_dup(buf_text(&p->variant));
	const char *params[4];
	struct buf text = BUF_INIT;
	struct sql_question q = { .params = params,
		                  .n_columns = p->walk->columns == SQL_COUNTS
		                                       ? SQL_COUNT_COLUMNS
		                                       : SQL_NAME_COLUMNS,
		                  .row = take_of_page,
		                  .ctx = p };
	struct outcome outcome = outcome_done();

	if (!is_first)
		params[q.n_params++] = id;
	if (!is_first && s->shape.variant) {
		params[q.n_params++] = id;
		params[q.n_params++] = variant;
	}
	if (s->shape.location)
		params[q.n_params++] = s->shape.place;
	sql_select_page(&text, &s->shape, p->walk->columns, is_first);
	q.text = buf_text(&text);
	p->n_rows = 0;
	if (!id || !variant || buf_check(&text))
		outcome = outcome_fault(err_raise(ERR_NOMEM, "sql"));
	else
		outcome = sql_db_ask(s->db, &q);
	if (outcome.verdict == VERDICT_DONE && !is_first && p->n_rows &&
	    !strcmp(id, buf_text(&p->id)) &&
	    !strcmp(variant, buf_text(&p->variant)))
		outcome = outcome_of(VERDICT_RETRY, "the table does not end");
	buf_fini(&text);
	free(variant);
	free(id);
	return outcome;
}

struct outcome
sql_walk(struct sql *s, const struct sql_walk *walk)
{
	struct page page = { .walk = walk };
	bool is_first = true;
	struct outcome outcome;
	int r = 0;

	do {
		outcome = read_page(s, &page, is_first);
		is_first = false;
		if (outcome.verdict == VERDICT_DONE && walk->paged)
			r = walk->paged(walk->ctx);
		if (r)
			outcome = outcome_fault(r);
	} while (outcome.verdict == VERDICT_DONE && page.n_rows == SQL_PAGE);
	buf_fini(&page.id);
	buf_fini(&page.variant);
	return outcome;
}

struct telling {
	const struct sql *s;
	const struct sync_sink *sink;
	struct buf external;
	int64_t n_rows;
	int64_t n_skipped; /* in several rows, or with what is no number */
	char first[100];
};

/* What the shop keeps no count of is no trouble. */
static int
tell(void *ctx, const char *const *values)
{
	struct telling *t = ctx;
	const char *qty = values[SQL_QTY];
	struct decimal d;

	t->n_rows++;
	if (!qty || !*qty)
		return 0;
	buf_reset(&t->external);
	sql_add_external(&t->external, &t->s->shape, values[SQL_ID],
	                 values[SQL_VARIANT]);
	if (buf_check(&t->external))
		return err_raise(ERR_NOMEM, "sql");
	if (!strcmp(values[SQL_N_ROWS], "1") && !decimal_parse(&d, qty))
		return t->sink->count(t->sink->ctx, buf_text(&t->external), d);
	if (!t->n_skipped++)
		(void)snprintf(t->first, sizeof(t->first),
		               "id %.40s: several rows, or no number",
		               buf_text(&t->external));
	return 0;
}

static int
tell_page(void *ctx)
{
	struct telling *t = ctx;

	t->sink->progress(t->sink->ctx, t->s->shape.table, t->n_rows, 0);
	return t->sink->breathe(t->sink->ctx);
}

/* Dry or not, full or not: nothing is kept here. */
struct outcome
sql_sync(void *state, const struct sync_job *job, const struct sync_sink *sink)
{
	struct sql *s = sql_of(state);
	struct telling telling = { .s = s, .sink = sink };
	const struct sql_walk walk = { SQL_COUNTS, tell, tell_page, &telling };
	struct outcome outcome;
	int r = sink->begin_counts(sink->ctx);

	(void)job;
	outcome = r ? outcome_fault(r) : sql_walk(s, &walk);
	if (telling.n_skipped && sink->skipped)
		sink->skipped(sink->ctx, s->shape.table, telling.n_skipped,
		              telling.first);
	buf_fini(&telling.external);
	return outcome;
}
