/*
 * Options that name a secret: resolved while the file is read, so that a
 * variable that is not set is a mistake like any other.
 *
 * The name of the variable or file may be said; the value never.
 */
#include "gateway/model/conf_parts.h"

#include "gateway/base/err.h"
#include "gateway/base/log.h"

#include <string.h>

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

/* Where the secret is to be had; of two the first place that has none. */
static void
keep_place(struct conf_reader *reader, struct conf_value *value,
           const char *reference, bool is_there)
{
	if (secret_is_literal(reference) || value->lacks_one ||
	    (is_there && value->text))
		return;
	(void)conf_value_set_text(reader, value, reference);
	value->lacks_one = !is_there;
}

void
conf_secret_read(struct conf_reader *reader, struct conf_value *value,
                 int index, const struct json_node *node)
{
	const char *text = conf_plain_text(reader, value->row, index, node);
	struct secret *secret = NULL;
	int r;

	if (!text)
		return;
	r = secret_load(&secret, text, reader->base_dir);
	if (r < 0) {
		reader->fault = err_pass(r);
		return;
	}
	keep_place(reader, value, text, r == 0);
	if (r > 0 && reader->may_lack_secrets)
		return; /* whoever uses it will find it absent */
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

void
conf_secrets_read(struct conf_reader *reader, struct conf_value *value,
                  const struct json_node *node)
{
	size_t n = json_length(node);

	if (json_type(node) != JSON_ARRAY) {
		conf_secret_read(reader, value, -1, node);
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
		conf_secret_read(reader, value, (int)i, json_at(node, i));
}
