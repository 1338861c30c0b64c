/*
 * tillbridge items: the registry from and to a spreadsheet.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/cli/cli.h"
#include "gateway/drivers/store_registry.h"
#include "tests/support/cli_world.h"
#include "tests/support/store_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct store_world *world;
static char out[4096]; /* stdout of the last command */
static char err[4096]; /* its stderr */
static const struct lifecycle_parts *parts;
static bool is_skipping; /* --skip-errors */
static bool is_json;     /* --json */

static int
begin(void **state)
{
	world = *state;
	parts = &cli_world_parts;
	is_skipping = false;
	is_json = false;
	store_world_flush(world);
	cli_world_configure(world, world->redis.url, "erp", false);
	return 0;
}

/* ---- running the command in a process of its own ---- */

static int
run(bool is_dry, char *word, char *file)
{
	char conf[128];
	char *words[] = { word, file };
	const struct cli cli = { .conf_path = conf,
		                 .parts = parts,
		                 .argc = file ? 2 : 1,
		                 .argv = words,
		                 .is_dry = is_dry,
		                 .is_skipping = is_skipping,
		                 .is_json = is_json };
	int status = 0;
	pid_t pid;

	cli_world_path(world, conf, "gateway.json");
	(void)fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		cli_world_redirect(world, STDOUT_FILENO, "out");
		cli_world_redirect(world, STDERR_FILENO, "err");
		status = (int)cli_items(&cli);
		exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	cli_world_read(world, out, "out");
	cli_world_read(world, err, "err");
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
import_as(bool is_dry, const char *csv)
{
	char word[] = "import";
	char path[128];

	cli_world_write(world, "items.csv", csv);
	cli_world_path(world, path, "items.csv");
	return run(is_dry, word, path);
}

static int
import(const char *csv)
{
	return import_as(false, csv);
}

/* What is typed for an item at an account. */
static void
assert_typed(const char *sku, const char *account, const char *typed)
{
	struct item item;
	const struct binding *b;

	assert_int_equal(store_registry_get(world->store, &item, sku), 0);
	b = item_find_binding(&item, account);
	assert_string_equal(b ? b->typed : "none", typed);
	item_fini(&item);
}

static void
assert_items(int64_t expected)
{
	int64_t n = -1;

	assert_int_equal(store_registry_count(world->store, &n), 0);
	assert_int_equal(n, expected);
}

/* The import fails, says this, and writes nothing. */
static void
assert_refused(const char *csv, const char *says)
{
	assert_int_equal(import(csv), EXIT_CODE_FAILED);
	if (!strstr(err, says))
		fail_msg("\"%s\" is not in: %s", says, err);
	assert_non_null(strstr(err, "nothing was written"));
	assert_items(0);
}

/* ---- the tests ---- */

static void
test_cli_items__import_binds_every_cell_and_says_what_it_did(void **state)
{
	(void)state;
	assert_int_equal(import("sku,name,erp,agora,kiosk\n"
	                        "A1,Olives,G1,sq-1,k-1\n"
	                        "A2,,G2,sq-2,\n"),
	                 EXIT_CODE_DONE);
	assert_items(2);
	assert_typed("A1", "erp", "G1");
	assert_typed("A1", "agora", "sq-1");
	assert_typed("A2", "kiosk", "none");
	assert_non_null(strstr(out, "2 items imported: 5 bindings"));
	assert_non_null(strstr(out, "3 channel counts will be set"));
}

/* A till that keeps some: what it shows itself, and what takes no counts, is
   not set to anything. */
static void
test_cli_items__import_counts_by_each_items_authority(void **state)
{
	(void)state;
	assert_int_equal(import("sku,authority,erp,agora,kiosk\n"
	                        "A1,agora,G1,sq-1,k-1\n"
	                        "A2,,G2,sq-2,\n"),
	                 EXIT_CODE_DONE);
	assert_non_null(strstr(out, "5 bindings"));
	assert_non_null(strstr(out, "2 channel counts will be set to what the "
	                            "authority of each item says"));
	/* the same bindings, but A2 is kept by another account from now on */
	assert_int_equal(import("sku,authority,erp,agora,kiosk\n"
	                        "A1,agora,G1,sq-1,k-1\n"
	                        "A2,kiosk,G2,sq-2,\n"),
	                 EXIT_CODE_DONE);
	assert_non_null(strstr(out, "0 bindings"));
	assert_non_null(strstr(out, "1 channel count will be set"));
}

static void
test_cli_items__importing_twice_changes_nothing(void **state)
{
	static const char csv[] = "sku,erp,agora\nA1,G1,sq-1\n";

	(void)state;
	assert_int_equal(import(csv), EXIT_CODE_DONE);
	store_world_unmark(world, "agora");
	assert_int_equal(import(csv), EXIT_CODE_DONE);
	assert_non_null(strstr(out, "0 bindings"));
	assert_null(strstr(out, "channel count"));
	assert_string_equal(store_world_marks(world, "agora"), "");
}

static void
test_cli_items__without_its_column_the_authority_knows_the_sku(void **state)
{
	(void)state;
	assert_int_equal(import("sku,agora\nA1,sq-1\n"), EXIT_CODE_DONE);
	assert_typed("A1", "erp", "A1");
}

/* At a till no id is ever our SKU: what is bound there stays as it is. */
static void
test_cli_items__a_till_that_keeps_the_stock_is_bound_by_its_column_only(
	void **state)
{
	(void)state;
	cli_world_configure(world, world->redis.url, "agora", false);
	assert_int_equal(import("sku,agora\nA1,sq-1\n"), EXIT_CODE_DONE);
	assert_int_equal(import("sku,kiosk\nA1,k-1\n"), EXIT_CODE_DONE);
	assert_typed("A1", "agora", "sq-1");
	assert_typed("A1", "kiosk", "k-1");
}

static void
test_cli_items__an_account_without_a_column_stays_as_it_is(void **state)
{
	(void)state;
	assert_int_equal(import("sku,agora,kiosk\nA1,sq-1,k-1\n"),
	                 EXIT_CODE_DONE);
	assert_int_equal(import("sku,agora\nA1,\n"), EXIT_CODE_DONE);
	assert_typed("A1", "agora", "none");
	assert_typed("A1", "kiosk", "k-1");
}

static void
test_cli_items__quotes_semicolons_and_a_byte_order_mark_are_understood(
	void **state)
{
	(void)state;
	assert_int_equal(import("\xef\xbb\xbfsku;name;agora\r\n"
	                        "A1;\"12\"\" pipe; \nlong\";sq-1\r\n"),
	                 EXIT_CODE_DONE);
	assert_typed("A1", "agora", "sq-1");
	assert_string_equal(store_world_say(world, "HGET test:item:A1 name"),
	                    "12\" pipe; \nlong");
}

static void
test_cli_items__a_dry_run_writes_nothing(void **state)
{
	(void)state;
	assert_int_equal(import_as(true, "sku,agora\nA1,sq-1\n"),
	                 EXIT_CODE_DONE);
	assert_non_null(strstr(out, "1 item would be imported: 2 bindings"));
	assert_items(0);
}

static void
test_cli_items__a_header_without_sku_is_refused(void **state)
{
	(void)state;
	assert_refused("name,agora\nOlives,sq-1\n",
	               ":1: the header row has no column sku");
}

static void
test_cli_items__unknown_columns_are_refused_by_name(void **state)
{
	(void)state;
	assert_refused("sku,agroa,sku\nA1,sq-1,A1\n",
	               ":1: agroa: unknown column");
	assert_non_null(strstr(err, ":1: sku: column given twice"));
	assert_non_null(strstr(err, "2 mistakes"));
}

static void
test_cli_items__a_column_given_twice_is_refused(void **state)
{
	(void)state;
	assert_refused("sku,agora,agora\nA1,x,y\n",
	               ":1: agora: column given twice");
}

static void
test_cli_items__an_empty_file_is_refused(void **state)
{
	(void)state;
	assert_refused("", "empty");
}

static void
test_cli_items__a_header_that_cannot_be_read_is_no_empty_file(void **state)
{
	(void)state;
	assert_refused("\"sku,name\nA1,x\n", ":1: a quote is never closed");
	assert_refused("\xff\xfesku\n", ":1: not UTF-8");
	assert_null(strstr(err, "empty"));
}

static void
test_cli_items__a_header_in_capitals_or_with_tabs_is_explained(void **state)
{
	(void)state;
	assert_refused("SKU,Agora\nA1,x\n",
	               ":1: SKU: unknown column: expected sku,");
	assert_non_null(strstr(err, "(did you mean \"sku\"?)"));
	assert_non_null(strstr(err, "(did you mean \"agora\"?)"));
	assert_refused("sku\tagora\nA1\tx\n",
	               "divided by commas or semicolons, not by tabs");
}

/* A file that lost its cells unbinds: a dry run says so. */
static void
test_cli_items__what_is_taken_away_is_told(void **state)
{
	(void)state;
	assert_int_equal(import("sku,erp,agora\nA1,G1,sq-1\nA2,G2,sq-2\n"),
	                 EXIT_CODE_DONE);
	assert_int_equal(import_as(true, "sku,erp,agora\nA1,G1\nA2,G3,\n"),
	                 EXIT_CODE_DONE);
	assert_string_equal(out, "2 items would be imported: 1 binding new or "
	                         "changed\n"
	                         "2 bindings would be taken away: the cell is "
	                         "empty\n");
	assert_typed("A1", "agora", "sq-1");
	assert_int_equal(import("sku,agora\nA1,\n"), EXIT_CODE_DONE);
	assert_non_null(strstr(out, "\n1 binding was taken away: "));
	assert_typed("A1", "agora", "none");
}

static void
test_cli_items__a_sku_or_binding_given_twice_is_refused(void **state)
{
	(void)state;
	assert_refused("sku,agora\nA1,sq-1\nA1,sq-2\n",
	               ":3: sku: A1 is given on line 2 already");
	assert_refused("sku,agora\nA1,sq-1\nA2,sq-1\n",
	               ":3: agora: sq-1 is given on line 2 already");
}

static void
test_cli_items__bad_cells_are_all_named_with_their_line(void **state)
{
	(void)state;
	assert_refused("sku,reserve,authority,agora\n"
	               "A1,-1,,x\n"
	               "A2,many,,y\n"
	               ",1,,z\n"
	               "A4,1,nobody,w\n"
	               "A5,1,,v,more\n",
	               ":2: reserve: expected a quantity of zero or more");
	assert_non_null(strstr(err, ":3: reserve: expected a quantity"));
	assert_non_null(strstr(err, ":4: sku: empty"));
	assert_non_null(strstr(err, ":5: authority: there is no account"));
	assert_non_null(strstr(err, ":6: more fields than the header row"));
	assert_non_null(strstr(err, "5 mistakes; nothing was written"));
}

/* What is sold elsewhere must be recorded where the stock is kept. */
static void
test_cli_items__an_authority_that_records_no_sales_is_refused(void **state)
{
	struct conf_type types[2] = { cli_world_parts.types[0],
		                      cli_world_parts.types[1] };
	struct lifecycle_parts other = cli_world_parts;

	(void)state;
	types[1].url_flags = CONF_NO_ENTRIES;
	other.types = types;
	parts = &other;
	assert_refused("sku,authority,agora\n"
	               "A1,,x\n"
	               "A2,agora,y\n",
	               ":3: authority: that account cannot record what is sold "
	               "elsewhere: name one that can");
}

/* By line, however they were found: a person mends the file from the top. */
static void
test_cli_items__mistakes_come_in_the_order_of_their_lines(void **state)
{
	(void)state;
	assert_refused("sku,reserve,agora\n"
	               "A1,1,x\n"
	               "A1,1,y\n"
	               "A2,-1,z\n"
	               "A3,1,y\n",
	               "items.csv:3: sku: A1 is given on line 2 already\n");
	assert_true(strstr(err, ":3:") < strstr(err, ":4:"));
	assert_true(strstr(err, ":4:") < strstr(err, ":5:"));
	assert_non_null(strstr(err, "3 mistakes; nothing was written"));
}

static void
test_cli_items__what_is_misspelt_is_named_with_the_nearest(void **state)
{
	(void)state;
	assert_refused("sku,agroa\nA1,x\n", "did you mean \"agora\"?");
	assert_refused("skv,agora\nA1,x\n", "did you mean \"sku\"?");
	assert_refused("sku,authority\nA1,kisok\n",
	               ":2: authority: there is no account of that name; those "
	               "that can be "
	               "one: erp, agora, kiosk (did "
	               "you mean \"kiosk\"?)");
	assert_refused("sku,something\nA1,x\n",
	               "reserve or an account: erp, agora, kiosk\n");
}

static void
test_cli_items__skipping_leaves_out_the_wrong_lines_only(void **state)
{
	(void)state;
	is_skipping = true;
	assert_int_equal(import("sku,reserve,agora\n"
	                        "A1,1,x\n"
	                        "A2,many,y\n"
	                        "A1,2,z\n"
	                        "A3,,w\n"),
	                 EXIT_CODE_FAILED);
	assert_non_null(strstr(err, ":3: reserve:"));
	assert_non_null(strstr(err, ":4: sku: A1 is given on line 2"));
	assert_non_null(strstr(err, "2 mistakes; 2 lines left out"));
	assert_non_null(strstr(out, "2 items imported: 4 bindings"));
	assert_items(2);
	assert_typed("A1", "agora", "x");
	assert_typed("A3", "agora", "w");
}

/* Which lines would be left out, nobody can say then. */
static void
test_cli_items__a_bad_header_or_quote_is_not_skipped(void **state)
{
	(void)state;
	is_skipping = true;
	assert_refused("sku,agroa\nA1,x\n", "agroa");
	assert_refused("sku,agora\nA1,x\nA2,\"y\n", ":3: a quote is never");
}

static void
resolve(const char *sku, const char *typed)
{
	const struct registry_resolution found = { .sku = sku,
		                                   .typed = typed,
		                                   .external = typed };

	assert_int_equal(store_registry_resolved(world->store, "agora", &found),
	                 0);
}

static void
test_cli_items__an_id_that_another_item_has_is_refused(void **state)
{
	(void)state;
	assert_int_equal(import("sku,agora\nA1,x\nA2,y\n"), EXIT_CODE_DONE);
	resolve("A1", "x");
	resolve("A2", "y");
	assert_int_equal(import("sku,agora\nA3,z\nA4,x\n"), EXIT_CODE_FAILED);
	assert_non_null(strstr(err, ":3: agora: x is bound to A1 already"));
	assert_items(2);
	/* Unless that item gives it up. */
	assert_int_equal(import("sku,agora\nA1,y\nA2,x\n"), EXIT_CODE_DONE);
	assert_typed("A1", "agora", "y");
	assert_typed("A2", "agora", "x");
}

static void
test_cli_items__broken_quoting_is_refused_with_its_line(void **state)
{
	(void)state;
	assert_refused("sku,agora\nA1,\"sq-1\n", ":2: a quote is never closed");
}

static void
test_cli_items__a_sku_with_a_line_end_inside_is_refused(void **state)
{
	(void)state;
	assert_refused("sku,agora\n\"A\n1\",sq-1\n", "sku: longer than");
}

static void
test_cli_items__export_writes_what_import_reads(void **state)
{
	char word[] = "export";
	char exported[4096];

	(void)state;
	assert_int_equal(import("sku,name,reserve,authority,erp,agora\n"
	                        "A1,\"Olives, green\",2.5,kiosk,G1,sq-1\n"
	                        "A2,,,,G2,\n"),
	                 EXIT_CODE_DONE);
	assert_int_equal(run(false, word, NULL), EXIT_CODE_DONE);
	assert_string_equal(out, "sku,name,authority,reserve,erp,agora,kiosk\n"
	                         "A1,\"Olives, green\",kiosk,2.5,G1,sq-1,\n"
	                         "A2,,,,G2,,\n");
	(void)strcpy(exported, out);
	assert_int_equal(import(exported), EXIT_CODE_DONE);
	assert_non_null(strstr(out, "0 bindings"));
}

/* ---- what is exported is imported, whatever it is ---- */

enum { HOSTILE_ITEMS = 300, HOSTILE_PIECES = 6 };

static uint32_t
roll(uint32_t *seed, uint32_t sides)
{
	*seed = *seed * 1664525U + 1013904223U;
	return (*seed >> 16) % sides;
}

/* Quotes, separators, line ends, what a spreadsheet takes for a formula, blanks
   at the ends, scripts; pieces from one on are allowed on one line only. */
static char *
make_hostile(uint32_t *seed, bool is_one_line)
{
	static const char *const pieces[] = {
		"\n",
		"\r\n",
		"\r",
		"\t",
		"\"",
		"\"\"",
		",",
		";",
		" ",
		"'",
		"=1+1",
		"+",
		"-",
		"@SUM(A1)",
		"a",
		"Z9",
		"ελιά",
		"茶",
		"\xf0\x9f\x8d\xb5",
		"\xef\xbb\xbf",
		"\\",
		"#",
		"\x7f",
	};
	const uint32_t n = sizeof(pieces) / sizeof(*pieces);
	const uint32_t first = is_one_line ? 4 : 0;
	struct buf text = BUF_INIT;
	uint32_t length = roll(seed, HOSTILE_PIECES);

	for (uint32_t i = 0; i < length; i++)
		buf_adds(&text, pieces[first + roll(seed, n - first)]);
	buf_adds(&text, ""); /* may be empty, never NULL */
	return text.p ? buf_steal(&text) : text_dup("");
}

static void
put_hostile(uint32_t *seed, int i)
{
	char *start = make_hostile(seed, true);
	char *end = make_hostile(seed, true);
	struct item item = {
		.sku = text_format("%s%d%s", start, i, end),
		.name = make_hostile(seed, false),
		.has_reserve = roll(seed, 2) == 0,
	};
	struct binding *b = item_add_binding(&item);

	b->account = text_dup("agora");
	b->typed = text_format("%s%d%s", end, i, start);
	if (item.has_reserve)
		assert_int_equal(decimal_parse(&item.reserve, "2.5"), 0);
	assert_int_equal(store_registry_put(world->store, &item, NULL), 0);
	item_fini(&item);
	free(start);
	free(end);
}

struct dump {
	char *rows[HOSTILE_ITEMS + 1];
	size_t n;
};

static int
dump_item(void *ctx, struct item *item)
{
	struct dump *d = ctx;
	const struct binding *b = item_find_binding(item, "agora");
	char reserve[DECIMAL_TEXT_SIZE] = "none";

	assert_true(d->n <= HOSTILE_ITEMS);
	if (item->has_reserve)
		(void)decimal_format(reserve, item->reserve);
	d->rows[d->n++] =
		text_format("%s|%s|%s|%s", item->sku, item->name, reserve,
	                    b && b->typed ? b->typed : "unbound");
	return 0;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
dump_registry(struct dump *d)
{
	d->n = 0;
	assert_int_equal(store_registry_each_item(world->store, dump_item, d),
	                 0);
	qsort(d->rows, d->n, sizeof(*d->rows), by_text);
}

static void
test_cli_items__whatever_is_exported_is_imported_as_it_was(void **state)
{
	static struct dump before;
	static struct dump after;
	char export[] = "export";
	char word[] = "import";
	char from[128];
	char to[128];
	uint32_t seed = 20261122;

	(void)state;
	for (int i = 0; i < HOSTILE_ITEMS; i++)
		put_hostile(&seed, i);
	dump_registry(&before);
	assert_int_equal(before.n, HOSTILE_ITEMS);
	assert_int_equal(run(false, export, NULL), EXIT_CODE_DONE);
	cli_world_path(world, from, "out");
	cli_world_path(world, to, "items.csv");
	assert_int_equal(rename(from, to), 0);
	store_world_flush(world);
	assert_int_equal(run(false, word, to), EXIT_CODE_DONE);
	dump_registry(&after);
	assert_int_equal(after.n, before.n);
	for (size_t i = 0; i < before.n; i++) {
		assert_string_equal(after.rows[i], before.rows[i]);
		free(before.rows[i]);
		free(after.rows[i]);
	}
}

static void
test_cli_items__an_authority_where_an_item_is_not_bound_is_a_warning(
	void **state)
{
	(void)state;
	assert_int_equal(import("sku,authority,erp,agora\n"
	                        "Tea-1,agora,E-1,\n"
	                        "Tea-2,agora,E-2,A-2\n"
	                        "Tea-3,kiosk,E-3,A-3\n"),
	                 EXIT_CODE_DONE);
	assert_non_null(strstr(err,
	                       "warning: 2 items are not bound at their "
	                       "authority (Tea-1, Tea-3): their channels stay "
	                       "as they are until they are bound there"));
	assert_items(3);
	/* What is bound already needs no column. */
	assert_int_equal(import("sku,authority\nTea-2,agora\n"),
	                 EXIT_CODE_DONE);
	assert_string_equal(err, "");
	assert_int_equal(import("sku,agora\nTea-2,\n"), EXIT_CODE_DONE);
	assert_non_null(strstr(err, "warning: 1 item is not bound at its "
	                            "authority (Tea-2)"));
}

/* Imported again, what it waits for must not become what it stays at. */
static void
test_cli_items__an_authority_that_waits_is_exported(void **state)
{
	char word[] = "export";

	(void)state;
	assert_int_equal(import("sku,authority,erp,kiosk\n"
	                        "A1,,G1,K1\nA2,,G2,K2\n"),
	                 EXIT_CODE_DONE);
	(void)store_world_say(world,
	                      "HSET test:item:A1 authority erp next kiosk");
	(void)store_world_say(world, "HSET test:item:A2 authority agora");
	(void)store_world_say(world, "HSETNX test:item:A2 next %s", "\"\"");
	assert_int_equal(run(false, word, NULL), EXIT_CODE_DONE);
	assert_non_null(strstr(out, "\nA1,,kiosk,,G1,,K1\n"));
	assert_non_null(strstr(out, "\nA2,,,,G2,,K2\n"));
}

static void
test_cli_items__the_list_names_an_authority_that_is_gone(void **state)
{
	char word[] = "list";

	(void)state;
	assert_int_equal(import("sku,name,erp\nA1,Tea,G1\nA2,Salt,G2\n"),
	                 EXIT_CODE_DONE);
	(void)store_world_say(world, "HSET test:item:A1 authority oldtill");
	assert_int_equal(run(false, word, NULL), EXIT_CODE_DONE);
	assert_non_null(strstr(out, "Tea  (its authority oldtill is no longer "
	                            "configured)\n"));
	assert_non_null(strstr(out, "Salt\n"));
}

static void
test_cli_items__the_list_is_json_for_programs(void **state)
{
	char word[] = "list";

	(void)state;
	assert_int_equal(import("sku,name,reserve,agora\n"
	                        "A1,\"Olives, \"\"green\"\"\",2.5,sq-1\n"
	                        "A2,,,\n"),
	                 EXIT_CODE_DONE);
	resolve("A1", "sq-1");
	is_json = true;
	assert_int_equal(run(false, word, NULL), EXIT_CODE_DONE);
	assert_non_null(strstr(out, "\"Olives, \\\"green\\\"\""));
	assert_non_null(strstr(out, "\"reserve\":2.5"));
	assert_non_null(strstr(out, "{\"account\":\"agora\",\"id\":\"sq-1\","
	                            "\"resolved\":true}"));
	assert_non_null(strstr(out, "\"sku\":\"A2\""));
	is_json = false;
}

/* A file is somebody else's text, and so is a name in the registry. */
static void
test_cli_items__what_a_file_says_moves_no_cursor(void **state)
{
	char list[] = "list";

	(void)state;
	assert_refused("sku,name,agora\n"
	               "A1,,\"\033[2J\r\xc2\x9b"
	               "1mx\"\n"
	               "A2,,\"\033[2J\r\xc2\x9b"
	               "1mx\"\n",
	               "agora:  [2J   1mx is given on line 2 already");
	cli_world_assert_tame(err);
	assert_int_equal(import("sku,name\nA1,\"" CLI_WORLD_HOSTILE "\"\n"),
	                 EXIT_CODE_DONE);
	assert_int_equal(run(false, list, NULL), EXIT_CODE_DONE);
	cli_world_assert_tame(out);
	assert_non_null(strstr(out, CLI_WORLD_TAMED));
}

static void
test_cli_items__an_import_tells_programs(void **state)
{
	(void)state;
	is_json = true;
	assert_int_equal(import_as(true, "sku,erp,agora\nA1,G1,sq-1\n"),
	                 EXIT_CODE_DONE);
	assert_string_equal(out, "{\"ok\":true,\"dry_run\":true,"
	                         "\"written\":false,\"items\":1,"
	                         "\"bindings\":2,\"bindings_gone\":0,"
	                         "\"channel_counts\":1,"
	                         "\"not_bound_at_authority\":0,"
	                         "\"mistakes\":[]}\n");
	assert_items(0);
	assert_int_equal(import("sku,reserve\nA1,-1\n"), EXIT_CODE_FAILED);
	assert_non_null(strstr(out, "\"ok\":false"));
	assert_non_null(strstr(out, "\"written\":false"));
	assert_non_null(strstr(out, "\"mistakes\":[{\"line\":2,\"text\":"
	                            "\"reserve: expected"));
}

static void
test_cli_items__an_unknown_word_is_a_mistake_in_use(void **state)
{
	char word[] = "improt";

	(void)state;
	assert_int_equal(run(false, word, NULL), EXIT_CODE_USAGE);
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_cli_items__import_binds_every_cell_and_says_what_it_did),
		EACH(test_cli_items__import_counts_by_each_items_authority),
		EACH(test_cli_items__importing_twice_changes_nothing),
		EACH(test_cli_items__without_its_column_the_authority_knows_the_sku),
		EACH(test_cli_items__a_till_that_keeps_the_stock_is_bound_by_its_column_only),
		EACH(test_cli_items__an_account_without_a_column_stays_as_it_is),
		EACH(test_cli_items__quotes_semicolons_and_a_byte_order_mark_are_understood),
		EACH(test_cli_items__a_dry_run_writes_nothing),
		EACH(test_cli_items__a_header_without_sku_is_refused),
		EACH(test_cli_items__unknown_columns_are_refused_by_name),
		EACH(test_cli_items__a_column_given_twice_is_refused),
		EACH(test_cli_items__an_empty_file_is_refused),
		EACH(test_cli_items__a_header_that_cannot_be_read_is_no_empty_file),
		EACH(test_cli_items__a_header_in_capitals_or_with_tabs_is_explained),
		EACH(test_cli_items__what_is_taken_away_is_told),
		EACH(test_cli_items__a_sku_or_binding_given_twice_is_refused),
		EACH(test_cli_items__bad_cells_are_all_named_with_their_line),
		EACH(test_cli_items__an_authority_that_records_no_sales_is_refused),
		EACH(test_cli_items__mistakes_come_in_the_order_of_their_lines),
		EACH(test_cli_items__what_is_misspelt_is_named_with_the_nearest),
		EACH(test_cli_items__skipping_leaves_out_the_wrong_lines_only),
		EACH(test_cli_items__a_bad_header_or_quote_is_not_skipped),
		EACH(test_cli_items__an_id_that_another_item_has_is_refused),
		EACH(test_cli_items__broken_quoting_is_refused_with_its_line),
		EACH(test_cli_items__a_sku_with_a_line_end_inside_is_refused),
		EACH(test_cli_items__export_writes_what_import_reads),
		EACH(test_cli_items__an_authority_where_an_item_is_not_bound_is_a_warning),
		EACH(test_cli_items__an_authority_that_waits_is_exported),
		EACH(test_cli_items__the_list_names_an_authority_that_is_gone),
		EACH(test_cli_items__the_list_is_json_for_programs),
		EACH(test_cli_items__what_a_file_says_moves_no_cursor),
		EACH(test_cli_items__whatever_is_exported_is_imported_as_it_was),
		EACH(test_cli_items__an_import_tells_programs),
		EACH(test_cli_items__an_unknown_word_is_a_mistake_in_use),
	};

	return cmocka_run_group_tests(tests, store_world_setup,
	                              store_world_teardown);
}
