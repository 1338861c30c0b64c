/*
 * A row for what has none yet: in the table of the synchronizer that was here
 * before, and in no other. A shop adds its own things by itself; the rows of
 * that table were made by the registration of an item and by nothing else, so
 * who goes on registering here goes on finding them there.
 *
 * The row begins with 0 units, for no count has been read for it yet, and the
 * look that follows writes what there is. A row that is there stays as it is.
 *
 * Source   The project's reference on the synchronizer, sections 2.1 and 4.
 */
#include "adapters/sql.h"

#include "gateway/base/err.h"

#include <stdlib.h>
#include <string.h>

static int
take_number(void *ctx, const char *const *values)
{
	*(long long *)ctx = values[0] ? strtoll(values[0], NULL, 10) : 0;
	return 0;
}

static struct outcome
count_rows(struct sql *s, const char *const *id, long long *out)
{
	struct buf text = BUF_INIT;
	struct sql_question q = { .params = id,
		                  .n_params = 1,
		                  .n_columns = 1,
		                  .row = take_number,
		                  .ctx = out };
	struct outcome outcome;

	buf_addf(&text,
	         "SELECT CAST(COUNT(*) AS CHAR) FROM `%s` WHERE `%s` = ?",
	         s->shape.table, s->shape.id);
	q.text = buf_text(&text);
	outcome = buf_check(&text) ? outcome_fault(err_raise(ERR_NOMEM, "sql"))
	                           : sql_db_ask(s->db, &q);
	buf_fini(&text);
	return outcome;
}

/* Within a transaction, and not where there is one by now. */
static struct outcome
insert(struct sql *s, const struct new_item *item, const char *description,
       bool *is_about_values)
{
	const char *params[] = { item->external,
		                 item->pos_id,
		                 item->account_id,
		                 description,
		                 *item->limit ? item->limit : "0",
		                 item->external };
	struct buf text = BUF_INIT;
	struct sql_change change = { 0 };
	struct outcome outcome;

	buf_addf(&text,
	         "INSERT INTO `%s` (`%s`, `%s`, idProductPOS, accountID, "
	         "description, limitQuantity) SELECT ?, 0, ?, ?, ?, ? FROM "
	         "DUAL WHERE NOT EXISTS (SELECT 1 FROM `%s` WHERE `%s` = ?)",
	         s->shape.table, s->shape.id, s->shape.quantity, s->shape.table,
	         s->shape.id);
	outcome = buf_check(&text) ? outcome_fault(err_raise(ERR_NOMEM, "sql"))
	                           : sql_db_prepare(s->db, buf_text(&text));
	if (outcome.verdict == VERDICT_DONE)
		outcome = sql_db_run(&change, s->db, params,
		                     sizeof(params) / sizeof(*params));
	*is_about_values = change.is_about_values;
	buf_fini(&text);
	return outcome;
}

static struct outcome
add_row(struct sql *s, const struct new_item *item)
{
	struct outcome outcome = sql_db_begin(s->db);
	bool is_about_values = false;

	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	outcome = insert(s, item, item->name, &is_about_values);
	/* Too long, or of letters that it cannot hold: the row matters more. */
	if (is_about_values && *item->name)
		outcome = insert(s, item, "", &is_about_values);
	if (outcome.verdict == VERDICT_DONE)
		return sql_db_commit(s->db);
	sql_db_rollback(s->db);
	/* All the rest goes on without this right. */
	if (outcome.verdict == VERDICT_LOCKED)
		return outcome_of(VERDICT_REFUSED,
		                  "table %.64s has no row with id \"%.60s\": "
		                  "grant INSERT on the table, or add it",
		                  s->shape.table, item->external);
	return outcome;
}

struct outcome
sql_add_item(void *state, const struct new_item *item)
{
	struct sql *s = sql_of(state);
	long long n = 0;
	struct outcome outcome;

	if (!s->shape.follows || strcmp(s->shape.follows, "stock") != 0)
		return outcome_of(VERDICT_ABSENT, "the shop adds its own rows");
	outcome = count_rows(s, &item->external, &n);
	return outcome.verdict != VERDICT_DONE || n ? outcome
	                                            : add_row(s, item);
}
