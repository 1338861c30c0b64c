/*
 * The configuration: read all, check all, then hand out a const value.
 *
 * Not here: what any option means to its reader. Invariant: a struct conf that
 * was handed out had no mistake in it, and nothing changes it any more.
 */
#include "gateway/model/conf_parts.h"

#include "gateway/base/crypto.h"
#include "gateway/base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX_BYTES = 4 * 1024 * 1024 };

/* Lists point into the document, which does not outlive the load. */
static void
forget_lists(struct conf_section *s)
{
	for (size_t i = 0; i < s->n_values; i++)
		s->values[i].list = NULL;
}

static int
read_all(const struct conf_load_state *load, const struct json_node *root)
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
		r = conf_read_tokens(load, &top);
	if (!r)
		r = conf_read_accounts(load, &top);
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

static int
add_secret(struct conf *conf, const struct secret *secret)
{
	const struct crypto_part parts[] = {
		{ conf->digest, strlen(conf->digest) },
		{ secret_text(secret), secret_length(secret) },
	};

	return crypto_sha256_hex(conf->digest, parts, 2);
}

static int
add_secrets(struct conf *conf, const struct conf_section *s)
{
	int r = 0;

	for (size_t i = 0; s && i < s->n_values; i++)
		for (size_t k = 0; !r && k < s->values[i].n_secrets; k++)
			r = add_secret(conf, s->values[i].secrets[k]);
	return r;
}

/* A secret's file may have changed while the text that names it did not. */
static int
digest_secrets(struct conf *conf)
{
	int r = add_secrets(conf, conf->top);

	for (size_t i = 0; !r && i < conf->n_accounts; i++)
		r = add_secrets(conf, conf->accounts[i]);
	for (size_t i = 0; !r && i < conf->n_tokens; i++)
		r = add_secret(conf, conf->tokens[i].secret);
	return r;
}

static int
parse(struct conf **out, const char *path, const char *text, size_t n,
      struct conf_load_state load)
{
	struct buf *mistakes = load.mistakes;
	struct json *doc = NULL;
	size_t n_before = mistakes->n;
	int r;

	r = parse_document(&doc, path, text, n, mistakes);
	if (r)
		goto out;
	r = make(&load.conf, path);
	if (!r)
		r = crypto_sha256_hex(load.conf->digest,
		                      &(struct crypto_part){ text, n }, 1);
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
	r = digest_secrets(load.conf);
	if (r)
		goto out;
	*out = load.conf;
	load.conf = NULL;
out:
	conf_free(load.conf);
	json_free(doc);
	return r;
}

int
conf_parse(struct conf **out, const char *path, const char *text, size_t n,
           const struct conf_type *types, size_t n_types, struct buf *mistakes)
{
	return parse(out, path, text, n,
	             (struct conf_load_state){ .types = types,
	                                       .n_types = n_types,
	                                       .mistakes = mistakes });
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

static int
load(struct conf **out, const char *path, struct conf_load_state state)
{
	struct buf text = BUF_INIT;
	int r;

	r = read_file(&text, path, state.mistakes);
	if (!r)
		r = parse(out, path, buf_text(&text), text.n, state);
	buf_fini(&text);
	return r;
}

int
conf_load(struct conf **out, const char *path, const struct conf_type *types,
          size_t n_types, struct buf *mistakes)
{
	return load(out, path,
	            (struct conf_load_state){ .types = types,
	                                      .n_types = n_types,
	                                      .mistakes = mistakes });
}

int
conf_load_operator(struct conf **out, const char *path,
                   const struct conf_type *types, size_t n_types,
                   struct buf *mistakes)
{
	return load(out, path,
	            (struct conf_load_state){ .types = types,
	                                      .n_types = n_types,
	                                      .mistakes = mistakes,
	                                      .may_lack_secrets = true });
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
