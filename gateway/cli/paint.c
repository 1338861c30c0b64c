/* Where colours and redrawn lines are in place, and how wide text is. */
#include "gateway/cli/paint.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS = 80 };

bool
paint_is_drawable(FILE *to)
{
	const char *term = getenv("TERM");

	return term && *term && strcmp(term, "dumb") != 0 && isatty(fileno(to));
}

int
paint_columns(FILE *to)
{
	struct winsize size;

	if (ioctl(fileno(to), TIOCGWINSZ, &size) || !size.ws_col)
		return COLUMNS;
	return size.ws_col;
}

/* no-color.org: any value that is not empty forbids it. */
static bool
is_coloured(FILE *to)
{
	const char *no = getenv("NO_COLOR");

	return !(no && *no) && paint_is_drawable(to);
}

const char *
paint_begin(FILE *to, enum paint paint)
{
	static const char *const codes[] = {
		[PAINT_PLAIN] = "",         [PAINT_HEAD] = "\033[1m",
		[PAINT_GOOD] = "\033[32m",  [PAINT_WARN] = "\033[33m",
		[PAINT_BAD] = "\033[1;31m",
	};

	return is_coloured(to) ? codes[paint] : "";
}

const char *
paint_end(FILE *to, enum paint paint)
{
	return paint != PAINT_PLAIN && is_coloured(to) ? "\033[0m" : "";
}

enum paint
paint_of_state(const char *state)
{
	if (!strcmp(state, "ok"))
		return PAINT_GOOD;
	if (!strcmp(state, "locked") || !strcmp(state, "refused"))
		return PAINT_BAD;
	return *state && strcmp(state, "-") != 0 && strcmp(state, "paused") != 0
	               ? PAINT_WARN
	               : PAINT_PLAIN;
}

/* ---- how wide ---- */

/* A byte that is no UTF-8 is a character of its own. */
static unsigned
decode(const char **text)
{
	const unsigned char *p = (const unsigned char *)*text;
	size_t n = *p < 0xc2 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	unsigned c = n == 1 ? *p : *p & (0x7fU >> n);

	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80) {
			n = 1;
			c = *p;
			break;
		}
		c = c << 6 | (p[i] & 0x3fU);
	}
	*text += n;
	return c;
}

struct range {
	unsigned first;
	unsigned last;
};

static bool
is_in(const struct range *ranges, size_t n, unsigned c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

int
paint_width(const char *text)
{
	static const struct range combining[] = {
		{ 0x300, 0x36f },   { 0x483, 0x489 },   { 0x591, 0x5bd },
		{ 0x64b, 0x65f },   { 0xe31, 0xe31 },   { 0xe34, 0xe3a },
		{ 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x200b, 0x200f },
		{ 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },
	};
	static const struct range wide[] = {
		{ 0x1100, 0x115f },   { 0x2e80, 0xa4cf },
		{ 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },
		{ 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },
		{ 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f },
		{ 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
	};
	int n = 0;

	while (*text) {
		unsigned c = decode(&text);

		if (is_in(wide, sizeof(wide) / sizeof(*wide), c))
			n += 2;
		else if (!is_in(combining,
		                sizeof(combining) / sizeof(*combining), c))
			n++;
	}
	return n;
}
