/*
 * The configuration: read all, check all, then hand out a const value.
 *
 * Not here: what any option means to its reader. Invariant: a struct conf that
 * was handed out had no mistake in it, and nothing changes it any more.
 */
#include "gateway/model/conf_parts.h"

#include "gateway/base/err.h"
#include "gateway/base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX_BYTES = 4 * 1024 * 1024 };

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

/* What one load carries along. */
struct load {
	struct conf *conf;
	const struct conf_type *types;
	size_t n_types;
	struct buf *mistakes;
};

static const struct conf_type *
find_type(const struct load *load, const char *name)
{
	for (size_t i = 0; name && i < load->n_types; i++)
		if (strcmp(load->types[i].name, name) == 0)
			return &load->types[i];
	return NULL;
}

static void
complain_type(const struct conf_reader *reader, const struct load *load,
              const char *found)
{
	struct buf known = BUF_INIT;

	for (size_t i = 0; i < load->n_types; i++)
		buf_addf(&known, "%s%s", i ? ", " : "", load->types[i].name);
	conf_complain(reader, "type", -1,
	              "unknown type: expected one of %s, found %s",
	              buf_text(&known), log_quote(found));
	buf_fini(&known);
}

/* An account's address when it gave none: the vendor's, or a mistake. */
static void
default_url(struct conf_reader *reader, const struct conf_type *type)
{
	struct conf_value *url = conf_section_find(reader->section, "url");

	if (!type || url->is_seen)
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
read_account(struct conf_section **out, const struct load *load,
             const char *where, const struct json_node *node)
{
	const char *name = json_text(json_find(node, "type"));
	const struct conf_type *type = find_type(load, name);
	struct conf_reader reader = {
		.where = where,
		.base_dir = load->conf->dir,
		.url_flags = type ? type->url_flags : 0,
		.is_type_unknown = !type,
		.mistakes = load->mistakes,
		.warnings = &load->conf->warnings,
	};
	int r;

	r = conf_section_new(&reader.section, conf_account_rows,
	                     type ? type->rows : NULL,
	                     type ? type->hook : NULL);
	if (r)
		return err_pass(r);
	conf_read_object(&reader, node);
	conf_read_defaults(&reader);
	default_url(&reader, type);
	conf_check_account_name(&reader);
	if (name && *name && !type)
		complain_type(&reader, load, name);
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

static int
read_accounts(const struct load *load, const struct conf_reader *top)
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
read_token(const struct load *load, const char *where,
           const struct json_node *node)
{
	struct conf *conf = load->conf;
	struct conf_reader reader = {
		.where = where,
		.base_dir = conf->dir,
		.mistakes = load->mistakes,
		.warnings = &conf->warnings,
	};
	const struct conf_value *may;
	int r;

	r = conf_section_new(&reader.section, conf_token_rows, NULL, NULL);
	if (r)
		return err_pass(r);
	conf_read_object(&reader, node);
	conf_read_defaults(&reader);
	may = conf_section_find(reader.section, "may");
	if (may->is_set && json_length(json_find(node, "may")) == 0)
		conf_complain(&reader, "may", -1,
		              "empty: expected read, write or both");
	if (!reader.fault &&
	    take_token(&conf->tokens[conf->n_tokens], reader.section))
		conf->n_tokens++;
	conf_section_free(reader.section);
	return reader.fault;
}

static int
read_tokens(const struct load *load, const struct conf_reader *top)
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

/* Lists point into the document, which does not outlive the load. */
static void
forget_lists(struct conf_section *s)
{
	for (size_t i = 0; i < s->n_values; i++)
		s->values[i].list = NULL;
}

static int
read_all(const struct load *load, const struct json_node *root)
{
	struct conf *conf = load->conf;
	struct conf_reader top = {
		.where = "",
		.base_dir = conf->dir,
		.mistakes = load->mistakes,
		.warnings = &conf->warnings,
	};
	int r;

	r = conf_section_new(&conf->top, conf_top_rows, NULL, NULL);
	if (r)
		return err_pass(r);
	top.section = conf->top;
	conf_read_object(&top, root);
	conf_read_defaults(&top);
	r = top.fault;
	if (!r)
		r = read_tokens(load, &top);
	if (!r)
		r = read_accounts(load, &top);
	if (!r)
		conf_check(&top, conf);
	forget_lists(conf->top);
	return r ? r : top.fault;
}

static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return text_dup(".");
	return slash == path ? text_dup("/")
	                     : text_ndup(path, (size_t)(slash - path));
}

static int
make(struct conf **out, const char *path)
{
	struct conf *conf = calloc(1, sizeof(*conf));

	if (conf) {
		conf->path = text_dup(path);
		conf->dir = folder_of(path);
	}
	if (!conf || !conf->path || !conf->dir) {
		conf_free(conf);
		return err_raise(ERR_NOMEM, "configuration");
	}
	*out = conf;
	return 0;
}

/* A document, or CONF_INVALID with the place where it goes wrong. */
static int
parse_document(struct json **out, const char *path, const char *text, size_t n,
               struct buf *mistakes)
{
	struct conf_position at;
	int r;

	if (!conf_syntax_check(&at, text, n)) {
		buf_addf(mistakes, "%s:%zu:%zu: not JSON: expected %s here\n",
		         path, at.line, at.column, at.expected);
		return CONF_INVALID;
	}
	r = json_parse(out, text, n);
	if (r == JSON_MALFORMED) {
		buf_addf(mistakes,
		         "%s: not JSON: text that is not UTF-8, or a number "
		         "out of all range\n",
		         path);
		return CONF_INVALID;
	}
	if (r || json_type(json_root(*out)) == JSON_OBJECT)
		return r;
	buf_addf(mistakes, "%s: not a configuration: expected an object\n",
	         path);
	return CONF_INVALID;
}

int
conf_parse(struct conf **out, const char *path, const char *text, size_t n,
           const struct conf_type *types, size_t n_types, struct buf *mistakes)
{
	struct load load = { NULL, types, n_types, mistakes };
	struct json *doc = NULL;
	size_t n_before = mistakes->n;
	int r;

	r = parse_document(&doc, path, text, n, mistakes);
	if (r)
		goto out;
	r = make(&load.conf, path);
	if (r)
		goto out;
	r = read_all(&load, json_root(doc));
	if (r)
		goto out;
	if (buf_check(mistakes) || buf_check(&load.conf->warnings)) {
		r = err_raise(ERR_NOMEM, "configuration");
		goto out;
	}
	if (mistakes->n > n_before) {
		r = CONF_INVALID;
		goto out;
	}
	*out = load.conf;
	load.conf = NULL;
out:
	conf_free(load.conf);
	json_free(doc);
	return r;
}

/* Read a file whole. Returns 0 or CONF_INVALID with a line of mistake. */
static int
read_file(struct buf *out, const char *path, struct buf *mistakes)
{
	char piece[4096];
	FILE *file = fopen(path, "re");
	size_t n;
	int failed;

	if (!file) {
		buf_addf(mistakes, "%s: cannot be read: %s\n", path,
		         strerror(errno));
		return CONF_INVALID;
	}
	out->max = FILE_MAX_BYTES;
	while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_add(out, piece, n);
	failed = ferror(file) ? errno : 0;
	(void)fclose(file);
	if (!failed && !buf_check(out))
		return 0;
	buf_addf(mistakes, "%s: cannot be read: %s\n", path,
	         failed ? strerror(failed) : "it is too large");
	return CONF_INVALID;
}

int
conf_load(struct conf **out, const char *path, const struct conf_type *types,
          size_t n_types, struct buf *mistakes)
{
	struct buf text = BUF_INIT;
	int r;

	r = read_file(&text, path, mistakes);
	if (!r)
		r = conf_parse(out, path, buf_text(&text), text.n, types,
		               n_types, mistakes);
	buf_fini(&text);
	return r;
}

void
conf_free(struct conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->n_accounts; i++)
		conf_section_free(conf->accounts[i]);
	for (size_t i = 0; i < conf->n_tokens; i++) {
		free(conf->tokens[i].name);
		secret_free(conf->tokens[i].secret);
	}
	free(conf->accounts);
	free(conf->tokens);
	conf_section_free(conf->top);
	buf_fini(&conf->warnings);
	free(conf->path);
	free(conf->dir);
	free(conf);
}
