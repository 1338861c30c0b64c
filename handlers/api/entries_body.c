/*
 * A body as one text that all repeats of it share.
 *
 * A shop that builds its call again writes the same members, but not always in
 * the same order. What it wrote as a number or a text stays as it is: 1 and 1.0
 * may be the same and may be a correction, so they are two.
 */
#include "handlers/api/entries.h"

#include <stdlib.h>
#include <string.h>

struct member {
	const char *key; /* borrowed */
	const struct json_node *value;
};

struct members {
	struct member *v; /* owned */
	size_t n;
	bool is_broken;
};

static bool
collect_member(void *ctx, const char *key, const struct json_node *value)
{
	struct members *m = ctx;
	struct member *grown = realloc(m->v, (m->n + 1) * sizeof(*grown));

	if (!grown) {
		m->is_broken = true;
		return false;
	}
	m->v = grown;
	m->v[m->n++] = (struct member){ key, value };
	return true;
}

static int
by_key(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->key,
	              ((const struct member *)b)->key);
}

static void say_value(struct json_out *o, const char *key,
                      const struct json_node *value);

static void
say_object(struct json_out *o, const char *key, const struct json_node *value)
{
	struct members m = { 0 };

	json_each(value, collect_member, &m);
	if (m.is_broken)
		o->to->is_broken = true;
	if (m.n)
		qsort(m.v, m.n, sizeof(*m.v), by_key);
	json_out_object(o, key);
	for (size_t i = 0; i < m.n; i++)
		say_value(o, m.v[i].key, m.v[i].value);
	json_out_end_object(o);
	free(m.v);
}

/* Members by name, no blanks, numbers and texts as they came. Goes as deep as
   the parser lets a document be. */
static void
say_value(struct json_out *o, const char *key, const struct json_node *value)
{
	struct buf text = BUF_INIT;

	switch (json_type(value)) {
	case JSON_OBJECT: say_object(o, key, value); return;
	case JSON_ARRAY:
		json_out_array(o, key);
		for (size_t i = 0; i < json_length(value); i++)
			say_value(o, NULL, json_at(value, i));
		json_out_end_array(o);
		return;
	case JSON_NULL:
	case JSON_BOOL:
	case JSON_NUMBER:
	case JSON_TEXT: break;
	}
	json_print(&text, value);
	json_out_raw(o, key, buf_text(&text));
	o->to->is_broken |= text.is_broken;
	buf_fini(&text);
}

void
entries_body(struct buf *out, const struct json_node *root)
{
	struct json_out o = { .to = out };

	say_value(&o, NULL, root);
}
