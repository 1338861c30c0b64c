/*
 * The rows once more, as Markdown for people: one table per section.
 */
#include "gateway/model/conf_parts.h"

#include <string.h>

/* Text in a table's cell, where a bar would end it. */
static void
add_cell(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			buf_addc(out, '\\');
		buf_addc(out, *text);
	}
}

static void
add_row(struct buf *out, const struct conf_row *row)
{
	buf_addf(out, "| `%s` | ", row->key);
	if (row->flags & CONF_REQUIRED) {
		buf_adds(out, "required");
	} else if (row->fallback) {
		buf_addc(out, '`');
		add_cell(out, row->fallback);
		buf_addc(out, '`');
	}
	buf_adds(out, " | ");
	conf_value_expected(out, row);
	if (row->unit)
		buf_addf(out, " (%s)", row->unit);
	buf_adds(out, " | ");
	add_cell(out, row->meaning);
	buf_adds(out, " |\n");
}

static void
add_head(struct buf *out, const char *title)
{
	buf_addf(out,
	         "%s## %s\n\n| key | default | value | meaning |\n"
	         "|---|---|---|---|\n",
	         out->n ? "\n" : "", title);
}

/* `public.listen` stands under public, `state_dir` under the file itself. */
static void
add_top(struct buf *out)
{
	const char *section = "";
	size_t n_section = SIZE_MAX;

	for (const struct conf_row *row = conf_top_rows; row->key; row++) {
		const char *dot = strchr(row->key, '.');
		size_t n = dot ? (size_t)(dot - row->key) : 0;

		if (n != n_section || strncmp(row->key, section, n) != 0) {
			char title[CONF_KEY_SIZE] = "The file itself";

			if (n) {
				memcpy(title, row->key, n);
				title[n] = '\0';
			}
			add_head(out, title);
			section = row->key;
			n_section = n;
		}
		add_row(out, row);
	}
}

static void
add_rows(struct buf *out, const struct conf_row *rows)
{
	for (; rows && rows->key; rows++)
		add_row(out, rows);
}

void
conf_markdown(struct buf *out, const struct conf_type *types, size_t n_types)
{
	add_top(out);
	add_head(out, "private.tokens[]");
	add_rows(out, conf_token_rows);
	add_head(out, "accounts[], of every type");
	add_rows(out, conf_account_rows);
	for (size_t i = 0; i < n_types; i++) {
		struct buf title = BUF_INIT;

		buf_addf(&title, "accounts[], type `%s`", types[i].name);
		add_head(out, buf_text(&title));
		buf_fini(&title);
		if (types[i].default_url)
			buf_addf(out,
			         "| `url` | `%s` | https://host[:port][/path] "
			         "| Base address of its API. |\n",
			         types[i].default_url);
		add_rows(out, types[i].rows);
		add_rows(out, types[i].hook);
		if (types[i].url_flags & CONF_SOURCE)
			buf_adds(out,
			         "\nIt only calls us: of the options of every "
			         "type it takes `name` and `type`.\n");
		if (types[i].url_flags & CONF_NO_URL)
			buf_adds(out, "\nIt takes no `url`.\n");
	}
}
