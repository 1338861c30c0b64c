/*
 * The words of mistakes and warnings.
 *
 * Every no says what was expected and what was found; of a secret only what
 * type of thing was found, never the thing.
 */
#include "gateway/model/conf_parts.h"

#include "gateway/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool
conf_is_secret(const struct conf_row *row)
{
	return row->kind == CONF_SECRET || row->kind == CONF_SECRETS;
}

/* A line begins: `accounts[1].hook.secret: `. */
static void
add_path(struct buf *out, const struct conf_reader *reader, const char *key,
         int index)
{
	buf_adds(out, reader->where);
	buf_adds(out, key);
	if (index >= 0)
		buf_addf(out, "[%d]", index);
	buf_adds(out, ": ");
}

static void add_line(struct buf *out, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static void
add_line(struct buf *out, const char *format, va_list args)
{
	char *line;
	va_list again;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	line = n < 0 ? NULL : malloc((size_t)n + 2);
	if (!line) {
		out->is_broken = true;
		return;
	}
	(void)vsnprintf(line, (size_t)n + 1, format, args);
	line[n] = '\n';
	buf_add(out, line, (size_t)n + 1);
	free(line);
}

void
conf_complain(const struct conf_reader *reader, const char *key, int index,
              const char *format, ...)
{
	va_list args;

	add_path(reader->mistakes, reader, key, index);
	va_start(args, format);
	add_line(reader->mistakes, format, args);
	va_end(args);
}

void
conf_warn(const struct conf_reader *reader, const char *key, int index,
          const char *format, ...)
{
	va_list args;

	add_path(reader->warnings, reader, key, index);
	va_start(args, format);
	add_line(reader->warnings, format, args);
	va_end(args);
}

static void
add_choices(struct buf *out, const char *choices)
{
	for (; *choices; choices++) {
		if (*choices == '|')
			buf_adds(out, ", ");
		else
			buf_addc(out, *choices);
	}
}

void
conf_value_expected(struct buf *out, const struct conf_row *row)
{
	switch (row->kind) {
	case CONF_TEXT:
		buf_adds(out,
		         row->flags & CONF_ZONE
		                 ? "an IANA time zone such as Europe/Athens"
		                 : "text");
		break;
	case CONF_INT:
		buf_addf(out, "a whole number from %lld to %lld",
		         (long long)row->min, (long long)row->max);
		break;
	case CONF_BOOL: buf_adds(out, "true or false"); break;
	case CONF_DECIMAL: buf_adds(out, "a number of at least 0"); break;
	case CONF_SECRET: buf_adds(out, "env:NAME or file:PATH"); break;
	case CONF_SECRETS:
		buf_adds(out, "env:NAME or file:PATH, or a list of one or two");
		break;
	case CONF_TEXTS:
		buf_adds(out, "a list of texts");
		if (row->choices) {
			buf_adds(out, " out of ");
			add_choices(out, row->choices);
		}
		break;
	case CONF_MAP: buf_adds(out, "an object of texts"); break;
	case CONF_CRON:
		buf_adds(out, "minute hour day month weekday, "
		              "such as \"*/5 * * * *\"");
		break;
	case CONF_URL: buf_adds(out, "https://host[:port][/path]"); break;
	case CONF_CHOICE:
		buf_adds(out, "one of ");
		add_choices(out, row->choices);
		break;
	case CONF_PATH: buf_adds(out, "the path of a file or folder"); break;
	case CONF_LIST: buf_adds(out, "a list of objects"); break;
	}
}

static void
add_found(struct buf *out, const struct json_node *node, bool may_show)
{
	switch (json_type(node)) {
	case JSON_NULL: buf_adds(out, "null"); break;
	case JSON_ARRAY: buf_adds(out, "a list"); break;
	case JSON_OBJECT: buf_adds(out, "an object"); break;
	case JSON_BOOL:
	case JSON_NUMBER:
		if (may_show)
			json_print(out, node);
		else
			buf_adds(out, "something else");
		break;
	case JSON_TEXT:
		/* without text it is text with a NUL in it */
		buf_adds(out, may_show && json_text(node)
		                      ? log_quote(json_text(node))
		                      : "a text");
		break;
	}
}

void
conf_refuse(const struct conf_reader *reader, const struct conf_row *row,
            int index, const char *what, const struct json_node *node)
{
	struct buf words = BUF_INIT;

	buf_adds(&words, what);
	buf_adds(&words, ": expected ");
	conf_value_expected(&words, row);
	buf_adds(&words, ", found ");
	add_found(&words, node, !conf_is_secret(row));
	conf_complain(reader, row->key, index, "%s", buf_text(&words));
	reader->mistakes->is_broken |= words.is_broken;
	buf_fini(&words);
}
