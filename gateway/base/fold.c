/*
 * Text without the difference between capitals and small letters.
 *
 * Source   Unicode's CaseFolding.txt, simple foldings (C and S) of the blocks
 *          Basic Latin, Latin-1, Latin Extended-A, Greek. Left out are three
 *          that would change a text's length or belong to Turkish alone:
 *          U+0130, U+017F, U+0149.
 */
#include "gateway/base/fold.h"

#include <stdbool.h>

static bool
is_between(unsigned c, unsigned first, unsigned last)
{
	return c >= first && c <= last;
}

/* Latin-1 in one stride; Extended-A in pairs, capital first. */
static unsigned
fold_latin(unsigned c)
{
	if (is_between(c, 0xc0, 0xde) && c != 0xd7)
		return c + 0x20;
	if (is_between(c, 0x100, 0x12f) || is_between(c, 0x132, 0x137) ||
	    is_between(c, 0x14a, 0x177))
		return c | 1;
	if (is_between(c, 0x139, 0x148) || is_between(c, 0x179, 0x17e))
		return c + c % 2;
	return c == 0x178 ? 0xff : c;
}

static unsigned
fold_greek(unsigned c)
{
	if (c == 0x386)
		return 0x3ac;
	if (is_between(c, 0x388, 0x38a))
		return c + 0x25;
	if (c == 0x38c)
		return 0x3cc;
	if (c == 0x38e || c == 0x38f)
		return c + 0x3f;
	if (is_between(c, 0x391, 0x3ab) && c != 0x3a2)
		return c + 0x20;
	return c == 0x3c2 ? 0x3c3 : c;
}

/* A character of two bytes, which stays one of two bytes. */
static void
add_pair(struct buf *out, const char *p)
{
	unsigned c = (((unsigned char)p[0] & 0x1fu) << 6) |
	             ((unsigned char)p[1] & 0x3fu);

	c = c < 0x180 ? fold_latin(c) : fold_greek(c);
	buf_addc(out, (char)(0xc0 | (c >> 6)));
	buf_addc(out, (char)(0x80 | (c & 0x3f)));
}

void
fold_add(struct buf *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (is_between(c, 'A', 'Z')) {
			buf_addc(out, (char)(c - 'A' + 'a'));
		} else if (is_between(c, 0xc3, 0xdf) &&
		           ((unsigned char)text[1] & 0xc0) == 0x80) {
			add_pair(out, text);
			text++;
		} else {
			buf_addc(out, *text);
		}
	}
}
