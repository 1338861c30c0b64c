/*
 * Borrowing values from a section.
 *
 * Asking for a key that has no row, or as another kind, is a mistake of the
 * programmer and ends the program: a typo in a key must not read as "absent".
 */
#include "gateway/model/conf_parts.h"

#include "gateway/base/err.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct conf_value *
get(const struct conf_section *s, const char *key)
{
	const struct conf_value *value = conf_section_find(s, key);

	assert(value);
	return value;
}

const char *
conf_text(const struct conf_section *s, const char *key)
{
	const struct conf_value *value = get(s, key);

	assert(value->row->kind == CONF_TEXT ||
	       value->row->kind == CONF_CHOICE || value->row->kind == CONF_URL);
	return value->text;
}

int64_t
conf_int(const struct conf_section *s, const char *key)
{
	const struct conf_value *value = get(s, key);

	assert(value->row->kind == CONF_INT);
	return value->number;
}

bool
conf_bool(const struct conf_section *s, const char *key)
{
	const struct conf_value *value = get(s, key);

	assert(value->row->kind == CONF_BOOL);
	return value->yes;
}

struct decimal
conf_decimal(const struct conf_section *s, const char *key)
{
	const struct conf_value *value = get(s, key);

	assert(value->row->kind == CONF_DECIMAL);
	return value->decimal;
}

bool
conf_knows(const struct conf_section *s, const char *key)
{
	return conf_section_find(s, key) != NULL;
}

static bool
is_of_handler(const struct conf_row *row)
{
	return strncmp(row->key, "hook.", 5) == 0;
}

bool
conf_account_can_call(const struct conf_section *account)
{
	for (size_t i = 0; i < account->n_values; i++)
		if (is_of_handler(account->values[i].row))
			return true;
	return false;
}

size_t
conf_places(const struct conf_section *s, struct conf_place *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_values; i++) {
		const struct conf_value *v = &s->values[i];

		if (!conf_is_secret(v->row) || !v->is_seen)
			continue;
		if (n++ < max)
			out[n - 1] =
				(struct conf_place){ v->row->key, v->text,
				                     v->lacks_one,
				                     is_of_handler(v->row) };
	}
	return n;
}

bool
conf_has(const struct conf_section *s, const char *key)
{
	return get(s, key)->is_set;
}

const struct secret *
conf_secret(const struct conf_section *s, const char *key)
{
	const struct conf_value *value = get(s, key);

	assert(value->row->kind == CONF_SECRET);
	return value->secrets[0];
}

size_t
conf_secrets(const struct conf_section *s, const char *key,
             const struct secret *out[2])
{
	const struct conf_value *value = get(s, key);

	assert(value->row->kind == CONF_SECRETS);
	out[0] = value->secrets[0];
	out[1] = value->secrets[1];
	return value->n_secrets;
}

size_t
conf_texts(const struct conf_section *s, const char *key,
           const char *const **out)
{
	const struct conf_value *value = get(s, key);

	assert(value->row->kind == CONF_TEXTS);
	*out = (const char *const *)value->texts;
	return value->n_texts;
}

const char *
conf_map_find(const struct conf_section *s, const char *key, const char *name)
{
	const struct conf_value *value = get(s, key);

	assert(value->row->kind == CONF_MAP);
	for (size_t i = 0; i + 1 < value->n_texts; i += 2)
		if (strcmp(value->texts[i], name) == 0)
			return value->texts[i + 1];
	return NULL;
}

const struct cron *
conf_cron(const struct conf_section *s, const char *key)
{
	const struct conf_value *value = get(s, key);

	assert(value->row->kind == CONF_CRON);
	return value->is_set ? &value->cron : NULL;
}

const char *
conf_path(const struct conf_section *s, const char *key)
{
	const struct conf_value *value = get(s, key);

	assert(value->row->kind == CONF_PATH);
	return value->text;
}

bool
conf_account_is_source(const struct conf_section *account)
{
	return account->is_source;
}

bool
conf_account_may_keep(const struct conf_section *account)
{
	return !account->is_source && !account->takes_no_entries;
}

const char *
conf_account_name(const struct conf_section *account)
{
	return conf_text(account, "name");
}

const char *
conf_account_type(const struct conf_section *account)
{
	return conf_text(account, "type");
}

const char *
conf_account_url(const struct conf_section *account)
{
	return conf_text(account, "url");
}

const struct conf_section *
conf_find_account(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n_accounts; i++) {
		const char *other = conf_account_name(conf->accounts[i]);

		if (other && strcmp(other, name) == 0)
			return conf->accounts[i];
	}
	return NULL;
}

/* What an adapter's test left out and its account would have. */
static void
fill_common(struct conf_reader *reader, const struct conf_type *type)
{
	struct conf_value *name = conf_section_find(reader->section, "name");
	struct conf_value *kind = conf_section_find(reader->section, "type");
	struct conf_value *url = conf_section_find(reader->section, "url");

	if (!name->is_seen && conf_value_set_text(reader, name, "test"))
		name->is_seen = true;
	if (!kind->is_seen && conf_value_set_text(reader, kind, type->name))
		kind->is_seen = true;
	if (!url->is_seen && type->default_url)
		(void)conf_value_set_text(reader, url, type->default_url);
}

static int
read_section(struct conf_reader *reader, const struct conf_type *type,
             const char *json)
{
	struct json *doc = NULL;
	int r;

	r = json_parse(&doc, json, strlen(json));
	if (r == JSON_MALFORMED ||
	    (!r && json_type(json_root(doc)) != JSON_OBJECT)) {
		buf_adds(reader->mistakes, "not a JSON object\n");
		r = CONF_INVALID;
	}
	if (!r) {
		conf_read_object(reader, json_root(doc));
		fill_common(reader, type);
		conf_read_defaults(reader);
		r = reader->fault;
	}
	json_free(doc);
	return r;
}

int
conf_section_parse(struct conf_section **out, const struct conf_type *type,
                   const char *json, const char *base_dir, struct buf *mistakes)
{
	struct buf warnings = BUF_INIT;
	size_t n_before = mistakes->n;
	struct conf_reader reader = {
		.where = "",
		.base_dir = base_dir ? base_dir : ".",
		.url_flags = type->url_flags,
		.mistakes = mistakes,
		.warnings = &warnings,
	};
	int r;

	r = conf_section_new(&reader.section, conf_account_rows, type->rows,
	                     type->hook);
	if (!r)
		reader.section->is_source = type->url_flags & CONF_SOURCE;
	if (!r)
		r = read_section(&reader, type, json);
	if (!r && (buf_check(mistakes) || buf_check(&warnings)))
		r = err_raise(ERR_NOMEM, "section of the configuration");
	if (!r && mistakes->n > n_before)
		r = CONF_INVALID;
	if (!r) {
		*out = reader.section;
		reader.section = NULL;
	}
	conf_section_free(reader.section);
	buf_fini(&warnings);
	return r;
}

void
conf_section_free(struct conf_section *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_values; i++)
		conf_value_fini(&s->values[i]);
	free(s->values);
	free(s);
}
