/* Lines of an item's timeline: their text, as stored and as read. */
#include "gateway/model/timeline.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	enum timeline_kind kind;
	const char *name;
} kinds[] = {
	{ TIMELINE_HOOK, "hook" },       { TIMELINE_READ, "read" },
	{ TIMELINE_FOUND, "found" },     { TIMELINE_SALE, "sale" },
	{ TIMELINE_ENTRY, "entry" },     { TIMELINE_EQUAL, "equal" },
	{ TIMELINE_WRITTEN, "written" }, { TIMELINE_DRIFT, "drift" },
	{ TIMELINE_LEFT, "left" },
};

const char *
timeline_kind_name(enum timeline_kind kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (kinds[i].kind == kind)
			return kinds[i].name;
	return "?";
}

/* Bytes of text that fit, without half a character at the end. */
static size_t
cut(const char *text, size_t max)
{
	size_t n = strlen(text);

	if (n <= max)
		return n;
	n = max;
	while (n && ((unsigned char)text[n] & 0xC0) == 0x80)
		n--;
	return n;
}

static void
copy(char *to, const char *text, size_t max)
{
	size_t n = cut(text, max);

	memcpy(to, text, n);
	to[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)to[i] < ' ')
			to[i] = ' ';
}

void
timeline_line_set(struct timeline_line *out, int64_t at_ms,
                  enum timeline_kind kind, const char *account,
                  const char *text)
{
	*out = (struct timeline_line){
		.at_ms = at_ms, .last_ms = at_ms, .n = 1, .kind = kind
	};
	copy(out->account, account, sizeof(out->account) - 1);
	copy(out->text, text, TIMELINE_TEXT_MAX);
}

bool
timeline_line_is_same(const struct timeline_line *a,
                      const struct timeline_line *b)
{
	return a->kind == b->kind && !strcmp(a->account, b->account) &&
	       !strcmp(a->text, b->text);
}

void
timeline_line_format(struct buf *out, const struct timeline_line *line)
{
	buf_addf(out, "%lld", (long long)line->at_ms);
	if (line->n > 1)
		buf_addf(out, "+%lld*%lld",
		         (long long)(line->last_ms - line->at_ms),
		         (long long)line->n);
	buf_addf(out, " %c %s %s", (char)line->kind, line->account, line->text);
}

static bool
is_kind(char c)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if ((char)kinds[i].kind == c)
			return true;
	return false;
}

int
timeline_line_parse(struct timeline_line *out, const char *text)
{
	struct timeline_line line = { .n = 1 };
	const char *blank;
	char *end;

	line.at_ms = strtoll(text, &end, 10);
	if (end == text)
		return TIMELINE_MALFORMED;
	line.last_ms = line.at_ms;
	if (*end == '+') {
		line.last_ms += strtoll(end + 1, &end, 10);
		if (*end != '*')
			return TIMELINE_MALFORMED;
		line.n = strtoll(end + 1, &end, 10);
	}
	if (line.n < 1 || end[0] != ' ' || !is_kind(end[1]) || end[2] != ' ')
		return TIMELINE_MALFORMED;
	line.kind = (enum timeline_kind)end[1];
	blank = strchr(end + 3, ' ');
	if (!blank || (size_t)(blank - end - 3) >= sizeof(line.account))
		return TIMELINE_MALFORMED;
	memcpy(line.account, end + 3, (size_t)(blank - end - 3));
	copy(line.text, blank + 1, TIMELINE_TEXT_MAX);
	*out = line;
	return 0;
}

/* Few, and nearly in order: each moves up past those that came later. */
void
timeline_sort(struct timeline_line *lines, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct timeline_line line = lines[i];
		size_t at = i;

		for (; at && lines[at - 1].at_ms > line.at_ms; at--)
			lines[at] = lines[at - 1];
		lines[at] = line;
	}
}
