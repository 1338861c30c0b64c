/*
 * An object against its rows: what is there, what is unknown, what is missing.
 *
 * Rows have dotted keys; objects nest. A member is a row, or the beginning of
 * rows, or a mistake that names the nearest key.
 */
#include "gateway/model/conf_parts.h"

#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/base/words.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t
count_rows(const struct conf_row *rows)
{
	size_t n = 0;

	while (rows && rows[n].key)
		n++;
	return n;
}

int
conf_section_new(struct conf_section **out, const struct conf_row *a,
                 const struct conf_row *b, const struct conf_row *c)
{
	const struct conf_row *lists[] = { a, b, c };
	struct conf_section *s = calloc(1, sizeof(*s));
	size_t n = count_rows(a) + count_rows(b) + count_rows(c);

	if (s)
		s->values = calloc(n ? n : 1, sizeof(*s->values));
	if (!s || !s->values) {
		free(s);
		return err_raise(ERR_NOMEM, "section of the configuration");
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (size_t k = 0; k < count_rows(lists[i]); k++) {
			assert(strlen(lists[i][k].key) < CONF_KEY_SIZE);
			s->values[s->n_values++].row = &lists[i][k];
		}
	*out = s;
	return 0;
}

struct conf_value *
conf_section_find(const struct conf_section *s, const char *key)
{
	for (size_t i = 0; i < s->n_values; i++)
		if (strcmp(s->values[i].row->key, key) == 0)
			return &s->values[i];
	return NULL;
}

/* One object of the file: where it is in dotted keys, "" or "hook.". */
struct level {
	struct conf_reader *reader;
	const char *prefix;
};

/* The row's key below this level; NULL when it is elsewhere. */
static const char *
below(const struct level *level, const struct conf_row *row)
{
	size_t n = strlen(level->prefix);

	return strncmp(row->key, level->prefix, n) == 0 ? row->key + n : NULL;
}

/* Write the nearest key of this level; false when none is near. */
static bool
find_near(char out[CONF_KEY_SIZE], const struct level *level, const char *key)
{
	const struct conf_section *s = level->reader->section;
	size_t n_key = strlen(key);
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < s->n_values; i++) {
		const char *word = below(level, s->values[i].row);
		size_t n = word ? strcspn(word, ".") : 0;
		size_t d =
			word ? words_distance(key, n_key, word, n) : SIZE_MAX;

		if (d >= least || d * 2 > (n > n_key ? n : n_key))
			continue;
		least = d;
		(void)snprintf(out, CONF_KEY_SIZE, "%.*s", (int)n, word);
	}
	return least != SIZE_MAX;
}

/* The same word at another level: `certificate` for `public.certificate`. */
static const char *
find_elsewhere(const struct conf_section *s, const char *key)
{
	for (size_t i = 0; i < s->n_values; i++) {
		const char *full = s->values[i].row->key;
		const char *last = strrchr(full, '.');

		if (strcmp(last ? last + 1 : full, key) == 0)
			return full;
	}
	return NULL;
}

/* All words of this level, each once: they stand in groups. */
static void
add_known(struct buf *out, const struct level *level)
{
	const struct conf_section *s = level->reader->section;
	const char *before = "";
	size_t n_before = 0;

	for (size_t i = 0; i < s->n_values; i++) {
		const char *word = below(level, s->values[i].row);
		size_t n = word ? strcspn(word, ".") : 0;

		if (!word || (n == n_before && strncmp(word, before, n) == 0))
			continue;
		if (n_before)
			buf_adds(out, ", ");
		buf_add(out, word, n);
		before = word;
		n_before = n;
	}
}

/* A stranger's key as it may stand in a message. */
static void
show_key(char out[CONF_KEY_SIZE], const char *prefix, const char *key)
{
	(void)snprintf(out, CONF_KEY_SIZE, "%s%s", prefix, key);
	for (char *c = out; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
}

static void
complain_unknown(const struct level *level, const char *key)
{
	char shown[CONF_KEY_SIZE];
	char near[CONF_KEY_SIZE];
	struct buf known = BUF_INIT;
	const char *full;

	show_key(shown, level->prefix, key);
	if (find_near(near, level, key)) {
		conf_complain(level->reader, shown, -1,
		              "unknown key (did you mean \"%s\"?)", near);
		return;
	}
	full = find_elsewhere(level->reader->section, key);
	if (full) {
		conf_complain(level->reader, shown, -1,
		              "unknown key (did you mean \"%s\"?)", full);
		return;
	}
	add_known(&known, level);
	conf_complain(level->reader, shown, -1, "unknown key (known are: %s)",
	              buf_text(&known));
	buf_fini(&known);
}

static bool
is_group(const struct conf_section *s, const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < s->n_values; i++)
		if (strncmp(s->values[i].row->key, key, n) == 0 &&
		    s->values[i].row->key[n] == '.')
			return true;
	return false;
}

static void read_level(const struct level *level, const struct json_node *o);

static void
read_group(struct conf_reader *reader, const char *key,
           const struct json_node *node)
{
	char prefix[CONF_KEY_SIZE + 1];
	struct level inner = { reader, prefix };

	if (json_type(node) == JSON_NULL)
		return;
	if (json_type(node) != JSON_OBJECT) {
		conf_complain(reader, key, -1,
		              "not an object: expected { … } with keys of its "
		              "own");
		return;
	}
	(void)snprintf(prefix, sizeof(prefix), "%s.", key);
	read_level(&inner, node);
}

static bool
visit_member(void *ctx, const char *key, const struct json_node *node)
{
	const struct level *level = ctx;
	struct conf_reader *reader = level->reader;
	char full[CONF_KEY_SIZE];
	struct conf_value *value = NULL;
	int n;

	n = snprintf(full, sizeof(full), "%s%s", level->prefix, key);
	/* a dot inside a key is a stranger's, not our nesting */
	if (n > 0 && n < CONF_KEY_SIZE && !strchr(key, '.'))
		value = conf_section_find(reader->section, full);
	else
		full[0] = '\0';
	if (value)
		conf_value_read(reader, value, node);
	else if (full[0] && is_group(reader->section, full))
		read_group(reader, full, node);
	else if (!reader->is_type_unknown)
		complain_unknown(level, key);
	return reader->fault == 0;
}

static void
read_level(const struct level *level, const struct json_node *o)
{
	struct level copy = *level;

	json_each(o, visit_member, &copy);
}

void
conf_read_object(struct conf_reader *reader, const struct json_node *o)
{
	const struct level top = { reader, "" };

	read_level(&top, o);
}

/* Defaults are JSON text and go the way of what stands in the file. */
static void
read_default(struct conf_reader *reader, struct conf_value *value)
{
	struct json *doc = NULL;
	struct buf text = BUF_INIT;
	int r;

	/* inside an array, as a document must not be a bare number (J3) */
	buf_addf(&text, "[%s]", value->row->fallback);
	r = json_parse(&doc, buf_text(&text), text.n);
	assert(r <= 0); /* a default is ours */
	if (r)
		reader->fault = err_pass(r);
	else
		conf_value_read(reader, value, json_at(json_root(doc), 0));
	value->is_seen = false;
	json_free(doc);
	buf_fini(&text);
}

void
conf_read_defaults(struct conf_reader *reader)
{
	struct buf expected = BUF_INIT;

	for (size_t i = 0; i < reader->section->n_values; i++) {
		struct conf_value *value = &reader->section->values[i];

		if (value->is_seen || reader->fault)
			continue;
		if (value->row->fallback) {
			read_default(reader, value);
		} else if (value->row->flags & CONF_REQUIRED) {
			buf_reset(&expected);
			conf_value_expected(&expected, value->row);
			conf_complain(reader, value->row->key, -1,
			              "missing: expected %s",
			              buf_text(&expected));
		}
	}
	buf_fini(&expected);
}
