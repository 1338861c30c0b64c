/*
 * A web shop's own database: MariaDB or MySQL, one table with a row an item.
 *
 * Does     reads counts in batches, writes those that differ in one transaction
 *          a batch, compares everything in pages, lists what the table knows of
 *          things.
 * Never    touches a column but the one of quantities (and, where one is
 *          configured, the one of the last change, and those that a profile
 *          owns: sql_follow.c), adds a row to a shop's table (but to that of the
 *          synchronizer before us: sql_add.c) or removes one, or writes over
 *          what the shop changed since it was read.
 * Own changes  of the shop are drift, and what it sells comes in as a sale or
 *          order through the API; or they are sales, by own_changes: then what
 *          fell is noted in a table of our own (sql_sales.c).
 * Counts   whole units.
 */
#include "adapters/sql.h"

#include "adapters/adapters.h"
#include "gateway/base/err.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A sale is noted when it is seen, so there are no late ones: this is for a
   commit that the server was slow to end. */
enum { SALES_WINDOW_MS = 24 * 3600 * 1000 };

struct sql *
sql_of(void *state)
{
	struct sql *s = state;

	assert(s->magic == SQL_MAGIC);
	return s;
}

static const struct conf_row options[] = {
	{ .key = "socket",
	  .kind = CONF_PATH,
	  .meaning = "Unix socket of the database server; or host and port." },
	{ .key = "host",
	  .kind = CONF_TEXT,
	  .meaning = "Name or address of the database server." },
	{ .key = "port",
	  .kind = CONF_INT,
	  .fallback = "3306",
	  .min = 1,
	  .max = 65535,
	  .meaning = "Its port." },
	{ .key = "ca_file",
	  .kind = CONF_PATH,
	  .meaning = "Certificate authority by which the server proves itself: "
	             "needed where host is another machine." },
	{ .key = "database",
	  .kind = CONF_TEXT,
	  .flags = CONF_REQUIRED,
	  .meaning = "The shop's database." },
	{ .key = "user",
	  .kind = CONF_TEXT,
	  .flags = CONF_REQUIRED,
	  .meaning = "A user with SELECT and UPDATE on the table." },
	{ .key = "password",
	  .kind = CONF_SECRET,
	  .meaning = "That user's password; absent where the server knows the "
	             "user by the socket." },
	{ .key = "own_changes",
	  .kind = CONF_CHOICE,
	  .fallback = "\"drift\"",
	  .choices = "drift|sales",
	  .meaning =
	          "What a fall of a count by the shop is taken for: drift, "
	          "which is corrected, as its sales come in through the API; "
	          "or sales, noted in a table tillbridge_sales in its "
	          "database. A rise is drift." },
	{ .key = "profile",
	  .kind = CONF_CHOICE,
	  .choices = "stock|woocommerce|prestashop|opencart",
	  .meaning = "Names of a known shop's table and columns; those given "
	             "beside it come first. adapters/TILLS.md says what else "
	             "each writes." },
	{ .key = "table",
	  .kind = CONF_TEXT,
	  .meaning = "Table with a row an item; needed without a profile." },
	{ .key = "id_column",
	  .kind = CONF_TEXT,
	  .meaning = "Column that bindings name; needed without a profile." },
	{ .key = "quantity_column",
	  .kind = CONF_TEXT,
	  .meaning = "Column that is read and written; needed without a "
	             "profile." },
	{ .key = "variant_column",
	  .kind = CONF_TEXT,
	  .meaning = "Second part of an id: bindings are ID/VARIANT, and ID "
	             "alone is ID/0." },
	{ .key = "location_column",
	  .kind = CONF_TEXT,
	  .meaning = "Column that tells which rows are this account's." },
	{ .key = "location",
	  .kind = CONF_TEXT,
	  .meaning = "What stands in location_column in those rows." },
	{ .key = "updated_column",
	  .kind = CONF_TEXT,
	  .meaning =
	          "Column that is set to the moment of each of our writes." },
	{ .key = "sku_column",
	  .kind = CONF_TEXT,
	  .meaning = "Column with the SKU, to find items by." },
	{ .key = "barcode_column",
	  .kind = CONF_TEXT,
	  .meaning = "Column with the barcode, to find items by." },
	{ .key = "name_column",
	  .kind = CONF_TEXT,
	  .meaning = "Column with the name, to find items by." },
	{ .key = NULL },
};

static bool
is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
	       strcmp(host, "localhost") == 0;
}

static void
check(const struct conf_section *conf, struct buf *mistakes)
{
	const char *socket = conf_path(conf, "socket");
	const char *host = conf_text(conf, "host");
	const char *ca_file = conf_path(conf, "ca_file");

	if (!socket && !host)
		buf_adds(mistakes, "socket: missing: expected the server's "
		                   "socket, or host and port\n");
	if (socket && host)
		buf_adds(mistakes,
		         "host: not used: there is a socket; expected one of "
		         "the two\n");
	if (socket && ca_file)
		buf_adds(mistakes, "ca_file: not used: there is a socket\n");
	if (host && !ca_file && !is_loopback(host))
		buf_adds(mistakes,
		         "ca_file: missing: needed as host is another machine; "
		         "expected the authority that signed the server's "
		         "certificate\n");
	if (host && !conf_secret(conf, "password"))
		buf_adds(mistakes, "password: missing: needed with host\n");
	sql_shape_check(conf, mistakes);
}

static bool
takes_sales(const struct conf_section *conf)
{
	return strcmp(conf_text(conf, "own_changes"), "sales") == 0;
}

static bool
is_same(const char *a, const char *b)
{
	return a && b ? strcasecmp(a, b) == 0 : a == b;
}

static bool
is_same_server(const struct conf_section *a, const struct conf_section *b)
{
	return is_same(conf_path(a, "socket"), conf_path(b, "socket")) &&
	       is_same(conf_text(a, "host"), conf_text(b, "host")) &&
	       (conf_path(a, "socket") ||
	        conf_int(a, "port") == conf_int(b, "port")) &&
	       is_same(conf_text(a, "database"), conf_text(b, "database"));
}

/* What one of them sells, or the other writes, would be booked by both. */
static void
check_pair(const struct conf_section *conf, const struct conf_section *other,
           struct buf *mistakes)
{
	struct sql_shape a;
	struct sql_shape b;

	sql_shape_read(&a, conf);
	sql_shape_read(&b, other);
	if (!(takes_sales(conf) || takes_sales(other)) ||
	    !is_same_server(conf, other) || !is_same(a.table, b.table) ||
	    !is_same(a.quantity, b.quantity) ||
	    (a.location && b.location &&
	     !(is_same(a.location, b.location) && is_same(a.place, b.place))))
		return;
	buf_addf(mistakes,
	         "own_changes: the account %s has the same rows of table %s, "
	         "and with \"sales\" each would book what the other sells or "
	         "writes: expected one account, or a location of its own for "
	         "each, or \"drift\" at both\n",
	         conf_account_name(other), a.table ? a.table : "");
}

static size_t
batch_max(const struct conf_section *conf)
{
	(void)conf;
	return SQL_BATCH_MAX;
}

/* Whoever writes 12 in a table with variants means the thing without one. */
static void
add_canonical(struct buf *external, const struct sql_shape *shape,
              const char *written)
{
	buf_adds(external, written);
	if (shape->variant && !strchr(written, '/'))
		buf_adds(external, "/0");
}

static void
canonical(const struct conf_section *conf, struct buf *external,
          const char *written)
{
	struct sql_shape shape;

	sql_shape_read(&shape, conf);
	add_canonical(external, &shape, written);
}

static int
resolve(void *state, struct buf *external, const char *written,
        void (*add_ref)(void *ctx, const char *ref), void *ctx)
{
	add_canonical(external, &sql_of(state)->shape, written);
	add_ref(ctx, buf_text(external));
	return buf_check(external);
}

static void
close_(void *state)
{
	struct sql *s = state;

	if (!s)
		return;
	sql_forget_seen(s);
	sql_db_free(s->db);
	free(s);
}

static int
open_(void **state, const struct adapter_env *env)
{
	const struct conf_section *conf = env->conf;
	const struct sql_server server = {
		.socket = conf_path(conf, "socket"),
		.host = conf_text(conf, "host"),
		.port = (unsigned)conf_int(conf, "port"),
		.database = conf_text(conf, "database"),
		.user = conf_text(conf, "user"),
		.password = conf_secret(conf, "password"),
		.ca_file = conf_path(conf, "ca_file"),
		.timeout_ms = conf_int(conf, "timeout_ms"),
	};
	struct sql *s = calloc(1, sizeof(*s));

	if (!s)
		return err_raise(ERR_NOMEM, "sql");
	*state = s;
	s->magic = SQL_MAGIC;
	s->database = server.database;
	s->takes_sales = takes_sales(conf);
	sql_shape_read(&s->shape, conf);
	return sql_db_new(&s->db, &server);
}

const struct adapter_ops sql_adapter = {
	.name = "sql",
	.options = options,
	.url_flags = CONF_NO_URL,
	.batch_max = batch_max,
	.check = check,
	.check_pair = check_pair,
	.open = open_,
	.close = close_,
	.probe = sql_probe,
	.resolve = resolve,
	.canonical = canonical,
	.read_counts = sql_read_counts,
	.write_counts = sql_write_counts,
	.sales_window_ms = SALES_WINDOW_MS,
	.lists_sales = takes_sales,
	.list_sales = sql_list_sales,
	.list_items = sql_list_items,
	.add_item = sql_add_item,
	.sync = sql_sync,
};
