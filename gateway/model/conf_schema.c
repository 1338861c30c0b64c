/*
 * The rows once more, as JSON Schema for editors.
 *
 * An account's `type` decides which other keys it may have. The schema says so
 * by one if/then per type; `then` names all keys of that type, those of every
 * account as `true`, and closes the object. Null is absent, so everything
 * optional may be null.
 */
#include "gateway/model/conf_parts.h"

#include <stdio.h>
#include <string.h>

enum { LISTS_MAX = 3 };

/* One level of an object: the rows that begin with a prefix. */
struct view {
	const struct conf_row *lists[LISTS_MAX]; /* NULL: none */
	const char *prefix;
	const struct conf_type *types; /* for the elements of `accounts` */
	size_t n_types;
};

static void put_object(struct json_out *o, const struct view *view);

/* ---- walking dotted keys ---- */

static const char *
below(const struct view *view, const struct conf_row *row)
{
	size_t n = strlen(view->prefix);

	return strncmp(row->key, view->prefix, n) == 0 ? row->key + n : NULL;
}

/* Does the first word of `word` appear for the first time? */
static bool
is_first(const struct view *view, const struct conf_row *row, const char *word)
{
	size_t n = strcspn(word, ".");

	for (size_t l = 0; l < LISTS_MAX; l++)
		for (const struct conf_row *other = view->lists[l];
		     other && other->key; other++) {
			const char *rest = below(view, other);

			if (other == row)
				return true;
			if (rest && strcspn(rest, ".") == n &&
			    strncmp(rest, word, n) == 0)
				return false;
		}
	return true;
}

/* Does a required row begin with the view's prefix and this word? */
static bool
is_required(const struct view *view, const char *word, size_t n)
{
	for (size_t l = 0; l < LISTS_MAX; l++)
		for (const struct conf_row *row = view->lists[l];
		     row && row->key; row++) {
			const char *rest = below(view, row);

			if (rest && (row->flags & CONF_REQUIRED) &&
			    strncmp(rest, word, n) == 0 &&
			    (rest[n] == '.' || rest[n] == '\0'))
				return true;
		}
	return false;
}

/* Must this level itself be there? */
static bool
has_required(const struct view *view)
{
	for (size_t l = 0; l < LISTS_MAX; l++)
		for (const struct conf_row *row = view->lists[l];
		     row && row->key; row++)
			if (below(view, row) && (row->flags & CONF_REQUIRED))
				return true;
	return false;
}

/* Call with each word of this level once; row is the first that has it. */
static void
each_word(const struct view *view,
          void (*visit)(struct json_out *o, const struct view *view,
                        const struct conf_row *row, const char *word),
          struct json_out *o)
{
	for (size_t l = 0; l < LISTS_MAX; l++)
		for (const struct conf_row *row = view->lists[l];
		     row && row->key; row++) {
			const char *word = below(view, row);

			if (word && is_first(view, row, word))
				visit(o, view, row, word);
		}
}

/* ---- JSON Schema ---- */

static void
put_types(struct json_out *o, const struct conf_row *row, const char *first,
          const char *second)
{
	json_out_array(o, "type");
	json_out_text(o, NULL, first);
	if (second)
		json_out_text(o, NULL, second);
	if (!(row->flags & CONF_REQUIRED))
		json_out_text(o, NULL, "null");
	json_out_end_array(o);
}

static void
put_enum(struct json_out *o, const char *choices, bool may_be_null)
{
	char word[CONF_KEY_SIZE];

	json_out_array(o, "enum");
	for (;;) {
		size_t n = strcspn(choices, "|");

		(void)snprintf(word, sizeof(word), "%.*s", (int)n, choices);
		json_out_text(o, NULL, word);
		if (choices[n] == '\0')
			break;
		choices += n + 1;
	}
	if (may_be_null)
		json_out_null(o, NULL);
	json_out_end_array(o);
}

static void
put_list(struct json_out *o, const struct conf_row *row, int64_t min,
         int64_t max)
{
	json_out_object(o, "items");
	json_out_text(o, "type", "string");
	json_out_int(o, "minLength", 1);
	if (row->choices)
		put_enum(o, row->choices, false);
	json_out_end_object(o);
	json_out_int(o, "minItems", min);
	if (max)
		json_out_int(o, "maxItems", max);
}

static void
put_text(struct json_out *o, const struct conf_row *row, const char *pattern)
{
	put_types(o, row, "string", NULL);
	json_out_int(o, "minLength", 1);
	if (pattern)
		json_out_text(o, "pattern", pattern);
}

static void
put_map(struct json_out *o, const struct conf_row *row)
{
	put_types(o, row, "object", NULL);
	json_out_object(o, "additionalProperties");
	json_out_raw(o, "type", "[\"string\",\"null\"]");
	json_out_int(o, "minLength", 1);
	json_out_end_object(o);
}

/* What a value of this kind looks like. */
static void
put_kind(struct json_out *o, const struct conf_row *row)
{
	switch (row->kind) {
	case CONF_TEXT:
	case CONF_SECRET:
	case CONF_CRON:
	case CONF_PATH: put_text(o, row, NULL); break;
	case CONF_URL: put_text(o, row, "^https?://"); break;
	case CONF_CHOICE:
		put_enum(o, row->choices, !(row->flags & CONF_REQUIRED));
		break;
	case CONF_INT:
		put_types(o, row, "integer", NULL);
		json_out_int(o, "minimum", row->min);
		json_out_int(o, "maximum", row->max);
		break;
	case CONF_BOOL: put_types(o, row, "boolean", NULL); break;
	case CONF_DECIMAL:
		put_types(o, row, "number", "string");
		json_out_int(o, "minimum", 0);
		json_out_text(o, "pattern", "^[0-9]");
		break;
	case CONF_SECRETS:
		put_types(o, row, "string", "array");
		put_list(o, row, 1, 2);
		break;
	case CONF_TEXTS:
		put_types(o, row, "array", NULL);
		put_list(o, row, 1, 0);
		break;
	case CONF_MAP: put_map(o, row); break;
	case CONF_LIST: put_types(o, row, "array", NULL); break;
	}
}

static void
put_description(struct json_out *o, const struct conf_row *row)
{
	char text[512];

	(void)snprintf(text, sizeof(text), row->unit ? "%s Unit: %s." : "%s",
	               row->meaning, row->unit);
	json_out_text(o, "description", text);
}

static void put_account(struct json_out *o, const struct conf_type *types,
                        size_t n_types);

static void
put_leaf(struct json_out *o, const struct view *view,
         const struct conf_row *row)
{
	const struct view tokens = { .lists = { conf_token_rows },
		                     .prefix = "" };

	put_kind(o, row);
	put_description(o, row);
	if (row->fallback)
		json_out_raw(o, "default", row->fallback);
	if (row->kind != CONF_LIST)
		return;
	if (row->flags & CONF_REQUIRED)
		json_out_int(o, "minItems", 1);
	json_out_object(o, "items");
	if (strcmp(row->key, "accounts") == 0)
		put_account(o, view->types, view->n_types);
	else
		put_object(o, &tokens);
	json_out_end_object(o);
}

static void
put_member(struct json_out *o, const struct view *view,
           const struct conf_row *row, const char *word)
{
	char prefix[2 * CONF_KEY_SIZE];
	char key[CONF_KEY_SIZE];
	struct view inner = *view;
	size_t n = strcspn(word, ".");

	(void)snprintf(key, sizeof(key), "%.*s", (int)n, word);
	json_out_object(o, key);
	if (word[n] == '.') {
		(void)snprintf(prefix, sizeof(prefix), "%s%s.", view->prefix,
		               key);
		inner.prefix = prefix;
		put_object(o, &inner);
	} else {
		put_leaf(o, view, row);
	}
	json_out_end_object(o);
}

static void
put_required_word(struct json_out *o, const struct view *view,
                  const struct conf_row *row, const char *word)
{
	char key[CONF_KEY_SIZE];
	size_t n = strcspn(word, ".");

	(void)row;
	if (!is_required(view, word, n))
		return;
	(void)snprintf(key, sizeof(key), "%.*s", (int)n, word);
	json_out_text(o, NULL, key);
}

/* The inside of an object's schema at one level. */
static void
put_object(struct json_out *o, const struct view *view)
{
	/* a level nobody must give may be null */
	json_out_raw(o, "type",
	             !*view->prefix || has_required(view)
	                     ? "\"object\""
	                     : "[\"object\",\"null\"]");
	json_out_object(o, "properties");
	each_word(view, put_member, o);
	json_out_end_object(o);
	json_out_array(o, "required");
	each_word(view, put_required_word, o);
	json_out_end_array(o);
	json_out_bool(o, "additionalProperties", false);
}

static void
put_true(struct json_out *o, const struct view *view,
         const struct conf_row *row, const char *word)
{
	char key[CONF_KEY_SIZE];

	(void)view;
	(void)row;
	(void)snprintf(key, sizeof(key), "%.*s", (int)strcspn(word, "."), word);
	if (strcmp(key, "url") != 0)
		json_out_bool(o, key, true);
}

/* What every type has: its base address, and the common keys. */
static void
put_common_keys(struct json_out *o, const struct conf_type *type)
{
	const struct view common = { .lists = { conf_account_rows },
		                     .prefix = "" };

	if (type->url_flags & CONF_SOURCE) {
		json_out_bool(o, "name", true);
		json_out_bool(o, "type", true);
		return;
	}
	each_word(&common, put_true, o);
	if (type->url_flags & CONF_NO_URL)
		return;
	json_out_object(o, "url");
	if (type->default_url)
		json_out_text(o, "default", type->default_url);
	else
		json_out_text(o, "type", "string");
	json_out_end_object(o);
}

/* All keys of an account of one type. */
static void
put_keys(struct json_out *o, const struct conf_type *type)
{
	const struct view own = { .lists = { type->rows, type->hook },
		                  .prefix = "" };

	json_out_object(o, "properties");
	put_common_keys(o, type);
	each_word(&own, put_member, o);
	json_out_end_object(o);
	json_out_array(o, "required");
	if (!type->default_url &&
	    !(type->url_flags & (CONF_SOURCE | CONF_NO_URL)))
		json_out_text(o, NULL, "url");
	each_word(&own, put_required_word, o);
	json_out_end_array(o);
	json_out_bool(o, "additionalProperties", false);
}

/* `if` the type is this one, `then` these are the keys. */
static void
put_type(struct json_out *o, const struct conf_type *type)
{
	json_out_object(o, NULL);
	json_out_object(o, "if");
	json_out_object(o, "properties");
	json_out_object(o, "type");
	json_out_text(o, "const", type->name);
	json_out_end_object(o);
	json_out_end_object(o);
	json_out_raw(o, "required", "[\"type\"]");
	json_out_end_object(o);
	json_out_object(o, "then");
	put_keys(o, type);
	json_out_end_object(o);
	json_out_end_object(o);
}

static void
put_type_names(struct json_out *o, const struct conf_type *types,
               size_t n_types)
{
	json_out_object(o, NULL);
	json_out_object(o, "properties");
	json_out_object(o, "type");
	json_out_array(o, "enum");
	for (size_t i = 0; i < n_types; i++)
		json_out_text(o, NULL, types[i].name);
	json_out_end_array(o);
	json_out_end_object(o);
	json_out_end_object(o);
	json_out_end_object(o);
}

static void
put_account(struct json_out *o, const struct conf_type *types, size_t n_types)
{
	const struct view common = { .lists = { conf_account_rows },
		                     .prefix = "" };

	json_out_text(o, "type", "object");
	json_out_object(o, "properties");
	each_word(&common, put_member, o);
	json_out_end_object(o);
	json_out_array(o, "required");
	each_word(&common, put_required_word, o);
	json_out_end_array(o);
	json_out_array(o, "allOf");
	put_type_names(o, types, n_types);
	for (size_t i = 0; i < n_types; i++)
		put_type(o, &types[i]);
	json_out_end_array(o);
}

void
conf_schema(struct buf *out, const struct conf_type *types, size_t n_types)
{
	struct json_out o = { .to = out };
	const struct view top = { { conf_top_rows }, "", types, n_types };

	json_out_object(&o, NULL);
	json_out_text(&o, "$schema",
	              "https://json-schema.org/draft/2020-12/schema");
	json_out_text(&o, "title", "Configuration of Tillbridge");
	put_object(&o, &top);
	json_out_end_object(&o);
	buf_addc(out, '\n');
}
