/*
 * What must hold between values, once each of them is right by itself.
 *
 * Not here: whether certificates are good (tls.c) and whether anybody answers
 * (tillbridge check).
 */
#include "gateway/model/conf_parts.h"

#include "gateway/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 32, NAMESPACE_MAX_BYTES = 64 };

static const char *
text_of(const struct conf_reader *reader, const char *key)
{
	return conf_section_find(reader->section, key)->text;
}

static bool
is_name(const char *text)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return strspn(text, first) >= 1 && strspn(text, rest) == strlen(text) &&
	       strlen(text) <= NAME_MAX_BYTES;
}

void
conf_check_account_name(struct conf_reader *reader)
{
	const char *name = text_of(reader, "name");

	if (!name)
		return;
	if (!is_name(name))
		conf_complain(reader, "name", -1,
		              "not a name: expected a-z, 0-9, _ and -, "
		              "beginning with a letter or digit, at most %d, "
		              "found %s",
		              (int)NAME_MAX_BYTES, log_quote(name));
	else if (conf_has_choice("sku|name|authority|reserve", name))
		conf_complain(reader, "name", -1,
		              "\"%s\" is a column of the item registry: "
		              "expected another name",
		              name);
}

void
conf_check_source(struct conf_reader *reader)
{
	const struct conf_row *row = conf_account_rows;

	for (; reader->section->is_source && row->key; row++)
		if (!conf_has_choice("name|type", row->key) &&
		    conf_section_find(reader->section, row->key)->is_seen)
			conf_complain(reader, row->key, -1,
			              "not used: an account of this type only "
			              "calls us");
}

/* Two elements of a list with one name: the later one is told. */
static void
check_names(struct conf_reader *reader, const char *key)
{
	const struct json_node *list =
		conf_section_find(reader->section, key)->list;
	char path[CONF_KEY_SIZE];

	for (size_t i = 1; i < json_length(list); i++) {
		const char *name = json_text_or(json_at(list, i), "name", NULL);

		for (size_t k = 0; name && k < i; k++) {
			const char *other =
				json_text_or(json_at(list, k), "name", "");

			if (strcmp(name, other) != 0)
				continue;
			(void)snprintf(path, sizeof(path), "%s[%zu].name", key,
			               i);
			conf_complain(reader, path, -1,
			              "%s is the name of %s[%zu] already",
			              log_quote(name), key, k);
			break;
		}
	}
}

/* The first account that can be right about stock. NULL: none. */
static const char *
first_authority(const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_accounts; i++)
		if (conf_account_may_keep(conf->accounts[i]))
			return conf_account_name(conf->accounts[i]);
	return NULL;
}

static void
refuse_authority(struct conf_reader *reader, const struct conf *conf,
                 const char *name, const struct conf_section *named)
{
	struct buf known = BUF_INIT;
	const char *why = "no such account";

	if (named && named->is_source)
		why = "has no stock, it only calls us";
	else if (named)
		why = "an account of this type cannot record what is sold "
		      "elsewhere";
	for (size_t i = 0; i < conf->n_accounts; i++) {
		const char *other = conf_account_name(conf->accounts[i]);

		if (other && conf_account_may_keep(conf->accounts[i]))
			buf_addf(&known, "%s%s", known.n ? ", " : "", other);
	}
	conf_complain(reader, "stock.authority", -1,
	              "%s: expected one of %s, found %s", why, buf_text(&known),
	              log_quote(name));
	buf_fini(&known);
}

/* Absent means the first account; anything else must be one of them. */
static void
check_authority(struct conf_reader *reader, const struct conf *conf)
{
	struct conf_value *value =
		conf_section_find(reader->section, "stock.authority");
	const char *first = first_authority(conf);
	const struct conf_section *named;

	if (!first)
		return; /* check_stock says so */
	if (!value->text && !value->is_seen)
		(void)conf_value_set_text(reader, value, first);
	if (!value->text)
		return;
	named = conf_find_account(conf, value->text);
	if (!named || !conf_account_may_keep(named))
		refuse_authority(reader, conf, value->text, named);
}

/* Somebody must have the stock, and hear of what is sold elsewhere. */
static void
check_stock(struct conf_reader *reader, const struct conf *conf)
{
	size_t n_sources = 0;

	for (size_t i = 0; i < conf->n_accounts; i++)
		n_sources += conf->accounts[i]->is_source;
	if (n_sources > 0 && n_sources == conf->n_accounts)
		conf_complain(reader, "accounts", -1,
		              "none has stock: all of them only call us");
	else if (conf->n_accounts && !first_authority(conf))
		conf_complain(reader, "accounts", -1,
		              "none can be the authority: add one that records "
		              "what is sold elsewhere, such as Galaxy or a "
		              "till that takes sales");
}

/* Are all addresses good ones, and is one of them outside loopback? */
static bool
check_listen(struct conf_reader *reader, const char *key)
{
	const struct conf_value *value =
		conf_section_find(reader->section, key);
	struct conf_address address;
	bool is_outside = false;

	for (size_t i = 0; i < value->n_texts; i++) {
		if (!conf_is_listen(value->texts[i], &address))
			conf_complain(reader, key, (int)i,
			              "not an address: expected IPv4:port or "
			              "[IPv6]:port with a port from 1 to "
			              "65535, found %s",
			              log_quote(value->texts[i]));
		else if (!address.is_loopback)
			is_outside = true;
	}
	return is_outside;
}

static void
check_private(struct conf_reader *reader, const struct conf *conf)
{
	const struct conf_value *tokens =
		conf_section_find(reader->section, "private.tokens");

	if (!check_listen(reader, "private.listen"))
		return;
	if (!conf_section_find(reader->section, "private.certificate")->is_seen)
		conf_complain(reader, "private.certificate", -1,
		              "missing: needed as private.listen is outside "
		              "loopback");
	/* a broken token has been complained about already */
	if (conf->n_tokens == 0 && json_length(tokens->list) == 0)
		conf_complain(reader, "private.tokens", -1,
		              "missing: needed as private.listen is outside "
		              "loopback");
}

static void
check_file(struct conf_reader *reader, const char *key)
{
	const char *path = text_of(reader, key);
	struct stat st;

	if (!path)
		return;
	if (stat(path, &st) != 0 || access(path, R_OK) != 0)
		conf_complain(reader, key, -1, "file %s cannot be read: %s",
		              log_quote(path), strerror(errno));
	else if (!S_ISREG(st.st_mode))
		conf_complain(reader, key, -1, "%s is not a file",
		              log_quote(path));
}

static void
check_redis_url(struct conf_reader *reader)
{
	const char *url = text_of(reader, "redis.url");
	const char *password;
	char *copy;
	size_t n;

	if (!url)
		return;
	password = conf_redis_password(url, &n);
	if (password) {
		copy = text_ndup(password, n);
		log_forbid(copy);
		free(copy);
		conf_warn(reader, "redis.url", -1,
		          "a password stands in the file itself; better "
		          "redis.password with env:NAME or file:PATH");
	}
	/* not shown, for the password that may be in it */
	if (!conf_is_redis_url(url))
		conf_complain(reader, "redis.url", -1,
		              "not such a URL: expected unix:///path or "
		              "redis://[:password@]host:port[/db]");
	else if (password &&
	         conf_section_find(reader->section, "redis.password")->is_set)
		conf_complain(reader, "redis.password", -1,
		              "redis.url has a password too: expected one");
}

static void
check_namespace(struct conf_reader *reader)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	const char *text = text_of(reader, "redis.namespace");

	if (text && (strspn(text, allowed) != strlen(text) ||
	             strlen(text) > NAMESPACE_MAX_BYTES))
		conf_complain(reader, "redis.namespace", -1,
		              "not a namespace: expected letters, digits, _ . "
		              "and -, at most %d, found %s",
		              (int)NAMESPACE_MAX_BYTES, log_quote(text));
}

void
conf_check(struct conf_reader *top_reader, struct conf *conf)
{
	(void)check_listen(top_reader, "public.listen");
	check_file(top_reader, "public.certificate");
	check_file(top_reader, "public.client_ca");
	check_private(top_reader, conf);
	check_file(top_reader, "private.certificate");
	check_names(top_reader, "private.tokens");
	check_redis_url(top_reader);
	check_namespace(top_reader);
	check_names(top_reader, "accounts");
	check_authority(top_reader, conf);
	check_stock(top_reader, conf);
}
