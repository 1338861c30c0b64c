/*
 * Strict reading of what a shop sends.
 *
 * The first mistake counts; after it everything else is a no-op, so callers
 * read on and ask once at the end.
 */
#include "gateway/model/fields.h"

#include "gateway/base/buf.h"
#include "gateway/base/err.h"
#include "gateway/base/words.h"
#include "gateway/model/item.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copy for people: no control characters, no half character at the end. */
static void
say(char *out, size_t size, const char *text)
{
	size_t n = strlen(text);

	if (n >= size) {
		n = size - 1;
		while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f
		                 ? '?'
		                 : text[i];
	out[n] = '\0';
}

void
fields_refuse(struct fields *f, const char *path, const char *format, ...)
{
	char why[2 * sizeof(f->problem->why)];
	va_list args;

	if (f->r)
		return;
	f->r = ORDER_INVALID;
	va_start(args, format);
	if (vsnprintf(why, sizeof(why), format, args) < 0)
		why[0] = '\0';
	va_end(args);
	say(f->problem->field, sizeof(f->problem->field), path);
	say(f->problem->why, sizeof(f->problem->why), why);
}

void
fields_no_memory(struct fields *f)
{
	if (!f->r)
		f->r = err_raise(ERR_NOMEM, "order");
}

/* ---- unknown members ---- */

/* The known name that a misspelt one is close to; NULL: none. */
static const char *
nearest(const struct field *table, const char *name)
{
	const char *near = NULL;
	size_t least = strlen(name) / 2 + 1; /* half of it may be wrong */

	if (strlen(name) > WORDS_NEAR_MAX)
		return NULL;
	for (; table->name; table++) {
		size_t d = words_distance(name, strlen(name), table->name,
		                          strlen(table->name));

		if (d < least) {
			least = d;
			near = table->name;
		}
	}
	return near;
}

struct visit {
	struct fields *f;
	const char *prefix;
	const struct field *table;
};

static bool
visit_member(void *ctx, const char *key, const struct json_node *value)
{
	const struct visit *visit = ctx;
	const struct field *row = visit->table;
	const char *near;
	char *path;

	(void)value;
	while (row->name && strcmp(row->name, key) != 0)
		row++;
	if (row->name)
		return true;
	near = nearest(visit->table, key);
	path = text_format("%s%s", visit->prefix, key);
	fields_refuse(visit->f, path ? path : key,
	              near ? "unknown member (did you mean \"%s\"?)"
	                   : "unknown member%s",
	              near ? near : "");
	free(path);
	return false;
}

/* ---- values ---- */

static size_t
count_characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* Lines and tabs stand in comments; nothing else below a blank does. */
static bool
has_control(const char *text, bool may_break)
{
	for (; *text; text++) {
		if (may_break && strchr("\t\n\r", *text))
			continue;
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	}
	return false;
}

static char *
keep(struct fields *f, const char *text)
{
	char *copy = f->r ? NULL : text_dup(text);

	if (!copy)
		fields_no_memory(f);
	return copy;
}

char *
fields_text(struct fields *f, const char *path, const struct json_node *node)
{
	const char *text = json_text(node);

	if (!node || (text && text[strspn(text, " \t\r\n")] == '\0'))
		return NULL;
	if (!text)
		fields_refuse(f, path, "must be text");
	else if (strlen(text) > FIELDS_TEXT_MAX)
		fields_refuse(f, path, "is longer than %d bytes",
		              FIELDS_TEXT_MAX);
	else if (has_control(text, true))
		fields_refuse(f, path, "has a control character");
	return keep(f, text ? text : "");
}

/* A key becomes part of ids, so it has one form: no blanks around it. */
static char *
read_key(struct fields *f, const char *path, const struct json_node *node,
         size_t max)
{
	const char *text = json_text(node);
	size_t n;

	if (!node || (text && !text[0]))
		return NULL;
	if (json_type(node) == JSON_NUMBER) {
		text = json_number_text(node);
		if (text[strspn(text, "0123456789")])
			text = NULL;
	}
	n = text ? strlen(text) : 0;
	if (!text)
		fields_refuse(f, path, "must be text or a whole number");
	else if (count_characters(text) > max || n > ITEM_SKU_MAX)
		fields_refuse(f, path, "is longer than %zu characters", max);
	else if (has_control(text, false))
		fields_refuse(f, path, "has a control character");
	else if (text[0] == ' ' || text[n - 1] == ' ')
		fields_refuse(f, path, "begins or ends with a blank");
	return keep(f, text ? text : "");
}

static bool
read_bool(struct fields *f, const char *path, const struct json_node *parent,
          const char *name)
{
	bool yes = false;

	if (json_get_bool(&yes, parent, name) == JSON_WRONG_TYPE)
		fields_refuse(f, path, "must be true or false");
	return yes;
}

struct decimal
fields_decimal(struct fields *f, const char *path, const struct json_node *node)
{
	struct decimal d = DECIMAL_ZERO;
	const char *text = json_text(node);

	if (!text)
		text = json_number_text(node);
	if (!text || decimal_parse(&d, text))
		fields_refuse(f, path,
		              "must be a number of at most nine decimals");
	return d;
}

size_t
fields_count(struct fields *f, const char *path, const struct json_node *array,
             size_t max)
{
	size_t n = json_length(array);

	if (array && json_type(array) != JSON_ARRAY)
		fields_refuse(f, path, "must be an array");
	else if (n > max)
		fields_refuse(f, path, "has more than %zu elements", max);
	return f->r ? 0 : n;
}

static void
read_field(struct fields *f, const char *path, void *into,
           const struct json_node *from, const struct field *row)
{
	void *at = (char *)into + row->offset;
	const struct json_node *node = json_find(from, row->name);
	char **text = at;

	switch (row->kind) {
	case FIELD_TEXT: *text = fields_text(f, path, node); return;
	case FIELD_KEY: *text = read_key(f, path, node, FIELDS_KEY_MAX); return;
	case FIELD_SKU: *text = read_key(f, path, node, ITEM_SKU_MAX); return;
	case FIELD_BOOL:
		*(bool *)at = read_bool(f, path, from, row->name);
		return;
	case FIELD_DECIMAL:
		if (node)
			*(struct decimal *)at = fields_decimal(f, path, node);
		return;
	case FIELD_OTHER: return;
	}
}

void
fields_read(struct fields *f, const char *prefix, void *into,
            const struct json_node *from, const struct field *table)
{
	struct visit visit = { f, prefix, table };
	size_t n = strlen(prefix);
	char path[120];

	if (json_type(from) != JSON_OBJECT) {
		(void)snprintf(path, sizeof(path), "%.*s", (int)(n ? n - 1 : 0),
		               prefix);
		fields_refuse(f, path, "must be an object");
		return;
	}
	json_each(from, visit_member, &visit);
	for (; table->name && !f->r; table++) {
		(void)snprintf(path, sizeof(path), "%s%s", prefix, table->name);
		read_field(f, path, into, from, table);
	}
}

static bool
is_text(const struct field *row)
{
	return row->kind == FIELD_TEXT || row->kind == FIELD_KEY ||
	       row->kind == FIELD_SKU;
}

bool
fields_any(const void *of, const struct field *table)
{
	for (; table->name; table++) {
		const void *at = (const char *)of + table->offset;

		if (is_text(table) && *(char *const *)at)
			return true;
	}
	return false;
}

void
fields_free(void *of, const struct field *table)
{
	for (; table->name; table++) {
		char **text = (void *)((char *)of + table->offset);

		if (is_text(table))
			free(*text);
	}
}
