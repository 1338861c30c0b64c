/*
 * Tables for people: each column as wide as what is in it, text only.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/cli/progress.h"
#include "gateway/cli/table.h"
#include "tests/support/cli_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct table_column columns[] = {
	{ "account", false, false },
	{ "marks", true, false },
	{ "why", false, false },
};

static char out[CLI_WORLD_TEXT];

/* What goes to stdout meanwhile, as a file has it. */
static void
print(const struct table *t)
{
	FILE *f = tmpfile();
	int kept = dup(STDOUT_FILENO);
	size_t n;

	assert_non_null(f);
	assert_true(kept >= 0);
	(void)fflush(stdout);
	assert_true(dup2(fileno(f), STDOUT_FILENO) >= 0);
	assert_int_equal(table_print(t), 0);
	(void)fflush(stdout);
	assert_true(dup2(kept, STDOUT_FILENO) >= 0);
	(void)close(kept);
	rewind(f);
	n = fread(out, 1, sizeof(out) - 1, f);
	out[n] = '\0';
	(void)fclose(f);
}

static void
add(struct table *t, const char *account, int marks, const char *why)
{
	table_add(t, PAINT_GOOD, "%s", account);
	table_add(t, PAINT_PLAIN, "%d", marks);
	table_add(t, PAINT_PLAIN, "%s", why);
}

static void
test_table__columns_are_as_wide_as_what_is_in_them(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, columns, 3, 0);
	add(&t, "erp", 0, "");
	add(&t, "a-till-with-a-long-name", 1234567, "no answer");
	table_note(&t, "%s", "12 calls of this month used");
	table_note(&t, "%s", "");
	add(&t, "ταμείο", 7, "");
	print(&t);
	assert_string_equal(out, "account                    marks  why\n"
	                         "erp                            0\n"
	                         "a-till-with-a-long-name  1234567  no answer\n"
	                         "    12 calls of this month used\n"
	                         "ταμείο                         7\n");
	table_fini(&t);
}

static void
test_table__without_a_row_nothing_is_printed(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, columns, 3, 0);
	print(&t);
	assert_string_equal(out, "");
	table_fini(&t);
}

static void
test_table__cells_move_no_cursor_and_break_no_line(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, columns, 3, 2);
	add(&t, CLI_WORLD_HOSTILE, 1, CLI_WORLD_HOSTILE);
	table_note(&t, "%s", CLI_WORLD_HOSTILE);
	print(&t);
	cli_world_assert_tame(out);
	assert_non_null(strstr(out, "\n  " CLI_WORLD_TAMED "      1  "));
	table_fini(&t);
}

static void
test_table__a_name_is_cut_at_a_whole_character(void **state)
{
	static const struct table_column names[] = { { "name", false, true } };
	char name[2000] = "";
	struct table t;

	(void)state;
	for (size_t i = 0; i + 3 < sizeof(name); i += 2)
		memcpy(name + i, "α", 3);
	table_init(&t, names, 1, 0);
	table_add(&t, PAINT_PLAIN, "%s", name);
	table_add(&t, PAINT_PLAIN, "%.*s", TABLE_NAME_MAX * 2, name);
	print(&t);
	assert_non_null(strstr(out, "α…\n"));
	assert_int_equal(strcspn(out + 5, "\n"),
	                 (TABLE_NAME_MAX - 1) * 2 + strlen("…"));
	/* One that just fits is whole. */
	assert_int_equal(strlen(strchr(out + 5, '\n') + 1),
	                 TABLE_NAME_MAX * 2 + 1);
	table_fini(&t);
}

static void
test_paint__width_is_what_a_terminal_shows(void **state)
{
	(void)state;
	assert_int_equal(paint_width(""), 0);
	assert_int_equal(paint_width("tea"), 3);
	assert_int_equal(paint_width("τσάι"), 4);
	assert_int_equal(paint_width("e\xcc\x81"),
	                 1); /* an accent of its own */
	assert_int_equal(paint_width("茶葉"), 4);
	assert_int_equal(paint_width("\xf0\x9f\x8d\xb5"), 2); /* a cup */
	assert_int_equal(paint_width("\xff\xce"), 2); /* no characters */
}

/* No terminal is there, so there is neither a colour nor a bar. */
static void
test_paint__what_is_piped_is_text(void **state)
{
	FILE *f = tmpfile();
	struct progress p;

	(void)state;
	assert_non_null(f);
	(void)setenv("TERM", "xterm", 1);
	(void)unsetenv("NO_COLOR");
	assert_false(paint_is_drawable(f));
	assert_string_equal(paint_begin(f, PAINT_BAD), "");
	assert_string_equal(paint_end(f, PAINT_BAD), "");
	assert_int_equal(paint_columns(f), 80);
	(void)fclose(f);
	progress_begin(&p, true);
	assert_false(p.is_on);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_table__columns_are_as_wide_as_what_is_in_them),
		cmocka_unit_test(test_table__without_a_row_nothing_is_printed),
		cmocka_unit_test(
			test_table__cells_move_no_cursor_and_break_no_line),
		cmocka_unit_test(
			test_table__a_name_is_cut_at_a_whole_character),
		cmocka_unit_test(test_paint__width_is_what_a_terminal_shows),
		cmocka_unit_test(test_paint__what_is_piped_is_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
