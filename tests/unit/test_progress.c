/*
 * The line that says how far a command is, as a person sees it: drawn on a
 * terminal of ours, whose screen is worked out from what was written to it.
 */
#define _XOPEN_SOURCE 700 /* pseudo-terminals */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/cli/progress.h"
#include "tests/support/fake_clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { SCREEN = 512, LATER_MS = 500 };

static int master = -1;     /* who looks at the terminal */
static int kept = -1;       /* the stderr that was */
static char screen[SCREEN]; /* its last line, without blanks at the end */
static size_t column;
static size_t widest; /* column that anything stood in */
static size_t n_read; /* bytes that ever came */

/* Make this standard error; nothing may be asserted until give_back(). */
static void
take_stderr(int fd)
{
	(void)fflush(stderr);
	kept = dup(STDERR_FILENO);
	(void)dup2(fd, STDERR_FILENO);
	(void)close(fd);
}

static void
give_back(void)
{
	if (kept >= 0)
		(void)dup2(kept, STDERR_FILENO);
	if (kept >= 0)
		(void)close(kept);
	kept = -1;
}

static void
open_terminal(unsigned short columns)
{
	const struct winsize size = { .ws_col = columns, .ws_row = 24 };
	int slave;

	master = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
	assert_int_equal(fcntl(master, F_SETFL, O_NONBLOCK), 0);
	take_stderr(slave);
}

static void
put(char c)
{
	size_t n = strlen(screen);

	while (n < column && n + 1 < sizeof(screen))
		screen[n++] = ' ';
	if (column + 1 < sizeof(screen))
		screen[column++] = c;
	if (column > widest)
		widest = column;
}

/* What came meanwhile, as a terminal takes it. */
static const char *
look(void)
{
	char text[SCREEN];
	ssize_t n = read(master, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	n_read += n > 0 ? (size_t)n : 0;
	for (const char *p = text; *p; p++) {
		if (*p == '\r')
			column = 0;
		else if (!strncmp(p, "\033[K", 3))
			memset(screen + column, 0, sizeof(screen) - column);
		else
			put(*p);
		p += !strncmp(p, "\033[K", 3) ? 2 : 0;
	}
	return screen;
}

static int
begin(void **state)
{
	(void)state;
	fake_clock_start(0, 1000);
	(void)setenv("TERM", "xterm", 1);
	memset(screen, 0, sizeof(screen));
	column = 0;
	widest = 0;
	n_read = 0;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	give_back();
	if (master >= 0)
		(void)close(master);
	master = -1;
	fake_clock_stop();
	return 0;
}

static void
show_later(struct progress *p, size_t done, size_t total)
{
	fake_clock_advance(LATER_MS);
	progress_show(p, "checking", done, total);
}

/* ---- the tests ---- */

static void
test_progress__a_bar_fills_and_is_wiped_at_the_end(void **state)
{
	struct progress p;

	(void)state;
	open_terminal(80);
	progress_begin(&p, false);
	show_later(&p, 0, 1000);
	assert_string_equal(look(),
	                    "checking  [>                       ]   0%");
	show_later(&p, 500, 1000);
	assert_string_equal(look(),
	                    "checking  [============>           ]  50%");
	show_later(&p, 1000, 1000);
	assert_string_equal(look(),
	                    "checking  [========================] 100%");
	progress_end(&p);
	assert_string_equal(look(), "");
	assert_int_equal(column, 0);
	show_later(&p, 1, 2);
	assert_string_equal(look(), "");
}

static void
test_progress__what_nobody_can_tell_the_end_of_is_counted(void **state)
{
	struct progress p;

	(void)state;
	open_terminal(80);
	progress_begin(&p, false);
	show_later(&p, 41, 0);
	assert_string_equal(look(), "checking  41");
	progress_end(&p);
	assert_string_equal(look(), "");
}

static void
test_progress__what_is_done_at_once_draws_nothing(void **state)
{
	struct progress p;

	(void)state;
	open_terminal(80);
	progress_begin(&p, false);
	fake_clock_advance(300);
	progress_show(&p, "checking", 1, 2);
	progress_end(&p);
	(void)look();
	assert_int_equal(n_read, 0);
}

static void
test_progress__is_drawn_five_times_a_second_at_most(void **state)
{
	struct progress p;
	size_t n;

	(void)state;
	open_terminal(80);
	progress_begin(&p, false);
	show_later(&p, 1, 1000);
	(void)look();
	n = n_read;
	fake_clock_advance(150);
	progress_show(&p, "checking", 400, 1000);
	(void)look();
	assert_int_equal(n_read, n);
	fake_clock_advance(100);
	progress_show(&p, "checking", 500, 1000);
	(void)look();
	assert_true(n_read > n);
	progress_end(&p);
}

/* A line that wraps is not wiped whole. */
static void
test_progress__keeps_to_one_line_of_a_narrow_terminal(void **state)
{
	struct progress p;

	(void)state;
	open_terminal(30);
	progress_begin(&p, false);
	show_later(&p, 500, 1000);
	assert_string_equal(look(), "checking  [======>     ]  50%");
	progress_end(&p);
	(void)look();
	give_back();
	(void)close(master);
	for (unsigned short columns = 2; columns < 60; columns++) {
		widest = 0;
		open_terminal(columns);
		progress_begin(&p, false);
		show_later(&p, 1000, 1000);
		(void)look();
		progress_end(&p);
		assert_string_equal(look(), "");
		give_back();
		(void)close(master);
		assert_in_range(widest, 0, columns - 1);
	}
	master = -1;
}

static void
test_progress__only_a_terminal_is_drawn_on(void **state)
{
	static const struct {
		const char *term;
		bool is_quiet;
	} cases[] = { { "xterm", true }, { "dumb", false }, { "", false } };
	struct progress p;
	int ends[2];

	(void)state;
	open_terminal(80);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		(void)setenv("TERM", cases[i].term, 1);
		progress_begin(&p, cases[i].is_quiet);
		show_later(&p, 1, 2);
		progress_end(&p);
	}
	(void)look();
	give_back();
	(void)close(master);
	(void)setenv("TERM", "xterm", 1);
	assert_int_equal(pipe(ends), 0);
	master = ends[0];
	assert_int_equal(fcntl(master, F_SETFL, O_NONBLOCK), 0);
	take_stderr(ends[1]);
	progress_begin(&p, false);
	show_later(&p, 1, 2);
	progress_end(&p);
	(void)look();
	assert_int_equal(n_read, 0);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_progress__a_bar_fills_and_is_wiped_at_the_end),
		EACH(test_progress__what_nobody_can_tell_the_end_of_is_counted),
		EACH(test_progress__what_is_done_at_once_draws_nothing),
		EACH(test_progress__is_drawn_five_times_a_second_at_most),
		EACH(test_progress__keeps_to_one_line_of_a_narrow_terminal),
		EACH(test_progress__only_a_terminal_is_drawn_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
