/* One dead letter for a person: what it is, why it waits, what can be done. */
#include "gateway/cli/dead_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/cli/table.h"
#include "gateway/model/explain.h"

/* A fact, if there is one. */
static void
print_fact(const char *name, const char *value)
{
	if (value && *value)
		cli_line("%-12s %s", name, value);
}

static void
print_time(const char *name, int64_t wall_ms)
{
	char at[CLI_TIME_SIZE];

	if (wall_ms > 0)
		print_fact(name, cli_time(at, wall_ms));
}

/* The store keeps its numbers as text. */
static int64_t
number(const struct json_node *o, const char *key)
{
	int64_t n = 0;

	if (json_get_int(&n, o, key))
		n = strtoll(json_text_or(o, key, "0"), NULL, 10);
	return n;
}

/* A table between two empty lines; nothing when it has no row. */
static int
print_apart(const struct table *t)
{
	int r;

	if (!t->n)
		return 0;
	(void)puts("");
	r = table_print(t);
	(void)puts("");
	return r;
}

static int
print_lines(const struct json_node *lines)
{
	static const struct table_column columns[] = {
		{ "sku", false, false },
		{ "quantity", true, false },
		{ "price", true, false },
		{ "its id there", false, false },
	};
	struct table t;
	int r;

	table_init(&t, columns, sizeof(columns) / sizeof(*columns), 2);
	for (size_t i = 0; i < json_length(lines); i++) {
		const struct json_node *line = json_at(lines, i);

		table_add(&t, PAINT_PLAIN, "%s",
		          json_text_or(line, "sku", "-"));
		table_add(&t, PAINT_PLAIN, "%s",
		          json_text_or(line, "qty", "-"));
		table_add(&t, PAINT_PLAIN, "%s",
		          json_text_or(line, "gross", "-"));
		table_add(&t, PAINT_PLAIN, "%s",
		          json_text_or(line, "external", ""));
	}
	r = print_apart(&t);
	table_fini(&t);
	return r;
}

/* Where it is: "uncertain", or what became of it since. */
static int
print_choices(const struct dead *dead, const char *id,
              const struct json_node *o)
{
	const char *state = json_text_or(o, "state", "");
	const char *authority = json_text_or(o, "authority", "");
	struct buf words = BUF_INIT;
	struct asked asked;
	int r = store_asked(dead->store, &asked, &dead->by, id, state,
	                    authority, json_text_or(o, "why", ""));

	if (r)
		return r;
	if (asked.is_asked) {
		explain_asked(&words, authority, asked.in_ms);
		cli_line("to do        nothing: %s", buf_text(&words));
	} else {
		print_fact(
			"to do",
			explain_choices(state, !conf_find_account(dead->by.conf,
		                                                  authority)));
	}
	buf_fini(&words);
	return 0;
}

static int
print_entry(const struct dead *dead, const char *id, const struct json_node *o)
{
	const struct json_node *doc = json_find(o, "doc");
	const char *authority = json_text_or(o, "authority", "");
	int r;

	print_fact("state", json_text_or(o, "state", ""));
	print_fact("why", json_text_or(o, "why", ""));
	print_fact("from", json_text_or(o, "account", ""));
	print_fact(json_text_or(doc, "kind", "sale"),
	           json_text_or(o, "sale", ""));
	print_time("happened", number(doc, "occurred_ms"));
	print_fact("goes to", authority);
	print_fact("docid", json_text_or(doc, "docid", ""));
	print_fact("currency", json_text_or(doc, "currency", ""));
	print_time("made", number(o, "made_ms"));
	print_fact("attempts", json_text_or(o, "attempts", ""));
	print_time("confirmed", number(o, "confirmed_ms"));
	r = print_lines(json_find(doc, "lines"));
	return r ? r : print_choices(dead, id, o);
}

static void
print_event(const struct json_node *o)
{
	print_fact("why", json_text_or(o, "why", ""));
	print_fact("from", json_text_or(o, "account", ""));
	print_fact("topic", json_text_or(o, "topic", ""));
	print_fact("its id", json_text_or(o, "id", ""));
	print_time("received", number(o, "received"));
	print_time("given up", number(o, "at"));
	print_fact("to do", "retry reads it once more, drop forgets it; the "
	                    "next comparison finds what it meant");
}

static void
add_held(struct table *t, const struct json_node *item)
{
	struct decimal qty;
	char text[DECIMAL_TEXT_SIZE] = "-";
	char at[CLI_TIME_SIZE];
	int64_t since_ms = 0;

	if (!json_get_decimal(&qty, item, "shows"))
		(void)decimal_format(text, qty);
	(void)clock_parse(&since_ms, json_text_or(item, "since", ""), 1);
	table_add(t, PAINT_PLAIN, "%s", json_text_or(item, "sku", "-"));
	table_add(t, PAINT_PLAIN, "%s", text);
	table_add(t, PAINT_PLAIN, "%s", cli_time(at, since_ms));
}

static int
print_hold(const struct json_node *o)
{
	static const struct table_column columns[] = {
		{ "sku", false, false },
		{ "shows", true, false },
		{ "held since", false, false },
	};
	const struct json_node *items = json_find(o, "items");
	struct table t;
	int r;

	print_fact("at", json_text_or(o, "account", ""));
	print_fact("why", "a sync would have set this many items to zero at "
	                  "once");
	table_init(&t, columns, sizeof(columns) / sizeof(*columns), 2);
	for (size_t i = 0; i < json_length(items); i++)
		add_held(&t, json_at(items, i));
	r = print_apart(&t);
	table_fini(&t);
	print_fact("to do", "retry sets them to zero, drop leaves them as they "
	                    "are");
	return r;
}

int
dead_show(const struct dead *dead, const char *id, const struct buf *text)
{
	struct json *doc = NULL;
	const struct json_node *root;
	int r = json_parse(&doc, text->p, text->n);

	if (r)
		return r > 0 ? err_raise(ERR_BUG, "why=%s", "dead letter") : r;
	root = json_root(doc);
	cli_line("%s", id);
	if (!strncmp(id, "entry/", 6))
		r = print_entry(dead, id + 6, root);
	else if (!strncmp(id, "hold/", 5))
		r = print_hold(root);
	else
		print_event(root);
	json_free(doc);
	return r;
}
