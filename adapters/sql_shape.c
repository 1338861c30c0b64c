/*
 * Where a shop keeps its counts, and the statements that read and write there.
 *
 * No value ever stands in a statement, and no name that was not checked: a name
 * is quoted, and has nothing in it that would end the quotes. A row is the same one for
 * the table when its own collation says so, so rows are taken together as it
 * does (GROUP BY) and an id that stands in several is nobody's.
 *
 * Source   The seed's `stock` table: the project's reference on it. WooCommerce:
 *          the tables of WC_Install and WordPress, and WC's product data store;
 *          PrestaShop: db_structure.sql of its installer and the Stock FAQ of
 *          its developer documentation; OpenCart: opencart.sql of its
 *          installer. Public sources, read 2026-11-22. Versions differ: `check`
 *          says at once where a shop's do, and every column is an option.
 */
#include "adapters/sql.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX = 64 };

struct profile {
	const char *name;
	struct sql_shape shape;
};

static const struct profile profiles[] = {
	{ "stock",
	  { .table = "stock",
	    .id = "idProductEcommerce",
	    .quantity = "quantity",
	    .name = "description" } },
	{ "woocommerce",
	  { .table = "wp_postmeta",
	    .id = "post_id",
	    .quantity = "meta_value",
	    .location = "meta_key",
	    .place = "_stock" } },
	{ "prestashop",
	  { .table = "ps_stock_available",
	    .id = "id_product",
	    .quantity = "quantity",
	    .variant = "id_product_attribute",
	    .location = "id_shop",
	    .place = "1" } },
	{ "opencart",
	  { .table = "oc_product",
	    .id = "product_id",
	    .quantity = "quantity",
	    .sku = "sku",
	    .barcode = "ean",
	    .name = "model" } },
};

/* ---- what is configured ---- */

/* The options that hold a name, and where it goes. */
static const struct {
	const char *key;
	size_t offset;
	bool is_needed;
} names[] = {
	{ "table", offsetof(struct sql_shape, table), true },
	{ "id_column", offsetof(struct sql_shape, id), true },
	{ "quantity_column", offsetof(struct sql_shape, quantity), true },
	{ "variant_column", offsetof(struct sql_shape, variant), false },
	{ "location_column", offsetof(struct sql_shape, location), false },
	{ "updated_column", offsetof(struct sql_shape, updated), false },
	{ "sku_column", offsetof(struct sql_shape, sku), false },
	{ "barcode_column", offsetof(struct sql_shape, barcode), false },
	{ "name_column", offsetof(struct sql_shape, name), false },
};
enum { N_NAMES = sizeof(names) / sizeof(*names) };

static const char *
get(const struct sql_shape *shape, size_t offset)
{
	const char *name;

	memcpy(&name, (const char *)shape + offset, sizeof(name));
	return name;
}

static const struct sql_shape *
find_profile(const char *name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(*profiles); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i].shape;
	return NULL;
}

static bool
is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Are they the shop's own, so that what we know of them holds? */
static bool
has_columns_of(const struct sql_shape *shape, const char *profile)
{
	const struct sql_shape *own = find_profile(profile);

	return own && is_same(shape->id, own->id) &&
	       is_same(shape->quantity, own->quantity) &&
	       is_same(shape->variant, own->variant) &&
	       is_same(shape->location, own->location);
}

void
sql_shape_read(struct sql_shape *out, const struct conf_section *conf)
{
	const char *profile = conf_text(conf, "profile");

	*out = (struct sql_shape){ .table = NULL };
	if (profile && find_profile(profile))
		*out = *find_profile(profile);
	for (size_t i = 0; i < N_NAMES; i++) {
		const char *name = conf_text(conf, names[i].key);

		if (name)
			memcpy((char *)out + names[i].offset, &name,
			       sizeof(name));
	}
	if (conf_text(conf, "location"))
		out->place = conf_text(conf, "location");
	out->follows = profile && out->table && has_columns_of(out, profile) &&
	                               sql_follow_knows(profile, out->table)
	                       ? profile
	                       : NULL;
}

/* What a server takes as a name, in whatever alphabet, but for what would end
   the quotes. Source: MariaDB, "Identifier Names", read 2026-11-22. */
static bool
is_name(const char *name)
{
	size_t n = strlen(name);
	size_t n_characters = 0;

	for (const char *p = name; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < ' ' || c == 0x7f || c == '`' || c >= 0xf0)
			return false;
		n_characters += (c & 0xc0) != 0x80;
	}
	return n > 0 && n_characters <= NAME_MAX && name[0] != ' ' &&
	       name[n - 1] != ' ';
}

void
sql_shape_check(const struct conf_section *conf, struct buf *mistakes)
{
	struct sql_shape shape;

	sql_shape_read(&shape, conf);
	for (size_t i = 0; i < N_NAMES; i++) {
		const char *name = get(&shape, names[i].offset);

		if (!name && names[i].is_needed)
			buf_addf(mistakes,
			         "%s: missing: expected a profile, or the "
			         "shop's own name for it\n",
			         names[i].key);
		else if (name && !is_name(name))
			buf_addf(mistakes,
			         "%s: not a name: expected at most %d "
			         "characters, without a backtick and without "
			         "a blank at an end\n",
			         names[i].key, (int)NAME_MAX);
	}
	if (shape.location && !shape.place)
		buf_adds(mistakes,
		         "location: missing: expected what stands in "
		         "location_column in the rows of this shop\n");
	if (shape.place && !shape.location)
		buf_adds(mistakes, "location_column: missing: needed as there "
		                   "is a location\n");
	if (shape.id && shape.quantity && !strcmp(shape.id, shape.quantity))
		buf_adds(mistakes, "quantity_column: is the id_column\n");
}

/* ---- external ids ---- */

void
sql_add_external(struct buf *out, const struct sql_shape *shape, const char *id,
                 const char *variant)
{
	buf_adds(out, id);
	if (shape->variant)
		buf_addf(out, "/%s", variant);
}

const char *
sql_split_external(struct buf *id, const struct sql_shape *shape,
                   const char *external)
{
	const char *slash = shape->variant ? strrchr(external, '/') : NULL;

	buf_reset(id);
	buf_add(id, external,
	        slash ? (size_t)(slash - external) : strlen(external));
	return slash ? slash + 1 : "";
}

/* ---- statements ---- */

/* Everything is read as text, made by the server: exact, whatever its type. */
static void
add_value(struct buf *out, const char *name, const char *fallback)
{
	if (name)
		buf_addf(out, "MIN(CAST(`%s` AS CHAR))", name);
	else
		buf_adds(out, fallback);
}

static void
add_head(struct buf *out, const struct sql_shape *shape,
         enum sql_columns columns)
{
	buf_adds(out, "SELECT ");
	add_value(out, shape->id, "");
	buf_adds(out, ", ");
	add_value(out, shape->variant, "''");
	switch (columns) {
	case SQL_COUNTS:
		buf_addf(out, ", COUNT(*), ");
		add_value(out, shape->quantity, "");
		break;
	case SQL_NAMES:
		buf_adds(out, ", ");
		add_value(out, shape->sku, "''");
		buf_adds(out, ", ");
		add_value(out, shape->barcode, "''");
		buf_adds(out, ", ");
		add_value(out, shape->name, "''");
		break;
	}
	buf_addf(out, " FROM `%s` WHERE ", shape->table);
}

static void
add_place(struct buf *out, const struct sql_shape *shape)
{
	if (shape->location)
		buf_addf(out, " AND `%s` = ?", shape->location);
}

static void
add_keys(struct buf *out, const struct sql_shape *shape)
{
	buf_addf(out, "`%s`", shape->id);
	if (shape->variant)
		buf_addf(out, ", `%s`", shape->variant);
}

void
sql_select_ids(struct buf *out, const struct sql_shape *shape, size_t n)
{
	add_head(out, shape, SQL_COUNTS);
	if (shape->variant) {
		buf_adds(out, "(");
		for (size_t i = 0; i < n; i++)
			buf_addf(out, "%s`%s` = ? AND `%s` = ?",
			         i ? " OR " : "", shape->id, shape->variant);
	} else {
		buf_addf(out, "`%s` IN (", shape->id);
		for (size_t i = 0; i < n; i++)
			buf_adds(out, i ? ", ?" : "?");
	}
	buf_adds(out, ")");
	add_place(out, shape);
	buf_adds(out, " GROUP BY ");
	add_keys(out, shape);
}

void
sql_select_page(struct buf *out, const struct sql_shape *shape,
                enum sql_columns columns, bool is_first)
{
	add_head(out, shape, columns);
	if (is_first)
		buf_addf(out, "`%s` IS NOT NULL", shape->id);
	else if (shape->variant)
		buf_addf(out, "(`%s` > ? OR `%s` = ? AND `%s` > ?)", shape->id,
		         shape->id, shape->variant);
	else
		buf_addf(out, "`%s` > ?", shape->id);
	if (shape->variant)
		buf_addf(out, " AND `%s` IS NOT NULL", shape->variant);
	add_place(out, shape);
	buf_adds(out, " GROUP BY ");
	add_keys(out, shape);
	buf_adds(out, " ORDER BY ");
	add_keys(out, shape);
	buf_addf(out, " LIMIT %d", (int)SQL_PAGE);
}

void
sql_update(struct buf *out, const struct sql_shape *shape)
{
	buf_addf(out, "UPDATE `%s` SET `%s` = ?", shape->table,
	         shape->quantity);
	if (shape->updated)
		buf_addf(out, ", `%s` = CURRENT_TIMESTAMP", shape->updated);
	buf_addf(out, " WHERE `%s` = ?", shape->id);
	if (shape->variant)
		buf_addf(out, " AND `%s` = ?", shape->variant);
	buf_addf(out, " AND CAST(`%s` AS CHAR) = ?", shape->quantity);
	add_place(out, shape);
}

void
sql_select_totals(struct buf *out, const struct sql_shape *shape)
{
	buf_addf(out,
	         "SELECT CAST(COUNT(*) AS CHAR), "
	         "CAST(COUNT(`%s`) AS CHAR), CAST(COUNT(DISTINCT ",
	         shape->quantity);
	add_keys(out, shape);
	buf_addf(out, ") AS CHAR) FROM `%s` WHERE `%s` IS NOT NULL",
	         shape->table, shape->id);
	add_place(out, shape);
}
