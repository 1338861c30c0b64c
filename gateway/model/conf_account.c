/*
 * The tables of conf.def, and the two lists whose elements have rows of their
 * own: accounts and the private listener's tokens.
 *
 * An account of unknown type is still read as far as every account goes, so
 * that one typo does not hide the other mistakes.
 */
#include "gateway/model/conf_parts.h"

#include "gateway/base/err.h"
#include "gateway/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW(key, kind, flags, fallback, min, max, unit, choices, meaning) \
	{ key, kind, flags, fallback, min, max, unit, choices, meaning },
#define NO_ROW(key, kind, flags, fallback, min, max, unit, choices, meaning)

#define CONF_TOP     ROW
#define CONF_TOKEN   NO_ROW
#define CONF_ACCOUNT NO_ROW
const struct conf_row conf_top_rows[] = {
#include "gateway/model/conf.def"
	{ .key = NULL },
};
#undef CONF_TOP
#undef CONF_TOKEN

#define CONF_TOP   NO_ROW
#define CONF_TOKEN ROW
const struct conf_row conf_token_rows[] = {
#include "gateway/model/conf.def"
	{ .key = NULL },
};
#undef CONF_TOKEN
#undef CONF_ACCOUNT

#define CONF_TOKEN   NO_ROW
#define CONF_ACCOUNT ROW
const struct conf_row conf_account_rows[] = {
#include "gateway/model/conf.def"
	{ .key = NULL },
};

static const struct conf_type *
find_type(const struct conf_load_state *load, const char *name)
{
	for (size_t i = 0; name && i < load->n_types; i++)
		if (strcmp(load->types[i].name, name) == 0)
			return &load->types[i];
	return NULL;
}

/* Says which types there are when this is none of them, or none at all. */
static void
check_type(struct conf_reader *reader, const struct conf_load_state *load)
{
	struct conf_value *type = conf_section_find(reader->section, "type");
	struct buf known = BUF_INIT;

	/* of another JSON type: that has been complained about */
	if (type->is_seen && (!type->text || find_type(load, type->text)))
		return;
	for (size_t i = 0; i < load->n_types; i++)
		buf_addf(&known, "%s%s", i ? ", " : "", load->types[i].name);
	if (type->is_seen)
		conf_complain(reader, "type", -1,
		              "unknown type: expected one of %s, found %s",
		              buf_text(&known), log_quote(type->text));
	else
		conf_complain(reader, "type", -1, "missing: expected one of %s",
		              buf_text(&known));
	type->is_seen = true;
	buf_fini(&known);
}

/* An account's address when it gave none: the vendor's, or a mistake. */
static void
default_url(struct conf_reader *reader, const struct conf_type *type)
{
	struct conf_value *url = conf_section_find(reader->section, "url");

	if (type && type->url_flags & CONF_NO_URL) {
		if (url->is_seen)
			conf_complain(reader, "url", -1,
			              "not used: an account of this type is "
			              "reached in another way");
		return;
	}
	if (!type || url->is_seen || reader->section->is_source)
		return;
	if (type->default_url)
		(void)conf_value_set_text(reader, url, type->default_url);
	else
		conf_complain(reader, "url", -1,
		              "missing: expected "
		              "https://host[:port][/path]");
}

/* Returns 0 or a fault; *out also when it has mistakes. */
static int
read_account(struct conf_section **out, const struct conf_load_state *load,
             const char *where, const struct json_node *node)
{
	const char *name = json_text(json_find(node, "type"));
	const struct conf_type *type = find_type(load, name);
	struct conf_reader reader = {
		.where = where,
		.base_dir = load->conf->dir,
		.url_flags = type ? type->url_flags : 0,
		.is_type_unknown = !type,
		.may_lack_secrets = load->may_lack_secrets,
		.mistakes = load->mistakes,
		.warnings = &load->conf->warnings,
	};
	int r;

	r = conf_section_new(&reader.section, conf_account_rows,
	                     type ? type->rows : NULL,
	                     type ? type->hook : NULL);
	if (r)
		return err_pass(r);
	reader.section->is_source = type && type->url_flags & CONF_SOURCE;
	reader.section->takes_no_entries =
		type && type->url_flags & CONF_NO_ENTRIES;
	conf_read_object(&reader, node);
	conf_check_account_name(&reader);
	conf_check_source(&reader);
	check_type(&reader, load);
	conf_read_defaults(&reader);
	default_url(&reader, type);
	*out = reader.section;
	return reader.fault;
}

/* True when an element is an object; else a complaint. */
static bool
is_object(const struct conf_reader *reader, const char *key, size_t i,
          const struct json_node *node)
{
	if (json_type(node) == JSON_OBJECT)
		return true;
	conf_complain(reader, key, (int)i, "not an object: expected { … }");
	return false;
}

int
conf_read_accounts(const struct conf_load_state *load,
                   const struct conf_reader *top)
{
	const struct conf_value *value =
		conf_section_find(top->section, "accounts");
	struct conf *conf = load->conf;
	size_t n = json_length(value->list);
	char where[32];
	int r = 0;

	if (value->is_set && n == 0)
		conf_complain(top, "accounts", -1,
		              "empty: expected at least one account");
	conf->accounts = calloc(n ? n : 1, sizeof(struct conf_section *));
	if (!conf->accounts)
		return err_raise(ERR_NOMEM, "accounts");
	for (size_t i = 0; !r && i < n; i++) {
		const struct json_node *node = json_at(value->list, i);

		if (!is_object(top, "accounts", i, node))
			continue;
		(void)snprintf(where, sizeof(where), "accounts[%zu].", i);
		r = read_account(&conf->accounts[conf->n_accounts], load, where,
		                 node);
		if (conf->accounts[conf->n_accounts])
			conf->n_accounts++;
	}
	return r;
}

/* Move what was read into the token; false while something is missing. */
static bool
take_token(struct conf_token *token, const struct conf_section *s)
{
	struct conf_value *name = conf_section_find(s, "name");
	struct conf_value *secret = conf_section_find(s, "secret");
	const struct conf_value *may = conf_section_find(s, "may");

	if (!name->is_set || !secret->is_set || !may->is_set)
		return false;
	token->name = name->text;
	name->text = NULL;
	token->secret = secret->secrets[0];
	secret->n_secrets = 0;
	for (size_t i = 0; i < may->n_texts; i++) {
		token->may_read = true; /* writing includes reading */
		if (strcmp(may->texts[i], "write") == 0)
			token->may_write = true;
	}
	return true;
}

static int
read_token(const struct conf_load_state *load, const char *where,
           const struct json_node *node)
{
	struct conf *conf = load->conf;
	struct conf_reader reader = {
		.where = where,
		.base_dir = conf->dir,
		.may_lack_secrets = load->may_lack_secrets,
		.mistakes = load->mistakes,
		.warnings = &conf->warnings,
	};
	int r;

	r = conf_section_new(&reader.section, conf_token_rows, NULL, NULL);
	if (r)
		return err_pass(r);
	conf_read_object(&reader, node);
	conf_read_defaults(&reader);
	if (!reader.fault &&
	    take_token(&conf->tokens[conf->n_tokens], reader.section))
		conf->n_tokens++;
	conf_section_free(reader.section);
	return reader.fault;
}

int
conf_read_tokens(const struct conf_load_state *load,
                 const struct conf_reader *top)
{
	const struct conf_value *value =
		conf_section_find(top->section, "private.tokens");
	struct conf *conf = load->conf;
	size_t n = json_length(value->list);
	char where[40];
	int r = 0;

	conf->tokens = calloc(n ? n : 1, sizeof(*conf->tokens));
	if (!conf->tokens)
		return err_raise(ERR_NOMEM, "tokens");
	for (size_t i = 0; !r && i < n; i++) {
		const struct json_node *node = json_at(value->list, i);

		if (!is_object(top, "private.tokens", i, node))
			continue;
		(void)snprintf(where, sizeof(where), "private.tokens[%zu].", i);
		r = read_token(load, where, node);
	}
	return r;
}
