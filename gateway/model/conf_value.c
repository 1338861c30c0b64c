/*
 * One value of each kind: from a JSON node to what the program uses.
 *
 * Every no says what was expected and what was found; of a secret only what
 * type of thing was found, never the thing.
 */
#include "gateway/model/conf_parts.h"

#include "gateway/base/err.h"
#include "gateway/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool
is_secret(const struct conf_row *row)
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
	add_found(&words, node, !is_secret(row));
	conf_complain(reader, row->key, index, "%s", buf_text(&words));
	reader->mistakes->is_broken |= words.is_broken;
	buf_fini(&words);
}

bool
conf_has_choice(const char *choices, const char *text)
{
	size_t n = strlen(text);

	for (;;) {
		size_t n_choice = strcspn(choices, "|");

		if (n && n == n_choice && memcmp(choices, text, n) == 0)
			return true;
		if (choices[n_choice] == '\0')
			return false;
		choices += n_choice + 1;
	}
}

bool
conf_value_set_text(struct conf_reader *reader, struct conf_value *value,
                    const char *text)
{
	char *copy = text_dup(text);

	if (!copy) {
		reader->fault = err_raise(ERR_NOMEM, "option");
		return false;
	}
	free(value->text);
	value->text = copy;
	value->is_set = true;
	return true;
}

/* Non-empty text without control characters, or NULL and a complaint. */
static const char *
plain_text(struct conf_reader *reader, const struct conf_row *row, int index,
           const struct json_node *node)
{
	const char *text = json_text(node);

	if (!text) {
		conf_refuse(reader, row, index, "not a text", node);
		return NULL;
	}
	if (*text == '\0') {
		conf_refuse(reader, row, index, "empty", node);
		return NULL;
	}
	for (const char *c = text; *c; c++) {
		if (((unsigned char)*c >= 0x20 && *c != 0x7f) || is_secret(row))
			continue;
		conf_refuse(reader, row, index, "has a control character",
		            node);
		return NULL;
	}
	return text;
}

static bool
zone_exists(const char *zone)
{
	const char *folder = getenv("TZDIR");
	struct stat st;
	char *path;
	bool is_there;

	if (strcmp(zone, "UTC") == 0)
		return true; /* known without any file */
	if (zone[0] == '/' || zone[0] == '.' || strstr(zone, ".."))
		return false;
	path = text_format("%s/%s", folder ? folder : "/usr/share/zoneinfo",
	                   zone);
	is_there = path && stat(path, &st) == 0 && S_ISREG(st.st_mode);
	free(path);
	return is_there;
}

static void
read_text(struct conf_reader *reader, struct conf_value *value,
          const struct json_node *node)
{
	const struct conf_row *row = value->row;
	const char *text = plain_text(reader, row, -1, node);

	if (!text)
		return;
	if (row->kind == CONF_CHOICE && !conf_has_choice(row->choices, text))
		conf_refuse(reader, row, -1, "not a choice", node);
	else if ((row->flags & CONF_ZONE) && !zone_exists(text))
		conf_refuse(reader, row, -1,
		            "no such time zone on this machine", node);
	else
		(void)conf_value_set_text(reader, value, text);
}

static void
read_int(struct conf_reader *reader, struct conf_value *value,
         const struct json_node *node)
{
	const struct conf_row *row = value->row;
	const char *text = json_number_text(node);
	char *end;
	long long n;

	if (!text) {
		conf_refuse(reader, row, -1, "not a number", node);
		return;
	}
	errno = 0;
	n = strtoll(text, &end, 10);
	if (*end != '\0')
		conf_refuse(reader, row, -1, "not a whole number", node);
	else if (errno || n < row->min || n > row->max)
		conf_refuse(reader, row, -1, "out of range", node);
	else {
		value->number = n;
		value->is_set = true;
	}
}

static void
read_bool(struct conf_reader *reader, struct conf_value *value,
          const struct json_node *node)
{
	struct buf word = BUF_INIT;

	if (json_type(node) != JSON_BOOL) {
		conf_refuse(reader, value->row, -1, "not a yes or no", node);
		return;
	}
	json_print(&word, node);
	value->yes = strcmp(buf_text(&word), "true") == 0;
	value->is_set = true;
	if (buf_check(&word))
		reader->fault = err_raise(ERR_NOMEM, "option");
	buf_fini(&word);
}

static void
read_decimal(struct conf_reader *reader, struct conf_value *value,
             const struct json_node *node)
{
	const char *text = json_text(node);
	struct decimal d;

	if (!text)
		text = json_number_text(node);
	if (!text || decimal_parse(&d, text)) {
		conf_refuse(reader, value->row, -1, "not a number", node);
	} else if (decimal_is_negative(d)) {
		conf_refuse(reader, value->row, -1, "negative", node);
	} else {
		value->decimal = d;
		value->is_set = true;
	}
}

/* Why a reference leads nowhere; names the place, which is no secret. */
static void
complain_secret(const struct conf_reader *reader, const struct conf_row *row,
                int index, const char *reference, int r)
{
	const char *name = strchr(reference, ':');

	if (secret_is_literal(reference))
		conf_complain(reader, row->key, index, "the secret is empty");
	else if (strncmp(reference, "env:", 4) == 0)
		conf_complain(reader, row->key, index,
		              "environment variable %s is %s", name + 1,
		              r == SECRET_EMPTY ? "empty" : "not set");
	else
		conf_complain(reader, row->key, index, "file %s %s",
		              log_quote(name + 1),
		              r == SECRET_EMPTY
		                      ? "is empty"
		                      : "is not there, not readable or "
		                        "too large");
}

static void
read_secret(struct conf_reader *reader, struct conf_value *value, int index,
            const struct json_node *node)
{
	const char *text = plain_text(reader, value->row, index, node);
	struct secret *secret = NULL;
	int r;

	if (!text)
		return;
	r = secret_load(&secret, text, reader->base_dir);
	if (r < 0) {
		reader->fault = err_pass(r);
		return;
	}
	if (r > 0) {
		complain_secret(reader, value->row, index, text, r);
		return;
	}
	if (secret_is_literal(text))
		conf_warn(reader, value->row->key, index,
		          "the secret stands in the file itself; better "
		          "env:NAME or file:PATH");
	value->secrets[value->n_secrets++] = secret;
	value->is_set = true;
}

static void
read_secrets(struct conf_reader *reader, struct conf_value *value,
             const struct json_node *node)
{
	size_t n = json_length(node);

	if (json_type(node) != JSON_ARRAY) {
		read_secret(reader, value, -1, node);
		return;
	}
	if (n < 1 || n > 2) {
		conf_complain(reader, value->row->key, -1,
		              "wrong length: expected one or two secrets, "
		              "found %zu",
		              n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		read_secret(reader, value, (int)i, json_at(node, i));
}

static bool
add_text(struct conf_reader *reader, struct conf_value *value, const char *text)
{
	size_t n = value->n_texts;
	char *copy = text_dup(text);
	char **grown = NULL;

	if (copy)
		grown = realloc(value->texts, (n + 1) * sizeof(*grown));
	if (!grown) {
		free(copy);
		reader->fault = err_raise(ERR_NOMEM, "option");
		return false;
	}
	grown[n] = copy;
	value->texts = grown;
	value->n_texts = n + 1;
	return true;
}

static void
read_texts(struct conf_reader *reader, struct conf_value *value,
           const struct json_node *node)
{
	const struct conf_row *row = value->row;
	const char *text;

	if (json_type(node) != JSON_ARRAY) {
		conf_refuse(reader, row, -1, "not a list", node);
		return;
	}
	for (size_t i = 0; i < json_length(node); i++) {
		text = plain_text(reader, row, (int)i, json_at(node, i));
		if (text && row->choices &&
		    !conf_has_choice(row->choices, text)) {
			conf_refuse(reader, row, (int)i, "not a choice",
			            json_at(node, i));
			text = NULL;
		}
		if (text && !add_text(reader, value, text))
			return;
	}
	value->is_set = true;
}

struct map_visit {
	struct conf_reader *reader;
	struct conf_value *value;
};

static bool
visit_map(void *ctx, const char *name, const struct json_node *node)
{
	struct map_visit *visit = ctx;
	const char *text = json_text(node);

	if (json_type(node) == JSON_NULL)
		return true;
	if (!text || *text == '\0') {
		conf_refuse(visit->reader, visit->value->row, -1,
		            "has a member that is no text", node);
		return true;
	}
	return add_text(visit->reader, visit->value, name) &&
	       add_text(visit->reader, visit->value, text);
}

static void
read_map(struct conf_reader *reader, struct conf_value *value,
         const struct json_node *node)
{
	struct map_visit visit = { reader, value };

	if (json_type(node) != JSON_OBJECT) {
		conf_refuse(reader, value->row, -1, "not an object", node);
		return;
	}
	json_each(node, visit_map, &visit);
	value->is_set = true;
}

static void
read_cron(struct conf_reader *reader, struct conf_value *value,
          const struct json_node *node)
{
	const char *text = plain_text(reader, value->row, -1, node);
	const char *why = NULL;
	struct buf what = BUF_INIT;

	if (!text)
		return;
	if (cron_parse(&value->cron, text, &why) == 0) {
		value->is_set = true;
		return;
	}
	buf_addf(&what, "not a schedule (%s)", why ? why : "malformed");
	conf_refuse(reader, value->row, -1, buf_text(&what), node);
	buf_fini(&what);
}

/* The account's own address may be allowed more than other URLs. */
static bool
may_be_plain(const struct conf_reader *reader, const struct conf_row *row)
{
	unsigned flags = row->flags;

	if (strcmp(row->key, "url") == 0)
		flags |= reader->url_flags;
	return (flags & CONF_PLAIN_HTTP) != 0;
}

/* Later parts are appended to a base, so it ends without a slash. */
static bool
is_base(const struct conf_row *row)
{
	return strcmp(row->key, "url") == 0 ||
	       strcmp(row->key, "public.url") == 0;
}

static void
read_url(struct conf_reader *reader, struct conf_value *value,
         const struct json_node *node)
{
	const struct conf_row *row = value->row;
	const char *text = plain_text(reader, row, -1, node);
	struct conf_address address;
	size_t n;

	if (!text)
		return;
	if (!conf_is_url(text, &address)) {
		/* not shown: it may be one with a password in it */
		if (strchr(text, '@'))
			conf_complain(reader, row->key, -1,
			              "not such a URL: expected "
			              "https://host[:port][/path] without "
			              "user and password");
		else
			conf_refuse(reader, row, -1, "not such a URL", node);
		return;
	}
	if (address.is_plain && !address.is_loopback) {
		if (!may_be_plain(reader, row)) {
			conf_refuse(reader, row, -1,
			            "http:// leaves this machine", node);
			return;
		}
		conf_warn(reader, row->key, -1,
		          "http:// leaves this machine: whoever is on the "
		          "way can read it, credentials included");
	}
	if (!conf_value_set_text(reader, value, text) || !is_base(row))
		return;
	n = strlen(value->text);
	while (value->text[n - 1] == '/')
		value->text[--n] = '\0';
}

static void
read_path(struct conf_reader *reader, struct conf_value *value,
          const struct json_node *node)
{
	const char *text = plain_text(reader, value->row, -1, node);
	char *full;

	if (!text)
		return;
	if (text[0] == '/' || strcmp(reader->base_dir, ".") == 0)
		full = text_dup(text);
	else
		full = text_format("%s/%s", reader->base_dir, text);
	if (!full) {
		reader->fault = err_raise(ERR_NOMEM, "option");
		return;
	}
	free(value->text);
	value->text = full;
	value->is_set = true;
}

static void
read_list(struct conf_reader *reader, struct conf_value *value,
          const struct json_node *node)
{
	if (json_type(node) != JSON_ARRAY) {
		conf_refuse(reader, value->row, -1, "not a list", node);
		return;
	}
	value->list = node;
	value->is_set = true;
}

void
conf_value_read(struct conf_reader *reader, struct conf_value *value,
                const struct json_node *node)
{
	if (json_type(node) == JSON_NULL || reader->fault)
		return;
	value->is_seen = true;
	switch (value->row->kind) {
	case CONF_TEXT:
	case CONF_CHOICE: read_text(reader, value, node); break;
	case CONF_INT: read_int(reader, value, node); break;
	case CONF_BOOL: read_bool(reader, value, node); break;
	case CONF_DECIMAL: read_decimal(reader, value, node); break;
	case CONF_SECRET: read_secret(reader, value, -1, node); break;
	case CONF_SECRETS: read_secrets(reader, value, node); break;
	case CONF_TEXTS: read_texts(reader, value, node); break;
	case CONF_MAP: read_map(reader, value, node); break;
	case CONF_CRON: read_cron(reader, value, node); break;
	case CONF_URL: read_url(reader, value, node); break;
	case CONF_PATH: read_path(reader, value, node); break;
	case CONF_LIST: read_list(reader, value, node); break;
	}
}

void
conf_value_fini(struct conf_value *value)
{
	for (size_t i = 0; i < value->n_secrets; i++)
		secret_free(value->secrets[i]);
	for (size_t i = 0; i < value->n_texts; i++)
		free(value->texts[i]);
	free(value->texts);
	free(value->text);
	*value = (struct conf_value){ .row = value->row };
}
