/*
 * What has to follow a quantity so that a known shop shows the right thing,
 * written in the same transaction, by the profiles that own it. Without a
 * profile, or with other columns than the profile's, nothing follows.
 *
 * WooCommerce  `_stock_status` decides whether a thing can be bought at all, and
 *              the look-up table what lists and filters show. Status: in stock
 *              above 0 (the shop's threshold may be another), else on backorder where `_backorders` allows it, else
 *              out of stock. Not written: the hidden term `outofstock` of the
 *              catalogue's visibility, the status of a variable product as a
 *              whole, caches of pages and objects.
 * PrestaShop   a product with combinations shows the sum of them in its row
 *              without one. Not written: `physical_quantity`, which is the
 *              quantity plus what is reserved, and which the shop computes anew
 *              with every order and before its stock page.
 * OpenCart     nothing: what it shows and sells goes by `quantity`. Options of a
 *              product have counts of their own (`oc_product_option_value`).
 *
 * Source   WooCommerce, WC_Product::validate_props and the tables of
 *          WC_Install; PrestaShop developer documentation, Stock FAQ, the
 *          tables of its installer, and StockManager; OpenCart's installer and
 *          its model of orders; public sources, read 2026-11-22.
 */
#include "adapters/sql.h"

#include "gateway/base/err.h"

#include <string.h>

/* Only where the shop goes by the count at all. */
#define WOO_MANAGED(id) \
	" JOIN `T` m ON m.post_id = s." id \
	" AND m.meta_key = '_manage_stock' AND m.meta_value = 'yes' LEFT " \
	"JOIN `T` b ON b.post_id = s." id " AND b.meta_key = '_backorders' "
#define WOO_STATUS \
	"CASE WHEN ? > 0 THEN 'instock' WHEN b.meta_value IN ('yes', " \
	"'notify') THEN 'onbackorder' ELSE 'outofstock' END "

/*
 * A statement. T and L stand for the table and for the one beside it; params is
 * a letter a parameter: quantity, id, variant, place.
 */
struct follow {
	const char *profile;
	const char *text;
	const char *params;
};

static const struct follow follows[] = {
	{ "woocommerce",
	  "UPDATE `T` s" WOO_MANAGED("post_id") "SET s.meta_value = " WOO_STATUS
	                                        "WHERE s.post_id = ? AND "
	                                        "s.meta_key = '_stock_status'",
	  "qi" },
	{ "woocommerce",
	  "UPDATE `L` s" WOO_MANAGED(
		  "product_id") "SET s.stock_quantity = ?, s.stock_status "
	                        "= " WOO_STATUS "WHERE s.product_id = ?",
	  "qqi" },
	{ "prestashop",
	  "UPDATE `T` s JOIN (SELECT SUM(quantity) AS quantity FROM `T` WHERE "
	  "id_product = ? AND id_product_attribute <> 0 AND id_shop = ?) c SET "
	  "s.quantity = c.quantity WHERE ? <> '0' AND s.id_product = ? AND "
	  "s.id_product_attribute = 0 AND s.id_shop = ? AND c.quantity IS NOT "
	  "NULL",
	  "ipvip" },
};
enum { N_FOLLOWS = sizeof(follows) / sizeof(*follows), FOLLOW_PARAMS_MAX = 6 };

static const char postmeta[] = "postmeta";
static const char lookup[] = "wc_product_meta_lookup";

bool
sql_follow_knows(const char *profile, const char *table)
{
	size_t n = strlen(table);
	size_t n_meta = sizeof(postmeta) - 1;

	return strcmp(profile, "woocommerce") != 0 ||
	       (n >= n_meta && !strcmp(table + n - n_meta, postmeta));
}

static void
add_statement(struct buf *out, const struct sql *s, const struct follow *f)
{
	const char *table = s->shape.table;

	for (const char *p = f->text; *p; p++) {
		bool is_name = p > f->text && p[-1] == '`' && p[1] == '`';

		if (is_name && *p == 'L') {
			buf_add(out, table,
			        strlen(table) - (sizeof(postmeta) - 1));
			buf_adds(out, lookup);
		} else if (is_name) {
			buf_adds(out, table);
		} else {
			buf_add(out, p, 1);
		}
	}
}

static struct outcome
prepare(struct sql *s, const struct follow *f, const char *more)
{
	struct buf text = BUF_INIT;
	struct outcome outcome;

	add_statement(&text, s, f);
	buf_adds(&text, more);
	outcome = buf_check(&text) ? outcome_fault(err_raise(ERR_NOMEM, "sql"))
	                           : sql_db_prepare(s->db, buf_text(&text));
	buf_fini(&text);
	return outcome;
}

static struct outcome
run(struct sql *s, const struct follow *f, const char *external,
    struct decimal qty)
{
	const char *params[FOLLOW_PARAMS_MAX];
	char text[DECIMAL_TEXT_SIZE];
	struct buf id = BUF_INIT;
	const char *variant = sql_split_external(&id, &s->shape, external);
	struct sql_change change;
	struct outcome outcome;
	size_t n = 0;

	(void)decimal_format(text, qty);
	for (; f->params[n]; n++)
		switch (f->params[n]) {
		case 'q': params[n] = text; break;
		case 'i': params[n] = buf_text(&id); break;
		case 'v': params[n] = variant; break;
		default: params[n] = s->shape.place; break;
		}
	outcome = buf_check(&id) ? outcome_fault(err_raise(ERR_NOMEM, "sql"))
	                         : sql_db_run(&change, s->db, params, n);
	buf_fini(&id);
	return outcome;
}

static bool
is_ours(const struct sql *s, const struct follow *f)
{
	return s->shape.follows && strcmp(s->shape.follows, f->profile) == 0;
}

struct outcome
sql_follow_written(struct sql *s, const struct count *counts,
                   const bool *is_written, size_t n)
{
	struct outcome outcome = outcome_done();

	for (size_t i = 0; i < N_FOLLOWS; i++) {
		bool is_prepared = false;

		for (size_t j = 0; outcome.verdict == VERDICT_DONE && j < n;
		     j++) {
			if (!is_ours(s, &follows[i]) || !is_written[j])
				continue;
			if (!is_prepared)
				outcome = prepare(s, &follows[i], "");
			is_prepared = true;
			if (outcome.verdict == VERDICT_DONE)
				outcome =
					run(s, &follows[i], counts[j].external,
				            counts[j].qty);
		}
	}
	return outcome;
}

struct outcome
sql_follow_try(struct sql *s)
{
	struct outcome outcome = outcome_done();

	if (!s->shape.follows)
		return outcome;
	outcome = sql_db_begin(s->db);
	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < N_FOLLOWS;
	     i++) {
		if (!is_ours(s, &follows[i]))
			continue;
		outcome = prepare(s, &follows[i], " AND 1 = 0");
		if (outcome.verdict == VERDICT_DONE)
			outcome = run(s, &follows[i], "0/0", DECIMAL_ZERO);
	}
	sql_db_rollback(s->db);
	return outcome;
}
