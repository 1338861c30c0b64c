/*
 * One value of each kind: from a JSON node to what the program uses.
 *
 * A value that is refused leaves its place unset; the mistake was recorded.
 */
#include "gateway/model/conf_parts.h"

#include "gateway/base/err.h"
#include "gateway/base/zone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

const char *
conf_plain_text(struct conf_reader *reader, const struct conf_row *row,
                int index, const struct json_node *node)
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
		if (((unsigned char)*c >= 0x20 && *c != 0x7f) ||
		    conf_is_secret(row))
			continue;
		conf_refuse(reader, row, index, "has a control character",
		            node);
		return NULL;
	}
	return text;
}

static bool
zone_exists(struct conf_reader *reader, const char *name)
{
	struct zone *zone = NULL;
	int r = zone_load(&zone, name);

	if (r < 0)
		reader->fault = err_pass(r);
	zone_free(zone);
	return r == 0;
}

static void
read_text(struct conf_reader *reader, struct conf_value *value,
          const struct json_node *node)
{
	const struct conf_row *row = value->row;
	const char *text = conf_plain_text(reader, row, -1, node);

	if (!text)
		return;
	if (row->kind == CONF_CHOICE && !conf_has_choice(row->choices, text))
		conf_refuse(reader, row, -1, "not a choice", node);
	else if ((row->flags & CONF_ZONE) && !zone_exists(reader, text))
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
	if (json_length(node) == 0) {
		conf_refuse(reader, row, -1, "empty", node);
		return;
	}
	for (size_t i = 0; i < json_length(node); i++) {
		text = conf_plain_text(reader, row, (int)i, json_at(node, i));
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
	const char *text = conf_plain_text(reader, value->row, -1, node);
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
	const char *text = conf_plain_text(reader, row, -1, node);
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
	const char *text = conf_plain_text(reader, value->row, -1, node);
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
	case CONF_SECRET: conf_secret_read(reader, value, -1, node); break;
	case CONF_SECRETS: conf_secrets_read(reader, value, node); break;
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
